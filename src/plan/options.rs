//! What `prepare` works with, what it is asked, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Address;
use crate::desired::{Desired, Stack};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::provider::{Provider, ProviderError, SecretResolver};
use crate::schema::Registry;
use crate::source::Span;
use crate::value::{Date, ResolvedObject};

use super::Plan;
use super::choose::{Choice, Glob};
use super::facts::Facts;
use super::order::Operation;
use super::view::View;

/// The cloud, the secrets' stores and the schemas that a run works with.
#[derive(Clone)]
pub struct Engine {
    pub provider: Arc<dyn Provider>,
    pub secrets: Arc<dyn SecretResolver>,
    pub registry: Arc<Registry>,
}

/// Answers to lookups, by the lookup's address.
pub type Answers = BTreeMap<Address, ResolvedObject>;

/// Evaluates the program with the lookups answered so far; called again until none is left open.
pub type Evaluate<'a> = dyn Fn(&Answers) -> Result<Desired, Vec<Diagnostic>> + Send + Sync + 'a;

/// How a plan is to be made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Read everything that is recorded before comparing. Without it the state is taken for the truth.
    pub refresh: bool,
    /// Want nothing: delete everything that is recorded.
    pub destroy: bool,
    /// The region when the stack names none.
    pub region: Option<String>,
    /// Protected resources that may be deleted or replaced.
    pub consent: Consent,
    /// Resources to replace although nothing forces it.
    pub replace: Vec<Glob>,
    /// What of the plan is wanted.
    pub choice: Choice,
    /// Plan nothing: only tell and record what was changed outside plat.
    pub refresh_only: bool,
    /// The day on which waivers are looked at; without one none has ended.
    pub today: Option<Date>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            refresh: true,
            destroy: false,
            region: None,
            consent: Consent::None,
            replace: Vec::new(),
            choice: Choice::default(),
            refresh_only: false,
            today: None,
        }
    }
}

/// Which protected resources may go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Consent {
    #[default]
    None,
    /// These, and what lies inside them.
    To(Vec<Address>),
    All,
}

impl Consent {
    pub fn given(&self, address: &Address) -> bool {
        match self {
            Consent::None => false,
            Consent::To(addresses) => addresses.iter().any(|a| address.is_within(a)),
            Consent::All => true,
        }
    }
}

/// A plan, and all that `apply` needs to carry it out. Made by [`prepare`](super::prepare) alone.
#[derive(Debug)]
pub struct Prepared {
    pub plan: Plan,
    pub stack: Stack,
    /// What the plan would delete or replace against protection.
    pub protected: Vec<Protected>,
    /// What the plan would delete or replace, and AWS would keep.
    pub undeletable: Vec<Undeletable>,
    /// The state as the plan sees it: moves made, what was read folded in. Becomes the state's next snapshot.
    pub view: View,
    /// The view differs from the state it was made from: worth recording even when the plan changes nothing.
    pub state_changes: bool,
    pub(crate) operations: Graph<Operation>,
    pub(crate) facts: Facts,
}

/// A protected resource that the plan would delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected {
    pub address: Address,
    pub type_name: Arc<str>,
    pub replaced: bool,
    pub span: Option<Span>,
}

/// A resource that the plan would delete, and that AWS refuses to delete as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeletable {
    pub address: Address,
    pub replaced: bool,
    pub span: Option<Span>,
    /// The rule of the resource's type.
    pub reason: &'static str,
    pub help: &'static str,
}

/// Why there is no plan.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PrepareError {
    /// The program, with places.
    #[error("the program is wrong in {} place{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    Program(Vec<Diagnostic>),
    #[error("the stack is for account `{wanted}` and the credentials are of `{actual}` ({arn}); use credentials of `{wanted}`")]
    WrongAccount { wanted: String, actual: String, arn: String, span: Option<Span> },
    #[error("`{address}` is for account `{wanted}` and the credentials are of `{actual}`; a stack and env is of one account")]
    ResourceAccount { address: Address, wanted: String, actual: String, span: Span },
    #[error("the state is of account `{recorded}` and the credentials are of `{actual}` ({arn}); use credentials of `{recorded}`")]
    StateAccount { recorded: String, actual: String, arn: String },
    #[error("no region: write `@region = \"…\"` in the env, or give one")]
    NoRegion,
    #[error("nothing is known of the type `{type_name}` of `{address}`; this build of plat does not have it")]
    UnknownType { address: Address, type_name: String },
    /// A pattern of the command line that fits nothing.
    #[error("`{option} {pattern}` names nothing of the program or the state")]
    Unmatched { option: &'static str, pattern: String, near: Option<String> },
    #[error("the state cannot be used: {0}")]
    State(String),
    #[error("looking up `{address}`: {error}")]
    Lookup { address: Address, span: Span, error: ProviderError },
    #[error("the lookup `{address}` is asked again and again with the same question")]
    EndlessLookup { address: Address, span: Span },
    #[error("who the credentials belong to: {0}")]
    Identity(ProviderError),
    #[error("reading {count} of `{type_name}` in {region}: {error}")]
    Read { type_name: String, region: String, count: usize, error: ProviderError },
    #[error("the secret that `{address}` takes for `{attribute}`: {error}")]
    Secret { address: Address, attribute: String, span: Option<Span>, error: ProviderError },
    #[error("{} protected: {}; take `@protect` away, or consent to it by name", if .0.len() == 1 { "the plan deletes what is" } else { "the plan deletes resources that are" }, names(.0))]
    Protected(Vec<Protected>),
    #[error("AWS refuses to delete {}", .0.iter().map(|u| format!("`{}`: {}", u.address, u.reason)).collect::<Vec<_>>().join(", "))]
    Undeletable(Vec<Undeletable>),
    #[error("{} assert{} not hold: {}", .0.len(), if .0.len() == 1 { " does" } else { "s do" }, messages(.0))]
    Asserts(Vec<(Arc<str>, Span)>),
    /// What the policies say, denials and the rest.
    #[error("{}", denials(.0))]
    Policies(Vec<Diagnostic>),
}

fn names(protected: &[Protected]) -> String {
    protected.iter().map(|p| format!("`{}`", p.address)).collect::<Vec<_>>().join(", ")
}

fn messages(asserts: &[(Arc<str>, Span)]) -> String {
    asserts.iter().map(|(message, _)| message.as_ref()).collect::<Vec<_>>().join("; ")
}

fn denials(diagnostics: &[Diagnostic]) -> String {
    let denied: Vec<&str> = diagnostics.iter().filter(|d| d.is_error()).map(|d| d.message.as_str()).collect();
    denied.join("; ")
}

impl Prepared {
    /// Why the plan must not be carried out: protection without consent, asserts that fail, or policies that deny.
    /// `apply` asks it, too.
    pub fn refusal(&self) -> Option<PrepareError> {
        if !self.protected.is_empty() {
            return Some(PrepareError::Protected(self.protected.clone()));
        }
        if !self.undeletable.is_empty() {
            return Some(PrepareError::Undeletable(self.undeletable.clone()));
        }
        let failed = self.plan.asserts.iter().filter(|(_, verdict)| *verdict == super::Verdict::Fails);
        let failed: Vec<_> = failed.map(|(assert, _)| (assert.message.clone(), assert.span)).collect();
        if !failed.is_empty() {
            return Some(PrepareError::Asserts(failed));
        }
        self.plan.policing.denied().next().is_some().then(|| PrepareError::Policies(self.plan.policy_diagnostics()))
    }
}
