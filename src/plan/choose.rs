//! A part of a plan: what is chosen, and all that has to come before it.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use crate::address::Address;
use crate::graph::Graph;

use super::{Action, Operation, Step};

/// Addresses by a pattern: `net.private["us-west-2a"]`, `net.*`, `*.vpc`, `sub["us-*"]`. What lies inside them is meant, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Address);

/// Text that is no pattern of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address nor a pattern of some; one looks like `net.*` or `net.private[\"us-*\"]`")]
pub struct BadGlob(pub String);

impl FromStr for Glob {
    type Err = BadGlob;

    fn from_str(text: &str) -> Result<Self, BadGlob> {
        Address::parse(text, |c| c == '*').map(Self).map_err(|_| BadGlob(text.to_owned()))
    }
}

impl From<Address> for Glob {
    fn from(address: Address) -> Self {
        Self(address)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Glob {
    /// The address is meant, or lies inside one that is.
    pub fn holds(&self, address: &Address) -> bool {
        let fits = |(own, glob): (&crate::address::Step, &crate::address::Step)| {
            like(&glob.name, &own.name) && glob.key.as_ref().is_none_or(|key| own.key.as_ref().is_some_and(|own| like(key, own)))
        };
        address.steps().len() >= self.0.steps().len() && address.steps().iter().zip(self.0.steps()).all(fits)
    }
}

/// `*` stands for any text, an empty one as well.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(between) = last.replace(part) {
            let Some((_, after)) = rest.split_once(between) else { return false };
            rest = after;
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

/// What of the plan is wanted. The empty choice wants all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// These, and all that has to come before them; none means everything.
    pub targets: Vec<Glob>,
    /// Not these, and nothing that has to come after them.
    pub excluded: Vec<Glob>,
}

impl Choice {
    pub fn is_everything(&self) -> bool {
        self.targets.is_empty() && self.excluded.is_empty()
    }

    /// The option that narrowed the plan, as on the command line.
    pub(super) fn option(&self) -> &'static str {
        match (self.targets.is_empty(), self.excluded.is_empty()) {
            (false, true) => "--target",
            (true, _) => "--exclude",
            (false, false) => "--target and --exclude",
        }
    }

    /// For every step, whether it stays in the plan.
    pub(super) fn of(&self, steps: &[Step], operations: &Graph<Operation>) -> Vec<bool> {
        let held = |globs: &[Glob], step: &Step| globs.iter().any(|glob| glob.holds(&step.address));
        let mut nodes: HashMap<usize, Vec<usize>> = HashMap::new();
        for (node, operation) in operations.nodes().enumerate() {
            nodes.entry(operation.step).or_default().push(node);
        }
        let spread = |start: Vec<usize>, next: &dyn Fn(usize) -> Vec<usize>| {
            let mut reached = vec![false; steps.len()];
            let mut open = start;
            while let Some(step) = open.pop() {
                let Some(slot) = reached.get_mut(step).filter(|slot| !**slot) else { continue };
                *slot = true;
                let nodes = nodes.get(&step).into_iter().flatten();
                open.extend(nodes.flat_map(|node| next(*node)).filter_map(|node| operations.node(node)).map(|op| op.step));
            }
            reached
        };
        let all = || (0..steps.len()).collect::<Vec<_>>();
        let wanted = steps.iter().enumerate().filter(|(_, step)| held(&self.targets, step)).map(|(i, _)| i).collect();
        let before = |node: usize| operations.waits_for(node).map(|(first, _)| first).collect();
        let reached = spread(if self.targets.is_empty() { all() } else { wanted }, &before);
        // What stays as it is holds nothing up when it is left out.
        let out = steps.iter().enumerate().filter(|(_, step)| step.action != Action::NoOp && held(&self.excluded, step)).map(|(i, _)| i);
        let after = |node: usize| operations.waited_by(node).map(|(then, _)| then).collect();
        let left = spread(out.collect(), &after);
        reached.into_iter().zip(left).map(|(reached, left)| reached && !left).collect()
    }
}

/// How much of the program a plan is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    Everything,
    Chosen(LeftOut),
    /// What was changed outside plat, and nothing that is to be done about it.
    Observation,
}

/// What a choice keeps out of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// `--target`
    pub option: &'static str,
    /// Every change that is not made, and what it would be.
    pub steps: Vec<(Address, Action)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_addresses_and_what_is_in_them() {
        let holds = |glob: &str, address: &str| glob.parse::<Glob>().unwrap().holds(&address.parse().unwrap());
        for (glob, address) in [
            ("net", "net"),
            ("net", "net.vpc"),
            ("net.*", "net.private[\"a\"]"),
            ("net", "net[\"a\"].vpc"),
            ("*.vpc", "net[\"a\"].vpc"),
            ("sub[us-*]", "sub[\"us-west-2a\"]"),
            ("sub[\"*-2a\"]", "sub[\"us-west-2a\"]"),
            ("s*b", "sub[\"a\"]"),
            ("a*b*c", "a1b2b3c"),
            ("*", "anything.at[\"all\"]"),
        ] {
            assert!(holds(glob, address), "{glob} {address}");
        }
        for (glob, address) in
            [("net.*", "net"), ("net", "network"), ("sub[us-*]", "sub[\"eu-1\"]"), ("sub[a]", "sub"), ("a*ba", "aba1"), ("ab*ba", "aba")]
        {
            assert!(!holds(glob, address), "{glob} {address}");
        }
        for wrong in ["", "net.", "net/x", "a[", "-a"] {
            assert!(wrong.parse::<Glob>().is_err(), "{wrong}");
        }
        assert_eq!("net.*[us-*]".parse::<Glob>().unwrap().to_string(), "net.*[\"us-*\"]");
    }
}
