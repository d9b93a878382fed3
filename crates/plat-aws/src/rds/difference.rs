//! What differs between what there is and what is asked for, and so goes into a call that modifies.

use std::cell::Cell;

use aws_sdk_rds::types::CloudwatchLogsExportConfiguration;
use plat::value::Version;

use crate::units::texts;

/// Collects what differs, and whether anything does.
#[derive(Debug, Default)]
pub(super) struct Difference {
    any: Cell<bool>,
}

impl Difference {
    pub fn note<T>(&self, value: Option<T>) -> Option<T> {
        if value.is_some() {
            self.any.set(true);
        }
        value
    }

    /// What is asked for and is not so. What is left out stays as it is.
    pub fn of<T: PartialEq + Clone>(&self, prior: &Option<T>, desired: &Option<T>) -> Option<T> {
        self.note(desired.clone().filter(|d| prior.as_ref() != Some(d)))
    }

    /// As [`Self::of`], for what RDS keeps in lower case.
    pub fn name(&self, prior: &Option<String>, desired: &Option<String>) -> Option<String> {
        self.note(desired.clone().filter(|d| !prior.as_ref().is_some_and(|p| p.eq_ignore_ascii_case(d))))
    }

    /// As [`Self::of`], for what a call takes in another form than an answer has it: compared in the call's.
    pub fn capacity<T: PartialEq>(&self, prior: Option<T>, desired: Option<T>) -> Option<T> {
        self.note(desired.filter(|d| prior.as_ref() != Some(d)))
    }

    pub fn flag(&self, prior: bool, desired: bool) -> Option<bool> {
        self.note((prior != desired).then_some(desired))
    }

    pub fn version(&self, prior: &Option<Version>, desired: &Option<Version>) -> Option<String> {
        self.note(desired.as_ref().filter(|d| !prior.as_ref().is_some_and(|p| d.covers(p))).map(|d| d.0.to_string()))
    }

    /// Something does.
    pub fn set(&self) {
        self.any.set(true);
    }

    /// Does anything?
    pub fn any(&self) -> bool {
        self.any.get()
    }

    /// A list that is left out stays as it is; one that is said is sent whole.
    pub fn list<T: ToString + PartialEq>(&self, prior: &[T], desired: &[T]) -> Option<Vec<String>> {
        let same = prior.len() == desired.len() && desired.iter().all(|d| prior.contains(d));
        self.note(texts(desired).filter(|_| !same))
    }

    /// Logs are turned on and off by name.
    pub fn exports(&self, had: &[String], wanted: &[String]) -> Option<CloudwatchLogsExportConfiguration> {
        let missing = |from: &[String], of: &[String]| texts(&of.iter().filter(|log| !from.contains(log)).cloned().collect::<Vec<_>>());
        let (enable, disable) = (missing(had, wanted), missing(wanted, had));
        let any = enable.is_some() || disable.is_some();
        let built = || CloudwatchLogsExportConfiguration::builder().set_enable_log_types(enable).set_disable_log_types(disable).build();
        self.note(any.then(built))
    }
}
