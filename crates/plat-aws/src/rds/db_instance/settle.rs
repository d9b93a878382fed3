//! Waiting until an instance is usable and its changes are through.

use std::time::Duration as StdDuration;

use aws_sdk_rds::types;
use plat::provider::{Operation, ProviderError};

use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::wait::{Progress, until};

/// Pause between looks, from RDS's waiters.
const DELAY: StdDuration = StdDuration::from_secs(30);

/// In use although RDS still moves data behind it, for hours sometimes.
const USABLE: [&str; 4] = ["available", "storage-optimization", "storage-config-upgrade", "storage-initialization"];

/// Ends that RDS does not leave by itself; the first six are those of RDS's waiter.
const FAILED: [&str; 12] = [
    "deleted",
    "deleting",
    "failed",
    "incompatible-restore",
    "incompatible-parameters",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-credentials",
    "inaccessible-encryption-credentials",
    "insufficient-capacity",
    "restore-error",
    "stopped",
];

/// What is still awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// The instance answers.
    Usable,
    /// And everything that was asked for is so.
    Changed,
}

pub(super) async fn settle(aws: &Aws, op: &Operation<'_>, id: &str, goal: Until) -> Result<types::DbInstance, ProviderError> {
    until("DBInstanceAvailable", op.timeout, DELAY, || async {
        Ok(match find(aws, id).await? {
            Some(found) => progress(found, goal),
            // A new instance may not be shown everywhere yet.
            None => Progress::Pending,
        })
    })
    .await
}

pub(super) async fn gone(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    until("DBInstanceDeleted", op.timeout, DELAY, || async {
        Ok(match find(aws, id).await? {
            None => Progress::Ready(()),
            Some(found) => match found.db_instance_status().unwrap_or_default() {
                "available" | "creating" | "modifying" | "rebooting" | "resetting-master-credentials" => {
                    Progress::Failed(format!("`{id}` is not being deleted any more"))
                }
                _ => Progress::Pending,
            },
        })
    })
    .await
}

pub(super) async fn find(aws: &Aws, id: &str) -> Result<Option<types::DbInstance>, ProviderError> {
    let answer = aws.rds().describe_db_instances().db_instance_identifier(id).send().await;
    let answer = absent(answer.map_err(|e| provider_error("DescribeDBInstances", e)), &["DBInstanceNotFound", "DBInstanceNotFoundFault"])?;
    Ok(answer.and_then(|a| a.db_instances).and_then(|found| found.into_iter().next()))
}

fn progress(found: types::DbInstance, goal: Until) -> Progress<types::DbInstance> {
    let status = found.db_instance_status().unwrap_or_default();
    if FAILED.contains(&status) {
        return Progress::Failed(reason(&found, status));
    }
    if !USABLE.contains(&status) || (goal == Until::Changed && under_way(&found)) {
        return Progress::Pending;
    }
    Progress::Ready(found)
}

fn reason(found: &types::DbInstance, status: &str) -> String {
    let name = found.db_instance_identifier().unwrap_or_default();
    match status {
        "stopped" => format!("`{name}` is stopped: start it with `aws rds start-db-instance --db-instance-identifier {name}`"),
        _ => format!("`{name}` is {status}: `aws rds describe-events --source-type db-instance --source-identifier {name}` tells why"),
    }
}

/// Something that was asked for is not so yet. RDS shows it in different places for different things.
fn under_way(found: &types::DbInstance) -> bool {
    let pending = found.pending_modified_values().is_some_and(|pending| *pending != types::PendingModifiedValues::builder().build());
    let groups = found.vpc_security_groups().iter().any(|g| matches!(g.status(), Some("adding" | "removing")));
    let parameters = found.db_parameter_groups().iter().any(|g| g.parameter_apply_status() == Some("applying"));
    let options = found.option_group_memberships().iter().any(|g| g.status().is_some_and(|s| s == "applying" || s == "removing"));
    let domains = found.domain_memberships().iter().any(|d| d.status().is_some_and(|s| s.starts_with("pending-") || s == "joining"));
    let secret = found.master_user_secret().and_then(types::MasterUserSecret::secret_status) == Some("creating");
    pending || groups || parameters || options || domains || secret
}

/// A new parameter group waits for a restart.
pub(super) fn wants_restart(found: &types::DbInstance) -> bool {
    found.db_parameter_groups().iter().any(|g| g.parameter_apply_status() == Some("pending-reboot"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(status: &str) -> types::builders::DbInstanceBuilder {
        types::DbInstance::builder().db_instance_identifier("db").db_instance_status(status)
    }

    fn is_ready(found: types::DbInstance, goal: Until) -> bool {
        matches!(progress(found, goal), Progress::Ready(_))
    }

    #[test]
    fn a_pending_change_is_waited_for_only_when_it_is_to_be_made_now() {
        let pending = types::PendingModifiedValues::builder().multi_az(true).build();
        let found = || instance("available").pending_modified_values(pending.clone()).build();
        assert!(is_ready(found(), Until::Usable));
        assert!(!is_ready(found(), Until::Changed));
        let empty = types::PendingModifiedValues::builder().build();
        assert!(is_ready(instance("available").pending_modified_values(empty).build(), Until::Changed));
    }

    #[test]
    fn a_security_group_that_is_being_added_is_waited_for() {
        let group = types::VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").status("adding").build();
        assert!(!is_ready(instance("available").vpc_security_groups(group).build(), Until::Changed));
    }

    #[test]
    fn an_end_that_is_not_left_is_a_failure_that_says_what_to_do() {
        for (status, hint) in [("incompatible-network", "describe-events"), ("stopped", "start-db-instance")] {
            let Progress::Failed(reason) = progress(instance(status).build(), Until::Usable) else { panic!("{status}") };
            assert!(reason.contains(hint), "{reason}");
        }
        assert!(matches!(progress(instance("creating").build(), Until::Usable), Progress::Pending));
        assert!(is_ready(instance("storage-optimization").build(), Until::Usable));
    }
}
