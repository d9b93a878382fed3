//! plat: a declarative, statically typed language for infrastructure, and the engine that carries it out.
//!
//! The pipeline is `parse → check → evaluate → plan → apply`, each a function from one type to the next.
//! This library knows no terminal, no cloud SDK and no process environment; ARCHITECTURE.md draws the house.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice))]

pub mod address;
pub mod age;
pub mod apply;
pub mod check;
mod claims;
pub mod console;
pub mod desired;
pub mod diagnostic;
pub mod eval;
pub mod files;
pub mod format;
pub mod graph;
pub mod network;
pub mod plan;
pub mod provider;
pub mod render;
pub mod resolve;
pub mod schema;
pub mod source;
pub mod state;
pub mod syntax;
mod threads;
pub mod trial;
pub mod types;
pub mod validate;
pub mod value;
