//! AWS as a [`Provider`]: dispatch by type name, one set of clients per region.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use aws_config::meta::region::RegionProviderChain;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use plat::provider::{Change, ErrorKind, Existing, Identity, Operation, Provider, ProviderError};
use plat::value::{Duration, ResolvedObject, SecretText};
use tokio::sync::OnceCell;

use crate::bucket::Bucket;
use crate::client::Aws;
use crate::error::{incomplete, provider_error};
use crate::https;
use crate::retry::interceptor::within;
use crate::service::Handler;

/// Attempts of one call. The SDK's own default, 3, gives up too early when AWS throttles a large apply.
const ATTEMPTS: u32 = 8;

/// The longest pause between two attempts.
const LONGEST_PAUSE: StdDuration = StdDuration::from_secs(20);

/// A connection that says nothing for this long is given up. EC2 and RDS answer within seconds.
const READ_TIMEOUT: StdDuration = StdDuration::from_secs(30);

/// How long a lookup waits for a thing that shows only a part of itself while it is being changed.
const LOOKUP_TIMEOUT: Duration = Duration::minutes(5);

/// How to reach AWS; everything that is not said comes from the environment and the AWS profile files.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Profile of the AWS configuration files.
    pub profile: Option<String>,
    /// In place of AWS's own addresses, for an emulator. `AWS_ENDPOINT_URL` says the same.
    pub endpoint_url: Option<String>,
    /// In place of the environment's and the profile's credentials.
    pub credentials: Option<Keys>,
    /// Refuses every changing call before it is made.
    pub read_only: bool,
}

/// An access key.
#[derive(Debug, Clone)]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: SecretText,
}

/// Makes the provider. Nothing is read and nothing is sent before the first call.
pub fn provider(settings: Settings) -> AwsProvider {
    let handlers = crate::handlers().into_iter().map(|handler| (handler.type_name(), handler)).collect();
    AwsProvider { settings, config: OnceCell::new(), regions: Mutex::default(), handlers }
}

/// All of plat's types on AWS.
pub struct AwsProvider {
    settings: Settings,
    config: OnceCell<SdkConfig>,
    regions: Mutex<HashMap<String, Arc<Aws>>>,
    handlers: BTreeMap<&'static str, Box<dyn Handler>>,
}

impl AwsProvider {
    /// The region that the environment or the profile names, for a stack that names none.
    pub async fn default_region(&self) -> Option<String> {
        let mut profile = aws_config::profile::region::ProfileFileRegionProvider::builder();
        if let Some(name) = &self.settings.profile {
            profile = profile.profile_name(name);
        }
        let chain = RegionProviderChain::first_try(aws_config::environment::region::EnvironmentVariableRegionProvider::new());
        chain.or_else(profile.build()).region().await.map(|region| region.to_string())
    }

    /// The clients of one region, made once.
    pub async fn region(&self, region: &str) -> Arc<Aws> {
        let base = self.config.get_or_init(|| self.load(region)).await;
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let aws = regions.entry(region.to_owned()).or_insert_with(|| {
            let config = base.to_builder().region(Region::new(region.to_owned())).build();
            Arc::new(Aws::new(region, config))
        });
        Arc::clone(aws)
    }

    /// A bucket to keep states in, with these credentials.
    pub async fn bucket(&self, name: &str, region: &str, prefix: &str) -> Bucket {
        Bucket::new(self.region(region).await.config(), name, prefix, self.settings.read_only)
    }

    async fn load(&self, region: &str) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https::client())
            // Said here, so that nothing asks the instance metadata service for it.
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(LONGEST_PAUSE))
            .timeout_config(TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build());
        if let Some(profile) = &self.settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &self.settings.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(keys) = &self.settings.credentials {
            let keys = Credentials::new(&keys.access_key_id, keys.secret_access_key.expose(), None, None, "plat");
            loader = loader.credentials_provider(keys);
        }
        loader.load().await
    }

    fn handler(&self, type_name: &str) -> Result<&dyn Handler, ProviderError> {
        self.handlers.get(type_name).map(AsRef::as_ref).ok_or_else(|| {
            ProviderError::new(ErrorKind::Internal, type_name, format!("this build of plat does not speak to AWS for `{type_name}`"))
        })
    }

    fn may_change(&self, what: &str) -> Result<(), ProviderError> {
        if self.settings.read_only {
            return Err(ProviderError::new(ErrorKind::Denied, what, "this run only reads; `plat apply` changes"));
        }
        Ok(())
    }
}

#[async_trait]
impl Provider for AwsProvider {
    async fn identity(&self, region: &str) -> Result<Identity, ProviderError> {
        let aws = self.region(region).await;
        let answer = aws.sts().get_caller_identity().send().await.map_err(|e| provider_error("GetCallerIdentity", e))?;
        let account = answer.account.ok_or_else(|| incomplete("GetCallerIdentity", "Account"))?;
        Ok(Identity { account, arn: answer.arn.unwrap_or_default() })
    }

    async fn create(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Existing, ProviderError> {
        self.may_change("create")?;
        let aws = self.region(op.region).await;
        within(op.timeout, self.handler(op.type_name)?.create(&aws, op, inputs)).await
    }

    async fn read(&self, type_name: &str, region: &str, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let aws = self.region(region).await;
        self.handler(type_name)?.read(&aws, ids).await
    }

    async fn update(&self, op: &Operation<'_>, id: &str, change: &Change) -> Result<ResolvedObject, ProviderError> {
        self.may_change("update")?;
        let aws = self.region(op.region).await;
        within(op.timeout, self.handler(op.type_name)?.update(&aws, op, id, change)).await
    }

    async fn delete(&self, op: &Operation<'_>, id: &str, prior: &ResolvedObject) -> Result<(), ProviderError> {
        self.may_change("delete")?;
        let aws = self.region(op.region).await;
        within(op.timeout, self.handler(op.type_name)?.delete(&aws, op, id, prior)).await
    }

    async fn find(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError> {
        let aws = self.region(op.region).await;
        within(op.timeout, self.handler(op.type_name)?.find(&aws, op, inputs)).await
    }

    async fn lookup(&self, type_name: &str, region: &str, query: &ResolvedObject) -> Result<ResolvedObject, ProviderError> {
        let aws = self.region(region).await;
        within(LOOKUP_TIMEOUT, self.handler(type_name)?.lookup(&aws, query)).await
    }

    #[cfg(feature = "secretsmanager")]
    async fn secret(&self, region: &str, id: &str) -> Result<SecretText, ProviderError> {
        let call = "GetSecretValue";
        let aws = self.region(region).await;
        let answer = aws.secretsmanager().get_secret_value().secret_id(id).send().await.map_err(|e| provider_error(call, e))?;
        match answer.secret_string {
            Some(text) => Ok(SecretText::new(text)),
            None => Err(ProviderError::new(ErrorKind::Refused, call, format!("`{id}` holds bytes, and plat wants a text"))),
        }
    }

    #[cfg(not(feature = "secretsmanager"))]
    async fn secret(&self, _: &str, id: &str) -> Result<SecretText, ProviderError> {
        let message = format!("this build of plat does not speak to Secrets Manager, where `{id}` is");
        Err(ProviderError::new(ErrorKind::Internal, "GetSecretValue", message))
    }
}
