//! `aws.eks.Addon`

use std::collections::BTreeMap;

use plat::schema::{Arn, Id, Json};
use plat_derive::{Record, Resource};

use super::Cluster;
use crate::iam::Role;

/// Software that EKS installs in a cluster and keeps running: networking, DNS, storage drivers, agents.
///
/// ```plat
/// lookup cluster: aws.eks.Cluster { name = "shop" }
/// resource dns: aws.eks.Addon {
///   cluster_name         = cluster
///   addon_name           = "coredns"
///   configuration_values = { replicaCount = 3 }
///   resolve_conflicts    = "OVERWRITE"
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.eks.Addon", import(cluster_name, addon_name), id = addon_name, arn = arn, recovery = Token, claims = super::claims::addon,
           takes(create = "1m", update = "1m", delete = "30s"), rules = &[super::rules::ADDON])]
pub struct Addon {
    /// The cluster that the add-on is installed in.
    #[attr(required, replaces)]
    pub cluster_name: Id<Cluster>,
    /// Name of the add-on, `coredns`; `aws eks describe-addon-versions` lists what there is.
    #[attr(required, replaces)]
    pub addon_name: String,
    /// Version of the add-on, `v1.11.1-eksbuild.4`; the default for the cluster's version unless said otherwise.
    #[attr(chosen, sample("v1.0.0-eksbuild.1"))]
    pub addon_version: Option<String>,
    /// Settings of the add-on, by the schema that `aws eks describe-addon-configuration` tells; text for YAML.
    #[attr(optional)]
    pub configuration_values: Option<Json>,
    /// Where in the cluster the add-on is installed; each add-on has a namespace of its own for it.
    #[attr(chosen, nullable, replaces)]
    pub namespace_config: Option<NamespaceConfig>,
    /// Roles of the add-on's service accounts, by EKS Pod Identity.
    #[attr(optional, unordered, write_only)]
    pub pod_identity_associations: Vec<AddonPodIdentity>,
    /// Leave what the add-on installed in the cluster when it is deleted; EKS then manages it no longer.
    #[attr(optional, default = false, write_only)]
    pub preserve_on_delete: bool,
    /// What happens to settings in the cluster that differ from the add-on's: `NONE` refuses and is the default, `OVERWRITE` sets them to
    /// the add-on's, `PRESERVE` keeps them in an update.
    #[attr(optional, write_only, one_of("NONE", "OVERWRITE", "PRESERVE"))]
    pub resolve_conflicts: Option<String>,
    /// The role of the add-on's service account, by the cluster's OpenID Connect provider. Without one the add-on has what the nodes' role
    /// allows.
    #[attr(optional)]
    pub service_account_role_arn: Option<Arn<Role>>,
    /// Labels of the add-on.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the add-on.
    #[attr(computed)]
    pub arn: Arn<Addon>,
}

/// Where an add-on is installed.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct NamespaceConfig {
    /// The namespace, up to 63 characters.
    #[attr(required)]
    pub namespace: String,
}

/// A role of one of the add-on's service accounts.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct AddonPodIdentity {
    /// The role that the service account's pods take on.
    #[attr(required)]
    pub role_arn: Arn<Role>,
    /// Name of the service account.
    #[attr(required)]
    pub service_account: String,
}

#[cfg(feature = "eks")]
mod handler {
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration as Wait;

    use aws_sdk_eks::types as eks;
    use futures_util::{StreamExt, TryStreamExt, stream};
    use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::*;
    use crate::client::Aws;
    use crate::eks::update::{self, Part};
    use crate::error::{absent, provider_error};
    use crate::wait::{Progress, until};
    use crate::{document, query, tags};

    /// The delay of botocore's waiters for add-ons.
    const DELAY: Wait = Wait::from_secs(10);
    /// EKS describes one add-on per call.
    const PARALLEL: usize = 8;

    impl ResourceHandler<Aws> for Addon {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let target = (desired.cluster_name.as_str(), desired.addon_name.as_str());
            create(aws, op, target, &desired).await?;
            let id = format!("{}|{}", target.0, target.1);
            op.accepted.accepted(&id)?;
            let made = active(aws, op, target).await?;
            Ok((id, made))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let read = |id: String| async move { Ok(describe(aws, parts(&id)?).await?.map(Addon::from_wire)) };
            stream::iter(ids.to_vec()).map(read).buffered(PARALLEL).try_collect().await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let target = parts(id)?;
            // An update that an interrupted apply began may still run. What it leaves behind is what is left to change.
            let actual = settled(aws, op, target).await?;
            let (prior, desired) = change.of(&actual)?.into_sides()?;
            if desired.installs_another(&actual, &prior) {
                self::change(aws, op, target, &actual, &prior, &desired).await?;
            }
            update::tag(aws, actual.arn.as_str(), &actual.tags, &desired.tags).await?;
            active(aws, op, target).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
            let target = parts(id)?;
            let request = aws.eks().delete_addon().cluster_name(target.0).addon_name(target.1);
            let request = request.set_preserve(prior.preserve_on_delete.then_some(true));
            match request.send().await.map_err(|e| provider_error("DeleteAddon", e)) {
                Err(error) if error.code == "ResourceNotFoundException" => return Ok(()),
                // On its way out already, by an earlier try.
                Err(error) if error.code == "ResourceInUseException" && is_deleting(aws, target).await? => {}
                answer => drop(answer?),
            }
            until("AddonDeleted", op.timeout, DELAY, || async {
                Ok(match describe(aws, target).await? {
                    None => Progress::Ready(()),
                    Some(found) if found.status == Some(eks::AddonStatus::DeleteFailed) => Progress::Failed(troubles(&found)),
                    Some(_) => Progress::Pending,
                })
            })
            .await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let target = (desired.cluster_name.as_str(), desired.addon_name.as_str());
            let found = describe(aws, target).await?.filter(|found| is_of(op, found));
            Ok(found.map(|_| format!("{}|{}", target.0, target.1)))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let cluster = query::needed(query, "cluster_name", "an add-on")?;
            let names = match query::text(query, "addon_name") {
                Some(name) => vec![name],
                None => {
                    let pages = aws.eks().list_addons().cluster_name(&cluster).into_paginator().items().send();
                    pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListAddons", e))?
                }
            };
            let ids: Vec<_> = names.iter().map(|name| format!("{cluster}|{name}")).collect();
            query::only(query, Addon::read(aws, &ids).await?.into_iter().flatten())
        }
    }

    /// Cluster and add-on of an import id.
    fn parts(id: &str) -> Result<(&str, &str), ProviderError> {
        id.split_once('|').filter(|(cluster, name)| !cluster.is_empty() && !name.is_empty()).ok_or_else(|| {
            let message = format!("`{id}` is no id of an add-on; one looks like `cluster|addon`");
            ProviderError::new(ErrorKind::Refused, "DescribeAddon", message)
        })
    }

    impl Addon {
        /// Is there anything for UpdateAddon to do? How conflicts are resolved and what a delete leaves behind is said with the next call.
        fn installs_another(&self, actual: &Addon, prior: &Addon) -> bool {
            let configured = match (&self.configuration_values, &actual.configuration_values) {
                (Some(wanted), Some(have)) => document::same(wanted, have),
                (wanted, have) => wanted.is_none() == have.is_none(),
            };
            let version = self.addon_version.is_none() || self.addon_version == actual.addon_version;
            let identities = self.pod_identity_associations == prior.pod_identity_associations;
            !(configured && version && identities && self.service_account_role_arn == actual.service_account_role_arn)
        }

        /// The add-on as EKS describes it.
        fn from_wire(found: eks::Addon) -> Addon {
            // An add-on's settings may be YAML, which stays text.
            let settings = |text: String| document::from_text("DescribeAddon", &text).unwrap_or_else(|_| Json(text.into()));
            let namespace = found.namespace_config.and_then(|config| config.namespace);
            Addon {
                cluster_name: found.cluster_name.unwrap_or_default().into(),
                addon_name: found.addon_name.unwrap_or_default(),
                addon_version: found.addon_version,
                configuration_values: found.configuration_values.filter(|text| !text.is_empty()).map(settings),
                namespace_config: namespace.map(|namespace| NamespaceConfig { namespace }),
                service_account_role_arn: found.service_account_role_arn.map(Into::into),
                tags: tags::user_tags(found.tags.unwrap_or_default()),
                arn: found.addon_arn.unwrap_or_default().into(),
                // What EKS does not tell.
                pod_identity_associations: Vec::new(),
                preserve_on_delete: false,
                resolve_conflicts: None,
            }
        }
    }

    fn identities(desired: &[AddonPodIdentity]) -> Result<Vec<eks::AddonPodIdentityAssociations>, ProviderError> {
        let one = |identity: &AddonPodIdentity| {
            let builder = eks::AddonPodIdentityAssociations::builder().role_arn(identity.role_arn.as_str());
            builder.service_account(&identity.service_account).build()
        };
        let all = desired.iter().map(one).collect::<Result<Vec<_>, _>>();
        all.map_err(|e| ProviderError::new(ErrorKind::Internal, "CreateAddon", e.to_string()))
    }

    /// The token makes EKS answer a repetition with the add-on of the first try. A name that is taken may still be by our own first try,
    /// and then its tag says so.
    async fn create(aws: &Aws, op: &Operation<'_>, target: (&str, &str), desired: &Addon) -> Result<(), ProviderError> {
        let identities = identities(&desired.pod_identity_associations)?;
        let namespace = desired.namespace_config.as_ref();
        let request = aws
            .eks()
            .create_addon()
            .cluster_name(target.0)
            .addon_name(target.1)
            .client_request_token(op.id)
            .set_addon_version(desired.addon_version.clone())
            .set_configuration_values(desired.configuration_values.as_ref().map(document::to_text))
            .set_namespace_config(namespace.map(|it| eks::AddonNamespaceConfigRequest::builder().namespace(&it.namespace).build()))
            .set_pod_identity_associations((!identities.is_empty()).then_some(identities))
            .set_resolve_conflicts(desired.resolve_conflicts.as_deref().map(Into::into))
            .set_service_account_role_arn(desired.service_account_role_arn.as_ref().map(ToString::to_string))
            .set_tags(Some(tags::with_operation(&desired.tags, op).into_iter().collect()));
        let answer = request.send().await.map(drop).map_err(|e| provider_error("CreateAddon", e));
        match answer {
            Err(taken) if taken.kind == ErrorKind::Exists => match describe(aws, target).await? {
                Some(found) if is_of(op, &found) => Ok(()),
                _ => Err(taken),
            },
            answer => answer,
        }
    }

    /// One update for all that differs. EKS keeps settings and pod identities that an update leaves out, and takes the service account's
    /// role away; so what is to be empty is said, and the role always.
    async fn change(
        aws: &Aws,
        op: &Operation<'_>,
        target: (&str, &str),
        actual: &Addon,
        prior: &Addon,
        desired: &Addon,
    ) -> Result<(), ProviderError> {
        let settings = desired.configuration_values.as_ref().map(document::to_text);
        let settings = settings.or_else(|| actual.configuration_values.is_some().then(String::new));
        let changed = desired.pod_identity_associations != prior.pod_identity_associations;
        let identities = if changed { Some(identities(&desired.pod_identity_associations)?) } else { None };
        let request = aws
            .eks()
            .update_addon()
            .cluster_name(target.0)
            .addon_name(target.1)
            .client_request_token(update::token(op, "addon"))
            .set_addon_version(desired.addon_version.clone())
            .set_configuration_values(settings)
            .set_pod_identity_associations(identities)
            .set_resolve_conflicts(desired.resolve_conflicts.as_deref().map(Into::into))
            .set_service_account_role_arn(desired.service_account_role_arn.as_ref().map(ToString::to_string));
        let answer = request.send().await.map(|answer| answer.update).map_err(|e| provider_error("UpdateAddon", e));
        update::through_part(aws, op, "UpdateAddon", target.0, Part::Addon(target.1), answer).await
    }

    async fn describe(aws: &Aws, (cluster, name): (&str, &str)) -> Result<Option<eks::Addon>, ProviderError> {
        let request = aws.eks().describe_addon().cluster_name(cluster).addon_name(name);
        let answer = request.send().await.map_err(|e| provider_error("DescribeAddon", e));
        // The same answer when the whole cluster is gone.
        Ok(absent(answer, &["ResourceNotFoundException"])?.and_then(|answer| answer.addon))
    }

    async fn is_deleting(aws: &Aws, target: (&str, &str)) -> Result<bool, ProviderError> {
        Ok(describe(aws, target).await?.is_none_or(|found| found.status == Some(eks::AddonStatus::Deleting)))
    }

    fn is_of(op: &Operation<'_>, found: &eks::Addon) -> bool {
        found.tags.as_ref().and_then(|tags| tags.get(OPERATION_TAG)).is_some_and(|id| id == op.id)
    }

    /// Waits until the add-on is active. `DEGRADED` passes: coredns, for one, is degraded until there are nodes to run on.
    async fn active(aws: &Aws, op: &Operation<'_>, target: (&str, &str)) -> Result<Addon, ProviderError> {
        use eks::AddonStatus::{Active, CreateFailed, Degraded, DeleteFailed, Deleting, UpdateFailed};
        let degraded = Mutex::new(None);
        let active = until("AddonActive", op.timeout, DELAY, || async {
            let Some(found) = describe(aws, target).await? else { return Ok(Progress::Pending) };
            *degraded.lock().unwrap_or_else(PoisonError::into_inner) = (found.status == Some(Degraded)).then(|| troubles(&found));
            Ok(match &found.status {
                Some(Active) => Progress::Ready(Addon::from_wire(found)),
                Some(CreateFailed | DeleteFailed | Deleting | UpdateFailed) => Progress::Failed(troubles(&found)),
                _ => Progress::Pending,
            })
        });
        active.await.map_err(|mut error| {
            if let Some(why) = degraded.lock().unwrap_or_else(PoisonError::into_inner).take() {
                error.message = format!("{why}: {}", error.message);
            }
            error
        })
    }

    /// Waits until nothing is under way. An add-on that is not well can be updated, and often that is what makes it well.
    async fn settled(aws: &Aws, op: &Operation<'_>, target: (&str, &str)) -> Result<Addon, ProviderError> {
        use eks::AddonStatus::{Creating, Deleting, Updating};
        until("AddonSettled", op.timeout, DELAY, || async {
            let Some(found) = describe(aws, target).await? else { return Ok(Progress::Pending) };
            Ok(match &found.status {
                Some(Creating | Updating) => Progress::Pending,
                Some(Deleting) => Progress::Failed(troubles(&found)),
                _ => Progress::Ready(Addon::from_wire(found)),
            })
        })
        .await
    }

    /// The state of an add-on that is not well, and what EKS says about it.
    fn troubles(found: &eks::Addon) -> String {
        let status = found.status.as_ref().map(eks::AddonStatus::as_str).unwrap_or_default();
        let issues = found.health.as_ref().map(|health| health.issues()).unwrap_or_default();
        let issues: Vec<_> = issues.iter().filter_map(|issue| issue.message()).collect();
        if issues.is_empty() { format!("the add-on is {status}") } else { format!("the add-on is {status}: {}", issues.join("; ")) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use serde_json::json;

        fn addon() -> Addon {
            Addon {
                addon_version: Some("v1.11.1-eksbuild.4".into()),
                configuration_values: Some(Json(json!({ "replicaCount": 3 }))),
                ..Addon::default()
            }
        }

        #[test]
        fn ids_have_two_parts() {
            assert_eq!(parts("shop|coredns").unwrap(), ("shop", "coredns"));
            for id in ["shop", "|coredns", "shop|", ""] {
                assert!(parts(id).unwrap_err().message.contains("cluster|addon"), "{id}");
            }
        }

        #[test]
        fn only_what_differs_takes_an_update() {
            let same = Addon {
                addon_version: None,
                configuration_values: Some(Json(json!("{ \"replicaCount\": 3 }"))),
                resolve_conflicts: Some("OVERWRITE".into()),
                preserve_on_delete: true,
                ..addon()
            };
            assert!(!same.installs_another(&addon(), &addon()));
            let identity = AddonPodIdentity { role_arn: "arn:aws:iam::123456789012:role/a".to_owned().into(), service_account: "a".into() };
            for other in [
                Addon { addon_version: Some("v1.11.3-eksbuild.1".into()), ..addon() },
                Addon { configuration_values: None, ..addon() },
                Addon { configuration_values: Some(Json(json!({ "replicaCount": 2 }))), ..addon() },
                Addon { service_account_role_arn: Some("arn:aws:iam::123456789012:role/a".to_owned().into()), ..addon() },
                Addon { pod_identity_associations: vec![identity], ..addon() },
            ] {
                assert!(other.installs_another(&addon(), &addon()), "{other:?}");
            }
        }

        #[test]
        fn settings_may_be_yaml() {
            let read = |text: &str| Addon::from_wire(eks::Addon::builder().configuration_values(text).build()).configuration_values;
            assert_eq!(read("{\"replicaCount\": 3}"), Some(Json(json!({ "replicaCount": 3 }))));
            assert_eq!(read("replicaCount: 3"), Some(Json(json!("replicaCount: 3"))));
            assert_eq!(read(""), None);
        }

        #[test]
        fn an_addon_that_is_not_well_says_why() {
            let issue = eks::AddonIssue::builder().message("no node to run on").build();
            let health = eks::AddonHealth::builder().issues(issue).build();
            let found = eks::Addon::builder().status(eks::AddonStatus::Degraded).health(health).build();
            assert_eq!(troubles(&found), "the add-on is DEGRADED: no node to run on");
        }
    }
}
