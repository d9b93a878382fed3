//! Two hundred secrets through every command, format and error: none of them is anywhere it can be read, in whatever form.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Said, Stack};
use crate::figures::reached;

/// Secrets from files and as many from the environment; one more is a param, and one the state's passphrase.
const EACH: usize = 99;
/// What all of them have in them: whoever finds it found one, plain, in JSON or in a URL.
const BIRD: &str = "Kanarienvogel7c1f";

/// What a text escapes stands around it.
pub fn canary(name: &str) -> String {
    format!("q\"é\\/&<{BIRD}-{name}>+=%")
}

/// The bird in every form that can be read again.
pub fn forms() -> Vec<String> {
    let hex: String = BIRD.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![BIRD.to_owned(), hex.to_uppercase(), hex];
    // Three texts, for it may begin at any bit of a letter.
    for before in 0..3 {
        let whole = base64(&[&vec![b'x'; before], BIRD.as_bytes()].concat());
        let first = (before * 8).div_ceil(6);
        let last = (before + BIRD.len()) * 8 / 6;
        forms.push(whole[first..last].to_owned());
        forms.push(whole[first..last].replace('+', "-").replace('/', "_"));
    }
    forms
}

pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for letter in 0..=chunk.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * letter) & 63) as usize]));
        }
    }
    text
}

/// The first form that stands in a text.
pub fn readable(text: &[u8], forms: &[String]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    forms.iter().find(|form| text.contains(form.as_str())).cloned()
}

fn program(more: &str) -> String {
    let names: Vec<String> = (0..EACH).map(|n| format!("\"{n:03}\"")).collect();
    format!(
        r#"stack s {{}}
env dev {{ @region = "us-east-1" }}
param login: Secret<String>
let names = [{names}]
component Box {{
  param name: String
  param text: Secret<String>
  resource kept: aws.secretsmanager.Secret {{
    name          = name
    secret_string = text
  }}
  output key: Secret<String> = text
  output arn: String = kept.id
}}
resource filed: aws.secretsmanager.Secret for n in names {{
  name          = "filed/${{n}}"
  secret_string = secret.file("keys/${{n}}")
}}
resource told: Box for n in names {{
  name = "told/${{n}}"
  text = secret.env("KEY_${{n}}")
}}
resource joined: aws.secretsmanager.Secret {{
  name          = "joined"
  secret_string = "user:${{login}}@${{told["000"].key}}"
}}
resource net: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16 }}
output arn: String = told["001"].arn
test "all of them" {{
  env dev {{ login = secret.env("KEY_000") }}
  apply
  assert filed.len() == {EACH}
}}
{more}"#,
        names = names.join(", ")
    )
}

/// A project, a home and a folder for what is temporary, all of them searched.
struct Aviary {
    stack: Stack,
    home: tempfile::TempDir,
    forms: Vec<String>,
    runs: usize,
    bytes: usize,
}

impl Aviary {
    fn new() -> Self {
        let stack = Stack::new(&program(""));
        std::fs::create_dir(stack.path().join("keys")).unwrap();
        for n in 0..EACH {
            stack.write(&format!("keys/{n:03}"), &format!("{}\n", canary(&format!("file-{n}"))));
        }
        Self { stack, home: tempfile::tempdir().unwrap(), forms: forms(), runs: 0, bytes: 0 }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.stack.command(args);
        for n in 0..EACH {
            command.env(format!("KEY_{n:03}"), canary(&format!("env-{n}")));
        }
        command.env("PLAT_STATE_PASSPHRASE", canary("passphrase")).env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
        command.env("HOME", self.home.path()).env("TMPDIR", self.home.path());
        command
    }

    /// Runs it with the param, and searches what it says.
    fn run(&mut self, args: &[&str]) -> Said {
        let login = format!("login={:?}", canary("param"));
        let takes_params =
            !(matches!(args[0], "fmt" | "test" | "docs" | "validate" | "explain") || args[0] == "apply" && args[1].ends_with(".plan"));
        let more: Vec<&str> = if takes_params { vec!["-p", &login, "--sandbox"] } else { Vec::new() };
        let output = self.command(&[args, &more].concat()).output().unwrap();
        self.search(args, &output)
    }

    fn search(&mut self, args: &[&str], output: &std::process::Output) -> Said {
        for said in [&output.stdout, &output.stderr] {
            let found = readable(said, &self.forms);
            assert_eq!(found, None, "`plat {}` says it:\n{}", args.join(" "), String::from_utf8_lossy(said));
            self.bytes += said.len();
        }
        self.runs += 1;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Searches every file but those that the secrets are read from.
    fn search_files(&mut self) -> usize {
        let keys = self.stack.path().join("keys");
        let mut files = Vec::new();
        for folder in [self.stack.path(), self.home.path()] {
            all_files(folder, &mut files);
        }
        files.retain(|file| !file.starts_with(&keys));
        for file in &files {
            let bytes = std::fs::read(file).unwrap();
            assert_eq!(readable(&bytes, &self.forms), None, "{}", file.display());
            self.bytes += bytes.len();
        }
        files.len()
    }
}

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all_files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_bird_is_found_in_every_form() {
    let forms = forms();
    let bird = canary("x");
    let json = serde_json::to_string(&bird).unwrap();
    let url: String =
        bird.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    let hex: String = bird.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut texts = vec![bird.clone(), json, url, hex];
    texts.extend((0..3).map(|n| base64(format!("{}{bird}", "y".repeat(n)).as_bytes())));
    for text in texts {
        assert!(readable(text.as_bytes(), &forms).is_some(), "{text}");
    }
    assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw");
}

#[test]
fn two_hundred_secrets_are_nowhere_to_be_read() {
    let mut all = Aviary::new();
    for args in [
        &["validate"][..],
        &["validate", "--json"],
        &["plan", "--full"],
        &["plan", "--full", "--json"],
        &["plan", "--full", "--format", "markdown"],
        &["plan", "--rehearse"],
        &["plan", "--rehearse", "--json"],
        &["plan", "--out", "it.plan"],
        &["graph"],
        &["graph", "--json"],
        &["fmt", "--check"],
        &["docs"],
        &["test"],
        &["test", "--json", "--junit", "junit.xml"],
    ] {
        let said = all.run(args);
        assert!(matches!(said.code, 0 | 1), "{args:?}: {}{}", said.out, said.err);
    }
    let mut files = all.search_files();
    all.run(&["apply", "--yes", "--full"]).ends(0);
    files += all.search_files();
    for args in [
        &["show"][..],
        &["show", "--json"],
        &["output"],
        &["output", "--json"],
        &["output", "arn"],
        &["drift"],
        &["drift", "--json"],
        &["apply", "--refresh-only", "--yes"],
        &["state", "list", "--json"],
        &["state", "show", "filed[000]"],
        &["state", "show", "told[000].kept", "--json"],
        &["state", "show", "joined", "--json"],
        &["state", "history", "--json"],
        &["state", "pull"],
        &["state", "mv", "net", "other"],
        &["state", "diff", "--json"],
        &["state", "mv", "other", "net"],
        &["state", "rm", "net", "--yes"],
        &["plan", "--destroy", "--full"],
        &["recover"],
        &["recover", "--json"],
        &["plan", "--no-refresh", "--json"],
        &["explain", "E0401"],
    ] {
        all.run(args).ends(0);
    }
    files += all.search_files();
    console(&mut all);
    rotated(&mut all);
    killed(&mut all);
    wrong(&mut all);
    for args in
        [&["rollback", "--dry-run", "--full"][..], &["rollback", "--dry-run", "--json"], &["rollback", "--dry-run", "--format", "markdown"]]
    {
        all.run(args).ends(0);
    }
    all.run(&["rollback", "--yes", "--json"]).ends(0);
    all.run(&["apply", "--yes", "--json", "--inverse", "back.plan"]).ends(0);
    sealed(&mut all);
    all.run(&["destroy", "--yes", "--json"]).ends(0);
    files += all.search_files();
    let (runs, bytes) = (all.runs, all.bytes);
    reached(&format!("{} canary secrets through {runs} commands, {files} files, {bytes} bytes: 0 found", 2 * EACH + 2));
}

/// What one may ask for at the console.
fn console(all: &mut Aviary) {
    let login = format!("login={:?}", canary("param"));
    let args = ["console", "-p", &login, "--sandbox"];
    let mut child = all.command(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let asked = "login\n[login]\n{ a = login }\n\"x${login}\"\nlogin == \"a\"\ntold[\"000\"].key\nfiled[\"000\"]\nfiled\n\
                 secret.env(\"KEY_001\")\nsecret.file(\"keys/001\")\nlogin.upper()\nif login == \"\" { 1 } else { 2 }\nlet x = login\nx\n:type login\n";
    child.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = all.search(&args, &output);
    assert!(said.out.contains("secret"), "{}{}", said.out, said.err);
}

/// Others in their place: a change that shows neither.
fn rotated(all: &mut Aviary) {
    for n in 0..EACH {
        all.stack.write(&format!("keys/{n:03}"), &canary(&format!("rotated-{n}")));
    }
    for args in [&["plan", "--full"][..], &["plan", "--json"], &["plan", "--out", "new.plan"], &["apply", "--yes", "--json"]] {
        all.run(args).ends(0);
    }
    all.run(&["state", "diff"]).ends(0);
    all.search_files();
}

/// The journal of a run that was killed.
fn killed(all: &mut Aviary) {
    let login = format!("login={:?}", canary("param"));
    for (round, pause) in [20, 60, 120, 200].into_iter().enumerate() {
        for n in 0..EACH {
            all.stack.write(&format!("keys/{n:03}"), &canary(&format!("again-{round}-{n}")));
        }
        let mut command = all.command(&["apply", "--yes", "--sandbox", "-p", &login]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
        all.search_files();
        let recovered = all.run(&["recover", "--json", "--consistency", "0"]);
        assert_eq!(recovered.code, 0, "{}", recovered.err);
    }
    all.run(&["apply", "--yes", "--consistency", "0"]).ends(0);
}

/// The same state encrypted, and under another passphrase.
fn sealed(all: &mut Aviary) {
    all.stack.write("main.plat", &program("").replace("stack s {}", "stack s { encryption = passphrase }"));
    let login = format!("login={:?}", canary("param"));
    let rekeyed = |all: &mut Aviary, from: &str, to: &str| {
        let args = ["state", "rekey", "--sandbox", "-p", &login];
        let mut command = all.command(&args);
        command.env("PLAT_STATE_PASSPHRASE", canary(from)).env("PLAT_STATE_NEW_PASSPHRASE", canary(to));
        let output = command.output().unwrap();
        all.search(&args, &output).ends(0);
    };
    rekeyed(all, "none", "passphrase");
    all.run(&["apply", "--yes"]).ends(0);
    all.run(&["plan", "--out", "sealed.plan"]).ends(0);
    all.run(&["state", "history"]).ends(0);
    rekeyed(all, "passphrase", "passphrase-2");
    assert_ne!(all.run(&["show"]).code, 0, "the passphrase is another one");
    rekeyed(all, "passphrase-2", "passphrase");
    all.search_files();
}

/// Every kind of mistake that a secret can be part of.
fn wrong(all: &mut Aviary) {
    let good = program("");
    for (with, codes) in [
        ("output shown: String = login", &[1][..]),
        ("output shown: String = secret.env(\"KEY_000\")", &[1]),
        ("resource tagged: aws.ec2.VPC { cidr_block = 10.1.0.0/16, tags = { A = login } }", &[1]),
        ("assert login == \"a\", \"the login is ${login}\"", &[1]),
        ("assert 1 == 2, \"the arn is ${joined.id}\"", &[3]),
        ("let n: Int = login", &[1]),
        ("resource a a", &[1]),
        ("resource again: aws.logs.LogGroup for n in [\"a\", \"b\"] { log_group_name = \"/again\" }", &[1]),
        ("resource none: aws.secretsmanager.Secret { name = \"none\", secret_string = secret.env(\"NO_SUCH\") }", &[1]),
        ("resource gone: aws.secretsmanager.Secret { name = \"gone\", secret_string = secret.file(\"keys/none\") }", &[1]),
        ("resource long: aws.secretsmanager.Secret { name = \"long\", secret_string = secret.file(\"keys/binary\") }", &[1]),
    ] {
        std::fs::write(all.stack.path().join("keys/binary"), [canary("binary").as_bytes(), &[0xff, 0xfe]].concat()).unwrap();
        all.stack.write("main.plat", &program(with));
        for args in [&["plan", "--full"][..], &["plan", "--json"], &["apply", "--yes"], &["apply", "--yes", "--json", "--no-rehearse"]] {
            let said = all.run(args);
            assert!(said.code != 0 || args[0] == "plan", "{with}: {args:?} {}", said.out);
            assert!(args[0] == "plan" || codes.contains(&said.code), "{with}: {args:?} ended with {}: {}", said.code, said.err);
        }
        all.run(&["validate", "--json"]);
    }
    all.stack.write("main.plat", &good);
    // A param that is none, a command that is none, a plan that was damaged.
    let bird = canary("word");
    for args in [
        &["plan", "-p", "login"][..],
        &["import", "joined", &bird],
        &["import", "net", "vpc-0", "--type", "aws.ec2.VPC"],
        &["apply", "it.plan"],
        &["output", "none"],
        &["state", "show", "none"],
    ] {
        assert_ne!(all.run(args).code, 0, "{args:?}");
    }
    for value in [format!("login={bird}"), format!("login=[{bird:?}]"), format!("nologin={bird:?}")] {
        let output = all.command(&["plan", "--sandbox", "-p", &value]).output().unwrap();
        assert!(!output.status.success(), "{value}");
        // What is no secret for plat, but may well be one: a param that could not be read.
        all.search(&["plan", "-p", "login=…"], &output);
    }
    all.search_files();
}
