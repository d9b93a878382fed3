//! Rules of security groups: how programs write them, the one form that says what they mean, and what turns one set of them
//! into another.

use ipnet::IpNet;
use plat::schema::Id;
use plat_derive::Record;

use super::SecurityGroup;

/// A rule for what may come in. One of the sources.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct Ingress {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, the number of another protocol, or `-1` for all traffic.
    #[attr(required)]
    pub ip_protocol: String,
    /// First port, or the type of ICMP; -1 is every type. Left out with `-1`.
    #[attr(optional, range = -1..=65535)]
    pub from_port: Option<i64>,
    /// Last port, or the code of ICMP.
    #[attr(optional, range = -1..=65535)]
    pub to_port: Option<i64>,
    /// Source: an IPv4 network.
    #[attr(optional)]
    pub cidr_ip: Option<IpNet>,
    /// Source: an IPv6 network.
    #[attr(optional)]
    pub cidr_ipv6: Option<IpNet>,
    /// Source: the networks of a prefix list.
    #[attr(optional)]
    pub source_prefix_list_id: Option<String>,
    /// Source: what is in a security group.
    #[attr(optional)]
    pub source_security_group_id: Option<Id<SecurityGroup>>,
    /// Account of the source group, when it is another one.
    #[attr(optional)]
    pub source_security_group_owner_id: Option<String>,
    /// What the rule is for.
    #[attr(optional)]
    pub description: Option<String>,
}

/// A rule for what may go out. One of the destinations.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct Egress {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, the number of another protocol, or `-1` for all traffic.
    #[attr(required)]
    pub ip_protocol: String,
    /// First port, or the type of ICMP; -1 is every type. Left out with `-1`.
    #[attr(optional, range = -1..=65535)]
    pub from_port: Option<i64>,
    /// Last port, or the code of ICMP.
    #[attr(optional, range = -1..=65535)]
    pub to_port: Option<i64>,
    /// Destination: an IPv4 network.
    #[attr(optional)]
    pub cidr_ip: Option<IpNet>,
    /// Destination: an IPv6 network.
    #[attr(optional)]
    pub cidr_ipv6: Option<IpNet>,
    /// Destination: the networks of a prefix list.
    #[attr(optional)]
    pub destination_prefix_list_id: Option<String>,
    /// Destination: what is in a security group.
    #[attr(optional)]
    pub destination_security_group_id: Option<Id<SecurityGroup>>,
    /// What the rule is for.
    #[attr(optional)]
    pub description: Option<String>,
}

mod form;

#[cfg(feature = "ec2")]
mod canonical;
#[cfg(feature = "ec2")]
mod changing;
#[cfg(feature = "ec2")]
mod standalone;

pub(super) use form::{canonical_port, canonical_protocol, canonical_rules};

#[cfg(feature = "ec2")]
pub(super) use canonical::{Rule, rules_of};
#[cfg(feature = "ec2")]
pub(super) use changing::{Direction, change};
#[cfg(feature = "ec2")]
pub(super) use standalone::{Standalone, owned_apart, rule_of, rules_in};
