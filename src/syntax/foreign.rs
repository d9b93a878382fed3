//! What people write who come from Terraform or another language, and how plat spells it.

use super::recover::word_at;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Stands in a help for a resource type's name, where only Terraform's is known. The checker, which knows the types, puts in what it finds.
pub const SOME_TYPE: &str = "aws.SERVICE.TYPE";

/// As much of the user's text as a help repeats.
const LONGEST: usize = 48;

/// A declaration's first line: `resource "aws_vpc" "main" {` has the word, two texts, and the rest.
struct Head<'t> {
    word: &'t str,
    texts: Vec<&'t str>,
    /// What follows on the line.
    rest: &'t str,
    /// Where the word and the texts stand.
    start: usize,
    texts_start: usize,
    end: usize,
}

impl<'t> Head<'t> {
    /// Of the first line in `chunk` that is no comment.
    fn of(chunk: &'t str) -> Option<Self> {
        let mut start = 0;
        for line in chunk.split_inclusive('\n') {
            if line.trim().is_empty() || line.trim_start().starts_with("//") {
                start += line.len();
                continue;
            }
            let word = word_at(line);
            let mut texts = Vec::new();
            let mut at = word.len();
            let mut texts_start = None;
            loop {
                let rest = line.get(at..)?;
                let blank = rest.len() - rest.trim_start_matches(' ').len();
                let Some(text) = rest.get(blank..)?.strip_prefix('"').and_then(|text| text.get(..text.find('"')?)) else { break };
                texts_start.get_or_insert(at + blank);
                texts.push(text);
                at += blank + text.len() + 2;
            }
            let texts_start = start + texts_start.unwrap_or(0);
            return Some(Self { word, texts, rest: line.get(at..)?.trim(), start, texts_start, end: start + at });
        }
        None
    }
}

/// A declaration as Terraform writes it, or one whose name stands in quotes.
pub(super) fn declaration(file: FileId, chunk: &str, offset: usize) -> Option<Diagnostic> {
    let head = Head::of(chunk)?;
    let opens = head.rest.starts_with('{');
    let span = |from: usize| Span::new(file, offset + from, offset + head.end);
    let refused = |from: usize, message: &str| Diagnostic::error(Code(101), span(from), message).label("as Terraform writes it");
    let unknown =
        || Diagnostic::error(Code(102), span(head.start), format!("`{}` starts no declaration", head.word)).label("as Terraform writes it");
    Some(match (head.word, head.texts.as_slice()) {
        ("resource", [_, name]) => {
            refused(head.texts_start, "a resource is declared by a name and a type").help(format!("write `resource {}: {SOME_TYPE} {{ … }}`", named(name)))
        }
        ("data", [_, name]) => unknown().help(format!("what is there already is looked up: `lookup {}: {SOME_TYPE} {{ … }}`", named(name))),
        ("variable", [name]) => unknown().help(format!("write `{}`", param(name, chunk))),
        ("output", [name]) if opens => {
            let value = setting(chunk, "value").unwrap_or("…");
            refused(head.texts_start, "an output is declared by a name, a type and a value")
                .help(format!("write `output {}: {} = {}`", named(name), type_of(value), shown(value)))
        }
        ("module", [name]) => {
            let home = setting(chunk, "source").filter(|source| source.starts_with('"')).unwrap_or("\"../folder\"");
            unknown().help(format!("write `resource {}: Component {{ … }}`, and bring the component in: `use {}.{{Component}}`", named(name), shown(home)))
        }
        ("provider", [_]) => unknown().help("the region stands in an `env`, or in `stack`: `env dev { @region = \"us-west-2\" }`; the credentials are those of the AWS tools"),
        ("terraform", []) if opens => unknown().help("there is nothing to require; where the state is kept is said by `stack`: `stack NAME { state = s3 { bucket = \"…\", region = \"…\" } }`"),
        ("locals", []) if opens => {
            let first = entries(chunk.split_once('{').map_or("", |(_, body)| body)).into_iter().next();
            let (name, value) = first.unwrap_or(("name", "…"));
            unknown().help(format!("each is a declaration of its own: `let {name} = {}`", shown(value)))
        }
        ("moved", []) if opens => {
            let address = |name: &str| setting(chunk, name).map_or("…".to_owned(), |address| shown(plain(address)));
            refused(head.start, "what moved is said in one line").help(format!("write `moved {} -> {}`", address("from"), address("to")))
        }
        ("import", []) if opens => {
            let to = setting(chunk, "to").map_or("…".to_owned(), |address| shown(plain(address)));
            let id = setting(chunk, "id").unwrap_or("\"…\"");
            refused(head.start, "what is imported is said in one line").help(format!("write `import {to} = {}`", shown(id)))
        }
        ("removed", []) if opens => {
            let from = setting(chunk, "from").map_or("…".to_owned(), |address| shown(plain(address)));
            unknown().help(format!("what plat should leave alone from now on is said by `forget {from}`; what is only deleted needs no line"))
        }
        ("check", [_]) if opens => unknown().help("write `assert condition, \"message\"`, or `check` in the braces behind a `param`"),
        (word @ ("resource" | "lookup" | "param" | "let" | "output" | "env" | "stack" | "component" | "type" | "fn"), [name]) => {
            Diagnostic::error(Code(101), span(head.texts_start), "a name stands without quotes")
                .label("in quotes")
                .help(format!("write `{word} {}`", named(name)))
        }
        _ => return None,
    })
}

/// The word that plat has for a declaration of another language.
pub(super) fn word(found: &str, rest: &str) -> Option<String> {
    let name = word_at(rest.trim_start());
    let name = if name.is_empty() { "name" } else { name };
    Some(match found {
        _ if rest.trim_start().starts_with('=') && !rest.trim_start().starts_with("==") => format!("write `let {found} = …`"),
        "var" | "const" | "val" | "local" | "set" => format!("write `let {name} = …`"),
        "func" | "function" | "def" => format!("write `fn {name}(x: Int) => Int = …`"),
        "struct" | "class" | "interface" | "record" => format!("write `type {name} = {{ field: String }}`"),
        "enum" => format!("write `type {name} = \"one\" | \"other\"`"),
        "variable" | "input" => format!("write `param {name}: String`"),
        "data" => format!("write `lookup {name}: {SOME_TYPE} {{ … }}`"),
        "module" => "write `resource name: Component { … }`; what a file declares is in reach of all files of its folder".to_owned(),
        "from" | "include" | "require" => "write `use \"../folder\".{Component}`".to_owned(),
        "if" | "for" => {
            "what is there only sometimes, or several times, says so itself: `resource name: Type if condition { … }`".to_owned()
        }
        "print" | "echo" => "what a stack tells is an `output`".to_owned(),
        _ => return None,
    })
}

/// What was meant where the parser stopped: at `at` in `chunk`, before `rest`.
pub(super) fn hint(chunk: &str, at: usize, rest: &str) -> Option<String> {
    let before = chunk.get(..at)?;
    let line = before.rsplit('\n').next()?;
    declared(chunk, line, rest)
        .or_else(|| step(line, rest))
        .or_else(|| rule(line, rest))
        .or_else(|| body(chunk, line, rest))
        .or_else(|| checks(before, rest))
        .or_else(|| without_else(before, rest))
        .or_else(|| expression(before.trim_end(), line, rest))
        .or_else(|| character(before, rest))
        .or_else(|| given(before, rest))
}

/// The head of a declaration of plat's, written otherwise.
fn declared(chunk: &str, line: &str, rest: &str) -> Option<String> {
    let (keyword, behind) = line.split_once(' ').filter(|(keyword, _)| super::recover::KEYWORDS.contains(keyword))?;
    let name = word_at(behind.trim_start());
    let alone = !name.is_empty() && behind.trim() == name;
    let assigned = rest.starts_with('=') && !rest.starts_with("==");
    Some(match keyword {
        "param" | "output" if alone && assigned => {
            let value = rest.trim_start_matches('=').trim_start();
            format!("say its type: `{keyword} {name}: {} = {}`", type_of(value), shown(value))
        }
        "param" | "output" | "type" | "let" | "fn" if let Some(ty) = in_type(line, rest) => ty,
        "resource" | "lookup" if behind.contains(':') => instances(behind, rest)?,
        "resource" | "lookup" => resource_head(keyword, name, alone, rest)?,
        "env" | "stack" | "component" if alone && assigned => format!("its body follows at once, without `=`: `{keyword} {name} {{ … }}`"),
        "component" if alone && rest.starts_with('(') => format!("what it takes is declared in it: `component {name} {{ param … }}`"),
        "type" if alone && rest.starts_with('{') => format!("write `type {name} = {{ field: String }}`"),
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
fn step(line: &str, rest: &str) -> Option<String> {
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
fn rule(line: &str, rest: &str) -> Option<String> {
    let verdict = line.trim();
    (matches!(verdict, "deny" | "warn") && !rest.starts_with('=')).then(|| format!("write `{verdict} if condition, \"message\"`"))
}

/// Blocks in a body.
fn body(chunk: &str, line: &str, rest: &str) -> Option<String> {
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

/// What stands in a param's braces beside `check`.
fn checks(before: &str, rest: &str) -> Option<String> {
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

/// `if c { a }`, and nothing else.
fn without_else(before: &str, rest: &str) -> Option<String> {
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
fn expression(before: &str, line: &str, rest: &str) -> Option<String> {
    let found = word_at(rest);
    Some(match found {
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
            "sizes and durations are of whole numbers: `1536MiB`, `1d12h`".to_owned()
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
        [b'=', ..] if compares() => "`==` compares; a single `=` gives a value".to_owned(),
        [b',', ..] if before.ends_with(['[', '(', '{']) => "take the `,` out: nothing stands before it".to_owned(),
        [b',', ..] if before.ends_with(',') => "one `,` is enough".to_owned(),
        _ => return None,
    })
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
fn character(before: &str, rest: &str) -> Option<String> {
    Some(match rest.chars().next()? {
        '\'' => "text stands in double quotes".to_owned(),
        '`' => "text stands in double quotes, `\"…\"`".to_owned(),
        '\\' => "a text knows `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\`, `\\$` and `\\u{e9}`; a backslash itself is written `\\\\`".to_owned(),
        ':' if rest.starts_with("::") => registry_name(before, rest),
        '#' => "comments start with `//`".to_owned(),
        '/' if rest.starts_with("/*") => "comments start with `//`".to_owned(),
        ';' => "entries end with their line; no `;` is needed".to_owned(),
        ':' => {
            let name = before.trim_end().rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
            match shown(rest.trim_start_matches(':').trim().trim_end_matches(',')) {
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
fn given(before: &str, rest: &str) -> Option<String> {
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
            true if !first.starts_with(|c: char| c.is_ascii_digit()) => format!("a text stands in quotes: `\"{first} {second}\"`"),
            _ => "between two values an operator or a `,` is missing".to_owned(),
        });
    }
    (value && behind_name).then(|| "a value is given with `=`, a type with `:`".to_owned())
}

/// A bracket that is open at the end.
fn not_closed(before: &str) -> Option<char> {
    [('{', '}'), ('[', ']'), ('(', ')')].into_iter().find_map(|(open, close)| {
        let count = |wanted: char| before.chars().filter(|c| *c == wanted).count();
        (count(open) > count(close)).then_some(open)
    })
}

// ------------------------------------------------------------ what the user wrote

/// `name = value` in a body, on lines or between commas.
fn entries(body: &str) -> Vec<(&str, &str)> {
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
fn setting<'t>(chunk: &'t str, name: &str) -> Option<&'t str> {
    let inner = chunk.split_once('{').map_or(chunk, |(_, inner)| inner);
    let inner = inner.trim_end();
    let found = entries(inner.strip_suffix('}').unwrap_or(inner)).into_iter().find(|(own, _)| *own == name).map(|(_, value)| value)?;
    (!found.is_empty() && not_closed(found).is_none()).then_some(found)
}

/// A name as plat can have it.
fn named(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// An address of Terraform's as plat's: `aws_vpc.main` is `main`.
fn plain(address: &str) -> &str {
    match address.split_once('.') {
        Some((ty, name)) if ty.starts_with("aws_") => name,
        _ => address,
    }
}

/// A piece of the user's text, if it is short and could stand so in plat.
fn shown(text: &str) -> String {
    let text = first_line(text).trim().replace("terraform.workspace", "env.name").replace("var.", "").replace("local.", "");
    if text.contains("aws_") || text.contains("[*]") || text.is_empty() || text.chars().count() > LONGEST || not_closed(&text).is_some() {
        "…".to_owned()
    } else {
        text
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

/// The type of a value, as far as it shows.
fn type_of(value: &str) -> &'static str {
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
fn param(name: &str, chunk: &str) -> String {
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

/// The word that ends the text which begins behind a line like `policy = <<EOF`.
pub(super) fn heredoc(line: &str) -> Option<&str> {
    let end = line.trim_end().rsplit_once("<<").map(|(_, end)| end.trim_start_matches('-').trim_matches('"'))?;
    (!end.is_empty() && word_at(end) == end).then_some(end)
}

/// Names that a chunk in Terraform's form would declare.
pub(super) fn names(chunk: &str) -> Option<&str> {
    let head = Head::of(chunk)?;
    let declares = matches!(head.word, "resource" | "data" | "variable" | "output" | "module");
    head.texts.last().copied().filter(|_| declares)
}
