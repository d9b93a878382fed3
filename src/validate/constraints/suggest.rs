//! A text that the cloud takes, near to one that it does not.

use crate::schema::Shape;

/// The help for a text that does not fit: a near one that does.
pub(super) fn nearest(shape: &Shape, text: &str) -> Option<String> {
    let dashed: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let collapsed = dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let lettered = collapsed.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let plain: String = text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '-' }).collect();
    let underscored: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let joined = text.split_whitespace().collect::<Vec<_>>().join("-");
    let texts = [text.to_owned(), joined, plain, dashed, underscored, collapsed.clone(), lettered.to_owned(), bare];
    let cut = |text: &str| -> String { text.chars().take(shape.max_length.unwrap_or(usize::MAX)).collect() };
    let all = texts.iter().flat_map(|text| [cut(text), cut(&text.to_lowercase())]);
    let all = all.map(|text| text.trim_end_matches('-').to_owned());
    let fitting = all.into_iter().find(|near| near != text && !near.is_empty() && fits(shape, near))?;
    Some(format!("\"{fitting}\" is taken"))
}

fn fits(shape: &Shape, text: &str) -> bool {
    let length = text.chars().count();
    shape.min_length.is_none_or(|least| length >= least)
        && shape.max_length.is_none_or(|most| length <= most)
        && shape.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
        && shape.format_pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
}
