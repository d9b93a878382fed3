//! Changes made outside plat: how they are found, kept and reported.
//!
//! A record keeps, for every input that was changed outside plat, the value before the change ([`Record::drift`]). Reading
//! the cloud and recording the result therefore never accepts a change. Drift ends when an update changes the attribute
//! back, when the configuration sets the observed value or ignores the attribute, or when `apply --refresh-only` accepts it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::address::Address;
use crate::desired::DesiredResource;
use crate::schema::{Attribute, ResourceSchema};
use crate::state::Record;
use crate::types::Type;
use crate::value::{Object, ResolvedObject, Value};

use super::compare::{is_ignored, satisfied, unchanged};
use super::external::{ExternalKeys, sets_key};
use super::options::Engine;
use super::view::View;
use super::{Drift, DriftKind};

/// What one refresh found.
#[derive(Default)]
pub(super) struct Refreshed {
    /// Resources that no longer exist, and ignored attributes that changed. The records hold everything else.
    pub reported: Vec<Drift>,
    /// Attributes whose change was first seen by this refresh.
    pub fresh: BTreeSet<(Address, Arc<str>)>,
    /// A record changed.
    pub changed: bool,
}

/// Takes a reading into a record and keeps the values before each change that was made outside plat.
pub(super) fn take_in(
    record: &mut Arc<Record>,
    observed: ResolvedObject,
    schema: &ResourceSchema,
    desired: Option<&DesiredResource>,
    external: &ExternalKeys<'_>,
    found: &mut Refreshed,
    address: &Address,
) {
    let ignore = desired.map_or(&[][..], |desired| desired.options.ignore.as_slice());
    let record = Arc::make_mut(record);
    for attribute in schema.attributes.iter().filter(|a| a.is_input() && !a.write_only) {
        // A record without a reading is an interrupted operation: its first reading is no change.
        if record.observed.is_empty() {
            break;
        }
        let last = record.observed.get(attribute.name).unwrap_or(&Value::Null);
        let is_own = |attribute: &Attribute, key: &str| is_own(record, desired, attribute, key);
        let before = external.strip_value(attribute, record.drift.get(attribute.name).unwrap_or(last), &is_own).into_owned();
        let after = observed.get(attribute.name).unwrap_or(&Value::Null);
        if unchanged(attribute, &before, after) {
            record.drift.remove(attribute.name);
            continue;
        }
        let (ignored, accepted) = accept_ignored(attribute, ignore, &before, after);
        found.reported.extend(ignored.into_iter().map(|kind| Drift {
            address: address.clone(),
            type_name: record.type_name.clone(),
            kind,
        }));
        if unchanged(attribute, &accepted, after) {
            record.drift.remove(attribute.name);
            continue;
        }
        if !unchanged(attribute, last, after) {
            found.fresh.insert((address.clone(), attribute.name.into()));
        }
        record.drift.insert(attribute.name.into(), accepted);
    }
    record.observed = observed;
}

/// True when the configuration sets the key of a map, or did so at the last apply.
pub(super) fn is_own(record: &Record, desired: Option<&DesiredResource>, attribute: &Attribute, key: &str) -> bool {
    sets_key(&record.inputs, attribute, key) || desired.is_some_and(|desired| sets_key(&desired.inputs, attribute, key))
}

/// The ignored parts of a change, and the value before it with these parts accepted.
fn accept_ignored(attribute: &Attribute, ignore: &[Arc<str>], before: &Value, after: &Value) -> (Vec<DriftKind>, Value) {
    if ignore.is_empty() {
        return (Vec::new(), before.clone());
    }
    if is_ignored(attribute.name, None, ignore) {
        return (differences(attribute, before, after, &|_| true), after.clone());
    }
    let kept = differences(attribute, before, after, &|key| is_ignored(attribute.name, Some(key), ignore));
    (kept, super::compare::with_ignored(attribute.name, ignore, before, after, None))
}

/// The drift that `view` holds: by type and address, each attribute in the schema's order. Drift that the configuration
/// agrees with is reported once more and removed from its record; the result tells whether that happened.
pub(super) fn report(
    engine: &Engine,
    view: &mut View,
    refreshed: Refreshed,
    agrees: impl Fn(&Address, &Attribute, &Value) -> bool,
) -> (Vec<Drift>, bool) {
    let Refreshed { reported: mut all, fresh, .. } = refreshed;
    let mut settled = false;
    for (address, record) in view.records.iter_mut().filter(|(_, record)| !record.drift.is_empty()) {
        let Some(schema) = engine.registry.get(&record.type_name) else { continue };
        for attribute in &schema.attributes {
            let Some(before) = record.drift.get(attribute.name) else { continue };
            let after = record.observed.get(attribute.name).unwrap_or(&Value::Null);
            let agreed = agrees(address, attribute, after);
            if !agreed || fresh.contains(&(address.clone(), attribute.name.into())) {
                all.extend(differences(attribute, before, after, &|_| false).into_iter().map(|kind| Drift {
                    address: address.clone(),
                    type_name: record.type_name.clone(),
                    kind,
                }));
            }
            if agreed {
                Arc::make_mut(record).drift.remove(attribute.name);
                settled = true;
            }
        }
    }
    all.sort_by(|a, b| (&a.type_name, &a.address).cmp(&(&b.type_name, &b.address)));
    (all, settled)
}

/// Accepts everything that was changed outside plat. Returns whether there was anything.
pub(super) fn accept_all(view: &mut View) -> bool {
    let mut any = false;
    for record in view.records.values_mut().filter(|record| !record.drift.is_empty()) {
        Arc::make_mut(record).drift = Object::default();
        any = true;
    }
    any
}

/// True when the configuration sets the attribute to what was observed.
pub(super) fn is_as_configured(desired: &DesiredResource, attribute: &Attribute, observed: &Value) -> bool {
    let asked = desired.inputs.get(attribute.name).filter(|asked| !asked.is_null() && asked.unknown().is_none());
    asked.is_some_and(|asked| satisfied(attribute, asked, observed, None))
}

/// One change for each part of a map or record that differs, one for anything else. `kept` tells by key whether the plan
/// leaves the part as it is.
fn differences(attribute: &Attribute, before: &Value, after: &Value, kept: &dyn Fn(&str) -> bool) -> Vec<DriftKind> {
    let whole = |kept| vec![DriftKind::Changed { attribute: attribute.name.into(), before: before.clone(), after: after.clone(), kept }];
    let (before, after) = match (attribute.ty.required(), before, after) {
        (Type::Map(_) | Type::Record(_), Value::Object(before), Value::Object(after)) => (before, after),
        _ => return whole(kept("")),
    };
    let added = after.keys().filter(|key| !before.contains_key(*key));
    let part = |object: &Object, key: &Arc<str>| object.get(key).cloned().unwrap_or(Value::Null);
    let differing = before.keys().chain(added).filter_map(|key| {
        let (before, after) = (part(before, key), part(after, key));
        let name: Arc<str> = format!("{}.{key}", attribute.name).into();
        (before != after).then(|| DriftKind::Changed { attribute: name, before, after, kept: kept(key) })
    });
    differing.collect()
}
