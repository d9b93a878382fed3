use std::collections::BTreeMap;

use plat_derive::Resource;

/// Settings of an engine for the caches that have the group.
///
/// Belongs to a family, an engine's version: `redis7`, `valkey8`. What is not said in `properties` is as the family has it. ElastiCache
/// takes no name for it here: it is made from the resource's address.
///
/// ```plat
/// resource settings: aws.elasticache.ParameterGroup {
///   cache_parameter_group_family = "redis7"
///   description                  = "Keys that are seldom used make room"
///   properties                   = { "maxmemory-policy" = "allkeys-lru" }
/// }
/// resource sessions: aws.elasticache.ReplicationGroup {
///   replication_group_description = "Sessions"
///   engine                        = "redis"
///   engine_version                = "7.1"
///   cache_node_type               = "cache.t3.micro"
///   num_cache_clusters            = 2
///   automatic_failover_enabled    = true
///   at_rest_encryption_enabled    = true
///   cache_parameter_group_name    = settings.cache_parameter_group_name
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.elasticache.ParameterGroup", import = cache_parameter_group_name, recovery = Name, rules = &[super::rules::TAGGED])]
pub struct ParameterGroup {
    /// Family of the group, `redis7`.
    #[attr(required, replaces)]
    pub cache_parameter_group_family: String,
    /// What the group is for.
    #[attr(required, replaces)]
    pub description: String,
    /// Values by the names that the engine has for them, as text. Leave out what is as the family has it: ElastiCache does not always keep
    /// that such a value was set.
    #[attr(optional)]
    pub properties: BTreeMap<String, String>,
    /// Tags.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// Name of the group.
    #[attr(computed, always, sample("{name}-{id}"))]
    pub cache_parameter_group_name: Option<String>,
}

#[cfg(feature = "elasticache")]
mod handler {
    use aws_sdk_elasticache::types::{self, ParameterNameValue};
    use futures_util::stream::{self, StreamExt, TryStreamExt};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::ParameterGroup;
    use crate::client::Aws;
    use crate::elasticache::support::{made_by, new_tags, read_tags, retag, tags_of};
    use crate::error::{absent, incomplete, provider_error};
    use crate::names::generated;
    use crate::parameters::{PER_CALL, ParameterChanges, Parameters};
    use crate::query;

    const ABSENT: [&str; 2] = ["CacheParameterGroupNotFound", "CacheParameterGroupNotFoundFault"];

    /// Names have at most 255 letters; a generated one need not be that long.
    const LONGEST_NAME: usize = 63;

    /// Groups that are read at once; there is no call for the parameters or tags of many.
    const AT_ONCE: usize = 8;

    impl ResourceHandler<Aws> for ParameterGroup {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let id = generated(op, LONGEST_NAME);
            let call = aws
                .elasticache()
                .create_cache_parameter_group()
                .cache_parameter_group_name(&id)
                .cache_parameter_group_family(&desired.cache_parameter_group_family)
                .description(&desired.description)
                .set_tags(Some(new_tags(&desired.tags, op)));
            call.send().await.map_err(|e| provider_error("CreateCacheParameterGroup", e))?;
            op.accepted.accepted(&id)?;
            change(aws, &id, &Parameters::new(), &desired.properties).await?;
            let seen = one(aws, &id).await?;
            Ok((id, seen))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let found = match ids {
                [id] => find(aws, id).await?.into_iter().collect(),
                _ => all(aws).await?,
            };
            let reads = ids.iter().map(|id| {
                let group = found.iter().find(|group| group.cache_parameter_group_name() == Some(id));
                async move {
                    match group {
                        Some(group) => observed(aws, group).await.map(Some),
                        None => Ok(None),
                    }
                }
            });
            stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
        }

        async fn update(aws: &Aws, _: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            self::change(aws, id, &prior.properties, &desired.properties).await?;
            if prior.tags != desired.tags {
                let found = find(aws, id).await?.ok_or_else(|| incomplete("DescribeCacheParameterGroups", "CacheParameterGroups"))?;
                retag(aws, found.arn().unwrap_or_default(), &prior.tags, &desired.tags).await?;
            }
            one(aws, id).await
        }

        async fn delete(aws: &Aws, _: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let answer = aws.elasticache().delete_cache_parameter_group().cache_parameter_group_name(id).send().await;
            absent(answer.map_err(|e| provider_error("DeleteCacheParameterGroup", e)), &ABSENT)?;
            Ok(())
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            let Some(found) = find(aws, &generated(op, LONGEST_NAME)).await? else { return Ok(None) };
            let ours = made_by(&tags_of(aws, found.arn().unwrap_or_default()).await?, op);
            Ok(found.cache_parameter_group_name.filter(|_| ours))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let groups = match query::text(query, "cache_parameter_group_name") {
                Some(name) => find(aws, &name).await?.into_iter().collect(),
                None => all(aws).await?,
            };
            let reads: Vec<_> = groups.iter().map(|group| observed(aws, group)).collect();
            let found: Vec<Self> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
            query::only(query, found)
        }
    }

    async fn change(aws: &Aws, id: &str, prior: &Parameters, desired: &Parameters) -> Result<(), ProviderError> {
        let changes = ParameterChanges::between(prior, desired);
        let named = |name: &String| ParameterNameValue::builder().parameter_name(name);
        for names in changes.reset.chunks(PER_CALL) {
            let parameters: Vec<_> = names.iter().map(|name| named(name).build()).collect();
            let call = aws.elasticache().reset_cache_parameter_group().cache_parameter_group_name(id).reset_all_parameters(false);
            let answer = call.set_parameter_name_values(Some(parameters)).send().await;
            answer.map_err(|e| provider_error("ResetCacheParameterGroup", e))?;
        }
        for pairs in changes.set.chunks(PER_CALL) {
            let parameters: Vec<_> = pairs.iter().map(|(name, value)| named(name).parameter_value(value).build()).collect();
            let call = aws.elasticache().modify_cache_parameter_group().cache_parameter_group_name(id);
            let answer = call.set_parameter_name_values(Some(parameters)).send().await;
            answer.map_err(|e| provider_error("ModifyCacheParameterGroup", e))?;
        }
        Ok(())
    }

    async fn one(aws: &Aws, id: &str) -> Result<ParameterGroup, ProviderError> {
        let found = find(aws, id).await?.ok_or_else(|| incomplete("DescribeCacheParameterGroups", "CacheParameterGroups"))?;
        observed(aws, &found).await
    }

    async fn find(aws: &Aws, id: &str) -> Result<Option<types::CacheParameterGroup>, ProviderError> {
        let answer = aws.elasticache().describe_cache_parameter_groups().cache_parameter_group_name(id).send().await;
        let answer = absent(answer.map_err(|e| provider_error("DescribeCacheParameterGroups", e)), &ABSENT)?;
        Ok(answer.and_then(|a| a.cache_parameter_groups).and_then(|found| found.into_iter().next()))
    }

    async fn all(aws: &Aws) -> Result<Vec<types::CacheParameterGroup>, ProviderError> {
        let pages = aws.elasticache().describe_cache_parameter_groups().into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeCacheParameterGroups", e))
    }

    /// With what was set by somebody, and not with the values that are the family's own.
    async fn observed(aws: &Aws, found: &types::CacheParameterGroup) -> Result<ParameterGroup, ProviderError> {
        let name = found.cache_parameter_group_name().unwrap_or_default();
        let call = aws.elasticache().describe_cache_parameters().cache_parameter_group_name(name).source("user");
        let pages = call.into_paginator().send().collect::<Result<Vec<_>, _>>().await;
        let set = pages.map_err(|e| provider_error("DescribeCacheParameters", e))?;
        let set = set.iter().flat_map(|page| page.parameters()).filter(|p| p.source() == Some("user"));
        // The groups that ElastiCache itself makes have no ARN, and no tags.
        let tags = match found.arn() {
            Some(arn) => read_tags(&tags_of(aws, arn).await?),
            None => Default::default(),
        };
        Ok(ParameterGroup {
            cache_parameter_group_family: found.cache_parameter_group_family().unwrap_or_default().to_owned(),
            description: found.description().unwrap_or_default().to_owned(),
            properties: set.filter_map(|p| Some((p.parameter_name()?.to_owned(), p.parameter_value()?.to_owned()))).collect(),
            tags,
            cache_parameter_group_name: found.cache_parameter_group_name().map(str::to_owned),
        })
    }
}
