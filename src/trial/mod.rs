//! Runs `test` blocks: each evaluates the stack, plans it and applies it in a cloud of its own, in memory, and looks at what came of it.
//!
//! Nothing leaves the process: the cloud is the sandbox, secrets are made up, the state is never written.

mod expected;
mod parts;
mod place;
mod rehearsal;
mod run;
mod wrong;

pub use rehearsal::rehearse;
pub(crate) use run::plan_value;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::check::typed::{Program, Test};
use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;

/// How a test ended.
#[derive(Debug, Clone)]
pub struct Report {
    pub verdict: Verdict,
    /// What did not come out as wanted, in the order of the test's lines; empty when it passed.
    pub diagnostics: Vec<Diagnostic>,
    pub elapsed: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Passed,
    /// Something that the test or the stack asserts does not hold.
    Failed,
    /// It could not be carried out: the program has an error under these params, or the cloud refused.
    Broken,
}

/// Runs one test of `program`. `sources` are those that the program was read from.
pub async fn run(program: &Arc<Program>, test: &Test, sources: &SourceMap) -> Report {
    let started = Instant::now();
    let diagnostics = match run::Run::new(program, test, sources) {
        Ok(run) => run.carry_out().await,
        Err(diagnostic) => vec![diagnostic],
    };
    let verdict = match diagnostics.as_slice() {
        [] => Verdict::Passed,
        all if all.iter().all(wrong::is_unfulfilled) => Verdict::Failed,
        _ => Verdict::Broken,
    };
    Report { verdict, diagnostics, elapsed: started.elapsed() }
}
