//! The bucket or container that a stack keeps its state in.

use std::sync::Arc;

use plat::desired::StateLocation;
use plat::state::objects::Objects;

use crate::failure::Failure;

/// What the stack names. `region`: the stack's own, for a bucket that names none.
pub fn open(place: &StateLocation, region: Option<&str>) -> Result<Arc<dyn Objects>, Failure> {
    match place {
        StateLocation::Local => Err(Failure::new("a local state is in no bucket")),
        StateLocation::S3 { bucket, region: own, prefix } => s3(bucket, own.as_deref().or(region), prefix),
        StateLocation::Gcs { bucket, prefix } => gcs(bucket, prefix),
        StateLocation::Azure { account, container, prefix } => azure(account, container, prefix),
    }
}

#[cfg(feature = "aws")]
fn s3(bucket: &str, region: Option<&str>, prefix: &str) -> Result<Arc<dyn Objects>, Failure> {
    Ok(Arc::new(plat_aws::StateBucket::new(plat_aws::Settings::default(), bucket, region, prefix)))
}

#[cfg(not(feature = "aws"))]
fn s3(bucket: &str, _: Option<&str>, _: &str) -> Result<Arc<dyn Objects>, Failure> {
    Err(unknown(&format!("the S3 bucket `{bucket}`"), "AWS", "aws"))
}

#[cfg(feature = "buckets")]
fn gcs(bucket: &str, prefix: &str) -> Result<Arc<dyn Objects>, Failure> {
    let environment = plat_objects::Environment { google_emulator: std::env::var("STORAGE_EMULATOR_HOST").ok() };
    let opened = plat_objects::gcs(plat_aws::https(), &environment, bucket, prefix);
    Ok(Arc::new(opened.map_err(|error| Failure::new(format!("the bucket `{bucket}` cannot be used: {error}")))?))
}

#[cfg(feature = "buckets")]
fn azure(account: &str, container: &str, prefix: &str) -> Result<Arc<dyn Objects>, Failure> {
    let opened = plat_objects::azure(plat_aws::https(), account, container, prefix);
    Ok(Arc::new(opened.map_err(|error| Failure::new(format!("the storage account `{account}` cannot be used: {error}")))?))
}

#[cfg(not(feature = "buckets"))]
fn gcs(bucket: &str, _: &str) -> Result<Arc<dyn Objects>, Failure> {
    Err(unknown(&format!("the Google Cloud Storage bucket `{bucket}`"), "Google Cloud Storage", "buckets"))
}

#[cfg(not(feature = "buckets"))]
fn azure(account: &str, container: &str, _: &str) -> Result<Arc<dyn Objects>, Failure> {
    Err(unknown(&format!("the container `{container}` of the Azure storage account `{account}`"), "Azure", "buckets"))
}

#[cfg(not(all(feature = "aws", feature = "buckets")))]
fn unknown(place: &str, cloud: &str, feature: &str) -> Failure {
    Failure::new(format!("the stack keeps its state in {place}, and this build of plat does not speak to {cloud}"))
        .help(format!("try the stack with `--sandbox`, or build plat with the feature `{feature}`"))
}
