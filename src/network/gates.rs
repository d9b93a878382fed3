//! What the security groups on both ends let through.

use ipnet::IpNet;

use super::Tri;
use super::findings::{Part, Place};
use super::groups::{Peer, Ports, Protocol, Rule, Rules};
use super::model::{GroupRef, Network, Resource};
use super::ranges::{is_private, overlap_each_other};
use super::reach::Hop;
use super::side::{Guards, Who};
use crate::address::Address;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub protocol: Protocol,
    pub ports: Ports,
}

/// The other end as a rule sees it.
#[derive(Debug)]
pub(super) struct Seen {
    pub ranges: Vec<IpNet>,
    /// These are all of its addresses.
    pub all: bool,
    pub guards: Guards,
    /// Comes from, or goes to, the internet: any public address.
    pub internet: bool,
    /// A public address that only AWS knows: of a NAT gateway or a machine.
    pub translated: bool,
}

/// One thing that is let through.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    protocol: Protocol,
    ports: Ports,
    sure: bool,
    /// The group, and the rule of it.
    by: Option<(GroupRef, Option<usize>)>,
}

impl Opening {
    fn any(sure: bool) -> Self {
        Opening { protocol: Protocol::All, ports: Ports::ALL, sure, by: None }
    }

    /// What both let through, when it is something.
    fn meet(&self, protocol: Protocol, ports: Ports) -> Option<Ports> {
        let with_ports = |protocol: Protocol| protocol == Protocol::All || protocol.has_ports();
        if !self.protocol.meets(protocol) {
            return None;
        }
        if with_ports(self.protocol) && with_ports(protocol) { self.ports.meet(ports) } else { Some(Ports::ALL) }
    }
}

impl Network {
    /// The other end for the rules of this one.
    pub(super) fn seen(&self, who: Who) -> Seen {
        let (ranges, all) = self.addresses(who);
        Seen { ranges, all, guards: self.guards(who), internet: who == Who::Internet, translated: false }
    }

    /// Everything that the groups let through in one direction.
    pub(super) fn openings(&self, guards: &Guards, direction: Direction, other: &Seen, wanted: Wanted) -> Vec<Opening> {
        let groups = match guards {
            Guards::None => return vec![Opening::any(true)],
            Guards::Unknown => return vec![Opening::any(false)],
            Guards::Groups(groups) => groups,
        };
        let all = groups.iter().flat_map(|group| self.openings_of(group, direction, other));
        all.filter(|opening| opening.meet(wanted.protocol, wanted.ports).is_some()).collect()
    }

    fn openings_of(&self, group: &GroupRef, direction: Direction, other: &Seen) -> Vec<Opening> {
        let by = |rule| Some((group.clone(), rule));
        let everything = |sure| vec![Opening { by: by(None), ..Opening::any(sure) }];
        match group {
            GroupRef::Own(index) => {
                let Some(own) = self.groups.get(*index) else { return Vec::new() };
                let rules = if direction == Direction::In { &own.ingress } else { &own.egress };
                match rules {
                    Rules::Everything => everything(true),
                    Rules::Unknown => everything(false),
                    Rules::Listed(rules) => rules.iter().enumerate().filter_map(|(i, rule)| opening(rule, other, by(Some(i)))).collect(),
                }
            }
            // Both come with everything out, and in from whom they share with.
            GroupRef::Default(_) | GroupRef::Cluster(_) => match (direction, shares(other, group)) {
                (Direction::Out, _) | (_, Tri::Yes) => everything(true),
                (_, Tri::Unknown) => everything(false),
                (_, Tri::No) => Vec::new(),
            },
            GroupRef::Foreign(_) | GroupRef::Unknown => everything(false),
        }
    }

    /// Two openings, one of each side, through which the same traffic goes. `Err`: each side has some, and none in common.
    pub(super) fn common<'o>(&self, out: &'o [Opening], into: &'o [Opening], wanted: Wanted) -> Option<(&'o Opening, &'o Opening, bool)> {
        let mut found = None;
        for a in out {
            for b in into {
                let Some(ports) = a.meet(b.protocol, b.ports) else { continue };
                let protocol = if a.protocol == Protocol::All { b.protocol } else { a.protocol };
                let both = Opening { protocol, ports, sure: true, by: None };
                if both.meet(wanted.protocol, wanted.ports).is_none() {
                    continue;
                }
                if a.sure && b.sure {
                    return Some((a, b, true));
                }
                found = found.or(Some((a, b, false)));
            }
        }
        found
    }

    /// What an opening is, for the story of a path; nothing for an end without groups.
    pub(super) fn opening_hop(&self, opening: &Opening, direction: Direction, other: &str) -> Option<Hop> {
        let (group, rule) = opening.by.as_ref()?;
        let name = self.group_name(group);
        let what = match (opening.protocol, opening.ports) {
            (Protocol::All, _) => "everything".to_owned(),
            (protocol, ports) if protocol.has_ports() => format!("{protocol} on {ports}"),
            (protocol, _) => protocol.to_string(),
        };
        let text = match direction {
            _ if !opening.sure => format!("what {name} lets through is not known"),
            Direction::In => format!("{name} lets {what} in from {other}"),
            Direction::Out => format!("{name} lets {what} out to {other}"),
        };
        let place = self.group_place(group).map(|place| match rule {
            Some(rule) => match self.rule_resource(group, direction, *rule) {
                Some(resource) => Place::of(&resource.address),
                None => Place { path: vec![Part::Name(rules_attribute(direction)), Part::At(*rule)], ..place },
            },
            None => place,
        });
        Some(Hop { text, place, help: None, title: format!("{name}, {}", if direction == Direction::In { "ingress" } else { "egress" }) })
    }

    /// Where nothing is let through, why, and what would.
    pub(super) fn closed_hop(&self, guards: &Guards, direction: Direction, other: Who, wanted: Wanted) -> Hop {
        let groups: &[GroupRef] = if let Guards::Groups(groups) = guards { groups } else { &[] };
        let names: Vec<String> = groups.iter().map(|group| self.group_name(group)).collect();
        let kind = if direction == Direction::In { "ingress" } else { "egress" };
        let who = if names.len() == 1 { format!("{} has no", names.concat()) } else { format!("none of {} has an", names.join(", ")) };
        let ports = match wanted.protocol {
            protocol if !protocol.has_ports() && protocol != Protocol::All => protocol.to_string(),
            _ => wanted.ports.to_string(),
        };
        let other_name = self.called(other);
        let text = match direction {
            Direction::In => format!("{who} {kind} rule that lets {other_name} reach {ports}"),
            Direction::Out => format!("{who} {kind} rule to {other_name} on {ports}"),
        };
        let own = groups.iter().find(|group| matches!(group, GroupRef::Own(_))).or(groups.first());
        let place = own.and_then(|group| self.group_place(group)).map(|place| match own {
            Some(GroupRef::Own(_)) => Place { path: vec![Part::Name(rules_attribute(direction))], ..place },
            _ => place,
        });
        let help = own.map(|group| self.way_in(group, direction, other, wanted));
        Hop { text, place, help, title: "here nothing is let through".to_owned() }
    }

    /// The rule that is missing.
    fn way_in(&self, group: &GroupRef, direction: Direction, other: Who, wanted: Wanted) -> String {
        let GroupRef::Own(own) = group else {
            return "name a security group with such a rule; the one that it has now lets in only what has the same group".to_owned();
        };
        let side = if direction == Direction::In { "source" } else { "destination" };
        let peer = match self.guards(other) {
            Guards::Groups(groups) => groups.iter().find_map(|g| match g {
                GroupRef::Own(index) => self.groups.get(*index).map(|g| format!("{side}_security_group_id = {}", g.resource.address)),
                _ => None,
            }),
            _ => None,
        };
        let range = || match (other, self.addresses(other).0.first()) {
            (Who::Internet, _) | (_, None) => "cidr_ip = 0.0.0.0/0".to_owned(),
            (_, Some(net)) => format!("cidr_ip = {net}"),
        };
        let protocol = match wanted.protocol {
            Protocol::Number(17) => "\"udp\"".to_owned(),
            Protocol::Number(1) => "\"icmp\"".to_owned(),
            _ => "\"tcp\"".to_owned(),
        };
        // The rules of a component's group are written in the component; its user gives it what they are made of.
        let steps = self.groups.get(*own).map_or(&[][..], |group| group.resource.address.steps());
        if let Some((_, component)) = steps.split_last().filter(|(_, above)| !above.is_empty()) {
            let component = Address::from(component.to_vec());
            let verb = if direction == Direction::In { "let in" } else { "let out to" };
            let whom = match (other, self.addresses(other).0.first()) {
                (Who::Internet, _) => "0.0.0.0/0".to_owned(),
                (_, Some(net)) => format!("`{net}`"),
                (other, None) => self.called(other),
            };
            return format!("`{component}` makes the rules of {}: have it {verb} {whom} on {}", self.group_name(group), wanted.ports);
        }
        let Ports { from, to } = wanted.ports;
        let rule = format!("{{ ip_protocol = {protocol}, from_port = {from}, to_port = {to}, {} }}", peer.unwrap_or_else(range));
        format!("add `{rule}` to `{}` of {}", rules_attribute(direction), self.group_name(group))
    }

    pub(super) fn group_name(&self, group: &GroupRef) -> String {
        match group {
            GroupRef::Own(index) => self.groups.get(*index).map(|g| format!("`{}`", g.resource.address)).unwrap_or_default(),
            GroupRef::Default(vpc) => {
                self.vpcs.get(*vpc).map(|v| format!("the default security group of `{}`", v.resource.address)).unwrap_or_default()
            }
            GroupRef::Cluster(index) => self
                .workloads
                .get(*index)
                .map(|w| format!("the security group that EKS makes for `{}`", w.resource.address))
                .unwrap_or_default(),
            GroupRef::Foreign(id) => format!("`{id}`"),
            GroupRef::Unknown => "a security group that is not known yet".to_owned(),
        }
    }

    /// The resource that a rule of a group is, when it is one of its own.
    fn rule_resource(&self, group: &GroupRef, direction: Direction, rule: usize) -> Option<&Resource> {
        let GroupRef::Own(index) = group else { return None };
        let own = self.groups.get(*index)?;
        match if direction == Direction::In { &own.ingress } else { &own.egress } {
            Rules::Listed(rules) => rules.get(rule)?.resource.as_ref(),
            Rules::Everything | Rules::Unknown => None,
        }
    }

    fn group_place(&self, group: &GroupRef) -> Option<Place> {
        let address = match group {
            GroupRef::Own(index) => &self.groups.get(*index)?.resource.address,
            GroupRef::Default(vpc) => &self.vpcs.get(*vpc)?.resource.address,
            GroupRef::Cluster(index) => &self.workloads.get(*index)?.resource.address,
            GroupRef::Foreign(_) | GroupRef::Unknown => return None,
        };
        Some(Place::of(address))
    }
}

fn rules_attribute(direction: Direction) -> &'static str {
    if direction == Direction::In { "security_group_ingress" } else { "security_group_egress" }
}

/// What a rule lets through of the other end, if anything.
fn opening(rule: &Rule, other: &Seen, by: Option<(GroupRef, Option<usize>)>) -> Option<Opening> {
    let about = match &rule.peer {
        Peer::Range(net) => covers(*net, other),
        Peer::Group(group) => shares(other, group),
        Peer::Unknown => Tri::Unknown,
    };
    if about == Tri::No {
        return None;
    }
    let sure = about == Tri::Yes && rule.protocol.is_some() && rule.ports.is_some();
    Some(Opening { protocol: rule.protocol.unwrap_or(Protocol::All), ports: rule.ports.unwrap_or(Ports::ALL), sure, by })
}

/// Has the other end an address of that range?
fn covers(net: IpNet, other: &Seen) -> Tri {
    if other.internet || other.translated {
        return match net {
            _ if is_private(net) => Tri::No,
            IpNet::V6(_) => Tri::No,
            _ if other.internet || net.prefix_len() == 0 => Tri::Yes,
            _ => Tri::Unknown,
        };
    }
    if other.ranges.iter().any(|range| overlap_each_other(*range, net)) {
        return Tri::Yes;
    }
    if other.all { Tri::No } else { Tri::Unknown }
}

/// Has the other end that group?
fn shares(other: &Seen, group: &GroupRef) -> Tri {
    // Groups are no more seen once an address was translated.
    if other.translated {
        return Tri::No;
    }
    match &other.guards {
        Guards::None => Tri::No,
        Guards::Unknown => Tri::Unknown,
        Guards::Groups(groups) if matches!(group, GroupRef::Unknown | GroupRef::Foreign(_)) => {
            if groups.contains(group) && *group != GroupRef::Unknown { Tri::Yes } else { Tri::Unknown }
        }
        Guards::Groups(groups) if groups.contains(group) => Tri::Yes,
        Guards::Groups(groups) => {
            let hidden = groups.iter().any(|g| matches!(g, GroupRef::Unknown | GroupRef::Foreign(_)));
            if hidden { Tri::Unknown } else { Tri::No }
        }
    }
}
