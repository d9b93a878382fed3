//! Changes of a state by hand: moving records, forgetting them, putting another state in its place. Pure: what is
//! written, and under which lock, is the session's business.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::stored_key::is_closed;
use super::{FingerprintKey, Loaded, Record, StateFile};
use crate::address::Address;
use crate::value::{Object, Secret, Value};

/// Why records were not moved or forgotten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the state has no `{0}`")]
    Nothing(Address),
    #[error("`{from}` cannot become `{to}`: what is in the one stays in the other")]
    Same { from: Address, to: Address },
    /// An address holds one thing.
    #[error("`{from}` cannot become `{to}`: the state has `{to}` already, as `{id}`")]
    Taken { from: Address, to: Address, id: String },
    /// Fingerprints are bound to their address: under another one the secret would look changed.
    #[error("`{from}` holds a secret, `{attribute}`, whose fingerprint is bound to the address")]
    Secret { from: Address, to: Address, attribute: String },
}

/// Gives the records at `from`, and inside it, the address `to`. Answers what became what; the order of deletes follows.
/// Nothing is changed when it is an error.
pub fn move_records(state: &mut StateFile, from: &Address, to: &Address) -> Result<Vec<(Address, Address)>, EditError> {
    let about: Vec<&Address> = state.resources.keys().filter(|address| address.is_within(from)).collect();
    if about.is_empty() {
        return Err(EditError::Nothing(from.clone()));
    }
    let moved: BTreeMap<Address, Address> =
        about.into_iter().filter_map(|address| Some((address.clone(), address.moved(from, to)?))).collect();
    if moved.is_empty() {
        return Err(EditError::Same { from: from.clone(), to: to.clone() });
    }
    for (from, to) in &moved {
        let there = state.resources.get(to).filter(|_| !moved.contains_key(to));
        if let Some(there) = there {
            return Err(EditError::Taken { from: from.clone(), to: to.clone(), id: there.id.clone() });
        }
        if let Some(attribute) = state.resources.get(from).and_then(|record| fingerprinted(record)) {
            return Err(EditError::Secret { from: from.clone(), to: to.clone(), attribute });
        }
    }
    let taken: Vec<_> = moved.iter().filter_map(|(from, to)| Some((to.clone(), state.resources.remove(from)?))).collect();
    state.resources.extend(taken);
    for record in state.resources.values_mut().filter(|record| record.dependencies.iter().any(|on| moved.contains_key(on))) {
        let record = Arc::make_mut(record);
        record.dependencies.iter_mut().for_each(|on| *on = moved.get(on).unwrap_or(on).clone());
        record.dependencies.sort_unstable();
    }
    Ok(moved.into_iter().collect())
}

/// Drops the records at `address`, and inside it, from the state. What they stand for stays in the cloud.
pub fn forget(state: &mut StateFile, address: &Address) -> Result<Vec<(Address, Arc<Record>)>, EditError> {
    let names: Vec<Address> = state.resources.keys().filter(|own| own.is_within(address)).cloned().collect();
    if names.is_empty() {
        return Err(EditError::Nothing(address.clone()));
    }
    Ok(names.into_iter().filter_map(|name| state.resources.remove_entry(&name)).collect())
}

/// The first attribute of a record that holds a fingerprint.
fn fingerprinted(record: &Record) -> Option<String> {
    fn holds(value: &Value) -> bool {
        match value {
            Value::Secret(Secret::Fingerprint(_)) => true,
            Value::List(items) => items.iter().any(holds),
            Value::Object(entries) => entries.values().any(holds),
            _ => false,
        }
    }
    let first = |object: &Object| object.iter().find(|(_, value)| holds(value)).map(|(name, _)| name.to_string());
    first(&record.inputs).or_else(|| first(&record.observed))
}

/// Why another state is not put in the place of the one that is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    #[error("it is the state of `{found}`, not of `{wanted}`")]
    Foreign { found: String, wanted: String },
    #[error("it is of another lineage ({found}) than the state that is there ({current}): the two have nothing in common")]
    Lineage { found: String, current: String },
    /// Somebody has applied since it was pulled.
    #[error("its serial is {found}, and the state has gone on to {current} since: pushing it would undo what was recorded meanwhile")]
    Older { found: u64, current: u64 },
    #[error("its serial is {found}, and the next one is {next}: something is missing in between")]
    Later { found: u64, next: u64 },
    /// It can be used only where it was pulled.
    #[error("its key of fingerprints is closed with the data key of another place, or of another time")]
    ClosedKey,
    #[error("its key of fingerprints is {0}")]
    Key(&'static str),
}

/// A pulled state holds its key of fingerprints as it was stored: closed, where the stored one is encrypted. It is the stored one's.
pub fn take_key(pushed: &mut StateFile, stored: &Loaded) {
    let current = &stored.state;
    if !stored.new
        && (Some(pushed.fingerprint_key.as_str()) == current.stored_key.text() || pushed.fingerprint_key == current.fingerprint_key)
    {
        pushed.fingerprint_key.clone_from(&current.fingerprint_key);
        pushed.stored_key = current.stored_key.clone();
    }
}

/// Whether `pushed` may take the place of what is stored: the same stack, environment and lineage, and the current serial
/// or the next. Where nothing is stored yet, every lineage and serial is good: that is how a state moves elsewhere.
pub fn check_push(stored: &Loaded, pushed: &StateFile) -> Result<(), PushError> {
    let current = &stored.state;
    let name = |state: &StateFile| format!("{} · {}", state.stack, state.env);
    if (&pushed.stack, &pushed.env) != (&current.stack, &current.env) {
        return Err(PushError::Foreign { found: name(pushed), wanted: name(current) });
    }
    if is_closed(&pushed.fingerprint_key) {
        return Err(PushError::ClosedKey);
    }
    if FingerprintKey::from_hex(&pushed.fingerprint_key).is_err() {
        return Err(PushError::Key("not 32 bytes in hex"));
    }
    if stored.new {
        return Ok(());
    }
    if pushed.lineage != current.lineage {
        return Err(PushError::Lineage { found: pushed.lineage.clone(), current: current.lineage.clone() });
    }
    if pushed.fingerprint_key != current.fingerprint_key {
        return Err(PushError::Key("not that of the state, so that every secret would look changed"));
    }
    match pushed.serial {
        serial if serial < current.serial => Err(PushError::Older { found: serial, current: current.serial }),
        serial if serial > current.serial + 1 => Err(PushError::Later { found: serial, next: current.serial + 1 }),
        _ => Ok(()),
    }
}
