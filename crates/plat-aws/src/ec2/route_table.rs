use std::collections::BTreeMap;

use plat::schema::Id;
use plat_derive::Resource;

use super::Vpc;

/// A set of routes, for the subnets that are associated with it. Its routes are resources of their own, `aws.ec2.Route`.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource private: aws.ec2.RouteTable { vpc_id = main }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.RouteTable", import = route_table_id, recovery = Token, rules = &[super::rules::TAGGED])]
pub struct RouteTable {
    /// Tags of the route table.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// The network it is for.
    #[attr(required, holds, replaces)]
    pub vpc_id: Id<Vpc>,
    /// Id of the route table.
    #[attr(computed, sample("rtb-{id}"))]
    pub route_table_id: Id<RouteTable>,
}

#[cfg(feature = "ec2")]
mod handler {
    use aws_sdk_ec2::types::{self as sdk, Filter, ResourceType};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::RouteTable;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, Seen};
    use crate::ec2::tagging;
    use crate::error::{absent, incomplete, provider_error};

    /// Route tables in one page; the API's limit.
    const TABLES: i32 = 100;

    impl ResourceHandler<Aws> for RouteTable {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let call = aws
                .ec2()
                .create_route_table()
                .vpc_id(desired.vpc_id.as_str())
                .client_token(op.id)
                .tag_specifications(tagging::specification(ResourceType::RouteTable, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateRouteTable", e))?;
            let id = answer.route_table.and_then(|table| table.route_table_id);
            let id = id.ok_or_else(|| incomplete("CreateRouteTable", "RouteTableId"))?;
            op.accepted.accepted(&id)?;
            let read = describe::settled(aws, op, "RouteTableExists", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "RouteTableExists", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let call = aws.ec2().delete_route_table().route_table_id(id);
            absent(call.send().await.map_err(|e| provider_error("DeleteRouteTable", e)), &["InvalidRouteTableID.NotFound"])?;
            describe::gone::<Self>(aws, op, "RouteTableDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    impl Described for RouteTable {
        const ID_FILTER: &'static str = "route-table-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[("route_table_id", "route-table-id"), ("vpc_id", "vpc-id")];

        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let seen = tables(aws, filters).await?.into_iter().filter_map(|table| {
                let id = table.route_table_id?;
                let value = RouteTable {
                    tags: tagging::read(table.tags),
                    vpc_id: table.vpc_id.unwrap_or_default().into(),
                    route_table_id: id.as_str().into(),
                };
                Some(Seen { id, value, ready: true })
            });
            Ok(seen.collect())
        }
    }

    /// Route tables with their routes and associations.
    pub(in crate::ec2) async fn tables(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<sdk::RouteTable>, ProviderError> {
        let pages = aws.ec2().describe_route_tables().set_filters(Some(filters)).max_results(TABLES).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeRouteTables", e))
    }
}

#[cfg(feature = "ec2")]
pub(super) use handler::tables;
