//! Named values in the order they were written.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::traits::{Noted, Traits};
use super::{Hashing, Value};

/// Named values in the order they were written.
///
/// Nearly all that plat holds are objects with a handful of names, so it looks through them; only an object with more
/// than [`FEW`] knows where each name is. That takes a third less memory than a hash table in each, and no hashing.
#[derive(Clone, Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Value)>,
    /// Where each name is among the entries; `None` in an object of a few.
    #[allow(clippy::box_collection, reason = "it is seldom there, and should take no room where it is not")]
    places: Option<Box<HashMap<Arc<str>, usize, Hashing>>>,
    noted: Noted,
}

/// Most names that are looked through one by one.
const FEW: usize = 16;

impl Object {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(entries: usize) -> Self {
        Self { entries: Vec::with_capacity(entries), ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn place(&self, name: &str) -> Option<usize> {
        match &self.places {
            None => self.entries.iter().position(|(own, _)| **own == *name),
            Some(places) => places.get(name).copied(),
        }
    }

    pub fn get<N: Borrow<str> + ?Sized>(&self, name: &N) -> Option<&Value> {
        self.get_key_value(name).map(|(_, value)| value)
    }

    pub fn get_key_value<N: Borrow<str> + ?Sized>(&self, name: &N) -> Option<(&Arc<str>, &Value)> {
        self.entries.get(self.place(name.borrow())?).map(|(name, value)| (name, value))
    }

    pub fn get_mut<N: Borrow<str> + ?Sized>(&mut self, name: &N) -> Option<&mut Value> {
        self.noted.forget();
        let place = self.place(name.borrow())?;
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    pub fn contains_key<N: Borrow<str> + ?Sized>(&self, name: &N) -> bool {
        self.place(name.borrow()).is_some()
    }

    /// Sets a value, at the end when the name is new. Answers the one it had.
    pub fn insert(&mut self, name: Arc<str>, value: Value) -> Option<Value> {
        self.noted.forget();
        if let Some(own) = self.get_mut(&*name) {
            return Some(std::mem::replace(own, value));
        }
        if let Some(places) = &mut self.places {
            places.insert(name.clone(), self.entries.len());
        }
        self.entries.push((name, value));
        if self.places.is_none() && self.entries.len() > FEW {
            self.index();
        }
        None
    }

    /// Takes an entry out; the others keep their order.
    pub fn remove<N: Borrow<str> + ?Sized>(&mut self, name: &N) -> Option<Value> {
        let place = self.place(name.borrow())?;
        self.noted.forget();
        let (_, value) = self.entries.remove(place);
        self.index();
        Some(value)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&Arc<str>, &mut Value) -> bool) {
        self.noted.forget();
        self.entries.retain_mut(|(name, value)| keep(name, value));
        self.index();
    }

    /// Lets go of room that no entry takes.
    pub fn shrink_to_fit(&mut self) {
        self.entries.shrink_to_fit();
    }

    fn index(&mut self) {
        let many = self.entries.len() > FEW;
        self.places = many.then(|| Box::new(self.entries.iter().enumerate().map(|(i, (name, _))| (name.clone(), i)).collect()));
    }

    pub(super) fn traits(&self) -> Traits {
        self.noted.of_object(self)
    }

    pub fn iter(&self) -> Iter<'_> {
        self.into_iter()
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Arc<str>> + ExactSizeIterator + Clone {
        self.entries.iter().map(|(name, _)| name)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator + Clone {
        self.entries.iter().map(|(_, value)| value)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl Extend<(Arc<str>, Value)> for Object {
    fn extend<I: IntoIterator<Item = (Arc<str>, Value)>>(&mut self, entries: I) {
        let entries = entries.into_iter();
        self.entries.reserve(entries.size_hint().0);
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl FromIterator<(Arc<str>, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(entries: I) -> Self {
        let mut object = Self::new();
        object.extend(entries);
        object.shrink_to_fit();
        object
    }
}

impl<const N: usize> From<[(Arc<str>, Value); N]> for Object {
    fn from(entries: [(Arc<str>, Value); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl IntoIterator for Object {
    type Item = (Arc<str>, Value);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// The entries of an object, in their order.
pub type Iter<'a> = std::iter::Map<std::slice::Iter<'a, (Arc<str>, Value)>, fn(&'a (Arc<str>, Value)) -> (&'a Arc<str>, &'a Value)>;

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a Arc<str>, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter().map(|(name, value)| (name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(names: impl IntoIterator<Item = i64>) -> Object {
        names.into_iter().map(|n| (format!("n{n}").into(), Value::Int(n))).collect()
    }

    #[test]
    fn objects_of_few_and_of_many_do_the_same() {
        for many in [1, 3, 16, 17, 100] {
            let mut all = object(0..many);
            assert!((0..many).all(|n| all.get(&*format!("n{n}")) == Some(&Value::Int(n))), "{many}");
            assert!(!all.contains_key("other") && all.get("other").is_none());
            assert_eq!(all.insert("n0".into(), Value::Null), Some(Value::Int(0)));
            assert_eq!(all.insert("new".into(), Value::Null), None);
            assert_eq!(all.remove("n0"), Some(Value::Null));
            assert_eq!(all.remove("n0"), None);
            let names: Vec<String> = (1..many).map(|n| format!("n{n}")).chain(["new".to_owned()]).collect();
            assert!(all.keys().map(|name| &**name).eq(names.iter().map(String::as_str)), "the order stays");
            assert!(names.iter().all(|name| all.contains_key(name.as_str())), "{many}");
            all.retain(|_, value| *value == Value::Null);
            assert_eq!(all, Object::from([("new".into(), Value::Null)]));
            assert!(all.contains_key("new"));
        }
    }

    #[test]
    fn what_is_noted_of_an_object_is_forgotten_when_it_changes() {
        let unknown = Value::attribute(
            crate::value::Source {
                address: crate::address::Address::root("a", None),
                attribute: "b".into(),
                span: crate::source::Span::new(crate::source::FileId(0), 0, 0),
            },
            crate::types::Type::Int,
            crate::value::Phase::Apply,
        );
        let mut all = object(0..3);
        let weight = |all: &Object| Value::Object(Arc::new(all.clone())).weight();
        assert_eq!(weight(&all), 4);
        all.insert("more".into(), Value::list([Value::Null]));
        assert_eq!(weight(&all), 6);
        all.remove("more");
        assert_eq!(weight(&all), 4);
        *all.get_mut("n0").unwrap() = unknown;
        assert!(all.traits().unknown);
        all.retain(|name, _| &**name != "n0");
        assert!(!all.traits().unknown && weight(&all) == 3);
    }

    #[test]
    fn a_name_counts_once_and_its_last_value() {
        let twice: Object = (0..40).map(|n| (Arc::from(format!("n{}", n % 20)), Value::Int(n))).collect();
        assert_eq!(twice.len(), 20);
        assert_eq!(twice.get("n3"), Some(&Value::Int(23)));
    }

    #[test]
    fn objects_are_equal_in_whatever_order_they_are() {
        for many in [2, 40] {
            assert_eq!(object(0..many), object((0..many).rev()));
            assert_ne!(object(0..many), object(1..=many));
            assert_ne!(object(0..many), object(0..many - 1));
        }
    }
}
