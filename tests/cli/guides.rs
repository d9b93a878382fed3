//! What the guides show on a terminal is what comes out. Each fence is held to a run of its own; the tutorial has a test for all of it.

use plat::provider::sandbox::Sandbox;
use plat::value::{Object, Value};

use super::Stack;
use crate::project::{read, root};

/// The fences of a guide, without their first line.
fn fences(page: &str) -> Vec<String> {
    let text = read(root().join("docs").join(page));
    text.split("```").skip(1).step_by(2).map(|fence| fence.split_once('\n').map_or("", |(_, text)| text).to_owned()).collect()
}

/// Its first program.
fn program(page: &str) -> String {
    fences(page).into_iter().next().unwrap()
}

/// Holds the fence in which `words` stand to what was said: the same lines, one behind the other, but where it has a `…`.
#[track_caller]
fn holds(page: &str, words: &str, said: &str) {
    let fence = fences(page).into_iter().find(|fence| fence.contains(words)).unwrap_or_else(|| panic!("{page} has no fence with {words}"));
    let lines: Vec<String> = said.lines().map(plain).collect();
    let mut at = 0;
    let mut anywhere = true;
    for line in fence.lines().filter(|line| !line.starts_with("$ ")) {
        if line == "…" {
            anywhere = true;
            continue;
        }
        let wanted = plain(line);
        let found = lines.iter().skip(at).position(|line| *line == wanted);
        let found = found.filter(|skipped| anywhere || *skipped == 0);
        at += found.unwrap_or_else(|| panic!("docs/{page} shows\n{line}\nand what comes out is\n{said}")) + 1;
        anywhere = false;
    }
}

/// Without ids, and how long something took or is ago.
fn plain(line: &str) -> String {
    let line = match line.split_once(" · state ") {
        Some((head, state)) => format!("{head} · state {}", state.split(", ").next().unwrap_or("")),
        None => line.to_owned(),
    };
    let line = if line.starts_with("Tests: ") { line.rsplit_once(". ").map_or(line.clone(), |(said, _)| said.to_owned()) } else { line };
    let digits = |word: &str| word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    line.trim_end()
        .split_inclusive(|c: char| !c.is_ascii_hexdigit())
        .map(|word| {
            let id = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            if digits(id) { word.replace(id, "#") } else { word.to_owned() }
        })
        .collect()
}

/// Changes a tag outside of plat.
fn retag(stack: &Stack, region: &str, id: &str, name: &str, value: &str) {
    let registry = std::sync::Arc::new(plat::schema::Registry::new(plat_aws::schemas()));
    let world = Sandbox::open(registry, &stack.path().join(".plat/sandbox/world")).unwrap();
    let change: Object = [("tags".into(), Value::object([(name, Value::str(value))]))].into_iter().collect();
    world.tamper("aws.ec2.VPC", region, id, &change).unwrap();
}

#[test]
fn choosing() {
    let stack = Stack::new(&program("choosing.md"));
    let said = stack.sandbox(&["plan", "-e", "dev", "--target", "sub[\"a\"]"]).ends(0).out;
    holds("choosing.md", "left out by --target", &said);

    let stack = Stack::new(
        "stack shop { tags = { Project = \"shop\" } }\nenv dev { @region = \"us-east-1\" }\nresource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\noutput vpc: String = net.vpc_id\n",
    );
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    let id = stack.sandbox(&["output", "vpc", "-e", "dev"]).ends(0).out;
    retag(&stack, "us-east-1", id.trim(), "Project", "other");
    let said = stack.sandbox(&["drift", "-e", "dev", "--detailed-exitcode"]).ends(2).out;
    holds("choosing.md", "plat drift", &said);
}

#[test]
fn networks() {
    let stack = Stack::new(
        r#"resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
resource app: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.10.0/24 }
resource inner: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.20.0/24 }
resource access: aws.ec2.SecurityGroup {
  vpc_id                 = main
  group_description      = "the database"
  security_group_ingress = [{ ip_protocol = "tcp", from_port = 5432, to_port = 5432, cidr_ip = 10.0.11.0/24 }]
}
resource group: aws.rds.DBSubnetGroup { db_subnet_group_description = "inner", subnet_ids = [inner] }
resource db: aws.rds.DBInstance {
  engine                 = "postgres"
  db_instance_class      = "db.t3.micro"
  db_subnet_group_name   = group
  vpc_security_groups    = [access]
}
assert reachable(app, db, 5432), "the app works on its database"
"#,
    );
    holds("networks.md", "the app works on its database\n", &stack.plat(&["validate"]).ends(3).err);
}

#[test]
fn refactoring() {
    let logs: String = ["a", "b", "c", "d", "e", "f"]
        .map(|log| format!("  resource {log}: aws.logs.LogGroup {{ log_group_name = \"/{log}\" }}\n"))
        .concat();
    let program = |name: &str| format!("component Logs {{\n{logs}}}\nenv dev {{ @region = \"us-west-2\" }}\nresource {name}: Logs {{}}\n");
    let stack = Stack::new(&program("net"));
    stack.sandbox(&["apply", "--yes"]).ends(0);
    stack.write("main.plat", &program("network"));
    holds("refactoring.md", "Renamed?", &stack.sandbox(&["plan"]).ends(0).out);
}

#[test]
fn secrets() {
    let stack = Stack::new(
        "env dev { @region = \"us-west-2\" }\nresource db: aws.secretsmanager.Secret {\n  name          = \"db\"\n  secret_string = secret.env(\"DB_PASSWORD\")\n}\n",
    );
    let run = |args: &[&str], password: &str| {
        let mut command = stack.command(&[args, &["--sandbox"]].concat());
        command.env("DB_PASSWORD", password);
        super::said(command).ends(0).out
    };
    run(&["apply", "--yes"], "one");
    holds("secrets.md", "(another secret)", &run(&["plan"], "other").replace("    main.plat:2", ""));
}

#[test]
fn state() {
    let program = |tags: &str, zones: &str| {
        format!(
            "stack shop {{}}\nenv dev {{ @region = \"us-west-2\" }}\nresource net: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16{tags} }}\nresource sub: aws.ec2.Subnet for zone in {zones} {{\n  vpc_id     = net\n  cidr_block = if zone == \"a\" {{ 10.0.0.0/24 }} else {{ 10.0.1.0/24 }}\n}}\n"
        )
    };
    let stack = Stack::new(&program(", tags = { Owner = \"net\" }", "[\"a\", \"b\"]"));
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    stack.write("main.plat", &program(", tags = { Owner = \"net\", Name = \"main\" }", "[\"b\"]"));
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    holds("state.md", "plat state diff", &stack.sandbox(&["state", "diff", "1", "-e", "dev"]).ends(0).out);
}

#[test]
fn saved_plans() {
    let program = |cidr: &str| {
        format!(
            "stack shop {{}}\nenv production {{ @region = \"us-west-2\" }}\nresource b: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16, {cidr}tags = {{ Name = \"b\" }} }}\noutput vpc: String = b.vpc_id\n"
        )
    };
    let stack = Stack::new(&program(""));
    stack.sandbox(&["apply", "-e", "production", "--yes"]).ends(0);
    stack.write("main.plat", &program("enable_dns_hostnames = true, "));
    stack.sandbox(&["plan", "-e", "production", "--out", "production.plan"]).ends(0);
    let id = stack.sandbox(&["output", "vpc", "-e", "production"]).ends(0).out;
    retag(&stack, "us-west-2", id.trim(), "Name", "x");
    let said = stack.plat(&["apply", "production.plan"]).ends(5).err.replace(" --sandbox", "");
    holds("saved-plans.md", "no longer fits", &said);
}

#[test]
fn testing_stacks() {
    let program = program("testing-stacks.md").replace("zones = 3, backup = 30d", "zones = 2, backup = 30d");
    let said = Stack::new(&program).plat(&["test"]).ends(3);
    holds("testing-stacks.md", "Tests: 2 passed, 1 failed", &format!("{}{}", said.out, said.err));
}

/// The README's stack, and its commands.
#[test]
fn readme() {
    let text = read(root().join("README.md"));
    let program = text.split("```plat\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let stack = Stack::new("");
    std::fs::remove_file(stack.path().join("main.plat")).unwrap();
    std::fs::create_dir(stack.path().join("shop")).unwrap();
    stack.write("shop/shop.plat", program);
    let commands = text
        .lines()
        .filter(|line| line.starts_with("plat ") && line.contains('#'))
        .filter_map(|line| line.strip_prefix("plat "))
        .map(|line| line.split('#').next().unwrap().trim());
    let mut carried_out = 0;
    for command in commands {
        let args: Vec<&str> = command
            .split(' ')
            .chain(command.starts_with("apply").then_some("--yes"))
            .chain(command.starts_with("destroy").then_some("--yes"))
            .collect();
        let cloud = matches!(args[0], "apply" | "rollback" | "destroy") && !args.contains(&"--sandbox");
        let args =
            [args.as_slice(), if cloud { &["--sandbox"] } else { &[] }, if args[0] == "rollback" { &["--yes"] } else { &[] }].concat();
        stack.plat(&args).ends(0);
        carried_out += 1;
    }
    assert!(carried_out >= 6, "{carried_out} commands");
}
