//! The rules of ARCHITECTURE.md that a machine can check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::project::{files, read, root};

/// What each module of the library may use. An edge that is not here is a test failure: add it here and in ARCHITECTURE.md, or do without.
const MAY_USE: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("diagnostic", &["source"]),
    ("types", &[]),
    ("address", &[]),
    ("age", &[]),
    ("threads", &[]),
    ("files", &[]),
    ("value", &["source", "types", "address"]),
    ("schema", &["types", "value"]),
    // What resources occupy exclusively: for the check, the plan, the rehearsal and the sandbox.
    ("claims", &["types", "schema", "address", "value"]),
    ("syntax", &["source", "diagnostic", "value"]),
    ("format", &["source", "diagnostic", "syntax"]),
    ("desired", &["source", "diagnostic", "address", "age", "value"]),
    // What the program's networks come to. Below the checker, which asks what has a place in a network, and the evaluator, which tells what is wrong.
    ("network", &["source", "diagnostic", "types", "schema", "address", "value", "desired"]),
    // Checks of evaluated resources against their schemas; finds words of the program as the network does.
    ("validate", &["source", "diagnostic", "types", "schema", "address", "value", "desired", "claims", "network"]),
    ("resolve", &["source", "diagnostic", "syntax", "types", "threads", "files"]),
    ("check", &["source", "diagnostic", "syntax", "resolve", "types", "schema", "value", "address", "desired", "network"]),
    (
        "eval",
        &[
            "source",
            "diagnostic",
            "syntax",
            "resolve",
            "types",
            "schema",
            "value",
            "address",
            "age",
            "desired",
            "network",
            "validate",
            "check",
            "files",
            "graph",
        ],
    ),
    ("provider", &["address", "value", "schema", "types", "claims", "validate", "files"]),
    ("state", &["address", "age", "value", "schema", "types", "threads", "files"]),
    ("graph", &["source", "diagnostic", "address", "value", "desired", "schema", "state"]),
    (
        "plan",
        &["source", "diagnostic", "types", "address", "value", "desired", "schema", "claims", "validate", "provider", "state", "graph"],
    ),
    (
        "apply",
        &["source", "diagnostic", "types", "address", "value", "desired", "schema", "validate", "provider", "state", "graph", "plan"],
    ),
    (
        "trial",
        &[
            "source",
            "diagnostic",
            "syntax",
            "types",
            "address",
            "value",
            "desired",
            "schema",
            "check",
            "eval",
            "provider",
            "state",
            "plan",
            "apply",
        ],
    ),
    ("console", &["source", "diagnostic", "types", "address", "value", "schema", "check", "eval", "provider", "state", "plan", "trial"]),
    // Leaves: they may look at everything, and nothing looks at them.
    (
        "render",
        &[
            "source",
            "diagnostic",
            "syntax",
            "resolve",
            "types",
            "schema",
            "check",
            "address",
            "value",
            "desired",
            "provider",
            "state",
            "graph",
            "plan",
            "apply",
            "trial",
        ],
    ),
    ("ide", &["source", "diagnostic", "syntax", "format", "resolve", "types", "schema", "check", "value", "address"]),
];

/// Lines that a person can read in one sitting.
const LONGEST_FILE: usize = 800;

#[test]
fn modules_depend_one_way() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = MAY_USE.iter().map(|(m, uses)| (*m, uses.iter().copied().collect())).collect();
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in files(&source, "rs") {
        let path = file.strip_prefix(&source).unwrap();
        let Some(module) = module_of(path) else { continue };
        let Some(allowed) = allowed.get(module.as_str()) else {
            wrong.push(format!("src/{}: the module `{module}` is not in tests/house.rs", path.display()));
            continue;
        };
        for (line, used) in crate_uses(&product_code(&std::fs::read_to_string(&file).unwrap())) {
            if used != module && !allowed.contains(used.as_str()) {
                wrong.push(format!("src/{}:{line}: `{module}` must not use `{used}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_allowed_edges_have_no_cycle() {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while done.len() < MAY_USE.len() {
        let ready: Vec<_> =
            MAY_USE.iter().filter(|(m, uses)| !done.contains(m) && uses.iter().all(|u| done.contains(u))).map(|(m, _)| *m).collect();
        assert!(!ready.is_empty(), "a cycle among the modules that are not in {done:?}");
        done.extend(ready);
    }
}

#[test]
fn crate_uses_are_found_in_every_form() {
    let text = "use crate::plan;\nuse crate::{state::Record, value};\nlet x = crate::apply::run();\n// use crate::render\npub use crate::a::{b, c};";
    let found: Vec<_> = crate_uses(text).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(found, ["1 plan", "2 state", "2 value", "3 apply", "5 a"]);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let top = read("Cargo.toml");
    for lint in ["unwrap_used", "expect_used", "panic", "indexing_slicing", "string_slice", "todo"] {
        assert!(top.contains(&format!("{lint} = \"deny\"")), "Cargo.toml does not deny `{lint}`");
    }
    assert!(top.contains("unsafe_code = \"forbid\""), "Cargo.toml does not forbid unsafe code");
    for manifest in files(&root(), "toml") {
        let text = std::fs::read_to_string(&manifest).unwrap();
        if text.contains("[package]") {
            assert!(text.contains("[lints]\nworkspace = true"), "{} does not take the workspace's lints", manifest.display());
        }
    }
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let mut long = Vec::new();
    for folder in ["src", "crates", "tests"] {
        for file in files(&root().join(folder), "rs") {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            if lines > LONGEST_FILE {
                long.push(format!("{}: {lines} lines, and {LONGEST_FILE} is the most", file.display()));
            }
        }
    }
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn the_library_knows_no_terminal_process_or_environment() {
    let forbidden = ["println!", "eprintln!", "print!", "eprint!", "dbg!", "std::env", "process::exit", "clap::", "aws_sdk"];
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in files(&source, "rs").into_iter().filter(|file| module_of(file.strip_prefix(&source).unwrap()).is_some()) {
        for (number, line) in product_code(&std::fs::read_to_string(&file).unwrap()).lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for word in forbidden {
                if code.contains(word) {
                    wrong.push(format!("{}:{}: {word}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A plain open hangs on a pipe, reads a device without end, and writes through a link that came with a repository.
#[test]
fn files_are_opened_in_one_place() {
    let forbidden =
        ["fs::read(", "read_to_string(", "fs::write(", "fs::copy(", "File::open(", "File::create", "File::options(", "OpenOptions::new("];
    let mut wrong = Vec::new();
    for folder in ["src", "crates/plat-cli/src", "crates/plat-aws/src", "crates/plat-objects/src"] {
        let source = root().join(folder);
        for file in files(&source, "rs").into_iter().filter(|file| module_of(file.strip_prefix(&source).unwrap()).is_some()) {
            if file.ends_with("src/files.rs") || file.ends_with("src/syntax/corpus.rs") {
                continue;
            }
            for (number, line) in product_code(&std::fs::read_to_string(&file).unwrap()).lines().enumerate() {
                let code = line.split("//").next().unwrap();
                wrong.extend(forbidden.iter().filter(|word| code.contains(**word)).map(|word| {
                    format!(
                        "{}:{}: `{word}`; `plat::files` reads regular files up to a limit and follows no links to write",
                        file.display(),
                        number + 1
                    )
                }));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The file without its tests: what follows a `#[cfg(test)]` line that opens a module.
pub fn product_code(text: &str) -> String {
    match text.find("#[cfg(test)]\nmod ") {
        Some(end) if text[end..].lines().nth(1).is_some_and(|line| line.ends_with('{')) => text[..end].to_owned(),
        _ => text.to_owned(),
    }
}

/// `plan` for `plan/diff.rs` and `plan.rs`; none for the crate's root. Files of tests beside the code are no part of the product.
pub fn module_of(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    let first = path.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    let is_test = name == "tests" || name.ends_with("_tests") || path.components().any(|part| part.as_os_str() == "tests");
    (first != "lib" && !is_test).then_some(first)
}

/// Each `crate::name` in code, with its line; `crate::{a, b::c}` counts for `a` and `b`.
fn crate_uses(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (position, _) in code.match_indices("crate::") {
            if code[..position].ends_with('$') {
                continue;
            }
            let rest = &code[position + "crate::".len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => top_level_names(group),
                None => vec![leading_name(rest)],
            };
            found.extend(names.into_iter().filter(|n| n.starts_with(char::is_lowercase)).map(|n| (number + 1, n)));
        }
    }
    found
}

/// The first names of `a::{x, y}, b}`.
fn top_level_names(group: &str) -> Vec<String> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0usize, true);
    for (position, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && !c.is_whitespace() => {
                names.push(leading_name(&group[position..]));
                start = false;
            }
            _ => {}
        }
    }
    names
}

fn leading_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn every_resource_type_says_what_was_verified() {
    let page = read("docs/aws.md");
    let managed = plat_aws::schemas().into_iter().filter(|schema| schema.kind == plat::schema::Kind::Managed);
    let missing: Vec<_> = managed.map(|schema| schema.name).filter(|name| !page.contains(&format!("\n| `{name}` | "))).collect();
    assert!(missing.is_empty(), "docs/aws.md has no row for {}", missing.join(", "));
}
