//! What went wrong in a test, as diagnostics.

use crate::apply::{Doing, Failure};
use crate::diagnostic::{Code, DENIED, Diagnostic, STACK_ASSERT};
use crate::plan::{Plan, PrepareError, Protected};
use crate::provider::{ErrorKind, ProviderError};
use crate::source::Span;

/// An assert of the test does not hold.
pub(super) const ASSERT: Code = Code(851);
/// The test could not go on.
pub(super) const STUCK: Code = Code(852);
/// An expected error did not come.
pub(super) const NO_ERROR: Code = Code(853);
/// An assert waits for what only an apply tells.
pub(super) const TOO_EARLY: Code = Code(854);
/// What is protected would be lost.
pub(super) const PROTECTED: Code = Code(858);

/// Something that was wanted is not so; any other error means that the test could not be carried out.
pub(super) fn is_unfulfilled(diagnostic: &Diagnostic) -> bool {
    [ASSERT, NO_ERROR, STACK_ASSERT, DENIED].contains(&diagnostic.code)
}

/// Why there is no plan, or why it must not be carried out. `at`: the test's line.
pub(super) fn prepare(error: PrepareError, at: Span) -> Vec<Diagnostic> {
    let stuck = |span: Span, message: String, label: &str| {
        let diagnostic = Diagnostic::error(STUCK, span, message).label(label);
        if span == at { diagnostic } else { diagnostic.also(at, "the test's line") }
    };
    match error {
        PrepareError::Program(diagnostics) => diagnostics,
        PrepareError::Policies(diagnostics) => denials(diagnostics, at),
        PrepareError::Asserts(failed) => failed
            .into_iter()
            .map(|(message, span)| {
                Diagnostic::error(STACK_ASSERT, span, message.to_string())
                    .label("this assert of the stack does not hold")
                    .also(at, "at the test's line")
                    .help("make it hold under these params, or expect it: `expect error E0857`")
            })
            .collect(),
        PrepareError::Protected(all) => lost(&all, at),
        PrepareError::Lookup { address, span, error } => vec![
            stuck(span, format!("looking up `{address}`: {}", said(error)), "not answered in a test")
                .help("say more of what is meant, or what it finds: `with { name = { … } }`"),
        ],
        PrepareError::Secret { address, attribute, span, error } => {
            let message = format!("the secret that `{address}` takes for `{attribute}`: {}", said(error));
            vec![stuck(span.unwrap_or(at), message, "for this")]
        }
        other => vec![stuck(at, other.to_string(), "at this line")],
    }
}

/// What policies deny, of all that they say. `at`: the test's line.
pub(super) fn denials(diagnostics: Vec<Diagnostic>, at: Span) -> Vec<Diagnostic> {
    diagnostics.into_iter().filter(Diagnostic::is_error).map(|diagnostic| diagnostic.also(at, "at the test's line")).collect()
}

/// What is replaced is told at its name; what is deleted has none any more, and is told together.
fn lost(all: &[Protected], at: Span) -> Vec<Diagnostic> {
    let help = "keep it; or write `expect error E0858` when the test is about this, or `with { @protect = false }` when it is not";
    let replaced = all.iter().filter_map(|one| Some((one, one.span?))).map(|(one, span)| {
        Diagnostic::error(PROTECTED, span, format!("the plan would replace `{}`, which is protected", one.address))
            .label("protected")
            .also(at, "at the test's line")
    });
    let deleted: Vec<String> = all.iter().filter(|one| one.span.is_none()).map(|one| format!("`{}`", one.address)).collect();
    let deleted = match deleted.as_slice() {
        [] => None,
        [one] => Some(format!("the plan would delete {one}, which is protected")),
        several => Some(format!("the plan would delete {}, which are protected", several.join(", "))),
    };
    let deleted = deleted.map(|message| Diagnostic::error(PROTECTED, at, message).label("at this line"));
    replaced.chain(deleted).map(|diagnostic| diagnostic.help(help)).collect()
}

/// What a cloud that is no more said; nobody can ask it about a request.
fn said(error: ProviderError) -> ProviderError {
    ProviderError { request_id: None, ..error }
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
    let message = format!("{doing} `{address}`: {}", said(failure.error.clone()));
    let help = match failure.error.kind {
        ErrorKind::Exists => "give it a name of its own: something else of the stack has this one",
        _ => "change what is refused: it would be in an account, too",
    };
    let diagnostic = match step.and_then(|step| step.span) {
        Some(span) => Diagnostic::error(STUCK, span, message).label("refused").also(at, "at the test's line"),
        None => Diagnostic::error(STUCK, at, message).label("refused"),
    };
    diagnostic.help(help)
}
