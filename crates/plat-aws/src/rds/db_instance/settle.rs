//! Waiting until an instance is usable and its changes are through.

use std::time::Duration as StdDuration;

use aws_sdk_rds::types;
use plat::provider::{ErrorKind, Operation, ProviderError};

use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::rds::waiting::{Leaving, Until, seen};
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

pub(super) async fn settle(aws: &Aws, op: &Operation<'_>, id: &str, goal: Until<'_>) -> Result<types::DbInstance, ProviderError> {
    until("DBInstanceAvailable", op.timeout, DELAY, || async {
        match (find(aws, id).await?, goal) {
            (Some(found), _) => Ok(progress(found, goal)),
            (None, Until::Created) => Ok(Progress::Pending),
            (None, _) => Err(ProviderError::new(ErrorKind::NotFound, "DescribeDBInstances", format!("`{id}` is gone"))),
        }
    })
    .await
}

pub(super) async fn gone(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    let leaving = Leaving::new();
    let looks = || async { Ok(leaving.progress(id, find(aws, id).await?.as_ref().map(|f| f.db_instance_status().unwrap_or_default()))) };
    until("DBInstanceDeleted", op.timeout, DELAY, looks).await
}

pub(super) async fn find(aws: &Aws, id: &str) -> Result<Option<types::DbInstance>, ProviderError> {
    let answer = aws.rds().describe_db_instances().db_instance_identifier(id).send().await;
    let answer = absent(answer.map_err(|e| provider_error("DescribeDBInstances", e)), &["DBInstanceNotFound", "DBInstanceNotFoundFault"])?;
    Ok(answer.and_then(|a| a.db_instances).and_then(|found| found.into_iter().next()))
}

fn progress(found: types::DbInstance, goal: Until<'_>) -> Progress<types::DbInstance> {
    let status = found.db_instance_status().unwrap_or_default();
    if FAILED.contains(&status) {
        return Progress::Failed(reason(&found, status));
    }
    let awaited = goal.awaited(under_way(&found));
    if !USABLE.contains(&status) || !awaited.is_empty() {
        return Progress::Waiting(seen(status, &awaited));
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

/// The attributes that are on their way to another value. RDS shows it in different places for different things.
fn under_way(found: &types::DbInstance) -> Vec<&'static str> {
    let mut names = found.pending_modified_values().map(pending).unwrap_or_default();
    let mut note = |under_way: bool, name: &'static str| names.extend(under_way.then_some(name));
    let moving = |status: Option<&str>| matches!(status, Some("adding" | "removing"));
    note(found.vpc_security_groups().iter().any(|g| moving(g.status())), "vpc_security_groups");
    note(found.db_security_groups().iter().any(|g| moving(g.status())), "db_security_groups");
    note(found.db_parameter_groups().iter().any(|g| g.parameter_apply_status() == Some("applying")), "db_parameter_group_name");
    let options = found.option_group_memberships().iter().any(|g| matches!(g.status(), Some("applying" | "removing")));
    note(options, "option_group_name");
    let joining = |status: &str| status.starts_with("pending-") || status == "joining";
    if found.domain_memberships().iter().any(|d| d.status().is_some_and(joining)) {
        names.extend(DIRECTORY);
    }
    let mut note = |under_way: bool, name: &'static str| names.extend(under_way.then_some(name));
    let secret = found.master_user_secret().and_then(types::MasterUserSecret::secret_status) == Some("creating");
    note(secret, "manage_master_user_password");
    let source = found.read_replica_source_db_instance_identifier().or(found.read_replica_source_db_cluster_identifier());
    note(source.is_some_and(|source| !source.is_empty()), PROMOTION);
    names
}

/// The attributes of a directory that is joined.
const DIRECTORY: [&str; 6] = ["domain", "domain_fqdn", "domain_ou", "domain_iam_role_name", "domain_auth_secret_arn", "domain_dns_ips"];

/// Stands for the source of a replica that is promoted: it is waited for only then, for as long as there is one.
pub(super) const PROMOTION: &str = "the source of the replica";

/// The attributes that have a value that is not applied yet.
fn pending(values: &types::PendingModifiedValues) -> Vec<&'static str> {
    let all = [
        (values.db_instance_class().is_some(), "db_instance_class"),
        (values.allocated_storage().is_some(), "allocated_storage"),
        (values.master_user_password().is_some(), "master_user_password"),
        (values.port().is_some(), "port"),
        (values.backup_retention_period().is_some(), "backup_retention_period"),
        (values.multi_az().is_some(), "multi_az"),
        (values.engine_version().is_some(), "engine_version"),
        (values.license_model().is_some(), "license_model"),
        (values.iops().is_some(), "iops"),
        (values.storage_throughput().is_some(), "storage_throughput"),
        (values.db_instance_identifier().is_some(), "db_instance_identifier"),
        (values.storage_type().is_some(), "storage_type"),
        (values.ca_certificate_identifier().is_some(), "ca_certificate_identifier"),
        (values.db_subnet_group_name().is_some(), "db_subnet_group_name"),
        (values.pending_cloudwatch_logs_exports().is_some(), "enable_cloudwatch_logs_exports"),
        (!values.processor_features().is_empty(), "processor_features"),
        (!values.processor_features().is_empty(), "use_default_processor_features"),
        (values.iam_database_authentication_enabled().is_some(), "enable_iam_database_authentication"),
        (values.dedicated_log_volume().is_some(), "dedicated_log_volume"),
        (values.engine().is_some(), "engine"),
    ];
    all.into_iter().filter_map(|(is, name)| is.then_some(name)).collect()
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

    fn is_ready(found: types::DbInstance, goal: Until<'_>) -> bool {
        matches!(progress(found, goal), Progress::Ready(_))
    }

    #[test]
    fn only_the_pending_values_that_were_asked_for_are_waited_for() {
        let pending = types::PendingModifiedValues::builder().multi_az(true).build();
        let found = || instance("available").pending_modified_values(pending.clone()).build();
        assert!(is_ready(found(), Until::Usable));
        assert!(!is_ready(found(), Until::Changed(&["multi_az"].into())));
        assert!(is_ready(found(), Until::Changed(&["iops"].into())), "what somebody else left pending stays pending");
    }

    #[test]
    fn a_security_group_that_is_being_added_is_waited_for() {
        let group = types::VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").status("adding").build();
        assert!(!is_ready(instance("available").vpc_security_groups(group).build(), Until::Changed(&["vpc_security_groups"].into())));
    }

    #[test]
    fn a_wait_says_what_it_saw_and_what_is_missing() {
        let pending = types::PendingModifiedValues::builder().multi_az(true).build();
        let found = instance("modifying").pending_modified_values(pending).build();
        let Progress::Waiting(seen) = progress(found, Until::Changed(&["multi_az"].into())) else { panic!("not waiting") };
        assert_eq!(seen, "the last status was `modifying`, and `multi_az` not yet as asked for");
    }

    #[test]
    fn an_end_that_is_not_left_is_a_failure_that_says_what_to_do() {
        for (status, hint) in [("incompatible-network", "describe-events"), ("stopped", "start-db-instance")] {
            let Progress::Failed(reason) = progress(instance(status).build(), Until::Usable) else { panic!("{status}") };
            assert!(reason.contains(hint), "{reason}");
        }
        assert!(matches!(progress(instance("creating").build(), Until::Created), Progress::Waiting(_)));
        assert!(is_ready(instance("storage-optimization").build(), Until::Usable));
    }
}
