//! Collects diagnostics; instances of one declaration with the same mistake make one diagnostic.

use std::collections::{HashMap, HashSet};

use crate::address::Address;
use crate::diagnostic::Diagnostic;
use crate::network::{Place, Places};
use crate::source::Span;

/// The diagnostics so far.
pub struct Findings<'p> {
    places: &'p dyn Places,
    found: Vec<(Diagnostic, usize)>,
    by_place: HashMap<(u16, Span, usize), usize>,
    /// Attributes of resources whose values the registry's constraints refuse: one mistake is reported once.
    refused: HashSet<(Address, &'static str)>,
}

impl<'p> Findings<'p> {
    pub fn new(places: &'p dyn Places) -> Self {
        Self { places, found: Vec::new(), by_place: HashMap::new(), refused: HashSet::new() }
    }

    /// Returns where the configuration says `place`.
    pub fn span(&self, place: &Place) -> Span {
        self.places.span(place)
    }

    /// Notes that an attribute's value is refused whatever the others are.
    pub fn refuse(&mut self, address: &Address, attribute: &'static str) {
        self.refused.insert((address.clone(), attribute));
    }

    /// Returns whether a value of the attribute was refused before.
    pub fn is_refused(&self, address: &Address, attribute: &'static str) -> bool {
        !self.refused.is_empty() && self.refused.contains(&(address.clone(), attribute))
    }

    /// Adds a diagnostic, or counts it when the same code was reported at the same span.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        self.add_of(diagnostic, 0);
    }

    /// Adds a diagnostic that counts as the same only when it comes from the same declaration, `origin`.
    pub fn add_of(&mut self, diagnostic: Diagnostic, origin: usize) {
        let key = (diagnostic.code.0, diagnostic.span, origin);
        match self.by_place.get(&key).and_then(|first| self.found.get_mut(*first)) {
            Some((_, more)) => *more += 1,
            None => {
                self.by_place.insert(key, self.found.len());
                self.found.push((diagnostic, 0));
            }
        }
    }

    /// Returns the diagnostics in the order in which they were added.
    pub fn finish(self) -> Vec<Diagnostic> {
        let labelled = |(mut diagnostic, more): (Diagnostic, usize)| {
            if more > 0 {
                diagnostic.label.push_str(&format!(", and the same of {more} more"));
            }
            diagnostic
        };
        self.found.into_iter().map(labelled).collect()
    }
}
