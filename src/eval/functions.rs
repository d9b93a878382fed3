//! Functions as values, and calls of them.

use std::any::Any;
use std::sync::Arc;

use super::machine::{Answer, Locals, Machine, Slots, fail, fail_with};
use crate::check::typed::ExprId;
use crate::source::Span;
use crate::value::{Handle, Value};

/// Most calls of functions, one in another. What a function is given may call it over and over, though none calls itself.
pub(super) const MAX_CALLS: u32 = 100;

/// A lambda, and the values of the names around it.
#[derive(Debug)]
struct Closure {
    body: ExprId,
    slots: Box<[(usize, Value)]>,
    locals: Locals,
}

impl Handle for Closure {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Machine<'_> {
    /// A lambda as a value. What it refers to counts as read: whoever gets it may call it.
    pub(super) fn closure(&self, id: ExprId, body: ExprId, locals: &Locals) -> Value {
        if let Slots::Frame(frame) = &self.slots {
            let kept = self.slots_in(id).into_iter().filter_map(|slot| frame.get(slot));
            kept.for_each(|kept| self.origins.borrow_mut().value(&kept.from, None));
        }
        Value::Handle(Arc::new(Closure { body, slots: self.kept(id), locals: locals.clone() }))
    }

    pub(super) fn apply(&self, id: ExprId, callee: ExprId, args: &[ExprId], locals: &Locals) -> Answer {
        let function = match self.eval(callee, locals)? {
            Value::Unknown(unknown) => return Ok(self.suspend(id, locals, &unknown)),
            Value::Handle(function) => function,
            _ => return fail(self.span(callee), "this is not a function"),
        };
        let Some(closure) = function.as_any().downcast_ref::<Closure>() else { return fail(self.span(callee), "this is not a function") };
        let mut inside = closure.locals.called_from(locals);
        for arg in args {
            inside = inside.with(self.eval(*arg, locals)?);
        }
        enter(&inside, self.span(id))?;
        let machine = Machine { slots: Slots::Kept(&closure.slots), ..*self };
        machine.eval(closure.body, &inside)
    }
}

/// Refuses a call that is too deep in others.
pub(super) fn enter(inside: &Locals, span: Span) -> Result<(), crate::value::EvalFailure> {
    if inside.calls() <= MAX_CALLS {
        return Ok(());
    }
    fail_with(
        span,
        format!("functions call each other more than {MAX_CALLS} deep"),
        "give functions to functions in fewer steps, or use a comprehension",
    )
}
