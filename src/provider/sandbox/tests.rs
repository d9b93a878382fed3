//! The sandbox on a small registry of its own.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::provider::{Accepted, Asked, Change};
use crate::schema::{Attribute, Kind, Mode, Recovery, ResourceSchema, Takes, Timeouts};
use crate::types::{Field, Record, Type};
use crate::value::{Duration, Secret, Value};

fn optional() -> Mode {
    Mode::Optional { default: Value::Null }
}

fn schema(name: &'static str, import: &'static [&'static str], attributes: Vec<Attribute>) -> ResourceSchema {
    ResourceSchema {
        name,
        doc: "",
        kind: Kind::Managed,
        attributes,
        import,
        arn: None,
        id: None,
        range: None,
        claims: Vec::new(),
        recovery: Recovery::Tag,
        stateful: false,
        remains: None,
        takes: Takes { create: Duration::seconds(10), ..Takes::default() },
        rules: &[],
        constraints: Default::default(),
        timeouts: Timeouts::default(),
    }
}

fn registry() -> Arc<Registry> {
    let tags = || Attribute::new("tags", Type::map(Type::String), optional());
    let rule = Type::Record(Arc::new(Record::new(
        None,
        vec![Field { name: "source".into(), ty: Type::Id("t.net.Net".into()), optional: true, doc: "".into() }],
    )));
    let net = schema(
        "t.net.Net",
        &["net_id"],
        vec![
            Attribute { replaces: true, ..Attribute::new("cidr", Type::Cidr, Mode::Required) },
            tags(),
            Attribute::new("net_id", Type::Id("t.net.Net".into()), Mode::Computed),
            Attribute::new("default_table", Type::Id("t.net.RouteTable".into()), Mode::Computed),
            Attribute::new("arn", Type::Arn("t.net.Net".into()), Mode::Computed),
        ],
    );
    let table = schema(
        "t.net.RouteTable",
        &["table_id"],
        vec![
            Attribute::new("net", Type::Id("t.net.Net".into()), Mode::Required),
            Attribute::new("table_id", Type::Id("t.net.RouteTable".into()), Mode::Computed),
        ],
    );
    let service = schema(
        "t.app.ServiceThing",
        &["name"],
        vec![
            Attribute { replaces: true, ..Attribute::new("name", Type::String, Mode::Chosen) },
            Attribute::new("nets", Type::list(Type::Id("t.net.Net".into())), optional()),
            Attribute::new("rules", Type::list(rule), optional()),
            Attribute::new("table", Type::optional(Type::Id("t.net.RouteTable".into())), Mode::Chosen),
            Attribute::new("role", Type::optional(Type::Arn("t.net.Net".into())), optional()),
            Attribute::new("password", Type::secret(Type::String), optional()),
            Attribute { range: Some((1, 10)), ..Attribute::new("size", Type::Int, Mode::Chosen) },
            Attribute::new("port", Type::Int, Mode::Computed),
            Attribute::new("endpoint", Type::String, Mode::Computed),
            tags(),
        ],
    );
    let link = schema(
        "t.net.Link",
        &["net", "table"],
        vec![
            Attribute::new("net", Type::Id("t.net.Net".into()), Mode::Required),
            Attribute::new("table", Type::Id("t.net.RouteTable".into()), Mode::Required),
        ],
    );
    let zones = ResourceSchema {
        kind: Kind::LookupOnly,
        ..schema(
            "t.net.Zones",
            &[],
            vec![
                Attribute::new("state", Type::optional(Type::String), optional()),
                Attribute { sample: &["{region}a", "{region}b"], ..Attribute::new("names", Type::list(Type::String), Mode::Computed) },
            ],
        )
    };
    Arc::new(Registry::new([net, table, service, link, zones]))
}

struct Count(AtomicUsize);

impl Accepted for Count {
    fn accepted(&self, _id: &str) -> Result<(), ProviderError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// One caller with operation ids of its own.
struct Caller<'a> {
    cloud: &'a Sandbox,
    accepted: Count,
    operations: AtomicUsize,
}

fn inputs(entries: &[(&str, Value)]) -> ResolvedObject {
    ResolvedObject::new(entries.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect()).unwrap()
}

const REGION: &str = "us-west-2";

impl<'a> Caller<'a> {
    fn new(cloud: &'a Sandbox) -> Self {
        Self { cloud, accepted: Count(AtomicUsize::new(0)), operations: AtomicUsize::new(0) }
    }

    async fn create(&self, type_name: &str, address: &str, entries: &[(&str, Value)]) -> Result<Existing, ProviderError> {
        let id = format!("op-{address}-{}", self.operations.fetch_add(1, Ordering::SeqCst));
        let address: crate::address::Address = address.parse().unwrap();
        let timeout = Duration::minutes(5);
        let op = Operation { id: &id, address: &address, type_name, region: REGION, timeout, accepted: &self.accepted };
        self.cloud.create(&op, &inputs(entries)).await
    }

    async fn update(&self, type_name: &str, id: &str, entries: &[(&str, Value)]) -> Result<ResolvedObject, ProviderError> {
        let address = "x".parse().unwrap();
        let timeout = Duration::minutes(5);
        let op = Operation { id: "op-update", address: &address, type_name, region: REGION, timeout, accepted: &self.accepted };
        let asked = Asked::new(inputs(entries));
        let changed = entries.iter().map(|(name, _)| Arc::from(*name)).collect();
        self.cloud.update(&op, id, &Change { asked, observed: ResolvedObject::default(), changed }).await
    }

    async fn delete(&self, type_name: &str, id: &str) -> Result<(), ProviderError> {
        let address = "x".parse().unwrap();
        let timeout = Duration::minutes(5);
        let op = Operation { id: "op-delete", address: &address, type_name, region: REGION, timeout, accepted: &self.accepted };
        self.cloud.delete(&op, id, &ResolvedObject::default()).await
    }

    async fn net(&self, address: &str) -> Existing {
        self.create("t.net.Net", address, &[("cidr", cidr("10.0.0.0/16"))]).await.unwrap()
    }
}

fn cidr(text: &str) -> Value {
    Value::Cidr(text.parse().unwrap())
}

fn text(existing: &Existing, name: &str) -> String {
    existing.attributes.get(name).and_then(Value::as_str).unwrap().to_owned()
}

fn code<T: std::fmt::Debug>(result: Result<T, ProviderError>) -> String {
    result.unwrap_err().code
}

#[tokio::test]
async fn ids_look_like_the_clouds_and_are_the_same_in_every_run() {
    let (one, two) = (Sandbox::in_memory(registry()), Sandbox::in_memory(registry()));
    let net = Caller::new(&one).net("net").await;
    assert!(net.id.starts_with("net-") && net.id.len() == 21, "{}", net.id);
    assert_eq!(text(&net, "arn"), format!("arn:aws:net:us-west-2:123456789012:net/{}", net.id));
    assert!(text(&net, "default_table").starts_with("rt-"));
    let _ = Caller::new(&two).net("other").await;
    assert_eq!(Caller::new(&two).net("net").await, net);
}

#[tokio::test]
async fn a_second_life_has_another_id() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    let first = caller.net("net").await;
    caller.delete("t.net.Net", &first.id).await.unwrap();
    assert_ne!(caller.net("net").await.id, first.id);
}

#[tokio::test]
async fn what_is_referred_to_must_exist_and_stays_until_it_is_not() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    let service = |name: &str, net: &str| {
        let rule = Value::object([("source", Value::str(net))]);
        [("name", Value::str(name)), ("rules", Value::list([rule]))]
    };
    assert_eq!(code(caller.create("t.app.ServiceThing", "s", &service("a", "net-0")).await), "InvalidNetID.NotFound");
    let net = caller.net("net").await;
    let made = caller.create("t.app.ServiceThing", "s", &service("a", &net.id)).await.unwrap();
    let refused = caller.delete("t.net.Net", &net.id).await.unwrap_err();
    assert_eq!((refused.kind, &*refused.code), (ErrorKind::Refused, "DependencyViolation"));
    assert!(refused.message.contains("`a`"), "{}", refused.message);
    // The update drops the reference.
    caller.update("t.app.ServiceThing", &made.id, &[("name", Value::str("a")), ("rules", Value::Null)]).await.unwrap();
    caller.delete("t.net.Net", &net.id).await.unwrap();
    // What is gone already is no error.
    caller.delete("t.net.Net", &net.id).await.unwrap();
    assert_eq!(cloud.inventory().unwrap().len(), 1);
}

#[tokio::test]
async fn arns_and_things_that_came_with_others_can_be_referred_to() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    let net = caller.net("net").await;
    let entries = [("name", Value::str("a")), ("role", Value::str(text(&net, "arn"))), ("table", Value::str(text(&net, "default_table")))];
    let made = caller.create("t.app.ServiceThing", "s", &entries).await.unwrap();
    assert_eq!(code(caller.delete("t.net.Net", &net.id).await), "DependencyViolation");
    let foreign = [("name", Value::str("b")), ("role", Value::str("arn:aws:net:us-west-2:999999999999:net/x"))];
    caller.create("t.app.ServiceThing", "f", &foreign).await.unwrap();
    let unknown = [("name", Value::str("c")), ("role", Value::str("arn:aws:net:us-west-2:123456789012:net/x"))];
    assert_eq!(code(caller.create("t.app.ServiceThing", "g", &unknown).await), "InvalidNetID.NotFound");
    caller.delete("t.app.ServiceThing", &made.id).await.unwrap();
    caller.delete("t.net.Net", &net.id).await.unwrap();
}

#[tokio::test]
async fn names_are_unique_and_left_out_ones_are_made() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    let named = caller.create("t.app.ServiceThing", "s", &[("name", Value::str("a"))]).await.unwrap();
    assert_eq!(named.id, "a");
    let taken = caller.create("t.app.ServiceThing", "t", &[("name", Value::str("a"))]).await.unwrap_err();
    assert_eq!(taken.kind, ErrorKind::Exists);
    let unnamed = caller.create("t.app.ServiceThing", "worker", &[]).await.unwrap();
    assert!(unnamed.id.starts_with("worker-"), "{}", unnamed.id);
    assert!(text(&named, "endpoint").starts_with("a."));
    assert!(matches!(named.attributes.get("port"), Some(Value::Int(1_024..=32_767))));
    assert_eq!(named.attributes.get("size"), Some(&Value::Int(1)));
}

#[tokio::test]
async fn composite_ids_are_joined() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    let net = caller.net("net").await;
    let table = caller.create("t.net.RouteTable", "t", &[("net", Value::str(net.id.as_str()))]).await.unwrap();
    let entries = [("net", Value::str(net.id.as_str())), ("table", Value::str(table.id.as_str()))];
    let link = caller.create("t.net.Link", "l", &entries).await.unwrap();
    assert_eq!(link.id, format!("{}|{}", net.id, table.id));
    assert_eq!(code(caller.create("t.net.Link", "l", &entries).await), "AlreadyExists");
    assert_eq!(code(caller.delete("t.net.RouteTable", &table.id).await), "DependencyViolation");
}

#[tokio::test]
async fn bad_inputs_are_refused() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    assert_eq!(code(caller.create("t.net.Net", "n", &[]).await), "MissingParameter");
    assert_eq!(code(caller.create("t.net.Net", "n", &[("cidr", Value::str("10.0.0.0/16"))]).await), "ValidationError");
    assert_eq!(code(caller.create("t.net.Net", "n", &[("cidr", cidr("10.0.0.0/16")), ("arn", Value::str("x"))]).await), "ValidationError");
    assert_eq!(code(caller.create("t.app.ServiceThing", "s", &[("size", Value::Int(11))]).await), "InvalidParameterValue");
    let fingerprint = Value::Secret(Secret::fingerprint("f00d"));
    assert_eq!(code(caller.create("t.app.ServiceThing", "s", &[("password", fingerprint)]).await), "ValidationError");
    let net = caller.net("net").await;
    assert_eq!(code(caller.update("t.net.Net", &net.id, &[("cidr", cidr("10.1.0.0/16"))]).await), "InvalidParameterCombination");
    assert_eq!(code(caller.update("t.net.Net", "net-0", &[("cidr", cidr("10.1.0.0/16"))]).await), "NotFound");
    assert_eq!(cloud.inventory().unwrap().len(), 1);
}

#[tokio::test]
async fn secrets_are_not_kept() {
    let folder = tempfile();
    let cloud = Sandbox::open(registry(), &folder.join("world")).unwrap();
    let password = Value::Secret(Secret::Plain(SecretText::new("hunter2")));
    let made = Caller::new(&cloud).create("t.app.ServiceThing", "s", &[("password", password)]).await.unwrap();
    assert!(!made.attributes.contains_key("password"));
    assert!(!std::fs::read_to_string(folder.join("world")).unwrap().contains("hunter2"));
    let secret = cloud.secret(REGION, "db").await.unwrap();
    assert_eq!(secret.expose().len(), 32);
    assert_eq!(cloud.secret(REGION, "db").await.unwrap(), secret);
    assert_ne!(cloud.secret(REGION, "cache").await.unwrap(), secret);
}

#[tokio::test]
async fn lookups_answer_from_the_world_or_from_the_schema() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    let zones = cloud.lookup("t.net.Zones", "eu-west-1", &ResolvedObject::default()).await.unwrap();
    assert_eq!(zones.get("names"), Some(&Value::list(["eu-west-1a", "eu-west-1b"].map(Value::str))));
    let tags = |entries: &[(&str, &str)]| Value::object(entries.iter().map(|(k, v)| (*k, Value::str(*v))));
    let one = [("cidr", cidr("10.0.0.0/16")), ("tags", tags(&[("Name", "one"), ("Env", "x")]))];
    let two = [("cidr", cidr("10.1.0.0/16")), ("tags", tags(&[("Name", "two"), ("Env", "x")]))];
    let one = caller.create("t.net.Net", "one", &one).await.unwrap();
    caller.create("t.net.Net", "two", &two).await.unwrap();
    let found = cloud.lookup("t.net.Net", REGION, &inputs(&[("tags", tags(&[("Name", "one")]))])).await.unwrap();
    assert_eq!(found, one.attributes);
    let both = cloud.lookup("t.net.Net", REGION, &inputs(&[("tags", tags(&[("Env", "x")]))])).await;
    assert_eq!(code(both), "MoreThanOne");
    let none = cloud.lookup("t.net.Net", REGION, &inputs(&[("cidr", cidr("10.2.0.0/16"))])).await.unwrap_err();
    assert_eq!(none.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn time_passes_along_the_longest_path_only() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    let net = caller.net("a").await;
    caller.net("b").await;
    assert_eq!(cloud.elapsed(), 10);
    caller.create("t.net.RouteTable", "t", &[("net", Value::str(net.id.as_str()))]).await.unwrap();
    assert_eq!(cloud.elapsed(), 20);
}

#[tokio::test]
async fn faults_strike_where_they_should() {
    let cloud = Sandbox::in_memory(registry());
    let caller = Caller::new(&cloud);
    let entries = [("cidr", cidr("10.0.0.0/16"))];
    let kind = |result: Result<Existing, ProviderError>| result.unwrap_err().kind;

    cloud.set_faults(Faults::none().with(Fault::nth(1, What::LoseResponse).of(Call::Create)));
    assert_eq!(kind(caller.create("t.net.Net", "lost", &entries).await), ErrorKind::InDoubt);
    assert_eq!(caller.accepted.0.load(Ordering::SeqCst), 0);
    assert_eq!(cloud.inventory().unwrap().len(), 1);
    let address = "lost".parse().unwrap();
    let timeout = Duration::minutes(5);
    let operation = |id| Operation { id, address: &address, type_name: "t.net.Net", region: REGION, timeout, accepted: &caller.accepted };
    let found = cloud.find(&operation("op-lost-0"), &ResolvedObject::default()).await.unwrap();
    assert_eq!(found.as_deref(), Some(&*cloud.inventory().unwrap()[0].id));
    assert_eq!(cloud.find(&operation("op-lost-1"), &ResolvedObject::default()).await.unwrap(), None);

    cloud.set_faults(Faults::none().with(Fault::nth(1, What::LoseRequest)));
    assert_eq!(kind(caller.create("t.net.Net", "never", &entries).await), ErrorKind::InDoubt);
    assert_eq!(cloud.inventory().unwrap().len(), 1);

    cloud.set_faults(Faults::none().with(Fault::nth(1, What::Fail)));
    assert_eq!(kind(caller.create("t.net.Net", "broken", &entries).await), ErrorKind::Failed);
    assert_eq!(caller.accepted.0.load(Ordering::SeqCst), 1);
    assert_eq!(cloud.inventory().unwrap().len(), 2);

    cloud.set_faults(Faults::none().with(Fault::nth(1, What::Slow(Duration::minutes(10)))));
    assert_eq!(kind(caller.create("t.net.Net", "slow", &entries).await), ErrorKind::TimedOut);
    cloud.set_faults(Faults::none().with(Fault::nth(1, What::TimeOut)));
    assert_eq!(kind(caller.create("t.net.Net", "slower", &entries).await), ErrorKind::TimedOut);

    let before = cloud.elapsed();
    cloud.set_faults(Faults::none().with(Fault::always(What::Throttle { attempts: 3 })));
    caller.create("t.net.Net", "throttled", &entries).await.unwrap();
    assert!(cloud.elapsed() > before);
    cloud.set_faults(Faults::none().with(Fault::always(What::Throttle { attempts: ATTEMPTS })));
    assert_eq!(code(caller.create("t.net.Net", "refused", &entries).await), "RequestLimitExceeded");
}

/// A folder of this test's own, under the system's folder for such things.
fn tempfile() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("plat-sandbox-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
async fn the_file_has_everything_that_was_acknowledged() {
    let path = tempfile().join("world");
    let cloud = Sandbox::open(registry(), &path).unwrap();
    let caller = Caller::new(&cloud);
    let net = caller.net("net").await;
    let table = caller.create("t.net.RouteTable", "t[\"a\"]", &[("net", Value::str(net.id.as_str()))]).await.unwrap();
    let gone = caller.net("gone").await;
    caller.delete("t.net.Net", &gone.id).await.unwrap();
    // Not dropped: as after a kill.
    let again = Sandbox::open(registry(), &path).unwrap();
    assert_eq!(again.inventory().unwrap(), cloud.inventory().unwrap());
    let read = again.read("t.net.RouteTable", REGION, &["rt-0".to_owned(), table.id.clone()]).await.unwrap();
    assert_eq!(read, [None, Some(table.attributes)]);
    // Both see what the other does, and the second life of an address is remembered.
    let other = Caller::new(&again);
    assert_ne!(other.net("gone").await.id, gone.id);
    assert_eq!(cloud.inventory().unwrap(), again.inventory().unwrap());
    assert_eq!(code(caller.delete("t.net.Net", &net.id).await), "DependencyViolation");
}

#[tokio::test]
async fn half_a_line_is_dropped_and_damage_is_told() {
    let path = tempfile().join("world");
    let cloud = Sandbox::open(registry(), &path).unwrap();
    Caller::new(&cloud).net("net").await;
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let half = Sandbox::open(registry(), &path).unwrap();
        assert_eq!(half.inventory().unwrap(), []);
        Caller::new(&half).net("net").await;
        assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {cut}");
    }
    let mut damaged = whole.clone();
    let line = damaged.iter().position(|b| *b == b'\n').unwrap() + 1;
    damaged[line] = b'}';
    std::fs::write(&path, &damaged).unwrap();
    assert!(matches!(Sandbox::open(registry(), &path), Err(SandboxError::Damaged { .. })));
    std::fs::write(&path, "{\"world\":2}\n").unwrap();
    assert!(Sandbox::open(registry(), &path).unwrap_err().to_string().contains("newer plat"));
}

#[tokio::test]
async fn the_file_forgets_its_past() {
    let path = tempfile().join("world");
    let cloud = Sandbox::open(registry(), &path).unwrap();
    let watcher = Sandbox::open(registry(), &path).unwrap();
    let caller = Caller::new(&cloud);
    let net = caller.net("net").await;
    let mut longest = 0;
    for i in 0..1_500 {
        let tags = Value::object([("n", Value::str(i.to_string()))]);
        caller.update("t.net.Net", &net.id, &[("cidr", cidr("10.0.0.0/16")), ("tags", tags)]).await.unwrap();
        longest = longest.max(std::fs::metadata(&path).unwrap().len());
    }
    assert!(std::fs::metadata(&path).unwrap().len() < longest);
    assert_eq!(watcher.inventory().unwrap(), cloud.inventory().unwrap());
    assert_eq!(Sandbox::open(registry(), &path).unwrap().inventory().unwrap(), cloud.inventory().unwrap());
}

#[test]
fn many_writers_lose_nothing() {
    let path = tempfile().join("world");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let cloud = Sandbox::open(registry(), path).unwrap();
                let caller = Caller::new(&cloud);
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                for i in 0..25 {
                    runtime.block_on(caller.net(&format!("net_{thread}_{i}")));
                }
            });
        }
    });
    assert_eq!(Sandbox::open(registry(), &path).unwrap().inventory().unwrap().len(), 100);
}
