//! What the sandbox refuses, as AWS would.

use super::ACCOUNT;
use super::ids::Dice;
use super::references::{Index, Reference, walk};
use super::world::{Codecs, Key};
use crate::provider::{ErrorKind, ProviderError};
use crate::schema::{Attribute, Kind, Mode, ResourceSchema};
use crate::types::Type;
use crate::validate::constraints;
use crate::value::{Object, Secret, Value};

/// A refusal of `call` on a type: `CreateVPC`.
pub(super) fn refusal(kind: ErrorKind, call: &str, type_name: &str, code: &str, message: impl Into<String>) -> ProviderError {
    let mut error = ProviderError::new(kind, format!("{call}{}", last_part(type_name)), message);
    error.code = code.to_owned();
    error.request_id = Some(request_id(&error));
    error
}

fn request_id(error: &ProviderError) -> String {
    let mut dice = Dice::new(&[&error.operation, &error.code, &error.message]);
    let parts = [8, 4, 4, 4, 12].map(|digits| dice.hex(digits));
    parts.join("-")
}

fn last_part(type_name: &str) -> &str {
    type_name.rsplit('.').next().unwrap_or(type_name)
}

/// Every input is an attribute, has its type and is within its bounds; nothing required is missing.
pub(super) fn check_inputs(call: &str, schema: &ResourceSchema, inputs: &Object) -> Result<(), ProviderError> {
    let refuse = |code: &str, message: String| refusal(ErrorKind::Refused, call, schema.name, code, message);
    for (name, value) in inputs {
        let attribute = schema.attribute(name).filter(|a| a.is_input());
        let attribute = attribute.ok_or_else(|| refuse("ValidationError", format!("`{name}` is not something a caller can set")))?;
        if !value.is_null() && !has_type(value, &attribute.ty) {
            return Err(refuse("ValidationError", format!("`{name}` should be {}", attribute.ty)));
        }
        if !within(attribute, value) {
            let (low, high) = attribute.range.unwrap_or((i64::MIN, i64::MAX));
            let unit = attribute.unit.map_or(String::new(), |unit| format!(" {}", unit.name()));
            return Err(refuse("InvalidParameterValue", format!("`{name}` should be between {low} and {high}{unit}")));
        }
    }
    let is_set = |a: &&Attribute| inputs.get(a.name).is_some_and(|v| !v.is_null());
    match schema.attributes.iter().filter(|a| a.mode == Mode::Required).find(|a| !is_set(a)) {
        Some(missing) => Err(refuse("MissingParameter", format!("the request must contain the parameter `{}`", missing.name))),
        None => match constraints::violations(schema, inputs).first() {
            Some(violation) => Err(refuse("InvalidParameterValue", violation.text())),
            None => Ok(()),
        },
    }
}

fn within(attribute: &Attribute, value: &Value) -> bool {
    let Some((low, high)) = attribute.range else { return true };
    let factor = attribute.unit.map_or(1, |unit| unit.factor());
    let number = match value {
        Value::Int(n) => *n,
        Value::Duration(duration) => duration.0,
        Value::Size(size) => i64::try_from(size.0).unwrap_or(i64::MAX),
        _ => return true,
    };
    number >= low.saturating_mul(factor) && number <= high.saturating_mul(factor)
}

/// Is this, as it stands, a value that a call can carry where `ty` is wanted?
fn has_type(value: &Value, ty: &Type) -> bool {
    match (ty, value) {
        (Type::Optional(_), Value::Null) => true,
        (Type::Optional(of), value) => has_type(value, of),
        // A call carries the text of a secret: neither where it lives nor what the state keeps of it.
        (Type::Secret(_), Value::Secret(Secret::Plain(_))) => true,
        (Type::Secret(of), value) => has_type(value, of),
        (Type::Json | Type::Error, value) => is_document(value),
        (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Float, Value::Float(_) | Value::Int(_))
        | (Type::String | Type::Id(_) | Type::Arn(_), Value::String(_))
        | (Type::Cidr, Value::Cidr(_))
        | (Type::Ip, Value::Ip(_))
        | (Type::Size, Value::Size(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Version, Value::Version(_)) => true,
        (Type::Union(texts), Value::String(text)) => texts.contains(text),
        (Type::List(of), Value::List(items)) => items.iter().all(|item| has_type(item, of)),
        (Type::Map(of), Value::Object(entries)) => entries.values().all(|entry| has_type(entry, of)),
        (Type::Record(record), Value::Object(entries)) => {
            entries.iter().all(|(name, entry)| record.field(name).is_some_and(|f| entry.is_null() || has_type(entry, &f.ty)))
                && record.fields.iter().all(|f| f.optional || entries.get(&f.name).is_some_and(|v| !v.is_null()))
        }
        _ => false,
    }
}

fn is_document(value: &Value) -> bool {
    match value {
        Value::Unknown(_) | Value::Secret(_) | Value::Handle(_) => false,
        Value::List(items) => items.iter().all(is_document),
        Value::Object(entries) => entries.values().all(is_document),
        _ => true,
    }
}

/// Everything that the inputs refer to exists; answers with the things they refer to.
pub(super) fn check_references<'i>(
    call: &str,
    schema: &ResourceSchema,
    region: &str,
    inputs: &Object,
    index: &'i Index,
    codecs: &Codecs,
) -> Result<Vec<&'i Key>, ProviderError> {
    let mut found = Vec::new();
    let mut missing = None;
    for (name, value) in inputs {
        let Some(attribute) = schema.attribute(name) else { continue };
        walk(value, &attribute.ty, &mut |reference| match index.resolve(reference.of, reference.text, region) {
            Some(key) => found.push(key),
            None if is_elsewhere(reference, codecs) => {}
            None => missing = missing.take().or_else(|| Some((reference.of.to_owned(), reference.text.to_owned(), attribute.name))),
        });
    }
    match missing {
        None => Ok(found),
        Some((of, text, attribute)) => {
            let kind = last_part(&of);
            let message = format!("the {kind} `{text}` that `{attribute}` names does not exist");
            Err(refusal(ErrorKind::Refused, call, schema.name, &format!("Invalid{kind}ID.NotFound"), message))
        }
    }
}

/// Things that no one creates here: looked up only, of an unknown type, of any type, of another account or of AWS itself.
fn is_elsewhere(reference: Reference<'_>, codecs: &Codecs) -> bool {
    reference.of.is_empty()
        || codecs.is_elsewhere(reference.text)
        || codecs.schema(reference.of).is_none_or(|schema| schema.kind == Kind::LookupOnly)
        || reference.text.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)).is_some_and(|account| account != ACCOUNT)
}

/// Nothing that cannot change in place is changed.
pub(super) fn check_update(schema: &ResourceSchema, prior: &Object, next: &Object) -> Result<(), ProviderError> {
    let value = |object: &Object, a: &Attribute| object.get(a.name).cloned().unwrap_or(Value::Null);
    let changed = |a: &&Attribute| !a.same(&value(next, a), &value(prior, a));
    match schema.attributes.iter().filter(|a| a.replaces && a.is_input()).find(changed) {
        Some(attribute) => {
            let message = format!("`{}` cannot be changed once the resource exists", attribute.name);
            Err(refusal(ErrorKind::Refused, "Modify", schema.name, "InvalidParameterCombination", message))
        }
        None => Ok(()),
    }
}

/// Has everything the query asks for; of a map, at least the entries asked for.
pub(super) fn fits(schema: &ResourceSchema, attributes: &Object, query: &Object) -> bool {
    query.iter().all(|(name, wanted)| match (attributes.get(name), wanted) {
        (Some(Value::Object(has)), Value::Object(wants)) => wants.iter().all(|(k, v)| has.get(k) == Some(v)),
        (Some(has), wanted) => schema.attribute(name).is_some_and(|a| a.same(wanted, has)),
        (None, wanted) => wanted.is_null(),
    })
}
