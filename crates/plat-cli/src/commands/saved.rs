//! Plans in files: `plat plan --out FILE` and `plat apply FILE`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plat::apply::{Journal, SessionJournal};
use plat::files;
use plat::plan::Prepared;
use plat::plan::saved::{Misfit, SavedParam, SavedPlan, SourceDigest, Terms, digests};
use plat::state::{Context, Encryption, KeyChoice, Loaded, StateError, StateFile};

use super::apply::{Run, applied, rehearsal, settings, settled, through};
use super::block_on;
use super::plan::{Look, judged, prepared, shown};
use super::rollback::way_back;
use crate::args::{self, Format, PlanOptions, StackArgs, StackOptions};
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit, Failure};
use crate::keys;
use crate::project::{Project, age, now, open_options, today};
use crate::terminal::Terminal;

/// Largest plan that is read, in bytes; ten thousand steps are some ten million.
const MAX_FILE: u64 = 256 << 20;
/// What the envelope of an encrypted one says it is.
const KIND: &str = "saved-plan";

/// Writes the plan to a file.
pub fn save(file: &Path, prepared: &Prepared, project: &Project, terms: Terms, new: bool, terminal: &Terminal) -> Result<(), Failure> {
    for (what, folder) in [("the stack's folder", Some(&project.dir)), ("the folder of `--state-dir`", project.given().state_dir.as_ref())]
    {
        if folder.is_some_and(|folder| folder.to_str().is_none()) {
            return Err(Failure::new(format!(
                "the plan was not saved: {what} has a name that is not UTF-8, which a saved plan cannot hold"
            ))
            .help("run the command in that folder, or rename it"));
        }
    }
    let plan = SavedPlan::of(prepared, terms, sources(project), new, now())?;
    let state = &prepared.view.header;
    let encryption = project.encryption(&prepared.stack);
    let bytes = encryption.close_file(&file.display().to_string(), KIND, &Context::of(state), state.serial, plan.encode(state)?)?;
    write(file, &bytes).map_err(|error| Failure::new(format!("the plan cannot be written to `{}`: {error}", file.display())))?;
    terminal.note(&format!("The plan is saved: `plat apply {}` carries out exactly this, once.\n", file.display()));
    Ok(())
}

/// Which stack it is, of which environment and cloud.
pub fn terms(project: &Project) -> Terms {
    let common = project.given();
    let given = crate::project::params(&common.params).unwrap_or_default();
    let param = |(name, value): (String, String)| SavedParam { value: (!project.is_secret(&name)).then_some(value), name };
    Terms {
        folder: project.dir.display().to_string(),
        env: project.env().map(str::to_owned),
        params: given.into_iter().map(param).collect(),
        sandbox: common.sandbox,
        state_dir: common.state_dir.as_ref().map(|dir| dir.display().to_string()),
        ..Terms::default()
    }
}

/// The same, and how `plat plan` was asked.
pub fn terms_of(project: &Project, args: &args::Plan) -> Terms {
    // Wrong patterns were refused when the plan was made.
    let choice = super::plan::choice(&args.options.choice, project).unwrap_or_default();
    Terms {
        destroy: args.destroy,
        refresh: !args.options.no_refresh,
        replace: args.options.replace.clone(),
        targets: choice.targets.iter().map(ToString::to_string).collect(),
        excluded: choice.excluded.iter().map(ToString::to_string).collect(),
        consent: args.options.consent.consent_to_lose.clone(),
        ..terms(project)
    }
}

fn sources(project: &Project) -> Vec<SourceDigest> {
    digests(&project.sources, project.files_read())
}

/// The whole file or none of it, for its owner's eyes.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    files::replace(path, bytes, files::PRIVATE)
}

/// The plan among the words of `plat apply`, and the folder that was given with it.
pub fn named(args: &args::Apply) -> Result<Option<(PathBuf, Option<PathBuf>)>, Failure> {
    match &args.at {
        _ if args.target.is_file() => Ok(Some((args.target.clone(), args.at.clone()))),
        Some(at) if at.is_file() => Ok(Some((at.clone(), Some(args.target.clone())))),
        Some(at) => Err(Failure::usage(format!("neither `{}` nor `{}` is a saved plan", args.target.display(), at.display()))
            .help("`plat apply DIR` applies a stack, `plat apply FILE` a plan of `plat plan --out FILE`")),
        None => Ok(None),
    }
}

/// Carries out a saved plan.
pub fn apply(file: &Path, folder: Option<PathBuf>, args: args::Apply, terminal: &Arc<Terminal>) -> Answer {
    let (saved, bytes) = read(file)?;
    let stack = stack_args(&saved, folder, &args)?;
    let project = Project::open(&stack, terminal)?;
    let target = Target { file, saved: &saved, bytes: &bytes, project: &project };
    target.fits(saved.changed_sources(&sources(&project)).into_iter().filter(|misfit| !asked_for(misfit)).collect())?;
    let name = match saved.terms.rollback {
        Some(serial) => format!("rollback --to {serial}"),
        None if saved.terms.destroy => "destroy".to_owned(),
        None => "apply".to_owned(),
    };
    let run = Run { name, run: args.run, full: args.options.full, json: args.json };
    target.carry_out(&run, terminal)
}

/// A file that the program asks for is read when it does.
fn asked_for(misfit: &Misfit) -> bool {
    matches!(misfit, Misfit::Source { name, .. } if name.starts_with("file("))
}

fn read(file: &Path) -> Result<(SavedPlan, Vec<u8>), Failure> {
    let bad = |problem: String| Failure::new(format!("`{}` cannot be used as a plan: {problem}", file.display()));
    let bytes = files::read(file, MAX_FILE).map_err(|error| bad(error.to_string()))?;
    let encryption = Encryption::new(KeyChoice::None, keys::Given::read(keys::CURRENT)?.secrets());
    let bytes = match encryption.open_file(&file.display().to_string(), KIND, &bytes) {
        Ok(plain) => plain.into_owned(),
        Err(StateError::Damaged { problem, .. }) => return Err(bad(format!("it is damaged: {problem}"))),
        Err(error) => return Err(error.into()),
    };
    let saved = SavedPlan::decode(&bytes).map_err(|error| bad(error.to_string()).help("make a new one with `plat plan --out FILE`"))?;
    Ok((saved, bytes))
}

/// The stack that the plan is for. What is said on the command line must be what the plan says.
fn stack_args(saved: &SavedPlan, folder: Option<PathBuf>, args: &args::Apply) -> Result<StackArgs, Failure> {
    let (given, terms) = (&args.common, &saved.terms);
    settled_by_plan(&args.options)?;
    if given.env.as_ref().is_some_and(|env| Some(env) != terms.env.as_ref()) {
        let planned = terms.env.as_deref().unwrap_or("none");
        return Err(Failure::new(format!(
            "the plan was made for the env `{planned}`, and here it is `{}`",
            given.env.as_deref().unwrap_or("")
        ))
        .help("leave `-e` out: the plan knows its env")
        .exit(Exit::Stale));
    }
    if given.sandbox && !terms.sandbox {
        return Err(Failure::new("the plan was made for the cloud, and here is the sandbox")
            .help("leave `--sandbox` out")
            .exit(Exit::Stale));
    }
    let spoken = crate::project::params(&given.params)?;
    let mut params = Vec::new();
    for param in &terms.params {
        let again = spoken.iter().find(|(name, _)| *name == param.name).map(|(_, value)| value);
        let value = match (&param.value, again) {
            (Some(planned), Some(again)) if planned != again => {
                return Err(Failure::new(format!("the plan was made with another value of `{}`", param.name)).exit(Exit::Stale));
            }
            (Some(planned), _) => planned,
            (None, Some(again)) => again,
            (None, None) => {
                return Err(Failure::usage(format!("`{}` is a secret, which a plan does not keep", param.name))
                    .help(format!("give it again: `-p {}=…`", param.name)));
            }
        };
        params.push(format!("{}={value}", param.name));
    }
    if let Some((name, _)) = spoken.iter().find(|(name, _)| !terms.params.iter().any(|param| param.name == *name)) {
        return Err(Failure::new(format!("the plan was made without a value for `{name}`")).exit(Exit::Stale));
    }
    let state_dir = given.state_dir.clone().or_else(|| terms.state_dir.as_ref().map(PathBuf::from));
    let common = StackOptions { env: terms.env.clone(), params, sandbox: terms.sandbox, state_dir };
    Ok(StackArgs { dir: folder.unwrap_or_else(|| PathBuf::from(&terms.folder)), common })
}

/// What a plan is made of cannot be changed when it is carried out.
fn settled_by_plan(options: &PlanOptions) -> Result<(), Failure> {
    let given = [
        ("--no-refresh", options.no_refresh),
        ("--replace", !options.replace.is_empty()),
        ("--target", !options.choice.targets.is_empty()),
        ("--exclude", !options.choice.excluded.is_empty()),
        ("--refresh-only", options.refresh_only),
        ("--consent-to-lose", !options.consent.consent_to_lose.is_empty()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            Err(Failure::usage(format!("`{name}` is for making a plan, and this one is made")).help("give it to `plat plan --out`"))
        }
        None => Ok(()),
    }
}

/// A saved plan, and the stack that it is to be carried out on.
struct Target<'a> {
    file: &'a Path,
    saved: &'a SavedPlan,
    bytes: &'a [u8],
    project: &'a Project,
}

impl Target<'_> {
    /// Takes the lock, holds the plan to what is there, marks it as used, and only then changes anything.
    fn carry_out(&self, run: &Run, terminal: &Arc<Terminal>) -> Answer {
        let project = self.project;
        let store = project.store(&project.stack()?)?;
        let (session, loaded) = store.open(&open_options(project.command(&run.name), run.run.lock_wait), &project.registry)?;
        self.fits(self.saved.misfit(self.bytes, &loaded.state, loaded.new)?.into_iter().collect())?;
        let Loaded { mut state, pending, written, .. } = loaded;
        let settings = settings(&run.run);
        self.saved.use_up(&mut state);
        let (destroying, state_age) = (self.saved.terms.destroy || self.saved.terms.rollback.is_some(), age(written));
        let look = Look { format: Format::Text, full: run.full, destroying, style: terminal.out, state_age };
        block_on(async {
            let cloud = Cloud::open(project, Access::Change).await?;
            // First without a journal: looks, and changes nothing.
            let seen = settled(&cloud, state.clone(), pending.clone(), None, &settings, terminal).await?;
            let mut prepared = self.prepared(&cloud, seen, terminal).await?;
            rehearsal(&mut prepared, project, run).await;
            if prepared.plan.rehearsal.is_some() && !run.json {
                terminal.print(&shown(&prepared.plan, project, &look));
            }
            through(&prepared, project, run, terminal)?;
            let journal: Arc<dyn Journal> = Arc::new(SessionJournal::begin(session, &mut state)?);
            if !pending.is_empty() {
                let state = settled(&cloud, state, pending, Some(journal.clone()), &settings, terminal).await?;
                prepared = self.prepared(&cloud, state, terminal).await?;
            }
            if !run.json && prepared.plan.rehearsal.is_none() {
                terminal.print(&shown(&prepared.plan, project, &look));
            }
            applied(&cloud, project, prepared, journal, run, &settings, terminal).await
        })
    }

    /// The plan, made anew and held to what was saved.
    async fn prepared(&self, cloud: &Cloud, state: StateFile, terminal: &Terminal) -> Result<Prepared, Failure> {
        let options = self.saved.options(Some(today())).map_err(|error| Failure::new(error.to_string()))?;
        let mut prepared = match self.saved.terms.rollback {
            Some(serial) => {
                let store = self.project.store(&self.project.stack()?)?;
                let then = store.snapshot(serial, &self.project.registry)?;
                way_back(cloud, self.project, &then, state, options).await?
            }
            None => prepared(cloud, self.project, state, options, terminal).await?,
        };
        self.fits(self.saved.changed_sources(&sources(self.project)))?;
        let left = self.saved.hold(&mut prepared).or_else(|misfits| self.fits(misfits).map(|()| Vec::new()))?;
        judged(&prepared, self.project, terminal)?;
        if !left.is_empty() {
            let names = left.iter().map(|address| format!("`{address}`")).collect::<Vec<_>>().join(", ");
            terminal.note(&format!("Not in the saved plan, and left as it is: {names}; `{}` tells more.\n", self.project.command("plan")));
        }
        Ok(prepared)
    }

    fn fits(&self, misfits: Vec<Misfit>) -> Result<(), Failure> {
        /// Reasons that are told one by one.
        const TOLD: usize = 10;
        if misfits.is_empty() {
            return Ok(());
        }
        let mut reasons: Vec<String> = misfits.iter().take(TOLD).map(|misfit| format!("\n  {misfit}")).collect();
        if misfits.len() > TOLD {
            reasons.push(format!("\n  and {} more", misfits.len() - TOLD));
        }
        let again = self.project.command(&match self.saved.terms.rollback {
            Some(serial) => format!("rollback --to {serial}"),
            None if self.saved.terms.destroy => "plan --destroy".to_owned(),
            None => "plan".to_owned(),
        });
        Err(Failure::new(format!("the plan `{}` no longer fits, and nothing was changed:{}", self.file.display(), reasons.concat()))
            .help(format!("make a new one: `{again} --out {}`", self.file.display()))
            .exit(Exit::Stale))
    }
}
