//! What resources of EC2 occupy exclusively.
//!
//! Error codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>

use plat::schema::{Claim, Form, Part};

const RANGE: &str = "aws.ec2 subnet range";
const INGRESS: &str = "aws.ec2 ingress rule";
const EGRESS: &str = "aws.ec2 egress rule";
const ADDRESS: &str = "aws.ec2 Elastic IP";

const INGRESS_SOURCE: &[&str] = &["cidr_ip", "cidr_ipv6", "source_prefix_list_id", "source_security_group_id"];
const EGRESS_DESTINATION: &[&str] = &["cidr_ip", "cidr_ipv6", "destination_prefix_list_id", "destination_security_group_id"];
const PORTS: Part = Part::ports("ip_protocol", "from_port", "to_port");

/// Address ranges of a network.
pub(super) fn subnet() -> Vec<Claim> {
    let range = |attribute| Claim::range("range", RANGE, attribute).within([Part::of(&["vpc_id"])]).refusal("InvalidSubnet.Conflict");
    vec![range(&["cidr_block"]), range(&["ipv6_cidr_block"])]
}

/// A destination in a route table.
pub(super) fn route() -> Vec<Claim> {
    let destination = Part::of(&["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"]);
    vec![Claim::one("destination", "aws.ec2 route", [destination]).within([Part::of(&["route_table_id"])]).refusal("RouteAlreadyExists")]
}

/// The one association of a subnet with a route table.
pub(super) fn subnet_route_table_association() -> Vec<Claim> {
    let subnet = [Part::of(&["subnet_id"])];
    vec![Claim::one("route table association of", "aws.ec2 route table of subnet", subnet).refusal("Resource.AlreadyAssociated")]
}

/// The one association of a subnet with a network ACL. AWS moves it from one list to another without a refusal.
pub(super) fn subnet_network_acl_association() -> Vec<Claim> {
    vec![Claim::one("network ACL association of", "aws.ec2 network ACL of subnet", [Part::of(&["subnet_id"])])]
}

/// A network has one internet gateway and one virtual private gateway, and each of these one network.
pub(super) fn vpc_gateway_attachment() -> Vec<Claim> {
    let attachment = |what, namespace, key, gateway| {
        Claim::one(what, namespace, [Part::of(key)]).when(gateway, &[]).refusal("Resource.AlreadyAssociated")
    };
    vec![
        attachment("internet gateway of", "aws.ec2 internet gateway of VPC", &["vpc_id"], "internet_gateway_id"),
        attachment("attachment of", "aws.ec2 VPC of gateway", &["internet_gateway_id"], "internet_gateway_id"),
        attachment("virtual private gateway of", "aws.ec2 VPN gateway of VPC", &["vpc_id"], "vpn_gateway_id"),
        attachment("attachment of", "aws.ec2 VPC of gateway", &["vpn_gateway_id"], "vpn_gateway_id"),
    ]
}

/// A name within a network, and each rule once. AWS compares names without case and without spaces at their end.
pub(super) fn security_group() -> Vec<Claim> {
    let rule = |namespace, list, peer| {
        let peer = Part::item(peer);
        Claim::one("rule", namespace, [PORTS, peer]).within([Part::itself()]).each(list).refusal("InvalidPermission.Duplicate")
    };
    vec![
        Claim::name("aws.ec2 security group name", &["group_name"])
            .form(Form::Label)
            .within([Part::of(&["vpc_id"])])
            .refusal("InvalidGroup.Duplicate"),
        rule(INGRESS, "security_group_ingress", INGRESS_SOURCE),
        rule(EGRESS, "security_group_egress", EGRESS_DESTINATION),
    ]
}

/// A rule of a group, as one in the group's own list.
pub(super) fn security_group_ingress() -> Vec<Claim> {
    standalone(INGRESS, INGRESS_SOURCE)
}

/// A rule of a group, as one in the group's own list.
pub(super) fn security_group_egress() -> Vec<Claim> {
    standalone(EGRESS, EGRESS_DESTINATION)
}

fn standalone(namespace: &'static str, peer: &'static [&'static str]) -> Vec<Claim> {
    let rule = Claim::one("rule", namespace, [PORTS, Part::of(peer)]);
    vec![rule.within([Part::of(&["group_id"])]).refusal("InvalidPermission.Duplicate")]
}

/// A number in one direction of a network ACL.
pub(super) fn network_acl_entry() -> Vec<Claim> {
    vec![
        Claim::one("rule number", "aws.ec2 network ACL entry", [Part::of(&["rule_number"])])
            .within([Part::of(&["network_acl_id"]), Part::of(&["egress"])])
            .refusal("NetworkAclEntryAlreadyExists"),
    ]
}

/// An Elastic IP, and the one Elastic IP of an instance.
pub(super) fn eip() -> Vec<Claim> {
    vec![
        Claim::one("Elastic IP", ADDRESS, [Part::itself()]).when("instance_id", &[]).refusal("Resource.AlreadyAssociated"),
        Claim::one("Elastic IP of", "aws.ec2 Elastic IP of instance", [Part::of(&["instance_id"])]),
    ]
}

/// The Elastic IPs of a gateway.
pub(super) fn nat_gateway() -> Vec<Claim> {
    vec![
        Claim::one("Elastic IP", ADDRESS, [Part::of(&["allocation_id"])]).refusal("Resource.AlreadyAssociated"),
        Claim::one("Elastic IP", ADDRESS, [Part::item(&[])]).each("secondary_allocation_ids").refusal("Resource.AlreadyAssociated"),
    ]
}

/// The route to a service in each route table of a gateway endpoint, and the private name of the service in a network.
pub(super) fn vpc_endpoint() -> Vec<Claim> {
    let service = Part::of(&["service_name"]);
    vec![
        Claim::one("endpoint route of", "aws.ec2 gateway endpoint route", [Part::item(&[])])
            .each("route_table_ids")
            .within([service.clone()])
            .when("vpc_endpoint_type", &["Gateway"])
            .refusal("RouteAlreadyExists"),
        Claim::one("private DNS name of", "aws.ec2 private name of service", [service])
            .within([Part::of(&["vpc_id"])])
            .when("vpc_endpoint_type", &["Interface"])
            .when("private_dns_enabled", &["true"])
            .refusal("InvalidParameter"),
    ]
}

/// The connection between two networks.
pub(super) fn vpc_peering_connection() -> Vec<Claim> {
    vec![
        Claim::one("peering connection of", "aws.ec2 peering connection", [Part::pair("vpc_id", "peer_vpc_id")])
            .refusal("VpcPeeringConnectionAlreadyExists"),
    ]
}

/// One log of the same traffic of a thing in the same form to the same place.
pub(super) fn flow_log() -> Vec<Claim> {
    let key = [Part::of(&["resource_id"]), Part::of(&["traffic_type"]), Part::of(&["log_group_name", "log_destination"]).optional()];
    let form = [Part::of(&["log_destination_type"]), Part::of(&["log_format"])];
    vec![Claim::one("flow log of", "aws.ec2 flow log", key).within(form).refusal("FlowLogAlreadyExists")]
}
