use std::collections::BTreeMap;

use plat::schema::{AnyResource, Arn, Id};
use plat::value::Duration;
use plat_derive::{Record, Resource};

use crate::iam::Role;
use crate::logs::LogGroup;

/// A record of the traffic of a network, a subnet or a network interface: who talked to whom, and whether it was let through.
///
/// ```plat
/// resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
/// resource traffic: aws.ec2.FlowLog {
///   resource_type        = "VPC"
///   resource_id          = main.vpc_id
///   traffic_type         = "REJECT"
///   log_destination_type = "s3"
///   log_destination      = "arn:aws:s3:::example-traffic"
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.ec2.FlowLog", import = id, recovery = Token, claims = super::claims::flow_log, takes(create = "3s", update = "1s", delete = "2s"), rules = &[super::rules::FLOW_LOG])]
pub struct FlowLog {
    /// The role that publishes to a log group of another account.
    #[attr(optional, replaces)]
    pub deliver_cross_account_role: Option<Arn<Role>>,
    /// The role that publishes to a log group, which has to be assumable by `vpc-flow-logs.amazonaws.com`. Not for other destinations.
    #[attr(optional, replaces)]
    pub deliver_logs_permission_arn: Option<Arn<Role>>,
    /// How files in a bucket are written.
    #[attr(chosen, nullable, replaces)]
    pub destination_options: Option<DestinationOptions>,
    /// Where the records go: the ARN of a bucket, with a folder behind it if wanted, or of a Firehose stream. For a log group,
    /// `log_group_name` says it.
    #[attr(chosen, nullable, replaces)]
    pub log_destination: Option<Arn<AnyResource>>,
    /// Kind of destination.
    #[attr(optional, replaces, default = "cloud-watch-logs", one_of("cloud-watch-logs", "s3", "kinesis-data-firehose"))]
    pub log_destination_type: String,
    /// The fields of a record, in their order; AWS's default ones unless said otherwise.
    #[attr(
        chosen,
        replaces,
        sample(
            "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
        )
    )]
    pub log_format: Option<String>,
    /// The log group that the records go to.
    #[attr(chosen, nullable, replaces)]
    pub log_group_name: Option<Id<LogGroup>>,
    /// How long packets are collected into one record. 10 minutes unless said otherwise; a transit gateway takes 1 only.
    #[attr(chosen, replaces, unit = seconds, among(60, 600))]
    pub max_aggregation_interval: Option<Duration>,
    /// Id of the network, subnet, network interface or gateway whose traffic is recorded.
    #[attr(required, replaces)]
    pub resource_id: String,
    /// What `resource_id` is the id of.
    #[attr(
        required,
        replaces,
        one_of("NetworkInterface", "Subnet", "VPC", "TransitGateway", "TransitGatewayAttachment", "RegionalNatGateway")
    )]
    pub resource_type: String,
    /// Tags of EC2 resources that stand in the records.
    #[attr(optional, replaces, unordered)]
    pub tag_field_specifications: Vec<TagFieldSpecification>,
    /// Tags of the flow log.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// Which traffic: let through, refused or both. Of transit gateways it is always both.
    #[attr(optional, replaces, default = "ALL", one_of("ACCEPT", "ALL", "REJECT"))]
    pub traffic_type: String,
    /// Id of the flow log.
    #[attr(computed, sample("fl-{id}"))]
    pub id: Id<FlowLog>,
}

/// How files in a bucket are written.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct DestinationOptions {
    /// Lines of text, or Parquet.
    #[attr(required, one_of("plain-text", "parquet"))]
    pub file_format: String,
    /// Are folders named so that Hive finds its partitions?
    #[attr(required)]
    pub hive_compatible_partitions: bool,
    /// Is there a folder for each hour?
    #[attr(required)]
    pub per_hour_partition: bool,
}

/// Tags of one kind of resource that stand in the records.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct TagFieldSpecification {
    /// Kind of resource.
    #[attr(required, one_of("auto-scaling-group", "instance", "network-interface"))]
    pub resource_type: String,
    /// Keys of the tags; two at most.
    #[attr(required)]
    pub tag_keys: Vec<String>,
}

#[cfg(feature = "ec2")]
mod handler {
    use aws_sdk_ec2::types::{self as sdk, Filter, ResourceType};
    use plat::provider::{Asked, Change, ErrorKind, Operation, ProviderError, ResourceHandler};
    use plat::value::{Duration, ResolvedObject};

    use super::{DestinationOptions, FlowLog, TagFieldSpecification};
    use crate::client::Aws;
    use crate::ec2::describe::{self, Described, PAGE, Seen};
    use crate::ec2::tagging;
    use crate::error::{absent, incomplete, provider_error, refused_items};

    impl ResourceHandler<Aws> for FlowLog {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            desired.verify()?;
            let call = aws
                .ec2()
                .create_flow_logs()
                .client_token(op.id)
                .resource_ids(&desired.resource_id)
                .resource_type(desired.resource_type.as_str().into())
                .set_traffic_type((!desired.is_of_transit_gateway()).then(|| desired.traffic_type.as_str().into()))
                .set_deliver_logs_permission_arn(desired.deliver_logs_permission_arn.clone().map(Into::into))
                .set_deliver_cross_account_role(desired.deliver_cross_account_role.clone().map(Into::into))
                .log_destination_type(desired.log_destination_type.as_str().into())
                .set_log_destination(desired.log_destination.clone().map(Into::into))
                .set_log_group_name(desired.log_group_name.clone().map(Into::into))
                .set_log_format(desired.log_format.clone())
                .set_max_aggregation_interval(desired.max_aggregation_interval.map(|d| i32::try_from(d.0).unwrap_or(i32::MAX)))
                .set_destination_options(desired.destination_options.as_ref().map(options_to_sdk))
                .set_tag_field_specifications(desired.tag_fields())
                .tag_specifications(tagging::specification(ResourceType::VpcFlowLog, &desired.tags, op));
            let answer = call.send().await.map_err(|e| provider_error("CreateFlowLogs", e))?;
            refused_items("CreateFlowLogs", answer.unsuccessful())?;
            let id = answer.flow_log_ids.unwrap_or_default().into_iter().next();
            let id = id.ok_or_else(|| incomplete("CreateFlowLogs", "FlowLogIds"))?;
            op.accepted.accepted(&id)?;
            let read = describe::settled(aws, op, "FlowLogExists", &id, &desired).await?;
            Ok((id, read))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            describe::read(aws, ids).await
        }

        /// Only tags change in place.
        async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            tagging::change(aws, id, &prior.tags, &desired.tags).await?;
            describe::settled(aws, op, "FlowLogExists", id, &desired).await
        }

        async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            let answer = aws.ec2().delete_flow_logs().flow_log_ids(id).send().await.map_err(|e| provider_error("DeleteFlowLogs", e))?;
            absent(refused_items("DeleteFlowLogs", answer.unsuccessful()), &["InvalidFlowLogId.NotFound"])?;
            describe::gone::<Self>(aws, op, "FlowLogDeleted", id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, _: &Self) -> Result<Option<String>, ProviderError> {
            describe::created_by::<Self>(aws, op).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            describe::lookup(aws, query).await
        }
    }

    impl FlowLog {
        /// AWS answers with the ARN of a log group without the `:*` that CloudWatch's own ARNs end in, so that the next plan would
        /// make the flow log anew.
        fn verify(&self) -> Result<(), ProviderError> {
            match &self.log_destination {
                Some(arn) if arn.as_str().ends_with(":*") => {
                    let message =
                        "the destination is a log group's ARN with `:*` at its end; name the log group by `log_group_name` instead";
                    Err(ProviderError::new(ErrorKind::Refused, "CreateFlowLogs", message))
                }
                _ => Ok(()),
            }
        }

        fn is_of_transit_gateway(&self) -> bool {
            matches!(self.resource_type.as_str(), "TransitGateway" | "TransitGatewayAttachment")
        }

        fn tag_fields(&self) -> Option<Vec<sdk::TagFieldSpecificationRequest>> {
            let fields = self.tag_field_specifications.iter().map(|field| {
                sdk::TagFieldSpecificationRequest::builder()
                    .resource_type(field.resource_type.as_str().into())
                    .set_tag_keys(Some(field.tag_keys.clone()))
                    .build()
            });
            Some(fields.collect()).filter(|fields: &Vec<_>| !fields.is_empty())
        }
    }

    fn options_to_sdk(options: &DestinationOptions) -> sdk::DestinationOptionsRequest {
        sdk::DestinationOptionsRequest::builder()
            .file_format(options.file_format.as_str().into())
            .hive_compatible_partitions(options.hive_compatible_partitions)
            .per_hour_partition(options.per_hour_partition)
            .build()
    }

    impl Described for FlowLog {
        const ID_FILTER: &'static str = "flow-log-id";
        const FILTERS: &'static [(&'static str, &'static str)] = &[
            ("id", "flow-log-id"),
            ("log_destination_type", "log-destination-type"),
            ("log_group_name", "log-group-name"),
            ("resource_id", "resource-id"),
            ("traffic_type", "traffic-type"),
        ];

        async fn describe(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Seen<Self>>, ProviderError> {
            let pages = aws.ec2().describe_flow_logs().set_filter(Some(filters)).max_results(PAGE).into_paginator().items().send();
            let logs: Vec<sdk::FlowLog> = pages.collect::<Result<_, _>>().await.map_err(|e| provider_error("DescribeFlowLogs", e))?;
            Ok(logs.into_iter().filter_map(from_sdk).collect())
        }
    }

    fn from_sdk(log: sdk::FlowLog) -> Option<Seen<FlowLog>> {
        let id = log.flow_log_id?;
        let resource_id = log.resource_id.unwrap_or_default();
        let value = FlowLog {
            deliver_cross_account_role: log.deliver_cross_account_role.map(Into::into),
            deliver_logs_permission_arn: log.deliver_logs_permission_arn.map(Into::into),
            destination_options: log.destination_options.map(DestinationOptions::from),
            log_destination: log.log_destination.map(Into::into),
            log_destination_type: log.log_destination_type.map_or_else(|| "cloud-watch-logs".to_owned(), |kind| kind.as_str().to_owned()),
            log_format: log.log_format,
            log_group_name: log.log_group_name.map(Into::into),
            max_aggregation_interval: log.max_aggregation_interval.map(|seconds| Duration::seconds(seconds.into())),
            resource_type: kind_of(&resource_id).to_owned(),
            resource_id,
            tag_field_specifications: log.tag_field_specifications.unwrap_or_default().into_iter().map(Into::into).collect(),
            tags: tagging::read(log.tags),
            traffic_type: log.traffic_type.map_or_else(|| "ALL".to_owned(), |kind| kind.as_str().to_owned()),
            id: id.as_str().into(),
        };
        Some(Seen { id, value, ready: true })
    }

    /// What an id is of: EC2's answers do not say it.
    fn kind_of(id: &str) -> &'static str {
        match id.rsplit_once('-').map(|(prefix, _)| prefix) {
            Some("vpc") => "VPC",
            Some("subnet") => "Subnet",
            Some("tgw") => "TransitGateway",
            Some("tgw-attach") => "TransitGatewayAttachment",
            Some("nat") => "RegionalNatGateway",
            _ => "NetworkInterface",
        }
    }

    impl From<sdk::DestinationOptionsResponse> for DestinationOptions {
        fn from(options: sdk::DestinationOptionsResponse) -> Self {
            Self {
                file_format: options.file_format.map_or_else(|| "plain-text".to_owned(), |format| format.as_str().to_owned()),
                hive_compatible_partitions: options.hive_compatible_partitions.unwrap_or_default(),
                per_hour_partition: options.per_hour_partition.unwrap_or_default(),
            }
        }
    }

    impl From<sdk::TagFieldSpecificationResponse> for TagFieldSpecification {
        fn from(field: sdk::TagFieldSpecificationResponse) -> Self {
            Self {
                resource_type: field.resource_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
                tag_keys: field.tag_keys.unwrap_or_default(),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_id_says_what_it_is_of() {
            for (id, kind) in [
                ("vpc-1", "VPC"),
                ("subnet-1", "Subnet"),
                ("eni-1", "NetworkInterface"),
                ("tgw-1", "TransitGateway"),
                ("tgw-attach-1", "TransitGatewayAttachment"),
                ("nat-1", "RegionalNatGateway"),
            ] {
                assert_eq!(kind_of(id), kind, "{id}");
            }
        }

        #[test]
        fn a_log_groups_own_arn_is_refused_with_a_way_out() {
            let log = |arn: &str| FlowLog { log_destination: Some(arn.into()), ..FlowLog::default() };
            let refused = log("arn:aws:logs:us-west-2:123456789012:log-group:/traffic:*").verify().unwrap_err();
            assert!(refused.message.contains("`log_group_name`"), "{refused}");
            assert_eq!(log("arn:aws:s3:::traffic/folder/").verify(), Ok(()));
        }
    }
}
