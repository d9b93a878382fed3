//! Markdown for reading on a terminal: headings strong, fences indented, paragraphs and items wrapped.

use super::clean::clean;
use super::docs::wrap;
use super::style::{Role, Style};

/// Lines are never longer than this, however wide the terminal is: long ones are hard to read.
const WIDEST: usize = 100;

/// `text` as plain lines. Code in a fence stands indented and as it is; the fence's own lines are left out.
pub fn markdown(text: &str, style: Style) -> String {
    let width = style.width.min(WIDEST);
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                out.push_str(format!("    {}", clean(code)).trim_end());
                out.push('\n');
            }
        } else if line.starts_with('#') {
            let heading = unlinked(line.trim_start_matches('#').trim());
            out.push_str(&format!("{}\n", style.paint(Role::Strong, clean(&heading))));
        } else if line.trim().is_empty() {
            out.push('\n');
        } else {
            let mut paragraph = line.trim_end().to_owned();
            while let Some(more) = lines.next_if(|next| goes_on(next)) {
                paragraph.push(' ');
                paragraph.push_str(more.trim());
            }
            flow(&unlinked(&paragraph), width, &mut out);
        }
    }
    out
}

/// Does a line belong to the paragraph or item before it?
fn goes_on(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && !text.starts_with("- ") && !line.starts_with("```") && !line.starts_with('#')
}

/// A paragraph, or an item whose lines all stand under its first word.
fn flow(paragraph: &str, width: usize, out: &mut String) {
    let text = paragraph.trim_start();
    let indent = paragraph.len() - text.len();
    let (mark, rest) = match text.strip_prefix("- ") {
        Some(rest) => ("- ", rest),
        None => ("", text),
    };
    for (i, line) in wrap(rest, width.saturating_sub(indent + mark.len())).into_iter().enumerate() {
        let before = if i == 0 { mark } else { "  ".get(..mark.len()).unwrap_or("") };
        out.push_str(&format!("{}{before}{line}\n", " ".repeat(indent)));
    }
}

/// `[text](address)` as `text`.
fn unlinked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        match after.split_once("](").and_then(|(text, more)| Some((text, more.split_once(')')?.1))) {
            Some((text, more)) if !text.contains('[') && before.matches('`').count() % 2 == 0 => {
                out.push_str(text);
                rest = more;
            }
            _ => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_plain_lines() {
        let text = "# Title\n\nOne two three\nfour five. See [the docs](docs.md).\n\n- `a[0]` item one\n  goes on\n- [x](y)\n\n```plat wrong\nlet a = [\n  1\n]\n```\n";
        let style = Style { color: false, width: 24 };
        let expected =
            "Title\n\nOne two three four five.\nSee the docs.\n\n- `a[0]` item one goes\n  on\n- x\n\n    let a = [\n      1\n    ]\n";
        assert_eq!(markdown(text, style), expected);
    }

    #[test]
    fn headings_are_strong_where_there_are_colours() {
        assert_eq!(markdown("## A\n", Style { color: true, width: 80 }), "\u{1b}[1mA\u{1b}[0m\n");
    }
}
