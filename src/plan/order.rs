//! The order of what is done: what each change waits for, among creates and deletes alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::Address;
use crate::desired::Reason;
use crate::graph::{Cause, Edge, Graph};
use crate::state::Record;
use crate::value::ResolvedObject;

use super::claims::{ClaimMoves, releasing_half};
use super::{Action, Step};

/// One half of a step. A replacement has both; every other step has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Position in the plan's steps.
    pub step: usize,
    pub half: Half,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// Empties the attributes that name what is deleted together with this.
    Release,
    /// Creates, changes, imports; or nothing, for what stays.
    Make,
    /// Applies the attributes that were postponed.
    Finish,
    /// Deletes or forgets.
    Unmake,
}

/// Steps in the program's order first, then what leaves; and what moves between them.
pub(crate) struct Ordering<'a> {
    pub steps: &'a [Step],
    /// Position of each step's address; a deposed record has an address of its own.
    pub position: &'a dyn Fn(&Address) -> Option<usize>,
    /// Old selves of replaced resources that are still to be deleted, by the address they had; what was to replace them may not be there.
    pub deposed: &'a HashMap<Address, Vec<usize>>,
    /// What some steps release and others take.
    pub claims: &'a ClaimMoves,
    /// True when AWS refuses to delete what the second step's record names while the first step's record names it.
    pub holds: &'a dyn Fn(&Step, &Step) -> bool,
    /// Whether what a step deletes has attributes that can be emptied before.
    pub can_release: &'a dyn Fn(&Step) -> bool,
}

pub(super) struct Nodes {
    make: Vec<Option<usize>>,
    /// By step; most have none.
    pub(super) finish: HashMap<usize, usize>,
    pub(super) release: HashMap<usize, usize>,
    unmake: Vec<Option<usize>>,
}

impl Nodes {
    pub(super) fn make(&self, step: usize) -> Option<usize> {
        self.make.get(step).copied().flatten()
    }

    /// What a step is through with.
    fn done(&self, step: usize) -> Option<usize> {
        self.finish.get(&step).copied().or_else(|| self.make(step))
    }

    pub(super) fn unmake(&self, step: usize) -> Option<usize> {
        self.unmake.get(step).copied().flatten()
    }
}

/// An edge that is wanted, as long as it closes no cycle; those added first win.
pub(super) type Wish = (usize, usize, Edge);

/// What each operation waits for.
pub(crate) struct Ordered {
    pub graph: Graph<Operation>,
    /// Replacements that would have to create first: their old self cannot go while what needs it is still there, and
    /// that waits for something which needs the new one.
    pub too_early: BTreeSet<usize>,
    /// Operations that release what the second one takes, and cannot come before it.
    pub unreleased: Vec<(usize, usize)>,
}

impl Ordering<'_> {
    /// The graph of operations: what the program says always holds; what the state remembers, and what makes things
    /// smoother, as far as it does not contradict that.
    pub(crate) fn operations(&self) -> Ordered {
        let (mut graph, mut nodes) = self.nodes();
        let mut wishes = self.postponed(&mut graph, &mut nodes);
        for (i, step) in self.steps.iter().enumerate() {
            let Some(make) = nodes.make(i) else { continue };
            if let Some(desired) = &step.desired {
                for dependency in desired.dependencies.iter().filter(|d| !matches!(d.reason, Reason::Postponed { .. })) {
                    if let Some(on) = (self.position)(&dependency.on).and_then(|on| nodes.make(on)) {
                        graph.before(on, make, Edge::declared(dependency));
                    }
                }
            }
            if let (Action::Replace { create_first, .. }, Some(unmake)) = (&step.action, nodes.unmake(i)) {
                match create_first {
                    true => graph.before(make, unmake, Edge::new(Cause::CreateFirst)),
                    false => graph.before(unmake, make, Edge::new(Cause::DeleteFirst)),
                }
            }
        }
        // Without a delete nobody asks what the state remembers.
        if (0..self.steps.len()).any(|step| self.is_deleted(step)) {
            let released = self.release_circles(&mut graph, &mut nodes);
            wishes.extend(self.recorded(&nodes, &released));
            wishes.extend(self.released(&nodes));
        }
        wishes.extend(self.claimed(&nodes));
        let (graph, refused) = add_wishes(graph, wishes, |graph, wish| self.rank(graph, wish));
        let too_early = self.too_early(&graph, &nodes, &refused);
        let unreleased = refused.iter().filter(|(.., edge)| edge.cause == Cause::Claim).map(|(release, take, _)| (*release, *take));
        Ordered { unreleased: unreleased.collect(), graph, too_early }
    }

    /// The replacements that stand between a delete and what was to let go of the deleted thing before.
    fn too_early(&self, graph: &Graph<Operation>, nodes: &Nodes, refused: &[Wish]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for (release, delete, edge) in refused {
            let deleted = graph.node(*delete).and_then(|op| self.steps.get(op.step));
            // What is itself deleted before its new self is made is let go of too late: that was asked for.
            if edge.cause != Cause::Release || deleted.is_none_or(deletes_first) {
                continue;
            }
            let after = reached(graph.len(), *delete, |node| graph.waited_by(node).map(|(then, _)| then));
            let before = reached(graph.len(), *release, |node| graph.waits_for(node).map(|(first, _)| first));
            let between = self.steps.iter().enumerate().filter(|(i, step)| {
                let halves = nodes.unmake(*i).zip(nodes.make(*i));
                deletes_first(step) && halves.is_some_and(|(unmake, make)| after(unmake) && before(make))
            });
            let between: Vec<usize> = between.map(|(i, _)| i).collect();
            if between.iter().all(|i| self.may_create_first(*i)) {
                found.extend(between);
            }
        }
        found
    }

    /// What is replaced for nothing but being broken, or claims what its old self holds, cannot be there twice.
    fn may_create_first(&self, step: usize) -> bool {
        let forced = |step: &Step| matches!(&step.action, Action::Replace { forced_by, .. } if !forced_by.is_empty());
        self.steps.get(step).is_some_and(forced) && !self.claims.keeps(step)
    }

    /// Of edges that contradict each other those with the least rank win: what AWS insists on when it deletes, then what it
    /// insists on when it creates, then what makes things smoother.
    fn rank(&self, graph: &Graph<Operation>, (first, then, edge): &Wish) -> u8 {
        let step = |node: &usize| self.steps.get(graph.node(*node)?.step);
        match edge.cause {
            Cause::Claim => 1,
            _ => match (step(first), step(then)) {
                (Some(holder), Some(held)) if (self.holds)(holder, held) => 0,
                _ => 2,
            },
        }
    }

    fn nodes(&self) -> (Graph<Operation>, Nodes) {
        let declared = self.steps.iter().filter_map(|step| step.desired.as_deref()).map(|desired| desired.dependencies.len());
        let mut graph = Graph::with_capacity(self.steps.len(), declared.sum());
        let mut nodes = Nodes {
            make: Vec::with_capacity(self.steps.len()),
            finish: HashMap::new(),
            release: HashMap::new(),
            unmake: Vec::with_capacity(self.steps.len()),
        };
        for (step, planned) in self.steps.iter().enumerate() {
            let (make, unmake) = match planned.action {
                Action::Delete | Action::Forget => (false, true),
                Action::Replace { .. } => (true, true),
                Action::NoOp | Action::Create | Action::Update | Action::Import { .. } => (true, false),
            };
            nodes.make.push(make.then(|| graph.add(Operation { step, half: Half::Make })));
            nodes.unmake.push(unmake.then(|| graph.add(Operation { step, half: Half::Unmake })));
        }
        (graph, nodes)
    }

    /// What depended on a thing is deleted before the thing is.
    fn recorded(&self, nodes: &Nodes, released: &BTreeSet<(usize, usize)>) -> Vec<Wish> {
        self.each_recorded()
            .filter(|(i, on)| self.is_deleted(*i) && self.is_deleted(*on) && !released.contains(&(*i, *on)))
            .filter_map(|(i, on)| Some((nodes.unmake(i)?, nodes.unmake(on)?, Edge::new(Cause::Recorded))))
            .collect()
    }

    /// What depended on a thing and stays lets go of it before it is deleted; what depended on a thing and is deleted
    /// is gone before the thing is changed.
    fn released(&self, nodes: &Nodes) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for (i, on) in self.each_recorded() {
            let release = Edge::new(Cause::Release);
            match (nodes.done(i), nodes.unmake(on)) {
                (Some(make), Some(unmake)) if self.is_deleted(on) => wishes.push((make, unmake, release.clone())),
                _ => {}
            }
            // What names each other: the one that stays forgets the other first.
            let mutual = nodes.finish.contains_key(&on);
            let updated = !mutual && self.steps.get(on).is_some_and(|s| s.action == Action::Update);
            if let (Some(unmake), Some(make), true) = (nodes.unmake(i), nodes.make(on), updated && self.is_deleted(i)) {
                wishes.push((unmake, make, release));
            }
        }
        wishes
    }

    /// A name or an address range is free before another resource takes it.
    fn claimed(&self, nodes: &Nodes) -> impl Iterator<Item = Wish> {
        self.claims.moves.iter().filter_map(|moved| {
            let from = match releasing_half(self.steps.get(moved.from)?) {
                Half::Unmake => nodes.unmake(moved.from),
                _ => nodes.done(moved.from),
            };
            Some((from?, nodes.make(moved.to)?, Edge::new(Cause::Claim)))
        })
    }

    /// Pairs of a step and a step that its record depends on.
    pub(super) fn each_recorded(&self) -> impl Iterator<Item = (usize, usize)> {
        self.steps.iter().enumerate().flat_map(move |(i, step)| {
            let dependencies = step.prior.as_deref().map_or(&[][..], |prior: &Record| prior.dependencies.as_slice());
            let old_selves = |of: &Address| self.deposed.get(of).into_iter().flatten().copied();
            let on = dependencies.iter().flat_map(move |on| (self.position)(on).into_iter().chain(old_selves(on)));
            on.chain(old_selves(&step.address)).filter(move |on| *on != i).map(move |on| (i, on))
        })
    }

    pub(super) fn is_deleted(&self, step: usize) -> bool {
        self.steps.get(step).is_some_and(|s| matches!(s.action, Action::Delete | Action::Replace { .. }))
    }
}

fn deletes_first(step: &Step) -> bool {
    matches!(step.action, Action::Replace { create_first: false, .. })
}

/// Adds every wish when they all fit; else those that lie on no cycle, and of the others one after the other what still
/// fits. Those that do not are told.
fn add_wishes(graph: Graph<Operation>, wishes: Vec<Wish>, rank: impl Fn(&Graph<Operation>, &Wish) -> u8) -> (Graph<Operation>, Vec<Wish>) {
    if wishes.is_empty() {
        return (graph, Vec::new());
    }
    let mut all = graph.clone();
    for (first, then, edge) in &wishes {
        all.before(*first, *then, edge.clone());
    }
    if all.order(|i| i).is_some() {
        return (all, Vec::new());
    }
    let knot = knots(&all);
    let mut graph = graph;
    let (mut contested, free): (Vec<Wish>, Vec<Wish>) =
        wishes.into_iter().partition(|(first, then, _)| knot.get(first).is_some_and(|k| Some(k) == knot.get(then)));
    for (first, then, edge) in free {
        graph.before(first, then, edge);
    }
    contested.sort_by_cached_key(|wish| rank(&graph, wish));
    let mut refused = Vec::new();
    for (first, then, edge) in contested {
        if reached(graph.len(), then, |node| graph.waited_by(node).map(|(then, _)| then))(first) {
            refused.push((first, then, edge));
        } else {
            graph.before(first, then, edge);
        }
    }
    (graph, refused)
}

/// Which knot of mutual waiting each node is in; nodes that are in none are left out.
fn knots(graph: &Graph<Operation>) -> BTreeMap<usize, usize> {
    let members = crate::graph::knots(graph).into_iter().enumerate();
    members.flat_map(|(number, knot)| knot.into_iter().map(move |node| (node, number))).collect()
}

/// Of `nodes` nodes: is it `from`, or does one come to it from there?
fn reached<I: Iterator<Item = usize>>(nodes: usize, from: usize, next: impl Fn(usize) -> I) -> impl Fn(usize) -> bool {
    let mut seen = vec![false; nodes];
    let mut stack = vec![from];
    while let Some(node) = stack.pop() {
        if let Some(seen) = seen.get_mut(node).filter(|seen| !**seen) {
            *seen = true;
            stack.extend(next(node));
        }
    }
    move |node| seen.get(node).copied().unwrap_or(false)
}

/// Makes every replaced thing that a create-first replacement depends on create-first, too: its old self cannot go
/// while what needs it is still there. What claims the same as its old self is left as it is. `order` is the program's:
/// dependencies first.
pub(crate) fn spread_create_first(steps: &mut [Step], order: &[usize], dependencies: &Graph<Address>, claims: &ClaimMoves) {
    let mut asked = vec![false; steps.len()];
    for &i in order.iter().rev() {
        let Some(step) = steps.get_mut(i) else { continue };
        let inherited = asked.get(i).copied().unwrap_or(false);
        let first = match &mut step.action {
            // What is replaced for nothing but being broken was never used: nothing holds its old self.
            Action::Replace { create_first, forced_by } => {
                *create_first |= inherited && !forced_by.is_empty() && !claims.keeps(i);
                *create_first
            }
            _ => inherited,
        };
        if first {
            for (on, _) in dependencies.waits_for(i) {
                if let Some(slot) = asked.get_mut(on) {
                    *slot = true;
                }
            }
        }
    }
}

/// Puts steps into an order in which they can be carried out one by one, and tells each what it waits for.
pub(crate) fn arrange(steps: Vec<Step>, mut graph: Graph<Operation>) -> (Vec<Step>, Graph<Operation>) {
    let rank = |i: usize| graph.node(i).map(|op| (op.step, op.half));
    let order = graph.order(rank).unwrap_or_else(|| (0..graph.len()).collect());
    let mut place: Vec<Option<usize>> = vec![None; steps.len()];
    let mut sequence = Vec::with_capacity(steps.len());
    for node in order {
        let Some(op) = graph.node(node).copied() else { continue };
        let replaced = steps.get(op.step).is_some_and(|s| matches!(s.action, Action::Replace { .. }));
        // A replacement stands where its new self comes.
        let extra = matches!(op.half, Half::Release | Half::Finish);
        if !(extra || replaced && op.half == Half::Unmake)
            && let Some(slot) = place.get_mut(op.step)
        {
            *slot = Some(sequence.len());
            sequence.push(op.step);
        }
    }
    let at = |step: usize| place.get(step).copied().flatten().unwrap_or(step);
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for node in 0..graph.len() {
        let Some(op) = graph.node(node) else { continue };
        let own = at(op.step);
        let Some(list) = after.get_mut(own) else { continue };
        let earlier = graph.waits_for(node).filter_map(|(first, _)| graph.node(first)).map(|first| at(first.step));
        list.extend(earlier.filter(|first| *first < own));
    }
    graph.each_mut(|op| op.step = at(op.step));
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    // Said beforehand how many: a list that grows is copied, and for a while there twice.
    let mut in_order = Vec::with_capacity(steps.len());
    let arranged = sequence.into_iter().filter_map(|i| steps.get_mut(i)?.take()).zip(after);
    let arranged = arranged.map(|(step, mut after)| {
        after.sort_unstable();
        after.dedup();
        Step { after, ..step }
    });
    in_order.extend(arranged);
    (in_order, graph)
}

/// The address of a replaced resource's old self until it is deleted. A resource has no children, so nothing else has it.
pub(crate) fn deposed_address(address: &Address, id: &str) -> Address {
    address.child("old", Some(id.into()))
}

/// What a step's resource looks like to a delete or an update: as last read, and as last applied where reads show nothing.
pub(crate) fn as_last_seen(record: &Record, attributes: &[crate::schema::Attribute]) -> ResolvedObject {
    let unseen = attributes.iter().filter(|a| a.write_only && !a.ty.holds_secret());
    let unseen = unseen
        .filter_map(|a| record.inputs.get_key_value(a.name))
        .filter(|(name, _)| record.observed.get(*name).is_none_or(super::compare::is_empty));
    let mut object: crate::value::Object = record.observed.clone().into_object();
    object.extend(unseen.map(|(k, v)| (k.clone(), v.clone())));
    ResolvedObject::new(object).unwrap_or_default()
}
