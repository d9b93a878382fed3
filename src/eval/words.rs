//! Where the program says what: the word behind a part of a resource's attribute.

use crate::address::Step;
use crate::check::typed::{DeclarationKind, ExprId, ExprKind, Program, RecordKey};
use crate::desired::Resources;
use crate::network::{Part, Place, Places};
use crate::source::{FileId, Span};

pub(super) struct Words<'p> {
    pub program: &'p Program,
    /// The unit that addresses begin in.
    pub root: usize,
    pub resources: &'p Resources,
}

/// Where an expression stands: the unit it belongs to, by the address of that unit's instance.
struct Spot<'s> {
    steps: &'s [Step],
    unit: usize,
}

impl Places for Words<'_> {
    fn span(&self, place: &Place) -> Span {
        let Some(resource) = self.resources.get(&place.address) else { return Span::new(FileId(0), 0, 0) };
        let Some((Part::Name(attribute), parts)) = place.path.split_first() else { return resource.span };
        let written = || {
            let steps = place.address.steps();
            let (last, above) = steps.split_last()?;
            let spot = self.spot(above)?;
            let (_, declaration) = self.program.units.get(spot.unit)?.find(&last.name)?;
            let DeclarationKind::Resource(resource) = &declaration.kind else { return None };
            let entry = resource.entries.iter().find(|entry| &**entry.name == *attribute)?;
            Some(self.walk(&spot, entry.value, parts, &mut Vec::new()))
        };
        written().or_else(|| resource.attribute_spans.get(attribute)).unwrap_or(resource.span)
    }
}

impl Words<'_> {
    /// The unit that an address of a component's instance leads to.
    fn spot<'s>(&self, steps: &'s [Step]) -> Option<Spot<'s>> {
        let mut unit = self.root;
        for step in steps {
            let (_, declaration) = self.program.units.get(unit)?.find(&step.name)?;
            let DeclarationKind::Component(component) = &declaration.kind else { return None };
            unit = component.unit;
        }
        Some(Spot { steps, unit })
    }

    /// Follows the parts into an expression as far as its form shows them. `bound` are the elements that comprehensions bind: where
    /// their list is written, and which of it.
    fn walk(&self, spot: &Spot<'_>, id: ExprId, parts: &[Part], bound: &mut Vec<(ExprId, Part)>) -> Span {
        let Some(expr) = self.program.expr(id) else { return Span::new(FileId(0), 0, 0) };
        let head = parts.split_first();
        match (&expr.kind, head) {
            (ExprKind::Coerce(inner), _) => self.walk(spot, *inner, parts, bound),
            (ExprKind::Record(entries), Some((Part::Name(name), rest))) => {
                let named = |key: &RecordKey| matches!(key, RecordKey::Name(n) if &**n == *name);
                match entries.iter().find(|(key, _)| named(key)) {
                    Some((_, value)) => self.walk(spot, *value, rest, bound),
                    None => expr.span,
                }
            }
            (ExprKind::List(items), Some((Part::At(position), rest))) => match items.get(*position) {
                Some(item) => self.walk(spot, *item, rest, bound),
                None => expr.span,
            },
            (ExprKind::ListFor { head, body }, Some((part @ Part::At(_), rest))) if head.condition.is_none() && head.binders == 1 => {
                bound.push((head.source, *part));
                self.walk(spot, *body, rest, bound)
            }
            (ExprKind::ListFor { body, .. }, Some((Part::At(_), rest))) => self.walk(spot, *body, rest, &mut Vec::new()),
            (ExprKind::Local(index), _) => match bound.len().checked_sub(index + 1).and_then(|at| bound.get(at).copied()) {
                Some((source, part)) => {
                    let parts: Vec<Part> = [part].into_iter().chain(parts.iter().copied()).collect();
                    self.walk(spot, source, &parts, &mut Vec::new())
                }
                None => expr.span,
            },
            (ExprKind::Slot(slot), _) => self.declared(spot, *slot, parts).unwrap_or(expr.span),
            _ => expr.span,
        }
    }

    /// Where a name's value is written: at the `let`, or where the component is used.
    fn declared(&self, spot: &Spot<'_>, slot: usize, parts: &[Part]) -> Option<Span> {
        let declaration = self.program.units.get(spot.unit)?.declarations.get(slot)?;
        match &declaration.kind {
            DeclarationKind::Let(id) if !parts.is_empty() => Some(self.walk(spot, *id, parts, &mut Vec::new())),
            DeclarationKind::Param { .. } => {
                let (last, above) = spot.steps.split_last()?;
                let outer = self.spot(above)?;
                let (_, user) = self.program.units.get(outer.unit)?.find(&last.name)?;
                let DeclarationKind::Component(component) = &user.kind else { return None };
                let entry = component.entries.iter().find(|entry| entry.name.node == declaration.name.node)?;
                Some(self.walk(&outer, entry.value, parts, &mut Vec::new()))
            }
            _ => None,
        }
    }
}
