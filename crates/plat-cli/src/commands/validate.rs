//! `plat validate`

use std::sync::Arc;

use plat::check::typed::Program;
use plat::desired::{Assert, Desired};
use plat::diagnostic::{DENIED, Diagnostic, NOT_REACHED, STACK_ASSERT, to_json};
use plat::plan::{Answers, police_program};
use plat::value::Value;

use crate::args::Validate;
use crate::failure::{Answer, Exit, Failure};
use crate::project::{envs, load, registry, today};
use crate::terminal::Terminal;

/// Beyond this many, comparing each with each would take long, and nobody reads them.
const MANY: usize = 1_000;

pub fn run(args: &Validate, terminal: &Terminal) -> Answer {
    let registry = registry();
    let checked = load(&args.dir, &args.params, &registry)?;
    let mut diagnostics = checked.diagnostics;
    let mut checked_envs = 0;
    if let Some(program) = &checked.program {
        for env in envs(program, args.env.as_deref())? {
            checked_envs += 1;
            diagnostics.extend(found(program, env.as_deref()));
        }
    }
    // What is wrong in every environment is told once.
    let mut once: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        if once.len() > MANY || !once.contains(&diagnostic) {
            once.push(diagnostic);
        }
    }
    let ok = !once.iter().any(Diagnostic::is_error);
    if args.json {
        let list: Vec<_> = once.iter().map(|diagnostic| to_json(diagnostic, &checked.sources)).collect();
        terminal.json(&serde_json::json!({ "format": "plat.diagnostics/1", "ok": ok, "diagnostics": list }));
    } else if !once.is_empty() {
        terminal.diagnostics(&once, &checked.sources);
    }
    if !ok {
        let refused = |diagnostic: &&Diagnostic| [DENIED, STACK_ASSERT, NOT_REACHED].contains(&diagnostic.code);
        let refused = once.iter().filter(|diagnostic| diagnostic.is_error()).all(|diagnostic| refused(&diagnostic));
        return Err(Failure::told(if refused { Exit::Assert } else { Exit::Error }));
    }
    if !args.json {
        let envs = if checked_envs == 1 { "1 environment".to_owned() } else { format!("{checked_envs} environments") };
        terminal.print(&format!("Valid: {} read, {envs} checked.\n", files(&checked.sources)));
    }
    // The process ends here; to take a large program apart first is time for nothing.
    std::mem::forget(checked.program);
    Ok(Exit::Done)
}

/// What is wrong in one environment, and what its asserts and policies say as far as the program alone tells.
fn found(program: &Arc<Program>, env: Option<&str>) -> Vec<Diagnostic> {
    let desired = match plat::eval::evaluate(program, env, &Answers::new()) {
        Ok(desired) => desired,
        Err(found) => return found,
    };
    let addresses: Vec<_> = desired.resources.keys().collect();
    let said = match police_program(&desired, Some(today())) {
        Ok(policing) => policing.diagnostics(&addresses),
        Err(found) => found,
    };
    failing(&desired).chain(desired.told.iter().cloned()).chain(said).collect()
}

/// Asserts that are known not to hold. Those about who reaches whom have told why already; whether the others hold, a plan or an apply tells.
fn failing(desired: &Desired) -> impl Iterator<Item = Diagnostic> + '_ {
    let told = |assert: &Assert| {
        let inside = |told: &&Diagnostic| told.span.file == assert.span.file && assert.span.range().contains(&told.span.range().start);
        desired.told.iter().any(|told| told.is_error() && inside(&told))
    };
    let failing = desired.asserts.iter().filter(move |assert| assert.condition == Value::Bool(false) && !told(assert));
    failing.map(|assert| {
        Diagnostic::error(STACK_ASSERT, assert.span, assert.message.to_string())
            .label("this assert does not hold")
            .help("make it hold, or change the assert")
    })
}

fn files(sources: &plat::source::SourceMap) -> String {
    match sources.files().count() {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    }
}
