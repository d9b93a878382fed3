//! Pages of resource types.

use super::{Page, Topic, about, in_item};
use crate::render::docs::{facts, records};
use crate::schema::{Attribute, Kind, Mode, ResourceSchema};
use crate::types::{Field, Record};

/// The page of a type, and one for each record and each attribute in it.
pub(super) fn pages(schema: &ResourceSchema) -> Vec<Page> {
    let topic = if schema.kind == Kind::LookupOnly { Topic::Lookup } else { Topic::Type };
    let mut pages = vec![Page { topic, name: schema.name.to_owned(), about: about(schema.doc), text: text(schema) }];
    let mut part = |topic: Topic, name: &str, about: String, text: &str| {
        let name = format!("{}.{name}", schema.name);
        pages.push(Page { topic, text: format!("# {name}\n\n{text}"), name, about });
    };
    for record in records(schema) {
        let name = record.name.as_deref().unwrap_or_default();
        part(Topic::Part, name, format!("A record that attributes of `{}` speak of.", schema.name), &fields(record));
    }
    for attribute in &schema.attributes {
        let doc = attribute.doc.trim();
        part(Topic::Attribute, attribute.name, about(doc), &format!("`{}`{}.\n\n{doc}\n", attribute.ty, told(attribute)));
    }
    pages
}

fn text(schema: &ResourceSchema) -> String {
    let mut out = format!("# {}\n\n{}\n", schema.name, schema.doc.trim());
    let lookup = schema.kind == Kind::LookupOnly;
    let of = |wanted: fn(&Mode) -> bool| schema.attributes.iter().filter(|a| wanted(&a.mode)).collect::<Vec<_>>();
    section("Required", &of(|mode| *mode == Mode::Required), &mut out);
    section("Optional", &of(|mode| !matches!(mode, Mode::Required | Mode::Computed)), &mut out);
    section(if lookup { "Answered" } else { "Set by AWS" }, &of(|mode| *mode == Mode::Computed), &mut out);
    for record in records(schema) {
        out.push_str(&format!("\n## {}\n\n{}", record.name.as_deref().unwrap_or("A record"), fields(record)));
    }
    rules(schema, &mut out);
    if lookup {
        out.push_str(&format!("\nIt is looked up, not managed: `lookup NAME: {} {{ … }}`.\n", schema.name));
    } else if !schema.import.is_empty() {
        out.push_str(&format!("\n## Import\n\n`plat import ADDRESS '{}'`\n", schema.import.join("|").to_uppercase()));
    }
    let claims = crate::render::claims::lines(schema);
    if !claims.is_empty() {
        out.push_str("\n## Occupies\n\nNo other resource can have the same at the same time.\n\n");
        claims.iter().for_each(|line| out.push_str(&format!("- {line}\n")));
    }
    if schema.stateful {
        out.push_str("\nIt holds data: under `@protect = true` it is deleted or replaced only with explicit consent.\n");
    }
    out
}

/// What AWS refuses, with its own page about it. Several attributes may share a sentence; it is listed once.
fn rules(schema: &ResourceSchema, out: &mut String) {
    let mut listed: Vec<&str> = Vec::new();
    for rule in schema.rules().filter(|_| schema.kind == Kind::Managed) {
        if listed.is_empty() {
            out.push_str("\n## What AWS refuses\n\nplat reports these before the first call: in `validate` where the values are known, else in the plan.\n\n");
        }
        if !listed.contains(&rule.text) {
            listed.push(rule.text);
            out.push_str(&format!("- {} ([AWS]({}))\n", upper_first(rule.text), rule.link));
        }
    }
}

fn upper_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn section(title: &str, attributes: &[&Attribute], out: &mut String) {
    if attributes.is_empty() {
        return;
    }
    out.push_str(&format!("\n## {title}\n\n"));
    for attribute in attributes {
        out.push_str(&format!("- `{}`: `{}`{}.{}\n", attribute.name, attribute.ty, told(attribute), in_item(attribute.doc)));
    }
}

fn told(attribute: &Attribute) -> String {
    facts(attribute).iter().map(|fact| format!("; {fact}")).collect()
}

fn fields(record: &Record) -> String {
    let line = |field: &Field| {
        let optional = if field.optional { "; may be left out" } else { "" };
        format!("- `{}`: `{}`{optional}.{}\n", field.name, field.ty, in_item(&field.doc))
    };
    record.fields.iter().map(line).collect()
}
