//! Which steps take what other steps release, and what a replacement keeps.
//!
//! A plan in which nothing is taken, or nothing is recorded, costs nothing here; otherwise the cost is linear in the steps
//! whose types claim the same kinds of things.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::facts::{Fact, Facts, Inputs};
use super::options::PrepareError;
use super::{Action, Step, resolve};
use crate::address::Address;
use crate::claims::{Held, Holder, Identities, Ranges, Values};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Graph;
use crate::schema::{Registry, ResourceSchema};
use crate::source::Span;
use crate::state::Record;
use crate::validate::{conflict, is_id};
use crate::value::{Hashing, Value};

use super::order::{Half, Operation};

/// What moves between steps, by their positions.
#[derive(Debug, Default)]
pub(crate) struct ClaimMoves {
    /// One step releases what another takes.
    pub moves: Vec<ClaimMove>,
    /// Replacements whose new self claims what the old one holds: the two cannot exist at the same time.
    kept: HashMap<usize, Kept>,
}

/// A claim that one step releases and another takes.
#[derive(Debug)]
pub(crate) struct ClaimMove {
    pub from: usize,
    pub to: usize,
    /// `` the name `web` ``
    thing: String,
    attribute: Option<&'static str>,
    span: Option<Span>,
    /// AWS refuses a second holder; otherwise the order is better, and no condition.
    is_refused: bool,
}

#[derive(Debug)]
struct Kept {
    thing: String,
    attribute: Option<&'static str>,
    /// AWS chooses a value when the attribute is left out.
    may_be_left_out: bool,
    span: Option<Span>,
}

/// A claim that a step takes: the step, the claim of its type, the item of the list.
type Taken = (usize, usize, Option<usize>);

impl ClaimMoves {
    /// True when the new self of a replacement cannot exist beside the old one.
    pub(crate) fn keeps(&self, step: usize) -> bool {
        self.kept.contains_key(&step)
    }
}

/// What the steps take and release. An error when two steps hold the same thing, or one takes what stays.
pub(crate) fn moves(steps: &[Step], facts: &Facts, registry: &Registry, region: &str) -> Result<ClaimMoves, PrepareError> {
    let may_take = |step: &Step| !matches!(step.action, Action::NoOp | Action::Delete | Action::Forget);
    if steps.iter().all(|step| step.prior.is_none()) || !steps.iter().any(may_take) {
        return Ok(ClaimMoves::default());
    }
    let planned: Vec<Option<Planned>> = steps.iter().map(|step| Planned::of(step, facts, registry)).collect();
    let search = Search { steps, planned: &planned, facts, registry, region, hashing: Hashing::default() };
    let taking = search.taking();
    if taking.is_empty() {
        return Ok(ClaimMoves::default());
    }
    let pairs = search.pairs(taking);
    search.judge(pairs)
}

/// What a step that changes claims leads to.
struct Planned {
    schema: Arc<ResourceSchema>,
    inputs: Inputs,
    is_new: bool,
}

impl Planned {
    fn of(step: &Step, facts: &Facts, registry: &Registry) -> Option<Self> {
        let is_new = matches!(step.action, Action::Create | Action::Replace { .. });
        if !is_new && !matches!(step.action, Action::Update | Action::Import { .. }) {
            return None;
        }
        let desired = step.desired.as_ref()?;
        let schema = registry.get(&desired.type_name).filter(|schema| !schema.claims.is_empty())?;
        let is_claimed = |name: &str| schema.claims.iter().any(|claim| claim.attributes().any(|attribute| attribute == name));
        if !is_new && !step.changes.iter().any(|change| is_claimed(&change.attribute)) {
            return None;
        }
        let inputs = match facts.of(&step.address) {
            Some(Fact::Created { inputs, .. }) => inputs.clone(),
            // A failure was reported when the resource was compared.
            _ => resolve(desired, facts).ok()?,
        };
        Some(Self { schema: schema.clone(), inputs, is_new })
    }
}

struct Search<'a> {
    steps: &'a [Step],
    planned: &'a [Option<Planned>],
    facts: &'a Facts,
    registry: &'a Registry,
    region: &'a str,
    hashing: Hashing,
}

impl Identities for Search<'_> {
    fn is_id(&self, address: &Address, attribute: &str) -> bool {
        let schema = self.facts.resources.get(address).and_then(|resource| self.registry.get(&resource.type_name));
        attribute.is_empty() || schema.is_some_and(|schema| is_id(schema, attribute))
    }
}

impl<'a> Search<'a> {
    /// The resource as the step leaves it, where the step changes its claims.
    fn after(&self, step: usize) -> Option<Holder<'a>> {
        let planned = self.planned.get(step)?.as_ref()?;
        let step = self.steps.get(step)?;
        let desired = step.desired.as_ref()?;
        let id = step.prior.as_deref().filter(|_| !planned.is_new).map(|prior| own_id(&planned.schema, prior));
        Some(Holder {
            schema: &planned.schema,
            address: &step.address,
            region: desired.options.region.as_deref().unwrap_or(self.region),
            id,
            values: Values::Set(&planned.inputs),
        })
    }

    /// The resource as it is before the step.
    fn before(&self, step: usize) -> Option<Holder<'a>> {
        let step = self.steps.get(step)?;
        let prior = step.prior.as_deref()?;
        let schema = self.registry.get(&prior.type_name).filter(|schema| !schema.claims.is_empty())?;
        let values = Values::Recorded { inputs: &prior.inputs, observed: &prior.observed, changes: None };
        Some(Holder { schema, address: &step.address, region: &prior.region, id: Some(own_id(schema, prior)), values })
    }

    fn taking(&self) -> Vec<(u64, Taken)> {
        let mut taking = Vec::new();
        for number in 0..self.steps.len() {
            let Some(holder) = self.after(number) else { continue };
            holder.each(&mut |held| {
                if let Some(hash) = held.hash(&self.hashing) {
                    taking.push((hash, (number, held.index, held.item.map(|(item, _)| item))));
                }
            });
        }
        taking
    }

    fn taken(&self, (step, index, item): Taken) -> Option<Held<'a>> {
        self.after(step)?.at(index, item)
    }

    /// Pairs of who holds, or takes, a thing and who takes the same.
    fn pairs(&self, taking: Vec<(u64, Taken)>) -> Vec<(Side, Taken)> {
        let mut by_hash: HashMap<u64, Vec<Taken>> = HashMap::with_capacity(taking.len());
        let (mut wanted, mut twice) = (Ranges::default(), Ranges::default());
        let mut namespaces = HashSet::new();
        let mut pairs = Vec::new();
        for (hash, taken) in taking {
            let Some(held) = self.taken(taken) else { continue };
            namespaces.insert(held.claim.namespace);
            match held.range() {
                Some(net) => {
                    wanted.add(hash, net, taken);
                    twice.add(hash, net, taken);
                }
                None if held.claim.is_range => {}
                None => {
                    let same = by_hash.entry(hash).or_default();
                    pairs.extend(same.first().map(|first| (Side::After(*first), taken)));
                    same.push(taken);
                }
            }
        }
        pairs.extend(twice.overlaps().into_iter().map(|(first, later)| (Side::After(first), later)));
        let mut held_ranges = Ranges::default();
        for number in 0..self.steps.len() {
            let Some(holder) = self.before(number) else { continue };
            if !holder.schema.claims.iter().any(|claim| namespaces.contains(claim.namespace)) {
                continue;
            }
            holder.each(&mut |held| {
                let Some(hash) = held.hash(&self.hashing) else { return };
                let own = (number, held.index, held.item.map(|(item, _)| item));
                match held.range() {
                    Some(net) => held_ranges.add(hash, net, own),
                    None => pairs.extend(by_hash.get(&hash).into_iter().flatten().map(|taken| (Side::Before(own), *taken))),
                }
            });
        }
        if !wanted.is_empty() && !held_ranges.is_empty() {
            pairs.extend(held_ranges.meet(wanted).into_iter().map(|(own, taken)| (Side::Before(own), taken)));
        }
        pairs
    }

    fn judge(&self, mut pairs: Vec<(Side, Taken)>) -> Result<ClaimMoves, PrepareError> {
        pairs.sort_unstable_by_key(|(side, taken)| (*taken, *side));
        let mut found = ClaimMoves::default();
        let mut mistakes = Vec::new();
        for (side, taken) in pairs {
            let holder = match side {
                Side::After(position) => self.taken(position),
                Side::Before((step, index, item)) => self.before(step).and_then(|holder| holder.at(index, item)),
            };
            let (Some(holder), Some(taker)) = (holder, self.taken(taken)) else { continue };
            if holder.is_same(taker, self) {
                self.judge_one(side, holder, (taken.0, taker), &mut found, &mut mistakes);
            }
        }
        mistakes.dedup();
        if mistakes.is_empty() { Ok(found) } else { Err(PrepareError::Program(mistakes)) }
    }

    fn judge_one(
        &self,
        side: Side,
        holder: Held<'_>,
        (to, taker): (usize, Held<'_>),
        found: &mut ClaimMoves,
        mistakes: &mut Vec<Diagnostic>,
    ) {
        let from = side.step();
        let (Some(holding), Some(taking)) = (self.steps.get(from), self.steps.get(to)) else { return };
        let stays = match (side, &holding.action) {
            (Side::After(_), _) => true,
            (_, Action::Delete | Action::Replace { .. }) => false,
            (_, Action::Forget) => return mistakes.push(forgotten(holder, holding, taker, taking)),
            (_, Action::Update | Action::Import { .. }) => self.still_claims(from, holder),
            (_, Action::NoOp | Action::Create) => true,
        };
        if from == to {
            if matches!(holding.action, Action::Replace { .. }) && side.is_before() && taker.claim.refusal.is_some() {
                found.kept.entry(to).or_insert_with(|| Kept {
                    thing: thing(taker),
                    attribute: taker.written().0,
                    may_be_left_out: taker.written().0.and_then(|name| taker.holder.schema.attribute(name)).is_some_and(can_be_chosen),
                    span: span(taking, taker),
                });
            }
            // A list that names one thing twice was refused when the configuration was checked.
            return;
        }
        if !stays {
            let (thing, attribute) = (thing(taker), taker.written().0);
            let is_refused = taker.claim.refusal.is_some();
            return found.moves.push(ClaimMove { from, to, thing, attribute, span: span(taking, taker), is_refused });
        }
        if let (Some(first), Some(later)) = (span(holding, holder), span(taking, taker)) {
            mistakes.push(if later < first { conflict(taker, later, holder, first) } else { conflict(holder, first, taker, later) });
        }
    }

    /// True when an update leaves a resource the claim it has.
    fn still_claims(&self, step: usize, held: Held<'_>) -> bool {
        let Some(after) = self.after(step) else { return true };
        let mut still = false;
        after.each(&mut |kept| {
            let ranges = || match (kept.range(), held.range()) {
                (Some(a), Some(b)) => crate::claims::shared(a, b),
                (None, None) => true,
                _ => false,
            };
            still |= kept.is_same(held, self) && ranges();
        });
        still
    }
}

/// Who has, or takes, a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Before(Taken),
    After(Taken),
}

impl Side {
    fn step(self) -> usize {
        match self {
            Side::Before((step, ..)) | Side::After((step, ..)) => step,
        }
    }

    fn is_before(self) -> bool {
        matches!(self, Side::Before(_))
    }
}

fn can_be_chosen(attribute: &crate::schema::Attribute) -> bool {
    attribute.mode == crate::schema::Mode::Chosen
}

/// The text that others know the resource by.
fn own_id<'r>(schema: &ResourceSchema, record: &'r Record) -> &'r str {
    let named = schema.id_attribute().and_then(|name| record.observed.get(name)).and_then(Value::as_str);
    named.unwrap_or(&record.id)
}

fn thing(held: Held<'_>) -> String {
    format!("the {} {}", held.claim.what, held.key())
}

/// Where the configuration writes a claim.
fn span(step: &Step, held: Held<'_>) -> Option<Span> {
    let written = held.written().0.and_then(|name| step.desired.as_ref()?.attribute_spans.get(name));
    written.or(step.span).or(step.desired.as_ref().map(|desired| desired.span))
}

/// E0533: what leaves the state stays in the cloud with all that it holds.
fn forgotten(holder: Held<'_>, holding: &Step, taker: Held<'_>, taking: &Step) -> Diagnostic {
    let (one, other, thing) = (&holding.address, &taking.address, thing(taker));
    let id = holding.prior.as_ref().map(|prior| prior.id.clone()).unwrap_or_default();
    let at = span(taking, taker).unwrap_or_else(|| Span::new(crate::source::FileId(0), 0, 0));
    let found = Diagnostic::error(Code(533), at, format!("`{other}` takes {thing}, which `{one}` keeps"))
        .label(format!("`{one}` leaves the state and stays in the cloud"));
    let found = match holding.span {
        Some(span) => found.also(span, format!("`{one}` is not deleted")),
        None => found,
    };
    found.help(match holder.holder.schema.name == taker.holder.schema.name {
        true => {
            format!("to go on with it as `{other}`, write `moved {one} -> {other}`, or `import {other} = \"{id}\"` once it left the state")
        }
        false => format!("delete `{one}`, or change {}", attribute_of(taker.written().0)),
    })
}

fn attribute_of(attribute: Option<&str>) -> String {
    attribute.map_or_else(|| "the other one".to_owned(), |name| format!("`{name}`"))
}

/// Turns replacements that were to create first back where nobody asked for it; an error where the configuration did (E0532).
pub(crate) fn refuse_create_first(steps: &mut [Step], moves: &ClaimMoves) -> Result<(), PrepareError> {
    let mut mistakes = Vec::new();
    let mut kept: Vec<_> = moves.kept.iter().collect();
    kept.sort_unstable_by_key(|(step, _)| **step);
    for (number, kept) in kept {
        let Some(step) = steps.get_mut(*number) else { continue };
        let asked = step.desired.as_ref().is_some_and(|desired| desired.options.create_first);
        let Action::Replace { create_first, forced_by } = &mut step.action else { continue };
        // A resource that never became usable has nothing that could be interrupted.
        if *create_first && asked && !forced_by.is_empty() {
            mistakes.push((step.address.clone(), step.span, kept));
        }
        *create_first = false;
    }
    if mistakes.is_empty() {
        return Ok(());
    }
    let diagnostics = mistakes.into_iter().map(|(address, span, kept)| {
        let at = kept.span.or(span).unwrap_or_else(|| Span::new(crate::source::FileId(0), 0, 0));
        let other = match (kept.attribute, kept.may_be_left_out) {
            (Some(name), true) => format!("leave `{name}` out, so that each one gets a value of its own"),
            (name, _) => format!("change {} in the same apply", attribute_of(name)),
        };
        Diagnostic::error(Code(532), at, format!("`{address}` cannot be created before its old self is deleted: both claim {}", kept.thing))
            .label("stays the same")
            .help(format!("remove `@replace = \"create_first\"`, or {other}"))
    });
    Err(PrepareError::Program(diagnostics.collect()))
}

/// E0531: claims that are released only after they are taken. `refused` are edges that would close a cycle.
pub(crate) fn unreleased(steps: &[Step], graph: &Graph<Operation>, refused: &[(usize, usize)], moves: &ClaimMoves) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (release, take) in refused {
        let (Some(release), Some(taking)) = (graph.node(*release), graph.node(*take)) else { continue };
        let is_this = |moved: &&ClaimMove| moved.from == release.step && moved.to == taking.step && moved.is_refused;
        let Some(moved) = moves.moves.iter().find(is_this) else { continue };
        let (Some(from), Some(to)) = (steps.get(moved.from), steps.get(moved.to)) else { continue };
        let path = path(graph, *take, release).into_iter().filter_map(|step| steps.get(step));
        let mut names: Vec<String> = path.map(|step| format!("`{}`", step.address)).collect();
        names.dedup();
        let at = moved.span.or(to.span).or(from.span).unwrap_or_else(|| Span::new(crate::source::FileId(0), 0, 0));
        let message = format!("`{}` takes {}, which `{}` releases only afterwards", to.address, moved.thing, from.address);
        let mut diagnostic = Diagnostic::error(Code(531), at, message).label(format!("`{}` has it", from.address));
        if let Some(span) = from.span {
            diagnostic = diagnostic.also(span, format!("the release waits: {}", names.join(" → ")));
        }
        found.push(diagnostic.help(way_out(from, to, moved.attribute)));
    }
    found
}

fn way_out(from: &Step, to: &Step, attribute: Option<&str>) -> String {
    let asks = |step: &Step| {
        let asked = step.desired.as_ref().is_some_and(|desired| desired.options.create_first);
        asked && matches!(step.action, Action::Replace { create_first: true, .. })
    };
    if let Some(step) = [from, to].into_iter().find(|step| asks(step)) {
        return format!("remove `@replace = \"create_first\"` from `{}`", step.address);
    }
    match to.action {
        Action::Create => format!("apply twice: first without `{}`, so that `{}` releases it, then with it", to.address, from.address),
        _ => format!("apply twice: first with another {} for `{}`, then with this one", attribute_of(attribute), to.address),
    }
}

/// The steps on a shortest way from one operation to another.
fn path(graph: &Graph<Operation>, from: usize, to: &Operation) -> Vec<usize> {
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut queue = std::collections::VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        if graph.node(node) == Some(to) {
            let mut path = vec![node];
            while let Some(before) = path.last().filter(|node| **node != from).and_then(|node| came_from.get(node)) {
                path.push(*before);
            }
            path.reverse();
            return path.into_iter().filter_map(|node| graph.node(node)).map(|operation| operation.step).collect();
        }
        for (then, _) in graph.waited_by(node) {
            if then != from && !came_from.contains_key(&then) {
                came_from.insert(then, node);
                queue.push_back(then);
            }
        }
    }
    Vec::new()
}

/// The half of a step that releases what it holds.
pub(crate) fn releasing_half(step: &Step) -> Half {
    match step.action {
        Action::Delete | Action::Replace { .. } => Half::Unmake,
        _ => Half::Make,
    }
}
