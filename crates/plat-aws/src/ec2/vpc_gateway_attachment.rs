use plat::schema::Id;
use plat_derive::Resource;

use super::{InternetGateway, Vpc};

/// Attaches an internet gateway or a virtual private gateway to a network.
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
#[resource("aws.ec2.VPCGatewayAttachment", import(attachment_type, vpc_id), recovery = Relation, claims = super::claims::vpc_gateway_attachment, rules = &[super::rules::ATTACHMENT])]
pub struct VpcGatewayAttachment {
    /// The internet gateway. Either this or `vpn_gateway_id`.
    #[attr(optional, holds)]
    pub internet_gateway_id: Option<Id<InternetGateway>>,
    /// The network.
    #[attr(required, holds, replaces)]
    pub vpc_id: Id<Vpc>,
    /// Id of the virtual private gateway.
    #[attr(optional)]
    pub vpn_gateway_id: Option<String>,
    /// `IGW` or `VGW`.
    #[attr(computed, sample("IGW"))]
    pub attachment_type: String,
}

#[cfg(feature = "ec2")]
mod handler {
    use std::collections::HashMap;
    use std::time::Duration as StdDuration;

    use aws_sdk_ec2::types::AttachmentStatus;
    use futures_util::future::{try_join, try_join_all};
    use plat::provider::{Asked, Change, ErrorKind, Operation, ProviderError, ResourceHandler};
    use plat::value::{ResolvedObject, Value};

    use super::VpcGatewayAttachment;
    use crate::client::Aws;
    use crate::ec2::describe::{FILTER_VALUES, filter, fits};
    use crate::error::{absent, exactly_one, provider_error};
    use crate::wait::{Progress, until};

    const INTERNET: &str = "IGW";
    const PRIVATE: &str = "VGW";

    /// What is attached to what: the gateway's id by network.
    type Attachments = HashMap<String, String>;

    impl ResourceHandler<Aws> for VpcGatewayAttachment {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let id = desired.id()?;
            desired.attach(aws).await?;
            op.accepted.accepted(&id)?;
            let read = attached(aws, op, &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            let of = |kind: &str| -> Vec<String> {
                let vpcs = ids.iter().filter_map(|id| id.split_once('|')).filter(|(own, _)| *own == kind);
                vpcs.map(|(_, vpc)| vpc.to_owned()).collect()
            };
            let (internet, private) = (of(INTERNET), of(PRIVATE));
            let (internet, private) = try_join(internet_gateways(aws, &internet), vpn_gateways(aws, &private)).await?;
            let read = |id: &String| {
                let (kind, vpc) = id.split_once('|')?;
                let gateway = if kind == INTERNET { internet.get(vpc)? } else { private.get(vpc)? };
                Some(Self::new(kind, vpc, gateway))
            };
            Ok(ids.iter().map(read).collect())
        }

        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            let same = prior.internet_gateway_id == desired.internet_gateway_id && prior.vpn_gateway_id == desired.vpn_gateway_id;
            if same {
                return attached(aws, op, id, &desired).await;
            }
            if desired.id()? != id {
                let message =
                    "an internet gateway cannot become a virtual private gateway in place: delete the attachment, then apply again";
                return Err(ProviderError::new(ErrorKind::Refused, "AttachInternetGateway", message));
            }
            prior.detach(aws).await?;
            desired.attach(aws).await?;
            attached(aws, op, id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
            prior.detach(aws).await?;
            until("GatewayDetached", op.timeout, LOOK, || async {
                let gone = one(aws, id).await?.is_none_or(|now| now.gateway() != prior.gateway());
                Ok(if gone { Progress::Ready(()) } else { Progress::Pending })
            })
            .await
        }

        async fn find(aws: &Aws, _: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            let id = desired.id()?;
            Ok(one(aws, &id).await?.filter(|found| found.gateway() == desired.gateway()).map(|_| id))
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let Some(vpc) = query.get("vpc_id").and_then(Value::as_str) else {
                let message = "say which network: `vpc_id`";
                return Err(ProviderError::new(ErrorKind::Refused, "lookup of aws.ec2.VPCGatewayAttachment", message));
            };
            let ids = [format!("{INTERNET}|{vpc}"), format!("{PRIVATE}|{vpc}")];
            let found = Self::read(aws, &ids).await?.into_iter().flatten().filter(|found| fits(query, found)).collect();
            exactly_one("aws.ec2.VPCGatewayAttachment", found)
        }
    }

    const LOOK: StdDuration = StdDuration::from_secs(5);

    impl VpcGatewayAttachment {
        fn new(kind: &str, vpc: &str, gateway: &str) -> Self {
            let internet = kind == INTERNET;
            Self {
                internet_gateway_id: internet.then(|| gateway.into()),
                vpc_id: vpc.into(),
                vpn_gateway_id: (!internet).then(|| gateway.to_owned()),
                attachment_type: kind.to_owned(),
            }
        }

        /// The import id, `IGW|vpc-1`.
        fn id(&self) -> Result<String, ProviderError> {
            let kind = match (&self.internet_gateway_id, &self.vpn_gateway_id) {
                (Some(_), None) => INTERNET,
                (None, Some(_)) => PRIVATE,
                _ => {
                    let message = "set one of `internet_gateway_id` and `vpn_gateway_id`";
                    return Err(ProviderError::new(ErrorKind::Refused, "AttachInternetGateway", message));
                }
            };
            Ok(format!("{kind}|{}", self.vpc_id))
        }

        fn gateway(&self) -> Option<&str> {
            self.internet_gateway_id.as_ref().map(|id| id.as_str()).or(self.vpn_gateway_id.as_deref())
        }

        async fn attach(&self, aws: &Aws) -> Result<(), ProviderError> {
            let vpc = self.vpc_id.as_str();
            match (&self.internet_gateway_id, &self.vpn_gateway_id) {
                (Some(gateway), _) => {
                    let call = aws.ec2().attach_internet_gateway().internet_gateway_id(gateway.as_str()).vpc_id(vpc);
                    call.send().await.map(|_| ()).map_err(|e| provider_error("AttachInternetGateway", e))
                }
                (None, gateway) => {
                    let call = aws.ec2().attach_vpn_gateway().set_vpn_gateway_id(gateway.clone()).vpc_id(vpc);
                    call.send().await.map(|_| ()).map_err(|e| provider_error("AttachVpnGateway", e))
                }
            }
        }

        /// Again while public addresses of the network are still mapped.
        async fn detach(&self, aws: &Aws) -> Result<(), ProviderError> {
            let gone = [
                "Gateway.NotAttached",
                "InvalidInternetGatewayID.NotFound",
                "InvalidVpnGatewayID.NotFound",
                "InvalidVpnGatewayAttachment.NotFound",
                "InvalidVpcID.NotFound",
            ];
            let vpc = self.vpc_id.as_str();
            let outcome = match (&self.internet_gateway_id, &self.vpn_gateway_id) {
                (Some(gateway), _) => {
                    let call = aws.ec2().detach_internet_gateway().internet_gateway_id(gateway.as_str()).vpc_id(vpc);
                    call.send().await.map(|_| ()).map_err(|e| provider_error("DetachInternetGateway", e))
                }
                (None, gateway) => {
                    let call = aws.ec2().detach_vpn_gateway().set_vpn_gateway_id(gateway.clone()).vpc_id(vpc);
                    call.send().await.map(|_| ()).map_err(|e| provider_error("DetachVpnGateway", e))
                }
            };
            absent(outcome, &gone).map(drop)
        }
    }

    async fn one(aws: &Aws, id: &str) -> Result<Option<VpcGatewayAttachment>, ProviderError> {
        Ok(VpcGatewayAttachment::read(aws, &[id.to_owned()]).await?.into_iter().flatten().next())
    }

    async fn attached(
        aws: &Aws,
        op: &Operation<'_>,
        id: &str,
        desired: &VpcGatewayAttachment,
    ) -> Result<VpcGatewayAttachment, ProviderError> {
        until("GatewayAttached", op.timeout, LOOK, || async {
            Ok(match one(aws, id).await?.filter(|now| now.gateway() == desired.gateway()) {
                Some(now) => Progress::Ready(now),
                None => Progress::Pending,
            })
        })
        .await
    }

    async fn internet_gateways(aws: &Aws, vpcs: &[String]) -> Result<Attachments, ProviderError> {
        let calls = vpcs.chunks(FILTER_VALUES).map(|chunk| async move {
            let pages = aws.ec2().describe_internet_gateways().filters(filter("attachment.vpc-id", chunk)).into_paginator().items().send();
            pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeInternetGateways", e))
        });
        let mut found = Attachments::new();
        for gateway in try_join_all(calls).await?.into_iter().flatten() {
            for attachment in gateway.attachments.unwrap_or_default() {
                if let (Some(vpc), Some(id), true) = (attachment.vpc_id, &gateway.internet_gateway_id, holds(attachment.state.as_ref())) {
                    found.insert(vpc, id.clone());
                }
            }
        }
        Ok(found)
    }

    async fn vpn_gateways(aws: &Aws, vpcs: &[String]) -> Result<Attachments, ProviderError> {
        let calls = vpcs.chunks(FILTER_VALUES).map(|chunk| async move {
            let call = aws.ec2().describe_vpn_gateways().filters(filter("attachment.vpc-id", chunk));
            call.send().await.map_err(|e| provider_error("DescribeVpnGateways", e))
        });
        let mut found = Attachments::new();
        for gateway in try_join_all(calls).await?.into_iter().flat_map(|answer| answer.vpn_gateways.unwrap_or_default()) {
            for attachment in gateway.vpc_attachments.unwrap_or_default() {
                if let (Some(vpc), Some(id), true) = (attachment.vpc_id, &gateway.vpn_gateway_id, holds(attachment.state.as_ref())) {
                    found.insert(vpc, id.clone());
                }
            }
        }
        Ok(found)
    }

    /// An internet gateway's attachment is `available`, a VPN gateway's `attached`.
    fn holds(state: Option<&AttachmentStatus>) -> bool {
        state.is_none_or(|state| matches!(state.as_str(), "available" | "attached"))
    }
}
