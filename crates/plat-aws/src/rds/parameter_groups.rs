//! What the two kinds of parameter groups have in common: those of instances and those of clusters.

use std::collections::BTreeSet;

use aws_sdk_rds::types::{ApplyMethod, Parameter, Tag};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plat::provider::{Operation, ProviderError};

use super::support::{made_by, new_tags, read_tags, retag, tags_of};
use crate::client::Aws;
use crate::error::{absent, incomplete};
use crate::parameters::{PER_CALL, ParameterChanges, Parameters};
use crate::tags::Tags;

/// RDS has not both spellings of these codes everywhere.
pub(super) const ABSENT: [&str; 2] = ["DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"];

/// Names have at most 255 letters; a generated one need not be that long.
pub(super) const LONGEST_NAME: usize = 63;

/// Groups that are read at once; there is no call for the parameters or tags of many.
const AT_ONCE: usize = 8;

/// A group of either kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Group {
    pub name: String,
    pub family: String,
    pub description: String,
    pub parameters: Parameters,
    pub tags: Tags,
    pub arn: String,
}

/// The calls of one kind; they are alike but for their names.
pub(super) trait Calls {
    fn create(aws: &Aws, wanted: &Group, tags: Vec<Tag>) -> impl Future<Output = Result<(), ProviderError>> + Send;
    /// One group or all, without their parameters and tags.
    fn groups(aws: &Aws, name: Option<&str>) -> impl Future<Output = Result<Vec<Group>, ProviderError>> + Send;
    /// The parameters of a group, from one source or from all.
    fn parameters(aws: &Aws, name: &str, source: Option<&str>) -> impl Future<Output = Result<Vec<Parameter>, ProviderError>> + Send;
    fn modify(aws: &Aws, name: &str, parameters: Vec<Parameter>) -> impl Future<Output = Result<(), ProviderError>> + Send;
    fn reset(aws: &Aws, name: &str, parameters: Vec<Parameter>) -> impl Future<Output = Result<(), ProviderError>> + Send;
    fn delete(aws: &Aws, name: &str) -> impl Future<Output = Result<(), ProviderError>> + Send;
}

pub(super) async fn create<C: Calls>(aws: &Aws, op: &Operation<'_>, wanted: Group) -> Result<(String, Group), ProviderError> {
    C::create(aws, &wanted, new_tags(&wanted.tags, op)).await?;
    op.accepted.accepted(&wanted.name)?;
    change::<C>(aws, &wanted.name, &Parameters::new(), &wanted.parameters).await?;
    let seen = one::<C>(aws, &wanted.name).await?;
    Ok((wanted.name, seen))
}

pub(super) async fn read<C: Calls>(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Group>>, ProviderError> {
    let found = match ids {
        [id] => find::<C>(aws, id).await?.into_iter().collect(),
        _ => C::groups(aws, None).await?,
    };
    let reads = ids.iter().map(|id| {
        let group = found.iter().find(|group| group.name.eq_ignore_ascii_case(id)).cloned();
        async move {
            match group {
                Some(group) => whole::<C>(aws, group).await.map(Some),
                None => Ok(None),
            }
        }
    });
    stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
}

pub(super) async fn update<C: Calls>(aws: &Aws, id: &str, prior: &Group, desired: &Group) -> Result<Group, ProviderError> {
    change::<C>(aws, id, &prior.parameters, &desired.parameters).await?;
    if prior.tags != desired.tags {
        let found = find::<C>(aws, id).await?.ok_or_else(|| incomplete("DescribeDBParameterGroups", "DBParameterGroups"))?;
        retag(aws, &found.arn, &prior.tags, &desired.tags).await?;
    }
    one::<C>(aws, id).await
}

pub(super) async fn delete<C: Calls>(aws: &Aws, id: &str) -> Result<(), ProviderError> {
    absent(C::delete(aws, id).await, &ABSENT)?;
    Ok(())
}

/// The group of that name, when the operation made it.
pub(super) async fn made<C: Calls>(aws: &Aws, op: &Operation<'_>, name: &str) -> Result<Option<String>, ProviderError> {
    let Some(found) = find::<C>(aws, name).await? else { return Ok(None) };
    let ours = made_by(&tags_of(aws, &found.arn).await?, op);
    Ok(ours.then_some(found.name))
}

/// The groups that a lookup may mean.
pub(super) async fn candidates<C: Calls>(aws: &Aws, name: Option<&str>) -> Result<Vec<Group>, ProviderError> {
    let groups = match name {
        Some(name) => find::<C>(aws, name).await?.into_iter().collect(),
        None => C::groups(aws, None).await?,
    };
    let reads: Vec<_> = groups.into_iter().map(|group| whole::<C>(aws, group)).collect();
    stream::iter(reads).buffered(AT_ONCE).try_collect().await
}

async fn find<C: Calls>(aws: &Aws, name: &str) -> Result<Option<Group>, ProviderError> {
    Ok(absent(C::groups(aws, Some(name)).await, &ABSENT)?.and_then(|found| found.into_iter().next()))
}

async fn one<C: Calls>(aws: &Aws, name: &str) -> Result<Group, ProviderError> {
    let found = find::<C>(aws, name).await?.ok_or_else(|| incomplete("DescribeDBParameterGroups", "DBParameterGroups"))?;
    whole::<C>(aws, found).await
}

/// With what was set by somebody, and not with the hundreds of values that are the family's own.
async fn whole<C: Calls>(aws: &Aws, group: Group) -> Result<Group, ProviderError> {
    let set = C::parameters(aws, &group.name, Some("user")).await?;
    let parameters = set.into_iter().filter_map(|p| Some((p.parameter_name?, p.parameter_value?))).collect();
    let tags = read_tags(&tags_of(aws, &group.arn).await?);
    Ok(Group { parameters, tags, ..group })
}

async fn change<C: Calls>(aws: &Aws, name: &str, prior: &Parameters, desired: &Parameters) -> Result<(), ProviderError> {
    let changes = ParameterChanges::between(prior, desired);
    if changes == ParameterChanges::default() {
        return Ok(());
    }
    let dynamic = dynamic(C::parameters(aws, name, None).await?);
    let built = |name: &String, value: Option<&String>| {
        Parameter::builder()
            .parameter_name(name)
            .set_parameter_value(value.cloned())
            .apply_method(if dynamic.contains(name) { ApplyMethod::Immediate } else { ApplyMethod::PendingReboot })
            .build()
    };
    for names in changes.reset.chunks(PER_CALL) {
        let parameters: Vec<_> = names.iter().map(|name| built(name, None)).collect();
        C::reset(aws, name, parameters).await?;
    }
    for pairs in changes.set.chunks(PER_CALL) {
        let parameters: Vec<_> = pairs.iter().map(|(name, value)| built(name, Some(value))).collect();
        C::modify(aws, name, parameters).await?;
    }
    Ok(())
}

/// Those that take effect at once. RDS refuses to apply any other one before a restart.
fn dynamic(parameters: Vec<Parameter>) -> BTreeSet<String> {
    parameters.into_iter().filter(|p| p.apply_type() == Some("dynamic")).filter_map(|p| p.parameter_name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dynamic_parameters_take_effect_at_once() {
        let parameter =
            |name: &str, kind: Option<&str>| Parameter::builder().parameter_name(name).set_apply_type(kind.map(str::to_owned)).build();
        let all = vec![
            parameter("log_min_duration_statement", Some("dynamic")),
            parameter("max_connections", Some("static")),
            parameter("x", None),
        ];
        assert_eq!(dynamic(all).into_iter().collect::<Vec<_>>(), ["log_min_duration_statement"]);
    }
}
