//! The process dies at every moment before and after each journal entry and each changing call; the next apply goes on by itself.

use std::collections::{BTreeMap, BTreeSet};

use plat::plan::Options;

use super::place::{Death, Place};
use super::program::Program;
use super::{everything, everything_later};

/// Dies at every moment of the way from `before` to `after`, each time in a place of its own. Answers how many moments there were.
fn die_everywhere(before: Option<&Program>, after: &Program, destroy: bool) -> i64 {
    let options = Options { destroy, ..Options::default() };
    let wanted = if destroy { Program::default() } else { after.clone() };
    for moment in 1.. {
        let place = Place::new();
        if let Some(before) = before {
            place.apply(before).succeeded();
        }
        let died = place.run(after, &options, &Death::at(moment)).died();
        if died {
            no_duplicates(&place, moment);
            place.run(after, &options, &Death::never()).succeeded();
        }
        place.check(&wanted, &BTreeSet::new());
        if !died {
            return moment - 1;
        }
    }
    unreachable!()
}

/// Of one address there is one thing, or two while a replacement is under way.
fn no_duplicates(place: &Place, moment: i64) {
    let mut by_address: BTreeMap<String, usize> = BTreeMap::new();
    for item in place.inventory().values() {
        *by_address.entry(item.address.to_string()).or_default() += 1;
    }
    assert!(by_address.values().all(|count| *count <= 2), "after moment {moment}: {by_address:?}");
}

#[test]
fn while_creating() {
    let moments = die_everywhere(None, &everything(), false);
    // At least: before and after each of 7 calls, intents, accepted ids and outcomes.
    assert!(moments >= 28, "{moments}");
}

#[test]
fn while_changing() {
    let moments = die_everywhere(Some(&everything()), &everything_later(), false);
    assert!(moments >= 28, "{moments}");
}

#[test]
fn while_destroying() {
    let moments = die_everywhere(Some(&everything()), &everything(), true);
    assert!(moments >= 28, "{moments}");
}

#[test]
fn while_going_on_after_a_crash() {
    let places = [5, 13, 22, 31];
    for first in places {
        for second in 1.. {
            let place = Place::new();
            place.apply(&everything()).succeeded();
            assert!(place.run(&everything_later(), &Options::default(), &Death::at(first)).died());
            let died = place.run(&everything_later(), &Options::default(), &Death::at(second)).died();
            if died {
                place.apply(&everything_later()).succeeded();
            }
            place.check(&everything_later(), &BTreeSet::new());
            if !died {
                break;
            }
        }
    }
}

#[test]
fn and_the_program_changes_before_the_next_apply() {
    for moment in 1.. {
        let place = Place::new();
        let died = place.run(&everything(), &Options::default(), &Death::at(moment)).died();
        place.apply(&everything_later()).succeeded();
        place.check(&everything_later(), &BTreeSet::new());
        if !died {
            break;
        }
    }
}
