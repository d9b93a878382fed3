//! Events of an apply, followed: what runs, what is done, what failed and what waits for it.

use std::collections::{BTreeSet, HashMap};

use super::outcome::{Failure, Outcome};
use super::progress::{Progress, Running, Verb};
use super::value::inline;
use crate::address::Address;
use crate::apply::{self, Doing, Event, Happened, Stop};
use crate::plan::{Action, Plan, PolicyFinding, Step, Verdict};
use crate::provider::{ErrorKind, ProviderError};
use crate::source::{SourceMap, Span};
use crate::types::Type;
use crate::value::{Duration, Value};

/// Follows one apply. Times are since its start, and given by the caller.
#[derive(Debug, Clone)]
pub struct Tracker {
    steps: Vec<Tracked>,
    failures: Vec<(usize, Doing, ProviderError)>,
    started: HashMap<usize, (Duration, Doing)>,
    total: usize,
    done: usize,
    counts: (usize, usize, usize),
}

#[derive(Debug, Clone)]
struct Tracked {
    address: Address,
    replace: bool,
    /// Halves that are still to end: a replacement has two.
    left: u8,
    estimate: Duration,
    after: Vec<usize>,
}

impl Tracker {
    pub fn new(plan: &Plan) -> Self {
        let tracked = |step: &Step| Tracked {
            address: step.address.clone(),
            replace: matches!(step.action, Action::Replace { .. }),
            left: match step.action {
                Action::NoOp => 0,
                Action::Replace { .. } => 2,
                _ => 1,
            },
            estimate: step.estimate,
            after: step.after.clone(),
        };
        let steps: Vec<Tracked> = plan.steps.iter().map(tracked).collect();
        let total = steps.iter().filter(|step| step.left > 0).count();
        Self { steps, failures: Vec::new(), started: HashMap::new(), total, done: 0, counts: (0, 0, 0) }
    }

    /// Takes one event in.
    pub fn event(&mut self, event: &Event, now: Duration) {
        match &event.what {
            Happened::Started => {
                self.started.insert(event.step, (now, event.doing));
            }
            Happened::Finished { unchanged, .. } => {
                self.started.remove(&event.step);
                if !unchanged {
                    match event.doing {
                        Doing::Creating => self.counts.0 += 1,
                        Doing::Updating => self.counts.1 += 1,
                        Doing::Deleting => self.counts.2 += 1,
                        Doing::Importing | Doing::Forgetting => {}
                    }
                }
                if let Some(step) = self.steps.get_mut(event.step).filter(|step| step.left > 0) {
                    step.left -= 1;
                    self.done += usize::from(step.left == 0);
                }
            }
            Happened::Failed { error, .. } => {
                self.started.remove(&event.step);
                self.failures.push((event.step, event.doing, error.clone()));
            }
            Happened::Progress { .. } | Happened::Accepted { .. } | Happened::Skipped { .. } => {}
        }
    }

    /// What an event is called: the halves of a replacement by what they do.
    pub fn verb(doing: Doing) -> Verb {
        match doing {
            Doing::Creating => Verb::Create,
            Doing::Updating => Verb::Update,
            Doing::Deleting => Verb::Delete,
            Doing::Importing => Verb::Import,
            Doing::Forgetting => Verb::Forget,
        }
    }

    pub fn progress(&self, now: Duration, draining: bool) -> Progress {
        let mut running: Vec<Running> =
            self.started.iter().filter_map(|(at, (since, doing))| self.running(*at, *since, *doing, now)).collect();
        running.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.address.cmp(&b.address)));
        Progress { done: self.done, failed: self.failures.len(), total: self.total, running, elapsed: now, left: self.left(now), draining }
    }

    fn running(&self, at: usize, since: Duration, doing: Doing, now: Duration) -> Option<Running> {
        let step = self.steps.get(at)?;
        let note = match (step.replace, doing) {
            (true, Doing::Creating) => "the new one of a replacement",
            (true, Doing::Deleting) => "the old one of a replacement",
            _ => "",
        };
        Some(Running {
            address: step.address.clone(),
            verb: Self::verb(doing),
            since: Duration(now.0 - since.0),
            estimate: step.estimate,
            note: note.to_owned(),
        })
    }

    /// What is left of the longest path, by the usual times.
    fn left(&self, now: Duration) -> Duration {
        let mut ends: Vec<i64> = Vec::with_capacity(self.steps.len());
        for (at, step) in self.steps.iter().enumerate() {
            let start = step.after.iter().filter_map(|i| ends.get(*i)).max().copied().unwrap_or(0);
            let own = match self.started.get(&at) {
                _ if step.left == 0 => 0,
                Some((since, _)) => (step.estimate.0 - (now.0 - since.0)).max(0),
                None => step.estimate.0,
            };
            ends.push(start + own);
        }
        Duration(ends.into_iter().max().unwrap_or(0))
    }

    /// The end, in words; `command` goes on from here.
    pub fn outcome(&self, ended: &apply::Outcome, sources: &SourceMap, command: &str) -> Outcome {
        let waiting = self.waiting();
        let failures = ended.failed.iter().map(|failed| {
            let step = ended.plan.steps.get(failed.step);
            let (span, advice) = step.map_or((None, String::new()), |step| advice(step, &failed.error));
            Failure {
                address: step.map_or_else(|| Address::root("?", None), |step| step.address.clone()),
                verb: Self::verb(failed.doing),
                message: failed.error.to_string(),
                place: span.map(|span| sources.place(span)).unwrap_or_default(),
                waiting: waiting.get(&failed.step).copied().unwrap_or(0),
                in_doubt: failed.in_doubt(),
                advice,
            }
        });
        let asserts = ended.asserts.iter().filter(|(_, verdict)| *verdict == Verdict::Fails);
        Outcome {
            done: self.done,
            total: self.total,
            serial: ended.state.serial,
            failures: failures.collect(),
            asserts: asserts.map(|(assert, _)| (assert.message.to_string(), sources.place(assert.span))).collect(),
            denied: ended.denied.iter().map(|finding| denial(finding, sources)).collect(),
            outputs: ended.outputs.iter().map(|output| (output.name.to_string(), inline(&output.value, &Type::Error))).collect(),
            not_started: self.total.saturating_sub(self.done + ended.failed.len()),
            interrupted: ended.stopped != Stop::No && !ended.waiting.is_empty(),
            elapsed: Duration(i64::try_from(ended.elapsed.as_secs()).unwrap_or(i64::MAX)),
            command: command.to_owned(),
            back: None,
            counts: self.counts,
        }
    }

    /// How many steps wait for each failed one; a step that waits for several counts for the first.
    fn waiting(&self) -> HashMap<usize, usize> {
        let failed: BTreeSet<usize> = self.failures.iter().map(|(at, ..)| *at).collect();
        let mut cause: Vec<Option<usize>> = Vec::with_capacity(self.steps.len());
        let mut waiting = HashMap::new();
        for (at, step) in self.steps.iter().enumerate() {
            let own = step.after.iter().find_map(|i| if failed.contains(i) { Some(*i) } else { cause.get(*i).copied().flatten() });
            if let Some(by) = own.filter(|_| step.left > 0 && !failed.contains(&at)) {
                *waiting.entry(by).or_default() += 1;
            }
            cause.push(own);
        }
        waiting
    }
}

fn denial(finding: &PolicyFinding, sources: &SourceMap) -> (String, String) {
    let message = finding.message().map_or("", |message| message);
    (format!("{} ({}): {message}", finding.subject(), finding.policy.name), sources.place(finding.place()))
}

/// The place to look at, and what to change there.
fn advice(step: &Step, error: &ProviderError) -> (Option<Span>, String) {
    match error.kind {
        ErrorKind::Refused => match blamed(step, &error.message) {
            Some((name, span)) => (span.or(step.span), format!("change `{name}`")),
            None => (step.span, "mend what it refuses".to_owned()),
        },
        ErrorKind::Denied => (step.span, format!("give the credentials the right to `{}`, or renew them", error.operation)),
        ErrorKind::Exists => {
            (step.span, format!("take it in with `plat import {}` and its id, or choose another name", shell_quoted(&step.address)))
        }
        ErrorKind::Failed => (step.span, "look in the cloud's console why it did not come up".to_owned()),
        ErrorKind::TimedOut => {
            (step.span, "`plat apply` again continues to wait; `@timeout` of the resource sets how long one apply waits".to_owned())
        }
        ErrorKind::NotFound | ErrorKind::InDoubt | ErrorKind::Internal => (step.span, String::new()),
    }
}

/// An address as one word of a shell.
pub fn shell_quoted(address: &Address) -> String {
    let text = address.to_string();
    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.') {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// The attribute that an answer speaks of: its value or its AWS name stands in the message.
fn blamed(step: &Step, message: &str) -> Option<(String, Option<Span>)> {
    let desired = step.desired.as_ref()?;
    let squashed: String = message.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let spoken_of = |name: &str, value: &Value| {
        let by_value = value.as_str().is_some_and(|text| text.len() >= 4 && message.contains(text));
        let name: String = name.chars().filter(|c| *c != '_').collect();
        by_value || (name.len() >= 6 && squashed.contains(&name))
    };
    let (name, _) = desired.inputs.iter().find(|(name, value)| spoken_of(name, value))?;
    Some((name.to_string(), desired.attribute_spans.get(name)))
}
