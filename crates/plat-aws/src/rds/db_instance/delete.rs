//! Deleting an instance, and the snapshot that is taken first.

use aws_sdk_rds::operation::delete_db_instance::builders::DeleteDBInstanceFluentBuilder;
use aws_sdk_rds::types;
use plat::provider::{ErrorKind, Operation, ProviderError};

use super::DbInstance;
use super::settle::{find, gone};
use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::rds::support::final_name;

/// RDS takes no snapshot of an instance in one of these, and deletes it only without one.
const WITHOUT_DATA: [&str; 4] = ["failed", "incompatible-restore", "incompatible-network", "creating"];

pub(super) async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: &DbInstance) -> Result<(), ProviderError> {
    let Some(found) = find(aws, id).await? else { return Ok(()) };
    if found.db_instance_status() == Some("deleting") {
        return gone(aws, op, id).await;
    }
    let snapshot = final_snapshot(op.id, &found, prior);
    let answer = request(aws, id, &found, prior, snapshot.clone()).send().await;
    let outcome = answer.map_err(|e| explained(provider_error("DeleteDBInstance", e), id, snapshot.as_deref()));
    match absent(outcome, &["DBInstanceNotFound", "DBInstanceNotFoundFault"])? {
        Some(_) => gone(aws, op, id).await,
        None => Ok(()),
    }
}

fn request(aws: &Aws, id: &str, found: &types::DbInstance, prior: &DbInstance, snapshot: Option<String>) -> DeleteDBInstanceFluentBuilder {
    let call = aws.rds().delete_db_instance().db_instance_identifier(id);
    let call = call.skip_final_snapshot(snapshot.is_none()).set_final_db_snapshot_identifier(snapshot);
    match found.db_cluster_identifier() {
        // A member's backups are its cluster's.
        Some(_) => call,
        None => call.delete_automated_backups(prior.delete_automated_backups.unwrap_or(true)),
    }
}

/// The name of the snapshot to take; `None` when there is to be none or RDS takes none.
fn final_snapshot(operation: &str, found: &types::DbInstance, prior: &DbInstance) -> Option<String> {
    let replica = found.read_replica_source_db_instance_identifier().or(found.read_replica_source_db_cluster_identifier());
    let dependent = replica.or(found.db_cluster_identifier()).is_some();
    let without_data = WITHOUT_DATA.contains(&found.db_instance_status().unwrap_or_default());
    if prior.skip_final_snapshot == Some(true) || dependent || without_data {
        return None;
    }
    Some(prior.final_snapshot_identifier.clone().unwrap_or_else(|| final_name(found.db_instance_identifier().unwrap_or("db"), operation)))
}

/// Adds the way out to the refusals that a user meets.
fn explained(mut error: ProviderError, id: &str, snapshot: Option<&str>) -> ProviderError {
    let way_out = match (error.code.as_str(), snapshot) {
        ("DBSnapshotAlreadyExists", Some(snapshot)) => format!(
            "set another `final_snapshot_identifier` than `{snapshot}` and apply, or delete that snapshot: it is of an earlier instance"
        ),
        ("InvalidParameterCombination", _) if error.message.contains("protect") => {
            format!("set `deletion_protection = false` on `{id}` and apply first")
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

    fn found() -> types::builders::DbInstanceBuilder {
        types::DbInstance::builder().db_instance_identifier("web").db_instance_status("available")
    }

    #[test]
    fn a_snapshot_is_taken_unless_told_otherwise() {
        let name = |prior: &DbInstance| final_snapshot("0190-AbCdEf012345", &found().build(), prior);
        let named = DbInstance { final_snapshot_identifier: Some("web-last".to_owned()), ..DbInstance::default() };
        assert_eq!(name(&named).as_deref(), Some("web-last"));
        assert_eq!(name(&DbInstance { skip_final_snapshot: Some(true), ..named }), None);
        assert_eq!(name(&DbInstance::default()).as_deref(), Some("web-final-abcdef012345"));
    }

    #[test]
    fn none_is_taken_where_rds_takes_none() {
        let none = |found: types::DbInstance| final_snapshot("op", &found, &DbInstance::default()).is_none();
        assert!(none(found().db_cluster_identifier("aurora").build()));
        assert!(none(found().read_replica_source_db_instance_identifier("main").build()));
        assert!(none(found().db_instance_status("failed").build()));
    }

    #[test]
    fn a_refusal_says_the_way_out() {
        let refused = |code: &str, message: &str| ProviderError {
            code: code.to_owned(),
            ..ProviderError::new(ErrorKind::Exists, "DeleteDBInstance", message)
        };
        let taken = explained(refused("DBSnapshotAlreadyExists", "it exists"), "web", Some("web-last"));
        assert!(taken.message.contains("another `final_snapshot_identifier` than `web-last`"), "{taken}");
        let protected = explained(refused("InvalidParameterCombination", "Cannot delete protected DB Instance"), "web", None);
        assert!(protected.message.contains("deletion_protection = false"), "{protected}");
        let other = refused("InvalidDBInstanceState", "busy");
        assert_eq!(explained(other.clone(), "web", None), other);
    }
}
