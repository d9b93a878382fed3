//! Over the wire, against a store of this machine.

mod server;

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, tls};
use http::StatusCode;
use object_store::RetryConfig;
use object_store::azure::MicrosoftAzureBuilder;
use plat::schema::Registry;
use plat::state::objects::{Condition, ObjectError, Objects};
use plat::state::{Holder, OpenOptions, RemoteStore, StateError, StateStore};

use self::server::Server;
use crate::store::{Cloud, StateObjects};
use crate::wire::Wire;
use crate::{Environment, gcs};

/// As `plat_aws::https` makes it, but for proxies: what is asked here is on this machine.
fn connector() -> Connector {
    Connector::builder().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build()
}

fn google(server: &Server, bucket: &str) -> StateObjects {
    let environment = Environment { google_emulator: Some(server.address.clone()) };
    gcs(connector(), &environment, bucket, "/states/").unwrap()
}

/// As [`crate::azure`] makes it of an environment that says AZURE_STORAGE_USE_EMULATOR, which is one for the whole process.
fn microsoft(server: &Server, container: &str) -> StateObjects {
    let builder = MicrosoftAzureBuilder::new()
        .with_account("devstoreaccount1")
        .with_container_name(container)
        .with_endpoint(format!("http://{}/devstoreaccount1", server.address))
        .with_access_key("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .with_http_connector(Wire::new(connector()));
    StateObjects {
        store: Box::new(builder.build().unwrap()),
        cloud: Cloud::Azure,
        location: format!("azure://devstoreaccount1/{container}/states"),
        bucket: format!("container `{container}` in the storage account `devstoreaccount1`"),
        prefix: "states/".to_owned(),
    }
}

fn both(server: &Server, bucket: &str) -> [StateObjects; 2] {
    [google(server, bucket), microsoft(server, bucket)]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_does_what_a_state_needs_of_it() {
    for number in 0..2 {
        let server = Server::start().await;
        let store = both(&server, "b").into_iter().nth(number).unwrap();
        assert_eq!(store.get("shop/dev/HEAD").await, Ok(None));
        assert_eq!(store.list("shop/dev/").await, Ok(vec![]));
        let first = store.put("shop/dev/HEAD", b"one".to_vec(), Condition::Absent).await.unwrap();
        let read = store.get("shop/dev/HEAD").await.unwrap().unwrap();
        assert_eq!((read.bytes.as_slice(), &read.version), (&b"one"[..], &first));
        let taken = store.put("shop/dev/HEAD", b"two".to_vec(), Condition::Absent).await;
        assert_eq!(taken, Err(ObjectError::ConditionFailed));
        let second = store.put("shop/dev/HEAD", b"two".to_vec(), Condition::Unchanged(&first)).await.unwrap();
        let late = store.put("shop/dev/HEAD", b"three".to_vec(), Condition::Unchanged(&first)).await;
        assert_eq!(late, Err(ObjectError::ConditionFailed));
        assert_eq!(store.get("shop/dev/HEAD").await.unwrap().unwrap().version, second);
        let gone = store.put("shop/dev/none", b"x".to_vec(), Condition::Unchanged(&second)).await;
        assert_eq!(gone, Err(ObjectError::ConditionFailed));

        // Names of every kind that a state has, over several pages of a list.
        let names =
            ["shop/dev/%2E%2E/a", "shop/dev/journal/000001-ab/000001.jsonl", "shop/dev/snapshots/000000-ff.json", "shop/production/HEAD"];
        for name in names {
            store.put(name, name.into(), Condition::Absent).await.unwrap();
            assert_eq!(store.get(name).await.unwrap().unwrap().bytes, name.as_bytes());
        }
        let mut listed = store.list("shop/dev/").await.unwrap();
        listed.sort();
        let expected = [names[0], "shop/dev/HEAD", names[1], names[2]].map(str::to_owned);
        assert_eq!(listed.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), expected);
        assert_eq!(listed[1].1, 3);
        assert_eq!(store.list("shop/dev/snap").await.unwrap().len(), 1);
        store.delete(names[2]).await.unwrap();
        store.delete(names[2]).await.unwrap();
        assert_eq!(store.get(names[2]).await, Ok(None));
        let asked = server.store.lock().unwrap().asked.clone();
        assert!(asked.iter().any(|call| call.contains("/b/states")), "the prefix stands before every key: {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_and_what_is_in_doubt_is_left_in_doubt() {
    let server = Server::start().await;
    let put = async |store: &StateObjects| store.put("HEAD", b"x".to_vec(), Condition::Absent).await.unwrap_err();
    let [google, azure] = both(&server, "missing");
    let gone = ObjectError::Refused("there is no bucket `missing`; create it first".to_owned());
    assert_eq!((put(&google).await, google.get("HEAD").await, google.list("").await), (gone.clone(), Err(gone.clone()), Err(gone)));
    let gone = "there is no container `missing` in the storage account `devstoreaccount1`; create it first";
    assert_eq!(put(&azure).await, ObjectError::Refused(gone.to_owned()));
    for (store, cloud) in both(&server, "forbidden").iter().zip(["Google Cloud Storage", "Azure"]) {
        assert_eq!(put(store).await, ObjectError::Refused(format!("{cloud} answered 403 AccessDenied: as the test wants it")));
    }
    // Carried out, and the answer says something else: asked once, and left to who knows the write.
    for store in both(&server, "b") {
        for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS] {
            let before = server.store.lock().unwrap().asked.len();
            server.store.lock().unwrap().lost.push(status);
            let outcome = store.put(status.as_str(), b"x".to_vec(), Condition::Absent).await;
            assert!(matches!(outcome, Err(ObjectError::InDoubt(_))), "{status}: {outcome:?}");
            assert_eq!(server.store.lock().unwrap().asked.len(), before + 1);
        }
    }
    // Nobody listens there.
    let environment = Environment { google_emulator: Some("127.0.0.1:1".to_owned()) };
    let nobody = gcs(connector(), &environment, "b", "").unwrap();
    assert!(matches!(nobody.get("HEAD").await, Err(ObjectError::InDoubt(_))));
    let elsewhere = Environment { google_emulator: Some("storage.example:80".to_owned()) };
    assert!(matches!(gcs(connector(), &elsewhere, "b", ""), Err(ObjectError::Refused(why)) if why.contains("not on this machine")));
}

fn options(command: &str) -> OpenOptions {
    let holder = Holder { who: "maria@build-7".into(), pid: 1, command: command.into(), since: 1 };
    OpenOptions { holder, wait: Duration::ZERO }
}

/// How many of eight applies that start at once get the lock.
async fn winners(server: &Server, open: fn(&Server, &str) -> StateObjects) -> usize {
    let stores: Vec<RemoteStore> = (0..8).map(|_| RemoteStore::new(Arc::new(open(server, "b")), "shop", "dev").unwrap()).collect();
    let apply = |store: RemoteStore| {
        tokio::task::spawn_blocking(move || match store.open(&options("plat apply"), &Registry::default()) {
            Ok((session, _)) => {
                std::thread::sleep(Duration::from_millis(500));
                drop(session);
                1
            }
            Err(StateError::Locked { .. } | StateError::LockLost { .. }) => 0,
            Err(other) => panic!("{other}"),
        })
    };
    let applies: Vec<_> = stores.into_iter().map(apply).collect();
    let mut won = 0;
    for apply in applies {
        won += apply.await.unwrap();
    }
    won
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_applies_at_once_one_goes_on() {
    for _ in 0..3 {
        let server = Server::start().await;
        assert_eq!(winners(&server, google).await, 1);
        let server = Server::start().await;
        assert_eq!(winners(&server, microsoft).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_heed_conditions_is_refused() {
    for number in 0..2 {
        let server = Server::start().await;
        server.store.lock().unwrap().careless = true;
        let store = RemoteStore::new(Arc::new(both(&server, "b").into_iter().nth(number).unwrap()), "shop", "dev").unwrap();
        let refused = tokio::task::spawn_blocking(move || store.open(&options("plat apply"), &Registry::default()).err());
        assert!(matches!(refused.await.unwrap(), Some(StateError::Careless { .. })));
        let store = server.store.lock().unwrap();
        assert!(store.keys().is_empty() && !store.holds("shop"), "{:?}", store.keys());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_kept_and_found_again() {
    let server = Server::start().await;
    for objects in both(&server, "b") {
        let location = format!("{}/shop/dev", objects.location());
        let store = RemoteStore::new(Arc::new(objects), "shop", "dev").unwrap();
        let kept = tokio::task::spawn_blocking(move || {
            let registry = Registry::default();
            assert_eq!(store.location(), location);
            let (session, mut loaded) = store.open(&options("plat apply"), &registry).unwrap();
            session.begin(&mut loaded.state, "a").unwrap();
            loaded.state.account = Some("123456789012".to_owned());
            session.finish(&mut loaded.state).unwrap();
            assert_eq!(store.load(&registry).unwrap().state, loaded.state);
            store.history().unwrap().len()
        });
        assert_eq!(kept.await.unwrap(), 2);
    }
}
