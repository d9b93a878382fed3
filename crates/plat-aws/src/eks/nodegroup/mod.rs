//! `aws.eks.Nodegroup`

#[cfg(feature = "eks")]
mod changes;
#[cfg(feature = "eks")]
mod handler;
mod settings;
#[cfg(feature = "eks")]
mod template;
#[cfg(feature = "eks")]
mod wire;

use std::collections::BTreeMap;

use plat::schema::{Arn, Id};
use plat::value::{Size, Version};
use plat_derive::Resource;

use super::Cluster;
use crate::ec2::Subnet;
use crate::iam::Role;
pub use settings::*;

/// Nodes of a Kubernetes cluster that EKS makes, updates and takes away.
///
/// ```plat
/// use std.network.{Network}
///
/// resource net: Network { cidr = 10.0.0.0/16 }
/// lookup cluster: aws.eks.Cluster { name = "shop" }
/// lookup role: aws.iam.Role { role_name = "shop-node" }
/// resource nodes: aws.eks.Nodegroup {
///   cluster_name   = cluster
///   node_role      = role
///   subnets        = net.private_subnets
///   instance_types = ["m6i.large"]
///   scaling_config = { min_size = 2, max_size = 6, desired_size = 2 }
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.eks.Nodegroup", import(cluster_name, nodegroup_name), id = nodegroup_name, arn = arn, recovery = Token, claims = super::claims::nodegroup,
           takes(create = "2m30s", update = "8m", delete = "4m"), timeouts(update = "36h"), rules = &[super::rules::NODEGROUP])]
pub struct Nodegroup {
    /// The cluster that the nodes belong to.
    #[attr(required, holds, replaces)]
    pub cluster_name: Id<Cluster>,
    /// Name of the node group, unique in the cluster; up to 63 letters, digits, `-` and `_`.
    #[attr(chosen, replaces)]
    pub nodegroup_name: Option<String>,
    /// The role of the nodes.
    #[attr(required, replaces)]
    pub node_role: Arn<Role>,
    /// Subnets that nodes are placed in.
    #[attr(required, holds, replaces, unordered)]
    pub subnets: Vec<Id<Subnet>>,
    /// The image of the nodes; by default Amazon Linux for the architecture of the instance types.
    #[attr(
        chosen,
        replaces,
        one_of(
            "AL2023_ARM_64_NVIDIA",
            "AL2023_ARM_64_STANDARD",
            "AL2023_x86_64_NEURON",
            "AL2023_x86_64_NVIDIA",
            "AL2023_x86_64_STANDARD",
            "AL2_ARM_64",
            "AL2_x86_64",
            "AL2_x86_64_GPU",
            "BOTTLEROCKET_ARM_64",
            "BOTTLEROCKET_ARM_64_FIPS",
            "BOTTLEROCKET_ARM_64_NVIDIA",
            "BOTTLEROCKET_ARM_64_NVIDIA_FIPS",
            "BOTTLEROCKET_x86_64",
            "BOTTLEROCKET_x86_64_FIPS",
            "BOTTLEROCKET_x86_64_NVIDIA",
            "BOTTLEROCKET_x86_64_NVIDIA_FIPS",
            "CUSTOM",
            "WINDOWS_CORE_2019_x86_64",
            "WINDOWS_CORE_2022_x86_64",
            "WINDOWS_CORE_2025_x86_64",
            "WINDOWS_FULL_2019_x86_64",
            "WINDOWS_FULL_2022_x86_64",
            "WINDOWS_FULL_2025_x86_64"
        )
    )]
    pub ami_type: Option<String>,
    /// How the instances are paid for.
    #[attr(chosen, replaces, one_of("ON_DEMAND", "SPOT", "CAPACITY_BLOCK"))]
    pub capacity_type: Option<String>,
    /// Size of each node's root volume; 20 GiB unless said otherwise, 50 GiB for Windows.
    #[attr(chosen, nullable, replaces, unit = gib)]
    pub disk_size: Option<Size>,
    /// Go on with an update although a disruption budget keeps pods from leaving a node.
    #[attr(optional, default = false, write_only)]
    pub force_update_enabled: bool,
    /// Types of the instances; `t3.medium` unless said otherwise.
    #[attr(chosen, replaces, unordered)]
    pub instance_types: Vec<String>,
    /// Kubernetes labels of the nodes.
    #[attr(optional)]
    pub labels: BTreeMap<String, String>,
    /// The launch template that the instances are made from. A node group that has one keeps one. The versions `$Latest` and `$Default`
    /// stand for a number: a plan shows the number, and a change when there is a newer one.
    #[attr(
        optional,
        interrupts = "replaces the nodes, some at a time",
        stands_for("$Latest=launch_template_latest_version", "$Default=launch_template_default_version")
    )]
    pub launch_template: Option<LaunchTemplateSpecification>,
    /// Whether and how EKS replaces or reboots nodes that are not well.
    #[attr(chosen, nullable, unordered)]
    pub node_repair_config: Option<NodeRepairConfig>,
    /// Release of the image, `1.28.5-20240227`; the newest for the version unless said otherwise.
    #[attr(chosen, nullable, interrupts = "replaces the nodes, some at a time")]
    pub release_version: Option<String>,
    /// Access to the nodes with SSH.
    #[attr(optional, replaces, unordered)]
    pub remote_access: Option<RemoteAccess>,
    /// How many nodes there are.
    #[attr(chosen)]
    pub scaling_config: Option<ScalingConfig>,
    /// Labels of the node group.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// Kubernetes taints of the nodes.
    #[attr(optional, unordered)]
    pub taints: Vec<Taint>,
    /// How many nodes an update takes away at once.
    #[attr(chosen)]
    pub update_config: Option<UpdateConfig>,
    /// Kubernetes version of the nodes; the cluster's unless said otherwise.
    #[attr(chosen, interrupts = "replaces the nodes, some at a time")]
    pub version: Option<Version>,
    /// Instances that are made ready before they are needed.
    #[attr(chosen, nullable)]
    pub warm_pool_config: Option<WarmPoolConfig>,
    /// ARN of the node group.
    #[attr(computed)]
    pub arn: Arn<Nodegroup>,
    /// `CLUSTER/NODEGROUP`
    #[attr(computed)]
    pub id: String,
    /// Number of the default version of the launch template.
    #[attr(computed)]
    pub launch_template_default_version: Option<String>,
    /// Number of the newest version of the launch template.
    #[attr(computed)]
    pub launch_template_latest_version: Option<String>,
}
