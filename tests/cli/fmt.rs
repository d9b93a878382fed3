//! `plat fmt`: what it writes, names and answers.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use super::{Said, Stack};

const CARELESS: &str = "let   a=1\n";
const NEAT: &str = "let a = 1\n";

fn read(stack: &Stack, name: &str) -> String {
    std::fs::read_to_string(stack.path().join(name)).unwrap()
}

/// A run with `input` on standard input.
fn fed(stack: &Stack, args: &[&str], input: &[u8]) -> Said {
    let mut child = stack.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn all_files_below_the_folder_are_formatted_and_named() {
    let stack = Stack::new(CARELESS);
    for folder in ["parts/deep", ".hidden"] {
        std::fs::create_dir_all(stack.path().join(folder)).unwrap();
    }
    stack.write("parts/deep/more.plat", CARELESS);
    stack.write("parts/neat.plat", NEAT);
    stack.write(".hidden/left.plat", CARELESS);
    stack.write("notes.txt", CARELESS);
    let said = stack.plat(&["fmt"]).ends(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("main.plat\nparts/deep/more.plat\n", "2 files formatted, 1 formatted already.\n"));
    for (name, text) in [("main.plat", NEAT), ("parts/deep/more.plat", NEAT), (".hidden/left.plat", CARELESS), ("notes.txt", CARELESS)] {
        assert_eq!(read(&stack, name), text, "{name}");
    }
    let again = stack.plat(&["fmt", "main.plat", "parts"]).ends(0);
    assert_eq!((again.out.as_str(), again.err.as_str()), ("", "3 files are formatted already.\n"));
}

#[test]
fn check_and_diff_write_nothing() {
    let stack = Stack::new(CARELESS);
    let said = stack.plat(&["fmt", "--check"]).ends(1);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("main.plat\n", "1 file would be formatted.\n"));
    let diff = "--- main.plat\n+++ main.plat\n@@ -1 +1 @@\n-let   a=1\n+let a = 1\n";
    assert_eq!(stack.plat(&["fmt", "--diff"]).ends(0).out, diff);
    assert_eq!(stack.plat(&["fmt", "--diff", "--check"]).ends(1).out, diff);
    assert!(stack.plat(&["fmt", "--diff", "--color", "always"]).ends(0).out.contains("\u{1b}[32m+let a = 1"));
    assert_eq!(read(&stack, "main.plat"), CARELESS);
    stack.write("main.plat", NEAT);
    assert_eq!(stack.plat(&["fmt", "--check", "--diff"]).ends(0).out, "");
}

#[test]
fn what_cannot_be_parsed_stays_and_the_others_are_formatted() {
    let stack = Stack::new(CARELESS);
    stack.write("broken.plat", "let  b = \n");
    let said = stack.plat(&["fmt"]).ends(1);
    assert!(said.err.contains("error[E0101]") && said.err.contains("broken.plat:1"), "{}", said.err);
    assert_eq!((read(&stack, "main.plat").as_str(), read(&stack, "broken.plat").as_str()), (NEAT, "let  b = \n"));
    assert!(stack.plat(&["fmt", "nothing"]).ends(1).err.contains("there is no `nothing`"));
    let folder = stack.path().join("main.plat");
    std::fs::write(&folder, b"\xff\xfe").unwrap();
    assert!(stack.plat(&["fmt", "main.plat"]).ends(1).err.contains("is not UTF-8 text"));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let stack = Stack::new(NEAT);
    let said = fed(&stack, &["fmt", "-"], "\u{feff}let   a=1\r\n".as_bytes()).ends(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), (NEAT, ""));
    assert_eq!(fed(&stack, &["fmt", "-", "--check"], CARELESS.as_bytes()).ends(1).out, "<stdin>\n");
    assert_eq!(fed(&stack, &["fmt", "-", "--check"], NEAT.as_bytes()).ends(0).out, "");
    let broken = fed(&stack, &["fmt", "-"], b"let a\n").ends(1);
    assert!(broken.out.is_empty() && broken.err.contains("<stdin>:1"), "{}", broken.err);
    fed(&stack, &["fmt", "-", "main.plat"], b"").ends(64);
}

#[test]
fn a_file_keeps_its_rights_and_a_link_stays_one() {
    let stack = Stack::new(NEAT);
    stack.write("real.txt", CARELESS);
    let real = stack.path().join("real.txt");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, stack.path().join("link.plat")).unwrap();
    stack.plat(&["fmt"]).ends(0);
    assert_eq!(read(&stack, "real.txt"), CARELESS, "a link is followed only when it is named");
    stack.plat(&["fmt", "link.plat"]).ends(0);
    assert_eq!(read(&stack, "real.txt"), NEAT);
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(stack.path().join("link.plat")).unwrap().is_symlink());
    assert_eq!(std::fs::read_dir(stack.path()).unwrap().count(), 4, "nothing is left behind");
}
