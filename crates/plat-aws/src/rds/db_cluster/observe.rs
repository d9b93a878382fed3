//! From RDS's answer to attributes.

use aws_sdk_rds::types;
use plat::schema::Id;
use plat::value::{Duration, Version};

use super::{ClusterEndpoint, DbCluster, DbClusterRole, ReadEndpoint, ScalingConfiguration, ServerlessV2ScalingConfiguration};
use crate::rds::MasterUserSecret;
use crate::rds::support::read_tags;
use crate::units::{from_days, from_gib, from_mib, from_seconds};

/// Statuses of a security group, directory or role that is on its way out.
const LEAVING: [&str; 3] = ["removing", "removed", "REMOVED"];

impl DbCluster {
    /// What RDS shows. A change that waits for the maintenance window counts as made, or the next plan would ask for it again.
    pub(super) fn observe(found: &types::DbCluster) -> Self {
        let mut seen = DbCluster::settings(found);
        seen.placement(found);
        seen.insights(found);
        seen.computed(found);
        if let Some(pending) = found.pending_modified_values() {
            seen.anticipate(pending);
        }
        seen
    }

    fn settings(found: &types::DbCluster) -> Self {
        let found = found.clone();
        let aurora = found.engine.as_deref().is_some_and(|engine| engine.starts_with("aurora"));
        // Aurora's storage has no size of its own, and no kind is said of its usual one.
        let kind = found.storage_type.filter(|kind| !kind.is_empty()).or_else(|| aurora.then(|| "aurora".to_owned()));
        DbCluster {
            db_cluster_identifier: found.db_cluster_identifier,
            engine: found.engine,
            engine_version: found.engine_version.map(|v| Version(v.into())),
            engine_mode: found.engine_mode,
            engine_lifecycle_support: found.engine_lifecycle_support,
            serverless_v2_scaling_configuration: found.serverless_v2_scaling_configuration.as_ref().map(serverless_v2),
            scaling_configuration: found.scaling_configuration_info.as_ref().map(scaling),
            db_cluster_instance_class: found.db_cluster_instance_class,
            auto_minor_version_upgrade: found.auto_minor_version_upgrade,
            database_name: found.database_name,
            db_system_id: found.db_system_id,
            master_username: found.master_username,
            manage_master_user_password: found.master_user_secret.is_some(),
            master_user_secret: found
                .master_user_secret
                .map(|s| MasterUserSecret { kms_key_id: s.kms_key_id.map(Into::into), secret_arn: s.secret_arn.map(Into::into) }),
            enable_iam_database_authentication: found.iam_database_authentication_enabled.unwrap_or(false),
            enable_http_endpoint: found.http_endpoint_enabled.unwrap_or(false),
            allocated_storage: from_gib(found.allocated_storage.filter(|n| *n > 0 && !aurora)),
            storage_type: kind,
            iops: found.iops.filter(|n| *n > 0).map(i64::from),
            storage_encrypted: found.storage_encrypted,
            kms_key_id: found.kms_key_id.map(Into::into),
            backup_retention_period: from_days(found.backup_retention_period),
            preferred_backup_window: found.preferred_backup_window,
            preferred_maintenance_window: found.preferred_maintenance_window,
            backtrack_window: Duration::seconds(found.backtrack_window.unwrap_or(0)),
            copy_tags_to_snapshot: found.copy_tags_to_snapshot.unwrap_or(false),
            deletion_protection: found.deletion_protection.unwrap_or(false),
            db_cluster_parameter_group_name: found.db_cluster_parameter_group,
            tags: read_tags(found.tag_list.as_deref().unwrap_or_default()),
            ..DbCluster::default()
        }
    }

    fn placement(&mut self, found: &types::DbCluster) {
        let stays = |status: Option<&str>| !status.is_some_and(|s| LEAVING.contains(&s));
        self.db_subnet_group_name = found.db_subnet_group().map(Id::new);
        self.vpc_security_group_ids = found
            .vpc_security_groups()
            .iter()
            .filter(|g| stays(g.status()))
            .filter_map(|g| g.vpc_security_group_id().map(Id::new))
            .collect();
        self.availability_zones = found.availability_zones().to_vec();
        self.publicly_accessible = found.publicly_accessible();
        self.port = found.port().filter(|p| *p > 0).map(i64::from);
        self.network_type = found.network_type().map(str::to_owned);
        self.associated_roles = found
            .associated_roles()
            .iter()
            .filter(|r| stays(r.status()))
            .filter_map(|r| {
                let feature = r.feature_name().filter(|feature| !feature.is_empty());
                Some(DbClusterRole { feature_name: feature.map(str::to_owned), role_arn: r.role_arn()?.into() })
            })
            .collect();
        let joined = found.domain_memberships().iter().find(|d| stays(d.status()));
        self.domain = joined.and_then(|d| d.domain()).map(str::to_owned);
        self.domain_iam_role_name = joined.and_then(|d| d.iam_role_name()).map(str::to_owned);
        let global = found.global_cluster_identifier().unwrap_or_default();
        self.global_cluster_identifier = Some(global.to_owned());
        // In a global database it is RDS that says whom a cluster follows.
        self.replication_source_identifier = found.replication_source_identifier().filter(|_| global.is_empty()).map(str::to_owned);
    }

    fn insights(&mut self, found: &types::DbCluster) {
        self.enable_cloudwatch_logs_exports = found.enabled_cloudwatch_logs_exports().to_vec();
        self.performance_insights_enabled = found.performance_insights_enabled();
        self.performance_insights_retention_period = from_days(found.performance_insights_retention_period());
        self.performance_insights_kms_key_id = found.performance_insights_kms_key_id().map(Into::into);
        self.database_insights_mode = found.database_insights_mode().map(|m| m.as_str().to_owned());
        self.monitoring_interval = from_seconds(found.monitoring_interval());
        self.monitoring_role_arn = found.monitoring_role_arn().map(Into::into);
        self.enable_global_write_forwarding = found.global_write_forwarding_requested().unwrap_or(false);
        self.enable_local_write_forwarding =
            found.local_write_forwarding_status().is_some_and(|status| matches!(status.as_str(), "enabled" | "enabling" | "requested"));
    }

    fn computed(&mut self, found: &types::DbCluster) {
        self.db_cluster_arn = found.db_cluster_arn().unwrap_or_default().into();
        self.db_cluster_resource_id = found.db_cluster_resource_id().map(str::to_owned);
        self.endpoint = found
            .endpoint()
            .map(|address| ClusterEndpoint { address: Some(address.to_owned()), port: found.port().filter(|p| *p > 0).map(i64::from) });
        self.read_endpoint = found.reader_endpoint().map(|address| ReadEndpoint { address: Some(address.to_owned()) });
        self.storage_encryption_type = found.storage_encryption_type().map(|kind| kind.as_str().to_owned());
        self.storage_throughput = from_mib(found.storage_throughput().filter(|n| *n > 0));
    }

    fn anticipate(&mut self, pending: &types::ClusterPendingModifiedValues) {
        if let Some(version) = pending.engine_version() {
            self.engine_version = Some(Version(version.into()));
        }
        if let Some(kept) = from_days(pending.backup_retention_period()) {
            self.backup_retention_period = Some(kept);
        }
        if let Some(kind) = pending.storage_type() {
            self.storage_type = Some(kind.to_owned());
        }
        if let Some(size) = from_gib(pending.allocated_storage()) {
            self.allocated_storage = Some(size);
        }
        if let Some(rate) = pending.iops() {
            self.iops = Some(i64::from(rate));
        }
        if let Some(iam) = pending.iam_database_authentication_enabled() {
            self.enable_iam_database_authentication = iam;
        }
        if let Some(logs) = pending.pending_cloudwatch_logs_exports() {
            self.enable_cloudwatch_logs_exports.retain(|log| !logs.log_types_to_disable().contains(log));
            for log in logs.log_types_to_enable() {
                if !self.enable_cloudwatch_logs_exports.contains(log) {
                    self.enable_cloudwatch_logs_exports.push(log.clone());
                }
            }
        }
    }
}

fn serverless_v2(found: &types::ServerlessV2ScalingConfigurationInfo) -> ServerlessV2ScalingConfiguration {
    ServerlessV2ScalingConfiguration {
        min_capacity: found.min_capacity(),
        max_capacity: found.max_capacity(),
        seconds_until_auto_pause: from_seconds(found.seconds_until_auto_pause()),
    }
}

fn scaling(found: &types::ScalingConfigurationInfo) -> ScalingConfiguration {
    ScalingConfiguration {
        min_capacity: found.min_capacity().map(i64::from),
        max_capacity: found.max_capacity().map(i64::from),
        auto_pause: found.auto_pause(),
        seconds_until_auto_pause: from_seconds(found.seconds_until_auto_pause()),
        seconds_before_timeout: from_seconds(found.seconds_before_timeout()),
        timeout_action: found.timeout_action().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> types::builders::DbClusterBuilder {
        types::DbCluster::builder().db_cluster_identifier("orders").engine("aurora-postgresql").allocated_storage(1)
    }

    #[test]
    fn the_storage_of_aurora_has_a_kind_and_no_size() {
        let seen = DbCluster::observe(&cluster().build());
        assert_eq!((seen.storage_type.as_deref(), seen.allocated_storage), (Some("aurora"), None));
        let seen = DbCluster::observe(&types::DbCluster::builder().engine("postgres").allocated_storage(100).storage_type("io1").build());
        assert_eq!((seen.storage_type.as_deref(), seen.allocated_storage), (Some("io1"), Some(plat::value::Size::gib(100))));
    }

    #[test]
    fn a_change_that_waits_counts_as_made() {
        let pending = types::ClusterPendingModifiedValues::builder().engine_version("16.4").backup_retention_period(7).build();
        let seen =
            DbCluster::observe(&cluster().engine_version("16.3").backup_retention_period(1).pending_modified_values(pending).build());
        assert_eq!(seen.engine_version, Some(Version("16.4".into())));
        assert_eq!(seen.backup_retention_period, Some(Duration::days(7)));
    }

    #[test]
    fn whom_a_part_of_a_global_database_follows_is_not_the_programs() {
        let follows = |global: &str| {
            let found = cluster().replication_source_identifier("arn:source").global_cluster_identifier(global).build();
            DbCluster::observe(&found).replication_source_identifier
        };
        assert_eq!(follows("").as_deref(), Some("arn:source"));
        assert_eq!(follows("world"), None);
    }
}
