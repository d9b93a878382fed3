//! Plans in files: carried out as shown, once, on what they were made on, or refused.

use plat::plan::saved::SavedPlan;

use super::{NETWORK, Said, Stack, said};
use crate::figures::reached;

fn planned(stack: &Stack, args: &[&str]) -> Said {
    stack.sandbox(&[&["plan", "-e", "dev", "--out", "it.plan"][..], args].concat()).ends(0)
}

/// A program with three resources of which nothing refers to another.
const APART: &str = r#"stack shop { }
env dev { @region = "us-east-1" }
resource a: aws.ec2.VPC { cidr_block = 10.0.0.0/16, tags = { Name = "a" } }
resource b: aws.ec2.VPC { cidr_block = 10.1.0.0/16, tags = { Name = "b" } }
resource sub: aws.ec2.Subnet { vpc_id = a, cidr_block = 10.0.1.0/24 }
"#;

fn applied(program: &str) -> Stack {
    let stack = Stack::new(program);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    stack
}

#[test]
fn a_plan_is_carried_out_as_shown_and_once() {
    let stack = Stack::new(NETWORK);
    let plan = planned(&stack, &[]);
    assert!(plan.err.contains("`plat apply it.plan` carries out exactly this, once"), "{}", plan.err);
    let applied = stack.plat(&["apply", "it.plan"]).ends(0);
    assert!(applied.out.contains("Done: 3 added, 0 changed, 0 destroyed"), "{}", applied.out);
    stack.sandbox(&["plan", "-e", "dev", "--detailed-exitcode"]).ends(0);

    let twice = stack.plat(&["apply", "it.plan"]).ends(5);
    assert!(twice.err.contains("carried out already") && twice.err.contains("nothing was changed"), "{}", twice.err);
    let state = stack.sandbox(&["show", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!(state["resources"].as_array().unwrap().len(), 3);
}

#[test]
fn a_state_that_is_put_back_remembers_what_was_carried_out() {
    let stack = applied(APART);
    stack.write("main.plat", &APART.replace("Name = \"b\"", "Name = \"c\""));
    planned(&stack, &[]);
    stack.plat(&["apply", "it.plan"]).ends(0);
    let state = stack.path().join(".plat/sandbox/state/shop/dev/snapshots");
    let first = std::fs::read_dir(&state).unwrap().map(|file| file.unwrap().path()).min().unwrap();
    assert!(!std::fs::read_to_string(first).unwrap().contains("\"plans\""), "the first snapshot knows nothing of it");
    stack.sandbox(&["state", "restore", "0", "-e", "dev", "--yes"]).ends(0);
    let again = stack.plat(&["apply", "it.plan"]).ends(5);
    assert!(again.err.contains("carried out already"), "{}", again.err);
}

#[test]
fn a_destroy_and_a_change_can_be_saved_too() {
    let stack = applied(APART);
    stack.write("main.plat", &APART.replace("Name = \"b\"", "Name = \"c\""));
    planned(&stack, &["--replace", "sub"]);
    let changed = stack.plat(&["apply", "it.plan", ".", "--json", "--yes"]).ends(0).json();
    assert_eq!((changed["added"].as_u64(), changed["changed"].as_u64(), changed["destroyed"].as_u64()), (Some(1), Some(1), Some(1)));
    planned(&stack, &["--destroy"]);
    let gone = stack.plat(&["apply", "it.plan"]).ends(0);
    assert!(gone.out.contains("3 destroyed"), "{}", gone.out);
}

#[test]
fn a_change_of_what_the_plan_touches_is_refused_and_named() {
    let stack = applied(APART);
    stack.write("main.plat", &APART.replace("Name = \"b\"", "Name = \"c\""));
    planned(&stack, &[]);
    let other = Stack::new(&APART.replace("Name = \"b\"", "Name = \"x\""));
    let dir = stack.path().join(".plat");
    other.sandbox(&["apply", "-e", "dev", "--yes", "--state-dir", dir.to_str().unwrap()]).ends(0);
    let stale = stack.plat(&["apply", "it.plan"]).ends(5);
    assert!(stale.err.contains("`tags.Name` of `b` was \"b\" and is \"x\""), "{}", stale.err);
    assert!(stale.err.contains("make a new one: `plat plan -e dev --sandbox --out it.plan`"), "{}", stale.err);
    let b = stack.sandbox(&["state", "show", "b", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!(b["inputs"]["tags"]["Name"], "x", "nothing was changed");
}

#[test]
fn what_a_step_relies_on_is_a_part_of_it() {
    let stack = applied(APART);
    stack.write("main.plat", &APART.replace("cidr_block = 10.0.1.0/24 ", "cidr_block = 10.0.1.0/24, map_public_ip_on_launch = true "));
    planned(&stack, &[]);
    let other = Stack::new(APART);
    let dir = stack.path().join(".plat");
    other.sandbox(&["apply", "-e", "dev", "--yes", "--replace", "a", "--state-dir", dir.to_str().unwrap()]).ends(0);
    let stale = stack.plat(&["apply", "it.plan"]).ends(5);
    assert!(stale.err.contains("`vpc_id` of `a` was \"vpc-") && stale.err.contains("`id` of `sub` was \"subnet-"), "{}", stale.err);
}

#[test]
fn a_change_of_something_else_voids_nothing_and_is_left_alone() {
    let stack = applied(APART);
    stack.write("main.plat", &APART.replace("Name = \"b\"", "Name = \"c\""));
    planned(&stack, &[]);
    // Somebody else changes `a`, which `b` has nothing to do with, and adds another.
    let more = "resource more: aws.ec2.VPC { cidr_block = 10.2.0.0/16 }\n";
    let other = Stack::new(&format!("{}{more}", APART.replace("Name = \"a\"", "Name = \"other\"")));
    let dir = stack.path().join(".plat");
    other.sandbox(&["apply", "-e", "dev", "--yes", "--state-dir", dir.to_str().unwrap()]).ends(0);

    let done = stack.plat(&["apply", "it.plan"]).ends(0);
    assert!(done.out.contains("Done: 0 added, 1 changed, 0 destroyed"), "{}", done.out);
    assert!(done.err.contains("Not in the saved plan, and left as it is: `a`, `more`"), "{}", done.err);
    let name =
        |address: &str| stack.sandbox(&["state", "show", address, "-e", "dev", "--json"]).ends(0).json()["inputs"]["tags"]["Name"].clone();
    assert_eq!((name("a"), name("b")), ("other".into(), "c".into()));
    stack.sandbox(&["state", "show", "more", "-e", "dev"]).ends(0);
}

#[test]
fn another_program_is_another_plan() {
    let stack = Stack::new(
        "stack shop { }\nenv dev { @region = \"us-east-1\" }\nresource a: aws.ec2.VPC { cidr_block = 10.0.0.0/16, tags = { Name = file(\"name\") } }\n",
    );
    stack.write("name", "one");
    planned(&stack, &[]);
    stack.write("name", "two");
    let asked = stack.plat(&["apply", "it.plan"]).ends(5);
    assert!(asked.err.contains("`file(\"name\")` was changed"), "{}", asked.err);
    stack.write("name", "one");
    stack.write("more.plat", "// nothing\n");
    let more = stack.plat(&["apply", "it.plan"]).ends(5);
    assert!(more.err.contains("`more.plat` is new"), "{}", more.err);
    std::fs::remove_file(stack.path().join("more.plat")).unwrap();
    stack.plat(&["apply", "it.plan"]).ends(0);
}

#[test]
fn a_plan_is_for_one_env_one_lineage_and_its_own_params() {
    let stack = Stack::new(NETWORK);
    planned(&stack, &["-p", "cidr=10.0.0.0/17"]);
    let env = stack.plat(&["apply", "it.plan", "-e", "prod"]).ends(5);
    assert!(env.err.contains("for the env `dev`, and here it is `prod`"), "{}", env.err);
    stack.plat(&["apply", "it.plan", "-p", "cidr=10.0.0.0/14"]).ends(5);
    stack.plat(&["apply", "it.plan", "--replace", "net"]).ends(64);
    // Another state of the same stack and env.
    let elsewhere = tempfile::tempdir().unwrap();
    let dir = elsewhere.path().to_str().unwrap();
    stack.sandbox(&["apply", "-e", "dev", "--yes", "--state-dir", dir]).ends(0);
    let lineage = stack.plat(&["apply", "it.plan", "--state-dir", dir]).ends(5);
    assert!(lineage.err.contains("state's lineage"), "{}", lineage.err);
    // The params are the plan's.
    stack.plat(&["apply", "it.plan"]).ends(0);
    let net = stack.sandbox(&["state", "show", "net", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!(net["inputs"]["cidr_block"], "10.0.0.0/17");
}

#[test]
fn a_plan_knows_its_folder_or_is_told_it() {
    let stack = Stack::new(NETWORK);
    std::fs::create_dir(stack.path().join("deep")).unwrap();
    std::fs::rename(stack.path().join("main.plat"), stack.path().join("deep/main.plat")).unwrap();
    stack.sandbox(&["plan", "deep", "-e", "dev", "--out", "it.plan"]).ends(0);
    std::fs::rename(stack.path().join("deep"), stack.path().join("moved")).unwrap();
    assert!(stack.plat(&["apply", "it.plan"]).ends(1).err.contains("there is no folder `deep`"));
    stack.plat(&["apply", "moved", "it.plan"]).ends(0);
    stack.plat(&["apply", "moved", "other"]).ends(64);
}

#[test]
fn every_cut_and_every_flip_is_found_out() {
    let stack = applied(APART);
    stack.write("main.plat", &APART.replace("Name = \"b\"", "Name = \"c\""));
    planned(&stack, &[]);
    let file = stack.path().join("it.plan");
    let whole = std::fs::read(&file).unwrap();
    for end in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&file, &whole[..end]).unwrap();
        let said = stack.plat(&["apply", "it.plan"]).ends(1);
        assert!(said.err.contains("cannot be used as a plan"), "{end}: {}", said.err);
    }
    // All of them, by what the command reads the file with.
    for end in 0..whole.len() {
        assert!(SavedPlan::decode(&whole[..end]).is_err(), "cut at {end}");
    }
    let mut flips = 0;
    for (at, bit) in (0..whole.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        assert!(SavedPlan::decode(&flipped).is_err(), "byte {at}, bit {bit}");
        flips += 1;
    }
    assert!(flips > 10_000, "{flips}");
    reached(&format!("a saved plan: every cut ({}) and {flips} flips found, 0 panics", whole.len()));
    // A forger who knows the format, and not the state.
    let text = String::from_utf8(whole.clone()).unwrap();
    let forged = text.replace("\"Name\": \"c\"", "\"Name\": \"d\"");
    assert_ne!(forged, text);
    let body = forged.split(",\n  \"sum\"").next().unwrap();
    let sum = plat::state::sha256_hex(body.as_bytes());
    std::fs::write(&file, format!("{body},\n  \"sum\": \"{sum}\"\n}}\n")).unwrap();
    let said = stack.plat(&["apply", "it.plan"]).ends(5);
    assert!(said.err.contains("was changed after it was made"), "{}", said.err);
    std::fs::write(&file, &whole).unwrap();
    stack.plat(&["apply", "it.plan"]).ends(0);
}

#[test]
fn a_plan_that_must_not_be_carried_out_is_not_saved() {
    let stack = Stack::new(&format!("{NETWORK}\nassert sub.len() == 3, \"three zones\"\n"));
    stack.sandbox(&["plan", "-e", "dev", "--out", "it.plan"]).ends(3);
    assert!(!stack.path().join("it.plan").exists());
}

#[test]
fn no_secret_is_in_a_saved_plan() {
    const CANARY: &str = "canary-1f6b-hunter2";
    let stack = Stack::new(
        "stack s { }\nparam pw: Secret<String>\nenv dev { @region = \"us-east-1\" }\nresource a: aws.secretsmanager.Secret {\n  name = \"a\"\n  \
         secret_string = pw\n}\nresource b: aws.secretsmanager.Secret {\n  name = \"b\"\n  secret_string = secret.env(\"PLAT_SECRET\")\n}\n",
    );
    let run = |args: &[&str]| {
        let mut command = stack.command(args);
        command.env("PLAT_SECRET", CANARY);
        said(command)
    };
    let given = format!("pw=\"{CANARY}\"");
    for _ in 0..2 {
        run(&["plan", "--sandbox", "--replace", "a", "-p", &given, "--out", "it.plan"]).ends(0);
        let file = std::fs::read_to_string(stack.path().join("it.plan")).unwrap();
        assert!(!file.contains(CANARY), "{file}");
        let missing = run(&["apply", "it.plan"]).ends(64);
        assert!(missing.err.contains("give it again: `-p pw=…`"), "{}", missing.err);
        let applied = run(&["apply", "it.plan", "-p", &given]).ends(0);
        let state = run(&["show", "--sandbox", "--json", "-p", &given]).ends(0);
        assert!(!applied.out.contains(CANARY) && !state.out.contains(CANARY), "{}\n{}", applied.out, state.out);
        assert!(!applied.out.contains("To go back") || applied.out.contains("-p pw=…"), "{}", applied.out);
    }
}
