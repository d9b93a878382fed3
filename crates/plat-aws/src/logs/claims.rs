//! What resources of CloudWatch Logs occupy exclusively.

use plat::schema::Claim;

pub(super) fn log_group() -> Vec<Claim> {
    vec![Claim::name("aws.logs log group", &["log_group_name"]).refusal("ResourceAlreadyExistsException")]
}
