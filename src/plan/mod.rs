//! From what is wanted, what is recorded and what is there, to the steps between.

mod choose;
mod claims;
mod compare;
mod diff;
mod drift;
mod external;
mod facts;
mod imports;
mod lasting;
mod moves;
mod observe;
mod options;
mod order;
pub mod past;
mod policies;
mod postponed;
mod prepare;
mod rehearsed;
mod renames;
pub mod saved;
mod secrets;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use choose::{BadGlob, Choice, Glob, LeftOut, Scope};
pub(crate) use compare::{is_empty, is_ignored};
pub(crate) use diff::{Compared, Differ, Trouble, Wanted, protects, resolve, without_nulls};
pub(crate) use external::{ExternalKeys, sets_key};
pub(crate) use facts::{Fact, Facts};
pub(crate) use lasting::lasting_dependencies;
pub use options::{Answers, Consent, Engine, Evaluate, Options, PrepareError, Prepared, Protected, Undeletable};
pub use order::{Half, Operation};
pub(crate) use order::{as_last_seen, deposed_address};
pub use policies::{Alike, Policing, PolicyFinding, Standing, WaiverState, WaiverUse, police_program};
pub(crate) use postponed::releasable;
pub use prepare::prepare;
pub(crate) use prepare::verdict;
pub use rehearsed::{Flaw, Rehearsal, Snag};
pub(crate) use secrets::{Secrets, conceal_observed, holds_secret};
pub use view::View;

use crate::address::Address;
use crate::desired::{Assert, DesiredResource, Output};
use crate::source::Span;
use crate::state::Record;
use crate::value::{Duration, Value};

/// What an apply would do, and on what it was worked out.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub stack: String,
    pub env: String,
    pub region: String,
    pub account: String,
    pub lineage: String,
    pub serial: u64,
    /// What of the program it is about.
    pub scope: Scope,
    /// In an order in which they could be carried out one by one. Steps that change nothing are in it too.
    pub steps: Vec<Step>,
    /// What was changed outside plat since the state was written.
    pub drift: Vec<Drift>,
    pub outputs: Vec<OutputChange>,
    /// Asserts that hold, fail or cannot be told before apply.
    pub asserts: Vec<(Assert, Verdict)>,
    /// What the policies say of it.
    pub policing: Policing,
    /// Records that get another address and stay what they are (`moved`).
    pub moves: Vec<(Address, Address)>,
    /// What looks like a rename that the program does not speak of; it is destroyed and created all the same.
    pub renames: Vec<Rename>,
    /// Refactorings that have nothing left to do here.
    pub spent: Vec<Spent>,
    /// What came of carrying it out in a replica of what is there; `None`: nobody did.
    pub rehearsal: Option<Rehearsal>,
    /// What it does not bring back, when it goes back to an earlier state.
    pub lost: Vec<past::Lost>,
}

/// `moved from -> to` would keep what is destroyed and created otherwise: same type, same inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    pub from: Address,
    pub to: Address,
    /// Resources that the line would keep.
    pub resources: usize,
}

impl Rename {
    /// The line to add to the program.
    pub fn line(&self) -> String {
        format!("moved {} -> {}", self.from, self.to)
    }
}

/// A `moved`, `import` or `forget` that was carried out, or that finds nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// As it stands in the program.
    pub line: String,
    pub span: Span,
    /// Said when it was not done, and never will be.
    pub instead: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub address: Address,
    pub type_name: Arc<str>,
    pub action: Action,
    /// By attribute, in the schema's order; empty when nothing changes.
    pub changes: Vec<Change>,
    /// `None`: it is no more in the program.
    pub desired: Option<Arc<DesiredResource>>,
    /// `None`: it is not in the state.
    pub prior: Option<Arc<Record>>,
    pub span: Option<Span>,
    /// Steps that end before this one starts, as positions in [`Plan::steps`].
    pub after: Vec<usize>,
    /// How long AWS usually takes.
    pub estimate: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    NoOp,
    Create,
    Update,
    /// `forced_by`: the attributes that cannot change in place, `@type` and `@region` among them; never empty but for a
    /// broken resource.
    Replace {
        forced_by: Vec<Arc<str>>,
        create_first: bool,
    },
    Delete,
    /// Drop from the state, leave in the cloud (`forget`, `@retain`).
    Forget,
    /// Take an existing resource into the state (`import`).
    Import {
        id: Arc<str>,
    },
}

/// One attribute's change.
#[derive(Debug, Clone)]
pub struct Change {
    pub attribute: Arc<str>,
    /// `None`: was not set.
    pub before: Option<Value>,
    /// `None`: will not be set. An unknown: known after apply.
    pub after: Option<Value>,
    /// Cannot change in place.
    pub forces_replacement: bool,
    /// What the change interrupts.
    pub interrupts: Option<&'static str>,
    pub span: Option<Span>,
}

/// An attribute, or a whole resource, changed outside plat.
#[derive(Debug, Clone)]
pub struct Drift {
    pub address: Address,
    pub type_name: Arc<str>,
    pub kind: DriftKind,
}

#[derive(Debug, Clone)]
pub enum DriftKind {
    /// No longer exists.
    Gone,
    /// `kept`: `@ignore` names it, so the plan leaves it as it is.
    Changed { attribute: Arc<str>, before: Value, after: Value, kept: bool },
}

#[derive(Debug, Clone)]
pub struct OutputChange {
    pub output: Output,
    pub before: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    Fails,
    /// Depends on what is known after apply.
    Later,
}

/// Counts for the closing line; a replacement is one to add and one to destroy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    pub add: usize,
    pub change: usize,
    pub destroy: usize,
    pub import: usize,
    pub forget: usize,
}

impl Plan {
    pub fn summary(&self) -> Summary {
        self.steps.iter().fold(Summary::default(), |mut sum, step| {
            match &step.action {
                Action::NoOp => {}
                Action::Create => sum.add += 1,
                Action::Update => sum.change += 1,
                Action::Replace { .. } => {
                    sum.add += 1;
                    sum.destroy += 1;
                }
                Action::Delete => sum.destroy += 1,
                Action::Forget => sum.forget += 1,
                Action::Import { .. } => sum.import += 1,
            }
            sum
        })
    }

    /// What the policies have to say to a reader, denials first.
    pub fn policy_diagnostics(&self) -> Vec<crate::diagnostic::Diagnostic> {
        let addresses: Vec<&Address> = self.steps.iter().filter(|step| step.desired.is_some()).map(|step| &step.address).collect();
        self.policing.diagnostics(&addresses)
    }

    /// True when an apply would change neither the cloud nor the state's outputs.
    pub fn is_empty(&self) -> bool {
        self.summary() == Summary::default() && self.moves.is_empty() && self.outputs.iter().all(|o| !o.changes())
    }

    /// Something was changed outside plat that no `@ignore` keeps.
    pub fn drifted(&self) -> bool {
        self.drift.iter().any(|drift| !matches!(drift.kind, DriftKind::Changed { kept: true, .. }))
    }

    /// Usual minutes along the longest path, and the step that takes most of it.
    pub fn estimate(&self) -> (Duration, Option<&Step>) {
        let mut ends: Vec<i64> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let start = step.after.iter().filter_map(|i| ends.get(*i)).max().copied().unwrap_or(0);
            ends.push(start + step.estimate.0);
        }
        let total = ends.iter().max().copied().unwrap_or(0);
        (Duration(total), self.steps.iter().max_by_key(|s| s.estimate).filter(|s| s.estimate.0 > 0))
    }
}

impl OutputChange {
    pub fn changes(&self) -> bool {
        match &self.output.value {
            value if value.unknown().is_some() => true,
            value => self.before.as_ref() != Some(&crate::schema::value_to_json(value)),
        }
    }
}

/// Where each resource stands in [`Plan::steps`].
pub fn index(plan: &Plan) -> BTreeMap<&Address, usize> {
    plan.steps.iter().enumerate().map(|(i, s)| (&s.address, i)).collect()
}
