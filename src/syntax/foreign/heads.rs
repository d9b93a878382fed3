//! Heads, steps and blocks that are written otherwise.

use super::super::recover::{KEYWORDS, word_at};
use super::SOME_TYPE;
use super::texts::{first_line, not_closed, setting, shown, type_of};

/// The head of a declaration of plat's, written otherwise.
pub(super) fn declared(chunk: &str, line: &str, rest: &str) -> Option<String> {
    let line = line.trim_start();
    let (keyword, behind) = line.split_once(' ').filter(|(keyword, _)| KEYWORDS.contains(keyword))?;
    let name = word_at(behind.trim_start());
    let alone = !name.is_empty() && behind.trim() == name;
    let assigned = rest.starts_with('=') && !rest.starts_with("==");
    if alone && rest.starts_with('-') && !rest.starts_with("->") {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        let whole = format!("{name}{}", rest.get(..end).unwrap_or(""));
        return Some(format!("a name has letters, digits and `_`: `{}`", whole.replace('-', "_")));
    }
    Some(match keyword {
        "param" | "output" if alone && assigned => {
            let value = rest.trim_start_matches('=').trim_start();
            format!("say its type: `{keyword} {name}: {} = {}`", type_of(value), shown(value))
        }
        "param" | "output" | "type" | "let" | "fn" if let Some(ty) = in_type(line, rest) => ty,
        "resource" | "lookup" if behind.contains(':') => instances(behind, rest)?,
        "resource" | "lookup" => resource_head(keyword, name, alone, rest)?,
        "env" | "stack" | "component" if alone && (rest.is_empty() || rest.starts_with(['\n', '\r'])) => {
            format!("it has a body, if only an empty one: `{keyword} {name} {{}}`")
        }
        "env" | "stack" | "component" if alone && assigned => format!("its body follows at once, without `=`: `{keyword} {name} {{ … }}`"),
        "component" if alone && rest.starts_with('(') => format!("what it takes is declared in it: `component {name} {{ param … }}`"),
        "type" if alone && rest.starts_with('{') => format!("write `type {name} = {{ field: String }}`"),
        "fn" if rest.starts_with(')') && !line.contains(':') => format!("what it takes has a type: `fn {name}(x: Int) => Int = …`"),
        "fn" if rest.starts_with('=') && !line.contains(')') => "what a `fn` takes is always given: leave the default out".to_owned(),
        "fn" if rest.starts_with('{') && line.contains("=>") => "what it comes to stands behind `=`".to_owned(),
        "fn" if rest.starts_with("->") || rest.starts_with([':', '{']) || (rest.starts_with('=') && !line.contains("=>")) => {
            format!("what it gives stands behind `=>`: `fn {name}(x: Int) => Int = …`")
        }
        "let" if alone && rest.starts_with(":=") => format!("write `let {name} = …`"),
        "use" if !line.contains('{') => match format!("{line}{}", first_line(rest)).rsplit_once('.') {
            Some((home, name)) if name.starts_with(|c: char| c.is_ascii_uppercase()) => format!("write `{home}.{{{}}}`", word_at(name)),
            _ => "write `use std.network.{Network}`, or `use \"../folder\".{Component}`".to_owned(),
        },
        "import" if behind.ends_with('.') => format!("what another file declares is brought in by `use {behind}{{…}}`"),
        "import" => format!("write `import {} = {}`", behind.trim(), shown(setting(chunk, "id").unwrap_or(rest))),
        "moved" => {
            let all = format!("{behind}{}", first_line(rest));
            let words: Vec<&str> =
                all.split([' ', ',', '{', '}', '=', '>', '-']).filter(|w| !matches!(*w, "" | "from" | "to" | "as")).collect();
            match words.as_slice() {
                [from, to] => format!("write `moved {from} -> {to}`"),
                _ => "write `moved old -> new`".to_owned(),
            }
        }
        "policy" if behind.ends_with("for ") || behind.contains(" for ") && !behind.contains(':') => {
            let path = rest.split([' ', '{']).next().unwrap_or("").trim_start_matches('.');
            let first = behind.rsplit(' ').next().unwrap_or("");
            format!(
                "name what it is about: `for x: {}`",
                [first, path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
            )
        }
        "policy" if rest.starts_with('*') => "several types are joined by `|`; all resources are `any`".to_owned(),
        "test" if behind.trim().is_empty() => format!("a test's name is a text: `test \"{}\" {{ … }}`", word_at(rest)),
        _ => return None,
    })
}

/// A resource or lookup without `:`.
fn resource_head(keyword: &str, name: &str, alone: bool, rest: &str) -> Option<String> {
    if !alone {
        return None;
    }
    if rest.starts_with('.') {
        let whole = format!("{name}{}", first_line(rest));
        let (ty, name) = whole.split_once(' ').unwrap_or((&whole, "name"));
        let name = word_at(name.trim_start());
        return Some(format!("the name comes first: `{keyword} {}: {ty} {{ … }}`", if name.is_empty() { "name" } else { name }));
    }
    let ty = rest.trim_start_matches(['=', ' ']).split([' ', '{', '\n']).next().filter(|ty| !ty.is_empty()).unwrap_or(SOME_TYPE);
    Some(format!("its type stands behind a `:`: `{keyword} {name}: {ty} {{ … }}`"))
}

/// What stands between a resource's type and its body.
fn instances(behind: &str, rest: &str) -> Option<String> {
    if behind.contains('{') || behind.contains(" if ") || behind.contains(" for ") {
        return None;
    }
    Some(match word_at(rest) {
        _ if rest.starts_with('=') => "its body follows at once, without `=`: `{ … }`".to_owned(),
        "" if rest.starts_with('(') => "its body is in braces: `{ name = value }`".to_owned(),
        "for_each" | "foreach" | "each" => "several are made by `for x in list`".to_owned(),
        "count" => {
            "several have keys, no numbers: `for x in [\"a\", \"b\"]`; one that is there only sometimes has `if condition`".to_owned()
        }
        "when" | "unless" | "where" => "one that is there only sometimes has `if condition`".to_owned(),
        "" => return None,
        _ => "behind the type stand `for x in list`, `if condition` and the body, `{ … }`".to_owned(),
    })
}

/// Forms of types that plat writes otherwise.
fn in_type(line: &str, rest: &str) -> Option<String> {
    let (_, ty) = line.split_once(':').filter(|(_, ty)| !ty.contains('=') && !ty.contains('{'))?;
    let inner = ty.trim();
    match rest.as_bytes().first()? {
        b'(' => container(line),
        b'[' if rest.starts_with("[]") => Some(format!("a list is written `[{inner}]`")),
        b',' if inner.starts_with('[') => {
            Some("a list has values of one type; several parts make a record, `{ name: String, port: Int }`".to_owned())
        }
        _ if word_at(rest) == "or" => Some("one of several texts is written `\"a\" | \"b\"`".to_owned()),
        _ => None,
    }
}

/// `list(string)` and its like.
fn container(line: &str) -> Option<String> {
    let word = line.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    Some(match word {
        "list" | "set" | "tuple" | "List" | "Set" => "a list of texts is `[String]`".to_owned(),
        "map" | "Map" => "a map of texts is `{String}`".to_owned(),
        "object" | "Object" => "a record is `{ name: String, port: Int }`".to_owned(),
        "optional" | "Optional" => "what may be left out is `String?`".to_owned(),
        "enum" | "Enum" | "oneof" | "one_of" => "one of several texts is written `\"a\" | \"b\"`".to_owned(),
        _ => return None,
    })
}

/// A step of a test, written otherwise.
pub(super) fn step(line: &str, rest: &str) -> Option<String> {
    let line = line.trim();
    Some(match line {
        "env" if rest.starts_with('=') => format!("write `env {}`", word_at(rest.trim_start_matches(['=', ' ']))),
        "expect error" if rest.starts_with('"') => format!("say its code, too: `expect error E0306 {}`", shown(rest)),
        "expect" if rest.starts_with(['E', 'e']) => format!("write `expect error {}`", first_line(rest).trim()),
        "plan" | "apply" | "destroy" if rest.starts_with('(') => format!("write `{line}` alone, on a line of its own"),
        _ => return None,
    })
}

/// A rule of a policy without `if`.
pub(super) fn rule(line: &str, rest: &str) -> Option<String> {
    let verdict = line.trim();
    (matches!(verdict, "deny" | "warn") && !rest.starts_with('=')).then(|| format!("write `{verdict} if condition, \"message\"`"))
}

/// Blocks in a body.
pub(super) fn body(chunk: &str, line: &str, rest: &str) -> Option<String> {
    let word = word_at(line.trim_start());
    let alone = !word.is_empty() && line.trim() == word;
    let labelled = alone && rest.starts_with('"');
    if !(alone && (rest.starts_with('{') || labelled)) {
        return None;
    }
    Some(match word {
        "dynamic" if labelled => {
            let name = rest.split('"').nth(1).unwrap_or("name");
            format!("write `{name} = [for x in … : {{ … }}]`")
        }
        "lifecycle" => lifecycle(chunk),
        "timeouts" => "write `@timeout = 30m`".to_owned(),
        "provisioner" | "connection" => "plat runs no commands on machines: give them to the machine, as its `user_data`".to_owned(),
        "validation" => "write the condition behind the param: `param x: Int { check x > 0, \"message\" }`".to_owned(),
        "ingress" | "egress" => format!("rules are a list: `security_group_{word} = [{{ … }}, {{ … }}]`"),
        "backend" => "write `state = s3 { bucket = \"…\", region = \"…\" }`".to_owned(),
        _ if several(chunk, word) => {
            format!("there are no blocks inside blocks, and several of a thing are a list: `{word} = [{{ … }}, {{ … }}]`")
        }
        _ if labelled => format!("there are no blocks inside blocks: write `{word} = {{ … }}`"),
        _ => format!("there are no blocks inside blocks: write `{word} = {{ … }}`"),
    })
}

fn several(chunk: &str, word: &str) -> bool {
    chunk.lines().filter(|line| line.trim_start().strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with('{'))).count() > 1
}

/// What plat has for the settings that are in a `lifecycle`.
fn lifecycle(chunk: &str) -> String {
    let settings = [
        ("prevent_destroy", "`@protect = true`"),
        ("create_before_destroy", "`@replace = \"create_first\"`"),
        ("ignore_changes", "`@ignore = [\"tags.Owner\"]`"),
    ];
    let meant: Vec<&str> = settings.iter().filter(|(word, _)| chunk.contains(word)).map(|(_, ours)| *ours).collect();
    match meant.as_slice() {
        [] => "settings of the engine start with `@`: `@protect`, `@replace`, `@ignore`".to_owned(),
        meant => format!("settings of the engine start with `@`: {}", meant.join(", ")),
    }
}

/// `cidr: Cidr` in a component.
pub(super) fn bare_param(chunk: &str, line: &str, rest: &str) -> Option<String> {
    let name = word_at(rest);
    let typed = rest.get(name.len()..)?.trim_start().starts_with(':') && !name.is_empty() && line.trim().is_empty();
    let component =
        chunk.lines().find(|line| !line.trim().is_empty() && !line.starts_with("//")).is_some_and(|first| word_at(first) == "component");
    (typed && component).then(|| format!("what a component takes is a param: `param {}`", first_line(rest).trim().trim_end_matches(',')))
}

/// What stands in a param's braces beside `check`.
pub(super) fn checks(before: &str, rest: &str) -> Option<String> {
    let head = before.lines().rev().find(|line| word_at(line) == "param")?;
    let in_braces =
        not_closed(before) == Some('{') && before.trim_end().ends_with(['{', '\n', ',', '"', ')']) || before.trim_end().ends_with('{');
    (in_braces && !word_at(rest).is_empty()).then(|| match word_at(rest) {
        "description" => "what it is for stands above it: `/// How many zones`".to_owned(),
        _ => {
            format!("in these braces stand conditions: `check {} > 0, \"message\"`", word_at(head.trim_start_matches("param").trim_start()))
        }
    })
}
