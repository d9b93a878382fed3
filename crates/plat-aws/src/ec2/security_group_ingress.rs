use ipnet::IpNet;
use plat::schema::Id;
use plat_derive::Resource;

use super::SecurityGroup;

/// One rule of a security group for what may come in, as a resource of its own: from exactly one source.
///
/// The group leaves it alone, although it takes away every other rule that is not in its own list. Use it where the group is another
/// stack's, or where rules are made one by one.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource web: aws.ec2.SecurityGroup { group_description = "Web servers", vpc_id = main }
/// resource app: aws.ec2.SecurityGroup { group_description = "Applications", vpc_id = main }
/// resource web_to_app: aws.ec2.SecurityGroupIngress {
///   group_id                 = app
///   ip_protocol              = "tcp"
///   from_port                = 8080
///   to_port                  = 8080
///   source_security_group_id = web
///   description              = "requests"
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.SecurityGroupIngress", import = id, recovery = Tag, claims = super::claims::security_group_ingress)]
pub struct SecurityGroupIngress {
    /// The group that has the rule.
    #[attr(required, replaces)]
    pub group_id: Id<SecurityGroup>,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, the number of another protocol, or `-1` for all traffic.
    #[attr(required, replaces, canonical = super::security_group_rules::canonical_protocol)]
    pub ip_protocol: String,
    /// First port, or the type of ICMP; -1 is every type. Left out with `-1`.
    #[attr(optional, replaces, range = -1..=65535, canonical = super::security_group_rules::canonical_port)]
    pub from_port: Option<i64>,
    /// Last port, or the code of ICMP.
    #[attr(optional, replaces, range = -1..=65535, canonical = super::security_group_rules::canonical_port)]
    pub to_port: Option<i64>,
    /// Source: an IPv4 network.
    #[attr(optional, replaces)]
    pub cidr_ip: Option<IpNet>,
    /// Source: an IPv6 network.
    #[attr(optional, replaces)]
    pub cidr_ipv6: Option<IpNet>,
    /// Source: the networks of a prefix list.
    #[attr(optional, replaces)]
    pub source_prefix_list_id: Option<String>,
    /// Source: what is in a security group; it may be the group itself.
    #[attr(optional, holds, replaces)]
    pub source_security_group_id: Option<Id<SecurityGroup>>,
    /// Account of the source group, when it is another one.
    #[attr(chosen, nullable, replaces)]
    pub source_security_group_owner_id: Option<String>,
    /// What the rule is for.
    #[attr(optional)]
    pub description: Option<String>,
    /// Id of the rule.
    #[attr(computed, sample("sgr-{id}"))]
    pub id: Id<SecurityGroupIngress>,
}

#[cfg(feature = "ec2")]
mod handler {
    use aws_sdk_ec2::types::{Filter, SecurityGroupRule};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::SecurityGroupIngress;
    use crate::client::Aws;
    use crate::ec2::Ingress;
    use crate::ec2::describe::{self, Described, Seen};
    use crate::ec2::security_group_rules::{Direction, Rule, Standalone, rule_of, rules_in};

    impl SecurityGroupIngress {
        fn rule(&self) -> Result<Rule, ProviderError> {
            let written = Ingress {
                ip_protocol: self.ip_protocol.clone(),
                from_port: self.from_port,
                to_port: self.to_port,
                cidr_ip: self.cidr_ip,
                cidr_ipv6: self.cidr_ipv6,
                source_prefix_list_id: self.source_prefix_list_id.clone(),
                source_security_group_id: self.source_security_group_id.clone(),
                source_security_group_owner_id: self.source_security_group_owner_id.clone(),
                description: self.description.clone(),
            };
            written.canonical()
        }
    }

    fn calls<'a>(aws: &'a Aws, op: &'a Operation<'a>) -> Standalone<'a> {
        Standalone { aws, op, direction: Direction::In }
    }

    impl ResourceHandler<Aws> for SecurityGroupIngress {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let id = calls(aws, op).authorize(desired.group_id.as_str(), &desired.rule()?).await?;
            op.accepted.accepted(&id)?;
            let read = describe::settled(aws, op, "SecurityGroupRuleExists", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            if prior.description != desired.description {
                calls(aws, op).describe(desired.group_id.as_str(), &desired.rule()?).await?;
            }
            describe::settled(aws, op, "SecurityGroupRuleExists", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
            calls(aws, op).revoke(prior.group_id.as_str(), id).await?;
            describe::gone::<Self>(aws, op, "SecurityGroupRuleDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    impl Described for SecurityGroupIngress {
        const ID_FILTER: &'static str = "security-group-rule-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[("id", "security-group-rule-id"), ("group_id", "group-id")];

        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            Ok(rules_in(aws, filters, Direction::In).await?.into_iter().filter_map(from_sdk).collect())
        }
    }

    fn from_sdk(found: SecurityGroupRule) -> Option<Seen<SecurityGroupIngress>> {
        let (id, group) = (found.security_group_rule_id.clone()?, found.group_id.clone()?);
        let rule = Ingress::from(rule_of(found)?);
        let value = SecurityGroupIngress {
            group_id: group.into(),
            ip_protocol: rule.ip_protocol,
            from_port: rule.from_port,
            to_port: rule.to_port,
            cidr_ip: rule.cidr_ip,
            cidr_ipv6: rule.cidr_ipv6,
            source_prefix_list_id: rule.source_prefix_list_id,
            source_security_group_id: rule.source_security_group_id,
            source_security_group_owner_id: rule.source_security_group_owner_id,
            description: rule.description,
            id: id.as_str().into(),
        };
        Some(Seen { id, value, ready: true })
    }
}
