//! The real binary, on a copy of an example, against an emulated account.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::cloud::Cloud;
use crate::project::{files, root};

/// A copy of an example with state of its own.
pub struct Project {
    folder: TempDir,
    stack: PathBuf,
    env: String,
    /// The access key id, by which the ledger tells who called.
    caller: String,
    /// More of the environment.
    env_vars: Vec<(String, String)>,
}

/// How a command ended.
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Project {
    /// `env` of `examples/NAME`. All examples are copied: they may share modules.
    pub fn example(name: &str, env: &str) -> Self {
        Self::copy(&root().join("examples"), name, env)
    }

    /// `env` of `tests/aws/stacks/NAME`.
    pub fn of_tests(name: &str, env: &str) -> Self {
        Self::copy(&root().join("tests/aws/stacks"), name, env)
    }

    fn copy(from: &Path, name: &str, env: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for file in files(from, "plat") {
            let copy = folder.path().join(file.strip_prefix(from).expect("a file of the folder"));
            std::fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder for the copy");
            std::fs::copy(&file, &copy).expect("a copy");
        }
        let stack = folder.path().join(name);
        assert!(stack.is_dir(), "{}/{name} has no .plat file", from.display());
        Self { folder, stack, env: env.to_owned(), caller: "plat".to_owned(), env_vars: Vec::new() }
    }

    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env_vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Calls under a name of its own.
    pub fn called(self, caller: &str) -> Self {
        Self { caller: caller.to_owned(), ..self }
    }

    /// The stack's folder.
    pub fn folder(&self) -> std::path::Display<'_> {
        self.stack.display()
    }

    /// Replaces the one place where the stack says `from`.
    pub fn edit(&self, from: &str, to: &str) {
        let holding: Vec<(PathBuf, String)> = files(&self.stack, "plat")
            .into_iter()
            .map(|path| (path.clone(), std::fs::read_to_string(path).expect("a readable file")))
            .filter(|(_, text)| text.contains(from))
            .collect();
        match holding.as_slice() {
            [(path, text)] if text.matches(from).count() == 1 => std::fs::write(path, text.replace(from, to)).expect("a writable file"),
            _ => panic!("`{from}` stands in {} files of the example, and should stand once in one", holding.len()),
        }
    }

    /// Keeps the state beside the program, wherever the stack would keep it.
    pub fn with_local_state(self) -> Self {
        for path in files(&self.stack, "plat") {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let kept: Vec<&str> =
                text.lines().filter(|line| !matches!(line.split_whitespace().next(), Some("state" | "encryption"))).collect();
            std::fs::write(&path, kept.join("\n") + "\n").expect("a writable file");
        }
        self
    }

    /// `plat COMMAND DIR -e ENV ARGUMENTS`
    pub fn run(&self, cloud: &Cloud, command: &str, arguments: &[&str]) -> Run {
        Run::new(&self.command(cloud, command, arguments).output().expect("plat runs"))
    }

    /// The same, not waited for; what it says is dropped.
    pub fn start(&self, cloud: &Cloud, command: &str, arguments: &[&str]) -> Child {
        self.command(cloud, command, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("plat starts")
    }

    /// The same, with what it says kept for [`Run::of`].
    pub fn begin(&self, cloud: &Cloud, command: &str, arguments: &[&str]) -> Child {
        self.command(cloud, command, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("plat starts")
    }

    fn command(&self, cloud: &Cloud, command: &str, arguments: &[&str]) -> Command {
        self.prepared(Command::new(env!("CARGO_BIN_EXE_plat")), cloud, command, arguments)
    }

    /// The same, run by another program: `prlimit --fsize=1000 plat COMMAND …`
    pub fn wrapped(&self, by: &[&str], cloud: &Cloud, command: &str, arguments: &[&str]) -> Command {
        let mut wrapper = Command::new(by[0]);
        wrapper.args(&by[1..]).arg(env!("CARGO_BIN_EXE_plat"));
        self.prepared(wrapper, cloud, command, arguments)
    }

    /// Takes the lock from a holder that is gone.
    pub fn unlock(&self, cloud: &Cloud, epoch: &str) -> Run {
        let mut process = Command::new(env!("CARGO_BIN_EXE_plat"));
        process.args(["state", "unlock", epoch]);
        process.arg(&self.stack).args(["-e", &self.env]);
        Run::new(&self.surrounded(process, cloud).output().expect("plat runs"))
    }

    fn prepared(&self, mut process: Command, cloud: &Cloud, command: &str, arguments: &[&str]) -> Command {
        // `state rekey` is two words.
        process.args(command.split(' '));
        if command == "output" {
            process.arg("-C");
        }
        process.arg(&self.stack).args(["-e", &self.env]).args(arguments);
        self.surrounded(process, cloud)
    }

    fn surrounded(&self, mut process: Command, cloud: &Cloud) -> Command {
        process
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", cloud.proxy.url())
            .env("AWS_ACCESS_KEY_ID", &self.caller)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.env_vars.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        process
    }

    /// The apply after one that broke off. The emulators hide nothing, so it need not look for long.
    pub fn go_on(&self, cloud: &Cloud) -> Run {
        self.run(cloud, "apply", &["--yes", "--consistency", "2"])
    }

    pub fn apply(&self, cloud: &Cloud) -> Run {
        self.run(cloud, "apply", &["--yes"]).ends(0)
    }

    /// Deletes everything, protected or not.
    pub fn destroy(&self, cloud: &Cloud) -> Run {
        self.run(cloud, "destroy", &["--yes", "--consent-to-lose", "all"]).ends(0)
    }

    /// A plan that finds nothing to do.
    pub fn settled(&self, cloud: &Cloud) -> Run {
        self.run(cloud, "plan", &["--detailed-exitcode"]).ends(0)
    }

    /// A plan's steps that change something: address, action, changed attributes.
    pub fn changes(&self, cloud: &Cloud) -> Vec<(String, String, Vec<String>)> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let plan = self.run(cloud, "plan", &["--json"]).ends(0).json();
        let steps = plan["steps"].as_array().expect("steps");
        let attributes = |step: &Value| step["changes"].as_array().expect("changes").iter().map(|c| text(&c["attribute"])).collect();
        steps.iter().map(|step| (text(&step["address"]), text(&step["action"]), attributes(step))).collect()
    }

    /// Every file that plat left beside the program.
    pub fn written(&self) -> Vec<PathBuf> {
        let mut written = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a readable folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|e| e != "plat") {
                    written.push(path);
                }
            }
        }
        written
    }
}

impl Run {
    fn new(output: &std::process::Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Waits for a command to end.
    pub fn of(child: Child) -> Self {
        Self::new(&child.wait_with_output().expect("a command that was begun"))
    }

    /// Fails when the command ended otherwise.
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON: {e}\n{self}"))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {:?}\n{}\n{}", self.code, self.out, self.err)
    }
}

/// Fails when one of `secrets` stands in a file that plat wrote or in what it said.
pub fn assert_never_written_down(secrets: &[String], project: &Project, runs: &[&Run]) {
    assert!(!secrets.is_empty() && secrets.iter().all(|s| s.len() >= 8), "no secrets to look for");
    let written = project.written();
    assert!(!written.is_empty(), "plat wrote no state");
    let read = |path: &Path| std::fs::read(path).expect("a readable file");
    let said = runs.iter().flat_map(|run| [run.out.clone().into_bytes(), run.err.clone().into_bytes()]);
    for text in written.iter().map(|path| read(path)).chain(said) {
        let text = String::from_utf8_lossy(&text).into_owned();
        for secret in secrets {
            assert!(!text.contains(secret.as_str()), "a secret was written down");
        }
    }
}
