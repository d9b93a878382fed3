//! What the witness saw against what should be there.

use serde_json::Value;

use super::witness::Inventory;

/// Fails, field by field, where `thing` is not as `wanted`; fields that `wanted` does not name are free.
pub fn assert_fields(thing: &Value, wanted: &Value) {
    let wrong: Vec<String> = wanted
        .as_object()
        .expect("named fields")
        .iter()
        .filter(|(name, value)| thing[name.as_str()] != **value)
        .map(|(name, value)| format!("{name} is {} and should be {value}", thing[name.as_str()]))
        .collect();
    assert!(wrong.is_empty(), "\n{}\nin {thing:#}", wrong.join("\n"));
}

/// The ids, sorted as the witness sorts.
pub fn ids<'a>(things: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let mut ids: Vec<String> = things.into_iter().map(|thing| thing["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids
}

/// Fails when a thing of the kind lacks one of these tags.
pub fn tagged_with(there: &Inventory, kind: &str, tags: &[(&str, &str)]) {
    for thing in there.all(kind) {
        for (key, value) in tags {
            assert_eq!(thing["tags"][key], *value, "the tag {key} of {thing:#} ({kind})");
        }
    }
}
