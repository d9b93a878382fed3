//! Tells whether a writer still holds its lock, without waiting for what it writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::{Holder, StateError};

/// Looks at a held lock. Shared by the threads that are about to call the cloud.
pub trait Guard: Send + Sync {
    /// # Errors
    /// [`StateError::LockLost`] where somebody else may hold the lock by now.
    fn held(&self) -> Result<(), StateError>;
}

/// The lock's file of a local state: whoever takes the lock after it was deleted locks another file.
#[derive(Debug)]
pub struct FileGuard {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl FileGuard {
    pub fn of(path: &Path, held: &std::fs::File) -> std::io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let about = held.metadata()?;
        Ok(Self { path: path.to_owned(), device: about.dev(), inode: about.ino() })
    }
}

impl Guard for FileGuard {
    fn held(&self) -> Result<(), StateError> {
        use std::os::unix::fs::MetadataExt as _;
        match std::fs::symlink_metadata(&self.path) {
            Ok(about) if (about.dev(), about.ino()) == (self.device, self.inode) => Ok(()),
            _ => Err(StateError::LockLost { holder: Box::new(Holder::nameless()) }),
        }
    }
}

/// When a lease was last known to be ours, by both clocks: one stops while a machine sleeps, the other can be set.
#[derive(Debug, Clone)]
pub struct Sure(Arc<Mutex<(SystemTime, Instant)>>);

impl Sure {
    pub fn now() -> Self {
        Self(Arc::new(Mutex::new((SystemTime::now(), Instant::now()))))
    }

    /// `since`: what was read before the write that succeeded.
    pub fn set(&self, since: (SystemTime, Instant)) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// How long ago that was; of two clocks that differ, the later one. `most` where a clock was set back.
    pub fn age(&self, most: Duration) -> Duration {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.0.elapsed().unwrap_or(most).max(since.1.elapsed())
    }
}
