//! From the rules that are there to the rules that are wanted, in as few calls as EC2 allows.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::IpPermission;
use plat::provider::ProviderError;

use super::canonical::{Key, Rule};
use crate::client::Aws;
use crate::error::{absent, provider_error};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::ec2) enum Direction {
    In,
    Out,
}

/// What turns one set of rules into another.
#[derive(Debug, Default, PartialEq)]
struct Changes {
    authorize: Vec<Rule>,
    revoke: Vec<Rule>,
    /// The same rule with other words.
    describe: Vec<Rule>,
}

impl Changes {
    fn between(prior: Vec<Rule>, desired: Vec<Rule>) -> Self {
        let by_key = |rules: Vec<Rule>| rules.into_iter().map(|rule| (rule.key.clone(), rule)).collect::<BTreeMap<Key, Rule>>();
        let (prior, desired) = (by_key(prior), by_key(desired));
        let mut changes = Self::default();
        for (key, rule) in &desired {
            match prior.get(key) {
                None => changes.authorize.push(rule.clone()),
                Some(old) if old.description != rule.description => changes.describe.push(rule.clone()),
                Some(_) => {}
            }
        }
        changes.revoke = prior.into_iter().filter(|(key, _)| !desired.contains_key(key)).map(|(_, rule)| rule).collect();
        changes
    }
}

/// Brings one direction's rules from `prior` to `desired`: what is new first, so that nothing that stays allowed is cut off.
pub(in crate::ec2) async fn change(
    aws: &Aws,
    group: &str,
    direction: Direction,
    prior: Vec<Rule>,
    desired: Vec<Rule>,
) -> Result<(), ProviderError> {
    let changes = Changes::between(prior, desired);
    let calls = Calls { aws, group, direction };
    match calls.authorize(&changes.authorize).await {
        // There is no room for both old and new.
        Err(error) if error.code == "RulesPerSecurityGroupLimitExceeded" && !changes.revoke.is_empty() => {
            calls.revoke(&changes.revoke).await?;
            calls.authorize(&changes.authorize).await?;
        }
        outcome => {
            outcome?;
            calls.revoke(&changes.revoke).await?;
        }
    }
    calls.describe(&changes.describe).await
}

struct Calls<'a> {
    aws: &'a Aws,
    group: &'a str,
    direction: Direction,
}

impl Calls<'_> {
    /// All at once. One rule that is there already fails the whole call, so then one by one.
    async fn authorize(&self, rules: &[Rule]) -> Result<(), ProviderError> {
        if rules.is_empty() {
            return Ok(());
        }
        let there = ["InvalidPermission.Duplicate"];
        if absent(self.send_authorize(written(rules)).await, &there)?.is_none() {
            for rule in rules {
                absent(self.send_authorize(written(std::slice::from_ref(rule))).await, &there)?;
            }
        }
        Ok(())
    }

    async fn send_authorize(&self, rules: Vec<IpPermission>) -> Result<(), ProviderError> {
        let rules = Some(rules.clone());
        match self.direction {
            Direction::In => {
                let call = self.aws.ec2().authorize_security_group_ingress().group_id(self.group).set_ip_permissions(rules);
                call.send().await.map(|_| ()).map_err(|e| provider_error("AuthorizeSecurityGroupIngress", e))
            }
            Direction::Out => {
                let call = self.aws.ec2().authorize_security_group_egress().group_id(self.group).set_ip_permissions(rules);
                call.send().await.map(|_| ()).map_err(|e| provider_error("AuthorizeSecurityGroupEgress", e))
            }
        }
    }

    /// All at once. One rule that is gone already fails the whole call, so then one by one.
    async fn revoke(&self, rules: &[Rule]) -> Result<(), ProviderError> {
        if rules.is_empty() {
            return Ok(());
        }
        let gone = ["InvalidPermission.NotFound"];
        if absent(self.send_revoke(written(rules)).await, &gone)?.is_none() {
            for rule in rules {
                absent(self.send_revoke(written(std::slice::from_ref(rule))).await, &gone)?;
            }
        }
        Ok(())
    }

    async fn send_revoke(&self, rules: Vec<IpPermission>) -> Result<(), ProviderError> {
        match self.direction {
            Direction::In => {
                let call = self.aws.ec2().revoke_security_group_ingress().group_id(self.group).set_ip_permissions(Some(rules));
                call.send().await.map(|_| ()).map_err(|e| provider_error("RevokeSecurityGroupIngress", e))
            }
            Direction::Out => {
                let call = self.aws.ec2().revoke_security_group_egress().group_id(self.group).set_ip_permissions(Some(rules));
                call.send().await.map(|_| ()).map_err(|e| provider_error("RevokeSecurityGroupEgress", e))
            }
        }
    }

    async fn describe(&self, rules: &[Rule]) -> Result<(), ProviderError> {
        if rules.is_empty() {
            return Ok(());
        }
        let rules = Some(written(rules));
        match self.direction {
            Direction::In => {
                let call = self.aws.ec2().update_security_group_rule_descriptions_ingress().group_id(self.group).set_ip_permissions(rules);
                call.send().await.map(|_| ()).map_err(|e| provider_error("UpdateSecurityGroupRuleDescriptionsIngress", e))
            }
            Direction::Out => {
                let call = self.aws.ec2().update_security_group_rule_descriptions_egress().group_id(self.group).set_ip_permissions(rules);
                call.send().await.map(|_| ()).map_err(|e| provider_error("UpdateSecurityGroupRuleDescriptionsEgress", e))
            }
        }
    }
}

fn written(rules: &[Rule]) -> Vec<IpPermission> {
    rules.iter().map(Rule::to_sdk).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Ingress;
    use super::*;

    fn rule(port: i64, cidr: &str, description: Option<&str>) -> Rule {
        let written = Ingress {
            ip_protocol: "tcp".into(),
            from_port: Some(port),
            to_port: Some(port),
            cidr_ip: cidr.parse().ok(),
            description: description.map(Into::into),
            ..Ingress::default()
        };
        written.canonical().unwrap()
    }

    #[test]
    fn order_repetition_and_host_bits_mean_nothing() {
        let prior = vec![rule(22, "10.0.0.0/8", None), rule(80, "0.0.0.0/0", None)];
        let desired = vec![rule(80, "0.0.0.0/0", None), rule(22, "10.1.2.3/8", None), rule(80, "0.0.0.0/0", Some(""))];
        assert_eq!(Changes::between(prior, desired), Changes::default());
    }

    #[test]
    fn other_words_are_not_another_rule() {
        let changes = Changes::between(vec![rule(22, "10.0.0.0/8", Some("old"))], vec![rule(22, "10.0.0.0/8", None)]);
        assert_eq!(changes, Changes { describe: vec![rule(22, "10.0.0.0/8", None)], ..Changes::default() });
    }

    #[test]
    fn only_what_differs_changes() {
        let prior = vec![rule(22, "10.0.0.0/8", None), rule(80, "0.0.0.0/0", None)];
        let desired = vec![rule(80, "0.0.0.0/0", None), rule(443, "0.0.0.0/0", None)];
        let changes = Changes::between(prior, desired);
        assert_eq!(changes.authorize, [rule(443, "0.0.0.0/0", None)]);
        assert_eq!(changes.revoke, [rule(22, "10.0.0.0/8", None)]);
        assert!(changes.describe.is_empty());
    }
}
