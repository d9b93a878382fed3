//! The types of the language, and the one rule of what may stand where.

mod display;
mod pairs;
mod record;
mod traits;
mod work;

use std::sync::Arc;

use pairs::Pairs;
pub use record::{Field, Function, Record};
pub use work::{count, steps};

/// Most levels of one type. Whatever walks over a type goes one call deeper for each.
pub const MAX_DEPTH: u32 = 400;

/// A type. Resource and component types go by name; what is in them is the schema's and the checker's business.
#[derive(Debug, Clone)]
pub enum Type {
    /// The type of an expression that is already reported as wrong; it fits everywhere, so one mistake is one error.
    Error,
    /// Any value that can be written as JSON: policy documents and the like.
    Json,
    Null,
    String,
    Int,
    Float,
    Bool,
    Cidr,
    Ip,
    Size,
    Duration,
    Version,
    /// One of these texts: `"postgres" | "mysql"`. A string literal has a union of one.
    Union(Arc<[Arc<str>]>),
    /// Identifier of a resource of the named type.
    Id(Arc<str>),
    /// Amazon Resource Name of a resource of the named type; empty name: of any.
    Arn(Arc<str>),
    Secret(Arc<Type>),
    List(Arc<Type>),
    Map(Arc<Type>),
    Optional(Arc<Type>),
    Record(Arc<Record>),
    Function(Arc<Function>),
    /// A resource of the named type, `aws.ec2.VPC`.
    Resource(Arc<str>),
    /// An instance of a component: its qualified name, and what it is looked up by.
    Component(Arc<str>),
}

impl Type {
    pub fn list(of: Type) -> Type {
        Type::List(Arc::new(of))
    }

    pub fn map(of: Type) -> Type {
        Type::Map(Arc::new(of))
    }

    /// `of?`; an optional of an optional is the same optional.
    pub fn optional(of: Type) -> Type {
        match of {
            Type::Optional(_) | Type::Null | Type::Error => of,
            of => Type::Optional(Arc::new(of)),
        }
    }

    /// `Secret<of>`; a secret of a secret is the same secret.
    pub fn secret(of: Type) -> Type {
        match of {
            Type::Secret(_) | Type::Error => of,
            of => Type::Secret(Arc::new(of)),
        }
    }

    pub fn union<S: Into<Arc<str>>>(texts: impl IntoIterator<Item = S>) -> Type {
        Type::Union(texts.into_iter().map(Into::into).collect())
    }

    /// The type without `?`.
    pub fn required(&self) -> &Type {
        match self {
            Type::Optional(t) => t,
            t => t,
        }
    }
}

/// May a value of type `from` stand where `to` is wanted? Reflexive and transitive (but for [`Type::Error`], which fits everywhere).
/// Two records or functions are compared once, however often the pair stands in the types.
pub fn is_assignable(from: &Type, to: &Type) -> bool {
    assignable(from, to, &mut Pairs::default())
}

fn assignable(from: &Type, to: &Type, seen: &mut Pairs<bool>) -> bool {
    use Type::*;
    work::step();
    match (from, to) {
        (Error, _) | (_, Error) => true,
        (Null, Optional(_)) => true,
        (Optional(f), Optional(t)) => assignable(f, t, seen),
        (f, Optional(t)) => assignable(f, t, seen),
        (Secret(f), Secret(t)) => assignable(f, t, seen),
        (f, Secret(t)) => assignable(f, t, seen),
        (Int, Float) => true,
        (Union(_) | Id(_) | Arn(_), String) => true,
        (Union(f), Union(t)) => f.iter().all(|x| t.contains(x)),
        (Arn(_), Arn(t)) if t.is_empty() => true,
        (List(f), List(t)) | (Map(f), Map(t)) => assignable(f, t, seen),
        (Record(f), Map(t)) => seen.once((f.id(), of_type(t)), f.weight(), |seen| f.fields.iter().all(|x| assignable(&x.ty, t, seen))),
        (Record(f), Record(t)) if Arc::ptr_eq(f, t) => true,
        (Record(f), Record(t)) => seen.once((f.id(), t.id()), f.weight(), |seen| {
            let fits = |at, x: &Field, seen: &mut Pairs<bool>| {
                t.field_near(at, &x.name).is_some_and(|y| (y.optional || !x.optional) && assignable(&x.ty, &y.ty, seen))
            };
            f.fields.iter().enumerate().all(|(at, x)| fits(at, x, seen))
                && t.fields.iter().enumerate().all(|(at, y)| y.optional || f.field_near(at, &y.name).is_some())
        }),
        (Function(f), Function(t)) if Arc::ptr_eq(f, t) => true,
        (Function(f), Function(t)) => seen.once((f.id(), t.id()), f.weight(), |seen| {
            f.params.len() == t.params.len()
                && assignable(&f.result, &t.result, seen)
                && f.params.iter().zip(&t.params).all(|(a, b)| assignable(b, a, seen))
        }),
        (f, Json) => f.is_json(),
        (f, t) => f == t,
    }
}

/// What stands for a type that is no record or function among those that were compared.
fn of_type(ty: &Arc<Type>) -> usize {
    Arc::as_ptr(ty).cast::<()>() as usize
}

impl Eq for Type {}

impl PartialEq for Type {
    fn eq(&self, other: &Type) -> bool {
        same(self, other, &mut Pairs::default())
    }
}

fn same(a: &Type, b: &Type, seen: &mut Pairs<bool>) -> bool {
    use Type::*;
    work::step();
    match (a, b) {
        (Union(a), Union(b)) => a == b,
        (Id(a), Id(b)) | (Arn(a), Arn(b)) | (Resource(a), Resource(b)) | (Component(a), Component(b)) => a == b,
        (Secret(a), Secret(b)) | (List(a), List(b)) | (Map(a), Map(b)) | (Optional(a), Optional(b)) => {
            Arc::ptr_eq(a, b) || same(a, b, seen)
        }
        (Record(a), Record(b)) => record::same(a, b, seen),
        (Function(a), Function(b)) => record::same_functions(a, b, seen),
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
