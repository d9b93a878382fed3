//! The arms of a `match`: every value has one, and every one has a value.

use super::{Checker, mismatch};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arm, Pattern};
use crate::types::{Type, is_assignable};
use crate::value::Value;

impl Checker<'_> {
    /// A pattern must fit the subject's type.
    pub(super) fn pattern(&mut self, pattern: &Pattern, span: Span, subject: &Type) {
        let values: Vec<&Value> = match pattern {
            Pattern::Any => Vec::new(),
            Pattern::Value(value) => vec![value],
            Pattern::Range { from, to, .. } => vec![from, to],
        };
        for value in values {
            let fits = match (value, subject.required()) {
                (_, Type::Error) => true,
                (Value::String(text), Type::Union(texts)) => texts.contains(text),
                (Value::String(_), Type::String | Type::Id(_) | Type::Arn(_) | Type::Version) => true,
                (Value::Null, _) => matches!(subject, Type::Optional(_)),
                (value, ty) => {
                    let id = self.literal(value, span);
                    is_assignable(self.ty(id), ty)
                }
            };
            if fits {
                continue;
            }
            let help = match (value, subject.required()) {
                (Value::String(text), Type::Union(texts)) => crate::diagnostic::closest(text, texts.iter().map(|t| &**t))
                    .map_or_else(|| format!("it is {}", mismatch::describe(subject)), |close| format!("did you mean \"{close}\"?")),
                (Value::Null, _) => "it is never nothing: leave the arm out".to_owned(),
                _ => format!("write a value of `{}`", subject.required()),
            };
            self.report(
                Diagnostic::error(Code(203), span, format!("this can never match {}", mismatch::describe(subject)))
                    .label("a pattern of another type or value")
                    .help(help),
            );
            return;
        }
    }

    /// Every value must have an arm.
    pub(super) fn exhaustive(&mut self, arms: &[Arm], subject: &Type, span: Span) {
        let sure: Vec<&Pattern> = arms.iter().filter(|a| a.guard.is_none()).flat_map(|a| a.patterns.iter().map(|p| &p.node)).collect();
        if *subject == Type::Error || sure.iter().any(|p| matches!(p, Pattern::Any)) {
            return;
        }
        let missing = missing(&sure, subject);
        if let Some(first) = missing.first() {
            self.report(
                Diagnostic::error(
                    Code(219),
                    span,
                    format!("`match` has no arm for {}", if first == "_" { "other values".to_owned() } else { missing.join(", ") }),
                )
                .label("not every value is covered")
                .help(format!("add `{first} => …`")),
            );
        }
    }

    /// Every pattern must have a value that none above it takes.
    pub(super) fn reached(&mut self, arms: &[Arm], subject: &Type) {
        let mut above: Vec<&Spanned<Pattern>> = Vec::new();
        for arm in arms {
            for pattern in &arm.patterns {
                let taken = above.iter().find(|before| covers(before, pattern)).map(|before| before.span);
                let all = || {
                    let above: Vec<&Pattern> = above.iter().map(|p| &p.node).collect();
                    !above.is_empty()
                        && matches!(pattern.node, Pattern::Any)
                        && *subject != Type::Error
                        && missing(&above, subject).is_empty()
                };
                if let Some(first) = taken {
                    self.report(
                        Diagnostic::error(Code(226), pattern.span, "this arm is never taken")
                            .label("what fits here is taken above")
                            .also(first, "by this")
                            .help("take it away, or put it above the other"),
                    );
                } else if all() {
                    self.report(
                        Diagnostic::error(Code(226), pattern.span, "this arm is never taken")
                            .label(format!("the arms above cover all of {}", mismatch::describe(subject)))
                            .help("take it away: a value that comes to be possible later is then told of"),
                    );
                }
                if arm.guard.is_none() {
                    above.push(pattern);
                }
            }
        }
    }
}

/// The values that none of the patterns takes, as they are written.
fn missing(sure: &[&Pattern], subject: &Type) -> Vec<String> {
    let covered = |value: &Value| sure.iter().any(|p| matches!(p, Pattern::Any) || matches!(p, Pattern::Value(v) if v == value));
    let mut missing: Vec<String> = match subject.required() {
        Type::Union(texts) => texts.iter().filter(|t| !covered(&Value::String((*t).clone()))).map(|t| format!("\"{t}\"")).collect(),
        Type::Bool => [true, false].into_iter().filter(|b| !covered(&Value::Bool(*b))).map(|b| b.to_string()).collect(),
        _ => vec!["_".to_owned()],
    };
    if matches!(subject, Type::Optional(_)) && !covered(&Value::Null) {
        missing.push("null".to_owned());
    }
    missing
}

/// Whether `before` takes all that `pattern` would.
fn covers(before: &Pattern, pattern: &Pattern) -> bool {
    let within = |value: &Value, from: &Value, to: &Value, inclusive: bool| {
        let (Some(value), Some(from), Some(to)) = (amount(value), amount(from), amount(to)) else { return false };
        from <= value && (value < to || (inclusive && value == to))
    };
    match (before, pattern) {
        (Pattern::Any, _) => true,
        (Pattern::Value(a), Pattern::Value(b)) => a == b,
        (Pattern::Range { from, to, inclusive }, Pattern::Value(value)) => within(value, from, to, *inclusive),
        (Pattern::Range { from, to, inclusive }, Pattern::Range { from: first, to: last, inclusive: with_last }) => {
            within(first, from, to, *inclusive) && (within(last, from, to, *inclusive) || (!with_last && last == to))
        }
        _ => false,
    }
}

/// A whole number of whatever is counted.
fn amount(value: &Value) -> Option<i128> {
    match value {
        Value::Int(n) => Some(i128::from(*n)),
        Value::Size(size) => Some(i128::from(size.0)),
        Value::Duration(duration) => Some(i128::from(duration.0)),
        _ => None,
    }
}
