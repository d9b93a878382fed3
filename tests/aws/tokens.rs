//! Idempotency tokens, which the emulators ignore: the same token again gets the first answer again.

use std::collections::BTreeMap;

use hyper::StatusCode;
use hyper::body::Bytes;

use super::call::Call;

/// An answer that can be given again.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub body: Bytes,
}

type Key = (String, String, String, String);

#[derive(Debug, Default)]
pub struct Tokens(BTreeMap<Key, Answer>);

impl Tokens {
    pub fn earlier(&self, call: &Call) -> Option<Answer> {
        self.0.get(&key(call)?).cloned()
    }

    pub fn remember(&mut self, call: &Call, answer: &Answer) {
        if let (Some(key), true) = (key(call), answer.status.is_success()) {
            self.0.insert(key, answer.clone());
        }
    }
}

fn key(call: &Call) -> Option<Key> {
    Some((call.region.clone(), call.service.clone(), call.operation.clone(), call.token()?))
}
