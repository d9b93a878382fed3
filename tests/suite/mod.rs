//! The language: programs that are right, programs that are wrong, and what plat says of them.

mod acls;
mod changes;
mod circles;
mod networks;
mod policies;
mod refused;
mod right;
mod rules;
mod wrong;

use std::sync::{Arc, OnceLock};

use plat::check::typed::Program;
use plat::check::{Checked, check_text};
use plat::desired::Desired;
use plat::diagnostic::Diagnostic;
use plat::eval::{Lookups, evaluate};
use plat::plan::police_program;
use plat::schema::Registry;
use plat::source::SourceMap;
use plat::value::Date;

pub fn registry() -> &'static Arc<Registry> {
    static REGISTRY: OnceLock<Arc<Registry>> = OnceLock::new();
    REGISTRY.get_or_init(|| Arc::new(Registry::new(plat_aws::schemas())))
}

/// Checks a program, evaluates it for each of its environments and runs its tests; all that is wrong, in order.
pub fn errors(text: &str) -> (SourceMap, Vec<Diagnostic>) {
    let Checked { sources, mut diagnostics, program } = check_text("main.plat", text, registry(), &[]);
    if let Some(program) = program {
        let envs: Vec<Option<String>> = match program.envs.as_slice() {
            [] => vec![None],
            envs => envs.iter().map(|e| Some(e.name.node.to_string())).collect(),
        };
        for env in envs {
            let more = match evaluate(&program, env.as_deref(), &Lookups::new()) {
                Ok(desired) => policed(&desired).into_iter().chain(desired.told).collect(),
                Err(more) => more,
            };
            diagnostics.extend(more.into_iter().filter(|d| !diagnostics.contains(d)).collect::<Vec<_>>());
        }
        diagnostics.extend(trials(&program, &sources));
    }
    (sources, diagnostics)
}

/// Runs the tests in a program; all that does not come out as they want.
pub fn trials(program: &Arc<Program>, sources: &SourceMap) -> Vec<Diagnostic> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    program.tests.iter().flat_map(|test| runtime.block_on(plat::trial::run(program, test, sources)).diagnostics).collect()
}

/// What the policies say on a day of the year 2026.
pub fn policed(desired: &Desired) -> Vec<Diagnostic> {
    let addresses: Vec<_> = desired.resources.keys().collect();
    police_program(desired, Date::parse("2026-06-15")).map_or_else(|mistakes| mistakes, |policing| policing.diagnostics(&addresses))
}

/// Evaluates a program that must be right.
pub fn desired(text: &str) -> Desired {
    let checked = check_text("main.plat", text, registry(), &[]);
    let program = checked.program.unwrap_or_else(|| panic!("{}", shown(&checked.sources, &checked.diagnostics)));
    let env = program.envs.first().map(|e| e.name.node.to_string());
    evaluate(&program, env.as_deref(), &Lookups::new()).unwrap_or_else(|errors| panic!("{}", shown(&checked.sources, &errors)))
}

/// Diagnostics as plain text, for failures of these tests.
pub fn shown(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let one = |d: &Diagnostic| {
        let related: String =
            d.related.iter().map(|(span, text)| format!("\n  also {} `{}`: {text}", sources.place(*span), sources.text(*span))).collect();
        let help = d.help.as_ref().map(|h| format!("\n  help: {h}")).unwrap_or_default();
        format!("{d}\n  at {} `{}`: {}{related}{help}", sources.place(d.span), sources.text(d.span), d.label)
    };
    diagnostics.iter().map(one).collect::<Vec<_>>().join("\n")
}
