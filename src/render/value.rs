//! Values as people read them.

use std::sync::Arc;

use serde_json::Value as JsonValue;

use super::clean::{clean, quoted};
use super::style::columns;
use crate::schema::value_to_json;
use crate::types::Type;
use crate::value::{Object, Value};

/// What stands for a value that only an apply can know.
pub(super) const LATER: &str = "(known after apply)";
/// What stands for a secret.
pub(super) const SECRET: &str = "(secret)";

/// Columns up to which a value is written on one line.
const ONE_LINE: usize = 72;

/// `value` on one line, as the language writes it; unknowns and secrets by what stands for them.
pub fn inline(value: &Value, ty: &Type) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::String(text) if is_name(ty) => clean(text).replace('\n', " "),
        Value::String(text) => quoted(text),
        Value::Cidr(c) => c.to_string(),
        Value::Ip(i) => i.to_string(),
        Value::Size(s) => s.to_string(),
        Value::Duration(d) => d.to_string(),
        Value::Version(v) => quoted(&v.0),
        Value::List(items) => {
            let of = element(ty);
            format!("[{}]", items.iter().map(|item| inline(item, &of)).collect::<Vec<_>>().join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let fields: Vec<_> = entries.iter().map(|(k, v)| format!("{} = {}", key(k), inline(v, &field(ty, k)))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Unknown(_) => LATER.to_owned(),
        Value::Secret(_) => SECRET.to_owned(),
        Value::Handle(_) => "(resource)".to_owned(),
    }
}

/// `value` in as many lines as it needs to be read: documents as JSON, texts by their own lines.
pub(super) fn lines(value: &Value, ty: &Type) -> Vec<String> {
    if let Some(document) = document(value, ty) {
        let pretty = serde_json::to_string_pretty(&document).unwrap_or_default();
        return pretty.lines().map(|line| clean(line).into_owned()).collect();
    }
    match value {
        Value::String(text) => text.lines().map(|line| clean(line).into_owned()).collect(),
        value => {
            let mut out = Vec::new();
            spread(value, ty, 0, "", "", &mut out);
            out
        }
    }
}

/// Pushes `before` + value + `after`, broken over lines where it is too long.
fn spread(value: &Value, ty: &Type, depth: usize, before: &str, after: &str, out: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let one = inline(value, ty);
    if columns(&one) + indent.len() + before.len() <= ONE_LINE {
        out.push(format!("{indent}{before}{one}{after}"));
        return;
    }
    match value {
        Value::List(items) => {
            out.push(format!("{indent}{before}["));
            let of = element(ty);
            for item in items.iter() {
                spread(item, &of, depth + 1, "", ",", out);
            }
            out.push(format!("{indent}]{after}"));
        }
        Value::Object(entries) => {
            out.push(format!("{indent}{before}{{"));
            for (k, v) in entries.iter() {
                spread(v, &field(ty, k), depth + 1, &format!("{} = ", key(k)), "", out);
            }
            out.push(format!("{indent}}}{after}"));
        }
        _ => out.push(format!("{indent}{before}{one}{after}")),
    }
}

/// True when the value is better read over several lines.
pub(super) fn is_long(value: &Value, ty: &Type) -> bool {
    match value {
        Value::String(text) => text.trim_end().contains('\n') || (text.len() > ONE_LINE && document(value, ty).is_some()),
        Value::List(_) | Value::Object(_) => columns(&inline(value, ty)) > ONE_LINE,
        _ => false,
    }
}

/// The value as a JSON document, when its type is one or its text holds one.
fn document(value: &Value, ty: &Type) -> Option<JsonValue> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => serde_json::from_str(text).ok(),
        Value::Object(_) | Value::List(_) if matches!(ty.required(), Type::Json) => Some(masked_json(value)),
        _ => None,
    }
}

/// The JSON form of a value with nothing in it of a secret, its fingerprint included.
pub fn masked_json(value: &Value) -> JsonValue {
    match value {
        Value::Secret(_) => serde_json::json!({ "$secret": "" }),
        Value::List(items) => items.iter().map(masked_json).collect(),
        Value::Object(entries) => entries.iter().map(|(k, v)| (k.to_string(), masked_json(v))).collect(),
        other => value_to_json(other),
    }
}

/// A map's key: bare when it is a name, else in quotes.
pub(super) fn key(text: &str) -> String {
    let mut chars = text.chars();
    let name = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name { text.to_owned() } else { quoted(text) }
}

/// Ids and ARNs read better without quotes.
fn is_name(ty: &Type) -> bool {
    matches!(ty.required(), Type::Id(_) | Type::Arn(_))
}

pub(super) fn element(ty: &Type) -> Type {
    match ty.required() {
        Type::List(of) => of.as_ref().clone(),
        Type::Json => Type::Json,
        _ => Type::Error,
    }
}

pub(super) fn field(ty: &Type, name: &str) -> Type {
    match ty.required() {
        Type::Map(of) => of.as_ref().clone(),
        Type::Record(record) => record.field(name).map_or(Type::Error, |f| f.ty.clone()),
        Type::Json => Type::Json,
        _ => Type::Error,
    }
}

/// An object whose values are all simple: tags and the like.
pub(super) fn flat(value: &Value) -> Option<&Arc<Object>> {
    match value {
        Value::Object(entries) if entries.values().all(|v| !matches!(v, Value::List(_) | Value::Object(_))) => Some(entries),
        _ => None,
    }
}
