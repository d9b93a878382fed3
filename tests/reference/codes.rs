//! Every code has its story, and every story is true.

use std::collections::BTreeSet;

use plat::diagnostic::{CODES, Code};

use super::fences;
use crate::house::{module_of, product_code};
use crate::project::{files, root};
use crate::suite::{errors, shown};

/// A story without a wrong program says why in a paragraph that begins so.
const WITHOUT: &str = "\n\nNo program ";

/// Every `Code(…)` with a number in the product's code.
fn emitted() -> BTreeSet<Code> {
    let mut found = BTreeSet::new();
    let source = root().join("src");
    for file in files(&source, "rs") {
        if module_of(file.strip_prefix(&source).unwrap()).is_none() {
            continue;
        }
        let text = product_code(&std::fs::read_to_string(&file).unwrap());
        for (_, after) in text.match_indices("Code(").map(|(at, word)| text.split_at(at + word.len())) {
            if let Some((number, _)) = after.split_once(')').filter(|(number, _)| number.chars().all(|c| c.is_ascii_digit())) {
                found.extend(number.parse::<u16>().map(Code));
            }
        }
    }
    found
}

#[test]
fn every_code_has_a_story_and_every_story_a_code() {
    let told: BTreeSet<Code> = CODES.iter().map(|info| info.code).collect();
    let emitted = emitted();
    assert!(emitted.len() > 50, "the codes were not found");
    let shown = |codes: Vec<&Code>| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let untold = shown(emitted.difference(&told).collect());
    assert!(untold.is_empty(), "{untold}: no story; CONTRIBUTING.md tells how to add one");
    let dead = shown(told.difference(&emitted).collect());
    assert!(dead.is_empty(), "{dead}: nothing says this any more; take the story away");
    assert!(CODES.is_sorted_by_key(|info| info.code), "the codes are not in order");
    assert_eq!(told.len(), CODES.len(), "a code is listed twice");
}

#[test]
fn every_file_of_a_story_is_in_the_table() {
    let folder = root().join("src/diagnostic/stories");
    let written: Vec<String> = files(&folder, "md").iter().map(|f| f.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let told: Vec<String> = CODES.iter().map(|info| info.code.to_string()).collect();
    assert_eq!(written, told);
}

#[test]
fn stories_have_one_form() {
    for info in CODES {
        let code = info.code;
        assert!(!info.title().is_empty() && !info.title().ends_with('.'), "{code}: its title `{}`", info.title());
        assert!(!info.story().starts_with("```") && info.story().len() > 100, "{code}: begins with why the rule exists");
        let fences = fences(info.story());
        let wrong = fences.iter().filter(|f| f.info == "plat wrong").count();
        let right = fences.iter().filter(|f| f.info == "plat").count();
        assert!(right > 0, "{code}: shows no program that is right");
        assert_eq!(wrong == 0, info.story().contains(WITHOUT), "{code}: shows a wrong program, or says why not (`No program …`)");
    }
}

#[test]
fn wrong_programs_of_stories_give_their_code_and_mended_ones_nothing() {
    let mut failed = Vec::new();
    for info in CODES {
        for fence in fences(info.story()) {
            let (sources, diagnostics) = errors(&fence.text);
            let as_told = match fence.info.as_str() {
                "plat" => diagnostics.is_empty(),
                "plat wrong" => !diagnostics.is_empty() && diagnostics.iter().all(|d| d.code == info.code),
                _ => true,
            };
            if !as_told {
                failed.push(format!("{} ({}):\n{}{}", info.code, fence.info, fence.text, shown(&sources, &diagnostics)));
            }
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n\n"));
}
