//! Tests against emulated AWS: the real binary, the real SDK, a proxy that can make every call go wrong, and boto3 as the witness of what
//! there is afterwards. What passes here does not prove AWS's own behaviour; docs/testing.md says what stands for that.

mod call;
mod cloud;
mod data;
mod emulator;
mod fault;
mod harness;
mod ledger;
mod proxy;
mod tokens;
mod witness;
