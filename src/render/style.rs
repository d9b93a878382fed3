//! How text is dressed.

use std::fmt::{self, Write};

/// How wide a line may be, and whether colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns of a line.
    pub width: usize,
}

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Add,
    Change,
    Destroy,
    Strong,
    Faint,
    Error,
    Warning,
    Help,
}

impl Default for Style {
    fn default() -> Self {
        Self::PLAIN
    }
}

impl Style {
    /// No colours, for files and tests.
    pub const PLAIN: Style = Style { color: false, width: 120 };

    /// `text` as `role`; `text` must hold no escape sequences of others.
    pub fn paint(self, role: Role, text: impl fmt::Display) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = if self.color { write!(out, "\x1b[{}m{text}\x1b[0m", role.sgr()) } else { write!(out, "{text}") };
        out
    }
}

impl Role {
    fn sgr(self) -> &'static str {
        match self {
            Role::Add => "32",
            Role::Change => "33",
            Role::Destroy => "31",
            Role::Strong => "1",
            Role::Faint => "2",
            Role::Error => "1;31",
            Role::Warning => "1;33",
            Role::Help => "36",
        }
    }
}

/// Columns that `text` takes: characters, wide ones as two, combining ones as none. `text` holds no escape sequences.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

fn char_columns(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0x1f300..=0x1faff => 2,
        _ => 1,
    }
}

/// `text` and as many spaces as make it `width` columns; never less than the text.
pub(super) fn pad(text: &str, width: usize) -> String {
    let mut out = text.to_owned();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(columns(text))));
    out
}

/// `text` cut to `width` columns, with `…` for what is gone.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let mut out = String::new();
    for c in text.chars() {
        used += char_columns(c);
        if used >= width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_count_columns() {
        assert_eq!(columns("añ世"), 4);
        assert_eq!(pad("世", 4), "世  ");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
