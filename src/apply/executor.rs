//! Runs a plan's operations: in waves of what is ready, the longest remaining path first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::task::{Id, JoinSet};

use crate::address::Address;
use crate::desired::{Output, Stack};
use crate::graph::Graph;
use crate::plan::{
    Action, Engine, ExternalKeys, Fact, Facts, Half, Operation, Plan, Prepared, Scope, Secrets, Step, Verdict, View, conceal_observed,
    sets_key, verdict,
};
use crate::provider::{ErrorKind, Existing, ProviderError};
use crate::schema::value_to_json;
use crate::state::{Entry, FingerprintKey, Intent, Record, StateError, Status, Verb};
use crate::value::ResolvedObject;

use super::call::{Call, End, Sink, broken_off};
use super::events::{Cancel, Doing, Event, Happened, Observer, Stop};
use super::journal::{Journal, durably};
use super::prepare_call::{Desk, Next};
use super::{ApplyError, Failure, Outcome, Settings, Waiting};

/// Carries out a plan and records what came of it, also when steps fail. Wants a runtime of several threads: writing the
/// journal blocks the thread it is done on.
///
/// A failed step holds up what waits for it, and nothing else. The first [`Cancel::request`] starts nothing new and
/// finishes what runs; the second returns at once and leaves the state to the journal.
pub async fn apply(
    engine: &Engine,
    prepared: Prepared,
    journal: Arc<dyn Journal>,
    observer: Arc<dyn Observer>,
    cancel: &Cancel,
    settings: &Settings,
) -> Result<Outcome, ApplyError> {
    if let Some(refusal) = prepared.refusal() {
        return Err(refusal.into());
    }
    let mut run = Run::new(engine, prepared, journal, observer, settings)?;
    run.record_moves()?;
    let stopped = run.carry_out(cancel).await?;
    run.conclude(stopped)
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Waiting,
    Running,
    Done,
    Failed,
}

/// A call that was sent out.
struct Sent {
    node: usize,
    step: usize,
    doing: Doing,
    intent: Intent,
    undo: Vec<Entry>,
    since: Instant,
}

struct Run<'a> {
    engine: &'a Engine,
    settings: &'a Settings,
    journal: Arc<dyn Journal>,
    observer: Arc<dyn Observer>,
    plan: Plan,
    stack: Stack,
    graph: Graph<Operation>,
    facts: Facts,
    view: View,
    key: FingerprintKey,
    secrets: Secrets,
    stands: Vec<Stand>,
    /// What each operation still waits for.
    waits: Vec<usize>,
    remaining: Vec<i64>,
    ready: BinaryHeap<(i64, Reverse<usize>)>,
    /// Written with the next flush.
    entries: Vec<Entry>,
    failed: Vec<Failure>,
    started: Instant,
}

impl<'a> Run<'a> {
    fn new(
        engine: &'a Engine,
        prepared: Prepared,
        journal: Arc<dyn Journal>,
        observer: Arc<dyn Observer>,
        settings: &'a Settings,
    ) -> Result<Self, StateError> {
        let Prepared { plan, stack, view, operations: graph, facts, .. } = prepared;
        let key = FingerprintKey::from_hex(&view.header.fingerprint_key)?;
        let waits: Vec<usize> = (0..graph.len()).map(|i| graph.waits_for(i).count()).collect();
        let order = graph.order(|i| i).unwrap_or_default();
        let weight = |node: usize| graph.node(node).map_or(0, |op| weight(engine, &plan, *op));
        let remaining = graph.longest_remaining(&order, weight);
        let mut run = Self {
            engine,
            settings,
            journal,
            observer,
            stack,
            view,
            key,
            secrets: Secrets::new(engine.secrets.clone()),
            stands: vec![Stand::Waiting; graph.len()],
            ready: BinaryHeap::new(),
            entries: Vec::new(),
            failed: Vec::new(),
            started: Instant::now(),
            plan,
            graph,
            facts,
            waits,
            remaining,
        };
        for node in 0..run.graph.len() {
            if run.waits.get(node) == Some(&0) {
                run.make_ready(node);
            }
        }
        Ok(run)
    }

    fn make_ready(&mut self, node: usize) {
        self.ready.push((self.remaining.get(node).copied().unwrap_or(0), Reverse(node)));
    }

    fn step(&self, step: usize) -> Option<&Step> {
        self.plan.steps.get(step)
    }

    fn record_moves(&mut self) -> Result<(), StateError> {
        if self.plan.moves.is_empty() {
            return Ok(());
        }
        let gone = self.plan.moves.iter().map(|(from, _)| (from.clone(), None));
        let new: BTreeSet<&Address> = self.plan.moves.iter().map(|(_, to)| to).collect();
        // With what depends on them: of an address that is no more, nobody can tell what is deleted before it.
        let knows = |record: &Record| record.dependencies.iter().any(|on| new.contains(on));
        let come = self.view.records.iter().filter(|(at, record)| new.contains(at) || knows(record));
        let held = gone.chain(come.map(|(at, record)| (at.clone(), Some(record.clone())))).collect();
        self.entries.push(Entry::Put(held));
        self.flush()
    }

    fn flush(&mut self) -> Result<(), StateError> {
        let entries = std::mem::take(&mut self.entries);
        if entries.is_empty() { Ok(()) } else { durably(|| self.journal.append(&entries)) }
    }

    async fn carry_out(&mut self, cancel: &Cancel) -> Result<Stop, StateError> {
        let mut stop = cancel.watch();
        let mut running: JoinSet<End> = JoinSet::new();
        let mut sent: HashMap<Id, Sent> = HashMap::new();
        let mut tick = tokio::time::interval(self.settings.progress.max(Duration::from_millis(1)));
        tick.reset();
        loop {
            let asked = *stop.borrow_and_update();
            if asked == Stop::AtOnce {
                return Ok(asked);
            }
            let room = self.settings.concurrency.max(1).saturating_sub(sent.len());
            let calls = if asked == Stop::No { self.wave(room).await } else { Vec::new() };
            // What is intended is durable before any call of the wave goes out.
            self.flush()?;
            for call in calls {
                let (id, call) = self.send(&mut running, call);
                sent.insert(id, call);
            }
            let more = asked == Stop::No && !self.ready.is_empty() && sent.len() < self.settings.concurrency.max(1);
            if sent.is_empty() && !more {
                return Ok(asked);
            }
            if more {
                continue;
            }
            tokio::select! {
                Some(ended) = running.join_next_with_id() => {
                    self.ended(ended, &mut sent);
                    while let Some(ended) = running.try_join_next_with_id() {
                        self.ended(ended, &mut sent);
                    }
                }
                _ = stop.changed() => {}
                _ = tick.tick() => self.signs_of_life(&sent),
            }
        }
    }

    /// Takes what is ready, as far as there is room, and makes calls of it.
    async fn wave(&mut self, room: usize) -> Vec<Box<Call>> {
        let mut nodes = Vec::new();
        while nodes.len() < room {
            let Some((_, Reverse(node))) = self.ready.pop() else { break };
            // What is there already is changed in one call, when what it refers to is there, too.
            let later = |operation: Operation, step: &Step| {
                let postponed = step.desired.as_ref().is_some_and(|desired| desired.postponed().next().is_some());
                postponed && step.action == Action::Update && operation.half == Half::Make
            };
            let noop = self.operation(node).is_some_and(|(operation, step)| step.action == Action::NoOp || later(operation, step));
            if noop { self.complete(node) } else { nodes.push(node) }
        }
        let nexts = {
            let desk = Desk {
                registry: &self.engine.registry,
                stack: &self.stack,
                region: &self.plan.region,
                view: &self.view,
                facts: &self.facts,
                secrets: &self.secrets,
                key: &self.key,
                timeout: self.settings.timeout,
            };
            let next = nodes.iter().filter_map(|node| {
                let (operation, step) = self.operation(*node)?;
                Some(desk.next(*node, operation, step))
            });
            join_all(next).await
        };
        let mut calls = Vec::new();
        for (node, next) in nodes.into_iter().zip(nexts) {
            match next {
                Next::Call(mut call) => {
                    self.entries.append(&mut call.before.clone());
                    for entry in std::mem::take(&mut call.before) {
                        self.put(entry);
                    }
                    self.entries.push(Entry::Intent(Box::new(call.intent.clone())));
                    self.stand(node, Stand::Running);
                    calls.push(call);
                }
                Next::Settled { doing, entries, record, unchanged } => self.settled(node, doing, entries, record, unchanged),
                Next::Failed(doing, error) => self.fail(node, doing, error, Duration::ZERO),
            }
        }
        calls
    }

    fn operation(&self, node: usize) -> Option<(Operation, &Step)> {
        let operation = *self.graph.node(node)?;
        Some((operation, self.step(operation.step)?))
    }

    fn stand(&mut self, node: usize, stand: Stand) {
        if let Some(slot) = self.stands.get_mut(node) {
            *slot = stand;
        }
    }

    /// Makes the view what an entry makes the state.
    fn put(&mut self, entry: Entry) {
        let Entry::Put(held) = entry else { return };
        for (address, record) in held {
            match record {
                Some(record) => drop(self.view.records.insert(address, record)),
                None => drop(self.view.records.remove(&address)),
            }
        }
    }

    fn settled(&mut self, node: usize, doing: Doing, entries: Vec<Entry>, record: Option<Arc<Record>>, unchanged: bool) {
        let Some((operation, step)) = self.operation(node) else { return };
        let address = step.address.clone();
        let id = record.as_ref().map(|r| r.id.clone());
        self.entries.extend(entries);
        self.holds(&address, record);
        self.tell(operation.step, doing, Happened::Started);
        self.tell(operation.step, doing, Happened::Finished { elapsed: Duration::ZERO, id, unchanged });
        self.complete(node);
    }

    /// The address holds this from now on, or nothing.
    fn holds(&mut self, address: &Address, record: Option<Arc<Record>>) {
        let position = self.facts.resources.get_index_of(address);
        match record {
            Some(record) => {
                let live = self.view.live.get(address).cloned();
                self.view.records.insert(address.clone(), record.clone());
                if let Some(position) = position {
                    self.facts.set(position, Fact::Settled { record, live });
                }
            }
            None => {
                self.view.records.remove(address);
                self.view.live.remove(address);
            }
        }
    }

    fn complete(&mut self, node: usize) {
        self.stand(node, Stand::Done);
        let freed: Vec<usize> = self.graph.waited_by(node).map(|(then, _)| then).collect();
        for then in freed {
            if let Some(waits) = self.waits.get_mut(then) {
                *waits -= 1;
                if *waits == 0 {
                    self.make_ready(then);
                }
            }
        }
    }

    fn send(&mut self, running: &mut JoinSet<End>, call: Box<Call>) -> (Id, Sent) {
        self.tell(call.step, call.doing, Happened::Started);
        let sent = Sent {
            node: call.node,
            step: call.step,
            doing: call.doing,
            intent: call.intent.clone(),
            undo: call.undo.clone(),
            since: Instant::now(),
        };
        let event = self.event(call.step, call.doing, Happened::Started);
        let told = event.map(|event| (self.observer.clone(), event));
        let sink = Sink::new(Some(self.journal.clone()), call.intent.op.clone(), told, None);
        let provider = self.engine.provider.clone();
        let consistency = provider.consistency(self.settings.consistency);
        let handle = running.spawn(async move { call.carry_out(&*provider, consistency, &sink).await });
        (handle.id(), sent)
    }

    fn ended(&mut self, ended: Result<(Id, End), tokio::task::JoinError>, sent: &mut HashMap<Id, Sent>) {
        let (id, end) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let message = "the call was broken off by a mistake in plat; please report it";
                (error.id(), End::Failed(ProviderError::new(ErrorKind::InDoubt, "call", message)))
            }
        };
        let Some(sent) = sent.remove(&id) else { return };
        let elapsed = sent.since.elapsed();
        let op = sent.intent.op.clone();
        match end {
            End::Exists(Existing { id, attributes }) => {
                self.record(&sent.intent, id.clone(), attributes, Status::Ready);
                self.tell(sent.step, sent.doing, Happened::Finished { elapsed, id: Some(id), unchanged: false });
                self.complete(sent.node);
            }
            End::Gone => {
                self.entries.push(Entry::Done { op, record: None });
                self.holds(&sent.intent.address, None);
                self.tell(sent.step, sent.doing, Happened::Finished { elapsed, id: None, unchanged: false });
                self.complete(sent.node);
            }
            End::Going(error) => {
                // The next apply deletes it again, which waits for the delete that runs.
                let before = self.view.records.get(&sent.intent.address).cloned();
                let record = before.map(|before| match before.status {
                    Status::Ready => Arc::new(Record { status: Status::Unfinished, ..Record::clone(&before) }),
                    Status::Broken | Status::Unfinished | Status::Deposed => before,
                });
                self.entries.push(Entry::Done { op, record: record.clone() });
                self.holds(&sent.intent.address, record);
                self.fail(sent.node, sent.doing, error, elapsed);
            }
            End::LeftBehind { id, observed, status, error } => {
                let before = self.view.records.get(&sent.intent.address).cloned();
                let schema = self.engine.registry.get(&sent.intent.type_name);
                let intent = match (&before, schema) {
                    (Some(before), Some(schema)) => broken_off(&sent.intent, before, schema),
                    _ => sent.intent.clone(),
                };
                let known = before.map(|before| before.observed.clone());
                let observed = if observed.is_empty() { known.unwrap_or_default() } else { observed };
                self.record(&intent, id, observed, status);
                self.fail(sent.node, sent.doing, error, elapsed);
            }
            End::Failed(error) => {
                match error.kind {
                    ErrorKind::InDoubt => self.entries.push(Entry::InDoubt { op, error: error.to_string() }),
                    _ => {
                        self.entries.push(Entry::Failed { op, error: error.to_string() });
                        self.entries.extend(sent.undo.iter().cloned());
                        sent.undo.into_iter().for_each(|entry| self.put(entry));
                    }
                }
                self.fail(sent.node, sent.doing, error, elapsed);
            }
        }
    }

    fn record(&mut self, intent: &Intent, id: String, observed: ResolvedObject, status: Status) {
        let observed = match self.engine.registry.get(&intent.type_name) {
            Some(schema) => {
                let external = ExternalKeys { tags: &self.stack.external_tags };
                external.strip(&schema.attributes, observed, &|attribute, key| sets_key(&intent.inputs, attribute, key))
            }
            None => observed,
        };
        let (observed, live) = conceal_observed(&self.key, &intent.address, observed);
        match live {
            Some(live) => drop(self.view.live.insert(intent.address.clone(), live)),
            None => drop(self.view.live.remove(&intent.address)),
        }
        let record = intent.record(id, observed, status);
        let record = Arc::new(match self.view.records.get(&intent.address) {
            Some(prior) if intent.verb == Verb::Update => record.with_drift_of(prior),
            _ => record,
        });
        self.entries.push(Entry::Done { op: intent.op.clone(), record: Some(record.clone()) });
        self.holds(&intent.address, Some(record));
    }

    fn fail(&mut self, node: usize, doing: Doing, error: ProviderError, elapsed: Duration) {
        self.stand(node, Stand::Failed);
        let Some((operation, _)) = self.operation(node) else { return };
        self.tell(operation.step, doing, Happened::Failed { elapsed, error: error.clone() });
        self.failed.push(Failure { step: operation.step, doing, error });
    }

    fn event(&self, step: usize, doing: Doing, what: Happened) -> Option<Event> {
        let planned = self.step(step)?;
        Some(Event { step, address: planned.address.clone(), type_name: planned.type_name.clone(), doing, what })
    }

    fn tell(&self, step: usize, doing: Doing, what: Happened) {
        if let Some(event) = self.event(step, doing, what) {
            self.observer.event(&event);
        }
    }

    fn signs_of_life(&self, sent: &HashMap<Id, Sent>) {
        let mut sent: Vec<&Sent> = sent.values().collect();
        sent.sort_by_key(|s| s.node);
        for call in sent.iter().filter(|call| call.since.elapsed() >= self.settings.progress / 2) {
            self.tell(call.step, call.doing, Happened::Progress { elapsed: call.since.elapsed() });
        }
    }

    /// Puts together what was done, works out what is known now, and makes the state's snapshot.
    fn conclude(mut self, stopped: Stop) -> Result<Outcome, ApplyError> {
        if stopped != Stop::AtOnce {
            self.flush()?;
        }
        let waiting = self.waiting();
        for wait in &waiting {
            let doing = self.step(wait.step).map_or(Doing::Updating, waiting_doing);
            self.tell(wait.step, doing, Happened::Skipped { waits_for: wait.waits_for.clone() });
        }
        let done = self.done();
        self.forget_what_was_not_done();
        let asserts = std::mem::take(&mut self.plan.asserts);
        let asserts = asserts.into_iter().map(|(assert, before)| {
            let now = assert.condition.resolve(&self.facts).map_or(Verdict::Fails, |condition| verdict(&condition));
            let now = if before == Verdict::Later { now } else { before };
            (assert, now)
        });
        let asserts: Vec<_> = asserts.collect();
        self.plan.asserts = asserts.clone();
        self.plan.policing.ask_again(&self.facts);
        // Before the apply it denied nothing, or there would have been none.
        let denied = self.plan.policing.denied().cloned().collect();
        let outputs = self.outputs();

        let Run { mut plan, facts, view, journal, failed, started, .. } = self;
        drop(facts);
        // The records of what did not change are the state's alone, so that it takes them over without a copy.
        plan.steps.iter_mut().filter(|step| step.action == Action::NoOp).for_each(|step| step.prior = None);
        let mut state = view.into_state();
        if stopped != Stop::AtOnce {
            durably(|| journal.finish(&mut state))?;
        }
        Ok(Outcome { plan, done, failed, waiting, asserts, denied, outputs, state, stopped, elapsed: started.elapsed() })
    }

    /// Steps that change something, all of whose operations are done.
    fn done(&self) -> Vec<usize> {
        let mut open = vec![0usize; self.plan.steps.len()];
        for (node, stand) in self.stands.iter().enumerate() {
            if let (Some(op), true) = (self.graph.node(node), *stand != Stand::Done)
                && let Some(count) = open.get_mut(op.step)
            {
                *count += 1;
            }
        }
        let steps = self.plan.steps.iter().zip(open).enumerate();
        steps.filter(|(_, (step, open))| *open == 0 && step.action != Action::NoOp).map(|(i, _)| i).collect()
    }

    /// Steps that were not started, and the failed ones that they wait for.
    fn waiting(&self) -> Vec<Waiting> {
        /// As many names as a line can hold.
        const NAMED: usize = 5;
        let failed: Vec<usize> = self.failed.iter().map(|f| f.step).collect();
        let mut blamed: Vec<Vec<usize>> = vec![Vec::new(); self.graph.len()];
        let mut by_step: Vec<Option<Vec<usize>>> = vec![None; self.plan.steps.len()];
        for node in self.graph.order(|i| i).unwrap_or_default() {
            let Some((operation, step)) = self.operation(node) else { continue };
            let own = match self.stands.get(node) {
                Some(Stand::Failed) => vec![operation.step],
                Some(Stand::Waiting) => {
                    let mut before: Vec<usize> = self.graph.waits_for(node).filter_map(|(i, _)| blamed.get(i)).flatten().copied().collect();
                    before.sort_unstable();
                    before.dedup();
                    before.truncate(NAMED);
                    before
                }
                _ => Vec::new(),
            };
            let waits = self.stands.get(node) == Some(&Stand::Waiting) && step.action != Action::NoOp && !failed.contains(&operation.step);
            if let (true, Some(slot)) = (waits, by_step.get_mut(operation.step)) {
                slot.get_or_insert_default().extend(&own);
            }
            if let Some(slot) = blamed.get_mut(node) {
                *slot = own;
            }
        }
        let named = |(step, blamed): (usize, Option<Vec<usize>>)| {
            let mut blamed = blamed?;
            blamed.sort_unstable();
            blamed.dedup();
            Some(Waiting { step, waits_for: blamed.iter().filter_map(|i| Some(self.step(*i)?.address.clone())).collect() })
        };
        by_step.into_iter().enumerate().filter_map(named).collect()
    }

    /// What the plan expected of steps that were not carried out is not so.
    fn forget_what_was_not_done(&mut self) {
        for (node, stand) in self.stands.iter().enumerate() {
            let Some(step) = self.graph.node(node).and_then(|op| self.plan.steps.get(op.step)) else { continue };
            let Some(position) = self.facts.resources.get_index_of(&step.address) else { continue };
            if *stand != Stand::Done && self.graph.node(node).is_some_and(|op| op.half == Half::Make) {
                let live = self.view.live.get(&step.address).cloned();
                let record = self.view.records.get(&step.address).cloned();
                self.facts.set(position, record.map_or(Fact::Nothing, |record| Fact::Settled { record, live }));
            }
        }
    }

    /// Resolves outputs and stores those that are known; those that are not keep what the state has.
    fn outputs(&mut self) -> Vec<Output> {
        let before = std::mem::take(&mut self.view.header.outputs);
        let mut known = Vec::new();
        for change in &mut self.plan.outputs {
            match change.output.value.resolve(&self.facts) {
                Ok(value) if value.unknown().is_none() => {
                    self.view.header.outputs.insert(change.output.name.to_string(), value_to_json(&value));
                    change.output.value = value;
                    known.push(change.output.clone());
                }
                _ => {
                    let kept = before.get_key_value(&*change.output.name).map(|(k, v)| (k.clone(), v.clone()));
                    self.view.header.outputs.extend(kept);
                }
            }
        }
        if self.plan.scope != Scope::Everything {
            for (name, value) in before {
                self.view.header.outputs.entry(name).or_insert(value);
            }
        }
        known
    }
}

fn waiting_doing(step: &Step) -> Doing {
    match step.action {
        Action::Create | Action::Replace { .. } => Doing::Creating,
        Action::Delete => Doing::Deleting,
        Action::Forget => Doing::Forgetting,
        Action::Import { .. } => Doing::Importing,
        Action::Update | Action::NoOp => Doing::Updating,
    }
}

/// How long an operation usually takes, in seconds.
fn weight(engine: &Engine, plan: &Plan, operation: Operation) -> i64 {
    let Some(step) = plan.steps.get(operation.step) else { return 0 };
    match (&step.action, operation.half) {
        (Action::Replace { .. }, half) => engine.registry.get(&step.type_name).map_or(0, |schema| match half {
            Half::Make => schema.takes.create.0,
            Half::Release | Half::Finish => schema.takes.update.0,
            Half::Unmake => schema.takes.delete.0,
        }),
        _ => step.estimate.0,
    }
}
