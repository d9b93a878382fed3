//! `plat console`.

use std::io::Write;
use std::process::{Command, Stdio};

use super::{NETWORK, Said, Stack};

/// Lines through a pipe.
fn console(stack: &Stack, args: &[&str], lines: &str) -> Said {
    let mut child =
        stack.command(&[&["console"], args].concat()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn each_line_is_answered_in_the_stacks_scope() {
    let stack = Stack::new(NETWORK);
    let lines =
        "net.cidr_block\nsub.keys()\n1 + 2 * 3\nlet n = sub.len()\nn + 1\nenv.name\nplan.creates\n\n// nothing\n:type sub\nnet.vpc_id";
    let told = console(&stack, &["-e", "dev", "--sandbox"], lines).ends(0);
    assert_eq!(
        told.out.lines().collect::<Vec<_>>(),
        [
            "10.0.0.0/16",
            "[\"a\", \"b\"]",
            "7",
            "n = 2",
            "3",
            "\"dev\"",
            "[\"net\", \"sub[\\\"a\\\"]\", \"sub[\\\"b\\\"]\"]",
            "{aws.ec2.Subnet}",
            "(known after apply)",
        ]
    );
    assert_eq!(told.err, "");
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    let told = console(&stack, &["-e", "dev", "--sandbox"], "net.vpc_id.starts_with(\"vpc-\")\nplan.changes\n:quit\n1\n").ends(0);
    assert_eq!(told.out, "true\n0\n");
    let told = console(&stack, &["-e", "dev", "--sandbox", "-p", "cidr=10.0.0.0/17"], "cidr\n").ends(0);
    assert_eq!(told.out, "10.0.0.0/17\n");
}

#[test]
fn what_is_open_goes_on_in_the_next_line() {
    let stack = Stack::new(NETWORK);
    let lines = "[1, // one ]\n2\n]\n\"\"\"\na (\n\"\"\"\nlet n = {\n  a = 1\n}\nn.a\n\"(\"\n";
    let told = console(&stack, &["-e", "dev", "--sandbox"], lines).ends(0);
    assert_eq!(told.out.lines().collect::<Vec<_>>(), ["[1, 2]", "\"a (\\n\"", "n = { a = 1 }", "1", "\"(\""]);
    // At the end nothing more comes, and what is open is told.
    let told = console(&stack, &["-e", "dev", "--sandbox"], "[1,\n2").ends(1);
    assert!(told.err.contains("a `[` is not closed"), "{}", told.err);
}

#[test]
fn what_is_no_value_is_told_where_it_belongs() {
    let stack = Stack::new(NETWORK);
    let told = console(&stack, &["-e", "dev", "--sandbox"], "resource x: aws.ec2.VPC {}\n:type\nlet a: Int = \"x\"\n").ends(1);
    for part in
        ["`resource` declares something, and here values are computed", "`:type` tells the type of an expression", "this wants an `Int`"]
    {
        assert!(told.err.contains(part), "{part}\n{}", told.err);
    }
}

#[test]
fn an_error_is_shown_and_does_not_end_it() {
    let stack = Stack::new(NETWORK);
    let told = console(&stack, &["-e", "dev", "--sandbox"], "nett\n1 +\n1 / 0\nsub[\"z\"]\n:wrong\nlet = 3\n2\n").ends(1);
    assert_eq!(told.out, "2\n");
    for part in
        ["error[E0200]: there is no `nett` here", "line 1:1:1", "did you mean `net`?", "error[E0101]", "division by zero", "`:wrong`"]
    {
        assert!(told.err.contains(part), "{part}\n{}", told.err);
    }
    // A stack that is wrong itself has no scope to answer in.
    stack.write("wrong.plat", "let x = nothing\n");
    let told = console(&stack, &["-e", "dev", "--sandbox"], "1\n").ends(1);
    assert!(told.err.contains("wrong.plat:1:9") && told.out.is_empty(), "{}", told.err);
}

#[test]
fn a_secret_is_not_told() {
    let stack =
        Stack::new("stack s { }\nresource a: aws.secretsmanager.Secret { name = \"a\", secret_string = secret.env(\"PLAT_SECRET\") }\n");
    let mut command = stack.command(&["apply", "--sandbox", "--yes"]);
    command.env("PLAT_SECRET", "canary-77-oyster");
    super::said(command).ends(0);
    let lines =
        "a.secret_string\n[secret.env(\"PLAT_SECRET\")]\n\"x${secret.file(\"main.plat\")}\"\nlet s = secret.env(\"PLAT_SECRET\")\ns\n";
    let mut child = stack
        .command(&["console", "--sandbox"])
        .env("PLAT_SECRET", "canary-77-oyster")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(!out.contains("canary") && out.matches("(secret)").count() == 5, "{out}");
}

/// Types keys into a pseudo-terminal, as a person would.
const PERSON: &str = r#"
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], sys.argv[1:])
out = b""
def until(text):
    global out
    end = time.time() + 20
    while text not in out and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try: out += os.read(fd, 65536)
            except OSError: return
    if text not in out: sys.exit("no %r in %r" % (text, out))
    out = out[out.index(text) + len(text):]
until(b"dev> ")
for keys, answer in [(b"net.cidr_\t == 10.0.0.0/16\r", b"true"), (b"[1,\r2]\r", b"[1, 2]"), (b"nope\r", b"E0200"), (b"1 +\x03", b"1 +"), (b"6 * 7\r", b"42")]:
    os.write(fd, keys)
    until(answer)
    until(b"dev> ")
    time.sleep(0.2)
os.write(fd, b"\x04")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn a_person_has_completion_history_and_lines_that_go_on() {
    let stack = Stack::new(NETWORK);
    let mut python = Command::new("python3");
    python.args(["-c", PERSON, env!("CARGO_BIN_EXE_plat"), "console", "-e", "dev", "--sandbox"]).current_dir(stack.path());
    super::said(python).ends(0);
    let history = std::fs::read_to_string(stack.path().join(".plat/sandbox/history")).unwrap();
    assert!(history.contains("6 * 7") && history.contains("net.cidr_block == 10.0.0.0/16"), "{history}");
}

/// A secret that is given as a text is a secret in whatever it is put.
#[test]
fn a_secret_is_not_shown_in_lists_and_records_either() {
    let stack = Stack::new("stack s {}\nenv dev { @region = \"us-east-1\" }\nparam login: Secret<String>\n");
    let asked = "login\n[login, login]\n{ a = login, b = 1 }\nlet x = [login]\n{ y = x }\n";
    let told = console(&stack, &["--sandbox", "-p", "login=\"hunter2\""], asked).ends(0);
    assert!(!told.out.contains("hunter2"), "{}", told.out);
    assert!(told.out.contains("[(secret), (secret)]") && told.out.contains("b = 1"), "{}", told.out);
}
