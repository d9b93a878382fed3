//! Rules that are resources of their own. They carry the operation's tag, by which the group knows that they are not its own.

use std::collections::{HashMap, HashSet};

use aws_sdk_ec2::types::{Filter, IpPermission, ResourceType, SecurityGroupRule};
use futures_util::future::try_join_all;
use plat::provider::{OPERATION_TAG, Operation, ProviderError};

use super::canonical::{Key, Rule, rules_of};
use super::changing::Direction;
use crate::client::Aws;
use crate::ec2::describe::{FILTER_VALUES, PAGE, filter};
use crate::ec2::tagging;
use crate::error::{absent, incomplete, provider_error};
use crate::tags::Tags;

/// The calls for one rule.
pub(in crate::ec2) struct Standalone<'a> {
    pub aws: &'a Aws,
    pub op: &'a Operation<'a>,
    pub direction: Direction,
}

impl Standalone<'_> {
    /// Adds the rule and returns its id.
    pub async fn authorize(&self, group: &str, rule: &Rule) -> Result<String, ProviderError> {
        let tags = tagging::specification(ResourceType::SecurityGroupRule, &Tags::new(), self.op);
        let rule = rule.to_sdk();
        let made = match self.direction {
            Direction::In => {
                let call = self.aws.ec2().authorize_security_group_ingress().group_id(group).ip_permissions(rule).tag_specifications(tags);
                call.send().await.map_err(|e| provider_error("AuthorizeSecurityGroupIngress", e))?.security_group_rules
            }
            Direction::Out => {
                let call = self.aws.ec2().authorize_security_group_egress().group_id(group).ip_permissions(rule).tag_specifications(tags);
                call.send().await.map_err(|e| provider_error("AuthorizeSecurityGroupEgress", e))?.security_group_rules
            }
        };
        let id = made.unwrap_or_default().into_iter().find_map(|rule| rule.security_group_rule_id);
        id.ok_or_else(|| incomplete("AuthorizeSecurityGroup", "SecurityGroupRuleId"))
    }

    /// Gives the rule its description.
    pub async fn describe(&self, group: &str, rule: &Rule) -> Result<(), ProviderError> {
        let rule: IpPermission = rule.to_sdk();
        match self.direction {
            Direction::In => {
                let call = self.aws.ec2().update_security_group_rule_descriptions_ingress().group_id(group).ip_permissions(rule);
                call.send().await.map(|_| ()).map_err(|e| provider_error("UpdateSecurityGroupRuleDescriptionsIngress", e))
            }
            Direction::Out => {
                let call = self.aws.ec2().update_security_group_rule_descriptions_egress().group_id(group).ip_permissions(rule);
                call.send().await.map(|_| ()).map_err(|e| provider_error("UpdateSecurityGroupRuleDescriptionsEgress", e))
            }
        }
    }

    /// Takes the rule away.
    pub async fn revoke(&self, group: &str, id: &str) -> Result<(), ProviderError> {
        let gone =
            ["InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound", "InvalidGroupId.NotFound", "InvalidPermission.NotFound"];
        let sent = match self.direction {
            Direction::In => {
                let call = self.aws.ec2().revoke_security_group_ingress().group_id(group).security_group_rule_ids(id);
                call.send().await.map(|_| ()).map_err(|e| provider_error("RevokeSecurityGroupIngress", e))
            }
            Direction::Out => {
                let call = self.aws.ec2().revoke_security_group_egress().group_id(group).security_group_rule_ids(id);
                call.send().await.map(|_| ()).map_err(|e| provider_error("RevokeSecurityGroupEgress", e))
            }
        };
        absent(sent, &gone).map(|_| ())
    }
}

/// The rules of one direction that fit.
pub(in crate::ec2) async fn rules_in(
    aws: &Aws,
    filters: Vec<Filter>,
    direction: Direction,
) -> Result<Vec<SecurityGroupRule>, ProviderError> {
    let found = all_rules(aws, filters).await?;
    Ok(found.into_iter().filter(|rule| direction_of(rule) == direction).collect())
}

async fn all_rules(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<SecurityGroupRule>, ProviderError> {
    let pages = aws.ec2().describe_security_group_rules().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeSecurityGroupRules", e))
}

fn direction_of(rule: &SecurityGroupRule) -> Direction {
    if rule.is_egress == Some(true) { Direction::Out } else { Direction::In }
}

/// A rule in its one form.
pub(in crate::ec2) fn rule_of(rule: SecurityGroupRule) -> Option<Rule> {
    use aws_sdk_ec2::types::{IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};
    let text = rule.description;
    let group = rule.referenced_group_info.map(|group| {
        let pair = UserIdGroupPair::builder().set_group_id(group.group_id).set_user_id(group.user_id);
        pair.set_description(text.clone()).build()
    });
    let permission = IpPermission::builder().set_ip_protocol(rule.ip_protocol).set_from_port(rule.from_port).set_to_port(rule.to_port);
    let v4 = rule.cidr_ipv4.map(|net| vec![IpRange::builder().cidr_ip(net).set_description(text.clone()).build()]);
    let v6 = rule.cidr_ipv6.map(|net| vec![Ipv6Range::builder().cidr_ipv6(net).set_description(text.clone()).build()]);
    let list = rule.prefix_list_id.map(|id| vec![PrefixListId::builder().prefix_list_id(id).set_description(text.clone()).build()]);
    let permission = permission.set_ip_ranges(v4).set_ipv6_ranges(v6).set_prefix_list_ids(list);
    rules_of(vec![permission.set_user_id_group_pairs(group.map(|pair| vec![pair])).build()]).into_iter().next()
}

/// Rules, by group, that resources of their own have made.
pub(in crate::ec2) type Apart = HashMap<String, HashSet<(Direction, Key)>>;

pub(in crate::ec2) async fn owned_apart(aws: &Aws, groups: &[String]) -> Result<Apart, ProviderError> {
    let calls = groups.chunks(FILTER_VALUES).map(|chunk| all_rules(aws, vec![filter("group-id", chunk)]));
    let mut apart = Apart::new();
    for rule in try_join_all(calls).await?.into_iter().flatten() {
        let marked = rule.tags().iter().any(|tag| tag.key() == Some(OPERATION_TAG));
        let direction = direction_of(&rule);
        if let (true, Some(group), Some(rule)) = (marked, rule.group_id.clone(), rule_of(rule)) {
            apart.entry(group).or_default().insert((direction, rule.key));
        }
    }
    Ok(apart)
}
