//! One test, line by line.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::expected::Expected;
use super::{parts, place, wrong};
use crate::apply::{Cancel, Settings, Silent, apply};
use crate::check::typed::{Assert, ExprId, Program, Test, TestStep};
use crate::check::{PLAN_COUNT, PLAN_LISTS};
use crate::desired::Desired;
use crate::diagnostic::Diagnostic;
use crate::eval::{Names, Scenario, evaluate_scenario, shown};
use crate::plan::{Action, Answers, Engine, Options, Plan, PrepareError, Prepared, Verdict, prepare};
use crate::source::{SourceMap, Span};
use crate::state::StateFile;
use crate::syntax::ast::Verb;
use crate::value::Value;

/// The region of a stack that names none.
const REGION: &str = "us-east-1";

/// The program as it stands at a line: evaluated, and planned against what the test did so far.
struct Point {
    names: Names,
    prepared: Prepared,
    /// What `plan` is.
    plan: Value,
    /// Why asserts of the stack about its network do not hold.
    told: Vec<Diagnostic>,
    /// What is wrong with the plan was expected.
    expected: bool,
}

impl Point {
    /// What is to be said of the stack's asserts that do not hold, and of policies that deny the plan.
    fn failed(&self, at: Span) -> Vec<Diagnostic> {
        let plan = &self.prepared.plan;
        let mut all = self.failed_asserts(at);
        if plan.policing.denied().next().is_some() {
            all.extend(wrong::prepare(PrepareError::Policies(plan.policy_diagnostics()), at));
        }
        all
    }

    fn failed_asserts(&self, at: Span) -> Vec<Diagnostic> {
        let failed = self.prepared.plan.asserts.iter().filter(|(_, verdict)| *verdict == Verdict::Fails);
        let failed: Vec<_> = failed.map(|(assert, _)| (assert.message.clone(), assert.span)).collect();
        let told = wrong::prepare(PrepareError::Asserts(failed), at).into_iter().map(|wrong| {
            match self.told.iter().find(|story| story.is_error() && wrong.span.contains(story.span)) {
                Some(story) => story.related.iter().fold(wrong.label(&story.label), |wrong, (span, text)| wrong.also(*span, text)),
                None => wrong,
            }
        });
        told.collect()
    }
}

pub(super) struct Run<'a> {
    program: &'a Arc<Program>,
    test: &'a Test,
    sources: &'a SourceMap,
    engine: Engine,
    state: StateFile,
    scenario: Scenario<'a>,
    /// Values of the `let`s so far.
    lets: Vec<Value>,
    point: Option<Point>,
    found: Vec<Diagnostic>,
}

type Flow = ControlFlow<()>;

impl<'a> Run<'a> {
    pub fn new(program: &'a Arc<Program>, test: &'a Test, sources: &'a SourceMap) -> Result<Self, Diagnostic> {
        let mut scenario = match test.unit {
            0 => Scenario::of_env(program, test.env.as_deref()).map_err(|diagnostic| *diagnostic)?,
            unit => {
                let env = test.env.clone().unwrap_or_else(|| "test".into());
                Scenario { unit, env, env_span: None, settings: Vec::new(), options: Vec::new() }
            }
        };
        scenario.env_span = None;
        let state = StateFile::new(program.stack.name.to_string(), scenario.env.to_string())
            .map_err(|error| Diagnostic::error(wrong::STUCK, test.name.span, error.to_string()).label("cannot begin"))?;
        let engine = place::engine(&program.registry);
        Ok(Self { program, test, sources, engine, state, scenario, lets: Vec::new(), point: None, found: Vec::new() })
    }

    /// Everything that did not come out as wanted.
    pub async fn carry_out(mut self) -> Vec<Diagnostic> {
        let mut looked = false;
        for step in &self.test.steps {
            if self.step(step).await.is_break() {
                return self.found;
            }
            looked = !matches!(step, TestStep::With { .. });
        }
        // What no line looked at must be right, too.
        if !looked {
            let _ = self.look_right(self.test.name.span).await;
        }
        self.found
    }

    async fn step(&mut self, step: &'a TestStep) -> Flow {
        match step {
            TestStep::With { settings, options, .. } => {
                self.scenario.settings.extend(settings);
                self.scenario.options.push(options);
                self.point = None;
                Flow::Continue(())
            }
            TestStep::Run(verb) => match verb.node {
                Verb::Plan => self.plan(verb.span).await,
                Verb::Apply => self.apply(verb.span, false).await,
                Verb::Destroy => self.apply(verb.span, true).await,
            },
            TestStep::Assert(assert) => {
                self.look_right(assert.span).await?;
                if let Some(wrong) = self.assert(assert) {
                    self.found.push(wrong);
                }
                Flow::Continue(())
            }
            TestStep::Let(value) => {
                self.look_right(self.span(*value)).await?;
                match self.value(*value) {
                    Ok(value) => self.lets.push(value),
                    Err(diagnostic) => return self.stop([diagnostic]),
                }
                Flow::Continue(())
            }
            TestStep::Expect { code, text, span } => {
                let expected = Expected { code: *code, text: text.as_ref(), span: *span };
                self.expect(&expected).await;
                Flow::Continue(())
            }
        }
    }

    fn stop(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) -> Flow {
        self.found.extend(diagnostics);
        Flow::Break(())
    }

    // ------------------------------------------------------------ looking

    /// Evaluates and plans the program as it stands now.
    async fn look(&self, destroy: bool) -> Result<Point, PrepareError> {
        let kept: Mutex<Option<(Names, Vec<Diagnostic>)>> = Mutex::new(None);
        let evaluate = |answers: &Answers| {
            let (mut desired, names) = evaluate_scenario(self.program, &self.scenario, answers)?;
            make_at_home(&mut desired);
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((names, std::mem::take(&mut desired.told)));
            Ok(desired)
        };
        let options = Options { destroy, region: Some(REGION.to_owned()), ..Options::default() };
        let prepared = prepare(&self.engine, &evaluate, self.state.clone(), &options).await?;
        let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (names, told) = kept.ok_or_else(|| PrepareError::State("the program was never evaluated".to_owned()))?;
        let plan = plan_value(&prepared);
        Ok(Point { names, prepared, plan, told, expected: false })
    }

    /// Makes sure that there is a point, and that the program is right at it. Otherwise the test ends.
    async fn look_right(&mut self, at: Span) -> Flow {
        if self.point.is_none() {
            match self.look(false).await {
                Ok(point) => self.point = Some(point),
                Err(error) => return self.stop(wrong::prepare(error, at)),
            }
        }
        let Some(point) = &mut self.point else { return Flow::Break(()) };
        if point.expected {
            return Flow::Continue(());
        }
        let failed = point.failed(at);
        if failed.is_empty() { Flow::Continue(()) } else { self.stop(failed) }
    }

    fn value(&self, expr: ExprId) -> Result<Value, Diagnostic> {
        let Some(point) = &self.point else { return Ok(Value::Null) };
        point.names.value(expr, &self.locals(point), &point.prepared.facts)
    }

    /// What the test's own names are at a point.
    fn locals(&self, point: &Point) -> Vec<Value> {
        // A value that was kept while it was unknown may be known by now.
        let now = |local: &Value| local.resolve(&point.prepared.facts).unwrap_or_else(|_| local.clone());
        [&point.plan].into_iter().chain(&self.lets).map(now).collect()
    }

    fn span(&self, expr: ExprId) -> Span {
        self.program.expr(expr).map_or(self.test.name.span, |expr| expr.span)
    }

    // ------------------------------------------------------------ steps

    async fn plan(&mut self, at: Span) -> Flow {
        self.look_right(at).await?;
        let refusal = self.point.as_ref().filter(|point| !point.expected).and_then(|point| point.prepared.refusal());
        match refusal {
            Some(refusal) => self.stop(wrong::prepare(refusal, at)),
            None => Flow::Continue(()),
        }
    }

    async fn apply(&mut self, at: Span, destroy: bool) -> Flow {
        let point = if destroy {
            self.point = None;
            match self.look(true).await {
                Ok(point) => point,
                Err(error) => return self.stop(wrong::prepare(error, at)),
            }
        } else {
            self.look_right(at).await?;
            match self.point.take() {
                Some(point) => point,
                None => return Flow::Break(()),
            }
        };
        if let Some(refusal) = point.prepared.refusal() {
            return self.stop(wrong::prepare(refusal, at));
        }
        let settings = Settings { consistency: std::time::Duration::ZERO, ..Settings::default() };
        let ended = apply(&self.engine, point.prepared, Arc::new(place::Forgetful), Arc::new(Silent), &Cancel::default(), &settings).await;
        let outcome = match ended {
            Ok(outcome) => outcome,
            Err(error) => return self.stop([Diagnostic::error(wrong::STUCK, at, error.to_string()).label("at this line")]),
        };
        self.state = outcome.state;
        let failures: Vec<Diagnostic> = outcome.failed.iter().map(|failure| wrong::failed(failure, &outcome.plan, at)).collect();
        if !failures.is_empty() {
            return self.stop(failures);
        }
        if !outcome.denied.is_empty() {
            return self.stop(wrong::denials(outcome.plan.policy_diagnostics(), at));
        }
        let asserts = outcome.asserts.iter().filter(|(_, verdict)| *verdict == Verdict::Fails);
        let asserts: Vec<_> = asserts.map(|(assert, _)| (assert.message.clone(), assert.span)).collect();
        if asserts.is_empty() { Flow::Continue(()) } else { self.stop(wrong::prepare(PrepareError::Asserts(asserts), at)) }
    }

    async fn expect(&mut self, expected: &Expected<'_>) {
        if self.point.is_none() {
            match self.look(false).await {
                Ok(point) => self.point = Some(point),
                Err(error) => return self.found.extend(expected.missing(&wrong::prepare(error, expected.span))),
            }
        }
        let Some(point) = &mut self.point else { return };
        let mut errors = point.failed(expected.span);
        if !point.prepared.protected.is_empty() {
            errors.extend(wrong::prepare(PrepareError::Protected(point.prepared.protected.clone()), expected.span));
        }
        point.expected = true;
        self.found.extend(expected.missing(&errors));
    }

    /// What is to be said of an assert, unless it holds.
    fn assert(&self, assert: &Assert) -> Option<Diagnostic> {
        let condition = match self.value(assert.condition) {
            Ok(Value::Bool(true)) => return None,
            Ok(condition) => condition,
            Err(diagnostic) => return Some(diagnostic.also(assert.span, "in this assert")),
        };
        if let Some(unknown) = condition.unknown() {
            let source = format!("{}.{}", unknown.source.address, unknown.source.attribute);
            return Some(
                Diagnostic::error(wrong::TOO_EARLY, assert.span, "whether this holds is not known before an apply")
                    .label(format!("depends on `{source}`"))
                    .also(unknown.source.span, format!("`{source}` is known only after apply"))
                    .help("write `apply` above this line"),
            );
        }
        let message = match assert.message.map(|message| self.value(message)) {
            Some(Ok(Value::String(message))) => message.to_string(),
            _ => format!("`{}` does not hold", one_line(&assert.text)),
        };
        let point = self.point.as_ref();
        let story = point.and_then(|point| point.names.story(assert, &message, &self.locals(point)));
        let mut said: Vec<String> = story.iter().map(|story| story.label.clone()).collect();
        said.extend(self.values(assert.condition));
        let label = if said.is_empty() { "does not hold".to_owned() } else { said.join("\n") };
        let wrong = Diagnostic::error(wrong::ASSERT, assert.span, message).label(label);
        Some(match story {
            Some(story) => Diagnostic { span: story.span, related: story.related, help: story.help, ..wrong },
            None => wrong.help("change the stack so that it holds with these params, or this line where the stack is right"),
        })
    }

    /// `` `db.multi_az` is `false` ``: the values of the parts of a condition.
    fn values(&self, condition: ExprId) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        for part in parts::of(self.program, condition) {
            let secret = self.program.expr(part).is_some_and(|expr| expr.ty.holds_secret());
            let value = match self.value(part) {
                // The name of a resource says nothing new.
                Err(_) | Ok(Value::Handle(_)) => continue,
                Ok(_) if secret => "(secret)".to_owned(),
                Ok(value) => shown(&value),
            };
            let line = format!("`{}` is `{value}`", one_line(self.sources.text(self.span(part))));
            if !said.contains(&line) {
                said.push(line);
            }
        }
        said
    }
}

/// Source text without its line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The stack as it is in a cloud of its own: of any account, with nothing there before.
fn make_at_home(desired: &mut Desired) {
    desired.stack.account = None;
    desired.imports.clear();
    for resource in desired.resources.values_mut().filter(|resource| resource.options.account.is_some()) {
        Arc::make_mut(resource).options.account = None;
    }
}

/// `plan` as a value: lists of addresses in alphabetical order.
pub(crate) fn plan_value(prepared: &Prepared) -> Value {
    let plan = &prepared.plan;
    let summary = |wanted: fn(&Action) -> bool| plan.steps.iter().filter(|step| wanted(&step.action)).count();
    let changes = i64::try_from(summary(|action| *action != Action::NoOp)).unwrap_or(i64::MAX);
    let lists = PLAN_LISTS.into_iter().map(|(name, _)| (name, list(name, plan, prepared)));
    Value::object(lists.chain([(PLAN_COUNT, Value::Int(changes))]))
}

fn list(name: &str, plan: &Plan, prepared: &Prepared) -> Value {
    let wanted = |action: &Action| match action {
        Action::NoOp => "unchanged",
        Action::Create => "creates",
        Action::Update => "updates",
        Action::Replace { .. } => "replaces",
        Action::Delete => "deletes",
        Action::Forget => "forgets",
        Action::Import { .. } => "imports",
    };
    let mut addresses: Vec<String> = match name {
        "protected" => prepared.protected.iter().map(|lost| lost.address.to_string()).collect(),
        "interrupts" => {
            let interrupted = plan.steps.iter().filter(|step| step.changes.iter().any(|change| change.interrupts.is_some()));
            interrupted.map(|step| step.address.to_string()).collect()
        }
        name => plan.steps.iter().filter(|step| wanted(&step.action) == name).map(|step| step.address.to_string()).collect(),
    };
    addresses.sort_unstable();
    Value::list(addresses.into_iter().map(Value::str))
}
