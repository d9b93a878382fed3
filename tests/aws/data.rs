//! Databases, caches and secrets straight through the provider: made, changed, deleted, and told by boto3 afterwards.

use plat::provider::ErrorKind;
use plat::value::{Duration, Size, Value, Version};
use serde_json::json;

use super::cloud::Cloud;
use super::engine::{Engine, Thing, inputs, network, password, tags, text, texts};
use super::fault::{Fault, Rule};
use super::witness::boto;

fn database(engine: &Engine, group: &str, security_group: &str) -> Thing {
    let inputs = inputs([
        ("db_instance_identifier", text("Marketing-Websites-DB")),
        ("engine", text("postgres")),
        ("engine_version", Value::Version(Version("15.4".into()))),
        ("db_instance_class", text("db.t3.medium")),
        ("allocated_storage", Value::Size(Size::gib(100))),
        ("max_allocated_storage", Value::Size(Size::gib(1000))),
        ("storage_type", text("gp2")),
        ("storage_encrypted", Value::Bool(true)),
        ("db_name", text("marketing_websites")),
        ("master_username", text("marketing_websites")),
        ("master_user_password", password("correct-horse-battery")),
        ("backup_retention_period", Value::Duration(Duration::days(7))),
        ("preferred_backup_window", text("03:00-04:00")),
        ("preferred_maintenance_window", text("Sun:04:00-Sun:05:00")),
        ("db_subnet_group_name", text(group)),
        ("vpc_security_groups", texts(&[security_group])),
        ("enable_cloudwatch_logs_exports", texts(&["postgresql", "upgrade"])),
        ("final_snapshot_identifier", text("marketing-websites-final-snapshot")),
        ("tags", tags("production")),
    ]);
    engine.create("aws.rds.DBInstance", inputs).unwrap()
}

/// A subnet group of RDS or ElastiCache: made, and changed in all that can change.
fn subnet_group(engine: &Engine, type_name: &str, subnets: &[&str]) -> Thing {
    let (name, description) = match type_name {
        "aws.rds.DBSubnetGroup" => ("db_subnet_group_name", "db_subnet_group_description"),
        _ => ("cache_subnet_group_name", "description"),
    };
    let wanted = inputs([(name, text("Web")), (description, text("web")), ("subnet_ids", texts(subnets)), ("tags", tags("production"))]);
    let mut group = engine.create(type_name, wanted).unwrap();
    engine.change(&mut group, "tags", Some(tags("staging"))).unwrap();
    engine.change(&mut group, description, Some(text("websites"))).unwrap();
    group
}

#[test]
fn a_database_is_made_changed_and_deleted_with_a_last_snapshot() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let [one, two, security_group] = network(&cloud);
    let group = subnet_group(&engine, "aws.rds.DBSubnetGroup", &[&one, &two]);

    let mut db = database(&engine, &group.id, &security_group);
    assert_eq!(db.id, "marketing-websites-db");
    for (attribute, value) in [
        ("db_instance_class", Some(text("db.r5.large"))),
        ("multi_az", Some(Value::Bool(true))),
        ("backup_retention_period", Some(Value::Duration(Duration::days(30)))),
        ("allocated_storage", Some(Value::Size(Size::gib(200)))),
        ("max_allocated_storage", None),
        ("enable_cloudwatch_logs_exports", Some(texts(&["upgrade"]))),
        ("master_user_password", Some(password("another-horse"))),
        ("tags", Some(tags("staging"))),
        ("deletion_protection", Some(Value::Bool(true))),
    ] {
        cloud.proxy.take_ledger();
        engine.change(&mut db, attribute, value).unwrap_or_else(|e| panic!("{attribute}: {e}"));
        let changing = cloud.proxy.ledger().mutations().len();
        assert_eq!(changing, 1, "{attribute}: {}", cloud.proxy.ledger());
    }
    let refused = engine.delete(&db).unwrap_err();
    assert!(refused.message.contains("set `deletion_protection = false`"), "{refused}");
    engine.change(&mut db, "deletion_protection", None).unwrap();

    // plat's own: no call, and the delete takes the name that was applied last.
    cloud.proxy.take_ledger();
    engine.change(&mut db, "final_snapshot_identifier", Some(text("last-of-all"))).unwrap();
    assert_eq!(cloud.proxy.ledger().mutations(), [] as [&str; 0]);

    let told = boto(&cloud, 0, &json!([["rds", "describe_db_instances", {}]]));
    let seen = told[0].get("/DBInstances/0");
    assert_eq!((&seen["DBInstanceClass"], &seen["MultiAZ"], &seen["AllocatedStorage"]), (&json!("db.r5.large"), &json!(true), &json!(200)));

    engine.delete(&db).unwrap();
    engine.delete(&db).unwrap();
    engine.delete(&group).unwrap();
    assert_eq!(engine.read("aws.rds.DBInstance", &[&db.id]), [None]);
    let told = boto(
        &cloud,
        0,
        &json!([["rds", "describe_db_instances", {}], ["rds", "describe_db_snapshots", {}], ["rds", "describe_db_subnet_groups", {}]]),
    );
    assert_eq!(told[0].get("/DBInstances"), &json!([]));
    assert_eq!(told[2].get("/DBSubnetGroups"), &json!([]));
    let snapshots: Vec<_> =
        told[1].get("/DBSnapshots").as_array().unwrap().iter().map(|s| s["DBSnapshotIdentifier"].as_str().unwrap()).collect();
    assert_eq!(snapshots, ["last-of-all"]);
}

#[test]
fn many_databases_are_read_with_one_call() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let create = |name: &str| json!(["rds", "create_db_instance", { "DBInstanceIdentifier": name, "Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, "MasterUsername": "u", "MasterUserPassword": "password1" }]);
    boto(&cloud, 0, &json!([create("a"), create("b"), create("c")]));
    cloud.proxy.take_ledger();
    let read = engine.read("aws.rds.DBInstance", &["c", "missing", "a"]);
    let names: Vec<_> = read.iter().map(|r| r.as_ref().and_then(|r| r.get("db_instance_identifier")).and_then(Value::as_str)).collect();
    assert_eq!(names, [Some("c"), None, Some("a")]);
    assert_eq!(cloud.proxy.ledger().counts(), [("DescribeDBInstances", 1)].into());
}

fn generated(length: i64) -> Value {
    Value::object([("password_length", Value::Int(length)), ("exclude_punctuation", Value::Bool(true))])
}

#[test]
fn a_secret_is_generated_once_and_again_only_when_asked_to() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let wanted = inputs([("name", text("web")), ("generate_secret_string", generated(32)), ("tags", tags("production"))]);
    let mut secret = engine.create("aws.secretsmanager.Secret", wanted).unwrap();
    let first = engine.secret(&secret.id);
    assert_eq!(first.len(), 32);
    assert!(!format!("{:?}", secret.seen).contains(&first));

    engine.change(&mut secret, "description", Some(text("sessions"))).unwrap();
    engine.change(&mut secret, "tags", Some(tags("staging"))).unwrap();
    assert_eq!(engine.secret(&secret.id), first);
    engine.change(&mut secret, "generate_secret_string", Some(generated(20))).unwrap();
    assert_eq!(engine.secret(&secret.id).len(), 20);

    engine.delete(&secret).unwrap();
    engine.delete(&secret).unwrap();
    assert_eq!(engine.read("aws.secretsmanager.Secret", &[&secret.id]), [None]);
    let again = inputs([("name", text("web")), ("secret_string", password("given"))]);
    let again = engine.create_by("0193a1b2-c3d4-7e5f-8a9b-aaaaaaaaaaaa", "aws.secretsmanager.Secret", again).unwrap();
    assert_eq!(engine.secret(&again.id), "given");
}

#[test]
fn a_generated_secret_whose_answer_was_lost_is_the_one_there_is() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let wanted = || inputs([("name", text("web")), ("generate_secret_string", generated(32))]);
    cloud.proxy.inject(Rule::new(Fault::LoseResponse).on("CreateSecret").times(1));
    let secret = engine.create("aws.secretsmanager.Secret", wanted()).unwrap();
    let value = engine.secret(&secret.id);
    // As the engine does it when it does not know: the same operation again, with another random value.
    let repeated = engine.create("aws.secretsmanager.Secret", wanted()).unwrap();
    assert_eq!((repeated.id, engine.secret(&secret.id)), (secret.id.clone(), value));
    let told = boto(&cloud, 0, &json!([["secretsmanager", "list_secrets", {}]]));
    assert_eq!(told[0].get("/SecretList").as_array().unwrap().len(), 1);
}

#[test]
fn a_name_that_somebody_else_has_is_not_taken_over() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    boto(&cloud, 0, &json!([["secretsmanager", "create_secret", { "Name": "web", "SecretString": "theirs" }]]));
    let refused = engine.create("aws.secretsmanager.Secret", inputs([("name", text("web")), ("generate_secret_string", generated(32))]));
    assert_eq!(refused.err().unwrap().kind, ErrorKind::Exists);
    assert_eq!(engine.secret("web"), "theirs");
}

#[test]
fn a_cache_is_made_changed_and_deleted() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let [one, two, security_group] = network(&cloud);
    let group = subnet_group(&engine, "aws.elasticache.SubnetGroup", &[&one, &two]);
    let wanted = inputs([
        ("replication_group_id", text("Sessions")),
        ("replication_group_description", text("sessions")),
        ("engine", text("redis")),
        ("engine_version", Value::Version(Version("7.0".into()))),
        ("cache_node_type", text("cache.t3.medium")),
        ("num_cache_clusters", Value::Int(2)),
        ("automatic_failover_enabled", Value::Bool(true)),
        ("at_rest_encryption_enabled", Value::Bool(true)),
        ("transit_encryption_enabled", Value::Bool(true)),
        ("cache_subnet_group_name", text(&group.id)),
        ("security_group_ids", texts(&[&security_group])),
        ("preferred_maintenance_window", text("Sun:04:00-Sun:05:00")),
        ("tags", tags("a")),
    ]);
    let mut cache = engine.create("aws.elasticache.ReplicationGroup", wanted).unwrap();
    assert_eq!(cache.id, "sessions");
    assert!(matches!(cache.seen.get("primary_end_point"), Some(Value::Object(end_point)) if end_point.contains_key("address")));
    for (attribute, value) in [
        ("cache_node_type", text("cache.r5.large")),
        ("num_cache_clusters", Value::Int(3)),
        ("num_cache_clusters", Value::Int(2)),
        ("snapshot_retention_limit", Value::Duration(Duration::days(3))),
        ("replication_group_description", text("of the web")),
        ("tags", tags("b")),
    ] {
        engine.change(&mut cache, attribute, Some(value)).unwrap_or_else(|e| panic!("{attribute}: {e}"));
    }
    engine.delete(&cache).unwrap();
    engine.delete(&cache).unwrap();
    engine.delete(&group).unwrap();
    let told = boto(&cloud, 0, &json!([["elasticache", "describe_replication_groups", {}]]));
    assert_eq!(told[0].get("/ReplicationGroups"), &json!([]));
}
