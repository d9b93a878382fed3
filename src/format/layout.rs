//! From the tree to the document: tokens, comments, and what stands in brackets.

use super::document::{Document, GroupId, Op};
use crate::syntax::{Node, Rule, Tree};

/// Writes tokens in their order. Before each, the comments that stand before it are written, so that none is lost.
pub(super) struct Layout<'t> {
    pub tree: &'t Tree,
    pub text: &'t str,
    pub document: Document<'t>,
    comments: Vec<Node<'t>>,
    next_comment: usize,
    /// The end of what was written last, in the source.
    pub at: usize,
    /// The aligned entry on the line before.
    pub neighbour: Option<usize>,
}

/// How elements stand between brackets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brackets {
    pub open: &'static str,
    pub close: &'static str,
    /// Inside the brackets, on one line.
    pub space: &'static str,
    pub commas: Commas,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Commas {
    /// In bodies a newline separates, and a comma only on one line.
    OneLine,
    Between,
    /// Between, and at the end where each stands on a line of its own.
    Trailing,
}

pub(super) const BODY: Brackets = Brackets { open: "{", close: "}", space: " ", commas: Commas::OneLine };
pub(super) const LIST: Brackets = Brackets { open: "[", close: "]", space: "", commas: Commas::Trailing };
pub(super) const CALL: Brackets = Brackets { open: "(", close: ")", space: "", commas: Commas::Trailing };

impl<'t> Layout<'t> {
    pub fn new(tree: &'t Tree) -> Self {
        Self {
            tree,
            text: tree.text(),
            document: Document::default(),
            comments: tree.comments().collect(),
            next_comment: 0,
            at: 0,
            neighbour: None,
        }
    }

    pub fn push(&mut self, op: Op<'t>) {
        self.document.ops.push(op);
    }

    pub fn put(&mut self, text: &'t str) {
        self.push(Op::Text(text));
    }

    pub fn line(&mut self, flat: &'static str) {
        self.push(Op::Line { flat, blank: false });
    }

    pub fn source(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or("")
    }

    // ------------------------------------------------------------ comments

    /// The next comment, when it stands before `to`.
    fn comment_before(&self, to: usize) -> Option<Node<'t>> {
        self.comments.get(self.next_comment).copied().filter(|comment| comment.start() < to)
    }

    pub fn has_comment_before(&self, to: usize) -> bool {
        self.comment_before(to).is_some()
    }

    fn comment(&mut self, comment: Node<'t>, blank: bool) -> bool {
        let text = comment.text().trim_end();
        let behind = self.at > 0 && !self.source(self.at, comment.start()).contains('\n');
        if behind {
            self.push(Op::Behind(text));
        } else {
            self.push(Op::Hard { blank });
            self.push(Op::Own(text));
            self.neighbour = None;
        }
        self.at = comment.end();
        self.next_comment += 1;
        behind
    }

    /// Writes the comments before `to`, in the middle of something.
    pub fn flush(&mut self, to: usize) {
        while let Some(comment) = self.comment_before(to) {
            self.comment(comment, false);
        }
    }

    /// Writes the comments between two elements; true when a blank line stands before the next one, which is at `to`.
    pub fn gap(&mut self, to: usize, mut first: bool) -> bool {
        while let Some(comment) = self.comment_before(to) {
            let blank = !first && self.is_blank_line_in(self.at, comment.start());
            first &= self.comment(comment, blank);
        }
        let blank = !first && self.is_blank_line_in(self.at, to);
        if blank {
            self.neighbour = None;
        }
        blank
    }

    fn is_blank_line_in(&self, from: usize, to: usize) -> bool {
        let mut lines = self.source(from, to).split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_some() && line.trim().is_empty() {
                return true;
            }
        }
        false
    }

    // ------------------------------------------------------------ tokens

    /// Punctuation or a keyword at a known place.
    pub fn mark(&mut self, text: &'static str, start: usize) {
        self.flush(start);
        self.put(text);
        self.at = start + text.len();
    }

    /// A node as it is written.
    pub fn word(&mut self, node: Node<'t>) {
        self.flush(node.start());
        let text = node.text();
        match text.contains('\n') {
            true => self.push(Op::Verbatim(text)),
            false => self.put(text),
        }
        self.written(node.end());
    }

    /// Everything before `end` is written, comments within it too.
    pub fn written(&mut self, end: usize) {
        self.at = end;
        while self.comment_before(end).is_some() {
            self.next_comment += 1;
        }
    }

    /// Documentation, each line of it on its own.
    pub fn docs(&mut self, node: Node<'t>) {
        for doc in node.children().filter(|n| n.rule() == Rule::doc) {
            self.neighbour = None;
            self.flush(doc.start());
            self.push(Op::Own(doc.text().trim_end()));
            self.at = doc.end();
        }
    }

    /// The place of the next thing that is neither space nor comment.
    pub fn next_mark(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            let rest = self.text.get(at..).unwrap_or("");
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return at;
            }
            at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Did the author break the line behind the bracket that ends at `from`?
    pub fn is_broken_at(&self, from: usize) -> bool {
        self.text.get(from..).unwrap_or("").trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
    }

    // ------------------------------------------------------------ brackets

    /// A group with softly broken inner lines around one thing.
    pub fn around(&mut self, node: Node<'t>, open: &'static str, close: &'static str, inner: impl FnOnce(&mut Self)) -> GroupId {
        self.flush(node.start());
        let group = self.document.open(false);
        self.mark(open, node.start());
        self.push(Op::In);
        self.line("");
        inner(self);
        self.gap(node.end() - 1, false);
        self.push(Op::Out);
        self.line("");
        self.mark(close, node.end() - 1);
        self.document.close(group);
        group
    }

    /// Elements between brackets at `from` and `to`. Gives the group and the group at the last element's end.
    pub fn enclosed(
        &mut self,
        (from, to): (usize, usize),
        elements: &[Node<'t>],
        brackets: Brackets,
        broken: bool,
        mut each: impl FnMut(&mut Self, Node<'t>) -> Option<GroupId>,
    ) -> (Option<GroupId>, Option<GroupId>) {
        self.flush(from);
        if elements.is_empty() && !self.has_comment_before(to) {
            self.mark(brackets.open, from);
            self.mark(brackets.close, to);
            return (None, None);
        }
        let group = self.document.open(broken || self.is_broken_at(from + 1));
        self.mark(brackets.open, from);
        self.push(Op::In);
        let outer = self.neighbour.take();
        let mut tail = None;
        for (index, element) in elements.iter().enumerate() {
            let blank = self.gap(element.start(), index == 0);
            let flat = match (index, brackets.commas) {
                (0, _) => brackets.space,
                (_, Commas::OneLine) => ", ",
                _ => " ",
            };
            self.push(Op::Line { flat, blank });
            tail = each(self, *element);
            match brackets.commas {
                Commas::OneLine => {}
                _ if index + 1 < elements.len() => self.put(","),
                Commas::Trailing => self.push(Op::IfBroken(",")),
                Commas::Between => {}
            }
        }
        self.gap(to, elements.is_empty());
        self.push(Op::Out);
        self.line(if elements.is_empty() { "" } else { brackets.space });
        self.mark(brackets.close, to);
        self.document.close(group);
        self.neighbour = outer;
        (Some(group), tail)
    }

    /// Makes `tail` the one that breaks in the group's place.
    pub fn holds(&mut self, group: GroupId, tail: Option<GroupId>) {
        if let Some(group) = self.document.group(group) {
            group.tail = tail;
        }
    }

    /// What stands right of `=`, `=>` or a keyword: on the same line, unless a comment is between.
    pub fn right<T>(&mut self, start: usize, write: impl FnOnce(&mut Self) -> T) -> T {
        let apart = self.has_comment_before(start);
        if apart {
            self.push(Op::In);
            self.flush(start);
        }
        let result = write(self);
        if apart {
            self.push(Op::Out);
        }
        result
    }

    /// A node that this formatter does not know: as it is written.
    pub fn unknown(&mut self, node: Node<'t>) {
        self.word(node);
    }
}
