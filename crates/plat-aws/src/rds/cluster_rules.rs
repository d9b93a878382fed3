//! Relations that RDS enforces on clusters.

use plat::schema::rules::Literal::{Bool, Text};
use plat::schema::rules::Test::{
    All, Any, AnyOf, AtLeast, AtMost, AtMostOne, Creates, Custom as Is_, Deletes, Is, Length, Not, NotLess, Set, StartsWith, Unset,
};
use plat::schema::rules::{Custom, Path, Rule, Test, own, prior, target};

use super::engines;
use super::rules::{GROUPS, INSIGHTS, LOGS, MONITORING, RETENTIONS};
use crate::rules::{tag_rule, window_is_long_enough, windows_are_apart};

const CREATE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html";
const RESTORE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterToPointInTime.html";
const SERVERLESS: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html";
const MULTI_AZ: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/create-multi-az-db-cluster.html";
const BACKTRACK: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Backtrack.html";
const UPGRADE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.VersionPolicy.Upgrading.html";
const DELETE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html";

const AURORA: Test = StartsWith(own("engine"), &["aurora"]);
const MULTI_AZ_CLUSTER: Test = AnyOf(own("engine"), &["postgres", "mysql"]);
const EMPTY: Test = All(&[
    Unset(own("snapshot_identifier")),
    Unset(own("source_db_cluster_identifier")),
    Unset(own("source_db_cluster_resource_id")),
    Unset(own("replication_source_identifier")),
    Unset(own("global_cluster_identifier")),
]);
const MIN: Path = own("serverless_v2_scaling_configuration").then(&["min_capacity"]);
const MAX: Path = own("serverless_v2_scaling_configuration").then(&["max_capacity"]);
const PAUSE: Path = own("serverless_v2_scaling_configuration").then(&["seconds_until_auto_pause"]);

pub(super) const CLUSTER: &[Rule] = &[
    Rule::new("`master_user_password` and `manage_master_user_password` exclude each other", CREATE)
        .when(&[Set(own("master_user_password"))])
        .must(&[Not(&Is(own("manage_master_user_password"), Bool(true)))])
        .help("leave one of them out"),
    Rule::new("a cluster runs an engine of Aurora, PostgreSQL or MySQL", CREATE)
        .when(&[Set(own("engine"))])
        .must(&[AnyOf(own("engine"), &["aurora-postgresql", "aurora-mysql", "postgres", "mysql", "neptune"])])
        .help("use \"aurora-postgresql\" or \"aurora-mysql\"; other engines are an `aws.rds.DBInstance`"),
    Rule::new("a new cluster needs `engine`", CREATE)
        .when(&[Creates])
        .must(&[Set(own("engine"))])
        .help("set `engine = \"aurora-postgresql\"`"),
    Rule::new("a new cluster needs `master_username`", CREATE)
        .when(&[Creates, EMPTY])
        .must(&[Set(own("master_username"))])
        .help("set `master_username`"),
    Rule::new("a new cluster needs `master_user_password` or `manage_master_user_password = true`", CREATE)
        .when(&[Creates, EMPTY, Unset(own("master_user_authentication_type"))])
        .must(&[Any(&[Set(own("master_user_password")), Is(own("manage_master_user_password"), Bool(true))])])
        .help("set `manage_master_user_password = true`: RDS then keeps the password in Secrets Manager"),
    Rule::new("`kms_key_id` needs `storage_encrypted = true`", CREATE)
        .when(&[Set(own("kms_key_id")), EMPTY])
        .must(&[Set(own("storage_encrypted")), Is(own("storage_encrypted"), Bool(true))])
        .help("set `storage_encrypted = true`, or leave `kms_key_id` out"),
    Rule::new("an Aurora cluster has no class, storage and `iops` of its own", CREATE)
        .when(&[AURORA, Not(&Is(own("cluster_scalability_type"), Text("limitless")))])
        .must(&[Unset(own("db_cluster_instance_class")), Unset(own("allocated_storage")), Unset(own("iops"))])
        .help("leave them out: its instances have classes, and its storage grows by itself"),
    Rule::new("an Aurora cluster has storage of the type `aurora` or `aurora-iopt1`", CREATE)
        .when(&[AURORA, Set(own("storage_type"))])
        .must(&[AnyOf(own("storage_type"), &["aurora", "aurora-iopt1"])])
        .help("leave `storage_type` out"),
    Rule::new("a Multi-AZ cluster needs a class and storage", MULTI_AZ)
        .when(&[Creates, MULTI_AZ_CLUSTER])
        .must(&[Set(own("db_cluster_instance_class")), Set(own("allocated_storage"))])
        .help("set `db_cluster_instance_class` and `allocated_storage`, or use an engine of Aurora"),
    Rule::new("a Multi-AZ cluster has no storage of Aurora", MULTI_AZ)
        .when(&[MULTI_AZ_CLUSTER])
        .must(&[Not(&StartsWith(own("storage_type"), &["aurora"]))])
        .help("use the storage type `gp3` or `io1`"),
    Rule::new("a Multi-AZ cluster with storage of the type `io1` or `io2` needs `iops`", MULTI_AZ)
        .when(&[Creates, MULTI_AZ_CLUSTER, AnyOf(own("storage_type"), &["io1", "io2"])])
        .must(&[Set(own("iops"))])
        .help("set `iops`, at least 1000"),
    Rule::new("the least capacity is at most the greatest", SERVERLESS)
        .when(&[Set(MIN), Set(MAX)])
        .must(&[NotLess(MAX, MIN)])
        .help("set a larger `max_capacity`"),
    Rule::new("the greatest capacity is 1 to 256", SERVERLESS)
        .when(&[Set(MAX)])
        .must(&[AtLeast(MAX, 1.0), AtMost(MAX, 256.0)])
        .help("set `max_capacity` within this range"),
    Rule::new("the least capacity is 0 to 256", SERVERLESS)
        .when(&[Set(MIN)])
        .must(&[AtLeast(MIN, 0.0), AtMost(MIN, 256.0)])
        .help("set `min_capacity` within this range"),
    Rule::new("a capacity is counted in halves", SERVERLESS)
        .when(&[Set(own("serverless_v2_scaling_configuration"))])
        .must(&[Is_(&Custom { name: "halves", paths: &[MIN, MAX], holds: engines::are_halves })])
        .help("write for example 0.5 or 4"),
    Rule::new("instances pause only when the least capacity is 0", SERVERLESS)
        .when(&[Set(PAUSE), Set(MIN)])
        .must(&[AtMost(MIN, 0.0)])
        .help("set `min_capacity = 0`, or leave `seconds_until_auto_pause` out"),
    Rule::new("instances pause after 5 minutes to 24 hours", SERVERLESS)
        .when(&[Set(PAUSE)])
        .must(&[AtLeast(PAUSE, 300.0), AtMost(PAUSE, 86_400.0)])
        .help("set `seconds_until_auto_pause` within this range"),
    Rule::new("`scaling_configuration` is for the first version of Serverless", CREATE)
        .when(&[Set(own("scaling_configuration")), Creates])
        .must(&[Is(own("engine_mode"), Text("serverless")), Set(own("engine_mode"))])
        .help("use `serverless_v2_scaling_configuration`"),
    Rule::new("only Aurora MySQL can be wound back", BACKTRACK)
        .when(&[AtLeast(own("backtrack_window"), 1.0)])
        .must(&[Is(own("engine"), Text("aurora-mysql"))])
        .help("leave `backtrack_window` out"),
    Rule::new("an Aurora cluster names at most three zones", CREATE)
        .when(&[AURORA, Set(own("availability_zones"))])
        .must(&[Length(own("availability_zones"), 0, 3)])
        .help("leave `availability_zones` out: Aurora chooses three"),
    Rule::new("only an Aurora cluster answers over HTTPS", "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.html")
        .when(&[Is(own("enable_http_endpoint"), Bool(true)), Set(own("engine"))])
        .must(&[AURORA])
        .help("leave `enable_http_endpoint` out"),
    Rule::new("this engine does not have this kind of log", LOGS)
        .when(&[Set(own("enable_cloudwatch_logs_exports")), Set(own("engine"))])
        .must(&[Is_(&Custom {
            name: "logs of the engine",
            paths: &[own("enable_cloudwatch_logs_exports"), own("engine")],
            holds: engines::has_logs,
        })])
        .help("name the engine's own: postgresql of PostgreSQL; audit, error, general and slowquery of MySQL"),
    Rule::new("`master_username` is a reserved word of this engine", CREATE)
        .when(&[Set(own("master_username")), Set(own("engine"))])
        .must(&[Is_(&Custom { name: "free user name", paths: &[own("master_username"), own("engine")], holds: engines::is_free_user })])
        .help("choose another name, for example \"app\""),
    Rule::new("the parameter group is of another family than the engine and its version", GROUPS)
        .when(&[Set(own("db_cluster_parameter_group_name"))])
        .must(&[Is_(&Custom {
            name: "family of the engine",
            paths: &[
                target("db_cluster_parameter_group_name", "aws.rds.DBClusterParameterGroup", "family"),
                own("engine"),
                own("engine_version"),
            ],
            holds: engines::is_family,
        })])
        .help("give the parameter group the family of the engine and its major version, such as \"aurora-postgresql16\""),
    Rule::new("a cluster has at most one source", RESTORE)
        .must(&[AtMostOne(&[
            own("snapshot_identifier"),
            own("source_db_cluster_identifier"),
            own("source_db_cluster_resource_id"),
            own("replication_source_identifier"),
        ])])
        .help("leave all but one of them out"),
    Rule::new("`restore_to_time` and `use_latest_restorable_time` exclude each other", RESTORE)
        .when(&[Set(own("restore_to_time"))])
        .must(&[Not(&Is(own("use_latest_restorable_time"), Bool(true)))])
        .help("leave one of them out"),
    Rule::new("a clone that shares its data is of the latest moment", RESTORE)
        .when(&[Is(own("restore_type"), Text("copy-on-write"))])
        .must(&[Unset(own("restore_to_time"))])
        .help("set `use_latest_restorable_time = true`"),
    Rule::new("settings of Performance Insights need `performance_insights_enabled = true`", INSIGHTS)
        .when(&[Any(&[Set(own("performance_insights_retention_period")), Set(own("performance_insights_kms_key_id"))]), Creates])
        .must(&[Set(own("performance_insights_enabled")), Is(own("performance_insights_enabled"), Bool(true))])
        .help("set `performance_insights_enabled = true`, or leave the settings out"),
    Rule::new("Performance Insights is kept for `7d`, a multiple of `31d` up to `713d`, or `731d`", INSIGHTS)
        .when(&[Set(own("performance_insights_retention_period"))])
        .must(&[RETENTIONS])
        .help("write one of these"),
    Rule::new("`monitoring_interval` above `0s` needs `monitoring_role_arn`", MONITORING)
        .when(&[AtLeast(own("monitoring_interval"), 1.0), Set(own("monitoring_interval"))])
        .must(&[Set(own("monitoring_role_arn"))])
        .help("set `monitoring_role_arn` to a role that `monitoring.rds.amazonaws.com` can assume"),
    Rule::new("the backup window and the maintenance window do not overlap", CREATE)
        .when(&[Set(own("preferred_backup_window")), Set(own("preferred_maintenance_window"))])
        .must(&[Is_(&Custom {
            name: "windows are apart",
            paths: &[own("preferred_backup_window"), own("preferred_maintenance_window")],
            holds: windows_are_apart,
        })])
        .help("move one of the windows"),
    Rule::new("the backup window is at least 30 minutes long", CREATE)
        .when(&[Set(own("preferred_backup_window"))])
        .must(&[Is_(&Custom { name: "long enough", paths: &[own("preferred_backup_window")], holds: window_is_long_enough })])
        .help("write a longer window"),
    Rule::new("`engine_version` never goes back", UPGRADE)
        .must(&[NotLess(own("engine_version"), prior("engine_version"))])
        .help("write the version that runs, or a later one; an older one is a new cluster, filled from a snapshot of the time"),
    Rule::new("a cluster with `deletion_protection = true` is not deleted", DELETE)
        .when(&[Deletes])
        .must(&[Not(&Is(prior("deletion_protection"), Bool(true)))])
        .help("set `deletion_protection = false` and apply, then delete"),
    tag_rule!(),
];
