//! `plat recover`: what a run that was cut off left open is settled, and nothing else is done.

use std::sync::Arc;

use plat::apply::{Journal, SessionJournal, Settings, settle};
use plat::render::{recovery, recovery_json, undecided};

use super::block_on;
use crate::args::Recover;
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit, Failure};
use crate::project::{Project, open_options};
use crate::terminal::Terminal;

pub fn run(args: &Recover, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack, terminal)?;
    let store = project.store(&project.stack()?)?;
    let (session, loaded) = store.open(&open_options(project.command("recover"), args.lock_wait), &project.registry)?;
    let mut state = loaded.state;
    let found = if loaded.pending.is_empty() {
        Vec::new()
    } else {
        let settings = Settings { consistency: std::time::Duration::from_secs(args.consistency), ..Settings::default() };
        block_on(async {
            let cloud = Cloud::open(&project, Access::Change).await?;
            let journal: Arc<dyn Journal> = Arc::new(SessionJournal::begin(session, &mut state)?);
            let settled = settle(&cloud.engine, state.clone(), loaded.pending, Some(journal.clone()), &settings).await?;
            state = settled.state;
            journal.finish(&mut state)?;
            Ok(settled.found)
        })?
    };
    terminal.print(&if args.json { recovery_json(&found, &state) } else { recovery(&found, &state, terminal.out) });
    match undecided(&found) {
        0 => Ok(Exit::Done),
        _ => Err(Failure::new("not everything could be settled; what is open stays in the journal")
            .help(format!("`{}` tries again, and so does the next apply", project.command("recover")))),
    }
}
