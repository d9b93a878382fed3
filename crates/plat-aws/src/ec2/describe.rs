//! Reading EC2: many things per call, by filter, until they are as they should be.

use std::collections::HashMap;
use std::time::{Duration as StdDuration, Instant};

use aws_sdk_ec2::types::Filter;
use futures_util::future::try_join_all;
use plat::provider::{OPERATION_TAG, Operation, ProviderError};
use plat::schema::{Resource, value_to_json};
use plat::types::Type;
use plat::value::{ResolvedObject, Value};

use crate::client::Aws;
use crate::error::exactly_one;
use crate::wait::{Progress, until};

/// Values in one filter, by EC2's documentation of filtering.
pub(super) const FILTER_VALUES: usize = 200;

/// Things in one page.
pub(super) const PAGE: i32 = 1_000;

/// How long a changed thing may be read as it was.
const SETTLING: StdDuration = StdDuration::from_secs(5);

/// The longest pause between two looks. New ids that stay hidden for a minute must not make an apply take three times the calls.
const LOOK: StdDuration = StdDuration::from_secs(8);

/// One thing as a Describe call shows it.
pub(super) struct Seen<T> {
    /// What [`Described::ID_FILTER`] finds it by.
    pub id: String,
    pub value: T,
    /// It is not `pending` any more.
    pub ready: bool,
}

/// A type that one Describe call lists.
pub(super) trait Described: Resource + Clone {
    /// The filter that takes ids of the type. A filter and not the ids themselves: one missing id then fails nothing.
    const ID_FILTER: &'static str;

    /// The filters that narrow a lookup: attribute, filter. What has none is compared after the call.
    const FILTERS: &'static [(&'static str, &'static str)];

    /// Everything that fits, all pages of it.
    fn describe(aws: &Aws, filters: Vec<Filter>) -> impl Future<Output = Result<Vec<Seen<Self>>, ProviderError>> + Send;
}

pub(super) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// Reads by id, in the order of `ids`.
pub(super) async fn read<T: Described>(aws: &Aws, ids: &[String]) -> Result<Vec<Option<T>>, ProviderError> {
    let mut seen = see::<T>(aws, ids).await?;
    Ok(ids.iter().map(|id| seen.remove(id).map(|one| one.value)).collect())
}

/// What exists of `ids`, by id: as few calls as filters allow, side by side.
async fn see<T: Described>(aws: &Aws, ids: &[String]) -> Result<HashMap<String, Seen<T>>, ProviderError> {
    let calls = ids.chunks(FILTER_VALUES).map(|chunk| T::describe(aws, vec![filter(T::ID_FILTER, chunk)]));
    let seen = try_join_all(calls).await?;
    Ok(seen.into_iter().flatten().map(|one| (one.id.clone(), one)).collect())
}

/// Waits until the thing is there and no longer pending.
pub(super) async fn ready<T: Described>(aws: &Aws, op: &Operation<'_>, what: &str, id: &str) -> Result<T, ProviderError> {
    let ids = [id.to_owned()];
    until(what, op.timeout, LOOK, || async {
        Ok(match see::<T>(aws, &ids).await?.remove(id) {
            Some(seen) if seen.ready => Progress::Ready(seen.value),
            _ => Progress::Pending,
        })
    })
    .await
}

/// Reads after changes, until what is read is what was asked for. EC2 may show the thing as it was for a moment; when it goes on
/// doing so, what it shows is the truth.
pub(super) async fn settled<T: Described>(aws: &Aws, op: &Operation<'_>, what: &str, id: &str, desired: &T) -> Result<T, ProviderError> {
    let started = Instant::now();
    let mut pause = StdDuration::from_millis(100);
    loop {
        let value = ready::<T>(aws, op, what, id).await?;
        if as_asked(desired, &value) || started.elapsed() > SETTLING {
            return Ok(value);
        }
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.6);
    }
}

/// Does every readable attribute that `desired` sets have its value in `read`?
fn as_asked<T: Resource>(desired: &T, read: &T) -> bool {
    let (desired, read) = (desired.to_object(), read.to_object());
    T::schema().attributes.iter().filter(|a| a.is_input() && !a.write_only).all(|attribute| match desired.get(attribute.name) {
        None | Some(Value::Null) => true,
        Some(wanted) => read.get(attribute.name).is_some_and(|value| attribute.same(wanted, value)),
    })
}

/// Waits until nothing is found by the id any more.
pub(super) async fn gone<T: Described>(aws: &Aws, op: &Operation<'_>, what: &str, id: &str) -> Result<(), ProviderError> {
    let ids = [id.to_owned()];
    until(what, op.timeout, LOOK, || async {
        Ok(if see::<T>(aws, &ids).await?.is_empty() { Progress::Ready(()) } else { Progress::Pending })
    })
    .await
}

/// The id of what an operation created, by the tag that it gave.
pub(super) async fn created_by<T: Described>(aws: &Aws, op: &Operation<'_>) -> Result<Option<String>, ProviderError> {
    let found = T::describe(aws, vec![filter(&format!("tag:{OPERATION_TAG}"), [op.id])]).await?;
    Ok(found.into_iter().next().map(|seen| seen.id))
}

/// The one thing that has what the query says.
pub(super) async fn lookup<T: Described>(aws: &Aws, query: &ResolvedObject) -> Result<T, ProviderError> {
    let found = T::describe(aws, filters(query, T::FILTERS)).await?;
    exactly_one(T::NAME, found.into_iter().map(|seen| seen.value).filter(|value| fits(query, value)).collect())
}

/// The query's attributes that EC2 can filter by.
fn filters(query: &ResolvedObject, names: &[(&str, &str)]) -> Vec<Filter> {
    let mut filters = Vec::new();
    for (attribute, name) in names {
        if let Some(text) = query.get(*attribute).and_then(filter_text) {
            filters.push(filter(name, [text]));
        }
    }
    if let Some(Value::Object(tags)) = query.get("tags") {
        filters.extend(tags.iter().filter_map(|(key, value)| Some(filter(&format!("tag:{key}"), [value.as_str()?]))));
    }
    filters
}

fn filter_text(value: &Value) -> Option<String> {
    match value_to_json(value) {
        serde_json::Value::String(text) => Some(text),
        scalar @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => Some(scalar.to_string()),
        _ => None,
    }
}

/// Has the thing every value that the query asks for? Of a map, such as tags, only the keys that the query names.
pub(super) fn fits<T: Resource>(query: &ResolvedObject, value: &T) -> bool {
    let (schema, value) = (T::schema(), value.to_object());
    query.iter().filter(|(_, wanted)| !wanted.is_null()).all(|(name, wanted)| {
        let (Some(attribute), Some(found)) = (schema.attribute(name), value.get(name)) else { return false };
        match (wanted, found, attribute.ty.required()) {
            (Value::Object(wanted), Value::Object(found), Type::Map(_)) => wanted.iter().all(|(key, value)| found.get(key) == Some(value)),
            _ => attribute.same(wanted, found),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ec2::Subnet;

    fn query(entries: &[(&str, Value)]) -> ResolvedObject {
        ResolvedObject::new(entries.iter().map(|(k, v)| ((*k).into(), v.clone())).collect()).unwrap()
    }

    #[test]
    fn a_query_becomes_filters() {
        let tags = Value::object([("Name", Value::str("a"))]);
        let query = query(&[("vpc_id", Value::str("vpc-1")), ("cidr_block", Value::Cidr("10.0.0.0/24".parse().unwrap())), ("tags", tags)]);
        let made = filters(&query, Subnet::FILTERS);
        let mut texts: Vec<_> = made.iter().map(|f| format!("{}={}", f.name().unwrap(), f.values().join(","))).collect();
        texts.sort();
        assert_eq!(texts, ["cidr-block=10.0.0.0/24", "tag:Name=a", "vpc-id=vpc-1"]);
    }

    #[test]
    fn only_what_has_all_that_is_asked_for_fits() {
        let mut subnet = Subnet { vpc_id: "vpc-1".into(), ..Subnet::default() };
        subnet.tags.insert("Name".into(), "a".into());
        subnet.tags.insert("Team".into(), "x".into());
        let tags = |name: &str| Value::object([("Name", Value::str(name))]);
        assert!(fits(&query(&[("tags", tags("a")), ("vpc_id", Value::str("vpc-1"))]), &subnet));
        assert!(!fits(&query(&[("tags", tags("b"))]), &subnet));
        assert!(!fits(&query(&[("vpc_id", Value::str("vpc-2"))]), &subnet));
        assert!(!fits(&query(&[("availability_zone", Value::str("us-west-2a"))]), &subnet));
    }

    #[test]
    fn a_read_that_lags_is_not_as_asked() {
        let desired = Subnet { vpc_id: "vpc-1".into(), map_public_ip_on_launch: true, ..Subnet::default() };
        let read = Subnet { subnet_id: "subnet-1".into(), ..desired.clone() };
        assert!(as_asked(&desired, &read));
        assert!(!as_asked(&desired, &Subnet { map_public_ip_on_launch: false, ..read.clone() }));
        assert!(as_asked(&desired, &Subnet { availability_zone: Some("us-west-2a".into()), ..read }));
    }
}
