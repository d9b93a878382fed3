//! From RDS's answer to attributes.

use std::net::IpAddr;

use aws_sdk_rds::types;
use plat::schema::Id;
use plat::value::Version;

use super::{
    AdditionalStorageVolume, CertificateDetails, DbInstance, DbInstanceRole, DbInstanceStatusInfo, Endpoint, MasterUserSecret,
    ProcessorFeature,
};
use crate::rds::support::{moment, read_tags};
use crate::units::{from_days, from_gib, from_mib, from_seconds};

/// Statuses of a security group or role that is on its way out.
const LEAVING: [&str; 3] = ["removing", "removed", "REMOVED"];

impl DbInstance {
    /// What RDS shows. A change that waits for the maintenance window counts as made, or the next plan would ask for it again.
    pub(super) fn observe(found: &types::DbInstance) -> Self {
        let mut seen = DbInstance::settings(found);
        seen.placement(found);
        seen.insights(found);
        seen.directory(found);
        seen.computed(found);
        if let Some(pending) = found.pending_modified_values() {
            seen.anticipate(pending);
        }
        if found.db_cluster_identifier().is_some() {
            seen.leave_to_the_cluster();
        }
        seen
    }

    fn settings(found: &types::DbInstance) -> Self {
        let found = found.clone();
        DbInstance {
            db_instance_identifier: found.db_instance_identifier,
            db_instance_class: found.db_instance_class,
            engine: found.engine,
            engine_version: found.engine_version.map(|v| Version(v.into())),
            engine_lifecycle_support: found.engine_lifecycle_support,
            auto_minor_version_upgrade: found.auto_minor_version_upgrade.unwrap_or(true),
            license_model: found.license_model,
            db_name: found.db_name,
            db_system_id: found.db_system_id,
            master_username: found.master_username,
            manage_master_user_password: found.master_user_secret.is_some(),
            master_user_secret: found
                .master_user_secret
                .map(|s| MasterUserSecret { kms_key_id: s.kms_key_id.map(Into::into), secret_arn: s.secret_arn.map(Into::into) }),
            enable_iam_database_authentication: found.iam_database_authentication_enabled.unwrap_or(false),
            allocated_storage: from_gib(found.allocated_storage.filter(|n| *n > 0)),
            max_allocated_storage: from_gib(found.max_allocated_storage.filter(|limit| Some(*limit) > found.allocated_storage)),
            storage_type: found.storage_type,
            iops: found.iops.map(i64::from),
            storage_throughput: from_mib(found.storage_throughput.filter(|n| *n > 0)),
            additional_storage_volumes: found.additional_storage_volumes.unwrap_or_default().into_iter().map(volume).collect(),
            dedicated_log_volume: found.dedicated_log_volume.unwrap_or(false),
            storage_encrypted: found.storage_encrypted,
            kms_key_id: found.kms_key_id.map(Into::into),
            backup_retention_period: from_days(found.backup_retention_period),
            preferred_backup_window: found.preferred_backup_window,
            preferred_maintenance_window: found.preferred_maintenance_window,
            backup_target: found.backup_target,
            copy_tags_to_snapshot: found.copy_tags_to_snapshot.unwrap_or(false),
            deletion_protection: found.deletion_protection.unwrap_or(false),
            character_set_name: found.character_set_name,
            nchar_character_set_name: found.nchar_character_set_name,
            timezone: found.timezone,
            ca_certificate_identifier: found.ca_certificate_identifier,
            custom_iam_instance_profile: found.custom_iam_instance_profile,
            promotion_tier: found.promotion_tier.map(i64::from),
            replica_mode: found.replica_mode.map(|m| m.as_str().to_owned()),
            tde_credential_arn: found.tde_credential_arn,
            processor_features: processor_features(found.processor_features),
            tags: read_tags(found.tag_list.as_deref().unwrap_or_default()),
            ..DbInstance::default()
        }
    }

    fn placement(&mut self, found: &types::DbInstance) {
        let stays = |status: Option<&str>| !status.is_some_and(|s| LEAVING.contains(&s));
        self.db_subnet_group_name = found.db_subnet_group().and_then(types::DbSubnetGroup::db_subnet_group_name).map(Id::new);
        self.vpc_security_groups = found
            .vpc_security_groups()
            .iter()
            .filter(|g| stays(g.status()))
            .filter_map(|g| g.vpc_security_group_id().map(Id::new))
            .collect();
        self.db_security_groups = found
            .db_security_groups()
            .iter()
            .filter(|g| stays(g.status()))
            .filter_map(|g| g.db_security_group_name().map(str::to_owned))
            .collect();
        self.availability_zone = found.availability_zone().map(str::to_owned);
        self.multi_az = found.multi_az().unwrap_or(false);
        self.publicly_accessible = found.publicly_accessible();
        self.port = found.endpoint().and_then(types::Endpoint::port).or(found.db_instance_port()).filter(|p| *p > 0).map(i64::from);
        self.network_type = found.network_type().map(str::to_owned);
        self.db_cluster_identifier = found.db_cluster_identifier().map(str::to_owned);
        self.source_db_cluster_identifier = found.read_replica_source_db_cluster_identifier().map(str::to_owned);
        self.db_parameter_group_name = found.db_parameter_groups().first().and_then(|g| g.db_parameter_group_name()).map(str::to_owned);
        let options = found.option_group_memberships();
        self.option_group_name = options
            .iter()
            .find(|g| !g.status().is_some_and(|s| s.contains("removal")))
            .and_then(|g| g.option_group_name())
            .map(str::to_owned);
        self.associated_roles = found
            .associated_roles()
            .iter()
            .filter(|r| stays(r.status()))
            .filter_map(|r| {
                Some(DbInstanceRole { feature_name: r.feature_name().unwrap_or_default().to_owned(), role_arn: r.role_arn()?.into() })
            })
            .collect();
    }

    fn insights(&mut self, found: &types::DbInstance) {
        self.enable_cloudwatch_logs_exports = found.enabled_cloudwatch_logs_exports().to_vec();
        self.enable_performance_insights = found.performance_insights_enabled().unwrap_or(false);
        self.performance_insights_retention_period = from_days(found.performance_insights_retention_period());
        self.performance_insights_kms_key_id = found.performance_insights_kms_key_id().map(Into::into);
        self.database_insights_mode = found.database_insights_mode().map(|m| m.as_str().to_owned());
        self.monitoring_interval = from_seconds(found.monitoring_interval()).unwrap_or_default();
        self.monitoring_role_arn = found.monitoring_role_arn().map(Into::into);
    }

    fn directory(&mut self, found: &types::DbInstance) {
        let Some(joined) = found.domain_memberships().first() else { return };
        self.domain_fqdn = joined.fqdn().map(str::to_owned);
        // RDS shows an id of its own making for a directory that is not AWS's.
        self.domain = joined.domain().filter(|_| joined.auth_secret_arn().is_none()).map(str::to_owned);
        self.domain_ou = joined.ou().map(str::to_owned);
        self.domain_auth_secret_arn = joined.auth_secret_arn().map(Into::into);
        self.domain_dns_ips = joined.dns_ips().iter().filter_map(|ip| ip.parse::<IpAddr>().ok()).collect();
        self.domain_iam_role_name = joined.iam_role_name().map(str::to_owned);
        if self.domain.is_some() {
            // For a directory of AWS's, its name follows from its id and is not an input.
            self.domain_fqdn = None;
        }
    }

    fn computed(&mut self, found: &types::DbInstance) {
        self.db_instance_arn = found.db_instance_arn().unwrap_or_default().into();
        self.dbi_resource_id = found.dbi_resource_id().map(str::to_owned);
        self.endpoint = found.endpoint().map(endpoint);
        self.listener_endpoint = found.listener_endpoint().map(endpoint);
        self.db_instance_status = found.db_instance_status().map(str::to_owned);
        self.instance_create_time = moment(found.instance_create_time());
        self.certificate_details = found
            .certificate_details()
            .map(|c| CertificateDetails { ca_identifier: c.ca_identifier().map(str::to_owned), valid_till: moment(c.valid_till()) });
        self.secondary_availability_zone = found.secondary_availability_zone().map(str::to_owned);
        self.read_replica_db_instance_identifiers = found.read_replica_db_instance_identifiers().to_vec();
        self.read_replica_db_cluster_identifiers = found.read_replica_db_cluster_identifiers().to_vec();
        self.status_infos = found.status_infos().iter().map(status_info).collect();
        self.automatic_restart_time = moment(found.automatic_restart_time());
        self.latest_restorable_time = moment(found.latest_restorable_time());
        self.percent_progress = found.percent_progress().map(str::to_owned);
        self.resume_full_automation_mode_time = moment(found.resume_full_automation_mode_time());
        self.is_storage_config_upgrade_available = found.is_storage_config_upgrade_available();
        self.storage_operation_status = found.storage_operation_status().map(str::to_owned);
        self.storage_operation_percent_progress = found.storage_operation_percent_progress().map(i64::from);
    }

    fn anticipate(&mut self, pending: &types::PendingModifiedValues) {
        fn ahead<T>(now: &mut Option<T>, next: Option<T>) {
            if next.is_some() {
                *now = next;
            }
        }
        ahead(&mut self.db_instance_class, pending.db_instance_class().map(str::to_owned));
        ahead(&mut self.engine, pending.engine().map(str::to_owned));
        ahead(&mut self.engine_version, pending.engine_version().map(|v| Version(v.into())));
        ahead(&mut self.allocated_storage, from_gib(pending.allocated_storage()));
        ahead(&mut self.storage_type, pending.storage_type().map(str::to_owned));
        ahead(&mut self.iops, pending.iops().map(i64::from));
        ahead(&mut self.storage_throughput, from_mib(pending.storage_throughput()));
        ahead(&mut self.port, pending.port().map(i64::from));
        ahead(&mut self.backup_retention_period, from_days(pending.backup_retention_period()));
        ahead(&mut self.license_model, pending.license_model().map(str::to_owned));
        ahead(&mut self.ca_certificate_identifier, pending.ca_certificate_identifier().map(str::to_owned));
        if let Some(multi_az) = pending.multi_az() {
            self.multi_az = multi_az;
        }
        if let Some(iam) = pending.iam_database_authentication_enabled() {
            self.enable_iam_database_authentication = iam;
        }
        if let Some(volume) = pending.dedicated_log_volume() {
            self.dedicated_log_volume = volume;
        }
        if !pending.processor_features().is_empty() {
            self.processor_features = processor_features(Some(pending.processor_features().to_vec()));
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

    /// What a member shows of these is its cluster's, and cannot be set on the member.
    fn leave_to_the_cluster(&mut self) {
        self.multi_az = false;
        self.copy_tags_to_snapshot = false;
        self.deletion_protection = false;
        self.enable_iam_database_authentication = false;
        self.enable_cloudwatch_logs_exports.clear();
        self.associated_roles.clear();
        self.max_allocated_storage = None;
        self.manage_master_user_password = false;
    }
}

fn endpoint(found: &types::Endpoint) -> Endpoint {
    Endpoint {
        address: found.address().map(str::to_owned),
        port: found.port().map(i64::from),
        hosted_zone_id: found.hosted_zone_id().map(str::to_owned),
    }
}

fn status_info(found: &types::DbInstanceStatusInfo) -> DbInstanceStatusInfo {
    DbInstanceStatusInfo {
        status_type: found.status_type().map(str::to_owned),
        normal: found.normal(),
        status: found.status().map(str::to_owned),
        message: found.message().map(str::to_owned),
    }
}

fn volume(found: types::AdditionalStorageVolumeOutput) -> AdditionalStorageVolume {
    AdditionalStorageVolume {
        volume_name: found.volume_name,
        allocated_storage: from_gib(found.allocated_storage),
        max_allocated_storage: from_gib(found.max_allocated_storage),
        iops: found.iops.map(i64::from),
        storage_throughput: from_mib(found.storage_throughput),
        storage_type: found.storage_type,
        storage_operation_status: found.storage_operation_status,
        storage_operation_percent_progress: found.storage_operation_percent_progress.map(i64::from),
    }
}

fn processor_features(found: Option<Vec<types::ProcessorFeature>>) -> Vec<ProcessorFeature> {
    found.unwrap_or_default().into_iter().map(|f| ProcessorFeature { name: f.name, value: f.value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> types::builders::DbInstanceBuilder {
        types::DbInstance::builder().db_instance_identifier("db").allocated_storage(100).multi_az(false).deletion_protection(true)
    }

    #[test]
    fn a_change_that_waits_counts_as_made() {
        let exports = types::PendingCloudwatchLogsExports::builder().log_types_to_enable("upgrade").log_types_to_disable("general").build();
        let pending = types::PendingModifiedValues::builder()
            .db_instance_class("db.r5.large")
            .multi_az(true)
            .allocated_storage(200)
            .pending_cloudwatch_logs_exports(exports)
            .build();
        let found = instance()
            .db_instance_class("db.t3.medium")
            .enabled_cloudwatch_logs_exports("general")
            .enabled_cloudwatch_logs_exports("error")
            .pending_modified_values(pending)
            .build();
        let seen = DbInstance::observe(&found);
        assert_eq!(seen.db_instance_class.as_deref(), Some("db.r5.large"));
        assert_eq!(seen.allocated_storage, Some(plat::value::Size::gib(200)));
        assert!(seen.multi_az);
        assert_eq!(seen.enable_cloudwatch_logs_exports, ["error", "upgrade"]);
    }

    #[test]
    fn a_cluster_member_does_not_show_what_is_the_clusters() {
        let found = instance().db_cluster_identifier("aurora").iam_database_authentication_enabled(true).build();
        let seen = DbInstance::observe(&found);
        assert!(!seen.deletion_protection && !seen.enable_iam_database_authentication);
        assert!(DbInstance::observe(&instance().build()).deletion_protection);
    }

    #[test]
    fn a_security_group_on_its_way_out_is_gone() {
        let group = |id: &str, status: &str| types::VpcSecurityGroupMembership::builder().vpc_security_group_id(id).status(status).build();
        let found = instance().vpc_security_groups(group("sg-1", "active")).vpc_security_groups(group("sg-2", "removing")).build();
        assert_eq!(DbInstance::observe(&found).vpc_security_groups, [Id::new("sg-1")]);
    }
}
