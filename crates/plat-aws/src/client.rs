//! AWS's clients of one region.

use std::sync::OnceLock;

use aws_config::SdkConfig;
#[cfg(feature = "ec2")]
use aws_config::{Region, sts::AssumeRoleProvider};
#[cfg(feature = "ec2")]
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::retry::interceptor::Retries;

/// What a handler speaks to AWS with: one region, its clients built when they are first used.
pub struct Aws {
    region: String,
    config: SdkConfig,
    sts: OnceLock<aws_sdk_sts::Client>,
    #[cfg(feature = "ec2")]
    ec2: OnceLock<aws_sdk_ec2::Client>,
    #[cfg(feature = "rds")]
    rds: OnceLock<aws_sdk_rds::Client>,
    #[cfg(feature = "eks")]
    eks: OnceLock<aws_sdk_eks::Client>,
    #[cfg(feature = "elasticache")]
    elasticache: OnceLock<aws_sdk_elasticache::Client>,
    #[cfg(feature = "iam")]
    iam: OnceLock<aws_sdk_iam::Client>,
    #[cfg(feature = "secretsmanager")]
    secretsmanager: OnceLock<aws_sdk_secretsmanager::Client>,
    #[cfg(feature = "logs")]
    logs: OnceLock<aws_sdk_cloudwatchlogs::Client>,
    #[cfg(feature = "kms")]
    kms: OnceLock<aws_sdk_kms::Client>,
}

macro_rules! clients {
    ($($(#[$meta:meta])* $field:ident: $sdk:ident;)+) => {
        impl Aws {
            /// Clients for the region of `config`.
            pub fn new(region: &str, config: SdkConfig) -> Self {
                Self {
                    region: region.to_owned(),
                    config,
                    $($(#[$meta])* $field: OnceLock::new(),)+
                }
            }

            $(
                $(#[$meta])*
                pub fn $field(&self) -> &$sdk::Client {
                    self.$field.get_or_init(|| {
                        let config = $sdk::config::Builder::from(&self.config).interceptor(Retries).retry_classifier(Retries).build();
                        $sdk::Client::from_conf(config)
                    })
                }
            )+
        }
    };
}

clients! {
    sts: aws_sdk_sts;
    #[cfg(feature = "ec2")]
    ec2: aws_sdk_ec2;
    #[cfg(feature = "rds")]
    rds: aws_sdk_rds;
    #[cfg(feature = "eks")]
    eks: aws_sdk_eks;
    #[cfg(feature = "elasticache")]
    elasticache: aws_sdk_elasticache;
    #[cfg(feature = "iam")]
    iam: aws_sdk_iam;
    #[cfg(feature = "secretsmanager")]
    secretsmanager: aws_sdk_secretsmanager;
    #[cfg(feature = "logs")]
    logs: aws_sdk_cloudwatchlogs;
    #[cfg(feature = "kms")]
    kms: aws_sdk_kms;
}

impl Aws {
    pub fn region(&self) -> &str {
        &self.region
    }

    /// EC2 of another region.
    #[cfg(feature = "ec2")]
    pub(crate) fn ec2_in(&self, region: &str) -> aws_sdk_ec2::Client {
        self.ec2_by(self.config.to_builder().region(Region::new(region.to_owned())).build())
    }

    /// EC2 of another region, in the account of a role that is taken on by the STS of `sts_region`.
    #[cfg(feature = "ec2")]
    pub(crate) async fn ec2_with_role(&self, region: &str, role: &str, sts_region: &str) -> aws_sdk_ec2::Client {
        let provider = AssumeRoleProvider::builder(role)
            .session_name("plat")
            .configure(&self.config)
            .region(Region::new(sts_region.to_owned()))
            .build()
            .await;
        let config = self.config.to_builder().region(Region::new(region.to_owned()));
        self.ec2_by(config.credentials_provider(SharedCredentialsProvider::new(provider)).build())
    }

    #[cfg(feature = "ec2")]
    fn ec2_by(&self, config: SdkConfig) -> aws_sdk_ec2::Client {
        let config = aws_sdk_ec2::config::Builder::from(&config).interceptor(Retries).retry_classifier(Retries).build();
        aws_sdk_ec2::Client::from_conf(config)
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }
}
