//! Names and types: from syntax to a [`typed::Program`]. Reports every mistake it finds, each once.

mod arms;
mod body;
pub mod builtin;
pub mod builtin_docs;
mod declarations;
pub mod defaults;
mod expr;
mod facts;
pub mod files_read;
mod foreign;
mod functions;
mod given;
pub mod join;
mod keeping;
mod late;
mod levels;
mod limits;
pub mod lines;
mod members;
mod mismatch;
mod names;
mod operators;
mod policies;
mod policy_groups;
mod reachable;
mod reads;
mod refactorings;
mod secret_name;
mod settings;
mod trial;
mod type_expr;
pub mod typed;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::{self, ModuleId, Modules};
use crate::schema::Registry;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast;
use crate::types::Type;
use crate::value::Hashing;
use given::Given;
pub use trial::{PLAN_COUNT, PLAN_LISTS};
use typed::{Expr, ExprId, ExprKind, Program};

/// What loading a stack gives: its text, what is wrong with it, and the program when nothing is.
#[derive(Debug)]
pub struct Checked {
    pub sources: SourceMap,
    pub diagnostics: Vec<Diagnostic>,
    pub program: Option<Arc<Program>>,
}

/// Reads and checks the stack in `folder`. `overrides` are `name=value` of the command line.
pub fn check(folder: &Path, registry: &Arc<Registry>, overrides: &[(String, String)]) -> Checked {
    let mut sources = SourceMap::default();
    let mut diagnostics = Vec::new();
    let modules = resolve::load(folder, &mut sources, &mut diagnostics);
    finish(modules, sources, diagnostics, registry, overrides)
}

/// Checks one text as a whole stack, for tests and the editor.
pub fn check_text(name: &str, text: &str, registry: &Arc<Registry>, overrides: &[(String, String)]) -> Checked {
    let mut sources = SourceMap::default();
    let mut diagnostics = Vec::new();
    let modules = resolve::load_text(name, text, &mut sources, &mut diagnostics);
    finish(modules, sources, diagnostics, registry, overrides)
}

/// Codes of names that are not declared.
const NOT_KNOWN: [u16; 7] = [200, 204, 215, 216, 701, 803, 855];

fn finish(
    modules: Modules,
    mut sources: SourceMap,
    mut diagnostics: Vec<Diagnostic>,
    registry: &Arc<Registry>,
    overrides: &[(String, String)],
) -> Checked {
    crate::diagnostic::begin_suggestions();
    let given = Given::read(overrides, &modules, &mut sources, &mut diagnostics);
    if modules.modules.is_empty() {
        return Checked { sources, diagnostics, program: None };
    }
    let mut checker = Checker::new(&modules, registry, &sources);
    let program = checker.program(&given.values);
    diagnostics.append(&mut checker.diagnostics);
    given.veil(&mut diagnostics);
    foreign::name_types(&mut diagnostics, &sources, registry);
    // What could not be read was reported; that its names are missing follows from it.
    diagnostics.retain(|d| !(NOT_KNOWN.contains(&d.code.0) && modules.lost.contains(sources.text(d.span))));
    diagnostics.sort_by_key(|d| (d.severity, d.span));
    diagnostics.dedup();
    let sound = !diagnostics.iter().any(Diagnostic::is_error);
    Checked { sources, diagnostics, program: sound.then(|| Arc::new(program)) }
}

/// The checker's whole memory.
struct Checker<'a> {
    modules: &'a Modules,
    registry: &'a Arc<Registry>,
    sources: &'a SourceMap,
    diagnostics: Vec<Diagnostic>,
    exprs: Vec<Expr>,
    functions: Vec<typed::Function>,
    /// Signatures of user functions, by where they are declared.
    function_ids: HashMap<(ModuleId, Arc<str>), Option<usize>>,
    function_types: Vec<(Vec<Type>, Type)>,
    units: Vec<Option<typed::Unit>>,
    signatures: Vec<Signature>,
    component_ids: HashMap<(ModuleId, Arc<str>), usize>,
    component_keys: HashMap<usize, (ModuleId, Arc<str>)>,
    units_by_name: HashMap<Arc<str>, usize>,
    field_defaults: defaults::FieldDefaults,
    type_names: HashMap<(ModuleId, Arc<str>), Type>,
    types_open: Vec<(ModuleId, Arc<str>)>,
    /// What the bodies of each resource type may give, and of each lookup.
    wanted: HashMap<(&'static str, bool), Arc<[body::Wanted]>>,
    wanted_by_components: HashMap<usize, Arc<[body::Wanted]>>,
    /// In a test that declares a stack of its own: the names of the stack around it are out of reach.
    in_own_test: bool,
    /// What is checked now is the condition of an assert.
    in_assert: bool,
    /// What is checked now is the body of a `fn`.
    in_function: bool,
    policies: policies::Policies,
    levels: levels::Levels,
    limits: limits::Limits,
}

/// What a component shows: params, outputs, and the resources in it.
#[derive(Debug, Clone, Default)]
struct Signature {
    /// The type's name: `std.network.Network`.
    name: Arc<str>,
    params: Vec<Member>,
    outputs: Vec<Member>,
    resources: Vec<Member>,
}

#[derive(Debug, Clone)]
struct Member {
    name: Arc<str>,
    ty: Type,
    required: bool,
}

/// Names in reach of an expression.
struct Scope {
    module: ModuleId,
    /// Declarations of the unit: slot, type and where declared.
    slots: HashMap<Arc<str>, Slot, Hashing>,
    /// Bound by `for`, lambdas and function parameters, the innermost last.
    locals: Vec<(Arc<str>, Type, Span)>,
    /// Declarations that are known but not yet checked here (an env's value cannot refer to a resource).
    only_constants: bool,
    facts: facts::Facts,
}

#[derive(Debug, Clone)]
struct Slot {
    index: usize,
    ty: Type,
    span: Span,
}

/// About how many expressions there are, from how much text there is: a list of that size that grows is copied, and for a while there twice.
fn expressions(modules: &Modules) -> usize {
    const BYTES_OF_ONE: usize = 16;
    let items = modules.modules.iter().flat_map(|module| &module.items);
    items.map(|item| (item.span.end - item.span.start) as usize).sum::<usize>() / BYTES_OF_ONE
}

impl<'a> Checker<'a> {
    fn new(modules: &'a Modules, registry: &'a Arc<Registry>, sources: &'a SourceMap) -> Self {
        Self {
            modules,
            registry,
            sources,
            diagnostics: Vec::new(),
            exprs: Vec::with_capacity(expressions(modules)),
            functions: Vec::new(),
            function_ids: HashMap::new(),
            function_types: Vec::new(),
            units: Vec::new(),
            signatures: Vec::new(),
            component_ids: HashMap::new(),
            component_keys: HashMap::new(),
            units_by_name: HashMap::new(),
            field_defaults: defaults::FieldDefaults::default(),
            type_names: HashMap::new(),
            types_open: Vec::new(),
            wanted: HashMap::new(),
            wanted_by_components: HashMap::new(),
            in_own_test: false,
            in_assert: false,
            in_function: false,
            policies: policies::Policies::default(),
            levels: levels::Levels::default(),
            limits: limits::Limits::new(),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn push(&mut self, kind: ExprKind, ty: Type, span: Span) -> ExprId {
        let ty = self.bounded(ty, span);
        let id = ExprId(u32::try_from(self.exprs.len()).unwrap_or(u32::MAX));
        self.exprs.push(Expr { kind, ty, span });
        id
    }

    /// What stands for an expression that was reported.
    fn broken(&mut self, span: Span) -> ExprId {
        self.push(ExprKind::Const(crate::value::Value::Null), Type::Error, span)
    }

    fn ty(&self, id: ExprId) -> &Type {
        self.exprs.get(id.0 as usize).map_or(&Type::Error, |e| &e.ty)
    }

    fn span(&self, id: ExprId) -> Span {
        self.exprs.get(id.0 as usize).map_or(Span::new(FileId(0), 0, 0), |e| e.span)
    }

    fn kind(&self, id: ExprId) -> Option<&ExprKind> {
        self.exprs.get(id.0 as usize).map(|e| &e.kind)
    }

    /// What the user wrote there.
    fn text(&self, span: Span) -> &'a str {
        self.sources.text(span)
    }

    /// Checks everything and puts the program together.
    fn program(&mut self, overrides: &[(ast::Name, ast::Expr)]) -> Program {
        let root = ModuleId(0);
        // The stack is unit 0, whatever components its declarations ask for first.
        self.units.push(None);
        self.signatures.push(Signature::default());
        let items: &'a [ast::Item] = self.modules.get(root).map_or(&[], |m| &m.items);
        let unit = self.unit(root, "".into(), "".into(), items, true);
        let stack_parts = self.stack_parts(&unit, items, overrides);
        if let Some(slot) = self.units.first_mut() {
            *slot = Some(unit);
        }
        self.check_every_component();
        let refactorings = self.refactorings(items);
        self.refuse_secret_outputs();
        let tests = self.tests(&stack_parts.envs);
        let in_force = self.in_force(items);
        let units = std::mem::take(&mut self.units)
            .into_iter()
            .map(|unit| unit.unwrap_or_else(|| typed::Unit::new("".into(), "".into(), Vec::new(), Vec::new(), Vec::new())))
            .collect();
        Program {
            registry: self.registry.clone(),
            exprs: std::mem::take(&mut self.exprs),
            functions: std::mem::take(&mut self.functions),
            field_defaults: std::mem::take(&mut self.field_defaults),
            units,
            stack: stack_parts.stack,
            envs: stack_parts.envs,
            overrides: stack_parts.overrides,
            moves: refactorings.moves,
            imports: refactorings.imports,
            forgets: refactorings.forgets,
            tests,
            policies: in_force.policies,
            policy_groups: in_force.groups,
            policy_roots: in_force.roots,
            waivers: in_force.waivers,
            root: self.modules.root.clone(),
            files: Arc::default(),
            fetched: self.modules.fetched.clone(),
        }
    }

    /// A stack's outputs are shown and stored; a component's may carry secrets.
    fn refuse_secret_outputs(&mut self) {
        let outputs = self.units.first().and_then(Option::as_ref).map(|unit| {
            let output = |d: &typed::Declaration| match d.kind {
                typed::DeclarationKind::Output(id) if d.ty.holds_secret() => Some((id, d.name.node.clone())),
                _ => None,
            };
            unit.declarations.iter().filter_map(output).collect::<Vec<_>>()
        });
        for (id, name) in outputs.unwrap_or_default() {
            let diagnostic = self.secret_leak(self.span(id), &format!("output `{name}`"));
            self.report(diagnostic);
        }
    }

    /// Components and functions that nothing uses are still checked.
    fn check_every_component(&mut self) {
        for index in 0..self.modules.modules.len() {
            let id = ModuleId(index);
            let items: &'a [ast::Item] = self.modules.get(id).map_or(&[], |m| &m.items);
            for item in items {
                match &item.kind {
                    ast::ItemKind::Component { name, .. } => {
                        self.component(id, &name.node);
                    }
                    ast::ItemKind::Fn(function) => {
                        self.function(id, &function.name.node);
                    }
                    ast::ItemKind::Type { name, .. } => {
                        self.named_type(id, name);
                    }
                    // The stack's own are checked where its names are in reach.
                    ast::ItemKind::Policy(policy) if index > 0 => self.policy(&mut Scope::constants(id), policy, item),
                    ast::ItemKind::Waiver(waiver) if index > 0 => self.misplaced_waiver(waiver),
                    _ => {}
                }
            }
        }
        // Checking one may register another; `units` grows until all are done.
        let mut next = 1;
        while next < self.units.len() {
            self.component_body(next);
            next += 1;
        }
        self.refuse_recursion();
    }

    fn duplicate(&mut self, what: &str, second: Span, first: Span) {
        self.report(
            Diagnostic::error(Code(206), second, format!("`{what}` is given twice"))
                .label("the second")
                .also(first, "the first")
                .help("keep one of them"),
        );
    }
}
