//! Defaults of record types' fields.

use std::collections::HashMap;
use std::sync::Arc;

use super::typed::ExprId;
use crate::types::Record;
use crate::value::Hashing;

/// Names of fields, and the values that they have where none is given, by record type. A type is known by its identity: two may
/// share a name.
#[derive(Debug, Default)]
pub struct FieldDefaults {
    of: HashMap<usize, (Arc<Record>, OfRecord), Hashing>,
}

type OfRecord = Vec<(Arc<str>, ExprId)>;

impl FieldDefaults {
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    pub(super) fn insert(&mut self, record: Arc<Record>, defaults: Vec<(Arc<str>, ExprId)>) {
        self.of.insert(Arc::as_ptr(&record) as usize, (record, defaults));
    }

    /// The defaults of a type; none when none of its fields has one.
    pub fn of(&self, record: &Arc<Record>) -> &[(Arc<str>, ExprId)] {
        self.of.get(&(Arc::as_ptr(record) as usize)).map_or(&[], |(_, defaults)| defaults)
    }
}
