//! What can go wrong in a cloud, on demand.

use std::sync::Arc;

use crate::value::Duration;

/// A kind of call to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    Identity,
    Create,
    Read,
    Update,
    Delete,
    Find,
    Lookup,
    Secret,
}

impl Call {
    pub(super) const COUNT: usize = 8;

    pub fn name(self) -> &'static str {
        match self {
            Call::Identity => "GetCallerIdentity",
            Call::Create => "Create",
            Call::Read => "Describe",
            Call::Update => "Modify",
            Call::Delete => "Delete",
            Call::Find => "DescribeTags",
            Call::Lookup => "Lookup",
            Call::Secret => "GetSecretValue",
        }
    }

    /// May change something.
    pub fn mutates(self) -> bool {
        matches!(self, Call::Create | Call::Update | Call::Delete)
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The cloud refuses with this code; nothing is changed.
    Refuse { code: String, message: String },
    /// The caller may not.
    Deny,
    /// The request never arrives, and nobody can tell: in doubt.
    LoseRequest,
    /// Everything is done, and the answer never arrives: in doubt.
    LoseResponse,
    /// This many attempts are answered with "slow down". The sandbox tries again as an SDK does, on its own clock;
    /// more than [`ATTEMPTS`] are an error.
    Throttle { attempts: u32 },
    /// Takes this much longer.
    Slow(Duration),
    /// A new id cannot be seen for this long; waiting for it costs the world's time and calls.
    Hide(Duration),
    /// Accepted, and ends in a failed state.
    Fail,
    /// Accepted, and not through before the operation's timeout.
    TimeOut,
    /// The call never returns and never arrived: the process died before it.
    StopBefore,
    /// The call never returns and is carried out: the process died before it heard of it.
    StopAfter,
    /// The call never returns after it made the id known: the process died while it waited.
    StopAccepted,
}

/// Attempts that one call makes before throttling becomes an error.
pub const ATTEMPTS: u32 = 8;

/// One thing to go wrong: `what`, at the calls numbered `first` up to `first + times`, counted over those that fit.
#[derive(Debug, Clone)]
pub struct Fault {
    /// `None`: any call.
    call: Option<Call>,
    /// `None`: any type.
    type_name: Option<Arc<str>>,
    first: u64,
    times: u64,
    what: What,
    seen: u64,
}

impl Fault {
    /// At every call from the first on.
    pub fn always(what: What) -> Self {
        Self { call: None, type_name: None, first: 1, times: u64::MAX, what, seen: 0 }
    }

    /// At the `n`th fitting call only, counted from 1.
    pub fn nth(n: u64, what: What) -> Self {
        Self { first: n, times: 1, ..Self::always(what) }
    }

    /// Only at calls of this kind.
    #[must_use]
    pub fn of(mut self, call: Call) -> Self {
        self.call = Some(call);
        self
    }

    #[must_use]
    pub fn on(mut self, type_name: &str) -> Self {
        self.type_name = Some(type_name.into());
        self
    }

    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    fn fits(&self, call: Call, type_name: &str) -> bool {
        match self.call {
            Some(own) if own != call => return false,
            None if !call.mutates() => return false,
            _ => {}
        }
        self.type_name.as_ref().is_none_or(|own| &**own == type_name)
    }
}

/// Everything that goes wrong with one sandbox. Faults without a call are about the calls that change something.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn none() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.0.push(fault);
        self
    }

    /// Counts a call and says what goes wrong with it.
    pub(super) fn strike(&mut self, call: Call, type_name: &str) -> Vec<What> {
        let mut struck = Vec::new();
        for fault in self.0.iter_mut().filter(|f| f.fits(call, type_name)) {
            fault.seen += 1;
            if fault.seen >= fault.first && fault.seen - fault.first < fault.times {
                struck.push(fault.what.clone());
            }
        }
        struck
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_count_what_fits_them() {
        let mut faults =
            Faults::none().with(Fault::nth(2, What::Deny).of(Call::Create).on("a.B")).with(Fault::nth(2, What::LoseRequest).times(2));
        assert_eq!(faults.strike(Call::Create, "a.B"), []);
        assert_eq!(faults.strike(Call::Read, "a.B"), []);
        assert_eq!(faults.strike(Call::Create, "a.C"), [What::LoseRequest]);
        assert_eq!(faults.strike(Call::Create, "a.B"), [What::Deny, What::LoseRequest]);
        assert_eq!(faults.strike(Call::Delete, "a.B"), []);
    }
}
