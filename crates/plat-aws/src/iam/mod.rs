//! AWS IAM: who may do what. IAM is global: the SDK sends its calls to the partition's one endpoint, whatever the region.

#[cfg(feature = "iam")]
mod changes;
mod role;

pub use role::{InlinePolicy, Role};

resources!["iam": Role];
