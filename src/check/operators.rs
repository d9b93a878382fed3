//! What `+`, `==`, `??` and their kin take and give.

use super::join::join;
use super::typed::{ExprId, ExprKind};
use super::{Checker, Scope, mismatch};
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::ModuleId;
use crate::schema::Mode;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, BinaryOp, Expr, ExprKind as Ast, ItemKind, UnaryOp};
use crate::types::Type;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn unary(&mut self, scope: &mut Scope, op: Spanned<UnaryOp>, operand: &Expr, span: Span) -> ExprId {
        let operand = match *op {
            UnaryOp::Not => self.expect(scope, operand, &Type::Bool, "`!`"),
            UnaryOp::Minus => self.infer_free(scope, operand),
        };
        let ty = self.ty(operand).clone();
        if *op == UnaryOp::Minus && !matches!(ty, Type::Int | Type::Float | Type::Duration | Type::Error) {
            self.report(
                Diagnostic::error(Code(213), op.span, format!("`-` needs a number, and this is {}", mismatch::describe(&ty)))
                    .label(format!("on `{ty}`"))
                    .help("numbers and durations have a negative"),
            );
            return self.broken(span);
        }
        self.push(ExprKind::Unary { op: *op, operand }, ty, span)
    }

    pub(super) fn binary(
        &mut self,
        scope: &mut Scope,
        op: Spanned<BinaryOp>,
        left: &Expr,
        right: &Expr,
        want: Option<&Type>,
        span: Span,
    ) -> ExprId {
        use BinaryOp::{And, Default, Or};
        if matches!(*op, And | Or) {
            // The right side counts only where the left has not decided.
            let decides = left;
            let left = self.expect(scope, left, &Type::Bool, &format!("`{}`", op.text()));
            let known = scope.learn(decides, *op == And);
            let right = self.expect(scope, right, &Type::Bool, &format!("`{}`", op.text()));
            scope.forget(known);
            return self.push(ExprKind::Binary { op: *op, left, right }, Type::Bool, span);
        }
        if *op == Default {
            return self.default(scope, op, left, right, want, span);
        }
        if *op == BinaryOp::Subtract && self.is_bare_text(scope, left, span) {
            let text = self.text(span);
            self.report(
                Diagnostic::error(Code(200), span, format!("there is no `{text}` here"))
                    .label("not known in this scope")
                    .help(format!("a text stands in quotes: `\"{text}\"`")),
            );
            return self.broken(span);
        }
        let written = (left, right);
        let mut left = self.infer_free(scope, left);
        let mut right = self.infer_free(scope, right);
        let (a, b) = (self.ty(left).clone(), self.ty(right).clone());
        if a == Type::Error || b == Type::Error {
            return self.broken(span);
        }
        if let (BinaryOp::Equal | BinaryOp::NotEqual, Some((of, id))) = (
            *op,
            match (&a, &b) {
                (_, Type::Null) => Some((written.0, left)),
                (Type::Null, _) => Some((written.1, right)),
                _ => None,
            },
        ) && self.is_certain(scope, of, id)
        {
            let diagnostic = self.never_null(scope, op, id);
            self.report(diagnostic);
            return self.push(ExprKind::Binary { op: *op, left, right }, Type::Bool, span);
        }
        // Whether there is a secret is not what it is.
        let asks_presence = matches!(*op, BinaryOp::Equal | BinaryOp::NotEqual) && matches!((&a, &b), (Type::Null, _) | (_, Type::Null));
        if (a.holds_secret() || b.holds_secret()) && !asks_presence {
            let at = if a.holds_secret() { self.span(left) } else { self.span(right) };
            self.report(
                Diagnostic::error(Code(402), at, format!("`{}` cannot be applied to a secret", op.text()))
                    .label("a secret")
                    .help("what could be told from the result would give the secret away"),
            );
            return self.broken(span);
        }
        // A text beside a version is one.
        if a == Type::Version && matches!(b, Type::Union(_)) {
            right = self.coerce(scope, right, &Type::Version, &format!("`{}`", op.text()));
        } else if b == Type::Version && matches!(a, Type::Union(_)) {
            left = self.coerce(scope, left, &Type::Version, &format!("`{}`", op.text()));
        }
        let (a, b) = (self.ty(left).clone(), self.ty(right).clone());
        if let (BinaryOp::Equal | BinaryOp::NotEqual, Type::Union(x), Type::Union(y)) = (*op, &a, &b)
            && !x.iter().any(|text| y.contains(text))
            // One known text against another is a switch that somebody turns by hand: `let tier = "small"`, and `tier == "large"` further down.
            && x.len() + y.len() > 2
        {
            let diagnostic = self.never_equal(op, left, right);
            self.report(diagnostic);
            return self.push(ExprKind::Binary { op: *op, left, right }, Type::Bool, span);
        }
        if let (BinaryOp::Equal | BinaryOp::NotEqual, Some(diagnostic)) = (*op, self.no_such_env(scope, op, left, right)) {
            self.report(diagnostic);
        }
        match result(*op, &a, &b) {
            Some(ty) => self.push(ExprKind::Binary { op: *op, left, right }, ty, span),
            None => {
                let diagnostic = self.no_operator(op, left, right, &a, &b);
                self.report(diagnostic);
                self.broken(span)
            }
        }
    }

    /// `env.name == "prodction"`: the stack says which environments there are. A test with resources of its own is in one of its own.
    fn no_such_env(&self, scope: &Scope, op: Spanned<BinaryOp>, left: ExprId, right: ExprId) -> Option<Diagnostic> {
        let (env, text) = match (self.kind(left)?, self.kind(right)?) {
            (ExprKind::EnvName, ExprKind::Const(Value::String(text))) => (left, (right, text)),
            (ExprKind::Const(Value::String(text)), ExprKind::EnvName) => (right, (left, text)),
            _ => return None,
        };
        let items = self.modules.get(scope.module).filter(|_| scope.module == ModuleId(0) && !self.in_own_test)?;
        let envs: Vec<&ast::Name> =
            items.items.iter().filter_map(|item| if let ItemKind::Env { name, .. } = &item.kind { Some(name) } else { None }).collect();
        let (at, text) = text;
        if envs.is_empty() || &**text == "test" || envs.iter().any(|name| name.node == *text) {
            return None;
        }
        let names = || envs.iter().map(|name| &*name.node);
        let help = match crate::diagnostic::closest(text, names()) {
            Some(close) => format!("did you mean \"{close}\"?"),
            None => format!("its environments are {}", names().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")),
        };
        Some(
            Diagnostic::error(Code(213), op.span, "these can never be equal")
                .label("always the same answer")
                .also(self.span(at), "no env of the stack")
                .also(self.span(env), "the name of one of its envs")
                .help(help),
        )
    }

    /// Texts of which each is one of a few, and none is both.
    fn never_equal(&self, op: Spanned<BinaryOp>, left: ExprId, right: ExprId) -> Diagnostic {
        let literal = |id: ExprId| matches!(self.ty(id), Type::Union(texts) if texts.len() == 1);
        let (one, other) = if literal(left) && !literal(right) { (left, right) } else { (right, left) };
        let (a, b) = (self.ty(one).clone(), self.ty(other).clone());
        let help = match (&a, &b) {
            (Type::Union(a), Type::Union(b)) => a.first().and_then(|text| crate::diagnostic::closest(text, b.iter().map(|t| &**t))),
            _ => None,
        };
        Diagnostic::error(Code(213), op.span, "these can never be equal")
            .label("always the same answer")
            .also(self.span(one), format!("`{a}`"))
            .also(self.span(other), format!("`{b}`"))
            .help(help.map_or_else(|| format!("it is {}", mismatch::describe(&b)), |close| format!("did you mean \"{close}\"?")))
    }

    /// `us-west-2` without quotes: what stands first is no name of the program, and no space is in it.
    fn is_bare_text(&self, scope: &Scope, first: &Expr, span: Span) -> bool {
        let text = self.text(span);
        let known = |name| scope.slots.contains_key(name) || scope.local(name).is_some();
        match &*first.node {
            Ast::Binary { operands, .. } => self.is_bare_text(scope, &operands.left, span),
            Ast::Name(name) => !known(name) && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
            _ => false,
        }
    }

    /// Whether a value is always there, and nothing around it has asked.
    pub(super) fn is_certain(&self, scope: &Scope, written: &Expr, id: ExprId) -> bool {
        !matches!(self.ty(id), Type::Optional(_) | Type::Null | Type::Json | Type::Error) && !scope.is_asked(written) && !self.may_lack(id)
    }

    /// An attribute that AWS answers, and not for each resource: it can be read as if it were there, and be asked for.
    fn may_lack(&self, id: ExprId) -> bool {
        let Some(ExprKind::Member { base, name, .. }) = self.kind(id) else { return false };
        let Type::Resource(of) = self.ty(*base).required() else { return false };
        let attribute = self.registry.get(of).and_then(|schema| schema.attribute(name));
        attribute.is_some_and(|a| matches!(a.mode, Mode::Computed | Mode::Chosen) && matches!(a.ty, Type::Optional(_)))
    }

    /// `map["key"]` as what asks whether the key is there.
    fn asked_by_key(&self, id: ExprId) -> Option<String> {
        let Some(ExprKind::Index { base, index }) = self.kind(id) else { return None };
        let text = |id: ExprId| self.text(self.span(id));
        match self.ty(*base) {
            Type::Map(_) | Type::Record(_) => Some(format!("{}.get({})", text(*base), text(*index))),
            Type::List(_) if text(*index) == "0" => Some(format!("{}.first()", text(*base))),
            _ => None,
        }
    }

    fn never_null(&self, scope: &Scope, op: Spanned<BinaryOp>, id: ExprId) -> Diagnostic {
        let (ty, at) = (self.ty(id), self.span(id));
        let (text, equal) = (self.text(at), *op == BinaryOp::Equal);
        let help = match ty {
            _ if let Some(asked) = self.asked_by_key(id) => format!("what may be missing is asked for by `{asked} {} null`", op.text()),
            Type::List(_) | Type::Map(_) => format!("where there are none it is empty: `{text}.len() {} 0`", op.text()),
            Type::Resource(_) | Type::Component(_) => "what has no `if` is always there: leave the comparison out".to_owned(),
            _ => format!("leave the comparison out; only what may be left out, like `{ty}?`, can be `null`"),
        };
        let mut diagnostic = Diagnostic::error(Code(213), op.span, format!("`{text}` is never `null`"))
            .label(if equal { "never true" } else { "always true" })
            .also(at, format!("`{ty}`"))
            .help(help);
        if let Some((name, declared)) = self.origin(scope, id) {
            diagnostic = diagnostic.also(declared, format!("`{name}` is declared here"));
        }
        diagnostic
    }

    fn no_operator(&self, op: Spanned<BinaryOp>, left: ExprId, right: ExprId, a: &Type, b: &Type) -> Diagnostic {
        for (id, ty) in [(left, a), (right, b)] {
            if let Type::Optional(_) = ty
                && !matches!(*op, BinaryOp::Equal | BinaryOp::NotEqual)
            {
                let text = self.text(self.span(id));
                return Diagnostic::error(Code(212), self.span(id), format!("`{}` needs a value, and this may be nothing", op.text()))
                    .label(format!("`{ty}`"))
                    .help(format!("say what holds without it: `({text} ?? …)`"));
            }
        }
        let text = |ty: &Type| matches!(ty, Type::String | Type::Union(_));
        let amount = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Size | Type::Duration);
        let help = match *op {
            BinaryOp::Add if text(a) || text(b) => Some("put values into a text with `${}`".to_owned()),
            BinaryOp::Add | BinaryOp::Subtract if matches!((a, b), (Type::Duration, Type::Int) | (Type::Int, Type::Duration)) => {
                Some("a duration has a unit, like `30d` or `15m`".to_owned())
            }
            BinaryOp::Add | BinaryOp::Subtract if matches!((a, b), (Type::Size, Type::Int) | (Type::Int, Type::Size)) => {
                Some("a size has a unit, like `100GiB`".to_owned())
            }
            BinaryOp::Multiply | BinaryOp::Divide if matches!((a, b), (Type::Size | Type::Duration, Type::Float)) => {
                Some("a size or duration is multiplied and divided by whole numbers".to_owned())
            }
            BinaryOp::Equal | BinaryOp::NotEqual => Some("values of different types are never equal".to_owned()),
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                Some("numbers, sizes, durations, versions, addresses and texts have an order, each among its own".to_owned())
            }
            BinaryOp::Range | BinaryOp::RangeInclusive => Some("a range is of whole numbers, `1..=3`".to_owned()),
            BinaryOp::Add | BinaryOp::Subtract if matches!((a, b), (Type::Ip, Type::Ip)) => {
                Some("an address and a whole number give another address: `10.0.0.1 + 5`".to_owned())
            }
            BinaryOp::Add | BinaryOp::Subtract if amount(a) && amount(b) => {
                Some("both sides must be of one kind: two numbers, two sizes, two durations".to_owned())
            }
            _ => None,
        };
        Diagnostic::error(
            Code(213),
            op.span,
            format!("`{}` does not work on {} and {}", op.text(), mismatch::describe(a), mismatch::describe(b)),
        )
        .label("no such operation")
        .also(self.span(left), format!("`{a}`"))
        .also(self.span(right), format!("`{b}`"))
        .maybe_help(help)
    }

    /// `a ?? b`
    fn default(&mut self, scope: &mut Scope, op: Spanned<BinaryOp>, left: &Expr, right: &Expr, want: Option<&Type>, span: Span) -> ExprId {
        let written = left;
        let left = self.infer_free(scope, left);
        let ty = self.ty(left).clone();
        let (at, text) = (self.span(left), self.text(right.span));
        let inner: &Type = match &ty {
            Type::Optional(inner) => inner,
            Type::Error => return self.broken(span),
            Type::Null => {
                self.report(
                    Diagnostic::error(Code(213), op.span, "`??` has nothing to do here: the value to its left is never there")
                        .label("always what stands to its right")
                        .also(at, "`null`")
                        .help(format!("write `{text}` alone")),
                );
                return self.broken(span);
            }
            ty if self.is_certain(scope, written, left) => {
                self.report(
                    Diagnostic::error(Code(213), op.span, "`??` has nothing to do here: the value to its left is always there")
                        .label("never used")
                        .also(at, format!("`{ty}`"))
                        .help(match self.asked_by_key(left) {
                            Some(asked) => format!("what may be missing is asked for by `{asked} ?? {text}`"),
                            None => format!("leave `?? {text}` out"),
                        }),
                );
                return self.broken(span);
            }
            // A condition around has asked already, which is no mistake.
            ty => ty,
        };
        let right = self.infer(scope, right, Some(want.unwrap_or(inner)), "`??`");
        let other = self.ty(right).clone();
        match join(inner, &other) {
            // What is there is what it comes to.
            Some(_) if inner == &ty => self.push(ExprKind::Binary { op: BinaryOp::Default, left, right }, ty, span),
            Some(ty) => self.push(ExprKind::Binary { op: BinaryOp::Default, left, right }, ty, span),
            None => {
                let what = "`??`".to_owned();
                let right = self.coerce(scope, right, inner, &what);
                let ty = self.ty(right).clone();
                self.push(ExprKind::Binary { op: BinaryOp::Default, left, right }, ty, span)
            }
        }
    }
}

/// The type of `a op b`, if there is one.
fn result(op: BinaryOp, a: &Type, b: &Type) -> Option<Type> {
    use BinaryOp::{
        Add, Divide, Equal, Greater, GreaterEqual, Less, LessEqual, Multiply, NotEqual, Range, RangeInclusive, Remainder, Subtract,
    };
    use Type::{Bool, Duration, Float, Int, Ip, Size, Version};
    let text = |ty: &Type| matches!(ty, Type::String | Type::Union(_) | Type::Id(_) | Type::Arn(_));
    let number = |a: &Type, b: &Type| match (a, b) {
        (Int, Int) => Some(Int),
        (Int | Float, Int | Float) => Some(Float),
        _ => None,
    };
    match op {
        Equal | NotEqual => join(a, b).filter(|both| comparable(both) || is_empty(a) || is_empty(b)).map(|_| Bool),
        Less | LessEqual | Greater | GreaterEqual => {
            let ordered = number(a, b).is_some() || (a == b && matches!(a, Size | Duration | Version | Ip)) || (text(a) && text(b));
            ordered.then_some(Bool)
        }
        Add => match (a, b) {
            (a, b) if text(a) && text(b) => Some(Type::String),
            (Type::List(_), Type::List(_)) => join(a, b),
            (Size, Size) | (Duration, Duration) => Some(a.clone()),
            (Ip, Int) => Some(Ip),
            _ => number(a, b),
        },
        Subtract => match (a, b) {
            (Size, Size) | (Duration, Duration) => Some(a.clone()),
            (Ip, Int) => Some(Ip),
            _ => number(a, b),
        },
        Multiply => match (a, b) {
            (Size | Duration, Int) => Some(a.clone()),
            (Int, Size | Duration) => Some(b.clone()),
            _ => number(a, b),
        },
        Divide => match (a, b) {
            (Size | Duration, Int) => Some(a.clone()),
            (Size, Size) | (Duration, Duration) => Some(Int),
            _ => number(a, b),
        },
        Remainder => (a == b && *a == Int).then_some(Int),
        Range | RangeInclusive => (a == b && *a == Int).then(|| Type::list(Int)),
        BinaryOp::Or | BinaryOp::And | BinaryOp::Default => None,
    }
}

/// `[]`: whether a list is that can be asked of any.
fn is_empty(ty: &Type) -> bool {
    matches!(ty, Type::List(of) if **of == Type::Error)
}

fn comparable(ty: &Type) -> bool {
    match ty {
        Type::Function(_) | Type::Secret(_) | Type::Resource(_) | Type::Component(_) => false,
        Type::List(t) | Type::Map(t) => comparable(t),
        // A conditional resource, or a secret that may be there, may be compared with `null`.
        Type::Optional(t) => matches!(**t, Type::Resource(_) | Type::Component(_) | Type::Secret(_)) || comparable(t),
        _ => true,
    }
}
