//! The one rule of what may stand where.

use std::sync::Arc;

use plat::types::{Field, Function, Record, Type, is_assignable};

use crate::suite::{errors, shown};

fn record(fields: &[(&str, &Type, bool)]) -> Type {
    let field =
        |(name, ty, optional): &(&str, &Type, bool)| Field { name: (*name).into(), ty: (*ty).clone(), optional: *optional, doc: "".into() };
    Type::Record(Arc::new(Record::new(None, fields.iter().map(field).collect())))
}

fn function(from: &Type, to: &Type) -> Type {
    Type::Function(Arc::new(Function::new(vec![from.clone()], to.clone())))
}

/// Types of every kind, and what is made of them, twice.
fn types() -> Vec<Type> {
    let leaves = [
        Type::Null,
        Type::Json,
        Type::String,
        Type::Int,
        Type::Float,
        Type::Cidr,
        Type::union(["a"]),
        Type::union(["a", "b"]),
        Type::Id("aws.ec2.VPC".into()),
        Type::Arn("aws.iam.Role".into()),
        Type::Arn("".into()),
        Type::Resource("aws.ec2.VPC".into()),
    ];
    let wrapped = |of: &Type| [Type::list(of.clone()), Type::map(of.clone()), Type::optional(of.clone()), Type::secret(of.clone())];
    let (int, float, text) = (&leaves[3], &leaves[4], &leaves[2]);
    let mut all: Vec<Type> = leaves.to_vec();
    all.extend(leaves.iter().flat_map(wrapped));
    for optional in [true, false] {
        all.extend(leaves.iter().map(|leaf| record(&[("x", leaf, optional)])));
        all.push(record(&[("x", int, optional), ("y", text, true)]));
        all.push(record(&[("x", float, true), ("y", text, optional)]));
    }
    all.extend([function(int, float), function(float, int), function(float, float), function(text, int)]);
    let twice: Vec<Type> = all[leaves.len()..].iter().step_by(3).flat_map(wrapped).collect();
    all.extend(twice);
    all
}

#[test]
fn every_type_fits_itself() {
    for ty in types() {
        assert!(is_assignable(&ty, &ty), "{ty}");
    }
}

#[test]
fn what_fits_into_what_fits_fits() {
    let types = types();
    let fits: Vec<Vec<usize>> =
        types.iter().map(|from| types.iter().enumerate().filter(|(_, to)| is_assignable(from, to)).map(|(n, _)| n).collect()).collect();
    assert!(fits.iter().map(Vec::len).sum::<usize>() > 2 * types.len(), "almost nothing fits anything");
    for (from, first) in fits.iter().enumerate() {
        for &middle in first {
            for &to in &fits[middle] {
                assert!(first.contains(&to), "`{}` fits `{}`, which fits `{}`", types[from], types[middle], types[to]);
            }
        }
    }
}

/// Types as they are written, and a value of each.
fn values() -> Vec<(&'static str, Type, &'static str)> {
    let list = Type::list;
    vec![
        ("String", Type::String, "\"s\""),
        ("Int", Type::Int, "3"),
        ("Float", Type::Float, "1.5"),
        ("Bool", Type::Bool, "true"),
        ("Cidr", Type::Cidr, "10.0.0.0/8"),
        ("Size", Type::Size, "1GiB"),
        ("Duration", Type::Duration, "1d"),
        ("\"a\" | \"b\"", Type::union(["a", "b"]), "\"a\""),
        ("\"a\" | \"b\" | \"c\"", Type::union(["a", "b", "c"]), "\"c\""),
        ("Int?", Type::optional(Type::Int), "null"),
        ("Float?", Type::optional(Type::Float), "2.5"),
        ("String?", Type::optional(Type::String), "\"s\""),
        ("[Int]", list(Type::Int), "[1, 2]"),
        ("[Float]", list(Type::Float), "[0.5]"),
        ("[[Int]]", list(list(Type::Int)), "[[1], []]"),
        ("[\"a\"]", list(Type::union(["a"])), "[\"a\"]"),
        ("[String]", list(Type::String), "[\"s\"]"),
        ("{Int}", Type::map(Type::Int), "{ k = 1 }"),
        ("{Float?}", Type::map(Type::optional(Type::Float)), "{ k = null }"),
        ("{ x: Int }", record(&[("x", &Type::Int, false)]), "{ x = 1 }"),
        ("{ x: Float }", record(&[("x", &Type::Float, false)]), "{ x = 1.5 }"),
        ("{ x: Int, y: String }", record(&[("x", &Type::Int, false), ("y", &Type::String, false)]), "{ x = 1, y = \"s\" }"),
    ]
}

/// What the rule allows is accepted and computed; what it does not is an error of types, and none other.
#[test]
fn a_value_that_fits_evaluates_and_no_other() {
    let (mut fit, mut unfit) = (0, 0);
    for (from, from_type, value) in values() {
        for (to, to_type, _) in values() {
            let program = format!("param given: {from} = {value}\nlet taken: {to} = given\noutput told: {to} = taken\n");
            let (sources, found) = errors(&program);
            if is_assignable(&from_type, &to_type) {
                fit += 1;
                assert!(found.is_empty(), "{from} → {to}\n{}", shown(&sources, &found));
            } else {
                unfit += 1;
                let codes: Vec<u16> = found.iter().map(|d| d.code.0).collect();
                assert!(matches!(codes.as_slice(), [203 | 212 | 217]), "{from} → {to}: {codes:?}\n{}", shown(&sources, &found));
            }
        }
    }
    assert!(fit > 30 && unfit > 200, "{fit} fit and {unfit} do not");
}

/// A value that is given, in the words of a program.
struct Given {
    declared: String,
    name: String,
    /// The type that is wanted, and what the value is as one.
    wanted: &'static str,
    is: String,
}

/// What fits by the rule, and what stands for something else: a resource for its id or ARN, a text for a version, a record for one with
/// defaults.
fn given() -> Vec<Given> {
    let mut all: Vec<Given> = Vec::new();
    for (number, (from, from_type, value)) in values().into_iter().enumerate() {
        for (wanted, wanted_type, _) in values() {
            if is_assignable(&from_type, &wanted_type) {
                let name = format!("given{number}");
                all.push(Given { declared: format!("param {name}: {from} = {value}"), is: name.clone(), name, wanted });
            }
        }
    }
    let stands = [
        ("net", "Id<aws.ec2.VPC>", "net.vpc_id"),
        ("key", "Arn<aws.kms.Key>", "key.arn"),
        ("key", "Arn", "key.arn"),
        ("release", "Version", "version"),
        ("short", "Full", "full"),
        ("deep", "Deep", "whole"),
    ];
    all.extend(stands.map(|(name, wanted, is)| Given { declared: String::new(), name: name.into(), wanted, is: is.into() }));
    all
}

const AROUND: &str = r#"type Full = { x: Int, y: String = "d" }
type Deep = { net: Id<aws.ec2.VPC>, all: [Full] = [{ x = 2 }] }
resource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
resource key: aws.kms.Key { description = "k" }
param release: "1.2" = "1.2"
let version: Version = "1.2"
let short = { x = 1 }
let full: Full = { x = 1, y = "d" }
let deep = { net = net, all = [{ x = 3 }] }
let whole: Deep = { net = net.vpc_id, all = [{ x = 3, y = "d" }] }
"#;

/// What a value can go through before it is taken, `X`, where `C` holds; and the type of what is taken, of `T`.
const WAYS: [(&str, &str); 13] = [
    ("X", "T"),
    ("[X]", "[T]"),
    ("{ k = X }", "{T}"),
    ("{ k = X }.values()", "[T]"),
    ("[[X], [X]].flatten()", "[T]"),
    ("[[[X]], [[X]].filter(x => C)].flatten().flatten()", "[T]"),
    ("[X, X].filter(x => C)", "[T]"),
    ("[for x in [X, X] if C: x]", "[T]"),
    ("[1, 2].flat_map(x => if C { [X] } else { [X, X] })", "[T]"),
    ("{for k in [\"a\"] if C: \"${k}b\" = X}", "{T}"),
    ("if C { { k = X } } else { {} }", "{T}"),
    ("[X] + (if C { [X] } else { [] })", "[T]"),
    ("match C { true => [X], _ => [X, X] }", "[T]"),
];

/// A value that fits has the form that is wanted: known at once, or only when the cloud has answered, and whatever it goes through.
#[test]
fn a_value_that_fits_has_the_form_that_is_wanted_also_when_it_waits() {
    let mut failed = Vec::new();
    for (way, of) in WAYS {
        let mut program = AROUND.to_owned();
        let mut asserts = String::new();
        for (number, Given { declared, name, wanted, is }) in given().into_iter().enumerate() {
            if !program.contains(&format!("{declared}\n")) {
                program += &format!("{declared}\n");
            }
            let ty = of.replace('T', &format!("({wanted})"));
            let title = ty.replace('"', "'");
            let later = "net.vpc_id != \"none\"";
            let waits = way.replace('X', &format!("(if {later} {{ {name} }} else {{ {name} }})")).replace('C', later);
            let (at_once, is) = (way.replace('X', &name).replace('C', "true"), way.replace('X', &is).replace('C', "true"));
            program += &format!("let waits{number}: {ty} = {waits}\nlet now{number}: {ty} = {at_once}\nlet is{number}: {ty} = {is}\n");
            asserts += &format!("  assert waits{number} == is{number}, \"{name} as {title} waits\"\n");
            asserts += &format!("  assert now{number} == is{number}, \"{name} as {title}\"\n");
        }
        program += &format!("test \"all of them\" {{\n  apply\n{asserts}}}\n");
        let (sources, found) = errors(&program);
        if !found.is_empty() {
            failed.push(format!("{way}\n{}", shown(&sources, &found)));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
