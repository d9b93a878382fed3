//! `plat state mv`, `rm`, `pull`, `push`, `diff`, `unlock`

use plat::address::Address;
use plat::desired::{Desired, Stack};
use plat::render::{clean_line, shell_quoted, similar_address, state_diff, state_diff_json, state_source};
use plat::state::{EditError, Loaded, PushError, StateFile, StateStore, Unlocked, check_push, forget, move_records, take_key};

use super::plan::address;
use crate::args::{StateDiff, StateMv, StatePull, StatePush, StateRm, StateUnlock};
use crate::failure::{Answer, Exit, Failure};
use crate::project::{Project, open_options};
use crate::terminal::Terminal;

/// As many names as a line can hold.
const NAMED: usize = 5;
/// Largest state that is pushed, in bytes; ten thousand resources are some twenty million.
const LARGEST: u64 = 1 << 30;

pub fn mv(args: StateMv, terminal: &Terminal) -> Answer {
    let (from, to) = (address(&args.from)?, address(&args.to)?);
    let project = Project::open(&args.stack.stack(), terminal)?;
    let desired = project.desired()?;
    let store = project.store(&desired.stack)?;
    let (session, loaded) = opened(&*store, &project, "state mv", args.lock_wait)?;
    let before = loaded.state;
    let mut after = before.clone();
    let moved = move_records(&mut after, &from, &to).map_err(|error| edit_failure(error, &before, &project))?;
    refuse_other_types(&moved, &after, &desired)?;
    session.revise(before, &mut after)?;
    let lines: String = moved.iter().map(|(from, to)| format!("moved {} → {}\n", shown(from), shown(to))).collect();
    terminal.print(&format!("{lines}{} in state {}; the cloud was not touched.\n", counted(moved.len(), "moved"), after.serial));
    let strangers: Vec<String> =
        moved.iter().filter(|(_, to)| !desired.resources.contains_key(to)).map(|(_, to)| format!("`{}`", shown(to))).collect();
    if !strangers.is_empty() {
        let them = if strangers.len() == 1 { "it" } else { "them" };
        let more = match strangers.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        terminal.note(&format!(
            "The program has no {}{more}: until it does, `{}` would delete {them}.\n",
            strangers.into_iter().take(NAMED).collect::<Vec<_>>().join(", "),
            project.command("apply")
        ));
    }
    Ok(Exit::Done)
}

/// A thing under the address of another type would be replaced, which nobody means by a move.
fn refuse_other_types(moved: &[(Address, Address)], after: &StateFile, desired: &Desired) -> Result<(), Failure> {
    for (from, to) in moved {
        let (Some(record), Some(declared)) = (after.resources.get(to), desired.resources.get(to)) else { continue };
        if record.type_name != declared.type_name {
            return Err(Failure::new(format!(
                "`{from}` is an `{}`, and the program declares `{to}` as an `{}`",
                record.type_name, declared.type_name
            ))
            .help("choose another address; an apply would replace what is there"));
        }
    }
    Ok(())
}

pub fn rm(args: StateRm, terminal: &Terminal) -> Answer {
    let wanted = address(&args.address)?;
    let project = Project::open(&args.stack.stack(), terminal)?;
    let desired = project.desired()?;
    let store = project.store(&desired.stack)?;
    let (session, loaded) = opened(&*store, &project, "state rm", args.lock_wait)?;
    let before = loaded.state;
    let mut after = before.clone();
    let forgotten = forget(&mut after, &wanted).map_err(|error| edit_failure(error, &before, &project))?;
    for (address, record) in &forgotten {
        terminal.print(&format!("  {}  {}  {}\n", shown(address), clean_line(&record.type_name), clean_line(&record.id)));
    }
    let question = format!(
        "Forget {} of {}? What is forgotten stays in the cloud, and plat knows nothing of it.",
        if forgotten.len() == 1 { "this".to_owned() } else { format!("these {}", forgotten.len()) },
        place(&desired.stack),
    );
    consent(args.yes, &question, terminal)?;
    session.revise(before, &mut after)?;
    terminal.print(&format!("{} in state {}; the cloud was not touched.\n", counted(forgotten.len(), "forgotten"), after.serial));
    let back: Vec<String> = forgotten
        .iter()
        .filter(|(address, _)| desired.resources.contains_key(address))
        .map(|(address, record)| format!("  import {} = \"{}\"\n", shown(address), clean_line(&record.id)))
        .collect();
    if !back.is_empty() {
        terminal.note(&format!(
            "The program still has {}: `{}` would create {}. To take back what is there, write:\n{}",
            if back.len() == 1 { "it" } else { "them" },
            project.command("apply"),
            if back.len() == 1 { "another one" } else { "others" },
            back.concat()
        ));
    }
    Ok(Exit::Done)
}

/// The state as it is stored, with what a cut-off apply had finished.
pub fn pull(args: &StatePull, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack, terminal)?;
    let mut loaded = project.loaded()?;
    if args.with_key {
        loaded.state.stored_key = Default::default();
    }
    if loaded.new {
        return Err(Failure::new("there is no state yet").help(format!("`{}` makes one", project.command("apply"))));
    }
    terminal.print(&state_source(&plat::state::encode(&loaded.state)?));
    if !loaded.pending.is_empty() {
        terminal.note(&format!("An apply was cut off: what it left open is not in this. `{}` settles it.\n", project.command("recover")));
    }
    Ok(Exit::Done)
}

pub fn push(args: StatePush, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack.stack(), terminal)?;
    let stack = project.stack()?;
    let store = project.store(&stack)?;
    let (name, bytes) = read(&args.file)?;
    let mut pushed = plat::state::decode(&name, &bytes, &project.registry).map_err(|error| match error {
        plat::state::StateError::Damaged { place, problem, .. } => Failure::new(format!("`{place}` cannot be pushed: {problem}"))
            .help(format!("`{}` prints a state in the form that is wanted", project.command("state pull"))),
        other => other.into(),
    })?;
    let (session, loaded) = opened(&*store, &project, "state push", args.lock_wait)?;
    take_key(&mut pushed, &loaded);
    check_push(&loaded, &pushed).map_err(|error| push_failure(&name, &error, &project))?;
    check_values(&name, &pushed, &loaded.state, &project)?;
    pushed.remember_plans(&loaded.state);
    let before = if loaded.new {
        // A first state comes under the serial it has.
        StateFile { resources: Default::default(), outputs: Default::default(), serial: pushed.serial.saturating_sub(1), ..pushed.clone() }
    } else {
        loaded.state
    };
    if (StateFile { serial: before.serial, ..pushed.clone() }) == before {
        terminal.print(&format!("State {} says the same already; nothing was pushed.\n", before.serial));
        return Ok(Exit::Done);
    }
    terminal.print(&state_diff(&before, &pushed, &project.registry, terminal.out));
    consent(args.yes, &format!("Make this the state of {}? The cloud is not touched.", place(&stack)), terminal)?;
    session.revise(before, &mut pushed)?;
    terminal.print(&format!(
        "State {} is what was pushed. `{}` tells how the cloud differs from it.\n",
        pushed.serial,
        project.command("plan")
    ));
    Ok(Exit::Done)
}

/// Refuses records with values that their types cannot have. What the state has already stays as it is.
fn check_values(name: &str, pushed: &StateFile, stored: &StateFile, project: &Project) -> Result<(), Failure> {
    for (address, record) in &pushed.resources {
        if stored.resources.get(address) == Some(record) {
            continue;
        }
        let refused = |problem: String| {
            let pull = project.command("state pull");
            Err(Failure::new(format!("`{name}` was not pushed: {problem}"))
                .help(format!("compare it with what `{pull}` prints, and correct it there")))
        };
        let Some(schema) = project.registry.get(&record.type_name) else {
            return refused(format!("`{address}` is of the type `{}`, which this plat does not know", record.type_name));
        };
        if record.id.trim().is_empty() {
            return refused(format!("`{address}` has no id"));
        }
        if let Some((attribute, problem)) = plat::apply::misfit(schema, record) {
            return refused(format!("`{attribute}` of `{address}` {problem}"));
        }
    }
    Ok(())
}

/// A file's bytes, or those of standard input.
fn read(file: &std::path::Path) -> Result<(String, Vec<u8>), Failure> {
    let failed = |name: &str, error: std::io::Error| Failure::new(format!("`{name}` cannot be read: {error}"));
    if file == std::path::Path::new("-") {
        let name = "standard input";
        let bytes = plat::files::read_stream(std::io::stdin().lock(), LARGEST).map_err(|error| failed(name, error))?;
        return Ok((name.to_owned(), bytes));
    }
    let name = file.display().to_string();
    let bytes = plat::files::read(file, LARGEST).map_err(|error| failed(&name, error))?;
    Ok((name, bytes))
}

pub fn diff(args: StateDiff, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack.stack(), terminal)?;
    let stack = project.stack()?;
    let store = project.store(&stack)?;
    let (before, after) = two(&args.serials, &*store, &project)?;
    terminal.print(&if args.json {
        state_diff_json(&before, &after)
    } else {
        state_diff(&before, &after, &project.registry, terminal.out)
    });
    Ok(Exit::Done)
}

/// The two states to compare: those that are named; else the current one is the later, and the snapshot before it the earlier.
fn two(serials: &[u64], store: &dyn StateStore, project: &Project) -> Result<(StateFile, StateFile), Failure> {
    let snapshot = |serial: u64| store.snapshot(serial, &project.registry).map_err(Failure::from);
    if let [first, second] = serials {
        return Ok((snapshot(*first)?, snapshot(*second)?));
    }
    let current = store.load(&project.registry)?.state;
    if let [only] = serials {
        return Ok((snapshot(*only)?, current));
    }
    let earlier = store.history()?.into_iter().find(|kept| kept.serial < current.serial);
    match earlier {
        Some(kept) => Ok((snapshot(kept.serial)?, current)),
        None => Err(Failure::new("there is no earlier state to compare with")
            .help(format!("`{}` lists the snapshots that are kept", project.command("state history")))),
    }
}

pub fn unlock(args: StateUnlock, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack.stack(), terminal)?;
    let stack = project.stack()?;
    let store = project.store(&stack)?;
    match store.unlock(args.epoch)? {
        Unlocked::Broken(holder) => {
            terminal.print(&format!("The lock of {holder} is broken. Should it still run, its next write fails.\n"));
            Ok(Exit::Done)
        }
        Unlocked::Free => {
            terminal.print("Nobody holds the lock; nothing was changed.\n");
            Ok(Exit::Done)
        }
        Unlocked::OfProcess => Err(Failure::new("the lock of a local state ends with the process that holds it, however that ends")
            .help("wait for the process, or end it; there is nothing to unlock")),
    }
}

/// The lock, and a state in which nothing is left open.
fn opened(store: &dyn StateStore, project: &Project, command: &str, wait: u64) -> Result<(plat::state::Session, Loaded), Failure> {
    let (session, loaded) = store.open(&open_options(project.command(command), wait), &project.registry)?;
    if loaded.pending.is_empty() {
        return Ok((session, loaded));
    }
    Err(Failure::new("an apply was cut off, and what it left open comes first").help(format!(
        "run `{}`, then `{}`",
        project.command("recover"),
        project.command(command)
    )))
}

fn consent(yes: bool, question: &str, terminal: &Terminal) -> Result<(), Failure> {
    match yes || terminal.confirm(question, "add `--yes` to do it without asking")? {
        true => Ok(()),
        false => Err(Failure::new("nothing was changed")),
    }
}

fn place(stack: &Stack) -> String {
    format!("{} · {}", stack.name, stack.env)
}

fn shown(address: &Address) -> String {
    clean_line(&address.to_string()).into_owned()
}

/// `1 resource moved`
fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 resource {what}") } else { format!("{n} resources {what}") }
}

fn edit_failure(error: EditError, state: &StateFile, project: &Project) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        EditError::Nothing(address) => {
            let list = format!("`{}` lists what is there", project.command("state list"));
            match similar_address(&address.to_string(), state) {
                Some(near) => failure.help(format!("did you mean `{near}`? {list}")),
                None => failure.help(list),
            }
        }
        EditError::Same { .. } => failure.help("name an address that is not the same, and not inside it"),
        EditError::Taken { to, .. } => {
            failure.help(format!("choose another address, or let go of what is there first: `plat state rm {}`", shell_quoted(&to)))
        }
        EditError::Secret { from, to, .. } => {
            failure.help(format!("write `moved {from} -> {to}` in the program: an apply can look at the secret again, and takes it along"))
        }
    }
}

fn push_failure(name: &str, error: &PushError, project: &Project) -> Failure {
    let failure = Failure::new(format!("`{name}` was not pushed: {error}"));
    match error {
        PushError::Foreign { .. } => failure.help("push it with `-e` of the environment that it is of"),
        PushError::ClosedKey => {
            failure.help(format!("where it is kept now, `{} --with-key` prints it in plain", project.command("state pull")))
        }
        PushError::Lineage { .. } | PushError::Key(_) => {
            failure.help(format!("`{}` prints the state that belongs here", project.command("state pull")))
        }
        PushError::Older { .. } | PushError::Later { .. } => failure.help(format!(
            "make the change again on what `{}` prints now; `{}` brings an old snapshot back",
            project.command("state pull"),
            project.command("state restore")
        )),
    }
}
