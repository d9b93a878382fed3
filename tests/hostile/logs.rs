//! What a build server's log holds: no text of a program, a file's name or a service gives it a command or begins one of its lines.

use super::{Project, Said};

/// Commands of GitHub, Azure, TeamCity and GitLab, each at the beginning of a line.
const COMMANDS: &str = "CANARY\\n::stop-commands::x\\n  ::error file=a::x\\n##[error]x\\n##vso[task.setvariable variable=a]b\\n##teamcity[x]\\nsection_start:1:x\\nCANARY\\rCANARY";

/// Every place where a program has a text of its own that is shown.
fn program() -> String {
    format!(
        r#"/// CANARY
stack s {{}}
env dev {{ @region = "us-east-1" }}
param size: Int = 1
assert size == 1, "{COMMANDS}"
policy named for r: aws.logs.LogGroup {{
  warn if r.retention_in_days == null, "{COMMANDS}"
}}
policy waived for r: aws.logs.LogGroup {{
  deny if r.retention_in_days == null, "{COMMANDS}"
}}
waive waived for logs {{ owner = "{COMMANDS}", until = "2099-01-01", reason = "{COMMANDS}" }}
resource logs: aws.logs.LogGroup for k in ["{COMMANDS}"] {{
  log_group_name = "/a"
}}
resource ip: aws.ec2.EIP {{ tags = {{ Name = "{COMMANDS}" }} }}
output said: String = "{COMMANDS}"
test "{COMMANDS}" {{
  env dev
  assert size == 2, "{COMMANDS}"
}}
"#
    )
}

fn is_harmless(said: &Said) {
    for text in [&said.text, &said.out] {
        for line in text.split(['\n', '\r']) {
            let start = line.trim_start();
            let name = &said.name;
            assert!(!(start.starts_with("::") && start[2..].contains("::")), "{name}: {line:?}");
            for command in ["##[", "##vso[", "##teamcity[", "section_start:1", "section_end:1"] {
                assert!(!line.contains(command), "{name}: {line:?}");
            }
            assert!(!line.starts_with("CANARY") || said.name == "output said", "{name}: at the beginning of a line\n{text}");
        }
    }
}

#[test]
fn no_text_of_a_program_gives_a_command() {
    let project = Project::roomy(program());
    let mut codes = Vec::new();
    for args in [
        "validate",
        "validate --json",
        "plan --sandbox",
        "plan --sandbox --format json",
        "plan --sandbox --format markdown",
        "plan --sandbox --full",
        "plan --sandbox -p size=2",
        "plan --sandbox -p size=2 --format json",
        "test",
        "test --json",
        "fmt --check",
        "fmt --diff",
        "graph",
        "graph --json",
        "apply --sandbox --yes",
        "apply --sandbox --yes --json",
        "show --sandbox",
        "show --sandbox --json",
        "output --sandbox",
        "output --sandbox --json",
        "state list --sandbox",
        "state list --sandbox --json",
        "state pull --sandbox",
        "state history --sandbox",
        "state diff --sandbox",
        "drift --sandbox",
        "plan --destroy --sandbox --format markdown",
        "destroy --sandbox --yes",
        "state diff --sandbox --json",
    ] {
        let said = project.run(args, &args.split(' ').collect::<Vec<_>>());
        is_harmless(&said);
        codes.push((args, said.code));
    }
    // A test fails and an assert does not hold; everything else is carried out, or the test would show nothing.
    let failed: Vec<_> =
        codes.iter().filter(|(args, code)| *code != Some(0) && !args.starts_with("test") && !args.contains("size=2")).collect();
    assert!(failed.iter().all(|(args, code)| args.starts_with("fmt") || (args.starts_with("plan") && *code == Some(3))), "{failed:?}");
    let said = project.run("output said", &["output", "said", "--sandbox"]);
    is_harmless(&said);
}

#[test]
fn no_file_name_gives_a_command() {
    for (name, program) in [("parsed", "let a = \n"), ("checked", "let a: Int = \"x\"\n"), ("formatted", "let   a=1\n")] {
        let project = Project::of("stack s {}\n");
        project.write("a\nCANARY\n::stop-commands::x\n##vso[x]\u{202e}.plat", program);
        project.write("b\rCANARY\rsection_start:1:x.plat", program.replace('a', "b"));
        for args in ["validate", "validate --json", "plan --sandbox", "fmt --check", "fmt --diff", "test", "graph"] {
            let said = project.run(name, &args.split(' ').collect::<Vec<_>>());
            is_harmless(&said);
            assert!(
                said.text.contains("CANARY") || said.out.contains("CANARY") || said.code == Some(0) || args == "test",
                "{name} {args}: {}",
                said.text
            );
        }
    }
    let project = Project::of("stack s {}\nuse \"CANARY\\n::stop-commands::x\\n##vso[x]\".{A}\n");
    let said = project.run("a folder", &["validate"]);
    is_harmless(&said);
    assert_eq!(said.code, Some(1));
    for args in [
        ["plan", "CANARY\n::stop-commands::x"],
        ["apply", "CANARY\n##vso[x]"],
        ["plan", "-e=CANARY\n##[x]y"],
        ["CANARY\n::error::x", "--CANARY\n##[x]"],
    ] {
        let said = project.run("an argument", &args);
        assert!(!said.text.contains("##[x") && !said.text.contains("##vso[") && !said.text.contains("\n::"), "{args:?}: {}", said.text);
    }
}
