use std::collections::BTreeMap;

use plat::schema::{Arn, Id};
use plat_derive::Resource;

use super::Vpc;
use crate::iam::Role;

/// A connection between two networks, whose ranges must not share an address. Each side also needs a route to the other.
///
/// plat accepts it on the other side, too: in another region with the same credentials, and in another account with the role
/// `peer_role_arn`. Without such a role it waits for the other account to accept.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource other: aws.ec2.VPC { cidr_block = 10.1.0.0/16 }
/// resource peering: aws.ec2.VPCPeeringConnection {
///   vpc_id      = main
///   peer_vpc_id = other
/// }
/// resource here: aws.ec2.RouteTable { vpc_id = main }
/// resource there: aws.ec2.Route {
///   route_table_id            = here
///   destination_cidr_block    = other.cidr_block
///   vpc_peering_connection_id = peering
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.VPCPeeringConnection", import = id, recovery = Tag, claims = super::claims::vpc_peering_connection, takes(create = "5s", delete = "2s"), rules = &[super::rules::PEERING])]
pub struct VpcPeeringConnection {
    /// Region whose STS is asked for the role; the peer's unless said otherwise.
    #[attr(optional, write_only)]
    pub assume_role_region: Option<String>,
    /// Account of the other network; the own one unless said otherwise.
    #[attr(chosen, replaces, sample("{account}"))]
    pub peer_owner_id: Option<String>,
    /// Region of the other network; the own one unless said otherwise.
    #[attr(chosen, replaces, sample("{region}"))]
    pub peer_region: Option<String>,
    /// The role in the other account with which the connection is accepted.
    #[attr(optional, write_only)]
    pub peer_role_arn: Option<Arn<Role>>,
    /// The other network.
    #[attr(required, replaces)]
    pub peer_vpc_id: Id<Vpc>,
    /// Tags of the connection.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// The network that asks for the connection.
    #[attr(required, replaces)]
    pub vpc_id: Id<Vpc>,
    /// Id of the connection.
    #[attr(computed, sample("pcx-{id}"))]
    pub id: Id<VpcPeeringConnection>,
}

#[cfg(feature = "ec2")]
mod handler {
    use std::time::Duration as StdDuration;

    use aws_sdk_ec2::types::{self as sdk, Filter, ResourceType, VpcPeeringConnectionStateReasonCode as Code};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::VpcPeeringConnection;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, PAGE, Seen, filter};
    use crate::ec2::tagging;
    use crate::error::{absent, incomplete, provider_error};
    use crate::wait::{Progress, until};

    const LOOK: StdDuration = StdDuration::from_secs(5);

    const GONE: [&str; 2] = ["InvalidVpcPeeringConnectionID.NotFound", "InvalidVpcPeeringConnectionId.NotFound"];

    impl ResourceHandler<Aws> for VpcPeeringConnection {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let call = aws
                .ec2()
                .create_vpc_peering_connection()
                .vpc_id(desired.vpc_id.as_str())
                .peer_vpc_id(desired.peer_vpc_id.as_str())
                .set_peer_owner_id(desired.peer_owner_id.clone())
                .set_peer_region(desired.peer_region.clone())
                .tag_specifications(tagging::specification(ResourceType::VpcPeeringConnection, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateVpcPeeringConnection", e))?;
            let id = answer.vpc_peering_connection.and_then(|connection| connection.vpc_peering_connection_id);
            let id = id.ok_or_else(|| incomplete("CreateVpcPeeringConnection", "VpcPeeringConnectionId"))?;
            op.accepted.accepted(&id)?;
            connect(aws, op, &id, &desired).await?;
            let read = describe::settled(aws, op, "VpcPeeringConnectionExists", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        /// Also what follows a create that was cut short: it may still have to be accepted.
        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            connect(aws, op, id, &desired).await?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "VpcPeeringConnectionExists", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let call = aws.ec2().delete_vpc_peering_connection().vpc_peering_connection_id(id);
            absent(call.send().await.map_err(|e| provider_error("DeleteVpcPeeringConnection", e)), &GONE)?;
            describe::gone::<Self>(aws, op, "VpcPeeringConnectionDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    /// What a connection waits for.
    enum Stage {
        Acceptance { own_account: bool },
        Active,
    }

    /// Waits until the connection can be accepted, accepts it where plat may, and waits until it works.
    async fn connect(aws: &Aws, op: &Operation<'_>, id: &str, desired: &VpcPeeringConnection) -> Result<(), ProviderError> {
        let Stage::Acceptance { own_account } = stage(aws, op, id, false).await? else { return Ok(()) };
        let role = desired.peer_role_arn.as_ref().map(|role| role.as_str());
        if !own_account && role.is_none() {
            return Ok(());
        }
        let region = desired.peer_region.as_deref().unwrap_or(aws.region());
        let there = match role {
            Some(role) => aws.ec2_with_role(region, role, desired.assume_role_region.as_deref().unwrap_or(region)).await,
            None => aws.ec2_in(region),
        };
        let call = there.accept_vpc_peering_connection().vpc_peering_connection_id(id);
        call.send().await.map_err(|e| provider_error("AcceptVpcPeeringConnection", e))?;
        stage(aws, op, id, true).await.map(drop)
    }

    /// The stage that the connection comes to. Once it is `accepted`, it is seen waiting for that no longer than it takes to be known.
    async fn stage(aws: &Aws, op: &Operation<'_>, id: &str, accepted: bool) -> Result<Stage, ProviderError> {
        until("VpcPeeringConnectionExists", op.timeout, LOOK, || async {
            let seen = all(aws, vec![filter(VpcPeeringConnection::ID_FILTER, [id])]).await?.into_iter().next();
            let Some(connection) = seen else { return Ok(Progress::Pending) };
            let status = connection.status.as_ref();
            Ok(match status.and_then(|status| status.code.as_ref()) {
                Some(Code::Active) => Progress::Ready(Stage::Active),
                Some(Code::PendingAcceptance) if !accepted => Progress::Ready(Stage::Acceptance { own_account: one_account(&connection) }),
                Some(code) if is_over(code) => {
                    let told = status.and_then(|status| status.message.as_deref()).unwrap_or("AWS does not say why");
                    Progress::Failed(format!("the connection is `{}`: {told}", code.as_str()))
                }
                _ => Progress::Pending,
            })
        })
        .await
    }

    /// Nothing comes of it any more.
    fn is_over(code: &Code) -> bool {
        matches!(code, Code::Failed | Code::Rejected | Code::Expired | Code::Deleting | Code::Deleted)
    }

    fn one_account(connection: &sdk::VpcPeeringConnection) -> bool {
        let owner = |side: &Option<sdk::VpcPeeringConnectionVpcInfo>| side.as_ref().and_then(|side| side.owner_id.clone());
        owner(&connection.requester_vpc_info) == owner(&connection.accepter_vpc_info)
    }

    async fn all(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<sdk::VpcPeeringConnection>, ProviderError> {
        let pages = aws.ec2().describe_vpc_peering_connections().set_filters(Some(filters)).max_results(PAGE);
        let pages = pages.into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeVpcPeeringConnections", e))
    }

    impl Described for VpcPeeringConnection {
        const ID_FILTER: &'static str = "vpc-peering-connection-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[
            ("id", "vpc-peering-connection-id"),
            ("vpc_id", "requester-vpc-info.vpc-id"),
            ("peer_vpc_id", "accepter-vpc-info.vpc-id"),
            ("peer_owner_id", "accepter-vpc-info.owner-id"),
        ];

        /// What is over is shown by AWS for a while, and is not there for plat.
        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            Ok(all(aws, filters).await?.into_iter().filter_map(from_sdk).collect())
        }
    }

    fn from_sdk(connection: sdk::VpcPeeringConnection) -> Option<Seen<VpcPeeringConnection>> {
        let code = connection.status.and_then(|status| status.code)?;
        if is_over(&code) {
            return None;
        }
        let (own, peer) = (connection.requester_vpc_info?, connection.accepter_vpc_info?);
        let id = connection.vpc_peering_connection_id?;
        let value = VpcPeeringConnection {
            assume_role_region: None,
            peer_owner_id: peer.owner_id,
            peer_region: peer.region,
            peer_role_arn: None,
            peer_vpc_id: peer.vpc_id.unwrap_or_default().into(),
            tags: tagging::read(connection.tags),
            vpc_id: own.vpc_id.unwrap_or_default().into(),
            id: id.as_str().into(),
        };
        Some(Seen { id, value, ready: !matches!(code, Code::InitiatingRequest | Code::Provisioning) })
    }
}
