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
