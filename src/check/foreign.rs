//! Names that mean something in Terraform and elsewhere, and what plat has for them.

use super::{Checker, Scope};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema::Registry;
use crate::source::{SourceMap, Span};
use crate::syntax::ast;
use crate::syntax::{SOME_TYPE, WHICH_TYPE};

/// The resource type that Terraform calls `aws_db_instance`, and CloudFormation `AWS::RDS::DBInstance`.
pub(super) fn resource_type(registry: &Registry, name: &str) -> Option<&'static str> {
    let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = bare(name.strip_prefix("aws_").or_else(|| name.strip_prefix("aws.")).unwrap_or(name));
    let parts = |full: &'static str| {
        let short = full.rsplit('.').next().unwrap_or(full);
        (bare(full.strip_prefix("aws.").unwrap_or(full)), bare(short))
    };
    let found = |fits: &dyn Fn(&str, &str) -> bool| {
        let mut all = registry.iter().map(|schema| schema.name).filter(|full| {
            let (whole, short) = parts(full);
            fits(&whole, &short)
        });
        // Of several nobody knows which is meant.
        all.next().filter(|_| all.next().is_none())
    };
    found(&|whole, _| whole == wanted)
        .or_else(|| found(&|_, short| short == wanted))
        .or_else(|| found(&|_, short| short.len() > 6 && wanted.ends_with(short)))
        .or_else(|| found(&|_, short| wanted.len() > 12 && short.ends_with(&wanted)))
}

/// Puts the names of types into what is said of declarations in Terraform's form.
pub(super) fn name_types(diagnostics: &mut [Diagnostic], sources: &SourceMap, registry: &Registry) {
    for diagnostic in diagnostics.iter_mut().filter(|d| d.help.as_ref().is_some_and(|help| help.contains(SOME_TYPE))) {
        let theirs = sources.text(diagnostic.span).split('"').find(|text| text.starts_with("aws_"));
        let ours = theirs.and_then(|theirs| resource_type(registry, theirs));
        if let (Some(help), Some(ours)) = (&mut diagnostic.help, ours) {
            *help = help.replace(SOME_TYPE, ours).replace(WHICH_TYPE, "");
        }
    }
}

/// What to write for a type of another language.
pub(super) fn plain_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "number" => "`Int`, or `Float`",
        "boolean" => "`Bool`",
        "integer" | "long" => "`Int`",
        "double" => "`Float`",
        "text" | "str" => "`String`",
        "any" | "object" => "a record, `{ name: String }`, or `Json`",
        "list" | "set" | "array" => "a list, `[String]`",
        "map" | "dict" => "a map, `{String}`",
        "secret" | "password" => "`Secret<String>`",
        "datetime" | "timedelta" => "`Duration`",
        _ => return None,
    })
}

/// `List<String>` and its like, with what stands in the `<>`.
pub(super) fn generic_type(name: &str, args: &[&str]) -> Option<String> {
    Some(match (name, args) {
        ("List" | "list" | "Array" | "array" | "Set" | "set" | "Vec" | "Seq", [of]) => format!("[{of}]"),
        ("Map" | "map" | "Dict" | "dict" | "Record" | "HashMap" | "Object", [of] | [_, of]) => format!("{{{of}}}"),
        ("Optional" | "Option" | "Maybe" | "Nullable", [of]) => format!("{of}?"),
        _ => return None,
    })
}

/// What to write for a value of another language.
pub(super) fn value(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" | "TRUE" | "yes" | "on" => "true",
        "False" | "FALSE" | "no" | "off" => "false",
        "None" | "none" | "nil" | "NULL" | "Null" | "undefined" | "nothing" => "null",
        _ => return None,
    })
}

/// What to write for a setting that Terraform has of its own in each resource.
pub(super) fn setting(name: &str) -> Option<&'static str> {
    Some(match name {
        "count" => "one that is there only sometimes has an `if`, `resource name: Type if condition { … }`; several have a `for`, and keys",
        "for_each" => "write it behind the type: `resource name: Type for x in … { … }`",
        "depends_on" => "write `@after = [name]`",
        "provider" => "the region is chosen by `@region = \"…\"`, the account by `@account = \"…\"`",
        "lifecycle" => "settings of the engine start with `@`: `@protect`, `@replace`, `@ignore`",
        "timeouts" => "write `@timeout = 30m`",
        "source" => "which component it is stands behind its name: `resource name: Component { … }`, with `use \"…\".{Component}`",
        _ => return None,
    })
}

/// What to write for a function of Terraform's.
pub(super) fn function(name: &str, args: &[&str]) -> Option<String> {
    let on = |method: &str| match args {
        [] => None,
        [first, rest @ ..] => Some(format!("write `{first}.{method}({})`", rest.join(", "))),
    };
    match (name, args) {
        ("length" | "len" | "size", _) => on("len"),
        ("upper" | "lower" | "split" | "join", [a, b]) => Some(format!("write `{b}.{name}({a})`")),
        ("upper" | "lower" | "keys" | "values" | "reverse" | "sort" | "sum" | "flatten" | "abs" | "merge" | "contains" | "replace", _) => {
            on(name)
        }
        ("trimspace" | "trim", [_]) => on("trim"),
        ("distinct" | "toset" | "set", [_]) => on("unique"),
        ("startswith", _) => on("starts_with"),
        ("endswith", _) => on("ends_with"),
        ("concat", [_, _, ..]) => Some(format!("write `{}`", args.join(" + "))),
        ("element", [list, at]) => Some(format!("write `{list}[{at}]`")),
        ("lookup", [map, key]) => Some(format!("write `{map}[{key}]`")),
        ("lookup", [map, key, default]) => Some(format!("write `{map}.get({key}) ?? {default}`")),
        ("coalesce" | "try", [_, _, ..]) => Some(format!("write `{}`", args.join(" ?? "))),
        ("min" | "max", [a, b]) => Some(format!("write `{a}.{name}({b})`")),
        ("cidrsubnet", [net, bits, number]) => {
            let net = net.strip_prefix('"').and_then(|net| net.strip_suffix('"')).filter(|net| !net.contains('$')).unwrap_or(net);
            Some(format!("write `{net}.subnet({bits}, {number})`"))
        }
        ("cidrhost", [net, number]) => Some(format!("write `{net}.host({number})`")),
        ("jsonencode" | "to_json", [value]) => Some(format!("write `json({value})`")),
        ("tostring" | "str", [value]) => Some(format!("write `\"${{{value}}}\"`")),
        ("range", [to]) => Some(format!("write `0..{to}`")),
        ("range", [from, to]) => Some(format!("write `{from}..{to}`")),
        ("tolist" | "tomap" | "tonumber" | "tobool", [value]) => Some(format!("values have their types already: write `{value}`")),
        ("format" | "formatlist", _) => Some("write values into a text: `\"${a}-${b}\"`".to_owned()),
        ("templatefile", _) => Some("write values into a `\"\"\"` text, or read a file as it is: `file(\"…\")`".to_owned()),
        ("zipmap", [keys, values]) => Some(format!("write `{values}.zip({keys})`")),
        ("file", []) => None,
        ("timestamp" | "uuid" | "random" | "now", _) => {
            Some("what is computed has the same answer each time; there is no clock and no chance".to_owned())
        }
        ("print" | "println", _) => Some("what a stack tells is an `output`".to_owned()),
        _ => None,
    }
}

/// What to write for a function or property that other languages have on lists, maps and texts; behind the value.
pub(super) fn method(name: &str) -> Option<&'static str> {
    Some(match name {
        "length" | "size" | "count" => ".len()",
        "push" | "append" | "add" | "concat" => " + […]",
        "includes" | "has" | "index" | "indexOf" | "contains_key" | "has_key" => ".contains(…)",
        "head" => ".first()",
        "tail" => ".skip(1)",
        "substring" | "substr" | "slice" => ".take(…)",
        "trimspace" | "strip" => ".trim()",
        "to_upper" | "toUpperCase" | "uppercase" => ".upper()",
        "to_lower" | "toLowerCase" | "lowercase" => ".lower()",
        "distinct" => ".unique()",
        "select" | "where" => ".filter(x => …)",
        "collect" | "each" | "foreach" | "forEach" => ".map(x => …)",
        "find" => ".filter(x => …).first()",
        "some" => ".any(x => …)",
        "every" => ".all(x => …)",
        _ => return None,
    })
}

impl Checker<'_> {
    /// `var.x`, `aws_vpc.main` and the like: what plat has for them.
    pub(super) fn foreign_reference(&mut self, scope: &Scope, namespace: &str, name: &ast::Name, span: Span) -> bool {
        let there = scope.slots.contains_key(&name.node);
        let alone = |what: &str| match there {
            true => format!("{what} stands by its name alone: `{}`", name.node),
            false => format!("{what} stands by its name alone; declare `{}` first", name.node),
        };
        let help = match (namespace, &*name.node) {
            ("var", _) => alone("a param"),
            ("local", _) => alone("a `let`"),
            ("module", _) => alone("a component's use"),
            ("data", _) => "what a `lookup` finds stands by its name alone".to_owned(),
            ("each", "key") => {
                "`for k, v in map` binds the key as `k`, and `for x in list` the element, which is its own key, as `x`".to_owned()
            }
            ("each", _) => "`for k, v in map` binds the value as `v`, and `for x in list` the element as `x`".to_owned(),
            ("count", _) => "instances have keys, no numbers: `for x in list` binds each as `x`".to_owned(),
            ("self", _) => "a resource's own attributes can be read elsewhere, by its name".to_owned(),
            ("path", _) => "`file(\"…\")` reads from the project's folder".to_owned(),
            ("terraform", _) => "the environment's name is `env.name`".to_owned(),
            _ if namespace.starts_with("aws_") => alone("a resource"),
            _ => return false,
        };
        self.report(
            Diagnostic::error(Code(200), span, format!("there is no `{namespace}` here")).label("as Terraform writes it").help(help),
        );
        true
    }
}
