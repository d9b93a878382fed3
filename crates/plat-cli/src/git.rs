//! Fetches one commit of a repository with git, and writes its files. Nothing of it is checked out, run or configured.

use std::io::Write;
use std::path::{Component, Path};
use std::process::{Command, Stdio};

use plat::resolve::remote::{MAX_BYTES, MAX_FILES, Remote};

/// Lets a test, or who keeps a mirror on disk, fetch from `file://`.
const FILES_ALLOWED: &str = "PLAT_MODULES_FROM_FILES";

/// Puts the repository's files, as of the commit, into `folder`, which is there and empty.
pub fn fetch(remote: &Remote, folder: &Path) -> Result<(), String> {
    if remote.url.starts_with("file://") && std::env::var_os(FILES_ALLOWED).is_none() {
        return Err(format!("`file://` is for tests and mirrors; set `{FILES_ALLOWED}` to allow it"));
    }
    let store = folder.with_extension("git");
    let done = fetch_into(remote, &store, folder);
    let removed = std::fs::remove_dir_all(&store);
    done?;
    removed.map_err(|error| format!("`{}` cannot be removed: {error}", store.display()))
}

fn fetch_into(remote: &Remote, store: &Path, folder: &Path) -> Result<(), String> {
    let place = store.to_string_lossy().into_owned();
    run(None, &["init", "--quiet", "--bare", "--template=", &place])?;
    let fetch =
        ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--depth=1", "--", &remote.url, &remote.rev];
    run(Some(store), &fetch)?;
    let kind = run(Some(store), &["cat-file", "-t", &remote.rev])?;
    if kind.trim_ascii() != b"commit" {
        return Err(format!("`{}` is not a commit of the repository", remote.rev));
    }
    let listed = run(Some(store), &["ls-tree", "-r", "-z", "--full-tree", &remote.rev])?;
    let entries: Vec<Entry<'_>> =
        listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).map(Entry::read).collect::<Result<_, _>>()?;
    if entries.len() > MAX_FILES {
        return Err(format!("the repository has more than {MAX_FILES} files"));
    }
    let mut bytes = 0;
    for entry in entries {
        let content = match entry.mode {
            "100644" | "100755" | "120000" => run(Some(store), &["cat-file", "blob", entry.object])?,
            // A submodule is another repository, and not fetched.
            _ => continue,
        };
        bytes += content.len() as u64;
        if bytes > MAX_BYTES {
            return Err(format!("the repository has more than {} MiB", MAX_BYTES >> 20));
        }
        write(folder, &entry, &content)?;
    }
    Ok(())
}

/// A line of `git ls-tree -z`: `100644 blob 0123…<tab>name`.
struct Entry<'a> {
    mode: &'a str,
    object: &'a str,
    name: &'a str,
}

impl<'a> Entry<'a> {
    fn read(line: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(line).map_err(|_| "a file of the repository has a name that is not UTF-8".to_owned())?;
        let odd = || format!("git lists `{text}`, which is not understood");
        let (head, name) = text.split_once('\t').ok_or_else(odd)?;
        let mut words = head.split(' ');
        let (mode, object) = (words.next().ok_or_else(odd)?, words.nth(1).ok_or_else(odd)?);
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if inside { Ok(Self { mode, object, name }) } else { Err(format!("`{name}` of the repository lies outside of it")) }
    }
}

fn write(folder: &Path, entry: &Entry<'_>, content: &[u8]) -> Result<(), String> {
    let path = folder.join(entry.name);
    let problem = |error: std::io::Error| format!("`{}` cannot be written: {error}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(problem)?;
        // A link among the repository's folders must not lead a later file out.
        let (real, root) = (parent.canonicalize().map_err(problem)?, folder.canonicalize().map_err(problem)?);
        if !real.starts_with(&root) {
            return Err(format!("`{}` of the repository lies behind a link that leads out of it", entry.name));
        }
    }
    if entry.mode == "120000" {
        let target = std::str::from_utf8(content).map_err(|_| format!("the link `{}` of the repository is not UTF-8", entry.name))?;
        return link(target, &path).map_err(problem);
    }
    plat::files::create_new(&path, plat::files::SHARED).and_then(|mut file| file.write_all(content)).map_err(problem)
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("links of a module are not supported here"))
}

/// Runs git so that it asks nobody, runs no hook, and speaks only what a module may be fetched by.
fn run(store: Option<&Path>, args: &[&str]) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let kept = ["GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_PROXY_COMMAND"].contains(&&*text);
        if text.starts_with("GIT_") && !kept {
            command.env_remove(&name);
        }
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env("LC_ALL", "C");
    if std::env::var_os("GIT_SSH_COMMAND").is_none() && std::env::var_os("GIT_SSH").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
    }
    let files = if std::env::var_os(FILES_ALLOWED).is_some() { "protocol.file.allow=always" } else { "protocol.file.allow=never" };
    for setting in [
        "core.hooksPath=/dev/null",
        "protocol.allow=never",
        "protocol.https.allow=always",
        "protocol.ssh.allow=always",
        files,
        "fetch.recurseSubmodules=no",
    ] {
        command.args(["-c", setting]);
    }
    if let Some(store) = store {
        command.arg("--git-dir").arg(store);
    }
    let output = command.args(args).stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "`git` is not installed, and modules are fetched with it".to_owned(),
        _ => format!("git cannot be run: {error}"),
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    Err(format!("git: {}", plat::render::clean_line(last)))
}
