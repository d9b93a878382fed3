//! What people and programs see, kept word for word in `golden/`.
//!
//! After a change that is meant: `PLAT_ACCEPT=1 cargo test -p plat-cli baselines`, then read the difference.

mod diagnostics;
mod events;
mod limits;
mod made;
mod pages;
mod plans;

use std::path::PathBuf;

/// Compares `actual` with the golden file `name`, or writes it when asked to.
#[track_caller]
fn golden(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/baselines/golden").join(name);
    if std::env::var_os("PLAT_ACCEPT").is_some() {
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}; write it with PLAT_ACCEPT=1", path.display()));
    if expected != actual {
        let difference = similar_lines(&expected, actual);
        panic!("{name} is not what is shown any more (PLAT_ACCEPT=1 writes it anew):\n{difference}");
    }
}

/// The lines that differ, each with its number.
pub fn similar_lines(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let mut out = String::new();
    for i in 0..old.len().max(new.len()) {
        let (a, b) = (old.get(i), new.get(i));
        if a != b {
            out.push_str(&format!("{:>4} - {}\n     + {}\n", i + 1, a.unwrap_or(&"(nothing)"), b.unwrap_or(&"(nothing)")));
        }
    }
    if out.is_empty() { "only the end of the last line differs".to_owned() } else { out }
}
