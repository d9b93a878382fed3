//! Tags: the user's, plat's own and AWS's.

use std::collections::BTreeMap;

use plat::provider::{OPERATION_TAG, Operation};

/// A resource's tags by key.
pub type Tags = BTreeMap<String, String>;

/// The tags to give at create: the user's, and the id of the operation, by which a create whose answer was lost is found.
pub fn with_operation(tags: &Tags, op: &Operation<'_>) -> Tags {
    let mut all = tags.clone();
    all.insert(OPERATION_TAG.to_owned(), op.id.to_owned());
    all
}

/// The tags that are the user's: plat's own and AWS's are left out.
pub fn user_tags<K: Into<String>, V: Into<String>>(tags: impl IntoIterator<Item = (K, V)>) -> Tags {
    tags.into_iter().map(|(key, value)| (key.into(), value.into())).filter(|(key, _)| is_users(key)).collect()
}

fn is_users(key: &str) -> bool {
    !key.starts_with("plat:") && !key.starts_with("aws:")
}

/// What turns one set of tags into another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagChanges {
    /// To add or overwrite; first.
    pub set: Tags,
    /// Keys to take away; after that.
    pub remove: Vec<String>,
}

impl TagChanges {
    pub fn between(prior: &Tags, desired: &Tags) -> Self {
        let set = desired.iter().filter(|(key, value)| prior.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let remove = prior.keys().filter(|key| is_users(key) && !desired.contains_key(*key)).cloned().collect();
        Self { set, remove }
    }

    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn changes_touch_only_what_differs() {
        let prior = tags(&[("Name", "a"), ("Team", "x"), ("Old", "1"), ("plat:operation", "op-1")]);
        let desired = tags(&[("Name", "a"), ("Team", "y"), ("New", "2")]);
        let changes = TagChanges::between(&prior, &desired);
        assert_eq!(changes.set, tags(&[("Team", "y"), ("New", "2")]));
        assert_eq!(changes.remove, ["Old"]);
        assert!(TagChanges::between(&desired, &desired).is_empty());
    }

    #[test]
    fn only_the_users_tags_are_read() {
        let read = user_tags([("Name", "a"), ("plat:operation", "op"), ("aws:cloudformation:stack-name", "s"), ("platform", "p")]);
        assert_eq!(read, tags(&[("Name", "a"), ("platform", "p")]));
    }
}
