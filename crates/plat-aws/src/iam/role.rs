use std::collections::BTreeMap;

use plat::schema::{Arn, Json};
use plat::value::Duration;
use plat_derive::{Record, Resource};

/// An IAM role: an identity that AWS services and people take on, and the permissions that come with it.
///
/// ```plat
/// resource reader: aws.iam.Role {
///   assume_role_policy_document = {
///     Version   = "2012-10-17"
///     Statement = [{
///       Effect    = "Allow"
///       Principal = { Service = "ec2.amazonaws.com" }
///       Action    = "sts:AssumeRole"
///     }]
///   }
///   managed_policy_arns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.iam.Role", import = role_name, arn = arn, recovery = Name, claims = super::claims::role, takes(create = "10s", update = "5s", delete = "5s"), rules = super::rules::ROLE_POLICIES)]
pub struct Role {
    /// Name of the role, unique in the account in any case of letters; up to 64 of letters, digits and `_+=,.@-`.
    #[attr(chosen, replaces)]
    pub role_name: Option<String>,
    /// Who may take the role on: the trust policy.
    #[attr(required)]
    pub assume_role_policy_document: Json,
    /// What the role is for, up to 1000 characters.
    #[attr(optional)]
    pub description: Option<String>,
    /// ARNs of the managed policies that are attached to the role.
    #[attr(optional, owned, unordered)]
    pub managed_policy_arns: Vec<String>,
    /// The longest session that someone who takes the role on can ask for; an hour unless said otherwise.
    #[attr(chosen, unit = seconds, range = 3600..=43200)]
    pub max_session_duration: Option<Duration>,
    /// Path of the role, `/` or a text that begins and ends with `/`.
    #[attr(optional, default = "/", replaces)]
    pub path: String,
    /// ARN of the managed policy that bounds what the role can be allowed.
    #[attr(optional)]
    pub permissions_boundary: Option<String>,
    /// Policies that are embedded in the role.
    #[attr(optional, owned, unordered)]
    pub policies: Vec<InlinePolicy>,
    /// Labels of the role.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the role.
    #[attr(computed, sample("arn:aws:iam::{account}:role/{name}"))]
    pub arn: Arn<Role>,
    /// Unique id of the role, `AROA…`; another one when the role is made again under the same name.
    #[attr(computed)]
    pub role_id: String,
}

/// A policy embedded in a role.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct InlinePolicy {
    /// Name of the policy, unique in the role.
    #[attr(required)]
    pub policy_name: String,
    /// What the policy allows and denies.
    #[attr(required)]
    pub policy_document: Json,
}

#[cfg(feature = "iam")]
mod handler {
    use std::time::Duration as Wait;

    use aws_sdk_iam::types::Tag;
    use futures_util::{StreamExt, TryStreamExt, stream};
    use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::*;
    use crate::client::Aws;
    use crate::error::provider_error;
    use crate::iam::changes::{self, RoleCall};
    use crate::wait::{Progress, until};
    use crate::{document, names, query, tags};

    /// IAM's calls of one kind at a time; its limits are low and per account.
    const PARALLEL: usize = 6;

    impl ResourceHandler<Aws> for Role {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let name = desired.role_name.clone().unwrap_or_else(|| names::generated(op, 64));
            let request = aws
                .iam()
                .create_role()
                .role_name(&name)
                .path(&desired.path)
                .assume_role_policy_document(document::to_text(&desired.assume_role_policy_document))
                .set_description(desired.description.clone())
                .set_max_session_duration(seconds(desired.max_session_duration)?)
                .set_permissions_boundary(desired.permissions_boundary.clone())
                .set_tags(Some(wire_tags(&tags::with_operation(&desired.tags, op))?));
            request.send().await.map_err(|e| provider_error("CreateRole", e))?;
            op.accepted.accepted(&name)?;
            let exists = || async { Ok(Role::read_one(aws, &name).await?.map_or(Progress::Pending, Progress::Ready)) };
            let bare = until("RoleExists", op.timeout, Wait::from_secs(1), exists).await?;
            for change in changes::between(&bare, &desired) {
                apply(aws, &name, change).await?;
            }
            let made = until("RoleExists", op.timeout, Wait::from_secs(1), exists).await?;
            Ok((name, made))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            stream::iter(ids.to_vec()).map(|name| async move { Role::read_one(aws, &name).await }).buffered(PARALLEL).try_collect().await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            for change in changes::between(&prior, &desired) {
                apply(aws, id, change).await?;
            }
            let exists = || async { Ok(Role::read_one(aws, id).await?.map_or(Progress::Pending, Progress::Ready)) };
            until("RoleExists", op.timeout, Wait::from_secs(1), exists).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _prior: Self) -> Result<(), ProviderError> {
            let Some(role) = Role::read_one(aws, id).await? else { return Ok(()) };
            // IAM refuses to delete a role that still has policies, also those that someone else attached.
            for arn in role.managed_policy_arns {
                gone_already(apply(aws, id, RoleCall::Detach(arn)).await)?;
            }
            for policy in role.policies {
                gone_already(apply(aws, id, RoleCall::DeletePolicy(policy.policy_name)).await)?;
            }
            leave_profiles(aws, id).await?;
            let request = aws.iam().delete_role().role_name(id);
            let deleted = request.send().await.map_err(|e| provider_error("DeleteRole", e));
            gone_already(deleted.map(drop))?;
            until("RoleDeleted", op.timeout, Wait::from_secs(1), || async {
                Ok(if get_role(aws, id).await?.is_none() { Progress::Ready(()) } else { Progress::Pending })
            })
            .await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let name = desired.role_name.clone().unwrap_or_else(|| names::generated(op, 64));
            let ours = |tag: &Tag| tag.key() == OPERATION_TAG && tag.value() == op.id;
            Ok(get_role(aws, &name).await?.filter(|role| role.tags().iter().any(ours)).map(|_| name))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let names = match query::text(query, "role_name") {
                Some(name) => vec![name],
                None => all_roles(aws, query::text(query, "path")).await?,
            };
            query::only(query, Role::read(aws, &names).await?.into_iter().flatten())
        }
    }

    impl Role {
        async fn read_one(aws: &Aws, name: &str) -> Result<Option<Role>, ProviderError> {
            let Some(role) = get_role(aws, name).await? else { return Ok(None) };
            let parts = futures_util::future::try_join(attached(aws, name), embedded(aws, name)).await;
            let (managed_policy_arns, policies) = match parts {
                // Deleted between the calls.
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
                parts => parts?,
            };
            let trust = document::from_encoded_text("GetRole", role.assume_role_policy_document().unwrap_or_default())?;
            Ok(Some(Role {
                role_name: Some(role.role_name),
                assume_role_policy_document: trust,
                description: role.description.filter(|text| !text.is_empty()),
                managed_policy_arns,
                max_session_duration: role.max_session_duration.map(|n| Duration::seconds(n.into())),
                path: role.path,
                permissions_boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
                policies,
                tags: tags::user_tags(role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value))),
                arn: role.arn.into(),
                role_id: role.role_id,
            }))
        }
    }

    /// IAM refuses to delete a role that is in an instance profile. The profile itself is not the role's to delete.
    async fn leave_profiles(aws: &Aws, role: &str) -> Result<(), ProviderError> {
        let pages = aws.iam().list_instance_profiles_for_role().role_name(role).into_paginator().items().send();
        let profiles = pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListInstanceProfilesForRole", e));
        let profiles = match profiles {
            // The delete says whether there is one.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => return Ok(()),
            profiles => profiles?,
        };
        for profile in profiles {
            let name = profile.instance_profile_name();
            let call = aws.iam().remove_role_from_instance_profile().instance_profile_name(name).role_name(role);
            gone_already(call.send().await.map(drop).map_err(|e| provider_error("RemoveRoleFromInstanceProfile", e)))?;
        }
        Ok(())
    }

    async fn get_role(aws: &Aws, name: &str) -> Result<Option<aws_sdk_iam::types::Role>, ProviderError> {
        let answer = aws.iam().get_role().role_name(name).send().await.map_err(|e| provider_error("GetRole", e));
        match answer {
            Ok(answer) => Ok(answer.role),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn attached(aws: &Aws, name: &str) -> Result<Vec<String>, ProviderError> {
        let pages = aws.iam().list_attached_role_policies().role_name(name).into_paginator().items().send();
        let policies = pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListAttachedRolePolicies", e))?;
        Ok(policies.into_iter().filter_map(|policy| policy.policy_arn).collect())
    }

    async fn embedded(aws: &Aws, name: &str) -> Result<Vec<InlinePolicy>, ProviderError> {
        let pages = aws.iam().list_role_policies().role_name(name).into_paginator().items().send();
        let names = pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListRolePolicies", e))?;
        let read = |policy_name: String| async move {
            let request = aws.iam().get_role_policy().role_name(name).policy_name(policy_name);
            let answer = request.send().await.map_err(|e| provider_error("GetRolePolicy", e))?;
            let policy_document = document::from_encoded_text("GetRolePolicy", &answer.policy_document)?;
            Ok(InlinePolicy { policy_name: answer.policy_name, policy_document })
        };
        stream::iter(names).map(read).buffered(PARALLEL).try_collect().await
    }

    async fn all_roles(aws: &Aws, path: Option<String>) -> Result<Vec<String>, ProviderError> {
        let pages = aws.iam().list_roles().set_path_prefix(path).into_paginator().items().send();
        let roles = pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListRoles", e))?;
        Ok(roles.into_iter().map(|role| role.role_name).collect())
    }

    async fn apply(aws: &Aws, role: &str, change: RoleCall) -> Result<(), ProviderError> {
        let iam = aws.iam();
        match change {
            RoleCall::Trust(trust) => {
                let request = iam.update_assume_role_policy().role_name(role).policy_document(document::to_text(&trust));
                request.send().await.map(drop).map_err(|e| provider_error("UpdateAssumeRolePolicy", e))
            }
            RoleCall::Settings { description, max_session_duration } => {
                let request =
                    iam.update_role().role_name(role).description(description).set_max_session_duration(seconds(max_session_duration)?);
                request.send().await.map(drop).map_err(|e| provider_error("UpdateRole", e))
            }
            RoleCall::Boundary(Some(arn)) => {
                let request = iam.put_role_permissions_boundary().role_name(role).permissions_boundary(arn);
                request.send().await.map(drop).map_err(|e| provider_error("PutRolePermissionsBoundary", e))
            }
            RoleCall::Boundary(None) => {
                let request = iam.delete_role_permissions_boundary().role_name(role);
                request.send().await.map(drop).map_err(|e| provider_error("DeleteRolePermissionsBoundary", e))
            }
            RoleCall::Attach(arn) => {
                let request = iam.attach_role_policy().role_name(role).policy_arn(arn);
                request.send().await.map(drop).map_err(|e| provider_error("AttachRolePolicy", e))
            }
            RoleCall::Detach(arn) => {
                let request = iam.detach_role_policy().role_name(role).policy_arn(arn);
                gone_already(request.send().await.map(drop).map_err(|e| provider_error("DetachRolePolicy", e)))
            }
            RoleCall::PutPolicy(policy) => {
                let text = document::to_text(&policy.policy_document);
                let request = iam.put_role_policy().role_name(role).policy_name(policy.policy_name).policy_document(text);
                request.send().await.map(drop).map_err(|e| provider_error("PutRolePolicy", e))
            }
            RoleCall::DeletePolicy(policy) => {
                let request = iam.delete_role_policy().role_name(role).policy_name(policy);
                gone_already(request.send().await.map(drop).map_err(|e| provider_error("DeleteRolePolicy", e)))
            }
            RoleCall::Tag(tags) => {
                let request = iam.tag_role().role_name(role).set_tags(Some(wire_tags(&tags)?));
                request.send().await.map(drop).map_err(|e| provider_error("TagRole", e))
            }
            RoleCall::Untag(keys) => {
                let request = iam.untag_role().role_name(role).set_tag_keys(Some(keys));
                request.send().await.map(drop).map_err(|e| provider_error("UntagRole", e))
            }
        }
    }

    fn wire_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>, ProviderError> {
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        tags.iter().map(tag).collect::<Result<_, _>>().map_err(|e| ProviderError::new(ErrorKind::Internal, "TagRole", e.to_string()))
    }

    fn seconds(duration: Option<Duration>) -> Result<Option<i32>, ProviderError> {
        let too_long = |_| ProviderError::new(ErrorKind::Refused, "CreateRole", "`max_session_duration` is from 1h to 12h");
        duration.map(|duration| i32::try_from(duration.0).map_err(too_long)).transpose()
    }

    fn gone_already(outcome: Result<(), ProviderError>) -> Result<(), ProviderError> {
        match outcome {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }
}
