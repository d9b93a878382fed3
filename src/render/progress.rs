//! What an apply is doing, as lines for a log and as a block for a terminal.

use super::clean::clean_line;
use super::estimate::spoken;
use super::style::{Role, Style, columns, cut, pad};
use crate::address::Address;
use crate::apply::{Finding, Found};
use crate::value::Duration;

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Create,
    Update,
    Replace,
    Delete,
    Forget,
    Import,
    Recover,
}

impl Verb {
    /// `creating`
    pub fn doing(self) -> &'static str {
        match self {
            Verb::Create => "creating",
            Verb::Update => "changing",
            Verb::Replace => "replacing",
            Verb::Delete => "deleting",
            Verb::Forget => "forgetting",
            Verb::Import => "importing",
            Verb::Recover => "recovering",
        }
    }

    /// `created`
    pub fn done(self) -> &'static str {
        match self {
            Verb::Create => "created",
            Verb::Update => "changed",
            Verb::Replace => "replaced",
            Verb::Delete => "deleted",
            Verb::Forget => "forgotten",
            Verb::Import => "imported",
            Verb::Recover => "recovered",
        }
    }

    fn role(self) -> Role {
        match self {
            Verb::Create | Verb::Import => Role::Add,
            Verb::Update | Verb::Forget | Verb::Recover => Role::Change,
            Verb::Replace | Verb::Delete => Role::Destroy,
        }
    }
}

/// One step that runs.
#[derive(Debug, Clone)]
pub struct Running {
    pub address: Address,
    pub verb: Verb,
    /// For how long it runs.
    pub since: Duration,
    /// How long its kind usually takes; zero when nobody knows.
    pub estimate: Duration,
    /// What it waits for, in a word or two; may be empty.
    pub note: String,
}

/// Where an apply stands.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    pub done: usize,
    pub failed: usize,
    pub total: usize,
    /// Longest first.
    pub running: Vec<Running>,
    pub elapsed: Duration,
    /// What is left of the estimate; zero when nobody knows.
    pub left: Duration,
    /// The first Ctrl-C came.
    pub draining: bool,
}

/// Rows of running steps that a block shows.
const ROWS: usize = 8;

impl Progress {
    /// The block that a terminal redraws: what runs, and a closing line. No line is wider than the terminal.
    pub fn block(&self, style: Style) -> String {
        let mut out = String::new();
        let names = self.running.iter().take(ROWS).map(|r| columns(&r.address.to_string())).max().unwrap_or(0).min(44);
        for running in self.running.iter().take(ROWS) {
            out.push_str(&running.row(names, style));
            out.push('\n');
        }
        if self.running.len() > ROWS {
            out.push_str(&style.paint(Role::Faint, format!("  … and {} more", self.running.len() - ROWS)));
            out.push('\n');
        }
        let bar = bar(self.done, self.total);
        out.push_str(&style.paint(Role::Strong, cut(&format!("{bar} {}", self.said()), style.width.saturating_sub(1))));
        out
    }

    /// The sign of life of a run without a terminal.
    pub fn sign_of_life(&self) -> String {
        let running: Vec<String> =
            self.running.iter().take(3).map(|r| format!("{} for {}", clean_line(&r.address.to_string()), spoken(r.since))).collect();
        let more = match self.running.len().saturating_sub(3) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let what = if running.is_empty() { String::new() } else { format!("; running: {}{more}", running.join(", ")) };
        format!("… {}{what}", self.said())
    }

    /// `21 of 34 done, 1 failed, 3 minutes, about 8 minutes left`
    fn said(&self) -> String {
        let mut said = format!("{} of {} done", self.done, self.total);
        if self.failed > 0 {
            said.push_str(&format!(", {} failed", self.failed));
        }
        said.push_str(&format!(", {}", spoken(self.elapsed)));
        if self.left.0 > 0 {
            said.push_str(&format!(", about {} left", spoken(self.left)));
        }
        if self.draining {
            said.push_str("; finishing what runs, starting nothing new (Ctrl-C again leaves at once)");
        }
        said
    }
}

impl Running {
    fn row(&self, names: usize, style: Style) -> String {
        let address = pad(&cut(&clean_line(&self.address.to_string()), names), names);
        let verb = pad(self.verb.doing(), 10);
        let mut time = spoken(self.since);
        if self.estimate.0 >= 10 {
            time.push_str(&format!(" of about {}", spoken(self.estimate)));
        }
        if !self.note.is_empty() {
            time.push_str(&format!(", {}", clean_line(&self.note)));
        }
        let room = style.width.saturating_sub(names + 16);
        format!("  {} {address}  {}", style.paint(self.verb.role(), verb), style.paint(Role::Faint, cut(&time, room)))
    }
}

fn bar(done: usize, total: usize) -> String {
    const CELLS: usize = 20;
    let full = (done * CELLS).checked_div(total).unwrap_or(CELLS).min(CELLS);
    format!("{}{}", "━".repeat(full), "╌".repeat(CELLS - full))
}

/// One event as a line of a log: `created  net.vpc (vpc-0a1b)  2 seconds`.
pub fn line(verb: Verb, address: &Address, id: Option<&str>, took: Option<Duration>, style: Style) -> String {
    let address = clean_line(&address.to_string()).into_owned();
    let id = id.filter(|id| !id.is_empty()).map(|id| format!(" ({})", clean_line(id))).unwrap_or_default();
    match took {
        None => format!("{} {address}{id}", style.paint(Role::Faint, pad(verb.doing(), 10))),
        Some(took) => {
            let took = if took.0 > 0 { format!("  {}", style.paint(Role::Faint, spoken(took))) } else { String::new() };
            format!("{} {address}{id}{took}", style.paint(verb.role(), pad(verb.done(), 10)))
        }
    }
}

/// What became of an operation that an earlier run left open.
pub fn settled(found: &Found, style: Style) -> String {
    let address = clean_line(&found.address.to_string()).into_owned();
    let said = match &found.finding {
        Finding::Created { id } => format!("was created ({})", clean_line(id)),
        Finding::Unfinished { id } => format!("was created ({}); the next apply finishes it", clean_line(id)),
        Finding::NotCreated => "was not created".to_owned(),
        Finding::Changed { id } => format!("was changed ({}); what is missing is in the plan", clean_line(id)),
        Finding::Deleted => "was deleted".to_owned(),
        Finding::StillThere { id } => format!("was not deleted ({})", clean_line(id)),
        Finding::Undecided { error } => style.paint(Role::Warning, format!("cannot be settled yet: {}", clean_line(&error.to_string()))),
    };
    format!("{address} {said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let running = Running {
            address: Address::root("a".repeat(80), Some("b".repeat(80).into())),
            verb: Verb::Create,
            since: Duration::seconds(400),
            estimate: Duration::minutes(11),
            note: "x".repeat(200),
        };
        let progress = Progress { done: 1, total: 30, running: vec![running; 12], draining: true, ..Progress::default() };
        for width in [60, 80, 120] {
            for line in progress.block(Style { color: false, width }).lines() {
                assert!(columns(line) <= width, "{width}: {line}");
            }
        }
    }
}
