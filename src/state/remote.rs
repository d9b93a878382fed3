//! A state in an object store: `HEAD`, `snapshots/` and `journal/` under `STACK/ENV/`.

use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::guard::{Guard, Sure};
use super::head::{parse_snapshot_name, path_part};
use super::journal::{Ledger, Written, replay};
use super::lease::{Found, Lease, Place, RemoteCurrent, RemoteHead, RemoteJournal, live_lock, new_head, snapshot_object, unlock};
use super::objects::Objects;
use super::seal::{Seal, sha256_hex};
use super::session::{Commit, Current, Medium, Writing, blocking, stored};
use super::store::{Restored, Unlocked, encrypt, now};
use super::values::Reader;
use super::{Context, Encryption, Loaded, OpenOptions, Session, Snapshot, StateError, StateFile, StateStore, is_encrypted};
use crate::schema::Registry;

/// How many snapshots are kept.
const KEEP: usize = 50;
/// A journal's tail that is longer than this moves out of HEAD into an object of its own.
const TAIL: usize = 16 << 10;
/// How many of a journal's objects are read at once.
const AT_ONCE: usize = 16;
/// How long a lease lasts when its holder is gone.
const LEASE: Duration = Duration::from_secs(60);
/// Before a call is tried again for the first time.
const PAUSE: Duration = Duration::from_millis(100);

/// The states in an object store. Its methods wait for the network, and can be called from threads of every kind.
#[derive(Clone)]
pub struct RemoteStore {
    place: Place,
    lease: Duration,
    engine: Arc<Engine>,
}

impl RemoteStore {
    pub fn new(objects: Arc<dyn Objects>, stack: &str, env: &str) -> Result<Self, StateError> {
        let folder = format!("{}/{}/", path_part(stack), path_part(env));
        let encryption = Encryption::default();
        let place = Place { objects, folder, stack: stack.to_owned(), env: env.to_owned(), encryption, pause: PAUSE };
        Ok(Self { place, lease: LEASE, engine: Arc::new(Engine::start()?) })
    }

    /// What is written from now on is encrypted, or is not; what is encrypted can be read.
    #[must_use]
    pub fn with_encryption(self, encryption: Encryption) -> Self {
        Self { place: Place { encryption, ..self.place }, ..self }
    }

    /// Another length of the lease than 60 seconds.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// For tests, whose object stores recover in no time.
    #[cfg(test)]
    pub fn hasty(mut self) -> Self {
        self.place.pause = Duration::from_millis(1);
        self
    }

    /// Runs `work` on the store's own runtime, and waits for it.
    fn wait<T: Send + 'static>(&self, work: impl Future<Output = Result<T, StateError>> + Send + 'static) -> Result<T, StateError> {
        self.engine.wait(work)
    }
}

/// A runtime of the store's own: sessions are used from threads with and without one, and a lease is renewed while all
/// of them are busy.
struct Engine(Option<Runtime>);

impl Engine {
    fn start() -> Result<Self, StateError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("plat-state").enable_all().build();
        let error = |cause| StateError::Io { place: "the thread for remote states".to_owned(), cause: Arc::new(cause) };
        runtime.map(|runtime| Self(Some(runtime))).map_err(error)
    }

    fn wait<T: Send + 'static>(&self, work: impl Future<Output = Result<T, StateError>> + Send + 'static) -> Result<T, StateError> {
        let (send, receive) = mpsc::sync_channel(1);
        let _ = self.spawn(async move { send.send(work.await) });
        blocking(|| receive.recv()).unwrap_or_else(|_| Err(StateError::Misused("the thread for remote states ended".to_owned())))
    }

    fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<JoinHandle<T>> {
        self.0.as_ref().map(|runtime| runtime.spawn(work))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A plain drop waits, which a thread of another runtime must not.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn segment_object(journal: &str, number: u64) -> String {
    format!("journal/{journal}/{number:06}.jsonl")
}

/// What a HEAD points to.
struct Pointed {
    snapshot: Vec<u8>,
    journal: Vec<u8>,
}

async fn follow(place: &Place, found: &Found) -> Result<Option<Pointed>, StateError> {
    let Some(current) = &found.head.current else { return Ok(None) };
    let snapshot = place.snapshot(current.serial, &current.snapshot).await?;
    let (name, segments) = found.head.journal.as_ref().map_or(("", 0), |journal| (journal.name.as_str(), journal.segments));
    let segment = |number: u64| {
        let object = segment_object(name, number);
        async move { place.get(&object).await?.ok_or_else(|| StateError::damaged(place.name(&object), "it is missing")) }
    };
    let segments = futures_util::stream::iter((1..=segments).map(segment)).buffered(AT_ONCE);
    let mut journal = segments.map_ok(|(bytes, _)| bytes).try_concat().await?;
    journal.extend_from_slice(&found.tail);
    Ok(Some(Pointed { snapshot, journal }))
}

/// HEAD and what it points to. Objects that a running apply has removed in the meantime: read again.
async fn read_all(place: &Place) -> Result<Option<(Found, Option<Pointed>)>, StateError> {
    let mut found = place.head_if_begun().await?;
    loop {
        let Some(known) = found else { return Ok(None) };
        match follow(place, &known).await {
            Ok(pointed) => return Ok(Some((known, pointed))),
            Err(error) => {
                found = place.head().await?;
                if found.as_ref() == Some(&known) {
                    return Err(error);
                }
            }
        }
    }
}

/// The snapshots by their names, newest first.
async fn listed(place: &Place) -> Result<Vec<Snapshot>, StateError> {
    let names = place.list("snapshots/").await?;
    let mut snapshots: Vec<Snapshot> = names.iter().filter_map(|(name, bytes)| parse_snapshot_name(name, *bytes)).collect();
    snapshots.sort_by(|a, b| (b.serial, &b.sha256).cmp(&(a.serial, &a.sha256)));
    Ok(snapshots)
}

async fn newest_good(place: &Place) -> Option<u64> {
    for snapshot in listed(place).await.ok()? {
        if place.snapshot(snapshot.serial, &snapshot.sha256).await.is_ok() {
            return Some(snapshot.serial);
        }
    }
    None
}

/// The error, with what to restore where damage is the problem.
async fn explained(place: &Place, error: StateError) -> StateError {
    match error {
        StateError::Damaged { newest_good: None, .. } => {
            let good = newest_good(place).await;
            error.with_good(|| good)
        }
        other => other,
    }
}

impl RemoteStore {
    fn decode(&self, found: &RemoteHead, pointed: Option<Pointed>, registry: &Registry) -> Result<Loaded, StateError> {
        let (Some(current), Some(pointed)) = (&found.current, pointed) else {
            return Ok(Loaded {
                state: StateFile::new(&self.place.stack, &self.place.env)?,
                pending: Vec::new(),
                new: true,
                written: None,
            });
        };
        let name = self.place.name(&snapshot_object(current.serial, &current.snapshot));
        let cipher = self.place.cipher(found)?;
        if is_encrypted(&pointed.snapshot) != cipher.is_some() {
            return Err(StateError::damaged(self.place.name("HEAD"), "it and its snapshot are not encrypted alike"));
        }
        let mut state = self.place.encryption.opened_state(&name, &pointed.snapshot, cipher.as_deref(), registry)?;
        if state.lineage != current.lineage {
            return Err(StateError::damaged(self.place.name("HEAD"), "it and its snapshot are of two lineages"));
        }
        let ledger = match &found.journal {
            None => Ledger::default(),
            Some(journal) => {
                let place = self.place.name(&format!("journal/{}", journal.name));
                let chain_end = Some(journal.end);
                let written = Written { name: &journal.name, bytes: &pointed.journal, chain_end, cipher: cipher.as_deref() };
                replay(&place, &written, &Reader::new(registry), &mut state)?
            }
        };
        Ok(Loaded { state, pending: ledger.open().cloned().collect(), new: false, written: Some(current.written) })
    }

    fn explain(&self, error: StateError) -> StateError {
        let place = self.place.clone();
        let explained = self.wait({
            let error = error.clone();
            async move { Ok(explained(&place, error).await) }
        });
        explained.unwrap_or(error)
    }
}

impl StateStore for RemoteStore {
    fn location(&self) -> String {
        self.place.location()
    }

    fn load(&self, registry: &Registry) -> Result<Loaded, StateError> {
        let place = self.place.clone();
        let loaded = self.wait(async move { read_all(&place).await }).and_then(|all| {
            let (head, pointed) = all.map_or_else(|| (new_head(&self.place), None), |(found, pointed)| (found.head, pointed));
            self.decode(&head, pointed, registry)
        });
        loaded.map_err(|error| self.explain(error))
    }

    fn open(&self, options: &OpenOptions, registry: &Registry) -> Result<(Session, Loaded), StateError> {
        let (place, length, options) = (self.place.clone(), self.lease, options.clone());
        let taken = self.wait(async move { Lease::take(place, &options.holder, length, options.wait).await });
        let lease = taken.map_err(|error| self.explain(error))?;
        let (head, sure) = (lease.found.head.clone(), lease.sure());
        let lease = Arc::new(Mutex::new(lease));
        // Ends by itself when the lease is over: cut short in the middle of a write, it would not know its own HEAD again.
        let _ = self.engine.spawn(keep_alive(Arc::downgrade(&lease), length));
        // From here on the lock is given back whatever happens.
        let mut medium = RemoteMedium { lease: lease.clone(), engine: self.engine.clone(), sure, length };
        let pointed = self.wait(async move {
            let lease = lease.lock().await;
            follow(&lease.place, &lease.found).await
        });
        let writing = |loaded: &Loaded| Writing::new(&self.place.encryption, self.location(), head.encryption.as_ref(), &loaded.state);
        let decoded = pointed.and_then(|pointed| self.decode(&head, pointed, registry));
        match decoded.and_then(|loaded| Ok((writing(&loaded)?, loaded))) {
            Ok((writing, loaded)) => {
                let current = head.current.map(|current| Current { serial: current.serial, sha256: current.snapshot });
                Ok((Session::new(Box::new(medium), current, &loaded, writing), loaded))
            }
            Err(error) => {
                // The error that is in the way matters more than one of giving the lock back, which ends by itself.
                let _ = medium.release();
                Err(self.explain(error))
            }
        }
    }

    fn history(&self) -> Result<Vec<Snapshot>, StateError> {
        let place = self.place.clone();
        self.wait(async move {
            let mut good = Vec::new();
            for snapshot in listed(&place).await? {
                if place.snapshot(snapshot.serial, &snapshot.sha256).await.is_ok() {
                    good.push(snapshot);
                }
            }
            Ok(good)
        })
    }

    fn snapshot(&self, serial: u64, registry: &Registry) -> Result<StateFile, StateError> {
        let found = self.history()?.into_iter().find(|snapshot| snapshot.serial == serial);
        let found = found.ok_or(StateError::NoSuchSnapshot { serial })?;
        let (place, name) = (self.place.clone(), self.place.name(&snapshot_object(serial, &found.sha256)));
        let bytes = self.wait(async move { place.snapshot(serial, &found.sha256).await })?;
        // With a HEAD that cannot be read, a snapshot still says how its own key was wrapped.
        let place = self.place.clone();
        let head = self.wait(async move { place.head().await }).ok().flatten();
        let cipher = head.map(|found| self.place.cipher(&found.head)).transpose()?.flatten();
        self.place.encryption.opened_state(&name, &bytes, cipher.as_deref(), registry)
    }

    fn restore(&self, serial: u64, options: &OpenOptions, registry: &Registry) -> Result<Restored, StateError> {
        // What is current is about to be replaced, whatever key it is under.
        let moving = self.clone().with_encryption(self.place.encryption.clone().moving());
        let mut state = moving.snapshot(serial, registry)?;
        // What is damaged remembers nothing.
        if let Ok(current) = moving.load(registry) {
            state.remember_plans(&current.state);
        }
        let (place, length, options, location) = (moving.place.clone(), self.lease, options.clone(), self.location());
        self.wait(async move {
            let aside = put_aside(&place).await?;
            let mut lease = Lease::take(place.clone(), &options.holder, length, options.wait).await?;
            let newest = listed(&place).await?.first().map_or(serial, |snapshot| snapshot.serial);
            let current = lease.found.head.current.as_ref().map_or(0, |current| current.serial);
            state.serial = newest.max(current) + 1;
            let used = lease.found.head.encryption.as_ref();
            let cipher = place.encryption.writing(&location, used, &Context::of(&state))?;
            let bytes = stored(&state, cipher.as_deref())?;
            let sha256 = sha256_hex(&bytes);
            place.put_once(&snapshot_object(state.serial, &sha256), &bytes).await?;
            let current = RemoteCurrent { lineage: state.lineage, serial: state.serial, snapshot: sha256, written: now() };
            let set = |head: &mut RemoteHead| {
                head.current = Some(current);
                head.journal = None;
                head.encryption = cipher.map(|cipher| cipher.wrapped().clone());
            };
            lease.change(set, Vec::new()).await?;
            lease.release().await?;
            Ok(Restored { serial: state.serial, journal: aside })
        })
    }

    fn unlock(&self, epoch: u64) -> Result<Unlocked, StateError> {
        let place = self.place.clone();
        let holder = self.wait(async move { unlock(&place, epoch).await })?;
        Ok(holder.map_or(Unlocked::Free, Unlocked::Broken))
    }

    fn rekey(&self, new: &Encryption, options: &OpenOptions, registry: &Registry) -> Result<(), StateError> {
        let (place, length, location) = (self.place.moving(), self.lease, self.location());
        let found = self.wait(async move { place.head().await })?.filter(|found| found.head.current.is_some());
        let found = found.ok_or_else(|| StateError::NothingToEncrypt { place: location.clone() })?;
        if found.head.encryption.is_none() {
            return encrypt(&self.clone().with_encryption(new.clone().moving()), options, registry);
        }
        let (place, options, new) = (self.place.moving(), options.clone(), new.clone());
        self.wait(async move {
            let old = place.encryption.clone();
            let mut lease = Lease::take(place, &options.holder, length, options.wait).await?;
            let head = &lease.found.head;
            let tail = lease.found.tail.clone();
            let changed = match old.rekeyed(&new, &location, head.encryption.as_ref(), &head.context()) {
                Ok(cipher) => lease.change(|head| head.encryption = Some(cipher.wrapped().clone()), tail).await,
                Err(error) => Err(error),
            };
            let released = lease.release().await;
            changed.and(released)
        })
    }
}

/// Copies a HEAD with a journal, or one that is damaged, to where nothing removes it; a damaged one is then gone. The
/// journal's own objects stay where they are.
async fn put_aside(place: &Place) -> Result<Option<String>, StateError> {
    let Some((bytes, version)) = place.get("HEAD").await? else {
        return revive(place, None).await.map(|()| None);
    };
    let damaged = match place.decode_head(&bytes, version.clone()).await {
        Ok(found) => match live_lock(&found.head) {
            Some(locked) => return Err(locked),
            None if found.head.journal.is_none() => return Ok(None),
            None => false,
        },
        Err(StateError::Damaged { .. }) => true,
        Err(error) => return Err(error),
    };
    let aside = format!("aside/HEAD-{}", super::random_id()?);
    place.put_once(&aside, &bytes).await?;
    if damaged {
        revive(place, Some(&version)).await?;
    }
    Ok(Some(place.name(&aside)))
}

/// An empty HEAD in place of a damaged or missing one, for the lock to be taken on.
async fn revive(place: &Place, version: Option<&String>) -> Result<(), StateError> {
    // An epoch that no earlier holder can have had.
    let head = RemoteHead { epoch: now(), write_id: super::random_id()?, ..new_head(place) };
    match place.swap(&head, &[], version).await? {
        Some(_) => Ok(()),
        None => Err(StateError::damaged(place.name("HEAD"), "another process is changing it")),
    }
}

/// Renews a lease for as long as it is held.
async fn keep_alive(lease: Weak<Mutex<Lease>>, length: Duration) {
    loop {
        tokio::time::sleep(length / 6).await;
        let Some(lease) = lease.upgrade() else { return };
        let mut lease = lease.lock().await;
        if lease.is_over() {
            return;
        }
        if lease.age() > lease.length() / 4 {
            // Tried again in a moment; a lock that is lost shows at the session's next write.
            let _ = lease.renew().await;
        }
    }
}

/// The writing half of a remote store.
struct RemoteMedium {
    lease: Arc<Mutex<Lease>>,
    engine: Arc<Engine>,
    sure: Sure,
    length: Duration,
}

/// Asks the store only when the lease was last known to be ours a while ago, as after a machine's sleep.
struct LeaseGuard {
    lease: Arc<Mutex<Lease>>,
    engine: Arc<Engine>,
    sure: Sure,
    length: Duration,
}

impl Guard for LeaseGuard {
    fn held(&self) -> Result<(), StateError> {
        if self.sure.age(self.length) < self.length / 2 {
            return Ok(());
        }
        let lease = self.lease.clone();
        self.engine.wait(async move { lease.lock().await.assure().await })
    }
}

impl Medium for RemoteMedium {
    fn append(&mut self, lines: &[u8], end: Seal) -> Result<(), StateError> {
        let (lease, lines) = (self.lease.clone(), lines.to_vec());
        self.engine.wait(async move {
            let mut lease = lease.lock().await;
            let mut tail = [lease.found.tail.as_slice(), &lines].concat();
            let Some(mut journal) = lease.found.head.journal.clone() else {
                return Err(StateError::Misused("a session begins before it appends".to_owned()));
            };
            journal.end = end;
            if tail.len() > TAIL {
                lease.assure().await?;
                journal.segments += 1;
                lease.place.put_once(&segment_object(&journal.name, journal.segments), &tail).await?;
                tail.clear();
            }
            lease.change(|head| head.journal = Some(journal), tail).await
        })
    }

    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), StateError> {
        let lease = self.lease.clone();
        let (serial, sha256) = (commit.serial, commit.sha256.to_owned());
        let snapshot = (!commit.same).then(|| commit.bytes.to_vec());
        let (lineage, encryption) = (commit.lineage.to_owned(), commit.encryption.cloned());
        let journal = commit.journal.map(|(name, lines, end)| (name.to_owned(), lines.to_vec(), end));
        self.engine.wait(async move {
            let mut lease = lease.lock().await;
            let new_snapshot = snapshot.is_some();
            if let Some(bytes) = snapshot {
                lease.assure().await?;
                lease.place.put_once(&snapshot_object(serial, &sha256), &bytes).await?;
            }
            let (journal, tail) = match journal {
                None => (None, Vec::new()),
                Some((name, lines, end)) => {
                    let long = lines.len() > TAIL;
                    if long {
                        lease.assure().await?;
                        lease.place.put_once(&segment_object(&name, 1), &lines).await?;
                    }
                    (Some(RemoteJournal { name, segments: u64::from(long), end }), if long { Vec::new() } else { lines })
                }
            };
            let cut = lease.found.head.journal.clone();
            let current = RemoteCurrent { lineage, serial, snapshot: sha256, written: now() };
            let set = |head: &mut RemoteHead| {
                head.current = Some(current);
                head.journal = journal;
                head.encryption = encryption;
            };
            lease.change(set, tail).await?;
            clean(&lease.place, cut, new_snapshot).await;
            Ok(())
        })
    }

    fn guard(&self) -> Arc<dyn Guard> {
        Arc::new(LeaseGuard { lease: self.lease.clone(), engine: self.engine.clone(), sure: self.sure.clone(), length: self.length })
    }

    fn release(&mut self) -> Result<(), StateError> {
        let lease = self.lease.clone();
        self.engine.wait(async move { lease.lock().await.release().await })
    }
}

/// Removes what nothing points to any more. What cannot be removed costs a few bytes, and nothing else.
async fn clean(place: &Place, cut: Option<RemoteJournal>, snapshots: bool) {
    if let Some(journal) = cut {
        for number in 1..=journal.segments {
            let _ = place.delete(&segment_object(&journal.name, number)).await;
        }
    }
    let old = if snapshots { listed(place).await.unwrap_or_default() } else { Vec::new() };
    for snapshot in old.iter().skip(KEEP) {
        let _ = place.delete(&snapshot_object(snapshot.serial, &snapshot.sha256)).await;
    }
}
