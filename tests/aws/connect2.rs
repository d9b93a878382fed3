//! examples/connect2 in its three environments: every value, witnessed.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::expect::{assert_fields, ids, tagged_with};
use super::plat::{Project, assert_never_written_down};
use super::witness::Inventory;

pub const REGION: &str = "us-west-2";

/// One column of the table of environments.
struct Environment {
    name: &'static str,
    nat_gateways: usize,
    nodes: [u64; 3],
    db_class: &'static str,
    multi_az: bool,
    backup_days: u64,
    cache_type: &'static str,
    cache_nodes: u64,
}

const DEV: Environment = Environment {
    name: "dev",
    nat_gateways: 1,
    nodes: [1, 2, 1],
    db_class: "db.t3.micro",
    multi_az: false,
    backup_days: 7,
    cache_type: "cache.t3.micro",
    cache_nodes: 1,
};

const STAGING: Environment = Environment {
    name: "staging",
    nat_gateways: 1,
    nodes: [2, 4, 2],
    db_class: "db.t3.medium",
    multi_az: false,
    backup_days: 14,
    cache_type: "cache.t3.medium",
    cache_nodes: 1,
};

const PRODUCTION: Environment = Environment {
    name: "production",
    nat_gateways: 2,
    nodes: [3, 10, 3],
    db_class: "db.r5.large",
    multi_az: true,
    backup_days: 30,
    cache_type: "cache.r5.large",
    cache_nodes: 2,
};

#[test]
fn dev_is_as_specified() {
    lives(&DEV);
}

#[test]
fn staging_is_as_specified() {
    lives(&STAGING);
}

#[test]
fn production_is_as_specified() {
    lives(&PRODUCTION);
}

/// The example, its state kept beside it.
pub fn project(env: &str) -> Project {
    Project::example("connect2", env).with_local_state()
}

fn lives(env: &Environment) {
    lives_on(&Cloud::start(), env);
}

/// Production in a cloud whose proxy may disturb the calls.
pub fn production_lives_on(cloud: &Cloud) {
    lives_on(cloud, &PRODUCTION);
}

fn lives_on(cloud: &Cloud, env: &Environment) {
    let project = project(env.name);
    let planned = project.run(cloud, "plan", &["--detailed-exitcode"]).ends(2);
    let applied = project.apply(cloud);
    let there = Inventory::of(cloud, REGION);
    network(&there, env);
    cluster(&there, env);
    database(&there, env);
    cache(&there, env);
    everything_is_tagged(&there, env);
    let settled = project.settled(cloud);

    let outputs = project.run(cloud, "output", &["--json"]).ends(0);
    let told = [format!("connect2-{}", env.name), there.one("db_instances")["endpoint"].as_str().unwrap().to_owned()];
    for value in told.into_iter().chain(ids(there.all("subnets"))) {
        assert!(outputs.out.contains(&value), "{value} is no output: {outputs}");
    }
    let password = there.one("secrets")["value"].as_str().expect("a value").to_owned();
    assert_eq!(password.chars().count(), 32);
    assert_never_written_down(&[password], &project, &[&planned, &applied, &settled, &outputs]);

    one_edit_is_one_change(&project, cloud, env);
    leaves(&project, cloud, env);
}

/// Another maintenance window changes the database, and nothing else.
fn one_edit_is_one_change(project: &Project, cloud: &Cloud, env: &Environment) {
    project.edit("mon:04:00-mon:05:00", "tue:04:00-tue:05:00");
    let changes = project.changes(cloud);
    let [(address, action, attributes)] = changes.as_slice() else { panic!("one edit, and these changes: {changes:?}") };
    assert_eq!((action.as_str(), attributes.as_slice()), ("update", ["preferred_maintenance_window".to_owned()].as_slice()), "{address}");
    project.apply(cloud);
    assert_eq!(Inventory::of(cloud, REGION).one("db_instances")["maintenance_window"], "tue:04:00-tue:05:00", "{}", env.name);
    project.settled(cloud);
}

/// A protected environment is not destroyed without consent; with it, nothing of it is left.
fn leaves(project: &Project, cloud: &Cloud, env: &Environment) {
    if env.name == "production" {
        let before = Inventory::of(cloud, REGION);
        let refused = project.run(cloud, "destroy", &["--yes"]);
        assert_ne!(refused.code, Some(0), "{refused}");
        assert_eq!(before, Inventory::of(cloud, REGION), "a refused destroy changed something");
    }
    project.destroy(cloud);
    let left = Inventory::of(cloud, REGION);
    // What holds data in production leaves a last snapshot.
    let snapshots: Vec<&Value> = left.all("db_snapshots").iter().map(|snapshot| &snapshot["id"]).collect();
    if env.name == "production" {
        assert_eq!(snapshots, ["connect2-production-final"]);
    } else {
        assert!(snapshots.is_empty(), "{snapshots:?}");
    }
    assert!(left.counts().into_keys().all(|kind| kind == "db_snapshots"), "{left:#?}");
    let unknown = cloud.proxy.ledger().unknown();
    assert!(unknown.is_empty(), "{unknown:?}");
}

const TIERS: [(&str, [&str; 2]); 3] = [
    ("public", ["10.0.1.0/24", "10.0.2.0/24"]),
    ("private", ["10.0.10.0/24", "10.0.11.0/24"]),
    ("database", ["10.0.20.0/24", "10.0.21.0/24"]),
];

fn tier<'a>(there: &'a Inventory, name: &str) -> Vec<&'a Value> {
    let (_, cidrs) = TIERS.iter().find(|(tier, _)| *tier == name).expect("a tier");
    cidrs.iter().map(|cidr| there.find("subnets", "cidr", cidr)).collect()
}

fn network(there: &Inventory, env: &Environment) {
    let vpc = there.one("vpcs");
    assert_fields(vpc, &json!({ "cidr": "10.0.0.0/16" }));
    assert_eq!(there.all("subnets").len(), 6);
    for (name, _) in TIERS {
        for (subnet, zone) in tier(there, name).iter().zip(["us-west-2a", "us-west-2b"]) {
            assert_fields(subnet, &json!({ "vpc": vpc["id"], "zone": zone }));
        }
    }
    let gateway = there.one("internet_gateways");
    assert_fields(gateway, &json!({ "vpcs": [vpc["id"]] }));

    let nats = there.all("nat_gateways");
    assert_eq!(nats.len(), env.nat_gateways);
    assert_eq!(there.all("addresses").len(), env.nat_gateways);
    let public = ids(tier(there, "public"));
    assert!(
        nats.iter().all(|nat| public.contains(&nat["subnet"].as_str().unwrap().to_owned())),
        "a NAT gateway outside the public subnets"
    );
    let zones: std::collections::BTreeSet<_> = nats.iter().map(|nat| nat["subnet"].as_str().unwrap()).collect();
    assert_eq!(zones.len(), env.nat_gateways, "one per zone");

    for subnet in tier(there, "public") {
        assert_eq!(ways_out(there, subnet), [json!({ "to": "0.0.0.0/0", "via": gateway["id"] })]);
    }
    for subnet in tier(there, "private") {
        let ways = ways_out(there, subnet);
        let [way] = ways.as_slice() else { panic!("one way out of a private subnet: {ways:?}") };
        let nat = nats.iter().find(|nat| nat["id"] == way["via"]).unwrap_or_else(|| panic!("{way} leads to no NAT gateway"));
        assert_eq!(way["to"], "0.0.0.0/0");
        if env.nat_gateways > 1 {
            let beside = there.find("subnets", "id", nat["subnet"].as_str().unwrap());
            assert_eq!(beside["zone"], subnet["zone"], "a private subnet goes out through its own zone");
        }
    }
    for subnet in tier(there, "database") {
        assert!(ways_out(there, subnet).is_empty(), "a database subnet has a way out");
    }
}

/// The routes of the one table of the subnet's own.
fn ways_out(there: &Inventory, subnet: &Value) -> Vec<Value> {
    let tables: Vec<&Value> =
        there.all("route_tables").iter().filter(|table| table["subnets"].as_array().unwrap().contains(&subnet["id"])).collect();
    let [table] = tables.as_slice() else { panic!("{} route tables for {subnet}", tables.len()) };
    table["routes"].as_array().unwrap().clone()
}

fn cluster(there: &Inventory, env: &Environment) {
    let cluster = there.one("clusters");
    let name = format!("connect2-{}", env.name);
    let private = ids(tier(there, "private"));
    assert_fields(
        cluster,
        &json!({
            "name": name, "version": "1.28", "status": "ACTIVE", "subnets": private, "private_endpoint": true, "public_endpoint": false,
            "logs": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        }),
    );
    let groups = cluster["security_groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "a security group of its own");
    there.find("security_groups", "id", groups[0].as_str().unwrap());

    let [min, max, desired] = env.nodes;
    let nodes = there.one("nodegroups");
    assert_fields(
        nodes,
        &json!({
            "cluster": name, "status": "ACTIVE", "subnets": private, "instance_types": ["t3.large"], "min": min, "max": max,
            "desired": desired, "update": { "maxUnavailable": 1 },
        }),
    );
    let managed = |names: &[&str]| names.iter().map(|name| format!("arn:aws:iam::aws:policy/{name}")).collect::<Vec<_>>();
    let role = there.find("roles", "arn", cluster["role"].as_str().unwrap());
    assert_fields(role, &json!({ "policies": managed(&["AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController"]) }));
    assert!(role["trust"].to_string().contains("eks.amazonaws.com"), "{role}");
    let role = there.find("roles", "arn", nodes["role"].as_str().unwrap());
    let policies = managed(&["AmazonEC2ContainerRegistryReadOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"]);
    assert_fields(role, &json!({ "policies": policies }));
    assert!(role["trust"].to_string().contains("ec2.amazonaws.com"), "{role}");
    assert_eq!(there.all("roles").len(), 2);
}

/// What may come in: one port, from the private subnets only.
fn reachable_from_private_subnets(there: &Inventory, group: &Value, port: u64) {
    let group = there.find("security_groups", "id", group.as_str().expect("an id"));
    let rules = group["ingress"].as_array().unwrap();
    let mut peers: Vec<&str> = rules.iter().map(|rule| rule["peer"].as_str().unwrap()).collect();
    peers.sort_unstable();
    assert_eq!(peers, ["10.0.10.0/24", "10.0.11.0/24"], "{group:#}");
    for rule in rules {
        assert_fields(rule, &json!({ "protocol": "tcp", "from": port, "to": port }));
    }
}

fn database(there: &Inventory, env: &Environment) {
    let database = there.one("db_instances");
    let subnets = there.one("db_subnet_groups");
    assert_fields(subnets, &json!({ "subnets": ids(tier(there, "database")) }));
    assert_fields(
        database,
        &json!({
            "class": env.db_class, "engine": "postgres", "engine_version": "15.4", "status": "available", "storage": 100,
            "name": format!("connect2_{}", env.name), "user": "connect2_admin", "multi_az": env.multi_az, "public": false,
            "backup_days": env.backup_days, "backup_window": "03:00-04:00", "maintenance_window": "mon:04:00-mon:05:00",
            "subnet_group": subnets["name"], "log_exports": ["postgresql", "upgrade"],
        }),
    );
    let groups = database["security_groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1);
    reachable_from_private_subnets(there, &groups[0], 5432);
}

fn cache(there: &Inventory, env: &Environment) {
    let cache = there.one("replication_groups");
    let subnets = there.one("cache_subnet_groups");
    assert_fields(subnets, &json!({ "subnets": ids(tier(there, "database")) }));
    let failover = if env.cache_nodes > 1 { "enabled" } else { "disabled" };
    assert_fields(
        cache,
        &json!({
            "status": "available", "node_type": env.cache_type, "nodes": env.cache_nodes, "engine": "redis", "engine_versions": ["7.0"],
            "failover": failover, "encrypted_in_transit": true, "encrypted_at_rest": true, "subnet_groups": [subnets["name"]],
        }),
    );
    let groups = cache["security_groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1);
    reachable_from_private_subnets(there, &groups[0], 6379);
}

fn everything_is_tagged(there: &Inventory, env: &Environment) {
    let kinds = [
        "vpcs",
        "subnets",
        "route_tables",
        "internet_gateways",
        "nat_gateways",
        "addresses",
        "security_groups",
        "clusters",
        "nodegroups",
        "roles",
        "db_instances",
        "db_subnet_groups",
        "replication_groups",
        "cache_subnet_groups",
        "secrets",
    ];
    for kind in kinds {
        tagged_with(there, kind, &[("Project", "Connect 2.0"), ("Environment", env.name), ("ManagedBy", "plat")]);
    }
}
