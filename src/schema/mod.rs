//! What plat knows of each resource type. One source for the checker, the editor, the diff, the state, the docs and the sandbox.
//!
//! Names and meaning follow the CloudFormation registry: `AWS::EC2::VPC` is `aws.ec2.VPC`, `CidrBlock` is `cidr_block`.

mod codec;
mod document;
mod field;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::types::Type;
use crate::value::{Duration, Value};

pub use codec::{CodecError, Resource, value_from_json, value_to_json};
pub use document::{canonical_document, same_document};
pub use field::{AnyResource, Arn, Field, Id, Json, Named};
pub use stream::{ObjectCodec, ObjectText, ValueSeed, ValueText};

/// One resource type, or one kind of lookup.
#[derive(Debug, Clone)]
pub struct ResourceSchema {
    /// `aws.ec2.VPC`
    pub name: &'static str,
    pub doc: &'static str,
    pub kind: Kind,
    pub attributes: Vec<Attribute>,
    /// The attributes that make up the import id, joined by `|` (CloudFormation's primary identifier).
    pub import: &'static [&'static str],
    /// The attribute that a reference to the resource stands for where an ARN is wanted.
    pub arn: Option<&'static str>,
    /// The attribute that a reference stands for where an id is wanted; by default the first of `import`.
    pub id: Option<&'static str>,
    /// How a create whose answer was lost is found again.
    pub recovery: Recovery,
    /// Holds data that a new one would not have.
    pub stateful: bool,
    /// How long AWS usually takes, for estimates and the sandbox's clock.
    pub takes: Takes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// plat can create, change and delete it, and look it up.
    Managed,
    /// Can only be looked up.
    LookupOnly,
}

/// How a create whose outcome is not known is settled (state/README.md tells the classes in full).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// A: the call takes an idempotency token; the same request again gives the same resource.
    Token,
    /// B: the operation's id is a tag given at create; look it up.
    Tag,
    /// C: the name is ours; what has it is adopted when it carries our operation's tag.
    Name,
    /// D: a relation between two known things; read it.
    Relation,
    /// E: none of these; compare with what there was before.
    Compare,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    pub create: Duration,
    pub update: Duration,
    pub delete: Duration,
}

impl Default for Takes {
    fn default() -> Self {
        Self { create: Duration::seconds(2), update: Duration::seconds(2), delete: Duration::seconds(2) }
    }
}

/// One attribute of a resource type.
#[derive(Debug, Clone)]
pub struct Attribute {
    pub name: &'static str,
    /// The property's name in CloudFormation, when it cannot be derived from `name`.
    pub cfn: Option<&'static str>,
    pub doc: &'static str,
    pub ty: Type,
    pub mode: Mode,
    /// A change makes a new resource.
    pub replaces: bool,
    /// Cannot be read back, so drift in it is not seen.
    pub write_only: bool,
    /// A list whose order means nothing.
    pub unordered: bool,
    /// A duration or size that AWS counts in whole units of this.
    pub unit: Option<Unit>,
    /// Least and greatest, in `unit` where there is one.
    pub range: Option<(i64, i64)>,
    /// What a change interrupts, for a plan: "restarts the database".
    pub interrupts: Option<&'static str>,
    /// What the sandbox answers where AWS chooses or computes: one text, or one for each element of a list.
    /// `{region}`, `{account}`, `{name}` (of the resource) and `{id}` (17 hex digits of its own) are filled in.
    /// Empty: it makes something up from the type and the name. `#[attr(…, sample("{region}a", "{region}b"))]`
    pub sample: &'static [&'static str],
}

#[derive(Debug, Clone, PartialEq)]
pub enum Mode {
    Required,
    /// May be left out, and is then as in a new resource: `Null` when that is "not set".
    Optional {
        default: Value,
    },
    /// May be left out, and AWS then chooses; what it chose is kept.
    Chosen,
    /// Only AWS sets it.
    Computed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
    Mib,
    Gib,
}

impl Unit {
    /// In seconds or bytes.
    pub fn factor(self) -> i64 {
        match self {
            Unit::Seconds => 1,
            Unit::Minutes => 60,
            Unit::Hours => 3_600,
            Unit::Days => 86_400,
            Unit::Mib => 1 << 20,
            Unit::Gib => 1 << 30,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Unit::Seconds => "seconds",
            Unit::Minutes => "minutes",
            Unit::Hours => "hours",
            Unit::Days => "days",
            Unit::Mib => "MiB",
            Unit::Gib => "GiB",
        }
    }
}

impl Attribute {
    pub fn is_input(&self) -> bool {
        self.mode != Mode::Computed
    }
}

impl ResourceSchema {
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// The attribute that a reference stands for where an id is wanted.
    pub fn id_attribute(&self) -> Option<&'static str> {
        self.id.or_else(|| self.import.first().copied())
    }

    /// Has a `tags` attribute, which the stack's tags are merged into.
    pub fn taggable(&self) -> bool {
        self.attribute("tags").is_some_and(Attribute::is_input)
    }
}

/// All resource types that a run knows.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    by_name: BTreeMap<&'static str, Arc<ResourceSchema>>,
}

impl Registry {
    pub fn new(schemas: impl IntoIterator<Item = ResourceSchema>) -> Self {
        Self { by_name: schemas.into_iter().map(|s| (s.name, Arc::new(s))).collect() }
    }

    pub fn get(&self, name: &str) -> Option<&Arc<ResourceSchema>> {
        self.by_name.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<ResourceSchema>> {
        self.by_name.values()
    }
}
