//! What became of operations that a run left open, one by one.

use serde_json::json;

use super::clean::clean_line;
use super::estimate::count;
use super::progress::settled;
use super::style::{Role, Style};
use crate::apply::{Finding, Found};
use crate::schema::Recovery;
use crate::state::{StateFile, Verb};

/// `A` to `E`, as state/README.md has them.
fn class(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Token => "A",
        Recovery::Tag => "B",
        Recovery::Name => "C",
        Recovery::Relation => "D",
        Recovery::Compare => "E",
    }
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Delete => "delete",
    }
}

/// What was done to find out.
fn looked_for(found: &Found) -> String {
    let known = found.id.as_deref().map(|id| clean_line(id).into_owned());
    match (found.verb, known, found.recovery) {
        (Verb::Create, _, Recovery::Token) if found.asked_again => "asked once more with the same token".to_owned(),
        (Verb::Create, Some(id), _) => format!("looked at {id}, which the cloud had named"),
        (Verb::Create, None, Recovery::Token | Recovery::Tag) => format!("looked for what carries the mark of operation {}", found.op),
        (Verb::Create, None, Recovery::Name) => format!("looked for its name with the mark of operation {}", found.op),
        (Verb::Create, None, Recovery::Relation) => "looked whether the two are related".to_owned(),
        (Verb::Create, None, Recovery::Compare) => "compared what is there with what was there".to_owned(),
        (Verb::Update | Verb::Delete, known, _) => format!("looked at {}", known.unwrap_or_default()),
    }
}

fn outcome(finding: &Finding) -> &'static str {
    match finding {
        Finding::Created { .. } => "created",
        Finding::Unfinished { .. } => "unfinished",
        Finding::NotCreated => "not_created",
        Finding::Changed { .. } => "changed",
        Finding::Deleted => "deleted",
        Finding::StillThere { .. } => "still_there",
        Finding::Undecided { .. } => "undecided",
    }
}

/// Operations of which nobody can tell yet what became of them.
pub fn undecided(found: &[Found]) -> usize {
    found.iter().filter(|found| matches!(found.finding, Finding::Undecided { .. })).count()
}

/// Three lines for each operation, and one for all; ends in a line break.
pub fn recovery(found: &[Found], state: &StateFile, style: Style) -> String {
    if found.is_empty() {
        return format!("Nothing was left open: state {} is whole.\n", state.serial);
    }
    let operation = |found: &Found| {
        let head = format!("{} {}  {}", verb(found.verb), clean_line(&found.address.to_string()), clean_line(&found.type_name));
        let how = format!("class {}: {}", class(found.recovery), looked_for(found));
        format!("{}\n  {}\n  {}\n", style.paint(Role::Strong, head), style.paint(Role::Faint, how), settled(found, style))
    };
    let open = undecided(found);
    let end = match open {
        0 => format!("{} settled", count(found.len(), "operation is", "operations are")),
        n => format!(
            "{} of {} settled; {} open",
            found.len() - n,
            found.len(),
            if n == 1 { "one stays".to_owned() } else { format!("{n} stay") }
        ),
    };
    format!("{}\n{end} in state {}.\n", found.iter().map(operation).collect::<Vec<_>>().join("\n"), state.serial)
}

/// The same as JSON; docs/json.md is the contract.
pub fn recovery_json(found: &[Found], state: &StateFile) -> String {
    let operation = |found: &Found| {
        let (id, error) = match &found.finding {
            Finding::Created { id } | Finding::Unfinished { id } | Finding::Changed { id } | Finding::StillThere { id } => (Some(id), None),
            Finding::Undecided { error } => (found.id.as_ref(), Some(error.to_string())),
            Finding::NotCreated | Finding::Deleted => (None, None),
        };
        json!({
            "address": found.address.to_string(),
            "type": &*found.type_name,
            "operation": verb(found.verb),
            "token": &*found.op,
            "class": class(found.recovery),
            "looked_for": looked_for(found),
            "outcome": outcome(&found.finding),
            "id": id,
            "error": error,
        })
    };
    super::plan_json::finish(&json!({
        "format": "plat.recovery/1",
        "stack": state.stack,
        "env": state.env,
        "serial": state.serial,
        "undecided": undecided(found),
        "operations": found.iter().map(operation).collect::<Vec<_>>(),
    }))
}
