//! Cycles, told as the path that closes them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;

use super::{Cause, Edge, Graph};
use crate::desired::Reason;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// One cycle for each knot of nodes that wait for each other: its nodes in order, each waiting for the one before it,
/// the first for the last.
pub fn cycles<N>(graph: &Graph<N>) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = knots(graph).into_iter().map(|knot| shortest_through(graph, knot)).collect();
    found.sort();
    found
}

/// Groups of nodes that all wait for each other.
pub fn knots<N>(graph: &Graph<N>) -> Vec<Vec<usize>> {
    let groups = kosaraju_scc(&graph.inner).into_iter().filter(|group| group.len() > 1);
    groups.map(|group| group.into_iter().map(NodeIndex::index).collect()).collect()
}

/// The shortest cycle through the first node of a knot.
fn shortest_through<N>(graph: &Graph<N>, mut knot: Vec<usize>) -> Vec<usize> {
    knot.sort_unstable();
    let Some(&start) = knot.first() else { return knot };
    let inside: HashSet<usize> = knot.iter().copied().collect();
    let mut came_from = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for (then, _) in graph.waited_by(node) {
            if then == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    let Some(before) = came_from.get(&at) else { break };
                    at = *before;
                    path.push(at);
                }
                path.reverse();
                return path;
            }
            if inside.contains(&then) && !came_from.contains_key(&then) {
                came_from.insert(then, node);
                queue.push_back(then);
            }
        }
    }
    knot
}

/// A message per cycle: the path, and the place of every edge of it.
pub fn cycle_diagnostics<N: fmt::Display>(graph: &Graph<N>) -> Vec<Diagnostic> {
    cycles(graph).iter().filter_map(|cycle| diagnostic(graph, cycle)).collect()
}

fn diagnostic<N: fmt::Display>(graph: &Graph<N>, cycle: &[usize]) -> Option<Diagnostic> {
    let name = |i: usize| graph.node(i).map(N::to_string).unwrap_or_default();
    // A node waits for the one before it: told from the first one on, that reads backwards.
    let mut told: Vec<usize> = cycle.to_vec();
    told.reverse();
    told.rotate_right(1);
    let closed: Vec<usize> = told.iter().copied().chain(told.first().copied()).collect();
    let mut places: Vec<(Span, String)> = Vec::new();
    for pair in closed.windows(2) {
        let [waits, on] = pair else { continue };
        let edge = graph.waits_for(*waits).find(|(first, _)| first == on).map(|(_, edge)| edge)?;
        if let Some(span) = edge.span {
            places.push((span, format!("`{}` waits for `{}`{}", name(*waits), name(*on), because(edge))));
        }
    }
    let path = closed.iter().map(|i| format!("`{}`", name(*i))).collect::<Vec<_>>().join(" → ");
    let mut places = places.into_iter();
    let (span, label) = places.next()?;
    let mut diagnostic = Diagnostic::error(Code(601), span, format!("dependency cycle: {path}"))
        .label(label)
        .help("take one of these references away, or make what both need a resource of its own");
    for (span, text) in places {
        diagnostic = diagnostic.also(span, text);
    }
    Some(diagnostic)
}

fn because(edge: &Edge) -> String {
    match &edge.cause {
        Cause::Declared(Reason::Reference { attribute, of } | Reason::Postponed { attribute, of }) => {
            format!(": `{attribute}` refers to `{of}`")
        }
        Cause::Declared(Reason::After) => ": `@after`".to_owned(),
        _ => String::new(),
    }
}
