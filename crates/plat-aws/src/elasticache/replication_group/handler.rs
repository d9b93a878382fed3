//! Create, read, change, delete.

use aws_sdk_elasticache::types;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plat::provider::{Asked, AttributeNames, Change, ErrorKind, Operation, ProviderError, ResourceHandler};
use plat::value::ResolvedObject;

use super::settle::{ABSENT, available, find, gone};
use super::shape::{reshape, reshapings, shards};
use super::{ReplicationGroup, create, modify};
use crate::client::Aws;
use crate::elasticache::support::{made_by, new_tags, read_tags, retag, tags_of};
use crate::error::{absent, incomplete, provider_error};
use crate::names::generated;
use crate::query;
use crate::retry::{self, Class};
use crate::tags::Tags;

/// Names of replication groups have at most 40 letters.
const LONGEST_NAME: usize = 40;

/// Calls for tags at once.
const AT_ONCE: usize = 8;

impl ResourceHandler<Aws> for ReplicationGroup {
    async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
        let desired = asked.into_values();
        let name = desired.name(op);
        let call = create::request(&name, &desired, new_tags(&desired.tags, op));
        let answer = call.send_with(aws.elasticache()).await.map_err(|e| provider_error("CreateReplicationGroup", e))?;
        let id = answer.replication_group().and_then(types::ReplicationGroup::replication_group_id).unwrap_or(&name).to_owned();
        op.accepted.accepted(&id)?;
        let found = available(aws, op, &id, &AttributeNames::default()).await?;
        let seen = observed(aws, &found, &nodes(aws, &found).await?).await?;
        Ok((id, seen))
    }

    async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
        let found = look(aws, ids, false).await?;
        Ok(found.into_iter().map(|found| found.map(|(group, _)| group)).collect())
    }

    /// A group that is modified or snapshotted shows everything but its tags.
    async fn read_visible(aws: &Aws, ids: &[String]) -> Result<Vec<Option<(Self, Unseen)>>, ProviderError> {
        look(aws, ids, true).await
    }

    async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
        // Nothing to change: what an earlier operation began is waited for.
        let awaited = if change.changed.is_empty() { change.asked.names().clone() } else { change.changed.clone() };
        let (prior, desired) = change.into_sides()?;
        let before = available(aws, op, id, &AttributeNames::default()).await?;
        let (growing, shrinking): (Vec<_>, Vec<_>) =
            reshapings(&prior, &desired, &shards(&before)).into_iter().partition(super::shape::Reshaping::grows);
        for change in &growing {
            reshape(aws, op, id, change, &awaited).await?;
        }
        for call in modify::requests(id, &prior, &desired, before.auth_token_enabled().unwrap_or(false)) {
            call.send_with(aws.elasticache()).await.map_err(|e| provider_error("ModifyReplicationGroup", e))?;
            available(aws, op, id, &awaited).await?;
        }
        for change in &shrinking {
            reshape(aws, op, id, change, &awaited).await?;
        }
        retag(aws, before.arn().unwrap_or_default(), &prior.tags, &desired.tags).await?;
        let found = available(aws, op, id, &awaited).await?;
        observed(aws, &found, &nodes(aws, &found).await?).await
    }

    async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
        let Some(found) = find(aws, id).await? else { return Ok(()) };
        if found.status() == Some("deleting") {
            return gone(aws, op, id).await;
        }
        let snapshot = prior.final_snapshot_identifier.clone().filter(|_| found.status() != Some("create-failed"));
        let call = aws.elasticache().delete_replication_group().replication_group_id(id).set_final_snapshot_identifier(snapshot.clone());
        let answer = call.send().await.map_err(|e| provider_error("DeleteReplicationGroup", e));
        match absent(answer.map_err(|e| explained(e, snapshot.as_deref())), &ABSENT)? {
            Some(_) => gone(aws, op, id).await,
            None => Ok(()),
        }
    }

    async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
        let Some(found) = find(aws, &desired.name(op)).await? else { return Ok(None) };
        let ours = made_by(&tags_of(aws, found.arn().unwrap_or_default()).await?, op);
        Ok(found.replication_group_id.filter(|_| ours))
    }

    async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
        let ids = match query::text(query, "replication_group_id") {
            Some(id) => vec![id],
            None => all(aws).await?.into_iter().filter_map(|g| g.replication_group_id).collect(),
        };
        query::only(query, Self::read(aws, &ids).await?.into_iter().flatten())
    }
}

impl ReplicationGroup {
    fn name(&self, op: &Operation<'_>) -> String {
        self.replication_group_id.as_ref().map_or_else(|| generated(op, LONGEST_NAME), |name| name.to_ascii_lowercase())
    }
}

/// Adds the way out when the final snapshot's name is taken.
fn explained(mut error: ProviderError, snapshot: Option<&str>) -> ProviderError {
    if let ("SnapshotAlreadyExistsFault", Some(snapshot)) = (error.code.as_str(), snapshot) {
        error.kind = ErrorKind::Refused;
        error.message = format!(
            "{}; set another `final_snapshot_identifier` than `{snapshot}` and apply, or delete that snapshot: it is of an earlier group",
            error.message
        );
    }
    error
}

/// Names of attributes that a read could not see.
type Unseen = &'static [&'static str];

/// Reads by id. `without_tags` says whether a group may be read while ElastiCache refuses to list its tags.
async fn look(aws: &Aws, ids: &[String], without_tags: bool) -> Result<Vec<Option<(ReplicationGroup, Unseen)>>, ProviderError> {
    let (groups, nodes) = match ids {
        [id] => {
            let groups: Vec<_> = find(aws, id).await?.into_iter().collect();
            let nodes = match groups.first() {
                Some(group) => nodes(aws, group).await?,
                None => Vec::new(),
            };
            (groups, nodes)
        }
        _ => (all(aws).await?, all_nodes(aws).await?),
    };
    let reads: Vec<_> = ids
        .iter()
        .map(|id| {
            let named = groups.iter().find(|g| g.replication_group_id().is_some_and(|name| name.eq_ignore_ascii_case(id)));
            // One that is on its way out is gone already, as far as a plan is concerned.
            let group = named.filter(|g| !matches!(g.status(), Some("deleting" | "deleted")));
            let nodes = &nodes;
            async move {
                match group {
                    Some(group) => visible(aws, group, nodes, without_tags).await.map(Some),
                    None => Ok(None),
                }
            }
        })
        .collect();
    stream::iter(reads).buffered(AT_ONCE).try_collect().await
}

/// What the group shows, and what it does not while ElastiCache is busy with it.
async fn visible(
    aws: &Aws,
    group: &types::ReplicationGroup,
    nodes: &[types::CacheCluster],
    without_tags: bool,
) -> Result<(ReplicationGroup, Unseen), ProviderError> {
    let call = "ListTagsForResource";
    match observed(aws, group, nodes).await {
        Err(e) if without_tags && e.operation == call && retry::class("elasticache", call, &e.code, &e.message) == Some(Class::Busy) => {
            Ok((ReplicationGroup::observe(group, node_of(group, nodes), Tags::new()), &["tags"]))
        }
        seen => Ok((seen?, &[])),
    }
}

fn node_of<'a>(group: &types::ReplicationGroup, nodes: &'a [types::CacheCluster]) -> Option<&'a types::CacheCluster> {
    nodes.iter().find(|node| node.replication_group_id() == group.replication_group_id())
}

async fn observed(aws: &Aws, group: &types::ReplicationGroup, nodes: &[types::CacheCluster]) -> Result<ReplicationGroup, ProviderError> {
    let arn = group.arn().ok_or_else(|| incomplete("DescribeReplicationGroups", "ARN"))?;
    let tags = read_tags(&tags_of(aws, arn).await?);
    Ok(ReplicationGroup::observe(group, node_of(group, nodes), tags))
}

/// One node of a group; they are all alike.
async fn nodes(aws: &Aws, group: &types::ReplicationGroup) -> Result<Vec<types::CacheCluster>, ProviderError> {
    let Some(name) = group.member_clusters().first() else { return Ok(Vec::new()) };
    let answer = aws.elasticache().describe_cache_clusters().cache_cluster_id(name).send().await;
    let gone = ["CacheClusterNotFound", "CacheClusterNotFoundFault"];
    let answer = absent(answer.map_err(|e| provider_error("DescribeCacheClusters", e)), &gone)?;
    Ok(answer.and_then(|a| a.cache_clusters).unwrap_or_default())
}

async fn all(aws: &Aws) -> Result<Vec<types::ReplicationGroup>, ProviderError> {
    let pages = aws.elasticache().describe_replication_groups().into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeReplicationGroups", e))
}

async fn all_nodes(aws: &Aws) -> Result<Vec<types::CacheCluster>, ProviderError> {
    let pages = aws.elasticache().describe_cache_clusters().into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeCacheClusters", e))
}
