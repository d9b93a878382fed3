use std::collections::BTreeMap;
use std::net::IpAddr;

use plat::schema::Id;
use plat::value::Duration;
use plat_derive::{Record, Resource};

use super::{Eip, Subnet, Vpc};

/// Lets what has private addresses reach out, to the internet or to other networks, and nothing in.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource public: aws.ec2.Subnet {
///   vpc_id     = main
///   cidr_block = 10.0.0.0/24
/// }
/// resource internet: aws.ec2.InternetGateway {}
/// resource attachment: aws.ec2.VPCGatewayAttachment {
///   vpc_id              = main
///   internet_gateway_id = internet
/// }
/// resource routes: aws.ec2.RouteTable { vpc_id = main }
/// resource association: aws.ec2.SubnetRouteTableAssociation {
///   subnet_id      = public
///   route_table_id = routes
/// }
/// resource way_out: aws.ec2.Route {
///   route_table_id         = routes
///   destination_cidr_block = 0.0.0.0/0
///   gateway_id             = internet
///   @after                 = [attachment]
/// }
/// resource address: aws.ec2.EIP {
///   domain = "vpc"
///   @after = [attachment]
/// }
/// resource nat: aws.ec2.NatGateway {
///   subnet_id     = public
///   allocation_id = address
///   @after        = [way_out]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.NatGateway", import = nat_gateway_id, recovery = Token, claims = super::claims::nat_gateway, takes(create = "2m", update = "20s", delete = "1m"), timeouts(update = "90m"), rules = &[super::rules::NAT_GATEWAY])]
pub struct NatGateway {
    /// The public address, of a public zonal gateway.
    #[attr(chosen, holds, nullable, replaces)]
    pub allocation_id: Option<Id<Eip>>,
    /// In one zone, or in all that the network uses.
    #[attr(chosen, replaces, one_of("regional", "zonal"), sample("zonal"))]
    pub availability_mode: Option<String>,
    /// Of a regional gateway: its zones and their public addresses. Without it the gateway finds zones and addresses itself.
    #[attr(chosen, unordered)]
    pub availability_zone_addresses: Option<Vec<AvailabilityZoneAddress>>,
    /// To the internet, or between private networks only.
    #[attr(optional, replaces, default = "public", one_of("private", "public"))]
    pub connectivity_type: String,
    /// How long connections may go on when an address is taken away.
    #[attr(optional, write_only, unit = seconds, range = 1..=4000)]
    pub max_drain_duration_seconds: Option<Duration>,
    /// Its private IPv4 address.
    #[attr(chosen, nullable, replaces)]
    pub private_ip_address: Option<IpAddr>,
    /// More public addresses.
    #[attr(optional, unordered)]
    pub secondary_allocation_ids: Vec<Id<Eip>>,
    /// Number of further private addresses, of a private gateway. Either this or `secondary_private_ip_addresses`.
    #[attr(chosen, nullable, range = 1..=31)]
    pub secondary_private_ip_address_count: Option<i64>,
    /// Further private addresses.
    #[attr(chosen, unordered)]
    pub secondary_private_ip_addresses: Option<Vec<IpAddr>>,
    /// The subnet it is in; a public gateway needs one with a route to an internet gateway. A regional gateway has none.
    #[attr(optional, holds, replaces)]
    pub subnet_id: Option<Id<Subnet>>,
    /// Tags of the gateway.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// The network it is in; only a regional gateway has to say it.
    #[attr(chosen, replaces)]
    pub vpc_id: Option<Id<Vpc>>,
    /// Does a regional gateway spread to new zones by itself?
    #[attr(computed)]
    pub auto_provision_zones: Option<String>,
    /// Does a regional gateway add addresses by itself?
    #[attr(computed)]
    pub auto_scaling_ips: Option<String>,
    /// Id of its network interface.
    #[attr(computed, sample("eni-{id}"))]
    pub eni_id: String,
    /// Id of the gateway.
    #[attr(computed, sample("nat-{id}"))]
    pub nat_gateway_id: Id<NatGateway>,
    /// The route table of a regional gateway.
    #[attr(computed)]
    pub route_table_id: Option<String>,
}

/// A zone of a regional NAT gateway and the gateway's public addresses there.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct AvailabilityZoneAddress {
    /// The public addresses.
    #[attr(required)]
    pub allocation_ids: Vec<Id<Eip>>,
    /// Name of the zone. Either this or `availability_zone_id`.
    #[attr(optional)]
    pub availability_zone: Option<String>,
    /// Id of the zone.
    #[attr(optional)]
    pub availability_zone_id: Option<String>,
}

#[cfg(feature = "ec2")]
mod addresses;

#[cfg(feature = "ec2")]
mod handler {
    use std::time::Duration as StdDuration;

    use aws_sdk_ec2::types::{self as sdk, Filter, NatGatewayState as State, ResourceType};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::NatGateway;
    use super::addresses;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, PAGE, Seen, filter};
    use crate::ec2::tagging;
    use crate::error::{absent, incomplete, provider_error};
    use crate::wait::{Progress, until};

    /// Between two looks of botocore's waiters for NAT gateways.
    const LOOK: StdDuration = StdDuration::from_secs(15);

    impl ResourceHandler<Aws> for NatGateway {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let texts = |ips: &[std::net::IpAddr]| -> Vec<String> { ips.iter().map(ToString::to_string).collect() };
            let call = aws
                .ec2()
                .create_nat_gateway()
                .client_token(op.id)
                .connectivity_type(desired.connectivity_type.as_str().into())
                .set_allocation_id(desired.allocation_id.clone().map(Into::into))
                .set_availability_mode(desired.availability_mode.as_deref().map(Into::into))
                .set_availability_zone_addresses(some(
                    desired.availability_zone_addresses.iter().flatten().map(addresses::zone_to_sdk).collect(),
                ))
                .set_private_ip_address(desired.private_ip_address.map(|ip| ip.to_string()))
                .set_secondary_allocation_ids(some(desired.secondary_allocation_ids.iter().cloned().map(Into::into).collect()))
                .set_secondary_private_ip_address_count(
                    desired.secondary_private_ip_address_count.map(|n| i32::try_from(n).unwrap_or(i32::MAX)),
                )
                .set_secondary_private_ip_addresses(some(desired.secondary_private_ip_addresses.as_deref().map(texts).unwrap_or_default()))
                .set_subnet_id(desired.subnet_id.clone().map(Into::into))
                .set_vpc_id(desired.vpc_id.clone().filter(|_| desired.subnet_id.is_none()).map(Into::into))
                .tag_specifications(tagging::specification(ResourceType::Natgateway, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateNatGateway", e))?;
            let id = answer.nat_gateway.and_then(|gateway| gateway.nat_gateway_id);
            let id = id.ok_or_else(|| incomplete("CreateNatGateway", "NatGatewayId"))?;
            op.accepted.accepted(&id)?;
            available(aws, op, &id).await?;
            let read = describe::settled(aws, op, "NatGatewayAvailable", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            addresses::change(aws, id, &prior, &desired).await?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            available(aws, op, id).await?;
            describe::settled(aws, op, "NatGatewayAvailable", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            absent(
                aws.ec2().delete_nat_gateway().nat_gateway_id(id).send().await.map_err(|e| provider_error("DeleteNatGateway", e)),
                &["NatGatewayNotFound", "InvalidNatGatewayID.NotFound"],
            )?;
            until("NatGatewayDeleted", op.timeout, LOOK, || async {
                let state = state(aws, id).await?.and_then(|gateway| gateway.state);
                Ok(if matches!(state, None | Some(State::Deleted)) { Progress::Ready(()) } else { Progress::Pending })
            })
            .await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
        (!items.is_empty()).then_some(items)
    }

    /// Waits as botocore's NatGatewayAvailable does, and for the addresses as well.
    async fn available(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
        until("NatGatewayAvailable", op.timeout, LOOK, || async {
            let Some(gateway) = state(aws, id).await? else { return Ok(Progress::Pending) };
            Ok(match gateway.state {
                Some(State::Available) if addresses::settled(&gateway) => Progress::Ready(()),
                Some(State::Failed | State::Deleting | State::Deleted) => {
                    let state = gateway.state.as_ref().map(State::as_str).unwrap_or_default();
                    let reason = gateway.failure_message.unwrap_or_else(|| "AWS does not say why".to_owned());
                    Progress::Failed(format!("the NAT gateway is `{state}`: {reason}"))
                }
                _ => Progress::Pending,
            })
        })
        .await
    }

    /// The gateway as AWS has it, in whatever state.
    async fn state(aws: &Aws, id: &str) -> Result<Option<sdk::NatGateway>, ProviderError> {
        let call = aws.ec2().describe_nat_gateways().filter(filter("nat-gateway-id", [id]));
        let answer = call.send().await.map_err(|e| provider_error("DescribeNatGateways", e))?;
        Ok(answer.nat_gateways.unwrap_or_default().into_iter().next())
    }

    impl Described for NatGateway {
        const ID_FILTER: &'static str = "nat-gateway-id";
        const FILTERS: &'static [(&'static str, &'static str)] =
            &[("nat_gateway_id", "nat-gateway-id"), ("subnet_id", "subnet-id"), ("vpc_id", "vpc-id")];

        /// What failed or is on its way out is shown by AWS for an hour, and is not there for plat.
        async fn describe(aws: &Aws, mut filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            filters.push(filter("state", ["pending", "available"]));
            let pages = aws.ec2().describe_nat_gateways().set_filter(Some(filters)).max_results(PAGE).into_paginator().items().send();
            let gateways: Vec<sdk::NatGateway> =
                pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeNatGateways", e))?;
            Ok(gateways.into_iter().filter_map(from_sdk).collect())
        }
    }

    fn from_sdk(gateway: sdk::NatGateway) -> Option<Seen<NatGateway>> {
        if !matches!(gateway.state, None | Some(State::Pending | State::Available)) {
            return None;
        }
        let id = gateway.nat_gateway_id.clone()?;
        let ready = gateway.state != Some(State::Pending);
        Some(Seen { id, value: addresses::from_sdk(gateway), ready })
    }
}
