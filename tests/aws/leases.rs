//! The lock in a bucket: who holds it is alone, who is gone is followed, and who slept through its lease changes nothing any more.

use std::process::Child;
use std::time::{Duration, Instant};

use super::cloud::Cloud;
use super::fault::{Fault, Rule};
use super::ledger::Entry;
use super::plat::{Project, Run};
use super::witness::Inventory;
use crate::figures::{number, reached};

const REGION: &str = "us-west-2";
const BUCKET: &str = "plat-states";
/// Applies at once.
const RACERS: usize = 8;
const LONG: Duration = Duration::from_secs(180);

/// One of the machines that share the state of `env`.
fn machine(env: &str, caller: &str) -> Project {
    Project::of_tests("shared", env).called(caller)
}

fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Waits until `caller` has called `operation`.
fn called(cloud: &Cloud, caller: &str, operation: &str) {
    let end = Instant::now() + LONG;
    while !cloud.proxy.ledger().calls().any(|entry| entry.caller == caller && entry.operation == operation) {
        assert!(Instant::now() < end, "{caller} never called {operation}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn told(entries: &[&Entry]) -> String {
    entries.iter().map(|entry| format!("{} {}", entry.service, entry.operation)).collect::<Vec<_>>().join(", ")
}

/// Of two holders one is killed and one is stopped. When their leases have run out, others go on, and nobody unlocks anything; the stopped one
/// wakes up after that, and changes nothing: neither state nor cloud.
#[test]
fn a_holder_that_is_gone_or_asleep_is_followed_by_another() {
    let cloud = Cloud::start();
    cloud.make_bucket(BUCKET);
    cloud.proxy.inject(Rule::new(Fault::HoldBefore).on("CreateVpc"));
    let machines = [machine("one", "dead"), machine("two", "asleep"), machine("one", "heir"), machine("two", "successor")];
    let mut dead = machines[0].start(&cloud, "apply", &["--yes"]);
    cloud.proxy.wait_held(LONG).expect("the apply comes to its VPC");
    let refused = machine("one", "early").run(&cloud, "apply", &["--yes"]).ends(4);
    assert!(refused.err.contains("is locked by `plat apply"), "{refused}");
    dead.kill().expect("a running plat");
    dead.wait().expect("a killed plat");

    cloud.proxy.inject(Rule::new(Fault::Delay(Duration::from_secs(3))).on("CreateVpc"));
    let asleep = machines[1].begin(&cloud, "apply", &["--yes"]);
    called(&cloud, "asleep", "CreateVpc");
    signal(&asleep, "-STOP");
    // What it sent before is with the proxy by then.
    std::thread::sleep(Duration::from_millis(300));
    let mark = cloud.proxy.ledger().len();

    let follow = |machine: &Project| machine.begin(&cloud, "apply", &["--yes", "--consistency", "2", "--lock-wait", "150"]);
    let followers = [follow(&machines[2]), follow(&machines[3])].map(|child| Run::of(child).ends(0));
    assert!(followers.iter().all(|run| run.err.contains("cut off")), "{}{}", followers[0], followers[1]);
    let there = Inventory::of(&cloud, REGION);
    assert_eq!(there.counts(), [("log_groups", 6), ("subnets", 6), ("vpcs", 2)].into());

    signal(&asleep, "-CONT");
    let awake = Run::of(asleep);
    assert_ne!(awake.code, Some(0), "{awake}");
    assert!(awake.err.contains("the lock on the state was lost to"), "{awake}");
    let ledger = cloud.proxy.ledger();
    let written: Vec<&Entry> = ledger.changed_after(mark, "asleep").collect();
    assert_eq!(written.len(), 0, "it woke up, and {}", told(&written));
    assert_eq!(Inventory::of(&cloud, REGION), there);
    machine("one", "plat").settled(&cloud);
    machine("two", "plat").settled(&cloud);
    reached("a lock holder stopped past its lease over emulated S3, another takes over, the first continued: 0 writes by the first");
}

/// Eight at once: one goes on, and the ledger has no change by any other.
#[test]
fn of_eight_applies_one_goes_on() {
    let cloud = Cloud::start();
    let rounds = number("PLAT_WIRE_RACES", 1);
    let racers: Vec<Project> = (0..RACERS).map(|n| machine("three", &format!("racer-{n}"))).collect();
    for round in 0..rounds {
        cloud.reset();
        cloud.make_bucket(BUCKET);
        cloud.proxy.take_ledger();
        // Who goes on waits for all others to have tried.
        cloud.proxy.inject(Rule::new(Fault::Gate).on("CreateVpc").times(RACERS));
        let mut running: Vec<Option<Child>> = racers.iter().map(|racer| Some(racer.begin(&cloud, "apply", &["--yes"]))).collect();
        let mut ended: Vec<Option<Run>> = racers.iter().map(|_| None).collect();
        let end = Instant::now() + LONG;
        while ended.iter().flatten().count() < RACERS - 1 {
            assert!(Instant::now() < end, "round {round}: {} ended", ended.iter().flatten().count());
            std::thread::sleep(Duration::from_millis(20));
            for (child, run) in running.iter_mut().zip(&mut ended) {
                if child.as_mut().is_some_and(|child| child.try_wait().expect("the state of a child").is_some()) {
                    *run = child.take().map(Run::of);
                }
            }
        }
        cloud.proxy.heal();
        let said = || ended.iter().flatten().map(ToString::to_string).collect::<String>();
        let winner = running.iter().position(Option::is_some).unwrap_or_else(|| panic!("nobody goes on: {}", said()));
        Run::of(running[winner].take().expect("the winner")).ends(0);
        for (n, run) in ended.into_iter().enumerate().filter_map(|(n, run)| Some((n, run?))) {
            let run = run.ends(4);
            assert!(run.err.contains("is locked by `plat apply"), "round {round}: {run}");
            let (ledger, loser) = (cloud.proxy.ledger(), format!("racer-{n}"));
            let changed: Vec<&Entry> = ledger.changed_after(0, &loser).collect();
            assert!(changed.is_empty(), "round {round}: a loser made {}", told(&changed));
        }
        assert_eq!(Inventory::of(&cloud, REGION).counts(), [("log_groups", 3), ("subnets", 3), ("vpcs", 1)].into(), "round {round}");
    }
    reached(&format!("{RACERS} applies at once over emulated S3: {rounds} rounds, 1 winner each, losers change nothing"));
}
