//! AWS Secrets Manager.

mod claims;
mod rules;
mod secret;

pub use secret::{GenerateSecretString, ReplicaRegion, Secret};

resources!["secretsmanager": Secret];
