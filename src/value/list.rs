//! Values in a row.

use std::ops::Deref;

use super::Value;
use super::traits::{Noted, Traits};

/// The elements of a list, which do not change.
#[derive(Debug, Clone, Default)]
pub struct List {
    items: Vec<Value>,
    noted: Noted,
}

impl List {
    pub(super) fn traits(&self) -> Traits {
        self.noted.of_list(&self.items)
    }
}

impl Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}

impl From<Vec<Value>> for List {
    fn from(items: Vec<Value>) -> Self {
        Self { items, noted: Noted::default() }
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}
