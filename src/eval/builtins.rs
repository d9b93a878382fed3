//! What functions and methods do.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use ipnet::IpNet;

use super::machine::{Answer, Locals, Machine, elements, fail, fail_with, written_out};
use super::operators::{self, compare, offset_ip};
use super::{MAX_PARTS, MAX_RANGE, MAX_TEXT};
use crate::check::builtin::{Builtin, Cost, Method};
use crate::check::typed::{ExprId, ExprKind, Program};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::value::{EvalFailure, Object, Unknown, Value};

/// Largest file that `file(…)` reads, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// Most records or lists that `unique` compares each with each.
const MAX_ALIKE: usize = 5_000;

/// A value as it stands in a text.
pub(super) fn print(value: &Value, out: &mut String) {
    // Writing to a `String` cannot fail.
    let _ = match value {
        Value::String(text) => out.write_str(text),
        Value::Bool(b) => write!(out, "{b}"),
        Value::Int(n) => write!(out, "{n}"),
        Value::Float(n) => write!(out, "{n}"),
        Value::Cidr(c) => write!(out, "{c}"),
        Value::Ip(i) => write!(out, "{i}"),
        Value::Size(s) => write!(out, "{s}"),
        Value::Duration(d) => write!(out, "{d}"),
        Value::Version(v) => out.write_str(&v.0),
        _ => Ok(()),
    };
}

pub(super) fn function(builtin: Builtin, args: &[Value], program: &Program, span: Span) -> Answer {
    let text = args.first().and_then(Value::as_str).unwrap_or("");
    match builtin {
        Builtin::Cidr => match text.parse::<IpNet>() {
            Ok(net) if net.addr() == net.network() => Ok(Value::Cidr(net)),
            Ok(net) => fail_with(span, format!("`{text}` has bits set beyond its prefix"), format!("the network is `{}`", net.trunc())),
            Err(_) => fail_with(span, format!("`{text}` is not a network"), "a network is written like `10.0.0.0/16`"),
        },
        Builtin::Ip => text.parse().map(Value::Ip).or_else(|_| {
            fail_with(span, format!("`{text}` is not an IP address"), "an address is written like `10.0.0.1`, without a prefix")
        }),
        Builtin::Json => {
            args.first().map_or(Ok(0), |value| written_out(value, span))?;
            let json = args.first().map(crate::schema::value_to_json).unwrap_or_default();
            serde_json::to_string(&json).map(Value::str).or_else(|e| fail(span, e.to_string()))
        }
        Builtin::File => file(text, program, span),
        Builtin::Reachable => fail(span, "`reachable` can be asked by an `assert` only"),
    }
}

/// The text of a file inside the project; in a fetched module, of one beside it that does not leave the module.
fn file(name: &str, program: &Program, span: Span) -> Answer {
    let (folder, root, whole) = match program.fetched.get(&span.file) {
        Some((folder, tree)) => (folder, tree, "module"),
        None => (&program.root, &program.root, "project"),
    };
    let place = match folder.join(name).canonicalize() {
        Ok(place) if place.starts_with(root) => place,
        Ok(_) => {
            let help = format!("nothing outside of the {whole} is read: put it into the folder, or give what it says as a param");
            return fail_with(span, format!("`{name}` is outside the {whole}"), help);
        }
        Err(_) => {
            let help = format!("its path starts at `{}`", folder.display());
            return fail_with(span, format!("there is no file `{name}` in the {whole}"), help);
        }
    };
    let small = std::fs::metadata(&place).is_ok_and(|m| m.is_file() && m.len() <= MAX_FILE);
    if !small {
        let help = "a program reads small texts: policies, scripts, settings";
        return fail_with(span, format!("`{name}` is not a regular file of at most {} KiB", MAX_FILE >> 10), help);
    }
    let text = program.files.text(&place, span, || crate::files::read_text(&place, MAX_FILE).map(Arc::from));
    text.map(Value::str).or_else(|_| fail_with(span, format!("`{name}` is not readable as UTF-8 text"), "save it as UTF-8"))
}

/// Steps that a call is worth, by what it says of itself.
pub(super) fn cost(cost: Cost, receiver: &Value, args: &[Value]) -> u64 {
    let items = |value: &Value| match value {
        Value::List(items) => items.len() as u64,
        Value::Object(entries) => entries.len() as u64,
        _ => 0,
    };
    let all = || args.iter().map(Value::weight).fold(receiver.weight(), u64::saturating_add);
    match cost {
        Cost::One => 1,
        Cost::Items => args.iter().map(items).fold(1 + items(receiver), u64::saturating_add),
        Cost::All => all(),
        Cost::Sorted => all().saturating_mul(u64::from(items(receiver).max(2).ilog2())),
        Cost::File => 200,
        Cost::Network => 500,
    }
}

/// What a lambda gave for each element, or the unknown that the whole call waits for.
enum Rounds<T> {
    Done(Vec<T>),
    Waits(Arc<Unknown>),
}

pub(super) fn method(machine: &Machine<'_>, id: ExprId, method: Method, receiver: &Value, args: &[ExprId], locals: &Locals) -> Answer {
    let span = machine.span(id);
    if let Some(answer) = with_lambda(machine, id, method, receiver, args, locals)? {
        return Ok(answer);
    }
    let args = args.iter().map(|arg| machine.eval(*arg, locals)).collect::<Result<Vec<_>, _>>()?;
    // These look into elements; the others only count or move them.
    let looks_inside = !matches!(
        method,
        Method::ListLen
            | Method::ListReverse
            | Method::ListFirst
            | Method::ListLast
            | Method::ListTake
            | Method::ListSkip
            | Method::ListFlatten
            | Method::ListZip
            | Method::MapLen
            | Method::MapKeys
            | Method::MapValues
            | Method::MapContains
            | Method::MapGet
            | Method::MapMerge
    );
    let inside = match receiver {
        // How many there are is not known before each list is.
        Value::List(items) if method == Method::ListFlatten => items.iter().find_map(unknown_itself),
        receiver => looks_inside.then(|| receiver.unknown()).flatten(),
    };
    if let Some(unknown) = inside.or_else(|| args.iter().find_map(Value::unknown)) {
        args.iter().chain([receiver]).for_each(|value| machine.foresee_parts(value, span));
        return Ok(machine.suspend(id, locals, unknown));
    }
    machine.charge(cost(method.cost(), receiver, &args), span)?;
    match receiver {
        Value::List(items) => list(machine, method, items, &args, span),
        Value::Object(entries) => map(method, entries, &args, span),
        Value::String(text) => string(method, text, &args, span),
        Value::Cidr(net) => cidr(method, *net, &args, span),
        other => number(method, other, &args, span),
    }
}

/// Methods that call a function for each element; `None` for the others.
fn with_lambda(
    machine: &Machine<'_>,
    id: ExprId,
    method: Method,
    receiver: &Value,
    args: &[ExprId],
    locals: &Locals,
) -> Result<Option<Value>, EvalFailure> {
    let Some((params, body)) = args.first().and_then(|arg| match machine.world.program.expr(*arg).map(|e| &e.kind) {
        Some(ExprKind::Lambda { params, body }) => Some((*params, *body)),
        _ => None,
    }) else {
        return Ok(None);
    };
    let pairs = match elements(receiver) {
        Ok(pairs) => pairs,
        Err(unknown) => return Ok(Some(machine.suspend(id, locals, &unknown))),
    };
    machine.charge(cost(method.cost(), receiver, &[]), machine.span(id))?;
    let call = |key: &Value, value: &Value| {
        let bound = if params == 2 { locals.with(key.clone()).with(value.clone()) } else { locals.with(value.clone()) };
        machine.eval(body, &bound)
    };
    let mut results = Vec::with_capacity(pairs.len());
    for (key, value) in &pairs {
        results.push(call(key, value)?);
    }
    let span = machine.span(id);
    // These need to know what the function said; the others only pass it on.
    let decides = !matches!(method, Method::ListMap | Method::MapMap);
    let rounds = match results.iter().find_map(unknown_itself).cloned() {
        Some(unknown) if decides => Rounds::Waits(unknown),
        _ => Rounds::Done(results),
    };
    let results = match rounds {
        Rounds::Waits(unknown) => {
            machine.foresee_parts(receiver, span);
            return Ok(Some(machine.suspend(id, locals, &unknown)));
        }
        Rounds::Done(results) => results,
    };
    let truths = || results.iter().map(|r| matches!(r, Value::Bool(true)));
    let chosen = || pairs.iter().zip(truths()).filter(|(_, keep)| *keep).map(|(pair, _)| pair);
    let keyed = |(key, value): (&Value, Value)| (Arc::<str>::from(key.as_str().unwrap_or("")), value);
    Ok(Some(match method {
        Method::ListMap => Value::list(results),
        Method::ListFilter => Value::list(chosen().map(|(_, v)| v.clone())),
        Method::ListAny => Value::Bool(truths().any(|t| t)),
        Method::ListAll => Value::Bool(truths().all(|t| t)),
        Method::ListFlatMap => {
            let size = results.iter().map(|r| if let Value::List(items) = r { items.len() } else { 0 }).sum();
            fits(size, MAX_PARTS, span)?;
            Value::list(results.iter().flat_map(|r| if let Value::List(items) = r { items.to_vec() } else { Vec::new() }))
        }
        Method::ListToMap => {
            let mut object = Object::default();
            for (name, (_, value)) in results.iter().zip(&pairs) {
                let name: Arc<str> = name.as_str().unwrap_or("").into();
                if object.insert(name.clone(), value.clone()).is_some() {
                    return fail(span, format!("the key \"{name}\" comes twice"));
                }
            }
            Value::Object(Arc::new(object))
        }
        Method::MapMap => Value::object(pairs.iter().zip(results).map(|((k, _), r)| keyed((k, r)))),
        Method::MapFilter => Value::object(chosen().map(|(k, v)| keyed((k, v.clone())))),
        _ => return Ok(None),
    }))
}

fn unknown_itself(value: &Value) -> Option<&Arc<Unknown>> {
    match value {
        Value::Unknown(unknown) => Some(unknown),
        _ => None,
    }
}

/// Refuses a result that is too large before it is made.
fn fits(size: usize, most: usize, span: Span) -> Result<(), EvalFailure> {
    if size > most { fail(span, format!("the result is too large: its size would be {size}, and {most} is the most")) } else { Ok(()) }
}

fn int(args: &[Value], at: usize) -> i64 {
    match args.get(at) {
        Some(Value::Int(n)) => *n,
        _ => 0,
    }
}

fn length(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn list(machine: &Machine<'_>, method: Method, items: &[Value], args: &[Value], span: Span) -> Answer {
    let count = usize::try_from(int(args, 0).max(0)).unwrap_or(usize::MAX);
    Ok(match method {
        Method::ListLen => length(items.len()),
        Method::ListUnique => {
            // By their text first: comparing each with each would take forever.
            let mut seen: HashMap<String, Vec<&Value>> = HashMap::new();
            let mut unique = Vec::new();
            for item in items {
                let mut text = String::new();
                print(item, &mut text);
                let alike = seen.entry(text).or_default();
                let mut before = alike.iter();
                if !before.try_fold(false, |found, other| Ok(found || machine.equal(other, item, span)?))? {
                    alike.push(item);
                    unique.push(item.clone());
                }
                if alike.len() > MAX_ALIKE {
                    return fail(span, format!("`unique` tells at most {MAX_ALIKE} records or lists apart"));
                }
            }
            Value::list(unique)
        }
        Method::ListSort => {
            let mut sorted = items.to_vec();
            sorted.sort_by(|a, b| compare(a, b).unwrap_or(std::cmp::Ordering::Equal));
            Value::list(sorted)
        }
        Method::ListReverse => Value::list(items.iter().rev().cloned()),
        Method::ListFirst => items.first().cloned().unwrap_or(Value::Null),
        Method::ListLast => items.last().cloned().unwrap_or(Value::Null),
        Method::ListTake => Value::list(items.iter().take(count).cloned()),
        Method::ListSkip => Value::list(items.iter().skip(count).cloned()),
        Method::ListContains => {
            let Some(wanted) = args.first() else { return Ok(Value::Bool(false)) };
            for item in items {
                if machine.equal(item, wanted, span)? {
                    return Ok(Value::Bool(true));
                }
            }
            Value::Bool(false)
        }
        Method::ListJoin => {
            let between = args.first().and_then(Value::as_str).unwrap_or("");
            let size = items.iter().filter_map(Value::as_str).map(|text| text.len() + between.len()).sum();
            fits(size, MAX_TEXT, span)?;
            Value::str(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(between))
        }
        Method::ListFlatten => {
            let size = items.iter().map(|item| if let Value::List(inner) = item { inner.len() } else { 0 }).sum();
            fits(size, MAX_PARTS, span)?;
            Value::list(items.iter().flat_map(|item| if let Value::List(inner) = item { inner.to_vec() } else { Vec::new() }))
        }
        Method::ListZip => zip(items, args, span)?,
        Method::ListSum => {
            return items
                .iter()
                .skip(1)
                .try_fold(items.first().cloned().unwrap_or(Value::Int(0)), |sum, item| operators::binary(BinaryOp::Add, &sum, item, span));
        }
        Method::ListMin => extreme(items, std::cmp::Ordering::Less),
        Method::ListMax => extreme(items, std::cmp::Ordering::Greater),
        _ => return fail(span, "a list has no such function"),
    })
}

/// `values.zip(keys)`: a map, key by key.
fn zip(items: &[Value], args: &[Value], span: Span) -> Answer {
    let Some(Value::List(keys)) = args.first() else { return fail(span, "`zip` takes a list of keys") };
    if keys.len() != items.len() {
        let help = "`xs.take(n)` makes the longer one shorter";
        return fail_with(span, format!("`zip` needs as many keys as values: {} and {}", keys.len(), items.len()), help);
    }
    let mut object = Object::with_capacity(items.len());
    for (key, item) in keys.iter().zip(items) {
        let key = key.as_str().unwrap_or("");
        if object.insert(key.into(), item.clone()).is_some() {
            return fail(span, format!("the key \"{key}\" comes twice"));
        }
    }
    Ok(Value::Object(Arc::new(object)))
}

fn extreme(items: &[Value], wanted: std::cmp::Ordering) -> Value {
    items.iter().reduce(|best, item| if compare(item, best) == Some(wanted) { item } else { best }).cloned().unwrap_or(Value::Null)
}

fn map(method: Method, entries: &Object, args: &[Value], span: Span) -> Answer {
    let key = args.first().and_then(Value::as_str).unwrap_or("");
    Ok(match method {
        Method::MapLen => length(entries.len()),
        Method::MapKeys => Value::list(entries.keys().map(|k| Value::String(k.clone()))),
        Method::MapValues => Value::list(entries.values().cloned()),
        Method::MapContains => Value::Bool(entries.contains_key(key)),
        Method::MapGet => entries.get(key).cloned().unwrap_or(Value::Null),
        Method::MapMerge => {
            let mut merged = entries.clone();
            if let Some(Value::Object(more)) = args.first() {
                merged.extend(more.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
            Value::Object(Arc::new(merged))
        }
        _ => return fail(span, "a map has no such function"),
    })
}

fn string(method: Method, text: &str, args: &[Value], span: Span) -> Answer {
    let arg = |at: usize| args.get(at).and_then(Value::as_str).unwrap_or("");
    Ok(match method {
        Method::StringLen => length(text.chars().count()),
        Method::StringUpper => Value::str(text.to_uppercase()),
        Method::StringLower => Value::str(text.to_lowercase()),
        Method::StringTrim => Value::str(text.trim()),
        Method::StringSplit if arg(0).is_empty() => return fail_with(span, "`split` needs a text to split at", "write `.split(\",\")`"),
        Method::StringSplit => Value::list(text.split(arg(0)).map(Value::str)),
        Method::StringReplace if arg(0).is_empty() => {
            return fail_with(span, "`replace` needs a text to look for", "write `.replace(\"old\", \"new\")`");
        }
        Method::StringReplace if arg(1).len() > arg(0).len() => {
            let more = text.matches(arg(0)).count().saturating_mul(arg(1).len() - arg(0).len());
            fits(text.len().saturating_add(more), MAX_TEXT, span)?;
            Value::str(text.replace(arg(0), arg(1)))
        }
        Method::StringReplace => Value::str(text.replace(arg(0), arg(1))),
        Method::StringStartsWith => Value::Bool(text.starts_with(arg(0))),
        Method::StringEndsWith => Value::Bool(text.ends_with(arg(0))),
        Method::StringContains => Value::Bool(text.contains(arg(0))),
        Method::StringTake => Value::str(text.chars().take(usize::try_from(int(args, 0).max(0)).unwrap_or(usize::MAX)).collect::<String>()),
        _ => return fail(span, "a text has no such function"),
    })
}

fn cidr(method: Method, net: IpNet, args: &[Value], span: Span) -> Answer {
    Ok(match method {
        Method::CidrSubnet => return subnet(net, int(args, 0), int(args, 1), span),
        Method::CidrContains => Value::Bool(match args.first() {
            Some(Value::Cidr(other)) => net.contains(other),
            Some(Value::Ip(ip)) => net.contains(ip),
            _ => return fail(span, "`contains` takes a network or an address"),
        }),
        Method::CidrOverlaps => {
            Value::Bool(matches!(args.first(), Some(Value::Cidr(other)) if net.contains(other) || other.contains(&net)))
        }
        Method::CidrPrefix => Value::Int(i64::from(net.prefix_len())),
        Method::CidrAddress => Value::Ip(net.network()),
        Method::CidrHost => {
            let n = int(args, 0);
            let from = if n < 0 { net.broadcast() } else { net.network() };
            let n = if n < 0 { n + 1 } else { n };
            match offset_ip(from, i128::from(n)).filter(|ip| net.contains(ip)) {
                Some(ip) => Value::Ip(ip),
                None => {
                    let help = "they are counted from 0, and from the end by -1, -2, …";
                    return fail_with(span, format!("`{net}` has no address number {}", int(args, 0)), help);
                }
            }
        }
        Method::ToText => Value::str(net.to_string()),
        _ => return fail(span, "a network has no such function"),
    })
}

/// The `number`th of the networks that `bits` more bits of prefix make out of one.
fn subnet(net: IpNet, bits: i64, number: i64, span: Span) -> Answer {
    let prefix = u8::try_from(i64::from(net.prefix_len()).saturating_add(bits)).ok().filter(|p| bits >= 0 && *p <= net.max_prefix_len());
    let Some(prefix) = prefix else {
        return fail_with(
            span,
            format!("`{net}` cannot be cut by {bits} more bits"),
            format!("its addresses have {}: at most {} more", net.max_prefix_len(), net.max_prefix_len() - net.prefix_len()),
        );
    };
    let fits = (0..=MAX_RANGE).contains(&number) && (bits >= 63 || number < 1i64 << bits);
    if !fits {
        let last = (1i128 << bits.min(100)) - 1;
        return fail_with(span, format!("`{net}` has no network number {number} of /{prefix}"), format!("they are numbered 0 to {last}"));
    }
    let step = 1i128.checked_shl(u32::from(net.max_prefix_len() - prefix)).unwrap_or(0);
    let start = offset_ip(net.network(), step.saturating_mul(i128::from(number)));
    match start.and_then(|ip| IpNet::new(ip, prefix).ok()) {
        Some(net) => Ok(Value::Cidr(net)),
        None => fail(span, "there is no such network"),
    }
}

fn number(method: Method, value: &Value, args: &[Value], span: Span) -> Answer {
    let other = args.first().unwrap_or(&Value::Null);
    Ok(match method {
        Method::NumberAbs => match value {
            Value::Int(n) => n.checked_abs().map(Value::Int).map_or_else(|| fail(span, "the result is too large"), Ok)?,
            Value::Float(n) => Value::Float(n.abs()),
            _ => return fail(span, "only a number has `abs`"),
        },
        Method::NumberMin => {
            if compare(other, value).is_some_and(std::cmp::Ordering::is_lt) {
                other.clone()
            } else {
                value.clone()
            }
        }
        Method::NumberMax => {
            if compare(other, value).is_some_and(std::cmp::Ordering::is_gt) {
                other.clone()
            } else {
                value.clone()
            }
        }
        Method::ToText => {
            let mut text = String::new();
            print(value, &mut text);
            Value::str(text)
        }
        _ => return fail(span, "this has no such function"),
    })
}
