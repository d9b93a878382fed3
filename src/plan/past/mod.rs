//! What an earlier state asks for: the program that would have come to it, as far as its records tell.
//!
//! A record keeps what was asked for with every reference already computed. Where it holds an id, ARN or another text that
//! the cloud had made for a thing it depended on, the reference is put back, so that what comes anew is referred to by its new id.

mod links;
mod lost;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::address::Address;
use crate::desired::{Dependency, Desired, DesiredResource, Import, Move, Options, Output, Reason};
use crate::provider::{ErrorKind, ProviderError};
use crate::schema::{Mode, Registry, value_from_json};
use crate::source::{FileId, Span};
use crate::state::{Record, StateFile, Status};
use crate::types::Type;
use crate::value::{Object, Value};

use super::options::{Engine, PrepareError};
use super::secrets::holds_secret;

use links::Links;
pub use lost::{Loss, Lost, losses, unknown_secrets};

/// From the current state back to an earlier one.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    pub then: &'a StateFile,
    pub now: &'a StateFile,
    /// The program of today: where secrets are, how a replacement goes, what is ignored, the policies.
    pub program: &'a Desired,
}

type Identity<'a> = (&'a str, &'a str, &'a str);

fn identity(record: &Record) -> Identity<'_> {
    (&record.type_name, &record.region, &record.id)
}

impl Past<'_> {
    /// What the earlier state asks for. Asks the cloud only for what is recorded there and no longer here: what exists all
    /// the same (it was forgotten) is taken in again instead of being created a second time.
    pub async fn desired(&self, engine: &Engine) -> Result<Desired, PrepareError> {
        let links = Links::of(self.then, &engine.registry);
        let moved = self.moved();
        let recorded = self.then.resources.iter().map(|(address, record)| (address, &**record));
        let wanted: Vec<(&Address, &Record)> = recorded.filter(|(_, r)| r.status != Status::Deposed).collect();
        let resources = wanted.iter().map(|(address, record)| {
            let today = moved.get(*address).copied().unwrap_or(address);
            ((*address).clone(), Arc::new(self.resource(address, record, today, &links, &engine.registry)))
        });
        let resources = resources.collect();
        let moves = moved.iter().map(|(to, from)| Move { from: (*from).clone(), to: (*to).clone(), span: nowhere(), to_span: nowhere() });
        let missing = wanted.into_iter().filter(|(address, _)| !moved.contains_key(*address) && !self.now.resources.contains_key(*address));
        Ok(Desired {
            stack: self.program.stack.clone(),
            resources,
            lookups: Vec::new(),
            outputs: self.outputs(&links),
            asserts: Vec::new(),
            imports: existing(engine, missing.collect()).await?,
            moves: moves.collect(),
            forgets: self.forgets(),
            told: Vec::new(),
            policies: self.program.policies.clone(),
        })
    }

    /// What has another address today, by the address it had.
    fn moved(&self) -> BTreeMap<&Address, &Address> {
        let mut today: HashMap<Identity<'_>, &Address> = HashMap::new();
        for (address, record) in self.now.resources.iter().filter(|(_, r)| r.status != Status::Deposed) {
            today.insert(identity(record), address);
        }
        let other = |(address, record): (&'_ Address, &'_ Arc<Record>)| today.get(&identity(record)).is_some_and(|now| *now != address);
        let moved = self.then.resources.iter().filter(|(a, r)| r.status != Status::Deposed && other((a, r)));
        moved.filter_map(|(address, record)| Some((address, *today.get(&identity(record))?))).collect()
    }

    /// What the program of today took in is let go of again, and not deleted: it was there before plat knew of it.
    fn forgets(&self) -> Vec<(Address, Span)> {
        let imported = |address: &&Address| self.program.imports.iter().any(|import| address.is_within(&import.address));
        let known: std::collections::HashSet<Identity<'_>> = self.then.resources.values().map(|record| identity(record)).collect();
        let new = self
            .now
            .resources
            .iter()
            .filter(|(address, record)| !self.then.resources.contains_key(*address) && !known.contains(&identity(record)));
        new.map(|(address, _)| address).filter(imported).map(|address| (address.clone(), nowhere())).collect()
    }

    /// `today`: the address that the thing has in the program of today, if it is in it.
    fn resource(&self, address: &Address, record: &Record, today: &Address, links: &Links, registry: &Registry) -> DesiredResource {
        let program = self.program.resources.get(today).filter(|r| r.type_name == record.type_name);
        let now = self.now.resources.get(today).map(|now| &**now);
        let span = program.map_or_else(nowhere, |program| program.span);
        let mut references: BTreeMap<Address, (Arc<str>, Arc<str>)> = BTreeMap::new();
        let mut inputs = Object::default();
        for (name, value) in record.inputs.iter().chain(chosen_then(record, now, registry)) {
            let value = match program.and_then(|program| program.inputs.get(name)).filter(|_| holds_secret(value)) {
                Some(secret) => with_secrets(value, secret),
                None => value.clone(),
            };
            let value = links.put_back(&value, &record.dependencies, span, &mut |on, of| {
                references.entry(on.clone()).or_insert_with(|| (name.clone(), of.clone()));
            });
            inputs.insert(name.clone(), value);
        }
        let dependencies = record.dependencies.iter().map(|on| Dependency {
            on: on.clone(),
            reason: match references.get(on) {
                Some((attribute, of)) => Reason::Reference { attribute: attribute.clone(), of: of.clone() },
                None => Reason::After,
            },
            span,
        });
        let options = program.map(|program| program.options.clone()).unwrap_or_default();
        DesiredResource {
            address: address.clone(),
            type_name: record.type_name.clone(),
            span,
            attribute_spans: program.map(|program| program.attribute_spans.clone()).unwrap_or_default(),
            inputs,
            dependencies: dependencies.collect(),
            options: Options {
                region: Some(record.region.as_str().into()),
                protect: Some(record.protect),
                retain: record.retain,
                ..options
            },
        }
    }

    fn outputs(&self, links: &Links) -> Vec<Output> {
        let output = |(name, json): (&String, &serde_json::Value)| {
            let today = self.program.outputs.iter().find(|output| *output.name == **name);
            let span = today.map_or_else(nowhere, |output| output.span);
            let value = value_from_json(json, &Type::Json).ok()?;
            let doc = today.map_or_else(|| Arc::from(""), |output| output.doc.clone());
            Some(Output { name: name.as_str().into(), doc, value: links.put_back_exactly(&value, span), span })
        };
        self.then.outputs.iter().filter_map(output).collect()
    }
}

/// Values that were the cloud's choice then and are set now: the state knows what it had chosen.
fn chosen_then<'a>(then: &'a Record, now: Option<&'a Record>, registry: &'a Registry) -> Vec<(&'a Arc<str>, &'a Value)> {
    let Some((schema, now)) = registry.get(&then.type_name).zip(now.filter(|now| now.type_name == then.type_name)) else {
        return Vec::new();
    };
    let set_since = now.inputs.iter().filter(|(name, value)| !value.is_null() && !then.inputs.contains_key(*name));
    let chosen = set_since.filter(|(name, _)| schema.attribute(name).is_some_and(|a| a.mode == Mode::Chosen && !a.write_only));
    chosen.filter_map(|(name, _)| then.observed.get_key_value(name)).filter(|(_, value)| !value.is_null() && !holds_secret(value)).collect()
}

/// `then` with the program's secrets where only fingerprints are kept.
fn with_secrets(then: &Value, program: &Value) -> Value {
    match (then, program) {
        (Value::Secret(_), program) if holds_secret(program) => program.clone(),
        (Value::Object(then), Value::Object(program)) => {
            let part = |(name, value): (&Arc<str>, &Value)| {
                let value = program.get(name).map_or_else(|| value.clone(), |program| with_secrets(value, program));
                (name.clone(), value)
            };
            Value::object(then.iter().map(part))
        }
        (Value::List(then), Value::List(program)) if then.len() == program.len() => {
            Value::list(then.iter().zip(program.iter()).map(|(then, program)| with_secrets(then, program)))
        }
        _ => then.clone(),
    }
}

/// Imports for those that still exist.
async fn existing(engine: &Engine, missing: Vec<(&Address, &Record)>) -> Result<Vec<Import>, PrepareError> {
    let mut groups: BTreeMap<(&str, &str), Vec<(&Address, &Record)>> = BTreeMap::new();
    for (address, record) in missing {
        groups.entry((&record.type_name, &record.region)).or_default().push((address, record));
    }
    let mut imports = Vec::new();
    for ((type_name, region), members) in groups {
        let ids: Vec<String> = members.iter().map(|(_, record)| record.id.clone()).collect();
        let failed = |error| PrepareError::Read { type_name: type_name.to_owned(), region: region.to_owned(), count: ids.len(), error };
        let found = engine.provider.read(type_name, region, &ids).await.map_err(failed)?;
        if found.len() != ids.len() {
            let message = format!("{} answers to {} questions", found.len(), ids.len());
            return Err(failed(ProviderError::new(ErrorKind::Internal, "read", message)));
        }
        let there = members.into_iter().zip(found).filter(|(_, found)| found.is_some());
        imports.extend(there.map(|((address, record), _)| Import {
            address: address.clone(),
            id: record.id.as_str().into(),
            span: nowhere(),
            id_span: nowhere(),
        }));
    }
    Ok(imports)
}

/// The place of what is in no source.
fn nowhere() -> Span {
    Span::new(FileId(u32::MAX), 0, 0)
}
