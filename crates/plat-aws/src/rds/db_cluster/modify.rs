//! What of a change goes into `ModifyDBCluster`. Pure: from two pictures of a cluster to a request, or to none.

use aws_sdk_rds::operation::modify_db_cluster::ModifyDbClusterInput;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDbClusterInputBuilder;
use aws_sdk_rds::types;
use plat::provider::Asked;
use plat::value::SecretText;

use super::DbCluster;
use super::create::{scaling, serverless_v2};
use crate::rds::difference::Difference;
use crate::units::{lower, text, to_days, to_gib, to_int, to_seconds};

/// The request that brings `prior` to `desired`, at once; `None` when nothing in it would differ. What RDS takes only together with a
/// change is sent as it is asked for, and never as it was read.
pub(super) fn request(id: &str, prior: &DbCluster, desired: &DbCluster, asked: &Asked<DbCluster>) -> Option<ModifyDbClusterInputBuilder> {
    let diff = Difference::default();
    let call = ModifyDbClusterInput::builder().db_cluster_identifier(id);
    let call = engine(&diff, call, prior, desired, asked);
    let call = access(&diff, call, prior, desired);
    let call = upkeep(&diff, call, prior, desired);
    let call = insights(&diff, call, prior, desired, asked);
    diff.any().then(|| call.apply_immediately(true))
}

type Call = ModifyDbClusterInputBuilder;

fn engine(diff: &Difference, call: Call, prior: &DbCluster, desired: &DbCluster, asked: &Asked<DbCluster>) -> Call {
    let version = diff.version(&prior.engine_version, &desired.engine_version);
    let upgrade = version.as_ref().map(|_| true);
    let instances = asked.db_instance_parameter_group_name.clone().filter(|_| version.is_some());
    let scaled = |d: &DbCluster| d.scaling_configuration.as_ref().map(scaling);
    let scaled_v2 = |d: &DbCluster| d.serverless_v2_scaling_configuration.as_ref().map(serverless_v2);
    // RDS wants the storage's kind and rate together when one of them changes.
    let kind = diff.name(&prior.storage_type, &desired.storage_type);
    let rate = diff.of(&prior.iops, &desired.iops);
    let rate = rate.or(asked.iops.filter(|_| kind.is_some()));
    call.set_engine_version(version)
        .set_allow_major_version_upgrade(upgrade)
        .set_db_instance_parameter_group_name(instances)
        .set_engine_lifecycle_support(diff.of(&prior.engine_lifecycle_support, &desired.engine_lifecycle_support))
        .set_auto_minor_version_upgrade(diff.of(&prior.auto_minor_version_upgrade, &desired.auto_minor_version_upgrade))
        .set_db_cluster_parameter_group_name(diff.name(&prior.db_cluster_parameter_group_name, &desired.db_cluster_parameter_group_name))
        .set_db_cluster_instance_class(diff.of(&prior.db_cluster_instance_class, &desired.db_cluster_instance_class))
        .set_scaling_configuration(diff.capacity(scaled(prior), scaled(desired)))
        .set_serverless_v2_scaling_configuration(diff.capacity(scaled_v2(prior), scaled_v2(desired)))
        .set_allocated_storage(to_gib(diff.of(&prior.allocated_storage, &desired.allocated_storage)))
        .set_storage_type(lower(&kind))
        .set_iops(to_int(rate))
}

fn access(diff: &Difference, call: Call, prior: &DbCluster, desired: &DbCluster) -> Call {
    let password = diff.of(&prior.master_user_password, &desired.master_user_password);
    let managed = diff.flag(prior.manage_master_user_password, desired.manage_master_user_password);
    // Taking the password back from Secrets Manager needs it said, changed or not.
    let password = password.or_else(|| desired.master_user_password.clone().filter(|_| managed == Some(false)));
    let key = |d: &DbCluster| d.master_user_secret.as_ref().and_then(|s| s.kms_key_id.clone());
    let authentication = diff.of(&prior.master_user_authentication_type, &desired.master_user_authentication_type);
    let exposed = |secret: Option<SecretText>| secret.map(|s| s.expose().to_owned());
    let iam = diff.flag(prior.enable_iam_database_authentication, desired.enable_iam_database_authentication);
    call.set_master_user_password(exposed(password))
        .set_manage_master_user_password(managed)
        .set_master_user_secret_kms_key_id(text(&diff.of(&key(prior), &key(desired))))
        .set_master_user_authentication_type(authentication.map(|t| types::MasterUserAuthenticationType::from(t.as_str())))
        .set_enable_iam_database_authentication(iam)
        .set_vpc_security_group_ids(diff.list(&prior.vpc_security_group_ids, &desired.vpc_security_group_ids))
        .set_port(to_int(diff.of(&prior.port, &desired.port)))
        .set_network_type(diff.name(&prior.network_type, &desired.network_type))
        .set_enable_http_endpoint(http_endpoint(diff, prior, desired))
        .set_enable_global_write_forwarding(diff.flag(prior.enable_global_write_forwarding, desired.enable_global_write_forwarding))
        .set_enable_local_write_forwarding(diff.flag(prior.enable_local_write_forwarding, desired.enable_local_write_forwarding))
        .set_domain(domain(diff, prior, desired))
        .set_domain_iam_role_name(diff.of(&prior.domain_iam_role_name, &desired.domain_iam_role_name))
}

/// Only the first version of Serverless takes it here; all others have a call of their own.
fn http_endpoint(diff: &Difference, prior: &DbCluster, desired: &DbCluster) -> Option<bool> {
    let here = desired.engine_mode.as_ref().or(prior.engine_mode.as_ref()).is_some_and(|mode| mode == "serverless");
    if here { diff.flag(prior.enable_http_endpoint, desired.enable_http_endpoint) } else { None }
}

/// `none` leaves the directory.
fn domain(diff: &Difference, prior: &DbCluster, desired: &DbCluster) -> Option<String> {
    match (&prior.domain, &desired.domain) {
        (Some(_), None) => diff.note(Some("none".to_owned())),
        (prior, desired) => diff.of(prior, desired),
    }
}

fn upkeep(diff: &Difference, call: Call, prior: &DbCluster, desired: &DbCluster) -> Call {
    let backtrack = diff.note((prior.backtrack_window != desired.backtrack_window).then_some(desired.backtrack_window.0));
    call.set_backup_retention_period(to_days(diff.of(&prior.backup_retention_period, &desired.backup_retention_period)))
        .set_preferred_backup_window(diff.of(&prior.preferred_backup_window, &desired.preferred_backup_window))
        .set_preferred_maintenance_window(lower(&diff.name(&prior.preferred_maintenance_window, &desired.preferred_maintenance_window)))
        .set_backtrack_window(backtrack)
        .set_copy_tags_to_snapshot(diff.flag(prior.copy_tags_to_snapshot, desired.copy_tags_to_snapshot))
        .set_deletion_protection(diff.flag(prior.deletion_protection, desired.deletion_protection))
}

fn insights(diff: &Difference, call: Call, prior: &DbCluster, desired: &DbCluster, asked: &Asked<DbCluster>) -> Call {
    let turned = diff.of(&prior.performance_insights_enabled, &desired.performance_insights_enabled);
    let mode = diff.of(&prior.database_insights_mode, &desired.database_insights_mode);
    let key = diff.of(&prior.performance_insights_kms_key_id, &desired.performance_insights_kms_key_id);
    let kept = diff.of(&prior.performance_insights_retention_period, &desired.performance_insights_retention_period);
    // A mode is accepted only together with what it needs.
    let with_mode = asked.performance_insights_enabled == Some(true) && (turned.is_some() || mode.is_some());
    let kept = kept.or(asked.performance_insights_retention_period.filter(|_| with_mode));
    let every = diff.of(&prior.monitoring_interval, &desired.monitoring_interval);
    // RDS takes a role only with an interval that is not 0.
    let off = desired.monitoring_interval.unwrap_or_default().0 == 0;
    let role = if off { None } else { diff.of(&prior.monitoring_role_arn, &desired.monitoring_role_arn) };
    let role = role.or_else(|| asked.monitoring_role_arn.clone().filter(|_| every.is_some() && !off));
    let every = every.or(desired.monitoring_interval.filter(|_| role.is_some()));
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

#[cfg(test)]
mod tests {
    use plat::schema::Id;
    use plat::value::Version;

    use super::super::ServerlessV2ScalingConfiguration;
    use super::*;

    fn cluster() -> DbCluster {
        DbCluster {
            engine: Some("aurora-postgresql".to_owned()),
            engine_mode: Some("provisioned".to_owned()),
            engine_version: Some(Version("16.3".into())),
            preferred_maintenance_window: Some("sun:04:00-sun:05:00".to_owned()),
            vpc_security_group_ids: vec![Id::new("sg-1"), Id::new("sg-2")],
            serverless_v2_scaling_configuration: capacity(0.5, 4.0),
            ..DbCluster::default()
        }
    }

    fn capacity(least: f64, most: f64) -> Option<ServerlessV2ScalingConfiguration> {
        Some(ServerlessV2ScalingConfiguration { min_capacity: Some(least), max_capacity: Some(most), seconds_until_auto_pause: None })
    }

    fn modify(prior: &DbCluster, desired: &DbCluster) -> Option<ModifyDbClusterInputBuilder> {
        let object = plat::value::ResolvedObject::new(plat::schema::Resource::to_object(desired)).unwrap();
        request("orders", prior, desired, &Asked::new(object).decode().unwrap())
    }

    fn modification(change: impl FnOnce(&mut DbCluster)) -> Option<ModifyDbClusterInput> {
        let mut desired = cluster();
        change(&mut desired);
        modify(&cluster(), &desired).map(|call| call.build().unwrap())
    }

    #[test]
    fn what_is_left_out_or_written_differently_is_no_change() {
        assert!(modification(|_| {}).is_none());
        assert!(modification(|d| d.engine_version = Some(Version("16".into()))).is_none());
        assert!(modification(|d| d.preferred_maintenance_window = Some("Sun:04:00-Sun:05:00".to_owned())).is_none());
        assert!(modification(|d| d.vpc_security_group_ids.reverse()).is_none());
        assert!(modification(|d| d.serverless_v2_scaling_configuration = None).is_none());
        assert!(modification(|d| d.db_instance_parameter_group_name = Some("next".to_owned())).is_none());
        assert!(modification(|d| d.enable_http_endpoint = true).is_none(), "it has a call of its own");
    }

    #[test]
    fn only_what_differs_is_sent_and_at_once() {
        let call = modification(|d| d.serverless_v2_scaling_configuration = capacity(1.0, 8.0)).unwrap();
        let v2 = call.serverless_v2_scaling_configuration().unwrap();
        assert_eq!((v2.min_capacity(), v2.max_capacity()), (Some(1.0), Some(8.0)));
        assert_eq!((call.apply_immediately(), call.engine_version(), call.deletion_protection()), (Some(true), None, None));
    }

    #[test]
    fn a_new_version_is_allowed_to_be_a_major_one() {
        let call = modification(|d| {
            d.engine_version = Some(Version("17.1".into()));
            d.db_instance_parameter_group_name = Some("next".to_owned());
        });
        let call = call.unwrap();
        assert_eq!((call.allow_major_version_upgrade(), call.db_instance_parameter_group_name()), (Some(true), Some("next")));
    }

    #[test]
    fn a_password_is_sent_when_it_is_new_or_taken_back() {
        let secret = || Some(SecretText::new("correct horse"));
        let same = DbCluster { master_user_password: secret(), ..cluster() };
        assert!(modify(&same, &same.clone()).is_none());
        let managed = DbCluster { manage_master_user_password: true, ..same.clone() };
        let call = modify(&managed, &same).unwrap().build().unwrap();
        assert_eq!((call.manage_master_user_password(), call.master_user_password()), (Some(false), Some("correct horse")));
    }

    #[test]
    fn the_first_serverless_takes_its_endpoint_here_and_a_directory_is_left_by_name() {
        let prior = DbCluster { engine_mode: Some("serverless".to_owned()), domain: Some("d-1".to_owned()), ..cluster() };
        let desired = DbCluster { domain: None, enable_http_endpoint: true, ..prior.clone() };
        let call = modify(&prior, &desired).unwrap().build().unwrap();
        assert_eq!((call.domain(), call.enable_http_endpoint()), (Some("none"), Some(true)));
    }
}
