//! Computes expressions. Used twice: while the program is evaluated, and later to finish what had to wait.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::handle::{ComponentHandle, Frame, ResourceHandle, ResourceKind};
use super::late::{self, Late};
use super::origins::{Origin, Origins, Reads};
use super::suspended::Suspended;
use super::{MAX_STEPS, MAX_TEXT, builtins, operators};
use crate::check::builtin::{Builtin, Cost};
use crate::check::typed::{Arm, Expr, ExprId, ExprKind, ForHead, Program, RecordKey};
use crate::schema::Mode;
use crate::source::{FileId, Span};
use crate::syntax::ast::{BinaryOp, Pattern};
use crate::types::Type;
use crate::value::{Deferred, EvalFailure, Known, MAX_DEPTH, MAX_WEIGHT, Object, Phase, Secret, SecretReference, Source, Unknown, Value};

pub(super) type Answer = Result<Value, EvalFailure>;

/// Names bound by `for`, lambdas and functions; the innermost first. Cheap to keep for later.
#[derive(Debug, Clone, Default)]
pub(super) struct Locals {
    innermost: Option<Arc<Local>>,
    /// How many calls of functions this is within.
    calls: u32,
    /// How many computations this is within whose results are only looked at for what they read.
    foreseen: u32,
}

#[derive(Debug)]
struct Local {
    value: Value,
    /// What the value was computed from, where it comes from the `for` of a declaration.
    from: Origins,
    outer: Locals,
}

impl Locals {
    pub(super) fn with(&self, value: Value) -> Locals {
        self.within(Local { value, from: Origins::default(), outer: self.clone() })
    }

    /// As [`Locals::with`]; who reads the name depends on `from`.
    pub(super) fn with_origins(&self, value: Value, from: Origins) -> Locals {
        self.within(Local { value, from, outer: self.clone() })
    }

    fn within(&self, local: Local) -> Locals {
        Locals { innermost: Some(Arc::new(local)), calls: self.calls, foreseen: self.foreseen }
    }

    /// The same names, in a function that is called among these.
    pub(super) fn called_from(&self, caller: &Locals) -> Locals {
        Locals { innermost: self.innermost.clone(), calls: caller.calls + 1, foreseen: caller.foreseen }
    }

    pub(super) fn calls(&self) -> u32 {
        self.calls
    }

    /// The same names, in a computation that is only looked at; how many that is within.
    pub(super) fn foreseen(&self) -> (Locals, u32) {
        (Locals { foreseen: self.foreseen + 1, ..self.clone() }, self.foreseen)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        std::iter::successors(self.innermost.as_deref(), |local| local.outer.innermost.as_deref()).map(|local| &local.value)
    }

    fn get(&self, index: usize) -> Option<&Local> {
        let mut at = self.innermost.as_ref()?;
        for _ in 0..index {
            at = at.outer.innermost.as_ref()?;
        }
        Some(at)
    }
}

/// Where declarations' values come from.
pub(super) enum Slots<'a> {
    Frame(&'a Frame),
    /// Those that a suspended expression refers to.
    Kept(&'a [(usize, Value)]),
}

/// What is the same for all expressions of one run.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub program: Arc<Program>,
    pub env: Arc<str>,
    pub asking: Arc<super::asking::Asking>,
    /// Of a program in which declarations are read before they are there.
    pub late: Option<Arc<Late>>,
    /// Steps that were taken for values that had to wait.
    pub later: Arc<AtomicU64>,
}

pub(super) struct Machine<'a> {
    pub world: &'a World,
    pub slots: Slots<'a>,
    /// What is known of resources by now; `None` while the program is evaluated.
    pub known: Option<&'a dyn Known>,
    /// Attributes read so far, for dependencies.
    pub origins: &'a RefCell<Reads>,
    pub steps: &'a Cell<u64>,
}

/// Steps that a value took that was just made: one for each element, or for 16 bytes of text. Refuses what is too large or too deep.
pub(super) fn made(value: &Value, span: Span) -> Result<u64, EvalFailure> {
    let elements = match value {
        Value::String(text) if text.len() > MAX_TEXT => return fail(span, format!("this text has more than {} MiB", MAX_TEXT >> 20)),
        Value::String(text) => text.len() / 16,
        Value::List(items) => items.len(),
        Value::Object(entries) => entries.len(),
        _ => 0,
    };
    if value.depth() > MAX_DEPTH {
        return fail(span, format!("this value is nested more than {MAX_DEPTH} deep"));
    }
    Ok(1 + elements as u64)
}

/// Refuses what is larger than anything that is written out could be; what is shared in it counts each time.
pub(super) fn written_out(value: &Value, span: Span) -> Result<u64, EvalFailure> {
    match value.weight() {
        weight if weight > MAX_WEIGHT => fail_with(
            span,
            format!("this value has more than {MAX_WEIGHT} parts when it is written out"),
            "inside of the program it may be as large; what leaves it has to be smaller",
        ),
        weight => Ok(weight),
    }
}

pub(super) fn fail<T>(span: Span, message: impl Into<String>) -> Result<T, EvalFailure> {
    Err(EvalFailure { message: message.into(), help: None, span })
}

/// Fails, and says what to do instead.
pub(super) fn fail_with<T>(span: Span, message: impl Into<String>, help: impl Into<String>) -> Result<T, EvalFailure> {
    Err(EvalFailure { message: message.into(), help: Some(help.into()), span })
}

impl Machine<'_> {
    fn expr(&self, id: ExprId) -> Result<&Expr, EvalFailure> {
        match self.world.program.expr(id) {
            Some(expr) => Ok(expr),
            None => fail(Span::new(FileId(0), 0, 0), "this expression is not part of the program"),
        }
    }

    pub(super) fn span(&self, id: ExprId) -> Span {
        self.world.program.expr(id).map_or(Span::new(FileId(0), 0, 0), |e| e.span)
    }

    /// Computes an expression as far as is known. The answer may be, or hold, an unknown.
    pub(super) fn eval(&self, id: ExprId, locals: &Locals) -> Answer {
        let expr = self.expr(id)?;
        self.charge(1, expr.span)?;
        let value = self.compute(id, expr, locals)?;
        // Names give what is there already.
        if !matches!(expr.kind, ExprKind::Const(_) | ExprKind::Slot(_) | ExprKind::Local(_) | ExprKind::Member { .. }) {
            self.charge(made(&value, expr.span)?, expr.span)?;
        }
        Ok(value)
    }

    /// Counts what was done already; the next thing to be done is refused when it was too much.
    pub(super) fn spend(&self, steps: u64) {
        self.steps.set(self.steps.get().saturating_add(steps));
        super::TAKEN.with(|taken| taken.set(taken.get().saturating_add(steps)));
    }

    /// Counts work against the program's allowance.
    pub(super) fn charge(&self, steps: u64, span: Span) -> Result<(), EvalFailure> {
        if self.steps.get().saturating_add(steps) > MAX_STEPS {
            // Nothing of it is done, and nothing after it.
            self.steps.set(MAX_STEPS + 1);
            return fail(span, super::exhausted());
        }
        self.spend(steps);
        Ok(())
    }

    fn compute(&self, id: ExprId, expr: &Expr, locals: &Locals) -> Answer {
        match &expr.kind {
            ExprKind::Const(value) => Ok(value.clone()),
            ExprKind::Slot(slot) => self.slot(*slot, expr),
            ExprKind::Local(index) => match locals.get(*index) {
                Some(local) => {
                    self.origins.borrow_mut().value(&local.from, None);
                    self.settle(&local.value)
                }
                None => fail(expr.span, "this name has no value"),
            },
            ExprKind::EnvName => Ok(Value::String(self.world.env.clone())),
            ExprKind::StackName => Ok(Value::String(self.world.program.stack.name.clone())),
            ExprKind::Template(parts) => self.template(id, parts, locals),
            ExprKind::List(items) => Ok(Value::list(items.iter().map(|item| self.eval(*item, locals)).collect::<Result<Vec<_>, _>>()?)),
            ExprKind::Record(entries) => self.record(id, entries, locals),
            ExprKind::Member { base, name, .. } => {
                let base = self.eval(*base, locals)?;
                match &base {
                    Value::Unknown(unknown) => Ok(self.suspend(id, locals, unknown)),
                    base => self.member(base, name, expr),
                }
            }
            ExprKind::Index { base, index } => self.index(id, *base, *index, locals),
            ExprKind::Unary { op, operand } => match self.eval(*operand, locals)? {
                Value::Unknown(unknown) => Ok(self.suspend(id, locals, &unknown)),
                value => operators::unary(*op, &value, expr.span),
            },
            ExprKind::Binary { op, left, right } => self.binary(id, *op, *left, *right, locals),
            ExprKind::If { condition, then, otherwise } => match self.eval(*condition, locals)? {
                Value::Unknown(unknown) => {
                    self.foresee([*then, *otherwise], locals);
                    Ok(self.suspend(id, locals, &unknown))
                }
                Value::Bool(true) => self.eval(*then, locals),
                _ => self.eval(*otherwise, locals),
            },
            ExprKind::Match { subject, arms } => self.match_arms(id, *subject, arms, locals),
            ExprKind::ListFor { head, body } => match self.each(head, &[*body], locals)? {
                Err(unknown) => Ok(self.suspend(id, locals, &unknown)),
                Ok(rounds) => Ok(Value::list(rounds.iter().map(|round| self.eval(*body, round)).collect::<Result<Vec<_>, _>>()?)),
            },
            ExprKind::MapFor { head, key, value } => self.map_for(id, head, *key, *value, locals),
            ExprKind::Lambda { body, .. } => Ok(self.closure(id, *body, locals)),
            ExprKind::Apply { callee, args } => self.apply(id, *callee, args, locals),
            ExprKind::Call { function, args } => {
                let args = args.iter().map(|arg| self.eval(*arg, locals)).collect::<Result<Vec<_>, _>>()?;
                let bound = args.into_iter().fold(Locals::default().called_from(locals), |locals, arg| locals.with(arg));
                super::functions::enter(&bound, expr.span)?;
                match self.world.program.functions.get(*function as usize) {
                    Some(function) => self.eval(function.body, &bound),
                    None => fail(expr.span, "this function is not part of the program"),
                }
            }
            ExprKind::Builtin { builtin, args } => {
                let args = args.iter().map(|arg| self.eval(*arg, locals)).collect::<Result<Vec<_>, _>>()?;
                match args.iter().find_map(Value::unknown) {
                    Some(unknown) => Ok(self.suspend(id, locals, unknown)),
                    None => {
                        self.charge(builtins::cost(builtin.cost(), &Value::Null, &args), expr.span)?;
                        match builtin {
                            Builtin::Reachable => super::asking::reachable(self, id, &args, locals),
                            builtin => builtins::function(*builtin, &args, &self.world.program, expr.span),
                        }
                    }
                }
            }
            ExprKind::Method { receiver, method, args } => match self.eval(*receiver, locals)? {
                Value::Unknown(unknown) => {
                    self.foresee_args(&Value::Unknown(unknown.clone()), args, locals);
                    Ok(self.suspend(id, locals, &unknown))
                }
                Value::Null => Ok(Value::Null),
                receiver => builtins::method(self, id, *method, &receiver, args, locals),
            },
            ExprKind::Secret { store, argument } => {
                let argument = self.eval(*argument, locals)?;
                if let (crate::value::SecretStore::File, Value::String(path)) = (store, &argument) {
                    self.world.program.files.name_secret(path, self.span(id));
                }
                Ok(Value::Secret(Secret::Reference(Arc::new(SecretReference { store: *store, argument }))))
            }
            ExprKind::Coerce(inner) => {
                let value = self.eval(*inner, locals)?;
                match &value {
                    Value::Unknown(unknown) => Ok(self.suspend(id, locals, unknown)),
                    value => self.coerce(value, &expr.ty, expr.span),
                }
            }
        }
    }

    /// An unknown once more, now that more may be known.
    pub(super) fn settle(&self, value: &Value) -> Answer {
        match self.known {
            Some(known) => value.resolve(known),
            None => Ok(value.clone()),
        }
    }

    /// Takes note of a value that is read and not there yet.
    fn note(&self, late: bool) {
        if let (Some(noted), true) = (&self.world.late, late) {
            noted.note();
        }
    }

    /// A slot of a frame whose declarations may be read before they are there.
    fn early(&self, frame: &Frame, slot: usize, expr: &Expr) -> Answer {
        match late::read(frame, slot) {
            Some(kept) => {
                self.note(kept.late);
                self.origins.borrow_mut().value(&kept.from, Some(expr.span));
                self.settle(&kept.value)
            }
            None => {
                self.note(true);
                Ok(late::unknown(&expr.ty, expr.span))
            }
        }
    }

    fn slot(&self, slot: usize, expr: &Expr) -> Answer {
        let span = expr.span;
        match &self.slots {
            Slots::Frame(frame) if frame.allows_early_reads() => self.early(frame, slot, expr),
            Slots::Frame(frame) => match frame.get(slot) {
                Some(kept) => {
                    self.origins.borrow_mut().value(&kept.from, None);
                    self.settle(&kept.value)
                }
                None => fail(span, "this has no value, because of an earlier error"),
            },
            Slots::Kept(kept) => match kept.iter().find(|(index, _)| *index == slot) {
                Some((_, value)) => self.settle(value),
                None => fail(span, "this has no value, because of an earlier error"),
            },
        }
    }

    /// The whole expression, to be computed when `on` is known.
    pub(super) fn suspend(&self, id: ExprId, locals: &Locals, on: &Unknown) -> Value {
        let slots = self.kept(id);
        let ty = self.world.program.expr(id).map_or(Type::Error, |e| e.ty.clone());
        let deferred: Option<Box<dyn Deferred>> =
            Some(Box::new(Suspended { world: self.world.clone(), expr: id, slots, locals: locals.clone() }));
        Value::Unknown(Arc::new(Unknown { ty, phase: on.phase, source: on.source.clone(), deferred }))
    }

    /// The values of the declarations that an expression refers to, to be had later.
    pub(super) fn kept(&self, id: ExprId) -> Box<[(usize, Value)]> {
        let value = |slot: usize| match &self.slots {
            Slots::Frame(frame) if frame.allows_early_reads() => late::read(frame, slot).map(|kept| (slot, kept.value)),
            Slots::Frame(frame) => frame.get(slot).map(|kept| (slot, kept.value.clone())),
            Slots::Kept(kept) => kept.iter().find(|(index, _)| *index == slot).cloned(),
        };
        self.slots_in(id).into_iter().filter_map(value).collect()
    }

    pub(super) fn slots_in(&self, id: ExprId) -> Vec<usize> {
        let mut wanted = Vec::new();
        self.slots_of(id, &mut wanted);
        wanted
    }

    /// The declarations that an expression refers to.
    fn slots_of(&self, id: ExprId, found: &mut Vec<usize>) {
        let Some(expr) = self.world.program.expr(id) else { return };
        let head = |head: &ForHead, found: &mut Vec<usize>| {
            self.slots_of(head.source, found);
            head.condition.iter().for_each(|c| self.slots_of(*c, found));
        };
        match &expr.kind {
            ExprKind::Slot(slot) => {
                if !found.contains(slot) {
                    found.push(*slot);
                }
            }
            ExprKind::Const(_) | ExprKind::Local(_) | ExprKind::EnvName | ExprKind::StackName => {}
            ExprKind::Template(ids) | ExprKind::List(ids) | ExprKind::Call { args: ids, .. } | ExprKind::Builtin { args: ids, .. } => {
                ids.iter().for_each(|id| self.slots_of(*id, found));
            }
            ExprKind::Apply { callee, args } => {
                self.slots_of(*callee, found);
                args.iter().for_each(|id| self.slots_of(*id, found));
            }
            ExprKind::Record(entries) => entries.iter().for_each(|(key, value)| {
                if let RecordKey::Computed(key) = key {
                    self.slots_of(*key, found);
                }
                self.slots_of(*value, found);
            }),
            ExprKind::Member { base: id, .. }
            | ExprKind::Unary { operand: id, .. }
            | ExprKind::Lambda { body: id, .. }
            | ExprKind::Secret { argument: id, .. }
            | ExprKind::Coerce(id) => self.slots_of(*id, found),
            ExprKind::Index { base: a, index: b } | ExprKind::Binary { left: a, right: b, .. } => {
                self.slots_of(*a, found);
                self.slots_of(*b, found);
            }
            ExprKind::If { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|id| self.slots_of(*id, found))
            }
            ExprKind::Match { subject, arms } => {
                self.slots_of(*subject, found);
                for arm in arms {
                    arm.guard.iter().for_each(|g| self.slots_of(*g, found));
                    self.slots_of(arm.body, found);
                }
            }
            ExprKind::ListFor { head: h, body } => {
                head(h, found);
                self.slots_of(*body, found);
            }
            ExprKind::MapFor { head: h, key, value } => {
                head(h, found);
                self.slots_of(*key, found);
                self.slots_of(*value, found);
            }
            ExprKind::Method { receiver, args, .. } => {
                self.slots_of(*receiver, found);
                args.iter().for_each(|id| self.slots_of(*id, found));
            }
        }
    }

    fn template(&self, id: ExprId, parts: &[ExprId], locals: &Locals) -> Answer {
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            values.push(self.eval(*part, locals)?);
        }
        if let Some(unknown) = values.iter().find_map(Value::unknown) {
            return Ok(self.suspend(id, locals, unknown));
        }
        if values.iter().any(|v| matches!(v, Value::Secret(_))) {
            let reference = SecretReference { store: crate::value::SecretStore::Text, argument: Value::list(values) };
            return Ok(Value::Secret(Secret::Reference(Arc::new(reference))));
        }
        let mut text = String::new();
        for value in &values {
            builtins::print(value, &mut text);
            if text.len() > MAX_TEXT {
                return fail(self.span(id), format!("this text has more than {} MiB", MAX_TEXT >> 20));
            }
        }
        Ok(Value::str(text))
    }

    fn record(&self, id: ExprId, entries: &[(RecordKey, ExprId)], locals: &Locals) -> Answer {
        let mut object = Object::with_capacity(entries.len());
        for (key, value) in entries {
            let name = match key {
                RecordKey::Name(name) => name.clone(),
                RecordKey::Computed(key) => match self.eval(*key, locals)? {
                    Value::String(name) => name,
                    Value::Unknown(unknown) => {
                        self.foresee(entries.iter().map(|(_, value)| *value), locals);
                        return Ok(self.suspend(id, locals, &unknown));
                    }
                    _ => return fail(self.span(*key), "this key is not a text"),
                },
            };
            let value = self.eval(*value, locals)?;
            object.insert(name, value);
        }
        Ok(Value::Object(Arc::new(object)))
    }

    fn member(&self, base: &Value, name: &Arc<str>, expr: &Expr) -> Answer {
        match base {
            Value::Null => Ok(Value::Null),
            Value::Object(entries) => Ok(entries.get(name).cloned().unwrap_or(Value::Null)),
            Value::Handle(handle) => {
                if let Some(resource) = handle.as_any().downcast_ref::<ResourceHandle>() {
                    return self.attribute(resource, name, expr.span);
                }
                match handle.as_any().downcast_ref::<ComponentHandle>() {
                    Some(component) => self.output(component, name, expr),
                    None => fail(expr.span, format!("this has no `{name}`")),
                }
            }
            _ => fail(expr.span, format!("this has no `{name}`")),
        }
    }

    /// What `name` is of a value, outside of any expression.
    pub(super) fn part(&self, base: &Value, name: &Arc<str>, span: Span) -> Answer {
        match base {
            Value::Handle(handle) => match handle.as_any().downcast_ref::<ResourceHandle>() {
                Some(resource) => self.attribute(resource, name, span),
                None => Ok(Value::Null),
            },
            Value::Object(entries) => Ok(entries.get(name).cloned().unwrap_or(Value::Null)),
            _ => Ok(Value::Null),
        }
    }

    fn output(&self, component: &ComponentHandle, name: &str, expr: &Expr) -> Answer {
        let span = expr.span;
        let slot = self.world.program.units.get(component.unit).and_then(|unit| unit.find(name)).map(|(slot, _)| slot);
        if let Some(slot) = slot.filter(|_| component.frame.allows_early_reads()) {
            return self.early(&component.frame, slot, expr);
        }
        match slot.and_then(|slot| component.frame.get(slot)) {
            Some(kept) => {
                self.origins.borrow_mut().value(&kept.from, Some(span));
                self.settle(&kept.value)
            }
            None => fail(span, format!("`{name}` has no value, because of an earlier error")),
        }
    }

    /// Reads an attribute, and remembers that it was read.
    pub(super) fn attribute(&self, resource: &ResourceHandle, name: &Arc<str>, span: Span) -> Answer {
        let Some(attribute) = resource.schema.attribute(name) else { return fail(span, format!("there is no `{name}`")) };
        let source = || Source { address: resource.address.clone(), attribute: name.clone(), span };
        let unset = |value: &Mode| match value {
            Mode::Optional { default } => default.clone(),
            _ => Value::Null,
        };
        let empty = |value: Value| match (&value, &attribute.ty) {
            (Value::Null, Type::List(_)) => Value::list([]),
            (Value::Null, Type::Map(_)) => Value::Object(Arc::new(Object::default())),
            _ => value,
        };
        match &resource.kind {
            ResourceKind::Found(object) if !object.contains_key(name) && matches!(attribute.mode, Mode::Required) => {
                let lookup = &resource.address;
                fail_with(
                    span,
                    format!("the `{name}` of `{lookup}` is not known"),
                    format!("a test says what a lookup finds: `with {{ {lookup} = {{ {name} = … }} }}`"),
                )
            }
            ResourceKind::Found(object) => Ok(empty(object.get(name).cloned().unwrap_or_else(|| unset(&attribute.mode)))),
            ResourceKind::Asked => Ok(Value::attribute(source(), attribute.ty.required().clone(), Phase::Plan)),
            ResourceKind::Planned(resource) => {
                let unknown = || Value::attribute(source(), attribute.ty.required().clone(), Phase::Apply);
                let planned = self.known.and_then(|known| known.attribute(&resource.address, name));
                let value = match (planned, resource.inputs.get(name)) {
                    (Some(planned), _) => planned,
                    (None, Some(given)) => self.settle(given)?,
                    (None, None) if matches!(attribute.mode, Mode::Optional { .. }) => Value::Null,
                    (None, None) => return Ok(unknown()),
                };
                Ok(match (value, &attribute.mode) {
                    (Value::Null, Mode::Optional { .. }) => empty(unset(&attribute.mode)),
                    (Value::Null, _) if !matches!(attribute.ty, Type::List(_) | Type::Map(_)) => unknown(),
                    (value, _) => empty(value),
                })
            }
            ResourceKind::Managed(desired) => {
                self.origins.borrow_mut().attribute(Origin { address: resource.address.clone(), attribute: name.clone(), span });
                if self.world.late.is_some() {
                    self.note(desired.inputs.get(name).is_some_and(late::is_late));
                }
                match (desired.inputs.get(name), &attribute.mode) {
                    (Some(value), _) if !attribute.is_completed(value) => self.settle(value),
                    (None, Mode::Optional { default }) => Ok(empty(default.clone())),
                    _ => self.settle(&Value::attribute(source(), attribute.ty.required().clone(), Phase::Apply)),
                }
            }
        }
    }

    fn index(&self, id: ExprId, base: ExprId, index: ExprId, locals: &Locals) -> Answer {
        let span = self.span(index);
        let base = self.eval(base, locals)?;
        let index = self.eval(index, locals)?;
        for value in [&base, &index] {
            if let Value::Unknown(unknown) = value {
                self.foresee_parts(&base, span);
                return Ok(self.suspend(id, locals, unknown));
            }
        }
        match (&base, &index) {
            (Value::List(items), Value::Int(n)) => {
                let position = usize::try_from(*n).ok().and_then(|n| items.get(n));
                position.cloned().map_or_else(
                    || fail_with(span, format!("there is no element {n}"), format!("the list has {}, counted from 0", items.len())),
                    Ok,
                )
            }
            (Value::Object(entries), Value::String(key)) => match entries.get(key) {
                Some(value) => Ok(value.clone()),
                None => {
                    let close = crate::diagnostic::closest(key, entries.keys().map(|k| &**k));
                    let known = entries.keys().take(8).map(|k| format!("\"{k}\"")).collect::<Vec<_>>().join(", ");
                    let hint = close.map_or_else(
                        || if known.is_empty() { "it is empty".to_owned() } else { format!("there are {known}") },
                        |c| format!("did you mean \"{c}\"?"),
                    );
                    fail_with(span, format!("there is no key \"{key}\""), hint)
                }
            },
            _ => fail(span, "this has no parts to choose from"),
        }
    }

    fn binary(&self, id: ExprId, op: BinaryOp, left: ExprId, right: ExprId, locals: &Locals) -> Answer {
        let span = self.span(id);
        let a = self.eval(left, locals)?;
        // What decides alone needs not wait for the other side.
        match (op, &a) {
            (BinaryOp::And, Value::Bool(false)) | (BinaryOp::Or, Value::Bool(true)) => return Ok(a),
            (BinaryOp::And | BinaryOp::Or, Value::Bool(_)) => return self.eval(right, locals),
            (BinaryOp::Default, Value::Null) => return self.eval(right, locals),
            (BinaryOp::Default, value) if !matches!(value, Value::Unknown(_)) => return Ok(a),
            _ => {}
        }
        let b = if op == BinaryOp::Default {
            self.foresee([right], locals);
            Value::Null
        } else {
            self.eval(right, locals)?
        };
        for value in [&a, &b] {
            let waits = match op {
                // Equality looks into parts; other operators at the whole.
                BinaryOp::Equal | BinaryOp::NotEqual => value.unknown(),
                _ => match value {
                    Value::Unknown(unknown) => Some(unknown),
                    _ => None,
                },
            };
            if let Some(unknown) = waits {
                self.foresee_parts(&a, span);
                self.foresee_parts(&b, span);
                return Ok(self.suspend(id, locals, unknown));
            }
        }
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => Ok(Value::Bool(self.equal(&a, &b, span)? == (op == BinaryOp::Equal))),
            _ => {
                let lists = |value: &Value| if let Value::List(items) = value { items.len() as u64 } else { 0 };
                self.charge(text_of(&a).max(text_of(&b)) + lists(&a) + lists(&b), span)?;
                operators::binary(op, &a, &b, span)
            }
        }
    }

    /// Whether two values are equal, which takes as long as there is to compare.
    pub(super) fn equal(&self, a: &Value, b: &Value, span: Span) -> Result<bool, EvalFailure> {
        let (equal, looked_at) = a.compare(b);
        self.charge(looked_at, span)?;
        Ok(equal)
    }

    fn match_arms(&self, id: ExprId, subject: ExprId, arms: &[Arm], locals: &Locals) -> Answer {
        let value = self.eval(subject, locals)?;
        if let Value::Unknown(unknown) = &value {
            self.foresee_arms(arms, locals);
            return Ok(self.suspend(id, locals, unknown));
        }
        for (position, arm) in arms.iter().enumerate() {
            self.charge(arm.patterns.len() as u64 * (1 + text_of(&value)), self.span(subject))?;
            if !arm.patterns.iter().any(|pattern| matches_pattern(pattern, &value)) {
                continue;
            }
            match arm.guard.map(|guard| self.eval(guard, locals)).transpose()? {
                Some(Value::Unknown(unknown)) => {
                    self.foresee_arms(arms.get(position..).unwrap_or(&[]), locals);
                    return Ok(self.suspend(id, locals, &unknown));
                }
                Some(Value::Bool(false)) => {}
                _ => return self.eval(arm.body, locals),
            }
        }
        fail(self.span(subject), "no arm of this `match` fits the value")
    }

    /// The rounds of a comprehension: the names bound anew for each. `Err` inside: waits for something. `made` is computed in each.
    fn each(&self, head: &ForHead, made: &[ExprId], locals: &Locals) -> Result<Result<Vec<Locals>, Arc<Unknown>>, EvalFailure> {
        let source = self.eval(head.source, locals)?;
        self.charge(builtins::cost(Cost::Items, &source, &[]), self.span(head.source))?;
        let pairs = match elements(&source) {
            Ok(pairs) => pairs,
            Err(unknown) => {
                self.foresee_rounds(head, &source, made, locals);
                return Ok(Err(unknown));
            }
        };
        let mut rounds = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let round = if head.binders == 2 { locals.with(key).with(value) } else { locals.with(value) };
            match head.condition.map(|c| self.eval(c, &round)).transpose()? {
                Some(Value::Unknown(unknown)) => {
                    let some = Value::Unknown(unknown.clone());
                    self.foresee_parts(&source, self.span(head.source));
                    self.foresee_rounds(head, &some, made, locals);
                    return Ok(Err(unknown));
                }
                Some(Value::Bool(false)) => {}
                _ => rounds.push(round),
            }
        }
        Ok(Ok(rounds))
    }

    fn map_for(&self, id: ExprId, head: &ForHead, key: ExprId, value: ExprId, locals: &Locals) -> Answer {
        let rounds = match self.each(head, &[key, value], locals)? {
            Ok(rounds) => rounds,
            Err(unknown) => return Ok(self.suspend(id, locals, &unknown)),
        };
        let mut object = Object::with_capacity(rounds.len());
        for round in &rounds {
            let name = match self.eval(key, round)? {
                Value::String(name) => name,
                Value::Unknown(unknown) => {
                    for round in &rounds {
                        self.foresee([key, value], round);
                    }
                    return Ok(self.suspend(id, locals, &unknown));
                }
                _ => return fail(self.span(key), "this key is not a text"),
            };
            if object.contains_key(&name) {
                return fail_with(
                    self.span(key),
                    format!("the key \"{name}\" comes twice"),
                    "make the keys differ, or leave the doubles out with `.unique()`",
                );
            }
            let value = self.eval(value, round)?;
            object.insert(name, value);
        }
        Ok(Value::Object(Arc::new(object)))
    }
}

/// Steps that the letters of a text are worth.
fn text_of(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 / 16,
        Value::Version(version) => version.0.len() as u64 / 16,
        _ => 0,
    }
}

/// Key and value of each element; positions are a list's keys.
pub(super) fn elements(source: &Value) -> Result<Vec<(Value, Value)>, Arc<Unknown>> {
    match source {
        Value::Unknown(unknown) => Err(unknown.clone()),
        Value::List(items) => {
            Ok(items.iter().enumerate().map(|(i, item)| (Value::Int(i64::try_from(i).unwrap_or(i64::MAX)), item.clone())).collect())
        }
        Value::Object(entries) => Ok(entries.iter().map(|(k, v)| (Value::String(k.clone()), v.clone())).collect()),
        _ => Ok(Vec::new()),
    }
}

fn matches_pattern(pattern: &Pattern, value: &Value) -> bool {
    match pattern {
        Pattern::Any => true,
        Pattern::Value(Value::String(text)) => match value {
            Value::Version(version) => version.0 == *text,
            value => value.as_str() == Some(text),
        },
        Pattern::Value(wanted) => wanted == value,
        Pattern::Range { from, to, inclusive } => {
            let at_least = operators::compare(from, value).is_some_and(std::cmp::Ordering::is_le);
            let below = operators::compare(value, to).is_some_and(|o| if *inclusive { o.is_le() } else { o.is_lt() });
            at_least && below
        }
    }
}
