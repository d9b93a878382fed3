//! The network of the evaluated program: what is wrong with it, and what asserts ask of it.
//!
//! Asserts are judged when all resources are told: only then is the network whole.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::handle::{Frame, ResourceHandle};
use super::machine::{Answer as Computed, Locals, Machine, fail, fail_with};
use super::unit::{Evaluation, Reader};
use super::words::Words;
use crate::check::builtin::Builtin;
use crate::check::typed::{self, ExprId, ExprKind, Program, RecordKey};
use crate::desired::Assert;
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{Answer, End, Network, Places, Protocol, Question, findings};
use crate::source::Span;
use crate::syntax::ast::UnaryOp;
use crate::types::Type;
use crate::validate;
use crate::value::{Deferred, EvalFailure, Known, Phase, Source, Unknown, Value};

/// The network while it is asked, and what was asked of it.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// Kept only as long as an answer may still be wanted: resources and unknown values of one program otherwise hold each other.
    network: Mutex<Option<Arc<Network>>>,
    log: Mutex<Vec<(ExprId, Answer)>>,
}

impl Asking {
    fn network(&self) -> Option<Arc<Network>> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, network: Option<Arc<Network>>) -> Option<Arc<Network>> {
        std::mem::replace(&mut *self.network.lock().unwrap_or_else(PoisonError::into_inner), network)
    }

    /// Whether an assert is judged now.
    pub(super) fn is_open(&self) -> bool {
        self.network().is_some()
    }

    /// Computes something that may ask of the network.
    pub(super) fn of<T>(&self, network: &Arc<Network>, compute: impl FnOnce() -> T) -> T {
        let before = self.set(Some(network.clone()));
        let computed = compute();
        self.set(before);
        computed
    }

    /// What was asked since the last call.
    pub(super) fn take(&self) -> Vec<(ExprId, Answer)> {
        std::mem::take(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `reachable(from, to, port?, protocol?)`
pub(super) fn reachable(machine: &Machine<'_>, id: ExprId, args: &[Value], locals: &Locals) -> Computed {
    let span = machine.span(id);
    let asking = &machine.world.asking;
    let Some(network) = asking.network() else { return Ok(machine.suspend(id, locals, &untold(args, span))) };
    let ends = (args.first().and_then(end), args.get(1).and_then(end));
    let (Some(from), Some(to)) = ends else { return fail(span, "this has no place in a network") };
    let port = match args.get(2) {
        Some(Value::Int(port)) => match u16::try_from(*port) {
            Ok(port) => Some(port),
            Err(_) => {
                let at = match machine.world.program.expr(id).map(|expr| &expr.kind) {
                    Some(ExprKind::Builtin { args, .. }) => args.get(2).map_or(span, |arg| machine.span(*arg)),
                    _ => span,
                };
                return fail_with(at, format!("{port} is not a port"), "a port is 0 to 65535; leave it out to ask for any");
            }
        },
        _ => None,
    };
    let protocol = args.get(3).and_then(Value::as_str).and_then(Protocol::parse);
    let answer = network.reach(&Question { from, to, port, protocol });
    let known = answer.reachable;
    asking.log.lock().unwrap_or_else(PoisonError::into_inner).push((id, answer));
    Ok(match known {
        Some(known) => Value::Bool(known),
        None => machine.suspend(id, locals, &untold(args, span)),
    })
}

fn end(value: &Value) -> Option<End> {
    Some(match value {
        Value::Cidr(net) => End::Range(*net),
        Value::String(_) => End::Internet,
        Value::Handle(handle) => End::Resource(handle.as_any().downcast_ref::<ResourceHandle>()?.address.clone()),
        _ => return None,
    })
}

/// An answer that the program does not give.
fn untold(args: &[Value], span: Span) -> Unknown {
    #[derive(Debug)]
    struct Never;
    impl Deferred for Never {
        fn force(&self, _: &dyn Known) -> Result<Value, EvalFailure> {
            Ok(Value::Null)
        }
    }
    let address = args.iter().find_map(|arg| match end(arg) {
        Some(End::Resource(address)) => Some(address),
        _ => None,
    });
    let address = address.unwrap_or_else(|| crate::address::Address::root("internet", None));
    let source = Source { address, attribute: "reachable".into(), span };
    Unknown { ty: Type::Bool, phase: Phase::Apply, source, deferred: Some(Box::new(Never)) }
}

/// Looks at the network of what was evaluated, then judges the asserts.
pub(super) fn conclude(evaluation: &mut Evaluation<'_>, root: usize) -> Arc<Network> {
    let complete = evaluation.desired.lookups.is_empty() && !evaluation.diagnostics.iter().any(Diagnostic::is_error);
    let network = Arc::new(Network::of(&evaluation.desired, complete));
    let program = evaluation.world.program.clone();
    let words = Words { program: &program, root, resources: &evaluation.desired.resources };
    let mut found = findings(&network, &evaluation.desired, &program.registry, &words);
    found.extend(validate::check(&evaluation.desired.resources, &program.registry, &words));
    found.extend(program.files.shown_secrets(&program.root));
    let (errors, warnings) = found.into_iter().partition::<Vec<_>, _>(Diagnostic::is_error);
    let sound = errors.is_empty();
    evaluation.diagnostics.extend(errors);
    evaluation.desired.told = warnings;
    evaluation.world.asking.set(Some(network.clone()));
    let mut open = false;
    for (unit, frame) in std::mem::take(&mut evaluation.pending) {
        if let Some(unit) = program.units.get(unit) {
            open |= asserts(evaluation, root, &unit.asserts, &frame, complete && sound);
        }
    }
    if !open {
        evaluation.world.asking.set(None);
    }
    network
}

/// Judges the asserts of one unit. An error of the network is told alone: what follows from it is not told again. True when the
/// network may be asked again later.
fn asserts(evaluation: &mut Evaluation<'_>, root: usize, asserts: &[typed::Assert], frame: &Arc<Frame>, sound: bool) -> bool {
    let mut open = false;
    let (world, steps) = (evaluation.world.clone(), evaluation.steps.clone());
    for assert in asserts {
        let reader = Reader::new(&world, frame, &steps);
        world.asking.take();
        let condition = reader.eval(assert.condition, &Locals::default());
        let asked = world.asking.take();
        let message = assert.message.map(|m| reader.eval(m, &Locals::default())).transpose();
        match condition.and_then(|c| message.map(|m| (c, m))) {
            Ok((condition, message)) => {
                let message = match message {
                    Some(Value::String(text)) => text,
                    _ => format!("`{}` does not hold", assert.text).into(),
                };
                if matches!(condition, Value::Unknown(_)) {
                    let mut asks = HashMap::new();
                    wants(&world.program, assert.condition, true, &mut asks);
                    open |= !asks.is_empty();
                }
                if sound && !asked.is_empty() {
                    let words = Words { program: &world.program, root, resources: &evaluation.desired.resources };
                    match &condition {
                        Value::Bool(false) => {
                            let story = failed(&words, assert, &message, &asked);
                            evaluation.desired.told.extend(story);
                        }
                        Value::Unknown(_) => {
                            let untold = undecided(&words, assert, &asked);
                            evaluation.desired.told.extend(untold);
                        }
                        Value::Bool(true) => {
                            let partly = partly(&words, assert, &asked);
                            evaluation.desired.told.extend(partly);
                        }
                        _ => {}
                    }
                }
                evaluation.desired.asserts.push(Assert { condition, message, span: assert.span });
            }
            Err(diagnostic) => evaluation.report(diagnostic),
        }
    }
    open
}

/// E0512: why what must be reached is not, or which way there is to what must not be. `None` when that is not why the assert fails.
pub(super) fn failed(words: &Words<'_>, assert: &typed::Assert, message: &str, asked: &[(ExprId, Answer)]) -> Option<Diagnostic> {
    let mut wanted = HashMap::new();
    wants(words.program, assert.condition, true, &mut wanted);
    let wrong = |(id, answer): &&(ExprId, Answer)| answer.reachable.is_some() && answer.reachable != wanted.get(id).copied();
    let (id, answer) = asked.iter().find(wrong)?;
    let at = words.program.expr(*id).map_or(assert.span, |expr| expr.span);
    let found = Diagnostic::error(Code(512), at, message);
    let Answer { from, to, hops, .. } = answer;
    if answer.reachable == Some(true) {
        let way: Vec<&str> = hops.iter().map(|hop| hop.text.as_str()).collect();
        let way = if way.is_empty() {
            "within one network nothing is in between".to_owned()
        } else {
            format!("the way there: {}", way.join("; "))
        };
        let found = found.label(format!("{from} reaches {to}")).help(way);
        let places = hops.iter().filter_map(|hop| Some((words.span(hop.place.as_ref()?), &hop.title)));
        return Some(places.fold(found, |found, (span, title)| found.also(span, title.as_str())));
    }
    let stop = hops.last()?;
    let found = found.label(format!("{from} does not reach {to}: {}", stop.text)).maybe_help(stop.help.clone());
    Some(match &stop.place {
        Some(place) => found.also(words.span(place), stop.title.as_str()),
        None => found,
    })
}

/// E0516: an answer that the program does not give.
fn undecided(words: &Words<'_>, assert: &typed::Assert, asked: &[(ExprId, Answer)]) -> Option<Diagnostic> {
    let (id, answer) = asked.iter().find(|(_, answer)| answer.reachable.is_none())?;
    let at = words.program.expr(*id).map_or(assert.span, |expr| expr.span);
    let Answer { from, to, hops, .. } = answer;
    let found = Diagnostic::warning(Code(516), at, format!("whether {from} reaches {to} does not follow from the program"));
    let Some(why) = hops.last() else { return Some(found) };
    let found = found
        .label(why.text.as_str())
        .help("the assert is neither met nor failed: name what is in between in the program, or leave it out");
    Some(match &why.place {
        Some(place) => found.also(words.span(place), why.title.as_str()),
        None => found,
    })
}

/// E0517: an assert that holds, and not for all of what it names.
fn partly(words: &Words<'_>, assert: &typed::Assert, asked: &[(ExprId, Answer)]) -> Option<Diagnostic> {
    let mut wanted = HashMap::new();
    wants(words.program, assert.condition, true, &mut wanted);
    let short = |(id, answer): &(ExprId, Answer)| {
        let short = answer.short.clone().filter(|_| wanted.get(id) == Some(&true))?;
        Some((*id, answer.from.clone(), answer.to.clone(), short))
    };
    let (id, from, to, (part, stop)) = asked.iter().find_map(short)?;
    let at = words.program.expr(id).map_or(assert.span, |expr| expr.span);
    let found = Diagnostic::warning(Code(517), at, format!("only a part of {from} reaches {to}"))
        .label(format!("{part} does not: {}", stop.text))
        .maybe_help(stop.help);
    Some(match &stop.place {
        Some(place) => found.also(words.span(place), stop.title),
        None => found,
    })
}

/// What each question in a condition must answer for the condition to hold.
fn wants(program: &Program, id: ExprId, yes: bool, found: &mut HashMap<ExprId, bool>) {
    let Some(expr) = program.expr(id) else { return };
    let mut all = |ids: &[ExprId]| ids.iter().for_each(|id| wants(program, *id, yes, found));
    match &expr.kind {
        ExprKind::Builtin { builtin: Builtin::Reachable, .. } => {
            found.insert(id, yes);
        }
        ExprKind::Unary { op: UnaryOp::Not, operand } => wants(program, *operand, !yes, found),
        ExprKind::Unary { operand: id, .. }
        | ExprKind::Coerce(id)
        | ExprKind::Lambda { body: id, .. }
        | ExprKind::Member { base: id, .. }
        | ExprKind::ListFor { body: id, .. } => all(&[*id]),
        ExprKind::Binary { left, right, .. } => all(&[*left, *right]),
        ExprKind::If { then, otherwise, .. } => all(&[*then, *otherwise]),
        ExprKind::List(ids) => all(ids),
        ExprKind::Record(entries) => {
            all(&entries.iter().filter(|(k, _)| matches!(k, RecordKey::Name(_))).map(|(_, v)| *v).collect::<Vec<_>>())
        }
        ExprKind::Match { arms, .. } => all(&arms.iter().map(|arm| arm.body).collect::<Vec<_>>()),
        ExprKind::Method { receiver, args, .. } => {
            all(&[*receiver]);
            all(args);
        }
        _ => {}
    }
}
