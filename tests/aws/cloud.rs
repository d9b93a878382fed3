//! One emulated AWS account of a test's own.

use std::sync::{Condvar, Mutex};

use tempfile::TempDir;

use super::emulator::Emulator;
use super::proxy::{Proxy, Upstream};

/// Clouds that may run at once: each is two Python servers of 200 MB.
const AT_ONCE: usize = 2;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// An AWS account with nothing in it, and the proxy before it.
pub struct Cloud {
    pub proxy: Proxy,
    ministack: Emulator,
    moto: Emulator,
    logs: TempDir,
    _turn: Turn,
}

impl Cloud {
    pub fn start() -> Self {
        let turn = Turn::take();
        let logs = TempDir::new().expect("a temporary folder");
        let moto = Emulator::moto(logs.path());
        let ministack = Emulator::ministack(logs.path(), moto.port);
        let proxy = Proxy::start(Upstream { moto: moto.port, ministack: ministack.port });
        Self { proxy, ministack, moto, logs, _turn: turn }
    }
}

impl Cloud {
    /// Makes an empty bucket.
    pub fn make_bucket(&self, name: &str) {
        self.moto.put(&format!("/{name}"));
    }

    /// Empties the account.
    pub fn reset(&self) {
        self.proxy.heal();
        self.proxy.forget_tokens();
        self.moto.post("/moto-api/reset");
        self.ministack.post("/_ministack/reset");
    }
}

impl Drop for Cloud {
    /// What helps to find out why a test failed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("calls:\n{}", self.proxy.ledger());
            for name in ["moto.log", "ministack.log"] {
                let log = std::fs::read_to_string(self.logs.path().join(name)).unwrap_or_default();
                let errors: Vec<&str> = log.lines().filter(|line| !line.contains("\" 200 ") && !line.contains(" INFO ")).collect();
                eprintln!("{name}:\n{}", errors[errors.len().saturating_sub(40)..].join("\n"));
            }
        }
    }
}

/// The right to run a cloud.
struct Turn;

impl Turn {
    fn take() -> Self {
        let mut running = RUNNING.lock().unwrap_or_else(|e| e.into_inner());
        while *running >= AT_ONCE {
            running = ENDED.wait(running).unwrap_or_else(|e| e.into_inner());
        }
        *running += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(|e| e.into_inner()) -= 1;
        ENDED.notify_one();
    }
}
