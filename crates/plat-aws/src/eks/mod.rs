//! Amazon EKS: managed Kubernetes.

mod cluster;
mod nodegroup;
#[cfg(feature = "eks")]
mod update;

pub use cluster::Cluster;
pub use nodegroup::Nodegroup;

resources!["eks": Cluster, Nodegroup];
