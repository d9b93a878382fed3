//! A state in a folder: `HEAD`, `lock`, `snapshots/` and `journal/`.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Disk;
use super::envelope::{Cipher, wrapped_in};
use super::guard::{FileGuard, Guard};
use super::head::{Head, PLAIN, check_unauthentic, parse_snapshot_name, path_part, snapshot_name};
use super::journal::{Ledger, Written, replay};
use super::lock::Lock;
use super::seal::{Seal, sha256_hex};
use super::session::{Commit, Current, Medium, Writing, stored};
use super::store::{Restored, Unlocked, encrypt, now};
use super::values::Reader;
use super::{Context, Encryption, Loaded, OpenOptions, Session, Snapshot, StateError, StateFile, StateStore, is_encrypted};
use crate::files;
use crate::schema::Registry;

/// How many snapshots are kept.
const KEEP: usize = 50;
/// Largest file of a state, in bytes; ten thousand resources are some twenty million.
const LARGEST: u64 = 1 << 30;

/// The states of a project's folder, `.plat/state/STACK/ENV/`.
#[derive(Debug, Clone)]
pub struct LocalStore {
    /// What whoever runs plat chose; no folder below it is a link.
    root: PathBuf,
    folder: PathBuf,
    stack: String,
    env: String,
    encryption: Encryption,
    disk: Disk,
}

impl LocalStore {
    /// `project`: the folder that `.plat` is in.
    pub fn new(project: &Path, stack: &str, env: &str) -> Self {
        Self::at(&project.join(".plat"), stack, env)
    }

    /// `folder`: what stands for `.plat`.
    pub fn at(folder: &Path, stack: &str, env: &str) -> Self {
        let root = folder.to_owned();
        let folder = folder.join("state").join(path_part(stack)).join(path_part(env));
        Self { root, folder, stack: stack.to_owned(), env: env.to_owned(), encryption: Encryption::default(), disk: Disk::default() }
    }

    /// What is written from now on is encrypted, or is not; what is encrypted can be read.
    #[must_use]
    pub fn with_encryption(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }

    /// For tests: the current snapshot as it was stored before keys of fingerprints were closed.
    #[cfg(test)]
    pub fn write_as_before(&self, registry: &Registry) {
        let mut head = self.head().unwrap().unwrap();
        let cipher = self.cipher(&head).unwrap().unwrap();
        let state = self.load(registry).unwrap().state;
        let plain = super::codec::encode_with(&state, &state.fingerprint_key).unwrap();
        let bytes = cipher.close_file(super::session::SNAPSHOT, &state.lineage, state.serial, &plain).unwrap();
        head.snapshot = sha256_hex(&bytes);
        self.disk.replace(&self.snapshot_path(head.serial, &head.snapshot), &bytes).unwrap();
        self.disk.replace(&self.head_path(), &head.encode(Some(&cipher)).unwrap()).unwrap();
    }

    /// For tests, on a disk that fails.
    #[cfg(test)]
    pub fn troubled(mut self, trouble: Arc<super::tests::disk::Trouble>) -> Self {
        self.disk.trouble = Some(trouble);
        self
    }

    /// The key that a HEAD holds.
    fn cipher(&self, head: &Head) -> Result<Option<Arc<Cipher>>, StateError> {
        self.encryption.of_head(&self.location(), head.encryption.as_ref(), &head.context())
    }

    fn head_path(&self) -> PathBuf {
        self.folder.join("HEAD")
    }

    fn snapshot_path(&self, serial: u64, sha256: &str) -> PathBuf {
        self.folder.join("snapshots").join(snapshot_name(serial, sha256))
    }

    fn journal_path(&self, name: &str) -> PathBuf {
        self.folder.join("journal").join(format!("{name}.jsonl"))
    }

    /// A store that reads what is under any key, for moving it to the one that the stack says.
    fn moving(&self) -> Self {
        self.clone().with_encryption(self.encryption.clone().moving())
    }

    /// `None`: there is no state yet. A folder that has lost its HEAD is not that.
    fn head(&self) -> Result<Option<Head>, StateError> {
        let path = self.head_path();
        let bytes = match read(&path)? {
            Some(bytes) => bytes,
            None if self.nothing_begun()? => return Ok(None),
            // Somebody's first apply may have begun since HEAD was looked for.
            None => read(&path)?.ok_or_else(|| StateError::damaged(path.display(), "it is missing"))?,
        };
        let place = path.display().to_string();
        let (head, mac) = Head::decode(&place, &bytes, &self.stack, &self.env)?;
        if !mac.check(&place, self.cipher(&head)?.as_deref())? && head.encryption.is_some() {
            check_unauthentic(&place, &self.snapshot_bytes(head.serial, &head.snapshot)?)?;
        }
        Ok(Some(head))
    }

    /// Where there is no HEAD: was there never one? The first apply writes its snapshot and its journal's first line before it, and what it
    /// does into the journal after it.
    fn nothing_begun(&self) -> Result<bool, StateError> {
        let only_first = self.listed()?.iter().all(|snapshot| snapshot.serial == 0);
        let begun = |path: &PathBuf| Ok(read(path)?.is_some_and(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count() > 1));
        let journals: Vec<bool> = self.journals()?.iter().map(begun).collect::<Result<_, StateError>>()?;
        Ok(only_first && !journals.contains(&true))
    }

    /// What is current, with the journal's outcomes in it. A journal that a running apply has cut in the meantime: read again.
    fn current(&self, registry: &Registry) -> Result<Option<(Head, StateFile, Ledger)>, StateError> {
        let mut head = self.head()?;
        loop {
            let Some(known) = head else { return Ok(None) };
            match self.follow(&known, registry) {
                Ok((state, ledger)) => return Ok(Some((known, state, ledger))),
                Err(error) => {
                    head = self.head()?;
                    if head.as_ref() == Some(&known) {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn follow(&self, head: &Head, registry: &Registry) -> Result<(StateFile, Ledger), StateError> {
        let cipher = self.cipher(head)?;
        let bytes = self.snapshot_bytes(head.serial, &head.snapshot)?;
        if is_encrypted(&bytes) != cipher.is_some() {
            return Err(StateError::damaged(self.head_path().display(), "it and its snapshot are not encrypted alike"));
        }
        let mut state = self.decode_snapshot(head.serial, &head.snapshot, &bytes, registry, cipher.as_deref())?;
        if state.lineage != head.lineage {
            return Err(StateError::damaged(self.head_path().display(), "it and its snapshot are of two lineages"));
        }
        let Some(name) = &head.journal else { return Ok((state, Ledger::default())) };
        let path = self.journal_path(name);
        let bytes = read(&path)?.ok_or_else(|| StateError::damaged(path.display(), "it is missing"))?;
        let ledger = {
            let written = Written { name, bytes: &bytes, chain_end: None, cipher: cipher.as_deref() };
            replay(&path.display().to_string(), &written, &Reader::new(registry), &mut state)?
        };
        Ok((state, ledger))
    }

    fn snapshot_bytes(&self, serial: u64, sha256: &str) -> Result<Vec<u8>, StateError> {
        let path = self.snapshot_path(serial, sha256);
        let bytes = read(&path)?.ok_or_else(|| StateError::damaged(path.display(), "it is missing"))?;
        match sha256_hex(&bytes) == sha256 {
            true => Ok(bytes),
            false => Err(StateError::damaged(path.display(), "it is not what was written")),
        }
    }

    /// `cipher`: the key that is in use.
    fn decode_snapshot(
        &self,
        serial: u64,
        sha256: &str,
        bytes: &[u8],
        registry: &Registry,
        cipher: Option<&Cipher>,
    ) -> Result<StateFile, StateError> {
        let place = self.snapshot_path(serial, sha256).display().to_string();
        self.encryption.opened_state(&place, bytes, cipher, registry)
    }

    /// The snapshots by their names, newest first.
    fn listed(&self) -> Result<Vec<Snapshot>, StateError> {
        let folder = self.folder.join("snapshots");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StateError::io(&folder)(error)),
        };
        let mut snapshots = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StateError::io(&folder))?;
            let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
            snapshots.extend(parse_snapshot_name(&entry.file_name().to_string_lossy(), bytes));
        }
        snapshots.sort_by(|a, b| (b.serial, &b.sha256).cmp(&(a.serial, &a.sha256)));
        Ok(snapshots)
    }

    fn is_good(&self, snapshot: &Snapshot) -> bool {
        let bytes = read(&self.snapshot_path(snapshot.serial, &snapshot.sha256));
        matches!(bytes, Ok(Some(bytes)) if sha256_hex(&bytes) == snapshot.sha256)
    }

    fn newest_good(&self) -> Option<u64> {
        self.listed().ok()?.iter().find(|snapshot| self.is_good(snapshot)).map(|snapshot| snapshot.serial)
    }

    fn loaded(&self, current: Option<(Head, StateFile, Ledger)>) -> Result<Loaded, StateError> {
        Ok(match current {
            None => Loaded { state: StateFile::new(&self.stack, &self.env)?, pending: Vec::new(), new: true, written: None },
            Some((head, state, ledger)) => {
                Loaded { state, pending: ledger.open().cloned().collect(), new: false, written: Some(head.written) }
            }
        })
    }

    fn lock(&self, options: &OpenOptions) -> Result<Lock, StateError> {
        for folder in ["snapshots", "journal"] {
            let path = self.folder.join(folder);
            files::create_folders(&self.root, &path).map_err(StateError::io(&path))?;
        }
        Lock::take(&self.folder.join("lock"), options)
    }
}

impl StateStore for LocalStore {
    fn location(&self) -> String {
        self.folder.display().to_string()
    }

    fn load(&self, registry: &Registry) -> Result<Loaded, StateError> {
        let current = self.current(registry).map_err(|error| error.with_good(|| self.newest_good()))?;
        self.loaded(current)
    }

    fn open(&self, options: &OpenOptions, registry: &Registry) -> Result<(Session, Loaded), StateError> {
        let lock = self.lock(options)?;
        let found = self.current(registry).map_err(|error| error.with_good(|| self.newest_good()))?;
        let head = found.as_ref().map(|(head, ..)| head.clone());
        let current = head.as_ref().map(|head| Current { serial: head.serial, sha256: head.snapshot.clone() });
        let loaded = self.loaded(found)?;
        let wrapped = head.as_ref().and_then(|head| head.encryption.clone());
        let writing = Writing::new(&self.encryption, self.location(), wrapped.as_ref(), &loaded.state)?;
        let epoch = head.map_or(0, |head| head.epoch) + 1;
        let medium = LocalMedium::new(self.clone(), lock, epoch)?;
        let session = Session::new(Box::new(medium), current, &loaded, writing);
        Ok((session, loaded))
    }

    fn history(&self) -> Result<Vec<Snapshot>, StateError> {
        Ok(self.listed()?.into_iter().filter(|snapshot| self.is_good(snapshot)).collect())
    }

    fn snapshot(&self, serial: u64, registry: &Registry) -> Result<StateFile, StateError> {
        let found = self.listed()?.into_iter().find(|snapshot| snapshot.serial == serial && self.is_good(snapshot));
        let found = found.ok_or(StateError::NoSuchSnapshot { serial })?;
        // With a HEAD that cannot be read, a snapshot still says how its own key was wrapped.
        let cipher = self.head().ok().flatten().map(|head| self.cipher(&head)).transpose()?.flatten();
        let bytes = self.snapshot_bytes(found.serial, &found.sha256)?;
        self.decode_snapshot(found.serial, &found.sha256, &bytes, registry, cipher.as_deref())
    }

    fn restore(&self, serial: u64, options: &OpenOptions, registry: &Registry) -> Result<Restored, StateError> {
        let lock = self.lock(options)?;
        // What is current is about to be replaced, whatever key it is under.
        let current = self.moving();
        let mut state = current.snapshot(serial, registry)?;
        // What is damaged remembers nothing.
        if let Ok(current) = current.load(registry) {
            state.remember_plans(&current.state);
        }
        // A HEAD that cannot be read has nothing to say here; one of a newer plat or another stack has.
        let head = match current.head() {
            Ok(head) => head,
            Err(StateError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        let newest = self.listed()?.first().map_or(serial, |snapshot| snapshot.serial);
        let journal = self.journals_aside()?;
        state.serial = newest.max(head.as_ref().map_or(0, |head| head.serial)) + 1;
        let found = self.listed()?.into_iter().find(|snapshot| snapshot.serial == serial);
        let own = found.and_then(|found| read(&self.snapshot_path(found.serial, &found.sha256)).ok().flatten());
        let wrapped = head.as_ref().and_then(|head| head.encryption.clone()).or_else(|| wrapped_in(&own?));
        let cipher = current.encryption.writing(&self.location(), wrapped.as_ref(), &Context::of(&state))?;
        let bytes = stored(&state, cipher.as_deref())?;
        let sha256 = sha256_hex(&bytes);
        let encryption = cipher.as_ref().map(|cipher| cipher.wrapped());
        let mut medium = LocalMedium::new(self.clone(), lock, head.map_or(newest, |head| head.epoch) + 1)?;
        let (lineage, serial) = (state.lineage.as_str(), state.serial);
        let commit = Commit { lineage, serial, sha256: &sha256, bytes: &bytes, encryption, same: false, journal: None };
        medium.commit(&commit)?;
        Ok(Restored { serial: state.serial, journal })
    }

    fn unlock(&self, _epoch: u64) -> Result<Unlocked, StateError> {
        Ok(Unlocked::OfProcess)
    }

    fn rekey(&self, new: &Encryption, options: &OpenOptions, registry: &Registry) -> Result<(), StateError> {
        let (place, old) = (self.location(), self.moving());
        let head = old.head()?.ok_or_else(|| StateError::NothingToEncrypt { place: place.clone() })?;
        if head.encryption.is_none() {
            return encrypt(&self.clone().with_encryption(new.clone().moving()), options, registry);
        }
        let lock = self.lock(options)?;
        let head = old.head()?.ok_or_else(|| StateError::damaged(self.head_path().display(), "it is missing"))?;
        let cipher = old.encryption.rekeyed(new, &place, head.encryption.as_ref(), &head.context())?;
        let head = Head { encryption: Some(cipher.wrapped().clone()), epoch: head.epoch + 1, ..head };
        lock.guard().held()?;
        self.disk.replace(&self.head_path(), &head.encode(Some(&cipher))?)
    }
}

/// The writing half of a local store.
struct LocalMedium {
    store: LocalStore,
    lock: Option<Lock>,
    guard: Arc<FileGuard>,
    epoch: u64,
    /// HEAD's bytes as they were when the lock was taken or HEAD was last written.
    head: Option<Vec<u8>>,
    journal: Option<(PathBuf, File)>,
}

impl LocalMedium {
    fn new(store: LocalStore, lock: Lock, epoch: u64) -> Result<Self, StateError> {
        let head = read(&store.head_path())?;
        let guard = lock.guard();
        Ok(Self { store, lock: Some(lock), guard, epoch, head, journal: None })
    }

    /// Somebody who deletes the lock's file, or a file system without locks, must not lead to two writers.
    fn alone(&self) -> Result<(), StateError> {
        self.guard.held()?;
        match self.lock.is_some() && read(&self.store.head_path())? == self.head {
            true => Ok(()),
            false => Err(StateError::LockLost { holder: Box::new(super::Holder::nameless()) }),
        }
    }

    fn write_head(&mut self, commit: &Commit<'_>) -> Result<(), StateError> {
        let head = Head {
            version: PLAIN,
            stack: self.store.stack.clone(),
            env: self.store.env.clone(),
            lineage: commit.lineage.to_owned(),
            epoch: self.epoch,
            serial: commit.serial,
            snapshot: commit.sha256.to_owned(),
            journal: commit.journal.map(|(name, ..)| name.to_owned()),
            encryption: commit.encryption.cloned(),
            written: now(),
        };
        let cipher = self.store.encryption.in_use(&self.store.location(), commit.encryption)?;
        let bytes = head.encode(cipher.as_deref())?;
        if self.head.is_none() {
            // The folders are new as well.
            self.store.folder.ancestors().skip(1).take(4).try_for_each(|folder| self.store.disk.sync_folder(folder))?;
        }
        self.store.disk.replace(&self.store.head_path(), &bytes)?;
        self.head = Some(bytes);
        Ok(())
    }

    /// Removes what nothing points to any more. What cannot be removed is tried again the next time.
    fn clean(&self) {
        let current = self.journal.as_ref().map(|(path, _)| path.as_path());
        for path in self.store.journals().unwrap_or_default() {
            if Some(path.as_path()) != current {
                let _ = fs::remove_file(path);
            }
        }
        for old in self.store.listed().unwrap_or_default().iter().skip(KEEP) {
            let _ = fs::remove_file(self.store.snapshot_path(old.serial, &old.sha256));
        }
    }
}

impl Medium for LocalMedium {
    fn append(&mut self, lines: &[u8], _end: Seal) -> Result<(), StateError> {
        self.alone()?;
        let (path, file) = self.journal.as_mut().ok_or_else(|| StateError::Misused("a session begins before it appends".to_owned()))?;
        self.store.disk.append(path, file, lines)?;
        // Whoever takes the lock from here on reads what was appended; whoever took it before may not have.
        self.guard.held()
    }

    fn guard(&self) -> Arc<dyn Guard> {
        self.guard.clone()
    }

    fn commit(&mut self, commit: &Commit<'_>) -> Result<(), StateError> {
        self.alone()?;
        if self.head.is_none() && self.store.nothing_begun()? {
            // Of an apply that was cut off before it had begun.
            for old in self.store.listed()? {
                let path = self.store.snapshot_path(old.serial, &old.sha256);
                fs::remove_file(&path).map_err(StateError::io(&path))?;
            }
        }
        if !commit.same {
            self.store.disk.replace(&self.store.snapshot_path(commit.serial, commit.sha256), commit.bytes)?;
        }
        self.journal = None;
        if let Some((name, lines, _)) = commit.journal {
            let path = self.store.journal_path(name);
            let mut file = self.store.disk.create(&path)?;
            self.store.disk.begin(&path, &mut file, lines)?;
            self.store.disk.sync_folder(&self.store.folder.join("journal"))?;
            self.journal = Some((path, file));
        }
        self.write_head(commit)?;
        self.clean();
        Ok(())
    }

    fn release(&mut self) -> Result<(), StateError> {
        self.journal = None;
        self.lock = None;
        Ok(())
    }
}

impl LocalStore {
    fn journals(&self) -> Result<Vec<PathBuf>, StateError> {
        let folder = self.folder.join("journal");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StateError::io(&folder)(error)),
        };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        Ok(paths.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect())
    }

    /// Copies the journals to where no session removes them.
    fn journals_aside(&self) -> Result<Option<String>, StateError> {
        let mut kept = None;
        for path in self.journals()? {
            let aside = path.with_extension("jsonl.aside");
            let copied = files::open_unlinked(&path).and_then(|mut from| io::copy(&mut from, &mut files::create(&aside, files::PRIVATE)?));
            copied.map_err(StateError::io(&path))?;
            kept = Some(aside.display().to_string());
        }
        Ok(kept)
    }
}

/// `None`: there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match files::read_unlinked(path, LARGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StateError::io(path)(error)),
    }
}
