//! `{ name = value }`: records, and what looks like them.

use super::document::{Aligned, GroupId, Op, columns};
use super::layout::{BODY, Layout};
use crate::syntax::{Node, Rule};

impl<'t> Layout<'t> {
    /// A record, or the body of `stack`.
    pub fn record(&mut self, node: Node<'t>) -> Option<GroupId> {
        let entries: Vec<_> = node.children().collect();
        self.enclosed((node.start(), node.end() - 1), &entries, BODY, false, |l, entry| {
            l.entry(entry);
            None
        })
        .0
    }

    /// `name = value`, aligned with its neighbours.
    pub fn entry(&mut self, node: Node<'t>) {
        self.docs(node);
        let mut parts = node.children().filter(|n| n.rule() != Rule::doc);
        let (Some(key), Some(value)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        self.flush(key.start());
        let entry = self.aligned(columns(key.text()), " = ".len());
        self.word(key);
        self.push(Op::Align(entry));
        self.put(" = ");
        self.aligned_value(entry, |l| {
            l.right(value.start(), |l| match value.rule() {
                Rule::tagged => l.tagged(value),
                _ => _ = l.expr(value),
            })
        });
    }

    /// A new aligned entry, next to the neighbour.
    pub fn aligned(&mut self, name: usize, between: usize) -> usize {
        let entry = self.document.entries.len();
        if let Some(neighbour) = self.neighbour.take().and_then(|n| self.document.entries.get_mut(n)) {
            neighbour.next = Some(entry);
        }
        self.document.entries.push(Aligned { name, between, value: (0, 0), next: None });
        entry
    }

    pub fn aligned_value(&mut self, entry: usize, write: impl FnOnce(&mut Self)) {
        let start = self.document.ops.len();
        write(self);
        let end = self.document.ops.len();
        if let Some(entry) = self.document.entries.get_mut(entry) {
            entry.value = (start, end);
        }
        self.neighbour = Some(entry);
    }

    /// `s3 { … }`
    fn tagged(&mut self, node: Node<'t>) {
        let mut parts = node.children();
        let (Some(tag), Some(record)) = (parts.next(), parts.next()) else { return self.unknown(node) };
        self.word(tag);
        self.put(" ");
        self.record(record);
    }
}
