//! Create, read, change, delete.

use aws_sdk_rds::types;
use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
use plat::value::ResolvedObject;

use super::create::{Origin, send};
use super::settle::{find, settle};
use super::{DbCluster, delete, extras, modify};
use crate::client::Aws;
use crate::error::{incomplete, provider_error};
use crate::names::generated;
use crate::query;
use crate::rds::support::{made_by, new_tags, retag};
use crate::rds::waiting::Until;

/// How many names one filter takes.
const NAMES_PER_CALL: usize = 100;

/// Names of DB clusters have at most 63 letters.
const LONGEST_NAME: usize = 63;

impl ResourceHandler<Aws> for DbCluster {
    async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
        let name = asked.name(op);
        let made = send(aws, op, &name, &asked, new_tags(&asked.tags, op)).await?;
        let id = made.db_cluster_identifier().unwrap_or(&name).to_owned();
        op.accepted.accepted(&id)?;
        let made = settle(aws, op, &id, Until::Created).await?;
        let made = as_made(DbCluster::observe(&made), &asked);
        let seen = change(aws, op, &id, asked.follow_up(made)).await?;
        Ok((id, seen))
    }

    async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
        let mut found = Vec::with_capacity(ids.len());
        for names in ids.chunks(NAMES_PER_CALL) {
            let filter = types::Filter::builder().name("db-cluster-id").set_values(Some(names.to_vec())).build();
            found.extend(all(aws, Some(filter)).await?);
        }
        let read = ids.iter().map(|id| {
            let cluster = found.iter().find(|f| f.db_cluster_identifier().is_some_and(|name| name.eq_ignore_ascii_case(id)));
            // One that is on its way out is gone already, as far as a plan is concerned.
            cluster.filter(|f| f.status() != Some("deleting")).map(DbCluster::observe)
        });
        Ok(read.collect())
    }

    async fn update(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
        let desired = change.target()?;
        extras::promotion(aws, op, id, &change.observed, &desired).await?;
        extras::global(aws, op, id, &change.observed, &desired).await?;
        if change.changed.is_empty() {
            // An earlier operation was not through: nobody knows which of the attributes it was about.
            settle(aws, op, id, Until::Changed(change.asked.names())).await?;
        }
        self::change(aws, op, id, change).await
    }

    async fn delete(aws: &Aws, op: &Operation<'_>, id: &str, prior: Self) -> Result<(), ProviderError> {
        if find(aws, id).await?.is_none() {
            return Ok(());
        }
        let out = Self { global_cluster_identifier: Some(String::new()), ..prior.clone() };
        extras::global(aws, op, id, &prior, &out).await?;
        delete::delete(aws, op, id, &prior).await
    }

    async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
        let found = find(aws, &desired.name(op)).await?;
        Ok(found.filter(|f| made_by(f.tag_list(), op)).and_then(|f| f.db_cluster_identifier))
    }

    async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
        let found = match query::text(query, "db_cluster_identifier") {
            Some(name) => find(aws, &name).await?.into_iter().collect(),
            None => all(aws, None).await?,
        };
        query::only(query, found.iter().map(DbCluster::observe))
    }
}

impl DbCluster {
    fn name(&self, op: &Operation<'_>) -> String {
        self.db_cluster_identifier.as_ref().map_or_else(|| generated(op, LONGEST_NAME), |name| name.to_ascii_lowercase())
    }
}

/// A new cluster as it is after the call that made it: what cannot be read of it is as it was asked for, as far as that call took it.
fn as_made(seen: DbCluster, desired: &DbCluster) -> DbCluster {
    let whole = desired.origin() == Origin::Empty;
    DbCluster {
        master_user_password: desired.master_user_password.clone().filter(|_| whole),
        master_user_authentication_type: desired.master_user_authentication_type.clone().filter(|_| whole),
        ..seen
    }
}

/// Makes the change, and reads the cluster.
async fn change(aws: &Aws, op: &Operation<'_>, id: &str, change: Change<DbCluster>) -> Result<DbCluster, ProviderError> {
    let (prior, desired) = (&change.observed, &change.target()?);
    if let Some(call) = modify::request(id, prior, desired, &change.asked) {
        // RDS refuses changes while it is at something else, the daily backup say.
        settle(aws, op, id, Until::Usable).await?;
        call.send_with(aws.rds()).await.map_err(|e| provider_error("ModifyDBCluster", e))?;
        settle(aws, op, id, Until::Changed(&change.changed)).await?;
    }
    extras::http_endpoint(aws, prior, desired).await?;
    extras::roles(aws, op, id, prior, desired).await?;
    retag(aws, prior.db_cluster_arn.as_str(), &prior.tags, &desired.tags).await?;
    let found = find(aws, id).await?.ok_or_else(|| incomplete("DescribeDBClusters", "DBClusters"))?;
    Ok(DbCluster::observe(&found))
}

async fn all(aws: &Aws, filter: Option<types::Filter>) -> Result<Vec<types::DbCluster>, ProviderError> {
    let pages = aws.rds().describe_db_clusters().set_filters(filter.map(|f| vec![f])).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.map_err(|e| provider_error("DescribeDBClusters", e))
}
