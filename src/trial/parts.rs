//! The parts of a condition whose values tell why it does not hold.

use crate::check::builtin::Builtin;
use crate::check::typed::{Expr, ExprId, ExprKind, Program};
use crate::syntax::ast::BinaryOp;

/// As many as a reader takes in.
const MOST: usize = 6;

/// Expressions inside `condition` that say something by their value, the outermost first. None of them needs a name that is bound inside
/// the condition.
pub(super) fn of(program: &Program, condition: ExprId) -> Vec<ExprId> {
    let mut found = Vec::new();
    wants(program, condition, &mut found);
    found.truncate(MOST);
    found
}

fn kind(program: &Program, id: ExprId) -> Option<&ExprKind> {
    program.expr(id).map(|Expr { kind, .. }| kind)
}

/// What decides a `Bool`.
fn wants(program: &Program, id: ExprId, found: &mut Vec<ExprId>) {
    match kind(program, id) {
        Some(ExprKind::Coerce(inner)) => wants(program, *inner, found),
        Some(ExprKind::Unary { operand, .. }) => wants(program, *operand, found),
        Some(ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, left, right }) => {
            wants(program, *left, found);
            wants(program, *right, found);
        }
        Some(ExprKind::Binary { left, right, .. }) => {
            side(program, *left, found);
            side(program, *right, found);
        }
        Some(ExprKind::Method { receiver, args, .. }) => {
            side(program, *receiver, found);
            args.iter().for_each(|arg| side(program, *arg, found));
        }
        Some(ExprKind::If { condition, then, otherwise }) => {
            [condition, then, otherwise].into_iter().for_each(|id| wants(program, *id, found));
        }
        _ => side(program, id, found),
    }
}

/// A value that is compared, and what it was made from.
fn side(program: &Program, id: ExprId, found: &mut Vec<ExprId>) {
    match kind(program, id) {
        None | Some(ExprKind::Const(_) | ExprKind::Lambda { .. }) => {}
        Some(ExprKind::Coerce(inner)) => side(program, *inner, found),
        // Who reaches whom has a story of its own.
        Some(ExprKind::Builtin { builtin: Builtin::Reachable, .. }) => {}
        // A literal shows itself.
        Some(ExprKind::List(items)) => items.iter().for_each(|item| side(program, *item, found)),
        Some(kind) => {
            found.push(id);
            match kind {
                ExprKind::Method { receiver, args, .. } => {
                    side(program, *receiver, found);
                    args.iter().for_each(|arg| side(program, *arg, found));
                }
                ExprKind::Binary { left, right, .. } => {
                    side(program, *left, found);
                    side(program, *right, found);
                }
                ExprKind::Call { args, .. } | ExprKind::Apply { args, .. } | ExprKind::Builtin { args, .. } => {
                    args.iter().for_each(|arg| side(program, *arg, found))
                }
                ExprKind::Index { index, .. } => side(program, *index, found),
                ExprKind::ListFor { head, .. } | ExprKind::MapFor { head, .. } => side(program, head.source, found),
                _ => {}
            }
        }
    }
}
