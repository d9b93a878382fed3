//! Values: what the language computes, what providers take and give, what the state keeps.

mod equal;
mod known;
mod list;
mod object;
mod traits;

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::address::Address;
use crate::source::Span;
use crate::types::Type;

pub use known::Computed;
pub use list::List;
pub use object::Object;

/// How names are hashed: with a seed of each map's own, so that nobody can prepare names that collide, and in a fraction of what the
/// standard library's takes.
pub type Hashing = foldhash::fast::RandomState;

/// Largest value that leaves a program, by [`Value::weight`]: whatever reads it from there on looks at each part where it stands.
pub const MAX_WEIGHT: u64 = 2_000_000;
/// Most levels of one value. Whatever looks into a value goes one call deeper for each.
pub const MAX_DEPTH: u16 = 500;

/// A value of the language.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(Arc<str>),
    /// A network; host bits are kept as written and refused by the checker.
    Cidr(IpNet),
    Ip(IpAddr),
    Size(Size),
    Duration(Duration),
    Version(Version),
    List(Arc<List>),
    /// A record or a map.
    Object(Arc<Object>),
    /// Known later; says what it waits for.
    Unknown(Arc<Unknown>),
    /// Cannot be shown. There is no way from here to the text but [`Secret::expose`].
    Secret(Secret),
    /// A resource, component or function: lives only while the program is evaluated.
    Handle(Arc<dyn Handle>),
}

/// A thing of the evaluator's own that can be passed around as a value.
pub trait Handle: Any + fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
}

/// When a value becomes known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Known from the text and the chosen environment.
    Check,
    /// Known after lookups, before anything is changed.
    Plan,
    /// Known once the resource it comes from is created or changed.
    Apply,
}

/// A value that is not known yet.
#[derive(Debug)]
pub struct Unknown {
    pub ty: Type,
    pub phase: Phase,
    /// The attribute it first waits for.
    pub source: Source,
    /// How to compute it when more is known; `None` when it is that attribute and nothing else.
    pub deferred: Option<Box<dyn Deferred>>,
}

/// The attribute a value comes from, and where the program says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub address: Address,
    pub attribute: Arc<str>,
    pub span: Span,
}

/// The rest of a computation that waits for attributes.
pub trait Deferred: fmt::Debug + Send + Sync {
    /// Computes as far as `known` allows: the answer may be, or hold, an unknown again.
    fn force(&self, known: &dyn Known) -> Result<Value, EvalFailure>;

    /// The attribute that the value is in another form.
    fn reference(&self) -> Option<&Source> {
        None
    }

    /// Adds the unknown values that the computation may ask for.
    fn needs(&self, found: &mut Vec<Arc<Unknown>>) {
        let _ = found;
    }
}

/// What is known of resources so far.
pub trait Known {
    /// The value of an attribute, `None` while it is not known.
    fn attribute(&self, address: &Address, attribute: &str) -> Option<Value>;

    /// What was computed already, while one value is.
    fn computed(&self) -> Option<&Computed> {
        None
    }
}

/// Why a computation on now-known values failed (`1 / 0`, an index that is not there).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct EvalFailure {
    pub message: String,
    /// A way out, where there is one.
    pub help: Option<String>,
    pub span: Span,
}

impl Value {
    pub fn str(text: impl Into<Arc<str>>) -> Value {
        Value::String(text.into())
    }

    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::List(Arc::new(items.into_iter().collect()))
    }

    pub fn object<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Object(Arc::new(entries.into_iter().map(|(k, v)| (k.into(), v)).collect()))
    }

    /// What an attribute will be.
    pub fn attribute(source: Source, ty: Type, phase: Phase) -> Value {
        Value::Unknown(Arc::new(Unknown { ty, phase, source, deferred: None }))
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The first unknown in the value, itself included.
    pub fn unknown(&self) -> Option<&Arc<Unknown>> {
        match self {
            Value::Unknown(unknown) => Some(unknown),
            value if !value.traits().unknown => None,
            Value::List(items) => items.iter().find_map(Value::unknown),
            Value::Object(entries) => entries.values().find_map(Value::unknown),
            Value::Secret(secret) => match secret {
                Secret::Reference(reference) => reference.argument.unknown(),
                Secret::Plain(_) | Secret::Fingerprint(_) => None,
            },
            _ => None,
        }
    }

    /// Adds the attributes that stand in this value. False when something in it is computed from attributes, and more than these may count.
    pub(crate) fn references<'v>(&'v self, found: &mut Vec<&'v Source>) -> bool {
        self.each_unknown(&mut HashSet::default(), &mut |unknown| {
            found.extend(unknown.reference());
            unknown.reference().is_some()
        })
    }

    /// Adds the unknown values in this one, each list and object of them once.
    pub(crate) fn unknowns(&self, found: &mut Vec<Arc<Unknown>>) {
        self.each_unknown(&mut HashSet::default(), &mut |unknown| {
            found.push(unknown.clone());
            true
        });
    }

    /// Goes over the handles in this value, each list and object of them once.
    pub(crate) fn each_handle<'v>(&'v self, each: &mut dyn FnMut(&'v dyn Any)) {
        self.handles(&mut HashSet::default(), each);
    }

    fn handles<'v>(&'v self, seen: &mut HashSet<usize, Hashing>, each: &mut dyn FnMut(&'v dyn Any)) {
        match self {
            Value::Handle(handle) => each(handle.as_any()),
            value if !value.traits().handle => {}
            Value::List(items) if seen.insert(Arc::as_ptr(items) as usize) => items.iter().for_each(|item| item.handles(seen, each)),
            Value::Object(entries) if seen.insert(Arc::as_ptr(entries) as usize) => {
                entries.values().for_each(|value| value.handles(seen, each));
            }
            _ => {}
        }
    }

    /// Returns whether one of the unknown values in this one is such.
    pub(crate) fn any_unknown(&self, is_such: &dyn Fn(&Unknown) -> bool) -> bool {
        !self.each_unknown(&mut HashSet::default(), &mut |unknown| !is_such(unknown))
    }

    /// Goes over what is unknown while `each` says so; what is shared is come upon once.
    fn each_unknown<'v>(&'v self, seen: &mut HashSet<usize, Hashing>, each: &mut dyn FnMut(&'v Arc<Unknown>) -> bool) -> bool {
        match self {
            Value::Unknown(unknown) => each(unknown),
            value if !value.traits().unknown => true,
            Value::List(items) => !seen.insert(Arc::as_ptr(items) as usize) || items.iter().all(|item| item.each_unknown(seen, each)),
            Value::Object(entries) => {
                !seen.insert(Arc::as_ptr(entries) as usize) || entries.values().all(|value| value.each_unknown(seen, each))
            }
            Value::Secret(Secret::Reference(reference)) => reference.argument.each_unknown(seen, each),
            _ => true,
        }
    }
}

/// An amount of data, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Size(pub u64);

/// Binary and decimal units, largest first.
const SIZE_UNITS: [(&str, u64); 11] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("PB", 1_000_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

impl Size {
    pub const fn gib(n: u64) -> Self {
        Self(n << 30)
    }

    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// `100GiB`, `1MB`, `12B`; `None` on another unit or an overflow.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at_checked(digits)?;
        let factor = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?.1;
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = SIZE_UNITS.iter().find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor)).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

/// A span of time, in seconds. There are no months and years: their length varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(pub i64);

const DURATION_UNITS: [(&str, i64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

impl Duration {
    pub const fn seconds(n: i64) -> Self {
        Self(n)
    }

    pub const fn minutes(n: i64) -> Self {
        Self(n * 60)
    }

    pub const fn days(n: i64) -> Self {
        Self(n * 86_400)
    }

    /// `30d`, `1h30m`; `None` on another unit, one that is not smaller than that before it, or an overflow.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut units = DURATION_UNITS.iter();
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, tail) = rest.split_at_checked(digits)?;
            let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at_checked(end)?;
            let factor = units.find(|(name, _)| *name == unit)?.1;
            total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(factor)?)?;
            rest = tail;
        }
        (!text.is_empty()).then_some(Self(total))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        if rest == 0 {
            return f.write_str("0s");
        }
        // Weeks only when whole: `30d` reads better than `4w2d`.
        for (unit, factor) in DURATION_UNITS {
            let factor = factor.unsigned_abs();
            if unit == "w" && (!rest.is_multiple_of(factor) || rest < 5 * factor) {
                continue;
            }
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

/// A day, `2027-01-31`, of the calendar that begins each day at midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// `None` for what is not written `YYYY-MM-DD`, or is in no calendar.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits && part.chars().all(|c| c.is_ascii_digit()))?;
            part.parse::<u16>().ok()
        };
        let (year, month, day) = (number(4)?, u8::try_from(number(2)?).ok()?, u8::try_from(number(2)?).ok()?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1..=last).contains(&day) && parts.next().is_none()).then_some(Self { year, month, day })
    }

    /// The day of a moment, in seconds since 1970.
    pub fn of_unix(seconds: u64) -> Self {
        // Howard Hinnant's `civil_from_days`: eras of 400 years that begin on the first of March.
        let days = seconds / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let small = |n: u64| u8::try_from(n).unwrap_or(1);
        Self { year: u16::try_from(year).unwrap_or(9999), month: small(month), day: small(day) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A dotted version, `15.4` or `1.28`. Written as a string; compared part by part, so `1.9 < 1.28`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(pub Arc<str>);

impl Version {
    /// `15` covers `15.4`, and `7.0` covers `7.0.7`: what the program says is a prefix, part by part, of what runs.
    pub fn covers(&self, running: &Version) -> bool {
        running.0.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    fn parts(&self) -> impl Iterator<Item = (u64, &str)> {
        self.0.split('.').map(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let (number, rest) = part.split_at_checked(digits).unwrap_or((part, ""));
            (number.parse().unwrap_or(0), rest)
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.parts().cmp(other.parts()).then_with(|| self.0.cmp(&other.0))
    }
}

/// A secret: a reference into a store, its text for as long as a provider call needs it, or what the state keeps of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Secret {
    /// Not fetched. `secret.aws("id")`
    Reference(Arc<SecretReference>),
    /// Fetched, in memory only.
    Plain(SecretText),
    /// HMAC of the text under the state's key: enough to see that it changed. Behind one pointer, so that a [`Value`] is no larger than a text.
    Fingerprint(Arc<String>),
}

impl Secret {
    pub fn fingerprint(print: impl Into<String>) -> Self {
        Self::Fingerprint(Arc::new(print.into()))
    }

    /// The text, when it was fetched. Only for the argument of a provider's call.
    pub fn expose(&self) -> Option<&str> {
        match self {
            Secret::Plain(text) => Some(text.expose()),
            Secret::Reference(_) | Secret::Fingerprint(_) => None,
        }
    }
}

/// Where a secret lives.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretReference {
    pub store: SecretStore,
    /// Id, name, path: what the store looks it up by. May be unknown until apply.
    pub argument: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretStore {
    /// AWS Secrets Manager; the argument is a name or an ARN.
    Aws,
    /// An environment variable of the process that applies.
    Env,
    /// A file inside the project.
    File,
    /// HashiCorp Vault, `path#key`.
    Vault,
    /// Not a store: the argument is a list of texts and secrets, and the secret is all of them joined.
    Text,
}

/// The text of a secret. Neither `Debug` nor `Display` shows it; it is wiped when the last copy is dropped.
#[derive(Clone)]
pub struct SecretText(Arc<SecretWithParts>);

struct SecretWithParts {
    whole: zeroize::Zeroizing<String>,
    /// Secrets that it was composed of.
    parts: Vec<SecretText>,
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.whole == other.0.whole
    }
}

impl Eq for SecretText {}

impl SecretText {
    pub fn new(text: impl Into<String>) -> Self {
        Self::composed(text, Vec::new())
    }

    /// A text with other secrets in it, which stay secrets of their own: a service may quote one of them.
    pub fn composed(text: impl Into<String>, parts: Vec<SecretText>) -> Self {
        Self(Arc::new(SecretWithParts { whole: zeroize::Zeroizing::new(text.into()), parts }))
    }

    /// The secrets that it was composed of.
    pub fn parts(&self) -> &[SecretText] {
        &self.0.parts
    }

    /// The text itself. Only for the argument of a provider's call and for the fingerprint.
    pub fn expose(&self) -> &str {
        &self.0.whole
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// The texts of all secrets in a value; an empty one is none.
pub(crate) fn texts_of_secrets(value: &Value) -> Vec<&SecretText> {
    match value {
        value if !value.holds_secret() => Vec::new(),
        Value::Secret(Secret::Plain(text)) if !text.expose().is_empty() => vec![text],
        Value::List(items) => items.iter().flat_map(texts_of_secrets).collect(),
        Value::Object(entries) => entries.values().flat_map(texts_of_secrets).collect(),
        _ => Vec::new(),
    }
}

/// An object in which nothing is unknown: the only thing that providers take and give.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResolvedObject(Object);

impl ResolvedObject {
    /// `Err` with the first unknown when one is left.
    pub fn new(object: Object) -> Result<Self, Arc<Unknown>> {
        let unknown = object.values().find_map(Value::unknown).cloned();
        unknown.map_or(Ok(Self(object)), Err)
    }

    pub fn into_object(self) -> Object {
        self.0
    }
}

impl std::ops::Deref for ResolvedObject {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_small() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn sizes_and_durations_survive_text() {
        for text in ["100GiB", "1GB", "12B", "1025MiB"] {
            assert_eq!(Size::parse(text).unwrap().to_string(), text);
        }
        for text in ["30d", "15m", "1h30m", "0s", "7d", "35d", "90s"] {
            assert_eq!(Duration::parse(text), Duration::parse(&Duration::parse(text).unwrap().to_string()));
        }
        assert_eq!(Duration::days(30).to_string(), "30d");
        assert!(Size::parse("99999999999PiB").is_none());
        assert!(Duration::parse("3").is_none());
    }

    #[test]
    fn days_are_of_the_calendar_and_in_its_order() {
        let day = |text: &str| Date::parse(text).unwrap();
        assert!(day("2026-12-31") < day("2027-01-01") && day("2027-01-31") < day("2027-02-01"));
        for wrong in ["2027-02-29", "2027-13-01", "2027-00-10", "2027-1-1", "27-01-01", "2027-01-01T00", "2027-01-01-", "tomorrow", ""] {
            assert_eq!(Date::parse(wrong), None, "{wrong}");
        }
        for (seconds, text) in
            [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_798_761_599, "2026-12-31"), (1_798_761_600, "2027-01-01")]
        {
            assert_eq!(Date::of_unix(seconds), day(text));
            assert_eq!(Date::of_unix(seconds).to_string(), text);
        }
    }

    #[test]
    fn versions_compare_by_part() {
        let v = |t: &str| Version(t.into());
        assert!(v("1.9") < v("1.28"));
        assert!(v("15.4") < v("15.10"));
        assert!(v("15") < v("15.1"));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Value::Secret(Secret::Plain(SecretText::new("hunter2")));
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
