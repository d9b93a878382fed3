//! A lock's file that was deleted while an apply was stopped: the apply notices before its next call, and what the next one did stays true.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Stack;

const COUNT: usize = 150;
const FOLDER: &str = ".plat/sandbox/state/s/dev";

fn program() -> String {
    format!(
        "stack s {{}}\nenv dev {{ @region = \"us-east-1\" }}\nresource logs: aws.logs.LogGroup for i in (0..{COUNT}).map(i => \"n${{i}}\") {{ log_group_name = \"/s/${{i}}\" }}\nresource ip: aws.ec2.EIP for i in (0..{COUNT}).map(i => \"n${{i}}\") {{}}\n"
    )
}

/// Ids of what exists, read without plat's code.
fn world(stack: &Stack) -> BTreeSet<String> {
    let text = fs::read_to_string(stack.path().join(".plat/sandbox/world")).unwrap_or_default();
    let mut things = BTreeSet::new();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["put"].is_array() {
            things.insert(line["put"][2].as_str().unwrap().to_owned());
        } else if line["gone"].is_array() {
            things.remove(line["gone"][2].as_str().unwrap());
        }
    }
    things
}

fn recorded(stack: &Stack) -> BTreeSet<String> {
    let state = stack.sandbox(&["state", "pull"]).ends(0).json();
    state["resources"].as_object().unwrap().values().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Stops an apply in its middle, deletes its lock, does `between`, and lets it go on. Its exit code, and what it said.
fn overtaken(stack: &Stack, between: impl FnOnce()) -> (Option<i32>, String) {
    let mut command = stack.command(&["apply", "--sandbox", "--yes", "--parallelism", "1", "--consistency", "0"]);
    let first = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the apply is under way", || world(stack).len() > COUNT / 10);
    signal("-STOP", first.id());
    assert!(world(stack).len() < 2 * COUNT, "it is stopped before its end");
    fs::remove_file(stack.path().join(FOLDER).join("lock")).unwrap();
    between();
    signal("-CONT", first.id());
    let output = first.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn who_lost_the_lock_calls_nothing_more() {
    let stack = Stack::new(&program());
    let second = || drop(stack.sandbox(&["apply", "--yes", "--consistency", "0"]).ends(0));
    let (code, said) = overtaken(&stack, second);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("the lock on the state was lost"), "{said}");
    let (there, known) = (world(&stack), recorded(&stack));
    assert_eq!(known.len(), 2 * COUNT);
    // The one call that was on its way to the cloud when the process was stopped cannot be called back.
    let lost: Vec<_> = there.difference(&known).collect();
    assert!(lost.len() <= 1 && known.is_subset(&there), "{lost:?}");
    assert!(stack.sandbox(&["plan"]).ends(0).out.contains("No changes"));
}

#[test]
fn a_lock_that_was_only_deleted_stops_the_apply_and_loses_nothing() {
    let stack = Stack::new(&program());
    let (code, said) = overtaken(&stack, || {});
    assert_eq!(code, Some(4), "{said}");
    stack.sandbox(&["apply", "--yes", "--consistency", "0"]).ends(0);
    assert_eq!(world(&stack), recorded(&stack));
}
