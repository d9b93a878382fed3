//! References among records, found again by the texts that the cloud had made.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::address::Address;
use crate::schema::{Mode, Registry};
use crate::source::Span;
use crate::state::StateFile;
use crate::types::Type;
use crate::value::{Deferred, EvalFailure, Known, Phase, Source, Unknown, Value};

/// Shorter texts stand for too much.
const SHORTEST: usize = 6;

/// A text that the cloud made for an attribute.
#[derive(Debug, Clone)]
struct Made {
    attribute: Arc<str>,
    text: Arc<str>,
}

/// What the cloud had made for each resource.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// The longest first, so that an ARN is found before the id in it.
    made: BTreeMap<Address, Vec<Made>>,
    /// Of all resources, where only one has it.
    exact: HashMap<Arc<str>, Option<(Address, Arc<str>)>>,
}

impl Links {
    pub fn of(state: &StateFile, registry: &Registry) -> Self {
        let mut links = Self::default();
        for (address, record) in &state.resources {
            let Some(schema) = registry.get(&record.type_name) else { continue };
            let by_cloud = |name: &str, mode: &Mode| match mode {
                Mode::Computed => true,
                Mode::Chosen => !record.inputs.contains_key(name),
                Mode::Required | Mode::Optional { .. } => false,
            };
            let mut made: Vec<Made> = Vec::new();
            for attribute in schema.attributes.iter().filter(|a| by_cloud(a.name, &a.mode)) {
                let text = record.observed.get(attribute.name).and_then(Value::as_str).filter(|text| text.len() >= SHORTEST);
                let Some(text) = text.filter(|text| !made.iter().any(|other| *other.text == **text)) else { continue };
                made.push(Made { attribute: attribute.name.into(), text: text.into() });
            }
            for one in &made {
                let owner = || (address.clone(), one.attribute.clone());
                links.exact.entry(one.text.clone()).and_modify(|known| *known = None).or_insert_with(|| Some(owner()));
            }
            made.sort_by_key(|one| std::cmp::Reverse(one.text.len()));
            links.made.insert(address.clone(), made);
        }
        links
    }

    /// `value` with references in place of what was made for `on`, which are told by address and attribute.
    pub fn put_back(&self, value: &Value, on: &[Address], span: Span, told: &mut dyn FnMut(&Address, &Arc<str>)) -> Value {
        if on.is_empty() {
            return value.clone();
        }
        each_text(value, &mut |text| {
            let mut parts = vec![Part::Text(text.clone())];
            for address in on {
                for made in self.made.get(address).into_iter().flatten() {
                    parts = parts.into_iter().flat_map(|part| part.split(address, made)).collect();
                }
            }
            parts.iter().for_each(|part| part.tell(told));
            Template { parts, span }.value()
        })
    }

    /// `value` with references in place of texts that are wholly what was made for one resource.
    pub fn put_back_exactly(&self, value: &Value, span: Span) -> Value {
        each_text(value, &mut |text| {
            let (address, attribute) = self.exact.get(text)?.clone()?;
            Template { parts: vec![Part::Of { address, attribute, was: text.clone() }], span }.value()
        })
    }
}

/// `value` with its texts replaced, wherever `replace` has something for one.
fn each_text(value: &Value, replace: &mut dyn FnMut(&Arc<str>) -> Option<Value>) -> Value {
    match value {
        Value::String(text) => replace(text).unwrap_or_else(|| value.clone()),
        Value::List(items) => Value::list(items.iter().map(|item| each_text(item, replace)).collect::<Vec<_>>()),
        Value::Object(entries) => {
            Value::object(entries.iter().map(|(name, entry)| (name.clone(), each_text(entry, replace))).collect::<Vec<_>>())
        }
        other => other.clone(),
    }
}

/// A piece of a text.
#[derive(Debug, Clone)]
enum Part {
    Text(Arc<str>),
    /// An attribute, and what it was.
    Of {
        address: Address,
        attribute: Arc<str>,
        was: Arc<str>,
    },
}

impl Part {
    fn split(self, address: &Address, made: &Made) -> Vec<Part> {
        let Part::Text(text) = &self else { return vec![self] };
        if !text.contains(&*made.text) {
            return vec![self];
        }
        let mut parts = Vec::new();
        for (i, piece) in text.split(&*made.text).enumerate() {
            if i > 0 {
                parts.push(Part::Of { address: address.clone(), attribute: made.attribute.clone(), was: made.text.clone() });
            }
            if !piece.is_empty() {
                parts.push(Part::Text(piece.into()));
            }
        }
        parts
    }

    fn tell(&self, told: &mut dyn FnMut(&Address, &Arc<str>)) {
        if let Part::Of { address, attribute, .. } = self {
            told(address, attribute);
        }
    }
}

/// A text with references in it.
#[derive(Debug, Clone)]
struct Template {
    parts: Vec<Part>,
    span: Span,
}

impl Template {
    /// `None` when there is no reference in it.
    fn value(self) -> Option<Value> {
        let source = self.parts.iter().find_map(|part| match part {
            Part::Text(_) => None,
            Part::Of { address, attribute, .. } => Some(Source { address: address.clone(), attribute: attribute.clone(), span: self.span }),
        })?;
        let deferred: Option<Box<dyn Deferred>> = Some(Box::new(self));
        Some(Value::Unknown(Arc::new(Unknown { ty: Type::String, phase: Phase::Apply, source, deferred })))
    }
}

impl Deferred for Template {
    fn force(&self, known: &dyn Known) -> Result<Value, EvalFailure> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Of { address, attribute, was } => match known.attribute(address, attribute) {
                    Some(Value::String(now)) => text.push_str(&now),
                    Some(value) if value.unknown().is_none() => text.push_str(was),
                    Some(_) | None => return Ok(self.clone().value().unwrap_or(Value::Null)),
                },
            }
        }
        Ok(Value::str(text))
    }
}
