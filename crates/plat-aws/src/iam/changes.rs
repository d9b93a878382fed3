//! What it takes to make one role into another.

use std::collections::BTreeMap;

use plat::schema::Json;
use plat::value::Duration;

use super::{InlinePolicy, Role};
use crate::document;

/// One call that changes a role.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RoleCall {
    Trust(Json),
    /// IAM sets both at once. An empty description removes it.
    Settings {
        description: String,
        max_session_duration: Option<Duration>,
    },
    Boundary(Option<String>),
    Attach(String),
    Detach(String),
    PutPolicy(InlinePolicy),
    DeletePolicy(String),
    Tag(BTreeMap<String, String>),
    Untag(Vec<String>),
}

/// The calls that make `prior` into `desired`: what is granted comes before what is taken away, so that a user of the role is never
/// without a permission that both have.
pub(super) fn between(prior: &Role, desired: &Role) -> Vec<RoleCall> {
    let mut changes = Vec::new();
    if !document::same(&prior.assume_role_policy_document, &desired.assume_role_policy_document) {
        changes.push(RoleCall::Trust(desired.assume_role_policy_document.clone()));
    }
    let longer = desired.max_session_duration.is_some() && desired.max_session_duration != prior.max_session_duration;
    if longer || prior.description.as_deref().unwrap_or_default() != desired.description.as_deref().unwrap_or_default() {
        changes.push(RoleCall::Settings {
            description: desired.description.clone().unwrap_or_default(),
            max_session_duration: desired.max_session_duration.or(prior.max_session_duration),
        });
    }
    if prior.permissions_boundary != desired.permissions_boundary {
        changes.push(RoleCall::Boundary(desired.permissions_boundary.clone()));
    }
    changes.extend(policies(prior, desired));
    changes.extend(tags(&prior.tags, &desired.tags));
    changes
}

fn policies(prior: &Role, desired: &Role) -> Vec<RoleCall> {
    let mut changes = Vec::new();
    let only_in = |some: &[String], others: &[String]| some.iter().filter(|arn| !others.contains(arn)).cloned().collect::<Vec<_>>();
    changes.extend(only_in(&desired.managed_policy_arns, &prior.managed_policy_arns).into_iter().map(RoleCall::Attach));
    for policy in &desired.policies {
        let before = prior.policies.iter().find(|other| other.policy_name == policy.policy_name);
        if !before.is_some_and(|before| document::same(&before.policy_document, &policy.policy_document)) {
            changes.push(RoleCall::PutPolicy(policy.clone()));
        }
    }
    changes.extend(only_in(&prior.managed_policy_arns, &desired.managed_policy_arns).into_iter().map(RoleCall::Detach));
    for policy in &prior.policies {
        if !desired.policies.iter().any(|other| other.policy_name == policy.policy_name) {
            changes.push(RoleCall::DeletePolicy(policy.policy_name.clone()));
        }
    }
    changes
}

fn tags(prior: &BTreeMap<String, String>, desired: &BTreeMap<String, String>) -> Vec<RoleCall> {
    let added: BTreeMap<_, _> = desired.iter().filter(|(k, v)| prior.get(*k) != Some(v)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let removed: Vec<_> = prior.keys().filter(|k| !desired.contains_key(*k)).cloned().collect();
    let add = (!added.is_empty()).then_some(RoleCall::Tag(added));
    add.into_iter().chain((!removed.is_empty()).then_some(RoleCall::Untag(removed))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn role() -> Role {
        Role {
            assume_role_policy_document: Json(
                json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": ["sts:AssumeRole"] }] }),
            ),
            managed_policy_arns: vec!["arn:a".into(), "arn:b".into()],
            max_session_duration: Some(Duration::seconds(3600)),
            policies: vec![InlinePolicy { policy_name: "p".into(), policy_document: Json(json!({ "Statement": [] })) }],
            tags: [("Env".to_owned(), "dev".to_owned())].into(),
            path: "/".into(),
            ..Role::default()
        }
    }

    #[test]
    fn the_same_meaning_takes_no_call() {
        let mut desired = role();
        desired.assume_role_policy_document =
            Json(json!({ "Statement": { "Action": "sts:AssumeRole", "Effect": "Allow" }, "Version": "2012-10-17" }));
        desired.managed_policy_arns.reverse();
        desired.max_session_duration = None;
        desired.description = Some(String::new());
        assert_eq!(between(&role(), &desired), []);
    }

    #[test]
    fn grants_come_before_what_is_taken_away() {
        let mut desired = role();
        desired.managed_policy_arns = vec!["arn:b".into(), "arn:c".into()];
        let q = InlinePolicy { policy_name: "q".into(), policy_document: Json(json!({ "Statement": [] })) };
        desired.policies = vec![q.clone()];
        desired.tags = [("Env".to_owned(), "prod".to_owned())].into();
        let expected = [
            RoleCall::Attach("arn:c".into()),
            RoleCall::PutPolicy(q),
            RoleCall::Detach("arn:a".into()),
            RoleCall::DeletePolicy("p".into()),
            RoleCall::Tag(desired.tags.clone()),
        ];
        assert_eq!(between(&role(), &desired), expected);
    }

    #[test]
    fn a_description_is_removed_without_touching_the_session() {
        let mut prior = role();
        prior.description = Some("old".into());
        let desired = Role { max_session_duration: None, ..role() };
        let expected = RoleCall::Settings { description: String::new(), max_session_duration: Some(Duration::seconds(3600)) };
        assert_eq!(between(&prior, &desired), [expected]);
        let desired = Role { permissions_boundary: Some("arn:x".into()), tags: BTreeMap::new(), ..prior.clone() };
        assert_eq!(between(&prior, &desired), [RoleCall::Boundary(Some("arn:x".into())), RoleCall::Untag(vec!["Env".into()])]);
    }
}
