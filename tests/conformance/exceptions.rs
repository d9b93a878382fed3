//! Where plat differs from the registry on purpose, and why.

use super::Rule;

/// Differences of one kind in one type.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exception {
    pub of: &'static str,
    pub rule: Rule,
    /// Attributes; `""` for the type itself.
    pub names: &'static [&'static str],
    pub why: &'static str,
}

pub const ALL: &[Exception] = &[
    Exception {
        of: "aws.ec2.EIP",
        rule: Rule::Replaces,
        names: &["public_ipv4_pool"],
        why: "AllocateAddress is the only call that takes the pool, so another pool is another address",
    },
    Exception {
        of: "aws.ec2.SecurityGroup",
        rule: Rule::Complete,
        names: &["security_group_ingress.source_security_group_name"],
        why: "a name finds a group in the default VPC only, and there the group has an id too",
    },
    Exception {
        of: "aws.ec2.SecurityGroupIngress",
        rule: Rule::Complete,
        names: &["group_name", "source_security_group_name"],
        why: "a name finds a group in the default VPC only, and there the group has an id too",
    },
    Exception {
        of: "aws.ec2.SecurityGroupIngress",
        rule: Rule::Required,
        names: &["group_id"],
        why: "the registry takes a name in its place, which finds a group in the default VPC only",
    },
    Exception {
        of: "aws.ec2.VPCEndpoint",
        rule: Rule::Enum,
        names: &["ip_address_type", "dns_options.dns_record_ip_type", "dns_options.private_dns_only_for_inbound_resolver_endpoint"],
        why: "`not-specified` is CloudFormation's word for leaving it out; EC2 does not know it",
    },
    Exception {
        of: "aws.eks.Cluster",
        rule: Rule::Complete,
        names: &["access_config.bootstrap_cluster_creator_admin_permissions"],
        why: "it stands beside `access_config`, because unlike the rest of that it cannot be read back and a change replaces the cluster",
    },
    Exception {
        of: "aws.eks.Cluster",
        rule: Rule::Replaces,
        names: &["encryption_config"],
        why: "AssociateEncryptionConfig gives a key to a cluster without one; every other change is refused, for it would replace the cluster",
    },
    Exception {
        of: "aws.eks.Cluster",
        rule: Rule::Type,
        names: &[
            "kube_api_server_config.event_ttl",
            "kube_controller_manager_config.horizontal_pod_autoscaler_controller_config.horizontal_pod_autoscaler_sync_period",
        ],
        why: "a duration that EKS writes as text, such as 1h0m0s",
    },
    Exception {
        of: "aws.eks.Nodegroup",
        rule: Rule::Import,
        names: &[""],
        why: "the registry's Id is made of the cluster's name and the group's, and those are what EKS's calls take",
    },
    Exception {
        of: "aws.eks.Nodegroup",
        rule: Rule::Known,
        names: &["launch_template_default_version", "launch_template_latest_version"],
        why: "what `$Default` and `$Latest` stand for: EKS answers with numbers",
    },
    Exception {
        of: "aws.eks.Nodegroup",
        rule: Rule::Enum,
        names: &["capacity_type"],
        why: "`OnDemand` is CloudFormation's second spelling of ON_DEMAND; EKS does not know it",
    },
    Exception {
        of: "aws.elasticache.ParameterGroup",
        rule: Rule::Replaces,
        names: &["description"],
        why: "CreateCacheParameterGroup is the only call that takes the description",
    },
    Exception {
        of: "aws.elasticache.ReplicationGroup",
        rule: Rule::Type,
        names: &["read_end_point.ports_list"],
        why: "ports are numbers in ElastiCache's own answers; CloudFormation writes them as text",
    },
    Exception {
        of: "aws.iam.OIDCProvider",
        rule: Rule::Required,
        names: &["url"],
        why: "CreateOpenIDConnectProvider takes no request without it",
    },
    Exception {
        of: "aws.kms.Key",
        rule: Rule::Replaces,
        names: &["key_spec", "key_usage", "multi_region", "origin"],
        why: "the registry's own text says that they cannot change once the key is there, and no call of KMS changes them",
    },
    Exception {
        of: "aws.logs.LogGroup",
        rule: Rule::Replaces,
        names: &["log_group_class"],
        why: "CreateLogGroup is the only call that takes the class",
    },
    Exception {
        of: "aws.rds.DBInstance",
        rule: Rule::WriteOnly,
        names: &["db_cluster_snapshot_identifier"],
        why: "DescribeDBInstances does not say which cluster snapshot an instance was restored from",
    },
];
