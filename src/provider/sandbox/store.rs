//! The world's file: a line for each change, appended in one write, so that a killed process leaves every acknowledged
//! change and nothing half done. Processes exclude each other by a lock on a file beside it that is never renamed.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::SandboxError;
use super::world::{Codecs, World, header};
use crate::files;

/// The file of one world.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    lock: File,
    /// The file as it was when it was last read or written; another inode is another file.
    inode: u64,
    /// Bytes of whole lines that the world in memory has.
    seen: u64,
    /// Bytes in the file; more than `seen` when a killed process left half a line.
    length: u64,
    file: Option<File>,
    /// Written since the last sync.
    unsynced: bool,
}

/// How a lock is held while something looks at the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

impl Store {
    pub fn open(path: &Path) -> Result<Self, SandboxError> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|e| SandboxError::io(folder, e))?;
        }
        let lock_path = with_suffix(path, ".lock");
        let lock = files::open_to_change(&lock_path, false);
        let lock = lock.map_err(|e| SandboxError::io(&lock_path, e))?;
        Ok(Self { path: path.to_owned(), lock, inode: 0, seen: 0, length: 0, file: None, unsynced: false })
    }

    /// Locks the file and brings the world up to date with it. [`Store::leave`] ends it.
    pub fn enter(&mut self, access: Access, world: &mut World, codecs: &mut Codecs) -> Result<(), SandboxError> {
        let locked = match access {
            Access::Read => self.lock.lock_shared(),
            Access::Write => self.lock.lock(),
        };
        locked.map_err(|e| SandboxError::io(&self.path, e))?;
        let refreshed = self.refresh(world, codecs);
        if refreshed.is_err() {
            self.leave();
        }
        refreshed
    }

    pub fn leave(&self) {
        // Closing the file lets go of the lock in any case.
        let _ = self.lock.unlock();
    }

    /// Takes in what others wrote.
    fn refresh(&mut self, world: &mut World, codecs: &mut Codecs) -> Result<(), SandboxError> {
        let (inode, length) = match fs::metadata(&self.path) {
            Ok(meta) => (meta.ino(), meta.len()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => (0, 0),
            Err(e) => return Err(SandboxError::io(&self.path, e)),
        };
        if inode != self.inode || length < self.seen {
            *world = World::default();
            (self.inode, self.seen, self.file) = (inode, 0, None);
        }
        self.length = length;
        if length == self.seen {
            return Ok(());
        }
        let unreadable = |e| SandboxError::io(&self.path, e);
        let damaged = |offset: u64, problem: String| SandboxError::Damaged { path: self.path.clone(), offset, problem };
        let (mut lines, mut line, mut offset) = (self.lines_from(self.seen).map_err(unreadable)?, Vec::new(), self.seen);
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(unreadable)?;
            // What has no line end was never acknowledged.
            if line.last() != Some(&b'\n') {
                break;
            }
            let text = std::str::from_utf8(&line).map_err(|e| damaged(offset, e.to_string()))?;
            world.take(text, codecs).map_err(|problem| damaged(offset, problem))?;
            offset += line.len() as u64;
        }
        self.seen = offset;
        Ok(())
    }

    fn lines_from(&self, offset: u64) -> io::Result<BufReader<File>> {
        let mut file = files::open_unlinked(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(BufReader::with_capacity(1 << 16, file))
    }

    /// Appends whole lines. Only between [`Store::enter`] for writing and [`Store::leave`].
    pub fn append(&mut self, lines: &str, world: &mut World) -> Result<(), SandboxError> {
        let result = self.try_append(lines, world);
        // A short write is cut off by whoever writes next: `length` is read again with the lock.
        result.map_err(|e| SandboxError::io(&self.path, e))
    }

    /// Drops the file's past when most of it is past. The world in memory must have every line of it.
    pub fn tidy(&mut self, world: &mut World) -> Result<(), SandboxError> {
        if world.is_stale() { self.rewrite(world) } else { Ok(()) }
    }

    fn try_append(&mut self, lines: &str, world: &mut World) -> io::Result<()> {
        let fresh = self.seen == 0;
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = files::open_to_change(&self.path, true)?;
                self.inode = file.metadata()?.ino();
                none.insert(file)
            }
        };
        if self.length > self.seen {
            file.set_len(self.seen)?;
        }
        let text = if fresh { header().map_err(io::Error::other)? + lines } else { lines.to_owned() };
        self.unsynced = true;
        file.write_all(text.as_bytes())?;
        self.seen += text.len() as u64;
        self.length = self.seen;
        world.wrote(text.lines().count());
        Ok(())
    }

    /// Writes the file anew without its past.
    fn rewrite(&mut self, world: &mut World) -> Result<(), SandboxError> {
        let text = world.text().map_err(|problem| SandboxError::Damaged { path: self.path.clone(), offset: 0, problem })?;
        let next = with_suffix(&self.path, ".next");
        let write = || {
            let mut file = files::create(&next, files::PRIVATE)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            let inode = file.metadata()?.ino();
            fs::rename(&next, &self.path)?;
            Ok(inode)
        };
        self.inode = write().map_err(|e: io::Error| SandboxError::io(&self.path, e))?;
        (self.seen, self.length, self.file) = (text.len() as u64, text.len() as u64, None);
        Ok(())
    }

    /// Makes everything written so far survive a loss of power.
    pub fn sync(&mut self) -> Result<(), SandboxError> {
        if let (true, Some(file)) = (self.unsynced, &self.file) {
            file.sync_all().map_err(|e| SandboxError::io(&self.path, e))?;
        }
        self.unsynced = false;
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // There is no one left to tell; what the process acknowledged is with the system already.
        let _ = self.sync();
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
