//! The way from one end to the other: routes and gateways first, then the security groups of both.

use ipnet::IpNet;

use super::Tri;
use super::findings::{Part, Place};
use super::gates::{Direction, Seen, Wanted};
use super::model::{Network, Target};
use super::public::{name_of_vpc, no_route};
use super::ranges::{is_private, overlap_each_other};
use super::reach::{Hop, Leg};
use super::references::Ref;
use super::routes::{Exit, Table};
use super::side::{Guards, Who};

impl Network {
    /// The way, with the network ACLs at the borders of its subnets.
    pub(super) fn way(&self, from: Who, to: Who, wanted: Wanted) -> Leg {
        if !self.has_acls() {
            return self.open_way(from, to, wanted);
        }
        let sources = self.parts(from);
        let pairs = sources.into_iter().flat_map(|from| self.parts(to).into_iter().map(move |to| (from, to)));
        let legs = pairs.map(|(from, to)| self.through_acls(from, to, wanted));
        Leg::best(legs).unwrap_or_else(|| self.open_way(from, to, wanted))
    }

    /// The way as if network ACLs let everything through.
    pub(super) fn open_way(&self, from: Who, to: Who, wanted: Wanted) -> Leg {
        match (self.beyond(from, to), self.beyond(to, from)) {
            (Some(from), None) => self.inbound(from, to, wanted),
            (None, Some(to)) => self.outbound(from, to, wanted),
            (None, None) => self.between(from, to, wanted),
            (Some(_), Some(_)) => Leg::unknown("both ends are outside of the program's networks", None),
        }
    }

    /// The end as one that is outside of the other's network; `None` when it is inside of one.
    pub(super) fn beyond(&self, who: Who, other: Who) -> Option<Who> {
        match who {
            Who::Internet => Some(who),
            Who::Range(net) => {
                let inside = self.network_of(other).own().and_then(|vpc| self.vpcs.get(vpc)?.range);
                inside.is_none_or(|range| !overlap_each_other(range, net)).then_some(who)
            }
            Who::Subnet(_) | Who::Workload(_) | Who::Part(..) => None,
        }
    }

    // ------------------------------------------------------------ from outside

    fn inbound(&self, from: Who, to: Who, wanted: Wanted) -> Leg {
        let by_address = match from {
            Who::Range(net) => is_private(net),
            _ => false,
        };
        let seen = self.seen(from);
        if by_address {
            return self.in_from_private(from, to).then(|| self.gates(Guards::None, (from, &seen), to, wanted));
        }
        if let Some(leg) = self.public_api(from, to) {
            return leg;
        }
        self.in_from_internet(to).then(|| self.gates(Guards::None, (from, &seen), to, wanted))
    }

    /// The Kubernetes API has an address of its own on the internet, whatever subnets and groups say.
    fn public_api(&self, from: Who, to: Who) -> Option<Leg> {
        let api = self.api(to)?;
        let name = self.called(to);
        let at = |part| Some(api.place.clone().with(Part::Name(part)));
        let place = at("endpoint_public_access");
        Some(match (api.public, api.from) {
            (Tri::No, _) => Leg::stopped(
                Hop::passing(format!("the API of {name} has no public endpoint"), "no public endpoint", place)
                    .help("write `endpoint_public_access = true` if it is meant to have one"),
            ),
            (Tri::Unknown, _) | (_, None) => Leg::unknown(format!("who reaches the API of {name} is not known yet"), place),
            (Tri::Yes, Some(ranges)) => {
                let lets = |net: &IpNet| match from {
                    Who::Range(range) => overlap_each_other(*net, range),
                    _ => !is_private(*net),
                };
                if ranges.is_empty() || ranges.iter().any(lets) {
                    Leg::open(vec![Hop::passing(format!("the API of {name} has a public endpoint"), "its public endpoint", place)])
                } else {
                    let text = format!("the public endpoint of {name} lets in none of {}", self.called(from));
                    Leg::stopped(
                        Hop::passing(text, "the ranges that it lets in", at("public_access_cidrs"))
                            .help("add the range to `public_access_cidrs`"),
                    )
                }
            }
        })
    }

    /// From the internet to the end's own public address, through a route back to an internet gateway.
    fn in_from_internet(&self, to: Who) -> Leg {
        let name = self.called(to);
        let (subnets, all) = self.subnets_of_end(to);
        let legs = subnets.iter().map(|subnet| {
            let (has, why, place) = self.public_address(to, *subnet);
            let address = match has {
                Tri::No => {
                    let text = format!("{why}, so nothing of the internet gets to {name}");
                    Leg::stopped(Hop::passing(text, "no public address", place).help(self.get_public_address(to)))
                }
                Tri::Unknown => Leg::unknown(why, place),
                Tri::Yes => Leg::open(vec![Hop::passing(why, "a public address", place)]),
            };
            address.then(|| self.gateway_leg(*subnet))
        });
        let unknown = || Leg::unknown(format!("the subnets of {name} are not known"), self.declared(to));
        let best = Leg::best(legs);
        match best {
            Some(leg) if all || leg.verdict == Tri::Yes => leg,
            _ => unknown(),
        }
    }

    fn get_public_address(&self, to: Who) -> &'static str {
        match self.workload(to).map(|w| w.kind) {
            Some(super::vocabulary::Kind::Database | super::vocabulary::Kind::DatabaseCluster) => {
                "write `publicly_accessible = true` if it is meant to have one"
            }
            Some(super::vocabulary::Kind::Cache) => "reach it from inside its network",
            _ => "write `map_public_ip_on_launch = true` in the subnet if it is meant to give some",
        }
    }

    /// The subnet must have an internet gateway.
    fn gateway_leg(&self, subnet: usize) -> Leg {
        let Some(at) = self.subnets.get(subnet) else { return Leg::unknown("the subnet is not known", None) };
        let address = &at.resource.address;
        match self.exit(subnet) {
            Exit::Gateway { route, .. } => Leg::open(vec![self.route_hop(route)]),
            Exit::Detached { route } => self.detached(route, &at.vpc),
            Exit::None => {
                let (why, other) = no_route(self, subnet);
                let place = other.map_or_else(|| Place::of(address), |(place, _)| place);
                Leg::stopped(
                    Hop::passing(format!("`{address}`: {why}"), "no route to the internet", Some(place))
                        .help(format!("give the route table of `{address}` a route of 0.0.0.0/0 to an internet gateway")),
                )
            }
            Exit::Nat { route, .. } => {
                let text = format!("`{address}` goes out through a NAT gateway, which nothing from the internet comes in through");
                Leg::stopped(Hop::passing(text, "its route to the internet", self.route_place(route)).help("place it in a public subnet"))
            }
            Exit::Beyond { route } => {
                Leg::unknown(format!("what is behind the route of `{address}` is not known"), self.route_place(route))
            }
            Exit::Unknown => Leg::unknown(format!("the routes of `{address}` are not all known"), Some(Place::of(address))),
        }
    }

    fn detached(&self, route: usize, vpc: &Ref) -> Leg {
        let text = format!("the internet gateway of the route is not attached to `{}`", name_of_vpc(self, vpc));
        Leg::stopped(Hop::passing(text, "the route", self.route_place(route)).help("attach it with an `aws.ec2.VPCGatewayAttachment`"))
    }

    /// From a private range outside: over what a route back leads to.
    fn in_from_private(&self, from: Who, to: Who) -> Leg {
        let Who::Range(net) = from else { return Leg::open(Vec::new()) };
        let (subnets, all) = self.subnets_of_end(to);
        let vpc = self.network_of(to);
        let legs = subnets.iter().map(|subnet| {
            let name = name_of_vpc(self, &vpc);
            match self.route_to(*subnet, net).map(|route| route.map(|r| (r, self.through(r, &vpc)))) {
                Ok(Some((route, Exit::Beyond { .. }))) => Leg::open(vec![self.route_hop(route)]),
                Ok(Some((_, Exit::Unknown))) | Err(()) => Leg::unknown("the routes are not all known", self.declared(to)),
                _ if vpc.own().is_none_or(|vpc| self.has_line(vpc)) => {
                    Leg::unknown(format!("`{name}` may have lines to elsewhere that the program does not make"), self.declared(to))
                }
                _ => Leg::stopped(
                    Hop::passing(
                        format!("`{net}` is not of `{name}`, and no route leads there"),
                        "nothing connects the two",
                        self.declared(to),
                    )
                    .help("connect the two, with a peering connection or a transit gateway, and give both sides a route"),
                ),
            }
        });
        match Leg::best(legs) {
            Some(leg) if all || leg.verdict == Tri::Yes => leg,
            _ => Leg::unknown(format!("the subnets of {} are not known", self.called(to)), self.declared(to)),
        }
    }

    // ------------------------------------------------------------ to outside

    fn outbound(&self, from: Who, to: Who, wanted: Wanted) -> Leg {
        let guards = self.guards(from);
        self.leave(from, to).then(|| {
            let seen = self.seen(to);
            let out = self.openings(&guards, Direction::Out, &seen, wanted);
            match self.common(&out, &self.openings(&Guards::None, Direction::In, &seen, wanted), wanted) {
                Some((opening, _, sure)) => {
                    let hops = self.opening_hop(opening, Direction::Out, &self.called(to)).into_iter().collect();
                    Leg { verdict: if sure { Tri::Yes } else { Tri::Unknown }, hops }
                }
                None => Leg::stopped(self.closed_hop(&guards, Direction::Out, to, wanted)),
            }
        })
    }

    /// Out of the network, to the internet or to a range beyond.
    fn leave(&self, from: Who, to: Who) -> Leg {
        let (subnets, all) = self.subnets_of_end(from);
        let legs = subnets.iter().map(|subnet| {
            let Some(at) = self.subnets.get(*subnet) else { return Leg::unknown("the subnet is not known", None) };
            let exit = match to {
                Who::Range(net) => match self.route_to(*subnet, net) {
                    Ok(Some(route)) => self.through(route, &at.vpc),
                    Ok(None) => Exit::None,
                    Err(()) => Exit::Unknown,
                },
                _ => self.exit(*subnet),
            };
            self.leave_by(from, to, *subnet, exit)
        });
        match Leg::best(legs) {
            Some(leg) if all || leg.verdict == Tri::Yes => leg,
            _ => Leg::unknown(format!("the subnets of {} are not known", self.called(from)), self.declared(from)),
        }
    }

    fn leave_by(&self, from: Who, to: Who, subnet: usize, exit: Exit) -> Leg {
        let Some(at) = self.subnets.get(subnet) else { return Leg::unknown("the subnet is not known", None) };
        let address = &at.resource.address;
        let dead = |net: IpNet| is_private(net);
        match exit {
            Exit::Gateway { route, .. } | Exit::Nat { route, .. } if matches!(to, Who::Range(net) if dead(net)) => {
                let text = format!("{} is private, and the route of `{address}` leads to the internet", self.called(to));
                Leg::stopped(
                    Hop::passing(text, "the route it takes", self.route_place(route))
                        .help("give the route table a route to the other network"),
                )
            }
            Exit::Gateway { route, .. } => {
                let (has, why, place) = self.public_address(from, subnet);
                let hop = self.route_hop(route);
                match has {
                    Tri::Yes => Leg::open(vec![Hop::passing(why, "a public address", place), hop]),
                    Tri::Unknown => Leg::unknown(why, place),
                    Tri::No => Leg::stopped(
                        Hop::passing(format!("{why}, and an internet gateway passes on only what has one"), "no public address", place)
                            .help("place it in a subnet whose route leads to a NAT gateway, or give it a public address"),
                    ),
                }
            }
            Exit::Nat { route, nat } => self.through_nat(route, nat),
            Exit::Beyond { route } if to == Who::Internet => {
                Leg::unknown(format!("what is behind the route of `{address}` is not known"), self.route_place(route))
            }
            Exit::Beyond { route } => Leg::open(vec![self.route_hop(route)]),
            Exit::Detached { route } => self.detached(route, &at.vpc),
            Exit::None => {
                let (_, other) = no_route(self, subnet);
                let place = other.map_or_else(|| Place::of(address), |(place, _)| place);
                let title = if self.table_of(subnet) == Table::Main { "it has no route table of its own" } else { "its route table" };
                Leg::stopped(
                    Hop::passing(format!("no route of `{address}` leads to {}", self.called(to)), title, Some(place))
                        .help("add a route: to an internet gateway, a NAT gateway, or the other network"),
                )
            }
            Exit::Unknown => Leg::unknown(format!("the routes of `{address}` are not all known"), Some(Place::of(address))),
        }
    }

    fn through_nat(&self, route: usize, nat: usize) -> Leg {
        let Some(gateway) = self.nats.get(nat) else { return Leg::unknown("the NAT gateway is not known", None) };
        let address = &gateway.resource.address;
        let hop = self.route_hop(route);
        let subnet = match (gateway.public, &gateway.subnet) {
            (Some(false), _) => {
                let text = format!("`{address}` is a private NAT gateway, which does not lead to the internet");
                let place = Place::named(address, "connectivity_type");
                return Leg::stopped(Hop::passing(text, "private", Some(place)).help("use one with `connectivity_type = \"public\"`"));
            }
            // A regional gateway finds its own way.
            (Some(true), None) => return Leg::open(vec![hop]),
            (Some(true), Some(Ref::Own(subnet))) => *subnet,
            _ => return Leg::unknown(format!("the subnet of `{address}` is not known"), Some(Place::of(address))),
        };
        match self.exit(subnet) {
            Exit::Gateway { .. } => Leg::open(vec![hop]),
            Exit::Unknown | Exit::Beyond { .. } => {
                Leg::unknown(format!("how `{address}` gets to the internet is not known"), Some(Place::of(address)))
            }
            _ => {
                let text = format!("the NAT gateway `{address}` is in a subnet without a way to the internet itself");
                let place = Place::named(address, "subnet_id");
                Leg::stopped(Hop::passing(text, "its subnet", Some(place)).help("place it in a public subnet"))
            }
        }
    }

    // ------------------------------------------------------------ inside

    fn between(&self, from: Who, to: Who, wanted: Wanted) -> Leg {
        let (here, there) = match (from, to) {
            (Who::Range(_), _) => (self.network_of(to), self.network_of(to)),
            (_, Who::Range(_)) => (self.network_of(from), self.network_of(from)),
            _ => (self.network_of(from), self.network_of(to)),
        };
        match here.same(&there) {
            Tri::Yes => self.inside(from, to, wanted),
            Tri::Unknown => {
                Leg::unknown(format!("whether {} and {} are in one network is not known", self.called(from), self.called(to)), None)
            }
            Tri::No => self.across(from, to, (&here, &there), wanted),
        }
    }

    /// Within one network every subnet has a route to every other.
    fn inside(&self, from: Who, to: Who, wanted: Wanted) -> Leg {
        if let Some(api) = self.api(to).filter(|api| api.private != Tri::Yes) {
            return match api.private {
                Tri::Unknown => {
                    Leg::unknown(format!("whether the API of {} is on its network is not known", self.called(to)), Some(api.place))
                }
                // Without a private endpoint, machines of the network call the public one.
                _ => self.outbound(from, Who::Internet, wanted).then(|| self.api_from(from, to)),
            };
        }
        let (addresses, _) = self.addresses(to);
        let (subnets, _) = self.subnets_of_end(from);
        let detour = subnets.iter().filter_map(|s| self.routes_of(*s)).flatten().find(|route| {
            self.routes.get(**route).and_then(|r| r.destination).is_some_and(|net| addresses.iter().any(|a| a.contains(&net)))
        });
        if let Some(route) = detour {
            let text = "a route sends this past a machine that may stop it";
            return Leg::unknown(text, self.route_place(*route));
        }
        let seen = self.seen(from);
        self.gates(self.guards(from), (from, &seen), to, wanted)
    }

    /// The public endpoint of a cluster, called by a machine with a public address that is not known.
    fn api_from(&self, from: Who, to: Who) -> Leg {
        match self.api(to) {
            Some(api)
                if api.public == Tri::Yes && api.from.as_ref().is_some_and(|ranges| ranges.iter().any(|net| net.prefix_len() > 0)) =>
            {
                let text = format!("whether the public address of {} is in `public_access_cidrs` is not known", self.called(from));
                Leg::unknown(text, Some(api.place))
            }
            _ => self.public_api(Who::Internet, to).unwrap_or_else(|| Leg::open(Vec::new())),
        }
    }

    /// Two networks: by routes both ways to a connection between them, or over the internet.
    fn across(&self, from: Who, to: Who, networks: (&Ref, &Ref), wanted: Wanted) -> Leg {
        let direct = self.connection(from, to);
        let back = self.connection(to, from);
        if let (Some(out), Some(_)) = (direct, back) {
            let seen = self.seen(from);
            return Leg::open(vec![self.route_hop(out)]).then(|| self.gates(self.guards(from), (from, &seen), to, wanted));
        }
        let seen = Seen { translated: true, ..self.seen(from) };
        let public = match self.api(to) {
            Some(_) => self.outbound(from, Who::Internet, wanted).then(|| self.api_from(from, to)),
            None => self
                .in_from_internet(to)
                .then(|| self.leave(from, Who::Internet))
                .then(|| self.gates(self.guards(from), (from, &seen), to, wanted)),
        };
        if public.verdict != Tri::No {
            return public;
        }
        let (here, there) = (name_of_vpc(self, networks.0), name_of_vpc(self, networks.1));
        let text = match (direct, back) {
            (Some(_), None) => format!("`{there}` has no route back to `{here}`"),
            (None, Some(_)) => format!("`{here}` has no route to `{there}`"),
            _ => format!("{} is in `{here}`, {} in `{there}`, and nothing connects the two", self.called(from), self.called(to)),
        };
        Leg::stopped(
            Hop::passing(text, format!("in `{there}`"), self.declared(to))
                .help("connect the networks, with a peering connection or a transit gateway, and give both sides a route to the other"),
        )
    }

    /// A route of the one to the other's addresses, over something that connects networks.
    pub(super) fn connection(&self, from: Who, to: Who) -> Option<usize> {
        let (subnets, _) = self.subnets_of_end(from);
        let (addresses, _) = self.addresses(to);
        subnets.iter().find_map(|subnet| {
            let route = self.routes_of(*subnet)?.iter().find(|route| {
                self.routes.get(**route).is_some_and(|r| {
                    self.may_lead(&r.target, from, to)
                        && r.destination.is_some_and(|net| addresses.iter().any(|a| overlap_each_other(net, *a)))
                })
            })?;
            Some(*route)
        })
    }

    /// Whether the target connects the networks of the two; one that is made elsewhere is taken to.
    fn may_lead(&self, target: &Target, from: Who, to: Who) -> bool {
        match target {
            Target::Beyond(..) => true,
            Target::Peering(peering) => self
                .peerings
                .get(*peering)
                .and_then(|peering| peering.beyond(&self.network_of(from)))
                .is_some_and(|other| other.same(&self.network_of(to)) != Tri::No),
            _ => false,
        }
    }

    // ------------------------------------------------------------ the security groups of both

    fn gates(&self, guards: Guards, (from, seen): (Who, &Seen), to: Who, wanted: Wanted) -> Leg {
        let target = self.seen(to);
        let target = if seen.translated { Seen { translated: true, ..target } } else { target };
        let out = self.openings(&guards, Direction::Out, &target, wanted);
        if out.is_empty() {
            return Leg::stopped(self.closed_hop(&guards, Direction::Out, to, wanted));
        }
        let guarded = self.guards(to);
        let into = self.openings(&guarded, Direction::In, seen, wanted);
        if into.is_empty() {
            return Leg::stopped(self.closed_hop(&guarded, Direction::In, from, wanted));
        }
        match self.common(&out, &into, wanted) {
            Some((a, b, sure)) => {
                let hops = self.opening_hop(a, Direction::Out, &self.called(to)).into_iter();
                let hops = hops.chain(self.opening_hop(b, Direction::In, &self.called(from))).collect();
                Leg { verdict: if sure { Tri::Yes } else { Tri::Unknown }, hops }
            }
            None => {
                let text = format!("what {} may send and what {} takes have no port in common", self.called(from), self.called(to));
                Leg::stopped(
                    Hop::passing(text, "the other end", self.declared(to)).help("let the same ports out of the one and in to the other"),
                )
            }
        }
    }

    // ------------------------------------------------------------ words

    fn route_place(&self, route: usize) -> Option<Place> {
        self.routes.get(route).map(|route| Place::of(&route.resource.address))
    }

    fn route_hop(&self, route: usize) -> Hop {
        let Some(at) = self.routes.get(route) else { return Hop::passing("", "", None) };
        let to = match &at.target {
            Target::InternetGateway(_) => "an internet gateway",
            Target::Nat(_) => "a NAT gateway",
            Target::Beyond("vpc_peering_connection_id", _) | Target::Peering(_) => "a peering connection",
            Target::Beyond("transit_gateway_id", _) => "a transit gateway",
            Target::Beyond(..) | Target::Unknown => "something beyond the network",
        };
        let net = at.destination.map(|net| format!("`{net}` ")).unwrap_or_default();
        Hop::passing(format!("the route `{}` sends {net}to {to}", at.resource.address), "the route", self.route_place(route))
    }
}
