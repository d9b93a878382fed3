//! What the program wants: the output of `eval`, the input of `graph`, `plan` and `apply`.

mod places;
mod policies;

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::Address;
use crate::age::Recipient;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::value::{Duration, Hashing, Object, Value};

pub use places::{Moves, Places};
pub use policies::{Judge, Judgement, Policies, Policy, Read, Ruling, Waiver};

/// What there is to be, in the order of the source: file by file, declaration by declaration, key by key.
pub type Resources = IndexMap<Address, Arc<DesiredResource>, Hashing>;

/// Everything one environment of a stack asks for.
#[derive(Debug, Clone)]
pub struct Desired {
    pub stack: Stack,
    pub resources: Resources,
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
    pub policies: Policies,
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
    /// Keys of tags that other systems set, beside those that the schemas name: a key, or the beginning of keys and `*`.
    pub external_tags: Arc<[Arc<str>]>,
    pub state: StateLocation,
    pub encryption: StateKey,
    /// Where `account` and `region` are said, for the refusal.
    pub env_span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateLocation {
    Local,
    S3 {
        bucket: Arc<str>,
        region: Option<Arc<str>>,
        prefix: Arc<str>,
    },
    /// Google Cloud Storage.
    Gcs {
        bucket: Arc<str>,
        prefix: Arc<str>,
    },
    /// Azure Blob Storage.
    Azure {
        account: Arc<str>,
        container: Arc<str>,
        prefix: Arc<str>,
    },
}

/// What the state is encrypted with where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateKey {
    /// Nothing.
    None,
    Passphrase,
    /// A key of AWS KMS by its id, ARN or alias.
    Kms {
        key: Arc<str>,
        region: Option<Arc<str>>,
    },
    Age {
        recipients: Vec<Recipient>,
    },
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
    pub attribute_spans: Spans,
    /// Input attributes that are set, defaults of the schema left out; may hold unknowns and secret references.
    pub inputs: Object,
    /// What must exist, and be unchanged-or-changed, before this.
    pub dependencies: Vec<Dependency>,
    pub options: Options,
}

/// Where each of a few names is written.
#[derive(Debug, Clone, Default)]
pub struct Spans(Box<[(Arc<str>, Span)]>);

impl Spans {
    pub fn get(&self, name: &str) -> Option<Span> {
        self.0.iter().find(|(own, _)| **own == *name).map(|(_, span)| *span)
    }

    pub fn iter(&self) -> impl Iterator<Item = Span> {
        self.0.iter().map(|(_, span)| *span)
    }
}

impl FromIterator<(Arc<str>, Span)> for Spans {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Span)>>(spans: I) -> Self {
        Self(spans.into_iter().collect())
    }
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
    /// As [`Reason::Reference`], and the other waits for this one, too: `attribute` is applied in a call of its own when both are there.
    Postponed { attribute: Arc<str>, of: Arc<str> },
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

/// `import address = "id"`: take what exists into the state.
#[derive(Debug, Clone)]
pub struct Import {
    pub address: Address,
    pub id: Arc<str>,
    /// Where the address is written.
    pub span: Span,
    pub id_span: Span,
}

/// `moved from -> to`: the same thing under another address.
#[derive(Debug, Clone)]
pub struct Move {
    pub from: Address,
    pub to: Address,
    /// Where the old address is written.
    pub span: Span,
    /// Where the new address is written.
    pub to_span: Span,
}

impl DesiredResource {
    /// The attributes that are applied in a call of their own after the create.
    pub fn postponed(&self) -> impl Iterator<Item = &Arc<str>> {
        self.dependencies.iter().filter_map(|dependency| match &dependency.reason {
            Reason::Postponed { attribute, .. } => Some(attribute),
            Reason::Reference { .. } | Reason::After => None,
        })
    }

    /// The resource without its postponed attributes: what it can be created with.
    pub fn without_postponed(self: &Arc<Self>) -> Arc<Self> {
        let postponed: Vec<&Arc<str>> = self.postponed().collect();
        if postponed.is_empty() {
            return self.clone();
        }
        let mut reduced = DesiredResource::clone(self);
        reduced.inputs.retain(|name, _| !postponed.contains(&name));
        Arc::new(reduced)
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "moved {} -> {}", self.from, self.to)
    }
}

impl Move {
    /// Where what stands at `address` goes; `None` when the move is not about it: [`Address::moved`].
    pub fn target(&self, address: &Address) -> Option<Address> {
        address.moved(&self.from, &self.to)
    }

    /// True when the new address lies inside the old one.
    pub fn is_inward(&self) -> bool {
        self.to.steps().len() > self.from.steps().len() && self.to.is_within(&self.from)
    }

    /// True when `other` goes on with what this one puts down, so that this one comes first.
    pub fn precedes(&self, other: &Move) -> bool {
        other.target(&self.to).is_some() || (other.from.is_within(&self.to) && other.from != other.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn mv(from: &str, to: &str) -> Move {
        let span = Span::new(FileId(0), 0, 0);
        Move { from: from.parse().unwrap(), to: to.parse().unwrap(), span, to_span: span }
    }

    #[test]
    fn moves_keep_the_keys_and_insides_that_they_do_not_name() {
        let moved = |address: &str, from: &str, to: &str| mv(from, to).target(&address.parse().unwrap()).unwrap().to_string();
        assert_eq!(moved("a", "a", "b"), "b");
        assert_eq!(moved("a[\"k\"]", "a", "b"), "b[\"k\"]");
        assert_eq!(moved("a", "a", "b[\"k\"]"), "b[\"k\"]");
        assert_eq!(moved("a[\"k\"]", "a[\"k\"]", "b"), "b");
        assert_eq!(moved("a.x[\"k\"].y", "a", "net.b"), "net.b.x[\"k\"].y");
        assert_eq!(moved("m[\"1\"].x", "m.x", "m.y"), "m[\"1\"].y");
        assert_eq!(moved("net.vpc", "net", "net[\"a\"]"), "net[\"a\"].vpc");
        assert_eq!(moved("net[\"a\"].vpc", "net[\"a\"]", "net"), "net.vpc");
        assert_eq!(moved("db", "db", "db.instance"), "db.instance");
        assert_eq!(moved("db.instance", "db.instance", "db"), "db");
    }

    #[test]
    fn what_was_moved_is_not_moved_again() {
        let stays = |address: &str, from: &str, to: &str| assert_eq!(mv(from, to).target(&address.parse().unwrap()), None, "{address}");
        stays("a[\"x\"]", "a", "a[\"x\"]");
        stays("a[\"y\"]", "a", "a[\"x\"]");
        stays("net[\"a\"].vpc", "net", "net[\"a\"]");
        stays("net.vpc", "net[\"a\"]", "net");
        stays("db.instance", "db", "db.instance");
        stays("db", "db.instance", "db");
        stays("b", "a", "b");
    }

    #[test]
    fn a_chain_has_an_order() {
        assert!(mv("a", "b").precedes(&mv("b", "c")));
        assert!(!mv("b", "c").precedes(&mv("a", "b")));
        assert!(mv("net", "network").precedes(&mv("network.private", "network.subnets")));
        assert!(!mv("net", "network").precedes(&mv("net.private", "network.subnets")));
        assert!(!mv("b", "a[\"y\"]").precedes(&mv("a", "a[\"x\"]")));
    }
}
