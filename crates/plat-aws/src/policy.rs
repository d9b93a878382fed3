//! The grammar of policy documents, as far as IAM refuses what does not follow it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use plat::schema::rules::Reading;
use plat::value::{Object, Value};

/// The statements of a document; `None` when something in it is not known.
fn statements(values: &[Reading<'_>]) -> Option<Vec<std::sync::Arc<Object>>> {
    let Value::Object(document) = values.first()?.value()? else { return None };
    let listed = match document.get("Statement") {
        Some(Value::List(items)) => items.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        Some(Value::Unknown(_)) => return None,
        _ => Vec::new(),
    };
    let statement = |value: &Value| match value {
        Value::Object(statement) => Some(statement.clone()),
        _ => None,
    };
    listed.into_iter().map(statement).collect()
}

fn all(values: &[Reading<'_>], holds: impl Fn(&Object) -> bool) -> Option<bool> {
    Some(statements(values)?.iter().all(|statement| holds(statement)))
}

/// Has statements, the elements that there are, and a version that there is.
pub(crate) fn is_document(values: &[Reading<'_>]) -> Option<bool> {
    let Value::Object(document) = values.first()?.value()? else { return None };
    let known = document.keys().all(|key| ["Version", "Id", "Statement"].contains(&&**key));
    let version = match document.get("Version") {
        Some(Value::String(version)) => ["2012-10-17", "2008-10-17"].contains(&&**version),
        Some(Value::Unknown(_)) | None => true,
        Some(_) => false,
    };
    Some(known && version)
}

/// Has a statement.
pub(crate) fn has_statements(values: &[Reading<'_>]) -> Option<bool> {
    Some(!statements(values)?.is_empty())
}

/// Every statement has the elements that there are.
pub(crate) fn has_known_elements(values: &[Reading<'_>]) -> Option<bool> {
    const ELEMENTS: [&str; 9] =
        ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    all(values, |statement| statement.keys().all(|key| ELEMENTS.contains(&&**key)))
}

/// Every statement allows or denies.
pub(crate) fn has_effects(values: &[Reading<'_>]) -> Option<bool> {
    all(values, |statement| match statement.get("Effect") {
        Some(Value::String(effect)) => ["Allow", "Deny"].contains(&&**effect),
        Some(Value::Unknown(_)) => true,
        _ => false,
    })
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::List(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Every statement says which actions, by service and name.
pub(crate) fn has_actions(values: &[Reading<'_>]) -> Option<bool> {
    let named =
        |action: &str| action == "*" || action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    all(values, |statement| {
        let (actions, others) = (statement.get("Action"), statement.get("NotAction"));
        actions.is_some() != others.is_some() && texts(actions).into_iter().chain(texts(others)).all(named)
    })
}

fn names_one(statement: &Object, element: &str, other: &str) -> bool {
    statement.get(element).is_some() != statement.get(other).is_some()
}

fn names_none(statement: &Object, element: &str, other: &str) -> bool {
    statement.get(element).is_none() && statement.get(other).is_none()
}

/// Every statement says what it is about, and not for whom.
pub(crate) fn is_of_identity(values: &[Reading<'_>]) -> Option<bool> {
    all(values, |statement| names_one(statement, "Resource", "NotResource") && names_none(statement, "Principal", "NotPrincipal"))
}

/// Every statement says for whom it is, and nothing else: the role is what it is about.
pub(crate) fn is_of_trust(values: &[Reading<'_>]) -> Option<bool> {
    all(values, |statement| names_one(statement, "Principal", "NotPrincipal") && names_none(statement, "Resource", "NotResource"))
}

/// Every statement says for whom it is and what it is about.
pub(crate) fn is_of_resource(values: &[Reading<'_>]) -> Option<bool> {
    all(values, |statement| names_one(statement, "Principal", "NotPrincipal") && names_one(statement, "Resource", "NotResource"))
}

/// Every action is one of STS.
pub(crate) fn has_actions_of_trust(values: &[Reading<'_>]) -> Option<bool> {
    all(values, |statement| texts(statement.get("Action")).iter().all(|action| action.to_ascii_lowercase().starts_with("sts:")))
}

/// No `Sid` stands twice.
pub(crate) fn has_each_sid_once(values: &[Reading<'_>]) -> Option<bool> {
    let statements = statements(values)?;
    let mut sids: Vec<&str> = statements.iter().filter_map(|statement| statement.get("Sid")?.as_str()).collect();
    let all = sids.len();
    sids.sort_unstable();
    sids.dedup();
    Some(sids.len() == all)
}

/// Every `Sid` is of letters and digits.
pub(crate) fn has_plain_sids(values: &[Reading<'_>]) -> Option<bool> {
    all(values, |statement| match statement.get("Sid") {
        Some(Value::String(sid)) => sid.chars().all(|c| c.is_ascii_alphanumeric()),
        _ => true,
    })
}

/// Every resource is `*` or an ARN.
pub(crate) fn has_resources(values: &[Reading<'_>]) -> Option<bool> {
    all(values, |statement| {
        let all = texts(statement.get("Resource")).into_iter().chain(texts(statement.get("NotResource")));
        all.into_iter().all(|resource| resource == "*" || resource.starts_with("arn:") || resource.contains("${"))
    })
}

/// Somebody may change the policy of the key later.
pub(crate) fn lets_somebody_manage(values: &[Reading<'_>]) -> Option<bool> {
    let statements = statements(values).filter(|statements| !statements.is_empty())?;
    let manages = |statement: &std::sync::Arc<Object>| {
        let allows = statement.get("Effect").is_none_or(|effect| effect.as_str().is_none_or(|effect| effect == "Allow"));
        let unknown = matches!(statement.get("Action"), Some(Value::Unknown(_)) | None);
        let action = |action: &&str| {
            let action = action.to_ascii_lowercase();
            action == "*" || action.starts_with("kms:*") || action.starts_with("kms:put")
        };
        allows && (unknown || texts(statement.get("Action")).iter().any(action))
    };
    Some(statements.iter().any(manages))
}

/// The rules that every policy document follows. `$path`: where it stands; `$each`: for the records of a list.
macro_rules! policy_rules {
    ($name:ident, $path:expr, $shape:expr, $shape_text:literal, $shape_help:literal $(, each $list:literal)?) => {
        const $name: &[::plat::schema::rules::Rule] = {
            use ::plat::schema::rules::{Custom, Rule, Test::Creates, Test::Custom as Is};
            const LINK: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html";
            &[
                Rule::new("a policy document has at least one statement", LINK)
                    $(.each($list))?
                    .when(&[Creates])
                    .must(&[Is(&Custom { name: "statements", paths: &[$path], holds: $crate::policy::has_statements })])
                    .help("write `Statement = [{ … }]`, or leave the policy out"),
                Rule::new("a policy document has the `Version` \"2012-10-17\" and a `Statement`, and nothing else but an `Id`", LINK)
                    $(.each($list))?
                    .must(&[Is(&Custom { name: "a policy document", paths: &[$path], holds: $crate::policy::is_document })])
                    .help("write `{ Version = \"2012-10-17\", Statement = [{ … }] }`"),
                Rule::new("a statement of a policy has an element that there is not", LINK)
                    $(.each($list))?
                    .must(&[Is(&Custom { name: "known elements", paths: &[$path], holds: $crate::policy::has_known_elements })])
                    .help("the elements are `Sid`, `Effect`, `Principal`, `Action`, `Resource` and `Condition`, written like this"),
                Rule::new("a statement of a policy has the `Effect` \"Allow\" or \"Deny\"", LINK)
                    $(.each($list))?
                    .must(&[Is(&Custom { name: "an effect", paths: &[$path], holds: $crate::policy::has_effects })])
                    .help("write `Effect = \"Allow\"`"),
                Rule::new("a statement of a policy has `Action` or `NotAction`, with a service before each action", LINK)
                    $(.each($list))?
                    .must(&[Is(&Custom { name: "actions", paths: &[$path], holds: $crate::policy::has_actions })])
                    .help("write `Action = \"s3:GetObject\"`"),
                Rule::new($shape_text, LINK)
                    $(.each($list))?
                    .must(&[Is(&Custom { name: "principals and resources", paths: &[$path], holds: $shape })])
                    .help($shape_help),
                Rule::new("a `Sid` stands once in a policy", LINK)
                    $(.each($list))?
                    .must(&[Is(&Custom { name: "each Sid once", paths: &[$path], holds: $crate::policy::has_each_sid_once })])
                    .help("give the statements different names, or none"),
                Rule::new("a resource of a policy is \"*\" or an ARN", LINK)
                    $(.each($list))?
                    .must(&[Is(&Custom { name: "resources", paths: &[$path], holds: $crate::policy::has_resources })])
                    .help("write the ARN of the resource"),
            ]
        };
    };
}
pub(crate) use policy_rules;

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(function: fn(&[Reading<'_>]) -> Option<bool>, statement: &str) -> Option<bool> {
        let text = format!("{{\"Version\": \"2012-10-17\", \"Statement\": {statement}}}");
        let document = plat::schema::value_from_json(&serde_json::from_str(&text).unwrap(), &plat::types::Type::Json).unwrap();
        function(&[Reading::Value(&document)])
    }

    #[test]
    fn statements_are_looked_at_one_by_one() {
        let one = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#;
        assert_eq!(holds(is_of_identity, one), Some(true));
        assert_eq!(holds(is_of_trust, one), Some(false));
        assert_eq!(holds(has_actions, r#"[{"Effect": "Allow", "Action": ["GetObject"]}]"#), Some(false));
        assert_eq!(holds(has_effects, r#"[{"Effect": "allow"}]"#), Some(false));
        assert_eq!((holds(is_document, "[]"), holds(has_statements, "[]")), (Some(true), Some(false)));
        assert_eq!(holds(has_each_sid_once, r#"[{"Sid": "A"}, {"Sid": "A"}]"#), Some(false));
        assert_eq!(holds(has_resources, r#"[{"Resource": ["arn:aws:s3:::b", "bucket"]}]"#), Some(false));
        assert_eq!(holds(lets_somebody_manage, r#"[{"Effect": "Allow", "Action": "kms:Encrypt"}]"#), Some(false));
    }
}
