//! What differs between two states of one environment, as text and as JSON.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as JsonValue, json};

use super::clean::clean_line;
use super::difference::{Row, What, rows};
use super::estimate::count;
use super::plan_text::{json_inline, row_lines};
use super::style::{Role, Style, columns, pad};
use super::value::masked_json;
use crate::address::Address;
use crate::schema::Registry;
use crate::state::{Record, StateFile};
use crate::types::Type;
use crate::value::Value;

/// What became of one address, or of two. The records before have the new names of what they depend on.
enum Difference<'a> {
    Added(&'a Address, &'a Record),
    Removed(&'a Address, &'a Record),
    /// The same thing of the cloud, under another address.
    Moved(&'a Address, &'a Address, Cow<'a, Record>, &'a Record),
    Changed(&'a Address, Cow<'a, Record>, &'a Record),
}

fn differences<'a>(before: &'a StateFile, after: &'a StateFile) -> Vec<Difference<'a>> {
    let gone: Vec<_> = before.resources.iter().filter(|(address, _)| !after.resources.contains_key(*address)).collect();
    let by_id: BTreeMap<(&str, &str), (&Address, &Record)> =
        gone.iter().map(|(address, record)| ((&*record.type_name, record.id.as_str()), (*address, &***record))).collect();
    let mut moved: BTreeMap<&Address, &Address> = BTreeMap::new();
    for (address, record) in after.resources.iter().filter(|(address, _)| !before.resources.contains_key(*address)) {
        if let Some((from, _)) = by_id.get(&(&*record.type_name, record.id.as_str())) {
            moved.entry(from).or_insert(address);
        }
    }
    let origins: BTreeMap<&Address, &Address> = moved.iter().map(|(from, to)| (*to, *from)).collect();
    let removed = gone.into_iter().filter(|(address, _)| !moved.contains_key(*address));
    let mut all: Vec<_> = removed.map(|(address, record)| Difference::Removed(address, record)).collect();
    for (address, record) in &after.resources {
        let origin = origins.get(address).copied();
        let Some(old) = before.resources.get(origin.unwrap_or(address)) else {
            all.push(Difference::Added(address, record));
            continue;
        };
        let old = renamed(old, &moved);
        match origin {
            Some(from) => all.push(Difference::Moved(from, address, old, record)),
            None if *old == **record => {}
            None => all.push(Difference::Changed(address, old, record)),
        }
    }
    all
}

/// The record with the new names of what it depends on.
fn renamed<'a>(record: &'a Record, moved: &BTreeMap<&Address, &Address>) -> Cow<'a, Record> {
    if !record.dependencies.iter().any(|on| moved.contains_key(on)) {
        return Cow::Borrowed(record);
    }
    let mut dependencies: Vec<Address> = record.dependencies.iter().map(|on| (*moved.get(on).unwrap_or(&on)).clone()).collect();
    dependencies.sort_unstable();
    Cow::Owned(Record { dependencies, ..record.clone() })
}

/// Outputs with another value, or that only one of the states has.
type OutputDifference<'a> = (&'a String, Option<&'a JsonValue>, Option<&'a JsonValue>);

fn output_differences<'a>(before: &'a StateFile, after: &'a StateFile) -> Vec<OutputDifference<'a>> {
    let names: BTreeSet<&String> = before.outputs.keys().chain(after.outputs.keys()).collect();
    let pair = |name| (name, before.outputs.get(name), after.outputs.get(name));
    names.into_iter().map(pair).filter(|(_, old, new)| old != new).collect()
}

/// What differs, resource by resource; the types of attributes come from the registry.
pub fn state_diff(before: &StateFile, after: &StateFile, registry: &Registry, style: Style) -> String {
    let (found, outputs) = (differences(before, after), output_differences(before, after));
    let head = format!("{} · {} · state {} → state {}", after.stack, after.env, before.serial, after.serial);
    let mut out = format!("{}\n", style.paint(Role::Strong, clean_line(&head)));
    if found.is_empty() && outputs.is_empty() {
        out.push_str("\nThe same resources with the same values.\n");
        return out;
    }
    let widest = |text: fn(&Difference<'_>) -> String| found.iter().map(|one| columns(&text(one))).max().unwrap_or(0).min(50);
    let widths = (widest(name_of), widest(type_of));
    for (i, one) in found.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { "" });
        out.push_str(&shown(one, registry, widths, style));
    }
    if !outputs.is_empty() {
        out.push_str(&format!("\n{}\n", style.paint(Role::Strong, "Outputs")));
        let text = |value: Option<&JsonValue>| value.map_or_else(|| "(not set)".to_owned(), json_inline);
        let line = |(name, old, new): &OutputDifference<'_>| format!("  {}  {} → {}\n", clean_line(name), text(*old), text(*new));
        out.extend(outputs.iter().map(line));
    }
    out.push_str(&format!("\n{}\n", summary(&found)));
    out
}

fn name_of(one: &Difference<'_>) -> String {
    let (Difference::Added(address, _)
    | Difference::Removed(address, _)
    | Difference::Moved(_, address, ..)
    | Difference::Changed(address, ..)) = one;
    clean_line(&address.to_string()).into_owned()
}

fn type_of(one: &Difference<'_>) -> String {
    let (Difference::Added(_, record) | Difference::Removed(_, record) | Difference::Moved(.., record) | Difference::Changed(.., record)) =
        one;
    clean_line(&record.type_name).into_owned()
}

fn shown(one: &Difference<'_>, registry: &Registry, widths: (usize, usize), style: Style) -> String {
    let (symbol, role, record, was) = match one {
        Difference::Added(_, record) => ("+", Role::Add, record, String::new()),
        Difference::Removed(_, record) => ("-", Role::Destroy, record, String::new()),
        Difference::Moved(from, _, _, record) => (">", Role::Strong, record, format!("  was {}", clean_line(&from.to_string()))),
        Difference::Changed(_, _, record) => ("~", Role::Strong, record, String::new()),
    };
    let line = format!(
        "  {} {}  {}  {}{was}",
        style.paint(role, symbol),
        pad(&name_of(one), widths.0),
        style.paint(Role::Faint, pad(&type_of(one), widths.1)),
        clean_line(&record.id),
    );
    let mut out = format!("{}\n", line.trim_end());
    if let Difference::Changed(_, old, new) | Difference::Moved(_, _, old, new) = one {
        for line in row_lines(&record_rows(old, new, registry), style) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

fn summary(found: &[Difference<'_>]) -> String {
    let of = |is: fn(&Difference<'_>) -> bool| found.iter().filter(|one| is(one)).count();
    let counts = [
        (of(|one| matches!(one, Difference::Added(..))), "added"),
        (of(|one| matches!(one, Difference::Changed(..))), "changed"),
        (of(|one| matches!(one, Difference::Moved(..))), "moved"),
        (of(|one| matches!(one, Difference::Removed(..))), "removed"),
    ];
    let said: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    match said.as_slice() {
        [] => "No resource differs.".to_owned(),
        said => format!("{}: {}.", count(found.len(), "resource differs", "resources differ"), said.join(", ")),
    }
}

/// One attribute's two values.
struct Attribute {
    name: Arc<str>,
    /// As it was asked for; else as it was read.
    asked: bool,
    before: Option<Value>,
    after: Option<Value>,
}

/// What was read, and what the program asked for where that is not the same change.
fn attributes(old: &Record, new: &Record) -> Vec<Attribute> {
    let mut found = Vec::new();
    let read: BTreeSet<&Arc<str>> = old.observed.keys().chain(new.observed.keys()).collect();
    for name in &read {
        let (was, is) = (old.observed.get(&***name), new.observed.get(&***name));
        if was != is {
            found.push(Attribute { name: (*name).clone(), asked: false, before: was.cloned(), after: is.cloned() });
        }
    }
    let asked: BTreeSet<&Arc<str>> = old.inputs.keys().chain(new.inputs.keys()).collect();
    for name in asked {
        let (was, is) = (old.inputs.get(&**name), new.inputs.get(&**name));
        if was != is && !found.iter().any(|told: &Attribute| told.name == *name) {
            found.push(Attribute { name: name.clone(), asked: true, before: was.cloned(), after: is.cloned() });
        }
    }
    found
}

fn record_rows(old: &Record, new: &Record, registry: &Registry) -> Vec<Row> {
    let ty = |name: &str| registry.get(&new.type_name).and_then(|schema| schema.attribute(name)).map_or(Type::Error, |a| a.ty.clone());
    let mut out: Vec<Row> = own_rows(old, new);
    for Attribute { name, asked, before, after } in attributes(old, new) {
        let label = if asked { format!("{} (as asked for)", clean_line(&name)) } else { clean_line(&name).into_owned() };
        out.extend(rows(&label, before.as_ref(), after.as_ref(), &ty(&name)));
    }
    out
}

/// What the record says of the resource beside its attributes.
fn own_rows(old: &Record, new: &Record) -> Vec<Row> {
    let words = |record: &Record| {
        let on: Vec<String> = record.dependencies.iter().map(ToString::to_string).collect();
        let status = serde_json::to_value(record.status).unwrap_or_default();
        [
            ("type", record.type_name.to_string()),
            ("id", record.id.clone()),
            ("region", record.region.clone()),
            ("@protect", record.protect.to_string()),
            ("@retain", record.retain.to_string()),
            ("status", status.as_str().unwrap_or_default().to_owned()),
            ("depends on", if on.is_empty() { "nothing".to_owned() } else { on.join(", ") }),
        ]
    };
    let becomes = |((name, was), (_, is)): ((&str, String), (&str, String))| {
        let what = What::Becomes(clean_line(&was).into_owned(), clean_line(&is).into_owned());
        (was != is).then(|| Row { name: name.to_owned(), what })
    };
    words(old).into_iter().zip(words(new)).filter_map(becomes).collect()
}

/// What differs as JSON. Secrets and their fingerprints are left out.
pub fn state_diff_json(before: &StateFile, after: &StateFile) -> String {
    let resources: Vec<JsonValue> = differences(before, after).iter().map(difference_json).collect();
    let outputs = output_differences(before, after);
    super::plan_json::finish(&json!({
        "format": "plat.state-diff/1",
        "stack": after.stack,
        "env": after.env,
        "from": before.serial,
        "to": after.serial,
        "resources": resources,
        "outputs": outputs.iter().map(|(name, old, new)| json!({ "name": name, "before": old, "after": new })).collect::<Vec<_>>(),
    }))
}

fn difference_json(one: &Difference<'_>) -> JsonValue {
    let named = |address: &Address, kind: &str, record: &Record| json!({ "address": address.to_string(), "difference": kind, "type": &*record.type_name, "id": record.id });
    let changes = |old: &Record, new: &Record| -> Vec<JsonValue> {
        let value = |value: &Option<Value>| value.as_ref().map(masked_json);
        let change = |one: &Attribute| {
            let of = if one.asked { "inputs" } else { "attributes" };
            json!({ "attribute": &*one.name, "of": of, "before": value(&one.before), "after": value(&one.after) })
        };
        attributes(old, new).iter().map(change).collect()
    };
    let with = |mut json: JsonValue, more: Vec<(&str, JsonValue)>| {
        if let Some(members) = json.as_object_mut() {
            members.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        json
    };
    match one {
        Difference::Added(address, record) => named(address, "added", record),
        Difference::Removed(address, record) => named(address, "removed", record),
        Difference::Moved(from, to, old, new) => {
            with(named(to, "moved", new), vec![("from", json!(from.to_string())), ("changes", json!(changes(old, new)))])
        }
        Difference::Changed(address, old, new) => with(named(address, "changed", new), vec![("changes", json!(changes(old, new)))]),
    }
}
