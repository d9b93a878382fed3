//! Programs that are wrong. Each file under `wrong/` has one mistake; beside it stands what plat says of it: code and message,
//! the underlined text with its label, the other places, the way out. `PLAT_ACCEPT=1` writes what is said now, for review.

use std::fs;
use std::path::{Path, PathBuf};

use plat::check::check_text;
use plat::diagnostic::{CODES, Code};
use plat::eval::{Lookups, evaluate};

use super::{errors, registry, shown};

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/suite/wrong");
    let mut programs: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "plat")).collect();
    programs.sort();
    programs
}

#[test]
fn each_mistake_is_told_once_at_its_word_with_a_way_out() {
    let programs = programs();
    assert!(programs.len() >= 50);
    let mut failed = Vec::new();
    for program in programs {
        let (sources, diagnostics) = errors(&fs::read_to_string(&program).unwrap());
        let said = shown(&sources, &diagnostics) + "\n";
        let expected = program.with_extension("txt");
        if std::env::var_os("PLAT_ACCEPT").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        let name = program.file_stem().unwrap().to_string_lossy().into_owned();
        if diagnostics.len() != 1 {
            failed.push(format!("{name}: {} errors for one mistake\n{said}", diagnostics.len()));
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            failed.push(format!("{name} says now\n{said}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn each_mistake_has_a_way_out() {
    let without = programs().into_iter().map(|program| program.with_extension("txt"));
    let without: Vec<PathBuf> = without.filter(|said| !fs::read_to_string(said).unwrap().contains("\n  help: ")).collect();
    assert!(without.is_empty(), "no help: {without:?}");
}

/// Codes that no single program can give: they need a state, files or a choice. Each with the file that asserts it, and what it says there.
const ELSEWHERE: [(u16, &str, &str); 8] = [
    (110, "tests/cli/modules.rs", "E0110"),
    (310, "tests/suite/wrong.rs", "Code(310)"),
    (311, "src/apply/tests/refactoring.rs", "[311]"),
    (315, "src/apply/tests/planning.rs", "[315]"),
    (319, "src/apply/tests/refactoring.rs", "[319]"),
    (531, "tests/lifecycle/claims.rs", "E0531"),
    (532, "tests/lifecycle/claims.rs", "E0532"),
    (533, "tests/lifecycle/claims.rs", "E0533"),
];

#[test]
fn every_code_has_a_program_that_shows_its_words_and_a_way_out() {
    let said: Vec<String> = programs().iter().map(|program| fs::read_to_string(program.with_extension("txt")).unwrap()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut gaps = Vec::new();
    for code in CODES.iter().map(|info| info.code) {
        let told: Vec<&String> = said.iter().filter(|text| text.contains(&format!("[{code}]: "))).collect();
        let elsewhere = ELSEWHERE.iter().find(|(other, ..)| Code(*other) == code);
        match (told.is_empty(), elsewhere) {
            (true, None) => gaps.push(format!("{code}: no program under wrong/ has it")),
            (false, Some(_)) => gaps.push(format!("{code} is shown under wrong/, and not elsewhere")),
            (true, Some((_, file, words))) => {
                if !fs::read_to_string(root.join(file)).is_ok_and(|text| text.contains(words)) {
                    gaps.push(format!("{code}: {file} does not assert it"));
                }
            }
            (false, None) => {
                let whole = |text: &&&String| text.contains("\n  at main.plat:") && text.contains("\n  help: ");
                if !told.iter().any(|text| whole(&text)) {
                    gaps.push(format!("{code}: no program under wrong/ shows a way out"));
                }
            }
        }
    }
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

#[test]
fn the_environment_must_be_one_of_the_stack() {
    let said = |text: &str, env: Option<&str>| {
        let checked = check_text("main.plat", text, registry(), &[]);
        let told = evaluate(&checked.program.unwrap(), env, &Lookups::new()).unwrap_err();
        assert_eq!(told.iter().map(|d| d.code).collect::<Vec<_>>(), [Code(310)]);
        shown(&checked.sources, &told)
    };
    let two = "env dev { }\nenv production { }\n";
    assert_eq!(
        said(two, None),
        "error[E0310]: which environment? the stack has several and none was chosen\n  at main.plat:1 `dev`: there are `dev`, `production`\n  help: add `-e dev`"
    );
    assert_eq!(
        said(two, Some("prodution")),
        "error[E0310]: there is no env `prodution`\n  at main.plat:1 `dev`: the stack's environments are `dev`, `production`\n  help: did you mean `-e production`?"
    );
    assert!(said("let a = 1\n", Some("dev")).contains("help: leave `-e dev` out, or declare `env dev { … }`"));
}
