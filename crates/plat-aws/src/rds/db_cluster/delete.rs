//! Deleting a cluster, and the snapshot that is taken first.

use aws_sdk_rds::types;
use plat::provider::{ErrorKind, Operation, ProviderError};

use super::DbCluster;
use super::settle::{ABSENT, find, gone};
use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::rds::support::final_name;

/// Codes of the refusals while RDS changes the cluster, and while it has instances.
const BUSY: [&str; 2] = ["InvalidDBClusterStateFault", "InvalidDBClusterState"];

/// RDS takes no snapshot of a cluster in one of these, and deletes it only without one.
const WITHOUT_DATA: [&str; 5] = ["failed", "incompatible-restore", "cloning-failed", "migration-failed", "creating"];

pub(super) async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: &DbCluster) -> Result<(), ProviderError> {
    let Some(found) = find(aws, id).await? else { return Ok(()) };
    if found.status() == Some("deleting") {
        return gone(aws, op, id).await;
    }
    let snapshot = final_snapshot(op.id, &found, prior);
    let call = aws.rds().delete_db_cluster().db_cluster_identifier(id).skip_final_snapshot(snapshot.is_none());
    let call = call.set_final_db_snapshot_identifier(snapshot.clone()).set_delete_automated_backups(prior.delete_automated_backups);
    let outcome = call.send().await.map_err(|e| explained(provider_error("DeleteDBCluster", e), id, &found, snapshot.as_deref()));
    match absent(outcome, &ABSENT)? {
        Some(_) => gone(aws, op, id).await,
        None => Ok(()),
    }
}

/// The name of the snapshot to take; `None` when there is to be none or RDS takes none.
fn final_snapshot(operation: &str, found: &types::DbCluster, prior: &DbCluster) -> Option<String> {
    let replica = found.replication_source_identifier().is_some_and(|source| !source.is_empty());
    let without_data = WITHOUT_DATA.contains(&found.status().unwrap_or_default());
    if prior.skip_final_snapshot == Some(true) || replica || without_data {
        return None;
    }
    let automatic = || final_name(found.db_cluster_identifier().unwrap_or("db"), operation);
    Some(prior.final_snapshot_identifier.clone().unwrap_or_else(automatic))
}

/// Adds the way out to the refusals that a user meets.
fn explained(mut error: ProviderError, id: &str, found: &types::DbCluster, snapshot: Option<&str>) -> ProviderError {
    let members: Vec<&str> = found.db_cluster_members().iter().filter_map(|m| m.db_instance_identifier()).collect();
    let way_out = match (error.code.as_str(), snapshot) {
        ("DBClusterSnapshotAlreadyExistsFault", Some(snapshot)) => format!(
            "set another `final_snapshot_identifier` than `{snapshot}` and apply, or delete that snapshot: it is of an earlier cluster"
        ),
        ("InvalidParameterCombination", _) if error.message.contains("protect") => {
            format!("set `deletion_protection = false` on `{id}` and apply first")
        }
        (code, _) if BUSY.contains(&code) && !members.is_empty() => {
            format!("delete its instances first, those that plat does not manage, too: {}", members.join(", "))
        }
        _ => return error,
    };
    error.kind = ErrorKind::Refused;
    error.message = format!("{}; {way_out}", error.message);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> types::builders::DbClusterBuilder {
        types::DbCluster::builder().db_cluster_identifier("orders").status("available")
    }

    #[test]
    fn a_snapshot_is_taken_unless_told_otherwise_or_rds_takes_none() {
        let name = |found: types::DbCluster, prior: &DbCluster| final_snapshot("0190-AbCdEf012345", &found, prior);
        let named = DbCluster { final_snapshot_identifier: Some("orders-last".to_owned()), ..DbCluster::default() };
        assert_eq!(name(found().build(), &named).as_deref(), Some("orders-last"));
        assert_eq!(name(found().build(), &DbCluster { skip_final_snapshot: Some(true), ..named.clone() }), None);
        assert_eq!(name(found().build(), &DbCluster::default()).as_deref(), Some("orders-final-abcdef012345"));
        assert_eq!(name(found().replication_source_identifier("arn:source").build(), &named), None);
        assert_eq!(name(found().status("failed").build(), &named), None);
    }

    #[test]
    fn a_refusal_says_the_way_out() {
        let refused = |code: &str, message: &str| ProviderError {
            code: code.to_owned(),
            ..ProviderError::new(ErrorKind::Exists, "DeleteDBCluster", message)
        };
        let member = types::DbClusterMember::builder().db_instance_identifier("by-hand").build();
        let told = |error| explained(error, "orders", &found().db_cluster_members(member.clone()).build(), Some("orders-last"));
        assert!(told(refused("InvalidDBClusterStateFault", "it has instances")).message.ends_with("too: by-hand"));
        assert!(told(refused("DBClusterSnapshotAlreadyExistsFault", "it exists")).message.contains("than `orders-last`"));
        assert!(
            told(refused("InvalidParameterCombination", "Cannot delete protected Cluster")).message.contains("deletion_protection = false")
        );
        let other = refused("InvalidSubnet", "no");
        assert_eq!(told(other.clone()), other);
    }
}
