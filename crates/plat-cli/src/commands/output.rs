//! `plat output`

use plat::diagnostic::closest;
use plat::render::{output_value, outputs_json, outputs_text};

use crate::args::Output;
use crate::failure::{Answer, Exit, Failure};
use crate::project::Project;
use crate::terminal::Terminal;

pub fn run(args: Output, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack.stack(), terminal)?;
    let state = project.loaded()?.state;
    let Some(name) = &args.name else {
        terminal.print(&if args.json { outputs_json(&state) } else { outputs_text(&state) });
        return Ok(Exit::Done);
    };
    let Some(value) = state.outputs.get(name) else {
        let near = closest(name, state.outputs.keys().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if state.outputs.is_empty() => format!("the state has no outputs yet; `{}` makes them", project.command("apply")),
            None => format!("there are {}", state.outputs.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        };
        return Err(Failure::new(format!("the state has no output `{name}`")).help(help));
    };
    terminal.print(&if args.json { format!("{value:#}\n") } else { format!("{}\n", output_value(value)) });
    Ok(Exit::Done)
}
