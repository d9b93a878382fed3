//! What no way back brings back.

use std::sync::Arc;

use crate::address::Address;
use crate::plan::{Action, Plan, Step};
use crate::schema::Registry;
use crate::state::{Record, StateFile};
use crate::value::{Secret, Value};

/// Something of an earlier state that cannot be had again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    pub address: Address,
    pub loss: Loss,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// It is made anew: what the old one held is gone.
    Data,
    /// It is made anew, under another id.
    Identity,
    /// The secret is what the program has today: of the old one there is only a fingerprint.
    Secret { attribute: Arc<str> },
}

/// What going from `now` to `then` by `plan` does not bring back, the worst first.
pub fn losses(plan: &Plan, then: &StateFile, now: &StateFile, registry: &Registry) -> Vec<Lost> {
    let mut lost = Vec::new();
    for step in &plan.steps {
        let Some(record) = then.resources.get(&step.address) else { continue };
        let anew = matches!(step.action, Action::Create | Action::Replace { .. });
        if anew {
            let stateful = registry.get(&step.type_name).is_some_and(|schema| schema.stateful);
            let loss = if stateful { Loss::Data } else { Loss::Identity };
            lost.push(Lost { address: step.address.clone(), loss });
        }
        let from = plan.moves.iter().find(|(_, to)| *to == step.address).map_or(&step.address, |(from, _)| from);
        let today = now.resources.get(from).map(|today| &**today);
        lost.extend(
            other_secrets(record, today, from == &step.address)
                .map(|attribute| Lost { address: step.address.clone(), loss: Loss::Secret { attribute } }),
        );
    }
    lost.sort_by_key(|lost| match lost.loss {
        Loss::Data => 0,
        Loss::Secret { .. } => 1,
        Loss::Identity => 2,
    });
    lost
}

/// Attributes whose secret is not the one that was. `comparable`: both fingerprints were made for the same address.
fn other_secrets<'a>(then: &'a Record, now: Option<&'a Record>, comparable: bool) -> impl Iterator<Item = Arc<str>> + 'a {
    then.inputs.iter().filter(|(_, value)| has_fingerprint(value)).filter_map(move |(name, value)| {
        let now = now.and_then(|now| now.inputs.get(name));
        (!comparable || now != Some(value)).then(|| name.clone())
    })
}

/// Steps that need the text of a secret of which nothing but the fingerprint is known.
pub fn unknown_secrets(plan: &Plan) -> Vec<(Address, Arc<str>)> {
    let calls = |step: &&Step| matches!(step.action, Action::Create | Action::Update | Action::Replace { .. } | Action::Import { .. });
    let missing = plan.steps.iter().filter(calls).flat_map(|step| {
        let inputs = step.desired.iter().flat_map(|desired| desired.inputs.iter());
        inputs.filter(|(_, value)| has_fingerprint(value)).map(|(name, _)| (step.address.clone(), name.clone()))
    });
    missing.collect()
}

fn has_fingerprint(value: &Value) -> bool {
    match value {
        Value::Secret(Secret::Fingerprint(_)) => true,
        Value::List(items) => items.iter().any(has_fingerprint),
        Value::Object(entries) => entries.values().any(has_fingerprint),
        _ => false,
    }
}
