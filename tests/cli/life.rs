//! From nothing to everything and back.

use super::{NETWORK, Stack};

#[test]
fn a_stack_is_made_shown_and_deleted() {
    let stack = Stack::new(NETWORK);
    let valid = stack.plat(&["validate"]).ends(0);
    assert_eq!((valid.out.as_str(), valid.err.as_str()), ("Valid: 1 file read, 2 environments checked.\n", ""));

    let plan = stack.sandbox(&["plan", "-e", "dev", "--detailed-exitcode"]).ends(2);
    assert!(plan.out.contains("Plan: 3 to add, 0 to change, 0 to destroy."), "{}", plan.out);
    assert!(plan.out.contains("no state yet") && plan.err.is_empty(), "{}\n{}", plan.out, plan.err);

    let applied = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    assert!(applied.out.contains("Done: 3 added, 0 changed, 0 destroyed"), "{}", applied.out);
    for line in ["creating   net\n", "created    net (vpc-", "created    sub[\"b\"] (subnet-"] {
        assert!(applied.err.contains(line), "{line}:\n{}", applied.err);
    }

    let again = stack.sandbox(&["plan", "-e", "dev", "--detailed-exitcode"]).ends(0);
    assert!(again.out.contains("No changes"), "{}", again.out);

    let vpc = stack.sandbox(&["output", "vpc", "-e", "dev"]).ends(0).out;
    assert!(vpc.starts_with("vpc-") && vpc.ends_with('\n'), "{vpc}");
    assert_eq!(stack.sandbox(&["output", "--json", "-e", "dev"]).ends(0).json()["vpc"], vpc.trim());
    let list = stack.sandbox(&["state", "list", "-e", "dev"]).ends(0).out;
    assert_eq!(list.lines().count(), 3, "{list}");
    let one = stack.sandbox(&["state", "show", "sub[a]", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!((one["address"].as_str(), one["inputs"]["vpc_id"].as_str()), (Some("sub[\"a\"]"), Some(vpc.trim())));
    assert!(stack.sandbox(&["show", "-e", "dev"]).ends(0).out.contains("3 resources"));

    let destroyed = stack.sandbox(&["destroy", "-e", "dev", "--yes"]).ends(0);
    assert!(destroyed.out.contains("Plan: 0 to add, 0 to change, 3 to destroy."), "{}", destroyed.out);
    assert!(!destroyed.out.contains("no longer in the program"), "{}", destroyed.out);
    assert!(stack.sandbox(&["show", "-e", "dev"]).ends(0).out.contains("Nothing is recorded."));
}

#[test]
fn environments_have_states_of_their_own() {
    let stack = Stack::new(NETWORK);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    let other = stack.sandbox(&["plan", "-e", "prod", "--json"]).ends(0).json();
    assert_eq!((other["serial"].as_u64(), other["summary"]["add"].as_u64()), (Some(0), Some(3)));
}

#[test]
fn a_param_is_an_expression_of_the_language() {
    let stack = Stack::new(NETWORK);
    let plan = stack.sandbox(&["plan", "-e", "dev", "-p", "cidr=10.0.0.0/17", "--json"]).ends(0).json();
    let steps = plan["steps"].as_array().unwrap();
    let net = steps.iter().find(|step| step["address"] == "net").unwrap();
    assert!(net["changes"].as_array().unwrap().iter().any(|change| change["after"] == "10.0.0.0/17"), "{net:#}");
    let wrong = stack.sandbox(&["plan", "-e", "dev", "-p", "cidr=12"]).ends(1);
    assert!(wrong.err.contains("error[E"), "{}", wrong.err);
}

#[test]
fn what_exists_can_be_taken_in_and_then_plans_no_change() {
    let world = tempfile::tempdir().unwrap();
    let dir = world.path().to_str().unwrap();
    let owner = Stack::new(NETWORK);
    owner.sandbox(&["apply", "-e", "dev", "--yes", "--state-dir", dir]).ends(0);
    let vpc = owner.sandbox(&["output", "vpc", "-e", "dev", "--state-dir", dir]).ends(0).out;

    let head = "stack other { }\nenv dev { @region = \"us-east-1\" }\n";
    let taker = Stack::new(head);
    let here = ["--state-dir", dir];
    let untyped = taker.sandbox(&[&["import", "found", vpc.trim()][..], &here].concat()).ends(1);
    assert!(untyped.err.contains("--type"), "{}", untyped.err);
    let missing = taker.sandbox(&[&["import", "found", "vpc-00", "--type", "aws.ec2.VPC"][..], &here].concat()).ends(1);
    assert!(missing.err.contains("there is no `aws.ec2.VPC` with the id `vpc-00` in us-east-1"), "{}", missing.err);
    let taken = taker.sandbox(&[&["import", "found", vpc.trim(), "--type", "aws.ec2.VPC"][..], &here].concat()).ends(0);
    assert!(taken.out.starts_with("resource found: aws.ec2.VPC {\n"), "{}", taken.out);

    taker.write("found.plat", &taken.out);
    let plan = taker.sandbox(&[&["plan", "--detailed-exitcode"][..], &here].concat());
    assert!(plan.code == 0 && plan.out.contains("No changes"), "{}\n{}\n{}", taken.out, plan.out, plan.err);
    let twice = taker.sandbox(&[&["import", "again", vpc.trim(), "--type", "aws.ec2.VPC"][..], &here].concat()).ends(1);
    assert!(twice.err.contains("recorded already, as `found`"), "{}", twice.err);
}

#[test]
fn dependencies_are_drawn() {
    let stack = Stack::new(NETWORK);
    let dot = stack.plat(&["graph", "-e", "dev"]).ends(0).out;
    assert!(dot.contains("\"sub[\\\"a\\\"]\" -> \"net\" [label = \"vpc_id\"]"), "{dot}");
    let json = stack.plat(&["graph", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!((json["nodes"].as_array().unwrap().len(), json["edges"].as_array().unwrap().len()), (3, 2));
}
