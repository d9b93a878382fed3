//! `aws.elasticache.ReplicationGroup`: attributes here, calls in the modules beside.

#[cfg(feature = "elasticache")]
mod create;
#[cfg(feature = "elasticache")]
mod handler;
#[cfg(feature = "elasticache")]
mod modify;
#[cfg(feature = "elasticache")]
mod observe;
#[cfg(feature = "elasticache")]
mod settle;
#[cfg(feature = "elasticache")]
mod shape;

use std::collections::BTreeMap;

use plat::schema::{AnyResource, Arn, Id};
use plat::value::{Duration, Object, SecretText, Value, Version};
use plat_derive::{Record, Resource};

use super::SubnetGroup;
use crate::ec2::SecurityGroup;
use crate::kms::Key;

/// A Redis or Valkey cache: one shard or many, each a primary node and its replicas.
///
/// ```plat
/// resource sessions: aws.elasticache.ReplicationGroup {
///   replication_group_description = "Sessions"
///   engine                        = "redis"
///   engine_version                = "7.1"
///   cache_node_type               = "cache.t3.micro"
///   num_cache_clusters            = 2
///   automatic_failover_enabled    = true
///   at_rest_encryption_enabled    = true
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource(
    "aws.elasticache.ReplicationGroup",
    import = replication_group_id,
    recovery = Name, claims = super::claims::replication_group,
    stateful,
    remains = remains,
    takes(create = "7m", update = "6m", delete = "5m"),
    timeouts(create = "5h", update = "24h", delete = "5h"),
    rules = &[super::rules::GROUP]
)]
pub struct ReplicationGroup {
    /// Name of the group, unique in the account and region. ElastiCache keeps it in lower case. Left out: made from the resource's address.
    #[attr(chosen, replaces, ignore_case, sample("{name}"))]
    pub replication_group_id: Option<String>,
    /// What the group is for.
    #[attr(required)]
    pub replication_group_description: String,
    /// `redis` or `valkey`.
    #[attr(chosen, ignore_case)]
    pub engine: Option<String>,
    /// Version of the engine. `7.0` stands for any 7.0.x.
    #[attr(chosen)]
    pub engine_version: Option<Version>,
    /// Compute and memory of each node, `cache.r6g.large`.
    #[attr(chosen)]
    pub cache_node_type: Option<String>,
    /// Install minor versions of the engine by itself.
    #[attr(chosen)]
    pub auto_minor_version_upgrade: Option<bool>,

    /// Number of nodes, when there is one shard. Not with `num_node_groups` above 1.
    #[attr(chosen, range = 1..=6)]
    pub num_cache_clusters: Option<i64>,
    /// Number of shards.
    #[attr(chosen)]
    pub num_node_groups: Option<i64>,
    /// Number of replicas in each shard.
    #[attr(chosen, range = 0..=5)]
    pub replicas_per_node_group: Option<i64>,
    /// Slots, zones and replicas of each shard. Only its number of shards and of replicas can change.
    #[attr(chosen, write_only)]
    pub node_group_configuration: Vec<NodeGroupConfiguration>,
    /// Whether the data is spread over shards by the clients: `enabled`, `disabled`, or `compatible` on the way from one to the other.
    #[attr(chosen, ignore_case)]
    pub cluster_mode: Option<String>,
    /// Let a replica take over when the primary fails. Needs two nodes in each shard, and is always on with several shards.
    #[attr(optional, default = false)]
    pub automatic_failover_enabled: bool,
    /// Spread the nodes over zones; needs `automatic_failover_enabled`.
    #[attr(chosen)]
    pub multi_az_enabled: Option<bool>,
    /// Zones of the nodes, the primary's first.
    #[attr(chosen, replaces, write_only)]
    pub preferred_cache_cluster_azs: Vec<String>,
    /// Cluster that is, or becomes, the primary.
    #[attr(chosen, nullable, write_only)]
    pub primary_cluster_id: Option<String>,
    /// Global datastore that the group joins.
    #[attr(optional, replaces)]
    pub global_replication_group_id: Option<String>,
    /// Move data that is seldom used to disks; needs nodes of the r6gd family.
    #[attr(chosen, nullable, replaces)]
    pub data_tiering_enabled: Option<bool>,
    /// How sure a write is to survive: `default`, `async`, `sync` or `disabled`.
    #[attr(chosen, nullable, ignore_case)]
    pub durability: Option<String>,

    /// Subnets of the nodes. Left out: the default group.
    #[attr(chosen, holds, nullable, replaces, ignore_case)]
    pub cache_subnet_group_name: Option<Id<SubnetGroup>>,
    /// Security groups. Left out: the VPC's default one.
    #[attr(chosen, holds, unordered)]
    pub security_group_ids: Vec<Id<SecurityGroup>>,
    /// Cache security groups of EC2-Classic; nothing new can use them.
    #[attr(optional, unordered, write_only)]
    pub cache_security_group_names: Vec<String>,
    /// Port of every node; 6379 when left out.
    #[attr(chosen, replaces)]
    pub port: Option<i64>,
    /// `ipv4`, `ipv6` or `dual_stack`.
    #[attr(chosen, nullable, replaces, ignore_case)]
    pub network_type: Option<String>,
    /// Kind of address that clients are told: `ipv4` or `ipv6`.
    #[attr(chosen, nullable, ignore_case)]
    pub ip_discovery: Option<String>,

    /// Encrypt the data on disk.
    #[attr(optional, default = false, replaces)]
    pub at_rest_encryption_enabled: bool,
    /// Key for that. Left out: the account's own key for ElastiCache.
    #[attr(chosen, nullable, replaces)]
    pub kms_key_id: Option<Arn<Key>>,
    /// Encrypt the connections.
    #[attr(optional, default = false)]
    pub transit_encryption_enabled: bool,
    /// `preferred`: clients may still connect in the clear, on the way to `required`.
    #[attr(chosen, nullable, ignore_case)]
    pub transit_encryption_mode: Option<String>,
    /// Password that clients log in with, 16 to 128 printable characters; needs `transit_encryption_enabled`. After a change the
    /// one before is still accepted, until the next change.
    #[attr(optional, write_only)]
    pub auth_token: Option<SecretText>,
    /// User groups whose users may log in; needs `transit_encryption_enabled`.
    #[attr(optional, unordered)]
    pub user_group_ids: Vec<String>,

    /// Parameter group. Left out: the engine's default one.
    #[attr(chosen, nullable)]
    pub cache_parameter_group_name: Option<String>,
    /// Weekly time of maintenance in UTC, `sun:05:00-sun:06:00`.
    #[attr(chosen, nullable, ignore_case)]
    pub preferred_maintenance_window: Option<String>,
    /// Topic that is told of events.
    #[attr(optional)]
    pub notification_topic_arn: Option<Arn<AnyResource>>,
    /// Where logs go.
    #[attr(optional, unordered)]
    pub log_delivery_configurations: Vec<LogDeliveryConfiguration>,

    /// How long daily snapshots are kept; `0d` for none.
    #[attr(optional, default = 0, unit = days, range = 0..=35)]
    pub snapshot_retention_limit: Duration,
    /// Daily time of snapshots in UTC, `03:00-04:00`.
    #[attr(chosen, nullable)]
    pub snapshot_window: Option<String>,
    /// Cluster that snapshots are taken of.
    #[attr(chosen, nullable)]
    pub snapshotting_cluster_id: Option<String>,
    /// Snapshot to fill the group from.
    #[attr(chosen, nullable, replaces, write_only)]
    pub snapshot_name: Option<String>,
    /// Snapshot files in S3 to fill the group from.
    #[attr(chosen, replaces, write_only)]
    pub snapshot_arns: Vec<Arn<AnyResource>>,
    /// plat's own, not in the registry: name of the snapshot that a delete takes first. Left out: none is taken, as CloudFormation has it.
    #[attr(optional, write_only, cfn = "")]
    pub final_snapshot_identifier: Option<String>,

    /// Tags.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,

    /// Where to write, when there is one shard and cluster mode is off.
    #[attr(computed)]
    pub primary_end_point: Option<Endpoint>,
    /// Where to read, when there is one shard and cluster mode is off.
    #[attr(computed)]
    pub reader_end_point: Option<Endpoint>,
    /// Where to connect in cluster mode.
    #[attr(computed)]
    pub configuration_end_point: Option<Endpoint>,
    /// Every node, for reading.
    #[attr(computed)]
    pub read_end_point: Option<ReadEndPoint>,
    /// What `durability` comes to.
    #[attr(computed)]
    pub effective_durability: Option<String>,
}

/// Where a cache is reached.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct Endpoint {
    /// DNS name.
    #[attr(optional)]
    pub address: Option<String>,
    /// Port.
    #[attr(optional)]
    pub port: Option<i64>,
}

/// The nodes of a group.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ReadEndPoint {
    /// DNS names in one text, `[a, b]`.
    #[attr(optional)]
    pub addresses: Option<String>,
    /// DNS names.
    #[attr(optional)]
    pub addresses_list: Vec<String>,
    /// Ports in one text, `[6379, 6379]`.
    #[attr(optional)]
    pub ports: Option<String>,
    /// Ports.
    #[attr(optional)]
    pub ports_list: Vec<i64>,
}

/// One shard.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct NodeGroupConfiguration {
    /// Number of the shard in four digits, `0001`.
    #[attr(optional)]
    pub node_group_id: Option<String>,
    /// Slots of the shard, `0-5460`.
    #[attr(optional)]
    pub slots: Option<String>,
    /// Number of replicas.
    #[attr(optional)]
    pub replica_count: Option<i64>,
    /// Zone of the primary.
    #[attr(optional)]
    pub primary_availability_zone: Option<String>,
    /// Zones of the replicas.
    #[attr(optional)]
    pub replica_availability_zones: Vec<String>,
}

/// Where one kind of log goes.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct LogDeliveryConfiguration {
    /// Which log.
    #[attr(required, one_of("slow-log", "engine-log"))]
    pub log_type: String,
    /// Service that takes it.
    #[attr(required, one_of("cloudwatch-logs", "kinesis-firehose"))]
    pub destination_type: String,
    /// Where in that service.
    #[attr(required)]
    pub destination_details: DestinationDetails,
    /// Form of each entry.
    #[attr(required, one_of("json", "text"))]
    pub log_format: String,
}

/// One of the two, as `destination_type` says.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct DestinationDetails {
    /// In CloudWatch Logs.
    #[attr(optional)]
    pub cloud_watch_logs_details: Option<CloudWatchLogsDestinationDetails>,
    /// In Kinesis Data Firehose.
    #[attr(optional)]
    pub kinesis_firehose_details: Option<KinesisFirehoseDestinationDetails>,
}

/// In CloudWatch Logs.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct CloudWatchLogsDestinationDetails {
    /// Name of the log group.
    #[attr(required)]
    pub log_group: String,
}

/// In Kinesis Data Firehose.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct KinesisFirehoseDestinationDetails {
    /// Name of the delivery stream.
    #[attr(required)]
    pub delivery_stream: String,
}

/// What remains of the data when a group with these attributes is deleted.
fn remains(attributes: &Object) -> Option<String> {
    let name = attributes.get("final_snapshot_identifier").and_then(Value::as_str)?;
    Some(format!("the final snapshot `{name}` keeps its data"))
}
