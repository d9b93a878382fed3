//! From text to tree: pest's grammar, a lossless tree over it, and a typed view of that tree.

pub mod ast;
mod lower;
mod recover;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::sync::Arc;

use pest::Parser;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

pub use tree::{Node, Tree};

#[derive(pest_derive::Parser)]
#[grammar = "grammar/plat.pest"]
struct PlatParser;

/// Deepest nesting of brackets in a file. Real files stay under 20.
pub const MAX_DEPTH: usize = 200;

/// One parsed file: its tree, the items in it, and what could not be read.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub tree: Tree,
    pub file: ast::File,
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a whole file. What cannot be read is reported, and everything else is still there.
pub fn parse(file: FileId, text: &Arc<str>) -> Parsed {
    if let Some(diagnostic) = too_deep(file, text) {
        return Parsed { tree: Tree::empty(text), file: ast::File { id: file, items: Vec::new() }, diagnostics: vec![diagnostic] };
    }
    match PlatParser::parse(Rule::file, text) {
        Ok(pairs) => {
            let tree = Tree::new(text, pairs, 0);
            let mut diagnostics = Vec::new();
            let items = lower::Lowering::new(file, &tree, &mut diagnostics).file();
            Parsed { file: ast::File { id: file, items }, tree, diagnostics }
        }
        Err(_) => recover::parse_items(file, text),
    }
}

/// Parses one expression, for the command line.
pub fn parse_expression(file: FileId, text: &Arc<str>) -> Result<ast::Expr, Vec<Diagnostic>> {
    if let Some(diagnostic) = too_deep(file, text) {
        return Err(vec![diagnostic]);
    }
    match PlatParser::parse(Rule::one_expr, text) {
        Ok(pairs) => {
            let tree = Tree::new(text, pairs, 0);
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

/// Refuses nesting that would cost the recursive parser its stack.
fn too_deep(file: FileId, text: &str) -> Option<Diagnostic> {
    let mut depth = 0usize;
    let mut lambdas = 0usize;
    let mut previous = 0u8;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'>' if previous == b'=' => lambdas += 1,
            b'\n' => lambdas = 0,
            _ => {}
        }
        previous = byte;
        if depth > MAX_DEPTH || lambdas > MAX_DEPTH {
            let span = Span::new(file, offset, offset + 1);
            return Some(
                Diagnostic::error(Code(103), span, format!("brackets are nested more than {MAX_DEPTH} deep"))
                    .label("the level that is too deep")
                    .help("name the inner parts with `let`"),
            );
        }
    }
    None
}
