//! Programs that AWS is sure to refuse, by service, from its documentation. Each file under `refused/` holds the programs of one
//! service, `=== NAME` above each, and below `>>>` what plat says of it: when it validates the program, when it plans it on the
//! sandbox, or in the program's own test. `PLAT_ACCEPT=1` writes what is said now, for review.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::{errors, shown};

const SERVICES: [&str; 8] = ["ec2", "eks", "elasticache", "iam", "kms", "logs", "rds", "secretsmanager"];
/// The least number of programs for each service.
const LEAST: usize = 20;

struct Program {
    name: String,
    text: String,
    expected: String,
}

fn file(service: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/suite/refused").join(format!("{service}.txt"))
}

fn programs(service: &str) -> Vec<Program> {
    let text = fs::read_to_string(file(service)).unwrap();
    let sections = text.split("=== ").skip(1);
    let program = |section: &str| {
        let (name, rest) = section.split_once('\n').unwrap();
        let (text, expected) = rest.split_once(">>>\n").unwrap_or((rest, ""));
        Program { name: name.to_owned(), text: text.to_owned(), expected: expected.to_owned() }
    };
    sections.map(program).collect()
}

/// What is wrong with a program when it is validated, or else when it is planned.
fn refusal(text: &str) -> String {
    let (sources, diagnostics) = errors(text);
    if !diagnostics.is_empty() || text.contains("\ntest ") {
        return shown(&sources, &diagnostics);
    }
    let (sources, diagnostics) = errors(&format!("{text}\ntest \"it is planned\" {{\n  plan\n}}\n"));
    shown(&sources, &diagnostics)
}

/// What is wrong with the programs of a service.
fn check(service: &str) -> Vec<String> {
    let accept = std::env::var_os("PLAT_ACCEPT").is_some();
    let (mut said, mut failed) = (String::new(), Vec::new());
    let programs = programs(service);
    for program in &programs {
        let refusal = refusal(&program.text);
        if !refusal.contains("error[") {
            failed.push(format!("{} is accepted: {refusal}", program.name));
        } else if !accept && refusal.trim() != program.expected.trim() {
            failed.push(format!("{} is refused otherwise:\n{refusal}", program.name));
        }
        writeln!(said, "=== {}\n{}\n>>>\n{}\n", program.name, program.text.trim(), refusal.trim()).unwrap();
    }
    if accept {
        fs::write(file(service), said.trim_end().to_owned() + "\n").unwrap();
    }
    if programs.len() < LEAST {
        failed.push(format!("{service} has {} programs", programs.len()));
    }
    failed
}

#[test]
fn what_aws_refuses_is_refused_before_the_first_call() {
    let failed: Vec<String> = SERVICES.iter().flat_map(|service| check(service)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
