//! `import`: what exists and is not recorded yet is read, and compared like anything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Address;
use crate::desired::{Desired, Import};
use crate::diagnostic::{Code, Diagnostic};
use crate::provider::with_known;
use crate::schema::Attribute;
use crate::source::Span;
use crate::state::{FingerprintKey, Record, Status};
use crate::value::Object;

use super::external::{ExternalKeys, sets_key};
use super::options::{Engine, PrepareError};
use super::secrets::conceal_observed;
use super::view::View;
use super::{Step, observe};

/// Reads what `import` names; what is recorded at its address already is left alone.
pub(super) async fn read(
    engine: &Engine,
    desired: &Desired,
    view: &mut View,
    key: &FingerprintKey,
    external: &ExternalKeys<'_>,
    region: &str,
) -> Result<BTreeMap<Address, Arc<Record>>, PrepareError> {
    use futures_util::{StreamExt, stream};
    let open: Vec<&Import> = desired.imports.iter().filter(|import| !view.records.contains_key(&import.address)).collect();
    let mut mistakes: Vec<Diagnostic> = open.iter().filter_map(|import| managed(import, desired, view, region)).collect();
    let questions = open.into_iter().map(|import| one(engine, desired, import, region));
    let answers: Vec<_> = match mistakes.is_empty() {
        true => stream::iter(questions).buffered(observe::QUESTIONS).collect().await,
        false => Vec::new(),
    };
    let mut imported = BTreeMap::new();
    for answer in answers {
        match answer {
            Ok((address, mut record)) => {
                let (observed, live) = conceal_observed(key, &address, std::mem::take(&mut record.observed));
                record.observed = match (desired.resources.get(&address), engine.registry.get(&record.type_name)) {
                    (Some(resource), Some(schema)) => {
                        let is_own = |attribute: &Attribute, key: &str| sets_key(&resource.inputs, attribute, key);
                        external.strip(&schema.attributes, observed, &is_own)
                    }
                    _ => observed,
                };
                if let Some(live) = live {
                    view.live.insert(address.clone(), live);
                }
                imported.insert(address, Arc::new(record));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(imported) } else { Err(PrepareError::Program(mistakes)) }
}

/// The id is recorded under another address.
fn managed(import: &Import, desired: &Desired, view: &View, region: &str) -> Option<Diagnostic> {
    let resource = desired.resources.get(&import.address)?;
    let region = resource.options.region.as_deref().unwrap_or(region);
    let same = |record: &Record| *record.id == *import.id && record.type_name == resource.type_name && record.region == region;
    let (other, _) = view.records.iter().find(|(_, record)| same(record))?;
    let mistake = Diagnostic::error(Code(318), import.id_span, format!("`{}` is managed already, as `{other}`", import.id))
        .label(format!("cannot be `{}` as well", import.address))
        .help(format!("to rename it, write `moved {other} -> {}` in place of this line", import.address));
    Some(mistake)
}

async fn one(engine: &Engine, desired: &Desired, import: &Import, region: &str) -> Result<(Address, Record), Diagnostic> {
    let Some(resource) = desired.resources.get(&import.address) else {
        return Err(Diagnostic::error(Code(317), import.span, format!("the program has no resource `{}`", import.address))
            .label("nothing to import it as")
            .help("declare the resource, with what it is to be"));
    };
    let region = resource.options.region.as_deref().unwrap_or(region);
    let failed = |message: String| Diagnostic::error(Code(317), import.id_span, message);
    let found = engine.provider.read(&resource.type_name, region, &[import.id.to_string()]).await.map_err(|error| {
        failed(format!("`{}` cannot be read, to be imported as `{}`: {error}", import.id, import.address)).label("the id")
    })?;
    let Some(observed) = found.into_iter().next().flatten() else {
        let parts = engine.registry.get(&resource.type_name).map(|schema| schema.import.join("|").to_uppercase()).unwrap_or_default();
        return Err(failed(format!("there is no `{}` with the id `{}` in {region}", resource.type_name, import.id))
            .label("not found")
            .also(resource.span, format!("to be imported as `{}`", import.address))
            .help(format!("the id of one is its {parts}")));
    };
    let record = Record {
        type_name: resource.type_name.clone(),
        id: import.id.to_string(),
        region: region.to_owned(),
        inputs: Default::default(),
        observed: with_known(observed, &Object::default()),
        drift: Default::default(),
        dependencies: Vec::new(),
        protect: false,
        retain: false,
        status: Status::Ready,
    };
    Ok((import.address.clone(), record))
}

/// An import adopts; it never destroys what it was told to keep.
pub(super) fn would_replace(step: &Step, record: &Record, forced_by: &[Arc<str>], span: Span) -> Diagnostic {
    let names = forced_by.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let culprit = step.changes.iter().find(|change| change.forces_replacement);
    let is = culprit.and_then(|change| change.before.as_ref()).filter(|value| !super::holds_secret(value) && value.unknown().is_none());
    let is = is.map(|value| crate::schema::value_to_json(value).to_string());
    Diagnostic::error(
        Code(319),
        culprit.and_then(|change| change.span).unwrap_or(span),
        format!("`{}` is imported, and {} cannot change in place", step.address, names.join(", ")),
    )
    .label(format!("`{}` would have to be replaced for this", record.id))
    .help(match is {
        Some(is) => format!("write it as it is, {is}, or import another id"),
        None => "write it as it is, or import another id".to_owned(),
    })
}
