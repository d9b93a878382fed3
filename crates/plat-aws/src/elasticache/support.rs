//! What the handlers of ElastiCache share.

use aws_sdk_elasticache::types::Tag;
use plat::provider::{OPERATION_TAG, Operation, ProviderError};

use crate::client::Aws;
use crate::error::provider_error;
use crate::tags::{TagChanges, Tags, user_tags, with_operation};

pub fn read_tags(tags: &[Tag]) -> Tags {
    user_tags(tags.iter().map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default())))
}

/// True when the operation's own tag is among them.
pub fn made_by(tags: &[Tag], op: &Operation<'_>) -> bool {
    tags.iter().any(|tag| tag.key() == Some(OPERATION_TAG) && tag.value() == Some(op.id))
}

/// The tags of a create.
pub fn new_tags(tags: &Tags, op: &Operation<'_>) -> Vec<Tag> {
    listed(&with_operation(tags, op))
}

fn listed(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// There is no call for the tags of many.
pub async fn tags_of(aws: &Aws, arn: &str) -> Result<Vec<Tag>, ProviderError> {
    let answer = aws.elasticache().list_tags_for_resource().resource_name(arn).send().await;
    Ok(answer.map_err(|e| provider_error("ListTagsForResource", e))?.tag_list.unwrap_or_default())
}

/// Brings a resource's tags from `prior` to `desired`.
pub async fn retag(aws: &Aws, arn: &str, prior: &Tags, desired: &Tags) -> Result<(), ProviderError> {
    let changes = TagChanges::between(prior, desired);
    if !changes.set.is_empty() {
        let call = aws.elasticache().add_tags_to_resource().resource_name(arn).set_tags(Some(listed(&changes.set)));
        call.send().await.map_err(|e| provider_error("AddTagsToResource", e))?;
    }
    if !changes.remove.is_empty() {
        let call = aws.elasticache().remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(changes.remove));
        call.send().await.map_err(|e| provider_error("RemoveTagsFromResource", e))?;
    }
    Ok(())
}
