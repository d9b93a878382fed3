//! The one writer of a state: holds the lock, keeps the journal, makes snapshots.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::envelope::Cipher;
use super::guard::Guard;
use super::journal::{Ledger, carried, chain, encode_entry};
use super::keys::WrappedKey;
use super::seal::{Seal, sha256_hex};
use super::stored_key;
use super::{Context, Encryption, Entry, Intent, Loaded, Pending, Record, StateError, StateFile, codec};

/// Where a session writes. Every method is durable when it returns, and an error leaves the old or the new behind, whole.
pub trait Medium: Send {
    /// Appends sealed lines to the current journal. `end` is the seal of the last one.
    fn append(&mut self, lines: &[u8], end: Seal) -> Result<(), StateError>;

    /// Makes a snapshot and a journal the current ones, both at once.
    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), StateError>;

    /// Looks at the lock from other threads while this one writes.
    fn guard(&self) -> Arc<dyn Guard>;

    /// Gives the lock back.
    fn release(&mut self) -> Result<(), StateError>;
}

/// What the envelope of a snapshot says it is.
pub const SNAPSHOT: &str = "snapshot";

/// What becomes current.
pub struct Commit<'a> {
    pub lineage: &'a str,
    pub serial: u64,
    /// SHA-256 of `bytes`, in hex.
    pub sha256: &'a str,
    pub bytes: &'a [u8],
    /// How the key is wrapped that `bytes` and the journal are encrypted with.
    pub encryption: Option<&'a WrappedKey>,
    /// The bytes are those of the current snapshot.
    pub same: bool,
    /// Name and first lines of the journal from now on.
    pub journal: Option<(&'a str, &'a [u8], Seal)>,
}

/// The snapshot that is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    pub serial: u64,
    pub sha256: String,
}

/// Holds the lock on a state from [`super::StateStore::open`] until it is dropped. Can be shared between threads; what
/// several of them write at the same time becomes durable by one flush.
///
/// After an error of the place it writes to, every further call gives that error: the journal tells the next session
/// what was under way.
pub struct Session {
    queue: Mutex<Queue>,
    flushed: Condvar,
    medium: Mutex<Box<dyn Medium>>,
    guard: Arc<dyn Guard>,
}

struct Queue {
    lineage: String,
    current: Option<Current>,
    /// The serial that a reader has seen when the lock was taken: the snapshot's, or the open journal's.
    seen: u64,
    /// Not carried on yet by a journal of this session.
    inherited: Vec<Pending>,
    ledger: Ledger,
    writing: Writing,
    /// The journal's name, and how many lines it has.
    journal: (String, u64),
    seal: Seal,
    /// Sealed lines that are not durable yet.
    waiting: Vec<u8>,
    /// Counts lines put into `waiting`, and lines that are durable.
    put: u64,
    durable: u64,
    flushing: bool,
    broken: Option<StateError>,
}

/// What a session writes with.
pub struct Writing {
    encryption: Encryption,
    place: String,
    cipher: Option<Arc<Cipher>>,
}

impl Writing {
    /// `used`: the key that what is current is encrypted with. A key that cannot be used is an error here, before anything is done.
    pub fn new(encryption: &Encryption, place: String, used: Option<&WrappedKey>, state: &StateFile) -> Result<Self, StateError> {
        let cipher = encryption.writing(&place, used, &Context::of(state))?;
        Ok(Self { encryption: encryption.clone(), place, cipher })
    }

    /// A new state's key, when the state that begins is not the one that was made up when it was loaded.
    fn bind(&mut self, state: &StateFile) -> Result<(), StateError> {
        let used = self.cipher.as_ref().map(|cipher| cipher.wrapped().clone());
        self.cipher = self.encryption.writing(&self.place, used.as_ref(), &Context::of(state))?;
        Ok(())
    }
}

impl Session {
    /// `loaded`: what `current` and its journal came to.
    pub(super) fn new(medium: Box<dyn Medium>, current: Option<Current>, loaded: &Loaded, writing: Writing) -> Self {
        let queue = Queue {
            lineage: loaded.state.lineage.clone(),
            current,
            seen: loaded.state.serial,
            inherited: loaded.pending.clone(),
            ledger: Ledger::default(),
            writing,
            journal: (String::new(), 0),
            seal: chain(""),
            waiting: Vec::new(),
            put: 0,
            durable: 0,
            flushing: false,
            broken: None,
        };
        let guard = medium.guard();
        Self { queue: Mutex::new(queue), flushed: Condvar::new(), medium: Mutex::new(medium), guard }
    }

    /// Starts an apply on `state`, which is what was loaded, with moves made and a new state's lineage settled. Operations
    /// that were open stay open until they are recorded as done or failed. `apply` is a random id for logs.
    pub fn begin(&self, state: &mut StateFile, apply: &str) -> Result<(), StateError> {
        let mut queue = self.idle()?;
        if queue.ledger.begun.is_some() {
            return Err(StateError::Misused("a session begins one apply".to_owned()));
        }
        if queue.current.is_none() {
            queue.lineage.clone_from(&state.lineage);
            queue.writing.bind(state)?;
        }
        let (bytes, sha256) = queue.settle(state, state.serial)?;
        let open = std::mem::take(&mut queue.inherited);
        let journal = queue.start_journal(state.serial + 1, apply, &open)?;
        self.commit(&mut queue, state.serial, &bytes, sha256, Some(journal))
    }

    /// Appends entries, in this order, durable by one flush. [`Entry::Begin`] and [`Entry::End`] are the session's own.
    pub fn append_all(&self, entries: &[Entry]) -> Result<(), StateError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut queue = self.lock();
        queue.healthy()?;
        for entry in entries {
            if matches!(entry, Entry::Begin { .. } | Entry::End) {
                return Err(StateError::Misused("a session begins and ends its journal itself".to_owned()));
            }
            queue.push(entry)?;
        }
        let ticket = queue.put;
        drop(queue);
        blocking(|| self.flush(self.lock(), ticket))
    }

    /// Looks whether the lock is still held, right before a call that changes something.
    ///
    /// # Errors
    /// [`StateError::LockLost`] where somebody else may have it.
    pub fn held(&self) -> Result<(), StateError> {
        self.guard.held()
    }

    /// Durable when it returns: only then may the calls go out.
    pub fn intents(&self, intents: Vec<Intent>) -> Result<(), StateError> {
        self.append_all(&intents.into_iter().map(|intent| Entry::Intent(Box::new(intent))).collect::<Vec<_>>())
    }

    /// The cloud has named the id of what operation `op` creates.
    pub fn accepted(&self, op: &str, id: &str) -> Result<(), StateError> {
        self.append_all(&[Entry::Accepted { op: op.into(), id: id.to_owned() }])
    }

    /// The operation's address holds `record` from now on, or nothing.
    pub fn done(&self, op: &str, record: Option<&Arc<Record>>) -> Result<(), StateError> {
        self.append_all(&[Entry::Done { op: op.into(), record: record.cloned() }])
    }

    /// The operation definitely did not happen. What had been accepted is recorded as broken, so that it is not lost.
    pub fn failed(&self, op: &str, error: &str) -> Result<(), StateError> {
        self.append_all(&[Entry::Failed { op: op.into(), error: error.to_owned() }])
    }

    /// Nobody knows whether the operation happened. It stays open.
    pub fn in_doubt(&self, op: &str, error: &str) -> Result<(), StateError> {
        self.append_all(&[Entry::InDoubt { op: op.into(), error: error.to_owned() }])
    }

    /// Operations without an outcome, in the order they were begun.
    pub fn open_operations(&self) -> Vec<Pending> {
        let queue = self.lock();
        queue.inherited.iter().chain(queue.ledger.open()).cloned().collect()
    }

    /// Makes `state` the snapshot and starts the journal anew, with what is still open. The state gets the journal's
    /// serial, or keeps its own when nothing else would change.
    pub fn checkpoint(&self, state: &mut StateFile) -> Result<(), StateError> {
        self.snapshot(state, true)
    }

    /// As [`Session::checkpoint`], then ends the apply and gives the lock back. The session takes nothing more.
    pub fn finish(&self, state: &mut StateFile) -> Result<(), StateError> {
        self.snapshot(state, false)?;
        self.lock().broken = Some(StateError::Misused("the session has ended".to_owned()));
        self.medium().release()
    }

    /// Makes `after` the state in place of `before`, which is what was loaded, and ends the session. The records change
    /// in one entry of the journal: a crash leaves the old ones or the new ones.
    pub fn revise(&self, mut before: StateFile, after: &mut StateFile) -> Result<(), StateError> {
        self.begin(&mut before, &super::random_id()?)?;
        self.append_all(&Entry::between(&before, after).into_iter().collect::<Vec<_>>())?;
        self.finish(after)
    }

    fn snapshot(&self, state: &mut StateFile, go_on: bool) -> Result<(), StateError> {
        let mut queue = self.idle()?;
        let Some(serial) = queue.ledger.begun else {
            return Err(StateError::Misused("a session begins before it records a state".to_owned()));
        };
        let (bytes, sha256) = queue.settle(state, serial)?;
        let open: Vec<Pending> = queue.ledger.open().cloned().collect();
        let journal = (go_on || !open.is_empty()).then(|| queue.start_journal(state.serial + 1, "", &open)).transpose()?;
        self.commit(&mut queue, state.serial, &bytes, sha256, journal)
    }

    fn commit(
        &self,
        queue: &mut Queue,
        serial: u64,
        bytes: &[u8],
        sha256: String,
        journal: Option<(String, Vec<u8>)>,
    ) -> Result<(), StateError> {
        let commit = Commit {
            lineage: &queue.lineage,
            serial,
            sha256: &sha256,
            bytes,
            encryption: queue.writing.cipher.as_ref().map(|cipher| cipher.wrapped()),
            same: queue.current.as_ref().is_some_and(|current| current.sha256 == sha256),
            journal: journal.as_ref().map(|(name, lines)| (name.as_str(), lines.as_slice(), queue.seal)),
        };
        if let Err(error) = blocking(|| self.medium().commit(&commit)) {
            queue.broken = Some(error.clone());
            return Err(error);
        }
        queue.current = Some(Current { serial, sha256 });
        Ok(())
    }

    /// Returns once the line with number `ticket` is durable. Whoever comes first writes for all who wait.
    fn flush<'a>(&'a self, mut queue: MutexGuard<'a, Queue>, ticket: u64) -> Result<(), StateError> {
        loop {
            if queue.durable >= ticket {
                return Ok(());
            }
            queue.healthy()?;
            if queue.flushing {
                queue = self.flushed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (lines, end, upto) = queue.take_waiting();
            queue.flushing = true;
            drop(queue);
            let outcome = self.medium().append(&lines, end);
            queue = self.lock();
            queue.flushing = false;
            queue.settled(outcome, upto);
            self.flushed.notify_all();
        }
    }

    /// The queue with everything in it durable, and nobody writing.
    fn idle(&self) -> Result<MutexGuard<'_, Queue>, StateError> {
        let mut queue = self.lock();
        while queue.flushing {
            queue = self.flushed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.healthy()?;
        if !queue.waiting.is_empty() {
            let (lines, end, upto) = queue.take_waiting();
            let outcome = self.medium().append(&lines, end);
            queue.settled(outcome, upto);
            self.flushed.notify_all();
            queue.healthy()?;
        }
        Ok(queue)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn medium(&self) -> MutexGuard<'_, Box<dyn Medium>> {
        self.medium.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A lock that cannot be given back ends with the process, or with its lease.
        let _ = self.medium().release();
    }
}

impl Queue {
    fn healthy(&self) -> Result<(), StateError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// The state's bytes and their hash. It keeps the current snapshot's serial when it differs from it in nothing, and
    /// nobody can have seen a later one; else its serial becomes `serial`, and at least one more than that snapshot's.
    fn settle(&self, state: &mut StateFile, serial: u64) -> Result<(Vec<u8>, String), StateError> {
        let serial = serial.max(self.seen);
        if let Some(current) = &self.current {
            if self.ledger.used || current.serial < self.seen {
                return self.encoded(state, serial.max(current.serial + 1));
            }
            let (bytes, sha256) = self.encoded(state, current.serial)?;
            if sha256 == current.sha256 {
                return Ok((bytes, sha256));
            }
            return self.encoded(state, serial.max(current.serial + 1));
        }
        self.encoded(state, serial)
    }

    /// A state's bytes under a serial, and their SHA-256 in hex.
    fn encoded(&self, state: &mut StateFile, serial: u64) -> Result<(Vec<u8>, String), StateError> {
        state.serial = serial;
        let bytes = stored(state, self.writing.cipher.as_deref())?;
        let sha256 = sha256_hex(&bytes);
        Ok((bytes, sha256))
    }

    /// A journal's name and first lines: its beginning, and what is carried over.
    fn start_journal(&mut self, serial: u64, apply: &str, open: &[Pending]) -> Result<(String, Vec<u8>), StateError> {
        let name = format!("{serial:06}-{}", super::random_id()?);
        self.ledger = Ledger::default();
        self.journal = (name.clone(), 0);
        self.seal = chain(&name);
        self.push(&Entry::Begin { serial, apply: apply.into() })?;
        for entry in open.iter().flat_map(carried) {
            self.push(&entry)?;
        }
        let (lines, _, upto) = self.take_waiting();
        self.durable = upto;
        Ok((name, lines))
    }

    fn push(&mut self, entry: &Entry) -> Result<(), StateError> {
        let json = encode_entry(entry, &self.ledger)?;
        self.ledger.take(entry).map_err(StateError::Misused)?;
        let (journal, number) = &mut self.journal;
        let json = match &self.writing.cipher {
            Some(cipher) => cipher.close_line(&self.lineage, journal, *number, &json)?,
            None => json,
        };
        *number += 1;
        let line = self.seal.close(json);
        self.waiting.extend_from_slice(&line);
        self.put += 1;
        Ok(())
    }

    fn take_waiting(&mut self) -> (Vec<u8>, Seal, u64) {
        (std::mem::take(&mut self.waiting), self.seal, self.put)
    }

    fn settled(&mut self, outcome: Result<(), StateError>, upto: u64) {
        match outcome {
            Ok(()) => self.durable = upto,
            Err(error) => self.broken = Some(error),
        }
    }
}

/// Waits in `work` without keeping other tasks from running, where this thread has others.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// A state's bytes as they are stored.
pub fn stored(state: &StateFile, cipher: Option<&Cipher>) -> Result<Vec<u8>, StateError> {
    match cipher {
        Some(cipher) => {
            let key = stored_key::close(cipher, &state.lineage, &state.fingerprint_key)?;
            cipher.close_file(SNAPSHOT, &state.lineage, state.serial, &codec::encode_with(state, &key)?)
        }
        None => codec::encode_with(state, &state.fingerprint_key),
    }
}
