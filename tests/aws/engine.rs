//! Resource types straight through the provider, as the engine uses it: made, changed, deleted.

use plat::address::Address;
use plat::provider::{Accepted, Asked, AttributeNames, Change, Operation, Provider, ProviderError};
use plat::schema::{Mode, ResourceSchema};
use plat::value::{Duration, Object, ResolvedObject, Secret, SecretText, Value};
use plat_aws::{AwsProvider, Keys, Settings};
use serde_json::json;
use tokio::runtime::Runtime;

use super::cloud::Cloud;
use super::witness::boto;

const REGION: &str = "us-west-2";

const OPERATION: &str = "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

/// The provider, as the engine uses it.
pub struct Engine {
    provider: AwsProvider,
    settings: Settings,
    timeout: Duration,
    address: Address,
    runtime: Runtime,
}

struct Unnoted;

impl Accepted for Unnoted {
    fn accepted(&self, _: &str) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// One resource: what was asked for, and what was read.
pub struct Thing {
    schema: ResourceSchema,
    pub id: String,
    inputs: Object,
    pub seen: ResolvedObject,
}

pub type Outcome<T> = Result<T, ProviderError>;

impl Engine {
    pub fn new(cloud: &Cloud) -> Self {
        let keys = Keys { access_key_id: "plat".to_owned(), secret_access_key: SecretText::new("secret") };
        let settings = Settings { endpoint_url: Some(cloud.proxy.url()), credentials: Some(keys), ..Settings::default() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self {
            provider: plat_aws::provider(settings.clone()),
            settings,
            timeout: Duration::minutes(1),
            address: "main.thing".parse().unwrap(),
            runtime,
        }
    }

    /// The same with another timeout, in seconds.
    pub fn within(&self, seconds: i64) -> Self {
        let provider = plat_aws::provider(self.settings.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { provider, settings: self.settings.clone(), timeout: Duration::seconds(seconds), address: self.address.clone(), runtime }
    }

    fn op<'a>(&'a self, id: &'a str, schema: &ResourceSchema) -> Operation<'a> {
        Operation { id, address: &self.address, type_name: schema.name, region: REGION, timeout: self.timeout, accepted: &Unnoted }
    }

    pub fn create(&self, type_name: &str, inputs: Object) -> Outcome<Thing> {
        self.create_by(OPERATION, type_name, inputs)
    }

    pub fn create_by(&self, operation: &str, type_name: &str, inputs: Object) -> Outcome<Thing> {
        let schema = plat_aws::schemas().into_iter().find(|s| s.name == type_name).unwrap();
        let op = self.op(operation, &schema);
        let made = self.runtime.block_on(self.provider.create(&op, &resolved(inputs.clone())))?;
        let thing = Thing { schema, id: made.id, inputs, seen: made.attributes };
        thing.assert_settled();
        Ok(thing)
    }

    /// Changes one attribute, as the engine does: write-only ones stand as last applied.
    pub fn change(&self, thing: &mut Thing, attribute: &str, to: Option<Value>) -> Outcome<()> {
        self.change_all(thing, &[(attribute, to)])
    }

    /// Changes these attributes; one that is `None` is left out from now on. None at all: what was begun is finished.
    pub fn change_all(&self, thing: &mut Thing, changes: &[(&str, Option<Value>)]) -> Outcome<()> {
        let schema = &thing.schema;
        let changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
        let mut prior: Object = (*thing.seen).clone();
        let kept = schema.attributes.iter().filter(|a| a.write_only && !(changed(a.name) && a.ty.holds_secret()));
        prior.extend(kept.filter_map(|a| thing.inputs.get_key_value(a.name)).map(|(k, v)| (k.clone(), v.clone())));
        for (attribute, to) in changes {
            match to {
                Some(value) => drop(thing.inputs.insert((*attribute).into(), value.clone())),
                None => drop(thing.inputs.remove(*attribute)),
            }
        }
        let id = format!("0193a1b2-c3d4-7e5f-8a9b-{}", changes.first().map_or("finish", |(attribute, _)| attribute));
        let op = self.op(&id, schema);
        let asked = Asked::new(resolved(thing.inputs.clone()));
        let changed: AttributeNames = changes.iter().map(|(name, _)| (*name).into()).collect();
        let change = Change { asked, observed: resolved(prior), changed };
        thing.seen = self.runtime.block_on(self.provider.update(&op, &thing.id, &change))?;
        thing.assert_settled();
        Ok(())
    }

    /// Creates a resource without looking whether it is as asked for.
    pub fn made(&self, type_name: &str, inputs: Object) -> Outcome<String> {
        let schema = plat_aws::schemas().into_iter().find(|s| s.name == type_name).unwrap();
        let made = self.runtime.block_on(self.provider.create(&self.op(OPERATION, &schema), &resolved(inputs)))?;
        Ok(made.id)
    }

    /// The configuration does not set the attribute any more, which changes nothing.
    pub fn leave_out(&self, thing: &mut Thing, attribute: &str) -> &Self {
        thing.inputs.remove(attribute);
        self
    }

    /// What is known of a resource whose create was not through.
    pub fn known(&self, type_name: &str, id: &str, inputs: Object) -> Thing {
        let schema = plat_aws::schemas().into_iter().find(|s| s.name == type_name).unwrap();
        let seen = self.read(type_name, &[id]).pop().flatten().unwrap();
        Thing { schema, id: id.to_owned(), inputs, seen }
    }

    pub fn delete(&self, thing: &Thing) -> Outcome<()> {
        let mut prior: Object = (*thing.seen).clone();
        let unseen = thing.schema.attributes.iter().filter(|a| a.write_only && !a.ty.holds_secret());
        prior.extend(unseen.filter_map(|a| thing.inputs.get_key_value(a.name)).map(|(k, v)| (k.clone(), v.clone())));
        self.runtime.block_on(self.provider.delete(&self.op("0193a1b2-0000-delete", &thing.schema), &thing.id, &resolved(prior)))
    }

    pub fn read(&self, type_name: &str, ids: &[&str]) -> Vec<Option<ResolvedObject>> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        self.runtime.block_on(self.provider.read(type_name, REGION, &ids)).unwrap()
    }

    /// What the operation of [`Self::create`] made.
    pub fn find(&self, type_name: &str, inputs: Object) -> Option<String> {
        let schema = plat_aws::schemas().into_iter().find(|s| s.name == type_name).unwrap();
        let op = self.op(OPERATION, &schema);
        self.runtime.block_on(self.provider.find(&op, &resolved(inputs))).unwrap()
    }

    pub fn secret(&self, id: &str) -> String {
        self.runtime.block_on(self.provider.secret(REGION, id)).unwrap().expose().to_owned()
    }
}

impl Thing {
    /// What was asked for is what is read, so that a plan has nothing to do.
    fn assert_settled(&self) {
        for (name, wanted) in &self.inputs {
            let attribute = self.schema.attribute(name).unwrap();
            let seen = self.seen.get(name).unwrap_or(&Value::Null);
            let resolved = attribute.resolve_symbols(wanted, &self.seen);
            let wanted = resolved.as_ref().unwrap_or(wanted);
            assert!(attribute.write_only || attribute.same(wanted, seen), "{}.{name}: {wanted:?} and {seen:?}", self.schema.name);
        }
        for attribute in self.schema.attributes.iter().filter(|a| !a.write_only && !self.inputs.contains_key(a.name)) {
            if let (Mode::Optional { default }, Some(seen)) = (&attribute.mode, self.seen.get(attribute.name)) {
                let empty = matches!(seen, Value::List(items) if items.is_empty()) || matches!(seen, Value::Object(map) if map.is_empty());
                assert!(empty || seen == default, "{}.{}: {default:?} and {seen:?}", self.schema.name, attribute.name);
            }
        }
    }
}

fn resolved(object: Object) -> ResolvedObject {
    ResolvedObject::new(object).unwrap()
}

pub fn inputs<const N: usize>(entries: [(&str, Value); N]) -> Object {
    entries.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

pub fn text(text: &str) -> Value {
    Value::str(text)
}

pub fn texts(items: &[&str]) -> Value {
    Value::list(items.iter().map(|item| Value::str(*item)))
}

pub fn password(text: &str) -> Value {
    Value::Secret(Secret::Plain(SecretText::new(text)))
}

pub fn tags(environment: &str) -> Value {
    Value::object([("Name", text("web")), ("Environment", text(environment))])
}

/// Two subnets and a security group.
pub fn network(cloud: &Cloud) -> [String; 3] {
    let subnet =
        |net: &str, zone: &str| json!(["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": net, "AvailabilityZone": zone }]);
    let calls = json!([
        ["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }],
        subnet("10.0.0.0/24", "us-west-2a"),
        subnet("10.0.1.0/24", "us-west-2b"),
        ["ec2", "create_security_group", { "GroupName": "db", "Description": "db", "VpcId": "$0/Vpc/VpcId" }],
    ]);
    let told = boto(cloud, 0, &calls);
    [told[1].text("/Subnet/SubnetId").to_owned(), told[2].text("/Subnet/SubnetId").to_owned(), told[3].text("/GroupId").to_owned()]
}
