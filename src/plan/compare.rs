//! When a value that the program asks for is what is there.

use std::sync::Arc;

use crate::schema::{Attribute, Mode};
use crate::types::Type;
use crate::value::{Object, Value};

/// Does what is there satisfy what the program asks for? `before` is what it asked for at the last apply: a part of a
/// record that it asked for then and leaves out now is a difference, as long as the part is there.
pub fn satisfied(attribute: &Attribute, wanted: &Value, actual: &Value, before: Option<&Value>) -> bool {
    if is_empty(wanted) && is_empty(actual) {
        return true;
    }
    attribute.same(wanted, actual) && !before.is_some_and(|before| leaves_out(&attribute.ty, wanted, actual, before))
}

/// Was the attribute changed, from one reading to the next? Another order of an unordered list is no change.
pub fn unchanged(attribute: &Attribute, before: &Value, after: &Value) -> bool {
    (is_empty(before) && is_empty(after)) || before == after || (attribute.unordered && attribute.same(before, after))
}

/// Nothing, or a collection with nothing in it: AWS answers one for the other.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

fn leaves_out(ty: &Type, wanted: &Value, actual: &Value, before: &Value) -> bool {
    match (ty.required(), wanted, actual, before) {
        (Type::Record(record), Value::Object(wanted), Value::Object(actual), Value::Object(before)) => record.fields.iter().any(|field| {
            let there = |object: &Object| object.get(&field.name).is_some_and(|v| !is_empty(v));
            match (wanted.get(&field.name), actual.get(&field.name), before.get(&field.name)) {
                (Some(w), Some(a), Some(b)) if !w.is_null() => leaves_out(&field.ty, w, a, b),
                _ => there(before) && there(actual) && !there(wanted),
            }
        }),
        (Type::List(of), Value::List(wanted), Value::List(actual), Value::List(before))
            if wanted.len() == actual.len() && wanted.len() == before.len() && matches!(of.required(), Type::Record(_)) =>
        {
            wanted.iter().zip(actual.iter()).zip(before.iter()).any(|((w, a), b)| leaves_out(of, w, a, b))
        }
        _ => false,
    }
}

/// What an optional attribute goes back to when the program no longer sets it; `None` when it stays what it is.
pub fn left_out(attribute: &Attribute) -> Option<&Value> {
    match &attribute.mode {
        // Nobody can tell what it is: only a default that says something is worth a call.
        Mode::Optional { default } if attribute.write_only => (!default.is_null() && !attribute.replaces).then_some(default),
        Mode::Optional { default } => Some(default),
        Mode::Required | Mode::Chosen | Mode::Computed => None,
    }
}

/// `wanted`, with what is there in place of every ignored part that the program did not change since the last apply.
pub fn with_ignored(attribute: &str, ignore: &[Arc<str>], wanted: &Value, actual: &Value, before: Option<&Value>) -> Value {
    let mut value = wanted.clone();
    for path in ignored_parts(attribute, ignore) {
        if before.is_none_or(|before| at(before, &path) == at(wanted, &path)) {
            value = put(value, &path, at(actual, &path));
        }
    }
    value
}

/// Is the part of an attribute that `path` leads to covered by an ignored path?
pub fn is_ignored(attribute: &str, key: Option<&str>, ignore: &[Arc<str>]) -> bool {
    ignored_parts(attribute, ignore).iter().any(|path| match path.as_slice() {
        [] => true,
        [first, ..] => key == Some(*first),
    })
}

/// The ignored paths that start with the attribute, without it.
fn ignored_parts<'a>(attribute: &str, ignore: &'a [Arc<str>]) -> Vec<Vec<&'a str>> {
    let parts = ignore.iter().filter_map(|path| {
        let rest = path.strip_prefix(attribute)?;
        match rest.strip_prefix('.') {
            Some(rest) => Some(rest.split('.').collect()),
            None if rest.is_empty() => Some(Vec::new()),
            None => None,
        }
    });
    parts.collect()
}

fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    match (path, value) {
        ([], value) => Some(value),
        ([first, rest @ ..], Value::Object(entries)) => at(entries.get(*first)?, rest),
        _ => None,
    }
}

fn put(value: Value, path: &[&str], part: Option<&Value>) -> Value {
    let [first, rest @ ..] = path else { return part.cloned().unwrap_or(Value::Null) };
    let mut entries = match value {
        Value::Object(entries) => Arc::unwrap_or_clone(entries),
        Value::Null => Object::default(),
        other => return other,
    };
    match part {
        None if rest.is_empty() => {
            entries.remove(*first);
        }
        None if !entries.contains_key(*first) => {}
        part => {
            let inner = entries.get(*first).cloned().unwrap_or(Value::Null);
            entries.insert(Arc::from(*first), put(inner, rest, part));
        }
    }
    Value::Object(Arc::new(entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(entries: &[(&str, &str)]) -> Value {
        Value::object(entries.iter().map(|(k, v)| (*k, Value::str(*v))))
    }

    #[test]
    fn ignored_parts_are_kept_unless_the_program_changes_them() {
        let ignore = [Arc::from("tags.CostCenter")];
        let (wanted, before) = (tags(&[("Name", "a"), ("CostCenter", "1")]), tags(&[("Name", "a"), ("CostCenter", "1")]));
        let there = tags(&[("Name", "a"), ("CostCenter", "7")]);
        assert_eq!(with_ignored("tags", &ignore, &wanted, &there, Some(&before)), there);
        // Added and taken away outside.
        assert_eq!(with_ignored("tags", &ignore, &tags(&[("Name", "a")]), &there, Some(&tags(&[("Name", "a")]))), there);
        assert_eq!(with_ignored("tags", &ignore, &wanted, &tags(&[("Name", "a")]), Some(&before)), tags(&[("Name", "a")]));
        // Changed in the program.
        let changed = tags(&[("Name", "a"), ("CostCenter", "2")]);
        assert_eq!(with_ignored("tags", &ignore, &changed, &there, Some(&before)), changed);
        // Another attribute with the same beginning.
        assert_eq!(with_ignored("tag", &ignore, &wanted, &there, Some(&before)), wanted);
        assert!(is_ignored("tags", Some("CostCenter"), &ignore));
        assert!(!is_ignored("tags", Some("Name"), &ignore));
        assert!(is_ignored("tags", Some("Name"), &[Arc::from("tags")]));
    }
}
