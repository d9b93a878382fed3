//! Subnets and the internet: a public one without a way out, gateways that are not attached, databases where they should not be.

use super::findings::{Notes, Place};
use super::model::{Network, Resource, Target};
use super::references::Ref;
use super::routes::{Attached, Exit, Table};
use super::vocabulary::Kind;
use crate::diagnostic::{Code, Diagnostic};
use crate::value::Value;

pub(super) fn check(notes: &mut Notes<'_>) {
    detached_routes(notes);
    dead_ends(notes);
    nat_gateways(notes);
    databases(notes);
}

/// E0506: AWS refuses a route to an internet gateway that is not attached to the table's network.
fn detached_routes(notes: &mut Notes<'_>) {
    let network = notes.network;
    for route in &network.routes {
        let (Target::InternetGateway(gateway), Some(table)) = (&route.target, route.table.own().and_then(|t| network.tables.get(t))) else {
            continue;
        };
        let attached = network.attached(gateway, &table.vpc);
        if !matches!(attached, Attached::Elsewhere(_) | Attached::Nowhere) {
            continue;
        }
        let vpc = name_of_vpc(network, &table.vpc);
        let gateway = name_of(&network.internet_gateways, gateway);
        let at = notes.span(&Place::named(&route.resource.address, "gateway_id"));
        let found = Diagnostic::error(Code(506), at, format!("`{gateway}` is not attached to `{vpc}`"))
            .label(format!("a route of `{}`", table.resource.address));
        let found = match attached {
            Attached::Elsewhere(position) => match network.attachments.get(position) {
                Some(other) => {
                    let place = notes.span(&Place::named(&other.resource.address, "vpc_id"));
                    found
                        .also(place, format!("it is attached to `{}`", name_of_vpc(network, &other.vpc)))
                        .help(format!("a gateway serves one network: give `{vpc}` its own, and attach that"))
                }
                None => found,
            },
            _ => found.also(notes.span(&Place::named(&table.resource.address, "vpc_id")), "the network of the route table").help(format!(
                "attach it: `resource attachment: aws.ec2.VPCGatewayAttachment {{ vpc_id = {vpc}, internet_gateway_id = {gateway} }}`"
            )),
        };
        notes.add(found);
    }
}

/// E0505: a subnet that gives out public addresses, for which AWS charges, and whose traffic ends at its own network.
fn dead_ends(notes: &mut Notes<'_>) {
    let network = notes.network;
    for (position, subnet) in network.subnets.iter().enumerate() {
        if subnet.public_addresses != Some(true) || subnet.vpc.own().is_none() {
            continue;
        }
        let at = Place::named(&subnet.resource.address, "map_public_ip_on_launch");
        let (why, other) = match network.exit(position) {
            Exit::None => no_route(network, position),
            Exit::Nat { route, .. } => {
                let Some(route) = network.routes.get(route) else { continue };
                let why = "its way out is a NAT gateway, which nothing from the internet comes in through".to_owned();
                (why, Some((Place::of(&route.resource.address), "its route to the internet".to_owned())))
            }
            // A route to a gateway that is not attached has an error of its own.
            _ => continue,
        };
        let vpc = name_of_vpc(network, &subnet.vpc);
        let way_out = match network.has_internet(&subnet.vpc) {
            super::Tri::No => format!(
                "`{vpc}` has no internet gateway: add one, its attachment, and a route of 0.0.0.0/0 to it; or leave `map_public_ip_on_launch` out"
            ),
            _ => "give its route table a route of 0.0.0.0/0 to the internet gateway, or leave `map_public_ip_on_launch` out".to_owned(),
        };
        let address = &subnet.resource.address;
        let message = format!("`{address}` gives out public addresses, and nothing of the internet reaches them");
        let found = Diagnostic::warning(Code(505), notes.span(&at), message).label(why).help(way_out);
        let found = match other {
            Some((place, text)) => found.also(notes.span(&place), text),
            None => found,
        };
        notes.add(found);
    }
}

/// Why no route of the subnet leads to the internet, and where that is said.
pub(super) fn no_route(network: &Network, subnet: usize) -> (String, Option<(Place, String)>) {
    match network.table_of(subnet) {
        Table::Own(table) => match network.tables.get(table) {
            Some(table) => {
                let address = &table.resource.address;
                (format!("`{address}` has no route to the internet"), Some((Place::of(address), "its route table".to_owned())))
            }
            None => ("it has no route to the internet".to_owned(), None),
        },
        _ => ("it has the network's main route table, which leads nowhere else".to_owned(), None),
    }
}

/// E0511: a public NAT gateway passes on through its own subnet's internet gateway; without one AWS gives up on it, or it is of no use.
fn nat_gateways(notes: &mut Notes<'_>) {
    let network = notes.network;
    for nat in &network.nats {
        let (Some(true), Some(Ref::Own(position))) = (nat.public, &nat.subnet) else { continue };
        let Some(subnet) = network.subnets.get(*position) else { continue };
        if subnet.vpc.own().is_none() {
            continue;
        }
        let (why, other) = match network.exit(*position) {
            Exit::None => no_route(network, *position),
            Exit::Nat { route, .. } => {
                let Some(route) = network.routes.get(route) else { continue };
                let place = Place::of(&route.resource.address);
                (
                    "it sends what is for the internet to a NAT gateway itself".to_owned(),
                    Some((place, "its route to the internet".to_owned())),
                )
            }
            _ => continue,
        };
        let address = &subnet.resource.address;
        let at = notes.span(&Place::named(&nat.resource.address, "subnet_id"));
        let message = format!("`{}` is in a subnet without a way out to an internet gateway", nat.resource.address);
        let found = Diagnostic::error(Code(511), at, message).label(format!("`{address}`: {why}"));
        let found = match other {
            Some((place, text)) => found.also(notes.span(&place), text),
            None => found.also(notes.span(&Place::of(address)), format!("`{address}`")),
        };
        let public = network.vpcs.get(subnet.vpc.own().unwrap_or_default()).and_then(|vpc| {
            let public = vpc.subnets.iter().find(|s| network.is_public(**s).is_some())?;
            Some(network.subnets.get(*public)?.resource.address.clone())
        });
        notes.add(match public {
            Some(public) => found.help(format!("place it in a public subnet, as `{public}`")),
            None => found.help("give the subnet's route table a route of 0.0.0.0/0 to an internet gateway that is attached to the network"),
        });
    }
}

/// E0507: a database whose subnets have a route to the internet is one flag, or one mistake in a rule, away from it.
fn databases(notes: &mut Notes<'_>) {
    let network = notes.network;
    for workload in &network.workloads {
        let what = match workload.kind {
            Kind::Database => "database",
            // Of Aurora it is the instances that have addresses, and they are told of.
            Kind::DatabaseCluster if workload.resource.inputs.get("db_cluster_instance_class").is_some() => "database",
            Kind::Cache => "cache",
            _ => continue,
        };
        // Who says so wants it so.
        if matches!(workload.resource.inputs.get("publicly_accessible"), Some(Value::Bool(true))) {
            continue;
        }
        let public = workload.subnets.iter().flatten().filter_map(Ref::own).find_map(|s| Some((s, network.is_public(s)?)));
        let Some((subnet, route)) = public else { continue };
        let (Some(subnet), Some(route)) = (network.subnets.get(subnet), network.routes.get(route)) else { continue };
        let address = &workload.resource.address;
        let at = notes.span(&Place::named(address, workload.placed_by));
        let message = format!("the {what} `{address}` is in a public subnet, `{}`", subnet.resource.address);
        let found = Diagnostic::warning(Code(507), at, message)
            .label("one of these subnets has a route to the internet")
            .also(notes.span(&Place::of(&route.resource.address)), format!("the route, `{}`", route.resource.address));
        let meant = if matches!(workload.kind, Kind::Database | Kind::DatabaseCluster) {
            "; or write `publicly_accessible = true` if it is meant to be"
        } else {
            ""
        };
        notes.add(found.help(format!("place it in subnets without a route to an internet gateway{meant}")));
    }
}

pub(super) fn name_of_vpc(network: &Network, vpc: &Ref) -> String {
    match vpc {
        Ref::Own(index) => network.vpcs.get(*index).map(|vpc| vpc.resource.address.to_string()).unwrap_or_default(),
        Ref::Foreign(id) => id.to_string(),
        Ref::Unknown => "its network".to_owned(),
    }
}

fn name_of(resources: &[Resource], reference: &Ref) -> String {
    match reference {
        Ref::Own(index) => resources.get(*index).map(|r| r.address.to_string()).unwrap_or_default(),
        Ref::Foreign(id) => id.to_string(),
        Ref::Unknown => "the gateway".to_owned(),
    }
}
