//! What it takes to make one cluster into another: EKS takes one kind of change per update, and one update at a time.

use std::collections::BTreeSet;

use aws_sdk_eks::operation::update_cluster_config::builders::UpdateClusterConfigFluentBuilder as ConfigUpdate;
use plat::provider::ProviderError;
use plat::schema::Field;
use plat::value::{Value, Version};

use super::{
    AccessConfig, Cluster, ComputeConfig, ControlPlaneScalingConfig, EncryptionConfig, KubeApiServerConfig, KubeControllerManagerConfig,
    KubeSchedulerConfig, KubernetesNetworkConfig, RemoteNetworkConfig, ResourcesVpcConfig, StorageConfig, UpgradePolicy, ZonalShiftConfig,
    wire,
};

const CONFIG_MAP: &str = "CONFIG_MAP";
const BOTH: &str = "API_AND_CONFIG_MAP";
const API: &str = "API";

/// One update of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ClusterCall {
    UpgradePolicy(UpgradePolicy),
    Version(Version),
    Config(Config),
    /// A key for a cluster that has none; [`fixed`] refuses every other change of it.
    Encryption(Vec<EncryptionConfig>),
    CertificateAuthority(String),
}

/// One kind of `UpdateClusterConfig`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Config {
    DeletionProtection(bool),
    Access(AccessConfig),
    /// The three parts of EKS Auto Mode, which EKS takes only together.
    AutoMode {
        compute: ComputeConfig,
        network: KubernetesNetworkConfig,
        storage: StorageConfig,
    },
    Endpoint(ResourcesVpcConfig),
    Subnets(ResourcesVpcConfig),
    Egress(ResourcesVpcConfig),
    RemoteNetworks(Option<RemoteNetworkConfig>),
    Logging {
        on: BTreeSet<String>,
        off: BTreeSet<String>,
    },
    Scaling(ControlPlaneScalingConfig),
    ZonalShift(ZonalShiftConfig),
    ApiServer(KubeApiServerConfig),
    ControllerManager(KubeControllerManagerConfig),
    Scheduler(KubeSchedulerConfig),
}

/// The updates that make `actual` into `desired`, in order. The upgrade policy is first: it decides whether a version in extended
/// support is taken.
pub(super) fn between(actual: &Cluster, desired: &Cluster) -> Vec<ClusterCall> {
    let mut changes = Vec::new();
    changes.extend(more(&actual.upgrade_policy, &desired.upgrade_policy).map(ClusterCall::UpgradePolicy));
    if let Some(version) = desired.version.clone().filter(|wanted| !actual.version.as_ref().is_some_and(|runs| wanted.covers(runs))) {
        changes.push(ClusterCall::Version(version));
    }
    changes.extend(configs(actual, desired).into_iter().map(ClusterCall::Config));
    if actual.encryption_config.is_empty() && !desired.encryption_config.is_empty() {
        changes.push(ClusterCall::Encryption(desired.encryption_config.clone()));
    }
    let active =
        actual.certificate_authority.as_ref().and_then(|authority| authority.active.as_ref()).and_then(|active| active.id.as_ref());
    if let Some(wanted) = desired.active_certificate_authority_id.clone().filter(|wanted| Some(wanted) != active) {
        changes.push(ClusterCall::CertificateAuthority(wanted));
    }
    changes
}

fn configs(actual: &Cluster, desired: &Cluster) -> Vec<Config> {
    let mut configs = Vec::new();
    if actual.deletion_protection != desired.deletion_protection {
        configs.push(Config::DeletionProtection(desired.deletion_protection));
    }
    configs.extend(access(actual, desired));
    configs.extend(auto_mode(actual, desired));
    configs.extend(vpc(&actual.resources_vpc_config, &desired.resources_vpc_config));
    if !same(&actual.remote_network_config, &desired.remote_network_config) {
        configs.push(Config::RemoteNetworks(desired.remote_network_config.clone()));
    }
    configs.extend(logging(actual, desired));
    configs.extend(more(&actual.control_plane_scaling_config, &desired.control_plane_scaling_config).map(Config::Scaling));
    configs.extend(more(&actual.zonal_shift_config, &desired.zonal_shift_config).map(Config::ZonalShift));
    configs.extend(more(&actual.kube_api_server_config, &desired.kube_api_server_config).map(Config::ApiServer));
    let controllers = more(&actual.kube_controller_manager_config, &desired.kube_controller_manager_config);
    configs.extend(controllers.map(Config::ControllerManager));
    configs.extend(more(&actual.kube_scheduler_config, &desired.kube_scheduler_config).map(Config::Scheduler));
    configs
}

/// The steps to the authentication mode. EKS refuses the step from `CONFIG_MAP` to `API`: a cluster takes both in between.
/// <https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html>
fn access(actual: &Cluster, desired: &Cluster) -> Vec<Config> {
    let mode = |config: &Option<AccessConfig>| config.as_ref().and_then(|config| config.authentication_mode.clone());
    let has = mode(&actual.access_config).unwrap_or_else(|| CONFIG_MAP.to_owned());
    let Some(wanted) = mode(&desired.access_config).filter(|wanted| *wanted != has) else { return Vec::new() };
    let between = (has == CONFIG_MAP && wanted == API).then(|| BOTH.to_owned());
    let step = |mode| Config::Access(AccessConfig { authentication_mode: Some(mode) });
    between.into_iter().chain([wanted]).map(step).collect()
}

/// A change of one part sends all three, what the program leaves out as it is.
fn auto_mode(actual: &Cluster, desired: &Cluster) -> Option<Config> {
    let balancing = |config: &Option<KubernetesNetworkConfig>| config.as_ref().and_then(|config| config.elastic_load_balancing.clone());
    let (has, wants) = (balancing(&actual.kubernetes_network_config), balancing(&desired.kubernetes_network_config));
    let changed = more(&actual.compute_config, &desired.compute_config).is_some()
        || more(&actual.storage_config, &desired.storage_config).is_some()
        || more(&has, &wants).is_some();
    changed.then(|| Config::AutoMode {
        compute: desired.compute_config.clone().or_else(|| actual.compute_config.clone()).unwrap_or_default(),
        network: KubernetesNetworkConfig { elastic_load_balancing: wants.or(has), ..KubernetesNetworkConfig::default() },
        storage: desired.storage_config.clone().or_else(|| actual.storage_config.clone()).unwrap_or_default(),
    })
}

/// Who reaches the endpoint and where the control plane's interfaces are is changed by calls of their own.
fn vpc(actual: &ResourcesVpcConfig, desired: &ResourcesVpcConfig) -> Vec<Config> {
    let none = ResourcesVpcConfig::default();
    let endpoint = ResourcesVpcConfig {
        endpoint_private_access: desired.endpoint_private_access,
        endpoint_public_access: desired.endpoint_public_access,
        public_access_cidrs: desired.public_access_cidrs.clone(),
        ..none.clone()
    };
    let subnets = ResourcesVpcConfig {
        subnet_ids: desired.subnet_ids.clone(),
        security_group_ids: desired.security_group_ids.clone(),
        ..none.clone()
    };
    let egress = ResourcesVpcConfig { control_plane_egress_mode: desired.control_plane_egress_mode.clone(), ..none };
    // Subnets are always said; in a part that is not about them they are as they are.
    let asks = |part: &ResourcesVpcConfig| {
        let about_subnets = !part.subnet_ids.is_empty();
        let whole = if about_subnets { part.clone() } else { ResourcesVpcConfig { subnet_ids: actual.subnet_ids.clone(), ..part.clone() } };
        !covers(&whole.encode(), &actual.encode())
    };
    let parts = [
        (asks(&endpoint), Config::Endpoint(endpoint)),
        (asks(&subnets), Config::Subnets(subnets)),
        (asks(&egress), Config::Egress(egress)),
    ];
    parts.into_iter().filter(|(asked, _)| *asked).map(|(_, part)| part).collect()
}

fn logging(actual: &Cluster, desired: &Cluster) -> Option<Config> {
    let (has, wants) = (wire::enabled_types(actual.logging.as_ref()), wire::enabled_types(desired.logging.as_ref()));
    let (on, off) = (&wants - &has, &has - &wants);
    (!on.is_empty() || !off.is_empty()).then_some(Config::Logging { on, off })
}

/// Puts one kind of change into a request.
pub(super) fn put(request: ConfigUpdate, change: &Config) -> Result<ConfigUpdate, ProviderError> {
    Ok(match change {
        Config::DeletionProtection(on) => request.deletion_protection(*on),
        Config::Access(access) => {
            let mode = access.authentication_mode.as_deref().map(Into::into);
            request.access_config(aws_sdk_eks::types::UpdateAccessConfigRequest::builder().set_authentication_mode(mode).build())
        }
        Config::AutoMode { compute, network, storage } => request
            .compute_config(wire::compute(compute))
            .kubernetes_network_config(wire::network(network))
            .storage_config(wire::storage(storage)),
        Config::Endpoint(vpc) | Config::Egress(vpc) => {
            // No subnets means none are named, not that there should be none.
            let mut vpc = wire::vpc(vpc);
            vpc.subnet_ids = None;
            request.resources_vpc_config(vpc)
        }
        Config::Subnets(vpc) => request.resources_vpc_config(wire::vpc(vpc)),
        Config::RemoteNetworks(networks) => request.remote_network_config(wire::remote_networks(networks.as_ref())),
        Config::Logging { on, off } => request.logging(wire::logging(on, off)),
        Config::Scaling(scaling) => request.control_plane_scaling_config(wire::scaling(scaling)),
        Config::ZonalShift(shift) => request.zonal_shift_config(wire::zonal_shift(shift)),
        Config::ApiServer(config) => request.kube_api_server_config(wire::api_server(config)?),
        Config::ControllerManager(config) => request.kube_controller_manager_config(wire::controller_manager(config)?),
        Config::Scheduler(config) => request.kube_scheduler_config(wire::scheduler(config)?),
    })
}

/// A short word for each kind, for idempotency tokens.
pub(super) fn kind(change: &Config) -> &'static str {
    match change {
        Config::DeletionProtection(_) => "protection",
        // Two steps of one operation are two requests.
        Config::Access(config) if config.authentication_mode.as_deref() == Some(BOTH) => "access-both",
        Config::Access(_) => "access",
        Config::AutoMode { .. } => "auto",
        Config::Endpoint(_) => "endpoint",
        Config::Subnets(_) => "subnets",
        Config::Egress(_) => "egress",
        Config::RemoteNetworks(_) => "remote",
        Config::Logging { .. } => "logging",
        Config::Scaling(_) => "scaling",
        Config::ZonalShift(_) => "shift",
        Config::ApiServer(_) => "api-server",
        Config::ControllerManager(_) => "controllers",
        Config::Scheduler(_) => "scheduler",
    }
}

/// The first nested setting that differs and that EKS cannot change in a cluster that is there.
pub(super) fn fixed(actual: &Cluster, desired: &Cluster) -> Option<&'static str> {
    let none = KubernetesNetworkConfig::default();
    let has = actual.kubernetes_network_config.as_ref().unwrap_or(&none);
    let wants = desired.kubernetes_network_config.as_ref().unwrap_or(&none);
    [
        ("encryption_config", !actual.encryption_config.is_empty() && key(actual) != key(desired)),
        ("kubernetes_network_config.ip_family", wants.ip_family.is_some() && wants.ip_family != has.ip_family),
        (
            "kubernetes_network_config.service_ipv4_cidr",
            wants.service_ipv4_cidr.is_some() && wants.service_ipv4_cidr != has.service_ipv4_cidr,
        ),
        (
            "kubernetes_network_config.service_ipv6_cidr",
            wants.service_ipv6_cidr.is_some() && wants.service_ipv6_cidr != has.service_ipv6_cidr,
        ),
    ]
    .into_iter()
    .find_map(|(name, differs)| differs.then_some(name))
}

/// The key of a cluster's secrets. EKS decides what it encrypts with it.
fn key(cluster: &Cluster) -> Option<&str> {
    let provider = cluster.encryption_config.first()?.provider.as_ref()?;
    provider.key_arn.as_ref().map(|arn| arn.as_str())
}

/// What is desired, when it asks for more than there is.
pub(in crate::eks) fn more<F: Field + Clone>(actual: &Option<F>, desired: &Option<F>) -> Option<F> {
    let wanted = desired.as_ref()?;
    let covered = actual.as_ref().is_some_and(|actual| covers(&wanted.encode(), &actual.encode()));
    (!covered).then(|| wanted.clone())
}

fn same<F: Field>(a: &Option<F>, b: &Option<F>) -> bool {
    let (a, b) = (a.encode(), b.encode());
    covers(&a, &b) && covers(&b, &a)
}

/// Has `actual` all that `wanted` says? What is left out, in nested settings too, is EKS's choice, and lists have no order.
fn covers(wanted: &Value, actual: &Value) -> bool {
    match (wanted, actual) {
        (Value::Object(wanted), Value::Object(actual)) => {
            wanted.iter().all(|(name, w)| w.is_null() || actual.get(name).is_some_and(|a| covers(w, a)))
        }
        (Value::List(wanted), Value::List(actual)) => {
            wanted.len() == actual.len() && wanted.iter().all(|w| actual.iter().any(|a| covers(w, a)))
        }
        (wanted, actual) => wanted == actual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eks::cluster::{
        ActiveCertificateAuthority, CertificateAuthority, ClusterLogging, ElasticLoadBalancing, Logging, LoggingTypeConfig,
    };

    fn logs(types: &[&str]) -> Option<Logging> {
        let enabled_types = types.iter().map(|ty| LoggingTypeConfig { r#type: Some((*ty).to_owned()) }).collect();
        Some(Logging { cluster_logging: Some(ClusterLogging { enabled_types }) })
    }

    /// A cluster as EKS answers it.
    fn actual() -> Cluster {
        Cluster {
            name: Some("connect2-dev".into()),
            version: Some(Version("1.28".into())),
            resources_vpc_config: ResourcesVpcConfig {
                subnet_ids: vec!["subnet-1".into(), "subnet-2".into()],
                security_group_ids: Some(vec!["sg-1".into()]),
                endpoint_private_access: Some(true),
                endpoint_public_access: Some(false),
                public_access_cidrs: Some(vec!["0.0.0.0/0".parse().unwrap()]),
                control_plane_egress_mode: Some("AWS_MANAGED".into()),
            },
            access_config: Some(AccessConfig { authentication_mode: Some("CONFIG_MAP".into()) }),
            compute_config: Some(ComputeConfig { enabled: Some(false), ..ComputeConfig::default() }),
            upgrade_policy: Some(UpgradePolicy { support_type: Some("EXTENDED".into()) }),
            logging: logs(&["api", "audit"]),
            ..Cluster::default()
        }
    }

    /// The same cluster as a program says it.
    fn desired() -> Cluster {
        Cluster {
            resources_vpc_config: ResourcesVpcConfig {
                subnet_ids: vec!["subnet-2".into(), "subnet-1".into()],
                endpoint_private_access: Some(true),
                endpoint_public_access: Some(false),
                ..ResourcesVpcConfig::default()
            },
            logging: logs(&["audit", "api"]),
            name: Some("connect2-dev".into()),
            version: Some(Version("1.28".into())),
            ..Cluster::default()
        }
    }

    #[test]
    fn access_entries_alone_are_reached_in_two_steps() {
        let mode = |mode: &str| Some(AccessConfig { authentication_mode: Some(mode.into()) });
        let step = |to: &str| ClusterCall::Config(Config::Access(AccessConfig { authentication_mode: Some(to.into()) }));
        let wants = |to: &str| Cluster { access_config: mode(to), ..desired() };
        assert_eq!(between(&actual(), &wants(API)), [step(BOTH), step(API)]);
        assert_eq!(between(&actual(), &wants(BOTH)), [step(BOTH)]);
        assert_eq!(between(&Cluster { access_config: mode(BOTH), ..actual() }, &wants(API)), [step(API)]);
        assert_eq!(between(&Cluster { access_config: mode(API), ..actual() }, &wants(API)), []);
    }

    #[test]
    fn a_key_comes_into_a_cluster_without_one_and_stays() {
        let with = |key: &str| {
            let provider = Some(crate::eks::cluster::Provider { key_arn: Some(key.to_owned().into()) });
            vec![EncryptionConfig { provider, resources: vec!["secrets".into()] }]
        };
        let (one, two) = (with("arn:aws:kms:us-west-2:123456789012:key/1"), with("arn:aws:kms:us-west-2:123456789012:key/2"));
        let has = Cluster { encryption_config: one.clone(), ..actual() };
        let wants = |config: &Vec<EncryptionConfig>| Cluster { encryption_config: config.clone(), ..desired() };
        assert_eq!(between(&actual(), &wants(&one)), [ClusterCall::Encryption(one.clone())]);
        assert_eq!(fixed(&actual(), &wants(&one)), None);
        assert_eq!((between(&has, &wants(&one)), fixed(&has, &wants(&one))), (vec![], None));
        assert_eq!(fixed(&has, &wants(&two)), Some("encryption_config"));
        assert_eq!(fixed(&has, &desired()), Some("encryption_config"));
    }

    #[test]
    fn what_is_left_out_is_left_alone() {
        assert_eq!(between(&actual(), &desired()), []);
    }

    #[test]
    fn every_kind_is_an_update_of_its_own_and_the_policy_comes_first() {
        let mut wanted = desired();
        wanted.version = Some(Version("1.29".into()));
        wanted.upgrade_policy = Some(UpgradePolicy { support_type: Some("STANDARD".into()) });
        wanted.logging = logs(&["audit", "scheduler"]);
        wanted.resources_vpc_config.endpoint_public_access = Some(true);
        wanted.resources_vpc_config.subnet_ids.push("subnet-3".into());
        wanted.deletion_protection = true;
        let [policy, version, protection, endpoint, subnets, logs] = <[ClusterCall; 6]>::try_from(between(&actual(), &wanted)).unwrap();
        assert_eq!(policy, ClusterCall::UpgradePolicy(UpgradePolicy { support_type: Some("STANDARD".into()) }));
        assert_eq!(version, ClusterCall::Version(Version("1.29".into())));
        assert_eq!(protection, ClusterCall::Config(Config::DeletionProtection(true)));
        assert!(
            matches!(endpoint, ClusterCall::Config(Config::Endpoint(vpc)) if vpc.subnet_ids.is_empty() && vpc.endpoint_public_access == Some(true))
        );
        assert!(
            matches!(subnets, ClusterCall::Config(Config::Subnets(vpc)) if vpc.subnet_ids.len() == 3 && vpc.endpoint_public_access.is_none())
        );
        let (on, off) = (BTreeSet::from(["scheduler".to_owned()]), BTreeSet::from(["api".to_owned()]));
        assert_eq!(logs, ClusterCall::Config(Config::Logging { on, off }));
    }

    #[test]
    fn logging_that_is_taken_out_of_the_program_is_switched_off() {
        let off = BTreeSet::from(["api".to_owned(), "audit".to_owned()]);
        let expected = ClusterCall::Config(Config::Logging { on: BTreeSet::new(), off });
        assert_eq!(between(&actual(), &Cluster { logging: None, ..desired() }), [expected]);
    }

    #[test]
    fn auto_mode_is_changed_as_a_whole() {
        let compute = ComputeConfig { enabled: Some(true), ..ComputeConfig::default() };
        let mut had = actual();
        let balancing = ElasticLoadBalancing { enabled: Some(false) };
        had.kubernetes_network_config = Some(KubernetesNetworkConfig {
            elastic_load_balancing: Some(balancing.clone()),
            ip_family: Some("ipv4".into()),
            ..Default::default()
        });
        let changes = between(&had, &Cluster { compute_config: Some(compute.clone()), ..desired() });
        let network = KubernetesNetworkConfig { elastic_load_balancing: Some(balancing), ..KubernetesNetworkConfig::default() };
        assert_eq!(changes, [ClusterCall::Config(Config::AutoMode { compute, network, storage: StorageConfig::default() })]);
    }

    #[test]
    fn an_authority_that_signs_already_is_not_activated_again() {
        let signs =
            CertificateAuthority { data: None, active: Some(ActiveCertificateAuthority { id: Some("ca-1".into()), activated_by: None }) };
        let had = Cluster { certificate_authority: Some(signs), ..actual() };
        let wants = |id: &str| Cluster { active_certificate_authority_id: Some(id.into()), ..desired() };
        assert_eq!(between(&had, &wants("ca-1")), []);
        assert_eq!(between(&had, &wants("ca-2")), [ClusterCall::CertificateAuthority("ca-2".into())]);
    }

    #[test]
    fn addresses_of_services_are_fixed() {
        let with = |net: &str| Cluster {
            kubernetes_network_config: Some(KubernetesNetworkConfig {
                service_ipv4_cidr: Some(net.parse().unwrap()),
                ..Default::default()
            }),
            ..actual()
        };
        assert_eq!(fixed(&with("10.100.0.0/16"), &with("10.100.0.0/16")), None);
        assert_eq!(fixed(&with("10.100.0.0/16"), &desired()), None);
        assert_eq!(fixed(&with("10.100.0.0/16"), &with("172.20.0.0/16")), Some("kubernetes_network_config.service_ipv4_cidr"));
    }
}
