//! A world that stands for a real cloud: it holds the part of it that a plan touches, and knows that there is more.
//!
//! What it cannot know it lets pass. It refuses only what the real cloud is sure to refuse, and keeps why: a thing is
//! deleted that another one holds ([`Attribute::holds`]), an id is taken, or something is referred to that was deleted here.

use std::collections::HashMap;
use std::sync::Arc;

use super::references::{Reference, View, walk};
use super::world::{Body, Key, Thing};
use super::{Inner, Sandbox};
use crate::address::Address;
use crate::provider::Operation;
use crate::schema::{Attribute, Mode, Registry, ResourceSchema};
use crate::types::Type;
use crate::value::{Object, Value};

/// A thing that exists in the real cloud.
#[derive(Debug, Clone, Copy)]
pub struct Seed<'a> {
    pub address: &'a Address,
    pub type_name: &'a str,
    pub region: &'a str,
    /// Import id.
    pub id: &'a str,
    /// What the program asked for when it was last applied.
    pub inputs: &'a Object,
    /// What the cloud showed of it.
    pub observed: &'a Object,
}

/// A call that the real cloud would refuse, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the call was for.
    pub address: Arc<str>,
    pub why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It cannot be deleted while `attribute` of `by` holds it.
    InUse { by: Arc<str>, attribute: &'static str },
    /// `by` has the id that it would get.
    Taken { by: Arc<str>, id: Arc<str> },
    /// `by` has `thing`, which it would take: `` the name `web` ``.
    Claimed { by: Arc<str>, thing: Arc<str> },
    /// `attribute` refers to `was`, which is deleted before.
    Gone { attribute: &'static str, was: Arc<str> },
}

/// What a replica knows beside its world.
#[derive(Debug, Default)]
pub(super) struct Replica {
    /// Ids and ARNs of what was deleted here, and whose they were.
    gone: HashMap<Arc<str>, Arc<str>>,
    refusals: Vec<Refusal>,
}

impl Sandbox {
    /// A world in memory with these things, of a cloud that has more than them.
    pub fn replica<'a>(registry: Arc<Registry>, seeds: impl IntoIterator<Item = Seed<'a>>) -> Self {
        let sandbox = Self::new(registry, None);
        {
            let mut inner = sandbox.lock();
            inner.replica = Some(Replica::default());
            for seed in seeds {
                inner.seed(seed);
            }
        }
        sandbox
    }

    /// What it refused so far, in the order of the calls.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.lock().replica.as_ref().map(|replica| replica.refusals.clone()).unwrap_or_default()
    }
}

/// Ids and ARNs in `attributes` that keep what they name from being deleted, with the attribute that says so.
pub fn held<'a>(schema: &'a ResourceSchema, attributes: &'a Object, found: &mut dyn FnMut(&'a Attribute, &'a str)) {
    for attribute in schema.attributes.iter().filter(|a| a.holds) {
        if let Some(value) = attributes.get(attribute.name) {
            walk(value, &attribute.ty, &mut |reference| found(attribute, reference.text));
        }
    }
}

/// The ids and ARN that the thing itself goes by.
pub fn own_names(schema: &ResourceSchema, id: &str, attributes: &Object) -> Vec<Arc<str>> {
    // The first part of a composed id, and what names the ends of a relation, are not the thing's own.
    let whole = schema.import.first().copied().filter(|_| schema.import.len() == 1);
    let is_own = |attribute: &&Attribute| match &attribute.ty {
        Type::Id(of) | Type::Arn(of) => **of == *schema.name,
        _ => true,
    };
    let own = [schema.id, whole, schema.arn].into_iter().flatten().filter_map(|name| schema.attribute(name)).filter(is_own);
    let named = own.filter_map(|attribute| attributes.get(attribute.name)?.as_str());
    let mut names: Vec<Arc<str>> = named.chain([id]).map(Arc::from).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Inner {
    fn seed(&mut self, seed: Seed<'_>) {
        let Some(codec) = self.codecs.of(seed.type_name) else { return };
        let schema = codec.schema();
        // What was not read yet is as it was asked for.
        let shown = schema.attributes.iter().filter_map(|attribute| {
            let given = || super::calls::given(seed.inputs, attribute.name, &attribute.ty, attribute.write_only);
            let value = super::calls::given(seed.observed, attribute.name, &attribute.ty, attribute.write_only).or_else(given)?;
            Some((codec.name(attribute.name), value))
        });
        let attributes: Object = shown.collect();
        let chosen = |a: &&Attribute| a.mode == Mode::Chosen && seed.inputs.get(a.name).is_none_or(Value::is_null);
        let made = schema.attributes.iter().filter(chosen).map(|a| codec.name(a.name)).collect();
        let address: Arc<str> = seed.address.to_string().into();
        let key = Key { type_name: schema.name.into(), region: seed.region.into(), id: seed.id.into() };
        let thing = Thing { operation: address.clone(), address, ready: 0, made, body: Body::Read(Arc::new(attributes)) };
        self.world.put(&key, thing, &mut self.codecs);
    }

    pub(super) fn is_replica(&self) -> bool {
        self.replica.is_some()
    }

    pub(super) fn refuse(&mut self, op: &Operation<'_>, why: Why) {
        let refusal = Refusal { address: op.address.to_string().into(), why };
        if let Some(replica) = &mut self.replica {
            replica.refusals.push(refusal);
        }
    }

    /// Whoever holds a thing, and by what.
    pub(super) fn holder(&mut self, view: View<'_>) -> Option<(Arc<str>, &'static str)> {
        let names = own_names(view.schema, &view.key.id, view.attributes);
        let candidates: Vec<Key> = self.world.index(&mut self.codecs).referrers(view).cloned().collect();
        candidates.into_iter().find_map(|key| {
            let codec = self.codecs.of(&key.type_name)?;
            let thing = self.world.at(&key)?;
            let attributes = thing.attributes(&codec).ok()?;
            let mut by = None;
            held(codec.schema(), &attributes, &mut |attribute, text| {
                let is_made = thing.made.iter().any(|made| **made == *attribute.name);
                if by.is_none() && !is_made && names.iter().any(|name| **name == *text) {
                    by = Some(attribute.name);
                }
            });
            Some((thing.address.clone(), by?))
        })
    }

    /// Keeps what a deleted thing was called.
    pub(super) fn remember(&mut self, view: View<'_>, address: &Arc<str>) {
        if let Some(replica) = &mut self.replica {
            let names = own_names(view.schema, &view.key.id, view.attributes);
            replica.gone.extend(names.into_iter().map(|name| (name, address.clone())));
        }
    }

    /// The first reference to something that was deleted here, in what is new in `inputs`.
    pub(super) fn dead_reference(&mut self, schema: &ResourceSchema, region: &str, inputs: &Object, prior: Option<&Object>) -> Option<Why> {
        let index = self.world.index(&mut self.codecs);
        let replica = self.replica.as_ref()?;
        let is_new = |name: &str, value: &Value| prior.is_none_or(|prior| prior.get(name) != Some(value));
        inputs.iter().filter(|(name, value)| is_new(name, value)).find_map(|(name, value)| {
            let attribute = schema.attribute(name)?;
            let mut dead = None;
            walk(value, &attribute.ty, &mut |Reference { of, text, .. }| {
                if dead.is_none() && index.resolve(of, text, region).is_none() {
                    dead = replica.gone.get(text).cloned();
                }
            });
            Some(Why::Gone { attribute: schema.attribute(name)?.name, was: dead? })
        })
    }
}
