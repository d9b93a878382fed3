//! What a resource goes on depending on although the program no longer says so: AWS keeps a value that the program leaves out.

use crate::address::Address;
use crate::desired::DesiredResource;
use crate::schema::{Mode, ResourceSchema};
use crate::state::Record;
use crate::value::Value;

use super::diff::dependencies;
use super::view::View;

/// Returns the dependencies to record: those of the program, and those of `record` that a chosen attribute, which the program leaves
/// out, still refers to.
pub(crate) fn lasting_dependencies(
    desired: &DesiredResource,
    schema: &ResourceSchema,
    record: Option<&Record>,
    view: &View,
) -> Vec<Address> {
    let mut now = dependencies(desired);
    let Some(record) = record else { return now };
    let former: Vec<&Address> = record.dependencies.iter().filter(|on| now.binary_search(on).is_err()).collect();
    if former.is_empty() {
        return now;
    }
    let kept = schema.attributes.iter().filter(|a| a.mode == Mode::Chosen && desired.inputs.get(a.name).is_none_or(Value::is_null));
    let mut texts: Vec<&str> = Vec::new();
    kept.filter_map(|a| record.observed.get(a.name)).for_each(|value| texts_in(value, &mut texts));
    let is_named = |on: &Address| {
        let Some(other) = view.records.get(on) else { return false };
        // Its import id and its ARNs; any other value may be the same by chance.
        let arns = other.observed.values().filter_map(Value::as_str).filter(|text| text.starts_with("arn:"));
        arns.chain([other.id.as_str()]).filter(|name| !name.is_empty()).any(|name| texts.contains(&name))
    };
    now.extend(former.into_iter().filter(|on| is_named(on)).cloned());
    now.sort_unstable();
    now
}

fn texts_in<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::List(items) => items.iter().for_each(|item| texts_in(item, found)),
        Value::Object(entries) => entries.values().for_each(|entry| texts_in(entry, found)),
        _ => {}
    }
}
