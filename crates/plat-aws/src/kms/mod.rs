//! AWS KMS: encryption keys.

mod key;

pub use key::Key;

resources!["kms": Key];
