//! `plat fmt`

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use plat::diagnostic::Diagnostic;
use plat::format::format;
use plat::render::{clean_line, unified};
use plat::source::{FileId, SourceMap};

use crate::args::Fmt;
use crate::failure::{Answer, Exit, Failure};
use crate::terminal::Terminal;

/// What came of all files.
#[derive(Default)]
struct Tally {
    sources: SourceMap,
    /// Of files that cannot be parsed.
    diagnostics: Vec<Diagnostic>,
    /// A file could not be read or written.
    failed: bool,
    changed: usize,
    same: usize,
}

pub fn run(args: &Fmt, terminal: &Terminal) -> Answer {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        return standard_input(args, terminal);
    }
    let mut tally = Tally::default();
    for path in files(&args.paths)? {
        if let Err(problem) = tally.file(&path, args, terminal) {
            terminal.error(&problem, None);
            tally.failed = true;
        }
    }
    if !tally.diagnostics.is_empty() {
        terminal.diagnostics(&tally.diagnostics, &tally.sources);
    }
    if !args.diff {
        tally.tell(args, terminal);
    }
    if tally.failed || !tally.diagnostics.is_empty() || (args.check && tally.changed > 0) {
        return Err(Failure::told(Exit::Error));
    }
    Ok(Exit::Done)
}

impl Tally {
    fn file(&mut self, path: &Path, args: &Fmt, terminal: &Terminal) -> Result<(), String> {
        let text = plat::resolve::read_file(path)?;
        let name = path.display().to_string();
        let id = self.sources.add(path, name.as_str(), text.clone());
        let formatted = match format(id, &text) {
            Ok(formatted) => formatted,
            Err(diagnostics) => {
                self.diagnostics.extend(diagnostics);
                return Ok(());
            }
        };
        if formatted == *text {
            self.same += 1;
            return Ok(());
        }
        self.changed += 1;
        if args.diff {
            terminal.print(&unified(&name, &text, &formatted, terminal.out));
        } else {
            if !args.check {
                replace(path, &formatted).map_err(|error| format!("cannot write `{name}`: {error}"))?;
            }
            terminal.print(&format!("{}\n", clean_line(&name)));
        }
        Ok(())
    }

    /// One line at the end, on standard error: standard output has the names alone.
    fn tell(&self, args: &Fmt, terminal: &Terminal) {
        let files = |n: usize| if n == 1 { "1 file".to_owned() } else { format!("{n} files") };
        let what = if args.check { "would be formatted" } else { "formatted" };
        let rest = match (self.changed, self.same) {
            (0, 0) if self.failed || !self.diagnostics.is_empty() => return,
            (0, 0) => "There is no `.plat` file here.".to_owned(),
            (0, 1) => "1 file is formatted already.".to_owned(),
            (0, same) => format!("{same} files are formatted already."),
            (changed, 0) => format!("{} {what}.", files(changed)),
            (changed, same) => format!("{} {what}, {same} formatted already.", files(changed)),
        };
        terminal.note(&format!("{rest}\n"));
    }
}

fn standard_input(args: &Fmt, terminal: &Terminal) -> Answer {
    if args.paths.len() > 1 {
        return Err(Failure::usage("`-` stands alone: standard input is formatted to standard output"));
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::new(format!("standard input is not UTF-8 text: byte {} is not part of a character", error.utf8_error().valid_up_to()))
    })?;
    let mut sources = SourceMap::default();
    let id: FileId = sources.add(Path::new("-"), "<stdin>", text.as_str());
    let formatted = format(id, &text).map_err(|diagnostics| Failure::diagnostics(diagnostics, &sources))?;
    let same = formatted == text;
    if args.diff {
        terminal.print(&unified("<stdin>", &text, &formatted, terminal.out));
    } else if !args.check {
        terminal.print_exactly(&formatted);
    } else if !same {
        terminal.print("<stdin>\n");
    }
    if args.check && !same { Err(Failure::told(Exit::Error)) } else { Ok(Exit::Done) }
}

/// The files that the paths mean: a folder means its `.plat` files and those in its folders. Hidden ones and links are left out unless
/// they are named.
fn files(paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    let mut folders = Vec::new();
    for path in paths {
        let problem = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Failure::new(format!("there is no `{}`", path.display())),
            _ => Failure::new(format!("cannot read `{}`: {error}", path.display())),
        };
        if fs::metadata(path).map_err(problem)?.is_dir() {
            folders.push(path.clone());
        } else {
            found.insert(path.clone());
        }
    }
    while let Some(folder) = folders.pop() {
        let problem = |error: io::Error| Failure::new(format!("cannot read the folder `{}`: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(problem)? {
            let entry = entry.map_err(problem)?;
            let kind = entry.file_type().map_err(problem)?;
            let path = if folder == Path::new(".") { PathBuf::from(entry.file_name()) } else { entry.path() };
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|e| e == "plat") {
                found.insert(path);
            }
        }
    }
    Ok(found)
}

/// Writes beside the file and renames: whoever reads meanwhile has the old text or the new one. Of a link, the file that it leads to is
/// replaced.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let place = fs::canonicalize(path)?;
    let folder = place.parent().unwrap_or(Path::new("."));
    let name = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let written = plat::files::create_new(&beside, plat::files::SHARED).and_then(|mut file| {
        file.set_permissions(fs::metadata(&place)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&beside, &place));
    if renamed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    renamed
}
