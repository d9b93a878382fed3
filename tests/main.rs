//! The one test binary of the workspace. docs/testing.md says what is tested where, and how.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice, clippy::unreachable)]

#[cfg(feature = "aws")]
mod aws;
mod baselines;
mod cli;
mod conformance;
mod editors;
mod figures;
mod format;
mod hostile;
mod house;
mod lifecycle;
mod project;
mod properties;
mod reference;
mod suite;
