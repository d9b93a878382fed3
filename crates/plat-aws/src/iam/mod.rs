//! AWS IAM: who may do what. IAM is global: the SDK sends its calls to the partition's one endpoint, whatever the region.

#[cfg(feature = "iam")]
mod changes;
mod claims;
mod oidc_provider;
mod role;
mod rules;

pub use oidc_provider::OidcProvider;
pub use role::{InlinePolicy, Role};

resources!["iam": OidcProvider, Role];
