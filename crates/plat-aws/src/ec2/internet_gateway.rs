use std::collections::BTreeMap;

use plat::schema::Id;
use plat_derive::Resource;

/// A network's door to the internet. It leads somewhere once it is attached (`aws.ec2.VPCGatewayAttachment`) and routed to.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource internet: aws.ec2.InternetGateway {}
/// resource attachment: aws.ec2.VPCGatewayAttachment {
///   vpc_id              = main
///   internet_gateway_id = internet
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.InternetGateway", import = internet_gateway_id, recovery = Tag, rules = &[super::rules::TAGGED])]
pub struct InternetGateway {
    /// Tags of the gateway.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// Id of the gateway.
    #[attr(computed, sample("igw-{id}"))]
    pub internet_gateway_id: Id<InternetGateway>,
}

#[cfg(feature = "ec2")]
mod handler {
    use aws_sdk_ec2::types::{self as sdk, Filter, ResourceType};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::InternetGateway;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, PAGE, Seen};
    use crate::ec2::tagging;
    use crate::error::{absent, incomplete, provider_error};

    impl ResourceHandler<Aws> for InternetGateway {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let tags = tagging::specification(ResourceType::InternetGateway, &desired.tags, op);
            let call = aws.ec2().create_internet_gateway().tag_specifications(tags);
            let answer = call.send().await.map_err(|e| provider_error("CreateInternetGateway", e))?;
            let id = answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id);
            let id = id.ok_or_else(|| incomplete("CreateInternetGateway", "InternetGatewayId"))?;
            op.accepted.accepted(&id)?;
            let read = describe::settled(aws, op, "InternetGatewayExists", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "InternetGatewayExists", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let call = aws.ec2().delete_internet_gateway().internet_gateway_id(id);
            absent(call.send().await.map_err(|e| provider_error("DeleteInternetGateway", e)), &["InvalidInternetGatewayID.NotFound"])?;
            describe::gone::<Self>(aws, op, "InternetGatewayDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    impl Described for InternetGateway {
        const ID_FILTER: &'static str = "internet-gateway-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[("internet_gateway_id", "internet-gateway-id")];

        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let pages = aws.ec2().describe_internet_gateways().set_filters(Some(filters)).max_results(PAGE).into_paginator().items().send();
            let gateways: Vec<sdk::InternetGateway> =
                pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeInternetGateways", e))?;
            let seen = gateways.into_iter().filter_map(|gateway| {
                let id = gateway.internet_gateway_id?;
                let value = InternetGateway { tags: tagging::read(gateway.tags), internet_gateway_id: id.as_str().into() };
                Some(Seen { id, value, ready: true })
            });
            Ok(seen.collect())
        }
    }
}
