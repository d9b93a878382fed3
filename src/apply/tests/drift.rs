//! Changes made outside plat stay reported until they are undone, configured or accepted.

use super::*;
use crate::plan::DriftKind;
use crate::state::{decode, encode};

fn list(items: &[&str]) -> Value {
    Value::list(items.iter().map(|item| text(item)))
}

fn tags(keys: &[&str]) -> Value {
    Value::object(keys.iter().map(|key| (*key, text("1"))))
}

/// `a`, with these inputs besides its name.
fn thing(inputs: &[(&'static str, Value)]) -> Program {
    let inputs: Vec<_> = [("name", text("a"))].into_iter().chain(inputs.iter().cloned()).collect();
    Program::new().with("a", "t.Thing", &inputs)
}

/// Every drift of a plan, as `attribute before after`.
fn drift(prepared: &Prepared) -> Vec<(String, Value, Value)> {
    let changed = prepared.plan.drift.iter().map(|drift| match &drift.kind {
        DriftKind::Changed { attribute, before, after, .. } => (attribute.to_string(), before.clone(), after.clone()),
        DriftKind::Gone => panic!("{} is gone", drift.address),
    });
    changed.collect()
}

/// An apply of this changes the state alone, and what a process after it knows is what was written.
async fn apply_and_reload(bench: &mut Bench, program: &Program) {
    bench.apply(program).await;
    let written = encode(&bench.state).unwrap();
    bench.state = decode("state", &written, &bench.engine.registry).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attribute_that_the_configuration_leaves_out_stays_reported() {
    let mut bench = Bench::new();
    bench.apply(&thing(&[])).await;
    bench.cloud.tamper(bench.id("a"), "zone", text("elsewhere"));
    let before = bench.state.resources[&address("a")].observed.get("zone").unwrap().clone();
    let reported = [("zone".to_owned(), before, text("elsewhere"))];
    for _ in 0..3 {
        let prepared = bench.prepare(&thing(&[])).await.unwrap();
        assert_eq!(drift(&prepared), reported);
        assert!(prepared.plan.is_empty());
        apply_and_reload(&mut bench, &thing(&[])).await;
    }
    // An update of something else does not accept it either.
    apply_and_reload(&mut bench, &thing(&[("label", text("new"))])).await;
    assert_eq!(drift(&bench.prepare(&thing(&[("label", text("new"))])).await.unwrap()), reported);
    // Without a refresh the state still knows.
    bench.options.refresh = false;
    assert_eq!(drift(&bench.prepare(&thing(&[("label", text("new"))])).await.unwrap()), reported);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_settles_drift_by_setting_the_observed_value() {
    let mut bench = Bench::new();
    bench.apply(&thing(&[])).await;
    bench.cloud.tamper(bench.id("a"), "zone", text("elsewhere"));
    apply_and_reload(&mut bench, &thing(&[])).await;
    let agreed = thing(&[("zone", text("elsewhere"))]);
    assert!(drift(&bench.prepare(&agreed).await.unwrap()).is_empty());
    apply_and_reload(&mut bench, &agreed).await;
    assert!(drift(&bench.prepare(&thing(&[])).await.unwrap()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_taken_back_outside_is_no_drift_any_more() {
    let mut bench = Bench::new();
    bench.apply(&thing(&[])).await;
    let id = bench.id("a").to_owned();
    let before = bench.cloud.attribute(&id, "zone");
    bench.cloud.tamper(&id, "zone", text("elsewhere"));
    apply_and_reload(&mut bench, &thing(&[])).await;
    bench.cloud.tamper(&id, "zone", before);
    assert!(drift(&bench.prepare(&thing(&[])).await.unwrap()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_records_accepts_drift() {
    let mut bench = Bench::new();
    bench.apply(&thing(&[])).await;
    bench.cloud.tamper(bench.id("a"), "zone", text("elsewhere"));
    apply_and_reload(&mut bench, &thing(&[])).await;
    bench.options.refresh_only = true;
    let observation = bench.prepare(&thing(&[])).await.unwrap();
    assert_eq!(drift(&observation).len(), 1);
    assert!(observation.state_changes);
    bench.state = observation.view.into_state();
    assert!(drift(&bench.prepare(&thing(&[])).await.unwrap()).is_empty());
    bench.options.refresh_only = false;
    assert!(drift(&bench.prepare(&thing(&[])).await.unwrap()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owned_collection_that_is_left_out_is_empty() {
    let mut bench = Bench::new();
    bench.apply(&thing(&[])).await;
    let id = bench.id("a").to_owned();
    bench.cloud.tamper(&id, "grants", list(&["AdministratorAccess"]));
    bench.cloud.tamper(&id, "names", list(&["by hand"]));
    let prepared = bench.prepare(&thing(&[])).await.unwrap();
    assert_eq!(told(&prepared), ["update a"]);
    let changed: Vec<_> = prepared.plan.steps[0].changes.iter().map(|change| change.attribute.to_string()).collect();
    assert_eq!(changed, ["grants"], "only a collection that plat owns is undone");
    apply_and_reload(&mut bench, &thing(&[])).await;
    assert_eq!(bench.cloud.attribute(&id, "grants"), Value::Null);
    let after = bench.prepare(&thing(&[])).await.unwrap();
    assert!(told(&after).is_empty());
    assert_eq!(drift(&after), [("names".to_owned(), Value::Null, list(&["by hand"]))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_other_systems_are_neither_drift_nor_removed() {
    let mut bench = Bench::new();
    let program = thing(&[("tags", tags(&["Name"]))]);
    bench.apply(&program).await;
    let id = bench.id("a").to_owned();
    bench.cloud.tamper(&id, "tags", tags(&["Name", "kubernetes.io/cluster/x"]));
    let prepared = bench.prepare(&program).await.unwrap();
    assert!(drift(&prepared).is_empty() && prepared.plan.is_empty());
    // A tag of a stranger is removed, even where the configuration sets no tags.
    let untagged = thing(&[]);
    bench.apply(&untagged).await;
    bench.cloud.tamper(&id, "tags", tags(&["Owner", "kubernetes.io/cluster/x"]));
    let prepared = bench.prepare(&untagged).await.unwrap();
    assert_eq!(drift(&prepared), [("tags".to_owned(), Value::Null, tags(&["Owner"]))]);
    assert_eq!(told(&prepared), ["update a"]);
    // What the configuration sets itself is compared like any other tag.
    let own = thing(&[("tags", tags(&["kubernetes.io/role/elb"]))]);
    bench.apply(&own).await;
    assert!(bench.prepare(&own).await.unwrap().plan.is_empty());
    assert_eq!(bench.plan(&untagged).await, ["update a"]);
}
