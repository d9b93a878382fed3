//! Nested settings of a cluster.

use ipnet::IpNet;
use plat::schema::{AnyResource, Arn, Id};
use plat::value::Duration;
use plat_derive::Record;

use crate::ec2::{SecurityGroup, Subnet};
use crate::iam::Role;
use crate::kms::Key;

/// How the control plane is reached, and how it reaches the nodes.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ResourcesVpcConfig {
    /// Subnets in at least two zones, in which EKS places its network interfaces.
    #[attr(required)]
    pub subnet_ids: Vec<Id<Subnet>>,
    /// Security groups of those interfaces, beside the cluster's own.
    #[attr(optional)]
    pub security_group_ids: Option<Vec<Id<SecurityGroup>>>,
    /// Whether the API is reached from inside the VPC; false unless said otherwise.
    #[attr(optional)]
    pub endpoint_private_access: Option<bool>,
    /// Whether the API is reached from the internet; true unless said otherwise.
    #[attr(optional)]
    pub endpoint_public_access: Option<bool>,
    /// From where on the internet; anywhere unless said otherwise.
    #[attr(optional)]
    pub public_access_cidrs: Option<Vec<IpNet>>,
    /// How traffic leaves the control plane.
    #[attr(optional, one_of("AWS_MANAGED", "CUSTOMER_ISOLATED", "CUSTOMER_ROUTED"))]
    pub control_plane_egress_mode: Option<String>,
}

/// Who is let in to the Kubernetes API.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct AccessConfig {
    /// Where AWS identities are mapped to Kubernetes: the config map `aws-auth`, access entries, or both.
    #[attr(optional, one_of("CONFIG_MAP", "API_AND_CONFIG_MAP", "API"))]
    pub authentication_mode: Option<String>,
}

/// Nodes of EKS Auto Mode.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ComputeConfig {
    /// Whether AWS makes and takes away nodes.
    #[attr(optional)]
    pub enabled: Option<bool>,
    /// Built-in pools: `general-purpose`, `system`.
    #[attr(optional)]
    pub node_pools: Option<Vec<String>>,
    /// The role of the nodes.
    #[attr(optional)]
    pub node_role_arn: Option<Arn<Role>>,
}

/// Size of the control plane.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ControlPlaneScalingConfig {
    /// `standard` grows with its load; the others are provisioned.
    #[attr(optional, one_of("standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl", "tier-ultra"))]
    pub tier: Option<String>,
}

/// Encryption of Kubernetes secrets.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct EncryptionConfig {
    /// The key.
    #[attr(optional)]
    pub provider: Option<Provider>,
    /// What is encrypted: `secrets`, whatever is said.
    #[attr(optional)]
    pub resources: Vec<String>,
}

/// The key that encrypts Kubernetes secrets.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct Provider {
    /// A symmetric key in the cluster's region.
    #[attr(optional)]
    pub key_arn: Option<Arn<Key>>,
}

/// Settings of the API server.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct KubeApiServerConfig {
    /// How long events are kept.
    #[attr(optional)]
    pub event_ttl: Option<Duration>,
    /// Ports that services of type NodePort may take.
    #[attr(optional)]
    pub service_node_port_range: Option<ServiceNodePortRange>,
}

/// A range of ports.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ServiceNodePortRange {
    /// First port.
    #[attr(optional)]
    pub min_port: Option<i64>,
    /// Last port.
    #[attr(optional)]
    pub max_port: Option<i64>,
}

/// Settings of the controller manager.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct KubeControllerManagerConfig {
    /// Settings of the horizontal pod autoscaler.
    #[attr(optional)]
    pub horizontal_pod_autoscaler_controller_config: Option<HorizontalPodAutoscalerControllerConfig>,
    /// Settings of the collector of terminated pods.
    #[attr(optional)]
    pub pod_gc_controller_config: Option<PodGcControllerConfig>,
}

/// Settings of the horizontal pod autoscaler.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct HorizontalPodAutoscalerControllerConfig {
    /// Time from one look at the pods to the next.
    #[attr(optional)]
    pub horizontal_pod_autoscaler_sync_period: Option<Duration>,
}

/// Settings of the collector of terminated pods.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct PodGcControllerConfig {
    /// How many terminated pods there may be before the collector begins, 1 to 1,000,000.
    #[attr(optional)]
    pub terminated_pod_gc_threshold: Option<i64>,
}

/// Settings of the scheduler.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct KubeSchedulerConfig {
    /// How nodes are weighed by what they have left.
    #[attr(optional)]
    pub node_resources_fit: Option<NodeResourcesFitConfig>,
}

/// The scheduler's plugin NodeResourcesFit.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct NodeResourcesFitConfig {
    /// How nodes are scored.
    #[attr(optional)]
    pub scoring_strategy: Option<ScoringStrategy>,
}

/// How nodes are scored.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ScoringStrategy {
    /// Prefer the emptiest or the fullest node.
    #[attr(optional, one_of("LeastAllocated", "MostAllocated"))]
    pub r#type: Option<String>,
    /// What counts how much.
    #[attr(optional)]
    pub resources: Vec<ResourceWeight>,
}

/// The weight of one kind of resource.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ResourceWeight {
    /// `cpu`, `memory` and the like.
    #[attr(optional)]
    pub name: Option<String>,
    /// 1 to 100.
    #[attr(optional)]
    pub weight: Option<i64>,
}

/// Addresses of services, and load balancing.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct KubernetesNetworkConfig {
    /// Load balancing of EKS Auto Mode.
    #[attr(optional)]
    pub elastic_load_balancing: Option<ElasticLoadBalancing>,
    /// Family of the addresses of pods and services. Cannot change later.
    #[attr(optional, one_of("ipv4", "ipv6"))]
    pub ip_family: Option<String>,
    /// Range of the services' addresses. Cannot change later.
    #[attr(optional)]
    pub service_ipv4_cidr: Option<IpNet>,
    /// Range of the services' addresses in a cluster with IPv6. AWS chooses it.
    #[attr(optional)]
    pub service_ipv6_cidr: Option<IpNet>,
}

/// Load balancing of EKS Auto Mode.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ElasticLoadBalancing {
    /// Whether AWS makes load balancers for services.
    #[attr(optional)]
    pub enabled: Option<bool>,
}

/// Logs of the control plane.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct Logging {
    /// Logs that go to CloudWatch Logs.
    #[attr(optional)]
    pub cluster_logging: Option<ClusterLogging>,
}

/// Logs that go to CloudWatch Logs.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ClusterLogging {
    /// The types that are on; the others are off.
    #[attr(optional)]
    pub enabled_types: Vec<LoggingTypeConfig>,
}

/// One type of log.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct LoggingTypeConfig {
    /// Name of the type.
    #[attr(optional, one_of("api", "audit", "authenticator", "controllerManager", "scheduler"))]
    pub r#type: Option<String>,
}

/// A local cluster on an AWS Outpost.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct OutpostConfig {
    /// Instance type of the control plane.
    #[attr(required)]
    pub control_plane_instance_type: String,
    /// The Outpost; exactly one.
    #[attr(required)]
    pub outpost_arns: Vec<Arn<AnyResource>>,
    /// Where the instances of the control plane stand.
    #[attr(optional)]
    pub control_plane_placement: Option<ControlPlanePlacement>,
    /// Instance type of the etcd instances.
    #[attr(optional)]
    pub etcd_instance_type: Option<String>,
    /// Where the etcd instances stand.
    #[attr(optional)]
    pub etcd_placement: Option<EtcdPlacement>,
}

/// Where the instances of a control plane on an Outpost stand.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ControlPlanePlacement {
    /// A placement group.
    #[attr(optional)]
    pub group_name: Option<String>,
    /// What two instances never share.
    #[attr(optional, one_of("host", "rack"))]
    pub spread_level: Option<String>,
}

/// Where the etcd instances of a control plane on an Outpost stand.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct EtcdPlacement {
    /// What two instances never share.
    #[attr(optional, one_of("host", "rack"))]
    pub spread_level: Option<String>,
}

/// Networks outside the VPC that belong to the cluster.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct RemoteNetworkConfig {
    /// Networks of nodes; at most one entry.
    #[attr(optional)]
    pub remote_node_networks: Vec<RemoteNodeNetwork>,
    /// Networks of pods; at most one entry.
    #[attr(optional)]
    pub remote_pod_networks: Vec<RemotePodNetwork>,
}

/// Networks of nodes outside the VPC.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct RemoteNodeNetwork {
    /// Private IPv4 ranges.
    #[attr(required)]
    pub cidrs: Vec<IpNet>,
}

/// Networks of pods outside the VPC.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct RemotePodNetwork {
    /// Private IPv4 ranges.
    #[attr(required)]
    pub cidrs: Vec<IpNet>,
}

/// How a version update is rolled back.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct RollbackConfig {
    /// How long a rollback may take, 2 hours to 7 days in whole minutes; 12 hours unless said otherwise.
    #[attr(optional)]
    pub timeout_minutes: Option<Duration>,
}

/// Block storage of EKS Auto Mode.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct StorageConfig {
    /// Volumes that AWS makes for claims.
    #[attr(optional)]
    pub block_storage: Option<BlockStorage>,
}

/// Volumes of EKS Auto Mode.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct BlockStorage {
    /// Whether AWS makes volumes for claims.
    #[attr(optional)]
    pub enabled: Option<bool>,
}

/// What happens when standard support of a version ends.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct UpgradePolicy {
    /// `EXTENDED` keeps the version at a price, `STANDARD` upgrades the cluster by itself.
    #[attr(optional, one_of("STANDARD", "EXTENDED"))]
    pub support_type: Option<String>,
}

/// Moving traffic out of a zone.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ZonalShiftConfig {
    /// Whether it may happen.
    #[attr(optional)]
    pub enabled: Option<bool>,
}

/// What clients verify the API's certificate with.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct CertificateAuthority {
    /// All trusted authorities, in base64.
    #[attr(optional)]
    pub data: Option<String>,
    /// The authority that signs now.
    #[attr(optional)]
    pub active: Option<ActiveCertificateAuthority>,
}

/// The authority that signs certificates.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ActiveCertificateAuthority {
    /// Its id.
    #[attr(optional)]
    pub id: Option<String>,
    /// Whether EKS or the customer activated it.
    #[attr(optional)]
    pub activated_by: Option<String>,
}
