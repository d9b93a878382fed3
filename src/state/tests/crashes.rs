//! A process that is killed at any instant leaves a state that the next one can go on from.

use std::collections::BTreeMap;
use std::fs;

use super::super::{Pending, StateStore as _};
use super::*;

/// After a crash at any byte of the journal, every operation is where the lines before that byte say: not begun, open or
/// done. The next session carries it on.
#[test]
fn a_journal_cut_at_every_byte_goes_on() {
    let registry = registry();
    let folder = Folder::new();
    let (session, mut loaded) = folder.store().open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    let journal = files(folder.path()).into_iter().find(|file| file.extension().is_some_and(|end| end == "jsonl")).unwrap();
    let mut lengths = vec![];
    let mut step = |outcome: Result<(), super::super::StateError>| {
        outcome.unwrap();
        lengths.push(usize::try_from(fs::metadata(&journal).unwrap().len()).unwrap());
    };
    step(Ok(()));
    step(session.intents(vec![intent(0)]));
    step(session.accepted("op-0", &subnet(0).id));
    step(session.done("op-0", Some(&subnet(0))));
    step(session.intents(vec![intent(1)]));
    step(session.failed("op-1", "refused"));
    drop(session);

    let bytes = fs::read(&journal).unwrap();
    for cut in lengths[0]..=bytes.len() {
        fs::write(&journal, &bytes[..cut]).unwrap();
        // A line that lacks nothing but its newline is whole.
        let steps = lengths.iter().filter(|length| cut + 1 >= **length).count();
        let crash = Folder::new();
        copy_folder(folder.path(), crash.path());
        let (session, mut loaded) = crash.store().open(&options("plat apply"), &registry).unwrap();
        let open: Vec<(&str, bool)> = loaded.pending.iter().map(|p| (&*p.intent.op, p.accepted.is_some())).collect();
        let expected: (&[(&str, bool)], usize) = match steps {
            1 => (&[], 0),
            2 => (&[("op-0", false)], 0),
            3 => (&[("op-0", true)], 0),
            4 => (&[], 1),
            5 => (&[("op-1", false)], 1),
            _ => (&[], 1),
        };
        assert_eq!((open.as_slice(), loaded.state.resources.len()), expected, "cut at {cut}");
        session.begin(&mut loaded.state, "b").unwrap();
        session.intents(vec![intent(7)]).unwrap();
        session.done("op-7", Some(&subnet(7))).unwrap();
        drop(session);
        let after = crash.store().load(&registry).unwrap();
        assert_eq!(after.pending, loaded.pending, "cut at {cut}");
        assert_eq!(after.state.resources.len(), expected.1 + 1);
    }
}

/// Everything that a commit does, in order, each time with the process killed right before it: reads give the old state or
/// the new one.
#[test]
fn a_commit_cut_short_leaves_the_old_state_or_the_new_one() {
    let registry = registry();
    let folder = Folder::new();
    let store = folder.store();
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    let before = Folder::new();
    copy_folder(folder.path(), before.path());
    let old = store.load(&registry).unwrap();
    loaded.state.resources = sample().resources;
    session.finish(&mut loaded.state).unwrap();
    drop(session);
    let new = store.load(&registry).unwrap();

    let path = |of: &Folder, name: &str| of.path().join(".plat/state/shop/dev").join(name);
    let snapshot = files(&path(&folder, "snapshots")).pop().unwrap();
    let snapshot_name = format!("snapshots/{}", snapshot.file_name().unwrap().to_string_lossy());
    let bytes = fs::read(&snapshot).unwrap();
    let head = fs::read(path(&folder, "HEAD")).unwrap();
    // The temporary file at every length of some, then renamed; the same for HEAD; then the cleaning.
    for cut in [0, 1, bytes.len() / 2, bytes.len()] {
        fs::write(path(&before, "snapshots/x.tmp"), &bytes[..cut]).unwrap();
        assert_eq!(before.store().load(&registry).unwrap(), old);
    }
    fs::write(path(&before, &snapshot_name), &bytes).unwrap();
    assert_eq!(before.store().load(&registry).unwrap(), old);
    for cut in 0..=head.len() {
        fs::write(path(&before, "HEAD.tmp"), &head[..cut]).unwrap();
        assert_eq!(before.store().load(&registry).unwrap(), old);
    }
    fs::write(path(&before, "HEAD"), &head).unwrap();
    assert_eq!(before.store().load(&registry).unwrap(), new);
    let (session, mut loaded) = before.store().open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "b").unwrap();
    session.finish(&mut loaded.state).unwrap();
    assert_eq!(before.store().load(&registry).unwrap().state, new.state);
}

/// The first apply writes its snapshot and journal before there is a HEAD. Killed there, it did nothing, and the next one begins anew; once
/// it has told the journal of a call, a HEAD that is missing was lost.
#[test]
fn a_first_apply_cut_short_is_begun_anew() {
    let registry = registry();
    let (folder, place) = (Folder::new(), |folder: &Folder, name: &str| folder.path().join(".plat/state/shop/dev").join(name));
    let (session, mut loaded) = folder.store().open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    drop(session);
    fs::remove_file(place(&folder, "HEAD")).unwrap();
    for also in [None, Some("journal")] {
        for gone in also.map(|name| files(&place(&folder, name))).into_iter().flatten() {
            fs::remove_file(gone).unwrap();
        }
        let crash = Folder::new();
        copy_folder(folder.path(), crash.path());
        assert!(crash.store().load(&registry).unwrap().new);
        let (session, mut loaded) = crash.store().open(&options("plat apply"), &registry).unwrap();
        session.begin(&mut loaded.state, "b").unwrap();
        session.intents(vec![intent(0)]).unwrap();
        drop(session);
        assert_eq!(crash.store().load(&registry).unwrap().pending.len(), 1);
        assert_eq!(files(&place(&crash, "snapshots")).len(), 1, "nothing is left of the first one");
        fs::remove_file(place(&crash, "HEAD")).unwrap();
        assert!(crash.store().load(&registry).is_err(), "a call may have gone out");
    }
}

/// Random sessions that end at random points, against a model that is told what was durable.
#[test]
fn random_applies_killed_at_random_points_lose_nothing() {
    for seed in 1..40 {
        random_applies(&Folder::new().store(), seed);
    }
}

pub fn random_applies(store: &dyn super::super::StateStore, seed: u64) {
    let (registry, mut dice) = (registry(), Dice(seed));
    let (mut model, mut open): (BTreeMap<Address, Arc<Record>>, BTreeMap<String, Pending>) = Default::default();
    let (mut next, mut serial) = (0, 0);
    for _ in 0..12 {
        let (session, loaded) = store.open(&options("plat apply"), &registry).unwrap();
        assert_eq!(loaded.state.resources, model, "seed {seed}");
        let pending: BTreeMap<String, Pending> = loaded.pending.iter().map(|p| (p.intent.op.to_string(), p.clone())).collect();
        assert_eq!(pending, open, "seed {seed}");
        assert!(loaded.state.serial >= serial);
        serial = loaded.state.serial;
        let mut state = loaded.state;
        session.begin(&mut state, "x").unwrap();
        for _ in 0..dice.roll(12) {
            let chosen = (!open.is_empty()).then(|| open.keys().nth(dice.roll(open.len())).unwrap().clone());
            match (dice.roll(6), chosen) {
                (1, Some(op)) => {
                    session.accepted(&op, "subnet-id").unwrap();
                    open.get_mut(&op).unwrap().accepted = Some("subnet-id".into());
                }
                (2, Some(op)) => {
                    let pending = open.remove(&op).unwrap();
                    session.done(&op, Some(&subnet(500))).unwrap();
                    model.insert(pending.intent.address, subnet(500));
                }
                (3, Some(op)) => {
                    let pending = open.remove(&op).unwrap();
                    session.failed(&op, "refused").unwrap();
                    if let Some(id) = pending.accepted {
                        let broken = pending.intent.record(id, ResolvedObject::default(), Status::Broken);
                        model.insert(pending.intent.address, broken.into());
                    }
                }
                (4, Some(op)) => {
                    session.in_doubt(&op, "reset").unwrap();
                    open.get_mut(&op).unwrap().doubt = Some("reset".into());
                }
                (5, _) => {
                    state.resources = model.clone();
                    session.checkpoint(&mut state).unwrap();
                }
                _ => {
                    let new = intent(next);
                    next += 1;
                    session.intents(vec![new.clone()]).unwrap();
                    open.insert(new.op.to_string(), Pending { intent: new, accepted: None, doubt: None });
                }
            }
        }
        if dice.roll(3) == 0 {
            state.resources = model.clone();
            session.finish(&mut state).unwrap();
        }
    }
}

/// Set in the child that is killed: the folder it applies in.
const VICTIM: &str = "PLAT_TEST_STATE_VICTIM";

/// Not a test of its own: what the child of the next one runs.
#[test]
fn victim() {
    let Ok(folder) = std::env::var(VICTIM) else { return };
    let (registry, store) = (registry(), LocalStore::new(Path::new(&folder), "shop", "dev"));
    loop {
        let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
        let count = loaded.state.resources.len();
        session.begin(&mut loaded.state, "a").unwrap();
        for pending in &loaded.pending {
            session.failed(&pending.intent.op, "never sent").unwrap();
        }
        for n in count..count + 5 {
            let mut intent = intent(n);
            intent.op = super::super::random_id().unwrap().into();
            let op = intent.op.clone();
            session.intents(vec![intent]).unwrap();
            session.done(&op, Some(&subnet(n))).unwrap();
            loaded.state.resources.insert(subnet_address(n), subnet(n));
            // What the parent may count on from here.
            fs::write(Path::new(&folder).join("acknowledged.new"), format!("{}", n + 1)).unwrap();
            fs::rename(Path::new(&folder).join("acknowledged.new"), Path::new(&folder).join("acknowledged")).unwrap();
        }
        session.finish(&mut loaded.state).unwrap();
    }
}

#[test]
fn a_process_killed_at_random_instants_loses_nothing_and_leaves_no_lock() {
    let (folder, registry) = (Folder::new(), registry());
    let mut dice = Dice(99);
    for round in 0..25 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["state::tests::crashes::victim", "--exact", "--test-threads=1"])
            .env(VICTIM, folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Wait::from_millis(20 + dice.roll(60) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = fs::read_to_string(folder.path().join("acknowledged")).map_or(0, |text| text.parse().unwrap());
        let (_session, loaded) = folder.store().open(&options("plat apply"), &registry).unwrap();
        let count = loaded.state.resources.len();
        assert!(count == acknowledged || count == acknowledged + 1, "round {round}: {count} recorded, {acknowledged} acknowledged");
        assert_eq!(loaded.state.resources, (0..count).map(|n| (subnet_address(n), subnet(n))).collect());
        assert!(loaded.pending.len() <= 1);
        // What was recorded and not acknowledged counts from here on: the next victim goes on after it.
        fs::write(folder.path().join("acknowledged"), count.to_string()).unwrap();
    }
    assert!(folder.store().load(&registry).unwrap().state.resources.len() > 10);
}
