//! A bucket or container as a place for states.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion};
use plat::state::objects::{Condition, Object, ObjectError, Objects, Version};

use crate::answer::{Answer, Meaning, Purpose};
use crate::wire::noting;

/// A call that takes longer is in doubt.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What differs between the clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// A write's condition is on the object's generation.
    Google,
    /// A write's condition is on the object's ETag.
    Azure,
}

/// Objects under a prefix of a bucket.
pub struct StateObjects {
    pub(crate) store: Box<dyn ObjectStore>,
    pub(crate) cloud: Cloud,
    /// `gs://bucket/prefix`
    pub(crate) location: String,
    /// `` bucket `b` ``
    pub(crate) bucket: String,
    /// Empty, or ends in `/`.
    pub(crate) prefix: String,
}

impl fmt::Debug for StateObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.location)
    }
}

impl Cloud {
    fn name(self) -> &'static str {
        match self {
            Cloud::Google => "Google Cloud Storage",
            Cloud::Azure => "Azure",
        }
    }

    fn login(self) -> &'static str {
        match self {
            Cloud::Google => {
                "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a service account's file"
            }
            Cloud::Azure => {
                "set AZURE_STORAGE_ACCOUNT_KEY, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or AZURE_USE_AZURE_CLI=true after `az login`"
            }
        }
    }

    fn version(self, e_tag: Option<String>, version: Option<String>) -> Result<Version, ObjectError> {
        let found = match self {
            Cloud::Google => version,
            Cloud::Azure => e_tag,
        };
        found.ok_or_else(|| ObjectError::InDoubt(format!("{} gave no version of what was written", self.name())))
    }

    fn update(self, version: &str) -> UpdateVersion {
        let version = Some(version.to_owned());
        match self {
            Cloud::Google => UpdateVersion { e_tag: None, version },
            Cloud::Azure => UpdateVersion { e_tag: version, version: None },
        }
    }
}

impl StateObjects {
    fn path(&self, key: &str) -> Result<Path, ObjectError> {
        Path::parse(format!("{}{key}", self.prefix)).map_err(|error| ObjectError::Refused(error.to_string()))
    }

    /// Makes a call; `Ok(None)`: there is no such object.
    async fn call<T>(&self, purpose: Purpose, call: impl Future<Output = object_store::Result<T>>) -> Result<Option<T>, ObjectError> {
        let Ok((outcome, noted)) = tokio::time::timeout(TIMEOUT, noting(call)).await else {
            return Err(ObjectError::InDoubt(format!("no answer within {} s", TIMEOUT.as_secs())));
        };
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(error) => match self.meaning(purpose, &error, noted) {
                Meaning::Absent => Ok(None),
                Meaning::Error(error) => Err(error),
            },
        }
    }

    fn meaning(&self, purpose: Purpose, error: &object_store::Error, noted: Option<Answer>) -> Meaning {
        match noted {
            Some(answer) => answer.meaning(purpose, self.cloud.name(), &self.bucket, self.cloud.login()),
            // One of many that were deleted in one call.
            None if matches!(error, object_store::Error::NotFound { .. }) && purpose == Purpose::Read => Meaning::Absent,
            // All answers were successes, and the crate could not use one of them; or it sent nothing.
            None if purpose == Purpose::Read => Meaning::Error(ObjectError::Refused(error.to_string())),
            None => Meaning::Error(ObjectError::InDoubt(error.to_string())),
        }
    }
}

#[async_trait]
impl Objects for StateObjects {
    fn location(&self) -> String {
        self.location.clone()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        let path = self.path(key)?;
        let read = async {
            let found = self.store.get(&path).await?;
            let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
            Ok((found.bytes().await?.to_vec(), e_tag, version))
        };
        let Some((bytes, e_tag, version)) = self.call(Purpose::Read, read).await? else { return Ok(None) };
        Ok(Some(Object { bytes, version: self.cloud.version(e_tag, version)? }))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition<'_>) -> Result<Version, ObjectError> {
        let path = self.path(key)?;
        let (purpose, mode) = match condition {
            Condition::Absent => (Purpose::Create, PutMode::Create),
            Condition::Unchanged(version) => (Purpose::Update, PutMode::Update(self.cloud.update(version))),
        };
        let put = self.store.put_opts(&path, PutPayload::from(bytes), PutOptions::from(mode));
        let written = self.call(purpose, put).await?.ok_or(ObjectError::ConditionFailed)?;
        self.cloud.version(written.e_tag, written.version)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, ObjectError> {
        // The crate lists folders; what of one does not start with the rest is left out here.
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = self.path(folder)?;
        let all = self.store.list(Some(&folder)).try_collect::<Vec<_>>();
        let found = self.call(Purpose::Other, all).await?.unwrap_or_default();
        let whole = format!("{}{prefix}", self.prefix);
        let named = found.into_iter().filter(|object| object.location.as_ref().starts_with(&whole));
        let key = |name: &str| name.strip_prefix(&self.prefix).map(str::to_owned);
        Ok(named.filter_map(|object| Some((key(object.location.as_ref())?, object.size))).collect())
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let path = self.path(key)?;
        // Gone already is as good.
        self.call(Purpose::Read, self.store.delete(&path)).await.map(drop)
    }
}
