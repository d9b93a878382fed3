//! A state as bytes, and back. state/README.md describes the format, state/schema.json checks it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::values::{Attributes, Reader, Text, unstorable};
use super::{Intent, Record, StateError, StateFile, Status, StoredKey};
use crate::address::Address;
use crate::schema::Registry;
use crate::threads::spread;
use crate::value::{Object, ResolvedObject};

/// The version of the format that this plat writes, and the newest it reads.
pub const VERSION: u64 = 1;

/// The state's bytes: JSON, one resource to a line. Its key of fingerprints is closed where it was stored so.
pub fn encode(state: &StateFile) -> Result<Vec<u8>, StateError> {
    encode_with(state, state.stored_key.text().unwrap_or(&state.fingerprint_key))
}

/// The same with its key of fingerprints as `key` says.
pub fn encode_with(state: &StateFile, key: &str) -> Result<Vec<u8>, StateError> {
    let head = HeaderOut {
        version: VERSION,
        stack: &state.stack,
        env: &state.env,
        lineage: &state.lineage,
        serial: state.serial,
        account: state.account.as_deref(),
        region: state.region.as_deref(),
        fingerprint_key: key,
        outputs: &state.outputs,
        plans: &state.plans,
    };
    let mut out = to_json(&head)?;
    out.pop();
    out.extend_from_slice(b",\n\"resources\":{");
    for (i, (address, record)) in state.resources.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b",\n" } else { b"\n" });
        write_json(&mut out, address)?;
        out.push(b':');
        check(address, record)?;
        write_json(&mut out, &RecordOut::new(record, state.region.as_deref()))?;
    }
    out.extend_from_slice(b"\n}}\n");
    Ok(out)
}

/// Reads what [`encode`] wrote. `place` is what errors call it.
pub fn decode(place: &str, bytes: &[u8], registry: &Registry) -> Result<StateFile, StateError> {
    let damaged = |error: serde_json::Error| StateError::damaged(place, format!("it is not a state: {error}"));
    if bytes.is_empty() {
        return Err(StateError::damaged(place, "it has no bytes"));
    }
    let doc: StateDoc<'_> = match serde_json::from_slice(bytes) {
        Ok(doc) => doc,
        Err(error) => {
            let VersionDoc { version } = serde_json::from_slice(bytes).map_err(damaged)?;
            known(place, version)?;
            return Err(damaged(error));
        }
    };
    known(place, doc.version)?;
    let resources = records(&doc.resources.0, registry, doc.region.as_deref())
        .map_err(|problem| StateError::damaged(place, format!("it is not a state: {problem}")))?;
    Ok(StateFile {
        stack: doc.stack,
        env: doc.env,
        lineage: doc.lineage,
        serial: doc.serial,
        account: doc.account,
        region: doc.region,
        stored_key: StoredKey::closed(&doc.fingerprint_key),
        fingerprint_key: doc.fingerprint_key,
        resources,
        outputs: doc.outputs,
        plans: doc.plans,
    })
}

/// Refuses a format that this plat does not read.
fn known(place: &str, version: u64) -> Result<(), StateError> {
    match version {
        0 => Err(StateError::damaged(place, "there is no format version 0")),
        1..=VERSION => Ok(()),
        found => Err(StateError::Newer { place: place.to_owned(), found, known: VERSION }),
    }
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    version: u64,
    stack: &'a str,
    env: &'a str,
    lineage: &'a str,
    serial: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    fingerprint_key: &'a str,
    outputs: &'a BTreeMap<String, serde_json::Value>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    plans: &'a [String],
}

/// Read alone when the rest cannot be, so that a newer format is named and not stumbled over.
#[derive(Deserialize)]
struct VersionDoc {
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateDoc<'a> {
    version: u64,
    stack: String,
    env: String,
    lineage: String,
    serial: u64,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    region: Option<String>,
    fingerprint_key: String,
    outputs: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    plans: Vec<String>,
    #[serde(borrow)]
    resources: Held<'a>,
}

/// Addresses, and the text of what is there.
struct Held<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Held<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Held<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("resources by address")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Held<'de>, A::Error> {
                let mut held = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    held.push(entry);
                }
                Ok(Held(held))
            }
        }
        from.deserialize_map(Entries)
    }
}

/// How many records a thread reads at a time: they share the names and addresses that they have in common.
const AT_A_TIME: usize = 2_000;

fn records(held: &[(Text<'_>, &RawValue)], registry: &Registry, region: Option<&str>) -> Result<BTreeMap<Address, Arc<Record>>, String> {
    let parts: Vec<_> = held.chunks(AT_A_TIME).collect();
    let read = |part: &&[(Text<'_>, &RawValue)]| -> Result<Vec<(Address, Arc<Record>)>, String> {
        let reader = Reader::new(registry);
        let record = |(Text(text), json): &(Text<'_>, &RawValue)| -> Result<(Address, Arc<Record>), String> {
            let wrong = |problem: String| format!("`{text}`: {problem}");
            let address = reader.address(text).map_err(wrong)?;
            let doc: RecordDoc<'_> = serde_json::from_str(json.get()).map_err(|error| wrong(error.to_string()))?;
            Ok((address, Arc::new(doc.read(&reader, region, None).map_err(wrong)?)))
        };
        let mut read = Vec::with_capacity(part.len());
        for entry in *part {
            read.push(record(entry)?);
        }
        Ok(read)
    };
    let parts = spread(&parts, parts.len(), read).into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut all = Vec::with_capacity(held.len());
    all.extend(parts.into_iter().flatten());
    // Built from what is sorted already.
    let records: BTreeMap<_, _> = all.into_iter().collect();
    if records.len() == held.len() { Ok(records) } else { Err("a resource is there twice".to_owned()) }
}

/// Refuses a record that must not be written.
pub fn check(address: &Address, record: &Record) -> Result<(), StateError> {
    check_object(address, &record.inputs)?;
    check_object(address, &record.observed)?;
    check_object(address, &record.drift)
}

pub fn check_object(address: &Address, object: &Object) -> Result<(), StateError> {
    match unstorable(object) {
        None => Ok(()),
        Some((attribute, what)) => Err(StateError::Unstorable { address: address.to_string(), attribute, what }),
    }
}

/// A record on its way out.
#[derive(Serialize)]
pub struct RecordOut<'a> {
    id: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    wanted: Option<Wanted<'a>>,
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    observed: Attributes<'a>,
    /// Inputs that `observed` lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<&'a str>,
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    drift: Attributes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

/// What a record and the intent that led to it have in common.
#[derive(Serialize)]
pub struct Wanted<'a> {
    #[serde(rename = "type")]
    type_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    inputs: Attributes<'a>,
    #[serde(skip_serializing_if = "<[Address]>::is_empty")]
    dependencies: &'a [Address],
    #[serde(skip_serializing_if = "is_false")]
    protect: bool,
    #[serde(skip_serializing_if = "is_false")]
    retain: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl<'a> RecordOut<'a> {
    /// `region`: the one that need not be said.
    pub fn new(record: &'a Record, region: Option<&str>) -> Self {
        Self {
            id: &record.id,
            wanted: Some(Wanted {
                type_name: &record.type_name,
                region: Some(record.region.as_str()).filter(|own| Some(*own) != region),
                inputs: Attributes::all(&record.inputs),
                dependencies: &record.dependencies,
                protect: record.protect,
                retain: record.retain,
            }),
            observed: Attributes::differing(&record.observed, &record.inputs),
            unread: record.inputs.keys().filter(|name| !record.observed.contains_key(*name)).map(|name| &**name).collect(),
            drift: Attributes::all(&record.drift),
            status: Some(record.status).filter(|status| *status != Status::Ready),
        }
    }

    /// The outcome of `intent`: what is as intended is not said again.
    pub fn outcome(record: &'a Record, intent: Option<&Intent>) -> Self {
        let out = Self::new(record, None);
        match intent {
            Some(intent) if intent.led_to(record) => Self { wanted: None, ..out },
            _ => out,
        }
    }
}

impl<'a> Wanted<'a> {
    pub fn of(intent: &'a Intent) -> Self {
        Self {
            type_name: &intent.type_name,
            region: Some(&intent.region),
            inputs: Attributes::all(&intent.inputs),
            dependencies: &intent.dependencies,
            protect: intent.protect,
            retain: intent.retain,
        }
    }
}

/// A record on its way in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordDoc<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    type_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    region: Option<Text<'a>>,
    #[serde(borrow, default)]
    inputs: Option<&'a RawValue>,
    #[serde(borrow, default)]
    observed: Option<&'a RawValue>,
    #[serde(borrow, default)]
    unread: Vec<Text<'a>>,
    #[serde(borrow, default)]
    drift: Option<&'a RawValue>,
    #[serde(borrow, default)]
    dependencies: Vec<Text<'a>>,
    #[serde(default)]
    protect: bool,
    #[serde(default)]
    retain: bool,
    #[serde(default)]
    status: Option<Status>,
}

impl RecordDoc<'_> {
    /// `region`: the one that is meant when none is said. `intent`: what is meant when no type is said.
    pub fn read(&self, reader: &Reader<'_>, region: Option<&str>, intent: Option<&Intent>) -> Result<Record, String> {
        let mut record = match (&self.type_name, intent) {
            (Some(type_name), _) => self.read_wanted(reader, type_name, region)?,
            (None, Some(intent)) => intent.record(String::new(), ResolvedObject::default(), Status::Ready),
            (None, None) => return Err("it has no type".to_owned()),
        };
        let names = reader.resource_type(&record.type_name);
        let differing = self.observed.map(|json| reader.attributes(json, &names)).transpose()?.unwrap_or_default();
        let is_read = |name: &str| !self.unread.iter().any(|Text(unread)| *unread == *name);
        let alike = record.inputs.iter().filter(|(name, _)| is_read(name));
        let more = differing.keys().filter(|name| !record.inputs.contains_key(*name)).count();
        let mut observed = Object::with_capacity(record.inputs.len() + more);
        observed.extend(alike.map(|(name, value)| (name.clone(), value.clone())));
        observed.extend(differing);
        record.observed = ResolvedObject::new(observed).map_err(|_| "it holds something unknown".to_owned())?;
        record.drift = self.drift.map(|json| reader.attributes(json, &names)).transpose()?.unwrap_or_default();
        record.id = self.id.0.to_string();
        record.status = self.status.unwrap_or(Status::Ready);
        Ok(record)
    }

    fn read_wanted(&self, reader: &Reader<'_>, type_name: &Text<'_>, region: Option<&str>) -> Result<Record, String> {
        let names = reader.resource_type(&type_name.0);
        let region = self.region.as_ref().map(|Text(own)| &**own).or(region).ok_or("it has no region")?;
        Ok(Record {
            type_name: names.name.clone(),
            id: String::new(),
            region: region.to_owned(),
            inputs: reader.attributes(self.inputs.ok_or("it has no inputs")?, &names)?,
            observed: ResolvedObject::default(),
            drift: Object::default(),
            dependencies: self.dependencies.iter().map(|Text(text)| reader.address(text)).collect::<Result<_, _>>()?,
            protect: self.protect,
            retain: self.retain,
            status: Status::Ready,
        })
    }
}

pub fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StateError> {
    let mut out = Vec::new();
    write_json(&mut out, value)?;
    Ok(out)
}

fn write_json(out: &mut Vec<u8>, value: &impl Serialize) -> Result<(), StateError> {
    serde_json::to_writer(out.by_ref(), value).map_err(|error| StateError::Misused(format!("a state has no JSON form: {error}")))
}
