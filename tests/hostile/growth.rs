//! Every kind of declaration and expression, each in a chain in which every link mentions the one before twice, in a long chain, and many
//! side by side. What is counted is what the checker and the evaluator look at, which grows with the text and no faster.

use std::fmt::Write;
use std::sync::Arc;

use plat::check::{Checked, check_text};
use plat::diagnostic::Diagnostic;
use plat::eval::{self, Lookups, MAX_STEPS, evaluate};
use plat::{plan, types, value};

use crate::suite::registry;

const LINKS: usize = 40;
const MANY: usize = 5_000;
/// Steps for each byte of a program.
const STEPS_EACH: u64 = 60;

/// One kind of declaration or expression.
struct Kind {
    name: &'static str,
    /// The first link, called `n0`.
    first: &'static str,
    /// A link: its name in `%`, the two that it mentions in `$1` and `$2`.
    link: &'static str,
    /// What asks for the last, called `%`.
    last: &'static str,
    /// Evaluating a chain that doubles takes a step for each way, and is stopped.
    stops: bool,
}

const fn kind(name: &'static str, first: &'static str, link: &'static str, last: &'static str) -> Kind {
    Kind { name, first, link, last, stops: false }
}

/// A value that is computed anew each time, or grows.
const fn stopped(name: &'static str, first: &'static str, link: &'static str, last: &'static str) -> Kind {
    Kind { name, first, link, last, stops: true }
}

const KINDS: &[Kind] = &[
    kind("types of records", "type N0 = Int", "type N% = { a: N$1, b: N$2 }", "param p: N%? = null\nlet q: N%? = p\nassert p == q"),
    kind(
        "types of lists",
        "type N0 = Int",
        "type N% = { a: [N$1], b: {N$2} }",
        "param p: [N%]? = null\nlet q = if p == null { [] } else { p ?? [] }",
    ),
    kind(
        "types with defaults",
        "type N0 = { x: Int = 1 }",
        "type N% = { a: N$1?, b: N$2? }",
        "let p: N% = { a = null, b = null }\nlet q: N% = p",
    ),
    kind("types of secrets", "type N0 = Secret<String>", "type N% = { a: N$1?, b: N$2? }", "param p: N%? = null\nlet q: N%? = p"),
    kind("types of functions", "fn n0(f: (Int) => Int) => Int = f(1)", "fn n%(f: (Int) => Int) => Int = f(2)", "let x = n%(x => x)"),
    stopped("functions", "fn n0(x: Int) => Int = x", "fn n%(x: Int) => Int = n$1(x) + n$2(x)", "let x = n%(1)"),
    stopped(
        "functions that are given on",
        "fn n0(x: Int, f: (Int) => Int) => Int = f(x)",
        "fn n%(x: Int, f: (Int) => Int) => Int = n$1(n$2(x, f), f)",
        "let x = n%(1, x => x)",
    ),
    kind("params", "param n0: Int = 1", "param n%: Int = n$1 - n$2", "assert n% == 0"),
    kind("params with checks", "param n0: Int = 1", "param n%: Int = 1 {\n  check n% == n$1 && n$2 > 0\n}", "assert n% == 1"),
    kind("records", "let n0 = 1", "let n% = { a = n$1, b = n$2 }", "let other = n%\nassert n% == other"),
    kind("records that are compared", "let n0 = 1", "let n% = { a = n$1, b = n$2 }", "assert n% == n0 || true"),
    kind(
        "records that are chosen",
        "let n0 = { a = [], b = [] }",
        "let n% = if 1 == 1 { { a = [n$1], b = [] } } else { { a = [], b = [n$2] } }",
        "let x = n%",
    ),
    kind("lists", "let n0 = 1", "let n% = [n$1, n$2]", "let x = [n%, n%].contains(n%)"),
    kind(
        "lists of unknown",
        "resource r: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\nlet n0 = r.vpc_id",
        "let n% = { a = n$1, b = n$2 }",
        "let x = [n%]",
    ),
    kind(
        "unknown texts",
        "resource r: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\nlet n0: String = r.vpc_id",
        "let n% = if \"${n$1}${n$2}\" == \"\" { \"a\" } else { \"b\" }",
        "output o: String = n%",
    ),
    kind(
        "unknown choices",
        "resource r: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\nlet n0: String = r.vpc_id",
        "let n% = match n$1 { \"x\" => n$2, _ => \"${n$2}\".upper() }",
        "output o: String = n%",
    ),
    kind("maps", "let n0 = 1", "let n% = { for k in [\"a\", \"b\"]: k = { x = n$1, y = n$2 } }", "let x = n%"),
    kind("sums", "let n0 = 0", "let n% = n$1 + n$2", "assert n% == 0"),
    kind("truths", "let n0 = true", "let n% = n$1 && n$2 || !n$1", "assert n%"),
    kind("choices", "let n0 = 1", "let n% = if n$1 == n$2 { n$1 } else { n$2 }", "assert n% == 1"),
    kind("matches", "let n0 = 1", "let n% = match n$1 { 1 => n$2, _ => 0 }", "assert n% == 1"),
    kind("comprehensions", "let n0 = [1]", "let n% = [for x in n$1 if n$2.contains(x): x]", "assert n%.len() == 1"),
    kind("lambdas", "let n0 = [1]", "let n% = n$1.map(x => n$2.len() + x - 1)", "assert n%.len() == 1"),
    stopped("texts", "let n0 = \"x\"", "let n% = \"${n$1}${n$2}\"", "assert n% != \"\""),
    stopped("longer lists", "let n0 = [1]", "let n% = n$1 + n$2", "assert n% != []"),
    stopped("json", "let n0 = \"x\"", "let n% = json([n$1, n$2])", "assert n% != \"\""),
    kind(
        "components",
        "component N0 { param on: Bool = true }",
        "component N% {\n  resource a: N$1 if 1 == 2 {}\n  resource b: N$2 if 1 == 2 {}\n}",
        "resource c: N% {}",
    ),
    kind(
        "outputs",
        "component N0 {\n  output o: [Json] = []\n}\nresource n0: N0 {}",
        "component N% {\n  param a: [Json]\n  param b: [Json]\n  output o: [Json] = [a, b]\n}\nresource n%: N% {\n  a = n$1.o\n  b = n$2.o\n}",
        "let x = n%.o",
    ),
    kind(
        "resources",
        "resource n0: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }",
        "resource n%: aws.ec2.VPC {\n  cidr_block = n$1.cidr_block\n  tags = { a = n$2.vpc_id }\n}",
        "output o: String = n%.vpc_id",
    ),
    kind(
        "resources of unknown texts",
        "resource n0: aws.ec2.VPC {\n  cidr_block = 10.0.0.0/16\n  tags = { a = \"x\" }\n}",
        "resource n%: aws.ec2.VPC {\n  cidr_block = 10.0.0.0/16\n  tags = { a = \"${n$1.vpc_id}\".upper().take(9), b = n$2.tags[\"a\"] }\n}",
        "output o: String = n%.vpc_id",
    ),
    kind("resources after others", "resource n0: aws.ec2.EIP {}", "resource n%: aws.ec2.EIP { @after = [n$1, n$2] }", ""),
    kind(
        "resources for others",
        "resource n0: aws.ec2.EIP for k in [\"a\"] {}",
        "resource n%: aws.ec2.EIP for k, v in n$1 if n$2[k] == v || true {}",
        "",
    ),
    kind(
        "lookups",
        "lookup n0: aws.ec2.VPC { vpc_id = \"vpc-1\" }",
        "lookup n%: aws.ec2.VPC { tags = { a = \"${n$1.vpc_id}${n$2.vpc_id}\" } }",
        "output o: String = n%.vpc_id",
    ),
    kind("asserts", "let n0 = 1", "let n% = n$1\nassert n% == n$2, \"${n$1} ${n$2}\"", ""),
    kind(
        "policies",
        "policy n0 for it: aws.ec2.EIP { deny if it.tags == { a = \"x\" }, \"x\" }",
        "policy n% for it: aws.ec2.EIP { deny if it.tags == { a = \"x\" }, \"x\" }",
        "",
    ),
    kind(
        "groups of policies",
        "policy n0 { deny if 1 == 2, \"x\" }",
        "policy n% { policies = [n$1, n$2] }",
        "waive n0 { owner = \"a\", until = \"2027-01-31\", reason = \"b\" }",
    ),
    kind("moves", "resource n0: aws.ec2.EIP {}", "moved n% -> n$1\n", ""),
    kind("imports", "resource n0: aws.ec2.EIP {}", "resource n%: aws.ec2.EIP {}\nimport n% = \"eipalloc-%\"", ""),
    kind("what is forgotten", "resource n0: aws.ec2.EIP {}", "forget n%", ""),
    kind("environments", "param n0: Int = 1\nenv e0 { n0 = 1 }", "env e% { n0 = % }", ""),
    kind("tests", "let n0 = 1", "test \"t%\" { assert n0 == 1 }", ""),
    kind("names that are not known", "let n0 = 1", "let n% = n_$1 + n_$2", ""),
    kind("types that are not known", "type N0 = Int", "type N% = { a: No$1, b: No$2 }", ""),
    kind("functions that are not known", "fn n0(x: Int) => Int = x", "fn n%(x: Int) => Int = no$1(x)", ""),
    kind("members that are not known", "let n0 = { a = 1 }", "let n% = n0.no$1", ""),
    kind("attributes that are not known", "let n0 = 1", "resource n%: aws.ec2.EIP { no$1 = 1 }", ""),
];

/// Where a link looks for those that it mentions.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Doubling,
    Long,
    Wide,
}

fn program(kind: &Kind, shape: Shape) -> String {
    let links = if shape == Shape::Doubling { LINKS } else { MANY };
    let mut text = format!("stack s {{}}\n{}\n", kind.first);
    for link in 1..=links {
        let (one, other) = match shape {
            Shape::Doubling => (link - 1, link - 1),
            Shape::Long => (link - 1, 0),
            Shape::Wide => (0, 0),
        };
        let line = kind.link.replace('%', &link.to_string()).replace("$1", &one.to_string()).replace("$2", &other.to_string());
        writeln!(text, "{line}").unwrap();
    }
    let last = kind.last.replace('%', &links.to_string());
    writeln!(text, "{last}").unwrap();
    text
}

/// Nothing is known of any resource but that each attribute is a text.
struct Texts;

impl value::Known for Texts {
    fn attribute(&self, _: &plat::address::Address, attribute: &str) -> Option<value::Value> {
        attribute.ends_with("_id").then(|| value::Value::str("an-id"))
    }
}

/// Checks, evaluates and judges the program, and computes what had to wait; what was said, and how much was looked at.
fn run(text: &str) -> (Vec<Diagnostic>, u64, u64) {
    let (types_before, steps_before) = (types::steps(), eval::steps());
    let Checked { diagnostics, program, .. } = check_text("main.plat", text, registry(), &[]);
    let mut said: Vec<Diagnostic> = diagnostics;
    if let Some(program) = program {
        let env = program.envs.first().map(|env| env.name.node.to_string());
        match evaluate(&program, env.as_deref(), &Lookups::new()) {
            Err(mistakes) => said.extend(mistakes),
            Ok(desired) => {
                for output in &desired.outputs {
                    said.extend(
                        output.value.resolve(&Texts).err().map(|e| Diagnostic::error(plat::diagnostic::Code(305), e.span, e.message)),
                    );
                }
                for resource in desired.resources.values() {
                    for value in resource.inputs.values() {
                        said.extend(value.resolve(&Texts).err().map(|e| Diagnostic::error(plat::diagnostic::Code(305), e.span, e.message)));
                    }
                }
                said.extend(plan::police_program(&desired, value::Date::parse("2026-06-15")).err().into_iter().flatten());
            }
        }
    }
    (said, types::steps() - types_before, eval::steps() - steps_before)
}

fn holds(kind: &Kind, shape: Shape) -> Result<(), String> {
    let text = program(kind, shape);
    let start = std::time::Instant::now();
    let (said, types, steps) = run(&text);
    let first = said.iter().find(|one| one.is_error()).map(ToString::to_string).unwrap_or_default();
    let told = format!("{}, {shape:?}: {} bytes, {types} types, {steps} steps, {} said, first {first}", kind.name, text.len(), said.len());
    if std::env::var_os("PLAT_SHOW").is_some() {
        eprintln!("{:?} {told}", start.elapsed());
    }
    let most = STEPS_EACH * text.len() as u64;
    let stopped = kind.stops && shape != Shape::Wide;
    if types > most || steps > if stopped { MAX_STEPS + most } else { most } {
        return Err(told);
    }
    // A syntax error would say that the test is wrong, and not look at what it is about.
    if said.iter().any(|one| (100..=102).contains(&one.code.0) || one.code.0 == 309) {
        return Err(format!("not as it is written: {told}"));
    }
    Ok(())
}

#[test]
fn nothing_grows_faster_than_its_text() {
    let thread = std::thread::Builder::new().stack_size(8 << 20);
    let all = thread.spawn(|| {
        let shapes = [Shape::Doubling, Shape::Long, Shape::Wide];
        let wrong: Vec<String> = KINDS.iter().flat_map(|kind| shapes.iter().filter_map(|shape| holds(kind, *shape).err())).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
    all.unwrap().join().unwrap();
}

/// Without this the bounds above could not be told from bounds that nothing reaches.
#[test]
fn what_is_looked_at_is_counted() {
    let (_, types, steps) = run(&program(&KINDS[0], Shape::Doubling));
    assert!(types > LINKS as u64 && steps > 0, "{types} {steps}");
    let shared = Arc::new(vec![value::Value::Int(1)]);
    assert_eq!(value::Value::list([value::Value::list(shared.to_vec()), value::Value::list(shared.to_vec())]).weight(), 5);
}
