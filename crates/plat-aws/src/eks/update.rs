//! What clusters and their parts have in common: EKS's own updates and tags.

use std::time::Duration as Wait;

use aws_sdk_eks::types::{Update, UpdateStatus};
use plat::provider::{ErrorKind, Operation, ProviderError};

use crate::client::Aws;
use crate::error::{incomplete, provider_error};
use crate::tags::{TagChanges, Tags};
use crate::wait::{Progress, until};

/// The delay of botocore's waiters for EKS.
pub(super) const DELAY: Wait = Wait::from_secs(30);

/// EKS refuses an update that would change nothing: somebody was there first, or an earlier try of ours was.
fn nothing_to_do(refusal: &ProviderError) -> bool {
    let message = refusal.message.to_ascii_lowercase();
    refusal.code == "InvalidParameterException" && (message.contains("already at the desired") || message.contains("no changes needed"))
}

/// What of a cluster an update is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Whole,
    Nodegroup(&'a str),
    Addon(&'a str),
}

/// Waits until an update of a cluster, or of one of its node groups, is through.
pub(super) async fn through(
    aws: &Aws,
    op: &Operation<'_>,
    call: &str,
    (cluster, nodegroup): (&str, Option<&str>),
    answer: Result<Option<Update>, ProviderError>,
) -> Result<(), ProviderError> {
    through_part(aws, op, call, cluster, nodegroup.map_or(Part::Whole, Part::Nodegroup), answer).await
}

/// Waits until an update of a part of a cluster is through.
pub(super) async fn through_part(
    aws: &Aws,
    op: &Operation<'_>,
    call: &str,
    cluster: &str,
    part: Part<'_>,
    answer: Result<Option<Update>, ProviderError>,
) -> Result<(), ProviderError> {
    let update = match answer {
        Err(refusal) if nothing_to_do(&refusal) => return Ok(()),
        answer => answer?.ok_or_else(|| incomplete(call, "update"))?,
    };
    let id = update.id.ok_or_else(|| incomplete(call, "update.id"))?;
    until(call, op.timeout, DELAY, || async {
        let request = aws.eks().describe_update().name(cluster).update_id(&id);
        let request = match part {
            Part::Whole => request,
            Part::Nodegroup(name) => request.nodegroup_name(name),
            Part::Addon(name) => request.addon_name(name),
        };
        let answer = request.send().await.map_err(|e| provider_error("DescribeUpdate", e))?;
        let update = answer.update.ok_or_else(|| incomplete("DescribeUpdate", "update"))?;
        Ok(match update.status {
            Some(UpdateStatus::Successful) => Progress::Ready(()),
            Some(UpdateStatus::Failed | UpdateStatus::Cancelled) => Progress::Failed(reasons(&update)),
            _ => Progress::Pending,
        })
    })
    .await
}

fn reasons(update: &Update) -> String {
    let status = update.status.as_ref().map(UpdateStatus::as_str).unwrap_or_default().to_ascii_lowercase();
    let errors = update.errors().iter().map(|error| {
        let code = error.error_code().map(|code| code.as_str()).unwrap_or_default();
        format!("{code}: {} ({})", error.error_message().unwrap_or_default(), error.resource_ids().join(", "))
    });
    let errors: Vec<_> = errors.collect();
    if errors.is_empty() { format!("EKS says the update is {status}") } else { format!("the update {status}: {}", errors.join("; ")) }
}

/// Makes the tags of a cluster, or of a part of one, what they should be.
pub(super) async fn tag(aws: &Aws, arn: &str, prior: &Tags, desired: &Tags) -> Result<(), ProviderError> {
    let changes = TagChanges::between(prior, desired);
    if !changes.set.is_empty() {
        let request = aws.eks().tag_resource().resource_arn(arn).set_tags(Some(changes.set.into_iter().collect()));
        request.send().await.map_err(|e| provider_error("TagResource", e))?;
    }
    if !changes.remove.is_empty() {
        let request = aws.eks().untag_resource().resource_arn(arn).set_tag_keys(Some(changes.remove));
        request.send().await.map_err(|e| provider_error("UntagResource", e))?;
    }
    Ok(())
}

/// A number as wide as EKS takes it.
pub(super) fn int(number: Option<i64>) -> Result<Option<i32>, ProviderError> {
    let narrow = |n: i64| {
        i32::try_from(n)
            .map_err(|_| ProviderError::new(ErrorKind::Refused, "EKS", format!("`{n}` is out of the range of numbers that EKS takes")))
    };
    number.map(narrow).transpose()
}

/// Idempotency token of one call of an operation that makes several.
pub(super) fn token(op: &Operation<'_>, step: &str) -> String {
    format!("{}-{step}", op.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str, message: &str) -> ProviderError {
        ProviderError { code: code.into(), ..ProviderError::new(ErrorKind::Refused, "CreateCluster", message) }
    }

    #[test]
    fn an_update_to_what_is_there_is_done() {
        for message in
            ["Cluster is already at the desired configuration with endpointPrivateAccess: true", "No changes needed for the logging config"]
        {
            assert!(nothing_to_do(&refusal("InvalidParameterException", message)));
        }
        let real = "unsupported Kubernetes minor version update from 1.28 to 1.30";
        assert!(!nothing_to_do(&refusal("InvalidParameterException", real)));
    }

    #[test]
    fn a_failed_update_says_why() {
        let error = aws_sdk_eks::types::ErrorDetail::builder()
            .error_code("NodeCreationFailure".into())
            .error_message("could not join")
            .resource_ids("i-1")
            .build();
        let update = Update::builder().status(UpdateStatus::Failed).errors(error).build();
        assert_eq!(reasons(&update), "the update failed: NodeCreationFailure: could not join (i-1)");
        assert_eq!(reasons(&Update::builder().status(UpdateStatus::Cancelled).build()), "EKS says the update is cancelled");
    }
}
