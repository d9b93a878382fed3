//! What the state records, as text and as JSON.

use serde_json::{Value as JsonValue, json};

use super::clean::clean_line;
use super::difference::{LineKind, Row, What, rows};
use super::estimate::{count, spoken};
use super::plan_text::{json_inline, row_lines};
use super::style::{Role, Style, columns, pad};
use super::value::masked_json;
use crate::address::Address;
use crate::schema::ResourceSchema;
use crate::state::{Record, StateFile, Status};
use crate::types::Type;
use crate::value::Duration;

/// Header, resources, outputs.
pub fn state_text(state: &StateFile, style: Style, age: Option<Duration>) -> String {
    let account = state.account.as_ref().map(|account| format!(" · account {account}")).unwrap_or_default();
    let region = state.region.as_ref().map(|region| format!(" · {region}")).unwrap_or_default();
    let age = age.filter(|age| age.0 >= 5).map(|age| format!(", {} old", spoken(age))).unwrap_or_default();
    let head = format!("{} · {}{region}{account} · state {}{age}", state.stack, state.env, state.serial);
    let mut out = format!("{}\n", style.paint(Role::Strong, clean_line(&head)));
    if state.resources.is_empty() {
        out.push_str("\nNothing is recorded.\n");
    } else {
        out.push_str(&format!("\n{}\n{}", count(state.resources.len(), "resource", "resources"), resource_list(state, style)));
    }
    if !state.outputs.is_empty() {
        out.push_str(&format!("\n{}\n{}", style.paint(Role::Strong, "Outputs"), outputs_text(state)));
    }
    out
}

/// A line for each resource: address, type, id, and what is wrong with it.
pub fn resource_list(state: &StateFile, style: Style) -> String {
    let shown: Vec<(String, &Record)> = state.resources.iter().map(|(a, r)| (clean_line(&a.to_string()).into_owned(), &**r)).collect();
    let addresses = shown.iter().map(|(a, _)| columns(a)).max().unwrap_or(0).min(50);
    let types = shown.iter().map(|(_, r)| columns(&r.type_name)).max().unwrap_or(0).min(36);
    let mut out = String::new();
    for (address, record) in shown {
        let status = match status(record.status) {
            "" => String::new(),
            said => format!("  {}", style.paint(Role::Warning, said)),
        };
        let protect = if record.protect { style.paint(Role::Faint, "  protected") } else { String::new() };
        let kind = style.paint(Role::Faint, pad(&clean_line(&record.type_name), types));
        let line = format!("  {}  {kind}  {}{status}{protect}", pad(&address, addresses), clean_line(&record.id));
        out.push_str(&format!("{}\n", line.trim_end()));
    }
    out
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Ready => "",
        Status::Broken => "never became usable; the next apply replaces it",
        Status::Unfinished => "not finished; the next apply finishes it",
        Status::Deposed => "replaced; the next apply deletes it",
    }
}

/// `name  value` lines.
pub fn outputs_text(state: &StateFile) -> String {
    let width = state.outputs.keys().map(|name| columns(name)).max().unwrap_or(0);
    state.outputs.iter().map(|(name, value)| format!("  {}  {}\n", pad(&clean_line(name), width), json_inline(value))).collect()
}

/// Everything that is recorded of one resource.
pub fn record_text(address: &Address, record: &Record, schema: Option<&ResourceSchema>, style: Style) -> String {
    let mut out = format!(
        "{}  {}  {}  {}\n",
        style.paint(Role::Strong, clean_line(&address.to_string())),
        style.paint(Role::Faint, clean_line(&record.type_name)),
        clean_line(&record.id),
        clean_line(&record.region),
    );
    let said = status(record.status);
    if !said.is_empty() {
        out.push_str(&format!("  {}\n", style.paint(Role::Warning, said)));
    }
    let ty = |name: &str| schema.and_then(|schema| schema.attribute(name)).map_or(Type::Error, |a| a.ty.clone());
    let order = |name: &str| schema.and_then(|schema| schema.attributes.iter().position(|a| a.name == name)).unwrap_or(usize::MAX);
    // What cannot be read back is known from what was asked for.
    let unread = record.inputs.iter().filter(|(name, _)| !record.observed.contains_key(*name));
    let mut attributes: Vec<_> = record.observed.iter().chain(unread).collect();
    attributes.sort_by_key(|(name, _)| order(name));
    let rows: Vec<_> = attributes.into_iter().flat_map(|(name, value)| rows(&clean_line(name), None, Some(value), &ty(name))).collect();
    for line in row_lines(&settled(rows), style) {
        out.push_str(&line);
        out.push('\n');
    }
    if !record.dependencies.is_empty() {
        let names: Vec<_> = record.dependencies.iter().map(|a| clean_line(&a.to_string()).into_owned()).collect();
        out.push_str(&format!("  depends on {}\n", names.join(", ")));
    }
    out
}

/// What is recorded is neither old nor new.
fn settled(mut rows: Vec<Row>) -> Vec<Row> {
    for row in &mut rows {
        if let What::Lines(lines) = &mut row.what {
            lines.iter_mut().for_each(|line| line.kind = LineKind::Same);
        }
    }
    rows
}

/// The state as JSON; docs/json.md is the contract. Secrets and their fingerprints are left out.
pub fn state_json(state: &StateFile) -> String {
    let resources: Vec<JsonValue> = state.resources.iter().map(|(address, record)| record_value(address, record)).collect();
    super::plan_json::finish(&json!({
        "format": "plat.state/1",
        "stack": state.stack,
        "env": state.env,
        "region": state.region,
        "account": state.account,
        "lineage": state.lineage,
        "serial": state.serial,
        "resources": resources,
        "outputs": state.outputs,
    }))
}

/// A state in its stored form, fit for a terminal: it reads back as the same.
pub fn state_source(stored: &[u8]) -> String {
    super::plan_json::harmless(&String::from_utf8_lossy(stored))
}

/// One resource as JSON.
pub fn record_json(address: &Address, record: &Record) -> String {
    super::plan_json::finish(&record_value(address, record))
}

fn record_value(address: &Address, record: &Record) -> JsonValue {
    let object = |entries: &crate::value::Object| -> JsonValue { entries.iter().map(|(k, v)| (k.to_string(), masked_json(v))).collect() };
    json!({
        "address": address.to_string(),
        "type": &*record.type_name,
        "id": record.id,
        "region": record.region,
        "status": record.status,
        "protect": record.protect,
        "retain": record.retain,
        "inputs": object(&record.inputs),
        "attributes": object(&record.observed),
        "dependencies": record.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The outputs as JSON: an object by name.
pub fn outputs_json(state: &StateFile) -> String {
    super::plan_json::finish(&json!(state.outputs))
}

/// The address in the state that `name` may have meant.
pub fn similar_address(name: &str, state: &StateFile) -> Option<String> {
    let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
    crate::diagnostic::closest(name, known.iter().map(String::as_str)).map(str::to_owned)
}

/// One output bare, for a script: a text without quotes, anything else as JSON.
pub fn output_value(value: &JsonValue) -> String {
    match value {
        JsonValue::String(text) => super::clean(text).into_owned(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}
