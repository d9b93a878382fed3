//! `plat completions`

use clap::CommandFactory;

use crate::args::{Cli, Completions};
use crate::failure::{Answer, Exit};
use crate::terminal::Terminal;

pub fn run(args: &Completions, terminal: &Terminal) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "plat", &mut script);
    terminal.print_exactly(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
