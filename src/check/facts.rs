//! What is known where an expression stands, because a condition around it holds: `key` is there inside `if key != null { … }`, and in a
//! resource with the same `if`.
//!
//! Expressions are pure, so what a condition says of one is true of every other that is written the same.

use std::collections::HashMap;
use std::sync::Arc;

use super::typed::ExprId;
use super::{Checker, Scope, names};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Operands, Pattern, UnaryOp};
use crate::types::Type;
use crate::value::Value;

/// What is known in a scope.
#[derive(Debug, Default)]
pub(super) struct Facts {
    known: Vec<Fact>,
    /// The `if` under which a declaration exists.
    conditions: HashMap<Arc<str>, Expr>,
}

#[derive(Debug)]
struct Fact {
    of: Expr,
    is: Is,
    /// How many names were bound around it.
    locals: usize,
}

#[derive(Debug)]
enum Is {
    True,
    False,
    /// Not nothing.
    There,
    OneOf(Vec<Arc<str>>),
    NoneOf(Vec<Arc<str>>),
}

impl Facts {
    pub(super) fn exists_if(&mut self, name: &Arc<str>, condition: &Expr) {
        self.conditions.insert(name.clone(), condition.clone());
    }
}

impl Scope {
    /// Learns what follows from `condition`; the caller forgets it with [`Scope::forget`] by what this gives.
    pub(super) fn learn(&mut self, condition: &Expr, holds: bool) -> usize {
        let before = self.facts.known.len();
        self.follow(condition, holds);
        before
    }

    pub(super) fn facts_so_far(&self) -> usize {
        self.facts.known.len()
    }

    pub(super) fn forget(&mut self, before: usize) {
        self.facts.known.truncate(before);
    }

    fn add(&mut self, of: &Expr, is: Is) {
        self.facts.known.push(Fact { of: of.clone(), is, locals: self.locals.len() });
    }

    fn follow(&mut self, condition: &Expr, holds: bool) {
        self.add(condition, if holds { Is::True } else { Is::False });
        match &*condition.node {
            ExprKind::Unary { op, operand } if op.node == UnaryOp::Not => self.follow(operand, !holds),
            ExprKind::Binary { op, operands } => self.follow_both(op.node, operands, holds),
            _ => {}
        }
    }

    fn follow_both(&mut self, op: BinaryOp, Operands { left, right }: &Operands, holds: bool) {
        match (op, holds) {
            (BinaryOp::And, true) | (BinaryOp::Or, false) => {
                self.follow(left, holds);
                self.follow(right, holds);
            }
            (BinaryOp::Equal | BinaryOp::NotEqual, holds) => {
                let equal = (op == BinaryOp::Equal) == holds;
                match (&*left.node, &*right.node) {
                    (_, ExprKind::Literal(value)) => self.compared(left, value, equal),
                    (ExprKind::Literal(value), _) => self.compared(right, value, equal),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn compared(&mut self, of: &Expr, with: &Value, equal: bool) {
        match (with, equal) {
            (Value::Null, false) => self.there(of),
            (Value::Null, true) => {}
            (Value::String(text), true) => {
                self.there(of);
                self.add(of, Is::OneOf(vec![text.clone()]));
            }
            (Value::String(text), false) => self.add(of, Is::NoneOf(vec![text.clone()])),
            (_, true) => self.there(of),
            (_, false) => {}
        }
    }

    /// `a?.b` is there: so is `a`, and `a.b`.
    fn there(&mut self, of: &Expr) {
        self.add(of, Is::There);
        if let ExprKind::Member { base, name, safe: true } = &*of.node {
            self.there(base);
            let plain = ExprKind::Member { base: base.clone(), name: name.clone(), safe: false };
            self.add(&Expr::new(Box::new(plain), of.span), Is::There);
        }
    }

    /// What an arm of a `match` knows of its subject, behind those above it.
    pub(super) fn learn_arm(&mut self, subject: &Expr, patterns: &[&Pattern], above: &[&Pattern]) -> usize {
        let before = self.facts.known.len();
        let texts = |patterns: &[&Pattern]| -> Vec<Arc<str>> {
            let text = |pattern: &&Pattern| if let Pattern::Value(Value::String(text)) = pattern { Some(text.clone()) } else { None };
            patterns.iter().filter_map(text).collect()
        };
        let null = |pattern: &&Pattern| matches!(pattern, Pattern::Value(Value::Null));
        let any = |pattern: &&Pattern| matches!(pattern, Pattern::Any);
        if above.iter().any(null) || !patterns.iter().any(|pattern| null(pattern) || any(pattern)) {
            self.there(subject);
        }
        let own = texts(patterns);
        if own.len() == patterns.len() {
            self.add(subject, Is::OneOf(own));
        }
        self.add(subject, Is::NoneOf(texts(above)));
        before
    }

    /// Whether no name in it is bound anew further in than `locals`.
    fn same_names(&self, expr: &Expr, locals: usize) -> bool {
        let inner: Vec<&Arc<str>> = self.locals.iter().skip(locals).map(|(name, ..)| name).collect();
        inner.is_empty() || !names::mentions(expr, &inner)
    }

    fn known_of<'a>(&'a self, expr: &'a Expr) -> impl Iterator<Item = &'a Is> {
        self.facts.known.iter().filter(|fact| fact.of == *expr && self.same_names(expr, fact.locals)).map(|fact| &fact.is)
    }

    /// Whether a condition around it has asked for it: that it is there need be no news.
    pub(super) fn is_asked(&self, expr: &Expr) -> bool {
        self.known_of(expr).next().is_some() || matches!(&*expr.node, ExprKind::Name(name) if self.exists(name))
    }

    /// Whether a condition of the unit certainly holds here, or certainly does not.
    fn decided(&self, condition: &Expr, wanted: bool) -> bool {
        let known = self.known_of(condition).any(|is| matches!((is, wanted), (Is::True, true) | (Is::False, false)));
        known
            || match &*condition.node {
                ExprKind::Unary { op, operand } if op.node == UnaryOp::Not => self.decided(operand, !wanted),
                ExprKind::Binary { op, operands } if op.node == BinaryOp::And && wanted => {
                    self.decided(&operands.left, true) && self.decided(&operands.right, true)
                }
                _ => false,
            }
    }

    /// Whether the declaration is there, because what it exists under holds here.
    fn exists(&self, name: &Arc<str>) -> bool {
        let own = self.local(name).is_none();
        own && self.facts.conditions.get(name).is_some_and(|condition| self.same_names(condition, 0) && self.decided(condition, true))
    }
}

impl Checker<'_> {
    /// Gives an expression the type that it has here, by what is known.
    pub(super) fn narrow(&mut self, scope: &Scope, expr: &Expr, id: ExprId) {
        if scope.facts.known.is_empty() || !matches!(&*expr.node, ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Index { .. }) {
            return;
        }
        let mut ty = self.ty(id).clone();
        if !matches!(ty, Type::Optional(_) | Type::Union(_)) {
            return;
        }
        if let ExprKind::Name(name) = &*expr.node
            && scope.exists(name)
        {
            ty = ty.required().clone();
        }
        for is in scope.known_of(expr) {
            ty = narrowed(ty, is);
        }
        if let Some(typed) = self.exprs.get_mut(id.0 as usize) {
            typed.ty = ty;
        }
    }
}

fn narrowed(ty: Type, is: &Is) -> Type {
    let keep = |ty: &Type, keep: &dyn Fn(&Arc<str>) -> bool| match ty {
        Type::Union(texts) => {
            let left: Vec<Arc<str>> = texts.iter().filter(|text| keep(text)).cloned().collect();
            // Where nothing is left, the code is never reached.
            if left.is_empty() { ty.clone() } else { Type::Union(left.into()) }
        }
        ty => ty.clone(),
    };
    match (is, ty) {
        (Is::There, ty) => ty.required().clone(),
        (Is::OneOf(texts), ty) => keep(ty.required(), &|text| texts.contains(text)),
        (Is::NoneOf(texts), Type::Optional(of)) => Type::optional(keep(&of, &|text| !texts.contains(text))),
        (Is::NoneOf(texts), ty) => keep(&ty, &|text| !texts.contains(text)),
        (Is::True | Is::False, ty) => ty,
    }
}
