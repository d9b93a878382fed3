//! The resource types that make up a network. The one place in the library that knows them by name.

/// What a resource is in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Vpc,
    Subnet,
    RouteTable,
    Association,
    Route,
    InternetGateway,
    Attachment,
    NatGateway,
    Peering,
    SecurityGroup,
    GroupIngress,
    GroupEgress,
    NetworkAcl,
    AclEntry,
    AclAssociation,
    DatabaseSubnets,
    Database,
    DatabaseCluster,
    CacheSubnets,
    Cache,
    Cluster,
    Nodes,
}

const KINDS: [(&str, Kind); 22] = [
    ("aws.ec2.VPC", Kind::Vpc),
    ("aws.ec2.Subnet", Kind::Subnet),
    ("aws.ec2.RouteTable", Kind::RouteTable),
    ("aws.ec2.SubnetRouteTableAssociation", Kind::Association),
    ("aws.ec2.Route", Kind::Route),
    ("aws.ec2.InternetGateway", Kind::InternetGateway),
    ("aws.ec2.VPCGatewayAttachment", Kind::Attachment),
    ("aws.ec2.NatGateway", Kind::NatGateway),
    ("aws.ec2.VPCPeeringConnection", Kind::Peering),
    ("aws.ec2.SecurityGroup", Kind::SecurityGroup),
    ("aws.ec2.SecurityGroupIngress", Kind::GroupIngress),
    ("aws.ec2.SecurityGroupEgress", Kind::GroupEgress),
    ("aws.ec2.NetworkAcl", Kind::NetworkAcl),
    ("aws.ec2.NetworkAclEntry", Kind::AclEntry),
    ("aws.ec2.SubnetNetworkAclAssociation", Kind::AclAssociation),
    ("aws.rds.DBSubnetGroup", Kind::DatabaseSubnets),
    ("aws.rds.DBInstance", Kind::Database),
    ("aws.rds.DBCluster", Kind::DatabaseCluster),
    ("aws.elasticache.SubnetGroup", Kind::CacheSubnets),
    ("aws.elasticache.ReplicationGroup", Kind::Cache),
    ("aws.eks.Cluster", Kind::Cluster),
    ("aws.eks.Nodegroup", Kind::Nodes),
];

/// The types that are understood, with the attributes of each that are read.
pub const TYPES: [(&str, &[&str]); 22] = [
    ("aws.ec2.VPC", &["cidr_block", "vpc_id", "default_security_group", "default_network_acl"]),
    ("aws.ec2.Subnet", &["vpc_id", "cidr_block", "map_public_ip_on_launch", "subnet_id"]),
    ("aws.ec2.RouteTable", &["vpc_id", "route_table_id"]),
    ("aws.ec2.SubnetRouteTableAssociation", &["subnet_id", "route_table_id"]),
    (
        "aws.ec2.Route",
        &[
            "route_table_id",
            "destination_cidr_block",
            "destination_ipv6_cidr_block",
            "gateway_id",
            "nat_gateway_id",
            "vpc_peering_connection_id",
        ],
    ),
    ("aws.ec2.InternetGateway", &["internet_gateway_id"]),
    ("aws.ec2.VPCGatewayAttachment", &["vpc_id", "internet_gateway_id", "vpn_gateway_id"]),
    ("aws.ec2.NatGateway", &["subnet_id", "connectivity_type", "availability_mode", "nat_gateway_id"]),
    ("aws.ec2.VPCPeeringConnection", &["vpc_id", "peer_vpc_id", "id"]),
    ("aws.ec2.SecurityGroup", &["vpc_id", "security_group_ingress", "security_group_egress", "group_id", "id"]),
    (
        "aws.ec2.SecurityGroupIngress",
        &["group_id", "ip_protocol", "from_port", "to_port", "cidr_ip", "cidr_ipv6", "source_security_group_id"],
    ),
    (
        "aws.ec2.SecurityGroupEgress",
        &["group_id", "ip_protocol", "from_port", "to_port", "cidr_ip", "cidr_ipv6", "destination_security_group_id"],
    ),
    ("aws.ec2.NetworkAcl", &["id"]),
    (
        "aws.ec2.NetworkAclEntry",
        &["network_acl_id", "egress", "rule_number", "rule_action", "protocol", "port_range", "icmp", "cidr_block", "ipv6_cidr_block"],
    ),
    ("aws.ec2.SubnetNetworkAclAssociation", &["subnet_id", "network_acl_id"]),
    ("aws.rds.DBSubnetGroup", &["db_subnet_group_name", "subnet_ids"]),
    (
        "aws.rds.DBInstance",
        &[
            "db_subnet_group_name",
            "vpc_security_groups",
            "publicly_accessible",
            "port",
            "engine",
            "source_db_instance_identifier",
            "db_cluster_identifier",
        ],
    ),
    (
        "aws.rds.DBCluster",
        &["db_subnet_group_name", "vpc_security_group_ids", "publicly_accessible", "port", "engine", "db_cluster_instance_class"],
    ),
    ("aws.elasticache.SubnetGroup", &["cache_subnet_group_name", "subnet_ids"]),
    ("aws.elasticache.ReplicationGroup", &["cache_subnet_group_name", "security_group_ids", "port"]),
    ("aws.eks.Cluster", &["name", "resources_vpc_config", "kubernetes_network_config", "cluster_security_group_id"]),
    ("aws.eks.Nodegroup", &["cluster_name", "subnets", "launch_template"]),
];

impl Kind {
    pub(super) fn of(type_name: &str) -> Option<Kind> {
        KINDS.iter().find(|(name, _)| *name == type_name).map(|(_, kind)| *kind)
    }

    /// Is that attribute what a reference to such a resource stands for?
    pub(super) fn is_id(self, attribute: &str) -> bool {
        match self {
            Kind::Vpc => attribute == "vpc_id",
            Kind::Subnet => attribute == "subnet_id",
            Kind::RouteTable => attribute == "route_table_id",
            Kind::InternetGateway => attribute == "internet_gateway_id",
            Kind::NatGateway => attribute == "nat_gateway_id",
            Kind::SecurityGroup => matches!(attribute, "group_id" | "id"),
            Kind::AclAssociation => attribute == "association_id",
            Kind::Association
            | Kind::Route
            | Kind::Attachment
            | Kind::Peering
            | Kind::NetworkAcl
            | Kind::AclEntry
            | Kind::GroupIngress
            | Kind::GroupEgress => attribute == "id",
            Kind::DatabaseSubnets
            | Kind::Database
            | Kind::DatabaseCluster
            | Kind::CacheSubnets
            | Kind::Cache
            | Kind::Cluster
            | Kind::Nodes => Some(attribute) == self.named_by(),
        }
    }

    /// The attribute that is both a name of the user's and the id.
    pub(super) fn named_by(self) -> Option<&'static str> {
        match self {
            Kind::DatabaseSubnets => Some("db_subnet_group_name"),
            Kind::CacheSubnets => Some("cache_subnet_group_name"),
            Kind::Database => Some("db_instance_identifier"),
            Kind::DatabaseCluster => Some("db_cluster_identifier"),
            Kind::Cache => Some("replication_group_id"),
            Kind::Cluster => Some("name"),
            Kind::Nodes => Some("nodegroup_name"),
            _ => None,
        }
    }
}

/// Things that run in a network and are talked to: databases, caches, clusters and their nodes.
pub fn is_workload(type_name: &str) -> bool {
    matches!(Kind::of(type_name), Some(Kind::Database | Kind::DatabaseCluster | Kind::Cache | Kind::Cluster | Kind::Nodes))
}

/// Parts of a network that hold such things: a subnet.
pub fn is_part(type_name: &str) -> bool {
    Kind::of(type_name) == Some(Kind::Subnet)
}

/// An internet gateway stands for what is beyond it.
pub fn is_internet(type_name: &str) -> bool {
    Kind::of(type_name) == Some(Kind::InternetGateway)
}
