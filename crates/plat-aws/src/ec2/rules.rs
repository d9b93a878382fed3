//! Relations that EC2 enforces.

use ipnet::IpNet;
use plat::schema::rules::Literal::{Bool, Int, Text};
use plat::schema::rules::Test::{
    Any, AnyOf, AtLeast, AtLeastOne, AtMostOne, Creates, Custom as Is_, ExactlyOne, Is, Length, Not, NotLess, Set, StartsWith, Unset,
};
use plat::schema::rules::{Custom, Path, Reading, Rule, own, target};
use plat::value::Value;

use crate::rules::tag_rule;

const GROUP_RULES: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html";
const GROUP_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html";
const ROUTE_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html";
const NAT_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html";
const ACL_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html";
const SUBNET_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html";
const SUBNET_SIZES: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html";
const VPC_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html";
const VPC_DNS: &str = "https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html";
const ADDRESS_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html";
const FLOW_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html";
const ENDPOINT_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html";
const GATEWAYS: &str = "https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html";
const PRIVATE_DNS: &str = "https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html";
const ATTACHMENT_API: &str = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachInternetGateway.html";

const PORTS: &[Path] = &[own("from_port"), own("to_port")];

/// The rules of a list of security group rules. `$peers`: the attributes that name the other side.
macro_rules! group_rules {
    ($name:ident, $list:literal, $peers:expr, $help:literal) => {
        pub(super) const $name: &[Rule] = &[
            Rule::new("a rule has exactly one peer: a range, a prefix list or a security group", GROUP_RULES)
                .each($list)
                .must(&[ExactlyOne($peers)])
                .help($help),
            Rule::new("`cidr_ip` is an IPv4 range", GROUP_RULES)
                .each($list)
                .when(&[Set(own("cidr_ip"))])
                .must(&[Is_(&Custom { name: "IPv4", paths: &[own("cidr_ip")], holds: is_v4 })])
                .help("write an IPv6 range as `cidr_ipv6`"),
            Rule::new("`cidr_ipv6` is an IPv6 range", GROUP_RULES)
                .each($list)
                .when(&[Set(own("cidr_ipv6"))])
                .must(&[Not(&Is_(&Custom { name: "IPv4", paths: &[own("cidr_ipv6")], holds: is_v4 }))])
                .help("write an IPv4 range as `cidr_ip`"),
            Rule::new("a rule for all traffic, `ip_protocol = \"-1\"`, has no ports", GROUP_RULES)
                .each($list)
                .when(&[Is(own("ip_protocol"), Text("-1"))])
                .must(&[Is_(&Custom { name: "no ports", paths: PORTS, holds: names_no_port })])
                .help("leave `from_port` and `to_port` out, or name a protocol such as \"tcp\""),
            Rule::new("a rule for TCP or UDP has `from_port` and `to_port`", GROUP_RULES)
                .each($list)
                .when(&[AnyOf(own("ip_protocol"), &["tcp", "udp", "6", "17"])])
                .must(&[Set(own("from_port")), Set(own("to_port"))])
                .help("set both, to the same number for one port; 0 and 65535 are all ports"),
            Rule::new("a rule for TCP or UDP has ports from 0 to 65535", GROUP_RULES)
                .each($list)
                .when(&[AnyOf(own("ip_protocol"), &["tcp", "udp", "6", "17"]), Set(own("from_port")), Set(own("to_port"))])
                .must(&[AtLeast(own("from_port"), 0.0), AtLeast(own("to_port"), 0.0)])
                .help("write 0 and 65535 for all ports"),
            Rule::new("a `description` is not empty", GROUP_RULES)
                .each($list)
                .when(&[Set(own("description"))])
                .must(&[Length(own("description"), 1, 255)])
                .help("leave `description` out, or say what the rule is for"),
            Rule::new("a `description` has letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*` alone", GROUP_RULES)
                .each($list)
                .when(&[Set(own("description"))])
                .must(&[Is_(&Custom { name: "plain text", paths: &[own("description")], holds: is_plain })])
                .help("write the description without other signs"),
        ];
    };
}

group_rules!(
    INGRESS,
    "security_group_ingress",
    &[own("cidr_ip"), own("cidr_ipv6"), own("source_prefix_list_id"), own("source_security_group_id")],
    "set one of `cidr_ip`, `cidr_ipv6`, `source_prefix_list_id` and `source_security_group_id`; write a rule for each peer"
);
group_rules!(
    EGRESS,
    "security_group_egress",
    &[own("cidr_ip"), own("cidr_ipv6"), own("destination_prefix_list_id"), own("destination_security_group_id")],
    "set one of `cidr_ip`, `cidr_ipv6`, `destination_prefix_list_id` and `destination_security_group_id`; write a rule for each peer"
);

pub(super) const GROUP: &[Rule] = &[
    Rule::new("`source_security_group_owner_id` needs `source_security_group_id`", GROUP_RULES)
        .each("security_group_ingress")
        .when(&[Set(own("source_security_group_owner_id"))])
        .must(&[Set(own("source_security_group_id"))])
        .help("name the group of the other account, or leave its account out"),
    Rule::new("names of security groups do not begin with `sg-`, and are not `default`", GROUP_API)
        .when(&[Set(own("group_name"))])
        .must(&[Not(&StartsWith(own("group_name"), &["sg-"])), Not(&Is(own("group_name"), Text("default")))])
        .help("choose another name"),
    Rule::new("`group_description` has 1 to 255 letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`", GROUP_API)
        .must(&[
            Length(own("group_description"), 1, 255),
            Is_(&Custom { name: "plain text", paths: &[own("group_description")], holds: is_plain }),
        ])
        .help("write the description without other signs"),
    tag_rule!(),
];

pub(super) const ROUTE: &[Rule] = &[
    Rule::new("`destination_cidr_block` is an IPv4 range", ROUTE_API)
        .when(&[Set(own("destination_cidr_block"))])
        .must(&[Is_(&Custom { name: "IPv4", paths: &[own("destination_cidr_block")], holds: is_v4 })])
        .help("write an IPv6 range as `destination_ipv6_cidr_block`"),
    Rule::new("`destination_ipv6_cidr_block` is an IPv6 range", ROUTE_API)
        .when(&[Set(own("destination_ipv6_cidr_block"))])
        .must(&[Not(&Is_(&Custom { name: "IPv4", paths: &[own("destination_ipv6_cidr_block")], holds: is_v4 }))])
        .help("write an IPv4 range as `destination_cidr_block`"),
    Rule::new("an egress-only internet gateway is a target for IPv6 alone", ROUTE_API)
        .when(&[Set(own("egress_only_internet_gateway_id"))])
        .must(&[Unset(own("destination_cidr_block"))])
        .help("set `destination_ipv6_cidr_block`, or use a NAT gateway for IPv4"),
    Rule::new("a carrier gateway is a target for IPv4 alone", ROUTE_API)
        .when(&[Set(own("carrier_gateway_id"))])
        .must(&[Unset(own("destination_ipv6_cidr_block"))])
        .help("set `destination_cidr_block`"),
];

const ZONAL: plat::schema::rules::Test = Not(&Is(own("availability_mode"), Text("regional")));

pub(super) const NAT_GATEWAY: &[Rule] = &[
    Rule::new("a public NAT gateway needs an `allocation_id`", NAT_API)
        .when(&[Is(own("connectivity_type"), Text("public")), Any(&[Unset(own("availability_mode")), ZONAL])])
        .must(&[Set(own("allocation_id"))])
        .help("declare an `aws.ec2.EIP`, and set `allocation_id` to it"),
    Rule::new("a private NAT gateway has no public addresses", NAT_API)
        .when(&[Is(own("connectivity_type"), Text("private"))])
        .must(&[Unset(own("allocation_id")), Unset(own("secondary_allocation_ids"))])
        .help("leave `allocation_id` and `secondary_allocation_ids` out"),
    Rule::new("a NAT gateway in one zone needs a `subnet_id`", NAT_API)
        .when(&[Any(&[Unset(own("availability_mode")), Is(own("availability_mode"), Text("zonal"))])])
        .must(&[Set(own("subnet_id"))])
        .help("set `subnet_id`; a public gateway needs a subnet with a route to an internet gateway"),
    Rule::new("a regional NAT gateway has a `vpc_id` and no `subnet_id`", NAT_API)
        .when(&[Is(own("availability_mode"), Text("regional"))])
        .must(&[Set(own("vpc_id")), Unset(own("subnet_id"))])
        .help("set `vpc_id`, and leave `subnet_id` out"),
    Rule::new("a regional NAT gateway is public", NAT_API)
        .when(&[Is(own("availability_mode"), Text("regional"))])
        .must(&[Not(&Is(own("connectivity_type"), Text("private")))])
        .help("leave `connectivity_type` out"),
    Rule::new("further private addresses are counted or listed", NAT_API)
        .must(&[AtMostOne(&[own("secondary_private_ip_address_count"), own("secondary_private_ip_addresses")])])
        .help("leave `secondary_private_ip_address_count` or `secondary_private_ip_addresses` out"),
    Rule::new("`secondary_private_ip_address_count` is for private NAT gateways", NAT_API)
        .when(&[Set(own("secondary_private_ip_address_count"))])
        .must(&[Is(own("connectivity_type"), Text("private"))])
        .help("list the addresses in `secondary_private_ip_addresses`, one for each of `secondary_allocation_ids`"),
    tag_rule!(),
];

pub(super) const ACL_ENTRY: &[Rule] = &[
    Rule::new("an entry is about an IPv4 range or an IPv6 range", ACL_API)
        .must(&[ExactlyOne(&[own("cidr_block"), own("ipv6_cidr_block")])])
        .help("set `cidr_block` or `ipv6_cidr_block`"),
    Rule::new("`cidr_block` is an IPv4 range", ACL_API)
        .when(&[Set(own("cidr_block"))])
        .must(&[Is_(&Custom { name: "IPv4", paths: &[own("cidr_block")], holds: is_v4 })])
        .help("write an IPv6 range as `ipv6_cidr_block`"),
    Rule::new("only entries for TCP and UDP have a `port_range`", ACL_API)
        .when(&[Set(own("port_range"))])
        .must(&[Any(&[Is(own("protocol"), Int(6)), Is(own("protocol"), Int(17))])])
        .help("leave `port_range` out, or name the protocol: 6 is TCP, 17 is UDP"),
    Rule::new("an entry for TCP or UDP has a `port_range`", ACL_API)
        .when(&[Creates, Any(&[Is(own("protocol"), Int(6)), Is(own("protocol"), Int(17))])])
        .must(&[Set(own("port_range"))])
        .help("write `port_range = { from = 0, to = 65535 }` for all ports"),
    Rule::new("an entry for ICMP has `icmp`", ACL_API)
        .when(&[Any(&[Is(own("protocol"), Int(1)), Is(own("protocol"), Int(58))])])
        .must(&[Set(own("icmp"))])
        .help("write `icmp = { type = -1, code = -1 }` for all types"),
    Rule::new("only entries for ICMP have `icmp`", ACL_API)
        .when(&[Set(own("icmp"))])
        .must(&[Any(&[Is(own("protocol"), Int(1)), Is(own("protocol"), Int(58))])])
        .help("leave `icmp` out, or name the protocol: 1 is ICMP, 58 is ICMPv6"),
    Rule::new("ICMPv6 is about IPv6 ranges", ACL_API)
        .when(&[Is(own("protocol"), Int(58))])
        .must(&[Set(own("ipv6_cidr_block"))])
        .help("set `ipv6_cidr_block`"),
    Rule::new("the first port of a range is at most the last", ACL_API)
        .when(&[Set(own("port_range").then(&["from"])), Set(own("port_range").then(&["to"]))])
        .must(&[NotLess(own("port_range").then(&["to"]), own("port_range").then(&["from"]))])
        .help("exchange `from` and `to`"),
];

pub(super) const SUBNET: &[Rule] = &[
    Rule::new("a zone is named by its name or by its id", SUBNET_API)
        .must(&[AtMostOne(&[own("availability_zone"), own("availability_zone_id")])])
        .help("leave `availability_zone` or `availability_zone_id` out"),
    Rule::new("a subnet has its range from `cidr_block` or from a pool", SUBNET_API)
        .must(&[AtMostOne(&[own("cidr_block"), own("ipv4_ipam_pool_id")])])
        .help("leave one of them out"),
    Rule::new("a subnet needs a range", SUBNET_API)
        .when(&[Not(&Is(own("ipv6_native"), Bool(true)))])
        .must(&[AtLeastOne(&[own("cidr_block"), own("ipv4_ipam_pool_id")])])
        .help("set `cidr_block`"),
    Rule::new("a subnet with IPv6 alone has no IPv4 range", SUBNET_API)
        .when(&[Is(own("ipv6_native"), Bool(true))])
        .must(&[Unset(own("cidr_block")), Not(&Is(own("map_public_ip_on_launch"), Bool(true)))])
        .help("leave `cidr_block` and `map_public_ip_on_launch` out"),
    Rule::new("a subnet with IPv6 alone needs an IPv6 range", SUBNET_API)
        .when(&[Is(own("ipv6_native"), Bool(true))])
        .must(&[AtLeastOne(&[own("ipv6_cidr_block"), own("ipv6_ipam_pool_id")])])
        .help("set `ipv6_cidr_block`"),
    Rule::new("IPv6 addresses need an IPv6 range of the subnet", SUBNET_API)
        .when(&[Is(own("assign_ipv6_address_on_creation"), Bool(true))])
        .must(&[AtLeastOne(&[own("ipv6_cidr_block"), own("ipv6_ipam_pool_id")])])
        .help("set `ipv6_cidr_block`, or leave `assign_ipv6_address_on_creation` out"),
    Rule::new("an IPv6 range of a subnet is between /44 and /64, in steps of 4", SUBNET_SIZES)
        .when(&[Set(own("ipv6_cidr_block"))])
        .must(&[Is_(&Custom { name: "a size", paths: &[own("ipv6_cidr_block")], holds: has_v6_size })])
        .help("write a /64"),
    Rule::new("the length of a netmask needs a pool to take the range from", SUBNET_API)
        .when(&[Set(own("ipv4_netmask_length"))])
        .must(&[Set(own("ipv4_ipam_pool_id"))])
        .help("set `ipv4_ipam_pool_id`, or `cidr_block` in place of both"),
    tag_rule!(),
];

pub(super) const VPC: &[Rule] = &[
    Rule::new("a network has its range from `cidr_block` or from a pool", VPC_API)
        .must(&[ExactlyOne(&[own("cidr_block"), own("ipv4_ipam_pool_id")])])
        .help("set `cidr_block`, for example to 10.0.0.0/16"),
    Rule::new("the length of a netmask needs a pool to take the range from", VPC_API)
        .when(&[Set(own("ipv4_netmask_length"))])
        .must(&[Set(own("ipv4_ipam_pool_id"))])
        .help("set `ipv4_ipam_pool_id`, or `cidr_block` in place of both"),
    Rule::new("`enable_dns_hostnames` needs `enable_dns_support`", VPC_DNS)
        .when(&[Is(own("enable_dns_hostnames"), Bool(true))])
        .must(&[Is(own("enable_dns_support"), Bool(true))])
        .help("leave `enable_dns_support` out: it is on then"),
    tag_rule!(),
];

pub(super) const ADDRESS: &[Rule] = &[
    Rule::new("an address comes from one place", ADDRESS_API)
        .must(&[AtMostOne(&[own("address"), own("ipam_pool_id"), own("transfer_address")])])
        .help("leave all but one of `address`, `ipam_pool_id` and `transfer_address` out"),
    tag_rule!(),
];

pub(super) const FLOW_LOG: &[Rule] = &[
    Rule::new("records for CloudWatch Logs need a `log_group_name` and a role in `deliver_logs_permission_arn`", FLOW_API)
        .when(&[Is(own("log_destination_type"), Text("cloud-watch-logs"))])
        .must(&[AtLeastOne(&[own("log_group_name"), own("log_destination")]), Set(own("deliver_logs_permission_arn"))])
        .help("set both; the role is one that `vpc-flow-logs.amazonaws.com` can assume"),
    Rule::new("records are sent to a log group or to another destination", FLOW_API)
        .must(&[AtMostOne(&[own("log_group_name"), own("log_destination")])])
        .help("leave `log_group_name` or `log_destination` out"),
    Rule::new("records for a bucket or a stream need its ARN in `log_destination`", FLOW_API)
        .when(&[AnyOf(own("log_destination_type"), &["s3", "kinesis-data-firehose"])])
        .must(&[Set(own("log_destination"))])
        .help("set `log_destination` to the ARN of the bucket or stream"),
    Rule::new("records for a bucket need no role", FLOW_API)
        .when(&[Is(own("log_destination_type"), Text("s3"))])
        .must(&[Unset(own("deliver_logs_permission_arn"))])
        .help("leave `deliver_logs_permission_arn` out: the bucket's policy allows the delivery"),
    Rule::new("only files in a bucket have `destination_options`", FLOW_API)
        .when(&[Set(own("destination_options"))])
        .must(&[Is(own("log_destination_type"), Text("s3"))])
        .help("leave `destination_options` out"),
    Rule::new("packets of a transit gateway are collected for 60 seconds", FLOW_API)
        .when(&[AnyOf(own("resource_type"), &["TransitGateway", "TransitGatewayAttachment"]), Set(own("max_aggregation_interval"))])
        .must(&[Is(own("max_aggregation_interval"), Int(60))])
        .help("set `max_aggregation_interval = 60s`"),
    Rule::new("of a transit gateway all traffic is recorded", FLOW_API)
        .when(&[AnyOf(own("resource_type"), &["TransitGateway", "TransitGatewayAttachment"])])
        .must(&[Is(own("traffic_type"), Text("ALL"))])
        .help("leave `traffic_type` out"),
    tag_rule!(),
];

pub(super) const ENDPOINT: &[Rule] = &[
    Rule::new("an endpoint needs a `service_name`", ENDPOINT_API)
        .when(&[AnyOf(own("vpc_endpoint_type"), &["Gateway", "Interface", "GatewayLoadBalancer"])])
        .must(&[Set(own("service_name"))])
        .help("set `service_name`, for example to \"com.amazonaws.us-west-2.s3\""),
    Rule::new("gateway endpoints are for S3 and DynamoDB alone", GATEWAYS)
        .when(&[Is(own("vpc_endpoint_type"), Text("Gateway")), Set(own("service_name"))])
        .must(&[Is_(&Custom { name: "a service with gateways", paths: &[own("service_name")], holds: has_gateways })])
        .help("set `vpc_endpoint_type = \"Interface\"`"),
    Rule::new("a gateway endpoint has route tables, and no subnets, security groups or names of its own", GATEWAYS)
        .when(&[Is(own("vpc_endpoint_type"), Text("Gateway"))])
        .must(&[Unset(own("subnet_ids")), Unset(own("security_group_ids")), Not(&Is(own("private_dns_enabled"), Bool(true)))])
        .help("leave them out, or set `vpc_endpoint_type = \"Interface\"`"),
    Rule::new("only a gateway endpoint has `route_table_ids`", ENDPOINT_API)
        .when(&[Set(own("route_table_ids"))])
        .must(&[Is(own("vpc_endpoint_type"), Text("Gateway"))])
        .help("leave `route_table_ids` out, and set `subnet_ids`"),
    Rule::new("an endpoint of a Gateway Load Balancer is in one subnet, without security groups, policy or names", ENDPOINT_API)
        .when(&[Is(own("vpc_endpoint_type"), Text("GatewayLoadBalancer"))])
        .must(&[
            Length(own("subnet_ids"), 1, 1),
            Unset(own("security_group_ids")),
            Unset(own("policy_document")),
            Not(&Is(own("private_dns_enabled"), Bool(true))),
        ])
        .help("name one subnet, and leave the others out"),
    Rule::new("the service's own name needs `enable_dns_hostnames` of the network", PRIVATE_DNS)
        .when(&[Is(own("private_dns_enabled"), Bool(true))])
        .must(&[Not(&Is(target("vpc_id", "aws.ec2.VPC", "enable_dns_hostnames"), Bool(false)))])
        .help("set `enable_dns_hostnames = true` of the network"),
    Rule::new("the service's own name needs `enable_dns_support` of the network", PRIVATE_DNS)
        .when(&[Is(own("private_dns_enabled"), Bool(true))])
        .must(&[Not(&Is(target("vpc_id", "aws.ec2.VPC", "enable_dns_support"), Bool(false)))])
        .help("set `enable_dns_support = true` of the network"),
    tag_rule!(),
];

pub(super) const ATTACHMENT: &[Rule] = &[Rule::new("an attachment has one gateway", ATTACHMENT_API)
    .must(&[ExactlyOne(&[own("internet_gateway_id"), own("vpn_gateway_id")])])
    .help("set `internet_gateway_id` or `vpn_gateway_id`")];

pub(super) const PEERING: &[Rule] = &[
    Rule::new(
        "the role that accepts a peering connection is of another account",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/peer-with-vpc-in-another-account.html",
    )
    .when(&[Set(own("peer_role_arn"))])
    .must(&[Set(own("peer_owner_id"))])
    .help("set `peer_owner_id`, or leave `peer_role_arn` out"),
    tag_rule!(),
];

pub(super) const TAGGED: &[Rule] = &[tag_rule!()];

fn range<'v>(values: &[Reading<'v>]) -> Option<&'v IpNet> {
    match values.first()?.value()? {
        Value::Cidr(range) => Some(range),
        _ => None,
    }
}

fn is_v4(values: &[Reading<'_>]) -> Option<bool> {
    Some(matches!(range(values)?, IpNet::V4(_)))
}

fn has_v6_size(values: &[Reading<'_>]) -> Option<bool> {
    match range(values)? {
        IpNet::V6(range) => Some((44..=64).contains(&range.prefix_len()) && range.prefix_len() % 4 == 0),
        IpNet::V4(_) => Some(false),
    }
}

/// First and last port. `-1`, and `0` to `0` as other tools write it, are no ports.
fn names_no_port(values: &[Reading<'_>]) -> Option<bool> {
    let mut none = true;
    for value in values {
        none &= match value {
            Reading::Unset => true,
            Reading::Unknown => return None,
            Reading::Value(Value::Int(port)) => *port == -1,
            Reading::Value(_) => false,
        };
    }
    Some(none)
}

fn is_plain(values: &[Reading<'_>]) -> Option<bool> {
    let text = values.first()?.text()?;
    Some(text.chars().all(|c| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c)))
}

fn has_gateways(values: &[Reading<'_>]) -> Option<bool> {
    let name = values.first()?.text()?;
    Some(name.ends_with(".s3") || name.ends_with(".dynamodb"))
}
