//! Expressions that are written otherwise.

use super::super::recover::word_at;
use super::texts::{first_line, not_closed, plain, shown};

/// `if c { a }`, and nothing else.
pub(super) fn without_else(before: &str, rest: &str) -> Option<String> {
    let inner = before.trim_end().strip_suffix('}')?;
    let mut depth = 0usize;
    let open = inner.char_indices().rev().find(|(_, c)| match c {
        '}' => {
            depth += 1;
            false
        }
        '{' if depth > 0 => {
            depth -= 1;
            false
        }
        c => *c == '{',
    })?;
    let head = inner.get(..open.0)?.rsplit('\n').next()?;
    let chooses = head.trim_start().starts_with("if ")
        || ["= if ", "=> if ", "(if ", "[if ", ", if ", "{if ", "{ if "].iter().any(|word| head.contains(word));
    (chooses && !rest.starts_with("else")).then(|| "an `if` gives a value in both cases: add `else { … }`".to_owned())
}

/// Operators and forms of expressions.
pub(super) fn expression(before: &str, line: &str, rest: &str) -> Option<String> {
    let found = word_at(rest);
    let last = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
    if line.matches("${").count() > line.matches('}').count() && rest.starts_with('"') {
        return Some("a `${` is not closed: what is written into a text ends with `}`".to_owned());
    }
    if let Some(function) = function(before, line, rest, last) {
        return Some(function);
    }
    if line.contains("match ") && format!("{line}{}", first_line(rest)).contains("->") {
        return Some("an arm of a `match` is written `1 => …`".to_owned());
    }
    Some(match found {
        _ if matches!(last, "switch" | "case" | "when") => "one of several is chosen by `match x { 1 => …, _ => … }`".to_owned(),
        "for" if line.contains(['[', '{']) => "the `for` comes first: `[for x in xs: x * 2]`".to_owned(),
        "and" => "`and` is written `&&`".to_owned(),
        "or" => "`or` is written `||`".to_owned(),
        "GiB" | "MiB" | "KiB" | "TiB" | "GB" | "MB" | "KB" | "TB" if !digits(before).is_empty() => {
            format!("the unit follows at once: `{}{found}`", digits(before))
        }
        "days" | "day" | "hours" | "hour" | "minutes" | "minute" | "seconds" | "second" | "weeks" | "week" | "d" | "h" | "m" | "s"
            if !digits(before).is_empty() =>
        {
            format!("a duration is written `{}{}`", digits(before), found.get(..1).unwrap_or("d"))
        }
        _ if before.ends_with('.')
            && !digits(before.trim_end_matches('.')).is_empty()
            && found.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            match before.rsplit(|c: char| !(c.is_ascii_digit() || c == '.')).next().unwrap_or("").matches('.').count() {
                1 => "sizes and durations are of whole numbers: `1536MiB`, `1d12h`".to_owned(),
                _ => "an address has four numbers: `10.0.0.0/16`".to_owned(),
            }
        }
        _ if found.starts_with(|c: char| c.is_ascii_digit()) && found.contains(|c: char| c.is_ascii_alphabetic()) => {
            "a number is written `1_000`, a size `20GiB`, a duration `30d`".to_owned()
        }
        "then" => "a choice is written `if c { a } else { b }`".to_owned(),
        "if" if line.contains("for ") && line.contains(':') => "the condition stands before the `:`: `[for x in xs if c: x]`".to_owned(),
        "" => return symbol(before, line, rest),
        _ if before.ends_with("not") => "`not` is written `!`".to_owned(),
        _ if before.ends_with('$') => format!("`${{…}}` stands in texts only: write `{found}` alone"),
        _ => return None,
    })
}

fn symbol(before: &str, line: &str, rest: &str) -> Option<String> {
    let compares = || {
        let first = word_at(line.trim_start());
        matches!(first, "assert" | "check" | "deny" | "warn") || line.contains("if ") || line.matches(['=', ':']).count() > 0
    };
    Some(match rest.as_bytes() {
        [b'?', b':', ..] => "what holds where there is nothing is written `a ?? b`".to_owned(),
        [b'?', ..] => ternary(line, rest),
        [b'<', b'<', ..] => "a text of several lines begins and ends with `\"\"\"`".to_owned(),
        [b'*', ..] if before.ends_with('[') || before.ends_with('.') => splat(before, rest),
        [b'&', ..] => "both: `&&`".to_owned(),
        [b'|', ..] => "one of two: `||`".to_owned(),
        [b'>', ..] if before.ends_with('<') => "what differs is asked by `!=`".to_owned(),
        [b'+', ..] if before.ends_with('+') => "one `+` joins texts and lists".to_owned(),
        [b' ', ..] if before.ends_with('.') => "the name follows the `.` at once; texts are joined by `+`".to_owned(),
        [b'"', ..] if matches!(before.rsplit(|c: char| !c.is_alphanumeric()).next(), Some("f" | "r" | "b" | "s")) => {
            "values are written into any text: `\"a ${x}\"`".to_owned()
        }
        [b'$', ..] => "`${…}` stands in texts only: write the name alone".to_owned(),
        [b'=', b'=', ..] if word_at(line.trim()) == line.trim() => "a value is given with `=`; `==` compares".to_owned(),
        [b'=', b'>', ..] | [b'}', ..] if line.contains("for ") && (line.contains("=>") || rest.starts_with("=>")) => {
            "key and value stand on the sides of `=`: `{for k, v in map: k = v}`".to_owned()
        }
        [b'=', ..] if called_with(before) => "values are given in their order, without names: `f(3)`".to_owned(),
        [b'=', ..] if compares() => "`==` compares; a single `=` gives a value".to_owned(),
        [b',', ..] if before.ends_with(['[', '(', '{']) => "take the `,` out: nothing stands before it".to_owned(),
        [b',', ..] if in_round_brackets(before) => "several values make a list: `[1, 2]`".to_owned(),
        [b'}' | b')' | b']', ..] if not_closed(line).is_none() && !line.contains(['{', '[', '(']) => {
            "nothing is open here that it would close: take it out".to_owned()
        }
        [b',', ..] if before.ends_with(',') => "one `,` is enough".to_owned(),
        _ => return None,
    })
}

/// Functions as other languages write them.
fn function(before: &str, line: &str, rest: &str, last: &str) -> Option<String> {
    let arrow = rest.starts_with('>') && before.ends_with('-') && line.contains('(');
    let bars = rest.starts_with('|') && !rest.starts_with("||") && before.ends_with(['(', ',']);
    let word = matches!(last, "lambda" | "fn" | "func" | "function" | "fun") && !before.trim_end().ends_with('.');
    let body = rest.starts_with('{') && before.ends_with(')') && ["fn(", "func(", "function("].iter().any(|word| before.contains(word));
    (arrow || bars || (word && !line.starts_with("fn ")) || body)
        .then(|| "a function is written `x => x + 1`, one of two values `(k, v) => v`".to_owned())
}

/// `f(x`, where what is open is a call.
fn called_with(before: &str) -> bool {
    let name = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    let open = name.strip_suffix('(').or_else(|| name.strip_suffix(", "));
    name.len() < before.len() && open.is_some_and(|head| head.ends_with(|c: char| c.is_alphanumeric()) && !head.ends_with("if"))
}

/// `(1, 2`, where no function is called.
fn in_round_brackets(before: &str) -> bool {
    let mut depth = 0usize;
    let open = before.char_indices().rev().find(|(_, c)| match c {
        ')' | ']' | '}' => {
            depth += 1;
            false
        }
        '(' | '[' | '{' if depth > 0 => {
            depth -= 1;
            false
        }
        c => matches!(c, '(' | '[' | '{'),
    });
    open.is_some_and(|(at, c)| c == '(' && before.get(..at).is_some_and(|head| head.ends_with([' ', '=', ',', '(', '['])))
}

/// The digits that a text ends with.
fn digits(text: &str) -> &str {
    let start = text.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or("")
}

/// `c ? a : b`
fn ternary(line: &str, rest: &str) -> String {
    let condition = match line.rfind(" = ") {
        Some(at) => line.get(at + 3..).unwrap_or(""),
        None => line,
    };
    let condition = condition.rsplit("${").next().unwrap_or(condition).trim();
    let (then, otherwise) = parts(first_line(rest).trim_start_matches('?'));
    format!("a choice is written `if {} {{ {} }} else {{ {} }}`", shown(condition), shown(then), shown(otherwise))
}

/// What stands on both sides of the `:` outside of texts and brackets, up to what ends the second.
fn parts(text: &str) -> (&str, &str) {
    let (mut depth, mut quoted, mut colon) = (0usize, false, None);
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' | ',' if depth == 0 => {
                end = at;
                break;
            }
            ')' | ']' | '}' => depth -= 1,
            ':' if depth == 0 && colon.is_none() => colon = Some(at),
            _ => {}
        }
    }
    match colon.filter(|colon| *colon < end) {
        Some(colon) => (text.get(..colon).unwrap_or("").trim(), text.get(colon + 1..end).unwrap_or("").trim()),
        None => (text.get(..end).unwrap_or("").trim(), "…"),
    }
}

/// `subnets[*].id`
fn splat(before: &str, rest: &str) -> String {
    let base = before.trim_end_matches(['[', '.']);
    let start = base.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).map_or(0, |at| at + 1);
    let base = plain(base.get(start..).unwrap_or("list"));
    let attribute = word_at(rest.trim_start_matches(['*', ']']).trim_start_matches('.'));
    match attribute {
        "" => format!("all of it is `{base}`, and of what `for` makes `{base}.values()`"),
        attribute => format!("of each: `{base}.map(x => x.{attribute})`; of what `for` makes: `{base}.values().map(x => x.{attribute})`"),
    }
}

/// Characters that plat has no use for, or another one.
pub(super) fn character(before: &str, rest: &str) -> Option<String> {
    Some(match rest.chars().next()? {
        '\'' => "text stands in double quotes".to_owned(),
        '`' => "text stands in double quotes, `\"…\"`".to_owned(),
        '\\' => "a text knows `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\`, `\\$` and `\\u{e9}`; a backslash itself is written `\\\\`".to_owned(),
        ':' if rest.starts_with("::") => registry_name(before, rest),
        '#' => "comments start with `//`".to_owned(),
        '/' if rest.starts_with("/*") => "comments start with `//`".to_owned(),
        ';' => "entries end with their line; no `;` is needed".to_owned(),
        ':' => {
            let before = before.trim_end();
            let quoted = before.strip_suffix('"').and_then(|text| text.rfind('"')).and_then(|at| before.get(at..));
            let name = quoted.or_else(|| before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()).unwrap_or("");
            match shown(first_line(rest).trim_start_matches(':').trim().trim_end_matches(',')) {
                value if name.is_empty() || value == "…" => "a value is given with `=`, a type with `:`".to_owned(),
                value => format!("a value is given with `=`: `{name} = {}`", value.trim_end_matches(['}', ' '])),
            }
        }
        c if !c.is_ascii() && !c.is_alphanumeric() => "take it out; such characters stand in texts, `\"…\"`, and comments only".to_owned(),
        _ => return None,
    })
}

/// `AWS::EC2::VPC`
fn registry_name(before: &str, rest: &str) -> String {
    let start = before.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').unwrap_or(rest.len());
    let whole = format!("{}{}", before.get(start..).unwrap_or(""), rest.get(..end).unwrap_or(""));
    match whole.trim_end_matches(':').rsplit_once("::") {
        Some((home, ty)) => format!("write `{}.{ty}`", home.to_ascii_lowercase().replace("::", ".")),
        None => "a type's name has dots, like `aws.ec2.VPC`".to_owned(),
    }
}

/// A value without `=`, or one that is missing.
pub(super) fn given(before: &str, rest: &str) -> Option<String> {
    let trimmed = before.trim_end();
    if rest.trim().is_empty() || rest.starts_with(['\n', '\r']) {
        let operator = ["&&", "||", "??", "==", "!=", "+", "-", "*", "/", "%", "<", ">", "=", "=>"];
        let missing = operator.into_iter().filter(|operator| trimmed.ends_with(operator)).max_by_key(|operator| operator.len());
        return match missing {
            Some(operator) => Some(format!("behind `{operator}` a value is missing")),
            None if rest.trim().is_empty() => not_closed(trimmed).map(|open| format!("a `{open}` is not closed")),
            None => None,
        };
    }
    let value = rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '[' | '{' | '-' | '!'));
    let behind_name = trimmed.len() < before.len() && trimmed.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let entry = trimmed.rsplit([',', '{', '\n', '(', '[']).next().unwrap_or("");
    if let Some((_, first)) = entry.rsplit_once('=').filter(|(name, _)| value && behind_name && !name.ends_with(['!', '=', '<', '>'])) {
        let (first, second) = (first.trim(), word_at(rest));
        let follows = rest.get(second.len()..).unwrap_or("").trim_start();
        let words = [first, second].iter().all(|word| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "_-".contains(c)));
        return Some(match words {
            _ if follows.starts_with('=') && !follows.starts_with("==") => "entries are separated by a `,` or a new line".to_owned(),
            true if second.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("a function is called with brackets, `{first}({second})`; between values an operator or a `,` is missing")
            }
            true if !first.starts_with(|c: char| c.is_ascii_digit()) => format!("a text stands in quotes: `\"{first} {second}\"`"),
            _ => "between two values an operator or a `,` is missing".to_owned(),
        });
    }
    (value && behind_name).then(|| "a value is given with `=`, a type with `:`".to_owned())
}
