use std::collections::BTreeMap;

use plat::schema::Id;
use plat_derive::Resource;

use crate::ec2::Subnet;

/// The subnets that caches may live in.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource private: aws.ec2.Subnet for zone, number in { "us-west-2a" = 0, "us-west-2b" = 1 } {
///   vpc_id            = main
///   availability_zone = zone
///   cidr_block        = main.cidr_block.subnet(8, number)
/// }
/// resource caches: aws.elasticache.SubnetGroup {
///   description = "Caches"
///   subnet_ids  = private.values()
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.elasticache.SubnetGroup", import = cache_subnet_group_name, recovery = Name, claims = super::claims::subnet_group, rules = &[super::rules::TAGGED])]
pub struct SubnetGroup {
    /// Name of the group, unique in the account and region. ElastiCache keeps it in lower case. Left out: made from the resource's address.
    #[attr(chosen, replaces, ignore_case, sample("{name}"))]
    pub cache_subnet_group_name: Option<String>,
    /// What the group is for.
    #[attr(required)]
    pub description: String,
    /// The subnets.
    #[attr(required, unordered)]
    pub subnet_ids: Vec<Id<Subnet>>,
    /// Tags.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
}

#[cfg(feature = "elasticache")]
mod handler {
    use aws_sdk_elasticache::types;
    use futures_util::stream::{self, StreamExt, TryStreamExt};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::schema::Id;
    use plat::value::ResolvedObject;

    use super::SubnetGroup;
    use crate::client::Aws;
    use crate::elasticache::support::{made_by, new_tags, read_tags, retag, tags_of};
    use crate::error::{absent, incomplete, provider_error};
    use crate::names::generated;
    use crate::query;

    const ABSENT: [&str; 2] = ["CacheSubnetGroupNotFoundFault", "CacheSubnetGroupNotFound"];

    /// Names have at most 255 letters; a generated one need not be that long.
    const LONGEST_NAME: usize = 63;

    /// Calls for tags at once.
    const AT_ONCE: usize = 8;

    impl ResourceHandler<Aws> for SubnetGroup {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let id = desired.name(op);
            let call = aws
                .elasticache()
                .create_cache_subnet_group()
                .cache_subnet_group_name(&id)
                .cache_subnet_group_description(&desired.description)
                .set_subnet_ids(Some(desired.subnet_ids.iter().map(ToString::to_string).collect()))
                .set_tags(Some(new_tags(&desired.tags, op)));
            call.send().await.map_err(|e| provider_error("CreateCacheSubnetGroup", e))?;
            op.accepted.accepted(&id)?;
            let seen = one(aws, &id).await?;
            Ok((id, seen))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let found = match ids {
                [id] => find(aws, id).await?.into_iter().collect(),
                _ => all(aws).await?,
            };
            let reads: Vec<_> = ids
                .iter()
                .map(|id| {
                    let group = found.iter().find(|f| f.cache_subnet_group_name().is_some_and(|name| name.eq_ignore_ascii_case(id)));
                    async move {
                        match group {
                            Some(group) => observed(aws, group).await.map(Some),
                            None => Ok(None),
                        }
                    }
                })
                .collect();
            stream::iter(reads).buffered(AT_ONCE).try_collect().await
        }

        async fn update(aws: &Aws, _: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            let moved =
                desired.subnet_ids.len() != prior.subnet_ids.len() || desired.subnet_ids.iter().any(|s| !prior.subnet_ids.contains(s));
            if moved || prior.description != desired.description {
                let call = aws
                    .elasticache()
                    .modify_cache_subnet_group()
                    .cache_subnet_group_name(id)
                    .cache_subnet_group_description(&desired.description)
                    .set_subnet_ids(Some(desired.subnet_ids.iter().map(ToString::to_string).collect()));
                call.send().await.map_err(|e| provider_error("ModifyCacheSubnetGroup", e))?;
            }
            if prior.tags != desired.tags {
                let found = find(aws, id).await?.ok_or_else(|| incomplete("DescribeCacheSubnetGroups", "CacheSubnetGroups"))?;
                retag(aws, found.arn().unwrap_or_default(), &prior.tags, &desired.tags).await?;
            }
            one(aws, id).await
        }

        async fn delete(aws: &Aws, _: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let answer = aws.elasticache().delete_cache_subnet_group().cache_subnet_group_name(id).send().await;
            absent(answer.map_err(|e| provider_error("DeleteCacheSubnetGroup", e)), &ABSENT)?;
            Ok(())
        }

        async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let Some(found) = find(aws, &desired.name(op)).await? else { return Ok(None) };
            let ours = made_by(&tags_of(aws, found.arn().unwrap_or_default()).await?, op);
            Ok(found.cache_subnet_group_name.filter(|_| ours))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let groups = match query::text(query, "cache_subnet_group_name") {
                Some(name) => find(aws, &name).await?.into_iter().collect(),
                None => all(aws).await?,
            };
            let reads: Vec<_> = groups.iter().map(|group| observed(aws, group)).collect();
            let found: Vec<Self> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
            query::only(query, found)
        }
    }

    impl SubnetGroup {
        fn name(&self, op: &Operation<'_>) -> String {
            self.cache_subnet_group_name.as_ref().map_or_else(|| generated(op, LONGEST_NAME), |name| name.to_ascii_lowercase())
        }
    }

    async fn one(aws: &Aws, id: &str) -> Result<SubnetGroup, ProviderError> {
        let found = find(aws, id).await?.ok_or_else(|| incomplete("DescribeCacheSubnetGroups", "CacheSubnetGroups"))?;
        observed(aws, &found).await
    }

    async fn find(aws: &Aws, id: &str) -> Result<Option<types::CacheSubnetGroup>, ProviderError> {
        let answer = aws.elasticache().describe_cache_subnet_groups().cache_subnet_group_name(id).send().await;
        let answer = absent(answer.map_err(|e| provider_error("DescribeCacheSubnetGroups", e)), &ABSENT)?;
        Ok(answer.and_then(|a| a.cache_subnet_groups).and_then(|found| found.into_iter().next()))
    }

    async fn all(aws: &Aws) -> Result<Vec<types::CacheSubnetGroup>, ProviderError> {
        let pages = aws.elasticache().describe_cache_subnet_groups().into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeCacheSubnetGroups", e))
    }

    /// The group that ElastiCache itself makes has no ARN, and no tags.
    async fn observed(aws: &Aws, found: &types::CacheSubnetGroup) -> Result<SubnetGroup, ProviderError> {
        let tags = match found.arn() {
            Some(arn) => read_tags(&tags_of(aws, arn).await?),
            None => Default::default(),
        };
        Ok(SubnetGroup {
            cache_subnet_group_name: found.cache_subnet_group_name().map(str::to_owned),
            description: found.cache_subnet_group_description().unwrap_or_default().to_owned(),
            subnet_ids: found.subnets().iter().filter_map(|s| s.subnet_identifier().map(Id::new)).collect(),
            tags,
        })
    }
}
