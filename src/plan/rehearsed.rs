//! What came of carrying a plan out in a replica of the cloud.

use std::sync::Arc;

use crate::address::Address;
use crate::source::Span;

/// How a plan fared in a replica of what it touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Steps that were carried out.
    pub steps: usize,
    /// What would not go as planned, in the plan's order.
    pub flaws: Vec<Flaw>,
}

impl Rehearsal {
    /// Steps that the cloud would refuse.
    pub fn refused(&self) -> usize {
        self.flaws.iter().filter(|flaw| flaw.snag.refuses()).count()
    }
}

/// A step that would not go as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    pub address: Address,
    pub type_name: Arc<str>,
    pub snag: Snag,
    /// The line that it comes from: the step's own, or that of what stands in its way.
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snag {
    /// It cannot be deleted: `attribute` of `by` still refers to it.
    InUse { by: Arc<str>, attribute: Arc<str> },
    /// It cannot be created: `by` has its id.
    Taken { by: Arc<str>, id: Arc<str> },
    /// It cannot be created or changed: `by` has `thing`, which it would take.
    Claimed { by: Arc<str>, thing: Arc<str> },
    /// It cannot be created or changed: `attribute` refers to `was`, which is deleted before.
    Gone { attribute: Arc<str>, was: Arc<str> },
    /// Another plan right after the apply would change these again.
    Unsettled { attributes: Vec<Arc<str>> },
}

impl Snag {
    /// The cloud would refuse the call.
    pub fn refuses(&self) -> bool {
        !matches!(self, Snag::Unsettled { .. })
    }
}
