//! Errors and warnings of the language: a code, a place, a second place, a way out.

mod codes;
mod excerpt;
mod render;
mod suggestions;

use std::fmt;

use crate::source::Span;

pub use codes::{CODES, Code, CodeInfo};
pub use render::{Drawing, render, render_all, set_apart, to_json};
pub use suggestions::{begin_suggestions, closest, closest_of_any_order, listed, may_suggest};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// The code of a policy's denial: a refusal, not a mistake in the language.
pub const DENIED: Code = Code(801);
/// The code of an assert of the stack that does not hold.
pub const STACK_ASSERT: Code = Code(857);
/// The code of an assert about who reaches whom that does not hold.
pub const NOT_REACHED: Code = Code(512);

/// One mistake, told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: Code,
    pub message: String,
    /// Where the mistake is, and what is said right there.
    pub span: Span,
    pub label: String,
    /// The other places involved.
    pub related: Vec<(Span, String)>,
    /// The way out.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), span, label: String::new(), related: Vec::new(), help: None }
    }

    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    #[must_use]
    pub fn maybe_help(mut self, text: Option<String>) -> Self {
        self.help = text.or(self.help);
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_error() { "error" } else { "warning" };
        write!(f, "{kind}[{}]: {}", self.code, self.message)
    }
}
