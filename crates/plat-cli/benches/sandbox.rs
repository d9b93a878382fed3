//! The sandbox alone: what it adds to every figure of docs/performance.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use plat::address::Address;
use plat::provider::sandbox::Sandbox;
use plat::provider::{Accepted, Operation, Provider, ProviderError};
use plat::schema::Registry;
use plat::value::{Duration, ResolvedObject, Value};

const TYPE: &str = "aws.ec2.VPC";
const REGION: &str = "us-west-2";
const COUNT: usize = 10_000;

struct Nobody;

impl Accepted for Nobody {
    fn accepted(&self, _: &str) -> Result<(), ProviderError> {
        Ok(())
    }
}

fn registry() -> Arc<Registry> {
    Arc::new(Registry::new(plat_aws::schemas()))
}

/// Creates `COUNT` networks; answers with their ids.
fn fill(cloud: &Sandbox, runtime: &tokio::runtime::Runtime) -> Vec<String> {
    let tags = Value::object([("Name", Value::str("network")), ("ManagedBy", Value::str("plat"))]);
    let inputs = [("cidr_block", Value::Cidr("10.0.0.0/16".parse().unwrap())), ("tags", tags)];
    let inputs = ResolvedObject::new(inputs.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()).unwrap();
    let create = |i: usize| {
        let address = Address::root("vpc", Some(i.to_string().into()));
        let id = format!("operation-{i}");
        let timeout = Duration::minutes(10);
        let op = Operation { id: &id, address: &address, type_name: TYPE, region: REGION, timeout, accepted: &Nobody };
        runtime.block_on(cloud.create(&op, &inputs)).unwrap().id
    };
    (0..COUNT).map(create).collect()
}

fn open(path: &Path) -> Sandbox {
    Sandbox::open(registry(), path).unwrap()
}

fn sandbox(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world");
    let ids = fill(&open(&path), &runtime);

    let mut group = criterion.benchmark_group("sandbox, 10,000 resources");
    group.sample_size(20);
    group.bench_function("create", |b| {
        b.iter_batched(
            || tempfile::tempdir().unwrap(),
            |folder| {
                fill(&open(&folder.path().join("world")), &runtime);
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("open", |b| b.iter(|| open(&path)));
    group.bench_function("read", |b| {
        b.iter_batched(|| open(&path), |cloud| runtime.block_on(cloud.read(TYPE, REGION, &ids)).unwrap(), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, sandbox);
criterion_main!(benches);
