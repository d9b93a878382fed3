//! Waiting until a group is usable, or gone.

use std::time::Duration as StdDuration;

use aws_sdk_elasticache::types;
use plat::provider::{Operation, ProviderError};

use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::wait::{Progress, until};

/// Pause between looks, from ElastiCache's waiters.
const DELAY: StdDuration = StdDuration::from_secs(15);

pub(super) const ABSENT: [&str; 2] = ["ReplicationGroupNotFoundFault", "ReplicationGroupNotFound"];

pub(super) async fn available(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<types::ReplicationGroup, ProviderError> {
    until("ReplicationGroupAvailable", op.timeout, DELAY, || async {
        Ok(match find(aws, id).await? {
            Some(found) => progress(found),
            // A new group may not be shown everywhere yet.
            None => Progress::Pending,
        })
    })
    .await
}

fn progress(found: types::ReplicationGroup) -> Progress<types::ReplicationGroup> {
    let name = found.replication_group_id().unwrap_or_default();
    match found.status().unwrap_or_default() {
        "available" if !changing(&found) => Progress::Ready(found),
        status @ ("create-failed" | "deleted" | "deleting") => Progress::Failed(format!(
            "`{name}` is {status}: `aws elasticache describe-events --source-type replication-group --source-identifier {name}` tells why"
        )),
        _ => Progress::Pending,
    }
}

/// Some changes leave the status as it is and show only as pending. A token that is being rotated stays there until it is set.
fn changing(found: &types::ReplicationGroup) -> bool {
    found.pending_modified_values().is_some_and(|pending| {
        let none =
            types::ReplicationGroupPendingModifiedValues::builder().set_auth_token_status(pending.auth_token_status().cloned()).build();
        *pending != none
    })
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
    fn available_is_ready_when_nothing_is_pending() {
        let pending = types::ReplicationGroupPendingModifiedValues::builder();
        let moving = group("available").pending_modified_values(pending.clone().transit_encryption_enabled(true).build()).build();
        assert!(matches!(progress(moving), Progress::Pending));
        let rotating = pending.clone().auth_token_status(types::AuthTokenUpdateStatus::Rotating).build();
        assert!(matches!(progress(group("available").pending_modified_values(rotating).build()), Progress::Ready(_)));
        assert!(matches!(progress(group("available").pending_modified_values(pending.build()).build()), Progress::Ready(_)));
    }

    #[test]
    fn an_end_says_what_to_do() {
        let Progress::Failed(reason) = progress(group("create-failed").build()) else { panic!("not failed") };
        assert!(reason.contains("describe-events"), "{reason}");
        assert!(matches!(progress(group("modifying").build()), Progress::Pending));
    }
}
