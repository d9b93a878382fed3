//! The stack around its unit: environment, params, tags, outputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::handle::{Frame, ResourceHandle, SlotValue};
use super::machine::{Locals, written_out};
use super::scenario::Scenario;
use super::unit::{Evaluation, Reader};
use crate::age::Recipient;
use crate::check::typed::{DeclarationKind, EncryptionDeclaration, Env, ExprId, Program, StateDeclaration};
use crate::desired::{Output, Stack, StateKey, StateLocation};
use crate::diagnostic::{Code, Diagnostic, closest, listed};
use crate::source::{FileId, Span};
use crate::value::{EvalFailure, Object, Value};

/// An error of evaluation as a diagnostic.
pub(super) fn failure(failure: &EvalFailure) -> Diagnostic {
    Diagnostic::error(Code(305), failure.span, failure.message.clone()).label("while computing this").maybe_help(failure.help.clone())
}

/// The environment of that name; none where the stack has none.
pub(super) fn choose<'p>(program: &'p Program, env: Option<&str>) -> Result<Option<&'p Env>, Box<Diagnostic>> {
    let names = || listed(program.envs.iter().map(|e| &*e.name.node));
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

pub(super) fn settings(program: &Program, scenario: &Scenario<'_>, reader: &Reader<'_>) -> Result<Stack, Diagnostic> {
    let none = Locals::default();
    let text = |id: Option<ExprId>| -> Result<Option<Arc<str>>, Diagnostic> {
        Ok(match id.map(|id| reader.eval(id, &none)).transpose()? {
            Some(Value::String(text)) => Some(text),
            _ => None,
        })
    };
    let own = |pick: fn(&crate::check::typed::Options) -> Option<ExprId>| {
        scenario.options.iter().rev().copied().chain([&program.stack.options]).find_map(pick)
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
        StateDeclaration::Gcs { bucket, prefix } => {
            StateLocation::Gcs { bucket: text(Some(*bucket))?.unwrap_or_default(), prefix: text(*prefix)?.unwrap_or_default() }
        }
        StateDeclaration::Azure { account, container, prefix } => StateLocation::Azure {
            account: text(Some(*account))?.unwrap_or_default(),
            container: text(Some(*container))?.unwrap_or_default(),
            prefix: text(*prefix)?.unwrap_or_default(),
        },
    };
    let encryption = match &program.stack.encryption {
        EncryptionDeclaration::None => StateKey::None,
        EncryptionDeclaration::Passphrase => StateKey::Passphrase,
        EncryptionDeclaration::Kms { key, region } => StateKey::Kms { key: text(Some(*key))?.unwrap_or_default(), region: text(*region)? },
        EncryptionDeclaration::Age { recipients } => StateKey::Age { recipients: age_recipients(*recipients, reader)? },
    };
    let external_tags = match program.stack.external_tags.map(|id| reader.eval(id, &none)).transpose()? {
        Some(Value::List(keys)) => keys.iter().filter_map(Value::as_str).map(Arc::from).collect(),
        _ => Arc::default(),
    };
    Ok(Stack {
        name: program.stack.name.clone(),
        env: scenario.env.clone(),
        region: text(own(|o| o.region))?,
        account: text(own(|o| o.account))?,
        protect,
        external_tags,
        state,
        encryption,
        env_span: scenario.env_span,
    })
}

/// The keys that are to open the state.
fn age_recipients(list: ExprId, reader: &Reader<'_>) -> Result<Vec<Recipient>, Diagnostic> {
    let place = reader.machine().span(list);
    let Value::List(items) = reader.eval(list, &Locals::default())? else { return Ok(Vec::new()) };
    if items.is_empty() {
        return Err(Diagnostic::error(Code(871), place, "the state is encrypted for nobody")
            .label("no recipient")
            .help("`age-keygen` makes a pair of keys; write the public one here, `age1…`"));
    }
    let recipient = |item: &Value| {
        let Value::String(text) = item else { return None };
        Some(Recipient::parse(text).ok_or_else(|| {
            // Which is not shown once more.
            let private = text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-");
            let problem = match private {
                true => "this is a private key, which must not be in a program".to_owned(),
                false => format!("`{text}` is not an age recipient"),
            };
            Diagnostic::error(Code(871), place, problem)
                .label("not the public key of an X25519 pair")
                .help("write what `age-keygen -y` prints: `age1` and 58 letters and digits")
        }))
    };
    items.iter().filter_map(recipient).collect()
}

/// Values of the params: what is given last wins.
pub(super) fn params(scenario: &Scenario<'_>, reader: &Reader<'_>) -> Result<BTreeMap<Arc<str>, (SlotValue, Span)>, Diagnostic> {
    let mut given = BTreeMap::new();
    for setting in &scenario.settings {
        let value = reader.eval(setting.value, &Locals::default())?;
        let span = reader.machine().span(setting.value);
        given.insert(setting.name.node.clone(), (SlotValue::new(value, Default::default()), span));
    }
    Ok(given)
}

pub(super) fn outputs(evaluation: &mut Evaluation<'_>, frame: &Frame) {
    let program = evaluation.world.program.clone();
    let Some(unit) = program.units.first() else { return };
    for (slot, declaration) in unit.declarations.iter().enumerate() {
        if let (DeclarationKind::Output(id), Some(kept)) = (&declaration.kind, frame.get(slot)) {
            if let Err(too_large) = written_out(&kept.value, program.expr(*id).map_or(declaration.name.span, |expr| expr.span)) {
                evaluation.diagnostics.push(failure(&too_large));
                continue;
            }
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
