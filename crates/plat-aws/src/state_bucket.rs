//! The bucket that a stack names for its states, opened at the first call.

use async_trait::async_trait;
use plat::state::objects::{Condition, Object, ObjectError, Objects, Version};
use tokio::sync::OnceCell;

use crate::bucket::Bucket;
use crate::{AwsProvider, Settings};

/// A bucket by name; credentials and region are looked up when they are first needed.
pub struct StateBucket {
    provider: AwsProvider,
    name: String,
    region: Option<String>,
    prefix: String,
    bucket: OnceCell<Bucket>,
}

impl StateBucket {
    /// `region`: `None` for the one that the environment or the profile names. `prefix` may be empty.
    pub fn new(settings: Settings, name: &str, region: Option<&str>, prefix: &str) -> Self {
        Self {
            provider: crate::provider(settings),
            name: name.to_owned(),
            region: region.map(str::to_owned),
            prefix: prefix.to_owned(),
            bucket: OnceCell::new(),
        }
    }

    async fn open(&self) -> Result<&Bucket, ObjectError> {
        let make = || async {
            let region = match &self.region {
                Some(region) => Some(region.clone()),
                None => self.provider.default_region().await,
            };
            let help = "nobody says which region the bucket is in; add `region` to the stack's `state = s3 { … }`";
            let region = region.ok_or_else(|| ObjectError::Refused(help.to_owned()))?;
            Ok(self.provider.bucket(&self.name, &region, &self.prefix).await)
        };
        self.bucket.get_or_try_init(make).await
    }
}

#[async_trait]
impl Objects for StateBucket {
    fn location(&self) -> String {
        format!("s3://{}/{}", self.name, self.prefix.trim_matches('/')).trim_end_matches('/').to_owned()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        self.open().await?.get(key).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition<'_>) -> Result<Version, ObjectError> {
        self.open().await?.put(key, bytes, condition).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, ObjectError> {
        self.open().await?.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.open().await?.delete(key).await
    }
}
