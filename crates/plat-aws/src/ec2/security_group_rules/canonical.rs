//! The one form of a rule.

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};
use ipnet::IpNet;
use plat::provider::{ErrorKind, ProviderError};

use super::form::{Ports, kept_ports, protocol_name};
use super::{Egress, Ingress};

/// A rule as AWS keeps it. Two rules with the same [`Key`] are the same rule, whatever they are described as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ec2) struct Rule {
    pub key: Key,
    pub description: Option<String>,
    /// Account of a group; AWS always says it, programs seldom.
    pub owner: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ec2) struct Key {
    pub protocol: String,
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub peer: Peer,
}

/// The other side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ec2) enum Peer {
    Network(IpNet),
    PrefixList(String),
    Group(String),
}

impl Ingress {
    pub(in crate::ec2) fn canonical(&self) -> Result<Rule, ProviderError> {
        let peers = peers(
            [self.cidr_ip, self.cidr_ipv6],
            self.source_prefix_list_id.as_ref(),
            self.source_security_group_id.as_ref().map(|id| id.as_str()),
        );
        let words = "`cidr_ip`, `cidr_ipv6`, `source_prefix_list_id` and `source_security_group_id`";
        let key = key(&self.ip_protocol, (self.from_port, self.to_port), peers, words)?;
        let description = self.description.clone().filter(|text| !text.is_empty());
        Ok(Rule { key, description, owner: self.source_security_group_owner_id.clone() })
    }
}

impl Egress {
    pub(in crate::ec2) fn canonical(&self) -> Result<Rule, ProviderError> {
        let peers = peers(
            [self.cidr_ip, self.cidr_ipv6],
            self.destination_prefix_list_id.as_ref(),
            self.destination_security_group_id.as_ref().map(|id| id.as_str()),
        );
        let words = "`cidr_ip`, `cidr_ipv6`, `destination_prefix_list_id` and `destination_security_group_id`";
        let key = key(&self.ip_protocol, (self.from_port, self.to_port), peers, words)?;
        Ok(Rule { key, description: self.description.clone().filter(|text| !text.is_empty()), owner: None })
    }
}

fn peers(networks: [Option<IpNet>; 2], prefix_list: Option<&String>, group: Option<&str>) -> Vec<Peer> {
    let networks = networks.into_iter().flatten().map(|network| Peer::Network(network.trunc()));
    networks.chain(prefix_list.cloned().map(Peer::PrefixList)).chain(group.map(|id| Peer::Group(id.to_owned()))).collect()
}

fn key(protocol: &str, ports: Ports, peers: Vec<Peer>, words: &str) -> Result<Key, ProviderError> {
    let refuse = |message: String| Err(ProviderError::new(ErrorKind::Refused, "AuthorizeSecurityGroup", message));
    let mut peers = peers.into_iter();
    let (Some(peer), None) = (peers.next(), peers.next()) else {
        return refuse(format!("a rule of a security group has exactly one of {words}"));
    };
    let name = protocol_name(protocol);
    let kept = kept_ports(&name, ports);
    if kept == (None, None) && !matches!(ports, (None | Some(-1), None | Some(-1))) {
        return refuse(format!("`ip_protocol = \"{protocol}\"` is traffic on all ports: leave out `from_port` and `to_port`"));
    }
    let ports = kept;
    Ok(Key { protocol: name, from: ports.0, to: ports.1, peer })
}

impl From<Rule> for Ingress {
    fn from(rule: Rule) -> Self {
        let mut read = Self {
            ip_protocol: rule.key.protocol,
            from_port: rule.key.from,
            to_port: rule.key.to,
            description: rule.description,
            ..Self::default()
        };
        match rule.key.peer {
            Peer::Network(network @ IpNet::V4(_)) => read.cidr_ip = Some(network),
            Peer::Network(network) => read.cidr_ipv6 = Some(network),
            Peer::PrefixList(id) => read.source_prefix_list_id = Some(id),
            Peer::Group(id) => {
                read.source_security_group_id = Some(id.into());
                read.source_security_group_owner_id = rule.owner;
            }
        }
        read
    }
}

impl From<Rule> for Egress {
    fn from(rule: Rule) -> Self {
        let mut read = Self {
            ip_protocol: rule.key.protocol,
            from_port: rule.key.from,
            to_port: rule.key.to,
            description: rule.description,
            ..Self::default()
        };
        match rule.key.peer {
            Peer::Network(network @ IpNet::V4(_)) => read.cidr_ip = Some(network),
            Peer::Network(network) => read.cidr_ipv6 = Some(network),
            Peer::PrefixList(id) => read.destination_prefix_list_id = Some(id),
            Peer::Group(id) => read.destination_security_group_id = Some(id.into()),
        }
        read
    }
}

/// The rules of a group, one for each other side: AWS answers them grouped by protocol and ports.
pub(in crate::ec2) fn rules_of(permissions: Vec<IpPermission>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = permissions.into_iter().flat_map(flatten).collect();
    rules.sort_by(|a, b| a.key.cmp(&b.key));
    rules
}

fn flatten(permission: IpPermission) -> Vec<Rule> {
    let protocol = protocol_name(&permission.ip_protocol.unwrap_or_default());
    let (from, to) = kept_ports(&protocol, (permission.from_port.map(i64::from), permission.to_port.map(i64::from)));
    let rule = |peer: Peer, description: Option<String>, owner: Option<String>| Rule {
        key: Key { protocol: protocol.clone(), from, to, peer },
        description: description.filter(|text| !text.is_empty()),
        owner,
    };
    let network = |text: Option<String>| text.and_then(|text| text.parse().ok()).map(Peer::Network);
    let v4 = permission.ip_ranges.unwrap_or_default().into_iter().filter_map(|r| Some(rule(network(r.cidr_ip)?, r.description, None)));
    let v6 = permission.ipv6_ranges.unwrap_or_default().into_iter().filter_map(|r| Some(rule(network(r.cidr_ipv6)?, r.description, None)));
    let lists = permission.prefix_list_ids.unwrap_or_default().into_iter();
    let lists = lists.filter_map(|list| Some(rule(Peer::PrefixList(list.prefix_list_id?), list.description, None)));
    let groups = permission.user_id_group_pairs.unwrap_or_default().into_iter();
    let groups = groups.filter_map(|pair| Some(rule(Peer::Group(pair.group_id?), pair.description, pair.user_id)));
    v4.chain(v6).chain(lists).chain(groups).collect()
}

impl Rule {
    /// For Authorize, Revoke and UpdateSecurityGroupRuleDescriptions.
    pub fn to_sdk(&self) -> IpPermission {
        let port = |port: Option<i64>| port.map(|port| i32::try_from(port).unwrap_or(i32::MAX));
        let permission =
            IpPermission::builder().ip_protocol(&self.key.protocol).set_from_port(port(self.key.from)).set_to_port(port(self.key.to));
        let text = self.description.clone();
        let permission = match &self.key.peer {
            Peer::Network(network @ IpNet::V4(_)) => {
                permission.ip_ranges(IpRange::builder().cidr_ip(network.to_string()).set_description(text).build())
            }
            Peer::Network(network) => {
                permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(network.to_string()).set_description(text).build())
            }
            Peer::PrefixList(id) => permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(text).build()),
            Peer::Group(id) => {
                let pair = UserIdGroupPair::builder().group_id(id).set_user_id(self.owner.clone()).set_description(text);
                permission.user_id_group_pairs(pair.build())
            }
        };
        permission.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ingress(protocol: &str, ports: Option<(i64, i64)>, cidr: &str) -> Ingress {
        Ingress {
            ip_protocol: protocol.into(),
            from_port: ports.map(|p| p.0),
            to_port: ports.map(|p| p.1),
            cidr_ip: cidr.parse().ok(),
            ..Ingress::default()
        }
    }

    #[test]
    fn rules_survive_the_wire() {
        let mut by_group = Ingress { ip_protocol: "tcp".into(), from_port: Some(80), to_port: Some(80), ..Ingress::default() };
        by_group.source_security_group_id = Some("sg-2".into());
        by_group.source_security_group_owner_id = Some("123456789012".into());
        by_group.description = Some("web".into());
        let by_list = Ingress { ip_protocol: "udp".into(), source_prefix_list_id: Some("pl-1".into()), ..Ingress::default() };
        let mut by_v6 = Ingress { ip_protocol: "icmpv6".into(), cidr_ipv6: "2001:db8::/32".parse().ok(), ..Ingress::default() };
        (by_v6.from_port, by_v6.to_port) = (Some(-1), Some(-1));
        for rule in [ingress("tcp", Some((22, 22)), "10.0.0.0/8"), ingress("-1", None, "0.0.0.0/0"), by_group, by_list, by_v6] {
            let read = rules_of(vec![rule.canonical().unwrap().to_sdk()]);
            assert_eq!(read.into_iter().map(Ingress::from).collect::<Vec<_>>(), [rule]);
        }
    }

    #[test]
    fn an_answer_is_taken_apart_and_sorted() {
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .ip_ranges(IpRange::builder().cidr_ip("10.1.0.0/16").description("").build())
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/16").description("a").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-1").build())
            .build();
        let all =
            IpPermission::builder().ip_protocol("-1").from_port(-1).to_port(-1).ipv6_ranges(Ipv6Range::builder().cidr_ipv6("::/0").build());
        let rules = rules_of(vec![permission, all.build()]);
        let peers: Vec<String> = rules.iter().map(|r| format!("{} {:?} {:?}", r.key.protocol, r.key.from, r.key.peer)).collect();
        assert_eq!(
            peers,
            [
                "-1 None Network(::/0)",
                "tcp Some(443) Network(10.0.0.0/16)",
                "tcp Some(443) Network(10.1.0.0/16)",
                "tcp Some(443) Group(\"sg-1\")"
            ]
        );
        assert_eq!(rules[2].description, None);
    }

    #[test]
    fn what_has_no_one_meaning_is_refused() {
        let none = Ingress { ip_protocol: "tcp".into(), ..Ingress::default() };
        assert!(none.canonical().unwrap_err().message.contains("exactly one of"));
        let two = Ingress { cidr_ipv6: "::/0".parse().ok(), ..ingress("tcp", Some((1, 2)), "10.0.0.0/8") };
        assert!(two.canonical().is_err());
        assert!(ingress("-1", Some((0, 0)), "10.0.0.0/8").canonical().unwrap_err().message.contains("leave out"));
        assert!(ingress("50", Some((1, 2)), "10.0.0.0/8").canonical().is_err());
    }

    /// The key of what is written is the key of what AWS answers, or a change would authorize the rule a second time and
    /// then revoke it.
    #[test]
    fn a_rule_has_one_key_however_it_is_written() {
        let written = |protocol: &str, ports| ingress(protocol, ports, "10.0.0.0/8").canonical().unwrap().key;
        let answered = |protocol: &str, ports: Option<(i32, i32)>| {
            let permission = IpPermission::builder().ip_protocol(protocol).ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build());
            let permission = permission.set_from_port(ports.map(|p| p.0)).set_to_port(ports.map(|p| p.1));
            rules_of(vec![permission.build()]).remove(0).key
        };
        for (asked, observed) in [
            (written("TCP", Some((1, 2))), answered("tcp", Some((1, 2)))),
            (written("17", Some((1, 2))), answered("udp", Some((1, 2)))),
            (written("icmpv6", None), answered("icmpv6", Some((-1, -1)))),
            (written("58", Some((128, 0))), answered("icmpv6", Some((128, 0)))),
            (written("50", None), answered("50", Some((-1, -1)))),
            (written("-1", Some((-1, -1))), answered("-1", None)),
        ] {
            assert_eq!(asked, observed);
        }
    }
}
