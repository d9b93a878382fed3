//! Waiting until a cluster is usable and its changes are through.

use std::time::Duration as StdDuration;

use aws_sdk_rds::types;
use plat::provider::{Operation, ProviderError};

use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::wait::{Progress, until};

/// Pause between looks, from RDS's waiters.
const DELAY: StdDuration = StdDuration::from_secs(30);

/// RDS has not both spellings of this code everywhere.
pub(super) const ABSENT: [&str; 2] = ["DBClusterNotFoundFault", "DBClusterNotFound"];

/// In use although RDS still moves data behind it.
const USABLE: [&str; 3] = ["available", "storage-optimization", "storage-initialization"];

/// Ends that RDS does not leave by itself; the first five are those of RDS's waiter.
const FAILED: [&str; 9] = [
    "deleted",
    "deleting",
    "failed",
    "incompatible-restore",
    "incompatible-parameters",
    "cloning-failed",
    "inaccessible-encryption-credentials",
    "migration-failed",
    "stopped",
];

/// What is still awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// The cluster answers.
    Usable,
    /// And everything that was asked for is so.
    Changed,
}

pub(super) async fn settle(aws: &Aws, op: &Operation<'_>, id: &str, goal: Until) -> Result<types::DbCluster, ProviderError> {
    until("DBClusterAvailable", op.timeout, DELAY, || async {
        Ok(match find(aws, id).await? {
            Some(found) => progress(found, goal),
            // A new cluster may not be shown everywhere yet.
            None => Progress::Pending,
        })
    })
    .await
}

pub(super) async fn gone(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    until("DBClusterDeleted", op.timeout, DELAY, || async {
        Ok(match find(aws, id).await? {
            None => Progress::Ready(()),
            Some(found) => match found.status().unwrap_or_default() {
                "available" | "creating" | "modifying" | "rebooting" | "resetting-master-credentials" => {
                    Progress::Failed(format!("`{id}` is not being deleted any more"))
                }
                _ => Progress::Pending,
            },
        })
    })
    .await
}

pub(super) async fn find(aws: &Aws, id: &str) -> Result<Option<types::DbCluster>, ProviderError> {
    let answer = aws.rds().describe_db_clusters().db_cluster_identifier(id).send().await;
    let answer = absent(answer.map_err(|e| provider_error("DescribeDBClusters", e)), &ABSENT)?;
    Ok(answer.and_then(|a| a.db_clusters).and_then(|found| found.into_iter().next()))
}

fn progress(found: types::DbCluster, goal: Until) -> Progress<types::DbCluster> {
    let status = found.status().unwrap_or_default();
    if FAILED.contains(&status) {
        return Progress::Failed(reason(&found, status));
    }
    if !USABLE.contains(&status) || (goal == Until::Changed && under_way(&found)) {
        return Progress::Pending;
    }
    Progress::Ready(found)
}

fn reason(found: &types::DbCluster, status: &str) -> String {
    let name = found.db_cluster_identifier().unwrap_or_default();
    match status {
        "stopped" => format!("`{name}` is stopped: start it with `aws rds start-db-cluster --db-cluster-identifier {name}`"),
        _ => format!("`{name}` is {status}: `aws rds describe-events --source-type db-cluster --source-identifier {name}` tells why"),
    }
}

/// Something that was asked for is not so yet. RDS shows it in different places for different things.
fn under_way(found: &types::DbCluster) -> bool {
    let nothing = types::ClusterPendingModifiedValues::builder().build();
    let pending = found.pending_modified_values().is_some_and(|pending| *pending != nothing);
    let groups = found.vpc_security_groups().iter().any(|g| matches!(g.status(), Some("adding" | "removing")));
    let roles = found.associated_roles().iter().any(|r| r.status() == Some("PENDING"));
    let domains = found.domain_memberships().iter().any(|d| d.status().is_some_and(|s| s.starts_with("pending-") || s == "joining"));
    let secret = found.master_user_secret().and_then(types::MasterUserSecret::secret_status) == Some("creating");
    pending || groups || roles || domains || secret
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(status: &str) -> types::builders::DbClusterBuilder {
        types::DbCluster::builder().db_cluster_identifier("orders").status(status)
    }

    fn is_ready(found: types::DbCluster, goal: Until) -> bool {
        matches!(progress(found, goal), Progress::Ready(_))
    }

    #[test]
    fn what_is_under_way_is_waited_for_only_when_it_is_to_be_made_now() {
        let group = types::VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").status("adding").build();
        let role = types::DbClusterRole::builder().role_arn("arn:role").status("PENDING").build();
        let pending = types::ClusterPendingModifiedValues::builder().engine_version("17.1").build();
        for found in [
            cluster("available").vpc_security_groups(group).build(),
            cluster("available").associated_roles(role).build(),
            cluster("available").pending_modified_values(pending).build(),
        ] {
            assert!(is_ready(found.clone(), Until::Usable) && !is_ready(found, Until::Changed));
        }
        assert!(is_ready(cluster("available").build(), Until::Changed));
        assert!(!is_ready(cluster("upgrading").build(), Until::Usable));
    }

    #[test]
    fn an_end_that_is_not_left_is_a_failure_that_says_what_to_do() {
        for (status, hint) in [("incompatible-parameters", "describe-events"), ("stopped", "start-db-cluster")] {
            let Progress::Failed(reason) = progress(cluster(status).build(), Until::Usable) else { panic!("{status}") };
            assert!(reason.contains(hint), "{reason}");
        }
    }
}
