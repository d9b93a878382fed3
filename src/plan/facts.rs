//! What is known of resources, before and while a plan is carried out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Address;
use crate::desired::{DesiredResource, Resources};
use crate::schema::{Mode, ResourceSchema};
use crate::state::Record;
use crate::value::{Known, Object, Value};

/// Attributes that hold the text of a secret, kept beside a record that holds their fingerprints.
pub(crate) type Live = BTreeMap<Arc<str>, Value>;

/// Inputs with every reference resolved as far as it can be. Most have nothing to resolve and stay where they are.
#[derive(Debug, Clone)]
pub(crate) enum Inputs {
    AsWritten(Arc<DesiredResource>),
    Resolved(Arc<Object>),
}

impl std::ops::Deref for Inputs {
    type Target = Object;
    fn deref(&self) -> &Object {
        match self {
            Inputs::AsWritten(resource) => &resource.inputs,
            Inputs::Resolved(inputs) => inputs,
        }
    }
}

/// What is known of one resource.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    Nothing,
    /// It is as recorded, and stays so.
    Settled {
        record: Arc<Record>,
        live: Option<Arc<Live>>,
    },
    /// It will be created, or replaced.
    Created {
        schema: Arc<ResourceSchema>,
        inputs: Inputs,
    },
    /// It will be changed in place: these attributes to these values.
    Changed {
        record: Arc<Record>,
        live: Option<Arc<Live>>,
        changes: BTreeMap<Arc<str>, Value>,
    },
}

impl Fact {
    /// Comes anew, so that every value of it is another one.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Fact::Created { .. })
    }

    fn attribute(&self, name: &str) -> Option<Value> {
        match self {
            Fact::Nothing => None,
            Fact::Settled { record, live } => Some(recorded(record, live.as_deref(), name)),
            Fact::Changed { record, live, changes } => match changes.get(name) {
                Some(value) => Some(value.clone()),
                None => Some(recorded(record, live.as_deref(), name)),
            },
            Fact::Created { schema, inputs } => match inputs.get(name) {
                Some(value) if !value.is_null() => {
                    let completed = schema.attribute(name).is_some_and(|attribute| attribute.is_completed(value));
                    (!completed).then(|| value.clone())
                }
                _ => match &schema.attribute(name)?.mode {
                    Mode::Optional { default } => Some(default.clone()),
                    Mode::Required | Mode::Chosen | Mode::Computed => None,
                },
            },
        }
    }
}

fn recorded(record: &Record, live: Option<&Live>, name: &str) -> Value {
    let value = live.and_then(|live| live.get(name)).or_else(|| record.observed.get(name)).or_else(|| record.inputs.get(name));
    value.cloned().unwrap_or(Value::Null)
}

/// What is known of every resource that the program wants, by its position in the program.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) resources: Resources,
    facts: Vec<Fact>,
}

impl Facts {
    pub(crate) fn new(resources: Resources) -> Self {
        let facts = vec![Fact::Nothing; resources.len()];
        Self { resources, facts }
    }

    pub(crate) fn set(&mut self, position: usize, fact: Fact) {
        if let Some(slot) = self.facts.get_mut(position) {
            *slot = fact;
        }
    }

    pub(crate) fn of(&self, address: &Address) -> Option<&Fact> {
        self.facts.get(self.resources.get_index_of(address)?)
    }
}

impl Known for Facts {
    fn attribute(&self, address: &Address, attribute: &str) -> Option<Value> {
        self.of(address)?.attribute(attribute)
    }
}
