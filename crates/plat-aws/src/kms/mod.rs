//! AWS KMS: encryption keys.

mod key;
mod rules;
#[cfg(feature = "kms")]
mod state_keys;

pub use key::Key;
#[cfg(feature = "kms")]
pub use state_keys::StateKeys;

resources!["kms": Key];
