//! Reading on after an error. pest stops at its first; a broken file is cut into its top-level items and each is parsed alone,
//! so that one slip hides nothing else.

use std::sync::Arc;

use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};

use super::cuts::{self, Chunk};
use super::lower::Lowering;
use super::{Parsed, PlatParser, Rule, Tree, ast, foreign};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::source::{FileId, Span};

/// What a top-level item can start with.
pub const KEYWORDS: [&str; 18] = [
    "stack",
    "env",
    "param",
    "type",
    "let",
    "fn",
    "use",
    "component",
    "resource",
    "lookup",
    "output",
    "assert",
    "policy",
    "waive",
    "test",
    "moved",
    "import",
    "forget",
];

/// What a line in a test can start with.
const TEST_STEPS: [&str; 11] = ["env", "with", "plan", "apply", "destroy", "assert", "expect", "let", "param", "resource", "lookup"];

pub(super) fn parse_items(file: FileId, text: &Arc<str>) -> Parsed {
    let parsed = parse_chunks(file, text, &cuts::chunks(text, true));
    if !text.contains("\"\"\"") {
        return parsed;
    }
    // A text that never ends would take all that follows for its own.
    let other = parse_chunks(file, text, &cuts::chunks(text, false));
    let worth = |parsed: &Parsed| (std::cmp::Reverse(parsed.diagnostics.len()), parsed.file.items.len());
    if worth(&other) > worth(&parsed) { other } else { parsed }
}

fn parse_chunks(file: FileId, text: &Arc<str>, chunks: &[Chunk<'_>]) -> Parsed {
    let mut tree = Tree::empty(text);
    let mut diagnostics = Vec::new();
    let mut lost: Vec<Arc<str>> = Vec::new();
    for chunk in chunks {
        match PlatParser::parse(Rule::one_item, chunk.text) {
            Ok(pairs) => pairs.for_each(|root| tree.add(root.into_inner(), chunk.start)),
            Err(_) if is_trivia(chunk.text) => {}
            Err(error) => {
                lost.extend(cuts::names(chunk.text).into_iter().map(Arc::from));
                diagnostics.push(match chunk.open_block {
                    Some(open) => open_block(file, text, open),
                    None => diagnostic(file, text.get(..chunk.start + chunk.text.len()).unwrap_or(text), chunk.start, &error),
                });
            }
        }
    }
    let items = Lowering::new(file, &tree, &mut diagnostics).file();
    Parsed { file: ast::File { id: file, items }, tree, diagnostics, lost }
}

fn is_trivia(chunk: &str) -> bool {
    chunk.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with("//"))
}

fn open_block(file: FileId, text: &str, open: usize) -> Diagnostic {
    let line = text.get(open..).and_then(|rest| rest.lines().next()).map_or(3, |line| line.trim_end().len());
    Diagnostic::error(Code(101), Span::new(file, open, open + line), "this text is not closed")
        .label("begins here")
        .help("a text that begins with `\"\"\"` ends with `\"\"\"`")
}

/// pest's error as ours: where it stopped, and what could have stood there in the user's words.
pub(super) fn diagnostic(file: FileId, text: &str, offset: usize, error: &Error<Rule>) -> Diagnostic {
    if let Some(declaration) = foreign::declaration(file, text.get(offset..).unwrap_or(""), offset) {
        return declaration;
    }
    let at = offset
        + match error.location {
            InputLocation::Pos(at) => at,
            InputLocation::Span((start, _)) => start,
        };
    let at = back_to_text(text, at);
    let rest = text.get(at..).unwrap_or("");
    let found = word_at(rest);
    let one = rest.chars().next().map_or(0, char::len_utf8);
    let span = Span::new(file, at, at + found.len().max(one));
    if let Some(open) = open_text(text, at, rest) {
        return Diagnostic::error(Code(101), Span::new(file, open, at), "this text is not closed")
            .label("begins here")
            .help("a text that begins with `\"` ends with `\"` on the same line; use `\"\"\"` for several lines");
    }
    // At a line's end there is nothing to underline but what stands before it.
    let span = if rest.is_empty() || rest.starts_with(['\n', '\r']) {
        Span::new(file, text.get(..at).and_then(|t| t.char_indices().last()).map_or(0, |(i, _)| i), at)
    } else {
        span
    };
    let line_start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
    let at_item = text.get(line_start..at).is_some_and(|t| t.is_empty());

    if at_item && !found.is_empty() && !KEYWORDS.contains(&found) {
        let other = foreign::word(found, rest.get(found.len()..).unwrap_or(""));
        return Diagnostic::error(Code(102), span, format!("`{found}` starts no declaration")).label("not a kind of declaration").help(
            match closest(found, KEYWORDS) {
                _ if other.is_some() => other.unwrap_or_default(),
                Some(word) => format!("did you mean `{word}`?"),
                None => "a declaration starts with `resource`, `param`, `let`, `component`, `output` or the like".to_owned(),
            },
        );
    }
    let what = match rest.chars().next() {
        None => "the end of the file".to_owned(),
        Some('\n' | '\r') => "the end of the line".to_owned(),
        Some(_) if !found.is_empty() => format!("`{found}`"),
        Some('"') => "a text".to_owned(),
        Some(' ') => "a space".to_owned(),
        Some(c) if c.is_control() => format!("`{}`", c.escape_debug()),
        Some(c) => format!("`{c}`"),
    };
    if is_expected(error, Rule::test_step) && !found.is_empty() {
        return Diagnostic::error(Code(101), span, format!("{what} cannot stand here")).label("not a step of a test").help(
            match closest(found, TEST_STEPS) {
                Some(word) => format!("did you mean `{word}`?"),
                None if rest.get(found.len()..).is_some_and(|rest| rest.trim_start().starts_with('=')) => {
                    format!("params are given in a body: `with {{ {found} = … }}`")
                }
                None => format!("a step starts with {}", TEST_STEPS.map(|word| format!("`{word}`")).join(", ")),
            },
        );
    }
    let expected = expected(error);
    let mut diagnostic = Diagnostic::error(Code(101), span, format!("{what} cannot stand here"));
    diagnostic = diagnostic.label(if expected.is_empty() { "unexpected".to_owned() } else { format!("expected {expected}") });
    match foreign::hint(text.get(offset..).unwrap_or(""), at.saturating_sub(offset), rest) {
        Some(hint) => diagnostic.help(hint),
        None => diagnostic,
    }
}

/// When the parser stopped at a line's end or the file's, point right behind the last thing written instead.
fn back_to_text(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    let before = text.get(..at).unwrap_or("");
    if text.get(at..).is_some_and(|rest| rest.trim().is_empty()) && !text.is_empty() { before.trim_end().len() } else { at }
}

pub(super) fn word_at(rest: &str) -> &str {
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).unwrap_or("")
}

/// Where the quotes open that the line never closes.
fn open_text(text: &str, at: usize, rest: &str) -> Option<usize> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |n| n + 1);
    let line = text.get(start..at)?;
    let quotes = || line.char_indices().filter(|(i, c)| *c == '"' && !line.get(..*i).is_some_and(|l| l.ends_with('\\')));
    let ends = rest.is_empty() || rest.starts_with(['\n', '\r']);
    (ends && quotes().count() % 2 == 1).then(|| quotes().next_back().map(|(i, _)| start + i)).flatten()
}

fn is_expected(error: &Error<Rule>, rule: Rule) -> bool {
    matches!(&error.variant, ErrorVariant::ParsingError { positives, .. } if positives.contains(&rule))
}

/// What could have stood there, in the user's words and the order of likelihood; at most three.
fn expected(error: &Error<Rule>) -> String {
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else { return String::new() };
    let mut words: Vec<&str> = Vec::new();
    for (rules, word) in [
        (&[Rule::expr, Rule::condition, Rule::unary, Rule::postfix, Rule::unary_op][..], "a value"),
        (&[Rule::ty, Rule::ty_one, Rule::ty_name, Rule::path][..], "a type"),
        (&[Rule::record, Rule::stack_body][..], "`{`"),
        (&[Rule::entry, Rule::stack_entry, Rule::at_name][..], "`name = value`"),
        (&[Rule::name, Rule::ident][..], "a name"),
        (&[Rule::item][..], "a declaration"),
        (&[Rule::binary_op, Rule::member, Rule::call, Rule::index][..], "an operator"),
        (&[Rule::string][..], "a text"),
        (&[Rule::EOI][..], "the end of the file"),
    ] {
        if positives.iter().any(|p| rules.contains(p)) && !words.contains(&word) {
            words.push(word);
        }
    }
    words.truncate(3);
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}
