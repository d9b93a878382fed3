//! `#[derive(Resource)]` and `#[derive(Record)]`: from one struct the schema, the decoder and the encoder.
//!
//! ```ignore
//! /// An isolated virtual network.
//! #[derive(Debug, Clone, Default, PartialEq, Resource)]
//! #[resource("aws.ec2.VPC", import = vpc_id, recovery = Tag)]
//! pub struct Vpc {
//!     /// IPv4 range of the network.
//!     #[attr(required, replaces)]
//!     pub cidr_block: IpNet,
//!     #[attr(computed)]
//!     pub vpc_id: Id<Vpc>,
//! }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice))]

mod attribute;
mod container;
mod generate;
mod shape;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `plat::schema::Named` and `plat::schema::Resource`.
///
/// `#[resource("aws.ec2.VPC", import = attribute, …)]` on the struct; `import(a, b)` for an id of several parts;
/// `id`, `arn`, `recovery = Token | Tag | Name | Relation | Compare`, `stateful`, `takes(create = "6m", …)`, `lookup`,
/// `range(attribute)` or `range(attribute, within = attribute)`.
///
/// `#[attr(…)]` on every field: one of `required`, `optional`, `chosen`, `computed`; then `default = literal`, `replaces`,
/// `write_only`, `holds`, `owned`, `unordered`, `nullable`, `always`, `ignore_case`, `stands_for("$Latest=latest_version")`, `unit = days`, `range = 0..=35`, `among(1, 3, 5)`, `one_of("a", "b")`,
/// `interrupts = "…"`, `cfn = "Name"`, `sample("…")`.
#[proc_macro_derive(Resource, attributes(resource, attr))]
pub fn resource(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    generate::resource(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Implements `plat::schema::Field` for nested settings: a record type with the fields of the struct.
#[proc_macro_derive(Record, attributes(attr))]
pub fn record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    generate::record(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
