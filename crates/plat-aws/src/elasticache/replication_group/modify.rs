//! What of a change goes into `ModifyReplicationGroup`. Pure. Some changes ElastiCache takes only alone, or in two steps.

use std::cell::Cell;

use aws_sdk_elasticache::operation::modify_replication_group::ModifyReplicationGroupInput;
use aws_sdk_elasticache::operation::modify_replication_group::builders::ModifyReplicationGroupInputBuilder;
use aws_sdk_elasticache::types;

use super::ReplicationGroup;
use super::create::log_request;
use crate::units::{lower, text, texts, to_days};

type Call = ModifyReplicationGroupInputBuilder;

/// The calls that bring `prior` to `desired`, in order; each is waited for. `guarded`: clients have to log in already.
pub(super) fn requests(id: &str, prior: &ReplicationGroup, desired: &ReplicationGroup, guarded: bool) -> Vec<Call> {
    let call = || ModifyReplicationGroupInput::builder().replication_group_id(id).apply_immediately(true);
    let mut calls: Vec<Call> = settings(call(), prior, desired).into_iter().collect();
    calls.extend(encryption(prior, desired).into_iter().map(|(enabled, mode)| {
        call().set_transit_encryption_enabled(enabled).set_transit_encryption_mode(mode.map(types::TransitEncryptionMode::from))
    }));
    calls.extend(cluster_modes(prior, desired).into_iter().map(|mode| call().cluster_mode(types::ClusterMode::from(mode.as_str()))));
    if let Some(token) = desired.auth_token.as_ref().filter(|token| prior.auth_token.as_ref() != Some(*token)) {
        let told = |how| call().auth_token(token.expose()).auth_token_update_strategy(how);
        calls.push(told(types::AuthTokenUpdateStrategyType::Rotate));
        if !guarded {
            // Until the token is the only way in, clients without one are let in, too.
            calls.push(told(types::AuthTokenUpdateStrategyType::Set));
        }
    }
    calls
}

fn settings(call: Call, prior: &ReplicationGroup, desired: &ReplicationGroup) -> Option<Call> {
    let any = Cell::new(false);
    let note = |differs: bool| {
        any.set(any.get() || differs);
        differs
    };
    let new = |had: &Option<String>, wanted: &Option<String>| {
        let same = |w: &String| had.as_ref().is_some_and(|h| h.eq_ignore_ascii_case(w));
        wanted.clone().filter(|w| note(!same(w)))
    };
    let flag = |had: Option<bool>, wanted: Option<bool>| wanted.filter(|w| note(had != Some(*w)));
    let version = desired.engine_version.as_ref().filter(|w| note(!prior.engine_version.as_ref().is_some_and(|h| w.covers(h))));
    let described = note(prior.replication_group_description != desired.replication_group_description);
    let groups = &desired.security_group_ids;
    let regrouped = note(
        !groups.is_empty()
            && (groups.len() != prior.security_group_ids.len() || groups.iter().any(|g| !prior.security_group_ids.contains(g))),
    );
    let old = &desired.cache_security_group_names;
    let old_regrouped = note(!old.is_empty() && *old != prior.cache_security_group_names);
    let topic = note(prior.notification_topic_arn != desired.notification_topic_arn);
    let topic_status = if desired.notification_topic_arn.is_some() { "active" } else { "inactive" };
    let kept = note(prior.snapshot_retention_limit != desired.snapshot_retention_limit);
    let (joining, leaving) = user_groups(prior, desired);
    note(joining.is_some() || leaving.is_some());
    let logs = logs(prior, desired);
    note(logs.is_some());
    let call = call
        .set_replication_group_description(described.then(|| desired.replication_group_description.clone()))
        .set_engine(lower(&new(&prior.engine, &desired.engine)))
        .set_engine_version(version.map(|v| v.0.to_string()))
        .set_cache_parameter_group_name(new(&prior.cache_parameter_group_name, &desired.cache_parameter_group_name))
        .set_cache_node_type(new(&prior.cache_node_type, &desired.cache_node_type))
        .set_auto_minor_version_upgrade(flag(prior.auto_minor_version_upgrade, desired.auto_minor_version_upgrade))
        .set_automatic_failover_enabled(flag(Some(prior.automatic_failover_enabled), Some(desired.automatic_failover_enabled)))
        .set_multi_az_enabled(flag(prior.multi_az_enabled, desired.multi_az_enabled))
        .set_primary_cluster_id(new(&prior.primary_cluster_id, &desired.primary_cluster_id))
        .set_security_group_ids(texts(groups).filter(|_| regrouped))
        .set_cache_security_group_names(texts(old).filter(|_| old_regrouped))
        .set_preferred_maintenance_window(lower(&new(&prior.preferred_maintenance_window, &desired.preferred_maintenance_window)))
        .set_notification_topic_arn(text(&desired.notification_topic_arn).filter(|_| topic))
        .set_notification_topic_status(topic.then(|| topic_status.to_owned()))
        .set_snapshot_retention_limit(to_days(kept.then_some(desired.snapshot_retention_limit)))
        .set_snapshot_window(new(&prior.snapshot_window, &desired.snapshot_window))
        .set_snapshotting_cluster_id(new(&prior.snapshotting_cluster_id, &desired.snapshotting_cluster_id))
        .set_ip_discovery(lower(&new(&prior.ip_discovery, &desired.ip_discovery)).as_deref().map(types::IpDiscovery::from))
        .set_durability(lower(&new(&prior.durability, &desired.durability)).as_deref().map(types::Durability::from))
        .set_user_group_ids_to_add(joining)
        .set_user_group_ids_to_remove(leaving)
        .set_log_delivery_configurations(logs);
    any.get().then_some(call)
}

/// Encrypted connections are first allowed and then demanded, and given up in the other order.
fn encryption(prior: &ReplicationGroup, desired: &ReplicationGroup) -> Vec<(Option<bool>, Option<&'static str>)> {
    let demanded = |d: &ReplicationGroup| {
        d.transit_encryption_enabled && !d.transit_encryption_mode.as_deref().is_some_and(|m| m.eq_ignore_ascii_case("preferred"))
    };
    match (prior.transit_encryption_enabled, desired.transit_encryption_enabled) {
        (false, true) if demanded(desired) => vec![(Some(true), Some("preferred")), (None, Some("required"))],
        (false, true) => vec![(Some(true), Some("preferred"))],
        (true, false) if demanded(prior) => vec![(None, Some("preferred")), (Some(false), None)],
        (true, false) => vec![(Some(false), None)],
        (true, true) if demanded(prior) != demanded(desired) => {
            vec![(None, Some(if demanded(desired) { "required" } else { "preferred" }))]
        }
        _ => Vec::new(),
    }
}

/// From off to on leads through `compatible`.
fn cluster_modes(prior: &ReplicationGroup, desired: &ReplicationGroup) -> Vec<String> {
    let mode = |d: &ReplicationGroup| lower(&d.cluster_mode);
    match (mode(prior).as_deref(), mode(desired).as_deref()) {
        (_, None) => Vec::new(),
        (had, wanted) if had == wanted => Vec::new(),
        (Some("disabled") | None, Some("enabled")) => vec!["compatible".to_owned(), "enabled".to_owned()],
        (_, Some(wanted)) => vec![wanted.to_owned()],
    }
}

type Names = Option<Vec<String>>;

fn user_groups(prior: &ReplicationGroup, desired: &ReplicationGroup) -> (Names, Names) {
    let missing = |from: &[String], of: &[String]| texts(&of.iter().filter(|g| !from.contains(g)).cloned().collect::<Vec<_>>());
    (missing(&prior.user_group_ids, &desired.user_group_ids), missing(&desired.user_group_ids, &prior.user_group_ids))
}

fn logs(prior: &ReplicationGroup, desired: &ReplicationGroup) -> Option<Vec<types::LogDeliveryConfigurationRequest>> {
    let (had, wanted) = (&prior.log_delivery_configurations, &desired.log_delivery_configurations);
    let new = wanted.iter().filter(|log| !had.contains(log)).map(|log| log_request(log, true));
    let gone = had.iter().filter(|log| !wanted.iter().any(|w| w.log_type == log.log_type)).map(|log| log_request(log, false));
    let all: Vec<_> = new.chain(gone).collect();
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use plat::schema::Id;
    use plat::value::{Duration, SecretText, Version};

    use super::*;

    fn cache() -> ReplicationGroup {
        ReplicationGroup {
            replication_group_description: "sessions".to_owned(),
            engine: Some("redis".to_owned()),
            engine_version: Some(Version("7.0.7".into())),
            cache_node_type: Some("cache.t3.micro".to_owned()),
            security_group_ids: vec![Id::new("sg-1"), Id::new("sg-2")],
            preferred_maintenance_window: Some("sun:05:00-sun:06:00".to_owned()),
            ..ReplicationGroup::default()
        }
    }

    fn after(prior: &ReplicationGroup, change: impl FnOnce(&mut ReplicationGroup)) -> Vec<ModifyReplicationGroupInput> {
        let mut desired = prior.clone();
        change(&mut desired);
        requests("cache", prior, &desired, true).into_iter().map(|call| call.build().unwrap()).collect()
    }

    #[test]
    fn what_is_left_out_or_written_differently_is_no_change() {
        assert!(after(&cache(), |_| {}).is_empty());
        assert!(after(&cache(), |d| d.engine_version = Some(Version("7.0".into()))).is_empty());
        assert!(after(&cache(), |d| d.preferred_maintenance_window = Some("Sun:05:00-Sun:06:00".to_owned())).is_empty());
        assert!(after(&cache(), |d| d.security_group_ids.reverse()).is_empty());
        assert!(after(&cache(), |d| d.cache_node_type = None).is_empty());
    }

    #[test]
    fn only_what_differs_is_sent_and_at_once() {
        let calls = after(&cache(), |d| {
            d.cache_node_type = Some("cache.r5.large".to_owned());
            d.snapshot_retention_limit = Duration::days(3);
        });
        let [call] = calls.as_slice() else { panic!("{calls:?}") };
        assert_eq!((call.cache_node_type(), call.snapshot_retention_limit()), (Some("cache.r5.large"), Some(3)));
        assert_eq!((call.apply_immediately(), call.engine_version(), call.automatic_failover_enabled()), (Some(true), None, None));
    }

    #[test]
    fn encryption_is_turned_on_and_off_in_two_steps() {
        let modes = |calls: Vec<ModifyReplicationGroupInput>| -> Vec<(Option<bool>, Option<String>)> {
            calls.iter().map(|c| (c.transit_encryption_enabled(), c.transit_encryption_mode().map(|m| m.as_str().to_owned()))).collect()
        };
        let on = ReplicationGroup { transit_encryption_enabled: true, transit_encryption_mode: Some("required".to_owned()), ..cache() };
        let preferred = Some("preferred".to_owned());
        assert_eq!(modes(after(&cache(), |d| *d = on.clone())), [(Some(true), preferred.clone()), (None, Some("required".to_owned()))]);
        assert_eq!(modes(after(&on, |d| d.transit_encryption_enabled = false)), [(None, preferred.clone()), (Some(false), None)]);
        assert_eq!(modes(after(&on, |d| d.transit_encryption_mode = preferred.clone())), [(None, preferred)]);
    }

    #[test]
    fn a_token_is_rotated_and_a_first_one_made_the_only_way_in() {
        let desired = ReplicationGroup { auth_token: Some(SecretText::new("0123456789abcdef")), ..cache() };
        let strategies = |guarded| -> Vec<_> {
            let calls = requests("cache", &cache(), &desired, guarded);
            calls.into_iter().map(|call| call.build().unwrap().auth_token_update_strategy().unwrap().as_str().to_owned()).collect()
        };
        assert_eq!(strategies(true), ["ROTATE"]);
        assert_eq!(strategies(false), ["ROTATE", "SET"]);
    }

    #[test]
    fn a_topic_that_is_taken_away_is_made_inactive() {
        let prior = ReplicationGroup { notification_topic_arn: Some("arn:topic".into()), ..cache() };
        let calls = after(&prior, |d| d.notification_topic_arn = None);
        assert_eq!((calls[0].notification_topic_status(), calls[0].notification_topic_arn()), (Some("inactive"), None));
    }

    #[test]
    fn cluster_mode_leads_through_compatible() {
        let prior = ReplicationGroup { cluster_mode: Some("disabled".to_owned()), ..cache() };
        let calls = after(&prior, |d| d.cluster_mode = Some("enabled".to_owned()));
        let modes: Vec<_> = calls.iter().map(|c| c.cluster_mode().unwrap().as_str()).collect();
        assert_eq!(modes, ["compatible", "enabled"]);
    }
}
