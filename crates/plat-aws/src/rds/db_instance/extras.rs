//! What an instance has beside `ModifyDBInstance`: roles, copies of its backups, promotion, restart.

use aws_sdk_rds::config::{Builder, Region};
use plat::provider::{ErrorKind, Operation, ProviderError};

use super::settle::{PROMOTION, settle};
use super::{DbInstance, DbInstanceRole};
use crate::client::Aws;
use crate::error::{absent, provider_error};
use crate::rds::waiting::Until;
use crate::units::{from_days, text, to_days};

/// Roles are added and taken away one by one, and the instance has to be usable in between.
pub(super) async fn roles(aws: &Aws, op: &Operation<'_>, id: &str, prior: &DbInstance, desired: &DbInstance) -> Result<(), ProviderError> {
    let missing = |from: &[DbInstanceRole], of: &[DbInstanceRole]| -> Vec<DbInstanceRole> {
        of.iter().filter(|role| !from.contains(role)).cloned().collect()
    };
    // A feature has one role: the old one goes first.
    for role in missing(&desired.associated_roles, &prior.associated_roles) {
        let call = aws.rds().remove_role_from_db_instance().db_instance_identifier(id).role_arn(role.role_arn.as_str());
        let answer = call.feature_name(role.feature_name).send().await;
        absent(answer.map_err(|e| provider_error("RemoveRoleFromDBInstance", e)), &["DBInstanceRoleNotFound"])?;
        settle(aws, op, id, Until::Usable).await?;
    }
    for role in missing(&prior.associated_roles, &desired.associated_roles) {
        let call = aws.rds().add_role_to_db_instance().db_instance_identifier(id).role_arn(role.role_arn.as_str());
        let answer = call.feature_name(role.feature_name).send().await;
        absent(answer.map_err(|e| provider_error("AddRoleToDBInstance", e)), &["DBInstanceRoleAlreadyExists"])?;
        settle(aws, op, id, Until::Usable).await?;
    }
    Ok(())
}

/// A replica without a source becomes an instance of its own; it cannot have another source.
pub(super) async fn promotion(
    aws: &Aws,
    op: &Operation<'_>,
    id: &str,
    prior: &DbInstance,
    desired: &DbInstance,
) -> Result<(), ProviderError> {
    let source = |d: &DbInstance| text(&d.source_db_instance_identifier).or_else(|| d.source_db_cluster_identifier.clone());
    let Some(before) = source(prior) else { return Ok(()) };
    match source(desired) {
        Some(after) if after.eq_ignore_ascii_case(&before) => Ok(()),
        Some(after) => {
            let message = format!("`{id}` replicates `{before}` and cannot replicate `{after}`: make a new replica under another name");
            Err(ProviderError::new(ErrorKind::Refused, "ModifyDBInstance", message))
        }
        None => {
            let found = super::settle::find(aws, id).await?;
            let replicates = found.is_some_and(|f| {
                f.read_replica_source_db_instance_identifier().or(f.read_replica_source_db_cluster_identifier()).is_some()
            });
            if replicates {
                let call = aws.rds().promote_read_replica().db_instance_identifier(id);
                call.send().await.map_err(|e| provider_error("PromoteReadReplica", e))?;
                settle(aws, op, id, Until::Changed(&[PROMOTION].into())).await?;
            }
            Ok(())
        }
    }
}

/// Copies of automated backups are asked for in the region that they go to.
pub(super) async fn backup_copies(
    aws: &Aws,
    arn: &str,
    prior: &DbInstance,
    desired: &DbInstance,
    asked: &DbInstance,
) -> Result<(), ProviderError> {
    let kept = desired.automatic_backup_replication_retention_period;
    let same_kept = kept.is_none() || kept == prior.automatic_backup_replication_retention_period;
    let same_key = desired.automatic_backup_replication_kms_key_id.is_none()
        || prior.automatic_backup_replication_kms_key_id == desired.automatic_backup_replication_kms_key_id;
    if prior.automatic_backup_replication_region == desired.automatic_backup_replication_region && same_kept && same_key {
        return Ok(());
    }
    if let Some(region) = &prior.automatic_backup_replication_region {
        let call = aws.rds().stop_db_instance_automated_backups_replication().source_db_instance_arn(arn);
        let answer = call.customize().config_override(in_region(region)).send().await;
        let gone = ["DBInstanceNotFound", "InvalidDBInstanceState"];
        absent(answer.map_err(|e| provider_error("StopDBInstanceAutomatedBackupsReplication", e)), &gone)?;
    }
    if let Some(region) = &desired.automatic_backup_replication_region {
        let call = aws
            .rds()
            .start_db_instance_automated_backups_replication()
            .source_db_instance_arn(arn)
            .set_backup_retention_period(to_days(asked.automatic_backup_replication_retention_period.or(asked.backup_retention_period)))
            .set_kms_key_id(text(&asked.automatic_backup_replication_kms_key_id));
        let answer = call.customize().config_override(in_region(region)).send().await;
        answer.map_err(|e| provider_error("StartDBInstanceAutomatedBackupsReplication", e))?;
    }
    Ok(())
}

/// Reads where the backups are copied to, and for how long: `copies` is the ARNs that RDS shows with the instance.
pub(super) async fn observe_copies(aws: &Aws, seen: &mut DbInstance, copies: &[String]) -> Result<(), ProviderError> {
    let Some((arn, region)) = copies.iter().find_map(|arn| Some((arn, arn.split(':').nth(3)?))) else { return Ok(()) };
    seen.automatic_backup_replication_region = Some(region.to_owned());
    let call = aws.rds().describe_db_instance_automated_backups().db_instance_automated_backups_arn(arn);
    let answer = call.customize().config_override(in_region(region)).send().await;
    let answer = answer.map_err(|e| provider_error("DescribeDBInstanceAutomatedBackups", e))?;
    let kept = answer.db_instance_automated_backups().first().and_then(|copy| copy.backup_retention_period());
    seen.automatic_backup_replication_retention_period = from_days(kept);
    Ok(())
}

fn in_region(region: &str) -> Builder {
    Builder::new().region(Region::new(region.to_owned()))
}

pub(super) async fn restart(aws: &Aws, op: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    let answer = aws.rds().reboot_db_instance().db_instance_identifier(id).send().await;
    answer.map_err(|e| provider_error("RebootDBInstance", e))?;
    settle(aws, op, id, Until::Changed(&["db_parameter_group_name"].into())).await?;
    Ok(())
}
