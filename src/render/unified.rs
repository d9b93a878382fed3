//! Two versions of a file as a unified difference, as `diff -u` and `patch` know it.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::clean::clean_line;
use super::style::{Role, Style};

/// Lines of unchanged text around each change.
const CONTEXT: usize = 3;
/// After this long the comparison is finished coarsely: still right, but not the shortest.
const PATIENCE: Duration = Duration::from_millis(500);

/// What becomes of the file `name`; empty when nothing does.
pub fn unified(name: &str, before: &str, after: &str, style: Style) -> String {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    let mut out = String::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        if out.is_empty() {
            let name = clean_line(name);
            out.push_str(&format!("{}\n", style.paint(Role::Strong, format!("--- {name}"))));
            out.push_str(&format!("{}\n", style.paint(Role::Strong, format!("+++ {name}"))));
        }
        out.push_str(&format!("{}\n", style.paint(Role::Faint, hunk.header())));
        for change in hunk.iter_changes() {
            let text = clean_line(change.value().trim_end_matches('\n')).into_owned();
            let line = match change.tag() {
                ChangeTag::Equal => format!(" {text}"),
                ChangeTag::Delete => style.paint(Role::Destroy, format!("-{text}")),
                ChangeTag::Insert => style.paint(Role::Add, format!("+{text}")),
            };
            out.push_str(&format!("{line}\n"));
            if change.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_stand_with_the_lines_around_them() {
        let before = "a\nb\nc\nd\ne\nf";
        assert_eq!(
            unified("x.plat", before, "a\nb\nc\nd\nE\nf\n", Style::PLAIN),
            "--- x.plat\n+++ x.plat\n@@ -2,5 +2,5 @@\n b\n c\n d\n-e\n-f\n\\ No newline at end of file\n+E\n+f\n"
        );
        assert_eq!(unified("x.plat", before, before, Style::PLAIN), "");
    }

    #[test]
    fn what_is_taken_and_what_is_put_have_colours() {
        let color = Style { color: true, width: 80 };
        assert!(unified("x", "a\n", "b\n", color).ends_with("\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n"));
    }
}
