//! AWS Secrets Manager.

resources!["secretsmanager":];
