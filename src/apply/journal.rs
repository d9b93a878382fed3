//! Where an apply writes down what it is about to do and what came of it.

use std::sync::{PoisonError, RwLock};

use crate::state::{Entry, Session, StateError, StateFile, random_id};

/// What the engine needs of a state's writer. It may block; what it wrote is durable when it returns.
pub trait Journal: Send + Sync {
    /// Appends entries, in this order, by one flush.
    fn append(&self, entries: &[Entry]) -> Result<(), StateError>;

    /// Looks whether the lock is still held, right before a call that changes something.
    fn held(&self) -> Result<(), StateError> {
        Ok(())
    }

    /// Makes `state` the snapshot, under its new serial. Operations that are still open stay open.
    fn finish(&self, state: &mut StateFile) -> Result<(), StateError>;
}

/// The journal of an open session: it holds the lock until it is finished or dropped.
pub struct SessionJournal(RwLock<Option<Session>>);

impl SessionJournal {
    /// Begins the session's journal on the state that was loaded with it.
    pub fn begin(session: Session, state: &mut StateFile) -> Result<Self, StateError> {
        session.begin(state, &random_id()?)?;
        Ok(Self(RwLock::new(Some(session))))
    }
}

fn over() -> StateError {
    StateError::Misused("the session is over".to_owned())
}

impl Journal for SessionJournal {
    fn append(&self, entries: &[Entry]) -> Result<(), StateError> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().ok_or_else(over)?.append_all(entries)
    }

    fn held(&self) -> Result<(), StateError> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().ok_or_else(over)?.held()
    }

    fn finish(&self, state: &mut StateFile) -> Result<(), StateError> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(over)?.finish(state)
    }
}

/// Lets the other calls of the runtime go on while `write` blocks, so that what they write becomes durable by one flush.
pub(super) fn durably<T>(write: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(write),
        _ => write(),
    }
}
