//! Fetches one commit of a repository with git, and writes its files. Nothing of it is checked out, run or configured.

mod process;
mod tree;

use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use plat::resolve::module_paths;
use plat::resolve::remote::{MAX_BYTES, MAX_FILES, Remote};

pub use process::{INTERRUPTED, interruptible};
use process::{Limits, Running};
use tree::{Entries, Entry, Form, read_until};

/// Lets a test, or who keeps a mirror on disk, fetch from `file://`.
const FILES_ALLOWED: &str = "PLAT_MODULES_FROM_FILES";
/// Seconds that git may take for one module.
const TIMEOUT: &str = "PLAT_MODULES_TIMEOUT";
const USUAL_TIMEOUT: Duration = Duration::from_secs(300);
/// Most that git may store on disk, in bytes: what [`MAX_BYTES`] come to when nothing of it can be compressed, and git's own files.
const MAX_STORE: u64 = 2 * MAX_BYTES;
/// Most entries of a listing: files, and the folders that they are in.
const MAX_ENTRIES: usize = 4 * MAX_FILES;

/// Puts the repository's files, as of the commit, into `folder`, which is there and empty. `store` is a folder for git's own files.
pub fn fetch(remote: &Remote, store: &Path, folder: &Path) -> Result<(), String> {
    if remote.url.starts_with("file://") && std::env::var_os(FILES_ALLOWED).is_none() {
        return Err(format!("`file://` is for tests and mirrors; set `{FILES_ALLOWED}` to allow it"));
    }
    let limits = Limits { deadline: Instant::now() + timeout()?, store: store.to_owned(), bytes: MAX_STORE };
    let place = store.to_string_lossy().into_owned();
    limits.run(None, &["init", "--quiet", "--bare", "--template=", &place])?;
    let fetch =
        ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--depth=1", "--", &remote.url, &remote.rev];
    limits.run(Some(store), &fetch)?;
    let kind = limits.run(Some(store), &["cat-file", "-t", &remote.rev])?;
    if kind.trim_ascii() != b"commit" {
        return Err(format!("`{}` is not a commit of the repository", remote.rev));
    }
    let entries = listed(&limits, store, &remote.rev)?;
    module_paths::check_bare(entries.all())?;
    write_all(&limits, store, folder, &entries.kept)
}

fn timeout() -> Result<Duration, String> {
    let Some(text) = std::env::var_os(TIMEOUT) else { return Ok(USUAL_TIMEOUT) };
    let seconds = text.to_str().and_then(|text| text.parse::<u32>().ok()).filter(|seconds| *seconds > 0);
    seconds.map(|seconds| Duration::from_secs(seconds.into())).ok_or_else(|| format!("`{TIMEOUT}` is not a number of seconds"))
}

/// Every file of the commit, of which nothing was read but its name and size. Stops at the first limit: a small repository can list without end.
fn listed(limits: &Limits, store: &Path, rev: &str) -> Result<Entries, String> {
    let mut git = Running::start(limits, Some(store), &["ls-tree", "-r", "-t", "-l", "-z", "--full-tree", rev], false)?;
    let mut lines = BufReader::new(git.output()?);
    let (mut entries, mut bytes, mut count) = (Entries::default(), 0_u64, 0);
    let found = loop {
        let line = match read_until(&mut lines, 0, 8 << 10) {
            Ok(Some(line)) => line,
            Ok(None) => break Ok(()),
            Err(error) => break Err(format!("what git lists cannot be read: {error}")),
        };
        count += 1;
        if count > MAX_ENTRIES {
            break Err(format!("the repository has more than {MAX_ENTRIES} files and folders"));
        }
        match Entry::read(&line) {
            Ok(entry) => {
                bytes = bytes.saturating_add(entry.size);
                entries.take(entry);
            }
            Err(error) => break Err(error),
        }
        if entries.kept.len() > MAX_FILES {
            break Err(format!("the repository has more than {MAX_FILES} files"));
        }
        if bytes > MAX_BYTES {
            break Err(format!("the repository has more than {} MiB", MAX_BYTES >> 20));
        }
    };
    git.ends(found.is_ok())?;
    found.map(|()| entries)
}

/// Writes every file, links last: while something is written, there is no link that it could lead through.
fn write_all(limits: &Limits, store: &Path, folder: &Path, entries: &[Entry]) -> Result<(), String> {
    let mut git = Running::start(limits, Some(store), &["cat-file", "--batch"], true)?;
    let (mut ask, mut answers) = (git.input()?, BufReader::new(git.output()?));
    let mut write = |entry: &Entry| {
        writeln!(ask, "{}", entry.object).and_then(|()| ask.flush()).map_err(|error| format!("git takes no more questions: {error}"))?;
        let content = content(&mut answers, entry)?;
        tree::write(folder, entry, &content)
    };
    let (files, links): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.form == Form::File);
    let done = files.into_iter().chain(links).try_for_each(&mut write);
    drop(ask);
    git.ends(done.is_ok())?;
    done
}

/// The answer of `git cat-file --batch`: `OBJECT blob SIZE`, the content, and a line break.
fn content(answers: &mut impl std::io::BufRead, entry: &Entry) -> Result<Vec<u8>, String> {
    let odd = || format!("git does not give the content of `{}`", entry.name);
    let head = read_until(answers, b'\n', 200).ok().flatten().ok_or_else(odd)?;
    if head != format!("{} blob {}", entry.object, entry.size).into_bytes() {
        return Err(odd());
    }
    let mut content = Vec::new();
    // One more for the line break.
    answers.take(entry.size + 1).read_to_end(&mut content).map_err(|_| odd())?;
    match content.pop() {
        Some(b'\n') if content.len() as u64 == entry.size => Ok(content),
        _ => Err(odd()),
    }
}
