//! Plans, events and states as text, JSON and Markdown; pure: what is shown goes in, a text comes out.
//!
//! Nothing here knows a terminal. The caller says in a [`Style`] how wide a line may be and whether colours are wanted.

mod claims;
mod clean;
mod difference;
mod docs;
mod dot;
mod estimate;
mod fold;
mod headline;
mod lost;
mod markdown;
mod outcome;
mod plan_json;
mod plan_markdown;
mod plan_text;
mod policies;
mod progress;
mod recovery;
mod reference;
mod rehearsal;
mod source_text;
mod state;
mod state_diff;
mod style;
mod track;
mod trial;
mod unified;
mod value;
mod workflow;

pub use clean::{clean, clean_line};
pub use docs::{type_json, type_page};
pub use dot::{graph_dot, graph_json};
pub use estimate::spoken;
pub use markdown::markdown;
pub use outcome::{Failure, Outcome, outcome, outcome_json};
pub use plan_json::{drift_document, plan_json};
pub use plan_markdown::{LIMIT, plan_markdown};
pub use plan_text::plan_text;
pub use progress::{Progress, Running, Verb, line, settled};
pub use recovery::{recovery, recovery_json, undecided};
pub use reference::{Missing, Page, Reference, Topic};
pub use source_text::{is_told, resource_source, value_source};
pub use state::{
    output_value, outputs_json, outputs_text, record_json, record_text, resource_list, similar_address, state_json, state_source,
    state_text,
};
pub use state_diff::{state_diff, state_diff_json};
pub use style::{Role, Style};
pub use track::{Tracker, shell_quoted};
pub use trial::{Counts, Trial, trial_failures, trial_line, trial_summary, trials_json, trials_junit};
pub use unified::unified;
pub use value::{inline, masked_json};
pub use workflow::neutralized;

use crate::schema::{Registry, ResourceSchema};
use crate::source::{SourceMap, Span};
use crate::types::Type;
use crate::value::Duration;

/// What the renderers of a plan need beside the plan.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub sources: &'a SourceMap,
    pub registry: &'a Registry,
    pub style: Style,
    /// Show every creation with all its attributes.
    pub full: bool,
    /// The plan is to delete everything: no delete needs a reason of its own.
    pub destroying: bool,
    /// How long ago the state was written; `None` when that is not known.
    pub state_age: Option<Duration>,
}

impl View<'_> {
    fn place(&self, span: Option<Span>) -> String {
        span.map(|span| clean_line(&self.sources.place(span)).into_owned()).unwrap_or_default()
    }

    fn schema(&self, type_name: &str) -> Option<&ResourceSchema> {
        self.registry.get(type_name).map(AsRef::as_ref)
    }

    /// The declared type of an attribute; [`Type::Error`] for one that no schema knows.
    fn attribute_type(&self, type_name: &str, attribute: &str) -> Type {
        self.schema(type_name).and_then(|schema| schema.attribute(attribute)).map_or(Type::Error, |a| a.ty.clone())
    }
}
