//! What resources of IAM occupy exclusively: names count in the whole account, without case.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use plat::schema::{Claim, Form, Part};

/// The name, and within the role each policy once.
pub(super) fn role() -> Vec<Claim> {
    let within = || [Part::itself()];
    vec![
        Claim::name("aws.iam role name", &["role_name"]).form(Form::IgnoreCase).per_account().refusal("EntityAlreadyExists"),
        Claim::one("inline policy", "aws.iam inline policy", [Part::item(&["policy_name"])]).each("policies").within(within()),
        Claim::one("managed policy", "aws.iam attached policy", [Part::item(&[])]).each("managed_policy_arns").within(within()),
    ]
}

/// The issuer's address.
pub(super) fn oidc_provider() -> Vec<Claim> {
    let url = Claim::one("issuer", "aws.iam OpenID issuer", [Part::of(&["url"])]);
    vec![url.form(Form::Url).per_account().refusal("EntityAlreadyExists")]
}
