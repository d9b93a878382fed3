//! What is written down of a plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as JsonValue, json};

use super::{Misfit, SavedMove, SavedPlanError, SavedStep, SourceDigest, Terms};
use crate::address::Address;
use crate::desired::Reason;
use crate::plan::{Action, BadGlob, Choice, Consent, Glob, Options, Plan, Prepared, Step};
use crate::schema::value_to_json;
use crate::source::SourceMap;
use crate::state::{Record, Status, sha256_hex};
use crate::value::{Date, Object, Value};

/// What names a param of the command line among the sources.
const COMMAND_LINE: &str = "-p";

/// The digests of all that was read: the program's files, and those that it asked for with `file(…)`.
pub fn digests(sources: &SourceMap, files: impl IntoIterator<Item = (String, std::sync::Arc<str>)>) -> Vec<SourceDigest> {
    let program = sources.files().map(|(_, file)| (file.name.to_string(), file.text.clone())).filter(|(name, _)| name != COMMAND_LINE);
    let read = files.into_iter().map(|(name, text)| (format!("file(\"{name}\")"), text));
    let mut digests: Vec<_> = program.chain(read).map(|(name, text)| SourceDigest { name, sha256: sha256_hex(text.as_bytes()) }).collect();
    digests.sort();
    digests.dedup();
    digests
}

pub fn changed_sources(planned: &[SourceDigest], now: &[SourceDigest]) -> Vec<Misfit> {
    let by_name = |list: &[SourceDigest]| -> BTreeMap<String, String> { list.iter().map(|d| (d.name.clone(), d.sha256.clone())).collect() };
    let (planned, now) = (by_name(planned), by_name(now));
    let mut changed = Vec::new();
    for name in planned.keys().chain(now.keys().filter(|name| !planned.contains_key(*name))) {
        let how = match (planned.get(name), now.get(name)) {
            (Some(was), Some(is)) if was == is => continue,
            (Some(_), Some(_)) => "was changed",
            (Some(_), None) => "is gone",
            (None, _) => "is new",
        };
        changed.push(Misfit::Source { name: name.clone(), how });
    }
    changed
}

pub fn options(terms: &Terms, today: Option<Date>) -> Result<Options, SavedPlanError> {
    let address = |text: &String| text.parse::<Address>().map_err(|error| SavedPlanError::Damaged(error.to_string()));
    let consent = match terms.consent.as_slice() {
        [] => Consent::None,
        names if names.iter().any(|name| name == "all") => Consent::All,
        names => Consent::To(names.iter().map(address).collect::<Result<_, _>>()?),
    };
    let globs = |texts: &[String]| -> Result<Vec<Glob>, SavedPlanError> {
        texts.iter().map(|text| text.parse().map_err(|error: BadGlob| SavedPlanError::Damaged(error.to_string()))).collect()
    };
    let choice = Choice { targets: globs(&terms.targets)?, excluded: globs(&terms.excluded)? };
    let replace = globs(&terms.replace)?;
    Ok(Options { refresh: terms.refresh, destroy: terms.destroy, region: None, consent, replace, choice, refresh_only: false, today })
}

/// Every region that a step is in.
pub fn regions(plan: &Plan) -> Vec<String> {
    let changing = plan.steps.iter().filter(|step| step.action != Action::NoOp);
    let of = |step: &Step| {
        let wanted = step.desired.as_ref().map(|d| d.options.region.as_deref().unwrap_or(&plan.region).to_owned());
        wanted.into_iter().chain(step.prior.as_ref().map(|prior| prior.region.clone()))
    };
    changing.flat_map(of).collect::<BTreeSet<_>>().into_iter().collect()
}

pub fn moves(plan: &Plan) -> Vec<SavedMove> {
    plan.moves.iter().map(|(from, to)| SavedMove { from: from.to_string(), to: to.to_string() }).collect()
}

/// The steps that change something.
pub fn steps(prepared: &Prepared) -> Vec<SavedStep> {
    let changing = |step: &&Step| step.action != Action::NoOp;
    let touched: BTreeSet<&Address> = prepared.plan.steps.iter().filter(changing).map(|step| &step.address).collect();
    prepared.plan.steps.iter().filter(changing).map(|step| saved(step, &touched, prepared)).collect()
}

fn saved(step: &Step, touched: &BTreeSet<&Address>, prepared: &Prepared) -> SavedStep {
    let (forced_by, create_first, id) = match &step.action {
        Action::Replace { forced_by, create_first } => (forced_by.iter().map(|name| name.to_string()).collect(), *create_first, None),
        Action::Import { id } => (Vec::new(), false, Some(id.to_string())),
        _ => (Vec::new(), false, None),
    };
    let after = |value: &Option<Value>| value.as_ref().map_or(JsonValue::Null, value_to_json);
    SavedStep {
        address: step.address.to_string(),
        type_name: step.type_name.to_string(),
        action: verb(&step.action).to_owned(),
        forced_by,
        create_first,
        id,
        changes: step.changes.iter().map(|change| (change.attribute.to_string(), after(&change.after))).collect(),
        prior: step.prior.as_deref().map(record),
        relies_on: relies_on(step, touched, prepared),
    }
}

pub fn verb(action: &Action) -> &'static str {
    match action {
        Action::NoOp => "keep",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { .. } => "replace",
        Action::Delete => "delete",
        Action::Forget => "forget",
        Action::Import { .. } => "import",
    }
}

/// What the step takes from resources that the plan leaves as they are. What the plan touches is in a step of its own.
fn relies_on(step: &Step, touched: &BTreeSet<&Address>, prepared: &Prepared) -> BTreeMap<String, BTreeMap<String, JsonValue>> {
    let mut on: BTreeMap<String, BTreeMap<String, JsonValue>> = BTreeMap::new();
    for dependency in step.desired.iter().flat_map(|desired| &desired.dependencies) {
        if touched.contains(&dependency.on) {
            continue;
        }
        let Some(record) = prepared.view.records.get(&dependency.on) else { continue };
        let taken = on.entry(dependency.on.to_string()).or_default();
        taken.insert("id".to_owned(), json!(record.id));
        if let Reason::Reference { of, .. } | Reason::Postponed { of, .. } = &dependency.reason {
            taken.insert(of.to_string(), taken_from(record, of));
        }
    }
    on
}

/// An attribute of a record, as a step that refers to it takes it.
pub fn taken_from(record: &Record, attribute: &str) -> JsonValue {
    if attribute == "id" {
        return json!(record.id);
    }
    record.observed.get(attribute).or_else(|| record.inputs.get(attribute)).map_or(JsonValue::Null, value_to_json)
}

/// A record with all that a step can start from.
pub fn record(record: &Record) -> JsonValue {
    let object = |object: &Object| -> Map<String, JsonValue> {
        object.iter().map(|(name, value)| (name.to_string(), value_to_json(value))).collect()
    };
    json!({
        "id": record.id,
        "type": &*record.type_name,
        "region": record.region,
        "inputs": object(&record.inputs),
        "observed": object(&record.observed),
        "dependencies": record.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "protect": record.protect,
        "retain": record.retain,
        "status": match record.status {
            Status::Ready => "ready",
            Status::Broken => "broken",
            Status::Unfinished => "unfinished",
            Status::Deposed => "deposed",
        },
    })
}
