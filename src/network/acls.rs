//! Network ACLs: rules by number, of which the first that fits decides. Stateless: answers need rules of their own.
//!
//! What a list lets through is worked out exactly, as blocks of addresses and ports: each rule takes its part of what is left.

use ipnet::IpNet;

use super::Tri;
use super::gates::Direction;
use super::groups::{Ports, Protocol};
use super::model::{Network, Resource, cidr, flag, part};
use super::ranges::private_ranges;
use super::references::{Catalogue, Ref};
use super::vocabulary::Kind;
use crate::value::Value;

/// The rules of one list in both directions, each by number.
#[derive(Debug, Default)]
pub(super) struct Acl {
    /// `None`: the default list of a network.
    pub resource: Option<Resource>,
    pub ingress: Vec<AclRule>,
    pub egress: Vec<AclRule>,
    /// Some rule's number or direction is not known.
    pub loose: bool,
}

#[derive(Debug, Clone)]
pub(super) struct AclRule {
    /// `None`: the rule that comes with a default list.
    pub resource: Option<Resource>,
    number: i64,
    /// `None`: not known.
    allows: Option<bool>,
    protocol: Option<Protocol>,
    ports: Option<Ports>,
    /// Only some kinds of ICMP.
    partial: bool,
    range: Option<Span4>,
}

/// The number of the rule that a default list comes with, in both directions.
/// Source: <https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html>
const DEFAULT_RULE: i64 = 100;

/// Where a client may wait for an answer. Source: <https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports>
pub(super) const EPHEMERAL: Ports = Ports { from: 1_024, to: 65_535 };

/// IPv4 addresses from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span4 {
    first: u32,
    last: u32,
}

impl Span4 {
    pub(super) const ALL: Span4 = Span4 { first: 0, last: u32::MAX };

    /// `None` for IPv6.
    pub(super) fn of(net: IpNet) -> Option<Span4> {
        match net {
            IpNet::V4(net) => Some(Span4 { first: net.network().into(), last: net.broadcast().into() }),
            IpNet::V6(_) => None,
        }
    }

    /// The addresses of the internet.
    pub(super) fn public() -> Vec<Span4> {
        private_ranges().fold(vec![Span4::ALL], |left, net| {
            let part = Span4 { first: net.network().into(), last: net.broadcast().into() };
            left.into_iter().flat_map(|span| span.without(part)).collect()
        })
    }

    pub(super) fn meet(self, other: Span4) -> Option<Span4> {
        let both = Span4 { first: self.first.max(other.first), last: self.last.min(other.last) };
        (both.first <= both.last).then_some(both)
    }

    /// What is left of it without the other.
    pub(super) fn without(self, other: Span4) -> impl Iterator<Item = Span4> {
        let before = other.first.checked_sub(1).map(|last| Span4 { first: self.first, last: last.min(self.last) });
        let after = other.last.checked_add(1).map(|first| Span4 { first: first.max(self.first), last: self.last });
        [before, after].into_iter().flatten().filter(|span| span.first <= span.last)
    }
}

/// Addresses of the other end, and the ports of this one's traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub addresses: Span4,
    pub ports: Ports,
}

impl Block {
    fn meet(self, other: Block) -> Option<Block> {
        Some(Block { addresses: self.addresses.meet(other.addresses)?, ports: self.ports.meet(other.ports)? })
    }

    /// What is left of it without a part of it.
    fn without(self, part: Block) -> impl Iterator<Item = Block> {
        let beside = self.addresses.without(part.addresses).map(move |addresses| Block { addresses, ..self });
        let below = Ports { from: self.ports.from, to: part.ports.from - 1 };
        let above = Ports { from: part.ports.to + 1, to: self.ports.to };
        let over = [below, above].into_iter().filter(|ports| ports.from <= ports.to);
        beside.chain(over.map(move |ports| Block { addresses: part.addresses, ports }))
    }
}

/// What was let through, and what refused some of the rest.
#[derive(Debug, Default)]
pub(super) struct Passed<'n> {
    /// With whether it is sure.
    pub blocks: Vec<(Block, bool)>,
    /// The first rule that refuses some of it.
    pub refused_by: Option<&'n AclRule>,
}

impl Acl {
    /// The list that comes with a network, with what the program adds to it.
    pub(super) fn of_network() -> Self {
        let rule = || AclRule {
            resource: None,
            number: DEFAULT_RULE,
            allows: Some(true),
            protocol: Some(Protocol::All),
            ports: Some(Ports::ALL),
            partial: false,
            range: Some(Span4::ALL),
        };
        Self { resource: None, ingress: vec![rule()], egress: vec![rule()], loose: false }
    }

    /// Puts a rule in its place.
    fn add(&mut self, entry: &Resource) {
        let get = |name: &str| entry.inputs.get(name);
        let (Some(Value::Int(number)), Some(egress)) = (get("rule_number"), flag(get("egress"), false)) else {
            self.loose = true;
            return;
        };
        let rules = if egress { &mut self.egress } else { &mut self.ingress };
        // A rule of IPv6 is no matter here.
        if get("ipv6_cidr_block").is_some_and(|value| !value.is_null()) {
            return;
        }
        let rule = AclRule {
            resource: Some(entry.clone()),
            number: *number,
            allows: get("rule_action").and_then(Value::as_str).map(|action| action == "allow"),
            protocol: protocol(get("protocol")),
            ports: ports(get("protocol"), get("port_range")),
            partial: ["type", "code"].iter().any(|name| !matches!(part(get("icmp"), name), None | Some(Value::Int(-1)))),
            range: cidr(get("cidr_block")).and_then(Span4::of),
        };
        let at = rules.partition_point(|other| other.number <= rule.number);
        rules.insert(at, rule);
    }

    /// What the rules of one direction let through of a protocol's traffic.
    pub(super) fn pass(&self, direction: Direction, protocol: Protocol, wanted: Block) -> Passed<'_> {
        let mut passed = Passed::default();
        if self.loose {
            passed.blocks.push((wanted, false));
            return passed;
        }
        let rules = if direction == Direction::In { &self.ingress } else { &self.egress };
        // What no rule has decided yet, and whether all before it were sure.
        let mut left = vec![(wanted, true)];
        for rule in rules {
            let mut rest = Vec::new();
            for (block, sure) in left {
                rule.decide((block, sure), protocol, &mut passed, &mut rest);
            }
            left = rest;
        }
        passed
    }
}

impl AclRule {
    /// Takes its part of a block; what is left goes to the next rule.
    fn decide<'n>(&'n self, (block, sure): (Block, bool), protocol: Protocol, passed: &mut Passed<'n>, rest: &mut Vec<(Block, bool)>) {
        if self.protocol.is_some_and(|own| own != Protocol::All && own != protocol) {
            rest.push((block, sure));
            return;
        }
        let ports = if protocol.has_ports() { self.ports.unwrap_or(Ports::ALL) } else { Ports::ALL };
        let whole = Block { addresses: self.range.unwrap_or(Span4::ALL), ports };
        let Some(part) = block.meet(whole) else {
            rest.push((block, sure));
            return;
        };
        let known = self.protocol.is_some() && self.ports.is_some() && self.range.is_some() && self.allows.is_some();
        match self.allows {
            Some(false) => passed.refused_by = passed.refused_by.or(Some(self)),
            allows => passed.blocks.push((part, sure && known && allows == Some(true))),
        }
        if known && !self.partial {
            rest.extend(block.without(part).map(|block| (block, sure)));
        } else {
            // Some of it, or perhaps none, was decided here; for what follows it is as good as all there.
            rest.push((block, sure && (known || self.allows == Some(true))));
        }
    }
}

/// A number: 6 is TCP, -1 is all. `None`: not known.
fn protocol(value: Option<&Value>) -> Option<Protocol> {
    match value {
        Some(Value::Int(-1)) => Some(Protocol::All),
        Some(Value::Int(number)) => Some(Protocol::Number(u8::try_from(*number).ok()?)),
        _ => None,
    }
}

/// Ports count for TCP and UDP only. `None`: not known.
fn ports(of: Option<&Value>, value: Option<&Value>) -> Option<Ports> {
    let limit = |name: &str, default: i64| match part(value, name) {
        None => Some(default),
        Some(Value::Int(port)) => Some(*port),
        Some(_) => None,
    };
    match (protocol(of), value) {
        (Some(protocol), _) if !protocol.has_ports() => Some(Ports::ALL),
        (_, None | Some(Value::Null)) => Some(Ports::ALL),
        (_, Some(Value::Object(_))) => Some(Ports { from: limit("from", Ports::ALL.from)?, to: limit("to", Ports::ALL.to)? }),
        _ => None,
    }
}

impl Network {
    /// Gives the lists their rules.
    pub(super) fn fill_acls(&mut self, entries: &[Resource], catalogue: &Catalogue<'_>) {
        for entry in entries {
            let list = entry.inputs.get("network_acl_id");
            let own = catalogue.resolve(list, Kind::NetworkAcl).own();
            let found = match (own, list.and_then(|value| catalogue.pointer(value))) {
                (Some(own), _) => self.acls.get_mut(own),
                (None, Some(p)) if p.kind == Kind::Vpc && p.attribute == "default_network_acl" => {
                    Some(self.default_acls.entry(p.index).or_insert_with(Acl::of_network))
                }
                _ => None,
            };
            if let Some(acl) = found {
                acl.add(entry);
                continue;
            }
            self.foreign_acl_rule = Some(entry.clone());
            // It may be a rule of any of them.
            if catalogue.resolve(list, Kind::NetworkAcl) == Ref::Unknown {
                self.acls.iter_mut().for_each(|acl| acl.loose = true);
            }
        }
    }

    /// Is there a list that could stop something?
    pub(super) fn has_acls(&self) -> bool {
        !self.guarded.is_empty() || !self.default_acls.is_empty() || self.foreign_acl_rule.is_some()
    }

    /// The list of a subnet, when it is one that may stop something. `Err`: what leaves open which one it has.
    pub(super) fn acl_of(&self, subnet: usize) -> Result<Option<&Acl>, &Resource> {
        let mut associations = self.guarded.iter().filter(|a| a.subnet.own().is_none_or(|own| own == subnet));
        let named = associations.clone().find(|a| a.subnet.own() == Some(subnet));
        if let Some(association) = named {
            return association.acl.own().and_then(|acl| self.acls.get(acl)).map(Some).ok_or(&association.resource);
        }
        if let Some(loose) = associations.find(|a| a.subnet.same(&Ref::Own(subnet)) == Tri::Unknown) {
            return Err(&loose.resource);
        }
        // A rule of a list that the program does not make may be of the network's default one.
        if let Some(entry) = &self.foreign_acl_rule {
            return Err(entry);
        }
        let vpc = self.subnets.get(subnet).and_then(|subnet| subnet.vpc.own());
        Ok(vpc.and_then(|vpc| self.default_acls.get(&vpc)))
    }
}
