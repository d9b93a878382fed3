//! Carries a plan out before it is carried out: in a replica of what it touches, with made-up secrets, and without a trace.
//!
//! The replica holds what the steps change or delete, what holds that, and what has an id that a step takes; everything
//! else counts as being there. It tells only what the cloud is sure to refuse; what would follow from made-up values is
//! passed over in silence, as a wrong alarm costs more than a late one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::apply::{Cancel, Outcome, Settings, Silent, apply};
use crate::plan::{Action, Differ, Engine, Fact, Flaw, Half, Options, Plan, Prepared, Rehearsal, Secrets, Snag, Step, View, holds_secret};
use crate::provider::sandbox::{Refusal, Sandbox, Seed, Why, held, own_names};
use crate::schema::{Registry, ResourceSchema, value_to_json};
use crate::source::Span;
use crate::state::{FingerprintKey, Record};
use crate::value::{ResolvedObject, Value};

use super::place;

/// What the plan would meet. Costs what its steps cost; a plan that changes nothing costs nothing.
pub async fn rehearse(registry: &Arc<Registry>, prepared: &Prepared) -> Rehearsal {
    let touched: Vec<&Step> = prepared.plan.steps.iter().filter(|step| is_touched(step)).collect();
    if touched.is_empty() {
        return Rehearsal::default();
    }
    let sandbox = Arc::new(replica(registry, prepared, &touched));
    let engine = place::engine_of(sandbox.clone(), registry);
    let settings = Settings { consistency: Duration::ZERO, ..Settings::default() };
    let steps = touched.len();
    let copy = excerpt(prepared, &touched);
    // An error of the engine's own will come again where it counts.
    let Ok(outcome) = apply(&engine, copy, Arc::new(place::Forgetful), Arc::new(Silent), &Cancel::default(), &settings).await else {
        return Rehearsal { steps: 0, flaws: Vec::new() };
    };
    let mut flaws = refused(&prepared.plan, &outcome, &sandbox.refusals());
    if outcome.failed.is_empty() && outcome.waiting.is_empty() {
        flaws.extend(unsettled(&engine, prepared, &touched, outcome.state.resources).await);
    }
    let order: BTreeMap<&Address, usize> = crate::plan::index(&prepared.plan);
    flaws.sort_by_key(|flaw| order.get(&flaw.address).copied());
    Rehearsal { steps, flaws }
}

fn is_touched(step: &Step) -> bool {
    !matches!(step.action, Action::NoOp | Action::Forget)
}

fn deletes(step: &Step) -> bool {
    matches!(step.action, Action::Delete | Action::Replace { .. })
}

/// The part of the cloud that can make a difference.
fn replica(registry: &Arc<Registry>, prepared: &Prepared, touched: &[&Step]) -> Sandbox {
    let names_of = |record: &Record| match registry.get(&record.type_name) {
        Some(schema) => own_names(schema, &record.id, &record.observed),
        None => Vec::new(),
    };
    let going: HashSet<Arc<str>> =
        touched.iter().filter(|step| deletes(step)).filter_map(|step| step.prior.as_deref()).flat_map(names_of).collect();
    let coming: HashSet<(Arc<str>, String)> = touched.iter().filter_map(|step| taken_id(registry, step)).collect();
    let mine: BTreeMap<&Address, &Arc<Record>> = touched.iter().filter_map(|step| Some((&step.address, step.prior.as_ref()?))).collect();
    let stands = |record: &Record| {
        let holds = |schema: &ResourceSchema| {
            let mut holds = false;
            held(schema, &record.observed, &mut |_, text| holds |= going.contains(text));
            holds
        };
        coming.contains(&(record.type_name.clone(), record.id.clone()))
            || (!going.is_empty() && registry.get(&record.type_name).is_some_and(|schema| holds(schema)))
    };
    let others = prepared.view.records.iter().filter(|(address, record)| !mine.contains_key(address) && stands(record));
    let seeds = mine.iter().map(|(address, record)| (*address, *record)).chain(others).map(|(address, record)| Seed {
        address,
        type_name: &record.type_name,
        region: &record.region,
        id: &record.id,
        inputs: &record.inputs,
        observed: &record.observed,
    });
    Sandbox::replica(registry.clone(), seeds)
}

/// The import id that a create takes, as far as the plan knows it.
fn taken_id(registry: &Registry, step: &Step) -> Option<(Arc<str>, String)> {
    if !matches!(step.action, Action::Create | Action::Replace { .. }) {
        return None;
    }
    let text = |name: &&'static str| {
        let change = step.changes.iter().find(|change| *change.attribute == **name);
        let known = change.and_then(|change| change.after.as_ref()).or_else(|| step.desired.as_ref()?.inputs.get(*name))?;
        match known {
            value if value.unknown().is_some() || holds_secret(value) => None,
            value => match value_to_json(value) {
                serde_json::Value::String(text) => Some(text),
                serde_json::Value::Null => None,
                other => Some(other.to_string()),
            },
        }
    };
    let parts: Vec<String> = registry.get(&step.type_name)?.import.iter().map(text).collect::<Option<_>>()?;
    Some((step.type_name.clone(), parts.join("|")))
}

/// The plan with what its steps work on, and nothing that could keep it from being carried out here.
fn excerpt(prepared: &Prepared, touched: &[&Step]) -> Prepared {
    let own = |address: &&Address| prepared.view.records.get_key_value(*address);
    let records = touched.iter().map(|step| &step.address).filter_map(|address| own(&address));
    let view = View {
        header: prepared.view.header.clone(),
        records: records.map(|(address, record)| (address.clone(), record.clone())).collect(),
        live: touched
            .iter()
            .filter_map(|step| prepared.view.live.get_key_value(&step.address))
            .map(|(a, l)| (a.clone(), l.clone()))
            .collect(),
        moved_from: prepared.view.moved_from.clone(),
    };
    let plan = &prepared.plan;
    let plan = Plan {
        stack: plan.stack.clone(),
        env: plan.env.clone(),
        region: plan.region.clone(),
        account: plan.account.clone(),
        lineage: plan.lineage.clone(),
        serial: plan.serial,
        scope: plan.scope.clone(),
        steps: plan.steps.clone(),
        ..Plan::default()
    };
    Prepared {
        plan,
        stack: prepared.stack.clone(),
        protected: Vec::new(),
        undeletable: Vec::new(),
        view,
        state_changes: false,
        operations: prepared.operations.clone(),
        facts: prepared.facts.clone(),
    }
}

/// The refusals that stand on their own: not those that follow from a step which failed for a reason that is not told.
fn refused(plan: &Plan, outcome: &Outcome, refusals: &[Refusal]) -> Vec<Flaw> {
    let steps: BTreeMap<String, &Step> = plan.steps.iter().filter(|step| is_touched(step)).map(|s| (s.address.to_string(), s)).collect();
    let of = |text: &str| {
        let old =
            |text: &str| Some(text.parse::<Address>().ok()?.steps().split_last()?.1.to_vec()).map(|rest| Address::from(rest).to_string());
        steps.get(text).or_else(|| steps.get(&old(text)?)).copied()
    };
    let failed: BTreeSet<&Address> = outcome.failed.iter().filter_map(|f| Some(&plan.steps.get(f.step)?.address)).collect();
    // What would have let go, had it come to its turn.
    let stuck = |by: &Step, for_: &Step| {
        let waits = outcome.waiting.iter().find(|w| plan.steps.get(w.step).is_some_and(|s| s.address == by.address));
        failed.contains(&by.address) || waits.is_some_and(|w| !w.waits_for.contains(&for_.address))
    };
    let mut told = BTreeSet::new();
    let flaw = |refusal: &Refusal| {
        let step = of(&refusal.address)?;
        let (snag, by) = match &refusal.why {
            Why::InUse { by, attribute } => (Snag::InUse { by: by.clone(), attribute: (*attribute).into() }, Some(by)),
            Why::Taken { by, id } => (Snag::Taken { by: by.clone(), id: id.clone() }, None),
            Why::Claimed { by, thing } => (Snag::Claimed { by: by.clone(), thing: thing.clone() }, None),
            Why::Gone { attribute, was } => (Snag::Gone { attribute: (*attribute).into(), was: was.clone() }, None),
        };
        let by = by.and_then(|by| of(by));
        if by.is_some_and(|by| stuck(by, step)) || !told.insert(step.address.clone()) {
            return None;
        }
        let span = span_of(plan, step, &snag);
        Some(Flaw { address: step.address.clone(), type_name: step.type_name.clone(), snag, span })
    };
    refusals.iter().filter_map(flaw).collect()
}

/// Where the program says what is in the way, or else what is to be done.
fn span_of(plan: &Plan, step: &Step, snag: &Snag) -> Option<Span> {
    let desired = |step: &Step, attribute: &str| {
        let desired = step.desired.as_ref()?;
        desired.attribute_spans.get(attribute).or(Some(desired.span))
    };
    match snag {
        Snag::InUse { by, attribute } => {
            let by = plan.steps.iter().find(|other| other.address.to_string() == **by);
            by.and_then(|by| desired(by, attribute).or(by.span)).or(step.span)
        }
        Snag::Gone { attribute, .. } => desired(step, attribute),
        Snag::Taken { .. } | Snag::Claimed { .. } | Snag::Unsettled { .. } => step.span,
    }
}

/// What a plan right after the apply would change again, among the steps and what refers to them.
async fn unsettled(engine: &Engine, prepared: &Prepared, touched: &[&Step], mut records: BTreeMap<Address, Arc<Record>>) -> Vec<Flaw> {
    let Ok(key) = FingerprintKey::from_hex(&prepared.view.header.fingerprint_key) else { return Vec::new() };
    read_again(engine, &mut records).await;
    let mut facts = prepared.facts.clone();
    for (address, record) in &records {
        if let Some(position) = facts.resources.get_index_of(address) {
            facts.set(position, Fact::Settled { record: record.clone(), live: None });
        }
    }
    let followers = followers(prepared, touched);
    let mut view = View::new(prepared.view.header.clone());
    view.moved_from.clone_from(&prepared.view.moved_from);
    for step in &followers {
        if let Some(record) = prepared.view.records.get(&step.address) {
            view.records.insert(step.address.clone(), record.clone());
        }
    }
    view.records.extend(records);
    let (options, secrets, imported) = (Options::default(), Secrets::new(engine.secrets.clone()), BTreeMap::new());
    let differ = Differ {
        stack: &prepared.stack,
        region: &prepared.plan.region,
        options: &options,
        view: &view,
        imported: &imported,
        secrets: &secrets,
        key: &key,
    };
    let mut flaws = Vec::new();
    for step in touched.iter().chain(&followers) {
        let (Some(desired), Some(schema)) = (&step.desired, engine.registry.get(&step.type_name)) else { continue };
        let Ok(compared) = differ.compare(desired, schema, &facts).await else { continue };
        let attributes = open(schema, &compared.step);
        if !attributes.is_empty() {
            let snag = Snag::Unsettled { attributes };
            flaws.push(Flaw { address: step.address.clone(), type_name: step.type_name.clone(), snag, span: step.span });
        }
    }
    flaws
}

/// Attributes that a step would change for good reason: not for a secret, of which only a made-up text was there.
fn open(schema: &ResourceSchema, step: &Step) -> Vec<Arc<str>> {
    let seen = |name: &str| schema.attribute(name).is_some_and(|a| a.is_input() && !a.write_only && !a.ty.holds_secret());
    let plain = |value: &Option<Value>| value.as_ref().is_none_or(|value| value.unknown().is_none() && !holds_secret(value));
    step.changes.iter().filter(|change| seen(&change.attribute) && plain(&change.after)).map(|change| change.attribute.clone()).collect()
}

/// What stays as it is, as planned, and refers to a step.
fn followers<'a>(prepared: &'a Prepared, touched: &[&Step]) -> Vec<&'a Step> {
    let changing: HashSet<&Address> = touched.iter().map(|step| &step.address).collect();
    let mut followers = BTreeSet::new();
    for node in 0..prepared.operations.len() {
        let Some(operation) = prepared.operations.node(node).filter(|operation| operation.half == Half::Make) else { continue };
        if prepared.plan.steps.get(operation.step).is_some_and(|step| changing.contains(&step.address)) {
            followers.extend(prepared.operations.waited_by(node).filter_map(|(then, _)| Some(prepared.operations.node(then)?.step)));
        }
    }
    followers.into_iter().filter_map(|step| prepared.plan.steps.get(step)).filter(|step| step.action == Action::NoOp).collect()
}

/// As it is when all steps are through: a later one may have changed what an earlier one made.
async fn read_again(engine: &Engine, records: &mut BTreeMap<Address, Arc<Record>>) {
    for record in records.values_mut() {
        let ids = [record.id.clone()];
        let Ok(found) = engine.provider.read(&record.type_name, &record.region, &ids).await else { continue };
        if let Some(observed) = found.into_iter().next().flatten() {
            // Fingerprints that were recorded say more than a replica, which shows no secret.
            let mut now = record.observed.clone().into_object();
            now.extend(observed.into_object());
            Arc::make_mut(record).observed = ResolvedObject::new(now).unwrap_or_default();
        }
    }
}
