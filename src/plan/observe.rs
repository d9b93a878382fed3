//! Reads every recorded resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::address::Address;
use crate::desired::DesiredResource;
use crate::provider::with_known;
use crate::schema::ResourceSchema;
use crate::state::FingerprintKey;
use crate::value::ResolvedObject;

use super::drift::{self, Refreshed};
use super::external::ExternalKeys;
use super::options::{Engine, PrepareError};
use super::secrets::{conceal_observed, holds_secret};
use super::view::View;
use super::{Drift, DriftKind};

/// Resources per question; the most that EC2 takes in one Describe. A provider splits further where a service wants it.
const CHUNK: usize = 1_000;
/// Questions under way at a time. They only wait, and the services' own limits are the provider's business.
pub(crate) const QUESTIONS: usize = 32;

type Question = (Arc<str>, String, Vec<(Address, String)>);

/// Reads every record of the view and folds the answers in: what is gone leaves the view.
pub(super) async fn refresh(
    engine: &Engine,
    view: &mut View,
    key: &FingerprintKey,
    external: &ExternalKeys<'_>,
    wanted: impl Fn(&Address) -> Option<Arc<DesiredResource>>,
) -> Result<Refreshed, PrepareError> {
    let mut answers = stream::iter(questions(view)).map(|question| ask(engine, question)).buffer_unordered(QUESTIONS);
    let mut found = Refreshed::default();
    // Answers are folded in as they come: all together they would be as large as the state once more.
    while let Some(((type_name, _, asked), read)) = answers.try_next().await? {
        let schema = engine.registry.get(&type_name);
        for ((address, _), read) in asked.into_iter().zip(read) {
            match (read, schema) {
                (None, _) => {
                    view.records.remove(&address);
                    found.changed = true;
                    found.reported.push(Drift { address, type_name: type_name.clone(), kind: DriftKind::Gone });
                }
                (Some(observed), Some(schema)) => take_in(view, key, external, schema, &address, observed, &wanted, &mut found),
                (Some(_), None) => {}
            }
        }
    }
    Ok(found)
}

/// Takes a reading into the view.
#[allow(clippy::too_many_arguments, reason = "each is a part of one reading's circumstances")]
fn take_in(
    view: &mut View,
    key: &FingerprintKey,
    external: &ExternalKeys<'_>,
    schema: &ResourceSchema,
    address: &Address,
    observed: ResolvedObject,
    wanted: impl Fn(&Address) -> Option<Arc<DesiredResource>>,
    found: &mut Refreshed,
) {
    let moved_from = view.moved_from.get(address);
    let observed = match view.records.get(address) {
        Some(record) => with_known(observed, &record.observed),
        None => observed,
    };
    let (observed, live) = conceal_observed(key, moved_from.unwrap_or(address), observed);
    let Some(record) = view.records.get_mut(address) else { return };
    let observed =
        external.strip(&schema.attributes, observed, &|attribute, name| drift::is_own(record, wanted(address).as_deref(), attribute, name));
    if record.observed != observed {
        drift::take_in(record, observed, schema, wanted(address).as_deref(), external, found, address);
        found.changed = true;
    }
    if let Some(live) = live {
        // From now on its fingerprints are those of the new address.
        if moved_from.is_some() {
            let mut shown = record.observed.clone().into_object();
            shown.extend(live.iter().map(|(name, value)| (name.clone(), value.clone())));
            let record = Arc::make_mut(record);
            record.observed = ResolvedObject::new(key.conceal(address, &shown)).unwrap_or_default();
            // A fingerprint that was made for the old address says nothing at the new one.
            record.drift.retain(|_, before| !holds_secret(before));
        }
        view.live.insert(address.clone(), live);
    }
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
