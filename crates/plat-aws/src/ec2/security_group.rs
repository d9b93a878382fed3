use std::collections::BTreeMap;

use plat::schema::Id;
use plat_derive::Resource;

use super::{Egress, Ingress, Vpc};

/// A firewall around network interfaces. It owns its rules: a rule that is neither written here nor an `aws.ec2.SecurityGroupIngress` or
/// `aws.ec2.SecurityGroupEgress` is taken away. A rule may name the group itself, and two groups may name each other.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource web: aws.ec2.SecurityGroup {
///   group_description      = "Web servers"
///   vpc_id                 = main
///   security_group_ingress = [
///     {
///       ip_protocol = "tcp"
///       from_port   = 443
///       to_port     = 443
///       cidr_ip     = 0.0.0.0/0
///       description = "HTTPS"
///     },
///   ]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.SecurityGroup", import = id, recovery = Tag, claims = super::claims::security_group, takes(create = "4s", delete = "3s"), rules = &[super::rules::GROUP, super::rules::INGRESS, super::rules::EGRESS])]
pub struct SecurityGroup {
    /// What the group is for; AWS wants it.
    #[attr(required, replaces)]
    pub group_description: String,
    /// Name of the group, unique in its network.
    #[attr(chosen, replaces)]
    pub group_name: Option<String>,
    /// What may go out. Left out: everything may, as AWS has it in a new group; `[]`: nothing.
    #[attr(chosen, holds, deferred, unordered, canonical = super::security_group_rules::canonical_rules)]
    pub security_group_egress: Option<Vec<Egress>>,
    /// What may come in.
    #[attr(optional, holds, owned, deferred, unordered, canonical = super::security_group_rules::canonical_rules)]
    pub security_group_ingress: Vec<Ingress>,
    /// Tags of the group.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// The network that the group is in; left out: the account's default network.
    #[attr(chosen, holds, replaces)]
    pub vpc_id: Option<Id<Vpc>>,
    /// Id of the group.
    #[attr(computed, sample("sg-{id}"))]
    pub group_id: Id<SecurityGroup>,
    /// Id of the group, by which it is imported.
    #[attr(computed, sample("sg-{id}"))]
    pub id: Id<SecurityGroup>,
}

#[cfg(feature = "ec2")]
mod handler {
    use aws_sdk_ec2::types::{self as sdk, Filter, ResourceType};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::SecurityGroup;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, PAGE, Seen};
    use crate::ec2::security_group_rules::{Direction, Rule, change, owned_apart, rules_of};
    use crate::ec2::{interfaces, tagging};
    use crate::error::{incomplete, provider_error};

    impl ResourceHandler<Aws> for SecurityGroup {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let (ingress, egress) = desired.rules()?;
            let call = aws
                .ec2()
                .create_security_group()
                .description(&desired.group_description)
                .group_name(desired.group_name.clone().unwrap_or_else(|| name_for(op)))
                .set_vpc_id(desired.vpc_id.clone().map(Into::into))
                .tag_specifications(tagging::specification(ResourceType::SecurityGroup, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateSecurityGroup", e))?;
            let id = answer.group_id.ok_or_else(|| incomplete("CreateSecurityGroup", "GroupId"))?;
            op.accepted.accepted(&id)?;
            let new = describe::ready::<Self>(aws, op, "SecurityGroupExists", &id).await?;
            set_rules(aws, &id, &new, ingress, egress).await?;
            let read = describe::settled(aws, op, "SecurityGroupExists", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            let (ingress, egress) = desired.rules()?;
            set_rules(aws, id, &prior, ingress, egress).await?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "SecurityGroupExists", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            interfaces::delete(aws, "group-id", id, &["InvalidGroup.NotFound", "InvalidGroupId.NotFound"], || async {
                let call = aws.ec2().delete_security_group().group_id(id);
                call.send().await.map_err(|e| provider_error("DeleteSecurityGroup", e))
            })
            .await?;
            describe::gone::<Self>(aws, op, "SecurityGroupDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    impl SecurityGroup {
        /// The rules in their one form: what may come in, and what may go out when the program says it.
        fn rules(&self) -> Result<(Vec<Rule>, Option<Vec<Rule>>), ProviderError> {
            let ingress = self.security_group_ingress.iter().map(|rule| rule.canonical()).collect::<Result<_, _>>()?;
            let egress = self.security_group_egress.as_ref().map(|rules| rules.iter().map(|rule| rule.canonical()).collect());
            Ok((ingress, egress.transpose()?))
        }
    }

    async fn set_rules(
        aws: &Aws,
        id: &str,
        prior: &SecurityGroup,
        ingress: Vec<Rule>,
        egress: Option<Vec<Rule>>,
    ) -> Result<(), ProviderError> {
        let (before_in, before_out) = prior.rules()?;
        change(aws, id, Direction::In, before_in, ingress).await?;
        match egress {
            Some(egress) => change(aws, id, Direction::Out, before_out.unwrap_or_default(), egress).await,
            None => Ok(()),
        }
    }

    /// A name for a group whose program gives none: the address, and what makes it unique.
    fn name_for(op: &Operation<'_>) -> String {
        let address: String = op.address.to_string().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let tail: String = op.id.chars().rev().filter(char::is_ascii_alphanumeric).take(8).collect();
        let address: String = address.trim_matches('-').chars().take(200).collect();
        // AWS keeps names that start with `sg-` for itself.
        format!("plat-{address}-{tail}")
    }

    impl Described for SecurityGroup {
        const ID_FILTER: &'static str = "group-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[
            ("group_id", "group-id"),
            ("id", "group-id"),
            ("group_name", "group-name"),
            ("group_description", "description"),
            ("vpc_id", "vpc-id"),
        ];

        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let pages = aws.ec2().describe_security_groups().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
            let groups: Vec<sdk::SecurityGroup> =
                pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeSecurityGroups", e))?;
            let ids: Vec<String> = groups.iter().filter_map(|group| group.group_id.clone()).collect();
            let mut apart = owned_apart(aws, &ids).await?;
            let seen = groups.into_iter().filter_map(|group| {
                let apart = group.group_id.as_ref().and_then(|id| apart.remove(id)).unwrap_or_default();
                from_sdk(group, &|direction, rule| !apart.contains(&(direction, rule.key.clone())))
            });
            Ok(seen.collect())
        }
    }

    /// `is_own` tells of a rule whether the group has it in its own list.
    fn from_sdk(group: sdk::SecurityGroup, is_own: &dyn Fn(Direction, &Rule) -> bool) -> Option<Seen<SecurityGroup>> {
        let id = group.group_id?;
        let own = |permissions: Option<Vec<sdk::IpPermission>>, direction| {
            rules_of(permissions.unwrap_or_default()).into_iter().filter(|rule| is_own(direction, rule)).collect::<Vec<_>>()
        };
        let ingress = own(group.ip_permissions, Direction::In);
        let egress = own(group.ip_permissions_egress, Direction::Out);
        let value = SecurityGroup {
            group_description: group.description.unwrap_or_default(),
            group_name: group.group_name,
            security_group_egress: Some(egress.into_iter().map(Into::into).collect()),
            security_group_ingress: ingress.into_iter().map(Into::into).collect(),
            tags: tagging::read(group.tags),
            vpc_id: group.vpc_id.map(Into::into),
            group_id: id.as_str().into(),
            id: id.as_str().into(),
        };
        Some(Seen { id, value, ready: true })
    }
}
