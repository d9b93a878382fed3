use std::collections::BTreeMap;

use plat::schema::Arn;
use plat_derive::Resource;

/// Settings of an engine for the instances that have the group.
///
/// Belongs to a family, an engine's version: `postgres16`, `mysql8.0`. What is not said in `parameters` is as the family has it. A dynamic
/// parameter takes effect at once, a static one when the instance starts again.
///
/// ```plat
/// resource settings: aws.rds.DBParameterGroup {
///   family      = "postgres16"
///   description = "Slow queries are logged"
///   parameters  = { log_min_duration_statement = "500", "rds.force_ssl" = "1" }
/// }
/// resource db: aws.rds.DBInstance {
///   db_instance_class       = "db.t3.micro"
///   engine                  = "postgres"
///   engine_version          = "16"
///   allocated_storage       = 20GiB
///   storage_encrypted       = true
///   master_username         = "app"
///   master_user_password    = secret.aws("shop/db")
///   db_parameter_group_name = settings.db_parameter_group_name
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Resource)]
#[resource("aws.rds.DBParameterGroup", import = db_parameter_group_name, arn = db_parameter_group_arn, recovery = Name, claims = super::claims::db_parameter_group, rules = &[super::rules::PARAMETER_GROUP])]
pub struct DbParameterGroup {
    /// Name of the group, unique in the account and region. RDS keeps it in lower case. Left out: made from the resource's address.
    #[attr(chosen, replaces, ignore_case, sample("{name}"))]
    pub db_parameter_group_name: Option<String>,
    /// Family of the group, `postgres16`.
    #[attr(required, replaces)]
    pub family: String,
    /// What the group is for.
    #[attr(required, replaces)]
    pub description: String,
    /// Values by the names that RDS has for them, as text. Leave out what is as the family has it: RDS does not always keep that such a value was set.
    #[attr(optional)]
    pub parameters: BTreeMap<String, String>,
    /// Tags.
    #[attr(optional)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the group.
    #[attr(computed, sample("arn:aws:rds:{region}:{account}:pg:{name}"))]
    pub db_parameter_group_arn: Arn<DbParameterGroup>,
}

#[cfg(feature = "rds")]
mod handler {
    use aws_sdk_rds::types::{self, Parameter, Tag};
    use plat::provider::{Asked, Change, Operation, ProviderError, ResourceHandler};
    use plat::value::ResolvedObject;

    use super::DbParameterGroup;
    use crate::client::Aws;
    use crate::error::provider_error;
    use crate::names::generated;
    use crate::query;
    use crate::rds::parameter_groups::{self as groups, Calls, Group, LONGEST_NAME};

    impl ResourceHandler<Aws> for DbParameterGroup {
        async fn create(aws: &Aws, op: &Operation<'_>, asked: Asked<Self>) -> Result<(String, Self), ProviderError> {
            let desired = asked.into_values();
            let (id, seen) = groups::create::<Self>(aws, op, Group { name: desired.name(op), ..desired.into() }).await?;
            Ok((id, seen.into()))
        }

        async fn read(aws: &Aws, ids: &[String]) -> Result<Vec<Option<Self>>, ProviderError> {
            Ok(groups::read::<Self>(aws, ids).await?.into_iter().map(|found| found.map(Self::from)).collect())
        }

        async fn update(aws: &Aws, _: &Operation<'_>, id: &str, change: Change<Self>) -> Result<Self, ProviderError> {
            let (prior, desired) = change.into_sides()?;
            groups::update::<Self>(aws, id, &prior.into(), &desired.into()).await.map(Self::from)
        }

        async fn delete(aws: &Aws, _: &Operation<'_>, id: &str, _: Self) -> Result<(), ProviderError> {
            groups::delete::<Self>(aws, id).await
        }

        async fn find(aws: &Aws, op: &Operation<'_>, desired: &Self) -> Result<Option<String>, ProviderError> {
            groups::made::<Self>(aws, op, &desired.name(op)).await
        }

        async fn lookup(aws: &Aws, query: &ResolvedObject) -> Result<Self, ProviderError> {
            let name = query::text(query, "db_parameter_group_name");
            query::only(query, groups::candidates::<Self>(aws, name.as_deref()).await?.into_iter().map(Self::from))
        }
    }

    impl DbParameterGroup {
        fn name(&self, op: &Operation<'_>) -> String {
            self.db_parameter_group_name.as_ref().map_or_else(|| generated(op, LONGEST_NAME), |name| name.to_ascii_lowercase())
        }
    }

    impl From<DbParameterGroup> for Group {
        fn from(group: DbParameterGroup) -> Self {
            Self {
                name: group.db_parameter_group_name.unwrap_or_default(),
                family: group.family,
                description: group.description,
                parameters: group.parameters,
                tags: group.tags,
                arn: group.db_parameter_group_arn.to_string(),
            }
        }
    }

    impl From<Group> for DbParameterGroup {
        fn from(group: Group) -> Self {
            Self {
                db_parameter_group_name: Some(group.name),
                family: group.family,
                description: group.description,
                parameters: group.parameters,
                tags: group.tags,
                db_parameter_group_arn: group.arn.as_str().into(),
            }
        }
    }

    impl Calls for DbParameterGroup {
        async fn create(aws: &Aws, wanted: &Group, tags: Vec<Tag>) -> Result<(), ProviderError> {
            let call =
                aws.rds().create_db_parameter_group().db_parameter_group_name(&wanted.name).db_parameter_group_family(&wanted.family);
            let answer = call.description(&wanted.description).set_tags(Some(tags)).send().await;
            answer.map(drop).map_err(|e| provider_error("CreateDBParameterGroup", e))
        }

        async fn groups(aws: &Aws, name: Option<&str>) -> Result<Vec<Group>, ProviderError> {
            let call = aws.rds().describe_db_parameter_groups().set_db_parameter_group_name(name.map(str::to_owned));
            let pages = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
            Ok(pages.map_err(|e| provider_error("DescribeDBParameterGroups", e))?.into_iter().map(shown).collect())
        }

        async fn parameters(aws: &Aws, name: &str, source: Option<&str>) -> Result<Vec<Parameter>, ProviderError> {
            let call = aws.rds().describe_db_parameters().db_parameter_group_name(name).set_source(source.map(str::to_owned));
            let pages = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
            pages.map_err(|e| provider_error("DescribeDBParameters", e))
        }

        async fn modify(aws: &Aws, name: &str, parameters: Vec<Parameter>) -> Result<(), ProviderError> {
            let answer = aws.rds().modify_db_parameter_group().db_parameter_group_name(name).set_parameters(Some(parameters)).send().await;
            answer.map(drop).map_err(|e| provider_error("ModifyDBParameterGroup", e))
        }

        async fn reset(aws: &Aws, name: &str, parameters: Vec<Parameter>) -> Result<(), ProviderError> {
            let call = aws.rds().reset_db_parameter_group().db_parameter_group_name(name).reset_all_parameters(false);
            let answer = call.set_parameters(Some(parameters)).send().await;
            answer.map(drop).map_err(|e| provider_error("ResetDBParameterGroup", e))
        }

        async fn delete(aws: &Aws, name: &str) -> Result<(), ProviderError> {
            let answer = aws.rds().delete_db_parameter_group().db_parameter_group_name(name).send().await;
            answer.map(drop).map_err(|e| provider_error("DeleteDBParameterGroup", e))
        }
    }

    fn shown(found: types::DbParameterGroup) -> Group {
        Group {
            name: found.db_parameter_group_name.unwrap_or_default(),
            family: found.db_parameter_group_family.unwrap_or_default(),
            description: found.description.unwrap_or_default(),
            arn: found.db_parameter_group_arn.unwrap_or_default(),
            ..Group::default()
        }
    }
}
