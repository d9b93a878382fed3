//! What the user wrote, for a help to repeat.

use super::super::recover::word_at;

/// As much of the user's text as a help repeats.
const LONGEST: usize = 48;

/// A bracket that is open at the end.
pub(super) fn not_closed(before: &str) -> Option<char> {
    [('{', '}'), ('[', ']'), ('(', ')')].into_iter().find_map(|(open, close)| {
        let count = |wanted: char| before.chars().filter(|c| *c == wanted).count();
        (count(open) > count(close)).then_some(open)
    })
}

/// `name = value` in a body, on lines or between commas.
pub(super) fn entries(body: &str) -> Vec<(&str, &str)> {
    let mut pieces = Vec::new();
    for line in body.lines() {
        let (mut depth, mut quoted, mut start) = (0usize, false, 0);
        for (at, c) in line.char_indices() {
            match c {
                '"' => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    pieces.push(line.get(start..at).unwrap_or(""));
                    start = at + 1;
                }
                _ => {}
            }
        }
        pieces.push(line.get(start..).unwrap_or(""));
    }
    let entry = |piece: &'_ str| -> Option<usize> {
        let value = piece.get(word_at(piece).len()..)?.trim_start().strip_prefix('=').filter(|value| !value.starts_with('='))?;
        (!word_at(piece).is_empty()).then_some(value.trim().len())
    };
    pieces
        .into_iter()
        .filter_map(|piece| {
            let piece = piece.trim();
            Some((word_at(piece), piece.get(piece.len() - entry(piece)?..)?))
        })
        .collect()
}

/// What a setting is given, on one line.
pub(super) fn setting<'t>(chunk: &'t str, name: &str) -> Option<&'t str> {
    let inner = chunk.split_once('{').map_or(chunk, |(_, inner)| inner);
    let inner = inner.trim_end();
    let found = entries(inner.strip_suffix('}').unwrap_or(inner)).into_iter().find(|(own, _)| *own == name).map(|(_, value)| value)?;
    (!found.is_empty() && not_closed(found).is_none()).then_some(found)
}

/// A name as plat can have it.
pub(super) fn named(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// An address of Terraform's as plat's: `aws_vpc.main` is `main`.
pub(super) fn plain(address: &str) -> &str {
    match address.split_once('.') {
        Some((ty, name)) if ty.starts_with("aws_") => name,
        _ => address,
    }
}

/// A piece of the user's text, if it is short and could stand so in plat.
pub(super) fn shown(text: &str) -> String {
    let text = first_line(text).trim().replace("terraform.workspace", "env.name").replace("var.", "").replace("local.", "");
    if text.contains("aws_") || text.contains("[*]") || text.is_empty() || text.chars().count() > LONGEST || not_closed(&text).is_some() {
        "…".to_owned()
    } else {
        text
    }
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

/// The type of a value, as far as it shows.
pub(super) fn type_of(value: &str) -> &'static str {
    match value.as_bytes() {
        [b'0'..=b'9', ..] if value.contains('.') => "Float",
        [b'0'..=b'9', ..] => "Int",
        [b'[', ..] => "[String]",
        [b'{', ..] => "{String}",
        [b'"', ..] => "String",
        _ if matches!(word_at(value), "true" | "false") => "Bool",
        _ => "Type",
    }
}

/// A variable of Terraform's as a param.
pub(super) fn param(name: &str, chunk: &str) -> String {
    let default = setting(chunk, "default");
    let ty = match setting(chunk, "type") {
        Some("number") => "Int",
        Some("bool") => "Bool",
        Some("string") => "String",
        Some(ty) if ty.starts_with("list") || ty.starts_with("set") => "[String]",
        Some(ty) if ty.starts_with("map") => "{String}",
        _ => default.map_or("String", type_of),
    };
    let name = named(name);
    match default {
        Some("null") => format!("param {name}: {ty}?"),
        Some(value) => format!("param {name}: {ty} = {}", shown(value)),
        None => format!("param {name}: {ty}"),
    }
}
