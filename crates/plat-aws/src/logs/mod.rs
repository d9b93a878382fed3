//! Amazon CloudWatch Logs.

mod claims;
mod log_group;
mod rules;

pub use log_group::LogGroup;

resources!["logs": LogGroup];
