//! What the cloud fills in and empties by itself ([`Attribute::filled_by`]): the secret of a managed password, the account's own key.

use std::sync::Arc;

use super::ids::Maker;
use crate::schema::{Attribute, ObjectCodec};
use crate::value::{Object, Value};

/// The value at a name, `master_user_secret`, or at a field of it, `master_user_secret.secret_arn`.
pub(super) fn at<'a>(attributes: &'a Object, path: &str) -> Option<&'a Value> {
    let mut names = path.split('.');
    let first = attributes.get(names.next()?)?;
    names.try_fold(first, |value, name| match value {
        Value::Object(fields) => fields.get(name),
        _ => None,
    })
}

/// Fills in what the flags in `attributes` ask for, and empties what they no longer do. `made` are the names and fields that the
/// cloud set by itself.
pub(super) fn fill(codec: &ObjectCodec, maker: &mut Maker<'_>, attributes: &mut Object, made: &mut Vec<Arc<str>>) {
    for attribute in &codec.schema().attributes {
        let Some(flag) = attribute.filled_by else { continue };
        let name = codec.name(attribute.name);
        if attributes.get(flag) == Some(&Value::Bool(true)) {
            if let Some(sample) = maker.sample(attribute) {
                fill_one(attribute, &name, sample, attributes, made);
            }
        } else if made.contains(&name) {
            attributes.remove(attribute.name);
            made.retain(|own| *own != name);
        }
    }
}

fn fill_one(attribute: &Attribute, name: &Arc<str>, sample: Value, attributes: &mut Object, made: &mut Vec<Arc<str>>) {
    match (attributes.get(attribute.name), sample) {
        (None | Some(Value::Null), sample) => {
            attributes.insert(name.clone(), sample);
            if !made.contains(name) {
                made.push(name.clone());
            }
        }
        (Some(Value::Object(asked)), Value::Object(sample)) if !made.contains(name) => {
            let mut whole = (**asked).clone();
            for (field, value) in sample.iter().filter(|(field, _)| asked.get(&**field).is_none_or(Value::is_null)) {
                whole.insert(field.clone(), value.clone());
                made.push(format!("{name}.{field}").into());
            }
            attributes.insert(name.clone(), Value::Object(Arc::new(whole)));
        }
        _ => {}
    }
}
