//! The engine's own settings of a resource: each does what it says, also once the block is gone.

use std::collections::BTreeSet;

use plat::plan::{Consent, Options};
use plat::value::{Duration, Value};

use super::kinds::{NETWORK, REGION, SUBNET};
use super::place::{Death, Place, Run};
use super::program::{Program, Spec, address, cidr, of};

fn network() -> Program {
    Program::default().with("net", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16"))]))
}

fn nothing() -> BTreeSet<String> {
    BTreeSet::new()
}

#[test]
fn protection_outlives_the_block_that_asked_for_it() {
    let place = Place::new();
    let protected = network().patch("net", |spec| spec.options.protect = Some(true));
    place.apply(&protected).succeeded();
    assert!(place.state().resources[&address("net")].protect);
    let before = place.inventory();
    assert!(matches!(place.apply(&Program::default()), Run::Refused(_)));
    assert_eq!(place.inventory(), before);
    // Said to be unprotected while the block is there, it may go afterwards.
    place.apply(&network()).succeeded();
    assert!(!place.state().resources[&address("net")].protect, "taken away in the program, it is taken away in the state");
    place.apply(&Program::default()).succeeded();
    place.check(&Program::default(), &nothing());
}

#[test]
fn protection_holds_against_a_replacement_too() {
    let place = Place::new();
    let program = network().patch("net", |spec| spec.options.protect = Some(true));
    place.apply(&program).succeeded();
    let before = place.inventory();
    let other = program.clone().set("net", "cidr", cidr("10.9.0.0/16"));
    assert!(matches!(place.apply(&other), Run::Refused(_)));
    assert_eq!(place.inventory(), before);
    let consent = Consent::To(vec![address("net")]);
    place.run(&other, &Options { consent, ..Options::default() }, &Death::never()).succeeded();
    place.check(&other, &nothing());
}

#[test]
fn a_thing_of_another_region_is_made_there_and_moves_by_being_replaced() {
    let place = Place::new();
    let elsewhere = network().patch("net", |spec| spec.options.region = Some("eu-central-1".into()));
    place.apply(&elsewhere).succeeded();
    let regions = |place: &Place| place.inventory().values().map(|item| item.region.to_string()).collect::<Vec<_>>();
    assert_eq!(regions(&place), ["eu-central-1"]);
    assert!(place.plan(&elsewhere).plan.is_empty());
    place.apply(&network()).succeeded();
    assert_eq!(regions(&place), [REGION]);
    place.check(&network(), &nothing());
}

#[test]
fn a_thing_of_another_account_is_refused_before_any_call() {
    let place = Place::new();
    let program = network().patch("net", |spec| spec.options.account = Some("999999999999".into()));
    let Run::Refused(said) = place.apply(&program) else { panic!("not refused") };
    assert!(said.contains("`net` is for account `999999999999`"), "{said}");
    assert_eq!(place.changes(), 0);
}

#[test]
fn what_takes_longer_than_its_time_is_given_up_and_found_again() {
    let place = Place::new();
    let hurried = network().patch("net", |spec| spec.options.timeout = Some(Duration::seconds(1)));
    let Run::Ended(outcome) = place.apply(&hurried) else { panic!("did not end") };
    assert_eq!(outcome.failed.len(), 1, "a network takes 30 seconds");
    place.apply(&network()).succeeded();
    place.check(&network(), &nothing());
    assert_eq!(place.inventory().len(), 1, "it was not made twice");
}

#[test]
fn after_is_order_alone() {
    let place = Place::new();
    let program = network()
        .with("first", Spec::new(NETWORK, [("cidr", cidr("10.1.0.0/16"))]))
        .patch("net", |spec| spec.after.push("first".to_owned()));
    let plan = place.plan(&program).plan;
    let order: Vec<_> = plan.steps.iter().map(|step| step.address.to_string()).collect();
    assert_eq!(order, ["first", "net"]);
    place.apply(&program).succeeded();
    // The other is replaced, and what only comes after it stays as it is.
    let changed = program.set("first", "cidr", cidr("10.2.0.0/16"));
    let before = place.state().resources[&address("net")].id.clone();
    place.apply(&changed).succeeded();
    assert_eq!(place.state().resources[&address("net")].id, before);
    place.check(&changed, &nothing());
    place.destroy(&changed).succeeded();
    assert!(place.inventory().is_empty());
}

#[test]
fn what_is_ignored_in_a_map_leaves_the_rest_to_the_program() {
    let place = Place::new();
    let tags = |owner: &str| super::program::Expr::Is(Value::object([("Owner", Value::str(owner))]));
    let program = network().set("net", "tags", tags("us")).patch("net", |spec| spec.options.ignore = vec!["tags.Cost".into()]);
    place.apply(&program).succeeded();
    let id = place.state().resources[&address("net")].id.clone();
    let by_hand = Value::object([("Owner", Value::str("them")), ("Cost", Value::str("cc-7"))]);
    place.cloud.tamper(NETWORK, REGION, &id, &[("tags".into(), by_hand)].into_iter().collect()).unwrap();
    place.apply(&program).succeeded();
    let tags = place.inventory().into_values().next().unwrap().attributes.get("tags").cloned();
    assert_eq!(tags, Some(Value::object([("Owner", Value::str("us")), ("Cost", Value::str("cc-7"))])));
    assert!(place.plan(&program).plan.is_empty());
}

#[test]
fn what_is_retained_outlives_what_it_needs_being_deleted() {
    let place = Place::new();
    let part = Spec::new(SUBNET, [("network", of("net", "network_id"))]);
    let program = network().with("part", part).patch("net", |spec| spec.options.retain = true);
    place.apply(&program).succeeded();
    let id = place.state().resources[&address("net")].id.clone();
    place.destroy(&program).succeeded();
    assert!(place.state().resources.is_empty());
    assert_eq!(place.inventory().into_keys().map(|(_, id)| id).collect::<Vec<_>>(), [id]);
}
