//! Progress and the end of an apply.

use std::sync::Arc;
use std::time::Duration as Time;

use plat::apply::{self, Doing, Event, Happened, Stop};
use plat::provider::{ErrorKind, ProviderError};
use plat::render::{Style, Tracker, outcome};
use plat::value::Duration;

use super::golden;
use super::made::{connect2, output, sources, span, text};

fn event(step: usize, doing: Doing, what: Happened) -> Event {
    let plan = connect2();
    Event { step, address: plan.steps[step].address.clone(), type_name: Arc::clone(&plan.steps[step].type_name), doing, what }
}

fn finished(unchanged: bool) -> Happened {
    Happened::Finished { elapsed: Time::from_secs(2), id: Some("id-1".into()), unchanged }
}

/// The engine's word on an apply of `plan`.
fn ended(plan: plat::plan::Plan, failed: Vec<apply::Failure>) -> apply::Outcome {
    let state = plat::state::StateFile { serial: 42, ..plat::state::StateFile::new("connect2", "production").unwrap() };
    apply::Outcome {
        plan,
        done: Vec::new(),
        failed,
        waiting: Vec::new(),
        asserts: Vec::new(),
        denied: Vec::new(),
        outputs: Vec::new(),
        state,
        stopped: Stop::No,
        elapsed: Time::from_secs(660),
    }
}

fn followed() -> Tracker {
    let mut tracker = Tracker::new(&connect2());
    let at = Duration::seconds;
    for step in [1, 2, 5] {
        tracker.event(&event(step, Doing::Creating, Happened::Started), at(0));
    }
    tracker.event(&event(1, Doing::Creating, finished(false)), at(2));
    tracker.event(&event(2, Doing::Creating, finished(false)), at(3));
    tracker.event(&event(6, Doing::Deleting, Happened::Started), at(3));
    tracker
}

#[test]
fn a_block_shows_what_runs() {
    let progress = followed().progress(Duration::seconds(95), false);
    assert_eq!((progress.done, progress.total, progress.running.len()), (2, 6, 2));
    golden("progress.txt", &format!("{}\n{}\n", progress.block(Style::PLAIN), progress.sign_of_life()));
}

#[test]
fn a_replacement_is_done_after_its_second_half() {
    let mut tracker = followed();
    tracker.event(&event(6, Doing::Deleting, finished(false)), Duration::seconds(9));
    assert_eq!(tracker.progress(Duration::seconds(9), false).done, 2);
    tracker.event(&event(6, Doing::Creating, Happened::Started), Duration::seconds(9));
    tracker.event(&event(6, Doing::Creating, finished(false)), Duration::seconds(20));
    assert_eq!(tracker.progress(Duration::seconds(20), false).done, 3);
}

#[test]
fn a_failure_says_what_was_done_what_waits_and_what_to_do() {
    let mut tracker = followed();
    let error = ProviderError {
        kind: ErrorKind::Refused,
        operation: "ModifyDBInstance".into(),
        code: "InvalidParameterCombination".into(),
        message: "DB instance class db.r5.large does not exist".into(),
        request_id: Some("4f1c".into()),
    };
    tracker.event(&event(5, Doing::Updating, Happened::Failed { elapsed: Time::from_secs(1), error: error.clone() }), Duration::seconds(4));
    let ended = ended(connect2(), vec![apply::Failure { step: 5, doing: Doing::Updating, error }]);
    let end = tracker.outcome(&ended, &sources(), "plat apply -e production");
    golden("failure.txt", &outcome(&end, Style::PLAIN));
}

#[test]
fn what_waits_for_a_failure_is_counted_through_the_chain() {
    let mut plan = connect2();
    plan.steps[6].after = vec![5];
    let mut tracker = Tracker::new(&plan);
    let error = ProviderError::new(ErrorKind::InDoubt, "ModifyDBInstance", "no answer");
    tracker.event(&event(5, Doing::Updating, Happened::Failed { elapsed: Time::from_secs(1), error: error.clone() }), Duration::seconds(4));
    let ended = ended(plan, vec![apply::Failure { step: 5, doing: Doing::Updating, error }]);
    let end = tracker.outcome(&ended, &sources(), "plat apply");
    assert_eq!((end.failures[0].waiting, end.failures[0].in_doubt), (1, true));
}

#[test]
fn the_end_of_a_good_apply_is_one_line_and_its_outputs() {
    let mut plan = connect2();
    plan.steps.truncate(3);
    let mut tracker = Tracker::new(&plan);
    for step in [1, 2] {
        tracker.event(&event(step, Doing::Creating, finished(false)), Duration::seconds(2));
    }
    let mut ended = ended(plan, Vec::new());
    ended.outputs = vec![output("endpoint", text("db.internal"), None).output];
    let end = tracker.outcome(&ended, &sources(), "plat apply");
    assert_eq!(
        outcome(&end, Style::PLAIN),
        "Done: 2 added, 0 changed, 0 destroyed in 11 minutes; state 42.\n\nOutputs:\n  endpoint  \"db.internal\"\n"
    );
}

#[test]
fn an_assert_that_fails_at_the_end_is_no_success() {
    let mut plan = connect2();
    plan.steps.truncate(1);
    let tracker = Tracker::new(&plan);
    let mut ended = ended(plan, Vec::new());
    let assert = plat::desired::Assert { condition: plat::value::Value::Bool(false), message: "one port each".into(), span: span(40) };
    ended.asserts = vec![(assert, plat::plan::Verdict::Fails)];
    let end = tracker.outcome(&ended, &sources(), "plat apply");
    assert!(!end.good());
    golden("assert.txt", &outcome(&end, Style::PLAIN));
}
