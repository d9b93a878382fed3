//! Keys of KMS that wrap the data keys of states.

use aws_sdk_kms::primitives::Blob;
use plat::provider::ProviderError;
use plat::state::{Context, KeyService, ServiceWrapped};
use zeroize::Zeroizing;

use crate::client::Aws;
use crate::error::{incomplete, provider_error};
use crate::{AwsProvider, Settings};

/// KMS, asked once or twice in a run. What it unwraps stays in memory.
pub struct StateKeys {
    settings: Settings,
}

impl StateKeys {
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Asks KMS on a thread of its own: whoever wants a key waits for it, on a thread with a runtime or without one.
    fn ask<T: Send>(
        &self,
        region: Option<&str>,
        question: impl AsyncFnOnce(&Aws) -> Result<T, ProviderError> + Send,
    ) -> Result<(T, String), String> {
        let asked = || -> Result<(T, String), String> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
            runtime.block_on(async {
                let provider: AwsProvider = crate::provider(self.settings.clone());
                let region = match region {
                    Some(region) => Some(region.to_owned()),
                    None => provider.default_region().await,
                };
                let region = region.ok_or("nobody says which region it is in; add `region` to the stack's `kms { … }`")?;
                let aws = provider.region(&region).await;
                Ok((question(&aws).await.map_err(|error| error.to_string())?, region))
            })
        };
        let ended = std::thread::scope(|scope| {
            std::thread::Builder::new().name("plat-kms".to_owned()).spawn_scoped(scope, asked).map(|thread| thread.join())
        });
        match ended {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err("the thread that asks KMS ended".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Authenticated by KMS with every key, and written to CloudTrail: what a blob is of cannot be taken for another.
fn encryption_context(context: &Context) -> [(String, String); 3] {
    [("plat:stack", &context.stack), ("plat:env", &context.env), ("plat:lineage", &context.lineage)]
        .map(|(name, text)| (name.to_owned(), text.clone()))
}

/// `arn:aws:kms:eu-central-1:123456789012:key/…` says its region.
fn region_of(key: &str) -> Option<&str> {
    key.strip_prefix("arn:")?.split(':').nth(2)
}

impl KeyService for StateKeys {
    fn wrap(&self, key: &str, region: Option<&str>, context: &Context, data: &[u8]) -> Result<ServiceWrapped, String> {
        let ((blob, arn), region) = self.ask(region.or(region_of(key)), async |aws| {
            let call = aws.kms().encrypt().key_id(key).plaintext(Blob::new(data));
            let call = call.set_encryption_context(Some(encryption_context(context).into()));
            let answer = call.send().await.map_err(|error| provider_error("Encrypt", error))?;
            let blob = answer.ciphertext_blob.ok_or_else(|| incomplete("Encrypt", "CiphertextBlob"))?;
            Ok((blob.into_inner(), answer.key_id.ok_or_else(|| incomplete("Encrypt", "KeyId"))?))
        })?;
        Ok(ServiceWrapped { blob, arn, region })
    }

    fn unwrap(&self, key: &str, region: &str, context: &Context, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        let (data, _) = self.ask(Some(region), async |aws| {
            let call = aws.kms().decrypt().key_id(key).ciphertext_blob(Blob::new(blob));
            let call = call.set_encryption_context(Some(encryption_context(context).into()));
            let answer = call.send().await.map_err(|error| provider_error("Decrypt", error))?;
            answer.plaintext.map(|data| Zeroizing::new(data.into_inner())).ok_or_else(|| incomplete("Decrypt", "Plaintext"))
        })?;
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::region_of;

    #[test]
    fn an_arn_says_its_region() {
        assert_eq!(region_of("arn:aws:kms:eu-central-1:123456789012:key/1234"), Some("eu-central-1"));
        assert_eq!(region_of("alias/plat"), None);
        assert_eq!(region_of("1234abcd-12ab-34cd-56ef-1234567890ab"), None);
    }
}
