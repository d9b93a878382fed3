use std::collections::BTreeMap;
use std::net::IpAddr;

use plat_derive::Resource;

/// An Elastic IP address: a public IPv4 address that stays.
///
/// ```plat
/// resource address: aws.ec2.EIP { domain = "vpc" }
/// output public: Ip = address.public_ip
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.EIP", import(public_ip, allocation_id), id = allocation_id, recovery = Tag, claims = super::claims::eip, rules = &[super::rules::ADDRESS])]
pub struct Eip {
    /// An address of a pool of one's own, to have this very one.
    #[attr(optional, replaces, write_only)]
    pub address: Option<IpAddr>,
    /// Always `vpc`; `standard` was for EC2-Classic.
    #[attr(chosen, one_of("standard", "vpc"), sample("vpc"))]
    pub domain: Option<String>,
    /// The instance that has the address.
    #[attr(optional, interrupts = "moves the public address")]
    pub instance_id: Option<String>,
    /// IPAM pool to take the address from.
    #[attr(optional, replaces, write_only)]
    pub ipam_pool_id: Option<String>,
    /// The set of zones that AWS announces the address from.
    #[attr(chosen, replaces, sample("{region}"))]
    pub network_border_group: Option<String>,
    /// Pool of one's own to take the address from; `amazon` is Amazon's.
    #[attr(chosen, replaces, sample("amazon"))]
    pub public_ipv4_pool: Option<String>,
    /// Tags of the address.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// An address that another account hands over, to be accepted.
    #[attr(optional, replaces, write_only)]
    pub transfer_address: Option<IpAddr>,
    /// Id of the address.
    #[attr(computed, sample("eipalloc-{id}"))]
    pub allocation_id: plat::schema::Id<Eip>,
    /// The address.
    #[attr(computed, always, sample("203.0.113.7"))]
    pub public_ip: Option<IpAddr>,
}

#[cfg(feature = "ec2")]
mod handler {
    use aws_sdk_ec2::types::{self as sdk, DomainType, Filter, ResourceType};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::Eip;
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, Seen, filter};
    use crate::ec2::tagging;
    use crate::error::{absent, incomplete, provider_error};

    impl ResourceHandler<Aws> for Eip {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let allocation = match desired.transfer_address {
                Some(address) => accept(aws, op, &desired, &address.to_string()).await?,
                None => allocate(aws, op, &desired).await?,
            };
            let id = match &allocation {
                (allocation, Some(public_ip)) => format!("{public_ip}|{allocation}"),
                (allocation, None) => import_id(&describe::ready::<Self>(aws, op, "AddressAllocated", allocation).await?),
            };
            op.accepted.accepted(&id)?;
            let allocation = allocation.0;
            if let Some(instance) = &desired.instance_id {
                associate(aws, &allocation, instance).await?;
            }
            let read = describe::settled(aws, op, "AddressAllocated", &allocation, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let allocations: Vec<String> = ids.iter().map(|id| allocation_of(id).to_owned()).collect();
            describe::read(aws, &allocations).await
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            let allocation = allocation_of(id);
            match &desired.instance_id {
                Some(instance) if prior.instance_id.as_ref() != Some(instance) => associate(aws, allocation, instance).await?,
                None if prior.instance_id.is_some() => disassociate(aws, allocation).await?,
                _ => {}
            }
            tagging::change(aws, allocation, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "AddressAllocated", allocation, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
            let allocation = allocation_of(id);
            if prior.instance_id.is_some() {
                disassociate(aws, allocation).await?;
            }
            let call = aws.ec2().release_address().allocation_id(allocation);
            absent(
                call.send().await.map_err(|e| provider_error("ReleaseAddress", e)),
                &["InvalidAllocationID.NotFound", "InvalidAddress.NotFound"],
            )?;
            describe::gone::<Self>(aws, op, "AddressReleased", allocation).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            let Some(allocation) = describe::created_by::<Self>(aws, op).await? else { return Ok(None) };
            Ok(describe::read::<Self>(aws, &[allocation]).await?.into_iter().flatten().next().map(|eip| import_id(&eip)))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    /// `203.0.113.7|eipalloc-1`
    fn import_id(eip: &Eip) -> String {
        format!("{}|{}", eip.public_ip.map(|ip| ip.to_string()).unwrap_or_default(), eip.allocation_id)
    }

    fn allocation_of(id: &str) -> &str {
        id.rsplit_once('|').map_or(id, |(_, allocation)| allocation)
    }

    /// The allocation's id, and the address when the answer has it.
    async fn allocate(aws: &Aws, op: &Operation<'_>, desired: &Eip) -> Result<(String, Option<String>), ProviderError> {
        let call = aws
            .ec2()
            .allocate_address()
            .domain(desired.domain.as_deref().map_or(DomainType::Vpc, DomainType::from))
            .set_address(desired.address.map(|address| address.to_string()))
            .set_ipam_pool_id(desired.ipam_pool_id.clone())
            .set_network_border_group(desired.network_border_group.clone())
            .set_public_ipv4_pool(desired.public_ipv4_pool.clone())
            .tag_specifications(tagging::specification(ResourceType::ElasticIp, &desired.tags, op));
        let answer = call.send().await.map_err(|e| provider_error("AllocateAddress", e))?;
        let allocation = answer.allocation_id.ok_or_else(|| incomplete("AllocateAddress", "AllocationId"))?;
        Ok((allocation, answer.public_ip))
    }

    async fn accept(aws: &Aws, op: &Operation<'_>, desired: &Eip, address: &str) -> Result<(String, Option<String>), ProviderError> {
        let tags = tagging::specification(ResourceType::ElasticIp, &desired.tags, op);
        let call = aws.ec2().accept_address_transfer().address(address).tag_specifications(tags);
        let answer = call.send().await.map_err(|e| provider_error("AcceptAddressTransfer", e))?;
        let transfer = answer.address_transfer.ok_or_else(|| incomplete("AcceptAddressTransfer", "AddressTransfer"))?;
        let allocation = transfer.allocation_id.ok_or_else(|| incomplete("AcceptAddressTransfer", "AllocationId"))?;
        Ok((allocation, transfer.public_ip))
    }

    async fn associate(aws: &Aws, allocation: &str, instance: &str) -> Result<(), ProviderError> {
        let call = aws.ec2().associate_address().allocation_id(allocation).instance_id(instance).allow_reassociation(true);
        call.send().await.map(|_| ()).map_err(|e| provider_error("AssociateAddress", e))
    }

    async fn disassociate(aws: &Aws, allocation: &str) -> Result<(), ProviderError> {
        let call = aws.ec2().describe_addresses().filters(filter("allocation-id", [allocation]));
        let answer = call.send().await.map_err(|e| provider_error("DescribeAddresses", e))?;
        for association in answer.addresses.unwrap_or_default().into_iter().filter_map(|address| address.association_id) {
            let call = aws.ec2().disassociate_address().association_id(association);
            let outcome = call.send().await.map_err(|e| provider_error("DisassociateAddress", e));
            absent(outcome, &["InvalidAssociationID.NotFound"])?;
        }
        Ok(())
    }

    impl Described for Eip {
        const ID_FILTER: &'static str = "allocation-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[
            ("allocation_id", "allocation-id"),
            ("public_ip", "public-ip"),
            ("instance_id", "instance-id"),
            ("network_border_group", "network-border-group"),
        ];

        /// DescribeAddresses has no pages.
        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let call = aws.ec2().describe_addresses().set_filters(Some(filters));
            let answer = call.send().await.map_err(|e| provider_error("DescribeAddresses", e))?;
            Ok(answer.addresses.unwrap_or_default().into_iter().filter_map(from_sdk).collect())
        }
    }

    fn from_sdk(address: sdk::Address) -> Option<Seen<Eip>> {
        let id = address.allocation_id?;
        let value = Eip {
            domain: address.domain.map(|domain| domain.as_str().to_owned()),
            instance_id: address.instance_id.filter(|id| !id.is_empty()),
            network_border_group: address.network_border_group,
            public_ipv4_pool: address.public_ipv4_pool,
            tags: tagging::read(address.tags),
            allocation_id: id.as_str().into(),
            public_ip: address.public_ip.and_then(|ip| ip.parse().ok()),
            ..Eip::default()
        };
        Some(Seen { id, value, ready: true })
    }
}
