//! Which resource a value means, long before there is an id.

use std::collections::HashMap;
use std::sync::Arc;

use super::vocabulary::Kind;
use crate::desired::Desired;
use crate::value::{Hashing, Value};

/// What a reference leads to. The number counts the program's resources of that kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Ref {
    /// Made by this program.
    Own(usize),
    /// Made elsewhere, and named by its id.
    Foreign(Arc<str>),
    /// Not told yet.
    Unknown,
}

impl Ref {
    pub(super) fn own(&self) -> Option<usize> {
        match self {
            Ref::Own(index) => Some(*index),
            _ => None,
        }
    }

    /// The same thing? Two that are made elsewhere may be one by another name only when neither is known.
    pub(super) fn same(&self, other: &Ref) -> super::Tri {
        match (self, other) {
            (Ref::Unknown, _) | (_, Ref::Unknown) => super::Tri::Unknown,
            (a, b) => super::Tri::of(Some(a == b)),
        }
    }
}

/// An attribute of one of the program's resources.
pub(super) struct Pointer<'v> {
    pub kind: Kind,
    pub index: usize,
    pub attribute: &'v str,
}

/// Every resource of the program that has to do with networks, by kind.
pub(super) struct Catalogue<'d> {
    desired: &'d Desired,
    /// By position in the program: kind, and number among those of its kind.
    kinds: Vec<Option<(Kind, usize)>>,
    /// `None`: several have the name, so that it tells nothing.
    names: HashMap<(Kind, String), Option<usize>, Hashing>,
}

impl<'d> Catalogue<'d> {
    pub(super) fn new(desired: &'d Desired) -> Self {
        let mut counts: HashMap<Kind, usize, Hashing> = HashMap::default();
        let mut names: HashMap<(Kind, String), Option<usize>, Hashing> = HashMap::default();
        let mut kinds = Vec::with_capacity(desired.resources.len());
        for resource in desired.resources.values() {
            let Some(kind) = Kind::of(&resource.type_name) else {
                kinds.push(None);
                continue;
            };
            let count = counts.entry(kind).or_default();
            if let Some(Value::String(name)) = kind.named_by().and_then(|attribute| resource.inputs.get(attribute)) {
                names.entry((kind, name.to_lowercase())).and_modify(|found| *found = None).or_insert(Some(*count));
            }
            kinds.push(Some((kind, *count)));
            *count += 1;
        }
        Self { desired, kinds, names }
    }

    pub(super) fn kind_at(&self, position: usize) -> Option<Kind> {
        self.kinds.get(position).copied().flatten().map(|(kind, _)| kind)
    }

    /// The attribute that the value is, when it is just that.
    pub(super) fn pointer<'v>(&self, value: &'v Value) -> Option<Pointer<'v>> {
        let Value::Unknown(unknown) = value else { return None };
        let source = unknown.reference()?;
        let position = self.desired.resources.get_index_of(&source.address)?;
        let (kind, index) = self.kinds.get(position).copied().flatten()?;
        Some(Pointer { kind, index, attribute: &source.attribute })
    }

    /// The resource of that kind that a value means.
    pub(super) fn resolve(&self, value: Option<&Value>, kind: Kind) -> Ref {
        match value {
            Some(Value::String(text)) => match self.names.get(&(kind, text.to_lowercase())) {
                Some(Some(index)) => Ref::Own(*index),
                Some(None) => Ref::Unknown,
                None => Ref::Foreign(text.clone()),
            },
            Some(value) => match self.pointer(value) {
                Some(pointer) if pointer.kind == kind && kind.is_id(pointer.attribute) => Ref::Own(pointer.index),
                _ => Ref::Unknown,
            },
            None => Ref::Unknown,
        }
    }

    /// Those that a list means; `None` when how many there are is not known.
    pub(super) fn resolve_all(&self, value: Option<&Value>, kind: Kind) -> Option<Vec<Ref>> {
        match value {
            Some(Value::List(items)) => Some(items.iter().map(|item| self.resolve(Some(item), kind)).collect()),
            _ => None,
        }
    }
}
