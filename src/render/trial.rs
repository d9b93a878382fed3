//! Tests of stacks and how they ended: as lines, as JSON, as JUnit's XML.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Role, Style, clean_line};
use crate::diagnostic::{Diagnostic, Drawing, render, to_json};
use crate::source::{SourceMap, Span};
use crate::trial::{Report, Verdict};

/// A test that was run.
#[derive(Debug, Clone)]
pub struct Trial {
    pub name: String,
    /// Its name in the source.
    pub span: Span,
    pub report: Report,
}

/// How many tests ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    /// Could not be carried out.
    pub broken: usize,
}

impl Counts {
    pub fn of(trials: &[Trial]) -> Self {
        trials.iter().fold(Self::default(), |mut counts, trial| {
            match trial.report.verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Failed => counts.failed += 1,
                Verdict::Broken => counts.broken += 1,
            }
            counts
        })
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Broken => "error",
    }
}

/// `passed  production survives a zone  12 ms`
pub fn trial_line(trial: &Trial, style: Style) -> String {
    let role = if trial.report.verdict == Verdict::Passed { Role::Add } else { Role::Error };
    let mark = style.paint(role, format!("{:<6}", word(trial.report.verdict)));
    format!("{mark}  {}  {}\n", clean_line(&trial.name), style.paint(Role::Faint, spent(trial.report.elapsed)))
}

/// What went wrong in the tests that did not pass, each under its name; empty when all passed.
pub fn trial_failures(trials: &[Trial], sources: &SourceMap, style: Style) -> String {
    let mut out = String::new();
    let drawing = Drawing { color: style.color, width: style.width };
    for trial in trials.iter().filter(|trial| trial.report.verdict != Verdict::Passed) {
        let head = style.paint(Role::Strong, format!("test \"{}\"", clean_line(&trial.name)));
        let _ = writeln!(out, "\n{head}  {}\n", style.paint(Role::Faint, sources.place(trial.span)));
        out.push_str(&all(&trial.report.diagnostics, sources, drawing));
    }
    out
}

fn all(diagnostics: &[Diagnostic], sources: &SourceMap, drawing: Drawing) -> String {
    diagnostics.iter().map(|diagnostic| render(diagnostic, sources, drawing)).collect::<Vec<_>>().join("\n")
}

/// `Tests: 12 passed, 1 failed. 0.8 s.`
pub fn trial_summary(counts: Counts, elapsed: Duration) -> String {
    let mut said = vec![format!("{} passed", counts.passed)];
    if counts.failed > 0 {
        said.push(format!("{} failed", counts.failed));
    }
    if counts.broken > 0 {
        said.push(format!("{} could not be carried out", counts.broken));
    }
    format!("Tests: {}. {}\n", said.join(", "), spent(elapsed))
}

/// `12 ms`, `1.4 s`
fn spent(elapsed: Duration) -> String {
    if elapsed < Duration::from_secs(1) { format!("{} ms", elapsed.as_millis()) } else { format!("{:.1} s", elapsed.as_secs_f64()) }
}

/// The JSON form; docs/json.md is the contract. `found`: what was found in the stack before any test ran.
pub fn trials_json(trials: &[Trial], found: &[Diagnostic], sources: &SourceMap, elapsed: Duration) -> String {
    let counts = Counts::of(trials);
    let list: Vec<_> = trials
        .iter()
        .map(|trial| {
            let diagnostics: Vec<_> = trial.report.diagnostics.iter().map(|one| to_json(one, sources)).collect();
            serde_json::json!({
                "name": trial.name,
                "place": sources.place(trial.span),
                "outcome": word(trial.report.verdict),
                "elapsed_seconds": trial.report.elapsed.as_secs_f64(),
                "diagnostics": diagnostics,
            })
        })
        .collect();
    let all = serde_json::json!({
        "format": "plat.tests/1",
        "ok": counts.passed == trials.len() && !found.iter().any(Diagnostic::is_error),
        "passed": counts.passed,
        "failed": counts.failed,
        "errors": counts.broken,
        "elapsed_seconds": elapsed.as_secs_f64(),
        "tests": list,
        "diagnostics": found.iter().map(|one| to_json(one, sources)).collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

/// The form that build servers read: one suite, named like the stack.
pub fn trials_junit(stack: &str, trials: &[Trial], sources: &SourceMap, elapsed: Duration) -> String {
    let counts = Counts::of(trials);
    let totals = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{:.3}\"",
        trials.len(),
        counts.failed,
        counts.broken,
        elapsed.as_secs_f64()
    );
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites {totals}>\n  <testsuite name=\"{}\" {totals}>", xml(stack));
    for trial in trials {
        let file = sources.file(trial.span.file).map_or("", |file| &file.name);
        let line = sources.file(trial.span.file).map_or(0, |file| file.line_column(trial.span.start).0);
        let _ = write!(
            out,
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{line}\" time=\"{:.3}\"",
            xml(&trial.name),
            xml(file.strip_suffix(".plat").unwrap_or(file)),
            xml(file),
            trial.report.elapsed.as_secs_f64()
        );
        let element = match trial.report.verdict {
            Verdict::Passed => {
                out.push_str("/>\n");
                continue;
            }
            Verdict::Failed => "failure",
            Verdict::Broken => "error",
        };
        out.push_str(">\n");
        // One element for each mistake would be more than a test case may have.
        let first = trial.report.diagnostics.first();
        let (code, message) = first.map_or_else(Default::default, |first| (first.code.to_string(), first.message.clone()));
        let text = all(&trial.report.diagnostics, sources, Drawing { color: false, width: Style::PLAIN.width });
        let _ = writeln!(out, "      <{element} type=\"{code}\" message=\"{}\">{}</{element}>", xml(&message), xml(&text));
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Text inside XML: what marks up is escaped, what XML cannot hold is left out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(u32::from(c), 0xfffe | 0xffff) => {}
            c => out.push(c),
        }
    }
    out
}
