//! A lock in an object store: HEAD holds lock, journal and pointer in one object that is only ever changed by
//! compare-and-swap. Whoever has been overtaken fails at the next write, however late it wakes up.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::envelope::Cipher;
use super::guard::Sure;
use super::head::{self, Mac, PLAIN, check_owner, check_unauthentic, cut, open_sealed, seal, snapshot_name};
use super::keys::WrappedKey;
use super::objects::{Condition, ObjectError, Objects, Version};
use super::seal::{Seal, sha256_hex};
use super::{Context, Encryption, Holder, StateError};

/// How often a call whose outcome is not known is tried.
const TRIES: u32 = 6;

/// The HEAD of a state in an object store. The journal's tail follows it, line by line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteHead {
    pub version: u64,
    pub stack: String,
    pub env: String,
    /// Grows with every holder of the lock.
    pub epoch: u64,
    /// `None` until the first session has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<RemoteCurrent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<RemoteJournal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<RemoteLock>,
    /// The data key; snapshot and journal are encrypted with it. `None`: they are not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<WrappedKey>,
    /// Tells a writer whose answer was lost that it was its own write that went through.
    pub write_id: String,
}

impl RemoteHead {
    /// The state that its key is for.
    pub fn context(&self) -> Context {
        let lineage = self.current.as_ref().map_or(String::new(), |current| current.lineage.clone());
        Context { stack: self.stack.clone(), env: self.env.clone(), lineage }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteCurrent {
    pub lineage: String,
    pub serial: u64,
    /// SHA-256 of the snapshot, in hex.
    pub snapshot: String,
    /// Seconds since 1970.
    pub written: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteJournal {
    pub name: String,
    /// How many objects hold what came before the tail.
    pub segments: u64,
    /// The seal of the last line.
    pub end: Seal,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteLock {
    pub holder: Holder,
    /// Milliseconds since 1970, by the holder's clock: the lease's end and a sixth of its length, for clocks that differ. When
    /// they differ more, a live lease can be taken for a dead one; even then its holder just cannot write any more.
    pub expires: u64,
}

impl RemoteLock {
    fn expiry(length: Duration) -> u64 {
        now_ms() + u64::try_from((length + length / 6).as_millis()).unwrap_or(u64::MAX / 2)
    }
}

/// A HEAD as it was read or written.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub head: RemoteHead,
    pub tail: Vec<u8>,
    pub version: Version,
}

/// Where the objects of one state are.
#[derive(Clone)]
pub struct Place {
    pub objects: Arc<dyn Objects>,
    /// `stack/env/`
    pub folder: String,
    pub stack: String,
    pub env: String,
    /// What HEAD is authenticated with, and what everything else is encrypted with.
    pub encryption: Encryption,
    /// Between the first two tries of a call; each further pause is twice as long.
    pub pause: Duration,
}

impl Place {
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.folder)
    }

    /// What errors call an object.
    pub fn name(&self, name: &str) -> String {
        format!("{}/{}", self.objects.location(), self.key(name))
    }

    pub fn error(&self, name: &str) -> impl Fn(ObjectError) -> StateError + use<> {
        let place = self.name(name);
        move |error| StateError::Remote { place: place.clone(), problem: error.to_string() }
    }

    pub async fn get(&self, name: &str) -> Result<Option<(Vec<u8>, Version)>, StateError> {
        let key = self.key(name);
        let object = self.retried(|| self.objects.get(&key)).await;
        Ok(object.map_err(self.error(name))?.map(|object| (object.bytes, object.version)))
    }

    /// Writes an object that never changes. That it is there already, the same, is as good.
    pub async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        let key = self.key(name);
        match self.retried(|| self.objects.put(&key, bytes.to_vec(), Condition::Absent)).await {
            Ok(_) => Ok(()),
            Err(ObjectError::ConditionFailed) => match self.get(name).await? {
                Some((there, _)) if there == bytes => Ok(()),
                _ => Err(StateError::damaged(self.name(name), "something else was written there")),
            },
            Err(error) => Err(self.error(name)(error)),
        }
    }

    pub async fn delete(&self, name: &str) -> Result<(), StateError> {
        let key = self.key(name);
        self.retried(|| self.objects.delete(&key)).await.map_err(self.error(name))
    }

    pub async fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, StateError> {
        let key = self.key(folder);
        let listed = self.retried(|| self.objects.list(&key)).await.map_err(self.error(folder))?;
        let named = listed.into_iter().filter_map(|(found, bytes)| Some((found.strip_prefix(&key)?.to_owned(), bytes)));
        Ok(named.collect())
    }

    pub async fn head(&self) -> Result<Option<Found>, StateError> {
        let Some((bytes, version)) = self.get("HEAD").await? else { return Ok(None) };
        self.decode_head(&bytes, version).await.map(Some)
    }

    /// HEAD, where there was ever one. A place that has lost its HEAD is not one where nothing was begun.
    pub async fn head_if_begun(&self) -> Result<Option<Found>, StateError> {
        let found = self.head().await?;
        if found.is_some() || self.list("snapshots/").await?.is_empty() {
            return Ok(found);
        }
        // Somebody's first apply may have begun since HEAD was looked for.
        self.head().await?.map(Some).ok_or_else(|| StateError::damaged(self.name("HEAD"), "it is missing"))
    }

    /// A HEAD that is sealed and authentic. One from before there were MACs is, if its snapshot is from then, too: else whoever takes the
    /// lock would put a MAC to what somebody without the key has put together.
    pub async fn decode_head(&self, bytes: &[u8], version: Version) -> Result<Found, StateError> {
        let place = self.name("HEAD");
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| cut(&place, bytes))?;
        let (line, rest) = bytes.split_at_checked(end).ok_or_else(|| cut(&place, bytes))?;
        let (head, mac): (RemoteHead, Mac) = open_sealed(&place, line)?;
        check_owner(&place, (&head.stack, &head.env), (&self.stack, &self.env))?;
        let tail = rest.get(1..).unwrap_or_default().to_vec();
        if tail.last().is_some_and(|last| *last != b'\n') {
            return Err(StateError::damaged(place, "its end is missing"));
        }
        if head.journal.is_none() && !tail.is_empty() {
            return Err(StateError::damaged(place, "it has a journal's tail and no journal"));
        }
        let authentic = mac.check(&place, self.cipher(&head)?.as_deref())?;
        if let (Some(current), Some(_), false) = (&head.current, &head.encryption, authentic) {
            check_unauthentic(&place, &self.snapshot(current.serial, &current.snapshot).await?)?;
        }
        Ok(Found { head, tail, version })
    }

    /// The bytes of one snapshot, as they were written or not at all.
    pub async fn snapshot(&self, serial: u64, sha256: &str) -> Result<Vec<u8>, StateError> {
        let name = snapshot_object(serial, sha256);
        let (bytes, _) = self.get(&name).await?.ok_or_else(|| StateError::damaged(self.name(&name), "it is missing"))?;
        match sha256_hex(&bytes) == sha256 {
            true => Ok(bytes),
            false => Err(StateError::damaged(self.name(&name), "it is not what was written")),
        }
    }

    /// What errors call the state.
    pub fn location(&self) -> String {
        self.name("").trim_end_matches('/').to_owned()
    }

    /// The key that a HEAD holds. One that has only been locked so far has none, and needs none.
    pub fn cipher(&self, head: &RemoteHead) -> Result<Option<Arc<Cipher>>, StateError> {
        match head.current.is_some() || head.encryption.is_some() {
            true => self.encryption.of_head(&self.location(), head.encryption.as_ref(), &head.context()),
            false => Ok(None),
        }
    }

    /// As this place, for what is under any key.
    pub fn moving(&self) -> Self {
        Self { encryption: self.encryption.clone().moving(), ..self.clone() }
    }

    /// Writes HEAD if it is still `version`. `Ok(None)`: somebody else's is there now.
    pub async fn swap(&self, head: &RemoteHead, tail: &[u8], version: Option<&Version>) -> Result<Option<Version>, StateError> {
        let cipher = self.encryption.in_use(&self.location(), head.encryption.as_ref())?;
        let current = RemoteHead { version: head::version(cipher.as_deref()), ..head.clone() };
        let bytes = [seal(&current, cipher.as_deref())?.as_slice(), tail].concat();
        let condition = version.map_or(Condition::Absent, |version| Condition::Unchanged(version));
        let mut pause = self.pause;
        let mut last = ObjectError::InDoubt(String::new());
        for _ in 0..TRIES {
            last = match self.objects.put(&self.key("HEAD"), bytes.clone(), condition).await {
                Ok(version) => return Ok(Some(version)),
                Err(error @ ObjectError::Refused(_)) => return Err(self.error("HEAD")(error)),
                Err(error) => error,
            };
            // It may have been this very write, or its first try, that made the condition fail.
            match self.get("HEAD").await? {
                Some((there, written)) if there == bytes => return Ok(Some(written)),
                Some((_, there)) if Some(&there) == version => {}
                None if version.is_none() => {}
                _ => return Ok(None),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(self.error("HEAD")(last))
    }

    /// Before anything is kept in a store: does it refuse what its conditions say it must? `found` is the first HEAD, just written. A store
    /// that does not would let two applies go on at once, each sure to be alone.
    async fn heeds_conditions(&self, found: &Found) -> Result<(), StateError> {
        let outcome = self.tried_conditions(found).await;
        if outcome.is_err() {
            // Nothing is to stay there but what can be relied on.
            let _ = self.delete("HEAD").await;
        }
        outcome
    }

    async fn tried_conditions(&self, found: &Found) -> Result<(), StateError> {
        let (head, probe) = (self.key("HEAD"), format!("probe-{}", super::random_id()?));
        // A HEAD as if there were none; and a change of what is not there.
        let again = self.retried(|| self.objects.put(&head, Vec::new(), Condition::Absent)).await;
        let object = self.key(&probe);
        let changed = self.retried(|| self.objects.put(&object, Vec::new(), Condition::Unchanged(&found.version))).await;
        if changed.is_ok() {
            let _ = self.delete(&probe).await;
        }
        for outcome in [again, changed] {
            match outcome {
                Err(ObjectError::ConditionFailed) => {}
                Ok(_) => return Err(StateError::Careless { place: self.objects.location() }),
                Err(error) => return Err(self.error("HEAD")(error)),
            }
        }
        Ok(())
    }

    /// Tries again what is in doubt. Only for what is the same when done twice.
    async fn retried<T, F: Future<Output = Result<T, ObjectError>>>(&self, call: impl Fn() -> F) -> Result<T, ObjectError> {
        let mut pause = self.pause;
        for _ in 1..TRIES {
            match call().await {
                Err(ObjectError::InDoubt(_)) => tokio::time::sleep(pause).await,
                outcome => return outcome,
            }
            pause *= 2;
        }
        call().await
    }
}

pub fn snapshot_object(serial: u64, sha256: &str) -> String {
    format!("snapshots/{}", snapshot_name(serial, sha256))
}

/// The lock, held.
pub struct Lease {
    pub place: Place,
    pub found: Found,
    length: Duration,
    /// When HEAD was last known to be ours.
    sure: Sure,
    lost: Option<StateError>,
    released: bool,
}

impl Lease {
    /// Takes the lock, or says who has it. Waits for it no longer than `wait`.
    pub async fn take(place: Place, holder: &Holder, length: Duration, wait: Duration) -> Result<Lease, StateError> {
        // No deadline: longer than the clock can say.
        let deadline = Instant::now().checked_add(wait);
        loop {
            let found = place.head_if_begun().await?;
            if let Some(locked) = found.as_ref().and_then(|found| live_lock(&found.head)) {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Err(locked);
                }
                tokio::time::sleep(Duration::from_secs(1).min(length / 10)).await;
                continue;
            }
            let sure = (SystemTime::now(), Instant::now());
            let is_first = found.is_none();
            let (mut head, tail, version) = match found {
                Some(found) => (found.head, found.tail, Some(found.version)),
                None => (new_head(&place), Vec::new(), None),
            };
            head.epoch += 1;
            head.write_id = super::random_id()?;
            head.lock = Some(RemoteLock { holder: holder.clone(), expires: RemoteLock::expiry(length) });
            // Lost to another: the next round says to whom.
            if let Some(version) = place.swap(&head, &tail, version.as_ref()).await? {
                let found = Found { head, tail, version };
                if is_first {
                    place.heeds_conditions(&found).await?;
                }
                let known = Sure::now();
                known.set(sure);
                return Ok(Lease { place, found, length, sure: known, lost: None, released: false });
            }
        }
    }

    /// Changes HEAD and the tail. The lease is new from then on.
    pub async fn change(&mut self, change: impl FnOnce(&mut RemoteHead), tail: Vec<u8>) -> Result<(), StateError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let sure = (SystemTime::now(), Instant::now());
        let mut head = self.found.head.clone();
        if let Some(lock) = &mut head.lock {
            lock.expires = RemoteLock::expiry(self.length);
        }
        change(&mut head);
        head.write_id = super::random_id()?;
        match self.place.swap(&head, &tail, Some(&self.found.version)).await? {
            Some(version) => {
                self.found = Found { head, tail, version };
                self.sure.set(sure);
                Ok(())
            }
            None => {
                let holder = match self.place.head().await {
                    Ok(Some(Found { head: RemoteHead { lock: Some(lock), .. }, .. })) => lock.holder,
                    _ => Holder::nameless(),
                };
                let lost = StateError::LockLost { holder: Box::new(holder) };
                self.lost = Some(lost.clone());
                Err(lost)
            }
        }
    }

    /// Makes the lease last for its whole length again.
    pub async fn renew(&mut self) -> Result<(), StateError> {
        self.change(|_| {}, self.found.tail.clone()).await
    }

    /// Before a write that no condition guards: nobody has overtaken us, or this is an error.
    pub async fn assure(&mut self) -> Result<(), StateError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        match self.age() < self.length / 2 {
            true => Ok(()),
            false => self.renew().await,
        }
    }

    /// How long ago HEAD was known to be ours.
    pub fn age(&self) -> Duration {
        self.sure.age(self.length)
    }

    pub fn sure(&self) -> Sure {
        self.sure.clone()
    }

    pub fn length(&self) -> Duration {
        self.length
    }

    pub fn is_over(&self) -> bool {
        self.released || self.lost.is_some()
    }

    pub async fn release(&mut self) -> Result<(), StateError> {
        if self.is_over() {
            return Ok(());
        }
        self.released = true;
        self.change(|head| head.lock = None, self.found.tail.clone()).await
    }
}

/// The error to give while somebody else's lease runs.
pub fn live_lock(head: &RemoteHead) -> Option<StateError> {
    let lock = head.lock.as_ref()?;
    let left = lock.expires.saturating_sub(now_ms());
    (left > 0).then(|| StateError::Locked {
        holder: Box::new(lock.holder.clone()),
        expires_in: Some(left.div_ceil(1000)),
        epoch: Some(head.epoch),
    })
}

/// Takes the lease with this epoch from its holder, whoever that is: its next write fails. `Ok(None)`: nobody has one.
pub async fn unlock(place: &Place, epoch: u64) -> Result<Option<Holder>, StateError> {
    loop {
        let Some(found) = place.head().await? else { return Ok(None) };
        let Some(lock) = found.head.lock.clone() else { return Ok(None) };
        if found.head.epoch != epoch {
            return Err(StateError::AnotherLease { wanted: epoch, found: found.head.epoch, holder: Box::new(lock.holder) });
        }
        let head = RemoteHead { lock: None, write_id: super::random_id()?, ..found.head };
        // Renewed or given back in the meantime: look again.
        if place.swap(&head, &found.tail, Some(&found.version)).await?.is_some() {
            return Ok(Some(lock.holder));
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX / 2)
}

pub fn new_head(place: &Place) -> RemoteHead {
    RemoteHead {
        version: PLAIN,
        stack: place.stack.clone(),
        env: place.env.clone(),
        epoch: 0,
        current: None,
        journal: None,
        lock: None,
        encryption: None,
        write_id: String::new(),
    }
}
