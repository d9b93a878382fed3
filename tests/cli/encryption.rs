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
    // Whoever has no key could have put a plain state in the place of an encrypted one.
    for command in [&["plan", "--sandbox"][..], &["apply", "--sandbox", "--yes"]] {
        let refused = with(&stack, "one", command).ends(1);
        assert!(refused.err.contains("is not encrypted") && refused.err.contains("plat state rekey"), "{}", refused.err);
    }
    with(&stack, "one", &["state", "rekey", "--sandbox"]).ends(0);
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

/// Two pairs of keys, made for these tests.
const KEYS: [(&str, &str); 2] = [
    (
        "AGE-SECRET-KEY-1JE3SP96A90N3KXKWEWF0CW2M305TEQ6XRX8234R3REE4HYWKDJVSE4GTF5",
        "age1xlj9qm77r5xp84zmkvfxnjhvyaw4yej8curdsvrgalcrq646q9sqf0attk",
    ),
    (
        "AGE-SECRET-KEY-1CN9YACH6TGJP2W85Y858QL0CXQ9DQETHE5P24VKFZFSE7Z477EXSSY6HGH",
        "age1mtmmhvapphs0frjqsm2hyv0d0urqvdp8yacjsxdzgmdqmspnhs2swhsks8",
    ),
];

fn for_age(recipients: &[usize]) -> String {
    let list: Vec<String> = recipients.iter().map(|number| format!("{:?}", KEYS[*number].1)).collect();
    PLAIN.replace("stack shop {\n", &format!("stack shop {{\n  encryption = age {{ recipients = [{}] }}\n", list.join(", ")))
}

fn by(stack: &Stack, identity: usize, args: &[&str]) -> Said {
    let mut command = stack.command(args);
    command.env("PLAT_AGE_IDENTITY", KEYS[identity].0).env("PLAT_STATE_PASSPHRASE", "one");
    said(command)
}

#[test]
fn whoever_has_an_identity_opens_a_state_for_age_recipients() {
    let stack = Stack::new(&for_age(&[0]));
    let none = stack.sandbox(&["apply", "--yes"]).ends(1);
    assert!(none.err.contains("no identity was given") && none.err.contains("PLAT_AGE_IDENTITY_FILE"), "{}", none.err);
    let stranger = by(&stack, 1, &["apply", "--sandbox", "--yes"]).ends(1);
    assert!(stranger.err.contains("no age identity that was given opens"), "{}", stranger.err);
    assert!(!stack.path().join(".plat/sandbox/state/shop/dev/HEAD").exists(), "nothing is written with a key that does not open");

    by(&stack, 0, &["apply", "--sandbox", "--yes"]).ends(0);
    assert_eq!(readable(&stack.path().join(".plat/sandbox/state")), Vec::<String>::new());
    by(&stack, 0, &["plan", "--sandbox", "--detailed-exitcode"]).ends(0);
    by(&stack, 1, &["plan", "--sandbox"]).ends(1);

    // The same from a file of age-keygen.
    stack.write("identity.txt", &format!("# public key: {}\n{}\n", KEYS[0].1, KEYS[0].0));
    let mut command = stack.command(&["plan", "--sandbox", "--detailed-exitcode"]);
    command.env("PLAT_AGE_IDENTITY_FILE", stack.path().join("identity.txt"));
    said(command).ends(0);
    let mut command = stack.command(&["plan", "--sandbox"]);
    command.env("PLAT_AGE_IDENTITY", format!("# a comment\n{}x", KEYS[0].0));
    let mistyped = said(command).ends(64);
    assert!(mistyped.err.contains("line 2") && !mistyped.err.contains("AGE-SECRET-KEY-1JE3"), "{}", mistyped.err);

    // Another one is let in.
    stack.write("main.plat", &for_age(&[0, 1]));
    let told = by(&stack, 0, &["plan", "--sandbox"]).ends(1);
    assert!(told.err.contains("plat state rekey"), "{}", told.err);
    let moved = by(&stack, 0, &["state", "rekey", "--sandbox"]).ends(0);
    assert!(moved.out.contains(KEYS[1].1), "{}", moved.out);
    by(&stack, 1, &["plan", "--sandbox", "--detailed-exitcode"]).ends(0);
}

#[test]
fn a_state_moves_between_kinds_of_keys() {
    let stack = Stack::new(PLAIN);
    by(&stack, 0, &["apply", "--sandbox", "--yes"]).ends(0);
    let head = || std::fs::read_to_string(stack.path().join(".plat/sandbox/state/shop/dev/HEAD")).unwrap();
    assert!(by(&stack, 0, &["state", "rekey", "--sandbox"]).ends(1).err.contains("does not say what its state is to be encrypted with"));
    for (program, says) in [(for_age(&[0]), "\"age\""), (encrypted(), "argon2id"), (for_age(&[1, 0]), "\"age\"")] {
        stack.write("main.plat", &program);
        by(&stack, 0, &["state", "rekey", "--sandbox"]).ends(0);
        assert!(head().contains(says), "{}", head());
        by(&stack, 0, &["plan", "--sandbox", "--detailed-exitcode"]).ends(0);
    }
}

#[test]
fn a_state_in_a_bucket_is_never_readable_because_nobody_said_otherwise() {
    let stack = Stack::new(&PLAIN.replace("stack shop {\n", "stack shop {\n  state = s3 { bucket = \"b\" }\n"));
    let refused = stack.sandbox(&["plan"]).ends(1);
    assert!(refused.err.contains("E0870") && refused.err.contains("kms { key"), "{}", refused.err);
    stack.write("main.plat", &PLAIN.replace("stack shop {\n", "stack shop {\n  state = s3 { bucket = \"b\" }\n  encryption = none\n"));
    stack.sandbox(&["plan"]).ends(0);
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
