//! Amazon RDS: managed relational databases.

mod claims;
mod cluster_rules;
mod db_cluster;
mod db_cluster_parameter_group;
mod db_instance;
mod db_parameter_group;
mod db_subnet_group;
#[cfg(feature = "rds")]
mod difference;
mod engines;
#[cfg(feature = "rds")]
mod parameter_groups;
mod rules;
#[cfg(feature = "rds")]
mod support;
#[cfg(feature = "rds")]
mod waiting;

pub use db_cluster::{ClusterEndpoint, DbCluster, DbClusterRole, ReadEndpoint, ScalingConfiguration, ServerlessV2ScalingConfiguration};
pub use db_cluster_parameter_group::DbClusterParameterGroup;
pub use db_instance::{
    AdditionalStorageVolume, CertificateDetails, DbInstance, DbInstanceRole, DbInstanceStatusInfo, Endpoint, MasterUserSecret,
    ProcessorFeature,
};
pub use db_parameter_group::DbParameterGroup;
pub use db_subnet_group::DbSubnetGroup;

resources!["rds": DbInstance, DbSubnetGroup, DbParameterGroup, DbClusterParameterGroup, DbCluster];
