//! Types as they are written.

use std::sync::Arc;

use super::{Checker, Scope};
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::ModuleId;
use crate::syntax::ast::{self, ItemKind, TypeExpr, TypeKind};
use crate::types::{Field, Function, Record, Type};

/// Types that need no declaration.
const PLAIN: [(&str, Type); 10] = [
    ("String", Type::String),
    ("Int", Type::Int),
    ("Float", Type::Float),
    ("Bool", Type::Bool),
    ("Cidr", Type::Cidr),
    ("Ip", Type::Ip),
    ("Size", Type::Size),
    ("Duration", Type::Duration),
    ("Version", Type::Version),
    ("Json", Type::Json),
];

impl Checker<'_> {
    pub(super) fn type_of(&mut self, module: ModuleId, ty: &TypeExpr) -> Type {
        self.type_named(module, ty, None)
    }

    /// `name`: what a record type is called, when it is declared by `type`.
    fn type_named(&mut self, module: ModuleId, ty: &TypeExpr, name: Option<&Arc<str>>) -> Type {
        match &*ty.node {
            TypeKind::Text(text) => Type::union([text.clone()]),
            TypeKind::List(of) => Type::list(self.value_type(module, of)),
            TypeKind::Map(of) => Type::map(self.value_type(module, of)),
            TypeKind::Optional(of) => Type::optional(self.value_type(module, of)),
            TypeKind::Function(params, result) => Type::Function(Arc::new(Function::new(
                params.iter().map(|p| self.type_of(module, p)).collect(),
                self.value_type(module, result),
            ))),
            TypeKind::Union(members) => self.union(module, members),
            TypeKind::Record(fields) => self.record_type(module, fields, name),
            TypeKind::Named { path, args } => self.path_type(module, path, args),
        }
    }

    fn union(&mut self, module: ModuleId, members: &[TypeExpr]) -> Type {
        let mut texts: Vec<Arc<str>> = Vec::new();
        for member in members {
            match self.type_of(module, member) {
                Type::Union(more) => texts.extend(more.iter().cloned()),
                Type::Error => return Type::Error,
                other => {
                    self.report(
                        Diagnostic::error(Code(204), member.span, format!("a union is of texts, and this is `{other}`"))
                            .label("not a text in quotes")
                            .help(match &other {
                                Type::Optional(_) => "for a union that may be left out, write `(\"a\" | \"b\")?`",
                                _ => "write the possible values in quotes: `\"a\" | \"b\"`",
                            }),
                    );
                    return Type::Error;
                }
            }
        }
        Type::Union(texts.into())
    }

    fn record_type(&mut self, module: ModuleId, fields: &[ast::FieldExpr], name: Option<&Arc<str>>) -> Type {
        let mut seen: Vec<&ast::Name> = Vec::new();
        let mut typed = Vec::new();
        let mut defaults = Vec::new();
        for field in fields {
            if let Some(first) = seen.iter().find(|n| n.node == field.name.node) {
                self.duplicate(&field.name.node, field.name.span, first.span);
                continue;
            }
            seen.push(&field.name);
            let ty = self.value_type(module, &field.ty);
            if let Some(default) = &field.default {
                let mut scope = Scope::constants(module);
                let id = self.expect(&mut scope, default, &ty, &format!("`{}`", field.name.node));
                defaults.push((field.name.node.clone(), id));
            }
            let optional = field.default.is_some() || matches!(ty, Type::Optional(_));
            typed.push(Field { name: field.name.node.clone(), ty, optional, doc: field.doc.clone() });
        }
        let record = Arc::new(Record::new(name.cloned(), typed));
        if !defaults.is_empty() {
            self.field_defaults.insert(record.clone(), defaults);
        }
        Type::Record(record)
    }

    fn path_type(&mut self, module: ModuleId, path: &ast::Name, args: &[TypeExpr]) -> Type {
        let wanted_args = usize::from(matches!(&*path.node, "Id" | "Arn" | "Secret"));
        let written: Vec<&str> = args.iter().map(|arg| self.text(arg.span)).collect();
        if let Some(ours) = super::foreign::generic_type(&path.node, &written)
            && self.modules.find(module, &path.node).is_none()
        {
            self.report(
                Diagnostic::error(Code(204), path.span, format!("there is no type `{}`", path.node))
                    .label("not known here")
                    .help(format!("write `{ours}`")),
            );
            return Type::Error;
        }
        if args.len() != wanted_args && !(&*path.node == "Arn" && args.is_empty()) {
            self.report(
                Diagnostic::error(
                    Code(204),
                    path.span,
                    format!("`{}` takes {wanted_args} type{} in `<>`", path.node, if wanted_args == 1 { "" } else { "s" }),
                )
                .label(format!("{} given", args.len()))
                .help(match &*path.node {
                    "Secret" => "say of what: `Secret<String>`".to_owned(),
                    "Id" | "Arn" => format!("say of what: `{}<aws.ec2.VPC>`", path.node),
                    name => format!("write `{name}` alone"),
                }),
            );
            return Type::Error;
        }
        let arg = args.first().map(|arg| (self.value_type(module, arg), arg.span));
        match (&*path.node, arg) {
            ("Secret", Some((of, _))) => Type::secret(of),
            ("Arn", None) => Type::Arn("".into()),
            ("Id" | "Arn", Some((Type::Resource(of), _))) => {
                if &*path.node == "Id" {
                    Type::Id(of)
                } else {
                    Type::Arn(of)
                }
            }
            ("Id" | "Arn", Some((Type::Error, _))) => Type::Error,
            ("Id" | "Arn", Some((other, span))) => {
                self.report(
                    Diagnostic::error(Code(204), span, format!("`{}` is of a resource type, and this is `{other}`", path.node))
                        .label("not a resource type")
                        .help("write it like `Id<aws.ec2.VPC>`"),
                );
                Type::Error
            }
            _ => self.named_type(module, path),
        }
    }

    /// A type by name: builtin, declared, imported, a component or a resource type.
    pub(super) fn named_type(&mut self, module: ModuleId, path: &ast::Name) -> Type {
        let name = &path.node;
        if let Some((_, ty)) = PLAIN.iter().find(|(plain, _)| *plain == &**name) {
            return ty.clone();
        }
        if self.registry.get(name).is_some() {
            return Type::Resource(name.clone());
        }
        let modules = self.modules;
        match modules.find(module, name) {
            Some((there, item)) => match &item.kind {
                ItemKind::Type { name, ty } => self.declared_type(there, name, ty),
                ItemKind::Component { name, .. } => match self.component(there, &name.node) {
                    Some(unit) => Type::Component(self.signatures.get(unit).map(|s| s.name.clone()).unwrap_or_default()),
                    None => Type::Error,
                },
                other => {
                    let what = if matches!(other, ItemKind::Policy(_)) { "policy" } else { "function" };
                    self.report(
                        Diagnostic::error(Code(204), path.span, format!("`{name}` is a {what}, not a type"))
                            .label("used as a type")
                            .help("here stands a type: `String`, `[Int]`, a `type` of the stack, or a resource's, like `aws.ec2.VPC`"),
                    );
                    Type::Error
                }
            },
            None => {
                if !modules.get(module).is_some_and(|m| m.imported.contains_key(name)) {
                    self.unknown_type(module, path);
                }
                Type::Error
            }
        }
    }

    fn declared_type(&mut self, there: ModuleId, name: &ast::Name, ty: &TypeExpr) -> Type {
        let key = (there, name.node.clone());
        if let Some(ty) = self.type_names.get(&key) {
            let ty = ty.clone();
            self.mention(&key);
            return ty;
        }
        if self.types_open.contains(&key) {
            self.report(
                Diagnostic::error(Code(223), name.span, format!("the type `{}` contains itself", name.node))
                    .label("its definition comes back to it")
                    .help("types are finite: break the circle"),
            );
            self.type_names.insert(key, Type::Error);
            return Type::Error;
        }
        let Some(outer) = self.enter(name.span) else { return Type::Error };
        self.types_open.push(key.clone());
        let resolved = self.type_named(there, ty, Some(&name.node));
        let resolved = self.bounded(resolved, name.span);
        self.types_open.pop();
        self.leave(&key, name.span, outer);
        // A circle found on the way stays an error.
        self.type_names.entry(key).or_insert(resolved).clone()
    }

    pub(super) fn unknown_type(&mut self, module: ModuleId, path: &ast::Name) {
        let name = &path.node;
        if !crate::diagnostic::may_suggest() {
            let help = "declare it with `type`, or bring it in with `use`";
            self.report(Diagnostic::error(Code(204), path.span, format!("there is no type `{name}`")).label("not known here").help(help));
            return;
        }
        let mut candidates: Vec<&str> = self.registry.iter().map(|s| s.name).collect();
        candidates.extend(PLAIN.iter().map(|(n, _)| *n));
        let module = self.modules.get(module);
        let declared: Vec<Arc<str>> = module.map(|m| m.declared.keys().chain(m.imported.keys()).cloned().collect()).unwrap_or_default();
        candidates.extend(declared.iter().map(|n| &**n));
        let help = match crate::diagnostic::closest(name, candidates) {
            _ if let Some(ours) = super::foreign::plain_type(name) => format!("write {ours}"),
            _ if let Some(ours) = super::foreign::resource_type(self.registry, name) => format!("did you mean `{ours}`?"),
            Some(close) => format!("did you mean `{close}`?"),
            None => match library_home(name) {
                Some(home) => format!("add `use {home}.{{{name}}}`"),
                None if name.starts_with("aws.") => "`plat docs` lists the resource types".to_owned(),
                None => "declare it with `type`, or bring it in with `use`".to_owned(),
            },
        };
        self.report(Diagnostic::error(Code(204), path.span, format!("there is no type `{name}`")).label("not known here").help(help));
    }
}

/// The module of the standard library that declares a component of this name.
fn library_home(name: &str) -> Option<&'static str> {
    crate::resolve::LIBRARY
        .iter()
        .find(|(_, text)| text.lines().any(|l| l.strip_prefix("component ").is_some_and(|l| l.split([' ', '{']).next() == Some(name))))
        .map(|(module, _)| *module)
}
