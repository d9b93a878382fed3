//! Every type in the sandbox: made with what it requires, then each attribute set, changed and left out again. Whatever a plan takes, its
//! apply carries out, and the next plan has nothing to do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use plat::check::check_text;
use plat::schema::{Attribute, Kind, Mode, ResourceSchema};
use plat::types::Type;
use plat::value::Value;

use super::{registry, shown, trials};

/// What a type's schema does not say of what AWS takes.
const BODIES: &[(&str, &str)] = &[
    ("aws.ec2.VPC", "cidr_block = 10.N.0.0/16"),
    ("aws.ec2.Subnet", "cidr_block = 10.N.0.0/24"),
    ("aws.ec2.VPCPeeringConnection", "peer_vpc_id = PEER"),
    (
        "aws.rds.DBInstance",
        "engine = \"postgres\"\n  db_instance_class = \"db.t3.micro\"\n  allocated_storage = 20GiB\n  master_username = \"app\"\n  \
         manage_master_user_password = true",
    ),
    ("aws.rds.DBSubnetGroup", "subnet_ids = SUBNETS"),
    ("aws.eks.Cluster", "resources_vpc_config = { subnet_ids = SUBNETS }"),
    ("aws.rds.DBCluster", "engine = \"aurora-postgresql\"\n  master_username = \"app\"\n  manage_master_user_password = true"),
    ("aws.ec2.VPCEndpoint", "service_name = \"com.amazonaws.us-east-1.s3\""),
    ("aws.ec2.FlowLog", "log_destination_type = \"s3\"\n  log_destination = \"arn:aws:s3:::logs\""),
    ("aws.eks.AccessEntry", "principal_arn = \"arn:aws:iam::123456789012:role/N\""),
    ("aws.elasticache.ReplicationGroup", "engine = \"valkey\"\n  cache_node_type = \"cache.t4g.micro\""),
    ("aws.secretsmanager.Secret", "secret_string = \"s\""),
    ("aws.ec2.NatGateway", "allocation_id = ADDRESS\n  subnet_id = SUBNET"),
    ("aws.ec2.Route", "destination_cidr_block = 0.0.0.0/0\n  gateway_id = GATEWAY"),
    ("aws.ec2.NetworkAclEntry", "protocol = -1\n  cidr_block = 10.0.0.0/16"),
    ("aws.ec2.SecurityGroupIngress", "ip_protocol = \"-1\"\n  cidr_ip = 10.0.0.0/16"),
    ("aws.ec2.SecurityGroupEgress", "ip_protocol = \"-1\"\n  cidr_ip = 10.0.0.0/16"),
    ("aws.iam.OIDCProvider", "url = \"https://N.example.com\""),
];

/// A program with what one resource refers to.
#[derive(Default)]
struct Writer {
    text: String,
    made: BTreeSet<String>,
}

impl Writer {
    /// Declares the `n`th thing of a type, once, and returns its name.
    fn thing(&mut self, type_name: &str, n: usize) -> Option<String> {
        let schema = registry().get(type_name).filter(|schema| schema.kind == Kind::Managed)?.clone();
        let name = format!("{}_{n}", type_name.replace('.', "_").to_lowercase());
        if self.made.insert(name.clone()) {
            let body = self.body(&schema, n, None)?;
            let _ = writeln!(self.text, "  resource {name}: {type_name} {{\n{body}  }}");
        }
        Some(name)
    }

    /// Two subnets of one network, in two zones.
    fn subnets(&mut self) -> Option<String> {
        let net = self.thing("aws.ec2.VPC", 0)?;
        if self.made.insert("pair".to_owned()) {
            for (zone, third) in [("a", 201), ("b", 202)] {
                let body = format!("vpc_id = {net}, cidr_block = 10.0.{third}.0/24, availability_zone = \"us-east-1{zone}\"");
                let _ = writeln!(self.text, "  resource pair_{zone}: aws.ec2.Subnet {{ {body} }}");
            }
        }
        Some("[pair_a, pair_b]".to_owned())
    }

    /// What a resource requires, but for one attribute.
    fn body(&mut self, schema: &ResourceSchema, n: usize, but: Option<&str>) -> Option<String> {
        let mut body = String::new();
        let given = BODIES.iter().find(|(name, _)| *name == schema.name).map(|(_, given)| *given).unwrap_or_default();
        for line in given.lines() {
            let (name, value) = line.trim().split_once(" = ")?;
            if but != Some(name) {
                let value = match value {
                    "PEER" => self.thing("aws.ec2.VPC", 7)?,
                    "GATEWAY" => self.thing("aws.ec2.InternetGateway", n)?,
                    value if value.contains("SUBNETS") => value.replace("SUBNETS", &self.subnets()?),
                    "ADDRESS" => format!("{}.allocation_id", self.thing("aws.ec2.EIP", n)?),
                    "SUBNET" => self.thing("aws.ec2.Subnet", n)?,
                    value => value.replace('N', &n.to_string()),
                };
                let _ = writeln!(body, "    {name} = {value}");
            }
        }
        for attribute in schema.attributes.iter().filter(|a| a.mode == Mode::Required && but != Some(a.name)) {
            if !body.contains(&format!("    {} = ", attribute.name)) {
                let value = self.value(&attribute.ty, attribute, n)?;
                let _ = writeln!(body, "    {} = {value}", attribute.name);
            }
        }
        Some(body)
    }

    /// The `n`th value of an attribute; `None`: none is known.
    fn value(&mut self, ty: &Type, attribute: &Attribute, n: usize) -> Option<String> {
        Some(match ty {
            Type::Optional(of) | Type::Secret(of) => self.value(of, attribute, n)?,
            Type::Bool => (n.is_multiple_of(2) != (attribute_default(attribute) == Some(true))).to_string(),
            Type::Int => number(attribute, n).to_string(),
            Type::Float => format!("{n}.5"),
            Type::String => format!("\"{}{n}\"", attribute.name.replace('_', "-").chars().take(20).collect::<String>()),
            Type::Union(texts) => format!("\"{}\"", texts.get(n % texts.len())?),
            Type::Id(of) => self.thing(of, n)?,
            Type::Arn(of) if of.is_empty() => format!("{}.arn", self.thing("aws.iam.Role", n)?),
            Type::Arn(of) => self.thing(of, n)?,
            Type::Cidr => format!("10.{n}.0.0/16"),
            Type::Ip => format!("10.0.0.{}", n + 4),
            Type::Size | Type::Duration => {
                let unit = match attribute.unit.map(plat::schema::Unit::name) {
                    Some("MiB") => "MiB",
                    Some("seconds") => "s",
                    Some("minutes") => "m",
                    Some("hours") => "h",
                    Some("days") => "d",
                    _ if matches!(ty, Type::Size) => "GiB",
                    _ => "d",
                };
                format!("{}{unit}", number(attribute, n))
            }
            Type::Version => format!("\"1{n}.4\""),
            Type::List(of) => format!("[{}]", self.value(of, attribute, n)?),
            Type::Map(of) => format!("{{ k{n} = {} }}", self.value(of, attribute, n)?),
            Type::Record(record) => {
                let required = record.fields.iter().filter(|field| !field.optional);
                let fields: Vec<_> = if required.clone().count() > 0 { required.collect() } else { record.fields.iter().take(1).collect() };
                let fields: Option<Vec<_>> = fields
                    .into_iter()
                    .map(|field| {
                        let bare = Attribute::new("part", field.ty.clone(), Mode::Required);
                        Some(format!("{} = {}", field.name, self.value(&field.ty, &bare, n)?))
                    })
                    .collect();
                format!("{{ {} }}", fields?.join(", "))
            }
            Type::Json => {
                let whose = match attribute.name {
                    "assume_role_policy_document" => "Principal = \"*\", Action = \"sts:AssumeRole\"",
                    "policy_document" | "part" | "policy" => "Action = \"kms:*\", Resource = \"*\"",
                    _ => "Principal = \"*\", Action = \"kms:*\", Resource = \"*\"",
                };
                format!("{{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", {whose} }}], Id = \"d{n}\" }}")
            }
            _ => return None,
        })
    }
}

fn attribute_default(attribute: &Attribute) -> Option<bool> {
    match &attribute.mode {
        Mode::Optional { default: Value::Bool(default) } => Some(*default),
        _ => None,
    }
}

fn number(attribute: &Attribute, n: usize) -> i64 {
    let n = i64::try_from(n).unwrap();
    match (attribute.among, attribute.range) {
        ([], Some((least, most))) => (least + 1 + n).min(most),
        ([], None) => 20 + n,
        (among, _) => among[usize::try_from(n).unwrap() % among.len()],
    }
}

/// A test that gives one attribute two values one after the other, and then none.
fn program(schema: &ResourceSchema, attribute: &Attribute) -> Option<String> {
    let mut writer = Writer::default();
    let (first, second) = (writer.value(&attribute.ty, attribute, 1)?, writer.value(&attribute.ty, attribute, 2)?);
    let last = if attribute.mode == Mode::Required { writer.value(&attribute.ty, attribute, 3)? } else { "null".to_owned() };
    let body = writer.body(schema, 0, Some(attribute.name))?;
    let name = attribute.name;
    Some(format!(
        "test \"{name}\" {{\n  param step: Int = 0\n{}  resource it: {} {{\n{body}    {name} = if step == 1 {{ {first} }} else {{ if step == 2 {{ \
         {second} }} else {{ {last} }} }}\n  }}\n  apply\n  assert plan.changes == 0, \"made\"\n  with {{ step = 1 }}\n  apply\n  \
         assert plan.changes == 0, \"set\"\n  with {{ step = 2 }}\n  apply\n  assert plan.changes == 0, \"changed\"\n  with {{ step = 3 }}\n  \
         apply\n  assert plan.changes == 0, \"left out\"\n  destroy\n}}\n",
        writer.text, schema.name
    ))
}

/// Errors of checks that the plan makes: such a value is not what AWS takes, and was never sent.
fn is_refused_early(diagnostic: &plat::diagnostic::Diagnostic) -> bool {
    diagnostic.code.0 < 850
}

#[test]
fn every_attribute_of_every_type_can_be_set_changed_and_left_out_in_the_sandbox() {
    let (mut tried, mut refused, mut failed) = (0, Vec::new(), Vec::new());
    for schema in registry().iter().filter(|schema| schema.kind == Kind::Managed) {
        for attribute in schema.attributes.iter().filter(|a| a.is_input()) {
            let Some(text) = program(schema, attribute) else { continue };
            let checked = check_text("main.plat", &text, registry(), &[]);
            let wrong = match &checked.program {
                Some(program) => trials(program, &checked.sources),
                None => checked.diagnostics.clone(),
            };
            if wrong.is_empty() {
                tried += 1;
            } else if wrong.iter().any(is_refused_early) {
                refused.push(format!("{}.{}: {}", schema.name, attribute.name, wrong[0].message));
            } else {
                failed.push(format!("{}.{}\n{}", schema.name, attribute.name, shown(&checked.sources, &wrong)));
            }
        }
    }
    assert!(failed.is_empty(), "{} of {tried}:\n{}", failed.len(), failed.join("\n\n"));
    assert!(tried > refused.len(), "{tried} were tried and {} refused:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn a_database_without_security_groups_changes_as_often_as_it_likes() {
    let text = "test \"days\" {\n  param days: Duration = 1d\n  resource db: aws.rds.DBInstance {\n    engine = \"postgres\"\n    \
                db_instance_class = \"db.t3.micro\"\n    allocated_storage = 20GiB\n    master_username = \"app\"\n    \
                manage_master_user_password = true\n    backup_retention_period = days\n  }\n  apply\n  with { days = 2d }\n  apply\n  \
                with { days = 3d }\n  apply\n  assert plan.changes == 0\n  destroy\n}\n";
    let (sources, told) = super::errors(text);
    assert!(told.is_empty(), "{}", shown(&sources, &told));
}

/// What AWS fills in is there for what the documentation shows: a program that reads the secret of a managed password.
#[test]
fn the_secret_of_a_managed_password_is_there_and_goes_with_it() {
    let text = r#"
test "managed" {
  param managed: Bool = true
  resource key: aws.kms.Key { description = "passwords" }
  resource db: aws.rds.DBInstance {
    engine                      = "postgres"
    db_instance_class           = "db.t3.micro"
    allocated_storage           = 20GiB
    storage_encrypted           = true
    master_username             = "root"
    manage_master_user_password = managed
    master_user_password        = if managed { null } else { "correct-horse" }
  }
  resource other: aws.rds.DBInstance {
    engine                      = "postgres"
    db_instance_class           = "db.t3.micro"
    allocated_storage           = 20GiB
    master_username             = "root"
    manage_master_user_password = true
    master_user_secret          = { kms_key_id = key }
  }
  let secret = db.master_user_secret?.secret_arn
  resource app: aws.iam.Role {
    role_name                   = "app"
    assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "sts:AssumeRole" }] }
    policies                    = [{
      policy_name     = "secret"
      policy_document = {
        Version   = "2012-10-17"
        Statement = [{ Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = [secret, other.master_user_secret?.secret_arn] }]
      }
    }]
  }
  apply
  assert db.master_user_secret?.secret_arn != null
  assert db.kms_key_id != null
  assert other.master_user_secret?.kms_key_id == key.arn
  assert other.master_user_secret?.secret_arn != null
  assert plan.updates == []
  with { managed = false }
  apply
  assert db.master_user_secret == null
  assert plan.changes == 0
  destroy
}
"#;
    let (sources, told) = super::errors(text);
    assert!(told.is_empty(), "{}", shown(&sources, &told));
}

/// A replica is a copy of its source: of another source it is another copy.
#[test]
fn a_replica_of_a_replaced_database_is_replaced_with_it() {
    let text = r#"
test "replica" {
  param encrypted: Bool = false
  param size: Size = 20GiB
  resource main: aws.rds.DBInstance {
    db_instance_identifier      = "main"
    engine                      = "postgres"
    db_instance_class           = "db.t3.micro"
    allocated_storage           = size
    storage_encrypted           = encrypted
    master_username             = "root"
    manage_master_user_password = true
    backup_retention_period     = 7d
  }
  resource copy: aws.rds.DBInstance {
    db_instance_identifier        = "copy"
    db_instance_class             = "db.t3.micro"
    source_db_instance_identifier = main
  }
  apply
  assert plan.changes == 0
  with { size = 30GiB }
  assert plan.updates == ["main"]
  apply
  with { encrypted = true }
  assert plan.replaces == ["copy", "main"]
  apply
  assert plan.changes == 0
  destroy
}
"#;
    let (sources, told) = super::errors(text);
    assert!(told.is_empty(), "{}", shown(&sources, &told));
}

#[test]
fn what_remains_after_a_delete_is_said() {
    let remains = |type_name: &str, attributes: &[(&str, Value)]| {
        let object = attributes.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        registry().get(type_name).and_then(|schema| schema.remains).and_then(|remains| remains(&object))
    };
    let text = |text: &str| Some(text.to_owned());
    let days = |n| Value::Duration(plat::value::Duration::days(n));
    let (database, on) = ("aws.rds.DBInstance", Value::Bool(true));
    assert_eq!(remains(database, &[]), text("a final snapshot keeps its data"));
    assert_eq!(remains(database, &[("final_snapshot_identifier", Value::str("last"))]), text("the final snapshot `last` keeps its data"));
    assert_eq!(remains(database, &[("skip_final_snapshot", on.clone())]), None);
    let backups = [("skip_final_snapshot", on.clone()), ("delete_automated_backups", Value::Bool(false))];
    assert_eq!(remains(database, &backups), text("its automated backups keep the data until they expire"));
    assert_eq!(remains(database, &[("source_db_instance_identifier", Value::str("main"))]), text("its source keeps the data"));
    assert_eq!(remains(database, &[("db_cluster_identifier", Value::str("c"))]), text("its cluster keeps the data"));
    assert_eq!(remains("aws.rds.DBCluster", &[("skip_final_snapshot", on)]), None);
    assert_eq!(remains("aws.elasticache.ReplicationGroup", &[]), None);
    assert_eq!(remains("aws.secretsmanager.Secret", &[]), None);
    let window = remains("aws.secretsmanager.Secret", &[("recovery_window", days(7))]);
    assert_eq!(window, text("it can be restored for 7d with `restore_deleted = true`"));
    assert_eq!(remains("aws.kms.Key", &[]), text("its deletion can be cancelled for 30d"));
    assert_eq!(remains("aws.logs.LogGroup", &[]), None);
}
