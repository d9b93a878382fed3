//! `aws.kms.Key`

use std::collections::BTreeMap;

use plat::schema::{Arn, Json};
use plat::value::{Duration, Object, Value};
use plat_derive::Resource;

/// An encryption key that never leaves AWS.
///
/// ```plat
/// resource key: aws.kms.Key {
///   description         = "Logs"
///   enable_key_rotation = true
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.kms.Key", import = key_id, arn = arn, recovery = Tag, stateful, remains = remains, takes(create = "5s", update = "5s", delete = "3s"), rules = super::rules::RULES)]
pub struct Key {
    /// What the key is for.
    #[attr(optional)]
    pub description: Option<String>,
    /// Take a key policy that would keep you from ever changing it again.
    #[attr(optional, default = false, write_only)]
    pub bypass_policy_lockout_safety_check: bool,
    /// Whether KMS makes new key material regularly. Old material stays for what was encrypted with it.
    #[attr(optional, default = false)]
    pub enable_key_rotation: bool,
    /// Whether the key can be used.
    #[attr(optional, default = true)]
    pub enabled: bool,
    /// Who may use and manage the key; by default what IAM policies of the account allow.
    #[attr(chosen)]
    pub key_policy: Option<Json>,
    /// Kind of the key.
    #[attr(
        optional,
        default = "SYMMETRIC_DEFAULT",
        replaces,
        one_of(
            "SYMMETRIC_DEFAULT",
            "RSA_2048",
            "RSA_3072",
            "RSA_4096",
            "ECC_NIST_P256",
            "ECC_NIST_P384",
            "ECC_NIST_P521",
            "ECC_SECG_P256K1",
            "ECC_NIST_EDWARDS25519",
            "HMAC_224",
            "HMAC_256",
            "HMAC_384",
            "HMAC_512",
            "SM2",
            "ML_DSA_44",
            "ML_DSA_65",
            "ML_DSA_87"
        )
    )]
    pub key_spec: String,
    /// What the key is used for.
    #[attr(
        optional,
        default = "ENCRYPT_DECRYPT",
        replaces,
        one_of("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT")
    )]
    pub key_usage: String,
    /// Whether the key can have replicas in other regions.
    #[attr(optional, default = false, replaces)]
    pub multi_region: bool,
    /// Where the key material comes from: KMS, or you import it.
    #[attr(optional, default = "AWS_KMS", replaces, one_of("AWS_KMS", "EXTERNAL"))]
    pub origin: String,
    /// How long a deleted key can still be brought back; 30 days unless said otherwise.
    #[attr(optional, write_only, unit = days, range = 7..=30)]
    pub pending_window_in_days: Option<Duration>,
    /// Time from one rotation to the next; a year unless said otherwise.
    #[attr(chosen, nullable, unit = days, range = 90..=2560)]
    pub rotation_period_in_days: Option<Duration>,
    /// Labels of the key.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the key.
    #[attr(computed)]
    pub arn: Arn<Key>,
    /// Id of the key.
    #[attr(computed)]
    pub key_id: String,
}

/// What remains of a key with these attributes when it is deleted: AWS only schedules its deletion, in 30 days when none are given.
fn remains(attributes: &Object) -> Option<String> {
    let window = match attributes.get("pending_window_in_days") {
        Some(Value::Duration(window)) => *window,
        _ => Duration::days(30),
    };
    Some(format!("its deletion can be cancelled for {window}"))
}

#[cfg(feature = "kms")]
mod handler {
    use std::time::Duration as Wait;

    use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyState, OriginType, Tag};
    use futures_util::{StreamExt, TryStreamExt, stream};
    use plat::provider::{Asked, Change, ErrorKind, OPERATION_TAG, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::*;
    use crate::client::Aws;
    use crate::error::{absent, incomplete, provider_error};
    use crate::tags::{self, TagChanges, Tags};
    use crate::wait::{Progress, until};
    use crate::{document, query};

    /// KMS describes one key per call.
    const PARALLEL: usize = 8;

    impl ResourceHandler<Aws> for Key {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            check(&asked)?;
            let id = create(aws, op, &asked).await?;
            op.accepted.accepted(&id)?;
            let made = there(aws, op, &id).await?;
            // The description and the policy are in place from the start.
            let bare =
                Key { description: asked.description.clone(), key_policy: asked.key_policy.clone(), tags: asked.tags.clone(), ..made };
            let change = asked.follow_up(bare);
            let desired = change.target()?;
            self::change(aws, &id, &change, &desired).await?;
            Ok((id.clone(), there(aws, op, &id).await?))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            stream::iter(ids.to_vec()).map(|id| async move { Key::read_one(aws, &id).await }).buffered(PARALLEL).try_collect().await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            check(&change.asked)?;
            let desired = change.target()?;
            self::change(aws, id, &change, &desired).await?;
            there(aws, op, id).await
        }

        async fn delete(aws: &Aws, _op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
            let Some(key) = describe(aws, id).await? else { return Ok(()) };
            if is_going(&key) {
                return Ok(());
            }
            let request = aws.kms().schedule_key_deletion().key_id(id).set_pending_window_in_days(days(prior.pending_window_in_days)?);
            let answer = request.send().await.map_err(|e| provider_error("ScheduleKeyDeletion", e));
            absent(answer, &["NotFoundException"]).map(drop)
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _desired: &Self) -> Result<Option<String>, ProviderError> {
            let made_by_us = |id: String| async move {
                let tags = match tags_of(aws, &id).await {
                    // Gone meanwhile, or not ours to look into.
                    Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => return Ok(None),
                    tags => tags?,
                };
                let ours = tags.iter().any(|tag| tag.tag_key() == OPERATION_TAG && tag.tag_value() == op.id);
                Ok::<_, ProviderError>(ours.then_some(id))
            };
            let found: Vec<_> = stream::iter(all(aws).await?).map(made_by_us).buffer_unordered(PARALLEL).try_collect().await?;
            for id in found.into_iter().flatten() {
                if describe(aws, &id).await?.is_some_and(|key| !is_going(&key)) {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let ids = match query::text(query, "key_id").or_else(|| query::text(query, "arn")) {
                Some(id) => vec![id],
                None => all(aws).await?,
            };
            let read = |id: String| async move {
                match Key::read_one(aws, &id).await {
                    // Among all the account's keys there may be some that are not ours to look into.
                    Err(error) if error.kind == ErrorKind::Denied => Ok(None),
                    read => read,
                }
            };
            let read: Vec<_> = match ids.as_slice() {
                [id] => vec![Key::read_one(aws, id).await?],
                _ => stream::iter(ids).map(read).buffered(PARALLEL).try_collect().await?,
            };
            query::only(query, read.into_iter().flatten())
        }
    }

    impl Key {
        /// A key that is to be deleted counts as gone.
        async fn read_one(aws: &Aws, id: &str) -> Result<Option<Key>, ProviderError> {
            let Some(key) = describe(aws, id).await?.filter(|key| !is_going(key)) else { return Ok(None) };
            let policy = aws.kms().get_key_policy().key_id(id).policy_name("default").send();
            let policy = policy.await.map_err(|e| provider_error("GetKeyPolicy", e))?.policy;
            let policy = policy.map(|text| document::from_text("GetKeyPolicy", &text)).transpose()?;
            let rotation = rotation(aws, &key).await?;
            let tags = tags_of(aws, id).await?;
            Ok(Some(Key {
                description: key.description.filter(|text| !text.is_empty()),
                bypass_policy_lockout_safety_check: false,
                enable_key_rotation: rotation.is_some(),
                enabled: key.enabled,
                key_policy: policy,
                key_spec: key.key_spec.unwrap_or(KeySpec::SymmetricDefault).to_string(),
                key_usage: key.key_usage.map(|usage| usage.to_string()).unwrap_or_else(|| "ENCRYPT_DECRYPT".to_owned()),
                multi_region: key.multi_region.unwrap_or_default(),
                origin: key.origin.unwrap_or(OriginType::AwsKms).to_string(),
                pending_window_in_days: None,
                rotation_period_in_days: rotation.flatten().map(|days| Duration::days(days.into())),
                tags: tags::user_tags(tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value))),
                arn: key.arn.unwrap_or_default().into(),
                key_id: key.key_id,
            }))
        }
    }

    async fn create(aws: &Aws, op: &Operation<'_>, desired: &Key) -> Result<String, ProviderError> {
        let request = aws
            .kms()
            .create_key()
            .set_description(desired.description.clone())
            .set_policy(desired.key_policy.as_ref().map(document::to_text))
            .bypass_policy_lockout_safety_check(desired.bypass_policy_lockout_safety_check)
            .key_spec(desired.key_spec.as_str().into())
            .key_usage(desired.key_usage.as_str().into())
            .multi_region(desired.multi_region)
            .origin(desired.origin.as_str().into())
            .set_tags(Some(wire_tags(&tags::with_operation(&desired.tags, op))?));
        let made = request.send().await.map_err(|e| provider_error("CreateKey", e));
        Ok(made?.key_metadata.ok_or_else(|| incomplete("CreateKey", "KeyMetadata"))?.key_id)
    }

    async fn describe(aws: &Aws, id: &str) -> Result<Option<KeyMetadata>, ProviderError> {
        let answer = aws.kms().describe_key().key_id(id).send().await.map_err(|e| provider_error("DescribeKey", e));
        Ok(absent(answer, &["NotFoundException"])?.and_then(|answer| answer.key_metadata))
    }

    fn is_going(key: &KeyMetadata) -> bool {
        matches!(key.key_state, Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))
    }

    /// Waits for a key that was just made or changed.
    async fn there(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<Key, ProviderError> {
        until("KeyExists", op.timeout, Wait::from_secs(2), || async {
            Ok(match Key::read_one(aws, id).await {
                Ok(Some(key)) => Progress::Ready(key),
                Ok(None) => Progress::Pending,
                Err(error) if error.kind == ErrorKind::NotFound => Progress::Pending,
                Err(error) => return Err(error),
            })
        })
        .await
    }

    /// `Some` when the material rotates, with the days from one rotation to the next. Only symmetric keys of KMS's own can.
    async fn rotation(aws: &Aws, key: &KeyMetadata) -> Result<Option<Option<i32>>, ProviderError> {
        let symmetric = matches!(key.key_spec, None | Some(KeySpec::SymmetricDefault));
        if !symmetric || !matches!(key.origin, None | Some(OriginType::AwsKms)) {
            return Ok(None);
        }
        let answer = aws.kms().get_key_rotation_status().key_id(&key.key_id).send().await;
        let status = answer.map_err(|e| provider_error("GetKeyRotationStatus", e))?;
        Ok(status.key_rotation_enabled.then_some(status.rotation_period_in_days))
    }

    async fn tags_of(aws: &Aws, id: &str) -> Result<Vec<Tag>, ProviderError> {
        let pages = aws.kms().list_resource_tags().key_id(id).into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListResourceTags", e))
    }

    async fn all(aws: &Aws) -> Result<Vec<String>, ProviderError> {
        let pages = aws.kms().list_keys().into_paginator().items().send();
        let keys = pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("ListKeys", e))?;
        Ok(keys.into_iter().filter_map(|key| key.key_id).collect())
    }

    /// The calls that make `change.observed` into `desired`. A disabled key takes no changes of rotation, so it is enabled first and
    /// disabled last.
    async fn change(aws: &Aws, id: &str, change: &Change<Key>, desired: &Key) -> Result<(), ProviderError> {
        let (kms, prior) = (aws.kms(), &change.observed);
        let another_period = desired.rotation_period_in_days != prior.rotation_period_in_days;
        let rotates = desired.enable_key_rotation != prior.enable_key_rotation || (desired.enable_key_rotation && another_period);
        if !prior.enabled && (desired.enabled || rotates) {
            kms.enable_key().key_id(id).send().await.map_err(|e| provider_error("EnableKey", e))?;
        }
        if prior.description.as_deref().unwrap_or_default() != desired.description.as_deref().unwrap_or_default() {
            let request = kms.update_key_description().key_id(id).description(desired.description.clone().unwrap_or_default());
            request.send().await.map_err(|e| provider_error("UpdateKeyDescription", e))?;
        }
        let policy = desired.key_policy.as_ref();
        if let Some(policy) = policy.filter(|policy| !prior.key_policy.as_ref().is_some_and(|prior| document::same(prior, policy))) {
            put_policy(aws, id, document::to_text(policy), desired.bypass_policy_lockout_safety_check).await?;
        }
        if rotates && desired.enable_key_rotation {
            let request = kms.enable_key_rotation().key_id(id).set_rotation_period_in_days(days(change.asked.rotation_period_in_days)?);
            request.send().await.map_err(|e| provider_error("EnableKeyRotation", e))?;
        } else if rotates {
            kms.disable_key_rotation().key_id(id).send().await.map_err(|e| provider_error("DisableKeyRotation", e))?;
        }
        if !desired.enabled && (prior.enabled || rotates) {
            kms.disable_key().key_id(id).send().await.map_err(|e| provider_error("DisableKey", e))?;
        }
        tag(aws, id, &prior.tags, &desired.tags).await
    }

    async fn put_policy(aws: &Aws, id: &str, policy: String, bypass: bool) -> Result<(), ProviderError> {
        let request =
            aws.kms().put_key_policy().key_id(id).policy_name("default").policy(policy).bypass_policy_lockout_safety_check(bypass);
        let put = request.send().await.map_err(|e| provider_error("PutKeyPolicy", e));
        put.map(drop)
    }

    async fn tag(aws: &Aws, id: &str, prior: &Tags, desired: &Tags) -> Result<(), ProviderError> {
        let changes = TagChanges::between(prior, desired);
        if !changes.set.is_empty() {
            let request = aws.kms().tag_resource().key_id(id).set_tags(Some(wire_tags(&changes.set)?));
            request.send().await.map_err(|e| provider_error("TagResource", e))?;
        }
        if !changes.remove.is_empty() {
            let request = aws.kms().untag_resource().key_id(id).set_tag_keys(Some(changes.remove));
            request.send().await.map_err(|e| provider_error("UntagResource", e))?;
        }
        Ok(())
    }

    fn wire_tags(tags: &Tags) -> Result<Vec<Tag>, ProviderError> {
        let tag = |(key, value): (&String, &String)| Tag::builder().tag_key(key).tag_value(value).build();
        tags.iter().map(tag).collect::<Result<_, _>>().map_err(|e| ProviderError::new(ErrorKind::Internal, "TagResource", e.to_string()))
    }

    fn days(duration: Option<Duration>) -> Result<Option<i32>, ProviderError> {
        let too_long = |_| ProviderError::new(ErrorKind::Refused, "kms", "no time of a key is longer than 2560d");
        duration.map(|duration| i32::try_from(duration.0 / 86_400).map_err(too_long)).transpose()
    }

    /// What KMS would pass over in silence.
    fn check(desired: &Key) -> Result<(), ProviderError> {
        if desired.rotation_period_in_days.is_some() && !desired.enable_key_rotation {
            let message = "`rotation_period_in_days` means nothing without rotation: add `enable_key_rotation = true`, or take it out";
            return Err(ProviderError::new(ErrorKind::Refused, "EnableKeyRotation", message));
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_period_needs_rotation() {
            let period = Some(Duration::days(90));
            assert!(check(&Key { rotation_period_in_days: period, ..Key::default() }).is_err());
            assert!(check(&Key { rotation_period_in_days: period, enable_key_rotation: true, ..Key::default() }).is_ok());
            assert_eq!(days(period), Ok(Some(90)));
        }

        #[test]
        fn keys_that_are_to_be_deleted_are_going() {
            let key = |state: KeyState| KeyMetadata::builder().key_id("k").key_state(state).build().unwrap();
            assert!(is_going(&key(KeyState::PendingDeletion)));
            assert!(is_going(&key(KeyState::PendingReplicaDeletion)));
            assert!(!is_going(&key(KeyState::Disabled)));
            assert!(!is_going(&key(KeyState::PendingImport)));
        }
    }
}
