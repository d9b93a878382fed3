//! Every call that reached the proxy.

use std::collections::BTreeMap;
use std::fmt;

use super::call::Call;

/// Access key id of the witness.
pub const WITNESS: &str = "witness";

#[derive(Debug, Clone)]
pub struct Entry {
    pub caller: String,
    pub region: String,
    pub service: String,
    pub operation: String,
    pub mutates: bool,
    /// HTTP status that the caller got; none when it got no answer.
    pub status: Option<u16>,
    /// The emulator does the operation at all.
    pub known: bool,
    /// A fault happened to it.
    pub disturbed: bool,
    /// What an answer that is an error said.
    pub said: String,
}

/// The calls in the order in which they came in.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Vec<Entry>);

impl Ledger {
    /// Enters a call, and gives its number.
    pub fn enter(&mut self, call: &Call) -> usize {
        self.0.push(Entry {
            caller: call.caller.clone(),
            region: call.region.clone(),
            service: call.service.clone(),
            operation: call.operation.clone(),
            mutates: call.mutates(),
            status: None,
            known: true,
            disturbed: false,
            said: String::new(),
        });
        self.0.len() - 1
    }

    pub fn entry(&mut self, number: usize) -> &mut Entry {
        &mut self.0[number]
    }

    /// What was called, without the witness.
    pub fn calls(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| entry.caller != WITNESS)
    }

    /// How many calls there are so far, the witness's included: a mark for [`Ledger::changed_after`].
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The calls of one caller that came in after a mark and changed something, as far as the answer tells.
    pub fn changed_after<'a>(&'a self, mark: usize, caller: &'a str) -> impl Iterator<Item = &'a Entry> {
        let done = |entry: &&Entry| entry.mutates && entry.status.is_some_and(|status| status < 300);
        self.0.iter().skip(mark).filter(move |entry| entry.caller == caller).filter(done)
    }

    /// How often each operation was called.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.calls() {
            *counts.entry(entry.operation.as_str()).or_default() += 1;
        }
        counts
    }

    pub fn count(&self, operation: &str) -> usize {
        self.calls().filter(|entry| entry.operation == operation).count()
    }

    /// Calls that can change something, by operation, in their order.
    pub fn mutations(&self) -> Vec<&str> {
        self.calls().filter(|entry| entry.mutates).map(|entry| entry.operation.as_str()).collect()
    }

    /// How many calls a fault happened to.
    pub fn disturbed(&self) -> usize {
        self.calls().filter(|entry| entry.disturbed).count()
    }

    /// Operations that an emulator does not do at all.
    pub fn unknown(&self) -> Vec<String> {
        self.calls().filter(|entry| !entry.known).map(|entry| format!("{}:{}", entry.service, entry.operation)).collect()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.calls() {
            let status = entry.status.map_or("no answer".to_owned(), |s| s.to_string());
            writeln!(f, "  {:12} {:36} {:10} {status} {}", entry.service, entry.operation, entry.region, entry.said)?;
        }
        Ok(())
    }
}
