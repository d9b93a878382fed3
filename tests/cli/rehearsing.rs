//! What would be refused is said before anything is asked or done.

use super::{NETWORK, Stack};

const TAKEN: &str = "\nresource logs: aws.logs.LogGroup for one in [\"a\", \"b\"] {\n  log_group_name = \"/shop/${net.vpc_id}\"\n}\n";

#[test]
fn a_plan_is_rehearsed_on_demand() {
    let stack = Stack::new(NETWORK);
    let fine = stack.sandbox(&["plan", "-e", "dev", "--rehearse"]).ends(0);
    assert!(fine.out.contains("Rehearsed: 3 steps go through."), "{}", fine.out);
    assert_eq!(stack.sandbox(&["plan", "-e", "dev", "--json"]).ends(0).json()["rehearsal"], serde_json::Value::Null);

    stack.write("main.plat", &format!("{NETWORK}{TAKEN}"));
    let refused = stack.sandbox(&["plan", "-e", "dev", "--rehearse"]).ends(1);
    let line =
        refused.out.lines().find(|line| line.starts_with("would be refused: creating logs[")).unwrap_or_else(|| panic!("{}", refused.out));
    assert!(line.contains("has the id `/shop/vpc-"), "{line}");
    assert!(refused.err.contains("a step of the plan would be refused by the cloud; nothing was changed"), "{}", refused.err);
    let json = stack.sandbox(&["plan", "-e", "dev", "--rehearse", "--json"]).ends(1).json();
    assert_eq!((json["rehearsal"]["steps"].as_u64(), json["rehearsal"]["refused"].as_u64()), (Some(5), Some(1)));
    assert_eq!(json["rehearsal"]["flaws"][0]["kind"], "taken");
    let markdown = stack.sandbox(&["plan", "-e", "dev", "--rehearse", "--format", "markdown"]).ends(1);
    assert!(markdown.out.contains("> **would be refused:** creating logs"), "{}", markdown.out);
}

#[test]
fn an_apply_is_rehearsed_before_it_asks() {
    let stack = Stack::new(&format!("{NETWORK}{TAKEN}"));
    let refused = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(1);
    assert!(refused.out.contains("would be refused: creating logs["), "{}", refused.out);
    assert!(refused.err.contains("--no-rehearse"), "{}", refused.err);
    let kept = stack.sandbox(&["state", "list", "-e", "dev"]).ends(0);
    assert!(kept.err.contains("the state records nothing"), "{}{}", kept.out, kept.err);
    let json = stack.sandbox(&["apply", "-e", "dev", "--yes", "--json"]).ends(1).json();
    assert_eq!(json["rehearsal"]["refused"], 1);
    // All the same: what can be done is done.
    let tried = stack.sandbox(&["apply", "-e", "dev", "--yes", "--no-rehearse"]).ends(1);
    assert!(tried.err.contains("4 of 5 done"), "{}", tried.err);
}

#[test]
fn what_was_let_go_stands_in_the_way_at_its_line() {
    let stack = Stack::new(NETWORK);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    stack.write("main.plat", "stack shop { }\nenv dev { @region = \"us-east-1\" }\nforget sub\n");
    let refused = stack.sandbox(&["plan", "-e", "dev", "--rehearse"]).ends(1);
    let line = "would be refused: deleting net: sub[\"a\"] still uses it (`vpc_id`)  main.plat:3\n";
    assert!(refused.out.contains(line), "{}", refused.out);
}

#[test]
fn a_saved_plan_that_would_be_refused_is_not_used_up() {
    let stack = Stack::new(&format!("{NETWORK}{TAKEN}"));
    stack.sandbox(&["plan", "-e", "dev", "--out", "it.plan"]).ends(0);
    for _ in 0..2 {
        let refused = stack.plat(&["apply", "it.plan"]).ends(1);
        assert!(refused.out.contains("would be refused: creating logs["), "{}", refused.out);
    }
    stack.plat(&["apply", "it.plan", "--no-rehearse"]).ends(1);
    stack.plat(&["apply", "it.plan", "--no-rehearse"]).ends(5);
}
