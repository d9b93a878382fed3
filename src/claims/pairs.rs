//! Which claims meet: ranges that share addresses, found without looking at every pair.

use std::net::IpAddr;

use ipnet::IpNet;

/// Address ranges of many scopes, each with a number of the caller's.
#[derive(Debug)]
pub(crate) struct Ranges<T>(Vec<(u64, IpNet, T)>);

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Ord> Ranges<T> {
    pub(crate) fn add(&mut self, scope: u64, net: IpNet, of: T) {
        self.0.push((scope, net, of));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sorts by scope, first address, widest first.
    fn sorted(mut self) -> Vec<(u64, IpNet, T)> {
        self.0.sort_by_key(|(scope, net, of)| (*scope, net.network(), net.prefix_len(), *of));
        self.0
    }

    /// For every range that shares addresses with one before it in its scope: the widest such one, and itself.
    pub(crate) fn overlaps(self) -> Vec<(T, T)> {
        let mut found = Vec::new();
        let mut widest: Option<(u64, IpNet, T)> = None;
        for (scope, net, of) in self.sorted() {
            match widest {
                Some((known, outer, first)) if known == scope && shared(outer, net) => found.push((first, of)),
                _ => widest = Some((scope, net, of)),
            }
        }
        found
    }

    /// Every pair of a range of this set and one of `others` that share addresses.
    pub(crate) fn meet<U: Copy + Ord>(self, others: Ranges<U>) -> Vec<(T, U)> {
        let (own, others) = (self.sorted(), others.sorted());
        let mut found = Vec::new();
        for (scope, net, of) in own {
            // Of two networks that share addresses one lies in the other: the other begins in this one, or encloses it.
            let until = others.partition_point(|(known, other, _)| (*known, other.network()) <= (scope, last(net)));
            let inside =
                others.iter().take(until).rev().take_while(|(known, other, _)| *known == scope && other.network() >= net.network());
            found.extend(inside.map(|(_, _, other)| (of, *other)));
            for length in 0..=net.prefix_len() {
                let Some(outer) = IpNet::new(net.network(), length).ok().map(|outer| outer.trunc()) else { continue };
                if outer.network() == net.network() {
                    continue;
                }
                let key = (scope, outer.network(), length);
                let from = others.partition_point(|(known, other, _)| (*known, other.network(), other.prefix_len()) < key);
                let equal = others.iter().skip(from).take_while(|(known, other, _)| (*known, other.network(), other.prefix_len()) == key);
                found.extend(equal.map(|(_, _, other)| (of, *other)));
            }
        }
        found
    }
}

fn last(net: IpNet) -> IpAddr {
    net.broadcast()
}

/// True when two networks have addresses in common.
pub(crate) fn shared(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}
