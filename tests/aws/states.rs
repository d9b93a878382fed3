//! The state in the bucket that the stack names, shared by two machines.

use std::time::Duration;

use serde_json::json;

use super::cloud::Cloud;
use super::fault::{Fault, Rule};
use super::plat::Project;
use super::witness::boto;

const BUCKET: &str = "blueprint-terraform-state";

/// A copy of the example, as a machine of its own has it.
fn machine() -> Project {
    Project::example("connect2", "dev")
}

fn cloud_with_bucket() -> Cloud {
    let cloud = Cloud::start();
    let made = json!([["s3", "create_bucket", { "Bucket": BUCKET, "CreateBucketConfiguration": { "LocationConstraint": "us-west-2" } }]]);
    boto(&cloud, 0, &made)[0].get("/Location");
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

#[test]
fn the_lock_in_the_bucket_keeps_others_out_until_its_holder_is_gone() {
    let cloud = cloud_with_bucket();
    let (one, other) = (machine(), machine());
    cloud.proxy.inject(Rule::new(Fault::HoldBefore).on("CreateVpc"));
    let mut holder = one.start(&cloud, "apply", &["--yes"]);
    cloud.proxy.wait_held(Duration::from_secs(120)).expect("the apply comes to its VPC");
    let refused = other.run(&cloud, "apply", &["--yes"]).ends(4);
    assert!(refused.err.contains("is locked by `plat apply"), "{refused}");

    holder.kill().expect("a running plat");
    holder.wait().expect("a killed plat");
    cloud.proxy.heal();
    cloud.proxy.settle();
    // The lease of the dead one runs out, and nobody has to unlock anything.
    let after = other.run(&cloud, "apply", &["--yes", "--consistency", "2", "--lock-wait", "120"]).ends(0);
    assert!(after.err.contains("cut off"), "{after}");
    one.settled(&cloud);
}
