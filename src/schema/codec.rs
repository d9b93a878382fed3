//! Between values, resource structs and JSON.

use std::sync::Arc;

use serde_json::Value as JsonValue;

use super::ResourceSchema;
use super::field::Named;
use crate::types::Type;
use crate::value::{Duration, Object, Secret, Size, Value, Version};

/// A resource type as a Rust struct; `#[derive(Resource)]` writes this.
pub trait Resource: Named + Sized + Send + Sync + 'static {
    fn schema() -> ResourceSchema;
    /// Reads the struct from attributes; an attribute that is not there becomes empty (`None`, `[]`, a computed id `""`).
    fn from_object(object: &Object) -> Result<Self, CodecError>;
    /// Every attribute by name. Attributes that are `None` are left out.
    fn to_object(&self) -> Object;
}

/// A value that does not have the type its attribute declares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {problem}")]
pub struct CodecError {
    pub path: String,
    pub problem: String,
}

impl CodecError {
    /// `value` is not a `wanted`. Says the kind of the value, never the value.
    pub fn wrong(wanted: &Type, value: &Value) -> Self {
        Self { path: String::new(), problem: format!("should be {wanted} and is {}", kind_of(value)) }
    }

    pub fn missing(path: &str) -> Self {
        Self { path: path.to_owned(), problem: "is missing".to_owned() }
    }

    /// The same error, one level further out.
    #[must_use]
    pub fn within(mut self, name: &str) -> Self {
        self.path = if self.path.is_empty() { name.to_owned() } else { format!("{name}.{}", self.path) };
        self
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a Bool",
        Value::Int(_) => "an Int",
        Value::Float(_) => "a Float",
        Value::String(_) => "a String",
        Value::Cidr(_) => "a Cidr",
        Value::Ip(_) => "an Ip",
        Value::Size(_) => "a Size",
        Value::Duration(_) => "a Duration",
        Value::Version(_) => "a Version",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
        Value::Unknown(_) => "not known yet",
        Value::Secret(_) => "a secret",
        Value::Handle(_) => "a resource or function",
    }
}

/// The JSON form that the state, `--json` and saved plans use. `{"$unknown": "a.b"}` and `{"$secret": "…"}` stand for
/// what is not known and what is not shown; a secret that is not a fingerprint has none in JSON.
pub fn value_to_json(value: &Value) -> JsonValue {
    match value {
        Value::Null | Value::Handle(_) => JsonValue::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(n) => (*n).into(),
        Value::Float(n) => serde_json::Number::from_f64(*n).map_or(JsonValue::Null, JsonValue::Number),
        Value::String(s) => JsonValue::String(s.to_string()),
        Value::Cidr(c) => c.to_string().into(),
        Value::Ip(i) => i.to_string().into(),
        Value::Size(s) => s.to_string().into(),
        Value::Duration(d) => d.to_string().into(),
        Value::Version(v) => v.0.to_string().into(),
        Value::List(items) => items.iter().map(value_to_json).collect(),
        Value::Object(entries) => entries.iter().map(|(k, v)| (k.to_string(), value_to_json(v))).collect(),
        Value::Unknown(unknown) => {
            serde_json::json!({ "$unknown": format!("{}.{}", unknown.source.address, unknown.source.attribute) })
        }
        Value::Secret(Secret::Fingerprint(print)) => serde_json::json!({ "$secret": print.as_str() }),
        Value::Secret(_) => serde_json::json!({ "$secret": "" }),
    }
}

/// Reads back what [`value_to_json`] wrote, with the type that the schema gives the place.
pub fn value_from_json(json: &JsonValue, ty: &Type) -> Result<Value, CodecError> {
    let wrong = || CodecError { path: String::new(), problem: format!("should be {ty} and is `{}`", shape(json)) };
    let text = || json.as_str().ok_or_else(wrong);
    if let Some(print) = json.get("$secret").and_then(JsonValue::as_str) {
        return Ok(Value::Secret(Secret::fingerprint(print)));
    }
    if json.is_null() {
        return Ok(Value::Null);
    }
    Ok(match ty {
        Type::Bool => Value::Bool(json.as_bool().ok_or_else(wrong)?),
        Type::Int => Value::Int(json.as_i64().ok_or_else(wrong)?),
        Type::Float => Value::Float(json.as_f64().ok_or_else(wrong)?),
        Type::String | Type::Union(_) | Type::Id(_) | Type::Arn(_) | Type::Secret(_) => Value::str(text()?),
        Type::Cidr => Value::Cidr(text()?.parse().map_err(|_| wrong())?),
        Type::Ip => Value::Ip(text()?.parse().map_err(|_| wrong())?),
        Type::Size => Value::Size(Size::parse(text()?).ok_or_else(wrong)?),
        Type::Duration => Value::Duration(Duration::parse(text()?).ok_or_else(wrong)?),
        Type::Version => Value::Version(Version(text()?.into())),
        Type::List(of) => {
            let items = json.as_array().ok_or_else(wrong)?;
            let decode = |(i, item)| value_from_json(item, of).map_err(|e| e.within(&format!("{i}")));
            Value::list(items.iter().enumerate().map(decode).collect::<Result<Vec<_>, _>>()?)
        }
        Type::Map(of) => {
            let entries = json.as_object().ok_or_else(wrong)?;
            let decode = |(k, v): (&String, &JsonValue)| Ok((Arc::from(k.as_str()), value_from_json(v, of).map_err(|e| e.within(k))?));
            Value::Object(Arc::new(entries.iter().map(decode).collect::<Result<Object, _>>()?))
        }
        Type::Record(record) => {
            let entries = json.as_object().ok_or_else(wrong)?;
            let decode = |(k, v): (&String, &JsonValue)| {
                let ty = record.field(k).map_or(&Type::Json, |f| &f.ty);
                Ok((Arc::from(k.as_str()), value_from_json(v, ty).map_err(|e| e.within(k))?))
            };
            Value::Object(Arc::new(entries.iter().map(decode).collect::<Result<Object, _>>()?))
        }
        Type::Optional(of) => value_from_json(json, of)?,
        Type::Json | Type::Error => from_plain_json(json),
        Type::Null | Type::Function(_) | Type::Resource(_) | Type::Component(_) => return Err(wrong()),
    })
}

/// The kind of a JSON value, for messages that must not show it.
fn shape(json: &JsonValue) -> &'static str {
    match json {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "true or false",
        JsonValue::Number(_) => "a number",
        JsonValue::String(_) => "a text",
        JsonValue::Array(_) => "a list",
        JsonValue::Object(_) => "an object",
    }
}

/// A document of plain JSON as a value.
pub(super) fn from_plain_json(json: &JsonValue) -> Value {
    match json {
        JsonValue::Null => Value::Null,
        JsonValue::Bool(b) => Value::Bool(*b),
        JsonValue::Number(n) => n.as_i64().map(Value::Int).or_else(|| n.as_f64().map(Value::Float)).unwrap_or(Value::Null),
        JsonValue::String(s) => Value::str(s.as_str()),
        JsonValue::Array(items) => Value::list(items.iter().map(from_plain_json)),
        JsonValue::Object(entries) => Value::object(entries.iter().map(|(k, v)| (k.as_str(), from_plain_json(v)))),
    }
}

/// A value as a document; refuses what a document cannot hold.
pub(super) fn plain_json(value: &Value) -> Result<JsonValue, CodecError> {
    match value {
        Value::Unknown(_) | Value::Secret(_) | Value::Handle(_) => Err(CodecError::wrong(&Type::Json, value)),
        Value::List(items) => items.iter().map(plain_json).collect(),
        Value::Object(entries) => entries.iter().map(|(k, v)| Ok((k.to_string(), plain_json(v).map_err(|e| e.within(k))?))).collect(),
        plain => Ok(value_to_json(plain)),
    }
}
