//! The state in the bucket that the stack names, shared by two machines.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::plat::Project;
use super::witness::boto;

const BUCKET: &str = "blueprint-terraform-state";
const ALIAS: &str = "alias/connect2-state";

/// A copy of the example, as a machine of its own has it.
fn machine() -> Project {
    Project::example("connect2", "dev")
}

fn cloud_with_bucket() -> Cloud {
    let cloud = Cloud::start();
    cloud.make_bucket(BUCKET);
    let made = json!([
        ["kms", "create_key", {}],
        ["kms", "create_alias", { "AliasName": ALIAS, "TargetKeyId": "$0/KeyMetadata/KeyId" }],
    ]);
    boto(&cloud, 0, &made)[1].get("");
    cloud
}

#[test]
fn two_machines_share_one_state() {
    let cloud = cloud_with_bucket();
    let (one, other) = (machine(), machine());
    one.apply(&cloud);
    assert!(one.written().is_empty(), "the state is in the bucket, and here is {:?}", one.written());
    other.settled(&cloud);
    other.edit("mon:04:00-mon:05:00", "tue:04:00-tue:05:00");
    other.apply(&cloud);
    assert_eq!(one.changes(&cloud).len(), 1, "the one undoes what the other did");

    let told = boto(&cloud, 0, &json!([["s3", "list_objects_v2", { "Bucket": BUCKET }]]));
    let objects = told[0].get("/Contents").as_array().expect("objects");
    let keys: Vec<&str> = objects.iter().map(|object| object["Key"].as_str().expect("a key")).collect();
    assert!(keys.contains(&"connect2/connect2/dev/HEAD"), "{keys:?}");
}

/// `HEAD` of the state in the bucket, and every other object, as boto3 reads them.
fn stored(cloud: &Cloud) -> (Value, Vec<Vec<u8>>) {
    let listed = boto(cloud, 0, &json!([["s3", "list_objects_v2", { "Bucket": BUCKET }]]));
    let keys: Vec<Value> = listed[0].get("/Contents").as_array().expect("objects").iter().map(|object| object["Key"].clone()).collect();
    let calls: Vec<Value> = keys.iter().map(|key| json!(["s3", "get_object", { "Bucket": BUCKET, "Key": key }])).collect();
    let told = boto(cloud, 0, &json!(calls));
    let bodies: Vec<Vec<u8>> = told.iter().map(|object| unhex(object.text("/Body/$hex"))).collect();
    let at = keys.iter().position(|key| key.as_str().is_some_and(|key| key.ends_with("/HEAD"))).expect("a HEAD");
    let line = bodies[at].split(|byte| *byte == b'\n').next().expect("a line");
    (serde_json::from_slice(line).expect("a HEAD is JSON"), bodies)
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex")).collect()
}

#[test]
fn a_state_under_a_kms_key_opens_with_that_key_and_for_that_state_alone() {
    let cloud = cloud_with_bucket();
    let machine = Project::of_tests("keys", "dev");
    machine.apply(&cloud);
    machine.settled(&cloud);
    let (head, bodies) = stored(&cloud);
    assert!(!bodies.iter().any(|body| String::from_utf8_lossy(body).contains("canary-3f1a")), "the state can be read");

    // The witness unwraps the data key: with the context it is 32 bytes, and with another one KMS refuses.
    let wrapped = &head["encryption"];
    let lineage = &head["current"]["lineage"];
    let context = json!({ "plat:stack": "keys", "plat:env": "dev", "plat:lineage": lineage });
    let other = json!({ "plat:stack": "keys", "plat:env": "production", "plat:lineage": lineage });
    let blob = json!({ "$hex": wrapped["blob"] });
    let told = boto(
        &cloud,
        0,
        &json!([
            ["kms", "decrypt", { "CiphertextBlob": blob, "EncryptionContext": context }],
            ["kms", "decrypt", { "CiphertextBlob": blob, "EncryptionContext": other }],
            ["kms", "describe_key", { "KeyId": ALIAS }],
        ]),
    );
    assert_eq!(told[0].text("/Plaintext/$hex").len(), 64);
    assert_eq!(told[0].text("/KeyId"), wrapped["arn"]);
    assert_eq!(told[1].error(), "InvalidCiphertextException");
    assert_eq!(told[2].text("/KeyMetadata/Arn"), wrapped["arn"]);

    // To another key, and back to a passphrase: nobody but the new one opens it.
    machine.edit(ALIAS, "alias/plat-test-none");
    let missing = machine.run(&cloud, "plan", &[]).ends(1);
    assert!(missing.err.contains("plat state rekey"), "{missing}");
    let missing = machine.run(&cloud, "state rekey", &[]);
    assert!(missing.err.contains("cannot be used") && missing.err.contains("nothing was changed"), "{missing}");
    machine.edit("alias/plat-test-none", ALIAS);
    machine.settled(&cloud);
}

#[test]
fn a_kms_key_that_is_not_there_is_told_before_anything_is_made() {
    let cloud = cloud_with_bucket();
    let machine = Project::of_tests("keys", "dev");
    machine.edit(ALIAS, "alias/nobody");
    let refused = machine.run(&cloud, "apply", &["--yes"]).ends(1);
    assert!(refused.err.contains("the KMS key `alias/nobody` of us-west-2 cannot be used for"), "{refused}");
    assert!(refused.err.contains("NotFoundException"), "{refused}");
    let told = boto(&cloud, 0, &json!([["ec2", "describe_vpcs", { "Filters": [{ "Name": "tag:Name", "Values": ["canary-3f1a"] }] }]]));
    assert_eq!(told[0].get("/Vpcs").as_array().expect("a list").len(), 0);
}
