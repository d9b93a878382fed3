//! Encrypted states: the same promises, and nothing to read.

use std::fs;

use super::super::{Encryption, LocalStore, StateError, StateStore as _};
use super::*;
use crate::value::SecretText;

fn with(folder: &Folder, passphrase: &str) -> LocalStore {
    folder.store().with_encryption(Encryption::with_passphrase(SecretText::new(passphrase)))
}

fn journal(folder: &Folder) -> PathBuf {
    files(folder.path()).into_iter().find(|file| file.extension().is_some_and(|end| end == "jsonl")).unwrap()
}

/// A snapshot, and a journal with one operation done and one open.
fn used(registry: &Registry) -> Folder {
    let folder = Folder::new();
    let store = with(&folder, "p");
    let (session, mut loaded) = store.open(&options("plat apply"), registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    session.intents(vec![intent(10), intent(11)]).unwrap();
    session.accepted("op-10", &subnet(10).id).unwrap();
    session.done("op-10", Some(&subnet(10))).unwrap();
    folder
}

#[test]
fn a_journal_that_was_cut_off_is_settled_by_who_has_the_passphrase() {
    let registry = registry();
    let folder = used(&registry);
    for file in files(folder.path()) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains("subnet-") && !text.contains("fingerprint_key"), "{}: {text}", file.display());
    }
    let loaded = with(&folder, "p").load(&registry).unwrap();
    assert_eq!((loaded.state.resources.len(), loaded.pending.len()), (1, 1));
    assert!(matches!(with(&folder, "q").load(&registry), Err(StateError::WrongPassphrase { .. })));
    assert!(matches!(with(&folder, "q").open(&options("x"), &registry), Err(StateError::WrongPassphrase { .. })));
    assert!(matches!(folder.store().load(&registry), Err(StateError::NoPassphrase { .. })));
    // With another passphrase from the middle of an apply on.
    with(&folder, "p").rekey(&Encryption::with_passphrase(SecretText::new("q")), &options("plat state rekey"), &registry).unwrap();
    assert_eq!(with(&folder, "q").load(&registry).unwrap().state, loaded.state);
}

#[test]
fn every_cut_and_flip_of_the_journal_is_a_torn_tail_or_damage() {
    let registry = registry();
    let folder = used(&registry);
    let (file, store) = (journal(&folder), with(&folder, "p"));
    let bytes = fs::read(&file).unwrap();
    let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    for cut in 0..bytes.len() {
        fs::write(&file, &bytes[..cut]).unwrap();
        match store.load(&registry) {
            Ok(loaded) => assert!(cut >= first && loaded.pending.len() <= 2 && !loaded.new, "cut at {cut}"),
            Err(StateError::Damaged { .. }) => assert!(cut < first + 1, "cut at {cut}"),
            Err(other) => panic!("cut at {cut}: {other}"),
        }
    }
    for (at, bit) in (0..bytes.len()).flat_map(|at| [(at, 0), (at, 5)]) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << bit;
        fs::write(&file, &flipped).unwrap();
        // The last line without its end is what a crash leaves; every other flip is damage.
        match store.load(&registry) {
            Ok(_) => assert_eq!(at, bytes.len() - 1),
            Err(error) => assert!(matches!(error, StateError::Damaged { .. }), "byte {at}: {error}"),
        }
    }
    println!("reliability: an encrypted journal: every cut ({}) and {} flips found", bytes.len(), 2 * bytes.len());
}

/// The stored snapshot, decrypted, as somebody may have it who found a pulled state.
fn decrypted(store: &LocalStore, registry: &Registry) -> String {
    String::from_utf8(super::super::encode(&store.load(registry).unwrap().state).unwrap()).unwrap()
}

#[test]
fn the_key_of_fingerprints_is_not_beside_them() {
    let registry = registry();
    let folder = Folder::new();
    let store = with(&folder, "p");
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    let mut state = sample();
    state.fingerprint_key.clone_from(&loaded.state.fingerprint_key);
    session.begin(&mut loaded.state, "a").unwrap();
    loaded.state.resources = state.resources.clone();
    session.finish(&mut loaded.state).unwrap();
    let key = state.fingerprint_key.clone();
    assert_eq!(store.load(&registry).unwrap().state.fingerprint_key, key, "whoever has the passphrase can use it");
    let text = decrypted(&store, &registry);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../state/schema.json")).unwrap();
    assert_eq!(shape::fits(&schema, &schema, &json, "state"), Ok(()));
    assert!(!text.contains(&key) && text.contains("\"fingerprint_key\":\"closed:"), "{text}");
    // Another passphrase wraps the same data key; the same state has the same bytes.
    store.rekey(&Encryption::with_passphrase(SecretText::new("q")), &options("plat state rekey"), &registry).unwrap();
    assert_eq!(decrypted(&with(&folder, "q"), &registry), text);
    // A new data key closes it anew, and plain it is plain.
    let plain = folder.store().with_encryption(Encryption::new(
        super::super::KeyChoice::None,
        super::super::Secrets { passphrase: Some(SecretText::new("q")), ..super::super::Secrets::default() },
    ));
    let (session, mut loaded) = plain.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "b").unwrap();
    session.finish(&mut loaded.state).unwrap();
    assert!(decrypted(&folder.store(), &registry).contains(&key));
    let snapshots: Vec<_> = folder.store().history().unwrap();
    // What was closed before can still be used, with what it was encrypted with.
    let old = snapshots.iter().map(|snapshot| snapshot.serial).min().unwrap();
    assert_eq!(with(&folder, "p").snapshot(old, &registry).unwrap().fingerprint_key, key);
}

#[test]
fn a_state_that_was_encrypted_with_its_key_beside_is_read_and_mended() {
    let registry = registry();
    let folder = Folder::new();
    let store = with(&folder, "p");
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    session.finish(&mut loaded.state).unwrap();
    // As plat wrote it before: the same snapshot with the key in plain.
    let key = loaded.state.fingerprint_key.clone();
    store.write_as_before(&registry);
    let read = store.load(&registry).unwrap().state;
    assert_eq!(read.fingerprint_key, key);
    assert!(String::from_utf8(super::super::encode(&read).unwrap()).unwrap().contains(&key));
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "b").unwrap();
    session.finish(&mut loaded.state).unwrap();
    assert!(!decrypted(&store, &registry).contains(&key));
    assert_eq!(store.load(&registry).unwrap().state.fingerprint_key, key);
}

#[test]
fn a_pulled_state_is_pushed_where_its_key_can_be_opened() {
    use super::super::{PushError, check_push, decode, take_key};
    let registry = registry();
    let (folder, other) = (Folder::new(), Folder::new());
    let store = with(&folder, "p");
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    session.finish(&mut loaded.state).unwrap();
    let pulled = || decode("pulled", decrypted(&store, &registry).as_bytes(), &registry).unwrap();
    let mut pushed = pulled();
    let current = store.load(&registry).unwrap();
    take_key(&mut pushed, &current);
    assert_eq!(check_push(&current, &pushed), Ok(()));
    assert_eq!(pushed.fingerprint_key, current.state.fingerprint_key);
    let mut elsewhere = pulled();
    let nothing = with(&other, "p").load(&registry).unwrap();
    take_key(&mut elsewhere, &nothing);
    assert_eq!(check_push(&nothing, &elsewhere), Err(PushError::ClosedKey));
    // With its key in plain it moves.
    let mut plain = current.state.clone();
    plain.stored_key = Default::default();
    let moved = decode("moved", &super::super::encode(&plain).unwrap(), &registry).unwrap();
    assert_eq!(check_push(&nothing, &moved), Ok(()));
}
