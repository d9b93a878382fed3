//! Which declarations a declaration refers to, and an order in which each comes after those.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, Entry, Expr, ExprKind, ItemKind, Key, Part};
use crate::value::Hashing;

/// A reference from one declaration to another, and the word that makes it.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    pub to: usize,
    pub span: Span,
    /// It stands in an attribute that is applied after the create.
    pub late: bool,
}

/// Names that a declaration refers to, those bound inside it left out.
struct Walk<'a> {
    slots: &'a HashMap<Arc<str>, usize, Hashing>,
    bound: Vec<Arc<str>>,
    found: Vec<Reference>,
    /// Whether what is called counts: a param of a `fn` may be a function.
    called: bool,
    /// Whether an attribute of the resource is applied after its create.
    deferred: &'a dyn Fn(&str) -> bool,
    late: bool,
}

/// The declarations that an item refers to. `deferred` tells of an attribute of a resource whether it is applied after the create.
pub fn references(item: &ItemKind, slots: &HashMap<Arc<str>, usize, Hashing>, deferred: &dyn Fn(&str) -> bool) -> Vec<Reference> {
    let mut walk = Walk { slots, bound: Vec::new(), found: Vec::new(), called: false, deferred, late: false };
    match item {
        ItemKind::Param(param) => walk.maybe(param.default.as_ref()),
        ItemKind::Let(l) => walk.expr(&l.value),
        ItemKind::Output(output) => walk.expr(&output.value),
        ItemKind::Resource(resource) | ItemKind::Lookup(resource) => walk.resource(resource),
        _ => {}
    }
    walk.found
}

/// Whether an expression mentions one of these names, bound outside of it.
pub fn mentions(expr: &Expr, names: &[&Arc<str>]) -> bool {
    let slots = names.iter().map(|name| ((*name).clone(), 0)).collect();
    let mut walk = Walk { slots: &slots, bound: Vec::new(), found: Vec::new(), called: true, deferred: &|_| false, late: false };
    walk.expr(expr);
    !walk.found.is_empty()
}

impl Walk<'_> {
    fn resource(&mut self, resource: &ast::Resource) {
        let mut names = Vec::new();
        if let Some(each) = &resource.each {
            self.expr(&each.source);
            names.push(each.first.node.clone());
            names.extend(each.second.iter().map(|n| n.node.clone()));
        }
        self.within(names, |walk| {
            walk.maybe(resource.each.as_ref().and_then(|each| each.key.as_ref()));
            walk.maybe(resource.condition.as_ref());
            for entry in &resource.entries {
                walk.late = matches!(&entry.key, Key::Name(name) if (walk.deferred)(&name.node));
                walk.entries(std::slice::from_ref(entry));
            }
            walk.late = false;
        });
    }

    fn within(&mut self, names: Vec<Arc<str>>, body: impl FnOnce(&mut Self)) {
        let before = self.bound.len();
        self.bound.extend(names);
        body(self);
        self.bound.truncate(before);
    }

    fn maybe(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Key::Text(key) = &entry.key {
                self.expr(key);
            }
            self.expr(&entry.value);
        }
    }

    fn head(&mut self, head: &ast::ForHead, body: impl FnOnce(&mut Self)) {
        self.expr(&head.source);
        let names = std::iter::once(&head.first).chain(head.second.as_ref()).map(|n| n.node.clone()).collect();
        self.within(names, |walk| {
            walk.maybe(head.condition.as_ref());
            body(walk);
        });
    }

    fn expr(&mut self, expr: &Expr) {
        match &*expr.node {
            ExprKind::Name(name) => {
                if !self.bound.contains(name)
                    && let Some(to) = self.slots.get(name)
                {
                    self.found.push(Reference { to: *to, span: expr.span, late: self.late });
                }
            }
            ExprKind::Literal(_) | ExprKind::Broken => {}
            ExprKind::Template(parts) => parts.iter().for_each(|part| {
                if let Part::Expr(expr) = part {
                    self.expr(expr);
                }
            }),
            ExprKind::List(items) => items.iter().for_each(|item| self.expr(item)),
            ExprKind::Record(entries) | ExprKind::Tagged { entries, .. } => self.entries(entries),
            ExprKind::ListFor { head, body } => self.head(head, |walk| walk.expr(body)),
            ExprKind::MapFor { head, key, value } => self.head(head, |walk| {
                walk.expr(key);
                walk.expr(value);
            }),
            ExprKind::Lambda { params, body } => {
                self.within(params.iter().map(|p| p.node.clone()).collect(), |walk| walk.expr(body));
            }
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { operands, .. } => {
                self.expr(&operands.left);
                self.expr(&operands.right);
            }
            ExprKind::Member { base, .. } => self.expr(base),
            ExprKind::Index { base, index } => {
                self.expr(base);
                self.expr(index);
            }
            ExprKind::Call { callee, args } => {
                // Declared functions have names of their own.
                if self.called || !matches!(&*callee.node, ExprKind::Name(_)) {
                    self.expr(callee);
                }
                args.iter().for_each(|arg| self.expr(arg));
            }
            ExprKind::If { condition, branches } => {
                self.expr(condition);
                self.expr(&branches.then);
                self.expr(&branches.otherwise);
            }
            ExprKind::Match { subject, arms } => {
                self.expr(subject);
                for arm in arms {
                    self.maybe(arm.guard.as_ref());
                    self.expr(&arm.body);
                }
            }
        }
    }
}

/// An order in which every declaration comes after what it refers to, in source order where there is a choice.
/// Each cycle is reported once; what is on it is in `broken`.
pub struct Order {
    pub order: Vec<usize>,
    pub broken: Vec<usize>,
}

/// Depth-first in source order, without recursion: a chain may be as long as the program.
pub fn order(names: &[(Arc<str>, Span)], edges: &[Vec<Reference>], diagnostics: &mut Vec<Diagnostic>) -> Order {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; names.len()];
    let mut broken: HashSet<usize> = HashSet::new();
    let mut result = Order { order: Vec::with_capacity(names.len()), broken: Vec::new() };
    for start in 0..names.len() {
        if marks.get(start) != Some(&Mark::New) {
            continue;
        }
        // Each frame: a declaration, how many of its references were followed, and the word that led here.
        let mut path: Vec<(usize, usize, Span)> = vec![(start, 0, Span::new(crate::source::FileId(0), 0, 0))];
        set(&mut marks, start, Mark::Open);
        while let Some((node, next, _)) = path.last_mut() {
            let node = *node;
            let Some(reference) = edges.get(node).and_then(|e| e.get(*next)).copied() else {
                set(&mut marks, node, Mark::Done);
                result.order.push(node);
                path.pop();
                continue;
            };
            *next += 1;
            match marks.get(reference.to) {
                Some(Mark::New) => {
                    set(&mut marks, reference.to, Mark::Open);
                    path.push((reference.to, 0, reference.span));
                }
                Some(Mark::Open) => {
                    let from = path.iter().position(|(n, ..)| *n == reference.to).unwrap_or(0);
                    let cycle = path.get(from..).unwrap_or(&[]);
                    let members: Vec<usize> = cycle.iter().map(|(n, ..)| *n).collect();
                    if !members.iter().any(|m| broken.contains(m)) {
                        let words: Vec<Span> = cycle.iter().skip(1).map(|(.., span)| *span).chain([reference.span]).collect();
                        diagnostics.push(report(names, &members, &words));
                    }
                    result.broken.extend(members.iter().copied().filter(|m| broken.insert(*m)));
                }
                _ => {}
            }
        }
    }
    return result;

    fn set(marks: &mut [Mark], at: usize, mark: Mark) {
        if let Some(slot) = marks.get_mut(at) {
            *slot = mark;
        }
    }
}

/// Most members of a cycle that are named.
const SHOWN: usize = 12;

/// Shows a cycle as a path through the source. `words` are the references that close it, one for each member.
fn report(names: &[(Arc<str>, Span)], members: &[usize], words: &[Span]) -> Diagnostic {
    let name = |m: usize| names.get(m).map_or("?", |(name, _)| name);
    let first = members.first().copied().unwrap_or(0);
    let last_word = words.last().copied().unwrap_or_else(|| names.get(first).map_or(Span::new(crate::source::FileId(0), 0, 0), |n| n.1));
    if members.len() == 1 {
        return Diagnostic::error(Code(601), last_word, format!("dependency cycle: `{0}` → `{0}`", name(first)))
            .label(format!("`{}` refers to itself", name(first)))
            .also(names.get(first).map_or(last_word, |n| n.1), "declared here")
            .help("remove the reference, or name what both need in a `let`");
    }
    let mut path: Vec<String> = members.iter().take(SHOWN).map(|m| format!("`{}`", name(*m))).collect();
    if members.len() > SHOWN {
        path.push(format!("… {} more …", members.len() - SHOWN));
    }
    path.push(format!("`{}`", name(first)));
    let mut diagnostic = Diagnostic::error(Code(601), last_word, format!("dependency cycle: {}", path.join(" → ")))
        .label(format!("`{}` comes back to `{}`", name(members.last().copied().unwrap_or(0)), name(first)))
        .help("one of them must not need the other: move what both need into a third, or split one in two");
    for (pair, word) in members.windows(2).zip(words).take(SHOWN) {
        if let [from, to] = pair {
            diagnostic = diagnostic.also(*word, format!("`{}` needs `{}`", name(*from), name(*to)));
        }
    }
    diagnostic
}
