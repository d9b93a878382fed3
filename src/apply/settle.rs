//! Settles what an earlier run left open: looks at the cloud until it is known what became of each operation.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::address::Address;
use crate::plan::{Engine, holds_secret};
use crate::provider::{ErrorKind, Existing, ProviderError};
use crate::schema::{Recovery, ResourceSchema};
use crate::state::{Entry, FingerprintKey, Intent, Pending, Record, StateError, StateFile, Status, Verb};
use crate::value::ResolvedObject;

use super::Settings;
use super::call::{Caller, End, Sink, broken_off};
use super::journal::{Journal, durably};

/// Operations looked into at a time.
const AT_ONCE: usize = 32;

/// What was found of one operation.
#[derive(Debug, Clone)]
pub struct Found {
    pub address: Address,
    pub type_name: Arc<str>,
    pub verb: Verb,
    /// The operation's own id: its token, and the mark of what it creates.
    pub op: Arc<str>,
    pub recovery: Recovery,
    /// The id that was known before it was looked into.
    pub id: Option<String>,
    /// The create was asked for once more, by its token.
    pub asked_again: bool,
    pub finding: Finding,
}

#[derive(Debug, Clone)]
pub enum Finding {
    /// The create went through, and is finished.
    Created {
        id: String,
    },
    /// It was created, and what follows a create may be missing: the next apply finishes it.
    Unfinished {
        id: String,
    },
    /// The create never happened.
    NotCreated,
    /// The change may have happened in part: what is missing is in the next plan.
    Changed {
        id: String,
    },
    Deleted,
    /// The delete did not happen.
    StillThere {
        id: String,
    },
    /// Nobody can tell yet; the operation stays open.
    Undecided {
        error: ProviderError,
    },
}

/// The state with what was found folded in.
#[derive(Debug)]
pub struct Settled {
    pub state: StateFile,
    /// In the order in which the operations were begun.
    pub found: Vec<Found>,
}

/// Settles operations whose outcome is not known. With a journal, which needs the lock, each finding is recorded at once.
/// Without one nothing is written and nothing is asked of the cloud but to be looked at: what `plat plan` does.
pub async fn settle(
    engine: &Engine,
    mut state: StateFile,
    pending: Vec<Pending>,
    journal: Option<Arc<dyn Journal>>,
    settings: &Settings,
) -> Result<Settled, StateError> {
    let key = FingerprintKey::from_hex(&state.fingerprint_key)?;
    let looked = stream::iter(&pending).map(|open| look(engine, open, journal.clone(), settings)).buffered(AT_ONCE);
    let ends: Vec<Ended> = looked.collect().await;
    let mut found = Vec::new();
    let mut entries = Vec::new();
    for (open, end) in pending.iter().zip(ends) {
        let intent = &open.intent;
        let op = intent.op.clone();
        let (finding, entry) = match end {
            Ended::Made { existing, status } => {
                let id = existing.id.clone();
                let (before, schema) =
                    (state.resources.get(&intent.address).map(|before| &**before), engine.registry.get(&intent.type_name));
                let record = Settling { key: &key, intent, before, schema }.record(existing, status);
                let finding = match (intent.verb, status) {
                    (Verb::Create, Status::Ready) => Finding::Created { id },
                    (Verb::Create, _) => Finding::Unfinished { id },
                    _ => Finding::Changed { id },
                };
                (finding, Entry::Done { op, record: Some(Arc::new(record)) })
            }
            Ended::Gone => (Finding::Deleted, Entry::Done { op, record: None }),
            Ended::Vanished => (Finding::NotCreated, Entry::Done { op, record: None }),
            Ended::NotCreated => (Finding::NotCreated, Entry::Failed { op, error: "it was not created".to_owned() }),
            Ended::StillThere { id } => (Finding::StillThere { id }, Entry::Failed { op, error: "it is still there".to_owned() }),
            Ended::Undecided(error) => {
                let text = error.to_string();
                (Finding::Undecided { error }, Entry::InDoubt { op, error: text })
            }
        };
        match &entry {
            Entry::Done { record: Some(record), .. } => drop(state.resources.insert(intent.address.clone(), record.clone())),
            Entry::Done { record: None, .. } => drop(state.resources.remove(&intent.address)),
            _ => {}
        }
        entries.push(entry);
        found.push(Found {
            address: intent.address.clone(),
            type_name: intent.type_name.clone(),
            verb: intent.verb,
            op: intent.op.clone(),
            recovery: intent.recovery,
            id: open.accepted.clone().or_else(|| intent.prior.clone()),
            asked_again: engine.registry.get(&intent.type_name).is_some_and(|schema| asks_again(schema, intent, journal.is_some())),
            finding,
        });
    }
    if let (Some(journal), false) = (journal, entries.is_empty()) {
        durably(|| journal.append(&entries))?;
    }
    Ok(Settled { state, found })
}

enum Ended {
    Made {
        existing: Existing,
        status: Status,
    },
    Gone,
    /// It was accepted, and is not there any more.
    Vanished,
    NotCreated,
    StillThere {
        id: String,
    },
    Undecided(ProviderError),
}

async fn look(engine: &Engine, open: &Pending, journal: Option<Arc<dyn Journal>>, settings: &Settings) -> Ended {
    let intent = &open.intent;
    let Some(schema) = engine.registry.get(&intent.type_name) else {
        let message = format!("nothing is known of the type `{}`", intent.type_name);
        return Ended::Undecided(ProviderError::new(ErrorKind::Internal, "settle", message));
    };
    let may_call = journal.is_some();
    let sink = Sink::new(journal, intent.op.clone(), None, open.accepted.clone());
    let caller = Caller {
        provider: &*engine.provider,
        address: &intent.address,
        op: &intent.op,
        type_name: &intent.type_name,
        region: &intent.region,
        schema,
        timeout: settings.timeout.unwrap_or(match intent.verb {
            Verb::Create => schema.timeouts.create,
            Verb::Update => schema.timeouts.update,
            Verb::Delete => schema.timeouts.delete,
        }),
        consistency: if may_call { engine.provider.consistency(settings.consistency) } else { Duration::ZERO },
        sink: &sink,
    };
    let id = open.accepted.as_ref().or(intent.prior.as_ref());
    let ended = match (intent.verb, id) {
        (Verb::Create, accepted) => create(&caller, intent, schema, accepted, may_call).await,
        (Verb::Update, Some(id)) => caller.read_once(id).await.map(|observed| match observed {
            Some(attributes) => Ended::Made { existing: Existing { id: id.clone(), attributes }, status: Status::Unfinished },
            None => Ended::Gone,
        }),
        (Verb::Delete, Some(id)) => caller.read_once(id).await.map(|observed| match observed {
            Some(_) => Ended::StillThere { id: id.clone() },
            None => Ended::Gone,
        }),
        (_, None) => Err(ProviderError::new(ErrorKind::Internal, "settle", "the journal does not say what it was done to")),
    };
    ended.unwrap_or_else(Ended::Undecided)
}

async fn create(
    caller: &Caller<'_>,
    intent: &Intent,
    schema: &ResourceSchema,
    accepted: Option<&String>,
    may_call: bool,
) -> Result<Ended, ProviderError> {
    let inputs = ResolvedObject::new(intent.inputs.clone()).unwrap_or_default();
    if asks_again(schema, intent, may_call) {
        match caller.create(&inputs).await {
            End::Exists(existing) => return Ok(Ended::Made { existing, status: Status::Ready }),
            End::LeftBehind { id, observed, status, .. } => {
                return Ok(Ended::Made { existing: Existing { id, attributes: observed }, status });
            }
            End::Failed(error) if error.kind == ErrorKind::InDoubt => return Err(error),
            // Refused now: what was asked for may be there all the same.
            End::Failed(_) | End::Gone | End::Going(_) => {}
        }
    }
    let id = match accepted {
        Some(id) => Some(id.clone()),
        None => caller.find(&inputs).await?,
    };
    let Some(id) = id else { return Ok(Ended::NotCreated) };
    Ok(match caller.read(&id).await? {
        Some(attributes) => Ended::Made { existing: Existing { id, attributes }, status: Status::Unfinished },
        None => Ended::Vanished,
    })
}

/// The same request with the same token gives the same resource, and waits for it. Without the secrets it is not the same request.
fn asks_again(schema: &ResourceSchema, intent: &Intent, may_call: bool) -> bool {
    intent.verb == Verb::Create && schema.recovery == Recovery::Token && may_call && !intent.inputs.values().any(holds_secret)
}

struct Settling<'a> {
    key: &'a FingerprintKey,
    intent: &'a Intent,
    before: Option<&'a Record>,
    schema: Option<&'a Arc<ResourceSchema>>,
}

impl Settling<'_> {
    fn record(&self, existing: Existing, status: Status) -> Record {
        let (observed, _) = crate::plan::conceal_observed(self.key, &self.intent.address, existing.attributes);
        match (self.before, self.schema) {
            (Some(before), Some(schema)) if self.intent.verb == Verb::Update => {
                broken_off(self.intent, before, schema).record(existing.id, observed, status).with_drift_of(before)
            }
            _ => self.intent.record(existing.id, observed, status),
        }
    }
}
