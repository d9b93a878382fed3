//! Commands that build servers read out of a log. Text that others wrote must not give one, whatever message it is part of.
//!
//! | server | command | where in a line |
//! | --- | --- | --- |
//! | GitHub Actions | `::name::` | after white space |
//! | GitHub Actions, Azure Pipelines, TeamCity | `##[name]`, `##vso[`, `##teamcity[` | anywhere |
//! | GitLab | `section_start:1:name`, `section_end:` | anywhere |

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// The text for a stream: in no line of it is a command. A JSON document keeps what it means; in other text a space breaks the command.
pub fn neutralized(text: &str) -> Cow<'_, str> {
    if !text.contains("##") && !text.contains("::") && !contains_section(text) {
        return Cow::Borrowed(text);
    }
    let broken = with(text, &Breaks::TEXT);
    if broken == text {
        return Cow::Borrowed(text);
    }
    let is_json = text.trim_start().starts_with(['{', '[', '"']) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    Cow::Owned(if is_json { with(text, &Breaks::JSON) } else { broken })
}

fn with(text: &str, breaks: &Breaks) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        neutralize(line, breaks, &mut out);
    }
    out
}

/// What stands for the second character of a command's mark.
struct Breaks {
    hash: &'static str,
    colon: &'static str,
    section: &'static str,
}

impl Breaks {
    const TEXT: Self = Self { hash: " #", colon: " :", section: " :" };
    const JSON: Self = Self { hash: "\\u0023", colon: "\\u003a", section: "\\u003a" };
}

fn neutralize(line: &str, breaks: &Breaks, out: &mut String) {
    let start = line.len() - visible(line).len();
    let mut rest = line;
    if let (Some(before), Some(command)) = (line.get(..start), line.get(start..))
        && command.strip_prefix("::").is_some_and(|command| command.contains("::"))
    {
        out.push_str(before);
        out.push(':');
        out.push_str(breaks.colon);
        rest = command.get(2..).unwrap_or_default();
    }
    while let Some(found) = rest.find(['#', ':']) {
        let (before, after) = rest.split_at_checked(found).unwrap_or((rest, ""));
        out.push_str(before);
        if after.strip_prefix("##").is_some_and(opens) {
            out.push('#');
            out.push_str(breaks.hash);
            rest = after.get(2..).unwrap_or_default();
        } else if after.starts_with(':')
            && ends_with_section(before)
            && after.get(1..).is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
        {
            out.push_str(breaks.section);
            rest = after.get(1..).unwrap_or_default();
        } else {
            let one = after.chars().next().map_or(0, char::len_utf8);
            out.push_str(after.get(..one).unwrap_or_default());
            rest = after.get(one..).unwrap_or_default();
        }
    }
    out.push_str(rest);
}

/// Behind `##`: a name and `[`.
fn opens(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.').starts_with('[')
}

fn contains_section(text: &str) -> bool {
    text.contains("section_start:") || text.contains("section_end:")
}

fn ends_with_section(text: &str) -> bool {
    text.ends_with("section_start") || text.ends_with("section_end")
}

/// The line without white space and colours at its beginning.
fn visible(line: &str) -> &str {
    let mut rest = line;
    loop {
        let next = rest.trim_start();
        let next = next.strip_prefix("\u{1b}[").map_or(next, |code| {
            code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .strip_prefix(|c: char| c.is_ascii_alphabetic())
                .unwrap_or(code)
        });
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_broken_wherever_a_server_looks_for_them() {
        for (text, harmless) in [
            ("a\n::error::x\n", "a\n: :error::x\n"),
            (" \t::add-mask::x", " \t: :add-mask::x"),
            ("\u{1b}[31m::error file=a,line=1::x\u{1b}[0m", "\u{1b}[31m: :error file=a,line=1::x\u{1b}[0m"),
            ("a\r::stop-commands::x", "a\r: :stop-commands::x"),
            ("\u{a0}::debug::x", "\u{a0}: :debug::x"),
            ("x ##[group]y", "x # #[group]y"),
            ("##vso[task.setvariable variable=a]b", "# #vso[task.setvariable variable=a]b"),
            ("x ##VSO[a]", "x # #VSO[a]"),
            ("###teamcity[x]", "## #teamcity[x]"),
            ("##a##[b]", "##a# #[b]"),
            ("section_start:1560896352:name[collapsed=true]", "section_start :1560896352:name[collapsed=true]"),
            ("a section_end:1:b", "a section_end :1:b"),
        ] {
            assert_eq!(neutralized(text), harmless, "{text:?}");
            assert_eq!(neutralized(&neutralized(text)), harmless, "twice: {text:?}");
        }
    }

    #[test]
    fn what_is_no_command_stays() {
        for text in
            ["::1", "::/0", "fe80::1::", "a::b::c", "# a [b]", "## heading\n", "x = ::1\n", "section_start: 1", "#[attr]", "##", "::"]
        {
            assert!(matches!(neutralized(text), Cow::Borrowed(_)), "{text:?}: {:?}", neutralized(text));
        }
    }

    #[test]
    fn a_document_means_the_same() {
        let document = serde_json::json!({ "a": "##vso[x]\n::error::y", "##[b]": ["section_start:1:x", "::error::x"] });
        for text in [format!("{document:#}\n"), document.to_string(), "\"::a::##[x]\"".to_owned()] {
            let harmless = neutralized(&text);
            assert!(!harmless.contains("##") && !harmless.contains("section_start:"), "{harmless}");
            let (before, after): (serde_json::Value, serde_json::Value) =
                (serde_json::from_str(&text).unwrap(), serde_json::from_str(&harmless).unwrap());
            assert_eq!(before, after);
        }
        // What only begins like one is text.
        assert_eq!(neutralized("{ ##[x]"), "{ # #[x]");
    }
}
