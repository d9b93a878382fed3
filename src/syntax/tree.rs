//! The lossless tree: every rule that matched, over the text it matched in.

use std::sync::Arc;

use pest::Token;
use pest::iterators::Pairs;

use super::Rule;

/// A file's tree. Nodes are kept in the order they start; the text between and around leaves (spaces, newlines, punctuation)
/// belongs to the nearest node that covers it, so that text and tree together lose nothing.
#[derive(Debug, Clone)]
pub struct Tree {
    text: Arc<str>,
    nodes: Vec<NodeData>,
}

#[derive(Debug, Clone, Copy)]
struct NodeData {
    rule: Rule,
    start: u32,
    end: u32,
    /// Where the next node outside this one stands.
    next: u32,
}

/// One node of a [`Tree`].
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    index: usize,
    data: NodeData,
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Tree {
    pub(super) fn empty(text: &Arc<str>) -> Self {
        Self { text: text.clone(), nodes: Vec::new() }
    }

    /// A tree over `text`; `pairs` may be of a part of it that starts at `offset`.
    pub(super) fn new(text: &Arc<str>, pairs: Pairs<'_, Rule>, offset: usize) -> Self {
        let mut tree = Self { text: text.clone(), nodes: Vec::with_capacity(text.len() / 4) };
        tree.add(pairs, offset);
        tree.nodes.shrink_to_fit();
        tree
    }

    pub(super) fn add(&mut self, pairs: Pairs<'_, Rule>, offset: usize) {
        let mut open = Vec::new();
        for token in pairs.tokens() {
            match token {
                Token::Start { rule, pos } => {
                    open.push(self.nodes.len());
                    self.nodes.push(NodeData { rule, start: small(pos.pos() + offset), end: 0, next: 0 });
                }
                Token::End { pos, .. } => {
                    let next = small(self.nodes.len());
                    if let Some(node) = open.pop().and_then(|index| self.nodes.get_mut(index)) {
                        (node.end, node.next) = (small(pos.pos() + offset), next);
                    }
                }
            }
        }
    }

    /// The outermost nodes.
    pub fn roots(&self) -> Children<'_> {
        Children { tree: self, at: 0, end: self.nodes.len() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// All comments, in their order.
    pub fn comments(&self) -> impl Iterator<Item = Node<'_>> {
        let comments = self.nodes.iter().enumerate().filter(|(_, data)| data.rule == Rule::comment);
        comments.map(|(index, data)| Node { tree: self, index, data: *data })
    }

    /// How many expressions and types stand in each other, for every node.
    pub(super) fn links(&self) -> Links {
        let mut links = vec![0u32; self.nodes.len()];
        for index in (0..self.nodes.len()).rev() {
            let Some(node) = self.node(index) else { continue };
            let deepest = node.children().filter_map(|child| links.get(child.index)).max().copied().unwrap_or(0);
            if let Some(slot) = links.get_mut(index) {
                *slot = deepest.saturating_add(node.own_links());
            }
        }
        Links(links)
    }

    fn node(&self, index: usize) -> Option<Node<'_>> {
        self.nodes.get(index).map(|data| Node { tree: self, index, data: *data })
    }
}

impl<'t> Node<'t> {
    pub(crate) fn rule(self) -> Rule {
        self.data.rule
    }

    pub fn start(self) -> usize {
        self.data.start as usize
    }

    pub fn end(self) -> usize {
        self.data.end as usize
    }

    pub fn text(self) -> &'t str {
        self.tree.text.get(self.start()..self.end()).unwrap_or("")
    }

    /// Children, comments left out.
    pub(crate) fn children(self) -> impl Iterator<Item = Node<'t>> + Clone {
        self.all_children().filter(|n| n.rule() != Rule::comment)
    }

    pub fn all_children(self) -> Children<'t> {
        Children { tree: self.tree, at: self.index + 1, end: self.data.next as usize }
    }

    pub(crate) fn child(self, rule: Rule) -> Option<Node<'t>> {
        self.children().find(|n| n.rule() == rule)
    }
}

impl Node<'_> {
    /// How many typed nodes the node's own row or chain becomes, one in another.
    fn own_links(self) -> u32 {
        let links = match self.rule() {
            Rule::expr | Rule::condition => self.children().filter(|n| n.rule() == Rule::binary_op).count(),
            Rule::unary => self.children().filter(|n| n.rule() == Rule::unary_op).count(),
            Rule::postfix => self.children().skip(1).count(),
            Rule::ty_one => self.children().filter(|n| n.rule() == Rule::optional).count(),
            Rule::lambda | Rule::list | Rule::record | Rule::list_for | Rule::map_for | Rule::if_expr | Rule::match_expr => 1,
            Rule::ty_list | Rule::ty_map | Rule::ty_record | Rule::ty_paren | Rule::ty_args => 1,
            _ => 0,
        };
        small(links)
    }
}

/// See [`Tree::links`].
pub(super) struct Links(Vec<u32>);

impl Links {
    /// Where in `node` more than `most` links stand in each other: the longest chain on the way.
    pub(super) fn too_many<'t>(&self, node: Node<'t>, most: u32) -> Option<Node<'t>> {
        let of = |node: &Node<'_>| self.0.get(node.index).copied().unwrap_or(0);
        if of(&node) <= most {
            return None;
        }
        let (mut longest, mut at) = (node, Some(node));
        while let Some(node) = at {
            if node.own_links() > longest.own_links() {
                longest = node;
            }
            at = node.children().max_by_key(of);
        }
        Some(longest)
    }
}

/// Iterates over a node's children.
#[derive(Clone)]
pub struct Children<'t> {
    tree: &'t Tree,
    at: usize,
    end: usize,
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        if self.at >= self.end {
            return None;
        }
        let node = self.tree.node(self.at)?;
        self.at = (node.data.next as usize).max(self.at + 1);
        Some(node)
    }
}
