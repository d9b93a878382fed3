//! A secret that was deleted with a recovery window has its name until the window ends, and can be restored until then.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use plat::provider::{ErrorKind, Operation, ProviderError};

use super::Secret;
use super::handler::{listed, observe, rereplicate, rewrite};
use crate::client::Aws;
use crate::error::{absent, incomplete, provider_error};
use crate::tags::with_operation;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The secret of that name when it waits for its deletion. One that was deleted for good is shown for some minutes, too: its time is past.
pub(super) async fn scheduled(aws: &Aws, name: &str) -> Result<Option<DescribeSecretOutput>, ProviderError> {
    let answer = aws.secretsmanager().describe_secret().secret_id(name).send().await;
    let found = absent(answer.map_err(|e| provider_error("DescribeSecret", e)), &["ResourceNotFoundException"])?;
    Ok(found.filter(|found| seconds_left(found) > HOUR))
}

fn seconds_left(found: &DescribeSecretOutput) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(0));
    found.deleted_date.map_or(0, |date| date.secs() - now)
}

/// Restores the secret where the configuration asks for it, makes it what the configuration says, and returns its ARN. A value that AWS is
/// to generate stays the one that it has.
///
/// # Errors
///
/// When the configuration does not ask for it.
pub(super) async fn restored(
    aws: &Aws,
    op: &Operation<'_>,
    name: &str,
    found: DescribeSecretOutput,
    desired: &Secret,
) -> Result<String, ProviderError> {
    if desired.restore_deleted != Some(true) {
        let days = (seconds_left(&found) + DAY - 1) / DAY;
        let message = format!(
            "a secret named `{name}` was deleted and can be restored for {days} more days; set `restore_deleted = true` to restore it with \
             its value, or free the name with `aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {name}`"
        );
        return Err(ProviderError::new(ErrorKind::Refused, "CreateSecret", message));
    }
    let id = found.arn.clone().ok_or_else(|| incomplete("DescribeSecret", "ARN"))?;
    aws.secretsmanager().restore_secret().secret_id(&id).send().await.map_err(|e| provider_error("RestoreSecret", e))?;
    op.accepted.accepted(&id)?;
    let tags = with_operation(&desired.tags, op);
    let former = found.tags.as_deref().unwrap_or_default().iter().filter_map(|tag| tag.key());
    let gone: Vec<String> = former.filter(|key| !tags.contains_key(*key)).map(str::to_owned).collect();
    if !gone.is_empty() {
        let call = aws.secretsmanager().untag_resource().secret_id(&id).set_tag_keys(Some(gone));
        call.send().await.map_err(|e| provider_error("UntagResource", e))?;
    }
    let call = aws.secretsmanager().tag_resource().secret_id(&id).set_tags(Some(listed(&tags)));
    call.send().await.map_err(|e| provider_error("TagResource", e))?;
    let prior = observe(found);
    rewrite(aws, op, &id, &prior, desired, desired.secret_string.clone()).await?;
    rereplicate(aws, &id, &prior.replica_regions, &desired.replica_regions).await?;
    Ok(id)
}
