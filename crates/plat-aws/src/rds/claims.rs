//! What resources of RDS occupy exclusively. RDS keeps names in lower case.

use plat::schema::{Claim, Form, Part};

fn name(namespace: &'static str, attribute: &'static [&'static str], code: &'static str) -> Claim {
    Claim::name(namespace, attribute).form(Form::IgnoreCase).refusal(code)
}

/// The identifier, and one role for each feature.
pub(super) fn db_instance() -> Vec<Claim> {
    vec![
        name("aws.rds instance", &["db_instance_identifier"], "DBInstanceAlreadyExists"),
        Claim::one("role of", "aws.rds instance role", [Part::item(&["feature_name"])])
            .each("associated_roles")
            .within([Part::itself()])
            .refusal("DBInstanceRoleAlreadyExists"),
    ]
}

/// The identifier, and each role once for a feature.
pub(super) fn db_cluster() -> Vec<Claim> {
    vec![
        name("aws.rds cluster", &["db_cluster_identifier"], "DBClusterAlreadyExistsFault"),
        Claim::one("role", "aws.rds cluster role", [Part::item(&["role_arn"]), Part::item(&["feature_name"]).optional()])
            .each("associated_roles")
            .within([Part::itself()])
            .refusal("DBClusterRoleAlreadyExists"),
    ]
}

pub(super) fn db_subnet_group() -> Vec<Claim> {
    vec![name("aws.rds subnet group", &["db_subnet_group_name"], "DBSubnetGroupAlreadyExists")]
}

pub(super) fn db_parameter_group() -> Vec<Claim> {
    vec![name("aws.rds parameter group", &["db_parameter_group_name"], "DBParameterGroupAlreadyExists")]
}

pub(super) fn db_cluster_parameter_group() -> Vec<Claim> {
    vec![name("aws.rds cluster parameter group", &["db_cluster_parameter_group_name"], "DBParameterGroupAlreadyExists")]
}
