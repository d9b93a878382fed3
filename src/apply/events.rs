//! What happens while a plan is carried out, told as it happens; no secret is in it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::address::Address;
use crate::provider::ProviderError;

/// What one call does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    Creating,
    Updating,
    Deleting,
    Importing,
    Forgetting,
}

/// Something that happened. `step` is the position in the plan's steps; a replacement starts and finishes twice, once for each half.
#[derive(Debug, Clone)]
pub struct Event {
    pub step: usize,
    pub address: Address,
    pub type_name: Arc<str>,
    pub doing: Doing,
    pub what: Happened,
}

#[derive(Debug, Clone)]
pub enum Happened {
    Started,
    /// Still running after so long; every [`PROGRESS`](super::PROGRESS).
    Progress {
        elapsed: Duration,
    },
    /// The cloud has it, and plat knows its id for good.
    Accepted {
        id: String,
    },
    Finished {
        elapsed: Duration,
        /// The resource's id; `None` when it is gone.
        id: Option<String>,
        /// What was to change turned out as it was: no call was made.
        unchanged: bool,
    },
    Failed {
        elapsed: Duration,
        error: ProviderError,
    },
    /// Not started: it waits for what failed or was never reached.
    Skipped {
        waits_for: Vec<Address>,
    },
}

/// Told of events, from any thread; must be quick.
pub trait Observer: Send + Sync {
    fn event(&self, event: &Event);
}

/// Hears nothing.
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event) {}
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}

/// Asks a run to stop. Clones are handles to the same request.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<watch::Sender<Stop>>);

/// How urgently to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stop {
    #[default]
    No,
    /// Start nothing new, finish what runs.
    Gently,
    /// Leave at once; the journal makes it safe.
    AtOnce,
}

impl Default for Cancel {
    fn default() -> Self {
        Self(Arc::new(watch::channel(Stop::No).0))
    }
}

impl Cancel {
    /// The first call asks to stop gently, the second to leave at once. Answers what is now asked.
    pub fn request(&self) -> Stop {
        self.0.send_modify(|stop| {
            *stop = match stop {
                Stop::No => Stop::Gently,
                Stop::Gently | Stop::AtOnce => Stop::AtOnce,
            }
        });
        *self.0.borrow()
    }

    pub fn stop(&self) -> Stop {
        *self.0.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Stop> {
        self.0.subscribe()
    }
}
