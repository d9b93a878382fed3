//! From a checked program and its inputs to [`Desired`]. Pure: reads nothing but its inputs (and `file(…)` inside the project).
//!
//! What is not known yet is carried along as [`Value::Unknown`] with the rest of its computation, which is finished by the same
//! machine when the plan or the apply knows more.

mod asking;
mod builtins;
mod coercion;
mod counted;
mod foreseen;
mod functions;
mod handle;
mod instances;
mod late;
mod machine;
mod operators;
mod origins;
mod policies;
mod refactorings;
mod scenario;
mod shown;
mod stack;
mod suspended;
mod unit;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Address;
use crate::check::typed::Program;
use crate::desired::Desired;
use crate::diagnostic::Diagnostic;
use crate::value::ResolvedObject;

pub use scenario::{Names, Scenario};
pub use shown::{laid_out, shown};
pub(crate) use unit::veiled;

/// Answers to lookups so far, by address.
pub type Lookups = BTreeMap<Address, ResolvedObject>;

/// Most resource instances in one program.
pub const MAX_INSTANCES: usize = 200_000;
/// Most steps of evaluation in one program. What a step makes or looks through counts too: an element or 16 bytes of text as one.
pub const MAX_STEPS: u64 = 20_000_000;
/// Most steps for all values of one program that had to wait, however often they are computed.
const MAX_LATER: u64 = 100 * MAX_STEPS;
/// Most bytes of one text.
pub const MAX_TEXT: usize = 16 << 20;
/// Most elements that a function of a list puts into another one.
pub const MAX_PARTS: usize = 2_000_000;
/// Most elements of one range or subnet count.
pub const MAX_RANGE: i64 = 1_000_000;

thread_local! {
    static TAKEN: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Steps that this thread's evaluations took so far: tests bound them.
pub fn steps() -> u64 {
    TAKEN.with(std::cell::Cell::get)
}

fn exhausted() -> String {
    format!("evaluation takes more than {MAX_STEPS} steps")
}

/// Evaluates the stack for one environment. `env` may be left out when the stack declares none.
pub fn evaluate(program: &Arc<Program>, env: Option<&str>, lookups: &Lookups) -> Result<Desired, Vec<Diagnostic>> {
    let scenario = Scenario::of_env(program, env).map_err(|diagnostic| vec![*diagnostic])?;
    scenario::evaluate(program, &scenario, lookups).map(|(desired, _)| desired)
}

/// Evaluates a scenario. Its names stay in reach, for the expressions of a test.
pub fn evaluate_scenario(program: &Arc<Program>, scenario: &Scenario<'_>, lookups: &Lookups) -> Result<(Desired, Names), Vec<Diagnostic>> {
    scenario::evaluate(program, scenario, lookups).map(|(desired, names)| {
        let names = names.of(&desired);
        (desired, names)
    })
}
