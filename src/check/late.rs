//! References to what is evaluated later: two components may use each other's outputs where no resource waits for itself.
//!
//! What a component is used for is decided output by output, so a reference to one orders nothing by itself; evaluation goes over the
//! program again until such references have their values.

use std::sync::Arc;

use super::names::{self, Order, Reference};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// An order of a unit's declarations, and which of them are referred to before they are evaluated.
pub(super) struct Ordered {
    pub order: Vec<usize>,
    pub broken: Vec<usize>,
    /// Targets of references that were left out of the order; their types must be known before they are checked.
    pub early: Vec<usize>,
    /// The circles of declarations that were let pass, told if evaluation finds no end.
    pub circles: Vec<Diagnostic>,
}

/// Orders declarations by their references. `is_late` tells of a declaration and one of its references whether it may be read before it
/// is there.
pub(super) fn order(
    names: &[(Arc<str>, Span)],
    mut edges: Vec<Vec<Reference>>,
    is_late: impl Fn(usize, &Reference) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Ordered {
    let mut circles = Vec::new();
    let Order { order, broken } = names::order(names, &edges, &mut circles);
    if circles.is_empty() {
        return Ordered { order, broken, early: Vec::new(), circles };
    }
    let group = groups(&edges);
    let mut early = Vec::new();
    for (from, references) in edges.iter_mut().enumerate() {
        references.retain(|reference| {
            let late = group.get(from) == group.get(reference.to) && is_late(from, reference);
            if late && !early.contains(&reference.to) {
                early.push(reference.to);
            }
            !late
        });
    }
    if early.is_empty() {
        diagnostics.append(&mut circles);
        return Ordered { order, broken, early, circles };
    }
    let mut real = Vec::new();
    let Order { order, broken } = names::order(names, &edges, &mut real);
    diagnostics.append(&mut real);
    Ordered { order, broken, early, circles }
}

/// The group of each declaration: those in one group all refer to each other, directly or by others. Tarjan's algorithm without
/// recursion: a circle may be as long as the program.
fn groups(edges: &[Vec<Reference>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let mut number = vec![NONE; edges.len()];
    let mut low = vec![NONE; edges.len()];
    let mut group = vec![NONE; edges.len()];
    let (mut next, mut stack): (usize, Vec<usize>) = (0, Vec::new());
    let get = |list: &[usize], at: usize| list.get(at).copied().unwrap_or(NONE);
    let set = |list: &mut [usize], at: usize, value: usize| {
        if let Some(slot) = list.get_mut(at) {
            *slot = value;
        }
    };
    for start in 0..edges.len() {
        if get(&number, start) != NONE {
            continue;
        }
        let mut path = vec![(start, 0)];
        while let Some((node, followed)) = path.last_mut() {
            let node = *node;
            if *followed == 0 {
                set(&mut number, node, next);
                set(&mut low, node, next);
                next += 1;
                stack.push(node);
            }
            let reference = edges.get(node).and_then(|references| references.get(*followed)).copied();
            *followed += 1;
            match reference {
                Some(Reference { to, .. }) if get(&number, to) == NONE => path.push((to, 0)),
                Some(Reference { to, .. }) => {
                    if get(&group, to) == NONE {
                        let least = get(&low, node).min(get(&number, to));
                        set(&mut low, node, least);
                    }
                }
                None => {
                    path.pop();
                    if let Some((before, _)) = path.last() {
                        let least = get(&low, *before).min(get(&low, node));
                        set(&mut low, *before, least);
                    }
                    if get(&low, node) == get(&number, node) {
                        while let Some(member) = stack.pop() {
                            set(&mut group, member, node);
                            if member == node {
                                break;
                            }
                        }
                    }
                }
            }
        }
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn edges(pairs: &[(usize, usize)], nodes: usize) -> Vec<Vec<Reference>> {
        let of = |node| {
            let targets = pairs.iter().filter(|(from, _)| *from == node);
            targets.map(|(_, to)| Reference { to: *to, span: Span::new(FileId(0), 0, 0), late: false }).collect()
        };
        (0..nodes).map(of).collect()
    }

    #[test]
    fn what_refers_to_each_other_is_one_group() {
        let group = groups(&edges(&[(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (5, 0), (6, 6)], 7));
        assert!(group[0] == group[1] && group[1] == group[2]);
        assert!(group[3] == group[4] && group[3] != group[0]);
        assert!(![0, 3, 6].iter().any(|n| group[*n] == group[5]));
    }
}
