//! Programs that mean harm, or might as well: each ends soon, in one clear error, whatever it asks for.

mod files;
mod mutations;
mod texts;
mod values;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// As long as a run may take. A build without optimisation is some ten times as slow.
const PATIENCE: Duration = if cfg!(debug_assertions) { Duration::from_secs(12) } else { Duration::from_secs(1) };
/// Address space of a run, in KiB.
const MEMORY: usize = 512 << 10;
/// Most that a run may say, in bytes.
const ENOUGH: usize = 8_000;

/// A project with one stack in it.
struct Project {
    folder: TempDir,
}

/// What a run said, and how it ended.
struct Said {
    name: String,
    code: Option<i32>,
    text: String,
    took: Duration,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("project/.git")).unwrap();
        std::fs::create_dir(folder.path().join("project/stack")).unwrap();
        Self { folder }
    }

    fn of(program: impl AsRef<[u8]>) -> Self {
        let project = Self::new();
        project.write("main.plat", program);
        project
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

    fn run(&self, name: &str, args: &[&str]) -> Said {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -v {MEMORY}; exec timeout 60 \"$@\""), "sh", env!("CARGO_BIN_EXE_plat")]);
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        let begin = Instant::now();
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        Said { name: name.to_owned(), code: output.status.code(), text, took: begin.elapsed() }
    }

    /// The plan ends in one error that says `words`; the formatter does not fall over it either.
    fn refuses(&self, name: &str, words: &str) {
        self.run(name, &["plan", "--sandbox"]).is_one_error(words);
        let formatted = self.run(name, &["fmt", "--check"]);
        assert!(matches!(formatted.code, Some(0 | 1)), "{name}: the formatter ended with {:?}\n{}", formatted.code, formatted.text);
        formatted.in_time();
    }

    /// The plan is made.
    fn takes(&self, name: &str) {
        let said = self.run(name, &["plan", "--sandbox"]);
        assert_eq!(said.code, Some(0), "{name}: {}", said.text);
        said.in_time();
    }
}

impl Said {
    fn in_time(&self) {
        assert!(self.took < PATIENCE, "{} took {:?}", self.name, self.took);
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
        assert_eq!(self.code, Some(1), "{name}: {said}");
        self.in_time();
        let errors = self.text.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(errors, 1, "{name}: {said}");
        let flat = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{name} should say `{words}`: {said}");
        let hidden =
            self.text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c) || *c == '\u{feff}');
        assert_eq!(hidden, None, "{name}: {said}");
    }
}
