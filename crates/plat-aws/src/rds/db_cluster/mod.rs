//! `aws.rds.DBCluster`: attributes here, calls in the modules beside.

#[cfg(feature = "rds")]
mod create;
#[cfg(feature = "rds")]
mod delete;
#[cfg(feature = "rds")]
mod extras;
#[cfg(feature = "rds")]
mod handler;
#[cfg(feature = "rds")]
mod modify;
#[cfg(feature = "rds")]
mod observe;
#[cfg(feature = "rds")]
mod settle;

use std::collections::BTreeMap;

use plat::schema::{Arn, Id};
use plat::value::{Duration, Object, SecretText, Size, Value, Version};
use plat_derive::{Record, Resource};

use super::{DbSubnetGroup, MasterUserSecret};
use crate::ec2::SecurityGroup;
use crate::iam::Role;
use crate::kms::Key;

/// The storage of an Aurora database and what its instances share, or a Multi-AZ cluster of three instances.
///
/// The instances of Aurora are `aws.rds.DBInstance`s with its `db_cluster_identifier`. Made empty, or filled from a snapshot or from a
/// point in time of another cluster. Deleting it takes a final snapshot first, as CloudFormation does, unless `skip_final_snapshot` is true.
///
/// ```plat
/// resource orders: aws.rds.DBCluster {
///   engine                              = "aurora-postgresql"
///   engine_version                      = "16.3"
///   database_name                       = "orders"
///   master_username                     = "app"
///   manage_master_user_password         = true
///   storage_encrypted                   = true
///   serverless_v2_scaling_configuration = { min_capacity = 0.5, max_capacity = 4.0 }
/// }
/// resource first: aws.rds.DBInstance {
///   db_cluster_identifier = orders.db_cluster_identifier
///   db_instance_class     = "db.serverless"
///   engine                = "aurora-postgresql"
/// }
/// output host: String? = orders.endpoint?.address
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource(
    "aws.rds.DBCluster",
    import = db_cluster_identifier,
    arn = db_cluster_arn,
    recovery = Name, claims = super::claims::db_cluster,
    stateful,
    remains = remains,
    takes(create = "2m", update = "2m", delete = "2m"),
    timeouts(create = "36h", update = "36h"),
    rules = &[super::cluster_rules::CLUSTER]
)]
pub struct DbCluster {
    /// Name of the cluster, unique in the account and region. RDS keeps it in lower case. Left out: made from the resource's address.
    #[attr(chosen, replaces, ignore_case, sample("{name}"))]
    pub db_cluster_identifier: Option<String>,
    /// Database engine: `aurora-postgresql`, `aurora-mysql`; `postgres` or `mysql` for a Multi-AZ cluster.
    #[attr(chosen, replaces, ignore_case)]
    pub engine: Option<String>,
    /// Version of the engine, `16.3` or `8.0.mysql_aurora.3.08.0`. `16` stands for any 16.x. A new major version is allowed, as CloudFormation has it.
    #[attr(chosen, interrupts = "restarts the database")]
    pub engine_version: Option<Version>,
    /// `provisioned`, also for Serverless v2, or `serverless` for the first version of it.
    #[attr(chosen, nullable, replaces)]
    pub engine_mode: Option<String>,
    /// Whether the cluster is charged for extended support after the engine's end of standard support.
    #[attr(chosen, nullable)]
    pub engine_lifecycle_support: Option<String>,
    /// Least and greatest capacity of the instances of the class `db.serverless`.
    #[attr(chosen, nullable)]
    pub serverless_v2_scaling_configuration: Option<ServerlessV2ScalingConfiguration>,
    /// Capacity of a cluster whose `engine_mode` is `serverless`.
    #[attr(chosen, nullable)]
    pub scaling_configuration: Option<ScalingConfiguration>,
    /// `limitless` for Aurora PostgreSQL Limitless Database.
    #[attr(chosen, nullable, replaces, write_only, one_of("limitless", "standard"))]
    pub cluster_scalability_type: Option<String>,
    /// Compute and memory of each instance of a Multi-AZ cluster. Aurora's instances say their own.
    #[attr(chosen, nullable, interrupts = "restarts the database")]
    pub db_cluster_instance_class: Option<String>,
    /// Install minor versions of the engine by itself in the maintenance window, in a Multi-AZ cluster. Aurora's instances say their own.
    #[attr(chosen, nullable)]
    pub auto_minor_version_upgrade: Option<bool>,

    /// Name of the database made with the cluster. Left out: none is made.
    #[attr(chosen, nullable, replaces)]
    pub database_name: Option<String>,
    /// System identifier of an Oracle database of RDS Custom.
    #[attr(chosen, nullable, replaces, ignore_case)]
    pub db_system_id: Option<String>,
    /// Name of the first user. A restored cluster has its source's.
    #[attr(chosen, nullable, replaces)]
    pub master_username: Option<String>,
    /// Password of the first user: any printable ASCII but `/`, `"`, `@` and space.
    #[attr(optional, write_only)]
    pub master_user_password: Option<SecretText>,
    /// Let RDS make the first user's password, keep it in Secrets Manager and rotate it. Excludes `master_user_password`.
    #[attr(optional, default = false)]
    pub manage_master_user_password: bool,
    /// The secret that RDS keeps when `manage_master_user_password` is true.
    #[attr(chosen, nullable, filled_by = "manage_master_user_password", sample(r#"{"secret_arn": "arn:aws:secretsmanager:{region}:{account}:secret:rds!cluster-{id}", "kms_key_id": "arn:aws:kms:{region}:{account}:key/{id}"}"#))]
    pub master_user_secret: Option<MasterUserSecret>,
    /// How the first user logs in.
    #[attr(optional, write_only, one_of("iam-db-auth", "password"))]
    pub master_user_authentication_type: Option<String>,
    /// Let IAM users and roles log in to the database.
    #[attr(optional, default = false)]
    pub enable_iam_database_authentication: bool,
    /// Answer statements over HTTPS, through the RDS Data API.
    #[attr(optional, default = false)]
    pub enable_http_endpoint: bool,

    /// Storage of each instance of a Multi-AZ cluster. Aurora's grows and shrinks by itself.
    #[attr(chosen, nullable, unit = gib)]
    pub allocated_storage: Option<Size>,
    /// `aurora`, `aurora-iopt1` (no charge for input and output); `io1`, `io2`, `gp3` for a Multi-AZ cluster.
    #[attr(chosen, nullable, ignore_case)]
    pub storage_type: Option<String>,
    /// Input and output operations a second of each instance of a Multi-AZ cluster.
    #[attr(chosen, nullable)]
    pub iops: Option<i64>,
    /// Encrypt the storage. A restored cluster is as its source.
    #[attr(chosen, replaces)]
    pub storage_encrypted: Option<bool>,
    /// Key that encrypts the storage; needs `storage_encrypted`. Left out: the account's own key for RDS.
    #[attr(chosen, nullable, replaces, filled_by = "storage_encrypted", sample("arn:aws:kms:{region}:{account}:key/{id}"))]
    pub kms_key_id: Option<Arn<Key>>,

    /// Subnets that the instances live in. Left out: the default subnet group.
    #[attr(chosen, holds, nullable, replaces, ignore_case)]
    pub db_subnet_group_name: Option<Id<DbSubnetGroup>>,
    /// Security groups of all instances. Left out: the VPC's default one.
    #[attr(chosen, holds, unordered)]
    pub vpc_security_group_ids: Vec<Id<SecurityGroup>>,
    /// Zones that instances may be in. Aurora keeps the data in three, whatever is said: say those three, or none.
    #[attr(chosen, replaces, unordered)]
    pub availability_zones: Vec<String>,
    /// Give the instances of a Multi-AZ cluster addresses that the internet can reach. Aurora's instances say their own.
    #[attr(chosen, nullable, replaces)]
    pub publicly_accessible: Option<bool>,
    /// Port the database listens on. Left out: the engine's usual one.
    #[attr(chosen, range = 1150..=65535, interrupts = "restarts the database")]
    pub port: Option<i64>,
    /// `IPV4` or `DUAL`.
    #[attr(chosen, nullable, ignore_case)]
    pub network_type: Option<String>,

    /// How long automated backups are kept.
    #[attr(chosen, nullable, unit = days, range = 1..=35)]
    pub backup_retention_period: Option<Duration>,
    /// Daily time of backups in UTC, `03:00-04:00`.
    #[attr(chosen, nullable)]
    pub preferred_backup_window: Option<String>,
    /// Weekly time of maintenance in UTC, `sun:04:00-sun:05:00`.
    #[attr(chosen, nullable, ignore_case)]
    pub preferred_maintenance_window: Option<String>,
    /// How far an Aurora MySQL cluster can be wound back, 72 hours at most. `0s`: not at all.
    #[attr(optional, default = 0, unit = seconds, range = 0..=259200)]
    pub backtrack_window: Duration,
    /// Copy the cluster's tags to its snapshots.
    #[attr(optional, default = false)]
    pub copy_tags_to_snapshot: bool,
    /// Remove the automated backups when the cluster is deleted. Left out: they are removed.
    #[attr(optional, write_only)]
    pub delete_automated_backups: Option<bool>,
    /// Refuse to be deleted.
    #[attr(optional, default = false)]
    pub deletion_protection: bool,
    /// plat's own, not in the registry: name of the snapshot that a delete takes first. Left out: `NAME-final-` and some letters.
    #[attr(optional, write_only, cfn = "")]
    pub final_snapshot_identifier: Option<String>,
    /// plat's own, not in the registry: delete without a final snapshot. The data is lost then.
    #[attr(optional, write_only, default = false, cfn = "")]
    pub skip_final_snapshot: Option<bool>,

    /// Parameter group of the cluster. Left out: the engine's default one. Another one takes effect when the instances start again.
    #[attr(chosen, nullable, ignore_case)]
    pub db_cluster_parameter_group_name: Option<String>,
    /// Parameter group that the instances get when the engine gets a new major version.
    #[attr(optional, write_only)]
    pub db_instance_parameter_group_name: Option<String>,
    /// IAM roles the cluster acts with.
    #[attr(optional, unordered)]
    pub associated_roles: Vec<DbClusterRole>,
    /// Directory of AWS Directory Service to join.
    #[attr(optional)]
    pub domain: Option<String>,
    /// Role for calls to Directory Service.
    #[attr(optional)]
    pub domain_iam_role_name: Option<String>,

    /// Kinds of logs sent to CloudWatch Logs: `postgresql`, `error`, `general`, `slowquery`, `audit`, …
    #[attr(optional, unordered)]
    pub enable_cloudwatch_logs_exports: Vec<String>,
    /// Keep Performance Insights of all instances.
    #[attr(chosen, nullable)]
    pub performance_insights_enabled: Option<bool>,
    /// How long: `7d`, a multiple of `31d` up to `713d`, or `731d`.
    #[attr(chosen, nullable, unit = days, range = 7..=731, filled_by = "performance_insights_enabled", sample("7d"))]
    pub performance_insights_retention_period: Option<Duration>,
    /// Key that encrypts Performance Insights. RDS refuses to change it once set.
    #[attr(chosen, nullable, filled_by = "performance_insights_enabled", sample("arn:aws:kms:{region}:{account}:key/{id}"))]
    pub performance_insights_kms_key_id: Option<Arn<Key>>,
    /// Mode of Database Insights.
    #[attr(chosen, nullable, one_of("advanced", "standard"))]
    pub database_insights_mode: Option<String>,
    /// Time between points of Enhanced Monitoring: `1s`, `5s`, `10s`, `15s`, `30s` or `60s`; `0s` for none.
    #[attr(chosen, nullable, unit = seconds, range = 0..=60)]
    pub monitoring_interval: Option<Duration>,
    /// Role that Enhanced Monitoring writes its logs with; needed when `monitoring_interval` is not `0s`.
    #[attr(chosen, nullable)]
    pub monitoring_role_arn: Option<Arn<Role>>,

    /// Global database that the cluster is a part of. `""` takes it out of one; it cannot be put into one later.
    #[attr(chosen, nullable, ignore_case)]
    pub global_cluster_identifier: Option<String>,
    /// Pass writes on from a cluster of a global database that only reads.
    #[attr(optional, default = false)]
    pub enable_global_write_forwarding: bool,
    /// Pass writes on from the cluster's reading instances.
    #[attr(optional, default = false)]
    pub enable_local_write_forwarding: bool,
    /// ARN of a cluster or instance to replicate. Taking it away promotes the replica.
    #[attr(optional, ignore_case)]
    pub replication_source_identifier: Option<String>,
    /// Region of that source. RDS wants a signed URL for an encrypted source in another region, which plat does not make.
    #[attr(chosen, nullable, replaces, write_only)]
    pub source_region: Option<String>,
    /// Snapshot to restore, of a cluster or, by ARN, of an instance. May be taken away afterwards; another one makes a new cluster.
    #[attr(chosen, nullable, replaces, write_only, ignore_case)]
    pub snapshot_identifier: Option<String>,
    /// Cluster to restore a point in time of.
    #[attr(chosen, nullable, replaces, write_only, ignore_case)]
    pub source_db_cluster_identifier: Option<String>,
    /// Resource id of the cluster to restore a point in time of, when it is gone.
    #[attr(chosen, nullable, replaces, write_only)]
    pub source_db_cluster_resource_id: Option<String>,
    /// `full-copy`, or `copy-on-write` for a clone that shares what neither changes.
    #[attr(chosen, nullable, replaces, write_only)]
    pub restore_type: Option<String>,
    /// Point in time to restore, `2026-03-01T12:00:00Z`.
    #[attr(chosen, nullable, replaces, write_only)]
    pub restore_to_time: Option<String>,
    /// Restore the latest point in time there is.
    #[attr(chosen, nullable, replaces, write_only)]
    pub use_latest_restorable_time: Option<bool>,
    /// Tags.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,

    /// ARN of the cluster.
    #[attr(computed, sample("arn:aws:rds:{region}:{account}:cluster:{name}"))]
    pub db_cluster_arn: Arn<DbCluster>,
    /// Identifier that stays the same when the cluster is renamed.
    #[attr(computed, sample("cluster-{id}"))]
    pub db_cluster_resource_id: Option<String>,
    /// Where to write.
    #[attr(computed)]
    pub endpoint: Option<ClusterEndpoint>,
    /// Where to read: any of the instances that do not write.
    #[attr(computed)]
    pub read_endpoint: Option<ReadEndpoint>,
    /// How the storage is encrypted.
    #[attr(computed)]
    pub storage_encryption_type: Option<String>,
    /// Throughput a second of each instance of a Multi-AZ cluster.
    #[attr(computed, unit = mib)]
    pub storage_throughput: Option<Size>,
}

/// Where a cluster is written to.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ClusterEndpoint {
    /// DNS name.
    #[attr(optional)]
    pub address: Option<String>,
    /// Port.
    #[attr(optional)]
    pub port: Option<i64>,
}

/// Where a cluster is read from.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ReadEndpoint {
    /// DNS name.
    #[attr(optional)]
    pub address: Option<String>,
}

/// A role and what it is for.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct DbClusterRole {
    /// Feature the role is for: `s3Import`, `Lambda`, … Left out for Aurora MySQL.
    #[attr(optional)]
    pub feature_name: Option<String>,
    /// The role.
    #[attr(required)]
    pub role_arn: Arn<Role>,
}

/// Capacity of instances that grow and shrink, in Aurora capacity units: each is about 2 GiB of memory and what goes with it.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ServerlessV2ScalingConfiguration {
    /// Least capacity, in halves; 0 lets the instances pause.
    #[attr(optional)]
    pub min_capacity: Option<f64>,
    /// Greatest capacity, in halves, 256 at most.
    #[attr(optional)]
    pub max_capacity: Option<f64>,
    /// Time without connections after which an instance pauses, from `5m` to `24h`, when the least capacity is 0.
    #[attr(optional, unit = seconds)]
    pub seconds_until_auto_pause: Option<Duration>,
}

/// Capacity of a cluster of the first version of Serverless.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ScalingConfiguration {
    /// Least capacity.
    #[attr(optional)]
    pub min_capacity: Option<i64>,
    /// Greatest capacity.
    #[attr(optional)]
    pub max_capacity: Option<i64>,
    /// Pause when nobody is connected.
    #[attr(optional)]
    pub auto_pause: Option<bool>,
    /// After this time.
    #[attr(optional, unit = seconds)]
    pub seconds_until_auto_pause: Option<Duration>,
    /// How long to look for a moment to change the capacity.
    #[attr(optional, unit = seconds)]
    pub seconds_before_timeout: Option<Duration>,
    /// What to do when there is none: `RollbackCapacityChange` or `ForceApplyCapacityChange`.
    #[attr(optional)]
    pub timeout_action: Option<String>,
}

/// What remains of the data when a cluster with these attributes is deleted.
fn remains(attributes: &Object) -> Option<String> {
    let name = attributes.get("final_snapshot_identifier").and_then(Value::as_str);
    (attributes.get("skip_final_snapshot") != Some(&Value::Bool(true))).then(|| super::db_instance::final_snapshot(name))
}
