//! Rules of security groups. Stateful: an answer to what was let through needs no rule of its own.

use ipnet::IpNet;

use super::model::{GroupRef, Network, Resource};
use super::references::Catalogue;
use crate::value::{Object, Value};

/// What a security group lets through in one direction.
#[derive(Debug)]
pub(super) enum Rules {
    Everything,
    Listed(Vec<Rule>),
    Unknown,
}

/// One rule, in the order of the program.
#[derive(Debug)]
pub(super) struct Rule {
    /// `None`: not known.
    pub protocol: Option<Protocol>,
    /// `None`: not known.
    pub ports: Option<Ports>,
    /// As they are written, for a message.
    pub written: (Option<i64>, Option<i64>),
    pub peer: Peer,
    /// The attribute that names the peer.
    pub peer_attribute: &'static str,
    /// The resource that the rule is; `None` for one in the group's own list.
    pub resource: Option<Resource>,
}

/// Who a rule is about.
#[derive(Debug)]
pub(super) enum Peer {
    Range(IpNet),
    Group(GroupRef),
    /// A prefix list, or what is not known yet.
    Unknown,
}

/// A protocol of the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Any of them.
    All,
    /// By its number: 6 is TCP, 17 UDP, 1 ICMP.
    Number(u8),
}

impl Protocol {
    pub const TCP: Protocol = Protocol::Number(6);
    pub const UDP: Protocol = Protocol::Number(17);

    /// `tcp`, `6`, `-1`.
    pub fn parse(text: &str) -> Option<Protocol> {
        Some(match text.to_ascii_lowercase().as_str() {
            "-1" | "all" => Protocol::All,
            "tcp" => Protocol::TCP,
            "udp" => Protocol::UDP,
            "icmp" => Protocol::Number(1),
            "icmpv6" => Protocol::Number(58),
            number => Protocol::Number(number.parse().ok()?),
        })
    }

    pub(super) fn meets(self, other: Protocol) -> bool {
        self == other || self == Protocol::All || other == Protocol::All
    }

    pub(super) fn has_ports(self) -> bool {
        matches!(self, Protocol::Number(6 | 17))
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Protocol::All => f.write_str("all traffic"),
            Protocol::Number(6) => f.write_str("TCP"),
            Protocol::Number(17) => f.write_str("UDP"),
            Protocol::Number(1) => f.write_str("ICMP"),
            Protocol::Number(58) => f.write_str("ICMPv6"),
            Protocol::Number(n) => write!(f, "protocol {n}"),
        }
    }
}

/// Ports from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ports {
    pub from: i64,
    pub to: i64,
}

impl Ports {
    pub const ALL: Ports = Ports { from: 0, to: 65_535 };

    pub(super) fn one(port: u16) -> Ports {
        Ports { from: i64::from(port), to: i64::from(port) }
    }

    pub(super) fn meet(self, other: Ports) -> Option<Ports> {
        let both = Ports { from: self.from.max(other.from), to: self.to.min(other.to) };
        (both.from <= both.to).then_some(both)
    }
}

impl std::fmt::Display for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Ports::ALL => f.write_str("any port"),
            Ports { from, to } if from == to => write!(f, "port {from}"),
            Ports { from, to } => write!(f, "ports {from} to {to}"),
        }
    }
}

/// The rules that an attribute lists; `None` when it is left out. `side` is how its attributes of groups begin.
pub(super) fn rules(value: Option<&Value>, side: &str, catalogue: &Catalogue<'_>, network: &Network) -> Option<Rules> {
    let rules = match value? {
        Value::Null => return None,
        Value::List(items) => items.iter().map(|item| rule(item, side, catalogue, network)).collect(),
        _ => return Some(Rules::Unknown),
    };
    Some(Rules::Listed(rules))
}

fn rule(item: &Value, side: &str, catalogue: &Catalogue<'_>, network: &Network) -> Rule {
    match item {
        Value::Object(parts) => of_parts(parts, side, catalogue, network),
        _ => Rule::unknown(),
    }
}

/// A rule that is a resource of its own.
pub(super) fn standalone(resource: &Resource, side: &str, catalogue: &Catalogue<'_>, network: &Network) -> Rule {
    Rule { resource: Some(resource.clone()), ..of_parts(&resource.inputs, side, catalogue, network) }
}

impl Rule {
    /// One of which nothing is known.
    pub(super) fn unknown() -> Self {
        Rule { protocol: None, ports: None, written: (None, None), peer: Peer::Unknown, peer_attribute: "cidr_ip", resource: None }
    }
}

fn of_parts(parts: &Object, side: &str, catalogue: &Catalogue<'_>, network: &Network) -> Rule {
    let get = |name: &str| parts.get(name).filter(|value| !value.is_null());
    let protocol = get("ip_protocol").and_then(Value::as_str).and_then(Protocol::parse);
    let port = |name: &str| match get(name) {
        None => Some(None),
        Some(Value::Int(port)) => Some(Some(*port)),
        Some(_) => None,
    };
    let written = (port("from_port").flatten(), port("to_port").flatten());
    let ports = match (protocol, port("from_port"), port("to_port")) {
        (Some(protocol), ..) if !protocol.has_ports() => Some(Ports::ALL),
        (Some(_), Some(Some(from)), Some(Some(to))) => Some(Ports { from, to }),
        (Some(_), Some(None), Some(None)) => Some(Ports::ALL),
        _ => None,
    };
    let (source, destination) = ("source_security_group_id", "destination_security_group_id");
    let group = if side == "source_" { source } else { destination };
    let (peer, peer_attribute) = match (get("cidr_ip"), get("cidr_ipv6"), get(group)) {
        (Some(Value::Cidr(net)), ..) => (Peer::Range(*net), "cidr_ip"),
        (_, Some(Value::Cidr(net)), _) => (Peer::Range(*net), "cidr_ipv6"),
        (None, None, Some(value)) => (Peer::Group(network.group(value, catalogue)), group),
        _ => (Peer::Unknown, "cidr_ip"),
    };
    Rule { protocol, ports, written, peer, peer_attribute, resource: None }
}
