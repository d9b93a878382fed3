//! Places for states besides S3: Google Cloud Storage and Azure Blob Storage, through the `object_store` crate.
//!
//! Tries nothing again by itself: what is in doubt is for the state's lock to settle, which knows whose write it was.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice))]

mod answer;
mod open;
mod store;
#[cfg(test)]
mod tests;
mod wire;

pub use open::{Environment, azure, gcs};
pub use store::StateObjects;
