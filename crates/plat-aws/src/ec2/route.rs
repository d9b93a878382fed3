use ipnet::IpNet;
use plat::schema::{AnyResource, Arn, Id};
use plat_derive::Resource;

use super::{InternetGateway, NatGateway, RouteTable, VpcEndpoint, VpcPeeringConnection};

/// One route of a route table: a destination and where its traffic goes.
///
/// One of the destinations, and one of the targets. A route through an internet gateway works once the gateway is attached:
/// put `@after` the attachment.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource internet: aws.ec2.InternetGateway {}
/// resource attachment: aws.ec2.VPCGatewayAttachment {
///   vpc_id              = main
///   internet_gateway_id = internet
/// }
/// resource public: aws.ec2.RouteTable { vpc_id = main }
/// resource way_out: aws.ec2.Route {
///   route_table_id         = public
///   destination_cidr_block = 0.0.0.0/0
///   gateway_id             = internet
///   @after                 = [attachment]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.Route", import(route_table_id, cidr_block), recovery = Relation, claims = super::claims::route, rules = &[super::rules::ROUTE])]
pub struct Route {
    /// The route table.
    #[attr(required, replaces)]
    pub route_table_id: Id<RouteTable>,
    /// Destination: an IPv4 network; `0.0.0.0/0` is everything.
    #[attr(optional, replaces)]
    pub destination_cidr_block: Option<IpNet>,
    /// Destination: an IPv6 network; `::/0` is everything.
    #[attr(optional, replaces)]
    pub destination_ipv6_cidr_block: Option<IpNet>,
    /// Destination: the networks of a prefix list.
    #[attr(optional, replaces)]
    pub destination_prefix_list_id: Option<String>,
    /// Target: a carrier gateway, in a Wavelength Zone.
    #[attr(optional)]
    pub carrier_gateway_id: Option<String>,
    /// Target: a core network of Cloud WAN.
    #[attr(optional)]
    pub core_network_arn: Option<Arn<AnyResource>>,
    /// Target: an egress-only internet gateway; IPv6.
    #[attr(optional)]
    pub egress_only_internet_gateway_id: Option<String>,
    /// Target: an internet gateway, or a virtual private gateway.
    #[attr(optional)]
    pub gateway_id: Option<Id<InternetGateway>>,
    /// Target: an instance with exactly one network interface.
    #[attr(chosen, nullable)]
    pub instance_id: Option<String>,
    /// Target: a local gateway, on an Outpost.
    #[attr(optional)]
    pub local_gateway_id: Option<String>,
    /// Target: a NAT gateway; IPv4, and IPv6 with NAT64.
    #[attr(optional)]
    pub nat_gateway_id: Option<Id<NatGateway>>,
    /// Target: a network interface.
    #[attr(chosen, nullable)]
    pub network_interface_id: Option<String>,
    /// Target: an ODB network.
    #[attr(optional)]
    pub odb_network_arn: Option<Arn<AnyResource>>,
    /// Target: a transit gateway.
    #[attr(optional)]
    pub transit_gateway_id: Option<String>,
    /// Target: a Gateway Load Balancer endpoint.
    #[attr(optional)]
    pub vpc_endpoint_id: Option<Id<VpcEndpoint>>,
    /// Target: a peering connection between networks.
    #[attr(optional)]
    pub vpc_peering_connection_id: Option<Id<VpcPeeringConnection>>,
    /// The destination, as the import id has it: a network or the id of a prefix list.
    #[attr(computed)]
    pub cidr_block: String,
}

#[cfg(feature = "ec2")]
mod handler {
    use std::collections::{BTreeSet, HashMap};
    use std::time::Duration as StdDuration;

    use aws_sdk_ec2::types::{self as sdk, RouteOrigin};
    use futures_util::future::try_join_all;
    use plat::provider::{Asked, Change, ErrorKind, Operation, ProviderError, ResourceHandler};
    use plat::value::{ResolvedObject, Value};

    use super::Route;
    use crate::client::Aws;
    use crate::ec2::describe::{FILTER_VALUES, filter, fits};
    use crate::ec2::route_table::tables;
    use crate::error::{absent, exactly_one, provider_error};
    use crate::wait::{Progress, until};

    const LOOK: StdDuration = StdDuration::from_secs(5);

    /// Sends the call with the destination and target of a route; CreateRoute and ReplaceRoute take the same.
    macro_rules! with_target {
        ($call:expr, $route:expr) => {
            $call
                .route_table_id($route.route_table_id.as_str())
                .set_destination_cidr_block($route.destination_cidr_block.map(|c| c.trunc().to_string()))
                .set_destination_ipv6_cidr_block($route.destination_ipv6_cidr_block.map(|c| c.trunc().to_string()))
                .set_destination_prefix_list_id($route.destination_prefix_list_id.clone())
                .set_carrier_gateway_id($route.carrier_gateway_id.clone())
                .set_core_network_arn($route.core_network_arn.clone().map(Into::into))
                .set_egress_only_internet_gateway_id($route.egress_only_internet_gateway_id.clone())
                .set_gateway_id($route.gateway_id.clone().map(Into::into))
                .set_instance_id($route.instance_id.clone())
                .set_local_gateway_id($route.local_gateway_id.clone())
                .set_nat_gateway_id($route.nat_gateway_id.clone().map(Into::into))
                .set_network_interface_id($route.network_interface_id.clone())
                .set_odb_network_arn($route.odb_network_arn.clone().map(Into::into))
                .set_transit_gateway_id($route.transit_gateway_id.clone())
                .set_vpc_endpoint_id($route.vpc_endpoint_id.clone().map(Into::into))
                .set_vpc_peering_connection_id($route.vpc_peering_connection_id.clone().map(Into::into))
        };
    }

    impl ResourceHandler<Aws> for Route {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let id = desired.id()?;
            with_target!(aws.ec2().create_route(), desired).send().await.map(|_| ()).map_err(|e| provider_error("CreateRoute", e))?;
            op.accepted.accepted(&id)?;
            let read = routed(aws, op, &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let wanted: BTreeSet<&str> = ids.iter().filter_map(|id| Some(id.split_once('|')?.0)).collect();
            let wanted: Vec<&str> = wanted.into_iter().collect();
            let calls = wanted.chunks(FILTER_VALUES).map(|chunk| tables(aws, vec![filter("route-table-id", chunk.iter().copied())]));
            let found = try_join_all(calls).await?.into_iter().flatten().flat_map(routes_of);
            let mut by_id: HashMap<String, Self> = found.map(|route| (route.import_id(), route)).collect();
            Ok(ids.iter().map(|id| by_id.remove(&canonical(id))).collect())
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            let desired = desired.without_old_target(&prior);
            if !desired.same_target(&prior) {
                let call = with_target!(aws.ec2().replace_route(), desired);
                call.send().await.map(|_| ()).map_err(|e| provider_error("ReplaceRoute", e))?;
            }
            routed(aws, op, id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
            let call = aws
                .ec2()
                .delete_route()
                .route_table_id(prior.route_table_id.as_str())
                .set_destination_cidr_block(prior.destination_cidr_block.map(|c| c.to_string()))
                .set_destination_ipv6_cidr_block(prior.destination_ipv6_cidr_block.map(|c| c.to_string()))
                .set_destination_prefix_list_id(prior.destination_prefix_list_id.clone());
            absent(
                call.send().await.map_err(|e| provider_error("DeleteRoute", e)),
                &["InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"],
            )?;
            until("RouteDeleted", op.timeout, LOOK, || async {
                Ok(if one(aws, id).await?.is_none() { Progress::Ready(()) } else { Progress::Pending })
            })
            .await
        }

        async fn find(aws: &Aws, _: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let id = desired.id()?;
            Ok(one(aws, &id).await?.filter(|found| desired.same_target(found)).map(|_| id))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let Some(table) = query.get("route_table_id").and_then(Value::as_str) else {
                return Err(ProviderError::new(
                    ErrorKind::Refused,
                    "lookup of aws.ec2.Route",
                    "say in which route table: `route_table_id`",
                ));
            };
            let found = tables(aws, vec![filter("route-table-id", [table])]).await?.into_iter().flat_map(routes_of);
            exactly_one("aws.ec2.Route", found.filter(|route| fits(query, route)).collect())
        }
    }

    impl Route {
        /// The destination in the form that AWS answers with: no host bits.
        fn destination(&self) -> Option<String> {
            let network = self.destination_cidr_block.or(self.destination_ipv6_cidr_block);
            network.map(|network| network.trunc().to_string()).or_else(|| self.destination_prefix_list_id.clone())
        }

        fn id(&self) -> Result<String, ProviderError> {
            let destination = self.destination().ok_or_else(|| {
                let message = "set `destination_cidr_block`, `destination_ipv6_cidr_block` or `destination_prefix_list_id`";
                ProviderError::new(ErrorKind::Refused, "CreateRoute", message)
            })?;
            Ok(format!("{}|{destination}", self.route_table_id))
        }

        fn import_id(&self) -> String {
            format!("{}|{}", self.route_table_id, self.cidr_block)
        }

        /// Where the traffic goes. AWS adds the interface of an instance and the instance of an interface, so those two are
        /// compared only where both routes have them.
        fn same_target(&self, other: &Self) -> bool {
            let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
            self.targets() == other.targets()
                && agree(&self.instance_id, &other.instance_id)
                && agree(&self.network_interface_id, &other.network_interface_id)
                && self.leads_to_interface() == other.leads_to_interface()
        }

        fn leads_to_interface(&self) -> bool {
            self.instance_id.is_some() || self.network_interface_id.is_some()
        }

        fn targets(&self) -> [Option<&str>; 10] {
            [
                self.carrier_gateway_id.as_deref(),
                self.core_network_arn.as_ref().map(|arn| arn.as_str()),
                self.egress_only_internet_gateway_id.as_deref(),
                self.gateway_id.as_ref().map(|id| id.as_str()),
                self.local_gateway_id.as_deref(),
                self.nat_gateway_id.as_ref().map(|id| id.as_str()),
                self.odb_network_arn.as_ref().map(|arn| arn.as_str()),
                self.transit_gateway_id.as_deref(),
                self.vpc_endpoint_id.as_ref().map(|id| id.as_str()),
                self.vpc_peering_connection_id.as_ref().map(|id| id.as_str()),
            ]
        }

        /// An interface or instance that AWS chose for the old target is not part of the new one.
        fn without_old_target(mut self, prior: &Self) -> Self {
            if self.targets().iter().any(Option::is_some) {
                self.instance_id = None;
                self.network_interface_id = None;
            } else if self.instance_id != prior.instance_id && self.network_interface_id == prior.network_interface_id {
                self.network_interface_id = None;
            } else if self.network_interface_id != prior.network_interface_id && self.instance_id == prior.instance_id {
                self.instance_id = None;
            }
            self
        }
    }

    /// An id as AWS would write it, when it was written with host bits.
    fn canonical(id: &str) -> String {
        match id.split_once('|') {
            Some((table, destination)) => match destination.parse::<ipnet::IpNet>() {
                Ok(network) => format!("{table}|{}", network.trunc()),
                Err(_) => id.to_owned(),
            },
            None => id.to_owned(),
        }
    }

    /// The routes of a table that someone made: not the local ones, not what a virtual private gateway announces.
    fn routes_of(table: sdk::RouteTable) -> Vec<Route> {
        let id = table.route_table_id.unwrap_or_default();
        let own =
            |route: &sdk::Route| !matches!(route.origin, Some(RouteOrigin::CreateRouteTable | RouteOrigin::EnableVgwRoutePropagation));
        table.routes.unwrap_or_default().into_iter().filter(own).map(|route| from_sdk(&id, route)).collect()
    }

    fn from_sdk(table: &str, route: sdk::Route) -> Route {
        // A Gateway Load Balancer endpoint is answered as a gateway.
        let (endpoint, gateway) = match route.gateway_id {
            Some(id) if id.starts_with("vpce-") => (Some(id), None),
            other => (None, other),
        };
        let mut read = Route {
            route_table_id: table.into(),
            destination_cidr_block: route.destination_cidr_block.and_then(|text| text.parse().ok()),
            destination_ipv6_cidr_block: route.destination_ipv6_cidr_block.and_then(|text| text.parse().ok()),
            destination_prefix_list_id: route.destination_prefix_list_id,
            carrier_gateway_id: route.carrier_gateway_id,
            core_network_arn: route.core_network_arn.map(Into::into),
            egress_only_internet_gateway_id: route.egress_only_internet_gateway_id,
            gateway_id: gateway.map(Into::into),
            instance_id: route.instance_id,
            local_gateway_id: route.local_gateway_id,
            nat_gateway_id: route.nat_gateway_id.map(Into::into),
            network_interface_id: route.network_interface_id,
            odb_network_arn: route.odb_network_arn.map(Into::into),
            transit_gateway_id: route.transit_gateway_id,
            vpc_endpoint_id: endpoint.map(Into::into),
            vpc_peering_connection_id: route.vpc_peering_connection_id.map(Into::into),
            cidr_block: String::new(),
        };
        read.cidr_block = read.destination().unwrap_or_default();
        read
    }

    async fn one(aws: &Aws, id: &str) -> Result<Option<Route>, ProviderError> {
        Ok(Route::read(aws, &[id.to_owned()]).await?.into_iter().flatten().next())
    }

    /// Waits until the table shows the route with its target.
    async fn routed(aws: &Aws, op: &Operation<'_>, id: &str, desired: &Route) -> Result<Route, ProviderError> {
        until("RouteActive", op.timeout, LOOK, || async {
            Ok(match one(aws, id).await?.filter(|now| desired.same_target(now)) {
                Some(now) => Progress::Ready(now),
                None => Progress::Pending,
            })
        })
        .await
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn route(target: fn(&mut Route)) -> Route {
            let mut route = Route { route_table_id: "rtb-1".into(), ..Route::default() };
            route.destination_cidr_block = "10.1.2.3/16".parse().ok();
            target(&mut route);
            route
        }

        #[test]
        fn the_id_has_no_host_bits() {
            assert_eq!(route(|_| {}).id().unwrap(), "rtb-1|10.1.0.0/16");
            assert_eq!(canonical("rtb-1|10.1.2.3/16"), "rtb-1|10.1.0.0/16");
            assert_eq!(canonical("rtb-1|pl-1"), "rtb-1|pl-1");
            assert!(Route::default().id().unwrap_err().message.contains("destination_cidr_block"));
        }

        #[test]
        fn what_aws_adds_to_a_target_is_no_other_target() {
            let instance = route(|r| r.instance_id = Some("i-1".into()));
            let answered = route(|r| {
                r.instance_id = Some("i-1".into());
                r.network_interface_id = Some("eni-1".into());
            });
            let nat = route(|r| r.nat_gateway_id = Some("nat-1".into()));
            assert!(instance.same_target(&answered));
            assert!(!instance.same_target(&nat));
            assert!(!route(|r| r.instance_id = Some("i-2".into())).same_target(&answered));
            assert!(!route(|r| r.nat_gateway_id = Some("nat-2".into())).same_target(&nat));
        }

        #[test]
        fn a_new_target_takes_the_old_ones_place() {
            let answered = route(|r| {
                r.instance_id = Some("i-1".into());
                r.network_interface_id = Some("eni-1".into());
            });
            let mut kept = answered.clone();
            kept.nat_gateway_id = Some("nat-1".into());
            let next = kept.without_old_target(&answered);
            assert_eq!((next.instance_id, next.network_interface_id), (None, None));
            let other = route(|r| {
                r.instance_id = Some("i-2".into());
                r.network_interface_id = Some("eni-1".into());
            });
            assert_eq!(other.without_old_target(&answered).network_interface_id, None);
        }

        #[test]
        fn only_routes_that_someone_made_are_read() {
            let made = |origin, cidr: &str| sdk::Route::builder().origin(origin).destination_cidr_block(cidr).gateway_id("vpce-1").build();
            let table = sdk::RouteTable::builder()
                .route_table_id("rtb-1")
                .routes(made(RouteOrigin::CreateRouteTable, "10.0.0.0/16"))
                .routes(made(RouteOrigin::CreateRoute, "0.0.0.0/0"))
                .routes(made(RouteOrigin::EnableVgwRoutePropagation, "10.9.0.0/16"))
                .build();
            let routes = routes_of(table);
            assert_eq!(routes.len(), 1);
            assert_eq!(routes[0].import_id(), "rtb-1|0.0.0.0/0");
            assert_eq!((routes[0].vpc_endpoint_id.as_ref().map(|id| id.as_str()), &routes[0].gateway_id), (Some("vpce-1"), &None));
        }
    }
}
