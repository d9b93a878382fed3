//! Rules of security groups that are refused or that nobody can use.

use ipnet::IpNet;

use super::Tri;
use super::findings::{Notes, Part, Place};
use super::groups::{Peer, Rule, Rules};
use super::model::{Group, GroupRef, Network};
use super::public::name_of_vpc;
use super::ranges::{is_private, overlap_each_other};
use super::references::Ref;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn check(notes: &mut Notes<'_>) {
    let network = notes.network;
    for group in &network.groups {
        for (attribute, rules) in [("security_group_ingress", &group.ingress), ("security_group_egress", &group.egress)] {
            let Rules::Listed(rules) = rules else { continue };
            for (position, rule) in rules.iter().enumerate() {
                let at = |part: &'static str| match &rule.resource {
                    Some(resource) => Place::named(&resource.address, part),
                    None => Place::named(&group.resource.address, attribute).with(Part::At(position)).with(Part::Name(part)),
                };
                empty_ports(notes, group, rule, &at);
                stranger(notes, group, rule, &at);
                if attribute == "security_group_ingress" {
                    unused(notes, group, rule, &at);
                }
            }
        }
    }
}

/// E0510: AWS refuses a range of ports that ends before it begins.
fn empty_ports(notes: &mut Notes<'_>, group: &Group, rule: &Rule, at: &dyn Fn(&'static str) -> Place) {
    let (Some(from), Some(to)) = rule.written else { return };
    let counts = rule.protocol.is_some_and(super::Protocol::has_ports);
    if !counts || from <= to {
        return;
    }
    let found = Diagnostic::error(
        Code(510),
        notes.span(&at("to_port")),
        format!("a rule of `{}` has no port: {from} to {to}", group.resource.address),
    )
    .label(format!("less than {from}"))
    .also(notes.span(&at("from_port")), "the first port")
    .help(format!("write `from_port = {to}, to_port = {from}`"));
    notes.add(found);
}

/// E0509: a group can name another one as its peer only within its network, or across a peering.
fn stranger(notes: &mut Notes<'_>, group: &Group, rule: &Rule, at: &dyn Fn(&'static str) -> Place) {
    let network = notes.network;
    let (Peer::Group(peer), Some(own)) = (&rule.peer, &group.vpc) else { return };
    let (address, place, of) = match peer {
        GroupRef::Own(index) => match network.groups.get(*index).map(|g| (&g.resource.address, g.vpc.as_ref())) {
            Some((address, Some(of))) => (address, Place::named(address, "vpc_id"), of.clone()),
            _ => return,
        },
        GroupRef::Default(index) => match network.vpcs.get(*index) {
            Some(vpc) => (&vpc.resource.address, Place::of(&vpc.resource.address), Ref::Own(*index)),
            None => return,
        },
        GroupRef::Cluster(index) => match network.workloads.get(*index).and_then(|w| Some((w, super::belongs::home(network, w)?.1))) {
            Some((workload, of)) => (&workload.resource.address, Place::named(&workload.resource.address, workload.placed_by), of.clone()),
            None => return,
        },
        _ => return,
    };
    if of.same(own) != Tri::No || peered(network, own, &of) {
        return;
    }
    let (here, there) = (name_of_vpc(network, own), name_of_vpc(network, &of));
    let message = format!("a rule of `{}` names a security group of another network", group.resource.address);
    let found = Diagnostic::error(Code(509), notes.span(&at(rule.peer_attribute)), message)
        .label(format!("`{address}` is of `{there}`, and this rule of `{here}`"))
        .also(notes.span(&place), format!("of `{there}`"))
        .help(format!("AWS takes groups of `{here}` and of networks that are peered with it; elsewhere name ranges, `cidr_ip = …`"));
    notes.add(found);
}

/// May the two be peered? The program makes no peerings: a route to one shows that there is one.
fn peered(network: &Network, a: &Ref, b: &Ref) -> bool {
    let beyond = |vpc: &Ref| match vpc {
        Ref::Own(index) => network.leads_beyond(*index).next().is_some(),
        _ => true,
    };
    beyond(a) && beyond(b)
}

/// E0508: a source that has no way to here. Other stacks may add one, so that it is a warning.
fn unused(notes: &mut Notes<'_>, group: &Group, rule: &Rule, at: &dyn Fn(&'static str) -> Place) {
    let network = notes.network;
    let (Peer::Range(source @ IpNet::V4(_)), Some(Ref::Own(vpc))) = (&rule.peer, &group.vpc) else { return };
    let Some(why) = no_way(network, *vpc, *source) else { return };
    let Some(own) = network.vpcs.get(*vpc) else { return };
    let range = own.range.map(|range| format!("`{range}`")).unwrap_or_default();
    let message = format!("nobody with an address of `{source}` can reach `{}`", group.resource.address);
    let found = Diagnostic::warning(Code(508), notes.span(&at(rule.peer_attribute)), message)
        .label(why)
        .also(notes.span(&Place::named(&own.resource.address, "cidr_block")), format!("`{}` is {range}", own.resource.address))
        .help("name a range of the network, or take the rule away; a route to the other side makes it one that works");
    notes.add(found);
}

/// Why nothing of the range comes into the network; `None` when it may.
pub(super) fn no_way(network: &Network, vpc: usize, source: IpNet) -> Option<String> {
    let own = network.vpcs.get(vpc)?;
    let inside = own.range?;
    if !network.complete || network.foreign_tables || network.loose_attachments || network.has_line(vpc) {
        return None;
    }
    if overlap_each_other(inside, source) {
        return None;
    }
    for position in network.leads_beyond(vpc) {
        match network.routes.get(position).and_then(|route| route.destination) {
            Some(net) if !overlap_each_other(net, source) => {}
            // A route there, or one whose destination is not known.
            _ => return None,
        }
    }
    if is_private(source) {
        return Some("a private range that is not the network's, and no route leads there".to_owned());
    }
    (network.has_internet(&Ref::Own(vpc)) == Tri::No).then(|| "of the internet, and the network has no internet gateway".to_owned())
}
