//! Reads what is recorded, and tells what was changed outside plat.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::address::Address;
use crate::desired::DesiredResource;
use crate::schema::ResourceSchema;
use crate::state::{FingerprintKey, Record};
use crate::types::Type;
use crate::value::{ResolvedObject, Value};

use super::compare::{is_ignored, unchanged};
use super::options::{Engine, PrepareError};
use super::secrets::conceal_observed;
use super::view::View;
use super::{Drift, DriftKind};

/// Resources per question; the most that EC2 takes in one Describe. A provider splits further where a service wants it.
const CHUNK: usize = 1_000;
/// Questions under way at a time. They only wait, and the services' own limits are the provider's business.
pub(crate) const QUESTIONS: usize = 32;

type Question = (Arc<str>, String, Vec<(Address, String)>);

/// Reads every record of the view and folds the answers in: what is gone leaves the view. Answers what an input's
/// change is, and whether anything at all is other than recorded.
pub(crate) async fn refresh(
    engine: &Engine,
    view: &mut View,
    key: &FingerprintKey,
    wanted: impl Fn(&Address) -> Option<Arc<DesiredResource>>,
) -> Result<(Vec<Drift>, bool), PrepareError> {
    let numbered = stream::iter(questions(view).into_iter().enumerate());
    let answers = numbered.map(|(number, question)| async move { ask(engine, question).await.map(|answer| (number, answer)) });
    let mut answers = answers.buffer_unordered(QUESTIONS);
    // In the order of the questions, whichever answer comes first: by type, and by address within a type.
    let mut drift: BTreeMap<usize, Vec<Drift>> = BTreeMap::new();
    let mut changed = false;
    // Answers are folded in as they come: all together they would be as large as the state once more.
    while let Some((number, ((type_name, _, asked), found))) = answers.try_next().await? {
        let schema = engine.registry.get(&type_name);
        for ((address, _), found) in asked.into_iter().zip(found) {
            let mut tell =
                |kind| drift.entry(number).or_default().push(Drift { address: address.clone(), type_name: type_name.clone(), kind });
            match (found, schema) {
                (None, _) => {
                    view.records.remove(&address);
                    changed = true;
                    tell(DriftKind::Gone);
                }
                (Some(observed), Some(schema)) => {
                    changed |= take_in(view, key, schema, &address, observed, &wanted, &mut tell);
                }
                (Some(_), None) => {}
            }
        }
    }
    Ok((drift.into_values().flatten().collect(), changed))
}

/// Takes a reading into the view, and says whether it is other than recorded.
fn take_in(
    view: &mut View,
    key: &FingerprintKey,
    schema: &ResourceSchema,
    address: &Address,
    observed: ResolvedObject,
    wanted: impl Fn(&Address) -> Option<Arc<DesiredResource>>,
    tell: &mut impl FnMut(DriftKind),
) -> bool {
    let moved_from = view.moved_from.get(address);
    let (observed, live) = conceal_observed(key, moved_from.unwrap_or(address), observed);
    let Some(record) = view.records.get_mut(address) else { return false };
    let differs = record.observed != observed;
    if differs {
        fold(record, observed, schema, wanted(address).as_deref(), tell);
    }
    if let Some(live) = live {
        // From now on its fingerprints are those of the new address.
        if moved_from.is_some() {
            let mut shown = record.observed.clone().into_object();
            shown.extend(live.iter().map(|(name, value)| (name.clone(), value.clone())));
            Arc::make_mut(record).observed = ResolvedObject::new(key.conceal(address, &shown)).unwrap_or_default();
        }
        view.live.insert(address.clone(), live);
    }
    differs
}

/// A type, and the ids of all there are of it in a region.
type Group = (Arc<str>, Vec<(Address, String)>);

fn questions(view: &View) -> Vec<Question> {
    let mut groups: BTreeMap<(&str, &str), Group> = BTreeMap::new();
    for (address, record) in &view.records {
        let group = groups.entry((&record.type_name, &record.region)).or_insert_with(|| (record.type_name.clone(), Vec::new()));
        group.1.push((address.clone(), record.id.clone()));
    }
    let split = |((_, region), (type_name, members)): ((&str, &str), Group)| {
        let chunks: Vec<Question> = members.chunks(CHUNK).map(|chunk| (type_name.clone(), region.to_owned(), chunk.to_vec())).collect();
        chunks
    };
    groups.into_iter().flat_map(split).collect()
}

async fn ask(engine: &Engine, question: Question) -> Result<(Question, Vec<Option<ResolvedObject>>), PrepareError> {
    let (type_name, region, asked) = &question;
    let ids: Vec<String> = asked.iter().map(|(_, id)| id.clone()).collect();
    let failed = |error| PrepareError::Read { type_name: type_name.to_string(), region: region.clone(), count: ids.len(), error };
    let found = engine.provider.read(type_name, region, &ids).await.map_err(failed)?;
    if found.len() != ids.len() {
        let message = format!("{} answers to {} questions", found.len(), ids.len());
        return Err(failed(crate::provider::ProviderError::new(crate::provider::ErrorKind::Internal, "read", message)));
    }
    Ok((question, found))
}

/// Takes a reading into a record, and tells which inputs differ from the last one.
fn fold(
    record: &mut Arc<Record>,
    observed: ResolvedObject,
    schema: &ResourceSchema,
    wanted: Option<&DesiredResource>,
    tell: &mut impl FnMut(DriftKind),
) {
    let ignore = wanted.map_or(&[][..], |w| w.options.ignore.as_slice());
    for attribute in schema.attributes.iter().filter(|a| a.is_input() && !a.write_only) {
        let before = record.observed.get(attribute.name).unwrap_or(&Value::Null);
        let after = observed.get(attribute.name).unwrap_or(&Value::Null);
        // A record without a reading is an operation that was cut off: what is read now is the first picture, no change.
        if record.observed.is_empty() || unchanged(attribute, before, after) {
            continue;
        }
        let mut differ = |name: Arc<str>, key: Option<&str>, before: &Value, after: &Value| {
            let kept = is_ignored(attribute.name, key, ignore);
            tell(DriftKind::Changed { attribute: name, before: before.clone(), after: after.clone(), kept });
        };
        match (attribute.ty.required(), before, after) {
            (Type::Map(_) | Type::Record(_), Value::Object(before), Value::Object(after)) => {
                let added = after.keys().filter(|key| !before.contains_key(*key));
                for key in before.keys().chain(added) {
                    let part = |object: &crate::value::Object| object.get(key).cloned().unwrap_or(Value::Null);
                    let (before, after) = (part(before), part(after));
                    if before != after {
                        differ(format!("{}.{key}", attribute.name).into(), Some(key), &before, &after);
                    }
                }
            }
            _ => differ(attribute.name.into(), None, before, after),
        }
    }
    Arc::make_mut(record).observed = observed;
}
