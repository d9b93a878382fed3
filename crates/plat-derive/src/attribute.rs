//! `#[attr(…)]`: what one field says about itself.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, ExprRange, ExprUnary, Field, Ident, Lit, LitStr, RangeLimits, Result, Token, UnOp};

use crate::container::doc_lines;
use crate::shape::Shape;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Required,
    Optional,
    Chosen,
    Computed,
}

/// A field with everything its attribute says.
pub struct Attribute {
    pub ident: Ident,
    pub ty: syn::Type,
    pub shape: Shape,
    pub doc: String,
    pub mode: Mode,
    pub default: Option<Lit>,
    pub replaces: bool,
    pub write_only: bool,
    pub holds: bool,
    pub owned: bool,
    pub deferred: bool,
    pub follows: Option<Vec<LitStr>>,
    pub unordered: bool,
    pub nullable: bool,
    pub always: bool,
    pub ignore_case: bool,
    pub stands_for: Vec<(String, String)>,
    pub canonical: Option<syn::Path>,
    pub unit: Option<Ident>,
    pub range: Option<(i64, i64)>,
    pub among: Vec<i64>,
    pub one_of: Vec<LitStr>,
    pub interrupts: Option<LitStr>,
    pub cfn: Option<LitStr>,
    pub sample: Vec<LitStr>,
    pub filled_by: Option<LitStr>,
}

impl Attribute {
    pub fn parse(field: &Field) -> Result<Self> {
        let ident = field.ident.clone().ok_or_else(|| Error::new(field.span(), "attributes need names: use a struct with named fields"))?;
        let mut settings = Settings::default();
        let mut seen = false;
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("attr")) {
            seen = true;
            attribute.parse_nested_meta(|meta| settings.take(&meta))?;
        }
        let doc = doc_lines(&field.attrs);
        if !seen {
            return Err(Error::new(ident.span(), format!("`{ident}` needs `#[attr(required | optional | chosen | computed)]`")));
        }
        if doc.is_empty() {
            return Err(Error::new(ident.span(), format!("`{ident}` needs a doc comment: it is what hover and the reference show")));
        }
        settings.finish(ident, field.ty.clone(), doc)
    }

    /// The name in the language. Rust's own words (`type`) are written raw (`r#type`).
    pub fn name(&self) -> String {
        let name = self.ident.to_string();
        name.strip_prefix("r#").map_or_else(|| name.clone(), ToOwned::to_owned)
    }
}

#[derive(Default)]
struct Settings {
    mode: Option<(Mode, Span)>,
    default: Option<Lit>,
    replaces: bool,
    write_only: bool,
    holds: bool,
    owned: Option<Span>,
    deferred: bool,
    follows: Option<Vec<LitStr>>,
    unordered: Option<Span>,
    nullable: Option<Span>,
    always: Option<Span>,
    ignore_case: Option<Span>,
    stands_for: Vec<LitStr>,
    canonical: Option<syn::Path>,
    unit: Option<Ident>,
    range: Option<(i64, i64, Span)>,
    among: Vec<i64>,
    one_of: Vec<LitStr>,
    interrupts: Option<LitStr>,
    cfn: Option<LitStr>,
    sample: Vec<LitStr>,
    filled_by: Option<LitStr>,
}

impl Settings {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match word.as_str() {
            "required" => self.mode(Mode::Required, meta)?,
            "optional" => self.mode(Mode::Optional, meta)?,
            "chosen" => self.mode(Mode::Chosen, meta)?,
            "computed" => self.mode(Mode::Computed, meta)?,
            "replaces" => self.replaces = true,
            "write_only" => self.write_only = true,
            "holds" => self.holds = true,
            "owned" => self.owned = Some(meta.path.span()),
            "deferred" => self.deferred = true,
            "follows" if meta.input.peek(syn::token::Paren) => self.follows = Some(texts(meta)?),
            "follows" => self.follows = Some(Vec::new()),
            "unordered" => self.unordered = Some(meta.path.span()),
            "nullable" => self.nullable = Some(meta.path.span()),
            "always" => self.always = Some(meta.path.span()),
            "ignore_case" => self.ignore_case = Some(meta.path.span()),
            "stands_for" => self.stands_for = texts(meta)?,
            "canonical" => self.canonical = Some(meta.value()?.parse()?),
            "default" => self.default = Some(meta.value()?.parse()?),
            "unit" => self.unit = Some(unit(meta.value()?.parse()?)?),
            "range" => self.range = Some(range(&meta.value()?.parse()?)?),
            "interrupts" => self.interrupts = Some(meta.value()?.parse()?),
            "cfn" => self.cfn = Some(meta.value()?.parse()?),
            "among" => self.among = numbers(meta)?,
            "one_of" => self.one_of = texts(meta)?,
            "sample" => self.sample = texts(meta)?,
            "filled_by" => self.filled_by = Some(meta.value()?.parse()?),
            _ => {
                return Err(meta.error(
                    "unknown setting; there are: required, optional, chosen, computed, default, replaces, write_only, holds, owned, deferred, \
                     follows, unordered, nullable, always, ignore_case, stands_for, canonical, unit, range, among, one_of, interrupts, cfn, sample, filled_by",
                ));
            }
        }
        Ok(())
    }

    fn mode(&mut self, mode: Mode, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if self.mode.is_some() {
            return Err(meta.error("an attribute has one mode: required, optional, chosen or computed"));
        }
        self.mode = Some((mode, meta.path.span()));
        Ok(())
    }

    fn finish(self, ident: Ident, ty: syn::Type, doc: String) -> Result<Attribute> {
        let shape = Shape::of(&ty);
        let (mode, mode_span) =
            self.mode.ok_or_else(|| Error::new(ident.span(), format!("`{ident}` needs one of required, optional, chosen, computed")))?;
        if mode == Mode::Optional && self.default.is_none() && !shape.has_empty() {
            return Err(Error::new(mode_span, "an optional attribute is an Option, a Vec or a BTreeMap, or has a `default`"));
        }
        if let Some(default) = self.default.as_ref().filter(|_| mode != Mode::Optional) {
            return Err(Error::new(default.span(), "only an optional attribute has a default"));
        }
        if self.deferred && (mode == Mode::Required || self.replaces) {
            return Err(Error::new(mode_span, "a deferred attribute is applied after the create: it is neither required nor `replaces`"));
        }
        if mode == Mode::Computed && (self.replaces || self.write_only) {
            return Err(Error::new(mode_span, "a computed attribute is only read: it has neither `replaces` nor `write_only`"));
        }
        if let Some(span) = self.owned.filter(|_| mode != Mode::Optional || shape.is_option() || shape.containers().is_empty()) {
            return Err(Error::new(span, "only an optional Vec or BTreeMap can be owned"));
        }
        if let Some(span) = self.unordered.filter(|_| !shape.is_list() && shape.is_plain()) {
            return Err(Error::new(span, "only a Vec, or a record with one in it, can be unordered"));
        }
        if let Some(span) = self.ignore_case.filter(|_| !matches!(shape.innermost(), "String" | "Id" | "Arn")) {
            return Err(Error::new(span, "`ignore_case` is for texts"));
        }
        if let Some(span) = self.nullable.filter(|_| mode != Mode::Chosen || !shape.is_option()) {
            return Err(Error::new(span, "`nullable` is for a chosen Option that can be empty when read"));
        }
        if let Some(span) = self.always.filter(|_| mode != Mode::Computed || !shape.is_option()) {
            return Err(Error::new(span, "`always` is for a computed Option that is never empty when read"));
        }
        if let Some(text) = self.one_of.first().filter(|_| shape.innermost() != "String") {
            return Err(Error::new(text.span(), "`one_of` is for texts: String, Option<String>, Vec<String>"));
        }
        let innermost = shape.innermost();
        if let Some(unit) = &self.unit {
            let fits = if matches!(unit.to_string().as_str(), "Mib" | "Gib") { innermost == "Size" } else { innermost == "Duration" };
            if !fits {
                return Err(Error::new(unit.span(), "mib and gib are units of a Size, the others of a Duration"));
            }
        }
        if !self.among.is_empty() && self.unit.is_none() && innermost != "i64" {
            return Err(Error::new(mode_span, "`among` is for an i64, or for a Duration or Size with a `unit`"));
        }
        if let Some((_, _, span)) = self.range.filter(|_| self.unit.is_none() && !matches!(innermost, "i64" | "f64")) {
            return Err(Error::new(span, "a range is for an i64, or for a Duration or Size with a `unit`"));
        }
        let pair = |text: &LitStr| {
            let value = text.value();
            let pair = value.split_once('=').map(|(symbol, attribute)| (symbol.to_owned(), attribute.to_owned()));
            pair.ok_or_else(|| Error::new(text.span(), "expected \"SYMBOL=COMPUTED_ATTRIBUTE\""))
        };
        let stands_for = self.stands_for.iter().map(pair).collect::<Result<Vec<_>>>()?;
        let ends = self.among.first().copied().zip(self.among.last().copied());
        Ok(Attribute {
            ident,
            ty,
            shape,
            doc,
            mode,
            default: self.default,
            replaces: self.replaces,
            write_only: self.write_only,
            holds: self.holds,
            owned: self.owned.is_some(),
            deferred: self.deferred,
            follows: self.follows,
            unordered: self.unordered.is_some(),
            nullable: self.nullable.is_some(),
            always: self.always.is_some(),
            ignore_case: self.ignore_case.is_some(),
            stands_for,
            canonical: self.canonical,
            unit: self.unit,
            range: self.range.map(|(least, most, _)| (least, most)).or(ends),
            among: self.among,
            one_of: self.one_of,
            interrupts: self.interrupts,
            cfn: self.cfn,
            sample: self.sample,
            filled_by: self.filled_by,
        })
    }
}

/// `("a", "b")`
fn texts(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let content;
    syn::parenthesized!(content in meta.input);
    Ok(content.parse_terminated(<LitStr as syn::parse::Parse>::parse, Token![,])?.into_iter().collect())
}

/// The variant of `plat::schema::Unit` for `days`.
fn unit(word: Ident) -> Result<Ident> {
    let variant = match word.to_string().as_str() {
        "seconds" => "Seconds",
        "minutes" => "Minutes",
        "hours" => "Hours",
        "days" => "Days",
        "mib" => "Mib",
        "gib" => "Gib",
        _ => return Err(Error::new(word.span(), "units are: seconds, minutes, hours, days, mib, gib")),
    };
    Ok(Ident::new(variant, word.span()))
}

fn range(expr: &Expr) -> Result<(i64, i64, Span)> {
    let wrong = || Error::new(expr.span(), "a range is written `least..=greatest`");
    let Expr::Range(ExprRange { start: Some(start), end: Some(end), limits: RangeLimits::Closed(_), .. }) = expr else {
        return Err(wrong());
    };
    let (least, most) = (integer(start)?, integer(end)?);
    if least > most {
        return Err(Error::new(expr.span(), "the least is greater than the greatest"));
    }
    Ok((least, most, expr.span()))
}

/// `(1, 3, 5)`, from the least to the greatest.
fn numbers(meta: &ParseNestedMeta<'_>) -> Result<Vec<i64>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let numbers = content.parse_terminated(<Expr as syn::parse::Parse>::parse, Token![,])?;
    let numbers = numbers.iter().map(integer).collect::<Result<Vec<_>>>()?;
    if !numbers.is_sorted() {
        return Err(meta.error("the numbers go from the least to the greatest"));
    }
    Ok(numbers)
}

fn integer(expr: &Expr) -> Result<i64> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => Ok(-integer(expr)?),
        other => Err(Error::new(other.span(), "a whole number is wanted here")),
    }
}
