//! What depends on what, as DOT for Graphviz and as JSON.

use serde_json::json;

use super::clean::{clean_line, quoted};
use crate::desired::{Desired, Reason};

/// A directed graph: an arrow goes from a resource to what it needs, labelled with the attribute that refers to it.
pub fn graph_dot(desired: &Desired) -> String {
    let mut out = format!("digraph {} {{\n  rankdir = RL\n  node [shape = box, fontname = \"sans-serif\"]\n", quoted(&desired.stack.name));
    for (address, resource) in &desired.resources {
        let name = quoted(&address.to_string());
        // In DOT `\n` breaks the line of a label; the parts are cleaned, so the break is the only one.
        let label = format!("{}\\n{}", escaped(&address.to_string()), escaped(&resource.type_name));
        out.push_str(&format!("  {name} [label = \"{label}\"]\n"));
    }
    for (address, resource) in &desired.resources {
        for dependency in &resource.dependencies {
            let look = match &dependency.reason {
                Reason::Postponed { attribute, .. } => format!("style = dotted, label = {}", quoted(attribute)),
                Reason::Reference { attribute, .. } => format!("label = {}", quoted(attribute)),
                Reason::After => "style = dashed, label = \"@after\"".to_owned(),
            };
            out.push_str(&format!("  {} -> {} [{look}]\n", quoted(&address.to_string()), quoted(&dependency.on.to_string())));
        }
    }
    out.push_str("}\n");
    out
}

fn escaped(text: &str) -> String {
    clean_line(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// The same as JSON; docs/json.md is the contract.
pub fn graph_json(desired: &Desired) -> String {
    let nodes: Vec<_> =
        desired.resources.iter().map(|(address, r)| json!({ "address": address.to_string(), "type": &*r.type_name })).collect();
    let edges = desired.resources.iter().flat_map(|(address, resource)| {
        resource.dependencies.iter().map(move |dependency| {
            let (attribute, of) = match &dependency.reason {
                Reason::Reference { attribute, of } | Reason::Postponed { attribute, of } => (json!(&**attribute), json!(&**of)),
                Reason::After => (json!(null), json!(null)),
            };
            json!({ "from": address.to_string(), "to": dependency.on.to_string(), "attribute": attribute, "of": of })
        })
    });
    let edges: Vec<_> = edges.collect();
    super::plan_json::finish(
        &json!({ "format": "plat.graph/1", "stack": &*desired.stack.name, "env": &*desired.stack.env, "nodes": nodes, "edges": edges }),
    )
}
