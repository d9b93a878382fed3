//! The form in which EC2 keeps a rule.

use std::sync::Arc;

use plat::value::{Object, Value};

/// Protocols that EC2 names, by number.
const NAMED: [(&str, &str); 4] = [("1", "icmp"), ("6", "tcp"), ("17", "udp"), ("58", "icmpv6")];

/// The ports of a rule, or the type and code of ICMP.
pub(super) type Ports = (Option<i64>, Option<i64>);

/// Returns the name by which EC2 answers for a protocol.
pub(super) fn protocol_name(protocol: &str) -> String {
    let lower = protocol.to_ascii_lowercase();
    if lower == "all" {
        return "-1".to_owned();
    }
    NAMED.iter().find(|(number, _)| *number == lower).map_or(lower, |(_, name)| (*name).to_owned())
}

/// Returns the ports that EC2 keeps for a protocol by its name: it answers -1 for ICMP without a type, and disregards the
/// ports of a protocol that has none.
///
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>
pub(super) fn kept_ports(protocol: &str, ports: Ports) -> Ports {
    match protocol {
        "tcp" | "udp" => ports,
        "icmp" | "icmpv6" => (ports.0.or(Some(-1)), ports.1.or(Some(-1))),
        _ => (None, None),
    }
}

/// Returns a list of rules as EC2 answers it.
pub(in crate::ec2) fn canonical_rules(rules: &Value) -> Value {
    match rules {
        Value::List(rules) => Value::list(rules.iter().map(|rule| match rule {
            Value::Object(rule) => Value::Object(Arc::new(canonical_rule(rule))),
            other => other.clone(),
        })),
        other => other.clone(),
    }
}

/// Returns a protocol as EC2 answers it.
pub(in crate::ec2) fn canonical_protocol(protocol: &Value) -> Value {
    match protocol {
        Value::String(protocol) => Value::str(protocol_name(protocol)),
        other => other.clone(),
    }
}

/// Returns a port, or a type or code of ICMP, with -1 as what is left out: both are all of them.
pub(in crate::ec2) fn canonical_port(port: &Value) -> Value {
    match port {
        Value::Int(-1) => Value::Null,
        other => other.clone(),
    }
}

fn canonical_rule(rule: &Object) -> Object {
    let mut kept = rule.clone();
    if matches!(rule.get("description"), Some(Value::String(text)) if text.is_empty()) {
        kept.remove("description");
    }
    let port = |name: &str| match rule.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::Int(port)) => Some(Some(*port)),
        Some(_) => None,
    };
    let Some(Value::String(protocol)) = rule.get("ip_protocol") else { return kept };
    let protocol = protocol_name(protocol);
    if let (Some(from), Some(to)) = (port("from_port"), port("to_port")) {
        let (from, to) = kept_ports(&protocol, (from, to));
        for (name, port) in [("from_port", from), ("to_port", to)] {
            match port {
                Some(port) => kept.insert(name.into(), Value::Int(port)),
                None => kept.remove(name),
            };
        }
    }
    kept.insert("ip_protocol".into(), Value::str(protocol));
    kept
}

#[cfg(test)]
mod tests {
    use plat::schema::{Attribute, Resource};

    use super::*;
    use crate::ec2::SecurityGroup;

    fn attribute() -> Attribute {
        SecurityGroup::schema().attribute("security_group_ingress").unwrap().clone()
    }

    fn rule(protocol: &str, ports: Option<(i64, i64)>, more: &[(&str, &str)]) -> Value {
        let mut rule = Object::new();
        rule.insert("ip_protocol".into(), Value::str(protocol));
        if let Some((from, to)) = ports {
            rule.insert("from_port".into(), Value::Int(from));
            rule.insert("to_port".into(), Value::Int(to));
        }
        rule.insert("cidr_ip".into(), Value::Cidr("10.0.0.0/8".parse().unwrap()));
        for (name, text) in more {
            rule.insert((*name).into(), Value::str(*text));
        }
        Value::list([Value::Object(Arc::new(rule))])
    }

    #[test]
    fn the_same_rule_in_other_words_is_no_difference() {
        let same = |asked: Value, observed: Value| attribute().same(&asked, &observed);
        assert!(same(rule("TCP", Some((22, 22)), &[]), rule("tcp", Some((22, 22)), &[])));
        assert!(same(rule("6", Some((22, 22)), &[]), rule("tcp", Some((22, 22)), &[])));
        assert!(same(rule("58", None, &[]), rule("icmpv6", Some((-1, -1)), &[])));
        assert!(same(rule("50", None, &[]), rule("50", Some((-1, -1)), &[])));
        assert!(same(rule("-1", Some((-1, -1)), &[]), rule("-1", None, &[])));
        assert!(same(rule("all", None, &[("description", "")]), rule("-1", None, &[])));
        assert!(!same(rule("tcp", Some((22, 22)), &[]), rule("tcp", Some((22, 23)), &[])));
        assert!(!same(rule("udp", Some((22, 22)), &[]), rule("tcp", Some((22, 22)), &[])));
        assert!(!same(rule("icmpv6", Some((128, 0)), &[]), rule("icmpv6", Some((-1, -1)), &[])));
    }
}
