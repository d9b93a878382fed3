//! Limits of what one program makes the checker do.

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{self, Type};

/// Most types that are looked at for one program, beside some for each of its expressions.
const MAX_STEPS: u64 = 20_000_000;
/// Types that are looked at for each expression, whatever it is.
const STEPS_EACH: u64 = 64;

/// What was used of the limits.
#[derive(Debug)]
pub(super) struct Limits {
    start: u64,
    told: bool,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self { start: types::steps(), told: false }
    }
}

impl Checker<'_> {
    /// The type, unless it is too deep to be looked into or the types of the program are too many to be compared.
    pub(super) fn bounded(&mut self, ty: Type, span: Span) -> Type {
        if self.limits.told {
            return Type::Error;
        }
        let problem = if ty.depth() > types::MAX_DEPTH {
            format!("this type is nested more than {} deep", types::MAX_DEPTH)
        } else if types::steps().wrapping_sub(self.limits.start) > MAX_STEPS + STEPS_EACH * self.exprs.len() as u64 {
            "the types up to here take too long to compare".to_owned()
        } else {
            return ty;
        };
        // All that is made of it would say the same.
        self.limits.told = true;
        let help = "give the types names and fewer parts, or split the program into several stacks";
        self.report(Diagnostic::error(Code(103), span, problem).label("here it is too much").help(help));
        Type::Error
    }
}
