//! One changing call, carried through: what is in doubt is looked up and asked again until it is not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::address::Address;
use crate::plan::is_empty;
use crate::provider::{Accepted, Asked, Change, ErrorKind, Existing, Operation, Provider, ProviderError, with_known};
use crate::schema::{Recovery, ResourceSchema};
use crate::state::{Entry, Intent, Record, Status};
use crate::value::{Object, ResolvedObject, Value, texts_of_secrets};

use super::events::{Doing, Event, Happened, Observer};
use super::journal::{Journal, durably};
use super::redact::Redactor;

/// How often a call whose outcome stays in doubt is made.
const ATTEMPTS: u32 = 3;
/// First pause between two looks at the cloud; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A call that is ready to go out.
pub(super) struct Call {
    pub node: usize,
    pub step: usize,
    pub doing: Doing,
    pub intent: Intent,
    pub schema: Arc<ResourceSchema>,
    pub request: Request,
    pub timeout: crate::value::Duration,
    /// Entries that are written together with the intent, before it.
    pub before: Vec<Entry>,
    /// Entries that take those back when the call definitely failed.
    pub undo: Vec<Entry>,
}

/// What a provider is asked for, with the texts of secrets.
pub(super) enum Request {
    Create { inputs: ResolvedObject },
    Update(Change),
    Delete { prior: ResolvedObject },
}

impl Request {
    fn values(&self) -> impl Iterator<Item = &Value> {
        let (first, second) = match self {
            Request::Create { inputs } => (inputs, None),
            Request::Update(change) => (&*change.asked, Some(&change.observed)),
            Request::Delete { prior } => (prior, None),
        };
        first.values().chain(second.into_iter().flat_map(|object| object.values()))
    }
}

/// How a call ended.
pub(super) enum End {
    Exists(Existing),
    Gone,
    /// The delete was accepted, and is not through.
    Going(ProviderError),
    /// It did not happen, or nobody knows.
    Failed(ProviderError),
    /// There is something, and it is not what it should be.
    LeftBehind {
        id: String,
        observed: ResolvedObject,
        status: Status,
        error: ProviderError,
    },
}

/// Makes an id durable as soon as the cloud names it, and remembers it.
pub(super) struct Sink {
    journal: Option<Arc<dyn Journal>>,
    op: Arc<str>,
    told: Option<(Arc<dyn Observer>, Event)>,
    id: Mutex<Option<String>>,
}

impl Sink {
    pub(super) fn new(
        journal: Option<Arc<dyn Journal>>,
        op: Arc<str>,
        told: Option<(Arc<dyn Observer>, Event)>,
        id: Option<String>,
    ) -> Self {
        Self { journal, op, told, id: Mutex::new(id) }
    }

    /// Whoever lost the lock calls nothing more: what the call makes would be in nobody's journal.
    fn held(&self) -> Result<(), ProviderError> {
        let held = self.journal.as_ref().map_or(Ok(()), |journal| durably(|| journal.held()));
        held.map_err(|error| ProviderError::new(ErrorKind::Internal, "lock", error.to_string()))
    }

    fn id(&self) -> Option<String> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Accepted for Sink {
    fn accepted(&self, id: &str) -> Result<(), ProviderError> {
        if self.id().as_deref() == Some(id) {
            return Ok(());
        }
        if let Some(journal) = &self.journal {
            let entry = [Entry::Accepted { op: self.op.clone(), id: id.to_owned() }];
            durably(|| journal.append(&entry)).map_err(|e| {
                let message = format!("`{id}` was created and could not be recorded: {e}");
                ProviderError::new(ErrorKind::Internal, "journal", message)
            })?;
        }
        *self.id.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.to_owned());
        if let Some((observer, event)) = &self.told {
            observer.event(&Event { what: Happened::Accepted { id: id.to_owned() }, ..event.clone() });
        }
        Ok(())
    }
}

/// The circumstances of one call.
pub(super) struct Caller<'a> {
    pub provider: &'a dyn Provider,
    pub address: &'a Address,
    pub op: &'a str,
    pub type_name: &'a str,
    pub region: &'a str,
    pub schema: &'a ResourceSchema,
    pub timeout: crate::value::Duration,
    pub consistency: Duration,
    pub sink: &'a Sink,
}

impl Call {
    pub(super) async fn carry_out(&self, provider: &dyn Provider, consistency: Duration, sink: &Sink) -> End {
        let caller = Caller {
            provider,
            address: &self.intent.address,
            op: &self.intent.op,
            type_name: &self.intent.type_name,
            region: &self.intent.region,
            schema: &self.schema,
            timeout: self.timeout,
            consistency,
            sink,
        };
        if let Err(error) = sink.held() {
            return End::Failed(error);
        }
        let id = self.intent.prior.as_deref().unwrap_or_default();
        let end = match &self.request {
            Request::Create { inputs } => caller.create(inputs).await,
            Request::Update(change) => caller.update(id, change).await,
            Request::Delete { prior } => caller.delete(id, prior).await,
        };
        self.without_secrets(end)
    }

    /// A service may repeat what it was sent in its refusal: the texts of secrets are taken out of it.
    fn without_secrets(&self, end: End) -> End {
        let clean = |mut error: ProviderError| {
            let redactor = Redactor::of(self.request.values().flat_map(texts_of_secrets));
            for said in [&mut error.message, &mut error.code] {
                *said = redactor.redacted(said);
            }
            error
        };
        match end {
            End::Failed(error) => End::Failed(clean(error)),
            End::Going(error) => End::Going(clean(error)),
            End::LeftBehind { id, observed, status, error } => End::LeftBehind { id, observed, status, error: clean(error) },
            end @ (End::Exists(_) | End::Gone) => end,
        }
    }
}

impl Caller<'_> {
    fn operation(&self) -> Operation<'_> {
        Operation {
            id: self.op,
            address: self.address,
            type_name: self.type_name,
            region: self.region,
            timeout: self.timeout,
            accepted: self.sink,
        }
    }

    /// Creates, once: a lost answer is settled before anything is asked again.
    pub(super) async fn create(&self, inputs: &ResolvedObject) -> End {
        let mut attempt = 0;
        let mut lost = None;
        loop {
            attempt += 1;
            let error = match self.provider.create(&self.operation(), inputs).await {
                Ok(existing) => return End::Exists(existing),
                Err(error) => error,
            };
            let in_doubt = error.kind == ErrorKind::InDoubt;
            let again = in_doubt && attempt < ATTEMPTS;
            // The same request with the same token is the same resource: asking again finds it, and finishes it.
            if again && self.schema.recovery == Recovery::Token {
                lost = Some(error);
                self.pause(attempt).await;
                continue;
            }
            if let Some(id) = self.sink.id() {
                return self.left_behind(id, inputs, error).await;
            }
            // Refused now, it may have been made by the try before, whose answer was lost.
            let ours = if lost.is_some() && !in_doubt { self.find(inputs).await } else { self.ours(&error, inputs).await };
            match (ours, lost.take()) {
                (Ok(Some(id)), _) => return self.adopt(id, inputs, error).await,
                (Ok(None), _) if again => self.pause(attempt).await,
                (Ok(None), _) if in_doubt => {
                    // It was looked for and is not there.
                    return End::Failed(ProviderError { kind: ErrorKind::Refused, ..error });
                }
                (Err(_), Some(lost)) if !in_doubt => return End::Failed(lost),
                (Ok(None) | Err(_), _) => return End::Failed(error),
            }
        }
    }

    /// The id of what the lost or clashing create made, if it was this one.
    async fn ours(&self, error: &ProviderError, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError> {
        match (error.kind, self.schema.recovery) {
            (ErrorKind::InDoubt, _) => self.find(inputs).await,
            // A retry below the handler may clash with what the first try made. Only a mark of our own tells that from a stranger's.
            (ErrorKind::Exists, Recovery::Token | Recovery::Tag | Recovery::Name) => self.provider.find(&self.operation(), inputs).await,
            _ => Ok(None),
        }
    }

    /// Looks for what the operation created, for as long as the cloud may hide it.
    pub(super) async fn find(&self, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError> {
        let mut patience = Patience::new(self.consistency);
        loop {
            let seen = self.provider.find(&self.operation(), inputs).await;
            if matches!(seen, Ok(Some(_))) || !patience.waited().await {
                return seen;
            }
        }
    }

    /// Reads one resource, for as long as the cloud may hide it.
    pub(super) async fn read(&self, id: &str) -> Result<Option<ResolvedObject>, ProviderError> {
        let mut patience = Patience::new(self.consistency);
        loop {
            let seen = self.read_once(id).await;
            if matches!(seen, Ok(Some(_))) || !patience.waited().await {
                return seen;
            }
        }
    }

    pub(super) async fn read_once(&self, id: &str) -> Result<Option<ResolvedObject>, ProviderError> {
        let found = self.provider.read(self.type_name, self.region, &[id.to_owned()]).await?.into_iter().next().flatten();
        Ok(found.map(|found| with_known(found, &Object::default())))
    }

    async fn pause(&self, attempt: u32) {
        tokio::time::sleep((FIRST_PAUSE * attempt).min(self.consistency)).await;
    }

    /// The create ended badly after the cloud had named an id.
    async fn left_behind(&self, id: String, inputs: &ResolvedObject, error: ProviderError) -> End {
        match error.kind {
            ErrorKind::InDoubt => self.adopt(id, inputs, error).await,
            kind => {
                let observed = self.read_once(&id).await.ok().flatten().unwrap_or_default();
                // What ended in a failed state is replaced; what is still under way or lacks a follow-up call is finished.
                let status = if kind == ErrorKind::Failed { Status::Broken } else { Status::Unfinished };
                End::LeftBehind { id, observed, status, error }
            }
        }
    }

    /// Takes what a create in doubt made, and finishes it by an update that waits.
    async fn adopt(&self, id: String, inputs: &ResolvedObject, doubt: ProviderError) -> End {
        if let Err(error) = self.sink.accepted(&id) {
            return End::Failed(error);
        }
        let observed = match self.read(&id).await {
            Ok(Some(observed)) => observed,
            Ok(None) | Err(_) => {
                return End::LeftBehind { id, observed: ResolvedObject::default(), status: Status::Unfinished, error: doubt };
            }
        };
        match self.provider.update(&self.operation(), &id, &finishing(self.schema, &observed, inputs)).await {
            Ok(attributes) => End::Exists(Existing { id, attributes }),
            Err(error) => {
                let status = if error.kind == ErrorKind::Failed { Status::Broken } else { Status::Unfinished };
                End::LeftBehind { id, observed, status, error }
            }
        }
    }

    pub(super) async fn update(&self, id: &str, change: &Change) -> End {
        let mut attempt = 0;
        let mut change = change.clone();
        loop {
            attempt += 1;
            let error = match self.provider.update(&self.operation(), id, &change).await {
                Ok(attributes) => return End::Exists(Existing { id: id.to_owned(), attributes }),
                Err(error) => error,
            };
            match error.kind {
                ErrorKind::InDoubt if attempt < ATTEMPTS => {
                    self.pause(attempt).await;
                    if let Ok(Some(observed)) = self.read_once(id).await {
                        // What no read shows may or may not have been changed: it is left as it was said to be.
                        let mut now = change.observed.into_object();
                        now.extend(observed.into_object());
                        change.observed = ResolvedObject::new(now).unwrap_or_default();
                        let (asked, observed) = (&change.asked, &change.observed);
                        change.changed.retain(|name| !is_done(self.schema, name, asked, observed));
                    }
                }
                ErrorKind::InDoubt | ErrorKind::Failed | ErrorKind::TimedOut => {
                    let observed = self.read_once(id).await.ok().flatten().unwrap_or_default();
                    return End::LeftBehind { id: id.to_owned(), observed, status: Status::Unfinished, error };
                }
                _ => return End::Failed(error),
            }
        }
    }

    pub(super) async fn delete(&self, id: &str, prior: &ResolvedObject) -> End {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.provider.delete(&self.operation(), id, prior).await {
                Ok(()) => return End::Gone,
                Err(error) if error.kind == ErrorKind::InDoubt && attempt < ATTEMPTS => self.pause(attempt).await,
                Err(error) if error.kind == ErrorKind::TimedOut => return End::Going(error),
                Err(error) => return End::Failed(error),
            }
        }
    }
}

/// Longer and longer pauses, up to a limit in all.
struct Patience {
    left: Duration,
    pause: Duration,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self { left: limit, pause: FIRST_PAUSE }
    }

    /// Waits for the next look; `false` when there is none.
    async fn waited(&mut self) -> bool {
        let pause = self.pause.min(self.left);
        if pause.is_zero() {
            return false;
        }
        tokio::time::sleep(pause).await;
        self.left -= pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// What a change that was broken off may have come to: until it is through, the thing may refer to what it referred to before as well as to
/// what it is to.
pub(super) fn broken_off(intent: &Intent, before: &Record, schema: &ResourceSchema) -> Intent {
    let former = before.dependencies.iter().filter(|on| !intent.dependencies.contains(on));
    let dependencies = intent.dependencies.iter().chain(former).cloned().collect();
    Intent { inputs: agreed(schema, &before.inputs, &intent.inputs), dependencies, ..intent.clone() }
}

/// Inputs after a change that was broken off. What can be read back is compared with what is there, so it counts as asked
/// for; of what cannot, only what did not change is sure, and the rest is asked for again.
fn agreed(schema: &ResourceSchema, before: &Object, asked: &Object) -> Object {
    let readable = |name: &str| schema.attribute(name).is_some_and(|a| !a.write_only && !a.ty.holds_secret());
    let mut inputs = before.clone();
    inputs.extend(asked.iter().map(|(name, value)| (name.clone(), value.clone())));
    inputs.retain(|name, _| readable(name) || before.get(name) == asked.get(name));
    inputs
}

/// The update that finishes a create: what no read shows was given to the create.
fn finishing(schema: &ResourceSchema, observed: &ResolvedObject, inputs: &ResolvedObject) -> Change {
    let mut observed: Object = observed.clone().into_object();
    for attribute in schema.attributes.iter().filter(|a| a.write_only || a.ty.holds_secret()) {
        if let Some((name, value)) = inputs.get_key_value(attribute.name) {
            observed.insert(name.clone(), value.clone());
        }
    }
    let observed = ResolvedObject::new(observed).unwrap_or_default();
    let changed = inputs.iter().filter(|(name, value)| !value.is_null() && inputs.get(*name) != observed.get(*name));
    let changed = changed.filter(|(name, _)| !is_done(schema, name, inputs, &observed)).map(|(name, _)| name.clone()).collect();
    Change { asked: Asked::new(inputs.clone()), observed, changed }
}

/// Does a read show the attribute as it is asked for?
fn is_done(schema: &ResourceSchema, name: &str, asked: &Object, observed: &Object) -> bool {
    let Some(attribute) = schema.attribute(name).filter(|a| !a.write_only && !a.ty.holds_secret()) else { return false };
    let (Some(asked), seen) = (asked.get(name), observed.get(name).unwrap_or(&Value::Null)) else { return false };
    attribute.same(asked, seen) || (is_empty(asked) && is_empty(seen))
}
