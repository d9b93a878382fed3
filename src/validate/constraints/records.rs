//! Records, maps and lists.

use std::sync::Arc;

use super::describe::{every, names};
use super::{COUNT, Checker, Subject, TOGETHER, Trail, Verdict, and};
use crate::network::Part;
use crate::schema::{Node, Shape};
use crate::types::Type;
use crate::value::{Object, Value};

/// The attribute that takes the network that this one does not.
fn other_network(shape: &Shape, node: &Node, value: &Value) -> Option<&'static str> {
    let Value::Cidr(network) = value else { return None };
    let fitting = if network.addr().is_ipv4() { "ipv4-network" } else { "ipv6-network" };
    let is_for = |node: &Node, format: &str| matches!(node, Node::Shape(shape) if shape.format == Some(format));
    if is_for(node, fitting) {
        return None;
    }
    shape.properties.iter().find(|(_, node)| is_for(node, fitting)).map(|(name, _)| *name)
}

/// Is an attribute set?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    /// It may turn out to be null.
    Open,
    Present,
}

fn presence(object: &Object, name: &str) -> Presence {
    match object.get(name) {
        None | Some(Value::Null) => Presence::Absent,
        Some(Value::Unknown(unknown)) if matches!(unknown.ty, Type::Optional(_)) => Presence::Open,
        Some(_) => Presence::Present,
    }
}

impl<'s> Checker<'s> {
    pub(super) fn record(&mut self, shape: &Shape, object: &Object, ty: Option<&Type>, trail: &Trail<'_>) -> Verdict {
        let verdict = self.explained(shape, |checker| {
            let mut verdict = Some(true);
            for (name, node) in &shape.properties {
                let Some(value) = object.get(*name).filter(|value| !value.is_null()) else { continue };
                let step = Trail::Step(trail, Part::Name(name));
                checker.other_network = other_network(shape, node, value);
                verdict = and(
                    verdict,
                    match (node, value) {
                        (Node::Never, Value::Unknown(unknown)) if matches!(unknown.ty, Type::Optional(_)) => None,
                        _ => checker.node(node, checker.field(name, value, ty, trail), &step),
                    },
                );
            }
            and(verdict, checker.together(shape, object, trail))
        });
        // A record is looked at as a whole by what `allOf`, `if` and the like say.
        if shape.all_of.is_empty() && shape.any_of.is_empty() && shape.one_of.is_empty() && shape.not.is_none() && shape.condition.is_none()
        {
            return verdict;
        }
        let whole = Value::Object(Arc::new(object.clone()));
        self.explained(shape, |checker| and(verdict, checker.combinations(shape, Subject { value: &whole, ty, unit: None }, trail)))
    }

    fn field<'v>(&self, name: &str, value: &'v Value, ty: Option<&'v Type>, trail: &Trail<'_>) -> Subject<'v>
    where
        's: 'v,
    {
        if let Trail::Root = trail {
            let attribute = self.schema.attribute(name);
            return Subject { value, ty: attribute.map(|a| &a.ty), unit: attribute.and_then(|a| a.unit) };
        }
        match ty.map(Type::required) {
            Some(Type::Record(record)) => Subject { value, ty: record.field(name).map(|field| &field.ty), unit: None },
            _ => Subject { value, ty: None, unit: None },
        }
    }

    /// What attributes have to be there beside others.
    fn together(&mut self, shape: &Shape, object: &Object, trail: &Trail<'_>) -> Verdict {
        let mut verdict = Some(true);
        let absent: Vec<&'static str> = shape.required.iter().copied().filter(|name| presence(object, name) == Presence::Absent).collect();
        if !absent.is_empty() {
            verdict = and(verdict, self.missing(trail, &absent, None));
        } else if shape.required.iter().any(|name| presence(object, name) == Presence::Open) {
            verdict = and(verdict, None);
        }
        verdict = and(verdict, self.ordered(&shape.ordered, object, trail));
        if !shape.required_xor.is_empty() {
            verdict = and(verdict, self.exactly_one(&shape.required_xor, object, trail));
        }
        if !shape.required_or.is_empty() {
            let any = shape.required_or.iter().map(|name| presence(object, name));
            verdict = and(
                verdict,
                match any.max_by_key(|presence| *presence as u8) {
                    Some(Presence::Present) => Some(true),
                    Some(Presence::Open) => None,
                    _ => self.none(&shape.required_or, trail),
                },
            );
        }
        for (name, needed) in &shape.dependent_required {
            for other in needed {
                verdict = and(
                    verdict,
                    match (presence(object, name), presence(object, other)) {
                        (Presence::Absent, _) | (_, Presence::Present) => Some(true),
                        (Presence::Present, Presence::Absent) => self.missing(trail, &[other], Some(name)),
                        _ => None,
                    },
                );
            }
        }
        for (name, excluded) in &shape.dependent_excluded {
            for other in excluded {
                // Most exclusions are said on both sides, and one is enough to say.
                let said = other < name && shape.dependent_excluded.get(other).is_some_and(|back| back.contains(name));
                verdict = and(
                    verdict,
                    match (presence(object, name), presence(object, other)) {
                        (Presence::Absent, _) | (_, Presence::Absent) => Some(true),
                        (Presence::Present, Presence::Present) if said => Some(false),
                        (Presence::Present, Presence::Present) => self.both(trail, name, other),
                        _ => None,
                    },
                );
            }
        }
        verdict
    }

    fn ordered(&mut self, names: &[&'static str], object: &Object, trail: &Trail<'_>) -> Verdict {
        let mut verdict = Some(true);
        for (one, two) in names.iter().zip(names.iter().skip(1)) {
            let number = |name: &str| match object.get(name) {
                None | Some(Value::Null) => Some(None),
                Some(value) => super::scalars::number(Subject { value, ty: None, unit: None }).map(Some),
            };
            verdict = and(
                verdict,
                match (number(one), number(two)) {
                    (Some(Some(least)), Some(Some(most))) if least > most => {
                        let place = Trail::Step(trail, Part::Name(two));
                        let message = || format!("expected `{one}` to be at most `{two}`, found {least} and {most}");
                        self.refuse(TOGETHER, &place, message, || Some(format!("lower `{one}` or raise `{two}`")))
                    }
                    (Some(_), Some(_)) => Some(true),
                    _ => None,
                },
            );
        }
        verdict
    }

    fn exactly_one(&mut self, all: &[&'static str], object: &Object, trail: &Trail<'_>) -> Verdict {
        let mut present = all.iter().filter(|name| presence(object, name) == Presence::Present);
        let open = all.iter().any(|name| presence(object, name) == Presence::Open);
        match (present.next(), present.next()) {
            (Some(one), Some(two)) => self.both(trail, one, two),
            (Some(_), None) if !open => Some(true),
            (None, _) if !open => self.none(all, trail),
            _ => None,
        }
    }

    fn missing(&mut self, trail: &Trail<'_>, absent: &[&'static str], beside: Option<&'static str>) -> Verdict {
        let all = every(absent);
        let Some(other) = beside else {
            return self.refuse(TOGETHER, trail, || format!("expected {all}, found none"), || Some(format!("add {all}")));
        };
        let place = Trail::Step(trail, Part::Name(other));
        let message = || format!("expected {all} beside `{other}`, found none");
        self.refuse(TOGETHER, &place, message, || Some(format!("add {all}, or remove `{other}`")))
    }

    fn both(&mut self, trail: &Trail<'_>, one: &'static str, two: &'static str) -> Verdict {
        let place = Trail::Step(trail, Part::Name(two));
        let message = || format!("expected `{one}` or `{two}`, found both");
        self.refuse(TOGETHER, &place, message, || Some(format!("remove `{one}` or `{two}`")))
    }

    fn none(&mut self, all: &[&'static str], trail: &Trail<'_>) -> Verdict {
        let message = || format!("expected {}, found none of them", names(all));
        self.refuse(TOGETHER, trail, message, || Some("add one of them".to_owned()))
    }

    pub(super) fn map(&mut self, shape: &Shape, entries: &Object, trail: &Trail<'_>) -> Verdict {
        let mut verdict = self.size(entries.len(), (shape.min_entries, shape.max_entries), "entries", trail);
        for (key, value) in entries {
            if let Some(node) = &shape.keys {
                let key = Value::String(key.clone());
                verdict = and(verdict, self.node(node, Subject { value: &key, ty: None, unit: None }, trail));
            }
            if let Some(node) = &shape.values {
                verdict = and(verdict, self.node(node, Subject { value, ty: None, unit: None }, trail));
            }
        }
        verdict
    }

    pub(super) fn list(&mut self, shape: &Shape, items: &[Value], subject: Subject<'_>, trail: &Trail<'_>) -> Verdict {
        let ty = match subject.ty.map(Type::required) {
            Some(Type::List(of)) => Some(of.as_ref()),
            _ => None,
        };
        let mut verdict = self.size(items.len(), (shape.min_items, shape.max_items), "elements", trail);
        if shape.unique_items {
            verdict = and(verdict, self.unique(items, trail));
        }
        if let Some(node) = &shape.items {
            for (position, value) in items.iter().enumerate() {
                let step = Trail::Step(trail, Part::At(position));
                verdict = and(verdict, self.node(node, Subject { value, ty, unit: subject.unit }, &step));
            }
        }
        verdict
    }

    fn size(&mut self, found: usize, bounds: (Option<usize>, Option<usize>), what: &str, trail: &Trail<'_>) -> Verdict {
        let name = trail.name();
        match bounds {
            (Some(least), _) if found < least => {
                let message = || format!("expected at least {least} {what} in `{name}`, found {found}");
                self.refuse(COUNT, trail, message, || Some(format!("add {}", least - found)))
            }
            (_, Some(most)) if found > most => {
                let message = || format!("expected at most {most} {what} in `{name}`, found {found}");
                self.refuse(COUNT, trail, message, || Some(format!("remove {}", found - most)))
            }
            _ => Some(true),
        }
    }

    /// Each element once. What is not known is no double of anything.
    fn unique(&mut self, items: &[Value], trail: &Trail<'_>) -> Verdict {
        if items.len() < 2 {
            return Some(true);
        }
        let mut texts = std::collections::HashSet::with_capacity(items.len());
        let double = items.iter().enumerate().find(|(position, item)| match item {
            Value::String(text) => !texts.insert(text.clone()),
            Value::Unknown(_) | Value::Secret(_) => false,
            // Lists of records are short.
            item => items.iter().take(*position).any(|earlier| earlier == *item),
        });
        match double {
            None => Some(true),
            Some((position, item)) => {
                let message = || format!("expected each element of `{}` once, found {} twice", trail.name(), super::describe::shown(item));
                self.refuse(COUNT, &Trail::Step(trail, Part::At(position)), message, || Some("remove this one".to_owned()))
            }
        }
    }
}
