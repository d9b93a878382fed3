use ipnet::IpNet;
use plat::schema::Id;
use plat_derive::{Record, Resource};

use super::NetworkAcl;

/// One rule of a network ACL. Rules are looked at by number, the lowest first; the first that fits decides, and what none fits is refused.
/// They know no connections: answers need a rule of their own, mostly one for the ports 1024 to 65535.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource inner: aws.ec2.NetworkAcl { vpc_id = main }
/// resource https: aws.ec2.NetworkAclEntry {
///   network_acl_id = inner
///   rule_number    = 100
///   rule_action    = "allow"
///   protocol       = 6
///   cidr_block     = 10.0.0.0/16
///   port_range     = { from = 443, to = 443 }
/// }
/// resource answers: aws.ec2.NetworkAclEntry {
///   network_acl_id = inner
///   egress         = true
///   rule_number    = 100
///   rule_action    = "allow"
///   protocol       = 6
///   cidr_block     = 10.0.0.0/16
///   port_range     = { from = 1024, to = 65535 }
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.NetworkAclEntry", import = id, recovery = Relation, claims = super::claims::network_acl_entry, rules = &[super::rules::ACL_ENTRY])]
pub struct NetworkAclEntry {
    /// The IPv4 network at the other end; either this or `ipv6_cidr_block`.
    #[attr(optional)]
    pub cidr_block: Option<IpNet>,
    /// For what leaves the subnets, not for what comes in?
    #[attr(optional, replaces, default = false)]
    pub egress: bool,
    /// Of ICMP: type and code, -1 for any.
    #[attr(optional)]
    pub icmp: Option<Icmp>,
    /// The IPv6 network at the other end.
    #[attr(optional)]
    pub ipv6_cidr_block: Option<IpNet>,
    /// The list that it is in.
    #[attr(required, replaces)]
    pub network_acl_id: Id<NetworkAcl>,
    /// The ports, of TCP and UDP; all unless said otherwise.
    #[attr(optional)]
    pub port_range: Option<PortRange>,
    /// Number of the protocol: 6 is TCP, 17 UDP, 1 ICMP, -1 all.
    #[attr(required, range = -1..=255)]
    pub protocol: i64,
    /// Let through, or refuse?
    #[attr(required, one_of("allow", "deny"))]
    pub rule_action: String,
    /// Its place among the rules of its direction.
    #[attr(required, replaces, range = 1..=32766)]
    pub rule_number: i64,
    /// The list's id, `ingress` or `egress`, and the number, with colons between.
    #[attr(computed)]
    pub id: Id<NetworkAclEntry>,
}

/// Kinds of ICMP packets.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct Icmp {
    /// The code; -1 for any.
    #[attr(optional)]
    pub code: Option<i64>,
    /// The type; -1 for any.
    #[attr(optional)]
    pub r#type: Option<i64>,
}

/// Ports from one to another, both included.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct PortRange {
    /// The first port.
    #[attr(optional)]
    pub from: Option<i64>,
    /// The last port.
    #[attr(optional)]
    pub to: Option<i64>,
}

#[cfg(feature = "ec2")]
mod handler {
    use std::collections::{BTreeSet, HashMap};
    use std::time::Duration as StdDuration;

    use aws_sdk_ec2::types as sdk;
    use futures_util::future::try_join_all;
    use plat::provider::{Asked, Change, ErrorKind, Operation, ProviderError, ResourceHandler};
    use plat::value::{ResolvedObject, Value};

    use super::{Icmp, NetworkAclEntry, PortRange};
    use crate::client::Aws;
    use crate::ec2::describe::{FILTER_VALUES, filter, fits};
    use crate::ec2::network_acl::acls;
    use crate::error::{absent, exactly_one, provider_error};
    use crate::wait::{Progress, until};

    const LOOK: StdDuration = StdDuration::from_secs(5);

    /// The rule that ends every list, which nobody makes.
    const LAST: i32 = 32_767;

    /// Sends the call with what a rule says; CreateNetworkAclEntry and ReplaceNetworkAclEntry take the same.
    macro_rules! with_rule {
        ($call:expr, $entry:expr) => {
            $call
                .network_acl_id($entry.network_acl_id.as_str())
                .rule_number(int($entry.rule_number))
                .egress($entry.egress)
                .protocol($entry.protocol.to_string())
                .rule_action($entry.rule_action.as_str().into())
                .set_cidr_block($entry.cidr_block.map(|net| net.trunc().to_string()))
                .set_ipv6_cidr_block($entry.ipv6_cidr_block.map(|net| net.trunc().to_string()))
                .set_icmp_type_code(
                    $entry
                        .icmp
                        .as_ref()
                        .map(|icmp| sdk::IcmpTypeCode::builder().set_code(icmp.code.map(int)).set_type(icmp.r#type.map(int)).build()),
                )
                .set_port_range(
                    $entry
                        .port_range
                        .as_ref()
                        .map(|ports| sdk::PortRange::builder().set_from(ports.from.map(int)).set_to(ports.to.map(int)).build()),
                )
        };
    }

    impl ResourceHandler<Aws> for NetworkAclEntry {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let id = desired.key();
            let call = with_rule!(aws.ec2().create_network_acl_entry(), desired);
            call.send().await.map(drop).map_err(|e| provider_error("CreateNetworkAclEntry", e))?;
            op.accepted.accepted(&id)?;
            let read = listed(aws, op, &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let lists: BTreeSet<&str> = ids.iter().filter_map(|id| Some(id.split_once(':')?.0)).collect();
            let lists: Vec<&str> = lists.into_iter().collect();
            let calls = lists.chunks(FILTER_VALUES).map(|chunk| acls(aws, vec![filter("network-acl-id", chunk.iter().copied())]));
            let found = try_join_all(calls).await?.into_iter().flatten().flat_map(entries_of);
            let mut by_id: HashMap<String, Self> = found.map(|entry| (entry.key(), entry)).collect();
            Ok(ids.iter().map(|id| by_id.remove(id)).collect())
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (_, desired) = change.into_sides()?;
            let call = with_rule!(aws.ec2().replace_network_acl_entry(), desired);
            call.send().await.map(drop).map_err(|e| provider_error("ReplaceNetworkAclEntry", e))?;
            listed(aws, op, id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
            let call = aws.ec2().delete_network_acl_entry().network_acl_id(prior.network_acl_id.as_str());
            let call = call.rule_number(int(prior.rule_number)).egress(prior.egress);
            absent(
                call.send().await.map_err(|e| provider_error("DeleteNetworkAclEntry", e)),
                &["InvalidNetworkAclEntry.NotFound", "InvalidNetworkAclID.NotFound"],
            )?;
            until("NetworkAclEntryDeleted", op.timeout, LOOK, || async {
                Ok(if one(aws, id).await?.is_none() { Progress::Ready(()) } else { Progress::Pending })
            })
            .await
        }

        async fn find(aws: &Aws, _: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let id = desired.key();
            Ok(one(aws, &id).await?.filter(|found| desired.says_the_same(found)).map(|_| id))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let Some(list) = query.get("network_acl_id").and_then(Value::as_str) else {
                let message = "say in which list: `network_acl_id`";
                return Err(ProviderError::new(ErrorKind::Refused, "lookup of aws.ec2.NetworkAclEntry", message));
            };
            let found = acls(aws, vec![filter("network-acl-id", [list])]).await?.into_iter().flat_map(entries_of);
            exactly_one("aws.ec2.NetworkAclEntry", found.filter(|entry| fits(query, entry)).collect())
        }
    }

    impl NetworkAclEntry {
        fn key(&self) -> String {
            format!("{}:{}:{}", self.network_acl_id, if self.egress { "egress" } else { "ingress" }, self.rule_number)
        }

        /// In the form that AWS answers with: no host bits.
        fn says_the_same(&self, other: &Self) -> bool {
            let nets = |entry: &Self| (entry.cidr_block.map(|net| net.trunc()), entry.ipv6_cidr_block.map(|net| net.trunc()));
            (self.protocol, &self.rule_action, &self.port_range, &self.icmp, nets(self))
                == (other.protocol, &other.rule_action, &other.port_range, &other.icmp, nets(other))
        }
    }

    async fn one(aws: &Aws, id: &str) -> Result<Option<NetworkAclEntry>, ProviderError> {
        Ok(NetworkAclEntry::read(aws, &[id.to_owned()]).await?.pop().flatten())
    }

    /// Waits until the list shows the rule as it was asked for.
    async fn listed(aws: &Aws, op: &Operation<'_>, id: &str, desired: &NetworkAclEntry) -> Result<NetworkAclEntry, ProviderError> {
        until("NetworkAclEntryExists", op.timeout, LOOK, || async {
            Ok(match one(aws, id).await? {
                Some(found) if desired.says_the_same(&found) => Progress::Ready(found),
                _ => Progress::Pending,
            })
        })
        .await
    }

    fn int(number: i64) -> i32 {
        i32::try_from(number).unwrap_or(i32::MAX)
    }

    fn entries_of(acl: sdk::NetworkAcl) -> Vec<NetworkAclEntry> {
        let list = acl.network_acl_id.unwrap_or_default();
        let made = acl.entries.unwrap_or_default().into_iter().filter(|entry| entry.rule_number.is_some_and(|number| number < LAST));
        made.map(|entry| from_sdk(&list, entry)).collect()
    }

    fn from_sdk(list: &str, entry: sdk::NetworkAclEntry) -> NetworkAclEntry {
        let mut read = NetworkAclEntry {
            cidr_block: entry.cidr_block.and_then(|text| text.parse().ok()),
            egress: entry.egress.unwrap_or_default(),
            icmp: entry.icmp_type_code.map(|icmp| Icmp { code: icmp.code.map(Into::into), r#type: icmp.r#type.map(Into::into) }),
            ipv6_cidr_block: entry.ipv6_cidr_block.and_then(|text| text.parse().ok()),
            network_acl_id: list.into(),
            port_range: entry.port_range.map(|ports| PortRange { from: ports.from.map(Into::into), to: ports.to.map(Into::into) }),
            protocol: entry.protocol.and_then(|text| text.parse().ok()).unwrap_or(-1),
            rule_action: entry.rule_action.map(|action| action.as_str().to_owned()).unwrap_or_default(),
            rule_number: entry.rule_number.unwrap_or_default().into(),
            id: "".into(),
        };
        read.id = read.key().into();
        read
    }
}
