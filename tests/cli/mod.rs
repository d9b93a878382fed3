//! The binary itself, against the sandbox: what it prints where, how it exits, what it leaves behind.

mod beginning;
#[cfg(feature = "buckets")]
mod buckets;
pub mod canaries;
mod choosing;
mod console;
mod docs;
mod encryption;
mod exits;
mod fmt;
mod full_disk;
mod going_back;
mod guides;
mod kills;
mod life;
mod locks;
mod modules;
mod policies;
mod refactoring;
mod rehearsing;
mod saved_plans;
mod secrets;
mod states;
mod trials;
mod vault;

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What a run of plat said.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    /// Fails the test when the run did not end as wanted.
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}", self.out))
    }
}

/// A stack in a folder of its own.
struct Stack {
    folder: TempDir,
}

impl Stack {
    fn new(program: &str) -> Self {
        let stack = Self { folder: tempfile::tempdir().unwrap() };
        // The folder is a project: nothing is read outside of it.
        std::fs::create_dir(stack.path().join(".git")).unwrap();
        stack.write("main.plat", program);
        stack
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plat"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("AWS_") || name.starts_with("AZURE_") || name == "NO_COLOR" || name.starts_with("PLAT_") {
                command.env_remove(name);
            }
        }
        command
    }

    fn plat(&self, args: &[&str]) -> Said {
        said(self.command(args))
    }

    /// With `--sandbox`.
    fn sandbox(&self, args: &[&str]) -> Said {
        self.plat(&[args, &["--sandbox"]].concat())
    }
}

fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A small network.
const NETWORK: &str = r#"stack shop {
  tags = { Project = "shop" }
}

param cidr: Cidr = 10.0.0.0/16

env dev  { @region = "us-east-1" }
env prod { @region = "us-west-2" }

resource net: aws.ec2.VPC {
  cidr_block = cidr
}

resource sub: aws.ec2.Subnet for zone in ["a", "b"] {
  vpc_id     = net
  cidr_block = if zone == "a" { 10.0.0.0/24 } else { 10.0.1.0/24 }
}

output vpc: String = net.vpc_id
output zones: Int = 2
"#;
