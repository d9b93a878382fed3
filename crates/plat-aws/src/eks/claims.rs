//! What resources of EKS occupy exclusively: a cluster's name in its region, everything else within its cluster.

use plat::schema::{Claim, Part};

const IN_USE: &str = "ResourceInUseException";

fn of_cluster(what: &'static str, namespace: &'static str, key: impl Into<Vec<Part>>) -> Claim {
    Claim::one(what, namespace, key).within([Part::of(&["cluster_name"])]).refusal(IN_USE)
}

pub(super) fn cluster() -> Vec<Claim> {
    vec![Claim::name("aws.eks cluster", &["name"]).refusal(IN_USE)]
}

pub(super) fn nodegroup() -> Vec<Claim> {
    vec![of_cluster("name", "aws.eks node group", [Part::of(&["nodegroup_name"])])]
}

/// The add-on, and one role for each of its service accounts.
pub(super) fn addon() -> Vec<Claim> {
    vec![
        of_cluster("add-on", "aws.eks add-on", [Part::of(&["addon_name"])]),
        Claim::one("role of", "aws.eks add-on role", [Part::item(&["service_account"])])
            .each("pod_identity_associations")
            .within([Part::itself()]),
    ]
}

pub(super) fn pod_identity_association() -> Vec<Claim> {
    let account = [Part::of(&["namespace"]), Part::of(&["service_account"])];
    vec![of_cluster("pod identity of", "aws.eks pod identity", account)]
}

/// The entry of a principal, and within it each policy once.
pub(super) fn access_entry() -> Vec<Claim> {
    vec![
        of_cluster("access entry of", "aws.eks access entry", [Part::of(&["principal_arn"])]),
        Claim::one("policy", "aws.eks access policy", [Part::item(&["policy_arn"])]).each("access_policies").within([Part::itself()]),
    ]
}
