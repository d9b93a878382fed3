//! The four ways an instance comes to be, each with its own call. Pure but for sending it.

use aws_sdk_rds::operation::create_db_instance::CreateDbInstanceInput;
use aws_sdk_rds::operation::create_db_instance::builders::CreateDbInstanceInputBuilder;
use aws_sdk_rds::operation::create_db_instance_read_replica::CreateDbInstanceReadReplicaInput;
use aws_sdk_rds::operation::create_db_instance_read_replica::builders::CreateDbInstanceReadReplicaInputBuilder;
use aws_sdk_rds::operation::restore_db_instance_from_db_snapshot::RestoreDbInstanceFromDbSnapshotInput;
use aws_sdk_rds::operation::restore_db_instance_from_db_snapshot::builders::RestoreDbInstanceFromDbSnapshotInputBuilder;
use aws_sdk_rds::operation::restore_db_instance_to_point_in_time::RestoreDbInstanceToPointInTimeInput;
use aws_sdk_rds::operation::restore_db_instance_to_point_in_time::builders::RestoreDbInstanceToPointInTimeInputBuilder;
use aws_sdk_rds::types::{self, Tag};
use plat::provider::{ErrorKind, Operation, ProviderError};

use super::settle::{find, gone};
use super::{AdditionalStorageVolume, DbInstance, ProcessorFeature};
use crate::client::Aws;
use crate::error::{incomplete, provider_error};
use crate::rds::support::moment_of;
use crate::units::{lower, text, texts, to_days, to_gib, to_int, to_mib, to_seconds};

/// Where a new instance's data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Empty,
    Replica,
    Snapshot,
    PointInTime,
}

impl DbInstance {
    /// As CloudFormation decides it.
    pub(super) fn origin(&self) -> Origin {
        let restored = self.restore_time.is_some() || self.use_latest_restorable_time == Some(true);
        let backups = self.source_dbi_resource_id.is_some() || self.source_db_instance_automated_backups_arn.is_some();
        if self.db_snapshot_identifier.is_some() || self.db_cluster_snapshot_identifier.is_some() {
            Origin::Snapshot
        } else if restored || backups {
            Origin::PointInTime
        } else if self.source_db_instance_identifier.is_some() || self.source_db_cluster_identifier.is_some() {
            Origin::Replica
        } else {
            Origin::Empty
        }
    }

    /// A setting that a member of a cluster does not have: its cluster does.
    fn own(&self, flag: bool) -> Option<bool> {
        self.db_cluster_identifier.is_none().then_some(flag)
    }

    /// The source of a replica: by name in the same region, by ARN in another one.
    async fn source(&self, aws: &Aws) -> Result<Option<String>, ProviderError> {
        let Some(source) = text(&self.source_db_instance_identifier) else { return Ok(None) };
        let Some(region) = self.source_region.as_ref().filter(|_| !source.starts_with("arn:")) else { return Ok(Some(source)) };
        let operation = "GetCallerIdentity";
        let caller = aws.sts().get_caller_identity().send().await.map_err(|e| provider_error(operation, e))?;
        let arn = caller.arn().ok_or_else(|| incomplete(operation, "Arn"))?;
        Ok(Some(instance_arn(arn, region, &source)))
    }
}

/// The ARN of an instance in another region, from the ARN of the caller: partition and account are the same.
fn instance_arn(caller: &str, region: &str, name: &str) -> String {
    let mut parts = caller.split(':').skip(1);
    let partition = parts.next().unwrap_or("aws");
    let account = parts.nth(2).unwrap_or_default();
    format!("arn:{partition}:rds:{region}:{account}:db:{name}")
}

/// Sets what all four calls take under the same name.
macro_rules! shared {
    ($call:expr, $d:expr, $tags:expr) => {
        $call
            .set_db_instance_class($d.db_instance_class.clone())
            .set_availability_zone($d.availability_zone.clone())
            .set_port(to_int($d.port))
            .set_multi_az($d.own($d.multi_az))
            .auto_minor_version_upgrade($d.auto_minor_version_upgrade)
            .set_iops(to_int($d.iops))
            .set_storage_throughput(to_mib($d.storage_throughput))
            .set_option_group_name($d.option_group_name.clone())
            .set_db_parameter_group_name($d.db_parameter_group_name.clone())
            .set_publicly_accessible($d.publicly_accessible)
            .set_tags(Some($tags))
            .set_db_subnet_group_name(text(&$d.db_subnet_group_name))
            .set_vpc_security_group_ids(texts(&$d.vpc_security_groups))
            .set_storage_type($d.storage_type.clone())
            .set_copy_tags_to_snapshot($d.own($d.copy_tags_to_snapshot))
            .set_enable_iam_database_authentication($d.own($d.enable_iam_database_authentication))
            .set_enable_cloudwatch_logs_exports(texts(&$d.enable_cloudwatch_logs_exports))
            .set_processor_features(processor_features(&$d.processor_features))
            .set_deletion_protection($d.own($d.deletion_protection))
            .set_domain($d.domain.clone())
            .set_domain_fqdn($d.domain_fqdn.clone())
            .set_domain_ou($d.domain_ou.clone())
            .set_domain_auth_secret_arn(text(&$d.domain_auth_secret_arn))
            .set_domain_dns_ips(texts(&$d.domain_dns_ips))
            .set_domain_iam_role_name($d.domain_iam_role_name.clone())
            .set_network_type($d.network_type.clone())
            .set_backup_target($d.backup_target.clone())
            .set_custom_iam_instance_profile($d.custom_iam_instance_profile.clone())
            .set_allocated_storage(to_gib($d.allocated_storage))
            .set_dedicated_log_volume($d.dedicated_log_volume.then_some(true))
            .set_ca_certificate_identifier($d.ca_certificate_identifier.clone())
            .set_additional_storage_volumes(volumes(&$d.additional_storage_volumes))
    };
}

/// Sends the call that makes the instance.
pub(super) async fn send(
    aws: &Aws,
    op: &Operation<'_>,
    id: &str,
    d: &DbInstance,
    tags: Vec<Tag>,
) -> Result<types::DbInstance, ProviderError> {
    match ask(aws, id, d, tags.clone()).await {
        // A delete that took longer than an apply waited: the name is free when it is through.
        Err(taken) if taken.kind == ErrorKind::Exists => match find(aws, id).await? {
            Some(found) if found.db_instance_status() == Some("deleting") => {
                gone(aws, op, id).await?;
                ask(aws, id, d, tags).await
            }
            _ => Err(taken),
        },
        answer => answer,
    }
}

async fn ask(aws: &Aws, id: &str, d: &DbInstance, tags: Vec<Tag>) -> Result<types::DbInstance, ProviderError> {
    let (operation, made) = match d.origin() {
        Origin::Empty if d.engine.is_none() || d.db_instance_class.is_none() => {
            let message = "`engine` and `db_instance_class` are needed, but for a replica and for what is restored";
            return Err(ProviderError::new(ErrorKind::Refused, "CreateDBInstance", message));
        }
        Origin::Empty => {
            let answer = empty(id, d, tags).send_with(aws.rds()).await;
            ("CreateDBInstance", answer.map_err(|e| provider_error("CreateDBInstance", e))?.db_instance)
        }
        Origin::Replica => {
            let operation = "CreateDBInstanceReadReplica";
            let answer = replica(id, d, tags).set_source_db_instance_identifier(d.source(aws).await?).send_with(aws.rds()).await;
            (operation, answer.map_err(|e| provider_error(operation, e))?.db_instance)
        }
        Origin::Snapshot => {
            let operation = "RestoreDBInstanceFromDBSnapshot";
            let answer = from_snapshot(id, d, tags).send_with(aws.rds()).await;
            (operation, answer.map_err(|e| provider_error(operation, e))?.db_instance)
        }
        Origin::PointInTime => {
            let operation = "RestoreDBInstanceToPointInTime";
            let answer = at_point_in_time(id, d, tags)?.send_with(aws.rds()).await;
            (operation, answer.map_err(|e| provider_error(operation, e))?.db_instance)
        }
    };
    made.ok_or_else(|| incomplete(operation, "DBInstance"))
}

fn empty(id: &str, d: &DbInstance, tags: Vec<Tag>) -> CreateDbInstanceInputBuilder {
    let call = shared!(CreateDbInstanceInput::builder(), d, tags);
    call.db_instance_identifier(id)
        .set_engine(lower(&d.engine))
        // A member of a cluster runs the cluster's version.
        .set_engine_version(d.engine_version.as_ref().filter(|_| d.db_cluster_identifier.is_none()).map(|v| v.0.to_string()))
        .set_engine_lifecycle_support(d.engine_lifecycle_support.clone())
        .set_license_model(d.license_model.clone())
        .set_db_name(d.db_name.clone())
        .set_db_system_id(d.db_system_id.clone())
        .set_master_username(d.master_username.clone())
        .set_master_user_password(d.master_user_password.as_ref().map(|p| p.expose().to_owned()))
        .set_manage_master_user_password(d.manage_master_user_password.then_some(true))
        .set_master_user_secret_kms_key_id(d.master_user_secret.as_ref().and_then(|s| text(&s.kms_key_id)))
        .set_master_user_authentication_type(d.master_user_authentication_type.as_deref().map(types::MasterUserAuthenticationType::from))
        .set_db_security_groups(texts(&d.db_security_groups))
        .set_max_allocated_storage(to_gib(d.max_allocated_storage))
        .set_storage_encrypted(d.storage_encrypted)
        .set_kms_key_id(text(&d.kms_key_id))
        .set_backup_retention_period(to_days(d.backup_retention_period))
        .set_preferred_backup_window(d.preferred_backup_window.clone())
        .set_preferred_maintenance_window(lower(&d.preferred_maintenance_window))
        .set_character_set_name(d.character_set_name.clone())
        .set_nchar_character_set_name(d.nchar_character_set_name.clone())
        .set_timezone(d.timezone.clone())
        .set_db_cluster_identifier(d.db_cluster_identifier.clone())
        .set_promotion_tier(to_int(d.promotion_tier))
        .set_enable_performance_insights(d.enable_performance_insights.then_some(true))
        .set_performance_insights_retention_period(to_days(d.performance_insights_retention_period))
        .set_performance_insights_kms_key_id(text(&d.performance_insights_kms_key_id))
        .set_database_insights_mode(d.database_insights_mode.as_deref().map(types::DatabaseInsightsMode::from))
        .set_monitoring_interval(to_seconds(Some(d.monitoring_interval).filter(|i| i.0 > 0)))
        .set_monitoring_role_arn(text(&d.monitoring_role_arn).filter(|_| d.monitoring_interval.0 > 0))
        .set_tde_credential_arn(d.tde_credential_arn.clone())
        .set_tde_credential_password(d.tde_credential_password.as_ref().map(|p| p.expose().to_owned()))
}

fn replica(id: &str, d: &DbInstance, tags: Vec<Tag>) -> CreateDbInstanceReadReplicaInputBuilder {
    let call = shared!(CreateDbInstanceReadReplicaInput::builder(), d, tags);
    call.db_instance_identifier(id)
        .set_source_db_cluster_identifier(d.source_db_cluster_identifier.clone())
        .set_replica_mode(d.replica_mode.as_deref().map(types::ReplicaMode::from))
        .set_max_allocated_storage(to_gib(d.max_allocated_storage))
        .set_kms_key_id(text(&d.kms_key_id))
        .set_use_default_processor_features(d.use_default_processor_features)
        .set_enable_performance_insights(d.enable_performance_insights.then_some(true))
        .set_performance_insights_retention_period(to_days(d.performance_insights_retention_period))
        .set_performance_insights_kms_key_id(text(&d.performance_insights_kms_key_id))
        .set_database_insights_mode(d.database_insights_mode.as_deref().map(types::DatabaseInsightsMode::from))
        .set_monitoring_interval(to_seconds(Some(d.monitoring_interval).filter(|i| i.0 > 0)))
        .set_monitoring_role_arn(text(&d.monitoring_role_arn).filter(|_| d.monitoring_interval.0 > 0))
}

fn from_snapshot(id: &str, d: &DbInstance, tags: Vec<Tag>) -> RestoreDbInstanceFromDbSnapshotInputBuilder {
    let call = shared!(RestoreDbInstanceFromDbSnapshotInput::builder(), d, tags);
    call.db_instance_identifier(id)
        .set_db_snapshot_identifier(d.db_snapshot_identifier.clone())
        .set_db_cluster_snapshot_identifier(d.db_cluster_snapshot_identifier.clone())
        .set_engine(lower(&d.engine))
        .set_engine_lifecycle_support(d.engine_lifecycle_support.clone())
        .set_license_model(d.license_model.clone())
        .set_db_name(d.db_name.clone())
        .set_use_default_processor_features(d.use_default_processor_features)
        .set_backup_retention_period(to_days(d.backup_retention_period))
        .set_preferred_backup_window(d.preferred_backup_window.clone())
        .set_tde_credential_arn(d.tde_credential_arn.clone())
        .set_tde_credential_password(d.tde_credential_password.as_ref().map(|p| p.expose().to_owned()))
        .set_manage_master_user_password(d.manage_master_user_password.then_some(true))
        .set_master_user_secret_kms_key_id(d.master_user_secret.as_ref().and_then(|s| text(&s.kms_key_id)))
}

fn at_point_in_time(id: &str, d: &DbInstance, tags: Vec<Tag>) -> Result<RestoreDbInstanceToPointInTimeInputBuilder, ProviderError> {
    let point = |text| moment_of(text, "restore_time", "RestoreDBInstanceToPointInTime");
    let time = d.restore_time.as_deref().map(point).transpose()?;
    let call = shared!(RestoreDbInstanceToPointInTimeInput::builder(), d, tags);
    Ok(call
        .target_db_instance_identifier(id)
        .set_source_db_instance_identifier(text(&d.source_db_instance_identifier))
        .set_source_dbi_resource_id(d.source_dbi_resource_id.clone())
        .set_source_db_instance_automated_backups_arn(text(&d.source_db_instance_automated_backups_arn))
        .set_restore_time(time)
        .set_use_latest_restorable_time(d.use_latest_restorable_time.or(time.is_none().then_some(true)))
        .set_engine(lower(&d.engine))
        .set_engine_lifecycle_support(d.engine_lifecycle_support.clone())
        .set_license_model(d.license_model.clone())
        .set_db_name(d.db_name.clone())
        .set_max_allocated_storage(to_gib(d.max_allocated_storage))
        .set_use_default_processor_features(d.use_default_processor_features)
        .set_backup_retention_period(to_days(d.backup_retention_period))
        .set_preferred_backup_window(d.preferred_backup_window.clone())
        .set_tde_credential_arn(d.tde_credential_arn.clone())
        .set_tde_credential_password(d.tde_credential_password.as_ref().map(|p| p.expose().to_owned()))
        .set_manage_master_user_password(d.manage_master_user_password.then_some(true))
        .set_master_user_secret_kms_key_id(d.master_user_secret.as_ref().and_then(|s| text(&s.kms_key_id))))
}

pub(super) fn processor_features(features: &[ProcessorFeature]) -> Option<Vec<types::ProcessorFeature>> {
    let built = features.iter().map(|f| types::ProcessorFeature::builder().set_name(f.name.clone()).set_value(f.value.clone()).build());
    (!features.is_empty()).then(|| built.collect())
}

fn volumes(volumes: &[AdditionalStorageVolume]) -> Option<Vec<types::AdditionalStorageVolume>> {
    let built = volumes.iter().map(|v| {
        types::AdditionalStorageVolume::builder()
            .set_volume_name(v.volume_name.clone())
            .set_allocated_storage(to_gib(v.allocated_storage))
            .set_max_allocated_storage(to_gib(v.max_allocated_storage))
            .set_iops(to_int(v.iops))
            .set_storage_throughput(to_mib(v.storage_throughput))
            .set_storage_type(v.storage_type.clone())
            .build()
    });
    (!volumes.is_empty()).then(|| built.collect())
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::primitives::DateTime;
    use plat::value::{Duration, SecretText, Size, Version};

    use super::*;

    #[test]
    fn the_origin_is_decided_by_what_is_said() {
        let of = |change: fn(&mut DbInstance)| {
            let mut d = DbInstance::default();
            change(&mut d);
            d.origin()
        };
        assert_eq!(of(|_| {}), Origin::Empty);
        assert_eq!(of(|d| d.source_db_instance_identifier = Some("a".into())), Origin::Replica);
        assert_eq!(of(|d| d.db_snapshot_identifier = Some("a".to_owned())), Origin::Snapshot);
        assert_eq!(of(|d| d.source_dbi_resource_id = Some("db-A".to_owned())), Origin::PointInTime);
        let earlier = of(|d| {
            d.source_db_instance_identifier = Some("a".into());
            d.restore_time = Some("2026-03-01T12:00:00Z".to_owned());
        });
        assert_eq!(earlier, Origin::PointInTime);
    }

    #[test]
    fn a_new_instance_says_all_it_was_told_and_nothing_else() {
        let d = DbInstance {
            engine: Some("postgres".to_owned()),
            engine_version: Some(Version("15.4".into())),
            allocated_storage: Some(Size::gib(100)),
            max_allocated_storage: Some(Size::gib(1000)),
            backup_retention_period: Some(Duration::days(7)),
            master_user_password: Some(SecretText::new("correct horse")),
            final_snapshot_identifier: Some("last".to_owned()),
            ..DbInstance::default()
        };
        let call = empty("db", &d, Vec::new()).build().unwrap();
        assert_eq!((call.engine_version(), call.allocated_storage(), call.max_allocated_storage()), (Some("15.4"), Some(100), Some(1000)));
        assert_eq!((call.backup_retention_period(), call.master_user_password()), (Some(7), Some("correct horse")));
        assert_eq!((call.storage_encrypted(), call.monitoring_interval(), call.publicly_accessible()), (None, None, None));
        assert_eq!((call.multi_az(), call.deletion_protection()), (Some(false), Some(false)));
        assert!(call.vpc_security_group_ids.is_none() && call.processor_features.is_none());
    }

    #[test]
    fn a_cluster_member_is_not_told_what_is_its_clusters() {
        let d = DbInstance { db_cluster_identifier: Some("aurora".to_owned()), ..DbInstance::default() };
        let call = empty("db", &d, Vec::new()).build().unwrap();
        assert_eq!((call.multi_az(), call.deletion_protection(), call.copy_tags_to_snapshot()), (None, None, None));
    }

    #[test]
    fn a_point_in_time_is_a_time_or_the_latest() {
        let d = |time: Option<&str>| DbInstance { restore_time: time.map(str::to_owned), ..DbInstance::default() };
        let at = |time| at_point_in_time("db", &d(time), Vec::new()).map(|call| call.build().unwrap());
        let call = at(Some("2026-03-01T12:00:00Z")).unwrap();
        assert_eq!((call.restore_time().map(DateTime::secs), call.use_latest_restorable_time()), (Some(1_772_366_400), None));
        assert_eq!(at(None).unwrap().use_latest_restorable_time(), Some(true));
        let error = at(Some("yesterday")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.message.contains("`yesterday`"));
    }

    #[test]
    fn a_source_in_another_region_is_named_by_arn() {
        let arn = instance_arn("arn:aws-cn:sts::123456789012:assumed-role/a/b", "cn-north-1", "db");
        assert_eq!(arn, "arn:aws-cn:rds:cn-north-1:123456789012:db:db");
    }
}
