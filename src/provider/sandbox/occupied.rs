//! What the things of a world occupy exclusively.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;

use super::references::View;
use super::world::Key;
use crate::address::Address;
use crate::claims::{Held, Holder, Values};
use crate::schema::Claim;
use crate::value::{Hashing, Value};

/// Who holds what, by the hash of the claim.
#[derive(Debug, Default)]
pub(super) struct Occupied {
    hashing: Hashing,
    holders: HashMap<u64, Vec<Key>>,
    /// Address ranges by scope, first address and length.
    ranges: BTreeMap<(u64, IpAddr, u8), Vec<Key>>,
}

/// A claim that another thing has.
#[derive(Debug)]
pub(super) struct Conflict {
    pub by: Key,
    pub claim: Claim,
    /// The key for a message.
    pub key: String,
}

impl Occupied {
    /// Adds or removes what a thing holds.
    pub fn change(&mut self, view: View<'_>, add: bool) {
        if view.schema.claims.is_empty() {
            return;
        }
        each(view, &mut |held| {
            let Some(hash) = held.hash(&self.hashing) else { return };
            match held.range() {
                Some(net) => {
                    let place = (hash, net.network(), net.prefix_len());
                    if update(self.ranges.entry(place).or_default(), view.key, add) {
                        self.ranges.remove(&place);
                    }
                }
                None if held.claim.is_range => {}
                None => {
                    if update(self.holders.entry(hash).or_default(), view.key, add) {
                        self.holders.remove(&hash);
                    }
                }
            }
        });
    }

    /// The first claim of a thing that AWS refuses because another one has it, or because the thing makes it twice.
    pub fn conflict(&self, view: View<'_>, is_new: bool) -> Option<Conflict> {
        let is_other = |key: &&Key| is_new || *key != view.key;
        let mut found = None;
        let mut own = Vec::new();
        each(view, &mut |held| {
            if found.is_some() || held.claim.refusal.is_none() {
                return;
            }
            let Some(hash) = held.hash(&self.hashing) else { return };
            let other = match held.range() {
                Some(net) => self.overlapping(hash, net).find(is_other).cloned(),
                None if held.claim.is_range => None,
                None if own.contains(&hash) => Some(view.key.clone()),
                None => {
                    own.push(hash);
                    self.holders.get(&hash).into_iter().flatten().find(is_other).cloned()
                }
            };
            found = other.map(|by| Conflict { by, claim: held.claim.clone(), key: held.key() });
        });
        found
    }

    fn overlapping(&self, scope: u64, net: IpNet) -> impl Iterator<Item = &Key> {
        let enclosing = (0..net.prefix_len()).filter_map(move |length| {
            let outer = IpNet::new(net.network(), length).ok()?.trunc();
            self.ranges.get(&(scope, outer.network(), length))
        });
        let inside = self.ranges.range((scope, net.network(), 0)..=(scope, net.broadcast(), u8::MAX)).map(|(_, keys)| keys);
        enclosing.chain(inside).flatten()
    }
}

/// True when nobody is left.
fn update(keys: &mut Vec<Key>, key: &Key, add: bool) -> bool {
    if add {
        keys.push(key.clone());
    } else if let Some(position) = keys.iter().position(|other| other == key) {
        keys.swap_remove(position);
    }
    keys.is_empty()
}

fn each(view: View<'_>, found: &mut dyn FnMut(Held<'_>)) {
    let named = view.schema.id_attribute().and_then(|name| view.attributes.get(name)).and_then(Value::as_str);
    // References in a world are texts: no address is ever looked at.
    let address = Address::root("thing", None);
    let holder = Holder {
        schema: view.schema,
        address: &address,
        region: &view.key.region,
        id: Some(named.unwrap_or(&view.key.id)),
        values: Values::Existing { attributes: view.attributes, chosen: view.made },
    };
    holder.each(&mut |held| found(held));
}
