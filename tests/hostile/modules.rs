//! Repositories of modules that mean harm: trees that git itself would not write, listings without end, and servers that do not answer.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Project, Said};

/// A repository whose objects are written byte by byte.
struct Repository(TempDir);

/// An object's id, in hex.
type Id = String;

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"], b"");
        repository
    }

    fn git(&self, args: &[&str], input: &[u8]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.0.path()).args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn blob(&self, content: &[u8]) -> Id {
        self.git(&["hash-object", "-w", "--stdin"], content)
    }

    /// `entries`: mode, name, object; written as they are.
    fn tree(&self, entries: &[(&str, &[u8], &str)]) -> Id {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            write!(bytes, "{mode} ").unwrap();
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend((0..20).map(|i| u8::from_str_radix(&id[2 * i..2 * i + 2], 16).unwrap()));
        }
        self.git(&["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], &bytes)
    }

    fn commit(&self, tree: &str) -> Id {
        let commit = self.git(&["commit-tree", tree, "-m", "m"], b"");
        self.git(&["update-ref", "refs/heads/main", &commit], b"");
        commit
    }

    fn fetched(&self, name: &str, tree: &str) -> (Project, Said) {
        let url = format!("file://{}", self.0.path().display());
        fetched(name, &url, &self.commit(tree), &[])
    }

    /// The fetch ends in one error, and leaves nothing.
    fn refuses(&self, name: &str, tree: &str, words: &str) {
        let (project, said) = self.fetched(name, tree);
        said.is_one_error(words);
        nothing_left(name, &project);
    }
}

fn fetched(name: &str, url: &str, rev: &str, variables: &[(&str, &str)]) -> (Project, Said) {
    let project = Project::of(format!("stack s {{}}\nuse \"git::{url}?rev={rev}\".{{A}}\n"));
    let variables = [variables, &[("PLAT_MODULES_FROM_FILES", "1")]].concat();
    let said = project.run_with(name, &["modules", "lock"], &variables);
    (project, said)
}

fn modules(project: &Project) -> PathBuf {
    project.path().join(".plat/modules")
}

fn nothing_left(name: &str, project: &Project) {
    let left: Vec<_> = std::fs::read_dir(modules(project)).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{name}: {left:?}");
    assert!(!project.path().join("plat.lock").exists(), "{name}");
}

const CODE: &[u8] = b"component A {}\n";
const REV: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn every_spelling_of_a_repository_is_refused() {
    let repository = Repository::new();
    let code = repository.blob(CODE);
    let config = repository.tree(&[("100644", b"config", &repository.blob(b"[core]\n\tfsmonitor = touch /tmp/ran\n"))]);
    let names = [
        ".git",
        ".GIT",
        ".Git",
        "git~1",
        "GIT~1",
        ".git.",
        ".git ",
        ".git. .",
        ".git::$INDEX_ALLOCATION",
        ".git:a",
        "git~1.",
        ".g\u{200c}it",
        ".git\u{200d}",
        "\u{feff}.git",
        ".\u{206a}git",
        ".gi\u{202e}t",
    ];
    for name in names {
        let words = "takes for a repository";
        let (file, folder) = (("100644", name.as_bytes(), code.as_str()), ("40000", name.as_bytes(), config.as_str()));
        repository.refuses(name, &repository.tree(&[folder, ("100644", b"a.plat", &code)]), words);
        let inner = repository.tree(&[file]);
        repository.refuses(name, &repository.tree(&[("100644", b"a.plat", &code), ("40000", b"b", &inner)]), words);
    }
    for (name, words) in [
        (&b"a\\b"[..], "backslash"),
        (b".git\\config", "backslash"),
        (b"a\n::stop-commands::x", "control characters"),
        (b"a\x1b[2J", "control characters"),
        (b"a/b", "not understood"),
        (b"..", "outside"),
        (b"a\xff", "not UTF-8"),
    ] {
        // A slash in a name is one more folder to whoever reads the path.
        if name != b"a/b" {
            repository.refuses(&String::from_utf8_lossy(name), &repository.tree(&[("100644", name, &code)]), words);
        }
    }
    let link = repository.blob(b"a.plat");
    let tree = repository.tree(&[("120000", b".gitmodules", &link), ("100644", b"a.plat", &code)]);
    repository.refuses("settings by a link", &tree, "git reads settings from it");
    let objects = repository.tree(&[("100644", b"x", &code)]);
    let bare =
        [("100644", &b"HEAD"[..], &*code), ("100644", b"config", &code), ("40000", b"objects", &objects), ("40000", b"refs", &objects)];
    let bare = repository.tree(&bare);
    repository.refuses(
        "a bare repository",
        &repository.tree(&[("100644", b"a.plat", &code), ("40000", b"bare", &bare)]),
        "takes for a repository",
    );
}

#[test]
fn nothing_is_written_behind_a_link() {
    let repository = Repository::new();
    let outside = tempfile::tempdir().unwrap();
    let (code, link) = (repository.blob(CODE), repository.blob(outside.path().to_str().unwrap().as_bytes()));
    let folder = repository.tree(&[("100644", b"file", &code)]);
    for (name, words) in [(&b"a"[..], "cannot be written"), (b"A", "leads out of it")] {
        let tree = repository.tree(&[("120000", b"a", &link), ("40000", name, &folder), ("100644", b"m.plat", &code)]);
        repository.refuses("a link and a folder", &tree, words);
    }
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    let long = repository.blob(&[b'a'; 2_000]);
    repository.refuses("a long link", &repository.tree(&[("120000", b"a", &long)]), "leads to a path of more than");
}

#[test]
fn a_small_repository_cannot_list_without_end() {
    let repository = Repository::new();
    let code = repository.blob(CODE);
    let names: Vec<String> = (0..10).map(|i| format!("n{i}")).collect();
    let wide = |mode: &str, id: &str| repository.tree(&names.iter().map(|name| (mode, name.as_bytes(), id)).collect::<Vec<_>>());
    let mut files = wide("100644", &code);
    let mut nothing = repository.tree(&[]);
    for _ in 0..6 {
        files = wide("40000", &files);
        nothing = wide("40000", &nothing);
    }
    repository.refuses("ten million files", &files, "more than 10000 files");
    repository.refuses("a million folders without files", &nothing, "more than 40000 files and folders");
    let mut deep = repository.tree(&[("100644", b"a", &code)]);
    for _ in 0..2_000 {
        deep = repository.tree(&[("40000", b"d", &deep)]);
    }
    repository.refuses("folders in each other", &deep, "lies in more than 31 folders");
    let long = "n".repeat(4_000);
    repository.refuses("a long name", &repository.tree(&[("100644", long.as_bytes(), &code)]), "is longer than 1024 bytes");
}

#[test]
fn a_blob_is_measured_before_it_is_read() {
    let repository = Repository::new();
    let zeros = |mib: usize| {
        let path = repository.0.path().join("zeros");
        std::fs::File::create(&path).unwrap().set_len((mib as u64) << 20).unwrap();
        repository.git(&["-c", "core.bigFileThreshold=1m", "hash-object", "-w", "zeros"], b"")
    };
    let huge = zeros(600);
    // The address space of the run is less than that.
    repository.refuses("600 MB of zeros", &repository.tree(&[("100644", b"a.plat", &huge)]), "more than 64 MiB");
    let most = zeros(60);
    repository.refuses("twice 60 MB", &repository.tree(&[("100644", b"a", &most), ("100644", b"b", &most)]), "more than 64 MiB");
    let (_, said) =
        repository.fetched("60 MB", &repository.tree(&[("100644", b"a", &most), ("100644", b"a.plat", &repository.blob(CODE))]));
    assert_eq!(said.code, Some(0), "{}", said.text);
}

#[test]
fn a_fetch_that_fails_is_one_error() {
    let (project, said) = fetched("no such folder", "file:///nowhere/at/all", REV, &[]);
    said.is_one_error("git: ");
    nothing_left("no such folder", &project);
    let repository = Repository::new();
    repository.commit(&repository.tree(&[("100644", b"a.plat", &repository.blob(CODE))]));
    let url = format!("file://{}", repository.0.path().display());
    let (project, said) = fetched("no such commit", &url, REV, &[]);
    said.is_one_error("git: ");
    nothing_left("no such commit", &project);
    let tools = tempfile::tempdir().unwrap();
    for tool in ["sh", "timeout"] {
        let place = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().unwrap().stdout;
        std::os::unix::fs::symlink(String::from_utf8(place).unwrap().trim(), tools.path().join(tool)).unwrap();
    }
    let (project, said) = fetched("no git", &url, REV, &[("PATH", tools.path().to_str().unwrap())]);
    said.is_one_error("`git` is not installed");
    nothing_left("no git", &project);
    // An object that is damaged, and one that is not there.
    for (name, content) in [("damaged", Some("nonsense")), ("absent", None)] {
        let repository = Repository::new();
        let code = repository.blob(CODE);
        let commit = repository.commit(&repository.tree(&[("100644", b"a.plat", &code)]));
        let object = repository.0.path().join(format!(".git/objects/{}/{}", &code[..2], &code[2..]));
        std::fs::remove_file(&object).unwrap();
        if let Some(content) = content {
            std::fs::write(&object, content).unwrap();
        }
        let (project, said) = fetched(name, &format!("file://{}", repository.0.path().display()), &commit, &[]);
        said.is_one_error("git: ");
        nothing_left(name, &project);
    }
}

/// A "server" that never answers: the words of `ssh`, which write their process's number.
fn silent(folder: &Path) -> String {
    format!("sh -c 'echo $$ > {}; exec sleep 300'", folder.join("pid").display())
}

fn runs(folder: &Path) -> bool {
    let pid = std::fs::read_to_string(folder.join("pid")).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_does_not_answer_is_left_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let ssh = silent(folder.path());
    let begun = Instant::now();
    let (project, said) = fetched(
        "silence",
        "ssh://example.com/x",
        REV,
        &[("GIT_SSH_COMMAND", &ssh), ("GIT_SSH_VARIANT", "simple"), ("PLAT_MODULES_TIMEOUT", "1")],
    );
    said.is_one_error("git took too long");
    assert!(begun.elapsed() < Duration::from_secs(20));
    nothing_left("silence", &project);
    wait_until("the helper ends", || !runs(folder.path()));
    for wrong in ["0", "x", "-1", "99999999999"] {
        let (_, said) = fetched("seconds", "ssh://example.com/x", REV, &[("PLAT_MODULES_TIMEOUT", wrong)]);
        said.is_one_error("not a number of seconds");
    }
}

#[test]
fn a_fetch_that_is_ended_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::of(format!("stack s {{}}\nuse \"git::ssh://example.com/x?rev={REV}\".{{A}}\n"));
    for (signal, name) in [("-TERM", "asked to end"), ("-INT", "interrupted"), ("-KILL", "killed")] {
        let _ = std::fs::remove_file(folder.path().join("pid"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_plat"));
        command.args(["modules", "lock"]).current_dir(project.path()).env("GIT_SSH_COMMAND", silent(folder.path()));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("the helper starts", || std::fs::read_to_string(folder.path().join("pid")).is_ok_and(|pid| pid.ends_with('\n')));
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let status = child.wait().unwrap();
        if signal == "-KILL" {
            assert!(std::fs::read_dir(modules(&project)).unwrap().count() > 0, "{name}");
            assert!(
                Command::new("kill").arg(std::fs::read_to_string(folder.path().join("pid")).unwrap().trim()).status().unwrap().success()
            );
            // The next one takes away what is left, links and all, and nothing that they lead to.
            std::os::unix::fs::symlink(folder.path(), modules(&project).join("fetching-1")).unwrap();
            project.run("the next", &["modules", "fetch"]).is_one_error("is not in `plat.lock`");
            assert!(folder.path().join("pid").exists());
        } else {
            assert_eq!(status.code(), Some(130), "{name}");
            wait_until("the helper ends", || !runs(folder.path()));
        }
        nothing_left(name, &project);
    }
}

#[test]
fn no_setting_of_the_repository_takes_effect() {
    let (repository, mark) = (Repository::new(), tempfile::tempdir().unwrap());
    let ran = mark.path().join("ran");
    let touch = format!("touch {}", ran.display());
    for setting in ["core.fsmonitor", "core.sshCommand", "uploadpack.packObjectsHook", "core.pager", "filter.x.smudge"] {
        repository.git(&["config", setting, &touch], b"");
    }
    let hook = repository.0.path().join(".git/hooks/post-checkout");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    for hook in ["post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"] {
        let path = repository.0.path().join(".git/hooks").join(hook);
        std::fs::write(&path, format!("#!/bin/sh\n{touch}\n")).unwrap();
    }
    let tree =
        repository.tree(&[("100644", b".gitattributes", &repository.blob(b"* filter=x\n")), ("100644", b"a.plat", &repository.blob(CODE))]);
    let (project, said) = repository.fetched("settings", &tree);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(!ran.exists());
    assert_eq!(std::fs::read_dir(modules(&project)).unwrap().count(), 1);
}

#[test]
fn modules_are_not_written_behind_a_link() {
    let repository = Repository::new();
    let commit = repository.commit(&repository.tree(&[("100644", b"a.plat", &repository.blob(CODE))]));
    for path in [".plat", ".plat/modules"] {
        let project = Project::of(format!("stack s {{}}\nuse \"git::file://{}?rev={commit}\".{{A}}\n", repository.0.path().display()));
        let elsewhere = project.folder.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::create_dir_all(project.path().join(path).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&elsewhere, project.path().join(path)).unwrap();
        project.run_with(path, &["modules", "lock"], &[("PLAT_MODULES_FROM_FILES", "1")]).is_one_error("is a symbolic link");
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0, "{path}");
    }
}
