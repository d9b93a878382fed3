//! States in Google Cloud Storage and in Azure, on a store of this machine.

#[path = "../../crates/plat-objects/src/tests/server.rs"]
mod server;

use tokio::runtime::Runtime;

use self::server::Server;
use super::{Said, Stack, said};

const CANARY: &str = "canary-71c4";

fn program(place: &str) -> String {
    format!(
        "stack shop {{\n{place}}}\nenv dev {{ @region = \"us-east-1\" }}\nresource a: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16, tags = {{ Name = \"{CANARY}\" }} }}\n"
    )
}

/// A store that two machines keep a state in.
struct Shared {
    /// Lives as long as the server does.
    _runtime: Runtime,
    server: Server,
    place: &'static str,
}

impl Shared {
    fn new(place: &'static str) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Server::start());
        Self { _runtime: runtime, server, place }
    }

    fn machine(&self) -> Stack {
        Stack::new(&program(&format!("  state = {}\n  encryption = passphrase\n", self.place)))
    }

    fn run(&self, machine: &Stack, args: &[&str]) -> Said {
        let mut command = machine.command(args);
        command.env("PLAT_STATE_PASSPHRASE", "one").env("STORAGE_EMULATOR_HOST", &self.server.address);
        command.env("AZURE_STORAGE_USE_EMULATOR", "true").env("AZURITE_BLOB_STORAGE_URL", format!("http://{}", self.server.address));
        said(command)
    }
}

#[test]
fn two_machines_share_a_state_in_a_bucket_of_every_cloud() {
    for place in [
        r#"gcs { bucket = "acme-state", prefix = "plat/" }"#,
        r#"azure { account = "devstoreaccount1", container = "acme-state", prefix = "plat" }"#,
    ] {
        let shared = Shared::new(place);
        let local = Stack::new(&program(""));
        local.sandbox(&["apply", "--yes"]).ends(0);
        let state = local.sandbox(&["state", "pull"]).ends(0).out;

        let (one, other) = (shared.machine(), shared.machine());
        one.write("state.json", &state);
        shared.run(&one, &["state", "push", "state.json", "--yes"]).ends(0);
        assert!(!one.path().join(".plat").exists(), "nothing is kept here");
        assert!(shared.run(&other, &["state", "list"]).ends(0).out.contains("aws.ec2.VPC"), "{place}");
        shared.run(&other, &["state", "mv", "a", "b"]).ends(0);
        let listed = shared.run(&one, &["state", "list", "--json"]).ends(0).json();
        assert_eq!(listed[0]["address"], "b", "{listed}");
        assert_eq!(shared.run(&one, &["state", "history", "--json"]).ends(0).json().as_array().map(Vec::len), Some(3));

        let store = shared.server.store.lock().unwrap();
        assert!(store.keys().iter().any(|key| key == "plat/shop/dev/HEAD"), "{:?}", store.keys());
        assert!(!store.holds(CANARY), "what is in a bucket can be read");
    }
}

#[test]
fn a_bucket_that_cannot_be_relied_on_is_refused() {
    let shared = Shared::new(r#"gcs { bucket = "acme-state" }"#);
    let machine = shared.machine();
    let local = Stack::new(&program(""));
    machine.write("state.json", &local.sandbox(&["apply", "--yes"]).ends(0).out);
    machine.write("state.json", &local.sandbox(&["state", "pull"]).ends(0).out);
    shared.server.store.lock().unwrap().careless = true;
    let refused = shared.run(&machine, &["state", "push", "state.json", "--yes"]).ends(1);
    assert!(refused.err.contains("`gs://acme-state`") && refused.err.contains("conditional writes"), "{}", refused.err);
    assert_eq!(shared.server.store.lock().unwrap().keys(), Vec::<String>::new());

    let elsewhere = Shared::new(r#"gcs { bucket = "missing" }"#);
    let refused = elsewhere.run(&elsewhere.machine(), &["state", "list"]).ends(1);
    assert!(refused.err.contains("there is no bucket `missing`; create it first"), "{}", refused.err);
}
