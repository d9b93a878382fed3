//! How Rust types of a resource's struct map to the language's types and values.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::CodecError;
use crate::types::Type;
use crate::value::{Duration, Object, Secret, SecretText, Size, Value, Version};

/// A Rust type that an attribute can have. Implemented here for the vocabulary, and by `#[derive(Record)]` for nested settings.
pub trait Field: Sized {
    fn ty() -> Type;
    fn decode(value: &Value) -> Result<Self, CodecError>;
    fn encode(&self) -> Value;

    /// What stands for an attribute that is not there.
    fn missing() -> Option<Self> {
        None
    }
}

/// Identifier of a resource of type `T`; the text AWS gives.
pub struct Id<T>(Arc<str>, PhantomData<fn() -> T>);

/// Amazon Resource Name of a resource of type `T`.
pub struct Arn<T>(Arc<str>, PhantomData<fn() -> T>);

/// Names a resource type, so that `Id<T>` and `Arn<T>` know what they identify.
pub trait Named {
    const NAME: &'static str;
}

/// Any resource: `Arn<AnyResource>` is an ARN of something.
pub struct AnyResource;

impl Named for AnyResource {
    const NAME: &'static str = "";
}

macro_rules! text_newtype {
    ($name:ident, $ty:ident) => {
        impl<T> $name<T> {
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into(), PhantomData)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self(self.0.clone(), PhantomData)
            }
        }

        impl<T> Default for $name<T> {
            fn default() -> Self {
                Self("".into(), PhantomData)
            }
        }

        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<T> From<&str> for $name<T> {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl<T> From<String> for $name<T> {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl<T> From<$name<T>> for String {
            fn from(id: $name<T>) -> String {
                id.0.to_string()
            }
        }

        impl<T: Named> Field for $name<T> {
            fn ty() -> Type {
                Type::$ty(T::NAME.into())
            }

            fn decode(value: &Value) -> Result<Self, CodecError> {
                match value {
                    Value::String(text) => Ok(Self::new(text.clone())),
                    other => Err(CodecError::wrong(&Self::ty(), other)),
                }
            }

            fn encode(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    };
}

text_newtype!(Id, Id);
text_newtype!(Arn, Arn);

/// A document such as an IAM policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Json(pub serde_json::Value);

impl Field for Json {
    fn ty() -> Type {
        Type::Json
    }

    fn decode(value: &Value) -> Result<Self, CodecError> {
        super::codec::plain_json(value).map(Json)
    }

    fn encode(&self) -> Value {
        super::codec::from_plain_json(&self.0)
    }
}

macro_rules! scalar_field {
    ($rust:ty, $ty:ident, $value:ident, $get:expr, $put:expr) => {
        impl Field for $rust {
            fn ty() -> Type {
                Type::$ty
            }

            fn decode(value: &Value) -> Result<Self, CodecError> {
                match value {
                    Value::$value(inner) => Ok($get(inner)),
                    other => Err(CodecError::wrong(&Self::ty(), other)),
                }
            }

            fn encode(&self) -> Value {
                Value::$value($put(self))
            }
        }
    };
}

scalar_field!(bool, Bool, Bool, |b: &bool| *b, |b: &bool| *b);
scalar_field!(i64, Int, Int, |n: &i64| *n, |n: &i64| *n);
scalar_field!(String, String, String, |s: &Arc<str>| s.to_string(), |s: &String| Arc::from(s.as_str()));
scalar_field!(IpNet, Cidr, Cidr, |c: &IpNet| *c, |c: &IpNet| *c);
scalar_field!(IpAddr, Ip, Ip, |i: &IpAddr| *i, |i: &IpAddr| *i);
scalar_field!(Size, Size, Size, |s: &Size| *s, |s: &Size| *s);
scalar_field!(Duration, Duration, Duration, |d: &Duration| *d, |d: &Duration| *d);
scalar_field!(Version, Version, Version, Version::clone, Version::clone);

impl Field for f64 {
    fn ty() -> Type {
        Type::Float
    }

    fn decode(value: &Value) -> Result<Self, CodecError> {
        match value {
            Value::Float(number) => Ok(*number),
            #[allow(clippy::cast_precision_loss, reason = "an Int stands for a Float by the language's rule")]
            Value::Int(number) => Ok(*number as f64),
            other => Err(CodecError::wrong(&Type::Float, other)),
        }
    }

    fn encode(&self) -> Value {
        Value::Float(*self)
    }
}

impl Field for SecretText {
    fn ty() -> Type {
        Type::secret(Type::String)
    }

    fn decode(value: &Value) -> Result<Self, CodecError> {
        match value {
            Value::Secret(Secret::Plain(text)) => Ok(text.clone()),
            // What is read back of a resource never has the text; the engine compares fingerprints.
            Value::Secret(_) => Ok(SecretText::new("")),
            Value::String(text) => Ok(SecretText::new(text.to_string())),
            other => Err(CodecError::wrong(&Self::ty(), other)),
        }
    }

    fn encode(&self) -> Value {
        Value::Secret(Secret::Plain(self.clone()))
    }
}

impl<F: Field> Field for Option<F> {
    fn ty() -> Type {
        Type::optional(F::ty())
    }

    fn decode(value: &Value) -> Result<Self, CodecError> {
        match value {
            Value::Null => Ok(None),
            value => F::decode(value).map(Some),
        }
    }

    fn encode(&self) -> Value {
        self.as_ref().map_or(Value::Null, Field::encode)
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<F: Field> Field for Vec<F> {
    fn ty() -> Type {
        Type::list(F::ty())
    }

    fn decode(value: &Value) -> Result<Self, CodecError> {
        match value {
            Value::List(items) => items.iter().enumerate().map(|(i, item)| F::decode(item).map_err(|e| e.within(&i.to_string()))).collect(),
            other => Err(CodecError::wrong(&Self::ty(), other)),
        }
    }

    fn encode(&self) -> Value {
        Value::list(self.iter().map(Field::encode))
    }

    fn missing() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<F: Field> Field for BTreeMap<String, F> {
    fn ty() -> Type {
        Type::map(F::ty())
    }

    fn decode(value: &Value) -> Result<Self, CodecError> {
        match value {
            Value::Object(entries) => entries.iter().map(|(k, v)| Ok((k.to_string(), F::decode(v).map_err(|e| e.within(k))?))).collect(),
            other => Err(CodecError::wrong(&Self::ty(), other)),
        }
    }

    fn encode(&self) -> Value {
        Value::Object(Arc::new(self.iter().map(|(k, v)| (Arc::from(k.as_str()), v.encode())).collect::<Object>()))
    }

    fn missing() -> Option<Self> {
        Some(BTreeMap::new())
    }
}
