//! `aws.rds.DBInstance`: attributes here, calls in the modules beside.

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
#[cfg(feature = "rds")]
mod storage;

use std::collections::BTreeMap;
use std::net::IpAddr;

use plat::schema::{AnyResource, Arn, Id};
use plat::value::{Duration, Object, SecretText, Size, Value, Version};
use plat_derive::{Record, Resource};

use super::DbSubnetGroup;
use crate::ec2::SecurityGroup;
use crate::iam::Role;
use crate::kms::Key;
use crate::secretsmanager::Secret;

/// A managed relational database: a server of its own, or a member of an Aurora cluster.
///
/// Made empty, or filled from a snapshot, from a point in time of another instance, or as a read replica of one.
/// Deleting it takes a final snapshot first, as CloudFormation does, unless `skip_final_snapshot` is true; a read replica and a
/// member of a cluster have none of their own.
///
/// ```plat
/// resource db: aws.rds.DBInstance {
///   db_instance_class       = "db.t3.micro"
///   engine                  = "postgres"
///   engine_version          = "15.4"
///   allocated_storage       = 20GiB
///   storage_encrypted       = true
///   backup_retention_period = 7d
///   master_username         = "app"
///   master_user_password    = secret.aws("shop/db")
/// }
/// output host: String? = db.endpoint?.address
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource(
    "aws.rds.DBInstance",
    import = db_instance_identifier,
    arn = db_instance_arn,
    recovery = Name, claims = super::claims::db_instance,
    stateful,
    remains = remains,
    takes(create = "8m", update = "5m", delete = "5m"),
    timeouts(create = "36h", update = "36h", delete = "36h"),
    rules = &[super::rules::INSTANCE]
)]
pub struct DbInstance {
    /// Name of the instance, unique in the account and region. RDS keeps it in lower case. Left out: made from the resource's address.
    #[attr(chosen, replaces, ignore_case, sample("{name}"))]
    pub db_instance_identifier: Option<String>,
    /// Compute and memory, `db.m6i.large`. Left out only for a replica or a restored instance, which take it from their source.
    #[attr(chosen, interrupts = "restarts the database")]
    pub db_instance_class: Option<String>,
    /// Database engine: `postgres`, `mysql`, `mariadb`, `aurora-postgresql`, `oracle-ee`, `sqlserver-se`, … A restored instance takes it from its source.
    #[attr(chosen, replaces, ignore_case)]
    pub engine: Option<String>,
    /// Version of the engine. `15` stands for any 15.x, `15.4` for just that one.
    #[attr(chosen, interrupts = "restarts the database")]
    pub engine_version: Option<Version>,
    /// Whether the instance is charged for extended support after the engine's end of standard support.
    #[attr(chosen, nullable)]
    pub engine_lifecycle_support: Option<String>,
    /// Allow `engine_version` to change to another major version. Not kept by RDS.
    #[attr(optional, write_only)]
    pub allow_major_version_upgrade: Option<bool>,
    /// Install minor versions of the engine by itself in the maintenance window.
    #[attr(optional, default = true)]
    pub auto_minor_version_upgrade: bool,
    /// License of the engine: `license-included`, `bring-your-own-license`, `general-public-license`, `postgresql-license`.
    #[attr(chosen, nullable)]
    pub license_model: Option<String>,

    /// Name of the database made with the instance (for Oracle: the SID). Left out: none is made for PostgreSQL and MySQL.
    #[attr(chosen, nullable, replaces, ignore_case)]
    pub db_name: Option<String>,
    /// System identifier of an Oracle database of RDS Custom.
    #[attr(chosen, nullable, replaces, ignore_case)]
    pub db_system_id: Option<String>,
    /// Name of the first user. A restored instance or replica has its source's.
    #[attr(chosen, nullable, replaces)]
    pub master_username: Option<String>,
    /// Password of the first user: any printable ASCII but `/`, `"`, `@` and space.
    #[attr(optional, write_only)]
    pub master_user_password: Option<SecretText>,
    /// Let RDS make the first user's password, keep it in Secrets Manager and rotate it. Excludes `master_user_password`.
    #[attr(optional, default = false)]
    pub manage_master_user_password: bool,
    /// The secret that RDS keeps when `manage_master_user_password` is true.
    #[attr(chosen, nullable, filled_by = "manage_master_user_password", sample(r#"{"secret_arn": "arn:aws:secretsmanager:{region}:{account}:secret:rds!db-{id}", "kms_key_id": "arn:aws:kms:{region}:{account}:key/{id}"}"#))]
    pub master_user_secret: Option<MasterUserSecret>,
    /// How the first user logs in.
    #[attr(optional, write_only, one_of("iam-db-auth", "password"))]
    pub master_user_authentication_type: Option<String>,
    /// Let IAM users and roles log in to the database.
    #[attr(optional, default = false)]
    pub enable_iam_database_authentication: bool,

    /// Storage at the start. Cannot shrink. Storage that grew by itself up to `max_allocated_storage` shows as a change made
    /// outside: raise the value, or keep it with `@ignore = ["allocated_storage"]`.
    #[attr(chosen, nullable, unit = gib)]
    pub allocated_storage: Option<Size>,
    /// Let the storage grow by itself up to this. Left out: it does not grow.
    #[attr(optional, unit = gib)]
    pub max_allocated_storage: Option<Size>,
    /// `gp2`, `gp3`, `io1`, `io2` or `standard`.
    #[attr(chosen, ignore_case)]
    pub storage_type: Option<String>,
    /// Input and output operations a second, for `io1`, `io2` and `gp3`.
    #[attr(chosen, nullable)]
    pub iops: Option<i64>,
    /// Throughput a second, for `gp3`.
    #[attr(chosen, nullable, unit = mib)]
    pub storage_throughput: Option<Size>,
    /// Further volumes, for Oracle and SQL Server.
    #[attr(optional, unordered)]
    pub additional_storage_volumes: Vec<AdditionalStorageVolume>,
    /// Keep the database's log on a volume of its own.
    #[attr(optional, default = false)]
    pub dedicated_log_volume: bool,
    /// Encrypt the storage. A restored instance or replica is as its source.
    #[attr(chosen, replaces)]
    pub storage_encrypted: Option<bool>,
    /// Key that encrypts the storage; needs `storage_encrypted`. Left out: the account's own key for RDS.
    #[attr(chosen, nullable, replaces, filled_by = "storage_encrypted", sample("arn:aws:kms:{region}:{account}:key/{id}"))]
    pub kms_key_id: Option<Arn<Key>>,

    /// Subnets the instance lives in. Left out: the default subnet group.
    #[attr(chosen, holds, nullable, replaces, ignore_case)]
    pub db_subnet_group_name: Option<Id<DbSubnetGroup>>,
    /// Security groups. Left out: the VPC's default one.
    #[attr(chosen, holds, unordered)]
    pub vpc_security_groups: Vec<Id<SecurityGroup>>,
    /// DB security groups of EC2-Classic; nothing new can use them.
    #[attr(optional, unordered)]
    pub db_security_groups: Vec<String>,
    /// Zone of the instance. Not with `multi_az`.
    #[attr(chosen, replaces)]
    pub availability_zone: Option<String>,
    /// Keep a standby in another zone.
    #[attr(optional, default = false)]
    pub multi_az: bool,
    /// Give the instance an address that the internet can reach.
    #[attr(chosen, nullable)]
    pub publicly_accessible: Option<bool>,
    /// Port the database listens on. Left out: the engine's usual one.
    #[attr(chosen, range = 1150..=65535, interrupts = "restarts the database")]
    pub port: Option<i64>,
    /// `IPV4` or `DUAL`.
    #[attr(chosen, nullable, ignore_case)]
    pub network_type: Option<String>,

    /// How long automated backups are kept. `0d`: none are made.
    #[attr(chosen, nullable, unit = days, range = 0..=35)]
    pub backup_retention_period: Option<Duration>,
    /// Daily time of backups in UTC, `03:00-04:00`.
    #[attr(chosen, nullable)]
    pub preferred_backup_window: Option<String>,
    /// Weekly time of maintenance in UTC, `sun:04:00-sun:05:00`.
    #[attr(chosen, ignore_case)]
    pub preferred_maintenance_window: Option<String>,
    /// Where backups are kept: `region`, `outposts` or `local`.
    #[attr(chosen, nullable, replaces)]
    pub backup_target: Option<String>,
    /// Copy the instance's tags to its snapshots.
    #[attr(optional, default = false)]
    pub copy_tags_to_snapshot: bool,
    /// Remove the automated backups when the instance is deleted. Left out: they are removed.
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
    /// Region that automated backups are copied to.
    #[attr(optional)]
    pub automatic_backup_replication_region: Option<String>,
    /// Key in that region that encrypts the copies.
    #[attr(optional, write_only)]
    pub automatic_backup_replication_kms_key_id: Option<Arn<Key>>,
    /// How long the copies are kept. Left out: as long as the backups.
    #[attr(chosen, nullable, unit = days, range = 1..=35)]
    pub automatic_backup_replication_retention_period: Option<Duration>,

    /// Parameter group. Left out: the engine's default one.
    #[attr(chosen, nullable, ignore_case, interrupts = "restarts the database")]
    pub db_parameter_group_name: Option<String>,
    /// Option group. Left out: the engine's default one.
    #[attr(chosen, nullable, ignore_case)]
    pub option_group_name: Option<String>,
    /// Character set, for engines that have one for each instance.
    #[attr(chosen, nullable, replaces)]
    pub character_set_name: Option<String>,
    /// National character set, for Oracle.
    #[attr(chosen, nullable, replaces)]
    pub nchar_character_set_name: Option<String>,
    /// Time zone, for Db2 and SQL Server.
    #[attr(chosen, nullable, replaces)]
    pub timezone: Option<String>,
    /// Number of CPU cores and threads, for classes that allow to choose.
    #[attr(chosen, unordered)]
    pub processor_features: Vec<ProcessorFeature>,
    /// Go back to the class's own number of cores and threads.
    #[attr(optional, write_only)]
    pub use_default_processor_features: Option<bool>,
    /// Certificate authority of the server's certificate.
    #[attr(chosen, nullable)]
    pub ca_certificate_identifier: Option<String>,
    /// Restart when the certificate changes. Left out: it restarts.
    #[attr(optional, write_only)]
    pub certificate_rotation_restart: Option<bool>,
    /// IAM roles the instance acts with.
    #[attr(optional, unordered)]
    pub associated_roles: Vec<DbInstanceRole>,
    /// Instance profile of the machine under an RDS Custom instance.
    #[attr(chosen, nullable, replaces)]
    pub custom_iam_instance_profile: Option<String>,

    /// Kinds of logs sent to CloudWatch Logs: `postgresql`, `upgrade`, `error`, `general`, `slowquery`, `audit`, …
    #[attr(optional, unordered)]
    pub enable_cloudwatch_logs_exports: Vec<String>,
    /// Keep Performance Insights.
    #[attr(optional, default = false)]
    pub enable_performance_insights: bool,
    /// How long: `7d`, a multiple of `31d` up to `713d`, or `731d`.
    #[attr(chosen, nullable, unit = days, range = 7..=731, filled_by = "enable_performance_insights", sample("7d"))]
    pub performance_insights_retention_period: Option<Duration>,
    /// Key that encrypts Performance Insights. RDS refuses to change it once set.
    #[attr(chosen, nullable, filled_by = "enable_performance_insights", sample("arn:aws:kms:{region}:{account}:key/{id}"))]
    pub performance_insights_kms_key_id: Option<Arn<Key>>,
    /// Mode of Database Insights.
    #[attr(chosen, nullable, one_of("advanced", "standard"))]
    pub database_insights_mode: Option<String>,
    /// Time between points of Enhanced Monitoring: `1s`, `5s`, `10s`, `15s`, `30s` or `60s`; `0s` for none.
    #[attr(optional, default = 0, unit = seconds, range = 0..=60)]
    pub monitoring_interval: Duration,
    /// Role that Enhanced Monitoring writes its logs with; needed when `monitoring_interval` is not `0s`.
    #[attr(chosen, nullable)]
    pub monitoring_role_arn: Option<Arn<Role>>,

    /// Directory of AWS Directory Service to join.
    #[attr(optional)]
    pub domain: Option<String>,
    /// Domain name of one's own Active Directory to join.
    #[attr(optional)]
    pub domain_fqdn: Option<String>,
    /// Organizational unit to join in.
    #[attr(optional)]
    pub domain_ou: Option<String>,
    /// Secret with the user who may join.
    #[attr(optional)]
    pub domain_auth_secret_arn: Option<Arn<Secret>>,
    /// Addresses of the two domain controllers.
    #[attr(optional)]
    pub domain_dns_ips: Vec<IpAddr>,
    /// Role for calls to Directory Service.
    #[attr(optional)]
    pub domain_iam_role_name: Option<String>,

    /// Aurora or Multi-AZ cluster that the instance belongs to.
    #[attr(optional, replaces, ignore_case)]
    pub db_cluster_identifier: Option<String>,
    /// Order in which members of an Aurora cluster take over, 0 first.
    #[attr(chosen, nullable, range = 0..=15)]
    pub promotion_tier: Option<i64>,
    /// Instance to replicate (its ARN when in another region), or to restore from together with `restore_time` or
    /// `use_latest_restorable_time`. A replica that was promoted (`aws rds promote-read-replica`) may drop it.
    #[attr(optional, write_only, follows("restore_time", "use_latest_restorable_time"))]
    pub source_db_instance_identifier: Option<Id<DbInstance>>,
    /// Multi-AZ cluster to replicate. Taking it away promotes the replica.
    #[attr(optional, ignore_case, follows)]
    pub source_db_cluster_identifier: Option<String>,
    /// Region of the source, for a replica of an instance in another region.
    #[attr(chosen, nullable, replaces, write_only)]
    pub source_region: Option<String>,
    /// `open-read-only` or `mounted`, for replicas of Oracle and Db2.
    #[attr(chosen, nullable)]
    pub replica_mode: Option<String>,
    /// Snapshot to restore. May be taken away afterwards; another one makes a new instance.
    #[attr(chosen, nullable, replaces, write_only)]
    pub db_snapshot_identifier: Option<String>,
    /// Snapshot of a Multi-AZ cluster to restore.
    #[attr(chosen, nullable, replaces, write_only)]
    pub db_cluster_snapshot_identifier: Option<String>,
    /// Resource id of the instance to restore a point in time of, when it is gone.
    #[attr(chosen, nullable, replaces, write_only)]
    pub source_dbi_resource_id: Option<String>,
    /// Replicated backups to restore a point in time of.
    #[attr(chosen, nullable, replaces, write_only)]
    pub source_db_instance_automated_backups_arn: Option<Arn<AnyResource>>,
    /// Point in time to restore, `2026-03-01T12:00:00Z`.
    #[attr(chosen, nullable, replaces, write_only)]
    pub restore_time: Option<String>,
    /// Restore the latest point in time there is.
    #[attr(chosen, nullable, replaces, write_only)]
    pub use_latest_restorable_time: Option<bool>,
    /// Key store of Oracle transparent data encryption. Deprecated by AWS.
    #[attr(chosen, nullable)]
    pub tde_credential_arn: Option<String>,
    /// Password of that key store. Deprecated by AWS.
    #[attr(optional, write_only)]
    pub tde_credential_password: Option<SecretText>,

    /// Carry changes out at once, as CloudFormation does when this is left out. `false`: in the next maintenance window.
    #[attr(optional, write_only)]
    pub apply_immediately: Option<bool>,
    /// Tags.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,

    /// ARN of the instance.
    #[attr(computed, sample("arn:aws:rds:{region}:{account}:db:{name}"))]
    pub db_instance_arn: Arn<DbInstance>,
    /// Identifier that stays the same when the instance is renamed.
    #[attr(computed, sample("db-{id}"))]
    pub dbi_resource_id: Option<String>,
    /// Where the database is reached.
    #[attr(computed)]
    pub endpoint: Option<Endpoint>,
    /// Where the listener of a SQL Server availability group is reached.
    #[attr(computed)]
    pub listener_endpoint: Option<Endpoint>,
    /// `available`, `modifying`, `stopped`, …
    #[attr(computed, sample("available"))]
    pub db_instance_status: Option<String>,
    /// When the instance was made.
    #[attr(computed)]
    pub instance_create_time: Option<String>,
    /// The server's certificate.
    #[attr(computed)]
    pub certificate_details: Option<CertificateDetails>,
    /// Zone of the standby.
    #[attr(computed)]
    pub secondary_availability_zone: Option<String>,
    /// Replicas of the instance.
    #[attr(computed, unordered)]
    pub read_replica_db_instance_identifiers: Vec<String>,
    /// Clusters that replicate the instance.
    #[attr(computed, unordered)]
    pub read_replica_db_cluster_identifiers: Vec<String>,
    /// Whether a replica replicates.
    #[attr(computed)]
    pub status_infos: Vec<DbInstanceStatusInfo>,
    /// When a stopped instance starts again by itself.
    #[attr(computed)]
    pub automatic_restart_time: Option<String>,
    /// Latest time that a point-in-time restore can reach. It moves every few minutes.
    #[attr(computed)]
    pub latest_restorable_time: Option<String>,
    /// Progress of a storage change or read replica.
    #[attr(computed)]
    pub percent_progress: Option<String>,
    /// When an RDS Custom instance goes back to full automation.
    #[attr(computed)]
    pub resume_full_automation_mode_time: Option<String>,
    /// Whether the storage can be upgraded to the newer layout.
    #[attr(computed)]
    pub is_storage_config_upgrade_available: Option<bool>,
    /// What is being done to the storage.
    #[attr(computed)]
    pub storage_operation_status: Option<String>,
    /// How far that is, in percent.
    #[attr(computed)]
    pub storage_operation_percent_progress: Option<i64>,
}

/// Where a database is reached.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct Endpoint {
    /// DNS name.
    #[attr(optional)]
    pub address: Option<String>,
    /// Port.
    #[attr(optional)]
    pub port: Option<i64>,
    /// Hosted zone of the name, for alias records.
    #[attr(optional)]
    pub hosted_zone_id: Option<String>,
}

/// The secret in which RDS keeps the first user's password.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct MasterUserSecret {
    /// Key that encrypts it. Left out: the account's own key for Secrets Manager.
    #[attr(optional)]
    pub kms_key_id: Option<Arn<Key>>,
    /// ARN of the secret. Only RDS sets it.
    #[attr(optional)]
    pub secret_arn: Option<Arn<Secret>>,
}

/// One further volume.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct AdditionalStorageVolume {
    /// `RDSDBDATA2`, `RDSDBDATA3` or `RDSDBDATA4`.
    #[attr(optional)]
    pub volume_name: Option<String>,
    /// Storage at the start, from 20 GiB to 64 TiB.
    #[attr(optional, unit = gib)]
    pub allocated_storage: Option<Size>,
    /// Let the storage grow by itself up to this.
    #[attr(optional, unit = gib)]
    pub max_allocated_storage: Option<Size>,
    /// Input and output operations a second.
    #[attr(optional)]
    pub iops: Option<i64>,
    /// Throughput a second, for `gp3`.
    #[attr(optional, unit = mib)]
    pub storage_throughput: Option<Size>,
    /// `gp3` or `io2`.
    #[attr(optional)]
    pub storage_type: Option<String>,
    /// What is being done to the volume. Only RDS sets it.
    #[attr(optional)]
    pub storage_operation_status: Option<String>,
    /// How far that is, in percent. Only RDS sets it.
    #[attr(optional)]
    pub storage_operation_percent_progress: Option<i64>,
}

/// A choice of CPU cores or threads.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ProcessorFeature {
    /// Which.
    #[attr(optional, one_of("coreCount", "threadsPerCore"))]
    pub name: Option<String>,
    /// How many.
    #[attr(optional)]
    pub value: Option<String>,
}

/// A role and what it is for.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct DbInstanceRole {
    /// Feature the role is for: `s3Import`, `Lambda`, `S3_INTEGRATION`, …
    #[attr(required)]
    pub feature_name: String,
    /// The role.
    #[attr(required)]
    pub role_arn: Arn<Role>,
}

/// The server's certificate.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct CertificateDetails {
    /// Certificate authority.
    #[attr(optional)]
    pub ca_identifier: Option<String>,
    /// When it expires.
    #[attr(optional)]
    pub valid_till: Option<String>,
}

/// State of a replica.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct DbInstanceStatusInfo {
    /// `read replication`
    #[attr(optional)]
    pub status_type: Option<String>,
    /// Whether all is well.
    #[attr(optional)]
    pub normal: Option<bool>,
    /// `replicating`, `error`, `stopped`, …
    #[attr(optional)]
    pub status: Option<String>,
    /// What is wrong.
    #[attr(optional)]
    pub message: Option<String>,
}

/// An instance of which every attribute that has a value is asked for.
#[cfg(all(test, feature = "rds"))]
fn asking(instance: &DbInstance) -> plat::provider::Asked<DbInstance> {
    let object = plat::value::ResolvedObject::new(plat::schema::Resource::to_object(instance)).unwrap();
    plat::provider::Asked::new(object).decode().unwrap()
}

/// What remains of the data when an instance with these attributes is deleted.
fn remains(attributes: &Object) -> Option<String> {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str);
    let on = |name: &str| attributes.get(name) == Some(&Value::Bool(true));
    if text("db_cluster_identifier").is_some() {
        return Some("its cluster keeps the data".to_owned());
    }
    let restored = text("restore_time").is_some() || on("use_latest_restorable_time");
    if (text("source_db_instance_identifier").is_some() && !restored) || text("source_db_cluster_identifier").is_some() {
        return Some("its source keeps the data".to_owned());
    }
    if !on("skip_final_snapshot") {
        return Some(final_snapshot(text("final_snapshot_identifier")));
    }
    let kept = attributes.get("delete_automated_backups") == Some(&Value::Bool(false));
    kept.then(|| "its automated backups keep the data until they expire".to_owned())
}

/// What a final snapshot keeps, for a plan.
pub(super) fn final_snapshot(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("the final snapshot `{name}` keeps its data"),
        None => "a final snapshot keeps its data".to_owned(),
    }
}
