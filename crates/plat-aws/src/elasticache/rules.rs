//! Relations that ElastiCache enforces.

use plat::schema::rules::Literal::{Bool, Int, Text};
use plat::schema::rules::Test::{
    All, Any, AnyOf, AtLeast, AtMostOne, Creates, Custom as Is_, Is, Length, Not, NotLess, Set, Since, StartsWith, Steps, Unset,
};
use plat::schema::rules::{Custom, Rule, Test, own, prior, target};

use super::versions;
use crate::rules::{tag_rule, windows_are_apart};

const CREATE: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html";
const FAILOVER: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html";
const AUTH: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html";
const TLS: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption-enable.html";
const TIERING: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/data-tiering.html";
const VERSIONS: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html";
const UPGRADE: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html";
const CLUSTER_MODE: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/modify-cluster-mode.html";
const NETWORK: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/network-type.html";
const LOGS: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Log_Delivery.html";
const GROUPS: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.html";
const GLOBAL: &str = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Redis-Global-Datastores-Getting-Started.html";

/// Neither one shard nor many are asked for.
const NO_NODES: Test = All(&[
    Unset(own("num_cache_clusters")),
    Unset(own("num_node_groups")),
    Unset(own("replicas_per_node_group")),
    Unset(own("node_group_configuration")),
    Unset(own("primary_cluster_id")),
    Unset(own("global_replication_group_id")),
]);
const ONE_SHARD: Test = Any(&[Unset(own("cluster_mode")), Not(&Is(own("cluster_mode"), Text("enabled")))]);

macro_rules! of_datastore {
    ($attribute:literal) => {
        Rule::new(concat!("a group that joins a global datastore has the datastore's `", $attribute, "`"), GLOBAL)
            .when(&[Set(own("global_replication_group_id"))])
            .must(&[Unset(own($attribute))])
            .help(concat!("leave `", $attribute, "` out"))
    };
}

pub(super) const GROUP: &[Rule] = &[
    Rule::new("`automatic_failover_enabled` needs at least two nodes", FAILOVER)
        .when(&[Is(own("automatic_failover_enabled"), Bool(true)), Set(own("num_cache_clusters"))])
        .must(&[AtLeast(own("num_cache_clusters"), 2.0)])
        .help("set `num_cache_clusters = 2` or more, or leave `automatic_failover_enabled` out"),
    Rule::new("`automatic_failover_enabled` needs at least two nodes, and a new group has one", FAILOVER)
        .when(&[Creates, Is(own("automatic_failover_enabled"), Bool(true)), NO_NODES])
        .must(&[Set(own("num_cache_clusters"))])
        .help("set `num_cache_clusters = 2` or more"),
    Rule::new("`automatic_failover_enabled` needs at least one replica when there is one shard", FAILOVER)
        .when(&[
            Is(own("automatic_failover_enabled"), Bool(true)),
            Set(own("replicas_per_node_group")),
            Is(own("num_node_groups"), Int(1)),
            ONE_SHARD,
        ])
        .must(&[AtLeast(own("replicas_per_node_group"), 1.0)])
        .help("set `replicas_per_node_group = 1` or more"),
    Rule::new("a group of several shards needs `automatic_failover_enabled = true`", FAILOVER)
        .when(&[AtLeast(own("num_node_groups"), 2.0)])
        .must(&[Is(own("automatic_failover_enabled"), Bool(true))])
        .help("set `automatic_failover_enabled = true`"),
    Rule::new("`multi_az_enabled` needs `automatic_failover_enabled = true`", FAILOVER)
        .when(&[Is(own("multi_az_enabled"), Bool(true))])
        .must(&[Is(own("automatic_failover_enabled"), Bool(true))])
        .help("set `automatic_failover_enabled = true`, or leave `multi_az_enabled` out"),
    Rule::new("`multi_az_enabled` needs a replica in another zone", FAILOVER)
        .when(&[Is(own("multi_az_enabled"), Bool(true)), Set(own("replicas_per_node_group"))])
        .must(&[AtLeast(own("replicas_per_node_group"), 1.0)])
        .help("set `replicas_per_node_group = 1` or more, or leave `multi_az_enabled` out"),
    Rule::new("nodes of the families t1 and m1 have no automatic failover", FAILOVER)
        .when(&[Is(own("automatic_failover_enabled"), Bool(true))])
        .must(&[Not(&StartsWith(own("cache_node_type"), &["cache.t1.", "cache.m1."]))])
        .help("use a node type such as \"cache.t4g.micro\""),
    Rule::new("`num_cache_clusters` counts the nodes of one shard", CREATE)
        .when(&[Set(own("num_cache_clusters"))])
        .must(&[Not(&AtLeast(own("num_node_groups"), 2.0)), Unset(own("replicas_per_node_group"))])
        .help("leave `num_cache_clusters` out, and set `num_node_groups` and `replicas_per_node_group`"),
    Rule::new("`preferred_cache_cluster_azs` names a zone for each of `num_cache_clusters`", CREATE)
        .when(&[Set(own("preferred_cache_cluster_azs")), Set(own("num_cache_clusters"))])
        .must(&[Is_(&Custom {
            name: "a zone for each node",
            paths: &[own("preferred_cache_cluster_azs"), own("num_cache_clusters")],
            holds: versions::has_as_many,
        })])
        .help("name as many zones as there are nodes"),
    Rule::new("`node_group_configuration` describes each of `num_node_groups`", CREATE)
        .when(&[Set(own("node_group_configuration")), Set(own("num_node_groups"))])
        .must(&[Is_(&Custom {
            name: "a description for each shard",
            paths: &[own("node_group_configuration"), own("num_node_groups")],
            holds: versions::has_as_many,
        })])
        .help("describe as many shards as there are, or leave one of the two out"),
    Rule::new("`auth_token` needs `transit_encryption_enabled = true`", AUTH)
        .when(&[Set(own("auth_token"))])
        .must(&[Is(own("transit_encryption_enabled"), Bool(true))])
        .help("set `transit_encryption_enabled = true`"),
    Rule::new("`auth_token` has 16 to 128 characters", AUTH)
        .when(&[Set(own("auth_token"))])
        .must(&[Length(own("auth_token"), 16, 128)])
        .help("use a longer token: `aws.secretsmanager.Secret` can generate one"),
    Rule::new("`auth_token` and `user_group_ids` exclude each other", AUTH)
        .must(&[AtMostOne(&[own("auth_token"), own("user_group_ids")])])
        .help("leave one of them out"),
    Rule::new("`user_group_ids` needs `transit_encryption_enabled = true`", AUTH)
        .when(&[Set(own("user_group_ids"))])
        .must(&[Is(own("transit_encryption_enabled"), Bool(true))])
        .help("set `transit_encryption_enabled = true`"),
    Rule::new("a group has at most one of `user_group_ids`", CREATE)
        .when(&[Set(own("user_group_ids"))])
        .must(&[Length(own("user_group_ids"), 0, 1)])
        .help("put the users into one user group"),
    Rule::new("`transit_encryption_mode` needs `transit_encryption_enabled = true`", TLS)
        .when(&[Set(own("transit_encryption_mode"))])
        .must(&[Is(own("transit_encryption_enabled"), Bool(true))])
        .help("set `transit_encryption_enabled = true`, or leave `transit_encryption_mode` out"),
    Rule::new("`kms_key_id` needs `at_rest_encryption_enabled = true`", CREATE)
        .when(&[Set(own("kms_key_id"))])
        .must(&[Is(own("at_rest_encryption_enabled"), Bool(true))])
        .help("set `at_rest_encryption_enabled = true`, or leave `kms_key_id` out"),
    Rule::new("`snapshot_name` and `snapshot_arns` exclude each other", CREATE)
        .must(&[AtMostOne(&[own("snapshot_name"), own("snapshot_arns")])])
        .help("leave one of them out"),
    Rule::new("`data_tiering_enabled` needs nodes of the family r6gd", TIERING)
        .when(&[Is(own("data_tiering_enabled"), Bool(true)), Set(own("cache_node_type"))])
        .must(&[StartsWith(own("cache_node_type"), &["cache.r6gd."])])
        .help("use a node type such as \"cache.r6gd.xlarge\", or leave `data_tiering_enabled` out"),
    Rule::new("nodes of the family r6gd need `data_tiering_enabled = true`", TIERING)
        .when(&[StartsWith(own("cache_node_type"), &["cache.r6gd."]), Creates])
        .must(&[Is(own("data_tiering_enabled"), Bool(true)), Set(own("data_tiering_enabled"))])
        .help("set `data_tiering_enabled = true`"),
    Rule::new("a replication group runs `redis` or `valkey`", CREATE)
        .when(&[Set(own("engine"))])
        .must(&[AnyOf(own("engine"), &["redis", "valkey"])])
        .help("use the engine \"valkey\" or \"redis\""),
    Rule::new("Valkey begins with version 7.2", VERSIONS)
        .when(&[Is(own("engine"), Text("valkey")), Set(own("engine_version"))])
        .must(&[Any(&[Since(own("engine_version"), "7.2"), Is(own("engine_version"), Text("7"))])])
        .help("use `engine_version = \"8.0\"`"),
    Rule::new("Redis ends with version 7.1", VERSIONS)
        .when(&[Is(own("engine"), Text("redis")), Set(own("engine_version"))])
        .must(&[Not(&Since(own("engine_version"), "7.2"))])
        .help("use `engine_version = \"7.1\"`, or the engine \"valkey\""),
    Rule::new("`transit_encryption_enabled` needs Redis 3.2.6, or 4.0.10 and later", TLS)
        .when(&[Is(own("transit_encryption_enabled"), Bool(true)), Set(own("engine_version"))])
        .must(&[Since(own("engine_version"), "3.2.6")])
        .help("use a later `engine_version`"),
    Rule::new("`engine_version` never goes back", UPGRADE)
        .when(&[Is_(&Custom { name: "the same engine", paths: &[own("engine"), prior("engine")], holds: versions::is_same })])
        .must(&[NotLess(own("engine_version"), prior("engine_version"))])
        .help("write the version that runs, or a later one; an older one is a new group, filled from a snapshot"),
    Rule::new("a group changes from `redis` to `valkey`, and not back", UPGRADE)
        .must(&[Steps(own("engine"), &[("valkey", &[])])])
        .help("keep the engine \"valkey\"; Redis is a new group, filled from a snapshot of Redis"),
    Rule::new("`cluster_mode` changes from `disabled` through `compatible` to `enabled`, and not back", CLUSTER_MODE)
        .must(&[Steps(own("cluster_mode"), &[("disabled", &["compatible"]), ("compatible", &["enabled", "disabled"]), ("enabled", &[])])])
        .help("set `cluster_mode = \"compatible\"` first, and apply"),
    Rule::new("encryption of connections is switched on with `transit_encryption_mode = \"preferred\"` first", TLS)
        .when(&[Is(own("transit_encryption_enabled"), Bool(true)), Is(prior("transit_encryption_enabled"), Bool(false))])
        .must(&[Is(own("transit_encryption_mode"), Text("preferred"))])
        .help("set `transit_encryption_mode = \"preferred\"`, apply, and set \"required\" once the clients encrypt"),
    Rule::new("encryption of connections is switched off only from `transit_encryption_mode = \"preferred\"`", TLS)
        .when(&[Is(own("transit_encryption_enabled"), Bool(false)), Is(prior("transit_encryption_enabled"), Bool(true))])
        .must(&[Is(prior("transit_encryption_mode"), Text("preferred"))])
        .help("set `transit_encryption_mode = \"preferred\"` first, and apply"),
    Rule::new("the parameter group is of another family than the engine and its version", GROUPS)
        .when(&[Set(own("cache_parameter_group_name")), Set(own("engine_version"))])
        .must(&[Is_(&Custom {
            name: "family of the engine",
            paths: &[
                target("cache_parameter_group_name", "aws.elasticache.ParameterGroup", "cache_parameter_group_family"),
                own("engine"),
                own("engine_version"),
            ],
            holds: versions::is_family,
        })])
        .help("give the parameter group the family of the engine and its version, such as \"valkey8\" or \"redis7\""),
    Rule::new("`ip_discovery = \"ipv6\"` needs the network type `ipv6` or `dual_stack`", NETWORK)
        .when(&[Is(own("ip_discovery"), Text("ipv6")), Creates])
        .must(&[Set(own("network_type")), AnyOf(own("network_type"), &["ipv6", "dual_stack"])])
        .help("set `network_type = \"dual_stack\"`"),
    Rule::new("the network types `ipv6` and `dual_stack` need version 6.2 or later", NETWORK)
        .when(&[AnyOf(own("network_type"), &["ipv6", "dual_stack"]), Set(own("engine_version"))])
        .must(&[Any(&[Since(own("engine_version"), "6.2"), Is(own("engine_version"), Text("6"))])])
        .help("use a later `engine_version`"),
    Rule::new("the snapshot window and the maintenance window do not overlap", CREATE)
        .when(&[Set(own("snapshot_window")), Set(own("preferred_maintenance_window"))])
        .must(&[Is_(&Custom {
            name: "windows are apart",
            paths: &[own("snapshot_window"), own("preferred_maintenance_window")],
            holds: windows_are_apart,
        })])
        .help("move one of the windows"),
    Rule::new("the maintenance window is at least 60 minutes long", CREATE)
        .when(&[Set(own("preferred_maintenance_window"))])
        .must(&[Is_(&Custom { name: "long enough", paths: &[own("preferred_maintenance_window")], holds: versions::is_an_hour })])
        .help("write a longer window"),
    Rule::new("the snapshot window is at least 60 minutes long", CREATE)
        .when(&[Set(own("snapshot_window"))])
        .must(&[Is_(&Custom { name: "long enough", paths: &[own("snapshot_window")], holds: versions::is_an_hour })])
        .help("write a longer window"),
    Rule::new("a log goes to the destination that its type names", LOGS)
        .each("log_delivery_configurations")
        .when(&[Is(own("destination_type"), Text("cloudwatch-logs"))])
        .must(&[
            Set(own("destination_details").then(&["cloud_watch_logs_details"])),
            Unset(own("destination_details").then(&["kinesis_firehose_details"])),
        ])
        .help("set `destination_details = { cloud_watch_logs_details = { log_group = … } }`"),
    Rule::new("a log goes to the destination that its type names", LOGS)
        .each("log_delivery_configurations")
        .when(&[Is(own("destination_type"), Text("kinesis-firehose"))])
        .must(&[
            Set(own("destination_details").then(&["kinesis_firehose_details"])),
            Unset(own("destination_details").then(&["cloud_watch_logs_details"])),
        ])
        .help("set `destination_details = { kinesis_firehose_details = { delivery_stream = … } }`"),
    Rule::new("each kind of log goes to one destination", LOGS)
        .when(&[Set(own("log_delivery_configurations"))])
        .must(&[Is_(&Custom {
            name: "one of each kind",
            paths: &[own("log_delivery_configurations")],
            holds: versions::has_each_log_once,
        })])
        .help("keep one configuration for each `log_type`"),
    of_datastore!("engine"),
    of_datastore!("engine_version"),
    of_datastore!("cache_node_type"),
    of_datastore!("num_node_groups"),
    of_datastore!("cache_parameter_group_name"),
    of_datastore!("auth_token"),
    tag_rule!(),
];

pub(super) const TAGGED: &[Rule] = &[tag_rule!()];
