//! Parameter groups straight through the provider, and told by boto3 afterwards.

use plat::provider::ErrorKind;
use plat::value::{Object, Size, Value};
use serde_json::{Value as Json, json};

use super::cloud::Cloud;
use super::engine::{Engine, inputs, password, tags, text};
use super::fault::{Fault, Rule};
use super::witness::boto;

/// What boto3 says of a group: its settings, and its tags or the like.
type Told = (Vec<(String, String)>, Json);

/// One of the three kinds, and how boto3 tells of it.
struct Kind {
    type_name: &'static str,
    settings: &'static str,
    given: fn(Value) -> Object,
    /// Family of the group, its parameters by `ParameterName`, and its tags: of a group named `$name` with the ARN `$arn`.
    told: fn(&Cloud, &str) -> Told,
}

fn values(pairs: &[(&str, &str)]) -> Value {
    Value::object(pairs.iter().map(|(name, value)| (*name, text(value))).collect::<Vec<_>>())
}

fn of_rds(settings: Value) -> Object {
    inputs([("family", text("postgres16")), ("description", text("of the web")), ("parameters", settings), ("tags", tags("a"))])
}

fn of_elasticache(settings: Value) -> Object {
    inputs([
        ("cache_parameter_group_family", text("redis7")),
        ("description", text("of the web")),
        ("properties", settings),
        ("tags", tags("a")),
    ])
}

fn set(parameters: &Json) -> Vec<(String, String)> {
    let user = parameters.as_array().unwrap().iter().filter(|p| p.get("Source").is_none_or(|source| source == "user"));
    let mut set: Vec<_> =
        user.map(|p| (p["ParameterName"].as_str().unwrap().to_owned(), p["ParameterValue"].as_str().unwrap().to_owned())).collect();
    set.sort();
    set
}

fn told(cloud: &Cloud, service: &str, [groups, parameters, argument, list]: [&str; 4], arn: &str, name: &str) -> Told {
    let of = json!({ argument: name });
    let tags = json!([service, "list_tags_for_resource", { "ResourceName": format!("$0/{list}/0/{arn}") }]);
    let told = boto(cloud, 0, &json!([[service, groups, of], [service, parameters, of], tags]));
    (set(told[1].get("/Parameters")), told[2].get("/TagList").clone())
}

const INSTANCES: Kind = Kind {
    type_name: "aws.rds.DBParameterGroup",
    settings: "parameters",
    given: of_rds,
    told: |cloud, name| {
        let calls = ["describe_db_parameter_groups", "describe_db_parameters", "DBParameterGroupName", "DBParameterGroups"];
        told(cloud, "rds", calls, "DBParameterGroupArn", name)
    },
};

const CLUSTERS: Kind = Kind {
    type_name: "aws.rds.DBClusterParameterGroup",
    settings: "parameters",
    given: of_rds,
    told: |cloud, name| {
        let calls = [
            "describe_db_cluster_parameter_groups",
            "describe_db_cluster_parameters",
            "DBClusterParameterGroupName",
            "DBClusterParameterGroups",
        ];
        told(cloud, "rds", calls, "DBClusterParameterGroupArn", name)
    },
};

const CACHES: Kind = Kind {
    type_name: "aws.elasticache.ParameterGroup",
    settings: "properties",
    given: of_elasticache,
    told: |cloud, name| {
        let calls = ["describe_cache_parameter_groups", "describe_cache_parameters", "CacheParameterGroupName", "CacheParameterGroups"];
        told(cloud, "elasticache", calls, "ARN", name)
    },
};

#[test]
fn parameter_groups_are_made_changed_and_deleted() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    // Names that all three families have, or that the emulators take.
    for kind in [INSTANCES, CLUSTERS, CACHES] {
        let wanted = (kind.given)(values(&[("timeout", "300"), ("maxmemory-policy", "allkeys-lru")]));
        let mut group = engine.create(kind.type_name, wanted).unwrap_or_else(|e| panic!("{}: {e}", kind.type_name));
        assert!(group.id.starts_with("main-thing-"), "{}", group.id);
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        assert_eq!((kind.told)(&cloud, &group.id).0, pairs(&[("maxmemory-policy", "allkeys-lru"), ("timeout", "300")]));

        cloud.proxy.take_ledger();
        engine.change(&mut group, kind.settings, Some(values(&[("timeout", "60")]))).unwrap();
        let mutations = cloud.proxy.ledger().mutations().len();
        assert_eq!(mutations, 2, "{}: one resets, one sets: {}", kind.type_name, cloud.proxy.ledger());
        assert_eq!((kind.told)(&cloud, &group.id).0, pairs(&[("timeout", "60")]));
        engine.change(&mut group, "tags", Some(tags("b"))).unwrap();
        let tags = (kind.told)(&cloud, &group.id).1;
        assert!(tags.as_array().unwrap().iter().any(|tag| tag["Key"] == "Environment" && tag["Value"] == "b"), "{tags}");
        assert!(tags.as_array().unwrap().iter().any(|tag| tag["Key"] == "plat:operation"), "{tags}");

        engine.delete(&group).unwrap();
        engine.delete(&group).unwrap();
        assert_eq!(engine.read(kind.type_name, &[&group.id]), [None]);
    }
}

#[test]
fn many_parameters_go_into_few_calls_and_many_groups_are_read_at_once() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let names: Vec<String> = (0..45).map(|n| format!("setting{n:02}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let mut ids = Vec::new();
    for (operation, kind) in [("0193a1b2-one", INSTANCES), ("0193a1b2-two", INSTANCES)] {
        cloud.proxy.take_ledger();
        let group = engine.create_by(operation, kind.type_name, (kind.given)(values(&pairs))).unwrap();
        // 20 at once.
        assert_eq!(cloud.proxy.ledger().counts().get("ModifyDBParameterGroup"), Some(&3));
        ids.push(group.id);
    }
    cloud.proxy.take_ledger();
    let read = engine.read(INSTANCES.type_name, &[&ids[0], "missing", &ids[1]]);
    assert_eq!(read.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(cloud.proxy.ledger().counts().get("DescribeDBParameterGroups"), Some(&1));
}

#[test]
fn a_group_whose_answer_was_lost_is_in_doubt_and_a_name_that_is_taken_is_refused() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    for (kind, call, name) in [
        (INSTANCES, "CreateDBParameterGroup", "db_parameter_group_name"),
        (CLUSTERS, "CreateDBClusterParameterGroup", "db_cluster_parameter_group_name"),
    ] {
        let wanted = || {
            let mut wanted = (kind.given)(values(&[("timeout", "60")]));
            wanted.insert(name.into(), text("Web-Settings"));
            wanted
        };
        cloud.proxy.inject(Rule::new(Fault::LoseResponse).on(call).times(1));
        assert_eq!(engine.create(kind.type_name, wanted()).err().unwrap().kind, ErrorKind::InDoubt);
        assert_eq!(engine.create(kind.type_name, wanted()).err().unwrap().kind, ErrorKind::Exists);
        assert!(engine.read(kind.type_name, &["web-settings"])[0].is_some());
    }
}

#[test]
fn a_database_takes_its_settings() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let group = engine.create(INSTANCES.type_name, (INSTANCES.given)(values(&[("rds.force_ssl", "1")]))).unwrap();
    let wanted = inputs([
        ("engine", text("postgres")),
        ("db_instance_class", text("db.t3.micro")),
        ("allocated_storage", Value::Size(Size::gib(20))),
        ("master_username", text("app")),
        ("master_user_password", password("correct-horse-battery")),
        ("db_parameter_group_name", text(&group.id)),
    ]);
    let db = engine.create("aws.rds.DBInstance", wanted).unwrap();
    let told = boto(&cloud, 0, &json!([["rds", "describe_db_instances", {}]]));
    assert_eq!(told[0].text("/DBInstances/0/DBParameterGroups/0/DBParameterGroupName"), group.id);
    engine.delete(&db).unwrap();
    engine.delete(&group).unwrap();
}
