//! Whether a record says something that its type can have, for states that come from outside.

use crate::schema::ResourceSchema;
use crate::state::Record;
use crate::types::Type;
use crate::value::{Object, Secret, Value};

use super::validate::{fits, in_range};

/// Letters of a fingerprint.
const FINGERPRINT: usize = 32;

/// The first attribute of a record with a value that the type cannot have, as `attribute` and what is wrong with it. Values that only AWS
/// decides are held to their type, not to the limits of what may be asked for.
pub fn misfit(schema: &ResourceSchema, record: &Record) -> Option<(String, String)> {
    let parts: [(&Object, bool); 3] = [(&record.inputs, true), (&record.drift, false), (&record.observed, false)];
    parts.into_iter().find_map(|(object, asked)| {
        object.iter().find_map(|(name, value)| {
            let problem = match schema.attribute(name) {
                Some(attribute) if !asked || attribute.is_input() => {
                    problem(&attribute.ty, value, asked).or_else(|| in_range(attribute, value).filter(|_| asked))
                }
                Some(_) => Some("is for AWS to decide, and cannot be asked for".to_owned()),
                None => Some(format!("is no attribute of `{}`", schema.name)),
            };
            problem.map(|problem| (name.to_string(), problem))
        })
    })
}

fn problem(ty: &Type, value: &Value, asked: bool) -> Option<String> {
    match (ty.required(), value) {
        (_, Value::Null) => None,
        (Type::Secret(_), Value::Secret(Secret::Fingerprint(print))) => {
            let whole = print.len() == FINGERPRINT && print.bytes().all(|byte| byte.is_ascii_hexdigit());
            (!whole && !print.is_empty()).then(|| "is not the fingerprint of a secret".to_owned())
        }
        (Type::Secret(_), _) => Some("is a secret in plain text, and a state keeps fingerprints only".to_owned()),
        (ty, Value::Secret(_)) => Some(format!("is a secret, not {ty}")),
        (Type::List(of), Value::List(items)) => items.iter().find_map(|item| problem(of, item, asked)),
        (Type::Map(of), Value::Object(entries)) => {
            entries.iter().find_map(|(key, item)| problem(of, item, asked).map(|problem| format!("has `{key}`, which {problem}")))
        }
        (Type::Record(record), Value::Object(entries)) => entries.iter().find_map(|(key, item)| match record.field(key) {
            Some(field) => problem(&field.ty, item, asked).map(|problem| format!("has `{key}`, which {problem}")),
            None => Some(format!("has `{key}`, which is no part of it")),
        }),
        // AWS has words that plat does not know yet.
        (Type::Union(_), Value::String(_)) if !asked => None,
        (ty, value) => fits(ty, value),
    }
}
