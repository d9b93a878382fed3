use std::collections::BTreeMap;

use plat::schema::{AnyResource, Arn, Id, Json};
use plat_derive::{Record, Resource};

use super::{RouteTable, SecurityGroup, Subnet, Vpc};

/// A private way from a network to a service: through route tables (a gateway endpoint, for S3 and DynamoDB, without charge) or through
/// network interfaces in its subnets (an interface endpoint, for most others).
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource private: aws.ec2.RouteTable { vpc_id = main }
/// resource s3: aws.ec2.VPCEndpoint {
///   vpc_id          = main
///   service_name    = "com.amazonaws.us-west-2.s3"
///   route_table_ids = [private]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.VPCEndpoint", import = id, recovery = Token, claims = super::claims::vpc_endpoint, takes(create = "90s", update = "20s", delete = "60s"), timeouts(create = "210m", update = "210m", delete = "210m"), rules = &[super::rules::ENDPOINT])]
pub struct VpcEndpoint {
    /// How names of the service are answered in the network.
    #[attr(chosen, nullable)]
    pub dns_options: Option<DnsOptions>,
    /// Kind of its addresses.
    #[attr(chosen, nullable, one_of("ipv4", "ipv6", "dualstack"))]
    pub ip_address_type: Option<String>,
    /// What may be done through a gateway or interface endpoint; everything unless said otherwise.
    #[attr(chosen, nullable)]
    pub policy_document: Option<Json>,
    /// Does the service's public name lead to an interface endpoint? The network needs `enable_dns_support` and `enable_dns_hostnames`.
    #[attr(optional, default = false)]
    pub private_dns_enabled: bool,
    /// The resource configuration that an endpoint of type `Resource` leads to.
    #[attr(optional, replaces)]
    pub resource_configuration_arn: Option<Arn<AnyResource>>,
    /// The route tables that get a route through a gateway endpoint.
    #[attr(optional, unordered)]
    pub route_table_ids: Vec<Id<RouteTable>>,
    /// Security groups of an interface endpoint; the network's default one unless said otherwise.
    #[attr(chosen, holds, unordered)]
    pub security_group_ids: Option<Vec<Id<SecurityGroup>>>,
    /// Name of the service, `com.amazonaws.us-west-2.s3` say.
    #[attr(optional, replaces)]
    pub service_name: Option<String>,
    /// The service network that an endpoint of type `ServiceNetwork` leads to.
    #[attr(optional, replaces)]
    pub service_network_arn: Option<Arn<AnyResource>>,
    /// The service's region, when it is another one.
    #[attr(chosen, nullable, replaces)]
    pub service_region: Option<String>,
    /// The subnets that get a network interface; one subnet for a Gateway Load Balancer endpoint, none for a gateway endpoint.
    #[attr(optional, holds, unordered)]
    pub subnet_ids: Vec<Id<Subnet>>,
    /// Tags of the endpoint.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// Kind of endpoint.
    #[attr(
        optional,
        replaces,
        default = "Gateway",
        one_of("Gateway", "GatewayLoadBalancer", "Interface", "Resource", "ServiceNetwork", "Tunnel")
    )]
    pub vpc_endpoint_type: String,
    /// The network that it is in.
    #[attr(required, holds, replaces)]
    pub vpc_id: Id<Vpc>,
    /// When it was made.
    #[attr(computed)]
    pub creation_timestamp: String,
    /// Names of an interface endpoint, each after the id of its hosted zone and a colon.
    #[attr(computed)]
    pub dns_entries: Vec<String>,
    /// Id of the endpoint.
    #[attr(computed, sample("vpce-{id}"))]
    pub id: Id<VpcEndpoint>,
    /// Ids of its network interfaces, one in each subnet.
    #[attr(computed)]
    pub network_interface_ids: Vec<String>,
}

/// How an endpoint's names are answered.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct DnsOptions {
    /// Kind of the records.
    #[attr(optional, one_of("ipv4", "ipv6", "dualstack", "service-defined"))]
    pub dns_record_ip_type: Option<String>,
    /// Who is led to the interface endpoint of a service that has a gateway endpoint, too: only those outside who ask an inbound
    /// resolver, or everyone.
    #[attr(optional, one_of("OnlyInboundResolver", "AllResolvers"))]
    pub private_dns_only_for_inbound_resolver_endpoint: Option<String>,
    /// Which private domains get a hosted zone, of an endpoint of type `Resource` or `ServiceNetwork`.
    #[attr(optional, one_of("VERIFIED_DOMAINS_ONLY", "ALL_DOMAINS", "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS", "SPECIFIED_DOMAINS_ONLY"))]
    pub private_dns_preference: Option<String>,
    /// The private domains, when the preference is for specified ones.
    #[attr(optional)]
    pub private_dns_specified_domains: Vec<String>,
}

#[cfg(feature = "ec2")]
mod changes;

#[cfg(feature = "ec2")]
mod handler {
    use std::time::Duration as StdDuration;

    use aws_sdk_ec2::types::{self as sdk, Filter, ResourceType, SecurityGroupIdentifier};
    use aws_smithy_types::date_time::Format;
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::schema::Id;
    use plat::value::ResolvedObject;

    use super::{DnsOptions, VpcEndpoint, changes};
    use crate::client::Aws;
    use crate::document;
    use crate::ec2::describe::{self, Described, PAGE, Seen, filter};
    use crate::ec2::tagging;
    use crate::error::{absent, incomplete, provider_error, refused_items};
    use crate::wait::{Progress, until};

    const LOOK: StdDuration = StdDuration::from_secs(10);

    const GONE: [&str; 2] = ["InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"];

    impl ResourceHandler<Aws> for VpcEndpoint {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let call = aws
                .ec2()
                .create_vpc_endpoint()
                .client_token(op.id)
                .vpc_endpoint_type(desired.vpc_endpoint_type.as_str().into())
                .vpc_id(desired.vpc_id.as_str())
                .set_service_name(desired.service_name.clone())
                .set_service_region(desired.service_region.clone())
                .set_service_network_arn(desired.service_network_arn.clone().map(Into::into))
                .set_resource_configuration_arn(desired.resource_configuration_arn.clone().map(Into::into))
                .set_policy_document(desired.policy_document.as_ref().map(document::to_text))
                .set_route_table_ids(some(&desired.route_table_ids))
                .set_subnet_ids(some(&desired.subnet_ids))
                .set_security_group_ids(desired.security_group_ids.as_deref().and_then(some))
                .set_ip_address_type(desired.ip_address_type.as_deref().map(Into::into))
                .set_dns_options(desired.dns_options.as_ref().map(changes::dns_to_sdk))
                .set_private_dns_enabled(desired.private_dns())
                .tag_specifications(tagging::specification(ResourceType::VpcEndpoint, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateVpcEndpoint", e))?;
            let id = answer.vpc_endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id);
            let id = id.ok_or_else(|| incomplete("CreateVpcEndpoint", "VpcEndpointId"))?;
            op.accepted.accepted(&id)?;
            available(aws, op, &id).await?;
            let read = describe::settled(aws, op, "VpcEndpointAvailable", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            changes::change(aws, id, &prior, &desired).await?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            available(aws, op, id).await?;
            describe::settled(aws, op, "VpcEndpointAvailable", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let call = aws.ec2().delete_vpc_endpoints().vpc_endpoint_ids(id);
            let answer = call.send().await.map_err(|e| provider_error("DeleteVpcEndpoints", e))?;
            absent(refused_items("DeleteVpcEndpoints", answer.unsuccessful()), &GONE)?;
            until("VpcEndpointDeleted", op.timeout, LOOK, || async {
                let endpoint = one(aws, id).await?;
                Ok(if endpoint.is_none_or(|endpoint| is(&endpoint, "deleted")) { Progress::Ready(()) } else { Progress::Pending })
            })
            .await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    impl VpcEndpoint {
        /// EC2's own default is true and the registry's false, so it is always said where it can be.
        fn private_dns(&self) -> Option<bool> {
            let has_names = matches!(self.vpc_endpoint_type.as_str(), "Interface" | "Resource" | "ServiceNetwork");
            (has_names || self.private_dns_enabled).then_some(self.private_dns_enabled)
        }
    }

    fn some<T>(ids: &[Id<T>]) -> Option<Vec<String>> {
        (!ids.is_empty()).then(|| ids.iter().map(|id| id.as_str().to_owned()).collect())
    }

    /// EC2 describes its states with capitals and answers without them: `pendingAcceptance`.
    fn is(endpoint: &sdk::VpcEndpoint, state: &str) -> bool {
        endpoint.state.as_ref().is_some_and(|is| is.as_str().eq_ignore_ascii_case(state))
    }

    /// Waits until it can be used. One that the service's owner has to accept is as ready as it gets.
    async fn available(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
        until("VpcEndpointAvailable", op.timeout, LOOK, || async {
            let Some(endpoint) = one(aws, id).await? else { return Ok(Progress::Pending) };
            Ok(match endpoint.state.as_ref().map(sdk::State::as_str) {
                _ if is(&endpoint, "available") || is(&endpoint, "pendingAcceptance") => Progress::Ready(()),
                Some(state) if ["failed", "rejected", "expired", "deleting", "deleted"].iter().any(|bad| is(&endpoint, bad)) => {
                    let told = endpoint.last_error.as_ref().and_then(|error| error.message.clone()).or(endpoint.failure_reason.clone());
                    Progress::Failed(format!("the endpoint is `{state}`: {}", told.as_deref().unwrap_or("AWS does not say why")))
                }
                _ => Progress::Pending,
            })
        })
        .await
    }

    /// The endpoint as AWS has it, in whatever state.
    async fn one(aws: &Aws, id: &str) -> Result<Option<sdk::VpcEndpoint>, ProviderError> {
        Ok(all(aws, vec![filter("vpc-endpoint-id", [id])]).await?.into_iter().next())
    }

    async fn all(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<sdk::VpcEndpoint>, ProviderError> {
        let pages = aws.ec2().describe_vpc_endpoints().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeVpcEndpoints", e))
    }

    impl Described for VpcEndpoint {
        const ID_FILTER: &'static str = "vpc-endpoint-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[
            ("id", "vpc-endpoint-id"),
            ("service_name", "service-name"),
            ("vpc_endpoint_type", "vpc-endpoint-type"),
            ("vpc_id", "vpc-id"),
        ];

        /// What is on its way out is shown by AWS for a while, and is not there for plat.
        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            all(aws, filters).await?.into_iter().filter_map(|endpoint| from_sdk(endpoint).transpose()).collect()
        }
    }

    fn from_sdk(endpoint: sdk::VpcEndpoint) -> Result<Option<Seen<VpcEndpoint>>, ProviderError> {
        if is(&endpoint, "deleting") || is(&endpoint, "deleted") {
            return Ok(None);
        }
        let ready = !is(&endpoint, "pending");
        let Some(id) = endpoint.vpc_endpoint_id else { return Ok(None) };
        let groups = endpoint.groups.unwrap_or_default().into_iter().filter_map(|group: SecurityGroupIdentifier| group.group_id);
        let policy = endpoint.policy_document.filter(|text| !text.is_empty());
        let value = VpcEndpoint {
            dns_options: endpoint.dns_options.map(DnsOptions::from),
            ip_address_type: endpoint.ip_address_type.map(|kind| kind.as_str().to_owned()),
            policy_document: policy.map(|text| document::from_text("DescribeVpcEndpoints", &text)).transpose()?,
            private_dns_enabled: endpoint.private_dns_enabled.unwrap_or_default(),
            resource_configuration_arn: endpoint.resource_configuration_arn.map(Into::into),
            route_table_ids: endpoint.route_table_ids.unwrap_or_default().into_iter().map(Into::into).collect(),
            security_group_ids: Some(groups.map(Into::into).collect()),
            service_name: endpoint.service_name,
            service_network_arn: endpoint.service_network_arn.map(Into::into),
            service_region: endpoint.service_region,
            subnet_ids: endpoint.subnet_ids.unwrap_or_default().into_iter().map(Into::into).collect(),
            tags: tagging::read(endpoint.tags),
            vpc_endpoint_type: endpoint.vpc_endpoint_type.map_or_else(|| "Gateway".to_owned(), |kind| kind.as_str().to_owned()),
            vpc_id: endpoint.vpc_id.unwrap_or_default().into(),
            creation_timestamp: endpoint.creation_timestamp.and_then(|at| at.fmt(Format::DateTime).ok()).unwrap_or_default(),
            dns_entries: endpoint.dns_entries.unwrap_or_default().into_iter().map(name).collect(),
            id: id.as_str().into(),
            network_interface_ids: endpoint.network_interface_ids.unwrap_or_default(),
        };
        Ok(Some(Seen { id, value, ready }))
    }

    /// As CloudFormation shows it.
    fn name(entry: sdk::DnsEntry) -> String {
        format!("{}:{}", entry.hosted_zone_id.unwrap_or_default(), entry.dns_name.unwrap_or_default())
    }
}
