//! Lookups: the one thing that has every attribute of the query.

use plat::provider::{ErrorKind, ProviderError};
use plat::schema::{Resource, same_document};
use plat::value::{Object, ResolvedObject, Value};

/// The text that the query gives for an attribute.
pub(crate) fn text(query: &ResolvedObject, attribute: &str) -> Option<String> {
    query.get(attribute).and_then(Value::as_str).map(str::to_owned)
}

/// The text that the query must give for an attribute, without which `what` is not sought.
pub(crate) fn needed(query: &ResolvedObject, attribute: &str, what: &str) -> Result<String, ProviderError> {
    text(query, attribute)
        .ok_or_else(|| ProviderError::new(ErrorKind::Refused, "lookup", format!("a lookup of {what} needs its `{attribute}`")))
}

/// The one of `candidates` that fits; otherwise an error that says how many do.
pub(crate) fn only<R: Resource>(query: &ResolvedObject, candidates: impl IntoIterator<Item = R>) -> Result<R, ProviderError> {
    let mut fitting = candidates.into_iter().filter(|candidate| fits(query, &candidate.to_object()));
    let first = fitting.next();
    let more = fitting.count();
    match first {
        Some(found) if more == 0 => Ok(found),
        Some(_) => Err(ProviderError::new(
            ErrorKind::Refused,
            "lookup",
            format!("{} of `{}` fit the lookup, and it wants exactly one: add an attribute that tells them apart", more + 1, R::NAME),
        )),
        None => Err(ProviderError::new(
            ErrorKind::NotFound,
            "lookup",
            format!("no `{}` fits the lookup: check the attributes, the region and the account", R::NAME),
        )),
    }
}

fn fits(query: &Object, found: &Object) -> bool {
    query.iter().all(|(name, wanted)| wanted.is_null() || found.get(name).is_some_and(|value| has(value, wanted)))
}

/// An object has what the query's object names; a list has the same members in any order.
fn has(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            fits(wanted, value) || same_document(&Value::Object(value.clone()), &Value::Object(wanted.clone()))
        }
        (Value::List(value), Value::List(wanted)) => {
            value.len() == wanted.len() && wanted.iter().all(|wanted| value.iter().any(|value| has(value, wanted)))
        }
        (value, wanted) => value == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_the_query_are_a_part_of_the_tags() {
        let found = Value::object([("tags", Value::object([("Name", Value::str("a")), ("Env", Value::str("dev"))])), ("n", Value::Int(1))]);
        let Value::Object(found) = found else { panic!("an object") };
        let query = |tag: &str| [("tags".into(), Value::object([("Name", Value::str(tag))]))].into_iter().collect::<Object>();
        assert!(fits(&query("a"), &found));
        assert!(!fits(&query("b"), &found));
        assert!(!fits(&[("other".into(), Value::Int(1))].into_iter().collect::<Object>(), &found));
        assert!(fits(&[("other".into(), Value::Null)].into_iter().collect::<Object>(), &found));
    }

    #[test]
    fn lists_fit_in_any_order() {
        let list = |items: &[i64]| Value::list(items.iter().copied().map(Value::Int));
        assert!(has(&list(&[1, 2]), &list(&[2, 1])));
        assert!(!has(&list(&[1, 2]), &list(&[2])));
    }
}
