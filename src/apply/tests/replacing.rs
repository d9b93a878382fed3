//! Replacement, delete and the order between them. The cloud refuses to delete what something still refers to.

use super::*;
use crate::desired::Options as Own;
use crate::plan::Change;

fn create_first() -> Own {
    Own { create_first: true, ..Own::default() }
}

/// `parent` forces a replacement when it changes, `link` does not.
fn stack(a: &str, options: Own) -> Program {
    Program::new()
        .with_options("a", "t.Thing", &[("name", text(a))], &[], options)
        .with("b", "t.Thing", &[("name", text(&format!("b-{a}"))), ("parent", of("a", "thing_id"))])
        .with("c", "t.Thing", &[("name", text("c")), ("link", of("b", "thing_id"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_a_replaced_thing_is_replaced_only_where_it_must() {
    let mut bench = Bench::new();
    bench.apply(&stack("x", Own::default())).await;
    bench.cloud.log();
    let prepared = bench.prepare(&stack("y", Own::default())).await.unwrap();
    assert_eq!(told(&prepared), ["replace(name) a", "replace(name,parent) b", "update c"]);
    let link = |change: &Change| change.after.as_ref().and_then(Value::unknown).is_some();
    assert!(prepared.plan.steps[2].changes.iter().all(link));
}

/// Deleting first, `b` cannot go while `c` refers to it, and `c` cannot point to the new one before it is there.
#[tokio::test(flavor = "multi_thread")]
async fn delete_first_takes_down_in_reverse_and_builds_up_in_order() {
    let mut bench = Bench::new();
    let two = |a: &str| {
        Program::new()
            .with("a", "t.Thing", &[("name", text(a))])
            .with("b", "t.Thing", &[("name", text(&format!("b-{a}"))), ("parent", of("a", "thing_id"))])
            .with("c", "t.Thing", &[("name", text(&format!("c-{a}"))), ("parent", of("b", "thing_id"))])
    };
    bench.apply(&two("x")).await;
    bench.cloud.log();
    bench.apply(&two("y")).await;
    assert_eq!(bench.cloud.log(), ["delete c", "delete b", "delete a", "create a", "create b", "create c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn create_first_spreads_to_what_it_depends_on_and_deletes_last() {
    let mut bench = Bench::new();
    let two = |a: &str, options: Own| {
        Program::new().with("a", "t.Thing", &[("name", text(a))]).with_options(
            "b",
            "t.Thing",
            &[("name", text(&format!("b-{a}"))), ("parent", of("a", "thing_id"))],
            &[],
            options,
        )
    };
    bench.apply(&two("x", create_first())).await;
    bench.cloud.log();
    assert_eq!(bench.plan(&two("y", create_first())).await, ["create-first(name) a", "create-first(name,parent) b"]);
    let (a, b) = (bench.id("a").to_owned(), bench.id("b").to_owned());
    bench.apply(&two("y", create_first())).await;
    let old = [format!("delete b.old[\"{b}\"]"), format!("delete a.old[\"{a}\"]")];
    assert_eq!(bench.cloud.log(), ["create a", "create b", &old[0], &old[1]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_moved_over_before_the_old_one_goes() {
    let mut bench = Bench::new();
    let two = |a: &str| {
        Program::new().with_options("a", "t.Thing", &[("name", text(a))], &[], create_first()).with(
            "c",
            "t.Thing",
            &[("name", text("c")), ("link", of("a", "thing_id"))],
        )
    };
    bench.apply(&two("x")).await;
    bench.cloud.log();
    let old = bench.id("a").to_owned();
    bench.apply(&two("y")).await;
    assert_eq!(bench.cloud.log(), ["create a", "update c", &format!("delete a.old[\"{old}\"]")]);
}

/// `c` stays, and holds the old `b` until it can hold the new one, which needs the new `a`.
fn another_in_its_place(a: &str, b: &str) -> Program {
    Program::new()
        .with("a", "t.Thing", &[("name", text(a))])
        .with(b, "t.Thing", &[("name", text(b)), ("parent", of("a", "thing_id"))])
        .with("c", "t.Thing", &[("name", text("c")), ("link", of(b, "thing_id"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_go_before_its_new_self_is_there_is_created_first() {
    let mut bench = Bench::new();
    bench.apply(&another_in_its_place("x", "b")).await;
    bench.cloud.log();
    let then = another_in_its_place("y", "d");
    assert_eq!(bench.plan(&then).await, ["create-first(name) a", "create d", "update c", "delete b"]);
    let old = format!("delete a.old[\"{}\"]", bench.id("a"));
    bench.apply(&then).await;
    assert_eq!(bench.cloud.log(), ["create a", "create d", "update c", "delete b", &old]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_self_that_could_not_be_deleted_is_deleted_next_time() {
    let mut bench = Bench::new();
    let one = |a: &str| Program::new().with_options("a", "t.Thing", &[("name", text(a))], &[], create_first());
    bench.apply(&one("x")).await;
    let old = bench.id("a").to_owned();
    let deposed = format!("a.old[\"{old}\"]");
    bench.cloud.fail(&format!("delete {deposed}"), &[Fault::Refused]);
    let outcome = bench.try_apply(&one("y")).await.unwrap();
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!(bench.state.resources.len(), 2);
    assert_eq!(bench.plan(&one("y")).await, [format!("delete {deposed}")]);
    bench.apply(&one("y")).await;
    assert_eq!(bench.cloud.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_that_does_not_find_another_thing_is_not_taken_for_done() {
    let mut bench = Bench::new();
    bench.apply(&Program::new().with("a", "t.Thing", &[("name", text("a"))])).await;
    bench.cloud.fail("delete a", &[Fault::NotFound]);
    let outcome = bench.try_apply(&Program::new()).await.unwrap();
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!((bench.state.resources.len(), bench.cloud.ids().len()), (1, 1));
    bench.apply(&Program::new()).await;
    assert_eq!((bench.state.resources.len(), bench.cloud.ids().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_an_old_self_without_a_new_one_is_deleted_before_it() {
    let mut bench = Bench::new();
    let holder = [("name", text("c")), ("link", of("a", "thing_id"))];
    bench.apply(&Program::new().with("a", "t.Thing", &[("name", text("a"))]).with("c", "t.Thing", &holder)).await;
    // As it is when plat dies before the new self is made.
    let old = format!("a.old[\"{}\"]", bench.id("a"));
    let record = (*bench.state.resources.remove(&address("a")).unwrap()).clone();
    bench.state.resources.insert(address(&old), crate::state::Record { status: crate::state::Status::Deposed, ..record }.into());
    assert_eq!(bench.plan(&Program::new()).await, ["delete c".to_owned(), format!("delete {old}")]);
    bench.apply(&Program::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_self_that_is_refused_leaves_the_old_one_in_its_place() {
    let mut bench = Bench::new();
    let one = |a: &str| Program::new().with_options("a", "t.Thing", &[("name", text(a))], &[], create_first());
    bench.apply(&one("x")).await;
    let before = bench.state.resources.clone();
    bench.cloud.fail("create a", &[Fault::Refused]);
    let outcome = bench.try_apply(&one("y")).await.unwrap();
    assert_eq!((outcome.failed.len(), outcome.waiting.len()), (1, 0));
    assert_eq!(bench.state.resources, before);
    bench.apply(&one("x")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destroying_goes_by_what_was_recorded() {
    let mut bench = Bench::new();
    let program = stack("x", Own::default()).with_options("d", "t.Thing", &[("name", text("d"))], &after(&["c"]), Own::default());
    bench.apply(&program).await;
    bench.cloud.log();
    bench.options.destroy = true;
    assert_eq!(bench.plan(&program).await, ["delete d", "delete c", "delete b", "delete a"]);
    let outcome = bench.try_apply(&program).await.unwrap();
    assert!(outcome.succeeded());
    assert_eq!(bench.cloud.log(), ["delete d", "delete c", "delete b", "delete a"]);
    assert!(bench.cloud.ids().is_empty() && bench.state.resources.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_let_go_is_changed_before_what_it_held_is_deleted() {
    let mut bench = Bench::new();
    let with = Program::new().with("c", "t.Thing", &[("name", text("c")), ("link", of("a", "thing_id"))]).with(
        "a",
        "t.Thing",
        &[("name", text("a"))],
    );
    bench.apply(&with).await;
    bench.cloud.log();
    bench.apply(&Program::new().with("c", "t.Thing", &[("name", text("c"))])).await;
    assert_eq!(bench.cloud.log(), ["update c", "delete a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_type_or_region_at_an_address_is_a_replacement() {
    let mut bench = Bench::new();
    let a = |ty: &str| Program::new().with("a", ty, &[("name", text("a"))]);
    bench.apply(&a("t.Thing")).await;
    assert_eq!(bench.plan(&a("t.Other")).await, ["replace(@type) a"]);
    bench.apply(&a("t.Other")).await;
    let elsewhere = Own { region: Some("there".into()), ..Own::default() };
    let moved = Program::new().with_options("a", "t.Other", &[("name", text("a"))], &[], elsewhere);
    assert_eq!(bench.plan(&moved).await, ["replace(@region) a"]);
    bench.apply(&moved).await;
    assert_eq!(bench.state.resources[&address("a")].region, "there");
    bench.options.replace.push(address("a").into());
    assert_eq!(bench.plan(&moved).await, ["replace(@replace) a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dependencies_that_turned_around_do_not_lock_up() {
    let mut bench = Bench::new();
    let forth = |n: &str| {
        Program::new().with("a", "t.Thing", &[("name", text(&format!("a{n}")))]).with(
            "b",
            "t.Thing",
            &[("name", text(&format!("b{n}"))), ("link", of("a", "thing_id"))],
        )
    };
    let back = |n: &str| {
        Program::new().with("a", "t.Thing", &[("name", text(&format!("a{n}"))), ("link", of("b", "thing_id"))]).with(
            "b",
            "t.Thing",
            &[("name", text(&format!("b{n}")))],
        )
    };
    bench.apply(&forth("1")).await;
    bench.apply(&back("2")).await;
    bench.apply(&forth("2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_turns_out_the_same_makes_no_call() {
    let mut bench = Bench::new();
    // `b` takes a label that is known only once `a` was replaced, and turns out to be what it was.
    let program = |name: &str| {
        Program::new().with("a", "t.Thing", &[("name", text(name))]).with(
            "b",
            "t.Thing",
            &[("name", text("b")), ("label", of("a", "zone"))],
        )
    };
    bench.apply(&program("x")).await;
    bench.cloud.log();
    assert_eq!(bench.plan(&program("y")).await, ["replace(name) a", "update b"]);
    bench.apply(&program("y")).await;
    assert_eq!(bench.cloud.log(), ["delete a", "create a"]);
}
