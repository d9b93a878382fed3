//! `aws.logs.LogGroup`

#[cfg(feature = "logs")]
mod handler;
#[cfg(feature = "logs")]
mod reading;

use std::collections::BTreeMap;

use plat::schema::{Arn, Json};
use plat::value::Duration;
use plat_derive::Resource;

use crate::kms::Key;

/// Logs that are kept, encrypted and read together.
///
/// ```plat
/// resource logs: aws.logs.LogGroup {
///   log_group_name    = "/shop/api"
///   retention_in_days = 30d
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.logs.LogGroup", import = log_group_name, arn = arn, recovery = Name, claims = super::claims::log_group, stateful, takes(create = "2s", update = "2s", delete = "1s"), rules = super::rules::RULES)]
pub struct LogGroup {
    /// Name of the group, unique in the account and region; up to 512 letters, digits and `.-_/#`.
    #[attr(chosen, replaces)]
    pub log_group_name: Option<String>,
    /// Whether senders may show a bearer token in place of a signature.
    #[attr(optional, default = false)]
    pub bearer_token_authentication_enabled: bool,
    /// Finds and masks personal data in the logs.
    #[attr(optional)]
    pub data_protection_policy: Option<Json>,
    /// AWS refuses to delete the group while this is true.
    #[attr(optional, default = false)]
    pub deletion_protection_enabled: bool,
    /// Fields that queries find fast; at most one policy.
    #[attr(optional, unordered)]
    pub field_index_policies: Vec<Json>,
    /// The key that encrypts what comes in; a key of AWS's own unless said otherwise.
    #[attr(optional)]
    pub kms_key_id: Option<Arn<Key>>,
    /// What can be done with the logs, at what price.
    #[attr(optional, default = "STANDARD", replaces, one_of("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"))]
    pub log_group_class: String,
    /// Lets other services put logs here.
    #[attr(optional)]
    pub resource_policy_document: Option<Json>,
    /// How long logs are kept; for ever unless said otherwise.
    #[attr(optional, unit = days, among(
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
    ))]
    pub retention_in_days: Option<Duration>,
    /// Labels of the group.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the group and of all streams in it: it ends in `:*`.
    #[attr(computed)]
    pub arn: Arn<LogGroup>,
}
