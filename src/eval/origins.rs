//! Which attributes a value was computed from. What many values have in common is kept once: each says what it read itself, and which
//! other values, which know the rest.

use std::collections::HashSet;
use std::sync::Arc;

use crate::address::Address;
use crate::source::Span;
use crate::value::Hashing;

/// Attributes that are copied from value to value; more of them are shared.
const FEW: usize = 8;

/// An attribute of a resource that a value was computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub address: Address,
    pub attribute: Arc<str>,
    pub span: Span,
}

/// All that a value was computed from.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    read: Vec<Read>,
}

#[derive(Debug)]
enum Read {
    Attribute(Origin),
    /// What another value was computed from; with a place, that is where it was read.
    Value(Origins, Option<Span>),
}

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Reads {
    read: Vec<Read>,
    /// The values that are among these.
    values: HashSet<usize, Hashing>,
}

impl Reads {
    pub(super) fn attribute(&mut self, origin: Origin) {
        let same = |read: &Read| matches!(read, Read::Attribute(own) if own.attribute == origin.attribute && own.address == origin.address);
        if !self.read.iter().rev().take(FEW).any(same) {
            self.read.push(Read::Attribute(origin));
        }
    }

    /// A value is read whose origins these are. `span`: where, when that matters more than where it read them itself.
    pub(super) fn value(&mut self, origins: &Origins, span: Option<Span>) {
        let Some(node) = &origins.0 else { return };
        let attribute = |read: &Read| match read {
            Read::Attribute(origin) => Some(Origin { span: span.unwrap_or(origin.span), ..origin.clone() }),
            Read::Value(..) => None,
        };
        if node.read.len() <= FEW && node.read.iter().all(|read| matches!(read, Read::Attribute(_))) {
            node.read.iter().filter_map(attribute).for_each(|origin| self.attribute(origin));
        } else if self.values.insert(Arc::as_ptr(node) as usize) {
            self.read.push(Read::Value(origins.clone(), span));
        }
    }

    /// All that was read since the last call.
    pub(super) fn take(&mut self) -> Origins {
        self.values.clear();
        let read = std::mem::take(&mut self.read);
        if read.is_empty() { Origins::default() } else { Origins(Some(Arc::new(Node { read }))) }
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        let mut reads = Reads::default();
        origins.into_iter().for_each(|origin| reads.attribute(origin));
        reads.take()
    }
}

impl Origins {
    /// Each attribute, in the order in which it was read; what values share is there once.
    pub(super) fn all(&self) -> Vec<Origin> {
        let mut all = Vec::new();
        let mut seen: HashSet<usize, Hashing> = HashSet::default();
        let mut open: Vec<(&[Read], Option<Span>)> = self.0.iter().map(|node| (&node.read[..], None)).collect();
        while let Some((reads, span)) = open.pop() {
            let Some((first, rest)) = reads.split_first() else { continue };
            open.push((rest, span));
            match first {
                Read::Attribute(origin) => all.push(Origin { span: span.unwrap_or(origin.span), ..origin.clone() }),
                Read::Value(origins, own) => {
                    if let Some(node) = origins.0.as_ref().filter(|node| seen.insert(Arc::as_ptr(node) as usize)) {
                        open.push((&node.read, span.or(*own)));
                    }
                }
            }
        }
        all
    }
}

/// A chain of values may be longer than the stack is deep.
impl Drop for Node {
    fn drop(&mut self) {
        let mut open = std::mem::take(&mut self.read);
        while let Some(read) = open.pop() {
            if let Read::Value(Origins(Some(node)), _) = read
                && let Some(mut node) = Arc::into_inner(node)
            {
                open.append(&mut node.read);
            }
        }
    }
}
