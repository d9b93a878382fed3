//! Between a node group and EKS's own structures.

use aws_sdk_eks::types as eks;
use plat::provider::ProviderError;
use plat::value::{Duration, Size, Version};

use super::*;
use crate::eks::update::int;
use crate::tags;

pub(super) fn scaling(config: &ScalingConfig) -> Result<eks::NodegroupScalingConfig, ProviderError> {
    let builder = eks::NodegroupScalingConfig::builder().set_min_size(int(config.min_size)?).set_max_size(int(config.max_size)?);
    Ok(builder.set_desired_size(int(config.desired_size)?).build())
}

pub(super) fn update(config: &UpdateConfig) -> Result<eks::NodegroupUpdateConfig, ProviderError> {
    Ok(eks::NodegroupUpdateConfig::builder()
        .set_max_unavailable(int(config.max_unavailable)?)
        .set_max_unavailable_percentage(int(config.max_unavailable_percentage)?)
        .set_update_strategy(config.update_strategy.as_deref().map(Into::into))
        .build())
}

pub(super) fn launch_template(template: &LaunchTemplateSpecification) -> eks::LaunchTemplateSpecification {
    eks::LaunchTemplateSpecification::builder()
        .set_id(template.id.clone())
        .set_name(template.name.clone())
        .set_version(template.version.clone())
        .build()
}

pub(super) fn remote_access(access: &RemoteAccess) -> eks::RemoteAccessConfig {
    let groups: Vec<_> = access.source_security_groups.iter().map(ToString::to_string).collect();
    eks::RemoteAccessConfig::builder()
        .ec2_ssh_key(&access.ec2_ssh_key)
        .set_source_security_groups((!groups.is_empty()).then_some(groups))
        .build()
}

pub(super) fn taint(taint: &Taint) -> eks::Taint {
    eks::Taint::builder()
        .set_key(taint.key.clone())
        .set_value(taint.value.clone())
        .set_effect(taint.effect.as_deref().map(Into::into))
        .build()
}

pub(super) fn repair(config: &NodeRepairConfig) -> Result<eks::NodeRepairConfig, ProviderError> {
    let one = |over: &NodeRepairConfigOverrides| {
        Ok::<_, ProviderError>(
            eks::NodeRepairConfigOverrides::builder()
                .set_min_repair_wait_time_mins(int(over.min_repair_wait_time_mins.map(|wait| wait.0 / 60))?)
                .set_node_monitoring_condition(over.node_monitoring_condition.clone())
                .set_node_unhealthy_reason(over.node_unhealthy_reason.clone())
                .set_repair_action(over.repair_action.as_deref().map(Into::into))
                .build(),
        )
    };
    let overrides = config.node_repair_config_overrides.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(eks::NodeRepairConfig::builder()
        .set_enabled(config.enabled)
        .set_max_parallel_nodes_repaired_count(int(config.max_parallel_nodes_repaired_count)?)
        .set_max_parallel_nodes_repaired_percentage(int(config.max_parallel_nodes_repaired_percentage)?)
        .set_max_unhealthy_node_threshold_count(int(config.max_unhealthy_node_threshold_count)?)
        .set_max_unhealthy_node_threshold_percentage(int(config.max_unhealthy_node_threshold_percentage)?)
        .set_node_repair_config_overrides((!overrides.is_empty()).then_some(overrides))
        .build())
}

pub(super) fn warm_pool(config: &WarmPoolConfig) -> Result<eks::WarmPoolConfig, ProviderError> {
    Ok(eks::WarmPoolConfig::builder()
        .set_enabled(config.enabled)
        .set_max_group_prepared_capacity(int(config.max_group_prepared_capacity)?)
        .set_min_size(int(config.min_size)?)
        .set_pool_state(config.pool_state.as_deref().map(Into::into))
        .set_reuse_on_scale_in(config.reuse_on_scale_in)
        .build())
}

/// EKS counts a volume in GiB.
pub(super) fn gib(size: Size) -> Result<Option<i32>, ProviderError> {
    int(Some(i64::try_from(size.0 >> 30).unwrap_or(i64::MAX)))
}

impl Nodegroup {
    /// The node group as EKS describes it.
    pub(super) fn from_wire(found: eks::Nodegroup) -> Nodegroup {
        let cluster = found.cluster_name.unwrap_or_default();
        Nodegroup {
            launch_template_default_version: None,
            launch_template_latest_version: None,
            id: format!("{cluster}/{}", found.nodegroup_name.as_deref().unwrap_or_default()),
            cluster_name: cluster.into(),
            nodegroup_name: found.nodegroup_name,
            node_role: found.node_role.unwrap_or_default().into(),
            subnets: found.subnets.unwrap_or_default().into_iter().map(Into::into).collect(),
            ami_type: found.ami_type.map(|ty| ty.to_string()),
            capacity_type: found.capacity_type.map(|ty| ty.to_string()),
            disk_size: found.disk_size.and_then(|size| u64::try_from(size).ok()).map(Size::gib),
            instance_types: found.instance_types.unwrap_or_default(),
            labels: found.labels.unwrap_or_default().into_iter().collect(),
            launch_template: found.launch_template.map(|template| LaunchTemplateSpecification {
                id: template.id,
                name: template.name,
                version: template.version,
            }),
            node_repair_config: found.node_repair_config.map(read_repair),
            release_version: found.release_version,
            remote_access: found.remote_access.map(|access| RemoteAccess {
                ec2_ssh_key: access.ec2_ssh_key.unwrap_or_default(),
                source_security_groups: access.source_security_groups.unwrap_or_default().into_iter().map(Into::into).collect(),
            }),
            scaling_config: found.scaling_config.map(|config| ScalingConfig {
                desired_size: config.desired_size.map(Into::into),
                max_size: config.max_size.map(Into::into),
                min_size: config.min_size.map(Into::into),
            }),
            tags: tags::user_tags(found.tags.unwrap_or_default()),
            taints: found.taints.unwrap_or_default().into_iter().map(read_taint).collect(),
            update_config: found.update_config.map(|config| UpdateConfig {
                max_unavailable: config.max_unavailable.map(Into::into),
                max_unavailable_percentage: config.max_unavailable_percentage.map(Into::into),
                update_strategy: config.update_strategy.map(|strategy| strategy.to_string()),
            }),
            version: found.version.map(|version| Version(version.into())),
            warm_pool_config: found.warm_pool_config.map(|config| WarmPoolConfig {
                enabled: config.enabled,
                max_group_prepared_capacity: config.max_group_prepared_capacity.map(Into::into),
                min_size: config.min_size.map(Into::into),
                pool_state: config.pool_state.map(|state| state.to_string()),
                reuse_on_scale_in: config.reuse_on_scale_in,
            }),
            arn: found.nodegroup_arn.unwrap_or_default().into(),
            // What EKS does not tell.
            force_update_enabled: false,
        }
    }
}

fn read_taint(taint: eks::Taint) -> Taint {
    Taint { effect: taint.effect.map(|effect| effect.to_string()), key: taint.key, value: taint.value }
}

fn read_repair(config: eks::NodeRepairConfig) -> NodeRepairConfig {
    let one = |over: eks::NodeRepairConfigOverrides| NodeRepairConfigOverrides {
        min_repair_wait_time_mins: over.min_repair_wait_time_mins.map(|minutes| Duration::minutes(minutes.into())),
        node_monitoring_condition: over.node_monitoring_condition,
        node_unhealthy_reason: over.node_unhealthy_reason,
        repair_action: over.repair_action.map(|action| action.to_string()),
    };
    NodeRepairConfig {
        enabled: config.enabled,
        max_parallel_nodes_repaired_count: config.max_parallel_nodes_repaired_count.map(Into::into),
        max_parallel_nodes_repaired_percentage: config.max_parallel_nodes_repaired_percentage.map(Into::into),
        max_unhealthy_node_threshold_count: config.max_unhealthy_node_threshold_count.map(Into::into),
        max_unhealthy_node_threshold_percentage: config.max_unhealthy_node_threshold_percentage.map(Into::into),
        node_repair_config_overrides: config.node_repair_config_overrides.unwrap_or_default().into_iter().map(one).collect(),
    }
}
