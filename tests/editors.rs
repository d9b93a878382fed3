//! The TextMate grammar colours every program as it should.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::project::{files, read, root, tool};

fn tokenise(look: &str, programs: &[impl AsRef<Path>]) {
    let output = Command::new(tool("oracle", "bin/python"))
        .arg(root().join("tests/editors/tokenise.py"))
        .arg(root().join("editors/plat.tmLanguage.json"))
        .arg(look)
        .args(programs.iter().map(AsRef::as_ref))
        .output()
        .expect("python runs");
    assert!(output.status.success(), "\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

#[test]
fn samples_have_the_scopes_they_say() {
    tokenise("check", &[root().join("tests/editors/samples.plat")]);
}

#[test]
fn every_program_is_coloured_to_its_end() {
    let programs: Vec<_> = ["stdlib", "examples", "grammar/corpus"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), "plat"))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "refused"))
        .collect();
    assert!(!programs.is_empty());
    tokenise("whole", &programs);
}

#[test]
fn the_extension_names_files_that_exist() {
    let package: Value = serde_json::from_str(&read("editors/vscode/package.json")).unwrap();
    for pointer in ["/contributes/languages/0/configuration", "/contributes/grammars/0/path"] {
        let path = root().join("editors/vscode").join(package.pointer(pointer).and_then(Value::as_str).unwrap());
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        serde_json::from_str::<Value>(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}
