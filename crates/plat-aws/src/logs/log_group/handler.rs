use std::time::Duration as Wait;

use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
use plat::schema::Json;
use plat::value::{Duration, ResolvedObject};

use super::{LogGroup, reading};
use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::tags::TagChanges;
use crate::wait::{Progress, until};
use crate::{document, names, query, tags, units};

/// The longest name of a log group.
const LONGEST_NAME: usize = 512;

impl ResourceHandler<Aws> for LogGroup {
    async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
        let desired = asked.into_values();
        check(&desired)?;
        let name = name(op, &desired);
        let request = aws
            .logs()
            .create_log_group()
            .log_group_name(&name)
            .set_kms_key_id(desired.kms_key_id.as_ref().map(ToString::to_string))
            .log_group_class(desired.log_group_class.as_str().into())
            .set_deletion_protection_enabled(desired.deletion_protection_enabled.then_some(true))
            .set_tags(Some(tags::with_operation(&desired.tags, op).into_iter().collect()));
        request.send().await.map_err(|e| provider_error("CreateLogGroup", e))?;
        op.accepted.accepted(&name)?;
        let made = there(aws, op, &name).await?;
        // What the create did not say yet.
        let bare = LogGroup { kms_key_id: desired.kms_key_id.clone(), tags: desired.tags.clone(), ..made };
        change(aws, &name, &bare, &desired).await?;
        Ok((name.clone(), there(aws, op, &name).await?))
    }

    async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
        reading::read(aws, ids).await
    }

    async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
        let (prior, desired) = change.into_sides()?;
        check(&desired)?;
        self::change(aws, id, &prior, &desired).await?;
        there(aws, op, id).await
    }

    async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _prior: Self) -> Result<(), ProviderError> {
        let deleted = aws.logs().delete_log_group().log_group_name(id).send().await.map_err(|e| provider_error("DeleteLogGroup", e));
        absent(deleted, &["ResourceNotFoundException"])?;
        until("LogGroupDeleted", op.timeout, Wait::from_secs(1), || async {
            Ok(if reading::describe(aws, id).await?.is_none() { Progress::Ready(()) } else { Progress::Pending })
        })
        .await
    }

    async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
        let name = name(op, desired);
        let Some(group) = reading::describe(aws, &name).await? else { return Ok(None) };
        let tags = reading::tags_of(aws, reading::bare(group.arn().unwrap_or_default())).await?;
        Ok(tags.get(OPERATION_TAG).is_some_and(|id| id == op.id).then_some(name))
    }

    async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
        let names = match query::text(query, "log_group_name") {
            Some(name) => vec![name],
            None => reading::all(aws).await?,
        };
        query::only(query, reading::read(aws, &names).await?.into_iter().flatten())
    }
}

fn name(op: &Operation<'_>, desired: &LogGroup) -> String {
    desired.log_group_name.clone().unwrap_or_else(|| names::generated(op, LONGEST_NAME))
}

/// Waits for a group that was just made or changed.
async fn there(aws: &Aws, op: &Operation<'_>, name: &str) -> Result<LogGroup, ProviderError> {
    until("LogGroupExists", op.timeout, Wait::from_secs(1), || async {
        let read = reading::read(aws, &[name.to_owned()]).await?;
        Ok(read.into_iter().flatten().next().map_or(Progress::Pending, Progress::Ready))
    })
    .await
}

/// The calls that make `prior` into `desired`. Protection is taken off first and put on last.
async fn change(aws: &Aws, name: &str, prior: &LogGroup, desired: &LogGroup) -> Result<(), ProviderError> {
    if prior.deletion_protection_enabled && !desired.deletion_protection_enabled {
        protect(aws, name, false).await?;
    }
    if prior.kms_key_id != desired.kms_key_id {
        encrypt(aws, name, desired).await?;
    }
    if prior.retention_in_days != desired.retention_in_days {
        retain(aws, name, desired.retention_in_days).await?;
    }
    if differs(prior.data_protection_policy.as_ref(), desired.data_protection_policy.as_ref()) {
        mask(aws, name, desired.data_protection_policy.as_ref()).await?;
    }
    if differs(prior.field_index_policies.first(), desired.field_index_policies.first()) {
        index(aws, name, desired.field_index_policies.first()).await?;
    }
    let arn = reading::bare(prior.arn.as_str());
    if differs(prior.resource_policy_document.as_ref(), desired.resource_policy_document.as_ref()) {
        allow(aws, arn, desired.resource_policy_document.as_ref()).await?;
    }
    if prior.bearer_token_authentication_enabled != desired.bearer_token_authentication_enabled {
        let request = aws.logs().put_bearer_token_authentication().log_group_identifier(name);
        let request = request.bearer_token_authentication_enabled(desired.bearer_token_authentication_enabled);
        request.send().await.map_err(|e| provider_error("PutBearerTokenAuthentication", e))?;
    }
    tag(aws, arn, prior, desired).await?;
    if !prior.deletion_protection_enabled && desired.deletion_protection_enabled {
        protect(aws, name, true).await?;
    }
    Ok(())
}

fn differs(prior: Option<&Json>, desired: Option<&Json>) -> bool {
    match (prior, desired) {
        (Some(prior), Some(desired)) => !document::same(prior, desired),
        (prior, desired) => prior.is_some() != desired.is_some(),
    }
}

async fn protect(aws: &Aws, name: &str, on: bool) -> Result<(), ProviderError> {
    let request = aws.logs().put_log_group_deletion_protection().log_group_identifier(name).deletion_protection_enabled(on);
    request.send().await.map(drop).map_err(|e| provider_error("PutLogGroupDeletionProtection", e))
}

async fn encrypt(aws: &Aws, name: &str, desired: &LogGroup) -> Result<(), ProviderError> {
    match &desired.kms_key_id {
        Some(key) => {
            let request = aws.logs().associate_kms_key().log_group_name(name).kms_key_id(key.as_str());
            request.send().await.map(drop).map_err(|e| provider_error("AssociateKmsKey", e))
        }
        None => {
            let request = aws.logs().disassociate_kms_key().log_group_name(name);
            request.send().await.map(drop).map_err(|e| provider_error("DisassociateKmsKey", e))
        }
    }
}

async fn retain(aws: &Aws, name: &str, retention: Option<Duration>) -> Result<(), ProviderError> {
    match units::to_days(retention) {
        Some(days) => {
            let request = aws.logs().put_retention_policy().log_group_name(name).retention_in_days(days);
            request.send().await.map(drop).map_err(|e| provider_error("PutRetentionPolicy", e))
        }
        None => {
            let request = aws.logs().delete_retention_policy().log_group_name(name);
            request.send().await.map(drop).map_err(|e| provider_error("DeleteRetentionPolicy", e))
        }
    }
}

async fn mask(aws: &Aws, name: &str, policy: Option<&Json>) -> Result<(), ProviderError> {
    match policy {
        Some(policy) => {
            let request = aws.logs().put_data_protection_policy().log_group_identifier(name).policy_document(document::to_text(policy));
            request.send().await.map(drop).map_err(|e| provider_error("PutDataProtectionPolicy", e))
        }
        None => {
            let request = aws.logs().delete_data_protection_policy().log_group_identifier(name);
            request.send().await.map(drop).map_err(|e| provider_error("DeleteDataProtectionPolicy", e))
        }
    }
}

async fn index(aws: &Aws, name: &str, policy: Option<&Json>) -> Result<(), ProviderError> {
    match policy {
        Some(policy) => {
            let request = aws.logs().put_index_policy().log_group_identifier(name).policy_document(document::to_text(policy));
            request.send().await.map(drop).map_err(|e| provider_error("PutIndexPolicy", e))
        }
        None => {
            let request = aws.logs().delete_index_policy().log_group_identifier(name);
            request.send().await.map(drop).map_err(|e| provider_error("DeleteIndexPolicy", e))
        }
    }
}

/// A change of the policy names the revision that it replaces, so that nobody else's change is lost.
async fn allow(aws: &Aws, arn: &str, policy: Option<&Json>) -> Result<(), ProviderError> {
    let before = reading::resource_policy(aws, arn).await?;
    let revision = before.as_ref().and_then(|policy| policy.revision_id.clone());
    match (policy, before) {
        (Some(policy), _) => {
            let request = aws.logs().put_resource_policy().resource_arn(arn).policy_document(document::to_text(policy));
            let request = request.set_expected_revision_id(revision);
            request.send().await.map(drop).map_err(|e| provider_error("PutResourcePolicy", e))
        }
        (None, Some(_)) => {
            let request = aws.logs().delete_resource_policy().resource_arn(arn).set_expected_revision_id(revision);
            request.send().await.map(drop).map_err(|e| provider_error("DeleteResourcePolicy", e))
        }
        (None, None) => Ok(()),
    }
}

async fn tag(aws: &Aws, arn: &str, prior: &LogGroup, desired: &LogGroup) -> Result<(), ProviderError> {
    let changes = TagChanges::between(&prior.tags, &desired.tags);
    if !changes.set.is_empty() {
        let request = aws.logs().tag_resource().resource_arn(arn).set_tags(Some(changes.set.into_iter().collect()));
        request.send().await.map_err(|e| provider_error("TagResource", e))?;
    }
    if !changes.remove.is_empty() {
        let request = aws.logs().untag_resource().resource_arn(arn).set_tag_keys(Some(changes.remove));
        request.send().await.map_err(|e| provider_error("UntagResource", e))?;
    }
    Ok(())
}

/// What would be refused, or passed over, only after the group is made.
fn check(desired: &LogGroup) -> Result<(), ProviderError> {
    if desired.field_index_policies.len() > 1 {
        let message = "a log group has at most one of `field_index_policies`: put all the fields into one";
        return Err(ProviderError::new(ErrorKind::Refused, "PutIndexPolicy", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_index_policy_is_the_most() {
        let policies = |n: usize| LogGroup { field_index_policies: vec![Json::default(); n], ..LogGroup::default() };
        assert!(check(&policies(1)).is_ok());
        assert!(check(&policies(2)).unwrap_err().message.contains("put all the fields into one"));
    }

    #[test]
    fn documents_differ_by_meaning() {
        let json = |text: &str| Json(serde_json::from_str(text).unwrap());
        let (a, b) = (
            json("{\"Statement\": [{\"Action\": \"logs:PutLogEvents\"}]}"),
            json("{\"Statement\": {\"Action\": [\"logs:PutLogEvents\"]}}"),
        );
        assert!(!differs(Some(&a), Some(&b)));
        assert!(differs(Some(&a), None));
        assert!(!differs(None, None));
    }
}
