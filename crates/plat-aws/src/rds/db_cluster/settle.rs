//! Waiting until a cluster is usable and its changes are through.

use std::time::Duration as StdDuration;

use aws_sdk_rds::types;
use plat::provider::{ErrorKind, Operation, ProviderError};

use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::rds::waiting::{Leaving, Until, seen};
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

pub(super) async fn settle(aws: &Aws, op: &Operation<'_>, id: &str, goal: Until<'_>) -> Result<types::DbCluster, ProviderError> {
    until("DBClusterAvailable", op.timeout, DELAY, || async {
        match (find(aws, id).await?, goal) {
            (Some(found), _) => Ok(progress(found, goal)),
            (None, Until::Created) => Ok(Progress::Pending),
            (None, _) => Err(ProviderError::new(ErrorKind::NotFound, "DescribeDBClusters", format!("`{id}` is gone"))),
        }
    })
    .await
}

pub(super) async fn gone(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    let leaving = Leaving::new();
    let looks = || async { Ok(leaving.progress(id, find(aws, id).await?.as_ref().map(|f| f.status().unwrap_or_default()))) };
    until("DBClusterDeleted", op.timeout, DELAY, looks).await
}

pub(super) async fn find(aws: &Aws, id: &str) -> Result<Option<types::DbCluster>, ProviderError> {
    let answer = aws.rds().describe_db_clusters().db_cluster_identifier(id).send().await;
    let answer = absent(answer.map_err(|e| provider_error("DescribeDBClusters", e)), &ABSENT)?;
    Ok(answer.and_then(|a| a.db_clusters).and_then(|found| found.into_iter().next()))
}

fn progress(found: types::DbCluster, goal: Until<'_>) -> Progress<types::DbCluster> {
    let status = found.status().unwrap_or_default();
    if FAILED.contains(&status) {
        return Progress::Failed(reason(&found, status));
    }
    let awaited = goal.awaited(under_way(&found));
    if !USABLE.contains(&status) || !awaited.is_empty() {
        return Progress::Waiting(seen(status, &awaited));
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

/// The attributes that are on their way to another value. RDS shows it in different places for different things.
fn under_way(found: &types::DbCluster) -> Vec<&'static str> {
    let mut names = found.pending_modified_values().map(pending).unwrap_or_default();
    let joining = |status: &str| status.starts_with("pending-") || status == "joining";
    let joins = found.domain_memberships().iter().any(|d| d.status().is_some_and(joining));
    let source = found.replication_source_identifier().is_some_and(|source| !source.is_empty());
    let global = found.global_cluster_identifier().is_some_and(|global| !global.is_empty());
    let others = [
        (found.vpc_security_groups().iter().any(|g| matches!(g.status(), Some("adding" | "removing"))), "vpc_security_group_ids"),
        (found.associated_roles().iter().any(|r| r.status() == Some("PENDING")), "associated_roles"),
        (joins, "domain"),
        (joins, "domain_iam_role_name"),
        (found.master_user_secret().and_then(types::MasterUserSecret::secret_status) == Some("creating"), "manage_master_user_password"),
        (source, PROMOTION),
        (global, LEAVING_GLOBAL),
    ];
    names.extend(others.into_iter().filter_map(|(is, name)| is.then_some(name)));
    names
}

/// Stands for the source of a replica that is promoted: it is waited for only then, for as long as there is one.
pub(super) const PROMOTION: &str = "the source of the replica";

/// Stands for the global database that a cluster leaves.
pub(super) const LEAVING_GLOBAL: &str = "the global database";

/// The attributes that have a value that is not applied yet.
fn pending(values: &types::ClusterPendingModifiedValues) -> Vec<&'static str> {
    let all = [
        (values.pending_cloudwatch_logs_exports().is_some(), "enable_cloudwatch_logs_exports"),
        (values.db_cluster_identifier().is_some(), "db_cluster_identifier"),
        (values.master_user_password().is_some(), "master_user_password"),
        (values.iam_database_authentication_enabled().is_some(), "enable_iam_database_authentication"),
        (values.engine_version().is_some(), "engine_version"),
        (values.backup_retention_period().is_some(), "backup_retention_period"),
        (values.allocated_storage().is_some(), "allocated_storage"),
        (values.iops().is_some(), "iops"),
        (values.storage_type().is_some(), "storage_type"),
    ];
    all.into_iter().filter_map(|(is, name)| is.then_some(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(status: &str) -> types::builders::DbClusterBuilder {
        types::DbCluster::builder().db_cluster_identifier("orders").status(status)
    }

    fn is_ready(found: types::DbCluster, goal: Until<'_>) -> bool {
        matches!(progress(found, goal), Progress::Ready(_))
    }

    #[test]
    fn what_is_under_way_is_waited_for_only_when_it_is_to_be_made_now() {
        let group = types::VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").status("adding").build();
        let role = types::DbClusterRole::builder().role_arn("arn:role").status("PENDING").build();
        let pending = types::ClusterPendingModifiedValues::builder().engine_version("17.1").build();
        for (found, name) in [
            (cluster("available").vpc_security_groups(group).build(), "vpc_security_group_ids"),
            (cluster("available").associated_roles(role).build(), "associated_roles"),
            (cluster("available").pending_modified_values(pending).build(), "engine_version"),
        ] {
            assert!(is_ready(found.clone(), Until::Usable) && is_ready(found.clone(), Until::Changed(&["port"].into())));
            assert!(!is_ready(found, Until::Changed(&[name].into())), "{name}");
        }
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
