//! `plat drift`

use plat::apply::Settings;
use plat::plan::Options;
use plat::render::drift_document;

use super::apply::settled;
use super::block_on;
use super::plan::{Look, prepared, shown};
use crate::args::{self, Format};
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit};
use crate::project::{Project, age};
use crate::terminal::Terminal;

pub fn run(args: &args::Drift, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack, terminal)?;
    let loaded = project.loaded()?;
    let state_age = age(loaded.written);
    let options = Options { refresh_only: true, ..Options::default() };
    let prepared = block_on(async {
        let cloud = Cloud::open(&project, Access::ReadOnly).await?;
        let state = settled(&cloud, loaded.state, loaded.pending, None, &Settings::default(), terminal).await?;
        prepared(&cloud, &project, state, options, terminal).await
    })?;
    let plan = &prepared.plan;
    if args.json {
        terminal.print(&drift_document(plan));
    } else {
        let look = Look { format: Format::Text, full: false, destroying: false, style: terminal.out, state_age };
        terminal.print(&shown(plan, &project, &look));
    }
    Ok(if args.detailed_exitcode && plan.drifted() { Exit::Changes } else { Exit::Done })
}
