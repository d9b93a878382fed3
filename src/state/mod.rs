//! What plat knows to exist, kept so that no crash, race or damage loses it. state/README.md is the format's contract.
//!
//! A [`StateStore`] loads without a lock, and opens a [`Session`] with one. A session's journal makes every operation's
//! intent durable before the call and its outcome after; what a killed process left open comes back as [`Pending`].

mod codec;
mod disk;
mod edit;
mod envelope;
mod error;
mod fingerprint;
mod guard;
mod head;
mod journal;
mod keys;
mod lease;
mod local;
mod lock;
pub mod objects;
mod remote;
mod seal;
mod session;
mod store;
mod stored_key;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Address;
use crate::value::{Object, ResolvedObject, Value};

pub use codec::{VERSION, decode, encode};
pub use edit::{EditError, PushError, check_push, forget, move_records, take_key};
pub use envelope::{Encryption, is_encrypted};
pub use error::StateError;
pub use fingerprint::{FingerprintKey, random_id};
pub use journal::{Entry, Intent, Pending, Verb};
pub use keys::{Context, KeyChoice, KeyService, Secrets, ServiceWrapped};
pub use local::LocalStore;
pub use remote::RemoteStore;
pub use seal::sha256_hex;
pub use session::Session;
pub use store::{Holder, Loaded, OpenOptions, Restored, Snapshot, StateStore, Unlocked};
pub use stored_key::StoredKey;

/// The state of one environment of one stack, in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct StateFile {
    pub stack: String,
    pub env: String,
    /// Random, made with the first state; a plan or a push of another lineage is refused.
    pub lineage: String,
    /// Grows by one with every recorded change of the state as a whole.
    pub serial: u64,
    /// The account and region of the last apply.
    pub account: Option<String>,
    pub region: Option<String>,
    /// Key of the secrets' fingerprints, 32 bytes in hex.
    pub fingerprint_key: String,
    /// The same as it is stored, where the state is encrypted.
    pub stored_key: StoredKey,
    pub resources: BTreeMap<Address, Arc<Record>>,
    pub outputs: BTreeMap<String, serde_json::Value>,
    /// Ids of saved plans that were carried out, the newest last: none is carried out twice.
    pub plans: Vec<String>,
}

/// One resource as of its last apply or read.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub type_name: Arc<str>,
    /// Import id, as AWS's documentation has it.
    pub id: String,
    pub region: String,
    /// What the program asked for, secrets as fingerprints.
    pub inputs: Object,
    /// Every attribute that the cloud showed.
    pub observed: ResolvedObject,
    /// Inputs that were changed outside plat, each with its value before the change. An entry stays until the configuration
    /// sets the observed value, an update changes it, or `apply --refresh-only` accepts it.
    pub drift: Object,
    /// What it depended on when it was last applied: the order of its delete.
    pub dependencies: Vec<Address>,
    /// A delete needs consent, even when the block is gone from the program.
    pub protect: bool,
    /// On removal from the program: leave it in the cloud.
    pub retain: bool,
    pub status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ready,
    /// Created, and ended in a failed state: the next apply replaces it.
    Broken,
    /// Exists, and its create, change or delete is not through or lacks a follow-up call: the next apply finishes it.
    Unfinished,
    /// Replaced create-first, and its old self not yet deleted.
    Deposed,
}

impl Record {
    /// Keeps the drift of `prior` that this newer reading still shows: an update accepts only what it changes.
    #[must_use]
    pub fn with_drift_of(mut self, prior: &Record) -> Self {
        let remains = prior.drift.iter().filter(|(name, _)| self.observed.get(&***name) == prior.observed.get(&***name));
        self.drift = remains.map(|(name, before)| (name.clone(), before.clone())).collect();
        self
    }
}

impl StateFile {
    /// The state of an environment that has none yet: a lineage and a key of its own, serial 0.
    pub fn new(stack: impl Into<String>, env: impl Into<String>) -> Result<Self, StateError> {
        Ok(Self {
            stack: stack.into(),
            env: env.into(),
            lineage: random_id()?,
            serial: 0,
            account: None,
            region: None,
            fingerprint_key: FingerprintKey::random()?.to_hex(),
            stored_key: StoredKey::default(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            plans: Vec::new(),
        })
    }

    /// Takes over which saved plans were carried out: a state that is put in the place of another must not let them be
    /// carried out again.
    pub fn remember_plans(&mut self, current: &StateFile) {
        let missing: Vec<String> = current.plans.iter().filter(|id| !self.plans.contains(id)).cloned().collect();
        self.plans.extend(missing);
    }

    pub fn attribute(&self, address: &Address, attribute: &str) -> Option<&Value> {
        self.resources.get(address)?.observed.get(attribute)
    }
}
