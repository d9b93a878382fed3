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

pub const ALL: &[Exception] = &[Exception {
    of: "aws.rds.DBInstance",
    rule: Rule::WriteOnly,
    names: &["db_cluster_snapshot_identifier"],
    why: "DescribeDBInstances does not say which cluster snapshot an instance was restored from",
}];
