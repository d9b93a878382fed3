//! Checks resources against the rules of their types.
//!
//! The only evaluator of [`Rule`]: the check, the plan, the call and the sandbox differ in what they know.

use std::borrow::Cow;

use super::test::{Judge, Seen};
use super::{Findings, rule_report};
use crate::address::Address;
use crate::desired::{DesiredResource, Reason, Resources};
use crate::diagnostic::Diagnostic;
use crate::network::{Place, Places};
use crate::schema::rules::{Path, Rule, Test};
use crate::schema::{Mode, Registry, ResourceSchema};
use crate::source::Span;
use crate::value::{Known, Object, Value};

/// A resource, as far as it is known where its rules are checked.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub schema: &'a ResourceSchema,
    /// What the configuration asks for.
    pub asked: &'a Object,
    /// Whether the resource is about to be created; `None` where nobody knows.
    pub creates: Option<bool>,
    pub deletes: bool,
    /// The resource before the change.
    pub before: Option<Before<'a>>,
    pub others: &'a dyn Others,
}

/// A resource before a change.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    pub observed: &'a Object,
    /// What was asked for at the last change.
    pub inputs: &'a Object,
}

/// The resources that a resource refers to.
pub trait Others {
    /// Returns an attribute of the resource of type `type_name` that `position` of the attribute `through` refers to.
    fn attribute(&self, through: Reference<'_>, attribute: &str) -> Seen<'static>;

    /// Returns the address of that resource, when it is in the configuration.
    fn address(&self, _through: Reference<'_>) -> Option<Address> {
        None
    }
}

/// A reference to another resource.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// The list and the record in it that the rule is about.
    pub element: Option<(&'static str, usize)>,
    /// The attribute, or the field of the record.
    pub path: Path,
    /// Which item, where the path leads to a list.
    pub position: Option<usize>,
    pub type_name: &'a str,
    /// What the attribute or item holds.
    pub value: &'a Value,
}

impl Reference<'_> {
    /// Returns the attribute of the resource that holds the reference.
    pub fn attribute(&self) -> &'static str {
        self.element.map_or(self.path.attribute, |(list, _)| list)
    }

    /// Returns the reference as it stands in `inputs`.
    fn within<'v>(&self, inputs: &'v Object) -> Option<&'v Value> {
        let record = |value: Option<&'v Value>, name: &str| match value? {
            Value::Object(entries) => entries.get(name),
            _ => None,
        };
        let item = |value: Option<&'v Value>, position: usize| match value? {
            Value::List(items) => items.get(position),
            _ => None,
        };
        let start = match self.element {
            Some((list, position)) => record(item(inputs.get(list), position), self.path.attribute),
            None => inputs.get(self.path.attribute),
        };
        let value = self.path.fields.iter().fold(start, |value, field| record(value, field));
        self.position.map_or(value, |position| item(value, position))
    }
}

/// Nothing is known of other resources.
pub struct NoOthers;

impl Others for NoOthers {
    fn attribute(&self, _: Reference<'_>, _: &str) -> Seen<'static> {
        Seen::Unknown
    }
}

/// A rule that a resource breaks; `position` is the item of the list that the rule is about.
#[derive(Debug, Clone, Copy)]
pub struct Violation {
    pub rule: &'static Rule,
    pub position: Option<usize>,
}

/// Calls `found` with every rule that is broken for sure.
pub fn violations(subject: &Subject<'_>, found: &mut dyn FnMut(Violation)) {
    for rule in subject.schema.rules() {
        let Some(list) = rule.each else {
            if (Judge { subject, element: None }).breaks(rule) {
                found(Violation { rule, position: None });
            }
            continue;
        };
        let Some(Value::List(items)) = subject.asked.get(list) else { continue };
        for (position, item) in items.iter().enumerate() {
            if let Value::Object(element) = item
                && (Judge { subject, element: Some((list, position, element)) }).breaks(rule)
            {
                found(Violation { rule, position: Some(position) });
            }
        }
    }
}

/// Returns the first broken rule as one text, for a call that is refused.
pub fn refusal(subject: &Subject<'_>) -> Option<String> {
    let mut first = None;
    violations(subject, &mut |violation| {
        first.get_or_insert_with(|| rule_report::text(subject, violation));
    });
    first
}

/// Returns the rule by which a resource cannot be deleted as it is.
pub fn undeletable(schema: &ResourceSchema, before: Before<'_>) -> Option<&'static Rule> {
    let asked = Object::default();
    let subject = Subject { schema, asked: &asked, creates: Some(false), deletes: true, before: Some(before), others: &NoOthers };
    let is_about_deletes = |rule: &&Rule| rule.when.iter().any(|test| matches!(test, Test::Deletes));
    schema.rules().filter(is_about_deletes).find(|rule| Judge { subject: &subject, element: None }.breaks(rule))
}

/// Checks the configuration alone.
pub(super) fn check(resources: &Resources, registry: &Registry, findings: &mut Findings<'_>) {
    for resource in resources.values() {
        let Some(schema) = registry.get(&resource.type_name).filter(|schema| !schema.rules.is_empty()) else { continue };
        let others = Configured { resources, registry, resource, known: &Nothing };
        let subject = Subject { schema, asked: &resource.inputs, creates: None, deletes: false, before: None, others: &others };
        violations(&subject, &mut |violation| {
            if rule_report::attributes(violation.rule).iter().any(|attribute| findings.is_refused(&resource.address, attribute)) {
                return;
            }
            let diagnostic = rule_report::diagnostic(&subject, violation, &resource.address, &|place| findings.span(place));
            findings.add_of(diagnostic, std::ptr::from_ref(violation.rule).addr());
        });
    }
}

/// Checks one resource of a plan, with what is known by then.
pub(crate) fn planned(
    resource: &DesiredResource,
    schema: &ResourceSchema,
    asked: &Object,
    before: Option<Before<'_>>,
    (resources, registry): (&Resources, &Registry),
    known: &dyn Known,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    if schema.rules.is_empty() {
        return diagnostics;
    }
    let others = Configured { resources, registry, resource, known };
    let subject = Subject { schema, asked, creates: Some(before.is_none()), deletes: false, before, others: &others };
    let span = |place: &Place| Words(resources).span(place);
    violations(&subject, &mut |violation| {
        diagnostics.push(rule_report::diagnostic(&subject, violation, &resource.address, &span));
    });
    diagnostics
}

/// Finds attributes of the configuration as a plan knows them.
struct Words<'r>(&'r Resources);

impl Places for Words<'_> {
    fn span(&self, place: &Place) -> Span {
        let Some(resource) = self.0.get(&place.address) else { return Span::new(crate::source::FileId(0), 0, 0) };
        let attribute = place.path.first().and_then(|part| match part {
            crate::network::Part::Name(name) => resource.attribute_spans.get(name),
            crate::network::Part::At(_) => None,
        });
        attribute.unwrap_or(resource.span)
    }
}

struct Nothing;

impl Known for Nothing {
    fn attribute(&self, _: &Address, _: &str) -> Option<Value> {
        None
    }
}

/// The other resources of the configuration.
struct Configured<'a> {
    resources: &'a Resources,
    registry: &'a Registry,
    resource: &'a DesiredResource,
    /// What is known beside the configuration.
    known: &'a dyn Known,
}

impl Configured<'_> {
    fn target(&self, through: Reference<'_>) -> Option<&DesiredResource> {
        // The plan resolves references; the configuration still has them.
        let written = through.within(&self.resource.inputs);
        let of = |address: &Address| self.resources.get(address).filter(|other| *other.type_name == *through.type_name);
        if let Some(Value::Unknown(unknown)) = written.or(Some(through.value)) {
            return of(&unknown.reference()?.address).map(|other| &**other);
        }
        if through.position.is_some() || through.element.is_some() {
            return None;
        }
        // A name that the other resource sets itself is known at once; the dependency remains.
        let mut named = self.resource.dependencies.iter().filter_map(|dependency| match &dependency.reason {
            Reason::Reference { attribute, .. } if **attribute == *through.attribute() => of(&dependency.on),
            _ => None,
        });
        named.next().map(|other| &**other)
    }
}

impl Others for Configured<'_> {
    fn attribute(&self, through: Reference<'_>, attribute: &str) -> Seen<'static> {
        let Some(target) = self.target(through) else { return Seen::Unknown };
        let asked = target.inputs.get(attribute).filter(|value| !value.is_null());
        match asked.cloned().or_else(|| self.known.attribute(&target.address, attribute)) {
            Some(Value::Unknown(unknown)) => match unknown.force(self.known) {
                Ok(value) if value.unknown().is_none() => Seen::of_owned(value),
                _ => Seen::Unknown,
            },
            Some(value) => Seen::of_owned(value),
            None => self.registry.get(&target.type_name).map_or(Seen::Unknown, |schema| left_out(schema, attribute)),
        }
    }

    fn address(&self, through: Reference<'_>) -> Option<Address> {
        self.target(through).map(|target| target.address.clone())
    }
}

/// Returns what a new resource has in an attribute that the configuration leaves out.
pub(super) fn left_out(schema: &ResourceSchema, attribute: &str) -> Seen<'static> {
    match schema.attribute(attribute).map(|attribute| &attribute.mode) {
        Some(Mode::Optional { default }) => Seen::of_owned(default.clone()),
        Some(Mode::Required) => Seen::Unset,
        Some(Mode::Chosen | Mode::Computed) | None => Seen::Unknown,
    }
}

impl Subject<'_> {
    /// Returns an attribute of the resource: as asked for, or else as it is or becomes by itself.
    pub(super) fn effective(&self, attribute: &str) -> Seen<'_> {
        match self.asked.get(attribute) {
            Some(value) if !value.is_null() => Seen::of(value),
            _ => match (self.schema.attribute(attribute).map(|a| &a.mode), self.before) {
                (Some(Mode::Optional { default }), _) => Seen::of(default),
                (Some(Mode::Chosen | Mode::Computed), Some(before)) => before.attribute(self.schema, attribute),
                (Some(Mode::Required), _) => Seen::Unset,
                (Some(Mode::Chosen | Mode::Computed) | None, _) => Seen::Unknown,
            },
        }
    }
}

impl<'a> Before<'a> {
    pub(super) fn attribute(&self, schema: &ResourceSchema, attribute: &str) -> Seen<'a> {
        let unreadable = schema.attribute(attribute).is_some_and(|a| a.write_only || a.ty.holds_secret());
        let object = if unreadable { self.inputs } else { self.observed };
        object.get(attribute).map_or(Seen::Unset, Seen::of)
    }
}

impl<'v> Seen<'v> {
    pub fn of(value: &'v Value) -> Self {
        match value {
            Value::Null => Seen::Unset,
            Value::Unknown(_) => Seen::Unknown,
            value => Seen::Value(Cow::Borrowed(value)),
        }
    }

    pub fn of_owned(value: Value) -> Seen<'static> {
        match value {
            Value::Null => Seen::Unset,
            Value::Unknown(_) => Seen::Unknown,
            value => Seen::Value(Cow::Owned(value)),
        }
    }
}
