//! What a state needs of an object store: S3, and what speaks like it.

use async_trait::async_trait;

/// Objects under one prefix of one bucket. Keys are relative to it, of ASCII letters, digits and `/_-.%`.
#[async_trait]
pub trait Objects: Send + Sync {
    /// `s3://bucket/prefix`, for people.
    fn location(&self) -> String;

    /// `None`: there is no such object.
    async fn get(&self, key: &str) -> Result<Option<Object>, ObjectError>;

    /// Writes a whole object, if `condition` holds; gives the version written.
    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition<'_>) -> Result<Version, ObjectError>;

    /// Keys that start with `prefix`, and their objects' bytes, in any order.
    async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, ObjectError>;

    /// Deletes an object. One that is gone already is no error.
    async fn delete(&self, key: &str) -> Result<(), ObjectError>;
}

/// What a store calls a version of an object's content: an ETag.
pub type Version = String;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub version: Version,
}

/// When a write goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// There is no object yet: `If-None-Match: *`.
    Absent,
    /// The object is still this version: `If-Match`.
    Unchanged(&'a str),
}

/// Why a call to an object store did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    #[error("the condition of the write does not hold")]
    ConditionFailed,
    /// Nobody knows whether it happened: no answer, a time-out, a 5xx, too many requests.
    #[error("{0}")]
    InDoubt(String),
    /// It did not happen, and would not if tried again.
    #[error("{0}")]
    Refused(String),
}
