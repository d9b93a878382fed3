//! `plat rollback`: back to what an earlier state records.

use std::path::Path;
use std::sync::Arc;

use plat::apply::{Journal, SessionJournal, Settings};
use plat::plan::past::{Past, losses, unknown_secrets};
use plat::plan::saved::Terms;
use plat::plan::{Options, Prepared, prepare};
use plat::state::{StateFile, StateStore};

use super::apply::{Run, decided, rehearsal, settings, settled, through};
use super::block_on;
use super::plan::{Look, choice, consent, judged, shown};
use super::saved::{save, terms};
use crate::args::{Format, Rollback};
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit, Failure, prepare_failure};
use crate::project::{Project, age, open_options, today};
use crate::terminal::Terminal;

pub fn run(args: Rollback, terminal: &Arc<Terminal>) -> Answer {
    let only_shown = args.dry_run || args.out.is_some();
    if args.json && !only_shown && !args.run.yes {
        return Err(Failure::usage("with `--json` nothing can be asked").help("add `--yes`, or `--dry-run` to see the plan"));
    }
    let project = Project::open(&args.stack, terminal)?;
    let options = Options {
        refresh: !args.no_refresh,
        consent: consent(&args.consent)?,
        choice: choice(&args.choice, &project)?,
        today: Some(today()),
        ..Options::default()
    };
    if only_shown { show(&args, &project, options, terminal) } else { carry_out(args, &project, options, terminal) }
}

/// Plans without the lock, shows it, and saves it where that is wanted.
fn show(args: &Rollback, project: &Project, options: Options, terminal: &Arc<Terminal>) -> Answer {
    let store = project.store(&project.stack()?)?;
    let loaded = store.load(&project.registry)?;
    let then = destination(&*store, project, args.to, loaded.state.serial)?;
    let state_age = age(loaded.written);
    let run = Run { name: name(&then), run: args.run.clone(), full: args.full, json: false };
    let prepared = block_on(async {
        let cloud = Cloud::open(project, Access::ReadOnly).await?;
        let state = settled(&cloud, loaded.state, loaded.pending, None, &Settings::default(), terminal).await?;
        let mut prepared = way_back(&cloud, project, &then, state, options).await?;
        rehearsal(&mut prepared, project, &run).await;
        Ok(prepared)
    })?;
    let format = if args.json { Format::Json } else { args.format };
    let look = Look { format, full: args.full, destroying: true, style: terminal.out, state_age };
    terminal.print(&shown(&prepared.plan, project, &look));
    judged(&prepared, project, terminal)?;
    through(&prepared, project, &run, terminal)?;
    if let Some(file) = &args.out {
        save(file, &prepared, project, terms_of(project, args, then.serial), loaded.new, terminal)?;
    }
    Ok(Exit::Done)
}

fn carry_out(args: Rollback, project: &Project, options: Options, terminal: &Arc<Terminal>) -> Answer {
    let store = project.store(&project.stack()?)?;
    let (session, loaded) = store.open(&open_options(project.command("rollback"), args.run.lock_wait), &project.registry)?;
    let then = destination(&*store, project, args.to, loaded.state.serial)?;
    let state_age = age(loaded.written);
    let settings = settings(&args.run);
    let run = Run { name: name(&then), run: args.run, full: args.full, json: args.json };
    block_on(async {
        let cloud = Cloud::open(project, Access::Change).await?;
        let mut state = loaded.state;
        let journal: Arc<dyn Journal> = Arc::new(SessionJournal::begin(session, &mut state)?);
        let state = settled(&cloud, state, loaded.pending, Some(journal.clone()), &settings, terminal).await?;
        let prepared = way_back(&cloud, project, &then, state, options).await?;
        let look = Look { format: Format::Text, full: run.full, destroying: true, style: terminal.out, state_age };
        decided(&cloud, project, prepared, journal, &run, &look, terminal).await
    })
}

/// The command that goes there, whatever the state has become.
pub fn name(then: &StateFile) -> String {
    format!("rollback --to {}", then.serial)
}

/// The state to go back to: the one that is named, or the one before the current one.
fn destination(store: &dyn StateStore, project: &Project, to: Option<u64>, current: u64) -> Result<StateFile, Failure> {
    let list = || format!("`{}` lists the states that are kept", project.command("state history"));
    let serial = match to {
        Some(serial) if serial == current => {
            return Err(Failure::new(format!("state {serial} is the current one; there is no way to go")).help(format!(
                "{}; `{}` shows what differs from the program",
                list(),
                project.command("plan")
            )));
        }
        Some(serial) => serial,
        None => match store.history()?.into_iter().find(|kept| kept.serial < current) {
            Some(kept) => kept.serial,
            None => return Err(Failure::new("there is no earlier state to go back to").help(list())),
        },
    };
    store.snapshot(serial, &project.registry).map_err(|error| Failure::from(error).help(list()))
}

/// The plan that leads to `then`.
pub async fn way_back(cloud: &Cloud, project: &Project, then: &StateFile, now: StateFile, options: Options) -> Result<Prepared, Failure> {
    let program = project.desired()?;
    let failed = |error| prepare_failure(error, &project.sources);
    let past = Past { then, now: &now, program: &program };
    let desired = past.desired(&cloud.engine).await.map_err(failed)?;
    let evaluate = |_: &plat::plan::Answers| Ok(desired.clone());
    let options = Options { region: options.region.or_else(|| now.region.clone()).or_else(|| cloud.region.clone()), ..options };
    let mut prepared = prepare(&cloud.engine, &evaluate, now.clone(), &options).await.map_err(failed)?;
    if let Some((address, attribute)) = unknown_secrets(&prepared.plan).first() {
        let word = plat::render::shell_quoted(address);
        return Err(Failure::new(format!("going back needs the secret `{attribute}` of `{address}`, of which only a fingerprint is kept"))
            .help(format!("declare `{address}` with its secret in the program again, or leave it out: `--exclude {word}`")));
    }
    prepared.plan.lost = losses(&prepared.plan, then, &now, &project.registry);
    Ok(prepared)
}

fn terms_of(project: &Project, args: &Rollback, serial: u64) -> Terms {
    let choice = choice(&args.choice, project).unwrap_or_default();
    Terms {
        rollback: Some(serial),
        refresh: !args.no_refresh,
        targets: choice.targets.iter().map(ToString::to_string).collect(),
        excluded: choice.excluded.iter().map(ToString::to_string).collect(),
        consent: args.consent.consent_to_lose.clone(),
        ..terms(project)
    }
}

/// Writes the plan that leads from what an apply has made back to state `serial`.
pub async fn save_inverse(cloud: &Cloud, project: &Project, serial: u64, file: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let store = project.store(&project.stack()?)?;
    let loaded = store.load(&project.registry)?;
    let then = store.snapshot(serial, &project.registry)?;
    let options = Options { today: Some(today()), ..Options::default() };
    let prepared = way_back(cloud, project, &then, loaded.state, options).await?;
    let terms = Terms { rollback: Some(serial), refresh: true, ..terms(project) };
    save(file, &prepared, project, terms, loaded.new, terminal)
}
