//! `plat apply` where no file may grow beyond a size: a write is cut short there, and fails after that, as on a disk that is full.

use std::process::{Command, Stdio};

use super::kills::{World, program};
use super::{Stack, said};
use crate::figures::{reached, spread};

/// No file of the run is larger.
const LARGEST: u64 = 40_000;

fn limited(stack: &Stack, size: u64, args: &[&str]) -> super::Said {
    let mut command = Command::new("sh");
    // Ignored, the signal of a file that is too large becomes the error of the write.
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", "prlimit", &format!("--fsize={size}")]);
    command.arg(env!("CARGO_BIN_EXE_plat")).args(args).arg("--sandbox").current_dir(stack.path()).stdin(Stdio::null());
    said(told(command))
}

fn told(mut command: Command) -> Command {
    command.env("PLAT_KEY", "canary").env("NO_COLOR", "1");
    command
}

#[test]
fn a_disk_that_is_full_loses_nothing() {
    let mut failed = 0;
    // Small sizes first: most of what is written is small.
    let sizes: Vec<u64> = spread("PLAT_FULL_DISK", 16, 200).into_iter().map(|n| (n - 1) * (n - 1) * LARGEST / (199 * 199)).collect();
    for size in &sizes {
        let stack = Stack::new(&program(1));
        let case = format!("files of at most {size} bytes");
        let run = limited(&stack, *size, &["apply", "--yes", "--consistency", "0"]);
        if run.code == 0 {
            World(&stack).is_step(1, &case);
            continue;
        }
        failed += 1;
        assert!(run.code == 1 && run.err.contains("error"), "{case}: {} {}", run.code, run.err);
        assert!(!run.err.contains("panicked"), "{case}: {}", run.err);
        // What there was can be read, and the next apply goes on.
        stack.sandbox(&["state", "list"]).ends(0);
        World(&stack).no_duplicates(&case);
        let mut apply = told(stack.command(&["apply", "--sandbox", "--yes", "--consistency", "0"]));
        apply.env("PLAT_KEY", "canary");
        let next = said(apply);
        assert_eq!(next.code, 0, "{case}: {}{}", next.out, next.err);
        World(&stack).is_step(1, &case);
    }
    assert!(failed >= sizes.len() / 2, "only {failed} of {} did not fit", sizes.len());
    reached(&format!("{failed} applies on a disk that was full: exit code not 0, state readable, the next apply goes on"));
}

#[test]
fn what_cannot_be_said_is_no_success() {
    let stack = Stack::new(&program(1));
    for args in [&["plan", "--sandbox"][..], &["plan", "--sandbox", "--json"], &["graph", "--sandbox"], &["validate", "--json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = told(stack.command(args)).stdout(full).stderr(Stdio::null()).status().unwrap();
        assert_ne!(status.code(), Some(0), "{args:?}");
    }
}
