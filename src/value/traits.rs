//! What is true of a value as a whole. Lists and objects know it of themselves, for one may stand in a value any number of times.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Object, Secret, Value};

/// What a value holds, how deep it is, and how much it is when it is written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Traits {
    pub(super) unknown: bool,
    pub(super) secret: bool,
    pub(super) handle: bool,
    /// Levels of lists and objects.
    depth: u16,
    /// Elements, and 16 bytes of text as one; what stands in it several times counts each time.
    weight: u64,
}

const KNOWN: u64 = 1 << 63;
const UNKNOWN: u64 = 1 << 62;
const SECRET: u64 = 1 << 61;
const HANDLE: u64 = 1 << 60;
const DEPTH_AT: u32 = 44;
const MOST_WEIGHT: u64 = (1 << DEPTH_AT) - 1;

impl Traits {
    /// Of a list or an object of these.
    fn around<'v>(parts: impl Iterator<Item = &'v Value>) -> Self {
        let mut all = Self { depth: 1, weight: 1, ..Self::default() };
        for part in parts {
            let part = part.traits();
            all.unknown |= part.unknown;
            all.secret |= part.secret;
            all.handle |= part.handle;
            all.depth = all.depth.max(part.depth.saturating_add(1));
            all.weight = all.weight.saturating_add(part.weight).min(MOST_WEIGHT);
        }
        all
    }

    fn packed(self) -> u64 {
        let flag = |set: bool, bit: u64| if set { bit } else { 0 };
        let flags = flag(self.unknown, UNKNOWN) | flag(self.secret, SECRET) | flag(self.handle, HANDLE);
        KNOWN | flags | (u64::from(self.depth) << DEPTH_AT) | self.weight
    }

    fn unpacked(packed: u64) -> Self {
        let depth = u16::try_from((packed >> DEPTH_AT) & u64::from(u16::MAX)).unwrap_or(u16::MAX);
        let has = |bit: u64| packed & bit != 0;
        Self { unknown: has(UNKNOWN), secret: has(SECRET), handle: has(HANDLE), depth, weight: packed & MOST_WEIGHT }
    }
}

/// What a list or an object found out of itself, until it is changed.
#[derive(Debug, Default)]
pub(super) struct Noted(AtomicU64);

impl Noted {
    pub(super) fn forget(&mut self) {
        *self.0.get_mut() = 0;
    }

    fn get(&self, find: impl FnOnce() -> Traits) -> Traits {
        // Whoever finds it out at the same time finds the same.
        let noted = self.0.load(Ordering::Relaxed);
        if noted & KNOWN != 0 {
            return Traits::unpacked(noted);
        }
        let found = find();
        self.0.store(found.packed(), Ordering::Relaxed);
        found
    }

    pub(super) fn of_list(&self, items: &[Value]) -> Traits {
        self.get(|| Traits::around(items.iter()))
    }

    pub(super) fn of_object(&self, object: &Object) -> Traits {
        self.get(|| {
            let names = object.keys().map(|name| name.len() as u64 / 16).fold(0, u64::saturating_add);
            let mut all = Traits::around(object.values());
            all.weight = all.weight.saturating_add(names).min(MOST_WEIGHT);
            all
        })
    }
}

impl Clone for Noted {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}

fn text(length: usize) -> Traits {
    Traits { weight: 1 + length as u64 / 16, ..Traits::default() }
}

impl Value {
    pub(super) fn traits(&self) -> Traits {
        match self {
            Value::String(own) => text(own.len()),
            Value::Version(own) => text(own.0.len()),
            Value::List(items) => items.traits(),
            Value::Object(entries) => entries.traits(),
            Value::Unknown(_) => Traits { unknown: true, weight: 1, ..Traits::default() },
            Value::Secret(Secret::Reference(reference)) => {
                let argument = reference.argument.traits();
                Traits { secret: true, weight: argument.weight.saturating_add(1).min(MOST_WEIGHT), ..argument }
            }
            Value::Handle(_) => Traits { handle: true, weight: 1, ..Traits::default() },
            Value::Secret(_) => Traits { secret: true, weight: 1, ..Traits::default() },
            _ => Traits { weight: 1, ..Traits::default() },
        }
    }

    /// How much the value is when it is written out: its elements, and 16 bytes of text as one. What is shared counts each time.
    pub fn weight(&self) -> u64 {
        self.traits().weight
    }

    /// Levels of lists and objects in it.
    pub fn depth(&self) -> u16 {
        self.traits().depth
    }

    /// True when the value is, or somewhere holds, a secret.
    pub fn holds_secret(&self) -> bool {
        self.traits().secret
    }
}
