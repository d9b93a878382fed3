//! Engines of caches and their parameter groups.

use plat::schema::rules::Reading;
use plat::value::Value;

use crate::rules::{length_of_window, numbers};

/// Two texts.
pub(super) fn is_same(values: &[Reading<'_>]) -> Option<bool> {
    let [a, b] = values else { return None };
    Some(a.text()?.eq_ignore_ascii_case(b.text()?))
}

/// A list and the number of its items.
pub(super) fn has_as_many(values: &[Reading<'_>]) -> Option<bool> {
    let [Reading::Value(Value::List(items)), Reading::Value(Value::Int(count))] = values else { return None };
    Some(i64::try_from(items.len()).ok()? == *count)
}

/// A window of time.
pub(super) fn is_an_hour(values: &[Reading<'_>]) -> Option<bool> {
    let [window] = values else { return None };
    Some(length_of_window(window.text()?)? >= 60)
}

/// Where logs go.
pub(super) fn has_each_log_once(values: &[Reading<'_>]) -> Option<bool> {
    let [Reading::Value(Value::List(items))] = values else { return None };
    let mut kinds = Vec::new();
    for item in items.iter() {
        let Value::Object(item) = item else { return None };
        kinds.push(item.get("log_type")?.as_str()?);
    }
    let all = kinds.len();
    kinds.sort_unstable();
    kinds.dedup();
    Some(kinds.len() == all)
}

/// Family of a parameter group, engine and version of the engine.
pub(super) fn is_family(values: &[Reading<'_>]) -> Option<bool> {
    let [family, engine, version] = values else { return None };
    let (family, engine, version) = (family.text()?.to_ascii_lowercase(), engine.text()?, numbers(version.text()?));
    let Some(rest) = family.strip_prefix(&engine.to_ascii_lowercase()) else { return Some(false) };
    // `6.x` is a whole major version.
    let wanted = numbers(rest.trim_end_matches(".x"));
    Some(!wanted.is_empty() && wanted.iter().zip(&version).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_group_has_the_family_of_engine_and_version() {
        let fits = |family: &str, engine: &str, version: &str| {
            let values = [family, engine, version].map(Value::str);
            is_family(&values.iter().map(Reading::Value).collect::<Vec<_>>())
        };
        assert_eq!(
            (fits("redis7", "redis", "7.1"), fits("redis6.x", "redis", "6.2"), fits("valkey8", "valkey", "8.0")),
            (Some(true), Some(true), Some(true))
        );
        assert_eq!(
            (fits("redis7", "redis", "6.2"), fits("redis7", "valkey", "7.2"), fits("redis5.0", "redis", "5.0.6")),
            (Some(false), Some(false), Some(true))
        );
    }
}
