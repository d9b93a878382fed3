//! Plans made by hand.

use std::sync::Arc;

use plat::address::Address;
use plat::desired::{DesiredResource, Options, Output};
use plat::plan::{Action, Change, Drift, DriftKind, OutputChange, Plan, Step};
use plat::schema::{Attribute, Kind, Mode, Recovery, Registry, ResourceSchema, Takes, Timeouts};
use plat::source::{FileId, SourceMap, Span};
use plat::state::{Record, Status};
use plat::types::Type;
use plat::value::{Deferred, Duration, EvalFailure, Known, Object, Phase, ResolvedObject, Secret, SecretText, Source, Unknown, Value};

/// What must be in no output.
pub const CANARY: &str = "canary-4f1c-hunter2";

#[derive(Debug)]
struct Never;

impl Deferred for Never {
    fn force(&self, _: &dyn Known) -> Result<Value, EvalFailure> {
        Err(EvalFailure { message: "never known".into(), help: None, span: span(0) })
    }
}

pub fn sources() -> SourceMap {
    let mut sources = SourceMap::default();
    let text = (1..=60).map(|line| format!("// line {line} of a stack\n")).collect::<String>();
    for name in ["connect2.plat", "network.plat", "eks.plat"] {
        sources.add(name.as_ref(), name, text.as_str());
    }
    sources
}

/// The start of a line of `connect2.plat`.
pub fn span(line: usize) -> Span {
    span_in(0, line)
}

pub fn span_in(file: u32, line: usize) -> Span {
    let start = (1..line).map(|n| format!("// line {n} of a stack\n").len()).sum();
    Span::new(FileId(file), start, start + 4)
}

pub fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub fn unknown(of: &str, attribute: &str) -> Value {
    let source = Source { address: address(of), attribute: attribute.into(), span: span(1) };
    Value::Unknown(Arc::new(Unknown { ty: Type::String, phase: Phase::Apply, source, deferred: Some(Box::new(Never)) }))
}

pub fn secret() -> Value {
    Value::Secret(Secret::Plain(SecretText::new(CANARY)))
}

pub fn fingerprint(print: &str) -> Value {
    Value::Secret(Secret::fingerprint(print))
}

pub fn text(text: &str) -> Value {
    Value::str(text)
}

pub fn tags(entries: &[(&str, &str)]) -> Value {
    Value::object(entries.iter().map(|(k, v)| (*k, text(v))))
}

pub fn change(attribute: &str, before: Option<Value>, after: Option<Value>) -> Change {
    Change { attribute: attribute.into(), before, after, forces_replacement: false, interrupts: None, span: None }
}

pub fn record(type_name: &str, id: &str, status: Status) -> Arc<Record> {
    Arc::new(Record {
        type_name: type_name.into(),
        id: id.into(),
        region: "us-west-2".into(),
        inputs: Object::default(),
        observed: ResolvedObject::default(),
        drift: Default::default(),
        dependencies: Vec::new(),
        protect: false,
        retain: false,
        status,
    })
}

pub fn step(at: &str, type_name: &str, action: Action, changes: Vec<Change>) -> Step {
    let exists = !matches!(action, Action::Create | Action::Import { .. });
    let wanted = !matches!(action, Action::Delete | Action::Forget);
    Step {
        address: address(at),
        type_name: type_name.into(),
        desired: wanted.then(|| desired(at, type_name, &changes)),
        prior: exists.then(|| record(type_name, &format!("id-of-{at}"), Status::Ready)),
        action,
        changes,
        span: Some(span(31)),
        after: Vec::new(),
        estimate: Duration::seconds(2),
    }
}

fn desired(at: &str, type_name: &str, changes: &[Change]) -> Arc<DesiredResource> {
    let inputs = changes.iter().filter_map(|c| Some((c.attribute.clone(), c.after.clone()?))).collect();
    Arc::new(DesiredResource {
        address: address(at),
        type_name: type_name.into(),
        span: span(31),
        attribute_spans: changes.iter().map(|c| (c.attribute.clone(), span(33))).collect(),
        inputs,
        dependencies: Vec::new(),
        options: Options::default(),
    })
}

pub fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        stack: "connect2".into(),
        env: "production".into(),
        region: "us-west-2".into(),
        account: "123456789012".into(),
        lineage: "b0c1".into(),
        serial: 41,
        steps,
        ..Plan::default()
    }
}

pub fn output(name: &str, value: Value, before: Option<serde_json::Value>) -> OutputChange {
    OutputChange { output: Output { name: name.into(), doc: "".into(), value, span: span(50) }, before }
}

pub fn changed(at: &str, type_name: &str, attribute: &str, before: Value, after: Value, kept: bool) -> Drift {
    Drift {
        address: address(at),
        type_name: type_name.into(),
        kind: DriftKind::Changed { attribute: attribute.into(), before, after, kept },
    }
}

/// The plan of docs and pictures: a replacement, a change that interrupts, new things in components, drift.
pub fn connect2() -> Plan {
    let mut pool = step(
        "cluster.pool[\"app\"]",
        "aws.eks.Nodegroup",
        Action::Replace { forced_by: vec!["instance_types".into()], create_first: false },
        vec![
            change(
                "nodegroup_arn",
                Some(text("arn:aws:eks:us-west-2:123456789012:nodegroup/app")),
                Some(unknown("cluster.pool[\"app\"]", "nodegroup_arn")),
            ),
            Change {
                forces_replacement: true,
                ..change("instance_types", Some(Value::list([text("t3.large")])), Some(Value::list([text("m6i.large")])))
            },
        ],
    );
    pool.span = Some(span_in(2, 22));
    pool.estimate = Duration::minutes(9);
    let mut db = step(
        "db.instance",
        "aws.rds.DBInstance",
        Action::Update,
        vec![
            Change {
                interrupts: Some("restarts the database"),
                ..change("db_instance_class", Some(text("db.t3.medium")), Some(text("db.r5.large")))
            },
            change("master_user_password", Some(fingerprint("aa")), Some(secret())),
            change("multi_az", Some(Value::Bool(false)), Some(Value::Bool(true))),
        ],
    );
    db.estimate = Duration::minutes(1);
    let mut subnet = step(
        "net.private[\"us-west-2c\"]",
        "aws.ec2.Subnet",
        Action::Create,
        vec![
            change("vpc_id", None, Some(text("vpc-0a1b2c3d"))),
            change("cidr_block", None, Some(Value::Cidr("10.0.12.0/24".parse().unwrap()))),
            change("subnet_id", None, Some(unknown("net.private[\"us-west-2c\"]", "subnet_id"))),
        ],
    );
    subnet.span = Some(span_in(1, 9));
    let inside = |at: &str, kind: &str| step(at, kind, Action::Create, Vec::new());
    let mut plan = plan(vec![
        step("net.vpc", "aws.ec2.VPC", Action::NoOp, Vec::new()),
        subnet,
        inside("net.table[\"us-west-2c\"]", "aws.ec2.RouteTable"),
        inside("net.route[\"us-west-2c\"]", "aws.ec2.Route"),
        inside("net.association[\"us-west-2c\"]", "aws.ec2.SubnetRouteTableAssociation"),
        db,
        pool,
    ]);
    plan.steps[6].after = vec![1, 2];
    plan.drift = vec![changed(
        "db.instance",
        "aws.rds.DBInstance",
        "tags",
        tags(&[("CostCenter", "cc-1"), ("Name", "db")]),
        tags(&[("CostCenter", "cc-7"), ("Name", "db")]),
        true,
    )];
    plan.outputs = vec![
        output("endpoint", unknown("db.instance", "endpoint"), Some("db.internal:5432".into())),
        output("zones", Value::list([text("a"), text("b")]), None),
    ];
    plan
}

/// Schemas with the little that rendering asks for.
pub fn registry() -> Registry {
    let attribute = |name: &'static str, ty: Type, mode: Mode| Attribute { name, ty, mode, ..blank() };
    let computed = || Mode::Computed;
    let optional = || Mode::Optional { default: Value::Null };
    Registry::new([
        ResourceSchema {
            name: "aws.ec2.Subnet",
            doc: "A range of a network, in one zone.",
            import: &["subnet_id"],
            attributes: vec![
                attribute("vpc_id", Type::Id("aws.ec2.VPC".into()), Mode::Required),
                Attribute { replaces: true, ..attribute("cidr_block", Type::Cidr, Mode::Required) },
                attribute("tags", Type::map(Type::String), optional()),
                attribute("subnet_id", Type::Id("aws.ec2.Subnet".into()), computed()),
            ],
            ..schema()
        },
        ResourceSchema {
            name: "aws.eks.Nodegroup",
            attributes: vec![
                Attribute { replaces: true, ..attribute("instance_types", Type::list(Type::String), Mode::Chosen) },
                attribute("nodegroup_arn", Type::Arn("aws.eks.Nodegroup".into()), computed()),
            ],
            ..schema()
        },
        ResourceSchema {
            name: "aws.rds.DBInstance",
            doc: "A relational database.\n\nIt keeps what is written to it.",
            stateful: true,
            remains: None,
            range: None,
            import: &["db_instance_identifier"],
            attributes: vec![
                Attribute {
                    interrupts: Some("restarts the database"),
                    doc: "Class of the machine it runs on.",
                    ..attribute("db_instance_class", Type::String, Mode::Required)
                },
                Attribute {
                    unit: Some(plat::schema::Unit::Gib),
                    range: Some((20, 65_536)),
                    ..attribute("allocated_storage", Type::Size, Mode::Chosen)
                },
                Attribute { write_only: true, ..attribute("master_user_password", Type::secret(Type::String), optional()) },
                attribute("multi_az", Type::Bool, Mode::Optional { default: Value::Bool(false) }),
                attribute("tags", Type::map(Type::String), optional()),
                attribute("endpoint", Type::String, computed()),
            ],
            ..schema()
        },
        ResourceSchema {
            name: "aws.iam.Role",
            attributes: vec![attribute("policy", Type::Json, Mode::Required), attribute("user_data", Type::String, optional())],
            ..schema()
        },
    ])
}

fn schema() -> ResourceSchema {
    ResourceSchema {
        name: "",
        doc: "",
        kind: Kind::Managed,
        attributes: Vec::new(),
        import: &[],
        arn: None,
        id: None,
        recovery: Recovery::Tag,
        stateful: false,
        remains: None,
        range: None,
        claims: Vec::new(),
        takes: Takes::default(),
        rules: &[],
        constraints: Default::default(),
        timeouts: Timeouts::default(),
    }
}

fn blank() -> Attribute {
    Attribute::new("", Type::String, Mode::Computed)
}
