//! The lock on a local state: `flock` on a file that is never renamed. The kernel drops it when the process ends,
//! however it ends, so there is nothing to unlock by hand.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::guard::{FileGuard, Guard as _};
use super::{Holder, OpenOptions, StateError};
use crate::files;

/// How often a lock is tried again while waiting for it.
const AGAIN: Duration = Duration::from_millis(50);

/// A held lock. Dropping it gives it back.
#[derive(Debug)]
pub struct Lock {
    file: File,
    guard: Arc<FileGuard>,
}

impl Lock {
    pub fn take(path: &Path, options: &OpenOptions) -> Result<Lock, StateError> {
        // No deadline: longer than the clock can say.
        let deadline = Instant::now().checked_add(options.wait);
        let open = || files::open_to_change(path, false).map_err(StateError::io(path));
        let mut file = open()?;
        let guard = loop {
            match file.try_lock() {
                Ok(()) => {
                    let guard = FileGuard::of(path, &file).map_err(StateError::io(path))?;
                    if guard.held().is_ok() {
                        break Arc::new(guard);
                    }
                    // It was deleted since it was opened: others lock another file.
                    file = open()?;
                }
                Err(TryLockError::Error(error)) => return Err(StateError::io(path)(error)),
                Err(TryLockError::WouldBlock) if deadline.is_none_or(|deadline| Instant::now() < deadline) => std::thread::sleep(AGAIN),
                Err(TryLockError::WouldBlock) => {
                    return Err(StateError::Locked { holder: Box::new(holder(&mut file)), expires_in: None, epoch: None });
                }
            }
        };
        let mut lock = Lock { file, guard };
        lock.name(&options.holder).map_err(StateError::io(path))?;
        Ok(lock)
    }

    /// Tells whether the file that others would lock is still this one.
    pub fn guard(&self) -> Arc<FileGuard> {
        self.guard.clone()
    }

    /// Tells others who holds it. Only for their message: the lock itself is the kernel's.
    fn name(&mut self, holder: &Holder) -> std::io::Result<()> {
        let text = serde_json::to_vec(holder).map_err(std::io::Error::other)?;
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&text)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name of who held it would mislead; that it was held ends with the file's handle in any case.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Who holds the lock. It is written right after the lock is taken, so it may take a moment to be there.
fn holder(file: &mut File) -> Holder {
    for _ in 0..5 {
        let mut text = Vec::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut text));
        if let (Ok(_), Ok(holder)) = (read, serde_json::from_slice(&text)) {
            return holder;
        }
        std::thread::sleep(AGAIN / 5);
    }
    Holder::nameless()
}
