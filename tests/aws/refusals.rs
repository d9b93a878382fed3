//! Refusals of AWS that pass by themselves, and those that do not: what plat waits for, and for how long. Told by boto3 afterwards.

use plat::provider::ErrorKind;
use plat::value::{Object, Size, Value, Version};
use serde_json::json;

use super::cloud::Cloud;
use super::engine::{Engine, inputs, network, password, tags, text, texts};
use super::fault::{Fault, Rule};
use super::witness::boto;

fn refuse(operation: &str, code: &'static str, message: &'static str, times: usize) -> Rule {
    Rule::new(Fault::Refuse { status: 400, code, message }).on(operation).times(times)
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

fn database() -> Object {
    inputs([
        ("db_instance_identifier", text("orders")),
        ("engine", text("postgres")),
        ("engine_version", Value::Version(Version("15.4".into()))),
        ("db_instance_class", text("db.t3.medium")),
        ("allocated_storage", Value::Size(Size::gib(20))),
        ("master_username", text("app")),
        ("master_user_password", password("correct-horse-battery")),
        ("skip_final_snapshot", Value::Bool(true)),
    ])
}

#[test]
fn a_database_waits_for_its_role_for_its_service_linked_role_and_while_rds_is_busy() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let role = "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING";
    let linked =
        "Unable to create the resource. Verify that you have permission to create service linked role. Otherwise wait and try again later";
    cloud.proxy.inject(refuse("CreateDBInstance", "InvalidParameterValue", role, 2));
    cloud.proxy.inject(refuse("CreateDBInstance", "InvalidParameterValue", linked, 1));
    cloud.proxy.inject(refuse("ModifyDBInstance", "InvalidDBInstanceState", "Database instance is not in available state.", 2));
    let optimized = "You can't currently modify the storage of this DB instance because the previous storage change is being optimized.";
    cloud.proxy.inject(refuse("ModifyDBInstance", "InvalidParameterCombination", optimized, 1));
    cloud.proxy.inject(refuse("AddTagsToResource", "InvalidDBInstanceState", "The instance is in the state modifying", 1));
    cloud.proxy.inject(refuse("DeleteDBInstance", "InvalidDBInstanceState", "Instance orders is currently modifying", 2));

    let mut database = engine.create("aws.rds.DBInstance", database()).unwrap();
    engine.change(&mut database, "allocated_storage", Some(Value::Size(Size::gib(40)))).unwrap();
    engine.change(&mut database, "tags", Some(tags("staging"))).unwrap();
    let told = boto(&cloud, 0, &json!([["rds", "describe_db_instances", {}]]));
    assert_eq!(told[0].get("/DBInstances/0/AllocatedStorage"), &json!(40));
    engine.delete(&database).unwrap();
    let ledger = cloud.proxy.ledger();
    let counts = ["CreateDBInstance", "ModifyDBInstance", "DeleteDBInstance"].map(|operation| ledger.count(operation));
    assert_eq!(counts, [4, 4, 3]);
    let told = boto(&cloud, 0, &json!([["rds", "describe_db_instances", {}]]));
    assert_eq!(told[0].get("/DBInstances"), &json!([]));
}

#[test]
fn a_refusal_that_never_passes_is_final_at_once() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cloud.proxy.inject(refuse("CreateDBInstance", "InvalidParameterValue", "Invalid storage size for engine name postgres", 1));
    let refused = engine.create("aws.rds.DBInstance", database()).err().unwrap();
    assert_eq!((refused.kind, cloud.proxy.ledger().count("CreateDBInstance")), (ErrorKind::Refused, 1));
}

#[test]
fn a_wait_ends_with_the_operation() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cloud.proxy.inject(refuse("CreateDBInstance", "InvalidDBInstanceState", "busy for ever", usize::MAX));
    let started = std::time::Instant::now();
    let refused = engine.within(3).create("aws.rds.DBInstance", database()).err().unwrap();
    assert_eq!((refused.kind, refused.code.as_str()), (ErrorKind::Refused, "InvalidDBInstanceState"));
    assert!(refused.message.contains("tried again for 3s: apply again, or set a longer `@timeout`"), "{refused}");
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}

/// A subnet, and how many of its interfaces there are.
fn interfaces(cloud: &Cloud, subnet: &str) -> usize {
    let filter = json!([{ "Name": "subnet-id", "Values": [subnet] }]);
    let told = boto(cloud, 0, &json!([["ec2", "describe_network_interfaces", { "Filters": filter }]]));
    told[0].get("/NetworkInterfaces").as_array().unwrap().len()
}

fn subnet(engine: &Engine, cloud: &Cloud) -> super::engine::Thing {
    let told = boto(cloud, 0, &json!([["ec2", "create_vpc", { "CidrBlock": "10.9.0.0/16" }]]));
    let vpc = told[0].text("/Vpc/VpcId").to_owned();
    let wanted = inputs([("vpc_id", text(&vpc)), ("cidr_block", Value::Cidr("10.9.0.0/24".parse().unwrap()))]);
    engine.create("aws.ec2.Subnet", wanted).unwrap()
}

#[test]
fn interfaces_that_lambda_and_the_vpc_cni_left_behind_go_with_their_subnet() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let subnet = subnet(&engine, &cloud);
    let left = |about: &str| json!(["ec2", "create_network_interface", { "SubnetId": subnet.id, "Description": about }]);
    boto(&cloud, 0, &json!([left("AWS Lambda VPC ENI-orders-1234"), left("aws-K8S-i-0123456789abcdef0")]));
    assert_eq!(interfaces(&cloud, &subnet.id), 2);
    engine.delete(&subnet).unwrap();
    assert_eq!((interfaces(&cloud, &subnet.id), engine.read("aws.ec2.Subnet", &[&subnet.id])), (0, vec![None]));
}

#[test]
fn an_interface_of_somebody_else_is_waited_for_and_then_named() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let subnet = subnet(&engine, &cloud);
    let mine = json!(["ec2", "create_network_interface", { "SubnetId": subnet.id, "Description": "ELB app/web/50dc6c495c0c9188" }]);
    let told = boto(&cloud, 0, &json!([mine]));
    let interface = told[0].text("/NetworkInterface/NetworkInterfaceId").to_owned();
    let refused = engine.within(4).delete(&subnet).unwrap_err();
    assert!(refused.message.contains(&interface) && refused.message.contains("ELB app/web/50dc6c495c0c9188"), "{refused}");
    assert!(cloud.proxy.ledger().count("DeleteSubnet") > 2, "{}", cloud.proxy.ledger());
    // Nothing of somebody else's was touched, and once its owner has removed it the subnet goes.
    assert_eq!(interfaces(&cloud, &subnet.id), 1);
    boto(&cloud, 0, &json!([["ec2", "delete_network_interface", { "NetworkInterfaceId": interface }]]));
    engine.delete(&subnet).unwrap();
    assert_eq!(engine.read("aws.ec2.Subnet", &[&subnet.id]), [None]);
}

#[test]
fn a_group_and_a_network_wait_for_interfaces_too() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let vpc = engine.create("aws.ec2.VPC", inputs([("cidr_block", Value::Cidr("10.8.0.0/16".parse().unwrap()))])).unwrap();
    let group = inputs([("group_description", text("web")), ("vpc_id", text(&vpc.id))]);
    let group = engine.create_by("0193a1b2-group", "aws.ec2.SecurityGroup", group).unwrap();
    let told = boto(
        &cloud,
        0,
        &json!([
            ["ec2", "create_subnet", { "VpcId": vpc.id, "CidrBlock": "10.8.0.0/24" }],
            ["ec2", "create_network_interface", {
                "SubnetId": "$0/Subnet/SubnetId", "Groups": [group.id], "Description": "aws-K8S-i-0123456789abcdef0",
            }],
        ]),
    );
    told[1].get("");
    engine.delete(&group).unwrap();
    boto(&cloud, 0, &json!([["ec2", "delete_subnet", { "SubnetId": told[0].text("/Subnet/SubnetId") }]]))[0].get("");
    cloud.proxy.inject(refuse("DeleteVpc", "DependencyViolation", "The vpc has dependencies and cannot be deleted.", 2));
    engine.delete(&vpc).unwrap();
    assert_eq!(engine.read("aws.ec2.VPC", &[&vpc.id]), [None]);
}

#[test]
fn a_delete_that_does_not_find_another_thing_has_deleted_nothing() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let subnet = subnet(&engine, &cloud);
    cloud.proxy.inject(refuse("DeleteSubnet", "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID does not exist", 1));
    let refused = engine.delete(&subnet).unwrap_err();
    assert_eq!(refused.code, "InvalidNetworkInterfaceID.NotFound");
    assert!(engine.read("aws.ec2.Subnet", &[&subnet.id])[0].is_some());
    engine.delete(&subnet).unwrap();
    engine.delete(&subnet).unwrap();
}

fn cluster(engine: &Engine, cloud: &Cloud) -> super::engine::Thing {
    let [one, two, _] = network(cloud);
    let vpc = Value::object([("subnet_ids", texts(&[&one, &two]))]);
    let mode = Value::object([("authentication_mode", text("CONFIG_MAP"))]);
    let wanted = inputs([("name", text("shop")), ("role_arn", text(&role("eks"))), ("resources_vpc_config", vpc), ("access_config", mode)]);
    engine.create("aws.eks.Cluster", wanted).unwrap()
}

#[test]
fn a_cluster_comes_to_access_entries_in_two_steps_and_to_a_key_in_place() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let mut shop = cluster(&engine, &cloud);
    let busy = "Cannot update because cluster shop currently has an update in progress";
    cloud
        .proxy
        .inject(Rule::new(Fault::Refuse { status: 409, code: "ResourceInUseException", message: busy }).on("UpdateClusterConfig").times(2));
    cloud.proxy.inject(refuse("DescribeUpdate", "ResourceNotFoundException", "No update found for ID", 2));
    let mode = Value::object([("authentication_mode", text("API"))]);
    engine.change(&mut shop, "access_config", Some(mode)).unwrap();

    let key = |id: &str| {
        let provider = Value::object([("key_arn", text(&format!("arn:aws:kms:us-west-2:123456789012:key/{id}")))]);
        Value::list([Value::object([("provider", provider), ("resources", texts(&["secrets"]))])])
    };
    engine.change(&mut shop, "encryption_config", Some(key("1"))).unwrap();
    let told = boto(&cloud, 0, &json!([["eks", "describe_cluster", { "name": "shop" }]]));
    let seen = told[0].get("/cluster");
    assert_eq!(seen["accessConfig"]["authenticationMode"], "API");
    assert_eq!(seen["encryptionConfig"][0]["provider"]["keyArn"], "arn:aws:kms:us-west-2:123456789012:key/1");

    cloud.proxy.take_ledger();
    let refused = engine.change(&mut shop, "encryption_config", Some(key("2"))).unwrap_err();
    assert!(refused.message.contains("encryption_config"), "{refused}");
    assert_eq!(cloud.proxy.ledger().mutations(), [] as [&str; 0]);
}

#[test]
fn a_cluster_is_deleted_once_its_update_is_through() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let shop = cluster(&engine, &cloud);
    let busy = "Cannot delete because cluster shop currently has an update in progress";
    cloud
        .proxy
        .inject(Rule::new(Fault::Refuse { status: 409, code: "ResourceInUseException", message: busy }).on("DeleteCluster").times(3));
    engine.delete(&shop).unwrap();
    assert_eq!(engine.read("aws.eks.Cluster", &["shop"]), [None]);
    assert_eq!(cloud.proxy.ledger().count("DeleteCluster"), 4);
}

#[test]
fn an_entry_right_after_its_role_gets_its_policies() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let mut shop = cluster(&engine, &cloud);
    let mode = Value::object([("authentication_mode", text("API"))]);
    engine.change(&mut shop, "access_config", Some(mode)).unwrap();
    let fresh = "The specified principalArn is invalid: invalid principal";
    cloud.proxy.inject(refuse("CreateAccessEntry", "InvalidParameterException", fresh, 2));
    cloud.proxy.inject(Rule::new(Fault::Refuse {
        status: 404,
        code: "ResourceNotFoundException",
        message: "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
    }).on("AssociateAccessPolicy").times(2));
    let scope = Value::object([("type", text("cluster")), ("namespaces", texts(&[]))]);
    let view = text("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy");
    let wanted = inputs([
        ("cluster_name", text("shop")),
        ("principal_arn", text(&role("deployer"))),
        ("access_policies", Value::list([Value::object([("policy_arn", view), ("access_scope", scope)])])),
    ]);
    let entry = engine.create_by("0193a1b2-entry", "aws.eks.AccessEntry", wanted).unwrap();
    let policies = json!([["eks", "list_associated_access_policies", { "clusterName": "shop", "principalArn": role("deployer") }]]);
    assert_eq!(boto(&cloud, 0, &policies)[0].get("/associatedAccessPolicies").as_array().unwrap().len(), 1);
    engine.delete(&entry).unwrap();
}

#[test]
fn an_addon_that_waits_for_nodes_is_waited_for() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cluster(&engine, &cloud);
    let wanted = inputs([("cluster_name", text("shop")), ("addon_name", text("coredns"))]);
    engine.create_by("0193a1b2-addon", "aws.eks.Addon", wanted).unwrap();
    let told = boto(&cloud, 0, &json!([["eks", "describe_addon", { "clusterName": "shop", "addonName": "coredns" }]]));
    assert_eq!(told[0].text("/addon/status"), "ACTIVE");
}

#[test]
fn a_role_leaves_its_instance_profiles_before_it_is_deleted() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let trust = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let role = inputs([("role_name", text("node")), ("assume_role_policy_document", text(&trust))]);
    let role = engine.create("aws.iam.Role", role).unwrap();
    boto(
        &cloud,
        0,
        &json!([
            ["iam", "create_instance_profile", { "InstanceProfileName": "node" }],
            ["iam", "add_role_to_instance_profile", { "InstanceProfileName": "node", "RoleName": "node" }],
        ]),
    )[1]
    .get("");
    engine.delete(&role).unwrap();
    let told = boto(
        &cloud,
        0,
        &json!([["iam", "get_role", { "RoleName": "node" }], ["iam", "get_instance_profile", { "InstanceProfileName": "node" }]]),
    );
    assert_eq!((told[0].error(), told[1].get("/InstanceProfile/Roles")), ("NoSuchEntity", &json!([])));
}

#[test]
fn the_name_of_a_secret_that_was_just_deleted_is_waited_for() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let gone = "You can't create this secret because a secret with this name is already scheduled for deletion.";
    cloud.proxy.inject(refuse("CreateSecret", "InvalidRequestException", gone, 9));
    let secret = engine.create("aws.secretsmanager.Secret", inputs([("name", text("web")), ("secret_string", password("given"))]));
    // The nine refusals take longer than the 20 s that were not enough.
    assert_eq!(engine.secret(&secret.unwrap().id), "given");
}

#[test]
fn a_subnet_group_goes_once_the_cache_has_released_it() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let [one, two, _] = network(&cloud);
    let wanted = inputs([("cache_subnet_group_name", text("web")), ("description", text("web")), ("subnet_ids", texts(&[&one, &two]))]);
    let group = engine.create("aws.elasticache.SubnetGroup", wanted).unwrap();
    cloud.proxy.inject(refuse(
        "DeleteCacheSubnetGroup",
        "CacheSubnetGroupInUse",
        "Cache subnet group web is currently in use by a cache cluster.",
        3,
    ));
    engine.delete(&group).unwrap();
    assert_eq!(engine.read("aws.elasticache.SubnetGroup", &["web"]), [None]);
}

fn cache(group: &str) -> Object {
    inputs([
        ("replication_group_id", text("sessions")),
        ("replication_group_description", text("sessions")),
        ("engine", text("redis")),
        ("engine_version", Value::Version(Version("7.0".into()))),
        ("cache_node_type", text("cache.t3.medium")),
        ("num_cache_clusters", Value::Int(2)),
        ("automatic_failover_enabled", Value::Bool(true)),
        ("cache_subnet_group_name", text(group)),
        ("tags", tags("production")),
    ])
}

#[test]
fn a_cache_that_is_being_changed_is_read_without_its_tags_and_found_with_them() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let [one, two, _] = network(&cloud);
    let wanted = inputs([("cache_subnet_group_name", text("web")), ("description", text("web")), ("subnet_ids", texts(&[&one, &two]))]);
    engine.create_by("0193a1b2-subnets", "aws.elasticache.SubnetGroup", wanted).unwrap();
    let busy = "Cluster not in available state to perform tagging operations.";
    let refuse_tags = |times| refuse("ListTagsForResource", "InvalidReplicationGroupState", busy, times);

    // What waits for the whole of it waits for its tags.
    cloud.proxy.inject(refuse_tags(2));
    let cache = engine.create("aws.elasticache.ReplicationGroup", cache("web")).unwrap();
    assert_eq!(cache.seen.get("tags"), Some(&tags("production")));
    cloud.proxy.inject(refuse_tags(2));
    assert_eq!(engine.find("aws.elasticache.ReplicationGroup", self::cache("web")).as_deref(), Some("sessions"));

    // A read waits for nothing, and says what it could not see.
    cloud.proxy.inject(refuse_tags(1));
    let read = engine.read("aws.elasticache.ReplicationGroup", &["sessions"]).remove(0).unwrap();
    assert_eq!((read.get("tags"), read.get(plat::provider::UNSEEN)), (None, Some(&texts(&["tags"]))));
    let kept = plat::provider::with_known(read, &cache.seen);
    assert_eq!(kept, cache.seen);
}

#[test]
fn the_newest_version_of_a_launch_template_is_the_number_that_it_stands_for() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    cluster(&engine, &cloud);
    let [subnet, ..] = network(&cloud);
    let data = |kind: &str| json!({ "InstanceType": kind });
    let make = json!(["ec2", "create_launch_template", { "LaunchTemplateName": "nodes", "LaunchTemplateData": data("t3.large") }]);
    boto(&cloud, 0, &json!([make]))[0].get("");
    let template = Value::object([("name", text("nodes")), ("version", text("$Latest"))]);
    let wanted = inputs([
        ("cluster_name", text("shop")),
        ("nodegroup_name", text("app")),
        ("node_role", text(&role("node"))),
        ("subnets", texts(&[&subnet])),
        ("launch_template", template.clone()),
    ]);
    let mut group = engine.create_by("0193a1b2-group", "aws.eks.Nodegroup", wanted).unwrap();
    let version = |group: &super::engine::Thing| match group.seen.get("launch_template") {
        Some(Value::Object(template)) => template.get("version").cloned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(version(&group), Some(text("1")));

    let more = json!(["ec2", "create_launch_template_version", { "LaunchTemplateName": "nodes", "LaunchTemplateData": data("t3.xlarge") }]);
    boto(&cloud, 0, &json!([more]))[0].get("");
    let read = engine.read("aws.eks.Nodegroup", &[&group.id]).remove(0).unwrap();
    let schema = plat_aws::schemas().into_iter().find(|schema| schema.name == "aws.eks.Nodegroup").unwrap();
    let meant = schema.attribute("launch_template").unwrap().resolve_symbols(&template, &read);
    assert_eq!(meant, Some(Value::object([("name", text("nodes")), ("version", text("2"))])));
    engine.change(&mut group, "launch_template", Some(template)).unwrap();
    assert_eq!(version(&group), Some(text("2")));
    let told = boto(&cloud, 0, &json!([["eks", "describe_nodegroup", { "clusterName": "shop", "nodegroupName": "app" }]]));
    assert_eq!(told[0].text("/nodegroup/launchTemplate/version"), "2");
}
