//! "This is not what is wanted here", in words that help.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Checker, Scope};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{Field, Type, count, is_assignable};
use crate::value::{Hashing, Value};

use super::typed::{ExprId, ExprKind};

/// A type in a sentence: "the id of an `aws.ec2.VPC`", "a list of `Cidr`".
pub(super) fn describe(ty: &Type) -> String {
    match ty {
        Type::Id(of) => format!("the id of {} `{of}`", article(of)),
        Type::Arn(of) if of.is_empty() => "an ARN".to_owned(),
        Type::Arn(of) => format!("the ARN of {} `{of}`", article(of)),
        Type::Secret(of) => format!("a secret `{of}`"),
        Type::Optional(of) => format!("{}, or nothing", describe(of)),
        Type::List(of) => format!("a list of `{}`", widened(of)),
        Type::Map(of) => format!("a map of `{}`", widened(of)),
        Type::Function(_) => "a function".to_owned(),
        Type::Record(record) if record.name.is_none() => "a record".to_owned(),
        Type::Union(texts) if texts.len() == 1 => texts.first().map_or_else(String::new, |t| format!("the text \"{t}\"")),
        Type::Union(texts) => {
            let quoted: Vec<String> = texts.iter().map(|t| format!("\"{t}\"")).collect();
            match quoted.split_last() {
                Some((last, init)) if quoted.len() <= 12 => format!("{} or {last}", init.join(", ")),
                _ => format!("one of {} known texts", quoted.len()),
            }
        }
        Type::Null => "`null`".to_owned(),
        Type::Error => "something wrong".to_owned(),
        ty => {
            let name = ty.to_string();
            format!("{} `{name}`", article(&name))
        }
    }
}

/// The elements of a list of literals are texts to a reader.
fn widened(ty: &Type) -> &Type {
    if matches!(ty, Type::Union(_)) { &Type::String } else { ty }
}

pub(super) fn article(name: &str) -> &'static str {
    if name.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" }
}

/// Pairs of types that were looked at, by where they are in memory.
type Visited = HashSet<(usize, usize), Hashing>;

fn pair<T, U>(got: &Arc<T>, want: &Arc<U>) -> (usize, usize) {
    (Arc::as_ptr(got).cast::<()>() as usize, Arc::as_ptr(want).cast::<()>() as usize)
}

impl Checker<'_> {
    /// Makes `id` fit `want`, or reports why it does not. `what` is who wants it: "`vpc_id`".
    pub(super) fn coerce(&mut self, scope: &Scope, id: ExprId, want: &Type, what: &str) -> ExprId {
        let got = self.ty(id).clone();
        if is_assignable(&got, want) {
            if !self.lacks_defaults(&got, want, &mut Visited::default()) {
                return id;
            }
            let span = self.span(id);
            return self.push(ExprKind::Coerce(id), want.clone(), span);
        }
        if self.stands_for(id, &got, want, &mut Visited::default()) {
            let span = self.span(id);
            return self.push(ExprKind::Coerce(id), want.clone(), span);
        }
        let diagnostic = self.mismatch(scope, id, &got, want, what);
        self.report(diagnostic);
        let span = self.span(id);
        self.broken(span)
    }

    /// Whether a record in it leaves out what a field's default is for. A literal has them from the start.
    fn lacks_defaults(&self, got: &Type, want: &Type, seen: &mut Visited) -> bool {
        match (got, want) {
            _ if self.field_defaults.is_empty() => false,
            (Type::Record(got), Type::Record(want)) if Arc::ptr_eq(got, want) => false,
            // A pair that was looked at lacks none, or the search would have ended.
            (Type::Record(got), Type::Record(want)) if !seen.insert(pair(got, want)) => false,
            (Type::Record(got), Type::Record(want)) => {
                count(got.fields.len() + want.fields.len());
                let of = |name: &str| got.field(name);
                self.field_defaults.of(want).iter().any(|(name, _)| of(name).is_none_or(|field| field.optional))
                    || want.fields.iter().any(|field| of(&field.name).is_some_and(|own| self.lacks_defaults(&own.ty, &field.ty, seen)))
            }
            (Type::Record(got), Type::Map(want)) => {
                seen.insert(pair(got, want)) && got.fields.iter().any(|field| self.lacks_defaults(&field.ty, want, seen))
            }
            (Type::List(got), Type::List(want)) | (Type::Map(got), Type::Map(want)) => self.lacks_defaults(got, want, seen),
            (Type::Optional(got) | Type::Secret(got), want) => self.lacks_defaults(got, want, seen),
            (got, Type::Optional(want) | Type::Secret(want)) => self.lacks_defaults(got, want, seen),
            _ => false,
        }
    }

    /// A resource stands for its id or ARN; a text literal for an id, an ARN or a version.
    fn stands_for(&self, id: ExprId, got: &Type, want: &Type, seen: &mut Visited) -> bool {
        match (got, want) {
            (Type::Optional(got), Type::Optional(want)) => self.stands_for(id, got, want, seen),
            (got, Type::Optional(want)) => self.stands_for(id, got, want, seen),
            (got, Type::Secret(want)) if !matches!(got, Type::Secret(_)) => self.stands_for(id, got, want, seen),
            (Type::Resource(got), Type::Id(want)) => got == want,
            (Type::Resource(got), Type::Arn(want)) => {
                (want.is_empty() || got == want) && self.registry.get(got).is_some_and(|s| s.arn.is_some())
            }
            (Type::List(got), Type::List(want)) => is_assignable(got, want) || self.stands_for(id, got, want, seen),
            (Type::Map(got), Type::Map(want)) => is_assignable(got, want) || self.stands_for(id, got, want, seen),
            // A pair that was looked at fits, or the search would have ended.
            (Type::Record(got), Type::Record(want)) if !seen.insert(pair(got, want)) => true,
            (Type::Record(got), Type::Record(want)) => {
                count(got.fields.len() + want.fields.len());
                let mut fits = |field: &Field, own: &Field| {
                    (field.optional || !own.optional)
                        && (is_assignable(&own.ty, &field.ty) || self.stands_for(id, &own.ty, &field.ty, seen))
                };
                got.fields.iter().all(|own| want.field(&own.name).is_some_and(|field| fits(field, own)))
                    && want.fields.iter().all(|field| field.optional || got.field(&field.name).is_some())
            }
            (Type::Union(texts), Type::Arn(_)) => texts.iter().all(|t| t.starts_with("arn:")),
            (Type::Union(_), Type::Id(_)) => true,
            (Type::Union(texts), Type::Version) => texts.iter().all(|t| t.starts_with(|c: char| c.is_ascii_digit() || c == 'v')),
            // A text put together from parts may be an id or ARN; a plain `String` from elsewhere is not taken for one.
            (Type::String, Type::Id(_) | Type::Arn(_)) => matches!(self.kind(id), Some(ExprKind::Template(_))),
            _ => false,
        }
    }

    fn mismatch(&self, scope: &Scope, id: ExprId, got: &Type, want: &Type, what: &str) -> Diagnostic {
        let span = self.span(id);
        if got.holds_secret() && !want.holds_secret() {
            return self.secret_leak(span, what);
        }
        if let Type::Optional(inner) = got
            && (is_assignable(inner, want) || self.stands_for(id, inner, want, &mut Visited::default()))
        {
            return Diagnostic::error(Code(212), span, format!("{what} wants {}, and this may be nothing", describe(want.required())))
                .label(format!("`{got}`"))
                .maybe_help(self.optional_help(scope, id));
        }
        let mut diagnostic = if let (Type::Union(texts), Type::Union(allowed)) = (got, want.required()) {
            let text = texts.iter().find(|t| !allowed.contains(t)).cloned().unwrap_or_default();
            let close = crate::diagnostic::closest(&text, allowed.iter().map(|t| &**t));
            Diagnostic::error(Code(217), span, format!("{what} cannot be \"{text}\""))
                .label("not one of its values")
                .help(close.map_or_else(|| format!("it is {}", describe(want.required())), |c| format!("did you mean \"{c}\"?")))
        } else {
            Diagnostic::error(Code(203), span, format!("{what} wants {}, and this is {}", describe(want.required()), describe_got(got)))
                .label(self.label_of(id, got))
                .maybe_help(self.way_out(id, got, want.required(), span))
        };
        if let Some((name, declared)) = self.origin(scope, id) {
            diagnostic = diagnostic.also(declared, format!("`{name}` is declared here"));
        }
        diagnostic
    }

    pub(super) fn secret_leak(&self, span: Span, what: &str) -> Diagnostic {
        Diagnostic::error(Code(401), span, format!("{what} would show or store a secret"))
            .label("a secret")
            .help("give a secret only to an attribute that takes one, such as a password; the id or ARN of where it is kept is not secret")
    }

    pub(super) fn label_of(&self, id: ExprId, got: &Type) -> String {
        match got {
            Type::Union(_) => "a text".to_owned(),
            Type::Resource(name) => {
                let short = name.rsplit('.').next().unwrap_or(name);
                match self.kind(id) {
                    Some(ExprKind::Index { .. }) => format!("one `{short}` of several"),
                    _ => format!("{} `{short}`", article(short)),
                }
            }
            got => format!("`{got}`"),
        }
    }

    fn optional_help(&self, scope: &Scope, id: ExprId) -> Option<String> {
        let text = self.text(self.span(id));
        let conditional = self.origin(scope, id).map(|(name, _)| name);
        Some(match conditional {
            Some(name) if &*name == text => format!("say what holds without it, `{text} ?? …`, or add the same `if` here"),
            _ => format!("say what holds without it: `{text} ?? …`"),
        })
    }

    fn way_out(&self, id: ExprId, got: &Type, want: &Type, span: Span) -> Option<String> {
        let text = self.text(span);
        let literal = match self.kind(id) {
            Some(ExprKind::Const(value)) => Some(value),
            _ => None,
        };
        if let Some(ExprKind::Member { base, .. }) = self.kind(id)
            && matches!(want, Type::Component(_) | Type::Resource(_))
            && self.ty(*base) == want
        {
            let whole = self.text(self.span(*base));
            return Some(format!(
                "give {} itself: `{whole}`",
                if matches!(want, Type::Component(_)) { "the component" } else { "the resource" }
            ));
        }
        match (got, want, literal) {
            (Type::Resource(of), want, _) if let Some(attribute) = self.input_of(of, want) => {
                Some(format!("its `{attribute}` is one: write `{text}.{attribute}`"))
            }
            (Type::List(each), Type::List(of), _)
                if let Type::Resource(each) = &**each
                    && let Some(attribute) = self.input_of(each, of) =>
            {
                Some(format!("of each: `{text}.map(x => x.{attribute})`"))
            }
            (Type::Resource(of), Type::Id(target) | Type::Arn(target), _) => {
                let schema = self.registry.get(of)?;
                let attribute = schema.attributes.iter().find(|a| a.ty.required() == want)?;
                Some(format!("its `{}` is {}: write `{text}.{}`", attribute.name, described_short(target), attribute.name))
            }
            (Type::Map(of), Type::List(_), _) if matches!(**of, Type::Resource(_)) => {
                Some(format!("all of them, in order: `{text}.values()`"))
            }
            (Type::Map(of), want, _) if &**of == want || matches!((&**of, want), (Type::Resource(a), Type::Id(b)) if a == b) => {
                Some(format!("choose one by its key: `{text}[\"…\"]`"))
            }
            (Type::List(of), want, _) if is_assignable(of, want) || matches!((&**of, want), (Type::Resource(a), Type::Id(b)) if a == b) => {
                Some(format!("choose one: `{text}[0]`"))
            }
            (_, Type::List(of), _) if is_assignable(got, of) || self.stands_for(id, got, of, &mut Visited::default()) => {
                Some(format!("write `[{text}]`"))
            }
            (Type::Union(_) | Type::String | Type::Id(_) | Type::Arn(_), Type::Resource(of), _) => {
                Some(format!("look up what is there already, `lookup name: {of} {{ … }}`, and give `name`"))
            }
            (_, _, Some(Value::String(inner))) => quoted_help(inner, want).or_else(|| how_it_is_written(want)),
            (_, Type::Size, Some(Value::Int(n))) => Some(format!("a size has a unit: `{n}GiB`")),
            (_, Type::Duration, Some(Value::Int(n))) => Some(format!("a duration has a unit: `{n}d`, `{n}h`, `{n}m` or `{n}s`")),
            (_, Type::Version, Some(_)) => Some(format!("a version is written as text: `\"{text}\"`")),
            (_, Type::String, Some(value)) if !matches!(value, Value::Null) => Some(format!("put it in quotes: `\"{text}\"`")),
            (Type::String, Type::Id(of), _) => Some(format!("declare it as what it is, `Id<{of}>`")),
            (Type::String, Type::Arn(of), _) if of.is_empty() => Some("declare it as what it is, `Arn`".to_owned()),
            (Type::String, Type::Arn(of), _) => Some(format!("declare it as what it is, `Arn<{of}>`")),
            (Type::String, Type::Version, _) => Some("declare it as what it is, `Version`".to_owned()),
            (Type::String, Type::Union(_), _) => Some(format!("declare it as what it can be, `{want}`")),
            (Type::Ip, Type::Cidr, _) => Some(format!("a network says how long its prefix is: `{text}/24`")),
            (Type::Cidr, Type::Ip, Some(_)) => Some("one address has no `/`".to_owned()),
            (Type::Cidr, Type::Ip, _) => Some(format!("its first address is `{text}.address()`, another one `{text}.host(5)`")),
            (Type::String, Type::Cidr, _) => Some(format!("make it one: `cidr({text})`")),
            (
                Type::Int | Type::Bool | Type::Cidr | Type::Ip | Type::Size | Type::Duration | Type::Float | Type::Version,
                Type::String,
                _,
            ) => Some(format!("write it into a text: `\"${{{text}}}\"`")),
            (Type::Component(_), Type::Resource(_) | Type::Id(_) | Type::Arn(_) | Type::List(_), _) => self.component_help(got, want, text),
            (Type::Record(got), Type::Record(want), _) => want
                .fields
                .iter()
                .find(|field| !field.optional && got.field(&field.name).is_none())
                .map(|field| format!("it lacks `{}`, {}", field.name, describe(&field.ty)))
                .or_else(|| {
                    let unknown = got.fields.iter().find(|field| want.field(&field.name).is_none())?;
                    Some(format!("`{}` is not one of its parts", unknown.name))
                })
                .or_else(|| {
                    let differs = |own: &&Field| want.field(&own.name).is_some_and(|field| !is_assignable(&own.ty, &field.ty));
                    let own = got.fields.iter().find(differs)?;
                    Some(format!("its `{}` is {}, and not {}", own.name, describe(&own.ty), describe(&want.field(&own.name)?.ty)))
                }),
            (Type::List(of) | Type::Map(of), Type::List(each) | Type::Map(each), _)
                if matches!((&**of, &**each), (Type::Record(_), Type::Record(_))) && matches!(self.kind(id), Some(ExprKind::Slot(_))) =>
            {
                Some(format!("say what it is where it is declared, so that each gets the defaults: `let {text}: {want} = …`"))
            }
            (Type::Int, Type::Bool, None) => Some(format!("compare it: `{text} != 0`")),
            (Type::String, Type::Bool, None) => Some(format!("compare it: `{text} == \"…\"`")),
            (Type::Function(_), ..) => Some("call it: `(…)`".to_owned()),
            _ => how_it_is_written(want),
        }
    }

    /// The input of a resource that has this type, such as a subnet's range; of several the one with the plainest name.
    fn input_of(&self, of: &str, want: &Type) -> Option<&'static str> {
        let plain = matches!(want, Type::Cidr | Type::Ip | Type::Size | Type::Duration | Type::Version);
        let schema = self.registry.get(of).filter(|_| plain)?;
        let found = schema.attributes.iter().filter(|a| a.is_input() && a.ty.required() == want).map(|a| a.name);
        found.min_by_key(|name| name.len())
    }

    /// How two values that stand for the same thing come to have one type.
    pub(super) fn alike(&self, a: ExprId, b: ExprId) -> String {
        let is_text = |id: ExprId| matches!(self.ty(id), Type::String | Type::Union(_));
        let other = if is_text(a) { b } else { a };
        let (got, text) = (self.ty(other).clone(), self.text(self.span(other)));
        match (&got, self.kind(other)) {
            (Type::Int | Type::Float | Type::Bool | Type::Cidr | Type::Ip | Type::Size | Type::Duration | Type::Version, kind)
                if is_text(a) || is_text(b) =>
            {
                match kind {
                    Some(ExprKind::Const(_)) => format!("put `{text}` in quotes: `\"{text}\"`"),
                    _ => format!("write it into a text: `\"${{{text}}}\"`"),
                }
            }
            _ => match (self.ty(a), self.ty(b)) {
                (one, Type::List(of)) if is_assignable(one, of) => format!("write `[{}]`", self.text(self.span(a))),
                (Type::List(of), one) if is_assignable(one, of) => format!("write `[{}]`", self.text(self.span(b))),
                _ => "give the same type in each, or `null` where there is nothing to give".to_owned(),
            },
        }
    }

    /// The output of a component that would fit.
    fn component_help(&self, got: &Type, want: &Type, text: &str) -> Option<String> {
        let Type::Component(name) = got else { return None };
        let signature = self.signatures.iter().find(|s| s.name == *name)?;
        let fits = |ty: &Type| is_assignable(ty, want) || matches!((ty, want), (Type::Resource(a), Type::Id(b)) if a == b);
        let output = signature.outputs.iter().chain(&signature.resources).find(|o| fits(&o.ty))?;
        Some(format!("its `{}` is one: write `{text}.{}`", output.name, output.name))
    }

    /// The declaration that an expression starts from.
    pub(super) fn origin(&self, scope: &Scope, id: ExprId) -> Option<(Arc<str>, Span)> {
        match self.kind(id)? {
            ExprKind::Slot(index) => {
                scope.slots.iter().find(|(_, slot)| slot.index == *index).map(|(name, slot)| (name.clone(), slot.span))
            }
            ExprKind::Member { base, .. } | ExprKind::Index { base, .. } => self.origin(scope, *base),
            ExprKind::Coerce(inner) => self.origin(scope, *inner),
            _ => None,
        }
    }
}

fn describe_got(got: &Type) -> String {
    match got {
        Type::Union(texts) if texts.len() == 1 => "a text".to_owned(),
        got => describe(got),
    }
}

fn described_short(target: &str) -> String {
    let short = target.rsplit('.').next().unwrap_or(target);
    format!("the {short}")
}

/// What to write where something else stands.
fn how_it_is_written(want: &Type) -> Option<String> {
    Some(match want {
        Type::Bool => "it is `true` or `false`, or what a comparison like `a == b` gives".to_owned(),
        Type::Int => "a whole number is written like `3`".to_owned(),
        Type::Float => "a number is written like `0.5`".to_owned(),
        Type::List(of) => format!("a list is written `[a, b]`, and here each is {}", describe(of)),
        Type::Map(of) => format!("a map is written `{{ name = value }}`, and here each value is {}", describe(of)),
        Type::Resource(of) => format!("name a resource or lookup of the type `{of}`"),
        _ => return None,
    })
}

/// What to write in place of a text in quotes.
fn quoted_help(inner: &str, want: &Type) -> Option<String> {
    let fits = match want {
        Type::Int => inner.parse::<i64>().is_ok(),
        Type::Float => inner.parse::<f64>().is_ok(),
        Type::Bool => matches!(inner, "true" | "false"),
        Type::Cidr => inner.parse::<ipnet::IpNet>().is_ok(),
        Type::Ip => inner.parse::<std::net::IpAddr>().is_ok(),
        Type::Size => crate::value::Size::parse(inner).is_some(),
        Type::Duration => crate::value::Duration::parse(inner).is_some(),
        _ => false,
    };
    if fits {
        return Some(format!("write it without quotes: `{inner}`"));
    }
    match want {
        Type::Cidr => Some("a network is written without quotes, like `10.0.0.0/16`".to_owned()),
        Type::Size => Some("a size is a number and a unit, like `100GiB`".to_owned()),
        Type::Duration => Some("a duration is a number and a unit, like `30d`".to_owned()),
        Type::Arn(_) => Some("an ARN begins with `arn:`".to_owned()),
        Type::Version => Some("a version begins with a number, like `\"1.28\"`".to_owned()),
        _ => None,
    }
}
