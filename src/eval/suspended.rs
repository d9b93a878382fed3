//! Computations that wait for attributes.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::machine::{Answer, Locals, Machine, Slots, World, fail};
use super::origins::Reads;
use super::{MAX_LATER, exhausted};
use crate::check::typed::ExprId;
use crate::source::Span;
use crate::value::{Deferred, Known, Unknown, Value};

/// An expression to be computed again when more is known.
#[derive(Debug)]
pub(super) struct Suspended {
    pub(super) world: World,
    pub(super) expr: ExprId,
    pub(super) slots: Box<[(usize, Value)]>,
    pub(super) locals: Locals,
}

impl Deferred for Suspended {
    fn force(&self, known: &dyn Known) -> Answer {
        let span = self.world.program.expr(self.expr).map(|expr| expr.span);
        later(&self.world, known, span, Slots::Kept(&self.slots), |machine| machine.eval(self.expr, &self.locals))
    }

    fn needs(&self, found: &mut Vec<Arc<Unknown>>) {
        self.slots.iter().map(|(_, value)| value).chain(self.locals.values()).for_each(|value| value.unknowns(found));
    }
}

/// Computes what had to wait. All that one value takes counts together, and so does what all values of a program take.
pub(super) fn later(
    world: &World,
    known: &dyn Known,
    span: Option<Span>,
    slots: Slots<'_>,
    compute: impl FnOnce(&Machine<'_>) -> Answer,
) -> Answer {
    let before = known.computed().map_or(0, |computed| computed.steps());
    let (origins, steps) = (RefCell::new(Reads::default()), Cell::new(before));
    let machine = Machine { world, slots, known: Some(known), origins: &origins, steps: &steps };
    let value = compute(&machine)?;
    let taken = steps.get().saturating_sub(known.computed().map_or(before, |computed| computed.steps()));
    if let Some(computed) = known.computed() {
        computed.count(taken);
    }
    if world.later.fetch_add(taken, Ordering::Relaxed) > MAX_LATER {
        return fail(span.unwrap_or(Span::new(crate::source::FileId(0), 0, 0)), exhausted());
    }
    Ok(value)
}

/// The values that a suspended computation holds, by slot.
type HeldValues = Box<[(usize, Value)]>;

thread_local! {
    /// Values that nobody needs any more; `None` while nothing is dropped.
    static DROPPED: RefCell<Option<Vec<HeldValues>>> = const { RefCell::new(None) };
}

/// One waits for another, that for a third, and so on: a chain may be longer than the stack is deep, so they are dropped one after the
/// other.
impl Drop for Suspended {
    fn drop(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        if slots.is_empty() {
            return;
        }
        let first = DROPPED.try_with(|dropped| match &mut *dropped.borrow_mut() {
            Some(waiting) => {
                waiting.push(std::mem::take(&mut slots));
                false
            }
            none => {
                *none = Some(Vec::new());
                true
            }
        });
        drop(slots);
        if first != Ok(true) {
            return;
        }
        while let Ok(Some(next)) = DROPPED.try_with(|dropped| dropped.borrow_mut().as_mut().and_then(Vec::pop)) {
            drop(next);
        }
        let _ = DROPPED.try_with(|dropped| dropped.borrow_mut().take());
    }
}
