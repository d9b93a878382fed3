//! Ranges of networks that are connected, and of the services of a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;

use super::belongs::home;
use super::findings::{Notes, Part, Place};
use super::model::{Route, Target, Workload, cidr, part};
use super::ranges::{RangeIndex, overlap_each_other};
use super::references::Ref;
use super::vocabulary::Kind;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn check(notes: &mut Notes<'_>) {
    peerings(notes);
    own_range(notes);
    shared_connections(notes);
    service_ranges(notes);
}

/// The network of a route, with its range.
fn at_home<'n>(notes: &Notes<'n>, route: &Route) -> Option<(usize, IpNet)> {
    let table = notes.network.tables.get(route.table.own()?)?;
    let vpc = table.vpc.own()?;
    Some((vpc, notes.network.vpcs.get(vpc)?.range?))
}

fn connection(route: &Route) -> Option<(&'static str, Option<&Arc<str>>)> {
    match &route.target {
        Target::Beyond(attribute @ ("vpc_peering_connection_id" | "transit_gateway_id"), id) => Some((*attribute, id.as_ref())),
        Target::Peering(_) => Some(("vpc_peering_connection_id", None)),
        _ => None,
    }
}

/// E0503: AWS refuses a connection between networks that share addresses.
fn peerings(notes: &mut Notes<'_>) {
    let network = notes.network;
    for peering in &network.peerings {
        let end = |end: &Ref| end.own().and_then(|vpc| network.vpcs.get(vpc)).and_then(|vpc| Some((&vpc.resource.address, vpc.range?)));
        let (Some((one, range)), Some((other, peer))) = (end(&peering.vpc), end(&peering.peer)) else { continue };
        if !overlap_each_other(range, peer) {
            continue;
        }
        let address = &peering.resource.address;
        let (message, label) = if one == other {
            (format!("`{address}` connects `{one}` with itself"), "the same network".to_owned())
        } else {
            (
                format!("`{one}` and `{other}` are connected and share addresses: `{range}` and `{peer}`"),
                format!("connected by `{address}`"),
            )
        };
        let mut found = Diagnostic::error(Code(503), notes.span(&Place::named(address, "peer_vpc_id")), message).label(label);
        if one != other {
            found = found.also(notes.span(&Place::named(other, "cidr_block")), format!("`{other}` is `{peer}`"));
        }
        notes.add(found.help("give one of them another range: an address that both have leads to its own network only"));
    }
}

/// E0503: what is in the network's own range never leaves it. AWS refuses a route to a part of it over a peering or a transit gateway.
fn own_range(notes: &mut Notes<'_>) {
    let network = notes.network;
    for route in &network.routes {
        let (Some((vpc, range)), Some(net), Some((attribute, _))) = (at_home(notes, route), route.destination, connection(route)) else {
            continue;
        };
        let Some(vpc) = network.vpcs.get(vpc).filter(|_| range.contains(&net)) else { continue };
        let address = &vpc.resource.address;
        let message = format!("`{net}` is of `{address}` itself, and what is for it never leaves the network");
        let found = Diagnostic::error(Code(503), notes.span(&Place::named(&route.resource.address, "destination_cidr_block")), message)
            .label(format!("the route of `{}` to `{attribute}`", route.resource.address))
            .also(notes.span(&Place::named(address, "cidr_block")), format!("`{address}` is `{range}`"))
            .help("networks that are connected need ranges that share no address");
        notes.add(found);
    }
}

/// A network that has a connection: which one, its range, and the route that shows it.
type Member = (usize, IpNet, usize);

/// E0503: two networks that share a peering connection, or a transit gateway, and addresses.
fn shared_connections(notes: &mut Notes<'_>) {
    let network = notes.network;
    let mut sharing: BTreeMap<(&str, Arc<str>), Vec<Member>> = BTreeMap::new();
    for (position, route) in network.routes.iter().enumerate() {
        let (Some((vpc, range)), Some((attribute, Some(id)))) = (at_home(notes, route), connection(route)) else { continue };
        let members = sharing.entry((attribute, id.clone())).or_default();
        if !members.iter().rev().take(8).any(|(other, ..)| *other == vpc) {
            members.push((vpc, range, position));
        }
    }
    for ((attribute, id), mut members) in sharing {
        members.sort_by_key(|(vpc, ..)| *vpc);
        members.dedup_by_key(|(vpc, ..)| *vpc);
        let index = RangeIndex::new(members.iter().map(|(_, range, _)| *range));
        for (before, after) in index.overlaps() {
            let (Some(a), Some(b)) = (members.get(before.min(after)), members.get(before.max(after))) else { continue };
            let (Some(first), Some(second)) = (network.vpcs.get(a.0), network.vpcs.get(b.0)) else { continue };
            let Some(route) = network.routes.get(b.2) else { continue };
            let (one, other) = (&first.resource.address, &second.resource.address);
            let message = format!("`{one}` and `{other}` are connected and share addresses: `{}` and `{}`", a.1, b.1);
            let at = notes.span(&Place::named(other, "cidr_block"));
            let severity = if attribute == "vpc_peering_connection_id" { Diagnostic::error } else { Diagnostic::warning };
            let mut found = severity(Code(503), at, message);
            found.label = format!("`{other}`");
            let found = found
                .also(notes.span(&Place::named(one, "cidr_block")), format!("`{one}` is `{}`", a.1))
                .also(notes.span(&Place::named(&route.resource.address, attribute_name(attribute))), format!("both have routes to `{id}`"))
                .help("give one of them another range: an address that both have leads to its own network only");
            notes.add(found);
        }
    }
}

fn attribute_name(attribute: &str) -> &'static str {
    if attribute == "vpc_peering_connection_id" { "vpc_peering_connection_id" } else { "transit_gateway_id" }
}

/// E0504: addresses of Kubernetes services are private, between /24 and /12, and none of the network's.
fn service_ranges(notes: &mut Notes<'_>) {
    let network = notes.network;
    for workload in network.workloads.iter().filter(|w| w.kind == Kind::Cluster) {
        let Some(services) = cidr(part(workload.resource.inputs.get("kubernetes_network_config"), "service_ipv4_cidr")) else { continue };
        let at = Place::named(&workload.resource.address, "kubernetes_network_config").with(Part::Name("service_ipv4_cidr"));
        let address = &workload.resource.address;
        let size = (12..=24).contains(&services.prefix_len());
        if !size || !is_of_services(services) {
            let message = format!("`{services}` cannot be the range of the services of `{address}`");
            let label = if size { "not inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16" } else { "EKS takes ranges from /12 to /24" };
            notes.add(Diagnostic::error(Code(504), notes.span(&at), message).label(label).help("take one like `172.20.0.0/16`"));
            continue;
        }
        overlap(notes, workload, services, &at);
    }
}

fn overlap(notes: &mut Notes<'_>, workload: &Workload, services: IpNet, at: &Place) {
    let network = notes.network;
    let Some((_, Ref::Own(vpc))) = home(network, workload) else { return };
    let Some(vpc) = network.vpcs.get(*vpc) else { return };
    let Some(range) = vpc.range.filter(|range| overlap_each_other(*range, services)) else { return };
    let address = &vpc.resource.address;
    let message = format!("the services of `{}` share addresses with its network `{address}`", workload.resource.address);
    let free = ["172.20.0.0/16", "10.100.0.0/16", "192.168.0.0/20"]
        .into_iter()
        .find(|text| text.parse::<IpNet>().is_ok_and(|net| !overlap_each_other(net, range)))
        .unwrap_or("172.20.0.0/16");
    let found = Diagnostic::error(Code(504), notes.span(at), message)
        .label(format!("`{services}` and `{range}` overlap"))
        .also(notes.span(&Place::named(address, "cidr_block")), format!("`{address}` is `{range}`"))
        .help(format!("pods could not tell a service from a machine: take a range outside of it, as `{free}`"));
    notes.add(found);
}

fn is_of_services(net: IpNet) -> bool {
    let taken = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    taken.iter().any(|text| text.parse::<IpNet>().is_ok_and(|range| range.contains(&net)))
}
