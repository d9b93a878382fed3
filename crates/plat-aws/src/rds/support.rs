//! What the handlers of RDS share.

use aws_sdk_rds::primitives::{DateTime, DateTimeFormat};
use plat::provider::{ErrorKind, ProviderError};

crate::tags::tags_by_arn!(rds, aws_sdk_rds::types::Tag);

/// `2026-03-01T12:00:00Z`
pub fn moment(time: Option<&DateTime>) -> Option<String> {
    time.and_then(|t| t.fmt(DateTimeFormat::DateTime).ok())
}

/// The time that an attribute says; `operation` is refused when that is none.
pub fn moment_of(text: &str, attribute: &str, operation: &str) -> Result<DateTime, ProviderError> {
    DateTime::from_str(text, DateTimeFormat::DateTime).map_err(|_| {
        let message = format!("`{attribute}` is `{text}`; write a UTC time like `2026-03-01T12:00:00Z`");
        ProviderError::new(ErrorKind::Refused, operation, message)
    })
}

/// Name of the snapshot that a delete takes when none is said: the same for every repetition of the operation, so that a repeated delete finds
/// its own snapshot.
pub fn final_name(of: &str, operation: &str) -> String {
    let letters: String = operation.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let skipped = letters.chars().count().saturating_sub(12);
    format!("{of}-final-{}", letters.chars().skip(skipped).collect::<String>())
}
