//! What was found out of pairs of types, so that each pair is looked at once.

use std::collections::HashMap;

/// Types with fewer parts are as soon looked at again as looked up.
const SMALL: u32 = 16;

/// Answers by the identity of two types, which live as long as the comparison does.
#[derive(Debug)]
pub(super) struct Pairs<T> {
    known: HashMap<(usize, usize), T, foldhash::fast::RandomState>,
}

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self { known: HashMap::default() }
    }
}

impl<T: Clone> Pairs<T> {
    /// The answer for a pair, found out at its first mention. `weight` is the number of parts of one of them.
    pub(super) fn once(&mut self, pair: (usize, usize), weight: u32, find: impl FnOnce(&mut Self) -> T) -> T {
        if weight < SMALL {
            return find(self);
        }
        if let Some(known) = self.known.get(&pair) {
            return known.clone();
        }
        let found = find(self);
        self.known.insert(pair, found.clone());
        found
    }
}
