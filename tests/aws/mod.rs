//! Tests against emulated AWS: the real binary, the real SDK, a proxy that can make every call go wrong, and boto3 as the witness of what
//! there is afterwards. What passes here does not prove AWS's own behaviour; docs/testing.md says what stands for that.

mod asked_only;
mod boundaries;
mod call;
mod claims;
mod cloud;
mod clusters;
mod connect2;
mod data;
mod drift;
mod echoes;
mod emulator;
mod engine;
mod expect;
mod fault;
mod first_calls;
mod going_back;
mod groups;
mod harness;
mod hidden;
mod kubernetes;
mod leases;
mod ledger;
mod marketing_websites;
mod parameters;
mod plat;
mod proxy;
mod real_account;
mod recovery;
mod refusals;
mod stacks;
mod states;
mod tokens;
mod witness;
