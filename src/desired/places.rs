//! Addresses by the names on the way to them, so that what is about one address is found without looking at all.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::BuildHasher;

use super::Move;
use crate::address::Address;
use crate::value::Hashing;

/// Which of several addresses lie at, within or around another, whatever their keys: whoever asks looks at those.
#[derive(Debug, Default)]
pub struct Places {
    hashing: Hashing,
    at: HashMap<u64, Vec<usize>, Hashing>,
    inside: HashMap<u64, Vec<usize>, Hashing>,
}

impl Places {
    pub fn new<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Self {
        let mut places = Self::default();
        for (index, address) in addresses.into_iter().enumerate() {
            let mut ways = places.ways(address);
            if let Some(whole) = ways.pop() {
                places.at.entry(whole).or_default().push(index);
            }
            for way in ways {
                places.inside.entry(way).or_default().push(index);
            }
        }
        places
    }

    /// For each step of an address what stands for the names up to it. Two that are alike by chance only make one look twice.
    fn ways(&self, address: &Address) -> Vec<u64> {
        let mut way = 0_u64;
        let further = |step: &crate::address::Step| {
            way = self.hashing.hash_one((way, &step.name));
            way
        };
        address.steps().iter().map(further).collect()
    }

    /// Those whose names are the address's, or begin with them.
    pub fn within(&self, address: &Address) -> impl Iterator<Item = usize> {
        let whole = self.ways(address).pop();
        let of = |of: &HashMap<u64, Vec<usize>, Hashing>| whole.and_then(|way| of.get(&way)).cloned().unwrap_or_default();
        of(&self.at).into_iter().chain(of(&self.inside))
    }

    /// Those with which the address's names begin, itself included.
    pub fn around(&self, address: &Address) -> impl Iterator<Item = usize> {
        self.ways(address).into_iter().filter_map(|way| self.at.get(&way)).flatten().copied()
    }
}

/// Moves, and which of them go on with what others put down.
#[derive(Debug)]
pub struct Moves<'m> {
    moves: &'m [Move],
    from: Places,
}

impl<'m> Moves<'m> {
    pub fn new(moves: &'m [Move]) -> Self {
        Self { moves, from: Places::new(moves.iter().map(|one| &one.from)) }
    }

    /// The moves that one precedes, except itself.
    pub fn after(&self, one: usize) -> Vec<usize> {
        let Some(first) = self.moves.get(one) else { return Vec::new() };
        let mut near: Vec<usize> = self.from.around(&first.to).chain(self.from.within(&first.to)).collect();
        near.sort_unstable();
        near.dedup();
        near.retain(|next| *next != one && self.moves.get(*next).is_some_and(|next| first.precedes(next)));
        near
    }

    /// Each move after those that it goes on from; among equals what names the most comes first. In a circle any is first.
    pub fn in_order(&self) -> Vec<&'m Move> {
        let mut ranks: Vec<usize> = (0..self.moves.len()).collect();
        ranks.sort_by_key(|one| Reverse(self.moves.get(*one).map_or(0, |one| one.from.steps().len())));
        let after: Vec<Vec<usize>> = (0..self.moves.len()).map(|one| self.after(one)).collect();
        let mut waits = vec![0_usize; self.moves.len()];
        after.iter().flatten().for_each(|next| waits.iter_mut().skip(*next).take(1).for_each(|waits| *waits += 1));
        let mut rank = vec![0; ranks.len()];
        ranks.iter().enumerate().for_each(|(at, one)| rank.iter_mut().skip(*one).take(1).for_each(|rank| *rank = at));
        let place = |one: usize| Reverse(rank.get(one).copied().unwrap_or(0));
        let mut free: BinaryHeap<Reverse<usize>> =
            waits.iter().enumerate().filter(|(_, waits)| **waits == 0).map(|(one, _)| place(one)).collect();
        let mut done = vec![false; ranks.len()];
        let mut ordered = Vec::with_capacity(ranks.len());
        let mut rest = ranks.iter().copied();
        loop {
            let next = match free.pop() {
                Some(Reverse(at)) => ranks.get(at).copied(),
                None => rest.by_ref().find(|one| done.get(*one) == Some(&false)),
            };
            let Some(one) = next else { return ordered };
            if done.get_mut(one).is_none_or(|done| std::mem::replace(done, true)) {
                continue;
            }
            ordered.extend(self.moves.get(one));
            for next in after.get(one).into_iter().flatten() {
                if let Some(waits) = waits.get_mut(*next) {
                    *waits = waits.saturating_sub(1);
                    if *waits == 0 {
                        free.push(place(*next));
                    }
                }
            }
        }
    }

    /// Moves that follow each other round, the first in the order of the source first.
    pub fn circle(&self) -> Option<Vec<&'m Move>> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let stays = |one: usize| self.moves.get(one).is_none_or(|one| one.from == one.to);
        let mut marks = vec![Mark::New; self.moves.len()];
        for start in 0..self.moves.len() {
            if stays(start) || marks.get(start) != Some(&Mark::New) {
                continue;
            }
            let mut way: Vec<(usize, std::vec::IntoIter<usize>)> = Vec::new();
            let mut next = Some(start);
            loop {
                if let Some(one) = next.take() {
                    if let Some(mark) = marks.get_mut(one) {
                        *mark = Mark::Open;
                    }
                    way.push((one, self.after(one).into_iter()));
                }
                let Some((one, after)) = way.last_mut() else { break };
                match after.next() {
                    None => {
                        if let Some(mark) = marks.get_mut(*one) {
                            *mark = Mark::Done;
                        }
                        way.pop();
                    }
                    Some(to) if stays(to) => {}
                    Some(to) => match marks.get(to) {
                        Some(Mark::New) => next = Some(to),
                        Some(Mark::Open) => {
                            let mut circle: Vec<usize> = way.iter().map(|(one, _)| *one).skip_while(|one| *one != to).collect();
                            let first = circle.iter().enumerate().min_by_key(|(_, one)| **one).map_or(0, |(at, _)| at);
                            circle.rotate_left(first);
                            return Some(circle.into_iter().filter_map(|one| self.moves.get(one)).collect());
                        }
                        _ => {}
                    },
                }
            }
        }
        None
    }
}
