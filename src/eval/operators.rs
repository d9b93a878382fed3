//! What the operators do on known values. Overflow and division by zero are errors, never wrong numbers.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::MAX_RANGE;
use super::machine::{Answer, fail, fail_with};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::value::{Duration, Size, Value};

pub(super) fn unary(op: UnaryOp, value: &Value, span: Span) -> Answer {
    let negated = match (op, value) {
        (UnaryOp::Not, Value::Bool(b)) => return Ok(Value::Bool(!b)),
        (UnaryOp::Minus, Value::Int(n)) => n.checked_neg().map(Value::Int),
        (UnaryOp::Minus, Value::Float(n)) => Some(Value::Float(-n)),
        (UnaryOp::Minus, Value::Duration(d)) => d.0.checked_neg().map(|s| Value::Duration(Duration(s))),
        _ => None,
    };
    negated.map_or_else(|| fail(span, "the result is too large"), Ok)
}

/// The order of two values of one ordered type.
pub(super) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => float(a)?.partial_cmp(&float(b)?),
        (Value::Size(a), Value::Size(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Version(a), Value::Version(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Ip(a), Value::Ip(b)) => Some(a.cmp(b)),
        (Value::Cidr(a), Value::Cidr(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[allow(clippy::cast_precision_loss, reason = "an Int beside a Float counts as one by the language's rule")]
fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        _ => None,
    }
}

pub(super) fn binary(op: BinaryOp, a: &Value, b: &Value, span: Span) -> Answer {
    use BinaryOp::{Greater, GreaterEqual, Less, LessEqual, Range, RangeInclusive};
    match op {
        Less | LessEqual | Greater | GreaterEqual => {
            let Some(order) = compare(a, b) else { return fail(span, "these have no order") };
            return Ok(Value::Bool(match op {
                Less => order.is_lt(),
                LessEqual => order.is_le(),
                Greater => order.is_gt(),
                _ => order.is_ge(),
            }));
        }
        Range | RangeInclusive => return range(a, b, op == RangeInclusive, span),
        _ => {}
    }
    if matches!(op, BinaryOp::Divide | BinaryOp::Remainder) && is_zero(b) {
        return fail_with(span, "division by zero", "ask before: `if n != 0 { … } else { … }`");
    }
    match arithmetic(op, a, b) {
        Some(Value::Float(n)) if !n.is_finite() => fail(span, "the result is too large"),
        Some(value) => Ok(value),
        None => fail_with(
            span,
            "the result is too large or below zero",
            format!("a whole number is from {} to {}, and a size is never below zero", i64::MIN, i64::MAX),
        ),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Int(n) => *n == 0,
        Value::Float(n) => *n == 0.0,
        Value::Size(s) => s.0 == 0,
        Value::Duration(d) => d.0 == 0,
        _ => false,
    }
}

fn range(a: &Value, b: &Value, inclusive: bool, span: Span) -> Answer {
    let (Value::Int(from), Value::Int(to)) = (a, b) else { return fail(span, "a range is of whole numbers") };
    let end = if inclusive { to.saturating_add(1) } else { *to };
    if end.saturating_sub(*from) > MAX_RANGE {
        let help = "count what there is, not all that there could be";
        return fail_with(span, format!("this range has more than {MAX_RANGE} elements"), help);
    }
    Ok(Value::list((*from..end).map(Value::Int)))
}

fn arithmetic(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => integers(op, *x, *y).map(Value::Int),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => floats(op, float(a)?, float(b)?).map(Value::Float),
        (Value::String(x), Value::String(y)) if op == BinaryOp::Add => Some(Value::str(format!("{x}{y}"))),
        (Value::List(x), Value::List(y)) if op == BinaryOp::Add => Some(Value::list(x.iter().chain(y.iter()).cloned())),
        (Value::Duration(x), Value::Duration(y)) if op == BinaryOp::Divide => x.0.checked_div(y.0).map(Value::Int),
        (Value::Duration(x), Value::Duration(y)) => integers(op, x.0, y.0).map(|n| Value::Duration(Duration(n))),
        (Value::Duration(x), Value::Int(n)) | (Value::Int(n), Value::Duration(x)) => {
            integers(op, x.0, *n).map(|n| Value::Duration(Duration(n)))
        }
        (Value::Size(x), Value::Size(y)) => sizes(op, *x, *y),
        (Value::Size(x), Value::Int(n)) | (Value::Int(n), Value::Size(x)) => {
            let n = u64::try_from(*n).ok()?;
            let bytes = match op {
                BinaryOp::Multiply => x.0.checked_mul(n),
                BinaryOp::Divide => x.0.checked_div(n),
                _ => None,
            };
            bytes.map(|b| Value::Size(Size(b)))
        }
        (Value::Ip(ip), Value::Int(n)) => {
            let n = if op == BinaryOp::Subtract { n.checked_neg()? } else { *n };
            offset_ip(*ip, i128::from(n)).map(Value::Ip)
        }
        _ => None,
    }
}

fn integers(op: BinaryOp, x: i64, y: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Subtract => x.checked_sub(y),
        BinaryOp::Multiply => x.checked_mul(y),
        BinaryOp::Divide => x.checked_div(y),
        BinaryOp::Remainder => x.checked_rem(y),
        _ => None,
    }
}

fn floats(op: BinaryOp, x: f64, y: f64) -> Option<f64> {
    match op {
        BinaryOp::Add => Some(x + y),
        BinaryOp::Subtract => Some(x - y),
        BinaryOp::Multiply => Some(x * y),
        BinaryOp::Divide => Some(x / y),
        _ => None,
    }
}

fn sizes(op: BinaryOp, x: Size, y: Size) -> Option<Value> {
    match op {
        BinaryOp::Add => x.0.checked_add(y.0).map(|b| Value::Size(Size(b))),
        BinaryOp::Subtract => x.0.checked_sub(y.0).map(|b| Value::Size(Size(b))),
        BinaryOp::Divide => x.0.checked_div(y.0).and_then(|n| i64::try_from(n).ok()).map(Value::Int),
        _ => None,
    }
}

/// The address `n` further on.
pub(super) fn offset_ip(ip: IpAddr, n: i128) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(v4) => {
            let moved = i128::from(u32::from(v4)).checked_add(n)?;
            u32::try_from(moved).ok().map(|n| IpAddr::V4(n.into()))
        }
        IpAddr::V6(v6) => {
            let base = u128::from(v6);
            let moved = if n < 0 { base.checked_sub(n.unsigned_abs()) } else { base.checked_add(n.unsigned_abs()) };
            moved.map(|n| IpAddr::V6(n.into()))
        }
    }
}
