//! What a rehearsal finds before anything is done, and that it leaves no trace and gives no false alarm.

use plat::plan::{Action, Options, Rehearsal, Snag};
use plat::provider::sandbox::Call;

use super::kinds::{ALARM, GROUP, NETWORK, RULE, SERVICE, SUBNET};
use super::place::Place;
use super::program::{Expr, Program, Spec, address, cidr, int, of, text};
use super::{everything, everything_later};

fn network() -> Program {
    Program::default()
        .with("net", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16"))]))
        .with("subnet", Spec::new(SUBNET, [("network", of("net", "network_id"))]))
}

#[track_caller]
fn only(rehearsal: &Rehearsal) -> (String, Snag) {
    assert_eq!(rehearsal.flaws.len(), 1, "{:?}", rehearsal.flaws);
    (rehearsal.flaws[0].address.to_string(), rehearsal.flaws[0].snag.clone())
}

fn in_use(by: &str, attribute: &str) -> Snag {
    Snag::InUse { by: by.into(), attribute: attribute.into() }
}

#[test]
fn what_goes_well_is_no_matter_and_leaves_no_trace() {
    let place = Place::new();
    assert_eq!(place.rehearse(&everything()), Rehearsal { steps: 7, flaws: Vec::new() });
    assert_eq!((place.changes(), place.cloud.calls(Call::Secret)), (0, 0), "only the plan may ask for anything");
    place.apply(&everything()).succeeded();
    let (before, world, changes) = (place.state(), place.inventory(), place.changes());
    let later = place.rehearse(&everything_later());
    assert!(later.steps > 5 && later.flaws.is_empty(), "{later:?}");
    assert_eq!(place.rehearse(&everything()), Rehearsal::default(), "there is nothing to do");
    assert_eq!((place.state(), place.changes()), (before, changes));
    assert_eq!(place.inventory(), world);
    place.apply(&everything_later()).succeeded();
}

#[test]
fn what_is_still_held_by_what_stays() {
    let place = Place::new();
    place.apply(&network()).succeeded();
    // The subnet is let go of, and stays in the cloud: with it the network has to stay.
    let mut program = Program::default().with("other", Spec::new(NETWORK, [("cidr", cidr("10.9.0.0/16"))]));
    program.forgets.push("subnet".to_owned());
    assert_eq!(only(&place.rehearse(&program)), ("net".to_owned(), in_use("subnet", "network")));
    assert!(!matches!(place.apply(&program), super::place::Run::Ended(outcome) if outcome.succeeded()), "the cloud says so, too");
}

#[test]
fn an_order_that_cannot_be() {
    let place = Place::new();
    let group = Spec::new(GROUP, [("name", text("team")), ("members", Expr::List(vec![of("subnet", "subnet_id")]))]);
    let program = network().with("group", group);
    place.apply(&program).succeeded();
    // The old subnet goes first, and the group holds it until the new one is there.
    let other = program.set("subnet", "zone", text("b"));
    assert_eq!(only(&place.rehearse(&other)), ("subnet".to_owned(), in_use("group", "members")));
    let first = other.patch("subnet", |spec| spec.options.create_first = true);
    assert!(place.rehearse(&first).flaws.is_empty());
    place.apply(&first).succeeded();
}

/// The alarm lets go of one service when the other is there, which is in the new group.
#[test]
fn a_name_that_is_there_once_is_not_made_anew_first() {
    let place = Place::new();
    let service = || Spec::new(SERVICE, [("groups", Expr::List(vec![of("group", "name")]))]);
    let alarm = |of_service: &str| Spec::new(ALARM, [("target", of(of_service, "service_id"))]);
    let group = Program::default().with("group", Spec::new(GROUP, [("name", text("team"))]));
    place.apply(&group.clone().with("api", service()).with("alarm", alarm("api"))).succeeded();
    let then = group.with("web", service()).with("alarm", alarm("web"));
    let creates_first = |program: &Program| {
        let step = place.plan(program).plan.steps.into_iter().find(|step| step.address == address("group")).unwrap();
        matches!(step.action, Action::Replace { create_first: true, .. })
    };
    assert!(creates_first(&then.clone().set("group", "name", text("crew"))));
    // In another region the name is free; what is made anew for no reason of its own keeps the name where it is.
    let elsewhere = then.clone().patch("group", |spec| spec.options.region = Some("eu-west-1".into()));
    assert!(creates_first(&elsewhere));
    let anew = Options { replace: vec!["group".parse().unwrap()], ..Options::default() };
    let step = place.plan_with(&then, &anew).plan.steps.into_iter().find(|step| step.address == address("group")).unwrap();
    assert!(matches!(step.action, Action::Replace { create_first: false, .. }));
}

#[test]
fn a_name_that_is_taken() {
    let place = Place::new();
    let program = Program::default().with("a", Spec::new(GROUP, [("name", text("team"))]));
    place.apply(&program).succeeded();
    // Two new ones, of which nothing is recorded, and which nothing but the check of the configuration would compare.
    let twins =
        ["c", "d"].into_iter().fold(Program::default(), |program, at| program.with(at, Spec::new(GROUP, [("name", text("twins"))])));
    let (_, snag) = only(&Place::new().rehearse(&twins));
    assert!(matches!(snag, Snag::Taken { id, .. } if &*id == "twins"));
    // A name that is free when its turn comes is no matter.
    let moved = Program::default().with("b", Spec::new(GROUP, [("name", text("team"))]));
    assert!(place.rehearse(&moved).flaws.is_empty());
    place.apply(&moved).succeeded();
}

#[test]
fn what_was_deleted_before() {
    // On one thread: deletes wait for nothing, and the group waits for the alarm.
    let place = Place::alone();
    place.apply(&network()).succeeded();
    let id = place.state().resources[&address("subnet")].id.clone();
    let program = network().without("subnet").with("group", Spec::new(GROUP, [("name", text("g"))]).after("late"));
    let late = Spec::new(ALARM, [("target", text("svc-elsewhere"))]);
    let program = program.with("late", late).set("group", "members", Expr::List(vec![text(&id)]));
    assert_eq!(only(&place.rehearse(&program)), ("group".to_owned(), Snag::Gone { attribute: "members".into(), was: "subnet".into() }));
}

#[test]
fn a_relation_that_is_made_anew_takes_nothing_along() {
    let place = Place::new();
    let group = Spec::new(GROUP, [("name", text("team"))]).create_first();
    let program = network()
        .with("group", group)
        .with("rule", Spec::new(RULE, [("source", of("subnet", "subnet_id")), ("target", of("group", "name"))]));
    place.apply(&program).succeeded();
    // The rule goes and comes again; the subnet that both are of is there all the time.
    let program = program.set("group", "name", text("crew"));
    let rehearsal = place.rehearse(&program);
    assert!(rehearsal.steps == 2 && rehearsal.flaws.is_empty(), "{rehearsal:?}");
    place.apply(&program).succeeded();
}

#[test]
fn two_that_want_one_thing_otherwise() {
    let place = Place::new();
    place.apply(&network()).succeeded();
    let id = place.state().resources[&address("net")].id.clone();
    let again = |program: Program, at: &str, label: &str| {
        let mut program = program.with(at, Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16")), ("label", text(label))]));
        program.imports.push((at.to_owned(), id.clone()));
        program
    };
    let mut forgetting = Program::default();
    forgetting.forgets.extend(["net".to_owned(), "subnet".to_owned()]);
    place.apply(&forgetting).succeeded();
    let program = again(again(Program::default(), "one", "x"), "two", "y");
    let rehearsal = place.rehearse(&program);
    assert_eq!(rehearsal.refused(), 0);
    assert!(rehearsal.flaws.iter().any(|flaw| flaw.snag == Snag::Unsettled { attributes: vec!["label".into()] }), "{:?}", rehearsal.flaws);
}

#[test]
fn what_cannot_be_known_is_passed_over() {
    let place = Place::new();
    // Ids of things elsewhere, a time that is too short, what only the cloud makes, a secret that a replacement would hang on.
    let program = Program::default()
        .with("subnet", Spec::new(SUBNET, [("network", text("network-elsewhere")), ("size", int(2))]))
        .with("rule", Spec::new(RULE, [("source", of("subnet", "subnet_id")), ("target", text("group-elsewhere"))]))
        .with("service", Spec::new(SERVICE, [("password", Expr::Secret("db".to_owned()))]))
        .with("alarm", Spec::new(ALARM, [("target", of("service", "service_id")), ("text", of("service", "endpoint"))]))
        .patch("service", |spec| spec.options.timeout = Some(plat::value::Duration::seconds(1)));
    assert_eq!(place.rehearse(&program), Rehearsal { steps: 4, flaws: Vec::new() });
}
