//! `aws.eks.PodIdentityAssociation`

use std::collections::BTreeMap;

use plat::schema::{Arn, Id, Json};
use plat_derive::Resource;

use super::Cluster;
use crate::iam::Role;

/// The role that the pods of a Kubernetes service account take on, by the add-on `eks-pod-identity-agent`.
///
/// ```plat
/// lookup cluster: aws.eks.Cluster { name = "shop" }
/// resource role: aws.iam.Role {
///   assume_role_policy_document = {
///     Version   = "2012-10-17"
///     Statement = [{
///       Effect    = "Allow"
///       Principal = { Service = "pods.eks.amazonaws.com" }
///       Action    = ["sts:AssumeRole", "sts:TagSession"]
///     }]
///   }
/// }
/// resource uploads: aws.eks.PodIdentityAssociation {
///   cluster_name    = cluster
///   namespace       = "shop"
///   service_account = "uploads"
///   role_arn        = role
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.eks.PodIdentityAssociation", import = association_arn, arn = association_arn, recovery = Token, claims = super::claims::pod_identity_association,
           takes(create = "5s", update = "2s", delete = "2s"), rules = &[super::rules::POD_IDENTITY])]
pub struct PodIdentityAssociation {
    /// The cluster that the pods run in.
    #[attr(required, replaces)]
    pub cluster_name: Id<Cluster>,
    /// The Kubernetes namespace of the service account.
    #[attr(required, replaces)]
    pub namespace: String,
    /// Name of the service account. It need not be there yet.
    #[attr(required, replaces)]
    pub service_account: String,
    /// The role that the pods take on; its trust names `pods.eks.amazonaws.com`.
    #[attr(required)]
    pub role_arn: Arn<Role>,
    /// Leave out the session tags with the names of cluster, namespace and service account.
    #[attr(optional, default = false)]
    pub disable_session_tags: bool,
    /// What the pods may do at most, of what the role allows. It needs `disable_session_tags`.
    #[attr(optional)]
    pub policy: Option<Json>,
    /// A second role, often of another account, that the first one takes on for the pods.
    #[attr(optional)]
    pub target_role_arn: Option<Arn<Role>>,
    /// Labels of the association.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the association.
    #[attr(computed, sample("arn:aws:eks:{region}:{account}:podidentityassociation/cluster/a-{id}"))]
    pub association_arn: Arn<PodIdentityAssociation>,
    /// Id of the association, `a-…`.
    #[attr(computed, sample("a-{id}"))]
    pub association_id: String,
    /// What the trust of the target role asks for as `sts:ExternalId`; none without a target role.
    #[attr(computed)]
    pub external_id: Option<String>,
}

#[cfg(feature = "eks")]
mod handler {
    use aws_sdk_eks::types as eks;
    use futures_util::{StreamExt, TryStreamExt, stream};
    use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::*;
    use crate::client::Aws;
    use crate::eks::update;
    use crate::error::{absent, incomplete, provider_error};
    use crate::{document, query, tags};

    /// EKS describes one association per call.
    const PARALLEL: usize = 8;

    impl ResourceHandler<Aws> for PodIdentityAssociation {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let made = create(aws, op, &desired).await?;
            let made = PodIdentityAssociation::from_wire("CreatePodIdentityAssociation", made)?;
            let id = made.association_arn.to_string();
            op.accepted.accepted(&id)?;
            Ok((id, made))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let read = |id: String| async move { read_one(aws, parts(&id)?).await };
            stream::iter(ids.to_vec()).map(read).buffered(PARALLEL).try_collect().await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            let target = parts(id)?;
            desired.keeps_what_stays(&prior)?;
            if desired.differs(&prior) {
                let request = aws
                    .eks()
                    .update_pod_identity_association()
                    .cluster_name(target.0)
                    .association_id(target.1)
                    .client_request_token(update::token(op, "association"))
                    .role_arn(desired.role_arn.as_str())
                    .disable_session_tags(desired.disable_session_tags)
                    .set_target_role_arn(desired.target_role_arn.as_ref().map(ToString::to_string))
                    .set_policy(desired.policy.as_ref().map(document::to_text));
                request.send().await.map(drop).map_err(|e| provider_error("UpdatePodIdentityAssociation", e))?;
            }
            update::tag(aws, id, &prior.tags, &desired.tags).await?;
            read_one(aws, target).await?.ok_or_else(|| incomplete("DescribePodIdentityAssociation", "association"))
        }

        async fn delete(aws: &Aws, _op: &Operation<'_>, id: &str, _prior: Self) -> Result<(), ProviderError> {
            let target = parts(id)?;
            let request = aws.eks().delete_pod_identity_association().cluster_name(target.0).association_id(target.1);
            let answer = request.send().await.map_err(|e| provider_error("DeletePodIdentityAssociation", e));
            absent(answer, &["ResourceNotFoundException"]).map(drop)
        }

        async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let ids = list(aws, desired.cluster_name.as_str(), Some(&desired.namespace), Some(&desired.service_account)).await?;
            for id in ids {
                let found = describe(aws, parts(&id)?).await?;
                if found.is_some_and(|found| is_of(op, &found)) {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let cluster = query::needed(query, "cluster_name", "a pod identity association")?;
            let (namespace, account) = (query::text(query, "namespace"), query::text(query, "service_account"));
            let ids = list(aws, &cluster, namespace.as_deref(), account.as_deref()).await?;
            query::only(query, PodIdentityAssociation::read(aws, &ids).await?.into_iter().flatten())
        }
    }

    /// Cluster and association of an import id, `arn:aws:eks:REGION:ACCOUNT:podidentityassociation/CLUSTER/a-ID`.
    fn parts(id: &str) -> Result<(&str, &str), ProviderError> {
        let parts = id.split_once(":podidentityassociation/").and_then(|(_, parts)| parts.split_once('/'));
        parts.filter(|(cluster, association)| !cluster.is_empty() && !association.is_empty()).ok_or_else(|| {
            let message = format!("`{id}` is no ARN of a pod identity association");
            ProviderError::new(ErrorKind::Refused, "DescribePodIdentityAssociation", message)
        })
    }

    impl PodIdentityAssociation {
        fn differs(&self, prior: &Self) -> bool {
            let policy = match (&self.policy, &prior.policy) {
                (Some(wanted), Some(have)) => document::same(wanted, have),
                (wanted, have) => wanted.is_none() == have.is_none(),
            };
            let of = |it: &Self| (it.role_arn.clone(), it.target_role_arn.clone(), it.disable_session_tags);
            !policy || of(self) != of(prior)
        }

        /// EKS has no call that takes a policy or a target role away.
        fn keeps_what_stays(&self, prior: &Self) -> Result<(), ProviderError> {
            let gone = [
                ("policy", self.policy.is_none() && prior.policy.is_some()),
                ("target_role_arn", self.target_role_arn.is_none() && prior.target_role_arn.is_some()),
            ];
            match gone.iter().find(|(_, gone)| *gone) {
                Some((attribute, _)) => Err(ProviderError::new(
                    ErrorKind::Refused,
                    "UpdatePodIdentityAssociation",
                    format!("an association keeps its `{attribute}`: name another, or make the association anew with `--replace`"),
                )),
                None => Ok(()),
            }
        }

        /// The association as EKS describes it.
        fn from_wire(operation: &str, found: eks::PodIdentityAssociation) -> Result<Self, ProviderError> {
            Ok(PodIdentityAssociation {
                cluster_name: found.cluster_name.unwrap_or_default().into(),
                namespace: found.namespace.unwrap_or_default(),
                service_account: found.service_account.unwrap_or_default(),
                role_arn: found.role_arn.unwrap_or_default().into(),
                disable_session_tags: found.disable_session_tags.unwrap_or_default(),
                policy: found.policy.map(|text| document::from_text(operation, &text)).transpose()?,
                target_role_arn: found.target_role_arn.map(Into::into),
                tags: tags::user_tags(found.tags.unwrap_or_default()),
                association_arn: found.association_arn.ok_or_else(|| incomplete(operation, "associationArn"))?.into(),
                association_id: found.association_id.unwrap_or_default(),
                external_id: found.external_id,
            })
        }
    }

    /// The token makes EKS answer a repetition with the association of the first try. A service account that is taken may still be by our
    /// own first try, and then its tag says so.
    async fn create(aws: &Aws, op: &Operation<'_>, desired: &PodIdentityAssociation) -> Result<eks::PodIdentityAssociation, ProviderError> {
        let request = aws
            .eks()
            .create_pod_identity_association()
            .cluster_name(desired.cluster_name.as_str())
            .namespace(&desired.namespace)
            .service_account(&desired.service_account)
            .role_arn(desired.role_arn.as_str())
            .client_request_token(op.id)
            .disable_session_tags(desired.disable_session_tags)
            .set_policy(desired.policy.as_ref().map(document::to_text))
            .set_target_role_arn(desired.target_role_arn.as_ref().map(ToString::to_string))
            .set_tags(Some(tags::with_operation(&desired.tags, op).into_iter().collect()));
        let answer = request.send().await.map_err(|e| provider_error("CreatePodIdentityAssociation", e));
        match answer {
            Err(taken) if taken.kind == ErrorKind::Exists => match PodIdentityAssociation::find(aws, op, desired).await? {
                Some(id) => describe(aws, parts(&id)?).await?.ok_or(taken),
                None => Err(taken),
            },
            answer => answer?.association.ok_or_else(|| incomplete("CreatePodIdentityAssociation", "association")),
        }
    }

    async fn read_one(aws: &Aws, target: (&str, &str)) -> Result<Option<PodIdentityAssociation>, ProviderError> {
        let found = describe(aws, target).await?;
        found.map(|found| PodIdentityAssociation::from_wire("DescribePodIdentityAssociation", found)).transpose()
    }

    async fn describe(aws: &Aws, (cluster, id): (&str, &str)) -> Result<Option<eks::PodIdentityAssociation>, ProviderError> {
        let request = aws.eks().describe_pod_identity_association().cluster_name(cluster).association_id(id);
        let answer = request.send().await.map_err(|e| provider_error("DescribePodIdentityAssociation", e));
        // The same answer when the whole cluster is gone.
        Ok(absent(answer, &["ResourceNotFoundException"])?.and_then(|answer| answer.association))
    }

    /// ARNs of a cluster's associations.
    async fn list(aws: &Aws, cluster: &str, namespace: Option<&str>, service_account: Option<&str>) -> Result<Vec<String>, ProviderError> {
        let request = aws.eks().list_pod_identity_associations().cluster_name(cluster);
        let request = request.set_namespace(namespace.map(str::to_owned)).set_service_account(service_account.map(str::to_owned));
        let pages = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let found = absent(pages.map_err(|e| provider_error("ListPodIdentityAssociations", e)), &["ResourceNotFoundException"])?;
        Ok(found.unwrap_or_default().into_iter().filter_map(|summary| summary.association_arn).collect())
    }

    fn is_of(op: &Operation<'_>, found: &eks::PodIdentityAssociation) -> bool {
        found.tags.as_ref().and_then(|tags| tags.get(OPERATION_TAG)).is_some_and(|id| id == op.id)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use serde_json::json;

        #[test]
        fn an_arn_names_cluster_and_association() {
            let arn = "arn:aws:eks:us-west-2:123456789012:podidentityassociation/shop/a-0b1c2d";
            assert_eq!(parts(arn).unwrap(), ("shop", "a-0b1c2d"));
            for id in ["shop|a-1", "arn:aws:eks:us-west-2:123456789012:cluster/shop", "arn:…:podidentityassociation/shop/", ""] {
                assert!(parts(id).unwrap_err().message.contains("no ARN"), "{id}");
            }
        }

        #[test]
        fn what_eks_cannot_take_away_is_refused() {
            let prior = PodIdentityAssociation {
                policy: Some(Json(json!({ "Statement": [] }))),
                target_role_arn: Some("arn:aws:iam::210987654321:role/b".to_owned().into()),
                ..PodIdentityAssociation::default()
            };
            assert!(prior.keeps_what_stays(&prior).is_ok() && !prior.differs(&prior));
            let bare = PodIdentityAssociation { policy: None, ..prior.clone() };
            assert!(bare.keeps_what_stays(&prior).unwrap_err().message.contains("keeps its `policy`"));
            let bare = PodIdentityAssociation { target_role_arn: None, ..prior.clone() };
            assert!(bare.keeps_what_stays(&prior).unwrap_err().message.contains("keeps its `target_role_arn`"));
            assert!(PodIdentityAssociation { disable_session_tags: true, ..prior.clone() }.differs(&prior));
        }
    }
}
