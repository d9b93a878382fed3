//! How deep definitions stand on each other. Functions that call functions, and types made of types, are looked into one in another.

use std::collections::HashMap;
use std::sync::Arc;

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::ModuleId;
use crate::source::Span;

/// Most definitions, one standing on the next.
const MAX_LEVELS: u32 = 100;

#[derive(Debug, Default)]
pub(super) struct Levels {
    /// Those that are done.
    of: HashMap<(ModuleId, Arc<str>), u32>,
    /// The highest that the definition which is looked into mentioned so far.
    below: u32,
    /// Definitions that are being looked into.
    open: u32,
    told: bool,
}

impl Checker<'_> {
    /// A definition that is done is mentioned.
    pub(super) fn mention(&mut self, key: &(ModuleId, Arc<str>)) {
        let level = self.levels.of.get(key).copied().unwrap_or(0);
        self.levels.below = self.levels.below.max(level);
    }

    /// Begins to look into a definition; gives what [`Self::leave`] wants, or nothing when that would be too deep.
    pub(super) fn enter(&mut self, name: Span) -> Option<u32> {
        if self.levels.open >= MAX_LEVELS {
            self.too_many_levels(name);
            return None;
        }
        self.levels.open += 1;
        Some(std::mem::take(&mut self.levels.below))
    }

    pub(super) fn leave(&mut self, key: &(ModuleId, Arc<str>), name: Span, outer: u32) {
        self.levels.open -= 1;
        let level = self.levels.below + 1;
        if level > MAX_LEVELS {
            self.too_many_levels(name);
        }
        self.levels.of.insert(key.clone(), level);
        self.levels.below = outer.max(level);
    }

    /// All that stand on it would say the same.
    fn too_many_levels(&mut self, name: Span) {
        if !std::mem::replace(&mut self.levels.told, true) {
            self.report(
                Diagnostic::error(Code(103), name, format!("more than {MAX_LEVELS} functions, types or components stand on each other"))
                    .label("one too many")
                    .help("put several of them into one"),
            );
        }
    }
}
