//! What the waits of RDS share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration as StdDuration, Instant};

use plat::provider::AttributeNames;

use crate::wait::Progress;

/// How long RDS may list a resource as it was after it accepted the delete.
const DELETE_NOTICED: StdDuration = StdDuration::from_secs(300);

/// What is still awaited.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until<'a> {
    /// A new resource answers. It may not be shown everywhere yet.
    Created,
    /// It answers.
    Usable,
    /// And these attributes are as they are asked for. Others may stay pending, until a reboot or the maintenance window.
    Changed(&'a AttributeNames),
}

impl Until<'_> {
    /// Which of the attributes that are `under_way` are waited for.
    pub fn awaited(self, under_way: Vec<&'static str>) -> Vec<&'static str> {
        match self {
            Until::Created | Until::Usable => Vec::new(),
            Until::Changed(names) => under_way.into_iter().filter(|name| names.contains(name)).collect(),
        }
    }
}

/// What a wait says that ended before it was through.
pub(super) fn seen(status: &str, awaited: &[&str]) -> String {
    match awaited {
        [] => format!("the last status was `{status}`"),
        names => format!("the last status was `{status}`, and `{}` not yet as asked for", names.join("`, `")),
    }
}

/// Follows a delete: a resource that is listed as before is on its way out for some time, and no longer after it was seen going.
#[derive(Debug)]
pub(super) struct Leaving {
    since: Instant,
    going: AtomicBool,
}

impl Leaving {
    pub fn new() -> Self {
        Self { since: Instant::now(), going: AtomicBool::new(false) }
    }

    /// `status` of what is deleted; `None` when it is gone.
    pub fn progress(&self, id: &str, status: Option<&str>) -> Progress<()> {
        let Some(status) = status else { return Progress::Ready(()) };
        match status {
            "available" | "creating" | "modifying" | "rebooting" | "resetting-master-credentials" => {
                if self.going.load(Ordering::Relaxed) || self.since.elapsed() > DELETE_NOTICED {
                    return Progress::Failed(format!("`{id}` is {status}, and not being deleted any more"));
                }
            }
            _ => self.going.store(true, Ordering::Relaxed),
        }
        Progress::Waiting(seen(status, &[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_listed_as_before_for_a_while_after_the_delete() {
        let leaving = Leaving::new();
        assert!(matches!(leaving.progress("db", Some("available")), Progress::Waiting(_)));
        assert!(matches!(leaving.progress("db", Some("deleting")), Progress::Waiting(_)));
        assert!(matches!(leaving.progress("db", Some("available")), Progress::Failed(_)));
        assert!(matches!(leaving.progress("db", None), Progress::Ready(())));
    }

    #[test]
    fn only_what_was_asked_for_is_waited_for() {
        let names = AttributeNames::from(["multi_az"]);
        assert_eq!(Until::Changed(&names).awaited(vec!["multi_az", "engine_version"]), ["multi_az"]);
        assert!(Until::Usable.awaited(vec!["multi_az"]).is_empty());
        assert!(seen("modifying", &["multi_az"]).contains("`multi_az` not yet"));
    }
}
