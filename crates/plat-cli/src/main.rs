//! The binary `plat`: arguments, wiring, terminal. What plat knows is in the library.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice))]

mod args;
mod buckets;
mod cloud;
mod commands;
mod failure;
mod git;
mod http;
mod keys;
mod live;
mod panics;
mod project;
mod secrets;
mod terminal;
mod vault;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use crate::args::{Cli, ColorChoice, Command};
use crate::failure::{Answer, Exit};
use crate::terminal::Terminal;

/// A plan is many small values: with the system's allocator, `plat validate` of 10,000 resources takes a third longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let terminal = Arc::new(Terminal::new(cli.color));
    panics::tell(&terminal);
    let exit = match catch_unwind(AssertUnwindSafe(|| run(cli.command, &terminal))) {
        Ok(Ok(exit)) => exit,
        // It was told where it happened.
        Err(_) => Exit::Error,
        Ok(Err(failure)) => {
            failure.tell(&terminal);
            failure.exit
        }
    };
    ExitCode::from(if terminal.write_failed() && exit == Exit::Done { Exit::Error as u8 } else { exit as u8 })
}

/// Help and version are no errors; everything else on the command line that is not understood is one of usage.
fn usage(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
    let terminal = Terminal::new(ColorChoice::Auto);
    let (style, wanted) = if error.use_stderr() { (terminal.err, false) } else { (terminal.out, true) };
    let text = if style.color { error.render().ansi().to_string() } else { error.render().to_string() };
    if wanted {
        terminal.print(&text)
    } else {
        terminal.note(&text)
    }
    ExitCode::from(if matches!(error.kind(), DisplayHelp | DisplayVersion) { Exit::Done as u8 } else { Exit::Usage as u8 })
}

fn run(command: Command, terminal: &Arc<Terminal>) -> Answer {
    match command {
        Command::New(args) => commands::new::run(&args, terminal),
        Command::Validate(args) => commands::validate::run(&args, terminal),
        Command::Test(args) => commands::test::run(&args, terminal),
        Command::Fmt(args) => commands::fmt::run(&args, terminal),
        Command::Plan(args) => commands::plan::run(&args, terminal),
        Command::Apply(args) => commands::apply::run(args, terminal),
        Command::Destroy(args) => commands::destroy::run(args, terminal),
        Command::Rollback(args) => commands::rollback::run(args, terminal),
        Command::Recover(args) => commands::recover::run(&args, terminal),
        Command::Drift(args) => commands::drift::run(&args, terminal),
        Command::Show(args) => commands::show::run(&args, terminal),
        Command::Output(args) => commands::output::run(args, terminal),
        Command::State(args) => commands::state::run(args, terminal),
        Command::Import(args) => commands::import::run(args, terminal),
        Command::Modules(args) => commands::modules::run(&args, terminal),
        Command::Graph(args) => commands::graph::run(&args, terminal),
        Command::Console(args) => commands::console::run(&args, terminal),
        Command::Docs(args) => commands::docs::run(&args, &project::registry(), terminal),
        Command::Explain(args) => commands::explain::run(&args, terminal),
        Command::Completions(args) => commands::completions::run(&args, terminal),
    }
}
