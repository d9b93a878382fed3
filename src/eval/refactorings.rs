//! `moved`, `import` and `forget` against what the program asks for in the chosen environment.

use std::cell::Cell;
use std::collections::HashMap;

use super::handle::Frame;
use super::machine::Locals;
use super::unit::{Evaluation, Reader, known};
use crate::address::Address;
use crate::check::typed::{Import as Declared, Program};
use crate::desired::{Desired, Import, Places};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::source::Span;
use crate::value::{Hashing, Value};

/// Evaluates the ids of imports, and finds what contradicts the program.
pub(super) fn evaluate(evaluation: &mut Evaluation<'_>, program: &Program, frame: &Frame) {
    for import in &program.imports {
        match imported(evaluation, import, frame) {
            Ok(found) => evaluation.desired.imports.extend(found),
            Err(diagnostic) => evaluation.report(diagnostic),
        }
    }
    let mut mistakes = Vec::new();
    still_there(&evaluation.desired, &mut mistakes);
    taken_twice(&evaluation.desired, &mut mistakes);
    evaluation.diagnostics.extend(mistakes);
}

/// The import, when the environment has it.
fn imported(evaluation: &Evaluation<'_>, import: &Declared, frame: &Frame) -> Result<Option<Import>, Diagnostic> {
    let (world, steps) = (evaluation.world.clone(), Cell::new(0));
    let reader = Reader::new(&world, frame, &steps);
    let value = known(&reader, import.id, &Locals::default(), "an id to import")
        .map_err(|mistake| mistake.help("write the id as text, or find what exists with a `lookup`"))?;
    let id_span = reader.machine().span(import.id);
    let Value::String(id) = value else { return Ok(None) };
    if id.is_empty() {
        return Err(Diagnostic::error(Code(317), id_span, "the id to import is empty")
            .label("no id")
            .help("write `null` where nothing is to be imported"));
    }
    let desired = &evaluation.desired;
    if desired.resources.contains_key(&import.address) {
        return Ok(Some(Import { address: import.address.clone(), id, span: import.span, id_span }));
    }
    let like = alike(desired, &import.address);
    if like.is_empty() {
        // `if` says that this environment has none.
        return Ok(None);
    }
    Err(no_such_key(Code(317), &import.address, import.span, &like))
}

/// Resources that differ from the address in their keys alone.
fn alike(desired: &Desired, address: &Address) -> Vec<String> {
    let names = |address: &Address| address.steps().iter().map(|s| s.name.clone()).collect::<Vec<_>>();
    let wanted = names(address);
    desired.resources.keys().filter(|other| names(other) == wanted).map(ToString::to_string).collect()
}

/// The instances of a declaration are others than the one that is named.
fn no_such_key(code: Code, address: &Address, span: Span, like: &[String]) -> Diagnostic {
    let shown = like.iter().take(5).map(|a| format!("`{a}`")).collect::<Vec<_>>().join(", ");
    let help = match closest(&address.to_string(), like.iter().map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("there {} {shown}", if like.len() == 1 { "is" } else { "are" }),
    };
    let keyed = address.steps().iter().all(|step| step.key.is_none());
    let label = if keyed { "which one of them?" } else { "no instance of that key" };
    Diagnostic::error(code, span, format!("the program has no `{address}`")).label(label).help(help)
}

/// What is moved away or forgotten is not in the program any more.
fn still_there(desired: &Desired, mistakes: &mut Vec<Diagnostic>) {
    if desired.moves.is_empty() && desired.forgets.is_empty() {
        return;
    }
    let places = Places::new(desired.resources.keys());
    let near = |address: &Address| {
        let mut near: Vec<usize> = places.within(address).collect();
        near.sort_unstable();
        near.into_iter().filter_map(|at| desired.resources.get_index(at))
    };
    for one in &desired.moves {
        if one.from == one.to {
            continue;
        }
        if let Some((address, resource)) = near(&one.from).find(|(address, _)| one.target(address).is_some()) {
            mistakes.push(
                Diagnostic::error(Code(312), one.span, format!("`{address}` is still in the program"))
                    .label(format!("cannot be `{}` as well", one.to))
                    .also(resource.span, "declared here")
                    .help("rename the declaration, or take this line away"),
            );
        }
    }
    for (forgotten, span) in &desired.forgets {
        if let Some((address, resource)) = near(forgotten).find(|(address, _)| address.is_within(forgotten)) {
            mistakes.push(
                Diagnostic::error(Code(316), *span, format!("`{address}` is still in the program"))
                    .label("cannot be forgotten while it is wanted")
                    .also(resource.span, "declared here")
                    .help("take the declaration away, or this line"),
            );
        }
    }
}

/// One address takes one id, and one id has one address.
fn taken_twice(desired: &Desired, mistakes: &mut Vec<Diagnostic>) {
    let kind = |import: &Import| desired.resources.get(&import.address).map(|r| (r.type_name.clone(), r.options.region.clone()));
    let mut by_address: HashMap<&Address, &Import, Hashing> = HashMap::default();
    let mut by_id = HashMap::<_, &Import, Hashing>::default();
    for one in &desired.imports {
        let (same, id) = (by_address.get(&one.address).copied(), (&one.id, kind(one)));
        let taken = by_id.get(&id).copied();
        by_address.entry(&one.address).or_insert(one);
        by_id.entry(id).or_insert(one);
        if let Some(first) = same {
            mistakes.push(
                Diagnostic::error(Code(318), one.span, format!("`{}` is imported twice", one.address))
                    .label("the second")
                    .also(first.span, "the first")
                    .help("keep one of them"),
            );
        } else if let Some(first) = taken {
            mistakes.push(
                Diagnostic::error(Code(318), one.id_span, format!("`{}` cannot be both `{}` and `{}`", one.id, first.address, one.address))
                    .label("the same id")
                    .also(first.id_span, "the first")
                    .help("one thing has one address; look the other's id up"),
            );
        }
    }
}
