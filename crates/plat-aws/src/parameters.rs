//! Settings of an engine by name, as parameter groups of RDS and ElastiCache hold them.

use std::collections::BTreeMap;

/// Values by name.
pub(crate) type Parameters = BTreeMap<String, String>;

/// How many parameters one call takes, in RDS (`ModifyDBParameterGroup`, `ResetDBParameterGroup`) and in ElastiCache alike.
pub(crate) const PER_CALL: usize = 20;

/// What turns one set of parameters into another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ParameterChanges {
    /// Names that get their family's own value back; first, so that no value has to agree with one that is going.
    pub reset: Vec<String>,
    /// Names and values; after that.
    pub set: Vec<(String, String)>,
}

impl ParameterChanges {
    pub fn between(prior: &Parameters, desired: &Parameters) -> Self {
        let reset = prior.keys().filter(|name| !desired.contains_key(*name)).cloned().collect();
        let set = desired.iter().filter(|(name, value)| prior.get(*name) != Some(value)).map(|(n, v)| (n.clone(), v.clone())).collect();
        Self { reset, set }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_set_and_only_what_is_left_out_is_reset() {
        let parameters = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Parameters>();
        let prior = parameters(&[("kept", "1"), ("changed", "1"), ("gone", "1")]);
        let desired = parameters(&[("kept", "1"), ("changed", "2"), ("new", "3")]);
        let changes = ParameterChanges::between(&prior, &desired);
        assert_eq!(changes.reset, ["gone"]);
        assert_eq!(changes.set, [("changed".to_owned(), "2".to_owned()), ("new".to_owned(), "3".to_owned())]);
        assert_eq!(ParameterChanges::between(&desired, &desired), ParameterChanges::default());
    }
}
