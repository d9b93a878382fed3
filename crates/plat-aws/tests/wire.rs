//! A network's whole life through the provider, against an emulator on loopback. Nothing runs without one:
//! `AWS_ENDPOINT_URL=http://127.0.0.1:5000 cargo test -p plat-aws --test wire -- --ignored`
//!
//! That it passes does not prove AWS's behaviour; the emulator is ready at once and guards little.

#![cfg(feature = "ec2")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plat::address::Address;
use plat::provider::{Accepted, ErrorKind, Existing, Operation, Provider, ProviderError};
use plat::value::{Duration, Object, ResolvedObject, Value};
use plat_aws::{AwsProvider, Settings, provider};

const REGION: &str = "us-west-2";

/// One run against the emulator: its provider, and what was told of accepted ids.
struct Run {
    aws: AwsProvider,
    told: Told,
}

/// Operations of this process so far.
static OPERATIONS: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Accepted for Told {
    fn accepted(&self, id: &str) -> Result<(), ProviderError> {
        self.0.lock().unwrap().push(id.to_owned());
        Ok(())
    }
}

impl Run {
    fn new() -> Self {
        let endpoint_url = std::env::var("AWS_ENDPOINT_URL").expect("AWS_ENDPOINT_URL names the emulator");
        assert!(endpoint_url.contains("127.0.0.1"), "tests talk to loopback only");
        let aws = provider(Settings { endpoint_url: Some(endpoint_url), ..Settings::default() });
        Self { aws, told: Told::default() }
    }

    async fn operation<T>(&self, type_name: &str, id: &str, run: impl AsyncFnOnce(&Operation<'_>) -> T) -> T {
        let address = Address::root("x", None);
        let timeout = Duration::seconds(30);
        run(&Operation { id, address: &address, type_name, region: REGION, timeout, accepted: &self.told }).await
    }

    fn unique() -> String {
        format!("op-{}-{}", std::process::id(), OPERATIONS.fetch_add(1, Ordering::Relaxed))
    }

    /// Creates, and checks what every create has to do: tell the id first, read what was asked for, be found again.
    async fn create(&self, type_name: &str, inputs: &[(&str, Value)]) -> Existing {
        let (op_id, inputs) = (Self::unique(), object(inputs));
        let made = self.operation(type_name, &op_id, async |op| self.aws.create(op, &inputs).await).await;
        let made = made.unwrap_or_else(|error| panic!("{type_name}: {error}"));
        assert_eq!(self.told.0.lock().unwrap().last(), Some(&made.id), "{type_name} tells its id");
        assert_eq!(self.read(type_name, &made.id).await.as_ref(), Some(&made.attributes), "{type_name} reads what it created");
        let found = self.operation(type_name, &op_id, async |op| self.aws.find(op, &inputs).await).await.unwrap();
        assert_eq!(found.as_ref(), Some(&made.id), "{type_name} is found again");
        let schema = plat_aws::schemas().into_iter().find(|schema| schema.name == type_name).unwrap();
        for (name, wanted) in inputs.iter() {
            let attribute = schema.attribute(name).unwrap();
            let read = made.attributes.get(name).cloned().unwrap_or(Value::Null);
            assert!(attribute.write_only || attribute.same(wanted, &read), "{type_name}.{name}: {wanted:?} is read as {read:?}");
        }
        made
    }

    async fn read(&self, type_name: &str, id: &str) -> Option<ResolvedObject> {
        // An id that does not exist must not fail the others.
        let absent = id.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>() + "0";
        let ids = [absent, id.to_owned()];
        let read = self.aws.read(type_name, REGION, &ids).await.unwrap_or_else(|error| panic!("{type_name}: {error}"));
        assert_eq!(read[0], None, "{type_name}");
        read[1].clone()
    }

    async fn update(&self, type_name: &str, prior: &Existing, inputs: &[(&str, Value)]) -> ResolvedObject {
        let (op_id, inputs) = (Self::unique(), object(inputs));
        let changed = self.operation(type_name, &op_id, async |op| self.aws.update(op, &prior.id, &prior.attributes, &inputs).await).await;
        let changed = changed.unwrap_or_else(|error| panic!("{type_name}: {error}"));
        assert_eq!(self.read(type_name, &prior.id).await.as_ref(), Some(&changed), "{type_name}");
        changed
    }

    async fn delete(&self, type_name: &str, existing: &Existing) {
        let op_id = Self::unique();
        // Twice: what is gone already is no error.
        for _ in 0..2 {
            let gone = self.operation(type_name, &op_id, async |op| self.aws.delete(op, &existing.id, &existing.attributes).await).await;
            gone.unwrap_or_else(|error| panic!("{type_name}: {error}"));
        }
        assert_eq!(self.read(type_name, &existing.id).await, None, "{type_name} is gone");
    }
}

fn object(entries: &[(&str, Value)]) -> ResolvedObject {
    ResolvedObject::new(entries.iter().map(|(k, v)| ((*k).into(), v.clone())).collect::<Object>()).unwrap()
}

fn cidr(text: &str) -> Value {
    Value::Cidr(text.parse().unwrap())
}

fn tags(name: &str) -> Value {
    Value::object([("Name", Value::str(name))])
}

fn rule(entries: &[(&str, Value)]) -> Value {
    Value::object(entries.iter().map(|(k, v)| (*k, v.clone())))
}

fn attribute(existing: &Existing, name: &str) -> Value {
    existing.attributes.get(name).cloned().unwrap_or(Value::Null)
}

#[tokio::test]
#[ignore = "needs an emulator, named by AWS_ENDPOINT_URL"]
async fn a_network_lives_and_dies() {
    let run = Run::new();
    let vpc_inputs = [("cidr_block", cidr("10.7.0.0/16")), ("enable_dns_hostnames", Value::Bool(true)), ("tags", tags("wire"))];
    let vpc = run.create("aws.ec2.VPC", &vpc_inputs).await;
    let vpc_id = attribute(&vpc, "vpc_id");
    assert!(attribute(&vpc, "default_security_group").as_str().is_some_and(|id| id.starts_with("sg-")));
    assert!(attribute(&vpc, "default_network_acl").as_str().is_some_and(|id| id.starts_with("acl-")));
    let looked_up = run.aws.lookup("aws.ec2.VPC", REGION, &object(&[("vpc_id", vpc_id.clone()), ("tags", tags("wire"))])).await.unwrap();
    assert_eq!(looked_up, vpc.attributes);
    let none = run.aws.lookup("aws.ec2.VPC", REGION, &object(&[("vpc_id", vpc_id.clone()), ("tags", tags("other"))])).await.unwrap_err();
    assert_eq!(none.kind, ErrorKind::NotFound);

    let zones = run.aws.lookup("aws.ec2.AvailabilityZones", REGION, &object(&[])).await.unwrap();
    let Some(Value::List(names)) = zones.get("names") else { panic!("{zones:?}") };
    let subnet_inputs = [
        ("vpc_id", vpc_id.clone()),
        ("cidr_block", cidr("10.7.1.0/24")),
        ("availability_zone", names[0].clone()),
        ("map_public_ip_on_launch", Value::Bool(true)),
        ("tags", tags("a")),
    ];
    let subnet = run.create("aws.ec2.Subnet", &subnet_inputs).await;
    let subnet_id = attribute(&subnet, "subnet_id");
    let mut changed = subnet_inputs.clone();
    changed[3].1 = Value::Bool(false);
    changed[4].1 = Value::object([("Team", Value::str("x"))]);
    let after = run.update("aws.ec2.Subnet", &subnet, &changed).await;
    assert_eq!(after.get("tags"), Some(&changed[4].1));
    assert_eq!(after.get("map_public_ip_on_launch"), Some(&Value::Bool(false)));

    let gateway = run.create("aws.ec2.InternetGateway", &[("tags", tags("door"))]).await;
    let gateway_id = attribute(&gateway, "internet_gateway_id");
    let attachment_inputs = [("vpc_id", vpc_id.clone()), ("internet_gateway_id", gateway_id.clone())];
    let attachment = run.create("aws.ec2.VPCGatewayAttachment", &attachment_inputs).await;
    assert_eq!(attachment.id, format!("IGW|{}", vpc_id.as_str().unwrap()));

    let table = run.create("aws.ec2.RouteTable", &[("vpc_id", vpc_id.clone()), ("tags", tags("public"))]).await;
    let table_id = attribute(&table, "route_table_id");
    let route_to = |target: &'static str, id: &Value| {
        [("route_table_id", table_id.clone()), ("destination_cidr_block", cidr("0.0.0.0/0")), (target, id.clone())]
    };
    let route = run.create("aws.ec2.Route", &route_to("gateway_id", &gateway_id)).await;
    assert_eq!(route.id, format!("{}|0.0.0.0/0", table_id.as_str().unwrap()));
    let sides = [("route_table_id", table_id.clone()), ("subnet_id", subnet_id.clone())];
    let association = run.create("aws.ec2.SubnetRouteTableAssociation", &sides).await;

    let address = run.create("aws.ec2.EIP", &[("domain", Value::str("vpc")), ("tags", tags("nat"))]).await;
    let allocation = attribute(&address, "allocation_id");
    let nat_inputs = [("subnet_id", subnet_id.clone()), ("allocation_id", allocation), ("tags", tags("nat"))];
    let nat = run.create("aws.ec2.NatGateway", &nat_inputs).await;
    run.update("aws.ec2.Route", &route, &route_to("nat_gateway_id", &attribute(&nat, "nat_gateway_id"))).await;
    let route = Existing { attributes: run.read("aws.ec2.Route", &route.id).await.unwrap(), id: route.id };

    run.delete("aws.ec2.Route", &route).await;
    run.delete("aws.ec2.NatGateway", &nat).await;
    run.delete("aws.ec2.EIP", &address).await;
    run.delete("aws.ec2.SubnetRouteTableAssociation", &association).await;
    run.delete("aws.ec2.RouteTable", &table).await;
    run.delete("aws.ec2.VPCGatewayAttachment", &attachment).await;
    run.delete("aws.ec2.InternetGateway", &gateway).await;
    run.delete("aws.ec2.Subnet", &subnet).await;
    run.delete("aws.ec2.VPC", &vpc).await;
}

#[tokio::test]
#[ignore = "needs an emulator, named by AWS_ENDPOINT_URL"]
async fn a_security_group_owns_its_rules() {
    let run = Run::new();
    let vpc = run.create("aws.ec2.VPC", &[("cidr_block", cidr("10.8.0.0/16"))]).await;
    let vpc_id = attribute(&vpc, "vpc_id");
    let tcp = |port: i64, more: &[(&str, Value)]| {
        let ports = [("ip_protocol", Value::str("tcp")), ("from_port", Value::Int(port)), ("to_port", Value::Int(port))];
        rule(&[&ports[..], more].concat())
    };
    let group_inputs = |ingress: Vec<Value>| {
        vec![
            ("group_description", Value::str("web")),
            ("group_name", Value::str("wire-web")),
            ("vpc_id", vpc_id.clone()),
            ("security_group_ingress", Value::list(ingress)),
        ]
    };
    let bastion = run.create("aws.ec2.SecurityGroup", &[("group_description", Value::str("b")), ("vpc_id", vpc_id.clone())]).await;
    assert!(attribute(&bastion, "group_name").as_str().is_some_and(|name| name.starts_with("plat-x-")));
    let from_bastion = [("source_security_group_id", attribute(&bastion, "id"))];
    let everywhere = [("cidr_ip", cidr("0.0.0.0/0")), ("description", Value::str("the world"))];
    let inside = [("cidr_ip", cidr("10.0.0.0/8"))];
    let v6 = [("cidr_ipv6", cidr("::/0"))];

    let first = group_inputs(vec![tcp(443, &everywhere), tcp(22, &from_bastion), tcp(443, &v6)]);
    let group = run.create("aws.ec2.SecurityGroup", &first).await;
    let Value::List(egress) = attribute(&group, "security_group_egress") else { panic!("{group:?}") };
    assert_eq!(*egress, [rule(&[("ip_protocol", Value::str("-1")), ("cidr_ip", cidr("0.0.0.0/0"))])], "AWS's own rule stays");

    let mut second = group_inputs(vec![tcp(8080, &inside), tcp(443, &everywhere)]);
    second.push(("security_group_egress", Value::list([tcp(5432, &inside)])));
    let after = run.update("aws.ec2.SecurityGroup", &group, &second).await;
    let set = |value: Option<&Value>| {
        let Some(Value::List(rules)) = value else { panic!("{value:?}") };
        let mut texts: Vec<String> = rules.iter().map(|rule| plat::schema::value_to_json(rule).to_string()).collect();
        texts.sort();
        texts
    };
    assert_eq!(set(after.get("security_group_ingress")), set(Some(&Value::list([tcp(443, &everywhere), tcp(8080, &inside)]))));
    assert_eq!(set(after.get("security_group_egress")), set(Some(&Value::list([tcp(5432, &inside)]))));

    let again = Existing { id: group.id.clone(), attributes: after };
    let mut closed = group_inputs(Vec::new());
    closed.push(("security_group_egress", Value::list([])));
    let after = run.update("aws.ec2.SecurityGroup", &again, &closed).await;
    assert!(set(after.get("security_group_ingress")).is_empty() && set(after.get("security_group_egress")).is_empty());

    run.delete("aws.ec2.SecurityGroup", &group).await;
    run.delete("aws.ec2.SecurityGroup", &bastion).await;
    run.delete("aws.ec2.VPC", &vpc).await;
}

#[tokio::test]
#[ignore = "needs an emulator, named by AWS_ENDPOINT_URL"]
async fn who_and_where() {
    let run = Run::new();
    let identity = run.aws.identity(REGION).await.unwrap();
    assert_eq!(identity.account.len(), 12);
    let caller = run.aws.lookup("aws.sts.CallerIdentity", REGION, &object(&[])).await.unwrap();
    assert_eq!(caller.get("account").and_then(Value::as_str), Some(identity.account.as_str()));
    let region = run.aws.lookup("aws.ec2.Region", REGION, &object(&[])).await.unwrap();
    assert_eq!(region.get("name").and_then(Value::as_str), Some(REGION));
}

#[tokio::test]
#[ignore = "needs an emulator, named by AWS_ENDPOINT_URL"]
async fn a_provider_that_only_reads_changes_nothing() {
    let run = Run::new();
    let aws = provider(Settings { read_only: true, endpoint_url: std::env::var("AWS_ENDPOINT_URL").ok(), ..Settings::default() });
    let inputs = object(&[("cidr_block", cidr("10.9.0.0/16"))]);
    let op_id = Run::unique();
    let refused = run.operation("aws.ec2.VPC", &op_id, async |op| aws.create(op, &inputs).await).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Denied);
    let found = run.operation("aws.ec2.VPC", &op_id, async |op| aws.find(op, &inputs).await).await.unwrap();
    assert_eq!(found, None);
}
