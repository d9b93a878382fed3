//! `plat modules lock`, `update`, `fetch`

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use plat::files;
use plat::resolve::remote::{LOCK_FILE, Lock, Remote, sum, used};

use crate::args::{Modules, ModulesFolder};
use crate::failure::{Answer, Exit, Failure};
use crate::git;
use crate::terminal::Terminal;

/// What becomes of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// It is not written.
    As,
    /// What is missing is added, what is not used goes, and a sum never changes.
    Known,
    /// Every sum is taken anew.
    Nothing,
}

pub fn run(args: &Modules, terminal: &Terminal) -> Answer {
    let (ModulesFolder { dir }, keeping) = match args {
        Modules::Fetch(folder) => (folder, Keeping::As),
        Modules::Lock(folder) => (folder, Keeping::Known),
        Modules::Update(folder) => (folder, Keeping::Nothing),
    };
    let before = Lock::read(dir).map_err(Failure::new)?;
    git::interruptible();
    let folder = Folder::open(dir, terminal)?;
    let mut lock = Lock::default();
    // A module may use others, which show when it is there.
    loop {
        let remotes = used(dir).map_err(Failure::new)?;
        let Some(next) = remotes.iter().find(|remote| !lock.0.contains_key(&remote.key())) else { break };
        let known = before.0.get(&next.key()).filter(|_| keeping != Keeping::Nothing);
        if known.is_none() && keeping == Keeping::As {
            return Err(Failure::new(format!("`{}` is not in `{LOCK_FILE}`", next.key())).help("run `plat modules lock` to add it"));
        }
        let found = ready(next, known, dir, &folder)?;
        terminal.note(&format!("{} sha256:{found}\n", next.key()));
        lock.0.insert(next.key(), found);
    }
    if keeping != Keeping::As && lock != before {
        write(dir, &lock)?;
    }
    let n = lock.0.len();
    terminal.print(&format!("{n} {} ready.\n", if n == 1 { "module is" } else { "modules are" }));
    Ok(Exit::Done)
}

/// The folder of fetched modules, while nobody else fetches into it. What a fetch that was killed left there is gone.
struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    fn open(stack: &Path, terminal: &Terminal) -> Result<Self, Failure> {
        let path = stack.join(".plat").join("modules");
        let failed = |error: std::io::Error| Failure::new(format!("`{}` cannot be written: {error}", path.display()));
        files::create_folders(stack, &path).map_err(failed)?;
        let lock = files::open_to_change(&path.with_extension("lock"), false).map_err(failed)?;
        if lock.try_lock().is_err() {
            terminal.note("Waiting for another `plat modules` to end.\n");
            lock.lock().map_err(failed)?;
        }
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_string_lossy().starts_with(FRESH) {
                remove(&entry.path()).map_err(failed)?;
            }
        }
        Ok(Self { path, _lock: lock })
    }
}

/// Begins the names of what is being fetched.
const FRESH: &str = "fetching-";

/// A folder that goes when it is not wanted any more, whatever happened.
struct Scratch(PathBuf);

impl Scratch {
    fn new(path: PathBuf) -> std::io::Result<Self> {
        remove(&path)?;
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is tried again by the next fetch.
        let _ = remove(&self.0);
    }
}

/// Removes a folder, a file or a link; never what a link leads to.
fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(about) if about.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
    }
}

/// Sees to it that the module's files are there and are those that are known. Answers their sum.
fn ready(remote: &Remote, known: Option<&String>, stack: &Path, folder: &Folder) -> Result<String, Failure> {
    let tree = remote.tree(stack);
    files::refuse_links(stack, &tree).map_err(|error| Failure::new(error.to_string()))?;
    if let Some(known) = known.filter(|known| sum(&tree).as_ref() == Ok(*known)) {
        return Ok(known.clone());
    }
    let problem = |error: String| {
        let exit = if git::INTERRUPTED.load(Ordering::SeqCst) { Exit::Interrupted } else { Exit::Error };
        Failure::new(format!("`{}`: {error}", remote.key())).exit(exit)
    };
    let io = |error: std::io::Error| problem(format!("`{}` cannot be written: {error}", tree.display()));
    let scratch = |end: &str| Scratch::new(folder.path.join(format!("{FRESH}{}{end}", std::process::id()))).map_err(io);
    let (store, fresh) = (scratch(".git")?, scratch("")?);
    let found = git::fetch(remote, &store.0, &fresh.0).and_then(|()| sum(&fresh.0)).map_err(problem)?;
    if known.is_some_and(|known| *known != found) {
        return Err(problem(format!("what was fetched is not what `{LOCK_FILE}` says"))
            .help("ask whoever keeps the module what happened; `plat modules update` accepts it"));
    }
    remove(&tree).map_err(io)?;
    std::fs::rename(&fresh.0, &tree).map_err(io)?;
    Ok(found)
}

/// Replaces the lock in one go.
fn write(stack: &Path, lock: &Lock) -> Result<(), Failure> {
    let (path, fresh) = (stack.join(LOCK_FILE), stack.join(format!("{LOCK_FILE}.new")));
    let written = plat::files::replace_through(&fresh, &path, lock.text().as_bytes(), plat::files::SHARED);
    written.map_err(|error| Failure::new(format!("`{}` cannot be written through `{}`: {error}", path.display(), fresh.display())))
}
