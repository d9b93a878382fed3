//! Relations that CloudWatch Logs enforces.

use plat::schema::rules::Literal::{Bool, Text};
use plat::schema::rules::Test::{Custom as Is_, Deletes, Is, Length, Not, Set, StartsWith, Unset};
use plat::schema::rules::{Custom, Reading, Rule, own, prior};
use plat::value::Value;

use crate::policy::{is_of_resource, policy_rules};
use crate::rules::tag_rule;

const CREATE: &str = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html";
const DELETE: &str = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogGroup.html";
const CLASSES: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html";
const PROTECTION: &str = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDataProtectionPolicy.html";
const INDEXES: &str = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutIndexPolicy.html";

policy_rules!(
    POLICY,
    own("resource_policy_document"),
    is_of_resource,
    "a statement of a log group's policy has a `Principal` and a `Resource`",
    "say whom the statement is for, and name the log group's ARN"
);

pub(super) const RULES: &[&[Rule]] = &[GROUP, POLICY];

const GROUP: &[Rule] = &[
    Rule::new("names that begin with `aws/` are reserved", CREATE)
        .when(&[Set(own("log_group_name"))])
        .must(&[Not(&StartsWith(own("log_group_name"), &["aws/"]))])
        .help("begin the name with `/`, or with another word"),
    Rule::new("a log group of the class `DELIVERY` keeps logs for 2 days, whatever is set", CLASSES)
        .when(&[Is(own("log_group_class"), Text("DELIVERY"))])
        .must(&[Unset(own("retention_in_days"))])
        .help("leave `retention_in_days` out"),
    Rule::new("only a log group of the class `STANDARD` finds and masks personal data", CLASSES)
        .when(&[Set(own("data_protection_policy"))])
        .must(&[Is(own("log_group_class"), Text("STANDARD"))])
        .help("leave `data_protection_policy` or `log_group_class` out"),
    Rule::new("only a log group of the class `STANDARD` has field indexes", CLASSES)
        .when(&[Set(own("field_index_policies"))])
        .must(&[Is(own("log_group_class"), Text("STANDARD"))])
        .help("leave `field_index_policies` or `log_group_class` out"),
    Rule::new("a log group has at most one field index policy", INDEXES)
        .when(&[Set(own("field_index_policies"))])
        .must(&[Length(own("field_index_policies"), 0, 1)])
        .help("put the fields into one policy"),
    Rule::new("a field index policy has `Fields`, at most 20 of them", INDEXES)
        .when(&[Set(own("field_index_policies"))])
        .must(&[Is_(&Custom { name: "fields", paths: &[own("field_index_policies")], holds: have_fields })])
        .help("write `{ Fields = [\"request_id\"] }`"),
    Rule::new(
        "the key of a log group is named by its ARN, not by an alias",
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html",
    )
    .when(&[Set(own("kms_key_id"))])
    .must(&[Is_(&Custom { name: "a key", paths: &[own("kms_key_id")], holds: is_key })])
    .help("write the ARN of the key"),
    Rule::new("a data protection policy has a `Name`, `Version = \"2021-06-01\"` and two statements: `Audit` and `Deidentify`", PROTECTION)
        .when(&[Set(own("data_protection_policy"))])
        .must(&[Is_(&Custom { name: "a protection policy", paths: &[own("data_protection_policy")], holds: protects })])
        .help("write a statement with the operation `Audit` and one with `Deidentify`, with the same `DataIdentifier`"),
    Rule::new("a log group with `deletion_protection_enabled = true` is not deleted", DELETE)
        .when(&[Deletes])
        .must(&[Not(&Is(prior("deletion_protection_enabled"), Bool(true)))])
        .help("set `deletion_protection_enabled = false` and apply, then delete"),
    tag_rule!(),
];

fn have_fields(values: &[Reading<'_>]) -> Option<bool> {
    let Value::List(policies) = values.first()?.value()? else { return None };
    let mut right = true;
    for policy in policies.iter() {
        let Value::Object(policy) = policy else { return None };
        right &= match policy.get("Fields") {
            Some(Value::List(fields)) => (1..=20).contains(&fields.len()),
            Some(Value::Object(fields)) => (1..=20).contains(&fields.len()),
            Some(Value::Unknown(_)) => return None,
            _ => false,
        };
    }
    Some(right)
}

fn is_key(values: &[Reading<'_>]) -> Option<bool> {
    Some(values.first()?.text()?.contains(":key/"))
}

fn protects(values: &[Reading<'_>]) -> Option<bool> {
    let Value::Object(policy) = values.first()?.value()? else { return None };
    if policy.values().any(|value| value.unknown().is_some()) {
        return None;
    }
    let Some(Value::List(statements)) = policy.get("Statement") else { return Some(false) };
    let operation = |statement: &Value, wanted: &str| {
        let Value::Object(statement) = statement else { return false };
        matches!(statement.get("Operation"), Some(Value::Object(operation)) if operation.get(wanted).is_some())
    };
    let version = policy.get("Version").and_then(Value::as_str) == Some("2021-06-01");
    let two = statements.len() == 2;
    let both = ["Audit", "Deidentify"].iter().all(|wanted| statements.iter().any(|statement| operation(statement, wanted)));
    Some(version && policy.get("Name").is_some() && two && both)
}
