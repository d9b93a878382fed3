//! What looks like a rename: one thing goes and a like one comes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::desired::Move;
use crate::source::{FileId, Span};
use crate::state::Status;
use crate::value::{Object, Value};

use super::secrets::holds_secret;
use super::view::View;
use super::{Action, Rename, Step};

/// Most pairs that are compared; a plan that deletes and creates more of one type is no rename.
const MOST: usize = 250_000;
/// Lines beyond which only those are weighed that keep several resources.
const LINES: usize = 2_000;

/// A `moved` line, and what it would keep: old and new addresses.
struct Line<'a> {
    from: Address,
    to: Address,
    kept: BTreeSet<(&'a Address, &'a Address)>,
}

/// The `moved` lines that would keep what the steps delete and create again.
pub(super) fn find(steps: &[Step], view: &View) -> Vec<Rename> {
    let pairs = candidates(steps);
    let lines = weighed(&pairs);
    let wanted: Vec<&Address> = steps.iter().filter(|s| s.desired.is_some()).map(|s| &s.address).collect();
    let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for line in &lines {
        let free = |line: &Line<'_>| line.kept.iter().all(|(old, new)| !gone.contains(old) && !come.contains(new));
        if !free(line) || lines.iter().any(|other| rivals(line, other) && free(other)) || !would_do(line, &wanted, view) {
            continue;
        }
        for (old, new) in &line.kept {
            gone.insert(*old);
            come.insert(*new);
        }
        found.push(Rename { from: line.from.clone(), to: line.to.clone(), resources: line.kept.len() });
    }
    found.sort_by(|a, b| a.from.cmp(&b.from));
    found
}

/// All lines, those that keep the most first, and among them those that say it the shortest.
fn weighed(pairs: &[(Address, Address)]) -> Vec<Line<'_>> {
    let mut by_line: BTreeMap<(Address, Address), BTreeSet<(&Address, &Address)>> = BTreeMap::new();
    for (from, to) in pairs {
        for line in lines(from, to) {
            by_line.entry(line).or_default().insert((from, to));
        }
    }
    if by_line.len() > LINES {
        by_line.retain(|_, kept| kept.len() > 1);
    }
    let mut found: Vec<_> = by_line.into_iter().map(|((from, to), kept)| Line { from, to, kept }).collect();
    let keys = |address: &Address| address.steps().iter().filter(|s| s.key.is_some()).count();
    found.sort_by_key(|line| {
        let length = line.from.steps().len() + line.to.steps().len();
        (Reverse(line.kept.len()), !same_words(&line.from, &line.to), length, keys(&line.from) + keys(&line.to))
    });
    found
}

/// Two lines of the same weight that would make different things of the same: nobody can tell which was meant.
fn rivals(line: &Line<'_>, other: &Line<'_>) -> bool {
    let alike = line.kept.len() == other.kept.len() && same_words(&line.from, &line.to) == same_words(&other.from, &other.to);
    alike && line.kept.iter().any(|(old, new)| other.kept.iter().any(|(o, n)| (o == old) != (n == new)))
}

/// The line takes nothing along that the program still has, and nothing to where something is.
fn would_do(line: &Line<'_>, wanted: &[&Address], view: &View) -> bool {
    let nowhere = Span::new(FileId(0), 0, 0);
    let moved = Move { from: line.from.clone(), to: line.to.clone(), span: nowhere, to_span: nowhere };
    let clashes = || view.records.keys().filter_map(|address| moved.target(address)).any(|to| view.records.contains_key(&to));
    line.kept.iter().all(|(old, new)| moved.target(old).as_ref() == Some(*new))
        && !wanted.iter().any(|address| moved.target(address).is_some())
        && !clashes()
}

/// The last name, or the key, is the same: a thing that went into a component, or out of it.
fn same_words(from: &Address, to: &Address) -> bool {
    matches!((from.steps().last(), to.steps().last()), (Some(a), Some(b)) if a.name == b.name || (a.key.is_some() && a.key == b.key))
}

/// What goes and what comes, of one type, with the same inputs.
fn candidates(steps: &[Step]) -> Vec<(Address, Address)> {
    let leaves = |s: &&Step| s.action == Action::Delete && s.prior.as_ref().is_some_and(|p| p.status == Status::Ready);
    let gone: Vec<&Step> = steps.iter().filter(leaves).collect();
    let come: Vec<&Step> = steps.iter().filter(|s| s.action == Action::Create).collect();
    if gone.len().saturating_mul(come.len()) > MOST {
        return Vec::new();
    }
    let new: BTreeSet<&Address> = come.iter().map(|s| &s.address).collect();
    let like = |old: &&&Step, fresh: &&Step| old.type_name == fresh.type_name && alike(old, fresh, &new);
    let pairs = come
        .iter()
        .flat_map(|fresh| gone.iter().filter(move |old| like(old, fresh)).map(|old| (old.address.clone(), fresh.address.clone())));
    pairs.collect()
}

fn alike(old: &Step, fresh: &Step, new: &BTreeSet<&Address>) -> bool {
    let Some(record) = &old.prior else { return false };
    let region = fresh.desired.as_ref().and_then(|d| d.options.region.as_deref());
    if region.is_some_and(|region| region != record.region) {
        return false;
    }
    let wanted: Object = fresh.changes.iter().filter_map(|c| Some((c.attribute.clone(), c.after.clone()?))).collect();
    let set = record.inputs.iter().filter(|(_, value)| !value.is_null());
    set.clone().count() == wanted.len() && set.clone().all(|(name, was)| wanted.get(name).is_some_and(|now| same(was, now, new)))
}

/// Equal as far as it can be told: secrets have no text here, and what refers to something new has no value yet.
fn same(was: &Value, now: &Value, new: &BTreeSet<&Address>) -> bool {
    if holds_secret(was) && holds_secret(now) {
        return true;
    }
    match (was, now) {
        (_, Value::Unknown(unknown)) => new.contains(&unknown.source.address),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b, new)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b, new)))
        }
        (a, b) => a == b,
    }
}

/// The lines that would make `to` of `from`: each resource by itself, and the whole that it is a part of.
fn lines(from: &Address, to: &Address) -> Vec<(Address, Address)> {
    let mut found = vec![(from.clone(), to.clone())];
    let (mut old, mut new) = (from.steps().to_vec(), to.steps().to_vec());
    loop {
        // `audit["api"]` and `logs["api"]`: the declaration was renamed, and every key with it.
        if let (Some(a), Some(b)) = (old.last_mut(), new.last_mut())
            && a.key.is_some()
            && a.key == b.key
        {
            (a.key, b.key) = (None, None);
            if old != new {
                found.push((Address::from(old.clone()), Address::from(new.clone())));
            }
        }
        match (old.as_slice(), new.as_slice()) {
            ([.., a], [.., b]) if a == b && old.len() > 1 && new.len() > 1 => {
                old.pop();
                new.pop();
            }
            _ => return found,
        }
        if old == new {
            return found;
        }
        found.push((Address::from(old.clone()), Address::from(new.clone())));
    }
}
