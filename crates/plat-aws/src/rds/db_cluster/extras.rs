//! What a cluster has beside `ModifyDBCluster`: roles, its HTTP endpoint, promotion, its place in a global database.

use plat::provider::{ErrorKind, Operation, ProviderError};

use super::settle::{LEAVING_GLOBAL, PROMOTION, settle};
use super::{DbCluster, DbClusterRole};
use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::rds::waiting::Until;

/// Roles are added and taken away one by one.
pub(super) async fn roles(aws: &Aws, op: &Operation<'_>, id: &str, prior: &DbCluster, desired: &DbCluster) -> Result<(), ProviderError> {
    let missing = |from: &[DbClusterRole], of: &[DbClusterRole]| -> Vec<DbClusterRole> {
        of.iter().filter(|role| !from.contains(role)).cloned().collect()
    };
    // A feature has one role: the old one goes first.
    for role in missing(&desired.associated_roles, &prior.associated_roles) {
        let call = aws.rds().remove_role_from_db_cluster().db_cluster_identifier(id).role_arn(role.role_arn.as_str());
        let answer = call.set_feature_name(role.feature_name).send().await;
        let gone = ["DBClusterRoleNotFound", "DBClusterRoleNotFoundFault"];
        absent(answer.map_err(|e| provider_error("RemoveRoleFromDBCluster", e)), &gone)?;
        settle(aws, op, id, Until::Changed(&["associated_roles"].into())).await?;
    }
    for role in missing(&prior.associated_roles, &desired.associated_roles) {
        let call = aws.rds().add_role_to_db_cluster().db_cluster_identifier(id).role_arn(role.role_arn.as_str());
        let answer = call.set_feature_name(role.feature_name).send().await;
        let there = ["DBClusterRoleAlreadyExists", "DBClusterRoleAlreadyExistsFault"];
        absent(answer.map_err(|e| provider_error("AddRoleToDBCluster", e)), &there)?;
        settle(aws, op, id, Until::Changed(&["associated_roles"].into())).await?;
    }
    Ok(())
}

/// The endpoint of a cluster that is not of the first version of Serverless, which says it in `ModifyDBCluster`.
pub(super) async fn http_endpoint(aws: &Aws, prior: &DbCluster, desired: &DbCluster) -> Result<(), ProviderError> {
    let elsewhere = prior.engine_mode.as_ref().is_some_and(|mode| mode == "serverless");
    if elsewhere || prior.enable_http_endpoint == desired.enable_http_endpoint {
        return Ok(());
    }
    let arn = prior.db_cluster_arn.as_str();
    if desired.enable_http_endpoint {
        let answer = aws.rds().enable_http_endpoint().resource_arn(arn).send().await;
        answer.map(drop).map_err(|e| provider_error("EnableHttpEndpoint", e))
    } else {
        let answer = aws.rds().disable_http_endpoint().resource_arn(arn).send().await;
        answer.map(drop).map_err(|e| provider_error("DisableHttpEndpoint", e))
    }
}

/// A replica without a source becomes a cluster of its own; it cannot have another source.
pub(super) async fn promotion(
    aws: &Aws,
    op: &Operation<'_>,
    id: &str,
    prior: &DbCluster,
    desired: &DbCluster,
) -> Result<(), ProviderError> {
    match (&prior.replication_source_identifier, &desired.replication_source_identifier) {
        (Some(_), None) => {
            let call = aws.rds().promote_read_replica_db_cluster().db_cluster_identifier(id);
            call.send().await.map_err(|e| provider_error("PromoteReadReplicaDBCluster", e))?;
            settle(aws, op, id, Until::Changed(&[PROMOTION].into())).await.map(drop)
        }
        (before, Some(after)) if !before.as_ref().is_some_and(|before| before.eq_ignore_ascii_case(after)) => {
            let message = format!("`{id}` cannot come to replicate `{after}`: make a new replica under another name");
            Err(ProviderError::new(ErrorKind::Refused, "ModifyDBCluster", message))
        }
        _ => Ok(()),
    }
}

/// A cluster can leave a global database, and not come into one.
pub(super) async fn global(aws: &Aws, op: &Operation<'_>, id: &str, prior: &DbCluster, desired: &DbCluster) -> Result<(), ProviderError> {
    let before = prior.global_cluster_identifier.as_deref().unwrap_or_default();
    match desired.global_cluster_identifier.as_deref() {
        None => Ok(()),
        Some(after) if after.eq_ignore_ascii_case(before) => Ok(()),
        Some("") => {
            let call = aws.rds().remove_from_global_cluster().global_cluster_identifier(before);
            let answer = call.db_cluster_identifier(prior.db_cluster_arn.as_str()).send().await;
            let gone = ["DBClusterNotFoundFault", "DBClusterNotFound", "GlobalClusterNotFoundFault", "GlobalClusterNotFound"];
            match absent(answer.map_err(|e| provider_error("RemoveFromGlobalCluster", e)), &gone)? {
                Some(_) => settle(aws, op, id, Until::Changed(&[LEAVING_GLOBAL].into())).await.map(drop),
                // It left before, or one of the two is gone.
                None => Ok(()),
            }
        }
        Some(after) => {
            let message = format!("`{id}` cannot come into the global database `{after}`: make a new cluster in it under another name");
            Err(ProviderError::new(ErrorKind::Refused, "ModifyDBCluster", message))
        }
    }
}
