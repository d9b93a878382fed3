//! Answers that are lost, and calls that end half-way.

use super::program::secret;
use super::*;
use crate::state::Status;

fn one(ty: &str) -> Program {
    Program::new().with("a", ty, &[("name", text("a")), ("label", text("l"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_settled_in_the_same_run() {
    for ty in ["t.Thing", "t.Token", "t.Other"] {
        for faults in [&[Fault::Lost][..], &[Fault::LostLater], &[Fault::NeverArrived], &[Fault::NeverArrived, Fault::Lost]] {
            let mut bench = Bench::new();
            bench.cloud.fail("create a", faults);
            bench.apply(&one(ty)).await;
            assert_eq!(bench.cloud.ids().len(), 1, "{ty} {faults:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_arrives_definitely_failed() {
    let mut bench = Bench::new();
    bench.cloud.fail("create a", &[Fault::NeverArrived; 3]);
    let outcome = bench.try_apply(&one("t.Thing")).await.unwrap();
    assert!(!outcome.failed[0].in_doubt(), "it was looked for");
    assert!(bench.pending.is_empty());
    bench.apply(&one("t.Thing")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_became_usable_is_replaced() {
    let mut bench = Bench::new();
    bench.cloud.fail("create a", &[Fault::Fails]);
    let outcome = bench.try_apply(&one("t.Thing")).await.unwrap();
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!(bench.state.resources[&address("a")].status, Status::Broken);
    assert_eq!(bench.plan(&one("t.Thing")).await, ["replace() a"]);
    bench.apply(&one("t.Thing")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lacks_a_follow_up_call_is_finished_not_replaced() {
    let mut bench = Bench::new();
    bench.cloud.fail("create a", &[Fault::FollowUpRefused]);
    bench.try_apply(&one("t.Thing")).await.unwrap();
    assert_eq!(bench.plan(&one("t.Thing")).await, ["update a"]);
    let id = bench.id("a").to_owned();
    bench.apply(&one("t.Thing")).await;
    assert_eq!(bench.id("a"), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_cut_off_is_taken_up_again() {
    let mut bench = Bench::new();
    bench.apply(&one("t.Thing")).await;
    let changed = Program::new().with("a", "t.Thing", &[("name", text("a")), ("label", text("m")), ("password", secret("p"))]);
    bench.cloud.fail("update a", &[Fault::Lost, Fault::NeverArrived, Fault::Lost]);
    let outcome = bench.try_apply(&changed).await.unwrap();
    assert!(outcome.failed[0].in_doubt());
    assert_eq!(bench.state.resources[&address("a")].status, Status::Unfinished);
    let again = bench.prepare(&changed).await.unwrap();
    let missing: Vec<&str> = again.plan.steps[0].changes.iter().map(|c| &*c.attribute).collect();
    assert_eq!(missing, ["password"], "the label is there, and nobody knows of the password");
    bench.apply(&changed).await;

    bench.cloud.fail("update a", &[Fault::Lost]);
    bench.apply(&one("t.Thing")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_in_doubt_was_to_let_go_of_is_still_deleted_last() {
    let mut bench = Bench::new();
    let base = || Program::new().with("base", "t.Thing", &[("name", text("base"))]);
    bench.apply(&base().with("a", "t.Thing", &[("name", text("a")), ("label", of("base", "thing_id"))])).await;
    bench.cloud.fail("update a", &[Fault::Lost, Fault::NeverArrived, Fault::Lost]);
    let outcome = bench.try_apply(&one("t.Thing")).await.unwrap();
    assert!(outcome.failed[0].in_doubt());
    assert_eq!(bench.state.resources[&address("a")].dependencies, [address("base")]);
    assert_eq!(bench.plan(&Program::new()).await, ["delete a", "delete base"]);
    bench.apply(&one("t.Thing")).await;
    assert!(bench.state.resources[&address("a")].dependencies.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_in_doubt_is_asked_again() {
    let mut bench = Bench::new();
    bench.apply(&one("t.Thing")).await;
    bench.cloud.fail("delete a", &[Fault::Lost, Fault::NeverArrived]);
    bench.apply(&Program::new()).await;
    assert!(bench.cloud.ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_the_lock_looks_and_writes_nothing() {
    let mut bench = Bench::new();
    let cloud = bench.cloud.clone();
    // The call goes out and nobody hears of it: one entry, the intent.
    let journal = MemoryJournal::new(&bench.state, &[], Some(1));
    assert!(bench.apply_with(&one("t.Thing"), journal, &Cancel::default()).await.is_err());
    while cloud.ids().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(bench.pending.len(), 1);
    cloud.log();
    let settled = settle(&bench.engine, bench.state.clone(), bench.pending.clone(), None, &bench.settings).await.unwrap();
    assert!(matches!(&settled.found[..], [one] if matches!(one.finding, crate::apply::Finding::Unfinished { .. })));
    assert!(settled.state.resources.contains_key(&address("a")));
    assert!(cloud.log().is_empty());
    bench.apply(&one("t.Thing")).await;
}
