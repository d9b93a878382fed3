//! Keys of maps that other systems set, such as the tags of AWS services and Kubernetes controllers.
//!
//! Such a key is neither drift nor a difference, and an update does not remove it, unless the configuration sets the key
//! or did so at the last apply. A schema names the keys ([`Attribute::external_keys`]); a stack adds its own for tags.

use std::borrow::Cow;
use std::sync::Arc;

use crate::schema::Attribute;
use crate::value::{Object, ResolvedObject, Value};

/// The external keys of one run.
pub(crate) struct ExternalKeys<'a> {
    /// Patterns that the stack adds for `tags`.
    pub tags: &'a [Arc<str>],
}

impl ExternalKeys<'_> {
    /// A reading without the keys that other systems set. `is_own` tells whether the configuration sets a key of an
    /// attribute; it is asked only about keys that another system may have set.
    pub(crate) fn strip(
        &self,
        attributes: &[Attribute],
        observed: ResolvedObject,
        is_own: &dyn Fn(&Attribute, &str) -> bool,
    ) -> ResolvedObject {
        let mut stripped: Option<Object> = None;
        for attribute in attributes.iter().filter(|attribute| !attribute.external_keys.is_empty()) {
            let Some(value) = observed.get(attribute.name) else { continue };
            if let Cow::Owned(value) = self.strip_value(attribute, value, is_own) {
                stripped.get_or_insert_with(|| observed.clone().into_object()).insert(attribute.name.into(), value);
            }
        }
        // A reading has no unknown parts, and removing keys adds none.
        stripped.map_or(observed, |object| ResolvedObject::new(object).unwrap_or_default())
    }

    /// One attribute's value, as [`ExternalKeys::strip`] leaves it.
    pub(super) fn strip_value<'v>(
        &self,
        attribute: &Attribute,
        value: &'v Value,
        is_own: &dyn Fn(&Attribute, &str) -> bool,
    ) -> Cow<'v, Value> {
        let Value::Object(entries) = value else { return Cow::Borrowed(value) };
        let is_external = |key: &str| self.matches(attribute, key) && !is_own(attribute, key);
        if attribute.external_keys.is_empty() || !entries.keys().any(|key| is_external(key)) {
            return Cow::Borrowed(value);
        }
        let rest = entries.iter().filter(|(key, _)| !is_external(key)).map(|(key, value)| (key.clone(), value.clone()));
        Cow::Owned(Value::Object(Arc::new(rest.collect())))
    }

    fn matches(&self, attribute: &Attribute, key: &str) -> bool {
        let added = if attribute.name == "tags" { self.tags } else { &[] };
        attribute.external_keys.iter().copied().chain(added.iter().map(|pattern| &**pattern)).any(|pattern| fits(pattern, key))
    }
}

/// True when `inputs` set the key of a map.
pub(crate) fn sets_key(inputs: &Object, attribute: &Attribute, key: &str) -> bool {
    matches!(inputs.get(attribute.name), Some(Value::Object(entries)) if entries.contains_key(key))
}

/// `pattern` is a key, or the beginning of one and `*`.
fn fits(pattern: &str, key: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => key.starts_with(beginning),
        None => key == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Mode;
    use crate::types::Type;

    fn tags(keys: &[&str]) -> Object {
        [("tags".into(), Value::object(keys.iter().map(|key| (*key, Value::str("1")))))].into_iter().collect()
    }

    #[test]
    fn keys_of_other_systems_are_removed_unless_the_configuration_sets_them() {
        let attribute = Attribute {
            external_keys: &["kubernetes.io/*", "exact"],
            ..Attribute::new("tags", Type::map(Type::String), Mode::Optional { default: Value::Null })
        };
        let added = [Arc::from("corp:*")];
        let external = ExternalKeys { tags: &added };
        let observed = ResolvedObject::new(tags(&["Name", "kubernetes.io/role/elb", "exact", "exactly", "corp:cost"])).unwrap();
        let strip = |asked: &Object| {
            let is_own = |attribute: &Attribute, key: &str| sets_key(asked, attribute, key);
            external.strip(std::slice::from_ref(&attribute), observed.clone(), &is_own).into_object()
        };
        assert_eq!(strip(&tags(&["Name"])), tags(&["Name", "exactly"]));
        assert_eq!(strip(&tags(&["kubernetes.io/role/elb"])), tags(&["Name", "kubernetes.io/role/elb", "exactly"]));
        assert_eq!(strip(&tags(&["corp:cost", "exact"])), tags(&["Name", "exact", "exactly", "corp:cost"]));
    }
}
