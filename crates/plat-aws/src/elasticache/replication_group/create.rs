//! The call that makes a group. Pure.

use aws_sdk_elasticache::operation::create_replication_group::CreateReplicationGroupInput;
use aws_sdk_elasticache::operation::create_replication_group::builders::CreateReplicationGroupInputBuilder;
use aws_sdk_elasticache::types::{self, Tag};

use super::{LogDeliveryConfiguration, NodeGroupConfiguration, ReplicationGroup};
use crate::units::{lower, text, texts, to_days, to_int};

pub(super) fn request(id: &str, d: &ReplicationGroup, tags: Vec<Tag>) -> CreateReplicationGroupInputBuilder {
    // A member of a global datastore takes these from it, and may not say them.
    let own = |flag: bool| (flag || d.global_replication_group_id.is_none()).then_some(flag);
    CreateReplicationGroupInput::builder()
        .replication_group_id(id)
        .replication_group_description(&d.replication_group_description)
        .set_global_replication_group_id(d.global_replication_group_id.clone())
        .set_primary_cluster_id(d.primary_cluster_id.clone())
        .set_automatic_failover_enabled(own(d.automatic_failover_enabled))
        .set_multi_az_enabled(d.multi_az_enabled)
        .set_num_cache_clusters(to_int(d.num_cache_clusters))
        .set_preferred_cache_cluster_azs(texts(&d.preferred_cache_cluster_azs))
        .set_num_node_groups(to_int(d.num_node_groups))
        .set_replicas_per_node_group(to_int(d.replicas_per_node_group))
        .set_node_group_configuration(shards(&d.node_group_configuration))
        .set_cache_node_type(d.cache_node_type.clone())
        .set_engine(lower(&d.engine))
        .set_engine_version(d.engine_version.as_ref().map(|v| v.0.to_string()))
        .set_cache_parameter_group_name(d.cache_parameter_group_name.clone())
        .set_cache_subnet_group_name(text(&d.cache_subnet_group_name))
        .set_cache_security_group_names(texts(&d.cache_security_group_names))
        .set_security_group_ids(texts(&d.security_group_ids))
        .set_tags(Some(tags))
        .set_snapshot_arns(texts(&d.snapshot_arns))
        .set_snapshot_name(d.snapshot_name.clone())
        .set_preferred_maintenance_window(lower(&d.preferred_maintenance_window))
        .set_port(to_int(d.port))
        .set_notification_topic_arn(text(&d.notification_topic_arn))
        .set_auto_minor_version_upgrade(d.auto_minor_version_upgrade)
        .set_snapshot_retention_limit(to_days(Some(d.snapshot_retention_limit).filter(|limit| limit.0 > 0)))
        .set_snapshot_window(d.snapshot_window.clone())
        .set_auth_token(d.auth_token.as_ref().map(|token| token.expose().to_owned()))
        .set_transit_encryption_enabled(own(d.transit_encryption_enabled))
        .set_transit_encryption_mode(lower(&d.transit_encryption_mode).as_deref().map(types::TransitEncryptionMode::from))
        .set_at_rest_encryption_enabled(own(d.at_rest_encryption_enabled))
        .set_kms_key_id(text(&d.kms_key_id))
        .set_user_group_ids(texts(&d.user_group_ids))
        .set_log_delivery_configurations(logs(&d.log_delivery_configurations))
        .set_data_tiering_enabled(d.data_tiering_enabled)
        .set_network_type(lower(&d.network_type).as_deref().map(types::NetworkType::from))
        .set_ip_discovery(lower(&d.ip_discovery).as_deref().map(types::IpDiscovery::from))
        .set_cluster_mode(lower(&d.cluster_mode).as_deref().map(types::ClusterMode::from))
        .set_durability(lower(&d.durability).as_deref().map(types::Durability::from))
}

fn shards(shards: &[NodeGroupConfiguration]) -> Option<Vec<types::NodeGroupConfiguration>> {
    let built = shards.iter().map(|s| {
        types::NodeGroupConfiguration::builder()
            .set_node_group_id(s.node_group_id.clone())
            .set_slots(s.slots.clone())
            .set_replica_count(to_int(s.replica_count))
            .set_primary_availability_zone(s.primary_availability_zone.clone())
            .set_replica_availability_zones(texts(&s.replica_availability_zones))
            .build()
    });
    (!shards.is_empty()).then(|| built.collect())
}

fn logs(logs: &[LogDeliveryConfiguration]) -> Option<Vec<types::LogDeliveryConfigurationRequest>> {
    (!logs.is_empty()).then(|| logs.iter().map(|log| log_request(log, true)).collect())
}

pub(super) fn log_request(log: &LogDeliveryConfiguration, enabled: bool) -> types::LogDeliveryConfigurationRequest {
    let request = types::LogDeliveryConfigurationRequest::builder().log_type(types::LogType::from(log.log_type.as_str()));
    if !enabled {
        return request.enabled(false).build();
    }
    let cloud_watch = log.destination_details.cloud_watch_logs_details.as_ref();
    let firehose = log.destination_details.kinesis_firehose_details.as_ref();
    let details = types::DestinationDetails::builder()
        .set_cloud_watch_logs_details(
            cloud_watch.map(|d| types::CloudWatchLogsDestinationDetails::builder().log_group(&d.log_group).build()),
        )
        .set_kinesis_firehose_details(
            firehose.map(|d| types::KinesisFirehoseDestinationDetails::builder().delivery_stream(&d.delivery_stream).build()),
        )
        .build();
    request
        .destination_type(types::DestinationType::from(log.destination_type.as_str()))
        .destination_details(details)
        .log_format(types::LogFormat::from(log.log_format.as_str()))
        .enabled(true)
        .build()
}

#[cfg(test)]
mod tests {
    use plat::value::{Duration, Version};

    use super::*;

    #[test]
    fn a_new_group_says_what_it_was_told_and_nothing_else() {
        let d = ReplicationGroup {
            replication_group_description: "sessions".to_owned(),
            engine: Some("redis".to_owned()),
            engine_version: Some(Version("7.0".into())),
            num_cache_clusters: Some(2),
            automatic_failover_enabled: true,
            transit_encryption_enabled: true,
            snapshot_retention_limit: Duration::days(5),
            final_snapshot_identifier: Some("last".to_owned()),
            ..ReplicationGroup::default()
        };
        let call = request("cache", &d, Vec::new()).build().unwrap();
        assert_eq!((call.engine_version(), call.num_cache_clusters(), call.snapshot_retention_limit()), (Some("7.0"), Some(2), Some(5)));
        assert_eq!((call.transit_encryption_enabled(), call.at_rest_encryption_enabled()), (Some(true), Some(false)));
        assert_eq!((call.num_node_groups(), call.multi_az_enabled(), call.port()), (None, None, None));
        assert!(call.security_group_ids.is_none() && call.node_group_configuration.is_none());
    }

    #[test]
    fn a_member_of_a_global_datastore_does_not_say_what_is_its() {
        let d = ReplicationGroup { global_replication_group_id: Some("world".to_owned()), ..ReplicationGroup::default() };
        let call = request("cache", &d, Vec::new()).build().unwrap();
        assert_eq!((call.at_rest_encryption_enabled(), call.transit_encryption_enabled()), (None, None));
    }
}
