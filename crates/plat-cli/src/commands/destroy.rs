//! `plat destroy`

use std::sync::Arc;

use plat::plan::Options;

use super::apply::{Run, carry_out};
use super::plan::{choice, consent};
use crate::args::Destroy;
use crate::failure::Answer;
use crate::project::Project;
use crate::terminal::Terminal;

pub fn run(args: Destroy, terminal: &Arc<Terminal>) -> Answer {
    let mut options = Options { destroy: true, refresh: !args.no_refresh, consent: consent(&args.consent)?, ..Options::default() };
    let project = Project::open(&args.stack, terminal)?;
    options.choice = choice(&args.choice, &project)?;
    carry_out(&project, options, &Run { name: "destroy".to_owned(), run: args.run, full: false, json: args.json }, terminal)
}
