use std::collections::BTreeMap;

use plat::schema::Id;
use plat_derive::Resource;

use super::Vpc;

/// A list of rules for what goes in and out of subnets. Its rules are resources of their own, `aws.ec2.NetworkAclEntry`; without any, it lets
/// nothing through.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource inner: aws.ec2.NetworkAcl { vpc_id = main }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.NetworkAcl", import = id, recovery = Token, rules = &[super::rules::TAGGED])]
pub struct NetworkAcl {
    /// Tags of the list.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// The network it is for.
    #[attr(required, holds, replaces)]
    pub vpc_id: Id<Vpc>,
    /// Id of the list.
    #[attr(computed, sample("acl-{id}"))]
    pub id: Id<NetworkAcl>,
}

#[cfg(feature = "ec2")]
mod handler {
    use aws_sdk_ec2::types::{self as sdk, Filter, ResourceType};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::NetworkAcl;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, PAGE, Seen};
    use crate::ec2::tagging;
    use crate::error::{absent, incomplete, provider_error};

    impl ResourceHandler<Aws> for NetworkAcl {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let call = aws
                .ec2()
                .create_network_acl()
                .vpc_id(desired.vpc_id.as_str())
                .client_token(op.id)
                .tag_specifications(tagging::specification(ResourceType::NetworkAcl, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateNetworkAcl", e))?;
            let id = answer.network_acl.and_then(|acl| acl.network_acl_id);
            let id = id.ok_or_else(|| incomplete("CreateNetworkAcl", "NetworkAclId"))?;
            op.accepted.accepted(&id)?;
            let read = describe::settled(aws, op, "NetworkAclExists", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "NetworkAclExists", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            absent(
                aws.ec2().delete_network_acl().network_acl_id(id).send().await.map_err(|e| provider_error("DeleteNetworkAcl", e)),
                &["InvalidNetworkAclID.NotFound"],
            )?;
            describe::gone::<Self>(aws, op, "NetworkAclDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    impl Described for NetworkAcl {
        const ID_FILTER: &'static str = "network-acl-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[("id", "network-acl-id"), ("vpc_id", "vpc-id")];

        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let seen = acls(aws, filters).await?.into_iter().filter_map(|acl| {
                let id = acl.network_acl_id?;
                let value =
                    NetworkAcl { tags: tagging::read(acl.tags), vpc_id: acl.vpc_id.unwrap_or_default().into(), id: id.as_str().into() };
                Some(Seen { id, value, ready: true })
            });
            Ok(seen.collect())
        }
    }

    /// Lists with their rules and subnets.
    pub(in crate::ec2) async fn acls(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<sdk::NetworkAcl>, ProviderError> {
        let pages = aws.ec2().describe_network_acls().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeNetworkAcls", e))
    }
}

#[cfg(feature = "ec2")]
pub(super) use handler::acls;
