//! `reachable(a, b, port, protocol)`: what may stand at its ends, and where it may be asked.

use super::builtin::Builtin;
use super::typed::{ExprId, ExprKind};
use super::{Checker, Scope, mismatch};
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{is_internet, is_part, is_workload};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind as Ast};
use crate::types::Type;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn reachable(&mut self, scope: &mut Scope, name: Span, args: &[Expr], span: Span) -> ExprId {
        if !self.in_assert || scope.only_constants {
            self.report(
                Diagnostic::error(Code(514), name, "`reachable` can be asked by an `assert` only")
                    .label("asked here")
                    .help("the network is whole when everything else is told: `assert reachable(app, db, 5432)`"),
            );
            return self.broken(span);
        }
        if !(2..=4).contains(&args.len()) {
            self.report(
                Diagnostic::error(Code(210), name, format!("`reachable` takes 2 to 4 values, and {} given", given(args.len())))
                    .label("called here")
                    .help("from, to, and if you like a port and a protocol: `reachable(app, db, 5432, \"tcp\")`"),
            );
            return self.broken(span);
        }
        let mut ids = Vec::with_capacity(args.len());
        let mut outside = 0;
        for (position, arg) in args.iter().enumerate() {
            let id = match position {
                0 | 1 => self.end(scope, arg),
                2 => self.expect(scope, arg, &Type::Int, "the port"),
                _ => self.expect(scope, arg, &Type::union(["tcp", "udp", "icmp"]), "the protocol"),
            };
            let ty = self.ty(id).clone();
            outside += usize::from(position < 2 && !matches!(ty, Type::Error) && !placed(&ty));
            ids.push(id);
        }
        if outside == 2 {
            let at = args.get(1).map_or(span, |arg| arg.span);
            self.report(
                Diagnostic::error(Code(513), at, "neither end is in a network of the program")
                    .label("and the other is not either")
                    .help("name a resource at one end: a subnet, a database, a cache, a cluster or its nodes"),
            );
            return self.broken(span);
        }
        self.push(ExprKind::Builtin { builtin: Builtin::Reachable, args: ids.into() }, Type::Bool, span)
    }

    /// One end: a resource with a place in a network, a component that holds one such, a range, or `internet`.
    fn end(&mut self, scope: &mut Scope, arg: &Expr) -> ExprId {
        if let Ast::Name(name) = &*arg.node
            && &**name == "internet"
            && !scope.slots.contains_key(name)
            && scope.local(name).is_none()
        {
            return self.push(ExprKind::Const(Value::str("internet")), Type::String, arg.span);
        }
        let id = self.infer_free(scope, arg);
        let ty = self.ty(id).clone();
        match &ty {
            Type::Error | Type::Cidr => id,
            Type::Resource(of) if is_workload(of) || is_part(of) || is_internet(of) => id,
            Type::Component(of) => self.workload_of(id, of, arg.span),
            other => {
                let help = match other {
                    Type::List(_) => "ask for each: `list.all(x => reachable(x, db))`; with `!`, `list.all(x => !reachable(internet, x))`",
                    Type::Map(_) => "ask for one, `subnets[\"a\"]`, or for each: `subnets.values().all(x => reachable(x, db))`",
                    Type::Optional(_) => "it may not be there: ask in `if … { reachable(…) } else { true }` with what is",
                    Type::Ip => "write it as a range of one: `10.0.0.7/32`",
                    _ => "an end is a subnet, a database, a cache, a cluster, its nodes, a range like 10.0.0.0/16, or `internet`",
                };
                self.report(
                    Diagnostic::error(Code(513), arg.span, format!("{} has no place in a network", mismatch::describe(other)))
                        .label("cannot be an end of a path")
                        .help(help),
                );
                self.broken(arg.span)
            }
        }
    }

    /// A component stands for the one thing in it that runs in a network.
    fn workload_of(&mut self, id: ExprId, component: &str, span: Span) -> ExprId {
        let signature = self.signatures.iter().find(|s| &*s.name == component);
        let resources = signature.map(|s| s.resources.clone()).unwrap_or_default();
        let of = |ty: &Type, test: fn(&str) -> bool| matches!(ty, Type::Resource(name) if test(name));
        let several = |ty: &Type, test: fn(&str) -> bool| match ty {
            Type::Map(inner) | Type::Optional(inner) => of(inner, test),
            ty => of(ty, test),
        };
        let workloads: Vec<_> = resources.iter().filter(|m| several(&m.ty, is_workload)).collect();
        if let [only] = workloads.as_slice()
            && of(&only.ty, is_workload)
        {
            return self.push(ExprKind::Member { base: id, name: only.name.clone(), safe: false }, only.ty.clone(), span);
        }
        let text = self.text(span);
        let ends: Vec<_> = if workloads.is_empty() { resources.iter().filter(|m| several(&m.ty, is_part)).collect() } else { workloads };
        let names: Vec<String> = ends.iter().map(|m| format!("`{text}.{}`", m.name)).collect();
        let found = Diagnostic::error(Code(513), span, format!("`{text}` is more than one place in a network"));
        let found = match names.as_slice() {
            [] => Diagnostic::error(Code(513), span, format!("nothing in `{text}` has a place in a network"))
                .help("an end is a subnet, a database, a cache, a cluster, its nodes, a range like 10.0.0.0/16, or `internet`"),
            [only] => found.help(format!("name the one that is meant: {only} has one for each key")),
            names => found.help(format!("name the one that is meant: {}", names.join(" or "))),
        };
        self.report(found.label(format!("`{component}`")));
        self.broken(span)
    }
}

/// Is it a resource, and no range or the internet?
fn placed(ty: &Type) -> bool {
    matches!(ty, Type::Resource(name) if !is_internet(name))
}

fn given(count: usize) -> String {
    if count == 1 { "1 is".to_owned() } else { format!("{count} are") }
}
