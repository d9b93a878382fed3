//! What an apply does when nothing goes wrong.

use std::collections::BTreeSet;

use plat::plan::{Action, DriftKind, Options};
use plat::provider::sandbox::Call;
use plat::value::{Object, Value};

use super::kinds::{ALARM, GROUP, NETWORK, REGION, SERVICE, SUBNET};
use super::place::{Death, Place};
use super::program::{Expr, Program, Spec, address, cidr, of, text};
use super::{everything, everything_later};

fn nothing() -> BTreeSet<String> {
    BTreeSet::new()
}

fn network() -> Program {
    Program::default().with("net", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16"))]))
}

#[test]
fn create_and_then_nothing() {
    let place = Place::new();
    place.apply(&everything()).succeeded();
    place.check(&everything(), &nothing());
    let changes = place.changes();
    assert_eq!(changes, 7);
    place.apply(&everything()).succeeded();
    assert_eq!(place.changes(), changes, "an apply with nothing to do changed something");
    place.check(&everything(), &nothing());
}

#[test]
fn independent_things_are_made_at_the_same_time() {
    let place = Place::new();
    let program = (0..20)
        .fold(Program::default(), |program, i| program.with(&format!("net[\"{i}\"]"), Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16"))])));
    place.apply(&program).succeeded();
    assert_eq!(place.cloud.elapsed(), 30);
    place.check(&program, &nothing());
}

#[test]
fn an_update_changes_in_place() {
    let place = Place::new();
    place.apply(&network()).succeeded();
    let id = place.state().resources[&address("net")].id.clone();
    let program = network().set("net", "label", text("two"));
    let plan = place.plan(&program).plan;
    assert_eq!(plan.steps[0].action, Action::Update);
    place.apply(&program).succeeded();
    assert_eq!(place.state().resources[&address("net")].id, id);
    place.check(&program, &nothing());
    // Leaving it out again is a change, too.
    place.apply(&network()).succeeded();
    place.check(&network(), &nothing());
    assert!(!place.state().resources[&address("net")].observed.contains_key("label"));
}

#[test]
fn what_the_cloud_chose_is_kept() {
    let place = Place::new();
    let program = network().with("subnet", Spec::new(SUBNET, [("network", of("net", "network_id"))]));
    place.apply(&program).succeeded();
    let zone = place.state().attribute(&address("subnet"), "zone").unwrap().clone();
    place.apply(&program.clone().set("subnet", "size", super::program::int(9))).succeeded();
    assert_eq!(place.state().attribute(&address("subnet"), "zone"), Some(&zone));
    assert_eq!(place.cloud.calls(Call::Create), 2);
}

#[test]
fn a_replacement_takes_along_what_cannot_follow_in_place() {
    for create_first in [false, true] {
        let place = Place::new();
        let subnet = Spec::new(SUBNET, [("network", of("net", "network_id"))]);
        let mut program = network().with("subnet", subnet);
        if create_first {
            program = program.patch("net", |spec| spec.options.create_first = true);
        }
        place.apply(&program).succeeded();
        let before = place.state();
        let program = program.set("net", "cidr", cidr("10.9.0.0/16"));
        let plan = place.plan(&program).plan;
        for at in ["net", "subnet"] {
            let step = plan.steps.iter().find(|s| s.address == address(at)).unwrap();
            assert!(matches!(&step.action, Action::Replace { forced_by, .. } if !forced_by.is_empty()), "{at}: {:?}", step.action);
        }
        place.apply(&program).succeeded();
        place.check(&program, &nothing());
        for at in ["net", "subnet"] {
            assert_ne!(place.state().resources[&address(at)].id, before.resources[&address(at)].id);
        }
    }
}

#[test]
fn changes_of_every_kind_at_once_and_back_and_to_nothing() {
    let place = Place::new();
    for program in [everything(), everything_later(), everything(), everything_later()] {
        place.apply(&program).succeeded();
        place.check(&program, &nothing());
    }
    place.destroy(&everything_later()).succeeded();
    assert_eq!(place.inventory().len(), 0);
    place.check(&Program::default(), &nothing());
}

#[test]
fn a_reference_is_dropped_before_what_it_refers_to_is_deleted() {
    let place = Place::new();
    let members = |names: &[&str]| Expr::List(names.iter().map(|name| of(name, "subnet_id")).collect());
    let subnet = || Spec::new(SUBNET, [("network", of("net", "network_id"))]);
    let program = network()
        .with("a", subnet())
        .with("b", subnet())
        .with("group", Spec::new(GROUP, [("name", text("g")), ("members", members(&["a", "b"]))]));
    place.apply(&program).succeeded();
    let program = program.without("a").set("group", "members", members(&["b"]));
    place.apply(&program).succeeded();
    place.check(&program, &nothing());
}

#[test]
fn an_old_thing_is_replaced_by_one_of_another_type() {
    let place = Place::new();
    place.apply(&network()).succeeded();
    let program = Program::default().with("net", Spec::new(GROUP, [("name", text("now a group"))]));
    place.apply(&program).succeeded();
    place.check(&program, &nothing());
}

#[test]
fn drift_is_seen_and_mended() {
    let place = Place::new();
    place.apply(&everything()).succeeded();
    let net = place.state().resources[&address("net")].id.clone();
    let drift: Object = [("label".into(), Value::str("by hand"))].into_iter().collect();
    place.cloud.tamper(NETWORK, REGION, &net, &drift).unwrap();
    let alarm = place.state().resources[&address("alarm")].id.clone();
    place.cloud.vanish(ALARM, REGION, &alarm).unwrap();

    let plan = place.plan(&everything()).plan;
    assert_eq!(plan.drift.len(), 2, "{:?}", plan.drift);
    for drift in &plan.drift {
        match &drift.kind {
            DriftKind::Gone => assert_eq!(drift.address, address("alarm")),
            DriftKind::Changed { attribute, after, kept, .. } => {
                assert_eq!((&**attribute, after, *kept), ("label", &Value::str("by hand"), false));
            }
        }
    }
    place.apply(&everything()).succeeded();
    place.check(&everything(), &nothing());
}

#[test]
fn drift_that_is_ignored_stays() {
    let place = Place::new();
    let program = network().set("net", "label", text("ours")).patch("net", |spec| spec.options.ignore = vec!["label".into()]);
    place.apply(&program).succeeded();
    let net = place.state().resources[&address("net")].id.clone();
    let drift: Object = [("label".into(), Value::str("by hand"))].into_iter().collect();
    place.cloud.tamper(NETWORK, REGION, &net, &drift).unwrap();
    place.apply(&program).succeeded();
    assert_eq!(place.inventory().values().next().unwrap().attributes.get("label"), Some(&Value::str("by hand")));
    assert_eq!(place.cloud.calls(Call::Update), 0);
    assert!(place.plan(&program).plan.is_empty());
}

#[test]
fn a_move_changes_the_state_alone() {
    let place = Place::new();
    place.apply(&everything()).succeeded();
    let changes = place.changes();
    let mut program = everything();
    program.resources =
        program.resources.into_iter().map(|(at, spec)| (if at == "alarm" { "siren".to_owned() } else { at }, spec)).collect();
    program.moves.push(("alarm".to_owned(), "siren".to_owned()));
    place.apply(&program).succeeded();
    assert_eq!(place.changes(), changes);
    place.check(&program, &nothing());
}

#[test]
fn what_is_forgotten_stays_in_the_cloud_and_can_be_imported() {
    let place = Place::new();
    place.apply(&everything()).succeeded();
    let id = place.state().resources[&address("alarm")].id.clone();
    let mut program = everything().without("alarm");
    program.forgets.push("alarm".to_owned());
    place.apply(&program).succeeded();
    place.check(&program, &BTreeSet::from([id.clone()]));

    let mut program = everything();
    program.imports.push(("alarm".to_owned(), id.clone()));
    place.apply(&program).succeeded();
    place.check(&program, &nothing());
    assert_eq!(place.state().resources[&address("alarm")].id, id);
    assert_eq!(place.cloud.calls(Call::Create), 7);
}

#[test]
fn what_is_retained_is_left() {
    let place = Place::new();
    let program = network().patch("net", |spec| spec.options.retain = true);
    place.apply(&program).succeeded();
    let id = place.state().resources[&address("net")].id.clone();
    place.apply(&Program::default()).succeeded();
    place.check(&Program::default(), &BTreeSet::from([id]));
    assert_eq!(place.inventory().len(), 1);
}

#[test]
fn outputs_are_recorded() {
    let place = Place::new();
    let mut program = everything();
    program.outputs.push(("endpoint".to_owned(), "service".to_owned(), "endpoint"));
    place.apply(&program).succeeded();
    let state = place.state();
    let endpoint = state.attribute(&address("service"), "endpoint").and_then(Value::as_str).unwrap();
    assert_eq!(state.outputs["endpoint"], endpoint);
    place.check(&program, &nothing());
}

#[test]
fn a_secret_is_a_change_when_it_is_another_one_and_is_never_written() {
    let place = Place::new();
    place.apply(&everything()).succeeded();
    assert!(place.plan(&everything()).plan.is_empty());
    let program = everything().set("service", "password", Expr::Secret("other".to_owned()));
    assert!(!place.plan(&program).plan.is_empty());
    place.apply(&program).succeeded();
    place.check(&program, &nothing());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    use plat::provider::Provider;
    for name in ["db", "other"] {
        let text = runtime.block_on(place.cloud.secret(REGION, name)).unwrap();
        assert!(!format!("{:?}", place.state()).contains(text.expose()));
    }
}

#[test]
fn protected_things_are_not_deleted_without_consent() {
    let place = Place::new();
    let program = everything().patch("service", |spec| spec.options.protect = Some(true));
    place.apply(&program).succeeded();
    let before = place.inventory();
    let run = place.run(&program, &Options { destroy: true, ..Options::default() }, &Death::never());
    assert!(matches!(run, super::place::Run::Refused(_)), "{run:?}");
    assert_eq!(place.inventory(), before);
    let gone = program.clone().without("alarm").without("service");
    assert!(matches!(place.apply(&gone), super::place::Run::Refused(_)));
    assert_eq!(place.inventory(), before);
    let consent = plat::plan::Consent::To(vec![address("service")]);
    place.run(&gone, &Options { consent, ..Options::default() }, &Death::never()).succeeded();
    place.check(&gone, &nothing());
    assert!(place.inventory().values().all(|item| &*item.type_name != SERVICE));
}
