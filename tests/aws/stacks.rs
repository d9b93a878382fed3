//! Small stacks, one per service, through a life of two steps: made, changed in place where AWS can, replaced where it cannot, deleted.
//!
//! The comments on top of tests/aws/stacks/NAME/main.plat say what step 2 changes and what the witness sees after each step.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cloud::Cloud;
use super::plat::Project;
use super::witness::Inventory;

const REGION: &str = "us-west-2";

#[test]
fn keys_logs_roles_and_secrets_change_in_place() {
    lives("basics");
}

#[test]
fn networks_change_in_place() {
    lives("network");
}

#[test]
fn endpoints_and_flow_logs_change_in_place() {
    lives("endpoints");
}

#[test]
fn network_acls_change_in_place() {
    lives("acls");
}

#[test]
fn peering_connections_are_accepted_on_both_sides() {
    lives("peering");
}

#[test]
fn databases_change_in_place() {
    lives("database");
}

#[test]
fn clusters_change_in_place() {
    lives("kubernetes");
}

#[test]
fn access_to_clusters_changes_in_place() {
    lives("access");
}

#[test]
fn a_cluster_of_the_standard_library_changes_in_place() {
    lives("platform");
}

#[test]
fn caches_change_in_place() {
    lives("cache");
}

fn lives(name: &str) {
    lives_on(&Cloud::start(), name);
}

/// Takes the stack through its life in a cloud whose proxy may disturb the calls.
pub fn lives_on(cloud: &Cloud, name: &str) {
    let project = Project::of_tests(name, "test");
    let wanted = Wanted::of(name);
    let step = |number: usize, command: &str, more: &[&str], code: i32| {
        let param = format!("step={number}");
        project.run(cloud, command, &[&["-p", &param], more].concat()).ends(code)
    };

    step(1, "apply", &["--yes"], 0);
    wanted.seen(1, &Inventory::of(cloud, REGION));
    step(1, "plan", &["--detailed-exitcode"], 0);

    let plan = step(2, "plan", &["--json"], 0).json();
    let changes: BTreeSet<(String, String)> = plan["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| (step["address"].as_str().expect("an address").to_owned(), step["action"].as_str().expect("an action").to_owned()))
        .collect();
    assert_eq!(changes, wanted.changes, "{plan:#}");
    step(2, "apply", &["--yes"], 0);
    wanted.seen(2, &Inventory::of(cloud, REGION));
    step(2, "plan", &["--detailed-exitcode"], 0);

    step(2, "destroy", &["--yes"], 0);
    let left = Inventory::of(cloud, REGION);
    assert!(left.is_empty(), "left: {left:#?}");
    let unknown = cloud.proxy.ledger().unknown();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// What the comments of a stack say.
struct Wanted {
    changes: BTreeSet<(String, String)>,
    /// Step, kind, field, value.
    sights: Vec<(usize, String, String, Value)>,
}

impl Wanted {
    fn of(name: &str) -> Self {
        let text = crate::project::read(format!("tests/aws/stacks/{name}/main.plat"));
        let mut wanted = Self { changes: BTreeSet::new(), sights: Vec::new() };
        for line in text.lines().map_while(|line| line.strip_prefix("//")).filter_map(|line| line.strip_prefix("   ")) {
            match line.split_once(" == ") {
                Some((place, value)) => {
                    let (step, place) = place.split_once(' ').expect("a step");
                    let (kind, field) = place.split_once('.').expect("a kind and a field");
                    let value = serde_json::from_str(value).unwrap_or_else(|e| panic!("{line}: {e}"));
                    wanted.sights.push((step.parse().expect("a number"), kind.to_owned(), field.to_owned(), value));
                }
                None => {
                    let (address, action) = line.split_once(' ').expect("an address and an action");
                    wanted.changes.insert((address.to_owned(), action.to_owned()));
                }
            }
        }
        assert!(!wanted.changes.is_empty() && !wanted.sights.is_empty(), "tests/aws/stacks/{name} says nothing");
        wanted
    }

    fn seen(&self, step: usize, there: &Inventory) {
        for (_, kind, field, value) in self.sights.iter().filter(|sight| sight.0 == step) {
            let values: Vec<&Value> = there.all(kind).iter().map(|thing| &thing[field]).collect();
            let without_own = |value: &Value| match value {
                Value::Object(tags) => {
                    Value::Object(tags.iter().filter(|(k, _)| !k.starts_with("plat:")).map(|(k, v)| (k.clone(), v.clone())).collect())
                }
                other => other.clone(),
            };
            assert!(
                values.iter().any(|seen| without_own(seen) == *value),
                "step {step}: no {kind}.{field} is {value}; they are {values:?}"
            );
        }
    }
}
