//! An embedded cloud: everything that an apply needs, driven by schemas alone, with nothing to install and nothing to pay.
//!
//! It answers as AWS would: it makes ids and ARNs, refuses what refers to nothing, what is taken, what cannot change in
//! place and what others still refer to, takes its time (on its own clock, which costs no real time), and can fail on demand.
//! No resource type is named here: what a type does follows from its schema.
//!
//! - An id is made from the type's name (`vpc-…`, `sg-…`), the address, the region and how many things the address has had:
//!   the same program makes the same ids in every run.
//! - What the program leaves to AWS ([`crate::schema::Mode::Chosen`]) and what AWS computes comes from the schema's samples, or else from
//!   type and name.
//! - The text of a secret is never kept: secrets and write-only attributes are not in what a read answers.
//! - The secret store holds a text for every name: made from the name alone, so that programs that need one work.

mod calls;
mod checks;
mod faults;
mod ids;
mod managed;
mod occupied;
mod references;
mod replica;
mod rules;
mod store;
mod world;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::calls::Struck;
use self::ids::Dice;
use self::store::{Access, Store};
use self::world::{Codecs, Key, World};
use super::{Change, ErrorKind, Existing, Identity, Operation, Provider, ProviderError};
use crate::schema::Registry;
use crate::value::{Object, ResolvedObject, SecretText};

pub use faults::{ATTEMPTS, Call, Fault, Faults, What};
pub use replica::{Refusal, Seed, Why, held, own_names};

/// The account that everything belongs to, in any region.
pub const ACCOUNT: &str = "123456789012";

/// A cloud of its own.
#[derive(Debug)]
pub struct Sandbox {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    codecs: Codecs,
    world: World,
    store: Option<Store>,
    faults: Faults,
    /// It stands for a real cloud.
    replica: Option<replica::Replica>,
    /// The world's time when this sandbox was opened; nothing that this process does starts before it.
    started: Option<i64>,
    calls: [u64; Call::COUNT],
}

/// One thing of the world, for those who check what plat did by another way than plat's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub type_name: Arc<str>,
    pub region: Arc<str>,
    /// Import id.
    pub id: Arc<str>,
    /// The address it was created for.
    pub address: Arc<str>,
    /// The operation that created it.
    pub operation: Arc<str>,
    pub attributes: Object,
}

/// Why a world cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("cannot use the sandbox's world at `{}`: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the sandbox's world at `{}` is damaged at byte {offset}: {problem}; move the file away to start with an empty world", path.display())]
    Damaged { path: PathBuf, offset: u64, problem: String },
}

impl SandboxError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

impl From<SandboxError> for ProviderError {
    fn from(error: SandboxError) -> Self {
        ProviderError::new(ErrorKind::Internal, "Sandbox", error.to_string())
    }
}

impl Sandbox {
    /// A world that lives and ends with this value.
    pub fn in_memory(registry: Arc<Registry>) -> Self {
        Self::new(registry, None)
    }

    /// An empty world in memory, of a cloud that has more than it: what is looked up and not in it is made up from the question.
    pub fn making_up(registry: Arc<Registry>) -> Self {
        let sandbox = Self::new(registry, None);
        sandbox.lock().codecs.make_up();
        sandbox
    }

    /// The world in the file at `path`, an empty one when there is none. Several processes may use it at once.
    pub fn open(registry: Arc<Registry>, path: &Path) -> Result<Self, SandboxError> {
        let sandbox = Self::new(registry, Some(Store::open(path)?));
        sandbox.with(Access::Read, |_| Ok::<_, SandboxError>(()))?;
        Ok(sandbox)
    }

    fn new(registry: Arc<Registry>, store: Option<Store>) -> Self {
        let codecs = Codecs::new(registry);
        let inner =
            Inner { codecs, world: World::default(), store, faults: Faults::none(), replica: None, started: None, calls: [0; Call::COUNT] };
        Self { inner: Mutex::new(inner) }
    }

    /// What goes wrong from now on; counted from here.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        self.set_faults(faults);
        self
    }

    /// How many calls of a kind were made of this value.
    pub fn calls(&self, call: Call) -> u64 {
        self.lock().calls.get(call as usize).copied().unwrap_or(0)
    }

    /// Seconds that everything done so far by this value took on the world's clock.
    pub fn elapsed(&self) -> i64 {
        let inner = self.lock();
        inner.started.map_or(0, |started| inner.world.clock() - started)
    }

    /// Everything that exists, in the order of type, region and id.
    pub fn inventory(&self) -> Result<Vec<Item>, ProviderError> {
        self.with(Access::Read, |inner| {
            let Inner { world, codecs, .. } = inner;
            let mut items = Vec::new();
            for (key, thing) in world.all() {
                let attributes = match codecs.of(&key.type_name) {
                    Some(codec) => (*thing.attributes(&codec).map_err(|e| internal("inventory", e))?).clone(),
                    None => Object::default(),
                };
                let (address, operation) = (thing.address.clone(), thing.operation.clone());
                items.push(Item { type_name: key.type_name, region: key.region, id: key.id, address, operation, attributes });
            }
            Ok(items)
        })
    }

    /// Changes a thing behind plat's back: sets attributes, and takes away those that are `Null`.
    pub fn tamper(&self, type_name: &str, region: &str, id: &str, changes: &Object) -> Result<(), ProviderError> {
        self.with(Access::Write, |inner| inner.tamper(type_name, region, id, changes))
    }

    /// Deletes a thing behind plat's back, whoever refers to it.
    pub fn vanish(&self, type_name: &str, region: &str, id: &str) -> Result<(), ProviderError> {
        let key = Key { type_name: type_name.into(), region: region.into(), id: id.into() };
        self.with(Access::Write, |inner| inner.forget(&key, inner.world.clock()))
    }

    /// Makes everything done so far survive a loss of power. A killed process loses nothing in any case.
    pub fn sync(&self) -> Result<(), SandboxError> {
        self.lock().store.as_mut().map_or(Ok(()), Store::sync)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the world as it is now, with the file locked.
    fn with<T, E: From<SandboxError>>(&self, access: Access, work: impl FnOnce(&mut Inner) -> Result<T, E>) -> Result<T, E> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        if let Some(mut store) = inner.store.take() {
            let entered = store.enter(access, &mut inner.world, &mut inner.codecs);
            inner.store = Some(store);
            entered?;
        }
        inner.started.get_or_insert(inner.world.clock());
        let done = work(inner);
        if let Some(store) = &inner.store {
            store.leave();
        }
        done
    }

    /// Counts a call; an error when it does not get through.
    fn begin(&self, call: Call, type_name: &str) -> Result<Struck, ProviderError> {
        let mut inner = self.lock();
        if let Some(count) = inner.calls.get_mut(call as usize) {
            *count += 1;
        }
        let struck = inner.faults.strike(call, type_name);
        let struck = Struck::of(struck, call, type_name)?;
        if struck.waited > 0 {
            let now = inner.world.clock();
            inner.world.advance(now + struck.waited);
        }
        Ok(struck)
    }
}

fn internal(operation: &str, message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Internal, operation, message)
}

fn resolved(object: Object) -> Result<ResolvedObject, ProviderError> {
    ResolvedObject::new(object).map_err(|_| internal("Sandbox", "a thing of the world holds what is not known"))
}

#[async_trait]
impl Provider for Sandbox {
    async fn identity(&self, _region: &str) -> Result<Identity, ProviderError> {
        self.begin(Call::Identity, "")?;
        Ok(Identity { account: ACCOUNT.to_owned(), arn: format!("arn:aws:iam::{ACCOUNT}:user/sandbox") })
    }

    async fn create(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Existing, ProviderError> {
        let struck = self.begin(Call::Create, op.type_name)?;
        struck.stop_before().await;
        let (key, attributes, took) = self.with(Access::Write, |inner| inner.create(op, inputs, &struck))?;
        struck.after(Call::Create, op.type_name).await?;
        op.accepted.accepted(&key.id)?;
        struck.accepted(Call::Create, op, took).await?;
        Ok(Existing { id: key.id.to_string(), attributes: resolved((*attributes).clone())? })
    }

    async fn read(&self, type_name: &str, region: &str, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError> {
        self.begin(Call::Read, type_name)?.stop_before().await;
        self.with(Access::Read, |inner| inner.read(type_name, region, ids))
    }

    async fn update(&self, op: &Operation<'_>, id: &str, change: &Change) -> Result<ResolvedObject, ProviderError> {
        let struck = self.begin(Call::Update, op.type_name)?;
        struck.stop_before().await;
        let (attributes, took) = self.with(Access::Write, |inner| inner.update(op, id, change, &struck))?;
        struck.after(Call::Update, op.type_name).await?;
        struck.accepted(Call::Update, op, took).await?;
        resolved((*attributes).clone())
    }

    async fn delete(&self, op: &Operation<'_>, id: &str, _prior: &ResolvedObject) -> Result<(), ProviderError> {
        let struck = self.begin(Call::Delete, op.type_name)?;
        struck.stop_before().await;
        let took = self.with(Access::Write, |inner| inner.delete(op, id, &struck))?;
        struck.after(Call::Delete, op.type_name).await?;
        struck.accepted(Call::Delete, op, took).await
    }

    async fn find(&self, op: &Operation<'_>, _inputs: &ResolvedObject) -> Result<Option<String>, ProviderError> {
        self.begin(Call::Find, op.type_name)?.stop_before().await;
        self.with(Access::Read, |inner| {
            let created = inner.world.index(&mut inner.codecs).created_by(op.id);
            Ok(created.filter(|key| &*key.type_name == op.type_name && &*key.region == op.region).map(|key| key.id.to_string()))
        })
    }

    async fn lookup(&self, type_name: &str, region: &str, query: &ResolvedObject) -> Result<ResolvedObject, ProviderError> {
        self.begin(Call::Lookup, type_name)?.stop_before().await;
        self.with(Access::Read, |inner| inner.lookup(type_name, region, query)).and_then(resolved)
    }

    /// Nothing is hidden here: what no read shows does not exist.
    fn consistency(&self, _limit: std::time::Duration) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    async fn secret(&self, _region: &str, id: &str) -> Result<SecretText, ProviderError> {
        self.begin(Call::Secret, "")?.stop_before().await;
        Ok(SecretText::new(Dice::new(&["secret", id]).letters(32)))
    }
}

#[cfg(test)]
mod tests;
