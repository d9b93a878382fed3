//! A bucket in memory, with S3's conditional writes, and clients of it that can die.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use plat::state::objects::{Condition, Object, ObjectError, Objects, Version};

use super::place::Death;

/// Bytes by key, and the version that they are.
type Contents = BTreeMap<String, (Vec<u8>, u64)>;

#[derive(Debug, Clone, Default)]
pub struct Bucket(Arc<Mutex<Contents>>);

impl Bucket {
    /// The client of one process.
    pub fn client(&self, death: &Arc<Death>) -> Arc<Client> {
        Arc::new(Client { bucket: self.clone(), death: death.clone() })
    }

    /// The texts of all objects whose key has `part` in it.
    pub fn texts(&self, part: &str) -> Vec<String> {
        let objects = self.0.lock().unwrap();
        objects.iter().filter(|(key, _)| key.contains(part)).map(|(_, (bytes, _))| String::from_utf8(bytes.clone()).unwrap()).collect()
    }
}

pub struct Client {
    bucket: Bucket,
    death: Arc<Death>,
}

impl Client {
    /// A call that changes something; the process may die before it and after it.
    fn change<T>(&self, change: impl FnOnce(&mut Contents) -> Result<T, ObjectError>) -> Result<T, ObjectError> {
        let dead = || Err(ObjectError::Refused("the process is dead".to_owned()));
        if self.death.passes() {
            return dead();
        }
        let outcome = change(&mut self.bucket.0.lock().unwrap());
        if self.death.passes() { dead() } else { outcome }
    }
}

#[async_trait]
impl Objects for Client {
    fn location(&self) -> String {
        "s3://bucket".to_owned()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        let objects = self.bucket.0.lock().unwrap();
        Ok(objects.get(key).map(|(bytes, version)| Object { bytes: bytes.clone(), version: version.to_string() }))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition<'_>) -> Result<Version, ObjectError> {
        self.change(|objects| {
            let there = objects.get(key).map(|(_, version)| version.to_string());
            let holds = match condition {
                Condition::Absent => there.is_none(),
                Condition::Unchanged(version) => there.as_deref() == Some(version),
            };
            if !holds {
                return Err(ObjectError::ConditionFailed);
            }
            let version = 1 + objects.values().map(|(_, version)| *version).max().unwrap_or(0);
            objects.insert(key.to_owned(), (bytes, version));
            Ok(version.to_string())
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, ObjectError> {
        let objects = self.bucket.0.lock().unwrap();
        let found = objects.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, (bytes, _))| (key.clone(), u64::try_from(bytes.len()).unwrap())).collect())
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.change(|objects| {
            objects.remove(key);
            Ok(())
        })
    }
}
