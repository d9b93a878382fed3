//! What belongs to one resource at a time: the emulators refuse a second holder as AWS does, and applies release before they take.

use serde_json::json;

use super::cloud::Cloud;
use super::plat::Project;
use super::witness::{Inventory, boto};

const REGION: &str = "us-west-2";

#[test]
fn the_emulator_refuses_a_second_holder() {
    let cloud = Cloud::start();
    let rule = json!([{ "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] }]);
    let entry = json!({
        "NetworkAclId": "$10/NetworkAcl/NetworkAclId", "RuleNumber": 7, "Protocol": "-1", "RuleAction": "deny", "Egress": false,
        "CidrBlock": "10.0.0.0/8"
    });
    let route = json!({
        "RouteTableId": "$2/RouteTable/RouteTableId", "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": "$3/InternetGateway/InternetGatewayId"
    });
    let associate = json!({ "RouteTableId": "$2/RouteTable/RouteTableId", "SubnetId": "$1/Subnet/SubnetId" });
    let nat = json!({ "SubnetId": "$1/Subnet/SubnetId", "AllocationId": "$4/AllocationId" });
    let told = boto(
        &cloud,
        0,
        &json!([
            ["ec2", "create_vpc", { "CidrBlock": "10.0.0.0/16" }],
            ["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": "10.0.0.0/20" }],
            ["ec2", "create_route_table", { "VpcId": "$0/Vpc/VpcId" }],
            ["ec2", "create_internet_gateway", {}],
            ["ec2", "allocate_address", { "Domain": "vpc" }],
            ["ec2", "attach_internet_gateway", { "VpcId": "$0/Vpc/VpcId", "InternetGatewayId": "$3/InternetGateway/InternetGatewayId" }],
            ["ec2", "create_security_group", { "VpcId": "$0/Vpc/VpcId", "GroupName": "web", "Description": "web" }],
            ["ec2", "authorize_security_group_ingress", { "GroupId": "$6/GroupId", "IpPermissions": rule }],
            ["ec2", "create_route", route],
            ["ec2", "associate_route_table", associate],
            ["ec2", "create_network_acl", { "VpcId": "$0/Vpc/VpcId" }],
            ["ec2", "create_network_acl_entry", entry],
            ["ec2", "create_nat_gateway", nat],
            ["ec2", "create_internet_gateway", {}],
            ["iam", "create_role", { "RoleName": "app", "AssumeRolePolicyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }],
            // 15: each of these is refused
            ["ec2", "create_subnet", { "VpcId": "$0/Vpc/VpcId", "CidrBlock": "10.0.8.0/24" }],
            ["ec2", "create_route", route],
            ["ec2", "associate_route_table", associate],
            ["ec2", "create_security_group", { "VpcId": "$0/Vpc/VpcId", "GroupName": "Web ", "Description": "web" }],
            ["ec2", "authorize_security_group_ingress", { "GroupId": "$6/GroupId", "IpPermissions": rule }],
            ["ec2", "create_network_acl_entry", entry],
            ["ec2", "create_nat_gateway", nat],
            ["ec2", "attach_internet_gateway", { "VpcId": "$0/Vpc/VpcId", "InternetGatewayId": "$13/InternetGateway/InternetGatewayId" }],
            ["iam", "create_role", { "RoleName": "APP", "AssumeRolePolicyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }],
        ]),
    );
    for answer in &told[..15] {
        answer.get("");
    }
    let codes: Vec<&str> = told[15..].iter().map(|answer| answer.error()).collect();
    assert_eq!(
        codes,
        [
            "InvalidSubnet.Conflict",
            "RouteAlreadyExists",
            "Resource.AlreadyAssociated",
            "InvalidGroup.Duplicate",
            "InvalidPermission.Duplicate",
            "NetworkAclEntryAlreadyExists",
            "Resource.AlreadyAssociated",
            "InvalidParameterValue",
            "EntityAlreadyExists",
        ]
    );
}

/// Zones `a` and `c`, then `a`, `b` and `c`: the range of `c` goes to `b`, and what lies in the subnets follows.
#[test]
fn a_zone_in_the_middle_takes_the_range_of_the_next_one() {
    for _ in 0..5 {
        let cloud = Cloud::start();
        let project = Project::of_tests("claims", "test");
        let apply = |step: &str| project.run(&cloud, "apply", &["--yes", "-p", step]).ends(0);
        let ranges = || {
            let there = Inventory::of(&cloud, REGION);
            let mut ranges: Vec<(String, String)> = there
                .all("subnets")
                .iter()
                .map(|subnet| (subnet["zone"].as_str().unwrap().to_owned(), subnet["cidr"].as_str().unwrap().to_owned()))
                .collect();
            ranges.sort();
            ranges
        };
        let wanted = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(zone, range)| (format!("us-west-2{zone}"), (*range).to_owned())).collect()
        };
        apply("step=1");
        assert_eq!(ranges(), wanted(&[("a", "10.0.0.0/24"), ("c", "10.0.1.0/24")]));
        apply("step=2");
        assert_eq!(ranges(), wanted(&[("a", "10.0.0.0/24"), ("b", "10.0.1.0/24"), ("c", "10.0.2.0/24")]));
        project.run(&cloud, "plan", &["--detailed-exitcode", "-p", "step=2"]).ends(0);
        apply("step=3");
        assert_eq!(ranges(), wanted(&[("b", "10.0.0.0/24"), ("c", "10.0.1.0/24")]));
    }
}
