//! Where states live.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Encryption, Pending, Session, StateError, StateFile};
use crate::schema::Registry;

/// A place that keeps the state of one environment of one stack.
pub trait StateStore: Send + Sync {
    /// Where it is, for people.
    fn location(&self) -> String;

    /// Reads without a lock. What a running or killed apply finished is in the state already.
    fn load(&self, registry: &Registry) -> Result<Loaded, StateError>;

    /// Takes the lock and reads. Nothing of the state is changed before [`Session::begin`].
    fn open(&self, options: &OpenOptions, registry: &Registry) -> Result<(Session, Loaded), StateError>;

    /// The snapshots that are kept, newest first, damaged ones left out.
    fn history(&self) -> Result<Vec<Snapshot>, StateError>;

    /// One of the snapshots.
    fn snapshot(&self, serial: u64, registry: &Registry) -> Result<StateFile, StateError>;

    /// Makes an old snapshot the current state, under a new serial, even when the current one is damaged. Takes the
    /// lock. Operations that were still open are kept aside in a file whose place is returned, and not carried on.
    fn restore(&self, serial: u64, options: &OpenOptions, registry: &Registry) -> Result<Restored, StateError>;

    /// Takes the lock from a holder that is gone, if it is the lease with this epoch. Should the holder live after all,
    /// its next write fails.
    fn unlock(&self, epoch: u64) -> Result<Unlocked, StateError>;

    /// Puts the key of an encrypted state under the one that `new` says, whatever it was under, and writes nothing else anew; encrypts a
    /// state that is plain. Takes the lock.
    fn rekey(&self, new: &Encryption, options: &OpenOptions, registry: &Registry) -> Result<(), StateError>;
}

/// Writes a plain state anew, as `store` encrypts it, with what was still open in it.
pub(super) fn encrypt(store: &dyn StateStore, options: &OpenOptions, registry: &Registry) -> Result<(), StateError> {
    let (session, mut loaded) = store.open(options, registry)?;
    session.begin(&mut loaded.state, &super::random_id()?)?;
    session.finish(&mut loaded.state)
}

/// The outcome of [`StateStore::unlock`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlocked {
    /// It was this holder's.
    Broken(Holder),
    /// Nobody holds it.
    Free,
    /// The system's own lock, which ends with its process: there is nothing to break.
    OfProcess,
}

/// What a store holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub state: StateFile,
    /// Operations whose outcome is not known, in the order they were begun.
    pub pending: Vec<Pending>,
    /// Nothing is stored yet: lineage and fingerprint key were made up just now, and stay only once a session begins.
    pub new: bool,
    /// When the snapshot was made current, in seconds since 1970.
    pub written: Option<u64>,
}

/// The outcome of [`StateStore::restore`].
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    pub serial: u64,
    /// Where the journal that was given up lies, when there was one.
    pub journal: Option<String>,
}

/// A stored state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub serial: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    pub bytes: u64,
}

/// How to open a session.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    pub holder: Holder,
    /// How long to wait for another holder to end.
    pub wait: Duration,
}

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// `maria@build-7`
    pub who: String,
    pub pid: u32,
    /// `plat apply -e production`
    pub command: String,
    /// Seconds since 1970.
    pub since: u64,
}

impl Holder {
    /// A holder whose lock file says nothing yet.
    pub(super) fn nameless() -> Self {
        Self { who: String::new(), pid: 0, command: String::new(), since: 0 }
    }
}

/// `` `plat apply` of maria@build-7 (pid 4711) since 2026-11-21 07:40:56 UTC ``
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.who.is_empty() && self.pid == 0 {
            return f.write_str("another process");
        }
        write!(f, "`{}` of {} (pid {}) since {}", self.command, self.who, self.pid, utc(self.since))
    }
}

/// Seconds since 1970 as `2026-11-21 07:40:56 UTC`.
fn utc(seconds: u64) -> String {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // Days to a civil date: Howard Hinnant's algorithm, with eras of 400 years that begin on 1 March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600, of_day % 3_600 / 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Seconds since 1970, now.
pub(super) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_dates() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_827_696), "2000-02-29 12:34:56 UTC");
        assert_eq!(utc(1_798_761_599), "2026-12-31 23:59:59 UTC");
    }
}
