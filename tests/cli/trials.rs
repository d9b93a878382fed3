//! `plat test`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{NETWORK, Stack, said};
use crate::project::root;

const TESTS: &str = r#"
test "dev has two subnets" {
  env dev
  assert plan.creates.len() == 3
}

test "the range can change" {
  env prod { cidr = 10.0.0.0/17 }
  assert net.cidr_block == 10.0.0.0/17
}
"#;

fn with(tests: &str) -> Stack {
    let stack = Stack::new(NETWORK);
    stack.write("tests.plat", tests);
    stack
}

#[test]
fn tests_that_pass_say_one_line_and_leave_nothing_behind() {
    let stack = with(TESTS);
    let told = stack.plat(&["test"]).ends(0);
    assert!(told.out.starts_with("Tests: 2 passed. ") && told.out.lines().count() == 1, "{}", told.out);
    assert_eq!(told.err, "");
    assert!(!stack.path().join(".plat").exists(), "a test writes nothing");
    // A test is checked with the rest of the stack.
    stack.plat(&["validate"]).ends(0);
    stack.plat(&["plan", "-e", "dev", "--sandbox"]).ends(0);
}

#[test]
fn a_failed_assert_shows_its_source_and_the_values_in_it() {
    let stack = with(&format!("{TESTS}\ntest \"three zones\" {{\n  env dev\n  assert sub.len() == 3, \"a subnet for each zone\"\n}}\n"));
    let told = stack.plat(&["test"]).ends(3);
    for part in [
        "test \"three zones\"",
        "error[E0851]: a subnet for each zone",
        "tests.plat:14:10",
        "assert sub.len() == 3",
        "`sub.len()` is `2`",
        "Tests: 2 passed, 1 failed.",
    ] {
        assert!(told.out.contains(part), "{part}\n{}", told.out);
    }
    assert!(!told.out.contains("dev has two subnets"), "what passed is not told without a terminal");
}

#[test]
fn a_test_that_cannot_be_carried_out_is_an_error() {
    let stack =
        with("test \"no room\" {\n  env dev { cidr = 10.0.0.0/24 }\n  apply\n}\ntest \"wrong\" {\n  env dev\n  assert sub.len() == 1\n}\n");
    let told = stack.plat(&["test"]).ends(1);
    assert!(told.out.contains("Tests: 0 passed, 1 failed, 1 could not be carried out."), "{}", told.out);
    // A mistake in a test is a mistake in the stack.
    let stack = with("test \"typo\" {\n  env dev\n  assert subb.len() == 1\n}\n");
    for command in ["test", "validate"] {
        let told = stack.plat(&[command]).ends(1);
        assert!(told.err.contains("error[E0200]") && told.err.contains("tests.plat:3:10"), "{}", told.err);
    }
}

#[test]
fn a_filter_chooses_by_name() {
    let stack = with(TESTS);
    assert!(stack.plat(&["test", "--filter", "range"]).ends(0).out.starts_with("Tests: 1 passed."));
    let told = stack.plat(&["test", "--filter", "rnge can"]).ends(1);
    assert!(told.err.contains("no test has \"rnge can\" in its name"), "{}", told.err);
    let told = Stack::new(NETWORK).plat(&["test"]).ends(1);
    assert!(told.err.contains("there are no tests here"), "{}", told.err);
}

#[test]
fn json_tells_each_test_with_its_diagnostics() {
    let stack = with(&format!("{TESTS}\ntest \"three zones\" {{\n  env dev\n  assert sub.len() == 3\n}}\n"));
    let told = stack.plat(&["test", "--json"]).ends(3);
    let json = told.json();
    assert_eq!((json["format"].as_str(), json["ok"].as_bool()), (Some("plat.tests/1"), Some(false)));
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64(), json["errors"].as_u64()), (Some(2), Some(1), Some(0)));
    let failed = &json["tests"][2];
    assert_eq!((failed["name"].as_str(), failed["outcome"].as_str()), (Some("three zones"), Some("failed")));
    let diagnostic = &failed["diagnostics"][0];
    assert_eq!(diagnostic["code"].as_str(), Some("E0851"));
    assert_eq!(diagnostic["label"].as_str().unwrap().lines().next(), Some("`sub.len()` is `2`"));
    assert_eq!((diagnostic["place"]["line"].as_u64(), diagnostic["place"]["column"].as_u64()), (Some(14), Some(10)));
    // A stack with an error runs no test, and says so in the same form.
    stack.write("wrong.plat", "let x = nothing\n");
    let told = stack.plat(&["test", "--json"]).ends(1);
    let json = told.json();
    assert_eq!((json["ok"].as_bool(), json["tests"].as_array().map(Vec::len)), (Some(false), Some(0)));
    assert_eq!((json["diagnostics"][0]["code"].as_str(), told.err.as_str()), (Some("E0200"), ""));
}

#[test]
fn junit_is_xml_that_others_read() {
    let stack = with(&format!(
        "{TESTS}\ntest \"<zones> & \\\"more\\\"\" {{\n  env dev\n  assert sub.len() == 3, \"a < b && \\u{{1}}\"\n}}\ntest \"stuck\" {{\n  env dev {{ cidr = 10.9.0.0/24 }}\n  apply\n}}\n"
    ));
    stack.plat(&["test", "--junit", "out.xml"]).ends(1);
    let script = "import sys, xml.etree.ElementTree as e\n\
        s = e.parse('out.xml').getroot().find('testsuite')\n\
        print(s.get('name'), s.get('tests'), s.get('failures'), s.get('errors'))\n\
        for c in s: print(c.get('name'), '|', c.get('file'), '|', [(x.tag, x.get('type'), x.get('message')) for x in c])\n";
    let mut python = Command::new("python3");
    python.args(["-c", script]).current_dir(stack.path()).stdin(Stdio::null());
    let read = said(python).ends(0);
    let lines: Vec<&str> = read.out.lines().collect();
    assert_eq!(lines[0], "shop 4 1 1");
    assert_eq!(lines[1], "dev has two subnets | tests.plat | []");
    assert_eq!(lines[3], "<zones> & \"more\" | tests.plat | [('failure', 'E0851', 'a < b && ')]");
    assert!(lines[4].starts_with("stuck | tests.plat | [('error', 'E0"), "{}", lines[4]);
}

#[test]
fn secrets_of_tests_are_made_up_and_never_shown() {
    let canary = "canary-91b2-swordfish";
    let stack = Stack::new(
        r#"stack s { }
env dev { @region = "us-east-1" }
resource a: aws.secretsmanager.Secret { name = "a", secret_string = secret.env("PLAT_SECRET") }
resource b: aws.secretsmanager.Secret { name = "b", secret_string = secret.file("key") }
resource c: aws.secretsmanager.Secret { name = "c", secret_string = secret.vault("secret/shop/db#password") }
resource d: aws.secretsmanager.Secret { name = "d", secret_string = "user:${secret.aws("missing")}" }
test "applies" {
  apply
  assert plan.changes == 0
  assert [a, b].map(s => s.name) == [], "shown"
}
"#,
    );
    stack.write("key", canary);
    let mut command = stack.command(&["test"]);
    command.env("PLAT_SECRET", canary);
    let told = said(command).ends(3);
    assert!(told.out.contains("`[\"a\", \"b\"]`") && told.out.contains("1 failed"), "{}", told.out);
    assert!(!told.out.contains(canary) && !told.err.contains(canary));
    // Neither is there a need for any of them to exist.
    std::fs::remove_file(stack.path().join("key")).unwrap();
    stack.plat(&["test"]).ends(3);
}

#[test]
fn one_job_says_the_same_as_many() {
    let folder = root().join("examples/connect2");
    let folder = folder.to_str().unwrap();
    let stack = Stack::new(NETWORK);
    let outcomes = |jobs: &str| {
        let json = stack.plat(&["test", folder, "--json", "--jobs", jobs]).ends(0).json();
        json["tests"].as_array().unwrap().iter().map(|t| format!("{} {}", t["name"], t["outcome"])).collect::<Vec<_>>()
    };
    let one = outcomes("1");
    assert!(one.len() >= 6);
    assert_eq!(one, outcomes("16"));
    stack.plat(&["test", "--jobs", "0"]).ends(64);
}

#[test]
fn a_hundred_tests_of_a_real_stack_take_seconds() {
    let stack = Stack::new(&std::fs::read_to_string(root().join("examples/connect2/connect2.plat")).unwrap());
    let tests = (0..100).map(|i| {
        format!("test \"number {i}\" {{\n  env production\n  apply\n  with {{ db_class = \"db.r5.xlarge\" }}\n  assert plan.updates == [\"db.instance\"]\n}}\n")
    });
    stack.write("tests.plat", &tests.collect::<String>());
    let started = Instant::now();
    let told = stack.plat(&["test"]).ends(0);
    assert!(told.out.starts_with("Tests: 100 passed."), "{}", told.out);
    // A debug build on a busy machine; benches/run measures a release build.
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
