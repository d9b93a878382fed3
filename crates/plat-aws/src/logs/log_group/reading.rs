//! Reading log groups: many at once where CloudWatch Logs can.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::types::{self as wire, DataProtectionStatus, IndexSource, PolicyScope};
use futures_util::{StreamExt, TryStreamExt, stream};
use plat::provider::{ErrorKind, ProviderError};
use plat::schema::Json;
use plat::value::Duration;

use super::LogGroup;
use crate::client::Aws;
use crate::error::provider_error;
use crate::{document, tags};

/// Calls at a time; CloudWatch Logs takes ten a second of the describing ones.
const PARALLEL: usize = 5;
/// The most groups in one `DescribeIndexPolicies`.
const INDEX_BATCH: usize = 100;

/// The groups of these names, `None` for those that are not there.
pub(super) async fn read(aws: &Aws, names: &[String]) -> Result<Vec<Option<LogGroup>>, ProviderError> {
    let found = named(aws, names).await?;
    let mut indexes = index_policies(aws, found.values()).await?;
    let groups = names.iter().map(|name| found.get(name).cloned().map(|group| (group, indexes.remove(name).unwrap_or_default())));
    let read = |group: Option<(wire::LogGroup, Vec<Json>)>| async move {
        let Some((group, indexes)) = group else { return Ok(None) };
        match whole(aws, group, indexes).await {
            // Deleted between the calls.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            group => group.map(Some),
        }
    };
    stream::iter(groups.collect::<Vec<_>>()).map(read).buffered(PARALLEL).try_collect().await
}

/// Names that begin alike, as those of one stack do, come in few pages. More pages than names would be a search in other people's
/// groups: what is not found by then is asked for one by one.
async fn named(aws: &Aws, names: &[String]) -> Result<HashMap<String, wire::LogGroup>, ProviderError> {
    let mut found = HashMap::new();
    if let [_, _, ..] = names {
        let prefix = common_prefix(names);
        let request = aws.logs().describe_log_groups().set_log_group_name_prefix((!prefix.is_empty()).then(|| prefix.to_owned()));
        let mut pages = request.into_paginator().send();
        for _ in names {
            let Some(page) = pages.next().await else { break };
            let groups = page.map_err(|e| provider_error("DescribeLogGroups", e))?.log_groups.unwrap_or_default();
            found.extend(groups.into_iter().filter_map(|group| Some((group.log_group_name.clone()?, group))));
            if names.iter().all(|name| found.contains_key(name)) {
                break;
            }
        }
        found.retain(|name, _| names.contains(name));
    }
    let left: Vec<_> = names.iter().filter(|name| !found.contains_key(*name)).cloned().collect();
    let one = |name: String| async move { describe(aws, &name).await };
    let rest: Vec<_> = stream::iter(left).map(one).buffered(PARALLEL).try_collect().await?;
    found.extend(rest.into_iter().flatten().filter_map(|group| Some((group.log_group_name.clone()?, group))));
    Ok(found)
}

/// One group. Groups come sorted by name, so the one that is the whole prefix is the first.
pub(super) async fn describe(aws: &Aws, name: &str) -> Result<Option<wire::LogGroup>, ProviderError> {
    let answer = aws.logs().describe_log_groups().log_group_name_prefix(name).send().await;
    let groups = answer.map_err(|e| provider_error("DescribeLogGroups", e))?.log_groups.unwrap_or_default();
    Ok(groups.into_iter().find(|group| group.log_group_name() == Some(name)))
}

/// The field index policies that groups have of their own, by name.
async fn index_policies<'a>(
    aws: &Aws,
    groups: impl Iterator<Item = &'a wire::LogGroup>,
) -> Result<HashMap<String, Vec<Json>>, ProviderError> {
    let mut policies: HashMap<String, Vec<Json>> = HashMap::new();
    // Other classes cannot have any, and asking about them is refused.
    let standard = groups.filter(|group| class(group) == "STANDARD").filter_map(|group| group.log_group_name.clone());
    let standard: Vec<_> = standard.collect();
    for batch in standard.chunks(INDEX_BATCH) {
        for policy in index_batch(aws, batch).await? {
            if let (Some(text), Some(IndexSource::LogGroup)) = (&policy.policy_document, &policy.source) {
                let name = name_of(policy.log_group_identifier().unwrap_or_default()).to_owned();
                policies.entry(name).or_default().push(document::from_text("DescribeIndexPolicies", text)?);
            }
        }
    }
    Ok(policies)
}

async fn index_batch(aws: &Aws, names: &[String]) -> Result<Vec<wire::IndexPolicy>, ProviderError> {
    let mut policies = Vec::new();
    let mut next = None;
    loop {
        let request = aws.logs().describe_index_policies().set_log_group_identifiers(Some(names.to_vec())).set_next_token(next);
        let page = match request.send().await.map_err(|e| provider_error("DescribeIndexPolicies", e)) {
            // One of them was deleted meanwhile; and some partitions have no field indexes at all.
            Err(error) if error.kind == ErrorKind::NotFound && names.len() > 1 => return one_by_one(aws, names).await,
            Err(error) if error.kind == ErrorKind::NotFound || error.code == "UnknownOperationException" => return Ok(policies),
            page => page?,
        };
        policies.extend(page.index_policies.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(policies);
        }
    }
}

async fn one_by_one(aws: &Aws, names: &[String]) -> Result<Vec<wire::IndexPolicy>, ProviderError> {
    let one = |name: String| async move { Box::pin(index_batch(aws, &[name])).await };
    let policies: Vec<_> = stream::iter(names.to_vec()).map(one).buffered(PARALLEL).try_collect().await?;
    Ok(policies.into_iter().flatten().collect())
}

async fn whole(aws: &Aws, group: wire::LogGroup, field_index_policies: Vec<Json>) -> Result<LogGroup, ProviderError> {
    let name = group.log_group_name.clone().unwrap_or_default();
    let arn = group.arn.clone().unwrap_or_default();
    let protection = match group.data_protection_status {
        Some(DataProtectionStatus::Activated) => data_protection(aws, &name).await?,
        _ => None,
    };
    let resource_policy = resource_policy(aws, bare(&arn)).await?.and_then(|policy| policy.policy_document);
    Ok(LogGroup {
        log_group_class: class(&group).to_owned(),
        bearer_token_authentication_enabled: group.bearer_token_authentication_enabled.unwrap_or_default(),
        data_protection_policy: protection,
        deletion_protection_enabled: group.deletion_protection_enabled.unwrap_or_default(),
        field_index_policies,
        kms_key_id: group.kms_key_id.map(Into::into),
        resource_policy_document: resource_policy.map(|text| document::from_text("DescribeResourcePolicies", &text)).transpose()?,
        retention_in_days: group.retention_in_days.map(|days| Duration::days(days.into())),
        tags: tags::user_tags(tags_of(aws, bare(&arn)).await?),
        arn: arn.into(),
        log_group_name: Some(name),
    })
}

async fn data_protection(aws: &Aws, name: &str) -> Result<Option<Json>, ProviderError> {
    let answer = aws.logs().get_data_protection_policy().log_group_identifier(name).send().await;
    let text = answer.map_err(|e| provider_error("GetDataProtectionPolicy", e))?.policy_document;
    text.map(|text| document::from_text("GetDataProtectionPolicy", &text)).transpose()
}

/// The policy that hangs on the group itself; the account's own are another matter.
pub(super) async fn resource_policy(aws: &Aws, arn: &str) -> Result<Option<wire::ResourcePolicy>, ProviderError> {
    let request = aws.logs().describe_resource_policies().resource_arn(arn).policy_scope(PolicyScope::Resource);
    let answer = request.send().await.map_err(|e| provider_error("DescribeResourcePolicies", e))?;
    Ok(answer.resource_policies.unwrap_or_default().into_iter().find(|policy| policy.resource_arn().map(bare) == Some(arn)))
}

/// All tags, plat's own too.
pub(super) async fn tags_of(aws: &Aws, arn: &str) -> Result<HashMap<String, String>, ProviderError> {
    let answer = aws.logs().list_tags_for_resource().resource_arn(arn).send().await;
    Ok(answer.map_err(|e| provider_error("ListTagsForResource", e))?.tags.unwrap_or_default())
}

/// The names of all groups.
pub(super) async fn all(aws: &Aws) -> Result<Vec<String>, ProviderError> {
    let pages = aws.logs().describe_log_groups().into_paginator().items().send();
    let groups = pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeLogGroups", e))?;
    Ok(groups.into_iter().filter_map(|group| group.log_group_name).collect())
}

/// The ARN of the group alone, which is what calls about it take.
pub(super) fn bare(arn: &str) -> &str {
    arn.strip_suffix(":*").unwrap_or(arn)
}

/// The name in an ARN of a group; a name is its own.
fn name_of(identifier: &str) -> &str {
    bare(identifier).split_once(":log-group:").map_or(identifier, |(_, name)| name)
}

fn class(group: &wire::LogGroup) -> &str {
    group.log_group_class.as_ref().map_or("STANDARD", |class| class.as_str())
}

fn common_prefix(names: &[String]) -> &str {
    let Some(first) = names.first() else { return "" };
    let shared = |other: &String| first.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let length: usize = names.iter().map(shared).min().unwrap_or_default();
    first.split_at_checked(length).map_or("", |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_stack_begin_alike() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(common_prefix(&names(&["/connect2/api", "/connect2/audit"])), "/connect2/a");
        assert_eq!(common_prefix(&names(&["/a", "b"])), "");
        assert_eq!(common_prefix(&[]), "");
    }

    #[test]
    fn a_group_is_named_by_its_arn_or_by_itself() {
        let arn = "arn:aws:logs:us-west-2:123456789012:log-group:/connect2/api:*";
        assert_eq!(name_of(arn), "/connect2/api");
        assert_eq!(name_of(bare(arn)), "/connect2/api");
        assert_eq!(name_of("/connect2/api"), "/connect2/api");
    }
}
