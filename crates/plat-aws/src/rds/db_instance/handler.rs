//! Create, read, change, delete.

use aws_sdk_rds::types;
use plat::provider::{Asked, AttributeNames, Change, Operation, ProviderError, ResourceHandler};
use plat::value::ResolvedObject;

use super::create::{Origin, send};
use super::settle::{find, settle, wants_restart};
use super::{DbInstance, delete, extras, modify};
use crate::client::Aws;
use crate::error::{incomplete, provider_error};
use crate::names::generated;
use crate::query;
use crate::rds::support::{made_by, new_tags, retag};
use crate::rds::waiting::Until;

/// How many names one filter takes.
const NAMES_PER_CALL: usize = 100;

/// Names of DB instances have at most 63 letters.
const LONGEST_NAME: usize = 63;

impl ResourceHandler<Aws> for DbInstance {
    async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
        let name = asked.name(op);
        let made = send(aws, op, &name, &asked, new_tags(&asked.tags, op)).await?;
        let id = made.db_instance_identifier().unwrap_or(&name).to_owned();
        op.accepted.accepted(&id)?;
        let made = settle(aws, op, &id, Until::Created).await?;
        let made = as_made(DbInstance::observe(&made), &asked);
        let seen = change(aws, op, &id, asked.follow_up(made)).await?;
        Ok((id, seen))
    }

    async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
        let mut found = Vec::with_capacity(ids.len());
        for names in ids.chunks(NAMES_PER_CALL) {
            let filter = types::Filter::builder().name("db-instance-id").set_values(Some(names.to_vec())).build();
            found.extend(all(aws, Some(filter)).await?);
        }
        let mut read = Vec::with_capacity(ids.len());
        for id in ids {
            let instance = found.iter().find(|f| f.db_instance_identifier().is_some_and(|name| name.eq_ignore_ascii_case(id)));
            // One that is on its way out is gone already, as far as a plan is concerned.
            let instance = instance.filter(|f| f.db_instance_status() != Some("deleting"));
            read.push(match instance {
                Some(instance) => Some(observed(aws, instance).await?),
                None => None,
            });
        }
        Ok(read)
    }

    async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
        extras::promotion(aws, op, id, &change.observed, &change.target()?).await?;
        if change.changed.is_empty() {
            // An earlier operation was not through: nobody knows which of the attributes it was about.
            let names = at_once(&change.asked, change.asked.names());
            let now = change.asked.apply_immediately.unwrap_or(true);
            settle(aws, op, id, if now { Until::Changed(&names) } else { Until::Usable }).await?;
        }
        self::change(aws, op, id, change).await
    }

    async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
        if let Some(region) = &prior.automatic_backup_replication_region {
            let none = DbInstance { automatic_backup_replication_region: None, ..prior.clone() };
            let copied = DbInstance { automatic_backup_replication_region: Some(region.clone()), ..prior.clone() };
            extras::backup_copies(aws, prior.db_instance_arn.as_str(), &copied, &none, &none).await?;
        }
        delete::delete(aws, op, id, &prior).await
    }

    async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
        let found = find(aws, &desired.name(op)).await?;
        Ok(found.filter(|f| made_by(f.tag_list(), op)).and_then(|f| f.db_instance_identifier))
    }

    async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
        let found = match query::text(query, "db_instance_identifier") {
            Some(name) => find(aws, &name).await?.into_iter().collect(),
            None => all(aws, None).await?,
        };
        query::only(query, found.iter().map(DbInstance::observe))
    }
}

impl DbInstance {
    fn name(&self, op: &Operation<'_>) -> String {
        self.db_instance_identifier.as_ref().map_or_else(|| generated(op, LONGEST_NAME), |name| name.to_ascii_lowercase())
    }
}

/// A new instance as it is after the call that made it: what cannot be read of it is as it was asked for, as far as that call took it.
fn as_made(seen: DbInstance, desired: &DbInstance) -> DbInstance {
    let whole = desired.origin() == Origin::Empty;
    DbInstance {
        master_user_password: desired.master_user_password.clone().filter(|_| whole),
        master_user_authentication_type: desired.master_user_authentication_type.clone().filter(|_| whole),
        tde_credential_password: desired.tde_credential_password.clone(),
        use_default_processor_features: desired.use_default_processor_features,
        ..seen
    }
}

/// Makes the change, and reads the instance.
async fn change(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<DbInstance>) -> Result<DbInstance, ProviderError> {
    let (prior, desired, asked) = (&change.observed, &change.target()?, &change.asked);
    let now = asked.apply_immediately.unwrap_or(true);
    if let Some(call) = modify::request(id, prior, desired, asked) {
        // RDS refuses changes while it is at something else, the daily backup say.
        settle(aws, op, id, Until::Usable).await?;
        call.send_with(aws.rds()).await.map_err(|e| provider_error("ModifyDBInstance", e))?;
        let names = at_once(asked, &change.changed);
        let changed = settle(aws, op, id, if now { Until::Changed(&names) } else { Until::Usable }).await?;
        if now && change.changes("db_parameter_group_name") && wants_restart(&changed) {
            extras::restart(aws, op, id).await?;
        }
    }
    extras::roles(aws, op, id, prior, desired).await?;
    extras::backup_copies(aws, prior.db_instance_arn.as_str(), prior, desired, asked).await?;
    retag(aws, prior.db_instance_arn.as_str(), &prior.tags, &desired.tags).await?;
    let found = find(aws, id).await?.ok_or_else(|| incomplete("DescribeDBInstances", "DBInstances"))?;
    observed(aws, &found).await
}

/// Those of the attributes that RDS applies without a restart that somebody has to ask for.
fn at_once(asked: &DbInstance, names: &AttributeNames) -> AttributeNames {
    let mut names = names.clone();
    let rotates = asked.certificate_rotation_restart.unwrap_or(true);
    names.retain(|name| name != "dedicated_log_volume" && (rotates || name != "ca_certificate_identifier"));
    names
}

async fn observed(aws: &Aws, found: &types::DbInstance) -> Result<DbInstance, ProviderError> {
    let mut seen = DbInstance::observe(found);
    let copies = found.db_instance_automated_backups_replications().iter();
    let copies: Vec<String> = copies.filter_map(|c| c.db_instance_automated_backups_arn().map(str::to_owned)).collect();
    extras::observe_copies(aws, &mut seen, &copies).await?;
    Ok(seen)
}

async fn all(aws: &Aws, filter: Option<types::Filter>) -> Result<Vec<types::DbInstance>, ProviderError> {
    let pages = aws.rds().describe_db_instances().set_filters(filter.map(|f| vec![f])).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeDBInstances", e))
}
