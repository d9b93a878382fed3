//! Which way traffic takes: route tables, gateways and what they are attached to.
//!
//! A subnet without an association has its network's main table, in which nothing is but the local route; the longest prefix wins.

use ipnet::IpNet;

use super::Tri;
use super::model::{Network, Target};
use super::references::Ref;

/// The route table of a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Own(usize),
    /// The network's main table.
    Main,
    Unknown,
}

/// How a subnet gets to the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Through a route to an internet gateway that is attached to its network.
    Gateway {
        route: usize,
        attachment: Option<usize>,
    },
    /// Its route is to an internet gateway that is not attached to its network.
    Detached {
        route: usize,
    },
    Nat {
        route: usize,
        nat: usize,
    },
    /// Through something that only the outside knows: a firewall, another network.
    Beyond {
        route: usize,
    },
    /// No route leads there.
    None,
    Unknown,
}

/// Where an internet gateway is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attached {
    /// To the network in question. The attachment, unless it is made elsewhere.
    Here(usize),
    /// Only to another one.
    Elsewhere(usize),
    Nowhere,
    Unknown,
}

impl Network {
    pub(super) fn table_of(&self, subnet: usize) -> Table {
        let Some(subnet) = self.subnets.get(subnet) else { return Table::Unknown };
        match subnet.association.and_then(|a| self.associations.get(a)).map(|a| &a.table) {
            Some(Ref::Own(table)) => Table::Own(*table),
            Some(_) => Table::Unknown,
            None if self.loose_associations || self.foreign_tables || !self.complete => Table::Unknown,
            None => Table::Main,
        }
    }

    /// Is the gateway attached to the network?
    pub(super) fn attached(&self, gateway: &Ref, vpc: &Ref) -> Attached {
        let mut elsewhere = None;
        for position in self.by_gateway.get(gateway).into_iter().flatten().copied() {
            let Some(attachment) = self.attachments.get(position) else { continue };
            match attachment.vpc.same(vpc) {
                Tri::Yes => return Attached::Here(position),
                Tri::Unknown => return Attached::Unknown,
                Tri::No => elsewhere = Some(position),
            }
        }
        match (gateway, elsewhere) {
            (_, Some(position)) => Attached::Elsewhere(position),
            // One that is made elsewhere, or a network that is, may be attached elsewhere.
            (Ref::Own(_), None) if matches!(vpc, Ref::Own(_)) && self.complete && !self.loose_attachments => Attached::Nowhere,
            _ => Attached::Unknown,
        }
    }

    /// Has the network a gateway to the internet?
    pub(super) fn has_internet(&self, vpc: &Ref) -> Tri {
        let Some(own) = vpc.own().and_then(|vpc| self.vpcs.get(vpc)) else { return Tri::Unknown };
        let is_internet = |position: &usize| self.attachments.get(*position).is_some_and(|a| a.internet_gateway.is_some());
        if own.attachments.iter().any(is_internet) {
            return Tri::Yes;
        }
        if self.complete && !self.loose_attachments { Tri::No } else { Tri::Unknown }
    }

    /// May the network be reached over a line that the program does not route: a virtual private gateway announces routes itself?
    pub(super) fn has_line(&self, vpc: usize) -> bool {
        self.vpcs.get(vpc).is_some_and(|vpc| {
            vpc.attachments.iter().any(|position| self.attachments.get(*position).is_some_and(|a| a.internet_gateway.is_none()))
        })
    }

    /// The routes of a subnet's table, the local one aside; `None` when the table is not known.
    pub(super) fn routes_of(&self, subnet: usize) -> Option<&[usize]> {
        match self.table_of(subnet) {
            Table::Own(table) => self.tables.get(table).map(|table| table.routes.as_slice()),
            Table::Main => Some(&[]),
            Table::Unknown => None,
        }
    }

    /// How a subnet gets to the internet, and is answered from there.
    pub(super) fn exit(&self, subnet: usize) -> Exit {
        let (Some(routes), Some(at)) = (self.routes_of(subnet), self.subnets.get(subnet)) else { return Exit::Unknown };
        let mut best: Option<(u8, usize)> = None;
        let mut loose = false;
        for position in routes {
            let Some(route) = self.routes.get(*position) else { continue };
            let Some(IpNet::V4(net)) = route.destination else {
                // A prefix list may hold anything; IPv6 is no matter here.
                loose |= route.destination.is_none();
                continue;
            };
            if super::ranges::is_private(IpNet::V4(net)) {
                continue;
            }
            // The way of most of the internet; of two alike, the shorter.
            if best.as_ref().is_none_or(|(other, _)| net.prefix_len() < *other) {
                best = Some((net.prefix_len(), *position));
            }
        }
        let Some((_, route)) = best else {
            return if loose || !self.complete { Exit::Unknown } else { Exit::None };
        };
        self.through(route, &at.vpc)
    }

    /// Where a route of a table of that network leads.
    pub(super) fn through(&self, route: usize, vpc: &Ref) -> Exit {
        match self.routes.get(route).map_or(&Target::Unknown, |route| &route.target) {
            Target::InternetGateway(gateway) => match self.attached(gateway, vpc) {
                Attached::Here(attachment) => Exit::Gateway { route, attachment: Some(attachment) },
                Attached::Elsewhere(_) | Attached::Nowhere => Exit::Detached { route },
                Attached::Unknown if matches!(gateway, Ref::Foreign(_)) => Exit::Gateway { route, attachment: None },
                Attached::Unknown => Exit::Unknown,
            },
            Target::Nat(Ref::Own(nat)) => Exit::Nat { route, nat: *nat },
            Target::Nat(_) | Target::Unknown => Exit::Unknown,
            Target::Beyond(..) | Target::Peering(_) => Exit::Beyond { route },
        }
    }

    /// Is the subnet a public one: does a route of its table lead to an internet gateway?
    pub(super) fn is_public(&self, subnet: usize) -> Option<usize> {
        match self.exit(subnet) {
            Exit::Gateway { route, .. } => Some(route),
            _ => None,
        }
    }

    /// The route by which a subnet sends to addresses beyond its network; the longest prefix wins. `Err`: not known.
    pub(super) fn route_to(&self, subnet: usize, to: IpNet) -> Result<Option<usize>, ()> {
        let routes = self.routes_of(subnet).ok_or(())?;
        let mut best: Option<(u8, usize)> = None;
        let mut loose = !self.complete;
        for position in routes {
            let Some(route) = self.routes.get(*position) else { continue };
            match route.destination {
                Some(net) if net.contains(&to) => {
                    if best.is_none_or(|(length, _)| net.prefix_len() > length) {
                        best = Some((net.prefix_len(), *position));
                    }
                }
                // A part of what is asked for is enough: some address is reached.
                Some(net) if to.contains(&net) => {
                    if best.is_none() {
                        best = Some((0, *position));
                    }
                }
                Some(_) => {}
                None => loose = true,
            }
        }
        match best {
            Some((_, position)) => Ok(Some(position)),
            None if loose => Err(()),
            None => Ok(None),
        }
    }

    /// Do the networks' own routes lead past them: to what another network, an office or an appliance has?
    pub(super) fn leads_beyond(&self, vpc: usize) -> impl Iterator<Item = usize> + '_ {
        let tables = self.vpcs.get(vpc).map_or(&[][..], |vpc| vpc.tables.as_slice());
        tables.iter().filter_map(|table| self.tables.get(*table)).flat_map(|table| table.routes.iter().copied()).filter(|position| {
            self.routes.get(*position).is_some_and(|r| matches!(r.target, Target::Beyond(..) | Target::Peering(_) | Target::Unknown))
        })
    }
}
