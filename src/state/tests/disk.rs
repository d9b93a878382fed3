//! A disk that is full, writes short or cannot be flushed, at every single thing that is done to it: what was recorded can be read, and whoever
//! writes is told.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::disk::Deed;
use super::super::{Session, StateError, StateStore as _};
use super::*;

/// What goes wrong, and when.
#[derive(Debug)]
pub struct Trouble {
    deeds: &'static [Deed],
    error: i32,
    /// Deeds that go well before.
    left: AtomicUsize,
    /// It goes on; else everything is well again afterwards.
    lasting: bool,
    struck: AtomicUsize,
}

/// `ENOSPC` and `EIO`, as Linux numbers them.
const FULL: i32 = 28;
const BROKEN: i32 = 5;

impl Trouble {
    pub fn strikes(&self, deed: Deed) -> io::Result<()> {
        if !self.deeds.contains(&deed) {
            return Ok(());
        }
        let before = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if before.is_ok() || (!self.lasting && self.struck.load(Ordering::SeqCst) > 0) {
            return Ok(());
        }
        self.struck.fetch_add(1, Ordering::SeqCst);
        Err(io::Error::from_raw_os_error(self.error))
    }
}

type Resources = BTreeMap<Address, Arc<Record>>;

/// What may be read: the records and the operations that are open, as they were before the step that failed, or after it.
#[derive(Debug, Clone, PartialEq, Default)]
struct Sight {
    resources: Resources,
    open: Vec<String>,
}

impl Sight {
    fn of(store: &LocalStore, registry: &Registry) -> Result<Self, StateError> {
        let loaded = store.load(registry)?;
        let open = loaded.pending.iter().map(|pending| pending.intent.op.to_string()).collect();
        Ok(Self { resources: loaded.state.resources, open })
    }
}

/// Two applies, step by step; the session of the last one, as far as they came. `seen` is what a reader may see: the last two sights.
fn two_applies(store: &LocalStore, registry: &Registry, seen: &mut [Sight; 2]) -> (Option<Session>, Result<(), StateError>) {
    let mut last = None;
    for round in 0..2 {
        drop(last.take());
        let (session, mut state) = match store.open(&options("plat apply"), registry) {
            Ok((session, loaded)) => (session, loaded.state),
            Err(error) => return (None, Err(error)),
        };
        let outcome = one_apply(&session, &mut state, round * 10, seen);
        last = Some(session);
        if outcome.is_err() {
            return (last, outcome);
        }
    }
    (last, Ok(()))
}

fn one_apply(session: &Session, state: &mut StateFile, first: usize, seen: &mut [Sight; 2]) -> Result<(), StateError> {
    let mut step = |change: &mut dyn FnMut(&mut Sight), write: &mut dyn FnMut(&Sight) -> Result<(), StateError>| {
        seen[0] = seen[1].clone();
        change(&mut seen[1]);
        let after = seen[1].clone();
        write(&after)
    };
    let op = |n: usize| format!("op-{n}");
    step(&mut |_| {}, &mut |_| session.begin(state, "a"))?;
    for n in [first, first + 1] {
        step(&mut |sight| sight.open.push(op(n)), &mut |_| session.intents(vec![intent(n)]))?;
        step(&mut |_| {}, &mut |_| session.accepted(&op(n), &subnet(n).id))?;
        step(
            &mut |sight| {
                sight.open.clear();
                sight.resources.insert(subnet_address(n), subnet(n));
            },
            &mut |_| session.done(&op(n), Some(&subnet(n))),
        )?;
        step(&mut |_| {}, &mut |after| {
            state.resources.clone_from(&after.resources);
            session.checkpoint(state)
        })?;
    }
    step(&mut |sight| sight.open.push(op(first + 2)), &mut |_| session.intents(vec![intent(first + 2)]))?;
    step(&mut |sight| sight.open.clear(), &mut |_| session.failed(&op(first + 2), "refused"))?;
    step(&mut |_| {}, &mut |_| session.finish(state))
}

/// Every deed of two applies fails in one way, each time in a folder of its own. Answers how many.
fn at_every_deed(deeds: &'static [Deed], error: i32, lasting: bool) -> usize {
    let registry = registry();
    let mut before = 0;
    loop {
        let folder = Folder::new();
        let trouble = Arc::new(Trouble { deeds, error, left: AtomicUsize::new(before), lasting, struck: AtomicUsize::new(0) });
        let troubled = folder.store().troubled(trouble.clone());
        let case = format!("{deeds:?} after {before}, error {error}, lasting: {lasting}");
        let mut seen: [Sight; 2] = Default::default();
        let (session, outcome) = two_applies(&troubled, &registry, &mut seen);
        if trouble.struck.load(Ordering::SeqCst) == 0 {
            outcome.unwrap();
            return before;
        }
        let error = outcome.expect_err(&case);
        assert!(matches!(error, StateError::Io { .. }), "{case}: {error}");
        // Whoever was told cannot go on, also when the disk is well again: nobody knows what of it is there.
        if let Some(session) = &session {
            assert!(session.done("op-0", None).is_err() && session.finish(&mut sample()).is_err(), "{case}");
        }
        let found = Sight::of(&folder.store(), &registry).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(seen.contains(&found), "{case}: {found:?} is neither of {seen:?}");
        // The next apply goes on from there, on a disk that is well.
        drop(session);
        let (session, mut loaded) = folder.store().open(&options("plat apply"), &registry).unwrap();
        session.begin(&mut loaded.state, "b").unwrap();
        for op in &found.open {
            session.failed(op, "never sent").unwrap();
        }
        session.finish(&mut loaded.state).unwrap();
        before += 1;
    }
}

#[test]
fn a_full_disk_leaves_the_old_state_or_the_new_one() {
    let mut struck = 0;
    for lasting in [false, true] {
        struck += at_every_deed(&[Deed::Create, Deed::Write, Deed::Rename], FULL, lasting);
        struck += at_every_deed(&[Deed::Write], FULL, lasting);
    }
    assert!(struck > 100, "{struck}");
    println!("reliability: disk full, short writes: {struck} writes failed, the old or the new state readable after each, each told");
}

#[test]
fn a_flush_that_fails_is_told_and_loses_nothing_that_was_recorded() {
    let struck: usize = [false, true].map(|lasting| at_every_deed(&[Deed::Sync], BROKEN, lasting)).iter().sum();
    assert!(struck > 60, "{struck}");
    println!("reliability: fsync errors: {struck} flushes failed, the old or the new state readable after each, each told");
}
