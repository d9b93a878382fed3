//! Every error code, with the long story that `plat explain` tells.

use std::fmt;

/// A stable code, `E0203`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E{:04}", self.0)
    }
}

impl std::str::FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.trim_start_matches(['E', 'e']).parse().map(Code).map_err(|_| ())
    }
}

/// What a code means.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    pub code: Code,
    /// One line.
    pub title: &'static str,
    /// The long story, Markdown: why, an example that is wrong, the same one mended.
    pub story: &'static str,
}

/// All codes, in order.
pub const CODES: &[CodeInfo] = &[];
