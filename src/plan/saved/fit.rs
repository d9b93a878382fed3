//! Does a saved plan still fit? By meaning: what its steps start from, and what they come to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value as JsonValue;

use super::document::{self, taken_from, verb};
use super::{SavedPlan, SavedStep};
use crate::address::Address;
use crate::plan::facts::Fact;
use crate::plan::{Action, Prepared};

/// Differences that are told of one resource; more of them tell nothing more.
const TOLD: usize = 4;
/// Characters up to which a value is told.
const SHORT: usize = 60;

/// One reason for which a saved plan must not be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    Used,
    /// Of another stack, env, account, region, lineage.
    Other {
        what: &'static str,
        planned: String,
        now: String,
    },
    /// The state is older than the plan.
    Restored {
        planned: u64,
        now: u64,
    },
    /// It was not written by who could read the state.
    Forged,
    Source {
        name: String,
        how: &'static str,
    },
    /// What a step starts from is there no more, or there already.
    Presence {
        address: String,
        there: bool,
    },
    /// What a step starts from, or takes from another resource, is another value now.
    Changed {
        address: String,
        attribute: String,
        values: Option<(String, String)>,
    },
    /// The same start, and another outcome.
    Outcome {
        address: String,
        planned: String,
        now: String,
    },
    Move {
        from: String,
        to: String,
        planned: bool,
    },
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misfit::Used => write!(f, "the plan was carried out already, and a plan is carried out once"),
            Misfit::Other { what, planned, now } => write!(f, "the plan was made for the {what} `{planned}`, and here it is `{now}`"),
            Misfit::Restored { planned, now } => {
                write!(f, "the plan was made on state {planned}, and the state here is the older {now}")
            }
            Misfit::Forged => write!(f, "the plan was changed after it was made, or made without the state it is for"),
            Misfit::Source { name, how } => write!(f, "`{name}` {how}"),
            Misfit::Presence { address, there: true } => write!(f, "`{address}` is there already"),
            Misfit::Presence { address, there: false } => write!(f, "`{address}` is no longer there"),
            Misfit::Changed { address, attribute, values: Some((was, is)) } => {
                write!(f, "`{attribute}` of `{address}` was {was} and is {is}")
            }
            Misfit::Changed { address, attribute, values: None } => write!(f, "`{attribute}` of `{address}` has changed"),
            Misfit::Outcome { address, planned, now } => write!(f, "`{address}`: the plan says {planned}, and now it would be {now}"),
            Misfit::Move { from, to, planned: true } => write!(f, "`moved {from} -> {to}` has nothing to move any more"),
            Misfit::Move { from, to, planned: false } => write!(f, "`moved {from} -> {to}` would be carried out, too"),
        }
    }
}

/// Compares a plan that was made anew with a saved one, and leaves out of it what the saved one does not have.
pub fn hold(saved: &SavedPlan, prepared: &mut Prepared) -> Result<Vec<Address>, Vec<Misfit>> {
    let other =
        |what, planned: &str, now: &str| (planned != now).then(|| Misfit::Other { what, planned: planned.to_owned(), now: now.to_owned() });
    let plan = &prepared.plan;
    let mut misfits: Vec<Misfit> =
        other("account", &saved.account, &plan.account).into_iter().chain(other("region", &saved.region, &plan.region)).collect();
    if misfits.is_empty() {
        misfits.extend(moves(saved, prepared));
        misfits.extend(steps(saved, prepared));
    }
    // One change of a resource that several steps rely on is one reason.
    let mut told = Vec::new();
    misfits.retain(|misfit| {
        let first = !told.contains(misfit);
        if first {
            told.push(misfit.clone());
        }
        first
    });
    if misfits.is_empty() { Ok(leave_out(saved, prepared)) } else { Err(misfits) }
}

fn moves(saved: &SavedPlan, prepared: &Prepared) -> Vec<Misfit> {
    let now = document::moves(&prepared.plan);
    let missing = saved.moves.iter().filter(|m| !now.contains(m)).map(|m| (m, true));
    let added = now.iter().filter(|m| !saved.moves.contains(m)).map(|m| (m, false));
    missing.chain(added).map(|(m, planned)| Misfit::Move { from: m.from.clone(), to: m.to.clone(), planned }).collect()
}

fn steps(saved: &SavedPlan, prepared: &Prepared) -> Vec<Misfit> {
    // Through bytes, as the saved one went.
    let now: Vec<SavedStep> =
        serde_json::to_vec(&document::steps(prepared)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let now: BTreeMap<&str, &SavedStep> = now.iter().map(|step| (step.address.as_str(), step)).collect();
    let records = &prepared.view.records;
    let record = |address: &str| address.parse::<Address>().ok().and_then(|address| records.get(&address).cloned());
    let mut misfits = Vec::new();
    for step in &saved.steps {
        let before = misfits.len();
        misfits.extend(start(step, now.get(step.address.as_str()).copied(), record(&step.address).as_deref(), saved.lineage.is_none()));
        for (on, taken) in &step.relies_on {
            let Some(record) = record(on) else {
                misfits.push(Misfit::Presence { address: on.clone(), there: false });
                continue;
            };
            for (attribute, was) in taken {
                let is = normal(&taken_from(&record, attribute));
                if !same(was, &is, saved.lineage.is_none()) {
                    misfits.push(changed(on, attribute, was, &is));
                }
            }
        }
        if misfits.len() == before {
            misfits.extend(outcome(step, now.get(step.address.as_str()).copied()));
        }
    }
    misfits
}

/// Through bytes and back, as what was saved.
fn normal(value: &JsonValue) -> JsonValue {
    serde_json::to_vec(value).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The record that a step starts from.
fn start(step: &SavedStep, now: Option<&SavedStep>, record: Option<&crate::state::Record>, unkeyed: bool) -> Vec<Misfit> {
    // What is imported is read from the cloud, and no record yet.
    let is = now.and_then(|step| step.prior.clone()).or_else(|| record.map(|record| normal(&document::record(record))));
    match (&step.prior, is) {
        (None, None) => Vec::new(),
        (None, Some(_)) => vec![Misfit::Presence { address: step.address.clone(), there: true }],
        (Some(_), None) => vec![Misfit::Presence { address: step.address.clone(), there: false }],
        (Some(was), Some(is)) => {
            let mut found: BTreeMap<String, Misfit> = BTreeMap::new();
            differences(was, &is, unkeyed, &mut Vec::new(), &mut |path, was, is| {
                // An attribute is asked for and observed: one change of it is one.
                let attribute = match path {
                    [first, rest @ ..] if (*first == "inputs" || *first == "observed") && !rest.is_empty() => rest.join("."),
                    path => path.join("."),
                };
                found.entry(attribute.clone()).or_insert_with(|| changed(&step.address, &attribute, was, is));
            });
            found.into_values().take(TOLD).collect()
        }
    }
}

/// What a step comes to.
fn outcome(step: &SavedStep, now: Option<&SavedStep>) -> Option<Misfit> {
    let differs = |planned: String, now: String| Some(Misfit::Outcome { address: step.address.clone(), planned, now });
    let Some(now) = now else { return differs(step.action.clone(), verb(&Action::NoOp).to_owned()) };
    if (&step.action, &step.type_name, &step.id, step.create_first) != (&now.action, &now.type_name, &now.id, now.create_first) {
        return differs(step.action.clone(), now.action.clone());
    }
    let value = |changes: &BTreeMap<String, JsonValue>, name: &str| {
        let text = changes.get(name).map_or_else(|| "no change".to_owned(), short);
        format!("{text} for `{name}`")
    };
    let names: BTreeSet<&String> = step.changes.keys().chain(now.changes.keys()).collect();
    match names.into_iter().find(|name| step.changes.get(*name) != now.changes.get(*name)) {
        Some(name) => differs(value(&step.changes, name), value(&now.changes, name)),
        None if step.forced_by != now.forced_by => differs(reasons(step), reasons(now)),
        None => None,
    }
}

fn reasons(step: &SavedStep) -> String {
    format!("{} for {}", step.action, step.forced_by.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}

fn changed(address: &str, attribute: &str, was: &JsonValue, is: &JsonValue) -> Misfit {
    let told = is_plain(was) && is_plain(is);
    Misfit::Changed { address: address.to_owned(), attribute: attribute.to_owned(), values: told.then(|| (short(was), short(is))) }
}

/// Holds nothing that is kept as a fingerprint.
fn is_plain(value: &JsonValue) -> bool {
    !matches!(value, JsonValue::Object(_) | JsonValue::Array(_))
}

fn short(value: &JsonValue) -> String {
    let text = match value {
        JsonValue::Null => "(none)".to_owned(),
        JsonValue::Object(entries) if entries.contains_key("$secret") => "(secret)".to_owned(),
        JsonValue::Object(entries) if entries.contains_key("$unknown") => "(known after apply)".to_owned(),
        value => value.to_string(),
    };
    if text.chars().count() <= SHORT { text } else { format!("{}…", text.chars().take(SHORT).collect::<String>()) }
}

/// Equal; fingerprints count as equal where the key that they were made with was never kept.
fn same(was: &JsonValue, is: &JsonValue, unkeyed: bool) -> bool {
    let mut same = true;
    differences(was, is, unkeyed, &mut Vec::new(), &mut |_, _, _| same = false);
    same
}

/// Tells each place in which two documents differ, as deep down as it can be named.
fn differences<'a>(
    was: &'a JsonValue,
    is: &'a JsonValue,
    unkeyed: bool,
    path: &mut Vec<&'a str>,
    tell: &mut dyn FnMut(&[&str], &JsonValue, &JsonValue),
) {
    match (was, is) {
        (JsonValue::Object(was), JsonValue::Object(is)) if unkeyed && was.contains_key("$secret") && is.contains_key("$secret") => {}
        (JsonValue::Object(a), JsonValue::Object(b)) if !a.contains_key("$secret") && !b.contains_key("$secret") => {
            let added = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(added) {
                path.push(key);
                differences(a.get(key).unwrap_or(&JsonValue::Null), b.get(key).unwrap_or(&JsonValue::Null), unkeyed, path, tell);
                path.pop();
            }
        }
        (was, is) if was == is => {}
        (was, is) => tell(path, was, is),
    }
}

/// Makes steps that the saved plan does not have steps that change nothing.
fn leave_out(saved: &SavedPlan, prepared: &mut Prepared) -> Vec<Address> {
    let planned: BTreeSet<&str> = saved.steps.iter().map(|step| step.address.as_str()).collect();
    let mut left = Vec::new();
    for step in &mut prepared.plan.steps {
        if step.action == Action::NoOp || planned.contains(step.address.to_string().as_str()) {
            continue;
        }
        step.action = Action::NoOp;
        step.changes.clear();
        step.estimate = crate::value::Duration(0);
        // What refers to it goes by what is there.
        if let (Some(record), Some(position)) = (&step.prior, prepared.facts.resources.get_index_of(&step.address)) {
            let live = prepared.view.live.get(&step.address).cloned();
            prepared.facts.set(position, Fact::Settled { record: record.clone(), live });
        }
        left.push(step.address.clone());
    }
    prepared.protected.retain(|protected| !left.contains(&protected.address));
    prepared.undeletable.retain(|kept| !left.contains(&kept.address));
    left
}
