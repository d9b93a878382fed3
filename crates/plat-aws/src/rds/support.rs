//! What the handlers of RDS share.

use aws_sdk_rds::primitives::{DateTime, DateTimeFormat};

crate::tags::tags_by_arn!(rds, aws_sdk_rds::types::Tag);

/// `2026-03-01T12:00:00Z`
pub fn moment(time: Option<&DateTime>) -> Option<String> {
    time.and_then(|t| t.fmt(DateTimeFormat::DateTime).ok())
}
