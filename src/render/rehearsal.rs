//! What came of rehearsing a plan, as lines and as JSON.

use serde_json::{Value as JsonValue, json};

use super::View;
use super::clean::clean_line;
use super::estimate::count;
use super::plan_json::place;
use super::style::Role;
use crate::plan::{Flaw, Plan, Rehearsal, Snag};

/// Flaws that a plan's text names.
pub(super) const LISTED: usize = 20;

/// What a line about a flaw begins with.
pub(super) fn head(flaw: &Flaw) -> &'static str {
    if flaw.snag.refuses() { "would be refused" } else { "would not settle" }
}

/// `deleting net: sub["a"] still uses it (`vpc_id`)`
pub(super) fn said(flaw: &Flaw) -> String {
    let address = &flaw.address;
    match &flaw.snag {
        Snag::InUse { by, attribute } => format!("deleting {address}: {by} still uses it (`{attribute}`)"),
        Snag::Taken { by, id } => format!("creating {address}: {by} has the id `{id}` already"),
        Snag::Claimed { by, thing } => format!("making {address}: {by} has {thing}"),
        Snag::Gone { attribute, was } => format!("making {address}: `{attribute}` refers to {was}, which is deleted before"),
        Snag::Unsettled { attributes } => format!("{address}: the next plan would change `{}` again", attributes.join("`, `")),
    }
}

/// `Rehearsed: all 3 steps go through.`
pub(super) fn fine(rehearsal: &Rehearsal) -> String {
    match rehearsal.steps {
        0 => "Rehearsed: there is nothing to carry out.".to_owned(),
        n => format!("Rehearsed: {} through.", count(n, "step goes", "steps go")),
    }
}

/// `and 12 more`
pub(super) fn more(rehearsal: &Rehearsal) -> Option<String> {
    let more = rehearsal.flaws.len().saturating_sub(LISTED);
    (more > 0).then(|| format!("and {more} more"))
}

/// The part of a plan's text.
pub(super) fn text(plan: &Plan, view: &View<'_>) -> Option<String> {
    let rehearsal = plan.rehearsal.as_ref()?;
    if rehearsal.flaws.is_empty() {
        return Some(view.style.paint(Role::Faint, fine(rehearsal)));
    }
    let line = |flaw: &Flaw| {
        let role = if flaw.snag.refuses() { Role::Error } else { Role::Warning };
        let head = view.style.paint(role, format!("{}:", head(flaw)));
        format!("{head} {}  {}", clean_line(&said(flaw)), view.style.paint(Role::Faint, view.place(flaw.span))).trim_end().to_owned()
    };
    let lines = rehearsal.flaws.iter().take(LISTED).map(line).chain(more(rehearsal));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// `null` when nothing was rehearsed.
pub(super) fn to_json(plan: &Plan, view: &View<'_>) -> JsonValue {
    let Some(rehearsal) = &plan.rehearsal else { return JsonValue::Null };
    let flaw = |flaw: &Flaw| {
        let (kind, by, attributes, id) = match &flaw.snag {
            Snag::InUse { by, attribute } => ("in_use", Some(by), vec![attribute], None),
            Snag::Taken { by, id } => ("taken", Some(by), Vec::new(), Some(id)),
            Snag::Claimed { by, .. } => ("claimed", Some(by), Vec::new(), None),
            Snag::Gone { attribute, was } => ("gone", Some(was), vec![attribute], None),
            Snag::Unsettled { attributes } => ("unsettled", None, attributes.iter().collect(), None),
        };
        json!({
            "address": flaw.address.to_string(),
            "type": &*flaw.type_name,
            "kind": kind,
            "refused": flaw.snag.refuses(),
            "message": said(flaw),
            "by": by.map(|by| &**by),
            "attributes": attributes.iter().map(|name| &***name).collect::<Vec<_>>(),
            "id": id.map(|id| &**id),
            "place": place(flaw.span, view),
        })
    };
    json!({ "steps": rehearsal.steps, "refused": rehearsal.refused(), "flaws": rehearsal.flaws.iter().map(flaw).collect::<Vec<_>>() })
}
