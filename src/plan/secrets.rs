//! Secrets: fetched once each, compared by fingerprint.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::address::Address;
use crate::provider::{ProviderError, SecretResolver};
use crate::schema::value_to_json;
use crate::state::FingerprintKey;
use crate::value::{Object, ResolvedObject, Secret, SecretReference, SecretStore, SecretText, Value};

use super::facts::Live;

/// Texts of secrets, for as long as a plan is made or carried out.
pub(crate) struct Secrets {
    resolver: Arc<dyn SecretResolver>,
    fetched: Mutex<HashMap<(String, u8, String), SecretText>>,
}

impl Secrets {
    pub(crate) fn new(resolver: Arc<dyn SecretResolver>) -> Self {
        Self { resolver, fetched: Mutex::default() }
    }

    async fn text(&self, region: &str, reference: &SecretReference) -> Result<SecretText, ProviderError> {
        let store = match reference.store {
            SecretStore::Aws => 0,
            SecretStore::Env => 1,
            SecretStore::File => 2,
            SecretStore::Vault => 3,
            SecretStore::Text => return self.joined(region, &reference.argument).await,
        };
        let key = (region.to_owned(), store, value_to_json(&reference.argument).to_string());
        let known = self.fetched.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(text) = known {
            return Ok(text);
        }
        let text = self.resolver.text(region, reference).await?;
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).insert(key, text.clone());
        Ok(text)
    }

    /// A text that has secrets in it.
    async fn joined(&self, region: &str, parts: &Value) -> Result<SecretText, ProviderError> {
        let mut text = zeroize::Zeroizing::new(String::new());
        let Value::List(parts) = parts else { return Ok(SecretText::new("")) };
        let mut secrets = Vec::new();
        for part in parts.iter() {
            let secret = match part {
                Value::Secret(Secret::Reference(inner)) => Box::pin(self.text(region, inner)).await?,
                Value::Secret(Secret::Plain(inner)) => inner.clone(),
                plain => {
                    text.push_str(value_to_json(plain).as_str().unwrap_or_default());
                    continue;
                }
            };
            text.push_str(secret.expose());
            secrets.push(secret);
        }
        Ok(SecretText::composed(text.as_str(), secrets))
    }

    /// `value` with its text in place of every reference whose argument is known.
    pub(crate) async fn reveal(&self, region: &str, value: &Value) -> Result<Value, ProviderError> {
        let mut texts = Vec::new();
        let mut references = Vec::new();
        references_in(value, &mut references);
        for reference in references {
            let text = self.text(region, &reference).await?;
            texts.push((reference, text));
        }
        Ok(replace(value, &texts))
    }
}

fn references_in(value: &Value, found: &mut Vec<Arc<SecretReference>>) {
    match value {
        Value::Secret(Secret::Reference(reference)) if reference.argument.unknown().is_none() => found.push(reference.clone()),
        Value::List(items) => items.iter().for_each(|item| references_in(item, found)),
        Value::Object(entries) => entries.values().for_each(|item| references_in(item, found)),
        _ => {}
    }
}

fn replace(value: &Value, texts: &[(Arc<SecretReference>, SecretText)]) -> Value {
    match value {
        Value::Secret(Secret::Reference(reference)) => match texts.iter().find(|(r, _)| Arc::ptr_eq(r, reference)) {
            Some((_, text)) => Value::Secret(Secret::Plain(text.clone())),
            None => value.clone(),
        },
        Value::List(items) => Value::list(items.iter().map(|item| replace(item, texts))),
        Value::Object(entries) => Value::object(entries.iter().map(|(k, v)| (k.clone(), replace(v, texts)))),
        other => other.clone(),
    }
}

/// True when a secret is, or is somewhere in, the value.
pub(crate) fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(items) => items.iter().any(holds_secret),
        Value::Object(entries) => entries.values().any(holds_secret),
        _ => false,
    }
}

/// What was read, with fingerprints in place of secrets, and the secrets beside it. A secret without text was not shown.
pub(crate) fn conceal_observed(key: &FingerprintKey, address: &Address, observed: ResolvedObject) -> (ResolvedObject, Option<Arc<Live>>) {
    if !observed.values().any(holds_secret) {
        return (observed, None);
    }
    let mut live = Live::new();
    let mut shown = Object::default();
    for (name, value) in observed.into_object() {
        match &value {
            Value::Secret(Secret::Plain(text)) if text.expose().is_empty() => {}
            value if holds_secret(value) => {
                live.insert(name.clone(), value.clone());
                shown.insert(name, value.clone());
            }
            _ => {
                shown.insert(name, value);
            }
        }
    }
    // Nothing in it is unknown: it was resolved before.
    let concealed = ResolvedObject::new(key.conceal(address, &shown)).unwrap_or_default();
    (concealed, (!live.is_empty()).then(|| Arc::new(live)))
}
