//! The part of a file that is near what is to be shown: with the file's line numbers, and with long lines cut.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::source::SourceFile;

/// Longest line, in bytes, that is shown whole.
const LONG: usize = 400;
/// Of a longer line, what stands before the place and after it.
const BEFORE: usize = 60;
const AFTER: usize = 140;
/// Lines on either side of a place. One is shown, and one more where two places are shown as one piece.
const NEAR: usize = 2;
const CUT: &str = "…";

/// A text with as many lines as the file has up to the last place; those that are near a place have their text.
pub(super) struct Near {
    pub text: String,
    lines: BTreeMap<usize, Shown>,
}

/// The part of a line that is shown.
struct Shown {
    /// In the file.
    part: Range<usize>,
    /// Where that begins in [`Near::text`].
    at: usize,
}

impl Near {
    /// The lines of the places and those near them.
    pub(super) fn new(file: &SourceFile, places: &[Range<usize>]) -> Self {
        let mut wanted: BTreeMap<usize, usize> = BTreeMap::new();
        for offset in places.iter().flat_map(|place| [place.start, place.end]) {
            let line = file.line_of(offset);
            for near in line.saturating_sub(NEAR).max(1)..=line + NEAR {
                wanted.entry(near).or_insert(file.line_range(near).start);
            }
        }
        for offset in places.iter().map(|place| place.start).rev() {
            wanted.insert(file.line_of(offset), offset);
        }
        let (mut text, mut lines, mut line) = (String::new(), BTreeMap::new(), 1);
        for (wanted, focus) in wanted {
            let whole = file.line_range(wanted);
            if whole.start >= file.text.len() && wanted > 1 {
                break;
            }
            text.extend(std::iter::repeat_n('\n', wanted - line));
            line = wanted;
            let part = visible(&file.text, &whole, focus);
            if part.start > whole.start {
                text.push_str(CUT);
            }
            let at = text.len();
            text.push_str(file.text.get(part.clone()).unwrap_or(""));
            if part.end < whole.end {
                text.push_str(CUT);
            }
            lines.insert(wanted, Shown { part, at });
        }
        text.push('\n');
        Self { text, lines }
    }

    /// Where a place of the file is in the text; the nearest place for one that is cut away.
    pub(super) fn place(&self, offset: usize) -> usize {
        let shown = self.lines.values().rev().find(|shown| shown.part.start <= offset).or_else(|| self.lines.values().next());
        shown.map_or(0, |shown| shown.at + offset.clamp(shown.part.start, shown.part.end) - shown.part.start)
    }
}

/// The part of a line to show: all, or what is around `focus`.
fn visible(text: &str, line: &Range<usize>, focus: usize) -> Range<usize> {
    if line.len() <= LONG {
        return line.clone();
    }
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(focus.saturating_sub(BEFORE).max(line.start));
    start..boundary((focus + AFTER).min(line.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn near(text: &str, place: Range<usize>) -> Near {
        let mut sources = SourceMap::default();
        let id = sources.add("a".as_ref(), "a", text);
        Near::new(sources.file(id).unwrap(), std::slice::from_ref(&place))
    }

    #[test]
    fn lines_far_away_are_empty() {
        let shown = near("one\ntwo\nthree\nfour\nfive\nsix\n", 14..18);
        assert_eq!(shown.text, "\ntwo\nthree\nfour\nfive\nsix\n");
        assert_eq!((shown.place(14), shown.place(18)), (11, 15));
        assert_eq!(near("", 0..0).text, "\n");
        assert_eq!(near("a\nb", 3..3).text, "a\nb\n");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}é?{}\nb", "ä".repeat(1_000), "x".repeat(1_000));
        let shown = near(&text, 2_002..2_003);
        assert!(shown.text.starts_with("…ä") && shown.text.ends_with("x…\nb\n") && shown.text.len() < 300, "{}", shown.text);
        let at = shown.place(2_002);
        assert_eq!(&shown.text[at..=at], "?");
        assert_eq!(shown.place(0), "…".len());
        assert!(shown.place(3_000) > at);
    }
}
