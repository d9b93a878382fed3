//! `plat state list`, `show`, `history`, `restore`; the others are next door

use plat::render::{record_json, record_text, resource_list, similar_address, state_json};

use super::plan::address;
use super::state_changes;
use crate::args::{State, StateList, StateRestore, StateShow};
use crate::failure::{Answer, Exit, Failure};
use crate::project::{Project, open_options};
use crate::terminal::Terminal;

pub fn run(args: State, terminal: &Terminal) -> Answer {
    match args {
        State::List(args) => list(&args, terminal),
        State::Show(args) => show(args, terminal),
        State::History(args) => history(&args, terminal),
        State::Restore(args) => restore(args, terminal),
        State::Rekey(args) => super::rekey::run(&args, terminal),
        State::Mv(args) => state_changes::mv(args, terminal),
        State::Rm(args) => state_changes::rm(args, terminal),
        State::Pull(args) => state_changes::pull(&args, terminal),
        State::Push(args) => state_changes::push(args, terminal),
        State::Diff(args) => state_changes::diff(args, terminal),
        State::Unlock(args) => state_changes::unlock(args, terminal),
    }
}

fn list(args: &StateList, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack, terminal)?;
    let loaded = project.loaded()?;
    if args.json {
        let state: serde_json::Value = serde_json::from_str(&state_json(&loaded.state)).map_err(|error| Failure::new(error.to_string()))?;
        let list = state.get("resources").cloned().unwrap_or_default();
        terminal.print(&format!("{list:#}\n"));
    } else if loaded.state.resources.is_empty() {
        terminal.note("the state records nothing\n");
    } else {
        terminal.print(&resource_list(&loaded.state, terminal.out));
    }
    Ok(Exit::Done)
}

fn show(args: StateShow, terminal: &Terminal) -> Answer {
    let wanted = address(&args.address)?;
    let project = Project::open(&args.stack.stack(), terminal)?;
    let state = project.loaded()?.state;
    let Some(record) = state.resources.get(&wanted) else {
        let list = format!("`{}` lists what is there", project.command("state list"));
        let help = match similar_address(&args.address, &state) {
            Some(near) => format!("did you mean `{near}`? {list}"),
            None => list,
        };
        return Err(Failure::new(format!("the state has no `{wanted}`")).help(help));
    };
    let schema = project.registry.get(&record.type_name).map(AsRef::as_ref);
    terminal.print(&if args.json { record_json(&wanted, record) } else { record_text(&wanted, record, schema, terminal.out) });
    Ok(Exit::Done)
}

fn history(args: &StateList, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack, terminal)?;
    let stack = project.stack()?;
    let snapshots = project.store(&stack)?.history()?;
    if args.json {
        let list: Vec<_> =
            snapshots.iter().map(|s| serde_json::json!({ "serial": s.serial, "sha256": s.sha256, "bytes": s.bytes })).collect();
        terminal.json(&list.into());
        return Ok(Exit::Done);
    }
    let lines: String = snapshots.iter().map(|s| format!("  {:>6}  {:>10} bytes  {}\n", s.serial, s.bytes, s.sha256)).collect();
    terminal.print(&lines);
    Ok(Exit::Done)
}

fn restore(args: StateRestore, terminal: &Terminal) -> Answer {
    let project = Project::open(&args.stack.stack(), terminal)?;
    let stack = project.stack()?;
    let store = project.store(&stack)?;
    let command = project.command("state restore");
    if !args.yes {
        let question =
            format!("Make snapshot {} of {} · {} the current state? The cloud is not touched.", args.serial, stack.name, stack.env);
        if !terminal.confirm(&question, "add `--yes` to do it without asking")? {
            return Err(Failure::new("nothing was changed"));
        }
    }
    let restored = store.restore(args.serial, &open_options(command, 0), &project.registry)?;
    let aside = restored.journal.map(|place| format!(" What was under way is kept in `{place}`.")).unwrap_or_default();
    terminal.print(&format!(
        "State {} is snapshot {}.{aside} `{}` tells how the cloud differs from it.\n",
        restored.serial,
        args.serial,
        project.command("plan")
    ));
    Ok(Exit::Done)
}
