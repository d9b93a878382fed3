//! What a local state does to the disk, in one place: so that it is always done the same way, and tests can make each of it fail.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::StateError;
use crate::files;

/// The disk.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    #[cfg(test)]
    pub trouble: Option<std::sync::Arc<super::tests::disk::Trouble>>,
}

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Create,
    Write,
    Sync,
    Rename,
}

impl Disk {
    /// A new file that only its owner can read, in place of what a cut-off run left there; never through a link.
    pub fn create(&self, path: &Path) -> Result<File, StateError> {
        self.fails(Deed::Create).and_then(|()| files::create(path, files::PRIVATE)).map_err(StateError::io(path))
    }

    /// Appends to a file. Durable when it returns; after an error nobody knows how much of it is there.
    pub fn append(&self, path: &Path, file: &mut File, bytes: &[u8]) -> Result<(), StateError> {
        self.write(file, bytes).and_then(|()| self.fails(Deed::Sync)).and_then(|()| file.sync_data()).map_err(StateError::io(path))
    }

    /// The first bytes of a file that was just created, and its size.
    pub fn begin(&self, path: &Path, file: &mut File, bytes: &[u8]) -> Result<(), StateError> {
        self.write(file, bytes).and_then(|()| self.fails(Deed::Sync)).and_then(|()| file.sync_all()).map_err(StateError::io(path))
    }

    /// Replaces a file in one step: whoever looks, and whatever happens, sees the old one or the new one, whole.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
        let temporary = path.with_extension("tmp");
        let mut file = self.create(&temporary)?;
        self.begin(&temporary, &mut file, bytes)?;
        drop(file);
        self.fails(Deed::Rename).and_then(|()| fs::rename(&temporary, path)).map_err(StateError::io(path))?;
        path.parent().map_or(Ok(()), |folder| self.sync_folder(folder))
    }

    /// Makes names in a folder durable, where the system has a way to.
    pub fn sync_folder(&self, folder: &Path) -> Result<(), StateError> {
        if cfg!(unix) {
            self.fails(Deed::Sync).and_then(|()| files::sync_folder(folder)).map_err(StateError::io(folder))?;
        }
        Ok(())
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.fails(Deed::Write) {
            // As on a full disk: some of it is written.
            let _ = bytes.get(..bytes.len() / 2).map(|half| file.write_all(half));
            return Err(error);
        }
        file.write_all(bytes)
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "only a test's disk fails by itself")]
    fn fails(&self, _: Deed) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn fails(&self, deed: Deed) -> io::Result<()> {
        self.trouble.as_ref().map_or(Ok(()), |trouble| trouble.strikes(deed))
    }
}
