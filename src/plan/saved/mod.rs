//! A plan kept in a file: what was shown, and what has to be so still for it to be carried out. state/saved-plan.md is
//! the format's contract.
//!
//! A saved plan holds no program and no way to carry itself out. An apply works the plan out anew, from the same sources
//! and under the lock, and holds it to what was saved: each saved step starts from the same record and makes the same
//! changes, and what was not in the saved plan is left alone.

mod document;
mod file;
mod fit;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as JsonValue;

use crate::state::{FingerprintKey, StateError, StateFile, random_id};

pub use document::digests;
pub use fit::Misfit;

use super::{Options, Prepared};

/// The format that this plat writes and reads.
pub const FORMAT: &str = "plat.saved-plan/2";

/// A plan that was made for a later apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    pub format: String,
    /// Random; the state remembers it once the plan is carried out.
    pub id: String,
    /// Seconds since 1970.
    pub made: u64,
    pub terms: Terms,
    pub stack: String,
    pub env: String,
    pub account: String,
    /// The stack's region.
    pub region: String,
    /// Every region that a step is in.
    pub regions: Vec<String>,
    /// `None`: there was no state yet.
    pub lineage: Option<String>,
    pub serial: u64,
    /// What was read to make it.
    pub sources: Vec<SourceDigest>,
    /// Those that change something, in an order in which they could be carried out one by one.
    pub steps: Vec<SavedStep>,
    pub moves: Vec<SavedMove>,
}

/// How the plan was asked for: what an apply needs to work it out anew.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The stack's folder, as it was given.
    pub folder: String,
    /// The environment that was chosen; `None` in a stack that declares none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<SavedParam>,
    pub sandbox: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<String>,
    pub destroy: bool,
    /// Back to the state of this serial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<u64>,
    pub refresh: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replace: Vec<String>,
    /// Patterns of `--target`, files taken for what they declare.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Patterns of `--exclude`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
    /// Addresses, or `all`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consent: Vec<String>,
}

/// A param of the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedParam {
    pub name: String,
    /// The expression that was given; `None` for a secret, which has to be given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceDigest {
    /// As plans and errors call it.
    pub name: String,
    /// Of its text, in hex.
    pub sha256: String,
}

/// A step, and what it relies on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedStep {
    pub address: String,
    #[serde(rename = "type")]
    pub type_name: String,
    pub action: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forced_by: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub create_first: bool,
    /// Of an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What each changed attribute becomes: plain JSON, `{"$unknown": …}`, `{"$secret": …}`.
    pub changes: BTreeMap<String, JsonValue>,
    /// The record that it starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<JsonValue>,
    /// Other resources that it refers to and that the plan does not touch, with what it takes from them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relies_on: BTreeMap<String, BTreeMap<String, JsonValue>>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A record that gets another address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedMove {
    pub from: String,
    pub to: String,
}

/// Why a file is not a saved plan that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SavedPlanError {
    #[error("it is not a saved plan")]
    Foreign,
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it has the format `{0}`, and this plat reads `{FORMAT}`; carry it out with the plat that made it")]
    Newer(String),
}

/// How many plans a state remembers to have been carried out. One that is older is stale by what it starts from.
const REMEMBERED: usize = 100;

impl SavedPlan {
    /// What is to be kept of a plan. `new`: nothing of its state is stored yet.
    pub fn of(prepared: &Prepared, terms: Terms, sources: Vec<SourceDigest>, new: bool, made: u64) -> Result<Self, StateError> {
        let plan = &prepared.plan;
        Ok(Self {
            format: FORMAT.to_owned(),
            id: random_id()?,
            made,
            terms,
            stack: plan.stack.clone(),
            env: plan.env.clone(),
            account: plan.account.clone(),
            region: plan.region.clone(),
            regions: document::regions(plan),
            lineage: (!new).then(|| plan.lineage.clone()),
            serial: plan.serial,
            sources,
            steps: document::steps(prepared),
            moves: document::moves(plan),
        })
    }

    /// The file's bytes, bound to the state that the plan was made on.
    pub fn encode(&self, state: &StateFile) -> Result<Vec<u8>, StateError> {
        file::encode(self, &self.key(state)?)
    }

    /// Reads what [`SavedPlan::encode`] wrote. Any other byte is found out; only [`SavedPlan::misfit`] can tell who wrote it.
    pub fn decode(bytes: &[u8]) -> Result<Self, SavedPlanError> {
        file::decode(bytes).map(|(plan, _)| plan)
    }

    /// The key of the seal: only who can read the state can write a plan for it. There is none before the first state.
    fn key(&self, state: &StateFile) -> Result<FingerprintKey, StateError> {
        match self.lineage {
            Some(_) => FingerprintKey::from_hex(&state.fingerprint_key),
            None => FingerprintKey::from_hex(&"0".repeat(64)),
        }
    }

    /// Why the plan in `bytes` is not for this state as a whole; what each step relies on is another question.
    pub fn misfit(&self, bytes: &[u8], state: &StateFile, new: bool) -> Result<Option<Misfit>, StateError> {
        if state.plans.contains(&self.id) {
            return Ok(Some(Misfit::Used));
        }
        let differs = |what: &'static str, planned: &str, now: &str| {
            (planned != now).then(|| Misfit::Other { what, planned: planned.to_owned(), now: now.to_owned() })
        };
        let none = "(none yet)";
        let lineage = if new { none } else { state.lineage.as_str() };
        let found = differs("stack", &self.stack, &state.stack)
            .or_else(|| differs("env", &self.env, &state.env))
            .or_else(|| differs("state's lineage", self.lineage.as_deref().unwrap_or(none), lineage))
            .or_else(|| (state.serial < self.serial).then_some(Misfit::Restored { planned: self.serial, now: state.serial }));
        match found {
            Some(misfit) => Ok(Some(misfit)),
            None => {
                let sealed = file::decode(bytes).is_ok_and(|(_, sealed)| sealed.by(&self.key(state).ok()));
                Ok((!sealed).then_some(Misfit::Forged))
            }
        }
    }

    /// Makes the state remember that the plan is carried out; becomes durable with the apply's begin.
    pub fn use_up(&self, state: &mut StateFile) {
        state.plans.push(self.id.clone());
        let surplus = state.plans.len().saturating_sub(REMEMBERED);
        state.plans.drain(..surplus);
    }

    /// What differs between the files that the plan was made from and those that are there.
    pub fn changed_sources(&self, sources: &[SourceDigest]) -> Vec<Misfit> {
        document::changed_sources(&self.sources, sources)
    }

    /// Does the plan rest on options that `options` has?
    pub fn options(&self, today: Option<crate::value::Date>) -> Result<Options, SavedPlanError> {
        document::options(&self.terms, today)
    }

    /// Holds a plan that was made anew to what was saved. `Ok`: addresses that would change too and are left as they are.
    pub fn hold(&self, prepared: &mut Prepared) -> Result<Vec<crate::address::Address>, Vec<Misfit>> {
        fit::hold(self, prepared)
    }
}
