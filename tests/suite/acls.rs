//! Network ACLs: what `reachable` says of them, one by one and against every packet sent.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use proptest::prelude::*;

use super::networks::{NETWORK, verdicts};

/// The answers when `inner` has a network ACL with these rules: `in 100 allow 6 10.0.0.0/16 443-443`, one a line.
fn with_acl(rules: &str, asserts: &str) -> Vec<Option<bool>> {
    let mut text = format!(
        "{NETWORK}resource acl: aws.ec2.NetworkAcl {{ vpc_id = main }}\n\
         resource guarded: aws.ec2.SubnetNetworkAclAssociation {{ subnet_id = inner, network_acl_id = acl }}\n"
    );
    for (number, rule) in rules.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        text += &entry(&format!("rule{number}"), "acl", rule);
    }
    verdicts(&(text + asserts))
}

fn entry(name: &str, acl: &str, rule: &str) -> String {
    let words: Vec<&str> = rule.split_whitespace().collect();
    let ports = words.get(5).map(|ports| {
        let (from, to) = ports.split_once('-').unwrap();
        format!(", port_range = {{ from = {from}, to = {to} }}")
    });
    format!(
        "resource {name}: aws.ec2.NetworkAclEntry {{\n  network_acl_id = {acl}, egress = {}, rule_number = {}, rule_action = \"{}\"\n  \
         protocol = {}, cidr_block = {}{}\n}}\n",
        words[0] == "out",
        words[1],
        words[2],
        words[3],
        words[4],
        ports.unwrap_or_default()
    )
}

/// Both lists are asked, for the call and for its answer; the first rule that fits decides.
#[test]
fn network_acls_are_followed() {
    let to_inner = |rules: &str| with_acl(rules, "assert reachable(app, inner, 443)")[0];
    let answers = "out 100 allow 6 10.0.10.0/24 1024-65535";
    assert_eq!(to_inner(""), Some(false), "a list without rules lets nothing through");
    assert_eq!(to_inner("in 100 allow 6 10.0.0.0/16 443-443"), Some(false), "no rule for answers");
    assert_eq!(to_inner(answers), Some(false));
    assert_eq!(to_inner(&format!("in 100 allow 6 10.0.0.0/16 443-443\n{answers}")), Some(true));
    assert_eq!(to_inner(&format!("in 100 allow 6 10.0.11.0/24 443-443\n{answers}")), Some(false), "another subnet");
    assert_eq!(to_inner(&format!("in 100 allow 17 10.0.0.0/16 443-443\n{answers}")), Some(false), "another protocol");
    assert_eq!(to_inner(&format!("in 90 deny 6 10.0.10.0/24 0-65535\nin 100 allow -1 0.0.0.0/0\n{answers}")), Some(false), "refused first");
    assert_eq!(
        to_inner(&format!("in 110 deny 6 10.0.10.0/24 0-65535\nin 100 allow -1 0.0.0.0/0\n{answers}")),
        Some(true),
        "refused too late"
    );
    assert_eq!(to_inner(&format!("in 90 deny 6 10.0.10.0/25 0-65535\nin 100 allow -1 0.0.0.0/0\n{answers}")), Some(true), "half is left");
    let halves = "in 90 allow 6 10.0.10.0/25 443-443\nout 100 allow 6 10.0.10.128/25 1024-65535";
    assert_eq!(to_inner(halves), Some(false), "those that may call get no answer");
    assert_eq!(to_inner("in 100 allow 6 10.0.0.0/16 443-443\nout 100 allow 6 10.0.10.0/24 80-1023"), Some(false));
}

/// Where no port is asked for, any that all let through will do.
#[test]
fn network_acls_and_any_port() {
    let any = |rules: &str| with_acl(rules, "assert reachable(app, inner)")[0];
    assert_eq!(any("in 100 allow 6 10.0.0.0/16 443-443\nout 100 allow -1 0.0.0.0/0"), Some(true));
    assert_eq!(any("in 100 allow 47 10.0.0.0/16\nout 100 allow 47 0.0.0.0/0"), Some(true), "a protocol without ports");
    assert_eq!(any("in 100 allow 47 10.0.0.0/16\nout 100 allow 6 0.0.0.0/0 0-65535"), Some(false));
    let asserts = "assert reachable(inner, app)\nassert reachable(inner, internet)\nassert reachable(app, public)\nassert reachable(10.0.20.7/32, inner)";
    assert_eq!(with_acl("", asserts), [Some(false), Some(false), Some(true), Some(true)], "within a subnet no list is asked");
}

/// What passes through a NAT gateway crosses the borders of its subnet, there and back.
#[test]
fn network_acls_around_a_nat_gateway() {
    let guarded = r#"
resource acl: aws.ec2.NetworkAcl { vpc_id = main }
resource guarded: aws.ec2.SubnetNetworkAclAssociation { subnet_id = public, network_acl_id = acl }
"#;
    let leaves = |rules: &[&str]| {
        let entries: String = rules.iter().enumerate().map(|(n, rule)| entry(&format!("rule{n}"), "acl", rule)).collect();
        verdicts(&format!("{NETWORK}{guarded}{entries}assert reachable(app, internet, 443)"))[0]
    };
    let inside = ["in 100 allow 6 10.0.0.0/16 443-443", "out 100 allow 6 10.0.0.0/16 1024-65535"];
    let outside = ["out 110 allow 6 0.0.0.0/0 443-443", "in 110 allow 6 0.0.0.0/0 1024-65535"];
    assert_eq!(leaves(&[inside[0], inside[1], outside[0], outside[1]]), Some(true));
    assert_eq!(leaves(&inside), Some(false));
    assert_eq!(leaves(&[inside[0], outside[0], outside[1]]), Some(false), "no answer to the machine");
    assert_eq!(leaves(&[inside[0], inside[1], outside[0]]), Some(false), "no answer from the internet");
}

/// The list that comes with a network lets everything through, until the program adds to it.
#[test]
fn rules_of_default_network_acls() {
    let with = |acl: &str, rule: &str| {
        let entry = entry("added", acl, rule);
        verdicts(&format!("{NETWORK}param foreign: Id<aws.ec2.NetworkAcl> = \"acl-1\"\n{entry}assert reachable(app, inner, 22)"))
    };
    assert_eq!(with("main.default_network_acl", "in 90 deny 6 10.0.0.0/16 22-22"), [Some(false)]);
    assert_eq!(with("main.default_network_acl", "in 90 deny 6 10.0.0.0/16 23-23"), [Some(true)]);
    assert_eq!(with("main.default_network_acl", "in 110 deny 6 10.0.0.0/16 22-22"), [Some(true)]);
    assert_eq!(with("foreign", "in 90 deny 6 10.0.0.0/16 22-22"), [None], "it may be the default one");
}

#[derive(Debug, Clone)]
struct Rule {
    egress: bool,
    allows: bool,
    protocol: i16,
    range: &'static str,
    ports: (u16, u16),
}

/// Rules that meet often: few ranges and ports, of two subnets 10.0.0.0/28 and 10.0.0.128/28.
fn rule() -> impl Strategy<Value = Rule> {
    let range = prop::sample::select(vec![
        "10.0.0.0/28",
        "10.0.0.0/29",
        "10.0.0.3/32",
        "10.0.0.128/28",
        "10.0.0.136/29",
        "10.0.0.130/32",
        "10.0.0.0/24",
        "0.0.0.0/0",
    ]);
    let ports = prop::sample::select(vec![(0, 65_535), (0, 65_535), (443, 443), (400, 1_200), (1_024, 65_535), (2_000, 2_000), (0, 1_023)]);
    let protocol = prop::sample::select(vec![-1, 6, 6, 17, 47]);
    (any::<bool>(), prop::bool::weighted(0.7), protocol, range, ports).prop_map(|(egress, allows, protocol, range, ports)| Rule {
        egress,
        allows,
        protocol,
        range,
        ports,
    })
}

impl Rule {
    fn text(&self, number: usize) -> String {
        let way = if self.egress { "out" } else { "in" };
        let action = if self.allows { "allow" } else { "deny" };
        let ports = if [6, 17].contains(&self.protocol) { format!(" {}-{}", self.ports.0, self.ports.1) } else { String::new() };
        format!("{way} {number} {action} {} {}{ports}", self.protocol, self.range)
    }

    fn fits(&self, protocol: i16, other: Ipv4Addr, port: u16) -> bool {
        let with_ports = [6, 17].contains(&protocol) && self.protocol != -1;
        (self.protocol == -1 || self.protocol == protocol)
            && self.range.parse::<Ipv4Net>().unwrap().contains(&other)
            && (!with_ports || (self.ports.0..=self.ports.1).contains(&port))
    }
}

/// One packet at one border.
fn lets(rules: &[Rule], egress: bool, protocol: i16, other: Ipv4Addr, port: u16) -> bool {
    rules.iter().find(|rule| rule.egress == egress && rule.fits(protocol, other, port)).is_some_and(|rule| rule.allows)
}

/// Every port at which some rule of [`rule`] begins or ends, and its neighbours.
const PORTS: [u16; 13] = [0, 399, 400, 443, 444, 1_023, 1_024, 1_200, 1_201, 1_999, 2_000, 2_001, 65_535];

fn hosts(net: &str) -> impl Iterator<Item = Ipv4Addr> + Clone {
    let net: Ipv4Net = net.parse().unwrap();
    let first = u32::from(net.network());
    (first..=u32::from(net.broadcast())).map(Ipv4Addr::from)
}

/// Some machine of the one subnet calls some machine of the other, and is answered.
fn talk(here: &[Rule], there: &[Rule], protocols: &[i16], ports: &[u16]) -> bool {
    let answers: Vec<u16> = PORTS.into_iter().filter(|port| *port >= 1_024).collect();
    protocols.iter().any(|protocol| {
        hosts("10.0.0.0/28").any(|source| {
            hosts("10.0.0.128/28").any(|target| {
                let called = |port: &u16| lets(here, true, *protocol, target, *port) && lets(there, false, *protocol, source, *port);
                let answered = |port: &u16| lets(there, true, *protocol, source, *port) && lets(here, false, *protocol, target, *port);
                ports.iter().any(called) && answers.iter().any(answered)
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Every address of the one subnet tries every address of the other; the answer is yes exactly when one of them is called back.
    #[test]
    fn what_network_acls_let_through_agrees_with_sending_every_packet(
        here in prop::collection::vec(rule(), 0..7),
        there in prop::collection::vec(rule(), 0..7),
        port in prop::sample::select(PORTS[1..].to_vec()),
    ) {
        let mut text = "resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/24 }
resource a: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.0.0/28 }
resource b: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.0.128/28 }\n".to_owned();
        for (subnet, rules) in [("a", &here), ("b", &there)] {
            text += &format!("resource acl_{subnet}: aws.ec2.NetworkAcl {{ vpc_id = main }}\n");
            text += &format!("resource of_{subnet}: aws.ec2.SubnetNetworkAclAssociation {{ subnet_id = {subnet}, network_acl_id = acl_{subnet} }}\n");
            for (number, rule) in rules.iter().enumerate() {
                text += &entry(&format!("rule_{subnet}{number}"), &format!("acl_{subnet}"), &rule.text(number + 1));
            }
        }
        text += &format!("assert reachable(a, b, {port})\nassert reachable(a, b)\n");
        let expected = [talk(&here, &there, &[6], &[port]), talk(&here, &there, &[6, 17, 47, 99], &PORTS)];
        prop_assert_eq!(verdicts(&text), expected.map(Some), "{}", text);
    }
}
