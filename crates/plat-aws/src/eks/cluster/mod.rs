//! `aws.eks.Cluster`

#[cfg(feature = "eks")]
mod changes;
#[cfg(feature = "eks")]
mod handler;
mod settings;
#[cfg(feature = "eks")]
mod wire;

use std::collections::BTreeMap;

use plat::schema::{Arn, Id};
use plat::value::Version;
use plat_derive::Resource;

use crate::ec2::SecurityGroup;
use crate::iam::Role;
use crate::kms::Key;
#[cfg(feature = "eks")]
pub(super) use changes::more;
pub use settings::*;

/// A Kubernetes control plane that AWS runs.
///
/// ```plat
/// use std.network.{Network}
///
/// resource net: Network { cidr = 10.0.0.0/16 }
/// resource role: aws.iam.Role {
///   assume_role_policy_document = {
///     Version   = "2012-10-17"
///     Statement = [{
///       Effect    = "Allow"
///       Principal = { Service = "eks.amazonaws.com" }
///       Action    = "sts:AssumeRole"
///     }]
///   }
///   managed_policy_arns = ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"]
/// }
/// resource cluster: aws.eks.Cluster {
///   name                 = "shop"
///   version              = "1.31"
///   role_arn             = role
///   resources_vpc_config = { subnet_ids = net.private_subnets }
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.eks.Cluster", import = name, arn = arn, recovery = Token, claims = super::claims::cluster, stateful,
           takes(create = "9m", update = "4m", delete = "3m"), timeouts(update = "36h"), rules = &[super::rules::CLUSTER])]
pub struct Cluster {
    /// Name of the cluster, unique in the account and region; up to 100 letters, digits, `-` and `_`.
    #[attr(chosen, replaces)]
    pub name: Option<String>,
    /// The role that the control plane takes on to call AWS for you.
    #[attr(required, replaces)]
    pub role_arn: Arn<Role>,
    /// The subnets and security groups that the control plane reaches the nodes through, and who reaches its API.
    #[attr(required, unordered)]
    pub resources_vpc_config: ResourcesVpcConfig,
    /// Kubernetes version, `1.28`. It goes up one minor version at a time.
    #[attr(chosen, interrupts = "upgrades the control plane, for good")]
    pub version: Option<Version>,
    /// Who is let in to the Kubernetes API, and how.
    #[attr(chosen, nullable)]
    pub access_config: Option<AccessConfig>,
    /// Id of the certificate authority that signs the cluster's certificates. Naming another one activates it.
    #[attr(optional, write_only)]
    pub active_certificate_authority_id: Option<String>,
    /// Whether the cluster gets the default networking add-ons when it is made; true unless said otherwise.
    #[attr(optional, write_only, replaces)]
    pub bootstrap_self_managed_addons: Option<bool>,
    /// Whether who makes the cluster becomes its administrator; true unless said otherwise. CloudFormation has it in `AccessConfig`,
    /// but unlike the rest of that it can neither be read back nor changed later.
    #[attr(optional, write_only, replaces, cfn = "")]
    pub bootstrap_cluster_creator_admin_permissions: Option<bool>,
    /// EKS Auto Mode: nodes that AWS makes and takes away as pods need them.
    #[attr(chosen, nullable, unordered)]
    pub compute_config: Option<ComputeConfig>,
    /// How large the control plane is.
    #[attr(chosen, nullable)]
    pub control_plane_scaling_config: Option<ControlPlaneScalingConfig>,
    /// AWS refuses to delete the cluster while this is true.
    #[attr(optional, default = false)]
    pub deletion_protection: bool,
    /// Encryption of the cluster's secrets with a key of your own; at most one. A cluster without a key takes one in place.
    /// A key that is there can neither change nor be removed.
    #[attr(optional, unordered)]
    pub encryption_config: Vec<EncryptionConfig>,
    /// Upgrade even when a check for trouble with the new version fails.
    #[attr(optional, default = false, write_only)]
    pub force: bool,
    /// Settings of the Kubernetes API server.
    #[attr(chosen, nullable)]
    pub kube_api_server_config: Option<KubeApiServerConfig>,
    /// Settings of the Kubernetes controller manager.
    #[attr(chosen, nullable)]
    pub kube_controller_manager_config: Option<KubeControllerManagerConfig>,
    /// Settings of the Kubernetes scheduler.
    #[attr(chosen, nullable, unordered)]
    pub kube_scheduler_config: Option<KubeSchedulerConfig>,
    /// Addresses of services, and load balancing. The addresses cannot change once the cluster is there.
    #[attr(chosen, nullable)]
    pub kubernetes_network_config: Option<KubernetesNetworkConfig>,
    /// Which logs of the control plane go to CloudWatch Logs, into the group `/aws/eks/NAME/cluster`.
    #[attr(optional, unordered)]
    pub logging: Option<Logging>,
    /// For a local cluster on an AWS Outpost.
    #[attr(optional, replaces, unordered)]
    pub outpost_config: Option<OutpostConfig>,
    /// Networks outside the VPC whose nodes and pods belong to the cluster (EKS Hybrid Nodes).
    #[attr(optional, unordered)]
    pub remote_network_config: Option<RemoteNetworkConfig>,
    /// How a version update is rolled back.
    #[attr(optional, write_only)]
    pub rollback_config: Option<RollbackConfig>,
    /// Block storage of EKS Auto Mode.
    #[attr(chosen, nullable)]
    pub storage_config: Option<StorageConfig>,
    /// Labels of the cluster.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// What happens when standard support of the version ends.
    #[attr(chosen, nullable)]
    pub upgrade_policy: Option<UpgradePolicy>,
    /// Whether Amazon Application Recovery Controller may move the cluster's traffic out of a zone.
    #[attr(chosen, nullable)]
    pub zonal_shift_config: Option<ZonalShiftConfig>,
    /// ARN of the cluster.
    #[attr(computed)]
    pub arn: Arn<Cluster>,
    /// What clients verify the API's certificate with, and who signs it now.
    #[attr(computed)]
    pub certificate_authority: Option<CertificateAuthority>,
    /// What clients verify the API's certificate with: a bundle of certificates in base64.
    #[attr(computed)]
    pub certificate_authority_data: String,
    /// The security group that EKS makes for the control plane and its managed node groups.
    #[attr(computed)]
    pub cluster_security_group_id: Id<SecurityGroup>,
    /// The key that encrypts the cluster's secrets, when there is one.
    #[attr(computed)]
    pub encryption_config_key_arn: Option<Arn<Key>>,
    /// Address of the Kubernetes API, `https://….eks.amazonaws.com`.
    #[attr(computed)]
    pub endpoint: String,
    /// Id of a local cluster on an AWS Outpost.
    #[attr(computed)]
    pub id: Option<String>,
    /// Issuer of the cluster's OpenID Connect tokens, for roles of service accounts.
    #[attr(computed)]
    pub open_id_connect_issuer_url: String,
}
