//! The harness itself: faults are what the SDKs take them for, the witness sees what there is, the emulators do as AWS does where plat
//! depends on it.

use std::time::{Duration, Instant};

use serde_json::json;

use super::cloud::Cloud;
use super::fault::{Fault, Rule};
use super::witness::{Inventory, boto, start_boto};

const REGION: &str = "us-west-2";

#[test]
fn faults_have_the_shape_of_each_protocol() {
    let cloud = Cloud::start();
    let calls = json!([
        ["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }],
        ["rds", "describe_db_instances", {}],
        ["secretsmanager", "create_secret", { "Name": "a", "SecretString": "b" }],
        ["eks", "describe_cluster", { "name": "a" }],
        ["s3", "create_bucket", { "Bucket": "a", "CreateBucketConfiguration": { "LocationConstraint": REGION } }],
    ]);

    cloud.proxy.inject(Rule::new(Fault::Throttle).times(5));
    let told = boto(&cloud, 0, &calls);
    let codes: Vec<_> = told.iter().map(|t| (t.error(), t.0["status"].as_u64().unwrap())).collect();
    assert_eq!(
        codes,
        [("RequestLimitExceeded", 503), ("Throttling", 400), ("ThrottlingException", 400), ("ThrottlingException", 429), ("SlowDown", 503)]
    );

    cloud.proxy.inject(Rule::new(Fault::ServerError).times(5));
    let told = boto(&cloud, 0, &calls);
    let codes: Vec<_> = told.iter().map(|t| (t.error(), t.0["status"].as_u64().unwrap())).collect();
    assert_eq!(
        codes,
        [("InternalError", 500), ("InternalFailure", 500), ("InternalServiceError", 500), ("ServerException", 500), ("InternalError", 500)]
    );

    cloud.proxy.inject(Rule::new(Fault::Reset).times(5));
    let told = boto(&cloud, 0, &calls);
    assert!(told.iter().all(|t| t.error() == "ConnectionClosedError"), "{told:?}");

    cloud.proxy.inject(Rule::new(Fault::Refuse { status: 403, code: "ExpiredToken", message: "The security token is expired" }));
    assert_eq!(boto(&cloud, 0, &calls)[0].error(), "ExpiredToken");

    // Only the last round's calls took effect, and of those not the first.
    assert_eq!(Inventory::of(&cloud, REGION).counts(), [("secrets", 1)].into());
}

#[test]
fn throttled_calls_are_tried_again_by_the_sdk() {
    let cloud = Cloud::start();
    cloud.proxy.inject(Rule::new(Fault::Throttle).on("CreateVpc").times(2));
    let told = boto(&cloud, 4, &json!([["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }]]));
    assert!(told[0].text("/Vpc/VpcId").starts_with("vpc-"));
    assert_eq!(cloud.proxy.ledger().count("CreateVpc"), 3);
    assert_eq!(Inventory::of(&cloud, REGION).one("vpcs")["cidr"], "10.0.0.0/16");
}

#[test]
fn a_delayed_answer_arrives_late() {
    let cloud = Cloud::start();
    cloud.proxy.inject(Rule::new(Fault::Delay(Duration::from_secs(2))).on("DescribeVpcs"));
    let start = Instant::now();
    boto(&cloud, 0, &json!([["ec2", "describe_vpcs", {}], ["ec2", "describe_subnets", {}]]))[0].get("/Vpcs");
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert_eq!(cloud.proxy.ledger().counts(), [("DescribeSubnets", 1), ("DescribeVpcs", 1)].into());
}

#[test]
fn the_first_call_of_each_kind_can_fail() {
    let cloud = Cloud::start();
    cloud.proxy.inject(Rule::new(Fault::ServerError).mutating().first_of_each());
    let create = |cidr: &str| json!(["ec2", "create_vpc", { "CidrBlock": cidr }]);
    let told = boto(&cloud, 0, &json!([create("10.0.0.0/16"), create("10.1.0.0/16"), create("10.0.0.0/16")]));
    let failed: Vec<bool> = told.iter().map(|t| t.0.get("error").is_some()).collect();
    assert_eq!(failed, [true, true, false]);
}

#[test]
fn an_account_can_be_emptied() {
    let cloud = Cloud::start();
    let create = json!(["secretsmanager", "create_secret", { "Name": "a", "SecretString": "b", "ClientRequestToken": "1".repeat(32) }]);
    boto(&cloud, 0, &json!([create]))[0].get("");
    cloud.reset();
    assert!(Inventory::of(&cloud, REGION).is_empty());
    boto(&cloud, 0, &json!([create]))[0].get("");
    assert_eq!(Inventory::of(&cloud, REGION).counts(), [("secrets", 1)].into());
}

#[test]
fn a_lost_response_makes_two_of_what_has_no_token() {
    let cloud = Cloud::start();
    cloud.proxy.inject(Rule::new(Fault::LoseResponse).on("CreateVpc"));
    boto(&cloud, 1, &json!([["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }]]));
    assert_eq!(Inventory::of(&cloud, REGION).all("vpcs").len(), 2);
}

#[test]
fn a_token_makes_one_of_what_is_asked_for_twice() {
    let cloud = Cloud::start();
    cloud.proxy.inject(Rule::new(Fault::LoseResponse).on("CreateNatGateway"));
    cloud.proxy.inject(Rule::new(Fault::ErrorAfterSuccess).on("CreateCluster"));
    cloud.proxy.inject(Rule::new(Fault::LoseResponse).on("CreateSecret"));
    let told = boto(
        &cloud,
        1,
        &json!([
            ["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }],
            ["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": "10.0.1.0/24" }],
            ["ec2", "allocate_address", { "Domain": "vpc" }],
            ["ec2", "create_nat_gateway", { "SubnetId": "$1/Subnet/SubnetId", "AllocationId": "$2/AllocationId", "ClientToken": "one" }],
            ["eks", "create_cluster", {
                "name": "a", "roleArn": "arn:aws:iam::123456789012:role/a", "clientRequestToken": "two",
                "resourcesVpcConfig": { "subnetIds": ["$1/Subnet/SubnetId"] },
            }],
            ["secretsmanager", "create_secret", { "Name": "a", "SecretString": "b", "ClientRequestToken": "3".repeat(32) }],
        ]),
    );
    for answer in &told {
        answer.get("");
    }
    let inventory = Inventory::of(&cloud, REGION);
    assert_eq!(inventory.one("nat_gateways")["id"], *told[3].get("/NatGateway/NatGatewayId"));
    assert_eq!(inventory.one("clusters")["name"], "a");
    assert_eq!(inventory.one("secrets")["value"], "b");
    let ledger = cloud.proxy.ledger();
    assert_eq!([ledger.count("CreateNatGateway"), ledger.count("CreateCluster"), ledger.count("CreateSecret")], [2, 2, 2]);
}

#[test]
fn a_program_can_be_killed_before_or_after_its_nth_change() {
    for (fault, vpcs) in [(Fault::HoldBefore, 1), (Fault::HoldAfter, 2)] {
        let cloud = Cloud::start();
        cloud.proxy.inject(Rule::new(fault).mutating().nth(2));
        let create = json!(["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }]);
        let look = json!(["ec2", "describe_vpcs", {}]);
        let mut child = start_boto(&cloud, 0, &json!([look, create, look, create, create]));
        let held = cloud.proxy.wait_held(Duration::from_secs(60)).expect("the second change is held");
        assert_eq!(held.operation, "CreateVpc");
        child.kill().expect("a running child");
        child.wait().expect("a killed child");
        cloud.proxy.settle();
        assert_eq!(Inventory::of(&cloud, REGION).all("vpcs").len(), vpcs);
        assert_eq!(cloud.proxy.ledger().mutations(), ["CreateVpc", "CreateVpc"]);
    }
}

#[test]
fn a_share_of_calls_fails_the_same_way_each_time() {
    let cloud = Cloud::start();
    let look = json!(["ec2", "describe_vpcs", {}]);
    let calls = json!(vec![look; 60]);
    let round = || {
        cloud.proxy.heal();
        cloud.proxy.inject(Rule::new(Fault::Throttle).service("ec2").percent(30, 7));
        boto(&cloud, 0, &calls).iter().map(|t| t.0.get("error").is_some()).collect::<Vec<_>>()
    };
    let first = round();
    let failed = first.iter().filter(|failed| **failed).count();
    assert!((8..=28).contains(&failed), "{failed} of 60");
    assert_eq!(first, round());
}

#[test]
fn what_is_in_use_is_not_deleted() {
    let cloud = Cloud::start();
    let told = boto(
        &cloud,
        0,
        &json!([
            ["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }],
            ["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": "10.0.1.0/24" }],
            ["ec2", "allocate_address", { "Domain": "vpc" }],
            ["ec2", "create_nat_gateway", { "SubnetId": "$1/Subnet/SubnetId", "AllocationId": "$2/AllocationId" }],
            ["ec2", "create_internet_gateway", {}],
            ["ec2", "attach_internet_gateway", { "VpcId": "$0/Vpc/VpcId", "InternetGatewayId": "$4/InternetGateway/InternetGatewayId" }],
            ["ec2", "create_security_group", { "VpcId": "$0/Vpc/VpcId", "GroupName": "a", "Description": "a" }],
            ["ec2", "create_security_group", { "VpcId": "$0/Vpc/VpcId", "GroupName": "b", "Description": "b" }],
            ["ec2", "authorize_security_group_ingress", { "GroupId": "$7/GroupId", "IpPermissions": [
                { "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{ "GroupId": "$6/GroupId" }] }
            ] }],
            // 9: each of these is refused
            ["ec2", "delete_subnet", { "SubnetId": "$1/Subnet/SubnetId" }],
            ["ec2", "release_address", { "AllocationId": "$2/AllocationId" }],
            ["ec2", "detach_internet_gateway", { "VpcId": "$0/Vpc/VpcId", "InternetGatewayId": "$4/InternetGateway/InternetGatewayId" }],
            ["ec2", "delete_security_group", { "GroupId": "$6/GroupId" }],
            ["ec2", "delete_vpc", { "VpcId": "$0/Vpc/VpcId" }],
            // 14: and in the right order none
            ["ec2", "delete_nat_gateway", { "NatGatewayId": "$3/NatGateway/NatGatewayId" }],
            ["ec2", "release_address", { "AllocationId": "$2/AllocationId" }],
            ["ec2", "detach_internet_gateway", { "VpcId": "$0/Vpc/VpcId", "InternetGatewayId": "$4/InternetGateway/InternetGatewayId" }],
            ["ec2", "delete_internet_gateway", { "InternetGatewayId": "$4/InternetGateway/InternetGatewayId" }],
            ["ec2", "delete_security_group", { "GroupId": "$7/GroupId" }],
            ["ec2", "delete_security_group", { "GroupId": "$6/GroupId" }],
            ["ec2", "delete_subnet", { "SubnetId": "$1/Subnet/SubnetId" }],
            ["ec2", "delete_vpc", { "VpcId": "$0/Vpc/VpcId" }],
        ]),
    );
    for answer in &told[9..14] {
        assert_eq!(answer.error(), "DependencyViolation", "{answer:?}");
    }
    for answer in told[..9].iter().chain(&told[14..]) {
        answer.get("");
    }
    let left = Inventory::of(&cloud, REGION);
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn databases_are_as_in_aws() {
    let cloud = Cloud::start();
    let told = boto(
        &cloud,
        0,
        &json!([
            ["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }],
            ["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-west-2a" }],
            ["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "us-west-2b" }],
            ["rds", "create_db_subnet_group", {
                "DBSubnetGroupName": "g", "DBSubnetGroupDescription": "d", "SubnetIds": ["$1/Subnet/SubnetId"],
            }],
            ["rds", "modify_db_subnet_group", {
                "DBSubnetGroupName": "g", "SubnetIds": ["$1/Subnet/SubnetId", "$2/Subnet/SubnetId"],
            }],
            ["rds", "create_db_instance", {
                "DBInstanceIdentifier": "d", "DBInstanceClass": "db.t3.micro", "Engine": "postgres", "AllocatedStorage": 20,
                "MasterUsername": "u", "MasterUserPassword": "secret-secret", "DBSubnetGroupName": "g", "BackupRetentionPeriod": 7,
                "PreferredBackupWindow": "03:00-04:00", "PreferredMaintenanceWindow": "sun:04:00-sun:05:00",
            }],
            ["rds", "delete_db_subnet_group", { "DBSubnetGroupName": "g" }],
            ["ec2", "delete_subnet", { "SubnetId": "$1/Subnet/SubnetId" }],
        ]),
    );
    assert_eq!(told[6].error(), "InvalidDBSubnetGroupStateFault");
    assert_eq!(told[7].error(), "DependencyViolation");
    let inventory = Inventory::of(&cloud, REGION);
    let database = inventory.one("db_instances");
    assert_eq!(database["maintenance_window"], "sun:04:00-sun:05:00");
    assert_eq!(database["public"], false);
    assert_eq!(inventory.one("db_subnet_groups")["subnets"].as_array().unwrap().len(), 2);
}

#[test]
fn clusters_are_as_in_aws() {
    let cloud = Cloud::start();
    let told = boto(
        &cloud,
        0,
        &json!([
            ["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }],
            ["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": "10.0.1.0/24" }],
            ["eks", "create_cluster", {
                "name": "c", "version": "1.28", "roleArn": "arn:aws:iam::123456789012:role/a",
                "resourcesVpcConfig": { "subnetIds": ["$1/Subnet/SubnetId"], "endpointPublicAccess": false, "endpointPrivateAccess": true },
                "logging": { "clusterLogging": [{ "types": ["api", "audit"], "enabled": true }] },
            }],
            ["eks", "create_nodegroup", {
                "clusterName": "c", "nodegroupName": "n", "subnets": ["$1/Subnet/SubnetId"], "nodeRole": "arn:aws:iam::123456789012:role/n",
                "scalingConfig": { "minSize": 1, "maxSize": 2, "desiredSize": 1 }, "instanceTypes": ["t3.large"],
                "updateConfig": { "maxUnavailable": 1 },
            }],
            ["eks", "describe_cluster", { "name": "c" }],
            ["eks", "describe_nodegroup", { "clusterName": "c", "nodegroupName": "n" }],
            ["eks", "update_cluster_config", { "name": "c", "resourcesVpcConfig": { "endpointPublicAccess": true } }],
            ["eks", "describe_update", { "name": "c", "updateId": "$6/update/id" }],
            ["eks", "update_cluster_version", { "name": "c", "version": "1.29" }],
            ["eks", "update_nodegroup_version", { "clusterName": "c", "nodegroupName": "n" }],
            ["eks", "update_nodegroup_config", {
                "clusterName": "c", "nodegroupName": "n", "scalingConfig": { "minSize": 2, "maxSize": 3, "desiredSize": 2 },
            }],
            ["eks", "update_cluster_config", { "name": "c", "logging": { "clusterLogging": [{ "types": ["audit"], "enabled": false }] } }],
            ["eks", "describe_nodegroup", { "clusterName": "c", "nodegroupName": "n" }],
        ]),
    );
    assert_eq!(told[4].get("/cluster/resourcesVpcConfig/vpcId"), told[0].get("/Vpc/VpcId"));
    assert_eq!(told[5].text("/nodegroup/version"), "1.28");
    assert_eq!(told[7].text("/update/status"), "Successful");
    assert_eq!(told[12].text("/nodegroup/version"), "1.29");
    let inventory = Inventory::of(&cloud, REGION);
    let cluster = inventory.one("clusters");
    assert_eq!((&cluster["private_endpoint"], &cluster["public_endpoint"]), (&json!(true), &json!(true)));
    assert_eq!((&cluster["version"], &cluster["logs"]), (&json!("1.29"), &json!(["api"])));
    let group = inventory.one("nodegroups");
    assert_eq!((&group["min"], &group["update"]), (&json!(2), &json!({ "maxUnavailable": 1 })));
}

#[test]
fn caches_live_in_the_same_network() {
    let cloud = Cloud::start();
    let told = boto(
        &cloud,
        0,
        &json!([
            ["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }],
            ["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-west-2a" }],
            ["elasticache", "create_cache_subnet_group", {
                "CacheSubnetGroupName": "g", "CacheSubnetGroupDescription": "d", "SubnetIds": ["$1/Subnet/SubnetId"],
            }],
            ["elasticache", "create_replication_group", {
                "ReplicationGroupId": "r", "ReplicationGroupDescription": "d", "Engine": "redis", "EngineVersion": "7.0",
                "CacheNodeType": "cache.t3.micro", "NumCacheClusters": 2, "CacheSubnetGroupName": "g", "AutomaticFailoverEnabled": true,
            }],
            ["elasticache", "delete_cache_subnet_group", { "CacheSubnetGroupName": "g" }],
            ["ec2", "describe_instances", {}],
        ]),
    );
    assert_eq!(told[4].error(), "CacheSubnetGroupInUse");
    let inventory = Inventory::of(&cloud, REGION);
    let group = inventory.one("replication_groups");
    assert_eq!((&group["nodes"], &group["engine_versions"]), (&json!(2), &json!(["7.0"])));
    assert_eq!(inventory.one("cache_subnet_groups")["vpc"], *told[0].get("/Vpc/VpcId"));

    boto(
        &cloud,
        0,
        &json!([
            ["elasticache", "delete_replication_group", { "ReplicationGroupId": "r" }],
            ["elasticache", "delete_cache_subnet_group", { "CacheSubnetGroupName": "g" }],
        ]),
    );
    let inventory = Inventory::of(&cloud, REGION);
    assert!(inventory.all("replication_groups").is_empty() && inventory.all("cache_subnet_groups").is_empty());
}
