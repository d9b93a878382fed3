//! Changes made outside plat, by boto3: reported until they are undone or accepted, and undone where plat owns the collection.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::plat::{Project, Run};
use super::witness::{Inventory, boto};

const REGION: &str = "us-west-2";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// The attributes whose drift `plat drift` reports.
fn drift(project: &Project, cloud: &Cloud, code: i32) -> Vec<String> {
    let json = project.run(cloud, "drift", &["--json", "--detailed-exitcode"]).ends(code).json();
    json["drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{}.{}", one["address"].as_str().unwrap(), one["attribute"].as_str().unwrap()))
        .collect()
}

fn output(project: &Project, cloud: &Cloud, name: &str) -> String {
    let Run { out, .. } = project.run(cloud, "output", &[name]).ends(0);
    out.trim().to_owned()
}

/// What boto3 sees of the role and the group: attached policies, and ingress rules.
fn opened(cloud: &Cloud, group: &str) -> (Value, Value) {
    let told = boto(
        cloud,
        0,
        &json!([
            ["iam", "list_attached_role_policies", { "RoleName": "drift" }],
            ["ec2", "describe_security_groups", { "GroupIds": [group] }],
        ]),
    );
    (told[0].get("/AttachedPolicies").clone(), told[1].get("/SecurityGroups/0/IpPermissions").clone())
}

#[test]
fn what_was_opened_outside_is_reported_until_it_is_closed() {
    let cloud = Cloud::start();
    let project = Project::of_tests("drift", "test");
    project.apply(&cloud).ends(0);
    let group = output(&project, &cloud, "group_id");
    let ssh = json!([{ "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
    boto(
        &cloud,
        0,
        &json!([
            ["iam", "attach_role_policy", { "RoleName": "drift", "PolicyArn": ADMINISTRATOR }],
            ["ec2", "authorize_security_group_ingress", { "GroupId": group, "IpPermissions": ssh }],
        ]),
    );
    let (policies, rules) = opened(&cloud, &group);
    assert!(policies[0]["PolicyArn"] == ADMINISTRATOR && rules[0]["FromPort"] == 22, "{policies} {rules}");

    // An apply of something else accepts nothing.
    project.run(&cloud, "apply", &["--yes", "--target", "subnet"]).ends(0);
    let reported = ["group.security_group_ingress", "role.managed_policy_arns"];
    assert_eq!(drift(&project, &cloud, 2), reported);
    assert_eq!(drift(&project, &cloud, 2), reported);
    project.run(&cloud, "plan", &["--detailed-exitcode"]).ends(2);

    project.apply(&cloud).ends(0);
    let (policies, rules) = opened(&cloud, &group);
    assert_eq!((policies, rules), (json!([]), json!([])));
    assert_eq!(drift(&project, &cloud, 0), [] as [&str; 0]);
    project.destroy(&cloud).ends(0);
    assert!(Inventory::of(&cloud, REGION).is_empty());
}

#[test]
fn tags_of_controllers_stay_and_those_of_strangers_do_not() {
    let cloud = Cloud::start();
    let project = Project::of_tests("drift", "test");
    project.apply(&cloud).ends(0);
    let subnet = output(&project, &cloud, "subnet_id");
    let tag = |keys: &[&str]| {
        let tags: Vec<Value> = keys.iter().map(|key| json!({ "Key": key, "Value": "1" })).collect();
        boto(&cloud, 0, &json!([["ec2", "create_tags", { "Resources": [subnet], "Tags": tags }]]));
    };
    let tags = || -> Vec<String> {
        let told = boto(&cloud, 0, &json!([["ec2", "describe_subnets", { "SubnetIds": [subnet] }]]));
        let tags = told[0].get("/Subnets/0/Tags").as_array().unwrap().clone();
        let mut keys: Vec<String> = tags.iter().map(|tag| tag["Key"].as_str().unwrap().to_owned()).collect();
        keys.retain(|key| key != "plat:operation");
        keys.sort();
        keys
    };
    let controllers = ["corp:cost-center", "elbv2.k8s.aws/cluster", "kubernetes.io/cluster/blue"];
    tag(&controllers);
    assert_eq!(drift(&project, &cloud, 0), [] as [&str; 0]);
    project.settled(&cloud).ends(0);

    tag(&["Stranger"]);
    assert_eq!(drift(&project, &cloud, 2), ["subnet.tags.Stranger"]);
    project.apply(&cloud).ends(0);
    assert_eq!(tags(), ["Project", "corp:cost-center", "elbv2.k8s.aws/cluster", "kubernetes.io/cluster/blue"]);
    // A change of the stack's own tags keeps them, too.
    project.edit("tags          = { Project = \"drift\" }", "tags          = { Project = \"drift\", Team = \"x\" }");
    project.apply(&cloud).ends(0);
    assert_eq!(tags(), ["Project", "Team", "corp:cost-center", "elbv2.k8s.aws/cluster", "kubernetes.io/cluster/blue"]);
}
