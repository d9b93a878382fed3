//! Pages of the types of values with the functions that are called on them, and of the functions called by name.

use std::sync::Arc;

use super::{Page, Topic, about};
use crate::check::builtin::{Answer, BUILTINS, METHODS, Param, Signature, signature};
use crate::check::builtin_docs::{self, Told};
use crate::types::Type;

/// What stands for any type in a signature.
fn any(name: &str) -> Type {
    Type::Resource(Arc::from(name))
}

/// Each type of value: its name, what receivers of it are tried in turn, and what is told of it.
fn values() -> Vec<(&'static str, Vec<Type>, &'static str)> {
    let list = |of: Type| Type::list(of);
    vec![
        ("String", vec![Type::String], include_str!("values/String.md")),
        ("Int", vec![Type::Int], include_str!("values/Int.md")),
        ("Float", vec![Type::Float], include_str!("values/Float.md")),
        ("Bool", vec![Type::Bool], include_str!("values/Bool.md")),
        ("Cidr", vec![Type::Cidr], include_str!("values/Cidr.md")),
        ("Ip", vec![Type::Ip], include_str!("values/Ip.md")),
        ("Size", vec![Type::Size], include_str!("values/Size.md")),
        ("Duration", vec![Type::Duration], include_str!("values/Duration.md")),
        ("Version", vec![Type::Version], include_str!("values/Version.md")),
        ("List", vec![list(any("T")), list(Type::String), list(list(any("T"))), list(Type::Int)], include_str!("values/List.md")),
        ("Map", vec![Type::map(any("T"))], include_str!("values/Map.md")),
        ("Record", Vec::new(), include_str!("values/Record.md")),
        ("Union", Vec::new(), include_str!("values/Union.md")),
        ("Optional", Vec::new(), include_str!("values/Optional.md")),
        ("Id", Vec::new(), include_str!("values/Id.md")),
        ("Arn", Vec::new(), include_str!("values/Arn.md")),
        ("Secret", Vec::new(), include_str!("values/Secret.md")),
        ("Json", Vec::new(), include_str!("values/Json.md")),
    ]
}

pub(super) fn pages() -> Vec<Page> {
    let mut pages = functions();
    for (name, receivers, told) in values() {
        let mut text = format!("# {name}\n\n{}\n", told.trim());
        let mut methods = Vec::new();
        for method in METHODS {
            let Some((receiver, signature)) = receivers.iter().find_map(|ty| Some((ty, signature(ty, method)?))) else { continue };
            let told = builtin_docs::method(signature.method);
            let section = section(&call(receiver, method, &signature), told);
            text.push_str(&format!("\n## {method}\n\n{section}"));
            methods.push(Page {
                topic: Topic::Method,
                name: format!("{name}.{method}"),
                about: told.doc.to_owned(),
                text: format!("# {name}.{method}\n\n{section}"),
            });
        }
        let mut sentence = about(told);
        if !methods.is_empty() {
            let names: Vec<&str> = methods.iter().map(|page| super::last_part(&page.name)).collect();
            sentence.push_str(&format!(" Has {}.", names.join(", ")));
        }
        pages.push(Page { topic: Topic::Value, name: name.to_owned(), about: sentence, text });
        pages.extend(methods);
    }
    pages
}

/// The functions that are called by their name: all on one page, and each by itself.
fn functions() -> Vec<Page> {
    let mut text = "# functions\n\nFunctions that are called by their name. All others are called on a value, as in `list.len()`: the page of each type has its\nown. `fn` declares one.\n".to_owned();
    let mut each = Vec::new();
    for (name, builtin, params, result) in BUILTINS {
        let params: Vec<String> = params.iter().map(|param| Type::from(*param).to_string()).collect();
        let told = builtin_docs::function(builtin);
        let section = section(&format!("{name}({}) => {}", params.join(", "), Type::from(result)), told);
        text.push_str(&format!("\n## {name}\n\n{section}"));
        let text = format!("# {name}\n\n{section}");
        each.push(Page { topic: Topic::Method, name: name.to_owned(), about: told.doc.to_owned(), text });
    }
    let names: Vec<&str> = BUILTINS.iter().map(|(name, ..)| *name).collect();
    let sentence = format!("Functions that are called by their name: {}.", names.join(", "));
    each.insert(0, Page { topic: Topic::Functions, name: "functions".to_owned(), about: sentence, text });
    each
}

fn section(call: &str, told: Told) -> String {
    let example = if told.gives.is_empty() {
        format!("```\n{}\n```\n", told.example)
    } else {
        format!("```plat\nassert {} == {}\n```\n", told.example, told.gives)
    };
    format!("`{call}`\n\n{}\n\n{example}", told.doc)
}

/// `[T].filter(T => Bool) => [T]`
fn call(receiver: &Type, name: &str, signature: &Signature) -> String {
    let u = any("U");
    // What a lambda gives, where the method leaves it free.
    let free = match signature.result {
        Answer::Lambda => Type::list(u.clone()),
        _ => u.clone(),
    };
    let result = match &signature.result {
        Answer::Type(ty) => ty.clone(),
        Answer::ListOfLambda => Type::list(u),
        Answer::Lambda => free.clone(),
        Answer::MapOfLambda => Type::map(u),
        Answer::Joined => receiver.clone(),
    };
    let params: Vec<String> = signature
        .params
        .iter()
        .map(|param| match param {
            Param::Value(ty) => ty.to_string(),
            Param::Like(ty) => ty.to_string(),
            Param::Either(one, other) => format!("{one} or {other}"),
            Param::Lambda(over, gives) => {
                let over: Vec<String> = over.iter().map(ToString::to_string).collect();
                let over = if let [one] = over.as_slice() { one.clone() } else { format!("({})", over.join(", ")) };
                format!("{over} => {}", gives.as_ref().unwrap_or(&free))
            }
        })
        .collect();
    format!("{receiver}.{name}({}) => {result}", params.join(", "))
}
