//! What resources of Secrets Manager occupy exclusively.

use plat::schema::Claim;

pub(super) fn secret() -> Vec<Claim> {
    vec![Claim::name("aws.secretsmanager secret", &["name"]).refusal("ResourceExistsException")]
}
