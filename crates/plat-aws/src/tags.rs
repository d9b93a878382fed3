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

/// The functions that read, give and change tags in a service whose calls for them are RDS's: `tags_by_arn!(rds, aws_sdk_rds::types::Tag)`.
/// The types are each SDK crate's own, so a function cannot serve both.
#[cfg(any(feature = "rds", feature = "elasticache"))]
macro_rules! tags_by_arn {
    ($client:ident, $tag:path) => {
        use $tag as Tag;

        pub fn read_tags(tags: &[Tag]) -> $crate::tags::Tags {
            $crate::tags::user_tags(tags.iter().map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default())))
        }

        /// True when the operation's own tag is among them.
        pub fn made_by(tags: &[Tag], op: &plat::provider::Operation<'_>) -> bool {
            tags.iter().any(|tag| tag.key() == Some(plat::provider::OPERATION_TAG) && tag.value() == Some(op.id))
        }

        /// The tags of a create.
        pub fn new_tags(tags: &$crate::tags::Tags, op: &plat::provider::Operation<'_>) -> Vec<Tag> {
            listed(&$crate::tags::with_operation(tags, op))
        }

        fn listed(tags: &$crate::tags::Tags) -> Vec<Tag> {
            tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
        }

        /// There is no call for the tags of many.
        pub async fn tags_of(aws: &$crate::client::Aws, arn: &str) -> Result<Vec<Tag>, plat::provider::ProviderError> {
            let answer = aws.$client().list_tags_for_resource().resource_name(arn).send().await;
            Ok(answer.map_err(|e| $crate::error::provider_error("ListTagsForResource", e))?.tag_list.unwrap_or_default())
        }

        /// Brings a resource's tags from `prior` to `desired`.
        pub async fn retag(
            aws: &$crate::client::Aws,
            arn: &str,
            prior: &$crate::tags::Tags,
            desired: &$crate::tags::Tags,
        ) -> Result<(), plat::provider::ProviderError> {
            let changes = $crate::tags::TagChanges::between(prior, desired);
            if !changes.set.is_empty() {
                let call = aws.$client().add_tags_to_resource().resource_name(arn).set_tags(Some(listed(&changes.set)));
                call.send().await.map_err(|e| $crate::error::provider_error("AddTagsToResource", e))?;
            }
            if !changes.remove.is_empty() {
                let call = aws.$client().remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(changes.remove));
                call.send().await.map_err(|e| $crate::error::provider_error("RemoveTagsFromResource", e))?;
            }
            Ok(())
        }
    };
}
#[cfg(any(feature = "rds", feature = "elasticache"))]
pub(crate) use tags_by_arn;

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
