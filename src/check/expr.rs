//! The type of every expression.

use std::collections::HashMap;
use std::sync::Arc;

use super::join::{any_field, any_of, join};
use super::typed::{Arm, ExprId, ExprKind, ForHead, RecordKey};
use super::{Checker, Scope, mismatch};
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::ModuleId;
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind as Ast, Key, Part, Pattern};
use crate::types::{Field, Function, Record, Type, is_assignable};
use crate::value::{Hashing, Value};

impl Scope {
    /// For values that can refer to nothing: defaults of fields.
    pub(super) fn constants(module: ModuleId) -> Self {
        Self { module, slots: HashMap::default(), locals: Vec::new(), only_constants: true, facts: super::facts::Facts::default() }
    }

    /// The innermost local of that name: how far in it is bound, its type, and where.
    pub(super) fn local(&self, name: &str) -> Option<(usize, &Type, Span)> {
        let found = self.locals.iter().rev().enumerate().find(|(_, (local, ..))| **local == *name);
        found.map(|(depth, (_, ty, span))| (depth, ty, *span))
    }

    pub(super) fn with_locals(&mut self, names: &[(Arc<str>, Type, Span)]) -> usize {
        let before = self.locals.len();
        self.locals.extend_from_slice(names);
        before
    }
}

impl Checker<'_> {
    /// Types an expression and makes it fit `want`.
    pub(super) fn expect(&mut self, scope: &mut Scope, expr: &Expr, want: &Type, what: &str) -> ExprId {
        let id = self.infer(scope, expr, Some(want), what);
        self.coerce(scope, id, want, what)
    }

    pub(super) fn infer_free(&mut self, scope: &mut Scope, expr: &Expr) -> ExprId {
        self.infer(scope, expr, None, "this")
    }

    /// Types an expression. `want` guides literals and lambdas; whether the result fits it is the caller's business.
    pub(super) fn infer(&mut self, scope: &mut Scope, expr: &Expr, want: Option<&Type>, what: &str) -> ExprId {
        let id = self.infer_alone(scope, expr, want, what);
        self.narrow(scope, expr, id);
        id
    }

    fn infer_alone(&mut self, scope: &mut Scope, expr: &Expr, want: Option<&Type>, what: &str) -> ExprId {
        let span = expr.span;
        // A branch may be nothing where nothing is allowed; a literal is of the type inside.
        let whole = want;
        let want = want.map(Type::required).map(|w| if let Type::Secret(inner) = w { &**inner } else { w });
        match &*expr.node {
            Ast::Literal(value) => self.literal(value, span),
            Ast::Broken => self.broken(span),
            Ast::Template(parts) => self.template(scope, parts, span),
            Ast::Name(name) => match want {
                Some(Type::Function(function)) => match self.named_function(scope, name, function, span) {
                    Some(id) => id,
                    None => self.name(scope, name, span),
                },
                _ => self.name(scope, name, span),
            },
            Ast::List(items) => self.list(scope, items, want, what, span),
            Ast::Record(entries) => self.record(scope, entries, want, what, span),
            Ast::ListFor { head, body } => {
                let of = match want {
                    Some(Type::List(of)) => Some(&**of),
                    _ => None,
                };
                let (head, before, known) = self.for_head(scope, head);
                let body = self.infer_or_expect(scope, body, of, what);
                scope.locals.truncate(before);
                scope.forget(known);
                let ty = Type::list(self.ty(body).clone());
                self.push(ExprKind::ListFor { head: Box::new(head), body }, ty, span)
            }
            Ast::MapFor { head, key, value } => {
                let of = match want {
                    Some(Type::Map(of)) => Some(&**of),
                    _ => None,
                };
                let (head, before, known) = self.for_head(scope, head);
                let key = self.expect(scope, key, &Type::String, "the key");
                let value = self.infer_or_expect(scope, value, of, what);
                scope.locals.truncate(before);
                scope.forget(known);
                let ty = Type::map(self.ty(value).clone());
                self.push(ExprKind::MapFor { head: Box::new(head), key, value }, ty, span)
            }
            Ast::Lambda { params, body } => self.lambda(scope, params, body, want, span),
            Ast::Unary { op, operand } => self.unary(scope, *op, operand, span),
            Ast::Binary { op, operands } => self.binary(scope, *op, &operands.left, &operands.right, want, span),
            Ast::Member { base, name, safe } => self.member(scope, base, name, *safe, span),
            Ast::Index { base, index } => self.index(scope, base, index, span),
            Ast::Call { callee, args } => self.call(scope, callee, args, span),
            Ast::If { condition, branches } => {
                let decides = self.expect(scope, condition, &Type::Bool, "the condition");
                let known = scope.learn(condition, true);
                let then = self.infer_or_expect(scope, &branches.then, whole, what);
                scope.forget(known);
                scope.learn(condition, false);
                let otherwise = self.infer_or_expect(scope, &branches.otherwise, whole, what);
                scope.forget(known);
                let condition = decides;
                let ty = self.joined(then, otherwise, "the two branches");
                self.push(ExprKind::If { condition, then, otherwise }, ty, span)
            }
            Ast::Match { subject, arms } => self.match_expr(scope, subject, arms, whole, what, span),
            Ast::Tagged { tag, .. } => {
                self.report(
                    Diagnostic::error(Code(225), tag.span, format!("`{} {{ … }}` is a kind of state store", tag.node))
                        .label("only `state` in `stack` takes one"),
                );
                self.broken(span)
            }
        }
    }

    /// With something wanted the expression is made to fit it at once, so that an error points at the inner word.
    fn infer_or_expect(&mut self, scope: &mut Scope, expr: &Expr, want: Option<&Type>, what: &str) -> ExprId {
        match want {
            Some(want) if *want != Type::Json => self.expect(scope, expr, want, what),
            _ => self.infer(scope, expr, want, what),
        }
    }

    pub(super) fn literal(&mut self, value: &Value, span: Span) -> ExprId {
        let ty = match value {
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Float(_) => Type::Float,
            Value::String(text) => Type::union([text.clone()]),
            Value::Cidr(_) => Type::Cidr,
            Value::Ip(_) => Type::Ip,
            Value::Size(_) => Type::Size,
            Value::Duration(_) => Type::Duration,
            Value::Version(_) => Type::Version,
            _ => Type::Null,
        };
        self.push(ExprKind::Const(value.clone()), ty, span)
    }

    fn template(&mut self, scope: &mut Scope, parts: &[Part], span: Span) -> ExprId {
        let mut ids = Vec::with_capacity(parts.len());
        let mut secret = false;
        for part in parts {
            match part {
                Part::Text(text) => ids.push(self.push(ExprKind::Const(Value::String(text.clone())), Type::String, span)),
                Part::Expr(expr) => {
                    let id = self.infer_free(scope, expr);
                    let ty = self.ty(id).clone();
                    let plain = if let Type::Secret(inner) = &ty { &**inner } else { &ty };
                    secret |= matches!(ty, Type::Secret(_));
                    // A secret among unlike things: where it would be seen says enough.
                    if !printable(plain) && ty != Type::secret(Type::Json) {
                        self.unprintable(scope, id, plain);
                    }
                    ids.push(id);
                }
            }
        }
        let ty = if secret { Type::secret(Type::String) } else { Type::String };
        self.push(ExprKind::Template(ids.into()), ty, span)
    }

    fn unprintable(&mut self, scope: &Scope, id: ExprId, ty: &Type) {
        let span = self.span(id);
        let text = self.text(span);
        let diagnostic = match ty {
            Type::Optional(_) => Diagnostic::error(Code(212), span, "a text cannot hold what may be nothing".to_owned())
                .label(format!("`{ty}`"))
                .help(format!("say what stands there without it: `${{{text} ?? \"…\"}}`")),
            Type::Resource(name) => {
                let id_attribute = self.registry.get(name).and_then(|s| s.id_attribute()).unwrap_or("id");
                Diagnostic::error(Code(203), span, format!("a text cannot hold {}", mismatch::describe(ty)))
                    .label(self.label_of(id, ty))
                    .help(format!("say which attribute: `${{{text}.{id_attribute}}}`"))
            }
            _ => Diagnostic::error(Code(203), span, format!("a text cannot hold {}", mismatch::describe(ty)))
                .label(format!("`{ty}`"))
                .maybe_help(match ty {
                    Type::List(of) if is_assignable(of, &Type::String) => Some(format!("join it: `${{{text}.join(\", \")}}`")),
                    ty if is_assignable(ty, &Type::Json) => Some(format!("write it as JSON: `${{json({text})}}`")),
                    _ => None,
                }),
        };
        let diagnostic = match self.origin(scope, id) {
            Some((name, declared)) => diagnostic.also(declared, format!("`{name}` is declared here")),
            None => diagnostic,
        };
        self.report(diagnostic);
    }

    fn name(&mut self, scope: &mut Scope, name: &Arc<str>, span: Span) -> ExprId {
        if self.uncalled_function(scope, name, span) {
            return self.broken(span);
        }
        if let Some((depth, ty, _)) = scope.local(name) {
            return self.push(ExprKind::Local(depth), ty.clone(), span);
        }
        if let Some(slot) = scope.slots.get(name) {
            let (index, ty) = (slot.index, slot.ty.clone());
            return self.push(ExprKind::Slot(index), ty, span);
        }
        if matches!(&**name, "env" | "stack" | "secret") {
            self.report(
                Diagnostic::error(Code(200), span, format!("`{name}` is not a value by itself"))
                    .label("needs a `.`")
                    .help(if &**name == "secret" { "write `secret.aws(\"…\")`".to_owned() } else { format!("write `{name}.name`") }),
            );
            return self.broken(span);
        }
        self.unknown_name(scope, name, span);
        self.broken(span)
    }

    fn unknown_name(&mut self, scope: &Scope, name: &Arc<str>, span: Span) {
        let candidates = scope.locals.iter().map(|(n, ..)| &**n).chain(scope.slots.keys().map(|n| &**n));
        let out_of_reach = self.in_own_test && self.units.first().and_then(Option::as_ref).is_some_and(|unit| unit.find(name).is_some());
        let help = match crate::diagnostic::closest_of_any_order(name, candidates.chain(["env", "stack"])) {
            _ if out_of_reach => {
                "a test that declares resources of its own does not see the stack's: declare here what it needs".to_owned()
            }
            _ if let Some(ours) = super::foreign::value(name) => format!("write `{ours}`"),
            Some(close) => format!("did you mean `{close}`?"),
            None if self.in_function && self.is_declared(scope, name) => {
                format!("a `fn` reads nothing but its params: add one, and give it `{name}` where the `fn` is called")
            }
            None if scope.only_constants && self.is_declared(scope, name) => "a value here can refer to no other declaration".to_owned(),
            None if scope.only_constants => {
                format!("a value here can refer to no other declaration; a text stands in quotes: `\"{name}\"`")
            }
            None if name.starts_with(|c: char| c.is_ascii_lowercase()) => {
                format!("declare it, for instance `param {name}: String`; a text stands in quotes")
            }
            None => "declare it with `let` or `param`".to_owned(),
        };
        self.report(Diagnostic::error(Code(200), span, format!("there is no `{name}` here")).label("not known in this scope").help(help));
    }

    /// Whether the module has a value of that name, in reach or not.
    fn is_declared(&self, scope: &Scope, name: &str) -> bool {
        if !crate::diagnostic::may_suggest() {
            return false;
        }
        let items = self.modules.get(scope.module).map_or(&[][..], |module| &module.items);
        items.iter().filter_map(|item| super::declarations::declared_name(&item.kind)).any(|declared| *declared.node == *name)
    }

    fn list(&mut self, scope: &mut Scope, items: &[Expr], want: Option<&Type>, what: &str, span: Span) -> ExprId {
        if let Some(Type::List(of)) = want {
            let ids = items.iter().map(|item| self.expect(scope, item, of, what)).collect();
            return self.push(ExprKind::List(ids), Type::List(of.clone()), span);
        }
        let want = want.filter(|w| **w == Type::Json);
        let mut ids = Vec::with_capacity(items.len());
        let mut ty: Option<Type> = None;
        for item in items {
            let id = self.infer(scope, item, want, what);
            let own = self.ty(id).clone();
            ty = Some(match ty {
                None => own,
                Some(before) => match join(&before, &own) {
                    Some(both) => both,
                    None if want.is_some() => Type::Json,
                    None => {
                        let at = self.span(id);
                        self.report(
                            Diagnostic::error(
                                Code(220),
                                at,
                                format!("a list holds values of one type, and this is {}", mismatch::describe(&own)),
                            )
                            .label(format!("`{own}`"))
                            .help(format!("the values before it are `{before}`")),
                        );
                        Type::Error
                    }
                },
            });
            ids.push(id);
        }
        let ty = Type::list(ty.unwrap_or(Type::Error));
        self.push(ExprKind::List(ids.into()), ty, span)
    }

    fn record(&mut self, scope: &mut Scope, entries: &[ast::Entry], want: Option<&Type>, what: &str, span: Span) -> ExprId {
        match want {
            Some(Type::Record(record)) => {
                let record = record.clone();
                self.record_as(scope, entries, &record, span)
            }
            Some(Type::Map(of)) => {
                let of = Type::clone(of);
                let id = self.open_record(scope, entries, Some(&of), what, span);
                // A map of documents is not one.
                if let Some(expr) = self.exprs.get_mut(id.0 as usize) {
                    expr.ty = Type::map(of);
                }
                id
            }
            Some(Type::Json) => self.open_record(scope, entries, Some(&Type::Json), what, span),
            _ => self.open_record(scope, entries, None, what, span),
        }
    }

    /// A record or map whose names are free.
    fn open_record(&mut self, scope: &mut Scope, entries: &[ast::Entry], of: Option<&Type>, what: &str, span: Span) -> ExprId {
        let mut seen: HashMap<Arc<str>, Span, Hashing> = HashMap::default();
        let mut typed = Vec::with_capacity(entries.len());
        let mut fields = Vec::new();
        let mut computed = false;
        for entry in entries {
            let (key, shown) = match &entry.key {
                Key::Name(name) => {
                    if let Some(first) = seen.insert(name.node.clone(), name.span) {
                        self.duplicate(&name.node, name.span, first);
                        continue;
                    }
                    (RecordKey::Name(name.node.clone()), name.node.clone())
                }
                Key::Text(expr) => {
                    computed = true;
                    (RecordKey::Computed(self.expect(scope, expr, &Type::String, "the key")), "…".into())
                }
                Key::Engine(name) => {
                    self.misplaced_engine(name);
                    continue;
                }
            };
            let inner_what = if of.is_some() { format!("`{shown}` of {what}") } else { format!("`{shown}`") };
            let value = self.infer_or_expect(scope, &entry.value, of, &inner_what);
            if of == Some(&Type::Json) {
                // Checked part by part, so that a secret or a resource inside a document is found at its own word.
                let checked = self.coerce(scope, value, &Type::Json, &format!("`{shown}`"));
                typed.push((key, checked));
                continue;
            }
            fields.push(Field { name: shown, ty: self.ty(value).clone(), optional: false, doc: "".into() });
            typed.push((key, value));
        }
        let ty = match of {
            Some(Type::Json) => Type::Json,
            Some(of) => Type::map(of.clone()),
            None if computed => Type::map(any_of(fields.into_iter().map(|f| f.ty))),
            None => Type::Record(Arc::new(Record::new(None, fields))),
        };
        self.push(ExprKind::Record(typed.into()), ty, span)
    }

    pub(super) fn misplaced_engine(&mut self, name: &ast::Name) {
        self.report(
            Diagnostic::error(Code(218), name.span, format!("`@{}` is a setting of the engine, not of a record", name.node))
                .label("not possible here")
                .help("settings that start with `@` stand in the body of a resource, a component's use, an `env` or the `stack`"),
        );
    }

    /// Types the source of a `for`, binds its names and learns its condition; the caller unbinds and forgets them.
    fn for_head(&mut self, scope: &mut Scope, head: &ast::ForHead) -> (ForHead, usize, usize) {
        let source = self.infer_free(scope, &head.source);
        let before = self.bind_each(scope, source, &head.first, head.second.as_ref());
        let condition = head.condition.as_ref().map(|c| self.expect(scope, c, &Type::Bool, "the condition"));
        let known = scope.facts_so_far();
        if let Some(condition) = &head.condition {
            scope.learn(condition, true);
        }
        (ForHead { source, binders: 1 + usize::from(head.second.is_some()), condition }, before, known)
    }

    /// Binds the names of `for a in source` or `for k, v in source`.
    pub(super) fn bind_each(&mut self, scope: &mut Scope, source: ExprId, first: &ast::Name, second: Option<&ast::Name>) -> usize {
        let ty = self.ty(source).clone();
        let (key, value) = match &ty {
            Type::List(of) => (Type::Int, Type::clone(of)),
            Type::Map(of) => (Type::String, Type::clone(of)),
            Type::Record(record) => (Type::String, any_field(record)),
            Type::Error => (Type::Error, Type::Error),
            other => {
                let span = self.span(source);
                let help = match other {
                    Type::Int => Some(format!("count with a range: `0..{}`", self.text(span))),
                    Type::Optional(_) => Some(format!("`{} ?? []`", self.text(span))),
                    _ => None,
                };
                self.report(
                    Diagnostic::error(
                        Code(221),
                        span,
                        format!("`for` goes over a list or a map, and this is {}", mismatch::describe(other)),
                    )
                    .label(format!("`{other}`"))
                    .maybe_help(help),
                );
                (Type::Error, Type::Error)
            }
        };
        match second {
            Some(second) => scope.with_locals(&[(first.node.clone(), key, first.span), (second.node.clone(), value, second.span)]),
            None => scope.with_locals(&[(first.node.clone(), value, first.span)]),
        }
    }

    pub(super) fn lambda(&mut self, scope: &mut Scope, params: &[ast::Name], body: &Expr, want: Option<&Type>, span: Span) -> ExprId {
        let Some(Type::Function(function)) = want else {
            self.report(
                Diagnostic::error(Code(211), span, "a function cannot stand here".to_owned())
                    .label("a function")
                    .help("functions are given to methods, as in `list.map(x => x.name)`; declare a named one with `fn`"),
            );
            return self.broken(span);
        };
        if function.params.len() != params.len() {
            self.report(
                Diagnostic::error(
                    Code(210),
                    span,
                    format!("this function is called with {}, and takes {}", count(function.params.len(), "value"), params.len()),
                )
                .label("the number of names does not fit")
                .help(match function.params.len() {
                    1 => "write `x => …`".to_owned(),
                    2 => "write `(k, v) => …`: the first is the key".to_owned(),
                    n => format!("name {n} values in its brackets"),
                }),
            );
            return self.broken(span);
        }
        let names: Vec<_> = params.iter().zip(&function.params).map(|(n, ty)| (n.node.clone(), ty.clone(), n.span)).collect();
        let before = scope.with_locals(&names);
        let body = match &function.result {
            Type::Error => self.infer_free(scope, body),
            result => self.expect(scope, body, result, "the function's result"),
        };
        scope.locals.truncate(before);
        let ty = Type::Function(Arc::new(Function::new(function.params.clone(), self.ty(body).clone())));
        self.push(ExprKind::Lambda { params: params.len(), body }, ty, span)
    }

    /// The type that two branches have in common.
    pub(super) fn joined(&mut self, a: ExprId, b: ExprId, what: &str) -> Type {
        let (left, right) = (self.ty(a).clone(), self.ty(b).clone());
        if let Some(ty) = join(&left, &right) {
            return ty;
        }
        let (first, second) = (self.span(a), self.span(b));
        self.report(
            Diagnostic::error(Code(220), second, format!("{what} must be of one type: `{left}` and `{right}` have nothing in common"))
                .label(format!("`{right}`"))
                .also(first, format!("`{left}`"))
                .help(self.alike(a, b)),
        );
        Type::Error
    }

    fn match_expr(&mut self, scope: &mut Scope, subject: &Expr, arms: &[ast::Arm], want: Option<&Type>, what: &str, span: Span) -> ExprId {
        let asked = subject;
        let subject = self.infer_free(scope, subject);
        let subject_ty = self.unless_secret(subject, arms);
        let mut above: Vec<&Pattern> = Vec::new();
        let mut typed = Vec::new();
        let mut bodies: Option<ExprId> = None;
        let mut ty = Type::Error;
        for arm in arms {
            for pattern in &arm.patterns {
                self.pattern(&pattern.node, pattern.span, &subject_ty);
            }
            let patterns: Vec<&Pattern> = arm.patterns.iter().map(|pattern| &pattern.node).collect();
            let known = scope.learn_arm(asked, &patterns, &above);
            let guard = arm.guard.as_ref().map(|g| self.expect(scope, g, &Type::Bool, "the condition"));
            match &arm.guard {
                Some(guard) => _ = scope.learn(guard, true),
                None => above.extend(&patterns),
            }
            let body = self.infer_or_expect(scope, &arm.body, want, what);
            scope.forget(known);
            ty = match bodies {
                None => self.ty(body).clone(),
                Some(first) if ty != Type::Error => {
                    let _ = first;
                    let own = self.ty(body).clone();
                    match join(&ty, &own) {
                        Some(both) => both,
                        None => self.joined(first, body, "the arms of a `match`"),
                    }
                }
                Some(_) => Type::Error,
            };
            bodies = bodies.or(Some(body));
            typed.push(Arm { patterns: arm.patterns.iter().map(|p| p.node.clone()).collect(), guard, body });
        }
        self.exhaustive(arms, &subject_ty, span);
        self.reached(arms, &subject_ty);
        self.push(ExprKind::Match { subject, arms: typed.into() }, ty, span)
    }

    /// The type of a `match`'s subject. Which arm is taken would tell what a secret is.
    fn unless_secret(&mut self, subject: ExprId, arms: &[ast::Arm]) -> Type {
        let ty = self.ty(subject).clone();
        let asks = |pattern: &Pattern| !matches!(pattern, Pattern::Any | Pattern::Value(Value::Null));
        let asked = arms.iter().flat_map(|arm| &arm.patterns).any(|pattern| asks(&pattern.node));
        if !(ty.holds_secret() && asked) {
            return ty;
        }
        self.report(
            Diagnostic::error(Code(402), self.span(subject), "a secret cannot be compared by `match`")
                .label("a secret")
                .help("which arm is taken would give the secret away; match on what decides, and choose the secret in the arms"),
        );
        Type::Error
    }
}

pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn printable(ty: &Type) -> bool {
    matches!(
        ty,
        Type::String
            | Type::Union(_)
            | Type::Int
            | Type::Float
            | Type::Bool
            | Type::Cidr
            | Type::Ip
            | Type::Size
            | Type::Duration
            | Type::Version
            | Type::Id(_)
            | Type::Arn(_)
            | Type::Error
    )
}
