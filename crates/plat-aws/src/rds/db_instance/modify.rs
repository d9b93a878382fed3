//! What of a change goes into `ModifyDBInstance`. Pure: from two pictures of an instance to a request, or to none.

use aws_sdk_rds::operation::modify_db_instance::ModifyDbInstanceInput;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;
use aws_sdk_rds::types;
use plat::value::SecretText;

use super::{AdditionalStorageVolume, DbInstance};
use crate::rds::difference::Difference;
use crate::units::{lower, text, texts, to_days, to_gib, to_int, to_mib, to_seconds};

/// The request that brings `prior` to `desired`; `None` when nothing in it would differ.
pub(super) fn request(id: &str, prior: &DbInstance, desired: &DbInstance) -> Option<ModifyDbInstanceInputBuilder> {
    let diff = Difference::default();
    let call = ModifyDbInstanceInput::builder().db_instance_identifier(id);
    let call = engine(&diff, call, prior, desired);
    let call = storage(&diff, call, prior, desired);
    let call = access(&diff, call, prior, desired);
    let call = upkeep(&diff, call, prior, desired);
    let call = insights(&diff, call, prior, desired);
    let call = directory(&diff, call, prior, desired);
    diff.any().then(|| call.apply_immediately(desired.apply_immediately.unwrap_or(true)))
}

type Call = ModifyDbInstanceInputBuilder;

fn engine(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance) -> Call {
    let version = diff.version(&prior.engine_version, &desired.engine_version);
    let upgrade = version.as_ref().and(desired.allow_major_version_upgrade);
    call.set_db_instance_class(diff.of(&prior.db_instance_class, &desired.db_instance_class))
        .set_engine_version(version)
        .set_allow_major_version_upgrade(upgrade)
        .set_engine_lifecycle_support(diff.of(&prior.engine_lifecycle_support, &desired.engine_lifecycle_support))
        .set_auto_minor_version_upgrade(diff.flag(prior.auto_minor_version_upgrade, desired.auto_minor_version_upgrade))
        .set_license_model(diff.of(&prior.license_model, &desired.license_model))
        .set_db_parameter_group_name(diff.name(&prior.db_parameter_group_name, &desired.db_parameter_group_name))
        .set_option_group_name(diff.name(&prior.option_group_name, &desired.option_group_name))
        .set_processor_features(processor_features(diff, prior, desired))
        .set_use_default_processor_features(diff.of(&prior.use_default_processor_features, &desired.use_default_processor_features))
        .set_replica_mode(diff.of(&prior.replica_mode, &desired.replica_mode).map(|m| types::ReplicaMode::from(m.as_str())))
        .set_promotion_tier(to_int(diff.of(&prior.promotion_tier, &desired.promotion_tier)))
        .set_multi_az(diff.flag(prior.multi_az, desired.multi_az))
}

/// RDS wants size, type and rate together when one of them changes on `gp3`, `io1` or `io2`.
fn storage(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance) -> Call {
    let grown = desired.max_allocated_storage.is_some() && desired.allocated_storage < prior.allocated_storage;
    let size = desired.allocated_storage.filter(|_| !grown);
    let kind = diff.name(&prior.storage_type, &desired.storage_type);
    let changes = [
        diff.of(&prior.allocated_storage, &size).is_some(),
        kind.is_some(),
        diff.of(&prior.iops, &desired.iops).is_some(),
        diff.of(&prior.storage_throughput, &desired.storage_throughput).is_some(),
    ];
    // Turning growth off is said by a limit that is the size itself.
    let limit = match (desired.max_allocated_storage, prior.max_allocated_storage) {
        (None, Some(_)) => diff.note(size.or(prior.allocated_storage)),
        (wanted, had) => diff.of(&had, &wanted),
    };
    let together = changes.contains(&true);
    call.set_allocated_storage(to_gib(size.or(prior.allocated_storage).filter(|_| together)))
        .set_storage_type(desired.storage_type.clone().filter(|_| together))
        .set_iops(to_int(desired.iops.filter(|_| together)))
        .set_storage_throughput(to_mib(desired.storage_throughput.filter(|_| together)))
        .set_max_allocated_storage(to_gib(limit))
        .set_additional_storage_volumes(volumes(diff, prior, desired))
        .set_dedicated_log_volume(diff.flag(prior.dedicated_log_volume, desired.dedicated_log_volume))
}

fn access(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance) -> Call {
    let password = diff.of(&prior.master_user_password, &desired.master_user_password);
    let managed = diff.flag(prior.manage_master_user_password, desired.manage_master_user_password);
    // Taking the password back from Secrets Manager needs it said, changed or not.
    let password = password.or_else(|| desired.master_user_password.clone().filter(|_| managed == Some(false)));
    let key = |d: &DbInstance| d.master_user_secret.as_ref().and_then(|s| s.kms_key_id.clone());
    let authentication = diff.of(&prior.master_user_authentication_type, &desired.master_user_authentication_type);
    let exposed = |secret: Option<SecretText>| secret.map(|s| s.expose().to_owned());
    call.set_master_user_password(exposed(password))
        .set_manage_master_user_password(managed)
        .set_master_user_secret_kms_key_id(text(&diff.of(&key(prior), &key(desired))))
        .set_master_user_authentication_type(authentication.map(|t| types::MasterUserAuthenticationType::from(t.as_str())))
        .set_enable_iam_database_authentication(
            diff.flag(prior.enable_iam_database_authentication, desired.enable_iam_database_authentication),
        )
        .set_vpc_security_group_ids(diff.list(&prior.vpc_security_groups, &desired.vpc_security_groups))
        .set_db_security_groups(diff.list(&prior.db_security_groups, &desired.db_security_groups))
        .set_publicly_accessible(diff.of(&prior.publicly_accessible, &desired.publicly_accessible))
        .set_db_port_number(to_int(diff.of(&prior.port, &desired.port)))
        .set_network_type(diff.name(&prior.network_type, &desired.network_type))
        .set_tde_credential_arn(diff.of(&prior.tde_credential_arn, &desired.tde_credential_arn))
        .set_tde_credential_password(exposed(diff.of(&prior.tde_credential_password, &desired.tde_credential_password)))
}

fn upkeep(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance) -> Call {
    let certificate = diff.of(&prior.ca_certificate_identifier, &desired.ca_certificate_identifier);
    let restart = certificate.as_ref().and(desired.certificate_rotation_restart);
    call.set_backup_retention_period(to_days(diff.of(&prior.backup_retention_period, &desired.backup_retention_period)))
        .set_preferred_backup_window(diff.of(&prior.preferred_backup_window, &desired.preferred_backup_window))
        .set_preferred_maintenance_window(lower(&diff.name(&prior.preferred_maintenance_window, &desired.preferred_maintenance_window)))
        .set_copy_tags_to_snapshot(diff.flag(prior.copy_tags_to_snapshot, desired.copy_tags_to_snapshot))
        .set_deletion_protection(diff.flag(prior.deletion_protection, desired.deletion_protection))
        .set_ca_certificate_identifier(certificate)
        .set_certificate_rotation_restart(restart)
}

fn insights(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance) -> Call {
    let turned = diff.flag(prior.enable_performance_insights, desired.enable_performance_insights);
    let mode = diff.of(&prior.database_insights_mode, &desired.database_insights_mode);
    let key = diff.of(&prior.performance_insights_kms_key_id, &desired.performance_insights_kms_key_id);
    let kept = diff.of(&prior.performance_insights_retention_period, &desired.performance_insights_retention_period);
    // A mode is accepted only together with what it needs.
    let with_mode = desired.enable_performance_insights && (turned.is_some() || mode.is_some());
    let kept = kept.or(desired.performance_insights_retention_period.filter(|_| with_mode));
    let every = diff.note((prior.monitoring_interval != desired.monitoring_interval).then_some(desired.monitoring_interval));
    let role = diff.of(&prior.monitoring_role_arn, &desired.monitoring_role_arn);
    let role = role.or_else(|| desired.monitoring_role_arn.clone().filter(|_| every.is_some()));
    call.set_enable_performance_insights(turned.or(with_mode.then_some(true)))
        .set_database_insights_mode(mode.map(|m| types::DatabaseInsightsMode::from(m.as_str())))
        .set_performance_insights_kms_key_id(text(&key))
        .set_performance_insights_retention_period(to_days(kept))
        .set_monitoring_interval(to_seconds(every))
        .set_monitoring_role_arn(text(&role))
        .set_cloudwatch_logs_export_configuration(
            diff.exports(&prior.enable_cloudwatch_logs_exports, &desired.enable_cloudwatch_logs_exports),
        )
}

fn directory(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance) -> Call {
    let settings = |d: &DbInstance| {
        let names = (d.domain.clone(), d.domain_fqdn.clone(), d.domain_ou.clone(), d.domain_iam_role_name.clone());
        (names, d.domain_auth_secret_arn.clone(), d.domain_dns_ips.clone())
    };
    let joins = desired.domain.is_some() || desired.domain_fqdn.is_some();
    let joined = prior.domain.is_some() || prior.domain_fqdn.is_some();
    if settings(prior) == settings(desired) || !(joins || joined) {
        return call;
    }
    diff.set();
    if !joins {
        return call.disable_domain(true);
    }
    call.set_domain(desired.domain.clone())
        .set_domain_fqdn(desired.domain_fqdn.clone())
        .set_domain_ou(desired.domain_ou.clone())
        .set_domain_iam_role_name(desired.domain_iam_role_name.clone())
        .set_domain_auth_secret_arn(text(&desired.domain_auth_secret_arn))
        .set_domain_dns_ips(texts(&desired.domain_dns_ips))
}

fn processor_features(diff: &Difference, prior: &DbInstance, desired: &DbInstance) -> Option<Vec<types::ProcessorFeature>> {
    let same = desired.processor_features.iter().all(|f| prior.processor_features.contains(f));
    let features = || super::create::processor_features(&desired.processor_features);
    diff.note((!same).then(features).flatten())
}

fn volumes(diff: &Difference, prior: &DbInstance, desired: &DbInstance) -> Option<Vec<types::ModifyAdditionalStorageVolume>> {
    let (had, wanted) = (&prior.additional_storage_volumes, &desired.additional_storage_volumes);
    let named = |volume: &AdditionalStorageVolume, among: &[AdditionalStorageVolume]| {
        among.iter().find(|other| other.volume_name == volume.volume_name).cloned()
    };
    let changed = wanted.iter().filter(|w| !named(w, had).is_some_and(|h| as_wanted(w, &h))).map(|w| {
        types::ModifyAdditionalStorageVolume::builder()
            .set_volume_name(w.volume_name.clone())
            .set_allocated_storage(to_gib(w.allocated_storage))
            .set_max_allocated_storage(to_gib(w.max_allocated_storage))
            .set_iops(to_int(w.iops))
            .set_storage_throughput(to_mib(w.storage_throughput))
            .set_storage_type(w.storage_type.clone())
            .build()
    });
    let gone = had
        .iter()
        .filter(|h| named(h, wanted).is_none())
        .map(|h| types::ModifyAdditionalStorageVolume::builder().set_volume_name(h.volume_name.clone()).set_for_delete(true).build());
    let all: Vec<_> = changed.chain(gone).collect();
    diff.note((!all.is_empty()).then_some(all))
}

fn as_wanted(wanted: &AdditionalStorageVolume, had: &AdditionalStorageVolume) -> bool {
    fn fits<T: PartialEq>(wanted: &Option<T>, had: &Option<T>) -> bool {
        wanted.is_none() || wanted == had
    }
    fits(&wanted.allocated_storage, &had.allocated_storage)
        && fits(&wanted.max_allocated_storage, &had.max_allocated_storage)
        && fits(&wanted.iops, &had.iops)
        && fits(&wanted.storage_throughput, &had.storage_throughput)
        && fits(&wanted.storage_type, &had.storage_type)
}

#[cfg(test)]
mod tests {
    use plat::schema::Id;
    use plat::value::{Duration, Size, Version};

    use super::*;

    fn database() -> DbInstance {
        DbInstance {
            engine: Some("postgres".to_owned()),
            engine_version: Some(Version("15.4".into())),
            db_instance_class: Some("db.t3.medium".to_owned()),
            allocated_storage: Some(Size::gib(100)),
            max_allocated_storage: Some(Size::gib(1000)),
            storage_type: Some("gp2".to_owned()),
            preferred_maintenance_window: Some("sun:04:00-sun:05:00".to_owned()),
            vpc_security_groups: vec![Id::new("sg-1"), Id::new("sg-2")],
            auto_minor_version_upgrade: true,
            ..DbInstance::default()
        }
    }

    fn modification(change: impl FnOnce(&mut DbInstance)) -> Option<ModifyDbInstanceInput> {
        let mut desired = database();
        change(&mut desired);
        request("db", &database(), &desired).map(|call| call.build().unwrap())
    }

    #[test]
    fn what_is_left_out_or_written_differently_is_no_change() {
        assert!(modification(|_| {}).is_none());
        assert!(modification(|d| d.db_instance_class = None).is_none());
        assert!(modification(|d| d.engine_version = Some(Version("15".into()))).is_none());
        assert!(modification(|d| d.preferred_maintenance_window = Some("Sun:04:00-Sun:05:00".to_owned())).is_none());
        assert!(modification(|d| d.vpc_security_groups.reverse()).is_none());
        assert!(modification(|d| d.final_snapshot_identifier = Some("last".to_owned())).is_none());
    }

    #[test]
    fn only_what_differs_is_sent_and_at_once() {
        let call = modification(|d| d.db_instance_class = Some("db.r5.large".to_owned())).unwrap();
        assert_eq!(call.db_instance_class(), Some("db.r5.large"));
        assert_eq!(call.apply_immediately(), Some(true));
        assert_eq!((call.engine_version(), call.multi_az(), call.allocated_storage()), (None, None, None));
        let later = modification(|d| {
            d.multi_az = true;
            d.apply_immediately = Some(false);
        });
        assert_eq!(later.unwrap().apply_immediately(), Some(false));
    }

    #[test]
    fn storage_is_said_as_a_whole() {
        let call = modification(|d| {
            d.storage_type = Some("gp3".to_owned());
            d.iops = Some(3000);
        });
        let call = call.unwrap();
        assert_eq!((call.allocated_storage(), call.storage_type(), call.iops()), (Some(100), Some("gp3"), Some(3000)));
    }

    #[test]
    fn storage_that_grew_by_itself_is_not_shrunk() {
        let prior = DbInstance { allocated_storage: Some(Size::gib(150)), ..database() };
        assert!(request("db", &prior, &database()).is_none());
    }

    #[test]
    fn growth_is_turned_off_by_a_limit_that_is_the_size() {
        let call = modification(|d| d.max_allocated_storage = None).unwrap();
        assert_eq!((call.max_allocated_storage(), call.allocated_storage()), (Some(100), None));
    }

    #[test]
    fn a_major_upgrade_is_allowed_only_with_a_new_version() {
        let call = modification(|d| {
            d.engine_version = Some(Version("16.1".into()));
            d.allow_major_version_upgrade = Some(true);
        });
        assert_eq!(call.unwrap().allow_major_version_upgrade(), Some(true));
        assert!(modification(|d| d.allow_major_version_upgrade = Some(true)).is_none());
    }

    #[test]
    fn logs_are_turned_on_and_off_by_name() {
        let prior = DbInstance { enable_cloudwatch_logs_exports: vec!["a".to_owned(), "b".to_owned()], ..database() };
        let desired = DbInstance { enable_cloudwatch_logs_exports: vec!["b".to_owned(), "c".to_owned()], ..database() };
        let call = request("db", &prior, &desired).unwrap().build().unwrap();
        let exports = call.cloudwatch_logs_export_configuration().unwrap();
        assert_eq!((exports.enable_log_types(), exports.disable_log_types()), (&["c".to_owned()][..], &["a".to_owned()][..]));
    }

    #[test]
    fn a_password_is_sent_when_it_is_new_or_taken_back() {
        let secret = || Some(SecretText::new("correct horse"));
        let same = DbInstance { master_user_password: secret(), ..database() };
        assert!(request("db", &same, &same.clone()).is_none());
        let call = request("db", &database(), &same).unwrap().build().unwrap();
        assert_eq!(call.master_user_password(), Some("correct horse"));
        let managed = DbInstance { manage_master_user_password: true, ..same.clone() };
        let call = request("db", &managed, &same).unwrap().build().unwrap();
        assert_eq!((call.manage_master_user_password(), call.master_user_password()), (Some(false), Some("correct horse")));
    }

    #[test]
    fn leaving_a_domain_is_said_once() {
        let prior = DbInstance { domain: Some("d-1".to_owned()), ..database() };
        let call = request("db", &prior, &database()).unwrap().build().unwrap();
        assert_eq!((call.disable_domain(), call.domain()), (Some(true), None));
    }

    #[test]
    fn monitoring_goes_with_its_role() {
        let prior = DbInstance { monitoring_role_arn: Some("arn:role".into()), ..database() };
        let desired = DbInstance { monitoring_interval: Duration::seconds(60), ..prior.clone() };
        let call = request("db", &prior, &desired).unwrap().build().unwrap();
        assert_eq!((call.monitoring_interval(), call.monitoring_role_arn()), (Some(60), Some("arn:role")));
    }
}
