//! Several applies of one stack at once.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use super::everything;
use super::place::{Place, Run};

const APPLIES: usize = 8;

#[test]
fn exactly_one_of_many_goes_on() {
    for _ in 0..5 {
        let mut place = Place::new();
        place.delay = Duration::from_millis(40);
        let start = Barrier::new(APPLIES);
        let runs: Vec<Run> = std::thread::scope(|scope| {
            let run = || {
                start.wait();
                place.apply(&everything())
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
        assert_eq!(place.changes(), 7, "losers changed something");
        place.check(&everything(), &BTreeSet::new());
    }
}
