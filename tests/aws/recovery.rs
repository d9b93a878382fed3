//! What goes wrong on the way: killed programs, lost answers, throttling. The witness and the ledger are the judges, never plat.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::cloud::Cloud;
use super::connect2::{REGION, project};
use super::fault::{Fault, Rule};
use super::witness::Inventory;
use crate::figures::{number, reached};

/// How many things of each kind an undisturbed apply makes, how many changing calls that takes, and how many calls.
fn undisturbed(cloud: &Cloud) -> (BTreeMap<String, usize>, usize, usize) {
    let project = project("dev");
    project.apply(cloud);
    let ledger = cloud.proxy.take_ledger();
    let there = counts(&Inventory::of(cloud, REGION));
    cloud.reset();
    cloud.proxy.take_ledger();
    (there, ledger.mutations().len(), ledger.calls().count())
}

fn counts(inventory: &Inventory) -> BTreeMap<String, usize> {
    inventory.counts().into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect()
}

/// Killed before and after changing calls all over an apply: the next apply goes on by itself, and everything exists once.
#[test]
fn a_killed_apply_goes_on() {
    let cloud = Cloud::start();
    let (wanted, calls, _) = undisturbed(&cloud);
    let points: Vec<usize> = (1..=calls).step_by((calls / 12).max(1)).collect();
    for (round, nth) in points.into_iter().enumerate() {
        let fault = if round % 2 == 0 { Fault::HoldAfter } else { Fault::HoldBefore };
        let case = format!("killed at changing call {nth} of {calls}, {fault:?}");
        let project = project("dev");
        cloud.proxy.inject(Rule::new(fault).mutating().nth(nth));
        let mut child = project.start(&cloud, "apply", &["--yes"]);
        let held = cloud.proxy.wait_held(Duration::from_secs(120)).unwrap_or_else(|| panic!("{case}: never came to it"));
        child.kill().expect("a running plat");
        child.wait().expect("a killed plat");
        cloud.proxy.heal();
        cloud.proxy.settle();

        project.go_on(&cloud).ends(0);
        assert_eq!(counts(&Inventory::of(&cloud, REGION)), wanted, "{case}, {}", held.operation);
        project.settled(&cloud);
        project.destroy(&cloud);
        let left = counts(&Inventory::of(&cloud, REGION));
        assert!(left.keys().all(|kind| kind == "db_snapshots"), "{case}, {}: {left:?}", held.operation);
        cloud.reset();
    }
}

/// Every changing call takes effect and its first answer is lost: nothing is made twice.
#[test]
fn lost_answers_make_no_duplicates() {
    let cloud = Cloud::start();
    let (wanted, _, _) = undisturbed(&cloud);
    for fault in [Fault::LoseResponse, Fault::ErrorAfterSuccess] {
        let project = project("dev");
        cloud.proxy.inject(Rule::new(fault.clone()).mutating().first_of_each());
        let mut run = project.go_on(&cloud);
        // What is in doubt may be left for the next apply, never made again blindly.
        for _ in 0..3 {
            if run.code != Some(0) {
                run = project.go_on(&cloud);
            }
        }
        let run = run.ends(0);
        cloud.proxy.heal();
        let disturbed = cloud.proxy.take_ledger().disturbed();
        assert!(disturbed >= wanted.values().sum::<usize>(), "only {disturbed} answers were lost");
        assert_eq!(counts(&Inventory::of(&cloud, REGION)), wanted, "{fault:?}: {run}");
        project.settled(&cloud);
        reached(&format!("{disturbed} changing calls over emulated AWS, each answer lost once ({fault:?}): 0 duplicates"));

        // Everything goes in the same weather.
        cloud.proxy.inject(Rule::new(fault.clone()).mutating().first_of_each());
        let mut run = project.run(&cloud, "destroy", &["--yes", "--consent-to-lose", "all", "--consistency", "2"]);
        for _ in 0..3 {
            if run.code != Some(0) {
                run = project.run(&cloud, "destroy", &["--yes", "--consent-to-lose", "all", "--consistency", "2"]);
            }
        }
        run.ends(0);
        cloud.proxy.heal();
        let left = counts(&Inventory::of(&cloud, REGION));
        assert!(left.keys().all(|kind| kind == "db_snapshots"), "{fault:?}: {left:?}");
        cloud.reset();
        cloud.proxy.take_ledger();
    }
}

/// With three calls in ten throttled, an apply comes through with at most three times the calls.
#[test]
fn throttling_is_waited_out() {
    let cloud = Cloud::start();
    let (wanted, _, calls) = undisturbed(&cloud);
    let project = project("dev");
    cloud.proxy.inject(Rule::new(Fault::Throttle).percent(30, 1));
    project.apply(&cloud);
    cloud.proxy.heal();
    let ledger = cloud.proxy.ledger();
    let made = ledger.calls().count();
    assert!(ledger.disturbed() >= calls / 5, "only {} of {made} calls were throttled", ledger.disturbed());
    assert!(made <= 3 * calls, "{made} calls, and {calls} without throttling");
    assert_eq!(counts(&Inventory::of(&cloud, REGION)), wanted);
    project.settled(&cloud);
    let disturbed = ledger.disturbed();
    reached(&format!("30 % throttling over emulated AWS: converges, {made} calls ({disturbed} throttled) for {calls}"));
}

/// What was just made is not found by its id for a while, each thing for another time: `PLAT_HIDDEN` seconds at most.
#[test]
fn ids_that_are_not_known_yet_are_waited_for() {
    let cloud = Cloud::start();
    let (wanted, _, calls) = undisturbed(&cloud);
    let project = project("dev");
    let longest = number("PLAT_HIDDEN", 4);
    for (operation, part) in [
        ("CreateVpc", 2),
        ("CreateSubnet", 4),
        ("CreateSecurityGroup", 3),
        ("CreateRouteTable", 4),
        ("CreateInternetGateway", 3),
        ("AllocateAddress", 4),
        ("CreateNatGateway", 1),
    ] {
        let time = Duration::from_millis(longest * 1_000 * part / 4);
        cloud.proxy.inject(Rule::new(Fault::Hide(time)).on(operation).times(usize::MAX));
    }
    project.apply(&cloud);
    cloud.proxy.heal();
    let (ledger, hidden) = (cloud.proxy.ledger(), cloud.proxy.hidden());
    let made = ledger.calls().count();
    assert!(hidden >= 12, "only {hidden} ids were hidden");
    assert!(made <= 3 * calls, "{made} calls, and {calls} when nothing is hidden\n{ledger}");
    assert_eq!(counts(&Inventory::of(&cloud, REGION)), wanted);
    project.settled(&cloud);
    reached(&format!("{hidden} new ids hidden up to {longest} s over emulated AWS: converges, {made} calls for {calls}"));
}

/// Now and then two calls in a row are answered with the service's own failure.
#[test]
fn bursts_of_server_errors_are_waited_out() {
    let cloud = Cloud::start();
    let (wanted, _, calls) = undisturbed(&cloud);
    let project = project("dev");
    for start in [3, 20, 60] {
        cloud.proxy.inject(Rule::new(Fault::ServerError).nth(start).times(2));
    }
    let mut run = project.go_on(&cloud);
    if run.code != Some(0) {
        run = project.go_on(&cloud);
    }
    run.ends(0);
    cloud.proxy.heal();
    let ledger = cloud.proxy.ledger();
    assert_eq!(ledger.disturbed(), 6);
    let made = ledger.calls().count();
    assert!(made <= 3 * calls, "{made} calls, and {calls} without errors");
    reached(&format!("3 bursts of server errors over emulated AWS: converges, {made} calls for {calls}"));
    assert_eq!(counts(&Inventory::of(&cloud, REGION)), wanted);
    project.settled(&cloud);
}

/// Two applies at once: one goes on, the other changes nothing and says who holds the lock.
#[test]
fn one_of_two_applies_goes_on() {
    let cloud = Cloud::start();
    let project = project("dev");
    cloud.proxy.inject(Rule::new(Fault::HoldBefore).mutating().nth(2));
    let mut first = project.start(&cloud, "apply", &["--yes"]);
    cloud.proxy.wait_held(Duration::from_secs(120)).expect("the first apply comes to its second change");
    let before = cloud.proxy.ledger().mutations().len();
    let second = project.run(&cloud, "apply", &["--yes"]).ends(4);
    assert!(second.err.contains("lock"), "{second}");
    // The first is still at its first wave of steps; none of the calls since then is the second's.
    let running = cloud.proxy.ledger();
    assert!(running.mutations().len() <= before + 16, "{running}");
    first.kill().expect("a running plat");
    first.wait().expect("a killed plat");
    cloud.proxy.heal();
    cloud.proxy.settle();
    project.go_on(&cloud).ends(0);
    project.settled(&cloud);
}

fn interrupt(child: &std::process::Child) {
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// The first interrupt finishes what runs and starts nothing new: nothing is left open.
#[test]
fn one_interrupt_drains() {
    let cloud = Cloud::start();
    let project = project("dev");
    cloud.proxy.inject(Rule::new(Fault::Delay(Duration::from_secs(3))).mutating());
    let mut child = project.start(&cloud, "apply", &["--yes"]);
    let end = Instant::now() + Duration::from_secs(60);
    while cloud.proxy.ledger().mutations().is_empty() {
        assert!(Instant::now() < end, "the apply never came to its first change");
        std::thread::sleep(Duration::from_millis(20));
    }
    interrupt(&child);
    assert_eq!(child.wait().expect("plat ends").code(), Some(130));
    cloud.proxy.heal();
    cloud.proxy.settle();

    let there = Inventory::of(&cloud, REGION);
    let recorded = project.run(&cloud, "show", &["--json"]).ends(0).json();
    assert!(!recorded["resources"].as_array().expect("a list").is_empty() && there.counts().contains_key("vpcs"), "{recorded}");
    assert!(!there.counts().contains_key("subnets"), "what waited for the first wave was not begun");
    let next = project.go_on(&cloud).ends(0);
    assert!(!next.err.contains("cut off"), "{next}");
    project.settled(&cloud);
}

/// The second interrupt leaves at once, and the next apply settles what was under way.
#[test]
fn two_interrupts_leave_at_once() {
    let cloud = Cloud::start();
    let (wanted, _, _) = undisturbed(&cloud);
    let project = project("dev");
    cloud.proxy.inject(Rule::new(Fault::HoldAfter).mutating().nth(2));
    let mut child = project.start(&cloud, "apply", &["--yes"]);
    cloud.proxy.wait_held(Duration::from_secs(60)).expect("the apply comes to its second change");
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(child.try_wait().expect("a running plat"), None, "the first interrupt waits for what runs");
    interrupt(&child);
    assert_eq!(child.wait().expect("plat ends").code(), Some(130));
    cloud.proxy.heal();
    cloud.proxy.settle();
    let next = project.go_on(&cloud).ends(0);
    assert!(next.err.contains("cut off"), "{next}");
    assert_eq!(counts(&Inventory::of(&cloud, REGION)), wanted);
    project.settled(&cloud);
}
