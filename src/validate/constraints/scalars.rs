//! Texts, numbers, networks, and true and false.

use std::borrow::Cow;

use ipnet::IpNet;

use super::describe::{listed, shown};
use super::{Checker, FORM, Subject, Trail, VALUE, Verdict, and, suggest};
use crate::schema::{Scalar, Shape, Unit};
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn scalar(&mut self, shape: &Shape, subject: Subject<'_>, trail: &Trail<'_>) -> Verdict {
        self.explained(shape, |checker| {
            let value = subject.value;
            if matches!(value, Value::Secret(secret) if secret.expose().is_none()) {
                return None;
            }
            let mut verdict = Some(true);
            if has_text_rules(shape)
                && let Some(text) = text(value)
            {
                verdict = and(verdict, checker.text(shape, &text, value, trail));
            }
            if let Value::Cidr(network) = value {
                verdict = and(verdict, checker.network(shape, network, trail));
            }
            verdict = and(verdict, checker.number(shape, subject, trail));
            and(verdict, checker.among(shape, subject, trail))
        })
    }

    fn text(&mut self, shape: &Shape, text: &str, value: &Value, trail: &Trail<'_>) -> Verdict {
        let name = trail.name();
        // The length of a secret is no one's business.
        let (long, found) = match value {
            Value::Secret(_) => (String::new(), "a secret".to_owned()),
            value => (format!(", found {}", text.chars().count()), shown(value)),
        };
        let length = text.chars().count();
        let help = || match value {
            Value::Secret(_) => None,
            _ => suggest::nearest(shape, text),
        };
        let matching = |pattern: &str| Some(format!("write a text that matches `{pattern}`"));
        if shape.min_length.is_some_and(|least| length < least) {
            let least = shape.min_length.unwrap_or_default();
            let message = || format!("expected at least {} in `{name}`{long}", characters(least));
            return self.refuse(FORM, trail, message, || Some(format!("write at least {}", characters(least))));
        }
        if shape.max_length.is_some_and(|most| length > most) {
            let most = shape.max_length.unwrap_or_default();
            let message = || format!("expected at most {} in `{name}`{long}", characters(most));
            return self.refuse(FORM, trail, message, || help().or_else(|| Some(format!("shorten it to {}", characters(most)))));
        }
        if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            let message = || format!("expected `{name}` to match `{}`, found {found}", pattern.text);
            return self.refuse(FORM, trail, message, || help().or_else(|| matching(&pattern.text)));
        }
        let format = shape.format.zip(shape.format_pattern.as_ref());
        if let Some((format, pattern)) = format.filter(|(_, pattern)| !pattern.is_match(text)) {
            let message = || format!("expected {} in `{name}`, found {found}", thing(format));
            return self.refuse(FORM, trail, message, || Some(format!("{} matches `{}`", thing(format), pattern.text)));
        }
        Some(true)
    }

    fn network(&mut self, shape: &Shape, network: &IpNet, trail: &Trail<'_>) -> Verdict {
        let name = trail.name();
        let wanted = match (shape.format, network) {
            (Some("ipv4-network"), IpNet::V6(_)) => Some("an IPv4 network"),
            (Some("ipv6-network"), IpNet::V4(_)) => Some("an IPv6 network"),
            _ => None,
        };
        let other = self.other_network;
        if let Some(wanted) = wanted {
            return self.refuse(
                FORM,
                trail,
                || format!("expected {wanted} in `{name}`, found `{network}`"),
                || {
                    Some(match other {
                        Some(other) => format!("write it as `{other}`"),
                        None => format!("write {wanted}"),
                    })
                },
            );
        }
        let (least, most) = (shape.prefix_min.unwrap_or(0), shape.prefix_max.unwrap_or(128));
        if (least..=most).contains(&network.prefix_len()) {
            return Some(true);
        }
        let nearest = network.prefix_len().clamp(least, most);
        let help = || {
            let nearest = IpNet::new(network.addr(), nearest).ok()?.trunc();
            Some(format!("the nearest that is taken: `{nearest}`"))
        };
        self.refuse(VALUE, trail, || format!("expected a network from /{least} to /{most} in `{name}`, found `{network}`"), help)
    }

    fn number(&mut self, shape: &Shape, subject: Subject<'_>, trail: &Trail<'_>) -> Verdict {
        if shape.minimum.is_none() && shape.maximum.is_none() && shape.exclusive_minimum.is_none() && shape.exclusive_maximum.is_none() {
            return Some(true);
        }
        let Some(number) = number(subject) else { return Some(true) };
        let unit = subject.unit.map_or(String::new(), |unit| format!(" {}", unit.name()));
        let bounds = [
            (shape.minimum.filter(|least| number < *least), "at least"),
            (shape.maximum.filter(|most| number > *most), "at most"),
            (shape.exclusive_minimum.filter(|bound| number <= *bound), "more than"),
            (shape.exclusive_maximum.filter(|bound| number >= *bound), "less than"),
        ];
        match bounds.into_iter().find_map(|(bound, words)| Some((bound?, words))) {
            None => Some(true),
            Some((bound, words)) => {
                let message = || format!("expected {words} {bound}{unit} in `{}`, found {number}{unit}", trail.name());
                let help = if words.starts_with("at") {
                    format!("the nearest that is taken: {bound}{unit}")
                } else {
                    format!("write {words} {bound}{unit}")
                };
                self.refuse(VALUE, trail, message, || Some(help))
            }
        }
    }

    fn among(&mut self, shape: &Shape, subject: Subject<'_>, trail: &Trail<'_>) -> Verdict {
        let exact = shape.only.as_slice();
        let wanted = if exact.is_empty() { shape.any_of_these.as_slice() } else { exact };
        if wanted.is_empty() && shape.enum_case_insensitive.is_empty() {
            return Some(true);
        }
        let is_one = |scalar: &Scalar| is(scalar, subject, false);
        let is_alike = |scalar: &Scalar| is(scalar, subject, true);
        let verdicts: Vec<Verdict> = wanted.iter().map(is_one).chain(shape.enum_case_insensitive.iter().map(is_alike)).collect();
        if verdicts.contains(&Some(true)) {
            return Some(true);
        }
        if verdicts.contains(&None) {
            return None;
        }
        let all = || listed(wanted.iter().chain(&shape.enum_case_insensitive));
        let found = shown(subject.value);
        let message = || format!("expected `{}` to be {}, found {found}", trail.name(), all());
        let help = || {
            let text = subject.value.as_str().unwrap_or_default();
            let alike = |scalar: &&Scalar| matches!(scalar, Scalar::Text(t) if t.eq_ignore_ascii_case(text));
            Some(wanted.iter().find(alike).map_or_else(|| format!("write {}", all()), |nearest| format!("write {nearest}")))
        };
        self.refuse(VALUE, trail, message, help)
    }
}

fn has_text_rules(shape: &Shape) -> bool {
    shape.pattern.is_some() || shape.format_pattern.is_some() || shape.min_length.is_some() || shape.max_length.is_some()
}

/// The registry's text of what is a text there. Numbers have none: what is said of their digits holds of every number.
fn text(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Secret(secret) => Cow::Borrowed(secret.expose()?),
        Value::Cidr(network) => Cow::Owned(network.to_string()),
        Value::Ip(address) => Cow::Owned(address.to_string()),
        Value::Version(version) => Cow::Borrowed(&version.0),
        _ => return None,
    })
}

/// The number that the registry counts; a duration or size without a unit has none.
#[allow(clippy::cast_precision_loss)]
pub(super) fn number(subject: Subject<'_>) -> Option<f64> {
    let in_unit = |amount: f64| subject.unit.map(|unit| amount / Unit::factor(unit) as f64);
    match subject.value {
        Value::Int(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        Value::Duration(duration) => in_unit(duration.0 as f64),
        Value::Size(size) => in_unit(size.0 as f64),
        _ => None,
    }
}

/// Is the value this one? `None` for a value that cannot be compared with it.
fn is(scalar: &Scalar, subject: Subject<'_>, any_case: bool) -> Verdict {
    match (scalar, subject.value) {
        (Scalar::Text(wanted), value) => {
            let text = text(value)?;
            Some(if any_case { text.eq_ignore_ascii_case(wanted) } else { *text == **wanted })
        }
        (Scalar::Number(wanted), _) => Some((number(subject)? - wanted).abs() < f64::EPSILON),
        (Scalar::Bool(wanted), Value::Bool(value)) => Some(wanted == value),
        (Scalar::Bool(_), _) => Some(false),
    }
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".to_owned() } else { format!("{count} characters") }
}

/// `the Id of AWS::EC2::VPC`
fn thing(format: &str) -> String {
    match format.rsplit_once('.') {
        Some((of, part)) => format!("the {part} of {of}"),
        None => format.to_owned(),
    }
}
