//! The tutorial, followed word by word: its programs are written, its commands carried out, and they say what the page says.

use std::path::Path;
use std::process::Command;

use super::fences;
use crate::baselines::similar_lines;
use crate::project::{read, root};

#[test]
fn the_tutorial_works_word_by_word() {
    let path = root().join("docs/tutorial.md");
    let page = read(&path);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    let mut followed = page.clone();
    let mut commands = 0;
    for fence in fences(&page) {
        match fence.info.as_str() {
            "plat" | "plat wrong" => std::fs::write(folder.path().join("main.plat"), &fence.text).unwrap(),
            "console" => {
                let session = carried_out(folder.path(), &fence.text);
                commands += session.matches("$ ").count();
                followed = followed.replace(&format!("```console\n{}```", fence.text), &format!("```console\n{session}```"));
            }
            info => {
                let file = info.strip_prefix("plat ").unwrap_or_else(|| panic!("line {}: a fence `{info}`", fence.line));
                std::fs::write(folder.path().join(file), &fence.text).unwrap();
            }
        }
    }
    assert!(commands > 10, "{commands} commands");
    if std::env::var_os("PLAT_ACCEPT").is_some() {
        std::fs::write(&path, followed).unwrap();
        return;
    }
    let (told, happened) = (anonymous(&page), anonymous(&followed));
    let how = "docs/tutorial.md is not what happens (PLAT_ACCEPT=1 writes it anew)";
    assert!(told == happened, "{how}:\n{}", similar_lines(&told, &happened));
}

/// The commands of a session with what they say now: what goes to the standard output, and the error of one that fails.
fn carried_out(folder: &Path, session: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_plat")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut said = String::new();
    for command in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let output =
            Command::new("sh").args(["-c", command]).current_dir(folder).env("PATH", &path).env_remove("NO_COLOR").output().unwrap();
        said.push_str(&format!("$ {command}\n{}", String::from_utf8(output.stdout).unwrap()));
        if !output.status.success() {
            said.push_str(&String::from_utf8(output.stderr).unwrap());
        }
    }
    said
}

/// Without what differs from run to run: ids, and how long tests took.
fn anonymous(text: &str) -> String {
    let untimed: Vec<&str> =
        text.lines().map(|line| if line.starts_with("Tests: ") { line.split(" passed").next().unwrap() } else { line }).collect();
    let untimed = untimed.join("\n");
    let mut out = String::new();
    for word in untimed.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        out.push_str(if digits.len() >= 8 { "#" } else { digits });
        out.push_str(&word[digits.len()..]);
    }
    out
}
