//! `tests/real-account` against the emulators: what it does to an account, and what keeps it from doing anything.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::cloud::Cloud;
use super::ledger::WITNESS;
use super::witness::Inventory;
use crate::project::root;

const REGION: &str = "us-west-2";

fn run(cloud: &Cloud, folder: &Path, arguments: &[&str]) -> Output {
    let mut script = Command::new(root().join(".venv/oracle/bin/python"));
    script.arg(root().join("tests/real-account")).args(["--region", REGION, "--folder"]).arg(folder);
    script.args(["--plat", env!("CARGO_BIN_EXE_plat")]).args(arguments);
    script.env("AWS_ENDPOINT_URL", cloud.proxy.url()).env("AWS_ACCESS_KEY_ID", WITNESS).env("AWS_SECRET_ACCESS_KEY", "secret");
    script.env("AWS_EC2_METADATA_DISABLED", "true").env_remove("AWS_PROFILE").output().expect("the script runs")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_stack_lives_through_its_steps_and_leaves_nothing() {
    let cloud = Cloud::start();
    let folder = TempDir::new().unwrap();
    let output = run(&cloud, folder.path(), &["--account", "123456789012", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let name = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let report: Value = serde_json::from_str(&std::fs::read_to_string(name.join("report.json")).unwrap()).unwrap();
    let phases: Vec<_> = report["phases"].as_array().unwrap().iter().map(|row| (&row["phase"], &row["outcome"])).collect();
    assert_eq!(phases.len(), 5, "{phases:?}");
    assert!(phases.iter().all(|(_, outcome)| **outcome == "passed"), "{phases:?}");
    let left = Inventory::of(&cloud, REGION);
    assert!(left.is_empty(), "{:?}", left.counts());
}

#[test]
fn a_small_budget_and_another_account_stop_it_before_the_first_change() {
    let cloud = Cloud::start();
    let folder = TempDir::new().unwrap();
    let poor = run(&cloud, folder.path(), &["--account", "123456789012", "--yes", "--budget", "0.05"]);
    assert_eq!(poor.status.code(), Some(2), "{}", text(&poor));
    assert!(text(&poor).contains("The estimate exceeds the budget"), "{}", text(&poor));
    let stranger = run(&cloud, folder.path(), &["--account", "999999999999", "--yes"]);
    assert_eq!(stranger.status.code(), Some(1), "{}", text(&stranger));
    assert!(text(&stranger).contains("account of the credentials: expected '999999999999'"), "{}", text(&stranger));
    let asked = run(&cloud, folder.path(), &["--account", "123456789012"]);
    assert_ne!(asked.status.code(), Some(0), "nobody answered the question");
    assert!(Inventory::of(&cloud, REGION).is_empty());
}
