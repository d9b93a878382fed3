//! Policies, the groups that bring them into force, and waivers.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use super::policy_groups::InForce;
use super::reads::reads;
use super::typed::{About, ExprId, Rule, Rules, Waiver};
use super::{Checker, Scope};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::resolve::ModuleId;
use crate::schema::{Kind, ResourceSchema};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Entry, Expr, ExprKind as Ast, Item, ItemKind, Key};
use crate::types::Type;
use crate::value::{Date, Value};

/// A policy by where it is declared.
pub(super) type Id = (ModuleId, Arc<str>);

/// All policies that were checked, whether in force or not.
#[derive(Debug, Default)]
pub(super) struct Policies {
    pub(super) known: IndexMap<Id, Known>,
}

#[derive(Debug)]
pub(super) enum Known {
    Group { condition: Option<ExprId>, members: Vec<Member> },
    Rules { name: ast::Name, doc: Arc<str>, reason: Option<Arc<str>>, about: Option<About> },
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: ast::Name,
    pub(super) id: Id,
}

impl Policies {
    pub(super) fn members(&self, id: &Id) -> &[Member] {
        match self.known.get(id) {
            Some(Known::Group { members, .. }) => members,
            _ => &[],
        }
    }
}

impl<'a> Checker<'a> {
    /// Checks a policy, for every type that it is about.
    pub(super) fn policy(&mut self, scope: &mut Scope, policy: &'a ast::Policy, item: &Item) {
        let id = (scope.module, policy.name.node.clone());
        if self.policies.known.contains_key(&id) {
            return;
        }
        let (mut reason, mut group) = (None, None);
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        for entry in &policy.entries {
            let Some(name) = self.setting_name(entry, "policy", &["reason", "policies"], &mut seen) else { continue };
            match &*name.node {
                "reason" => reason = self.plain_text(&entry.value, "`reason`"),
                _ => group = Some((name.span, self.members(scope.module, &entry.value))),
            }
        }
        let known = match group {
            Some((span, members)) => {
                self.refuse_rules_of_group(policy, span);
                let condition = policy.condition.as_ref().map(|c| self.expect(scope, c, &Type::Bool, "the condition"));
                Known::Group { condition, members }
            }
            None => {
                let about = self.about(scope, policy, item.span);
                Known::Rules { name: policy.name.clone(), doc: item.doc.clone(), reason, about }
            }
        };
        self.policies.known.insert(id, known);
    }

    fn refuse_rules_of_group(&mut self, policy: &ast::Policy, group: Span) {
        let other = policy.rules.first().map(|rule| rule.assert.span).or(policy.subject.as_ref().map(|s| s.name.span));
        if let Some(other) = other {
            self.report(
                Diagnostic::error(Code(806), other, format!("`{}` is a group of policies, and has no rules of its own", policy.name.node))
                    .label("does not go with `policies`")
                    .also(group, "makes it a group")
                    .help("declare the rules as another policy, and name it in `policies`"),
            );
        }
    }

    /// What the policy is about, with its rules; `None` when that was reported.
    fn about(&mut self, scope: &mut Scope, policy: &ast::Policy, whole: Span) -> Option<About> {
        if policy.rules.is_empty() {
            self.report(
                Diagnostic::error(Code(806), policy.name.span, format!("`{}` says nothing", policy.name.node))
                    .label("has neither a rule nor `policies`")
                    .help("add `deny if …, \"message\"`, `warn if …, \"message\"`, or `policies = [ … ]`"),
            );
            return None;
        }
        let Some(subject) = &policy.subject else {
            return Some(About::Stack(self.rules(scope, policy, None)));
        };
        let any = matches!(subject.types.as_slice(), [only] if &*only.node == "any");
        let schemas: Vec<Arc<ResourceSchema>> = if any {
            self.registry.iter().filter(|schema| schema.kind == Kind::Managed).cloned().collect()
        } else {
            self.subject_types(scope.module, subject)
        };
        Some(About::Resources(self.for_each_type(scope, policy, whole, schemas, any)))
    }

    fn subject_types(&mut self, module: ModuleId, subject: &ast::PolicySubject) -> Vec<Arc<ResourceSchema>> {
        let mut schemas: Vec<Arc<ResourceSchema>> = Vec::new();
        for (position, name) in subject.types.iter().enumerate() {
            if let Some(first) = subject.types.iter().take(position).find(|other| other.node == name.node) {
                self.duplicate(&name.node, name.span, first.span);
                continue;
            }
            let ty = self.named_type(module, name);
            let schema = if let Type::Resource(of) = &ty { self.registry.get(of).cloned() } else { None };
            match schema {
                Some(schema) if schema.kind == Kind::Managed => schemas.push(schema),
                Some(_) => self.report(
                    Diagnostic::error(Code(806), name.span, format!("`{}` can only be looked up", name.node))
                        .label("no resource of a stack")
                        .help("a policy is about what stacks make; use `assert` for what is looked up"),
                ),
                None if ty == Type::Error => {}
                None => self.report(
                    Diagnostic::error(Code(806), name.span, format!("a policy is about resources, and `{}` is no type of one", name.node))
                        .label("not a resource type")
                        .help("`plat docs` lists the resource types; `any` stands for every type that has what the rules read"),
                ),
            }
        }
        schemas
    }

    /// Checks the rules for each type. With `any` a type that lacks an attribute is left out.
    fn for_each_type(
        &mut self,
        scope: &mut Scope,
        policy: &ast::Policy,
        whole: Span,
        schemas: Vec<Arc<ResourceSchema>>,
        any: bool,
    ) -> Vec<(Arc<ResourceSchema>, Rules)> {
        let start = self.diagnostics.len();
        let mut checked = Vec::new();
        let mut misfits: Vec<Diagnostic> = Vec::new();
        for schema in schemas {
            let before = self.diagnostics.len();
            let rules = self.rules(scope, policy, Some(&schema));
            let new = self.diagnostics.split_off(before);
            let misfit = new.iter().find(|d| d.code == Code(207) && whole.contains(d.span)).filter(|_| any).cloned();
            // What is wrong beyond the policy, in a function that it calls, is not told again.
            let told = |d: &Diagnostic| !whole.contains(d.span);
            for diagnostic in new.into_iter().filter(|d| misfit.is_none() || told(d)) {
                let again = |other: &Diagnostic| other.code == diagnostic.code && other.span == diagnostic.span;
                if !self.diagnostics.iter().skip(start).any(again) {
                    self.diagnostics.push(diagnostic);
                }
            }
            match misfit {
                Some(misfit) => misfits.push(misfit),
                None => checked.push((schema, rules)),
            }
        }
        if checked.is_empty() && any {
            self.fits_no_type(misfits);
        }
        checked
    }

    fn fits_no_type(&mut self, misfits: Vec<Diagnostic>) {
        let Some(furthest) = misfits.into_iter().max_by_key(|misfit| misfit.span.start) else { return };
        let name = self.text(furthest.span);
        let mut names: Vec<&str> = self.registry.iter().flat_map(|schema| schema.attributes.iter().map(|a| a.name)).collect();
        if names.contains(&name) {
            self.report(
                Diagnostic::error(Code(806), furthest.span, "no resource type has all that these rules read").label(furthest.label),
            );
            return;
        }
        names.sort_unstable();
        let help = closest(name, names).map(|close| format!("did you mean `{close}`?"));
        self.report(
            Diagnostic::error(Code(806), furthest.span, format!("no resource type has `{name}`"))
                .label("not an attribute of any")
                .maybe_help(help.or(furthest.help)),
        );
    }

    fn rules(&mut self, scope: &mut Scope, policy: &ast::Policy, schema: Option<&Arc<ResourceSchema>>) -> Rules {
        let before = scope.locals.len();
        if let (Some(schema), Some(subject)) = (schema, &policy.subject) {
            scope.with_locals(&[(subject.name.node.clone(), Type::Resource(schema.name.into()), subject.name.span)]);
        }
        let condition = policy.condition.as_ref().map(|c| self.expect(scope, c, &Type::Bool, "the condition"));
        let rules = policy.rules.iter().map(|rule| {
            let assert = self.assert(scope, &rule.assert);
            let reads = if schema.is_some() { reads(&self.exprs, assert.condition) } else { Vec::new() };
            Rule { denies: &*rule.verdict.node == "deny", assert, reads }
        });
        let rules = rules.collect();
        scope.locals.truncate(before);
        Rules { condition, rules }
    }

    // ------------------------------------------------------------ groups

    fn members(&mut self, module: ModuleId, value: &Expr) -> Vec<Member> {
        let Ast::List(items) = &*value.node else {
            self.report(
                Diagnostic::error(Code(203), value.span, "`policies` wants a list of policies")
                    .label("not a list")
                    .help(format!("write `policies = [{}]`", self.text(value.span))),
            );
            return Vec::new();
        };
        items.iter().filter_map(|item| self.member_of_group(module, item)).collect()
    }

    fn member_of_group(&mut self, module: ModuleId, item: &Expr) -> Option<Member> {
        let name = match &*item.node {
            Ast::Name(name) | Ast::Literal(Value::String(name)) => Spanned::new(name.clone(), item.span),
            _ => {
                self.report(Diagnostic::error(Code(803), item.span, "a group names its policies").label("not the name of a policy"));
                return None;
            }
        };
        let modules = self.modules;
        match modules.find(module, &name.node) {
            Some((there, Item { kind: ItemKind::Policy(policy), .. })) => Some(Member { id: (there, policy.name.node.clone()), name }),
            found => {
                // What could not be imported was reported there.
                if found.is_some() || !modules.get(module).is_some_and(|m| m.imported.contains_key(&name.node)) {
                    let near = closest(&name.node, self.policy_names(module).iter().map(|n| &**n)).map(|c| format!("did you mean `{c}`?"));
                    self.report(
                        Diagnostic::error(Code(803), name.span, format!("there is no policy `{}`", name.node))
                            .label("not known here")
                            .help(near.unwrap_or_else(|| "declare it, or bring it in with `use`".to_owned())),
                    );
                }
                None
            }
        }
    }

    /// Names of policies in reach of a module, sorted.
    fn policy_names(&self, module: ModuleId) -> BTreeSet<Arc<str>> {
        let Some(here) = self.modules.get(module) else { return BTreeSet::new() };
        let names = here.declared.keys().chain(here.imported.keys());
        names.filter(|name| matches!(self.modules.find(module, name), Some((_, Item { kind: ItemKind::Policy(_), .. })))).cloned().collect()
    }

    // ------------------------------------------------------------ waivers

    pub(super) fn misplaced_waiver(&mut self, waiver: &ast::Waiver) {
        self.report(
            Diagnostic::error(Code(804), waiver.policy.span, "a waiver stands in the stack that it is for")
                .label("not possible in a module")
                .help("move it to the stack, where its reviewers see it"),
        );
    }

    pub(super) fn waiver(&mut self, waiver: &ast::Waiver, in_force: &InForce) -> Option<Waiver> {
        let title: Arc<str> = waiver.policy.node.iter().map(|name| &*name.node).collect::<Vec<_>>().join(".").into();
        let (mut owner, mut until, mut reason) = (None, None, None);
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        for entry in &waiver.entries {
            let Some(name) = self.setting_name(entry, "waive", &["owner", "until", "reason"], &mut seen) else { continue };
            match &*name.node {
                "owner" => owner = self.plain_text(&entry.value, "`owner`"),
                "reason" => reason = self.plain_text(&entry.value, "`reason`"),
                _ => until = self.day(&entry.value),
            }
        }
        let missing: Vec<&str> = ["owner", "until", "reason"].into_iter().filter(|name| !seen.contains_key(*name)).collect();
        if let Some((last, first)) = missing.split_last() {
            let said = if first.is_empty() { format!("`{last}`") } else { format!("`{}` and `{last}`", first.join("`, `")) };
            self.report(
                Diagnostic::error(Code(804), waiver.policy.span, format!("a waiver without {said} is a hole that nobody closes"))
                    .label(format!("{said} {} missing here", if missing.len() == 1 { "is" } else { "are" }))
                    .help(
                        "say who answers for it, until when, and why: `{ owner = \"data team\", until = \"2027-01-31\", reason = \"…\" }`",
                    ),
            );
        }
        let mut scope = self.stack_scope();
        let condition = waiver.condition.as_ref().map(|c| self.expect(&mut scope, c, &Type::Bool, "the condition"));
        let meant = self.waived(waiver, &title, in_force);
        let address = match &waiver.address {
            Some(address) => {
                let found = self.constant_address(address)?;
                self.named(address)?;
                Some(found)
            }
            None => None,
        };
        let span = waiver.policy.span;
        Some(Waiver { title, policies: meant?, address, condition, owner: owner?, until: until?, reason: reason?, span })
    }

    /// The policies that a waiver names: those one of whose routes holds its words, in their order.
    fn waived(&mut self, waiver: &ast::Waiver, title: &str, in_force: &InForce) -> Option<Vec<usize>> {
        let words: Vec<&Arc<str>> = waiver.policy.node.iter().map(|name| &name.node).collect();
        let meant = in_force.named(&words);
        let span = waiver.policy.span;
        if meant.is_empty() {
            let last = words.last().map_or("", |word| word);
            let names = in_force.names();
            // A policy that has a mistake of its own is not in the list, and is no typo.
            if !names.contains(&last) && self.policies.known.keys().any(|id| *id.1 == *last) {
                return None;
            }
            let help = match closest(last, names.iter().copied()) {
                Some(close) => format!("did you mean `{close}`?"),
                None if names.is_empty() => "the stack has no policies".to_owned(),
                None => format!("there are {}", names.iter().take(12).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")),
            };
            self.report(
                Diagnostic::error(Code(803), span, format!("the stack has no policy `{title}`")).label("nothing to waive").help(help),
            );
            return None;
        }
        let resources = |at: &usize| in_force.policies.get(*at).is_some_and(|p| matches!(p.about, About::Resources(_)));
        match &waiver.address {
            None if meant.iter().any(resources) => {
                self.report(
                    Diagnostic::error(Code(804), span, format!("`{title}` is about resources, and a waiver names those that it is for"))
                        .label("for which one?")
                        .help(format!("write `waive {title} for db.instance {{ … }}`; a component stands for all in it")),
                );
                None
            }
            Some(address) if !meant.iter().any(resources) => {
                self.report(
                    Diagnostic::error(Code(804), address.span, format!("`{title}` is about the stack as a whole"))
                        .label("is no part of what it looks at")
                        .help(format!("leave it out: `waive {title} {{ … }}`")),
                );
                None
            }
            _ => Some(meant),
        }
    }

    // ------------------------------------------------------------ settings

    /// The name of a setting that `word` has.
    fn setting_name<'e>(
        &mut self,
        entry: &'e Entry,
        word: &str,
        known: &[&'static str],
        seen: &mut HashMap<Arc<str>, Span>,
    ) -> Option<&'e ast::Name> {
        let (name, shown) = match &entry.key {
            Key::Name(name) => (Some(name), name.node.to_string()),
            Key::Engine(name) => (None, format!("@{}", name.node)),
            Key::Text(_) => (None, "…".to_owned()),
        };
        if let Some(name) = name.filter(|name| known.contains(&&*name.node)) {
            if let Some(first) = seen.insert(name.node.clone(), name.span) {
                self.duplicate(&name.node, name.span, first);
                return None;
            }
            return Some(name);
        }
        let help = match closest(&shown, known.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("it has {}", known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")),
        };
        self.report(Diagnostic::error(Code(201), entry.key.span(), format!("`{word}` has no `{shown}`")).label("not known").help(help));
        None
    }

    /// Read by people, so it says something, and is the same in every environment.
    fn plain_text(&mut self, value: &Expr, what: &str) -> Option<Arc<str>> {
        match &*value.node {
            Ast::Literal(Value::String(text)) if !text.trim().is_empty() => return Some(text.clone()),
            Ast::Broken => {}
            Ast::Literal(Value::String(_)) => {
                self.report(
                    Diagnostic::error(Code(804), value.span, format!("{what} says nothing"))
                        .label("an empty text")
                        .help("write it for those who read it in a year"),
                );
            }
            _ => {
                let text = self.text(value.span);
                self.report(
                    Diagnostic::error(Code(203), value.span, format!("{what} wants a plain text")).label("not a text in quotes").help(
                        if text.contains(['"', '\n']) {
                            "write it out, in quotes".to_owned()
                        } else {
                            format!("put it in quotes: `\"{text}\"`")
                        },
                    ),
                );
            }
        }
        None
    }

    fn day(&mut self, value: &Expr) -> Option<Date> {
        let text = self.plain_text(value, "`until`")?;
        let day = Date::parse(&text);
        if day.is_none() {
            self.report(
                Diagnostic::error(Code(804), value.span, format!("\"{text}\" is not a day"))
                    .label("the last day of the waiver")
                    .help("write it as year, month and day: `\"2027-01-31\"`"),
            );
        }
        day
    }
}
