//! Relations that IAM enforces.

use plat::schema::rules::Test::{Custom as Is_, Length, Set};
use plat::schema::rules::{Custom, Reading, Rule, own};
use plat::value::Value;

use crate::policy::{has_actions_of_trust, has_plain_sids, is_of_identity, is_of_trust, policy_rules};
use crate::rules::tag_rule;

const ROLE_API: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html";
const PROVIDER_API: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html";

policy_rules!(
    TRUST,
    own("assume_role_policy_document"),
    is_of_trust,
    "a statement of a trust policy has a `Principal` and no `Resource`",
    "write for example `Principal = { Service = \"ec2.amazonaws.com\" }`, and leave `Resource` out"
);

policy_rules!(
    INLINE,
    own("policy_document"),
    is_of_identity,
    "a statement of a role's policy has a `Resource` and no `Principal`",
    "write for example `Resource = \"*\"`, and leave `Principal` out: it is the role",
    each "policies"
);

pub(super) const ROLE_POLICIES: &[&[Rule]] = &[TRUST, INLINE, ROLE];

const ROLE: &[Rule] = &[
    Rule::new(
        "the actions of a trust policy are those of STS",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html",
    )
    .must(&[Is_(&Custom { name: "actions of STS", paths: &[own("assume_role_policy_document")], holds: has_actions_of_trust })])
    .help("write `Action = \"sts:AssumeRole\"`, or `sts:AssumeRoleWithWebIdentity` for an OpenID Connect provider"),
    Rule::new(
        "a `Sid` in a policy of IAM is of letters and digits",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html",
    )
    .each("policies")
    .must(&[Is_(&Custom { name: "plain Sids", paths: &[own("policy_document")], holds: has_plain_sids })])
    .help("leave spaces and signs out of the `Sid`"),
    Rule::new(
        "a `Sid` in a policy of IAM is of letters and digits",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html",
    )
    .must(&[Is_(&Custom { name: "plain Sids", paths: &[own("assume_role_policy_document")], holds: has_plain_sids })])
    .help("leave spaces and signs out of the `Sid`"),
    Rule::new("a role has at most 25 managed policies", QUOTAS)
        .when(&[Set(own("managed_policy_arns"))])
        .must(&[Length(own("managed_policy_arns"), 0, 25)])
        .help("put permissions together into fewer policies"),
    Rule::new("a managed policy is named by its ARN", ROLE_API)
        .when(&[Set(own("managed_policy_arns"))])
        .must(&[Is_(&Custom { name: "ARNs of policies", paths: &[own("managed_policy_arns")], holds: are_policies })])
        .help("write for example \"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess\""),
    Rule::new("a permissions boundary is the ARN of a managed policy", ROLE_API)
        .when(&[Set(own("permissions_boundary"))])
        .must(&[Is_(&Custom { name: "ARN of a policy", paths: &[own("permissions_boundary")], holds: is_policy })])
        .help("write the ARN of a policy of the account or of AWS"),
    Rule::new("the embedded policies of a role have at most 10240 characters together", QUOTAS)
        .when(&[Set(own("policies"))])
        .must(&[Is_(&Custom { name: "short enough", paths: &[own("policies")], holds: are_short })])
        .help("attach a managed policy in place of a long embedded one"),
    Rule::new("a path begins and ends with `/`", ROLE_API)
        .when(&[Set(own("path"))])
        .must(&[Is_(&Custom { name: "a path", paths: &[own("path")], holds: is_path })])
        .help("write for example \"/team/\""),
    tag_rule!(),
];

pub(super) const PROVIDER: &[Rule] = &[
    Rule::new("the address of an issuer begins with `https://` and has no port, query or fragment", PROVIDER_API)
        .must(&[Is_(&Custom { name: "an issuer", paths: &[own("url")], holds: is_issuer })])
        .help("write it as the issuer's tokens have it, such as \"https://token.actions.githubusercontent.com\""),
    Rule::new("a provider has at most 100 audiences", PROVIDER_API)
        .when(&[Set(own("client_id_list"))])
        .must(&[Length(own("client_id_list"), 0, 100)])
        .help("keep fewer audiences"),
    Rule::new("an audience stands once", PROVIDER_API)
        .when(&[Set(own("client_id_list"))])
        .must(&[Is_(&Custom { name: "each once", paths: &[own("client_id_list")], holds: has_each_once })])
        .help("keep it once in `client_id_list`"),
    Rule::new("a provider has at most 5 thumbprints", PROVIDER_API)
        .when(&[Set(own("thumbprint_list"))])
        .must(&[Length(own("thumbprint_list"), 0, 5)])
        .help("keep the thumbprints of the certificates in use"),
    Rule::new("a thumbprint is of 40 hexadecimal digits", PROVIDER_API)
        .when(&[Set(own("thumbprint_list"))])
        .must(&[Is_(&Custom { name: "thumbprints", paths: &[own("thumbprint_list")], holds: are_thumbprints })])
        .help("write the SHA-1 of the certificate without colons, or leave `thumbprint_list` out: IAM looks it up"),
    tag_rule!(),
];

fn texts<'v>(values: &[Reading<'v>]) -> Option<Vec<&'v str>> {
    let Value::List(items) = values.first()?.value()? else { return None };
    items.iter().map(Value::as_str).collect()
}

fn is_policy_arn(arn: &str) -> bool {
    arn.starts_with("arn:aws") && arn.split(':').nth(2) == Some("iam") && arn.contains(":policy/")
}

fn are_policies(values: &[Reading<'_>]) -> Option<bool> {
    Some(texts(values)?.iter().all(|arn| is_policy_arn(arn)))
}

fn is_policy(values: &[Reading<'_>]) -> Option<bool> {
    Some(is_policy_arn(values.first()?.text()?))
}

fn has_each_once(values: &[Reading<'_>]) -> Option<bool> {
    let mut texts = texts(values)?;
    let all = texts.len();
    texts.sort_unstable();
    texts.dedup();
    Some(texts.len() == all)
}

fn policies<'v>(values: &[Reading<'v>]) -> Option<Vec<&'v plat::value::Object>> {
    let Value::List(items) = values.first()?.value()? else { return None };
    items.iter().map(|item| if let Value::Object(policy) = item { Some(&**policy) } else { None }).collect()
}

fn are_short(values: &[Reading<'_>]) -> Option<bool> {
    let mut characters = 0;
    for policy in policies(values)? {
        let document = policy.get("policy_document")?;
        if document.unknown().is_some() {
            return None;
        }
        characters += plat::schema::value_to_json(document).to_string().chars().filter(|c| !c.is_whitespace()).count();
    }
    Some(characters <= 10_240)
}

fn is_path(values: &[Reading<'_>]) -> Option<bool> {
    let path = values.first()?.text()?;
    Some(path.starts_with('/') && path.ends_with('/') && path.len() <= 512)
}

fn is_issuer(values: &[Reading<'_>]) -> Option<bool> {
    let Some(rest) = values.first()?.text()?.strip_prefix("https://") else { return Some(false) };
    Some(!rest.is_empty() && !rest.contains([':', '?', '#', ' ']) && rest.len() <= 247)
}

fn are_thumbprints(values: &[Reading<'_>]) -> Option<bool> {
    Some(texts(values)?.iter().all(|text| text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit())))
}
