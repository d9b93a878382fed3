//! Values straight to and from JSON text, by type and without a tree in between: for files that hold thousands of resources.
//!
//! The form is that of [`super::value_to_json`] and [`super::value_from_json`].

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::ResourceSchema;
use crate::types::Type;
use crate::value::{Duration, Object, Secret, Size, Value, Version};

/// Writes a value in its JSON form.
pub struct ValueText<'a>(pub &'a Value);

/// Writes an object in its JSON form.
pub struct ObjectText<'a>(pub &'a Object);

impl Serialize for ObjectText<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(name, value)| (&**name, ValueText(value))))
    }
}

impl Serialize for ValueText<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null | Value::Handle(_) => s.serialize_unit(),
            Value::Bool(b) => s.serialize_bool(*b),
            Value::Int(n) => s.serialize_i64(*n),
            Value::Float(n) if n.is_finite() => s.serialize_f64(*n),
            Value::Float(_) => s.serialize_unit(),
            Value::String(text) => s.serialize_str(text),
            Value::Cidr(cidr) => s.collect_str(cidr),
            Value::Ip(ip) => s.collect_str(ip),
            Value::Size(size) => s.collect_str(size),
            Value::Duration(duration) => s.collect_str(duration),
            Value::Version(version) => s.serialize_str(&version.0),
            Value::List(items) => s.collect_seq(items.iter().map(ValueText)),
            Value::Object(entries) => ObjectText(entries).serialize(s),
            Value::Unknown(unknown) => one_entry(s, "$unknown", &format!("{}.{}", unknown.source.address, unknown.source.attribute)),
            Value::Secret(Secret::Fingerprint(print)) => one_entry(s, "$secret", print),
            Value::Secret(_) => one_entry(s, "$secret", ""),
        }
    }
}

fn one_entry<S: Serializer>(s: S, name: &str, text: &str) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(Some(1))?;
    map.serialize_entry(name, text)?;
    map.end()
}

/// Reads one resource type's attributes. Names are shared between all objects that one codec reads.
#[derive(Debug, Clone)]
pub struct ObjectCodec {
    schema: Arc<ResourceSchema>,
    names: HashMap<&'static str, (Arc<str>, usize)>,
}

impl ObjectCodec {
    pub fn new(schema: Arc<ResourceSchema>) -> Self {
        let names = schema.attributes.iter().enumerate().map(|(i, a)| (a.name, (Arc::from(a.name), i))).collect();
        Self { schema, names }
    }

    pub fn schema(&self) -> &Arc<ResourceSchema> {
        &self.schema
    }

    /// The shared spelling of an attribute's name.
    pub fn name(&self, attribute: &str) -> Arc<str> {
        self.names.get(attribute).map_or_else(|| Arc::from(attribute), |(name, _)| name.clone())
    }

    pub fn read(&self, json: &str) -> Result<Object, serde_json::Error> {
        let mut text = serde_json::Deserializer::from_str(json);
        let object = self.deserialize(&mut text)?;
        text.end()?;
        Ok(object)
    }
}

impl<'de> DeserializeSeed<'de> for &ObjectCodec {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Object, D::Error> {
        d.deserialize_map(ObjectVisitor(self))
    }
}

struct ObjectVisitor<'a>(&'a ObjectCodec);

impl<'de> Visitor<'de> for ObjectVisitor<'_> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the attributes of a `{}`", self.0.schema.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut object = Object::new();
        while let Some(key) = map.next_key_seed(TextSeed)? {
            let known = self.0.names.get(&*key);
            let ty = known.and_then(|(_, i)| self.0.schema.attributes.get(*i)).map_or(&Type::Json, |a| &a.ty);
            let value = map.next_value_seed(ValueSeed(ty))?;
            object.insert(known.map_or_else(|| Arc::from(&*key), |(name, _)| name.clone()), value);
        }
        object.shrink_to_fit();
        Ok(object)
    }
}

/// A key, borrowed where the text allows it.
struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = std::borrow::Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = std::borrow::Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }
}

/// Reads a value of a type.
pub struct ValueSeed<'a>(pub &'a Type);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl ValueSeed<'_> {
    fn is_document(&self) -> bool {
        matches!(self.0.required(), Type::Json | Type::Error)
    }

    /// Says the kind of what was found, never the thing itself.
    fn wrong<E: de::Error>(&self, found: &str) -> E {
        E::custom(format!("should be {} and is {found}", self.0))
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {}", self.0)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, b: bool) -> Result<Value, E> {
        match self.0.required() {
            Type::Bool | Type::Json | Type::Error => Ok(Value::Bool(b)),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<Value, E> {
        match self.0.required() {
            Type::Int | Type::Json | Type::Error => Ok(Value::Int(n)),
            #[allow(clippy::cast_precision_loss, reason = "an Int stands for a Float by the language's rule")]
            Type::Float => Ok(Value::Float(n as f64)),
            _ => Err(self.wrong("a number")),
        }
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Value, E> {
        match i64::try_from(n) {
            Ok(n) => self.visit_i64(n),
            #[allow(clippy::cast_precision_loss, reason = "JSON's numbers beyond an Int are Floats")]
            Err(_) => self.visit_f64(n as f64),
        }
    }

    fn visit_f64<E: de::Error>(self, n: f64) -> Result<Value, E> {
        match self.0.required() {
            Type::Float | Type::Json | Type::Error => Ok(Value::Float(n)),
            _ => Err(self.wrong("a number")),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        let wrong = || self.wrong("a text");
        Ok(match self.0.required() {
            Type::String | Type::Union(_) | Type::Id(_) | Type::Arn(_) | Type::Secret(_) | Type::Json | Type::Error => Value::str(text),
            Type::Cidr => Value::Cidr(text.parse().map_err(|_| wrong())?),
            Type::Ip => Value::Ip(text.parse().map_err(|_| wrong())?),
            Type::Size => Value::Size(Size::parse(text).ok_or_else(wrong)?),
            Type::Duration => Value::Duration(Duration::parse(text).ok_or_else(wrong)?),
            Type::Version => Value::Version(Version(text.into())),
            _ => return Err(wrong()),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let of = match self.0.required() {
            Type::List(of) => of,
            _ if self.is_document() => &Type::Json,
            _ => return Err(self.wrong("a list")),
        };
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0));
        while let Some(item) = seq.next_element_seed(ValueSeed(of))? {
            items.push(item);
        }
        Ok(Value::List(Arc::new(items.into())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Object::default();
        while let Some(key) = map.next_key_seed(TextSeed)? {
            if key == "$secret" {
                let print = map.next_value_seed(TextSeed)?;
                return match map.next_key_seed(TextSeed)? {
                    None => Ok(Value::Secret(Secret::fingerprint(print))),
                    Some(_) => Err(de::Error::custom("a secret with more than a fingerprint")),
                };
            }
            let (name, ty) = match self.0.required() {
                Type::Map(of) => (Arc::from(&*key), &**of),
                Type::Record(record) => match record.field(&key) {
                    Some(field) => (field.name.clone(), &field.ty),
                    None => (Arc::from(&*key), &Type::Json),
                },
                _ if self.is_document() => (Arc::from(&*key), &Type::Json),
                _ => return Err(self.wrong("an object")),
            };
            entries.insert(name, map.next_value_seed(ValueSeed(ty))?);
        }
        match self.0.required() {
            Type::Map(_) | Type::Record(_) | Type::Json | Type::Error => Ok(Value::Object(Arc::new(entries))),
            _ => Err(self.wrong("an object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{value_from_json, value_to_json};
    use crate::types::{Field, Record};

    fn record() -> Type {
        let field = |name: &str, ty| Field { name: name.into(), ty, optional: true, doc: "".into() };
        Type::Record(Arc::new(Record::new(
            None,
            vec![
                field("size", Type::Size),
                field("age", Type::optional(Type::Duration)),
                field("nets", Type::list(Type::Cidr)),
                field("tags", Type::map(Type::String)),
                field("ratio", Type::Float),
                field("doc", Type::Json),
                field("key", Type::secret(Type::String)),
            ],
        )))
    }

    #[test]
    fn text_and_tree_say_the_same() {
        let json = serde_json::json!({
            "size": "10GiB", "age": "1h30m", "nets": ["10.0.0.0/16"], "tags": {"a \"b\"": "c\n"},
            "ratio": 2, "doc": {"Statement": [{"x": null, "n": 1.5}]}, "key": {"$secret": "f00d"},
        });
        let from_tree = value_from_json(&json, &record()).unwrap();
        let mut text = serde_json::Deserializer::from_str("");
        assert!(ValueSeed(&record()).deserialize(&mut text).is_err());
        let written = serde_json::to_string(&json).unwrap();
        let mut text = serde_json::Deserializer::from_str(&written);
        let from_text = ValueSeed(&record()).deserialize(&mut text).unwrap();
        assert_eq!(from_text, from_tree.clone());
        let back: serde_json::Value = serde_json::from_str(&serde_json::to_string(&ValueText(&from_tree)).unwrap()).unwrap();
        assert_eq!(back, value_to_json(&from_tree));
    }

    #[test]
    fn what_has_not_the_type_is_refused() {
        for (text, ty) in
            [("1", Type::String), ("\"x\"", Type::Size), ("{}", Type::list(Type::Int)), ("[1]", Type::Int), ("1.5", Type::Int)]
        {
            assert!(ValueSeed(&ty).deserialize(&mut serde_json::Deserializer::from_str(text)).is_err(), "{text} as {ty}");
        }
        let error = ValueSeed(&Type::Int).deserialize(&mut serde_json::Deserializer::from_str("\"hunter2\"")).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
