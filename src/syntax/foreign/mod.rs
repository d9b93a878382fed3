//! What people write who come from Terraform or another language, and how plat spells it.

mod expressions;
mod heads;
mod texts;

use self::texts::{entries, named, param, plain, setting, shown, type_of};
use super::recover::word_at;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Stands in a help for a resource type's name, where only Terraform's is known. The checker, which knows the types, puts in what it finds.
pub const SOME_TYPE: &str = "aws.SERVICE.TYPE";
/// Where to look for it; goes when it is found.
pub const WHICH_TYPE: &str = "; `plat docs` lists the types";

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
    let diagnostic = match (head.word, head.texts.as_slice()) {
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
    };
    let untold = diagnostic.help.clone().filter(|help| help.contains(SOME_TYPE)).map(|help| help + WHICH_TYPE);
    Some(Diagnostic { help: untold.or(diagnostic.help), ..diagnostic })
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
    heads::declared(chunk, line, rest)
        .or_else(|| heads::step(line, rest))
        .or_else(|| heads::rule(line, rest))
        .or_else(|| heads::body(chunk, line, rest))
        .or_else(|| heads::bare_param(chunk, line, rest))
        .or_else(|| heads::checks(before, rest))
        .or_else(|| expressions::without_else(before, rest))
        .or_else(|| expressions::expression(before.trim_end(), line, rest))
        .or_else(|| expressions::character(before, rest))
        .or_else(|| expressions::given(before, rest))
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
