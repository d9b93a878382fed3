//! Amazon RDS: managed relational databases.

mod db_instance;
mod db_subnet_group;
#[cfg(feature = "rds")]
mod support;

pub use db_instance::{
    AdditionalStorageVolume, CertificateDetails, DbInstance, DbInstanceRole, DbInstanceStatusInfo, Endpoint, MasterUserSecret,
    ProcessorFeature,
};
pub use db_subnet_group::DbSubnetGroup;

resources!["rds": DbInstance, DbSubnetGroup];
