//! The stack around its unit: environment, params, tags, outputs.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::Lookups;
use super::handle::{Frame, ResourceHandle, SlotValue};
use super::machine::{Locals, World};
use super::ranges;
use super::unit::{Evaluation, Reader, Surroundings};
use crate::check::typed::{DeclarationKind, Env, ExprId, Program, StateDeclaration};
use crate::desired::{Desired, Import, Move, Output, Stack, StateLocation};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::source::{FileId, Span};
use crate::value::{EvalFailure, Object, Value};

/// An error of evaluation as a diagnostic.
pub(super) fn failure(failure: &EvalFailure) -> Diagnostic {
    Diagnostic::error(Code(305), failure.span, failure.message.clone()).label("while computing this")
}

pub(super) fn evaluate(program: &Arc<Program>, env: Option<&str>, lookups: &Lookups) -> Result<Desired, Vec<Diagnostic>> {
    let env = choose(program, env).map_err(|d| vec![*d])?;
    let name: Arc<str> = env.map_or_else(|| "default".into(), |e| e.name.node.clone());
    let world = World { program: program.clone(), env: name };
    let frame = Frame::new(0);
    let steps = Cell::new(0);
    let reader = Reader::new(&world, &frame, &steps);
    let stack = settings(program, env, &reader).map_err(|d| vec![d])?;
    let tags = match program.stack.tags.map(|id| reader.eval(id, &Locals::default())).transpose() {
        Ok(Some(Value::Object(tags))) => Some(tags),
        Ok(_) => None,
        Err(diagnostic) => return Err(vec![diagnostic]),
    };
    let given = params(program, env, &reader).map_err(|d| vec![d])?;
    let desired = Desired {
        stack,
        resources: indexmap::IndexMap::new(),
        lookups: Vec::new(),
        outputs: Vec::new(),
        asserts: Vec::new(),
        imports: Vec::new(),
        moves: program.moves.iter().map(|(from, to, span)| Move { from: from.clone(), to: to.clone(), span: *span }).collect(),
        forgets: program.forgets.clone(),
    };
    let mut evaluation = Evaluation { world: world.clone(), lookups, desired, diagnostics: Vec::new(), tags, steps: Rc::new(Cell::new(0)) };
    let (frame, _) = evaluation.unit(0, given, &Surroundings::default());
    outputs(&mut evaluation, &frame);
    imports(&mut evaluation, program, &reader);
    ranges::check(&evaluation.desired, &program.registry, &mut evaluation.diagnostics);
    if evaluation.diagnostics.iter().any(Diagnostic::is_error) { Err(evaluation.diagnostics) } else { Ok(evaluation.desired) }
}

/// The environment of that name; none where the stack has none.
fn choose<'p>(program: &'p Program, env: Option<&str>) -> Result<Option<&'p Env>, Box<Diagnostic>> {
    let names = || program.envs.iter().map(|e| format!("`{}`", e.name.node)).collect::<Vec<_>>().join(", ");
    let place = program.envs.first().map_or(Span::new(FileId(0), 0, 0), |e| e.name.span);
    match env {
        Some(name) => match program.env(name) {
            Some(env) => Ok(Some(env)),
            None if program.envs.is_empty() => Err(Box::new(
                Diagnostic::error(Code(310), place, format!("there is no env `{name}`: the stack declares none"))
                    .help(format!("leave `-e {name}` out, or declare `env {name} {{ … }}`")),
            )),
            None => {
                let help = closest(name, program.envs.iter().map(|e| &*e.name.node))
                    .map_or_else(|| format!("there are {}", names()), |c| format!("did you mean `-e {c}`?"));
                Err(Box::new(
                    Diagnostic::error(Code(310), place, format!("there is no env `{name}`"))
                        .label(format!("the stack's environments are {}", names()))
                        .help(help),
                ))
            }
        },
        None if program.envs.is_empty() => Ok(None),
        None => Err(Box::new(
            Diagnostic::error(Code(310), place, "which environment? the stack has several and none was chosen")
                .label(format!("there are {}", names()))
                .help(format!("add `-e {}`", program.envs.first().map_or("NAME", |e| &e.name.node))),
        )),
    }
}

fn settings(program: &Program, env: Option<&Env>, reader: &Reader<'_>) -> Result<Stack, Diagnostic> {
    let none = Locals::default();
    let text = |id: Option<ExprId>| -> Result<Option<Arc<str>>, Diagnostic> {
        Ok(match id.map(|id| reader.eval(id, &none)).transpose()? {
            Some(Value::String(text)) => Some(text),
            _ => None,
        })
    };
    let own = |pick: fn(&crate::check::typed::Options) -> Option<ExprId>| {
        env.and_then(|e| pick(&e.options)).or_else(|| pick(&program.stack.options))
    };
    let protect = match own(|o| o.protect).map(|id| reader.eval(id, &none)).transpose()? {
        Some(Value::Bool(protect)) => protect,
        _ => false,
    };
    let state = match &program.stack.state {
        StateDeclaration::Local => StateLocation::Local,
        StateDeclaration::S3 { bucket, region, prefix } => StateLocation::S3 {
            bucket: text(Some(*bucket))?.unwrap_or_default(),
            region: text(*region)?,
            prefix: text(*prefix)?.unwrap_or_default(),
        },
    };
    Ok(Stack {
        name: program.stack.name.clone(),
        env: env.map_or_else(|| "default".into(), |e| e.name.node.clone()),
        region: text(own(|o| o.region))?,
        account: text(own(|o| o.account))?,
        protect,
        state,
        env_span: env.map(|e| e.name.span),
    })
}

/// Values of the stack's params: the command line's win over the environment's.
fn params(program: &Program, env: Option<&Env>, reader: &Reader<'_>) -> Result<BTreeMap<Arc<str>, (SlotValue, Span)>, Diagnostic> {
    let mut given = BTreeMap::new();
    for setting in env.map(|e| &e.settings).into_iter().flatten().chain(&program.overrides) {
        let value = reader.eval(setting.value, &Locals::default())?;
        let span = reader.machine().span(setting.value);
        given.insert(setting.name.node.clone(), (SlotValue { value, from: Arc::new([]) }, span));
    }
    Ok(given)
}

fn outputs(evaluation: &mut Evaluation<'_>, frame: &Frame) {
    let program = evaluation.world.program.clone();
    let Some(unit) = program.units.first() else { return };
    for (slot, declaration) in unit.declarations.iter().enumerate() {
        if let (DeclarationKind::Output(_), Some(kept)) = (&declaration.kind, frame.get(slot)) {
            evaluation.desired.outputs.push(Output {
                name: declaration.name.node.clone(),
                doc: declaration.doc.clone(),
                value: plain(&kept.value),
                span: declaration.name.span,
            });
        }
    }
}

/// An output for the outside: a resource is shown as its address.
fn plain(value: &Value) -> Value {
    match value {
        Value::Handle(handle) => match handle.as_any().downcast_ref::<ResourceHandle>() {
            Some(resource) => Value::str(resource.address.to_string()),
            None => Value::Null,
        },
        Value::List(items) => Value::list(items.iter().map(plain)),
        Value::Object(entries) => Value::Object(Arc::new(entries.iter().map(|(k, v)| (k.clone(), plain(v))).collect::<Object>())),
        other => other.clone(),
    }
}

fn imports(evaluation: &mut Evaluation<'_>, program: &Program, reader: &Reader<'_>) {
    for (address, id, span) in &program.imports {
        match reader.eval(*id, &Locals::default()) {
            Ok(Value::String(id)) => evaluation.desired.imports.push(Import { address: address.clone(), id, span: *span }),
            Ok(_) => {}
            Err(diagnostic) => evaluation.diagnostics.push(diagnostic),
        }
    }
}
