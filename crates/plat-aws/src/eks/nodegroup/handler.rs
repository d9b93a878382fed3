use aws_sdk_eks::types as eks;
use futures_util::{StreamExt, TryStreamExt, stream};
use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
use plat::value::ResolvedObject;

use super::changes::{Release, Settings};
use super::{Nodegroup, template, wire};
use crate::client::Aws;
use crate::eks::update::{self, DELAY};
use crate::error::{absent, provider_error};
use crate::wait::{Progress, until};
use crate::{names, query, tags};

/// The longest name of a node group.
const LONGEST_NAME: usize = 63;
/// EKS describes one node group per call.
const PARALLEL: usize = 8;

impl ResourceHandler<Aws> for Nodegroup {
    async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
        let mut desired = asked.into_values();
        desired.launch_template = template::numbered(aws, desired.launch_template).await?;
        let (cluster, name) = (desired.cluster_name.as_str(), name(op, &desired));
        create(aws, op, &name, &desired).await?;
        let id = format!("{cluster}|{name}");
        op.accepted.accepted(&id)?;
        let made = active(aws, op, (cluster, &name)).await?;
        Ok((id, made))
    }

    async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
        let read = |id: String| async move {
            match describe(aws, parts(&id)?).await? {
                Some(found) => template::fill(aws, Nodegroup::from_wire(found)).await.map(Some),
                None => Ok(None),
            }
        };
        stream::iter(ids.to_vec()).map(read).buffered(PARALLEL).try_collect().await
    }

    async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
        let target = parts(id)?;
        // An update that an interrupted apply began may still run. What it leaves behind is what is left to change.
        let actual = active(aws, op, target).await?;
        // The autoscaler and AWS's own upgrades change a group while plat plans: what does not change stays as it is now.
        let change = change.of(&actual)?;
        let mut desired = change.target()?;
        desired.launch_template = template::numbered(aws, desired.launch_template).await?;
        if actual.launch_template.is_some() && desired.launch_template.is_none() {
            let message = "a node group keeps its launch template: name it, or give the group a new `nodegroup_name` to replace it";
            return Err(ProviderError::new(ErrorKind::Refused, "UpdateNodegroupVersion", message));
        }
        if let Some(settings) = Settings::between(&actual, &desired) {
            change_settings(aws, op, target, settings).await?;
        }
        if let Some(release) = Release::between(&actual, &desired, change.asked.version.as_ref()) {
            change_release(aws, op, target, release, desired.force_update_enabled).await?;
        }
        update::tag(aws, actual.arn.as_str(), &actual.tags, &desired.tags).await?;
        active(aws, op, target).await
    }

    async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _prior: Self) -> Result<(), ProviderError> {
        let target = parts(id)?;
        let request = aws.eks().delete_nodegroup().cluster_name(target.0).nodegroup_name(target.1);
        match request.send().await.map_err(|e| provider_error("DeleteNodegroup", e)) {
            Err(error) if error.code == "ResourceNotFoundException" => return Ok(()),
            // On its way out already, by an earlier try.
            Err(error) if error.code == "ResourceInUseException" && is_deleting(aws, target).await? => {}
            answer => drop(answer?),
        }
        until("NodegroupDeleted", op.timeout, DELAY, || async {
            Ok(match describe(aws, target).await? {
                None => Progress::Ready(()),
                Some(found) if found.status == Some(eks::NodegroupStatus::DeleteFailed) => Progress::Failed(troubles(&found)),
                Some(_) => Progress::Pending,
            })
        })
        .await
    }

    async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
        let (cluster, name) = (desired.cluster_name.as_str(), name(op, desired));
        let found = describe(aws, (cluster, &name)).await?.filter(|found| is_of(op, found));
        Ok(found.map(|_| format!("{cluster}|{name}")))
    }

    async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
        let cluster = query::needed(query, "cluster_name", "a node group")?;
        let names = match query::text(query, "nodegroup_name") {
            Some(name) => vec![name],
            None => {
                let pages = aws.eks().list_nodegroups().cluster_name(&cluster).into_paginator().items().send();
                pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListNodegroups", e))?
            }
        };
        let ids: Vec<_> = names.iter().map(|name| format!("{cluster}|{name}")).collect();
        query::only(query, Nodegroup::read(aws, &ids).await?.into_iter().flatten())
    }
}

fn name(op: &Operation<'_>, desired: &Nodegroup) -> String {
    desired.nodegroup_name.clone().unwrap_or_else(|| names::generated(op, LONGEST_NAME))
}

/// Cluster and node group of an import id.
fn parts(id: &str) -> Result<(&str, &str), ProviderError> {
    id.split_once('|').filter(|(cluster, name)| !cluster.is_empty() && !name.is_empty()).ok_or_else(|| {
        ProviderError::new(
            ErrorKind::Refused,
            "DescribeNodegroup",
            format!("`{id}` is no id of a node group; one looks like `cluster|nodegroup`"),
        )
    })
}

/// The token makes EKS answer a repetition with the node group of the first try. A name that is taken may still be by our own
/// first try, and then its tag says so.
async fn create(aws: &Aws, op: &Operation<'_>, name: &str, desired: &Nodegroup) -> Result<(), ProviderError> {
    let cluster = desired.cluster_name.as_str();
    let taints: Vec<_> = desired.taints.iter().map(wire::taint).collect();
    let labels = (!desired.labels.is_empty()).then(|| desired.labels.clone().into_iter().collect());
    let request = aws
        .eks()
        .create_nodegroup()
        .cluster_name(cluster)
        .nodegroup_name(name)
        .client_request_token(op.id)
        .node_role(desired.node_role.as_str())
        .set_subnets(Some(desired.subnets.iter().map(ToString::to_string).collect()))
        .set_ami_type(desired.ami_type.as_deref().map(Into::into))
        .set_capacity_type(desired.capacity_type.as_deref().map(Into::into))
        .set_disk_size(desired.disk_size.map(wire::gib).transpose()?.flatten())
        .set_instance_types((!desired.instance_types.is_empty()).then(|| desired.instance_types.clone()))
        .set_labels(labels)
        .set_launch_template(desired.launch_template.as_ref().map(wire::launch_template))
        .set_node_repair_config(desired.node_repair_config.as_ref().map(wire::repair).transpose()?)
        .set_release_version(desired.release_version.clone())
        .set_remote_access(desired.remote_access.as_ref().map(wire::remote_access))
        .set_scaling_config(desired.scaling_config.as_ref().map(wire::scaling).transpose()?)
        .set_taints((!taints.is_empty()).then_some(taints))
        .set_update_config(desired.update_config.as_ref().map(wire::update).transpose()?)
        .set_version(desired.version.as_ref().map(|version| version.0.to_string()))
        .set_warm_pool_config(desired.warm_pool_config.as_ref().map(wire::warm_pool).transpose()?)
        .set_tags(Some(tags::with_operation(&desired.tags, op).into_iter().collect()));
    let answer = request.send().await.map(drop).map_err(|e| provider_error("CreateNodegroup", e));
    match answer {
        Err(taken) if taken.kind == ErrorKind::Exists => match describe(aws, (cluster, name)).await? {
            Some(found) if is_of(op, &found) => Ok(()),
            _ => Err(taken),
        },
        answer => answer,
    }
}

async fn describe(aws: &Aws, (cluster, name): (&str, &str)) -> Result<Option<eks::Nodegroup>, ProviderError> {
    let request = aws.eks().describe_nodegroup().cluster_name(cluster).nodegroup_name(name);
    let answer = request.send().await.map_err(|e| provider_error("DescribeNodegroup", e));
    // The same answer when the whole cluster is gone.
    Ok(absent(answer, &["ResourceNotFoundException"])?.and_then(|answer| answer.nodegroup))
}

async fn is_deleting(aws: &Aws, target: (&str, &str)) -> Result<bool, ProviderError> {
    Ok(describe(aws, target).await?.is_none_or(|found| found.status == Some(eks::NodegroupStatus::Deleting)))
}

fn is_of(op: &Operation<'_>, found: &eks::Nodegroup) -> bool {
    found.tags.as_ref().and_then(|tags| tags.get(OPERATION_TAG)).is_some_and(|id| id == op.id)
}

/// Waits as botocore's NodegroupActive does. A group whose nodes are not well (`DEGRADED`) can be changed, and is not made better
/// by waiting.
async fn active(aws: &Aws, op: &Operation<'_>, target: (&str, &str)) -> Result<Nodegroup, ProviderError> {
    use eks::NodegroupStatus::{Active, CreateFailed, Degraded, DeleteFailed, Deleting};
    let group = until("NodegroupActive", op.timeout, DELAY, || async {
        let Some(found) = describe(aws, target).await? else { return Ok(Progress::Pending) };
        Ok(match &found.status {
            Some(Active | Degraded) => Progress::Ready(Nodegroup::from_wire(found)),
            Some(CreateFailed | DeleteFailed | Deleting) => Progress::Failed(troubles(&found)),
            _ => Progress::Pending,
        })
    });
    template::fill(aws, group.await?).await
}

/// The state of a node group that is not well, and what EKS says about it.
fn troubles(found: &eks::Nodegroup) -> String {
    let status = found.status.as_ref().map(eks::NodegroupStatus::as_str).unwrap_or_default();
    let issues = found.health.as_ref().map(|health| health.issues()).unwrap_or_default();
    let issues: Vec<_> = issues.iter().filter_map(|issue| issue.message()).collect();
    if issues.is_empty() { format!("the node group is {status}") } else { format!("the node group is {status}: {}", issues.join("; ")) }
}

async fn change_settings(aws: &Aws, op: &Operation<'_>, target: (&str, &str), settings: Settings) -> Result<(), ProviderError> {
    let labels = eks::UpdateLabelsPayload::builder()
        .set_add_or_update_labels((!settings.labels.is_empty()).then(|| settings.labels.into_iter().collect()))
        .set_remove_labels((!settings.remove_labels.is_empty()).then_some(settings.remove_labels))
        .build();
    let set = |taints: &[super::Taint]| (!taints.is_empty()).then(|| taints.iter().map(wire::taint).collect());
    let taints = eks::UpdateTaintsPayload::builder()
        .set_add_or_update_taints(set(&settings.taints))
        .set_remove_taints(set(&settings.remove_taints))
        .build();
    let some_labels = labels.add_or_update_labels.is_some() || labels.remove_labels.is_some();
    let some_taints = taints.add_or_update_taints.is_some() || taints.remove_taints.is_some();
    let request = aws
        .eks()
        .update_nodegroup_config()
        .cluster_name(target.0)
        .nodegroup_name(target.1)
        .client_request_token(update::token(op, "settings"))
        .set_labels(some_labels.then_some(labels))
        .set_taints(some_taints.then_some(taints))
        .set_scaling_config(settings.scaling.as_ref().map(wire::scaling).transpose()?)
        .set_update_config(settings.update.as_ref().map(wire::update).transpose()?)
        .set_node_repair_config(settings.repair.as_ref().map(wire::repair).transpose()?)
        .set_warm_pool_config(settings.warm_pool.as_ref().map(wire::warm_pool).transpose()?);
    let answer = request.send().await.map(|answer| answer.update).map_err(|e| provider_error("UpdateNodegroupConfig", e));
    update::through(aws, op, "UpdateNodegroupConfig", (target.0, Some(target.1)), answer).await
}

async fn change_release(aws: &Aws, op: &Operation<'_>, target: (&str, &str), release: Release, force: bool) -> Result<(), ProviderError> {
    let request = aws
        .eks()
        .update_nodegroup_version()
        .cluster_name(target.0)
        .nodegroup_name(target.1)
        .client_request_token(update::token(op, "release"))
        .set_version(release.version.map(|version| version.0.to_string()))
        .set_release_version(release.release_version)
        .set_launch_template(release.launch_template.as_ref().map(wire::launch_template))
        .set_force(force.then_some(true));
    let answer = request.send().await.map(|answer| answer.update).map_err(|e| provider_error("UpdateNodegroupVersion", e));
    update::through(aws, op, "UpdateNodegroupVersion", (target.0, Some(target.1)), answer).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_two_parts() {
        assert_eq!(parts("connect2|app").unwrap(), ("connect2", "app"));
        for id in ["connect2", "|app", "connect2|", ""] {
            assert!(parts(id).unwrap_err().message.contains("cluster|nodegroup"), "{id}");
        }
    }
}
