//! What a schema says of a resource type, as a page for reading.

use super::clean::clean;
use super::markdown::markdown;
use super::source_text::value_source;
use super::style::{Role, Style, pad};
use crate::schema::{Attribute, Kind, Mode, ResourceSchema};
use crate::types::{Record, Type};

/// The page of one type.
pub fn type_page(schema: &ResourceSchema, style: Style) -> String {
    let mut out = format!("{}\n\n{}", style.paint(Role::Strong, schema.name), markdown(&format!("{}\n", schema.doc.trim()), style));
    let (computed, inputs): (Vec<&Attribute>, Vec<&Attribute>) = schema.attributes.iter().partition(|a| a.mode == Mode::Computed);
    let (required, optional): (Vec<&Attribute>, Vec<&Attribute>) = inputs.into_iter().partition(|a| a.mode == Mode::Required);
    section("Required", &required, style, &mut out);
    section("Optional", &optional, style, &mut out);
    section(if schema.kind == Kind::LookupOnly { "Answered" } else { "Set by AWS" }, &computed, style, &mut out);
    for record in records(schema) {
        fields(record, style, &mut out);
    }
    rules(schema, style, &mut out);
    if schema.kind == Kind::LookupOnly {
        out.push_str(&format!("\nIt is looked up, not managed: `lookup NAME: {} {{ … }}`.\n", schema.name));
    } else if !schema.import.is_empty() {
        out.push_str(&format!(
            "\n{}: `plat import ADDRESS {}`\n",
            style.paint(Role::Strong, "Import"),
            schema.import.join("|").to_uppercase()
        ));
    }
    let claims = super::claims::lines(schema);
    if !claims.is_empty() {
        out.push_str(&format!("\n{}\n", style.paint(Role::Strong, "Occupies")));
        for line in claims {
            let wrapped = wrap(&line.replace('`', ""), style.width.saturating_sub(4));
            out.push_str(&format!("  {}\n", wrapped.join("\n    ")));
        }
    }
    if schema.stateful {
        out.push_str("\nIt holds data: under `@protect = true` it is deleted or replaced only with explicit consent.\n");
    }
    out
}

/// What AWS refuses.
fn rules(schema: &ResourceSchema, style: Style, out: &mut String) {
    let mut listed: Vec<&str> = Vec::new();
    for rule in schema.rules() {
        if listed.is_empty() {
            out.push_str(&format!("\n{}\n", style.paint(Role::Strong, "What AWS refuses")));
        }
        if !listed.contains(&rule.text) {
            listed.push(rule.text);
            for (i, line) in wrap(rule.text, style.width.saturating_sub(6)).iter().enumerate() {
                out.push_str(&format!("  {}{line}\n", if i == 0 { "- " } else { "  " }));
            }
        }
    }
}

fn section(title: &str, attributes: &[&Attribute], style: Style, out: &mut String) {
    if attributes.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", style.paint(Role::Strong, title)));
    let width = attributes.iter().map(|a| a.name.len()).max().unwrap_or(0).min(36);
    for attribute in attributes {
        let facts = facts(attribute);
        let facts =
            if facts.is_empty() { String::new() } else { format!("  {}", style.paint(Role::Faint, format!("({})", facts.join("; ")))) };
        out.push_str(&format!("  {}  {}{facts}\n", style.paint(Role::Help, pad(attribute.name, width)), attribute.ty));
        for line in wrap(attribute.doc.trim(), style.width.saturating_sub(6)) {
            out.push_str(&format!("      {line}\n"));
        }
    }
}

/// The record types that a type's attributes speak of, each once: the ones of inputs first.
pub(super) fn records(schema: &ResourceSchema) -> Vec<&Record> {
    fn walk<'a>(ty: &'a Type, found: &mut Vec<&'a Record>) {
        match ty {
            Type::List(of) | Type::Map(of) | Type::Optional(of) | Type::Secret(of) => walk(of, found),
            Type::Record(record) if !found.contains(&&**record) => {
                if record.name.is_some() {
                    found.push(record);
                }
                record.fields.iter().for_each(|field| walk(&field.ty, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    let (computed, inputs): (Vec<&Attribute>, Vec<&Attribute>) = schema.attributes.iter().partition(|a| a.mode == Mode::Computed);
    inputs.into_iter().chain(computed).for_each(|attribute| walk(&attribute.ty, &mut found));
    found
}

fn fields(record: &Record, style: Style, out: &mut String) {
    out.push_str(&format!("\n{}\n", style.paint(Role::Strong, record.name.as_deref().unwrap_or("A record"))));
    let width = record.fields.iter().map(|field| field.name.len()).max().unwrap_or(0).min(36);
    for field in &record.fields {
        let facts = if field.optional { format!("  {}", style.paint(Role::Faint, "(may be left out)")) } else { String::new() };
        out.push_str(&format!("  {}  {}{facts}\n", style.paint(Role::Help, pad(&field.name, width)), field.ty));
        for line in wrap(field.doc.trim(), style.width.saturating_sub(6)) {
            out.push_str(&format!("      {line}\n"));
        }
    }
}

pub(super) fn facts(attribute: &Attribute) -> Vec<String> {
    let mut facts = Vec::new();
    match &attribute.mode {
        Mode::Optional { default } if !default.is_null() => facts.push(format!("default {}", value_source(default, &attribute.ty, 0))),
        Mode::Chosen => facts.push("AWS chooses when left out".to_owned()),
        _ => {}
    }
    if attribute.replaces {
        facts.push("a change makes a new one".to_owned());
    }
    if attribute.write_only {
        facts.push("cannot be read back".to_owned());
    }
    if !attribute.among.is_empty() {
        let unit = attribute.unit.map(|unit| format!(" {}", unit.name())).unwrap_or_default();
        facts.push(format!("one of {}{unit}", attribute.among.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
    } else if let Some((least, most)) = attribute.range {
        let unit = attribute.unit.map(|unit| format!(" {}", unit.name())).unwrap_or_default();
        facts.push(format!("{least} to {most}{unit}"));
    } else if let Some(unit) = attribute.unit {
        facts.push(format!("whole {}", unit.name()));
    }
    if let Some(interrupts) = attribute.interrupts {
        facts.push(format!("a change {interrupts}"));
    }
    facts
}

/// `text` in lines of at most `width` columns, broken at spaces; its own paragraphs are kept.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    for paragraph in clean(text).lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.len() + 1 + word.len() > width {
                out.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            out.push(line);
        }
    }
    out
}

/// The same as JSON; docs/json.md is the contract.
pub fn type_json(schema: &ResourceSchema) -> serde_json::Value {
    let attribute = |a: &Attribute| {
        serde_json::json!({
            "name": a.name,
            "cloudformation": a.cfn,
            "doc": a.doc.trim(),
            "type": a.ty.to_string(),
            "mode": match a.mode { Mode::Required => "required", Mode::Optional { .. } => "optional", Mode::Chosen => "chosen", Mode::Computed => "computed" },
            "default": match &a.mode { Mode::Optional { default } => super::masked_json(default), _ => serde_json::Value::Null },
            "replaces": a.replaces,
            "write_only": a.write_only,
            "unordered": a.unordered,
            "unit": a.unit.map(crate::schema::Unit::name),
            "range": a.range,
            "among": a.among,
            "interrupts": a.interrupts,
        })
    };
    serde_json::json!({
        "name": schema.name,
        "doc": schema.doc.trim(),
        "lookup_only": schema.kind == Kind::LookupOnly,
        "import": schema.import,
        "stateful": schema.stateful,
        "claims": super::claims::lines(schema),
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "rules": schema.rules().map(|rule| serde_json::json!({ "text": rule.text, "help": rule.help, "link": rule.link })).collect::<Vec<_>>(),
    })
}
