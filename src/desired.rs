//! What the program wants: the output of `eval`, the input of `graph`, `plan` and `apply`.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::value::{Duration, Object, Value};

/// Everything one environment of a stack asks for.
#[derive(Debug, Clone)]
pub struct Desired {
    pub stack: Stack,
    /// In the order of the source: file by file, declaration by declaration, key by key.
    pub resources: IndexMap<Address, Arc<DesiredResource>>,
    /// Lookups whose query is known and that were not answered yet; `eval` runs again with the answers.
    pub lookups: Vec<Lookup>,
    pub outputs: Vec<Output>,
    pub asserts: Vec<Assert>,
    pub imports: Vec<Import>,
    pub moves: Vec<Move>,
    /// Leave the cloud's thing alone and drop it from the state.
    pub forgets: Vec<(Address, Span)>,
    /// What is to be told before it is planned: what is risky and no error, and why asserts about the network fail.
    pub told: Vec<Diagnostic>,
}

/// Settings of the stack and the chosen environment.
#[derive(Debug, Clone)]
pub struct Stack {
    pub name: Arc<str>,
    /// `default` when the stack declares no environment.
    pub env: Arc<str>,
    pub region: Option<Arc<str>>,
    /// A plan against any other account is refused.
    pub account: Option<Arc<str>>,
    /// Deletes and replacements of stateful resources need explicit consent.
    pub protect: bool,
    pub state: StateLocation,
    /// Where `account` and `region` are said, for the refusal.
    pub env_span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateLocation {
    Local,
    S3 { bucket: Arc<str>, region: Option<Arc<str>>, prefix: Arc<str> },
}

/// One resource instance that should exist.
#[derive(Debug, Clone)]
pub struct DesiredResource {
    pub address: Address,
    /// `aws.ec2.VPC`
    pub type_name: Arc<str>,
    /// The declaration's name in the source.
    pub span: Span,
    /// Where each attribute is written, for reasons and errors.
    pub attribute_spans: BTreeMap<Arc<str>, Span>,
    /// Input attributes that are set, defaults of the schema left out; may hold unknowns and secret references.
    pub inputs: Object,
    /// What must exist, and be unchanged-or-changed, before this.
    pub dependencies: Vec<Dependency>,
    pub options: Options,
}

/// A dependency and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub on: Address,
    pub reason: Reason,
    pub span: Span,
}

/// Why one resource waits for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// `attribute` refers to `of`, an attribute of the other.
    Reference { attribute: Arc<str>, of: Arc<str> },
    /// `@after`: order only.
    After,
}

/// The engine's own settings of one resource (`@…`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// `None`: the stack's region.
    pub region: Option<Arc<str>>,
    pub account: Option<Arc<str>>,
    pub protect: Option<bool>,
    /// On removal from the program: leave it in the cloud.
    pub retain: bool,
    /// Attribute paths (`tags.CostCenter`) whose changes outside plat are kept.
    pub ignore: Vec<Arc<str>>,
    /// `@replace = "create_first"`; the default deletes first.
    pub create_first: bool,
    pub timeout: Option<Duration>,
}

/// A question to the cloud that the program needs answered before it can be planned.
#[derive(Debug, Clone)]
pub struct Lookup {
    pub address: Address,
    pub type_name: Arc<str>,
    pub region: Option<Arc<str>>,
    pub query: Object,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Output {
    pub name: Arc<str>,
    pub doc: Arc<str>,
    /// May be unknown until apply; never a secret.
    pub value: Value,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Assert {
    /// A `Bool`, possibly unknown.
    pub condition: Value,
    pub message: Arc<str>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Import {
    pub address: Address,
    pub id: Arc<str>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Move {
    pub from: Address,
    pub to: Address,
    pub span: Span,
}
