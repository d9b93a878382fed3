//! Bodies whose names are given: records of a known type, resources, uses of components.

use std::collections::HashMap;
use std::sync::Arc;

use super::settings::Place;
use super::typed::{ExprId, ExprKind, Options, RecordKey, Setting};
use super::{Checker, Scope, mismatch};
use crate::diagnostic::{Code, Diagnostic, closest, listed};
use crate::schema::{Mode, ResourceSchema};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Entry, Key};
use crate::types::{Record, Type};
use crate::value::{Hashing, Value};

/// One name that a body may give.
pub(super) struct Wanted {
    name: Arc<str>,
    ty: Type,
    required: bool,
}

/// The only name that has `name` for its first or last words.
fn longer<'w>(name: &str, wanted: &'w [Wanted]) -> Option<&'w str> {
    let names = || wanted.iter().map(|w| &*w.name);
    let only = |part: String, fits: fn(&str, &str) -> bool| {
        let mut found = names().filter(|name| fits(name, &part));
        found.next().filter(|_| found.next().is_none())
    };
    only(format!("{name}_"), |name, part| name.starts_with(part)).or_else(|| only(format!("_{name}"), |name, part| name.ends_with(part)))
}

impl Checker<'_> {
    /// A record literal where a record of a known type is wanted. Fields left out take their defaults.
    pub(super) fn record_as(&mut self, scope: &mut Scope, entries: &[Entry], record: &Arc<Record>, span: Span) -> ExprId {
        let wanted: Vec<Wanted> =
            record.fields.iter().map(|f| Wanted { name: f.name.clone(), ty: f.ty.clone(), required: !f.optional }).collect();
        let owner = record.name.as_ref().map_or_else(|| "this record".to_owned(), |n| format!("`{n}`"));
        let (settings, _) = self.settings(scope, entries, &wanted, &owner, span, None);
        let defaults = self.field_defaults.of(record).to_vec();
        let mut typed: Vec<(RecordKey, ExprId)> = Vec::with_capacity(record.fields.len());
        let mut given: HashMap<&str, ExprId, Hashing> = settings.iter().map(|s| (&*s.name.node, s.value)).collect();
        for field in &record.fields {
            let default = || defaults.iter().find(|(name, _)| *name == field.name).map(|(_, id)| *id);
            if let Some(value) = given.remove(&*field.name).or_else(default) {
                typed.push((RecordKey::Name(field.name.clone()), value));
            }
        }
        self.push(ExprKind::Record(typed.into()), Type::Record(record.clone()), span)
    }

    /// The body of a resource or lookup of type `schema`.
    pub(super) fn resource_body(
        &mut self,
        scope: &mut Scope,
        schema: &ResourceSchema,
        resource: &ast::Resource,
        lookup: bool,
    ) -> (Vec<Setting>, Options) {
        let wanted = self.wanted_by(schema, lookup);
        let computed = |name: &str| !lookup && schema.attribute(name).is_some_and(|a| a.mode == Mode::Computed);
        let (mut set_by_aws, mut rest) = (Vec::new(), Vec::with_capacity(resource.entries.len()));
        for entry in &resource.entries {
            match &entry.key {
                Key::Name(name) if computed(name) => set_by_aws.push(name),
                _ => rest.push(entry),
            }
        }
        for name in set_by_aws {
            self.report(
                Diagnostic::error(Code(205), name.span, format!("`{}` is set by AWS, not by you", name.node))
                    .label("computed")
                    .help(format!("remove it; read it elsewhere as `{}.{}`", resource.name.node, name.node)),
            );
        }
        let place = if lookup { Place::Lookup } else { Place::Resource };
        // The names that go with Terraform's `for_each` and `count` are part of that one mistake.
        let loops = |entry: &&Entry| matches!(&entry.key, Key::Name(name) if matches!(&*name.node, "for_each" | "count") && schema.attribute(&name.node).is_none());
        if let Some(entry) = resource.entries.iter().find(loops) {
            scope.with_locals(&["each", "count"].map(|name| (name.into(), Type::Error, entry.key.span())));
        }
        let (settings, options) = self.settings(scope, rest, &wanted, &format!("`{}`", schema.name), resource.name.span, Some(place));
        self.ignorable(&options, schema);
        (settings, options)
    }

    /// What the body of a resource or lookup of type `schema` may give, made once for each type.
    fn wanted_by(&mut self, schema: &ResourceSchema, lookup: bool) -> Arc<[Wanted]> {
        let made = || {
            let given = schema.attributes.iter().filter(|a| a.is_input() || lookup);
            let wanted = given.map(|a| Wanted {
                name: a.name.into(),
                ty: if a.mode == Mode::Required { a.ty.clone() } else { Type::optional(a.ty.clone()) },
                required: a.mode == Mode::Required && !lookup,
            });
            wanted.collect()
        };
        Arc::clone(self.wanted.entry((schema.name, lookup)).or_insert_with(made))
    }

    /// What the body of a component's use may give, made once for each component.
    fn wanted_by_component(&mut self, unit: usize) -> Arc<[Wanted]> {
        let params = self.signatures.get(unit).map_or(&[][..], |signature| &signature.params);
        let made = || params.iter().map(|p| Wanted { name: p.name.clone(), ty: p.ty.clone(), required: p.required }).collect();
        Arc::clone(self.wanted_by_components.entry(unit).or_insert_with(made))
    }

    /// The body of a component's use.
    pub(super) fn component_body_of(&mut self, scope: &mut Scope, unit: usize, resource: &ast::Resource) -> (Vec<Setting>, Options) {
        let wanted = self.wanted_by_component(unit);
        self.settings(scope, &resource.entries, &wanted, &format!("`{}`", resource.ty.node), resource.name.span, Some(Place::Component))
    }

    /// What `@ignore` names is an attribute, or a part of one.
    fn ignorable(&mut self, options: &Options, schema: &ResourceSchema) {
        let Some(ExprKind::List(items)) = options.ignore.and_then(|id| self.kind(id)) else { return };
        for id in items.clone() {
            let Some(ExprKind::Const(Value::String(path))) = self.kind(id) else { continue };
            let name = path.split('.').next().unwrap_or(path);
            if schema.attribute(name).is_some_and(crate::schema::Attribute::is_input) {
                continue;
            }
            let (name, span) = (name.to_owned(), self.span(id));
            let inputs = schema.attributes.iter().filter(|a| a.is_input()).map(|a| a.name);
            let help = match closest(&name, inputs) {
                Some(close) => format!("did you mean \"{close}\"?"),
                None => format!("`plat docs {}` lists its attributes; a part of one is written `\"tags.Owner\"`", schema.name),
            };
            self.report(
                Diagnostic::error(Code(201), span, format!("`{}` takes no `{name}` that a change of could be ignored", schema.name))
                    .label("not one of its inputs")
                    .help(help),
            );
        }
    }

    /// Types the entries of a body against what may be given. `engine`: where `@` settings are possible.
    fn settings<'e>(
        &mut self,
        scope: &mut Scope,
        entries: impl IntoIterator<Item = &'e Entry>,
        wanted: &[Wanted],
        owner: &str,
        at: Span,
        engine: Option<Place>,
    ) -> (Vec<Setting>, Options) {
        let mut seen: HashMap<Arc<str>, Span, Hashing> = HashMap::default();
        let mut settings = Vec::new();
        let mut options = Options::default();
        let mut meant: Vec<Arc<str>> = Vec::new();
        for entry in entries {
            let name = match &entry.key {
                Key::Name(name) => name,
                Key::Engine(name) => {
                    match engine {
                        Some(place) => self.option(scope, &mut options, name, &entry.value, place),
                        None => self.misplaced_engine(name),
                    }
                    continue;
                }
                Key::Text(expr) => {
                    self.report(
                        Diagnostic::error(Code(201), expr.span, format!("the names of {owner} are fixed"))
                            .label("a name put together from parts"),
                    );
                    continue;
                }
            };
            if let Some(first) = seen.insert(name.node.clone(), name.span) {
                self.duplicate(&name.node, name.span, first);
                continue;
            }
            let Some(want) = wanted.iter().find(|w| w.name == name.node) else {
                let close = closest(&name.node, wanted.iter().map(|w| &*w.name)).or_else(|| longer(&name.node, wanted));
                // A slip of the pen for a required name is one mistake, not two.
                meant.extend(close.map(Arc::from));
                self.unknown_setting(name, wanted, close, owner, engine.is_some());
                self.infer_quietly(scope, &entry.value);
                continue;
            };
            let value = self.expect(scope, &entry.value, &want.ty, &format!("`{}`", name.node));
            settings.push(Setting { name: name.clone(), value });
        }
        let missing: Vec<&str> =
            wanted.iter().filter(|w| w.required && !seen.contains_key(&w.name) && !meant.contains(&w.name)).map(|w| &*w.name).collect();
        if let Some(first) = missing.first() {
            let names = listed(&missing);
            let ty = wanted.iter().find(|w| w.name.as_ref() == *first).map(|w| mismatch::describe(&w.ty)).unwrap_or_default();
            self.report(
                Diagnostic::error(Code(202), at, format!("{owner} needs {names}"))
                    .label(if missing.len() == 1 { format!("{names} is missing here") } else { format!("{names} are missing here") })
                    .help(format!("add `{first} = …`, {ty}")),
            );
        }
        (settings, options)
    }

    fn unknown_setting(&mut self, name: &ast::Name, wanted: &[Wanted], close: Option<&str>, owner: &str, engine: bool) {
        let engine_word = engine && super::settings::ENGINE_NAMES.contains(&&*name.node);
        let help = match close {
            _ if engine && let Some(ours) = super::foreign::setting(&name.node) => ours.to_owned(),
            _ if engine_word => format!("settings of the engine start with `@`: `@{}`", name.node),
            Some(close) => format!("did you mean `{close}`?"),
            None if wanted.is_empty() => "it takes none".to_owned(),
            // Of a record, nothing else would list them.
            None if wanted.len() <= 12 || !engine => {
                format!("it has {}", listed(wanted.iter().map(|w| &*w.name)))
            }
            None => format!("`plat docs {}` lists all", owner.trim_matches('`')),
        };
        self.report(Diagnostic::error(Code(201), name.span, format!("{owner} has no `{}`", name.node)).label("not known").help(help));
    }

    /// Looks into a value whose place is already reported: only what is certainly wrong in itself is said.
    fn infer_quietly(&mut self, scope: &mut Scope, expr: &ast::Expr) {
        let before = self.diagnostics.len();
        self.infer_free(scope, expr);
        let found = self.diagnostics.split_off(before);
        self.diagnostics.extend(found.into_iter().filter(|d| d.code == Code(200)));
    }

    pub(super) fn setting(&mut self, name: &ast::Name, value: ExprId) -> Setting {
        Setting { name: Spanned::new(name.node.clone(), name.span), value }
    }
}
