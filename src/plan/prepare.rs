//! The one thing that plan, apply and destroy share: from the program and the state to a plan.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::address::Address;
use crate::desired::{Desired, Lookup, Resources, Stack};
use crate::diagnostic::{Diagnostic, closest};
use crate::graph::{Graph, cycle_diagnostics, of_resources};
use crate::provider::sandbox::own_names;
use crate::provider::{ErrorKind, Identity, ProviderError};
use crate::schema::{Attribute, ResourceSchema};
use crate::state::{FingerprintKey, Record, StateFile, Status};
use crate::validate::rules::{self, Before};
use crate::value::{ResolvedObject, Value};

use super::choose::{LeftOut, Scope};
use super::claims::{self, ClaimMoves};
use super::diff::{Compared, Differ, Trouble, failed};
use super::drift::{self, Refreshed};
use super::external::ExternalKeys;
use super::facts::{Fact, Facts};
use super::options::{Answers, Engine, Evaluate, Options, PrepareError, Prepared, Protected, Undeletable};
use super::order::{Ordered, Ordering, arrange, spread_create_first};
use super::policies::police;
use super::postponed::{foreseen_facts, releasable};
use super::secrets::Secrets;
use super::view::View;
use super::{Action, OutputChange, Plan, Step, Verdict, imports, moves, observe, renames};

/// Works out what has to be done. Reads the cloud and changes nothing, neither there nor in the state's store.
///
/// `state` is the recorded state, with whatever an earlier run left open settled (`apply::settle`).
pub async fn prepare(engine: &Engine, evaluate: &Evaluate<'_>, state: StateFile, options: &Options) -> Result<Prepared, PrepareError> {
    let key = FingerprintKey::from_hex(&state.fingerprint_key).map_err(|error| PrepareError::State(error.to_string()))?;
    let first = evaluate(&Answers::new()).map_err(PrepareError::Program)?;
    let region = region_of(&first.stack, options)?;
    let identity = engine.provider.identity(&region).await.map_err(PrepareError::Identity)?;
    check_account(&first, &state, &identity)?;
    let desired = if options.destroy { nothing_of(first) } else { answered(engine, evaluate, first, &region).await? };

    let mut view = View::new(state);
    if options.refresh_only {
        return observation(engine, desired, view, &key, region, identity.account).await;
    }
    let moves = moves::carry_out(&mut view, &desired, options.destroy).map_err(PrepareError::Program)?;
    let spent = moves::spent(&desired, &view, &moves);
    check_patterns(options, &desired, &view)?;
    let wanted = |address: &Address| desired.resources.get(address).cloned();
    let external_tags = desired.stack.external_tags.clone();
    let external = ExternalKeys { tags: &external_tags };
    let refreshed = match options.refresh {
        true => observe::refresh(engine, &mut view, &key, &external, wanted).await?,
        false => Refreshed::default(),
    };
    let mut state_changes = refreshed.changed;
    state_changes |=
        !moves.is_empty() || view.header.account.as_ref() != Some(&identity.account) || view.header.region.as_ref() != Some(&region);
    view.header.account = Some(identity.account.clone());
    view.header.region = Some(region.clone());
    let imported = imports::read(engine, &desired, &mut view, &key, &external, &region).await?;

    let planner = Planner { engine, options, stack: &desired.stack, region: &region, key: &key, imported: &imported };
    let mut planned = planner.plan(desired.resources, &desired.forgets, view).await?;
    state_changes |= planned.state_changes;
    let agrees = |address: &Address, attribute: &Attribute, observed: &Value| {
        planned.facts.resources.get(address).is_some_and(|desired| drift::is_as_configured(desired, attribute, observed))
    };
    let (drift, agreed) = drift::report(engine, &mut planned.view, refreshed, agrees);
    state_changes |= agreed;

    let (asserts, mut outputs) = conclusions(&desired.asserts, &desired.outputs, &planned.facts, &planned.view.header)?;
    if planned.scope != Scope::Everything {
        // What is left out tells no more about an output than the state does.
        let stays: BTreeSet<&Address> = planned.steps.iter().map(|step| &step.address).collect();
        outputs.retain(|change| change.output.value.unknown().is_none_or(|unknown| stays.contains(&unknown.source.address)));
    }
    let facts = &planned.facts;
    let policing = police(&desired.policies, &facts.resources, facts, options.today).map_err(PrepareError::Program)?;
    let fewer = planned.scope == Scope::Everything && planned.view.header.outputs.len() != outputs.len();
    state_changes |= fewer || outputs.iter().any(OutputChange::changes);
    let header = &planned.view.header;
    let renames = renames::find(&planned.steps, &planned.view);
    let protected = protected(&planned.steps, &desired.stack, engine, options);
    let undeletable = undeletable(&planned.steps, engine);
    let plan = Plan {
        stack: header.stack.clone(),
        env: header.env.clone(),
        region,
        account: identity.account,
        lineage: header.lineage.clone(),
        serial: header.serial,
        scope: std::mem::take(&mut planned.scope),
        steps: std::mem::take(&mut planned.steps),
        drift,
        outputs,
        asserts,
        policing,
        moves,
        renames,
        spent,
        rehearsal: None,
        lost: Vec::new(),
    };
    let Planned { view, facts, operations, .. } = planned;
    Ok(Prepared { plan, stack: desired.stack, protected, undeletable, view, state_changes, operations, facts })
}

/// What was changed outside plat, with nothing to do.
async fn observation(
    engine: &Engine,
    desired: Desired,
    mut view: View,
    key: &FingerprintKey,
    region: String,
    account: String,
) -> Result<Prepared, PrepareError> {
    let wanted = |address: &Address| desired.resources.get(address).cloned();
    let external = ExternalKeys { tags: &desired.stack.external_tags };
    let refreshed = observe::refresh(engine, &mut view, key, &external, wanted).await?;
    let mut state_changes = refreshed.changed;
    let agrees = |address: &Address, attribute: &Attribute, observed: &Value| {
        desired.resources.get(address).is_some_and(|desired| drift::is_as_configured(desired, attribute, observed))
    };
    let (drift, agreed) = drift::report(engine, &mut view, refreshed, agrees);
    state_changes |= agreed | drift::accept_all(&mut view);
    let plan = Plan {
        stack: view.header.stack.clone(),
        env: view.header.env.clone(),
        region,
        account,
        lineage: view.header.lineage.clone(),
        serial: view.header.serial,
        scope: Scope::Observation,
        drift,
        ..Plan::default()
    };
    let (operations, facts) = (Graph::default(), Facts::new(Resources::default()));
    Ok(Prepared { plan, stack: desired.stack, protected: Vec::new(), undeletable: Vec::new(), view, state_changes, operations, facts })
}

/// Refuses a pattern that fits nothing: it would quietly choose less than was meant.
fn check_patterns(options: &Options, desired: &Desired, view: &View) -> Result<(), PrepareError> {
    let choice = &options.choice;
    let given = [("--target", &choice.targets), ("--exclude", &choice.excluded), ("--replace", &options.replace)];
    let unmatched = given
        .iter()
        .flat_map(|(option, globs)| globs.iter().map(move |glob| (*option, glob)))
        .find(|(_, glob)| !desired.resources.keys().chain(view.records.keys()).any(|address| glob.holds(address)));
    let Some((option, glob)) = unmatched else { return Ok(()) };
    let (pattern, addresses) = (glob.to_string(), desired.resources.keys().chain(view.records.keys()));
    let names: BTreeSet<String> = addresses
        .flat_map(|address| [Some(address.to_string()), address.steps().first().map(|step| step.name.to_string())])
        .flatten()
        .collect();
    let near = closest(&pattern, names.iter().map(String::as_str)).map(str::to_owned);
    Err(PrepareError::Unmatched { option, pattern, near })
}

fn region_of(stack: &Stack, options: &Options) -> Result<String, PrepareError> {
    stack.region.as_deref().map(str::to_owned).or_else(|| options.region.clone()).ok_or(PrepareError::NoRegion)
}

/// Refuses another account than the program and the state are for.
fn check_account(desired: &Desired, state: &StateFile, identity: &Identity) -> Result<(), PrepareError> {
    let (actual, arn) = (identity.account.clone(), identity.arn.clone());
    if let Some(wanted) = desired.stack.account.as_deref().filter(|wanted| *wanted != actual) {
        return Err(PrepareError::WrongAccount { wanted: wanted.to_owned(), actual, arn, span: desired.stack.env_span });
    }
    let other = desired.resources.values().find_map(|r| Some((r, r.options.account.as_deref().filter(|a| *a != actual)?)));
    if let Some((resource, wanted)) = other {
        let (address, wanted) = (resource.address.clone(), wanted.to_owned());
        return Err(PrepareError::ResourceAccount { address, wanted, actual, span: resource.span });
    }
    match &state.account {
        Some(recorded) if *recorded != actual && !state.resources.is_empty() => {
            Err(PrepareError::StateAccount { recorded: recorded.clone(), actual, arn })
        }
        _ => Ok(()),
    }
}

/// The same stack with nothing in it.
fn nothing_of(desired: Desired) -> Desired {
    Desired {
        resources: Default::default(),
        lookups: Vec::new(),
        outputs: Vec::new(),
        asserts: Vec::new(),
        imports: Vec::new(),
        policies: Default::default(),
        ..desired
    }
}

/// Evaluates until every lookup is answered.
async fn answered(engine: &Engine, evaluate: &Evaluate<'_>, first: Desired, region: &str) -> Result<Desired, PrepareError> {
    let mut desired = first;
    let mut answers = Answers::new();
    while !desired.lookups.is_empty() {
        if let Some(again) = desired.lookups.iter().find(|l| answers.contains_key(&l.address)) {
            return Err(PrepareError::EndlessLookup { address: again.address.clone(), span: again.span });
        }
        let lookups = std::mem::take(&mut desired.lookups);
        let asked = stream::iter(&lookups).map(|lookup| look_up(engine, lookup, region)).buffered(observe::QUESTIONS);
        answers.extend(asked.try_collect::<Vec<_>>().await?);
        desired = evaluate(&answers).map_err(PrepareError::Program)?;
    }
    Ok(desired)
}

async fn look_up(engine: &Engine, lookup: &Lookup, region: &str) -> Result<(Address, ResolvedObject), PrepareError> {
    let failed = |error| PrepareError::Lookup { address: lookup.address.clone(), span: lookup.span, error };
    let query = ResolvedObject::new(lookup.query.clone()).map_err(|unknown| {
        let message = format!("its query waits for `{}` of `{}`", unknown.source.attribute, unknown.source.address);
        failed(ProviderError::new(ErrorKind::Internal, "lookup", message))
    })?;
    let region = lookup.region.as_deref().unwrap_or(region);
    let found = engine.provider.lookup(&lookup.type_name, region, &query).await.map_err(failed)?;
    Ok((lookup.address.clone(), found))
}

struct Planner<'a> {
    engine: &'a Engine,
    options: &'a Options,
    stack: &'a Stack,
    region: &'a str,
    key: &'a FingerprintKey,
    imported: &'a BTreeMap<Address, Arc<Record>>,
}

struct Planned {
    steps: Vec<Step>,
    view: View,
    facts: Facts,
    operations: Graph<super::Operation>,
    scope: Scope,
    state_changes: bool,
}

impl Planner<'_> {
    async fn plan(
        &self,
        resources: Resources,
        forgets: &[(Address, crate::source::Span)],
        mut view: View,
    ) -> Result<Planned, PrepareError> {
        let graph = of_resources(&resources);
        let Some(order) = graph.order(|i| i) else {
            return Err(PrepareError::Program(cycle_diagnostics(&graph)));
        };
        // As large as the steps, and asked again only where something is replaced: it is made anew then.
        drop(graph);
        let mut facts = Facts::new(resources);
        let secrets = Secrets::new(self.engine.secrets.clone());
        let (mut steps, records) = self.compare_all(&mut facts, &view, &secrets, &order).await?;
        let base = steps.len();
        steps.extend(self.leaving(&facts, &view, forgets)?);
        let moves = self.claims(&steps, &facts)?;
        claims::refuse_create_first(&mut steps, &moves)?;
        if steps.iter().any(|step| matches!(step.action, Action::Replace { .. })) {
            spread_create_first(&mut steps, &order, &of_resources(&facts.resources), &moves);
        }
        let operations = self.settled_order(&mut steps, base, &order, &facts.resources, &moves)?;
        let (steps, operations, scope) = self.chosen(steps, operations, &mut facts, &view)?;
        let (steps, operations) = arrange(steps, operations);
        let stays: Option<BTreeSet<&Address>> = (scope != Scope::Everything).then(|| steps.iter().map(|step| &step.address).collect());
        let records: Vec<_> =
            records.into_iter().filter(|(address, _)| stays.as_ref().is_none_or(|stays| stays.contains(address))).collect();
        let state_changes = !records.is_empty();
        for (address, record) in records {
            view.records.insert(address, Arc::new(record));
        }
        Ok(Planned { steps, view, facts, operations, scope, state_changes })
    }

    /// A step for each wanted resource, in the program's order, and the records that change without a step.
    async fn compare_all(
        &self,
        facts: &mut Facts,
        view: &View,
        secrets: &Secrets,
        order: &[usize],
    ) -> Result<(Vec<Step>, Vec<(Address, Record)>), PrepareError> {
        let differ =
            Differ { stack: self.stack, region: self.region, options: self.options, view, imported: self.imported, secrets, key: self.key };
        let mut slots: Vec<Option<Step>> = facts.resources.iter().map(|_| None).collect();
        let mut records = Vec::new();
        let mut mistakes: Vec<Diagnostic> = Vec::new();
        let circular = foreseen_facts(facts, view, self.imported);
        // What refers to what is compared after it is compared once more.
        for &i in order.iter().chain(&circular) {
            let Some(desired) = facts.resources.get_index(i).map(|(_, desired)| desired.clone()) else { continue };
            let schema = self.engine.registry.get(&desired.type_name).ok_or_else(|| unknown_type(&desired.address, &desired.type_name))?;
            match differ.compare(&desired, schema, facts).await {
                Ok(compared) => {
                    self.check_import(&compared.step)?;
                    mistakes.extend(self.broken_rules(&compared, schema, facts));
                    facts.set(i, compared.fact);
                    if !circular.is_empty() {
                        records.retain(|(address, _)| *address != desired.address);
                    }
                    records.extend(compared.record.map(|record| (desired.address.clone(), record)));
                    if let Some(slot) = slots.get_mut(i) {
                        *slot = Some(compared.step);
                    }
                }
                Err(Trouble::Program(mistake)) => mistakes.push(mistake),
                Err(Trouble::Other(error)) => return Err(error),
            }
        }
        mistakes.dedup();
        match slots.into_iter().collect() {
            Some(steps) if mistakes.is_empty() => Ok((steps, records)),
            _ => Err(PrepareError::Program(mistakes)),
        }
    }

    /// The rules of its type that a resource would break, with what is known now.
    fn broken_rules(&self, compared: &Compared, schema: &ResourceSchema, facts: &Facts) -> Vec<Diagnostic> {
        let (Some(desired), before) = (&compared.step.desired, &compared.step.prior) else { return Vec::new() };
        let before = match compared.step.action {
            Action::Create | Action::Replace { .. } => None,
            Action::Update | Action::Import { .. } => {
                before.as_ref().map(|record| Before { observed: &record.observed, inputs: &record.inputs })
            }
            Action::NoOp | Action::Delete | Action::Forget => return Vec::new(),
        };
        let asked = match (&compared.fact, &compared.wanted) {
            (Fact::Created { inputs, .. }, _) => &**inputs,
            (_, Some(wanted)) => wanted.plain(),
            (_, None) => return Vec::new(),
        };
        rules::planned(desired, schema, asked, before, (&facts.resources, &self.engine.registry), facts)
    }

    fn check_import(&self, step: &Step) -> Result<(), PrepareError> {
        match (&step.action, self.imported.get(&step.address), step.span) {
            (Action::Replace { forced_by, .. }, Some(record), Some(span)) => {
                Err(PrepareError::Program(vec![imports::would_replace(step, record, forced_by, span)]))
            }
            _ => Ok(()),
        }
    }

    /// Steps for what is recorded and no longer wanted.
    fn leaving(&self, facts: &Facts, view: &View, forgets: &[(Address, crate::source::Span)]) -> Result<Vec<Step>, PrepareError> {
        let gone = view.records.iter().filter(|(address, _)| !facts.resources.contains_key(*address));
        gone.map(|(address, record)| {
            let schema = self.engine.registry.get(&record.type_name).ok_or_else(|| unknown_type(address, &record.type_name))?;
            let line = forgets.iter().find(|(from, _)| address.is_within(from)).map(|(_, span)| *span);
            let forget = record.status != Status::Deposed && (record.retain || line.is_some());
            Ok(Step {
                address: address.clone(),
                type_name: record.type_name.clone(),
                action: if forget { Action::Forget } else { Action::Delete },
                changes: Vec::new(),
                desired: None,
                prior: Some(record.clone()),
                span: line.filter(|_| forget),
                after: Vec::new(),
                estimate: if forget { crate::value::Duration(0) } else { schema.takes.delete },
            })
        })
        .collect()
    }

    /// The steps that are wanted, and the graph of these alone. What is left out is known as it is, not as it would be.
    fn chosen(
        &self,
        steps: Vec<Step>,
        operations: Graph<super::Operation>,
        facts: &mut Facts,
        view: &View,
    ) -> Result<(Vec<Step>, Graph<super::Operation>, Scope), PrepareError> {
        let choice = &self.options.choice;
        if choice.is_everything() {
            return Ok((steps, operations, Scope::Everything));
        }
        let mut left = LeftOut { option: choice.option(), steps: Vec::new() };
        let mut stays = Vec::with_capacity(steps.len());
        for (step, wanted) in steps.iter().zip(choice.of(&steps, &operations)) {
            if wanted {
                stays.push(step.clone());
            } else if step.action != Action::NoOp {
                if let Some(position) = facts.resources.get_index_of(&step.address) {
                    let record = view.records.get(&step.address).filter(|record| record.type_name == step.type_name);
                    let live = view.live.get(&step.address).cloned();
                    facts.set(position, record.map_or(Fact::Nothing, |record| Fact::Settled { record: record.clone(), live }));
                }
                left.steps.push((step.address.clone(), step.action.clone()));
            }
        }
        let base = stays.iter().take_while(|step| step.desired.is_some()).count();
        let places: HashMap<&Address, usize> = stays.iter().enumerate().take(base).map(|(i, step)| (&step.address, i)).collect();
        let moves = self.claims(&stays, facts)?;
        let operations = self.operations(&stays, base, &|address| places.get(address).copied(), &moves).graph;
        Ok((stays, operations, Scope::Chosen(left)))
    }

    fn claims(&self, steps: &[Step], facts: &Facts) -> Result<ClaimMoves, PrepareError> {
        claims::moves(steps, facts, &self.engine.registry, self.region)
    }

    /// Turns replacements that cannot delete first, one after the other as they show, and orders all that is done.
    fn settled_order(
        &self,
        steps: &mut [Step],
        base: usize,
        order: &[usize],
        resources: &Resources,
        moves: &ClaimMoves,
    ) -> Result<Graph<super::Operation>, PrepareError> {
        loop {
            let ordered = self.operations(steps, base, &|address| resources.get_index_of(address), moves);
            let Ordered { graph, too_early, unreleased } = ordered;
            if too_early.is_empty() {
                let mistakes = claims::unreleased(steps, &graph, &unreleased, moves);
                return if mistakes.is_empty() { Ok(graph) } else { Err(PrepareError::Program(mistakes)) };
            }
            for i in too_early {
                if let Some(Action::Replace { create_first, .. }) = steps.get_mut(i).map(|step| &mut step.action) {
                    *create_first = true;
                }
            }
            spread_create_first(steps, order, &of_resources(resources), moves);
        }
    }

    /// `wanted`: the position of what the program has; `base`: where the steps for what it no longer has begin.
    fn operations(&self, steps: &[Step], base: usize, wanted: &dyn Fn(&Address) -> Option<usize>, moves: &ClaimMoves) -> Ordered {
        let leaving: HashMap<&Address, usize> = steps.iter().enumerate().skip(base).map(|(i, s)| (&s.address, i)).collect();
        let position = |address: &Address| wanted(address).or_else(|| leaving.get(address).copied());
        let mut deposed: HashMap<Address, Vec<usize>> = HashMap::new();
        for (i, step) in steps.iter().enumerate().skip(base) {
            let is_deposed = step.prior.as_ref().is_some_and(|p| p.status == Status::Deposed);
            if let (true, Some((_, former))) = (is_deposed, step.address.steps().split_last()) {
                deposed.entry(Address::from(former.to_vec())).or_default().push(i);
            }
        }
        let holds = |holder: &Step, held: &Step| self.holds(holder, held);
        let can_release = |step: &Step| {
            let schema = step.prior.as_ref().and_then(|prior| self.engine.registry.get(&prior.type_name));
            schema.zip(step.prior.as_deref()).is_some_and(|(schema, record)| releasable(schema, record).next().is_some())
        };
        Ordering { steps, position: &position, deposed: &deposed, claims: moves, holds: &holds, can_release: &can_release }.operations()
    }
}

impl Planner<'_> {
    /// True when AWS refuses to delete what one step's record is about while another one's names it.
    fn holds(&self, holder: &Step, held: &Step) -> bool {
        let schema = |record: &Record| self.engine.registry.get(&record.type_name);
        let (Some(holder), Some(held)) = (holder.prior.as_deref(), held.prior.as_deref()) else { return false };
        let (Some(schema), Some(held_schema)) = (schema(holder), schema(held)) else { return false };
        let names = own_names(held_schema, &held.id, &held.observed);
        let mut holds = false;
        crate::provider::sandbox::held(schema, &holder.observed, &mut |_, text| holds |= names.iter().any(|name| **name == *text));
        holds
    }
}

fn unknown_type(address: &Address, type_name: &str) -> PrepareError {
    PrepareError::UnknownType { address: address.clone(), type_name: type_name.to_owned() }
}

type Conclusions = (Vec<(crate::desired::Assert, Verdict)>, Vec<OutputChange>);

/// Asserts and outputs, as far as they are known.
fn conclusions(
    asserts: &[crate::desired::Assert],
    outputs: &[crate::desired::Output],
    facts: &Facts,
    header: &StateFile,
) -> Result<Conclusions, PrepareError> {
    let mut mistakes = Vec::new();
    let mut resolved = |value: &Value| value.resolve(facts).map_err(|failure| mistakes.push(failed(&failure))).ok();
    let judged = asserts.iter().filter_map(|assert| Some((assert.clone(), verdict(&resolved(&assert.condition)?)))).collect();
    let changes = outputs
        .iter()
        .filter_map(|output| {
            let value = resolved(&output.value)?;
            let before = header.outputs.get(&*output.name).cloned();
            Some(OutputChange { output: crate::desired::Output { value, ..output.clone() }, before })
        })
        .collect();
    if mistakes.is_empty() { Ok((judged, changes)) } else { Err(PrepareError::Program(mistakes)) }
}

/// What a condition says, as far as it is known.
pub(crate) fn verdict(condition: &Value) -> Verdict {
    match condition {
        Value::Bool(true) => Verdict::Holds,
        condition if condition.unknown().is_some() => Verdict::Later,
        _ => Verdict::Fails,
    }
}

/// The steps that delete something protected, without consent.
fn protected(steps: &[Step], stack: &Stack, engine: &Engine, options: &Options) -> Vec<Protected> {
    let guarded = |step: &&Step| {
        let Some(prior) = &step.prior else { return false };
        let stateful = || engine.registry.get(&prior.type_name).is_some_and(|s| s.stateful);
        let said = step.desired.as_ref().and_then(|d| d.options.protect);
        let deletes = matches!(step.action, Action::Delete | Action::Replace { .. }) && prior.status != Status::Deposed;
        deletes && said.unwrap_or_else(|| prior.protect || (stack.protect && stateful())) && !options.consent.given(&step.address)
    };
    let named = |step: &Step| Protected {
        address: step.address.clone(),
        type_name: step.type_name.clone(),
        replaced: matches!(step.action, Action::Replace { .. }),
        span: step.span,
    };
    steps.iter().filter(guarded).map(named).collect()
}

/// The steps that delete what AWS would keep.
fn undeletable(steps: &[Step], engine: &Engine) -> Vec<Undeletable> {
    let deletes = steps.iter().filter(|step| matches!(step.action, Action::Delete | Action::Replace { .. }));
    let kept = deletes.filter_map(|step| {
        let prior = step.prior.as_ref()?;
        let before = Before { observed: &prior.observed, inputs: &prior.inputs };
        let rule = rules::undeletable(engine.registry.get(&prior.type_name)?, before)?;
        let replaced = matches!(step.action, Action::Replace { .. });
        Some(Undeletable { address: step.address.clone(), replaced, span: step.span, reason: rule.text, help: rule.help })
    });
    kept.collect()
}
