//! `plat state rekey`

use plat::state::{Encryption, KeyChoice, StateError};

use crate::args::StateRekey;
use crate::failure::{Answer, Exit, Failure};
use crate::keys::{self, Given};
use crate::project::{Project, open_options};
use crate::terminal::Terminal;

pub fn run(args: &StateRekey, terminal: &Terminal) -> Answer {
    let new = Given::read(keys::NEW)?;
    let project = Project::open(&args.stack, terminal)?;
    let stack = project.stack()?;
    let choice = keys::choice(&stack, project.sandbox());
    if choice == KeyChoice::None {
        return Err(Failure::new("the stack does not say what its state is to be encrypted with")
            .help("write `encryption = …` in the stack; without it, the next apply writes the state readable"));
    }
    // From another kind of key, the passphrase need not be a new one.
    let given = if new.passphrase.as_ref().is_some_and(|text| !text.expose().is_empty()) { new } else { Given::read(keys::CURRENT)? };
    let store = project.store(&stack)?;
    let encryption = Encryption::new(choice.clone(), given.secrets());
    let moved = store.rekey(&encryption, &open_options(project.command("state rekey"), 0), &project.registry);
    moved.map_err(|error| match error {
        StateError::SamePassphrase { .. } => Failure::usage("there is no new passphrase")
            .help("set PLAT_STATE_NEW_PASSPHRASE, or PLAT_STATE_NEW_PASSPHRASE_FILE to the path of a file that holds it"),
        error => error.into(),
    })?;
    let opens = match choice {
        KeyChoice::Passphrase => "the passphrase that was given".to_owned(),
        KeyChoice::Age(recipients) if recipients.len() == 1 => {
            format!("the identity of {}", recipients.iter().map(|r| format!("`{r}`")).collect::<String>())
        }
        KeyChoice::Age(recipients) => {
            format!("any of the identities of {}", recipients.iter().map(|r| format!("`{r}`")).collect::<Vec<_>>().join(", "))
        }
        key => key.to_string(),
    };
    terminal.print(&format!("The state of {} · {} opens with {opens} from now on, and with nothing else.\n", stack.name, stack.env));
    Ok(Exit::Done)
}
