//! Create, read, change, delete.

use std::time::Duration as StdDuration;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, ReplicaRegionType, StatusType, Tag};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
use plat::value::{ResolvedObject, SecretText};

use super::{ReplicaRegion, Secret, restore, value};
use crate::client::Aws;
use crate::error::{absent, incomplete, provider_error};
use crate::names::generated;
use crate::query;
use crate::tags::{TagChanges, Tags, user_tags, with_operation};
use crate::units::{text, to_days};
use crate::wait::{Progress, until};

/// A generated name; Secrets Manager takes up to 512 characters.
const LONGEST_NAME: usize = 64;

/// Calls at once. There is a call for many secrets, but what it answers may be minutes old.
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html>
const AT_ONCE: usize = 8;

/// The key that a secret without one of its own is encrypted with.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

impl ResourceHandler<Aws> for Secret {
    async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
        let desired = asked.into_values();
        let name = desired.name_for(op);
        if let Some(found) = restore::scheduled(aws, &name).await? {
            let id = restore::restored(aws, op, &name, found, &desired).await?;
            return Ok((id.clone(), replicated(aws, op, &id).await?));
        }
        let value = value::initial(aws, &desired).await?;
        let id = made(aws, op, &name, &desired, value.as_ref()).await?;
        op.accepted.accepted(&id)?;
        let seen = replicated(aws, op, &id).await?;
        Ok((id, seen))
    }

    async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
        let reads: Vec<_> = ids.iter().map(|id| async move { Ok(describe(aws, id).await?.map(observe)) }).collect();
        stream::iter(reads).buffered(AT_ONCE).try_collect().await
    }

    async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
        let (prior, desired) = change.into_sides()?;
        let found = describe(aws, id).await?.ok_or_else(|| incomplete("DescribeSecret", "ARN"))?;
        let empty = found.version_ids_to_stages.as_ref().is_none_or(|versions| versions.is_empty());
        // A repetition of an update whose answer was lost: the value has been made.
        let repeated = found.version_ids_to_stages.as_ref().is_some_and(|versions| versions.contains_key(&token(op.id)));
        let value = match repeated {
            true => None,
            false => value::changed(aws, &prior, &desired, empty).await?,
        };
        rewrite(aws, op, id, &prior, &desired, value).await?;
        retag(aws, id, &prior.tags, &desired.tags).await?;
        rereplicate(aws, id, &prior.replica_regions, &desired.replica_regions).await?;
        replicated(aws, op, id).await
    }

    async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
        let Some(found) = describe(aws, id).await? else { return Ok(()) };
        let copies: Vec<ReplicaRegion> = observe(found).replica_regions;
        if !copies.is_empty() {
            rereplicate(aws, id, &copies, &[]).await?;
            replicated(aws, op, id).await?;
        }
        let call = aws.secretsmanager().delete_secret().secret_id(id);
        let call = match to_days(prior.recovery_window) {
            Some(days) => call.recovery_window_in_days(i64::from(days)),
            None => call.force_delete_without_recovery(true),
        };
        absent(call.send().await.map_err(|e| provider_error("DeleteSecret", e)), &["ResourceNotFoundException"])?;
        Ok(())
    }

    async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
        let found = describe(aws, &desired.name_for(op)).await?;
        Ok(found.filter(|f| made_by(f.tags(), op)).and_then(|f| f.arn))
    }

    async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
        let names: Vec<String> = match query::text(query, "id").or_else(|| query::text(query, "name")) {
            Some(name) => vec![name],
            None => tagged(aws, query).await?,
        };
        let found: Vec<Option<Self>> = Self::read(aws, &names).await?;
        query::only(query, found.into_iter().flatten())
    }
}

impl Secret {
    fn name_for(&self, op: &Operation<'_>) -> String {
        self.name.clone().unwrap_or_else(|| generated(op, LONGEST_NAME))
    }
}

/// Creates the secret and returns its ARN. The token makes a repetition safe only for the same value, and a generated one is
/// another each time: then the operation's tag tells that the secret with this name is the one that was asked for.
async fn made(aws: &Aws, op: &Operation<'_>, name: &str, desired: &Secret, value: Option<&SecretText>) -> Result<String, ProviderError> {
    let call = aws
        .secretsmanager()
        .create_secret()
        .name(name)
        .client_request_token(token(op.id))
        .set_description(desired.description.clone())
        .set_kms_key_id(text(&desired.kms_key_id))
        .set_type(desired.r#type.clone())
        .set_secret_string(value.map(|v| v.expose().to_owned()))
        .set_add_replica_regions(replicas(&desired.replica_regions))
        .set_tags(Some(listed(&with_operation(&desired.tags, op))));
    let error = match call.send().await {
        Ok(answer) => return answer.arn.ok_or_else(|| incomplete("CreateSecret", "ARN")),
        Err(error) => provider_error("CreateSecret", error),
    };
    if error.kind == ErrorKind::Exists {
        let found = describe(aws, name).await?.filter(|found| made_by(found.tags(), op)).and_then(|found| found.arn);
        return found.ok_or(error);
    }
    Err(if is_on_its_way_out(&error) { still_there(error, name) } else { error })
}

fn is_on_its_way_out(error: &ProviderError) -> bool {
    error.code == "InvalidRequestException" && error.message.contains("scheduled for deletion")
}

/// Adds the way out.
fn still_there(mut error: ProviderError, name: &str) -> ProviderError {
    error.kind = ErrorKind::Exists;
    error.message = format!(
        "{}; set `restore_deleted = true` to restore the secret with its value, or free the name with `aws secretsmanager \
         delete-secret --force-delete-without-recovery --secret-id {name}`",
        error.message
    );
    error
}

/// Secrets Manager's tokens have 32 to 64 characters.
fn token(operation: &str) -> String {
    let skipped = operation.chars().count().saturating_sub(64);
    format!("{:0>32}", operation.chars().skip(skipped).collect::<String>())
}

/// `None`: there is none, or it is only there to be restored.
async fn describe(aws: &Aws, id: &str) -> Result<Option<DescribeSecretOutput>, ProviderError> {
    let answer = aws.secretsmanager().describe_secret().secret_id(id).send().await;
    let found = absent(answer.map_err(|e| provider_error("DescribeSecret", e)), &["ResourceNotFoundException"])?;
    Ok(found.filter(|f| f.deleted_date.is_none()))
}

pub(super) fn observe(found: DescribeSecretOutput) -> Secret {
    let copies = found.replication_status.unwrap_or_default().into_iter();
    let copy = |c: aws_sdk_secretsmanager::types::ReplicationStatusType| {
        Some(ReplicaRegion { region: c.region?, kms_key_id: c.kms_key_id.filter(|key| key != DEFAULT_KEY).map(Into::into) })
    };
    Secret {
        name: found.name,
        description: found.description.filter(|d| !d.is_empty()),
        kms_key_id: found.kms_key_id.filter(|key| !key.ends_with(DEFAULT_KEY)).map(Into::into),
        replica_regions: copies.filter_map(copy).collect(),
        r#type: found.r#type,
        tags: read_tags(found.tags.as_deref().unwrap_or_default()),
        id: found.arn.unwrap_or_default().into(),
        ..Secret::default()
    }
}

/// Waits until the copies are made or gone, and reads the secret.
async fn replicated(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<Secret, ProviderError> {
    until("SecretReplicated", op.timeout, StdDuration::from_secs(5), || async {
        let Some(found) = describe(aws, id).await? else { return Ok(Progress::Pending) };
        let copies = found.replication_status();
        if let Some(failed) = copies.iter().find(|c| c.status() == Some(&StatusType::Failed)) {
            let (region, why) =
                (failed.region().unwrap_or_default(), failed.status_message().unwrap_or("Secrets Manager does not say why"));
            return Ok(Progress::Failed(format!("the copy in {region} failed: {why}")));
        }
        let busy = copies.iter().any(|c| c.status() == Some(&StatusType::InProgress));
        Ok(if busy { Progress::Pending } else { Progress::Ready(observe(found)) })
    })
    .await
}

/// Description, key, kind and value, in one call when any of them changes.
pub(super) async fn rewrite(
    aws: &Aws,
    op: &Operation<'_>,
    id: &str,
    prior: &Secret,
    desired: &Secret,
    value: Option<SecretText>,
) -> Result<(), ProviderError> {
    let description = (prior.description != desired.description).then(|| desired.description.clone().unwrap_or_default());
    let key = (prior.kms_key_id != desired.kms_key_id).then(|| text(&desired.kms_key_id).unwrap_or_else(|| DEFAULT_KEY.to_owned()));
    let kind = (prior.r#type != desired.r#type).then(|| desired.r#type.clone()).flatten();
    if description.is_none() && key.is_none() && kind.is_none() && value.is_none() {
        return Ok(());
    }
    let call = aws
        .secretsmanager()
        .update_secret()
        .secret_id(id)
        .set_client_request_token(value.as_ref().map(|_| token(op.id)))
        .set_description(description)
        .set_kms_key_id(key)
        .set_type(kind)
        .set_secret_string(value.map(|v| v.expose().to_owned()));
    call.send().await.map_err(|e| provider_error("UpdateSecret", e))?;
    Ok(())
}

pub(super) async fn rereplicate(aws: &Aws, id: &str, prior: &[ReplicaRegion], desired: &[ReplicaRegion]) -> Result<(), ProviderError> {
    let fits = |had: &ReplicaRegion, wanted: &ReplicaRegion| {
        had.region == wanted.region && (wanted.kms_key_id.is_none() || wanted.kms_key_id == had.kms_key_id)
    };
    let gone: Vec<String> =
        prior.iter().filter(|had| !desired.iter().any(|wanted| fits(had, wanted))).map(|had| had.region.clone()).collect();
    let new: Vec<ReplicaRegion> = desired.iter().filter(|wanted| !prior.iter().any(|had| fits(had, wanted))).cloned().collect();
    if !gone.is_empty() {
        let call = aws.secretsmanager().remove_regions_from_replication().secret_id(id).set_remove_replica_regions(Some(gone));
        call.send().await.map_err(|e| provider_error("RemoveRegionsFromReplication", e))?;
    }
    if !new.is_empty() {
        let call = aws.secretsmanager().replicate_secret_to_regions().secret_id(id).set_add_replica_regions(replicas(&new));
        call.send().await.map_err(|e| provider_error("ReplicateSecretToRegions", e))?;
    }
    Ok(())
}

fn replicas(regions: &[ReplicaRegion]) -> Option<Vec<ReplicaRegionType>> {
    let built = regions.iter().map(|r| ReplicaRegionType::builder().region(&r.region).set_kms_key_id(text(&r.kms_key_id)).build());
    (!regions.is_empty()).then(|| built.collect())
}

async fn retag(aws: &Aws, id: &str, prior: &Tags, desired: &Tags) -> Result<(), ProviderError> {
    let changes = TagChanges::between(prior, desired);
    if !changes.set.is_empty() {
        let call = aws.secretsmanager().tag_resource().secret_id(id).set_tags(Some(listed(&changes.set)));
        call.send().await.map_err(|e| provider_error("TagResource", e))?;
    }
    if !changes.remove.is_empty() {
        let call = aws.secretsmanager().untag_resource().secret_id(id).set_tag_keys(Some(changes.remove));
        call.send().await.map_err(|e| provider_error("UntagResource", e))?;
    }
    Ok(())
}

pub(super) fn listed(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn read_tags(tags: &[Tag]) -> Tags {
    user_tags(tags.iter().map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default())))
}

fn made_by(tags: &[Tag], op: &Operation<'_>) -> bool {
    tags.iter().any(|tag| tag.key() == Some(OPERATION_TAG) && tag.value() == Some(op.id))
}

/// ARNs of the secrets that have the first of the query's tags; the rest is compared after they are read.
async fn tagged(aws: &Aws, query: &ResolvedObject) -> Result<Vec<String>, ProviderError> {
    let key = match query.get("tags") {
        Some(plat::value::Value::Object(tags)) => tags.keys().next().map(ToString::to_string),
        _ => None,
    };
    let filter = key.map(|key| Filter::builder().key(FilterNameStringType::TagKey).values(key).build());
    let pages = aws.secretsmanager().list_secrets().set_filters(filter.map(|f| vec![f])).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListSecrets", e))?;
    Ok(pages.into_iter().flat_map(|page| page.secret_list.unwrap_or_default()).filter_map(|entry| entry.arn).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_length_that_is_wanted() {
        assert_eq!(token("op-1").len(), 32);
        assert!(token("op-1").ends_with("op-1"));
        let uuid = "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
        assert_eq!(token(uuid), uuid);
        assert_eq!(token(&"x".repeat(100)).len(), 64);
    }

    #[test]
    fn a_name_that_waits_for_its_deletion_says_the_way_out() {
        let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        let error =
            ProviderError { code: "InvalidRequestException".to_owned(), ..ProviderError::new(ErrorKind::Refused, "CreateSecret", message) };
        assert!(is_on_its_way_out(&error));
        let told = still_there(error, "web");
        assert_eq!(told.kind, ErrorKind::Exists);
        assert!(told.message.contains("`restore_deleted = true`") && told.message.contains("--force-delete-without-recovery"));
    }

    #[test]
    fn the_default_key_is_no_key_of_ones_own() {
        let found = DescribeSecretOutput::builder().arn("arn:s").kms_key_id(DEFAULT_KEY).description("").build();
        let seen = observe(found);
        assert_eq!((seen.kms_key_id, seen.description), (None, None));
    }
}
