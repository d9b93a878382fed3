//! `moved`, `import` and `forget`: their addresses, and what they say of each other.

use std::collections::HashMap;
use std::sync::Arc;

use super::typed::{Declaration, DeclarationKind, Import, Instances, Unit};
use super::{Checker, Scope, Slot};
use crate::address::{Address, Step};
use crate::desired::{Move, Moves};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::resolve::ModuleId;
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, ItemKind};
use crate::types::Type;
use crate::value::{Hashing, Value};

/// What the stack says about its state.
#[derive(Default)]
pub(super) struct Refactorings {
    pub moves: Vec<Move>,
    pub imports: Vec<Import>,
    pub forgets: Vec<(Address, Span)>,
}

/// What an address of the program names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Resource,
    Component,
    /// Something that was reported as wrong elsewhere.
    Broken,
}

impl Checker<'_> {
    /// After all units are checked: a target may lie in any component.
    pub(super) fn refactorings(&mut self, items: &[ast::Item]) -> Refactorings {
        let mut found = Refactorings::default();
        let mut targets: Vec<(usize, &ast::Address)> = Vec::new();
        for item in items {
            match &item.kind {
                ItemKind::Moved { from, to } => {
                    if let Some((old, new)) = self.constant_address(from).zip(self.constant_address(to)) {
                        targets.push((found.moves.len(), to));
                        found.moves.push(Move { from: old, to: new, span: from.span, to_span: to.span });
                    }
                }
                ItemKind::Import { address, id } => found.imports.extend(self.import(address, id)),
                ItemKind::Forget { address } => found.forgets.extend(self.constant_address(address).map(|old| (old, address.span))),
                _ => {}
            }
        }
        let moves = Moves::new(&found.moves);
        for (i, to) in targets {
            self.check_target(&found.moves, &moves, i, to);
        }
        self.check_moves(&found.moves);
        found
    }

    fn import(&mut self, address: &ast::Address, id: &ast::Expr) -> Option<Import> {
        let target = self.constant_address(address)?;
        let mut scope = self.stack_scope();
        let id = self.expect(&mut scope, id, &Type::optional(Type::String), "`import`");
        match self.named(address)? {
            Names::Component => {
                self.report(
                    Diagnostic::error(Code(317), address.span, format!("`{target}` is a component, and an id is that of one resource"))
                        .label("a component")
                        .help(format!("import its resources one by one: `import {target}.… = \"…\"`")),
                );
                None
            }
            Names::Resource | Names::Broken => Some(Import { address: target, id, span: address.span }),
        }
    }

    /// The names of the whole stack.
    pub(super) fn stack_scope(&self) -> Scope {
        let declarations = self.units.first().and_then(Option::as_ref).map_or(&[][..], |unit| unit.declarations.as_slice());
        let slot = |(index, d): (usize, &Declaration)| (d.name.node.clone(), Slot { index, ty: d.ty.clone(), span: d.name.span });
        let slots: HashMap<Arc<str>, Slot, Hashing> = declarations.iter().enumerate().map(slot).collect();
        Scope { module: ModuleId(0), slots, locals: Vec::new(), only_constants: false, facts: super::facts::Facts::default() }
    }

    /// An address as it is written; its keys are plain texts.
    pub(super) fn constant_address(&mut self, address: &ast::Address) -> Option<Address> {
        let mut steps = Vec::new();
        for (name, key) in &address.steps {
            let key = match key.as_ref().map(|k| (&*k.node, k.span)) {
                None => None,
                Some((Ast::Literal(Value::String(text)), _)) => Some(text.clone()),
                Some((_, span)) => {
                    self.report(Diagnostic::error(Code(701), span, "a key in an address is plain text").label("has `${}` in it"));
                    return None;
                }
            };
            steps.push(Step { name: name.node.clone(), key });
        }
        Some(steps.into())
    }

    /// What the address names in the program; what is wrong with it is reported.
    pub(super) fn named(&mut self, address: &ast::Address) -> Option<Names> {
        let mut unit = 0;
        let mut inside = String::from("this stack");
        let mut steps = address.steps.iter().peekable();
        while let Some((name, key)) = steps.next() {
            let Some(Some(here)) = self.units.get(unit) else { return Some(Names::Broken) };
            let Some((_, declaration)) = here.find(&name.node) else {
                let mistake = unknown_name(here, name, &inside);
                self.report(mistake);
                return None;
            };
            let (instances, component) = match &declaration.kind {
                DeclarationKind::Resource(resource) => (&resource.instances, None),
                DeclarationKind::Component(component) => (&component.instances, Some(component.unit)),
                DeclarationKind::Broken => return Some(Names::Broken),
                kind => {
                    let mistake = Diagnostic::error(Code(701), name.span, format!("`{}` is not a resource", name.node))
                        .label(format!("{}, which has no address", kind_of(kind)))
                        .also(declaration.name.span, "declared here")
                        .help("name a resource or a component");
                    self.report(mistake);
                    return None;
                }
            };
            if let Some(mistake) = key_without_for(name, key.as_ref(), instances, declaration) {
                self.report(mistake);
                return None;
            }
            match (component, steps.peek()) {
                (None, None) => return Some(Names::Resource),
                (Some(_), None) => return Some(Names::Component),
                (Some(next), Some(_)) => {
                    unit = next;
                    inside = format!("`{}`", name.node);
                }
                (None, Some((next, _))) => {
                    let mistake = Diagnostic::error(Code(701), next.span, format!("`{}` is a resource, with none inside it", name.node))
                        .label("not an address")
                        .also(declaration.name.span, "declared here")
                        .help(format!("write `{}`", name.node));
                    self.report(mistake);
                    return None;
                }
            }
        }
        None
    }

    /// The target is in the program, unless another move takes it further.
    fn check_target(&mut self, moves: &[Move], chains: &Moves<'_>, i: usize, to: &ast::Address) {
        let Some(wanted) = moves.get(i) else { return };
        if chains.after(i).into_iter().filter_map(|next| moves.get(next)).any(|other| wanted.from != other.from) {
            return;
        }
        if self.named(to) == Some(Names::Component) && wanted.is_inward() {
            self.report(
                Diagnostic::error(Code(313), wanted.to_span, format!("`{}` cannot move into itself", wanted.from))
                    .label(format!("inside `{}`, and a component too", wanted.from))
                    .help(format!("move its resources one by one: `moved {}.… -> {}.…`", wanted.from, wanted.to)),
            );
        }
    }

    fn check_moves(&mut self, moves: &[Move]) {
        let (mut by_from, mut by_to) = (HashMap::<&Address, &Move, Hashing>::default(), HashMap::<&Address, &Move, Hashing>::default());
        for one in moves {
            let (from, to) = (by_from.get(&one.from).copied(), by_to.get(&one.to).copied());
            by_from.entry(&one.from).or_insert(one);
            by_to.entry(&one.to).or_insert(one);
            if one.from == one.to {
                self.report(
                    Diagnostic::error(Code(313), one.to_span, format!("`{}` moves to itself", one.from))
                        .label("the same address")
                        .help("take the line away"),
                );
            } else if let Some(first) = from {
                let same = first.to == one.to;
                self.report(
                    Diagnostic::error(Code(314), one.span, format!("`{}` is moved twice", one.from))
                        .label(if same { "the second time".to_owned() } else { format!("to `{}` here", one.to) })
                        .also(first.span, if same { "the first".to_owned() } else { format!("to `{}` here", first.to) })
                        .help("keep one of them"),
                );
            } else if let Some(first) = to {
                self.report(
                    Diagnostic::error(Code(314), one.to_span, format!("`{}` and `{}` both move to `{}`", first.from, one.from, one.to))
                        .label("the second")
                        .also(first.to_span, "the first")
                        .help(format!(
                            "an address is that of one thing; keep one line, and write `forget {}` for what goes its own way",
                            one.from
                        )),
                );
            }
        }
        if let Some(circle) = Moves::new(moves).circle() {
            let mut members = circle.iter();
            let Some(first) = members.next() else { return };
            let way: Vec<String> = circle.iter().map(|m| format!("`{}`", m.from)).collect();
            let mut mistake = Diagnostic::error(Code(313), first.span, format!("{} move in a circle", way.join(" and ")))
                .label(format!("goes to `{}`", first.to))
                .help("an address cannot be given away and taken at once: move one of them to a new name first, apply, then move it on");
            for next in members {
                mistake = mistake.also(next.span, format!("goes to `{}`", next.to));
            }
            self.report(mistake);
        }
    }
}

fn unknown_name(unit: &Unit, name: &ast::Name, inside: &str) -> Diagnostic {
    let made = |d: &&Declaration| matches!(d.kind, DeclarationKind::Resource(_) | DeclarationKind::Component(_));
    let close = closest(&name.node, unit.declarations.iter().filter(made).map(|d| &*d.name.node));
    Diagnostic::error(Code(701), name.span, format!("no resource `{}` is declared", name.node))
        .label(format!("not in {inside}"))
        .maybe_help(close.map(|c| format!("did you mean `{c}`?")))
}

fn kind_of(kind: &DeclarationKind) -> &'static str {
    match kind {
        DeclarationKind::Param { .. } => "a param",
        DeclarationKind::Let(_) => "a `let`",
        DeclarationKind::Output(_) => "an output",
        DeclarationKind::Lookup(_) => "a lookup",
        DeclarationKind::Resource(_) | DeclarationKind::Component(_) | DeclarationKind::Broken => "a resource",
    }
}

fn key_without_for(name: &ast::Name, key: Option<&ast::Expr>, instances: &Instances, declaration: &Declaration) -> Option<Diagnostic> {
    let key = key.filter(|_| instances.each.is_none())?;
    let mistake = Diagnostic::error(Code(701), key.span, format!("`{}` has no keys", name.node))
        .label("not a key of it")
        .also(declaration.name.span, "declared without `for`")
        .help(format!("write `{}`", name.node));
    Some(mistake)
}
