//! `stack`, `env`, values of the command line, `@` settings.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::typed::{self, EncryptionDeclaration, Env, ExprId, ExprKind, Options, Setting, Stack, StateDeclaration};
use super::{Checker, Scope, mismatch};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::resolve::ModuleId;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Entry, Expr, ExprKind as Ast, ItemKind, Key};
use crate::types::{Field, Record, Type};
use crate::value::Value;

/// Settings of the engine, without the `@`.
pub(super) const ENGINE_NAMES: [&str; 8] = ["after", "region", "account", "protect", "retain", "ignore", "replace", "timeout"];

/// Where settings of the engine stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `stack`, `env`, and what a test has in their place.
    Stack,
    Resource,
    Lookup,
    /// A component's use; passed on to what is in it.
    Component,
}

impl Place {
    /// The settings that mean something here.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Place::Stack => &["region", "account", "protect"],
            Place::Resource => &ENGINE_NAMES,
            Place::Lookup => &["region"],
            Place::Component => &["after", "region", "account", "protect", "retain", "replace", "timeout"],
        }
    }

    fn owner(self) -> &'static str {
        match self {
            Place::Stack => "a whole stack",
            Place::Resource => "a resource",
            Place::Lookup => "a lookup",
            Place::Component => "a component",
        }
    }
}

/// What the stack's own items say beside its declarations.
pub(super) struct StackParts {
    pub stack: Stack,
    pub envs: Vec<Env>,
    pub overrides: Vec<Setting>,
}

/// A param of the stack, as environments see it.
pub(super) struct StackParam {
    name: Arc<str>,
    ty: Type,
    required: bool,
    span: Span,
}

impl Checker<'_> {
    /// `@after = …` and the like.
    pub(super) fn option(&mut self, scope: &mut Scope, options: &mut Options, name: &ast::Name, value: &Expr, place: Place) {
        let what = format!("`@{}`", name.node);
        if let Some(first) = options.names.iter().find(|other| other.node == name.node) {
            self.duplicate(&format!("@{}", name.node), name.span, first.span);
            return;
        }
        options.names.push(name.clone());
        if ENGINE_NAMES.contains(&&*name.node) && !place.settings().contains(&&*name.node) {
            let taken = place.settings().iter().map(|n| format!("`@{n}`")).collect::<Vec<_>>().join(", ");
            self.report(
                Diagnostic::error(Code(218), name.span, format!("{what} is not a setting of {}", place.owner()))
                    .label("not possible here")
                    .help(format!("{} takes {taken}", place.owner())),
            );
            return;
        }
        match &*name.node {
            "after" => options.after = self.after(scope, value),
            "region" => options.region = Some(self.region(scope, value, &what)),
            "account" => options.account = Some(self.account(scope, value, &what)),
            "protect" => options.protect = Some(self.expect(scope, value, &Type::Bool, &what)),
            "retain" => options.retain = Some(self.expect(scope, value, &Type::Bool, &what)),
            "ignore" => options.ignore = Some(self.expect(scope, value, &Type::list(Type::String), &what)),
            "replace" => options.replace = Some(self.expect(scope, value, &Type::union(["create_first", "delete_first"]), &what)),
            "timeout" => options.timeout = Some(self.expect(scope, value, &Type::Duration, &what)),
            other => {
                let help = match closest(other, ENGINE_NAMES) {
                    Some(close) => format!("did you mean `@{close}`?"),
                    None => format!("there are {}", ENGINE_NAMES.map(|n| format!("`@{n}`")).join(", ")),
                };
                self.report(
                    Diagnostic::error(Code(218), name.span, format!("there is no setting `@{other}`")).label("not known").help(help),
                );
            }
        }
    }

    fn region(&mut self, scope: &mut Scope, value: &Expr, what: &str) -> ExprId {
        let id = self.expect(scope, value, &Type::String, what);
        if let Some(ExprKind::Const(Value::String(text))) = self.kind(id)
            && !is_region(text)
        {
            let help = match text.strip_suffix(|c: char| c.is_ascii_lowercase()).filter(|rest| is_region(rest)) {
                Some(region) => format!("`{text}` is a zone of it: write `\"{region}\"`"),
                None => "a region is written like `\"us-west-2\"`".to_owned(),
            };
            let span = self.span(id);
            self.report(
                Diagnostic::error(Code(203), span, format!("{what} wants a region of AWS")).label("not a region's name").help(help),
            );
        }
        id
    }

    fn account(&mut self, scope: &mut Scope, value: &Expr, what: &str) -> ExprId {
        let id = self.expect(scope, value, &Type::String, what);
        if let Some(ExprKind::Const(Value::String(text))) = self.kind(id)
            && !(text.len() == 12 && text.chars().all(|c| c.is_ascii_digit()))
        {
            let span = self.span(id);
            self.report(
                Diagnostic::error(Code(203), span, format!("{what} wants an AWS account's id"))
                    .label("not 12 digits")
                    .help("an account's id has 12 digits: `\"123456789012\"`"),
            );
        }
        id
    }

    /// The things that `@after` names, each a resource, a component, or several of them.
    fn after(&mut self, scope: &mut Scope, value: &Expr) -> Vec<ExprId> {
        let Ast::List(items) = &*value.node else {
            self.report(
                Diagnostic::error(Code(203), value.span, "`@after` wants a list of resources")
                    .label("not a list")
                    .help(format!("write `@after = [{}]`", self.text(value.span))),
            );
            return Vec::new();
        };
        let mut ids = Vec::new();
        for item in items {
            let id = self.infer_free(scope, item);
            let ty = self.ty(id).clone();
            if !orderable(&ty) {
                self.report(
                    Diagnostic::error(
                        Code(203),
                        item.span,
                        format!("`@after` waits for resources, and this is {}", mismatch::describe(&ty)),
                    )
                    .label(format!("`{ty}`"))
                    .help("name the resource or component itself, not one of its attributes"),
                );
            }
            ids.push(id);
        }
        ids
    }

    pub(super) fn stack_parts(&mut self, unit: &typed::Unit, items: &[ast::Item], overrides: &[(ast::Name, Expr)]) -> StackParts {
        let params = self.given_params(Self::stack_params(unit, items));
        let mut parts = StackParts {
            stack: Stack {
                name: self.default_name(),
                tags: None,
                external_tags: None,
                state: StateDeclaration::Local,
                encryption: EncryptionDeclaration::None,
                options: Options::default(),
            },
            envs: Vec::new(),
            overrides: Vec::new(),
        };
        let overridden: HashSet<Arc<str>> = overrides.iter().map(|(name, _)| name.node.clone()).collect();
        parts.overrides = self.override_settings(overrides, &params);
        let mut stack_span: Option<Span> = None;
        for item in items {
            match &item.kind {
                ItemKind::Stack { name, entries } => {
                    if let Some(first) = stack_span {
                        self.duplicate("stack", name.span, first);
                        continue;
                    }
                    stack_span = Some(name.span);
                    parts.stack = self.stack(name, entries);
                }
                ItemKind::Env { name, entries } => {
                    if let Some(first) = parts.envs.iter().find(|e| e.name.node == name.node) {
                        let first = first.name.span;
                        self.duplicate(&name.node, name.span, first);
                        continue;
                    }
                    let env = self.env(name, entries, &params, &overridden);
                    parts.envs.push(env);
                }
                _ => {}
            }
        }
        parts
    }

    /// A stack without `stack` is called like its folder.
    fn default_name(&self) -> Arc<str> {
        let folder = std::fs::canonicalize(&self.modules.folder).ok();
        let name = folder.as_deref().and_then(|f| f.file_name()).map(|n| n.to_string_lossy().into_owned());
        name.filter(|n| !n.is_empty()).unwrap_or_else(|| "stack".to_owned()).into()
    }

    /// The params without those that nobody can give: what gives them names no resources.
    pub(super) fn given_params(&mut self, mut params: Vec<StackParam>) -> Vec<StackParam> {
        for param in params.iter_mut().filter(|param| param.ty.holds_resource()) {
            let (name, ty) = (&param.name, param.ty.to_string());
            let help = match param.ty.required() {
                Type::Resource(of) => format!("take its id, `param {name}_id: Id<{of}>`, and look it up, `lookup {name}: {of} {{ … }}`"),
                _ => "declare it in the stack; only a component's params can be resources and components".to_owned(),
            };
            self.report(
                Diagnostic::error(
                    Code(204),
                    param.span,
                    "a stack's param cannot be a resource or component: an env, or `-p`, could not name it",
                )
                .label(format!("`{ty}`"))
                .help(help),
            );
            (param.ty, param.required) = (Type::Error, false);
        }
        params
    }

    pub(super) fn stack_params(unit: &typed::Unit, items: &[ast::Item]) -> Vec<StackParam> {
        items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Param(param) => {
                    let (_, declaration) = unit.find(&param.name.node)?;
                    let required = param.default.is_none() && !matches!(declaration.ty, Type::Optional(_));
                    Some(StackParam { name: param.name.node.clone(), ty: declaration.ty.clone(), required, span: param.name.span })
                }
                _ => None,
            })
            .collect()
    }

    /// What a test can say of the lookups of a unit: attributes of what each finds.
    pub(super) fn findings(unit: &typed::Unit) -> Vec<StackParam> {
        let finding = |declaration: &typed::Declaration| {
            let typed::DeclarationKind::Lookup(lookup) = &declaration.kind else { return None };
            let field = |a: &crate::schema::Attribute| Field {
                name: a.name.into(),
                ty: Type::optional(a.ty.required().clone()),
                optional: true,
                doc: "".into(),
            };
            let fields = lookup.schema.attributes.iter().map(field).collect();
            let one = Type::Record(Arc::new(Record::new(Some(lookup.schema.name.into()), fields)));
            let ty = if matches!(declaration.ty, Type::Map(_)) { Type::map(one) } else { one };
            Some(StackParam { name: declaration.name.node.clone(), ty, required: false, span: declaration.name.span })
        };
        unit.declarations.iter().filter_map(finding).collect()
    }

    fn stack(&mut self, name: &ast::Name, entries: &[Entry]) -> Stack {
        let mut stack = Stack {
            name: name.node.clone(),
            tags: None,
            external_tags: None,
            state: StateDeclaration::Local,
            encryption: EncryptionDeclaration::None,
            options: Options::default(),
        };
        let mut unsaid = None;
        let mut scope = Scope::constants(ModuleId(0));
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        for entry in entries {
            match &entry.key {
                Key::Engine(name) => self.option(&mut scope, &mut stack.options, name, &entry.value, Place::Stack),
                Key::Name(name) => {
                    if let Some(first) = seen.insert(name.node.clone(), name.span) {
                        self.duplicate(&name.node, name.span, first);
                        continue;
                    }
                    match &*name.node {
                        "tags" => stack.tags = Some(self.expect(&mut scope, &entry.value, &Type::map(Type::String), "`tags`")),
                        "external_tags" => {
                            let keys = self.expect(&mut scope, &entry.value, &Type::list(Type::String), "`external_tags`");
                            stack.external_tags = Some(keys);
                        }
                        "state" => {
                            stack.state = self.state(&mut scope, &entry.value);
                            unsaid = Some(entry.value.span);
                        }
                        "encryption" => stack.encryption = self.encryption(&mut scope, &entry.value),
                        other => {
                            let help =
                                closest(other, ["tags", "external_tags", "state", "encryption"]).map(|c| format!("did you mean `{c}`?"));
                            self.report(
                                Diagnostic::error(Code(201), name.span, format!("`stack` has no `{other}`")).label("not known").help(
                                    help.unwrap_or_else(|| {
                                        "it has `state`, `encryption`, `tags`, `external_tags` and `@region`, `@account`, `@protect`"
                                            .to_owned()
                                    }),
                                ),
                            );
                        }
                    }
                }
                Key::Text(expr) => {
                    self.report(Diagnostic::error(Code(201), expr.span, "the names of `stack` are fixed").label("put together from parts"))
                }
            }
        }
        if let (Some(span), false) = (unsaid, seen.contains_key("encryption"))
            && !matches!(stack.state, StateDeclaration::Local)
        {
            self.open_to_read(span);
        }
        stack
    }

    fn env(&mut self, name: &ast::Name, entries: &[Entry], params: &[StackParam], overridden: &HashSet<Arc<str>>) -> Env {
        let mut env = Env { name: Spanned::new(name.node.clone(), name.span), settings: Vec::new(), options: Options::default() };
        let mut scope = Scope::constants(ModuleId(0));
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        for entry in entries {
            match &entry.key {
                Key::Engine(option) => self.option(&mut scope, &mut env.options, option, &entry.value, Place::Stack),
                Key::Name(param) => {
                    if let Some(first) = seen.insert(param.node.clone(), param.span) {
                        self.duplicate(&param.node, param.span, first);
                        continue;
                    }
                    if let Some(setting) = self.param_value(&mut scope, param, &entry.value, &params.iter().collect::<Vec<_>>()) {
                        env.settings.push(setting);
                    }
                }
                Key::Text(expr) => self.report(
                    Diagnostic::error(Code(201), expr.span, "the names of an `env` are the stack's params")
                        .label("put together from parts"),
                ),
            }
        }
        for param in params.iter().filter(|p| p.required && !seen.contains_key(&p.name) && !overridden.contains(&p.name)) {
            self.report(
                Diagnostic::error(Code(208), name.span, format!("env `{}` gives no value for `{}`", name.node, param.name))
                    .label(format!("`{}` is missing here", param.name))
                    .also(param.span, "a param without a default")
                    .help(format!("add `{} = …`, {}, or give the param a default", param.name, mismatch::describe(&param.ty))),
            );
        }
        env
    }

    pub(super) fn param_value(&mut self, scope: &mut Scope, name: &ast::Name, value: &Expr, params: &[&StackParam]) -> Option<Setting> {
        match params.iter().find(|p| p.name == name.node) {
            // What is wrong is the param.
            Some(param) if param.ty == Type::Error => None,
            Some(param) => {
                let ty = param.ty.clone();
                let value = self.expect(scope, value, &ty, &format!("`{}`", name.node));
                Some(self.setting(name, value))
            }
            None => {
                let help = match closest(&name.node, params.iter().map(|p| &*p.name)) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None if ENGINE_NAMES.contains(&&*name.node) => format!("settings of the engine start with `@`: `@{}`", name.node),
                    None => format!("declare it: `param {}: String`", name.node),
                };
                self.report(
                    Diagnostic::error(Code(216), name.span, format!("the stack has no param `{}`", name.node))
                        .label("not declared")
                        .help(help),
                );
                None
            }
        }
    }

    fn override_settings(&mut self, overrides: &[(ast::Name, Expr)], params: &[StackParam]) -> Vec<Setting> {
        let mut scope = Scope::constants(ModuleId(0));
        let params: Vec<&StackParam> = params.iter().collect();
        overrides.iter().filter_map(|(name, value)| self.param_value(&mut scope, name, value, &params)).collect()
    }
}

/// `us-west-2`, `us-gov-east-1`: words and a number. Which of them there are only AWS knows.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else { return false };
    words.len() >= 2
        && words.iter().all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()))
        && matches!(number.as_bytes(), [b'1'..=b'9'])
}

fn orderable(ty: &Type) -> bool {
    match ty {
        Type::Resource(_) | Type::Component(_) | Type::Error => true,
        Type::List(of) | Type::Map(of) | Type::Optional(of) => orderable(of),
        _ => false,
    }
}
