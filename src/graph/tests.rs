use super::*;
use crate::address::Address;
use crate::source::FileId;

fn chain(n: usize) -> Graph<usize> {
    let mut graph = Graph::default();
    for i in 0..n {
        graph.add(i);
    }
    for i in 1..n {
        graph.before(i - 1, i, Edge::new(Cause::Recorded));
    }
    graph
}

#[test]
fn order_is_the_given_rank_among_equals() {
    let mut graph = Graph::default();
    for name in ["a", "b", "c", "d"] {
        graph.add(name);
    }
    graph.before(3, 0, Edge::new(Cause::Recorded));
    assert_eq!(graph.order(|i| i), Some(vec![1, 2, 3, 0]));
    assert_eq!(graph.order(Reverse), Some(vec![3, 2, 1, 0]));
}

#[test]
fn long_chains_and_wide_hubs_are_ordered() {
    let graph = chain(10_000);
    let order = graph.order(Reverse).unwrap();
    assert_eq!(order, (0..10_000).collect::<Vec<_>>());
    let (length, path) = graph.longest_path(&order, |_| 2);
    assert_eq!((length, path.len()), (20_000, 10_000));

    let mut hub = Graph::default();
    for i in 0..=5_000 {
        hub.add(i);
    }
    for i in 0..5_000 {
        hub.before(5_000, i, Edge::new(Cause::Recorded));
    }
    let order = hub.order(|i| i).unwrap();
    assert_eq!(order[0], 5_000);
    assert_eq!(order[1..], (0..5_000).collect::<Vec<_>>()[..]);
    assert_eq!(hub.longest_remaining(&order, |_| 1)[5_000], 2);
}

#[test]
fn longest_path_counts_weights_not_steps() {
    let mut graph = chain(3);
    let heavy = graph.add(100);
    let order = graph.order(|i| i).unwrap();
    let (length, path) = graph.longest_path(&order, |i| if i == heavy { 10 } else { 1 });
    assert_eq!((length, path), (10, vec![heavy]));
}

#[test]
fn a_cycle_is_told_as_a_path_with_its_places() {
    let span = |n: usize| Span::new(FileId(0), n, n + 1);
    let addresses: Vec<Address> = ["a", "b", "c", "d"].iter().map(|n| Address::root(*n, None)).collect();
    // a needs b, b needs c, c needs a; d needs a and is no part of it.
    let waits = [(0, 1, 10), (1, 2, 20), (2, 0, 30), (3, 0, 40)]
        .map(|(then, first, at)| (then, first, Edge { cause: Cause::Declared(Reason::After), span: Some(span(at)) }));
    let graph = Graph::build(addresses, waits);
    assert_eq!(graph.order(|i| i), None);
    let found = cycle_diagnostics(&graph);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, crate::diagnostic::Code(601));
    assert_eq!(found[0].message, "dependency cycle: `a` → `b` → `c` → `a`");
    assert_eq!(found[0].span, span(10));
    assert_eq!(found[0].related.iter().map(|(s, _)| *s).collect::<Vec<_>>(), vec![span(20), span(30)]);
}
