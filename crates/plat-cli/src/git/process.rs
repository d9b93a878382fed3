//! git as a process: it asks nobody, runs no hook, speaks only what a module may be fetched by, and ends in time with all that it started.

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::FILES_ALLOWED;

/// How often a running git is held against its limits.
const LOOK: Duration = Duration::from_millis(50);
/// Most of what git says that is kept, in bytes.
const MAX_SAID: u64 = 64 << 10;
/// How long the last of what git says is waited for when it has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Most of a short answer, in bytes.
const MAX_ANSWER: u64 = 64 << 10;
/// Largest block of memory that git may ask for at once, in bytes: it ends with an error where it wanted more.
const MAX_BLOCK: &str = "268435456";

/// What a signal asks for: git ends, and what was begun is taken away.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Takes interrupts of the terminal and requests to end, from now on, for whoever looks at [`INTERRUPTED`].
pub fn interruptible() {
    use tokio::signal::unix::{SignalKind, signal};
    let waits = || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (mut end, mut gone) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = end.recv() => {}
                _ = gone.recv() => {}
            }
            INTERRUPTED.store(true, Ordering::SeqCst);
            Ok(())
        })
    };
    // Without the thread a signal ends plat as it always does.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(waits);
}

/// What git may take.
#[derive(Debug, Clone)]
pub struct Limits {
    pub deadline: Instant,
    /// The folder of its own files, and how many bytes may be in it.
    pub store: PathBuf,
    pub bytes: u64,
}

impl Limits {
    /// Runs git to its end, for a short answer.
    pub fn run(&self, store: Option<&Path>, args: &[&str]) -> Result<Vec<u8>, String> {
        let mut git = Running::start(self, store, args, false)?;
        let answer = plat::files::read_stream(git.output()?, MAX_ANSWER);
        git.ends(answer.is_ok())?;
        answer.map_err(|error| format!("the answer of git cannot be read: {error}"))
    }

    /// Why git has to end now.
    fn reached(&self) -> Option<String> {
        if INTERRUPTED.load(Ordering::SeqCst) {
            return Some("interrupted".to_owned());
        }
        if Instant::now() >= self.deadline {
            return Some(format!("git took too long and was ended; `{}` sets more seconds", super::TIMEOUT));
        }
        let stored = size(&self.store, 0);
        (stored > self.bytes).then(|| format!("the repository takes more than {} MiB on disk", self.bytes >> 20))
    }
}

/// Bytes of the files in a folder.
fn size(folder: &Path, depth: usize) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() && depth < 4 => size(&entry.path(), depth + 1),
        Ok(about) if about.is_file() => about.len(),
        _ => 0,
    });
    sizes.fold(0, u64::saturating_add)
}

/// A running git, which ends with this at the latest.
pub struct Running {
    child: Child,
    waited_for: bool,
    said: Option<Receiver<Vec<u8>>>,
    watch: Option<(Sender<()>, JoinHandle<Option<String>>)>,
}

impl Running {
    pub fn start(limits: &Limits, store: Option<&Path>, args: &[&str], asked: bool) -> Result<Self, String> {
        let mut command = command(store, args);
        command.stdin(if asked { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own, so that its helpers end with it.
        let mut child = command.process_group(0).spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "`git` is not installed, and modules are fetched with it".to_owned(),
            _ => format!("git cannot be run: {error}"),
        })?;
        let stderr = child.stderr.take();
        let mut running = Self { child, waited_for: false, said: None, watch: None };
        let thread = |error: io::Error| format!("git cannot be watched: {error}");
        let (say, said) = channel();
        let listen = move || drop(say.send(stderr.map(last_of).unwrap_or_default()));
        std::thread::Builder::new().spawn(listen).map_err(thread)?;
        running.said = Some(said);
        let (stop, stopped) = channel();
        let (group, limits) = (running.group(), limits.clone());
        let watch = std::thread::Builder::new().spawn(move || watched(&limits, group, &stopped)).map_err(thread)?;
        running.watch = Some((stop, watch));
        Ok(running)
    }

    pub fn output(&mut self) -> Result<ChildStdout, String> {
        self.child.stdout.take().ok_or_else(|| "git has no output".to_owned())
    }

    pub fn input(&mut self) -> Result<ChildStdin, String> {
        self.child.stdin.take().ok_or_else(|| "git takes no input".to_owned())
    }

    fn group(&self) -> Option<rustix::process::Pid> {
        i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
    }

    /// Waits for git's end. An error where a limit was reached or git says one. `wanted`: what it has to say is; else it is ended.
    pub fn ends(mut self, wanted: bool) -> Result<(), String> {
        if !wanted {
            end(self.group());
        }
        // The number stays git's until it is waited for: no other group can be ended by mistake.
        self.exited();
        end(self.group());
        let status = self.child.wait();
        self.waited_for = true;
        let reached = self.watch.take().and_then(|(stop, watch)| {
            drop(stop);
            watch.join().unwrap_or_default()
        });
        // A helper that left the group and holds git's streams must not be waited for.
        let said = self.said.take().and_then(|said| said.recv_timeout(LAST_WORDS).ok()).unwrap_or_default();
        if let Some(reached) = reached {
            return Err(reached);
        }
        match status {
            _ if !wanted => Ok(()),
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(format!("git: {}", plat::render::clean_line(&last_line(&said)))),
            Err(error) => Err(format!("the end of git cannot be waited for: {error}")),
        }
    }
}

impl Running {
    /// Waits until git has ended, and leaves its number to it.
    fn exited(&self) {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        if let Some(group) = self.group() {
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {}
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.waited_for {
            end(self.group());
            let _ = self.child.wait();
        }
    }
}

fn end(group: Option<rustix::process::Pid>) {
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Ends git when a limit is reached, and tells which.
fn watched(limits: &Limits, group: Option<rustix::process::Pid>, stopped: &Receiver<()>) -> Option<String> {
    loop {
        match stopped.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return None,
        }
        if let Some(reached) = limits.reached() {
            end(group);
            return Some(reached);
        }
    }
}

/// The last of what is said; all of it is read, for a full pipe would be waited for.
fn last_of(mut stream: impl Read) -> Vec<u8> {
    let (mut kept, mut block) = (Vec::new(), [0; 4_096]);
    while let Ok(n) = stream.read(&mut block) {
        if n == 0 {
            break;
        }
        kept.extend_from_slice(block.get(..n).unwrap_or_default());
        let more = (kept.len() as u64).saturating_sub(MAX_SAID);
        kept.drain(..usize::try_from(more).unwrap_or(0));
    }
    kept
}

/// What git says last of what went wrong.
fn last_line(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines = || said.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let wrong = lines().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
    let line = wrong.or_else(|| lines().next()).unwrap_or("it says nothing");
    line.chars().take(1_000).collect()
}

fn command(store: Option<&Path>, args: &[&str]) -> Command {
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
        .env("GIT_ALLOC_LIMIT", MAX_BLOCK)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C");
    if std::env::var_os("GIT_SSH_COMMAND").is_none() && std::env::var_os("GIT_SSH").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
    }
    let files = if std::env::var_os(FILES_ALLOWED).is_some() { "protocol.file.allow=always" } else { "protocol.file.allow=never" };
    for setting in [
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "core.attributesFile=/dev/null",
        // What is large is streamed, and kept in packs, whose size can be watched.
        "core.bigFileThreshold=1m",
        "core.deltaBaseCacheLimit=16m",
        "core.packedGitWindowSize=16m",
        "core.packedGitLimit=128m",
        "pack.threads=1",
        "fetch.unpackLimit=1",
        "fetch.recurseSubmodules=no",
        "fetch.writeCommitGraph=false",
        "submodule.recurse=false",
        "transfer.bundleURI=false",
        "gc.auto=0",
        "maintenance.auto=false",
        "protocol.allow=never",
        "protocol.https.allow=always",
        "protocol.ssh.allow=always",
        files,
    ] {
        command.args(["-c", setting]);
    }
    if let Some(store) = store {
        command.arg("--git-dir").arg(store);
    }
    command.args(args);
    command
}
