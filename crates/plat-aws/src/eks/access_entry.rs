//! `aws.eks.AccessEntry`

use std::collections::BTreeMap;

use plat::schema::{Arn, Id};
use plat_derive::{Record, Resource};

use super::Cluster;

/// Lets an IAM role or user in to a cluster's Kubernetes API, and says what it may do there. The cluster's `access_config` has to allow
/// entries: `authentication_mode` is `API` or `API_AND_CONFIG_MAP`.
///
/// ```plat
/// lookup cluster: aws.eks.Cluster { name = "shop" }
/// lookup deployer: aws.iam.Role { role_name = "deployer" }
/// resource deploys: aws.eks.AccessEntry {
///   cluster_name    = cluster
///   principal_arn   = deployer.arn
///   access_policies = [{
///     policy_arn   = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
///     access_scope = { type = "namespace", namespaces = ["shop"] }
///   }]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.eks.AccessEntry", import(principal_arn, cluster_name), arn = access_entry_arn, recovery = Token, claims = super::claims::access_entry,
           takes(create = "5s", update = "3s", delete = "2s"), rules = &[super::rules::ACCESS_ENTRY])]
pub struct AccessEntry {
    /// The cluster that the role or user is let in to.
    #[attr(required, replaces)]
    pub cluster_name: Id<Cluster>,
    /// ARN of the role or user; a principal has one entry per cluster.
    #[attr(required, replaces)]
    pub principal_arn: String,
    /// What the principal may do, by EKS's own policies.
    #[attr(optional, unordered)]
    pub access_policies: Vec<AccessPolicy>,
    /// Kubernetes groups that the principal belongs to, for what the cluster's own role bindings allow them.
    #[attr(optional, unordered)]
    pub kubernetes_groups: Vec<String>,
    /// Who the principal is: `STANDARD` unless said otherwise, or `EC2_LINUX`, `EC2_WINDOWS`, `FARGATE_LINUX` and the like for nodes.
    #[attr(chosen, replaces, sample("STANDARD"))]
    pub r#type: Option<String>,
    /// Name of the principal in Kubernetes; made from its ARN unless said otherwise.
    #[attr(chosen)]
    pub username: Option<String>,
    /// Labels of the entry.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the entry.
    #[attr(computed)]
    pub access_entry_arn: Arn<AccessEntry>,
}

/// One of EKS's policies, and where it holds.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct AccessPolicy {
    /// ARN of the policy, `arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy`.
    #[attr(required)]
    pub policy_arn: String,
    /// Where the policy holds.
    #[attr(required)]
    pub access_scope: AccessScope,
}

/// Where a policy holds.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct AccessScope {
    /// In the whole cluster, or in some namespaces.
    #[attr(required, one_of("cluster", "namespace"))]
    pub r#type: String,
    /// The namespaces, for the type `namespace`.
    #[attr(optional, unordered)]
    pub namespaces: Vec<String>,
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
    use crate::{query, tags};

    /// EKS describes one entry per call.
    const PARALLEL: usize = 8;

    /// Principal and cluster.
    type Target<'a> = (&'a str, &'a str);

    impl ResourceHandler<Aws> for AccessEntry {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let target = (desired.principal_arn.as_str(), desired.cluster_name.as_str());
            create(aws, op, target, &desired).await?;
            let id = format!("{}|{}", target.0, target.1);
            op.accepted.accepted(&id)?;
            let bare = existing(aws, target).await?;
            grant(aws, target, &bare.access_policies, &desired.access_policies).await?;
            Ok((id, existing(aws, target).await?))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let read = |id: String| async move { read_one(aws, parts(&id)?).await };
            stream::iter(ids.to_vec()).map(read).buffered(PARALLEL).try_collect().await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let groups_asked = change.asked.sets("kubernetes_groups") || change.changes("kubernetes_groups");
            let (prior, desired) = change.into_sides()?;
            let target = parts(id)?;
            let username = desired.username.clone().filter(|name| Some(name) != prior.username.as_ref());
            if username.is_some() || !same_members(&prior.kubernetes_groups, &desired.kubernetes_groups) {
                let request = aws
                    .eks()
                    .update_access_entry()
                    .principal_arn(target.0)
                    .cluster_name(target.1)
                    .client_request_token(update::token(op, "entry"))
                    .set_kubernetes_groups(groups_asked.then(|| desired.kubernetes_groups.clone()))
                    .set_username(username);
                request.send().await.map_err(|e| provider_error("UpdateAccessEntry", e))?;
            }
            grant(aws, target, &prior.access_policies, &desired.access_policies).await?;
            update::tag(aws, prior.access_entry_arn.as_str(), &prior.tags, &desired.tags).await?;
            existing(aws, target).await
        }

        async fn delete(aws: &Aws, _op: &Operation<'_>, id: &str, _prior: Self) -> Result<(), ProviderError> {
            let target = parts(id)?;
            let request = aws.eks().delete_access_entry().principal_arn(target.0).cluster_name(target.1);
            let answer = request.send().await.map_err(|e| provider_error("DeleteAccessEntry", e));
            absent(answer, &["ResourceNotFoundException"]).map(drop)
        }

        async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let target = (desired.principal_arn.as_str(), desired.cluster_name.as_str());
            let found = describe(aws, target).await?.filter(|found| is_of(op, found));
            Ok(found.map(|_| format!("{}|{}", target.0, target.1)))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let cluster = query::needed(query, "cluster_name", "an access entry")?;
            let principals = match query::text(query, "principal_arn") {
                Some(principal) => vec![principal],
                None => {
                    let pages = aws.eks().list_access_entries().cluster_name(&cluster).into_paginator().items().send();
                    pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListAccessEntries", e))?
                }
            };
            let ids: Vec<_> = principals.iter().map(|principal| format!("{principal}|{cluster}")).collect();
            query::only(query, AccessEntry::read(aws, &ids).await?.into_iter().flatten())
        }
    }

    /// Principal and cluster of an import id.
    fn parts(id: &str) -> Result<Target<'_>, ProviderError> {
        id.split_once('|').filter(|(principal, cluster)| principal.starts_with("arn:") && !cluster.is_empty()).ok_or_else(|| {
            let message = format!("`{id}` is no id of an access entry; one looks like `arn:aws:iam::123456789012:role/name|cluster`");
            ProviderError::new(ErrorKind::Refused, "DescribeAccessEntry", message)
        })
    }

    async fn create(aws: &Aws, op: &Operation<'_>, target: Target<'_>, desired: &AccessEntry) -> Result<(), ProviderError> {
        let request = aws
            .eks()
            .create_access_entry()
            .principal_arn(target.0)
            .cluster_name(target.1)
            .client_request_token(op.id)
            .set_kubernetes_groups((!desired.kubernetes_groups.is_empty()).then(|| desired.kubernetes_groups.clone()))
            .set_type(desired.r#type.clone())
            .set_username(desired.username.clone())
            .set_tags(Some(tags::with_operation(&desired.tags, op).into_iter().collect()));
        let answer = request.send().await.map(drop).map_err(|e| provider_error("CreateAccessEntry", e));
        match answer {
            // A principal that is taken may still be by our own first try, and then its tag says so.
            Err(taken) if taken.kind == ErrorKind::Exists => match describe(aws, target).await? {
                Some(found) if is_of(op, &found) => Ok(()),
                _ => Err(taken),
            },
            answer => answer,
        }
    }

    /// Grants before it takes away. Associating a policy again moves it to the new scope.
    async fn grant(
        aws: &Aws,
        (principal, cluster): Target<'_>,
        prior: &[AccessPolicy],
        desired: &[AccessPolicy],
    ) -> Result<(), ProviderError> {
        for policy in desired.iter().filter(|policy| !prior.iter().any(|other| same_policy(other, policy))) {
            let scope = eks::AccessScope::builder().r#type(policy.access_scope.r#type.as_str().into());
            let namespaces = &policy.access_scope.namespaces;
            let scope = scope.set_namespaces((!namespaces.is_empty()).then(|| namespaces.clone())).build();
            let request = aws.eks().associate_access_policy().principal_arn(principal).cluster_name(cluster);
            let request = request.policy_arn(&policy.policy_arn).access_scope(scope);
            request.send().await.map_err(|e| provider_error("AssociateAccessPolicy", e))?;
        }
        for policy in prior.iter().filter(|policy| !desired.iter().any(|other| other.policy_arn == policy.policy_arn)) {
            let request = aws.eks().disassociate_access_policy().principal_arn(principal).cluster_name(cluster);
            let answer = request.policy_arn(&policy.policy_arn).send().await.map_err(|e| provider_error("DisassociateAccessPolicy", e));
            absent(answer, &["ResourceNotFoundException"])?;
        }
        Ok(())
    }

    fn same_policy(a: &AccessPolicy, b: &AccessPolicy) -> bool {
        let (in_a, in_b) = (&a.access_scope, &b.access_scope);
        a.policy_arn == b.policy_arn && in_a.r#type == in_b.r#type && same_members(&in_a.namespaces, &in_b.namespaces)
    }

    fn same_members(a: &[String], b: &[String]) -> bool {
        a.len() == b.len() && a.iter().all(|member| b.contains(member))
    }

    async fn existing(aws: &Aws, target: Target<'_>) -> Result<AccessEntry, ProviderError> {
        read_one(aws, target).await?.ok_or_else(|| incomplete("DescribeAccessEntry", "accessEntry"))
    }

    async fn read_one(aws: &Aws, target: Target<'_>) -> Result<Option<AccessEntry>, ProviderError> {
        let Some(found) = describe(aws, target).await? else { return Ok(None) };
        let request = aws.eks().list_associated_access_policies().principal_arn(target.0).cluster_name(target.1);
        let pages = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let pages = absent(pages.map_err(|e| provider_error("ListAssociatedAccessPolicies", e)), &["ResourceNotFoundException"])?;
        // None: deleted between the calls.
        Ok(pages.map(|policies| AccessEntry::from_wire(found, policies)))
    }

    async fn describe(aws: &Aws, (principal, cluster): Target<'_>) -> Result<Option<eks::AccessEntry>, ProviderError> {
        let request = aws.eks().describe_access_entry().principal_arn(principal).cluster_name(cluster);
        let answer = request.send().await.map_err(|e| provider_error("DescribeAccessEntry", e));
        // The same answer when the whole cluster is gone.
        Ok(absent(answer, &["ResourceNotFoundException"])?.and_then(|answer| answer.access_entry))
    }

    fn is_of(op: &Operation<'_>, found: &eks::AccessEntry) -> bool {
        found.tags.as_ref().and_then(|tags| tags.get(OPERATION_TAG)).is_some_and(|id| id == op.id)
    }

    impl AccessEntry {
        /// The entry as EKS describes it.
        fn from_wire(found: eks::AccessEntry, policies: Vec<eks::AssociatedAccessPolicy>) -> AccessEntry {
            let policy = |policy: eks::AssociatedAccessPolicy| {
                let scope = policy.access_scope;
                let kind = scope.as_ref().and_then(|scope| scope.r#type.as_ref()).map(ToString::to_string).unwrap_or_default();
                let namespaces = scope.and_then(|scope| scope.namespaces).unwrap_or_default();
                AccessPolicy { policy_arn: policy.policy_arn.unwrap_or_default(), access_scope: AccessScope { r#type: kind, namespaces } }
            };
            AccessEntry {
                cluster_name: found.cluster_name.unwrap_or_default().into(),
                principal_arn: found.principal_arn.unwrap_or_default(),
                access_policies: policies.into_iter().map(policy).collect(),
                kubernetes_groups: found.kubernetes_groups.unwrap_or_default(),
                r#type: found.r#type,
                username: found.username,
                tags: tags::user_tags(found.tags.unwrap_or_default()),
                access_entry_arn: found.access_entry_arn.unwrap_or_default().into(),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_have_two_parts() {
            let id = "arn:aws:iam::123456789012:role/team/deployer|shop";
            assert_eq!(parts(id).unwrap(), ("arn:aws:iam::123456789012:role/team/deployer", "shop"));
            for id in ["shop|deployer", "arn:aws:iam::123456789012:role/a|", "arn:aws:iam::123456789012:role/a", ""] {
                assert!(parts(id).unwrap_err().message.contains("role/name|cluster"), "{id}");
            }
        }

        #[test]
        fn the_order_of_namespaces_is_of_no_meaning() {
            let policy = |kind: &str, namespaces: &[&str]| AccessPolicy {
                policy_arn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy".into(),
                access_scope: AccessScope { r#type: kind.into(), namespaces: namespaces.iter().map(ToString::to_string).collect() },
            };
            assert!(same_policy(&policy("namespace", &["a", "b"]), &policy("namespace", &["b", "a"])));
            assert!(!same_policy(&policy("namespace", &["a"]), &policy("namespace", &["a", "b"])));
            assert!(!same_policy(&policy("cluster", &[]), &policy("namespace", &["a"])));
        }
    }
}
