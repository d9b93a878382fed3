//! Networks: what is right is not called wrong, what is unknown is not guessed, and the answers are those of a slower and simpler mind.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use plat::network::{RangeIndex, TYPES};
use plat::value::Value;
use proptest::prelude::*;

use super::{desired, registry, shown};

/// A program about which nothing is to be told, and what its asserts come to: `None` while that is not known.
pub(super) fn verdicts(text: &str) -> Vec<Option<bool>> {
    let desired = desired(text);
    let verdict = |value: &Value| if let Value::Bool(verdict) = value { Some(*verdict) } else { None };
    desired.asserts.iter().map(|assert| verdict(&assert.condition)).collect()
}

fn holds(text: &str) {
    let (sources, told) = super::errors(text);
    assert!(told.is_empty(), "{text}\n{}", shown(&sources, &told));
    assert!(verdicts(text).iter().all(|verdict| *verdict == Some(true)), "{text}");
}

pub(super) const NETWORK: &str = r#"
resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
resource igw: aws.ec2.InternetGateway { }
resource attachment: aws.ec2.VPCGatewayAttachment { vpc_id = main, internet_gateway_id = igw }
resource public: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.0.0/24, map_public_ip_on_launch = true }
resource routes: aws.ec2.RouteTable { vpc_id = main }
resource association: aws.ec2.SubnetRouteTableAssociation { subnet_id = public, route_table_id = routes }
resource way_out: aws.ec2.Route { route_table_id = routes, destination_cidr_block = 0.0.0.0/0, gateway_id = igw, @after = [attachment] }
resource address: aws.ec2.EIP { domain = "vpc", @after = [attachment] }
resource nat: aws.ec2.NatGateway { subnet_id = public, allocation_id = address, @after = [way_out] }
resource app: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.10.0/24 }
resource app_routes: aws.ec2.RouteTable { vpc_id = main }
resource app_association: aws.ec2.SubnetRouteTableAssociation { subnet_id = app, route_table_id = app_routes }
resource app_out: aws.ec2.Route { route_table_id = app_routes, destination_cidr_block = 0.0.0.0/0, nat_gateway_id = nat }
resource inner: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.20.0/24 }
resource role: aws.iam.Role { role_name = "r", assume_role_policy_document = { Version = "2012-10-17", Statement = [] } }
"#;

fn database(name: &str, subnet: &str, groups: &str, more: &str) -> String {
    format!(
        r#"
resource {name}_subnets: aws.rds.DBSubnetGroup {{ db_subnet_group_name = "{name}", db_subnet_group_description = "d", subnet_ids = [{subnet}] }}
resource {name}: aws.rds.DBInstance {{
  db_instance_identifier = "{name}", db_instance_class = "db.t3.micro", engine = "postgres", allocated_storage = 20GiB
  master_username = "root", manage_master_user_password = true, db_subnet_group_name = {name}_subnets
  {groups}
  {more}
}}
"#
    )
}

fn group(name: &str, ingress: &str, more: &str) -> String {
    format!(
        "resource {name}: aws.ec2.SecurityGroup {{ group_description = \"{name}\", vpc_id = main, security_group_ingress = [{ingress}], {more} }}\n"
    )
}

fn open(port: u16, source: &str) -> String {
    format!("{{ ip_protocol = \"tcp\", from_port = {port}, to_port = {port}, {source} }}")
}

#[test]
fn a_network_of_three_tiers_is_as_it_looks() {
    holds(&format!(
        r#"{NETWORK}
assert reachable(public, internet) && reachable(internet, public, 443)
assert reachable(app, internet, 443) && !reachable(internet, app)
assert !reachable(inner, internet) && !reachable(internet, inner)
assert reachable(app, inner) && reachable(inner, app, 53, "udp")
assert reachable(app, 8.8.8.8/32, 53, "udp") && !reachable(inner, 8.8.8.8/32)
assert reachable(igw, public) == reachable(internet, public), "an internet gateway stands for what is beyond it"
assert !reachable(10.99.0.0/16, inner), "a private range that nothing leads to"
assert reachable(10.0.99.0/24, inner), "a part of the network itself"
"#
    ));
}

#[test]
fn databases_let_in_whom_their_groups_name() {
    let client = group("client", "", "");
    let access = group("access", &open(5432, "source_security_group_id = client"), "");
    let by_group = database("db", "inner", "vpc_security_groups = [access]", "");
    let other =
        database("one", "app", "vpc_security_groups = [client]", "") + &database("two", "app", "vpc_security_groups = [access]", "");
    holds(&format!(
        "{NETWORK}{client}{access}{by_group}{other}
assert reachable(one, db) && reachable(one, db, 5432) && !reachable(one, db, 5433) && !reachable(one, db, 5432, \"udp\")
assert !reachable(two, db) && !reachable(app, db) && !reachable(internet, db)
assert !reachable(db, one), \"`client` lets nobody in\""
    ));
}

#[test]
fn a_group_that_names_itself_lets_its_own_in() {
    let access = format!(
        "resource shared: aws.ec2.SecurityGroup {{ group_description = \"s\", vpc_id = main }}\n{}",
        group("access", &open(5432, "source_security_group_id = main.default_security_group"), "")
    );
    let a = database("a", "inner", "", "") + &database("b", "app", "", "") + &database("c", "app", "vpc_security_groups = [access]", "");
    holds(&format!(
        "{NETWORK}{access}{a}
assert reachable(a, b) && reachable(b, a), \"both have the network's default group\"
assert reachable(a, c) && !reachable(c, a)"
    ));
}

#[test]
fn clusters_and_their_nodes_share_a_group() {
    let access = group("access", &open(5432, "source_security_group_id = cluster.cluster_security_group_id"), "");
    let db = database("db", "inner", "vpc_security_groups = [access]", "");
    holds(&format!(
        r#"{NETWORK}{access}{db}
resource cluster: aws.eks.Cluster {{
  name = "c", role_arn = role
  resources_vpc_config = {{ subnet_ids = [app, inner], endpoint_private_access = true, endpoint_public_access = false }}
}}
resource open: aws.eks.Cluster {{ name = "o", role_arn = role, resources_vpc_config = {{ subnet_ids = [app, inner] }} }}
resource nodes: aws.eks.Nodegroup {{ cluster_name = cluster, node_role = role, subnets = [app] }}
resource alone: aws.eks.Nodegroup {{ cluster_name = cluster, node_role = role, subnets = [inner] }}
assert reachable(nodes, cluster, 443) && reachable(cluster, nodes) && reachable(nodes, alone)
assert reachable(nodes, db) && !reachable(db, cluster) && !reachable(app, cluster)
assert !reachable(internet, cluster) && reachable(internet, open, 443) && !reachable(internet, open, 22)
assert reachable(nodes, open), "over the internet: the API of `open` is nowhere else"
assert !reachable(alone, open), "`inner` has no way out"
assert reachable(nodes, internet) && !reachable(alone, internet)
"#
    ));
}

#[test]
fn a_public_database_is_reached_by_whom_it_lets_in() {
    let public = database("db", "public", "vpc_security_groups = [access]", "publicly_accessible = true");
    let everyone = group("access", &open(5432, "cidr_ip = 0.0.0.0/0"), "");
    let office = group("access", &open(5432, "cidr_ip = 203.0.113.0/24"), "");
    let inside = group("access", &open(5432, "cidr_ip = 10.0.0.0/16"), "");
    holds(&format!("{NETWORK}{everyone}{public}assert reachable(internet, db) && reachable(198.51.100.0/24, db) && reachable(app, db)"));
    holds(&format!("{NETWORK}{office}{public}assert reachable(internet, db) && !reachable(198.51.100.0/24, db) && !reachable(app, db)"));
    holds(&format!("{NETWORK}{inside}{public}assert !reachable(internet, db) && reachable(app, db)"));
}

#[test]
fn two_networks_meet_over_the_internet_or_a_peering() {
    let other = r#"
resource other: aws.ec2.VPC { cidr_block = 10.1.0.0/16 }
resource far: aws.ec2.Subnet { vpc_id = other, cidr_block = 10.1.1.0/24 }
resource far_routes: aws.ec2.RouteTable { vpc_id = other }
resource far_association: aws.ec2.SubnetRouteTableAssociation { subnet_id = far, route_table_id = far_routes }
"#;
    let peering = r#"
resource there: aws.ec2.Route { route_table_id = app_routes, destination_cidr_block = 10.1.0.0/16, vpc_peering_connection_id = "pcx-1" }
resource back: aws.ec2.Route { route_table_id = far_routes, destination_cidr_block = 10.0.0.0/16, vpc_peering_connection_id = "pcx-1" }
"#;
    holds(&format!("{NETWORK}{other}assert !reachable(app, far) && !reachable(far, app)"));
    holds(&format!("{NETWORK}{other}{peering}assert reachable(app, far) && reachable(far, app) && !reachable(inner, far)"));
    let own = peering.replace("\"pcx-1\"", "peering");
    let between = |a: &str, b: &str| format!("resource peering: aws.ec2.VPCPeeringConnection {{ vpc_id = {a}, peer_vpc_id = {b} }}\n");
    holds(&format!("{NETWORK}{other}{own}{}assert reachable(app, far) && reachable(far, app)", between("main", "other")));
    holds(&format!("{NETWORK}{other}{own}{}assert reachable(app, far) && reachable(far, app)", between("other", "main")));
    let public = database("db", "public", "vpc_security_groups = [access]", "publicly_accessible = true");
    let everyone = group("access", &open(5432, "cidr_ip = 0.0.0.0/0"), "");
    let way = r#"
resource far_igw: aws.ec2.InternetGateway { }
resource far_attachment: aws.ec2.VPCGatewayAttachment { vpc_id = other, internet_gateway_id = far_igw }
resource far_out: aws.ec2.Route { route_table_id = far_routes, destination_cidr_block = 0.0.0.0/0, gateway_id = far_igw, @after = [far_attachment] }
"#;
    let far = other.replace("10.1.1.0/24 }", "10.1.1.0/24, map_public_ip_on_launch = true }");
    holds(&format!("{NETWORK}{far}{way}{everyone}{public}assert reachable(far, db) && reachable(far, app) == false"));
}

/// What is made elsewhere is not guessed at: neither found wrong nor answered for.
#[test]
fn what_the_program_does_not_say_is_unknown() {
    let foreign = r#"
param vpc: Id<aws.ec2.VPC> = "vpc-0123456789abcdef0"
param table: Id<aws.ec2.RouteTable> = "rtb-1"
resource public: aws.ec2.Subnet { vpc_id = vpc, cidr_block = 10.0.0.0/24, map_public_ip_on_launch = true }
resource routes: aws.ec2.Route { route_table_id = table, destination_cidr_block = 0.0.0.0/0, gateway_id = "igw-1" }
resource address: aws.ec2.EIP { domain = "vpc" }
resource nat: aws.ec2.NatGateway { subnet_id = public, allocation_id = address }
resource access: aws.ec2.SecurityGroup {
  group_description = "a", vpc_id = vpc
  security_group_ingress = [{ ip_protocol = "tcp", from_port = 80, to_port = 80, cidr_ip = 192.168.0.0/16 }]
}
"#;
    holds(foreign);
    assert_eq!(verdicts(&format!("{foreign}assert reachable(public, internet)")), [None]);
    assert_eq!(verdicts(&format!("{foreign}assert !reachable(internet, public)")), [None]);
    let line = r#"
resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
resource line: aws.ec2.VPCGatewayAttachment { vpc_id = main, vpn_gateway_id = "vgw-1" }
resource access: aws.ec2.SecurityGroup {
  group_description = "a", vpc_id = main
  security_group_ingress = [{ ip_protocol = "tcp", from_port = 80, to_port = 80, cidr_ip = 192.168.0.0/16 }]
}
resource inner: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.0.0/24 }
"#;
    holds(line);
    assert_eq!(verdicts(&format!("{line}assert reachable(192.168.0.0/16, inner)")), [None]);
    // Zones are looked up: until they are known, a subnet of one may still come.
    let zones = r#"
lookup zones: aws.ec2.AvailabilityZones { state = "available" }
resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
resource one: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.0.0/24, map_public_ip_on_launch = true }
resource more: aws.ec2.Subnet for zone in zones.names { vpc_id = main, cidr_block = 10.0.1.0/24, availability_zone = zone }
assert !reachable(internet, one)
"#;
    assert_eq!(verdicts(zones), [None]);
}

/// A part of the condition that is not about the network is as before: no story, and the plan tells.
#[test]
fn other_asserts_are_left_to_the_plan() {
    let text = format!("{NETWORK}assert main.cidr_block == 10.1.0.0/16");
    assert_eq!(verdicts(&text), [Some(false)]);
    assert!(super::errors(&text).1.is_empty());
    let text = format!("{NETWORK}assert reachable(app, inner) && main.cidr_block == 10.1.0.0/16");
    assert_eq!(verdicts(&text), [Some(false)]);
    assert!(super::errors(&text).1.is_empty(), "what is reached is not why it fails");
}

#[test]
fn every_attribute_that_is_read_is_one() {
    for (name, attributes) in TYPES {
        let schema = registry().get(name).unwrap_or_else(|| panic!("there is no {name}"));
        for attribute in attributes {
            assert!(schema.attribute(attribute).is_some(), "{name} has no `{attribute}`");
        }
    }
}

fn net() -> impl Strategy<Value = IpNet> {
    let v4 = (any::<u32>(), 0..=32u8)
        .prop_map(|(bits, length)| IpNet::V4(Ipv4Net::new(Ipv4Addr::from(bits & 0x0003_ff0f), length).unwrap().trunc()));
    let v6 = (any::<u8>(), 100..=128u8).prop_map(|(low, length)| format!("fd00::{low:x}/{length}").parse::<IpNet>().unwrap().trunc());
    prop_oneof![8 => v4, 1 => v6]
}

fn share(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}

/// What is put into words: a rule of a group. `peer`: a range, or the position of a group.
#[derive(Debug, Clone)]
struct Rule {
    protocol: &'static str,
    ports: (u16, u16),
    peer: Result<(u8, u8), usize>,
}

fn rule() -> impl Strategy<Value = Rule> {
    let peer = prop_oneof![3 => (any::<u8>(), 24..=32u8).prop_map(Ok), 1 => (0..3usize).prop_map(Err)];
    (prop_oneof![3 => Just("tcp"), 1 => Just("udp"), 1 => Just("-1")], 1150..1154u16, 0..3u16, peer)
        .prop_map(|(protocol, from, more, peer)| Rule { protocol, ports: (from, from + more), peer })
}

impl Rule {
    fn range(&self) -> Option<Ipv4Net> {
        self.peer.ok().map(|(low, length)| Ipv4Net::new(Ipv4Addr::new(10, 0, 0, low), length).unwrap().trunc())
    }

    fn text(&self, side: &str) -> String {
        let ports =
            if self.protocol == "-1" { String::new() } else { format!("from_port = {}, to_port = {}, ", self.ports.0, self.ports.1) };
        let peer = match (self.range(), &self.peer) {
            (Some(net), _) => format!("cidr_ip = {net}"),
            (None, Err(group)) => format!("{side}_security_group_id = g{group}"),
            (None, Ok(_)) => unreachable!(),
        };
        format!("{{ ip_protocol = \"{}\", {ports}{peer} }}", self.protocol)
    }

    /// One packet: is it let through? `groups` are those of the machine at the other end.
    fn lets(&self, port: u16, other: Ipv4Addr, groups: &[usize]) -> bool {
        let traffic = self.protocol == "-1" || (self.protocol == "tcp" && self.ports.0 <= port && port <= self.ports.1);
        let peer = match &self.peer {
            Ok(_) => self.range().is_some_and(|net| net.contains(&other)),
            Err(group) => groups.contains(group),
        };
        traffic && peer
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_index_of_ranges_agrees_with_looking_at_every_pair(ranges in prop::collection::vec(net(), 0..24), asked in net()) {
        let index = RangeIndex::new(ranges.iter().copied());
        let found = index.overlapping(asked);
        prop_assert_eq!(found.is_some(), ranges.iter().any(|range| share(*range, asked)));
        if let Some(position) = found {
            prop_assert!(share(ranges[position], asked));
        }
        let told: Vec<_> = index.overlaps().collect();
        for (a, b) in &told {
            prop_assert!(a != b && share(ranges[*a], ranges[*b]));
        }
        // Every range that shares addresses with some other is in some pair.
        for (position, range) in ranges.iter().enumerate() {
            let shares = ranges.iter().enumerate().any(|(other, net)| other != position && share(*range, *net));
            let named = told.iter().any(|(a, b)| *a == position || *b == position);
            prop_assert!(!named || shares);
            if shares {
                let group_named = told.iter().any(|(a, b)| share(ranges[*a], *range) || share(ranges[*b], *range));
                prop_assert!(group_named);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every address of the one end tries every address of the other; the answer is yes exactly when one of them gets through.
    #[test]
    fn who_reaches_whom_agrees_with_sending_every_packet(
        ingress in prop::collection::vec(prop::collection::vec(rule(), 0..3), 3),
        egress in prop::collection::vec(prop::option::of(prop::collection::vec(rule(), 0..3)), 3),
        from_groups in prop::sample::subsequence(vec![0usize, 1, 2], 1..=2),
        to_groups in prop::sample::subsequence(vec![0usize, 1, 2], 1..=2),
        port in 1150..1155u16,
    ) {
        let mut text = "resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/24 }
resource a: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.0.0/28 }
resource b: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.0.128/28 }\n".to_owned();
        let list = |rules: &[Rule], side: &str| rules.iter().map(|rule| rule.text(side)).collect::<Vec<_>>().join(", ");
        // A group that names another waits for it; only those before it can be named without a circle.
        let mut before: Vec<(Vec<Rule>, Option<Vec<Rule>>)> = Vec::new();
        for (position, (ingress, egress)) in ingress.iter().zip(&egress).enumerate() {
            let kept = |rules: &Vec<Rule>| rules.iter().filter(|r| r.peer.is_ok() || r.peer.is_err_and(|g| g < position)).cloned().collect::<Vec<_>>();
            let (ingress, egress) = (kept(ingress), egress.as_ref().map(kept));
            let out = egress.as_ref().map(|rules| format!("security_group_egress = [{}]", list(rules, "destination"))).unwrap_or_default();
            text += &group(&format!("g{position}"), &list(&ingress, "source"), &out);
            before.push((ingress, egress));
        }
        let names = |groups: &[usize]| groups.iter().map(|g| format!("g{g}")).collect::<Vec<_>>().join(", ");
        text += &database("x", "a", &format!("vpc_security_groups = [{}]", names(&from_groups)), "");
        text += &database("y", "b", &format!("vpc_security_groups = [{}]", names(&to_groups)), &format!("port = {port}"));
        text += "assert reachable(x, y)\nassert reachable(a, y)\n";

        let hosts = |net: &str| net.parse::<Ipv4Net>().unwrap().hosts().chain([net.parse::<Ipv4Net>().unwrap().network(), net.parse::<Ipv4Net>().unwrap().broadcast()]).collect::<Vec<_>>();
        let sent = |groups: Option<&[usize]>| hosts("10.0.0.0/28").into_iter().any(|source| hosts("10.0.0.128/28").into_iter().any(|target| {
            let out = groups.is_none_or(|groups| groups.iter().any(|g| before[*g].1.as_ref().is_none_or(|rules| rules.iter().any(|r| r.lets(port, target, &to_groups)))));
            out && to_groups.iter().any(|g| before[*g].0.iter().any(|r| r.lets(port, source, groups.unwrap_or(&[]))))
        }));
        let expected = vec![Some(sent(Some(&from_groups))), Some(sent(None))];
        prop_assert_eq!(verdicts(&text), expected, "{}", text);
    }
}
