//! From ElastiCache's answers to attributes. A group does not show all of itself: some of it is only on its nodes.

use aws_sdk_elasticache::types;
use plat::schema::Id;
use plat::value::Version;

use super::{
    CloudWatchLogsDestinationDetails, DestinationDetails, Endpoint, KinesisFirehoseDestinationDetails, LogDeliveryConfiguration,
    ReadEndPoint, ReplicationGroup,
};
use crate::tags::Tags;
use crate::units::from_days;

impl ReplicationGroup {
    /// What the group and one of its nodes show. A change that is still pending counts as made, or the next plan would ask for it again.
    pub(super) fn observe(group: &types::ReplicationGroup, node: Option<&types::CacheCluster>, tags: Tags) -> Self {
        let mut seen = ReplicationGroup { tags, ..ReplicationGroup::default() };
        seen.settings(group);
        seen.shape(group);
        seen.end_points(group);
        if let Some(node) = node {
            seen.of_node(node);
        }
        if let Some(pending) = group.pending_modified_values() {
            seen.anticipate(pending);
        }
        seen
    }

    fn settings(&mut self, group: &types::ReplicationGroup) {
        use types::{AutomaticFailoverStatus, DataTieringStatus, MultiAzStatus};
        self.replication_group_id = group.replication_group_id().map(str::to_owned);
        self.replication_group_description = group.description().unwrap_or_default().to_owned();
        self.engine = group.engine().map(str::to_owned);
        self.cache_node_type = group.cache_node_type().map(str::to_owned);
        self.auto_minor_version_upgrade = group.auto_minor_version_upgrade();
        self.automatic_failover_enabled =
            matches!(group.automatic_failover(), Some(AutomaticFailoverStatus::Enabled | AutomaticFailoverStatus::Enabling));
        self.multi_az_enabled = group.multi_az().map(|m| *m == MultiAzStatus::Enabled);
        self.global_replication_group_id =
            group.global_replication_group_info().and_then(|info| info.global_replication_group_id()).map(str::to_owned);
        self.data_tiering_enabled = group.data_tiering().map(|d| *d == DataTieringStatus::Enabled);
        self.durability = group.durability().map(|d| d.as_str().to_owned());
        self.effective_durability = group.effective_durability().map(|d| d.as_str().to_owned());
        self.network_type = group.network_type().map(|t| t.as_str().to_owned());
        self.ip_discovery = group.ip_discovery().map(|t| t.as_str().to_owned());
        self.at_rest_encryption_enabled = group.at_rest_encryption_enabled().unwrap_or(false);
        self.kms_key_id = group.kms_key_id().map(Into::into);
        self.transit_encryption_enabled = group.transit_encryption_enabled().unwrap_or(false);
        self.transit_encryption_mode = group.transit_encryption_mode().map(|m| m.as_str().to_owned());
        self.user_group_ids = group.user_group_ids().to_vec();
        self.log_delivery_configurations = group.log_delivery_configurations().iter().filter_map(log).collect();
        self.snapshot_retention_limit = from_days(group.snapshot_retention_limit()).unwrap_or_default();
        self.snapshot_window = group.snapshot_window().map(str::to_owned);
        self.snapshotting_cluster_id = group.snapshotting_cluster_id().map(str::to_owned);
    }

    fn shape(&mut self, group: &types::ReplicationGroup) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let shards = group.node_groups();
        let members: usize = shards.iter().map(|s| s.node_group_members().len()).sum();
        self.num_cache_clusters = Some(count(members.max(group.member_clusters().len()))).filter(|n| *n > 0);
        self.num_node_groups = Some(count(shards.len())).filter(|n| *n > 0);
        self.replicas_per_node_group = shards.first().map(|s| count(s.node_group_members().len().saturating_sub(1)));
        self.cluster_mode = group.cluster_mode().map(|m| m.as_str().to_owned());
    }

    fn end_points(&mut self, group: &types::ReplicationGroup) {
        let shards = group.node_groups();
        self.configuration_end_point = group.configuration_endpoint().map(end_point);
        self.port = group
            .configuration_endpoint()
            .or_else(|| shards.first().and_then(|s| s.primary_endpoint()))
            .and_then(|e| e.port())
            .map(i64::from);
        if let ([shard], None) = (shards, group.configuration_endpoint()) {
            self.primary_end_point = shard.primary_endpoint().map(end_point);
            self.reader_end_point = shard.reader_endpoint().map(end_point);
        }
        let nodes: Vec<Endpoint> =
            shards.iter().flat_map(|s| s.node_group_members()).filter_map(|n| n.read_endpoint().map(end_point)).collect();
        self.read_end_point = (!nodes.is_empty()).then(|| read_end_point(&nodes));
    }

    fn of_node(&mut self, node: &types::CacheCluster) {
        self.engine_version = node.engine_version().map(|v| Version(v.into()));
        self.engine = self.engine.take().or_else(|| node.engine().map(str::to_owned));
        self.auto_minor_version_upgrade = self.auto_minor_version_upgrade.or(node.auto_minor_version_upgrade());
        self.cache_subnet_group_name = node.cache_subnet_group_name().map(Id::new);
        self.security_group_ids = node.security_groups().iter().filter_map(|g| g.security_group_id().map(Id::new)).collect();
        self.cache_parameter_group_name = node.cache_parameter_group().and_then(|g| g.cache_parameter_group_name()).map(str::to_owned);
        self.preferred_maintenance_window = node.preferred_maintenance_window().map(str::to_owned);
        let topic = node.notification_configuration().filter(|n| n.topic_status() != Some("inactive"));
        self.notification_topic_arn = topic.and_then(|n| n.topic_arn()).map(Into::into);
    }

    fn anticipate(&mut self, pending: &types::ReplicationGroupPendingModifiedValues) {
        if let Some(failover) = pending.automatic_failover_status() {
            self.automatic_failover_enabled = *failover == types::PendingAutomaticFailoverStatus::Enabled;
        }
        if let Some(encrypted) = pending.transit_encryption_enabled() {
            self.transit_encryption_enabled = encrypted;
        }
        if let Some(mode) = pending.transit_encryption_mode() {
            self.transit_encryption_mode = Some(mode.as_str().to_owned());
        }
        if let Some(mode) = pending.cluster_mode() {
            self.cluster_mode = Some(mode.as_str().to_owned());
        }
    }
}

fn end_point(found: &types::Endpoint) -> Endpoint {
    Endpoint { address: found.address().map(str::to_owned), port: found.port().map(i64::from) }
}

/// Lists and texts both, as the registry has them.
fn read_end_point(nodes: &[Endpoint]) -> ReadEndPoint {
    let addresses: Vec<String> = nodes.iter().map(|n| n.address.clone().unwrap_or_default()).collect();
    let ports: Vec<i64> = nodes.iter().map(|n| n.port.unwrap_or_default()).collect();
    let joined = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    ReadEndPoint {
        addresses: Some(format!("[{}]", addresses.join(", "))),
        ports: Some(format!("[{joined}]")),
        addresses_list: addresses,
        ports_list: ports,
    }
}

fn log(found: &types::LogDeliveryConfiguration) -> Option<LogDeliveryConfiguration> {
    if found.status() == Some(&types::LogDeliveryConfigurationStatus::Disabling) {
        return None;
    }
    let details = found.destination_details()?;
    let group = details.cloud_watch_logs_details().and_then(|d| d.log_group());
    let stream = details.kinesis_firehose_details().and_then(|d| d.delivery_stream());
    Some(LogDeliveryConfiguration {
        log_type: found.log_type()?.as_str().to_owned(),
        destination_type: found.destination_type()?.as_str().to_owned(),
        destination_details: DestinationDetails {
            cloud_watch_logs_details: group.map(|g| CloudWatchLogsDestinationDetails { log_group: g.to_owned() }),
            kinesis_firehose_details: stream.map(|s| KinesisFirehoseDestinationDetails { delivery_stream: s.to_owned() }),
        },
        log_format: found.log_format()?.as_str().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(names: &[&str]) -> types::NodeGroup {
        let endpoint = |name: &str| types::Endpoint::builder().address(name).port(6379).build();
        let members = names.iter().map(|n| types::NodeGroupMember::builder().read_endpoint(endpoint(n)).build()).collect();
        types::NodeGroup::builder()
            .primary_endpoint(endpoint("primary"))
            .reader_endpoint(endpoint("reader"))
            .set_node_group_members(Some(members))
            .build()
    }

    #[test]
    fn one_shard_shows_where_to_write_and_read() {
        let group = types::ReplicationGroup::builder().node_groups(shard(&["a", "b"])).member_clusters("a").member_clusters("b").build();
        let seen = ReplicationGroup::observe(&group, None, Tags::new());
        assert_eq!(seen.primary_end_point.unwrap().address.as_deref(), Some("primary"));
        assert_eq!(seen.reader_end_point.unwrap().address.as_deref(), Some("reader"));
        let nodes = seen.read_end_point.unwrap();
        assert_eq!((nodes.addresses.as_deref(), nodes.ports.as_deref()), (Some("[a, b]"), Some("[6379, 6379]")));
        assert_eq!((seen.num_cache_clusters, seen.num_node_groups, seen.replicas_per_node_group), (Some(2), Some(1), Some(1)));
        assert_eq!(seen.port, Some(6379));
    }

    #[test]
    fn a_cluster_shows_where_to_connect() {
        let endpoint = types::Endpoint::builder().address("configuration").port(6380).build();
        let group = types::ReplicationGroup::builder()
            .node_groups(shard(&["a"]))
            .node_groups(shard(&["b"]))
            .configuration_endpoint(endpoint)
            .build();
        let seen = ReplicationGroup::observe(&group, None, Tags::new());
        assert_eq!(seen.primary_end_point, None);
        assert_eq!(seen.configuration_end_point.unwrap().address.as_deref(), Some("configuration"));
        assert_eq!((seen.num_node_groups, seen.port), (Some(2), Some(6380)));
    }

    #[test]
    fn what_only_a_node_shows_is_taken_from_it() {
        let node = types::CacheCluster::builder()
            .engine_version("7.0.7")
            .preferred_maintenance_window("sun:05:00-sun:06:00")
            .security_groups(types::SecurityGroupMembership::builder().security_group_id("sg-1").build())
            .build();
        let pending = types::ReplicationGroupPendingModifiedValues::builder().transit_encryption_enabled(true).build();
        let group = types::ReplicationGroup::builder().pending_modified_values(pending).build();
        let seen = ReplicationGroup::observe(&group, Some(&node), Tags::new());
        assert!(Version("7.0".into()).covers(&seen.engine_version.unwrap()));
        assert_eq!(seen.security_group_ids, [Id::new("sg-1")]);
        assert!(seen.transit_encryption_enabled);
    }
}
