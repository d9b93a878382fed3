//! The emulators as child processes that never outlive the test.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{root, tool};

/// One running emulator.
pub struct Emulator {
    pub port: u16,
    // The emulator leaves when its standard input ends, which it does however this process ends.
    child: Child,
}

impl Emulator {
    /// EC2, RDS, IAM, KMS, Secrets Manager, EKS, S3. `log` gets what it says.
    pub fn moto(log: &Path) -> Self {
        Self::start("moto", log, "/moto-api/", |port| vec![port.to_string()])
    }

    /// ElastiCache, and the parts of EKS clusters, with the subnets and clusters that the moto at `moto` has.
    pub fn ministack(log: &Path, moto: u16) -> Self {
        Self::start("ministack", log, "/_ministack/health", |port| vec![port.to_string(), moto.to_string()])
    }

    fn start(name: &str, log: &Path, ready: &str, arguments: impl Fn(u16) -> Vec<String>) -> Self {
        let python = tool(name, "bin/python");
        // Another process may take the free port before the emulator does.
        for _ in 0..3 {
            let port = free_port();
            let log = File::create(log.join(format!("{name}.log"))).expect("a log file");
            let child = Command::new(&python)
                .arg(root().join("tests/aws/emulators/serve.py"))
                .arg(name)
                .args(arguments(port))
                .stdin(Stdio::piped())
                .stdout(log.try_clone().expect("a second handle"))
                .stderr(log)
                .spawn()
                .unwrap_or_else(|e| panic!("{}: {e}; run tests/install", python.display()));
            let mut emulator = Self { port, child };
            if emulator.becomes_ready(ready) {
                return emulator;
            }
        }
        let said = std::fs::read_to_string(log.join(format!("{name}.log"))).unwrap_or_default();
        panic!("{name} did not start:\n{said}")
    }

    fn becomes_ready(&mut self, path: &str) -> bool {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if answers(self.port, "GET", path) {
                return true;
            }
            if self.child.try_wait().expect("the state of a child").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    /// Asks for something that is not AWS's.
    pub fn post(&self, path: &str) {
        assert!(answers(self.port, "POST", path), "the emulator refuses POST {path}");
    }

    pub fn put(&self, path: &str) {
        assert!(answers(self.port, "PUT", path), "the emulator refuses PUT {path}");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    listener.local_addr().expect("the address of a bound socket").port()
}

/// True when the answer is 200.
fn answers(port: u16, method: &str, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(start.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}
