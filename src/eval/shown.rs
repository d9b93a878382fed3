//! A value as a person reads it, in a message: as it would be written, and no secret.

use std::fmt::Write as _;

use super::handle::{ComponentHandle, ResourceHandle};
use crate::value::Value;

/// Characters after which the rest is left out.
const LONGEST: usize = 300;

/// The value in the form of the language, cut when it is long. A secret is `(secret)`, a resource its address.
pub fn shown(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out, LONGEST * 4);
    match out.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", out.get(..end).unwrap_or_default()),
        None => out,
    }
}

/// Largest value that is written out whole.
const LARGEST: u64 = 100_000;

/// The whole value, over several lines when one of `width` columns does not hold it; of a very large one the beginning.
pub fn laid_out(value: &Value, width: usize) -> String {
    if value.weight() > LARGEST {
        return shown(value);
    }
    let mut out = String::new();
    spread(value, 0, width, &mut out);
    out
}

fn spread(value: &Value, indent: usize, width: usize, out: &mut String) {
    let mut flat = String::new();
    // A text of so many letters does not fit a line either, and is not laid out.
    write(value, &mut flat, if matches!(value, Value::List(_) | Value::Object(_)) { 4 * width + 16 } else { usize::MAX });
    let parts: Vec<(Option<&str>, &Value)> = match value {
        Value::List(items) => items.iter().map(|item| (None, item)).collect(),
        Value::Object(entries) => entries.iter().map(|(name, item)| (Some(&**name), item)).collect(),
        _ => Vec::new(),
    };
    if parts.is_empty() || indent + flat.chars().count() <= width {
        out.push_str(&flat);
        return;
    }
    let (open, close) = if matches!(value, Value::List(_)) { ('[', ']') } else { ('{', '}') };
    out.push(open);
    for (name, item) in parts {
        let _ = write!(out, "\n{:1$}", "", indent + 2);
        if let Some(name) = name {
            key(name, out);
            out.push_str(" = ");
        }
        spread(item, indent + 2, width, out);
        out.push_str(if open == '[' { "," } else { "" });
    }
    let _ = write!(out, "\n{:1$}{close}", "", indent);
}

fn key(name: &str, out: &mut String) {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { out.push_str(name) } else { text_literal(name, out) }
}

/// `most`: bytes after which the rest is not looked at.
fn write(value: &Value, out: &mut String, most: usize) {
    if out.len() > most {
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::String(text) => text_literal(text, out),
        Value::Version(version) => text_literal(&version.0, out),
        Value::Secret(_) => out.push_str("(secret)"),
        Value::Unknown(_) => out.push_str("(known after apply)"),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if out.len() > most {
                    return;
                }
                out.push_str(if i > 0 { ", " } else { "" });
                write(item, out, most);
            }
            out.push(']');
        }
        Value::Object(entries) if entries.is_empty() => out.push_str("{}"),
        Value::Object(entries) => {
            out.push_str("{ ");
            for (i, (name, item)) in entries.iter().enumerate() {
                if out.len() > most {
                    return;
                }
                out.push_str(if i > 0 { ", " } else { "" });
                key(name, out);
                out.push_str(" = ");
                write(item, out, most);
            }
            out.push_str(" }");
        }
        Value::Handle(handle) => {
            if let Some(resource) = handle.as_any().downcast_ref::<ResourceHandle>() {
                let _ = write!(out, "{}", resource.address);
            } else if let Some(component) = handle.as_any().downcast_ref::<ComponentHandle>() {
                let _ = write!(out, "a component of {} resources", component.resources.len());
            }
        }
        plain => super::builtins::print(plain, out),
    }
}

fn text_literal(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '$' => out.push_str("\\$"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
