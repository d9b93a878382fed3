//! `#[resource(…)]`: what the struct says about itself.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Error, Expr, ExprLit, Fields, Ident, Lit, LitStr, Meta, Result, Token};

use crate::attribute::Attribute;

/// The classes of `plat::schema::Recovery`.
const RECOVERIES: [&str; 5] = ["Token", "Tag", "Name", "Relation", "Compare"];

/// A resource type's own settings.
pub struct Container {
    pub name: LitStr,
    pub import: Vec<Ident>,
    pub id: Option<Ident>,
    pub arn: Option<Ident>,
    pub recovery: Option<Ident>,
    pub stateful: bool,
    /// Path of the function that tells what remains after a delete.
    pub remains: Option<syn::Path>,
    pub lookup: bool,
    /// The attribute that is an address range, and the one that refers to the resource it lies in.
    pub range: Option<(Ident, Option<Ident>)>,
    /// The function that returns what a resource of the type occupies exclusively.
    pub claims: Option<syn::Path>,
    /// Usual seconds of create, update, delete.
    pub takes: [Option<i64>; 3],
    /// The slices of rules that stand beside the struct.
    pub rules: Option<Expr>,
    /// Longest seconds of create, update, delete.
    pub timeouts: [Option<i64>; 3],
}

impl Container {
    pub fn parse(input: &DeriveInput, attributes: &[Attribute]) -> Result<Self> {
        let attribute = input.attrs.iter().find(|a| a.path().is_ident("resource")).ok_or_else(|| {
            Error::new(input.ident.span(), "`#[resource(\"aws.service.Type\", import = attribute, recovery = Token | …)]` is missing")
        })?;
        let container = attribute.parse_args_with(|stream: syn::parse::ParseStream<'_>| {
            let mut container = Self::named(stream.parse()?);
            if !stream.is_empty() {
                stream.parse::<Token![,]>()?;
                let rest = syn::meta::parser(|meta| container.take(&meta));
                syn::parse::Parser::parse2(rest, stream.parse()?)?;
            }
            Ok(container)
        })?;
        container.verify(attributes)?;
        Ok(container)
    }

    fn named(name: LitStr) -> Self {
        Self {
            name,
            import: Vec::new(),
            id: None,
            arn: None,
            recovery: None,
            stateful: false,
            remains: None,
            lookup: false,
            range: None,
            claims: None,
            takes: [None; 3],
            rules: None,
            timeouts: [None; 3],
        }
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match word.as_str() {
            "import" if meta.input.peek(syn::token::Paren) => {
                let content;
                syn::parenthesized!(content in meta.input);
                self.import = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?.into_iter().collect();
            }
            "import" => self.import = vec![meta.value()?.parse()?],
            "id" => self.id = Some(meta.value()?.parse()?),
            "arn" => self.arn = Some(meta.value()?.parse()?),
            "recovery" => self.recovery = Some(meta.value()?.parse()?),
            "rules" => self.rules = Some(meta.value()?.parse()?),
            "stateful" => self.stateful = true,
            "remains" => self.remains = Some(meta.value()?.parse()?),
            "lookup" => self.lookup = true,
            "range" => {
                let content;
                syn::parenthesized!(content in meta.input);
                self.range = Some(range(&content)?);
            }
            "claims" => self.claims = Some(meta.value()?.parse()?),
            "takes" => meta.parse_nested_meta(|inner| take_time(&mut self.takes, &inner))?,
            "timeouts" => meta.parse_nested_meta(|inner| take_time(&mut self.timeouts, &inner))?,
            _ => {
                return Err(meta.error(
                    "unknown setting; there are: import, id, arn, recovery, stateful, remains, takes, timeouts, lookup, range, claims, rules",
                ));
            }
        }
        Ok(())
    }

    fn verify(&self, attributes: &[Attribute]) -> Result<()> {
        let span = self.name.span();
        let name = self.name.value();
        if name.split('.').count() != 3 || name.split('.').any(str::is_empty) {
            return Err(Error::new(span, "a resource type is named like \"aws.ec2.VPC\""));
        }
        for ident in
            self.import.iter().chain(&self.id).chain(&self.arn).chain(self.range.iter().flat_map(|(a, w)| std::iter::once(a).chain(w)))
        {
            if !attributes.iter().any(|a| a.ident == *ident) {
                return Err(Error::new(ident.span(), format!("there is no attribute `{ident}`")));
            }
        }
        match (&self.recovery, self.lookup) {
            (Some(recovery), false) if !RECOVERIES.contains(&recovery.to_string().as_str()) => {
                Err(Error::new(recovery.span(), "recovery is one of Token, Tag, Name, Relation, Compare"))
            }
            (Some(recovery), true) => Err(Error::new(recovery.span(), "a lookup creates nothing, so there is nothing to recover")),
            (None, false) => Err(Error::new(
                span,
                "say how a create whose answer was lost is found again: `recovery = Token | Tag | Name | Relation | Compare`",
            )),
            (Some(_), false) if self.import.is_empty() => {
                Err(Error::new(span, "say which attribute is the import id: `import = attribute`"))
            }
            _ => Ok(()),
        }
    }
}

/// `create = "6m"`, into its place among create, update and delete.
fn take_time(times: &mut [Option<i64>; 3], meta: &ParseNestedMeta<'_>) -> Result<()> {
    let [create, update, delete] = times;
    let place = match meta.path.get_ident().map(ToString::to_string).as_deref() {
        Some("create") => create,
        Some("update") => update,
        Some("delete") => delete,
        _ => return Err(meta.error("there are create, update and delete")),
    };
    let text: LitStr = meta.value()?.parse()?;
    *place =
        Some(seconds(&text.value()).ok_or_else(|| Error::new(text.span(), "a duration is written like \"90s\", \"6m\" or \"1h30m\""))?);
    Ok(())
}

/// `cidr_block` or `cidr_block, within = vpc_id`
fn range(content: syn::parse::ParseStream<'_>) -> Result<(Ident, Option<Ident>)> {
    let attribute: Ident = content.parse()?;
    if content.is_empty() {
        return Ok((attribute, None));
    }
    content.parse::<Token![,]>()?;
    let word: Ident = content.parse()?;
    if word != "within" {
        return Err(Error::new(word.span(), "a range lies `within = attribute`"));
    }
    content.parse::<Token![=]>()?;
    Ok((attribute, Some(content.parse()?)))
}

/// The attributes of a struct; all mistakes at once.
pub fn attributes(input: &DeriveInput) -> Result<Vec<Attribute>> {
    let wrong = |span: Span| Error::new(span, "only a struct with named fields and without type parameters can be described");
    let Data::Struct(data) = &input.data else { return Err(wrong(input.ident.span())) };
    let Fields::Named(fields) = &data.fields else { return Err(wrong(input.ident.span())) };
    if !input.generics.params.is_empty() {
        return Err(wrong(input.ident.span()));
    }
    let mut attributes = Vec::new();
    let mut errors: Option<Error> = None;
    for field in &fields.named {
        match Attribute::parse(field) {
            Ok(attribute) => attributes.push(attribute),
            Err(error) => match &mut errors {
                Some(all) => all.combine(error),
                None => errors = Some(error),
            },
        }
    }
    errors.map_or(Ok(attributes), Err)
}

/// The lines of a doc comment, without the space that follows `///`.
pub fn doc_lines(attributes: &[syn::Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            let text = text.value();
            lines.push(text.strip_prefix(' ').unwrap_or(&text).trim_end().to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}

/// Seconds of `1h30m`.
pub fn seconds(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let factor = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(factor)?)?;
        number.clear();
    }
    (number.is_empty() && !text.is_empty()).then_some(total)
}
