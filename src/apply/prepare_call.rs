//! From a step of the plan to its call, with everything resolved that earlier steps returned.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Address;
use crate::desired::DesiredResource;
use crate::plan::{
    Action, Compared, Differ, Facts, Half, Operation, Options, Secrets, Step, Trouble, View, Wanted, as_last_seen, deposed_address,
    holds_secret, is_ignored, lasting_dependencies, protects, releasable, resolve, without_nulls,
};
use crate::provider::{Asked, Change, ErrorKind, ProviderError};
use crate::schema::{Mode, Registry, ResourceSchema};
use crate::state::{Entry, FingerprintKey, Intent, Record, Status, Verb, random_id};
use crate::value::{Duration, Object, ResolvedObject, Value};

use super::call::{Call, Request};
use super::events::Doing;
use super::validate::validate;

/// What comes next for an operation.
pub(super) enum Next {
    Call(Box<Call>),
    /// The state alone changes, or nothing does.
    Settled {
        doing: Doing,
        entries: Vec<Entry>,
        record: Option<Arc<Record>>,
        unchanged: bool,
    },
    /// It cannot be called.
    Failed(Doing, ProviderError),
}

/// What a call is made from.
pub(super) struct Desk<'a> {
    pub registry: &'a Registry,
    pub stack: &'a crate::desired::Stack,
    pub region: &'a str,
    pub view: &'a View,
    pub facts: &'a Facts,
    pub secrets: &'a Secrets,
    pub key: &'a FingerprintKey,
    pub timeout: Option<Duration>,
}

fn internal(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Internal, "plan", message)
}

fn told(trouble: Trouble) -> ProviderError {
    let message = match trouble {
        Trouble::Program(diagnostic) => diagnostic.message,
        Trouble::Other(error) => error.to_string(),
    };
    ProviderError::new(ErrorKind::Refused, "resolve", message)
}

impl Desk<'_> {
    pub(super) async fn next(&self, node: usize, operation: Operation, step: &Step) -> Next {
        let doing = match (&step.action, operation.half) {
            (Action::Forget, _) => return self.forgotten(step),
            (_, Half::Unmake) => Doing::Deleting,
            (_, Half::Release | Half::Finish) => Doing::Updating,
            (Action::Create | Action::Replace { .. }, Half::Make) => Doing::Creating,
            (Action::Import { .. }, Half::Make) => Doing::Importing,
            _ => Doing::Updating,
        };
        let next = match doing {
            Doing::Deleting => self.delete(node, operation, step),
            Doing::Creating => self.create(node, operation, step).await,
            Doing::Importing => self.import(node, operation, step).await,
            _ if operation.half == Half::Release => self.release(node, operation, step),
            Doing::Updating | Doing::Forgetting => self.update(node, operation, step, self.view, Vec::new()).await,
        };
        next.unwrap_or_else(|error| Next::Failed(doing, error))
    }

    fn forgotten(&self, step: &Step) -> Next {
        let entries = vec![Entry::put(&step.address, None)];
        Next::Settled { doing: Doing::Forgetting, entries, record: None, unchanged: false }
    }

    fn schema(&self, type_name: &str) -> Result<&Arc<ResourceSchema>, ProviderError> {
        self.registry.get(type_name).ok_or_else(|| internal(format!("nothing is known of the type `{type_name}`")))
    }

    fn timeout_of(&self, step: &Step, usual: Duration) -> Duration {
        step.desired.as_ref().and_then(|d| d.options.timeout).or(self.timeout).unwrap_or(usual)
    }

    fn delete(&self, node: usize, operation: Operation, step: &Step) -> Result<Next, ProviderError> {
        let prior = step.prior.as_ref().ok_or_else(|| internal("nothing is recorded of it"))?;
        let address = match step.action {
            Action::Replace { create_first: true, .. } => deposed_address(&step.address, &prior.id),
            _ => step.address.clone(),
        };
        let record = self.view.records.get(&address).unwrap_or(prior);
        let schema = self.schema(&record.type_name)?;
        let intent = Intent {
            op: op_id()?,
            address,
            verb: Verb::Delete,
            type_name: record.type_name.clone(),
            region: record.region.clone(),
            inputs: Object::default(),
            recovery: schema.recovery,
            prior: Some(record.id.clone()),
            dependencies: record.dependencies.clone(),
            protect: record.protect,
            retain: record.retain,
        };
        Ok(Next::Call(Box::new(Call {
            node,
            step: operation.step,
            doing: Doing::Deleting,
            intent,
            schema: schema.clone(),
            request: Request::Delete { prior: as_last_seen(record, &schema.attributes) },
            timeout: self.timeout_of(step, schema.timeouts.delete),
            before: Vec::new(),
            undo: Vec::new(),
        })))
    }

    /// Empties the attributes that name what is deleted together with this.
    fn release(&self, node: usize, operation: Operation, step: &Step) -> Result<Next, ProviderError> {
        let prior = step.prior.as_ref().ok_or_else(|| internal("nothing is recorded of it"))?;
        let record = self.view.records.get(&step.address).unwrap_or(prior);
        let schema = self.schema(&record.type_name)?;
        let mut kept = record.inputs.clone();
        let mut asked: Object = kept.iter().filter(|(_, value)| !holds_secret(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut changed: Vec<Arc<str>> = Vec::new();
        for attribute in releasable(schema, record) {
            kept.remove(attribute.name);
            asked.insert(attribute.name.into(), Value::list([]));
            changed.push(attribute.name.into());
        }
        let observed = as_last_seen(record, &schema.attributes);
        let changed = changed.into_iter().collect();
        let change = Change { asked: Asked::new(known(&asked)?), observed, changed };
        let intent = Intent {
            op: op_id()?,
            address: step.address.clone(),
            verb: Verb::Update,
            type_name: record.type_name.clone(),
            region: record.region.clone(),
            inputs: kept,
            recovery: schema.recovery,
            prior: Some(record.id.clone()),
            dependencies: record.dependencies.clone(),
            protect: record.protect,
            retain: record.retain,
        };
        Ok(Next::Call(Box::new(Call {
            node,
            step: operation.step,
            doing: Doing::Updating,
            intent,
            schema: schema.clone(),
            request: Request::Update(change),
            timeout: self.timeout_of(step, schema.timeouts.update),
            before: Vec::new(),
            undo: Vec::new(),
        })))
    }

    async fn create(&self, node: usize, operation: Operation, step: &Step) -> Result<Next, ProviderError> {
        let desired = step.desired.as_ref().ok_or_else(|| internal("the program does not want it"))?;
        let desired = &desired.without_postponed();
        let schema = self.schema(&desired.type_name)?;
        let inputs = resolve(desired, self.facts).map_err(|failure| told(failure.into()))?;
        let wanted = self.differ(self.view, &Options::default(), &BTreeMap::new()).wanted(desired, inputs).await.map_err(told)?;
        let inputs = known(wanted.plain())?;
        validate(schema, &inputs, None)?;
        let (mut before, mut undo) = (Vec::new(), Vec::new());
        if let (Action::Replace { create_first: true, .. }, Some(record)) = (&step.action, self.view.records.get(&step.address)) {
            let old = deposed_address(&step.address, &record.id);
            let deposed = Arc::new(Record { status: Status::Deposed, ..Record::clone(record) });
            before.push(Entry::moved(&step.address, &old, deposed));
            undo.push(Entry::moved(&old, &step.address, record.clone()));
        }
        Ok(Next::Call(Box::new(Call {
            node,
            step: operation.step,
            doing: Doing::Creating,
            intent: self.intent(desired, schema, &wanted, Verb::Create, None)?,
            schema: schema.clone(),
            request: Request::Create { inputs },
            timeout: self.timeout_of(step, schema.timeouts.create),
            before,
            undo,
        })))
    }

    async fn import(&self, node: usize, operation: Operation, step: &Step) -> Result<Next, ProviderError> {
        let record = step.prior.clone().ok_or_else(|| internal("it was not read"))?;
        let put = Entry::put(&step.address, Some(record.clone()));
        let mut view = View::new(self.view.header.clone());
        view.records.insert(step.address.clone(), record);
        match self.update(node, operation, step, &view, vec![put]).await? {
            Next::Settled { record: Some(record), .. } => {
                let put = Entry::put(&step.address, Some(record.clone()));
                Ok(Next::Settled { doing: Doing::Importing, entries: vec![put], record: Some(record), unchanged: false })
            }
            next => Ok(next),
        }
    }

    /// Compares again, now that more is known: what turns out unchanged is left alone.
    async fn update(&self, node: usize, operation: Operation, step: &Step, view: &View, before: Vec<Entry>) -> Result<Next, ProviderError> {
        let desired = step.desired.as_ref().ok_or_else(|| internal("the program does not want it"))?;
        let schema = self.schema(&desired.type_name)?;
        let options = Options::default();
        let compared = self.differ(view, &options, &BTreeMap::new()).compare(desired, schema, self.facts).await.map_err(told)?;
        let record = compared.step.prior.clone().ok_or_else(|| internal("nothing is recorded of it"))?;
        match &compared.step.action {
            Action::NoOp => {
                let record = compared.record.map_or(record, Arc::new);
                Ok(Next::Settled { doing: Doing::Updating, entries: before, record: Some(record), unchanged: true })
            }
            Action::Replace { forced_by, .. } => Err(ProviderError::new(
                ErrorKind::Refused,
                "plan",
                format!("`{}` turned out to be another, which needs a replacement; plan again to see it", forced_by.join("`, `")),
            )),
            _ => {
                let wanted = compared.wanted.as_ref().ok_or_else(|| internal("it was not compared"))?;
                known(wanted.plain()).and_then(|inputs| validate(schema, &inputs, Some(&record)))?;
                let change = change(schema, &record, wanted, &compared, &desired.options.ignore)?;
                Ok(Next::Call(Box::new(Call {
                    node,
                    step: operation.step,
                    doing: Doing::Updating,
                    intent: self.intent(desired, schema, wanted, Verb::Update, Some(&record))?,
                    schema: schema.clone(),
                    request: Request::Update(change),
                    timeout: self.timeout_of(step, schema.timeouts.update),
                    before,
                    undo: Vec::new(),
                })))
            }
        }
    }

    fn differ<'a>(&'a self, view: &'a View, options: &'a Options, imported: &'a BTreeMap<Address, Arc<Record>>) -> Differ<'a> {
        Differ { stack: self.stack, region: self.region, options, view, imported, secrets: self.secrets, key: self.key }
    }

    fn intent(
        &self,
        desired: &DesiredResource,
        schema: &ResourceSchema,
        wanted: &Wanted,
        verb: Verb,
        prior: Option<&Record>,
    ) -> Result<Intent, ProviderError> {
        Ok(Intent {
            op: op_id()?,
            address: desired.address.clone(),
            verb,
            type_name: desired.type_name.clone(),
            region: desired.options.region.as_deref().unwrap_or(self.region).to_owned(),
            inputs: without_nulls(wanted.recorded()).map(|(k, v)| (k.clone(), v.clone())).collect(),
            recovery: schema.recovery,
            prior: prior.map(|p| p.id.clone()),
            dependencies: lasting_dependencies(desired, schema, prior, self.view),
            protect: protects(desired, self.stack, schema),
            retain: desired.options.retain,
        })
    }
}

fn op_id() -> Result<Arc<str>, ProviderError> {
    random_id().map(Arc::from).map_err(|error| internal(error.to_string()))
}

/// Inputs in which nothing may be unknown any more.
fn known(inputs: &Object) -> Result<ResolvedObject, ProviderError> {
    let set = without_nulls(inputs).map(|(k, v)| (k.clone(), v.clone())).collect();
    ResolvedObject::new(set)
        .map_err(|unknown| internal(format!("`{}` of `{}` is still not known", unknown.source.attribute, unknown.source.address)))
}

/// What an update is to do. What the program tells plat to ignore is not asked for, as long as it is not changed.
fn change(
    schema: &ResourceSchema,
    record: &Record,
    wanted: &Wanted,
    compared: &Compared,
    ignore: &[Arc<str>],
) -> Result<Change, ProviderError> {
    let changes = &compared.step.changes;
    let changed = |name: &str| changes.iter().find(|change| *change.attribute == *name);
    let mut asked = Object::default();
    let mut observed = as_last_seen(record, &schema.attributes).into_object();
    for (name, value) in without_nulls(wanted.plain()) {
        match (changed(name), holds_secret(value)) {
            (Some(_), true) => drop(observed.remove(name)),
            (None, true) => drop(observed.insert(name.clone(), value.clone())),
            _ => {}
        }
        let required = || schema.attribute(name).is_some_and(|a| a.mode == Mode::Required);
        match changed(name).and_then(|change| change.after.as_ref()) {
            Some(after) if !holds_secret(after) => drop(asked.insert(name.clone(), after.clone())),
            None if is_ignored(name, None, ignore) && !required() => {}
            _ => drop(asked.insert(name.clone(), value.clone())),
        }
    }
    let changed = changes.iter().map(|change| change.attribute.clone()).collect();
    Ok(Change { asked: Asked::new(known(&asked)?), observed: known(&observed)?, changed })
}
