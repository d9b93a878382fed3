//! What going back to an earlier state does not bring back.

use serde_json::{Value as JsonValue, json};

use super::View;
use super::clean::clean_line;
use super::style::{Role, columns, pad};
use crate::plan::Plan;
use crate::plan::past::{Loss, Lost};

/// Things that come back under another id that are named; the others are counted.
const NAMED: usize = 5;

pub(super) const HEAD: &str = "Cannot be undone:";

/// `comes back empty: what the old one held is gone`
pub(super) fn said(loss: &Loss) -> String {
    match loss {
        Loss::Data => "comes back empty: what the old one held is gone".to_owned(),
        Loss::Identity => "comes back under another id".to_owned(),
        Loss::Secret { attribute } => {
            format!("`{attribute}` stays what the program has today: of the old secret only a fingerprint is kept")
        }
    }
}

/// Those that are named, and a line for the others.
pub(super) fn listed(plan: &Plan) -> (Vec<&Lost>, Option<String>) {
    let (others, mut named): (Vec<&Lost>, Vec<&Lost>) = plan.lost.iter().partition(|lost| lost.loss == Loss::Identity);
    let more = others.len().saturating_sub(NAMED);
    named.extend(others.into_iter().take(NAMED));
    (named, (more > 0).then(|| format!("and {more} more come back under other ids")))
}

/// The part of a plan's text.
pub(super) fn text(plan: &Plan, view: &View<'_>) -> Option<String> {
    if plan.lost.is_empty() {
        return None;
    }
    let (named, more) = listed(plan);
    let address = |lost: &Lost| clean_line(&lost.address.to_string()).into_owned();
    let width = named.iter().map(|lost| columns(&address(lost))).max().unwrap_or(0).min(44);
    let lines = named.iter().map(|lost| format!("  {}  {}", pad(&address(lost), width), clean_line(&said(&lost.loss))));
    let lines = std::iter::once(view.style.paint(Role::Warning, HEAD)).chain(lines).chain(more.map(|more| format!("  {more}")));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

pub(super) fn to_json(plan: &Plan) -> Vec<JsonValue> {
    let lost = |lost: &Lost| {
        let (kind, attribute) = match &lost.loss {
            Loss::Data => ("data", None),
            Loss::Identity => ("identity", None),
            Loss::Secret { attribute } => ("secret", Some(&**attribute)),
        };
        json!({ "address": lost.address.to_string(), "kind": kind, "attribute": attribute, "message": said(&lost.loss) })
    };
    plan.lost.iter().map(lost).collect()
}
