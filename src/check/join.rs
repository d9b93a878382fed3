//! The least type that two branches or elements have in common.

use std::collections::HashMap;
use std::sync::Arc;

use crate::types::{Field, Record, Type, count, is_assignable};
use crate::value::Hashing;

/// A union of more texts than this is just `String`.
const MAX_UNION: usize = 32;

/// The type of "one of these two"; `None` when they have nothing in common.
pub fn join(a: &Type, b: &Type) -> Option<Type> {
    Joins::default().of(a, b)
}

/// Records that were joined, so that each pair of them is joined once, and what comes of it is shared as they are.
#[derive(Default)]
struct Joins {
    done: HashMap<(usize, usize), Option<Type>, Hashing>,
    /// What was made on the way stays, so that nothing else is at its place in memory.
    kept: Vec<(Arc<Record>, Arc<Record>)>,
}

impl Joins {
    fn of(&mut self, a: &Type, b: &Type) -> Option<Type> {
        if let (Type::Record(x), Type::Record(y)) = (a, b)
            && !Arc::ptr_eq(x, y)
        {
            let pair = (Arc::as_ptr(x) as usize, Arc::as_ptr(y) as usize);
            if let Some(done) = self.done.get(&pair) {
                return done.clone();
            }
            let joined = self.whole(a, b);
            self.kept.push((x.clone(), y.clone()));
            self.done.insert(pair, joined.clone());
            return joined;
        }
        self.whole(a, b)
    }

    fn whole(&mut self, a: &Type, b: &Type) -> Option<Type> {
        // What is in `[]` fits everything, and says nothing about the other.
        let says_all = !(a.holds_error() || b.holds_error());
        if says_all && is_assignable(a, b) {
            return Some(b.clone());
        }
        if says_all && is_assignable(b, a) {
            return Some(a.clone());
        }
        match (a, b) {
            (Type::Error, _) | (_, Type::Error) => Some(Type::Error),
            (Type::Null, t) | (t, Type::Null) => Some(Type::optional(t.clone())),
            (Type::Optional(x), y) | (y, Type::Optional(x)) => self.of(x, y.required()).map(Type::optional),
            (Type::Secret(x), y) | (y, Type::Secret(x)) => self.of(x, y).map(Type::secret),
            (Type::Union(x), Type::Union(y)) => {
                let mut texts: Vec<Arc<str>> = x.to_vec();
                texts.extend(y.iter().filter(|t| !x.contains(t)).cloned());
                Some(if texts.len() > MAX_UNION { Type::String } else { Type::Union(texts.into()) })
            }
            (Type::Union(_) | Type::Id(_) | Type::Arn(_), Type::Union(_) | Type::Id(_) | Type::Arn(_)) => Some(Type::String),
            (Type::List(x), Type::List(y)) => self.parts(x, y).map(Type::list),
            (Type::Map(x), Type::Map(y)) => self.parts(x, y).map(Type::map),
            (Type::Record(x), Type::Map(y)) | (Type::Map(y), Type::Record(x)) => {
                x.fields.iter().try_fold(Type::clone(y), |of, field| self.parts(&of, &field.ty)).map(Type::map)
            }
            (Type::Record(x), Type::Record(y)) => self.records(x, y),
            _ if is_assignable(a, b) => Some(b.clone()),
            _ if is_assignable(b, a) => Some(a.clone()),
            _ => None,
        }
    }

    /// What the elements of two lists or maps have in common; one that is empty has no say.
    fn parts(&mut self, x: &Type, y: &Type) -> Option<Type> {
        match (x, y) {
            (Type::Error, of) | (of, Type::Error) => Some(of.clone()),
            (x, y) => self.of(x, y),
        }
    }

    /// Records join field by field; a field that only one has becomes optional.
    fn records(&mut self, x: &Record, y: &Record) -> Option<Type> {
        count(x.fields.len() + y.fields.len());
        let mut fields = Vec::with_capacity(x.fields.len());
        for own in &x.fields {
            fields.push(match y.field(&own.name) {
                Some(other) => Field { ty: self.of(&own.ty, &other.ty)?, optional: own.optional || other.optional, ..own.clone() },
                None => Field { ty: Type::optional(own.ty.clone()), optional: true, ..own.clone() },
            });
        }
        for other in y.fields.iter().filter(|f| x.field(&f.name).is_none()) {
            fields.push(Field { ty: Type::optional(other.ty.clone()), optional: true, ..other.clone() });
        }
        Some(Type::Record(Arc::new(Record::new(None, fields))))
    }
}

/// What one of these is, whichever it is. Those with nothing in common are at best parts of a document; with a secret among them the
/// whole is one.
pub fn any_of(types: impl IntoIterator<Item = Type>) -> Type {
    let types: Vec<Type> = types.into_iter().collect();
    let joined = types.iter().skip(1).try_fold(types.first().cloned().unwrap_or(Type::Error), |all, ty| join(&all, ty));
    joined.unwrap_or_else(|| if types.iter().any(Type::holds_secret) { Type::secret(Type::Json) } else { Type::Json })
}

/// What a record's fields are, whichever is chosen.
pub fn any_field(record: &Record) -> Type {
    any_of(record.fields.iter().map(|field| field.ty.clone()))
}
