//! Amazon CloudWatch Logs.

mod claims;
mod log_group;

pub use log_group::LogGroup;

resources!["logs": LogGroup];
