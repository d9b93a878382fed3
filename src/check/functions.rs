//! Functions as values: what a `fn` takes one for calls it by the param's name, and gives it on.

use std::sync::Arc;

use super::expr::count;
use super::typed::{ExprId, ExprKind};
use super::{Checker, Scope};
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::ModuleId;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Expr, ExprKind as Ast, ItemKind};
use crate::types::{Function, Type};

impl Checker<'_> {
    /// `f(x)`, where the innermost `f` is a param of a function's type.
    pub(super) fn apply(&mut self, scope: &mut Scope, name: &Arc<str>, at: Span, args: &[Expr], span: Span) -> Option<ExprId> {
        let (depth, Type::Function(function), _) = scope.local(name)? else { return None };
        let function = function.clone();
        let Some(args) = self.arguments(scope, name, at, &function.params, args) else { return Some(self.broken(span)) };
        let callee = self.push(ExprKind::Local(depth), Type::Function(function.clone()), at);
        Some(self.push(ExprKind::Apply { callee, args: args.into() }, function.result.clone(), span))
    }

    /// A name where a function is wanted: a param that is one, or a `fn`. It stands for a lambda that calls it, so that what it is given
    /// and what it gives get the form that is wanted here.
    pub(super) fn named_function(&mut self, scope: &mut Scope, name: &Arc<str>, want: &Arc<Function>, span: Span) -> Option<ExprId> {
        let takes = match scope.local(name) {
            Some((_, Type::Function(own), _)) => own.params.len(),
            Some(_) => return None,
            None if scope.slots.contains_key(name) || !self.is_function(scope.module, name) => return None,
            None => match self.function(scope.module, name).and_then(|id| self.function_types.get(id)) {
                Some((params, _)) => params.len(),
                None => return Some(self.broken(span)),
            },
        };
        if takes != want.params.len() {
            self.report(
                Diagnostic::error(
                    Code(210),
                    span,
                    format!("`{name}` takes {}, and is called with {} here", count(takes, "value"), want.params.len()),
                )
                .label("the number of values does not fit")
                .help(format!("say how: `({}) => {name}(…)`", vec!["…"; want.params.len()].join(", "))),
            );
            return Some(self.broken(span));
        }
        // No name of a program begins with a digit.
        let names: Vec<ast::Name> = (1..=takes).map(|n| Spanned::new(n.to_string().into(), span)).collect();
        let named = |name: &Arc<str>| Spanned::new(Box::new(Ast::Name(name.clone())), span);
        let body = Ast::Call { callee: named(name), args: names.iter().map(|n| named(&n.node)).collect() };
        Some(self.lambda(scope, &names, &Spanned::new(Box::new(body), span), Some(&Type::Function(want.clone())), span))
    }

    fn is_function(&self, module: ModuleId, name: &str) -> bool {
        matches!(self.modules.find(module, name), Some((_, ast::Item { kind: ItemKind::Fn(_), .. })))
    }

    /// A function that is named where a value is wanted.
    pub(super) fn uncalled_function(&mut self, scope: &Scope, name: &Arc<str>, span: Span) -> bool {
        let local = scope.local(name);
        let found = match local {
            Some((_, ty, _)) => matches!(ty, Type::Function(_)),
            None => !scope.slots.contains_key(name) && self.is_function(scope.module, name),
        };
        if found {
            let mut diagnostic = Diagnostic::error(Code(211), span, format!("`{name}` is a function, and is not called here"))
                .label("a value is wanted")
                .help(format!("call it, `{name}(…)`; a function itself can only be given to a function"));
            if let Some((.., declared)) = local {
                diagnostic = diagnostic.also(declared, format!("`{name}` is declared here"));
            }
            self.report(diagnostic);
        }
        found
    }

    /// A type as it is written, of what is a value: a function is none.
    pub(super) fn value_type(&mut self, module: ModuleId, ty: &ast::TypeExpr) -> Type {
        match self.type_of(module, ty) {
            Type::Function(function) => {
                self.report(
                    Diagnostic::error(Code(204), ty.span, "a function cannot be given, kept or shown here")
                        .label(format!("`{}`", Type::Function(function)))
                        .help("only a param of a `fn` can be a function; declare what this is for as a `fn`"),
                );
                Type::Error
            }
            ty => ty,
        }
    }
}
