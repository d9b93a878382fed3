//! The grammar, rule by rule: `grammar/corpus/*.txt` has programs that each accepts, and programs that it refuses. A case begins with a line
//! like `=== accepted: list, call` or `=== refused: list E0101`; these are the rules that it is about, and the code of its one error.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::*;

struct Case {
    /// Where it stands, for a failure.
    place: String,
    rules: Vec<String>,
    /// None: accepted.
    code: Option<String>,
    text: String,
}

fn cases() -> Vec<Case> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "txt"));
    files.sort();
    files.iter().flat_map(|file| read(&file.file_name().unwrap().to_string_lossy(), &std::fs::read_to_string(file).unwrap())).collect()
}

fn read(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let Some(head) = line.strip_prefix("=== ") else {
            cases.last_mut().unwrap_or_else(|| panic!("{file} begins without `===`")).text += line;
            continue;
        };
        let place = format!("{file}:{}", number + 1);
        let (rules, code) = match head.trim_end().split_once(": ") {
            Some(("accepted", rules)) => (rules, None),
            Some(("refused", rest)) => {
                let (rules, code) = rest.rsplit_once(' ').unwrap_or_else(|| panic!("{place} says no code"));
                (rules, Some(code.to_owned()))
            }
            _ => panic!("{place} is neither accepted nor refused"),
        };
        cases.push(Case { place, rules: rules.split(", ").map(str::to_owned).collect(), code, text: String::new() });
    }
    cases
}

/// The rules of the grammar, and whether each leaves a node in the tree.
fn rules() -> BTreeMap<&'static str, bool> {
    let grammar = include_str!("../../grammar/plat.pest");
    let rule = |line: &'static str| {
        let (name, body) = line.split_once('=')?;
        let name = name.trim_end();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        is_name.then(|| (name, !body.trim_start().starts_with('_')))
    };
    grammar.lines().filter(|line| !line.starts_with(' ')).filter_map(rule).collect()
}

fn names(node: Node<'_>, found: &mut BTreeSet<String>) {
    found.insert(format!("{:?}", node.rule()));
    node.all_children().for_each(|child| names(child, found));
}

/// The text, put together from the tree alone: nodes, and what stands between them in the node around them.
fn text_of(node: Node<'_>, out: &mut String) {
    let mut at = node.start();
    for child in node.all_children() {
        assert!(at <= child.start() && child.end() <= node.end(), "a child lies inside its parent, behind its elder");
        *out += &node.text()[at - node.start()..child.start() - node.start()];
        text_of(child, out);
        at = child.end();
    }
    *out += &node.text()[at - node.start()..];
}

#[test]
fn what_the_grammar_accepts_parses_and_loses_nothing() {
    let known = rules();
    let mut wrong = String::new();
    for Case { place, rules, text, .. } in cases().iter().filter(|case| case.code.is_none()) {
        let parsed = parse(FileId(0), &Arc::from(text.as_str()));
        for diagnostic in &parsed.diagnostics {
            let _ = writeln!(wrong, "{place}: {diagnostic} at {:?}", &text[diagnostic.span.range()]);
        }
        let (mut again, mut there) = (String::new(), BTreeSet::new());
        for root in parsed.tree.roots() {
            text_of(root, &mut again);
            names(root, &mut there);
        }
        if parsed.diagnostics.is_empty() && again != *text {
            let _ = writeln!(wrong, "{place}: the tree gives {again:?}");
        }
        for rule in rules.iter().filter(|rule| known.get(rule.as_str()) == Some(&true) && !there.contains(*rule)) {
            let _ = writeln!(wrong, "{place}: it has no `{rule}`");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_the_grammar_refuses_is_one_error() {
    let mut wrong = String::new();
    for Case { place, code, text, .. } in cases() {
        let Some(code) = code else { continue };
        let parsed = parse(FileId(0), &Arc::from(text.as_str()));
        let codes: Vec<String> = parsed.diagnostics.iter().map(|d| d.code.to_string()).collect();
        if codes != [code.clone()] {
            let _ = writeln!(wrong, "{place}: {codes:?} in place of {code}: {text:?}");
        }
        for diagnostic in &parsed.diagnostics {
            let range = diagnostic.span.range();
            if text.get(range.clone()).is_none_or(str::is_empty) {
                let _ = writeln!(wrong, "{place}: the error underlines {range:?} of {text:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_rule_of_the_grammar_has_programs_on_both_sides() {
    // Begin a parser, and stand in no other rule.
    const ENTRIES: [&str; 2] = ["one_item", "one_expr"];
    let (known, cases) = (rules(), cases());
    assert!(known.len() > 100, "{} rules", known.len());
    let mut gaps = Vec::new();
    for rule in known.keys().filter(|rule| !ENTRIES.contains(rule)) {
        let has = |accepted: bool| cases.iter().any(|case| case.code.is_none() == accepted && case.rules.iter().any(|r| r == rule));
        gaps.extend((!has(true)).then(|| format!("`{rule}` accepts nothing")));
        gaps.extend((!has(false)).then(|| format!("`{rule}` refuses nothing")));
    }
    let about = cases.iter().flat_map(|case| case.rules.iter().map(move |rule| (&case.place, rule)));
    gaps.extend(about.filter(|(_, rule)| !known.contains_key(rule.as_str())).map(|(place, rule)| format!("{place}: there is no `{rule}`")));
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}
