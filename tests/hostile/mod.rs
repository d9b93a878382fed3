//! Programs that mean harm, or might as well: each ends soon, in one clear error, whatever it asks for.

mod files;
mod growth;
mod logs;
mod modules;
mod mutations;
mod paths;
mod pushes;
mod texts;
mod values;

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Seconds of the processor that a run may take: the kernel ends it after that, however busy the machine. A build without optimisation is
/// some ten times as slow.
const PATIENCE: usize = if cfg!(debug_assertions) { 12 } else { 1 };
/// Address space of a run, in KiB.
const MEMORY: usize = 512 << 10;
/// Most that a run may say, in bytes.
const ENOUGH: usize = 8_000;

/// A project with one stack in it.
struct Project {
    folder: TempDir,
    /// Address space of its runs, in KiB.
    memory: usize,
}

/// What a run said, and how it ended.
struct Said {
    name: String,
    code: Option<i32>,
    /// Standard error.
    text: String,
    /// Standard output.
    out: String,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("project/.git")).unwrap();
        std::fs::create_dir(folder.path().join("project/stack")).unwrap();
        Self { folder, memory: MEMORY }
    }

    fn of(program: impl AsRef<[u8]>) -> Self {
        let project = Self::new();
        project.write("main.plat", program);
        project
    }

    /// With the address space that an apply takes, which has more threads.
    fn roomy(program: impl AsRef<[u8]>) -> Self {
        Self { memory: 4 * MEMORY, ..Self::of(program) }
    }

    /// The stack's folder.
    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("project/stack")
    }

    fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The folder of the sandbox's state of `env dev` in `stack s`.
    fn state(&self) -> std::path::PathBuf {
        self.path().join(".plat/sandbox/state/s/dev")
    }

    fn run(&self, name: &str, args: &[&str]) -> Said {
        self.run_with(name, args, &[])
    }

    /// With variables of the environment.
    fn run_with(&self, name: &str, args: &[&str], variables: &[(&str, &str)]) -> Said {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("ulimit -v {}; ulimit -t {PATIENCE}; exec timeout 60 \"$@\"", self.memory),
            "sh",
            env!("CARGO_BIN_EXE_plat"),
        ]);
        command.args(args).current_dir(self.path()).stdin(Stdio::null()).envs(variables.iter().copied());
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        Said { name: name.to_owned(), code: output.status.code(), text, out }
    }

    /// The plan ends in one error that says `words`; the formatter does not fall over it either.
    fn refuses(&self, name: &str, words: &str) {
        self.run(name, &["plan", "--sandbox"]).is_one_error(words);
        let formatted = self.run(name, &["fmt", "--check"]);
        assert!(matches!(formatted.code, Some(0 | 1)), "{name}: the formatter ended with {:?}\n{}", formatted.code, formatted.text);
        formatted.in_few_words();
    }

    /// The plan is made.
    fn takes(&self, name: &str) {
        let said = self.run(name, &["plan", "--sandbox"]);
        assert_eq!(said.code, Some(0), "{name}: {}", said.text);
        said.in_few_words();
    }
}

impl Said {
    fn in_few_words(&self) {
        assert!(
            self.text.len() < ENOUGH,
            "{}: {} bytes were said: {}",
            self.name,
            self.text.len(),
            self.text.chars().take(3_000).collect::<String>()
        );
    }

    fn is_one_error(&self, words: &str) {
        let name = &self.name;
        let said = self.text.chars().take(3_000).collect::<String>();
        // No code at all: the kernel ended it.
        assert_eq!(self.code, Some(1), "{name}: {said}");
        self.in_few_words();
        let errors = self.text.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(errors, 1, "{name}: {said}");
        let flat = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{name} should say `{words}`: {said}");
        let hidden =
            self.text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c) || *c == '\u{feff}');
        assert_eq!(hidden, None, "{name}: {said}");
    }
}
