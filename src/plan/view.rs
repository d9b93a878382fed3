//! The state as the plan sees it: moved, and with what was read folded in.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Address;
use crate::state::{Record, StateFile};

use super::facts::Live;

/// A state, and what is known besides.
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
        let records = std::mem::take(&mut state.resources);
        Self { header: state, records, live: BTreeMap::new(), moved_from: BTreeMap::new() }
    }

    /// The state to write.
    pub fn into_state(self) -> StateFile {
        StateFile { resources: self.records, ..self.header }
    }
}
