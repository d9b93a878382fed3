//! Relations that RDS enforces on instances.

use plat::schema::rules::Literal::{Bool, Int, Text};
use plat::schema::rules::Test::{
    All, Any, AnyOf, AtLeast, AtMost, AtMostOne, Creates, Custom as Is_, Deletes, Equal, Is, Length, MultipleOf, Not, NotLess, Set,
    StartsWith, Together, Unset,
};
use plat::schema::rules::{Custom, Rule, Test, own, prior, target};

use super::engines;
use crate::rules::{tag_rule, window_is_long_enough, windows_are_apart};

const CREATE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html";
const DELETE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html";
const MODIFY: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html";
const RESTORE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html";
const REPLICA: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html";
const STORAGE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html";
const AUTOSCALING: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html";
const UPGRADE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html";
const AURORA: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-replicas-adding.html";
pub(super) const INSIGHTS: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.TurnOnStandard.html";
pub(super) const MONITORING: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html";
pub(super) const GROUPS: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html";
pub(super) const LOGS: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html";
const DOMAIN: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_SQLServer_SelfManagedActiveDirectory.html";

const CLUSTER: &str = "aws.rds.DBCluster";

/// No source: made empty.
const EMPTY: Test = All(&[
    Unset(own("db_cluster_identifier")),
    Unset(own("db_snapshot_identifier")),
    Unset(own("db_cluster_snapshot_identifier")),
    Unset(own("source_db_instance_identifier")),
    Unset(own("source_db_cluster_identifier")),
    Unset(own("source_dbi_resource_id")),
    Unset(own("source_db_instance_automated_backups_arn")),
]);
const REPLICATES: Test =
    All(&[Set(own("source_db_instance_identifier")), Unset(own("restore_time")), Unset(own("use_latest_restorable_time"))]);
const STORAGE_IN_STEPS: Test = Any(&[StartsWith(own("engine"), &["sqlserver", "custom-sqlserver"])]);

/// The instance of a cluster takes this from its cluster.
macro_rules! of_cluster {
    ($attribute:literal, $text:literal) => {
        Rule::new($text, AURORA).when(&[Set(own("db_cluster_identifier"))]).must(&[Unset(own($attribute))]).help(concat!(
            "set `",
            $attribute,
            "` of the cluster, and leave it out here"
        ))
    };
}

pub(super) const INSTANCE: &[Rule] = &[
    Rule::new("`master_user_password` and `manage_master_user_password` exclude each other", CREATE)
        .when(&[Set(own("master_user_password"))])
        .must(&[Not(&Is(own("manage_master_user_password"), Bool(true)))])
        .help("leave one of them out"),
    Rule::new("an instance with `multi_az` has no `availability_zone` of its own", CREATE)
        .when(&[Is(own("multi_az"), Bool(true))])
        .must(&[Unset(own("availability_zone"))])
        .help("leave `availability_zone` out: RDS chooses two zones of the subnet group"),
    Rule::new("`monitoring_interval` above `0s` needs `monitoring_role_arn`", MONITORING)
        .when(&[AtLeast(own("monitoring_interval"), 1.0), Unset(own("db_cluster_identifier"))])
        .must(&[Set(own("monitoring_role_arn"))])
        .help("set `monitoring_role_arn` to a role that `monitoring.rds.amazonaws.com` can assume"),
    Rule::new("a new instance with `monitoring_role_arn` needs `monitoring_interval` above `0s`", MONITORING)
        .when(&[Creates, Set(own("monitoring_role_arn"))])
        .must(&[AtLeast(own("monitoring_interval"), 1.0)])
        .help("set `monitoring_interval = 60s`, or leave `monitoring_role_arn` out"),
    Rule::new("`monitoring_interval` is `0s`, `1s`, `5s`, `10s`, `15s`, `30s` or `60s`", CREATE)
        .when(&[Set(own("monitoring_interval"))])
        .must(&[INTERVALS])
        .help("write one of these"),
    // Storage.
    Rule::new("storage of the types `gp2` and `standard` has no `iops`", STORAGE)
        .when(&[AnyOf(own("storage_type"), &["gp2", "standard"])])
        .must(&[Unset(own("iops"))])
        .help("leave `iops` out, or use the storage type `gp3`, `io1` or `io2`"),
    Rule::new("only storage of the type `gp3` has `storage_throughput`", STORAGE)
        .when(&[AnyOf(own("storage_type"), &["gp2", "standard", "io1", "io2"])])
        .must(&[Unset(own("storage_throughput"))])
        .help("leave `storage_throughput` out, or use the storage type `gp3`"),
    Rule::new("storage of the types `io1` and `io2` needs `iops`", STORAGE)
        .when(&[AnyOf(own("storage_type"), &["io1", "io2"]), EMPTY, Creates])
        .must(&[Set(own("iops"))])
        .help("set `iops`, at least 1000"),
    Rule::new("storage of the types `io1` and `io2` has 1000 to 256000 `iops`", STORAGE)
        .when(&[AnyOf(own("storage_type"), &["io1", "io2"]), Set(own("iops"))])
        .must(&[AtLeast(own("iops"), 1000.0), AtMost(own("iops"), 256_000.0)])
        .help("set `iops` within this range"),
    Rule::new("storage of the types `io1` and `io2` is at least 100GiB", STORAGE)
        .when(&[AnyOf(own("storage_type"), &["io1", "io2"]), Set(own("allocated_storage"))])
        .must(&[AtLeast(own("allocated_storage"), 100.0)])
        .help("set `allocated_storage` to 100GiB or more, or use the storage type `gp3`"),
    Rule::new("storage of the types `gp2` and `gp3` is at least 20GiB", STORAGE)
        .when(&[AnyOf(own("storage_type"), &["gp2", "gp3"]), Set(own("allocated_storage"))])
        .must(&[AtLeast(own("allocated_storage"), 20.0)])
        .help("set `allocated_storage` to 20GiB or more"),
    Rule::new("storage is at most 65536GiB", STORAGE)
        .when(&[Set(own("allocated_storage"))])
        .must(&[AtMost(own("allocated_storage"), 65_536.0)])
        .help("set `allocated_storage` to 65536GiB or less"),
    Rule::new("storage of the type `gp3` has `iops` and `storage_throughput` of its own only from 400GiB on", STORAGE)
        .when(&[
            Is(own("storage_type"), Text("gp3")),
            Not(&STORAGE_IN_STEPS),
            Not(&StartsWith(own("engine"), &["oracle", "custom-oracle"])),
        ])
        .must(&[Any(&[AtLeast(own("allocated_storage"), 400.0), All(&[Unset(own("iops")), Unset(own("storage_throughput"))])])])
        .help("leave `iops` and `storage_throughput` out: smaller storage has 3000 and 125MiB"),
    Rule::new("storage of the type `gp3` of Oracle has `iops` and `storage_throughput` of its own only from 200GiB on", STORAGE)
        .when(&[Is(own("storage_type"), Text("gp3")), StartsWith(own("engine"), &["oracle", "custom-oracle"])])
        .must(&[Any(&[AtLeast(own("allocated_storage"), 200.0), All(&[Unset(own("iops")), Unset(own("storage_throughput"))])])])
        .help("leave `iops` and `storage_throughput` out: smaller storage has 3000 and 125MiB"),
    Rule::new("storage has at most 50 `iops` per GiB with `io1`, 500 with `gp3` and 1000 with `io2`", STORAGE)
        .when(&[Set(own("iops")), Set(own("allocated_storage"))])
        .must(&[Is_(&Custom {
            name: "iops per GiB",
            paths: &[own("iops"), own("allocated_storage"), own("storage_type")],
            holds: engines::iops_fit,
        })])
        .help("set fewer `iops` or a larger `allocated_storage`"),
    Rule::new("`max_allocated_storage` is at least a tenth more than `allocated_storage`", AUTOSCALING)
        .when(&[Set(own("max_allocated_storage")), Set(own("allocated_storage"))])
        .must(&[Is_(&Custom {
            name: "room to grow",
            paths: &[own("max_allocated_storage"), own("allocated_storage")],
            holds: engines::has_room,
        })])
        .help("set a larger `max_allocated_storage`, or leave it out to keep the storage from growing by itself"),
    Rule::new("`allocated_storage` never shrinks", MODIFY)
        .must(&[NotLess(own("allocated_storage"), prior("allocated_storage"))])
        .help("write at least the size that the storage has; a smaller database is a new one, filled from a dump"),
    Rule::new("`kms_key_id` needs `storage_encrypted = true`", CREATE)
        .when(&[Set(own("kms_key_id")), EMPTY])
        .must(&[Set(own("storage_encrypted")), Is(own("storage_encrypted"), Bool(true))])
        .help("set `storage_encrypted = true`, or leave `kms_key_id` out"),
    Rule::new("a volume for the log of its own needs storage of the type `io1` or `io2`", STORAGE)
        .when(&[Is(own("dedicated_log_volume"), Bool(true)), Set(own("storage_type"))])
        .must(&[AnyOf(own("storage_type"), &["io1", "io2"])])
        .help("use the storage type `io1` or `io2`, or leave `dedicated_log_volume` out"),
    // What a new instance needs.
    Rule::new("a new instance needs `engine`", CREATE)
        .when(&[Creates, EMPTY])
        .must(&[Set(own("engine"))])
        .help("set `engine`, for example to \"postgres\""),
    Rule::new("a new instance needs `db_instance_class`", CREATE)
        .when(&[Creates, EMPTY])
        .must(&[Set(own("db_instance_class"))])
        .help("set `db_instance_class`, for example to \"db.t4g.micro\""),
    Rule::new("a new instance outside a cluster needs `allocated_storage`", CREATE)
        .when(&[Creates, EMPTY, Not(&StartsWith(own("engine"), &["aurora"]))])
        .must(&[Set(own("allocated_storage"))])
        .help("set `allocated_storage`, at least 20GiB"),
    Rule::new("a new instance outside a cluster needs `master_username`", CREATE)
        .when(&[Creates, EMPTY, Not(&StartsWith(own("engine"), &["aurora", "db2"]))])
        .must(&[Set(own("master_username"))])
        .help("set `master_username`"),
    Rule::new("a new instance outside a cluster needs `master_user_password` or `manage_master_user_password = true`", CREATE)
        .when(&[Creates, EMPTY, Not(&StartsWith(own("engine"), &["aurora"])), Unset(own("master_user_authentication_type"))])
        .must(&[Any(&[Set(own("master_user_password")), Is(own("manage_master_user_password"), Bool(true))])])
        .help("set `manage_master_user_password = true`: RDS then keeps the password in Secrets Manager"),
    // Engines.
    Rule::new("an instance of an Aurora engine belongs to a cluster", CREATE)
        .when(&[StartsWith(own("engine"), &["aurora"]), Creates])
        .must(&[Set(own("db_cluster_identifier"))])
        .help("set `db_cluster_identifier` to an `aws.rds.DBCluster`, or use the engine \"postgres\" or \"mysql\""),
    Rule::new("the class `db.serverless` is for instances of Aurora clusters", CREATE)
        .when(&[Is(own("db_instance_class"), Text("db.serverless"))])
        .must(&[Set(own("db_cluster_identifier"))])
        .help("set `db_cluster_identifier`, or use a class such as \"db.t4g.micro\""),
    Rule::new("the storage types `aurora` and `aurora-iopt1` are those of Aurora clusters", CREATE)
        .when(&[AnyOf(own("storage_type"), &["aurora", "aurora-iopt1"]), Set(own("engine"))])
        .must(&[StartsWith(own("engine"), &["aurora"])])
        .help("use the storage type `gp3`"),
    Rule::new("this engine does not have this license model", CREATE)
        .when(&[Set(own("license_model")), Set(own("engine"))])
        .must(&[Is_(&Custom { name: "license of the engine", paths: &[own("license_model"), own("engine")], holds: engines::has_license })])
        .help("leave `license_model` out"),
    Rule::new("SQL Server has no `db_name`", CREATE)
        .when(&[StartsWith(own("engine"), &["sqlserver"])])
        .must(&[Unset(own("db_name"))])
        .help("leave `db_name` out, and create the database with SQL"),
    Rule::new("only SQL Server and Db2 have a `timezone`", CREATE)
        .when(&[Set(own("timezone")), Set(own("engine"))])
        .must(&[StartsWith(own("engine"), &["sqlserver", "custom-sqlserver", "db2"])])
        .help("leave `timezone` out; other engines set it in the parameter group"),
    Rule::new("only Oracle has `nchar_character_set_name`", CREATE)
        .when(&[Set(own("nchar_character_set_name")), Set(own("engine"))])
        .must(&[StartsWith(own("engine"), &["oracle", "custom-oracle"])])
        .help("leave `nchar_character_set_name` out"),
    Rule::new("this engine has no login by IAM", CREATE)
        .when(&[Is(own("enable_iam_database_authentication"), Bool(true)), Set(own("engine"))])
        .must(&[StartsWith(own("engine"), &["postgres", "mysql", "mariadb", "aurora"])])
        .help("leave `enable_iam_database_authentication` out"),
    Rule::new("this engine does not have this kind of log", LOGS)
        .when(&[Set(own("enable_cloudwatch_logs_exports")), Set(own("engine"))])
        .must(&[Is_(&Custom {
            name: "logs of the engine",
            paths: &[own("enable_cloudwatch_logs_exports"), own("engine")],
            holds: engines::has_logs,
        })])
        .help("name the engine's own: postgresql and upgrade of PostgreSQL; audit, error, general and slowquery of MySQL and MariaDB"),
    Rule::new("`master_username` is a reserved word of this engine", CREATE)
        .when(&[Set(own("master_username")), Set(own("engine"))])
        .must(&[Is_(&Custom { name: "free user name", paths: &[own("master_username"), own("engine")], holds: engines::is_free_user })])
        .help("choose another name, for example \"app\""),
    Rule::new("`db_name` is a reserved word of this engine", CREATE)
        .when(&[Set(own("db_name")), Set(own("engine"))])
        .must(&[Is_(&Custom { name: "free database name", paths: &[own("db_name"), own("engine")], holds: engines::is_free_database })])
        .help("choose another name, for example \"app\""),
    Rule::new("`master_user_password` has 8 to 128 characters, and at most 41 with MySQL and MariaDB and 30 with Oracle", CREATE)
        .when(&[Set(own("master_user_password"))])
        .must(&[Is_(&Custom {
            name: "password of the engine",
            paths: &[own("master_user_password"), own("engine")],
            holds: engines::is_password,
        })])
        .help("use a password of this length, or `manage_master_user_password = true`"),
    Rule::new("the parameter group is of another family than the engine and its version", GROUPS)
        .when(&[Set(own("db_parameter_group_name"))])
        .must(&[Is_(&Custom {
            name: "family of the engine",
            paths: &[target("db_parameter_group_name", "aws.rds.DBParameterGroup", "family"), own("engine"), own("engine_version")],
            holds: engines::is_family,
        })])
        .help("give the parameter group the family of the engine and its major version, such as \"postgres16\""),
    Rule::new("SQL Server does not listen on this port", CREATE)
        .when(&[StartsWith(own("engine"), &["sqlserver"]), Set(own("port"))])
        .must(&[Not(&Any(&[
            Is(own("port"), Int(1234)),
            Is(own("port"), Int(1434)),
            Is(own("port"), Int(3260)),
            Is(own("port"), Int(3343)),
            Is(own("port"), Int(3389)),
            Is(own("port"), Int(47_001)),
            All(&[AtLeast(own("port"), 49_152.0), AtMost(own("port"), 49_156.0)]),
        ]))])
        .help("leave `port` out: it is 1433 then"),
    // Members of clusters.
    of_cluster!("engine_version", "an instance of a cluster has the cluster's `engine_version`"),
    of_cluster!("master_username", "an instance of a cluster has the cluster's `master_username`"),
    of_cluster!("master_user_password", "an instance of a cluster has the cluster's `master_user_password`"),
    of_cluster!("db_name", "an instance of a cluster has no `db_name` of its own"),
    of_cluster!("allocated_storage", "an instance of a cluster has the cluster's storage"),
    of_cluster!("max_allocated_storage", "an instance of a cluster has the cluster's storage, which needs no `max_allocated_storage`"),
    of_cluster!("iops", "an instance of a cluster has the cluster's `iops`"),
    of_cluster!("storage_encrypted", "an instance of a cluster is encrypted as the cluster is"),
    of_cluster!("kms_key_id", "an instance of a cluster is encrypted with the cluster's key"),
    of_cluster!("backup_retention_period", "an instance of a cluster has the cluster's `backup_retention_period`"),
    of_cluster!("preferred_backup_window", "an instance of a cluster has the cluster's `preferred_backup_window`"),
    of_cluster!("port", "an instance of a cluster listens on the cluster's `port`"),
    of_cluster!("vpc_security_groups", "an instance of a cluster has the cluster's security groups"),
    Rule::new("an instance of a cluster has the cluster's `deletion_protection` and `manage_master_user_password`", AURORA)
        .when(&[Set(own("db_cluster_identifier"))])
        .must(&[Not(&Is(own("deletion_protection"), Bool(true))), Not(&Is(own("manage_master_user_password"), Bool(true)))])
        .help("set them of the cluster, and leave them out here"),
    Rule::new("an instance of a cluster has no `multi_az`: the cluster has instances in several zones", AURORA)
        .when(&[Set(own("db_cluster_identifier"))])
        .must(&[Not(&Is(own("multi_az"), Bool(true)))])
        .help("leave `multi_az` out, and add another instance"),
    Rule::new("an instance of a cluster has the cluster's engine", AURORA)
        .when(&[Set(own("db_cluster_identifier")), Set(own("engine"))])
        .must(&[Equal(own("engine"), target("db_cluster_identifier", CLUSTER, "engine"))])
        .help("write the engine of the cluster"),
    Rule::new("`promotion_tier` is for instances of clusters", CREATE)
        .when(&[Set(own("promotion_tier"))])
        .must(&[Set(own("db_cluster_identifier"))])
        .help("leave `promotion_tier` out"),
    // Sources.
    Rule::new("an instance has at most one source", RESTORE)
        .must(&[AtMostOne(&[
            own("db_snapshot_identifier"),
            own("db_cluster_snapshot_identifier"),
            own("source_db_instance_identifier"),
            own("source_db_cluster_identifier"),
            own("source_dbi_resource_id"),
            own("source_db_instance_automated_backups_arn"),
        ])])
        .help("leave all but one of them out"),
    Rule::new("`restore_time` and `use_latest_restorable_time` exclude each other", RESTORE)
        .when(&[Set(own("restore_time"))])
        .must(&[Not(&Is(own("use_latest_restorable_time"), Bool(true)))])
        .help("leave one of them out"),
    Rule::new("a replica has the users, the database and the first password of its source", REPLICA)
        .when(&[REPLICATES])
        .must(&[Unset(own("master_username")), Unset(own("db_name")), Not(&Is(own("manage_master_user_password"), Bool(true)))])
        .help("leave them out"),
    Rule::new("a replica has the engine of its source", REPLICA)
        .when(&[REPLICATES, Set(own("engine"))])
        .must(&[Equal(own("engine"), target("source_db_instance_identifier", "aws.rds.DBInstance", "engine"))])
        .help("leave `engine` out"),
    Rule::new("the source of a replica keeps automated backups", REPLICA)
        .when(&[REPLICATES])
        .must(&[Not(&Is(target("source_db_instance_identifier", "aws.rds.DBInstance", "backup_retention_period"), Int(0)))])
        .help("set `backup_retention_period` of the source to at least 1d"),
    Rule::new("an instance filled from a snapshot has the snapshot's first user and database", CREATE)
        .when(&[Set(own("db_snapshot_identifier"))])
        .must(&[Unset(own("master_username"))])
        .help("leave `master_username` out"),
    // Performance Insights.
    Rule::new("settings of Performance Insights need `enable_performance_insights = true`", INSIGHTS)
        .when(&[
            Any(&[Set(own("performance_insights_retention_period")), Set(own("performance_insights_kms_key_id"))]),
            Unset(own("db_cluster_identifier")),
        ])
        .must(&[Is(own("enable_performance_insights"), Bool(true))])
        .help("set `enable_performance_insights = true`, or leave the settings out"),
    Rule::new("Performance Insights is kept for `7d`, a multiple of `31d` up to `713d`, or `731d`", INSIGHTS)
        .when(&[Set(own("performance_insights_retention_period"))])
        .must(&[RETENTIONS])
        .help("write one of these"),
    Rule::new("the mode `advanced` of Database Insights needs Performance Insights kept for at least `465d`", INSIGHTS)
        .when(&[Is(own("database_insights_mode"), Text("advanced")), Unset(own("db_cluster_identifier"))])
        .must(&[
            Is(own("enable_performance_insights"), Bool(true)),
            AtLeast(own("performance_insights_retention_period"), 465.0 * 86_400.0),
        ])
        .help("set `enable_performance_insights = true` and `performance_insights_retention_period = 465d`"),
    // Windows, domains, processors.
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
    Rule::new("the maintenance window is at least 30 minutes long", CREATE)
        .when(&[Set(own("preferred_maintenance_window"))])
        .must(&[Is_(&Custom { name: "long enough", paths: &[own("preferred_maintenance_window")], holds: window_is_long_enough })])
        .help("write a longer window"),
    Rule::new("`domain` and `domain_iam_role_name` belong together", CREATE)
        .must(&[Together(&[own("domain"), own("domain_iam_role_name")])])
        .help("set both, or leave both out"),
    Rule::new("a directory of AWS and one of your own exclude each other", DOMAIN)
        .must(&[AtMostOne(&[own("domain"), own("domain_fqdn")])])
        .help("leave `domain` or `domain_fqdn` out"),
    Rule::new("a directory of your own needs its name, unit, secret and addresses", DOMAIN)
        .when(&[Set(own("domain_fqdn"))])
        .must(&[Set(own("domain_ou")), Set(own("domain_auth_secret_arn")), Set(own("domain_dns_ips"))])
        .help("set `domain_ou`, `domain_auth_secret_arn` and `domain_dns_ips`"),
    Rule::new("`processor_features` and `use_default_processor_features` exclude each other", MODIFY)
        .when(&[Set(own("processor_features"))])
        .must(&[Not(&Is(own("use_default_processor_features"), Bool(true)))])
        .help("leave one of them out"),
    // Versions.
    Rule::new("`engine_version` never goes back", UPGRADE)
        .must(&[NotLess(own("engine_version"), prior("engine_version"))])
        .help("write the version that runs, or a later one; an older one is a new instance, filled from a snapshot of the time"),
    Rule::new("another major version needs `allow_major_version_upgrade = true`", UPGRADE)
        .when(&[
            Is_(&Custom {
                name: "another major version",
                paths: &[own("engine_version"), prior("engine_version"), own("engine")],
                holds: engines::is_major_upgrade,
            }),
            Unset(own("db_cluster_identifier")),
        ])
        .must(&[Is(own("allow_major_version_upgrade"), Bool(true))])
        .help("test the upgrade on a copy, then set `allow_major_version_upgrade = true`"),
    Rule::new("an instance with `deletion_protection = true` is not deleted", DELETE)
        .when(&[Deletes])
        .must(&[Not(&Is(prior("deletion_protection"), Bool(true)))])
        .help("set `deletion_protection = false` and apply, then delete"),
    tag_rule!(),
];

const INTERVALS: Test = Any(&[
    Is(own("monitoring_interval"), Int(0)),
    Is(own("monitoring_interval"), Int(1)),
    Is(own("monitoring_interval"), Int(5)),
    Is(own("monitoring_interval"), Int(10)),
    Is(own("monitoring_interval"), Int(15)),
    Is(own("monitoring_interval"), Int(30)),
    Is(own("monitoring_interval"), Int(60)),
]);

pub(super) const RETENTIONS: Test = Any(&[
    Is(own("performance_insights_retention_period"), Int(7 * 86_400)),
    Is(own("performance_insights_retention_period"), Int(731 * 86_400)),
    All(&[
        MultipleOf(own("performance_insights_retention_period"), 31 * 86_400),
        AtMost(own("performance_insights_retention_period"), 713.0 * 86_400.0),
    ]),
]);

const ZONES: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html";

pub(super) const SUBNET_GROUP: &[Rule] = &[
    Rule::new("a DB subnet group has subnets in at least two zones", ZONES)
        .when(&[Length(own("subnet_ids"), 2, usize::MAX)])
        .must(&[Test::Spread { through: own("subnet_ids"), type_name: "aws.ec2.Subnet", attribute: "availability_zone", least: 2 }])
        .help("add a subnet in another zone"),
    Rule::new("a DB subnet group has at least two subnets, in two zones", ZONES)
        .when(&[PLANNED])
        .must(&[Length(own("subnet_ids"), 2, usize::MAX)])
        .help("add a subnet in another zone"),
    tag_rule!(),
];

/// Decided by the plan alone.
const PLANNED: Test = Any(&[Creates, Not(&Creates)]);

pub(super) const PARAMETER_GROUP: &[Rule] = &[tag_rule!()];
