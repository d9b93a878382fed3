//! Random programs, changed at random, applied to a cloud that fails at random by processes that die at random; state and cloud
//! are compared as soon as an apply went through.
//!
//! `PLAT_STEPS` sets how many steps are made (a step is one apply), `PLAT_SEED` starts at one world, as a failure names it.

pub mod dice;
mod life;
mod types;

use crate::figures::{number, reached};
use dice::Dice;
use life::Life;

/// Steps of one world.
const LIFE: u64 = 20;

#[test]
fn state_and_cloud_agree_whatever_happens() {
    let (first, steps) = (number("PLAT_SEED", 1), number("PLAT_STEPS", 2_000));
    for seed in first..first + steps.div_ceil(LIFE) {
        let told = std::panic::catch_unwind(|| {
            let mut life = Life::new(Dice::new(seed));
            for _ in 0..LIFE {
                life.step();
            }
            life.end();
        });
        assert!(told.is_ok(), "world {seed}: repeat it with PLAT_SEED={seed} PLAT_STEPS={LIFE}");
    }
    reached(&format!("random programs, operations and faults on the sandbox: {} steps, 0 violations", steps.div_ceil(LIFE) * LIFE));
}
