//! Nested settings of a node group.

use plat::schema::Id;
use plat::value::Duration;
use plat_derive::Record;

use crate::ec2::SecurityGroup;

/// How many nodes there are.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct ScalingConfig {
    /// How many there should be now. An autoscaler in the cluster changes it: then leave it out.
    #[attr(optional)]
    pub desired_size: Option<i64>,
    /// The most.
    #[attr(optional)]
    pub max_size: Option<i64>,
    /// The least.
    #[attr(optional)]
    pub min_size: Option<i64>,
}

/// How an update goes through the nodes.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct UpdateConfig {
    /// At most so many nodes are away at once, 1 to 100.
    #[attr(optional)]
    pub max_unavailable: Option<i64>,
    /// At most this part of the nodes is away at once, 1 to 100 percent.
    #[attr(optional)]
    pub max_unavailable_percentage: Option<i64>,
    /// `MINIMAL` takes old nodes away before new ones are there.
    #[attr(optional, one_of("DEFAULT", "MINIMAL"))]
    pub update_strategy: Option<String>,
}

/// A launch template: its id or its name, and a version of it.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct LaunchTemplateSpecification {
    /// Id of the template.
    #[attr(optional)]
    pub id: Option<String>,
    /// Name of the template.
    #[attr(optional)]
    pub name: Option<String>,
    /// Version of the template; its default version unless said otherwise.
    #[attr(optional)]
    pub version: Option<String>,
}

/// Access to the nodes with SSH.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct RemoteAccess {
    /// Name of the EC2 key pair.
    #[attr(required)]
    pub ec2_ssh_key: String,
    /// From where; from the whole internet when left out.
    #[attr(optional)]
    pub source_security_groups: Vec<Id<SecurityGroup>>,
}

/// Keeps pods from nodes, or makes them leave.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct Taint {
    /// What happens to pods that do not tolerate the taint.
    #[attr(optional, one_of("NO_EXECUTE", "NO_SCHEDULE", "PREFER_NO_SCHEDULE"))]
    pub effect: Option<String>,
    /// Key of the taint.
    #[attr(optional)]
    pub key: Option<String>,
    /// Value of the taint.
    #[attr(optional)]
    pub value: Option<String>,
}

/// How EKS mends nodes that are not well.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct NodeRepairConfig {
    /// Whether it does.
    #[attr(optional)]
    pub enabled: Option<bool>,
    /// At most so many nodes at once.
    #[attr(optional)]
    pub max_parallel_nodes_repaired_count: Option<i64>,
    /// At most this part of the unhealthy nodes at once, in percent.
    #[attr(optional)]
    pub max_parallel_nodes_repaired_percentage: Option<i64>,
    /// Not when more than so many are unhealthy.
    #[attr(optional)]
    pub max_unhealthy_node_threshold_count: Option<i64>,
    /// Not when more than this part is unhealthy, in percent.
    #[attr(optional)]
    pub max_unhealthy_node_threshold_percentage: Option<i64>,
    /// What to do about particular conditions.
    #[attr(optional)]
    pub node_repair_config_overrides: Vec<NodeRepairConfigOverrides>,
}

/// What to do about one condition. All of it has to be said.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct NodeRepairConfigOverrides {
    /// How long a node must be unwell first, in whole minutes.
    #[attr(optional)]
    pub min_repair_wait_time_mins: Option<Duration>,
    /// The condition, as the node monitoring agent reports it.
    #[attr(optional)]
    pub node_monitoring_condition: Option<String>,
    /// The reason, as the node monitoring agent reports it.
    #[attr(optional)]
    pub node_unhealthy_reason: Option<String>,
    /// What is done.
    #[attr(optional, one_of("Replace", "Reboot", "NoAction"))]
    pub repair_action: Option<String>,
}

/// Instances that are made ready before they are needed.
#[derive(Debug, Clone, Default, PartialEq, Record)]
pub struct WarmPoolConfig {
    /// Whether there is a warm pool.
    #[attr(optional)]
    pub enabled: Option<bool>,
    /// The most that are ready or running; -1 for no other limit than the group's own.
    #[attr(optional)]
    pub max_group_prepared_capacity: Option<i64>,
    /// The least that are ready.
    #[attr(optional)]
    pub min_size: Option<i64>,
    /// What state they wait in.
    #[attr(optional, one_of("HIBERNATED", "RUNNING", "STOPPED"))]
    pub pool_state: Option<String>,
    /// Whether instances go back there when the group shrinks.
    #[attr(optional)]
    pub reuse_on_scale_in: Option<bool>,
}
