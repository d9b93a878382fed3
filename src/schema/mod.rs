//! What plat knows of each resource type. One source for the checker, the editor, the diff, the state, the docs and the sandbox.
//!
//! Names and meaning follow the CloudFormation registry: `AWS::EC2::VPC` is `aws.ec2.VPC`, `CidrBlock` is `cidr_block`.

mod claims;
mod codec;
mod constraints;
mod document;
mod field;
pub mod rules;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::types::Type;
use crate::value::{Duration, Object, Value};

pub use claims::{Claim, Form, Of, Part, Reach};
pub use codec::{CodecError, Resource, value_from_json, value_to_json};
pub use constraints::{Constraints, Node, Pattern, Scalar, Shape, Timeouts as RegistryTimeouts};
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
    /// The attribute that is the resource's address range, if it has one.
    pub range: Option<RangeRule>,
    /// What a resource of the type occupies exclusively. `#[resource(…, claims = function)]`
    pub claims: Vec<Claim>,
    /// Holds data that a new one would not have.
    pub stateful: bool,
    /// Returns what remains of the data after a delete with these attributes: `a final snapshot`. `None`: nothing remains.
    /// `#[resource(…, remains = path)]`
    pub remains: Option<fn(&Object) -> Option<String>>,
    /// How long AWS usually takes, for estimates and the sandbox's clock.
    pub takes: Takes,
    /// Relations between attributes and resources that AWS enforces.
    pub rules: &'static [&'static [rules::Rule]],
    /// What the cloud's registry says of the values of inputs.
    pub constraints: Constraints,
    /// How long an operation may take before plat stops waiting. `@timeout` overrides it. `#[resource(…, timeouts(create = "36h"))]`
    pub timeouts: Timeouts,
}

/// An address range that must lie inside another's. That siblings share no address is a [`Claim`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeRule {
    /// A `Cidr`.
    pub attribute: &'static str,
    /// The attribute that refers to the resource whose range this one lies in; `None` for the outermost.
    pub within: Option<&'static str>,
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

/// The longest time that each operation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub create: Duration,
    pub update: Duration,
    pub delete: Duration,
}

impl Timeouts {
    /// CloudFormation's own limit for a handler that declares none:
    /// <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html> (`timeoutInMinutes`).
    pub const USUAL: Duration = Duration::minutes(120);
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { create: Self::USUAL, update: Self::USUAL, delete: Self::USUAL }
    }
}

/// One attribute of a resource type.
#[derive(Debug, Clone)]
pub struct Attribute {
    pub name: &'static str,
    /// The property's name in CloudFormation, when it cannot be derived from `name`.
    pub cfn: Option<&'static str>,
    pub doc: &'static str,
    /// What reads of the attribute give. An input that is not required also takes `null`, which is leaving it out; a `Chosen`
    /// one is an `Optional` here only when it can be empty once AWS has chosen.
    pub ty: Type,
    pub mode: Mode,
    /// A change makes a new resource.
    pub replaces: bool,
    /// Cannot be read back, so drift in it is not seen.
    pub write_only: bool,
    /// What it refers to cannot be deleted while it does: AWS refuses. Said only where AWS always does. `#[attr(…, holds)]`
    pub holds: bool,
    /// Is applied in a call of its own after the create when it refers to the resource itself, or to one that waits for this one:
    /// two security groups may name each other. `#[attr(…, deferred)]`
    pub deferred: bool,
    /// The resource is a live copy of what this refers to, unless one of these attributes is set: when that is replaced, this one is
    /// too. `#[attr(…, follows("restore_time"))]`
    pub follows: Option<&'static [&'static str]>,
    /// A list whose order means nothing; of a record: no list in it has one.
    pub unordered: bool,
    /// AWS keeps the text in lower case, so `Sun:04:00-Sun:05:00` and `sun:04:00-sun:05:00` are the same. `#[attr(…, ignore_case)]`
    pub ignore_case: bool,
    /// Texts in the value that stand for the value of a computed attribute: the text, and the attribute's name.
    pub stands_for: &'static [(&'static str, &'static str)],
    /// A collection that plat owns: left out of the configuration it is empty, whatever was added outside plat. `#[attr(…, owned)]`
    pub owned: bool,
    /// Keys of a map that other systems set: a key, or the beginning of keys and `*`. Neither drift nor a difference, and no update
    /// removes them, unless the configuration sets them.
    pub external_keys: &'static [&'static str],
    /// What the cloud makes of a value before it answers with it, for values that can be written in several ways. Both sides
    /// of a comparison are brought into this form. `#[attr(…, canonical = function)]`
    pub canonical: Option<fn(&Value) -> Value>,
    /// A duration or size that AWS counts in whole units of this.
    pub unit: Option<Unit>,
    /// Least and greatest, in `unit` where there is one.
    pub range: Option<(i64, i64)>,
    /// The only numbers that AWS takes, in `unit` where there is one; empty: any in `range`. `#[attr(…, among(1, 3, 5))]`
    pub among: &'static [i64],
    /// What a change interrupts, for a plan: "restarts the database".
    pub interrupts: Option<&'static str>,
    /// What the sandbox answers where AWS chooses or computes: one text, or one for each element of a list.
    /// `{region}`, `{account}`, `{name}` (of the resource) and `{id}` (17 hex digits of its own) are filled in.
    /// Empty: it makes something up from the type and the name. `#[attr(…, sample("{region}a", "{region}b"))]`
    pub sample: &'static [&'static str],
    /// AWS fills it in when this flag of the resource is on, and empties it otherwise. `#[attr(…, filled_by = "storage_encrypted")]`
    pub filled_by: Option<&'static str>,
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
    /// One of which nothing more is known than this.
    pub fn new(name: &'static str, ty: Type, mode: Mode) -> Self {
        Self {
            name,
            cfn: None,
            doc: "",
            ty,
            mode,
            replaces: false,
            write_only: false,
            holds: false,
            deferred: false,
            follows: None,
            unordered: false,
            ignore_case: false,
            stands_for: &[],
            owned: false,
            external_keys: &[],
            canonical: None,
            unit: None,
            range: None,
            among: &[],
            interrupts: None,
            sample: &[],
            filled_by: None,
        }
    }

    pub fn is_input(&self) -> bool {
        self.mode != Mode::Computed
    }

    /// Returns whether AWS adds fields to this value, a record that asks for a part of them.
    pub fn is_completed(&self, value: &Value) -> bool {
        self.filled_by.is_some() && matches!(value, Value::Object(_))
    }

    /// The number of [`Attribute::among`] that is nearest to `amount`, in `unit`; `None` when `amount` is one of them, or any will do.
    pub fn nearest(&self, amount: i64) -> Option<i64> {
        if self.among.contains(&amount) {
            return None;
        }
        self.among.iter().min_by_key(|known| known.abs_diff(amount)).copied()
    }

    /// The value with what its symbols stand for, by what was read of the resource; `None` when there is nothing to replace.
    pub fn resolve_symbols(&self, wanted: &Value, observed: &crate::value::Object) -> Option<Value> {
        if self.stands_for.is_empty() {
            return None;
        }
        match wanted {
            Value::String(text) => {
                let (_, name) = self.stands_for.iter().find(|(symbol, _)| **symbol == **text)?;
                observed.get(*name).filter(|value| !value.is_null()).cloned()
            }
            Value::Object(entries) => {
                let resolved: Vec<_> =
                    entries.iter().filter_map(|(name, value)| Some((name.clone(), self.resolve_symbols(value, observed)?))).collect();
                if resolved.is_empty() {
                    return None;
                }
                let mut entries = (**entries).clone();
                entries.extend(resolved);
                Some(Value::Object(std::sync::Arc::new(entries)))
            }
            _ => None,
        }
    }

    /// Is what was read what the program asks for, although it may be written differently? `15` asks for any 15.x, the order
    /// of an unordered list means nothing, and what a record leaves out is AWS's choice (but not in what cannot be read back).
    pub fn same(&self, wanted: &Value, observed: &Value) -> bool {
        self.agrees(&self.ty, wanted, observed)
            || self.canonical.is_some_and(|canonical| self.agrees(&self.ty, &canonical(wanted), &canonical(observed)))
    }

    fn agrees(&self, ty: &Type, wanted: &Value, observed: &Value) -> bool {
        match (wanted, observed, ty.required()) {
            (wanted, observed, Type::Json) => same_document(wanted, observed),
            (Value::Version(wanted), Value::Version(observed), _) => wanted.covers(observed),
            // Networks are kept without host bits.
            (Value::Cidr(wanted), Value::Cidr(observed), _) => wanted.trunc() == observed.trunc(),
            (Value::String(wanted), Value::String(observed), _) if self.ignore_case => wanted.eq_ignore_ascii_case(observed),
            (Value::List(wanted), Value::List(observed), _) if wanted.len() != observed.len() => false,
            (Value::List(wanted), Value::List(observed), ty) if self.unordered => {
                let ty = element(ty);
                let mut rest: Vec<&Value> = observed.iter().collect();
                wanted.iter().all(|w| match rest.iter().position(|o| self.agrees(ty, w, o)) {
                    Some(found) => {
                        rest.swap_remove(found);
                        true
                    }
                    None => false,
                })
            }
            (Value::List(wanted), Value::List(observed), ty) => {
                let ty = element(ty);
                wanted.iter().zip(observed.iter()).all(|(w, o)| self.agrees(ty, w, o))
            }
            (Value::Object(wanted), Value::Object(observed), Type::Record(record)) if !self.write_only => wanted.iter().all(|(name, w)| {
                let ty = record.field(name).map_or(&Type::Json, |field| &field.ty);
                w.is_null() || observed.get(name).is_some_and(|o| self.agrees(ty, w, o))
            }),
            (wanted, observed, _) => wanted == observed,
        }
    }
}

fn element(ty: &Type) -> &Type {
    match ty.required() {
        Type::List(of) => of,
        other => other,
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

    /// The relations that AWS enforces, one after the other.
    pub fn rules(&self) -> impl Iterator<Item = &'static rules::Rule> {
        self.rules.iter().copied().flatten()
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
        let complete = |mut schema: ResourceSchema| {
            schema.claim_identity();
            (schema.name, Arc::new(schema))
        };
        Self { by_name: schemas.into_iter().map(complete).collect() }
    }

    pub fn get(&self, name: &str) -> Option<&Arc<ResourceSchema>> {
        self.by_name.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<ResourceSchema>> {
        self.by_name.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(ty: Type) -> Attribute {
        Attribute::new("a", ty, Mode::Chosen)
    }

    #[test]
    fn what_is_written_differently_may_be_the_same() {
        let version = |text: &str| Value::Version(crate::value::Version(text.into()));
        let versions = attribute(Type::optional(Type::Version));
        assert!(versions.same(&version("7.0"), &version("7.0.7")));
        assert!(!versions.same(&version("7.0.7"), &version("7.0")));
        assert!(!versions.same(&version("15.1"), &version("15.10")));

        let window = Attribute { ignore_case: true, ..attribute(Type::String) };
        assert!(window.same(&Value::str("Sun:04:00-Sun:05:00"), &Value::str("sun:04:00-sun:05:00")));
        assert!(!attribute(Type::String).same(&Value::str("A"), &Value::str("a")));

        let texts = |items: &[&str]| Value::list(items.iter().map(|t| Value::str(*t)));
        let unordered = Attribute { unordered: true, ..attribute(Type::list(Type::String)) };
        assert!(unordered.same(&texts(&["a", "b", "a"]), &texts(&["a", "a", "b"])));
        assert!(!unordered.same(&texts(&["a", "b", "b"]), &texts(&["a", "a", "b"])));
        assert!(!attribute(Type::list(Type::String)).same(&texts(&["a", "b"]), &texts(&["b", "a"])));
    }

    #[test]
    fn a_symbol_is_replaced_by_what_it_stands_for() {
        let template = Attribute { stands_for: &[("$Latest", "latest")], ..attribute(Type::Json) };
        let of = |version: &str| Value::object([("name", Value::str("nodes")), ("version", Value::str(version))]);
        let observed: crate::value::Object = [("latest".into(), Value::str("7"))].into_iter().collect();
        assert_eq!(template.resolve_symbols(&of("$Latest"), &observed), Some(of("7")));
        assert_eq!(template.resolve_symbols(&of("3"), &observed), None);
        assert_eq!(template.resolve_symbols(&of("$Latest"), &crate::value::Object::default()), None);
        assert_eq!(attribute(Type::Json).resolve_symbols(&of("$Latest"), &observed), None);
    }

    #[test]
    fn a_number_that_is_not_taken_has_a_nearest_one() {
        let retention = Attribute { among: &[1, 3, 5, 7, 14, 30], ..attribute(Type::Duration) };
        assert_eq!((retention.nearest(30), retention.nearest(31), retention.nearest(20)), (None, Some(30), Some(14)));
        assert_eq!(attribute(Type::Duration).nearest(31), None);
    }

    #[test]
    fn documents_agree_by_meaning_and_lists_in_an_unordered_record_in_any_order() {
        let statement = |action: Value| Value::object([("Statement", Value::list([Value::object([("Action", action)])]))]);
        let (one, list) = (statement(Value::str("s3:GetObject")), statement(Value::list([Value::str("s3:getobject")])));
        assert!(attribute(Type::Json).same(&one, &list));
        let named = |document: &Value| Value::list([Value::object([("a", document.clone())])]);
        let field = crate::types::Field { name: "a".into(), ty: Type::Json, optional: false, doc: "".into() };
        let record = Type::Record(Arc::new(crate::types::Record::new(None, vec![field])));
        assert!(attribute(Type::list(record)).same(&named(&one), &named(&list)));

        let nets = |items: [&str; 2]| Value::object([("nets", Value::list(items.map(Value::str)))]);
        let field = crate::types::Field { name: "nets".into(), ty: Type::list(Type::String), optional: false, doc: "".into() };
        let ty = Type::Record(Arc::new(crate::types::Record::new(None, vec![field])));
        let unordered = Attribute { unordered: true, ..attribute(ty.clone()) };
        assert!(unordered.same(&nets(["a", "b"]), &nets(["b", "a"])));
        assert!(!attribute(ty).same(&nets(["a", "b"]), &nets(["b", "a"])));
    }

    #[test]
    fn what_a_record_leaves_out_is_the_clouds_choice() {
        let field = |name: &str| crate::types::Field { name: name.into(), ty: Type::String, optional: true, doc: "".into() };
        let record = Type::Record(Arc::new(crate::types::Record::new(None, vec![field("a"), field("b")])));
        let (a, ab) = (Value::object([("a", Value::str("1"))]), Value::object([("a", Value::str("1")), ("b", Value::str("2"))]));
        let readable = attribute(Type::optional(record.clone()));
        assert!(readable.same(&a, &ab));
        assert!(!readable.same(&ab, &a));
        assert!(!Attribute { write_only: true, ..attribute(record) }.same(&a, &ab));
        assert!(!attribute(Type::map(Type::String)).same(&a, &ab));
    }
}
