//! What one resource needs, to be what the program asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::address::Address;
use crate::desired::{DesiredResource, Reason, Stack};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema::{Attribute, ResourceSchema};
use crate::state::{FingerprintKey, Record, Status};
use crate::value::{EvalFailure, Known, Object, Phase, Source, Value};

use super::compare::{is_empty, left_out, satisfied, with_ignored};
use super::facts::{Fact, Facts, Inputs};
use super::lasting::lasting_dependencies;
use super::options::{Options, PrepareError};
use super::secrets::{Secrets, holds_secret};
use super::view::View;
use super::{Action, Change, Step};

/// Why a resource could not be compared.
pub(crate) enum Trouble {
    Program(Diagnostic),
    Other(PrepareError),
}

impl From<EvalFailure> for Trouble {
    fn from(failure: EvalFailure) -> Self {
        Trouble::Program(failed(&failure))
    }
}

/// A computation that fails on values that only the plan or the apply knows.
pub(crate) fn failed(failure: &EvalFailure) -> Diagnostic {
    Diagnostic::error(Code(602), failure.span, failure.message.clone()).label("fails on what is known now").maybe_help(failure.help.clone())
}

/// What comparing needs beside the facts.
pub(crate) struct Differ<'a> {
    pub stack: &'a Stack,
    pub region: &'a str,
    pub options: &'a Options,
    pub view: &'a View,
    pub imported: &'a BTreeMap<Address, Arc<Record>>,
    pub secrets: &'a Secrets,
    pub key: &'a FingerprintKey,
}

/// A compared resource: its step, what is known of it from now on, and its record if that alone changes.
pub(crate) struct Compared {
    pub step: Step,
    pub fact: Fact,
    pub record: Option<Record>,
    /// Of what is there already: what it is wanted to be.
    pub wanted: Option<Wanted>,
}

/// Inputs as far as they are known, and as they are compared: secrets as fingerprints.
pub(crate) struct Wanted {
    inputs: Inputs,
    /// With the texts of secrets; `None` where there is none.
    plain: Option<Object>,
    /// Made for the address that the record's fingerprints were made for; `None` where there is no secret.
    concealed: Option<Object>,
    /// As they would be recorded; `None` where they are recorded as they are.
    recorded: Option<Object>,
}

impl Wanted {
    /// For a provider's call.
    pub(crate) fn plain(&self) -> &Object {
        self.plain.as_ref().unwrap_or(&self.inputs)
    }

    fn comparable(&self) -> &Object {
        self.concealed.as_ref().unwrap_or(&self.inputs)
    }

    /// For the state.
    pub(crate) fn recorded(&self) -> &Object {
        self.recorded.as_ref().unwrap_or(&self.inputs)
    }
}

impl Differ<'_> {
    pub(crate) async fn compare(
        &self,
        desired: &Arc<DesiredResource>,
        schema: &Arc<ResourceSchema>,
        facts: &Facts,
    ) -> Result<Compared, Trouble> {
        let address = &desired.address;
        let inputs = resolve(desired, facts)?;
        let imported = self.imported.get(address);
        let Some(record) = imported.or_else(|| self.view.records.get(address)).cloned() else {
            return Ok(self.created(desired, schema, inputs));
        };
        let live = self.view.live.get(address).cloned();
        if record.type_name != desired.type_name {
            return Ok(self.another(desired, schema, inputs, record));
        }
        let wanted = self.wanted(desired, inputs).await?;
        let mut changes = changes(desired, schema, &wanted, &record, facts);
        let forced_by = self.forced_by(desired, schema, &record, &changes, facts);
        if let Some(forced_by) = forced_by {
            changes.extend(new_identity(desired, schema, &record));
            sort(&mut changes, schema);
            let action = Action::Replace { forced_by, create_first: desired.options.create_first };
            let step = step(desired, schema, action, changes, Some(record));
            return Ok(Compared {
                step,
                fact: Fact::Created { schema: schema.clone(), inputs: wanted.inputs.clone() },
                record: None,
                wanted: Some(wanted),
            });
        }
        if imported.is_none() && changes.is_empty() && record.status != Status::Unfinished {
            let updated = self.kept(desired, schema, &wanted, &record);
            let fact = Fact::Settled { record: record.clone(), live };
            return Ok(Compared {
                step: step(desired, schema, Action::NoOp, changes, Some(record)),
                fact,
                record: updated,
                wanted: Some(wanted),
            });
        }
        let mut after: BTreeMap<Arc<str>, Value> =
            changes.iter().map(|c| (c.attribute.clone(), c.after.clone().unwrap_or(Value::Null))).collect();
        // AWS fills in or empties what follows a flag that changes.
        let follows = |a: &&Attribute| a.filled_by.is_some_and(|flag| after.contains_key(flag)) && !after.contains_key(a.name);
        let filled: Vec<&Attribute> = schema.attributes.iter().filter(follows).collect();
        for attribute in filled {
            let source = Source { address: address.clone(), attribute: attribute.name.into(), span: desired.span };
            after.insert(attribute.name.into(), Value::attribute(source, attribute.ty.required().clone(), Phase::Apply));
        }
        let fact = Fact::Changed { record: record.clone(), live, changes: after };
        let action = match imported {
            Some(record) => Action::Import { id: record.id.as_str().into() },
            None => Action::Update,
        };
        Ok(Compared { step: step(desired, schema, action, changes, Some(record)), fact, record: None, wanted: Some(wanted) })
    }

    fn created(&self, desired: &Arc<DesiredResource>, schema: &Arc<ResourceSchema>, inputs: Inputs) -> Compared {
        let step = step(desired, schema, Action::Create, all_new(desired, schema, &inputs), None);
        Compared { step, fact: Fact::Created { schema: schema.clone(), inputs }, record: None, wanted: None }
    }

    /// Another type of thing stands at the address.
    fn another(&self, desired: &Arc<DesiredResource>, schema: &Arc<ResourceSchema>, inputs: Inputs, record: Arc<Record>) -> Compared {
        let action = Action::Replace { forced_by: vec!["@type".into()], create_first: desired.options.create_first };
        let step = step(desired, schema, action, all_new(desired, schema, &inputs), Some(record));
        Compared { step, fact: Fact::Created { schema: schema.clone(), inputs }, record: None, wanted: None }
    }

    /// Fetches the secrets among the inputs.
    pub(crate) async fn wanted(&self, desired: &DesiredResource, inputs: Inputs) -> Result<Wanted, Trouble> {
        if !inputs.values().any(holds_secret) {
            return Ok(Wanted { inputs, plain: None, concealed: None, recorded: None });
        }
        let address = &desired.address;
        let region = desired.options.region.as_deref().unwrap_or(self.region);
        let mut revealed = Object::default();
        for (name, value) in inputs.iter() {
            let secret = |error| {
                let (attribute, span) = (name.to_string(), desired.attribute_spans.get(name));
                Trouble::Other(PrepareError::Secret { address: address.clone(), attribute, span, error })
            };
            let value = if holds_secret(value) { self.secrets.reveal(region, value).await.map_err(secret)? } else { value.clone() };
            revealed.insert(name.clone(), value);
        }
        let recorded = self.key.conceal(address, &revealed);
        let concealed = match self.view.moved_from.get(address) {
            Some(origin) => self.key.conceal(origin, &revealed),
            None => recorded.clone(),
        };
        Ok(Wanted { inputs, plain: Some(revealed), concealed: Some(concealed), recorded: Some(recorded) })
    }

    /// The reasons for which the resource has to be replaced; `None` when it has not.
    fn forced_by(
        &self,
        desired: &DesiredResource,
        schema: &ResourceSchema,
        record: &Record,
        changes: &[Change],
        facts: &Facts,
    ) -> Option<Vec<Arc<str>>> {
        let mut reasons: Vec<Arc<str>> = Vec::new();
        if record.region != desired.options.region.as_deref().unwrap_or(self.region) {
            reasons.push("@region".into());
        }
        if self.options.replace.iter().any(|glob| glob.holds(&desired.address)) {
            reasons.push("@replace".into());
        }
        reasons.extend(changes.iter().filter(|c| c.forces_replacement).map(|c| c.attribute.clone()));
        reasons.extend(
            followed(desired, schema, facts).filter(|name| !changes.iter().any(|c| c.forces_replacement && c.attribute == **name)).cloned(),
        );
        (!reasons.is_empty() || record.status == Status::Broken).then_some(reasons)
    }

    /// The record of a resource that stays as it is, when something about it in the program changed all the same.
    fn kept(&self, desired: &DesiredResource, schema: &ResourceSchema, wanted: &Wanted, record: &Record) -> Option<Record> {
        let dependencies = lasting_dependencies(desired, schema, Some(record), self.view);
        let protect = protects(desired, self.stack, schema);
        let same = dependencies == record.dependencies
            && protect == record.protect
            && desired.options.retain == record.retain
            && without_nulls(wanted.recorded()).eq(record.inputs.iter().filter(|(_, v)| !v.is_null()));
        (!same).then(|| Record {
            inputs: without_nulls(wanted.recorded()).map(|(k, v)| (k.clone(), v.clone())).collect(),
            dependencies,
            protect,
            retain: desired.options.retain,
            ..record.clone()
        })
    }
}

/// The attributes that make this a copy of something that is replaced.
fn followed<'a>(desired: &'a DesiredResource, schema: &'a ResourceSchema, facts: &'a Facts) -> impl Iterator<Item = &'a Arc<str>> {
    let set = |name: &str| desired.inputs.get(name).is_some_and(|value| !value.is_null() && *value != Value::Bool(false));
    desired.dependencies.iter().filter_map(move |dependency| match &dependency.reason {
        Reason::Reference { attribute, .. } => {
            let unless = schema.attribute(attribute)?.follows?;
            (!unless.iter().any(|name| set(name)) && facts.of(&dependency.on).is_some_and(Fact::is_new)).then_some(attribute)
        }
        Reason::Postponed { .. } | Reason::After => None,
    })
}

pub(crate) fn without_nulls(object: &Object) -> impl Iterator<Item = (&Arc<str>, &Value)> {
    object.iter().filter(|(_, value)| !value.is_null())
}

/// The inputs with everything resolved that is known.
pub(crate) fn resolve(desired: &Arc<DesiredResource>, known: &dyn Known) -> Result<Inputs, EvalFailure> {
    if desired.inputs.values().all(|value| value.unknown().is_none()) {
        return Ok(Inputs::AsWritten(desired.clone()));
    }
    let resolved = desired.inputs.iter().map(|(name, value)| Ok((name.clone(), value.resolve(known)?)));
    Ok(Inputs::Resolved(Arc::new(resolved.collect::<Result<Object, EvalFailure>>()?)))
}

/// What a record keeps as its dependencies.
pub(crate) fn dependencies(desired: &DesiredResource) -> Vec<Address> {
    let mut on: Vec<Address> = desired.dependencies.iter().map(|d| d.on.clone()).collect();
    on.sort_unstable();
    on.dedup();
    on
}

/// Does a delete of the resource need consent, from now on?
pub(crate) fn protects(desired: &DesiredResource, stack: &Stack, schema: &ResourceSchema) -> bool {
    desired.options.protect.unwrap_or(stack.protect && schema.stateful)
}

fn step(desired: &Arc<DesiredResource>, schema: &ResourceSchema, action: Action, changes: Vec<Change>, prior: Option<Arc<Record>>) -> Step {
    let takes = &schema.takes;
    let seconds = match &action {
        Action::NoOp | Action::Forget => 0,
        Action::Create => takes.create.0,
        Action::Update => takes.update.0,
        Action::Import { .. } if changes.is_empty() => 0,
        Action::Import { .. } => takes.update.0,
        Action::Replace { .. } => takes.delete.0 + takes.create.0,
        Action::Delete => takes.delete.0,
    };
    Step {
        address: desired.address.clone(),
        type_name: desired.type_name.clone(),
        action,
        changes,
        desired: Some(desired.clone()),
        prior,
        span: Some(desired.span),
        after: Vec::new(),
        estimate: crate::value::Duration(seconds),
    }
}

fn change(desired: &DesiredResource, attribute: &Attribute, before: Option<Value>, after: Option<Value>) -> Change {
    Change {
        attribute: attribute.name.into(),
        before,
        after,
        forces_replacement: false,
        interrupts: None,
        span: desired.attribute_spans.get(attribute.name),
    }
}

/// Every input of something that comes anew.
fn all_new(desired: &DesiredResource, schema: &ResourceSchema, inputs: &Object) -> Vec<Change> {
    let set = schema.attributes.iter().filter_map(|a| Some((a, inputs.get(a.name).filter(|v| !v.is_null())?)));
    set.map(|(attribute, value)| change(desired, attribute, None, Some(value.clone()))).collect()
}

fn sort(changes: &mut [Change], schema: &ResourceSchema) {
    if changes.len() > 1 {
        let position: HashMap<&str, usize> = schema.attributes.iter().enumerate().map(|(i, a)| (a.name, i)).collect();
        changes.sort_by_key(|c| position.get(&*c.attribute).copied());
    }
}

/// The differences between what is there and what is wanted, in the schema's order.
fn changes(desired: &DesiredResource, schema: &ResourceSchema, wanted: &Wanted, record: &Record, facts: &Facts) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, value) in wanted.comparable().iter().filter(|(_, value)| !value.is_null()) {
        let Some(attribute) = schema.attribute(name) else { continue };
        let Some(after) = difference(desired, attribute, value, record) else { continue };
        let before = shown(attribute, record, value).filter(|v| !v.is_null()).cloned();
        // What is shown of a secret is where it comes from, not its fingerprint.
        let after = if holds_secret(&after) { wanted.inputs.get(name).cloned().unwrap_or(after) } else { after };
        let counts = after.unknown().is_none() || waits_for_new(&after, facts);
        changes.push(Change {
            forces_replacement: attribute.replaces && counts,
            interrupts: attribute.interrupts,
            ..change(desired, attribute, before, Some(after))
        });
    }
    let was_set = record.inputs.iter().filter(|(_, value)| !value.is_null());
    for (name, was) in was_set.chain(owned_and_filled(schema, record)) {
        if wanted.comparable().get(name).is_some_and(|value| !value.is_null()) {
            continue;
        }
        let Some(attribute) = schema.attribute(name) else { continue };
        let Some(default) = left_out(attribute) else { continue };
        let actual = if attribute.write_only { was } else { record.observed.get(name).unwrap_or(&Value::Null) };
        if !satisfied(attribute, default, actual, None) && !super::compare::is_ignored(name, None, &desired.options.ignore) {
            let after = (!default.is_null()).then(|| default.clone());
            changes.push(Change {
                forces_replacement: attribute.replaces,
                interrupts: attribute.interrupts,
                ..change(desired, attribute, Some(actual.clone()), after)
            });
        }
    }
    sort(&mut changes, schema);
    changes
}

/// Collections that plat owns, that the last apply left out, and that are not empty.
fn owned_and_filled<'a>(schema: &'a ResourceSchema, record: &'a Record) -> impl Iterator<Item = (&'a Arc<str>, &'a Value)> {
    let owned = schema.attributes.iter().filter(|attribute| attribute.owned);
    let filled = owned.filter_map(|attribute| record.observed.get_key_value(attribute.name)).filter(|(_, value)| !is_empty(value));
    filled.filter(|(name, _)| record.inputs.get(&***name).is_none_or(Value::is_null))
}

/// What is compared with: what was read, or what was applied where reads show nothing.
fn shown<'a>(attribute: &Attribute, record: &'a Record, wanted: &Value) -> Option<&'a Value> {
    let unreadable = attribute.write_only || attribute.ty.holds_secret() || holds_secret(wanted);
    if unreadable { record.inputs.get(attribute.name) } else { record.observed.get(attribute.name) }
}

/// The value that an attribute has to get; `None` when what is there will do.
fn difference(desired: &DesiredResource, attribute: &Attribute, wanted: &Value, record: &Record) -> Option<Value> {
    if wanted.unknown().is_some() {
        return Some(wanted.clone());
    }
    let actual = shown(attribute, record, wanted).unwrap_or(&Value::Null);
    let before = record.inputs.get(attribute.name);
    let resolved = attribute.resolve_symbols(wanted, &record.observed);
    let wanted = resolved.as_ref().unwrap_or(wanted);
    let effective = match desired.options.ignore.is_empty() {
        true => None,
        false => Some(with_ignored(attribute.name, &desired.options.ignore, wanted, actual, before)),
    };
    let effective = effective.as_ref().unwrap_or(wanted);
    (!satisfied(attribute, effective, actual, before)).then(|| effective.clone())
}

/// Does a value that is not known yet wait for something that comes anew, so that it is sure to be another one?
fn waits_for_new(value: &Value, facts: &Facts) -> bool {
    match value {
        Value::Unknown(unknown) => facts.of(&unknown.source.address).is_some_and(Fact::is_new),
        Value::List(items) => items.iter().any(|item| waits_for_new(item, facts)),
        Value::Object(entries) => entries.values().any(|item| waits_for_new(item, facts)),
        _ => false,
    }
}

/// The id and ARN of what is replaced: known after apply.
fn new_identity(desired: &DesiredResource, schema: &ResourceSchema, record: &Record) -> Vec<Change> {
    let names: BTreeSet<&str> = schema.id_attribute().into_iter().chain(schema.arn).collect();
    let computed = names.into_iter().filter_map(|name| schema.attribute(name)).filter(|a| !a.is_input());
    let later = |attribute: &Attribute| {
        let source = Source { address: desired.address.clone(), attribute: attribute.name.into(), span: desired.span };
        change(
            desired,
            attribute,
            record.observed.get(attribute.name).cloned(),
            Some(Value::attribute(source, attribute.ty.clone(), Phase::Apply)),
        )
    };
    computed.map(later).collect()
}
