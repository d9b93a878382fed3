//! The three ways a cluster comes to be, each with its own call. Pure but for sending it.

use aws_sdk_rds::operation::create_db_cluster::CreateDbClusterInput;
use aws_sdk_rds::operation::create_db_cluster::builders::CreateDbClusterInputBuilder;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::RestoreDbClusterFromSnapshotInput;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders::RestoreDbClusterFromSnapshotInputBuilder;
use aws_sdk_rds::operation::restore_db_cluster_to_point_in_time::RestoreDbClusterToPointInTimeInput;
use aws_sdk_rds::operation::restore_db_cluster_to_point_in_time::builders::RestoreDbClusterToPointInTimeInputBuilder;
use aws_sdk_rds::types::{self, Tag};
use plat::provider::{ErrorKind, Operation, ProviderError};

use super::settle::{find, gone};
use super::{DbCluster, ScalingConfiguration, ServerlessV2ScalingConfiguration};
use crate::client::Aws;
use crate::error::{incomplete, provider_error};
use crate::rds::support::moment_of;
use crate::units::{lower, text, texts, to_days, to_gib, to_int, to_seconds};

/// Where a new cluster's data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nothing, or what a replica follows.
    Empty,
    Snapshot,
    PointInTime,
}

impl DbCluster {
    /// As CloudFormation decides it.
    pub(super) fn origin(&self) -> Origin {
        if self.source_db_cluster_identifier.is_some() || self.source_db_cluster_resource_id.is_some() {
            Origin::PointInTime
        } else if self.snapshot_identifier.is_some() {
            Origin::Snapshot
        } else {
            Origin::Empty
        }
    }
}

/// Sets what all three calls take under the same name.
macro_rules! shared {
    ($call:expr, $d:expr, $tags:expr) => {
        $call
            .set_port(to_int($d.port))
            .set_db_subnet_group_name(text(&$d.db_subnet_group_name))
            .set_vpc_security_group_ids(texts(&$d.vpc_security_group_ids))
            .set_tags(Some($tags))
            .set_kms_key_id(text(&$d.kms_key_id))
            .enable_iam_database_authentication($d.enable_iam_database_authentication)
            .set_backtrack_window(Some($d.backtrack_window.0).filter(|seconds| *seconds > 0))
            .set_enable_cloudwatch_logs_exports(texts(&$d.enable_cloudwatch_logs_exports))
            .set_engine_mode($d.engine_mode.clone())
            .set_engine_lifecycle_support($d.engine_lifecycle_support.clone())
            .set_scaling_configuration($d.scaling_configuration.as_ref().map(scaling))
            .set_serverless_v2_scaling_configuration($d.serverless_v2_scaling_configuration.as_ref().map(serverless_v2))
            .set_db_cluster_parameter_group_name($d.db_cluster_parameter_group_name.clone())
            .deletion_protection($d.deletion_protection)
            .copy_tags_to_snapshot($d.copy_tags_to_snapshot)
            .set_domain($d.domain.clone())
            .set_domain_iam_role_name($d.domain_iam_role_name.clone())
            .set_db_cluster_instance_class($d.db_cluster_instance_class.clone())
            .set_storage_type(lower(&$d.storage_type))
            .set_iops(to_int($d.iops))
            .set_publicly_accessible($d.publicly_accessible)
            .set_network_type($d.network_type.clone())
            .set_monitoring_interval(to_seconds($d.monitoring_interval))
            .set_monitoring_role_arn(text(&$d.monitoring_role_arn).filter(|_| $d.monitoring_interval.is_some_and(|i| i.0 > 0)))
            .set_enable_performance_insights($d.performance_insights_enabled)
            .set_performance_insights_kms_key_id(text(&$d.performance_insights_kms_key_id))
            .set_performance_insights_retention_period(to_days($d.performance_insights_retention_period))
            .set_backup_retention_period(to_days($d.backup_retention_period))
            .set_preferred_backup_window($d.preferred_backup_window.clone())
    };
}

/// Sends the call that makes the cluster.
pub(super) async fn send(
    aws: &Aws,
    op: &Operation<'_>,
    id: &str,
    d: &DbCluster,
    tags: Vec<Tag>,
) -> Result<types::DbCluster, ProviderError> {
    match ask(aws, id, d, tags.clone()).await {
        // A delete that took longer than an apply waited: the name is free when it is through.
        Err(taken) if taken.kind == ErrorKind::Exists => match find(aws, id).await? {
            Some(found) if found.status() == Some("deleting") => {
                gone(aws, op, id).await?;
                ask(aws, id, d, tags).await
            }
            _ => Err(taken),
        },
        answer => answer,
    }
}

async fn ask(aws: &Aws, id: &str, d: &DbCluster, tags: Vec<Tag>) -> Result<types::DbCluster, ProviderError> {
    let (operation, made) = match d.origin() {
        Origin::PointInTime => {
            let operation = "RestoreDBClusterToPointInTime";
            let answer = at_point_in_time(id, d, tags)?.send_with(aws.rds()).await;
            (operation, answer.map_err(|e| provider_error(operation, e))?.db_cluster)
        }
        _ if d.engine.is_none() => {
            let message = "`engine` is needed, but for a cluster that is restored to a point in time";
            return Err(ProviderError::new(ErrorKind::Refused, "CreateDBCluster", message));
        }
        Origin::Empty => {
            let answer = empty(id, d, tags).send_with(aws.rds()).await;
            ("CreateDBCluster", answer.map_err(|e| provider_error("CreateDBCluster", e))?.db_cluster)
        }
        Origin::Snapshot => {
            let operation = "RestoreDBClusterFromSnapshot";
            let answer = from_snapshot(id, d, tags).send_with(aws.rds()).await;
            (operation, answer.map_err(|e| provider_error(operation, e))?.db_cluster)
        }
    };
    made.ok_or_else(|| incomplete(operation, "DBCluster"))
}

fn empty(id: &str, d: &DbCluster, tags: Vec<Tag>) -> CreateDbClusterInputBuilder {
    let call = shared!(CreateDbClusterInput::builder(), d, tags);
    call.db_cluster_identifier(id)
        .set_availability_zones(texts(&d.availability_zones))
        .set_engine(lower(&d.engine))
        .set_engine_version(d.engine_version.as_ref().map(|v| v.0.to_string()))
        .set_database_name(d.database_name.clone())
        .set_db_system_id(d.db_system_id.clone())
        .set_master_username(d.master_username.clone())
        .set_master_user_password(d.master_user_password.as_ref().map(|p| p.expose().to_owned()))
        .set_manage_master_user_password(d.manage_master_user_password.then_some(true))
        .set_master_user_secret_kms_key_id(d.master_user_secret.as_ref().and_then(|s| text(&s.kms_key_id)))
        .set_master_user_authentication_type(d.master_user_authentication_type.as_deref().map(types::MasterUserAuthenticationType::from))
        .set_preferred_maintenance_window(lower(&d.preferred_maintenance_window))
        .set_replication_source_identifier(d.replication_source_identifier.clone())
        .set_storage_encrypted(d.storage_encrypted)
        .set_allocated_storage(to_gib(d.allocated_storage))
        .set_auto_minor_version_upgrade(d.auto_minor_version_upgrade)
        .set_global_cluster_identifier(d.global_cluster_identifier.clone().filter(|global| !global.is_empty()))
        .set_enable_http_endpoint(d.enable_http_endpoint.then_some(true))
        .set_enable_global_write_forwarding(d.enable_global_write_forwarding.then_some(true))
        .set_enable_local_write_forwarding(d.enable_local_write_forwarding.then_some(true))
        .set_database_insights_mode(d.database_insights_mode.as_deref().map(types::DatabaseInsightsMode::from))
        .set_cluster_scalability_type(d.cluster_scalability_type.as_deref().map(types::ClusterScalabilityType::from))
}

fn from_snapshot(id: &str, d: &DbCluster, tags: Vec<Tag>) -> RestoreDbClusterFromSnapshotInputBuilder {
    let call = shared!(RestoreDbClusterFromSnapshotInput::builder(), d, tags);
    call.db_cluster_identifier(id)
        .set_snapshot_identifier(d.snapshot_identifier.clone())
        .set_availability_zones(texts(&d.availability_zones))
        .set_engine(lower(&d.engine))
        .set_engine_version(d.engine_version.as_ref().map(|v| v.0.to_string()))
        .set_database_name(d.database_name.clone())
}

fn at_point_in_time(id: &str, d: &DbCluster, tags: Vec<Tag>) -> Result<RestoreDbClusterToPointInTimeInputBuilder, ProviderError> {
    let point = |text| moment_of(text, "restore_to_time", "RestoreDBClusterToPointInTime");
    let time = d.restore_to_time.as_deref().map(point).transpose()?;
    let call = shared!(RestoreDbClusterToPointInTimeInput::builder(), d, tags);
    Ok(call
        .db_cluster_identifier(id)
        .set_source_db_cluster_identifier(d.source_db_cluster_identifier.clone())
        .set_source_db_cluster_resource_id(d.source_db_cluster_resource_id.clone())
        .set_restore_type(d.restore_type.clone())
        .set_restore_to_time(time)
        .set_use_latest_restorable_time(d.use_latest_restorable_time.or(time.is_none().then_some(true))))
}

pub(super) fn serverless_v2(capacity: &ServerlessV2ScalingConfiguration) -> types::ServerlessV2ScalingConfiguration {
    types::ServerlessV2ScalingConfiguration::builder()
        .set_min_capacity(capacity.min_capacity)
        .set_max_capacity(capacity.max_capacity)
        .set_seconds_until_auto_pause(to_seconds(capacity.seconds_until_auto_pause))
        .build()
}

pub(super) fn scaling(capacity: &ScalingConfiguration) -> types::ScalingConfiguration {
    types::ScalingConfiguration::builder()
        .set_min_capacity(to_int(capacity.min_capacity))
        .set_max_capacity(to_int(capacity.max_capacity))
        .set_auto_pause(capacity.auto_pause)
        .set_seconds_until_auto_pause(to_seconds(capacity.seconds_until_auto_pause))
        .set_seconds_before_timeout(to_seconds(capacity.seconds_before_timeout))
        .set_timeout_action(capacity.timeout_action.clone())
        .build()
}

#[cfg(test)]
mod tests {
    use plat::value::{Duration, SecretText, Version};

    use super::*;

    #[test]
    fn the_origin_is_decided_by_what_is_said() {
        let of = |change: fn(&mut DbCluster)| {
            let mut d = DbCluster::default();
            change(&mut d);
            d.origin()
        };
        assert_eq!(of(|_| {}), Origin::Empty);
        assert_eq!(of(|d| d.replication_source_identifier = Some("arn:a".to_owned())), Origin::Empty);
        assert_eq!(of(|d| d.snapshot_identifier = Some("a".to_owned())), Origin::Snapshot);
        assert_eq!(of(|d| d.source_db_cluster_identifier = Some("a".to_owned())), Origin::PointInTime);
        assert_eq!(of(|d| d.source_db_cluster_resource_id = Some("cluster-A".to_owned())), Origin::PointInTime);
    }

    #[test]
    fn a_new_cluster_says_all_it_was_told_and_nothing_else() {
        let d = DbCluster {
            engine: Some("Aurora-PostgreSQL".to_owned()),
            engine_version: Some(Version("16.3".into())),
            master_user_password: Some(SecretText::new("correct horse")),
            serverless_v2_scaling_configuration: Some(ServerlessV2ScalingConfiguration {
                min_capacity: Some(0.0),
                max_capacity: Some(4.0),
                seconds_until_auto_pause: Some(Duration::minutes(5)),
            }),
            final_snapshot_identifier: Some("last".to_owned()),
            ..DbCluster::default()
        };
        let call = empty("orders", &d, Vec::new()).build().unwrap();
        assert_eq!((call.engine(), call.engine_version()), (Some("aurora-postgresql"), Some("16.3")));
        assert_eq!(call.master_user_password(), Some("correct horse"));
        let capacity = call.serverless_v2_scaling_configuration().unwrap();
        assert_eq!(
            (capacity.min_capacity(), capacity.max_capacity(), capacity.seconds_until_auto_pause()),
            (Some(0.0), Some(4.0), Some(300))
        );
        assert_eq!((call.backtrack_window(), call.storage_encrypted(), call.manage_master_user_password()), (None, None, None));
        assert_eq!((call.enable_http_endpoint(), call.enable_global_write_forwarding(), call.engine_mode()), (None, None, None));
        assert!(call.vpc_security_group_ids.is_none() && call.availability_zones.is_none());
    }

    #[test]
    fn a_point_in_time_is_a_time_or_the_latest() {
        let d = |time: Option<&str>| DbCluster { restore_to_time: time.map(str::to_owned), ..DbCluster::default() };
        let at = |time| at_point_in_time("orders", &d(time), Vec::new()).map(|call| call.build().unwrap());
        let call = at(Some("2026-03-01T12:00:00Z")).unwrap();
        assert_eq!((call.restore_to_time().map(|t| t.secs()), call.use_latest_restorable_time()), (Some(1_772_366_400), None));
        assert_eq!(at(None).unwrap().use_latest_restorable_time(), Some(true));
        let error = at(Some("yesterday")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.message.contains("`restore_to_time` is `yesterday`"), "{error}");
    }
}
