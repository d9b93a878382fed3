//! Dependencies are between resources: components may use each other's outputs, through params, outputs and `let`.

use super::{errors, shown};

fn right(text: &str) {
    let (sources, told) = errors(text);
    assert!(told.is_empty(), "{text}\n{}", shown(&sources, &told));
}

#[track_caller]
fn wrong(text: &str, words: &[&str]) {
    let (sources, told) = errors(text);
    assert!(told.iter().all(|d| d.code.0 == 601) && !told.is_empty(), "{text}\n{}", shown(&sources, &told));
    let all = shown(&sources, &told);
    assert!(words.iter().all(|word| all.contains(word)), "{words:?} in\n{all}");
}

const CLUSTER: &str = r#"
use std.network.{Network}
use std.kubernetes.{Cluster, ServiceAccountRole}
resource net: Network { cidr = 10.0.0.0/16 }
"#;

fn account(name: &str) -> String {
    format!(
        "resource {name}: ServiceAccountRole {{ cluster = cluster, namespace = \"kube-system\", service_account = \"{name}\", policies = \
         [\"arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy\"] }}\n"
    )
}

#[test]
fn an_add_on_of_a_cluster_has_a_role_that_trusts_the_cluster() {
    let cluster = |addons: &str| {
        format!(
            "resource cluster: Cluster {{ network = net, version = \"1.31\", pool = {{ min = 1, max = 3 }}, service_account_roles = true, addons = {addons} }}\n"
        )
    };
    for (addons, more) in [
        ("{ \"vpc-cni\" = { role = cni.role } }", account("cni")),
        ("{ \"vpc-cni\" = { role = cni.role_arn }, \"aws-ebs-csi-driver\" = { role = ebs.role } }", account("cni") + &account("ebs")),
        ("{ \"vpc-cni\" = { role = role } }", format!("{}let role = cni.role_arn\n", account("cni"))),
        ("shared.addons", format!("{}let shared = {{ issuer = cluster.issuer_url, addons = {{ coredns = {{ role = cni.role_arn }} }} }}\n", account("cni"))),
        ("{for name in [\"vpc-cni\", \"coredns\"]: name = { role = roles[name].role_arn }}", 
         "resource roles: ServiceAccountRole for name in [\"vpc-cni\", \"coredns\"] { cluster = cluster, namespace = \"kube-system\", service_account = name }\n".to_owned()),
    ] {
        let text = format!("{CLUSTER}{}{more}", cluster(addons));
        right(&text);
        right(&format!("{CLUSTER}{more}{}", cluster(addons)));
        let desired = super::desired(&text);
        let role = desired.resources.values().find(|resource| &*resource.type_name == "aws.eks.Addon" && resource.inputs.contains_key("service_account_role_arn"));
        let role = role.expect("an add-on with a role");
        assert!(role.dependencies.iter().any(|on| on.on.to_string().contains(".role")), "{:?}", role.dependencies);
    }
}

const PAIR: &str = r#"
component Left {
  param given: String
  param more: String?
  resource first: aws.logs.LogGroup { tags = { given = given } }
  resource last: aws.logs.LogGroup { tags = { more = more ?? "none" } }
  output out: String = first.arn
  output given_back: String = given
}
component Right {
  param settings: { at: String, name: String }
  resource middle: aws.logs.LogGroup { tags = { at = settings.at, name = settings.name } }
  output out: String = middle.arn
}
"#;

#[test]
fn two_components_use_each_others_outputs_where_no_resource_waits_for_itself() {
    for circle in [
        "resource a: Left { given = \"x\", more = b.out }\nresource b: Right { settings = { at = a.out, name = \"y\" } }\n",
        "resource b: Right { settings = { at = a.out, name = a.given_back } }\nresource a: Left { given = \"x\", more = b.out }\n",
        "let all = { at = a.out, name = \"y\" }\nlet back = [b.out]\nresource a: Left { given = \"x\", more = back[0] }\nresource b: Right { settings = all }\n",
        "resource a: Left for k in [\"p\", \"q\"] { given = k, more = b[k].out }\nresource b: Right for k in [\"p\", \"q\"] { settings = { at = a[k].out, name = k } }\n",
        "resource a: Left { given = \"x\", more = if b.out == \"z\" { \"u\" } else { b.out } }\nresource b: Right { settings = { at = \"${a.out}-1\", name = \"y\" } }\n",
    ] {
        right(&format!("{PAIR}{circle}"));
        right(&format!("{PAIR}test \"life\" {{\n{circle}  apply\n  assert plan.changes == 0\n  destroy\n}}\n"));
    }
}

#[test]
fn a_chain_of_components_that_each_use_both_neighbours_ends() {
    let link = |n: usize| {
        let (before, after) = (n.saturating_sub(1), n + 1);
        let more = if n == 40 { String::new() } else { format!(", more = c{after}.out") };
        let given = if n == 0 { "\"x\"".to_owned() } else { format!("c{before}.given_back") };
        format!("resource c{n}: Left {{ given = {given}{more} }}\n")
    };
    let chain: String = (0..=40).map(link).collect();
    right(&format!("{PAIR}{chain}"));
    let desired = super::desired(&format!("{PAIR}{chain}"));
    assert_eq!(desired.resources.len(), 82);
}

#[test]
fn a_resource_that_waits_for_itself_is_a_dependency_cycle_with_its_path() {
    wrong(
        &format!("{PAIR}resource a: Left {{ given = b.out }}\nresource b: Right {{ settings = {{ at = a.out, name = \"y\" }} }}\n"),
        &["dependency cycle: `a.first` → `b.middle` → `a.first`", "`tags` refers to `arn`"],
    );
    // Nothing but values, no resource between them.
    wrong(
        &format!("{PAIR}resource a: Left {{ given = b.given_back }}\nresource b: Left {{ given = a.given_back }}\n"),
        &["dependency cycle: `a` → `b` → `a`"],
    );
    wrong("let a = b\nlet b = a\n", &["dependency cycle: `a` → `b` → `a`"]);
    wrong("resource a: aws.logs.LogGroup { log_group_name = a.arn }\n", &["dependency cycle: `a` → `a`", "`a` refers to itself"]);
}

const GROUPS: &str = r#"
resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
"#;

fn group(name: &str, description: &str, rules: &str) -> String {
    format!(
        "resource {name}: aws.ec2.SecurityGroup {{ group_description = \"{description}\", vpc_id = net, security_group_ingress = [{rules}] }}\n"
    )
}

fn rule(of: &str) -> String {
    format!("{{ ip_protocol = \"-1\", source_security_group_id = {of} }}")
}

/// Made, asked again, changed, replaced and destroyed in the sandbox, which refuses to delete what another group names.
#[test]
fn security_groups_allow_themselves_and_each_other() {
    let alone = group("a", "a", &rule("a"));
    let pair = group("a", "a", &format!("{}, {}", rule("b"), rule("a.group_id"))) + &group("b", "b", &rule("a.id"));
    let ring: String = (0..5).map(|n| group(&format!("g{n}"), "g", &rule(&format!("g{}", (n + 1) % 5)))).collect();
    let by_let = format!(
        "let all = [{{ ip_protocol = \"-1\", source_security_group_id = b }}]\n{}{}",
        group("a", "a", "all[0]"),
        group("b", "b", &rule("a"))
    );
    for groups in [&alone, &pair, &ring, &by_let] {
        right(&format!("{GROUPS}{groups}"));
        right(&format!(
            "test \"life\" {{\n{GROUPS}{groups}  apply\n  assert plan.changes == 0\n  destroy\n  apply\n  assert plan.changes == 0\n  destroy\n}}\n"
        ));
    }
    let port = "{ ip_protocol = \"tcp\", from_port = port, to_port = port, source_security_group_id = b }";
    let changing = group("a", "${words}", port).replace("vpc_id", "@replace = \"create_first\", vpc_id") + &group("b", "b", &rule("a"));
    right(&format!(
        "test \"changes\" {{\n  param port: Int = 80\n  param words: String = \"a\"\n{GROUPS}{changing}  apply\n  with {{ port = 81 }}\n  \
         assert plan.updates == [\"a\"]\n  apply\n  assert plan.changes == 0\n  with {{ words = \"another\" }}\n  assert plan.replaces == [\"a\"]\n  \
         apply\n  assert plan.changes == 0\n  destroy\n}}\n"
    ));
}

#[test]
fn rules_of_security_groups_are_resources_of_their_own_too() {
    let rules = r#"
resource a: aws.ec2.SecurityGroup { group_description = "a", vpc_id = net }
resource b: aws.ec2.SecurityGroup { group_description = "b", vpc_id = net, security_group_egress = [] }
resource in_a: aws.ec2.SecurityGroupIngress { group_id = a, ip_protocol = "tcp", from_port = 80, to_port = 80, source_security_group_id = b, description = words }
resource in_b: aws.ec2.SecurityGroupIngress { group_id = b, ip_protocol = "-1", source_security_group_id = b }
resource out_b: aws.ec2.SecurityGroupEgress { group_id = b, ip_protocol = "tcp", from_port = 80, to_port = 80, destination_security_group_id = a }
"#;
    right(&format!(
        "test \"life\" {{\n  param words: String = \"one\"\n{GROUPS}{rules}  apply\n  assert plan.changes == 0\n  with {{ words = \"two\" }}\n  \
         assert plan.updates == [\"in_a\"]\n  apply\n  assert plan.changes == 0\n  destroy\n}}\n"
    ));
}

/// The analysis of networks sees rules wherever they stand.
#[test]
fn a_path_through_a_rule_of_its_own_is_found() {
    let around = r#"
resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
resource inner: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.1.0/24 }
resource other: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.2.0/24 }
resource groups: aws.rds.DBSubnetGroup { db_subnet_group_name = "g", db_subnet_group_description = "d", subnet_ids = [inner, other] }
resource guard: aws.ec2.SecurityGroup { group_description = "db", vpc_id = main }
resource db: aws.rds.DBInstance {
  engine = "postgres", db_instance_class = "db.t3.micro", allocated_storage = 20GiB, master_username = "root"
  manage_master_user_password = true, db_subnet_group_name = groups, vpc_security_groups = [guard]
}
"#;
    let asked = "assert reachable(inner, db, 5432)\n";
    let allowed = "resource allowed: aws.ec2.SecurityGroupIngress { group_id = guard, ip_protocol = \"tcp\", from_port = 5432, to_port = 5432, cidr_ip = 10.0.0.0/16 }\n";
    right(&format!("{around}{allowed}{asked}"));
    let (sources, told) = errors(&format!("{around}{asked}"));
    assert!(told.iter().any(|d| d.code.0 == 512), "{}", shown(&sources, &told));
    let backwards = "resource wrong: aws.ec2.SecurityGroupIngress { group_id = guard, ip_protocol = \"tcp\", from_port = 90, to_port = 80, cidr_ip = 10.0.0.0/16 }\n";
    let (sources, told) = errors(&format!("{around}{backwards}"));
    assert!(told.iter().any(|d| d.code.0 == 510), "{}", shown(&sources, &told));
}
