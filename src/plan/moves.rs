//! `moved`: records get new addresses before anything is compared.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::address::Address;
use crate::desired::{Desired, Move, Moves, Places};
use crate::diagnostic::{Code, Diagnostic, closest};

use super::Spent;
use super::view::View;

/// Gives records their new addresses. Answers what moved, from its first address to its last.
pub(super) fn carry_out(view: &mut View, desired: &Desired, destroying: bool) -> Result<Vec<(Address, Address)>, Vec<Diagnostic>> {
    let mut moved: BTreeMap<Address, Address> = BTreeMap::new();
    // The first addresses of what is at an address by now.
    let mut origins: HashMap<Address, Vec<Address>> = HashMap::new();
    for wanted in Moves::new(&desired.moves).in_order() {
        for (from, to) in affected(view, wanted) {
            let Some(record) = view.records.remove(&from) else { continue };
            let origin = view.moved_from.remove(&from).unwrap_or_else(|| from.clone());
            for first in origins.remove(&from).unwrap_or_default() {
                moved.remove(&first);
            }
            match view.records.get(&to) {
                // A run that was cut off had put it there already, with the fingerprints of its new address.
                Some(there) if there.id == record.id && there.type_name == record.type_name => {}
                Some(there) => return Err(vec![both(wanted, &from, &record.id, &to, &there.id)]),
                None => {
                    view.records.insert(to.clone(), record);
                    view.moved_from.insert(to.clone(), origin.clone());
                }
            }
            origins.entry(to.clone()).or_default().push(origin.clone());
            moved.insert(origin, to);
        }
    }
    if !destroying {
        for to in moved.values() {
            if let Some(mistake) = misses(desired, to) {
                return Err(vec![mistake]);
            }
        }
    }
    if !moved.is_empty() {
        rename_dependencies(view, &moved);
    }
    Ok(moved.into_iter().collect())
}

fn affected(view: &View, wanted: &Move) -> Vec<(Address, Address)> {
    within(view, &wanted.from).filter_map(|from| Some((from.clone(), wanted.target(from)?))).collect()
}

/// The records that may lie within an address; those that surely do not are left out where that takes no looking.
fn within<'v>(view: &'v View, address: &'v Address) -> Box<dyn Iterator<Item = &'v Address> + 'v> {
    let inner_keys_open = address.steps().iter().rev().skip(1).any(|step| step.key.is_none());
    // What lies within an address stands together in the order of addresses, unless a key further out is left open.
    match inner_keys_open {
        true => Box::new(view.records.keys()),
        false => Box::new(view.records.range(address..).map(|(a, _)| a).take_while(|a| a.is_within(address))),
    }
}

fn both(wanted: &Move, from: &Address, old: &str, to: &Address, new: &str) -> Diagnostic {
    Diagnostic::error(Code(315), wanted.to_span, format!("`{from}` cannot become `{to}`: the state has both"))
        .label(format!("`{to}` is `{new}`, and `{from}` is `{old}`"))
        .help(format!("take this line away to have `{from}` deleted, or write `forget {from}` in its place to leave it in the cloud"))
}

/// The move put a record where the program has nothing, although the address was meant to name something.
fn misses(desired: &Desired, to: &Address) -> Option<Diagnostic> {
    if desired.resources.contains_key(to) {
        return None;
    }
    let responsible = desired.moves.iter().find(|m| to.is_within(&m.to))?;
    let names = |address: &Address| address.steps().iter().map(|s| s.name.clone()).collect::<Vec<_>>();
    let (wanted, keyed) = (names(to), responsible.to.steps().iter().any(|step| step.key.is_some()));
    let like: Vec<String> = desired.resources.keys().filter(|a| names(a) == wanted).map(ToString::to_string).collect();
    // Without a key in the line, a record whose key the program no longer has is one that goes, as it would without the move.
    let unkeyed = to.steps().last().is_some_and(|step| step.key.is_none());
    let other_shape = unkeyed && like.iter().any(|address| address.ends_with(']'));
    if like.is_empty() || (!keyed && !other_shape) {
        return None;
    }
    let close = closest(&to.to_string(), like.iter().map(String::as_str));
    let shown = like.iter().take(5).map(|a| format!("`{a}`")).collect::<Vec<_>>().join(", ");
    let help = match close.filter(|_| keyed) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("say which one it becomes: {shown}"),
    };
    let mistake = Diagnostic::error(Code(311), responsible.to_span, format!("the program has no `{to}`"))
        .label(if keyed { "no instance of that key" } else { "has keys" })
        .help(help);
    Some(mistake)
}

fn rename_dependencies(view: &mut View, moved: &BTreeMap<Address, Address>) {
    let names: HashMap<&Address, &Address> = moved.iter().collect();
    for record in view.records.values_mut() {
        if record.dependencies.iter().any(|on| names.contains_key(on)) {
            for on in &mut Arc::make_mut(record).dependencies {
                if let Some(to) = names.get(on) {
                    *on = (*to).clone();
                }
            }
        }
    }
}

/// Refactorings that have been carried out: the lines can go once every environment is past them.
pub(super) fn spent(desired: &Desired, view: &View, moved: &[(Address, Address)]) -> Vec<Spent> {
    let holds = |whole: &Address| within(view, whole).any(|address| address.is_within(whole));
    let (first, last) = (Places::new(moved.iter().map(|(from, _)| from)), Places::new(moved.iter().map(|(_, to)| to)));
    let pair = |at: usize| moved.get(at);
    let done = |m: &&Move| {
        !first.within(&m.from).filter_map(pair).any(|(from, _)| from.is_within(&m.from))
            && !last.within(&m.to).filter_map(pair).any(|(_, to)| to.is_within(&m.to))
            && holds(&m.to)
    };
    let moves = desired.moves.iter().filter(done).map(|m| Spent { line: m.to_string(), span: m.span, instead: None });
    let imports = desired.imports.iter().filter_map(|import| {
        let record = view.records.get(&import.address)?;
        let instead = (*record.id != *import.id).then(|| format!("`{}` is `{}` already", import.address, record.id));
        Some(Spent { line: format!("import {} = \"{}\"", import.address, import.id), span: import.span, instead })
    });
    let forgotten = desired.forgets.iter().filter(|(address, _)| view.header.serial > 0 && !holds(address));
    let forgets = forgotten.map(|(address, span)| Spent { line: format!("forget {address}"), span: *span, instead: None });
    moves.chain(imports).chain(forgets).collect()
}
