//! Programs without the language: what `eval` would answer, written by hand or by dice.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use plat::address::Address;
use plat::desired::{Dependency, Desired, DesiredResource, Import, Move, Options, Output, Reason, Stack, StateLocation};
use plat::schema::Registry;
use plat::source::{FileId, Span};

use plat::value::{Object, Phase, Secret, SecretReference, SecretStore, Source, Value};

use super::kinds::REGION;

/// What an attribute is set to.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Is(Value),
    /// Another resource's attribute.
    Of(String, &'static str),
    List(Vec<Expr>),
    Record(Vec<(&'static str, Expr)>),
    /// A secret of the cloud's own store.
    Secret(String),
}

pub fn text(text: &str) -> Expr {
    Expr::Is(Value::str(text))
}

pub fn int(number: i64) -> Expr {
    Expr::Is(Value::Int(number))
}

pub fn cidr(text: &str) -> Expr {
    Expr::Is(Value::Cidr(text.parse().unwrap()))
}

pub fn of(address: &str, attribute: &'static str) -> Expr {
    Expr::Of(address.to_owned(), attribute)
}

/// One resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    pub kind: &'static str,
    pub inputs: BTreeMap<&'static str, Expr>,
    pub options: Options,
    pub after: Vec<String>,
}

impl Spec {
    pub fn new<const N: usize>(kind: &'static str, inputs: [(&'static str, Expr); N]) -> Self {
        Self { kind, inputs: BTreeMap::from(inputs), options: Options::default(), after: Vec::new() }
    }

    pub fn after(mut self, address: &str) -> Self {
        self.after.push(address.to_owned());
        self
    }

    pub fn create_first(mut self) -> Self {
        self.options.create_first = true;
        self
    }

    /// The addresses that it refers to, and why.
    pub fn references(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut found = Vec::new();
        for (name, expr) in &self.inputs {
            walk(expr, &mut |address, of| found.push((*name, address.to_owned(), of)));
        }
        found
    }
}

fn walk(expr: &Expr, found: &mut dyn FnMut(&str, &'static str)) {
    match expr {
        Expr::Of(address, attribute) => found(address, attribute),
        Expr::List(items) => items.iter().for_each(|item| walk(item, found)),
        Expr::Record(fields) => fields.iter().for_each(|(_, field)| walk(field, found)),
        Expr::Is(_) | Expr::Secret(_) => {}
    }
}

/// A whole stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Program {
    pub resources: IndexMap<String, Spec>,
    pub moves: Vec<(String, String)>,
    pub forgets: Vec<String>,
    pub imports: Vec<(String, String)>,
    /// Name, address, attribute.
    pub outputs: Vec<(String, String, &'static str)>,
}

impl Program {
    pub fn with(mut self, address: &str, spec: Spec) -> Self {
        self.resources.insert(address.to_owned(), spec);
        self
    }

    pub fn without(mut self, address: &str) -> Self {
        self.resources.shift_remove(address);
        self
    }

    pub fn set(mut self, address: &str, attribute: &'static str, to: Expr) -> Self {
        self.resources[address].inputs.insert(attribute, to);
        self
    }

    pub fn patch(mut self, address: &str, change: impl FnOnce(&mut Spec)) -> Self {
        change(&mut self.resources[address]);
        self
    }

    pub fn desired(&self, registry: &Registry) -> Desired {
        let resources = self.resources.iter().map(|(name, spec)| {
            let resource = self.resource(name, spec, registry);
            (resource.address.clone(), Arc::new(resource))
        });
        let value = |at: &str, attribute| self.value(&of(at, attribute), registry);
        Desired {
            stack: Stack {
                name: "test".into(),
                env: "default".into(),
                region: Some(REGION.into()),
                account: None,
                protect: false,
                state: StateLocation::Local,
                encryption: plat::desired::StateKey::None,
                external_tags: Default::default(),
                env_span: None,
            },
            resources: resources.collect(),
            lookups: Vec::new(),
            outputs: self
                .outputs
                .iter()
                .map(|(name, at, attribute)| Output {
                    name: name.as_str().into(),
                    doc: "".into(),
                    value: value(at, *attribute),
                    span: nowhere(),
                })
                .collect(),
            asserts: Vec::new(),
            imports: self
                .imports
                .iter()
                .map(|(at, id)| Import { address: address(at), id: id.as_str().into(), span: nowhere(), id_span: nowhere() })
                .collect(),
            moves: self
                .moves
                .iter()
                .map(|(from, to)| Move { from: address(from), to: address(to), span: nowhere(), to_span: nowhere() })
                .collect(),
            forgets: self.forgets.iter().map(|at| (address(at), nowhere())).collect(),
            told: Vec::new(),
            policies: Default::default(),
        }
    }

    fn resource(&self, name: &str, spec: &Spec, registry: &Registry) -> DesiredResource {
        let reference = |(attribute, on, of): (&'static str, String, &'static str)| Dependency {
            on: address(&on),
            reason: Reason::Reference { attribute: attribute.into(), of: of.into() },
            span: nowhere(),
        };
        let after = spec.after.iter().map(|on| Dependency { on: address(on), reason: Reason::After, span: nowhere() });
        DesiredResource {
            address: address(name),
            type_name: spec.kind.into(),
            span: nowhere(),
            attribute_spans: spec.inputs.keys().map(|name| (Arc::from(*name), nowhere())).collect(),
            inputs: spec.inputs.iter().map(|(name, expr)| (Arc::from(*name), self.value(expr, registry))).collect::<Object>(),
            dependencies: spec.references().into_iter().map(reference).chain(after).collect(),
            options: spec.options.clone(),
        }
    }

    fn value(&self, expr: &Expr, registry: &Registry) -> Value {
        match expr {
            Expr::Is(value) => value.clone(),
            Expr::List(items) => Value::list(items.iter().map(|item| self.value(item, registry))),
            Expr::Record(fields) => Value::object(fields.iter().map(|(name, field)| (*name, self.value(field, registry)))),
            Expr::Secret(name) => {
                let reference = SecretReference { store: SecretStore::Aws, argument: Value::str(name.as_str()) };
                Value::Secret(Secret::Reference(Arc::new(reference)))
            }
            Expr::Of(at, attribute) => {
                let spec = self.resources.get(at).unwrap_or_else(|| panic!("`{at}` is not in the program"));
                let ty = registry.get(spec.kind).unwrap().attribute(attribute).unwrap().ty.clone();
                let source = Source { address: address(at), attribute: (*attribute).into(), span: nowhere() };
                Value::attribute(source, ty, Phase::Apply)
            }
        }
    }
}

pub fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn nowhere() -> Span {
    Span::new(FileId(0), 0, 0)
}
