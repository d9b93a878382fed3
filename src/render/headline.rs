//! The line that says what becomes of one resource, and why.

use std::sync::Arc;

use super::clean::clean_line;
use super::difference::{self, Row};
use super::estimate::spoken;
use super::style::Role;
use super::{View, value};
use crate::plan::{Action, Change, Step};
use crate::schema::Mode;
use crate::state::{Record, Status};
use crate::value::Value;

/// One step's line, in its parts.
pub struct Headline {
    /// `+`, `-/+`, `~` …
    pub symbol: &'static str,
    pub role: Role,
    pub address: String,
    pub type_name: String,
    pub reason: String,
    /// `network.plat:14`
    pub place: String,
}

/// In the order in which a plan shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something is lost or interrupted: deletes, replacements.
    Lost,
    /// Something that exists changes, or only what plat knows of it.
    Changed,
    New,
    Nothing,
}

pub fn weight(action: &Action) -> Weight {
    match action {
        Action::Delete | Action::Replace { .. } => Weight::Lost,
        Action::Update | Action::Forget | Action::Import { .. } => Weight::Changed,
        Action::Create => Weight::New,
        Action::NoOp => Weight::Nothing,
    }
}

pub fn headline(step: &Step, view: &View<'_>) -> Headline {
    let (symbol, role) = match &step.action {
        Action::NoOp => ("", Role::Faint),
        Action::Create => ("+", Role::Add),
        Action::Update => ("~", Role::Change),
        Action::Replace { create_first: false, .. } => ("-/+", Role::Destroy),
        Action::Replace { create_first: true, .. } => ("+/-", Role::Destroy),
        Action::Delete => ("-", Role::Destroy),
        Action::Forget => ("out", Role::Change),
        Action::Import { .. } => ("in", Role::Change),
    };
    Headline {
        symbol,
        role,
        address: clean_line(&step.address.to_string()).into_owned(),
        type_name: clean_line(&step.type_name).into_owned(),
        reason: reason(step, view),
        place: view.place(step.span),
    }
}

fn reason(step: &Step, view: &View<'_>) -> String {
    let id = step.prior.as_ref().map(|prior| clean_line(&prior.id).into_owned()).unwrap_or_default();
    let lost = match data(step, view) {
        Data::None => String::new(),
        Data::Lost => ", and its data is lost".to_owned(),
        Data::Remains(what) => format!("; {}", clean_line(&what)),
    };
    match &step.action {
        Action::NoOp | Action::Create => String::new(),
        Action::Update => match interruption(step) {
            none if none.is_empty() && step.prior.as_ref().is_some_and(|prior| prior.status == Status::Unfinished) => {
                "finished: the last operation on it was not through when plat stopped waiting".to_owned()
            }
            interruption => interruption,
        },
        Action::Replace { forced_by, .. } if forced_by.is_empty() => {
            let broken = step.prior.as_ref().is_some_and(|prior| prior.status == Status::Broken);
            format!("replaced: {}{lost}", if broken { "it never became usable" } else { "asked for" })
        }
        Action::Replace { forced_by, .. } => {
            let follows = |name: &&Arc<str>| {
                let changes = step.changes.iter().any(|change| change.attribute == **name && change.forces_replacement);
                !changes && view.schema(&step.type_name).and_then(|schema| schema.attribute(name)).is_some_and(|a| a.follows.is_some())
            };
            let (followed, fixed): (Vec<_>, Vec<_>) = forced_by.iter().partition(follows);
            let words = |names: Vec<&Arc<str>>| and(&names.into_iter().map(|name| forcing(name)).collect::<Vec<_>>());
            let followed = (!followed.is_empty()).then(|| format!("what {} refers to is replaced", words(followed)));
            let fixed = (!fixed.is_empty()).then(|| format!("{} cannot change in place", words(fixed)));
            format!("replaced: {}{lost}", fixed.into_iter().chain(followed).collect::<Vec<_>>().join(", "))
        }
        Action::Delete if step.prior.as_ref().is_some_and(|prior| prior.status == Status::Deposed) => {
            format!("deleted: `{id}`, which its replacement stands for by now")
        }
        Action::Delete => {
            format!("deleted: `{id}`{}{lost}", if view.destroying { "" } else { ", no longer in the program" })
        }
        Action::Forget => format!("forgotten: `{id}` stays in the cloud, plat lets go of it"),
        Action::Import { id } => format!("imported: `{}`", clean_line(id)),
    }
}

/// What becomes of the data that a deleted or replaced resource holds.
pub enum Data {
    /// It holds none, or stays.
    None,
    Lost,
    /// What keeps it: `a final snapshot keeps its data`.
    Remains(String),
}

pub fn data(step: &Step, view: &View<'_>) -> Data {
    let leaves = matches!(step.action, Action::Delete | Action::Replace { .. });
    let deposed = |prior: &Record| prior.status == Status::Deposed;
    let prior = step.prior.as_ref().filter(|prior| leaves && !deposed(prior));
    let Some((prior, schema)) = prior.and_then(|prior| Some((prior, view.schema(&prior.type_name)?))) else { return Data::None };
    if !schema.stateful {
        return Data::None;
    }
    // As the delete sees it: what was applied last, and beside it what was read.
    let mut attributes = prior.observed.clone().into_object();
    attributes.extend(prior.inputs.iter().map(|(name, value)| (name.clone(), value.clone())));
    schema.remains.and_then(|remains| remains(&attributes)).map_or(Data::Lost, Data::Remains)
}

/// What cannot change in place, in a message.
fn forcing(name: &str) -> String {
    match name {
        "@type" => "the type".to_owned(),
        "@region" => "the region".to_owned(),
        name => format!("`{}`", clean_line(name)),
    }
}

/// `restarts the database, about 1 minute`
fn interruption(step: &Step) -> String {
    let mut interrupts: Vec<&str> = step.changes.iter().filter_map(|change| change.interrupts).collect();
    interrupts.dedup();
    if interrupts.is_empty() {
        return String::new();
    }
    let time = if step.estimate.0 > 0 { format!(", about {}", spoken(step.estimate)) } else { String::new() };
    format!("{}{time}", interrupts.join(", "))
}

/// `a`, `a and b`, `a, b and c`.
pub fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

/// The rows under a step: what forces a replacement first, then the schema's order.
pub fn rows(step: &Step, view: &View<'_>) -> Vec<Row> {
    let (forcing, others): (Vec<&Change>, Vec<&Change>) = step.changes.iter().partition(|change| change.forces_replacement);
    forcing
        .into_iter()
        .chain(others)
        .filter(|change| view.full || is_worth_a_row(step, change, view))
        .flat_map(|change| row(step, change, view))
        .collect()
}

fn row(step: &Step, change: &Change, view: &View<'_>) -> Vec<Row> {
    let ty = view.attribute_type(&step.type_name, &change.attribute);
    let name = clean_line(&change.attribute);
    difference::rows(&name, change.before.as_ref(), change.after.as_ref(), &ty)
}

/// What AWS sets by itself on a new resource tells nobody anything.
fn is_worth_a_row(step: &Step, change: &Change, view: &View<'_>) -> bool {
    let computed = || view.schema(&step.type_name).and_then(|s| s.attribute(&change.attribute)).is_some_and(|a| a.mode == Mode::Computed);
    !(matches!(change.after, Some(Value::Unknown(_))) && change.before.is_none() && computed())
}

/// The text of one row's value, for formats that write it on one line.
pub fn one_line(what: &difference::What) -> String {
    match what {
        difference::What::Set(text) => text.clone(),
        difference::What::Unset(text) => format!("{text} → (not set)"),
        difference::What::Becomes(old, new) => format!("{old} → {new}"),
        difference::What::Lines(lines) => {
            let known = lines.iter().filter(|line| line.kind != difference::LineKind::Skipped).count();
            if known == 0 { value::LATER.to_owned() } else { format!("({})", super::estimate::count(known, "line", "lines")) }
        }
    }
}
