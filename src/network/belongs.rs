//! E0515: things that have to be in one network and are in two. AWS refuses each of these.

use super::Tri;
use super::findings::{Notes, Part, Place};
use super::model::{GroupRef, Network, Target, Workload};
use super::public::name_of_vpc;
use super::references::Ref;
use super::vocabulary::Kind;
use crate::address::Address;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn check(notes: &mut Notes<'_>) {
    let network = notes.network;
    for association in &network.associations {
        let (Some(subnet), Some(table)) =
            (association.subnet.own().and_then(|s| network.subnets.get(s)), association.table.own().and_then(|t| network.tables.get(t)))
        else {
            continue;
        };
        if subnet.vpc.same(&table.vpc) == Tri::No {
            let (at, own) = (Place::named(&association.resource.address, "route_table_id"), &table.resource.address);
            tell(notes, at, ("route table", own, &table.vpc), ("subnet", &subnet.resource.address, &subnet.vpc));
        }
    }
    for route in &network.routes {
        let (Target::Peering(peering), Some(table)) = (&route.target, route.table.own().and_then(|t| network.tables.get(t))) else {
            continue;
        };
        let Some(peering) = network.peerings.get(*peering) else { continue };
        if [&peering.vpc, &peering.peer].iter().all(|end| end.same(&table.vpc) == Tri::No) {
            let at = Place::named(&route.resource.address, "vpc_peering_connection_id");
            let own = ("route table", &table.resource.address, &table.vpc);
            tell(notes, at, ("peering connection", &peering.resource.address, &peering.vpc), own);
        }
    }
    for bundle in network.database_subnets.iter().chain(&network.cache_subnets) {
        one_network(notes, &bundle.resource.address, &[Part::Name("subnet_ids")], bundle.subnets.as_deref());
    }
    for workload in &network.workloads {
        match workload.kind {
            Kind::Cluster => {
                let path = [Part::Name("resources_vpc_config"), Part::Name("subnet_ids")];
                one_network(notes, &workload.resource.address, &path, workload.subnets.as_deref());
            }
            Kind::Nodes => one_network(notes, &workload.resource.address, &[Part::Name("subnets")], workload.subnets.as_deref()),
            _ => {}
        }
        groups(notes, workload);
    }
}

/// All subnets of a list are in the network of the first.
fn one_network(notes: &mut Notes<'_>, address: &Address, path: &[Part], subnets: Option<&[Ref]>) {
    let network = notes.network;
    let known = |(position, subnet): (usize, &Ref)| Some((position, network.subnets.get(subnet.own()?)?));
    let mut subnets = subnets.unwrap_or_default().iter().enumerate().filter_map(known);
    let Some((_, first)) = subnets.next() else { return };
    if let Some((position, other)) = subnets.find(|(_, subnet)| subnet.vpc.same(&first.vpc) == Tri::No) {
        let at = Place { address: address.clone(), path: path.iter().copied().chain([Part::At(position)]).collect() };
        tell(notes, at, ("subnet", &other.resource.address, &other.vpc), ("subnet", &first.resource.address, &first.vpc));
    }
}

/// The security groups of a thing are of the network that it is in.
fn groups(notes: &mut Notes<'_>, workload: &Workload) {
    let network = notes.network;
    let Some((subnet, vpc)) = home(network, workload) else { return };
    // EKS has a group of its own before those that the program names.
    let (skip, path): (usize, &[Part]) = match workload.kind {
        // The groups of a member are said by its cluster.
        Kind::Database if workload.resource.inputs.get("db_cluster_identifier").is_some() => return,
        Kind::Database => (0, &[Part::Name("vpc_security_groups")]),
        Kind::DatabaseCluster => (0, &[Part::Name("vpc_security_group_ids")]),
        Kind::Cache => (0, &[Part::Name("security_group_ids")]),
        Kind::Cluster => (1, &[Part::Name("resources_vpc_config"), Part::Name("security_group_ids")]),
        _ => return,
    };
    for (position, group) in workload.groups.iter().flatten().skip(skip).enumerate() {
        let (address, of) = match group {
            GroupRef::Own(index) => match network.groups.get(*index).map(|g| (&g.resource.address, g.vpc.as_ref())) {
                Some((address, Some(of))) => (address, of.clone()),
                _ => continue,
            },
            GroupRef::Default(index) => match network.vpcs.get(*index) {
                Some(vpc) => (&vpc.resource.address, Ref::Own(*index)),
                None => continue,
            },
            _ => continue,
        };
        if of.same(vpc) == Tri::No {
            let path = path.iter().copied().chain([Part::At(position)]).collect();
            let at = Place { address: workload.resource.address.clone(), path };
            tell(notes, at, ("security group", address, &of), ("subnet", subnet, vpc));
        }
    }
}

/// A subnet that the thing is in, and its network.
pub(super) fn home<'n>(network: &'n Network, workload: &Workload) -> Option<(&'n Address, &'n Ref)> {
    let known = workload.subnets.iter().flatten().filter_map(Ref::own).filter_map(|s| network.subnets.get(s));
    known.map(|subnet| (&subnet.resource.address, &subnet.vpc)).find(|(_, vpc)| **vpc != Ref::Unknown)
}

fn tell(notes: &mut Notes<'_>, at: Place, wrong: (&str, &Address, &Ref), right: (&str, &Address, &Ref)) {
    let network = notes.network;
    let (of_wrong, of_right) = (name_of_vpc(network, wrong.2), name_of_vpc(network, right.2));
    let message = format!("the {} `{}` is of `{of_wrong}`, and the {} `{}` of `{of_right}`", wrong.0, wrong.1, right.0, right.1);
    let found = Diagnostic::error(Code(515), notes.span(&at), message)
        .label(format!("of `{of_wrong}`"))
        .also(notes.span(&Place::named(right.1, "vpc_id")), format!("`{}` is of `{of_right}`", right.1))
        .help(format!("use a {} of `{of_right}`", wrong.0));
    notes.add(found);
}
