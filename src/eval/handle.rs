//! Resources and components as values.

use std::any::Any;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::origins::Origins;
use crate::address::Address;
use crate::desired::DesiredResource;
use crate::schema::ResourceSchema;
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
    /// Where declarations are read before they are there.
    early: Option<Early>,
}

/// The same frame in the round before, while this one is filled.
#[derive(Debug)]
struct Early(Mutex<Option<Arc<Frame>>>);

/// A declaration's value, and the attributes it was computed from.
#[derive(Debug, Clone)]
pub(super) struct SlotValue {
    pub value: Value,
    pub from: Origins,
    /// It, or what it will be computed from, is not there yet.
    pub late: bool,
}

impl SlotValue {
    pub(super) fn new(value: Value, from: Origins) -> Self {
        Self { value, from, late: false }
    }
}

impl Frame {
    pub(super) fn new(slots: usize) -> Self {
        Self { slots: std::iter::repeat_with(OnceLock::new).take(slots).collect(), early: None }
    }

    /// A frame whose slots may be read before they are filled, and are then what they were in `before`.
    pub(super) fn with_early_reads(mut self, before: Option<Arc<Frame>>) -> Self {
        self.early = Some(Early(Mutex::new(before)));
        self
    }

    pub(super) fn allows_early_reads(&self) -> bool {
        self.early.is_some()
    }

    /// What a slot was in the round before.
    pub(super) fn before(&self, slot: usize) -> Option<SlotValue> {
        let before = self.early.as_ref()?.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        before.get(slot).cloned()
    }

    /// Drops the round before.
    pub(super) fn forget(&self) {
        if let Some(early) = &self.early {
            *early.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// The slots that have a value.
    pub(super) fn values(&self) -> impl Iterator<Item = (usize, &SlotValue)> {
        self.slots.iter().enumerate().filter_map(|(slot, kept)| Some((slot, kept.get()?)))
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
    value.each_handle(&mut |handle| {
        if let Some(resource) = handle.downcast_ref::<ResourceHandle>() {
            if matches!(resource.kind, ResourceKind::Managed(_)) {
                found.push(resource.address.clone());
            }
        } else if let Some(component) = handle.downcast_ref::<ComponentHandle>() {
            found.extend(component.resources.iter().cloned());
        }
    });
}
