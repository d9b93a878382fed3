//! What a policy's rule reads of its resource: `x.tags`, `x.resources_vpc_config.endpoint_public_access`.

use std::sync::Arc;

use super::typed::{Expr, ExprId, ExprKind, ForHead, RecordKey};

/// Every path that `id` reads of the only name bound around it, each once, in the order of the text.
pub(super) fn reads(exprs: &[Expr], id: ExprId) -> Vec<Arc<[Arc<str>]>> {
    let mut walk = Walk { exprs, found: Vec::new() };
    walk.visit(id, 0);
    walk.found
}

struct Walk<'a> {
    exprs: &'a [Expr],
    found: Vec<Arc<[Arc<str>]>>,
}

impl Walk<'_> {
    fn kind(&self, id: ExprId) -> Option<&ExprKind> {
        self.exprs.get(id.0 as usize).map(|expr| &expr.kind)
    }

    /// The names behind the resource, when this is it with names behind it. `depth`: how many names are bound further in.
    fn path(&self, id: ExprId, depth: usize) -> Option<Vec<Arc<str>>> {
        match self.kind(id)? {
            ExprKind::Local(index) if *index == depth => Some(Vec::new()),
            ExprKind::Member { base, name, .. } => {
                let mut path = self.path(*base, depth)?;
                path.push(name.clone());
                Some(path)
            }
            ExprKind::Coerce(inner) => self.path(*inner, depth),
            _ => None,
        }
    }

    fn all(&mut self, ids: &[ExprId], depth: usize) {
        ids.iter().for_each(|id| self.visit(*id, depth));
    }

    /// The depth inside a `for`.
    fn head(&mut self, head: &ForHead, depth: usize) -> usize {
        self.visit(head.source, depth);
        let inside = depth + head.binders;
        head.condition.iter().for_each(|id| self.visit(*id, inside));
        inside
    }

    fn visit(&mut self, id: ExprId, depth: usize) {
        let exprs = self.exprs;
        let Some(expr) = exprs.get(id.0 as usize) else { return };
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Slot(_) | ExprKind::Local(_) | ExprKind::EnvName | ExprKind::StackName => {}
            ExprKind::Apply { callee, args } => {
                self.visit(*callee, depth);
                self.all(args, depth);
            }
            ExprKind::Member { base, .. } => match self.path(id, depth) {
                Some(path) => {
                    let path: Arc<[Arc<str>]> = path.into();
                    if !self.found.contains(&path) {
                        self.found.push(path);
                    }
                }
                None => self.visit(*base, depth),
            },
            ExprKind::Template(ids) | ExprKind::List(ids) | ExprKind::Call { args: ids, .. } | ExprKind::Builtin { args: ids, .. } => {
                self.all(ids, depth);
            }
            ExprKind::Record(entries) => entries.iter().for_each(|(key, value)| {
                if let RecordKey::Computed(key) = key {
                    self.visit(*key, depth);
                }
                self.visit(*value, depth);
            }),
            ExprKind::Index { base: a, index: b } | ExprKind::Binary { left: a, right: b, .. } => self.all(&[*a, *b], depth),
            ExprKind::Unary { operand: id, .. } | ExprKind::Secret { argument: id, .. } | ExprKind::Coerce(id) => self.visit(*id, depth),
            ExprKind::Lambda { params, body } => self.visit(*body, depth + params),
            ExprKind::If { condition, then, otherwise } => self.all(&[*condition, *then, *otherwise], depth),
            ExprKind::Match { subject, arms } => {
                self.visit(*subject, depth);
                for arm in arms {
                    arm.guard.iter().for_each(|id| self.visit(*id, depth));
                    self.visit(arm.body, depth);
                }
            }
            ExprKind::ListFor { head, body } => {
                let inside = self.head(head, depth);
                self.visit(*body, inside);
            }
            ExprKind::MapFor { head, key, value } => {
                let inside = self.head(head, depth);
                self.all(&[*key, *value], inside);
            }
            ExprKind::Method { receiver, args, .. } => {
                self.visit(*receiver, depth);
                self.all(args, depth);
            }
        }
    }
}
