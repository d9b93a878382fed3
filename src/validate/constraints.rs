//! Checks values against what the cloud's registry says of them: the one checker of `validate`, the plan, the
//! call and the sandbox.
//!
//! A value that is not known yet satisfies everything, and a rule between attributes is not decided while one of
//! them may turn out to be left out.

mod describe;
mod records;
mod scalars;
mod suggest;

use crate::desired::Resources;
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{Part, Place};
use crate::schema::{Node, Registry, ResourceSchema, Shape, Unit};
use crate::types::Type;
use crate::value::{Object, Value};

use super::Findings;

/// The text does not have the form that the cloud takes.
pub(crate) const FORM: Code = Code(540);
/// The value is not one of those that the cloud takes, or out of its bounds.
pub(crate) const VALUE: Code = Code(541);
/// A list or map has too few or too many elements, or one of them twice.
pub(crate) const COUNT: Code = Code(542);
/// Attributes that need or exclude each other.
pub(crate) const TOGETHER: Code = Code(543);

/// One value that the cloud refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub code: Code,
    /// From the attribute inwards; empty for the resource.
    pub path: Vec<Part>,
    /// "expected …, found …". Never holds a secret.
    pub message: String,
    /// What is said at the place itself.
    pub label: String,
    pub help: Option<String>,
}

impl Violation {
    /// The violation in one line, for an error without a place.
    pub fn text(&self) -> String {
        let parts = [Some(self.message.as_str()), Some(self.label.as_str()).filter(|label| !label.is_empty()), self.help.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn diagnostic(self, findings: &Findings<'_>, resource: &crate::address::Address) -> Diagnostic {
        let span = findings.span(&Place { address: resource.clone(), path: self.path });
        Diagnostic::error(self.code, span, self.message).label(self.label).maybe_help(self.help)
    }
}

/// Reports what the cloud refuses of the known values of every resource.
pub(super) fn check(resources: &Resources, registry: &Registry, findings: &mut Findings<'_>) {
    for resource in resources.values() {
        let Some(schema) = registry.get(&resource.type_name) else { continue };
        let mut found = violations(schema, &resource.inputs);
        // What else is wrong at a place comes out when the first is put right.
        let mut places = std::collections::HashSet::new();
        found.retain(|violation| places.insert((violation.code.0, violation.path.clone())));
        for violation in found {
            if let Some(Part::Name(attribute)) = violation.path.first() {
                findings.refuse(&resource.address, attribute);
            }
            let diagnostic = violation.diagnostic(findings, &resource.address);
            findings.add(diagnostic);
        }
    }
}

/// Returns what the cloud refuses of these inputs.
pub fn violations(schema: &ResourceSchema, inputs: &Object) -> Vec<Violation> {
    let Some(shape) = schema.constraints.shape() else { return Vec::new() };
    let mut checker = Checker { schema, found: Some(Vec::new()), other_network: None };
    checker.record(shape, inputs, None, &Trail::Root);
    checker.found.unwrap_or_default()
}

/// Where a value is: the attribute, and the steps into it.
enum Trail<'t> {
    Root,
    Step(&'t Trail<'t>, Part),
}

impl Trail<'_> {
    fn path(&self) -> Vec<Part> {
        match self {
            Trail::Root => Vec::new(),
            Trail::Step(above, part) => {
                let mut path = above.path();
                path.push(*part);
                path
            }
        }
    }

    /// The last name on the way: `cidr_ip` of a rule in a list.
    fn name(&self) -> &'static str {
        match self {
            Trail::Root => "the resource",
            Trail::Step(_, Part::Name(name)) => name,
            Trail::Step(above, Part::At(_)) => above.name(),
        }
    }
}

/// A value with what the schema says of it.
#[derive(Clone, Copy)]
struct Subject<'v> {
    value: &'v Value,
    ty: Option<&'v Type>,
    unit: Option<Unit>,
}

/// Walks shapes and values side by side. `found` is `None` where only the verdict counts: a condition.
///
/// A verdict is `Some(false)` for what the cloud refuses, and `None` where that depends on what is not known.
struct Checker<'s> {
    schema: &'s ResourceSchema,
    found: Option<Vec<Violation>>,
    /// The attribute beside the one that is looked at that takes networks of the other version.
    other_network: Option<&'static str>,
}

type Verdict = Option<bool>;

fn and(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (None, _) | (_, None) => None,
        _ => Some(true),
    }
}

impl Checker<'_> {
    fn refuse(
        &mut self,
        code: Code,
        trail: &Trail<'_>,
        message: impl FnOnce() -> String,
        help: impl FnOnce() -> Option<String>,
    ) -> Verdict {
        if let Some(found) = &mut self.found {
            let violation = Violation { code, path: trail.path(), message: message(), label: String::new(), help: help() };
            found.push(violation);
        }
        Some(false)
    }

    /// The verdict alone.
    fn holds(&self, node: &Node, subject: Subject<'_>, trail: &Trail<'_>) -> Verdict {
        Checker { schema: self.schema, found: None, other_network: None }.node(node, subject, trail)
    }

    fn node(&mut self, node: &Node, subject: Subject<'_>, trail: &Trail<'_>) -> Verdict {
        match node {
            Node::Shape(shape) => self.shape(shape, subject, trail),
            Node::Never => {
                self.refuse(TOGETHER, trail, || format!("expected no `{}`", trail.name()), || Some(format!("remove `{}`", trail.name())))
            }
        }
    }

    fn shape(&mut self, shape: &Shape, subject: Subject<'_>, trail: &Trail<'_>) -> Verdict {
        match subject.value {
            Value::Null => Some(true),
            Value::Unknown(_) | Value::Handle(_) => None,
            _ if matches!(subject.ty.map(Type::required), Some(Type::Json)) => Some(true),
            Value::Object(entries) if matches!(subject.ty.map(Type::required), Some(Type::Map(_))) => self.map(shape, entries, trail),
            Value::Object(entries) => self.record(shape, entries, subject.ty, trail),
            Value::List(items) => self.list(shape, items, subject, trail),
            _ => {
                let verdict = self.scalar(shape, subject, trail);
                and(verdict, self.combinations(shape, subject, trail))
            }
        }
    }

    /// `allOf` and its kin.
    fn combinations(&mut self, shape: &Shape, subject: Subject<'_>, trail: &Trail<'_>) -> Verdict {
        let mut verdict = Some(true);
        for node in &shape.all_of {
            verdict = and(verdict, self.node(node, subject, trail));
        }
        if !shape.any_of.is_empty() {
            let (most, maybe) = self.count(&shape.any_of, subject, trail);
            verdict = and(verdict, self.alternatives(&shape.any_of, subject, trail, most > 0, maybe > 0));
        }
        if !shape.one_of.is_empty() {
            let (sure, maybe) = self.count(&shape.one_of, subject, trail);
            verdict = and(verdict, self.alternatives(&shape.one_of, subject, trail, sure == 1 && maybe == 0, sure < 2 && maybe > 0));
        }
        if let Some(not) = &shape.not {
            verdict = and(
                verdict,
                match self.holds(not, subject, trail) {
                    Some(true) => self.refuse(VALUE, trail, || describe::unwanted(trail.name(), not, subject), || shape.help.clone()),
                    other => other.map(|holds| !holds),
                },
            );
        }
        if let Some(condition) = &shape.condition {
            let branch = match self.holds(condition, subject, trail) {
                Some(true) => shape.then.as_deref(),
                Some(false) => shape.otherwise.as_deref(),
                None => return and(verdict, None),
            };
            if let Some(branch) = branch {
                verdict = and(verdict, self.node(branch, subject, trail));
            }
        }
        verdict
    }

    /// How many of the alternatives hold for certain, and how many may.
    fn count(&self, nodes: &[Node], subject: Subject<'_>, trail: &Trail<'_>) -> (usize, usize) {
        nodes.iter().fold((0, 0), |(sure, maybe), node| match self.holds(node, subject, trail) {
            Some(true) => (sure + 1, maybe),
            Some(false) => (sure, maybe),
            None => (sure, maybe + 1),
        })
    }

    fn alternatives(&mut self, nodes: &[Node], subject: Subject<'_>, trail: &Trail<'_>, sure: bool, maybe: bool) -> Verdict {
        match (sure, maybe) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => {
                let code = if matches!(subject.value, Value::Object(_)) { TOGETHER } else { FORM };
                let help = || Some(format!("write {}", describe::alternatives(nodes)));
                self.refuse(code, trail, || describe::none_of(trail.name(), nodes, subject), help)
            }
        }
    }

    /// Gives what `check` finds the explanation of the shape that it belongs to.
    fn explained(&mut self, shape: &Shape, check: impl FnOnce(&mut Self) -> Verdict) -> Verdict {
        let before = self.found.as_ref().map_or(0, Vec::len);
        let verdict = check(self);
        if let Some(found) = &mut self.found {
            for violation in found.iter_mut().skip(before) {
                if let Some(message) = &shape.message {
                    message.clone_into(&mut violation.label);
                }
                if shape.help.is_some() {
                    violation.help.clone_from(&shape.help);
                }
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests;
