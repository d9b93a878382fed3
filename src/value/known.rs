//! Values that wait for others, and their computation once more is known.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Deferred, EvalFailure, Hashing, Known, MAX_WEIGHT, Object, Secret, SecretReference, Source, Unknown, Value};
use crate::address::Address;

/// Computations in each other before those that one needs are done first, one after the other.
const MAX_OPEN: u32 = 24;

/// Results by the place of what they were computed from, which is kept with them.
type ByPlace<K, V> = RefCell<HashMap<usize, (K, V), Hashing>>;

/// What was computed so far of one value, so that each part of it is computed once.
#[derive(Default)]
pub struct Computed {
    unknowns: ByPlace<Arc<Unknown>, Result<Value, EvalFailure>>,
    /// Lists and objects by where they are in memory; what they were is kept, so that nothing else gets to be there.
    wholes: ByPlace<Value, Value>,
    open: Cell<u32>,
    steps: Cell<u64>,
}

impl Computed {
    /// Counts steps of evaluation that were taken for this value; gives how many there are by now.
    pub fn count(&self, steps: u64) -> u64 {
        self.steps.set(self.steps.get().saturating_add(steps));
        self.steps.get()
    }

    pub fn steps(&self) -> u64 {
        self.steps.get()
    }
}

/// What is known, and what was computed from it.
struct Within<'k> {
    known: &'k dyn Known,
    computed: Computed,
}

impl Known for Within<'_> {
    fn attribute(&self, address: &Address, attribute: &str) -> Option<Value> {
        self.known.attribute(address, attribute)
    }

    fn computed(&self) -> Option<&Computed> {
        Some(&self.computed)
    }
}

impl Value {
    /// Replaces every unknown that `known` can answer; the rest stays unknown. What is shared is computed once, and stays shared.
    /// Fails when the whole would be too large to be written out.
    pub fn resolve(&self, known: &dyn Known) -> Result<Value, EvalFailure> {
        if !self.traits().unknown {
            return Ok(self.clone());
        }
        if let Some(computed) = known.computed() {
            return self.resolve_within(known, computed);
        }
        let within = Within { known, computed: Computed::default() };
        let value = self.resolve_within(&within, &within.computed)?;
        match self.unknown() {
            Some(unknown) if value.weight() > MAX_WEIGHT => {
                let message = format!("this value has more than {MAX_WEIGHT} parts when it is written out");
                Err(EvalFailure { message, help: None, span: unknown.source.span })
            }
            _ => Ok(value),
        }
    }

    fn resolve_within(&self, known: &dyn Known, computed: &Computed) -> Result<Value, EvalFailure> {
        if !self.traits().unknown {
            return Ok(self.clone());
        }
        Ok(match self {
            Value::Unknown(unknown) => unknown.force_within(known, computed)?,
            Value::List(items) => computed.whole(self, Arc::as_ptr(items) as usize, || {
                Ok(Value::list(items.iter().map(|item| item.resolve_within(known, computed)).collect::<Result<Vec<_>, _>>()?))
            })?,
            Value::Object(entries) => computed.whole(self, Arc::as_ptr(entries) as usize, || {
                let resolved = entries.iter().map(|(name, value)| Ok((name.clone(), value.resolve_within(known, computed)?)));
                Ok(Value::Object(Arc::new(resolved.collect::<Result<Object, _>>()?)))
            })?,
            Value::Secret(Secret::Reference(reference)) => Value::Secret(Secret::Reference(Arc::new(SecretReference {
                store: reference.store,
                argument: reference.argument.resolve_within(known, computed)?,
            }))),
            other => other.clone(),
        })
    }
}

impl Computed {
    fn whole(&self, value: &Value, place: usize, compute: impl FnOnce() -> Result<Value, EvalFailure>) -> Result<Value, EvalFailure> {
        if let Some((_, done)) = self.wholes.borrow().get(&place) {
            return Ok(done.clone());
        }
        let done = compute()?;
        self.wholes.borrow_mut().insert(place, (value.clone(), done.clone()));
        Ok(done)
    }
}

impl Unknown {
    /// Computes as far as `known` allows: the answer may be, or hold, an unknown again.
    pub fn force(self: &Arc<Self>, known: &dyn Known) -> Result<Value, EvalFailure> {
        Value::Unknown(self.clone()).resolve(known)
    }

    fn force_within(self: &Arc<Self>, known: &dyn Known, computed: &Computed) -> Result<Value, EvalFailure> {
        let Some(deferred) = &self.deferred else {
            return Ok(known.attribute(&self.source.address, &self.source.attribute).unwrap_or_else(|| Value::Unknown(self.clone())));
        };
        if let Some((_, done)) = computed.unknowns.borrow().get(&self.place()) {
            return done.clone();
        }
        if computed.open.get() >= MAX_OPEN {
            self.force_needed(known, computed);
        }
        self.compute(deferred.as_ref(), known, computed)
    }

    fn compute(self: &Arc<Self>, deferred: &dyn Deferred, known: &dyn Known, computed: &Computed) -> Result<Value, EvalFailure> {
        computed.open.set(computed.open.get() + 1);
        let done = deferred.force(known);
        computed.open.set(computed.open.get() - 1);
        computed.unknowns.borrow_mut().insert(self.place(), (self.clone(), done.clone()));
        done
    }

    /// Computes what this one needs, and what that needs, from the far end: a chain of them may be longer than the stack is deep.
    fn force_needed(self: &Arc<Self>, known: &dyn Known, computed: &Computed) {
        let mut seen: HashSet<usize, Hashing> = HashSet::default();
        let mut open = vec![(self.clone(), false)];
        while let Some((unknown, ready)) = open.pop() {
            let Some(deferred) = &unknown.deferred else { continue };
            if computed.unknowns.borrow().contains_key(&unknown.place()) {
                continue;
            }
            if ready {
                // Whatever goes wrong is told when its value is asked for.
                if !Arc::ptr_eq(&unknown, self) {
                    let _ = unknown.compute(deferred.as_ref(), known, computed);
                }
            } else if seen.insert(unknown.place()) {
                let mut needed = Vec::new();
                deferred.needs(&mut needed);
                open.push((unknown.clone(), true));
                open.extend(needed.into_iter().map(|unknown| (unknown, false)));
            }
        }
    }

    fn place(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self) as usize
    }

    /// The attribute that the value is, when nothing is computed from it.
    pub fn reference(&self) -> Option<&Source> {
        self.deferred.as_ref().map_or(Some(&self.source), |deferred| deferred.reference())
    }
}
