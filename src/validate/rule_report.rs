//! Words a broken rule: at which attribute, with which values, and with which next step.

use super::rules::{Subject, Violation};
use super::test::{Judge, Seen};
use crate::address::Address;
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{Part, Place};
use crate::schema::rules::{Owner, Path, Rule, Test};
use crate::source::Span;
use crate::value::Value;

/// Attributes of one resource that AWS does not take together.
const ATTRIBUTES: Code = Code(520);
/// Attributes of a resource and of one that it refers to that AWS does not take together.
const RESOURCES: Code = Code(521);
/// A change that AWS does not make.
const CHANGE: Code = Code(522);
/// The longest value that a report repeats, in characters.
const LONGEST_VALUE: usize = 60;

/// Returns the report of a broken rule at the place in the configuration that caused it.
pub(super) fn diagnostic(subject: &Subject<'_>, violation: Violation, address: &Address, span: &dyn Fn(&Place) -> Span) -> Diagnostic {
    let rule = violation.rule;
    let parts = Parts::of(subject, violation);
    let place = |path: Option<&Path>| place(rule, violation.position, address, path);
    let at = span(&place(parts.main.as_ref()));
    let mut diagnostic =
        Diagnostic::error(code(rule), at, format!("AWS refuses {}`{address}`: {}", subject_of(rule), rule.text)).label(parts.label());
    for (path, said) in &parts.others {
        let other = match path.owner {
            Owner::Own => span(&place(Some(path))),
            Owner::Prior => continue,
            Owner::Target { through, type_name } => {
                let judge = judge(subject, violation);
                let found = judge.reference(through, type_name).and_then(|reference| subject.others.address(reference));
                let Some(found) = found else { continue };
                span(&Place::named(&found, path.attribute))
            }
        };
        if other != at {
            diagnostic = diagnostic.also(other, said.clone());
        }
    }
    diagnostic.help(help(rule))
}

/// Returns the same as one text.
pub(super) fn text(subject: &Subject<'_>, violation: Violation) -> String {
    let parts = Parts::of(subject, violation);
    let values: Vec<String> = [parts.label()].into_iter().chain(parts.others.into_iter().map(|(_, said)| said)).collect();
    format!("{} ({}); {}", violation.rule.text, values.join(", "), help(violation.rule))
}

fn subject_of(rule: &Rule) -> &'static str {
    if code(rule) == CHANGE { "the change of " } else { "" }
}

fn help(rule: &Rule) -> String {
    format!("{}; see {}", rule.help, rule.link)
}

/// The attributes of the resource that the rule is about: its list, or those that its tests look at.
pub(super) fn attributes(rule: &Rule) -> Vec<&'static str> {
    if let Some(list) = rule.each {
        return vec![list];
    }
    let mut attributes = Vec::new();
    for test in rule.must.iter().chain(rule.when) {
        test.paths(&mut |path| {
            if path.owner == Owner::Own {
                attributes.push(path.attribute);
            }
        });
    }
    attributes
}

fn code(rule: &Rule) -> Code {
    let mut code = ATTRIBUTES;
    for test in rule.must.iter().chain(rule.when) {
        if matches!(test, Test::Spread { .. }) {
            code = RESOURCES;
        }
        test.paths(&mut |path| match path.owner {
            Owner::Own => {}
            Owner::Prior => code = CHANGE,
            Owner::Target { .. } if code != CHANGE => code = RESOURCES,
            Owner::Target { .. } => {}
        });
    }
    code
}

fn judge<'a>(subject: &'a Subject<'a>, violation: Violation) -> Judge<'a> {
    let element = violation.rule.each.zip(violation.position).and_then(|(list, position)| match subject.asked.get(list)? {
        Value::List(items) => match items.get(position)? {
            Value::Object(element) => Some((list, position, &**element)),
            _ => None,
        },
        _ => None,
    });
    Judge { subject, element }
}

fn place(rule: &Rule, position: Option<usize>, address: &Address, path: Option<&Path>) -> Place {
    let start = match (rule.each, position) {
        (Some(list), Some(position)) => Place::named(address, list).with(Part::At(position)),
        _ => Place::of(address),
    };
    let Some(path) = path else { return start };
    path.fields.iter().fold(start.with(Part::Name(path.attribute)), |place, field| place.with(Part::Name(field)))
}

/// What a report says of the values.
struct Parts {
    /// The attribute that the report points at; `None` when the configuration sets none of them.
    main: Option<Path>,
    /// What is said there.
    said: Vec<String>,
    /// The other attributes that are set.
    others: Vec<(Path, String)>,
}

impl Parts {
    fn of(subject: &Subject<'_>, violation: Violation) -> Self {
        let (rule, judge) = (violation.rule, judge(subject, violation));
        let mut paths: Vec<(Path, bool)> = Vec::new();
        for (tests, must) in [(rule.must, true), (rule.when, false)] {
            for test in tests {
                test.paths(&mut |path| {
                    if !paths.iter().any(|(known, _)| *known == path) {
                        paths.push((path, must));
                    }
                });
            }
        }
        let is_set = |path: &Path| path.owner == Owner::Own && judge.is_set(path) != Some(false);
        let main = paths.iter().map(|(path, _)| *path).find(is_set);
        let mut parts = Parts { main, said: Vec::new(), others: Vec::new() };
        let any_set = main.is_some();
        for (path, must) in &paths {
            let prior = Path { owner: Owner::Prior, ..*path };
            let changes = paths.iter().any(|(other, _)| *other == prior).then(|| judge.seen(&prior));
            let said = say(subject, &judge, path, changes);
            match path.owner {
                Owner::Prior => {}
                Owner::Own if is_set(path) => match main == Some(*path) {
                    true => parts.said.insert(0, said),
                    false => parts.others.push((*path, said)),
                },
                Owner::Own if *must && (!any_set || names(rule, path)) || has_value(&judge, path) => parts.said.push(said),
                Owner::Own => {}
                Owner::Target { .. } => parts.others.push((*path, said)),
            }
        }
        parts
    }

    fn label(&self) -> String {
        self.said.join(", ")
    }
}

/// Whether an attribute that is not set is a reason: one among alternatives is not.
fn names(rule: &Rule, path: &Path) -> bool {
    fn within(test: &Test, path: &Path) -> bool {
        match test {
            Test::AtMostOne(_) | Test::ExactlyOne(_) | Test::Unset(_) => false,
            Test::Not(test) => within(test, path),
            Test::All(tests) | Test::Any(tests) => tests.iter().any(|test| within(test, path)),
            test => {
                let mut found = false;
                test.paths(&mut |other| found |= other == *path);
                found
            }
        }
    }
    rule.must.iter().any(|test| within(test, path))
}

fn has_value(judge: &Judge<'_>, path: &Path) -> bool {
    matches!(judge.seen(path), Seen::Value(_))
}

/// `iops` is `100`
fn say(subject: &Subject<'_>, judge: &Judge<'_>, path: &Path, before: Option<Seen<'_>>) -> String {
    let name: Vec<&str> = [path.attribute].into_iter().chain(path.fields.iter().copied()).collect();
    let name = name.join(".");
    let name = match path.owner {
        Owner::Target { through, type_name } => {
            let other = judge.reference(through, type_name).and_then(|reference| subject.others.address(reference));
            other.map_or_else(|| format!("`{name}` of `{through}`"), |other| format!("`{name}` of `{other}`"))
        }
        Owner::Own | Owner::Prior => format!("`{name}`"),
    };
    let secret = path.owner == Owner::Own && subject.schema.attribute(path.attribute).is_some_and(|a| a.ty.holds_secret());
    let shown = |seen: Seen<'_>| seen.value().filter(|_| !secret).and_then(short);
    let value = shown(judge.seen(path));
    let by_default = path.owner == Owner::Own && judge.is_set(path) == Some(false);
    match (before.and_then(shown), value) {
        (Some(before), Some(value)) => format!("{name} changes from `{before}` to `{value}`"),
        (None, Some(value)) if by_default => format!("{name} is `{value}` when it is left out"),
        (None, Some(value)) => format!("{name} is `{value}`"),
        (_, None) if judge.is_set(path) == Some(false) => format!("{name} is not set"),
        (_, None) => format!("{name} is set"),
    }
}

fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(value) => value.to_string(),
        Value::Cidr(value) => value.to_string(),
        Value::Ip(value) => value.to_string(),
        Value::Size(value) => value.to_string(),
        Value::Duration(value) => value.to_string(),
        Value::Version(value) => value.0.to_string(),
        _ => return None,
    };
    (text.chars().count() <= LONGEST_VALUE && !text.contains(char::is_control)).then_some(text)
}
