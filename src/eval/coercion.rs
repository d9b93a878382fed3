//! Values in the form that a type asks for: a resource as its id, a text as a version, a record with its defaults.

use std::collections::HashMap;
use std::sync::Arc;

use super::handle::ResourceHandle;
use super::machine::{Answer, Locals, Machine, Slots, World, fail};
use super::suspended::later;
use crate::source::Span;
use crate::types::{Record, Type};
use crate::value::{Deferred, Hashing, Known, Object, Source, Unknown, Value, Version};

/// Lists and objects that got the form of a type, by where both are in memory.
type Shapes = HashMap<(usize, usize), Value, Hashing>;

/// A part of a value that gets its form once it is known.
#[derive(Debug)]
struct Shaped {
    world: World,
    part: Value,
    ty: Type,
    span: Span,
}

impl Deferred for Shaped {
    fn force(&self, known: &dyn Known) -> Answer {
        let part = self.part.resolve(known)?;
        later(&self.world, known, Some(self.span), Slots::Kept(&[]), |machine| machine.coerce(&part, &self.ty, self.span))
    }

    fn needs(&self, found: &mut Vec<Arc<Unknown>>) {
        self.part.unknowns(found);
    }

    fn reference(&self) -> Option<&Source> {
        match &self.part {
            Value::Unknown(unknown) => unknown.reference(),
            _ => None,
        }
    }
}

impl Machine<'_> {
    /// A value in the form that a type asks for.
    pub(super) fn coerce(&self, value: &Value, ty: &Type, span: Span) -> Answer {
        self.shape(value, ty, span, &mut Shapes::default())
    }

    /// As [`Machine::coerce`]; what is shared gets its form once, and stays shared.
    fn shape(&self, value: &Value, ty: &Type, span: Span, done: &mut Shapes) -> Answer {
        let place = match (value, ty) {
            (Value::List(items), Type::List(of)) => (Arc::as_ptr(items) as usize, Arc::as_ptr(of) as usize),
            (Value::Object(entries), Type::Map(of)) => (Arc::as_ptr(entries) as usize, Arc::as_ptr(of) as usize),
            (Value::Object(entries), Type::Record(of)) => (Arc::as_ptr(entries) as usize, Arc::as_ptr(of) as usize),
            _ => return self.shape_new(value, ty, span, done),
        };
        if let Some(shaped) = done.get(&place) {
            return Ok(shaped.clone());
        }
        let shaped = self.shape_new(value, ty, span, done)?;
        done.insert(place, shaped.clone());
        Ok(shaped)
    }

    fn shape_new(&self, value: &Value, ty: &Type, span: Span, done: &mut Shapes) -> Answer {
        self.charge(1, span)?;
        Ok(match (value, ty) {
            (Value::Null, _) => Value::Null,
            (Value::Unknown(unknown), ty) if unknown.ty.required() != ty.required() => self.shaped(unknown, ty, span),
            (value, Type::Optional(of) | Type::Secret(of)) => self.shape(value, of, span, done)?,
            (Value::List(items), Type::List(of)) => {
                Value::list(items.iter().map(|item| self.shape(item, of, span, done)).collect::<Result<Vec<_>, _>>()?)
            }
            (Value::Object(entries), Type::Map(of)) => {
                let entries =
                    entries.iter().map(|(k, v)| Ok((k.clone(), self.shape(v, of, span, done)?))).collect::<Result<Object, _>>()?;
                Value::Object(Arc::new(entries))
            }
            (Value::Object(entries), Type::Record(record)) => self.record_of(entries, record, span, done)?,
            (Value::Handle(handle), Type::Id(_) | Type::Arn(_)) => match handle.as_any().downcast_ref::<ResourceHandle>() {
                Some(resource) => {
                    let name = if matches!(ty, Type::Arn(_)) { resource.schema.arn } else { resource.schema.id_attribute() };
                    match name {
                        Some(name) => self.attribute(resource, &name.into(), span)?,
                        None => return fail(span, "this resource has no such identifier"),
                    }
                }
                None => return fail(span, "this is not a resource"),
            },
            (Value::String(text), Type::Version) => Value::Version(Version(text.clone())),
            (value, _) => value.clone(),
        })
    }

    fn shaped(&self, unknown: &Arc<Unknown>, ty: &Type, span: Span) -> Value {
        let shaped = Shaped { world: self.world.clone(), part: Value::Unknown(unknown.clone()), ty: ty.clone(), span };
        Value::Unknown(Arc::new(Unknown {
            ty: ty.clone(),
            phase: unknown.phase,
            source: unknown.source.clone(),
            deferred: Some(Box::new(shaped)),
        }))
    }

    /// A record as its type has it: each part in its form, and the defaults of what is left out.
    fn record_of(&self, entries: &Object, record: &Arc<Record>, span: Span, done: &mut Shapes) -> Answer {
        let defaults = self.world.program.field_defaults.of(record);
        let mut object = Object::with_capacity(record.fields.len());
        for field in &record.fields {
            let default = || defaults.iter().find(|(name, _)| *name == field.name).map(|(_, id)| *id);
            match (entries.get(&field.name).filter(|value| !value.is_null()), default()) {
                (Some(value), _) => object.insert(field.name.clone(), self.shape(value, &field.ty, span, done)?),
                (None, Some(default)) => object.insert(field.name.clone(), self.eval(default, &Locals::default())?),
                (None, None) => continue,
            };
        }
        Ok(Value::Object(Arc::new(object)))
    }
}
