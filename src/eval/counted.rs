//! How many instances there are at least, before the first of them is made: a component of two components of two is soon more than can be.

use super::MAX_INSTANCES;
use crate::check::typed::{Declaration, DeclarationKind, Instances, Program};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Resources and components that a unit surely has, itself not counted.
#[derive(Clone, Copy, Default)]
struct Least {
    resources: u64,
    components: u64,
}

impl Least {
    fn and(self, other: Self) -> Self {
        Self { resources: self.resources.saturating_add(other.resources), components: self.components.saturating_add(other.components) }
    }

    fn is_too_many(self) -> bool {
        self.resources.max(self.components) > MAX_INSTANCES as u64
    }
}

/// Refuses what surely has too many instances.
pub(super) fn refuse_too_many(program: &Program, unit: usize) -> Result<(), Diagnostic> {
    let known = least(program, unit);
    let Some(unit) = program.units.get(unit) else { return Ok(()) };
    let mut all = Least::default();
    for declaration in &unit.declarations {
        all = all.and(of(declaration, &known));
        if all.is_too_many() {
            return Err(too_many(declaration.name.span));
        }
    }
    Ok(())
}

pub(super) fn too_many(span: Span) -> Diagnostic {
    Diagnostic::error(Code(307), span, format!("the stack has more than {MAX_INSTANCES} resources or components"))
        .label("here it is too many")
        .help("split it into several stacks")
}

/// Of each unit in reach of one. No unit comes back to itself.
fn least(program: &Program, unit: usize) -> Vec<Option<Least>> {
    let mut known: Vec<Option<Least>> = vec![None; program.units.len()];
    let mut open = vec![(unit, false)];
    while let Some((at, ready)) = open.pop() {
        let Some(unit) = program.units.get(at) else { continue };
        if known.get(at).is_some_and(Option::is_some) {
            continue;
        }
        if ready {
            let all = unit.declarations.iter().map(|declaration| of(declaration, &known)).fold(Least::default(), Least::and);
            if let Some(place) = known.get_mut(at) {
                *place = Some(all);
            }
        } else {
            open.push((at, true));
            open.extend(unit.declarations.iter().filter_map(|declaration| match &declaration.kind {
                DeclarationKind::Component(component) => Some((component.unit, false)),
                _ => None,
            }));
        }
    }
    known
}

fn of(declaration: &Declaration, known: &[Option<Least>]) -> Least {
    let once = |instances: &Instances| instances.each.is_none() && instances.condition.is_none();
    match &declaration.kind {
        DeclarationKind::Resource(resource) if once(&resource.instances) => Least { resources: 1, components: 0 },
        DeclarationKind::Component(component) if once(&component.instances) => {
            let inside = known.get(component.unit).copied().flatten().unwrap_or_default();
            inside.and(Least { resources: 0, components: 1 })
        }
        _ => Least::default(),
    }
}
