//! Identity of a resource instance: `cluster.pool["app"]`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One level of an address: a declaration's name and, under `for`, the key of the instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    pub name: Arc<str>,
    pub key: Option<Arc<str>>,
}

/// Component path, name and key of one resource. A provider's id for the thing is never its identity.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Arc<[Step]>);

/// Text that is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address; one looks like `net.private[\"a\"]`")]
pub struct BadAddress(pub String);

impl Address {
    pub fn root(name: impl Into<Arc<str>>, key: Option<Arc<str>>) -> Self {
        Self(Arc::from([Step { name: name.into(), key }]))
    }

    /// The address of a declaration inside the component that this address names.
    pub fn child(&self, name: impl Into<Arc<str>>, key: Option<Arc<str>>) -> Self {
        self.0.iter().cloned().chain([Step { name: name.into(), key }]).collect::<Vec<_>>().into()
    }

    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// True when `self` is `ancestor` or lies inside it; an ancestor without a key holds all its instances.
    pub fn is_within(&self, ancestor: &Address) -> bool {
        self.0.len() >= ancestor.0.len()
            && self
                .0
                .iter()
                .zip(ancestor.0.iter())
                .all(|(own, other)| own.name == other.name && (other.key.is_none() || own.key == other.key))
    }

    /// Where this goes when what stands at `from` becomes `to`; `None` when that is not about it. A key that is not named
    /// stays.
    ///
    /// What was already put down is never taken up again: `a -> a["x"]` takes the `a` without a key, and
    /// `db -> db.instance` the resource `db` itself, not what lies in a component of that name.
    pub fn moved(&self, from: &Address, to: &Address) -> Option<Address> {
        let depth = from.0.len();
        let inward = to.0.len() > depth && to.is_within(from);
        if !self.is_within(from) || (inward && self.0.len() > depth) {
            return None;
        }
        let mut steps: Vec<Step> = to.0.to_vec();
        let same_depth = steps.len() == depth;
        let last = steps.len().saturating_sub(1);
        for (i, step) in steps.iter_mut().enumerate() {
            let counterpart = if i == last { depth.checked_sub(1) } else { same_depth.then_some(i) };
            let Some(at) = counterpart else { continue };
            let open = from.0.get(at).is_some_and(|from| from.key.is_none());
            match (open, &step.key, self.0.get(at).and_then(|own| own.key.as_ref())) {
                (true, Some(_), Some(_)) => return None,
                (true, None, Some(key)) => step.key = Some(key.clone()),
                _ => {}
            }
        }
        steps.extend(self.0.iter().skip(depth).cloned());
        let target = Address::from(steps);
        (target != *self).then_some(target)
    }
}

impl From<Vec<Step>> for Address {
    fn from(steps: Vec<Step>) -> Self {
        Self(steps.into())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            f.write_str(&step.name)?;
            if let Some(key) = &step.key {
                write!(f, "[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        Self::parse(text, |_| false)
    }
}

impl Address {
    /// Reads an address in whose names `more` letters may stand, too.
    pub(crate) fn parse(text: &str, more: impl Fn(char) -> bool) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        let mut steps = Vec::new();
        let mut chars = text.chars().peekable();
        loop {
            let mut name = String::new();
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_' || more(*c)) {
                name.push(c);
            }
            if name.is_empty() {
                return Err(bad());
            }
            let key = match chars.next_if_eq(&'[') {
                Some(_) => Some(parse_key(&mut chars).ok_or_else(bad)?),
                None => None,
            };
            steps.push(Step { name: name.into(), key });
            match chars.next() {
                None => return Ok(steps.into()),
                Some('.') => {}
                Some(_) => return Err(bad()),
            }
        }
    }
}

/// `"key"]`, after the opening bracket. Quotes may be left out, as shells eat them.
fn parse_key(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Arc<str>> {
    let mut key = String::new();
    let quoted = chars.next_if_eq(&'"').is_some();
    loop {
        match chars.next()? {
            '\\' if quoted => key.push(chars.next()?),
            '"' if quoted => return (chars.next()? == ']').then(|| key.into()),
            ']' if !quoted => return Some(key.into()),
            c => key.push(c),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_text() {
        for text in ["net", "net.private[\"us-west-2a\"]", "a[\"x\\\"]y\"].b.c[\"\"]"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("a[x].b".parse::<Address>().unwrap().to_string(), "a[\"x\"].b");
        for text in ["", ".", "a.", "a[", "a[\"x\"", "a b", "a[x]y"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
