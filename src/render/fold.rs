//! Creations, folded: one is shown, its like are counted.

use std::sync::Arc;

use indexmap::IndexMap;

use super::headline::and;
use crate::address::Address;
use crate::plan::{Action, Plan, Step};

/// Creations that are read as one: the parts of one component instance, or the instances of one declaration.
pub struct Group<'a> {
    pub first: &'a Step,
    pub others: Vec<&'a Step>,
    /// What the others are in or of: a component's address, or the declaration's name.
    pub holder: String,
}

/// All creations of a plan, in its order.
pub fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut groups: IndexMap<Address, Group<'_>> = IndexMap::new();
    for step in plan.steps.iter().filter(|step| step.action == Action::Create) {
        let holder = holder(&step.address);
        match groups.get_mut(&holder) {
            Some(group) => group.others.push(step),
            None => {
                let name = holder.to_string();
                groups.insert(holder, Group { first: step, others: Vec::new(), holder: name });
            }
        }
    }
    groups.into_values().collect()
}

/// The outermost component instance that an address lies in; for a resource of the stack itself its declaration.
fn holder(address: &Address) -> Address {
    match address.steps() {
        [own] => Address::root(own.name.clone(), None),
        [outer, ..] => Address::root(outer.name.clone(), outer.key.clone()),
        [] => address.clone(),
    }
}

/// `a route table, 2 routes and a subnet`
pub fn counted(steps: &[&Step]) -> String {
    let mut kinds: IndexMap<Arc<str>, usize> = IndexMap::new();
    for step in steps {
        *kinds.entry(step.type_name.clone()).or_default() += 1;
    }
    let mut parts: Vec<String> = kinds.iter().map(|(name, n)| kind(name, *n)).collect();
    if parts.len() > 6 {
        let more = parts.split_off(5).len();
        parts.push(format!("{more} other kinds"));
    }
    and(&parts)
}

/// `aws.ec2.RouteTable` → `a route table`, `2 route tables`
fn kind(type_name: &str, n: usize) -> String {
    let noun = noun(type_name);
    if n != 1 {
        return format!("{n} {}", plural(&noun));
    }
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" };
    format!("{article} {noun}")
}

fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x']) => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// The last part of a type's name in words: `DBSubnetGroup` → `DB subnet group`.
fn noun(type_name: &str) -> String {
    let last = type_name.rsplit('.').next().unwrap_or(type_name);
    let chars: Vec<char> = last.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| chars.get(j));
        let starts = c.is_uppercase() && (before.is_none_or(|b| !b.is_uppercase()) || chars.get(i + 1).is_some_and(|n| n.is_lowercase()));
        if starts || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*c);
        }
    }
    let lower = |word: String| if word.len() > 1 && word.chars().all(|c| !c.is_lowercase()) { word } else { word.to_lowercase() };
    words.into_iter().map(lower).collect::<Vec<_>>().join(" ")
}

/// Records that only get another address; those of a component that moves as a whole are one.
pub struct Moved {
    pub from: Address,
    pub to: Address,
    /// How many records move.
    pub records: usize,
}

/// A plan's moves, in its order.
pub fn moves(plan: &Plan) -> Vec<Moved> {
    let mut folded: IndexMap<(Address, Address), Vec<&(Address, Address)>> = IndexMap::new();
    for moved in &plan.moves {
        folded.entry(moved_part(&moved.0, &moved.1)).or_default().push(moved);
    }
    let whole = |((from, to), all): ((Address, Address), Vec<&(Address, Address)>)| match all.as_slice() {
        [(from, to)] => Moved { from: from.clone(), to: to.clone(), records: 1 },
        _ => Moved { from, to, records: all.len() },
    };
    folded.into_iter().map(whole).collect()
}

/// Without what both addresses end in.
fn moved_part(from: &Address, to: &Address) -> (Address, Address) {
    let (mut from, mut to) = (from.steps().to_vec(), to.steps().to_vec());
    while from.len() > 1 && to.len() > 1 && from.last() == to.last() {
        from.pop();
        to.pop();
    }
    (from.into(), to.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_words() {
        assert_eq!(kind("aws.ec2.RouteTable", 1), "a route table");
        assert_eq!(kind("aws.rds.DBInstance", 2), "2 DB instances");
        assert_eq!(kind("aws.ec2.VPC", 1), "a VPC");
        assert_eq!(kind("aws.ec2.InternetGateway", 1), "an internet gateway");
        assert_eq!(kind("aws.iam.Policy", 3), "3 policies");
        assert_eq!(kind("aws.kms.Key", 2), "2 keys");
    }
}
