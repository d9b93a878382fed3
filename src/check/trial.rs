//! `test` blocks: what they choose, do and want, with the names of the stack or of the test's own declarations in reach.

use std::collections::HashMap;
use std::sync::Arc;

use super::settings::{Place, StackParam};
use super::typed::{self, Options, Setting, TestStep};
use super::{Checker, Scope, Signature, Slot};
use crate::diagnostic::{CODES, Code, Diagnostic, closest, listed};
use crate::resolve::ModuleId;
use crate::source::Span;
use crate::syntax::ast::{self, Entry, ItemKind, Key};
use crate::types::{Field, Record, Type};

/// What `plan` has in a test, beside the lists of [`PLAN_LISTS`].
pub const PLAN_COUNT: &str = "changes";

/// The lists of addresses that `plan` has in a test, and what is in each.
pub const PLAN_LISTS: [(&str, &str); 9] = [
    ("creates", "resources that will be made"),
    ("updates", "resources that will be changed in place"),
    ("replaces", "resources that will be made anew, and their old selves deleted"),
    ("deletes", "resources that will be deleted"),
    ("imports", "existing resources that will be taken into the state"),
    ("forgets", "resources that will be left alone from now on"),
    ("unchanged", "resources that stay as they are"),
    ("interrupts", "resources whose change interrupts them"),
    ("protected", "protected resources that would be lost"),
];

/// The type of `plan` in a test.
fn plan_type() -> Type {
    let field = |name: &str, ty: Type, doc: &str| Field { name: name.into(), ty, optional: false, doc: doc.into() };
    let lists = PLAN_LISTS.into_iter().map(|(name, doc)| field(name, Type::list(Type::String), doc));
    let count = field(PLAN_COUNT, Type::Int, "how many resources will be made, changed, replaced, deleted, imported or forgotten");
    Type::Record(Arc::new(Record::new(Some("Plan".into()), lists.chain([count]).collect())))
}

impl<'a> Checker<'a> {
    /// Checks the tests of the stack's own module. `envs` are the stack's.
    pub(super) fn tests(&mut self, envs: &[typed::Env]) -> Vec<typed::Test> {
        let items: &'a [ast::Item] = self.modules.get(ModuleId(0)).map_or(&[], |m| &m.items);
        let params = self.units.first().and_then(Option::as_ref).map(|unit| Self::stack_params(unit, items)).unwrap_or_default();
        let mut names: HashMap<Arc<str>, Span> = HashMap::new();
        let mut tests = Vec::new();
        for item in items {
            let ItemKind::Test(test) = &item.kind else { continue };
            if let Some(first) = names.insert(test.name.node.clone(), test.name.span) {
                self.duplicate(&test.name.node, test.name.span, first);
            }
            self.in_own_test = !test.items.is_empty();
            tests.push(self.test(test, envs, &params));
            self.in_own_test = false;
        }
        tests
    }

    fn test(&mut self, test: &'a ast::Test, envs: &[typed::Env], stack_params: &[StackParam]) -> typed::Test {
        let own = !test.items.is_empty();
        let unit = if own { self.own_unit(&test.items) } else { 0 };
        let own_params = own.then(|| {
            let unit = self.units.get(unit).and_then(Option::as_ref);
            let params = unit.map(|unit| Self::stack_params(unit, &test.items)).unwrap_or_default();
            self.given_params(params)
        });
        let findings = self.units.get(unit).and_then(Option::as_ref).map(Self::findings).unwrap_or_default();
        let params: Vec<&StackParam> = own_params.as_deref().unwrap_or(stack_params).iter().chain(&findings).collect();
        let params = params.as_slice();
        let mut scope = self.scope_of(unit);
        scope.locals.push(("plan".into(), plan_type(), test.name.span));
        let mut env = None;
        let mut steps = Vec::with_capacity(test.steps.len());
        for (position, step) in test.steps.iter().enumerate() {
            let step = match step {
                ast::TestStep::Env { name, entries } => {
                    self.env_comes_first(name, position);
                    env = Some(name);
                    if !own {
                        self.env_is_declared(name, envs);
                    }
                    let (settings, options) = self.test_settings(entries, params);
                    TestStep::With { settings, options, span: name.span }
                }
                ast::TestStep::With { entries, span } => {
                    let (settings, options) = self.test_settings(entries, params);
                    TestStep::With { settings, options, span: *span }
                }
                ast::TestStep::Run(verb) => TestStep::Run(*verb),
                ast::TestStep::Expect { code, text } => {
                    let Some(known) = self.expected_code(code) else { continue };
                    TestStep::Expect { code: known, text: text.as_ref().map(|t| t.node.clone()), span: code.span }
                }
                ast::TestStep::Assert(assert) => {
                    self.in_assert = true;
                    let assert = self.assert(&mut scope, assert);
                    self.in_assert = false;
                    TestStep::Assert(assert)
                }
                ast::TestStep::Let(l) => {
                    let value = match &l.ty {
                        Some(ty) => {
                            let ty = self.value_type(scope.module, ty);
                            // A line of the console gets its name when it is right.
                            let what = if l.name.node.is_empty() { "this".to_owned() } else { format!("`{}`", l.name.node) };
                            self.expect(&mut scope, &l.value, &ty, &what)
                        }
                        None => self.infer_free(&mut scope, &l.value),
                    };
                    let ty = self.ty(value).clone();
                    scope.locals.push((l.name.node.clone(), ty, l.name.span));
                    TestStep::Let(value)
                }
            };
            steps.push(step);
        }
        let env = match env {
            Some(env) => Some(env.node.clone()),
            None if own => None,
            None => self.only_env(test, envs),
        };
        typed::Test { name: test.name.clone(), unit, env, steps }
    }

    /// The declarations of a test, as a unit of their own.
    fn own_unit(&mut self, items: &'a [ast::Item]) -> usize {
        let checked = self.unit(ModuleId(0), "".into(), "".into(), items, false);
        let index = self.units.len();
        self.units.push(Some(checked));
        self.signatures.push(Signature::default());
        // What it uses for the first time is checked now.
        let mut next = 1;
        while next < self.units.len() {
            self.component_body(next);
            next += 1;
        }
        index
    }

    /// All names of a unit that was checked.
    fn scope_of(&self, unit: usize) -> Scope {
        let declarations = self.units.get(unit).and_then(Option::as_ref).map_or(&[][..], |unit| &unit.declarations);
        let slot = |(index, d): (usize, &typed::Declaration)| (d.name.node.clone(), Slot { index, ty: d.ty.clone(), span: d.name.span });
        let slots = declarations.iter().enumerate().map(slot).collect();
        Scope { module: ModuleId(0), slots, locals: Vec::new(), only_constants: false, facts: super::facts::Facts::default() }
    }

    fn env_comes_first(&mut self, name: &ast::Name, position: usize) {
        if position > 0 {
            self.report(
                Diagnostic::error(Code(856), name.span, "a test is about one env, and says so first")
                    .label("stands below other steps")
                    .help("make `env` the test's first line; change params later with `with { … }`, and try another env in another test"),
            );
        }
    }

    fn env_is_declared(&mut self, name: &ast::Name, envs: &[typed::Env]) {
        if envs.iter().any(|env| env.name.node == name.node) {
            return;
        }
        let help = match closest(&name.node, envs.iter().map(|env| &*env.name.node)) {
            Some(close) => format!("did you mean `{close}`?"),
            None if envs.is_empty() => "the stack declares no env: leave the line out, and give params with `with { … }`".to_owned(),
            None => format!("there are {}", list(envs)),
        };
        self.report(
            Diagnostic::error(Code(855), name.span, format!("there is no env `{}`", name.node))
                .label("not declared in this stack")
                .help(help),
        );
    }

    /// The env of a test that names none.
    fn only_env(&mut self, test: &ast::Test, envs: &[typed::Env]) -> Option<Arc<str>> {
        if let [_, second, ..] = envs {
            self.report(
                Diagnostic::error(Code(855), test.name.span, "this test says no env, and the stack has several")
                    .label(format!("there are {}", list(envs)))
                    .also(second.name.span, "not the only one")
                    .help(format!("begin it with `env {}`", envs.first().map_or("NAME", |env| &env.name.node))),
            );
        }
        envs.first().map(|env| env.name.node.clone())
    }

    /// The body of `env` and `with` in a test.
    fn test_settings(&mut self, entries: &[Entry], params: &[&StackParam]) -> (Vec<Setting>, Options) {
        let mut scope = Scope::constants(ModuleId(0));
        let (mut settings, mut options) = (Vec::new(), Options::default());
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        for entry in entries {
            match &entry.key {
                Key::Engine(name) => self.option(&mut scope, &mut options, name, &entry.value, Place::Stack),
                Key::Name(name) => {
                    if let Some(first) = seen.insert(name.node.clone(), name.span) {
                        self.duplicate(&name.node, name.span, first);
                        continue;
                    }
                    settings.extend(self.param_value(&mut scope, name, &entry.value, params));
                }
                Key::Text(expr) => self.report(
                    Diagnostic::error(Code(201), expr.span, "the names here are the stack's params")
                        .label("put together from parts")
                        .help("write the name of a param: `name = value`"),
                ),
            }
        }
        (settings, options)
    }

    /// The code that a test expects, when there is such a code.
    fn expected_code(&mut self, code: &crate::source::Spanned<Option<Code>>) -> Option<Code> {
        let known = code.node.filter(|code| CODES.iter().any(|info| info.code == *code));
        if known.is_none() {
            let text = self.text(code.span);
            self.report(
                Diagnostic::error(Code(859), code.span, format!("`{text}` is not the code of an error"))
                    .label("not known")
                    .help("a code looks like `E0306`; `plat explain` lists them all"),
            );
        }
        known
    }
}

fn list(envs: &[typed::Env]) -> String {
    listed(envs.iter().map(|env| &*env.name.node))
}
