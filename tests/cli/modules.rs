//! Modules from elsewhere, out of a repository in a folder.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{Said, Stack, said};

/// A repository with a module in `net/`, which uses one beside it and reads a file of its own.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(repository.0.path().join("net")).unwrap();
        std::fs::create_dir_all(repository.0.path().join("names")).unwrap();
        repository.git(&["init", "--quiet"]);
        repository.write("names/names.plat", "fn named(text: String) => String = \"m-${text}\"\n");
        repository.write("net/label.txt", "from the module");
        repository.write(
            "net/net.plat",
            "use \"../names\".{named}\ncomponent Net {\n  resource vpc: aws.ec2.VPC { cidr_block = 10.0.0.0/16, tags = { Name = named(\"a\"), Label = file(\"label.txt\") } }\n}\n",
        );
        repository
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command
            .current_dir(self.0.path())
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
            .args(args);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The commit's id.
    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "-m", "m"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn stack(&self, rev: &str) -> Stack {
        Stack::new(&format!(
            "stack s {{ }}\nenv dev {{ @region = \"us-east-1\" }}\nuse \"git::file://{}//net?rev={rev}\".{{Net}}\nresource net: Net\n",
            self.0.path().display()
        ))
    }
}

fn modules(stack: &Stack, what: &str) -> Said {
    let mut command = stack.command(&["modules", what]);
    command.env("PLAT_MODULES_FROM_FILES", "1");
    said(command)
}

fn label(stack: &Stack) -> String {
    let plan = stack.sandbox(&["plan", "--json"]).ends(0).json();
    let changes = plan["steps"][0]["changes"].as_array().unwrap().clone();
    changes.iter().find(|change| change["attribute"] == "tags").unwrap()["after"].to_string()
}

/// The one fetched file of that name.
fn fetched(folder: &Path, name: &str) -> std::path::PathBuf {
    let tree = std::fs::read_dir(folder.join(".plat/modules")).unwrap().next().unwrap().unwrap().path();
    tree.join(name)
}

#[test]
fn a_module_is_locked_fetched_and_used() {
    let repository = Repository::new();
    let stack = repository.stack(&repository.commit());
    let unlocked = stack.sandbox(&["plan"]).ends(1);
    assert!(unlocked.err.contains("E0110") && unlocked.err.contains("plat modules lock"), "{}", unlocked.err);
    assert!(modules(&stack, "fetch").ends(1).err.contains("plat modules lock"));
    modules(&stack, "lock").ends(0);
    let lock = std::fs::read_to_string(stack.path().join("plat.lock")).unwrap();
    assert!(lock.lines().last().unwrap().contains(" sha256:"), "{lock}");
    let said = label(&stack);
    assert!(said.contains("m-a") && said.contains("from the module"), "{said}");

    // On another machine the lock is there and the files are not.
    std::fs::remove_dir_all(stack.path().join(".plat/modules")).unwrap();
    let absent = stack.sandbox(&["plan"]).ends(1);
    assert!(absent.err.contains("plat modules fetch"), "{}", absent.err);
    modules(&stack, "fetch").ends(0);
    stack.sandbox(&["apply", "--yes"]).ends(0);
    assert_eq!(std::fs::read_to_string(stack.path().join("plat.lock")).unwrap(), lock, "nothing else writes it");
    assert_eq!(std::fs::read_dir(stack.path().join(".plat/modules")).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn what_is_not_what_was_locked_is_refused() {
    let repository = Repository::new();
    let stack = repository.stack(&repository.commit());
    modules(&stack, "lock").ends(0);
    // Somebody changed the files after they were fetched.
    let file = fetched(stack.path(), "net/label.txt");
    std::fs::write(&file, "from somebody else").unwrap();
    let tampered = stack.sandbox(&["plan"]).ends(1);
    assert!(tampered.err.contains("not those that `plat.lock` says"), "{}", tampered.err);
    modules(&stack, "fetch").ends(0);
    assert!(label(&stack).contains("from the module"));
    // A file more is a difference, too.
    std::fs::write(file.with_file_name("more.plat"), "fn f() => Int = 1\n").unwrap();
    stack.sandbox(&["plan"]).ends(1);
    modules(&stack, "fetch").ends(0);
    // A lock with another sum.
    let lock = std::fs::read_to_string(stack.path().join("plat.lock")).unwrap();
    let (head, sum) = lock.rsplit_once("sha256:").unwrap();
    let other: String = sum.trim().chars().rev().collect();
    stack.write("plat.lock", &format!("{head}sha256:{other}\n"));
    stack.sandbox(&["plan"]).ends(1);
    for what in ["fetch", "lock"] {
        let refused = modules(&stack, what).ends(1);
        assert!(refused.err.contains("is not what `plat.lock` says") && refused.err.contains("plat modules update"), "{}", refused.err);
    }
    modules(&stack, "update").ends(0);
    assert_eq!(std::fs::read_to_string(stack.path().join("plat.lock")).unwrap(), lock);
    stack.write("plat.lock", "nonsense\n");
    assert!(stack.sandbox(&["plan"]).ends(1).err.contains("`plat.lock` cannot be understood in line 1"));
}

#[test]
fn a_module_stays_inside_of_itself_and_runs_nothing() {
    let repository = Repository::new();
    let good = repository.commit();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("key"), "not yours").unwrap();
    // A link that leads out.
    std::os::unix::fs::symlink(outside.path().join("key"), repository.0.path().join("net/link")).unwrap();
    let linked = modules(&repository.stack(&repository.commit()), "lock").ends(1);
    assert!(linked.err.contains("`net/link` of the module is a link that leads out of it"), "{}", linked.err);
    std::fs::remove_file(repository.0.path().join("net/link")).unwrap();
    // Filters and hooks that a checkout would run.
    let mark = outside.path().join("ran");
    repository.write(".gitattributes", "* filter=evil\n*.plat export-ignore\n");
    repository.write(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c touch\n");
    repository.git(&["config", "filter.evil.smudge", &format!("touch {}", mark.display())]);
    let stack = repository.stack(&repository.commit());
    modules(&stack, "lock").ends(0);
    assert!(label(&stack).contains("from the module") && !mark.exists());
    // Files of the project that uses it, and those outside.
    for (body, says) in [
        ("file(\"../../main.plat\")", "there is no file"),
        ("file(\"../../../../../main.plat\")", "is outside the module"),
        ("file(\"../../../../main.plat\")", "is outside the module"),
    ] {
        repository.write(
            "net/net.plat",
            &format!("component Net {{\n  resource vpc: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16, tags = {{ Name = {body} }} }}\n}}\n"),
        );
        let stack = repository.stack(&repository.commit());
        modules(&stack, "lock").ends(0);
        let told = stack.sandbox(&["plan"]).ends(1);
        assert!(told.err.contains(says) || told.err.contains("there is no file"), "{body}: {}", told.err);
    }
    repository.write(
        "net/net.plat",
        "component Net {\n  resource s: aws.secretsmanager.Secret { name = \"a\", secret_string = secret.file(\"main.plat\") }\n}\n",
    );
    let stack = repository.stack(&repository.commit());
    modules(&stack, "lock").ends(0);
    assert!(stack.sandbox(&["plan"]).ends(1).err.contains("E0403"));
    // Without the word of whoever runs it, nothing comes from a disk.
    let stack = repository.stack(&good);
    let mut command = stack.command(&["modules", "lock"]);
    command.env_remove("PLAT_MODULES_FROM_FILES");
    assert!(said(command).ends(1).err.contains("`file://` is for tests and mirrors"));
}

#[test]
fn only_a_whole_commit_is_a_version() {
    for (source, says) in [
        ("git::https://example.com/x?rev=main", "`main` is not a whole commit id"),
        ("git::https://example.com/x?rev=0123456", "`0123456` is not a whole commit id"),
        ("git::https://example.com/x", "which commit of the repository?"),
        ("git::ext://sh?rev=0123456789abcdef0123456789abcdef01234567", "cannot be fetched by `ext`"),
    ] {
        let stack = Stack::new(&format!("use \"{source}\".{{X}}\n"));
        let told = stack.plat(&["validate"]).ends(1);
        assert!(told.err.contains(says) && told.err.contains("E0214"), "{}", told.err);
        assert!(modules(&stack, "lock").ends(1).err.contains(says));
    }
    let repository = Repository::new();
    repository.commit();
    let absent = modules(&repository.stack("0123456789abcdef0123456789abcdef01234567"), "lock").ends(1);
    assert!(absent.err.contains("git: "), "{}", absent.err);
}
