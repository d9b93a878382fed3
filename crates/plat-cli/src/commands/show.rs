//! `plat show`

use plat::render::{state_json, state_text};

use crate::args::Show;
use crate::failure::{Answer, Exit};
use crate::project::{Project, age};
use crate::terminal::Terminal;

pub fn run(args: &Show, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack, terminal)?;
    let loaded = project.loaded()?;
    if args.json {
        terminal.print(&state_json(&loaded.state));
    } else if loaded.new {
        terminal.print(&format!("There is no state yet. `{}` makes it.\n", project.command("apply")));
    } else {
        terminal.print(&state_text(&loaded.state, terminal.out, age(loaded.written)));
    }
    Ok(Exit::Done)
}
