//! `plat import`

use std::sync::Arc;

use plat::address::Address;
use plat::desired::{Desired, Stack};
use plat::render::{clean_line, resource_source};
use plat::schema::{Kind, ResourceSchema};
use plat::state::{Entry, Record, StateFile, Status};
use plat::value::{Object, ResolvedObject};

use super::block_on;
use super::docs::find;
use super::plan::address;
use crate::args::Import;
use crate::cloud::{Access, Cloud};
use crate::failure::{Answer, Exit, Failure};
use crate::project::{Project, open_options};
use crate::terminal::Terminal;

pub fn run(args: Import, terminal: &Terminal) -> Answer {
    let wanted = address(&args.address)?;
    let project = Project::open(&args.stack.clone().stack(), terminal)?;
    let desired = project.desired()?;
    let schema = schema(&args, &wanted, &desired, &project)?;
    let store = project.store(&desired.stack)?;
    let (session, loaded) = store.open(&open_options(project.command("import"), 0), &project.registry)?;
    if !loaded.pending.is_empty() {
        return Err(Failure::new("an apply was cut off, and what it left open comes first")
            .help(format!("run `{}`, then import", project.command("recover"))));
    }
    let mut state = loaded.state;
    refuse_taken(&wanted, &args.id, &state)?;
    let record = Arc::new(block_on(read(&project, &desired, &wanted, schema, &args.id))?);
    session.begin(&mut state, &plat::state::random_id()?)?;
    session.append_all(&[Entry::put(&wanted, Some(record.clone()))])?;
    state.resources.insert(wanted.clone(), record.clone());
    session.finish(&mut state)?;
    told(&wanted, &record, schema, &desired, &project, terminal);
    Ok(Exit::Done)
}

/// The type of what is imported: the program's, or the one that is named.
fn schema<'a>(args: &Import, wanted: &Address, desired: &Desired, project: &'a Project) -> Result<&'a ResourceSchema, Failure> {
    let declared = desired.resources.get(wanted).map(|resource| resource.type_name.to_string());
    let name = match (&declared, &args.type_name) {
        (Some(declared), Some(named)) if declared != named => {
            return Err(Failure::new(format!("the program declares `{wanted}` as `{declared}`, not as `{named}`"))
                .help("leave `--type` out, or choose another address"));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => {
            return Err(Failure::new(format!("the program does not declare `{wanted}`")).help(format!(
                "say what it is: `plat import {} {} --type aws.ec2.VPC`",
                plat::render::shell_quoted(wanted),
                args.id
            )));
        }
    };
    let schema = find(name, &project.registry)?;
    match schema.kind {
        Kind::Managed => Ok(schema),
        Kind::LookupOnly => Err(Failure::new(format!("`{}` can be looked up, not managed", schema.name))
            .help(format!("write `lookup {wanted}: {} {{ … }}`", schema.name))),
    }
}

/// One thing has one address, and one address one thing.
fn refuse_taken(wanted: &Address, id: &str, state: &StateFile) -> Result<(), Failure> {
    if let Some(record) = state.resources.get(wanted) {
        let same = if record.id == id { "that is done already" } else { "choose another address" };
        return Err(Failure::new(format!("the state has `{wanted}` already: `{}`", record.id)).help(same));
    }
    match state.resources.iter().find(|(_, record)| record.id == id) {
        Some((other, _)) => Err(Failure::new(format!("`{id}` is recorded already, as `{other}`"))
            .help(format!("to rename it, write `moved {other} -> {wanted}` in the program"))),
        None => Ok(()),
    }
}

async fn read(project: &Project, desired: &Desired, wanted: &Address, schema: &ResourceSchema, id: &str) -> Result<Record, Failure> {
    let cloud = Cloud::open(project, Access::ReadOnly).await?;
    let region = region(&desired.stack, desired, wanted).or(cloud.region);
    let region = region.ok_or_else(|| {
        Failure::new("no region is known").help("write `@region = \"us-east-1\"` in the env or the stack, or set AWS_REGION")
    })?;
    let provider = &cloud.engine.provider;
    let identity = provider.identity(&region).await.map_err(|error| Failure::new(error.to_string()))?;
    if let Some(account) = desired.stack.account.as_deref().filter(|account| *account != identity.account) {
        return Err(Failure::new(format!("the stack is for account `{account}` and the credentials are of `{}`", identity.account))
            .help(format!("use credentials of `{account}`")));
    }
    let found =
        provider.read(schema.name, &region, &[id.to_owned()]).await.map_err(|error| Failure::new(format!("reading `{id}`: {error}")))?;
    let Some(observed) = found.into_iter().next().flatten() else {
        let parts = schema.import.join("|").to_uppercase();
        return Err(Failure::new(format!("there is no `{}` with the id `{id}` in {region}", schema.name))
            .help(format!("the id of one is its {parts}; `plat docs {}` tells more", schema.name)));
    };
    let resource = desired.resources.get(wanted);
    Ok(Record {
        type_name: schema.name.into(),
        id: id.to_owned(),
        region,
        inputs: told_inputs(schema, &observed),
        observed,
        drift: Object::default(),
        dependencies: resource.map(|r| r.dependencies.iter().map(|d| d.on.clone()).collect()).unwrap_or_default(),
        protect: resource.and_then(|r| r.options.protect).unwrap_or(false),
        retain: resource.is_some_and(|r| r.options.retain),
        status: Status::Ready,
    })
}

fn region(stack: &Stack, desired: &Desired, wanted: &Address) -> Option<String> {
    let own = desired.resources.get(wanted).and_then(|resource| resource.options.region.clone());
    own.or_else(|| stack.region.clone()).map(|region| region.to_string())
}

/// What the program will say of it.
fn told_inputs(schema: &ResourceSchema, observed: &ResolvedObject) -> Object {
    let told = |name: &str| schema.attribute(name).is_some_and(|a| observed.get(name).is_some_and(|value| plat::render::is_told(a, value)));
    observed.iter().filter(|(name, _)| told(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn told(wanted: &Address, record: &Record, schema: &ResourceSchema, desired: &Desired, project: &Project, terminal: &Terminal) {
    let id = clean_line(&record.id).into_owned();
    terminal.note(&format!("imported {wanted} ({id}) into the state\n"));
    if desired.resources.contains_key(wanted) {
        terminal.note(&format!("`{}` tells whether the program says the same\n", project.command("plan")));
        return;
    }
    let name = wanted.steps().last().map_or("resource", |step| &*step.name);
    let (source, missing) = resource_source(name, schema, &record.observed);
    terminal.print(&plat::format::format(plat::source::FileId(0), &source).unwrap_or(source));
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
        terminal.note(&format!(
            "  help: {} cannot be read back; write {} in by hand\n",
            names.join(", "),
            if names.len() == 1 { "it" } else { "them" }
        ));
    }
    if wanted.steps().len() > 1 || wanted.steps().last().is_some_and(|step| step.key.is_some()) {
        terminal.note(&format!("  help: put it where its address is `{wanted}`\n"));
    }
    terminal.note(&format!("Until the program has this, `{}` would delete it.\n", project.command("apply")));
}
