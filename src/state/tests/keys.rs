//! States under keys of every kind, and on the way from one to another.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

use super::super::{Context, Encryption, KeyChoice, KeyService, LocalStore, Secrets, ServiceWrapped, Session, StateError, StateStore as _};
use super::*;
use crate::age::Identity;
use crate::value::SecretText;

const IDENTITIES: [&str; 2] = [
    "AGE-SECRET-KEY-1JE3SP96A90N3KXKWEWF0CW2M305TEQ6XRX8234R3REE4HYWKDJVSE4GTF5",
    "AGE-SECRET-KEY-1CN9YACH6TGJP2W85Y858QL0CXQ9DQETHE5P24VKFZFSE7Z477EXSSY6HGH",
];

/// A key, the context it was used with, and what was wrapped.
type Wrapping = (String, Context, Vec<u8>);

/// A key service: a blob is the number of its wrapping. `alias/…` stands for what it was last set to.
#[derive(Default)]
struct Service {
    wrapped: Mutex<Vec<Wrapping>>,
    /// What the alias stands for.
    behind: Mutex<String>,
    unwraps: AtomicUsize,
    /// Wraps, and does not unwrap.
    one_way: bool,
}

impl Service {
    fn key(&self, key: &str) -> String {
        if key.starts_with("alias/") { format!("arn:{}", self.behind.lock().unwrap()) } else { key.to_owned() }
    }
}

struct Shared(Arc<Service>);

impl KeyService for Shared {
    fn wrap(&self, key: &str, region: Option<&str>, context: &Context, data: &[u8]) -> Result<ServiceWrapped, String> {
        let arn = self.0.key(key);
        let mut wrapped = self.0.wrapped.lock().unwrap();
        wrapped.push((arn.clone(), context.clone(), data.to_vec()));
        Ok(ServiceWrapped { blob: vec![u8::try_from(wrapped.len()).unwrap()], arn, region: region.unwrap_or("here").to_owned() })
    }

    fn unwrap(&self, key: &str, _: &str, context: &Context, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        self.0.unwraps.fetch_add(1, Ordering::SeqCst);
        let wrapped = self.0.wrapped.lock().unwrap();
        let (arn, bound, data) = &wrapped[usize::from(blob[0]) - 1];
        if self.0.one_way || (arn, bound) != (&self.0.key(key), context) {
            return Err("IncorrectKeyException".to_owned());
        }
        Ok(Zeroizing::new(data.clone()))
    }
}

fn identity(number: usize) -> Identity {
    Identity::parse(IDENTITIES[number]).unwrap()
}

fn kms(service: &Arc<Service>, key: &str) -> Encryption {
    let choice = KeyChoice::Kms { key: key.to_owned(), region: None };
    Encryption::new(choice, Secrets { kms: Some(Box::new(Shared(service.clone()))), ..all(service) })
}

fn age(service: &Arc<Service>, recipients: &[usize]) -> Encryption {
    Encryption::new(KeyChoice::Age(recipients.iter().map(|number| identity(*number).recipient()).collect()), all(service))
}

fn passphrase(service: &Arc<Service>) -> Encryption {
    Encryption::new(KeyChoice::Passphrase, all(service))
}

/// Everything that opens anything.
fn all(service: &Arc<Service>) -> Secrets {
    let passphrase = Some(SecretText::new("correct horse"));
    Secrets { passphrase, identities: vec![identity(0)], kms: Some(Box::new(Shared(service.clone()))) }
}

fn store(folder: &Folder, encryption: &Encryption) -> LocalStore {
    folder.store().with_encryption(encryption.clone())
}

/// A state with resources, and an apply that was cut off with one operation open.
fn used(folder: &Folder, encryption: &Encryption) -> StateFile {
    let registry = registry();
    let open = || store(folder, encryption).open(&options("plat apply"), &registry).unwrap();
    let (session, mut loaded) = open();
    session.begin(&mut loaded.state, "a").unwrap();
    loaded.state.resources = sample().resources;
    session.finish(&mut loaded.state).unwrap();
    let (session, mut loaded) = open();
    session.begin(&mut loaded.state, "b").unwrap();
    session.intents(vec![intent(10)]).unwrap();
    drop::<Session>(session);
    store(folder, encryption).load(&registry).unwrap().state
}

#[test]
fn a_state_moves_from_every_kind_of_key_to_every_other_in_the_middle_of_an_apply() {
    let (registry, service) = (registry(), Arc::new(Service::default()));
    let kinds = || {
        [
            passphrase(&service),
            kms(&service, "arn:one"),
            kms(&service, "arn:two"),
            age(&service, &[0]),
            age(&service, &[0, 1]),
            Encryption::default(),
        ]
    };
    for (from, old) in kinds().iter().enumerate() {
        for (to, new) in kinds().iter().enumerate().filter(|(to, _)| *to != 5 && from != *to) {
            let folder = Folder::new();
            let state = used(&folder, old);
            if from != 5 {
                let refused = store(&folder, new).load(&registry).unwrap_err();
                assert!(matches!(refused, StateError::OtherKey { .. }), "from {from} to {to}: {refused}");
                assert!(refused.to_string().contains("plat state rekey"), "{refused}");
            }
            store(&folder, new).rekey(new, &options("plat state rekey"), &registry).unwrap();
            let again = store(&folder, new).load(&registry).unwrap();
            assert_eq!((again.state.resources, again.pending.len()), (state.resources, 1), "from {from} to {to}");
            if from != 5 {
                assert!(matches!(store(&folder, old).load(&registry), Err(StateError::OtherKey { .. })));
            }
        }
    }
}

#[test]
fn a_key_that_cannot_be_used_is_told_before_anything_is_written() {
    let registry = registry();
    let one_way = Arc::new(Service { one_way: true, ..Service::default() });
    let cases = [
        (kms(&one_way, "alias/plat"), "the KMS key `alias/plat` of here cannot be used for"),
        (age(&one_way, &[1]), "no age identity that was given opens"),
        (Encryption::new(KeyChoice::Age(vec![identity(0).recipient()]), Secrets::default()), "no identity was given"),
        (Encryption::new(KeyChoice::Kms { key: "k".into(), region: None }, Secrets::default()), "does not speak to AWS"),
        (Encryption::new(KeyChoice::Passphrase, Secrets::default()), "no passphrase was given"),
    ];
    for (encryption, message) in cases {
        let folder = Folder::new();
        let error = store(&folder, &encryption).open(&options("plat apply"), &registry).err().unwrap().to_string();
        assert!(error.contains(message), "{error}");
        assert!(!files(folder.path()).iter().any(|file| file.ends_with("HEAD") || file.extension().is_some_and(|end| end == "json")));
    }
    // Nor is a state moved to a key that it would not come back from.
    let folder = Folder::new();
    let service = Arc::new(Service::default());
    let state = used(&folder, &passphrase(&service));
    let lost = kms(&one_way, "alias/plat");
    assert!(store(&folder, &passphrase(&service)).rekey(&lost, &options("plat state rekey"), &registry).is_err());
    assert_eq!(store(&folder, &passphrase(&service)).load(&registry).unwrap().state, state);
}

#[test]
fn a_key_of_a_service_is_bound_to_its_state_and_asked_for_once() {
    let (registry, service, folder) = (registry(), Arc::new(Service::default()), Folder::new());
    *service.behind.lock().unwrap() = "one".to_owned();
    let state = used(&folder, &kms(&service, "alias/plat"));
    let bound = Context::of(&state);
    assert!(service.wrapped.lock().unwrap().iter().all(|(arn, context, _)| arn == "arn:one" && *context == bound));
    let before = service.unwraps.load(Ordering::SeqCst);
    let encryption = kms(&service, "alias/plat");
    let opened = store(&folder, &encryption);
    (0..3).for_each(|_| drop(opened.load(&registry).unwrap()));
    opened.snapshot(1, &registry).unwrap();
    assert_eq!(service.unwraps.load(Ordering::SeqCst), before + 1);

    // The alias comes to stand for another key: what the stack says is not what the state is under, until it is moved.
    *service.behind.lock().unwrap() = "two".to_owned();
    assert!(matches!(store(&folder, &kms(&service, "alias/plat")).load(&registry), Err(StateError::KeyUnusable { .. })));
    let new = kms(&service, "alias/plat");
    store(&folder, &new).rekey(&new, &options("plat state rekey"), &registry).unwrap();
    assert_eq!(store(&folder, &kms(&service, "alias/plat")).load(&registry).unwrap().state, state);
    assert_eq!(service.wrapped.lock().unwrap().last().unwrap().0, "arn:two");
}

#[test]
fn a_state_that_is_put_where_there_was_none_has_a_key_of_its_own_lineage() {
    let (registry, service, folder) = (registry(), Arc::new(Service::default()), Folder::new());
    let (session, loaded) = store(&folder, &kms(&service, "arn:one")).open(&options("plat state push"), &registry).unwrap();
    let (mut pushed, mut before) = (sample(), loaded.state);
    before.lineage.clone_from(&pushed.lineage);
    session.revise(before, &mut pushed).unwrap();
    drop(session);
    assert_eq!(store(&folder, &kms(&service, "arn:one")).load(&registry).unwrap().state.resources, pushed.resources);
    assert_eq!(service.wrapped.lock().unwrap().last().unwrap().1.lineage, pushed.lineage);
}

#[test]
fn an_old_snapshot_comes_back_under_the_key_of_today() {
    let (registry, service, folder) = (registry(), Arc::new(Service::default()), Folder::new());
    used(&folder, &passphrase(&service));
    let new = age(&service, &[0]);
    store(&folder, &new).rekey(&new, &options("plat state rekey"), &registry).unwrap();
    std::fs::write(folder.path().join(".plat/state/shop/dev/HEAD"), b"").unwrap();
    store(&folder, &new).restore(1, &options("plat state restore"), &registry).unwrap();
    assert_eq!(store(&folder, &new).load(&registry).unwrap().state.resources, sample().resources);
}

#[test]
fn a_wrapped_key_says_how_it_was_wrapped() {
    let (service, folder) = (Arc::new(Service::default()), Folder::new());
    for (encryption, says) in [
        (kms(&service, "arn:one"), "\"wrap\":\"aws-kms\""),
        (age(&service, &[0]), "\"wrap\":\"age\""),
        (passphrase(&service), "\"kdf\":\"argon2id\""),
    ] {
        let folder = Folder::new();
        used(&folder, &encryption);
        let head = std::fs::read_to_string(folder.path().join(".plat/state/shop/dev/HEAD")).unwrap();
        assert!(head.contains(says), "{head}");
    }
    drop(folder);
}
