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
    let questions = questions(view);
    let answers = stream::iter(questions).map(|question| ask(engine, question)).buffer_unordered(QUESTIONS);
    let mut answers: Vec<(Question, Vec<Option<ResolvedObject>>)> = answers.try_collect().await?;
    // Drift is told in the order of addresses within a type, whichever answer came first.
    answers.sort_by(|((t, r, a), _), ((u, s, b), _)| (t, r, a.first()).cmp(&(u, s, b.first())));
    let mut drift = Vec::new();
    let mut changed = false;
    for ((type_name, _, asked), found) in answers {
        let schema = engine.registry.get(&type_name);
        for ((address, _), found) in asked.into_iter().zip(found) {
            match found {
                None => {
                    view.records.remove(&address);
                    changed = true;
                    drift.push(Drift { address, type_name: type_name.clone(), kind: DriftKind::Gone });
                }
                Some(observed) => {
                    let (observed, live) = conceal_observed(key, view.moved_from.get(&address).unwrap_or(&address), observed);
                    if let Some(live) = live {
                        view.live.insert(address.clone(), live);
                    }
                    if let (Some(record), Some(schema)) = (view.records.get_mut(&address), schema) {
                        if record.observed != observed {
                            changed = true;
                            fold(record, observed, schema, &address, wanted(&address).as_deref(), &mut drift);
                        }
                        // From now on its fingerprints are those of the new address.
                        if let (Some(live), true) = (view.live.get(&address), view.moved_from.contains_key(&address)) {
                            let mut shown: crate::value::Object = record.observed.clone().into_object();
                            shown.extend(live.iter().map(|(name, value)| (name.clone(), value.clone())));
                            Arc::make_mut(record).observed = ResolvedObject::new(key.conceal(&address, &shown)).unwrap_or_default();
                        }
                    }
                }
            }
        }
    }
    Ok((drift, changed))
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

/// Takes a reading into a record, and says which inputs differ from the last one.
fn fold(
    record: &mut Arc<Record>,
    observed: ResolvedObject,
    schema: &ResourceSchema,
    address: &Address,
    wanted: Option<&DesiredResource>,
    drift: &mut Vec<Drift>,
) {
    let ignore = wanted.map_or(&[][..], |w| w.options.ignore.as_slice());
    for attribute in schema.attributes.iter().filter(|a| a.is_input() && !a.write_only) {
        let before = record.observed.get(attribute.name).unwrap_or(&Value::Null);
        let after = observed.get(attribute.name).unwrap_or(&Value::Null);
        // A record without a reading is an operation that was cut off: what is read now is the first picture, no change.
        if record.observed.is_empty() || unchanged(attribute, before, after) {
            continue;
        }
        let mut tell = |name: Arc<str>, key: Option<&str>, before: &Value, after: &Value| {
            let kept = is_ignored(attribute.name, key, ignore);
            let kind = DriftKind::Changed { attribute: name, before: before.clone(), after: after.clone(), kept };
            drift.push(Drift { address: address.clone(), type_name: record.type_name.clone(), kind });
        };
        match (attribute.ty.required(), before, after) {
            (Type::Map(_) | Type::Record(_), Value::Object(before), Value::Object(after)) => {
                let added = after.keys().filter(|key| !before.contains_key(*key));
                for key in before.keys().chain(added) {
                    let part = |object: &crate::value::Object| object.get(key).cloned().unwrap_or(Value::Null);
                    let (before, after) = (part(before), part(after));
                    if before != after {
                        tell(format!("{}.{key}", attribute.name).into(), Some(key), &before, &after);
                    }
                }
            }
            _ => tell(attribute.name.into(), None, before, after),
        }
    }
    Arc::make_mut(record).observed = observed;
}
