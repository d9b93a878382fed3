//! What of an attribute changes, row by row.

use similar::{ChangeTag, TextDiff};

use super::estimate::count;
use super::value::{LATER, SECRET, field, flat, inline, is_long, key, lines};
use crate::types::Type;
use crate::value::Value;

/// Lines of a text beyond which no line-by-line comparison is made: it would take too long and nobody would read it.
const TOO_LONG: usize = 4_000;
/// Columns beyond which a single text is cut.
const CUT: usize = 160;

/// One row under a step: a name and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is set to this.
    Set(String),
    /// It was this and will not be set any more.
    Unset(String),
    /// From this to that.
    Becomes(String, String),
    /// Line by line.
    Lines(Vec<Line>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub kind: LineKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    Same,
    Old,
    New,
    /// Unchanged lines that are not shown.
    Skipped,
}

/// The rows for one attribute. Equal values give none.
pub fn rows(name: &str, before: Option<&Value>, after: Option<&Value>, ty: &Type) -> Vec<Row> {
    let row = |what| vec![Row { name: name.to_owned(), what }];
    match (before.filter(|v| !v.is_null()), after.filter(|v| !v.is_null())) {
        (None, None) => Vec::new(),
        (None, Some(new)) => row(set(new, ty)),
        (Some(Value::Secret(_)), Some(Value::Secret(_))) => row(What::Becomes(SECRET.to_owned(), "(another secret)".to_owned())),
        (Some(old), None) => row(What::Unset(short(old, ty))),
        (Some(old), Some(Value::Unknown(_))) => row(What::Becomes(short(old, ty), LATER.to_owned())),
        (Some(old), Some(new)) if old == new => Vec::new(),
        (Some(old), Some(new)) => match (flat(old), flat(new)) {
            (Some(was), Some(is)) if was.len() + is.len() > 2 => by_key(name, was, is, ty),
            _ if is_long(old, ty) || is_long(new, ty) => row(What::Lines(compare(&lines(old, ty), &lines(new, ty)))),
            _ => row(What::Becomes(inline(old, ty), inline(new, ty))),
        },
    }
}

/// Each key of two maps by itself.
fn by_key(name: &str, was: &crate::value::Object, is: &crate::value::Object, ty: &Type) -> Vec<Row> {
    let keys = was.keys().chain(is.keys().filter(|k| !was.contains_key(*k)));
    keys.flat_map(|k| rows(&format!("{name}.{}", key(k)), was.get(k), is.get(k), &field(ty, k))).collect()
}

fn set(value: &Value, ty: &Type) -> What {
    if is_long(value, ty) {
        return What::Lines(lines(value, ty).into_iter().map(|text| Line { kind: LineKind::New, text }).collect());
    }
    What::Set(cut_text(inline(value, ty)))
}

/// A value that goes away or is replaced by an unknown, on one line.
fn short(value: &Value, ty: &Type) -> String {
    if is_long(value, ty) {
        return format!("({})", count(lines(value, ty).len(), "line", "lines"));
    }
    cut_text(inline(value, ty))
}

fn cut_text(text: String) -> String {
    let total = text.chars().count();
    if total <= CUT {
        return text;
    }
    let start: String = text.chars().take(CUT - 20).collect();
    format!("{start}… ({total} characters)")
}

/// A line-by-line comparison with two unchanged lines around each change.
fn compare(old: &[String], new: &[String]) -> Vec<Line> {
    let line = |kind, text: &str| Line { kind, text: text.to_owned() };
    if old.len() + new.len() > TOO_LONG {
        return vec![
            line(LineKind::Old, &format!("({} lines, too long to compare here)", old.len())),
            line(LineKind::New, &format!("({} lines)", new.len())),
        ];
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
    let difference = TextDiff::from_slices(&old, &new);
    let mut out = Vec::new();
    let mut shown = 0;
    for group in difference.grouped_ops(2) {
        let start = group.first().map_or(0, |op| op.old_range().start);
        skipped(start.saturating_sub(shown), &mut out);
        for op in &group {
            for change in difference.iter_changes(op) {
                let kind = match change.tag() {
                    ChangeTag::Equal => LineKind::Same,
                    ChangeTag::Delete => LineKind::Old,
                    ChangeTag::Insert => LineKind::New,
                };
                out.push(line(kind, change.value()));
            }
        }
        shown = group.last().map_or(shown, |op| op.old_range().end);
    }
    skipped(old.len().saturating_sub(shown), &mut out);
    if out.is_empty() {
        out.push(line(LineKind::Same, "(only its spelling changes, not its meaning)"));
    }
    out
}

fn skipped(lines: usize, out: &mut Vec<Line>) {
    if lines > 0 {
        out.push(Line { kind: LineKind::Skipped, text: format!("… {}", count(lines, "line as before", "lines as before")) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_change_key_by_key() {
        let old = Value::object([("a", Value::str("1")), ("b", Value::str("2"))]);
        let new = Value::object([("a", Value::str("1")), ("b", Value::str("3")), ("c", Value::str("4"))]);
        let rows = rows("tags", Some(&old), Some(&new), &Type::map(Type::String));
        assert_eq!(
            rows,
            vec![
                Row { name: "tags.b".into(), what: What::Becomes("\"2\"".into(), "\"3\"".into()) },
                Row { name: "tags.c".into(), what: What::Set("\"4\"".into()) },
            ]
        );
    }

    #[test]
    fn documents_are_compared_by_line() {
        let policy = |effect: &str| {
            Value::str(format!(
                "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"{effect}\",\"Action\":\"*\",\"Resource\":\"*\"}}]}}"
            ))
        };
        let rows = rows("policy", Some(&policy("Allow")), Some(&policy("Deny")), &Type::String);
        let What::Lines(lines) = &rows[0].what else { panic!("{rows:?}") };
        let changed: Vec<_> = lines.iter().filter(|l| matches!(l.kind, LineKind::Old | LineKind::New)).map(|l| l.text.trim()).collect();
        assert_eq!(changed, ["\"Effect\": \"Allow\",", "\"Effect\": \"Deny\","]);
    }
}
