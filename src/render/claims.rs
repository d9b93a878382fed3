//! What a resource of a type occupies exclusively, in words.

use crate::schema::{Claim, Form, Of, Part, Reach, ResourceSchema};

/// One line for each claim of a type: `` `role_name`: once per account; case does not count (`EntityAlreadyExists`) ``.
pub(super) fn lines(schema: &ResourceSchema) -> Vec<String> {
    schema.claims.iter().map(line).collect()
}

fn line(claim: &Claim) -> String {
    let key = parts(&claim.key);
    let mut text = match claim.each {
        Some(list) if key.is_empty() => format!("each item of `{list}`"),
        Some(list) => format!("each item of `{list}` by {key}"),
        None => key,
    };
    text.push_str(if claim.is_range { ": shares no address with another range" } else { ": once" });
    text.push_str(&scope(claim));
    for (attribute, values) in &claim.when {
        let values = values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" or ");
        let is = if values.is_empty() { "is set".to_owned() } else { format!("is {values}") };
        text.push_str(&format!(", where `{attribute}` {is}"));
    }
    text.push_str(form(claim));
    if let Some(code) = claim.refusal {
        text.push_str(&format!(" (`{code}`)"));
    }
    text
}

fn scope(claim: &Claim) -> String {
    let within = parts(&claim.within);
    match claim.reach {
        _ if !within.is_empty() => format!(" per {within}"),
        Reach::Account => " per account".to_owned(),
        Reach::Region => " per account and region".to_owned(),
    }
}

fn form(claim: &Claim) -> &'static str {
    match claim.key.first().map(|part| part.form) {
        Some(Form::IgnoreCase) => "; case does not count",
        Some(Form::Label) => "; case and spaces at the end do not count",
        Some(Form::Url) => "; the scheme does not count",
        _ => "",
    }
}

fn parts(parts: &[Part]) -> String {
    let texts: Vec<String> = parts.iter().map(part).filter(|text| !text.is_empty()).collect();
    texts.join(" with ")
}

fn part(part: &Part) -> String {
    let names = |names: &[&str], join: &str| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(join);
    match &part.of {
        Of::Resource(attributes) => names(attributes, " or "),
        Of::Item(fields) => names(fields, " or "),
        Of::Itself => "resource".to_owned(),
        Of::Ports { protocol, from, to } => names(&[protocol, from, to], ", "),
        Of::Pair(one, other) => format!("{} in either order", names(&[one, other], " and ")),
    }
}
