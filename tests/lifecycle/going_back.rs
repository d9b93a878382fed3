//! Going back to what an earlier state records: afterwards the old program has nothing to do.

use std::collections::BTreeSet;

use plat::plan::Action;
use plat::plan::past::{Loss, unknown_secrets};
use plat::provider::sandbox::Call;

use super::kinds::{GROUP, NETWORK, SERVICE, SUBNET};
use super::place::Place;
use super::program::{Expr, Program, Spec, address, cidr, of, text};
use super::{everything, everything_later};

fn nothing() -> BTreeSet<String> {
    BTreeSet::new()
}

fn network() -> Program {
    Program::default()
        .with("net", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16"))]))
        .with("subnet", Spec::new(SUBNET, [("network", of("net", "network_id"))]))
}

#[test]
fn there_and_back() {
    let place = Place::new();
    place.apply(&everything()).succeeded();
    let (before, then) = (place.state(), place.state().serial);
    // Replaced, changed, gone and new; all but the secret, whose text no state keeps.
    let later = everything_later().set("service", "password", Expr::Secret("db".to_owned()));
    place.apply(&later).succeeded();
    place.roll_back(&later, then);
    place.check(&everything(), &nothing());
    // And forth again: what a rollback did can be undone like everything else.
    place.roll_back(&everything(), then + 1);
    place.check(&later, &nothing());
    place.roll_back(&later, then);
    place.check(&everything(), &nothing());
    let after = place.state();
    for (at, record) in &before.resources {
        assert_eq!(record.dependencies, after.resources[at].dependencies, "{at}");
    }
}

#[test]
fn back_to_nothing_and_back_from_it() {
    let place = Place::new();
    let mut program = everything();
    program.outputs.push(("where".to_owned(), "net".to_owned(), "network_id"));
    place.apply(&program).succeeded();
    place.roll_back(&program, 0);
    assert!(place.inventory().is_empty() && place.state().resources.is_empty());
    // Everything is new, and refers to what is new.
    let (prepared, lost) = place.way_back(&program, 1);
    assert_eq!(prepared.plan.summary().add, 7);
    assert_eq!(lost.iter().filter(|lost| lost.loss == Loss::Data).map(|lost| lost.address.to_string()).collect::<Vec<_>>(), ["service"]);
    assert_eq!(lost.iter().filter(|lost| lost.loss == Loss::Identity).count(), 6);
    place.roll_back(&program, 1);
    place.check(&program, &nothing());
    let state = place.state();
    assert_eq!(state.outputs["where"].as_str(), state.attribute(&address("net"), "network_id").unwrap().as_str());
}

#[test]
fn texts_with_an_id_in_them_follow_it() {
    let place = Place::new();
    let note = |id: &str| format!("of {id}, and of {id} again");
    let mut program = network();
    place.apply(&program).succeeded();
    let id = |place: &Place| place.state().resources[&address("net")].id.clone();
    program = program.with("group", Spec::new(GROUP, [("name", text("g"))]).after("net"));
    place.apply(&program.clone().with("service", Spec::new(SERVICE, [("hint", text(&note(&id(&place))))]).after("net"))).succeeded();
    let then = place.state().serial;
    place.apply(&Program::default()).succeeded();
    place.roll_back(&program, then);
    let hint = place.state().attribute(&address("service"), "hint").unwrap().clone();
    assert_eq!(hint.as_str(), Some(note(&id(&place)).as_str()));
}

#[test]
fn what_was_only_moved_moves_back() {
    let place = Place::new();
    place.apply(&network()).succeeded();
    let mut program = Program::default()
        .with("main", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16"))]))
        .with("part", Spec::new(SUBNET, [("network", of("main", "network_id"))]));
    program.moves.extend([("net".to_owned(), "main".to_owned()), ("subnet".to_owned(), "part".to_owned())]);
    place.apply(&program).succeeded();
    let changes = place.changes();
    place.roll_back(&program, 1);
    place.check(&network(), &nothing());
    assert_eq!(place.changes(), changes);
}

#[test]
fn what_was_let_go_is_taken_back_and_what_was_taken_in_is_let_go() {
    let place = Place::new();
    place.apply(&network()).succeeded();
    let id = place.state().resources[&address("subnet")].id.clone();
    let mut program = network().without("subnet");
    program.forgets.push("subnet".to_owned());
    place.apply(&program).succeeded();
    let (prepared, lost) = place.way_back(&program, 1);
    let step = prepared.plan.steps.iter().find(|step| step.address == address("subnet")).unwrap();
    assert!(matches!(&step.action, Action::Import { id: there } if **there == *id) && lost.is_empty(), "{:?} {lost:?}", step.action);
    place.roll_back(&program, 1);
    place.check(&network(), &nothing());

    // Forgotten again, and imported under another name: the way back from there lets it go.
    place.apply(&program).succeeded();
    let then = place.state().serial;
    let mut importing = network().without("subnet").with("taken", Spec::new(SUBNET, [("network", of("net", "network_id"))]));
    importing.imports.push(("taken".to_owned(), id.clone()));
    place.apply(&importing).succeeded();
    let deletes = place.cloud.calls(Call::Delete);
    place.roll_back(&importing, then);
    assert_eq!(place.cloud.calls(Call::Delete), deletes);
    assert!(!place.state().resources.contains_key(&address("taken")));
    place.check_state(&BTreeSet::from([id]));
}

#[test]
fn what_the_cloud_had_chosen_is_chosen_again() {
    let place = Place::new();
    place.apply(&network()).succeeded();
    let zone = place.state().attribute(&address("subnet"), "zone").unwrap().clone();
    let other = network().set("subnet", "zone", text("another"));
    place.apply(&other).succeeded();
    place.roll_back(&other, 1);
    assert_eq!(place.state().attribute(&address("subnet"), "zone"), Some(&zone));
    place.check(&network(), &nothing());
}

#[test]
fn secrets_are_those_of_today_or_are_missing() {
    let place = Place::new();
    let service = |secret: &str, size: i64| {
        Program::default().with(
            "service",
            Spec::new(SERVICE, [("password", Expr::Secret(secret.to_owned())), ("plan", text(if size > 1 { "large" } else { "small" }))]),
        )
    };
    place.apply(&service("one", 1)).succeeded();
    place.apply(&service("two", 2)).succeeded();
    let (prepared, lost) = place.way_back(&service("two", 2), 1);
    assert!(unknown_secrets(&prepared.plan).is_empty());
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].loss, Loss::Secret { attribute: "password".into() });
    place.roll_back(&service("two", 2), 1);
    place.check(&service("two", 1), &nothing());

    // Gone from the program, there is nobody to tell what it was.
    place.apply(&Program::default()).succeeded();
    let (prepared, _) = place.way_back(&Program::default(), 1);
    assert_eq!(unknown_secrets(&prepared.plan), [(address("service"), "password".into())]);
    // What stays as it is needs no text.
    place.apply(&service("one", 1)).succeeded();
    let then = place.state().serial;
    place.apply(&service("one", 1).with("net", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16")), ("label", text("x"))]))).succeeded();
    let (prepared, lost) = place.way_back(&Program::default(), then);
    assert!(unknown_secrets(&prepared.plan).is_empty() && lost.is_empty(), "{lost:?}");
    assert_eq!(prepared.plan.summary().destroy, 1);
}
