//! Several applies of one stack at once.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::kinds::NETWORK;
use super::place::{Place, Run};
use super::program::{Program, Spec, cidr};
use crate::figures::{number, reached};

const APPLIES: usize = 8;

/// Rounds of a run of the test suite: for how many, `PLAT_RACES` says.
fn rounds() -> u64 {
    number("PLAT_RACES", 100)
}

#[test]
fn exactly_one_of_many_goes_on() {
    race("in a folder", Place::new);
}

#[test]
fn exactly_one_of_many_goes_on_in_a_bucket() {
    race("in a bucket", || {
        let mut place = Place::remote();
        place.wait = Duration::ZERO;
        place
    });
}

fn race(home: &str, place: fn() -> Place) {
    let program = Program::default().with("net", Spec::new(NETWORK, [("cidr", cidr("10.0.0.0/16"))]));
    for _ in 0..rounds() {
        let place = place();
        // Who goes on changes nothing before all others have tried.
        place.others.store(APPLIES - 1, Ordering::SeqCst);
        let start = Barrier::new(APPLIES);
        let runs: Vec<Run> = std::thread::scope(|scope| {
            let run = || {
                start.wait();
                let run = place.apply(&program);
                if matches!(run, Run::Refused(_)) {
                    place.others.fetch_sub(1, Ordering::SeqCst);
                }
                run
            };
            let threads: Vec<_> = (0..APPLIES).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut winners = 0;
        for run in runs {
            match run {
                Run::Refused(why) => assert!(why.contains("tests"), "does not say who holds the lock: {why}"),
                run => {
                    run.succeeded();
                    winners += 1;
                }
            }
        }
        assert_eq!(winners, 1);
        assert_eq!(place.changes(), 1, "losers changed something");
        place.check(&program, &BTreeSet::new());
    }
    reached(&format!("{APPLIES} applies at once, state {home}: {} rounds, 1 winner each, losers change nothing", rounds()));
}
