//! What was probably meant. To look for it takes time that nobody should wait for: a program full of unknown names gets suggestions
//! for the first of them.

use std::cell::Cell;

/// Candidates that are looked at for one program, and letters that are compared.
const MOST: usize = 3_000_000;
/// Most names that a help lists.
const LISTED: usize = 40;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(MOST) };
}

/// Begins to check or evaluate a program: what was looked for in another one does not count.
pub fn begin_suggestions() {
    LEFT.with(|left| left.set(MOST));
}

/// Whether something is still looked for; candidates that are long to collect need not be collected else.
pub fn may_suggest() -> bool {
    LEFT.with(Cell::get) > 0
}

fn spend(amount: usize) {
    LEFT.with(|left| left.set(left.get().saturating_sub(amount)));
}

/// The candidate most like `name`, when one is like it enough to be what was meant. Of several the first.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    alike(name, candidates).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// As [`closest`]; of several the first in the order of the alphabet.
pub fn closest_of_any_order<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    alike(name, candidates).min().map(|(_, candidate)| candidate)
}

fn alike<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (usize, &'a str)> {
    let own: Vec<char> = name.to_lowercase().chars().collect();
    let limit = match name.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        n => n / 3 + 1,
    };
    let length = name.len();
    // Nobody means a name that is so long.
    let candidates = candidates.into_iter().take_while(move |_| length < 1_000 && may_suggest());
    candidates.filter_map(move |candidate| {
        spend(1);
        // An edit adds or takes away one letter, which has at most four bytes.
        if candidate.len() > 4 * (length + limit) || length > 4 * (candidate.len() + limit) {
            return None;
        }
        let other: Vec<char> = candidate.to_lowercase().chars().collect();
        if own.len().abs_diff(other.len()) > limit {
            return None;
        }
        let distance = distance(&own, &other);
        (distance <= limit && distance < candidate.chars().count()).then_some((distance, candidate))
    })
}

/// Optimal string alignment distance: edits and swaps of neighbours, of what is in small letters already.
fn distance(a: &[char], b: &[char]) -> usize {
    spend(a.len() * b.len());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &Vec<usize>, k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

/// Names in a help, each in backticks; of many the first.
pub fn listed<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> String {
    let mut names = names.into_iter();
    let mut list = names.by_ref().take(LISTED).map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => {}
        more => list.push_str(&format!(" and {more} more")),
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_find_what_was_meant() {
        assert_eq!(closest("cidr_blok", ["cidr_block", "tags"]), Some("cidr_block"));
        assert_eq!(closest("Postgers", ["Postgres", "MySql"]), Some("Postgres"));
        assert_eq!(closest("zzz", ["cidr_block", "tags"]), None);
    }

    #[test]
    fn of_many_names_the_first_are_listed() {
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
        assert!(listed((0..50).map(|n| n.to_string())).ends_with("`39` and 10 more"));
    }

    #[test]
    fn what_is_looked_for_too_long_is_not_found() {
        begin_suggestions();
        let names: Vec<String> = (0..1_000).map(|n| format!("a_name_{n}")).collect();
        let found = (0..1_000).filter(|_| closest("a_nome_77", names.iter().map(String::as_str)).is_some()).count();
        assert!((1..1_000).contains(&found) && !may_suggest(), "{found}");
        begin_suggestions();
        assert_eq!(closest("cidr_blok", ["cidr_block"]), Some("cidr_block"));
    }
}
