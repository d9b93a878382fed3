//! What the program's networks come to: what they hold, who reaches whom, and what in them can never work.
//!
//! Built once from [`Desired`](crate::desired::Desired). References between resources are followed by their address, so that a subnet's
//! network is known long before AWS gives either an id. What the program does not say is unknown, and nothing is claimed of it.
//! docs/networks.md tells the rules and where AWS says so.

mod acls;
mod belongs;
mod borders;
mod connected;
mod findings;
mod gates;
mod groups;
mod model;
mod path;
mod public;
mod ranges;
mod reach;
mod references;
mod routes;
mod rules;
mod side;
mod vocabulary;

pub use findings::{Part, Place, Places, findings};
pub use groups::Protocol;
pub use model::Network;
pub use ranges::RangeIndex;
pub use reach::{Answer, End, Hop, Question};
pub use vocabulary::{TYPES, is_internet, is_part, is_workload};

/// Yes, no, or not said by the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tri {
    No,
    Unknown,
    Yes,
}

impl Tri {
    pub(crate) fn of(known: Option<bool>) -> Tri {
        match known {
            Some(true) => Tri::Yes,
            Some(false) => Tri::No,
            None => Tri::Unknown,
        }
    }

    /// Both.
    pub(crate) fn and(self, other: Tri) -> Tri {
        self.min(other)
    }
}
