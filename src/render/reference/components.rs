//! Pages of modules and of what they declare: components, types, functions and policies, read off their source.

use std::path::Path;
use std::sync::Arc;

use super::{Page, Topic, about, in_item};
use crate::resolve::{LIBRARY, Module, Modules};
use crate::source::{SourceMap, Span};
use crate::syntax::ast::{Item, ItemKind, Param, Resource, TypeKind};

/// What the standard library declares.
pub(super) fn library() -> Vec<Page> {
    let mut pages = Vec::new();
    for (name, text) in LIBRARY {
        let mut sources = SourceMap::default();
        let text: Arc<str> = text.into();
        let file = sources.add(Path::new(name), name, text.clone());
        let items = crate::syntax::parse(file, &text).file.items;
        let module = Source { items: &items, sources: &sources, prefix: name };
        pages.push(module.index(&text));
        pages.extend(module.components(Topic::Component));
        pages.extend(module.parts(Topic::Part));
    }
    pages
}

/// What a stack and the folders that it uses declare.
pub(super) fn of_stack(modules: &Modules, sources: &SourceMap) -> Vec<Page> {
    let own = modules.modules.iter().filter(|module| !module.name.starts_with("std."));
    let pages = |module: &Module| {
        let source = Source { items: &module.items, sources, prefix: &module.name };
        [source.components(Topic::Own), source.parts(Topic::Own)].concat()
    };
    own.flat_map(pages).collect()
}

/// A module's items and the text that they are of.
struct Source<'a> {
    items: &'a [Item],
    sources: &'a SourceMap,
    prefix: &'a str,
}

impl Source<'_> {
    /// The page of the module itself. What it is for stands in the comment that its file begins with.
    fn index(&self, text: &str) -> Page {
        let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("// ")).collect();
        let comment = comment.join(" ");
        let told = comment.split_once(": ").map_or(&*comment, |(_, told)| told);
        let told = capital(told);
        let mut out = format!("# {}\n\n{told}\n", self.prefix);
        self.list("Components", &mut out, |kind| matches!(kind, ItemKind::Component { .. }));
        self.list("Types", &mut out, |kind| matches!(kind, ItemKind::Type { .. }));
        self.list("Functions", &mut out, |kind| matches!(kind, ItemKind::Fn(_)));
        self.list("Policies", &mut out, |kind| matches!(kind, ItemKind::Policy(_)));
        Page { topic: Topic::Module, name: self.prefix.to_owned(), about: about(&told), text: out }
    }

    fn list(&self, title: &str, out: &mut String, wanted: fn(&ItemKind) -> bool) {
        let mut items = self.items.iter().filter(|item| wanted(&item.kind)).peekable();
        if items.peek().is_none() {
            return;
        }
        out.push_str(&format!("\n## {title}\n\n"));
        for item in items {
            let line = match &item.kind {
                ItemKind::Component { name, .. } => format!("[`{}`]({}.{}.md)", name.node, self.prefix, name.node),
                ItemKind::Type { name, .. } => format!("`{}`", name.node),
                ItemKind::Policy(policy) => format!("`{}`", policy.name.node),
                ItemKind::Fn(function) => {
                    let params: Vec<String> =
                        function.params.iter().map(|(name, ty)| format!("{}: {}", name.node, self.source(ty.span))).collect();
                    format!("`{}({}) => {}`", function.name.node, params.join(", "), self.source(function.result.span))
                }
                _ => continue,
            };
            let about = about(&item.doc);
            let about = if about.is_empty() { about } else { format!(": {about}") };
            out.push_str(&format!("- {line}{about}\n"));
        }
    }

    fn full(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }

    /// Types, functions and policies. Nothing tells more of them than what is written.
    fn parts(&self, topic: Topic) -> Vec<Page> {
        let of = |item: &Item| {
            let name = match &item.kind {
                ItemKind::Type { name, .. } => name,
                ItemKind::Fn(function) => &function.name,
                ItemKind::Policy(policy) => &policy.name,
                _ => return None,
            };
            let name = self.full(&name.node);
            let doc = item.doc.trim();
            let gap = if doc.is_empty() { "" } else { "\n\n" };
            let text = format!("# {name}\n\n{doc}{gap}```\n{}\n```\n", self.sources.text(item.span).trim());
            Some(Page { topic, name, about: about(doc), text })
        };
        self.items.iter().filter_map(of).collect()
    }

    fn components(&self, topic: Topic) -> Vec<Page> {
        let of = |item: &Item| match &item.kind {
            ItemKind::Component { name, items } => Some(self.component(topic, &name.node, &item.doc, items)),
            _ => None,
        };
        self.items.iter().filter_map(of).collect()
    }

    fn component(&self, topic: Topic, name: &str, doc: &str, items: &[Item]) -> Page {
        let full = self.full(name);
        let mut out = format!("# {full}\n\n");
        if !doc.trim().is_empty() {
            out.push_str(&format!("{}\n\n", doc.trim()));
        }
        if !doc.contains("```") {
            out.push_str(&self.usage(name, items));
        }
        self.params(items, &mut out);
        self.outputs(items, &mut out);
        self.resources(items, &mut out);
        self.types(items, &mut out);
        let text = format!("{}\n", out.trim_end());
        Page { topic, name: full, about: about(doc), text }
    }

    /// A use with what must be given.
    fn usage(&self, name: &str, items: &[Item]) -> String {
        let given = items.iter().filter_map(|item| match &item.kind {
            ItemKind::Param(param) if self.required(param) => Some(&param.name.node),
            _ => None,
        });
        let width = given.clone().map(|name| name.len()).max().unwrap_or(0);
        let lines: String = given.map(|name| format!("  {name:width$} = …\n")).collect();
        let body = if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{lines}}}") };
        format!("```\nresource {}: {name} {body}\n```\n\n", name.to_lowercase())
    }

    fn required(&self, param: &Param) -> bool {
        param.default.is_none() && !matches!(&*param.ty.node, TypeKind::Optional(_))
    }

    fn params(&self, items: &[Item], out: &mut String) {
        let params: Vec<(&str, &Param)> = items
            .iter()
            .filter_map(|item| if let ItemKind::Param(param) = &item.kind { Some((&*item.doc, param)) } else { None })
            .collect();
        heading("Params", params.is_empty(), out);
        for (doc, param) in params {
            let default = match &param.default {
                Some(default) => format!("; default `{}`", self.source(default.span)),
                None if self.required(param) => "; required".to_owned(),
                None => String::new(),
            };
            out.push_str(&format!("- `{}`: `{}`{default}.{}\n", param.name.node, self.source(param.ty.span), in_item(doc)));
            for check in &param.checks {
                out.push_str(&format!("  - It must hold that `{}`.\n", self.source(check.condition.span)));
            }
        }
    }

    fn outputs(&self, items: &[Item], out: &mut String) {
        let outputs: Vec<_> =
            items.iter().filter_map(|item| if let ItemKind::Output(output) = &item.kind { Some((item, output)) } else { None }).collect();
        heading("Outputs", outputs.is_empty(), out);
        for (item, output) in outputs {
            out.push_str(&format!("- `{}`: `{}`.{}\n", output.name.node, self.source(output.ty.span), in_item(&item.doc)));
        }
    }

    fn resources(&self, items: &[Item], out: &mut String) {
        let resources: Vec<&Resource> =
            items.iter().filter_map(|item| if let ItemKind::Resource(resource) = &item.kind { Some(resource) } else { None }).collect();
        heading("Resources in it", resources.is_empty(), out);
        for resource in resources {
            let each = resource.each.as_ref().map(|each| {
                let second = each.second.as_ref().map(|second| format!(", {}", second.node)).unwrap_or_default();
                format!("; one for each `{}{second}` in `{}`", each.first.node, self.source(each.source.span))
            });
            let condition = resource.condition.as_ref().map(|condition| format!("; only if `{}`", self.source(condition.span)));
            let (each, condition) = (each.unwrap_or_default(), condition.unwrap_or_default());
            out.push_str(&format!("- `{}`: `{}`{each}{condition}\n", resource.name.node, resource.ty.node));
        }
    }

    /// The record types of the module that the component's params and outputs speak of.
    fn types(&self, items: &[Item], out: &mut String) {
        let spoken: String = items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Param(param) => Some(self.source(param.ty.span)),
                ItemKind::Output(output) => Some(self.source(output.ty.span)),
                _ => None,
            })
            .collect::<Vec<_>>()
            .join(" ");
        let words: Vec<&str> = spoken.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').collect();
        for item in self.items {
            let ItemKind::Type { name, ty } = &item.kind else { continue };
            let TypeKind::Record(fields) = &*ty.node else { continue };
            if !words.contains(&&*name.node) {
                continue;
            }
            let doc = if item.doc.trim().is_empty() { String::new() } else { format!("{}\n\n", item.doc.trim()) };
            out.push_str(&format!("\n## {}\n\n{doc}", name.node));
            for field in fields {
                let default = match (&field.default, &*field.ty.node) {
                    (Some(default), _) => format!("; default `{}`", self.source(default.span)),
                    (None, TypeKind::Optional(_)) => String::new(),
                    (None, _) => "; required".to_owned(),
                };
                out.push_str(&format!("- `{}`: `{}`{default}.{}\n", field.name.node, self.source(field.ty.span), in_item(&field.doc)));
            }
        }
    }

    /// What stands there, on one line.
    fn source(&self, span: Span) -> String {
        let line = self.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
        [("[ ", "["), (", ]", "]"), (" ]", "]")].iter().fold(line, |line, (from, to)| line.replace(from, to))
    }
}

fn heading(title: &str, empty: bool, out: &mut String) {
    if !empty {
        let gap = if out.ends_with("\n\n") { "" } else { "\n" };
        out.push_str(&format!("{gap}## {title}\n\n"));
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
