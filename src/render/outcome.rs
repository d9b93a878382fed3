//! How an apply ended: what was done, what was not, and the one command that goes on.

use super::clean::clean_line;
use super::estimate::{count, spoken};
use super::progress::Verb;
use super::style::{Role, Style, columns, pad};
use crate::address::Address;
use crate::value::Duration;

/// One step that failed.
#[derive(Debug, Clone)]
pub struct Failure {
    pub address: Address,
    pub verb: Verb,
    /// What the provider said, on one line.
    pub message: String,
    /// `connect2.plat:31`; may be empty.
    pub place: String,
    /// How many steps could not start because of it.
    pub waiting: usize,
    /// Nobody knows whether it happened; the next apply finds out.
    pub in_doubt: bool,
    /// What to change; may be empty.
    pub advice: String,
}

/// The end of an apply.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub done: usize,
    pub total: usize,
    /// The state's serial after it.
    pub serial: u64,
    pub failures: Vec<Failure>,
    /// Asserts that do not hold now that everything is known: message and place.
    pub asserts: Vec<(String, String)>,
    /// What policies deny now that everything is known: policy, resource and message on one line, and the place.
    pub denied: Vec<(String, String)>,
    /// Names and values, as they are shown.
    pub outputs: Vec<(String, String)>,
    /// Steps that were never started.
    pub not_started: usize,
    /// Ctrl-C ended it.
    pub interrupted: bool,
    pub elapsed: Duration,
    /// `plat apply -e production`
    pub command: String,
    /// The command that goes back to the state before it, when there is something to go back from.
    pub back: Option<String>,
    /// Of the whole, for the closing line: added, changed, destroyed.
    pub counts: (usize, usize, usize),
}

impl Outcome {
    /// Everything was done, every assert holds, and no policy denies what came of it.
    pub fn good(&self) -> bool {
        self.failures.is_empty() && self.asserts.is_empty() && self.denied.is_empty() && !self.interrupted && self.not_started == 0
    }
}

/// The end of an apply as text, ending in a line break.
pub fn outcome(outcome: &Outcome, style: Style) -> String {
    if outcome.good() {
        let (added, changed, destroyed) = outcome.counts;
        let sum = format!("Done: {added} added, {changed} changed, {destroyed} destroyed");
        let sum = style.paint(Role::Strong, sum);
        let time = if outcome.elapsed.0 > 0 { format!(" in {}", spoken(outcome.elapsed)) } else { String::new() };
        let sum = format!("{sum}{time}; state {}.\n", outcome.serial);
        return format!("{sum}{}{}", outputs(outcome, style), back(outcome, style));
    }
    let mut out = String::new();
    for failure in &outcome.failures {
        out.push_str(&told(failure, style));
    }
    for (message, place) in &outcome.asserts {
        let place = style.paint(Role::Faint, clean_line(place));
        out.push_str(&format!("{}: {}  {place}\n", style.paint(Role::Error, "assert failed"), clean_line(message)));
    }
    for (message, place) in &outcome.denied {
        let place = style.paint(Role::Faint, clean_line(place));
        out.push_str(&format!("{}: {}  {place}\n", style.paint(Role::Error, "policy denies"), clean_line(message)));
    }
    if outcome.interrupted && outcome.failures.is_empty() {
        out.push_str(&format!("{}: what was running has ended, nothing new was started\n", style.paint(Role::Warning, "interrupted")));
    }
    out.push_str(&format!("  {}\n", standing(outcome)));
    out.push_str(&format!("  {}: {}\n", style.paint(Role::Help, "help"), help(outcome)));
    out.push_str(&back(outcome, style));
    out
}

/// `To go back: plat rollback --to 41 -e production`
fn back(outcome: &Outcome, style: Style) -> String {
    let line = |command: &String| style.paint(Role::Faint, format!("To go back: {}", clean_line(command)));
    outcome.back.as_ref().map(|command| format!("\n{}\n", line(command))).unwrap_or_default()
}

fn outputs(outcome: &Outcome, style: Style) -> String {
    if outcome.outputs.is_empty() {
        return String::new();
    }
    let width = outcome.outputs.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
    let lines: String =
        outcome.outputs.iter().map(|(name, value)| format!("  {}  {}\n", pad(&clean_line(name), width), clean_line(value))).collect();
    format!("\n{}\n{lines}", style.paint(Role::Strong, "Outputs:"))
}

/// The same as JSON; docs/json.md is the contract.
pub fn outcome_json(outcome: &Outcome) -> String {
    let failures = outcome.failures.iter().map(|failure| {
        serde_json::json!({
            "address": failure.address.to_string(),
            "doing": failure.verb.doing(),
            "message": failure.message,
            "place": failure.place,
            "waiting": failure.waiting,
            "in_doubt": failure.in_doubt,
            "advice": failure.advice,
        })
    });
    let (added, changed, destroyed) = outcome.counts;
    super::plan_json::finish(&serde_json::json!({
        "format": "plat.outcome/1",
        "done": outcome.done,
        "total": outcome.total,
        "added": added,
        "changed": changed,
        "destroyed": destroyed,
        "serial": outcome.serial,
        "interrupted": outcome.interrupted,
        "failures": failures.collect::<Vec<_>>(),
        "asserts": outcome.asserts.iter().map(|(message, place)| serde_json::json!({ "message": message, "place": place })).collect::<Vec<_>>(),
        "denied": outcome.denied.iter().map(|(message, place)| serde_json::json!({ "message": message, "place": place })).collect::<Vec<_>>(),
        "not_started": outcome.not_started,
        "elapsed_seconds": outcome.elapsed.0,
        "command": outcome.command,
        "back": outcome.back,
    }))
}

/// `error: creating db.instance: …        connect2.plat:31`
fn told(failure: &Failure, style: Style) -> String {
    let address = clean_line(&failure.address.to_string()).into_owned();
    let place =
        if failure.place.is_empty() { String::new() } else { format!("  {}", style.paint(Role::Faint, clean_line(&failure.place))) };
    let message = clean_line(&failure.message);
    format!("{}: {} {address}: {message}{place}\n", style.paint(Role::Error, "error"), failure.verb.doing())
}

/// `21 of 34 done and recorded in state 42; 12 wait for db.instance; 1 failed.`
fn standing(outcome: &Outcome) -> String {
    let mut parts = vec![format!("{} of {} done and recorded in state {}", outcome.done, outcome.total, outcome.serial)];
    let mut waiting = 0;
    for failure in outcome.failures.iter().filter(|f| f.waiting > 0) {
        waiting += failure.waiting;
        parts.push(format!("{} for {}", count(failure.waiting, "waits", "wait"), clean_line(&failure.address.to_string())));
    }
    let others = outcome.not_started.saturating_sub(waiting);
    if others > 0 {
        parts.push(format!("{} not started", count(others, "was", "were")));
    }
    let doubt = outcome.failures.iter().filter(|f| f.in_doubt).count();
    let failed = outcome.failures.len() - doubt;
    if !outcome.asserts.is_empty() {
        parts.push(format!("{} not hold", count(outcome.asserts.len(), "assert does", "asserts do")));
    }
    if !outcome.denied.is_empty() {
        parts.push(count(outcome.denied.len(), "rule of a policy denies it", "rules of policies deny it"));
    }
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if doubt > 0 {
        parts.push(format!("{doubt} ended without an answer, and the next apply finds out what became of it"));
    }
    format!("{}.", parts.join("; "))
}

fn help(outcome: &Outcome) -> String {
    if outcome.failures.is_empty() && !outcome.interrupted && !(outcome.asserts.is_empty() && outcome.denied.is_empty()) {
        return format!("what was applied stays as it is; change the program, then `{}`", outcome.command);
    }
    let mut advice: Vec<String> =
        outcome.failures.iter().map(|f| clean_line(&f.advice).into_owned()).filter(|text| !text.is_empty()).collect();
    advice.dedup();
    let start = match advice.as_slice() {
        [] => String::new(),
        some => format!("{}, then ", some.join("; ")),
    };
    format!("{start}`{}` goes on from here", outcome.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_goes_on() {
        let failed = Outcome {
            done: 21,
            total: 34,
            serial: 42,
            failures: vec![Failure {
                address: "db.instance".parse().unwrap(),
                verb: Verb::Create,
                message: "CreateDBInstance: InvalidParameterCombination: no such class (request 4f1c)".into(),
                place: "connect2.plat:31".into(),
                waiting: 12,
                in_doubt: false,
                advice: "change `db_instance_class`".into(),
            }],
            not_started: 12,
            command: "plat apply -e production".into(),
            ..Outcome::default()
        };
        assert_eq!(
            outcome(&failed, Style::PLAIN),
            "error: creating db.instance: CreateDBInstance: InvalidParameterCombination: no such class (request 4f1c)  connect2.plat:31\n  \
             21 of 34 done and recorded in state 42; 12 wait for db.instance; 1 failed.\n  \
             help: change `db_instance_class`, then `plat apply -e production` goes on from here\n"
        );
    }
}
