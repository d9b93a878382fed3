//! How many shards and replicas a group has, and the calls that change it.

use aws_sdk_elasticache::types::{ConfigureShard, ReplicationGroup as Found, ReshardingConfiguration};
use plat::provider::{AttributeNames, Operation, ProviderError};

use super::settle::available;
use super::{NodeGroupConfiguration, ReplicationGroup};
use crate::client::Aws;
use crate::error::provider_error;
use crate::units::{texts, to_int};

/// A change of the number of nodes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reshaping {
    /// As many replicas in every shard; `more` than before.
    Replicas { count: i64, more: bool },
    /// Different numbers in different shards.
    PerShard { counts: Vec<(String, i64)>, more: bool },
    /// As many shards. `removed` by their numbers, when there were more; `zones` of those that come, when they are said.
    Shards { count: i64, removed: Vec<String>, zones: Vec<(String, Vec<String>)> },
}

impl Reshaping {
    /// More nodes come before other changes, which may need them; fewer go after changes that gave them up.
    pub(super) fn grows(&self) -> bool {
        match self {
            Reshaping::Replicas { more, .. } | Reshaping::PerShard { more, .. } => *more,
            Reshaping::Shards { removed, .. } => removed.is_empty(),
        }
    }
}

/// What has to change in the number of nodes; `shards` are the numbers of those there are.
pub(super) fn reshapings(prior: &ReplicationGroup, desired: &ReplicationGroup, shards: &[String]) -> Vec<Reshaping> {
    let mut all = Vec::new();
    let replicas = |d: &ReplicationGroup| match shards {
        // With one shard, the number of nodes says it, too.
        [_] => (d.num_cache_clusters.map(|n| n - 1), d.replicas_per_node_group),
        _ => (None, d.replicas_per_node_group),
    };
    let ((had_nodes, had), (wanted_nodes, wanted)) = (replicas(prior), replicas(desired));
    let wanted = wanted_nodes.filter(|n| had_nodes != Some(*n)).or(wanted);
    let had = had.or(had_nodes);
    if let (Some(count), Some(had)) = (wanted, had)
        && count != had
    {
        all.push(Reshaping::Replicas { count, more: count > had });
    }
    let target = desired.num_node_groups.filter(|n| prior.num_node_groups != Some(*n));
    if let Some(count) = target {
        all.push(resharding(count, &desired.node_group_configuration, shards));
    } else {
        all.extend(per_shard(&prior.node_group_configuration, &desired.node_group_configuration));
    }
    all
}

/// The last shards go, and shards that come get the numbers after the last.
fn resharding(count: i64, wanted: &[NodeGroupConfiguration], shards: &[String]) -> Reshaping {
    let mut sorted = shards.to_vec();
    sorted.sort();
    let kept = usize::try_from(count).unwrap_or(0);
    let removed = sorted.iter().skip(kept).cloned().collect();
    let zones = wanted.iter().enumerate().map(|(i, shard)| (number(shard, i), zones(shard)));
    let zones = zones.filter(|(name, zones)| !sorted.contains(name) && !zones.is_empty()).collect();
    Reshaping::Shards { count, removed, zones }
}

fn per_shard(prior: &[NodeGroupConfiguration], desired: &[NodeGroupConfiguration]) -> Vec<Reshaping> {
    if prior.len() != desired.len() {
        return Vec::new();
    }
    let pairs = prior.iter().zip(desired).enumerate();
    let changed: Vec<(String, i64, i64)> = pairs
        .filter_map(|(i, (had, wanted))| Some((number(wanted, i), had.replica_count?, wanted.replica_count?)))
        .filter(|(_, had, wanted)| had != wanted)
        .collect();
    let direction = |more: bool| {
        let counts: Vec<_> =
            changed.iter().filter(|(_, had, wanted)| (wanted > had) == more).map(|(name, _, n)| (name.clone(), *n)).collect();
        (!counts.is_empty()).then_some(Reshaping::PerShard { counts, more })
    };
    [direction(true), direction(false)].into_iter().flatten().collect()
}

fn number(shard: &NodeGroupConfiguration, index: usize) -> String {
    shard.node_group_id.clone().unwrap_or_else(|| format!("{:04}", index + 1))
}

fn zones(shard: &NodeGroupConfiguration) -> Vec<String> {
    shard.primary_availability_zone.iter().chain(&shard.replica_availability_zones).cloned().collect()
}

/// The numbers of a group's shards.
pub(super) fn shards(found: &Found) -> Vec<String> {
    found.node_groups().iter().filter_map(|shard| shard.node_group_id().map(str::to_owned)).collect()
}

pub(super) async fn reshape(
    aws: &Aws,
    op: &Operation<'_>,
    id: &str,
    change: &Reshaping,
    awaited: &AttributeNames,
) -> Result<(), ProviderError> {
    match change {
        Reshaping::Replicas { count, more } => replicas(aws, id, to_int(Some(*count)), None, *more).await?,
        Reshaping::PerShard { counts, more } => {
            let shard = |(name, count): &(String, i64)| {
                ConfigureShard::builder().node_group_id(name).set_new_replica_count(to_int(Some(*count))).build()
            };
            replicas(aws, id, None, Some(counts.iter().map(shard).collect()), *more).await?;
        }
        Reshaping::Shards { count, removed, zones } => {
            let zone = |(name, zones): &(String, Vec<String>)| {
                ReshardingConfiguration::builder().node_group_id(name).set_preferred_availability_zones(Some(zones.clone())).build()
            };
            let call = aws
                .elasticache()
                .modify_replication_group_shard_configuration()
                .replication_group_id(id)
                .set_node_group_count(to_int(Some(*count)))
                .apply_immediately(true)
                .set_node_groups_to_remove(texts(removed))
                .set_resharding_configuration((!zones.is_empty()).then(|| zones.iter().map(zone).collect()));
            call.send().await.map_err(|e| provider_error("ModifyReplicationGroupShardConfiguration", e))?;
        }
    }
    available(aws, op, id, awaited).await?;
    Ok(())
}

async fn replicas(aws: &Aws, id: &str, count: Option<i32>, shards: Option<Vec<ConfigureShard>>, more: bool) -> Result<(), ProviderError> {
    if more {
        let call = aws.elasticache().increase_replica_count().replication_group_id(id).apply_immediately(true);
        let answer = call.set_new_replica_count(count).set_replica_configuration(shards).send().await;
        answer.map_err(|e| provider_error("IncreaseReplicaCount", e))?;
    } else {
        let call = aws.elasticache().decrease_replica_count().replication_group_id(id).apply_immediately(true);
        let answer = call.set_new_replica_count(count).set_replica_configuration(shards).send().await;
        answer.map_err(|e| provider_error("DecreaseReplicaCount", e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(nodes: Option<i64>, shards: Option<i64>, replicas: Option<i64>) -> ReplicationGroup {
        ReplicationGroup {
            num_cache_clusters: nodes,
            num_node_groups: shards,
            replicas_per_node_group: replicas,
            ..ReplicationGroup::default()
        }
    }

    fn numbers(count: usize) -> Vec<String> {
        (1..=count).map(|i| format!("{i:04}")).collect()
    }

    #[test]
    fn the_number_of_nodes_of_one_shard_is_its_replicas_and_one() {
        let prior = group(Some(1), Some(1), Some(0));
        let to = |nodes, replicas| reshapings(&prior, &group(nodes, Some(1), replicas), &numbers(1));
        assert_eq!(to(Some(3), Some(0)), [Reshaping::Replicas { count: 2, more: true }]);
        assert_eq!(to(Some(1), Some(2)), [Reshaping::Replicas { count: 2, more: true }]);
        assert!(to(Some(1), Some(0)).is_empty() && to(None, None).is_empty());
        let fewer = reshapings(&group(Some(3), Some(1), Some(2)), &group(Some(2), Some(1), Some(2)), &numbers(1));
        assert_eq!(fewer, [Reshaping::Replicas { count: 1, more: false }]);
        assert!(!fewer[0].grows());
    }

    #[test]
    fn the_last_shards_go() {
        let prior = group(Some(6), Some(3), Some(1));
        let change = reshapings(&prior, &group(Some(6), Some(1), Some(1)), &numbers(3));
        assert_eq!(change, [Reshaping::Shards { count: 1, removed: vec!["0002".to_owned(), "0003".to_owned()], zones: Vec::new() }]);
        let more = reshapings(&prior, &group(Some(6), Some(4), Some(1)), &numbers(3));
        assert!(more[0].grows());
    }

    #[test]
    fn shards_that_come_get_their_zones() {
        let shard = |zone: &str| NodeGroupConfiguration { primary_availability_zone: Some(zone.to_owned()), ..Default::default() };
        let desired = ReplicationGroup { node_group_configuration: vec![shard("a"), shard("b")], ..group(None, Some(2), None) };
        let change = reshapings(&group(None, Some(1), None), &desired, &numbers(1));
        let zones = vec![("0002".to_owned(), vec!["b".to_owned()])];
        assert_eq!(change, [Reshaping::Shards { count: 2, removed: Vec::new(), zones }]);
    }

    #[test]
    fn shards_may_differ_in_replicas() {
        let with = |counts: [i64; 2]| ReplicationGroup {
            node_group_configuration: counts
                .iter()
                .map(|n| NodeGroupConfiguration { replica_count: Some(*n), ..Default::default() })
                .collect(),
            ..group(None, Some(2), None)
        };
        let change = reshapings(&with([1, 2]), &with([2, 1]), &numbers(2));
        let one = |name: &str, count, more| Reshaping::PerShard { counts: vec![(name.to_owned(), count)], more };
        assert_eq!(change, [one("0001", 2, true), one("0002", 1, false)]);
    }
}
