//! What of an endpoint can change in place, and its DNS options on the wire.

use aws_sdk_ec2::types as sdk;
use plat::provider::ProviderError;
use plat::schema::Id;

use super::{DnsOptions, VpcEndpoint};
use crate::client::Aws;
use crate::document;
use crate::error::provider_error;

/// Brings the endpoint to what is wanted, in one call, when anything differs but its tags.
pub(super) async fn change(aws: &Aws, id: &str, prior: &VpcEndpoint, desired: &VpcEndpoint) -> Result<(), ProviderError> {
    let groups = |endpoint: &VpcEndpoint| endpoint.security_group_ids.clone().unwrap_or_default();
    // What the program leaves out stands in both as it was read.
    let policy =
        desired.policy_document.as_ref().filter(|wanted| !prior.policy_document.as_ref().is_some_and(|p| document::same(p, wanted)));
    let address_type = desired.ip_address_type.as_deref().filter(|_| desired.ip_address_type != prior.ip_address_type);
    let dns = desired.dns_options.as_ref().filter(|_| desired.dns_options != prior.dns_options);
    let private_dns = (desired.private_dns_enabled != prior.private_dns_enabled).then_some(desired.private_dns_enabled);
    let lists = [
        Difference::between(&prior.route_table_ids, &desired.route_table_ids),
        Difference::between(&prior.subnet_ids, &desired.subnet_ids),
        Difference::between(&groups(prior), &groups(desired)),
    ];
    let same = policy.is_none() && address_type.is_none() && dns.is_none() && private_dns.is_none();
    if same && lists.iter().all(|list| *list == Difference::default()) {
        return Ok(());
    }
    let [tables, subnets, groups] = lists;
    let call = aws
        .ec2()
        .modify_vpc_endpoint()
        .vpc_endpoint_id(id)
        .set_policy_document(policy.map(document::to_text))
        .set_ip_address_type(address_type.map(Into::into))
        .set_dns_options(dns.map(dns_to_sdk))
        .set_private_dns_enabled(private_dns)
        .set_add_route_table_ids(tables.added)
        .set_remove_route_table_ids(tables.removed)
        .set_add_subnet_ids(subnets.added)
        .set_remove_subnet_ids(subnets.removed)
        .set_add_security_group_ids(groups.added)
        .set_remove_security_group_ids(groups.removed);
    call.send().await.map(drop).map_err(|e| provider_error("ModifyVpcEndpoint", e))
}

/// What one list has more than another, and less; `None` for nothing.
#[derive(Debug, Default, PartialEq)]
struct Difference {
    added: Option<Vec<String>>,
    removed: Option<Vec<String>>,
}

impl Difference {
    fn between<T>(prior: &[Id<T>], desired: &[Id<T>]) -> Self {
        let missing = |of: &[Id<T>], from: &[Id<T>]| {
            let missing: Vec<String> = of.iter().filter(|id| !from.contains(id)).map(|id| id.as_str().to_owned()).collect();
            (!missing.is_empty()).then_some(missing)
        };
        Self { added: missing(desired, prior), removed: missing(prior, desired) }
    }
}

pub(super) fn dns_to_sdk(options: &DnsOptions) -> sdk::DnsOptionsSpecification {
    let inbound = options.private_dns_only_for_inbound_resolver_endpoint.as_deref();
    let domains = &options.private_dns_specified_domains;
    sdk::DnsOptionsSpecification::builder()
        .set_dns_record_ip_type(options.dns_record_ip_type.as_deref().map(Into::into))
        .set_private_dns_only_for_inbound_resolver_endpoint(inbound.map(|who| who == "OnlyInboundResolver"))
        .set_private_dns_preference(options.private_dns_preference.clone())
        .set_private_dns_specified_domains((!domains.is_empty()).then(|| domains.clone()))
        .build()
}

impl From<sdk::DnsOptions> for DnsOptions {
    fn from(options: sdk::DnsOptions) -> Self {
        let who = |only: bool| if only { "OnlyInboundResolver" } else { "AllResolvers" }.to_owned();
        Self {
            dns_record_ip_type: options.dns_record_ip_type.map(|kind| kind.as_str().to_owned()),
            private_dns_only_for_inbound_resolver_endpoint: options.private_dns_only_for_inbound_resolver_endpoint.map(who),
            private_dns_preference: options.private_dns_preference,
            private_dns_specified_domains: options.private_dns_specified_domains.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_differ_by_what_is_new_and_what_is_gone() {
        let ids = |texts: &[&str]| -> Vec<Id<VpcEndpoint>> { texts.iter().map(|text| (*text).into()).collect() };
        let between = |a: &[&str], b: &[&str]| Difference::between(&ids(a), &ids(b));
        assert_eq!(between(&["a", "b"], &["b", "a"]), Difference::default());
        let changed = between(&["a", "b"], &["b", "c"]);
        assert_eq!((changed.added, changed.removed), (Some(vec!["c".to_owned()]), Some(vec!["a".to_owned()])));
    }

    #[test]
    fn dns_options_read_as_they_were_written() {
        for who in ["OnlyInboundResolver", "AllResolvers"] {
            let options = DnsOptions {
                dns_record_ip_type: Some("ipv4".to_owned()),
                private_dns_only_for_inbound_resolver_endpoint: Some(who.to_owned()),
                ..DnsOptions::default()
            };
            let sent = dns_to_sdk(&options);
            let answered = sdk::DnsOptions::builder()
                .set_dns_record_ip_type(sent.dns_record_ip_type)
                .set_private_dns_only_for_inbound_resolver_endpoint(sent.private_dns_only_for_inbound_resolver_endpoint)
                .build();
            assert_eq!(DnsOptions::from(answered), options);
        }
    }
}
