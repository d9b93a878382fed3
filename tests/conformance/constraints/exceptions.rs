//! Where plat's types and the registry's constraints differ on purpose, and why.

/// Differences that begin alike.
#[derive(Debug)]
pub struct Exception {
    /// The start of the problem's text.
    pub problem: &'static str,
    pub why: &'static str,
}

pub const ALL: &[Exception] = &[
    Exception {
        problem: "aws.ec2.EIP domain: AWS answers with \"vpc\"",
        why: "`vpc` is the only value that plat takes since EC2-Classic is gone",
    },
    Exception {
        problem: "aws.eks.Nodegroup node_repair_config: node_repair_config.node_repair_config_overrides.min_repair_wait_time_mins is Duration",
        why: "fields of records have no unit that the checker knows; EKS refuses less than a minute",
    },
    Exception {
        problem: "aws.eks.Cluster rollback_config: rollback_config.timeout_minutes is Duration",
        why: "fields of records have no unit that the checker knows; EKS refuses what is not 2 hours to 7 days",
    },
    Exception {
        problem: "aws.rds.DBCluster enable_http_endpoint: AWS answers with",
        why: "RDS ignores it for engines without a data API, and plat shows the difference: it is what was asked and is not there",
    },
];
