//! `plat new`

use std::io::Write as _;
use std::path::Path;

use plat::files;

use crate::args::New;
use crate::failure::{Answer, Exit, Failure};
use crate::terminal::Terminal;

/// A stack to begin with. `NAME` in it is the stack's.
const PROGRAM: &str = include_str!("../starter/main.plat");
/// Local state and the sandbox's world are no part of the source.
const IGNORED: &str = ".plat/\n";
/// Largest `.gitignore` that a line is added to, in bytes.
const MAX_IGNORED: u64 = 1 << 20;

pub fn run(args: &New, terminal: &Terminal) -> Answer {
    let folder = &args.name;
    let name = stack_name(folder)?;
    refuse_used(folder)?;
    let made = |what: &Path| {
        let shown = what.display().to_string();
        move |error: std::io::Error| Failure::new(format!("`{shown}` cannot be made: {error}"))
    };
    std::fs::create_dir_all(folder).map_err(made(folder))?;
    let program = folder.join("main.plat");
    let text = PROGRAM.replace("NAME", &name);
    files::create_new(&program, files::SHARED).and_then(|mut file| file.write_all(text.as_bytes())).map_err(made(&program))?;
    ignore(&folder.join(".gitignore")).map_err(made(&folder.join(".gitignore")))?;
    let shown = folder.display();
    let enter = if folder == Path::new(".") { String::new() } else { format!("  cd {}\n", quoted(&shown.to_string())) };
    terminal.print(&format!(
        "Made the stack `{name}` in {shown}/main.plat. Look at it, then:\n\n{enter}  plat test\n  plat plan -e dev --sandbox\n"
    ));
    Ok(Exit::Done)
}

/// Adds what git should leave alone to what it leaves alone already.
fn ignore(file: &Path) -> std::io::Result<()> {
    let mut text = match files::read_unlinked(file, MAX_IGNORED) {
        Ok(bytes) => files::text(bytes)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    if text.lines().any(|line| matches!(line.trim(), ".plat" | ".plat/" | "/.plat" | "/.plat/")) {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    files::replace(file, (text + IGNORED).as_bytes(), files::SHARED)
}

/// As a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// The folder's name as a name of the language: `my-shop` is `my_shop`.
fn stack_name(folder: &Path) -> Result<String, Failure> {
    let place = if folder.file_name().is_some() { folder.to_owned() } else { folder.canonicalize().unwrap_or_default() };
    let given = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = given.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let name = name.trim_matches('_').to_owned();
    let reserved = ["if", "else", "match", "for", "in", "by", "true", "false", "null"];
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || reserved.contains(&name.as_str()) {
        return Err(Failure::usage(format!("`{given}` gives no name for a stack"))
            .help("a stack's name begins with a letter and has letters, digits and `_`: `plat new shop`"));
    }
    Ok(name)
}

/// A fresh repository is empty, whatever its host put into it.
fn of_repository(name: &str) -> bool {
    matches!(name, ".git" | ".gitignore" | ".gitattributes" | ".github")
        || ["README", "LICENSE"].iter().any(|start| name.starts_with(start))
}

/// Nothing that is there is ever overwritten.
fn refuse_used(folder: &Path) -> Result<(), Failure> {
    if !folder.exists() {
        return Ok(());
    }
    let used = |what: String| Err(Failure::new(what).help("give the name of a new folder, or of an empty one"));
    let Ok(mut entries) = std::fs::read_dir(folder) else {
        return used(format!("`{}` is not a folder that can be read", folder.display()));
    };
    let entry = entries.find_map(|entry| entry.ok().filter(|entry| !of_repository(&entry.file_name().to_string_lossy())));
    match entry {
        Some(entry) => used(format!("the folder `{}` is not empty: `{}` is in it", folder.display(), entry.file_name().to_string_lossy())),
        None => Ok(()),
    }
}
