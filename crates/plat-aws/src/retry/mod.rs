//! Retries: which refusals of AWS pass by themselves, and how long plat waits for that.
//!
//! [`table`] is the one list of such refusals. [`interceptor`] applies it to every call that a create, an update or a
//! delete makes; nothing else repeats a refused call. A refusal is an answer with a 4xx status and an error code: AWS
//! changed nothing, so the same request is safe to send again. An outcome that nobody knows is never retried here.

#[cfg(feature = "client")]
pub(crate) mod interceptor;
#[cfg(feature = "client")]
mod refusal;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use table::rows;

/// Why a call was refused, which decides how long the refusal may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// IAM has not shown a role, a policy or a principal everywhere yet.
    Propagation,
    /// The service has not shown a new dependency everywhere yet.
    Created,
    /// The thing is being changed: modifying, an update in progress, storage optimization, not available for tags.
    Busy,
    /// Another request changes the same thing at this moment.
    Conflict,
    /// Something that is being deleted still holds the thing.
    Released,
    /// Network interfaces may hold the thing. The delete waits for them itself, because it removes detached ones.
    Interfaces,
    /// The name of a deleted thing is not free yet, or the service has not noticed yet that the last user is gone.
    Settling,
    /// The service creates its service-linked role on its first use in an account.
    ServiceLinkedRole,
    /// A refusal that never passes, among others of the same code that do.
    Final,
}

impl Class {
    /// The longest time that AWS needs; `None` stands for the timeout of the operation, which bounds the others, too.
    pub fn limit(self) -> Option<Duration> {
        match self {
            // AWS documents "within seconds" and other providers wait two minutes.
            Self::Propagation | Self::Created | Self::Conflict | Self::ServiceLinkedRole => Some(Duration::from_secs(120)),
            // Secrets Manager frees the name of a force-deleted secret within two minutes.
            Self::Settling => Some(Duration::from_secs(130)),
            Self::Busy | Self::Released | Self::Interfaces => None,
            Self::Final => Some(Duration::ZERO),
        }
    }

    /// Whether the interceptor sends the call again.
    #[cfg(feature = "client")]
    fn repeats(self) -> bool {
        !matches!(self, Self::Interfaces | Self::Final)
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The service's name in signatures, `ec2`.
    pub service: &'static str,
    /// Names of API operations. One that ends in `*` stands for all that begin so.
    pub operations: &'static [&'static str],
    /// AWS's error code. One that begins with `*` stands for all that end so; empty stands for all but refused permissions.
    pub code: &'static str,
    /// A part of AWS's message, in any case; `*` stands for any text.
    pub message: &'static str,
    pub class: Class,
}

impl Row {
    fn covers(&self, operation: &str, code: &str, message: &str) -> bool {
        let same_operation = |name: &&str| match name.strip_suffix('*') {
            Some(start) => operation.starts_with(start),
            None => operation == *name,
        };
        // RDS and ElastiCache do not have `Fault` at the end of a code everywhere.
        let short = code.strip_suffix("Fault").unwrap_or(code);
        let same_code = match self.code.strip_prefix('*') {
            Some(end) => short.ends_with(end),
            None if self.code.is_empty() => !is_permission(code),
            None => self.code == code || self.code == short,
        };
        same_code && self.operations.iter().any(same_operation) && contains(message, self.message)
    }
}

/// A missing permission never passes by itself, whatever its message says.
fn is_permission(code: &str) -> bool {
    ["AccessDenied", "Unauthorized", "NotAuthorized"].iter().any(|start| code.starts_with(start))
}

fn contains(text: &str, pattern: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut rest = text.as_str();
    pattern.to_ascii_lowercase().split('*').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// Whether a refusal of an operation, whose name only one service has, is one that the interceptor repeats until the deadline.
#[cfg(feature = "client")]
fn passes(operation: &str, code: &str, message: &str) -> bool {
    rows().find(|row| row.covers(operation, code, message)).is_some_and(|row| row.class.repeats() && row.class.limit().is_none())
}

/// The class of a refusal, by the first row that covers it.
pub fn class(service: &str, operation: &str, code: &str, message: &str) -> Option<Class> {
    let of_service = |row: &&Row| row.service == service || row.service.is_empty();
    rows().filter(of_service).find(|row| row.covers(operation, code, message)).map(|row| row.class)
}
