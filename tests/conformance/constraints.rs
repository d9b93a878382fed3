//! What plat carries of the registry's constraints, against the package that they come from, and against what
//! plat's own types say of their values.

mod agreement;
mod exceptions;

use std::collections::BTreeMap;
use std::process::Command;

use plat::schema::{Constraints, Kind, Node, Resource, ResourceSchema, Shape, value_from_json};
use plat::types::Type;
use plat::validate::constraints::violations;
use plat::value::Object;
use serde_json::Value as Json;

use crate::project::{read, root, tool};

const FOLDER: &str = "crates/plat-aws/registry";

/// What the script prints.
fn extract(argument: &str) -> String {
    let script = root().join(FOLDER).join("extract.py");
    let output = Command::new(tool("oracle", "bin/python")).arg(script).arg(argument).output().expect("python of .venv/oracle");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn native() -> Vec<ResourceSchema> {
    plat_aws::schemas().into_iter().filter(|schema| schema.kind == Kind::Managed).collect()
}

/// Lines by type.
fn lines(text: &str) -> BTreeMap<&str, &str> {
    text.lines().map(|line| line.split_once(' ').unwrap()).collect()
}

#[test]
fn the_data_are_those_of_the_package() {
    let ours = read(format!("{FOLDER}/constraints.jsonl"));
    let theirs = extract("--print");
    let (ours, theirs) = (lines(&ours), lines(&theirs));
    for (name, line) in &theirs {
        assert_eq!(ours.get(name), Some(line), "{name} differs: run {FOLDER}/extract.py");
    }
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.keys().is_sorted(), "a lookup is a binary search");
}

#[test]
fn every_native_type_has_constraints_that_can_be_read() {
    for schema in native() {
        let shape = schema.constraints.shape().unwrap_or_else(|| panic!("{} has no constraints, or they cannot be read", schema.name));
        let wrong = agreement::of_patterns(shape);
        assert!(wrong.is_empty(), "{}: patterns that the engine does not take: {wrong:?}", schema.name);
    }
}

#[test]
fn plats_types_agree_with_the_registry() {
    let mut problems: Vec<String> = native().iter().flat_map(agreement::problems).collect();
    let mut unused: Vec<&str> = Vec::new();
    for exception in exceptions::ALL {
        assert!(exception.why.len() > 20, "{exception:?}");
        let before = problems.len();
        problems.retain(|problem| !problem.starts_with(exception.problem));
        if problems.len() == before {
            unused.push(exception.problem);
        }
    }
    assert!(problems.is_empty(), "{} differences:\n{}", problems.len(), problems.join("\n"));
    assert!(unused.is_empty(), "exceptions that nothing needs:\n{}", unused.join("\n"));
}

/// Each correction of the registry changes something (the script fails otherwise) and says why and where AWS says so; what
/// it names as refused or taken is the other way round without it.
#[test]
fn every_override_is_needed() {
    let raw = extract("--raw").leak();
    let overrides: BTreeMap<String, Vec<Json>> = serde_json::from_str(&read(format!("{FOLDER}/overrides.json"))).unwrap();
    let (mut wrong, mut shown) = (Vec::new(), 0);
    for (name, entries) in &overrides {
        let schema = native().into_iter().find(|schema| schema.name == name).unwrap_or_else(|| panic!("no type {name}"));
        let without = ResourceSchema { constraints: Constraints::new(raw, schema.name), ..schema.clone() };
        assert!(without.constraints.shape().is_some(), "{name}");
        for entry in entries {
            let (why, link) = (entry["why"].as_str().unwrap_or(""), entry["link"].as_str().unwrap_or(""));
            assert!(why.len() > 20 && link.starts_with("https://docs.aws.amazon.com/"), "{name}: {entry}");
            for (key, refused) in [("refused", true), ("taken", false)] {
                let Some(example) = entry.get(key) else { continue };
                shown += 1;
                let inputs = inputs(&schema, example);
                let (with, without) = (violations(&schema, &inputs), violations(&without, &inputs));
                if with.is_empty() == refused || without.is_empty() != refused {
                    wrong.push(format!("{name} {key} {example}:\n  with {with:?}\n  without {without:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(shown > 30, "{shown} examples");
}

fn inputs(schema: &ResourceSchema, example: &Json) -> Object {
    let value = |name: &str, json: &Json| {
        let attribute = schema.attribute(name).unwrap_or_else(|| panic!("{} has no {name}", schema.name));
        value_from_json(json, &attribute.ty).unwrap_or_else(|e| panic!("{} {name}: {e}", schema.name))
    };
    example.as_object().unwrap().iter().map(|(name, json)| (name.as_str().into(), value(name, json))).collect()
}

/// Every shape of a type with the type that plat has at its place.
fn walk<'s>(shape: &'s Shape, ty: Option<&'s Type>, path: &str, visit: &mut dyn FnMut(&'s Shape, Option<&'s Type>, &str)) {
    visit(shape, ty, path);
    let inner = ty.map(|ty| match ty.required() {
        Type::Secret(of) => of.required(),
        ty => ty,
    });
    let mut next = |node: &'s Node, ty: Option<&'s Type>, path: &str| {
        if let Node::Shape(shape) = node {
            walk(shape, ty, path, visit);
        }
    };
    for node in shape.all_of.iter().chain(&shape.any_of).chain(&shape.one_of) {
        next(node, ty, path);
    }
    for node in [&shape.not, &shape.condition, &shape.then, &shape.otherwise].into_iter().flatten() {
        next(node, ty, path);
    }
    for (name, node) in &shape.properties {
        let at = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        let field = match inner {
            Some(Type::Record(record)) => record.field(name).map(|field| &field.ty),
            _ => None,
        };
        next(node, field, &at);
    }
    if let (Some(items), Some(Type::List(of))) = (&shape.items, inner) {
        next(items, Some(of), path);
    }
    for node in [&shape.keys, &shape.values].into_iter().flatten() {
        next(node, None, path);
    }
}

#[test]
fn a_resource_without_constraints_is_not_checked() {
    assert!(plat_aws::ec2::Region::schema().constraints.shape().is_none());
}
