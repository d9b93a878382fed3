//! The project's programs, mutilated: whatever comes of it is read, checked, evaluated and formatted without a panic and in time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plat::check::check_text;
use plat::eval::evaluate;
use plat::format::format;
use plat::plan::Answers;
use plat::schema::Registry;
use plat::source::FileId;
use plat::syntax::parse;

use crate::format::{check, programs};
use crate::properties::dice::Dice;

/// For one text of some lines.
const PATIENCE: Duration = if cfg!(debug_assertions) { Duration::from_secs(8) } else { Duration::from_secs(1) };

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "\"\"\"",
    "${",
    "//",
    "///",
    "\n",
    ",",
    "=",
    "=>",
    "..",
    "..=",
    ".",
    "?.",
    "??",
    "?",
    ":",
    "|",
    "-",
    "!",
    "@",
    "\\",
    "\\u{1f600}",
    "\u{202e}",
    "\0",
    "\r\n",
    "é",
    "9223372036854775808",
    "10.0.0.0/33",
    "::",
    "0..1000000000",
    "if ",
    "else",
    "match ",
    "for x in ",
    "let a = a\n",
    "null",
    "_",
    "1d",
    "resource r: aws.ec2.VPC {}\n",
    "secret.env(\"A\")",
    "Secret<",
    "<",
    ">",
    " ",
    "\t",
];

/// Some lines of a program, with some of it changed.
fn mutilated(dice: &mut Dice, texts: &[String]) -> String {
    let lines: Vec<&str> = dice.pick(texts).unwrap().lines().collect();
    let start = dice.below(lines.len());
    let mut text: Vec<char> = lines.iter().skip(start).take(1 + dice.below(30)).copied().collect::<Vec<_>>().join("\n").chars().collect();
    for _ in 0..dice.below(6) {
        let (from, length) = (dice.below(text.len() + 1), dice.below(12));
        let to = (from + length).min(text.len());
        match dice.below(5) {
            0 => drop(text.drain(from..to)),
            1 => {
                let copy = text[from..to].to_vec();
                let at = dice.below(text.len() + 1);
                text.splice(at..at, copy);
            }
            2 => {
                let other: Vec<char> = dice.pick(texts).unwrap().chars().collect();
                let at = dice.below(other.len());
                text.splice(from..to, other.into_iter().skip(at).take(length));
            }
            3 => {
                let piece = dice.pick(PIECES).unwrap().repeat(1 + dice.below(3));
                text.splice(from..from, piece.chars());
            }
            _ => {
                let piece = *dice.pick(PIECES).unwrap();
                text.splice(from..to, piece.chars());
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn mutilated_programs_are_read_without_harm() {
    let times: u64 = std::env::var("PLAT_MUTATIONS").ok().map_or(1_500, |n| n.parse().unwrap());
    let texts: Vec<String> = programs().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let registry = Arc::new(Registry::new(plat_aws::schemas()));
    for seed in 0..times {
        let text = mutilated(&mut Dice::new(seed), &texts);
        let begin = Instant::now();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let parsed = parse(FileId(0), &Arc::from(text.as_str()));
            for diagnostic in &parsed.diagnostics {
                assert!(text.get(diagnostic.span.range()).is_some(), "{diagnostic}: a place outside of the text");
            }
            let checked = check_text("main.plat", &text, &registry, &[]);
            let _ =
                plat::diagnostic::render_all(&checked.diagnostics, &checked.sources, plat::diagnostic::Drawing { color: true, width: 80 });
            if let Some(program) = &checked.program {
                let _ = evaluate(program, None, &Answers::new());
            }
            if format(FileId(0), &text).is_ok() {
                check(&format!("mutation {seed}"), &text);
            }
        }));
        assert!(outcome.is_ok(), "mutation {seed} panics:\n{text}");
        assert!(begin.elapsed() < PATIENCE, "mutation {seed} took {:?}:\n{text}", begin.elapsed());
    }
}
