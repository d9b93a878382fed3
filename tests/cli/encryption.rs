//! States and saved plans that are encrypted where they are kept.

use std::path::Path;

use super::{Said, Stack, said};

const PLAIN: &str = r#"stack shop {
}
env dev { @region = "us-east-1" }
resource a: aws.ec2.VPC { cidr_block = 10.0.0.0/16, tags = { Name = "canary-9d2e" } }
"#;

fn encrypted() -> String {
    PLAIN.replace("stack shop {\n", "stack shop {\n  encryption = passphrase\n")
}

fn with(stack: &Stack, passphrase: &str, args: &[&str]) -> Said {
    let mut command = stack.command(args);
    command.env("PLAT_STATE_PASSPHRASE", passphrase);
    said(command)
}

/// The state's files that can be read by everybody who has them.
fn readable(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(readable(&path));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("canary-9d2e") {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn what_is_stored_cannot_be_read_without_the_passphrase() {
    let stack = Stack::new(&encrypted());
    let none = stack.sandbox(&["plan"]).ends(0);
    assert!(none.err.is_empty(), "a plan without a state needs no passphrase: {}", none.err);
    let none = stack.sandbox(&["apply", "--yes"]).ends(1);
    assert!(none.err.contains("no passphrase was given") && none.err.contains("PLAT_STATE_PASSPHRASE"), "{}", none.err);

    with(&stack, "one", &["apply", "--sandbox", "--yes"]).ends(0);
    let state = stack.path().join(".plat/sandbox/state");
    assert_eq!(readable(&state), Vec::<String>::new());
    with(&stack, "one", &["plan", "--sandbox", "--detailed-exitcode"]).ends(0);

    for command in [&["plan", "--sandbox"][..], &["apply", "--sandbox", "--yes"], &["show", "--sandbox"]] {
        let wrong = with(&stack, "two", command).ends(1);
        assert!(wrong.err.contains("the passphrase is not the one"), "{}", wrong.err);
        assert!(stack.plat(command).ends(1).err.contains("no passphrase was given"));
    }
}

#[test]
fn a_plain_state_moves_over_and_back() {
    let stack = Stack::new(PLAIN);
    stack.sandbox(&["apply", "--yes"]).ends(0);
    stack.write("main.plat", &encrypted());
    with(&stack, "one", &["plan", "--sandbox", "--detailed-exitcode"]).ends(0);
    with(&stack, "one", &["apply", "--sandbox", "--yes"]).ends(0);
    let state = stack.path().join(".plat/sandbox/state");
    assert_eq!(readable(&state).len(), 1, "the snapshot from before");
    // The old one can be brought back, and is encrypted then.
    with(&stack, "one", &["state", "restore", "1", "--sandbox", "--yes"]).ends(0);
    assert_eq!(readable(&state).len(), 1);
    stack.write("main.plat", PLAIN);
    with(&stack, "one", &["apply", "--sandbox", "--yes"]).ends(0);
    stack.sandbox(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn a_new_passphrase_is_a_new_head_and_nothing_else() {
    let stack = Stack::new(&encrypted());
    with(&stack, "one", &["apply", "--sandbox", "--yes"]).ends(0);
    let snapshots = || std::fs::read_dir(stack.path().join(".plat/sandbox/state/shop/dev/snapshots")).unwrap().count();
    let before = snapshots();
    assert!(with(&stack, "one", &["state", "rekey", "--sandbox"]).ends(64).err.contains("no new passphrase"));
    let rekey = |old: &str| {
        let mut command = stack.command(&["state", "rekey", "--sandbox"]);
        command.env("PLAT_STATE_PASSPHRASE", old).env("PLAT_STATE_NEW_PASSPHRASE", "two");
        said(command)
    };
    rekey("wrong").ends(1);
    rekey("one").ends(0);
    assert_eq!(snapshots(), before);
    with(&stack, "one", &["plan", "--sandbox"]).ends(1);
    with(&stack, "two", &["plan", "--sandbox", "--detailed-exitcode"]).ends(0);
    with(&stack, "two", &["apply", "--sandbox", "--yes"]).ends(0);
    with(&stack, "two", &["state", "restore", "1", "--sandbox", "--yes"]).ends(0);
    with(&stack, "two", &["plan", "--sandbox", "--detailed-exitcode"]).ends(0);
}

#[test]
fn a_saved_plan_is_encrypted_as_its_state_is() {
    let stack = Stack::new(&encrypted());
    with(&stack, "one", &["plan", "--sandbox", "--out", "it.plan"]).ends(0);
    let bytes = std::fs::read(stack.path().join("it.plan")).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("canary-9d2e"));
    assert!(stack.plat(&["apply", "it.plan"]).ends(1).err.contains("no passphrase was given"));
    assert!(with(&stack, "two", &["apply", "it.plan"]).ends(1).err.contains("the passphrase is not the one"));
    let mut cut = bytes.clone();
    cut.truncate(bytes.len() - 5);
    stack.write("cut.plan", "");
    std::fs::write(stack.path().join("cut.plan"), cut).unwrap();
    assert!(with(&stack, "one", &["apply", "cut.plan"]).ends(1).err.contains("it is damaged"));
    with(&stack, "one", &["apply", "it.plan"]).ends(0);
    with(&stack, "one", &["apply", "it.plan"]).ends(5);
}
