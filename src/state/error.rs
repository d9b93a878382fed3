//! What can be wrong with a state, each with its way out.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::Holder;

/// Why a state could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateError {
    /// Another process is writing. Local locks end with the process; leases end by themselves.
    #[error("the state is locked by {holder}{}; wait for it to end, nothing was changed", until(.expires_in))]
    Locked {
        holder: Box<Holder>,
        /// Seconds until a lease runs out when its holder is gone; `None` for a local lock.
        expires_in: Option<u64>,
        /// Names the lease for `plat state unlock`; `None` for a local lock.
        epoch: Option<u64>,
    },
    /// A lease that is to be broken is not the one that is there.
    #[error("the lock has epoch {found}, not {wanted}: it is held by {holder}; nothing was unlocked")]
    AnotherLease { wanted: u64, found: u64, holder: Box<Holder> },
    /// The lock was taken over while this process slept or was cut off: nothing more is written.
    #[error("the lock on the state was lost to {holder}; nothing more was written, `plat apply` settles what was under way")]
    LockLost { holder: Box<Holder> },
    /// What was stored is not what is there now. Never taken for an empty state.
    #[error("`{place}` is damaged: {problem}; {}", restore(.newest_good))]
    Damaged {
        place: String,
        problem: String,
        /// Serial of the newest snapshot that is whole.
        newest_good: Option<u64>,
    },
    /// Written by a newer plat.
    #[error("`{place}` has format version {found}, and this plat knows versions up to {known}; use a newer plat")]
    Newer { place: String, found: u64, known: u64 },
    /// What is encrypted, or is to be, and nothing to do it with.
    #[error("`{place}` is encrypted, and no passphrase was given")]
    NoPassphrase { place: String },
    #[error("the passphrase is not the one that `{place}` was encrypted with; nothing was changed")]
    WrongPassphrase { place: String },
    #[error("`{place}` is encrypted for age recipients, and no identity was given")]
    NoIdentity { place: String },
    #[error("no age identity that was given opens `{place}`, which is for {key}; nothing was changed", key = key.trim_start_matches("the "))]
    WrongIdentity { place: String, key: String },
    /// A key service refused, or did not answer.
    #[error("{key} cannot be used for `{place}`: {problem}; nothing was changed")]
    KeyUnusable { place: String, key: String, problem: String },
    /// The stack says another key than the one that is in use.
    #[error("`{place}` is encrypted with {found}, and the stack says {wanted}; `plat state rekey` moves it there")]
    OtherKey { place: String, found: String, wanted: String },
    /// The stack wants it encrypted. Whoever can write there and has no key can write only this.
    #[error(
        "`{place}` is not encrypted, and the stack says {wanted}; if it was written before the stack said so, `plat state rekey` encrypts it"
    )]
    Plain { place: String, wanted: String },
    #[error("`{place}` is encrypted with that passphrase already")]
    SamePassphrase { place: String },
    #[error("there is no state in `{place}` yet; the first apply encrypts it")]
    NothingToEncrypt { place: String },
    /// The state belongs to another stack, env or lineage.
    #[error("`{place}` holds the state of `{found}`, not of `{wanted}`; check the stack's name and the state's location")]
    Foreign { place: String, found: String, wanted: String },
    /// A value that must not be in a state: a secret's text, something unknown.
    #[error("`{attribute}` of `{address}` cannot be stored: it is {what}; this is plat's own mistake, please report it")]
    Unstorable { address: String, attribute: String, what: &'static str },
    /// The session was used against its rules.
    #[error("{0}; this is plat's own mistake, please report it")]
    Misused(String),
    #[error("`{place}`: {cause}")]
    Io { place: String, cause: Arc<std::io::Error> },
    /// A remote store did not answer, or refused.
    #[error("`{place}`: {problem}")]
    Remote { place: String, problem: String },
    /// A store without conditional writes.
    #[error(
        "`{place}` writes what it was told to write only under a condition that does not hold: two applies at once would both go on there; keep the state in a store with conditional writes (If-None-Match and If-Match)"
    )]
    Careless { place: String },
    #[error("serial {serial} is not kept any more; `plat state history` lists those that are")]
    NoSuchSnapshot { serial: u64 },
}

fn until(expires_in: &Option<u64>) -> String {
    expires_in.map_or(String::new(), |seconds| format!(", whose lease ends in {seconds} s unless it is renewed"))
}

fn restore(newest_good: &Option<u64>) -> String {
    match newest_good {
        Some(serial) => format!("the newest good snapshot is serial {serial}: `plat state restore {serial}` brings it back"),
        None => "no good snapshot is left: restore the folder from a backup".to_owned(),
    }
}

impl StateError {
    pub(super) fn io(place: &Path) -> impl FnOnce(std::io::Error) -> StateError {
        move |cause| StateError::Io { place: place.display().to_string(), cause: Arc::new(cause) }
    }

    pub(super) fn damaged(place: impl fmt::Display, problem: impl Into<String>) -> StateError {
        StateError::Damaged { place: place.to_string(), problem: problem.into(), newest_good: None }
    }

    /// Fills in what to restore, where damage is the problem.
    pub(super) fn with_good(mut self, find: impl FnOnce() -> Option<u64>) -> StateError {
        if let StateError::Damaged { newest_good, .. } = &mut self
            && newest_good.is_none()
        {
            *newest_good = find();
        }
        self
    }
}
