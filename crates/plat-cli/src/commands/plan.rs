//! `plat plan`

use std::sync::{Mutex, PoisonError};

use plat::apply::Settings;
use plat::plan::{Choice, Consent, Glob, Options, Plan, PrepareError, Prepared, Rehearsal, prepare};
use plat::render::{Style, View, plan_json, plan_markdown, plan_text};
use plat::trial::rehearse;
use plat::value::Duration;

use super::apply::settled;
use super::block_on;
use crate::args::{self, ChoiceOptions, ConsentOptions, Format, PlanOptions};
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit, Failure, prepare_failure};
use crate::project::{Project, age, today};
use crate::terminal::Terminal;

pub fn run(args: &args::Plan, terminal: &Terminal) -> Answer {
    let mut options = options(&args.options, args.destroy)?;
    let project = Project::open(&args.stack, terminal)?;
    options.choice = choice(&args.options.choice, &project)?;
    let stack = project.stack()?;
    project.let_go();
    let loaded = project.load(&stack)?;
    let (state_age, new) = (age(loaded.written), loaded.new);
    let mut prepared = block_on(async {
        let cloud = Cloud::open(&project, Access::ReadOnly).await?;
        let state = settled(&cloud, loaded.state, loaded.pending, None, &Settings::default(), terminal).await?;
        prepared(&cloud, &project, state, options, terminal).await
    })?;
    if args.rehearse {
        let rehearsal = block_on(async { Ok(rehearse(&project.registry, &prepared).await) })?;
        prepared.plan.rehearsal = Some(rehearsal);
    }
    let format = if args.json { Format::Json } else { args.format };
    let look = Look { format, full: args.options.full, destroying: args.destroy, style: terminal.out, state_age };
    terminal.print(&shown(&prepared.plan, &project, &look));
    judged(&prepared, &project, terminal)?;
    rehearsed(&prepared)?;
    if let Some(file) = &args.out {
        super::saved::save(file, &prepared, &project, super::saved::terms_of(&project, args), new, terminal)?;
    }
    let changes = if args.options.refresh_only { prepared.plan.drifted() } else { !prepared.plan.is_empty() };
    // The process ends here; to take a large state apart first is time for nothing. No secret's text is in it.
    std::mem::forget(prepared.view.records);
    Ok(if args.detailed_exitcode && changes { Exit::Changes } else { Exit::Done })
}

/// Tells what the policies say, and refuses what must not be carried out.
pub fn judged(prepared: &Prepared, project: &Project, terminal: &Terminal) -> Result<(), Failure> {
    let found = prepared.plan.policy_diagnostics();
    if !found.is_empty() {
        terminal.diagnostics(&found, &project.sources);
    }
    match prepared.refusal() {
        None => Ok(()),
        Some(PrepareError::Policies(_)) => Err(Failure::told(Exit::Assert)),
        Some(refusal) => Err(prepare_failure(refusal, &project.sources)),
    }
}

/// Refuses what a rehearsal has shown to be refused by the cloud.
pub fn rehearsed(prepared: &Prepared) -> Result<(), Failure> {
    match prepared.plan.rehearsal.as_ref().map_or(0, Rehearsal::refused) {
        0 => Ok(()),
        n => {
            let steps = if n == 1 { "a step".to_owned() } else { format!("{n} steps") };
            Err(Failure::new(format!("{steps} of the plan would be refused by the cloud; nothing was changed"))
                .help("change what stands in the way; `plat apply --no-rehearse` tries it all the same"))
        }
    }
}

/// The engine's options from the command line's.
pub fn options(given: &PlanOptions, destroy: bool) -> Result<Options, Failure> {
    let replace = given.replace.iter().map(|text| glob(text)).collect::<Result<_, _>>()?;
    Ok(Options {
        refresh: !given.no_refresh,
        destroy,
        region: None,
        consent: consent(&given.consent)?,
        replace,
        choice: Choice::default(),
        refresh_only: given.refresh_only,
        today: Some(today()),
    })
}

/// What of the plan is wanted; files stand for what is declared in them.
pub fn choice(given: &ChoiceOptions, project: &Project) -> Result<Choice, Failure> {
    let globs = |texts: &[String]| -> Result<Vec<Glob>, Failure> {
        let lists = texts.iter().map(|text| if text.ends_with(".plat") { project.declared_in(text) } else { Ok(vec![glob(text)?]) });
        Ok(lists.collect::<Result<Vec<_>, _>>()?.concat())
    };
    Ok(Choice { targets: globs(&given.targets)?, excluded: globs(&given.excluded)? })
}

fn glob(text: &str) -> Result<Glob, Failure> {
    text.parse().map_err(|error: plat::plan::BadGlob| Failure::usage(error.to_string()))
}

pub fn consent(given: &ConsentOptions) -> Result<Consent, Failure> {
    match given.consent_to_lose.as_slice() {
        [] => Ok(Consent::None),
        names if names.iter().any(|name| name == "all") => Ok(Consent::All),
        names => Ok(Consent::To(names.iter().map(|text| address(text)).collect::<Result<_, _>>()?)),
    }
}

pub fn address(text: &str) -> Result<plat::address::Address, Failure> {
    text.parse().map_err(|error: plat::address::BadAddress| Failure::usage(error.to_string()))
}

/// The plan and all that an apply needs. Warnings of what is planned, and why asserts fail, are told.
pub async fn prepared(
    cloud: &Cloud,
    project: &Project,
    state: plat::state::StateFile,
    options: Options,
    terminal: &Terminal,
) -> Result<Prepared, Failure> {
    let told = Mutex::new(Vec::new());
    let evaluate = |answers: &plat::plan::Answers| {
        let desired = project.evaluate(answers)?;
        // With more lookups answered, more is known: the last ones count.
        told.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&desired.told);
        Ok(desired)
    };
    let options = Options { region: options.region.or_else(|| cloud.region.clone()), ..options };
    let prepared = prepare(&cloud.engine, &evaluate, state, &options).await.map_err(|error| match error {
        PrepareError::NoRegion => {
            Failure::new("no region is known").help("write `@region = \"us-east-1\"` in the env or the stack, or set AWS_REGION")
        }
        other => prepare_failure(other, &project.sources),
    })?;
    let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !told.is_empty() && !options.destroy {
        terminal.diagnostics(&told, &project.sources);
    }
    Ok(prepared)
}

/// How a plan is shown.
pub struct Look {
    pub format: Format,
    pub full: bool,
    pub destroying: bool,
    pub style: Style,
    pub state_age: Option<Duration>,
}

/// The plan in a format.
pub fn shown(plan: &Plan, project: &Project, look: &Look) -> String {
    let Look { format, full, destroying, style, state_age } = *look;
    let view = View { sources: &project.sources, registry: &project.registry, style, full, destroying, state_age };
    match format {
        Format::Text => plan_text(plan, &view),
        Format::Markdown => plan_markdown(plan, &view),
        Format::Json => plan_json(plan, &view),
    }
}
