use std::collections::BTreeMap;

use ipnet::IpNet;
use plat::schema::{AnyResource, Arn, Id};
use plat_derive::{Record, Resource};

use super::Vpc;

/// A part of a network, in one availability zone.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource private: aws.ec2.Subnet for zone, number in { "us-west-2a" = 0, "us-west-2b" = 1 } {
///   vpc_id            = main
///   availability_zone = zone
///   cidr_block        = main.cidr_block.subnet(8, number)
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.Subnet", import = subnet_id, recovery = Tag, claims = super::claims::subnet, range(cidr_block, within = vpc_id), takes(create = "3s"), rules = &[super::rules::SUBNET])]
pub struct Subnet {
    /// Do new network interfaces get an IPv6 address? Needs an IPv6 range.
    #[attr(optional, default = false)]
    pub assign_ipv6_address_on_creation: bool,
    /// Name of the zone, `us-west-2a`.
    #[attr(chosen, replaces, sample("{region}a"))]
    pub availability_zone: Option<String>,
    /// Id of the zone, `usw2-az1`: the same zone in every account.
    #[attr(chosen, replaces)]
    pub availability_zone_id: Option<String>,
    /// IPv4 range of the subnet. Part of the network's, and no other subnet's.
    #[attr(chosen, replaces, sample("10.0.0.0/24"))]
    pub cidr_block: Option<IpNet>,
    /// Does Amazon's DNS server make up IPv6 addresses for what has IPv4 only?
    #[attr(optional, default = false)]
    pub enable_dns64: bool,
    /// Position of the device that is a local network interface, on an Outpost.
    #[attr(optional, write_only, range = 0..=15)]
    pub enable_lni_at_device_index: Option<i64>,
    /// IPAM pool to take the IPv4 range from.
    #[attr(optional, replaces, write_only)]
    pub ipv4_ipam_pool_id: Option<String>,
    /// Length of the netmask to take from the IPv4 pool.
    #[attr(optional, replaces, write_only, range = 0..=32)]
    pub ipv4_netmask_length: Option<i64>,
    /// IPv6 range of the subnet, a /64 of the network's or shorter.
    #[attr(chosen, nullable)]
    pub ipv6_cidr_block: Option<IpNet>,
    /// IPAM pool to take the IPv6 range from.
    #[attr(optional, replaces, write_only)]
    pub ipv6_ipam_pool_id: Option<String>,
    /// Has the subnet IPv6 only?
    #[attr(optional, replaces, default = false)]
    pub ipv6_native: bool,
    /// Length of the netmask to take from the IPv6 pool.
    #[attr(optional, replaces, write_only, range = 0..=128)]
    pub ipv6_netmask_length: Option<i64>,
    /// Do instances get a public IPv4 address? AWS charges for each.
    #[attr(optional, default = false)]
    pub map_public_ip_on_launch: bool,
    /// The Outpost that the subnet is on.
    #[attr(optional, replaces)]
    pub outpost_arn: Option<Arn<AnyResource>>,
    /// Names of instances in DNS.
    #[attr(chosen)]
    pub private_dns_name_options_on_launch: Option<PrivateDnsNameOptionsOnLaunch>,
    /// Tags of the subnet.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// The network that the subnet is a part of.
    #[attr(required, holds, replaces)]
    pub vpc_id: Id<Vpc>,
    /// Is traffic with the internet blocked?
    #[attr(computed)]
    pub block_public_access_states: Option<BlockPublicAccessStates>,
    /// IPv6 ranges of the subnet.
    #[attr(computed, unordered)]
    pub ipv6_cidr_blocks: Vec<IpNet>,
    /// Id of the association with a network ACL.
    #[attr(computed, sample("aclassoc-{id}"))]
    pub network_acl_association_id: String,
    /// Id of the subnet.
    #[attr(computed, sample("subnet-{id}"))]
    pub subnet_id: Id<Subnet>,
}

/// How instances of a subnet are named in DNS.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct PrivateDnsNameOptionsOnLaunch {
    /// Is there an AAAA record for the name that is made of the instance's id?
    #[attr(chosen, cfn = "EnableResourceNameDnsAAAARecord")]
    pub enable_resource_name_dns_aaaa_record: Option<bool>,
    /// Is there an A record for the name that is made of the instance's id?
    #[attr(chosen, cfn = "EnableResourceNameDnsARecord")]
    pub enable_resource_name_dns_a_record: Option<bool>,
    /// What the host name is made of: the IPv4 address or the instance's id.
    #[attr(chosen, one_of("ip-name", "resource-name"))]
    pub hostname_type: Option<String>,
}

/// What VPC Block Public Access does to a subnet.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct BlockPublicAccessStates {
    /// `off`, `block-bidirectional` or `block-ingress`.
    #[attr(computed)]
    pub internet_gateway_block_mode: Option<String>,
}

#[cfg(feature = "ec2")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::operation::modify_subnet_attribute::builders::ModifySubnetAttributeFluentBuilder;
    use aws_sdk_ec2::types::{
        self as sdk, AttributeBooleanValue, Filter, HostnameType, ResourceType, SubnetCidrBlockStateCode, SubnetState,
    };
    use futures_util::future::try_join_all;
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::{BlockPublicAccessStates, PrivateDnsNameOptionsOnLaunch, Subnet};
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, FILTER_VALUES, PAGE, Seen, filter};
    use crate::ec2::{interfaces, tagging};
    use crate::error::{absent, incomplete, provider_error};

    const GONE: [&str; 1] = ["InvalidSubnetID.NotFound"];

    impl ResourceHandler<Aws> for Subnet {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let int = |n: Option<i64>| n.map(|n| i32::try_from(n).unwrap_or(i32::MAX));
            let call = aws
                .ec2()
                .create_subnet()
                .vpc_id(desired.vpc_id.as_str())
                .set_availability_zone(desired.availability_zone.clone())
                .set_availability_zone_id(desired.availability_zone_id.clone())
                .set_cidr_block(desired.cidr_block.map(|c| c.to_string()))
                .set_ipv6_cidr_block(desired.ipv6_cidr_block.map(|c| c.to_string()))
                .set_outpost_arn(desired.outpost_arn.clone().map(Into::into))
                .set_ipv6_native(desired.ipv6_native.then_some(true))
                .set_ipv4_ipam_pool_id(desired.ipv4_ipam_pool_id.clone())
                .set_ipv4_netmask_length(int(desired.ipv4_netmask_length))
                .set_ipv6_ipam_pool_id(desired.ipv6_ipam_pool_id.clone())
                .set_ipv6_netmask_length(int(desired.ipv6_netmask_length))
                .tag_specifications(tagging::specification(ResourceType::Subnet, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateSubnet", e))?;
            let id = answer.subnet.and_then(|subnet| subnet.subnet_id).ok_or_else(|| incomplete("CreateSubnet", "SubnetId"))?;
            op.accepted.accepted(&id)?;
            let new = describe::ready::<Self>(aws, op, "SubnetAvailable", &id).await?;
            set_attributes(aws, &id, &new, &desired).await?;
            let read = describe::settled(aws, op, "SubnetAvailable", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (mut prior, desired) = change.into_sides()?;
            if desired.enable_lni_at_device_index.is_some() {
                // The registry calls it write-only, so what the engine has of it is what was asked for; AWS shows what it is.
                prior.enable_lni_at_device_index = lni_position(aws, id).await?;
            }
            let new_range = desired.ipv6_cidr_block.is_some() && prior.ipv6_cidr_block != desired.ipv6_cidr_block;
            if new_range {
                change_ipv6(aws, id, &desired).await?;
            }
            set_attributes(aws, id, &prior, &desired).await?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "SubnetAvailable", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            interfaces::delete(aws, "subnet-id", id, &GONE, || async {
                aws.ec2().delete_subnet().subnet_id(id).send().await.map_err(|e| provider_error("DeleteSubnet", e))
            })
            .await?;
            describe::gone::<Self>(aws, op, "SubnetDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    /// Sets the attributes that differ. ModifySubnetAttribute takes one attribute per call.
    async fn set_attributes(aws: &Aws, id: &str, prior: &Subnet, desired: &Subnet) -> Result<(), ProviderError> {
        for change in changes(aws.ec2().modify_subnet_attribute().subnet_id(id), prior, desired) {
            change.send().await.map_err(|e| provider_error("ModifySubnetAttribute", e))?;
        }
        Ok(())
    }

    type Modify = ModifySubnetAttributeFluentBuilder;

    fn changes(call: Modify, prior: &Subnet, desired: &Subnet) -> Vec<Modify> {
        let flag = |on: bool| AttributeBooleanValue::builder().value(on).build();
        let mut calls = Vec::new();
        if prior.assign_ipv6_address_on_creation != desired.assign_ipv6_address_on_creation {
            calls.push(call.clone().assign_ipv6_address_on_creation(flag(desired.assign_ipv6_address_on_creation)));
        }
        if prior.enable_dns64 != desired.enable_dns64 {
            calls.push(call.clone().enable_dns64(flag(desired.enable_dns64)));
        }
        if prior.map_public_ip_on_launch != desired.map_public_ip_on_launch {
            calls.push(call.clone().map_public_ip_on_launch(flag(desired.map_public_ip_on_launch)));
        }
        match (prior.enable_lni_at_device_index, desired.enable_lni_at_device_index) {
            (before, Some(after)) if before != Some(after) => {
                calls.push(call.clone().enable_lni_at_device_index(i32::try_from(after).unwrap_or(i32::MAX)));
            }
            (Some(_), None) => calls.push(call.clone().disable_lni_at_device_index(flag(true))),
            _ => {}
        }
        let before = prior.private_dns_name_options_on_launch.clone().unwrap_or_default();
        let after = desired.private_dns_name_options_on_launch.clone().unwrap_or_default();
        if let Some(kind) = after.hostname_type.filter(|kind| before.hostname_type.as_ref() != Some(kind)) {
            calls.push(call.clone().private_dns_hostname_type_on_launch(HostnameType::from(kind.as_str())));
        }
        let record = after.enable_resource_name_dns_a_record;
        if let Some(on) = record.filter(|on| before.enable_resource_name_dns_a_record != Some(*on)) {
            calls.push(call.clone().enable_resource_name_dns_a_record_on_launch(flag(on)));
        }
        let record = after.enable_resource_name_dns_aaaa_record;
        if let Some(on) = record.filter(|on| before.enable_resource_name_dns_aaaa_record != Some(*on)) {
            calls.push(call.clone().enable_resource_name_dns_aaaa_record_on_launch(flag(on)));
        }
        calls
    }

    async fn lni_position(aws: &Aws, id: &str) -> Result<Option<i64>, ProviderError> {
        let call = aws.ec2().describe_subnets().filters(filter("subnet-id", [id]));
        let answer = call.send().await.map_err(|e| provider_error("DescribeSubnets", e))?;
        let subnet = answer.subnets.unwrap_or_default().into_iter().next();
        Ok(subnet.and_then(|subnet| subnet.enable_lni_at_device_index).map(i64::from))
    }

    /// Gives the subnet another IPv6 range. It has room for one, so the old one goes first.
    async fn change_ipv6(aws: &Aws, id: &str, desired: &Subnet) -> Result<(), ProviderError> {
        for association in ipv6_associations(aws, id).await? {
            let call = aws.ec2().disassociate_subnet_cidr_block().association_id(association);
            let outcome = call.send().await.map_err(|e| provider_error("DisassociateSubnetCidrBlock", e));
            absent(outcome, &["InvalidCidrBlockAssociationID.NotFound"])?;
        }
        let range = desired.ipv6_cidr_block.map(|c| c.to_string());
        // The old range counts until it is gone for good.
        let call = aws.ec2().associate_subnet_cidr_block().subnet_id(id).set_ipv6_cidr_block(range.clone());
        call.send().await.map_err(|e| provider_error("AssociateSubnetCidrBlock", e))?;
        Ok(())
    }

    async fn ipv6_associations(aws: &Aws, id: &str) -> Result<Vec<String>, ProviderError> {
        let call = aws.ec2().describe_subnets().filters(filter("subnet-id", [id]));
        let answer = call.send().await.map_err(|e| provider_error("DescribeSubnets", e))?;
        let associations =
            answer.subnets.unwrap_or_default().into_iter().flat_map(|s| s.ipv6_cidr_block_association_set.unwrap_or_default());
        Ok(associations.filter(associated).filter_map(|association| association.association_id).collect())
    }

    fn associated(association: &sdk::SubnetIpv6CidrBlockAssociation) -> bool {
        let state = association.ipv6_cidr_block_state.as_ref().and_then(|state| state.state.as_ref());
        !matches!(
            state,
            Some(SubnetCidrBlockStateCode::Disassociated | SubnetCidrBlockStateCode::Disassociating | SubnetCidrBlockStateCode::Failed)
        )
    }

    impl Described for Subnet {
        const ID_FILTER: &'static str = "subnet-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[
            ("subnet_id", "subnet-id"),
            ("vpc_id", "vpc-id"),
            ("availability_zone", "availability-zone"),
            ("availability_zone_id", "availability-zone-id"),
            ("cidr_block", "cidr-block"),
            ("outpost_arn", "outpost-arn"),
            ("ipv6_native", "ipv6-native"),
            ("map_public_ip_on_launch", "map-public-ip-on-launch"),
        ];

        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let pages = aws.ec2().describe_subnets().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
            let subnets: Vec<sdk::Subnet> = pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeSubnets", e))?;
            let ids: Vec<String> = subnets.iter().filter_map(|subnet| subnet.subnet_id.clone()).collect();
            let acls = acl_associations(aws, &ids).await?;
            let seen = subnets.into_iter().filter_map(|subnet| {
                let id = subnet.subnet_id.clone()?;
                let ready = subnet.state != Some(SubnetState::Pending);
                let acl = acls.get(&id).cloned().unwrap_or_default();
                Some(Seen { id, value: Subnet { network_acl_association_id: acl, ..from_sdk(subnet) }, ready })
            });
            Ok(seen.collect())
        }
    }

    fn from_sdk(subnet: sdk::Subnet) -> Subnet {
        let v6 = subnet.ipv6_cidr_block_association_set.unwrap_or_default();
        let v6: Vec<_> = v6.into_iter().filter(associated).filter_map(|a| a.ipv6_cidr_block?.parse().ok()).collect();
        let names = subnet.private_dns_name_options_on_launch.map(|options| PrivateDnsNameOptionsOnLaunch {
            enable_resource_name_dns_aaaa_record: options.enable_resource_name_dns_aaaa_record,
            enable_resource_name_dns_a_record: options.enable_resource_name_dns_a_record,
            hostname_type: options.hostname_type.map(|kind| kind.as_str().to_owned()),
        });
        let block = subnet.block_public_access_states.map(|states| BlockPublicAccessStates {
            internet_gateway_block_mode: states.internet_gateway_block_mode.map(|mode| mode.as_str().to_owned()),
        });
        Subnet {
            assign_ipv6_address_on_creation: subnet.assign_ipv6_address_on_creation.unwrap_or_default(),
            availability_zone: subnet.availability_zone,
            availability_zone_id: subnet.availability_zone_id,
            cidr_block: subnet.cidr_block.and_then(|text| text.parse().ok()),
            enable_dns64: subnet.enable_dns64.unwrap_or_default(),
            ipv6_cidr_block: v6.first().copied(),
            ipv6_native: subnet.ipv6_native.unwrap_or_default(),
            map_public_ip_on_launch: subnet.map_public_ip_on_launch.unwrap_or_default(),
            outpost_arn: subnet.outpost_arn.map(Into::into),
            private_dns_name_options_on_launch: names,
            tags: tagging::read(subnet.tags),
            vpc_id: subnet.vpc_id.unwrap_or_default().into(),
            block_public_access_states: block,
            ipv6_cidr_blocks: v6,
            subnet_id: subnet.subnet_id.unwrap_or_default().into(),
            ..Subnet::default()
        }
    }

    /// The association with a network ACL of each subnet.
    async fn acl_associations(aws: &Aws, ids: &[String]) -> Result<HashMap<String, String>, ProviderError> {
        let calls = ids.chunks(FILTER_VALUES).map(|chunk| async move {
            let filters = vec![filter("association.subnet-id", chunk)];
            let pages = aws.ec2().describe_network_acls().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
            pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeNetworkAcls", e))
        });
        let acls = try_join_all(calls).await?.into_iter().flatten();
        let associations = acls.flat_map(|acl| acl.associations.unwrap_or_default());
        Ok(associations.filter_map(|a| Some((a.subnet_id?, a.network_acl_association_id?))).collect())
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use plat::schema::Resource;

        fn client() -> aws_sdk_ec2::Client {
            aws_sdk_ec2::Client::from_conf(
                aws_sdk_ec2::Config::builder().behavior_version(aws_sdk_ec2::config::BehaviorVersion::latest()).build(),
            )
        }

        #[test]
        fn one_call_per_changed_attribute() {
            let call = || client().modify_subnet_attribute();
            let prior = Subnet::from_object(&Subnet { vpc_id: "vpc-1".into(), ..Subnet::default() }.to_object()).unwrap();
            assert!(changes(call(), &prior, &prior).is_empty());
            let options = PrivateDnsNameOptionsOnLaunch { hostname_type: Some("resource-name".into()), ..Default::default() };
            let desired = Subnet {
                map_public_ip_on_launch: true,
                enable_dns64: true,
                private_dns_name_options_on_launch: Some(options),
                ..prior.clone()
            };
            assert_eq!(changes(call(), &prior, &desired).len(), 3);
            let with_lni = Subnet { enable_lni_at_device_index: Some(1), ..prior.clone() };
            assert_eq!(changes(call(), &with_lni, &prior)[0].get_disable_lni_at_device_index().as_ref().unwrap().value, Some(true));
        }
    }
}
