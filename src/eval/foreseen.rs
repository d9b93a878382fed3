//! What an expression that has to wait will read. It is computed when its resources are there, so they must be known before: an
//! attribute that only one branch of an unknown condition reads is a dependency too.

use super::handle::{ComponentHandle, ResourceHandle, ResourceKind};
use super::machine::{Locals, Machine, Slots};
use super::origins::Origin;
use crate::check::typed::{Arm, ExprId, ExprKind, ForHead};
use crate::source::Span;
use crate::value::Value;

/// Deepest of such computations in each other. Where both branches call what has two branches, all ways would be too many.
const MAX_FORESEEN: u32 = 8;

impl Machine<'_> {
    /// Notes what these would read, whichever of them is computed. What fails may never be computed.
    pub(super) fn foresee(&self, ids: impl IntoIterator<Item = ExprId>, locals: &Locals) {
        // What an assert reads orders nothing, and what it would ask must not be told as asked.
        if self.known.is_some() || self.world.asking.is_open() {
            return;
        }
        let (inside, depth) = locals.foreseen();
        for id in ids {
            if depth >= MAX_FORESEEN {
                self.foresee_all(id, locals);
            } else if let Ok(value) = self.eval(id, &inside) {
                self.foresee_parts(&value, self.span(id));
            }
        }
    }

    /// Notes all that is in reach of an expression.
    fn foresee_all(&self, id: ExprId, locals: &Locals) {
        let span = self.span(id);
        locals.values().for_each(|value| self.foresee_parts(value, span));
        self.kept(id).iter().for_each(|(_, value)| self.foresee_parts(value, span));
        if let Slots::Frame(frame) = &self.slots {
            let kept = self.slots_in(id).into_iter().filter_map(|slot| frame.get(slot));
            kept.for_each(|kept| self.origins.borrow_mut().value(&kept.from, None));
        }
    }

    /// Notes resources that will be asked for their id, or for whatever is read of the result.
    pub(super) fn foresee_parts(&self, value: &Value, span: Span) {
        if self.known.is_some() {
            return;
        }
        let mut origins = self.origins.borrow_mut();
        value.each_handle(&mut |handle| {
            self.spend(1);
            if let Some(resource) = handle.downcast_ref::<ResourceHandle>() {
                if matches!(resource.kind, ResourceKind::Managed(_)) {
                    let attribute = resource.schema.id_attribute().or(resource.schema.arn).unwrap_or("id").into();
                    origins.attribute(Origin { address: resource.address.clone(), attribute, span });
                }
            } else if let Some(component) = handle.downcast_ref::<ComponentHandle>() {
                self.spend(component.resources.len() as u64);
                let origin = |address: &crate::address::Address| Origin { address: address.clone(), attribute: "id".into(), span };
                component.resources.iter().map(origin).for_each(|origin| origins.attribute(origin));
            }
        });
    }

    /// Arms of which it is not known which is taken.
    pub(super) fn foresee_arms(&self, arms: &[Arm], locals: &Locals) {
        for arm in arms {
            self.foresee(arm.guard.into_iter().chain([arm.body]), locals);
        }
    }

    /// The rounds of a comprehension over `source`, of which not all is known.
    pub(super) fn foresee_rounds(&self, head: &ForHead, source: &Value, ids: &[ExprId], locals: &Locals) {
        let round = (0..head.binders).fold(locals.clone(), |round, _| round.with(source.clone()));
        self.foresee_parts(source, self.span(head.source));
        self.foresee(head.condition.into_iter().chain(ids.iter().copied()), &round);
    }

    /// The arguments of a method whose receiver is `receiver`.
    pub(super) fn foresee_args(&self, receiver: &Value, args: &[ExprId], locals: &Locals) {
        for arg in args {
            match self.world.program.expr(*arg).map(|expr| &expr.kind) {
                Some(ExprKind::Lambda { params, body }) => {
                    let inside = (0..*params).fold(locals.clone(), |inside, _| inside.with(receiver.clone()));
                    self.foresee([*body], &inside);
                }
                _ => self.foresee([*arg], locals),
            }
        }
    }
}
