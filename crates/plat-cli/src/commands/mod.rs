//! A command a file.

pub mod completions;
pub mod docs;
pub mod explain;
