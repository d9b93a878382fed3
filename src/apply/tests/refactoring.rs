//! `moved`, `import` and `forget`: what they do once, that they do nothing twice, and what is offered instead of a loss.

use super::program::secret;
use super::*;
use crate::plan::{Rename, Spent};

fn named(at: &str, name: &str) -> Program {
    Program::new().with(at, "t.Thing", &[("name", text(name))])
}

fn lines(spent: &[Spent]) -> Vec<String> {
    spent.iter().map(|s| s.line.clone()).collect()
}

fn offered(renames: &[Rename]) -> Vec<(String, usize)> {
    renames.iter().map(|r| (r.line(), r.resources)).collect()
}

/// Moves nothing in the cloud, once; leaves a line that does nothing.
async fn moves(before: &Program, after: &Program, moved: &[(&str, &str)]) {
    let mut bench = Bench::new();
    bench.apply(before).await;
    bench.cloud.log();
    let mut program = after.clone();
    for (from, to) in moved {
        program = program.moved(from, to);
    }
    let prepared = bench.prepare(&program).await.unwrap();
    assert!(told(&prepared).is_empty() && !prepared.plan.is_empty(), "{:?}", told(&prepared));
    assert!(prepared.plan.spent.is_empty() && prepared.plan.renames.is_empty());
    bench.apply(&program).await;
    assert_eq!(bench.cloud.log(), Vec::<String>::new(), "the cloud was called for it");
    let again = bench.prepare(&program).await.unwrap();
    assert!(again.plan.is_empty() && !again.state_changes);
    assert!(!again.plan.spent.is_empty());
    bench.apply(&program).await;
    assert_eq!(bench.cloud.log(), Vec::<String>::new());
    // Without the line it is the same.
    assert!(bench.prepare(after).await.unwrap().plan.is_empty());
}

fn net(at: &str) -> Program {
    let inside = |name: &str| format!("{at}.{name}");
    Program::new()
        .with(&inside("vpc"), "t.Thing", &[("name", text("vpc"))])
        .with(&inside("sub[\"a\"]"), "t.Thing", &[("name", text("a")), ("parent", of(&inside("vpc"), "thing_id"))])
        .with(&inside("sub[\"b\"]"), "t.Thing", &[("name", text("b")), ("parent", of(&inside("vpc"), "thing_id"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn components_keys_and_single_resources_move() {
    moves(&net("net"), &net("network"), &[("net", "network")]).await;
    moves(&net("net"), &net("net[\"a\"]"), &[("net", "net[\"a\"]")]).await;
    moves(&net("net[\"a\"]"), &net("net"), &[("net[\"a\"]", "net")]).await;
    moves(&net("net"), &net("outer.net"), &[("net", "outer.net")]).await;
    moves(&named("audit[\"api\"]", "x"), &named("audit[\"http\"]", "x"), &[("audit[\"api\"]", "audit[\"http\"]")]).await;
    moves(&named("db", "x"), &named("db.instance", "x"), &[("db", "db.instance")]).await;
    moves(&named("db.instance", "x"), &named("db", "x"), &[("db.instance", "db")]).await;
    moves(&named("a", "x"), &named("a[\"x\"]", "x"), &[("a", "a[\"x\"]")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_are_followed_in_any_order() {
    moves(&named("a", "x"), &named("c", "x"), &[("a", "b"), ("b", "c")]).await;
    moves(&named("a", "x"), &named("c", "x"), &[("b", "c"), ("a", "b")]).await;
    moves(&named("b", "x"), &named("c", "x"), &[("a", "b"), ("b", "c")]).await;
    let after = Program::new()
        .with("network.vpc", "t.Thing", &[("name", text("vpc"))])
        .with("network.subnet[\"a\"]", "t.Thing", &[("name", text("a")), ("parent", of("network.vpc", "thing_id"))])
        .with("network.subnet[\"b\"]", "t.Thing", &[("name", text("b")), ("parent", of("network.vpc", "thing_id"))]);
    moves(&net("net"), &after, &[("net", "network"), ("network.sub", "network.subnet")]).await;
    moves(&net("net"), &after, &[("net", "network"), ("net.sub", "network.subnet")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_a_key_that_is_not_there_is_refused_before_it_deletes() {
    let mut bench = Bench::new();
    bench.apply(&named("audit[\"api\"]", "x")).await;
    let typo = named("audit[\"http\"]", "x").moved("audit[\"api\"]", "audit[\"htpp\"]");
    assert_eq!(refused(&bench, &typo).await, [311]);
    let mut bench = Bench::new();
    bench.apply(&named("audit", "x")).await;
    assert_eq!(refused(&bench, &named("logs[\"http\"]", "x").moved("audit", "logs")).await, [311]);
    // A destroy asks for nothing, and takes it under its new address.
    bench.options.destroy = true;
    assert_eq!(bench.plan(&named("logs[\"http\"]", "x").moved("audit", "logs")).await, ["delete logs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_recorded_move_is_completed() {
    let mut bench = Bench::new();
    let program = |at: &str| Program::new().with(at, "t.Thing", &[("name", text("x")), ("password", secret("p"))]);
    bench.apply(&program("a")).await;
    let twice = bench.state.resources[&address("a")].clone();
    let renamed = program("b").moved("a", "b");
    bench.apply(&renamed).await;
    // As a run leaves it that died between the two entries.
    bench.state.resources.insert(address("a"), twice);
    assert!(bench.plan(&renamed).await.is_empty());
    bench.apply(&renamed).await;
    assert_eq!(bench.state.resources.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_done_once_and_its_secrets_stay_secret() {
    let mut bench = Bench::new();
    let id = bench.cloud.plant("t.Thing", "old");
    let program =
        Program::new().with("a", "t.Thing", &[("name", text("old")), ("label", text("l")), ("password", secret("p"))]).import("a", &id);
    let prepared = bench.prepare(&program).await.unwrap();
    assert_eq!(told(&prepared), ["import a"]);
    let names: Vec<&str> = prepared.plan.steps[0].changes.iter().map(|c| &*c.attribute).collect();
    assert_eq!(names, ["label", "password"], "the plan shows what it would change");
    bench.apply(&program).await;
    assert!(!format!("{:?}", bench.state).contains("hunter2"));
    let again = bench.prepare(&program).await.unwrap();
    assert!(again.plan.is_empty());
    assert_eq!(lines(&again.plan.spent), [format!("import a = \"{id}\"")]);
    assert_eq!(again.plan.spent[0].instead, None);
    // Replaced since: the line is of the past, and says so.
    let other = Program::new().with("a", "t.Thing", &[("name", text("new"))]).import("a", &id);
    bench.apply(&other).await;
    let later = bench.prepare(&other).await.unwrap();
    assert!(later.plan.is_empty() && later.plan.spent[0].instead.as_deref().unwrap().contains(bench.id("a")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_never_replaces() {
    let bench = Bench::new();
    let id = bench.cloud.plant("t.Thing", "old");
    assert_eq!(refused(&bench, &named("a", "new").import("a", &id)).await, [319]);
    assert_eq!(refused(&bench, &named("a", "new").import("b", &id)).await, [317]);
    assert!(bench.cloud.log().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_twice_is_forgetting_once() {
    let mut bench = Bench::new();
    bench.apply(&named("a", "x")).await;
    let forgotten = Program::new().forget("a");
    bench.try_apply(&forgotten).await.unwrap();
    let again = bench.prepare(&forgotten).await.unwrap();
    assert!(again.plan.is_empty() && lines(&again.plan.spent) == ["forget a"]);
    bench.try_apply(&forgotten).await.unwrap();
    assert_eq!(bench.cloud.log(), ["create a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_without_a_word_is_offered_and_the_offer_holds() {
    let mut bench = Bench::new();
    bench.apply(&net("net")).await;
    let prepared = bench.prepare(&net("network")).await.unwrap();
    assert_eq!(prepared.plan.summary().destroy, 3, "the plan says what the program says");
    assert_eq!(offered(&prepared.plan.renames), [("moved net -> network".to_owned(), 3)]);
    bench.cloud.log();
    bench.apply(&net("network").moved("net", "network")).await;
    assert_eq!(bench.cloud.log(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn renames_are_offered_by_what_is_sure() {
    let cases: &[(Program, Program, &[&str])] = &[
        (named("a", "x"), named("b", "x"), &["moved a -> b"]),
        (named("a", "x"), named("b", "y"), &[]),
        (named("a", "x"), Program::new().with("b", "t.Token", &[("name", text("x"))]), &[]),
        (named("audit[\"api\"]", "x"), named("audit[\"http\"]", "x"), &["moved audit[\"api\"] -> audit[\"http\"]"]),
        (named("db", "x"), named("db.instance", "x"), &["moved db -> db.instance"]),
        (named("db.instance", "x"), named("db", "x"), &["moved db.instance -> db"]),
        (named("a", "x"), named("a[\"x\"]", "x"), &["moved a -> a[\"x\"]"]),
        (net("net"), net("outer.net"), &["moved net -> outer.net"]),
        // One of them stays where it is.
        (
            named("a[\"1\"]", "x").with("a[\"2\"]", "t.Thing", &[("name", text("y"))]),
            named("b[\"1\"]", "x").with("a[\"2\"]", "t.Thing", &[("name", text("y"))]),
            &["moved a[\"1\"] -> b[\"1\"]"],
        ),
        (
            Program::new().with("a", "t.Thing", &[("name", text("x")), ("password", secret("p"))]),
            Program::new().with("b", "t.Thing", &[("name", text("x")), ("password", secret("p"))]),
            &["moved a -> b"],
        ),
    ];
    for (before, after, wanted) in cases {
        let mut bench = Bench::new();
        bench.apply(before).await;
        let prepared = bench.prepare(after).await.unwrap();
        let found: Vec<String> = prepared.plan.renames.iter().map(Rename::line).collect();
        assert_eq!(found, *wanted);
        let mut told = after.clone();
        for rename in &prepared.plan.renames {
            told = told.moved(&rename.from.to_string(), &rename.to.to_string());
        }
        if !wanted.is_empty() {
            assert!(bench.plan(&told).await.is_empty(), "{wanted:?}: the offer holds");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_alike_only_the_keys_tell_which_is_which() {
    let two = |one: &str, other: &str, names: [&str; 2]| {
        Program::new().with(one, "t.Thing", &[("name", text(names[0]))]).with(other, "t.Thing", &[("name", text(names[1]))])
    };
    for (before, after, wanted) in [
        (["a", "b"], ["c", "d"], &[][..]),
        (["a[\"1\"]", "a[\"2\"]"], ["b[\"1\"]", "b[\"2\"]"], &["moved a -> b"]),
        (["n.a", "n.b"], ["m.a", "m.b"], &["moved n -> m"]),
        (["a[\"1\"]", "a[\"2\"]"], ["b[\"3\"]", "b[\"4\"]"], &[]),
    ] {
        let mut bench = Bench::new();
        bench.apply(&two(before[0], before[1], ["x", "y"])).await;
        // The cloud wants names that differ; what was asked for is made to say the same.
        for record in bench.state.resources.values_mut() {
            Arc::make_mut(record).inputs.insert("name".into(), text("z"));
        }
        let prepared = bench.prepare(&two(after[0], after[1], ["z", "z"])).await.unwrap();
        let found: Vec<String> = prepared.plan.renames.iter().map(Rename::line).collect();
        assert_eq!(found, wanted);
    }
}
