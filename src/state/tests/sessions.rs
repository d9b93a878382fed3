//! What a session writes, and what the next one finds.

use super::super::{Entry, StateError, StateStore as _};
use super::*;

#[test]
fn an_apply_from_nothing_to_done() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let before = store.load(&registry).unwrap();
    assert!(before.new && before.state.serial == 0 && before.state.resources.is_empty());
    assert!(files(folder.path()).is_empty(), "reading writes nothing");

    let (session, loaded) = store.open(&options("plat apply"), &registry).unwrap();
    assert!(loaded.new);
    let mut state = loaded.state;
    session.begin(&mut state, "apply-1").unwrap();
    session.intents(vec![intent(0), intent(1), intent(2)]).unwrap();
    session.accepted("op-0", &subnet(0).id).unwrap();
    session.done("op-0", Some(&subnet(0))).unwrap();
    session.failed("op-1", "quota").unwrap();
    session.in_doubt("op-2", "connection reset").unwrap();

    // Seen from elsewhere, while it runs.
    let during = store.load(&registry).unwrap();
    assert_eq!(during.state.resources, [(subnet_address(0), subnet(0))].into());
    assert_eq!((during.state.serial, during.state.lineage.clone()), (1, state.lineage.clone()));
    let [open] = during.pending.as_slice() else { panic!("{:?}", during.pending) };
    assert_eq!((&*open.intent.op, open.accepted.clone(), open.doubt.as_deref()), ("op-2", None, Some("connection reset")));
    assert_eq!(open.intent, intent(2));

    state.resources.insert(subnet_address(0), subnet(0));
    session.finish(&mut state).unwrap();
    assert_eq!(state.serial, 1);
    assert!(matches!(session.done("op-2", None), Err(StateError::Misused(_))));
    drop(session);

    let after = store.load(&registry).unwrap();
    assert_eq!(after.state.resources, state.resources);
    assert_eq!(after.pending, during.pending, "what is in doubt stays open");
    assert!(!after.new && after.written.is_some());
}

#[test]
fn what_is_in_doubt_is_settled_by_the_next_apply() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (session, loaded) = store.open(&options("plat apply"), &registry).unwrap();
    let mut state = loaded.state;
    session.begin(&mut state, "a").unwrap();
    session.intents(vec![intent(0)]).unwrap();
    session.accepted("op-0", "subnet-x").unwrap();
    drop(session);

    let (session, loaded) = store.open(&options("plat apply"), &registry).unwrap();
    assert_eq!(loaded.pending[0].accepted.as_deref(), Some("subnet-x"));
    assert_eq!(session.open_operations(), loaded.pending);
    let mut state = loaded.state;
    session.begin(&mut state, "b").unwrap();
    assert_eq!(session.open_operations(), loaded.pending);
    session.done("op-0", Some(&subnet(0))).unwrap();
    state.resources.insert(subnet_address(0), subnet(0));
    session.finish(&mut state).unwrap();
    let after = store.load(&registry).unwrap();
    assert_eq!((after.state, after.pending), (state, vec![]));
}

#[test]
fn a_create_that_failed_after_it_was_accepted_is_not_orphaned() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    session.intents(vec![intent(0)]).unwrap();
    session.accepted("op-0", "subnet-x").unwrap();
    session.failed("op-0", "did not become available").unwrap();
    drop(session);
    let after = store.load(&registry).unwrap();
    let record = after.state.resources.get(&subnet_address(0)).unwrap();
    assert_eq!((record.id.as_str(), record.status), ("subnet-x", Status::Broken));
    assert!(after.pending.is_empty());
}

#[test]
fn changes_of_the_state_alone_are_journaled() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    let put = |n, record| Entry::put(&subnet_address(n), record);
    session.append_all(&[put(0, Some(subnet(0))), put(1, Some(database())), put(0, None)]).unwrap();
    drop(session);
    assert_eq!(store.load(&registry).unwrap().state.resources, [(subnet_address(1), database())].into());
}

#[test]
fn the_serial_grows_with_what_is_recorded_and_with_nothing_else() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    for (round, serial) in [(0, 1), (0, 1), (1, 2), (1, 2), (2, 3)] {
        let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
        session.begin(&mut loaded.state, "a").unwrap();
        loaded.state.resources.insert(subnet_address(round), subnet(round));
        session.finish(&mut loaded.state).unwrap();
        assert_eq!(loaded.state.serial, serial);
    }
    let history = store.history().unwrap();
    assert_eq!(history.iter().map(|snapshot| snapshot.serial).collect::<Vec<_>>(), [3, 2, 1, 0]);
    assert_eq!(store.snapshot(2, &registry).unwrap().resources.len(), 2);
    assert!(matches!(store.snapshot(9, &registry), Err(StateError::NoSuchSnapshot { serial: 9 })));
}

#[test]
fn a_crashed_applys_outcomes_get_a_serial_of_their_own() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    session.intents(vec![intent(0)]).unwrap();
    session.done("op-0", Some(&subnet(0))).unwrap();
    drop(session);
    assert_eq!(store.load(&registry).unwrap().state.serial, 1, "a plan made on serial 0 is not one for this");
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "b").unwrap();
    assert_eq!(loaded.state.serial, 1);
    session.finish(&mut loaded.state).unwrap();
    assert_eq!(loaded.state.serial, 1);
    assert_eq!(store.load(&registry).unwrap().state.resources.len(), 1);
}

#[test]
fn fifty_snapshots_are_kept() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    for n in 0..60 {
        let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
        session.begin(&mut loaded.state, "a").unwrap();
        loaded.state.resources = [(subnet_address(n), subnet(n))].into();
        session.finish(&mut loaded.state).unwrap();
    }
    let history = store.history().unwrap();
    assert_eq!((history.len(), history[0].serial, history[49].serial), (50, 60, 11));
    // Snapshots, HEAD and the lock; no journal is left behind.
    assert_eq!(files(folder.path()).len(), 52);
}

#[test]
fn entries_that_cannot_follow_are_refused() {
    let (folder, registry) = (Folder::new(), registry());
    let (session, mut loaded) = folder.store().open(&options("plat apply"), &registry).unwrap();
    let misused = |outcome: Result<(), StateError>| matches!(outcome, Err(StateError::Misused(_)));
    assert!(misused(session.intents(vec![intent(0)])), "not begun");
    assert!(misused(session.checkpoint(&mut loaded.state)), "not begun");
    session.begin(&mut loaded.state, "a").unwrap();
    assert!(misused(session.begin(&mut loaded.state, "a")));
    session.intents(vec![intent(0)]).unwrap();
    assert!(misused(session.intents(vec![intent(0)])), "the same operation twice");
    assert!(misused(session.done("op-7", None)));
    assert!(misused(session.append_all(&[Entry::End])));
    session.done("op-0", Some(&subnet(0))).unwrap();
    assert!(misused(session.done("op-0", None)), "done twice");
}

#[test]
fn threads_share_a_session() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let session = &session;
            scope.spawn(move || {
                for n in (0..40).map(|i| thread * 40 + i) {
                    session.intents(vec![intent(n)]).unwrap();
                    session.accepted(&format!("op-{n}"), &subnet(n).id).unwrap();
                    session.done(&format!("op-{n}"), Some(&subnet(n))).unwrap();
                }
            });
        }
    });
    drop(session);
    let after = store.load(&registry).unwrap();
    assert_eq!(after.state.resources, (0..320).map(|n| (subnet_address(n), subnet(n))).collect());
    assert!(after.pending.is_empty());
}

#[test]
fn a_journal_costs_what_changes() {
    let (folder, registry) = (Folder::new(), registry());
    let store = folder.store();
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    session.intents((0..1000).map(intent).collect()).unwrap();
    for n in 0..1000 {
        let op = format!("op-{n}");
        session.append_all(&[Entry::Accepted { op: op.as_str().into(), id: subnet(n).id.clone() }]).unwrap();
        session.done(&op, Some(&subnet(n))).unwrap();
        loaded.state.resources.insert(subnet_address(n), subnet(n));
    }
    let journal = size(folder.path(), "jsonl");
    session.finish(&mut loaded.state).unwrap();
    let state = size(folder.path(), "json");
    println!("journal {journal}, state {state}");
    assert!((journal + state) * 10 < state * 30, "{journal} and {state}: over 3 times the state");
}

/// Bytes in files with this extension.
fn size(folder: &Path, extension: &str) -> u64 {
    let own = |file: &PathBuf| file.extension().is_some_and(|own| own == extension);
    files(folder).iter().filter(|file| own(file)).map(|file| file.metadata().unwrap().len()).sum()
}
