//! Text that others wrote, made harmless before it reaches a terminal, a log or a comment.

use std::borrow::Cow;

/// Characters that steer a terminal or turn the direction of the text, and so can make one thing look like another.
pub(super) fn steers(c: char) -> bool {
    c.is_control() || reorders(c)
}

/// Bidirectional controls, invisible separators and tags.
pub(super) fn reorders(c: char) -> bool {
    matches!(u32::from(c), 0x00ad | 0x061c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

/// `text` without control and bidirectional characters, but with its line breaks and tabs; a runner's `##[command]` loses its power. Whatever
/// is written to a stream loses all such commands ([`super::neutralized`]).
pub fn clean(text: &str) -> Cow<'_, str> {
    strip(text, |c| steers(c) && c != '\n' && c != '\t')
}

/// The same for a text that must stay on one line.
pub fn clean_line(text: &str) -> Cow<'_, str> {
    strip(text, steers)
}

fn strip(text: &str, gone: impl Fn(char) -> bool) -> Cow<'_, str> {
    let text: Cow<'_, str> =
        if text.chars().any(&gone) { text.chars().filter(|c| !gone(*c)).collect::<String>().into() } else { text.into() };
    if text.contains("##[") { text.replace("##[", "# #[").into() } else { text }
}

/// `"text"` on one line as the language writes it, without what cannot be shown.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if steers(c) => {}
            c => out.push(c),
        }
    }
    out.push('"');
    clean_line(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_is_left() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\nd\te\r"), "a[31mbc\nd\te");
        assert_eq!(clean_line("a\nb\u{2066}c"), "abc");
        assert_eq!(quoted("a\"\\\n\x07"), "\"a\\\"\\\\\\n\"");
    }
}
