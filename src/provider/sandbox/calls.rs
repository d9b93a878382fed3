//! The calls themselves, on the world as it is.

use std::sync::Arc;

use super::checks::{check_inputs, check_references, check_update, fits, refusal};
use super::faults::{ATTEMPTS, Call, What};
use super::ids::{Dice, Maker};
use super::managed::{at, fill};
use super::occupied::Conflict;
use super::references::View;
use super::replica::Why;
use super::world::{Body, Key, Thing, gone_line, put_line};
use super::{Inner, internal, resolved};
use crate::address::Address;
use crate::provider::{Change, ErrorKind, Operation, ProviderError};
use crate::schema::{Kind, Mode, ObjectCodec, Recovery, ResourceSchema, value_to_json};
use crate::types::Type;
use crate::validate::rules::{Before, undeletable};
use crate::value::{Duration, Object, ResolvedObject, Value};

/// What goes wrong with one call that got through.
#[derive(Debug, Default)]
pub(super) struct Struck {
    /// Seconds lost to throttling, before anything was done.
    pub waited: i64,
    /// Seconds that it takes longer.
    slow: i64,
    stop_before: bool,
    stop_after: bool,
    stop_accepted: bool,
    lose_response: bool,
    fails: bool,
    times_out: bool,
}

impl Struck {
    /// An error when the call does not get through.
    pub fn of(faults: Vec<What>, call: Call, type_name: &str) -> Result<Self, ProviderError> {
        let mut struck = Self::default();
        let refuse = |kind, code: &str, message: &str| refusal(kind, call.name(), type_name, code, message);
        for fault in faults {
            match fault {
                What::Refuse { code, message } => return Err(refuse(ErrorKind::Refused, &code, &message)),
                What::Deny => {
                    return Err(refuse(ErrorKind::Denied, "AccessDenied", "the caller is not authorized to perform this action"));
                }
                What::LoseRequest => return Err(lost(call, type_name)),
                What::Throttle { attempts } if attempts >= ATTEMPTS => {
                    return Err(refuse(ErrorKind::Refused, "RequestLimitExceeded", "request limit exceeded"));
                }
                // One second, then twice as long each time, at most 20: as the SDKs do.
                What::Throttle { attempts } => struck.waited += (0..attempts).map(|n| (1_i64 << n.min(5)).min(20)).sum::<i64>(),
                What::Slow(by) | What::Hide(by) => struck.slow += by.0,
                What::LoseResponse => struck.lose_response = true,
                What::Fail => struck.fails = true,
                What::TimeOut => struck.times_out = true,
                What::StopBefore => struck.stop_before = true,
                What::StopAfter => struck.stop_after = true,
                What::StopAccepted => struck.stop_accepted = true,
            }
        }
        Ok(struck)
    }

    pub async fn stop_before(&self) {
        if self.stop_before {
            std::future::pending::<()>().await;
        }
    }

    /// The change is made; does the caller hear of it?
    pub async fn after(&self, call: Call, type_name: &str) -> Result<(), ProviderError> {
        if self.stop_after {
            std::future::pending::<()>().await;
        }
        if self.lose_response { Err(lost(call, type_name)) } else { Ok(()) }
    }

    /// The caller knows of the change; does it come to an end in time? `took`: seconds.
    pub async fn accepted(&self, call: Call, op: &Operation<'_>, took: i64) -> Result<(), ProviderError> {
        if self.stop_accepted {
            std::future::pending::<()>().await;
        }
        if self.fails {
            return Err(refusal(ErrorKind::Failed, call.name(), op.type_name, "ResourceFailed", "it ended in the state `failed`"));
        }
        if self.times_out || took > op.timeout.0 {
            let message = format!("not ready after {}", op.timeout);
            return Err(refusal(ErrorKind::TimedOut, call.name(), op.type_name, "ResourceNotReady", message));
        }
        Ok(())
    }
}

fn lost(call: Call, type_name: &str) -> ProviderError {
    let kind = type_name.rsplit('.').next().unwrap_or(type_name);
    ProviderError::new(ErrorKind::InDoubt, format!("{}{kind}", call.name()), "the connection was closed before an answer came")
}

impl Inner {
    fn codec(&mut self, type_name: &str) -> Result<Arc<ObjectCodec>, ProviderError> {
        self.codecs.of(type_name).ok_or_else(|| internal("Sandbox", format!("there is no resource type `{type_name}`")))
    }

    /// When work that depends on `needs` can start.
    fn start<'a>(&self, needs: impl IntoIterator<Item = &'a Key>) -> i64 {
        let ready = needs.into_iter().filter_map(|key| self.world.at(key)).map(|thing| thing.ready);
        ready.max().unwrap_or(0).max(self.started.unwrap_or(0))
    }

    /// Seconds on the world's clock. How long the real cloud takes, a replica does not know.
    fn takes(&self, usually: Duration, struck: &Struck) -> i64 {
        if self.is_replica() { 0 } else { usually.0 + struck.slow }
    }

    /// Makes a change durable, then true.
    fn keep(&mut self, key: &Key, thing: Thing) -> Result<(), ProviderError> {
        if self.store.is_some() {
            let mut line = String::new();
            put_line(&mut line, key, &thing).map_err(|e| internal("Sandbox", e))?;
            self.append(&line)?;
        }
        self.world.put(key, thing, &mut self.codecs);
        self.tidy()
    }

    pub fn forget(&mut self, key: &Key, at: i64) -> Result<(), ProviderError> {
        if self.store.is_some() {
            let mut line = String::new();
            gone_line(&mut line, key, at).map_err(|e| internal("Sandbox", e))?;
            self.append(&line)?;
        }
        self.world.remove(key, at, &mut self.codecs);
        self.tidy()
    }

    fn append(&mut self, line: &str) -> Result<(), ProviderError> {
        match &mut self.store {
            Some(store) => Ok(store.append(line, &mut self.world)?),
            None => Ok(()),
        }
    }

    fn tidy(&mut self) -> Result<(), ProviderError> {
        match &mut self.store {
            Some(store) => Ok(store.tidy(&mut self.world)?),
            None => Ok(()),
        }
    }

    /// The new thing, its attributes, and the seconds it took.
    pub fn create(&mut self, op: &Operation<'_>, inputs: &Object, struck: &Struck) -> Result<(Key, Arc<Object>, i64), ProviderError> {
        let codec = self.codec(op.type_name)?;
        let schema = codec.schema();
        if schema.kind == Kind::LookupOnly {
            return Err(refusal(
                ErrorKind::Refused,
                "Create",
                schema.name,
                "InvalidAction",
                "such a thing cannot be created, only looked up",
            ));
        }
        if let Some(again) = self.asked_before(op, schema)? {
            return Ok(again);
        }
        check_inputs("Create", schema, inputs)?;
        self.check_rules("Create", op, schema, inputs, None)?;
        let needs = self.needs("Create", op, schema, inputs, None)?;
        let start = self.start(&needs);
        let (attributes, made) = self.make(op, &codec, inputs, start);
        let id = import_id(schema, &attributes).map_err(|e| internal("Sandbox", e))?;
        let key = Key { type_name: schema.name.into(), region: op.region.into(), id: id.into() };
        let view = View { key: &key, schema, attributes: &attributes, made: &made, operation: &op.id.into() };
        self.check_claims("Create", op, view, true)?;
        if let Some(there) = self.world.at(&key) {
            let by = there.address.clone();
            self.refuse(op, Why::Taken { by, id: key.id.clone() });
            let message = format!("`{}` already exists", key.id);
            return Err(refusal(ErrorKind::Exists, "Create", schema.name, "AlreadyExists", message));
        }
        let took = self.takes(schema.takes.create, struck);
        let attributes = Arc::new(attributes);
        let body = Body::Read(attributes.clone());
        let address = op.address.to_string().into();
        self.keep(&key, Thing { operation: op.id.into(), address, ready: start + took, made, body })?;
        Ok((key, attributes, took))
    }

    /// Types that take a token answer the same request with the same thing.
    fn asked_before(&mut self, op: &Operation<'_>, schema: &ResourceSchema) -> Result<Option<(Key, Arc<Object>, i64)>, ProviderError> {
        if schema.recovery != Recovery::Token {
            return Ok(None);
        }
        let created = self.world.index(&mut self.codecs).created_by(op.id).cloned();
        let Some(key) = created.filter(|key| *key.type_name == *schema.name) else { return Ok(None) };
        let attributes = self.attributes(&key)?;
        Ok(attributes.map(|attributes| (key, attributes, 0)))
    }

    fn attributes(&mut self, key: &Key) -> Result<Option<Arc<Object>>, ProviderError> {
        let codec = self.codec(&key.type_name)?;
        let thing = self.world.at(key);
        thing.map(|thing| thing.attributes(&codec)).transpose().map_err(|e| internal("Sandbox", e))
    }

    /// The things that the inputs refer to; an error when one of them does not exist.
    fn needs(
        &mut self,
        call: &str,
        op: &Operation<'_>,
        schema: &ResourceSchema,
        inputs: &Object,
        prior: Option<&Object>,
    ) -> Result<Vec<Key>, ProviderError> {
        if !self.is_replica() {
            let index = self.world.index(&mut self.codecs);
            return Ok(check_references(call, schema, op.region, inputs, index, &self.codecs)?.into_iter().cloned().collect());
        }
        match self.dead_reference(schema, op.region, inputs, prior) {
            Some(why) => {
                self.refuse(op, why);
                Err(refusal(ErrorKind::Refused, call, schema.name, "NotFound", "it refers to what was deleted before"))
            }
            None => Ok(Vec::new()),
        }
    }

    /// The id or address of what keeps a thing from being deleted.
    fn obstacle(&mut self, op: &Operation<'_>, view: View<'_>) -> Option<Arc<str>> {
        if !self.is_replica() {
            let index = self.world.index(&mut self.codecs);
            return index.referrers(view).next().map(|key| key.id.clone());
        }
        let (by, attribute) = self.holder(view)?;
        self.refuse(op, Why::InUse { by: by.clone(), attribute });
        Some(by)
    }

    /// Refuses a thing that claims what another one has, as AWS does.
    fn check_claims(&mut self, call: &str, op: &Operation<'_>, view: View<'_>, is_new: bool) -> Result<(), ProviderError> {
        if view.schema.claims.is_empty() {
            return Ok(());
        }
        let Some(Conflict { by, claim, key }) = self.world.index(&mut self.codecs).occupied.conflict(view, is_new) else { return Ok(()) };
        let holder = self.world.at(&by).map_or_else(|| by.id.clone(), |thing| thing.address.clone());
        let code = claim.refusal.unwrap_or("AlreadyExists");
        if claim.is_identity {
            self.refuse(op, Why::Taken { by: holder, id: by.id.clone() });
            return Err(refusal(ErrorKind::Exists, call, view.schema.name, code, format!("{key} already exists")));
        }
        let message = match by == *view.key && !is_new {
            true => format!("it claims the {} {key} twice", claim.what),
            false => format!("the {} {key} is taken by `{}`", claim.what, by.id),
        };
        self.refuse(op, Why::Claimed { by: holder, thing: format!("the {} {key}", claim.what).into() });
        Err(refusal(ErrorKind::Refused, call, view.schema.name, code, message))
    }

    /// All readable attributes of a new thing in the schema's order, and the names of those the caller left to the cloud.
    fn make(&self, op: &Operation<'_>, codec: &ObjectCodec, inputs: &Object, now: i64) -> (Object, Vec<Arc<str>>) {
        let schema = codec.schema();
        let address = op.address.to_string();
        let births = self.world.births(op.type_name, op.region, &address).to_string();
        // What a replica makes is never called like what the real cloud has.
        let apart = if self.is_replica() { "replica" } else { "" };
        let texts = [op.type_name, op.region, &address, &births, apart];
        let dice = Dice::new(texts.strip_suffix(&[""]).unwrap_or(&texts));
        let mut maker = Maker::new(schema, op.region, &called(op.address), inputs, dice, now);
        let mut known: Object =
            schema.attributes.iter().filter_map(|a| Some((codec.name(a.name), given(inputs, a.name, &a.ty, a.write_only)?))).collect();
        let mut made = Vec::new();
        // Ids before ARNs, which are made of them, and both before what may be named after them.
        let rank = |name: &str, ty: &Type| match ty.required() {
            Type::Arn(_) => 1,
            _ if Some(name) == schema.id_attribute() || schema.import.contains(&name) => 0,
            _ => 2,
        };
        let mut rest: Vec<_> = schema.attributes.iter().filter(|a| !is_set(inputs, a.name)).collect();
        rest.sort_by_key(|a| rank(a.name, &a.ty));
        for attribute in rest {
            let value = match &attribute.mode {
                Mode::Required => None,
                Mode::Optional { default } => Some(default.clone()).filter(|d| !d.is_null() && !attribute.write_only),
                Mode::Chosen if attribute.filled_by.is_some() => None,
                Mode::Chosen => {
                    made.push(codec.name(attribute.name));
                    maker.attribute(attribute, &known)
                }
                Mode::Computed => maker.attribute(attribute, &known),
            };
            if let Some(value) = value {
                known.insert(codec.name(attribute.name), value);
            }
        }
        fill(codec, &mut maker, &mut known, &mut made);
        let ordered = schema.attributes.iter().filter_map(|a| known.get_key_value(a.name));
        (ordered.map(|(name, value)| (name.clone(), value.clone())).collect(), made)
    }

    pub fn read(&mut self, type_name: &str, region: &str, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError> {
        let codec = self.codec(type_name)?;
        let read = |id: &String| {
            let Some(thing) = self.world.get(type_name, region, id) else { return Ok(None) };
            let attributes = thing.attributes(&codec).map_err(|e| internal("Describe", e))?;
            resolved(Arc::unwrap_or_clone(attributes)).map(Some)
        };
        ids.iter().map(read).collect()
    }

    /// The attributes as they are then, and the seconds it took.
    pub fn update(&mut self, op: &Operation<'_>, id: &str, change: &Change, struck: &Struck) -> Result<(Arc<Object>, i64), ProviderError> {
        let codec = self.codec(op.type_name)?;
        let schema = codec.schema();
        let key = Key { type_name: op.type_name.into(), region: op.region.into(), id: id.into() };
        let Some(thing) = self.world.at(&key).cloned() else {
            return Err(refusal(ErrorKind::NotFound, "Modify", schema.name, "NotFound", format!("`{id}` does not exist")));
        };
        let prior = thing.attributes(&codec).map_err(|e| internal("Modify", e))?;
        check_inputs("Modify", schema, &change.asked)?;
        self.check_rules("Modify", op, schema, &change.asked, Some(&prior))?;
        let needs = self.needs("Modify", op, schema, &change.asked, Some(&prior))?;
        let mut next = changed(&codec, &prior, change);
        // What is sent back as the cloud chose it is still the cloud's.
        let still = |path: &Arc<str>| !change.asked.sets(path.split('.').next().unwrap_or(path)) || at(&prior, path) == at(&next, path);
        let mut made: Vec<Arc<str>> = thing.made.iter().filter(|path| still(path)).cloned().collect();
        let mut maker = Maker::new(schema, op.region, &called(op.address), &next, Dice::new(&[op.type_name, id]), self.world.clock());
        fill(&codec, &mut maker, &mut next, &mut made);
        check_update(schema, &prior, &next)?;
        let took = self.takes(schema.takes.update, struck);
        let ready = self.start(needs.iter().chain([&key])) + took;
        self.check_claims("Modify", op, View { key: &key, schema, attributes: &next, made: &made, operation: &thing.operation }, false)?;
        let next = Arc::new(next);
        self.keep(&key, Thing { ready, made, body: Body::Read(next.clone()), ..thing })?;
        Ok((next, took))
    }

    /// The seconds it took.
    pub fn delete(&mut self, op: &Operation<'_>, id: &str, struck: &Struck) -> Result<i64, ProviderError> {
        let codec = self.codec(op.type_name)?;
        let schema = codec.schema();
        let key = Key { type_name: op.type_name.into(), region: op.region.into(), id: id.into() };
        let Some(thing) = self.world.at(&key).cloned() else { return Ok(0) };
        let attributes = thing.attributes(&codec).map_err(|e| internal("Delete", e))?;
        let view = View { key: &key, schema, attributes: &attributes, made: &thing.made, operation: &thing.operation };
        if let Some(referrer) = self.obstacle(op, view) {
            let message = format!("`{id}` has a dependency, `{referrer}`, and cannot be deleted");
            return Err(refusal(ErrorKind::Refused, "Delete", schema.name, "DependencyViolation", message));
        }
        if let Some(rule) = undeletable(schema, Before { observed: &attributes, inputs: &attributes }) {
            return Err(refusal(
                ErrorKind::Refused,
                "Delete",
                schema.name,
                "InvalidParameterCombination",
                format!("{}; {}", rule.text, rule.help),
            ));
        }
        let took = self.takes(schema.takes.delete, struck);
        // Things that refer to this one ended before: the world's clock is past them.
        let at = self.start([&key]) + took;
        self.remember(view, &thing.address);
        self.forget(&key, at)?;
        Ok(took)
    }

    pub fn tamper(&mut self, type_name: &str, region: &str, id: &str, changes: &Object) -> Result<(), ProviderError> {
        let codec = self.codec(type_name)?;
        let key = Key { type_name: type_name.into(), region: region.into(), id: id.into() };
        let Some(thing) = self.world.at(&key).cloned() else {
            return Err(refusal(ErrorKind::NotFound, "Modify", type_name, "NotFound", format!("`{id}` does not exist")));
        };
        let mut attributes = Arc::unwrap_or_clone(thing.attributes(&codec).map_err(|e| internal("Modify", e))?);
        for (name, value) in changes {
            if value.is_null() {
                attributes.remove(name);
            } else {
                attributes.insert(codec.name(name), value.clone());
            }
        }
        self.keep(&key, Thing { body: Body::Read(Arc::new(attributes)), ..thing })
    }

    /// Exactly one thing that fits; what can only be looked up exists as its schema has it.
    pub fn lookup(&mut self, type_name: &str, region: &str, query: &ResolvedObject) -> Result<Object, ProviderError> {
        let codec = self.codec(type_name)?;
        let schema = codec.schema();
        if schema.kind == Kind::LookupOnly {
            return Ok(answer(&codec, region, query));
        }
        let mut found = None;
        for (id, thing) in self.world.of_type(type_name, region) {
            let attributes = thing.attributes(&codec).map_err(|e| internal("Lookup", e))?;
            if !fits(schema, &attributes, query) {
                continue;
            }
            if let Some((first, _)) = found.replace((id.clone(), attributes)) {
                let message = format!("more than one fits: `{first}` and `{id}`; ask for more");
                return Err(refusal(ErrorKind::Refused, "Lookup", schema.name, "MoreThanOne", message));
            }
        }
        match found {
            Some((_, attributes)) => Ok(Arc::unwrap_or_clone(attributes)),
            None if self.codecs.makes_up() => {
                let made_up = answer(&codec, region, query);
                self.codecs.exists_elsewhere(made_up.values().filter_map(Value::as_str));
                Ok(made_up)
            }
            None => Err(refusal(
                ErrorKind::NotFound,
                "Lookup",
                schema.name,
                "NotFound",
                "nothing fits; the sandbox holds only what plat created in it",
            )),
        }
    }
}

/// What a schema alone says of a thing that can only be looked up.
fn answer(codec: &ObjectCodec, region: &str, query: &Object) -> Object {
    let schema = codec.schema();
    let asked: serde_json::Value = query.iter().map(|(name, value)| (name.to_string(), value_to_json(value))).collect();
    let dice = Dice::new(&[schema.name, region, &asked.to_string()]);
    let mut maker = Maker::new(schema, region, "default", query, dice, super::world::EPOCH);
    let mut known = Object::default();
    for attribute in &schema.attributes {
        let value = match (given(query, attribute.name, &attribute.ty, attribute.write_only), &attribute.mode) {
            (Some(value), _) => Some(value),
            (None, Mode::Required) => None,
            (None, Mode::Optional { default }) => Some(default.clone()).filter(|d| !d.is_null()),
            (None, Mode::Chosen | Mode::Computed) => maker.attribute(attribute, &known),
        };
        if let Some(value) = value {
            known.insert(codec.name(attribute.name), value);
        }
    }
    known
}

/// The attributes after an update.
fn changed(codec: &ObjectCodec, prior: &Object, change: &Change) -> Object {
    let value = |a: &crate::schema::Attribute| match &a.mode {
        _ if !change.changes(a.name) => prior.get(a.name).cloned(),
        _ if change.asked.sets(a.name) => given(&change.asked, a.name, &a.ty, a.write_only),
        Mode::Optional { default } => Some(default.clone()).filter(|d| !d.is_null() && !a.write_only),
        Mode::Required | Mode::Chosen | Mode::Computed => prior.get(a.name).cloned(),
    };
    codec.schema().attributes.iter().filter_map(|a| Some((codec.name(a.name), value(a)?))).collect()
}

fn is_set(inputs: &Object, name: &str) -> bool {
    inputs.get(name).is_some_and(|value| !value.is_null())
}

/// What a read shows of an input.
pub(super) fn given(inputs: &Object, name: &str, ty: &Type, write_only: bool) -> Option<Value> {
    let value = inputs.get(name).filter(|value| !value.is_null() && !write_only)?;
    readable(value, ty)
}

/// The value without its secrets.
fn readable(value: &Value, ty: &Type) -> Option<Value> {
    if !ty.holds_secret() {
        return Some(value.clone());
    }
    match (ty, value) {
        (Type::Optional(of), value) => readable(value, of),
        (Type::List(of), Value::List(items)) => Some(Value::list(items.iter().filter_map(|item| readable(item, of)))),
        (Type::Map(of), Value::Object(entries)) => {
            Some(Value::object(entries.iter().filter_map(|(name, entry)| Some((name.clone(), readable(entry, of)?)))))
        }
        (Type::Record(record), Value::Object(entries)) => {
            let entry = |(name, entry): (&Arc<str>, &Value)| Some((name.clone(), readable(entry, &record.field(name)?.ty)?));
            Some(Value::object(entries.iter().filter_map(entry)))
        }
        _ => None,
    }
}

/// What a person calls the thing at an address: `pool-app` for `cluster.pool["app"]`.
fn called(address: &Address) -> String {
    match address.steps().last() {
        Some(crate::address::Step { name, key: Some(key) }) => format!("{name}-{key}"),
        Some(step) => step.name.to_string(),
        None => "resource".to_owned(),
    }
}

/// The texts of the import attributes, joined by `|`.
fn import_id(schema: &ResourceSchema, attributes: &Object) -> Result<String, String> {
    let text = |name: &&'static str| match attributes.get(*name).map(value_to_json) {
        Some(serde_json::Value::String(text)) => Ok(text),
        Some(other) if !other.is_null() => Ok(other.to_string()),
        _ => Err(format!("`{}` has no `{name}`, which its import id is made of", schema.name)),
    };
    Ok(schema.import.iter().map(text).collect::<Result<Vec<_>, _>>()?.join("|"))
}
