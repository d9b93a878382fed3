//! Secrets of Vault, from a server on loopback that answers like one.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Said, Stack, said};

const CANARY: &str = "canary-91ab-hunter2";
const TOKEN: &str = "hvs.token-of-the-test";

/// A request, as far as Vault looks at it.
#[derive(Debug, Clone)]
struct Asked {
    line: String,
    headers: BTreeMap<String, String>,
}

/// A Vault with a KV engine of version 2 at `kv/`, one of version 1 at `old/`, and an AppRole.
struct Vault {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    password: Arc<Mutex<String>>,
}

impl Vault {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let vault = Self { address, asked: Arc::default(), password: Arc::new(Mutex::new(CANARY.to_owned())) };
        let (asked, password) = (vault.asked.clone(), vault.password.clone());
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &asked, &password.lock().unwrap().clone());
            }
        });
        vault
    }

    fn lines(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|asked| asked.line.clone()).collect()
    }
}

fn answer(stream: TcpStream, asked: &Mutex<Vec<Asked>>, password: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap() == 0 {
        return;
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        match header.trim().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |n| n.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let (status, json) = says(&line, headers.get("x-vault-token").map(String::as_str), &body, password);
    asked.lock().unwrap().push(Asked { line, headers });
    let text = json.to_string();
    let head =
        format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    let mut stream = stream;
    // Who asked may be gone already.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
}

/// As in the API's documentation: mounts are told to whoever may read there, a deleted version is a 404 with its metadata.
fn says(line: &str, token: Option<&str>, body: &[u8], password: &str) -> (u16, Value) {
    let forbidden = (403, json!({ "errors": ["1 error occurred:\n\t* permission denied\n\n"] }));
    let mount = |path: &str, version: &str| (200, json!({ "data": { "path": path, "type": "kv", "options": { "version": version } } }));
    if line == "POST /v1/auth/approle/login" {
        let given: Value = serde_json::from_slice(body).unwrap();
        return match (given["role_id"].as_str(), given["secret_id"].as_str()) {
            (Some("role"), Some("secret-of-role")) => (200, json!({ "auth": { "client_token": TOKEN } })),
            _ => (400, json!({ "errors": ["invalid role or secret ID"] })),
        };
    }
    if token != Some(TOKEN) {
        return forbidden;
    }
    let secret = |data: Value| (200, json!({ "data": { "data": data, "metadata": { "version": 3, "deletion_time": "" } } }));
    match line.trim_start_matches("GET /v1/") {
        path if path.starts_with("sys/internal/ui/mounts/kv/") => mount("kv/", "2"),
        path if path.starts_with("sys/internal/ui/mounts/old/") => mount("old/", "1"),
        path if path.starts_with("sys/internal/ui/mounts/pki/") => {
            (200, json!({ "data": { "path": "pki/", "type": "pki", "options": null } }))
        }
        "kv/data/team/db" => secret(json!({ "password": password, "port": 5432, "none": "" })),
        "kv/data/with%20space" => secret(json!({ "password": password })),
        "kv/data/closed" => forbidden,
        "kv/data/gone" => (404, json!({ "data": { "data": null, "metadata": { "deletion_time": "2026-01-01T00:00:00Z" } } })),
        "kv/data/moved" => (307, json!({})),
        "kv/data/sealed" => (503, json!({ "errors": ["Vault is sealed"] })),
        "kv/data/odd" => (200, json!({ "password": password })),
        path if path.starts_with("kv/data/") => (404, json!({ "errors": [] })),
        _ => forbidden,
    }
}

fn stack(name: &str) -> Stack {
    Stack::new(&format!(
        "stack s {{ }}\nenv dev {{ @region = \"us-east-1\" }}\nresource a: aws.secretsmanager.Secret {{ name = \"a\", secret_string = secret.vault(\"{name}\") }}\n"
    ))
}

fn run(stack: &Stack, vault: &Vault, set: &[(&str, &str)], args: &[&str]) -> Said {
    let mut command = stack.command(&[args, &["--sandbox"]].concat());
    for name in ["VAULT_TOKEN", "VAULT_ROLE_ID", "VAULT_SECRET_ID", "VAULT_NAMESPACE", "VAULT_CACERT"] {
        command.env_remove(name);
    }
    command.env("VAULT_ADDR", &vault.address).envs(set.iter().copied());
    let said = said(command);
    for text in [CANARY, TOKEN, "secret-of-role"] {
        assert!(!said.out.contains(text) && !said.err.contains(text), "{args:?} shows {text}:\n{}\n{}", said.out, said.err);
    }
    said
}

const WITH_TOKEN: [(&str, &str); 1] = [("VAULT_TOKEN", TOKEN)];

#[test]
fn a_secret_of_vault_reaches_the_cloud_and_its_rotation_the_plan() {
    let (vault, stack) = (Vault::new(), stack("kv/team/db#password"));
    run(&stack, &vault, &WITH_TOKEN, &["apply", "--yes"]).ends(0);
    assert_eq!(vault.lines().iter().filter(|line| line.contains("/data/")).count(), 1, "asked once in a run");
    run(&stack, &vault, &WITH_TOKEN, &["plan", "--detailed-exitcode"]).ends(0);
    *vault.password.lock().unwrap() = format!("other-{CANARY}");
    let rotated = run(&stack, &vault, &WITH_TOKEN, &["plan", "--detailed-exitcode"]).ends(2);
    assert!(rotated.out.contains("(secret) → (another secret)"), "{}", rotated.out);
    let left = super::secrets::leaks_of(stack.path(), CANARY);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_approle_logs_in_once() {
    let (vault, stack) = (Vault::new(), stack("kv/with space#password"));
    let role = [("VAULT_ROLE_ID", "role"), ("VAULT_SECRET_ID", "secret-of-role"), ("VAULT_NAMESPACE", "team/a")];
    run(&stack, &vault, &role, &["apply", "--yes"]).ends(0);
    let lines = vault.lines();
    assert_eq!(lines.iter().filter(|line| line.starts_with("POST")).count(), 1, "{lines:?}");
    assert!(vault.asked.lock().unwrap().iter().all(|asked| asked.headers["x-vault-namespace"] == "team/a"));
    let wrong = run(&stack, &vault, &[("VAULT_ROLE_ID", "role"), ("VAULT_SECRET_ID", "stale")], &["plan", "--no-refresh"]);
    assert!(wrong.ends(1).err.contains("Vault does not take this `VAULT_ROLE_ID`"));
}

#[test]
fn what_vault_does_not_give_is_told_with_a_way_out() {
    let vault = Vault::new();
    for (name, says) in [
        ("kv/team/db#pasword", "`kv/team/db` has no key `pasword`; did you mean `password`?"),
        ("kv/team/db#port", "`port` of `kv/team/db` is not a text"),
        ("kv/team/db#none", "`none` of `kv/team/db` is empty"),
        ("kv/closed#password", "these credentials may not read `kv/closed`"),
        ("kv/nothing#password", "Vault has no secret `kv/nothing`"),
        ("kv/data/team/db#password", "write `kv/team/db`, without the `data/` of the API"),
        ("kv/gone#password", "the latest version of `kv/gone` in Vault is deleted"),
        ("kv/sealed#password", "is sealed"),
        ("kv/odd#password", "an answer that is not one of Vault's"),
        ("old/team/db#password", "`old/` is a KV engine of version 1, and plat reads version 2; `vault kv enable-versioning old/`"),
        ("pki/team/db#password", "`pki/` is an engine of the type `pki`"),
        ("nowhere/team/db#password", "no mount for `nowhere/team/db`"),
    ] {
        let told = run(&stack(name), &vault, &WITH_TOKEN, &["apply", "--yes"]).ends(1);
        assert!(told.err.contains(says), "{name}: {}", told.err);
    }
    let db = stack("kv/team/db#password");
    for (set, says) in [
        (&[][..], "set `VAULT_TOKEN`, or `VAULT_ROLE_ID` and `VAULT_SECRET_ID`"),
        (&[("VAULT_TOKEN", "wrong")][..], "may not read there"),
        (&[("VAULT_TOKEN", TOKEN), ("VAULT_ADDR", "")][..], "`VAULT_ADDR` is not set"),
        (&[("VAULT_TOKEN", TOKEN), ("VAULT_ADDR", "http://127.0.0.1:1")][..], "Vault at http://127.0.0.1:1: "),
        (&[("VAULT_TOKEN", TOKEN), ("VAULT_ADDR", "ftp://127.0.0.1")][..], "`http://` or `https://`"),
    ] {
        let told = run(&db, &vault, set, &["apply", "--yes"]).ends(1);
        assert!(told.err.contains(says), "{set:?}: {}", told.err);
    }
}
