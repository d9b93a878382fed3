//! The bucket or container that a stack names.

use std::sync::Arc;

use aws_smithy_http_client::Connector;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::{ObjectStore, RetryConfig, StaticCredentialProvider};
use plat::state::objects::ObjectError;

use crate::store::{Cloud, StateObjects};
use crate::wire::Wire;

/// What the process's environment says that a cloud's own library would read.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `STORAGE_EMULATOR_HOST`: an emulated Google Cloud Storage of this machine, asked without credentials.
    pub google_emulator: Option<String>,
}

/// What is wrong with the environment, without the crate's own words before it.
fn refused(error: object_store::Error) -> ObjectError {
    ObjectError::Refused(match error {
        object_store::Error::Generic { source, .. } => source.to_string(),
        error => error.to_string(),
    })
}

/// Nothing is tried again here: the lock must know which of its writes went through.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

/// `prefix` as it stands before a key.
fn before_keys(prefix: &str) -> String {
    let prefix = prefix.trim_matches('/');
    if prefix.is_empty() { String::new() } else { format!("{prefix}/") }
}

/// What of a store is below `prefix`.
fn below(prefix: &str, store: Box<dyn ObjectStore>, cloud: Cloud, place: &str, bucket: String) -> StateObjects {
    let prefix = before_keys(prefix);
    StateObjects { store, cloud, location: format!("{place}/{prefix}").trim_end_matches('/').to_owned(), bucket, prefix }
}

/// The Google Cloud Storage bucket `name`, with the application default credentials. `http` is how it is reached.
pub fn gcs(http: Connector, environment: &Environment, name: &str, prefix: &str) -> Result<StateObjects, ObjectError> {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(name).with_retry(once()).with_http_connector(Wire::new(http));
    if let Some(host) = environment.google_emulator.as_deref().filter(|host| !host.is_empty()) {
        let base = if host.contains("://") { host.trim_end_matches('/').to_owned() } else { format!("http://{host}") };
        if !is_loopback(&base) {
            let help = "unset it to use Google's own";
            return Err(ObjectError::Refused(format!("STORAGE_EMULATOR_HOST is `{host}`, which is not on this machine; {help}")));
        }
        // Whoever emulates needs no credentials, and nobody else is asked for any.
        let nobody = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
        builder = builder.with_base_url(&base).with_skip_signature(true).with_credentials(Arc::new(nobody));
    }
    let store = Box::new(builder.build().map_err(refused)?);
    Ok(below(prefix, store, Cloud::Google, &format!("gs://{name}"), format!("bucket `{name}`")))
}

/// The container of an Azure storage account, with what AZURE_… says. `http` is how it is reached. With AZURE_STORAGE_USE_EMULATOR=true it is
/// that of an emulator, which must be on this machine.
pub fn azure(http: Connector, account: &str, container: &str, prefix: &str) -> Result<StateObjects, ObjectError> {
    let builder = MicrosoftAzureBuilder::from_env().with_account(account).with_container_name(container);
    let builder = builder.with_retry(once()).with_http_connector(Wire::new(http));
    // What the environment says of another place or account is not for the state.
    let builder = match builder.get_config_value(&AzureConfigKey::Endpoint) {
        Some(endpoint) if !is_loopback(&endpoint) => {
            return Err(ObjectError::Refused(format!(
                "the environment names the endpoint `{endpoint}`, and the stack the account `{account}`; unset AZURE_ENDPOINT and AZURE_STORAGE_ENDPOINT"
            )));
        }
        _ => builder,
    };
    let store = Box::new(builder.build().map_err(refused)?);
    let bucket = format!("container `{container}` in the storage account `{account}`");
    Ok(below(prefix, store, Cloud::Azure, &format!("azure://{account}/{container}"), bucket))
}

/// `http://127.0.0.1:9023`
fn is_loopback(base: &str) -> bool {
    let host = base.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// As the state wants it.
impl From<StateObjects> for Arc<dyn plat::state::objects::Objects> {
    fn from(objects: StateObjects) -> Self {
        Arc::new(objects)
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn this_machine_is_this_machine() {
        for base in ["http://localhost:9023", "http://127.0.0.1", "http://[::1]:80"] {
            assert!(is_loopback(base), "{base}");
        }
        for base in ["http://storage.example:80", "http://localhost.example", "http://127.0.0.1.example", ""] {
            assert!(!is_loopback(base), "{base}");
        }
    }
}
