//! Paths that name a pipe, a device or a link: what is read is a regular file of bounded size, and nothing is written through a link.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{Project, Said};

const NETWORK: &str = "stack s {}\nenv dev { @region = \"us-east-1\" }\nresource net: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\n";
const PRECIOUS: &str = "precious\n";

fn pipe(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn with_secret(path: &str) -> String {
    format!("{NETWORK}resource key: aws.secretsmanager.Secret {{ name = \"key\", secret_string = secret.file(\"{path}\") }}\n")
}

fn applied() -> Project {
    let project = Project::roomy(NETWORK);
    let said = project.run("an apply", &["apply", "--yes", "--sandbox"]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    project
}

/// A file outside of the project that nothing may change.
fn victim(project: &Project) -> std::path::PathBuf {
    let path = project.folder.path().join("victim");
    std::fs::write(&path, PRECIOUS).unwrap();
    path
}

fn unchanged(name: &str, victim: &Path) {
    assert_eq!(std::fs::read_to_string(victim).unwrap(), PRECIOUS, "{name}");
}

#[test]
fn a_secret_is_a_regular_file() {
    let project = Project::roomy(with_secret("stack/pipe"));
    pipe(&project.path().join("pipe"));
    project.run("a pipe", &["apply", "--yes", "--sandbox"]).is_one_error("it is not a regular file");
    let project = Project::roomy(with_secret("stack/zero"));
    symlink("/dev/zero", project.path().join("zero")).unwrap();
    project.run("a link to a device", &["apply", "--yes", "--sandbox"]).is_one_error("leads out of the project");
    let project = Project::roomy(with_secret("stack/huge"));
    std::fs::File::create(project.path().join("huge")).unwrap().set_len(1 << 40).unwrap();
    project.run("a terabyte", &["apply", "--yes", "--sandbox"]).is_one_error("it is larger than 1 MiB");
    let project = Project::roomy(with_secret("stack"));
    project.run("a folder", &["apply", "--yes", "--sandbox"]).is_one_error("it is not a regular file");
}

#[test]
fn what_the_command_line_names_is_a_regular_file() {
    let project = applied();
    project.write("t.plat", "test \"t\" {}\n");
    pipe(&project.path().join("pipe"));
    std::fs::File::create(project.path().join("huge")).unwrap().set_len(1 << 40).unwrap();
    for (name, args, words) in [
        ("a state of zeros", vec!["state", "push", "/dev/zero", "--yes", "--sandbox"], "it is not a regular file"),
        ("a state of a pipe", vec!["state", "push", "pipe", "--yes", "--sandbox"], "it is not a regular file"),
        ("a state of a terabyte", vec!["state", "push", "huge", "--yes", "--sandbox"], "it is larger than"),
        ("a state of a folder", vec!["state", "push", ".", "--yes", "--sandbox"], "it is not a regular file"),
        ("a plan of a terabyte", vec!["apply", "huge"], "it is larger than"),
        ("a source of a device", vec!["fmt", "/dev/zero"], "is not a regular file"),
        ("a report to a pipe", vec!["test", "--junit", "pipe"], "it is not a regular file"),
        ("a plan to a pipe", vec!["plan", "--out", "pipe", "--sandbox"], "it is not a regular file"),
    ] {
        project.run(name, &args).is_one_error(words);
    }
    for target in ["/dev/zero", "pipe"] {
        let said = project.run(target, &["apply", target]);
        assert!(matches!(said.code, Some(1 | 64)), "{target}: {:?} {}", said.code, said.text);
    }
}

#[test]
fn what_the_environment_names_is_a_regular_file() {
    let project = Project::roomy(NETWORK.replace("stack s {}", "stack s { encryption = passphrase }"));
    pipe(&project.path().join("pipe"));
    std::fs::File::create(project.path().join("huge")).unwrap().set_len(1 << 40).unwrap();
    for variable in ["PLAT_STATE_PASSPHRASE_FILE", "PLAT_AGE_IDENTITY_FILE"] {
        for (file, words) in
            [("/dev/zero", "it is not a regular file"), ("pipe", "it is not a regular file"), ("huge", "it is larger than 1 MiB")]
        {
            project.run_with(variable, &["plan", "--sandbox"], &[(variable, file)]).is_one_error(words);
        }
    }
    let (old, new) = (("PLAT_STATE_PASSPHRASE", "old"), "PLAT_STATE_NEW_PASSPHRASE_FILE");
    project.run_with("a first apply", &["apply", "--yes", "--sandbox"], &[old]);
    project.run_with(new, &["state", "rekey", "--sandbox"], &[old, (new, "/dev/zero")]).is_one_error("it is not a regular file");
}

#[test]
fn files_of_the_state_are_regular_files() {
    for (name, path) in [("HEAD", "HEAD"), ("the world", "../../../world"), ("the lock", "lock")] {
        for device in [false, true] {
            let project = applied();
            let file = project.state().join(path);
            std::fs::remove_file(&file).unwrap();
            if device {
                symlink("/dev/zero", &file).unwrap();
            } else {
                pipe(&file);
            }
            let words = if device { "is a symbolic link" } else { "is not a regular file" };
            project.run(name, &["apply", "--yes", "--sandbox"]).is_one_error(words);
        }
    }
    let project = applied();
    pipe(&project.path().join("plat.lock"));
    project.write("main.plat", "use \"git::https://example.com/x?rev=0123456789abcdef0123456789abcdef01234567\".{X}\n");
    project.run("a lock of modules", &["validate"]).is_one_error("it is not a regular file");
}

/// Everything that plat writes under a name that a repository could ship.
#[test]
fn nothing_is_written_through_a_link() {
    for name in ["HEAD.tmp", "lock", "snapshots/000001-x.tmp", "../../../world", "../../../world.lock"] {
        for dangling in [false, true] {
            let project = Project::roomy(NETWORK);
            let (victim, absent) = (victim(&project), project.folder.path().join("absent"));
            let place = project.state().join(name);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            symlink(if dangling { &absent } else { &victim }, &place).unwrap();
            let said = project.run(name, &["apply", "--yes", "--sandbox"]);
            // A snapshot's name is not known beforehand.
            if !name.starts_with("snapshots") {
                said.is_one_error("is a symbolic link");
            }
            unchanged(name, &victim);
            assert!(!absent.exists(), "{name}");
        }
    }
}

#[test]
fn no_folder_of_the_state_is_a_link() {
    for (name, path) in [
        ("the folder itself", ".plat"),
        ("the sandbox", ".plat/sandbox"),
        ("states", ".plat/sandbox/state"),
        ("a stack's", ".plat/sandbox/state/s"),
        ("an env's", ".plat/sandbox/state/s/dev"),
        ("journals", ".plat/sandbox/state/s/dev/journal"),
        ("snapshots", ".plat/sandbox/state/s/dev/snapshots"),
    ] {
        let project = Project::roomy(NETWORK);
        let elsewhere = project.folder.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        // The journals of others are not swept up.
        std::fs::write(elsewhere.join("mine.jsonl"), PRECIOUS).unwrap();
        let link = project.path().join(path);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&elsewhere, &link).unwrap();
        project.run(name, &["apply", "--yes", "--sandbox"]).is_one_error("is a symbolic link");
        unchanged(name, &elsewhere.join("mine.jsonl"));
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 1, "{name}");
    }
    // A folder that is named on the command line may be one.
    let project = Project::roomy(NETWORK);
    let elsewhere = project.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, project.path().join("states")).unwrap();
    let said = project.run("a folder that was named", &["apply", "--yes", "--sandbox", "--state-dir", "states"]);
    assert_eq!(said.code, Some(0), "{}", said.text);
}

#[test]
fn what_is_written_on_demand_goes_through_no_link() {
    for (name, args, place) in [
        ("a saved plan", vec!["plan", "--out", "p", "--sandbox"], "p"),
        ("a saved plan's neighbour", vec!["plan", "--out", "p", "--sandbox"], "p.tmp"),
        ("a report", vec!["test", "--junit", "r.xml"], "r.xml"),
        ("modules", vec!["modules", "lock"], "plat.lock"),
        ("modules' neighbour", vec!["modules", "lock"], "plat.lock.new"),
    ] {
        let project = Project::roomy(NETWORK);
        let victim = victim(&project);
        if args[0] == "modules" {
            project.write("plat.lock", "");
        }
        let _ = std::fs::remove_file(project.path().join(place));
        symlink(&victim, project.path().join(place)).unwrap();
        project.run(name, &args);
        unchanged(name, &victim);
    }
    // `plat new .` in a fresh repository.
    let project = Project::new();
    let victim = victim(&project);
    symlink(&victim, project.path().join(".gitignore")).unwrap();
    project.run("a new stack", &["new", "."]).is_one_error("is a symbolic link");
    unchanged("a new stack", &victim);
    let project = Project::new();
    pipe(&project.path().join(".gitignore"));
    project.run("a new stack beside a pipe", &["new", "."]).is_one_error("is not a regular file");
}

#[test]
fn waits_that_no_clock_can_hold_are_taken() {
    let project = Project::roomy(NETWORK);
    let most = u64::MAX.to_string();
    let said: Said = project.run("a wait", &["apply", "--yes", "--sandbox", "--lock-wait", &most, "--consistency", &most]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    for args in [vec!["state", "rm", "net", "--yes"], vec!["recover"], vec!["destroy", "--yes"]] {
        let said = project.run(args[0], &[args.as_slice(), &["--sandbox", "--lock-wait", &most]].concat());
        assert!(matches!(said.code, Some(0 | 1 | 64)) && !said.text.contains("panic"), "{args:?}: {:?} {}", said.code, said.text);
    }
}

/// Too little memory for a thread or a list ends a run early; how is not up to plat in every case, but it never shows its stack.
#[test]
fn a_run_without_memory_says_so_in_a_word() {
    for mib in [24, 48, 72, 96, 128, 160, 200, 256] {
        let project = Project { memory: mib << 10, ..Project::of(NETWORK) };
        let said = project.run_with("little memory", &["apply", "--yes", "--sandbox"], &[("RUST_BACKTRACE", "1")]);
        assert!(!said.text.contains("stack backtrace") && !said.text.contains("panicked at"), "{mib} MiB: {}", said.text);
        said.in_few_words();
    }
}
