use std::collections::BTreeMap;

use ipnet::IpNet;
use plat::schema::Id;
use plat_derive::Resource;

use super::{NetworkAcl, SecurityGroup, VpcEncryptionControl};

/// An isolated virtual network.
///
/// ```plat
/// resource main: aws.ec2.VPC {
///   cidr_block           = 10.0.0.0/16
///   enable_dns_hostnames = true
///   tags                 = { Name = "main" }
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.VPC", import = vpc_id, recovery = Tag, range(cidr_block), takes(create = "4s", delete = "2s"), rules = &[super::rules::VPC])]
pub struct Vpc {
    /// IPv4 range of the network, from /16 to /28. Either this or `ipv4_ipam_pool_id`.
    #[attr(chosen, replaces, sample("10.0.0.0/16"))]
    pub cidr_block: Option<IpNet>,
    /// Do instances get DNS names? Only where `enable_dns_support` is on.
    #[attr(optional, default = false)]
    pub enable_dns_hostnames: bool,
    /// Does Amazon's DNS server answer in the network?
    #[attr(optional, default = true)]
    pub enable_dns_support: bool,
    /// Hardware that instances run on: shared, or dedicated to the account.
    #[attr(optional, replaces, default = "default", one_of("default", "dedicated", "host"))]
    pub instance_tenancy: String,
    /// IPAM pool to take the IPv4 range from.
    #[attr(optional, replaces, write_only)]
    pub ipv4_ipam_pool_id: Option<String>,
    /// Length of the netmask to take from the IPAM pool.
    #[attr(optional, replaces, write_only, range = 0..=32)]
    pub ipv4_netmask_length: Option<i64>,
    /// Encryption of the traffic in the network.
    #[attr(chosen, nullable, replaces)]
    pub vpc_encryption_control: Option<VpcEncryptionControl>,
    /// Tags of the network.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// Ids of the associations of IPv4 ranges with the network.
    #[attr(computed, unordered, sample("vpc-cidr-assoc-{id}"))]
    pub cidr_block_associations: Vec<String>,
    /// Id of the network ACL that subnets get which name no other.
    #[attr(computed, sample("acl-{id}"))]
    pub default_network_acl: Id<NetworkAcl>,
    /// The security group that instances get which name no other.
    #[attr(computed, sample("sg-{id}"))]
    pub default_security_group: Id<SecurityGroup>,
    /// IPv6 ranges of the network.
    #[attr(computed, unordered)]
    pub ipv6_cidr_blocks: Vec<IpNet>,
    /// Id of the network.
    #[attr(computed, sample("vpc-{id}"))]
    pub vpc_id: Id<Vpc>,
}

#[cfg(feature = "ec2")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{self as sdk, AttributeBooleanValue, Filter, ResourceType, VpcAttributeName, VpcCidrBlockStateCode, VpcState};
    use futures_util::future::{try_join, try_join_all};
    use futures_util::stream::{self, StreamExt, TryStreamExt};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::Vpc;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, FILTER_VALUES, PAGE, Seen, filter};
    use crate::ec2::{interfaces, tagging};
    use crate::error::{absent, incomplete, provider_error};

    const GONE: [&str; 1] = ["InvalidVpcID.NotFound"];

    /// DescribeVpcAttribute takes one network and one attribute; this many at a time.
    const ATTRIBUTE_CALLS: usize = 16;

    impl ResourceHandler<Aws> for Vpc {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let call = aws
                .ec2()
                .create_vpc()
                .set_cidr_block(desired.cidr_block.map(|c| c.to_string()))
                .set_ipv4_ipam_pool_id(desired.ipv4_ipam_pool_id.clone())
                .set_ipv4_netmask_length(desired.ipv4_netmask_length.map(|n| i32::try_from(n).unwrap_or(i32::MAX)))
                .instance_tenancy(desired.instance_tenancy.as_str().into())
                .set_vpc_encryption_control(desired.vpc_encryption_control.as_ref().map(|control| control.configuration()))
                .tag_specifications(tagging::specification(ResourceType::Vpc, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateVpc", e))?;
            let id = answer.vpc.and_then(|vpc| vpc.vpc_id).ok_or_else(|| incomplete("CreateVpc", "VpcId"))?;
            op.accepted.accepted(&id)?;
            let new = describe::ready::<Self>(aws, op, "VpcAvailable", &id).await?;
            set_dns(aws, &id, &new, &desired).await?;
            let read = describe::settled(aws, op, "VpcAvailable", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            set_dns(aws, id, &prior, &desired).await?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "VpcAvailable", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            interfaces::delete(aws, "vpc-id", id, &GONE, || async {
                aws.ec2().delete_vpc().vpc_id(id).send().await.map_err(|e| provider_error("DeleteVpc", e))
            })
            .await?;
            describe::gone::<Self>(aws, op, "VpcDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    /// Sets the DNS attributes that differ, one call each, in the order that AWS allows: names need the server.
    async fn set_dns(aws: &Aws, id: &str, prior: &Vpc, desired: &Vpc) -> Result<(), ProviderError> {
        let value = |on| AttributeBooleanValue::builder().value(on).build();
        let support = async || {
            if prior.enable_dns_support == desired.enable_dns_support {
                return Ok(());
            }
            let call = aws.ec2().modify_vpc_attribute().vpc_id(id).enable_dns_support(value(desired.enable_dns_support));
            call.send().await.map(|_| ()).map_err(|e| provider_error("ModifyVpcAttribute", e))
        };
        if desired.enable_dns_support {
            support().await?;
        }
        if prior.enable_dns_hostnames != desired.enable_dns_hostnames {
            let call = aws.ec2().modify_vpc_attribute().vpc_id(id).enable_dns_hostnames(value(desired.enable_dns_hostnames));
            call.send().await.map_err(|e| provider_error("ModifyVpcAttribute", e))?;
        }
        if !desired.enable_dns_support {
            support().await?;
        }
        Ok(())
    }

    impl Described for Vpc {
        const ID_FILTER: &'static str = "vpc-id";
        const FILTERS: &'static [(&'static str, &'static str)] =
            &[("vpc_id", "vpc-id"), ("cidr_block", "cidr-block-association.cidr-block")];

        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let pages = aws.ec2().describe_vpcs().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
            let vpcs: Vec<sdk::Vpc> = pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeVpcs", e))?;
            let ids: Vec<String> = vpcs.iter().filter_map(|vpc| vpc.vpc_id.clone()).collect();
            let ((acls, groups), dns) = try_join(try_join(default_acls(aws, &ids), default_groups(aws, &ids)), dns(aws, &ids)).await?;
            let seen = vpcs.into_iter().filter_map(|vpc| {
                let id = vpc.vpc_id.clone()?;
                // A network that went away between the calls.
                let (support, hostnames) = *dns.get(&id)?;
                let ready = vpc.state != Some(VpcState::Pending);
                let value = Vpc {
                    enable_dns_hostnames: hostnames,
                    enable_dns_support: support,
                    default_network_acl: acls.get(&id).cloned().unwrap_or_default().into(),
                    default_security_group: groups.get(&id).cloned().unwrap_or_default().into(),
                    ..from_sdk(vpc)
                };
                Some(Seen { id, value, ready })
            });
            Ok(seen.collect())
        }
    }

    /// What DescribeVpcs tells.
    fn from_sdk(vpc: sdk::Vpc) -> Vpc {
        let associated = |state: Option<&sdk::VpcCidrBlockState>| {
            let state = state.and_then(|state| state.state.as_ref());
            !matches!(
                state,
                Some(VpcCidrBlockStateCode::Disassociated | VpcCidrBlockStateCode::Disassociating | VpcCidrBlockStateCode::Failed)
            )
        };
        let v4 = vpc.cidr_block_association_set.unwrap_or_default().into_iter().filter(|a| associated(a.cidr_block_state.as_ref()));
        let v6 =
            vpc.ipv6_cidr_block_association_set.unwrap_or_default().into_iter().filter(|a| associated(a.ipv6_cidr_block_state.as_ref()));
        Vpc {
            cidr_block: vpc.cidr_block.and_then(|text| text.parse().ok()),
            instance_tenancy: vpc.instance_tenancy.map_or_else(|| "default".to_owned(), |tenancy| tenancy.as_str().to_owned()),
            vpc_encryption_control: vpc.encryption_control.map(Into::into),
            tags: tagging::read(vpc.tags),
            cidr_block_associations: v4.filter_map(|a| a.association_id).collect(),
            ipv6_cidr_blocks: v6.filter_map(|a| a.ipv6_cidr_block?.parse().ok()).collect(),
            vpc_id: vpc.vpc_id.unwrap_or_default().into(),
            ..Vpc::default()
        }
    }

    /// The default network ACL of each network.
    async fn default_acls(aws: &Aws, ids: &[String]) -> Result<HashMap<String, String>, ProviderError> {
        let calls = ids.chunks(FILTER_VALUES).map(|chunk| async move {
            let filters = vec![filter("vpc-id", chunk), filter("default", ["true"])];
            let pages = aws.ec2().describe_network_acls().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
            pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeNetworkAcls", e))
        });
        let acls = try_join_all(calls).await?.into_iter().flatten();
        Ok(acls.filter_map(|acl| Some((acl.vpc_id?, acl.network_acl_id?))).collect())
    }

    /// The default security group of each network.
    async fn default_groups(aws: &Aws, ids: &[String]) -> Result<HashMap<String, String>, ProviderError> {
        let calls = ids.chunks(FILTER_VALUES).map(|chunk| async move {
            let filters = vec![filter("vpc-id", chunk), filter("group-name", ["default"])];
            let pages = aws.ec2().describe_security_groups().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
            pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeSecurityGroups", e))
        });
        let groups = try_join_all(calls).await?.into_iter().flatten();
        Ok(groups.filter_map(|group| Some((group.vpc_id?, group.group_id?))).collect())
    }

    /// `enable_dns_support` and `enable_dns_hostnames` of each network that is still there.
    async fn dns(aws: &Aws, ids: &[String]) -> Result<HashMap<String, (bool, bool)>, ProviderError> {
        let found: Vec<Option<(String, (bool, bool))>> = stream::iter(ids.to_vec())
            .map(|id| async move {
                let both = try_join(
                    dns_attribute(aws, &id, VpcAttributeName::EnableDnsSupport),
                    dns_attribute(aws, &id, VpcAttributeName::EnableDnsHostnames),
                );
                Ok::<_, ProviderError>(absent(both.await, &GONE)?.map(|both| (id.clone(), both)))
            })
            .buffer_unordered(ATTRIBUTE_CALLS)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn dns_attribute(aws: &Aws, id: &str, attribute: VpcAttributeName) -> Result<bool, ProviderError> {
        let call = aws.ec2().describe_vpc_attribute().vpc_id(id).attribute(attribute);
        let answer = call.send().await.map_err(|e| provider_error("DescribeVpcAttribute", e))?;
        Ok(answer.enable_dns_support.or(answer.enable_dns_hostnames).and_then(|value| value.value).unwrap_or_default())
    }
}
