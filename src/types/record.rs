//! Types of several parts. They are shared: a type that stands in many others is there once.

use std::collections::HashMap;
use std::sync::Arc;

use super::Type;
use super::pairs::Pairs;
use super::traits::Traits;
use super::work;

/// Most fields that are looked through one by one.
const FEW: usize = 16;

/// A record type. `name` is what messages call it; structure decides what is assignable.
#[derive(Debug, Clone)]
pub struct Record {
    pub name: Option<Arc<str>>,
    pub fields: Vec<Field>,
    traits: Traits,
    /// Where each field is; `None` in a record of a few.
    places: Option<HashMap<Arc<str>, usize, foldhash::fast::RandomState>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: Arc<str>,
    pub ty: Type,
    /// May be left out: it has a default or is optional.
    pub optional: bool,
    pub doc: Arc<str>,
}

#[derive(Debug, Clone)]
pub struct Function {
    pub params: Vec<Type>,
    pub result: Type,
    traits: Traits,
}

impl Record {
    pub fn new(name: Option<Arc<str>>, fields: Vec<Field>) -> Self {
        let traits = Traits::around(fields.iter().map(|field| &field.ty));
        let places = (fields.len() > FEW).then(|| fields.iter().enumerate().rev().map(|(at, field)| (field.name.clone(), at)).collect());
        Self { name, fields, traits, places }
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        match &self.places {
            Some(places) => self.fields.get(*places.get(name)?),
            None => self.fields.iter().find(|f| &*f.name == name),
        }
    }

    /// As [`Record::field`], for one that is probably at this place.
    pub(super) fn field_near(&self, at: usize, name: &str) -> Option<&Field> {
        self.fields.get(at).filter(|field| &*field.name == name).or_else(|| self.field(name))
    }

    pub(super) fn id(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).cast::<()>() as usize
    }

    pub(super) fn weight(&self) -> u32 {
        self.traits.weight
    }

    pub(super) fn traits(&self) -> Traits {
        self.traits
    }
}

impl Function {
    pub fn new(params: Vec<Type>, result: Type) -> Self {
        let mut traits = Traits::around(params.iter().chain([&result]));
        // What a function takes and gives is not in it.
        (traits.secret, traits.error, traits.resource, traits.json) = (false, false, false, false);
        Self { params, result, traits }
    }

    pub(super) fn id(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).cast::<()>() as usize
    }

    pub(super) fn weight(&self) -> u32 {
        self.traits.weight
    }

    pub(super) fn traits(&self) -> Traits {
        self.traits
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        same_fields(self, other, &mut Pairs::default())
    }
}

impl Eq for Record {}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        same_signature(self, other, &mut Pairs::default())
    }
}

impl Eq for Function {}

pub(super) fn same(a: &Arc<Record>, b: &Arc<Record>, seen: &mut Pairs<bool>) -> bool {
    Arc::ptr_eq(a, b) || (a.traits == b.traits && seen.once((a.id(), b.id()), a.weight(), |seen| same_fields(a, b, seen)))
}

pub(super) fn same_functions(a: &Arc<Function>, b: &Arc<Function>, seen: &mut Pairs<bool>) -> bool {
    Arc::ptr_eq(a, b) || (a.traits == b.traits && seen.once((a.id(), b.id()), a.weight(), |seen| same_signature(a, b, seen)))
}

fn same_fields(a: &Record, b: &Record, seen: &mut Pairs<bool>) -> bool {
    work::count(a.fields.len());
    a.name == b.name
        && a.fields.len() == b.fields.len()
        && a.fields
            .iter()
            .zip(&b.fields)
            .all(|(x, y)| x.name == y.name && x.optional == y.optional && x.doc == y.doc && super::same(&x.ty, &y.ty, seen))
}

fn same_signature(a: &Function, b: &Function, seen: &mut Pairs<bool>) -> bool {
    a.params.len() == b.params.len()
        && super::same(&a.result, &b.result, seen)
        && a.params.iter().zip(&b.params).all(|(x, y)| super::same(x, y, seen))
}
