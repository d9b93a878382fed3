//! The process dies between any two entries of the journal, with the calls that were out arriving or not. The next run
//! goes on by itself: nothing is orphaned, nothing is made twice, and the state is what the cloud is.

use std::sync::atomic::Ordering;

use super::program::secret;
use super::*;
use crate::desired::Options as Own;

fn small(ty: &str, n: &str, options: &Own) -> Program {
    let name = |of: &str| ("name", text(&format!("{of}{n}")));
    Program::new()
        .with_options("a", ty, &[name("a"), ("label", text(n))], &[], options.clone())
        .with("b", ty, &[name("b"), ("parent", of("a", "thing_id")), ("password", secret("p"))])
        .with("c", ty, &[("name", text("c")), ("label", text(n)), ("links", Value::list([of("a", "thing_id"), of("d", "thing_id")]))])
        .with("d", ty, &[("name", text("d")), ("size", Value::Int(i64::try_from(n.len()).unwrap()))])
        .with(&format!("e[\"{n}\"]"), ty, &[name("e")])
}

/// A process of its own: when it ends, whatever it had under way has ended, too.
fn alive<T>(life: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(life)
}

/// Runs from `before` to `after`, dying after `limit` entries; `false` when it came to its end before that.
fn dies(before: &Program, then: &Program, limit: usize, arrive: bool) -> bool {
    let mut bench = Bench::new();
    if before.len() > 0 {
        alive(bench.apply(before));
    }
    let cloud = bench.cloud.clone();
    let death = Arc::new(tokio::sync::Notify::new());
    let dying = death.clone();
    let killed = move || {
        cloud.dead.store(!arrive, Ordering::SeqCst);
        dying.notify_one();
    };
    let journal = MemoryJournal::dying(&bench.state, &[], Some(limit), killed);
    let died = alive(async {
        let cancel = Cancel::default();
        tokio::select! {
            outcome = bench.apply_with(then, journal.clone(), &cancel) => outcome.is_err(),
            // What was under way by then ends in the cloud, and nobody here hears of it.
            () = async { death.notified().await; tokio::time::sleep(Duration::from_millis(2)).await } => true,
        }
    });
    if !died && journal.entries().len() < limit {
        return false;
    }
    bench.cloud.dead.store(false, Ordering::SeqCst);
    (bench.state, bench.pending) = journal.replayed();
    alive(async {
        let outcome = bench.try_apply(then).await.unwrap();
        assert!(outcome.succeeded(), "after {limit}, arriving: {arrive}: {:?} {:?}", outcome.failed, journal.entries());
        bench.settled(then).await;
    });
    true
}

fn dies_everywhere(before: &Program, then: &Program) {
    let mut boundaries = 0;
    for arrive in [true, false] {
        let mut limit = 1;
        while dies(before, then, limit, arrive) {
            limit += 1;
            boundaries += 1;
        }
    }
    assert!(boundaries > 10, "{boundaries}");
}

#[test]
fn while_creating() {
    for ty in ["t.Thing", "t.Token", "t.Other"] {
        dies_everywhere(&Program::new(), &small(ty, "1", &Own::default()));
    }
}

#[test]
fn while_replacing_create_first() {
    let options = Own { create_first: true, ..Own::default() };
    for ty in ["t.Thing", "t.Token"] {
        dies_everywhere(&small(ty, "1", &options), &small(ty, "22", &options));
    }
}

#[test]
fn while_replacing_delete_first() {
    let program = |n: &str| {
        let name = |of: &str| ("name", text(&format!("{of}{n}")));
        Program::new()
            .with("a", "t.Thing", &[name("a")])
            .with("b", "t.Thing", &[name("b"), ("parent", of("a", "thing_id"))])
            .with("c", "t.Thing", &[name("c"), ("parent", of("b", "thing_id"))])
            .with("d", "t.Thing", &[("name", text("d")), ("label", text(n))])
    };
    dies_everywhere(&program("1"), &program("2"));
}

/// The process dies when nothing is written but the moves: what depends on what has moved must know where it is now, or nobody knows the
/// order of their deletes any more.
#[test]
fn dependencies_move_along() {
    let before = small("t.Thing", "1", &Own::default());
    let moved = Program::new()
        .with("x", "t.Thing", &[("name", text("a2")), ("label", text("1"))])
        .with("b", "t.Thing", &[("name", text("b1")), ("parent", of("x", "thing_id")), ("password", secret("p"))])
        .moved("a", "x");
    let mut bench = Bench::new();
    alive(bench.apply(&before));
    let journal = MemoryJournal::dying(&bench.state, &[], Some(1), || {});
    alive(async {
        let cancel = Cancel::default();
        let _ = tokio::time::timeout(Duration::from_millis(200), bench.apply_with(&moved, journal.clone(), &cancel)).await;
    });
    let (state, _) = journal.replayed();
    let depends = |at: &str| state.resources[&at.parse().unwrap()].dependencies.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(state.resources.contains_key(&"x".parse().unwrap()), "it has moved");
    assert_eq!(depends("b"), ["x"]);
    assert_eq!(depends("c"), ["x", "d"]);
}

#[test]
fn while_moving_and_destroying() {
    let options = Own::default();
    let before = small("t.Thing", "1", &options);
    dies_everywhere(&before, &Program::new());
    let moved = Program::new()
        .with("x", "t.Thing", &[("name", text("a1")), ("label", text("1"))])
        .with("b", "t.Thing", &[("name", text("b1")), ("parent", of("x", "thing_id")), ("password", secret("p"))])
        .with("y", "t.Thing", &[("name", text("c")), ("label", text("2")), ("links", Value::list([of("x", "thing_id")]))])
        .moved("a", "x")
        .moved("c", "y");
    dies_everywhere(&before, &moved);
}
