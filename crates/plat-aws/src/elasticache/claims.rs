//! What resources of ElastiCache occupy exclusively. ElastiCache keeps names in lower case.

use plat::schema::{Claim, Form};

pub(super) fn replication_group() -> Vec<Claim> {
    let name = Claim::name("aws.elasticache replication group", &["replication_group_id"]);
    vec![name.form(Form::IgnoreCase).refusal("ReplicationGroupAlreadyExists")]
}

pub(super) fn subnet_group() -> Vec<Claim> {
    let name = Claim::name("aws.elasticache subnet group", &["cache_subnet_group_name"]);
    vec![name.form(Form::IgnoreCase).refusal("CacheSubnetGroupAlreadyExists")]
}
