//! Lines typed one after another, in the scope of a stack that is read once.

use std::path::Path;
use std::sync::Arc;

use super::given::Given;
use super::typed::{self, ExprId, Program};
use super::{Checked, Checker, builtin};
use crate::diagnostic::Diagnostic;
use crate::resolve::{self, Modules};
use crate::schema::Registry;
use crate::source::{FileId, SourceMap, Span, Spanned};
use crate::syntax::{self, ast};
use crate::types::Type;

/// The name of the test that the lines are put into; no source can say it.
const NAME: &str = "\0";

/// A stack, and the values that were named since it was opened.
#[derive(Debug)]
pub struct Lines {
    modules: Modules,
    sources: SourceMap,
    registry: Arc<Registry>,
    given: Given,
    env: Option<Arc<str>>,
    lets: Vec<ast::Let>,
    count: usize,
}

/// A line that is right.
#[derive(Debug)]
pub struct Line {
    /// The stack, and the lines in it.
    pub program: Arc<Program>,
    /// The values that were named before.
    pub lets: Vec<ExprId>,
    pub value: ExprId,
    /// `let name = …`
    pub named: Option<ast::Let>,
}

impl Lines {
    /// Reads and checks the stack in `folder`. With an error in it no line can be checked.
    pub fn open(folder: &Path, registry: &Arc<Registry>, overrides: &[(String, String)]) -> (Checked, Self) {
        let mut sources = SourceMap::default();
        let mut diagnostics = Vec::new();
        let modules = resolve::load(folder, &mut sources, &mut diagnostics);
        let given = Given::read(overrides, &modules, &mut sources, &mut diagnostics);
        let lines = Self { modules, sources, registry: registry.clone(), given, env: None, lets: Vec::new(), count: 0 };
        let (program, found) = lines.check();
        diagnostics.extend(found);
        let sound = !lines.modules.modules.is_empty() && !diagnostics.iter().any(Diagnostic::is_error);
        (Checked { sources: lines.sources.clone(), diagnostics, program: sound.then(|| Arc::new(program)) }, lines)
    }

    /// The environment that is meant, in a stack of several.
    pub fn choose(&mut self, env: Option<&str>) {
        self.env = env.map(Arc::from);
    }

    /// The text of the stack and of every line so far.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    fn check(&self) -> (Program, Vec<Diagnostic>) {
        let mut checker = Checker::new(&self.modules, &self.registry, &self.sources);
        let program = checker.program(&self.given.values);
        let mut diagnostics = checker.diagnostics;
        self.given.veil(&mut diagnostics);
        (program, diagnostics)
    }

    /// Checks one line: an expression, or `let name = expression`.
    pub fn line(&mut self, text: &str) -> Result<Line, Vec<Diagnostic>> {
        self.count += 1;
        self.typed(text)
    }

    /// Checks what was not typed as a line, or not wholly yet. Nothing of it stays.
    pub fn aside(&mut self, text: &str) -> Result<Line, Vec<Diagnostic>> {
        let before = self.sources.clone();
        let line = self.typed(text);
        self.sources = before;
        line
    }

    fn typed(&mut self, text: &str) -> Result<Line, Vec<Diagnostic>> {
        let text: Arc<str> = text.into();
        let name = format!("line {}", self.count);
        let file = self.sources.add(Path::new(&name), name.as_str(), text.clone());
        let (value, named) = read(file, &text)?;
        let nowhere = Span::new(FileId(u32::MAX), 0, 0);
        let env = self.env.iter().map(|env| ast::TestStep::Env { name: Spanned::new(env.clone(), nowhere), entries: Vec::new() });
        let this = ast::Let { name: Spanned::new("".into(), value.span), ty: named.as_ref().and_then(|l| l.ty.clone()), value };
        let lets = self.lets.iter().cloned().chain([this]).map(ast::TestStep::Let);
        let test = ast::Test { name: Spanned::new(NAME.into(), nowhere), items: Vec::new(), steps: env.chain(lets).collect() };
        let item = ast::Item { doc: "".into(), span: nowhere, kind: ast::ItemKind::Test(test) };
        let (program, found) = self.with_item(item);
        let errors: Vec<Diagnostic> = found.into_iter().filter(Diagnostic::is_error).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let steps = program.tests.last().map_or(&[][..], |test| &test.steps);
        let mut lets: Vec<ExprId> =
            steps.iter().filter_map(|step| if let typed::TestStep::Let(id) = step { Some(*id) } else { None }).collect();
        match lets.pop() {
            Some(value) => Ok(Line { program: Arc::new(program), lets, value, named }),
            None => Err(Vec::new()),
        }
    }

    /// Checks the stack with one item more, which is gone afterwards.
    fn with_item(&mut self, item: ast::Item) -> (Program, Vec<Diagnostic>) {
        if let Some(module) = self.modules.modules.first_mut() {
            module.items.push(item);
        }
        let checked = self.check();
        if let Some(module) = self.modules.modules.first_mut() {
            module.items.pop();
        }
        checked
    }

    /// Names a value for the lines to come; the name may have stood for another one before.
    pub fn keep(&mut self, named: ast::Let) {
        self.lets.push(named);
    }

    /// Names that the lines gave.
    pub fn kept(&self) -> impl Iterator<Item = &str> {
        self.lets.iter().map(|l| &*l.name.node)
    }
}

/// The value of a line, and the name that it gives it.
fn read(file: FileId, text: &Arc<str>) -> Result<(ast::Expr, Option<ast::Let>), Vec<Diagnostic>> {
    if !text.trim_start().starts_with("let ") {
        return Ok((syntax::parse_expression(file, text)?, None));
    }
    let parsed = syntax::parse(file, text);
    if !parsed.diagnostics.is_empty() {
        return Err(parsed.diagnostics);
    }
    match parsed.file.items.into_iter().next().map(|item| item.kind) {
        Some(ast::ItemKind::Let(l)) => Ok((l.value.clone(), Some(l))),
        _ => Ok((syntax::parse_expression(file, text)?, None)),
    }
}

/// What can stand after a `.` behind a value of this type.
pub fn members(program: &Program, ty: &Type) -> Vec<String> {
    let mut names: Vec<String> = match ty.required() {
        Type::Resource(name) => {
            program.registry.get(name).map(|s| s.attributes.iter().map(|a| a.name.to_owned()).collect()).unwrap_or_default()
        }
        Type::Component(name) => {
            let shows = |d: &&typed::Declaration| !matches!(d.kind, typed::DeclarationKind::Let(_) | typed::DeclarationKind::Lookup(_));
            let unit = program.units.iter().find(|unit| unit.name == *name);
            unit.map(|unit| unit.declarations.iter().filter(shows).map(|d| d.name.node.to_string()).collect()).unwrap_or_default()
        }
        Type::Record(record) => record.fields.iter().map(|field| field.name.to_string()).collect(),
        _ => Vec::new(),
    };
    names.extend(builtin::names(ty.required()).into_iter().map(|name| format!("{name}(")));
    names.sort_unstable();
    names
}
