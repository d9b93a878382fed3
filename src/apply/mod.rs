//! Carries out a plan.

mod events;
pub use events::{Cancel, Doing, Event, Happened, Observer, Silent, Stop};
