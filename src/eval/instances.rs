//! Which instances a declaration has: one, perhaps none, or one for each key.

use std::collections::HashMap;
use std::sync::Arc;

use super::machine::{Locals, Machine, elements};
use super::origins::{Origin, Origins, Reads};
use crate::check::typed::Instances;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::value::{Phase, Source, Unknown, Value};

/// The instances of a declaration, by key.
pub(super) enum Found {
    One(Locals),
    /// `if` said no.
    None,
    Each(Vec<(Arc<str>, Locals)>),
    /// Cannot be told before lookups are answered.
    Later(Arc<Unknown>),
}

pub(super) fn find(machine: &Machine<'_>, instances: &Instances) -> Result<Found, Diagnostic> {
    let evaluated = |diagnostic: crate::value::EvalFailure| super::stack::failure(&diagnostic);
    let Some(each) = &instances.each else {
        let locals = Locals::default();
        return match instances.condition.map(|c| machine.eval(c, &locals).map_err(evaluated).map(|v| (v, machine.span(c)))).transpose()? {
            None | Some((Value::Bool(true), _)) => Ok(Found::One(locals)),
            Some((Value::Unknown(unknown), span)) => later(unknown, span, Code(303), "whether this exists"),
            Some(_) => Ok(Found::None),
        };
    };
    let source_span = machine.span(each.source);
    let before = machine.origins.replace(Reads::default());
    let source = machine.eval(each.source, &Locals::default()).map_err(evaluated)?;
    let read = machine.origins.replace(before).take();
    let pairs = match elements(&source) {
        Ok(pairs) => pairs,
        Err(unknown) => return later(unknown, source_span, Code(301), "how many of these there are"),
    };
    let mut found: Vec<(Arc<str>, Locals)> = Vec::with_capacity(pairs.len());
    let mut seen: HashMap<Arc<str>, ()> = HashMap::with_capacity(pairs.len());
    let is_map = matches!(source, Value::Object(_));
    for (position, value) in pairs {
        let base = Locals::default();
        let base = if each.binders == 2 { base.with(position.clone()) } else { base };
        let locals = base.with_origins(value.clone(), origins(&value, &read));
        let (key, span) = match each.key {
            Some(key) => (machine.eval(key, &locals).map_err(evaluated)?, machine.span(key)),
            None if is_map => (position, source_span),
            None => (value, source_span),
        };
        let key = match key {
            Value::Unknown(unknown) => return later(unknown, span, Code(301), "the key of each of these"),
            key => text(&key),
        };
        match instances.condition.map(|c| machine.eval(c, &locals).map_err(evaluated).map(|v| (v, machine.span(c)))).transpose()? {
            Some((Value::Unknown(unknown), span)) => return later(unknown, span, Code(303), "which of these exist"),
            Some((Value::Bool(false), _)) => continue,
            _ => {}
        }
        if seen.insert(key.clone(), ()).is_some() {
            return Err(Diagnostic::error(Code(302), span, format!("the key \"{key}\" comes twice"))
                .label("each instance needs a key of its own")
                .help("remove the double with `.unique()`, or choose another part as the key with `by`"));
        }
        found.push((key, locals));
    }
    Ok(Found::Each(found))
}

/// What is known only after apply cannot decide what there is to apply.
fn later(unknown: Arc<Unknown>, span: Span, code: Code, what: &str) -> Result<Found, Diagnostic> {
    if unknown.phase < Phase::Apply {
        return Ok(Found::Later(unknown));
    }
    let source = format!("{}.{}", unknown.source.address, unknown.source.attribute);
    Err(Diagnostic::error(code, span, format!("{what} must be known before anything is created"))
        .label(format!("depends on `{source}`"))
        .also(unknown.source.span, format!("`{source}` is known only after apply"))
        .help("use what the program itself gives, a param or the keys of another resource, in place of what AWS answers"))
}

/// What an element of a `for` waits for. What is known by now orders nothing; of what is computed from several attributes nobody
/// knows any more which, and it waits for all that was `read`.
fn origins(element: &Value, read: &Origins) -> Origins {
    let mut sources = Vec::new();
    match element.references(&mut sources) {
        true => {
            let origin =
                |source: &Source| Origin { address: source.address.clone(), attribute: source.attribute.clone(), span: source.span };
            sources.into_iter().map(origin).collect()
        }
        false => read.clone(),
    }
}

fn text(key: &Value) -> Arc<str> {
    match key {
        Value::String(text) => text.clone(),
        other => {
            let mut text = String::new();
            super::builtins::print(other, &mut text);
            text.into()
        }
    }
}
