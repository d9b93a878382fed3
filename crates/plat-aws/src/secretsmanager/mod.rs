//! AWS Secrets Manager.

mod claims;
mod secret;

pub use secret::{GenerateSecretString, ReplicaRegion, Secret};

resources!["secretsmanager": Secret];
