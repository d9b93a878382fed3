//! One writer at a time, and everybody else knows who.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{StateError, StateStore as _};
use super::*;

#[test]
fn a_locked_state_says_who_and_since_when() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (session, _) = store.open(&options("plat apply -e dev"), &registry).unwrap();
    let error = store.open(&options("plat destroy"), &registry).err().unwrap();
    let pid = std::process::id();
    assert_eq!(
        error.to_string(),
        format!(
            "the state is locked by `plat apply -e dev` of maria@build-7 (pid {pid}) since 2026-11-21 07:40:56 UTC; wait for it to end, nothing was changed"
        )
    );
    assert!(store.load(&registry).is_ok(), "reading needs no lock");
    drop(session);
    assert!(store.open(&options("plat destroy"), &registry).is_ok());
}

#[test]
fn who_waits_gets_the_lock_when_it_is_free() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (session, _) = store.open(&options("plat apply"), &registry).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let patient = OpenOptions { wait: Wait::from_secs(20), ..options("plat apply") };
            store.open(&patient, &registry).map(drop)
        });
        std::thread::sleep(Wait::from_millis(100));
        drop(session);
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn of_eight_at_once_one_goes_on() {
    let registry = registry();
    for _ in 0..100 {
        let folder = Folder::new();
        let (barrier, winners) = (Barrier::new(8), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let opened = folder.store().open(&options("plat apply"), &registry);
                    // Nobody lets go before everybody has tried.
                    barrier.wait();
                    match opened {
                        Ok(_) => drop(winners.fetch_add(1, Ordering::SeqCst)),
                        Err(StateError::Locked { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                });
            }
        });
        assert_eq!(winners.into_inner(), 1);
    }
}

#[test]
fn a_head_that_changed_under_the_lock_stops_the_writer() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (first, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    first.begin(&mut loaded.state, "a").unwrap();
    // Somebody "unlocks" by deleting the file, and another apply starts.
    std::fs::remove_file(folder.path().join(".plat/state/shop/dev/lock")).unwrap();
    let (second, mut other) = store.open(&options("plat apply"), &registry).unwrap();
    second.begin(&mut other.state, "b").unwrap();
    loaded.state.resources = sample().resources;
    assert!(matches!(first.finish(&mut loaded.state), Err(StateError::LockLost { .. })));
    second.intents(vec![intent(0)]).unwrap();
    second.done("op-0", Some(&subnet(0))).unwrap();
    assert_eq!(store.load(&registry).unwrap().state.resources.len(), 1);
}

#[test]
fn a_lock_whose_file_is_gone_is_lost_at_once() {
    let registry = registry();
    for replaced in [false, true] {
        let folder = Folder::new();
        let store = folder.store();
        let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
        session.begin(&mut loaded.state, "a").unwrap();
        session.intents(vec![intent(0)]).unwrap();
        session.held().unwrap();
        let lock = folder.path().join(".plat/state/shop/dev/lock");
        std::fs::remove_file(&lock).unwrap();
        if replaced {
            std::fs::write(&lock, "").unwrap();
        }
        assert!(matches!(session.held(), Err(StateError::LockLost { .. })));
        let before = store.load(&registry).unwrap().pending.len();
        assert!(matches!(session.done("op-0", Some(&subnet(0))), Err(StateError::LockLost { .. })));
        // For good, and nothing of it is there.
        assert!(session.intents(vec![intent(1)]).is_err());
        let after = store.load(&registry).unwrap();
        assert_eq!((after.pending.len(), after.state.resources.len(), before), (1, 0, 1));
        // The next one goes on where this one was.
        drop(session);
        let (next, _) = store.open(&options("plat apply"), &registry).unwrap();
        assert_eq!(next.open_operations().len(), 1);
    }
}

#[test]
fn a_head_that_another_wrote_stops_the_next_line() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (first, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    first.begin(&mut loaded.state, "a").unwrap();
    // As on a file system without locks: the file is the same, and somebody else wrote.
    let head = folder.path().join(".plat/state/shop/dev/HEAD");
    let text = std::fs::read_to_string(&head).unwrap();
    let other = Folder::new();
    let (second, mut state) = other.store().open(&options("plat apply"), &registry).unwrap();
    second.begin(&mut state.state, "b").unwrap();
    std::fs::copy(other.path().join(".plat/state/shop/dev/HEAD"), &head).unwrap();
    assert!(matches!(first.intents(vec![intent(0)]), Err(StateError::LockLost { .. })));
    assert_ne!(std::fs::read_to_string(&head).unwrap(), text);
}
