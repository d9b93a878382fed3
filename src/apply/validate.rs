//! Checks inputs against the schema once everything in them is known, before a call goes out.

use crate::provider::{ErrorKind, ProviderError};
use crate::schema::{Attribute, Mode, ResourceSchema};
use crate::state::Record;
use crate::types::Type;
use crate::validate::constraints;
use crate::validate::rules::{self, Before, NoOthers, Subject};
use crate::value::{Object, Secret, Value};

/// The first thing that the schema does not allow. Never shows a value that may be secret. `before`: the resource before an update.
pub(super) fn validate(schema: &ResourceSchema, inputs: &Object, before: Option<&Record>) -> Result<(), ProviderError> {
    let wrong = |problem: String| Err(ProviderError::new(ErrorKind::Refused, "check", problem));
    for (name, value) in inputs.iter().filter(|(_, value)| !value.is_null()) {
        let Some(attribute) = schema.attribute(name).filter(|a| a.is_input()) else {
            return wrong(format!("`{}` has no input `{name}`", schema.name));
        };
        if let Some(problem) = fits(&attribute.ty, value).or_else(|| in_range(attribute, value)) {
            return wrong(format!("`{name}` {problem}"));
        }
    }
    let missing = |a: &&Attribute| a.mode == Mode::Required && inputs.get(a.name).is_none_or(Value::is_null);
    if let Some(attribute) = schema.attributes.iter().find(missing) {
        return wrong(format!("`{}` is required and turned out to be null", attribute.name));
    }
    if let Some(violation) = constraints::violations(schema, inputs).first() {
        return wrong(violation.text());
    }
    let before = before.map(|record| Before { observed: &record.observed, inputs: &record.inputs });
    let subject = Subject { schema, asked: inputs, creates: Some(before.is_none()), deletes: false, before, others: &NoOthers };
    rules::refusal(&subject).map_or(Ok(()), wrong)
}

pub(super) fn fits(ty: &Type, value: &Value) -> Option<String> {
    match (ty.required(), value) {
        (_, Value::Null) | (Type::Json | Type::Error, _) => None,
        (Type::Union(texts), Value::String(text)) if !texts.contains(text) => {
            let all = texts.iter().map(|t| format!("\"{t}\"")).collect::<Vec<_>>().join(", ");
            Some(format!("is \"{text}\", and has to be one of {all}"))
        }
        (Type::List(of), Value::List(items)) => items.iter().find_map(|item| fits(of, item)),
        (Type::Map(of), Value::Object(entries)) => {
            entries.iter().find_map(|(key, item)| fits(of, item).map(|problem| format!("has `{key}`, which {problem}")))
        }
        (Type::Record(record), Value::Object(entries)) => entries.iter().find_map(|(key, item)| match record.field(key) {
            Some(field) => fits(&field.ty, item).map(|problem| format!("has `{key}`, which {problem}")),
            None => Some(format!("has `{key}`, which is no part of it")),
        }),
        (Type::Secret(_), Value::Secret(Secret::Plain(_))) => None,
        (ty, value) if is_of(ty, value) => None,
        (ty, _) => Some(format!("is not {ty}")),
    }
}

fn is_of(ty: &Type, value: &Value) -> bool {
    matches!(
        (ty, value),
        (Type::String | Type::Union(_) | Type::Id(_) | Type::Arn(_), Value::String(_))
            | (Type::Int, Value::Int(_))
            | (Type::Float, Value::Float(_) | Value::Int(_))
            | (Type::Bool, Value::Bool(_))
            | (Type::Cidr, Value::Cidr(_))
            | (Type::Ip, Value::Ip(_))
            | (Type::Size, Value::Size(_))
            | (Type::Duration, Value::Duration(_))
            | (Type::Version, Value::Version(_))
            | (Type::Secret(_), Value::String(_))
    )
}

pub(super) fn in_range(attribute: &Attribute, value: &Value) -> Option<String> {
    let amount = match value {
        Value::Int(n) => Some(*n),
        Value::Duration(d) => Some(d.0),
        Value::Size(s) => Some(i64::try_from(s.0).unwrap_or(i64::MAX)),
        _ => None,
    }?;
    let (factor, name) = attribute.unit.map_or((1, ""), |unit| (unit.factor(), unit.name()));
    if amount % factor != 0 {
        return Some(format!("is counted in whole {name}"));
    }
    let amount = amount / factor;
    let name = if name.is_empty() { String::new() } else { format!(" {name}") };
    if let Some(nearest) = attribute.nearest(amount) {
        return Some(format!("is {amount}{name}, which AWS does not take; the nearest that it takes is {nearest}{name}"));
    }
    let (least, greatest) = attribute.range?;
    (amount < least || amount > greatest).then(|| format!("is {amount}{name}, and has to be {least} to {greatest}"))
}
