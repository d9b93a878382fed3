//! The state as the plan sees it: moved, and with what was read folded in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::address::{Address, Step};
use crate::desired::Move;
use crate::state::{Record, StateFile};

use super::facts::Live;
use super::options::PrepareError;

/// A state whose records are shared, not copied.
#[derive(Debug, Clone)]
pub struct View {
    /// The state without its resources.
    pub header: StateFile,
    pub records: BTreeMap<Address, Arc<Record>>,
    /// Attributes that hold the text of a secret, of resources that show one. In memory only.
    pub(crate) live: BTreeMap<Address, Arc<Live>>,
    /// Fingerprints in a moved record were made for the old address.
    pub(crate) moved_from: BTreeMap<Address, Address>,
}

impl View {
    pub fn new(mut state: StateFile) -> Self {
        let records = std::mem::take(&mut state.resources).into_iter().map(|(a, r)| (a, Arc::new(r))).collect();
        Self { header: state, records, live: BTreeMap::new(), moved_from: BTreeMap::new() }
    }

    /// The state to write; takes records over where nobody else holds them.
    pub fn into_state(self) -> StateFile {
        let resources = self.records.into_iter().map(|(a, r)| (a, Arc::unwrap_or_clone(r))).collect();
        StateFile { resources, ..self.header }
    }

    /// Gives records their new addresses. Answers what moved, from and to.
    pub(crate) fn carry_out(&mut self, moves: &[Move]) -> Result<Vec<(Address, Address)>, PrepareError> {
        let mut moved = Vec::new();
        for wanted in moves {
            for (from, to) in self.affected(wanted) {
                if self.records.contains_key(&to) {
                    let problem = format!("both `{from}` and `{to}` are recorded; forget or remove one of them first");
                    return Err(PrepareError::Move { from: wanted.from.clone(), to: wanted.to.clone(), span: wanted.span, problem });
                }
                if let Some(record) = self.records.remove(&from) {
                    let origin = self.moved_from.remove(&from).unwrap_or_else(|| from.clone());
                    self.records.insert(to.clone(), record);
                    self.moved_from.insert(to.clone(), origin);
                    moved.push((from, to));
                }
            }
        }
        if !moved.is_empty() {
            self.rename_dependencies(&moved);
        }
        Ok(moved)
    }

    fn affected(&self, wanted: &Move) -> Vec<(Address, Address)> {
        let inner_keys_open = wanted.from.steps().iter().rev().skip(1).any(|step| step.key.is_none());
        // What lies within an address stands together in the order of addresses, unless a key further out is left open.
        let candidates: Box<dyn Iterator<Item = &Address>> = match inner_keys_open {
            true => Box::new(self.records.keys()),
            false => Box::new(self.records.range(&wanted.from..).map(|(a, _)| a).take_while(|a| a.is_within(&wanted.from))),
        };
        let within = candidates.filter(|a| a.is_within(&wanted.from));
        within.map(|from| (from.clone(), renamed(from, wanted))).filter(|(from, to)| from != to).collect()
    }

    fn rename_dependencies(&mut self, moved: &[(Address, Address)]) {
        let names: HashMap<&Address, &Address> = moved.iter().map(|(from, to)| (from, to)).collect();
        for record in self.records.values_mut() {
            if record.dependencies.iter().any(|on| names.contains_key(on)) {
                for on in &mut Arc::make_mut(record).dependencies {
                    if let Some(to) = names.get(on) {
                        *on = (*to).clone();
                    }
                }
            }
        }
    }
}

/// `address`, which lies within the move's source, at its target. A key that the move does not name stays.
fn renamed(address: &Address, wanted: &Move) -> Address {
    let depth = wanted.from.steps().len();
    let own: Vec<&Step> = address.steps().iter().take(depth).collect();
    let mut steps: Vec<Step> = wanted.to.steps().to_vec();
    let same_depth = steps.len() == depth;
    let last = steps.len().saturating_sub(1);
    for (i, step) in steps.iter_mut().enumerate() {
        let counterpart = if i == last { depth.checked_sub(1) } else { same_depth.then_some(i) };
        let Some(at) = counterpart else { continue };
        let open = wanted.from.steps().get(at).is_some_and(|from| from.key.is_none());
        if step.key.is_none() && open {
            step.key = own.get(at).and_then(|own| own.key.clone());
        }
    }
    steps.extend(address.steps().iter().skip(depth).cloned());
    Address::from(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Span};

    #[test]
    fn moves_keep_the_keys_and_insides_that_they_do_not_name() {
        let mv = |from: &str, to: &str| Move { from: from.parse().unwrap(), to: to.parse().unwrap(), span: Span::new(FileId(0), 0, 0) };
        let moved = |address: &str, from: &str, to: &str| renamed(&address.parse().unwrap(), &mv(from, to)).to_string();
        assert_eq!(moved("a", "a", "b"), "b");
        assert_eq!(moved("a[\"k\"]", "a", "b"), "b[\"k\"]");
        assert_eq!(moved("a", "a", "b[\"k\"]"), "b[\"k\"]");
        assert_eq!(moved("a[\"k\"]", "a[\"k\"]", "b"), "b");
        assert_eq!(moved("a.x[\"k\"].y", "a", "net.b"), "net.b.x[\"k\"].y");
        assert_eq!(moved("m[\"1\"].x", "m.x", "m.y"), "m[\"1\"].y");
    }
}
