//! A secret reaches the cloud and nothing else.

use std::path::Path;

use super::{Stack, said};

const CANARY: &str = "canary-7c1f-hunter2";

fn leaks(folder: &Path) -> Vec<String> {
    leaks_of(folder, CANARY)
}

/// Every file under a folder that holds the text.
pub fn leaks_of(folder: &Path, canary: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(leaks_of(&path, canary));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(canary) {
            found.push(path.display().to_string());
        }
    }
    found
}

const SECRETS: &str = r#"stack s { }
env dev { @region = "us-east-1" }
resource a: aws.secretsmanager.Secret {
  name = "a"
  secret_string = secret.env("PLAT_SECRET")
}
resource b: aws.secretsmanager.Secret {
  name = "b"
  secret_string = secret.file("keys/b")
}
"#;

#[test]
fn no_output_and_no_file_holds_a_secret() {
    let stack = Stack::new(SECRETS);
    std::fs::create_dir(stack.path().join("keys")).unwrap();
    stack.write("keys/b", &format!("{CANARY}\n"));
    let secret = |args: &[&str]| {
        let mut command = stack.command(args);
        command.env("PLAT_SECRET", CANARY);
        let said = said(command);
        assert!(!said.out.contains(CANARY) && !said.err.contains(CANARY), "{args:?}");
        said
    };
    for format in ["text", "markdown", "json"] {
        let plan = secret(&["plan", "--sandbox", "--full", "--format", format]).ends(0);
        assert!(plan.out.contains("secret"), "{}", plan.out);
    }
    secret(&["apply", "--sandbox", "--yes"]).ends(0);
    secret(&["state", "show", "a", "--sandbox"]).ends(0);
    secret(&["state", "show", "b", "--sandbox", "--json"]).ends(0);
    secret(&["plan", "--sandbox", "--detailed-exitcode"]).ends(0);
    assert_eq!(leaks(stack.path()), [stack.path().join("keys/b").display().to_string()]);

    // Another secret is a change, and shown as nothing more than that.
    stack.write("keys/b", &format!("other-{CANARY}\n"));
    let rotated = secret(&["plan", "--sandbox", "--detailed-exitcode"]).ends(2);
    assert!(rotated.out.contains("(secret) → (another secret)"), "{}", rotated.out);
    secret(&["apply", "--sandbox", "--yes"]).ends(0);
    assert_eq!(leaks(stack.path()), [stack.path().join("keys/b").display().to_string()]);
}

#[test]
fn a_secret_that_is_not_there_is_said_to_be_missing() {
    let stack = Stack::new(SECRETS);
    let apply = stack.sandbox(&["apply", "--yes"]).ends(1);
    assert!(apply.err.contains("`PLAT_SECRET` is not set") && apply.err.contains("`keys/b`"), "{}", apply.err);
}

#[test]
fn no_file_outside_the_project_is_read() {
    let stack = Stack::new(SECRETS);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("key"), CANARY).unwrap();
    std::fs::create_dir(stack.path().join("keys")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("key"), stack.path().join("keys/b")).unwrap();
    let mut command = stack.command(&["apply", "--sandbox", "--yes"]);
    command.env("PLAT_SECRET", "x");
    let said = said(command).ends(1);
    assert!(said.err.contains("leads out of the project") && !said.err.contains(CANARY), "{}", said.err);
}

/// A database with secrets from everywhere, and all that can be done with it.
#[test]
fn no_command_shows_a_secret_also_when_it_fails() {
    let program = r#"stack s { }
env dev { @region = "us-east-1" }
param password: Secret<String> = secret.env("PLAT_SECRET")
component Login {
  /// Of the user.
  param password: Secret<String>
  resource kept: aws.secretsmanager.Secret {
    name = "login"
    secret_string = "user:${password}@db"
  }
  output key: Secret<String> = password
  output arn: String = kept.id
}
resource login: Login { password = password }
resource all: aws.secretsmanager.Secret for name in ["a", "b"] {
  name = name
  secret_string = if name == "a" { login.key } else { secret.file("keys/b") }
}
resource made: aws.secretsmanager.Secret {
  name = "made"
  generate_secret_string = { password_length = 32 }
}
resource copy: aws.secretsmanager.Secret {
  name = "copy"
  secret_string = secret.aws(made)
}
output arn: String = login.arn
assert 1 == 2, "the arn is ${login.arn}"
"#;
    let stack = Stack::new(program);
    std::fs::create_dir(stack.path().join("keys")).unwrap();
    stack.write("keys/b", &format!("{CANARY}\n"));
    let run = |args: &[&str]| {
        let mut command = stack.command(args);
        command.env("PLAT_SECRET", CANARY);
        let said = said(command);
        assert!(!said.out.contains(CANARY) && !said.err.contains(CANARY), "{args:?}:\n{}\n{}", said.out, said.err);
        said
    };
    // The assert fails: nothing is done, and all of it is told.
    for args in [&["plan", "--sandbox", "--full"][..], &["apply", "--sandbox", "--yes"], &["apply", "--sandbox", "--yes", "--json"]] {
        run(args).ends(3);
    }
    stack.write("main.plat", &program.replace("assert 1 == 2", "assert 1 == 1"));
    run(&["apply", "--sandbox", "--yes"]).ends(0);
    for args in [
        &["validate"][..],
        &["validate", "--json"],
        &["show", "--sandbox"],
        &["show", "--sandbox", "--json"],
        &["output", "--sandbox"],
        &["output", "--sandbox", "--json"],
        &["state", "list", "--sandbox", "--json"],
        &["state", "show", "login.kept", "--sandbox"],
        &["state", "show", "all[a]", "--sandbox", "--json"],
        &["state", "history", "--sandbox"],
        &["graph", "--json"],
        &["plan", "--sandbox", "--full"],
        &["plan", "--sandbox", "--full", "--json"],
        &["plan", "--sandbox", "--full", "--format", "markdown"],
        &["plan", "--sandbox", "--no-refresh", "--detailed-exitcode"],
    ] {
        run(args).ends(0);
    }
    // A value that is none, a secret as an output, a syntax error beside it.
    for (what, with) in [
        ("password_length = 32", "password_length = \"x\""),
        ("output arn: String = login.arn", "output arn: String = login.key"),
        ("name = name\n", "name = name name\n"),
    ] {
        stack.write("main.plat", &program.replace("assert 1 == 2", "assert 1 == 1").replace(what, with));
        let failed = run(&["apply", "--sandbox", "--yes"]);
        assert_ne!(failed.code, 0, "{what} → {with}\n{}", failed.out);
    }
    assert_eq!(leaks(stack.path()), [stack.path().join("keys/b").display().to_string()]);
}
