//! Where a test takes place: a sandbox of its own, made-up secrets, a journal that keeps nothing.

use std::sync::Arc;

use async_trait::async_trait;

use crate::apply::Journal;
use crate::plan::Engine;
use crate::provider::sandbox::Sandbox;
use crate::provider::{Provider, ProviderError, SecretResolver};
use crate::schema::{Registry, value_to_json};
use crate::state::{Entry, StateError, StateFile};
use crate::value::{SecretReference, SecretStore, SecretText};

/// An empty cloud that ends with the test.
pub(super) fn engine(registry: &Arc<Registry>) -> Engine {
    engine_of(Arc::new(Sandbox::making_up(registry.clone())), registry)
}

/// A cloud in memory with made-up secrets.
pub(super) fn engine_of(sandbox: Arc<Sandbox>, registry: &Arc<Registry>) -> Engine {
    Engine { provider: sandbox.clone(), secrets: Arc::new(MadeUp(sandbox)), registry: registry.clone() }
}

/// A text for every secret, made from its name; no store, variable or file is ever asked.
struct MadeUp(Arc<Sandbox>);

#[async_trait]
impl SecretResolver for MadeUp {
    async fn text(&self, region: &str, reference: &SecretReference) -> Result<SecretText, ProviderError> {
        let store = match reference.store {
            SecretStore::Aws => "aws",
            SecretStore::Env => "env",
            SecretStore::File => "file",
            SecretStore::Vault => "vault",
            SecretStore::Text => "text",
        };
        self.0.secret(region, &format!("{store} {}", value_to_json(&reference.argument))).await
    }
}

/// The state lives in memory, and is of no use after the test.
pub(super) struct Forgetful;

impl Journal for Forgetful {
    fn append(&self, _: &[Entry]) -> Result<(), StateError> {
        Ok(())
    }

    fn finish(&self, state: &mut StateFile) -> Result<(), StateError> {
        state.serial += 1;
        Ok(())
    }
}
