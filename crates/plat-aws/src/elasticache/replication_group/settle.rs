//! Waiting until a group is usable, or gone.

use std::time::Duration as StdDuration;

use aws_sdk_elasticache::types;
use plat::provider::{AttributeNames, Operation, ProviderError};

use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::wait::{Progress, until};

/// Pause between looks, from ElastiCache's waiters.
const DELAY: StdDuration = StdDuration::from_secs(15);

pub(super) const ABSENT: [&str; 2] = ["ReplicationGroupNotFoundFault", "ReplicationGroupNotFound"];

/// Waits until the group is usable and nothing of `awaited` is pending. What others left pending may stay so.
pub(super) async fn available(
    aws: &Aws,
    op: &Operation<'_>,
    id: &str,
    awaited: &AttributeNames,
) -> Result<types::ReplicationGroup, ProviderError> {
    until("ReplicationGroupAvailable", op.timeout, DELAY, || async {
        Ok(match find(aws, id).await? {
            Some(found) => progress(found, awaited),
            // A new group may not be shown everywhere yet.
            None => Progress::Pending,
        })
    })
    .await
}

fn progress(found: types::ReplicationGroup, awaited: &AttributeNames) -> Progress<types::ReplicationGroup> {
    let name = found.replication_group_id().unwrap_or_default();
    let pending: Vec<_> = found.pending_modified_values().map(pending).unwrap_or_default();
    let pending: Vec<_> = pending.into_iter().filter(|name| awaited.contains(name)).collect();
    match found.status().unwrap_or_default() {
        "available" if pending.is_empty() => Progress::Ready(found),
        status @ ("create-failed" | "deleted" | "deleting") => Progress::Failed(format!(
            "`{name}` is {status}: `aws elasticache describe-events --source-type replication-group --source-identifier {name}` tells why"
        )),
        status if pending.is_empty() => Progress::Waiting(format!("the last status was `{status}`")),
        status => Progress::Waiting(format!("the last status was `{status}`, and `{}` not yet as asked for", pending.join("`, `"))),
    }
}

/// The attributes whose change leaves the status as it is and shows only as pending. A token that is being rotated stays there until it
/// is set.
fn pending(values: &types::ReplicationGroupPendingModifiedValues) -> Vec<&'static str> {
    let all = [
        (values.primary_cluster_id().is_some(), "primary_cluster_id"),
        (values.automatic_failover_status().is_some(), "automatic_failover_enabled"),
        (values.resharding().is_some(), "num_node_groups"),
        (values.resharding().is_some(), "node_group_configuration"),
        (values.user_groups().is_some(), "user_group_ids"),
        (!values.log_delivery_configurations().is_empty(), "log_delivery_configurations"),
        (values.transit_encryption_enabled().is_some(), "transit_encryption_enabled"),
        (values.transit_encryption_mode().is_some(), "transit_encryption_enabled"),
        (values.transit_encryption_mode().is_some(), "transit_encryption_mode"),
        (values.cluster_mode().is_some(), "cluster_mode"),
    ];
    all.into_iter().filter_map(|(is, name)| is.then_some(name)).collect()
}

pub(super) async fn gone(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    until("ReplicationGroupDeleted", op.timeout, DELAY, || async {
        Ok(match find(aws, id).await? {
            None => Progress::Ready(()),
            Some(found) => match found.status() {
                Some("deleted") => Progress::Ready(()),
                Some("available") => Progress::Failed(format!("`{id}` is not being deleted any more")),
                _ => Progress::Pending,
            },
        })
    })
    .await
}

pub(super) async fn find(aws: &Aws, id: &str) -> Result<Option<types::ReplicationGroup>, ProviderError> {
    let answer = aws.elasticache().describe_replication_groups().replication_group_id(id).send().await;
    let answer = absent(answer.map_err(|e| provider_error("DescribeReplicationGroups", e)), &ABSENT)?;
    Ok(answer.and_then(|a| a.replication_groups).and_then(|found| found.into_iter().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(status: &str) -> types::builders::ReplicationGroupBuilder {
        types::ReplicationGroup::builder().replication_group_id("cache").status(status)
    }

    #[test]
    fn available_is_ready_when_nothing_that_was_asked_for_is_pending() {
        let pending = types::ReplicationGroupPendingModifiedValues::builder();
        let moving = || group("available").pending_modified_values(pending.clone().transit_encryption_enabled(true).build()).build();
        let Progress::Waiting(seen) = progress(moving(), &["transit_encryption_enabled"].into()) else { panic!("not waiting") };
        assert!(seen.contains("`transit_encryption_enabled` not yet"), "{seen}");
        assert!(matches!(progress(moving(), &["cache_node_type"].into()), Progress::Ready(_)));
        let all = ["auth_token", "user_group_ids"].into();
        let rotating = pending.clone().auth_token_status(types::AuthTokenUpdateStatus::Rotating).build();
        assert!(matches!(progress(group("available").pending_modified_values(rotating).build(), &all), Progress::Ready(_)));
        assert!(matches!(progress(group("available").pending_modified_values(pending.build()).build(), &all), Progress::Ready(_)));
    }

    #[test]
    fn an_end_says_what_to_do() {
        let none = AttributeNames::default();
        let Progress::Failed(reason) = progress(group("create-failed").build(), &none) else { panic!("not failed") };
        assert!(reason.contains("describe-events"), "{reason}");
        assert!(matches!(progress(group("modifying").build(), &none), Progress::Waiting(_)));
    }
}
