//! Operations that are not through when plat stops waiting.

use super::program::secret;
use super::*;
use crate::provider::ErrorKind;
use crate::state::Status;

fn one(label: &str) -> Program {
    Program::new().with("a", "t.Thing", &[("name", text("a")), ("label", text(label))])
}

fn timed_out(outcome: &Outcome) -> bool {
    matches!(&outcome.failed[..], [failure] if failure.error.kind == ErrorKind::TimedOut && !failure.in_doubt())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_takes_several_applies_is_finished_and_never_replaced() {
    let mut bench = Bench::new();
    bench.cloud.fail("create a", &[Fault::TimesOut]);
    bench.cloud.fail("update a", &[Fault::TimesOut; 3]);
    assert!(timed_out(&bench.try_apply(&one("l")).await.unwrap()));
    let id = bench.id("a").to_owned();
    for _ in 0..3 {
        assert_eq!(bench.state.resources[&address("a")].status, Status::Unfinished);
        assert_eq!(bench.plan(&one("l")).await, ["update a"]);
        assert!(bench.prepare(&one("l")).await.unwrap().plan.steps[0].changes.is_empty());
        assert!(timed_out(&bench.try_apply(&one("l")).await.unwrap()));
    }
    bench.apply(&one("l")).await;
    assert_eq!(bench.state.resources[&address("a")].status, Status::Ready);
    assert_eq!((bench.id("a"), bench.cloud.ids().len()), (&*id, 1));
    assert!(bench.cloud.log().iter().all(|call| !call.starts_with("delete")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_takes_longer_is_waited_for_by_the_next_apply() {
    let mut bench = Bench::new();
    bench.apply(&one("l")).await;
    bench.cloud.fail("update a", &[Fault::TimesOut, Fault::TimesOut]);
    for _ in 0..2 {
        assert!(timed_out(&bench.try_apply(&one("m")).await.unwrap()));
        assert_eq!(bench.state.resources[&address("a")].status, Status::Unfinished);
        assert_eq!(bench.plan(&one("m")).await, ["update a"]);
    }
    bench.apply(&one("m")).await;
    assert_eq!(bench.plan(&one("m")).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_ends_in_a_failed_state_is_not_replaced_by_itself() {
    let mut bench = Bench::new();
    bench.apply(&one("l")).await;
    bench.cloud.fail("update a", &[Fault::Fails]);
    assert_eq!(bench.try_apply(&one("m")).await.unwrap().failed.len(), 1);
    assert_eq!(bench.plan(&one("m")).await, ["update a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_that_takes_longer_is_continued_by_the_next_apply() {
    let mut bench = Bench::new();
    let secret = Program::new().with("a", "t.Thing", &[("name", text("a")), ("password", secret("p"))]);
    bench.apply(&secret).await;
    let inputs = bench.state.resources[&address("a")].inputs.clone();
    bench.cloud.fail("delete a", &[Fault::TimesOut, Fault::TimesOut]);
    for _ in 0..2 {
        assert!(timed_out(&bench.try_apply(&Program::new()).await.unwrap()));
        let record = &bench.state.resources[&address("a")];
        assert_eq!((record.status, &record.inputs), (Status::Unfinished, &inputs));
        assert_eq!(bench.plan(&Program::new()).await, ["delete a"]);
    }
    bench.apply(&Program::new()).await;
    assert!(bench.cloud.ids().is_empty() && bench.state.resources.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_whose_delete_takes_longer_goes_on_with_the_delete() {
    let mut bench = Bench::new();
    bench.apply(&one("l")).await;
    let renamed = Program::new().with("a", "t.Thing", &[("name", text("b")), ("label", text("l"))]);
    bench.cloud.fail("delete a", &[Fault::TimesOut]);
    assert!(timed_out(&bench.try_apply(&renamed).await.unwrap()));
    assert_eq!(bench.plan(&renamed).await, ["replace(name) a"]);
    bench.apply(&renamed).await;
    assert_eq!(bench.cloud.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_may_take_as_long_as_its_type_says_unless_the_program_says_otherwise() {
    use crate::value::Duration;
    let mut bench = Bench::new();
    bench.apply(&one("l")).await;
    assert_eq!(bench.cloud.timeouts(), [crate::schema::Timeouts::USUAL]);
    let options = crate::desired::Options { timeout: Some(Duration::minutes(5)), ..Default::default() };
    let hurried = Program::new().with_options("a", "t.Thing", &[("name", text("a")), ("label", text("m"))], &[], options);
    bench.apply(&hurried).await;
    assert_eq!(bench.cloud.timeouts(), [Duration::minutes(5)]);
    bench.apply(&Program::new()).await;
    assert_eq!(bench.cloud.timeouts(), [Duration::minutes(90)]);
}
