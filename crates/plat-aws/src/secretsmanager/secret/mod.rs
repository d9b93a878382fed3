//! `aws.secretsmanager.Secret`: attributes here, calls in the modules beside.

#[cfg(feature = "secretsmanager")]
mod handler;
#[cfg(feature = "secretsmanager")]
mod restore;
#[cfg(feature = "secretsmanager")]
mod value;

use std::collections::BTreeMap;

use plat::schema::Arn;
use plat::value::{Duration, Object, SecretText, Value};
use plat_derive::{Record, Resource};

use crate::kms::Key;

/// A secret: a password, a key or a whole JSON document, kept encrypted and given out only to those who may have it.
///
/// Its value is given with `secret_string`, or made by AWS with `generate_secret_string`; it is in memory only, and in neither
/// the state nor a plan. Deleting is at once and for good, as CloudFormation does it, unless `recovery_window` says otherwise.
///
/// ```plat
/// resource password: aws.secretsmanager.Secret {
///   name                   = "shop/db"
///   generate_secret_string = { password_length = 32, exclude_punctuation = true }
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.secretsmanager.Secret", import = id, arn = id, recovery = Token, claims = super::claims::secret, stateful, remains = remains, rules = &[super::rules::RULES])]
pub struct Secret {
    /// Name of the secret, unique in the account and region. Left out: made from the resource's address.
    #[attr(chosen, replaces, sample("{name}"))]
    pub name: Option<String>,
    /// What the secret is for.
    #[attr(optional)]
    pub description: Option<String>,
    /// The value. Excludes `generate_secret_string`.
    #[attr(optional, write_only)]
    pub secret_string: Option<SecretText>,
    /// Let AWS make the value. A change here makes another one.
    #[attr(optional, write_only)]
    pub generate_secret_string: Option<GenerateSecretString>,
    /// Key that encrypts the secret. Left out: the account's own key for Secrets Manager.
    #[attr(optional)]
    pub kms_key_id: Option<Arn<Key>>,
    /// Other regions that keep a copy.
    #[attr(optional, unordered)]
    pub replica_regions: Vec<ReplicaRegion>,
    /// Kind of the secret, when another service than AWS's manages it.
    #[attr(optional)]
    pub r#type: Option<String>,
    /// plat's own, not in the registry: on delete, keep the secret restorable for so long, `7d` to `30d`. Its name is taken until then.
    #[attr(optional, write_only, unit = days, range = 7..=30, cfn = "")]
    pub recovery_window: Option<Duration>,
    /// plat's own, not in the registry: when a secret with this name was deleted with a recovery window, restore it with its value in place
    /// of refusing. A `secret_string` of the program becomes its value.
    #[attr(optional, write_only, default = false, cfn = "")]
    pub restore_deleted: Option<bool>,
    /// Tags.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the secret.
    #[attr(computed, sample("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{id}"))]
    pub id: Arn<Secret>,
}

/// What remains of a secret with these attributes when it is deleted.
fn remains(attributes: &Object) -> Option<String> {
    match attributes.get("recovery_window") {
        Some(Value::Duration(window)) => Some(format!("it can be restored for {window} with `restore_deleted = true`")),
        _ => None,
    }
}

/// How AWS makes a value.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct GenerateSecretString {
    /// Number of characters; 32 when left out.
    #[attr(optional)]
    pub password_length: Option<i64>,
    /// Characters that it must not have.
    #[attr(optional)]
    pub exclude_characters: Option<String>,
    /// No lower-case letters.
    #[attr(optional)]
    pub exclude_lowercase: Option<bool>,
    /// No upper-case letters.
    #[attr(optional)]
    pub exclude_uppercase: Option<bool>,
    /// No digits.
    #[attr(optional)]
    pub exclude_numbers: Option<bool>,
    /// No punctuation.
    #[attr(optional)]
    pub exclude_punctuation: Option<bool>,
    /// Spaces, too.
    #[attr(optional)]
    pub include_space: Option<bool>,
    /// At least one of every kind that is allowed; so when left out.
    #[attr(optional)]
    pub require_each_included_type: Option<bool>,
    /// JSON document that the value is put into, under `generate_string_key`: `{"username": "admin"}`.
    #[attr(optional)]
    pub secret_string_template: Option<String>,
    /// Key of the value in that document.
    #[attr(optional)]
    pub generate_string_key: Option<String>,
}

/// A copy in another region.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ReplicaRegion {
    /// The region.
    #[attr(required)]
    pub region: String,
    /// Key there that encrypts the copy. Left out: the account's own key for Secrets Manager there.
    #[attr(optional)]
    pub kms_key_id: Option<Arn<Key>>,
}
