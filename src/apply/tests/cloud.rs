//! A cloud in memory that refuses what a real one would: children of nothing, deletes of parents, names that are taken.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::provider::{Change, ErrorKind, Existing, Identity, Operation, Provider, ProviderError};
use crate::schema::{Mode, Recovery, Registry};
use crate::value::{Duration, Object, ResolvedObject, Secret, SecretText, Value};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It happens, and the answer is lost before the id is known.
    Lost,
    /// It happens, the id is told, and then the connection breaks.
    LostLater,
    /// The request is lost.
    NeverArrived,
    Refused,
    /// Refused, because another thing is not found.
    NotFound,
    /// Refused, and the refusal says what was sent.
    Echoes,
    /// It is there, and ended in a failed state.
    Fails,
    /// It is under way, and not through in time.
    TimesOut,
    /// The create went through; what follows it is refused.
    FollowUpRefused,
    /// Never answers.
    Hangs,
}

#[derive(Debug, Clone)]
struct Thing {
    type_name: String,
    attributes: Object,
    op: String,
}

#[derive(Default)]
struct World {
    things: BTreeMap<String, Thing>,
    next: u64,
    log: Vec<String>,
    timeouts: Vec<Duration>,
    faults: HashMap<String, VecDeque<Fault>>,
}

pub struct Cloud {
    registry: Arc<Registry>,
    world: Mutex<World>,
    /// The process that calls is gone: nothing arrives any more.
    pub dead: AtomicBool,
    pub reads: Mutex<Vec<usize>>,
}

fn doubt(what: &str) -> ProviderError {
    ProviderError::new(ErrorKind::InDoubt, what, "no answer")
}

fn refused(what: &str, message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Refused, what, message)
}

impl Cloud {
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry, world: Mutex::default(), dead: AtomicBool::new(false), reads: Mutex::default() }
    }

    /// The next calls of this kind (`create a`) go wrong, one after the other.
    pub fn fail(&self, call: &str, faults: &[Fault]) {
        self.world.lock().unwrap().faults.entry(call.to_owned()).or_default().extend(faults);
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.world.lock().unwrap().faults.clear();
    }

    /// Every changing call since the last time.
    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.world.lock().unwrap().log)
    }

    /// How long every changing call since the last time was allowed to take.
    pub fn timeouts(&self) -> Vec<Duration> {
        std::mem::take(&mut self.world.lock().unwrap().timeouts)
    }

    pub fn ids(&self) -> Vec<String> {
        self.world.lock().unwrap().things.keys().cloned().collect()
    }

    /// Changes something behind plat's back.
    pub fn tamper(&self, id: &str, attribute: &str, value: Value) {
        self.world.lock().unwrap().things.get_mut(id).unwrap().attributes.insert(attribute.into(), value);
    }

    pub fn remove(&self, id: &str) {
        self.world.lock().unwrap().things.remove(id).unwrap();
    }

    pub fn attribute(&self, id: &str, attribute: &str) -> Value {
        self.world.lock().unwrap().things[id].attributes.get(attribute).cloned().unwrap_or(Value::Null)
    }

    /// A thing that plat did not make.
    pub fn plant(&self, type_name: &str, name: &str) -> String {
        let inputs = [(Arc::from("name"), Value::str(name))].into_iter().collect();
        self.make(&mut self.world.lock().unwrap(), type_name, "", &inputs)
    }

    fn make(&self, world: &mut World, type_name: &str, op: &str, inputs: &Object) -> String {
        world.next += 1;
        let id = format!("id-{:05}", world.next);
        let mut attributes = inputs.clone();
        for attribute in &self.registry.get(type_name).unwrap().attributes {
            let value = match &attribute.mode {
                Mode::Optional { default } if !default.is_null() => default.clone(),
                Mode::Chosen => Value::str("chosen"),
                Mode::Computed if attribute.name == "version" => Value::Int(1),
                Mode::Computed => Value::str(id.as_str()),
                _ => continue,
            };
            if !attributes.contains_key(attribute.name) {
                attributes.insert(attribute.name.into(), value);
            }
        }
        world.things.insert(id.clone(), Thing { type_name: type_name.to_owned(), attributes, op: op.to_owned() });
        id
    }

    async fn arrive(&self, verb: &str, op: &Operation<'_>) -> Result<Option<Fault>, ProviderError> {
        if self.dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let call = format!("{verb} {}", op.address);
        let fault = {
            let mut world = self.world.lock().unwrap();
            world.log.push(call.clone());
            world.timeouts.push(op.timeout);
            world.faults.get_mut(&call).and_then(VecDeque::pop_front)
        };
        match fault {
            Some(Fault::Refused) => Err(refused(verb, "not like this")),
            Some(Fault::NotFound) => Err(ProviderError::new(ErrorKind::NotFound, verb, "the key is not found")),
            Some(Fault::NeverArrived) => Err(doubt(verb)),
            Some(Fault::Hangs) => std::future::pending().await,
            fault => Ok(fault),
        }
    }

    fn readable(&self, thing: &Thing) -> ResolvedObject {
        let schema = self.registry.get(&thing.type_name).unwrap();
        let hidden = |name: &str| schema.attribute(name).is_some_and(|a| a.write_only);
        let shown = thing.attributes.iter().filter(|(name, _)| !hidden(name)).map(|(k, v)| (k.clone(), v.clone()));
        ResolvedObject::new(shown.collect()).unwrap()
    }
}

/// Ids that an object refers to.
fn echoed(fault: Option<Fault>, inputs: &ResolvedObject) -> Result<(), ProviderError> {
    match (fault, inputs.get("password")) {
        (Some(Fault::Echoes), Some(Value::Secret(secret))) => {
            let message = format!("`{}` is too weak a password", secret.expose().unwrap());
            Err(ProviderError { code: secret.expose().unwrap().to_owned(), ..refused("create", message) })
        }
        _ => Ok(()),
    }
}

fn refers(attributes: &Object) -> Vec<&str> {
    let single = ["parent", "link"].into_iter().filter_map(|name| attributes.get(name)?.as_str());
    let many = match attributes.get("links") {
        Some(Value::List(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    single.chain(many).collect()
}

#[async_trait]
impl Provider for Cloud {
    async fn identity(&self, _: &str) -> Result<Identity, ProviderError> {
        Ok(Identity { account: "111111111111".to_owned(), arn: "arn:aws:iam::111111111111:user/test".to_owned() })
    }

    async fn create(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Existing, ProviderError> {
        let fault = self.arrive("create", op).await?;
        echoed(fault, inputs)?;
        let id = {
            let mut world = self.world.lock().unwrap();
            let by_token = self.registry.get(op.type_name).unwrap().recovery == Recovery::Token;
            let same = world.things.iter().find(|(_, t)| by_token && t.op == op.id).map(|(id, _)| id.clone());
            match same {
                Some(id) => id,
                None => {
                    if let Some(absent) = refers(inputs).into_iter().find(|id| !world.things.contains_key(*id)) {
                        return Err(refused("create", format!("`{absent}` does not exist")));
                    }
                    let name = inputs.get("name");
                    if world.things.values().any(|t| t.type_name == op.type_name && t.attributes.get("name") == name) {
                        return Err(ProviderError::new(ErrorKind::Exists, "create", "the name is taken"));
                    }
                    self.make(&mut world, op.type_name, op.id, inputs)
                }
            }
        };
        if fault == Some(Fault::Lost) {
            return Err(doubt("create"));
        }
        op.accepted.accepted(&id)?;
        match fault {
            Some(Fault::LostLater) => Err(doubt("create")),
            Some(Fault::Fails) => Err(ProviderError::new(ErrorKind::Failed, "create", "it is in the state `failed`")),
            Some(Fault::TimesOut) => Err(ProviderError::new(ErrorKind::TimedOut, "create", "not ready after 5m: status `creating`")),
            Some(Fault::FollowUpRefused) => Err(refused("create", "the second call was refused")),
            _ => Ok(Existing { attributes: self.readable(&self.world.lock().unwrap().things[&id]), id }),
        }
    }

    async fn read(&self, type_name: &str, _: &str, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError> {
        self.reads.lock().unwrap().push(ids.len());
        let world = self.world.lock().unwrap();
        Ok(ids.iter().map(|id| world.things.get(id).filter(|t| t.type_name == type_name).map(|t| self.readable(t))).collect())
    }

    async fn update(&self, op: &Operation<'_>, id: &str, change: &Change) -> Result<ResolvedObject, ProviderError> {
        let fault = self.arrive("update", op).await?;
        echoed(fault, &change.asked)?;
        let attributes = {
            let mut world = self.world.lock().unwrap();
            if let Some(absent) = refers(&change.asked).into_iter().find(|id| !world.things.contains_key(*id)) {
                return Err(refused("update", format!("`{absent}` does not exist")));
            }
            let Some(thing) = world.things.get_mut(id) else {
                return Err(ProviderError::new(ErrorKind::NotFound, "update", "it is gone"));
            };
            let schema = self.registry.get(op.type_name).unwrap();
            for attribute in schema.attributes.iter().filter(|a| a.is_input()) {
                if !change.changes(attribute.name) {
                    continue;
                }
                assert!(!attribute.replaces, "`{}` cannot change in place", attribute.name);
                let default = match &attribute.mode {
                    Mode::Optional { default } if !default.is_null() => Some(default),
                    _ => None,
                };
                match change.asked.get(attribute.name).or(default) {
                    Some(after) => drop(thing.attributes.insert(attribute.name.into(), after.clone())),
                    None => drop(thing.attributes.remove(attribute.name)),
                }
            }
            self.readable(thing)
        };
        match fault {
            Some(Fault::Lost | Fault::LostLater) => Err(doubt("update")),
            Some(Fault::TimesOut) => Err(ProviderError::new(ErrorKind::TimedOut, "update", "not ready after 5m: status `modifying`")),
            Some(Fault::Fails) => Err(ProviderError::new(ErrorKind::Failed, "update", "it is in the state `failed`")),
            _ => Ok(attributes),
        }
    }

    async fn delete(&self, op: &Operation<'_>, id: &str, _: &ResolvedObject) -> Result<(), ProviderError> {
        let fault = self.arrive("delete", op).await?;
        if fault == Some(Fault::TimesOut) {
            return Err(ProviderError::new(ErrorKind::TimedOut, "delete", "not gone after 5m: status `deleting`"));
        }
        {
            let mut world = self.world.lock().unwrap();
            if let Some((child, _)) = world.things.iter().find(|(_, t)| refers(&t.attributes).contains(&id)) {
                return Err(refused("delete", format!("`{child}` depends on it")));
            }
            world.things.remove(id);
        }
        if fault == Some(Fault::Lost) { Err(doubt("delete")) } else { Ok(()) }
    }

    async fn find(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError> {
        assert!(!inputs.values().any(|v| matches!(v, Value::Secret(Secret::Reference(_)))));
        Ok(self.world.lock().unwrap().things.iter().find(|(_, t)| t.op == op.id).map(|(id, _)| id.clone()))
    }

    async fn lookup(&self, type_name: &str, _: &str, _: &ResolvedObject) -> Result<ResolvedObject, ProviderError> {
        let world = self.world.lock().unwrap();
        let found = world.things.values().find(|t| t.type_name == type_name);
        found.map(|t| self.readable(t)).ok_or_else(|| ProviderError::new(ErrorKind::NotFound, "lookup", "nothing fits"))
    }

    async fn secret(&self, _: &str, _: &str) -> Result<SecretText, ProviderError> {
        Ok(SecretText::new("hunter2"))
    }
}
