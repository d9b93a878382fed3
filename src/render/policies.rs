//! What policies say of a plan, as lines and as JSON. The full story of a denial is a diagnostic.

use serde_json::{Value as JsonValue, json};

use super::View;
use super::clean::clean_line;
use super::estimate::count;
use super::plan_json::place;
use super::style::Role;
use super::value::masked_json;
use crate::plan::{Alike, Plan, PolicyFinding, Standing, WaiverState, WaiverUse};

/// Denials, and as many warnings, that a plan's text names.
const LISTED: usize = 20;
/// Attributes that the note on what is told later names.
const NAMED: usize = 3;

/// Resources for which a rule does not hold.
pub(super) struct Broken<'a> {
    pub policy: &'a str,
    pub alike: &'a Alike<'a>,
    pub message: &'a str,
    pub place: String,
    /// `the waiver of data team ended on 2026-01-31`
    pub ended: Option<String>,
}

impl<'a> Broken<'a> {
    pub(super) fn of(alike: &'a Alike<'a>, view: &View<'_>) -> Self {
        let finding = alike.first;
        let ended = match &finding.standing {
            Standing::Broken { ended: Some(waiver), .. } => Some(format!("the waiver of {} ended on {}", waiver.owner, waiver.until)),
            _ => None,
        };
        let message = finding.message().map_or("", |message| message);
        Self { policy: &finding.policy.name, alike, message, place: view.place(Some(finding.place())), ended }
    }
}

/// The part of a plan's text; `None` when there is nothing to say.
pub(super) fn text(plan: &Plan, view: &View<'_>) -> Option<String> {
    let mut lines = Vec::new();
    let mut listed = |all: Vec<Alike<'_>>, head: &str, role: Role| {
        for alike in all.iter().take(LISTED) {
            let broken = Broken::of(alike, view);
            let ended = broken.ended.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
            let said = format!("{} ({}): {}{ended}", alike.subjects(str::to_owned), broken.policy, broken.message);
            lines.push(format!("{} {}  {}", view.style.paint(role, head), clean_line(&said), view.style.paint(Role::Faint, &broken.place)));
        }
        let more: usize = all.iter().skip(LISTED).map(|alike| alike.others.len() + 1).sum();
        if more > 0 {
            lines.push(format!("{} {more} more", view.style.paint(role, head)));
        }
    };
    listed(plan.policing.denials(), "policy denies:", Role::Error);
    listed(plan.policing.warnings(), "policy warns:", Role::Warning);
    lines.extend(waived(plan).iter().map(|line| format!("{} {}", view.style.paint(Role::Warning, "waived:"), clean_line(line))));
    lines.extend(later(plan));
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// `production.multi_az of db.instance, by data team until 2027-01-31: the migration`, a line for each waiver that waives.
pub(super) fn waived(plan: &Plan) -> Vec<String> {
    let waives = plan.policing.waivers.iter().filter(|used| used.state == WaiverState::Waives);
    let line = |used: &WaiverUse| {
        let waiver = &used.waiver;
        let subject = waiver.address.as_ref().map_or_else(|| "the stack".to_owned(), ToString::to_string);
        format!("{} of {subject}, by {} until {}: {}", waiver.title, waiver.owner, waiver.until, waiver.reason)
    };
    waives.map(line).collect()
}

/// The note on what can only be told after apply.
pub(super) fn later(plan: &Plan) -> Option<String> {
    let mut waits_for: Vec<String> = Vec::new();
    let mut n = 0;
    for (_, source) in plan.policing.later() {
        n += 1;
        let name = format!("{}.{}", source.address, source.attribute);
        if waits_for.len() <= NAMED && !waits_for.contains(&name) {
            waits_for.push(name);
        }
    }
    if n == 0 {
        return None;
    }
    let more = if waits_for.len() > NAMED { " and others" } else { "" };
    let names = waits_for.iter().take(NAMED).map(|name| clean_line(name).into_owned()).collect::<Vec<_>>().join(", ");
    let what = count(n, "rule of a policy can only be told", "rules of policies can only be told");
    Some(format!("{what} after apply, when {names}{more} {} known", if waits_for.len() == 1 { "is" } else { "are" }))
}

pub(super) fn findings_json(plan: &Plan, view: &View<'_>) -> Vec<JsonValue> {
    plan.policing.findings.iter().map(|finding| finding_json(finding, view)).collect()
}

fn finding_json(finding: &PolicyFinding, view: &View<'_>) -> JsonValue {
    let (verdict, waits_for) = match &finding.standing {
        Standing::Broken { .. } if finding.denies => ("denies", None),
        Standing::Broken { .. } => ("warns", None),
        Standing::Waived { .. } => ("waived", None),
        Standing::Later(source) => ("later", Some(format!("{}.{}", source.address, source.attribute))),
    };
    let waiver = match &finding.standing {
        Standing::Waived { by: waiver, .. } | Standing::Broken { ended: Some(waiver), .. } => {
            Some(json!({ "owner": &*waiver.owner, "until": waiver.until.to_string(), "reason": &*waiver.reason }))
        }
        _ => None,
    };
    json!({
        "policy": &*finding.policy.name,
        "groups": finding.policy.groups.iter().map(|name| &**name).collect::<Vec<_>>(),
        "address": finding.resource.as_ref().map(|resource| resource.address.to_string()),
        "type": finding.resource.as_ref().map(|resource| &*resource.type_name),
        "severity": if finding.denies { "deny" } else { "warn" },
        "verdict": verdict,
        "message": finding.message().map(|message| &**message),
        "reason": finding.policy.reason.as_deref(),
        "attributes": finding.reads.iter().map(|read| json!({ "path": &*read.path, "value": masked_json(&read.value) })).collect::<Vec<_>>(),
        "waits_for": waits_for,
        "waiver": waiver,
        "place": place(Some(finding.place()), view),
        "rule": place(Some(finding.rule), view),
    })
}

pub(super) fn waivers_json(plan: &Plan, view: &View<'_>) -> Vec<JsonValue> {
    let waiver = |used: &WaiverUse| {
        let waiver = &used.waiver;
        json!({
            "policy": &*waiver.title,
            "address": waiver.address.as_ref().map(ToString::to_string),
            "owner": &*waiver.owner,
            "until": waiver.until.to_string(),
            "reason": &*waiver.reason,
            "state": match used.state {
                WaiverState::Waives => "waives",
                WaiverState::Ended => "ended",
                WaiverState::Idle { .. } => "idle",
                WaiverState::Unasked => "unasked",
            },
            "place": place(Some(waiver.span), view),
        })
    };
    plan.policing.waivers.iter().map(waiver).collect()
}
