//! What a plan says.

use super::program::{secret, span};
use super::*;
use crate::desired::Options as Own;
use crate::plan::{Consent, DriftKind, Verdict};
use crate::state::Status;

fn chain() -> Program {
    Program::new()
        .with("a", "t.Thing", &[("name", text("a"))])
        .with("b", "t.Thing", &[("name", text("b")), ("parent", of("a", "thing_id"))])
        .with("c", "t.Thing", &[("name", text("c")), ("link", of("b", "thing_id"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_created_in_order_and_then_nothing_changes() {
    let mut bench = Bench::new();
    assert_eq!(bench.plan(&chain()).await, ["create a", "create b", "create c"]);
    bench.apply(&chain()).await;
    assert_eq!(bench.cloud.log(), ["create a", "create b", "create c"]);
    assert_eq!(bench.observed("c", "link"), text(bench.id("b")));
    assert_eq!(bench.state.resources[&address("b")].dependencies, [address("a")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_among_equals_is_the_programs() {
    let bench = Bench::new();
    let mut program = Program::new();
    for name in ["z", "y", "x", "m", "a"] {
        program = program.with(name, "t.Thing", &[("name", text(name))]);
    }
    assert_eq!(bench.plan(&program).await, ["create z", "create y", "create x", "create m", "create a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_middle_touches_nothing_else() {
    let mut bench = Bench::new();
    let keyed = |keys: &[&str]| keys.iter().fold(Program::new(), |p, k| p.with(&format!("a[\"{k}\"]"), "t.Thing", &[("name", text(k))]));
    bench.apply(&keyed(&["x", "z"])).await;
    assert_eq!(bench.plan(&keyed(&["x", "y", "z"])).await, ["create a[\"y\"]"]);
    assert_eq!(bench.plan(&keyed(&["z"])).await, ["delete a[\"x\"]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_program_sets_is_compared() {
    let mut bench = Bench::new();
    let a = |inputs: &[(&str, Value)]| {
        let name = [("name", text("a"))];
        Program::new().with("a", "t.Thing", &name.iter().chain(inputs).cloned().collect::<Vec<_>>())
    };
    bench.apply(&a(&[("size", Value::Int(3)), ("zone", text("z1")), ("label", text("l"))])).await;
    // Set before and left out now: the default again, `chosen` kept, unset where there is no default.
    let program = a(&[]);
    let prepared = bench.prepare(&program).await.unwrap();
    let changes = &prepared.plan.steps[0].changes;
    let shown: Vec<_> = changes.iter().map(|c| (&*c.attribute, c.before.clone(), c.after.clone())).collect();
    assert_eq!(shown, [("label", Some(text("l")), None), ("size", Some(Value::Int(3)), Some(Value::Int(1)))]);
    bench.apply(&program).await;
    assert_eq!(bench.observed("a", "zone"), text("z1"));
    assert_eq!((bench.observed("a", "size"), bench.observed("a", "label")), (Value::Int(1), Value::Null));
    // Never set, changed outside: not ours.
    bench.cloud.tamper(bench.id("a"), "size", Value::Int(9));
    assert!(bench.plan(&program).await.is_empty());
    // And an update of something else leaves it alone.
    bench.apply(&a(&[("label", text("m"))])).await;
    assert_eq!(bench.observed("a", "size"), Value::Int(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn unordered_lists_are_compared_as_they_are_meant() {
    let mut bench = Bench::new();
    let a = |names: &[&str]| {
        let names = Value::list(names.iter().map(|n| text(n)));
        Program::new().with("a", "t.Thing", &[("name", text("a")), ("names", names)])
    };
    bench.apply(&a(&["x", "y", "y"])).await;
    assert!(bench.plan(&a(&["y", "x", "y"])).await.is_empty());
    assert_eq!(bench.plan(&a(&["x", "x", "y"])).await, ["update a"]);
    bench.cloud.tamper(bench.id("a"), "names", Value::list([text("y"), text("y"), text("x")]));
    assert!(bench.prepare(&a(&["x", "y", "y"])).await.unwrap().plan.drift.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_told_mended_or_kept() {
    let mut bench = Bench::new();
    let a = |ignore: &[&str]| {
        let options = Own { ignore: ignore.iter().map(|i| Arc::from(*i)).collect(), ..Own::default() };
        let inputs = [("name", text("a")), ("tags", Value::object([("k", text("1")), ("l", text("1"))]))];
        Program::new().with_options("a", "t.Thing", &inputs, &[], options)
    };
    bench.apply(&a(&[])).await;
    let id = bench.id("a").to_owned();
    bench.cloud.tamper(&id, "tags", Value::object([("k", text("7")), ("l", text("1"))]));
    let drift = |prepared: &Prepared| match &prepared.plan.drift[..] {
        [one] => match &one.kind {
            DriftKind::Changed { attribute, before, after, kept } => (attribute.to_string(), before.clone(), after.clone(), *kept),
            DriftKind::Gone => panic!("gone"),
        },
        other => panic!("{other:?}"),
    };
    let mended = bench.prepare(&a(&[])).await.unwrap();
    assert_eq!(drift(&mended), ("tags.k".to_owned(), text("1"), text("7"), false));
    assert_eq!(told(&mended), ["update a"]);
    let kept = bench.prepare(&a(&["tags.k"])).await.unwrap();
    assert_eq!(drift(&kept), ("tags.k".to_owned(), text("1"), text("7"), true));
    assert!(told(&kept).is_empty());
    assert!(kept.state_changes);
    // Without a refresh the state is the truth.
    bench.options.refresh = false;
    assert!(bench.plan(&a(&[])).await.is_empty());
    bench.options.refresh = true;
    bench.apply(&a(&[])).await;
    assert_eq!(bench.cloud.attribute(&id, "tags"), Value::object([("k", text("1")), ("l", text("1"))]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_outside_is_created_again() {
    let mut bench = Bench::new();
    bench.apply(&chain()).await;
    bench.cloud.remove(bench.id("c"));
    let prepared = bench.prepare(&chain()).await.unwrap();
    assert!(matches!(&prepared.plan.drift[..], [one] if one.address == address("c") && matches!(one.kind, DriftKind::Gone)));
    assert_eq!(told(&prepared), ["create c"]);
    bench.apply(&chain()).await;
    // Gone and no longer wanted: nothing to do but to say so and to forget it.
    let two = Program::new().with("a", "t.Thing", &[("name", text("a"))]).with(
        "b",
        "t.Thing",
        &[("name", text("b")), ("parent", of("a", "thing_id"))],
    );
    bench.cloud.remove(bench.id("c"));
    let prepared = bench.prepare(&two).await.unwrap();
    assert!(told(&prepared).is_empty() && prepared.state_changes);
    bench.apply(&two).await;
    assert_eq!(bench.state.resources.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_shows_and_its_text_never_does() {
    let mut bench = Bench::new();
    let vault = Arc::new(Vault("hunter2".to_owned().into()));
    bench.engine.secrets = vault.clone();
    let program = Program::new().with("a", "t.Thing", &[("name", text("a")), ("password", secret("p"))]);
    bench.apply(&program).await;
    let id = bench.id("a").to_owned();
    let stored = |bench: &Bench| match bench.cloud.attribute(&id, "password") {
        Value::Secret(secret) => secret.expose().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(stored(&bench), "hunter2");
    *vault.0.lock().unwrap() = "hunter3".to_owned();
    let prepared = bench.prepare(&program).await.unwrap();
    assert_eq!(told(&prepared), ["update a"]);
    assert_eq!(prepared.plan.steps[0].changes.len(), 1);
    bench.apply(&program).await;
    assert_eq!(stored(&bench), "hunter3");
    let written = format!("{:?} {prepared:?}", bench.state);
    assert!(!written.contains("hunter"));
    // Another change leaves it as it is; the cloud asserts that it stands in both sides.
    let labelled = Program::new().with("a", "t.Thing", &[("name", text("a")), ("password", secret("p")), ("label", text("l"))]);
    bench.apply(&labelled).await;
    assert_eq!(stored(&bench), "hunter3");
    // Moved: the fingerprint is of another address, and the secret is the same.
    let moved =
        Program::new().with("b", "t.Thing", &[("name", text("a")), ("password", secret("p")), ("label", text("l"))]).moved("a", "b");
    assert!(bench.plan(&moved).await.is_empty());
    bench.apply(&moved).await;
    let missing = Program::new().with("b", "t.Thing", &[("name", text("a")), ("password", secret("missing"))]);
    assert!(matches!(bench.prepare(&missing).await, Err(PrepareError::Secret { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_repeats_a_secret_is_told_without_it() {
    let mut bench = Bench::new();
    let program = |name: &str| Program::new().with("a", "t.Thing", &[("name", text("a")), ("password", secret(name))]);
    bench.cloud.fail("create a", &[Fault::Echoes]);
    let outcome = bench.try_apply(&program("p")).await.unwrap();
    assert_eq!(outcome.failed[0].error.message, "`(secret)` is too weak a password");
    assert!(!format!("{outcome:?} {:?} {:?}", bench.state, bench.pending).contains("hunter2"));
    bench.apply(&program("p")).await;
    bench.cloud.fail("update a", &[Fault::Echoes]);
    bench.engine.secrets = Arc::new(Vault("hunter3".to_owned().into()));
    let outcome = bench.try_apply(&program("p")).await.unwrap();
    assert!(!format!("{outcome:?} {:?} {:?}", bench.state, bench.pending).contains("hunter3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_refused_by_name() {
    let mut bench = Bench::new();
    let other = chain().stack(|s| s.account = Some("222222222222".into()));
    let error = bench.prepare(&other).await.unwrap_err();
    assert!(matches!(&error, PrepareError::WrongAccount { wanted, actual, .. } if wanted == "222222222222" && actual == "111111111111"));
    bench.apply(&chain()).await;
    bench.state.account = Some("333333333333".to_owned());
    assert!(matches!(bench.prepare(&chain()).await, Err(PrepareError::StateAccount { .. })));
    assert!(matches!(bench.prepare(&chain().stack(|s| s.region = None)).await, Err(PrepareError::NoRegion)));
}

#[tokio::test(flavor = "multi_thread")]
async fn protection_wants_consent() {
    let mut bench = Bench::new();
    let protected = Own { protect: Some(true), ..Own::default() };
    let program = Program::new().with_options("a", "t.Thing", &[("name", text("a"))], &[], protected);
    bench.apply(&program).await;
    // The block is gone, and with it the word; the record remembers.
    let empty = Program::new();
    let prepared = bench.prepare(&empty).await.unwrap();
    assert!(matches!(prepared.refusal(), Some(PrepareError::Protected(p)) if p[0].address == address("a") && !p[0].replaced));
    assert!(matches!(bench.try_apply(&empty).await, Err(ApplyError::Refused(_))));
    assert_eq!(bench.cloud.log(), ["create a"]);
    bench.options.consent = Consent::To(vec![address("a")]);
    bench.apply(&empty).await;
    // A stack's protection is of what holds data.
    bench.options.consent = Consent::None;
    let stack = |p: Program| p.stack(|s| s.protect = true);
    let both =
        |name: &str| stack(Program::new().with("d", "t.Data", &[("name", text(name))]).with("t", "t.Thing", &[("name", text(name))]));
    bench.apply(&both("x")).await;
    let prepared = bench.prepare(&both("y")).await.unwrap();
    assert_eq!(prepared.protected.iter().map(|p| p.address.to_string()).collect::<Vec<_>>(), ["d"]);
    assert!(prepared.protected[0].replaced);
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_change_addresses_and_nothing_else() {
    let mut bench = Bench::new();
    bench.apply(&chain()).await;
    let renamed = Program::new()
        .with("a2", "t.Thing", &[("name", text("a"))])
        .with("b", "t.Thing", &[("name", text("b")), ("parent", of("a2", "thing_id"))])
        .with("c", "t.Thing", &[("name", text("c")), ("link", of("b", "thing_id"))])
        .moved("a", "a2");
    let prepared = bench.prepare(&renamed).await.unwrap();
    assert!(told(&prepared).is_empty() && !prepared.plan.is_empty());
    bench.apply(&renamed).await;
    assert_eq!(bench.state.resources[&address("b")].dependencies, [address("a2")]);
    assert_eq!(bench.cloud.log().len(), 3, "nothing was called for it");
    let taken = chain().with("a2", "t.Thing", &[("name", text("a2"))]).moved("b", "c");
    assert_eq!(refused(&bench, &taken).await, [315]);
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_take_what_is_there_and_forgets_leave_it() {
    let mut bench = Bench::new();
    let id = bench.cloud.plant("t.Thing", "old");
    let program = Program::new().with("a", "t.Thing", &[("name", text("old")), ("label", text("l"))]).import("a", &id);
    let prepared = bench.prepare(&program).await.unwrap();
    assert_eq!(told(&prepared), ["import a"]);
    assert_eq!(prepared.plan.steps[0].changes.len(), 1);
    bench.apply(&program).await;
    assert_eq!((bench.id("a"), bench.cloud.log()), (id.as_str(), vec!["update a".to_owned()]));
    // Taken already: the word may stay.
    assert!(bench.plan(&program).await.is_empty());
    let differs = Program::new().with("b", "t.Thing", &[("name", text("new"))]).import("b", &id);
    assert_eq!(refused(&bench, &differs).await, [318], "it is `a` already");
    let absent = Program::new().with("b", "t.Thing", &[("name", text("new"))]).import("b", "id-404");
    assert_eq!(refused(&bench, &absent).await, [317]);
    let forgotten = Program::new().forget("a");
    assert_eq!(bench.plan(&forgotten).await, ["forget a"]);
    bench.try_apply(&forgotten).await.unwrap();
    assert!(bench.state.resources.is_empty());
    assert_eq!(bench.cloud.ids(), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retained_leaves_the_state_and_stays_in_the_cloud() {
    let mut bench = Bench::new();
    let retained = Own { retain: true, ..Own::default() };
    bench.apply(&Program::new().with_options("a", "t.Thing", &[("name", text("a"))], &[], retained)).await;
    assert_eq!(bench.plan(&Program::new()).await, ["forget a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lookups_are_answered_before_the_plan_is_made() {
    let mut bench = Bench::new();
    bench.cloud.plant("t.Other", "there");
    let mut program = Program::new().with("a", "t.Thing", &[("name", text("a"))]);
    program.lookup = Some(("a", "t.Other"));
    let outcome = bench.try_apply(&program).await.unwrap();
    assert!(outcome.succeeded());
    assert_eq!(bench.observed("a", "label"), text("there"));
    program.lookup = Some(("a", "t.Data"));
    assert!(matches!(bench.prepare(&program).await, Err(PrepareError::Lookup { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_an_error_with_its_path() {
    let program = Program::new().with_options("a", "t.Thing", &[("name", text("a"))], &after(&["b"]), Own::default()).with_options(
        "b",
        "t.Thing",
        &[("name", text("b"))],
        &after(&["a"]),
        Own::default(),
    );
    let Err(PrepareError::Program(diagnostics)) = Bench::new().prepare(&program).await else { panic!("no error") };
    assert_eq!(diagnostics[0].message, "dependency cycle: `a` → `b` → `a`");
    assert_eq!((diagnostics[0].span, diagnostics[0].related.len()), (span(0), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn asserts_and_outputs_are_told_as_far_as_they_are_known() {
    let mut bench = Bench::new();
    let program =
        |holds: bool| chain().assert(Value::Bool(holds), "fixed").assert(of("a", "thing_id"), "no Bool").output("id", of("c", "thing_id"));
    let prepared = bench.prepare(&program(true)).await.unwrap();
    assert_eq!(prepared.plan.asserts.iter().map(|(_, v)| *v).collect::<Vec<_>>(), [Verdict::Holds, Verdict::Later]);
    assert!(matches!(bench.prepare(&program(false)).await.unwrap().refusal(), Some(PrepareError::Asserts(_))));
    let outcome = bench.try_apply(&program(true)).await.unwrap();
    assert_eq!(outcome.asserts[1].1, Verdict::Fails);
    assert!(!outcome.succeeded());
    assert_eq!(outcome.outputs[0].value, text(bench.id("c")));
    assert_eq!(bench.state.outputs["id"], serde_json::json!(bench.id("c")));
    let quiet = chain().output("id", of("c", "thing_id"));
    assert!(bench.prepare(&quiet).await.unwrap().plan.is_empty());
    let without = bench.prepare(&chain()).await.unwrap();
    assert!(without.state_changes, "an output that is no longer wanted leaves the state");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_thing_is_replaced_and_an_unfinished_one_is_finished() {
    let mut bench = Bench::new();
    bench.apply(&chain()).await;
    Arc::make_mut(bench.state.resources.get_mut(&address("c")).unwrap()).status = Status::Unfinished;
    assert_eq!(bench.plan(&chain()).await, ["update c"]);
    Arc::make_mut(bench.state.resources.get_mut(&address("c")).unwrap()).status = Status::Broken;
    assert_eq!(bench.plan(&chain()).await, ["replace() c"]);
    bench.apply(&chain()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_chains_and_wide_hubs_are_planned_and_read_in_few_calls() {
    let mut bench = Bench::new();
    let mut program = Program::new().with("hub", "t.Thing", &[("name", text("hub"))]);
    for i in 0..5_000 {
        let name = format!("leaf[\"{i:05}\"]");
        program = program.with(&name, "t.Thing", &[("name", text(&name)), ("link", of("hub", "thing_id"))]);
    }
    for i in 0..10_000 {
        let name = format!("link[\"{i:05}\"]");
        let on = if i == 0 { of("hub", "thing_id") } else { of(&format!("link[\"{:05}\"]", i - 1), "thing_id") };
        program = program.with(&name, "t.Thing", &[("name", text(&name)), ("link", on)]);
    }
    let prepared = bench.prepare(&program).await.unwrap();
    assert_eq!(prepared.plan.steps.len(), 15_001);
    assert!(prepared.plan.steps.iter().enumerate().all(|(i, step)| step.after.iter().all(|before| *before < i)));
    // As if it had been applied.
    for step in &prepared.plan.steps {
        let inputs = step.desired.as_ref().unwrap().inputs.iter();
        let inputs = inputs.filter(|(_, v)| v.unknown().is_none()).map(|(k, v)| (k.clone(), v.clone())).collect();
        let record = crate::state::Record {
            type_name: step.type_name.clone(),
            id: bench.cloud.plant("t.Thing", &step.address.to_string()),
            region: "here".to_owned(),
            inputs,
            observed: Default::default(),
            drift: Default::default(),
            dependencies: step.desired.as_ref().unwrap().dependencies.iter().map(|d| d.on.clone()).collect(),
            protect: false,
            retain: false,
            status: Status::Ready,
        };
        bench.state.resources.insert(step.address.clone(), record.into());
    }
    let destroyed = bench.prepare(&Program::new()).await.unwrap();
    assert_eq!(destroyed.plan.steps.len(), 15_001);
    assert_eq!(destroyed.plan.steps.last().unwrap().address, address("hub"));
    assert!(bench.cloud.reads.lock().unwrap().len() <= 16);
}
