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

/// What a code means. Its story is a Markdown file, `stories/E0203.md`.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    pub code: Code,
    text: &'static str,
}

impl CodeInfo {
    /// One line: the story's heading.
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or("").trim_start_matches('#').trim()
    }

    /// The long story, Markdown: why, an example that is wrong (a fence `plat wrong`), the same one mended.
    pub fn story(&self) -> &'static str {
        self.text.split_once('\n').map_or("", |(_, story)| story.trim())
    }
}

macro_rules! stories {
    ($($number:literal)*) => {
        &[$(CodeInfo { code: Code($number), text: include_str!(concat!("stories/E0", stringify!($number), ".md")) }),*]
    };
}

/// All codes, in order.
pub const CODES: &[CodeInfo] = stories! {
    // How it is written
    101 102 103 104 105 106 107 108 109
    // Files
    110
    // Names and types
    200 201 202 203 204 205 206 207 208 209 210 211 212 213
    214 215 216 217 218 219 220 221 222 223 224 225 226
    // What is known when, and values
    301 302 303 304 305 306 307 309 310
    // Refactorings
    311 312 313 314 315 316 317 318 319
    // Secrets
    401 402 403
    // Networks
    501 502 503 504 505 506 507 508 509 510 511 512 513 514 515 516 517 520 521 522
    // What resources occupy
    530 531 532 533
    // What the registry says of values
    540 541 542 543
    // Order
    601 602
    // Addresses
    701
    // Policies
    801 802 803 804 805 806
    // Tests
    851 852 853 854 855 856 857 858 859
    // Where the state is kept
    870 871
};
