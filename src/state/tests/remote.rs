//! The same promises in an object store, with answers that get lost and holders that fall asleep.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use async_trait::async_trait;

use super::super::objects::{Condition, Object, ObjectError, Objects, Version};
use super::super::{Encryption, RemoteStore, StateError, StateStore};
use super::*;

pub type Contents = Arc<Mutex<BTreeMap<String, (Vec<u8>, u64)>>>;

/// One client's view of a bucket in memory.
#[derive(Default)]
pub struct Client {
    contents: Contents,
    /// Of 100 calls, how many are lost, half of them after they were carried out.
    loss: usize,
    dice: Mutex<Option<Dice>>,
    /// Calls wait while this is set, as those of a stopped process.
    stopped: AtomicBool,
    /// The first write waits for those of the other clients, which have read HEAD by then: nobody wins by being early.
    together: Option<Arc<Barrier>>,
    /// It looked for HEAD before there was one, and its next call comes when there is.
    early: AtomicBool,
    /// Conditions are taken for decoration.
    careless: bool,
    writes: AtomicUsize,
    bytes: AtomicUsize,
    calls: AtomicUsize,
    tries: AtomicUsize,
}

impl Client {
    pub fn of(contents: &Contents) -> Arc<Self> {
        Arc::new(Self { contents: contents.clone(), ..Self::default() })
    }

    fn lossy(contents: &Contents, loss: usize, seed: u64) -> Arc<Self> {
        Arc::new(Self { contents: contents.clone(), loss, dice: Mutex::new(Some(Dice(seed))), ..Self::default() })
    }

    pub fn store(self: &Arc<Self>) -> RemoteStore {
        RemoteStore::new(self.clone(), "shop", "dev").unwrap().hasty()
    }

    async fn awake(&self) {
        while self.stopped.load(Ordering::SeqCst) {
            tokio::time::sleep(Wait::from_millis(5)).await;
        }
    }

    /// Carries `call` out, or loses it, or loses its answer.
    async fn call<T>(&self, call: impl FnOnce() -> Result<T, ObjectError>) -> Result<T, ObjectError> {
        self.awake().await;
        self.calls.fetch_add(1, Ordering::SeqCst);
        let fate = self.dice.lock().unwrap().as_mut().map_or(100, |dice| dice.roll(100));
        let lost = || Err(ObjectError::InDoubt("connection reset".into()));
        if fate < self.loss / 2 {
            return lost();
        }
        let outcome = call();
        if fate < self.loss { lost() } else { outcome }
    }
}

#[async_trait]
impl Objects for Client {
    fn location(&self) -> String {
        "s3://bucket".to_owned()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        let early = key.ends_with("HEAD") && self.early.swap(false, Ordering::SeqCst);
        let find = || {
            let contents = self.contents.lock().unwrap();
            Ok(contents.get(key).filter(|_| !early).map(|(bytes, version)| Object { bytes: bytes.clone(), version: version.to_string() }))
        };
        self.call(find).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition<'_>) -> Result<Version, ObjectError> {
        if let (Some(together), 0) = (&self.together, self.tries.fetch_add(1, Ordering::SeqCst)) {
            let together = together.clone();
            let waited = move || {
                together.wait();
            };
            tokio::task::spawn_blocking(waited).await.unwrap();
        }
        let put = || {
            let mut contents = self.contents.lock().unwrap();
            let there = contents.get(key).map(|(_, version)| version.to_string());
            let holds = match condition {
                Condition::Absent => there.is_none(),
                Condition::Unchanged(version) => there.as_deref() == Some(version),
            };
            if !holds && !self.careless {
                return Err(ObjectError::ConditionFailed);
            }
            let version = 1 + contents.values().map(|(_, version)| *version).max().unwrap_or(0);
            self.writes.fetch_add(1, Ordering::SeqCst);
            self.bytes.fetch_add(bytes.len(), Ordering::SeqCst);
            contents.insert(key.to_owned(), (bytes, version));
            Ok(version.to_string())
        };
        self.call(put).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, ObjectError> {
        let list = || {
            let contents = self.contents.lock().unwrap();
            let found = contents.iter().filter(|(key, _)| key.starts_with(prefix));
            Ok(found.map(|(key, (bytes, _))| (key.clone(), bytes.len() as u64)).collect())
        };
        self.call(list).await
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.call(|| {
            self.writes.fetch_add(1, Ordering::SeqCst);
            self.contents.lock().unwrap().remove(key);
            Ok(())
        })
        .await
    }
}

fn create(session: &super::super::Session, n: usize) -> Result<(), StateError> {
    session.intents(vec![intent(n)])?;
    session.accepted(&format!("op-{n}"), &subnet(n).id)?;
    session.done(&format!("op-{n}"), Some(&subnet(n)))
}

#[test]
fn an_apply_from_nothing_to_done() {
    let (contents, registry) = (Contents::default(), registry());
    let (store, reader) = (Client::of(&contents).store(), Client::of(&contents).store());
    assert!(reader.load(&registry).unwrap().new);
    assert!(contents.lock().unwrap().is_empty(), "reading writes nothing");
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    assert!(loaded.new && reader.load(&registry).unwrap().new);
    session.begin(&mut loaded.state, "a").unwrap();
    create(&session, 0).unwrap();
    session.intents(vec![intent(1)]).unwrap();
    let during = reader.load(&registry).unwrap();
    assert_eq!(during.state.resources, [(subnet_address(0), subnet(0))].into());
    assert_eq!((during.pending.len(), during.state.serial), (1, 1));
    let error = reader.open(&options("plat destroy"), &registry).err().unwrap();
    assert!(matches!(error, StateError::Locked { expires_in: Some(1..=70), .. }), "{error}");
    assert!(error.to_string().contains("`plat apply` of maria@build-7"));
    session.failed("op-1", "refused").unwrap();
    loaded.state.resources = during.state.resources;
    session.finish(&mut loaded.state).unwrap();
    let after = reader.load(&registry).unwrap();
    assert_eq!((after.state, after.pending), (loaded.state, vec![]));
    assert!(reader.open(&options("plat destroy"), &registry).is_ok(), "the lock is given back");
    assert_eq!(store.location(), "s3://bucket/shop/dev");
}

#[test]
fn random_applies_lose_nothing_though_answers_are_lost() {
    for seed in 1..12 {
        let store = Client::lossy(&Contents::default(), 15, seed).store();
        crashes::random_applies(&store, seed);
    }
}

/// A holder sleeps through its lease, another takes over, and the first goes on: what the first then wrote, and whether the state is still
/// the second's.
fn writes_of_a_sleeper(careless: bool) -> (usize, bool) {
    let (contents, registry) = (Contents::default(), registry());
    drop(Client::of(&contents).store().open(&options("plat apply"), &registry).unwrap());
    let sleeper = Arc::new(Client { contents: contents.clone(), careless, ..Client::default() });
    let (first, mut loaded) = sleeper.store().with_lease(Wait::from_secs(1)).open(&options("plat apply"), &registry).unwrap();
    first.begin(&mut loaded.state, "a").unwrap();
    sleeper.stopped.store(true, Ordering::SeqCst);
    let patient = OpenOptions { wait: Wait::from_secs(20), ..options("plat apply --again") };
    let (second, mut taken) = Client::of(&contents).store().open(&patient, &registry).unwrap();
    second.begin(&mut taken.state, "b").unwrap();
    let (before, writes) = (contents.lock().unwrap().clone(), sleeper.writes.load(Ordering::SeqCst));
    sleeper.stopped.store(false, Ordering::SeqCst);
    let _ = create(&first, 0);
    (sleeper.writes.load(Ordering::SeqCst) - writes, *contents.lock().unwrap() == before)
}

#[test]
fn the_lock_is_lost_by_conditions_alone() {
    assert_eq!(writes_of_a_sleeper(false), (0, true));
    // The same where conditions do not hold: the sleeper writes over the one who took over. So it is they that keep it from that.
    let (writes, untouched) = writes_of_a_sleeper(true);
    assert!(writes > 0 && !untouched, "{writes} writes");
}

#[test]
fn a_holder_that_slept_through_its_lease_cannot_write() {
    let (contents, registry) = (Contents::default(), registry());
    let sleeper = Client::of(&contents);
    let (first, mut loaded) = sleeper.store().with_lease(Wait::from_secs(1)).open(&options("plat apply"), &registry).unwrap();
    first.begin(&mut loaded.state, "a").unwrap();
    create(&first, 0).unwrap();
    first.intents(vec![intent(1)]).unwrap();
    first.held().unwrap();
    sleeper.stopped.store(true, Ordering::SeqCst);

    let patient = OpenOptions { wait: Wait::from_secs(20), ..options("plat apply --again") };
    let (second, mut taken) = Client::of(&contents).store().open(&patient, &registry).unwrap();
    assert_eq!((taken.state.resources.len(), taken.pending.len()), (1, 1));
    second.begin(&mut taken.state, "b").unwrap();
    let before = contents.lock().unwrap().clone();
    let writes = sleeper.writes.load(Ordering::SeqCst);

    sleeper.stopped.store(false, Ordering::SeqCst);
    // Before the next call, not only at the next line.
    assert!(matches!(first.held(), Err(StateError::LockLost { .. })));
    let error = first.accepted("op-1", "subnet-late").unwrap_err();
    assert!(matches!(&error, StateError::LockLost { holder } if holder.command == "plat apply --again"), "{error}");
    loaded.state.resources = sample().resources;
    assert!(matches!(first.finish(&mut loaded.state), Err(StateError::LockLost { .. })));
    drop(first);
    assert_eq!((sleeper.writes.load(Ordering::SeqCst), contents.lock().unwrap().clone()), (writes, before));

    second.done("op-1", Some(&subnet(1))).unwrap();
    taken.state.resources.insert(subnet_address(1), subnet(1));
    second.finish(&mut taken.state).unwrap();
    assert_eq!(Client::of(&contents).store().load(&registry).unwrap().state.resources.len(), 2);
}

#[test]
fn a_holder_that_slept_writes_no_snapshot_either() {
    let (contents, registry) = (Contents::default(), registry());
    let sleeper = Client::of(&contents);
    let (first, mut loaded) = sleeper.store().with_lease(Wait::from_secs(1)).open(&options("plat apply"), &registry).unwrap();
    first.begin(&mut loaded.state, "a").unwrap();
    sleeper.stopped.store(true, Ordering::SeqCst);
    let patient = OpenOptions { wait: Wait::from_secs(20), ..options("plat apply") };
    let (_second, _) = Client::of(&contents).store().open(&patient, &registry).unwrap();
    let before = contents.lock().unwrap().clone();
    sleeper.stopped.store(false, Ordering::SeqCst);
    loaded.state.resources = sample().resources;
    assert!(matches!(first.finish(&mut loaded.state), Err(StateError::LockLost { .. })));
    assert_eq!(contents.lock().unwrap().clone(), before);
}

#[test]
fn a_lease_is_renewed_while_its_holder_is_busy() {
    let (contents, registry) = (Contents::default(), registry());
    let store = Client::of(&contents).store().with_lease(Wait::from_millis(1500));
    let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    let patient = OpenOptions { wait: Wait::from_secs(3), ..options("plat apply") };
    let other = Client::of(&contents).store().open(&patient, &registry).err();
    assert!(matches!(other, Some(StateError::Locked { .. })));
    create(&session, 0).unwrap();
    session.finish(&mut loaded.state).unwrap();
}

#[test]
fn of_eight_at_once_one_goes_on() {
    let registry = registry();
    for round in 0..100 {
        let contents = Contents::default();
        let (barrier, winners) = (Barrier::new(8), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (contents, barrier, winners, registry) = (&contents, &barrier, &winners, &registry);
                scope.spawn(move || {
                    let store = Client::lossy(contents, 20, round * 8 + thread + 1).store();
                    barrier.wait();
                    let opened = store.open(&options("plat apply"), registry);
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

/// How many of eight get the lock that have all seen that nobody has it.
fn winners(careless: bool) -> usize {
    let (contents, registry) = (Contents::default(), registry());
    drop(Client::of(&contents).store().open(&options("plat apply"), &registry).unwrap());
    let (together, held, winners) = (Arc::new(Barrier::new(8)), Barrier::new(8), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let client = Client { contents: contents.clone(), together: Some(together.clone()), careless, ..Client::default() };
            let (held, winners, registry) = (&held, &winners, &registry);
            scope.spawn(move || {
                let opened = Arc::new(client).store().open(&options("plat apply"), registry);
                held.wait();
                match opened {
                    Ok(_) => drop(winners.fetch_add(1, Ordering::SeqCst)),
                    Err(StateError::Locked { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            });
        }
    });
    winners.into_inner()
}

#[test]
fn of_eight_that_saw_no_lock_one_gets_it_by_conditions_alone() {
    for _ in 0..10 {
        assert_eq!(winners(false), 1);
    }
    // The same where conditions do not hold: all eight. So the test would see it.
    assert_eq!(winners(true), 8);
}

#[test]
fn a_store_that_does_not_heed_conditions_is_refused_before_anything_is_kept_in_it() {
    let (contents, registry) = (Contents::default(), registry());
    let careless = Arc::new(Client { contents: contents.clone(), careless: true, ..Client::default() });
    let error = careless.store().open(&options("plat apply"), &registry).err().unwrap();
    assert!(matches!(error, StateError::Careless { .. }) && error.to_string().contains("conditional writes"), "{error}");
    assert!(contents.lock().unwrap().is_empty(), "{:?}", contents.lock().unwrap().keys());
    // One that heeds them is asked once, when there is nothing yet, and nothing of the question stays.
    let client = Client::of(&contents);
    let calls = |client: &Client| client.calls.load(Ordering::SeqCst);
    drop(client.store().open(&options("plat apply"), &registry).unwrap());
    let first = calls(&client);
    assert_eq!(contents.lock().unwrap().keys().collect::<Vec<_>>(), ["shop/dev/HEAD"]);
    drop(client.store().open(&options("plat apply"), &registry).unwrap());
    assert!(calls(&client) - first < first, "{first} calls, and {} later", calls(&client) - first);
}

/// A bucket with two snapshots and an open journal of several objects, nobody holding the lock.
fn used(registry: &Registry) -> Contents {
    let contents = Contents::default();
    for round in 0..2 {
        let (session, mut loaded) = Client::of(&contents).store().open(&options("plat apply"), registry).unwrap();
        session.begin(&mut loaded.state, "a").unwrap();
        if round == 0 {
            loaded.state.resources = sample().resources;
            session.finish(&mut loaded.state).unwrap();
        } else {
            (10..100).for_each(|n| create(&session, n).unwrap());
            session.intents(vec![intent(100)]).unwrap();
        }
    }
    contents
}

/// Between a look for HEAD and a look for snapshots somebody else's first apply began.
#[test]
fn a_state_that_begins_meanwhile_is_not_damaged() {
    let registry = registry();
    let contents = used(&registry);
    let early = || Arc::new(Client { contents: contents.clone(), early: AtomicBool::new(true), ..Client::default() });
    assert!(!early().store().load(&registry).unwrap().new);
    let (session, loaded) = early().store().open(&options("plat apply"), &registry).unwrap();
    assert!(!loaded.new);
    drop(session);
    contents.lock().unwrap().remove("shop/dev/HEAD");
    let lost = early().store().load(&registry).unwrap_err().to_string();
    assert!(lost.contains("is missing"), "{lost}");
}

#[test]
fn damage_is_found_named_and_repaired() {
    let registry = registry();
    let pristine = used(&registry);
    let load = |contents: &Contents| Client::of(contents).store().load(&registry);
    let whole = load(&pristine).unwrap();
    assert_eq!((whole.state.resources.len(), whole.pending.len()), (94, 1));
    let keys: Vec<String> = pristine.lock().unwrap().keys().cloned().collect();
    assert!(keys.iter().filter(|key| key.contains("journal/")).count() >= 2, "{keys:?}");
    let current: Vec<&String> = keys.iter().filter(|key| !key.contains("snapshots/000000")).collect();
    // Of each object, so many cuts and flips; `PLAT_DAMAGE` says how many.
    let times: usize = std::env::var("PLAT_DAMAGE").map_or(100, |text| text.parse().unwrap());
    let (mut dice, mut found) = (Dice(5), 0);
    for key in &current {
        let bytes = pristine.lock().unwrap().get(*key).unwrap().0.clone();
        let damages = (0..times).map(|i| {
            let mut damaged = bytes.clone();
            match i {
                0 => damaged.clear(),
                _ if i % 2 == 0 => damaged.truncate(dice.roll(bytes.len())),
                _ => damaged[dice.roll(bytes.len())] ^= 1 << dice.roll(8),
            }
            damaged
        });
        for damaged in damages {
            let contents: Contents = Arc::new(Mutex::new(pristine.lock().unwrap().clone()));
            contents.lock().unwrap().get_mut(*key).unwrap().0 = damaged;
            let error = load(&contents).unwrap_err();
            assert!(matches!(error, StateError::Damaged { newest_good: Some(_), .. }), "{key}: {error}");
            if found % 20 == 0 {
                assert!(Client::of(&contents).store().open(&options("plat apply"), &registry).is_err());
            }
            found += 1;
        }
        // Gone altogether, and then restored.
        let contents: Contents = Arc::new(Mutex::new(pristine.lock().unwrap().clone()));
        contents.lock().unwrap().remove(*key);
        let error = load(&contents).unwrap_err();
        let StateError::Damaged { newest_good: Some(good), .. } = error else { panic!("{key}: {error}") };
        let restored = Client::of(&contents).store().restore(good, &options("plat state restore"), &registry).unwrap();
        assert_eq!(restored.serial, 2);
        let after = load(&contents).unwrap();
        assert_eq!((after.state.serial, after.pending.len()), (2, 0));
        let (session, mut loaded) = Client::of(&contents).store().open(&options("plat apply"), &registry).unwrap();
        session.begin(&mut loaded.state, "c").unwrap();
        session.finish(&mut loaded.state).unwrap();
    }
    println!("reliability: state and journal in a bucket: {found} cuts and flips found, 0 panics, 0 taken for empty");
}

#[test]
fn bytes_grow_with_what_changes_and_not_with_its_square() {
    let registry = registry();
    let cost = |count: usize| {
        let client = Client::of(&Contents::default());
        let (session, mut loaded) = client.store().open(&options("plat apply"), &registry).unwrap();
        session.begin(&mut loaded.state, "a").unwrap();
        (0..count).for_each(|n| create(&session, n).unwrap());
        loaded.state.resources = (0..count).map(|n| (subnet_address(n), subnet(n))).collect();
        session.finish(&mut loaded.state).unwrap();
        client.bytes.load(Ordering::SeqCst)
    };
    let (hundred, thousand) = (cost(100), cost(1000));
    assert!(thousand < hundred * 13, "{hundred} bytes for 100, {thousand} for 1000");
}

#[test]
fn a_session_works_on_runtimes_of_every_kind() {
    let registry = registry();
    let apply = |registry: &Registry| {
        let contents = Contents::default();
        let store = Client::of(&contents).store();
        let (session, mut loaded) = store.open(&options("plat apply"), registry).unwrap();
        session.begin(&mut loaded.state, "a").unwrap();
        create(&session, 0).unwrap();
        session.finish(&mut loaded.state).unwrap();
    };
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async { apply(&registry) });
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(async {
        apply(&registry);
        tokio::spawn(async move { apply(&super::registry()) }).await.unwrap();
    });
}

#[test]
fn a_lease_is_broken_by_its_epoch_alone_and_its_holder_writes_no_more() {
    let (contents, registry) = (Contents::default(), registry());
    let (store, other) = (Client::of(&contents).store(), Client::of(&contents).store());
    assert_eq!(other.unlock(1).unwrap(), super::super::Unlocked::Free);
    let (session, loaded) = store.open(&options("plat apply -e dev"), &registry).unwrap();
    session.begin(&mut loaded.state.clone(), "id").unwrap();
    let Err(StateError::Locked { epoch: Some(epoch), .. }) = other.open(&options("plat apply"), &registry).map(|_| ()) else {
        panic!("not locked")
    };
    let wrong = other.unlock(epoch + 1).unwrap_err();
    assert!(matches!(wrong, StateError::AnotherLease { found, .. } if found == epoch), "{wrong}");
    create(&session, 1).unwrap();

    assert_eq!(other.unlock(epoch).unwrap(), super::super::Unlocked::Broken(options("plat apply -e dev").holder));
    assert!(matches!(create(&session, 2), Err(StateError::LockLost { .. })));
    let (_next, found) = other.open(&options("plat apply"), &registry).unwrap();
    assert_eq!((found.state.resources.len(), found.pending.len()), (1, 0), "what was recorded before stays");
    assert!(matches!(store.unlock(epoch), Err(StateError::AnotherLease { .. })), "the next holder's lock is another one");
}

#[test]
fn an_encrypted_state_is_nothing_to_read_and_takes_another_passphrase() {
    let (registry, contents) = (registry(), Contents::default());
    let with = |passphrase: &str| {
        let encryption = Encryption::with_passphrase(crate::value::SecretText::new(passphrase));
        Client::of(&contents).store().with_encryption(encryption)
    };
    let (session, mut loaded) = with("p").open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    loaded.state.resources = sample().resources;
    session.finish(&mut loaded.state).unwrap();
    drop(session);
    let (session, mut loaded) = with("p").open(&options("plat apply"), &registry).unwrap();
    session.begin(&mut loaded.state, "b").unwrap();
    session.intents(vec![intent(10)]).unwrap();
    drop(session);
    let known = with("p").load(&registry).unwrap();
    assert_eq!((known.state.resources.len(), known.pending.len()), (sample().resources.len(), 1));
    assert!(matches!(with("q").load(&registry), Err(StateError::WrongPassphrase { .. })));
    assert!(matches!(with("q").open(&options("x"), &registry), Err(StateError::WrongPassphrase { .. })));
    assert!(matches!(Client::of(&contents).store().load(&registry), Err(StateError::NoPassphrase { .. })));

    let new = Encryption::with_passphrase(crate::value::SecretText::new("q"));
    with("p").rekey(&new, &options("plat state rekey"), &registry).unwrap();
    assert!(matches!(with("p").load(&registry), Err(StateError::WrongPassphrase { .. })));
    let again = with("q").load(&registry).unwrap();
    assert_eq!((again.state, again.pending), (known.state, known.pending));
}
