//! The cloud fails; the next apply makes it good, with nothing orphaned and nothing made twice.

use std::collections::BTreeSet;

use plat::provider::sandbox::{Call, Fault, Faults, What};
use plat::value::Duration;

use super::kinds::{GROUP, SERVICE};
use super::place::{Place, Run};
use super::program::{Program, Spec, text};
use super::{everything, everything_later};

/// `what` at every single changing call of the way from `before` to `after`, each time in a place of its own.
fn at_every_call(before: Option<&Program>, after: &Program, what: &What) {
    for n in 1.. {
        let place = Place::new();
        if let Some(before) = before {
            place.apply(before).succeeded();
        }
        let earlier = place.changes();
        place.cloud.set_faults(Faults::none().with(Fault::nth(n, what.clone())));
        let run = place.apply(after);
        let made = place.changes() - earlier;
        place.cloud.set_faults(Faults::none());
        if !matches!(&run, Run::Ended(outcome) if outcome.succeeded()) {
            place.apply(after).succeeded();
        }
        place.check(after, &BTreeSet::new());
        if made < n {
            assert!(n > 5, "the fault never struck");
            return;
        }
    }
}

fn at_every_call_of_a_life(what: What) {
    at_every_call(None, &everything(), &what);
    at_every_call(Some(&everything()), &everything_later(), &what);
    at_every_call(Some(&everything()), &Program::default(), &what);
}

#[test]
fn answers_that_never_arrive() {
    at_every_call_of_a_life(What::LoseResponse);
}

#[test]
fn requests_that_never_arrive() {
    at_every_call_of_a_life(What::LoseRequest);
}

#[test]
fn refusals() {
    at_every_call_of_a_life(What::Refuse { code: "InternalFailure".to_owned(), message: "no".to_owned() });
    at_every_call_of_a_life(What::Deny);
}

#[test]
fn things_that_never_become_ready() {
    at_every_call_of_a_life(What::Fail);
    at_every_call_of_a_life(What::TimeOut);
}

/// The first try took effect and its answer was lost; the second is refused. What the first one made is found all the same, in every way that
/// there is of finding it.
#[test]
fn a_refusal_after_a_lost_answer_orphans_nothing() {
    for refusal in [What::Deny, What::Refuse { code: "InternalFailure".to_owned(), message: "no".to_owned() }, What::LoseRequest] {
        for lost in 1..=7 {
            let place = Place::new();
            let weather = Fault::nth(lost, What::LoseResponse);
            place.cloud.set_faults(Faults::none().with(weather).with(Fault::nth(lost + 1, refusal.clone()).times(9)));
            drop(place.apply(&everything()));
            place.cloud.set_faults(Faults::none());
            place.apply(&everything()).succeeded();
            place.check(&everything(), &BTreeSet::new());
        }
    }
    // A token's: alone in the world, so that the second try is its own.
    let program = Program::default().with("service", Spec::new(SERVICE, []));
    let place = Place::new();
    place.cloud.set_faults(
        Faults::none().with(Fault::nth(1, What::LoseResponse).of(Call::Create)).with(Fault::nth(2, What::Deny).of(Call::Create)),
    );
    drop(place.apply(&program));
    place.cloud.set_faults(Faults::none());
    place.apply(&program).succeeded();
    place.check(&program, &BTreeSet::new());
}

/// What never became usable is made anew under the same name: the old one has to go first, whatever the program says of replacements.
#[test]
fn a_thing_that_never_became_ready_gives_its_name_back() {
    let program = Program::default().with("group", Spec::new(GROUP, [("name", text("team"))]).create_first());
    let place = Place::new();
    place.cloud.set_faults(Faults::none().with(Fault::nth(1, What::Fail)));
    assert!(matches!(place.apply(&program), Run::Ended(outcome) if !outcome.succeeded()));
    place.cloud.set_faults(Faults::none());
    place.apply(&program).succeeded();
    place.check(&program, &BTreeSet::new());
}

#[test]
fn slowness_costs_time_alone() {
    let place = Place::new();
    place.cloud.set_faults(
        Faults::none().with(Fault::always(What::Throttle { attempts: 2 })).with(Fault::nth(3, What::Hide(Duration::seconds(60)))),
    );
    place.apply(&everything()).succeeded();
    place.check(&everything(), &BTreeSet::new());
    assert_eq!(place.changes(), 7);
}

#[test]
fn what_does_not_depend_on_a_failure_is_done() {
    let place = Place::new();
    let fault = Fault::always(What::Deny).of(Call::Create).on(GROUP);
    place.cloud.set_faults(Faults::none().with(fault));
    let Run::Ended(outcome) = place.apply(&everything()) else { panic!("not begun") };
    assert_eq!(outcome.failed.len(), 1);
    // The network and its two subnets need no group.
    assert_eq!(place.inventory().len(), 3);
    assert_eq!(outcome.waiting.len(), 3, "{:?}", outcome.waiting);
    place.check_state(&BTreeSet::new());
}

#[test]
fn every_answer_lost_in_a_row() {
    let place = Place::new();
    place.cloud.set_faults(Faults::none().with(Fault::always(What::LoseResponse)));
    for _ in 0..20 {
        if matches!(place.apply(&everything()), Run::Ended(outcome) if outcome.succeeded()) {
            break;
        }
    }
    place.cloud.set_faults(Faults::none());
    place.apply(&everything()).succeeded();
    place.check(&everything(), &BTreeSet::new());
}
