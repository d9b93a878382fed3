//! Values as JSON, streamed: the form of [`crate::schema::value_to_json`], without a tree in between.
//!
//! `{"$secret": "…"}` is a secret's fingerprint; a key of the user's own that starts with `$` gets a second `$`.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::address::Address;
use crate::schema::Registry;
use crate::types::Type;
use crate::value::{Duration, Hashing, Object, Secret, Size, Value, Version};

/// How deep a stored value may nest: under the limit of JSON readers, 128, with room for what is around it.
const DEPTH: usize = 100;

/// Why a value cannot be stored: the path to it, and what it is.
pub fn unstorable(object: &Object) -> Option<(String, &'static str)> {
    object.iter().find_map(|(name, value)| refuse(value, DEPTH).map(|what| (name.to_string(), what)))
}

fn refuse(value: &Value, depth: usize) -> Option<&'static str> {
    let Some(deeper) = depth.checked_sub(1) else { return Some("nested more than 100 levels deep") };
    match value {
        Value::Secret(Secret::Plain(_)) => Some("the text of a secret"),
        Value::Secret(Secret::Reference(_)) => Some("a secret that was not fetched"),
        Value::Unknown(_) => Some("not known yet"),
        Value::Handle(_) => Some("a resource or function"),
        Value::Float(number) if !number.is_finite() => Some("not a number"),
        Value::List(items) => items.iter().find_map(|item| refuse(item, deeper)),
        Value::Object(entries) => entries.values().find_map(|entry| refuse(entry, deeper)),
        _ => None,
    }
}

/// A value on its way out. Only for what [`unstorable`] let pass.
struct Out<'a>(&'a Value);

impl Serialize for Out<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null | Value::Handle(_) | Value::Unknown(_) => s.serialize_unit(),
            Value::Bool(b) => s.serialize_bool(*b),
            Value::Int(n) => s.serialize_i64(*n),
            Value::Float(n) => s.serialize_f64(*n),
            Value::String(text) => s.serialize_str(text),
            Value::Cidr(net) => s.collect_str(net),
            Value::Ip(ip) => s.collect_str(ip),
            Value::Size(size) => s.collect_str(size),
            Value::Duration(time) => s.collect_str(time),
            Value::Version(version) => s.serialize_str(&version.0),
            Value::List(items) => {
                let mut list = s.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Out(item)))?;
                list.end()
            }
            Value::Object(entries) => {
                let mut map = s.serialize_map(Some(entries.len()))?;
                for (key, value) in entries.iter() {
                    match key.starts_with('$') {
                        true => map.serialize_entry(&format!("${key}"), &Out(value))?,
                        false => map.serialize_entry(&**key, &Out(value))?,
                    }
                }
                map.end()
            }
            Value::Secret(secret) => {
                let print = if let Secret::Fingerprint(print) = secret { print } else { "" };
                let mut map = s.serialize_map(Some(1))?;
                map.serialize_entry("$secret", print)?;
                map.end()
            }
        }
    }
}

/// Attributes on their way out, less those that `except` has with the same value.
pub struct Attributes<'a> {
    object: &'a Object,
    except: Option<&'a Object>,
}

impl<'a> Attributes<'a> {
    pub fn all(object: &'a Object) -> Self {
        Self { object, except: None }
    }

    pub fn differing(object: &'a Object, except: &'a Object) -> Self {
        Self { object, except: Some(except) }
    }

    /// What `except` names comes first, in its order: read back, the same state has the same bytes.
    fn entries(&self) -> impl Iterator<Item = (&'a Arc<str>, &'a Value)> {
        let object = self.object;
        let except = self.except;
        let named = except.into_iter().flat_map(|other| other.iter()).filter_map(move |(name, other)| {
            let (name, value) = object.get_key_value(&**name)?;
            (!identical(other, value)).then_some((name, value))
        });
        named.chain(object.iter().filter(move |(name, _)| except.is_none_or(|other| !other.contains_key(*name))))
    }

    pub fn is_empty(&self) -> bool {
        self.entries().next().is_none()
    }
}

/// Equal, and of the same kind: `1` and `1.0` are equal in the language, and two things here.
fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(_), Value::Float(_)) | (Value::Float(_), Value::Int(_)) => false,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| identical(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|other| identical(v, other)))
        }
        (a, b) => a == b,
    }
}

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(None)?;
        for (name, value) in self.entries() {
            map.serialize_entry(&**name, &Out(value))?;
        }
        map.end()
    }
}

/// Text that is borrowed from the input where it has no escapes.
pub struct Text<'a>(pub std::borrow::Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(text.to_owned().into()))
            }
        }
        d.deserialize_str(Borrowing)
    }
}

/// What one reading shares: the schemas, and names and addresses that occur over and over.
pub struct Reader<'r> {
    registry: &'r Registry,
    types: RefCell<HashMap<Arc<str>, Rc<TypeNames<'r>>, Hashing>>,
    names: RefCell<HashSet<Arc<str>, Hashing>>,
    addresses: RefCell<HashMap<Box<str>, Address, Hashing>>,
    /// Entries of the objects that are being read, the innermost last: only when all are there it is known how much room they take.
    entries: RefCell<Vec<(Arc<str>, Value)>>,
}

/// A resource type's name and attributes. Empty for a type that this plat does not know.
pub struct TypeNames<'r> {
    pub name: Arc<str>,
    attributes: HashMap<&'r str, (Arc<str>, &'r Type)>,
}

impl<'r> Reader<'r> {
    pub fn new(registry: &'r Registry) -> Self {
        Self { registry, types: RefCell::default(), names: RefCell::default(), addresses: RefCell::default(), entries: RefCell::default() }
    }

    pub fn resource_type(&self, name: &str) -> Rc<TypeNames<'r>> {
        if let Some(known) = self.types.borrow().get(name) {
            return known.clone();
        }
        let attributes = self.registry.get(name).map(|schema| schema.attributes.iter());
        let attributes = attributes.into_iter().flatten().map(|a| (a.name, (self.name(a.name), &a.ty))).collect();
        let names = Rc::new(TypeNames { name: self.name(name), attributes });
        self.types.borrow_mut().insert(names.name.clone(), names.clone());
        names
    }

    pub fn name(&self, text: &str) -> Arc<str> {
        if let Some(known) = self.names.borrow().get(text) {
            return known.clone();
        }
        let name: Arc<str> = text.into();
        self.names.borrow_mut().insert(name.clone());
        name
    }

    /// Texts that are short are often the same.
    fn text(&self, text: &str) -> Value {
        if text.len() <= 64 { Value::String(self.name(text)) } else { Value::str(text) }
    }

    pub fn address(&self, text: &str) -> Result<Address, String> {
        if let Some(known) = self.addresses.borrow().get(text) {
            return Ok(known.clone());
        }
        let address: Address = text.parse().map_err(|bad: crate::address::BadAddress| bad.to_string())?;
        self.addresses.borrow_mut().insert(text.into(), address.clone());
        Ok(address)
    }

    fn open_entries(&self) -> usize {
        self.entries.borrow().len()
    }

    /// The object of the entries from `first` on. A key that is there twice is not what plat wrote.
    fn object<E: serde::de::Error>(&self, first: usize) -> Result<Object, E> {
        let mut entries = self.entries.borrow_mut();
        let mut object = Object::with_capacity(entries.len() - first);
        for (key, value) in entries.drain(first..) {
            if object.contains_key(&key) {
                return Err(E::custom(format!("`{key}` is there twice")));
            }
            object.insert(key, value);
        }
        Ok(object)
    }

    /// Reads the attributes of a resource of type `of`.
    pub fn attributes(&self, json: &serde_json::value::RawValue, of: &TypeNames<'r>) -> Result<Object, String> {
        let mut input = serde_json::Deserializer::from_str(json.get());
        AttributesSeed { reader: self, of }.deserialize(&mut input).map_err(|error| error.to_string())
    }
}

struct AttributesSeed<'a, 'r> {
    reader: &'a Reader<'r>,
    of: &'a TypeNames<'r>,
}

impl<'de> DeserializeSeed<'de> for AttributesSeed<'_, '_> {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Object, D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AttributesSeed<'_, '_> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let first = self.reader.open_entries();
        while let Some(Text(key)) = map.next_key()? {
            let (name, ty) = match self.of.attributes.get(&*key) {
                Some((name, ty)) => (name.clone(), *ty),
                None => (self.reader.name(&key), &Type::Json),
            };
            let value = map.next_value_seed(ValueSeed { reader: self.reader, ty })?;
            self.reader.entries.borrow_mut().push((name, value));
        }
        self.reader.object(first)
    }
}

/// One value of the type its schema gives it. What does not fit the type is kept as it is: a schema that changed between
/// two versions of plat makes a difference to plan, not a state that cannot be read.
#[derive(Clone, Copy)]
struct ValueSeed<'a, 'r> {
    reader: &'a Reader<'r>,
    ty: &'a Type,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Value, E> {
        #[allow(clippy::cast_precision_loss, reason = "an Int stands for a Float by the language's rule")]
        Ok(if *self.ty.required() == Type::Float { Value::Float(n as f64) } else { Value::Int(n) })
    }

    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Value, E> {
        #[allow(clippy::cast_precision_loss, reason = "the language has no greater Int")]
        i64::try_from(n).map_or(Ok(Value::Float(n as f64)), |n| self.visit_i64(n))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Value, E> {
        Ok(Value::Float(n))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        let typed = match self.ty.required() {
            Type::Cidr => text.parse().ok().map(Value::Cidr),
            Type::Ip => text.parse().ok().map(Value::Ip),
            Type::Size => Size::parse(text).map(Value::Size),
            Type::Duration => Duration::parse(text).map(Value::Duration),
            Type::Version => Some(Value::Version(Version(text.into()))),
            _ => None,
        };
        // A text that would be written differently is kept as text.
        Ok(typed.filter(|value| writes_as(value, text)).unwrap_or_else(|| self.reader.text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let ty = if let Type::List(of) = self.ty.required() { of } else { &Type::Json };
        let mut items = Vec::with_capacity(list.size_hint().unwrap_or(0));
        while let Some(item) = list.next_element_seed(ValueSeed { ty, ..self })? {
            items.push(item);
        }
        items.shrink_to_fit();
        Ok(Value::List(Arc::new(items.into())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let first = self.reader.open_entries();
        while let Some(Text(key)) = map.next_key()? {
            if key == "$secret" && self.reader.open_entries() == first {
                let Text(print) = map.next_value()?;
                return match map.next_key::<Text<'_>>()? {
                    None => Ok(Value::Secret(Secret::fingerprint(print))),
                    Some(_) => Err(A::Error::custom("a secret has one member")),
                };
            }
            let name = match key.strip_prefix('$') {
                None => self.reader.name(&key),
                Some(own) if own.starts_with('$') => self.reader.name(own),
                Some(_) => return Err(A::Error::custom(format!("`{key}` means nothing here"))),
            };
            let ty = match self.ty.required() {
                Type::Map(of) => of,
                Type::Record(record) => record.field(&name).map_or(&Type::Json, |field| &field.ty),
                _ => &Type::Json,
            };
            let value = map.next_value_seed(ValueSeed { ty, ..self })?;
            self.reader.entries.borrow_mut().push((name, value));
        }
        Ok(Value::Object(Arc::new(self.reader.object(first)?)))
    }
}

fn writes_as(value: &Value, text: &str) -> bool {
    struct Same<'a>(&'a str);
    impl fmt::Write for Same<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Same(text);
    let written = match value {
        Value::Cidr(net) => fmt::write(&mut rest, format_args!("{net}")),
        Value::Ip(ip) => fmt::write(&mut rest, format_args!("{ip}")),
        Value::Size(size) => fmt::write(&mut rest, format_args!("{size}")),
        Value::Duration(time) => fmt::write(&mut rest, format_args!("{time}")),
        _ => return true,
    };
    written.is_ok() && rest.0.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::value_to_json;
    use crate::value::SecretText;

    fn read(json: &str, ty: &Type) -> Value {
        let registry = Registry::default();
        let reader = Reader::new(&registry);
        ValueSeed { reader: &reader, ty }.deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    fn write(value: &Value) -> String {
        serde_json::to_string(&Out(value)).unwrap()
    }

    #[test]
    fn values_survive_with_their_type() {
        let cases = [
            (r#""10.0.0.0/16""#, Type::Cidr),
            (r#""10.0.0.1""#, Type::Ip),
            (r#""100GiB""#, Type::Size),
            (r#""1h30m""#, Type::Duration),
            (r#""15.4""#, Type::Version),
            (r#"["10.0.0.0/16"]"#, Type::list(Type::Cidr)),
            (r#"{"a":"1GiB"}"#, Type::map(Type::Size)),
            (r#"{"$secret":"ab"}"#, Type::secret(Type::String)),
            ("1", Type::Int),
            ("1.5", Type::Float),
            ("null", Type::optional(Type::Int)),
        ];
        for (json, ty) in cases {
            let value = read(json, &ty);
            assert_eq!(write(&value), json);
            assert_eq!(value, crate::schema::value_from_json(&serde_json::from_str(json).unwrap(), &ty).unwrap(), "{json}");
            assert_eq!(value_to_json(&value).to_string(), json);
        }
        assert!(matches!(read("1", &Type::Float), Value::Float(_)));
    }

    #[test]
    fn what_does_not_fit_its_type_is_kept() {
        for (json, ty) in [(r#""x""#, Type::Cidr), ("true", Type::Size), (r#"["a"]"#, Type::Int), (r#""1024MiB""#, Type::Size)] {
            assert_eq!(write(&read(json, &ty)), json);
        }
    }

    #[test]
    fn a_users_own_dollar_is_no_secret() {
        let tags = Value::object([("$secret", Value::str("x")), ("$$", Value::str("y"))]);
        assert_eq!(write(&tags), r#"{"$$secret":"x","$$$":"y"}"#);
        assert_eq!(read(&write(&tags), &Type::map(Type::String)), tags);
    }

    #[test]
    fn secrets_and_unfinished_values_are_refused() {
        let refused = |value| unstorable(&[(Arc::from("a"), Value::list([value]))].into_iter().collect());
        assert!(refused(Value::Secret(Secret::Plain(SecretText::new("x")))).is_some());
        assert!(refused(Value::Float(f64::NAN)).is_some());
        assert!(refused(Value::Secret(Secret::fingerprint("x"))).is_none());
        let deep = (0..200).fold(Value::Null, |inner, _| Value::list([inner]));
        assert_eq!(refused(deep), Some(("a".to_owned(), "nested more than 100 levels deep")));
    }
}
