//! `plat apply`

use std::sync::Arc;

use plat::apply::{self, ApplyError, Cancel, Journal, SessionJournal, Settings, Stop};
use plat::plan::{Options, Prepared};
use plat::render::{self, Outcome, outcome, outcome_json};
use plat::state::{Pending, StateFile};

use super::block_on;
use super::plan::{Look, choice, judged, options, prepared, rehearsed, shown};
use crate::args::{self, ApplyOptions, Format, StackArgs};
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit, Failure, prepare_failure};
use crate::live::Live;
use crate::project::{Project, age, open_options};
use crate::terminal::Terminal;

pub fn run(args: args::Apply, terminal: &Arc<Terminal>) -> Answer {
    if let Some((file, folder)) = super::saved::named(&args)? {
        return super::saved::apply(&file, folder, args, terminal);
    }
    let mut options = options(&args.options, false)?;
    let project = Project::open(&StackArgs { dir: args.target.clone(), common: args.common.clone() }, terminal)?;
    options.choice = choice(&args.options.choice, &project)?;
    if options.refresh_only {
        return super::refresh::run(&project, options, &args, terminal);
    }
    carry_out(&project, options, &Run { name: "apply".to_owned(), run: args.run, full: args.options.full, json: args.json }, terminal)
}

/// What apply and destroy have in common.
pub struct Run {
    /// The command, as it is given again.
    pub name: String,
    pub run: ApplyOptions,
    pub full: bool,
    pub json: bool,
}

/// Takes the lock, settles what was left open, plans, asks, applies.
pub fn carry_out(project: &Project, options: Options, run: &Run, terminal: &Arc<Terminal>) -> Answer {
    let stack = project.stack()?;
    let store = project.store(&stack)?;
    let (session, loaded) = store.open(&open_options(project.command(&run.name), run.run.lock_wait), &project.registry)?;
    let state_age = age(loaded.written);
    let settings = settings(&run.run);
    block_on(async {
        let cloud = Cloud::open(project, Access::Change).await?;
        let mut state = loaded.state;
        let journal: Arc<dyn Journal> = Arc::new(SessionJournal::begin(session, &mut state)?);
        let state = settled(&cloud, state, loaded.pending, Some(journal.clone()), &settings, terminal).await?;
        let prepared = prepared(&cloud, project, state, options, terminal).await?;
        let look = Look { format: Format::Text, full: run.full, destroying: run.name == "destroy", style: terminal.out, state_age };
        decided(&cloud, project, prepared, journal, run, &look, terminal).await
    })
}

/// Rehearses the plan and shows it, and carries it out when nothing speaks against it and the user agrees.
pub async fn decided(
    cloud: &Cloud,
    project: &Project,
    mut prepared: Prepared,
    journal: Arc<dyn Journal>,
    run: &Run,
    look: &Look,
    terminal: &Arc<Terminal>,
) -> Answer {
    rehearsal(&mut prepared, project, run).await;
    if !run.json {
        terminal.print(&shown(&prepared.plan, project, look));
    }
    judged(&prepared, project, terminal)?;
    through(&prepared, project, run, terminal)?;
    if !asked(&prepared, project, run, terminal)? {
        return Err(Failure::new("nothing was changed"));
    }
    applied(cloud, project, prepared, journal, run, &settings(&run.run), terminal).await
}

/// Carries the plan out where it changes nothing. What is as it should be is not worth a word.
pub async fn rehearsal(prepared: &mut Prepared, project: &Project, run: &Run) {
    if !run.run.no_rehearse {
        let rehearsal = plat::trial::rehearse(&project.registry, prepared).await;
        prepared.plan.rehearsal = Some(rehearsal).filter(|rehearsal| !rehearsal.flaws.is_empty());
    }
}

/// Refuses a plan whose rehearsal was refused. The plan is shown already, but for programs.
pub fn through(prepared: &Prepared, project: &Project, run: &Run, terminal: &Terminal) -> Result<(), Failure> {
    let refused = rehearsed(prepared);
    if run.json && refused.is_err() {
        let look = Look { format: Format::Json, full: false, destroying: run.name == "destroy", style: terminal.out, state_age: None };
        terminal.print(&shown(&prepared.plan, project, &look));
    }
    refused
}

pub fn settings(run: &ApplyOptions) -> Settings {
    let usual = Settings::default();
    let concurrency = run.parallelism.map_or(usual.concurrency, usize::from);
    Settings { concurrency, consistency: std::time::Duration::from_secs(run.consistency), ..usual }
}

/// Looks at what an apply that was cut off left open, and tells what became of it.
pub async fn settled(
    cloud: &Cloud,
    state: StateFile,
    pending: Vec<Pending>,
    journal: Option<Arc<dyn Journal>>,
    settings: &Settings,
    terminal: &Terminal,
) -> Result<StateFile, Failure> {
    if pending.is_empty() {
        return Ok(state);
    }
    let head = if pending.len() == 1 {
        "an apply was cut off; one operation was under way".to_owned()
    } else {
        format!("an apply was cut off; {} operations were under way", pending.len())
    };
    terminal.note(&format!("{head}\n"));
    let settled = apply::settle(&cloud.engine, state, pending, journal, settings).await?;
    for found in &settled.found {
        terminal.note(&format!("  {}\n", render::settled(found, terminal.err)));
    }
    Ok(settled.state)
}

/// The consent of whoever runs it; an empty plan needs none.
fn asked(prepared: &Prepared, project: &Project, run: &Run, terminal: &Terminal) -> Result<bool, Failure> {
    if run.run.yes || prepared.plan.is_empty() {
        return Ok(true);
    }
    let plan = &prepared.plan;
    let question = format!("Do this to {} · {} in account {}?", plan.stack, plan.env, plan.account);
    let instead = format!("add `--yes` to do it without asking: `{} --yes`", project.command(&run.name));
    terminal.confirm(&question, &instead)
}

pub async fn applied(
    cloud: &Cloud,
    project: &Project,
    prepared: Prepared,
    journal: Arc<dyn Journal>,
    run: &Run,
    settings: &Settings,
    terminal: &Arc<Terminal>,
) -> Answer {
    let cancel = Cancel::default();
    let (empty, before) = (prepared.plan.is_empty(), prepared.plan.serial);
    let live = Live::new(&prepared.plan, terminal.clone(), cancel.clone(), run.json || empty);
    let interrupts = tokio::spawn(interrupts(cancel.clone(), terminal.clone()));
    let watcher = live.watch();
    let ended = apply::apply(&cloud.engine, prepared, journal, live.clone(), &cancel, settings).await;
    interrupts.abort();
    live.end(watcher);
    let ended = ended.map_err(|error| match error {
        ApplyError::Refused(refusal) => prepare_failure(*refusal, &project.sources),
        ApplyError::State(error) => Failure::from(error),
    })?;
    let mut told = live.tracker().outcome(&ended, &project.sources, &project.command(&run.name));
    if told.total > 0 && told.serial > before {
        told.back = Some(project.command(&format!("rollback --to {before}")));
    }
    let answer = conclude(&told, empty, run, terminal);
    match &run.run.inverse {
        Some(file) if told.back.is_some() => super::rollback::save_inverse(cloud, project, before, file, terminal).await.and(answer),
        Some(_) => answer.inspect(|_| terminal.note("Nothing was changed, so there is no way back to save.\n")),
        None => answer,
    }
}

/// Tells how it ended.
fn conclude(end: &Outcome, empty: bool, run: &Run, terminal: &Terminal) -> Answer {
    if run.json {
        terminal.print(&outcome_json(end));
    } else if end.good() && !empty {
        terminal.print(&format!("\n{}", outcome(end, terminal.out)));
    } else if !end.good() {
        terminal.note(&format!("\n{}", outcome(end, terminal.err)));
    }
    if end.good() {
        return Ok(Exit::Done);
    }
    Err(Failure::told(if end.interrupted {
        Exit::Interrupted
    } else if end.failures.is_empty() {
        Exit::Assert
    } else {
        Exit::Error
    }))
}

/// How long a run that is to leave at once has for it.
const LEAVE: std::time::Duration = std::time::Duration::from_secs(2);

/// The first Ctrl-C drains, the second leaves at once.
async fn interrupts(cancel: Cancel, terminal: Arc<Terminal>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        match cancel.request() {
            Stop::No => {}
            Stop::Gently => terminal.note("\rstopping: what runs is finished, nothing new is started; Ctrl-C again leaves at once\n"),
            Stop::AtOnce => {
                terminal.note("\rleaving at once; the journal knows what was under way, and the next apply settles it\n");
                tokio::time::sleep(LEAVE).await;
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    }
}
