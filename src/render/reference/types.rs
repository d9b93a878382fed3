//! Pages of resource types.

use super::{Page, Topic, about, in_item};
use crate::render::docs::{facts, records};
use crate::schema::{Attribute, Kind, Mode, ResourceSchema};

pub(super) fn page(schema: &ResourceSchema) -> Page {
    let topic = if schema.kind == Kind::LookupOnly { Topic::Lookup } else { Topic::Type };
    Page { topic, name: schema.name.to_owned(), about: about(schema.doc), text: text(schema) }
}

fn text(schema: &ResourceSchema) -> String {
    let mut out = format!("# {}\n\n{}\n", schema.name, schema.doc.trim());
    let lookup = schema.kind == Kind::LookupOnly;
    let of = |wanted: fn(&Mode) -> bool| schema.attributes.iter().filter(|a| wanted(&a.mode)).collect::<Vec<_>>();
    section("Required", &of(|mode| *mode == Mode::Required), &mut out);
    section("Optional", &of(|mode| !matches!(mode, Mode::Required | Mode::Computed)), &mut out);
    section(if lookup { "Answered" } else { "Set by AWS" }, &of(|mode| *mode == Mode::Computed), &mut out);
    for record in records(schema) {
        out.push_str(&format!("\n## {}\n\n", record.name.as_deref().unwrap_or("A record")));
        for field in &record.fields {
            let optional = if field.optional { ", may be left out" } else { "" };
            out.push_str(&format!("- `{}`: `{}`{optional}.{}\n", field.name, field.ty, in_item(&field.doc)));
        }
    }
    if lookup {
        out.push_str(&format!("\nIt is looked up, not managed: `lookup NAME: {} {{ … }}`.\n", schema.name));
    } else if !schema.import.is_empty() {
        out.push_str(&format!("\n## Import\n\n`plat import ADDRESS '{}'`\n", schema.import.join("|").to_uppercase()));
    }
    if schema.stateful {
        out.push_str("\nIt holds data: under `@protect = true` it is deleted or replaced only with explicit consent.\n");
    }
    out
}

fn section(title: &str, attributes: &[&Attribute], out: &mut String) {
    if attributes.is_empty() {
        return;
    }
    out.push_str(&format!("\n## {title}\n\n"));
    for attribute in attributes {
        let facts: String = facts(attribute).iter().map(|fact| format!("; {fact}")).collect();
        out.push_str(&format!("- `{}`: `{}`{facts}.{}\n", attribute.name, attribute.ty, in_item(attribute.doc)));
    }
}
