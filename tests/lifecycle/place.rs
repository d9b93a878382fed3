//! One stack with its state on disk and its cloud in memory, and what must be true of the two.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use plat::apply::{self, Cancel, Journal, Outcome, SessionJournal, Settings, Silent};
use plat::plan::past::{Lost, Past, losses};
use plat::plan::{self, DriftKind, Engine, Options, Prepared, Rehearsal};
use plat::provider::sandbox::{Call, Item, Sandbox};
use plat::provider::{Change, Existing, Identity, Operation, Provider, ProviderError, SecretResolver};
use plat::schema::Registry;
use plat::state::{Entry, Holder, LocalStore, OpenOptions, RemoteStore, StateError, StateFile, StateStore, Status};
use plat::value::{ResolvedObject, SecretReference, SecretText, Value};
use tokio::sync::Notify;

use super::bucket::Bucket;
use super::kinds::{REGION, registry};
use super::program::{Expr, Program, address};
use super::shape;

/// When the process dies: at one of the moments before and after each entry of the journal and each call that changes something.
pub struct Death {
    left: AtomicI64,
    dead: AtomicBool,
    told: Notify,
}

impl Death {
    /// At the `n`th moment, counted from 1.
    pub fn at(n: i64) -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(n), dead: AtomicBool::new(false), told: Notify::new() })
    }

    pub fn never() -> Arc<Self> {
        Self::at(i64::MAX)
    }

    /// One moment passes. True: the process is dead.
    pub fn passes(&self) -> bool {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 1 {
            self.dead.store(true, Ordering::SeqCst);
            self.told.notify_one();
        }
        self.dead.load(Ordering::SeqCst)
    }

    /// How many moments passed of a process that was to live for ever.
    pub fn passed(&self) -> i64 {
        i64::MAX - self.left.load(Ordering::SeqCst)
    }

    async fn comes(&self) {
        while !self.dead.load(Ordering::SeqCst) {
            self.told.notified().await;
        }
    }
}

/// A journal whose process can die.
struct MortalJournal(SessionJournal, Arc<Death>);

impl MortalJournal {
    fn write(&self, write: impl FnOnce() -> Result<(), StateError>) -> Result<(), StateError> {
        let gone = || Err(StateError::Misused("the process is dead".to_owned()));
        if self.1.passes() {
            return gone();
        }
        write()?;
        if self.1.passes() { gone() } else { Ok(()) }
    }
}

impl Journal for MortalJournal {
    fn append(&self, entries: &[Entry]) -> Result<(), StateError> {
        self.write(|| self.0.append(entries))
    }

    fn finish(&self, state: &mut StateFile) -> Result<(), StateError> {
        self.write(|| self.0.finish(state))
    }
}

/// A cloud whose caller can die, and whose changes can be held up.
struct MortalCloud {
    cloud: Arc<Sandbox>,
    death: Arc<Death>,
    others: Arc<AtomicUsize>,
}

impl MortalCloud {
    async fn change<T>(&self, call: impl Future<Output = T>) -> T {
        if self.death.passes() {
            std::future::pending::<()>().await;
        }
        for _ in 0..10_000 {
            if self.others.load(Ordering::SeqCst) == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let answer = call.await;
        if self.death.passes() {
            std::future::pending::<()>().await;
        }
        answer
    }
}

#[async_trait]
impl Provider for MortalCloud {
    async fn identity(&self, region: &str) -> Result<Identity, ProviderError> {
        self.cloud.identity(region).await
    }

    async fn create(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Existing, ProviderError> {
        self.change(self.cloud.create(op, inputs)).await
    }

    async fn read(&self, type_name: &str, region: &str, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError> {
        self.cloud.read(type_name, region, ids).await
    }

    async fn update(&self, op: &Operation<'_>, id: &str, change: &Change) -> Result<ResolvedObject, ProviderError> {
        self.change(self.cloud.update(op, id, change)).await
    }

    async fn delete(&self, op: &Operation<'_>, id: &str, prior: &ResolvedObject) -> Result<(), ProviderError> {
        self.change(self.cloud.delete(op, id, prior)).await
    }

    async fn find(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError> {
        self.cloud.find(op, inputs).await
    }

    async fn lookup(&self, type_name: &str, region: &str, query: &ResolvedObject) -> Result<ResolvedObject, ProviderError> {
        self.cloud.lookup(type_name, region, query).await
    }

    async fn secret(&self, region: &str, id: &str) -> Result<SecretText, ProviderError> {
        self.cloud.secret(region, id).await
    }
}

#[async_trait]
impl SecretResolver for MortalCloud {
    async fn text(&self, region: &str, reference: &SecretReference) -> Result<SecretText, ProviderError> {
        self.cloud.secret(region, reference.argument.as_str().unwrap()).await
    }
}

/// How one run ended.
#[derive(Debug)]
pub enum Run {
    Ended(Box<Outcome>),
    /// Not even begun, or the state could not be written.
    Refused(String),
    Died,
}

impl Run {
    #[track_caller]
    pub fn succeeded(self) -> Outcome {
        match self {
            Run::Ended(outcome) if outcome.succeeded() => *outcome,
            Run::Ended(outcome) => panic!("{:?}\nwaiting: {:?}", outcome.failed, outcome.waiting),
            other => panic!("{other:?}"),
        }
    }

    pub fn died(&self) -> bool {
        matches!(self, Run::Died)
    }
}

/// How long the lock of a dead process keeps others out of a bucket.
const LEASE: Duration = Duration::from_millis(60);

/// Where the state is.
enum Home {
    Folder(tempfile::TempDir),
    Bucket(Bucket),
}

/// A stack, its state and its cloud.
pub struct Place {
    home: Home,
    pub cloud: Arc<Sandbox>,
    pub registry: Arc<Registry>,
    /// How many other processes must have ended before a call changes something; it waits 20 seconds for them.
    pub others: Arc<AtomicUsize>,
    /// How long a process waits for the lock of another one.
    pub wait: Duration,
    /// Runs on several threads, as `plat` does; on one, everything happens in the same order every time.
    threads: bool,
}

impl Place {
    pub fn new() -> Self {
        let registry = registry();
        let cloud = Arc::new(Sandbox::in_memory(registry.clone()));
        Self {
            home: Home::Folder(tempfile::tempdir().unwrap()),
            cloud,
            registry,
            others: Arc::default(),
            wait: Duration::ZERO,
            threads: true,
        }
    }

    /// A place whose state is in a bucket.
    pub fn remote() -> Self {
        Self { home: Home::Bucket(Bucket::default()), wait: Duration::from_secs(20), ..Self::new() }
    }

    /// A place where everything happens in the same order every time.
    pub fn alone() -> Self {
        Self { threads: false, ..Self::new() }
    }

    fn store(&self) -> Box<dyn StateStore> {
        self.store_of(&Death::never())
    }

    /// The store as a process has it that can die.
    fn store_of(&self, death: &Arc<Death>) -> Box<dyn StateStore> {
        match &self.home {
            Home::Folder(folder) => Box::new(LocalStore::new(folder.path(), "test", "default")),
            Home::Bucket(bucket) => Box::new(RemoteStore::new(bucket.client(death), "test", "default").unwrap().with_lease(LEASE)),
        }
    }

    pub fn state(&self) -> StateFile {
        self.store().load(&self.registry).unwrap().state
    }

    /// An earlier state.
    pub fn state_of(&self, serial: u64) -> StateFile {
        self.store().snapshot(serial, &self.registry).unwrap()
    }

    /// An operation of an earlier run has no outcome yet.
    pub fn is_open(&self) -> bool {
        !self.store().load(&self.registry).unwrap().pending.is_empty()
    }

    /// How many calls that change something were made.
    pub fn changes(&self) -> u64 {
        [Call::Create, Call::Update, Call::Delete].map(|call| self.cloud.calls(call)).iter().sum()
    }

    fn engine(&self, death: &Arc<Death>) -> Engine {
        let cloud = Arc::new(MortalCloud { cloud: self.cloud.clone(), death: death.clone(), others: self.others.clone() });
        Engine { provider: cloud.clone(), secrets: cloud, registry: self.registry.clone() }
    }

    async fn prepare(&self, engine: &Engine, program: &Program, state: StateFile, options: &Options) -> Result<Prepared, String> {
        let evaluate = |_: &plan::Answers| Ok(program.desired(&self.registry));
        plan::prepare(engine, &evaluate, state, options).await.map_err(|e| format!("{e}: {e:?}"))
    }

    /// What an apply would do.
    pub fn plan(&self, program: &Program) -> Prepared {
        self.plan_with(program, &Options::default())
    }

    pub fn plan_with(&self, program: &Program, options: &Options) -> Prepared {
        let engine = self.engine(&Death::never());
        self.runtime(|| async { self.prepare(&engine, program, self.state(), options).await }).unwrap()
    }

    /// What would go back to the state `to`, as `plat rollback` works it out, with `program` as the program of today.
    pub fn way_back(&self, program: &Program, to: u64) -> (Prepared, Vec<Lost>) {
        let engine = self.engine(&Death::never());
        self.runtime(|| self.back(&engine, program, self.state(), to)).unwrap()
    }

    async fn back(&self, engine: &Engine, program: &Program, now: StateFile, to: u64) -> Result<(Prepared, Vec<Lost>), String> {
        let then = self.store().snapshot(to, &self.registry).map_err(|e| e.to_string())?;
        let today = program.desired(&self.registry);
        let past = Past { then: &then, now: &now, program: &today };
        let desired = past.desired(engine).await.map_err(|e| e.to_string())?;
        let evaluate = |_: &plan::Answers| Ok(desired.clone());
        let prepared = plan::prepare(engine, &evaluate, now.clone(), &Options::default()).await.map_err(|e| format!("{e}: {e:?}"))?;
        let lost = losses(&prepared.plan, &then, &now, &self.registry);
        Ok((prepared, lost))
    }

    /// Goes back to the state `to`.
    #[track_caller]
    pub fn roll_back(&self, program: &Program, to: u64) -> Outcome {
        let engine = self.engine(&Death::never());
        let outcome = self.runtime(|| async {
            let holder = Holder { who: "tests".to_owned(), pid: 1, command: "plat rollback".to_owned(), since: 0 };
            let (session, loaded) = self.store().open(&OpenOptions { holder, wait: Duration::ZERO }, &self.registry).unwrap();
            let mut state = loaded.state;
            let journal: Arc<dyn Journal> = Arc::new(SessionJournal::begin(session, &mut state).unwrap());
            let (prepared, _) = self.back(&engine, program, state, to).await.unwrap();
            let settings = Settings { consistency: Duration::ZERO, ..Settings::default() };
            apply::apply(&engine, prepared, journal, Arc::new(Silent), &Cancel::default(), &settings).await.unwrap()
        });
        Run::Ended(Box::new(outcome)).succeeded()
    }

    /// What an apply would meet.
    pub fn rehearse(&self, program: &Program) -> Rehearsal {
        let prepared = self.plan(program);
        self.runtime(|| plat::trial::rehearse(&self.registry, &prepared))
    }

    pub fn apply(&self, program: &Program) -> Run {
        self.run(program, &Options::default(), &Death::never())
    }

    pub fn destroy(&self, program: &Program) -> Run {
        self.run(program, &Options { destroy: true, ..Options::default() }, &Death::never())
    }

    /// A process from its start to its end or its death.
    pub fn run(&self, program: &Program, options: &Options, death: &Arc<Death>) -> Run {
        let engine = self.engine(death);
        let run = self.runtime(|| async {
            tokio::select! {
                biased;
                () = death.comes() => Run::Died,
                run = self.attempt(&engine, program, options, death) => run.unwrap_or_else(Run::Refused),
            }
        });
        // A dead process tells no one how it ended.
        if death.dead.load(Ordering::SeqCst) { Run::Died } else { run }
    }

    /// Works on a runtime of its own, as a process has: nothing of it is left afterwards.
    fn runtime<F: Future>(&self, work: impl FnOnce() -> F) -> F::Output {
        use tokio::runtime::Builder;
        let mut builder = if self.threads { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        let answer = runtime.block_on(work());
        runtime.shutdown_timeout(Duration::from_secs(5));
        answer
    }

    async fn attempt(&self, engine: &Engine, program: &Program, options: &Options, death: &Arc<Death>) -> Result<Run, String> {
        let holder = Holder { who: "tests".to_owned(), pid: 1, command: "plat apply".to_owned(), since: 0 };
        let opened = self.store_of(death).open(&OpenOptions { holder, wait: self.wait }, &self.registry);
        let (session, loaded) = opened.map_err(|e| e.to_string())?;
        let settings = Settings { consistency: Duration::ZERO, ..Settings::default() };
        let mut state = loaded.state;
        let journal = SessionJournal::begin(session, &mut state).map_err(|e| e.to_string())?;
        let journal: Arc<dyn Journal> = match self.home {
            Home::Folder(_) => Arc::new(MortalJournal(journal, death.clone())),
            // Every entry is a write to the bucket, whose client dies.
            Home::Bucket(_) => Arc::new(journal),
        };
        let settled = apply::settle(engine, state, loaded.pending, Some(journal.clone()), &settings).await.map_err(|e| e.to_string())?;
        let prepared = self.prepare(engine, program, settled.state, options).await?;
        let outcome = apply::apply(engine, prepared, journal, Arc::new(Silent), &Cancel::default(), &settings).await;
        Ok(Run::Ended(Box::new(outcome.map_err(|e| e.to_string())?)))
    }

    /// The things in the cloud, by type and id.
    pub fn inventory(&self) -> BTreeMap<(String, String), Item> {
        let items = self.cloud.inventory().unwrap();
        items.into_iter().map(|item| ((item.type_name.to_string(), item.id.to_string()), item)).collect()
    }

    /// The state has everything that the cloud has, as it is there, and nothing else; but for what was left there on purpose.
    #[track_caller]
    pub fn check_state(&self, left: &BTreeSet<String>) {
        self.check_snapshots();
        let state = self.state();
        let mut world = self.inventory();
        world.retain(|(_, id), _| !left.contains(id));
        for (at, record) in &state.resources {
            let key = (record.type_name.to_string(), record.id.clone());
            let item = world.remove(&key).unwrap_or_else(|| panic!("`{at}` is recorded as {key:?} and does not exist"));
            assert_eq!(item.attributes, *record.observed, "`{at}` is recorded otherwise than it is");
            assert_eq!(record.status, Status::Ready, "`{at}`");
            assert_eq!(record.region, REGION);
        }
        assert!(world.is_empty(), "orphans: {:?}", world.values().map(|item| (&item.address, &item.id)).collect::<Vec<_>>());
    }

    /// Every snapshot on the disk fits the schema that readers are promised.
    #[track_caller]
    fn check_snapshots(&self) {
        let schema: serde_json::Value = serde_json::from_str(include_str!("../../state/schema.json")).unwrap();
        let snapshots: Vec<String> = match &self.home {
            Home::Folder(_) => {
                let files = std::fs::read_dir(std::path::Path::new(&self.store().location()).join("snapshots")).unwrap();
                files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
            }
            Home::Bucket(bucket) => bucket.texts("/snapshots/"),
        };
        assert!(!snapshots.is_empty());
        for text in snapshots {
            shape::fits(&schema, &schema, &serde_json::from_str(&text).unwrap(), "").unwrap();
        }
    }

    /// State and cloud are what the program says, and a plan has nothing to do.
    #[track_caller]
    pub fn check(&self, program: &Program, left: &BTreeSet<String>) {
        self.check_state(left);
        let state = self.state();
        let wanted: BTreeSet<_> = program.resources.keys().map(|at| address(at)).collect();
        assert_eq!(state.resources.keys().cloned().collect::<BTreeSet<_>>(), wanted);
        for (at, spec) in &program.resources {
            let record = &state.resources[&address(at)];
            let schema = self.registry.get(spec.kind).unwrap();
            for (name, expr) in &spec.inputs {
                let Some(wanted) = expected(expr, &state) else { continue };
                let attribute = schema.attribute(name).unwrap();
                let observed = record.observed.get(*name).unwrap_or(&Value::Null);
                let none = |value: &Value| match value {
                    Value::List(items) => items.is_empty(),
                    Value::Object(entries) => entries.is_empty(),
                    other => other.is_null(),
                };
                assert!(
                    attribute.same(&wanted, observed) || none(&wanted) && none(observed),
                    "`{at}`.{name} is {observed:?} and should be {wanted:?}"
                );
            }
        }
        let prepared = self.plan(program);
        let steps: Vec<_> =
            prepared.plan.steps.iter().filter(|s| s.action != plan::Action::NoOp).map(|s| (&s.address, &s.action, &s.changes)).collect();
        assert!(prepared.plan.is_empty() && steps.is_empty(), "the plan should be empty: {steps:?}");
        // A change made outside plat stays reported where the program leaves the attribute out.
        let undone: Vec<_> = prepared.plan.drift.iter().filter(|drift| !is_left_out(program, drift)).collect();
        assert!(undone.is_empty(), "{undone:?}");
    }
}

fn is_left_out(program: &Program, drift: &plan::Drift) -> bool {
    let DriftKind::Changed { attribute, .. } = &drift.kind else { return false };
    program.resources.get(&drift.address.to_string()).is_some_and(|spec| !spec.inputs.contains_key(&**attribute))
}

/// What an expression comes to, as the state has it; `None` for a secret, which nothing shows.
fn expected(expr: &Expr, state: &StateFile) -> Option<Value> {
    Some(match expr {
        Expr::Is(value) => value.clone(),
        Expr::Of(at, attribute) => state.attribute(&address(at), attribute).unwrap().clone(),
        Expr::List(items) => Value::list(items.iter().map(|item| expected(item, state)).collect::<Option<Vec<_>>>()?),
        Expr::Record(fields) => {
            Value::object(fields.iter().map(|(name, field)| Some((*name, expected(field, state)?))).collect::<Option<Vec<_>>>()?)
        }
        Expr::Secret(_) => return None,
    })
}
