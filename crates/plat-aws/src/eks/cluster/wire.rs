//! Between a cluster and EKS's own structures.

use std::collections::BTreeSet;

use aws_sdk_eks::types as eks;
use ipnet::IpNet;
use plat::provider::{ErrorKind, ProviderError};
use plat::value::{Duration, Version};

use super::*;
use crate::eks::update::int;
use crate::tags;

pub(super) fn vpc(config: &ResourcesVpcConfig) -> eks::VpcConfigRequest {
    eks::VpcConfigRequest::builder()
        .set_subnet_ids(Some(texts(&config.subnet_ids)))
        .set_security_group_ids(config.security_group_ids.as_deref().map(texts))
        .set_endpoint_private_access(config.endpoint_private_access)
        .set_endpoint_public_access(config.endpoint_public_access)
        .set_public_access_cidrs(config.public_access_cidrs.as_deref().map(texts))
        .set_control_plane_egress_mode(config.control_plane_egress_mode.as_deref().map(Into::into))
        .build()
}

/// At create, what is in `access_config` and what is beside it.
pub(super) fn access(desired: &Cluster) -> Option<eks::CreateAccessConfigRequest> {
    let mode = desired.access_config.as_ref().and_then(|config| config.authentication_mode.as_deref());
    let administrator = desired.bootstrap_cluster_creator_admin_permissions;
    let config = eks::CreateAccessConfigRequest::builder()
        .set_authentication_mode(mode.map(Into::into))
        .set_bootstrap_cluster_creator_admin_permissions(administrator);
    (mode.is_some() || administrator.is_some()).then(|| config.build())
}

pub(super) fn compute(config: &ComputeConfig) -> eks::ComputeConfigRequest {
    eks::ComputeConfigRequest::builder()
        .set_enabled(config.enabled)
        .set_node_pools(config.node_pools.clone())
        .set_node_role_arn(config.node_role_arn.as_ref().map(ToString::to_string))
        .build()
}

pub(super) fn storage(config: &StorageConfig) -> eks::StorageConfigRequest {
    let block = |block: &BlockStorage| eks::BlockStorage::builder().set_enabled(block.enabled).build();
    eks::StorageConfigRequest::builder().set_block_storage(config.block_storage.as_ref().map(block)).build()
}

pub(super) fn network(config: &KubernetesNetworkConfig) -> eks::KubernetesNetworkConfigRequest {
    eks::KubernetesNetworkConfigRequest::builder()
        .set_service_ipv4_cidr(config.service_ipv4_cidr.map(|net| net.to_string()))
        .set_ip_family(config.ip_family.as_deref().map(Into::into))
        .set_elastic_load_balancing(config.elastic_load_balancing.as_ref().map(load_balancing))
        .build()
}

fn load_balancing(config: &ElasticLoadBalancing) -> eks::ElasticLoadBalancing {
    eks::ElasticLoadBalancing::builder().set_enabled(config.enabled).build()
}

pub(super) fn scaling(config: &ControlPlaneScalingConfig) -> eks::ControlPlaneScalingConfig {
    eks::ControlPlaneScalingConfig::builder().set_tier(config.tier.as_deref().map(Into::into)).build()
}

pub(super) fn upgrade_policy(policy: &UpgradePolicy) -> eks::UpgradePolicyRequest {
    eks::UpgradePolicyRequest::builder().set_support_type(policy.support_type.as_deref().map(Into::into)).build()
}

pub(super) fn zonal_shift(config: &ZonalShiftConfig) -> eks::ZonalShiftConfigRequest {
    eks::ZonalShiftConfigRequest::builder().set_enabled(config.enabled).build()
}

#[allow(deprecated, reason = "EKS encrypts everything by now and still takes and answers what CloudFormation says to encrypt")]
pub(super) fn encryption(configs: &[EncryptionConfig]) -> Option<Vec<eks::EncryptionConfig>> {
    let key = |provider: &Provider| eks::Provider::builder().set_key_arn(provider.key_arn.as_ref().map(ToString::to_string)).build();
    let one = |config: &EncryptionConfig| {
        // `secrets` is all there was to say, and older partitions want it said.
        let resources = if config.resources.is_empty() { vec!["secrets".to_owned()] } else { config.resources.clone() };
        eks::EncryptionConfig::builder().set_resources(Some(resources)).set_provider(config.provider.as_ref().map(key)).build()
    };
    (!configs.is_empty()).then(|| configs.iter().map(one).collect())
}

/// Switches the types `on` and `off`; the others stay as they are.
pub(super) fn logging(on: &BTreeSet<String>, off: &BTreeSet<String>) -> eks::Logging {
    let setup = |(types, enabled): (&BTreeSet<String>, bool)| {
        let types = types.iter().map(|ty| ty.as_str().into()).collect();
        eks::LogSetup::builder().set_types(Some(types)).enabled(enabled).build()
    };
    let setups = [(on, true), (off, false)].into_iter().filter(|(types, _)| !types.is_empty()).map(setup).collect();
    eks::Logging::builder().set_cluster_logging(Some(setups)).build()
}

/// The types of log that are on.
pub(super) fn enabled_types(logging: Option<&Logging>) -> BTreeSet<String> {
    let types = logging.and_then(|logging| logging.cluster_logging.as_ref()).map(|cluster| cluster.enabled_types.as_slice());
    types.unwrap_or_default().iter().filter_map(|ty| ty.r#type.clone()).collect()
}

pub(super) fn outpost(config: &OutpostConfig) -> Result<eks::OutpostConfigRequest, ProviderError> {
    let control_plane = |placement: &ControlPlanePlacement| {
        eks::ControlPlanePlacementRequest::builder()
            .set_group_name(placement.group_name.clone())
            .set_spread_level(placement.spread_level.as_deref().map(Into::into))
            .build()
    };
    let etcd = |placement: &EtcdPlacement| {
        eks::EtcdPlacementRequest::builder().set_spread_level(placement.spread_level.as_deref().map(Into::into)).build()
    };
    eks::OutpostConfigRequest::builder()
        .set_outpost_arns(Some(texts(&config.outpost_arns)))
        .control_plane_instance_type(&config.control_plane_instance_type)
        .set_control_plane_placement(config.control_plane_placement.as_ref().map(control_plane))
        .set_etcd_instance_type(config.etcd_instance_type.clone())
        .set_etcd_placement(config.etcd_placement.as_ref().map(etcd))
        .build()
        .map_err(|error| ProviderError::new(ErrorKind::Internal, "CreateCluster", error.to_string()))
}

/// Without a config: no remote networks.
pub(super) fn remote_networks(config: Option<&RemoteNetworkConfig>) -> eks::RemoteNetworkConfigRequest {
    let nodes = |networks: &RemoteNodeNetwork| eks::RemoteNodeNetwork::builder().set_cidrs(Some(texts(&networks.cidrs))).build();
    let pods = |networks: &RemotePodNetwork| eks::RemotePodNetwork::builder().set_cidrs(Some(texts(&networks.cidrs))).build();
    let none = RemoteNetworkConfig::default();
    let config = config.unwrap_or(&none);
    eks::RemoteNetworkConfigRequest::builder()
        .set_remote_node_networks(Some(config.remote_node_networks.iter().map(nodes).collect()))
        .set_remote_pod_networks(Some(config.remote_pod_networks.iter().map(pods).collect()))
        .build()
}

pub(super) fn api_server(config: &KubeApiServerConfig) -> Result<eks::KubeApiServerConfigRequest, ProviderError> {
    let ports = |range: &ServiceNodePortRange| {
        let builder = eks::ServiceNodePortRange::builder().set_min_port(int(range.min_port)?).set_max_port(int(range.max_port)?);
        Ok::<_, ProviderError>(builder.build())
    };
    Ok(eks::KubeApiServerConfigRequest::builder()
        .set_event_ttl(config.event_ttl.map(kubernetes_duration))
        .set_service_node_port_range(config.service_node_port_range.as_ref().map(ports).transpose()?)
        .build())
}

pub(super) fn controller_manager(config: &KubeControllerManagerConfig) -> Result<eks::KubeControllerManagerConfigRequest, ProviderError> {
    let autoscaler = |config: &HorizontalPodAutoscalerControllerConfig| {
        eks::HorizontalPodAutoscalerControllerConfigRequest::builder()
            .set_horizontal_pod_autoscaler_sync_period(config.horizontal_pod_autoscaler_sync_period.map(kubernetes_duration))
            .build()
    };
    let collector = |config: &PodGcControllerConfig| {
        let threshold = int(config.terminated_pod_gc_threshold)?;
        Ok::<_, ProviderError>(eks::PodGcControllerConfigRequest::builder().set_terminated_pod_gc_threshold(threshold).build())
    };
    Ok(eks::KubeControllerManagerConfigRequest::builder()
        .set_horizontal_pod_autoscaler_controller_config(config.horizontal_pod_autoscaler_controller_config.as_ref().map(autoscaler))
        .set_pod_gc_controller_config(config.pod_gc_controller_config.as_ref().map(collector).transpose()?)
        .build())
}

pub(super) fn scheduler(config: &KubeSchedulerConfig) -> Result<eks::KubeSchedulerConfigRequest, ProviderError> {
    let weight = |weight: &ResourceWeight| {
        Ok::<_, ProviderError>(eks::ResourceWeight::builder().set_name(weight.name.clone()).set_weight(int(weight.weight)?).build())
    };
    let strategy = |strategy: &ScoringStrategy| {
        let resources = strategy.resources.iter().map(weight).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, ProviderError>(
            eks::ScoringStrategy::builder()
                .set_type(strategy.r#type.as_deref().map(Into::into))
                .set_resources((!resources.is_empty()).then_some(resources))
                .build(),
        )
    };
    let fit = |fit: &NodeResourcesFitConfig| {
        let strategy = fit.scoring_strategy.as_ref().map(strategy).transpose()?;
        Ok::<_, ProviderError>(eks::NodeResourcesFitConfig::builder().set_scoring_strategy(strategy).build())
    };
    let fit = config.node_resources_fit.as_ref().map(fit).transpose()?;
    Ok(eks::KubeSchedulerConfigRequest::builder().set_node_resources_fit(fit).build())
}

pub(super) fn rollback(config: &RollbackConfig) -> Result<eks::RollbackConfig, ProviderError> {
    let minutes = config.timeout_minutes.map(|timeout| timeout.0 / 60);
    Ok(eks::RollbackConfig::builder().set_timeout_minutes(int(minutes)?).build())
}

impl Cluster {
    /// The cluster as EKS describes it.
    pub(super) fn from_wire(found: eks::Cluster) -> Cluster {
        let vpc = found.resources_vpc_config;
        let authority = found.certificate_authority;
        let encryption: Vec<_> = found.encryption_config.unwrap_or_default().into_iter().map(read_encryption).collect();
        let key = encryption.iter().find_map(|config| config.provider.as_ref().and_then(|provider| provider.key_arn.clone()));
        Cluster {
            name: found.name,
            role_arn: found.role_arn.unwrap_or_default().into(),
            cluster_security_group_id: vpc.as_ref().and_then(|vpc| vpc.cluster_security_group_id()).unwrap_or_default().into(),
            resources_vpc_config: vpc.map(read_vpc).unwrap_or_default(),
            version: found.version.map(|version| Version(version.into())),
            access_config: found.access_config.map(read_access),
            compute_config: found.compute_config.map(read_compute),
            control_plane_scaling_config: found
                .control_plane_scaling_config
                .map(|config| ControlPlaneScalingConfig { tier: config.tier.map(|tier| tier.to_string()) }),
            deletion_protection: found.deletion_protection.unwrap_or_default(),
            encryption_config: encryption,
            kube_api_server_config: found.kube_api_server_config.map(read_api_server),
            kube_controller_manager_config: found.kube_controller_manager_config.map(read_controller_manager),
            kube_scheduler_config: found.kube_scheduler_config.map(read_scheduler),
            kubernetes_network_config: found.kubernetes_network_config.map(read_network),
            logging: found.logging.and_then(read_logging),
            outpost_config: found.outpost_config.map(read_outpost),
            remote_network_config: found.remote_network_config.and_then(read_remote_networks),
            storage_config: found
                .storage_config
                .map(|config| StorageConfig { block_storage: config.block_storage.map(|block| BlockStorage { enabled: block.enabled }) }),
            tags: tags::user_tags(found.tags.unwrap_or_default()),
            upgrade_policy: found
                .upgrade_policy
                .map(|policy| UpgradePolicy { support_type: policy.support_type.map(|support| support.to_string()) }),
            zonal_shift_config: found.zonal_shift_config.map(|config| ZonalShiftConfig { enabled: config.enabled }),
            arn: found.arn.unwrap_or_default().into(),
            certificate_authority_data: authority.as_ref().and_then(|authority| authority.data.clone()).unwrap_or_default(),
            certificate_authority: authority.map(read_authority),
            encryption_config_key_arn: key,
            endpoint: found.endpoint.unwrap_or_default(),
            id: found.id,
            open_id_connect_issuer_url: found.identity.and_then(|identity| identity.oidc).and_then(|oidc| oidc.issuer).unwrap_or_default(),
            // What EKS does not tell.
            active_certificate_authority_id: None,
            bootstrap_cluster_creator_admin_permissions: None,
            bootstrap_self_managed_addons: None,
            force: false,
            rollback_config: None,
        }
    }
}

fn read_vpc(vpc: eks::VpcConfigResponse) -> ResourcesVpcConfig {
    ResourcesVpcConfig {
        subnet_ids: vpc.subnet_ids.unwrap_or_default().into_iter().map(Into::into).collect(),
        security_group_ids: vpc.security_group_ids.map(|ids| ids.into_iter().map(Into::into).collect()),
        endpoint_private_access: Some(vpc.endpoint_private_access),
        endpoint_public_access: Some(vpc.endpoint_public_access),
        public_access_cidrs: vpc.public_access_cidrs.map(nets),
        control_plane_egress_mode: vpc.control_plane_egress_mode.map(|mode| mode.to_string()),
    }
}

fn read_access(config: eks::AccessConfigResponse) -> AccessConfig {
    AccessConfig { authentication_mode: config.authentication_mode.map(|mode| mode.to_string()) }
}

fn read_compute(config: eks::ComputeConfigResponse) -> ComputeConfig {
    ComputeConfig { enabled: config.enabled, node_pools: config.node_pools, node_role_arn: config.node_role_arn.map(Into::into) }
}

#[allow(deprecated, reason = "EKS encrypts everything by now and still takes and answers what CloudFormation says to encrypt")]
fn read_encryption(config: eks::EncryptionConfig) -> EncryptionConfig {
    EncryptionConfig {
        provider: config.provider.map(|provider| Provider { key_arn: provider.key_arn.map(Into::into) }),
        resources: config.resources.unwrap_or_default(),
    }
}

fn read_network(config: eks::KubernetesNetworkConfigResponse) -> KubernetesNetworkConfig {
    KubernetesNetworkConfig {
        elastic_load_balancing: config.elastic_load_balancing.map(|elb| ElasticLoadBalancing { enabled: elb.enabled }),
        ip_family: config.ip_family.map(|family| family.to_string()),
        service_ipv4_cidr: config.service_ipv4_cidr.and_then(|net| net.parse().ok()),
        service_ipv6_cidr: config.service_ipv6_cidr.and_then(|net| net.parse().ok()),
    }
}

/// Nothing when every type is off.
fn read_logging(logging: eks::Logging) -> Option<Logging> {
    let on = logging.cluster_logging.unwrap_or_default().into_iter().filter(|setup| setup.enabled == Some(true));
    let types = on.flat_map(|setup| setup.types.unwrap_or_default()).map(|ty| LoggingTypeConfig { r#type: Some(ty.to_string()) });
    let enabled_types: Vec<_> = types.collect();
    (!enabled_types.is_empty()).then_some(Logging { cluster_logging: Some(ClusterLogging { enabled_types }) })
}

fn read_outpost(config: eks::OutpostConfigResponse) -> OutpostConfig {
    let level = |level: Option<eks::SpreadLevel>| level.map(|level| level.to_string());
    OutpostConfig {
        control_plane_instance_type: config.control_plane_instance_type,
        outpost_arns: config.outpost_arns.into_iter().map(Into::into).collect(),
        control_plane_placement: config
            .control_plane_placement
            .map(|placement| ControlPlanePlacement { group_name: placement.group_name, spread_level: level(placement.spread_level) }),
        etcd_instance_type: config.etcd_instance_type,
        etcd_placement: config.etcd_placement.map(|placement| EtcdPlacement { spread_level: level(placement.spread_level) }),
    }
}

/// Nothing when there are no remote networks.
fn read_remote_networks(config: eks::RemoteNetworkConfigResponse) -> Option<RemoteNetworkConfig> {
    let nodes = config.remote_node_networks.unwrap_or_default();
    let pods = config.remote_pod_networks.unwrap_or_default();
    (!nodes.is_empty() || !pods.is_empty()).then(|| RemoteNetworkConfig {
        remote_node_networks: nodes.into_iter().map(|n| RemoteNodeNetwork { cidrs: nets(n.cidrs.unwrap_or_default()) }).collect(),
        remote_pod_networks: pods.into_iter().map(|n| RemotePodNetwork { cidrs: nets(n.cidrs.unwrap_or_default()) }).collect(),
    })
}

fn read_api_server(config: eks::KubeApiServerConfigResponse) -> KubeApiServerConfig {
    KubeApiServerConfig {
        event_ttl: config.event_ttl.as_deref().and_then(Duration::parse),
        service_node_port_range: config
            .service_node_port_range
            .map(|range| ServiceNodePortRange { min_port: Some(range.min_port.into()), max_port: Some(range.max_port.into()) }),
    }
}

fn read_controller_manager(config: eks::KubeControllerManagerConfigResponse) -> KubeControllerManagerConfig {
    KubeControllerManagerConfig {
        horizontal_pod_autoscaler_controller_config: config.horizontal_pod_autoscaler_controller_config.map(|config| {
            let period = config.horizontal_pod_autoscaler_sync_period.as_deref().and_then(Duration::parse);
            HorizontalPodAutoscalerControllerConfig { horizontal_pod_autoscaler_sync_period: period }
        }),
        pod_gc_controller_config: config
            .pod_gc_controller_config
            .map(|config| PodGcControllerConfig { terminated_pod_gc_threshold: config.terminated_pod_gc_threshold.map(Into::into) }),
    }
}

fn read_scheduler(config: eks::KubeSchedulerConfigResponse) -> KubeSchedulerConfig {
    let weight = |weight: eks::ResourceWeight| ResourceWeight { name: weight.name, weight: weight.weight.map(Into::into) };
    let strategy = |strategy: eks::ScoringStrategy| ScoringStrategy {
        r#type: strategy.r#type.map(|ty| ty.to_string()),
        resources: strategy.resources.unwrap_or_default().into_iter().map(weight).collect(),
    };
    let fit = |fit: eks::NodeResourcesFitConfig| NodeResourcesFitConfig { scoring_strategy: fit.scoring_strategy.map(strategy) };
    KubeSchedulerConfig { node_resources_fit: config.node_resources_fit.map(fit) }
}

fn read_authority(authority: eks::Certificate) -> CertificateAuthority {
    let active = |active: eks::ActiveCertificateAuthority| ActiveCertificateAuthority {
        id: active.id,
        activated_by: active.activated_by.map(|by| by.to_string()),
    };
    CertificateAuthority { data: authority.data, active: authority.active.map(active) }
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn nets(texts: Vec<String>) -> Vec<IpNet> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// Kubernetes reads `1h30m` and knows no days.
fn kubernetes_duration(duration: Duration) -> String {
    let (hours, minutes, seconds) = (duration.0 / 3600, duration.0 / 60 % 60, duration.0 % 60);
    let parts = [(hours, "h"), (minutes, "m"), (seconds, "s")];
    let text: String = parts.iter().filter(|(n, _)| *n != 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_reads_the_durations() {
        for (seconds, text) in [(15, "15s"), (90, "1m30s"), (3600, "1h"), (90_000, "25h"), (0, "0s")] {
            assert_eq!(kubernetes_duration(Duration(seconds)), text);
            assert_eq!(Duration::parse(text), Some(Duration(seconds)));
        }
    }

    #[test]
    fn the_administrator_is_said_with_and_without_a_mode() {
        assert_eq!(access(&Cluster::default()), None);
        let desired = Cluster { bootstrap_cluster_creator_admin_permissions: Some(false), ..Cluster::default() };
        let config = access(&desired).unwrap();
        assert_eq!((config.bootstrap_cluster_creator_admin_permissions, config.authentication_mode), (Some(false), None));
    }

    #[test]
    fn what_is_off_is_not_there() {
        let on = BTreeSet::from(["api".to_owned(), "audit".to_owned()]);
        let read = read_logging(logging(&on, &BTreeSet::from(["scheduler".to_owned()])));
        assert_eq!(enabled_types(read.as_ref()), on);
        assert_eq!(read_logging(logging(&BTreeSet::new(), &on)), None);
        let none = eks::RemoteNetworkConfigResponse::builder().build();
        assert_eq!(read_remote_networks(none), None);
    }
}
