//! What is sent is what is asked for or changed, and a wait that ends is no failure. The emulators fill in and refuse what AWS does, and
//! boto3 tells afterwards.

use plat::provider::ErrorKind;
use plat::value::{Duration, Object, Size, Value, Version};
use serde_json::{Value as Json, json};

use super::cloud::Cloud;
use super::engine::{Engine, inputs, network, password, text, texts};
use super::fault::{Fault, Rule};
use super::witness::boto;

const ROLE: &str = "arn:aws:iam::123456789012:role/monitoring";

fn gib(size: u64) -> Option<Value> {
    Some(Value::Size(Size::gib(size)))
}

fn database(name: &str) -> Object {
    inputs([
        ("db_instance_identifier", text(name)),
        ("engine", text("postgres")),
        ("engine_version", Value::Version(Version("15.4".into()))),
        ("db_instance_class", text("db.t3.medium")),
        ("allocated_storage", Value::Size(Size::gib(100))),
        ("storage_type", text("gp3")),
        ("master_username", text("app")),
        ("master_user_password", password("correct-horse-battery")),
        ("skip_final_snapshot", Value::Bool(true)),
    ])
}

/// What boto3 tells of a database.
fn told(cloud: &Cloud, name: &str) -> Json {
    let told = boto(cloud, 0, &json!([["rds", "describe_db_instances", { "DBInstanceIdentifier": name }]]));
    told[0].get("/DBInstances/0").clone()
}

#[test]
fn storage_grows_without_the_rate_that_rds_chose() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let mut db = engine.create("aws.rds.DBInstance", database("orders")).unwrap();
    for (size, rate) in [(200, 3_000), (400, 12_000), (500, 12_000)] {
        engine.change(&mut db, "allocated_storage", gib(size)).unwrap();
        let told = told(&cloud, "orders");
        assert_eq!((&told["AllocatedStorage"], &told["Iops"]), (&json!(size), &json!(rate)));
    }
    engine.change(&mut db, "iops", Some(Value::Int(15_000))).unwrap();
    engine.change(&mut db, "allocated_storage", gib(600)).unwrap();
    assert_eq!(told(&cloud, "orders")["Iops"], json!(15_000));
    // Less than the least that there is: RDS refuses, and plat does not hide that.
    let mut other = engine.create("aws.rds.DBInstance", database("other")).unwrap();
    let refused = engine.change(&mut other, "iops", Some(Value::Int(4_000))).unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (ErrorKind::Refused, "InvalidParameterCombination"));
}

#[test]
fn monitoring_is_turned_off_without_its_role() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let mut wanted = database("orders");
    wanted.insert("monitoring_interval".into(), Value::Duration(Duration::seconds(60)));
    wanted.insert("monitoring_role_arn".into(), text(ROLE));
    let mut db = engine.create("aws.rds.DBInstance", wanted).unwrap();
    engine.change(&mut db, "monitoring_interval", Some(Value::Duration(Duration::seconds(30)))).unwrap();
    assert_eq!(told(&cloud, "orders")["MonitoringRoleArn"], json!(ROLE));
    engine.change_all(&mut db, &[("monitoring_interval", None), ("monitoring_role_arn", None)]).unwrap();
    let told = told(&cloud, "orders");
    assert_eq!((&told["MonitoringInterval"], told.get("MonitoringRoleArn")), (&json!(0), None));
}

#[test]
fn only_the_pending_values_of_the_own_call_are_waited_for() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud).within(20);
    let mut db = engine.create("aws.rds.DBInstance", database("orders")).unwrap();
    let later = json!({ "DBInstanceIdentifier": "orders", "BackupRetentionPeriod": 5, "ApplyImmediately": false });
    boto(&cloud, 0, &json!([["rds", "modify_db_instance", later]]));
    engine.change(&mut db, "allocated_storage", gib(200)).unwrap();
    let told = told(&cloud, "orders");
    assert_eq!((&told["AllocatedStorage"], &told["PendingModifiedValues"]["BackupRetentionPeriod"]), (&json!(200), &json!(5)));
}

#[test]
fn a_new_member_keeps_the_insights_monitoring_and_version_of_its_cluster() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let cluster = json!({
        "DBClusterIdentifier": "aurora", "Engine": "aurora-postgresql", "EngineVersion": "16.3", "MasterUsername": "app",
        "MasterUserPassword": "correct-horse-battery", "EnablePerformanceInsights": true, "MonitoringInterval": 60, "MonitoringRoleArn": ROLE,
    });
    boto(&cloud, 0, &json!([["rds", "create_db_cluster", cluster]]));
    let wanted = inputs([
        ("db_instance_identifier", text("aurora-1")),
        ("db_cluster_identifier", text("aurora")),
        ("db_instance_class", text("db.r6g.large")),
        ("engine", text("aurora-postgresql")),
        ("engine_version", Value::Version(Version("16.3".into()))),
    ]);
    let inherits = |told: Json| {
        assert_eq!((&told["PerformanceInsightsEnabled"], &told["MonitoringInterval"]), (&json!(true), &json!(60)));
        assert_eq!((&told["MonitoringRoleArn"], &told["EngineVersion"]), (&json!(ROLE), &json!("16.3")));
    };
    // Not by `create`: its check that defaults are read back does not hold for what is the cluster's.
    engine.made("aws.rds.DBInstance", wanted.clone()).unwrap();
    inherits(told(&cloud, "aurora-1"));
    assert_eq!(cloud.proxy.ledger().count("ModifyDBInstance"), 0);
    let seen = engine.read("aws.rds.DBInstance", &["aurora-1"]).pop().flatten().unwrap();
    assert_eq!(seen.get("enable_performance_insights"), Some(&Value::Bool(true)));
}

#[test]
fn a_database_that_is_still_listed_as_available_is_being_deleted() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let db = engine.create("aws.rds.DBInstance", database("orders")).unwrap();
    cloud.proxy.take_ledger();
    engine.delete(&db).unwrap();
    let ledger = cloud.proxy.ledger();
    assert_eq!(ledger.count("DeleteDBInstance"), 1);
    // Once before the call; then as available, as being deleted, and not any more.
    assert!(ledger.count("DescribeDBInstances") >= 4, "{ledger}");
}

#[test]
fn a_create_that_takes_longer_than_plat_waits_is_finished_and_not_made_again() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let unfinished = engine.within(3).made("aws.rds.DBInstance", database("slow-orders")).unwrap_err();
    assert_eq!(unfinished.kind, ErrorKind::TimedOut);
    assert!(unfinished.message.contains("`creating`"), "{unfinished}");
    let mut db = engine.known("aws.rds.DBInstance", "slow-orders", database("slow-orders"));
    let again = engine.within(2).change_all(&mut db, &[]).unwrap_err();
    assert_eq!(again.kind, ErrorKind::TimedOut);
    engine.change_all(&mut db, &[]).unwrap();
    let ledger = cloud.proxy.ledger();
    assert_eq!((ledger.count("CreateDBInstance"), ledger.count("DeleteDBInstance"), ledger.count("ModifyDBInstance")), (1, 0, 0));
    assert_eq!(told(&cloud, "slow-orders")["DBInstanceStatus"], json!("available"));
}

#[test]
fn a_cluster_that_its_global_database_does_not_know_is_deleted_at_once() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud).within(20);
    let wanted = inputs([
        ("db_cluster_identifier", text("orders")),
        ("engine", text("aurora-postgresql")),
        ("engine_version", Value::Version(Version("16.3".into()))),
        ("master_username", text("app")),
        ("master_user_password", password("correct-horse-battery")),
        ("skip_final_snapshot", Value::Bool(true)),
    ]);
    let mut cluster = engine.create("aws.rds.DBCluster", wanted).unwrap();
    let mut seen = (*cluster.seen).clone();
    seen.insert("global_cluster_identifier".into(), text("world"));
    cluster.seen = plat::value::ResolvedObject::new(seen).unwrap();
    let gone = Fault::Refuse { status: 404, code: "DBClusterNotFoundFault", message: "the member left the global cluster before" };
    cloud.proxy.inject(Rule::new(gone).on("RemoveFromGlobalCluster"));
    engine.delete(&cluster).unwrap();
    assert_eq!(cloud.proxy.ledger().count("RemoveFromGlobalCluster"), 1);
}

#[test]
fn rotation_is_turned_off_although_kms_tells_a_period() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let mut key = engine.create("aws.kms.Key", inputs([("enable_key_rotation", Value::Bool(true))])).unwrap();
    assert_eq!(key.seen.get("rotation_period_in_days"), Some(&Value::Duration(Duration::days(365))));
    let rotates = |cloud: &Cloud, id: &str| {
        let told = boto(cloud, 0, &json!([["kms", "get_key_rotation_status", { "KeyId": id }]]));
        (told[0].get("/KeyRotationEnabled").clone(), told[0].get("/RotationPeriodInDays").clone())
    };
    engine.change(&mut key, "enable_key_rotation", Some(Value::Bool(false))).unwrap();
    assert_eq!(rotates(&cloud, &key.id).0, json!(false));
    let days = Some(Value::Duration(Duration::days(180)));
    engine.change_all(&mut key, &[("enable_key_rotation", Some(Value::Bool(true))), ("rotation_period_in_days", days)]).unwrap();
    assert_eq!(rotates(&cloud, &key.id), (json!(true), json!(180)));
    // Left out, rotation goes back to what it is in a new key.
    engine.change_all(&mut key, &[("enable_key_rotation", None), ("rotation_period_in_days", None)]).unwrap();
    assert_eq!(rotates(&cloud, &key.id).0, json!(false));
}

#[test]
fn a_label_leaves_what_the_autoscaler_and_aws_changed() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let [one, two, _] = network(&cloud);
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    let cluster = json!({ "name": "web", "roleArn": role("eks"), "resourcesVpcConfig": { "subnetIds": [one, two] } });
    boto(&cloud, 0, &json!([["eks", "create_cluster", cluster]]));
    let sizes = |desired: Option<i64>| {
        let sizes = [("min_size", Value::Int(1)), ("max_size", Value::Int(9))];
        Value::object(sizes.into_iter().chain(desired.map(|n| ("desired_size", Value::Int(n)))))
    };
    let wanted = inputs([
        ("cluster_name", text("web")),
        ("nodegroup_name", text("app")),
        ("node_role", text(&role("node"))),
        ("subnets", texts(&[&one, &two])),
        ("scaling_config", sizes(Some(2))),
        ("labels", Value::object([("team", text("a"))])),
    ]);
    let mut group = engine.create("aws.eks.Nodegroup", wanted).unwrap();
    // The autoscaler adds nodes after plat's last look.
    let grown = json!({ "clusterName": "web", "nodegroupName": "app", "scalingConfig": { "minSize": 1, "maxSize": 9, "desiredSize": 7 } });
    boto(&cloud, 0, &json!([["eks", "update_nodegroup_config", grown]]));
    cloud.proxy.take_ledger();
    // The program names only the bounds from now on, which is no change.
    engine.leave_out(&mut group, "scaling_config").change(&mut group, "labels", Some(Value::object([("team", text("b"))]))).unwrap();
    let told = boto(&cloud, 0, &json!([["eks", "describe_nodegroup", { "clusterName": "web", "nodegroupName": "app" }]]));
    assert_eq!(told[0].get("/nodegroup/scalingConfig/desiredSize"), &json!(7));
    assert_eq!(told[0].get("/nodegroup/labels"), &json!({ "team": "b" }));
    let ledger = cloud.proxy.ledger();
    assert_eq!((ledger.count("UpdateNodegroupConfig"), ledger.count("UpdateNodegroupVersion")), (1, 0));
}
