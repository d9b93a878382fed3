//! Who refers to whom: found by the types of attributes, never by their names.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::occupied::Occupied;
use super::world::Key;
use crate::schema::{Attribute, Mode, ResourceSchema};
use crate::types::Type;
use crate::value::{Object, Value};

/// A text in a place that holds the id or ARN of a thing of type `of` (empty: of any).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub of: &'a str,
    pub arn: bool,
    pub text: &'a str,
}

/// Every reference in `value`, however deep.
pub(super) fn walk<'a>(value: &'a Value, ty: &'a Type, found: &mut dyn FnMut(Reference<'a>)) {
    match (ty, value) {
        (Type::Id(of), Value::String(text)) => found(Reference { of, arn: false, text }),
        (Type::Arn(of), Value::String(text)) => found(Reference { of, arn: true, text }),
        (Type::Optional(of), value) => walk(value, of, found),
        (Type::List(of), Value::List(items)) => items.iter().for_each(|item| walk(item, of, found)),
        (Type::Map(of), Value::Object(entries)) => entries.values().for_each(|entry| walk(entry, of, found)),
        (Type::Record(record), Value::Object(entries)) => {
            for (name, entry) in entries.iter() {
                if let Some(field) = record.field(name) {
                    walk(entry, &field.ty, found);
                }
            }
        }
        _ => {}
    }
}

/// A thing with its attributes read, as the index looks at it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub key: &'a Key,
    pub schema: &'a ResourceSchema,
    pub attributes: &'a Object,
    /// The chosen attributes that the caller left to the cloud.
    pub made: &'a [Arc<str>],
    /// Id of the operation that created it.
    pub operation: &'a Arc<str>,
}

impl<'a> View<'a> {
    /// True for what the cloud set by itself.
    fn is_made(&self, attribute: &Attribute) -> bool {
        attribute.mode == Mode::Computed || self.made.iter().any(|m| &**m == attribute.name)
    }

    /// What the thing refers to: the references in its inputs.
    fn references(&self, found: &mut dyn FnMut(Reference<'a>)) {
        for attribute in self.schema.attributes.iter().filter(|a| !self.is_made(a)) {
            if let Some(value) = self.attributes.get(attribute.name) {
                walk(value, &attribute.ty, found);
            }
        }
    }

    /// What the thing answers to: its ids and ARNs, and those of what came with it (a network's default route table).
    fn names(&self, found: &mut dyn FnMut(&'a str, &'a str)) {
        found(self.schema.name, &self.key.id);
        let own = self.schema.import.iter().copied().chain(self.schema.id).chain(self.schema.arn);
        let is_own = |a: &Attribute| !matches!(&a.ty, Type::Id(of) | Type::Arn(of) if **of != *self.schema.name);
        for attribute in own.filter_map(|name| self.schema.attribute(name)).filter(|a| is_own(a)) {
            if let Some(text) = self.attributes.get(attribute.name).and_then(Value::as_str) {
                found(self.schema.name, text);
            }
        }
        for attribute in self.schema.attributes.iter().filter(|a| self.is_made(a)) {
            if let Some(value) = self.attributes.get(attribute.name) {
                walk(value, &attribute.ty, &mut |reference| found(reference.of, reference.text));
            }
        }
        // Fields that the cloud filled in beside those that were asked for.
        for (name, field) in self.made.iter().filter_map(|path| path.split_once('.')) {
            let attribute = self.schema.attribute(name).map(|attribute| attribute.ty.required());
            if let (Some(Type::Record(record)), Some(Value::Object(fields))) = (attribute, self.attributes.get(name))
                && let (Some(of), Some(value)) = (record.field(field), fields.get(field))
            {
                walk(value, &of.ty, &mut |reference| found(reference.of, reference.text));
            }
        }
    }
}

/// Both directions over a whole world.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By text: the types it names a thing of, and the thing.
    names: HashMap<Arc<str>, BTreeSet<(Arc<str>, Key)>>,
    /// By text: the types it is expected to name, and the thing that says so.
    references: HashMap<Arc<str>, BTreeSet<(Arc<str>, Key)>>,
    /// By operation: the thing that it created.
    operations: HashMap<Arc<str>, Key>,
    /// Who holds what nobody else may have.
    pub occupied: Occupied,
}

impl Index {
    pub fn add(&mut self, view: View<'_>) {
        self.change(view, true);
        self.operations.insert(view.operation.clone(), view.key.clone());
    }

    pub fn remove(&mut self, view: View<'_>) {
        self.change(view, false);
        self.operations.remove(view.operation);
    }

    /// The thing that an operation created.
    pub fn created_by(&self, operation: &str) -> Option<&Key> {
        self.operations.get(operation)
    }

    fn change(&mut self, view: View<'_>, add: bool) {
        self.occupied.change(view, add);
        let mut own: Vec<&str> = Vec::new();
        view.names(&mut |of, text| {
            own.push(text);
            put(&mut self.names, text, of, view.key, add);
        });
        view.references(&mut |reference| {
            if !own.contains(&reference.text) {
                put(&mut self.references, reference.text, reference.of, view.key, add);
            }
        });
    }

    /// The thing that `text` names where a thing of type `of` is meant; one in `region` before one elsewhere.
    pub fn resolve(&self, of: &str, text: &str, region: &str) -> Option<&Key> {
        let named = || self.names.get(text).into_iter().flatten().filter(|(ty, _)| of.is_empty() || ty.is_empty() || &**ty == of);
        named().find(|(_, key)| &*key.region == region).or_else(|| named().next()).map(|(_, key)| key)
    }

    /// The things that refer to this one and are not itself.
    pub fn referrers<'a>(&'a self, view: View<'a>) -> impl Iterator<Item = &'a Key> {
        let mut texts: Vec<&str> = Vec::new();
        view.names(&mut |_, text| texts.push(text));
        texts.into_iter().flat_map(move |text| {
            let referrers = self.references.get(text).into_iter().flatten();
            let to_this = referrers.filter(move |(of, by)| by != view.key && self.resolve(of, text, &by.region) == Some(view.key));
            to_this.map(|(_, by)| by)
        })
    }
}

fn put(index: &mut HashMap<Arc<str>, BTreeSet<(Arc<str>, Key)>>, text: &str, of: &str, key: &Key, add: bool) {
    let entry = (Arc::from(of), key.clone());
    if add {
        match index.get_mut(text) {
            Some(entries) => {
                entries.insert(entry);
            }
            None => {
                index.insert(text.into(), BTreeSet::from([entry]));
            }
        }
    } else if let Some(entries) = index.get_mut(text) {
        entries.remove(&entry);
        if entries.is_empty() {
            index.remove(text);
        }
    }
}
