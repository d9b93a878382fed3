//! Carries out a plan: as parallel as the graph allows, each step journaled, and what a crash left open settled.

mod call;
mod events;
mod executor;
mod journal;
mod prepare_call;
mod recorded;
mod redact;
mod settle;
#[cfg(test)]
mod tests;
mod validate;

use std::time::Duration;

use crate::address::Address;
use crate::desired::{Assert, Output};
use crate::plan::{Plan, PolicyFinding, PrepareError, Verdict};
use crate::provider::{ErrorKind, ProviderError};
use crate::state::{StateError, StateFile};

pub use events::{Cancel, Doing, Event, Happened, Observer, Silent, Stop};
pub use executor::apply;
pub use journal::{Journal, SessionJournal};
pub use recorded::misfit;
pub use settle::{Finding, Found, Settled, settle};

/// How often a step that still runs says so.
pub const PROGRESS: Duration = Duration::from_secs(30);

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Most calls at a time. They wait for the cloud, not for this machine: EC2 takes 50 changes in a burst and 5 a second
    /// from then on, so that more than this only queue up in front of the service.
    pub concurrency: usize,
    /// How long every operation may take; `None`: as its type's schema says. `@timeout` overrides both.
    pub timeout: Option<crate::value::Duration>,
    /// How long a cloud may hide what was just created.
    pub consistency: Duration,
    /// How often a running step gives a sign of life.
    pub progress: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { concurrency: 64, timeout: None, consistency: Duration::from_secs(60), progress: PROGRESS }
    }
}

/// How an apply ended.
#[derive(Debug)]
pub struct Outcome {
    pub plan: Plan,
    /// Steps that were carried out, as positions in the plan; those that change nothing are not counted.
    pub done: Vec<usize>,
    pub failed: Vec<Failure>,
    /// Steps that were not started, or only half carried out.
    pub waiting: Vec<Waiting>,
    /// Every assert, with what can be said now.
    pub asserts: Vec<(Assert, Verdict)>,
    /// What policies could not say before, and deny now.
    pub denied: Vec<PolicyFinding>,
    /// Outputs that are known now.
    pub outputs: Vec<Output>,
    /// As recorded; on [`Stop::AtOnce`] the journal holds what this does not.
    pub state: StateFile,
    pub stopped: Stop,
    pub elapsed: Duration,
}

impl Outcome {
    /// Everything was done, every assert holds, and no policy denies what came of it.
    pub fn succeeded(&self) -> bool {
        self.failed.is_empty()
            && self.waiting.is_empty()
            && self.denied.is_empty()
            && self.asserts.iter().all(|(_, verdict)| *verdict != Verdict::Fails)
    }
}

/// A step that failed.
#[derive(Debug, Clone)]
pub struct Failure {
    pub step: usize,
    pub doing: Doing,
    pub error: ProviderError,
}

impl Failure {
    /// Nobody knows whether it happened; the next apply finds out.
    pub fn in_doubt(&self) -> bool {
        self.error.kind == ErrorKind::InDoubt
    }
}

/// A step that was not started.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub step: usize,
    /// Failed steps that it waits for; empty when the run was stopped before its turn.
    pub waits_for: Vec<Address>,
}

/// Why nothing more could be done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Refused(Box<PrepareError>),
    /// The state could not be written: nothing new was started from then on.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<PrepareError> for ApplyError {
    fn from(error: PrepareError) -> Self {
        ApplyError::Refused(Box::new(error))
    }
}
