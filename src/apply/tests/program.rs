//! Programs and schemas for tests, without the language.

use std::sync::Arc;

use crate::desired::{Assert, Dependency, Desired, DesiredResource, Import, Lookup, Move, Options, Output, Reason, Stack, StateLocation};
use crate::plan::Answers;
use crate::schema::{Attribute, Kind, Mode, Recovery, ResourceSchema, Takes, Timeouts};
use crate::source::{FileId, Span};
use crate::types::Type;
use crate::value::{Duration, Phase, Secret, SecretReference, SecretStore, Source, Value};

use super::address;

pub fn span(n: usize) -> Span {
    Span::new(FileId(0), n, n + 1)
}

pub fn text(value: &str) -> Value {
    Value::str(value)
}

/// `address.attribute`
pub fn of(resource: &str, attribute: &str) -> Value {
    let source = Source { address: address(resource), attribute: attribute.into(), span: span(0) };
    Value::attribute(source, Type::String, Phase::Apply)
}

pub fn secret(name: &str) -> Value {
    Value::Secret(Secret::Reference(Arc::new(SecretReference { store: SecretStore::Env, argument: text(name) })))
}

/// What a program asks for.
#[derive(Clone)]
pub struct Program {
    desired: Desired,
    /// A lookup that is asked first; its answer's `name` becomes the label of the resource named.
    pub lookup: Option<(&'static str, &'static str)>,
}

/// `@after` these.
pub fn after(resources: &[&str]) -> Vec<String> {
    resources.iter().map(|r| (*r).to_owned()).collect()
}

impl Program {
    pub fn new() -> Self {
        let stack = Stack {
            name: "stack".into(),
            env: "default".into(),
            region: Some("here".into()),
            account: None,
            protect: false,
            state: StateLocation::Local,
            encryption: crate::desired::StateKey::None,
            external_tags: Default::default(),
            env_span: None,
        };
        Self {
            desired: Desired {
                stack,
                resources: Default::default(),
                lookups: Vec::new(),
                outputs: Vec::new(),
                asserts: Vec::new(),
                imports: Vec::new(),
                moves: Vec::new(),
                forgets: Vec::new(),
                told: Vec::new(),
                policies: Default::default(),
            },
            lookup: None,
        }
    }

    pub fn len(&self) -> usize {
        self.desired.resources.len()
    }

    pub fn stack(mut self, change: impl FnOnce(&mut Stack)) -> Self {
        change(&mut self.desired.stack);
        self
    }

    /// A thing; references among its inputs become dependencies.
    pub fn with(self, name: &str, type_name: &str, inputs: &[(&str, Value)]) -> Self {
        self.with_options(name, type_name, inputs, &[], Options::default())
    }

    pub fn with_options(mut self, name: &str, type_name: &str, inputs: &[(&str, Value)], after: &[String], options: Options) -> Self {
        let at = span(self.len() * 10);
        let mut dependencies = Vec::new();
        for (attribute, value) in inputs {
            references(value, &mut |source| {
                dependencies.push(Dependency {
                    on: source.address.clone(),
                    reason: Reason::Reference { attribute: (*attribute).into(), of: source.attribute.clone() },
                    span: at,
                });
            });
        }
        dependencies.extend(after.iter().map(|on| Dependency { on: address(on), reason: Reason::After, span: at }));
        let resource = DesiredResource {
            address: address(name),
            type_name: type_name.into(),
            span: at,
            attribute_spans: crate::desired::Spans::default(),
            inputs: inputs.iter().map(|(k, v)| (Arc::from(*k), v.clone())).collect(),
            dependencies,
            options,
        };
        self.desired.resources.insert(address(name), Arc::new(resource));
        self
    }

    pub fn output(mut self, name: &str, value: Value) -> Self {
        self.desired.outputs.push(Output { name: name.into(), doc: "".into(), value, span: span(0) });
        self
    }

    pub fn assert(mut self, condition: Value, message: &str) -> Self {
        self.desired.asserts.push(Assert { condition, message: message.into(), span: span(0) });
        self
    }

    pub fn moved(mut self, from: &str, to: &str) -> Self {
        self.desired.moves.push(Move { from: address(from), to: address(to), span: span(0), to_span: span(0) });
        self
    }

    pub fn import(mut self, name: &str, id: &str) -> Self {
        self.desired.imports.push(Import { address: address(name), id: id.into(), span: span(0), id_span: span(0) });
        self
    }

    pub fn forget(mut self, name: &str) -> Self {
        self.desired.forgets.push((address(name), span(0)));
        self
    }

    pub fn evaluate(&self, answers: &Answers) -> Desired {
        let mut desired = self.desired.clone();
        if let Some((resource, type_name)) = self.lookup {
            let at = address("found");
            match answers.get(&at) {
                None => desired.lookups.push(Lookup {
                    address: at,
                    type_name: type_name.into(),
                    region: None,
                    query: Default::default(),
                    span: span(0),
                }),
                Some(answer) => {
                    let resource = Arc::make_mut(desired.resources.get_mut(&address(resource)).unwrap());
                    resource.inputs.insert("label".into(), answer.get("name").unwrap().clone());
                }
            }
        }
        desired
    }
}

fn references(value: &Value, found: &mut impl FnMut(&Source)) {
    match value {
        Value::Unknown(unknown) => found(&unknown.source),
        Value::List(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(entries) => entries.values().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// `t.Thing`, and the same with other classes of recovery; `t.Data` holds data.
pub fn schemas() -> Vec<ResourceSchema> {
    let unset = || Mode::Optional { default: Value::Null };
    let schema = |name, recovery, stateful| ResourceSchema {
        name,
        doc: "",
        kind: Kind::Managed,
        attributes: vec![
            Attribute { replaces: true, ..Attribute::new("name", Type::String, Mode::Required) },
            Attribute::new("label", Type::optional(Type::String), unset()),
            Attribute { range: Some((1, 10)), ..Attribute::new("size", Type::Int, Mode::Optional { default: Value::Int(1) }) },
            Attribute::new("zone", Type::String, Mode::Chosen),
            Attribute { owned: true, external_keys: &["kubernetes.io/*"], ..Attribute::new("tags", Type::map(Type::String), unset()) },
            Attribute { owned: true, unordered: true, ..Attribute::new("grants", Type::list(Type::String), unset()) },
            Attribute { unordered: true, ..Attribute::new("names", Type::list(Type::String), unset()) },
            Attribute { replaces: true, ..Attribute::new("parent", Type::optional(Type::String), unset()) },
            Attribute::new("link", Type::optional(Type::String), unset()),
            Attribute::new("links", Type::list(Type::String), unset()),
            Attribute { write_only: true, ..Attribute::new("password", Type::optional(Type::secret(Type::String)), unset()) },
            Attribute::new("thing_id", Type::Id(name.into()), Mode::Computed),
            Attribute::new("version", Type::Int, Mode::Computed),
        ],
        import: &["thing_id"],
        arn: None,
        id: None,
        recovery,
        stateful,
        remains: None,
        takes: Takes::default(),
        rules: &[],
        constraints: Default::default(),
        timeouts: Timeouts { delete: Duration::minutes(90), ..Timeouts::default() },
        range: None,
        claims: Vec::new(),
    };
    vec![
        schema("t.Thing", Recovery::Tag, false),
        schema("t.Token", Recovery::Token, false),
        schema("t.Data", Recovery::Tag, true),
        schema("t.Other", Recovery::Compare, false),
    ]
}
