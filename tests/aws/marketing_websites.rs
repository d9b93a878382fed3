//! examples/marketing-websites, whole: every value of the environment it stands for, witnessed.

use serde_json::json;

use super::cloud::Cloud;
use super::expect::{assert_fields, ids, tagged_with};
use super::plat::{Project, assert_never_written_down};
use super::witness::Inventory;

const REGION: &str = "us-east-1";

#[test]
fn staging_is_as_specified() {
    lives("staging");
}

#[test]
fn production_is_as_specified() {
    lives("production");
}

/// Plan, apply, look, plan, change, destroy, look.
fn lives(env: &str) {
    lives_on(&Cloud::start(), env);
}

/// The same in a cloud whose proxy may disturb the calls.
pub fn lives_on(cloud: &Cloud, env: &str) {
    let project = Project::example("marketing-websites", env);
    let planned = project.run(cloud, "plan", &["--detailed-exitcode"]).ends(2);
    assert!(cloud.proxy.ledger().mutations().is_empty(), "a plan changed something: {:?}", cloud.proxy.ledger().mutations());

    let applied = project.apply(cloud);
    let there = Inventory::of(cloud, REGION);
    witness(&there, env);
    let settled = project.settled(cloud);

    let outputs = project.run(cloud, "output", &["--json"]).ends(0);
    for value in [&there.one("db_instances")["endpoint"], &there.one("vpcs")["id"]] {
        assert!(outputs.out.contains(value.as_str().expect("a text")), "{value} is no output: {outputs}");
    }
    let secrets: Vec<String> = there.all("secrets").iter().map(|s| s["value"].as_str().expect("a value").to_owned()).collect();
    for secret in there.all("secrets") {
        assert!(outputs.out.contains(secret["arn"].as_str().expect("an ARN")), "{outputs}");
    }

    project.edit("03:00-04:00", "02:00-03:00");
    let changes = project.changes(cloud);
    let [(address, action, attributes)] = changes.as_slice() else { panic!("one edit, and these changes: {changes:?}") };
    assert_eq!((action.as_str(), attributes.as_slice()), ("update", ["preferred_backup_window".to_owned()].as_slice()), "{address}");
    project.apply(cloud);
    assert_eq!(Inventory::of(cloud, REGION).one("db_instances")["backup_window"], "02:00-03:00");
    project.settled(cloud);

    let destroyed = project.destroy(cloud);
    assert_never_written_down(&secrets, &project, &[&planned, &applied, &settled, &outputs, &destroyed]);
    let left = Inventory::of(cloud, REGION);
    assert_eq!(left.counts(), [("db_snapshots", 1)].into(), "{left:#?}");
    assert_eq!(left.one("db_snapshots")["id"], "marketing-websites-final-snapshot");
    let unknown = cloud.proxy.ledger().unknown();
    assert!(unknown.is_empty(), "{unknown:?}");
}

fn witness(there: &Inventory, env: &str) {
    let vpc = there.one("vpcs");
    assert_fields(vpc, &json!({ "cidr": "10.0.0.0/16", "dns_hostnames": true, "dns_support": true }));

    let placed = |public: bool, cidrs: [&str; 2]| {
        for (cidr, zone) in cidrs.iter().zip(["us-east-1a", "us-east-1b"]) {
            let subnet = there.find("subnets", "cidr", cidr);
            assert_fields(subnet, &json!({ "vpc": vpc["id"], "zone": zone, "public_ip_on_launch": public }));
        }
    };
    placed(false, ["10.0.0.0/24", "10.0.1.0/24"]);
    placed(true, ["10.0.2.0/24", "10.0.3.0/24"]);
    assert_eq!(there.all("subnets").len(), 4);

    let group = there.one("security_groups");
    let postgres = json!([{ "protocol": "tcp", "from": 5432, "to": 5432, "peer": "10.0.0.0/16" }]);
    let everywhere = json!([{ "protocol": "-1", "from": null, "to": null, "peer": "0.0.0.0/0" }]);
    assert_fields(group, &json!({ "vpc": vpc["id"], "ingress": postgres, "egress": everywhere }));

    let subnets = there.one("db_subnet_groups");
    let private = ids(["10.0.0.0/24", "10.0.1.0/24"].iter().map(|cidr| there.find("subnets", "cidr", cidr)));
    assert_fields(subnets, &json!({ "vpc": vpc["id"], "subnets": private }));

    assert_fields(
        there.one("db_instances"),
        &json!({
            "id": "marketing-websites-db", "class": "db.t3.medium", "engine": "postgres", "engine_version": "15.4", "status": "available",
            "storage": 100, "max_storage": 1000, "storage_type": "gp2", "encrypted": true, "name": "marketing_websites",
            "user": "marketing_websites", "public": false, "backup_days": 7, "backup_window": "03:00-04:00",
            "maintenance_window": "sun:04:00-sun:05:00", "subnet_group": subnets["name"], "security_groups": [group["id"]],
        }),
    );

    let secrets = there.all("secrets");
    assert_eq!(secrets.len(), 2, "a password and a session secret");
    assert!(secrets.iter().all(|s| s["value"].as_str().is_some_and(|v| v.chars().count() == 32)), "of 32 characters");
    assert_ne!(secrets[0]["value"], secrets[1]["value"]);

    for kind in ["vpcs", "subnets", "security_groups", "db_subnet_groups", "db_instances", "secrets"] {
        tagged_with(there, kind, &[("Environment", env)]);
        assert!(there.all(kind).iter().all(|t| t["tags"]["Name"].as_str().is_some_and(|n| !n.is_empty())), "{kind} have no Name");
    }
    let kinds: Vec<&str> = there.counts().into_keys().collect();
    let known = ["route_tables", "internet_gateways", "vpcs", "subnets", "security_groups", "db_subnet_groups", "db_instances", "secrets"];
    assert!(kinds.iter().all(|kind| known.contains(kind)), "more than the environment has: {kinds:?}");
}
