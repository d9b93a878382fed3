//! What an update is to do: what the configuration asks for, what was last read, and which attributes differ.

use std::ops::Deref;
use std::sync::Arc;

use crate::schema::{CodecError, Resource};
use crate::value::{Object, ResolvedObject, Value};

/// Names of attributes of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeNames(Vec<Arc<str>>);

impl AttributeNames {
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|own| **own == *name)
    }

    /// Is at least one of `names` among these?
    pub fn contains_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.contains(name))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|name| keep(name));
    }
}

impl FromIterator<Arc<str>> for AttributeNames {
    fn from_iter<I: IntoIterator<Item = Arc<str>>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl<const N: usize> From<[&str; N]> for AttributeNames {
    fn from(names: [&str; N]) -> Self {
        names.into_iter().map(Arc::from).collect()
    }
}

/// What the configuration sets. In the struct of a type, an attribute that the configuration leaves out holds its declared
/// default; [`Asked::sets`] tells the two apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked<T> {
    values: T,
    names: AttributeNames,
}

impl<T> Asked<T> {
    /// Does the configuration set the attribute?
    pub fn sets(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub fn names(&self) -> &AttributeNames {
        &self.names
    }

    pub fn into_values(self) -> T {
        self.values
    }
}

impl Asked<ResolvedObject> {
    /// The attributes of `inputs` that are not null.
    pub fn new(inputs: ResolvedObject) -> Self {
        let names = inputs.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.clone()).collect();
        Self { values: inputs, names }
    }

    /// The same as the struct of a type.
    ///
    /// # Errors
    ///
    /// When a value does not have the type that its attribute declares.
    pub fn decode<R: Resource>(&self) -> Result<Asked<R>, CodecError> {
        Ok(Asked { values: R::from_object(&self.values)?, names: self.names.clone() })
    }
}

impl<T> Deref for Asked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.values
    }
}

/// One update.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change<T = ResolvedObject> {
    /// What the configuration sets, and nothing else: a value that a read showed never stands here.
    pub asked: Asked<T>,
    /// As last read; write-only attributes, which no read shows, as last applied. A secret whose fingerprint did not change
    /// has its text here and in `asked`; one that did change is left out here.
    pub observed: T,
    /// The attributes to change. One that the configuration no longer sets is among them, is not in `asked`, and goes back
    /// to its declared default. Empty when an earlier create or update is to be finished: what it began is waited for.
    pub changed: AttributeNames,
}

impl<T> Change<T> {
    /// Is the attribute to change?
    pub fn changes(&self, name: &str) -> bool {
        self.changed.contains(name)
    }
}

impl Change {
    /// The same as the struct of a type.
    ///
    /// # Errors
    ///
    /// When a value does not have the type that its attribute declares.
    pub fn decode<R: Resource>(&self) -> Result<Change<R>, CodecError> {
        Ok(Change { asked: self.asked.decode()?, observed: R::from_object(&self.observed)?, changed: self.changed.clone() })
    }
}

impl<R: Resource> Asked<R> {
    /// What is left to change after a create made `made`: what was asked for and is not so.
    pub fn follow_up(self, made: R) -> Change<R> {
        let (schema, asked, seen) = (R::schema(), self.values.to_object(), made.to_object());
        let differs = |name: &&Arc<str>| {
            let (asked, seen) = (asked.get(*name).unwrap_or(&Value::Null), seen.get(*name).unwrap_or(&Value::Null));
            schema.attribute(name).is_some_and(|attribute| !(attribute.same(asked, seen) || is_empty(asked) && is_empty(seen)))
        };
        let changed = self.names.0.iter().filter(differs).cloned().collect();
        Change { asked: self, observed: made, changed }
    }
}

/// Nothing, or a collection with nothing in it: AWS answers one for the other.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

impl<R: Resource> Change<R> {
    /// The same change of a resource that was read again. What no read shows stays as it was.
    ///
    /// # Errors
    ///
    /// When a value does not have the type that its attribute declares.
    pub fn of(self, read: &R) -> Result<Self, CodecError> {
        let (before, mut now) = (self.observed.to_object(), read.to_object());
        for attribute in R::schema().attributes.iter().filter(|a| a.write_only || a.ty.holds_secret()) {
            if let Some((name, value)) = before.get_key_value(attribute.name) {
                now.insert(name.clone(), value.clone());
            }
        }
        Ok(Self { observed: R::from_object(&now)?, ..self })
    }

    /// What was read, and the same with the changed attributes as they are asked for: the two differ in what changes, and in
    /// nothing else. The second holds observed values and is only for comparing; what a call sends comes from `asked`.
    ///
    /// # Errors
    ///
    /// When a value does not have the type that its attribute declares.
    pub fn into_sides(self) -> Result<(R, R), CodecError> {
        let target = self.target()?;
        Ok((self.observed, target))
    }

    /// What was read, with the changed attributes as they are asked for.
    ///
    /// # Errors
    ///
    /// When a value does not have the type that its attribute declares.
    pub fn target(&self) -> Result<R, CodecError> {
        let asked = self.asked.values.to_object();
        let mut target: Object = self.observed.to_object();
        for (name, value) in &asked {
            let absent = || target.get(name).is_none_or(Value::is_null);
            if self.changed.contains(name) || (self.asked.names.contains(name) && absent()) {
                target.insert(name.clone(), value.clone());
            }
        }
        target.retain(|name, _| asked.contains_key(name) || !self.changed.contains(name));
        R::from_object(&target)
    }
}
