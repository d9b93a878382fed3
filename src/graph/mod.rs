//! The dependency graph: who waits for whom, and why. The same builder serves creating and destroying.

mod cycle;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::address::Address;
use crate::desired::{Dependency, Reason, Resources};
use crate::source::Span;

pub use cycle::{cycle_diagnostics, cycles, knots};

/// Why one node comes before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The program says so.
    Declared(Reason),
    /// It was so at the last apply: what depends on a thing goes before the thing does.
    Recorded,
    /// The old one goes before the new one comes.
    DeleteFirst,
    /// The new one is there before the old one goes.
    CreateFirst,
    /// Lets go of what is deleted next.
    Release,
    /// Releases what the other one takes: a name, an address range.
    Claim,
    /// What refers to each other is there before that is said to either.
    Postponed,
}

/// `from` comes before `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub cause: Cause,
    /// Where the program says so.
    pub span: Option<Span>,
}

/// Nodes and what comes before what. An edge leads from what is first to what waits for it.
#[derive(Debug, Clone)]
pub struct Graph<N> {
    inner: DiGraph<N, Edge>,
}

impl<N> Default for Graph<N> {
    fn default() -> Self {
        Self { inner: DiGraph::new() }
    }
}

impl<N> Graph<N> {
    pub fn with_capacity(nodes: usize, edges: usize) -> Self {
        Self { inner: DiGraph::with_capacity(nodes, edges) }
    }

    /// Nodes are numbered from 0 in the order in which they are added.
    pub fn add(&mut self, node: N) -> usize {
        self.inner.add_node(node).index()
    }

    /// `first` comes before `then`. A node does not wait for itself.
    pub fn before(&mut self, first: usize, then: usize, edge: Edge) {
        if first != then && first < self.len() && then < self.len() {
            self.inner.add_edge(NodeIndex::new(first), NodeIndex::new(then), edge);
        }
    }

    pub fn len(&self) -> usize {
        self.inner.node_count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn node(&self, index: usize) -> Option<&N> {
        self.inner.node_weight(NodeIndex::new(index))
    }

    pub fn nodes(&self) -> impl Iterator<Item = &N> {
        self.inner.node_weights()
    }

    /// Changes every node in place.
    pub fn each_mut(&mut self, change: impl FnMut(&mut N)) {
        self.inner.node_weights_mut().for_each(change);
    }

    /// What a node waits for, nearest first added last.
    pub fn waits_for(&self, index: usize) -> impl Iterator<Item = (usize, &Edge)> {
        self.inner.edges_directed(NodeIndex::new(index), Direction::Incoming).map(|e| (e.source().index(), e.weight()))
    }

    /// What waits for a node.
    pub fn waited_by(&self, index: usize) -> impl Iterator<Item = (usize, &Edge)> {
        self.inner.edges_directed(NodeIndex::new(index), Direction::Outgoing).map(|e| (e.target().index(), e.weight()))
    }

    /// Every node after all that it waits for; among those that could come next, the one with the least `rank`.
    /// `None` when there is a cycle.
    pub fn order<R: Ord>(&self, rank: impl Fn(usize) -> R) -> Option<Vec<usize>> {
        let mut waiting: Vec<usize> = (0..self.len()).map(|i| self.waits_for(i).count()).collect();
        let roots = waiting.iter().enumerate().filter(|(_, n)| **n == 0).map(|(i, _)| Reverse((rank(i), i)));
        let mut ready: BinaryHeap<_> = roots.collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(Reverse((_, node))) = ready.pop() {
            order.push(node);
            for (then, _) in self.waited_by(node) {
                if let Some(n) = waiting.get_mut(then) {
                    *n -= 1;
                    if *n == 0 {
                        ready.push(Reverse((rank(then), then)));
                    }
                }
            }
        }
        (order.len() == self.len()).then_some(order)
    }

    /// For every node, the length of the longest path that starts with it, its own weight included.
    /// `order` is one of [`order`](Self::order)'s.
    pub fn longest_remaining(&self, order: &[usize], weight: impl Fn(usize) -> i64) -> Vec<i64> {
        let mut remaining = vec![0; self.len()];
        for &node in order.iter().rev() {
            let after = self.waited_by(node).filter_map(|(then, _)| remaining.get(then)).max().copied().unwrap_or(0);
            if let Some(slot) = remaining.get_mut(node) {
                *slot = after + weight(node);
            }
        }
        remaining
    }

    /// The longest path, first to last, and its length.
    pub fn longest_path(&self, order: &[usize], weight: impl Fn(usize) -> i64) -> (i64, Vec<usize>) {
        let remaining = self.longest_remaining(order, weight);
        let length = |i: usize| remaining.get(i).copied().unwrap_or(0);
        let mut path = Vec::new();
        let mut next = order.iter().copied().max_by_key(|i| (length(*i), Reverse(*i)));
        while let Some(node) = next {
            path.push(node);
            next = self.waited_by(node).map(|(then, _)| then).max_by_key(|i| (length(*i), Reverse(*i)));
        }
        (path.first().map_or(0, |i| length(*i)), path)
    }
}

impl<N> Graph<N> {
    /// The one builder: nodes, and pairs of who waits and what it waits for.
    pub fn build(nodes: impl IntoIterator<Item = N>, waits: impl IntoIterator<Item = (usize, usize, Edge)>) -> Self {
        let nodes = nodes.into_iter();
        let mut graph = Graph::with_capacity(nodes.size_hint().0, nodes.size_hint().0 * 2);
        for node in nodes {
            graph.add(node);
        }
        for (then, first, edge) in waits {
            graph.before(first, then, edge);
        }
        graph
    }
}

/// Which resource waits for which, by position in the program.
pub fn of_resources(resources: &Resources) -> Graph<Address> {
    let waits = resources.values().enumerate().flat_map(|(i, resource)| {
        // What is postponed waits in a call of its own, which nothing waits for.
        let waits = resource.dependencies.iter().filter(|d| !matches!(d.reason, Reason::Postponed { .. }));
        let on = waits.filter_map(|d| Some((resources.get_index_of(&d.on)?, d)));
        on.map(move |(on, dependency)| (i, on, Edge::declared(dependency)))
    });
    Graph::build(resources.keys().cloned(), waits)
}

impl Edge {
    pub fn new(cause: Cause) -> Self {
        Self { cause, span: None }
    }

    pub fn declared(dependency: &Dependency) -> Self {
        Self { cause: Cause::Declared(dependency.reason.clone()), span: Some(dependency.span) }
    }
}

#[cfg(test)]
mod tests;
