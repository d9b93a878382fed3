//! Checks of evaluated resources against what their types declare in the schema.
//!
//! A check reports only what follows from known values. The plan, the call and the sandbox run the same
//! checks again when more is known.

mod claims;
pub mod constraints;
mod findings;
mod rule_report;
pub mod rules;
mod test;

use crate::desired::Resources;
use crate::diagnostic::Diagnostic;
use crate::network::Places;
use crate::schema::Registry;

pub(crate) use claims::{conflict, is_id};
pub use findings::Findings;
pub use test::Seen;

/// Checks every resource; returns errors and warnings in the order of the source.
pub fn check(resources: &Resources, registry: &Registry, places: &dyn Places) -> Vec<Diagnostic> {
    let mut findings = Findings::new(places);
    claims::check(resources, registry, &mut findings);
    constraints::check(resources, registry, &mut findings);
    rules::check(resources, registry, &mut findings);
    findings.finish()
}
