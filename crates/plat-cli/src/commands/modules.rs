//! `plat modules lock`, `update`, `fetch`

use std::path::Path;

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
    let mut lock = Lock::default();
    // A module may use others, which show when it is there.
    loop {
        let remotes = used(dir).map_err(Failure::new)?;
        let Some(next) = remotes.iter().find(|remote| !lock.0.contains_key(&remote.key())) else { break };
        let known = before.0.get(&next.key()).filter(|_| keeping != Keeping::Nothing);
        if known.is_none() && keeping == Keeping::As {
            return Err(Failure::new(format!("`{}` is not in `{LOCK_FILE}`", next.key())).help("run `plat modules lock` to add it"));
        }
        let found = ready(next, known, dir)?;
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

/// Sees to it that the module's files are there and are those that are known. Answers their sum.
fn ready(remote: &Remote, known: Option<&String>, stack: &Path) -> Result<String, Failure> {
    let tree = remote.tree(stack);
    if let Some(known) = known.filter(|known| sum(&tree).as_ref() == Ok(*known)) {
        return Ok(known.clone());
    }
    let problem = |error: String| Failure::new(format!("`{}`: {error}", remote.key()));
    let io = |error: std::io::Error| problem(format!("`{}` cannot be written: {error}", tree.display()));
    let fresh = tree.with_file_name(format!("fetching-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&fresh);
    std::fs::create_dir_all(&fresh).map_err(io)?;
    let found = git::fetch(remote, &fresh).and_then(|()| sum(&fresh));
    let found = match (found, known) {
        (Ok(found), Some(known)) if found != *known => {
            std::fs::remove_dir_all(&fresh).map_err(io)?;
            return Err(problem(format!("what was fetched is not what `{LOCK_FILE}` says"))
                .help("ask whoever keeps the module what happened; `plat modules update` accepts it"));
        }
        (Ok(found), _) => found,
        (Err(error), _) => {
            std::fs::remove_dir_all(&fresh).map_err(io)?;
            return Err(problem(error));
        }
    };
    if tree.exists() {
        std::fs::remove_dir_all(&tree).map_err(io)?;
    }
    std::fs::rename(&fresh, &tree).map_err(io)?;
    Ok(found)
}

/// Replaces the lock in one go.
fn write(stack: &Path, lock: &Lock) -> Result<(), Failure> {
    let (path, fresh) = (stack.join(LOCK_FILE), stack.join(format!("{LOCK_FILE}.new")));
    let written = plat::files::replace_through(&fresh, &path, lock.text().as_bytes(), plat::files::SHARED);
    written.map_err(|error| Failure::new(format!("`{}` cannot be written through `{}`: {error}", path.display(), fresh.display())))
}
