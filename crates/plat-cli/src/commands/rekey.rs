//! `plat state rekey`

use plat::state::Encryption;

use crate::args::StateRekey;
use crate::failure::{Answer, Exit, Failure};
use crate::passphrase;
use crate::project::{Project, open_options};
use crate::terminal::Terminal;

pub fn run(args: &StateRekey, terminal: &Terminal) -> Answer {
    let new = passphrase::read(passphrase::NEW)?.filter(|text| !text.expose().is_empty());
    let Some(new) = new else {
        return Err(Failure::usage("there is no new passphrase")
            .help("set PLAT_STATE_NEW_PASSPHRASE, or PLAT_STATE_NEW_PASSPHRASE_FILE to the path of a file that holds it"));
    };
    let project = Project::open(&args.stack, terminal)?;
    let stack = project.desired()?.stack;
    let store = project.store(&stack)?;
    store.rekey(&Encryption::new(true, Some(new)), &open_options(project.command("state rekey"), 0))?;
    terminal.print(&format!(
        "The state of {} · {} opens with the new passphrase from now on, and no more with the old one.\n",
        stack.name, stack.env
    ));
    Ok(Exit::Done)
}
