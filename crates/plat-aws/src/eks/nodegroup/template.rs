//! The versions of a launch template. EKS takes `$Latest` and `$Default` and answers with the number that they stood for.

use aws_sdk_ec2::types::LaunchTemplate;
use plat::provider::{ErrorKind, ProviderError};

use super::{LaunchTemplateSpecification, Nodegroup};
use crate::client::Aws;
use crate::error::{absent, provider_error};

const LATEST: &str = "$Latest";
const DEFAULT: &str = "$Default";

/// The codes of EC2 for a template that does not exist.
const ABSENT: [&str; 3] =
    ["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.NotFoundException"];

/// Fills in what `$Latest` and `$Default` stand for now. Without the permission to look, both stay empty.
pub(super) async fn fill(aws: &Aws, mut group: Nodegroup) -> Result<Nodegroup, ProviderError> {
    let Some(template) = &group.launch_template else { return Ok(group) };
    let found = match find(aws, template).await {
        Err(error) if error.kind == ErrorKind::Denied => None,
        found => found?,
    };
    group.launch_template_latest_version = found.as_ref().and_then(|found| found.latest_version_number).map(|n| n.to_string());
    group.launch_template_default_version = found.as_ref().and_then(|found| found.default_version_number).map(|n| n.to_string());
    Ok(group)
}

/// The template with a number in place of `$Latest` and `$Default`.
pub(super) async fn numbered(
    aws: &Aws,
    template: Option<LaunchTemplateSpecification>,
) -> Result<Option<LaunchTemplateSpecification>, ProviderError> {
    let Some(template) = template else { return Ok(None) };
    if !matches!(template.version.as_deref(), Some(LATEST | DEFAULT)) {
        return Ok(Some(template));
    }
    let found = match find(aws, &template).await {
        // EKS looks with its own permissions.
        Err(error) if error.kind == ErrorKind::Denied => return Ok(Some(template)),
        found => found?,
    };
    let Some(found) = found else { return Ok(Some(template)) };
    let latest = template.version.as_deref() == Some(LATEST);
    let number = if latest { found.latest_version_number } else { found.default_version_number };
    Ok(Some(LaunchTemplateSpecification { version: number.map(|n| n.to_string()).or(template.version), ..template }))
}

async fn find(aws: &Aws, template: &LaunchTemplateSpecification) -> Result<Option<LaunchTemplate>, ProviderError> {
    let call = aws.ec2().describe_launch_templates();
    let call = match (&template.id, &template.name) {
        (Some(id), _) => call.launch_template_ids(id),
        (None, Some(name)) => call.launch_template_names(name),
        (None, None) => return Ok(None),
    };
    let answer = call.send().await.map_err(|e| provider_error("DescribeLaunchTemplates", e));
    Ok(absent(answer, &ABSENT)?.and_then(|answer| answer.launch_templates).and_then(|found| found.into_iter().next()))
}
