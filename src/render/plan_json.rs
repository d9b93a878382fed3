//! A plan as JSON; docs/json.md is the contract.

use serde_json::{Value as JsonValue, json};

use super::View;
use super::clean::reorders;
use super::headline::{Data, data};
use super::value::masked_json;
use crate::plan::{Action, Change, Drift, DriftKind, Plan, Scope, Step, Verdict};
use crate::source::Span;

/// The plan as one JSON document, ending in a line break. Characters that turn the direction of text are escaped.
pub fn plan_json(plan: &Plan, view: &View<'_>) -> String {
    let steps: Vec<&Step> = plan.steps.iter().filter(|step| view.full || step.action != Action::NoOp).collect();
    let unchanged = plan.steps.iter().filter(|step| step.action == Action::NoOp).count();
    let sum = plan.summary();
    let (total, _) = plan.estimate();
    let document = json!({
        "format": "plat.plan/1",
        "stack": plan.stack,
        "env": plan.env,
        "region": plan.region,
        "account": plan.account,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "empty": plan.is_empty(),
        "summary": {
            "add": sum.add, "change": sum.change, "destroy": sum.destroy,
            "import": sum.import, "forget": sum.forget, "unchanged": unchanged,
        },
        "estimate_seconds": total.0,
        "steps": steps.iter().map(|one| step(one, plan, view)).collect::<Vec<_>>(),
        "moves": plan.moves.iter().map(|(from, to)| json!({ "from": from.to_string(), "to": to.to_string() })).collect::<Vec<_>>(),
        "renames": plan.renames.iter().map(|rename| json!({
            "from": rename.from.to_string(), "to": rename.to.to_string(), "line": rename.line(), "resources": rename.resources,
        })).collect::<Vec<_>>(),
        "spent": plan.spent.iter().map(|spent| json!({
            "line": spent.line, "instead": spent.instead, "place": place(Some(spent.span), view),
        })).collect::<Vec<_>>(),
        "drift": drift_json(plan),
        "left_out": left_out(plan),
        "outputs": plan.outputs.iter().map(|change| json!({
            "name": &*change.output.name,
            "changes": change.changes(),
            "before": change.before,
            "after": masked_json(&change.output.value),
            "place": place(Some(change.output.span), view),
        })).collect::<Vec<_>>(),
        "asserts": plan.asserts.iter().map(|(assert, verdict)| json!({
            "message": &*assert.message,
            "verdict": match verdict { Verdict::Holds => "holds", Verdict::Fails => "fails", Verdict::Later => "later" },
            "place": place(Some(assert.span), view),
        })).collect::<Vec<_>>(),
        "policies": super::policies::findings_json(plan, view),
        "waivers": super::policies::waivers_json(plan, view),
        "cannot_be_undone": super::lost::to_json(plan),
        "rehearsal": super::rehearsal::to_json(plan, view),
    });
    finish(&document)
}

/// Pretty, with a line break at the end, and with nothing in it that a terminal or a reader could be misled by.
pub(crate) fn finish(document: &JsonValue) -> String {
    let mut out = harmless(&serde_json::to_string_pretty(document).unwrap_or_default());
    out.push('\n');
    out
}

/// A JSON document with escapes for what a terminal or a reader could be misled by.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        // Such characters can stand in strings only, where an escape means the same.
        if reorders(c) || (c.is_control() && c != '\n') {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn step(step: &Step, plan: &Plan, view: &View<'_>) -> JsonValue {
    let after: Vec<String> = step.after.iter().filter_map(|i| plan.steps.get(*i)).map(|s| s.address.to_string()).collect();
    let mut out = json!({
        "address": step.address.to_string(),
        "type": &*step.type_name,
        "action": action(&step.action),
        "id": step.prior.as_ref().map(|prior| prior.id.as_str()),
        "changes": step.changes.iter().map(|one| change(one, view)).collect::<Vec<_>>(),
        "after": after,
        "estimate_seconds": step.estimate.0,
        "place": place(step.span, view),
    });
    if let Some(fields) = out.as_object_mut() {
        match data(step, view) {
            Data::None => {}
            Data::Lost => drop(fields.insert("data".to_owned(), json!({ "lost": true, "remains": null }))),
            Data::Remains(what) => drop(fields.insert("data".to_owned(), json!({ "lost": false, "remains": what }))),
        }
        match &step.action {
            Action::Replace { forced_by, create_first } => {
                fields.insert("forced_by".to_owned(), forced_by.iter().map(|name| json!(&**name)).collect());
                fields.insert("create_first".to_owned(), json!(create_first));
            }
            Action::Import { id } => {
                fields.insert("id".to_owned(), json!(&**id));
            }
            _ => {}
        }
    }
    out
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::NoOp => "no_op",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { .. } => "replace",
        Action::Delete => "delete",
        Action::Forget => "forget",
        Action::Import { .. } => "import",
    }
}

fn change(change: &Change, view: &View<'_>) -> JsonValue {
    json!({
        "attribute": &*change.attribute,
        "before": change.before.as_ref().map(masked_json),
        "after": change.after.as_ref().map(masked_json),
        "known": change.after.as_ref().is_none_or(|value| value.unknown().is_none()),
        "forces_replacement": change.forces_replacement,
        "interrupts": change.interrupts,
        "place": place(change.span, view),
    })
}

/// What was changed outside plat.
pub(super) fn drift_json(plan: &Plan) -> Vec<JsonValue> {
    plan.drift.iter().map(drift).collect()
}

/// What a choice keeps out of the plan; `null` where nothing was chosen.
fn left_out(plan: &Plan) -> JsonValue {
    let Scope::Chosen(left) = &plan.scope else { return JsonValue::Null };
    let steps: Vec<_> =
        left.steps.iter().map(|(address, what)| json!({ "address": address.to_string(), "action": action(what) })).collect();
    json!({ "option": left.option, "steps": steps })
}

/// What was changed outside plat as a document of its own.
pub fn drift_document(plan: &Plan) -> String {
    finish(&json!({
        "format": "plat.drift/1",
        "stack": plan.stack,
        "env": plan.env,
        "region": plan.region,
        "account": plan.account,
        "serial": plan.serial,
        "drifted": plan.drifted(),
        "drift": drift_json(plan),
    }))
}

fn drift(drift: &Drift) -> JsonValue {
    let address = drift.address.to_string();
    match &drift.kind {
        DriftKind::Gone => json!({ "address": address, "type": &*drift.type_name, "kind": "gone" }),
        DriftKind::Changed { attribute, before, after, kept } => json!({
            "address": address,
            "type": &*drift.type_name,
            "kind": "changed",
            "attribute": &**attribute,
            "before": masked_json(before),
            "after": masked_json(after),
            "kept": kept,
        }),
    }
}

pub(super) fn place(span: Option<Span>, view: &View<'_>) -> JsonValue {
    let Some((span, file)) = span.and_then(|span| Some((span, view.sources.file(span.file)?))) else {
        return JsonValue::Null;
    };
    let (line, column) = file.line_column(span.start);
    json!({ "file": &*file.name, "line": line, "column": column })
}
