use plat::schema::Id;
use plat_derive::Resource;

use super::{NetworkAcl, Subnet};

/// Gives a subnet its list of rules in place of the network's default one, which comes back when the association is deleted.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource private: aws.ec2.Subnet {
///   vpc_id     = main
///   cidr_block = 10.0.0.0/24
/// }
/// resource inner: aws.ec2.NetworkAcl { vpc_id = main }
/// resource association: aws.ec2.SubnetNetworkAclAssociation {
///   subnet_id      = private
///   network_acl_id = inner
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.SubnetNetworkAclAssociation", import = association_id, recovery = Relation, claims = super::claims::subnet_network_acl_association)]
pub struct SubnetNetworkAclAssociation {
    /// The list of rules.
    #[attr(required, replaces)]
    pub network_acl_id: Id<NetworkAcl>,
    /// The subnet.
    #[attr(required, replaces)]
    pub subnet_id: Id<Subnet>,
    /// Id of the association; AWS gives a new one with each change.
    #[attr(computed, sample("aclassoc-{id}"))]
    pub association_id: Id<SubnetNetworkAclAssociation>,
}

#[cfg(feature = "ec2")]
mod handler {
    use std::time::Duration as StdDuration;

    use aws_sdk_ec2::types::{Filter, NetworkAclAssociation};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::{Duration, ResolvedObject};

    use super::SubnetNetworkAclAssociation;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, Seen, filter};
    use crate::ec2::network_acl::acls;
    use crate::error::{absent, incomplete, provider_error};
    use crate::wait::{Progress, until};

    /// How long the association of a new subnet may stay unseen.
    const VISIBLE: Duration = Duration::minutes(2);

    const LOOK: StdDuration = StdDuration::from_secs(5);

    const CALL: &str = "ReplaceNetworkAclAssociation";

    impl ResourceHandler<Aws> for SubnetNetworkAclAssociation {
        /// A subnet always has a list: what is there, the default one as a rule, gives way.
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let now = until("SubnetExists", op.timeout.min(VISIBLE), LOOK, || async {
                Ok(of_subnet(aws, desired.subnet_id.as_str()).await?.map_or(Progress::Pending, Progress::Ready))
            })
            .await?;
            let id = match now.value.network_acl_id == desired.network_acl_id {
                true => now.id,
                false => replace(aws, &now.id, desired.network_acl_id.as_str()).await?,
            };
            op.accepted.accepted(&id)?;
            let read = describe::settled(aws, op, "NetworkAclAssociated", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        /// A change of either side replaces.
        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (_, desired) = change.into_sides()?;
            describe::settled(aws, op, "NetworkAclAssociated", id, &desired).await
        }

        /// Gives the subnet the network's default list again, unless another association came in between.
        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let found = acls(aws, vec![filter(Self::ID_FILTER, [id])]).await?;
            let Some(vpc) = found.into_iter().next().and_then(|acl| acl.vpc_id) else { return Ok(()) };
            let default = acls(aws, vec![filter("vpc-id", [vpc]), filter("default", ["true"])]).await?;
            let default = default.into_iter().next().and_then(|acl| acl.network_acl_id);
            let default = default.ok_or_else(|| incomplete("DescribeNetworkAcls", "NetworkAclId"))?;
            absent(replace(aws, id, &default).await, &["InvalidAssociationID.NotFound"])?;
            describe::gone::<Self>(aws, op, "NetworkAclDisassociated", id).await
        }

        async fn find(aws: &Aws, _: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let now = of_subnet(aws, desired.subnet_id.as_str()).await?;
            Ok(now.filter(|now| now.value.network_acl_id == desired.network_acl_id).map(|now| now.id))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    async fn of_subnet(aws: &Aws, subnet: &str) -> Result<Option<Seen<SubnetNetworkAclAssociation>>, ProviderError> {
        let seen = SubnetNetworkAclAssociation::describe(aws, vec![filter("association.subnet-id", [subnet])]).await?;
        Ok(seen.into_iter().find(|seen| seen.value.subnet_id.as_str() == subnet))
    }

    /// Gives the id of the new association.
    async fn replace(aws: &Aws, association: &str, acl: &str) -> Result<String, ProviderError> {
        let call = aws.ec2().replace_network_acl_association().association_id(association).network_acl_id(acl);
        let answer = call.send().await.map_err(|e| provider_error(CALL, e))?;
        answer.new_association_id.ok_or_else(|| incomplete(CALL, "NewAssociationId"))
    }

    impl Described for SubnetNetworkAclAssociation {
        const ID_FILTER: &'static str = "association.association-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[
            ("association_id", "association.association-id"),
            ("network_acl_id", "association.network-acl-id"),
            ("subnet_id", "association.subnet-id"),
        ];

        /// A list that fits comes with all its associations; the caller picks.
        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let associations = acls(aws, filters).await?.into_iter().flat_map(|acl| acl.associations.unwrap_or_default());
            Ok(associations.filter_map(from_sdk).collect())
        }
    }

    fn from_sdk(association: NetworkAclAssociation) -> Option<Seen<SubnetNetworkAclAssociation>> {
        let id = association.network_acl_association_id?;
        let value = SubnetNetworkAclAssociation {
            network_acl_id: association.network_acl_id?.into(),
            subnet_id: association.subnet_id?.into(),
            association_id: id.as_str().into(),
        };
        Some(Seen { id, value, ready: true })
    }
}
