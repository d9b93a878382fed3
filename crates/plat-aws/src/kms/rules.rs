//! Relations that KMS enforces.

use plat::schema::rules::Literal::{Bool, Text};
use plat::schema::rules::Test::{Any, AnyOf, Custom as Is_, Is, Not, Set, StartsWith};
use plat::schema::rules::{Custom, Rule, own};

use crate::policy::{is_of_resource, lets_somebody_manage, policy_rules};
use crate::rules::tag_rule;

const CREATE: &str = "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html";
const ROTATE: &str = "https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable.html";
const SPECS: &str = "https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html";
const POLICY_LINK: &str = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html";

policy_rules!(
    POLICY,
    own("key_policy"),
    is_of_resource,
    "a statement of a key policy has a `Principal` and a `Resource`",
    "write `Resource = \"*\"`, which is the key, and say whom the statement is for"
);

pub(super) const RULES: &[&[Rule]] = &[KEY, POLICY];

macro_rules! usage {
    ($text:literal, $specs:expr, $usages:expr, $help:literal) => {
        Rule::new($text, SPECS).when(&[$specs]).must(&[AnyOf(own("key_usage"), $usages)]).help($help)
    };
}

const KEY: &[Rule] = &[
    Rule::new("KMS rotates symmetric keys for encryption alone", ROTATE)
        .when(&[Is(own("enable_key_rotation"), Bool(true))])
        .must(&[Is(own("key_spec"), Text("SYMMETRIC_DEFAULT"))])
        .help("leave `enable_key_rotation` out, and rotate by declaring a new key"),
    Rule::new("KMS does not rotate a key whose material is imported", ROTATE)
        .when(&[Is(own("enable_key_rotation"), Bool(true))])
        .must(&[Not(&Is(own("origin"), Text("EXTERNAL")))])
        .help("leave `enable_key_rotation` out, and import new material"),
    Rule::new("`rotation_period_in_days` needs `enable_key_rotation = true`", ROTATE)
        .when(&[Set(own("rotation_period_in_days"))])
        .must(&[Is(own("enable_key_rotation"), Bool(true))])
        .help("set `enable_key_rotation = true`, or leave `rotation_period_in_days` out"),
    usage!(
        "a key of the kind `SYMMETRIC_DEFAULT` is used for `ENCRYPT_DECRYPT`",
        Is(own("key_spec"), Text("SYMMETRIC_DEFAULT")),
        &["ENCRYPT_DECRYPT"],
        "leave `key_usage` out, or choose another `key_spec`"
    ),
    usage!(
        "an RSA key is used for `ENCRYPT_DECRYPT` or `SIGN_VERIFY`",
        StartsWith(own("key_spec"), &["RSA_"]),
        &["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
        "set `key_usage = \"SIGN_VERIFY\"`, or leave it out to encrypt"
    ),
    usage!(
        "a key of a NIST curve is used for `SIGN_VERIFY` or `KEY_AGREEMENT`",
        StartsWith(own("key_spec"), &["ECC_NIST_P"]),
        &["SIGN_VERIFY", "KEY_AGREEMENT"],
        "set `key_usage = \"SIGN_VERIFY\"`"
    ),
    usage!(
        "a key of this kind is used for `SIGN_VERIFY`",
        Any(&[StartsWith(own("key_spec"), &["ML_DSA_"]), AnyOf(own("key_spec"), &["ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"])]),
        &["SIGN_VERIFY"],
        "set `key_usage = \"SIGN_VERIFY\"`"
    ),
    usage!(
        "an HMAC key is used for `GENERATE_VERIFY_MAC`",
        StartsWith(own("key_spec"), &["HMAC_"]),
        &["GENERATE_VERIFY_MAC"],
        "set `key_usage = \"GENERATE_VERIFY_MAC\"`"
    ),
    Rule::new("the key policy lets nobody change the key policy", POLICY_LINK)
        .when(&[Set(own("key_policy")), Not(&Is(own("bypass_policy_lockout_safety_check"), Bool(true)))])
        .must(&[Is_(&Custom { name: "somebody manages the key", paths: &[own("key_policy")], holds: lets_somebody_manage })])
        .help("allow `kms:*` to the account: `Principal = { AWS = \"arn:aws:iam::ACCOUNT:root\" }`"),
    Rule::new("a description has at most 8192 characters", CREATE)
        .when(&[Set(own("description"))])
        .must(&[plat::schema::rules::Test::Length(own("description"), 0, 8_192)])
        .help("write a shorter description"),
    tag_rule!(),
];
