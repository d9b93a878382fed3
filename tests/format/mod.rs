//! The formatter over everything: the project's own files, and programs that chance wrote.

mod program;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plat::diagnostic::Diagnostic;
use plat::format::format;
use plat::source::FileId;
use plat::syntax::{Parsed, parse};

use crate::project::{files, root};
use crate::properties::dice::Dice;
use program::Writer;

fn parsed(text: &str) -> Parsed {
    parse(FileId(0), &Arc::from(text))
}

/// What a program says: its items, without the places where they stand.
fn meaning(parsed: &Parsed) -> String {
    let text = format!("{:?}", parsed.file.items);
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split("span: Span {").enumerate() {
        out.push_str(if index == 0 { part } else { part.split_once('}').unwrap().1 });
    }
    out
}

fn comments(parsed: &Parsed) -> Vec<&str> {
    parsed.tree.comments().map(|comment| comment.text().trim_end()).collect()
}

/// What must hold of every program that can be parsed.
pub fn check(name: &str, text: &str) {
    let before = parsed(text);
    let errors: Vec<_> = before.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{name} is no program: {errors:?}\n{text}");
    let formatted = format(FileId(0), text).unwrap_or_else(|d| panic!("{name}: {d:?}"));
    let after = parsed(&formatted);
    let show = || format!("{name}\n---- before\n{text}\n---- after\n{formatted}");
    assert!(!after.diagnostics.iter().any(Diagnostic::is_error), "the formatted program is none: {:?}\n{}", after.diagnostics, show());
    assert_eq!(meaning(&after), meaning(&before), "it says something else now\n{}", show());
    assert_eq!(comments(&after), comments(&before), "comments are lost, made or moved past each other\n{}", show());
    let twice = format(FileId(0), &formatted).unwrap();
    assert_eq!(twice, formatted, "formatting it again changes it\n{}", show());
    assert!(!formatted.contains('\r') && !formatted.starts_with(['\n', '\u{feff}']) && !formatted.contains(" \n"), "{}", show());
    assert!(formatted.is_empty() || (formatted.ends_with('\n') && !formatted.ends_with("\n\n")), "{}", show());
}

pub fn programs() -> Vec<PathBuf> {
    ["stdlib", "examples", "grammar", "tests"].iter().flat_map(|folder| files(&root().join(folder), "plat")).collect()
}

#[test]
fn every_file_of_the_project_keeps_what_it_says() {
    let mut checked = 0;
    for path in programs() {
        let text = std::fs::read_to_string(&path).unwrap();
        if parsed(&text).diagnostics.iter().any(Diagnostic::is_error) {
            continue;
        }
        check(&path.display().to_string(), &text);
        // As if nobody had ever cared.
        let careless: Vec<_> = text.lines().map(str::trim_start).collect();
        if !text.contains("\"\"\"") {
            check(&path.display().to_string(), &careless.join("\r\n"));
        }
        checked += 1;
    }
    assert!(checked > 80, "only {checked} files can be parsed");
}

/// Programs whose columns or bytes mean something to a test.
const EXEMPT: &[&str] = &["tests/suite/wrong", "tests/editors/samples.plat", "tests/baselines/golden"];

#[test]
fn the_projects_files_are_formatted() {
    let exempt = |path: &Path| EXEMPT.iter().any(|name| path.starts_with(root().join(name)));
    let mut wrong = Vec::new();
    for path in programs().into_iter().filter(|path| !exempt(path)) {
        let text = std::fs::read_to_string(&path).unwrap();
        if format(FileId(0), &text).is_ok_and(|formatted| formatted != text) {
            wrong.push(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    assert!(wrong.is_empty(), "run `plat fmt {}`", wrong.join(" "));
}

#[test]
fn what_chance_wrote_keeps_what_it_says() {
    let programs: u64 = std::env::var("PLAT_PROGRAMS").ok().map_or(500, |n| n.parse().unwrap());
    for seed in 0..programs {
        for mess in [0, 12, 35] {
            check(&format!("program {seed} with {mess} % mess"), &Writer::file(Dice::new(seed), mess));
        }
    }
}
