//! Parts of a plan: what is chosen, what comes along, what stays.

use std::collections::BTreeSet;

use plat::plan::{Action, Choice, Options, Scope};

use super::kinds::{NETWORK, SUBNET};
use super::place::{Death, Place};
use super::program::{Program, Spec, cidr, int, of, text};
use super::{everything, everything_later};

fn only(targets: &[&str], excluded: &[&str]) -> Options {
    let globs = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Options { choice: Choice { targets: globs(targets), excluded: globs(excluded) }, ..Options::default() }
}

fn recorded(place: &Place) -> BTreeSet<String> {
    place.state().resources.keys().map(ToString::to_string).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_target_needs_comes_along_and_nothing_else() {
    let place = Place::new();
    place.run(&everything(), &only(&["group"], &[]), &Death::never()).succeeded();
    assert_eq!(recorded(&place), names(&["net", "subnet[\"a\"]", "group"]));
    place.check_state(&BTreeSet::new());
    place.run(&everything(), &only(&["subnet"], &[]), &Death::never()).succeeded();
    assert_eq!(recorded(&place), names(&["net", "subnet[\"a\"]", "subnet[\"b\"]", "group"]));
    place.apply(&everything()).succeeded();
    place.check(&everything(), &BTreeSet::new());
}

#[test]
fn what_needs_the_excluded_stays_out_with_it() {
    let place = Place::new();
    place.run(&everything(), &only(&[], &["rule"]), &Death::never()).succeeded();
    assert_eq!(recorded(&place), names(&["net", "subnet[\"a\"]", "subnet[\"b\"]", "group"]), "the service comes after the rule");
    place.apply(&everything()).succeeded();
    // What stays as it is holds nothing up.
    let program = everything().set("service", "plan", text("large"));
    place.run(&program, &only(&[], &["net"]), &Death::never()).succeeded();
    place.check(&program, &BTreeSet::new());
}

#[test]
fn changes_in_parts_come_to_the_same_as_all_at_once() {
    for first in ["net", "service", "alarm", "rule", "subnet[a]", "other", "group", "*"] {
        let place = Place::new();
        place.apply(&everything()).succeeded();
        place.run(&everything_later(), &only(&[first], &[]), &Death::never()).succeeded();
        place.check_state(&BTreeSet::new());
        place.apply(&everything_later()).succeeded();
        place.check(&everything_later(), &BTreeSet::new());

        let place = Place::new();
        place.apply(&everything()).succeeded();
        place.run(&everything_later(), &only(&[], &[first]), &Death::never()).succeeded();
        place.check_state(&BTreeSet::new());
        place.apply(&everything_later()).succeeded();
        place.check(&everything_later(), &BTreeSet::new());
    }
}

#[test]
fn a_part_is_deleted_with_all_that_depends_on_it() {
    let place = Place::new();
    place.apply(&everything()).succeeded();
    let options = Options { destroy: true, ..only(&["rule"], &[]) };
    place.run(&everything(), &options, &Death::never()).succeeded();
    assert_eq!(recorded(&place), names(&["net", "subnet[\"a\"]", "subnet[\"b\"]", "group"]), "the service came after the rule");
    place.check_state(&BTreeSet::new());
    place.apply(&everything()).succeeded();
    place.check(&everything(), &BTreeSet::new());
}

#[test]
fn what_is_left_out_is_named_with_what_it_would_be() {
    let place = Place::new();
    let program = Program::default()
        .with("net", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16"))]))
        .with("part", Spec::new(SUBNET, [("network", of("net", "network_id")), ("size", int(2))]));
    place.apply(&program).succeeded();
    let later = program.set("part", "size", int(4)).with("more", Spec::new(NETWORK, [("cidr", cidr("10.1.0.0/16"))]));
    let run = place.run(&later, &only(&["net"], &[]), &Death::never()).succeeded();
    let Scope::Chosen(left) = run.plan.scope else { panic!("{:?}", run.plan.scope) };
    let left: Vec<_> = left.steps.iter().map(|(address, action)| (address.to_string(), action.clone())).collect();
    assert_eq!(left, [("part".to_owned(), Action::Update), ("more".to_owned(), Action::Create)]);
}
