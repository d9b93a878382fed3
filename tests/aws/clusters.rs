//! Aurora, read replicas, and databases that are made from snapshots and backups, straight through the provider, and told by boto3 afterwards.

use plat::provider::ErrorKind;
use plat::value::{Duration, Object, Size, Value, Version};
use serde_json::json;

use super::cloud::Cloud;
use super::engine::{Engine, Thing, inputs, network, password, tags, text, texts};
use super::fault::{Fault, Rule};
use super::witness::boto;

fn capacity(least: f64, most: f64) -> Value {
    Value::object([("min_capacity", Value::Float(least)), ("max_capacity", Value::Float(most))])
}

fn wanted(name: &str) -> Object {
    inputs([
        ("db_cluster_identifier", text(name)),
        ("engine", text("aurora-postgresql")),
        ("engine_version", Value::Version(Version("16.3".into()))),
        ("database_name", text("orders")),
        ("master_username", text("app")),
        ("master_user_password", password("correct-horse-battery")),
        ("storage_encrypted", Value::Bool(true)),
        ("backup_retention_period", Value::Duration(Duration::days(7))),
        ("preferred_backup_window", text("03:00-04:00")),
        ("preferred_maintenance_window", text("Sun:04:00-Sun:05:00")),
        ("serverless_v2_scaling_configuration", capacity(0.5, 4.0)),
        ("final_snapshot_identifier", text("orders-last")),
        ("tags", tags("production")),
    ])
}

fn member(engine: &Engine, operation: &str, cluster: &Thing) -> Thing {
    let inputs = inputs([
        ("db_instance_identifier", text(&format!("{}-{operation}", cluster.id))),
        ("db_cluster_identifier", text(&cluster.id)),
        ("db_instance_class", text("db.serverless")),
        ("engine", text("aurora-postgresql")),
        ("tags", tags("production")),
    ]);
    engine.create_by(operation, "aws.rds.DBInstance", inputs).unwrap()
}

#[test]
fn a_cluster_is_made_changed_and_deleted_with_a_last_snapshot() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let [one, two, security_group] = network(&cloud);
    let group =
        inputs([("db_subnet_group_name", text("web")), ("db_subnet_group_description", text("web")), ("subnet_ids", texts(&[&one, &two]))]);
    let group = engine.create("aws.rds.DBSubnetGroup", group).unwrap();
    let mut wanted = wanted("Orders");
    wanted.insert("db_subnet_group_name".into(), text(&group.id));
    wanted.insert("vpc_security_group_ids".into(), texts(&[&security_group]));
    let mut cluster = engine.create("aws.rds.DBCluster", wanted).unwrap();
    assert_eq!(cluster.id, "orders");
    assert!(matches!(cluster.seen.get("endpoint"), Some(Value::Object(endpoint)) if endpoint.contains_key("address")));
    let first = member(&engine, "first", &cluster);

    for (attribute, value) in [
        ("backup_retention_period", Some(Value::Duration(Duration::days(14)))),
        ("serverless_v2_scaling_configuration", Some(capacity(1.0, 8.0))),
        ("preferred_backup_window", Some(text("05:00-06:00"))),
        ("master_user_password", Some(password("another-horse"))),
        ("copy_tags_to_snapshot", Some(Value::Bool(true))),
        ("tags", Some(tags("staging"))),
        ("deletion_protection", Some(Value::Bool(true))),
    ] {
        cloud.proxy.take_ledger();
        engine.change(&mut cluster, attribute, value).unwrap_or_else(|e| panic!("{attribute}: {e}"));
        let changing = cloud.proxy.ledger().mutations().len();
        assert_eq!(changing, 1, "{attribute}: {}", cloud.proxy.ledger());
    }
    let told = boto(&cloud, 0, &json!([["rds", "describe_db_clusters", {}]]));
    let seen = told[0].get("/DBClusters/0");
    assert_eq!(seen["ServerlessV2ScalingConfiguration"]["MaxCapacity"], json!(8.0));
    assert_eq!((&seen["BackupRetentionPeriod"], &seen["DeletionProtection"]), (&json!(14), &json!(true)));
    assert_eq!(seen["DBClusterMembers"][0]["DBInstanceIdentifier"], "orders-first");

    let refused = engine.delete(&cluster).unwrap_err();
    assert!(refused.message.contains("set `deletion_protection = false`"), "{refused}");
    engine.change(&mut cluster, "deletion_protection", None).unwrap();
    engine.delete(&first).unwrap();
    engine.delete(&cluster).unwrap();
    engine.delete(&cluster).unwrap();
    assert_eq!(engine.read("aws.rds.DBCluster", &[&cluster.id]), [None]);
    let told = boto(
        &cloud,
        0,
        &json!([["rds", "describe_db_clusters", {}], ["rds", "describe_db_cluster_snapshots", { "SnapshotType": "manual" }]]),
    );
    assert_eq!(told[0].get("/DBClusters"), &json!([]));
    assert_eq!(told[1].text("/DBClusterSnapshots/0/DBClusterSnapshotIdentifier"), "orders-last");

    // What the snapshot has is not said again.
    let restored = inputs([
        ("db_cluster_identifier", text("again")),
        ("engine", text("aurora-postgresql")),
        ("snapshot_identifier", text("orders-last")),
        ("master_user_password", password("a-third-horse")),
        ("skip_final_snapshot", Value::Bool(true)),
    ]);
    cloud.proxy.take_ledger();
    let restored = engine.create_by("0193a1b2-restored", "aws.rds.DBCluster", restored).unwrap();
    assert_eq!(cloud.proxy.ledger().mutations(), ["RestoreDBClusterFromSnapshot", "ModifyDBCluster"]);
    assert_eq!(restored.seen.get("database_name").and_then(Value::as_str), Some("orders"));
    engine.delete(&restored).unwrap();
}

#[test]
fn a_cluster_lets_rds_keep_its_password_and_is_cloned_to_a_point_in_time() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let mut kept = wanted("orders");
    kept.remove("master_user_password");
    kept.insert("manage_master_user_password".into(), Value::Bool(true));
    let orders = engine.create("aws.rds.DBCluster", kept).unwrap();
    let Some(Value::Object(secret)) = orders.seen.get("master_user_secret") else { panic!("{:?}", orders.seen) };
    assert!(secret.get("secret_arn").and_then(Value::as_str).is_some_and(|arn| arn.contains(":secret:")));

    let copy = inputs([
        ("db_cluster_identifier", text("copy")),
        ("source_db_cluster_identifier", text("orders")),
        ("use_latest_restorable_time", Value::Bool(true)),
        ("manage_master_user_password", Value::Bool(true)),
        ("skip_final_snapshot", Value::Bool(true)),
    ]);
    cloud.proxy.take_ledger();
    let copy = engine.create_by("0193a1b2-copy", "aws.rds.DBCluster", copy).unwrap();
    assert!(cloud.proxy.ledger().mutations().contains(&"RestoreDBClusterToPointInTime"), "{}", cloud.proxy.ledger());
    cloud.proxy.take_ledger();
    let read = engine.read("aws.rds.DBCluster", &["copy", "missing", "orders"]);
    assert_eq!(read.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(cloud.proxy.ledger().counts(), [("DescribeDBClusters", 1)].into());
    engine.delete(&copy).unwrap();
}

#[test]
fn a_cluster_whose_answer_was_lost_is_in_doubt_and_found_by_its_tag() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cloud.proxy.inject(Rule::new(Fault::LoseResponse).on("CreateDBCluster").times(1));
    assert_eq!(engine.create("aws.rds.DBCluster", wanted("orders")).err().unwrap().kind, ErrorKind::InDoubt);
    assert_eq!(engine.find("aws.rds.DBCluster", wanted("orders")).as_deref(), Some("orders"));
    boto(
        &cloud,
        0,
        &json!([["rds", "remove_tags_from_resource", {
            "ResourceName": "arn:aws:rds:us-west-2:123456789012:cluster:orders", "TagKeys": ["plat:operation"]
        }]]),
    );
    assert_eq!(engine.find("aws.rds.DBCluster", wanted("orders")), None, "somebody else's cluster is not taken over");
}

#[test]
fn a_database_is_replicated_and_made_from_a_snapshot_and_from_backups() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let source = inputs([
        ("db_instance_identifier", text("shop")),
        ("engine", text("mysql")),
        ("engine_version", Value::Version(Version("8.0.35".into()))),
        ("db_instance_class", text("db.t3.medium")),
        ("allocated_storage", Value::Size(Size::gib(100))),
        ("storage_encrypted", Value::Bool(true)),
        ("db_name", text("shop")),
        ("master_username", text("app")),
        ("master_user_password", password("correct-horse-battery")),
        ("backup_retention_period", Value::Duration(Duration::days(7))),
        ("final_snapshot_identifier", text("shop-last")),
    ]);
    let shop = engine.create("aws.rds.DBInstance", source).unwrap();
    let made = |name: &str, more: &[(&str, Value)]| {
        let mut wanted = inputs([
            ("db_instance_identifier", text(name)),
            ("db_instance_class", text("db.t3.micro")),
            ("skip_final_snapshot", Value::Bool(true)),
            ("tags", tags(name)),
        ]);
        wanted.extend(more.iter().map(|(attribute, value)| ((*attribute).into(), value.clone())));
        cloud.proxy.take_ledger();
        let made = engine.create_by(&format!("0193a1b2-{name}"), "aws.rds.DBInstance", wanted).unwrap_or_else(|e| panic!("{name}: {e}"));
        let calls = cloud.proxy.ledger().mutations().iter().map(|call| (*call).to_owned()).collect::<Vec<_>>();
        (made, calls)
    };

    let (reports, calls) = made("reports", &[("source_db_instance_identifier", text("shop"))]);
    assert_eq!(calls.first().map(String::as_str), Some("CreateDBInstanceReadReplica"), "{calls:?}");
    let told = boto(&cloud, 0, &json!([["rds", "describe_db_instances", { "DBInstanceIdentifier": "shop" }]]));
    assert_eq!(told[0].get("/DBInstances/0/ReadReplicaDBInstanceIdentifiers"), &json!(["reports"]));

    let backups = [("source_db_instance_identifier", text("shop")), ("use_latest_restorable_time", Value::Bool(true))];
    let (rewound, calls) = made("rewound", &backups);
    assert_eq!(calls.first().map(String::as_str), Some("RestoreDBInstanceToPointInTime"), "{calls:?}");

    engine.delete(&reports).unwrap();
    engine.delete(&shop).unwrap();
    let snapshot = [("db_snapshot_identifier", text("shop-last")), ("master_user_password", password("another-horse"))];
    let (again, calls) = made("again", &snapshot);
    assert_eq!(calls.first().map(String::as_str), Some("RestoreDBInstanceFromDBSnapshot"), "{calls:?}");
    assert_eq!(again.seen.get("db_name").and_then(Value::as_str), Some("shop"));
    engine.delete(&rewound).unwrap();
    engine.delete(&again).unwrap();
}
