//! AWS KMS: encryption keys.

resources!["kms":];
