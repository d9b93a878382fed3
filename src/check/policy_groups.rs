//! Groups of policies: which policies the stack brings into force, and through what. A group is looked into once, however many name it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::Checker;
use super::policies::{Id, Known, Member};
use super::typed::{Policy, PolicyGroup, PolicyMember, PolicyNode, Waiver};
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::ModuleId;
use crate::source::Span;
use crate::syntax::ast::{self, Item, ItemKind};

/// Most groups, one in another.
const MAX_NESTED: usize = 100;

/// The stack's policies, and the groups that bring them into force.
#[derive(Debug, Default)]
pub(super) struct InForce {
    pub(super) policies: Vec<Policy>,
    pub(super) groups: Vec<PolicyGroup>,
    /// What the stack itself declares and brings in.
    pub(super) roots: Vec<PolicyMember>,
    pub(super) waivers: Vec<Waiver>,
}

/// Numbers of the policies and groups that were come upon.
#[derive(Default)]
struct Numbers {
    policies: IndexMap<Id, usize>,
    groups: HashMap<Id, usize>,
    made: Vec<PolicyGroup>,
}

impl<'a> Checker<'a> {
    /// The stack's policies, declared and imported, and its waivers.
    pub(super) fn in_force(&mut self, items: &'a [Item]) -> InForce {
        let mut found = InForce::default();
        if !self.refuse_circles() {
            return found;
        }
        let mut numbers = Numbers::default();
        found.roots = self.roots(items).into_iter().filter_map(|member| self.numbered(&member, &mut numbers)).collect();
        found.groups = numbers.made;
        for (id, _) in numbers.policies {
            if let Some(Known::Rules { name, doc, reason, about: Some(about) }) = self.policies.known.swap_remove(&id) {
                found.policies.push(Policy { name, doc, reason, about });
            }
        }
        for item in items {
            if let ItemKind::Waiver(waiver) = &item.kind {
                let waived = self.waiver(waiver, &found);
                found.waivers.extend(waived);
            }
        }
        found
    }

    fn numbered(&self, member: &Member, numbers: &mut Numbers) -> Option<PolicyMember> {
        let id = &member.id;
        let of = match self.policies.known.get(id)? {
            Known::Rules { about: None, .. } => return None,
            Known::Rules { .. } => {
                let next = numbers.policies.len();
                PolicyNode::Policy(*numbers.policies.entry(id.clone()).or_insert(next))
            }
            Known::Group { .. } if numbers.groups.contains_key(id) => PolicyNode::Group(*numbers.groups.get(id)?),
            Known::Group { condition, members } => {
                let number = numbers.made.len();
                numbers.groups.insert(id.clone(), number);
                numbers.made.push(PolicyGroup { condition: *condition, members: Vec::new() });
                let members = members.iter().filter_map(|member| self.numbered(member, numbers)).collect();
                numbers.made.get_mut(number)?.members = members;
                PolicyNode::Group(number)
            }
        };
        Some(PolicyMember { name: member.name.node.clone(), of })
    }

    /// A group that comes back to itself is in force nowhere, which nobody would notice. False when one does, or they are too deep.
    fn refuse_circles(&mut self) -> bool {
        let ids: Vec<Id> = self.policies.known.keys().cloned().collect();
        let mut mistakes = Vec::new();
        // How many groups are in one that is done, the longest way; `None` while it is looked into.
        let mut depths: HashMap<Id, Option<usize>> = HashMap::new();
        for start in ids {
            if depths.contains_key(&start) {
                continue;
            }
            depths.insert(start.clone(), None);
            let mut way: Vec<(Id, usize, usize)> = vec![(start, 0, 0)];
            while let Some((id, next, deepest)) = way.last_mut() {
                let Some(member) = self.policies.members(id).get(*next) else {
                    let (id, depth) = (id.clone(), *deepest + 1);
                    depths.insert(id, Some(depth));
                    way.pop();
                    if let Some((_, _, above)) = way.last_mut() {
                        *above = (*above).max(depth);
                    }
                    continue;
                };
                *next += 1;
                match depths.get(&member.id) {
                    Some(Some(depth)) => *deepest = (*deepest).max(*depth),
                    Some(None) => mistakes.push(itself(&member.id, member.name.span)),
                    None => {
                        let inner = member.id.clone();
                        depths.insert(inner.clone(), None);
                        way.push((inner, 0, 0));
                    }
                }
            }
        }
        if mistakes.is_empty() {
            mistakes.extend(self.too_deep(&depths));
        }
        let sound = mistakes.is_empty();
        self.diagnostics.extend(mistakes);
        sound
    }

    fn too_deep(&self, depths: &HashMap<Id, Option<usize>>) -> Option<Diagnostic> {
        let deep = |id: &Id| depths.get(id).copied().flatten().is_some_and(|depth| depth > MAX_NESTED + 1);
        let id = self.policies.known.keys().find(|id| deep(id))?;
        let span = self.policies.members(id).first().map(|member| member.name.span)?;
        Some(
            Diagnostic::error(Code(806), span, format!("groups of policies stand in each other more than {MAX_NESTED} deep"))
                .label("one too many")
                .help("put several of them into one"),
        )
    }

    /// What the stack declares and brings in. A policy that one of its groups names is in force through the group.
    fn roots(&self, items: &[Item]) -> Vec<Member> {
        let root = ModuleId(0);
        let own = items.iter().flat_map(|item| match &item.kind {
            ItemKind::Policy(policy) => vec![&policy.name],
            ItemKind::Use(used) => used.names.iter().map(|(_, here)| here).collect(),
            _ => Vec::new(),
        });
        let member = |name: &ast::Name| match self.modules.find(root, &name.node) {
            Some((there, Item { kind: ItemKind::Policy(policy), .. })) => {
                Some(Member { name: name.clone(), id: (there, policy.name.node.clone()) })
            }
            _ => None,
        };
        let grouped: BTreeSet<&Id> =
            self.policies.known.keys().filter(|id| id.0 == root).flat_map(|id| self.policies.members(id)).map(|m| &m.id).collect();
        own.filter_map(member).filter(|member| !grouped.contains(&member.id)).collect()
    }
}

fn itself(id: &Id, span: Span) -> Diagnostic {
    Diagnostic::error(Code(806), span, format!("the group `{}` contains itself", id.1))
        .label("comes back to it")
        .help("take it out of the list")
}

impl InForce {
    /// The policies to which a way leads that holds these words, in their order.
    pub(super) fn named(&self, words: &[&Arc<str>]) -> Vec<usize> {
        let mut meant = BTreeSet::new();
        let mut seen: HashSet<(PolicyNode, usize)> = HashSet::new();
        let mut open: Vec<(&PolicyMember, usize)> = self.roots.iter().map(|member| (member, 0)).collect();
        while let Some((member, said)) = open.pop() {
            let said = said + usize::from(words.get(said).is_some_and(|word| **word == member.name));
            if !seen.insert((member.of, said)) {
                continue;
            }
            match member.of {
                PolicyNode::Policy(at) if said == words.len() => _ = meant.insert(at),
                PolicyNode::Policy(_) => {}
                PolicyNode::Group(at) => open.extend(self.members(at).iter().map(|member| (member, said))),
            }
        }
        meant.into_iter().collect()
    }

    /// All names by which groups and policies are named, sorted.
    pub(super) fn names(&self) -> Vec<&str> {
        let members = self.groups.iter().flat_map(|group| &group.members).chain(&self.roots);
        members.map(|member| &*member.name).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn members(&self, group: usize) -> &[PolicyMember] {
        self.groups.get(group).map_or(&[], |group| &group.members)
    }
}
