//! The types of the language, and the one rule of what may stand where.

use std::fmt;
use std::sync::Arc;

/// A type. Resource and component types go by name; what is in them is the schema's and the checker's business.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// A record type. `name` is what messages call it; structure decides what is assignable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub name: Option<Arc<str>>,
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: Arc<str>,
    pub ty: Type,
    /// May be left out: it has a default or is optional.
    pub optional: bool,
    pub doc: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub params: Vec<Type>,
    pub result: Type,
}

impl Record {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| &*f.name == name)
    }
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

    /// True when the type is, or somewhere holds, a secret.
    pub fn holds_secret(&self) -> bool {
        match self {
            Type::Secret(_) => true,
            Type::List(t) | Type::Map(t) | Type::Optional(t) => t.holds_secret(),
            Type::Record(r) => r.fields.iter().any(|f| f.ty.holds_secret()),
            _ => false,
        }
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
pub fn is_assignable(from: &Type, to: &Type) -> bool {
    use Type::*;
    match (from, to) {
        (Error, _) | (_, Error) => true,
        (Null, Optional(_)) => true,
        (Optional(f), Optional(t)) => is_assignable(f, t),
        (f, Optional(t)) => is_assignable(f, t),
        (Secret(f), Secret(t)) => is_assignable(f, t),
        (f, Secret(t)) => is_assignable(f, t),
        (Int, Float) => true,
        (Union(_) | Id(_) | Arn(_), String) => true,
        (Union(f), Union(t)) => f.iter().all(|x| t.contains(x)),
        (Arn(_), Arn(t)) if t.is_empty() => true,
        (List(f), List(t)) | (Map(f), Map(t)) => is_assignable(f, t),
        (Record(f), Map(t)) => f.fields.iter().all(|x| is_assignable(&x.ty, t)),
        (Record(f), Record(t)) => {
            f.fields.iter().all(|x| t.field(&x.name).is_some_and(|y| is_assignable(&x.ty, &y.ty) && (y.optional || !x.optional)))
                && t.fields.iter().all(|y| y.optional || f.field(&y.name).is_some())
        }
        (Function(f), Function(t)) => {
            f.params.len() == t.params.len()
                && is_assignable(&f.result, &t.result)
                && f.params.iter().zip(&t.params).all(|(a, b)| is_assignable(b, a))
        }
        (f, Json) => is_json(f),
        (f, t) => f == t,
    }
}

fn is_json(ty: &Type) -> bool {
    match ty {
        Type::Secret(_) | Type::Function(_) | Type::Resource(_) | Type::Component(_) => false,
        Type::List(t) | Type::Map(t) | Type::Optional(t) => is_json(t),
        Type::Record(r) => r.fields.iter().all(|f| is_json(&f.ty)),
        _ => true,
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Error => f.write_str("?"),
            Type::Json => f.write_str("Json"),
            Type::Null => f.write_str("null"),
            Type::String => f.write_str("String"),
            Type::Int => f.write_str("Int"),
            Type::Float => f.write_str("Float"),
            Type::Bool => f.write_str("Bool"),
            Type::Cidr => f.write_str("Cidr"),
            Type::Ip => f.write_str("Ip"),
            Type::Size => f.write_str("Size"),
            Type::Duration => f.write_str("Duration"),
            Type::Version => f.write_str("Version"),
            Type::Union(texts) => {
                for (i, text) in texts.iter().enumerate() {
                    let bar = if i > 0 { " | " } else { "" };
                    write!(f, "{bar}\"{text}\"")?;
                }
                Ok(())
            }
            Type::Id(of) => write!(f, "Id<{of}>"),
            Type::Arn(of) if of.is_empty() => f.write_str("Arn"),
            Type::Arn(of) => write!(f, "Arn<{of}>"),
            Type::Secret(of) => write!(f, "Secret<{of}>"),
            Type::List(of) => write!(f, "[{of}]"),
            Type::Map(of) => write!(f, "{{{of}}}"),
            Type::Optional(of) => match **of {
                Type::Union(_) | Type::Function(_) => write!(f, "({of})?"),
                _ => write!(f, "{of}?"),
            },
            Type::Record(record) => match &record.name {
                Some(name) => f.write_str(name),
                None => {
                    f.write_str("{ ")?;
                    for (i, field) in record.fields.iter().enumerate() {
                        let comma = if i > 0 { ", " } else { "" };
                        write!(f, "{comma}{}: {}", field.name, field.ty)?;
                    }
                    f.write_str(" }")
                }
            },
            Type::Function(function) => {
                f.write_str("(")?;
                for (i, param) in function.params.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    write!(f, "{comma}{param}")?;
                }
                write!(f, ") => {}", function.result)
            }
            Type::Resource(name) | Type::Component(name) => f.write_str(name),
        }
    }
}
