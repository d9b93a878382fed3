//! The process dies at every moment before and after each journal entry and each changing call; the next apply goes on by itself.

use std::collections::{BTreeMap, BTreeSet};

use plat::plan::Options;

use super::place::{Death, Place};
use super::program::Program;
use super::{everything, everything_later, forty, forty_later};
use crate::figures::{reached, spread};

/// A way from one program to another, each time in a place of its own.
struct Way<'a> {
    place: fn() -> Place,
    before: Option<&'a Program>,
    after: &'a Program,
    destroy: bool,
}

impl Way<'_> {
    fn begun(&self) -> Place {
        let place = (self.place)();
        if let Some(before) = self.before {
            place.apply(before).succeeded();
        }
        place
    }

    fn options(&self) -> Options {
        Options { destroy: self.destroy, ..Options::default() }
    }

    /// How many moments there are to die at; a few more or less the next time, as calls overlap otherwise.
    fn moments(&self) -> u64 {
        let (place, death) = (self.begun(), Death::never());
        place.run(self.after, &self.options(), &death).succeeded();
        death.passed().try_into().unwrap()
    }

    /// Dies at a moment, goes on, and looks at what there is. Answers whether it came to die.
    fn die_at(&self, moment: u64) -> bool {
        let place = self.begun();
        let died = place.run(self.after, &self.options(), &Death::at(moment.try_into().unwrap())).died();
        if died {
            no_duplicates(&place, moment);
            place.run(self.after, &self.options(), &Death::never()).succeeded();
        }
        place.check(if self.destroy { &NOTHING } else { self.after }, &BTreeSet::new());
        died
    }

    /// Dies at every moment. Answers how many there were.
    fn die_everywhere(&self) -> u64 {
        (1..).find(|moment| !self.die_at(*moment)).unwrap() - 1
    }
}

static NOTHING: std::sync::LazyLock<Program> = std::sync::LazyLock::new(Program::default);

fn die_everywhere(before: Option<&Program>, after: &Program, destroy: bool) -> u64 {
    Way { place: Place::new, before, after, destroy }.die_everywhere()
}

/// At every moment of a stack of forty resources being made, changed and destroyed, or at as many of them as `PLAT_BOUNDARIES` says.
fn forty_die(home: &str, place: fn() -> Place) {
    let (one, two) = (forty(), forty_later());
    assert_eq!(one.resources.len(), 40);
    for (what, before, after, destroy) in
        [("made", None, &one, false), ("changed", Some(&one), &two, false), ("destroyed", Some(&one), &one, true)]
    {
        let way = Way { place, before, after, destroy };
        let all = way.moments();
        // At least: before and after each call and each entry of the journal.
        assert!(all >= 80, "{all}");
        let points = spread("PLAT_BOUNDARIES", 24, all);
        let died = points.iter().filter(|moment| way.die_at(**moment)).count();
        // The last moments may not come to pass in every run.
        assert!(died + 12 >= points.len() * 9 / 10, "of {} moments {died} came", points.len());
        reached(&format!(
            "40 resources {what} in the sandbox, state {home}: killed at {died} of {all} boundaries, 0 orphans, 0 duplicates"
        ));
    }
}

#[test]
fn forty_resources_with_their_state_in_a_folder() {
    forty_die("in a folder", Place::new);
}

#[test]
fn forty_resources_with_their_state_in_a_bucket() {
    forty_die("in a bucket", Place::remote);
}

/// Of one address there is one thing, or two while a replacement is under way.
fn no_duplicates(place: &Place, moment: u64) {
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
