//! AWS Secrets Manager.

mod secret;

pub use secret::{GenerateSecretString, ReplicaRegion, Secret};

resources!["secretsmanager": Secret];
