//! What of a change goes into `ModifyDBInstance`. Pure: from two pictures of an instance to a request, or to none.

use aws_sdk_rds::operation::modify_db_instance::ModifyDbInstanceInput;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;
use aws_sdk_rds::types;
use plat::provider::Asked;
use plat::value::SecretText;

use super::DbInstance;
use super::storage::storage;
use crate::rds::difference::Difference;
use crate::units::{lower, text, texts, to_days, to_int, to_seconds};

/// The request that brings `prior` to `desired`; `None` when nothing in it would differ. What RDS takes only together with a
/// change is sent as it is asked for, and never as it was read.
pub(super) fn request(
    id: &str,
    prior: &DbInstance,
    desired: &DbInstance,
    asked: &Asked<DbInstance>,
) -> Option<ModifyDbInstanceInputBuilder> {
    let diff = Difference::default();
    let call = ModifyDbInstanceInput::builder().db_instance_identifier(id);
    let call = engine(&diff, call, prior, desired);
    let call = storage(&diff, call, prior, desired, asked);
    let call = access(&diff, call, prior, desired);
    let call = upkeep(&diff, call, prior, desired);
    let call = insights(&diff, call, prior, desired, asked);
    let call = directory(&diff, call, prior, desired, asked);
    diff.any().then(|| call.apply_immediately(desired.apply_immediately.unwrap_or(true)))
}

pub(super) type Call = ModifyDbInstanceInputBuilder;

fn engine(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance) -> Call {
    // A member of a cluster runs the cluster's version.
    let own = prior.db_cluster_identifier.is_none();
    let version = if own { diff.version(&prior.engine_version, &desired.engine_version) } else { None };
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

fn insights(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance, asked: &Asked<DbInstance>) -> Call {
    // What a member does not ask for is its cluster's.
    let ours = |name: &str| prior.db_cluster_identifier.is_none() || asked.sets(name);
    let logs = diff.exports(&prior.enable_cloudwatch_logs_exports, &desired.enable_cloudwatch_logs_exports);
    let call = call.set_cloudwatch_logs_export_configuration(logs);
    let call = if ours("monitoring_interval") { monitoring(diff, call, prior, desired, asked) } else { call };
    if !ours("enable_performance_insights") {
        return call;
    }
    let turned = diff.flag(prior.enable_performance_insights, desired.enable_performance_insights);
    let mode = diff.of(&prior.database_insights_mode, &desired.database_insights_mode);
    let key = diff.of(&prior.performance_insights_kms_key_id, &desired.performance_insights_kms_key_id);
    let kept = diff.of(&prior.performance_insights_retention_period, &desired.performance_insights_retention_period);
    // A mode is accepted only together with what it needs.
    let with_mode = asked.enable_performance_insights && (turned.is_some() || mode.is_some());
    let kept = kept.or(asked.performance_insights_retention_period.filter(|_| with_mode));
    call.set_enable_performance_insights(turned.or(with_mode.then_some(true)))
        .set_database_insights_mode(mode.map(|m| types::DatabaseInsightsMode::from(m.as_str())))
        .set_performance_insights_kms_key_id(text(&key))
        .set_performance_insights_retention_period(to_days(kept))
}

/// RDS takes a role only with an interval that is not 0.
fn monitoring(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance, asked: &Asked<DbInstance>) -> Call {
    if desired.monitoring_interval.0 == 0 {
        let off = diff.note((prior.monitoring_interval.0 != 0).then_some(0));
        return call.set_monitoring_interval(off);
    }
    let every = diff.note((prior.monitoring_interval != desired.monitoring_interval).then_some(desired.monitoring_interval));
    let role = diff.of(&prior.monitoring_role_arn, &desired.monitoring_role_arn);
    let changed = every.is_some() || role.is_some();
    call.set_monitoring_interval(to_seconds(every.or(Some(desired.monitoring_interval).filter(|_| changed))))
        .set_monitoring_role_arn(text(&role.or_else(|| asked.monitoring_role_arn.clone().filter(|_| changed))))
}

/// Joining a directory says all that is asked for of it.
fn directory(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance, asked: &Asked<DbInstance>) -> Call {
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
    call.set_domain(asked.domain.clone())
        .set_domain_fqdn(asked.domain_fqdn.clone())
        .set_domain_ou(asked.domain_ou.clone())
        .set_domain_iam_role_name(asked.domain_iam_role_name.clone())
        .set_domain_auth_secret_arn(text(&asked.domain_auth_secret_arn))
        .set_domain_dns_ips(texts(&asked.domain_dns_ips))
}

fn processor_features(diff: &Difference, prior: &DbInstance, desired: &DbInstance) -> Option<Vec<types::ProcessorFeature>> {
    let same = desired.processor_features.iter().all(|f| prior.processor_features.contains(f));
    let features = || super::create::processor_features(&desired.processor_features);
    diff.note((!same).then(features).flatten())
}

#[cfg(test)]
mod tests {
    use plat::schema::Id;
    use plat::value::{Duration, Size, Version};

    use super::super::asking;
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

    fn modify(prior: &DbInstance, desired: &DbInstance) -> Option<ModifyDbInstanceInputBuilder> {
        request("db", prior, desired, &asking(desired))
    }

    fn modification(change: impl FnOnce(&mut DbInstance)) -> Option<ModifyDbInstanceInput> {
        let mut desired = database();
        change(&mut desired);
        modify(&database(), &desired).map(|call| call.build().unwrap())
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
        let call = modify(&prior, &desired).unwrap().build().unwrap();
        let exports = call.cloudwatch_logs_export_configuration().unwrap();
        assert_eq!((exports.enable_log_types(), exports.disable_log_types()), (&["c".to_owned()][..], &["a".to_owned()][..]));
    }

    #[test]
    fn a_password_is_sent_when_it_is_new_or_taken_back() {
        let secret = || Some(SecretText::new("correct horse"));
        let same = DbInstance { master_user_password: secret(), ..database() };
        assert!(modify(&same, &same.clone()).is_none());
        let call = modify(&database(), &same).unwrap().build().unwrap();
        assert_eq!(call.master_user_password(), Some("correct horse"));
        let managed = DbInstance { manage_master_user_password: true, ..same.clone() };
        let call = modify(&managed, &same).unwrap().build().unwrap();
        assert_eq!((call.manage_master_user_password(), call.master_user_password()), (Some(false), Some("correct horse")));
    }

    #[test]
    fn leaving_a_domain_is_said_once() {
        let prior = DbInstance { domain: Some("d-1".to_owned()), ..database() };
        let call = modify(&prior, &database()).unwrap().build().unwrap();
        assert_eq!((call.disable_domain(), call.domain()), (Some(true), None));
    }

    #[test]
    fn monitoring_goes_with_its_role_and_is_turned_off_without_it() {
        let off = DbInstance { monitoring_role_arn: Some("arn:role".into()), ..database() };
        let on = DbInstance { monitoring_interval: Duration::seconds(60), ..off.clone() };
        let call = modify(&off, &on).unwrap().build().unwrap();
        assert_eq!((call.monitoring_interval(), call.monitoring_role_arn()), (Some(60), Some("arn:role")));
        let call = modify(&on, &off).unwrap().build().unwrap();
        assert_eq!((call.monitoring_interval(), call.monitoring_role_arn()), (Some(0), None));
        // A role that was read is not one that is asked for.
        let call = request("db", &on, &off, &asking(&DbInstance { monitoring_role_arn: None, ..off.clone() })).unwrap().build().unwrap();
        assert_eq!((call.monitoring_interval(), call.monitoring_role_arn()), (Some(0), None));
        let another = DbInstance { monitoring_role_arn: Some("arn:other".into()), ..on.clone() };
        let call = modify(&on, &another).unwrap().build().unwrap();
        assert_eq!((call.monitoring_interval(), call.monitoring_role_arn()), (Some(60), Some("arn:other")));
    }

    #[test]
    fn a_member_leaves_version_insights_and_monitoring_to_its_cluster() {
        let member = DbInstance {
            db_cluster_identifier: Some("aurora".to_owned()),
            enable_performance_insights: true,
            monitoring_interval: Duration::seconds(60),
            monitoring_role_arn: Some("arn:role".into()),
            ..database()
        };
        let alone = DbInstance {
            engine_version: Some(Version("16.1".into())),
            enable_performance_insights: false,
            monitoring_interval: Duration::seconds(0),
            ..member.clone()
        };
        let none = plat::provider::Asked::new(plat::value::ResolvedObject::default()).decode().unwrap_or_default();
        assert!(request("db", &member, &alone, &none).is_none());
        let asked = modify(&member, &alone).unwrap().build().unwrap();
        assert_eq!(
            (asked.enable_performance_insights(), asked.monitoring_interval(), asked.engine_version()),
            (Some(false), Some(0), None)
        );
    }
}
