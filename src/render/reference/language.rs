//! Words of the language: each has a section in docs/reference/language.md.

use super::{Page, Topic};

const LANGUAGE: &str = include_str!("../../../docs/reference/language.md");

/// A page for each word that a heading names in backticks, as `` ## `for` and `by`: several of a kind `` does.
pub(super) fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for (level, heading, text) in sections() {
        let (words, about) = heading.split_once(": ").unwrap_or((heading, ""));
        let text = format!("{}\n", text.replacen('#', "", level - 1).trim_end());
        pages.extend(words.split('`').skip(1).step_by(2).map(|word| Page {
            topic: Topic::Word,
            name: word.to_owned(),
            about: about.to_owned(),
            text: text.clone(),
        }));
    }
    pages
}

/// Where a section's heading is found in the page, as GitHub names it.
pub(super) fn anchor(text: &str) -> String {
    let heading = text.lines().next().unwrap_or("").trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Each heading with its level and the text from it to the next of its level or above.
fn sections() -> Vec<(usize, &'static str, &'static str)> {
    let mut headings: Vec<(usize, &str, usize)> = Vec::new();
    let (mut offset, mut fenced) = (0, false);
    for line in LANGUAGE.split_inclusive('\n') {
        fenced ^= line.starts_with("```");
        let level = line.chars().take_while(|c| *c == '#').count();
        if level > 0 && !fenced {
            headings.push((level, line.trim_start_matches('#').trim(), offset));
        }
        offset += line.len();
    }
    let end = |index: usize, level: usize| headings.iter().skip(index + 1).find(|next| next.0 <= level).map_or(offset, |next| next.2);
    headings
        .iter()
        .enumerate()
        .filter_map(|(index, (level, heading, start))| Some((*level, *heading, LANGUAGE.get(*start..end(index, *level))?)))
        .collect()
}
