//! Exit codes, streams and messages.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use plat::schema::Registry;
use plat::state::{Holder, LocalStore, OpenOptions, StateStore};

use super::{NETWORK, Stack, said};

#[test]
fn a_wrong_command_line_is_none_of_the_other_codes() {
    let stack = Stack::new(NETWORK);
    for args in [
        &["plan", "--frmat", "json"][..],
        &["nothing"],
        &["import"],
        &["plan", "-e", "dev", "-p", "x"],
        &["state", "show", "a["],
        &["apply", "--json"],
    ] {
        let said = stack.plat(args);
        assert_eq!((said.code, said.out.as_str()), (64, ""), "{args:?}: {}", said.err);
    }
    stack.plat(&["--help"]).ends(0);
    stack.plat(&["--version"]).ends(0);
}

#[test]
fn an_error_of_the_program_shows_its_place_and_its_code() {
    let stack = Stack::new("stack s { }\nresource net: aws.ec2.VPC {\n  cidr_blok = 10.0.0.0/16\n}\n");
    for command in ["validate", "plan", "show", "graph"] {
        let said = stack.plat(&[command]).ends(1);
        assert!(
            said.err.contains("error[E") && said.err.contains("main.plat:3:") && said.err.contains("cidr_block"),
            "{command}: {}",
            said.err
        );
        assert_eq!(said.out, "", "{command}");
    }
    let json = stack.plat(&["validate", "--json"]).ends(1).json();
    assert_eq!((json["ok"].as_bool(), json["diagnostics"][0]["place"]["line"].as_u64()), (Some(false), Some(3)));
}

#[test]
fn a_failed_assert_has_a_code_of_its_own() {
    let stack = Stack::new(&format!("{NETWORK}\nassert sub.len() == 3, \"three zones\"\n"));
    let valid = stack.plat(&["validate"]).ends(3);
    assert!(valid.err.contains("error[E0857]: three zones") && valid.err.contains("sub.len() == 3"), "{}", valid.err);
    let plan = stack.sandbox(&["plan", "-e", "dev"]).ends(3);
    assert!(plan.err.contains("three zones") && plan.err.contains("main.plat:"), "{}", plan.err);
    let apply = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(3);
    assert!(!apply.err.contains("created"), "{}", apply.err);
}

#[test]
fn validate_tells_what_asserts_are_known_to_fail() {
    let stack = Stack::new(
        "param zones: Int = 2\nenv dev { zones = 1 }\nenv prod { }\nresource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\n\
         resource inner: aws.ec2.Subnet { vpc_id = net, cidr_block = 10.0.0.0/24 }\n\
         assert zones > 1, \"two zones\"\nassert net.vpc_id == \"vpc-1\"\n",
    );
    let json = stack.plat(&["validate", "--json"]).ends(3).json();
    let told: Vec<_> = json["diagnostics"].as_array().unwrap().iter().map(|d| (d["code"].as_str(), d["place"]["line"].as_u64())).collect();
    assert_eq!(told, [(Some("E0857"), Some(6))]);
    stack.plat(&["validate", "-e", "prod"]).ends(0);
    // Why nothing gets there is told in place of that it does not, and is no other kind of mistake.
    stack.write("more.plat", "assert reachable(internet, inner), \"from outside\"\n");
    let said = stack.plat(&["validate", "-e", "prod"]).ends(3);
    assert!(said.err.contains("error[E0512]: from outside") && said.err.contains("1 error") && !said.err.contains("E0857"), "{}", said.err);
    stack.write("more.plat", "let wrong = nothing\n");
    stack.plat(&["validate"]).ends(1);
}

#[test]
fn a_held_lock_says_who_holds_it() {
    let stack = Stack::new(NETWORK);
    let store = LocalStore::at(&stack.path().join(".plat/sandbox"), "shop", "dev");
    let holder = Holder { who: "maria@build-7".into(), pid: 4711, command: "plat apply -e dev".into(), since: 1_798_761_599 };
    let held = store.open(&OpenOptions { holder, wait: Duration::ZERO }, &Registry::default()).unwrap();
    let said = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(4);
    assert!(said.err.contains("maria@build-7") && said.err.contains("since 2026-12-31"), "{}", said.err);
    stack.sandbox(&["plan", "-e", "dev"]).ends(0);
    drop(held);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
}

#[test]
fn nobody_to_ask_means_no() {
    let stack = Stack::new(NETWORK);
    let said = stack.sandbox(&["apply", "-e", "dev"]).ends(1);
    assert!(said.err.contains("`plat apply -e dev --sandbox --yes`"), "{}", said.err);
    assert!(stack.sandbox(&["show", "-e", "dev", "--json"]).ends(0).json()["resources"].as_array().unwrap().is_empty());
}

#[test]
fn an_env_must_be_chosen_and_exist() {
    let stack = Stack::new(NETWORK);
    let none = stack.sandbox(&["plan"]).ends(1);
    assert!(none.err.contains("`dev`, `prod`"), "{}", none.err);
    let wrong = stack.sandbox(&["plan", "-e", "prd"]).ends(1);
    assert!(wrong.err.contains("did you mean `prod`?"), "{}", wrong.err);
}

#[test]
fn typos_are_understood() {
    let stack = Stack::new(NETWORK);
    assert!(stack.plat(&["docs", "aws.ec2.Vcp"]).ends(1).err.contains("did you mean `aws.ec2.VPC`?"));
    assert!(stack.plat(&["docs", "vpc"]).ends(0).out.starts_with("aws.ec2.VPC\n"));
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    assert!(stack.sandbox(&["output", "vcp", "-e", "dev"]).ends(1).err.contains("did you mean `vpc`?"));
    assert!(stack.sandbox(&["state", "show", "nett", "-e", "dev"]).ends(1).err.contains("did you mean `net`?"));
}

#[test]
fn colours_are_for_terminals_or_when_asked_for() {
    let stack = Stack::new(NETWORK);
    assert!(!stack.sandbox(&["plan", "-e", "dev"]).ends(0).out.contains('\x1b'));
    assert!(stack.sandbox(&["plan", "-e", "dev", "--color", "always"]).ends(0).out.contains('\x1b'));
    assert!(!stack.sandbox(&["plan", "-e", "dev", "--color", "never"]).ends(0).out.contains('\x1b'));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let stack = Stack::new(NETWORK);
    let mut command = stack.command(&["docs", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_folder_without_a_stack_is_said_to_be_one() {
    let stack = Stack::new(NETWORK);
    assert!(stack.plat(&["plan", "nowhere"]).ends(1).err.contains("there is no folder `nowhere`"));
    std::fs::create_dir(stack.path().join("empty")).unwrap();
    assert!(stack.plat(&["validate", "empty"]).ends(1).err.contains("no `.plat` file"));
}

#[test]
fn every_format_is_what_it_says() {
    let stack = Stack::new(NETWORK);
    let json = stack.sandbox(&["plan", "-e", "dev", "--format", "json"]).ends(0).json();
    assert_eq!((json["format"].as_str(), json["summary"]["add"].as_u64()), (Some("plat.plan/1"), Some(3)));
    let markdown = stack.sandbox(&["plan", "-e", "dev", "--format", "markdown"]).ends(0).out;
    assert!(markdown.starts_with("### shop · dev"), "{markdown}");
    let outcome = stack.sandbox(&["apply", "-e", "dev", "--yes", "--json"]).ends(0);
    assert_eq!((outcome.json()["added"].as_u64(), outcome.err.as_str()), (Some(3), ""));
    assert_eq!(said(stack.command(&["docs", "aws.ec2.VPC", "--json"])).ends(0).json()["name"], "aws.ec2.VPC");
}
