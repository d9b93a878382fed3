//! JSON documents compared by what they mean, as AWS writes policies back in its own form.

use serde_json::Value as JsonValue;

use super::codec::plain_json;
use crate::value::Value;

/// Elements of a policy statement that hold one text or a set of texts.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
const SETS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];
const PRINCIPALS: [&str; 2] = ["Principal", "NotPrincipal"];

/// Do two values of type `Json` mean the same document? A text that holds JSON stands for the document in it.
pub fn same_document(a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    match (plain_json(a), plain_json(b)) {
        (Ok(a), Ok(b)) => canonical_document(&a) == canonical_document(&b),
        _ => false,
    }
}

/// The one form of all documents that mean the same: for comparing, not for showing or sending.
/// Only what has the shape of an IAM policy has more than one form; any other document is itself.
pub fn canonical_document(json: &JsonValue) -> JsonValue {
    if let JsonValue::String(text) = json
        && let Ok(inner @ JsonValue::Object(_)) = serde_json::from_str(text)
    {
        return canonical_document(&inner);
    }
    let Some(statements) = json.get("Statement") else { return json.clone() };
    let mut policy = json.clone();
    if let Some(policy) = policy.as_object_mut() {
        let statements = items(statements).map(canonical_statement).collect();
        policy.insert("Statement".to_owned(), JsonValue::Array(statements));
        // What a document without a version means, by the grammar.
        policy.entry("Version").or_insert_with(|| "2008-10-17".into());
    }
    policy
}

fn canonical_statement(statement: &JsonValue) -> JsonValue {
    let Some(entries) = statement.as_object() else { return statement.clone() };
    let canonical = |(name, value): (&String, &JsonValue)| {
        let value = match name.as_str() {
            // Names of actions are the same in any case.
            "Action" | "NotAction" => {
                set(items(value).map(|action| action.as_str().map_or_else(|| action.clone(), |text| text.to_ascii_lowercase().into())))
            }
            name if SETS.contains(&name) => set(items(value).cloned()),
            name if PRINCIPALS.contains(&name) => canonical_principal(value),
            "Condition" => canonical_condition(value),
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    entries.iter().filter(|(name, value)| !(*name == "Sid" && value.as_str() == Some(""))).map(canonical).collect()
}

/// `"*"` is `{"AWS": "*"}`, and an account stands for its root user.
fn canonical_principal(principal: &JsonValue) -> JsonValue {
    match principal {
        JsonValue::Object(kinds) => kinds
            .iter()
            .map(|(kind, who)| {
                let who = items(who).cloned().map(|who| if kind == "AWS" { account_of(who) } else { who });
                (kind.clone(), set(who))
            })
            .collect(),
        other => serde_json::json!({ "AWS": set([other.clone()]) }),
    }
}

/// `arn:aws:iam::123456789012:root` as `123456789012`.
fn account_of(who: JsonValue) -> JsonValue {
    let account = who.as_str().and_then(|text| {
        let (head, account) = text.strip_suffix(":root")?.split_once(":iam::")?;
        (head.starts_with("arn:") && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then(|| account.to_owned())
    });
    account.map_or(who, JsonValue::String)
}

/// Operators hold keys, keys hold one value or a set; a value is a text however it is written.
fn canonical_condition(condition: &JsonValue) -> JsonValue {
    let Some(operators) = condition.as_object() else { return condition.clone() };
    let text = |value: &JsonValue| match value {
        JsonValue::Bool(_) | JsonValue::Number(_) => value.to_string().into(),
        other => other.clone(),
    };
    let keys = |keys: &JsonValue| match keys.as_object() {
        Some(keys) => keys.iter().map(|(key, values)| (key.clone(), set(items(values).map(text)))).collect(),
        None => keys.clone(),
    };
    operators.iter().map(|(operator, under)| (operator.clone(), keys(under))).collect()
}

fn items(value: &JsonValue) -> impl Iterator<Item = &JsonValue> {
    match value {
        JsonValue::Array(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn set(items: impl IntoIterator<Item = JsonValue>) -> JsonValue {
    let mut items: Vec<JsonValue> = items.into_iter().collect();
    items.sort_by_cached_key(ToString::to_string);
    items.dedup();
    JsonValue::Array(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trust(service: JsonValue) -> JsonValue {
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }] })
    }

    #[test]
    fn a_policy_is_the_same_in_every_form_that_aws_writes() {
        let written = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
                "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*",
                "Condition": { "Bool": { "aws:SecureTransport": true } },
            }],
        });
        let answered = json!({
            "Statement": {
                "Effect": "Allow", "Principal": { "AWS": ["123456789012"] },
                "Action": ["s3:getobject", "s3:PutObject"], "Resource": ["*"],
                "Condition": { "Bool": { "aws:SecureTransport": ["true"] } },
            },
            "Version": "2012-10-17",
        });
        assert_eq!(canonical_document(&written), canonical_document(&answered));
        assert_eq!(canonical_document(&json!(written.to_string())), canonical_document(&answered));
        assert_eq!(canonical_document(&trust(json!("eks.amazonaws.com"))), canonical_document(&trust(json!(["eks.amazonaws.com"]))));
    }

    #[test]
    fn a_policy_that_allows_something_else_is_another() {
        let base = trust(json!("eks.amazonaws.com"));
        assert_ne!(canonical_document(&base), canonical_document(&trust(json!("ec2.amazonaws.com"))));
        assert_ne!(canonical_document(&base), canonical_document(&trust(json!(["eks.amazonaws.com", "ec2.amazonaws.com"]))));
        let mut denied = base.clone();
        denied["Statement"][0]["Effect"] = json!("Deny");
        assert_ne!(canonical_document(&base), canonical_document(&denied));
        let mut older = base.clone();
        older.as_object_mut().unwrap().remove("Version");
        assert_ne!(canonical_document(&base), canonical_document(&older));
    }

    #[test]
    fn a_document_that_is_no_policy_is_itself() {
        assert_ne!(canonical_document(&json!({ "Fields": ["a"] })), canonical_document(&json!({ "Fields": "a" })));
        assert!(same_document(&Value::str("{\"Fields\": [\"a\"]}"), &Value::object([("Fields", Value::list([Value::str("a")]))])));
    }
}
