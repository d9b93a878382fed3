//! The formatter: one style, over the lossless tree.
//!
//! A bracket that has a newline behind it stays broken; what else fits in a line is joined, and what does not fit is broken. Only
//! spaces, newlines and commas change: what the program says, and every comment, stays.

mod body;
mod document;
mod expressions;
mod items;
mod layout;
#[cfg(test)]
mod tests;
mod types;

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::FileId;
use crate::syntax;

/// The formatted text of a whole file. `file` is what the diagnostics say their places are in; these are places of `text`.
///
/// # Errors
///
/// What cannot be parsed: nothing is formatted then.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let text: Arc<str> = if text.contains('\r') { text.replace("\r\n", "\n").into() } else { text.into() };
    let parsed = syntax::parse(file, &text);
    if parsed.diagnostics.iter().any(Diagnostic::is_error) {
        return Err(parsed.diagnostics);
    }
    Ok(layout::Layout::new(&parsed.tree).file().print())
}
