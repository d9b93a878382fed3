//! The edge to a cloud: what the engine asks, and what a provider may answer.
//!
//! The engine never sees a service's SDK, and a provider never sees the program, the plan or the state.

mod change;
pub mod sandbox;

use std::fmt;

use async_trait::async_trait;

use crate::address::Address;
use crate::schema::{CodecError, Resource};
use crate::value::{Duration, Object, ResolvedObject, SecretReference, SecretText, Value};

pub use change::{Asked, AttributeNames, Change};

/// Who the credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// AWS account id, 12 digits.
    pub account: String,
    /// ARN of the caller.
    pub arn: String,
}

/// One changing call's circumstances.
pub struct Operation<'a> {
    /// Unique per operation, kept over retries and recovery: the idempotency token and the intent tag.
    pub id: &'a str,
    pub address: &'a Address,
    /// `aws.ec2.VPC`
    pub type_name: &'a str,
    pub region: &'a str,
    /// Give up waiting after this long.
    pub timeout: Duration,
    /// Told the new resource's id as soon as the cloud answered, before any waiter or follow-up call.
    pub accepted: &'a dyn Accepted,
}

/// Makes an accepted id durable.
pub trait Accepted: Send + Sync {
    /// Returns once the id cannot be lost any more.
    fn accepted(&self, id: &str) -> Result<(), ProviderError>;
}

/// The tag whose value is the id of the operation that created a resource. Reads leave out tags that start with `plat:`.
pub const OPERATION_TAG: &str = "plat:operation";

/// The entry of a reading that names the attributes it could not see, because the service refuses to show them at this
/// moment. The engine keeps what it knew of them.
pub const UNSEEN: &str = "plat:unseen";

/// A reading with what was known of the attributes that it could not see.
pub fn with_known(reading: ResolvedObject, known: &Object) -> ResolvedObject {
    let Some(Value::List(unseen)) = reading.get(UNSEEN).cloned() else { return reading };
    let mut object = reading.into_object();
    object.remove(UNSEEN);
    for name in unseen.iter().filter_map(Value::as_str) {
        if let Some((name, value)) = known.get_key_value(name) {
            object.insert(name.clone(), value.clone());
        }
    }
    ResolvedObject::new(object).unwrap_or_default()
}

/// A resource that exists: its import id, and every attribute that can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Existing {
    pub id: String,
    pub attributes: ResolvedObject,
}

/// A cloud, by type name. Implemented by the sandbox, by plat-aws, and by tests' fakes.
#[async_trait]
pub trait Provider: Send + Sync {
    async fn identity(&self, region: &str) -> Result<Identity, ProviderError>;

    /// Creates a resource and waits until it is usable. `inputs` holds the input attributes that are set; secrets as plain text.
    async fn create(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Existing, ProviderError>;

    /// Reads many at once, in the order of `ids`; `None` for what does not exist.
    async fn read(&self, type_name: &str, region: &str, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError>;

    /// Changes a resource, and waits until the change is through. Nothing is sent but what is to change, with what the service
    /// wants beside it of what the configuration asks for.
    async fn update(&self, op: &Operation<'_>, id: &str, change: &Change) -> Result<ResolvedObject, ProviderError>;

    /// Deletes, and waits until it is gone. Deleting a missing resource succeeds: the provider says so itself, because a
    /// refusal that something is not found may be about another thing.
    async fn delete(&self, op: &Operation<'_>, id: &str, prior: &ResolvedObject) -> Result<(), ProviderError>;

    /// The id of the resource that operation `op` created with `inputs`, when the outcome of that create was lost.
    async fn find(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError>;

    /// Answers a `lookup`: exactly one thing that fits `query`, with all its attributes.
    async fn lookup(&self, type_name: &str, region: &str, query: &ResolvedObject) -> Result<ResolvedObject, ProviderError>;

    /// Returns how long reads may hide what was just created: at most `limit`.
    fn consistency(&self, limit: std::time::Duration) -> std::time::Duration {
        limit
    }

    /// The text of a secret in the cloud's own store, by name or ARN.
    async fn secret(&self, region: &str, id: &str) -> Result<SecretText, ProviderError>;
}

/// Fetches the text of secrets, from whichever store a reference names.
#[async_trait]
pub trait SecretResolver: Send + Sync {
    /// The reference's argument is known. `region` is where the resource that wants the secret lives.
    async fn text(&self, region: &str, reference: &SecretReference) -> Result<SecretText, ProviderError>;
}

/// A resource that was read, and the names of the attributes that the read could not see.
pub type Visible<R> = (R, &'static [&'static str]);

/// How one resource type is created, read, changed and deleted: the other half of a file in a provider crate.
/// `Context` is the provider's: clients, region.
pub trait ResourceHandler<Context: Sync>: Resource {
    fn create(
        context: &Context,
        op: &Operation<'_>,
        asked: Asked<Self>,
    ) -> impl Future<Output = Result<(String, Self), ProviderError>> + Send;
    fn read(context: &Context, ids: &[String]) -> impl Future<Output = Result<Vec<Option<Self>>, ProviderError>> + Send;
    /// Reads by id; with each resource come the names of the attributes that this read could not see.
    fn read_visible(context: &Context, ids: &[String]) -> impl Future<Output = Result<Vec<Option<Visible<Self>>>, ProviderError>> + Send {
        async move {
            let found = Self::read(context, ids).await?;
            Ok(found.into_iter().map(|found| found.map(|found| (found, [].as_slice()))).collect())
        }
    }
    fn update(
        context: &Context,
        op: &Operation<'_>,
        id: &str,
        change: Change<Self>,
    ) -> impl Future<Output = Result<Self, ProviderError>> + Send;
    fn delete(context: &Context, op: &Operation<'_>, id: &str, prior: Self) -> impl Future<Output = Result<(), ProviderError>> + Send;
    fn find(context: &Context, op: &Operation<'_>, desired: &Self) -> impl Future<Output = Result<Option<String>, ProviderError>> + Send;
    /// Finds the one thing that has every attribute set in `query` (others are empty).
    fn lookup(context: &Context, query: &ResolvedObject) -> impl Future<Output = Result<Self, ProviderError>> + Send;
}

/// What a provider says when a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    pub kind: ErrorKind,
    /// `CreateDBInstance`
    pub operation: String,
    /// AWS's error code, `InvalidParameterCombination`; empty when no answer came.
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The cloud refused: nothing was changed by this call.
    Refused,
    /// No such thing.
    NotFound,
    /// The name or the thing exists already, and is not ours.
    Exists,
    /// Credentials are missing, expired or not allowed to.
    Denied,
    /// Nobody knows whether it happened: a transport error, a time-out, a 5xx.
    InDoubt,
    /// Accepted, and it ended in a state that it does not leave by itself.
    Failed,
    /// Accepted, and it was not through in time: unfinished, and still under way.
    TimedOut,
    /// plat's own mistake or an answer it does not understand.
    Internal,
}

impl ProviderError {
    pub fn new(kind: ErrorKind, operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, operation: operation.into(), code: String::new(), message: message.into(), request_id: None }
    }
}

impl From<CodecError> for ProviderError {
    fn from(error: CodecError) -> Self {
        Self::new(ErrorKind::Internal, "decode", error.to_string())
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        if !self.code.is_empty() {
            write!(f, "{}: ", self.code)?;
        }
        f.write_str(&self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ProviderError {}
