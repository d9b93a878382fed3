//! EC2's own form of tags.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use plat::provider::{Operation, ProviderError};

use crate::client::Aws;
use crate::error::provider_error;
use crate::tags::{TagChanges, Tags, user_tags, with_operation};

/// The tags of a creating call, the operation's own among them.
pub(super) fn specification(kind: ResourceType, tags: &Tags, op: &Operation<'_>) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(written(&with_operation(tags, op)))).build()
}

fn written(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The user's tags of what was read.
pub(super) fn read(tags: Option<Vec<Tag>>) -> Tags {
    user_tags(tags.unwrap_or_default().into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())))
}

/// Turns the tags of a thing into the ones wanted.
pub(super) async fn change(aws: &Aws, id: &str, prior: &Tags, desired: &Tags) -> Result<(), ProviderError> {
    let changes = TagChanges::between(prior, desired);
    if !changes.set.is_empty() {
        let tags = written(&changes.set);
        let call = aws.ec2().create_tags().resources(id).set_tags(Some(tags.clone()));
        call.send().await.map_err(|e| provider_error("CreateTags", e))?;
    }
    if !changes.remove.is_empty() {
        // A tag without a value is taken away whatever its value is.
        let tags = changes.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
        let call = aws.ec2().delete_tags().resources(id).set_tags(Some(tags));
        call.send().await.map_err(|e| provider_error("DeleteTags", e))?;
    }
    Ok(())
}
