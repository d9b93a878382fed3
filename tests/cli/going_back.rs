//! `plat rollback` and `plat recover`, as an operator meets them.

use std::sync::Arc;

use plat::provider::sandbox::Sandbox;
use plat::provider::{Accepted, Operation, Provider, ProviderError};
use plat::schema::{Recovery, Registry};
use plat::state::{Entry, Holder, Intent, LocalStore, OpenOptions, StateStore, Verb};
use plat::value::{ResolvedObject, Value};

use super::{NETWORK, Stack};

/// The network with other tags, one subnet less, and another one instead.
fn changed(stack: &Stack) {
    let program = NETWORK.replace("Project = \"shop\"", "Project = \"other\"").replace("[\"a\", \"b\"]", "[\"a\", \"c\"]");
    stack.write(
        "main.plat",
        &program.replace("if zone == \"a\" { 10.0.0.0/24 } else { 10.0.1.0/24 }", "if zone == \"a\" { 10.0.0.0/24 } else { 10.0.2.0/24 }"),
    );
}

fn applied() -> Stack {
    let stack = Stack::new(NETWORK);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    changed(&stack);
    stack
}

#[test]
fn an_apply_says_how_to_go_back_and_the_way_leads_there() {
    let stack = applied();
    let said = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    assert!(said.out.ends_with("\nTo go back: plat rollback --to 1 -e dev --sandbox\n"), "{}", said.out);
    let again = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    assert!(!again.out.contains("To go back"), "{}", again.out);

    let shown = stack.sandbox(&["rollback", "--to", "1", "-e", "dev", "--dry-run"]).ends(0);
    assert!(shown.out.contains("- sub[\"c\"]") && shown.out.contains("+ sub[\"b\"]"), "{}", shown.out);
    assert!(shown.out.contains("Cannot be undone:\n  sub[\"b\"]  comes back under another id\n"), "{}", shown.out);
    let json = stack.sandbox(&["rollback", "-e", "dev", "--dry-run", "--json"]).ends(0).json();
    assert_eq!((json["summary"]["add"].as_u64(), json["summary"]["destroy"].as_u64()), (Some(1), Some(1)));
    assert_eq!(json["cannot_be_undone"][0]["kind"], "identity");
    let unasked = stack.sandbox(&["rollback", "-e", "dev"]).ends(1);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);

    let back = stack.sandbox(&["rollback", "-e", "dev", "--yes"]).ends(0);
    assert!(
        back.out.contains("1 added, 2 changed, 1 destroyed") && back.out.ends_with("To go back: plat rollback --to 2 -e dev --sandbox\n"),
        "{}",
        back.out
    );
    // The old program has nothing to do.
    stack.write("main.plat", NETWORK);
    let plan = stack.sandbox(&["plan", "-e", "dev", "--detailed-exitcode"]).ends(0);
    assert!(plan.out.contains("No changes"), "{}", plan.out);
}

#[test]
fn a_destroyed_stack_comes_back() {
    let stack = applied();
    stack.write("main.plat", NETWORK);
    let gone = stack.sandbox(&["destroy", "-e", "dev", "--yes", "--json"]).ends(0).json();
    assert_eq!(gone["back"], "plat rollback --to 1 -e dev --sandbox");
    stack.sandbox(&["rollback", "--to", "1", "-e", "dev", "--yes"]).ends(0);
    let plan = stack.sandbox(&["plan", "-e", "dev", "--detailed-exitcode"]).ends(0);
    assert!(plan.out.contains("No changes"), "{}", plan.out);
}

#[test]
fn there_is_somewhere_to_go_or_it_says_so() {
    let stack = Stack::new(NETWORK);
    let none = stack.sandbox(&["rollback", "-e", "dev", "--yes"]).ends(1);
    assert!(none.err.contains("there is no earlier state to go back to"), "{}", none.err);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    let here = stack.sandbox(&["rollback", "--to", "1", "-e", "dev", "--yes"]).ends(1);
    assert!(here.err.contains("state 1 is the current one"), "{}", here.err);
    let never = stack.sandbox(&["rollback", "--to", "9", "-e", "dev", "--yes"]).ends(1);
    assert!(never.err.contains("serial 9 is not kept") && never.err.contains("plat state history"), "{}", never.err);
    stack.sandbox(&["rollback", "-e", "dev", "--json"]).ends(64);
    let all = stack.sandbox(&["rollback", "-e", "dev", "--yes"]).ends(0);
    assert!(all.out.contains("3 destroyed"), "{}", all.out);
}

#[test]
fn what_is_protected_is_protected_on_the_way_back() {
    let stack =
        Stack::new(&format!("{NETWORK}\nresource logs: aws.logs.LogGroup {{\n  log_group_name = \"/shop\"\n  @protect       = true\n}}\n"));
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    let kept = stack.sandbox(&["rollback", "--to", "0", "-e", "dev", "--yes"]).ends(1);
    assert!(kept.err.contains("the plan would lose what is protected: logs"), "{}", kept.err);
    stack.sandbox(&["rollback", "--to", "0", "-e", "dev", "--yes", "--consent-to-lose", "logs"]).ends(0);
    let back = stack.sandbox(&["rollback", "-e", "dev", "--dry-run"]).ends(0);
    assert!(back.out.contains("  logs      comes back empty: what the old one held is gone\n"), "{}", back.out);
}

#[test]
fn the_inverse_of_an_apply_is_saved_and_carried_out_once() {
    let stack = applied();
    let said = stack.sandbox(&["apply", "-e", "dev", "--yes", "--inverse", "back.plan"]).ends(0);
    assert!(said.err.contains("`plat apply back.plan` carries out exactly this"), "{}", said.err);
    let back = stack.plat(&["apply", "back.plan"]).ends(0);
    assert!(back.out.contains("1 added, 2 changed, 1 destroyed"), "{}", back.out);
    stack.plat(&["apply", "back.plan"]).ends(5);
    stack.write("main.plat", NETWORK);
    stack.sandbox(&["plan", "-e", "dev", "--detailed-exitcode"]).ends(0);
    // The same by hand, and stale once something else was done.
    changed(&stack);
    stack.sandbox(&["rollback", "--to", "2", "-e", "dev", "--out", "forth.plan"]).ends(0);
    stack.sandbox(&["destroy", "-e", "dev", "--yes", "--target", "sub"]).ends(0);
    let stale = stack.plat(&["apply", "forth.plan"]).ends(5);
    assert!(stale.err.contains("make a new one: `plat rollback --to 2 -e dev --sandbox --out forth.plan`"), "{}", stale.err);
}

/// A process that is killed knows no one.
struct Nobody;

impl Accepted for Nobody {
    fn accepted(&self, _: &str) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// An apply is killed while it creates a network that came to be, and one that did not.
fn cut_off(stack: &Stack) {
    let registry = Arc::new(Registry::new(plat_aws::schemas()));
    let holder = Holder { who: "tests".to_owned(), pid: 1, command: "plat apply".to_owned(), since: 0 };
    let store = LocalStore::at(&stack.path().join(".plat/sandbox"), "shop", "dev");
    let (session, loaded) = store.open(&OpenOptions { holder, wait: std::time::Duration::ZERO }, &registry).unwrap();
    let mut state = loaded.state;
    session.begin(&mut state, "apply").unwrap();
    let inputs: plat::value::Object = [("cidr_block".into(), Value::Cidr("10.7.0.0/16".parse().unwrap()))].into_iter().collect();
    let intent = |op: &str, address: &str| Intent {
        op: op.into(),
        address: address.parse().unwrap(),
        verb: Verb::Create,
        type_name: "aws.ec2.VPC".into(),
        region: "us-east-1".to_owned(),
        inputs: inputs.clone(),
        recovery: Recovery::Tag,
        prior: None,
        dependencies: Vec::new(),
        protect: false,
        retain: false,
    };
    let intents = [intent("op-1", "made"), intent("op-2", "unmade")];
    session.append_all(&intents.clone().map(|intent| Entry::Intent(Box::new(intent)))).unwrap();
    let sandbox = Sandbox::open(registry, &stack.path().join(".plat/sandbox/world")).unwrap();
    let address = "made".parse().unwrap();
    let operation = Operation {
        id: "op-1",
        address: &address,
        type_name: "aws.ec2.VPC",
        region: "us-east-1",
        timeout: plat::value::Duration::minutes(1),
        accepted: &Nobody,
    };
    let inputs = ResolvedObject::new(inputs).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(sandbox.create(&operation, &inputs)).unwrap();
}

#[test]
fn recover_tells_what_became_of_each_operation() {
    let stack = Stack::new(NETWORK);
    let whole = stack.sandbox(&["recover", "-e", "dev"]).ends(0);
    assert_eq!(whole.out, "Nothing was left open: state 0 is whole.\n");
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    cut_off(&stack);
    let refused = stack.sandbox(&["state", "rm", "net", "-e", "dev", "--yes"]).ends(1);
    assert!(refused.err.contains("run `plat recover -e dev --sandbox`"), "{}", refused.err);
    let said = stack.sandbox(&["recover", "-e", "dev", "--consistency", "0"]).ends(0).out;
    for line in [
        "create made  aws.ec2.VPC\n",
        "  class B: looked for what carries the mark of operation op-1\n",
        "  made was created (vpc-",
        "create unmade  aws.ec2.VPC\n",
        "  unmade was not created\n",
        "2 operations are settled in state 3.\n",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let list = stack.sandbox(&["state", "list", "-e", "dev"]).ends(0).out;
    assert!(list.contains("made") && !list.contains("unmade"), "{list}");
    // Nothing else was done, and nothing is left.
    let json = stack.sandbox(&["recover", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!(
        (json["format"].as_str(), json["serial"].as_u64(), json["operations"].as_array().map(Vec::len)),
        (Some("plat.recovery/1"), Some(3), Some(0))
    );
}

#[test]
fn recover_speaks_to_programs() {
    let stack = Stack::new(NETWORK);
    cut_off(&stack);
    let json = stack.sandbox(&["recover", "-e", "dev", "--consistency", "0", "--json"]).ends(0).json();
    let of = |i: usize, name: &str| json["operations"][i][name].clone();
    assert_eq!(
        (of(0, "class"), of(0, "outcome"), of(0, "operation"), of(0, "token")),
        ("B".into(), "unfinished".into(), "create".into(), "op-1".into())
    );
    assert!(of(0, "id").as_str().unwrap().starts_with("vpc-"));
    assert_eq!((of(1, "outcome"), of(1, "id")), ("not_created".into(), serde_json::Value::Null));
}
