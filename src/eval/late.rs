//! Values that are read before they are there: two components may use each other's outputs where no resource waits for itself.
//!
//! A program in which declarations refer to each other in a circle ([`Unit::circles`]) is evaluated in rounds. In the first, what is read
//! too early is an unknown of [`Phase::Check`]; in each further one it is what the round before came to. Programs without a circle are
//! evaluated once, and pay nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::handle::{Frame, SlotValue};
use super::unit::Evaluation;
use crate::address::Address;
use crate::check::typed::{Program, Unit};
use crate::desired::{Reason, Resources};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema::Registry;
use crate::source::Span;
use crate::types::Type;
use crate::value::{Phase, Source, Unknown, Value};

/// Most rounds. Each gives a value to at least one more reference of a circle.
const MAX_ROUNDS: usize = 200;
/// Rounds in which nothing changed, after which nothing will.
const MAX_IDLE: usize = 2;

/// What a program with a circle counts while it is evaluated.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// Values that were read and hold something that is not there yet.
    reads: AtomicU64,
}

impl Late {
    /// `None` where no declaration is read before it is there.
    pub(super) fn of(program: &Program) -> Option<Arc<Self>> {
        program.units.iter().any(|unit| !unit.circles.is_empty()).then(Arc::default)
    }

    pub(super) fn note(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}

/// What is read before it is there, in the first round.
pub(super) fn unknown(ty: &Type, span: Span) -> Value {
    let source = Source { address: Address::root("later", None), attribute: "value".into(), span };
    Value::Unknown(Arc::new(Unknown { ty: ty.clone(), phase: Phase::Check, source, deferred: None }))
}

/// Returns whether a part of the value is not there yet.
pub(super) fn is_late(value: &Value) -> bool {
    value.any_unknown(&|unknown| unknown.phase == Phase::Check)
}

/// Returns whether a part of the value is computed later, from whatever it was made of.
pub(super) fn is_computed_later(value: &Value) -> bool {
    value.any_unknown(&|unknown| unknown.deferred.is_some())
}

/// What a round left open; equal in two rounds, there is no progress.
#[derive(Debug, PartialEq, Eq, Default)]
struct Open {
    resources: usize,
    /// By frame and slot, in the order of evaluation.
    slots: Vec<(usize, usize)>,
    /// Inputs that are not there yet, and those that may be computed from such.
    inputs: (usize, usize),
    /// Values of slots that are not there yet.
    values: usize,
}

impl Open {
    fn of(frames: &[(Option<Address>, Arc<Frame>)], resources: &Resources, suspects: usize) -> Self {
        let mut open = Open { resources: resources.len(), ..Open::default() };
        for (number, (_, frame)) in frames.iter().enumerate() {
            for (slot, kept) in frame.values() {
                if kept.late {
                    open.slots.push((number, slot));
                    open.values += usize::from(is_late(&kept.value));
                }
            }
        }
        let late = resources.values().flat_map(|resource| resource.inputs.values()).filter(|value| is_late(value));
        open.inputs = (late.count(), suspects);
        open
    }

    fn is_done(&self) -> bool {
        self.slots.is_empty() && self.inputs == (0, 0)
    }

    fn has_values(&self) -> bool {
        self.values == 0 && self.inputs.0 == 0
    }
}

/// Evaluates in rounds until everything is there. `round` evaluates the whole program once.
pub(super) fn rounds<T>(evaluation: &mut Evaluation<'_>, mut round: impl FnMut(&mut Evaluation<'_>) -> T) -> T {
    let (mut last, mut idle) = (Open::default(), 0);
    for _ in 0..MAX_ROUNDS {
        let made = round(evaluation);
        if evaluation.world.late.is_none() || evaluation.diagnostics.iter().any(Diagnostic::is_error) {
            return made;
        }
        let frames = std::mem::take(&mut evaluation.frames);
        frames.iter().for_each(|(_, frame)| frame.forget());
        let open = Open::of(&frames, &evaluation.desired.resources, std::mem::take(&mut evaluation.suspects));
        idle = if open == last { idle + 1 } else { 0 };
        if open.is_done() || (idle >= MAX_IDLE && open.has_values()) {
            return made;
        }
        if idle >= MAX_IDLE {
            break;
        }
        last = open;
        evaluation.before = frames.into_iter().collect::<HashMap<_, _>>();
        evaluation.desired.resources.clear();
        evaluation.desired.lookups.clear();
        evaluation.pending.clear();
        evaluation.components = 0;
    }
    let made = round(evaluation);
    let circles = evaluation.world.program.units.iter().flat_map(|unit: &Unit| unit.circles.iter().cloned());
    let circles: Vec<Diagnostic> = circles.collect();
    evaluation.diagnostics.extend(circles);
    made
}

/// What a slot holds, or held in the round before.
pub(super) fn read(frame: &Frame, slot: usize) -> Option<SlotValue> {
    frame.get(slot).cloned().or_else(|| frame.before(slot))
}

/// Postpones attributes that refer to their own resource, or to one that waits for it, where their type allows it, and returns the
/// circles that remain: resources that wait for themselves.
pub(super) fn postpone(resources: &mut Resources, registry: &Registry) -> Vec<Diagnostic> {
    let graph = crate::graph::of_resources(resources);
    let mut group: Vec<Option<usize>> = vec![None; resources.len()];
    for (number, knot) in crate::graph::knots(&graph).into_iter().enumerate() {
        knot.into_iter().for_each(|node| group.iter_mut().skip(node).take(1).for_each(|slot| *slot = Some(number)));
    }
    let of = |resources: &Resources, address: &Address| resources.get_index_of(address).and_then(|i| Some((i, group.get(i).copied()?)));
    let mut late: Vec<(usize, usize)> = Vec::new();
    for (position, resource) in resources.values().enumerate() {
        let Some(schema) = registry.get(&resource.type_name) else { continue };
        for (number, dependency) in resource.dependencies.iter().enumerate() {
            let Reason::Reference { attribute, .. } = &dependency.reason else { continue };
            let deferred = schema.attribute(attribute).is_some_and(|attribute| attribute.deferred);
            let in_circle = || match of(resources, &dependency.on) {
                Some((on, knot)) => on == position || (knot.is_some() && Some(&knot) == group.get(position)),
                None => false,
            };
            if deferred && in_circle() {
                late.push((position, number));
            }
        }
    }
    for (position, number) in late {
        let Some((_, resource)) = resources.get_index_mut(position) else { continue };
        if let Some(dependency) = Arc::make_mut(resource).dependencies.get_mut(number)
            && let Reason::Reference { attribute, of } = &dependency.reason
        {
            dependency.reason = Reason::Postponed { attribute: attribute.clone(), of: of.clone() };
        }
    }
    circles_of_resources(resources)
}

fn circles_of_resources(resources: &Resources) -> Vec<Diagnostic> {
    let found = crate::graph::cycle_diagnostics(&crate::graph::of_resources(resources));
    debug_assert!(found.iter().all(|diagnostic| diagnostic.code == Code(601)));
    found
}
