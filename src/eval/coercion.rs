//! Values in the form that a type asks for: a resource as its id, a text as a version, a record with its defaults.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::handle::ResourceHandle;
use super::machine::{Answer, Locals, Machine, Slots, World, fail};
use crate::source::Span;
use crate::types::{Record, Type};
use crate::value::{Deferred, Known, Object, Source, Unknown, Value, Version};

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
        let (origins, steps) = (RefCell::new(Vec::new()), Cell::new(0));
        let machine = Machine { world: &self.world, slots: Slots::Kept(&[]), known: Some(known), origins: &origins, steps: &steps };
        machine.coerce(&self.part.resolve(known)?, &self.ty, self.span)
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
        Ok(match (value, ty) {
            (Value::Null, _) => Value::Null,
            (Value::Unknown(unknown), ty) if unknown.ty.required() != ty.required() => self.shaped(unknown, ty, span),
            (value, Type::Optional(of) | Type::Secret(of)) => self.coerce(value, of, span)?,
            (Value::List(items), Type::List(of)) => {
                Value::list(items.iter().map(|item| self.coerce(item, of, span)).collect::<Result<Vec<_>, _>>()?)
            }
            (Value::Object(entries), Type::Map(of)) => {
                let entries = entries.iter().map(|(k, v)| Ok((k.clone(), self.coerce(v, of, span)?))).collect::<Result<Object, _>>()?;
                Value::Object(Arc::new(entries))
            }
            (Value::Object(entries), Type::Record(record)) => self.record_of(entries, record, span)?,
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
    fn record_of(&self, entries: &Object, record: &Arc<Record>, span: Span) -> Answer {
        let defaults = self.world.program.field_defaults.of(record);
        let mut object = Object::with_capacity(record.fields.len());
        for field in &record.fields {
            let default = || defaults.iter().find(|(name, _)| *name == field.name).map(|(_, id)| *id);
            match (entries.get(&field.name).filter(|value| !value.is_null()), default()) {
                (Some(value), _) => object.insert(field.name.clone(), self.coerce(value, &field.ty, span)?),
                (None, Some(default)) => object.insert(field.name.clone(), self.eval(default, &Locals::default())?),
                (None, None) => continue,
            };
        }
        Ok(Value::Object(Arc::new(object)))
    }
}
