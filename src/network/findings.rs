//! What is wrong with the networks of a program, told at the exact word.

use super::{Network, belongs, connected, public, ranges, rules};
use crate::address::Address;
use crate::desired::Desired;
use crate::diagnostic::Diagnostic;
use crate::schema::Registry;
use crate::source::Span;

/// A word of the program: an attribute of a resource, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub address: Address,
    pub path: Vec<Part>,
}

/// A step into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    Name(&'static str),
    At(usize),
}

/// Where the program says what. The evaluator knows; the declaration's name when there is no better place.
pub trait Places {
    fn span(&self, place: &Place) -> Span;
}

impl Place {
    pub(crate) fn of(address: &Address) -> Self {
        Self { address: address.clone(), path: Vec::new() }
    }

    pub(crate) fn named(address: &Address, attribute: &'static str) -> Self {
        Self { address: address.clone(), path: vec![Part::Name(attribute)] }
    }

    pub(crate) fn with(mut self, part: Part) -> Self {
        self.path.push(part);
        self
    }
}

/// The findings so far, and how to get at places.
pub(super) struct Notes<'p> {
    pub network: &'p Network,
    pub places: &'p dyn Places,
    found: Vec<Diagnostic>,
    /// How many instances of one declaration have the same mistake.
    more: Vec<usize>,
    seen: std::collections::HashMap<(u16, Span), usize>,
}

impl Notes<'_> {
    pub(super) fn span(&self, place: &Place) -> Span {
        self.places.span(place)
    }

    /// Keeps a finding. The instances of one declaration make one mistake, and it is told once.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        match self.seen.get(&(diagnostic.code.0, diagnostic.span)) {
            Some(first) => {
                if let Some(count) = self.more.get_mut(*first) {
                    *count += 1;
                }
            }
            None => {
                self.seen.insert((diagnostic.code.0, diagnostic.span), self.found.len());
                self.found.push(diagnostic);
                self.more.push(0);
            }
        }
    }
}

/// All that is wrong or risky.
pub fn findings(network: &Network, desired: &Desired, registry: &Registry, places: &dyn Places) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    ranges::check(desired, registry, &mut diagnostics);
    if network.is_empty() {
        return diagnostics;
    }
    let mut notes = Notes { network, places, found: Vec::new(), more: Vec::new(), seen: Default::default() };
    belongs::check(&mut notes);
    connected::check(&mut notes);
    public::check(&mut notes);
    rules::check(&mut notes);
    for (mut diagnostic, more) in notes.found.into_iter().zip(notes.more) {
        if more > 0 {
            diagnostic.label.push_str(&format!(", and the same of {more} more"));
        }
        diagnostics.push(diagnostic);
    }
    diagnostics
}
