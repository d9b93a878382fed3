//! Amazon EKS: managed Kubernetes.

mod access_entry;
mod addon;
mod claims;
mod cluster;
mod nodegroup;
mod pod_identity_association;
mod relations;
mod rules;
#[cfg(feature = "eks")]
mod update;

pub use access_entry::{AccessEntry, AccessPolicy, AccessScope};
pub use addon::{Addon, AddonPodIdentity, NamespaceConfig};
pub use cluster::Cluster;
pub use nodegroup::Nodegroup;
pub use pod_identity_association::PodIdentityAssociation;

resources!["eks": AccessEntry, Addon, Cluster, Nodegroup, PodIdentityAssociation];
