//! Decides the tests of a rule: yes, no, or undecided.

use std::borrow::Cow;

use super::rules::{Reference, Subject};
use crate::schema::rules::{Custom, Literal, Owner, Path, Reading, Rule, Test, own};
use crate::types::Type;
use crate::value::{Object, Secret, Value, Version};

/// What is known of a value.
#[derive(Debug, Clone)]
pub enum Seen<'v> {
    Unset,
    Unknown,
    Value(Cow<'v, Value>),
}

impl Seen<'_> {
    pub(super) fn reading(&self) -> Reading<'_> {
        match self {
            Seen::Unset => Reading::Unset,
            Seen::Unknown => Reading::Unknown,
            Seen::Value(value) => Reading::Value(value),
        }
    }

    pub(super) fn value(&self) -> Option<&Value> {
        match self {
            Seen::Value(value) => Some(value),
            Seen::Unset | Seen::Unknown => None,
        }
    }
}

/// A resource, or one record of a list of it.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub subject: &'a Subject<'a>,
    /// The list, the position in it, and the record.
    pub element: Option<(&'static str, usize, &'a Object)>,
}

impl<'a> Judge<'a> {
    pub fn breaks(&self, rule: &Rule) -> bool {
        rule.when.iter().all(|test| self.holds(test) == Some(true)) && rule.must.iter().any(|test| self.holds(test) == Some(false))
    }

    /// Whether the configuration sets the attribute at a path.
    pub fn is_set(&self, path: &Path) -> Option<bool> {
        if path.owner != Owner::Own {
            return match self.seen(path) {
                Seen::Unset => Some(false),
                Seen::Unknown => None,
                Seen::Value(_) => Some(true),
            };
        }
        let object = self.element.map_or(self.subject.asked, |(_, _, element)| element);
        let mut value = object.get(path.attribute);
        for field in path.fields {
            value = match value {
                Some(Value::Object(entries)) => entries.get(*field),
                Some(Value::Unknown(_)) => return None,
                _ => None,
            };
        }
        match value {
            None | Some(Value::Null) => Some(false),
            Some(Value::Unknown(unknown)) if matches!(unknown.ty, Type::Optional(_)) => None,
            Some(Value::List(items)) if items.is_empty() => Some(false),
            Some(_) => Some(true),
        }
    }

    /// What is at a path, whether asked for or not.
    pub fn seen(&self, path: &Path) -> Seen<'a> {
        let whole = match path.owner {
            Owner::Own => match self.element {
                Some((_, _, element)) => element.get(path.attribute).map_or(Seen::Unset, Seen::of),
                None => self.subject.effective(path.attribute),
            },
            Owner::Prior => match self.subject.before {
                Some(before) => before.attribute(self.subject.schema, path.attribute),
                None => Seen::Unknown,
            },
            Owner::Target { through, type_name } => match self.reference(through, type_name) {
                Some(reference) => self.subject.others.attribute(reference, path.attribute),
                None => Seen::Unknown,
            },
        };
        path.fields.iter().fold(whole, |seen, field| match seen {
            Seen::Value(Cow::Borrowed(Value::Object(entries))) => entries.get(*field).map_or(Seen::Unset, Seen::of),
            Seen::Value(Cow::Owned(Value::Object(entries))) => entries.get(*field).map_or(Seen::Unset, |v| Seen::of_owned(v.clone())),
            Seen::Unset => Seen::Unset,
            _ => Seen::Unknown,
        })
    }

    /// The resource that an own attribute refers to.
    pub fn reference(&self, through: &'static str, type_name: &'static str) -> Option<Reference<'a>> {
        let object = self.element.map_or(self.subject.asked, |(_, _, element)| element);
        let value = object.get(through).filter(|value| !value.is_null())?;
        Some(Reference { element: self.place(), path: own(through), position: None, type_name, value })
    }

    fn place(&self) -> Option<(&'static str, usize)> {
        self.element.map(|(list, position, _)| (list, position))
    }

    pub fn holds(&self, test: &Test) -> Option<bool> {
        match test {
            Test::Set(path) => self.is_set(path),
            Test::Unset(path) => self.is_set(path).map(|set| !set),
            Test::Creates => self.subject.creates,
            Test::Deletes => Some(self.subject.deletes),
            Test::Is(path, literal) => self.compare(path, |value| is(value, *literal)),
            Test::AnyOf(path, texts) => {
                self.compare(path, |value| Some(texts.iter().any(|t| text(value).is_some_and(|v| v.eq_ignore_ascii_case(t)))))
            }
            Test::StartsWith(path, beginnings) => self.compare(path, |value| {
                let value = text(value)?;
                Some(beginnings.iter().any(|b| value.get(..b.len()).is_some_and(|start| start.eq_ignore_ascii_case(b))))
            }),
            Test::AtLeast(path, least) => self.compare(path, |value| Some(number(value)? >= *least)),
            Test::AtMost(path, most) => self.compare(path, |value| Some(number(value)? <= *most)),
            Test::MultipleOf(path, step) => self.compare(path, |value| Some(number(value)? % f64::from(i32::try_from(*step).ok()?) == 0.0)),
            Test::Length(path, least, most) => self.compare(path, |value| Some((*least..=*most).contains(&length(value)?))),
            Test::Since(path, version) => self.compare(path, |value| {
                let since = Version((*version).into());
                Some(text(value).map(|t| Version(t.into()))? >= since)
            }),
            Test::Equal(a, b) => self.both(a, b, equal),
            Test::NotLess(a, b) => self.both(a, b, not_less),
            Test::Together(paths) => self.count(paths, |set, all| Some(set == 0 || set == all)),
            Test::ExactlyOne(paths) => self.count(paths, |set, _| Some(set == 1)),
            Test::AtMostOne(paths) => self.at_most_one(paths),
            Test::AtLeastOne(paths) => any(paths.iter().map(|path| self.is_set(path))),
            Test::Steps(path, steps) => self.steps(path, steps),
            Test::Spread { through, type_name, attribute, least } => self.spread(through, type_name, attribute, *least),
            Test::Not(test) => self.holds(test).map(|holds| !holds),
            Test::All(tests) => all(tests.iter().map(|test| self.holds(test))),
            Test::Any(tests) => any(tests.iter().map(|test| self.holds(test))),
            Test::Custom(custom) => self.custom(custom),
        }
    }

    /// A value that is not there has no property; one that is not known may have it.
    fn compare(&self, path: &Path, property: impl Fn(&Value) -> Option<bool>) -> Option<bool> {
        match self.seen(path) {
            Seen::Unset => Some(false),
            Seen::Unknown => None,
            Seen::Value(value) => property(&value),
        }
    }

    fn both(&self, a: &Path, b: &Path, relation: impl Fn(&Value, &Value) -> Option<bool>) -> Option<bool> {
        relation(self.seen(a).value()?, self.seen(b).value()?)
    }

    fn count(&self, paths: &[Path], holds: impl Fn(usize, usize) -> Option<bool>) -> Option<bool> {
        let mut set = 0;
        for path in paths {
            set += usize::from(self.is_set(path)?);
        }
        holds(set, paths.len())
    }

    fn at_most_one(&self, paths: &[Path]) -> Option<bool> {
        let sets = paths.iter().map(|path| self.is_set(path));
        let (set, unknown) = sets.fold((0, 0), |(set, unknown), is| (set + u8::from(is == Some(true)), unknown + u8::from(is.is_none())));
        match (set, unknown) {
            (2.., _) => Some(false),
            (_, 0) | (0, 1) => Some(true),
            _ => None,
        }
    }

    fn steps(&self, path: &Path, steps: &[(&str, &[&str])]) -> Option<bool> {
        let (from, to) = (self.seen(&path.before()), self.seen(path));
        let (from, to) = (text(from.value()?)?.to_owned(), text(to.value()?)?.to_owned());
        let allowed = steps.iter().find(|(start, _)| start.eq_ignore_ascii_case(&from)).map(|(_, ends)| ends);
        Some(from.eq_ignore_ascii_case(&to) || allowed.is_none_or(|ends| ends.iter().any(|end| end.eq_ignore_ascii_case(&to))))
    }

    fn spread(&self, through: &Path, type_name: &'static str, attribute: &str, least: usize) -> Option<bool> {
        let seen = self.seen(through);
        let Value::List(items) = seen.value()? else { return None };
        let mut distinct: Vec<Value> = Vec::new();
        let mut unknown = 0;
        for (position, value) in items.iter().enumerate() {
            let reference = Reference { element: self.place(), path: *through, position: Some(position), type_name, value };
            match self.subject.others.attribute(reference, attribute) {
                Seen::Value(value) if distinct.contains(&value) => {}
                Seen::Value(value) => distinct.push(value.into_owned()),
                Seen::Unset | Seen::Unknown => unknown += 1,
            }
        }
        match (distinct.len() >= least, distinct.len() + unknown >= least) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }

    fn custom(&self, custom: &Custom) -> Option<bool> {
        let seen: Vec<Seen<'_>> = custom.paths.iter().map(|path| self.seen(path)).collect();
        (custom.holds)(&seen.iter().map(Seen::reading).collect::<Vec<_>>())
    }
}

fn all(tests: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(tests.map(|test| test.map(|holds| !holds))).map(|some_fail| !some_fail)
}

fn any(tests: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut undecided = false;
    for test in tests {
        match test {
            Some(true) => return Some(true),
            Some(false) => {}
            None => undecided = true,
        }
    }
    (!undecided).then_some(false)
}

fn is(value: &Value, literal: Literal) -> Option<bool> {
    Some(match literal {
        Literal::Bool(wanted) => matches!(value, Value::Bool(is) if *is == wanted),
        #[allow(clippy::cast_precision_loss, reason = "the numbers of rules are small")]
        Literal::Int(wanted) => number(value) == Some(wanted as f64),
        Literal::Text(wanted) => text(value)?.eq_ignore_ascii_case(wanted),
    })
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Version(version) => Some(&version.0),
        _ => None,
    }
}

#[allow(clippy::cast_precision_loss, reason = "the numbers that rules compare are far below 2^52")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::Duration(duration) => Some(duration.0 as f64),
        Value::Size(size) => Some(size.0 as f64 / f64::from(1 << 30)),
        _ => None,
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Secret(Secret::Plain(text)) => Some(text.expose().chars().count()),
        Value::List(items) => Some(items.len()),
        Value::Object(entries) => Some(entries.len()),
        _ => None,
    }
}

fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Version(a), Value::Version(b)) => Some(a.covers(b) || b.covers(a)),
        _ if a.unknown().is_some() || b.unknown().is_some() => None,
        _ => match (text(a), text(b)) {
            (Some(a), Some(b)) => Some(a.eq_ignore_ascii_case(b)),
            _ => Some(a == b),
        },
    }
}

fn not_less(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Version(a), Value::Version(b)) => Some(a.covers(b) || a >= b),
        _ => Some(number(a)? >= number(b)?),
    }
}
