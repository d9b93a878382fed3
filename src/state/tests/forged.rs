//! What somebody can do to an encrypted state who writes where it is kept, and has no key: nothing that passes.

use std::fs;

use serde_json::Value as Json;

use super::super::seal::Seal;
use super::super::{Encryption, RemoteStore, StateError, StateStore};
use super::remote::{Client, Contents};
use super::*;
use crate::value::SecretText;

fn encryption() -> Encryption {
    Encryption::with_passphrase(SecretText::new("correct horse"))
}

/// Three snapshots, each with its own HEAD, and after the last an apply that was cut off.
struct History<S> {
    store: S,
    heads: Vec<Vec<u8>>,
}

fn history<S: StateStore>(store: S, head: impl Fn() -> Vec<u8>) -> History<S> {
    let registry = registry();
    let mut heads = Vec::new();
    for round in 0..3 {
        let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
        session.begin(&mut loaded.state, "a").unwrap();
        if round == 2 {
            session.intents(vec![intent(10)]).unwrap();
        } else {
            loaded.state.resources.insert(subnet_address(round), subnet(round));
            session.finish(&mut loaded.state).unwrap();
        }
        drop(session);
        heads.push(head());
    }
    History { store, heads }
}

fn head_of(folder: &Folder) -> PathBuf {
    folder.path().join(".plat/state/shop/dev/HEAD")
}

fn local(folder: &Folder) -> History<LocalStore> {
    history(folder.store().with_encryption(encryption()), || fs::read(head_of(folder)).unwrap())
}

fn remote(contents: &Contents) -> History<RemoteStore> {
    let head = || contents.lock().unwrap()["shop/dev/HEAD"].0.clone();
    history(Client::of(contents).store().with_encryption(encryption()), head)
}

/// HEAD with another content and the right checksum, which takes no key. What follows its line stays.
fn forged(head: &[u8], change: impl FnOnce(&mut serde_json::Map<String, Json>)) -> Vec<u8> {
    let end = head.iter().position(|byte| *byte == b'\n').unwrap();
    let Json::Object(mut object) = serde_json::from_slice(&head[..end]).unwrap() else { panic!("no object") };
    object.remove("sum");
    let mac = object.remove("mac");
    change(&mut object);
    let mac = object.remove("mac").unwrap_or(mac.unwrap_or(Json::Null));
    let mut json = serde_json::to_vec(&object).unwrap();
    if let Json::String(mac) = mac {
        json.pop();
        json.extend_from_slice(format!(",\"mac\":\"{mac}\"}}").as_bytes());
    }
    [Seal::start("head").close(json).as_slice(), &head[end + 1..]].concat()
}

fn strip(object: &mut serde_json::Map<String, Json>) {
    object.insert("version".into(), 1.into());
    object.insert("mac".into(), Json::Null);
}

fn object(head: &[u8]) -> serde_json::Map<String, Json> {
    let line = head.split(|byte| *byte == b'\n').next().unwrap();
    let Json::Object(object) = serde_json::from_slice(line).unwrap() else { panic!("no object") };
    object
}

/// Every way to put a HEAD together of parts that are all genuine, or to take its MAC off.
fn forgeries(heads: &[Vec<u8>], point: &[&str]) -> Vec<(&'static str, Vec<u8>)> {
    let [first, second, last] = heads else { panic!("three heads") };
    let older = object(first);
    let point_back = |object: &mut serde_json::Map<String, Json>| {
        for name in point {
            object.insert((*name).to_owned(), older[*name].clone());
        }
    };
    let other_mac = object(second)["mac"].clone();
    vec![
        ("an older snapshot", forged(last, point_back)),
        (
            "an older snapshot without a journal",
            forged(last, |object| {
                point_back(object);
                object.remove("journal");
            }),
        ),
        ("another epoch", forged(last, |object| drop(object.insert("epoch".into(), 99.into())))),
        ("another HEAD's MAC", forged(last, |object| drop(object.insert("mac".into(), other_mac)))),
        ("no MAC", forged(last, |object| drop(object.insert("mac".into(), Json::Null)))),
        ("no MAC and the version before", forged(last, strip)),
        (
            "no MAC, the version before and an older snapshot",
            forged(last, |object| {
                point_back(object);
                strip(object);
            }),
        ),
        (
            "no key",
            forged(last, |object| {
                strip(object);
                object.remove("encryption");
            }),
        ),
    ]
}

/// Nothing passes, and nothing is written: what was refused once is refused again.
fn refuse_all<S: StateStore>(history: &History<S>, point: &[&str], put: impl Fn(&[u8]), get: impl Fn() -> Vec<u8>) {
    let (registry, store) = (registry(), &history.store);
    let genuine = history.heads.last().unwrap();
    for (what, head) in forgeries(&history.heads, point) {
        put(&head);
        for _ in 0..2 {
            let outcomes = [
                store.load(&registry).map(drop),
                store.open(&options("plat apply"), &registry).map(drop),
                store.rekey(&Encryption::with_passphrase(SecretText::new("new")), &options("plat state rekey"), &registry).map(drop),
            ];
            for (number, outcome) in outcomes.into_iter().enumerate() {
                let error = outcome.expect_err(what);
                assert!(matches!(error, StateError::Damaged { .. } | StateError::Plain { .. }), "{what}, {number}: {error}");
            }
            // A plain state may be locked to be encrypted; it stays one that is refused.
            assert!(get() == head || what == "no key", "{what}: it was written");
        }
    }
    put(genuine);
    assert_eq!(store.load(&registry).unwrap().pending.len(), 1);
}

#[test]
fn a_head_that_was_put_together_without_the_key_is_refused() {
    let folder = Folder::new();
    let here = local(&folder);
    refuse_all(&here, &["serial", "snapshot"], |head| fs::write(head_of(&folder), head).unwrap(), || fs::read(head_of(&folder)).unwrap());
    let contents = Contents::default();
    let there = remote(&contents);
    let put = |head: &[u8]| contents.lock().unwrap().get_mut("shop/dev/HEAD").unwrap().0 = head.to_vec();
    refuse_all(&there, &["current"], put, || contents.lock().unwrap()["shop/dev/HEAD"].0.clone());
}

#[test]
fn an_operator_gets_out_of_every_forgery() {
    let registry = registry();
    let count = {
        let folder = Folder::new();
        forgeries(&local(&folder).heads, &["serial", "snapshot"]).len()
    };
    for number in 0..count {
        let folder = Folder::new();
        let here = local(&folder);
        let (what, head) = forgeries(&here.heads, &["serial", "snapshot"]).swap_remove(number);
        fs::write(head_of(&folder), head).unwrap();
        here.store.restore(2, &options("plat state restore"), &registry).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(here.store.load(&registry).unwrap().state.resources.len(), 2, "{what}");

        let contents = Contents::default();
        let there = remote(&contents);
        let (what, head) = forgeries(&there.heads, &["current"]).swap_remove(number);
        contents.lock().unwrap().get_mut("shop/dev/HEAD").unwrap().0 = head;
        there.store.restore(2, &options("plat state restore"), &registry).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(there.store.load(&registry).unwrap().state.resources.len(), 2, "{what}");
    }
}

#[test]
fn every_cut_and_flip_of_an_authenticated_head_is_found() {
    let folder = Folder::new();
    let here = local(&folder);
    let contents = Contents::default();
    let there = remote(&contents);
    let put_here = |head: &[u8]| fs::write(head_of(&folder), head).unwrap();
    let put_there = |head: &[u8]| contents.lock().unwrap().get_mut("shop/dev/HEAD").unwrap().0 = head.to_vec();
    flip_and_cut(&here, put_here);
    flip_and_cut(&there, put_there);
}

fn flip_and_cut<S: StateStore>(history: &History<S>, put: impl Fn(&[u8])) {
    let (registry, store, head) = (registry(), &history.store, history.heads.last().unwrap());
    let damaged = |what: String| match store.load(&registry) {
        Err(StateError::Damaged { .. }) => {}
        other => panic!("{what}: {other:?}"),
    };
    for at in 0..head.len() {
        put(&head[..at]);
        damaged(format!("cut at {at}"));
        let mut flipped = head.clone();
        flipped[at] ^= 1 << (at % 7);
        put(&flipped);
        damaged(format!("byte {at}"));
    }
    put(head);
    assert_eq!(store.load(&registry).unwrap().pending.len(), 1);
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/state/fixtures");

/// A copy of what an older plat wrote.
fn fixture(version: &str) -> (Folder, Contents) {
    let (folder, contents) = (Folder::new(), Contents::default());
    let from = Path::new(FIXTURES).join(version);
    copy_folder(&from.join("local"), &folder.path().join(".plat/state/shop/dev"));
    for (number, file) in files(&from.join("remote")).into_iter().enumerate() {
        let key = format!("shop/dev/{}", file.strip_prefix(from.join("remote")).unwrap().display());
        contents.lock().unwrap().insert(key, (fs::read(&file).unwrap(), number as u64 + 1));
    }
    (folder, contents)
}

#[test]
fn an_encrypted_state_of_every_version_is_read_for_ever_and_written_in_the_newest() {
    let registry = registry();
    for version in ["encrypted-v1", "encrypted-v2"] {
        let (folder, contents) = fixture(version);
        let here = folder.store().with_encryption(encryption());
        let there = Client::of(&contents).store().with_encryption(encryption());
        for store in [&here as &dyn StateStore, &there] {
            let loaded = store.load(&registry).unwrap();
            assert_eq!((loaded.state.resources, loaded.pending.len(), loaded.state.serial), (sample().resources, 1, 2), "{version}");
            let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
            session.begin(&mut loaded.state, "c").unwrap();
            session.failed("op-10", "refused").unwrap();
            session.finish(&mut loaded.state).unwrap();
            drop(session);
            assert_eq!(store.load(&registry).unwrap().pending.len(), 0);
        }
        for head in [fs::read(head_of(&folder)).unwrap(), contents.lock().unwrap()["shop/dev/HEAD"].0.clone()] {
            let head = object(&head);
            assert_eq!((head["version"].as_u64(), head["mac"].as_str().map(str::len)), (Some(2), Some(64)), "{version}");
        }
    }
}

#[test]
fn a_head_of_a_version_to_come_is_refused_by_name() {
    let (registry, folder) = (registry(), Folder::new());
    let here = local(&folder);
    fs::write(head_of(&folder), forged(&here.heads[0], |object| drop(object.insert("version".into(), 3.into())))).unwrap();
    assert!(matches!(here.store.load(&registry), Err(StateError::Newer { found: 3, known: 2, .. })));
}
