//! Programs that are wrong. Each file under `wrong/` has one mistake; beside it stands what plat says of it: code and message,
//! the underlined text with its label, the other places, the way out. `PLAT_ACCEPT=1` writes what is said now, for review.

use std::fs;
use std::path::{Path, PathBuf};

use super::{errors, shown};

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
