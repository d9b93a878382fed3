//! `plat test`

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use plat::check::typed::{Program, Test};
use plat::diagnostic::closest;
use plat::render::{Counts, Trial, trial_failures, trial_line, trial_summary, trials_json, trials_junit};
use plat::source::SourceMap;

use crate::args;
use crate::failure::{Answer, Exit, Failure};
use crate::project::{load, registry};
use crate::terminal::Terminal;

pub fn run(args: &args::Test, terminal: &Terminal) -> Answer {
    let started = Instant::now();
    let checked = load(&args.dir, &[], &registry())?;
    let sources = checked.sources;
    let Some(program) = checked.program else {
        if args.json {
            terminal.print(&trials_json(&[], &checked.diagnostics, &sources, started.elapsed()));
            return Err(Failure::told(Exit::Error));
        }
        return Err(Failure::diagnostics(checked.diagnostics, &sources));
    };
    if !checked.diagnostics.is_empty() && !args.json {
        terminal.diagnostics(&checked.diagnostics, &sources);
    }
    let chosen = choose(&program, args.filter.as_deref())?;
    let mut trials: Vec<Trial> = Vec::with_capacity(chosen.len());
    carry_out(&program, &chosen, &sources, jobs(args), |trial| {
        // Without anyone watching, what went wrong is told at the end, and nothing else.
        if !args.json && terminal.watched {
            terminal.print(&trial_line(&trial, terminal.out));
        }
        trials.push(trial);
    })?;
    let (counts, elapsed) = (Counts::of(&trials), started.elapsed());
    if let Some(file) = &args.junit {
        write(file, &trials_junit(&program.stack.name, &trials, &sources, elapsed))?;
    }
    if args.json {
        terminal.print(&trials_json(&trials, &checked.diagnostics, &sources, elapsed));
    } else {
        terminal.print(&trial_failures(&trials, &sources, terminal.out));
        let gap = if counts.passed == trials.len() && !terminal.watched { "" } else { "\n" };
        terminal.print(&format!("{gap}{}", trial_summary(counts, elapsed)));
    }
    match counts {
        Counts { failed: 0, broken: 0, .. } => Ok(Exit::Done),
        Counts { broken: 0, .. } => Err(Failure::told(Exit::Assert)),
        _ => Err(Failure::told(Exit::Error)),
    }
}

/// The tests to run, in the order of the source.
fn choose<'p>(program: &'p Program, filter: Option<&str>) -> Result<Vec<&'p Test>, Failure> {
    if program.tests.is_empty() {
        return Err(Failure::new("there are no tests here").help("write one: `test \"…\" { … }` in any .plat file of the folder"));
    }
    let Some(filter) = filter else { return Ok(program.tests.iter().collect()) };
    let chosen: Vec<_> = program.tests.iter().filter(|test| test.name.contains(filter)).collect();
    if chosen.is_empty() {
        let names = program.tests.iter().map(|test| &**test.name);
        let near = closest(filter, names.clone()).or_else(|| names.clone().next()).unwrap_or_default();
        return Err(Failure::new(format!("no test has \"{filter}\" in its name"))
            .help(format!("there are {}, \"{near}\" among them", program.tests.len())));
    }
    Ok(chosen)
}

fn jobs(args: &args::Test) -> usize {
    args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get), usize::from)
}

/// Runs the tests on as many threads, and tells of each in the order of the source.
fn carry_out(
    program: &Arc<Program>,
    tests: &[&Test],
    sources: &SourceMap,
    jobs: usize,
    mut tell: impl FnMut(Trial),
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(tests.len()) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                // Nothing in a test waits for anything outside it: a thread needs no more than itself.
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                loop {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(test) = tests.get(position) else { return };
                    let report = match &runtime {
                        Ok(runtime) => Ok(runtime.block_on(plat::trial::run(program, test, sources))),
                        Err(error) => Err(Failure::new(format!("tests cannot be run: {error}"))),
                    };
                    if send.send((position, report)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = std::collections::BTreeMap::new();
        let mut due = 0;
        for (position, report) in receive {
            early.insert(position, report?);
            while let (Some(report), Some(test)) = (early.remove(&due), tests.get(due)) {
                tell(Trial { name: test.name.to_string(), span: test.name.span, report });
                due += 1;
            }
        }
        Ok(())
    })
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    plat::files::replace(file, text.as_bytes(), plat::files::SHARED)
        .map_err(|error| Failure::new(format!("`{}` cannot be written: {error}", file.display())))
}
