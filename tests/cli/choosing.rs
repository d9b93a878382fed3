//! A part of a plan, and what changed outside it.

use plat::provider::sandbox::Sandbox;
use plat::value::{Object, Value};

use super::{NETWORK, Stack};

fn actions(plan: &serde_json::Value) -> Vec<(String, String)> {
    let text = |step: &serde_json::Value, name: &str| step[name].as_str().unwrap().to_owned();
    plan["steps"].as_array().unwrap().iter().map(|step| (text(step, "address"), text(step, "action"))).collect()
}

#[test]
fn a_target_brings_what_it_depends_on_and_says_what_is_left_out() {
    let stack = Stack::new(NETWORK);
    stack.write("more.plat", "resource logs: aws.logs.LogGroup { log_group_name = \"/shop\" }\n");
    let plan = stack.sandbox(&["plan", "-e", "dev", "--target", "sub[a]"]).ends(0).out;
    assert!(plan.contains("2 changes left out by --target: sub[\"b\"] and logs"), "{plan}");
    assert!(plan.contains("Plan: 2 to add, 0 to change, 0 to destroy."), "{plan}");
    let json = stack.sandbox(&["plan", "-e", "dev", "--target", "s*[a]", "--json"]).ends(0).json();
    assert_eq!(json["left_out"]["option"], "--target");
    assert_eq!(json["left_out"]["steps"].as_array().unwrap().len(), 2);
    let markdown = stack.sandbox(&["plan", "-e", "dev", "--target", "net", "--format", "markdown"]).ends(0).out;
    assert!(markdown.contains("3 changes left out by"), "{markdown}");

    let applied = stack.sandbox(&["apply", "-e", "dev", "--yes", "--target", "more.plat"]).ends(0);
    assert!(applied.out.contains("Done: 1 added"), "{}", applied.out);
    let rest = stack.sandbox(&["plan", "-e", "dev", "--exclude", "net", "--detailed-exitcode"]).ends(0).out;
    assert!(rest.contains("3 changes left out by --exclude") && rest.contains("No changes: what --exclude leaves"), "{rest}");
    stack.sandbox(&["apply", "-e", "dev", "--yes", "--exclude", "sub[b]"]).ends(0);
    let json = stack.sandbox(&["plan", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!(actions(&json), [("sub[\"b\"]".to_owned(), "create".to_owned())]);

    let wrong = stack.sandbox(&["plan", "-e", "dev", "--target", "nett"]).ends(1);
    assert!(wrong.err.contains("`--target nett` names nothing") && wrong.err.contains("did you mean `net`?"), "{}", wrong.err);
    let file = stack.sandbox(&["plan", "-e", "dev", "--target", "les.plat"]).ends(1);
    assert!(file.err.contains("`main.plat`, `more.plat`"), "{}", file.err);
    stack.sandbox(&["plan", "-e", "dev", "--target", "a["]).ends(64);
}

#[test]
fn a_part_is_destroyed_with_what_depends_on_it() {
    let stack = Stack::new(NETWORK);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    let part = stack.sandbox(&["destroy", "-e", "dev", "--yes", "--target", "sub[a]"]).ends(0).out;
    assert!(part.contains("2 changes left out by --target: net and sub[\"b\"]"), "{part}");
    let outputs = stack.sandbox(&["output", "--json", "-e", "dev"]).ends(0).json();
    assert_eq!(outputs["zones"], 2, "the outputs of what stays are kept: {outputs}");
    let all = stack.sandbox(&["destroy", "-e", "dev", "--yes", "--target", "net"]).ends(0).out;
    assert!(all.contains("Plan: 0 to add, 0 to change, 2 to destroy.") && !all.contains("left out"), "{all}");
    let again = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0).out;
    assert!(again.contains("Done: 3 added"), "{again}");
    let replaced = stack.sandbox(&["plan", "-e", "dev", "--replace", "sub[*]", "--json"]).ends(0).json();
    assert_eq!(actions(&replaced).iter().filter(|(_, action)| action == "replace").count(), 2);
}

/// Gives the network another tag, as a person at the console would.
fn tamper(stack: &Stack) {
    let registry = std::sync::Arc::new(plat::schema::Registry::new(plat_aws::schemas()));
    let id = stack.sandbox(&["output", "vpc", "-e", "dev"]).ends(0).out.trim().to_owned();
    let world = Sandbox::open(registry, &stack.path().join(".plat/sandbox/world")).unwrap();
    let tags = Value::object([("Project", Value::str("other"))]);
    let change: Object = [("tags".into(), tags)].into_iter().collect();
    world.tamper("aws.ec2.VPC", "us-east-1", &id, &change).unwrap();
}

#[test]
fn drift_is_told_first_recorded_or_mended() {
    let stack = Stack::new(NETWORK);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    let none = stack.sandbox(&["drift", "-e", "dev", "--detailed-exitcode"]).ends(0).out;
    assert!(none.contains("Nothing was changed outside plat."), "{none}");

    tamper(&stack);
    let told = stack.sandbox(&["drift", "-e", "dev", "--detailed-exitcode"]).ends(2).out;
    assert!(told.contains("the tag `Project` of net, \"shop\" → \"other\"") && told.contains("1 change was made outside plat"), "{told}");
    let json = stack.sandbox(&["drift", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!((json["format"].as_str(), json["drifted"].as_bool()), (Some("plat.drift/1"), Some(true)));
    assert_eq!(json["drift"][0]["attribute"], "tags.Project");
    let plan = stack.sandbox(&["plan", "-e", "dev"]).ends(0).out;
    assert!(plan.find("Changed outside plat").unwrap() < plan.find("~ net").unwrap(), "{plan}");
    stack.sandbox(&["plan", "-e", "dev", "--refresh-only", "--detailed-exitcode"]).ends(2);

    let asked = stack.sandbox(&["apply", "-e", "dev", "--refresh-only"]).ends(1);
    assert!(asked.err.contains("--yes"), "{}", asked.err);
    let recorded = stack.sandbox(&["apply", "-e", "dev", "--refresh-only", "--yes"]).ends(0).out;
    assert!(recorded.contains("State 2 is what the cloud shows."), "{recorded}");
    let none = stack.sandbox(&["apply", "-e", "dev", "--refresh-only"]).ends(0).out;
    assert!(none.contains("State 2 was what the cloud shows already."), "{none}");
    stack.sandbox(&["drift", "-e", "dev", "--detailed-exitcode"]).ends(0);
    // The outputs are as they were, and the next apply mends what was recorded.
    assert_eq!(stack.sandbox(&["output", "zones", "-e", "dev"]).ends(0).out, "2\n");
    let mended = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0).out;
    assert!(mended.contains("Done: 0 added, 1 changed"), "{mended}");
    stack.plat(&["plan", "--refresh-only", "--target", "net"]).ends(64);
}
