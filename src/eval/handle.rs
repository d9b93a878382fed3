//! Resources and components as values.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use crate::address::Address;
use crate::desired::DesiredResource;
use crate::schema::ResourceSchema;
use crate::source::Span;
use crate::value::{Handle, ResolvedObject, Value};

/// A resource or lookup that expressions can read attributes of.
#[derive(Debug)]
pub(super) struct ResourceHandle {
    pub address: Address,
    pub schema: Arc<ResourceSchema>,
    pub kind: ResourceKind,
}

#[derive(Debug)]
pub(super) enum ResourceKind {
    /// Managed: what the program gives it.
    Managed(Arc<DesiredResource>),
    /// Looked up, and answered.
    Found(ResolvedObject),
    /// Looked up, not answered yet.
    Asked,
    /// Managed, as it will be by the plan.
    Planned(Arc<DesiredResource>),
}

/// An instance of a component.
#[derive(Debug)]
pub(super) struct ComponentHandle {
    pub unit: usize,
    pub frame: Arc<Frame>,
    /// The resources in it, at any depth.
    pub resources: Vec<Address>,
}

impl Handle for ResourceHandle {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Handle for ComponentHandle {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The values of one unit's declarations, filled in order.
#[derive(Debug)]
pub(super) struct Frame {
    slots: Vec<OnceLock<SlotValue>>,
}

/// A declaration's value, and the attributes it was computed from.
#[derive(Debug, Clone)]
pub(super) struct SlotValue {
    pub value: Value,
    pub from: Arc<[Origin]>,
}

/// An attribute of a resource that a value was computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub address: Address,
    pub attribute: Arc<str>,
    pub span: Span,
}

impl Frame {
    pub(super) fn new(slots: usize) -> Self {
        Self { slots: std::iter::repeat_with(OnceLock::new).take(slots).collect() }
    }

    pub(super) fn get(&self, slot: usize) -> Option<&SlotValue> {
        self.slots.get(slot).and_then(OnceLock::get)
    }

    /// The first value stays; the order of evaluation sets each slot once.
    pub(super) fn set(&self, slot: usize, value: SlotValue) {
        if let Some(place) = self.slots.get(slot) {
            let _ = place.set(value);
        }
    }
}

/// The resources that a value stands for: itself, or all in a list, map or component.
pub(super) fn resources_in(value: &Value, found: &mut Vec<Address>) {
    match value {
        Value::Handle(handle) => {
            if let Some(resource) = handle.as_any().downcast_ref::<ResourceHandle>() {
                if matches!(resource.kind, ResourceKind::Managed(_)) {
                    found.push(resource.address.clone());
                }
            } else if let Some(component) = handle.as_any().downcast_ref::<ComponentHandle>() {
                found.extend(component.resources.iter().cloned());
            }
        }
        Value::List(items) => items.iter().for_each(|item| resources_in(item, found)),
        Value::Object(entries) => entries.values().for_each(|item| resources_in(item, found)),
        _ => {}
    }
}
