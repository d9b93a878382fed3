//! Changes by hand: whole or not at all, and only on the state that they were made for.

use super::super::{EditError, Loaded, PushError, StateError, StateStore, check_push, forget, move_records};
use super::*;

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn names(state: &StateFile) -> Vec<String> {
    state.resources.keys().map(ToString::to_string).collect()
}

/// Without what holds a secret or does not belong to the network.
fn network() -> StateFile {
    let mut state = sample();
    state.resources.retain(|address, _| address.is_within(&at("network")));
    let mut vpc = subnet(9);
    Arc::make_mut(&mut vpc).dependencies.clear();
    state.resources.insert(at("network.vpc"), vpc);
    state
}

#[test]
fn a_component_moves_with_all_in_it_and_what_waits_for_it() {
    let mut state = network();
    let mut user = subnet(7);
    Arc::make_mut(&mut user).dependencies = vec![at("network.private[\"0\"]"), at("other")];
    state.resources.insert(at("app"), user);
    let moved = move_records(&mut state, &at("network"), &at("net[\"a\"]")).unwrap();
    assert_eq!(moved.len(), 3);
    assert_eq!(names(&state), ["app", "net[\"a\"].private[\"0\"]", "net[\"a\"].private[\"1\"]", "net[\"a\"].vpc"]);
    assert_eq!(state.resources[&at("app")].dependencies, [at("net[\"a\"].private[\"0\"]"), at("other")]);
    assert_eq!(state.resources[&at("net[\"a\"].private[\"1\"]")].dependencies, [at("net[\"a\"].vpc")]);
}

#[test]
fn keys_move_alone_or_swap() {
    let mut state = network();
    let ids = |state: &StateFile, key: &str| state.resources[&at(&format!("network.private[{key}]"))].id.clone();
    let (zero, one) = (ids(&state, "0"), ids(&state, "1"));
    move_records(&mut state, &at("network.private[0]"), &at("network.private[z]")).unwrap();
    move_records(&mut state, &at("network.private[1]"), &at("network.private[0]")).unwrap();
    assert_eq!((ids(&state, "0"), ids(&state, "z")), (one, zero));
}

#[test]
fn what_cannot_move_stays_as_it_is() {
    let mut state = sample();
    let before = state.clone();
    let from = at("network.private[0]");
    assert_eq!(move_records(&mut state, &at("nothing"), &at("a")), Err(EditError::Nothing(at("nothing"))));
    assert_eq!(move_records(&mut state, &from, &from), Err(EditError::Same { from: from.clone(), to: from.clone() }));
    let taken = move_records(&mut state, &from, &at("network.private[1]")).unwrap_err();
    assert_eq!(
        taken.to_string(),
        "`network.private[\"0\"]` cannot become `network.private[\"1\"]`: the state has `network.private[\"1\"]` already, as `subnet-00000000000000001`"
    );
    let secret = move_records(&mut state, &at("db"), &at("database")).unwrap_err();
    assert_eq!(secret, EditError::Secret { from: at("db"), to: at("database"), attribute: "master_user_password".into() });
    assert_eq!(state, before);
}

#[test]
fn what_is_forgotten_leaves_with_all_in_it() {
    let mut state = network();
    assert_eq!(forget(&mut state, &at("net")).unwrap_err(), EditError::Nothing(at("net")));
    assert_eq!(forget(&mut state, &at("network.private")).unwrap().len(), 2);
    assert_eq!(names(&state), ["network.vpc"]);
}

#[test]
fn a_change_by_hand_is_the_next_state_and_survives_being_cut_off() {
    let folder = Folder::new();
    let registry = registry();
    let store = folder.store();
    let write = |after: &mut StateFile| {
        let (session, loaded) = store.open(&options("plat state push"), &registry).unwrap();
        session.revise(loaded.state, after).unwrap();
    };
    let (session, loaded) = store.open(&options("plat state push"), &registry).unwrap();
    let mut first = StateFile { resources: network().resources, ..loaded.state.clone() };
    session.revise(loaded.state, &mut first).unwrap();
    drop(session);
    let mut second = first.clone();
    move_records(&mut second, &at("network"), &at("net")).unwrap();
    write(&mut second);
    assert_eq!(second.serial, first.serial + 1);
    assert_eq!(store.load(&registry).unwrap().state, second);
    assert_eq!(store.snapshot(first.serial, &registry).unwrap(), first);

    // Cut off after the journal's line, before the snapshot.
    let (session, loaded) = store.open(&options("plat state rm"), &registry).unwrap();
    let mut third = second.clone();
    forget(&mut third, &at("net.private")).unwrap();
    let mut begun = loaded.state.clone();
    session.begin(&mut begun, "id").unwrap();
    session.append_all(&[super::super::Entry::between(&begun, &third).unwrap()]).unwrap();
    drop(session);
    let found = store.load(&registry).unwrap();
    assert_eq!((found.state.resources, found.pending), (third.resources, vec![]));
}

#[test]
fn only_what_was_made_of_the_current_state_is_pushed() {
    let stored = |new| Loaded { state: sample(), pending: vec![], new, written: None };
    let with = |change: fn(&mut StateFile)| {
        let mut pushed = sample();
        change(&mut pushed);
        check_push(&stored(false), &pushed)
    };
    assert_eq!(with(|_| {}), Ok(()));
    assert_eq!(with(|state| state.serial += 1), Ok(()));
    assert_eq!(with(|state| state.serial -= 1), Err(PushError::Older { found: 40, current: 41 }));
    assert_eq!(with(|state| state.serial += 2), Err(PushError::Later { found: 43, next: 42 }));
    assert_eq!(
        with(|state| state.env = "prod".into()),
        Err(PushError::Foreign { found: "shop · prod".into(), wanted: "shop · dev".into() })
    );
    assert!(matches!(with(|state| state.lineage = "0".repeat(32)), Err(PushError::Lineage { .. })));
    assert!(matches!(with(|state| state.fingerprint_key = "0".repeat(64)), Err(PushError::Key(_))));
    let elsewhere = StateFile { lineage: "0".repeat(32), serial: 7, ..sample() };
    assert_eq!(check_push(&stored(true), &elsewhere), Ok(()));
    let broken = StateFile { fingerprint_key: "x".into(), ..sample() };
    assert!(matches!(check_push(&stored(true), &broken), Err(PushError::Key(_))));
}

#[test]
fn a_local_lock_is_not_broken() {
    let folder = Folder::new();
    let store = folder.store();
    let held = store.open(&options("plat apply"), &registry()).unwrap();
    assert_eq!(store.unlock(1).unwrap(), super::super::Unlocked::OfProcess);
    assert!(matches!(store.open(&options("plat apply"), &registry()), Err(StateError::Locked { epoch: None, .. })));
    drop(held);
}
