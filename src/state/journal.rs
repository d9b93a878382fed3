//! The journal of one apply: what is about to be done, before it is done, and how it ended.
//!
//! A line per entry, each sealed to the one before it. A last line without its end is a crash in the middle of an
//! append: nobody acted on it, so it is dropped. Any other damage is an error.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::codec::{RecordDoc, RecordOut, Wanted, check, check_object, to_json};
use super::envelope::Cipher;
use super::seal::Seal;
use super::values::{Reader, Text};
use super::{Record, StateError, StateFile, Status};
use crate::address::Address;
use crate::schema::Recovery;
use crate::value::{Object, ResolvedObject};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// The first of every journal. `serial` is the one that the state gets by what follows.
    Begin { serial: u64, apply: Arc<str> },
    /// Durable before the call goes out.
    Intent(Box<Intent>),
    /// The cloud named the new resource's id.
    Accepted { op: Arc<str>, id: String },
    /// It happened: the address now holds this, or nothing.
    Done { op: Arc<str>, record: Option<Arc<Record>> },
    /// It definitely did not happen.
    Failed { op: Arc<str>, error: String },
    /// Nobody knows whether it happened: it stays open.
    InDoubt { op: Arc<str>, error: String },
    /// A change of the state alone: imported, moved, forgotten, deposed, found changed or gone. What several addresses hold
    /// from now on is one entry where half of it would lose something: a move, for one.
    Put(Vec<(Address, Option<Arc<Record>>)>),
    /// The apply came to its end; what is still open is in doubt.
    End,
}

impl Entry {
    /// One address, and what it holds from now on.
    pub fn put(address: &Address, record: Option<Arc<Record>>) -> Self {
        Self::Put(vec![(address.clone(), record)])
    }

    /// `record` is no longer at `from` but at `to`.
    pub fn moved(from: &Address, to: &Address, record: Arc<Record>) -> Self {
        Self::Put(vec![(from.clone(), None), (to.clone(), Some(record))])
    }

    /// What makes the records of `before` those of `after`; `None` when they are the same.
    pub fn between(before: &StateFile, after: &StateFile) -> Option<Self> {
        let gone = before.resources.keys().filter(|address| !after.resources.contains_key(*address)).map(|address| (address.clone(), None));
        let new = after.resources.iter().filter(|(address, record)| before.resources.get(*address) != Some(*record));
        let held: Vec<_> = gone.chain(new.map(|(address, record)| (address.clone(), Some(record.clone())))).collect();
        (!held.is_empty()).then_some(Self::Put(held))
    }
}

/// A changing call that is about to go out: enough to settle it, and to record what it made, without the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Unique; the idempotency token and the intent tag.
    pub op: Arc<str>,
    pub address: Address,
    pub verb: Verb,
    /// `aws.ec2.VPC`
    pub type_name: Arc<str>,
    pub region: String,
    /// What is asked for, secrets as fingerprints. Empty for a delete.
    pub inputs: Object,
    pub recovery: Recovery,
    /// The import id of what is changed or deleted; `None` for a create.
    pub prior: Option<String>,
    /// As in [`Record`], for the record that a create leads to.
    pub dependencies: Vec<Address>,
    pub protect: bool,
    pub retain: bool,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Create,
    Update,
    Delete,
}

/// An operation whose outcome is not recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    pub intent: Intent,
    /// The id that the cloud gave, when it answered in time.
    pub accepted: Option<String>,
    /// Why it is in doubt, when that was recorded.
    pub doubt: Option<String>,
}

impl Intent {
    /// The record of what this intent made.
    pub fn record(&self, id: String, observed: ResolvedObject, status: Status) -> Record {
        Record {
            type_name: self.type_name.clone(),
            id,
            region: self.region.clone(),
            inputs: self.inputs.clone(),
            observed,
            drift: Object::default(),
            dependencies: self.dependencies.clone(),
            protect: self.protect,
            retain: self.retain,
            status,
        }
    }

    /// True when `record` holds all that was intended, and nothing else.
    pub(super) fn led_to(&self, record: &Record) -> bool {
        record.type_name == self.type_name
            && record.region == self.region
            && record.inputs == self.inputs
            && record.dependencies == self.dependencies
            && record.protect == self.protect
            && record.retain == self.retain
    }
}

/// What the entries so far come to.
#[derive(Debug, Default)]
pub struct Ledger {
    pub begun: Option<u64>,
    ended: bool,
    /// Something was intended or changed.
    pub used: bool,
    next: u64,
    by_op: HashMap<Arc<str>, u64>,
    open: BTreeMap<u64, Pending>,
}

/// What an entry makes of the state: addresses, and what they hold from now on, one after the other.
pub type Effect = Vec<(Address, Option<Arc<Record>>)>;

impl Ledger {
    /// Takes an entry in; `Err` when it cannot follow those before it.
    pub fn take(&mut self, entry: &Entry) -> Result<Effect, String> {
        match entry {
            Entry::Begin { .. } if self.begun.is_some() => return Err("a journal begins once".to_owned()),
            Entry::Begin { serial, .. } => {
                self.begun = Some(*serial);
                return Ok(Effect::new());
            }
            _ if self.begun.is_none() => return Err("the journal has not begun".to_owned()),
            _ if self.ended => return Err("the journal has ended".to_owned()),
            Entry::End => {
                self.ended = true;
                return Ok(Effect::new());
            }
            _ => self.used = true,
        }
        match entry {
            Entry::Intent(intent) => self.intend(intent).map(|()| Effect::new()),
            Entry::Accepted { op, id } => {
                self.pending(op)?.accepted = Some(id.clone());
                Ok(Effect::new())
            }
            Entry::InDoubt { op, error } => {
                self.pending(op)?.doubt = Some(error.clone());
                Ok(Effect::new())
            }
            Entry::Done { op, record } => {
                let address = self.close(op)?.intent.address;
                Ok(vec![(address, record.clone())])
            }
            Entry::Failed { op, .. } => Ok(left_behind(self.close(op)?).into_iter().collect()),
            Entry::Put(held) => Ok(held.clone()),
            Entry::Begin { .. } | Entry::End => Ok(Effect::new()),
        }
    }

    fn intend(&mut self, intent: &Intent) -> Result<(), String> {
        if self.by_op.contains_key(&intent.op) {
            return Err(format!("operation {} is there twice", intent.op));
        }
        self.by_op.insert(intent.op.clone(), self.next);
        self.open.insert(self.next, Pending { intent: intent.clone(), accepted: None, doubt: None });
        self.next += 1;
        Ok(())
    }

    fn pending(&mut self, op: &str) -> Result<&mut Pending, String> {
        self.by_op.get(op).and_then(|n| self.open.get_mut(n)).ok_or_else(|| format!("operation {op} is not open"))
    }

    fn close(&mut self, op: &str) -> Result<Pending, String> {
        self.by_op.get(op).and_then(|n| self.open.remove(n)).ok_or_else(|| format!("operation {op} is not open"))
    }

    pub fn intent(&self, op: &str) -> Option<&Intent> {
        self.by_op.get(op).and_then(|n| self.open.get(n)).map(|pending| &pending.intent)
    }

    /// What is still open, in the order it was begun.
    pub fn open(&self) -> impl Iterator<Item = &Pending> {
        self.open.values()
    }
}

/// A create that failed after the cloud had named an id left something behind; it is recorded, never orphaned.
fn left_behind(pending: Pending) -> Option<(Address, Option<Arc<Record>>)> {
    let id = pending.accepted.filter(|_| pending.intent.verb == Verb::Create)?;
    let record = pending.intent.record(id, ResolvedObject::default(), Status::Broken);
    Some((pending.intent.address, Some(Arc::new(record))))
}

/// The entries that carry open operations over into a new journal.
pub fn carried(pending: &Pending) -> Vec<Entry> {
    let op = &pending.intent.op;
    let mut entries = vec![Entry::Intent(Box::new(pending.intent.clone()))];
    entries.extend(pending.accepted.iter().map(|id| Entry::Accepted { op: op.clone(), id: id.clone() }));
    entries.extend(pending.doubt.iter().map(|error| Entry::InDoubt { op: op.clone(), error: error.clone() }));
    entries
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum EntryOut<'a> {
    Begin { serial: u64, apply: &'a str },
    Intent(IntentOut<'a>),
    Accepted { op: &'a str, id: &'a str },
    Done { op: &'a str, record: Option<RecordOut<'a>> },
    Failed { op: &'a str, error: &'a str },
    InDoubt { op: &'a str, error: &'a str },
    Put(Vec<HeldOut<'a>>),
    End {},
}

#[derive(Serialize)]
struct HeldOut<'a> {
    address: &'a Address,
    record: Option<RecordOut<'a>>,
}

#[derive(Serialize)]
struct IntentOut<'a> {
    op: &'a str,
    address: &'a Address,
    verb: Verb,
    recovery: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prior: Option<&'a str>,
    #[serde(flatten)]
    wanted: Wanted<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum EntryDoc<'a> {
    Begin {
        serial: u64,
        apply: String,
    },
    #[serde(borrow)]
    Intent(IntentDoc<'a>),
    Accepted {
        #[serde(borrow)]
        op: Text<'a>,
        id: String,
    },
    Done {
        #[serde(borrow)]
        op: Text<'a>,
        #[serde(borrow)]
        record: Option<RecordDoc<'a>>,
    },
    Failed {
        #[serde(borrow)]
        op: Text<'a>,
        error: String,
    },
    InDoubt {
        #[serde(borrow)]
        op: Text<'a>,
        error: String,
    },
    #[serde(borrow)]
    Put(Vec<HeldDoc<'a>>),
    End {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldDoc<'a> {
    #[serde(borrow)]
    address: Text<'a>,
    #[serde(borrow)]
    record: Option<RecordDoc<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentDoc<'a> {
    #[serde(borrow)]
    op: Text<'a>,
    #[serde(borrow)]
    address: Text<'a>,
    verb: Verb,
    #[serde(borrow)]
    recovery: Text<'a>,
    #[serde(default)]
    prior: Option<String>,
    #[serde(borrow, rename = "type")]
    type_name: Text<'a>,
    region: String,
    #[serde(borrow)]
    inputs: &'a RawValue,
    #[serde(borrow, default)]
    dependencies: Vec<Text<'a>>,
    #[serde(default)]
    protect: bool,
    #[serde(default)]
    retain: bool,
}

const RECOVERIES: [(Recovery, &str); 5] = [
    (Recovery::Token, "token"),
    (Recovery::Tag, "tag"),
    (Recovery::Name, "name"),
    (Recovery::Relation, "relation"),
    (Recovery::Compare, "compare"),
];

/// An entry's JSON, not sealed yet. `ledger` knows the intent that an outcome belongs to.
pub fn encode_entry(entry: &Entry, ledger: &Ledger) -> Result<Vec<u8>, StateError> {
    let out = match entry {
        Entry::Begin { serial, apply } => EntryOut::Begin { serial: *serial, apply },
        Entry::Intent(intent) => {
            check_object(&intent.address, &intent.inputs)?;
            EntryOut::Intent(IntentOut {
                op: &intent.op,
                address: &intent.address,
                verb: intent.verb,
                recovery: RECOVERIES.iter().find(|(class, _)| *class == intent.recovery).map_or("", |(_, name)| name),
                prior: intent.prior.as_deref(),
                wanted: Wanted::of(intent),
            })
        }
        Entry::Accepted { op, id } => EntryOut::Accepted { op, id },
        Entry::Done { op, record } => {
            let intent = ledger.intent(op);
            if let (Some(intent), Some(record)) = (intent, record) {
                check(&intent.address, record)?;
            }
            EntryOut::Done { op, record: record.as_ref().map(|record| RecordOut::outcome(record, intent)) }
        }
        Entry::Failed { op, error } => EntryOut::Failed { op, error },
        Entry::InDoubt { op, error } => EntryOut::InDoubt { op, error },
        Entry::Put(held) => {
            for (address, record) in held {
                record.as_ref().map_or(Ok(()), |record| check(address, record))?;
            }
            let out = held
                .iter()
                .map(|(address, record)| HeldOut { address, record: record.as_ref().map(|record| RecordOut::outcome(record, None)) });
            EntryOut::Put(out.collect())
        }
        Entry::End => EntryOut::End {},
    };
    to_json(&out)
}

fn decode_entry(json: &[u8], reader: &Reader<'_>, ledger: &Ledger) -> Result<Entry, String> {
    let op = |Text(op): Text<'_>| Arc::<str>::from(&*op);
    Ok(match serde_json::from_slice::<EntryDoc<'_>>(json).map_err(|error| error.to_string())? {
        EntryDoc::Begin { serial, apply } => Entry::Begin { serial, apply: apply.into() },
        EntryDoc::Intent(doc) => Entry::Intent(Box::new(doc.read(reader)?)),
        EntryDoc::Accepted { op: of, id } => Entry::Accepted { op: op(of), id },
        EntryDoc::Done { op: of, record } => {
            let record = record.map(|doc| doc.read(reader, None, ledger.intent(&of.0)).map(Arc::new)).transpose()?;
            Entry::Done { op: op(of), record }
        }
        EntryDoc::Failed { op: of, error } => Entry::Failed { op: op(of), error },
        EntryDoc::InDoubt { op: of, error } => Entry::InDoubt { op: op(of), error },
        EntryDoc::Put(held) => {
            let read = |doc: HeldDoc<'_>| -> Result<_, String> {
                let record = doc.record.map(|doc| doc.read(reader, None, None).map(Arc::new)).transpose()?;
                Ok((reader.address(&doc.address.0)?, record))
            };
            Entry::Put(held.into_iter().map(read).collect::<Result<_, _>>()?)
        }
        EntryDoc::End {} => Entry::End,
    })
}

impl IntentDoc<'_> {
    fn read(&self, reader: &Reader<'_>) -> Result<Intent, String> {
        let names = reader.resource_type(&self.type_name.0);
        let recovery = RECOVERIES.iter().find(|(_, name)| *name == self.recovery.0).ok_or("its recovery class is unknown")?.0;
        Ok(Intent {
            op: Arc::from(&*self.op.0),
            address: reader.address(&self.address.0)?,
            verb: self.verb,
            type_name: names.name.clone(),
            region: self.region.clone(),
            inputs: reader.attributes(self.inputs, &names)?,
            recovery,
            prior: self.prior.clone(),
            dependencies: self.dependencies.iter().map(|Text(text)| reader.address(text)).collect::<Result<_, _>>()?,
            protect: self.protect,
            retain: self.retain,
        })
    }
}

/// Where the chain of the journal `name` starts.
pub fn chain(name: &str) -> Seal {
    Seal::start(&format!("journal:{name}"))
}

/// A journal as it was written. `cipher`: every line of it is encrypted with this.
#[derive(Clone, Copy)]
pub struct Written<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub chain_end: Option<Seal>,
    pub cipher: Option<&'a Cipher>,
}

/// Reads a journal and makes `state` what its finished operations left. `place` is what errors call it, `name` what its
/// chain is bound to. `chain_end`: the seal of the last line, where another place knows it: nothing may be missing then.
pub fn replay(place: &str, written: &Written<'_>, reader: &Reader<'_>, state: &mut StateFile) -> Result<Ledger, StateError> {
    let Written { name, bytes, chain_end, cipher } = *written;
    let damaged = |problem: String| StateError::damaged(place, problem);
    let mut ledger = Ledger::default();
    let mut seal = chain(name);
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let whole = line.strip_suffix(b"\n");
        let Some(json) = seal.check(whole.unwrap_or(line)) else {
            match whole {
                None => break,
                Some(_) => return Err(damaged(format!("line {} is not what was written", number + 1))),
            }
        };
        let wrong = |problem: String| damaged(format!("line {}: {problem}", number + 1));
        let json = match cipher {
            Some(cipher) => {
                let opened = cipher.open_line(&state.lineage, name, number as u64, &json);
                opened.ok_or_else(|| wrong("it is not what was encrypted there".to_owned()))?
            }
            None => json,
        };
        let entry = decode_entry(&json, reader, &ledger).map_err(wrong)?;
        for (address, record) in ledger.take(&entry).map_err(wrong)? {
            match record {
                Some(record) => drop(state.resources.insert(address, record)),
                None => drop(state.resources.remove(&address)),
            }
        }
    }
    if chain_end.is_some_and(|end| end != seal) {
        return Err(damaged("its end is missing".to_owned()));
    }
    match ledger.begun {
        None => Err(damaged("it has no beginning".to_owned())),
        Some(serial) => {
            // A saved plan that was made on the snapshot must not pass for one made on this.
            if ledger.used {
                state.serial = serial;
            }
            Ok(ledger)
        }
    }
}
