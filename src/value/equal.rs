//! When two values are the same.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Hashing, List, Object, Value};

/// Pairs that are compared before it is noted which were.
const UNNOTED: u64 = 256;

/// A comparison: what is shared in both is compared once.
#[derive(Default)]
pub(super) struct Comparison {
    steps: u64,
    /// Lists and objects that are equal, by their places in memory.
    equal: HashSet<(usize, usize), Hashing>,
}

/// Equal in meaning. An unknown equals only itself; secrets are equal when both are references to, or texts of, the same.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        Comparison::default().of(self, other)
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        Comparison::default().rows(self, other)
    }
}

/// The same names with the same values, in whatever order.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        Comparison::default().objects(self, other)
    }
}

impl Value {
    /// Whether the two are equal, and how many values were looked at for it.
    pub(crate) fn compare(&self, other: &Value) -> (bool, u64) {
        let mut comparison = Comparison::default();
        let equal = comparison.of(self, other);
        (equal, comparison.steps)
    }
}

impl Comparison {
    fn of(&mut self, a: &Value, b: &Value) -> bool {
        self.steps += 1;
        match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            #[allow(clippy::cast_precision_loss, reason = "the language's Int and Float compare as Float")]
            (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
            (Value::String(a), Value::String(b)) => {
                self.steps += (a.len().min(b.len()) / 16) as u64;
                a == b
            }
            (Value::Cidr(a), Value::Cidr(b)) => a == b,
            (Value::Ip(a), Value::Ip(b)) => a == b,
            (Value::Size(a), Value::Size(b)) => a == b,
            (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Version(a), Value::Version(b)) => a == b,
            (Value::List(a), Value::List(b)) => self.once(a, b, Self::rows),
            (Value::Object(a), Value::Object(b)) => self.once(a, b, Self::objects),
            (Value::Unknown(a), Value::Unknown(b)) => Arc::ptr_eq(a, b),
            (Value::Secret(a), Value::Secret(b)) => a == b,
            (Value::Handle(a), Value::Handle(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Two that are not equal end the whole comparison, so only those that are need noting.
    fn once<T>(&mut self, a: &Arc<T>, b: &Arc<T>, compare: impl FnOnce(&mut Self, &T, &T) -> bool) -> bool {
        let pair = (Arc::as_ptr(a) as usize, Arc::as_ptr(b) as usize);
        if pair.0 == pair.1 || (self.steps > UNNOTED && self.equal.contains(&pair)) {
            return true;
        }
        let equal = compare(self, a, b);
        if equal && self.steps > UNNOTED {
            self.equal.insert(pair);
        }
        equal
    }

    fn rows(&mut self, a: &List, b: &List) -> bool {
        a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| self.of(a, b))
    }

    /// Most objects that are compared have the same order, and then nothing is looked up.
    fn objects(&mut self, a: &Object, b: &Object) -> bool {
        if a.len() != b.len() {
            return false;
        }
        if a.keys().eq(b.keys()) {
            return a.values().zip(b.values()).all(|(a, b)| self.of(a, b));
        }
        a.iter().all(|(name, value)| b.get(name).is_some_and(|other| self.of(value, other)))
    }
}
