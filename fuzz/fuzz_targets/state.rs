//! Any texts can be a snapshot and the lines of a journal: they are read or refused, and what is read can be written and read again.
//!
//! The first line of the input is the snapshot, each other one a line of the journal. They get the checksums that state/README.md
//! describes, without which nearly all of them would be refused for those alone.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plat::schema::Registry;
use plat::state::{LocalStore, StateStore as _, decode, encode, sha256_hex};

const LINEAGE: &str = "4b1d0f0c6a7e4f0f9a54d8c1e2b3a495";
const JOURNAL: &str = "000042-4b1d0f0c6a7e4f0f9a54d8c1e2b3a495";

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::new(plat_aws::schemas()));

/// A chain of sealed lines.
struct Chain(Vec<u8>);

impl Chain {
    fn start(name: &str) -> Self {
        Self(sum(format!("plat:{name}").as_bytes()))
    }

    fn seal(&mut self, line: &str) -> String {
        let object = line.strip_suffix('}').unwrap_or(line);
        self.0 = sum(&[&self.0, object.as_bytes()].concat());
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{object},\"sum\":\"{hex}\"}}\n")
    }
}

/// The first 8 bytes of a SHA-256.
fn sum(bytes: &[u8]) -> Vec<u8> {
    let hex = sha256_hex(bytes);
    (0..16).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits")).collect()
}

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let snapshot = lines.next().unwrap_or_default();
    if let Ok(state) = decode("state", snapshot.as_bytes(), &REGISTRY) {
        if let Ok(bytes) = encode(&state) {
            assert_eq!(decode("state", &bytes, &REGISTRY).expect("a state that was written"), state);
        }
    }
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let place = folder.path().join("state/shop/dev");
    let digest = sha256_hex(snapshot.as_bytes());
    let head = format!(
        "{{\"version\":1,\"stack\":\"shop\",\"env\":\"dev\",\"lineage\":\"{LINEAGE}\",\"epoch\":2,\"serial\":41,\"snapshot\":\"{digest}\",\"journal\":\"{JOURNAL}\",\"written\":1}}"
    );
    let mut chain = Chain::start(&format!("journal:{JOURNAL}"));
    let journal: String = lines.map(|line| chain.seal(line)).collect();
    for (name, text) in [
        ("HEAD".to_owned(), Chain::start("head").seal(&head)),
        (format!("snapshots/000041-{digest}.json"), snapshot.to_owned()),
        (format!("journal/{JOURNAL}.jsonl"), journal),
    ] {
        let path = place.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let store = LocalStore::at(folder.path(), "shop", "dev");
    if let Ok(loaded) = store.load(&REGISTRY) {
        let _ = encode(&loaded.state);
    }
});
