use aws_sdk_eks::types as eks;
use futures_util::{StreamExt, TryStreamExt, stream};
use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
use plat::value::ResolvedObject;

use super::changes::{self, ClusterCall};
use super::{Cluster, wire};
use crate::client::Aws;
use crate::eks::update::{self, DELAY};
use crate::error::{absent, provider_error};
use crate::wait::{Progress, until};
use crate::{names, query, tags};

/// The longest name of a cluster.
const LONGEST_NAME: usize = 100;
/// EKS describes one cluster per call.
const PARALLEL: usize = 8;

impl ResourceHandler<Aws> for Cluster {
    async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
        let desired = asked.into_values();
        let name = name(op, &desired);
        create(aws, op, &name, &desired).await?;
        op.accepted.accepted(&name)?;
        let mut made = active(aws, op, &name).await?;
        if let Some(id) = &desired.active_certificate_authority_id {
            apply(aws, op, &name, &desired, ClusterCall::CertificateAuthority(id.clone())).await?;
            made = active(aws, op, &name).await?;
        }
        Ok((name, made))
    }

    async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
        let read = |name: String| async move { Ok(describe(aws, &name).await?.map(Cluster::from_wire)) };
        stream::iter(ids.to_vec()).map(read).buffered(PARALLEL).try_collect().await
    }

    async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
        // An update that an interrupted apply began may still run. What it leaves behind is what is left to change.
        let actual = active(aws, op, id).await?;
        // What does not change stays as it is now, not as it was when the plan was made.
        let desired = change.of(&actual)?.target()?;
        if let Some(setting) = changes::fixed(&actual, &desired) {
            let message = format!(
                "`{setting}` cannot change in a cluster that is there: set it back, or give the cluster a new `name` to replace it"
            );
            return Err(ProviderError::new(ErrorKind::Refused, "UpdateClusterConfig", message));
        }
        for change in changes::between(&actual, &desired) {
            apply(aws, op, id, &desired, change).await?;
        }
        update::tag(aws, actual.arn.as_str(), &actual.tags, &desired.tags).await?;
        active(aws, op, id).await
    }

    async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _prior: Self) -> Result<(), ProviderError> {
        let answer = aws.eks().delete_cluster().name(id).send().await.map_err(|e| provider_error("DeleteCluster", e));
        match answer {
            Err(error) if error.code == "ResourceNotFoundException" => return Ok(()),
            // An earlier request deletes it already.
            Err(error) if error.code == "ResourceInUseException" && is_deleting(aws, id).await? => {}
            answer => drop(answer?),
        }
        until("ClusterDeleted", op.timeout, DELAY, || async {
            Ok(match describe(aws, id).await? {
                None => Progress::Ready(()),
                Some(cluster) => match &cluster.status {
                    Some(eks::ClusterStatus::Deleting) => Progress::Pending,
                    _ => Progress::Failed(troubles(&cluster)),
                },
            })
        })
        .await
    }

    async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
        let name = name(op, desired);
        Ok(describe(aws, &name).await?.filter(|found| is_of(op, found)).map(|_| name))
    }

    async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
        let names = match query::text(query, "name") {
            Some(name) => vec![name],
            None => {
                let pages = aws.eks().list_clusters().into_paginator().items().send();
                pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListClusters", e))?
            }
        };
        query::only(query, Cluster::read(aws, &names).await?.into_iter().flatten())
    }
}

fn name(op: &Operation<'_>, desired: &Cluster) -> String {
    desired.name.clone().unwrap_or_else(|| names::generated(op, LONGEST_NAME))
}

/// The token makes EKS answer a repetition with the cluster of the first try. A name that is taken may still be by our own first
/// try, and then its tag says so.
async fn create(aws: &Aws, op: &Operation<'_>, name: &str, desired: &Cluster) -> Result<(), ProviderError> {
    let request = aws
        .eks()
        .create_cluster()
        .name(name)
        .client_request_token(op.id)
        .role_arn(desired.role_arn.as_str())
        .resources_vpc_config(wire::vpc(&desired.resources_vpc_config))
        .set_version(desired.version.as_ref().map(|version| version.0.to_string()))
        .set_access_config(wire::access(desired))
        .set_bootstrap_self_managed_addons(desired.bootstrap_self_managed_addons)
        .set_compute_config(desired.compute_config.as_ref().map(wire::compute))
        .set_control_plane_scaling_config(desired.control_plane_scaling_config.as_ref().map(wire::scaling))
        .set_deletion_protection(desired.deletion_protection.then_some(true))
        .set_encryption_config(wire::encryption(&desired.encryption_config))
        .set_kube_api_server_config(desired.kube_api_server_config.as_ref().map(wire::api_server).transpose()?)
        .set_kube_controller_manager_config(desired.kube_controller_manager_config.as_ref().map(wire::controller_manager).transpose()?)
        .set_kube_scheduler_config(desired.kube_scheduler_config.as_ref().map(wire::scheduler).transpose()?)
        .set_kubernetes_network_config(desired.kubernetes_network_config.as_ref().map(wire::network))
        .set_outpost_config(desired.outpost_config.as_ref().map(wire::outpost).transpose()?)
        .set_remote_network_config(desired.remote_network_config.as_ref().map(|config| wire::remote_networks(Some(config))))
        .set_storage_config(desired.storage_config.as_ref().map(wire::storage))
        .set_upgrade_policy(desired.upgrade_policy.as_ref().map(wire::upgrade_policy))
        .set_zonal_shift_config(desired.zonal_shift_config.as_ref().map(wire::zonal_shift))
        .set_tags(Some(tags::with_operation(&desired.tags, op).into_iter().collect()));
    let types = wire::enabled_types(desired.logging.as_ref());
    let logging = (!types.is_empty()).then(|| wire::logging(&types, &Default::default()));
    let request = request.set_logging(logging);
    let answer = request.send().await.map(drop).map_err(|e| provider_error("CreateCluster", e));
    match answer {
        Err(taken) if taken.kind == ErrorKind::Exists => match describe(aws, name).await? {
            Some(found) if is_of(op, &found) => Ok(()),
            _ => Err(taken),
        },
        answer => answer,
    }
}

async fn describe(aws: &Aws, name: &str) -> Result<Option<eks::Cluster>, ProviderError> {
    let answer = aws.eks().describe_cluster().name(name).send().await.map_err(|e| provider_error("DescribeCluster", e));
    Ok(absent(answer, &["ResourceNotFoundException"])?.and_then(|answer| answer.cluster))
}

async fn is_deleting(aws: &Aws, name: &str) -> Result<bool, ProviderError> {
    Ok(describe(aws, name).await?.is_none_or(|cluster| cluster.status == Some(eks::ClusterStatus::Deleting)))
}

fn is_of(op: &Operation<'_>, found: &eks::Cluster) -> bool {
    found.tags.as_ref().and_then(|tags| tags.get(OPERATION_TAG)).is_some_and(|id| id == op.id)
}

/// Waits as botocore's ClusterActive does. A cluster that was just made may not be seen yet.
async fn active(aws: &Aws, op: &Operation<'_>, name: &str) -> Result<Cluster, ProviderError> {
    until("ClusterActive", op.timeout, DELAY, || async {
        let Some(cluster) = describe(aws, name).await? else { return Ok(Progress::Pending) };
        Ok(match &cluster.status {
            Some(eks::ClusterStatus::Active) => Progress::Ready(Cluster::from_wire(cluster)),
            Some(eks::ClusterStatus::Failed | eks::ClusterStatus::Deleting) => Progress::Failed(troubles(&cluster)),
            _ => Progress::Pending,
        })
    })
    .await
}

/// The state of a cluster that is not well, and what EKS says about it.
fn troubles(cluster: &eks::Cluster) -> String {
    let status = cluster.status.as_ref().map(eks::ClusterStatus::as_str).unwrap_or_default();
    let issues = cluster.health.as_ref().map(|health| health.issues()).unwrap_or_default();
    let issues: Vec<_> = issues.iter().filter_map(|issue| issue.message()).collect();
    if issues.is_empty() { format!("the cluster is {status}") } else { format!("the cluster is {status}: {}", issues.join("; ")) }
}

/// Sends one update and waits for it. Its token names the change, so that a repetition after a crash is recognised.
async fn apply(aws: &Aws, op: &Operation<'_>, name: &str, desired: &Cluster, change: ClusterCall) -> Result<(), ProviderError> {
    let target = (name, None);
    let config = || aws.eks().update_cluster_config().name(name);
    match change {
        ClusterCall::Version(version) => {
            let request = aws
                .eks()
                .update_cluster_version()
                .name(name)
                .version(&*version.0)
                .client_request_token(update::token(op, "version"))
                .set_force(desired.force.then_some(true))
                .set_rollback_config(desired.rollback_config.as_ref().map(wire::rollback).transpose()?);
            let answer = request.send().await.map(|answer| answer.update).map_err(|e| provider_error("UpdateClusterVersion", e));
            update::through(aws, op, "UpdateClusterVersion", target, answer).await
        }
        ClusterCall::CertificateAuthority(id) => {
            let request = aws.eks().activate_certificate_authority().cluster_name(name).certificate_authority_id(id);
            let request = request.client_request_token(update::token(op, "authority"));
            let answer = request.send().await.map(|answer| answer.update).map_err(|e| provider_error("ActivateCertificateAuthority", e));
            update::through(aws, op, "ActivateCertificateAuthority", target, answer).await
        }
        ClusterCall::Encryption(configs) => {
            let request = aws.eks().associate_encryption_config().cluster_name(name).set_encryption_config(wire::encryption(&configs));
            let request = request.client_request_token(update::token(op, "encryption"));
            let answer = request.send().await.map(|answer| answer.update).map_err(|e| provider_error("AssociateEncryptionConfig", e));
            update::through(aws, op, "AssociateEncryptionConfig", target, answer).await
        }
        ClusterCall::UpgradePolicy(policy) => {
            let request = config().upgrade_policy(wire::upgrade_policy(&policy)).client_request_token(update::token(op, "support"));
            let answer = request.send().await.map(|answer| answer.update).map_err(|e| provider_error("UpdateClusterConfig", e));
            update::through(aws, op, "UpdateClusterConfig", target, answer).await
        }
        ClusterCall::Config(change) => {
            let request = changes::put(config(), &change)?.client_request_token(update::token(op, changes::kind(&change)));
            let answer = request.send().await.map(|answer| answer.update).map_err(|e| provider_error("UpdateClusterConfig", e));
            update::through(aws, op, "UpdateClusterConfig", target, answer).await
        }
    }
}
