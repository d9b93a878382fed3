//! What resources occupy exclusively, computed from what their types declare ([`crate::schema::Claim`]).
//!
//! One implementation for the check of a configuration, the order of a plan, the rehearsal and the sandbox. A reference to
//! an attribute that is not known yet counts as a value: two subnets of `vpc` are in one network before it has an id.
//! A claim that depends on anything else unknown is no claim.

mod atom;
mod pairs;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use ipnet::IpNet;

use crate::address::Address;
use crate::schema::{Attribute, Claim, Form, Mode, Of, Part, Reach, ResourceSchema};
use crate::value::{Hashing, Object, Value};

pub(crate) use atom::{Atom, Identities};
pub(crate) use pairs::{Ranges, shared};

/// A resource as its claims see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder<'v> {
    pub schema: &'v ResourceSchema,
    pub address: &'v Address,
    /// Empty for the region of the stack, while that is not known.
    pub region: &'v str,
    /// The text of its id, once it exists.
    pub id: Option<&'v str>,
    pub values: Values<'v>,
}

/// Where the values of a resource's attributes are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'v> {
    /// As the configuration sets them.
    Set(&'v Object),
    /// As they are in a world, apart from those that the cloud chose.
    Existing { attributes: &'v Object, chosen: &'v [Arc<str>] },
    /// As recorded, with what a plan changes.
    Recorded { inputs: &'v Object, observed: &'v Object, changes: Option<&'v BTreeMap<Arc<str>, Value>> },
}

impl<'v> Values<'v> {
    fn get(self, attribute: &Attribute) -> Option<&'v Value> {
        let value = match self {
            Values::Set(inputs) => inputs.get(attribute.name),
            Values::Existing { attributes, chosen } => {
                attributes.get(attribute.name).filter(|_| !chosen.iter().any(|name| **name == *attribute.name))
            }
            Values::Recorded { inputs, observed, changes } => match changes.and_then(|changes| changes.get(attribute.name)) {
                Some(changed) => Some(changed),
                None => {
                    let asked = inputs.get(attribute.name).filter(|value| !value.is_null())?;
                    let read = observed.get(attribute.name).filter(|value| !attribute.write_only && !value.is_null());
                    Some(read.unwrap_or(asked))
                }
            },
        };
        value.filter(|value| !value.is_null())
    }
}

/// One claim of one resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'v> {
    pub holder: Holder<'v>,
    pub claim: &'v Claim,
    /// The position of the claim in the schema.
    pub index: usize,
    /// The position of the list's item that makes the claim, and the item.
    pub item: Option<(usize, &'v Value)>,
}

impl<'v> Holder<'v> {
    /// Calls `found` with every claim of the resource that is decided by known values and references.
    pub(crate) fn each(self, found: &mut dyn FnMut(Held<'v>)) {
        for (index, claim) in self.schema.claims.iter().enumerate() {
            if !claim.when.iter().all(|(name, values)| self.is_one_of(name, values)) {
                continue;
            }
            match claim.each {
                None => found(Held { holder: self, claim, index, item: None }),
                Some(list) => {
                    if let Some(Value::List(items)) = self.value(list) {
                        for item in items.iter().enumerate() {
                            found(Held { holder: self, claim, index, item: Some(item) });
                        }
                    }
                }
            }
        }
    }

    /// The claim at a position of the schema, made by the item at a position of its list.
    pub(crate) fn at(self, index: usize, item: Option<usize>) -> Option<Held<'v>> {
        let claim = self.schema.claims.get(index)?;
        let item = match (claim.each, item) {
            (Some(list), Some(position)) => match self.value(list)? {
                Value::List(items) => Some((position, items.get(position)?)),
                _ => return None,
            },
            _ => None,
        };
        Some(Held { holder: self, claim, index, item })
    }

    /// The value of an attribute, or what it is when it is left out.
    fn value(self, name: &str) -> Option<&'v Value> {
        let attribute = self.schema.attribute(name)?;
        let default = || match &attribute.mode {
            Mode::Optional { default } => Some(default).filter(|value| !value.is_null()),
            Mode::Required | Mode::Chosen | Mode::Computed => None,
        };
        self.values.get(attribute).or_else(default)
    }

    /// True when an attribute has one of the values; without values, when it is set.
    fn is_one_of(self, name: &str, values: &[&str]) -> bool {
        match self.value(name) {
            value if values.is_empty() => value.is_some(),
            Some(Value::String(text)) => values.contains(&&**text),
            Some(Value::Bool(flag)) => values.contains(&if *flag { "true" } else { "false" }),
            _ => false,
        }
    }
}

impl<'v> Held<'v> {
    /// Calls `found` with each part of the scope, then of the key (without the address range); `None` when one is not decided or missing.
    fn parts(self, found: &mut dyn FnMut(Atom<'v>)) -> Option<()> {
        let region = if self.claim.reach == Reach::Account { "" } else { self.holder.region };
        found(Atom::Text(region, Form::Exact));
        for part in &self.claim.within {
            self.part(part, found)?;
        }
        for part in self.claim.key.iter().filter(|_| !self.claim.is_range) {
            let mut is_missing = false;
            self.part(part, &mut |atom| {
                is_missing |= atom == Atom::Absent;
                found(atom);
            })?;
            if is_missing && !part.optional {
                return None;
            }
        }
        Some(())
    }

    /// A hash of everything but the address range; equal for claims that conflict.
    pub(crate) fn hash(self, hashing: &Hashing) -> Option<u64> {
        let mut state = hashing.build_hasher();
        self.claim.namespace.hash(&mut state);
        self.parts(&mut |atom| atom.hash(&mut state))?;
        Some(state.finish())
    }

    /// The address range that is claimed.
    pub(crate) fn range(self) -> Option<IpNet> {
        let part = self.claim.key.first().filter(|_| self.claim.is_range)?;
        let mut net = None;
        self.part(part, &mut |atom| {
            if let Atom::Net(found) = atom {
                net = Some(found);
            }
        })?;
        net
    }

    /// Scope and key, part by part.
    pub(crate) fn atoms(self) -> Vec<Atom<'v>> {
        let mut atoms = Vec::new();
        let complete = self.parts(&mut |atom| atoms.push(atom));
        if complete.is_some() { atoms } else { Vec::new() }
    }

    /// True when the two cannot be held at the same time, apart from address ranges.
    pub(crate) fn is_same(self, other: Held<'_>, identities: &dyn Identities) -> bool {
        let (own, others) = (self.atoms(), other.atoms());
        let same = own.len() == others.len() && own.iter().zip(&others).all(|(a, b)| a.is_same(b, identities));
        same && self.claim.namespace == other.claim.namespace
    }

    /// The key for a message: `` `0.0.0.0/0` ``.
    pub(crate) fn key(self) -> String {
        let mut parts = Vec::new();
        for part in &self.claim.key {
            match &part.of {
                Of::Ports { protocol, from, to } => parts.extend(self.traffic(protocol, from, to)),
                _ => {
                    self.part(part, &mut |atom| parts.extend(atom.text()));
                }
            }
        }
        format!("`{}`", parts.join(" "))
    }

    /// Protocol and ports as they are written: `tcp 80-90`.
    fn traffic(self, protocol: &str, from: &str, to: &str) -> Option<String> {
        let text = |name| Atom::of(self.of_subject(name), Form::Exact)?.text();
        let protocol = text(protocol)?;
        Some(match (text(from), text(to)) {
            (Some(from), Some(to)) if from == to => format!("{protocol} {from}"),
            (Some(from), Some(to)) => format!("{protocol} {from}-{to}"),
            _ => protocol,
        })
    }

    /// A field of the list's item, or an attribute of the resource where it makes one claim.
    fn of_subject(self, name: &str) -> Option<&'v Value> {
        if self.item.is_some() { self.field(name) } else { self.holder.value(name) }
    }

    /// The scope for a message: the network that a range lies in.
    pub(crate) fn scope_text(self) -> Option<String> {
        let mut texts = Vec::new();
        for part in &self.claim.within {
            self.part(part, &mut |atom| texts.extend(atom.text().filter(|_| !matches!(atom, Atom::Flag(_)))))?;
        }
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// The attribute, and the field of the list's item, where the key is written.
    pub(crate) fn written(self) -> (Option<&'static str>, Option<usize>) {
        if let Some(list) = self.claim.each {
            return (Some(list), self.item.map(|(position, _)| position));
        }
        let set = |name: &&'static str| self.holder.schema.attribute(name).is_some_and(|a| self.holder.values.get(a).is_some());
        // A traffic rule is known by its peer rather than by its protocol.
        let (ports, rest): (Vec<&Part>, Vec<&Part>) = self.claim.key.iter().partition(|part| matches!(part.of, Of::Ports { .. }));
        let names = || rest.iter().chain(&ports).flat_map(|part| part.attributes());
        (names().find(set).or_else(|| names().next()), None)
    }

    fn part(self, part: &Part, found: &mut dyn FnMut(Atom<'v>)) -> Option<()> {
        match &part.of {
            Of::Itself => found(match self.holder.id {
                Some(id) => Atom::Text(id, Form::Exact),
                None => Atom::Reference { address: self.holder.address, attribute: "" },
            }),
            Of::Resource(names) => found(self.first(names.iter().map(|name| self.holder.value(name)), part.form)?),
            Of::Item([]) => found(Atom::of(self.item.map(|(_, item)| item), part.form)?),
            Of::Item(fields) => found(self.first(fields.iter().map(|field| self.field(field)), part.form)?),
            Of::Ports { protocol, from, to } => {
                let (protocol, ports) = atom::ports(self.of_subject(protocol), self.of_subject(from), self.of_subject(to))?;
                found(protocol);
                for port in ports {
                    found(port);
                }
            }
            Of::Pair(one, other) => {
                let (one, other) = (Atom::of(self.holder.value(one), part.form)?, Atom::of(self.holder.value(other), part.form)?);
                let (first, second) = if one.sorts_before(&other) { (one, other) } else { (other, one) };
                found(first);
                found(second);
            }
        }
        Some(())
    }

    fn first(self, mut values: impl Iterator<Item = Option<&'v Value>>, form: Form) -> Option<Atom<'v>> {
        Atom::of(values.find_map(|value| value), form)
    }

    fn field(self, name: &str) -> Option<&'v Value> {
        match self.item? {
            (_, Value::Object(fields)) => fields.get(name).filter(|value| !value.is_null()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
