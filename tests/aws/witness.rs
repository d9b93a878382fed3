//! boto3 as the witness: what is there, told by a client that shares no code with plat.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::ledger::WITNESS;
use crate::project::{root, tool};

/// Everything in a region, kind by kind; tests/aws/witness/inventory.py says how each thing is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory(BTreeMap<String, Vec<Value>>);

impl Inventory {
    pub fn of(cloud: &Cloud, region: &str) -> Self {
        let output = python("inventory.py", cloud, WITNESS, &[region]).stdin(Stdio::null()).output().expect("python runs");
        Self(serde_json::from_slice(&told(output)).expect("an inventory"))
    }

    /// All things of a kind, such as `subnets`.
    pub fn all(&self, kind: &str) -> &[Value] {
        self.0.get(kind).unwrap_or_else(|| panic!("the inventory has no kind `{kind}`"))
    }

    /// All things, kind by kind.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &[Value])> {
        self.0.iter().map(|(kind, things)| (kind.as_str(), things.as_slice()))
    }

    /// The only thing of a kind.
    pub fn one(&self, kind: &str) -> &Value {
        match self.all(kind) {
            [one] => one,
            all => panic!("{} {kind} and not one: {all:#?}", all.len()),
        }
    }

    /// The one thing of a kind whose `field` is `value`.
    pub fn find(&self, kind: &str, field: &str, value: &str) -> &Value {
        let found: Vec<&Value> = self.all(kind).iter().filter(|thing| thing[field] == value).collect();
        match found.as_slice() {
            [one] => one,
            _ => panic!("{} {kind} with {field} {value}, and not one: {:#?}", found.len(), self.all(kind)),
        }
    }

    /// How many there are of each kind that there is any of.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        self.0.iter().filter(|(_, things)| !things.is_empty()).map(|(kind, things)| (kind.as_str(), things.len())).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.counts().is_empty()
    }
}

/// What one call by boto3 came to.
#[derive(Debug, Clone)]
pub struct Told(pub Value);

impl Told {
    /// The answer, by JSON pointer; fails when the call failed.
    pub fn get(&self, pointer: &str) -> &Value {
        let answer = self.0.get("ok").unwrap_or_else(|| panic!("the call failed: {}", self.0));
        answer.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {answer}"))
    }

    pub fn text(&self, pointer: &str) -> &str {
        self.get(pointer).as_str().unwrap_or_else(|| panic!("{pointer} is no text"))
    }

    /// The error's code, or its Python class where no answer came.
    pub fn error(&self) -> &str {
        self.0["error"].as_str().unwrap_or_else(|| panic!("the call did not fail: {}", self.0))
    }
}

/// Calls made with boto3, one after the other: service, method, arguments. A text `$0/Vpc/VpcId` in the arguments is taken from the answer
/// to the first call.
pub fn boto(cloud: &Cloud, retries: usize, calls: &Value) -> Vec<Told> {
    let mut child = start_boto(cloud, retries, calls);
    drop(child.stdin.take());
    let told: Vec<Value> = serde_json::from_slice(&told(child.wait_with_output().expect("python runs"))).expect("a list of answers");
    told.into_iter().map(Told).collect()
}

/// The same, not waited for.
pub fn start_boto(cloud: &Cloud, retries: usize, calls: &Value) -> Child {
    let mut command = python("calls.py", cloud, "harness", &[&retries.to_string()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("python starts");
    let text = json!({ "region": "us-west-2", "calls": calls }).to_string();
    child.stdin.take().expect("a piped input").write_all(text.as_bytes()).expect("python reads");
    child
}

fn python(script: &str, cloud: &Cloud, caller: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(tool("oracle", "bin/python"));
    command
        .arg(root().join("tests/aws/witness").join(script))
        .args(arguments)
        .env("AWS_ENDPOINT_URL", cloud.proxy.url())
        .env("AWS_ACCESS_KEY_ID", caller)
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn told(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "the witness failed:\n{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
