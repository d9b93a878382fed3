//! Amazon ElastiCache: managed Redis, Valkey and Memcached.

mod claims;
mod parameter_group;
mod replication_group;
mod rules;
mod subnet_group;
#[cfg(feature = "elasticache")]
mod support;
mod versions;

pub use parameter_group::ParameterGroup;
pub use replication_group::{
    CloudWatchLogsDestinationDetails, DestinationDetails, Endpoint, KinesisFirehoseDestinationDetails, LogDeliveryConfiguration,
    NodeGroupConfiguration, ReadEndPoint, ReplicationGroup,
};
pub use subnet_group::SubnetGroup;

resources!["elasticache": ReplicationGroup, SubnetGroup, ParameterGroup];
