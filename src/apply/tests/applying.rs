//! How a plan is carried out: what runs, what fails, what waits, and what is told of it.

use std::sync::Mutex;

use super::program::secret;
use super::*;
use crate::apply::{Doing, Event, Happened, Stop};

fn fan() -> Program {
    Program::new()
        .with("a", "t.Thing", &[("name", text("a"))])
        .with("b", "t.Thing", &[("name", text("b")), ("link", of("a", "thing_id"))])
        .with("c", "t.Thing", &[("name", text("c")), ("link", of("b", "thing_id"))])
        .with("d", "t.Thing", &[("name", text("d"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_holds_up_only_what_waits_for_it() {
    let mut bench = Bench::new();
    bench.cloud.fail("create a", &[Fault::Refused]);
    let outcome = bench.try_apply(&fan()).await.unwrap();
    let names = |steps: &[usize]| steps.iter().map(|i| outcome.plan.steps[*i].address.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&outcome.done), ["d"]);
    assert_eq!(names(&outcome.failed.iter().map(|f| f.step).collect::<Vec<_>>()), ["a"]);
    assert_eq!(names(&outcome.waiting.iter().map(|w| w.step).collect::<Vec<_>>()), ["b", "c"]);
    assert!(outcome.waiting.iter().all(|w| w.waits_for == [address("a")]));
    assert_eq!(outcome.state.serial, 1, "recorded also on failure");
    bench.apply(&fan()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_what_happens_and_no_secret() {
    let mut bench = Bench::new();
    let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
    let ear = heard.clone();
    let observer = move |event: &Event| ear.lock().unwrap().push(event.clone());
    let program = Program::new()
        .with("a", "t.Thing", &[("name", text("a")), ("password", secret("p"))])
        .with("b", "t.Thing", &[("name", text("b")), ("link", of("a", "thing_id"))])
        .with("c", "t.Thing", &[("name", text("c")), ("link", of("b", "thing_id"))]);
    bench.cloud.fail("create b", &[Fault::Refused]);
    let prepared = bench.prepare(&program).await.unwrap();
    let journal = MemoryJournal::new(&bench.state, &[], None);
    let (engine, settings) = (bench.engine.clone(), bench.settings.clone());
    apply(&engine, prepared, journal, Arc::new(observer), &Cancel::default(), &settings).await.unwrap();
    let heard = heard.lock().unwrap();
    let kinds: Vec<String> = heard
        .iter()
        .map(|e| {
            let what = match &e.what {
                Happened::Started => "started",
                Happened::Progress { .. } => "progress",
                Happened::Accepted { .. } => "accepted",
                Happened::Finished { .. } => "finished",
                Happened::Failed { .. } => "failed",
                Happened::Skipped { .. } => "skipped",
            };
            format!("{} {what}", e.address)
        })
        .collect();
    assert_eq!(kinds, ["a started", "a accepted", "a finished", "b started", "b failed", "c skipped"]);
    assert!(heard.iter().all(|e| e.doing == Doing::Creating));
    assert!(!format!("{heard:?}").contains("hunter2"));
    bench.state = bench.state.clone();
}

#[tokio::test(flavor = "multi_thread")]
async fn intents_of_a_wave_are_durable_before_its_calls_and_waves_are_one_flush() {
    struct Counting(Arc<MemoryJournal>, Mutex<Vec<Vec<&'static str>>>);
    impl Journal for Counting {
        fn append(&self, entries: &[Entry]) -> Result<(), StateError> {
            let kind = |entry: &Entry| match entry {
                Entry::Intent(_) => "intent",
                Entry::Accepted { .. } => "accepted",
                Entry::Done { .. } => "done",
                _ => "other",
            };
            self.1.lock().unwrap().push(entries.iter().map(kind).collect());
            self.0.append(entries)
        }
        fn finish(&self, state: &mut StateFile) -> Result<(), StateError> {
            self.0.finish(state)
        }
    }
    let bench = Bench::new();
    let program = (0..40).fold(Program::new(), |p, i| p.with(&format!("a[\"{i}\"]"), "t.Thing", &[("name", text(&i.to_string()))]));
    let prepared = bench.prepare(&program).await.unwrap();
    let journal = Arc::new(Counting(MemoryJournal::new(&bench.state, &[], None), Mutex::default()));
    apply(&bench.engine, prepared, journal.clone(), Arc::new(Silent), &Cancel::default(), &bench.settings).await.unwrap();
    let flushes = journal.1.lock().unwrap();
    assert_eq!(flushes[0], vec!["intent"; 40]);
    assert_eq!(flushes.iter().flatten().filter(|k| **k == "done").count(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_run_at_a_time_than_allowed() {
    let mut bench = Bench::new();
    bench.settings.concurrency = 3;
    let program = (0..20).fold(Program::new(), |p, i| p.with(&format!("a[\"{i}\"]"), "t.Thing", &[("name", text(&i.to_string()))]));
    let journal = MemoryJournal::new(&bench.state, &[], None);
    bench.apply_with(&program, journal.clone(), &Cancel::default()).await.unwrap();
    let mut open: usize = 0;
    for entry in journal.entries() {
        match entry {
            Entry::Intent(_) => open += 1,
            Entry::Done { .. } => open -= 1,
            _ => {}
        }
        assert!(open <= 3);
    }
    bench.settled(&program).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_are_checked_once_they_are_known() {
    let mut bench = Bench::new();
    let program = Program::new().with("a", "t.Thing", &[("name", text("a")), ("size", Value::Int(11))]);
    let outcome = bench.try_apply(&program).await.unwrap();
    assert_eq!(outcome.failed[0].error.message, "`size` is 11, and has to be 1 to 10");
    assert!(bench.cloud.log().is_empty());
    let program = Program::new().with("a", "t.Thing", &[("name", text("a"))]).with(
        "b",
        "t.Thing",
        &[("name", text("b")), ("size", of("a", "thing_id"))],
    );
    let outcome = bench.try_apply(&program).await.unwrap();
    assert_eq!(outcome.failed[0].error.message, "`size` is not Int");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_interrupt_finishes_what_runs_and_the_second_leaves() {
    let mut bench = Bench::new();
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let program = fan();
    let prepared = bench.prepare(&program).await.unwrap();
    let journal = MemoryJournal::new(&bench.state, &[], None);
    let observer = move |event: &Event| {
        if matches!(event.what, Happened::Started) && event.address == address("a") {
            assert_eq!(asked.request(), Stop::Gently);
        }
    };
    let engine = bench.engine.clone();
    let outcome = apply(&engine, prepared, journal.clone(), Arc::new(observer), &cancel, &bench.settings).await.unwrap();
    assert_eq!(outcome.stopped, Stop::Gently);
    assert_eq!(outcome.done.len(), 2, "a and d were running");
    assert_eq!(outcome.waiting.len(), 2);
    (bench.state, bench.pending) = journal.replayed();

    bench.cloud.fail("create b", &[Fault::Hangs]);
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let prepared = bench.prepare(&program).await.unwrap();
    let journal = MemoryJournal::new(&bench.state, &[], None);
    let observer = move |event: &Event| {
        if matches!(event.what, Happened::Started) {
            asked.request();
            assert_eq!(asked.request(), Stop::AtOnce);
        }
    };
    let outcome = apply(&engine, prepared, journal.clone(), Arc::new(observer), &cancel, &bench.settings).await.unwrap();
    assert_eq!(outcome.stopped, Stop::AtOnce);
    (bench.state, bench.pending) = journal.replayed();
    assert_eq!(bench.pending.len(), 1);
    bench.cloud.heal();
    bench.apply(&program).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_takes_long_gives_signs_of_life() {
    let mut bench = Bench::new();
    bench.settings.progress = Duration::from_millis(5);
    bench.cloud.fail("create d", &[Fault::Hangs]);
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let observer = move |event: &Event| {
        if matches!(event.what, Happened::Progress { .. }) && event.address == address("d") {
            asked.request();
            asked.request();
        }
    };
    let prepared = bench.prepare(&fan()).await.unwrap();
    let journal = MemoryJournal::new(&bench.state, &[], None);
    let outcome = apply(&bench.engine, prepared, journal, Arc::new(observer), &cancel, &bench.settings).await.unwrap();
    assert_eq!(outcome.stopped, Stop::AtOnce);
}
