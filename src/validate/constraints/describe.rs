//! Shapes and values in messages.

use super::Subject;
use crate::schema::{Node, Scalar, Shape, value_to_json};
use crate::value::Value;

/// Longer texts are cut in messages.
const LONGEST: usize = 60;

/// A value as the program writes it; a secret is never shown.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Secret(_) => "a secret".to_owned(),
        Value::String(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST).collect();
            format!("\"{start}…\"")
        }
        Value::String(text) => format!("\"{text}\""),
        Value::List(_) => "a list".to_owned(),
        Value::Object(_) => "a record with the same values".to_owned(),
        Value::Version(version) => format!("\"{}\"", version.0),
        other => match value_to_json(other) {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        },
    }
}

/// `"a", "b" or 3`
pub(super) fn listed<'a>(scalars: impl Iterator<Item = &'a Scalar>) -> String {
    let all: Vec<String> = scalars.map(ToString::to_string).collect();
    joined(&all)
}

/// `` `a`, `b` or `c` ``
pub(super) fn names(all: &[&str]) -> String {
    let all: Vec<String> = all.iter().map(|name| format!("`{name}`")).collect();
    joined(&all)
}

/// `` `a` and `b` ``
pub(super) fn every(all: &[&str]) -> String {
    all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

fn joined(all: &[String]) -> String {
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// What the alternatives ask for.
pub(super) fn alternatives(nodes: &[Node]) -> String {
    joined(&nodes.iter().filter_map(wanted).collect::<Vec<_>>())
}

/// No alternative fits.
pub(super) fn none_of(name: &str, nodes: &[Node], subject: Subject<'_>) -> String {
    let all = alternatives(nodes);
    match subject.value {
        Value::Object(_) => format!("expected {all}"),
        value => format!("expected {all} in `{name}`, found {}", shown(value)),
    }
}

/// What must not be is.
pub(super) fn unwanted(name: &str, node: &Node, subject: Subject<'_>) -> String {
    match (subject.value, wanted(node)) {
        (Value::Object(_), Some(wanted)) => format!("expected anything but {wanted}"),
        (value, _) => format!("expected another value of `{name}`, found {}", shown(value)),
    }
}

/// What a shape asks for.
fn wanted(node: &Node) -> Option<String> {
    let Node::Shape(shape) = node else { return None };
    let Shape { format, pattern, required, any_of_these, .. } = &**shape;
    match (format, pattern) {
        (Some(format), _) => Some((*format).to_owned()),
        (_, Some(pattern)) => Some(format!("a text that matches `{}`", pattern.text)),
        _ if !required.is_empty() => Some(every(required)),
        _ if !any_of_these.is_empty() => Some(listed(any_of_these.iter())),
        _ => None,
    }
}
