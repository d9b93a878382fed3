//! EC2's SDK and nothing else.
//!
//! It takes as long to compile as all other services together, and cargo compiles first what most crates wait for. This crate is one more
//! that waits for it: without it, EC2's SDK is as likely to come last as any, and a build on two cores takes a minute longer.

pub use aws_sdk_ec2::*;
