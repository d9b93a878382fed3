//! What the command line gives: `-p name=value`. What may be a secret is in no diagnostic, however wrong it is.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::resolve::{ModuleId, Modules};
use crate::source::{FileId, SourceMap, Span, Spanned};
use crate::syntax::{self, ast};

/// How deep declared types are looked into; deeper ones may hold a secret.
const DEPTH: usize = 16;

/// The values that were given.
#[derive(Debug, Default)]
pub struct Given {
    pub values: Vec<(ast::Name, ast::Expr)>,
    /// Params whose value may be a secret, by the file that stands for them, and where the value begins in it.
    hidden: HashMap<FileId, (Arc<str>, u32)>,
}

impl Given {
    /// Each value is an expression of the language; a bare word that is none is a text.
    pub fn read(given: &[(String, String)], modules: &Modules, sources: &mut SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut read = Self::default();
        for (name, value) in given {
            let start = name.len() + 3;
            let hides = may_be_secret(modules, name);
            // Of the same length, so that places in it stay places.
            let shown = if hides { "*".repeat(value.len()) } else { value.clone() };
            let file = sources.add(Path::new("-p"), "-p", format!("{name} = {shown}"));
            if hides {
                read.hidden.insert(file, (Arc::from(name.as_str()), u32::try_from(start).unwrap_or(u32::MAX)));
            }
            match expression(file, start, value) {
                Ok(expr) => read.values.push((Spanned::new(Arc::from(name.as_str()), Span::new(file, 0, name.len())), expr)),
                Err(errors) => diagnostics.extend(errors),
            }
        }
        read.veil(diagnostics);
        read
    }

    /// A mistake in a value that may be a secret is told without a word of it.
    pub fn veil(&self, diagnostics: &mut Vec<Diagnostic>) {
        for diagnostic in diagnostics.iter_mut() {
            let Some((name, start)) = self.hidden.get(&diagnostic.span.file).filter(|(_, start)| diagnostic.span.start >= *start) else {
                continue;
            };
            *diagnostic = Diagnostic {
                message: format!("what is given for `{name}` cannot be read, and is not shown: it may be a secret"),
                label: "this".to_owned(),
                span: Span { start: *start, ..diagnostic.span },
                related: Vec::new(),
                help: Some(format!("a text stands in quotes, which a shell has to keep: `-p '{name}=\"…\"'`")),
                ..diagnostic.clone()
            };
        }
        diagnostics.dedup();
    }
}

fn expression(file: FileId, start: usize, value: &str) -> Result<ast::Expr, Vec<Diagnostic>> {
    let word = !value.is_empty()
        && value.chars().all(|c| c.is_alphanumeric() || "_-./:".contains(c))
        && !value.starts_with(|c: char| c.is_ascii_digit());
    if word && !matches!(value, "true" | "false" | "null") {
        let literal = ast::ExprKind::Literal(crate::value::Value::str(value));
        return Ok(Spanned::new(Box::new(literal), Span::new(file, start, start + value.len())));
    }
    let text: Arc<str> = format!("{}{value}", " ".repeat(start)).into();
    syntax::parse_expression(file, &text)
}

/// Only what is declared as something else is surely no secret.
fn may_be_secret(modules: &Modules, name: &str) -> bool {
    let stack = ModuleId(0);
    let param = modules.get(stack).and_then(|module| {
        module.items.iter().find_map(|item| match &item.kind {
            ast::ItemKind::Param(param) if *param.name.node == *name => Some(param),
            _ => None,
        })
    });
    param.is_none_or(|param| holds_secret(modules, stack, &param.ty, DEPTH, &mut HashSet::new()))
}

/// `seen` are the declared types that were looked into, each once.
fn holds_secret(modules: &Modules, module: ModuleId, ty: &ast::TypeExpr, depth: usize, seen: &mut HashSet<(ModuleId, Arc<str>)>) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return true };
    let mut holds = |ty: &ast::TypeExpr| holds_secret(modules, module, ty, depth, seen);
    match &*ty.node {
        ast::TypeKind::Named { path, args } => {
            &*path.node == "Secret"
                || args.iter().any(holds)
                || match modules.find(module, &path.node) {
                    Some((there, ast::Item { kind: ast::ItemKind::Type { name, ty }, .. })) => {
                        seen.insert((there, name.node.clone())) && holds_secret(modules, there, ty, depth, seen)
                    }
                    _ => false,
                }
        }
        ast::TypeKind::Text(_) => false,
        ast::TypeKind::List(of) | ast::TypeKind::Map(of) | ast::TypeKind::Optional(of) => holds(of),
        ast::TypeKind::Record(fields) => fields.iter().any(|field| holds(&field.ty)),
        ast::TypeKind::Function(params, result) => params.iter().any(&mut holds) || holds(result),
        ast::TypeKind::Union(of) => of.iter().any(holds),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_text;
    use crate::diagnostic::{Drawing, render_all};
    use crate::schema::Registry;

    fn said(program: &str, name: &str, value: &str) -> String {
        let program = format!("stack s {{}}\n{program}\n");
        let checked = check_text("main.plat", &program, &std::sync::Arc::new(Registry::default()), &[(name.to_owned(), value.to_owned())]);
        render_all(&checked.diagnostics, &checked.sources, Drawing { color: false, width: 100 })
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let declared = [
            "param a: Secret<String>",
            "param a: [Secret<String>]",
            "type Login = { user: String, key: Secret<String>? }\nparam a: Login?",
            // Misspelled, or not declared.
            "param b: Int = 1",
        ];
        for program in declared {
            for value in ["hunter2 x", "[hunter2(", "hunter2\"", "{ user = 7, key = hunter2.x() }", "\"x\" + hunter2.y"] {
                let said = said(program, "a", value);
                assert!(!said.is_empty() && !said.contains("hunter2"), "{program}: {value}\n{said}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        let said = said("type Size = { n: Int }\nparam a: Size", "a", "[hunter2(");
        assert!(said.contains("hunter2"), "{said}");
    }
}
