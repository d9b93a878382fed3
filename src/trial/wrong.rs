//! What went wrong in a test, as diagnostics.

use crate::apply::{Doing, Failure};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Plan, PrepareError, Protected};
use crate::source::Span;

/// An assert of the test does not hold.
pub(super) const ASSERT: Code = Code(851);
/// The test could not go on.
pub(super) const STUCK: Code = Code(852);
/// An expected error did not come.
pub(super) const NO_ERROR: Code = Code(853);
/// An assert waits for what only an apply tells.
pub(super) const TOO_EARLY: Code = Code(854);
/// An assert of the stack does not hold.
pub(super) const STACK_ASSERT: Code = Code(857);
/// What is protected would be lost.
pub(super) const PROTECTED: Code = Code(858);

/// Something that was wanted is not so; any other error means that the test could not be carried out.
pub(super) fn is_unfulfilled(diagnostic: &Diagnostic) -> bool {
    [ASSERT, NO_ERROR, STACK_ASSERT].contains(&diagnostic.code)
}

/// Why there is no plan, or why it must not be carried out. `at`: the test's line.
pub(super) fn prepare(error: PrepareError, at: Span) -> Vec<Diagnostic> {
    let stuck = |span: Span, message: String, label: &str| {
        let diagnostic = Diagnostic::error(STUCK, span, message).label(label);
        if span == at { diagnostic } else { diagnostic.also(at, "the test's line") }
    };
    match error {
        PrepareError::Program(diagnostics) => diagnostics,
        PrepareError::Asserts(failed) => failed
            .into_iter()
            .map(|(message, span)| {
                Diagnostic::error(STACK_ASSERT, span, message.to_string())
                    .label("this assert of the stack does not hold")
                    .also(at, "at the test's line")
                    .help("make it hold under these params, or expect it: `expect error E0857`")
            })
            .collect(),
        PrepareError::Protected(lost) => lost.iter().map(|protected| lost_one(protected, at)).collect(),
        PrepareError::Lookup { address, span, error } => vec![
            stuck(span, format!("looking up `{address}`: {error}"), "nothing answers it in a test")
                .help("a test's cloud is empty at its start: what is looked up must be a type that can only be looked up"),
        ],
        PrepareError::Secret { address, attribute, span, error } => {
            let message = format!("the secret that `{address}` takes for `{attribute}`: {error}");
            vec![stuck(span.unwrap_or(at), message, "for this")]
        }
        other => vec![stuck(at, other.to_string(), "at this line")],
    }
}

fn lost_one(protected: &Protected, at: Span) -> Diagnostic {
    let what = if protected.replaced { "replace" } else { "delete" };
    let message = format!("the plan would {what} `{}`, which is protected", protected.address);
    let diagnostic = match protected.span {
        Some(span) => Diagnostic::error(PROTECTED, span, message).label("protected").also(at, "at the test's line"),
        None => Diagnostic::error(PROTECTED, at, message).label("not in the program any more"),
    };
    diagnostic.help("keep it; or, if that is what the test is about, write `expect error E0858`, or take the protection away: `with { @protect = false }`")
}

/// A step of the plan that the cloud refused.
pub(super) fn failed(failure: &Failure, plan: &Plan, at: Span) -> Diagnostic {
    let doing = match failure.doing {
        Doing::Creating => "creating",
        Doing::Updating => "changing",
        Doing::Deleting => "deleting",
        Doing::Importing => "importing",
        Doing::Forgetting => "forgetting",
    };
    let step = plan.steps.get(failure.step);
    let address = step.map(|step| step.address.to_string()).unwrap_or_default();
    let message = format!("{doing} `{address}`: {}", failure.error);
    match step.and_then(|step| step.span) {
        Some(span) => Diagnostic::error(STUCK, span, message).label("refused").also(at, "at the test's line"),
        None => Diagnostic::error(STUCK, at, message).label("refused"),
    }
}
