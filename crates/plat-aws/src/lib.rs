//! plat's resource types on AWS.
//!
//! A folder per service, a file per resource type. A file's struct is the type's schema and is always compiled; its
//! handler, which speaks to AWS, is behind the service's feature. Names and meaning follow the CloudFormation registry.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice))]

#[macro_use]
mod service;

#[cfg(feature = "client")]
mod bucket;
#[cfg(feature = "client")]
pub mod client;
#[cfg(any(feature = "ec2", feature = "iam", feature = "kms", feature = "logs"))]
mod document;
#[cfg(feature = "client")]
mod error;
mod external_tags;
#[cfg(feature = "client")]
mod https;
#[cfg(feature = "client")]
mod names;
#[cfg(any(feature = "rds", feature = "elasticache"))]
mod parameters;
mod policy;
#[cfg(feature = "client")]
mod provider;
#[cfg(feature = "client")]
mod query;
pub mod retry;
mod rules;
#[cfg(feature = "client")]
mod state_bucket;
#[cfg(feature = "client")]
pub mod tags;
#[cfg(feature = "client")]
mod units;
#[cfg(feature = "client")]
mod wait;

pub mod ec2;
pub mod eks;
pub mod elasticache;
pub mod iam;
pub mod kms;
pub mod logs;
pub mod rds;
pub mod secretsmanager;
pub mod sts;

use plat::schema::{Constraints, ResourceSchema};

#[cfg(feature = "client")]
pub use bucket::Bucket;
#[cfg(feature = "client")]
pub use https::connector as https;
#[cfg(feature = "kms")]
pub use kms::StateKeys;
#[cfg(feature = "client")]
pub use provider::{AwsProvider, Keys, Settings, provider};
#[cfg(feature = "client")]
pub use state_bucket::StateBucket;

/// What the CloudFormation registry says of the values of each type: crates/plat-aws/registry/README.md.
const CONSTRAINTS: &str = include_str!("../registry/constraints.jsonl");

/// Every resource type and lookup on AWS. Needs no feature and no credentials.
pub fn schemas() -> Vec<ResourceSchema> {
    let services = [
        ec2::schemas(),
        eks::schemas(),
        elasticache::schemas(),
        iam::schemas(),
        kms::schemas(),
        logs::schemas(),
        rds::schemas(),
        secretsmanager::schemas(),
        sts::schemas(),
    ];
    services.into_iter().flatten().map(external_tags::declare).map(constrained).collect()
}

fn constrained(mut schema: ResourceSchema) -> ResourceSchema {
    schema.constraints = Constraints::new(CONSTRAINTS, schema.name);
    schema
}

/// The handlers of the services that this build speaks to.
#[cfg(feature = "client")]
fn handlers() -> Vec<Box<dyn service::Handler>> {
    let services: Vec<Vec<Box<dyn service::Handler>>> = vec![
        #[cfg(feature = "ec2")]
        ec2::handlers(),
        #[cfg(feature = "eks")]
        eks::handlers(),
        #[cfg(feature = "elasticache")]
        elasticache::handlers(),
        #[cfg(feature = "iam")]
        iam::handlers(),
        #[cfg(feature = "kms")]
        kms::handlers(),
        #[cfg(feature = "logs")]
        logs::handlers(),
        #[cfg(feature = "rds")]
        rds::handlers(),
        #[cfg(feature = "secretsmanager")]
        secretsmanager::handlers(),
        sts::handlers(),
    ];
    services.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plat::schema::{Kind, Mode};

    #[test]
    fn every_type_is_complete() {
        let mut names = BTreeSet::new();
        for schema in super::schemas() {
            assert!(names.insert(schema.name), "`{}` is there twice", schema.name);
            assert!(schema.name.starts_with("aws."), "{}", schema.name);
            let attributes: BTreeSet<_> = schema.attributes.iter().map(|a| a.name).collect();
            assert_eq!(attributes.len(), schema.attributes.len(), "{}", schema.name);
            if schema.kind == Kind::Managed {
                assert!(!schema.import.is_empty(), "{}", schema.name);
            }
            for attribute in &schema.attributes {
                assert!(!(attribute.mode == Mode::Computed && attribute.write_only), "{}.{}", schema.name, attribute.name);
            }
        }
    }

    #[cfg(feature = "all")]
    #[test]
    fn every_type_has_its_handler() {
        let handled: BTreeSet<_> = super::handlers().iter().map(|h| h.type_name()).collect();
        let described: BTreeSet<_> = super::schemas().iter().map(|s| s.name).collect();
        assert_eq!(handled, described);
    }
}
