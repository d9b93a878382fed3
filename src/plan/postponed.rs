//! What refers to each other: two security groups that name each other are created, and then told of each other; before they are
//! deleted, they forget each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::address::Address;
use crate::desired::Reason;
use crate::graph::{Cause, Edge, Graph, knots};
use crate::schema::{Attribute, ResourceSchema};
use crate::state::Record;

use super::Action;
use super::compare::is_empty;
use super::facts::{Fact, Facts};
use super::order::{Half, Nodes, Operation, Ordering, Wish};
use super::view::View;

/// The attributes of a record that can be emptied before it is deleted.
pub(crate) fn releasable<'a>(schema: &'a ResourceSchema, record: &'a Record) -> impl Iterator<Item = &'a Attribute> {
    let set = |attribute: &&Attribute| attribute.deferred && record.inputs.get(attribute.name).is_some_and(|value| !is_empty(value));
    schema.attributes.iter().filter(set)
}

/// Takes what postponed attributes refer to as it is recorded, until it is compared; returns the resources that have such attributes.
pub(super) fn foreseen_facts(facts: &mut Facts, view: &View, imported: &BTreeMap<Address, Arc<Record>>) -> Vec<usize> {
    let mut circular = Vec::new();
    let mut found: Vec<(usize, Fact)> = Vec::new();
    for (position, resource) in facts.resources.values().enumerate() {
        let postponed = resource.dependencies.iter().filter(|d| matches!(d.reason, Reason::Postponed { .. }));
        let mut any = false;
        for dependency in postponed {
            any = true;
            let Some((on, _, target)) = facts.resources.get_full(&dependency.on) else { continue };
            let record = imported.get(&dependency.on).or_else(|| view.records.get(&dependency.on));
            if let Some(record) = record.filter(|record| record.type_name == target.type_name) {
                let live = view.live.get(&dependency.on).cloned();
                found.push((on, Fact::Settled { record: record.clone(), live }));
            }
        }
        if any {
            circular.push(position);
        }
    }
    found.into_iter().for_each(|(position, fact)| facts.set(position, fact));
    circular
}

impl Ordering<'_> {
    /// Adds the calls that apply postponed attributes, after both sides are there. What waits for such a resource waits for that call,
    /// too, where it can.
    pub(super) fn postponed(&self, graph: &mut Graph<Operation>, nodes: &mut Nodes) -> Vec<Wish> {
        let edge = || Edge::new(Cause::Postponed);
        for (step, planned) in self.steps.iter().enumerate() {
            let Some(desired) = planned.desired.as_deref().filter(|_| !matches!(planned.action, Action::NoOp)) else { continue };
            let (Some(make), true) = (nodes.make(step), desired.postponed().next().is_some()) else { continue };
            let finish = graph.add(Operation { step, half: Half::Finish });
            nodes.finish.insert(step, finish);
            graph.before(make, finish, edge());
            for dependency in desired.dependencies.iter().filter(|d| matches!(d.reason, Reason::Postponed { .. })) {
                if let Some(on) = (self.position)(&dependency.on).and_then(|on| nodes.make(on)) {
                    graph.before(on, finish, edge());
                }
            }
        }
        if nodes.finish.is_empty() {
            return Vec::new();
        }
        let mut wishes = Vec::new();
        for (step, planned) in self.steps.iter().enumerate() {
            let Some((desired, make)) = planned.desired.as_deref().zip(nodes.make(step)) else { continue };
            let waits = desired.dependencies.iter().filter(|d| !matches!(d.reason, Reason::Postponed { .. }));
            let finished = waits.filter_map(|d| nodes.finish.get(&(self.position)(&d.on)?));
            wishes.extend(finished.map(|finish| (*finish, make, edge())));
        }
        wishes
    }

    /// Adds the calls that empty attributes before things that name each other are deleted; returns the pairs of steps whose order that
    /// takes the place of.
    pub(super) fn release_circles(&self, graph: &mut Graph<Operation>, nodes: &mut Nodes) -> BTreeSet<(usize, usize)> {
        let deleted: Vec<(usize, usize)> = self.each_recorded().filter(|(i, on)| self.is_deleted(*i) && self.is_deleted(*on)).collect();
        let waits = deleted.iter().map(|(i, on)| (*i, *on, Edge::new(Cause::Recorded)));
        let circles = knots(&Graph::build(0..self.steps.len(), waits));
        if circles.is_empty() {
            return BTreeSet::new();
        }
        let group: HashMap<usize, usize> =
            circles.into_iter().enumerate().flat_map(|(number, circle)| circle.into_iter().map(move |step| (step, number))).collect();
        let together = |i: usize, on: usize| group.get(&i).is_some_and(|number| group.get(&on) == Some(number));
        let mut released = BTreeSet::new();
        for (i, on) in deleted.into_iter().filter(|(i, on)| together(*i, *on)) {
            let Some((own, other)) = nodes.unmake(i).zip(nodes.unmake(on)) else { continue };
            if !self.steps.get(i).is_some_and(|step| (self.can_release)(step)) {
                continue;
            }
            let release = *nodes.release.entry(i).or_insert_with(|| {
                let release = graph.add(Operation { step: i, half: Half::Release });
                graph.before(release, own, Edge::new(Cause::Release));
                release
            });
            graph.before(release, other, Edge::new(Cause::Release));
            released.insert((i, on));
        }
        released
    }
}
