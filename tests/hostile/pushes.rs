//! States that were changed by hand, plans in odd places, and files that are read as two things.

use std::os::unix::ffi::OsStrExt as _;

use serde_json::{Value, json};

use super::{Project, Said};

const PROGRAM: &str = r#"stack s {}
env dev { @region = "us-east-1" }
resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16, tags = { Name = "a" } }
resource logs: aws.logs.LogGroup { log_group_name = "/a", retention_in_days = 7d }
resource key: aws.secretsmanager.Secret { name = "key", secret_string = secret.file("stack/k") }
"#;

fn applied() -> (Project, Value) {
    let project = Project::roomy(PROGRAM);
    project.write("k", "hunter2-hunter2\n");
    let said = project.run("an apply", &["apply", "--yes", "--sandbox"]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    let state = serde_json::from_str(&project.run("pull", &["state", "pull", "--sandbox"]).out).unwrap();
    (project, state)
}

fn push(project: &Project, name: &str, state: &Value) -> Said {
    project.write("pushed.json", state.to_string());
    project.run(name, &["state", "push", "pushed.json", "--yes", "--sandbox"])
}

#[test]
fn values_that_a_type_cannot_have_are_not_pushed() {
    let (project, state) = applied();
    let before = project.run("pull", &["state", "pull", "--sandbox"]).out;
    for (place, value, words) in [
        ("/resources/net/inputs/cidr_block", json!("10.0.0.0/99"), "`cidr_block` of `net`"),
        ("/resources/net/inputs/cidr_block", json!(7), "`cidr_block` of `net`"),
        ("/resources/net/inputs/cidr_block", json!(["10.0.0.0/16"]), "`cidr_block` of `net`"),
        ("/resources/net/inputs/cidr_block", json!({ "$secret": "" }), "`cidr_block` of `net`"),
        ("/resources/net/inputs/tags", json!("x"), "`tags` of `net`"),
        ("/resources/net/inputs/tags", json!({ "Name": 1 }), "`tags` of `net` has `Name`"),
        ("/resources/net/inputs/no_such", json!("x"), "`no_such` of `net` is no attribute"),
        ("/resources/net/inputs/vpc_id", json!("vpc-1"), "`vpc_id` of `net` is for AWS to decide"),
        ("/resources/logs/inputs/retention_in_days", json!("8d"), "`retention_in_days` of `logs`"),
        ("/resources/logs/inputs/retention_in_days", json!(true), "`retention_in_days` of `logs`"),
        ("/resources/key/inputs/secret_string", json!("hunter2-hunter2"), "`secret_string` of `key` is a secret in plain text"),
        ("/resources/key/inputs/secret_string", json!({ "$secret": "hunter2" }), "`secret_string` of `key` is not the fingerprint"),
        ("/resources/net/type", json!("aws.ec2.NoSuch"), "`net` is of the type `aws.ec2.NoSuch`"),
        ("/resources/net/id", json!(""), "`net` has no id"),
    ] {
        let mut changed = state.clone();
        let (object, key) = place.rsplit_once('/').unwrap();
        changed.pointer_mut(object).unwrap()[key] = value;
        let said = push(&project, place, &changed);
        said.is_one_error(words);
        assert!(!said.text.contains("hunter2"), "{}", said.text);
    }
    assert_eq!(project.run("pull", &["state", "pull", "--sandbox"]).out, before);
    let mut right = state.clone();
    right["resources"]["net"]["inputs"]["tags"]["Name"] = json!("b");
    let said = push(&project, "a value that it can have", &right);
    assert_eq!(said.code, Some(0), "{}", said.text);
    let said = push(
        &project,
        "a state as it was pulled",
        &serde_json::from_str(&project.run("pull", &["state", "pull", "--sandbox"]).out).unwrap(),
    );
    assert_eq!(said.code, Some(0), "{}", said.text);
}

#[test]
fn a_plan_is_saved_where_it_can_be_carried_out() {
    let project = Project::roomy("stack s {}\n");
    let odd = project.folder.path().join("project").join(std::ffi::OsStr::from_bytes(b"odd-\xff"));
    std::fs::create_dir(&odd).unwrap();
    std::fs::write(odd.join("main.plat"), "stack s {}\nenv dev { @region = \"us-east-1\" }\nresource ip: aws.ec2.EIP {}\n").unwrap();
    let run = |folder: &std::path::Path, args: &[&std::ffi::OsStr]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_plat"));
        let output = command.args(args).current_dir(folder).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let word = |text: &'static str| std::ffi::OsStr::new(text);
    let plan = odd.join("p");
    // Inside, the folder is `.`, and the plan's own name may be anything.
    let (code, said) = run(&odd, &[word("plan"), word("--sandbox"), word("--out"), plan.as_os_str()]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&odd, &[word("apply"), plan.as_os_str(), word("--yes")]);
    assert_eq!(code, Some(0), "{said}");
    std::fs::remove_file(&plan).unwrap();
    for args in [
        vec![word("plan"), odd.as_os_str(), word("--sandbox"), word("--out"), plan.as_os_str()],
        vec![word("plan"), word("--sandbox"), word("--state-dir"), odd.as_os_str(), word("--out"), plan.as_os_str()],
    ] {
        let (code, said) = run(&project.path(), &args);
        assert!(code == Some(1) && said.contains("the plan was not saved") && said.contains("not UTF-8"), "{code:?} {said}");
        assert!(!plan.exists());
    }
}

#[test]
fn a_file_that_is_a_secret_and_a_text_is_a_warning() {
    let program = |plain: &str, secret: &str| {
        format!(
            "stack s {{}}\nenv dev {{ @region = \"us-east-1\" }}\nlet name = \"k\"\nresource net: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16, tags = {{ Name = {plain} }} }}\nresource key: aws.secretsmanager.Secret {{ name = \"key\", secret_string = secret.file(\"{secret}\") }}\n"
        )
    };
    for (plain, secret, warned) in [
        ("file(\"stack/k\")", "stack/k", true),
        ("file(\"stack/../stack/./k\")", "stack/k", true),
        ("file(\"stack/${name}\")", "stack/k", true),
        ("file(\"stack/link\")", "stack/k", true),
        ("file(\"stack/k\")", "stack/link", true),
        ("file(\"stack/hard\")", "stack/k", true),
        ("file(\"stack/other\")", "stack/k", false),
        ("\"x\"", "stack/k", false),
    ] {
        let project = Project::roomy(program(plain, secret));
        project.write("k", "hunter2-hunter2\n");
        project.write("other", "x\n");
        std::os::unix::fs::symlink("k", project.path().join("link")).unwrap();
        std::fs::hard_link(project.path().join("k"), project.path().join("hard")).unwrap();
        for args in [&["validate"][..], &["plan", "--sandbox"]] {
            let said = project.run(plain, args);
            assert_eq!(said.code, Some(0), "{plain}: {}", said.text);
            assert_eq!(
                said.text.contains("is a secret, and `file` reads it as a plain text"),
                warned,
                "{args:?} {plain} {secret}: {}",
                said.text
            );
        }
    }
}
