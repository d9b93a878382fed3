//! The addresses of a NAT gateway: first ones, further ones, zones.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{self as sdk, NatGatewayAddressStatus as Status};
use plat::provider::ProviderError;
use plat::schema::Id;
use plat::value::Duration;

use super::{AvailabilityZoneAddress, NatGateway};
use crate::client::Aws;
use crate::ec2::describe::filter;
use crate::ec2::tagging;
use crate::error::provider_error;

/// No address is on its way in or out.
pub(super) fn settled(gateway: &sdk::NatGateway) -> bool {
    let moving = |address: &sdk::NatGatewayAddress| {
        matches!(address.status, Some(Status::Assigning | Status::Associating | Status::Disassociating | Status::Unassigning))
    };
    !gateway.nat_gateway_addresses.as_deref().unwrap_or_default().iter().any(moving)
}

pub(super) fn from_sdk(gateway: sdk::NatGateway) -> NatGateway {
    let regional = gateway.availability_mode.as_ref().is_some_and(|mode| mode.as_str() == "regional");
    let all = gateway.nat_gateway_addresses.unwrap_or_default();
    // Older answers do not say which address is the first one.
    let (first, further): (Vec<_>, Vec<_>) = if all.iter().any(|address| address.is_primary.is_some()) {
        all.iter().partition(|address| address.is_primary == Some(true))
    } else {
        let (first, further) = all.split_at(all.len().min(1));
        (first.iter().collect(), further.iter().collect())
    };
    let first = first.first().filter(|_| !regional);
    let ids: Vec<Id<_>> = further.iter().filter_map(|a| a.allocation_id.as_deref().map(Id::from)).collect();
    let ips: Vec<_> = further.iter().filter_map(|a| a.private_ip.as_deref()?.parse().ok()).collect();
    let public = gateway.connectivity_type.as_ref().is_none_or(|kind| kind.as_str() == "public");
    NatGateway {
        allocation_id: first.and_then(|a| a.allocation_id.as_deref().map(Id::from)),
        availability_mode: Some(gateway.availability_mode.map_or_else(|| "zonal".to_owned(), |mode| mode.as_str().to_owned())),
        availability_zone_addresses: regional.then(|| zones(&all)),
        connectivity_type: if public { "public" } else { "private" }.to_owned(),
        private_ip_address: first.and_then(|a| a.private_ip.as_deref()?.parse().ok()),
        secondary_allocation_ids: if regional { Vec::new() } else { ids },
        secondary_private_ip_address_count: i64::try_from(ips.len()).ok().filter(|n| *n > 0 && !public),
        secondary_private_ip_addresses: Some(ips).filter(|_| !regional),
        subnet_id: gateway.subnet_id.filter(|id| !id.is_empty()).map(Into::into),
        tags: tagging::read(gateway.tags),
        vpc_id: gateway.vpc_id.map(Into::into),
        auto_provision_zones: gateway.auto_provision_zones.map(|state| state.as_str().to_owned()),
        auto_scaling_ips: gateway.auto_scaling_ips.map(|state| state.as_str().to_owned()),
        eni_id: first.and_then(|a| a.network_interface_id.clone()).unwrap_or_default(),
        nat_gateway_id: gateway.nat_gateway_id.unwrap_or_default().into(),
        route_table_id: gateway.route_table_id,
        ..NatGateway::default()
    }
}

/// The public addresses of a regional gateway by zone.
fn zones(addresses: &[sdk::NatGatewayAddress]) -> Vec<AvailabilityZoneAddress> {
    let mut zones: BTreeMap<(Option<String>, Option<String>), Vec<Id<_>>> = BTreeMap::new();
    for address in addresses {
        if let Some(id) = &address.allocation_id {
            let zone = (address.availability_zone.clone(), address.availability_zone_id.clone());
            zones.entry(zone).or_default().push(id.as_str().into());
        }
    }
    let zones = zones.into_iter();
    zones
        .map(|((availability_zone, availability_zone_id), allocation_ids)| AvailabilityZoneAddress {
            allocation_ids,
            availability_zone,
            availability_zone_id,
        })
        .collect()
}

pub(super) fn zone_to_sdk(zone: &AvailabilityZoneAddress) -> sdk::AvailabilityZoneAddress {
    sdk::AvailabilityZoneAddress::builder()
        .set_availability_zone(zone.availability_zone.clone())
        .set_availability_zone_id(zone.availability_zone_id.clone())
        .set_allocation_ids(Some(zone.allocation_ids.iter().cloned().map(Into::into).collect()))
        .build()
}

/// What is in one list and not in the other.
fn missing<'a>(of: &[&'a str], from: &[&str]) -> Vec<&'a str> {
    of.iter().filter(|item| !from.contains(item)).copied().collect()
}

/// Brings the further addresses to what is wanted: new ones first, so that traffic goes on.
pub(super) async fn change(aws: &Aws, id: &str, prior: &NatGateway, desired: &NatGateway) -> Result<(), ProviderError> {
    change_zones(aws, id, prior, desired).await?;
    change_public(aws, id, prior, desired).await?;
    change_private(aws, id, prior, desired).await
}

async fn change_public(aws: &Aws, id: &str, prior: &NatGateway, desired: &NatGateway) -> Result<(), ProviderError> {
    let (before, after) = (texts(&prior.secondary_allocation_ids), texts(&desired.secondary_allocation_ids));
    let added = missing(&after, &before);
    if !added.is_empty() {
        let call = aws.ec2().associate_nat_gateway_address().nat_gateway_id(id).set_allocation_ids(Some(owned(&added)));
        call.send().await.map_err(|e| provider_error("AssociateNatGatewayAddress", e))?;
    }
    disassociate(aws, id, &missing(&before, &after), desired.max_drain_duration_seconds).await
}

async fn change_private(aws: &Aws, id: &str, prior: &NatGateway, desired: &NatGateway) -> Result<(), ProviderError> {
    if desired.connectivity_type != "private" {
        return Ok(());
    }
    let ips = |gateway: &NatGateway| -> Vec<String> {
        gateway.secondary_private_ip_addresses.iter().flatten().map(ToString::to_string).collect()
    };
    let (before, mut after) = (ips(prior), ips(desired));
    let call = || aws.ec2().assign_private_nat_gateway_address().nat_gateway_id(id);
    // What the program leaves out stands in both as it was read, so what differs is what was asked for.
    if desired.secondary_private_ip_addresses.is_some() && after != before {
        let added: Vec<String> = after.iter().filter(|ip| !before.contains(ip)).cloned().collect();
        if !added.is_empty() {
            let call = call().set_private_ip_addresses(Some(added));
            call.send().await.map_err(|e| provider_error("AssignPrivateNatGatewayAddress", e))?;
        }
    } else {
        let wanted = desired.secondary_private_ip_address_count.and_then(|n| usize::try_from(n).ok()).unwrap_or(before.len());
        after = before.iter().take(wanted).cloned().collect();
        let more = i32::try_from(wanted.saturating_sub(before.len())).unwrap_or(i32::MAX);
        if more > 0 {
            let call = call().private_ip_address_count(more);
            call.send().await.map_err(|e| provider_error("AssignPrivateNatGatewayAddress", e))?;
        }
    }
    let removed: Vec<String> = before.into_iter().filter(|ip| !after.contains(ip)).collect();
    if !removed.is_empty() {
        let call = aws.ec2().unassign_private_nat_gateway_address().nat_gateway_id(id).set_private_ip_addresses(Some(removed));
        let call = call.set_max_drain_duration_seconds(drain(desired.max_drain_duration_seconds));
        call.send().await.map_err(|e| provider_error("UnassignPrivateNatGatewayAddress", e))?;
    }
    Ok(())
}

/// The zones of a regional gateway. Where the program names none, AWS chooses them, and they are left alone.
async fn change_zones(aws: &Aws, id: &str, prior: &NatGateway, desired: &NatGateway) -> Result<(), ProviderError> {
    let Some(wanted) = &desired.availability_zone_addresses else { return Ok(()) };
    let before: Vec<&str> = prior.availability_zone_addresses.iter().flatten().flat_map(|zone| texts(&zone.allocation_ids)).collect();
    for zone in wanted {
        let added = missing(&texts(&zone.allocation_ids), &before);
        if !added.is_empty() {
            let call = aws
                .ec2()
                .associate_nat_gateway_address()
                .nat_gateway_id(id)
                .set_availability_zone(zone.availability_zone.clone())
                .set_availability_zone_id(zone.availability_zone_id.clone())
                .set_allocation_ids(Some(owned(&added)));
            call.send().await.map_err(|e| provider_error("AssociateNatGatewayAddress", e))?;
        }
    }
    let after: Vec<&str> = wanted.iter().flat_map(|zone| texts(&zone.allocation_ids)).collect();
    disassociate(aws, id, &missing(&before, &after), desired.max_drain_duration_seconds).await
}

/// Takes public addresses away; AWS wants the ids of their associations.
async fn disassociate(aws: &Aws, id: &str, allocations: &[&str], drained: Option<Duration>) -> Result<(), ProviderError> {
    if allocations.is_empty() {
        return Ok(());
    }
    let call = aws.ec2().describe_nat_gateways().filter(filter("nat-gateway-id", [id]));
    let answer = call.send().await.map_err(|e| provider_error("DescribeNatGateways", e))?;
    let addresses = answer.nat_gateways.unwrap_or_default().into_iter().flat_map(|g| g.nat_gateway_addresses.unwrap_or_default());
    let removed = addresses.filter(|address| address.allocation_id.as_deref().is_some_and(|id| allocations.contains(&id)));
    let associations: BTreeSet<String> = removed.filter_map(|address| address.association_id).collect();
    if associations.is_empty() {
        return Ok(());
    }
    let call = aws.ec2().disassociate_nat_gateway_address().nat_gateway_id(id);
    let call = call.set_association_ids(Some(associations.into_iter().collect())).set_max_drain_duration_seconds(drain(drained));
    call.send().await.map(|_| ()).map_err(|e| provider_error("DisassociateNatGatewayAddress", e))
}

fn drain(duration: Option<Duration>) -> Option<i32> {
    duration.map(|duration| i32::try_from(duration.0).unwrap_or(i32::MAX))
}

fn texts<T>(ids: &[Id<T>]) -> Vec<&str> {
    ids.iter().map(Id::as_str).collect()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(allocation: &str, ip: &str) -> aws_sdk_ec2::types::builders::NatGatewayAddressBuilder {
        sdk::NatGatewayAddress::builder().allocation_id(allocation).private_ip(ip).network_interface_id("eni-1")
    }

    #[test]
    fn the_first_address_is_not_a_further_one() {
        let gateway = sdk::NatGateway::builder()
            .nat_gateway_id("nat-1")
            .nat_gateway_addresses(address("eipalloc-2", "10.0.0.6").is_primary(false).build())
            .nat_gateway_addresses(address("eipalloc-1", "10.0.0.5").is_primary(true).build())
            .build();
        let read = from_sdk(gateway);
        assert_eq!(read.allocation_id, Some("eipalloc-1".into()));
        assert_eq!(read.secondary_allocation_ids, ["eipalloc-2".into()]);
        assert_eq!(read.private_ip_address, "10.0.0.5".parse().ok());
        assert_eq!((read.eni_id.as_str(), read.connectivity_type.as_str()), ("eni-1", "public"));
    }

    #[test]
    fn a_regional_gateway_has_its_addresses_by_zone() {
        let gateway = sdk::NatGateway::builder()
            .availability_mode(sdk::AvailabilityMode::Regional)
            .nat_gateway_addresses(address("eipalloc-1", "10.0.0.5").availability_zone("us-west-2a").build())
            .nat_gateway_addresses(address("eipalloc-2", "10.0.1.5").availability_zone("us-west-2b").build())
            .nat_gateway_addresses(address("eipalloc-3", "10.0.0.6").availability_zone("us-west-2a").build())
            .build();
        let read = from_sdk(gateway);
        let zones: Vec<_> =
            read.availability_zone_addresses.iter().flatten().map(|z| (z.availability_zone.as_deref(), texts(&z.allocation_ids))).collect();
        assert_eq!(zones, [(Some("us-west-2a"), vec!["eipalloc-1", "eipalloc-3"]), (Some("us-west-2b"), vec!["eipalloc-2"])]);
        assert_eq!((read.allocation_id, read.secondary_allocation_ids.len()), (None, 0));
    }

    #[test]
    fn addresses_on_their_way_are_not_settled() {
        let with =
            |status| sdk::NatGateway::builder().nat_gateway_addresses(address("eipalloc-1", "10.0.0.5").status(status).build()).build();
        assert!(settled(&with(Status::Succeeded)));
        assert!(!settled(&with(Status::Associating)));
    }
}
