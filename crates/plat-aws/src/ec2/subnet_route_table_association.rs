use plat::schema::Id;
use plat_derive::Resource;

use super::{RouteTable, Subnet};

/// Gives a subnet its route table.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource private: aws.ec2.Subnet {
///   vpc_id     = main
///   cidr_block = 10.0.0.0/24
/// }
/// resource routes: aws.ec2.RouteTable { vpc_id = main }
/// resource association: aws.ec2.SubnetRouteTableAssociation {
///   subnet_id      = private
///   route_table_id = routes
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.SubnetRouteTableAssociation", import = id, recovery = Relation, claims = super::claims::subnet_route_table_association)]
pub struct SubnetRouteTableAssociation {
    /// The route table.
    #[attr(required, holds, replaces)]
    pub route_table_id: Id<RouteTable>,
    /// The subnet.
    #[attr(required, replaces)]
    pub subnet_id: Id<Subnet>,
    /// Id of the association.
    #[attr(computed, sample("rtbassoc-{id}"))]
    pub id: Id<SubnetRouteTableAssociation>,
}

#[cfg(feature = "ec2")]
mod handler {
    use aws_sdk_ec2::types::{Filter, RouteTableAssociation, RouteTableAssociationStateCode as State};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::SubnetRouteTableAssociation;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, Seen, filter};
    use crate::ec2::route_table::tables;
    use crate::error::{absent, incomplete, provider_error};

    impl ResourceHandler<Aws> for SubnetRouteTableAssociation {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let (table, subnet) = (desired.route_table_id.as_str(), desired.subnet_id.as_str());
            let call = aws.ec2().associate_route_table().route_table_id(table).subnet_id(subnet);
            let answer = call.send().await.map_err(|e| provider_error("AssociateRouteTable", e))?;
            let id = answer.association_id.ok_or_else(|| incomplete("AssociateRouteTable", "AssociationId"))?;
            op.accepted.accepted(&id)?;
            let read = describe::settled(aws, op, "RouteTableAssociated", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        /// A change of either side replaces.
        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (_, desired) = change.into_sides()?;
            describe::settled(aws, op, "RouteTableAssociated", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let call = aws.ec2().disassociate_route_table().association_id(id);
            absent(call.send().await.map_err(|e| provider_error("DisassociateRouteTable", e)), &["InvalidAssociationID.NotFound"])?;
            describe::gone::<Self>(aws, op, "RouteTableDisassociated", id).await
        }

        async fn find(aws: &Aws, _: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let seen = Self::describe(aws, vec![filter("association.subnet-id", [desired.subnet_id.as_str()])]).await?;
            let same = |seen: &Seen<Self>| seen.value.subnet_id == desired.subnet_id && seen.value.route_table_id == desired.route_table_id;
            Ok(seen.into_iter().find(same).map(|seen| seen.id))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    impl Described for SubnetRouteTableAssociation {
        const ID_FILTER: &'static str = "association.route-table-association-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[
            ("id", "association.route-table-association-id"),
            ("subnet_id", "association.subnet-id"),
            ("route_table_id", "association.route-table-id"),
        ];

        /// A table that fits comes with all its associations; the caller picks.
        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let associations = tables(aws, filters).await?.into_iter().flat_map(|table| table.associations.unwrap_or_default());
            Ok(associations.filter_map(from_sdk).collect())
        }
    }

    fn from_sdk(association: RouteTableAssociation) -> Option<Seen<SubnetRouteTableAssociation>> {
        let state = association.association_state.and_then(|state| state.state);
        if matches!(state, Some(State::Disassociating | State::Disassociated | State::Failed)) {
            return None;
        }
        let id = association.route_table_association_id?;
        let value = SubnetRouteTableAssociation {
            route_table_id: association.route_table_id?.into(),
            subnet_id: association.subnet_id?.into(),
            id: id.as_str().into(),
        };
        Some(Seen { id, value, ready: state != Some(State::Associating) })
    }
}
