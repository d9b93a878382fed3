//! Amazon EC2: networks.

mod availability_zones;
mod claims;
#[cfg(feature = "ec2")]
mod describe;
mod eip;
mod flow_log;
#[cfg(feature = "ec2")]
mod interfaces;
mod internet_gateway;
mod nat_gateway;
mod network_acl;
mod network_acl_entry;
mod region;
mod route;
mod route_table;
mod rules;
mod security_group;
mod security_group_egress;
mod security_group_ingress;
mod security_group_rules;
mod subnet;
mod subnet_network_acl_association;
mod subnet_route_table_association;
#[cfg(feature = "ec2")]
mod tagging;
mod vpc;
mod vpc_encryption;
mod vpc_endpoint;
mod vpc_gateway_attachment;
mod vpc_peering_connection;

pub use availability_zones::AvailabilityZones;
pub use eip::Eip;
pub use flow_log::{DestinationOptions, FlowLog, TagFieldSpecification};
pub use internet_gateway::InternetGateway;
pub use nat_gateway::{AvailabilityZoneAddress, NatGateway};
pub use network_acl::NetworkAcl;
pub use network_acl_entry::{Icmp, NetworkAclEntry, PortRange};
pub use region::Region;
pub use route::Route;
pub use route_table::RouteTable;
pub use security_group::SecurityGroup;
pub use security_group_egress::SecurityGroupEgress;
pub use security_group_ingress::SecurityGroupIngress;
pub use security_group_rules::{Egress, Ingress};
pub use subnet::{BlockPublicAccessStates, PrivateDnsNameOptionsOnLaunch, Subnet};
pub use subnet_network_acl_association::SubnetNetworkAclAssociation;
pub use subnet_route_table_association::SubnetRouteTableAssociation;
pub use vpc::Vpc;
pub use vpc_encryption::{VpcEncryptionControl, VpcEncryptionControlExclusion, VpcEncryptionControlExclusions};
pub use vpc_endpoint::{DnsOptions, VpcEndpoint};
pub use vpc_gateway_attachment::VpcGatewayAttachment;
pub use vpc_peering_connection::VpcPeeringConnection;

resources!["ec2":
    Vpc, Subnet, InternetGateway, VpcGatewayAttachment, Eip, NatGateway, RouteTable, Route, SubnetRouteTableAssociation, SecurityGroup,
    SecurityGroupIngress, SecurityGroupEgress, VpcEndpoint, FlowLog, NetworkAcl, NetworkAclEntry, SubnetNetworkAclAssociation, VpcPeeringConnection;
    lookups: AvailabilityZones, Region];
