//! What belongs to a cluster, straight through the provider, and told by boto3 afterwards.

use plat::provider::ErrorKind;
use plat::value::{Object, Value};
use serde_json::{Value as Json, json};

use super::cloud::Cloud;
use super::engine::{Engine, Thing, inputs, network, tags, text, texts};
use super::fault::{Fault, Rule};
use super::plat::Project;
use super::witness::{Inventory, boto};

const REGION: &str = "us-west-2";

/// A cluster `shop` that takes access entries, made by boto3.
fn cluster(cloud: &Cloud) {
    cluster_with(cloud, "API");
}

fn cluster_with(cloud: &Cloud, mode: &str) {
    let [one, two, _] = network(cloud);
    let request = json!({
        "name": "shop", "roleArn": role("eks"), "accessConfig": { "authenticationMode": mode },
        "resourcesVpcConfig": { "subnetIds": [one, two] },
    });
    boto(cloud, 0, &json!([["eks", "create_cluster", request]]))[0].get("/cluster/arn");
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/team/{name}")
}

fn addon() -> Object {
    inputs([
        ("cluster_name", text("shop")),
        ("addon_name", text("coredns")),
        ("configuration_values", Value::object([("replicaCount", Value::Int(3))])),
        ("service_account_role_arn", text(&role("dns"))),
        ("resolve_conflicts", text("OVERWRITE")),
        ("tags", tags("production")),
    ])
}

fn policy(name: &str, namespaces: &[&str]) -> Value {
    let kind = if namespaces.is_empty() { "cluster" } else { "namespace" };
    let scope = Value::object([("type", text(kind)), ("namespaces", texts(namespaces))]);
    Value::object([("policy_arn", text(&format!("arn:aws:eks::aws:cluster-access-policy/{name}"))), ("access_scope", scope)])
}

fn entry() -> Object {
    inputs([
        ("cluster_name", text("shop")),
        ("principal_arn", text(&role("deployer"))),
        ("access_policies", Value::list([policy("AmazonEKSViewPolicy", &[]), policy("AmazonEKSEditPolicy", &["web"])])),
        ("tags", tags("production")),
    ])
}

fn association() -> Object {
    inputs([
        ("cluster_name", text("shop")),
        ("namespace", text("web")),
        ("service_account", text("uploads")),
        ("role_arn", text(&role("uploads"))),
        ("tags", tags("production")),
    ])
}

fn issuer() -> Object {
    inputs([("url", text("https://token.example.com/builds")), ("client_id_list", texts(&["sts", "old"])), ("tags", tags("production"))])
}

/// Changes one attribute after the other, each by that many changing calls.
fn change(cloud: &Cloud, engine: &Engine, thing: &mut Thing, changes: Vec<(&str, Option<Value>, usize)>) {
    for (attribute, value, calls) in changes {
        cloud.proxy.take_ledger();
        engine.change(thing, attribute, value).unwrap_or_else(|e| panic!("{attribute}: {e}"));
        assert_eq!(cloud.proxy.ledger().mutations().len(), calls, "{attribute}: {}", cloud.proxy.ledger());
    }
}

/// Read among others by its id, deleted twice, and gone.
fn ends(engine: &Engine, thing: &Thing, type_name: &str, missing: &str) {
    let read = engine.read(type_name, &[missing, &thing.id]);
    assert_eq!(read, [None, Some(thing.seen.clone())]);
    engine.delete(thing).unwrap();
    engine.delete(thing).unwrap();
    assert_eq!(engine.read(type_name, &[&thing.id]), [None]);
}

#[test]
fn an_addon_is_made_changed_and_deleted() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cluster(&cloud);
    let mut dns = engine.create("aws.eks.Addon", addon()).unwrap();
    assert_eq!(dns.id, "shop|coredns");
    let identity = Value::object([("role_arn", text(&role("pods"))), ("service_account", text("coredns"))]);
    change(
        &cloud,
        &engine,
        &mut dns,
        vec![
            ("addon_version", Some(text("v1.11.3-eksbuild.1")), 1),
            ("configuration_values", Some(Value::object([("replicaCount", Value::Int(5))])), 1),
            ("pod_identity_associations", Some(Value::list([identity])), 1),
            ("tags", Some(tags("staging")), 1),
            // Said with the next call that there is.
            ("resolve_conflicts", Some(text("PRESERVE")), 0),
            ("preserve_on_delete", Some(Value::Bool(true)), 0),
            ("service_account_role_arn", None, 1),
            ("configuration_values", None, 1),
        ],
    );
    let told = boto(&cloud, 0, &json!([["eks", "describe_addon", { "clusterName": "shop", "addonName": "coredns" }]]));
    let seen = told[0].get("/addon");
    assert_eq!((&seen["addonVersion"], &seen["tags"]["Environment"]), (&json!("v1.11.3-eksbuild.1"), &json!("staging")));
    assert_eq!((seen.get("configurationValues"), seen.get("serviceAccountRoleArn")), (None, None));
    assert_eq!(Inventory::of(&cloud, REGION).one("pod_identities")["of"], json!(["kube-system", "coredns"]), "{seen}");
    ends(&engine, &dns, "aws.eks.Addon", "shop|missing");
    assert_eq!(Inventory::of(&cloud, REGION).all("pod_identities"), [] as [Json; 0]);
}

#[test]
fn an_access_entry_is_made_changed_and_deleted() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cluster(&cloud);
    let mut deployer = engine.create("aws.eks.AccessEntry", entry()).unwrap();
    assert_eq!(deployer.id, format!("{}|shop", role("deployer")));
    let edits = |namespaces: &[&str]| Some(Value::list([policy("AmazonEKSEditPolicy", namespaces)]));
    change(
        &cloud,
        &engine,
        &mut deployer,
        vec![
            ("kubernetes_groups", Some(texts(&["deployers"])), 1),
            ("access_policies", edits(&["web"]), 1),
            ("access_policies", edits(&["shop", "web"]), 1),
            ("access_policies", edits(&["web", "shop"]), 0),
            ("username", Some(text("deployer")), 1),
            ("tags", Some(tags("staging")), 1),
        ],
    );
    let seen = Inventory::of(&cloud, REGION);
    let seen = seen.one("access_entries");
    assert_eq!(seen["policies"], json!([["AmazonEKSEditPolicy", "namespace", ["shop", "web"]]]));
    assert_eq!((&seen["groups"], &seen["tags"]["Environment"]), (&json!(["deployers"]), &json!("staging")));
    ends(&engine, &deployer, "aws.eks.AccessEntry", &format!("{}|shop", role("missing")));
}

#[test]
fn a_pod_identity_association_is_made_changed_and_deleted() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cluster(&cloud);
    let mut uploads = engine.create("aws.eks.PodIdentityAssociation", association()).unwrap();
    assert!(uploads.id.starts_with("arn:aws:eks:us-west-2:123456789012:podidentityassociation/shop/a-"), "{}", uploads.id);
    let document = Value::object([("Version", text("2012-10-17")), ("Statement", Value::list([]))]);
    change(
        &cloud,
        &engine,
        &mut uploads,
        vec![
            ("role_arn", Some(text(&role("writer"))), 1),
            ("disable_session_tags", Some(Value::Bool(true)), 1),
            ("policy", Some(document), 1),
            ("target_role_arn", Some(text("arn:aws:iam::210987654321:role/store")), 1),
            ("tags", Some(tags("staging")), 1),
        ],
    );
    assert!(uploads.seen.get("external_id").and_then(Value::as_str).is_some_and(|id| !id.is_empty()));
    let kept = engine.change(&mut uploads, "target_role_arn", None).unwrap_err();
    assert!(kept.message.contains("keeps its `target_role_arn`"), "{kept}");
    let seen = Inventory::of(&cloud, REGION);
    let seen = seen.one("pod_identities");
    assert_eq!(
        (&seen["role"], &seen["session_tags"], &seen["tags"]["Environment"]),
        (&json!(role("writer")), &json!(false), &json!("staging"))
    );
    ends(&engine, &uploads, "aws.eks.PodIdentityAssociation", "arn:aws:eks:us-west-2:123456789012:podidentityassociation/shop/a-0");
}

#[test]
fn an_openid_provider_is_made_changed_and_deleted() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let mut builds = engine.create("aws.iam.OIDCProvider", issuer()).unwrap();
    assert_eq!(builds.id, "arn:aws:iam::123456789012:oidc-provider/token.example.com/builds");
    let (first, second) = ("1".repeat(40), "a".repeat(40));
    change(
        &cloud,
        &engine,
        &mut builds,
        vec![
            // One comes, and then one goes.
            ("client_id_list", Some(texts(&["sts", "new"])), 2),
            ("thumbprint_list", Some(texts(&[&first, &second])), 1),
            ("thumbprint_list", Some(texts(&[&second.to_uppercase(), &first])), 0),
            ("tags", Some(tags("staging")), 1),
            ("tags", None, 1),
        ],
    );
    let seen = Inventory::of(&cloud, REGION);
    let seen = seen.one("oidc_providers");
    assert_eq!((&seen["audiences"], &seen["fingerprints"]), (&json!(["new", "sts"]), &json!([first, second])));
    ends(&engine, &builds, "aws.iam.OIDCProvider", "arn:aws:iam::123456789012:oidc-provider/missing.example.com");
}

/// The parts of a cluster carry idempotency tokens: the SDK asks again, and EKS answers with what it made.
#[test]
fn a_lost_answer_makes_no_second_part() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cluster(&cloud);
    for (type_name, call, wanted, kind) in [
        ("aws.eks.Addon", "CreateAddon", addon(), "addons"),
        ("aws.eks.AccessEntry", "CreateAccessEntry", entry(), "access_entries"),
        ("aws.eks.PodIdentityAssociation", "CreatePodIdentityAssociation", association(), "pod_identities"),
    ] {
        cloud.proxy.inject(Rule::new(Fault::LoseResponse).on(call).times(1));
        cloud.proxy.take_ledger();
        let made = engine.create(type_name, wanted.clone()).unwrap();
        assert_eq!(cloud.proxy.ledger().counts().get(call), Some(&2), "{}", cloud.proxy.ledger());
        assert_eq!(Inventory::of(&cloud, REGION).all(kind).len(), 1);
        assert_eq!(engine.find(type_name, wanted.clone()).as_ref(), Some(&made.id));
        // When EKS has forgotten the token, the tag says whose it is.
        cloud.proxy.forget_tokens();
        assert_eq!(engine.create(type_name, wanted.clone()).unwrap().id, made.id);
        let other = engine.create_by("0193a1b2-other", type_name, wanted).err().unwrap();
        assert_eq!(other.kind, ErrorKind::Exists, "{other}");
    }
}

#[test]
fn an_openid_provider_whose_answer_was_lost_is_found_by_its_tag() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cloud.proxy.inject(Rule::new(Fault::LoseResponse).on("CreateOpenIDConnectProvider").times(1));
    assert_eq!(engine.create("aws.iam.OIDCProvider", issuer()).err().unwrap().kind, ErrorKind::InDoubt);
    let arn = "arn:aws:iam::123456789012:oidc-provider/token.example.com/builds";
    assert_eq!(engine.find("aws.iam.OIDCProvider", issuer()).as_deref(), Some(arn));
    let untag = json!({ "OpenIDConnectProviderArn": arn, "TagKeys": ["plat:operation"] });
    boto(&cloud, 0, &json!([["iam", "untag_open_id_connect_provider", untag]]));
    assert_eq!(engine.find("aws.iam.OIDCProvider", issuer()), None, "somebody else's provider is not taken over");
    assert_eq!(engine.create("aws.iam.OIDCProvider", issuer()).err().unwrap().kind, ErrorKind::Exists);
}

#[test]
fn a_cluster_without_access_entries_refuses_one() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cluster_with(&cloud, "CONFIG_MAP");
    let refused = engine.create("aws.eks.AccessEntry", entry()).err().unwrap();
    assert!(refused.kind == ErrorKind::Refused && refused.message.contains("authentication mode"), "{refused}");
}

/// Another state takes over all that there is, by the ids that the first one shows, and has nothing to change.
#[test]
fn clusters_and_their_parts_are_imported() {
    let cloud = Cloud::start();
    let (first, second) = (Project::of_tests("access", "test"), Project::of_tests("access", "test"));
    first.edit("param step: Int", "param step: Int = 1");
    second.edit("param step: Int", "param step: Int = 1");
    first.apply(&cloud);
    let shown = first.run(&cloud, "show", &["--json"]).ends(0).json();
    let resources = shown["resources"].as_array().expect("resources");
    let imports: Vec<String> = resources
        .iter()
        .map(|it| format!("import {} = \"{}\"", it["address"].as_str().expect("an address"), it["id"].as_str().expect("an id")))
        .collect();
    second.edit("stack access {", &format!("{}\n\nstack access {{", imports.join("\n")));
    cloud.proxy.take_ledger();
    let there = Inventory::of(&cloud, REGION);
    second.apply(&cloud);
    assert_eq!(cloud.proxy.ledger().mutations(), [] as [&str; 0]);
    assert_eq!(Inventory::of(&cloud, REGION), there);
    second.settled(&cloud);
    second.destroy(&cloud);
    assert!(Inventory::of(&cloud, REGION).is_empty());
}
