//! The borders of subnets that a way crosses, and what the network ACLs there let through: the call, and its answer.

use super::Tri;
use super::acls::{Acl, AclRule, Block, EPHEMERAL, Span4};
use super::findings::Place;
use super::gates::{Direction, Wanted};
use super::groups::{Ports, Protocol};
use super::model::Network;
use super::ranges::{is_private, overlap_each_other};
use super::reach::{Hop, Leg};
use super::references::Ref;
use super::routes::Exit;
use super::side::Who;

/// A border that has a list which may stop something.
struct Border<'n> {
    acl: &'n Acl,
    subnet: usize,
    /// Which way the call goes.
    direction: Direction,
    /// Addresses of the other end.
    other: Vec<Span4>,
    /// The other end has all of these; otherwise one or some of them.
    exact: bool,
    /// The other end as a message calls it.
    name: String,
}

/// What gets through all lists so far: ports of the call and of the answer, and whether that is sure.
type Through = Vec<(Ports, Ports, bool)>;

/// Another end of a border.
#[derive(Clone)]
struct Other {
    spans: Vec<Span4>,
    exact: bool,
    name: String,
}

impl Direction {
    fn back(self) -> Direction {
        if self == Direction::In { Direction::Out } else { Direction::In }
    }
}

impl Network {
    /// What runs in several subnets, as far as it is in each of them, where that makes a difference.
    pub(super) fn parts(&self, who: Who) -> Vec<Who> {
        let Who::Workload(index) = who else { return vec![who] };
        let (subnets, all) = self.subnets_of_end(who);
        let differ = all && subnets.len() > 1 && subnets.iter().any(|subnet| !matches!(self.acl_of(*subnet), Ok(None)));
        if differ { subnets.into_iter().map(|subnet| Who::Part(index, subnet)).collect() } else { vec![who] }
    }

    /// The way from one end to the other; each is in one subnet, or in some that no list guards.
    pub(super) fn through_acls(&self, from: Who, to: Who, wanted: Wanted) -> Leg {
        let open = self.open_way(from, to, wanted);
        if open.verdict == Tri::No {
            return open;
        }
        let borders = match self.borders(from, to) {
            Ok(borders) if borders.is_empty() => return open,
            Ok(borders) => borders,
            Err(leg) => return open.then(|| leg),
        };
        let mut best: Option<Leg> = None;
        for protocol in protocols(wanted.protocol) {
            for (ports, _, sure) in through(&borders, protocol, wanted.ports) {
                let leg = self.open_way(from, to, Wanted { protocol, ports }).then(|| self.screened(&borders, sure));
                if leg.verdict == Tri::Yes {
                    return leg;
                }
                best = Leg::best(best.into_iter().chain([leg]));
            }
        }
        best.unwrap_or_else(|| open.then(|| Leg::stopped(self.refused(&borders, wanted))))
    }

    /// The borders that the way crosses and that have a list. Within a subnet there is none.
    fn borders(&self, from: Who, to: Who) -> Result<Vec<Border<'_>>, Leg> {
        let outside = (self.beyond(from, to).is_some(), self.beyond(to, from).is_some());
        let public_api = self.api(to).is_some_and(|api| api.private != Tri::Yes || self.network_of(from) != self.network_of(to));
        let internet = Other { spans: Span4::public(), exact: false, name: "the internet".to_owned() };
        let mut borders = Vec::new();
        match outside {
            (true, true) => {}
            // The public endpoint of a cluster is in no subnet.
            (true, false) if self.api(to).is_some() && !matches!(from, Who::Range(net) if is_private(net)) => {}
            (true, false) => borders.extend(self.border(to, Direction::In, &self.other(from))?),
            (false, true) => self.leaving(from, to, &self.other(to), &mut borders)?,
            (false, false) if public_api => self.leaving(from, Who::Internet, &internet, &mut borders)?,
            (false, false) if self.one_subnet(from, to) => {}
            (false, false) => {
                let direct = self.network_of(from).same(&self.network_of(to)) != Tri::No
                    || self.connection(from, to).is_some() && self.connection(to, from).is_some();
                if direct {
                    borders.extend(self.border(from, Direction::Out, &self.other(to))?);
                    borders.extend(self.border(to, Direction::In, &self.other(from))?);
                } else {
                    self.leaving(from, Who::Internet, &internet, &mut borders)?;
                    borders.extend(self.border(to, Direction::In, &internet)?);
                }
            }
        }
        Ok(borders)
    }

    /// Is some machine of the one in a subnet of the other?
    fn one_subnet(&self, from: Who, to: Who) -> bool {
        let within =
            |net, who| self.subnets_of_end(who).0.iter().any(|s| self.range_of(*s).is_some_and(|own| overlap_each_other(own, net)));
        match (from, to) {
            (Who::Range(net), other) | (other, Who::Range(net)) => within(net, other),
            _ => {
                let (theirs, _) = self.subnets_of_end(to);
                self.subnets_of_end(from).0.iter().any(|subnet| theirs.contains(subnet))
            }
        }
    }

    /// The border of an end's own subnet.
    fn border(&self, who: Who, direction: Direction, other: &Other) -> Result<Option<Border<'_>>, Leg> {
        if let Who::Range(net) = who {
            return self.border_of_range(net);
        }
        let (subnets, all) = self.subnets_of_end(who);
        if !all {
            return Err(Leg::unknown(
                format!("the subnets of {} are not known, nor their network ACLs", self.called(who)),
                self.declared(who),
            ));
        }
        for subnet in subnets {
            if let Some(border) = self.border_of(subnet, direction, other)? {
                return Ok(Some(border));
            }
        }
        Ok(None)
    }

    /// Machines with an address of a network's range may be in any of its subnets.
    fn border_of_range(&self, net: ipnet::IpNet) -> Result<Option<Border<'_>>, Leg> {
        for (index, subnet) in self.subnets.iter().enumerate() {
            let inside = subnet.range.is_none_or(|range| overlap_each_other(range, net));
            if inside && !matches!(self.acl_of(index), Ok(None)) {
                let address = &subnet.resource.address;
                let text = format!("some of `{net}` is in `{address}`, which has a network ACL, and some may be elsewhere");
                return Err(Leg::unknown(text, Some(Place::of(address))));
            }
        }
        Ok(None)
    }

    fn border_of(&self, subnet: usize, direction: Direction, other: &Other) -> Result<Option<Border<'_>>, Leg> {
        match self.acl_of(subnet) {
            Ok(acl) => Ok(acl.map(|acl| {
                let Other { spans, exact, name } = other.clone();
                Border { acl, subnet, direction, other: spans, exact, name }
            })),
            Err(open) => {
                let text = format!("which rules the network ACL of `{}` has is not known", self.subnet_name(subnet));
                Err(Leg::unknown(text, Some(Place::of(&open.address))))
            }
        }
    }

    /// Out of the end's subnet, and through that of a NAT gateway when its route leads to one.
    fn leaving<'n>(&'n self, from: Who, to: Who, other: &Other, borders: &mut Vec<Border<'n>>) -> Result<(), Leg> {
        borders.extend(self.border(from, Direction::Out, other)?);
        for subnet in self.subnets_of_end(from).0 {
            let exit = match to {
                Who::Range(net) => match (self.route_to(subnet, net), self.subnets.get(subnet)) {
                    (Ok(Some(route)), Some(at)) => self.through(route, &at.vpc),
                    _ => Exit::Unknown,
                },
                _ => self.exit(subnet),
            };
            let Exit::Nat { nat, .. } = exit else { continue };
            let Some(Ref::Own(gate)) = self.nats.get(nat).and_then(|nat| nat.subnet.clone()) else { continue };
            if gate != subnet {
                borders.extend(self.border_of(gate, Direction::In, &self.other(Who::Subnet(subnet)))?);
                borders.extend(self.border_of(gate, Direction::Out, other)?);
            }
        }
        Ok(())
    }

    /// An end for the lists of the other one.
    fn other(&self, who: Who) -> Other {
        let name = self.called(who);
        let (ranges, all) = self.addresses(who);
        match who {
            Who::Internet => Other { spans: Span4::public(), exact: true, name },
            // Where its addresses are not known they are somewhere.
            _ if !all => Other { spans: vec![Span4::ALL], exact: false, name },
            _ => Other { spans: ranges.into_iter().filter_map(Span4::of).collect(), exact: true, name },
        }
    }

    fn range_of(&self, subnet: usize) -> Option<ipnet::IpNet> {
        self.subnets.get(subnet)?.range
    }

    fn subnet_name(&self, subnet: usize) -> String {
        self.subnets.get(subnet).map(|subnet| subnet.resource.address.to_string()).unwrap_or_default()
    }

    // ------------------------------------------------------------ words

    /// Through: the lists that were on the way.
    fn screened(&self, borders: &[Border<'_>], sure: bool) -> Leg {
        let hop = |border: &Border<'_>| {
            let way = if border.direction == Direction::In { "in from" } else { "out to" };
            let verb = if sure { "lets this" } else { "may let this" };
            let text = format!("{} {verb} {way} {}, and the answer back", self.acl_name(border), border.name);
            Hop::passing(text, "its rules", border.acl.resource.as_ref().map(|acl| Place::of(&acl.address)))
        };
        Leg { verdict: if sure { Tri::Yes } else { Tri::Unknown }, hops: borders.iter().map(hop).collect() }
    }

    /// `inner`, the network ACL of `web`.
    fn acl_name(&self, border: &Border<'_>) -> String {
        let subnet = self.subnet_name(border.subnet);
        match &border.acl.resource {
            Some(acl) => format!("the network ACL `{}` of `{subnet}`", acl.address),
            None => format!("the default network ACL of `{subnet}`"),
        }
    }

    /// What stops it: the first border that lets nothing through, of the call or of its answer.
    fn refused(&self, borders: &[Border<'_>], wanted: Wanted) -> Hop {
        let protocol = if wanted.protocol == Protocol::All { Protocol::TCP } else { wanted.protocol };
        for border in borders {
            for direction in [border.direction, border.direction.back()] {
                let answer = direction != border.direction;
                let ports = asked(protocol, if answer { EPHEMERAL } else { wanted.ports });
                let passed = border.other.iter().map(|span| border.acl.pass(direction, protocol, Block { addresses: *span, ports }));
                let passed: Vec<_> = passed.collect();
                if passed.iter().all(|passed| passed.blocks.is_empty()) {
                    let rule = passed.iter().find_map(|passed| passed.refused_by);
                    return self.refused_at(border, direction, (protocol, ports), rule);
                }
            }
        }
        Hop::passing("what the network ACLs on the way let through has no port in common", "not the same ports", None)
            .help("let the same ports through on both sides, and their answers")
    }

    fn refused_at(&self, border: &Border<'_>, direction: Direction, (protocol, ports): (Protocol, Ports), rule: Option<&AclRule>) -> Hop {
        let name = self.acl_name(border);
        let answer = direction != border.direction;
        let way = if direction == Direction::In { "in from" } else { "out to" };
        let what = match (answer, protocol.has_ports()) {
            (true, _) => format!("answers {way} {}", border.name),
            (false, true) => format!("{protocol} on {ports} {way} {}", border.name),
            (false, false) => format!("{protocol} {way} {}", border.name),
        };
        if let Some(entry) = rule.and_then(|rule| rule.resource.as_ref()) {
            let text = format!("{name} refuses {what}: by its rule `{}`", entry.address);
            return Hop::passing(text, "refuses it", Some(Place::named(&entry.address, "rule_action")))
                .help("give a rule that allows it a lower number, or narrow this one");
        }
        let place = border.acl.resource.as_ref().map(|acl| Place::of(&acl.address));
        let help = match (&border.acl.resource, border.other.first()) {
            (Some(acl), Some(_)) => missing_rule(&acl.address, direction, protocol, ports, answer),
            _ => "add a rule that allows it".to_owned(),
        };
        Hop::passing(format!("{name} has no rule that lets {what}"), "nothing here lets it through", place).help(help)
    }
}

/// The entry that is not there.
fn missing_rule(acl: &crate::address::Address, direction: Direction, protocol: Protocol, ports: Ports, answer: bool) -> String {
    let number = match protocol {
        Protocol::Number(number) => i64::from(number),
        Protocol::All => -1,
    };
    let egress = if direction == Direction::Out { "egress = true, " } else { "" };
    let range = if protocol.has_ports() { format!(", port_range = {{ from = {}, to = {} }}", ports.from, ports.to) } else { String::new() };
    let why = if answer { "network ACLs know no connections, and answers need a rule of their own: " } else { "" };
    format!(
        "{why}add an `aws.ec2.NetworkAclEntry` with `network_acl_id = {acl}, {egress}rule_action = \"allow\", protocol = {number}{range}`"
    )
}

/// The protocols to try: the one that is asked for, or all of them, the usual ones first.
fn protocols(wanted: Protocol) -> Vec<Protocol> {
    if wanted != Protocol::All {
        return vec![wanted];
    }
    let usual = [6, 17, 1];
    usual.into_iter().chain((0..=u8::MAX).filter(|number| !usual.contains(number))).map(Protocol::Number).collect()
}

fn asked(protocol: Protocol, ports: Ports) -> Ports {
    if protocol.has_ports() { ports } else { Ports::ALL }
}

/// What all lists let through, there and back. The other end of a call is that of its answer.
fn through(borders: &[Border<'_>], protocol: Protocol, ports: Ports) -> Through {
    let mut through = vec![(asked(protocol, ports), asked(protocol, EPHEMERAL), true)];
    for border in borders {
        let mut next: Through = Vec::new();
        for (call, answer, sure) in border.other.iter().flat_map(|span| conversations(border, protocol, (*span, ports))) {
            for (calls, answers, before) in &through {
                if let (Some(call), Some(answer)) = (calls.meet(call), answers.meet(answer)) {
                    next.push((call, answer, sure && *before));
                }
            }
        }
        next.sort_by_key(|(call, answer, sure)| (!sure, call.from, call.to, answer.from, answer.to));
        next.dedup();
        through = next;
    }
    through
}

/// Calls that a border lets through and whose answers it lets back.
fn conversations(border: &Border<'_>, protocol: Protocol, (span, ports): (Span4, Ports)) -> Through {
    let block = |ports| Block { addresses: span, ports: asked(protocol, ports) };
    let calls = border.acl.pass(border.direction, protocol, block(ports)).blocks;
    let answers = border.acl.pass(border.direction.back(), protocol, block(EPHEMERAL)).blocks;
    let pairs = calls.iter().flat_map(|call| answers.iter().map(move |answer| (call, answer)));
    let both = pairs.filter_map(|((call, call_sure), (answer, answer_sure))| {
        let addresses = call.addresses.meet(answer.addresses)?;
        Some((call.ports, answer.ports, *call_sure && *answer_sure && (border.exact || addresses == span)))
    });
    both.collect()
}
