//! `plat graph`

use plat::render::{graph_dot, graph_json};

use crate::args::Graph;
use crate::failure::{Answer, Exit};
use crate::project::Project;
use crate::terminal::Terminal;

pub fn run(args: &Graph, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack, terminal)?;
    let desired = project.desired()?;
    terminal.print(&if args.json { graph_json(&desired) } else { graph_dot(&desired) });
    Ok(Exit::Done)
}
