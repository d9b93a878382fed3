//! Relations that EKS enforces.

use plat::schema::rules::Literal::{Bool, Text};
use plat::schema::rules::Test::{
    All, Any, AnyOf, AtLeast, AtMost, AtMostOne, Creates, Custom as Is_, Deletes, Equal, ExactlyOne, Is, Length, Not, NotLess, Set, Since,
    StartsWith, Steps, Unset,
};
use plat::schema::rules::{Custom, Path, Rule, Test, own, prior, target};

use super::relations;
use crate::rules::tag_rule;

const CREATE: &str = "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html";
const UPDATE: &str = "https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html";
const NETWORK: &str = "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html";
const ENDPOINT: &str = "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html";
const AUTHENTICATION: &str = "https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html";
const AUTO: &str = "https://docs.aws.amazon.com/eks/latest/userguide/automode-get-started-cli.html";
const IPV6: &str = "https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html";
const HYBRID: &str = "https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cluster-create.html";
const DELETE: &str = "https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html";
const NODES: &str = "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html";
const TEMPLATES: &str = "https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html";
const SKEW: &str = "https://docs.aws.amazon.com/eks/latest/userguide/update-managed-node-group.html";
const AL2: &str = "https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-deprecation-faqs.html";
const REPAIR: &str = "https://docs.aws.amazon.com/eks/latest/userguide/node-health.html";
const ENTRIES: &str = "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html";
const POLICIES: &str = "https://docs.aws.amazon.com/eks/latest/APIReference/API_AccessScope.html";
const ADDONS: &str = "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html";
const PODS: &str = "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html";

const CLUSTER_TYPE: &str = "aws.eks.Cluster";
const MODE: Path = own("access_config").then(&["authentication_mode"]);
const SUBNETS: Path = own("resources_vpc_config").then(&["subnet_ids"]);
const PUBLIC: Path = own("resources_vpc_config").then(&["endpoint_public_access"]);
const PRIVATE: Path = own("resources_vpc_config").then(&["endpoint_private_access"]);
const FAMILY: Path = own("kubernetes_network_config").then(&["ip_family"]);
const SERVICES: Path = own("kubernetes_network_config").then(&["service_ipv4_cidr"]);
const COMPUTE: Path = own("compute_config").then(&["enabled"]);
const STORAGE: Path = own("storage_config").then(&["block_storage", "enabled"]);
const BALANCING: Path = own("kubernetes_network_config").then(&["elastic_load_balancing", "enabled"]);

/// Decided by the plan alone.
const PLANNED: Test = Any(&[Creates, Not(&Creates)]);

pub(super) const CLUSTER: &[Rule] = &[
    Rule::new("the control plane has subnets in at least two zones", NETWORK)
        .when(&[Length(SUBNETS, 2, usize::MAX), Unset(own("outpost_config"))])
        .must(&[Test::Spread { through: SUBNETS, type_name: "aws.ec2.Subnet", attribute: "availability_zone", least: 2 }])
        .help("add a subnet in another zone to `resources_vpc_config.subnet_ids`"),
    Rule::new("the control plane has at least two subnets, in two zones", NETWORK)
        .when(&[PLANNED, Unset(own("outpost_config"))])
        .must(&[Length(SUBNETS, 2, usize::MAX)])
        .help("add a subnet in another zone to `resources_vpc_config.subnet_ids`"),
    Rule::new("the API of a cluster is reached from the internet, from the VPC, or both", ENDPOINT)
        .when(&[Is(PUBLIC, Bool(false))])
        .must(&[Is(PRIVATE, Bool(true))])
        .help("set `endpoint_private_access = true`"),
    Rule::new("a control plane has at most 5 security groups of its own", NETWORK)
        .when(&[Set(own("resources_vpc_config").then(&["security_group_ids"]))])
        .must(&[Length(own("resources_vpc_config").then(&["security_group_ids"]), 0, 5)])
        .help("name fewer security groups"),
    Rule::new("`version` goes up one minor version at a time", UPDATE)
        .when(&[NotLess(own("version"), prior("version"))])
        .must(&[Is_(&Custom { name: "the next minor version", paths: &[own("version"), prior("version")], holds: relations::is_next_minor })])
        .help("set the next minor version, apply, and go on from there"),
    Rule::new("`version` never goes back", UPDATE)
        .must(&[NotLess(own("version"), prior("version"))])
        .help("write the version that runs; an older one is a new cluster"),
    Rule::new("authentication moves from `CONFIG_MAP` to `API_AND_CONFIG_MAP` to `API`, and not back", AUTHENTICATION)
        .must(&[Steps(
            MODE,
            &[("CONFIG_MAP", &["API_AND_CONFIG_MAP", "API"]), ("API_AND_CONFIG_MAP", &["API"]), ("API", &[])],
        )])
        .help("keep the mode that the cluster has, or one that comes after it"),
    Rule::new("the family of addresses and the range of services stay as they were when the cluster was created", CREATE)
        .when(&[Set(own("kubernetes_network_config"))])
        .must(&[Not(&All(&[Set(FAMILY), Not(&Equal(FAMILY, FAMILY.before()))])), Not(&All(&[Set(SERVICES), Not(&Equal(SERVICES, SERVICES.before()))]))])
        .help("write the values that the cluster has; others are a new cluster"),
    Rule::new("a cluster with IPv6 addresses gets the range of its services from EKS", IPV6)
        .when(&[Is(FAMILY, Text("ipv6"))])
        .must(&[Unset(SERVICES)])
        .help("leave `service_ipv4_cidr` out"),
    Rule::new("EKS Auto Mode is switched on for compute, block storage and load balancing together", AUTO)
        .when(&[Creates, Any(&[Is(COMPUTE, Bool(true)), Is(STORAGE, Bool(true)), Is(BALANCING, Bool(true))])])
        .must(&[
            All(&[Set(COMPUTE), Is(COMPUTE, Bool(true))]),
            All(&[Set(STORAGE), Is(STORAGE, Bool(true))]),
            All(&[Set(BALANCING), Is(BALANCING, Bool(true))]),
        ])
        .help("set `enabled = true` of `compute_config`, `storage_config.block_storage` and `kubernetes_network_config.elastic_load_balancing`"),
    Rule::new("EKS Auto Mode needs access entries", AUTO)
        .when(&[Is(COMPUTE, Bool(true))])
        .must(&[Not(&Is(MODE, Text("CONFIG_MAP")))])
        .help("set `access_config = { authentication_mode = \"API\" }`"),
    Rule::new("a new cluster in EKS Auto Mode has `bootstrap_self_managed_addons = false`", AUTO)
        .when(&[Creates, Is(COMPUTE, Bool(true))])
        .must(&[Is(own("bootstrap_self_managed_addons"), Bool(false))])
        .help("set `bootstrap_self_managed_addons = false`"),
    Rule::new("the built-in pools of EKS Auto Mode need a role for their nodes", AUTO)
        .when(&[Set(own("compute_config").then(&["node_pools"]))])
        .must(&[Set(own("compute_config").then(&["node_role_arn"]))])
        .help("set `compute_config.node_role_arn`"),
    Rule::new("the built-in pools of EKS Auto Mode are `general-purpose` and `system`", AUTO)
        .when(&[Set(own("compute_config").then(&["node_pools"]))])
        .must(&[Is_(&Custom { name: "built-in pools", paths: &[own("compute_config").then(&["node_pools"])], holds: relations::are_pools })])
        .help("name these, and declare others in Kubernetes"),
    Rule::new("networks of remote pods need networks of remote nodes", HYBRID)
        .when(&[Set(own("remote_network_config").then(&["remote_pod_networks"]))])
        .must(&[Set(own("remote_network_config").then(&["remote_node_networks"]))])
        .help("set `remote_network_config.remote_node_networks`"),
    Rule::new("a cluster encrypts its secrets with one key", CREATE)
        .when(&[Set(own("encryption_config"))])
        .must(&[Length(own("encryption_config"), 0, 1)])
        .help("keep one entry in `encryption_config`"),
    Rule::new("the only thing that a cluster encrypts is `secrets`", CREATE)
        .each("encryption_config")
        .must(&[
            Set(own("provider").then(&["key_arn"])),
            Is_(&Custom { name: "secrets", paths: &[own("resources")], holds: relations::are_secrets }),
        ])
        .help("write `{ provider = { key_arn = … }, resources = [\"secrets\"] }`"),
    Rule::new("a cluster with `deletion_protection = true` is not deleted", DELETE)
        .when(&[Deletes])
        .must(&[Not(&Is(prior("deletion_protection"), Bool(true)))])
        .help("set `deletion_protection = false` and apply, then delete"),
    tag_rule!(),
];

const MIN: Path = own("scaling_config").then(&["min_size"]);
const MAX: Path = own("scaling_config").then(&["max_size"]);
const DESIRED: Path = own("scaling_config").then(&["desired_size"]);
const COUNT: Path = own("update_config").then(&["max_unavailable"]);
const PERCENTAGE: Path = own("update_config").then(&["max_unavailable_percentage"]);
const AMI: Path = own("ami_type");
const TYPES: Path = own("instance_types");

pub(super) const NODEGROUP: &[Rule] = &[
    Rule::new("`min_size` is at most `max_size`", NODES)
        .when(&[Set(MIN), Set(MAX)])
        .must(&[NotLess(MAX, MIN)])
        .help("set a larger `max_size`"),
    Rule::new("`desired_size` is at most `max_size`", NODES)
        .when(&[Set(DESIRED), Set(MAX)])
        .must(&[NotLess(MAX, DESIRED)])
        .help("set a larger `max_size`"),
    Rule::new("`desired_size` is at least `min_size`", NODES)
        .when(&[Set(DESIRED), Set(MIN)])
        .must(&[NotLess(DESIRED, MIN)])
        .help("set a larger `desired_size`, or leave it out to an autoscaler"),
    Rule::new("`max_size` is at least 1", NODES)
        .when(&[Set(MAX)])
        .must(&[AtLeast(MAX, 1.0)])
        .help("set `max_size = 1` or more; `min_size` and `desired_size` may be 0"),
    Rule::new("an update takes away a number of nodes or a percentage of them", NODES)
        .must(&[AtMostOne(&[COUNT, PERCENTAGE])])
        .help("leave `max_unavailable` or `max_unavailable_percentage` out"),
    Rule::new("`max_unavailable` and `max_unavailable_percentage` are 1 to 100", NODES)
        .when(&[Set(own("update_config"))])
        .must(&[
            Any(&[Unset(COUNT), All(&[AtLeast(COUNT, 1.0), AtMost(COUNT, 100.0)])]),
            Any(&[Unset(PERCENTAGE), All(&[AtLeast(PERCENTAGE, 1.0), AtMost(PERCENTAGE, 100.0)])]),
        ])
        .help("set 1 or more"),
    Rule::new("a launch template is named by its id or by its name", TEMPLATES)
        .when(&[Set(own("launch_template"))])
        .must(&[ExactlyOne(&[own("launch_template").then(&["id"]), own("launch_template").then(&["name"])])])
        .help("set `id` or `name`, not both"),
    Rule::new("a node group with a launch template has its `disk_size` in the template", TEMPLATES)
        .when(&[Set(own("launch_template"))])
        .must(&[Unset(own("disk_size"))])
        .help("leave `disk_size` out, and set the volume's size in the launch template"),
    Rule::new("a node group with a launch template has its SSH access in the template", TEMPLATES)
        .when(&[Set(own("launch_template"))])
        .must(&[Unset(own("remote_access"))])
        .help("leave `remote_access` out, and set key and security groups in the launch template"),
    Rule::new("the image type `CUSTOM` comes from a launch template", NODES)
        .when(&[Is(AMI, Text("CUSTOM"))])
        .must(&[Set(own("launch_template"))])
        .help("name a launch template with an image, or leave `ami_type` out"),
    Rule::new("a node group keeps its launch template", TEMPLATES)
        .when(&[Set(prior("launch_template"))])
        .must(&[Set(own("launch_template"))])
        .help("write the launch template; a node group without one is a new node group"),
    Rule::new("a node group without a launch template does not get one later", TEMPLATES)
        .when(&[Set(own("launch_template")), Unset(prior("launch_template")), Not(&Creates)])
        .must(&[Set(prior("launch_template"))])
        .help("declare a new node group with the launch template"),
    Rule::new("the instance types and the image have different architectures", NODES)
        .when(&[Set(AMI), Set(TYPES)])
        .must(&[Is_(&Custom { name: "one architecture", paths: &[AMI, TYPES], holds: relations::have_one_architecture })])
        .help("use an image type for the architecture: `ARM_64` for Graviton types such as m7g, `x86_64` for the others"),
    Rule::new("the instance types of a node group have one architecture", NODES)
        .when(&[Set(TYPES)])
        .must(&[Is_(&Custom { name: "one architecture", paths: &[TYPES], holds: relations::are_of_one_architecture })])
        .help("declare a node group for each architecture"),
    Rule::new("an on-demand capacity block has one instance type", NODES)
        .when(&[Is(own("capacity_type"), Text("CAPACITY_BLOCK")), Set(TYPES)])
        .must(&[Length(TYPES, 0, 1)])
        .help("name one instance type"),
    Rule::new("Amazon Linux 2 has no images for Kubernetes 1.33 and later", AL2)
        .when(&[
            StartsWith(AMI, &["AL2_"]),
            Any(&[Since(own("version"), "1.33"), Since(target("cluster_name", CLUSTER_TYPE, "version"), "1.33")]),
        ])
        .must(&[Not(&StartsWith(AMI, &["AL2_"]))])
        .help("use `ami_type = \"AL2023_x86_64_STANDARD\"` or \"AL2023_ARM_64_STANDARD\""),
    Rule::new("nodes never run a later version than their cluster", SKEW)
        .when(&[Set(own("version"))])
        .must(&[NotLess(target("cluster_name", CLUSTER_TYPE, "version"), own("version"))])
        .help("upgrade the cluster first"),
    Rule::new("nodes are at most three minor versions behind their cluster", SKEW)
        .when(&[Set(own("version"))])
        .must(&[Is_(&Custom {
            name: "at most three behind",
            paths: &[target("cluster_name", CLUSTER_TYPE, "version"), own("version")],
            holds: relations::is_near,
        })])
        .help("set a later `version`"),
    Rule::new("`version` of nodes never goes back", SKEW)
        .must(&[NotLess(own("version"), prior("version"))])
        .help("write the version that runs; an older one is a new node group"),
    Rule::new("`release_version` is of another Kubernetes version", SKEW)
        .when(&[Set(own("release_version")), Set(own("version"))])
        .must(&[Is_(&Custom {
            name: "a release of the version",
            paths: &[own("release_version"), own("version"), AMI],
            holds: relations::is_release_of,
        })])
        .help("write a release of the version, or leave `release_version` out for the newest"),
    Rule::new("a node group has at most 50 taints", NODES)
        .when(&[Set(own("taints"))])
        .must(&[Length(own("taints"), 0, 50)])
        .help("keep fewer taints"),
    Rule::new("a taint has a key and an effect", NODES)
        .each("taints")
        .must(&[Set(own("key")), Set(own("effect"))])
        .help("set `key` and `effect`"),
    Rule::new("node repair counts nodes or a percentage of them", REPAIR)
        .must(&[
            AtMostOne(&[
                own("node_repair_config").then(&["max_parallel_nodes_repaired_count"]),
                own("node_repair_config").then(&["max_parallel_nodes_repaired_percentage"]),
            ]),
            AtMostOne(&[
                own("node_repair_config").then(&["max_unhealthy_node_threshold_count"]),
                own("node_repair_config").then(&["max_unhealthy_node_threshold_percentage"]),
            ]),
        ])
        .help("leave the count or the percentage out"),
    tag_rule!(),
];

pub(super) const ACCESS_ENTRY: &[Rule] = &[
    Rule::new("access entries need the authentication mode `API` or `API_AND_CONFIG_MAP` of the cluster", AUTHENTICATION)
        .must(&[Not(&Is(target("cluster_name", CLUSTER_TYPE, "access_config").then(&["authentication_mode"]), Text("CONFIG_MAP")))])
        .help("set `access_config = { authentication_mode = \"API_AND_CONFIG_MAP\" }` of the cluster"),
    Rule::new("an access entry for nodes has no groups, user name or policies", ENTRIES)
        .when(&[AnyOf(own("type"), &["EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX"])])
        .must(&[Unset(own("kubernetes_groups")), Unset(own("username")), Unset(own("access_policies"))])
        .help("leave them out, or use the type \"STANDARD\""),
    Rule::new("groups of access entries do not begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`", ENTRIES)
        .when(&[Set(own("kubernetes_groups"))])
        .must(&[Is_(&Custom { name: "free groups", paths: &[own("kubernetes_groups")], holds: relations::are_free_groups })])
        .help("bind a role to a group of your own; for administrators, use the policy `AmazonEKSClusterAdminPolicy`"),
    Rule::new("user names of access entries do not begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`", ENTRIES)
        .when(&[Set(own("username"))])
        .must(&[Not(&StartsWith(own("username"), &["system:", "eks:", "aws:", "amazon:", "iam:"]))])
        .help("choose another name, or leave `username` out"),
    Rule::new("a principal is an IAM role or user", ENTRIES)
        .when(&[Set(own("principal_arn"))])
        .must(&[Is_(&Custom { name: "a role or user", paths: &[own("principal_arn")], holds: relations::is_principal })])
        .help("write the ARN of a role or user, not of a session, group or account"),
    Rule::new("a policy for namespaces names them", POLICIES)
        .each("access_policies")
        .when(&[Is(own("access_scope").then(&["type"]), Text("namespace"))])
        .must(&[Set(own("access_scope").then(&["namespaces"]))])
        .help("set `access_scope.namespaces`"),
    Rule::new("a policy for the whole cluster names no namespaces", POLICIES)
        .each("access_policies")
        .when(&[Is(own("access_scope").then(&["type"]), Text("cluster"))])
        .must(&[Unset(own("access_scope").then(&["namespaces"]))])
        .help("leave `namespaces` out, or use the scope \"namespace\""),
    Rule::new("a policy of an access entry is one of EKS's own", "https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html")
        .each("access_policies")
        .must(&[Is_(&Custom { name: "a policy of EKS", paths: &[own("policy_arn")], holds: relations::is_access_policy })])
        .help("write for example \"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy\""),
    tag_rule!(),
];

pub(super) const ADDON: &[Rule] = &[
    Rule::new("an add-on gets a role through its service account or through EKS Pod Identity", ADDONS)
        .must(&[AtMostOne(&[own("service_account_role_arn"), own("pod_identity_associations")])])
        .help("leave one of them out"),
    tag_rule!(),
];

pub(super) const POD_IDENTITY: &[Rule] = &[
    Rule::new("a session policy needs `disable_session_tags = true`", PODS)
        .when(&[Set(own("policy"))])
        .must(&[Is(own("disable_session_tags"), Bool(true))])
        .help("set `disable_session_tags = true`, or leave `policy` out"),
    tag_rule!(),
];
