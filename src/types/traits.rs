//! What is true of a type as a whole. A record and a function know it of themselves, for they may stand in a type any number of times.

use super::Type;

/// What a type somewhere holds, how deep it is, and how many types it is made of, those that stand in it several times counted each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) secret: bool,
    pub(super) error: bool,
    /// A resource or component.
    pub(super) resource: bool,
    pub(super) json: bool,
    pub(super) depth: u32,
    pub(super) weight: u32,
}

impl Traits {
    const PLAIN: Self = Self { secret: false, error: false, resource: false, json: true, depth: 1, weight: 1 };

    /// Of a type that is made of these.
    pub(super) fn around<'t>(parts: impl IntoIterator<Item = &'t Type>) -> Self {
        let mut all = Self::PLAIN;
        for part in parts {
            let part = part.traits();
            all.secret |= part.secret;
            all.error |= part.error;
            all.resource |= part.resource;
            all.json &= part.json;
            all.depth = all.depth.max(part.depth.saturating_add(1));
            all.weight = all.weight.saturating_add(part.weight);
        }
        all
    }
}

impl Type {
    pub(super) fn traits(&self) -> Traits {
        super::work::step();
        match self {
            Type::Error => Traits { error: true, ..Traits::PLAIN },
            Type::Secret(of) => Traits { secret: true, json: false, ..Traits::around([&**of]) },
            Type::List(of) | Type::Map(of) | Type::Optional(of) => Traits::around([&**of]),
            Type::Record(record) => record.traits(),
            Type::Function(function) => function.traits(),
            Type::Resource(_) | Type::Component(_) => Traits { resource: true, json: false, ..Traits::PLAIN },
            _ => Traits::PLAIN,
        }
    }

    /// True when the type is, or somewhere holds, a secret.
    pub fn holds_secret(&self) -> bool {
        self.traits().secret
    }

    /// True when the type of something in it is not known, because that is wrong or there is nothing in it.
    pub fn holds_error(&self) -> bool {
        self.traits().error
    }

    /// True when the type is, or somewhere holds, a resource or component.
    pub fn holds_resource(&self) -> bool {
        self.traits().resource
    }

    /// True when each value of the type can be written as JSON.
    pub fn is_json(&self) -> bool {
        self.traits().json
    }

    /// Levels of types in it, its own included.
    pub fn depth(&self) -> u32 {
        self.traits().depth
    }
}
