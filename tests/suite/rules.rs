//! What the language promises, rule by rule: `rules.txt` names what is accepted and what is refused for each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plat::check::{Checked, check};

use super::{errors, registry, shown};
use crate::project::root;

#[derive(Debug)]
struct Rule {
    text: String,
    accepted: Vec<String>,
    refused: Vec<String>,
}

fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for line in std::fs::read_to_string(root().join("tests/suite/rules.txt")).unwrap().lines() {
        let cases = |text: &str| text.split(", ").map(str::to_owned).collect();
        if let Some(text) = line.strip_prefix("  accepted: ") {
            rules.last_mut().unwrap().accepted = cases(text);
        } else if let Some(text) = line.strip_prefix("  refused: ") {
            rules.last_mut().unwrap().refused = cases(text);
        } else if !line.is_empty() && !line.starts_with("//") && !line.starts_with('#') {
            assert!(!line.starts_with(' '), "not understood: {line}");
            rules.push(Rule { text: line.to_owned(), accepted: Vec::new(), refused: Vec::new() });
        }
    }
    rules
}

fn programs(side: &str) -> BTreeSet<String> {
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    crate::project::files(&root().join("tests/suite").join(side), "plat").iter().map(stem).collect()
}

/// The programs of a side that a case names.
fn named<'a>(case: &'a str, side: &str, programs: &'a BTreeSet<String>) -> Vec<&'a String> {
    match case.strip_prefix(side).and_then(|rest| rest.strip_prefix(' ')) {
        Some(name) => match name.strip_suffix('*') {
            Some(start) => programs.iter().filter(|program| program.starts_with(start)).collect(),
            None => programs.iter().filter(|program| *program == name).collect(),
        },
        None => Vec::new(),
    }
}

/// Whether the case is there: a program of its side, a rule of the grammar's corpus, or a test.
fn is_there(case: &str, accepted: bool, programs: &BTreeSet<String>) -> bool {
    let (side, head) = if accepted { ("right", "=== accepted: ") } else { ("wrong", "=== refused: ") };
    let Some((file, name)) = case.split_once(' ') else { return false };
    match file {
        "right" | "wrong" => !named(case, side, programs).is_empty(),
        "grammar" => crate::project::files(&root().join("grammar/corpus"), "txt").iter().any(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.lines().filter_map(|line| line.strip_prefix(head)).any(|rules| rules.split([',', ' ']).any(|rule| rule == name))
        }),
        file => {
            let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let is_test = |at: usize| {
                let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
                above.copied().any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
            };
            lines.iter().enumerate().any(|(at, line)| line.contains(&format!("fn {name}(")) && is_test(at))
        }
    }
}

#[test]
fn each_rule_has_what_is_accepted_and_what_is_refused() {
    let (right, wrong) = (programs("right"), programs("wrong"));
    let mut gaps = Vec::new();
    let rules = rules();
    assert!(rules.len() > 60, "{} rules", rules.len());
    for Rule { text, accepted, refused } in rules {
        for (cases, programs, is) in [(accepted, &right, true), (refused, &wrong, false)] {
            let what = if is { "accepted" } else { "refused" };
            if cases.is_empty() {
                gaps.push(format!("{text}\n  nothing is {what}"));
            }
            gaps.extend(
                cases.iter().filter(|case| !is_there(case, is, programs)).map(|case| format!("{text}\n  there is no `{case}`, {what}")),
            );
        }
    }
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

/// The folder of a stack, in a project of its own.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join(".git")).unwrap();
    for (name, text) in files {
        let file = place.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let stack = place.path().join("stack");
    (place, stack)
}

fn checked(stack: &Path) -> Checked {
    check(stack, registry(), &[])
}

#[test]
fn files_of_a_folder_are_one_stack_in_any_order() {
    let (_place, stack) = folder(&[
        ("stack/a.plat", "output both: Int = one + two\nlet one = 1\n"),
        ("stack/b.plat", "let two = one + 1\n"),
        ("stack/notes.txt", "let one = 2"),
        ("stack/inner/c.plat", "let one = 3\n"),
    ]);
    let Checked { sources, diagnostics, program } = checked(&stack);
    assert!(program.is_some(), "{}", shown(&sources, &diagnostics));
    std::fs::write(stack.join("c.plat"), "let two = 3\n").unwrap();
    let Checked { sources, diagnostics, .. } = checked(&stack);
    let said = shown(&sources, &diagnostics);
    assert!(diagnostics.len() == 1 && said.contains("[E0206]: `two` is declared twice") && said.contains("also b.plat:1"), "{said}");
}

/// What is in it works from a folder of the user's, and a change there is one.
#[test]
fn a_copy_of_the_standard_library_is_a_folder_like_any_other() {
    for (module, text) in plat::resolve::LIBRARY {
        let declared: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("component ")?.split_whitespace().next()).collect();
        let Some(first) = declared.first() else { continue };
        let used =
            format!("use \"../copy\".{{{}}}\noutput made: Int = 0\ncomponent Mine {{\n  param it: {first}\n}}\n", declared.join(", "));
        let (_place, stack) = folder(&[("copy/copy.plat", text), ("stack/main.plat", &used)]);
        let Checked { sources, diagnostics, program } = checked(&stack);
        assert!(program.is_some(), "{module}\n{}", shown(&sources, &diagnostics));
        let component = format!("component {first} {{\n");
        assert!(text.contains(&component), "{module}");
        std::fs::write(stack.join("../copy/copy.plat"), text.replace(&component, &format!("{component}  param added: Nothing\n"))).unwrap();
        let Checked { sources, diagnostics, .. } = checked(&stack);
        let said = shown(&sources, &diagnostics);
        assert!(diagnostics.len() == 1 && said.contains("[E0204]: there is no type `Nothing`"), "{module}\n{said}");
    }
}

#[test]
fn mistakes_do_not_hide_each_other() {
    let (sources, found) = errors(
        "resource net: aws.ec2.VPC { cidr_blok = 10.0.0.0/16 }\nlet a = [1,\nparam n: Nothing\n\
         resource part: aws.ec2.Subnet { vpc_id = net, cidr_block = \"10.0.0.0/24\" }\noutput o: Int = nothing + a\n\
         component C {\n  output p: String = 1\n}\n",
    );
    let told: Vec<String> = found.iter().map(|d| format!("{} {}", d.code, sources.place(d.span))).collect();
    assert_eq!(
        told,
        ["E0201 main.plat:1", "E0101 main.plat:2", "E0204 main.plat:3", "E0203 main.plat:4", "E0200 main.plat:5", "E0203 main.plat:7"]
    );
}
