//! `a.b`, `a[b]`, `f(x)` and `a.f(x)`.

use std::sync::Arc;

use super::builtin::{self, Answer, BUILTINS, Param, Signature as Method};
use super::expr::count;
use super::typed::{ExprId, ExprKind};
use super::{Checker, Scope, mismatch};
use crate::diagnostic::{Code, Diagnostic, closest, listed};
use crate::schema::{Attribute, Mode};
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind as Ast};
use crate::types::{Function, Type, is_assignable};
use crate::value::{SecretStore, Value};

/// The type that reading an attribute gives: optional only where "not set" is a real answer.
pub(super) fn read_type(attribute: &Attribute) -> Type {
    match &attribute.mode {
        Mode::Optional { default: Value::Null } => match &attribute.ty {
            ty @ (Type::List(_) | Type::Map(_)) => ty.clone(),
            ty => Type::optional(ty.clone()),
        },
        _ => attribute.ty.required().clone(),
    }
}

/// Functions of lists that look at their elements, or put them together.
const COMPARING: [&str; 4] = ["contains", "join", "sort", "unique"];

impl Checker<'_> {
    pub(super) fn member(&mut self, scope: &mut Scope, base: &Expr, name: &ast::Name, safe: bool, span: Span) -> ExprId {
        if let Ast::Name(namespace) = &*base.node
            && !scope.slots.contains_key(namespace)
            && scope.local(namespace).is_none()
        {
            match (&**namespace, &*name.node) {
                ("env" | "stack", "name") if self.in_function => {
                    self.report(
                        Diagnostic::error(Code(200), span, "a `fn` reads nothing but its params")
                            .label("not one of them")
                            .help(format!("add a param, and give it `{namespace}.name` where the `fn` is called")),
                    );
                    return self.broken(span);
                }
                ("env", "name") => return self.push(ExprKind::EnvName, Type::String, span),
                ("stack", "name") => return self.push(ExprKind::StackName, Type::String, span),
                ("env" | "stack", _) => {
                    self.report(
                        Diagnostic::error(Code(207), name.span, format!("`{namespace}` has no `{}`", name.node))
                            .label("not known")
                            .help(format!("it has `{namespace}.name`")),
                    );
                    return self.broken(span);
                }
                _ if self.foreign_reference(scope, namespace, name, span) => return self.broken(span),
                _ => {}
            }
        }
        let written = base;
        let base = self.infer_free(scope, base);
        if safe && self.is_certain(scope, written, base) {
            self.needless(base, name, "");
            return self.broken(span);
        }
        let ty = self.ty(base).clone();
        let (inner, optional) = match &ty {
            Type::Optional(inner) => (Type::clone(inner), true),
            ty => (ty.clone(), false),
        };
        if optional && !safe {
            let text = self.text(self.span(base));
            let mut diagnostic =
                Diagnostic::error(Code(212), name.span, format!("`{text}` may be nothing, so it may have no `{}`", name.node))
                    .label(format!("read from `{ty}`"))
                    .help(format!("write `{text}?.{}`, or add the same `if` here", name.node));
            if let Some((origin, declared)) = self.origin(scope, base) {
                diagnostic = diagnostic.also(declared, format!("`{origin}` is declared here"));
            }
            self.report(diagnostic);
            return self.broken(span);
        }
        let Some(member) = self.member_type(scope, base, &inner, name) else { return self.broken(span) };
        let ty = if safe { Type::optional(member) } else { member };
        self.push(ExprKind::Member { base, name: name.node.clone(), safe }, ty, span)
    }

    /// `?.` on what is always there.
    fn needless(&mut self, base: ExprId, name: &ast::Name, call: &str) {
        let (ty, at) = (self.ty(base).clone(), self.span(base));
        let text = self.text(at);
        self.report(
            Diagnostic::error(Code(213), name.span, format!("`?.` has nothing to do here: `{text}` is always there"))
                .label("read without a condition")
                .also(at, format!("`{ty}`"))
                .help(format!("write `{text}.{}{call}`", name.node)),
        );
    }

    fn member_type(&mut self, scope: &Scope, base: ExprId, ty: &Type, name: &ast::Name) -> Option<Type> {
        let text = self.text(self.span(base));
        let (candidates, help): (Vec<Arc<str>>, Option<String>) = match ty {
            Type::Error => return None,
            Type::Resource(type_name) => {
                let schema = self.registry.get(type_name)?.clone();
                if let Some(attribute) = schema.attribute(&name.node) {
                    return Some(read_type(attribute));
                }
                let help = match (&*name.node, schema.id_attribute(), schema.arn) {
                    ("id", Some(id), _) => format!("its id is `{text}.{id}`; where an id is wanted, `{text}` stands for it"),
                    ("arn", _, Some(arn)) => format!("its ARN is `{text}.{arn}`; where an ARN is wanted, `{text}` stands for it"),
                    _ => format!("`plat docs {type_name}` lists its attributes"),
                };
                (schema.attributes.iter().map(|a| a.name.into()).collect(), Some(help))
            }
            Type::Component(component) => {
                let signature = self.signatures.iter().find(|s| s.name == *component)?;
                if let Some(member) =
                    signature.outputs.iter().chain(&signature.params).chain(&signature.resources).find(|m| m.name == name.node)
                {
                    return Some(member.ty.clone());
                }
                let names: Vec<Arc<str>> =
                    signature.outputs.iter().chain(&signature.params).chain(&signature.resources).map(|m| m.name.clone()).collect();
                let list = listed(signature.outputs.iter().map(|m| &*m.name));
                (names, Some(format!("its outputs are {list}")))
            }
            Type::Record(record) => {
                if let Some(field) = record.field(&name.node) {
                    return Some(match &field.ty {
                        Type::Optional(_) => field.ty.clone(),
                        ty if field.optional && record.name.is_none() => Type::optional(ty.clone()),
                        ty => ty.clone(),
                    });
                }
                (record.fields.iter().map(|f| f.name.clone()).collect(), None)
            }
            Type::List(_) | Type::Map(_) | Type::String | Type::Union(_) if let Some(ours) = super::foreign::method(&name.node) => {
                (Vec::new(), Some(format!("write `{text}{ours}`")))
            }
            Type::String | Type::Union(_) | Type::Int | Type::Bool => (Vec::new(), Some(format!("it has no parts: write `{text}` alone"))),
            Type::List(_) => (Vec::new(), Some(format!("for each of its values: `{text}.map(x => x.{})`", name.node))),
            Type::Map(of) => {
                let help = if matches!(**of, Type::Resource(_) | Type::Component(_) | Type::Record(_)) {
                    format!("choose one by its key, `{text}[\"…\"].{0}`, or take all: `{text}.values().map(x => x.{0})`", name.node)
                } else {
                    format!("a map is read by its key: `{text}[\"{}\"]`", name.node)
                };
                (Vec::new(), Some(help))
            }
            Type::Secret(_) => {
                self.report(Diagnostic::error(Code(402), name.span, "nothing can be read from a secret").label("a secret"));
                return None;
            }
            _ => (Vec::new(), None),
        };
        let is_method = builtin::signature(ty, &name.node).is_some();
        let close = closest(&name.node, candidates.iter().map(|c| &**c)).map(|c| format!("did you mean `{c}`?"));
        let help = if is_method { Some(format!("it is a function: `{text}.{}(…)`", name.node)) } else { close.or(help) };
        let mut diagnostic = Diagnostic::error(Code(207), name.span, format!("{} has no `{}`", mismatch::describe(ty), name.node))
            .label("not one of its attributes")
            .maybe_help(help);
        if let Some((origin, declared)) = self.origin(scope, base) {
            diagnostic = diagnostic.also(declared, format!("`{origin}` is declared here"));
        }
        self.report(diagnostic);
        None
    }

    pub(super) fn index(&mut self, scope: &mut Scope, base: &Expr, index: &Expr, span: Span) -> ExprId {
        let base = self.infer_free(scope, base);
        let ty = self.ty(base).clone();
        let (want, result) = match &ty {
            Type::List(of) => (Type::Int, Type::clone(of)),
            Type::Map(of) => (Type::String, Type::clone(of)),
            Type::Error => {
                self.infer_free(scope, index);
                return self.broken(span);
            }
            Type::Record(record) => {
                if let Ast::Literal(Value::String(key)) = &*index.node
                    && let Some(field) = record.field(key)
                {
                    let ty = field.ty.clone();
                    return self.push(ExprKind::Member { base, name: key.clone(), safe: false }, ty, span);
                }
                (Type::String, super::join::any_field(record))
            }
            Type::Optional(inner) if matches!(**inner, Type::List(_) | Type::Map(_) | Type::Record(_)) => {
                let at = self.span(base);
                let (text, empty) = (self.text(at), if matches!(**inner, Type::List(_)) { "[]" } else { "{}" });
                let mut diagnostic = Diagnostic::error(Code(212), at, format!("`{text}` may be nothing, so it may have no parts"))
                    .label(format!("`{ty}`"))
                    .help(format!("say what holds without it: `({text} ?? {empty})[{}]`", self.text(index.span)));
                if let Some((name, declared)) = self.origin(scope, base) {
                    diagnostic = diagnostic.also(declared, format!("`{name}` is declared here"));
                }
                self.report(diagnostic);
                return self.broken(span);
            }
            other => {
                let at = self.span(base);
                let mut diagnostic =
                    Diagnostic::error(Code(222), index.span, format!("{} has no parts to choose from", mismatch::describe(other)))
                        .label("no list and no map")
                        .also(at, format!("`{other}`"))
                        .help(match other {
                            Type::Resource(_) | Type::Component(_) => format!("it is one: write `{}` alone", self.text(at)),
                            Type::Optional(_) => {
                                format!("it is one or none, and no list: write `{}`; what it has is read by `?.`", self.text(at))
                            }
                            Type::String | Type::Union(_) => "parts of a text: `.split(…)`, `.take(…)`".to_owned(),
                            _ => "lists, maps and what is made by `for` have parts".to_owned(),
                        });
                if let (Type::Resource(_) | Type::Component(_), Some((name, declared))) = (other, self.origin(scope, base)) {
                    diagnostic = diagnostic.also(declared, format!("`{name}` is declared without `for`"));
                }
                self.report(diagnostic);
                return self.broken(span);
            }
        };
        if let (Type::Map(_), Ast::Literal(Value::Int(position))) = (&ty, &*index.node) {
            let text = self.text(self.span(base));
            self.report(
                Diagnostic::error(Code(203), index.span, "the key wants a text: there are keys and no positions").label("`Int`").help(
                    match position {
                        0 => format!("name the key, `{text}[\"…\"]`, or take the first of all: `{text}.values().first()`"),
                        _ => format!("name the key, `{text}[\"…\"]`"),
                    },
                ),
            );
            return self.broken(span);
        }
        let what = if want == Type::Int { "the position" } else { "the key" };
        let index = self.expect(scope, index, &want, what);
        self.push(ExprKind::Index { base, index }, result, span)
    }

    pub(super) fn call(&mut self, scope: &mut Scope, callee: &Expr, args: &[Expr], span: Span) -> ExprId {
        match &*callee.node {
            Ast::Name(name) => self.call_name(scope, name, callee.span, args, span),
            Ast::Member { base, name, safe } => {
                if let Ast::Name(namespace) = &*base.node
                    && &**namespace == "secret"
                    && !scope.slots.contains_key(namespace)
                {
                    return self.secret(scope, name, args, span);
                }
                self.method(scope, base, name, *safe, args, span)
            }
            _ => {
                let id = self.infer_free(scope, callee);
                let ty = self.ty(id).clone();
                if ty != Type::Error {
                    self.report(
                        Diagnostic::error(Code(211), callee.span, format!("{} cannot be called", mismatch::describe(&ty)))
                            .label("not a function"),
                    );
                }
                self.broken(span)
            }
        }
    }

    fn call_name(&mut self, scope: &mut Scope, name: &Arc<str>, name_span: Span, args: &[Expr], span: Span) -> ExprId {
        if let Some(id) = self.apply(scope, name, name_span, args, span) {
            return id;
        }
        if &**name == "reachable" {
            return self.reachable(scope, name_span, args, span);
        }
        if let Some((_, builtin, params, result)) = BUILTINS.iter().find(|(n, ..)| *n == &**name) {
            let params: Vec<Type> = params.iter().map(|p| Type::from(*p)).collect();
            let Some(args) = self.arguments(scope, name, name_span, &params, args) else { return self.broken(span) };
            return self.push(ExprKind::Builtin { builtin: *builtin, args: args.into() }, Type::from(*result), span);
        }
        if let Some(function) = self.function(scope.module, name) {
            let (params, result) = self.function_types.get(function).cloned().unwrap_or((Vec::new(), Type::Error));
            let Some(args) = self.arguments(scope, name, name_span, &params, args) else { return self.broken(span) };
            let function = u32::try_from(function).unwrap_or(u32::MAX);
            return self.push(ExprKind::Call { function, args: args.into() }, result, span);
        }
        let module = self.modules.get(scope.module);
        let declared: Vec<Arc<str>> = module.map(|m| m.declared.keys().chain(m.imported.keys()).cloned().collect()).unwrap_or_default();
        if declared.contains(name) {
            return self.broken(span);
        }
        let diagnostic = if scope.slots.contains_key(name) {
            Diagnostic::error(Code(211), name_span, format!("`{name}` is not a function"))
                .label("cannot be called")
                .help(format!("write `{name}` alone; functions are declared by `fn`"))
        } else {
            let candidates = BUILTINS.iter().map(|(n, ..)| *n).chain(declared.iter().map(|n| &**n));
            let short = |arg: &Expr| Some(self.text(arg.span)).filter(|text| !text.contains('\n')).unwrap_or("…");
            let texts: Vec<&str> = args.iter().map(short).collect();
            let help = match closest(name, candidates) {
                _ if let Some(ours) = super::foreign::function(name, &texts) => ours,
                Some(close) => format!("did you mean `{close}`?"),
                None => "most functions are called on a value, as in `list.len()`; `plat docs functions` lists all".to_owned(),
            };
            Diagnostic::error(Code(200), name_span, format!("there is no function `{name}`")).label("not known").help(help)
        };
        self.report(diagnostic);
        self.broken(span)
    }

    pub(super) fn arguments(
        &mut self,
        scope: &mut Scope,
        name: &str,
        name_span: Span,
        params: &[Type],
        args: &[Expr],
    ) -> Option<Vec<ExprId>> {
        if params.len() != args.len() {
            let types = params.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            self.wrong_count(name, name_span, params.len(), args.len(), Some(format!("it takes `{name}({types})`")));
            return None;
        }
        Some(args.iter().zip(params).map(|(arg, ty)| self.expect(scope, arg, ty, &format!("`{name}`"))).collect())
    }

    fn wrong_count(&mut self, name: &str, span: Span, wanted: usize, given: usize, help: Option<String>) {
        self.report(
            Diagnostic::error(
                Code(210),
                span,
                format!("`{name}` takes {}, and {given} {} given", count(wanted, "value"), if given == 1 { "is" } else { "are" }),
            )
            .label("called here")
            .maybe_help(help),
        );
    }

    fn secret(&mut self, scope: &mut Scope, name: &ast::Name, args: &[Expr], span: Span) -> ExprId {
        let store = match &*name.node {
            "aws" => SecretStore::Aws,
            "env" => SecretStore::Env,
            "file" => SecretStore::File,
            "vault" => SecretStore::Vault,
            other => {
                let help = closest(other, ["aws", "env", "file", "vault"]).map(|c| format!("did you mean `secret.{c}`?"));
                self.report(
                    Diagnostic::error(Code(209), name.span, format!("there is no secret store `{other}`"))
                        .label("not known")
                        .help(help.unwrap_or_else(|| "there are `secret.aws`, `secret.env`, `secret.file` and `secret.vault`".to_owned())),
                );
                return self.broken(span);
            }
        };
        let [arg] = args else {
            self.wrong_count(
                &format!("secret.{}", name.node),
                name.span,
                1,
                args.len(),
                Some("the name that the secret has in its store".to_owned()),
            );
            return self.broken(span);
        };
        if store == SecretStore::File && self.modules.fetched.contains_key(&span.file) {
            self.report(
                Diagnostic::error(Code(403), name.span, "a fetched module reads no secret's file")
                    .label("of the project that uses it")
                    .help("take the secret as a param: `param password: Secret<String>`"),
            );
            return self.broken(span);
        }
        if let Ast::Literal(Value::String(text)) = &*arg.node
            && let Some((problem, help)) = super::secret_name::problem(store, text)
        {
            self.report(Diagnostic::error(Code(403), arg.span, problem).label("not a name for it").help(help));
            return self.broken(span);
        }
        let argument = self.infer(scope, arg, Some(&Type::String), "the secret's name");
        // A managed secret stands for its ARN.
        let argument = match self.ty(argument).clone() {
            Type::Resource(of) if store == SecretStore::Aws => {
                let want = match self.registry.get(&of).and_then(|s| s.id_attribute()) {
                    Some(_) => Type::Id(of),
                    None => Type::String,
                };
                self.coerce(scope, argument, &want, "the secret's name")
            }
            _ => self.coerce(scope, argument, &Type::String, "the secret's name"),
        };
        self.push(ExprKind::Secret { store, argument }, Type::secret(Type::String), span)
    }

    fn method(&mut self, scope: &mut Scope, base: &Expr, name: &ast::Name, safe: bool, args: &[Expr], span: Span) -> ExprId {
        let receiver = self.infer_free(scope, base);
        if safe && self.is_certain(scope, base, receiver) {
            self.needless(receiver, name, "(…)");
            return self.broken(span);
        }
        let ty = self.ty(receiver).clone();
        let inner = match &ty {
            Type::Error => return self.broken(span),
            Type::Secret(_) => {
                self.report(
                    Diagnostic::error(Code(402), name.span, format!("`{}` cannot be applied to a secret", name.node))
                        .label("a secret")
                        .help("give the secret as it is to what needs it"),
                );
                return self.broken(span);
            }
            Type::Optional(inner) if safe => Type::clone(inner),
            Type::Optional(_) => {
                let text = self.text(self.span(receiver));
                self.report(
                    Diagnostic::error(Code(212), name.span, format!("`{text}` may be nothing"))
                        .label(format!("called on `{ty}`"))
                        .help(format!("write `{text}?.{}(…)`, or `({text} ?? …).{}(…)`", name.node, name.node)),
                );
                return self.broken(span);
            }
            ty => ty.clone(),
        };
        if let Type::List(of) = &inner
            && of.holds_secret()
            && COMPARING.contains(&&*name.node)
        {
            self.report(
                Diagnostic::error(Code(402), name.span, format!("`{}` cannot be applied to secrets", name.node))
                    .label(format!("called on a list of `{of}`"))
                    .help("what could be told from the result would give them away"),
            );
            return self.broken(span);
        }
        let Some(signature) = builtin::signature(&inner, &name.node) else {
            let names = builtin::names(&inner);
            let text = self.text(self.span(receiver));
            let help = match closest(&name.node, names.iter().copied()) {
                _ if !names.is_empty()
                    && let Some(ours) = super::foreign::method(&name.node) =>
                {
                    Some(format!("write `{text}{ours}`"))
                }
                Some(close) => Some(format!("did you mean `{close}`?")),
                None if names.is_empty() => None,
                None => Some(format!("it has {}", listed(&names))),
            };
            self.report(
                Diagnostic::error(Code(209), name.span, format!("{} has no function `{}`", mismatch::describe(&inner), name.node))
                    .label("not known")
                    .maybe_help(help),
            );
            return self.broken(span);
        };
        self.method_call(scope, receiver, &signature, name, safe, args, span)
    }

    #[allow(clippy::too_many_arguments, reason = "one call's parts")]
    fn method_call(
        &mut self,
        scope: &mut Scope,
        receiver: ExprId,
        signature: &Method,
        name: &ast::Name,
        safe: bool,
        args: &[Expr],
        span: Span,
    ) -> ExprId {
        if signature.params.len() != args.len() {
            let takes = signature.params.iter().map(told).collect::<Vec<_>>().join(", ");
            let help = format!("it takes `{}({takes})`", name.node);
            self.wrong_count(&name.node, name.span, signature.params.len(), args.len(), Some(help));
            return self.broken(span);
        }
        let mut ids = Vec::with_capacity(args.len());
        let mut given = Type::Error;
        for (param, arg) in signature.params.iter().zip(args) {
            match param {
                Param::Value(ty) => ids.push(self.expect(scope, arg, ty, &format!("`{}`", name.node))),
                Param::Either(one, other) => {
                    let id = self.infer(scope, arg, Some(one), &format!("`{}`", name.node));
                    let fits = is_assignable(self.ty(id), other);
                    ids.push(if fits { id } else { self.coerce(scope, id, one, &format!("`{}`", name.node)) });
                }
                Param::Like(ty) => {
                    let (id, complaints) = self.infer_like(scope, arg, ty, &format!("`{}`", name.node));
                    let own = match self.ty(id) {
                        Type::Record(record) => Type::map(super::join::any_field(record)),
                        own => own.clone(),
                    };
                    let joined = super::join::join(ty, &own).filter(|_| matches!(own, Type::Map(_) | Type::Error));
                    let fits = joined.is_some();
                    if !complaints.is_empty() && (!fits || of_named(ty)) {
                        self.diagnostics.extend(complaints);
                        return self.broken(span);
                    }
                    given = joined.unwrap_or_else(|| ty.clone());
                    ids.push(if fits { id } else { self.coerce(scope, id, ty, &format!("`{}`", name.node)) });
                }
                Param::Lambda(over, gives) => {
                    let want = Type::Function(Arc::new(Function::new(over.clone(), gives.clone().unwrap_or(Type::Error))));
                    if !matches!(*arg.node, Ast::Lambda { .. } | Ast::Name(_)) {
                        self.report(
                            Diagnostic::error(Code(203), arg.span, format!("`{}` takes a function", name.node))
                                .label("not a function")
                                .help(format!("write `{}({} => …)`", name.node, if over.len() == 1 { "x" } else { "(k, v)" })),
                        );
                        return self.broken(span);
                    }
                    let id = self.infer(scope, arg, Some(&want), &format!("`{}`", name.node));
                    given = match self.ty(id) {
                        Type::Function(f) => f.result.clone(),
                        // What is wrong with it was said.
                        _ => return self.broken(span),
                    };
                    ids.push(id);
                }
            }
        }
        let ty = match &signature.result {
            Answer::Type(ty) => ty.clone(),
            Answer::ListOfLambda => Type::list(given),
            Answer::MapOfLambda => Type::map(given),
            Answer::Lambda | Answer::Joined => given,
        };
        let ty = if safe { Type::optional(ty) } else { ty };
        self.push(ExprKind::Method { receiver, method: signature.method, args: ids.into() }, ty, span)
    }
}

impl Checker<'_> {
    /// A literal takes the form of what it goes with, when it can: a record in it the defaults of its type, a resource the place of its id.
    /// With what is said against it when it cannot.
    fn infer_like(&mut self, scope: &mut Scope, arg: &Expr, want: &Type, what: &str) -> (ExprId, Vec<Diagnostic>) {
        let literal = matches!(*arg.node, Ast::Record(_) | Ast::MapFor { .. });
        if !literal || matches!(want, Type::Map(of) if matches!(**of, Type::Error | Type::Union(_))) {
            return (self.infer_free(scope, arg), Vec::new());
        }
        let before = self.diagnostics.len();
        let id = self.expect(scope, arg, want, what);
        let inside = |d: &Diagnostic| d.span.file == arg.span.file && arg.span.start <= d.span.start && d.span.end <= arg.span.end;
        let (complaints, others): (Vec<_>, Vec<_>) = self.diagnostics.split_off(before).into_iter().partition(inside);
        self.diagnostics.extend(others);
        if complaints.is_empty() {
            return (id, complaints);
        }
        // What is wrong with it in itself would be told twice.
        let before = self.diagnostics.len();
        let id = self.infer_free(scope, arg);
        if self.diagnostics.len() > before {
            return (id, Vec::new());
        }
        (id, complaints)
    }
}

/// A map of a declared record: what goes into it is one, too.
fn of_named(ty: &Type) -> bool {
    matches!(ty, Type::Map(of) if matches!(&**of, Type::Record(record) if record.name.is_some()))
}

/// What a method takes, in a signature.
fn told(param: &Param) -> String {
    match param {
        Param::Value(ty) | Param::Like(ty) => ty.to_string(),
        Param::Either(one, other) => format!("{one} or {other}"),
        Param::Lambda(over, _) if over.len() == 1 => "x => …".to_owned(),
        Param::Lambda(..) => "(k, v) => …".to_owned(),
    }
}
