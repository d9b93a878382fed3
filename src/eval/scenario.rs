//! What is evaluated: the stack under one of its environments, or under what a test chooses, or a test's own declarations.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::Lookups;
use super::handle::Frame;
use super::late::{self, Late};
use super::machine::{Locals, Machine, Slots, World, written_out};
use super::origins::Reads;
use super::unit::{Evaluation, Reader, Surroundings};
use super::words::Words;
use super::{asking, counted, policies, refactorings, stack};
use crate::check::typed::{Assert, ExprId, Options, Program, Setting};
use crate::desired::{Desired, Resources};
use crate::diagnostic::Diagnostic;
use crate::network::Network;
use crate::source::Span;
use crate::value::{Known, Value};

/// What of a program is evaluated, and with which values.
#[derive(Debug, Clone)]
pub struct Scenario<'p> {
    /// The stack is unit 0.
    pub unit: usize,
    /// What `env.name` is.
    pub env: Arc<str>,
    /// Where the environment is declared.
    pub env_span: Option<Span>,
    /// Values of params; of two for the same param the last wins.
    pub settings: Vec<&'p Setting>,
    /// The engine's settings, over the stack's own; of two for the same thing the last wins.
    pub options: Vec<&'p Options>,
}

impl<'p> Scenario<'p> {
    /// The stack under one of its environments, with what the command line gives on top.
    pub fn of_env(program: &'p Program, env: Option<&str>) -> Result<Self, Box<Diagnostic>> {
        let env = stack::choose(program, env)?;
        Ok(Self {
            unit: 0,
            env: env.map_or_else(|| "default".into(), |e| e.name.node.clone()),
            env_span: env.map(|e| e.name.span),
            settings: env.map(|e| &e.settings).into_iter().flatten().chain(&program.overrides).collect(),
            options: env.map(|e| &e.options).into_iter().collect(),
        })
    }
}

/// An evaluated unit, whose names further expressions can use.
#[derive(Debug, Clone)]
pub struct Names {
    world: World,
    frame: Arc<Frame>,
    network: Arc<Network>,
    /// The unit that addresses begin in, and the resources there are.
    root: usize,
    resources: Arc<Resources>,
}

impl Names {
    /// With the places of the resources that it was evaluated to.
    pub(super) fn of(mut self, desired: &Desired) -> Self {
        self.resources = Arc::new(desired.resources.clone());
        self
    }

    /// The value of an expression of the program, as far as `known` tells. `locals` are bound from the outermost in.
    pub fn value(&self, expr: ExprId, locals: &[Value], known: &dyn Known) -> Result<Value, Diagnostic> {
        let (origins, steps) = (RefCell::new(Reads::default()), Cell::new(0));
        let machine = Machine { world: &self.world, slots: Slots::Frame(&self.frame), known: None, origins: &origins, steps: &steps };
        let locals = locals.iter().fold(Locals::default(), |locals, value| locals.with(value.clone()));
        let value = self.world.asking.of(&self.network, || machine.eval(expr, &locals).and_then(|value| value.resolve(known)));
        value.map_err(|failure| stack::failure(&failure))
    }

    /// Why a condition that asks who reaches whom does not hold: what stops the way, or which way there is.
    pub fn story(&self, assert: &Assert, message: &str, locals: &[Value]) -> Option<Diagnostic> {
        let (origins, steps) = (RefCell::new(Reads::default()), Cell::new(0));
        let machine = Machine { world: &self.world, slots: Slots::Frame(&self.frame), known: None, origins: &origins, steps: &steps };
        let locals = locals.iter().fold(Locals::default(), |locals, value| locals.with(value.clone()));
        let words = Words { program: &self.world.program, root: self.root, resources: &self.resources };
        let asked = self.world.asking.of(&self.network, || {
            self.world.asking.take();
            machine.eval(assert.condition, &locals).map(|_| self.world.asking.take())
        });
        asked.ok().and_then(|asked| asking::failed(&words, assert, message, &asked))
    }
}

pub(super) fn evaluate(program: &Arc<Program>, scenario: &Scenario<'_>, lookups: &Lookups) -> Result<(Desired, Names), Vec<Diagnostic>> {
    crate::diagnostic::begin_suggestions();
    counted::refuse_too_many(program, scenario.unit).map_err(|mistake| vec![mistake])?;
    let (asking, late, later) = (Arc::default(), Late::of(program), Arc::default());
    let world = World { program: program.clone(), env: scenario.env.clone(), asking, late, later };
    let frame = Frame::new(0);
    let steps = Cell::new(0);
    let reader = Reader::new(&world, &frame, &steps);
    let stack = stack::settings(program, scenario, &reader).map_err(|d| vec![d])?;
    let tags = match program.stack.tags.map(|id| reader.eval(id, &Locals::default())).transpose() {
        Ok(Some(tags)) => {
            let span = program.stack.tags.map_or(Span::new(crate::source::FileId(0), 0, 0), |id| reader.machine().span(id));
            written_out(&tags, span).map_err(|too_large| vec![stack::failure(&too_large)])?;
            if let Value::Object(tags) = tags { Some(tags) } else { None }
        }
        Ok(None) => None,
        Err(diagnostic) => return Err(vec![diagnostic]),
    };
    let given = stack::params(scenario, &reader).map_err(|d| vec![d])?;
    let whole = scenario.unit == 0;
    let desired = Desired {
        stack,
        resources: Resources::default(),
        lookups: Vec::new(),
        outputs: Vec::new(),
        asserts: Vec::new(),
        imports: Vec::new(),
        moves: program.moves.iter().filter(|_| whole).cloned().collect(),
        forgets: program.forgets.iter().filter(|_| whole).cloned().collect(),
        told: Vec::new(),
        policies: Default::default(),
    };
    let (steps, pending) = (Rc::new(Cell::new(0)), Vec::new());
    let (frames, before) = (Vec::new(), HashMap::new());
    let (world_of, diagnostics) = (world.clone(), Vec::new());
    let mut evaluation = Evaluation {
        world: world_of,
        lookups,
        desired,
        diagnostics,
        tags,
        steps,
        pending,
        frames,
        before,
        suspects: 0,
        components: 0,
        full: false,
    };
    let (frame, _) = late::rounds(&mut evaluation, |evaluation| evaluation.unit(scenario.unit, given.clone(), &Surroundings::default()));
    if world.late.is_some() {
        let circles = late::postpone(&mut evaluation.desired.resources, &program.registry);
        evaluation.diagnostics.extend(circles);
    }
    if whole {
        stack::outputs(&mut evaluation, &frame);
        refactorings::evaluate(&mut evaluation, program, &frame);
        policies::collect(&mut evaluation, &frame);
    }
    let network = asking::conclude(&mut evaluation, scenario.unit);
    if evaluation.diagnostics.iter().any(Diagnostic::is_error) {
        // What follows the one thing that took all steps is no mistake of its own.
        let mut exhausted = 0;
        evaluation.diagnostics.retain(|diagnostic| {
            exhausted += usize::from(diagnostic.message == super::exhausted());
            exhausted < 2 || diagnostic.message != super::exhausted()
        });
        evaluation.diagnostics.append(&mut evaluation.desired.told);
        return Err(evaluation.diagnostics);
    }
    let resources = Arc::<Resources>::default();
    Ok((evaluation.desired, Names { world, frame, network, root: scenario.unit, resources }))
}
