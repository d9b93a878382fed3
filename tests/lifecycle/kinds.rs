//! A small cloud with one type for each way of being created, found again and referred to.

use std::sync::Arc;

use plat::schema::{Attribute, Kind, Mode, Recovery, Registry, ResourceSchema, Takes, Timeouts};
use plat::types::{Field, Record, Type};
use plat::value::{Duration, Value};

pub const NETWORK: &str = "test.net.Network";
pub const SUBNET: &str = "test.net.Subnet";
pub const GROUP: &str = "test.net.Group";
pub const RULE: &str = "test.net.Rule";
pub const SERVICE: &str = "test.app.Service";
pub const ALARM: &str = "test.app.Alarm";

pub const REGION: &str = "us-west-2";

fn fixed(name: &'static str, ty: Type, mode: Mode) -> Attribute {
    Attribute { replaces: true, ..Attribute::new(name, ty, mode) }
}

/// What it refers to stays as long as it does.
fn holding(attribute: Attribute) -> Attribute {
    Attribute { holds: true, ..attribute }
}

fn optional() -> Mode {
    Mode::Optional { default: Value::Null }
}

fn id(of: &str) -> Type {
    Type::Id(of.into())
}

fn schema(name: &'static str, import: &'static [&'static str], recovery: Recovery, attributes: Vec<Attribute>) -> ResourceSchema {
    ResourceSchema {
        name,
        doc: "",
        kind: Kind::Managed,
        attributes,
        import,
        arn: None,
        id: None,
        range: None,
        claims: Vec::new(),
        recovery,
        stateful: false,
        remains: None,
        takes: Takes { create: Duration::seconds(30), update: Duration::seconds(20), delete: Duration::seconds(10) },
        rules: &[],
        constraints: Default::default(),
        timeouts: Timeouts::default(),
    }
}

pub fn registry() -> Arc<Registry> {
    let tags = || Attribute::new("tags", Type::map(Type::String), optional());
    let settings = Type::Record(Arc::new(Record::new(
        None,
        vec![
            Field { name: "network".into(), ty: id(NETWORK), optional: true, doc: "".into() },
            Field { name: "retries".into(), ty: Type::Int, optional: true, doc: "".into() },
        ],
    )));
    Arc::new(Registry::new([
        schema(
            NETWORK,
            &["network_id"],
            Recovery::Tag,
            vec![
                fixed("cidr", Type::Cidr, Mode::Required),
                Attribute::new("label", Type::String, optional()),
                tags(),
                Attribute::new("network_id", id(NETWORK), Mode::Computed),
                Attribute::new("default_group", id(GROUP), Mode::Computed),
            ],
        ),
        schema(
            SUBNET,
            &["subnet_id"],
            Recovery::Tag,
            vec![
                holding(fixed("network", id(NETWORK), Mode::Required)),
                Attribute::new("size", Type::Int, Mode::Optional { default: Value::Int(1) }),
                fixed("zone", Type::String, Mode::Chosen),
                Attribute::new("subnet_id", id(SUBNET), Mode::Computed),
            ],
        ),
        schema(
            GROUP,
            &["name"],
            Recovery::Name,
            vec![
                fixed("name", Type::String, Mode::Required),
                holding(Attribute { unordered: true, ..Attribute::new("members", Type::list(id(SUBNET)), optional()) }),
                Attribute::new("arn", Type::Arn(GROUP.into()), Mode::Computed),
            ],
        ),
        schema(
            RULE,
            &["source", "target"],
            Recovery::Relation,
            vec![
                holding(fixed("source", id(SUBNET), Mode::Required)),
                fixed("target", id(GROUP), Mode::Required),
                Attribute::new("note", Type::String, optional()),
            ],
        ),
        ResourceSchema {
            stateful: true,
            remains: None,
            ..schema(
                SERVICE,
                &["service_id"],
                Recovery::Token,
                vec![
                    Attribute::new("plan", Type::union(["small", "large"]), Mode::Chosen),
                    Attribute { unordered: true, ..Attribute::new("groups", Type::list(id(GROUP)), optional()) },
                    Attribute::new("role", Type::optional(Type::Arn(GROUP.into())), optional()),
                    fixed("settings", Type::optional(settings), optional()),
                    Attribute::new("password", Type::optional(Type::secret(Type::String)), optional()),
                    Attribute::new("hint", Type::optional(Type::String), optional()),
                    tags(),
                    Attribute::new("service_id", id(SERVICE), Mode::Computed),
                    Attribute::new("endpoint", Type::String, Mode::Computed),
                    Attribute::new("port", Type::Int, Mode::Computed),
                ],
            )
        },
        schema(
            ALARM,
            &["alarm_id"],
            Recovery::Compare,
            vec![
                Attribute::new("target", id(SERVICE), Mode::Required),
                Attribute::new("text", Type::String, optional()),
                Attribute::new("alarm_id", id(ALARM), Mode::Computed),
            ],
        ),
    ]))
}
