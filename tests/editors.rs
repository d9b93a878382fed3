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
fn the_configuration_indents_selects_and_comments_as_the_language_is_written() {
    let programs: Vec<_> = ["stdlib", "examples"].iter().flat_map(|folder| files(&root().join(folder), "plat")).collect();
    let output = Command::new(tool("oracle", "bin/python"))
        .arg(root().join("tests/editors/configuration.py"))
        .arg(root().join("editors/vscode/language-configuration.json"))
        .args(programs)
        .arg(root().join("grammar/corpus/whole_stack.plat"))
        .output()
        .expect("python runs");
    assert!(output.status.success(), "\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

/// What the extension contributes is there, and says the same of itself everywhere.
#[test]
fn the_extension_contributes_what_exists() {
    let package: Value = serde_json::from_str(&read("editors/vscode/package.json")).unwrap();
    let text = |pointer: &str| package.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}")).to_owned();
    let at = |file: &str| root().join("editors/vscode").join(file);
    let json = |file: &str| -> Value {
        let text = std::fs::read_to_string(at(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"))
    };
    json(&text("/contributes/languages/0/configuration"));
    let grammar = json(&text("/contributes/grammars/0/path"));
    assert_eq!(grammar["scopeName"], text("/contributes/grammars/0/scopeName").as_str());
    let language = text("/contributes/languages/0/id");
    assert_eq!(
        (text("/contributes/grammars/0/language"), text("/activationEvents/0")),
        (language.clone(), format!("onLanguage:{language}"))
    );
    assert_eq!(package.pointer("/contributes/languages/0/extensions/0"), Some(&Value::from(".plat")));

    let program = std::fs::read_to_string(at(&text("/main"))).unwrap();
    assert!(program.contains(&format!("registerDocumentFormattingEditProvider(\"{language}\"")));
    for setting in package["contributes"]["configuration"]["properties"].as_object().unwrap().keys() {
        let (section, key) = setting.split_once('.').unwrap();
        assert!(program.contains(&format!("getConfiguration(\"{section}\").get(\"{key}\"")), "{setting} is read nowhere");
    }
    let defaults = &package["contributes"]["configurationDefaults"][format!("[{language}]")];
    assert_eq!(defaults["editor.defaultFormatter"], format!("{}.{}", text("/publisher"), text("/name")).as_str());
    assert_eq!((&defaults["editor.tabSize"], &defaults["editor.insertSpaces"]), (&Value::from(2), &Value::from(true)));
}
