//! How much was compared: tests bound it, and the checker stops where it would be too much.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts one type that is looked at.
pub(super) fn step() {
    STEPS.with(|steps| steps.set(steps.get().wrapping_add(1)));
}

/// Counts so many at once.
pub fn count(more: usize) {
    STEPS.with(|steps| steps.set(steps.get().wrapping_add(more as u64)));
}

/// Types that this thread looked at so far.
pub fn steps() -> u64 {
    STEPS.with(Cell::get)
}
