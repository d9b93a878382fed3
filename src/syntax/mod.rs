//! From text to tree: pest's grammar, a lossless tree over it, and a typed view of that tree.

pub mod ast;
#[cfg(test)]
mod corpus;
mod cuts;
mod foreign;
mod lower;
mod nesting;
mod recover;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::sync::Arc;

use pest::Parser;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

pub use foreign::{SOME_TYPE, WHICH_TYPE};
pub use recover::KEYWORDS;
pub use tree::{Node, Tree};

#[derive(pest_derive::Parser)]
#[grammar = "grammar/plat.pest"]
struct PlatParser;

/// Deepest nesting in a file: of brackets, and of what `=>`, `if`, `match` and `else` begin. Real files stay under 20.
pub const MAX_DEPTH: usize = 200;

/// Most links of expressions within each other: operators in a row, members and calls in a chain, brackets.
const MAX_LINKS: u32 = 400;

/// One parsed file: its tree, the items in it, and what could not be read.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub tree: Tree,
    pub file: ast::File,
    pub diagnostics: Vec<Diagnostic>,
    /// Names that what could not be read would have declared.
    pub lost: Vec<Arc<str>>,
}

/// Parses a whole file. What cannot be read is reported, and everything else is still there.
pub fn parse(file: FileId, text: &Arc<str>) -> Parsed {
    if let Some(diagnostic) = unreadable(file, text) {
        return Parsed {
            tree: Tree::empty(text),
            file: ast::File { id: file, items: Vec::new() },
            diagnostics: vec![diagnostic],
            lost: Vec::new(),
        };
    }
    match PlatParser::parse(Rule::file, text) {
        Ok(pairs) => {
            let tree = Tree::new(text, pairs, 0);
            let mut diagnostics = Vec::new();
            let items = lower::Lowering::new(file, &tree, &mut diagnostics).file();
            Parsed { file: ast::File { id: file, items }, tree, diagnostics, lost: Vec::new() }
        }
        Err(_) => recover::parse_items(file, text),
    }
}

/// Parses one expression, for the command line.
pub fn parse_expression(file: FileId, text: &Arc<str>) -> Result<ast::Expr, Vec<Diagnostic>> {
    if let Some(diagnostic) = unreadable(file, text) {
        return Err(vec![diagnostic]);
    }
    match PlatParser::parse(Rule::one_expr, text) {
        Ok(pairs) => {
            let tree = Tree::new(text, pairs, 0);
            if let Some(place) = tree.roots().next().and_then(|root| tree.links().too_many(root, MAX_LINKS)) {
                return Err(vec![too_many_links(file, place)]);
            }
            let mut diagnostics = Vec::new();
            let expr = lower::Lowering::new(file, &tree, &mut diagnostics).lone_expression();
            match expr {
                Some(expr) if diagnostics.is_empty() => Ok(expr),
                _ => Err(diagnostics),
            }
        }
        Err(error) => Err(vec![recover::diagnostic(file, text, 0, &error)]),
    }
}

/// Refuses what no program needs and a reader would pay for: nesting that would cost the recursive parser its stack, and characters that
/// nobody sees.
fn unreadable(file: FileId, text: &str) -> Option<Diagnostic> {
    if let Some((at, c)) = invisible(text) {
        let code = u32::from(c);
        return Some(
            Diagnostic::error(
                Code(109),
                Span::new(file, at, at + c.len_utf8()),
                format!("there is a character here that nobody sees, U+{code:04X}"),
            )
            .label("this place")
            .help(format!("take it out; in a text, write `\\u{{{code:x}}}`")),
        );
    }
    nesting::too_deep(text).map(|at| too_deep(Span::new(file, at, at + 1)))
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(Code(103), span, format!("this is nested more than {MAX_DEPTH} deep"))
        .label("the level that is too deep")
        .help("name the inner parts with `let`")
}

/// The first control character, or one that turns the direction of what stands around it.
fn invisible(text: &str) -> Option<(usize, char)> {
    let plain = |bytes: &[u8]| bytes.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~' | b'\n' | b'\t'));
    if text.as_bytes().chunks(64).all(plain) {
        return None;
    }
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    text.char_indices().find(|(at, c)| match c {
        '\n' | '\t' => false,
        '\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
        '\u{feff}' => *at >= start,
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => true,
        c => c.is_control(),
    })
}

fn too_many_links(file: FileId, place: Node<'_>) -> Diagnostic {
    let line = place.text().lines().next().map_or(0, |line| line.trim_end().len());
    let span = Span::new(file, place.start(), place.start() + line);
    Diagnostic::error(Code(103), span, format!("this expression has more than {MAX_LINKS} links, one in another"))
        .label("this chain of operators, members or calls")
        .help("name parts of it with `let`")
}
