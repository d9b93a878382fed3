//! Policies: what is in force, what is waived, and every policy of the standard library with a resource that passes and one that fails.

use std::collections::BTreeSet;
use std::fmt::Write;

use plat::check::check_text;
use plat::eval::{Lookups, evaluate};
use plat::plan::{Policing, Standing, WaiverState, police_program};
use plat::resolve::library_text;
use plat::value::Date;

use super::{desired, registry, shown};

/// What the policies of a program say on a day.
fn policing_on(text: &str, env: Option<&str>, day: &str) -> Policing {
    let checked = check_text("main.plat", text, registry(), &[]);
    let program = checked.program.unwrap_or_else(|| panic!("{}", shown(&checked.sources, &checked.diagnostics)));
    let desired = evaluate(&program, env, &Lookups::new()).unwrap_or_else(|errors| panic!("{}", shown(&checked.sources, &errors)));
    police_program(&desired, Date::parse(day)).unwrap_or_else(|errors| panic!("{}", shown(&checked.sources, &errors)))
}

fn policing(text: &str) -> Policing {
    policing_on(text, None, "2026-06-15")
}

/// `db.instance multi_az deny`, in order.
fn broken(policing: &Policing) -> Vec<String> {
    let broken = policing.findings.iter().filter(|finding| finding.is_broken());
    broken.map(|f| format!("{} {} {}", f.subject(), f.policy.name, if f.denies { "deny" } else { "warn" })).collect()
}

const NET: &str = "resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\n";
const NAMES: &str = "policy names for net: aws.ec2.VPC { deny if !net.enable_dns_hostnames, \"no names\" }\n";

#[test]
fn a_policy_sees_every_resource_of_its_types_inside_components_too() {
    let found = policing(
        r#"
component Net {
  param names: Bool
  resource vpc: aws.ec2.VPC { cidr_block = 10.0.0.0/16, enable_dns_hostnames = names }
}
resource named: Net { names = true }
resource plain: Net for n in ["a", "b"] { names = false }
resource own: aws.ec2.VPC { cidr_block = 10.1.0.0/16 }
resource sub: aws.ec2.Subnet { vpc_id = own, cidr_block = 10.1.0.0/24 }
policy names for net: aws.ec2.VPC { deny if !net.enable_dns_hostnames, "no names" }
policy public for x: aws.ec2.Subnet | aws.ec2.VPC { warn if x.cidr_block.prefix() == 16, "wide" }
"#,
    );
    let expected = [
        "named.vpc public warn",
        "plain[\"a\"].vpc names deny",
        "plain[\"a\"].vpc public warn",
        "plain[\"b\"].vpc names deny",
        "plain[\"b\"].vpc public warn",
        "own names deny",
        "own public warn",
    ];
    assert_eq!(broken(&found), expected);
}

#[test]
fn a_group_decides_where_its_policies_hold() {
    let program = format!(
        "env dev {{ }}\nenv production {{ }}\n{NET}{NAMES}\
         policy wide for net: aws.ec2.VPC {{ deny if net.cidr_block.prefix() == 16, \"wide\" }}\n\
         policy reviewed if env.name == \"production\" {{ policies = [names] }}\n"
    );
    assert_eq!(broken(&policing_on(&program, Some("dev"), "2026-01-01")), ["net wide deny"]);
    let production = policing_on(&program, Some("production"), "2026-01-01");
    // What a group names comes where the group is declared.
    assert_eq!(broken(&production).into_iter().collect::<BTreeSet<_>>(), ["net names deny".to_owned(), "net wide deny".to_owned()].into());
    let names = production.findings.iter().find(|f| &*f.policy.name == "names").unwrap();
    assert_eq!(names.policy.groups.iter().map(|g| &**g).collect::<Vec<_>>(), ["reviewed"]);
}

#[test]
fn one_import_brings_a_pack_into_force_and_nothing_else_does() {
    let key = "resource key: aws.kms.Key { description = \"k\" }\n";
    assert_eq!(broken(&policing(key)), [""; 0]);
    assert_eq!(broken(&policing(&format!("use std.policy.{{encryption_at_rest}}\n{key}"))), ["key keys_rotate warn"]);
    assert_eq!(broken(&policing(&format!("use std.policy.{{backups}}\n{key}"))), [""; 0]);
    assert_eq!(broken(&policing(&format!("use std.policy.{{keys_rotate as rotation}}\n{key}"))), ["key rotation warn"]);
}

#[test]
fn rules_may_use_what_the_stack_declares() {
    let found = policing(&format!(
        "{NET}param names: Bool = true\nfn differs(a: Bool, b: Bool) => Bool = a != b\n\
         policy names for it: aws.ec2.VPC if names {{ deny if differs(it.enable_dns_hostnames, names), \"${{net.cidr_block}} differs\" }}\n"
    ));
    assert_eq!(broken(&found), ["net names deny"]);
    assert_eq!(found.findings[0].message().map(|m| &**m), Some("10.0.0.0/16 differs"));
}

#[test]
fn what_is_not_known_yet_is_never_denied() {
    let found = policing(
        "resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\n\
         resource db: aws.rds.DBInstance { db_instance_class = \"db.t3.micro\" }\n\
         policy a for db: aws.rds.DBInstance { deny if !db.storage_encrypted, \"open\" }\n\
         policy b for db: aws.rds.DBInstance if db.storage_encrypted { deny if true, \"closed\" }\n\
         policy c for db: aws.rds.DBInstance { deny if db.multi_az && !db.storage_encrypted, \"known to be false\" }\n\
         policy d { warn if net.vpc_id == \"vpc-1\", \"the first\" }\n",
    );
    assert_eq!(broken(&found), [""; 0]);
    let waits: Vec<String> =
        found.later().map(|(f, source)| format!("{} {}.{}", f.policy.name, source.address, source.attribute)).collect();
    assert_eq!(waits, ["a db.storage_encrypted", "b db.storage_encrypted", "d net.vpc_id"]);
}

#[test]
fn a_waiver_holds_to_the_end_of_its_last_day() {
    let program =
        format!("{NET}{NAMES}waive names for net {{ owner = \"net team\", until = \"2026-06-30\", reason = \"mended in July\" }}\n");
    let on = |day: &str| {
        let found = policing_on(&program, None, day);
        (broken(&found).len(), found.waived().count(), found.waivers[0].state)
    };
    assert_eq!(on("2026-06-30"), (0, 1, WaiverState::Waives));
    assert_eq!(on("2026-07-01"), (1, 0, WaiverState::Ended));
    let found = policing_on(&program, None, "2026-07-01");
    assert!(matches!(&found.findings[0].standing, Standing::Broken { ended: Some(by), .. } if &*by.owner == "net team"));
    // Who gives no day asks for what the program says alone.
    assert_eq!(police_program(&desired(&program), None).unwrap().denied().count(), 0);
}

#[test]
fn a_waiver_covers_what_it_names_and_all_inside() {
    let program = |waiver: &str| {
        format!(
            "component Net {{ resource vpc: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16 }} }}\nresource net: Net for n in [\"a\", \"b\"] {{ }}\n\
             {NAMES}policy reviewed {{ policies = [names] }}\n\
             waive {waiver} {{ owner = \"net team\", until = \"2026-06-30\", reason = \"mended in July\" }}\n"
        )
    };
    for (waiver, left) in [
        ("names for net", &[][..]),
        ("reviewed for net", &[]),
        ("reviewed.names for net[\"a\"]", &["net[\"b\"].vpc names deny"]),
        ("names for net[\"b\"].vpc", &["net[\"a\"].vpc names deny"]),
    ] {
        assert_eq!(broken(&policing(&program(waiver))), left, "{waiver}");
    }
}

#[test]
fn a_waiver_for_another_environment_is_not_idle() {
    let program = format!(
        "env dev {{ }}\nenv production {{ }}\n{NET}\
         policy names for net: aws.ec2.VPC if env.name == \"production\" {{ deny if !net.enable_dns_hostnames, \"no names\" }}\n\
         waive names for net {{ owner = \"net team\", until = \"2026-06-30\", reason = \"mended in July\" }}\n"
    );
    assert_eq!(policing_on(&program, Some("dev"), "2026-01-01").waivers[0].state, WaiverState::Unasked);
    assert_eq!(policing_on(&program, Some("production"), "2026-01-01").waivers[0].state, WaiverState::Waives);
    let only = program.replace("waive names for net {", "waive names for net if env.name == \"dev\" {");
    assert!(policing_on(&only, Some("production"), "2026-01-01").waivers.is_empty());
}

#[test]
fn a_rule_without_a_message_says_what_is_documented() {
    let found =
        policing(&format!("{NET}/// Machines have names.\npolicy names for it: aws.ec2.VPC {{ deny if !it.enable_dns_hostnames }}\n"));
    assert_eq!(found.findings[0].message().map(|m| &**m), Some("Machines have names"));
}

#[test]
fn settings_and_rules_are_separated_like_those_of_every_body() {
    for body in [
        "{ reason = \"r\", deny if it.enable_dns_support, warn if !it.enable_dns_hostnames, \"m\" }",
        "{\n  deny if it.enable_dns_support, // comment\n  warn if !it.enable_dns_hostnames,\n    \"m\"\n  reason = \"r\",\n}",
        "{\n  deny if it.enable_dns_support\n\n  /// Documented.\n  warn if !it.enable_dns_hostnames, \"m\"\n  reason = \"r\"\n}",
    ] {
        let found = policing(&format!("{NET}policy names for it: aws.ec2.VPC {body}\n"));
        assert_eq!(broken(&found), ["net names deny", "net names warn"], "{body}");
        let messages: Vec<_> = found.findings.iter().filter_map(|f| f.message().map(|m| m.to_string())).collect();
        assert_eq!(messages, ["`it.enable_dns_support`", "m"], "{body}");
        assert_eq!(found.findings[0].policy.reason.as_deref(), Some("r"), "{body}");
    }
}

#[test]
fn a_test_of_the_stack_is_subject_to_its_policies_and_may_expect_a_denial() {
    let program = |steps: &str| {
        format!(
            "param wide: Bool = true\nresource net: aws.ec2.VPC {{ cidr_block = if wide {{ 10.0.0.0/16 }} else {{ 10.0.0.0/17 }} }}\n\
             policy small for net: aws.ec2.VPC {{ deny if net.cidr_block.prefix() < 17, \"too wide\" }}\n\
             policy later for net: aws.ec2.VPC {{ deny if net.vpc_id == \"\", \"no id\" }}\n\
             test \"t\" {{\n{steps}\n}}\n"
        )
    };
    let codes = |steps: &str| {
        let checked = check_text("main.plat", &program(steps), registry(), &[]);
        let found = super::trials(&checked.program.unwrap(), &checked.sources);
        found.iter().map(|d| d.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes("plan"), ["E0801"]);
    assert_eq!(codes("expect error E0801 \"too wide\""), [""; 0]);
    assert_eq!(codes("with { wide = false }\napply"), [""; 0]);
    assert_eq!(codes("with { wide = false }\nexpect error E0801"), ["E0853"]);
}

#[test]
fn what_one_line_does_wrong_is_told_once() {
    let found = policing(&format!(
        "resource a: aws.ec2.VPC for n in [\"1\", \"2\", \"3\", \"4\", \"5\"] {{ cidr_block = 10.0.0.0/16, enable_dns_support = false }}\n\
         resource b: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16, enable_dns_support = false }}\n{NAMES}\
         policy dns for net: aws.ec2.VPC {{ deny if !net.enable_dns_support, \"no dns\" }}\n"
    ));
    let told: Vec<String> =
        found.denials().iter().map(|alike| format!("{} {}", alike.first.policy.name, alike.subjects(str::to_owned))).collect();
    // What no line sets is told together; what two lines set is told of each.
    assert_eq!(told, ["names a[\"1\"], a[\"2\"], a[\"3\"] and 3 more", "dns a[\"1\"], a[\"2\"], a[\"3\"] and 2 more", "dns b"]);
    assert_eq!(found.diagnostics(&[]).len(), 3);
}

// ------------------------------------------------------------ the standard library

const DB: &str = "resource it: aws.rds.DBInstance { db_instance_class = \"db.t3.micro\", ";
const CACHE: &str = "resource it: aws.elasticache.ReplicationGroup { replication_group_description = \"c\", ";
const KEY: &str = "resource it: aws.kms.Key { description = \"k\", ";
const LOGS: &str = "resource it: aws.logs.LogGroup { log_group_name = \"l\", ";
const VPC: &str = "resource it: aws.ec2.VPC { cidr_block = 10.0.0.0/16, ";
const GROUP: &str = "resource it: aws.ec2.SecurityGroup { group_description = \"g\", ";
const NETS: &str = "resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\n\
    resource sub: aws.ec2.Subnet for r in [10.0.0.0/24, 10.0.1.0/24] { vpc_id = net, cidr_block = r }\n\
    resource role: aws.iam.Role { assume_role_policy_document = {} }\n";
const CLUSTER: &str = "resource it: aws.eks.Cluster { role_arn = role, ";
const NODES: &str = "resource it: aws.eks.Nodegroup { cluster_name = \"c\", node_role = role, ";
const DB_CLUSTER: &str = "resource it: aws.rds.DBCluster { engine = \"aurora-postgresql\", ";
const PARAMETERS: &str = "resource it: aws.rds.DBParameterGroup { description = \"g\", ";
const CLUSTER_PARAMETERS: &str = "resource it: aws.rds.DBClusterParameterGroup { description = \"g\", ";
const DB_GROUP: &str = "resource it: aws.rds.DBSubnetGroup { db_subnet_group_description = \"g\", ";

/// Policy, `deny` or `warn`, the beginning of a resource, what makes it pass, what makes it fail.
const CASES: &[(&str, &str, &str, &str, &str)] = &[
    ("databases_encrypted", "deny", DB, "storage_encrypted = true", "storage_encrypted = false"),
    ("databases_encrypted", "deny", DB, "db_cluster_identifier = \"c\"", "storage_encrypted = false"),
    ("database_clusters_encrypted", "deny", DB_CLUSTER, "storage_encrypted = true", "storage_encrypted = false"),
    ("caches_encrypted", "deny", CACHE, "at_rest_encryption_enabled = true", ""),
    (
        "cluster_secrets_encrypted",
        "deny",
        CLUSTER,
        "version = \"1.28\", resources_vpc_config = { subnet_ids = [] }",
        "version = \"1.27\", resources_vpc_config = { subnet_ids = [] }",
    ),
    ("keys_rotate", "warn", KEY, "enable_key_rotation = true", ""),
    ("keys_rotate", "warn", KEY, "key_spec = \"RSA_2048\", key_usage = \"SIGN_VERIFY\"", "enable_key_rotation = false"),
    ("caches_speak_tls", "deny", CACHE, "transit_encryption_enabled = true", "transit_encryption_enabled = false"),
    ("databases_ask_for_tls", "deny", PARAMETERS, "family = \"postgres16\"", "family = \"postgres14\""),
    (
        "databases_ask_for_tls",
        "deny",
        PARAMETERS,
        "family = \"postgres14\", parameters = { \"rds.force_ssl\" = \"1\" }",
        "family = \"postgres16\", parameters = { \"rds.force_ssl\" = \"0\" }",
    ),
    ("databases_ask_for_tls", "deny", PARAMETERS, "family = \"oracle-se2-19\"", "family = \"sqlserver-ex-15.0\""),
    (
        "databases_ask_for_tls",
        "deny",
        PARAMETERS,
        "family = \"mysql8.0\", parameters = { require_secure_transport = \"ON\" }",
        "family = \"mysql8.0\"",
    ),
    (
        "database_clusters_ask_for_tls",
        "deny",
        CLUSTER_PARAMETERS,
        "family = \"aurora-postgresql17\", parameters = {}",
        "family = \"aurora-postgresql16\", parameters = {}",
    ),
    (
        "database_clusters_ask_for_tls",
        "deny",
        CLUSTER_PARAMETERS,
        "family = \"aurora-mysql8.0\", parameters = { require_secure_transport = \"1\" }",
        "family = \"aurora-mysql8.0\", parameters = {}",
    ),
    ("databases_backed_up", "deny", DB, "backup_retention_period = 7d", "backup_retention_period = 6d"),
    (
        "databases_backed_up",
        "deny",
        DB,
        "backup_retention_period = 0d, source_db_instance_identifier = \"primary\"",
        "backup_retention_period = 0d",
    ),
    ("final_snapshots", "warn", DB, "skip_final_snapshot = false", "skip_final_snapshot = true"),
    ("caches_backed_up", "warn", CACHE, "snapshot_retention_limit = 1d", ""),
    ("databases_multi_az", "deny", DB, "multi_az = true", ""),
    ("databases_multi_az", "deny", DB, "db_cluster_identifier = \"c\"", "multi_az = false"),
    ("caches_multi_az", "deny", CACHE, "automatic_failover_enabled = true, multi_az_enabled = true", "automatic_failover_enabled = false"),
    (
        "caches_multi_az",
        "deny",
        CACHE,
        "automatic_failover_enabled = true, multi_az_enabled = true",
        "automatic_failover_enabled = true, multi_az_enabled = false",
    ),
    ("nodes_multi_az", "deny", NODES, "subnets = sub.values()", "subnets = [sub[\"10.0.0.0/24\"]]"),
    ("subnet_groups_multi_az", "deny", DB_GROUP, "subnet_ids = sub.values()", "subnet_ids = sub.values().take(1)"),
    ("databases_protected", "deny", DB, "deletion_protection = true", ""),
    ("databases_protected", "deny", DB, "db_cluster_identifier = \"c\"", ""),
    ("clusters_protected", "deny", DB_CLUSTER, "deletion_protection = true", ""),
    (
        "clusters_protected",
        "deny",
        CLUSTER,
        "resources_vpc_config = { subnet_ids = [] }, deletion_protection = true",
        "resources_vpc_config = { subnet_ids = [] }",
    ),
    (
        "closed_ingress",
        "deny",
        GROUP,
        "security_group_ingress = [{ ip_protocol = \"tcp\", from_port = 443, to_port = 443, cidr_ip = 0.0.0.0/0 }]",
        "security_group_ingress = [{ ip_protocol = \"tcp\", from_port = 5000, to_port = 6000, cidr_ip = 0.0.0.0/0 }]",
    ),
    (
        "closed_ingress",
        "deny",
        GROUP,
        "security_group_ingress = [{ ip_protocol = \"-1\", cidr_ip = 10.0.0.0/8 }]",
        "security_group_ingress = [{ ip_protocol = \"-1\", cidr_ipv6 = ::/0 }]",
    ),
    (
        "closed_ingress",
        "deny",
        GROUP,
        "security_group_ingress = [{ ip_protocol = \"icmp\", from_port = -1, to_port = -1, cidr_ip = 0.0.0.0/0 }]",
        "security_group_ingress = [{ ip_protocol = \"6\", from_port = 22, to_port = 22, cidr_ip = 0.0.0.0/0 }]",
    ),
    ("databases_private", "deny", DB, "publicly_accessible = false", "publicly_accessible = true"),
    (
        "clusters_private",
        "deny",
        CLUSTER,
        "resources_vpc_config = { subnet_ids = [], endpoint_public_access = false, endpoint_private_access = true }",
        "resources_vpc_config = { subnet_ids = [] }",
    ),
    (
        "clusters_private",
        "deny",
        CLUSTER,
        "resources_vpc_config = { subnet_ids = [], public_access_cidrs = [192.0.2.0/24] }",
        "resources_vpc_config = { subnet_ids = [], endpoint_public_access = true, public_access_cidrs = [192.0.2.0/24, 0.0.0.0/0] }",
    ),
    ("database_logs", "deny", DB, "enable_cloudwatch_logs_exports = [\"postgresql\"]", ""),
    ("database_logs", "deny", DB, "db_cluster_identifier = \"c\"", ""),
    ("database_cluster_logs", "deny", DB_CLUSTER, "enable_cloudwatch_logs_exports = [\"postgresql\"]", ""),
    (
        "cluster_logs",
        "deny",
        CLUSTER,
        "resources_vpc_config = { subnet_ids = [] }, logging = { cluster_logging = { enabled_types = [{ type = \"audit\" }] } }",
        "resources_vpc_config = { subnet_ids = [] }, logging = { cluster_logging = { enabled_types = [{ type = \"api\" }] } }",
    ),
    (
        "cluster_logs",
        "deny",
        CLUSTER,
        "resources_vpc_config = { subnet_ids = [] }, logging = { cluster_logging = { enabled_types = [{ type = \"audit\" }] } }",
        "resources_vpc_config = { subnet_ids = [] }",
    ),
    ("logs_end", "warn", LOGS, "retention_in_days = 30d", ""),
    ("tags", "deny", VPC, "tags = { Project = \"p\", Environment = \"e\" }", "tags = { Project = \"p\" }"),
    ("tags", "deny", VPC, "tags = { Project = \"p\", Environment = \"e\" }", ""),
];

#[test]
fn every_policy_of_the_library_passes_what_is_right_and_finds_what_is_wrong() {
    let mut wrong = String::new();
    for (policy, severity, head, right, not) in CASES {
        let setting = if [CLUSTER, NODES, DB_GROUP].contains(head) { NETS } else { "" };
        let said = |body: &str| {
            let found = policing(&format!("use std.policy.{{{policy}}}\n{setting}{head}{body} }}\n"));
            broken(&found).into_iter().filter(|line| line.starts_with("it ")).collect::<Vec<_>>()
        };
        if !said(right).is_empty() {
            writeln!(wrong, "{policy} finds something in {right}").unwrap();
        }
        if said(not) != [format!("it {policy} {severity}")] {
            writeln!(wrong, "{policy} says {:?} of {not}", said(not)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_policy_of_the_library_is_documented_reasoned_tested_and_in_the_production_pack() {
    let text = library_text("std.policy").unwrap();
    let tested: BTreeSet<&str> = CASES.iter().map(|(policy, ..)| *policy).collect();
    let mut declared = BTreeSet::new();
    let mut lines = text.lines().peekable();
    let mut before = "";
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("policy ") {
            let name = rest.split(' ').next().unwrap();
            assert!(before.starts_with("/// "), "`{name}` has no documentation");
            let mut head = rest.to_owned();
            while !head.contains('{') {
                head += lines.next().unwrap();
            }
            if head.contains(" for ") {
                assert!(lines.peek().is_some_and(|next| next.starts_with("  reason = \"")), "`{name}` gives no reason");
                declared.insert(name);
            }
        }
        before = line;
    }
    assert_eq!(declared, tested);
    let program = format!("use std.policy.{{production}}\n{NET}");
    let in_force = desired(&program).policies.policies.iter().map(|policy| policy.name.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(in_force, declared.iter().map(ToString::to_string).collect());
}

#[test]
fn the_components_of_the_library_can_pass_the_production_pack() {
    let found = policing(
        r#"
stack shop { tags = { Project = "shop", Environment = env.name } }
use std.network.{Network}
use std.kubernetes.{Cluster}
use std.database.{Postgres}
use std.cache.{Redis}
use std.policy.{production}
resource net: Network { cidr = 10.0.0.0/16, zones = 2 }
resource cluster: Cluster { network = net, version = "1.30", pool = { min = 2, max = 4 }, deletion_protection = true }
resource db: Postgres {
  network = net, class = "db.r5.large", storage = 100GiB, password = secret.env("DATABASE"), allow = [10.0.0.0/16]
  multi_az = true, deletion_protection = true, final_snapshot = "shop-last"
}
resource cache: Redis { network = net, node = "cache.r5.large", nodes = 2, allow = [10.0.0.0/16], snapshots = 7d }
"#,
    );
    assert_eq!(broken(&found), [""; 0]);
    // Nothing is left for AWS to choose; only the zones of the region are looked up by the plan.
    let waits: BTreeSet<String> = found.later().map(|(_, source)| format!("{}.{}", source.address, source.attribute)).collect();
    assert_eq!(waits, ["net.available.names".to_owned()].into());
}
