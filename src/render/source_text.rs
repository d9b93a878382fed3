//! Values and resources as `.plat` source text.

use super::value::{field, key};
use crate::schema::{Attribute, Mode, ResourceSchema, Unit};
use crate::types::Type;
use crate::value::{Duration, Object, Size, Value};

/// Columns up to which a value stays on one line; the formatter's measure.
const WIDTH: usize = 100;

/// A `resource` declaration that asks for what exists: what was observed, without what AWS computes, what equals its
/// default, and what cannot be read back. The second part names required attributes that could not be read and must be filled in by hand.
pub fn resource_source(name: &str, schema: &ResourceSchema, observed: &Object) -> (String, Vec<&'static str>) {
    let mut out = format!("resource {name}: {} {{\n", schema.name);
    let mut missing = Vec::new();
    let shown: Vec<(&Attribute, String)> = schema
        .attributes
        .iter()
        .filter_map(|attribute| {
            let value = observed.get(attribute.name).filter(|value| is_told(attribute, value));
            if value.is_none() && attribute.mode == Mode::Required {
                missing.push(attribute.name);
            }
            let value = value?;
            Some((attribute, attribute_source(attribute, value)))
        })
        .collect();
    let simple = |text: &str| !text.contains('\n');
    let width = shown.iter().filter(|(_, text)| simple(text)).map(|(a, _)| a.name.len()).max().unwrap_or(0);
    for (attribute, text) in &shown {
        let width = if simple(text) { width } else { 0 };
        out.push_str(&format!("  {:width$} = {text}\n", attribute.name));
    }
    out.push_str("}\n");
    (out, missing)
}

/// What a program must say so that a plan against the same thing changes nothing.
pub fn is_told(attribute: &Attribute, value: &Value) -> bool {
    let empty = matches!(value, Value::Null)
        || matches!(value, Value::List(items) if items.is_empty())
        || matches!(value, Value::Object(o) if o.is_empty());
    let secret = matches!(value, Value::Secret(_));
    match &attribute.mode {
        Mode::Required => !secret && !value.is_null(),
        Mode::Optional { default } => !secret && value != default && !(empty && (value.is_null() || default.is_null())),
        // What AWS chose stays when the program says nothing; saying it keeps it from moving.
        Mode::Chosen => !secret && !empty,
        Mode::Computed => false,
    }
}

fn attribute_source(attribute: &Attribute, value: &Value) -> String {
    let value = match (value, attribute.unit) {
        (Value::Int(n), Some(unit)) => with_unit(*n, unit),
        (value, _) => value.clone(),
    };
    value_source(&value, &attribute.ty, 1)
}

/// A bare number of an attribute that has a unit, as a literal with it.
fn with_unit(n: i64, unit: Unit) -> Value {
    let whole = n.saturating_mul(unit.factor());
    match unit {
        Unit::Mib | Unit::Gib => Value::Size(Size(u64::try_from(whole).unwrap_or(0))),
        Unit::Seconds | Unit::Minutes | Unit::Hours | Unit::Days => Value::Duration(Duration(whole)),
    }
}

/// `value` as an expression, indented by `depth` levels where it needs several lines.
pub fn value_source(value: &Value, ty: &Type, depth: usize) -> String {
    let one = one_line(value, ty);
    if one.chars().count() + depth * 2 <= WIDTH && !one.contains('\n') {
        return one;
    }
    let (outer, inner) = ("  ".repeat(depth), "  ".repeat(depth + 1));
    match value {
        Value::List(items) if !items.is_empty() => {
            let of = super::value::element(ty);
            let items: String = items.iter().map(|item| format!("{inner}{},\n", value_source(item, &of, depth + 1))).collect();
            format!("[\n{items}{outer}]")
        }
        Value::Object(entries) if !entries.is_empty() => {
            let entries: String =
                entries.iter().map(|(k, v)| format!("{inner}{} = {}\n", key(k), value_source(v, &field(ty, k), depth + 1))).collect();
            format!("{{\n{entries}{outer}}}")
        }
        _ => one,
    }
}

fn one_line(value: &Value, ty: &Type) -> String {
    match value {
        Value::String(text) => literal(text),
        Value::Version(version) => literal(&version.0),
        Value::Float(n) if n.fract() == 0.0 => format!("{n:.1}"),
        Value::List(items) => {
            let of = super::value::element(ty);
            format!("[{}]", items.iter().map(|item| one_line(item, &of)).collect::<Vec<_>>().join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries: Vec<_> = entries.iter().map(|(k, v)| format!("{} = {}", key(k), one_line(v, &field(ty, k)))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => super::value::inline(other, ty),
    }
}

/// A string literal that means exactly `text`: `${` is kept from being read as an interpolation.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '$' if chars.peek() == Some(&'{') => out.push_str("\\$"),
            c if super::clean::steers(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
