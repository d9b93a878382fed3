//! `plat apply --refresh-only`: the state becomes what the cloud shows, and the cloud stays as it is.

use std::sync::Arc;

use plat::apply::{Journal, SessionJournal};
use plat::plan::Options;
use plat::render::drift_document;
use plat::state::Entry;

use super::apply::{settings, settled};
use super::block_on;
use super::plan::{Look, prepared, shown};
use crate::args::{self, Format};
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit, Failure};
use crate::project::{Project, age, open_options};
use crate::terminal::Terminal;

pub fn run(project: &Project, options: Options, args: &args::Apply, terminal: &Terminal) -> Answer {
    let stack = project.stack()?;
    let store = project.store(&stack)?;
    let (session, loaded) = store.open(&open_options(project.command("apply"), args.run.lock_wait), &project.registry)?;
    let state_age = age(loaded.written);
    block_on(async {
        let cloud = Cloud::open(project, Access::ReadOnly).await?;
        let mut state = loaded.state;
        let journal: Arc<dyn Journal> = Arc::new(SessionJournal::begin(session, &mut state)?);
        let state = settled(&cloud, state, loaded.pending, Some(journal.clone()), &settings(&args.run), terminal).await?;
        let before = state.clone();
        let prepared = prepared(&cloud, project, state, options, terminal).await?;
        if args.json {
            terminal.print(&drift_document(&prepared.plan));
        } else {
            let look = Look { format: Format::Text, full: args.options.full, destroying: false, style: terminal.out, state_age };
            terminal.print(&shown(&prepared.plan, project, &look));
        }
        let question = format!("Record this in the state of {} · {}? The cloud is not touched.", stack.name, stack.env);
        if prepared.state_changes && !args.run.yes && !terminal.confirm(&question, "add `--yes` to do it without asking")? {
            return Err(Failure::new("nothing was recorded"));
        }
        let changed = prepared.state_changes;
        let mut after = prepared.view.into_state();
        journal.append(&Entry::between(&before, &after).into_iter().collect::<Vec<_>>())?;
        journal.finish(&mut after)?;
        if !args.json {
            let said = if changed { "is what the cloud shows" } else { "was what the cloud shows already" };
            terminal.print(&format!("State {} {said}.\n", after.serial));
        }
        Ok(Exit::Done)
    })
}
