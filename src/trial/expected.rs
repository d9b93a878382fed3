//! `expect error E0306 "35 days"`: whether the error came.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

use super::wrong::NO_ERROR;

/// What a test expects to go wrong.
pub(super) struct Expected<'a> {
    pub code: Code,
    /// A part of its text.
    pub text: Option<&'a Arc<str>>,
    pub span: Span,
}

impl Expected<'_> {
    /// `None` when one of the errors is the one that is expected.
    pub fn missing(&self, errors: &[Diagnostic]) -> Option<Diagnostic> {
        let same_code: Vec<&Diagnostic> = errors.iter().filter(|error| error.code == self.code).collect();
        if same_code.iter().any(|error| self.text.is_none_or(|text| says(error, text))) {
            return None;
        }
        Some(match (same_code.first(), errors.first(), self.text) {
            (Some(near), _, Some(text)) => {
                Diagnostic::error(NO_ERROR, self.span, format!("`{}` comes, and does not say \"{text}\"", self.code))
                    .label(format!("it says: {}", near.message))
                    .also(near.span, if near.label.is_empty() { "it comes from here" } else { &near.label })
                    .help("expect a part of what it says")
            }
            (_, Some(other), _) => Diagnostic::error(NO_ERROR, self.span, format!("`{}` does not come: another error does", self.code))
                .label("expected here")
                .also(other.span, format!("{other}"))
                .maybe_help(other.help.clone()),
            _ => Diagnostic::error(NO_ERROR, self.span, format!("`{}` does not come: nothing is wrong here", self.code))
                .label("expected here")
                .help("choose params with `env` or `with` under which it must come, or take the line away"),
        })
    }
}

/// The text stands somewhere in what the error says.
fn says(error: &Diagnostic, text: &str) -> bool {
    let mut all = [error.message.as_str(), &error.label].into_iter().chain(error.help.as_deref());
    all.any(|said| said.contains(text))
}
