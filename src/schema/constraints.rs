//! What a cloud's registry says of the values of a resource type: the model of one type's constraints, in the
//! words of JSON Schema, and their text form.
//!
//! The text has a line for each type, sorted by name: the name, a space, and an object. A type's line is read
//! when a resource of it is checked for the first time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The constraints of one resource type, read at the first use. Copies share what was read.
#[derive(Clone, Default)]
pub struct Constraints {
    source: Option<Source>,
    shape: Arc<OnceLock<Option<Shape>>>,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    text: &'static str,
    name: &'static str,
}

impl Constraints {
    /// The constraints of the type `name` in `text`.
    pub fn new(text: &'static str, name: &'static str) -> Self {
        Self { source: Some(Source { text, name }), shape: Arc::default() }
    }

    /// What holds of the object of all inputs; `None` when nothing is known of the type.
    pub fn shape(&self) -> Option<&Shape> {
        let source = self.source?;
        self.shape.get_or_init(|| serde_json::from_str(line(source.text, source.name)?).ok()).as_ref()
    }

    /// Reads the constraints from the text of one type.
    ///
    /// # Errors
    /// The text is no JSON, or has a keyword that is not known.
    pub fn parse(text: &'static str) -> Result<Self, serde_json::Error> {
        let shape = serde_json::from_str(text)?;
        Ok(Self { source: Some(Source { text, name: "" }), shape: Arc::new(OnceLock::from(Some(shape))) })
    }
}

impl fmt::Debug for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Constraints").field(&self.source.map(|source| source.name)).finish()
    }
}

/// Finds the object of the type `name`: a binary search over the lines of a sorted text.
fn line(text: &'static str, name: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = text.get(..middle).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1).max(low);
        let here = text.get(start..)?.lines().next()?;
        let (found, body) = here.split_once(' ')?;
        match found.cmp(name) {
            std::cmp::Ordering::Equal => return Some(body),
            std::cmp::Ordering::Less => low = start + here.len() + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// What holds of a value.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Shape {
    // Texts.
    pub pattern: Option<Pattern>,
    /// `ipv4-network`, `ipv6-network`, or the registry's name of what the text is, such as `AWS::EC2::VPC.Id`.
    #[serde(borrow)]
    pub format: Option<&'static str>,
    /// The form of a `format` that has a name in the registry.
    pub format_pattern: Option<Pattern>,
    /// In characters.
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    // Texts, numbers, true and false.
    #[serde(rename = "enum")]
    pub any_of_these: Vec<Scalar>,
    /// The texts, whatever their case.
    pub enum_case_insensitive: Vec<Scalar>,
    #[serde(rename = "const")]
    pub only: Option<Scalar>,
    // Numbers, in the attribute's unit.
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub exclusive_minimum: Option<f64>,
    pub exclusive_maximum: Option<f64>,
    // Networks: the number behind the slash.
    pub prefix_min: Option<u8>,
    pub prefix_max: Option<u8>,
    // Lists.
    pub min_items: Option<usize>,
    pub max_items: Option<usize>,
    pub unique_items: bool,
    pub items: Option<Box<Node>>,
    // Maps.
    pub min_entries: Option<usize>,
    pub max_entries: Option<usize>,
    pub keys: Option<Box<Node>>,
    pub values: Option<Box<Node>>,
    // Records.
    #[serde(borrow)]
    pub properties: BTreeMap<&'static str, Node>,
    #[serde(borrow)]
    pub required: Vec<&'static str>,
    /// Exactly one of them.
    #[serde(borrow)]
    pub required_xor: Vec<&'static str>,
    /// At least one of them.
    #[serde(borrow)]
    pub required_or: Vec<&'static str>,
    /// Numbers that are each at most the next, as far as they are set.
    #[serde(borrow)]
    pub ordered: Vec<&'static str>,
    /// An attribute that is set needs these.
    #[serde(borrow)]
    pub dependent_required: BTreeMap<&'static str, Vec<&'static str>>,
    /// An attribute that is set excludes these.
    #[serde(borrow)]
    pub dependent_excluded: BTreeMap<&'static str, Vec<&'static str>>,
    // Combinations.
    pub all_of: Vec<Node>,
    pub any_of: Vec<Node>,
    pub one_of: Vec<Node>,
    pub not: Option<Box<Node>>,
    #[serde(rename = "if")]
    pub condition: Option<Box<Node>>,
    pub then: Option<Box<Node>>,
    #[serde(rename = "else")]
    pub otherwise: Option<Box<Node>>,
    /// What a violation means, where the keyword does not say it.
    pub message: Option<String>,
    /// What to do about a violation.
    pub help: Option<String>,
    // Of the whole type.
    pub timeouts: Timeouts,
    /// What AWS makes of a value before it answers with it, by attribute: `lower`, `key-arn` …
    #[serde(borrow)]
    pub transforms: BTreeMap<&'static str, String>,
}

/// How long the registry's own handler waits, in minutes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    pub create: Option<u32>,
    pub update: Option<u32>,
    pub delete: Option<u32>,
}

/// A shape, or a place where nothing may be.
#[derive(Debug)]
pub enum Node {
    Shape(Box<Shape>),
    Never,
}

impl Deserialize<'static> for Node {
    fn deserialize<D: Deserializer<'static>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'static> for Either {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a shape, true or false")
            }

            fn visit_bool<E>(self, allowed: bool) -> Result<Node, E> {
                Ok(if allowed { Node::Shape(Box::default()) } else { Node::Never })
            }

            fn visit_map<A: MapAccess<'static>>(self, map: A) -> Result<Node, A::Error> {
                Shape::deserialize(MapAccessDeserializer::new(map)).map(|shape| Node::Shape(Box::new(shape)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// One of the values of an enum.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Bool(bool),
    Number(f64),
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool(value) => value.fmt(f),
            Scalar::Number(value) => value.fmt(f),
            Scalar::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

/// A regular expression, compiled at the first use.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    pub text: String,
    compiled: OnceLock<Option<regex_lite::Regex>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }
}

impl Pattern {
    /// True when `text` matches, and when the pattern is none: a test holds that every one is.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text))
    }

    /// True when the pattern is one that the engine takes.
    pub fn is_valid(&self) -> bool {
        self.regex().is_some()
    }

    fn regex(&self) -> Option<&regex_lite::Regex> {
        self.compiled.get_or_init(|| regex_lite::Regex::new(&self.text).ok()).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "aws.a.A {\"minLength\":1}\naws.b.B {\"minLength\":2}\naws.b.Bb {\"minLength\":3}\naws.c.C {\"minLength\":4}\n";

    #[test]
    fn a_line_is_found_by_its_name() {
        for (name, length) in [("aws.a.A", 1), ("aws.b.B", 2), ("aws.b.Bb", 3), ("aws.c.C", 4)] {
            assert_eq!(Constraints::new(TEXT, name).shape().unwrap().min_length, Some(length), "{name}");
        }
        for name in ["aws.a", "aws.b.C", "z", ""] {
            assert!(Constraints::new(TEXT, name).shape().is_none(), "{name}");
        }
        assert!(Constraints::default().shape().is_none());
    }

    #[test]
    fn a_keyword_that_is_not_known_is_an_error() {
        assert!(Constraints::parse(r#"{"properties":{"a":{"minimun":1}}}"#).is_err());
        let shape = Constraints::parse(r#"{"properties":{"a":false,"b":true,"c":{"enum":["x",1,true]}}}"#).unwrap();
        let properties = &shape.shape().unwrap().properties;
        assert!(matches!(properties["a"], Node::Never));
        let Node::Shape(c) = &properties["c"] else { panic!() };
        assert_eq!(c.any_of_these, [Scalar::Text("x".into()), Scalar::Number(1.0), Scalar::Bool(true)]);
    }
}
