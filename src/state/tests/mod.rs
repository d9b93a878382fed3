//! The promises of a state, each put to the test.

mod crashes;
mod damage;
pub mod disk;
mod edits;
mod encrypted;
mod forged;
mod format;
mod keys;
mod locking;
mod remote;
mod sessions;
mod shape;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration as Wait;

use super::{Holder, Intent, LocalStore, OpenOptions, Record, StateFile, Status, Verb};
use crate::address::Address;
use crate::schema::{Attribute, Kind, Mode, Recovery, Registry, ResourceSchema, Takes, Timeouts};
use crate::types::Type;
use crate::value::{Object, ResolvedObject, Secret, Size, Value};

/// A folder that is removed when the test is over.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("plat-state-{}", super::random_id().unwrap()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn store(&self) -> LocalStore {
        LocalStore::new(&self.0, "shop", "dev")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn options(command: &str) -> OpenOptions {
    let holder = Holder { who: "maria@build-7".into(), pid: std::process::id(), command: command.into(), since: 1_795_246_856 };
    OpenOptions { holder, wait: Wait::ZERO }
}

fn schema(name: &'static str, attributes: Vec<Attribute>) -> ResourceSchema {
    ResourceSchema {
        name,
        doc: "",
        kind: Kind::Managed,
        attributes,
        import: &["id"],
        arn: None,
        id: None,
        recovery: Recovery::Tag,
        stateful: false,
        remains: None,
        range: None,
        claims: Vec::new(),
        takes: Takes::default(),
        rules: &[],
        constraints: Default::default(),
        timeouts: Timeouts::default(),
    }
}

pub fn registry() -> Registry {
    let optional = |name, ty: Type| Attribute::new(name, Type::optional(ty), Mode::Optional { default: Value::Null });
    let subnet = schema(
        "aws.ec2.Subnet",
        vec![
            Attribute::new("vpc_id", Type::Id("aws.ec2.VPC".into()), Mode::Required),
            Attribute::new("cidr_block", Type::Cidr, Mode::Required),
            optional("availability_zone", Type::String),
            optional("map_public_ip_on_launch", Type::Bool),
            optional("tags", Type::map(Type::String)),
            Attribute::new("subnet_id", Type::Id("aws.ec2.Subnet".into()), Mode::Computed),
        ],
    );
    let database = schema(
        "aws.rds.DBInstance",
        vec![
            Attribute::new("allocated_storage", Type::Size, Mode::Required),
            Attribute::new("master_user_password", Type::secret(Type::String), Mode::Required),
            Attribute::new("engine_version", Type::Version, Mode::Chosen),
            Attribute::new("endpoint", Type::String, Mode::Computed),
        ],
    );
    Registry::new([subnet, database])
}

pub fn object(entries: Vec<(&str, Value)>) -> Object {
    entries.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()
}

pub fn subnet_inputs(n: usize) -> Object {
    object(vec![
        ("vpc_id", Value::str("vpc-0a1b2c3d4e5f60718")),
        ("cidr_block", Value::Cidr(format!("10.{}.{}.0/24", n / 256 % 256, n % 256).parse().unwrap())),
        ("availability_zone", Value::str("us-west-2a")),
        ("tags", Value::object([("Name", Value::str(format!("private-{n}"))), ("Project", Value::str("Connect 2.0"))])),
    ])
}

pub fn subnet(n: usize) -> Arc<Record> {
    let mut observed = subnet_inputs(n);
    observed.insert("subnet_id".into(), Value::str(format!("subnet-{n:017x}")));
    observed.insert("map_public_ip_on_launch".into(), Value::Bool(false));
    Arc::new(Record {
        type_name: "aws.ec2.Subnet".into(),
        id: format!("subnet-{n:017x}"),
        region: "us-west-2".into(),
        inputs: subnet_inputs(n),
        observed: ResolvedObject::new(observed).unwrap(),
        drift: Default::default(),
        dependencies: vec![Address::root("network", None).child("vpc", None)],
        protect: false,
        retain: false,
        status: Status::Ready,
    })
}

pub fn subnet_address(n: usize) -> Address {
    Address::root("network", None).child("private", Some(format!("{n}").into()))
}

/// A create of the subnet `n`, as operation `op-n`.
pub fn intent(n: usize) -> Intent {
    let record = Arc::unwrap_or_clone(subnet(n));
    Intent {
        op: format!("op-{n}").into(),
        address: subnet_address(n),
        verb: Verb::Create,
        type_name: record.type_name,
        region: record.region,
        inputs: record.inputs,
        recovery: Recovery::Tag,
        prior: None,
        dependencies: record.dependencies,
        protect: false,
        retain: false,
    }
}

pub fn database() -> Arc<Record> {
    let secret = Value::Secret(Secret::fingerprint("00112233445566778899aabbccddeeff"));
    Arc::new(Record {
        type_name: "aws.rds.DBInstance".into(),
        id: "shop-db".into(),
        region: "eu-central-1".into(),
        inputs: object(vec![("allocated_storage", Value::Size(Size::gib(100))), ("master_user_password", secret)]),
        observed: ResolvedObject::new(object(vec![
            ("allocated_storage", Value::Size(Size::gib(120))),
            ("engine_version", Value::Version(crate::value::Version("15.4".into()))),
            ("endpoint", Value::str("shop-db.example:5432")),
        ]))
        .unwrap(),
        drift: Default::default(),
        dependencies: vec![subnet_address(0), subnet_address(1)],
        protect: true,
        retain: true,
        status: Status::Broken,
    })
}

/// A type and an attribute that no registry here has.
pub fn stranger() -> Arc<Record> {
    Arc::new(Record {
        type_name: "aws.future.Thing".into(),
        id: "a|b".into(),
        region: "us-west-2".into(),
        inputs: object(vec![("size", Value::str("1GiB")), ("ratio", Value::Float(1.0)), ("none", Value::Null)]),
        observed: ResolvedObject::new(object(vec![
            ("size", Value::str("1GiB")),
            ("ratio", Value::Int(1)),
            ("nested", Value::object([("$odd", Value::list([Value::Int(-1), Value::Bool(true)]))])),
        ]))
        .unwrap(),
        drift: Default::default(),
        dependencies: vec![],
        protect: false,
        retain: false,
        status: Status::Deposed,
    })
}

/// One of everything, with fixed ids.
pub fn sample() -> StateFile {
    let mut state = StateFile {
        stack: "shop".into(),
        env: "dev".into(),
        lineage: "4b1d0f0c6a7e4f0f9a54d8c1e2b3a495".into(),
        serial: 41,
        account: Some("123456789012".into()),
        region: Some("us-west-2".into()),
        fingerprint_key: "0123456789abcdef".repeat(4),
        stored_key: Default::default(),
        resources: [(Address::root("db", None), database()), (Address::root("new", Some("a \"b\"\n".into())), stranger())].into(),
        outputs: [("endpoint".to_owned(), serde_json::json!("shop-db.example:5432"))].into(),
        plans: Vec::new(),
    };
    state.resources.extend((0..2).map(|n| (subnet_address(n), subnet(n))));
    state
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

pub fn copy_folder(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, &target).unwrap();
    }
}

/// Small, seeded, the same on every machine: xorshift64*.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % sides
    }
}
