//! What was just made and is not found by its id yet, as EC2's documentation of eventual consistency has it.
//! <https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hyper::body::Bytes;

use super::call::{Call, Protocol};
use super::ledger::WITNESS;

/// How an id begins, and what EC2 calls one that it does not know.
const KINDS: [(&str, &str); 8] = [
    ("vpc-", "InvalidVpcID.NotFound"),
    ("subnet-", "InvalidSubnetID.NotFound"),
    ("sg-", "InvalidGroup.NotFound"),
    ("rtb-", "InvalidRouteTableID.NotFound"),
    ("igw-", "InvalidInternetGatewayID.NotFound"),
    ("eipalloc-", "InvalidAllocationID.NotFound"),
    ("nat-", "NatGatewayNotFound"),
    ("acl-", "InvalidNetworkAclID.NotFound"),
];

/// Ids and when they are found.
#[derive(Debug, Default)]
pub struct Hidden {
    until: BTreeMap<String, Instant>,
    ever: usize,
}

impl Hidden {
    /// Hides the ids that an answer names for the first time.
    pub fn hide(&mut self, answer: &[u8], time: Duration) {
        let until = Instant::now() + time;
        for id in ids(&String::from_utf8_lossy(answer)) {
            self.until.entry(id).or_insert_with(|| {
                self.ever += 1;
                until
            });
        }
    }

    /// How many ids were ever hidden.
    pub fn ever(&self) -> usize {
        self.ever
    }

    /// The request as EC2 sees it: who describes finds nothing by a hidden id, and who changes something is told that it does not exist.
    pub fn seen(&self, call: &Call) -> Result<Bytes, &'static str> {
        let now = Instant::now();
        if call.caller == WITNESS || call.protocol != Protocol::Ec2 || self.until.is_empty() {
            return Ok(call.body.clone());
        }
        let mut text = String::from_utf8_lossy(&call.body).into_owned();
        for id in ids(&text) {
            if self.until.get(&id).is_none_or(|until| *until <= now) {
                continue;
            }
            let (start, code) = KINDS.into_iter().find(|(start, _)| id.starts_with(start)).expect("a kind of id");
            if !call.operation.starts_with("Describe") {
                return Err(code);
            }
            text = text.replace(&id, &format!("{start}{}", "0".repeat(id.len() - start.len())));
        }
        Ok(Bytes::from(text))
    }
}

/// The ids that stand in a text.
fn ids(text: &str) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let hex = |rest: &str| rest.len() >= 8 && rest.chars().all(|c| c.is_ascii_hexdigit());
    let named = |word: &&str| KINDS.iter().any(|(start, _)| word.strip_prefix(start).is_some_and(hex));
    text.split(|c: char| !word(c)).filter(named).map(str::to_owned).collect()
}

#[test]
fn ids_are_told_from_other_words() {
    assert_eq!(
        ids("<vpcId>vpc-0123456789abcdef0</vpcId><a>vpc-id</a>&Filter=subnet-01234567"),
        ["vpc-0123456789abcdef0", "subnet-01234567"]
    );
}
