//! `plat apply` and `plat destroy`, killed at random instants; the next one goes on by itself.
//!
//! The judge is the sandbox's world, whose file is read here without plat's code: a line for each change.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Stack;
use crate::figures::{number, reached};
use crate::properties::dice::Dice;

/// Most kills in a row before an apply may come to its end.
const IN_A_ROW: usize = 5;

/// A network with all that belongs into one. `STEP` makes it another: something changes in place, something is replaced, goes or comes.
pub fn program(step: usize) -> String {
    let (range, zones, days, rules) = match step {
        1 => ("10.0.0.0/16", "[\"a\", \"b\", \"c\"]", 7, "[443]"),
        _ => ("10.0.0.0/17", "[\"b\", \"c\", \"d\"]", 30, "[443, 80]"),
    };
    let own = if step == 1 { "resource old: aws.ec2.EIP {}" } else { "resource new: aws.ec2.InternetGateway {}" };
    format!(
        r#"stack s {{ tags = {{ Step = "{step}" }} }}
env dev {{ @region = "us-east-1" }}
let numbers = {{ a = 1, b = 2, c = 3, d = 4 }}
resource net: aws.ec2.VPC {{ cidr_block = {range} }}
resource sub: aws.ec2.Subnet for zone in {zones} {{
  vpc_id     = net
  cidr_block = net.cidr_block.subnet(8, numbers[zone])
}}
resource ways: aws.ec2.RouteTable for zone in {zones} {{ vpc_id = net }}
resource uses: aws.ec2.SubnetRouteTableAssociation for zone in {zones} {{
  subnet_id      = sub[zone]
  route_table_id = ways[zone]
}}
resource web: aws.ec2.SecurityGroup {{
  group_description      = "web"
  vpc_id                 = net
  security_group_ingress = [for port in {rules}: {{ ip_protocol = "tcp", from_port = port, to_port = port, cidr_ip = 10.0.0.0/8 }}]
}}
resource logs: aws.logs.LogGroup for name in ["api", "audit"] {{
  log_group_name    = "/s/${{name}}"
  retention_in_days = {days}d
}}
resource key: aws.secretsmanager.Secret {{
  name          = "key"
  secret_string = secret.env("PLAT_KEY")
}}
{own}
"#
    )
}

/// Addresses of [`program`], and one attribute of each network that tells the steps apart.
fn wanted(step: usize) -> Vec<String> {
    let zones = if step == 1 { ["a", "b", "c"] } else { ["b", "c", "d"] };
    let each = |name: &str| zones.map(|zone| format!("{name}[\"{zone}\"]"));
    let mut all: Vec<String> = ["sub", "ways", "uses"].into_iter().flat_map(each).collect();
    let own = if step == 1 { "old" } else { "new" };
    all.extend(["net", "web", "logs[\"api\"]", "logs[\"audit\"]", "key", own].map(str::to_owned));
    all.sort();
    all
}

pub struct World<'a>(pub &'a Stack);

impl World<'_> {
    /// What exists, by type, region and id.
    fn things(&self) -> BTreeMap<String, Value> {
        let text = fs::read_to_string(self.0.path().join(".plat/sandbox/world")).unwrap_or_default();
        let mut things = BTreeMap::new();
        // A last line without its end was never answered for.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["put"].is_array() {
                things.insert(line["put"].to_string(), line);
            } else if line["gone"].is_array() {
                things.remove(&line["gone"].to_string());
            }
        }
        things
    }

    /// Of one address there is one thing, or two while it is replaced.
    pub fn no_duplicates(&self, case: &str) {
        let mut by_address: BTreeMap<String, usize> = BTreeMap::new();
        for thing in self.things().values() {
            *by_address.entry(thing["address"].to_string()).or_default() += 1;
        }
        assert!(by_address.values().all(|count| *count <= 2), "{case}: {by_address:?}");
    }

    /// Exactly what the program says is there, and the state records exactly that.
    pub fn is_step(&self, step: usize, case: &str) {
        let things = self.things();
        let mut there: Vec<String> = things.values().map(|thing| thing["address"].as_str().unwrap().to_owned()).collect();
        there.sort();
        assert_eq!(there, if step == 0 { Vec::new() } else { wanted(step) }, "{case}");
        let mut recorded = BTreeMap::new();
        let state = self.recorded();
        for (address, record) in state["resources"].as_object().unwrap() {
            let region = record.get("region").unwrap_or(&state["region"]);
            let name = [&record["type"], region, &record["id"]].map(|part| part.as_str().unwrap().to_owned());
            assert_eq!(record.get("status"), None, "{case}: {address}");
            recorded.insert(serde_json::to_string(&name).unwrap(), address.clone());
        }
        assert_eq!(recorded.keys().collect::<Vec<_>>(), things.keys().collect::<Vec<_>>(), "{case}");
        for thing in things.values().filter(|thing| thing["address"] == "net") {
            assert_eq!(thing["attributes"]["cidr_block"], if step == 1 { "10.0.0.0/16" } else { "10.0.0.0/17" }, "{case}");
            assert_eq!(thing["attributes"]["tags"]["Step"], step.to_string(), "{case}");
        }
    }

    /// The newest snapshot, as it lies on the disk.
    fn recorded(&self) -> Value {
        let snapshots = fs::read_dir(self.0.path().join(".plat/sandbox/state/s/dev/snapshots")).unwrap();
        let mut files: Vec<PathBuf> = snapshots.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        serde_json::from_slice(&fs::read(files.last().unwrap()).unwrap()).unwrap()
    }

    /// The journal's file: a new one as soon as an apply has begun.
    fn journal(&self) -> Option<PathBuf> {
        let files = fs::read_dir(self.0.path().join(".plat/sandbox/state/s/dev/journal")).ok()?;
        files.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|end| end == "jsonl")).max()
    }
}

fn start(stack: &Stack, command: &str) -> Child {
    let mut process = stack.command(&[command, "--sandbox", "--yes", "--consistency", "0"]);
    process.env("PLAT_KEY", "canary").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Runs it to its end. Answers how long that took from when the journal was begun.
fn finish(stack: &Stack, command: &str, case: &str) -> Duration {
    let before = World(stack).journal();
    let mut child = start(stack, command);
    let begun = begun(stack, &mut child, before);
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(0), "{case}: `plat {command}` does not go on");
    begun.elapsed()
}

/// Waits until the apply has begun its journal, or is over.
fn begun(stack: &Stack, child: &mut Child, before: Option<PathBuf>) -> Instant {
    while child.try_wait().unwrap().is_none() && World(stack).journal() == before {
        std::thread::sleep(Duration::from_micros(300));
    }
    Instant::now()
}

/// Kills it at a random instant, three times in four after it began its journal. Answers whether it still ran.
fn kill(stack: &Stack, command: &str, lasts: Duration, dice: &mut Dice) -> bool {
    let before = World(stack).journal();
    let mut child = start(stack, command);
    let within = |dice: &mut Dice, time: Duration| time * u32::try_from(dice.below(1_000)).unwrap() / 1_000;
    if dice.percent(75) {
        begun(stack, &mut child, before);
        std::thread::sleep(within(dice, lasts));
    } else {
        std::thread::sleep(within(dice, Duration::from_millis(400)));
    }
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

#[test]
fn nothing_is_lost_to_kills_at_random_instants() {
    let kills = number("PLAT_KILLS", 200);
    let stack = Stack::new(&program(1));
    let world = World(&stack);
    let mut dice = Dice::new(number("PLAT_SEED", 1));
    let (mut killed, mut round) = (0, 0);
    // How long each phase took when nobody disturbed it.
    let mut lasts = [Duration::ZERO; 3];
    let mut told = [0; 3];
    while killed < kills {
        // Made, changed and replaced, destroyed.
        let phase = round % 3;
        let (command, step) = [("apply", 1), ("apply", 2), ("destroy", 0)][phase];
        if step != 0 {
            stack.write("main.plat", &program(step));
        }
        if round >= 3 {
            for _ in 0..=dice.below(IN_A_ROW) {
                if kill(&stack, command, lasts[phase], &mut dice) {
                    killed += 1;
                    told[phase] += 1;
                }
                world.no_duplicates(&format!("round {round} after {killed} kills"));
            }
        }
        let case = format!("round {round} after {killed} kills");
        let took = finish(&stack, command, &case);
        if round < 3 {
            lasts[phase] = took;
        }
        world.is_step(step, &case);
        if dice.percent(20) && step != 0 {
            let mut plan = stack.command(&["plan", "--sandbox", "--detailed-exitcode"]);
            plan.env("PLAT_KEY", "canary");
            super::said(plan).ends(0);
        }
        round += 1;
    }
    reached(&format!(
        "killed at {killed} random instants ({} while creating, {} while changing and replacing, {} while destroying), 0 lost",
        told[0], told[1], told[2]
    ));
}
