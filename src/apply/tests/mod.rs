//! Plans and applies against a small cloud in memory that can be told to fail.

mod applying;
mod cloud;
mod crashes;
mod drift;
mod planning;
mod program;
mod refactoring;
mod replacing;
mod saving;
mod settling;
mod timing_out;

use std::sync::Arc;
use std::time::Duration;

pub use cloud::{Cloud, Fault};
pub use program::{Program, after, of, schemas, text};

use crate::address::Address;
use crate::apply::{ApplyError, Cancel, Journal, Outcome, Settings, Silent, apply, settle};
use crate::plan::{Action, Answers, Engine, Options, PrepareError, Prepared, prepare};
use crate::provider::{ErrorKind, ProviderError, SecretResolver};
use crate::schema::Registry;
use crate::state::{Entry, Pending, StateError, StateFile};
use crate::value::{SecretReference, SecretText, Value};

pub fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A stack's state and journal, the cloud, and the program, over several runs.
pub struct Bench {
    pub cloud: Arc<Cloud>,
    pub engine: Engine,
    pub state: StateFile,
    pub pending: Vec<Pending>,
    pub options: Options,
    pub settings: Settings,
}

/// Says the same text for a secret until told otherwise.
pub struct Vault(pub std::sync::Mutex<String>);

#[async_trait::async_trait]
impl SecretResolver for Vault {
    async fn text(&self, _: &str, reference: &SecretReference) -> Result<SecretText, ProviderError> {
        match reference.argument.as_str() {
            Some("missing") => Err(ProviderError::new(ErrorKind::NotFound, "secret", "no such secret")),
            _ => Ok(SecretText::new(self.0.lock().unwrap().clone())),
        }
    }
}

impl Bench {
    pub fn new() -> Self {
        let registry = Arc::new(Registry::new(schemas()));
        let cloud = Arc::new(Cloud::new(registry.clone()));
        let secrets = Arc::new(Vault("hunter2".to_owned().into()));
        Self {
            engine: Engine { provider: cloud.clone(), secrets, registry },
            cloud,
            state: StateFile::new("stack", "default").unwrap(),
            pending: Vec::new(),
            options: Options::default(),
            settings: Settings { consistency: Duration::ZERO, ..Settings::default() },
        }
    }

    pub async fn prepare(&self, program: &Program) -> Result<Prepared, PrepareError> {
        let evaluate = |answers: &Answers| Ok(program.evaluate(answers));
        prepare(&self.engine, &evaluate, self.state.clone(), &self.options).await
    }

    /// `create a`, `delete b`: what the plan says, in its order, without what stays.
    pub async fn plan(&self, program: &Program) -> Vec<String> {
        told(&self.prepare(program).await.unwrap())
    }

    /// Applies with a journal that never fails, and keeps the state.
    pub async fn try_apply(&mut self, program: &Program) -> Result<Outcome, ApplyError> {
        let journal = MemoryJournal::new(&self.state, &self.pending, None);
        self.apply_with(program, journal, &Cancel::default()).await
    }

    pub async fn apply_with(&mut self, program: &Program, journal: Arc<MemoryJournal>, cancel: &Cancel) -> Result<Outcome, ApplyError> {
        let pending = std::mem::take(&mut self.pending);
        let outcome = async {
            let settled = settle(&self.engine, self.state.clone(), pending, Some(journal.clone()), &self.settings).await?;
            let evaluate = |answers: &Answers| Ok(program.evaluate(answers));
            let prepared = prepare(&self.engine, &evaluate, settled.state, &self.options).await?;
            apply(&self.engine, prepared, journal.clone(), Arc::new(Silent), cancel, &self.settings).await
        };
        let outcome = outcome.await;
        (self.state, self.pending) = journal.replayed();
        outcome
    }

    /// Applies, wants success, and wants the next plan to be empty.
    pub async fn apply(&mut self, program: &Program) -> Outcome {
        let outcome = self.try_apply(program).await.unwrap();
        assert!(outcome.succeeded(), "{:?} {:?}", outcome.failed, outcome.waiting);
        assert_eq!(outcome.state, self.state, "the journal says the same as the snapshot");
        self.settled(program).await;
        outcome
    }

    /// The state is what the cloud is, and what the program wants.
    pub async fn settled(&self, program: &Program) {
        assert!(self.pending.is_empty(), "{:?}", self.pending);
        assert_eq!(self.plan(program).await, Vec::<String>::new());
        let mut recorded: Vec<&str> = self.state.resources.values().map(|r| r.id.as_str()).collect();
        recorded.sort_unstable();
        assert_eq!(recorded, self.cloud.ids(), "everything in the cloud is recorded, once");
        assert_eq!(recorded.len(), program.len(), "and wanted");
    }

    pub fn id(&self, name: &str) -> &str {
        &self.state.resources[&address(name)].id
    }

    pub fn observed(&self, name: &str, attribute: &str) -> Value {
        self.state.resources[&address(name)].observed.get(attribute).cloned().unwrap_or(Value::Null)
    }
}

/// The codes of what is wrong with the program.
pub async fn refused(bench: &Bench, program: &Program) -> Vec<u16> {
    match bench.prepare(program).await {
        Err(PrepareError::Program(diagnostics)) => diagnostics.iter().map(|d| d.code.0).collect(),
        other => panic!("{other:?}"),
    }
}

pub fn told(prepared: &Prepared) -> Vec<String> {
    let steps = prepared.plan.steps.iter().filter_map(|step| {
        let verb = match &step.action {
            Action::NoOp => return None,
            Action::Create => "create".to_owned(),
            Action::Update => "update".to_owned(),
            Action::Replace { forced_by, create_first: false } => format!("replace({})", forced_by.join(",")),
            Action::Replace { forced_by, create_first: true } => format!("create-first({})", forced_by.join(",")),
            Action::Delete => "delete".to_owned(),
            Action::Forget => "forget".to_owned(),
            Action::Import { .. } => "import".to_owned(),
        };
        Some(format!("{verb} {}", step.address))
    });
    steps.collect()
}

/// A journal in memory that can break off after so many entries, as a crash does.
pub struct MemoryJournal {
    base: StateFile,
    inherited: Vec<Pending>,
    written: std::sync::Mutex<Vec<Entry>>,
    finished: std::sync::Mutex<Option<StateFile>>,
    limit: Option<usize>,
    /// Told when the limit is reached.
    at_limit: Box<dyn Fn() + Send + Sync>,
}

impl MemoryJournal {
    pub fn new(base: &StateFile, inherited: &[Pending], limit: Option<usize>) -> Arc<Self> {
        Self::dying(base, inherited, limit, || {})
    }

    pub fn dying(base: &StateFile, inherited: &[Pending], limit: Option<usize>, at_limit: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            base: base.clone(),
            inherited: inherited.to_vec(),
            written: std::sync::Mutex::default(),
            finished: std::sync::Mutex::default(),
            limit,
            at_limit: Box::new(at_limit),
        })
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.written.lock().unwrap().clone()
    }

    /// What the next run finds.
    pub fn replayed(&self) -> (StateFile, Vec<Pending>) {
        let mut state = self.base.clone();
        let mut open = self.inherited.clone();
        let close = |open: &mut Vec<Pending>, op: &str| open.remove(open.iter().position(|p| *p.intent.op == *op).unwrap());
        for entry in self.entries() {
            match entry {
                Entry::Intent(intent) => open.push(Pending { intent: *intent, accepted: None, doubt: None }),
                Entry::Accepted { op, id } => open.iter_mut().find(|p| p.intent.op == op).unwrap().accepted = Some(id),
                Entry::InDoubt { op, error } => open.iter_mut().find(|p| p.intent.op == op).unwrap().doubt = Some(error),
                Entry::Done { op, record } => {
                    let address = close(&mut open, &op).intent.address;
                    match record {
                        Some(record) => drop(state.resources.insert(address, record)),
                        None => drop(state.resources.remove(&address)),
                    }
                }
                Entry::Failed { op, .. } => {
                    let closed = close(&mut open, &op);
                    assert!(closed.accepted.is_none(), "what was accepted is recorded, not given up");
                }
                Entry::Put(held) => held.into_iter().for_each(|(address, record)| match record {
                    Some(record) => drop(state.resources.insert(address, record)),
                    None => drop(state.resources.remove(&address)),
                }),
                Entry::Begin { .. } | Entry::End => panic!("these are the session's own"),
            }
        }
        let finished = self.finished.lock().unwrap().clone();
        (finished.unwrap_or(state), open)
    }
}

impl Journal for MemoryJournal {
    fn append(&self, entries: &[Entry]) -> Result<(), StateError> {
        let mut written = self.written.lock().unwrap();
        let room = self.limit.map_or(usize::MAX, |limit| limit - written.len());
        written.extend(entries.iter().take(room).cloned());
        if room > 0 && Some(written.len()) == self.limit {
            (self.at_limit)();
        }
        if entries.len() > room { Err(StateError::Misused("killed".to_owned())) } else { Ok(()) }
    }

    fn finish(&self, state: &mut StateFile) -> Result<(), StateError> {
        if self.limit == Some(self.written.lock().unwrap().len()) {
            return Err(StateError::Misused("killed".to_owned()));
        }
        state.serial += 1;
        *self.finished.lock().unwrap() = Some(state.clone());
        Ok(())
    }
}
